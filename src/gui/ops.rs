//! What the recipe panel knows of operations: their declarations, and their names in the window's language.
//!
//! English names derive from ids; Korean ones stand in `assets/translations/ko.toml`.

use std::sync::LazyLock;

use super::words::Lang;
use crate::engine::{Group, OpSpec, registry};
use crate::model::{ParamSpec, Step, Unit};

/// An operation as the window sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Op {
    /// The name scripts use.
    pub(crate) id: &'static str,
    /// One sentence of help.
    pub(crate) summary: &'static str,
    /// How it works.
    pub(crate) formula: &'static str,
    /// Where the menu lists it.
    pub(crate) group: Group,
    /// Its parameters.
    pub(crate) params: &'static [ParamSpec],
}

/// Every registered operation.
pub(crate) fn all() -> Vec<Op> {
    registry()
        .iter()
        .map(|spec| Op {
            id: spec.id,
            summary: spec.summary,
            formula: spec.formula,
            group: spec.group,
            params: spec.params,
        })
        .collect()
}

/// The step that is added when somebody picks an operation: one that does something, where it needs to be told what.
pub(crate) fn starting_step(id: &str) -> Step {
    registry().iter().find(|spec| spec.id == id).map_or_else(|| Step::new(id), OpSpec::starting_step)
}

static KOREAN: LazyLock<toml::Table> =
    LazyLock::new(|| include_str!("../../assets/translations/ko.toml").parse().unwrap_or_default());

fn korean(path: &[&str]) -> Option<&'static str> {
    let mut table: &'static toml::Table = &KOREAN;
    let (last, tables) = path.split_last()?;
    for name in tables {
        table = table.get(*name)?.as_table()?;
    }
    table.get(*last)?.as_str()
}

/// The Korean words of a sentence, by its id.
pub(super) fn said(id: &str) -> Option<&'static str> {
    korean(&["said", id])
}

/// Every sentence that has Korean words: its id and they.
#[cfg(test)]
pub(super) fn all_said() -> impl Iterator<Item = (&'static str, &'static str)> {
    let table = KOREAN.get("said").and_then(toml::Value::as_table);
    table.into_iter().flatten().filter_map(|(id, words)| Some((id.as_str(), words.as_str()?)))
}

/// `gaussian_blur` as `Gaussian blur`.
fn spoken(id: &str) -> String {
    let words = id.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// An operation's name.
pub(crate) fn name(lang: Lang, op: &str) -> String {
    match lang {
        Lang::Korean => korean(&["op", op, "name"]).map_or_else(|| spoken(op), str::to_owned),
        Lang::English => spoken(op),
    }
}

/// An operation's sentence of help.
pub(crate) fn summary(lang: Lang, op: &Op) -> String {
    match lang {
        Lang::Korean => korean(&["op", op.id, "summary"]).unwrap_or(op.summary).to_owned(),
        Lang::English => op.summary.to_owned(),
    }
}

/// How an operation works.
pub(crate) fn formula(lang: Lang, op: &Op) -> String {
    match lang {
        Lang::Korean => korean(&["op", op.id, "formula"]).unwrap_or(op.formula).to_owned(),
        Lang::English => op.formula.to_owned(),
    }
}

/// A parameter's name.
pub(crate) fn param(lang: Lang, op: &str, param: &str) -> String {
    match lang {
        Lang::Korean => korean(&["op", op, "param", param, "name"]).map_or_else(|| spoken(param), str::to_owned),
        Lang::English => spoken(param),
    }
}

/// A choice's word.
pub(crate) fn choice(lang: Lang, op: &str, param: &str, word: &str) -> String {
    match lang {
        Lang::Korean => korean(&["op", op, "param", param, "choice", word]).map_or_else(|| spoken(word), str::to_owned),
        Lang::English => spoken(word),
    }
}

/// A parameter's sentence of help.
pub(crate) fn param_summary(lang: Lang, op: &str, spec: &ParamSpec) -> String {
    match lang {
        Lang::Korean => korean(&["op", op, "param", spec.name, "summary"]).unwrap_or(spec.summary).to_owned(),
        Lang::English => spec.summary.to_owned(),
    }
}

/// A key of a way to save.
pub(crate) fn save_name(lang: Lang, key: &str) -> String {
    match (lang, key) {
        (Lang::Korean, _) => korean(&["save", key, "name"]).map_or_else(|| spoken(key), str::to_owned),
        (Lang::English, "max_bytes") => "Largest file".to_owned(),
        (Lang::English, _) => spoken(key),
    }
}

/// A key's sentence of help.
pub(crate) fn save_summary(lang: Lang, spec: &ParamSpec) -> String {
    match lang {
        Lang::Korean => korean(&["save", spec.name, "summary"]).unwrap_or(spec.summary).to_owned(),
        Lang::English => spec.summary.to_owned(),
    }
}

/// A word that a key may have.
pub(crate) fn save_choice(lang: Lang, key: &str, word: &str) -> String {
    match (lang, word) {
        (_, "420") => "4:2:0".to_owned(),
        (_, "422") => "4:2:2".to_owned(),
        (_, "444") => "4:4:4".to_owned(),
        (_, "srgb") => "sRGB".to_owned(),
        (_, "display-p3") => "Display P3".to_owned(),
        (_, "adobe-rgb") => "Adobe RGB".to_owned(),
        (_, "prophoto-rgb") => "ProPhoto RGB".to_owned(),
        (_, "rec2020") => "Rec. 2020".to_owned(),
        (_, "lzw") => "LZW".to_owned(),
        (Lang::Korean, _) => korean(&["save", key, "choice", word]).map_or_else(|| spoken(word), str::to_owned),
        (Lang::English, _) => spoken(&word.replace('-', " ")),
    }
}

/// What stands behind a number.
pub(crate) const fn suffix(lang: Lang, unit: Unit) -> &'static str {
    match (lang, unit) {
        (_, Unit::Levels) => "",
        (_, unit) => unit.suffix(),
    }
}

/// The heading of a group.
pub(crate) const fn group(lang: Lang, group: Group) -> &'static str {
    match group {
        Group::Geometry => lang.group_geometry(),
        Group::Colour => lang.group_colour(),
        Group::Detail => lang.group_detail(),
        Group::Finish => lang.group_finish(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spoken_in_both_languages() {
        assert_eq!(name(Lang::English, "gaussian_blur"), "Gaussian blur");
        assert_eq!(name(Lang::Korean, "resize"), "크기 조정");
        assert_eq!(param(Lang::Korean, "resize", "long_edge"), "긴 변");
        assert_eq!(name(Lang::Korean, "no_such_op"), "No such op");
        assert_eq!(choice(Lang::Korean, "flip", "axis", "horizontal"), "좌우");
    }

    #[test]
    fn every_way_to_save_has_a_korean_name() {
        for key in crate::engine::save_keys() {
            assert!(korean(&["save", key.param.name, "name"]).is_some(), "{}", key.param.name);
        }
        assert_eq!(save_choice(Lang::English, "subsampling", "420"), "4:2:0");
        assert_eq!(save_name(Lang::English, "max_bytes"), "Largest file");
    }

    #[test]
    fn every_operation_and_parameter_has_a_korean_name() {
        for op in all() {
            for word in ["name", "summary", "formula"] {
                assert!(korean(&["op", op.id, word]).is_some(), "{}: {word}", op.id);
            }
            for spec in op.params {
                assert!(korean(&["op", op.id, "param", spec.name, "name"]).is_some(), "{}.{}", op.id, spec.name);
            }
        }
    }
}
