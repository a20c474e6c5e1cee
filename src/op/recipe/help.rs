//! Help on operations, derived from their declarations.

use std::fmt::Write as _;

use crate::model::{Format, FormatChoice, Value, save as model_save};
use crate::op::registry::registry;
use crate::op::spec::OpSpec;

/// Every operation with its summary, one per line.
pub fn list() -> String {
    let mut text = String::new();
    for spec in registry() {
        let _ = writeln!(text, "{:<15} {}", spec.id, spec.summary);
    }
    text
}

/// An operation's summary, parameters (with unit, range and default) and formula.
pub fn help(spec: &OpSpec) -> String {
    let mut text = format!("{}\n  {}\n", spec.id, spec.summary);
    for param in spec.params {
        let default = match param.default_value() {
            Some(value) => format!("[{value}]"),
            None => "[unset]".to_owned(),
        };
        let summary = wrapped(param.summary, 6);
        let _ = writeln!(text, "\n  {}: {} {default}\n{summary}", param.name, param.allowed());
    }
    if spec.params.is_empty() {
        text.push_str("\n  No parameters.\n");
    }
    let _ = writeln!(text, "\n  How it works\n{}", wrapped(spec.formula, 6));
    if !spec.faithful_to_scale {
        text.push_str("\n  Scaled-down previews are approximate.\n");
    }
    text
}

/// Text in lines of at most 80 columns, indented.
fn wrapped(text: &str, indent: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= 80 => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("{:indent$}{word}", "")),
        }
    }
    lines.join("\n")
}

/// The formats that can be written, and each save option with its range, default and formats.
pub fn save_help() -> String {
    let formats = FormatChoice::all().into_iter().map(FormatChoice::word).collect::<Vec<_>>().join(", ");
    let mut text = format!(
        "save\n  How results are written: --save 'FORMAT:KEY=VALUE,...', or the [save] of a recipe file\n\n  \
         format: one of {formats} [keep]\n      keep is each input's own format; PNG where that can't be written\n"
    );
    for key in model_save::keys() {
        let default = match key.param.default_value() {
            Some(Value::Text(text)) if text.is_empty() => "[unset]".to_owned(),
            Some(value) => format!("[{value}]"),
            None => "[unset]".to_owned(),
        };
        let defaults = key.format_defaults();
        let default = if defaults.is_empty() { default } else { format!("[{defaults}]") };
        let _ = writeln!(text, "\n  {}: {} {default}\n      {}", key.param.name, key.allowed(), key.param.summary);
        for meaning in key.format_meanings() {
            let _ = writeln!(text, "      {meaning}");
        }
        let formats: Vec<&str> = key.formats().into_iter().map(Format::name).collect();
        if !formats.is_empty() {
            let _ = writeln!(text, "      Only for {}", formats.join(", "));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "tests")]

    use super::*;

    /// The words of a text, wherever its lines break.
    fn words(text: &str) -> String {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn help_names_every_parameter_with_range_unit_and_default_and_the_formula() {
        let spec = crate::op::find("gaussian_blur").expect("registered");
        let text = help(spec);
        assert!(text.contains("sigma: a number from 0 to 200 px [2]"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        for spec in registry() {
            let text = words(&help(spec));
            assert!(spec.params.iter().all(|param| text.contains(param.name) && text.contains(param.summary)));
            assert!(text.contains(spec.summary) && text.contains(spec.formula), "{text}");
            assert!(list().contains(spec.summary) && !list().contains(spec.formula));
        }
    }

    #[test]
    fn a_summary_is_one_plain_sentence_without_the_formula() {
        for spec in registry() {
            let is_symbol = |c: char| "*^=;:|()[]".contains(c);
            assert!(!spec.summary.contains(is_symbol) && spec.summary.len() <= 80, "{}: {}", spec.id, spec.summary);
            assert!(!spec.formula.is_empty(), "{}", spec.id);
        }
    }

    #[test]
    fn help_on_saving_names_every_format_and_key() {
        let text = save_help();
        assert!(FormatChoice::all().iter().all(|format| text.contains(format.word())), "{text}");
        for key in model_save::keys() {
            assert!(text.contains(key.param.name) && text.contains(key.param.summary), "{text}");
        }
        assert!(text.contains("quality: a whole number from 1 to 100") && text.contains("Only for jpeg, webp, avif"));
    }
}
