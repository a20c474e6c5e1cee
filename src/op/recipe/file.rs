//! Recipe files: TOML that is checked while it is read, so that errors name file and line.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::{JobError, RecipeLocation};
use crate::model::{Message, Recipe, Save, Step, Value, save as model_save, spelling};
use crate::op::params::{self, Params};
use crate::op::registry::{find, unknown};
use crate::op::spec::OpSpec;

/// The contents of a recipe file.
#[derive(Clone, Debug, PartialEq)]
pub struct RecipeFile {
    /// The steps.
    pub recipe: Recipe,
    /// Save options, if the file has any.
    pub save: Option<Save>,
}

/// An error, and the bytes of the file it refers to.
type Mistake = (Range<usize>, Message);

/// Reads a recipe file. Every error is a `JobError::Recipe` whose location is `file_name:line`.
pub fn read(text: &str, file_name: &str) -> Result<RecipeFile, JobError> {
    parse(text).map_err(|(span, why)| {
        let before = text.get(..span.start.min(text.len())).unwrap_or(text);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        JobError::Recipe { location: RecipeLocation::File { name: file_name.to_owned(), line }, why }
    })
}

fn parse(text: &str) -> Result<RecipeFile, Mistake> {
    let document = DeTable::parse(text).map_err(|error| {
        let message = Message::new("recipe_no_toml").with("detail", error.message());
        (error.span().unwrap_or_default(), message)
    })?;
    let mut recipe = Recipe::default();
    let mut save = None;
    let mut has_version = false;
    for (key, value) in document.get_ref() {
        match key.get_ref().as_ref() {
            "version" => {
                let number = to_value(value)?;
                if number != Value::Number(f64::from(Recipe::VERSION)) {
                    let message = Message::new("recipe_version");
                    let message = message.with("version", Recipe::VERSION).with("given", number);
                    return Err((value.span(), message));
                }
                has_version = true;
            }
            "step" => {
                let steps = value.get_ref().as_array();
                let wrong = || Message::new("recipe_steps");
                let steps = steps.ok_or_else(|| (value.span(), wrong()))?;
                for step in steps {
                    recipe.steps.push(parse_step(step)?);
                }
            }
            "save" => {
                let table = value.get_ref().as_table();
                let wrong = || Message::new("recipe_save");
                let table = table.ok_or_else(|| (value.span(), wrong()))?;
                save = Some(parse_save(table)?);
            }
            other => {
                let message = match spelling::nearest(other, ["version", "step", "save"]) {
                    Some(near) => Message::new("recipe_key_near").with("near", near),
                    None => Message::new("recipe_key"),
                };
                return Err((key.span(), message.with("key", other)));
            }
        }
    }
    if !has_version {
        let message = Message::new("recipe_no_version");
        return Err((0..0, message.with("version", Recipe::VERSION)));
    }
    Ok(RecipeFile { recipe, save })
}

fn parse_save(table: &DeTable<'_>) -> Result<Save, Mistake> {
    let mut save = Save::default();
    let reject = |key: &Spanned<std::borrow::Cow<'_, str>>, why: Message| (key.span(), why.of("save"));
    // The format decides which keys are valid, wherever it appears in the table.
    for (key, value) in table.iter().filter(|(key, _)| key.get_ref() == "format") {
        save.format = model_save::format(&to_value(value)?).map_err(|why| reject(key, why))?;
    }
    let mut seen = BTreeSet::new();
    for (key, value) in table.iter().filter(|(key, _)| key.get_ref() != "format") {
        let name = model_save::key(key.get_ref()).map_err(|why| reject(key, why))?.param.name;
        save.set(name, &to_value(value)?).map_err(|why| reject(key, why))?;
        if !seen.insert(name) {
            return Err(reject(key, Message::new("given_twice").with("param", name)));
        }
    }
    let first = table.iter().next();
    save.check().map_err(|why| (first.map_or(0..0, |(key, _)| key.span()), why.of("save")))?;
    Ok(save)
}

fn parse_step(step: &Spanned<DeValue<'_>>) -> Result<Step, Mistake> {
    let table = step.get_ref().as_table().ok_or_else(|| (step.span(), Message::new("recipe_step")))?;
    let op = table.get("op").ok_or_else(|| (step.span(), Message::new("recipe_no_op")))?;
    let id = op.get_ref().as_str().ok_or_else(|| (op.span(), Message::new("recipe_op")))?;
    let spec = find(id).ok_or_else(|| (op.span(), unknown(id)))?;
    let mut result = Step::new(spec.id);
    for (key, value) in table {
        match key.get_ref().as_ref() {
            "op" => {}
            "enabled" => match to_value(value)? {
                Value::Bool(enabled) => result.enabled = enabled,
                other => {
                    let message = Message::new("must_be_boolean");
                    return Err((value.span(), message.about("enabled", &other)));
                }
            },
            name => {
                check_param(spec, name, key, value, &mut result)?;
            }
        }
    }
    let reject = |why: Message| (op.span(), why.of(spec.id));
    let params = Params::check(spec.params, &result.params).map_err(reject)?;
    (spec.build)(&params).map_err(reject)?;
    Ok(result)
}

/// Adds one parameter, checked alone first, so that an error names its own line.
fn check_param(
    spec: &OpSpec,
    name: &str,
    key: &Spanned<std::borrow::Cow<'_, str>>,
    value: &Spanned<DeValue<'_>>,
    step: &mut Step,
) -> Result<(), Mistake> {
    let reject = |why: Message| (key.span(), why.of(spec.id));
    let param = params::find(spec.params, name).map_err(reject)?;
    let given = to_value(value).map_err(|(span, _)| {
        let given = Value::from(value.get_ref().type_str());
        (span, param.refusal(&given).with("given", value.get_ref().type_str()).of(spec.id))
    })?;
    let given = param.respelled(given);
    let alone = Step::new(spec.id).with(param.name, given.clone());
    Params::check(spec.params, &alone.params).map_err(reject)?;
    if step.params.insert(param.name.to_owned(), given).is_some() {
        return Err(reject(Message::new("given_twice").with("param", param.name)));
    }
    Ok(())
}

fn to_value(value: &Spanned<DeValue<'_>>) -> Result<Value, Mistake> {
    let number = |text: &str| text.replace('_', "").parse::<f64>().ok();
    let converted = match value.get_ref() {
        DeValue::String(text) => Some(Value::Text(text.to_string())),
        DeValue::Boolean(flag) => Some(Value::Bool(*flag)),
        DeValue::Float(float) => number(float.as_str()).map(Value::Number),
        DeValue::Integer(integer) if integer.radix() == 10 => number(integer.as_str()).map(Value::Number),
        DeValue::Integer(integer) => {
            let digits = integer.as_str().replace('_', "");
            i64::from_str_radix(&digits, integer.radix()).ok().map(|whole| Value::Number(whole as f64))
        }
        _ => None,
    };
    let wrong = || (value.span(), Message::new("recipe_value").with("given", value.get_ref().type_str()));
    converted.ok_or_else(wrong)
}

/// Writes a recipe file; [`read`] restores what was written.
pub fn write(recipe: &Recipe, save: &Save) -> String {
    let mut text = format!("version = {}\n", recipe.version);
    for step in &recipe.steps {
        let _ = write!(text, "\n[[step]]\nop = {}\n", quoted(&step.op));
        if !step.enabled {
            text.push_str("enabled = false\n");
        }
        for (name, value) in &step.params {
            let _ = writeln!(text, "{name} = {}", to_toml(value));
        }
    }
    let _ = write!(text, "\n[save]\nformat = \"{}\"\n", save.format.word());
    for (key, value) in save.given() {
        let _ = writeln!(text, "{} = {}", key.param.name, to_toml(&value));
    }
    text
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn to_toml(value: &Value) -> String {
    match value {
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => format!("{}", *number as i64),
        Value::Number(number) => format!("{number:?}"),
        Value::Text(text) => quoted(text),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "tests")]

    use super::*;
    use crate::model::{ColourChoice, FormatChoice, MetadataPolicy};

    #[test]
    fn a_written_recipe_file_reads_back_equal() {
        let mut off = Step::new("invert");
        off.enabled = false;
        let recipe = Recipe {
            version: 1,
            steps: vec![
                Step::new("resize").with("long_edge", 1600.0).with("linear_light", true).with("kernel", "mitchell"),
                Step::new("sharpen").with("sigma", 1.0).with("amount", 0.8),
                Step::new("rotate").with("degrees", -12.25).with("background", "#102030"),
                off,
            ],
        };
        let save = Save {
            format: FormatChoice::known("webp"),
            quality: Some(82),
            lossless: true,
            metadata: MetadataPolicy::Strip,
            colour: ColourChoice::DisplayP3,
            ..Save::default()
        };
        let text = write(&recipe, &save);
        assert_eq!(read(&text, "r.toml").expect(&text), RecipeFile { recipe, save: Some(save) });
    }

    #[test]
    fn the_documented_example_is_read() {
        let text = "version = 1\n[[step]]\nop = \"resize\"\nlong_edge = 1600\n[[step]]\nop = \"sharpen\"\nsigma = 1.0\n\
                    amount = 0.8\n[save]\nformat = \"webp\"\nquality = 82\n";
        let file = read(text, "r.toml").expect("valid");
        assert_eq!(file.recipe.steps.len(), 2);
        assert_eq!(file.save.and_then(|save| save.quality), Some(82));
        assert_eq!(
            read("version = 1\n", "r.toml").expect("valid"),
            RecipeFile { recipe: Recipe::default(), save: None }
        );
    }

    #[test]
    fn a_file_may_use_any_usual_spelling() {
        let text = "version = 1\n[[step]]\nop = \"Border\"\nsize = \"3px\"\nColor = \"White\"\n\
                    [save]\nformat = \"JPG\"\ncolor = \"KEEP\"\nquality = \"80%\"\n";
        let file = read(text, "r.toml").expect("valid");
        let step = Step::new("border").with("size", 3.0).with("colour", "White");
        assert_eq!(file.recipe.steps, [step]);
        let (format, quality) = (FormatChoice::known("jpeg"), Some(80));
        assert_eq!(file.save, Some(Save { format, quality, colour: ColourChoice::Keep, ..Save::default() }));
    }

    #[test]
    fn errors_name_file_line_and_allowed_range() {
        let step = |rest: &str| format!("version = 1\n[[step]]\nop = \"gaussian_blur\"\n{rest}\n");
        for (text, line, expected) in [
            (step("sigma = 500"), 4, "from 0 to 200 px, not 500"),
            (step("sigma = nan"), 4, "from 0 to 200 px, not NaN"),
            (step("sigma = -inf"), 4, "from 0 to 200"),
            (step("sigma = 1\nSigma = 2"), 4, "sigma is given twice"),
            (step("sigma = \"2\""), 4, "a number from 0 to 200 px, not \"2\""),
            (step("sigma = [2]"), 4, "not array"),
            (step("\nsigm = 2"), 5, "unknown parameter \"sigm\"; available: sigma"),
            (step("enabled = 1"), 4, "true or false"),
            (step("sigma = 1\nsigma = 2"), 5, "duplicate"),
            ("version = 1\n[[step]]\nop = \"blur\"\n".to_owned(), 3, "did you mean \"gaussian_blur\"?"),
            ("version = 1\n\n[[step]]\nlong_edge = 3\n".to_owned(), 3, "no op"),
            ("version = 1\n[[step]]\nop = \"resize\"\n".to_owned(), 3, "a size is required"),
            ("version = 2\n".to_owned(), 1, "must be 1"),
            (String::new(), 1, "missing"),
            ("version = 1\nsteps = 1\n".to_owned(), 2, "unknown key \"steps\""),
            ("version = 1\n[save]\nformat = \"webp\"\nquality = 0\n".to_owned(), 4, "1 to 100"),
            ("version = 1\n[save]\nformat = \"heic\"\n".to_owned(), 3, "one of keep, jpeg"),
            ("version = 1\n[save]\nspeed = 1\n".to_owned(), 3, "unknown key \"speed\""),
            ("version = \n".to_owned(), 1, ""),
        ] {
            match read(&text, "r.toml") {
                Err(JobError::Recipe { location, why }) => {
                    assert_eq!(location.to_string(), format!("r.toml:{line}"), "{text}: {why}");
                    assert!(why.to_string().contains(expected), "{text}: {why}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
