//! Steps and save options as one line of text: `resize:long_edge=1024,kernel=lanczos3`, `webp:quality=82`.
//!
//! Values that contain a comma are quoted as in CSV: `text="a, b"`, with inner quotes doubled.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::model::{
    Channels, ImageInfo, Message, ParamKind, ParamSpec, SampleType, Save, Step, Unit, Value, save as model_save,
    spelling,
};
use crate::op::params::{self, Params};
use crate::op::registry::{find, unknown};
use crate::op::spec::OpSpec;
use crate::op::stage::Stage;

/// Parses a step; the error says what is wrong and what is allowed.
pub fn parse_step(text: &str) -> Result<Step, Message> {
    let (op, rest) = split_head(text);
    let spec = find(op).ok_or_else(|| unknown(op))?;
    parse_params(spec, rest).map_err(|why| why.of(spec.id))
}

fn parse_params(spec: &'static OpSpec, text: &str) -> Result<Step, Message> {
    let mut step = Step::new(spec.id);
    for (name, word) in pairs(text)? {
        let param = match name {
            Some(name) => params::find(spec.params, &name)?,
            None => unnamed(spec, &word)?,
        };
        let is_text = matches!(param.kind, ParamKind::Text { .. } | ParamKind::FieldText { .. });
        if word.trim().is_empty() && !is_text {
            return Err(value_missing(param));
        }
        if step.params.insert(param.name.to_owned(), param.value_of(word)).is_some() {
            return Err(twice(param));
        }
    }
    Params::check(spec.params, &step.params).and_then(|params| (spec.build)(&params))?;
    Ok(step)
}

/// The parameter of a value without a name: a percentage, where an operation has one of its own (`resize:50%`).
fn unnamed(spec: &'static OpSpec, word: &str) -> Result<&'static ParamSpec, Message> {
    let mut percentages = spec.params.iter().filter(|param| param.unit == Unit::Percent);
    if let (Some(only), None) = (percentages.next(), percentages.next())
        && word.trim_end().ends_with('%')
    {
        return Ok(only);
    }
    let word = word.trim();
    let Some(first) = spec.params.first() else { return params::find(spec.params, word) };
    if let Some(param) = spec.params.iter().find(|param| spelling::is_same(param.name, word)) {
        return Err(value_missing(param));
    }
    let names: Vec<&str> = spec.params.iter().map(|param| param.name).collect();
    let message = if word.is_empty() || word.contains(':') {
        Message::new("no_pair")
    } else {
        Message::new("no_pair_such_as").with("example", format!("{}={word}", first.name))
    };
    Err(message.with("text", word).with("names", names.join(", ")))
}

fn value_missing(param: &ParamSpec) -> Message {
    Message::new("value_missing").with("param", param.name).with_message("allowed", param.allowed())
}

/// Refuses a step that changes nothing because its value was forgotten.
pub fn require_effect(step: &Step) -> Result<(), Message> {
    match find(&step.op).filter(|spec| step.params.is_empty() && changes_nothing(spec)) {
        Some(spec) => Err(Message::new("step_changes_nothing").with("op", spec.id).with("example", example(spec))),
        None => Ok(()),
    }
}

/// Whether an operation leaves every image as it is unless a value is given.
fn changes_nothing(spec: &OpSpec) -> bool {
    let info = ImageInfo {
        width_px: 64,
        height_px: 64,
        channels: Channels::Rgb,
        sample: SampleType::U8,
        premultiplied: false,
    };
    let operation = Params::check(spec.params, &BTreeMap::new()).and_then(|params| (spec.build)(&params));
    !spec.params.is_empty() && operation.is_ok_and(|operation| matches!(operation.stage(&info), Ok(Stage::Nothing)))
}

/// A step of an operation with a value for its first parameter.
fn example(spec: &OpSpec) -> String {
    let Some(param) = spec.params.first() else { return spec.id.to_owned() };
    let value = match param.kind {
        ParamKind::Float { min, max, default, soft_max } => {
            let value = default + (soft_max - default) / 5.0;
            format!("{}", (value * 100.0).round().clamp(min * 100.0, max * 100.0) / 100.0)
        }
        ParamKind::Int { min, max, default, .. } => (default.unwrap_or(min) + 1).clamp(min, max).to_string(),
        _ => "VALUE".to_owned(),
    };
    format!("{}:{}={value}", spec.id, param.name)
}

/// Formats a step for [`parse_step`]. Whether it is enabled is not part of the text.
pub fn step_to_text(step: &Step) -> String {
    let mut text = step.op.clone();
    for (i, (name, value)) in step.params.iter().enumerate() {
        text.push(if i == 0 { ':' } else { ',' });
        text.push_str(name);
        text.push('=');
        let word = value.to_string();
        if word.contains([',', '"']) || word.trim() != word {
            let _ = write!(text, "\"{}\"", word.replace('"', "\"\""));
        } else {
            text.push_str(&word);
        }
    }
    text
}

/// Parses save options: the format, then the keys of a recipe's `[save]`.
pub fn parse_save(text: &str) -> Result<Save, Message> {
    let (format, rest) = split_head(text);
    let format = model_save::format(&Value::Text(format.to_owned()))?;
    let mut save = Save { format, ..Save::default() };
    let mut seen = BTreeSet::new();
    for (name, word) in pairs(rest)? {
        let name = name.ok_or_else(|| Message::new("no_pair").with("text", word.trim()))?;
        let key = model_save::key(&name)?;
        save.set(key.param.name, &key.param.value_of(word))?;
        if !seen.insert(key.param.name) {
            return Err(twice(&key.param));
        }
    }
    save.check()?;
    Ok(save)
}

/// The keys that save options name, even at their defaults; empty if they can't be parsed.
pub fn keys_named(text: &str) -> Vec<String> {
    let (_, rest) = split_head(text);
    let names = pairs(rest).unwrap_or_default().into_iter().filter_map(|(name, _)| name);
    names.map(|name| model_save::key(&name).map_or(name, |key| key.param.name.to_owned())).collect()
}

/// Formats save options for [`parse_save`].
pub fn save_to_text(save: &Save) -> String {
    let mut text = save.format.word().to_owned();
    for (i, (key, value)) in save.given().enumerate() {
        let _ = write!(text, "{}{}={value}", if i == 0 { ':' } else { ',' }, key.param.name);
    }
    text
}

fn twice(param: &ParamSpec) -> Message {
    Message::new("given_twice").with("param", param.name)
}

fn split_head(text: &str) -> (&str, &str) {
    let (head, rest) = text.split_once(':').unwrap_or((text, ""));
    (head.trim(), rest)
}

/// `name=value` pairs between commas outside quotes; a value may be alone.
fn pairs(text: &str) -> Result<Vec<(Option<String>, String)>, Message> {
    let mut fields = vec![String::new()];
    let mut in_quotes = false;
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        let Some(field) = fields.last_mut() else { break };
        match char {
            '"' if in_quotes && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' => in_quotes = !in_quotes,
            ',' if !in_quotes => fields.push(String::new()),
            _ => field.push(char),
        }
    }
    if in_quotes {
        return Err(Message::new("open_quote"));
    }
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let pair = |field: String| match field.split_once('=') {
        Some((name, value)) => (Some(name.trim().to_owned()), value.to_owned()),
        None => (None, field),
    };
    Ok(fields.into_iter().map(pair).collect())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::model::{FormatChoice, MetadataPolicy};

    #[test]
    fn a_formatted_step_parses_to_the_same_step() {
        for text in [
            "resize:kernel=lanczos3,long_edge=1024",
            "resize:enlarge=true,fit=pad,height=10,width=20",
            "sharpen:amount=0.8,sigma=1",
            "grayscale",
            "linear:offset=-5,scale=1.1",
        ] {
            let step = parse_step(text).expect(text);
            assert_eq!(step_to_text(&step), text);
            assert_eq!(parse_step(&step_to_text(&step)), Ok(step));
        }
    }

    #[test]
    fn values_with_commas_and_quotes_are_quoted_as_in_csv() {
        assert_eq!(pairs(r#"a="x, y",b="say ""hi""",c=1"#).expect("valid").len(), 3);
        let step = Step::new("watermark").with("text", r#"a, "b""#);
        let (_, rest) = step_to_text(&step).split_once(':').map(|(a, b)| (a.to_owned(), b.to_owned())).expect("params");
        assert_eq!(pairs(&rest), Ok(vec![(Some("text".to_owned()), r#"a, "b""#.to_owned())]));
    }

    #[test]
    fn names_and_values_are_read_in_any_usual_spelling() {
        for (text, canonical) in [
            ("resize:percent=50%", "resize:percent=50"),
            ("resize:50%", "resize:percent=50"),
            (
                "Resize:Long-Edge=1024px,Kernel=LANCZOS3,enlarge=TRUE",
                "resize:enlarge=true,kernel=lanczos3,long_edge=1024",
            ),
            ("gaussian-blur:sigma=2px", "gaussian_blur:sigma=2"),
            ("greyscale", "grayscale"),
            ("border:color=White,size=3", "border:colour=White,size=3"),
            ("resize:width=9,height=9,gravity=Centre", "resize:gravity=center,height=9,width=9"),
            ("threshold:level=50%", "threshold:level=127.5"),
            ("saturation:factor=150%", "saturation:factor=1.5"),
            ("rotate:degrees=90°", "rotate:degrees=90"),
        ] {
            assert_eq!(parse_step(text).map(|step| step_to_text(&step)), Ok(canonical.to_owned()), "{text}");
        }
        for (text, canonical) in [
            ("jpg:quality=80", "jpeg:quality=80"),
            ("JPEG:Quality=80%", "jpeg:quality=80"),
            ("TIF:Compression=Deflate", "tiff:compression=deflate"),
            ("Keep:color=Display_P3", "keep:colour=display-p3"),
            ("webp:lossless=True,metadata=NO_GPS", "webp:lossless=true"),
        ] {
            assert_eq!(parse_save(text).map(|save| save_to_text(&save)), Ok(canonical.to_owned()), "{text}");
        }
        assert_eq!(keys_named("jpg:color=keep"), ["colour"]);
    }

    #[test]
    fn no_two_names_are_spellings_of_the_same() {
        use crate::model::spelling::is_same;
        let check = |names: Vec<&str>| {
            for (i, name) in names.iter().enumerate() {
                assert!(names[..i].iter().all(|other| !is_same(name, other)), "{name} in {names:?}");
            }
        };
        check(crate::op::registry().iter().map(|op| op.id).collect());
        crate::op::registry().iter().for_each(|op| check(op.params.iter().map(|param| param.name).collect()));
        check(model_save::keys().iter().map(|key| key.param.name).collect());
        check(FormatChoice::all().into_iter().map(FormatChoice::word).collect());
    }

    #[test]
    fn errors_name_the_mistake_and_the_allowed_values() {
        for (text, expected) in [
            ("resze:long_edge=1", "did you mean \"resize\"?"),
            ("teleport", "available: resize"),
            ("resize:long=1", "available: long_edge"),
            ("resize:longedge=1", "did you mean \"long_edge\"?"),
            ("resize:width=50%", "a whole number from 1 to 65535 px, not \"50%\""),
            ("resize:kernel=lanczos,long_edge=2", "did you mean \"lanczos3\"?"),
            ("crop:50%", "name=value"),
            ("rotate:90", "such as degrees=90"),
            ("flip:horizontal", "such as axis=horizontal"),
            ("resize:long_edge=0", "a whole number from 1 to 65535 px, not 0"),
            ("resize:long_edge=big", "not \"big\""),
            ("resize:long_edge=1.5", "whole number"),
            ("resize:long_edge=10,long_edge=20", "twice"),
            ("resize:long_edge", "long_edge needs a value: a whole number from 1 to 65535 px"),
            ("resize:long_edge=", "long_edge needs a value"),
            ("resize:kernel=sinc,long_edge=2", "one of nearest"),
            ("gaussian_blur:sigma=NaN", "from 0 to 200 px, not NaN"),
            ("gaussian_blur:sigma=inf", "from 0 to 200 px, not inf"),
            ("resize:enlarge=yes,long_edge=2", "true or false"),
            ("rotate:degrees=10,background=\"red", "not closed"),
            ("rotate:degrees=10,background=red", "white, black, transparent, #rgb"),
            ("invert:x=1", "this operation has none"),
        ] {
            let error = parse_step(text).expect_err(text);
            assert!(error.to_string().contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn save_options_have_the_same_keys_as_recipe_files() {
        let save = parse_save("webp:quality=82,metadata=strip,lossless=false,colour=keep").expect("valid");
        assert_eq!(save.format, FormatChoice::known("webp"));
        assert_eq!((save.quality, save.metadata), (Some(82), MetadataPolicy::Strip));
        assert_eq!(parse_save("png").expect("valid").format, FormatChoice::known("png"));
        for (text, expected) in [
            ("heic", "one of keep, jpeg"),
            ("jpeg:quality=0", "1 to 100, not 0"),
            ("jpeg:quality=101", "1 to 100"),
            ("jpeg:quality=high", "not \"high\""),
            ("jpeg:quality=80,quality=81", "twice"),
            ("jpeg:speed=1", "unknown key \"speed\""),
            ("jpeg:qualty=1", "did you mean \"quality\"?"),
            ("jepg", "did you mean \"jpeg\"?"),
            ("jpeg:80%", "name=value"),
            ("webp:lossless=1", "true or false"),
            ("png:progressive=true", "only jpeg); png supports effort, palette"),
            ("png:quality=80", "only jpeg, webp, avif"),
            ("png:max_bytes=200KB", "only jpeg, webp, avif"),
            ("jpeg:max_bytes=small", "200KB"),
            ("webp:max_bytes=200KB,lossless=true", "can't be combined with lossless"),
            ("jpeg:subsampling=411", "one of auto, 420, 422, 444"),
            ("gif:palette=1", "2 to 256"),
            ("jpeg:background=red", "#rrggbb"),
            ("qoi:colour=display-p3", "QOI can't"),
            ("tiff:effort=3", "compression=deflate"),
        ] {
            let error = parse_save(text).expect_err(text);
            assert!(error.to_string().contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn a_step_that_changes_nothing_without_a_value_asks_for_one() {
        for op in ["brightness", "contrast", "gamma", "saturation", "hue", "linear", "exposure", "levels"] {
            let error = require_effect(&parse_step(op).unwrap()).unwrap_err().to_string();
            assert!(error.contains("needs a value") && error.contains(&format!("{op}:")), "{error}");
            let example = error.rsplit(' ').next().unwrap();
            assert!(require_effect(&parse_step(example).unwrap()).is_ok(), "{example}");
        }
        for op in ["invert", "grayscale", "sepia", "gaussian_blur", "brightness:amount=0"] {
            assert!(require_effect(&parse_step(op).unwrap()).is_ok(), "{op}");
        }
    }

    #[test]
    fn formatted_save_options_parse_to_the_same_options() {
        for text in [
            "keep",
            "keep:quality=70",
            "jpeg:quality=85,max_bytes=200000,subsampling=444,progressive=true,optimize=true,background=#102030",
            "tiff:effort=9,compression=deflate,metadata=keep",
            "png:effort=9,palette=64",
            "webp:lossless=true,effort=9,colour=keep",
        ] {
            let save = parse_save(text).expect(text);
            assert_eq!(save_to_text(&save), text);
        }
        assert_eq!(parse_save("jpeg:max_bytes=200KB").map(|save| save.max_bytes), Ok(Some(200_000)));
        assert_eq!(parse_save("jpeg:max_bytes=1.5MiB").map(|save| save.max_bytes), Ok(Some(3 << 19)));
    }
}
