//! Wrong steps, over every operation and parameter: each is refused with one sentence that names the operation and the
//! parameter, and says what is allowed.

use super::*;
use crate::model::{Message, ParamSpec, Unit};

/// Why a step is refused.
#[track_caller]
fn refusal(text: &str) -> String {
    let error = syntax::parse_step(text).expect_err(text).to_string();
    let op = text.split(':').next().expect("an operation");
    assert!(error.starts_with(&format!("{op}: ")), "{text}: {error}");
    assert!(!error.contains('\n') && !error.ends_with([':', ' ', '.']), "{text}: {error}");
    error
}

/// Words that no value of a parameter may be.
fn wrong_values(param: &ParamSpec) -> Vec<String> {
    let mut words = match &param.kind {
        ParamKind::Float { min, max, .. } => vec![format!("{}", min - 1.0), format!("{}", max + 1.0)],
        ParamKind::Int { min, max, .. } => vec![format!("{}", min - 1), format!("{}", max + 1), "1.5".to_owned()],
        ParamKind::Bool { .. } => vec!["yes".to_owned(), "1".to_owned()],
        ParamKind::Choice { .. } | ParamKind::Colour { .. } => vec!["teleport".to_owned(), "-1".to_owned()],
        ParamKind::Curve { .. } => vec!["0,0".to_owned(), "0;0".to_owned(), "0,0;NaN,255".to_owned()],
        ParamKind::Text { .. } | ParamKind::FieldText { .. } | ParamKind::File { .. } => return Vec::new(),
    };
    if let ParamKind::Float { .. } | ParamKind::Int { .. } = param.kind {
        words.extend(["NaN", "inf", "-inf", "1e300", "-1e300", "big", "5kg", "1,5", "0x10"].map(str::to_owned));
        if !matches!(param.unit, Unit::Px) {
            words.push("5px".to_owned());
        }
        if matches!(param.unit, Unit::Px | Unit::Degrees | Unit::Stops | Unit::Megapixels) {
            words.push("5%".to_owned());
        }
    }
    words
}

#[test]
fn every_wrong_value_is_refused_with_the_allowed_ones() {
    let mut checked = 0;
    for spec in registry() {
        for param in spec.params {
            let (name, allowed) = (param.name, param.allowed().to_string());
            for word in wrong_values(param) {
                let error = refusal(&format!("{}:{name}=\"{word}\"", spec.id));
                assert!(error.contains(&format!("{name} must be {allowed}, not ")), "{}: {error}", spec.id);
                checked += 1;
            }
        }
    }
    assert!(checked > 800, "{checked}");
}

#[test]
fn a_parameter_without_a_value_asks_for_one() {
    for spec in registry() {
        for param in spec.params {
            let (name, allowed) = (param.name, param.allowed());
            let asks = Message::new("value_missing").with("param", name).with_message("allowed", allowed).to_string();
            assert_eq!(refusal(&format!("{}:{name}", spec.id)), format!("{}: {asks}", spec.id));
            if !matches!(param.kind, ParamKind::Text { .. } | ParamKind::FieldText { .. }) {
                for empty in ["", " ", "\"\""] {
                    let error = refusal(&format!("{}:{name}={empty}", spec.id));
                    assert_eq!(error, format!("{}: {asks}", spec.id));
                }
            }
        }
    }
    assert!(refusal("watermark_text:text=").contains("text is required"));
}

#[test]
fn an_unknown_parameter_and_a_repeated_one_are_refused() {
    for spec in registry() {
        let error = refusal(&format!("{}:nonsense=1", spec.id));
        assert!(error.contains("unknown parameter \"nonsense\""), "{error}");
        assert!(spec.params.iter().all(|param| error.contains(param.name)), "{error}");
        let error = refusal(&format!("{}:5", spec.id));
        assert!(error.contains("\"5\"") && spec.params.iter().all(|param| error.contains(param.name)), "{error}");
        for param in spec.params {
            let value = match (&param.kind, param.default_value()) {
                (ParamKind::Int { min, .. }, None) => min.to_string(),
                (_, Some(value)) if !value.to_string().is_empty() => value.to_string(),
                _ => "a".to_owned(),
            };
            let pair = format!("{}=\"{value}\"", param.name);
            let error = refusal(&format!("{}:{pair},{pair}", spec.id));
            assert!(error.contains(&format!("{} is given twice", param.name)), "{error}");
        }
        refusal(&format!("{}:\"", spec.id));
    }
}

#[test]
fn recipe_files_refuse_the_same_values() {
    for spec in registry() {
        for param in spec.params {
            let given = match param.kind {
                ParamKind::Float { .. } | ParamKind::Int { .. } => ["nan", "-1e9", "1e300", "\"big\"", "true"],
                ParamKind::Bool { .. } => ["1", "\"yes\"", "0.5", "nan", "[]"],
                _ => ["1", "true", "nan", "[]", "{}"],
            };
            for value in given {
                let text = format!("version = 1\n[[step]]\nop = \"{}\"\n{} = {value}\n", spec.id, param.name);
                let error = file::read(&text, "r.toml").expect_err(&text).to_string();
                let wanted = format!("{}: {} must be ", spec.id, param.name);
                assert!(error.contains("r.toml:4") && error.contains(&wanted), "{text}: {error}");
            }
        }
    }
}

/// What a step makes of an image, and whether that is the image itself.
fn changes(text: &str) -> bool {
    let image = TestImage::scene(40, 30, Channels::Rgb);
    let out = run(&[text], &image);
    let info = out.info.expect("an image");
    let is_same_kind = (info.width_px, info.height_px, info.channels) == (40, 30, Channels::Rgb);
    let values: Vec<f32> = image.levels();
    !is_same_kind || out.values.iter().zip(&values).any(|(after, before)| (after - before).abs() > 0.01)
}

#[test]
fn an_operation_without_any_value_works_or_asks_for_one() {
    for spec in registry() {
        for text in [spec.id.to_owned(), format!("{}:", spec.id)] {
            match syntax::parse_step(&text) {
                Err(why) => {
                    let why = why.to_string();
                    assert!(why.starts_with(&format!("{}: ", spec.id)) && why.contains("required"), "{why}");
                }
                Ok(step) => match syntax::require_effect(&step) {
                    Err(why) => {
                        let why = why.to_string();
                        assert!(why.contains(spec.id) && why.contains("needs a value"), "{why}");
                        assert!(!changes(spec.id), "{} does something", spec.id);
                    }
                    Ok(()) => {
                        assert!(changes(spec.id) || spec.id == "trim", "{} does nothing and says nothing", spec.id);
                    }
                },
            }
        }
    }
}

#[test]
fn the_smallest_and_largest_values_fit_any_image_or_say_why_not() {
    let infos = [(1, 1), (1, 3000), (40, 30)]
        .map(|(width, height)| TestImage::u8(width, height, Channels::Rgb, |_, _, _| 9).info);
    for spec in registry() {
        for param in spec.params {
            let ends = match param.kind {
                ParamKind::Float { min, max, .. } => [min, max],
                ParamKind::Int { min, max, .. } => [min as f64, max as f64],
                _ => continue,
            };
            for end in ends {
                let base = match spec.id {
                    "resize" if param.name != "percent" => "resize:enlarge=true,",
                    "lut" => "lut:file=warm.cube,",
                    "watermark_image" => "watermark_image:file=mark.png,",
                    _ => "",
                };
                let base = if base.is_empty() { format!("{}:", spec.id) } else { base.to_owned() };
                let text = format!("{base}{}={end}", param.name);
                let step = match syntax::parse_step(&text) {
                    Ok(step) => step,
                    Err(why) => {
                        let why = why.to_string();
                        assert!(
                            why.starts_with(&format!("{}: ", spec.id)) && why.len() > spec.id.len() + 10,
                            "{text}: {why}"
                        );
                        continue;
                    }
                };
                let pipeline = Pipeline::new(&Recipe { version: 1, steps: vec![step] }, &files()).expect(&text);
                for info in &infos {
                    if let Err(error) = pipeline.plan(info, Orientation::Upright, 1.0) {
                        let why = error.arg("detail");
                        assert!(why.starts_with(&format!("step 1: {}: ", spec.id)), "{text}: {why}");
                    }
                }
            }
        }
    }
}
