//! Help on operations, derived from their declarations and the word catalogues.

use std::fmt::Write as _;

use crate::model::save::SaveKey;
use crate::model::{Format, FormatChoice, Lang, Message, ParamKind, ParamSpec, Value, names, save as model_save};
use crate::op::registry::registry;
use crate::op::spec::{Group, OpSpec};

/// Every operation with its summary, one per line, by group.
pub fn list(lang: Lang) -> String {
    let mut text = String::new();
    for group in Group::ALL {
        let gap = if text.is_empty() { "" } else { "\n" };
        let _ = writeln!(text, "{gap}{}", lang.word(group.word()));
        for spec in registry().iter().filter(|spec| spec.group == group) {
            let summary = names::op_summary(lang, spec.id, spec.summary);
            let _ = match lang {
                Lang::English => writeln!(text, "{:<15} {summary}", spec.id),
                Lang::Korean => writeln!(text, "{:<15} {}: {summary}", spec.id, names::op_name(lang, spec.id)),
            };
        }
    }
    text
}

/// An operation's summary, parameters (with unit, range and default) and formula.
pub fn help(spec: &OpSpec, lang: Lang) -> String {
    let summary = names::op_summary(lang, spec.id, spec.summary);
    let mut text = format!("{}\n  {summary}\n", titled(lang, spec.id, &names::op_name(lang, spec.id)));
    for param in spec.params {
        let title = titled(lang, param.name, &names::param_name(lang, spec.id, param.name));
        let summary = wrapped(names::param_summary(lang, spec.id, param.name, param.summary), 6);
        let (allowed, default) = (param.allowed().text(lang), default(param, lang));
        let _ = writeln!(text, "\n  {title}: {allowed} {default}\n{summary}");
        text += &choices(lang, &param.kind, |choice| names::choice_name(lang, spec.id, param.name, choice));
    }
    if spec.params.is_empty() {
        let _ = writeln!(text, "\n  {}", lang.word("ops_no_parameters"));
    }
    let formula = wrapped(names::op_formula(lang, spec.id, spec.formula), 6);
    let _ = writeln!(text, "\n  {}\n{formula}", lang.word("how_it_works"));
    if !spec.faithful_to_scale {
        let _ = writeln!(text, "\n  {}", lang.word("ops_preview"));
    }
    text
}

/// The name in scripts, followed by the name that people read, unless that follows from it.
fn titled(lang: Lang, id: &str, name: &str) -> String {
    if lang == Lang::English { id.to_owned() } else { format!("{id} ({name})") }
}

/// What each choice is called, in languages whose words the choices are not.
fn choices(lang: Lang, kind: &ParamKind, name: impl Fn(&str) -> String) -> String {
    let ParamKind::Choice { options, .. } = kind else { return String::new() };
    if lang == Lang::English {
        return String::new();
    }
    let is_own = |choice: &str, name: &str| name.to_lowercase() != choice.replace(['_', '-'], " ");
    let named = options.iter().map(|choice| (*choice, name(choice))).filter(|(choice, name)| is_own(choice, name));
    let named: Vec<String> = named.map(|(choice, name)| format!("{choice}: {name}")).collect();
    if named.is_empty() { String::new() } else { wrapped(&named.join("; "), 6) + "\n" }
}

fn default(param: &ParamSpec, lang: Lang) -> String {
    match param.default_value() {
        Some(Value::Text(text)) if text.is_empty() => unset(lang),
        Some(value) => in_brackets(&value.to_string(), lang),
        None => unset(lang),
    }
}

fn unset(lang: Lang) -> String {
    format!("[{}]", lang.word("ops_unset"))
}

fn in_brackets(value: &str, lang: Lang) -> String {
    format!("[{}]", Message::new("ops_default").with("value", value).text(lang))
}

/// Text in lines of at most 80 columns, indented. Hangul takes two columns per character.
fn wrapped(text: &str, indent: usize) -> String {
    let columns = |word: &str| word.chars().map(|c| if c < '\u{1100}' { 1 } else { 2 }).sum::<usize>();
    let mut lines: Vec<(usize, String)> = Vec::new();
    for word in text.split(' ') {
        let width = columns(word);
        match lines.last_mut() {
            Some((used, line)) if *used + 1 + width <= 80 => {
                line.push(' ');
                line.push_str(word);
                *used += 1 + width;
            }
            _ => lines.push((indent + width, format!("{:indent$}{word}", ""))),
        }
    }
    lines.into_iter().map(|(_, line)| line).collect::<Vec<_>>().join("\n")
}

/// The formats that can be written, and each save option with its range, default and formats.
pub fn save_help(lang: Lang) -> String {
    let formats = FormatChoice::all().into_iter().map(FormatChoice::word).collect::<Vec<_>>().join(", ");
    let one_of = Message::new("allowed_choice").with("options", formats).text(lang);
    let mut text = format!(
        "save\n  {}\n\n  {}: {one_of} {}\n      {}\n",
        lang.word("ops_save"),
        titled(lang, "format", lang.word("format")),
        in_brackets("keep", lang),
        lang.word("ops_save_keep"),
    );
    for key in model_save::keys() {
        let defaults = Some(key.format_defaults(lang)).filter(|defaults| !defaults.is_empty());
        text += &key_help(key, defaults, lang);
        for meaning in key.format_meanings(lang) {
            let _ = writeln!(text, "      {meaning}");
        }
        let formats: Vec<&str> = key.formats().into_iter().map(Format::name).collect();
        if !formats.is_empty() {
            let only = Message::new("ops_only_for").with("formats", formats.join(", "));
            let _ = writeln!(text, "      {}", only.text(lang));
        }
    }
    text
}

/// The save options of one format, each with its range and the format's default.
pub fn save_help_of(format: Format, lang: Lang) -> String {
    let applying = model_save::keys().iter().filter(|key| key.applies_to(FormatChoice::Fixed(format)));
    let texts = applying.map(|key| {
        let mut text = key_help(key, key.default_of(format, lang), lang);
        if let Some(meaning) = key.meaning_in(format, lang) {
            let _ = writeln!(text, "      {}: {meaning}", format.label());
        }
        text
    });
    texts.collect()
}

/// A save option with its range, default and summary; `own` is a default of formats.
fn key_help(key: &SaveKey, own: Option<String>, lang: Lang) -> String {
    let name = key.param.name;
    let default = own.map_or_else(|| default(&key.param, lang), |own| in_brackets(&own, lang));
    let title = titled(lang, name, &names::save_key_name(lang, name));
    let summary = names::save_key_summary(lang, name, key.param.summary);
    let choices = choices(lang, &key.param.kind, |choice| names::save_choice_name(lang, name, choice));
    format!("\n  {title}: {} {default}\n      {summary}\n{choices}", key.allowed().text(lang))
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
        let text = help(spec, Lang::English);
        assert!(text.contains("sigma: a number from 0 to 200 px [2]"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        let list = list(Lang::English);
        for spec in registry() {
            let text = words(&help(spec, Lang::English));
            assert!(spec.params.iter().all(|param| text.contains(param.name) && text.contains(param.summary)));
            assert!(text.contains(spec.summary) && text.contains(spec.formula), "{text}");
            assert!(list.contains(spec.summary) && !list.contains(spec.formula));
        }
    }

    #[test]
    fn korean_help_is_korean_apart_from_the_names_of_scripts() {
        let spec = crate::op::find("posterize").expect("registered");
        let text = help(spec, Lang::Korean);
        assert!(text.starts_with("posterize (포스터화)\n"), "{text}");
        let spec = crate::op::find("threshold").expect("registered");
        let text = help(spec, Lang::Korean);
        assert!(text.contains("level (단계): 0부터 255 단계까지의 숫자 [기본값: "), "{text}");
        let english = ["a number", "whole number", "one of", "[default", "unset", "Only for", "true or", "the path of"];
        let texts = registry().iter().map(|spec| help(spec, Lang::Korean));
        for text in texts.chain([save_help(Lang::Korean), list(Lang::Korean)]) {
            assert_eq!(english.iter().find(|word| text.contains(**word)), None, "{text}");
        }
        assert!(list(Lang::Korean).contains("크기와 모양\nresize          크기 조정: "), "{}", list(Lang::Korean));
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
        let text = save_help(Lang::English);
        assert!(FormatChoice::all().iter().all(|format| text.contains(format.word())), "{text}");
        for key in model_save::keys() {
            assert!(text.contains(key.param.name) && text.contains(key.param.summary), "{text}");
        }
        assert!(text.contains("quality: a whole number from 1 to 100") && text.contains("Only for jpeg, webp, avif"));
    }
}
