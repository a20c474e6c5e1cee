//! Recipe files: TOML that is checked while it is read, so that errors name file and line.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::{JobError, RecipeLocation};
use crate::model::{
    DamagedPolicy, Message, Output, PagesChoice, RawChoice, Recipe, Save, SinkPart, SinkSpec, Step, TruncatedPolicy,
    Value, check_output_name, save as model_save, spelling,
};
use crate::op::params::{self, Params};
use crate::op::registry::{find, unknown};
use crate::op::spec::OpSpec;

/// The contents of a recipe file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecipeFile {
    /// The steps; with outputs, those that they share.
    pub recipe: Recipe,
    /// Save options, if the file has any.
    pub save: Option<Save>,
    /// Its outputs, if it has any.
    pub outputs: Vec<RecipeOutput>,
    /// How inputs are read.
    pub input: RecipeInput,
}

/// One of several outputs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecipeOutput {
    /// Its name; `None` is the name of the file.
    pub name: Option<String>,
    /// Its own steps.
    pub steps: Vec<Step>,
    /// Its save options, if it has any.
    pub save: Option<Save>,
    /// Its folder and its names.
    pub sink: SinkPart,
}

/// How inputs are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecipeInput {
    /// How camera raw files are read.
    pub raw: Option<RawChoice>,
    /// Which pages of documents are items.
    pub pages: Option<PagesChoice>,
    /// What to do with files that end early.
    pub truncated: Option<TruncatedPolicy>,
    /// What to do with damaged files.
    pub damaged: Option<DamagedPolicy>,
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

/// A key with its place.
type Key<'a> = Spanned<Cow<'a, str>>;

/// The keys of a file, those of an output, and those of its sink.
const KEYS: [&str; 5] = ["version", "step", "save", "output", "input"];
const OUTPUT_KEYS: [&str; 4] = ["name", "step", "save", "sink"];
const SINK_KEYS: [&str; 4] = ["folder", "name", "tree", "on_conflict"];
const INPUT_KEYS: [&str; 4] = ["raw", "pages", "truncated", "damaged"];

fn parse(text: &str) -> Result<RecipeFile, Mistake> {
    let document = DeTable::parse(text).map_err(|error| {
        let message = Message::new("recipe_no_toml").with("detail", error.message());
        (error.span().unwrap_or_default(), message)
    })?;
    let mut file = RecipeFile::default();
    let mut version = None;
    // What only files of version 2 have.
    let mut newer: Option<(Range<usize>, String)> = None;
    for (key, value) in document.get_ref() {
        match key.get_ref().as_ref() {
            "version" => {
                let number = to_value(value)?;
                let is_it = |known: &&u32| number == Value::Number(f64::from(**known));
                let known = [Recipe::VERSION, Recipe::VERSION_OF_OUTPUTS];
                version = known.iter().find(is_it).copied();
                if version.is_none() {
                    let message = Message::new("recipe_version");
                    let message = message.with("version", Recipe::VERSION).with("newer", Recipe::VERSION_OF_OUTPUTS);
                    return Err((value.span(), message.with("given", number)));
                }
            }
            "step" => file.recipe.steps = parse_steps(value)?,
            "save" => file.save = Some(parse_save(table(value, "recipe_save")?)?),
            "output" => {
                newer.get_or_insert_with(|| (key.span(), "output".to_owned()));
                let wrong = || (value.span(), Message::new("recipe_outputs"));
                for output in value.get_ref().as_array().ok_or_else(wrong)? {
                    file.outputs.push(parse_output(output)?);
                }
            }
            "input" => {
                newer.get_or_insert_with(|| (key.span(), "input".to_owned()));
                file.input = parse_input(table(value, "recipe_input")?)?;
            }
            _ => return Err(unknown_key(key, &KEYS)),
        }
    }
    let Some(version) = version else {
        let newest = if newer.is_some() { Recipe::VERSION_OF_OUTPUTS } else { Recipe::VERSION };
        return Err((0..0, Message::new("recipe_no_version").with("version", newest)));
    };
    match newer {
        Some((span, key)) if version < Recipe::VERSION_OF_OUTPUTS => {
            let message = Message::new("recipe_needs_version").with("key", key);
            Err((span, message.with("version", Recipe::VERSION_OF_OUTPUTS)))
        }
        _ => Ok(file),
    }
}

fn table<'t, 'a>(value: &'t Spanned<DeValue<'a>>, wrong: &'static str) -> Result<&'t DeTable<'a>, Mistake> {
    value.get_ref().as_table().ok_or_else(|| (value.span(), Message::new(wrong)))
}

fn unknown_key(key: &Key<'_>, known: &[&'static str]) -> Mistake {
    let message = match spelling::nearest(key.get_ref(), known.iter().copied()) {
        Some(near) => Message::new("recipe_key_near").with("near", near),
        None => Message::new("recipe_key"),
    };
    (key.span(), message.with("key", key.get_ref()).with("known", known.join(", ")))
}

fn parse_steps(value: &Spanned<DeValue<'_>>) -> Result<Vec<Step>, Mistake> {
    let steps = value.get_ref().as_array().ok_or_else(|| (value.span(), Message::new("recipe_steps")))?;
    steps.iter().map(parse_step).collect()
}

fn parse_output(value: &Spanned<DeValue<'_>>) -> Result<RecipeOutput, Mistake> {
    let mut output = RecipeOutput::default();
    for (key, value) in table(value, "recipe_outputs")? {
        match key.get_ref().as_ref() {
            "name" => {
                let name = text_of(value, "name")?;
                check_output_name(&name).map_err(|why| (value.span(), why))?;
                output.name = Some(name);
            }
            "step" => output.steps = parse_steps(value)?,
            "save" => output.save = Some(parse_save(table(value, "recipe_output_save")?)?),
            "sink" => output.sink = parse_sink(table(value, "recipe_output_sink")?)?,
            _ => return Err(unknown_key(key, &OUTPUT_KEYS)),
        }
    }
    Ok(output)
}

fn parse_sink(sink: &DeTable<'_>) -> Result<SinkPart, Mistake> {
    let mut part = SinkPart::default();
    for (key, value) in sink {
        match key.get_ref().as_ref() {
            "folder" => part.folder = Some(text_of(value, "folder")?.into()),
            "name" => part.name = Some(text_of(value, "name")?),
            "tree" => part.tree = Some(word_of(value, "tree", &["keep", "flat"])?),
            "on_conflict" => {
                part.on_conflict = Some(word_of(value, "on_conflict", &["rename", "skip", "overwrite", "fail"])?);
            }
            _ => return Err(unknown_key(key, &SINK_KEYS)),
        }
    }
    Ok(part)
}

fn parse_input(input: &DeTable<'_>) -> Result<RecipeInput, Mistake> {
    let mut part = RecipeInput::default();
    for (key, value) in input {
        match key.get_ref().as_ref() {
            "raw" => part.raw = Some(word_of(value, "raw", &["preview", "develop"])?),
            "pages" => part.pages = Some(pages_of(value)?),
            "truncated" => part.truncated = Some(word_of(value, "truncated", &["fail", "keep"])?),
            "damaged" => part.damaged = Some(word_of(value, "damaged", &["fail", "keep"])?),
            _ => return Err(unknown_key(key, &INPUT_KEYS)),
        }
    }
    Ok(part)
}

/// A word, a range, or the number of one page.
fn pages_of(value: &Spanned<DeValue<'_>>) -> Result<PagesChoice, Mistake> {
    let text = match value.get_ref() {
        DeValue::Integer(number) => number.to_string(),
        _ => text_of(value, "pages")?,
    };
    text.parse().map_err(|why| (value.span(), why))
}

fn text_of(value: &Spanned<DeValue<'_>>, key: &str) -> Result<String, Mistake> {
    let text = value.get_ref().as_str().filter(|text| !text.trim().is_empty());
    text.map(str::to_owned).ok_or_else(|| (value.span(), Message::new("recipe_text").with("key", key)))
}

/// One of these words, as the model's choice of the same words.
fn word_of<T: serde::de::DeserializeOwned>(
    value: &Spanned<DeValue<'_>>,
    key: &str,
    words: &[&str],
) -> Result<T, Mistake> {
    let word = value.get_ref().as_str().map(str::to_lowercase).unwrap_or_default();
    serde_json::from_value(word.into())
        .map_err(|_| (value.span(), Message::new("recipe_word").with("key", key).with("words", words.join(", "))))
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

/// Writes a recipe file; [`read`] restores what was written. Several outputs make it one of version 2.
pub fn write(recipe: &Recipe, outputs: &[Output]) -> String {
    let named = outputs.iter().filter(|output| !output.name.is_empty());
    let is_newer = named.clone().next().is_some();
    let version = if is_newer { Recipe::VERSION_OF_OUTPUTS } else { Recipe::VERSION };
    let mut text = format!("version = {version}\n");
    write_steps(&mut text, "step", &recipe.steps);
    if let (false, Some(output)) = (is_newer, outputs.first()) {
        write_steps(&mut text, "step", &output.steps);
        write_save(&mut text, "save", &output.save);
    }
    for output in named {
        let _ = write!(text, "\n[[output]]\nname = {}\n", quoted(&output.name));
        write_steps(&mut text, "output.step", &output.steps);
        write_save(&mut text, "output.save", &output.save);
        write_sink(&mut text, output, outputs.first().unwrap_or(output));
    }
    text
}

fn write_steps(text: &mut String, table: &str, steps: &[Step]) {
    for step in steps {
        let _ = write!(text, "\n[[{table}]]\nop = {}\n", quoted(&step.op));
        if !step.enabled {
            text.push_str("enabled = false\n");
        }
        for (name, value) in &step.params {
            let _ = writeln!(text, "{name} = {}", to_toml(value));
        }
    }
}

fn write_save(text: &mut String, table: &str, save: &Save) {
    let _ = write!(text, "\n[{table}]\nformat = \"{}\"\n", save.format.word());
    for (key, value) in save.given() {
        let _ = writeln!(text, "{} = {}", key.param.name, to_toml(&value));
    }
}

/// The folder and the names of an output, as far as they differ from those of the first.
fn write_sink(text: &mut String, output: &Output, first: &Output) {
    let (own, shared) = (&output.sink, &first.sink);
    let is_other = own.name != SinkSpec::default().name || own.name != shared.name;
    let word = |choice: serde_json::Value| choice.as_str().map(str::to_owned);
    let given = [
        ("folder", own.folder.as_deref().and_then(Path::to_str).map(str::to_owned)),
        ("name", is_other.then(|| own.name.clone())),
        ("tree", (own.tree != shared.tree).then(|| word(serde_json::json!(own.tree))).flatten()),
        (
            "on_conflict",
            (own.on_conflict != shared.on_conflict).then(|| word(serde_json::json!(own.on_conflict))).flatten(),
        ),
    ];
    if given.iter().any(|(_, value)| value.is_some()) {
        text.push_str("\n[output.sink]\n");
    }
    for (key, value) in given {
        if let Some(value) = value {
            let _ = writeln!(text, "{key} = {}", quoted(&value));
        }
    }
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
        let output = Output { save: save.clone(), ..Output::default() };
        let text = write(&recipe, &[output]);
        let expected = RecipeFile { recipe, save: Some(save), ..RecipeFile::default() };
        assert_eq!(read(&text, "r.toml").expect(&text), expected);
    }

    #[test]
    fn the_documented_example_is_read() {
        let text = "version = 1\n[[step]]\nop = \"resize\"\nlong_edge = 1600\n[[step]]\nop = \"sharpen\"\nsigma = 1.0\n\
                    amount = 0.8\n[save]\nformat = \"webp\"\nquality = 82\n";
        let file = read(text, "r.toml").expect("valid");
        assert_eq!(file.recipe.steps.len(), 2);
        assert_eq!(file.save.and_then(|save| save.quality), Some(82));
        assert_eq!(read("version = 1\n", "r.toml").expect("valid"), RecipeFile::default());
    }

    #[test]
    fn the_documented_example_with_outputs_is_read_and_written_files_read_back_equal() {
        let text = "version = 2\n[input]\ntruncated = \"keep\"\n[[step]]\nop = \"auto_levels\"\n[[output]]\nname = \"large\"\n\
                    step = [{ op = \"resize\", long_edge = 2048 }, { op = \"sharpen\", sigma = 1.0, amount = 0.8 }]\n\
                    save = { format = \"webp\", quality = 82 }\n[[output]]\nname = \"thumb\"\n\
                    step = [{ op = \"resize\", width = 320, height = 320, fit = \"cover\" }]\n\
                    save = { format = \"jpeg\", max_bytes = \"40KB\" }\n\
                    sink = { folder = \"small\", name = \"{stem}-{width}\", tree = \"flat\", on_conflict = \"skip\" }\n";
        let file = read(text, "r.toml").expect("valid");
        assert_eq!(file.input, RecipeInput { truncated: Some(TruncatedPolicy::Keep), ..RecipeInput::default() });
        let names: Vec<_> = file.outputs.iter().map(|output| output.name.as_deref()).collect();
        assert_eq!((names, file.recipe.steps.len()), (vec![Some("large"), Some("thumb")], 1));
        let [large, thumb] = file.outputs.as_slice() else { panic!("{file:?}") };
        assert_eq!((large.steps.len(), large.save.as_ref().and_then(|save| save.quality)), (2, Some(82)));
        assert_eq!(thumb.sink.folder.as_deref(), Some(Path::new("small")));
        assert_eq!(thumb.sink.on_conflict, Some(crate::model::ConflictPolicy::Skip));
        let outputs: Vec<Output> = file
            .outputs
            .iter()
            .map(|output| Output {
                name: output.name.clone().unwrap_or_default(),
                steps: output.steps.clone(),
                save: output.save.clone().unwrap_or_default(),
                sink: SinkSpec { on_conflict: crate::model::ConflictPolicy::Rename, ..SinkSpec::default() }
                    .filling_in(&SinkPart { tree: None, on_conflict: None, ..output.sink.clone() }),
            })
            .collect();
        let again = read(&write(&file.recipe, &outputs), "r.toml").expect("valid");
        let part = |part: &SinkPart| SinkPart { tree: None, on_conflict: None, ..part.clone() };
        for (again, output) in again.outputs.iter().zip(&file.outputs) {
            assert_eq!(again, &RecipeOutput { sink: part(&output.sink), ..output.clone() });
        }
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
            ("version = 3\n".to_owned(), 1, "must be 1 or 2"),
            ("version = 1\n\n[[output]]\nname = \"a\"\n".to_owned(), 3, "version = 2"),
            ("[[output]]\nname = \"a\"\n".to_owned(), 1, "version = 2 is missing"),
            ("version = 2\n[[output]]\nname = \"a/b\"\n".to_owned(), 3, "\"a/b\""),
            ("version = 2\n[[output]]\nname = 3\n".to_owned(), 3, "name must be"),
            ("version = 2\n[[output]]\nnames = \"a\"\n".to_owned(), 3, "did you mean \"name\"?"),
            ("version = 2\n[output]\nname = \"a\"\n".to_owned(), 2, "[[output]]"),
            (
                "version = 2\n[[output]]\nname = \"a\"\nstep = [\n{ op = \"gaussian_blur\", sigma = 500 }]\n"
                    .to_owned(),
                5,
                "from 0 to 200 px",
            ),
            ("version = 2\n[[output]]\nsave = { format = \"webp\", quality = 0 }\n".to_owned(), 3, "1 to 100"),
            ("version = 2\n[[output]]\nsink = { tree = \"deep\" }\n".to_owned(), 3, "keep, flat"),
            ("version = 2\n[input]\ntruncated = 1\n".to_owned(), 3, "fail, keep"),
            ("version = 2\n[input]\npage = 1\n".to_owned(), 3, "raw, pages, truncated, damaged"),
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
