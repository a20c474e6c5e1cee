//! Names of operations, parameters and choices for people.
//!
//! In English they are derived from ids, unless the English catalogue has an entry; English summaries and formulas are
//! in the declarations.

use super::words::Lang;

/// `gaussian_blur` as `Gaussian blur`.
fn spoken(id: &str) -> String {
    let words = id.replace(['_', '-'], " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn name(lang: Lang, id: &str, word: &str) -> String {
    lang.find(id).map_or_else(|| spoken(word), str::to_owned)
}

/// An operation's name.
pub fn op_name(lang: Lang, op: &str) -> String {
    name(lang, &format!("op-{op}"), op)
}

/// An operation's summary; `english` is that of its declaration.
pub fn op_summary<'a>(lang: Lang, op: &str, english: &'a str) -> &'a str {
    lang.find(&format!("op-{op}.summary")).unwrap_or(english)
}

/// How an operation works; `english` is that of its declaration.
pub fn op_formula<'a>(lang: Lang, op: &str, english: &'a str) -> &'a str {
    lang.find(&format!("op-{op}.formula")).unwrap_or(english)
}

/// A parameter's name.
pub fn param_name(lang: Lang, op: &str, param: &str) -> String {
    name(lang, &format!("op-{op}-{param}"), param)
}

/// A parameter's summary; `english` is that of its declaration.
pub fn param_summary<'a>(lang: Lang, op: &str, param: &str, english: &'a str) -> &'a str {
    lang.find(&format!("op-{op}-{param}.summary")).unwrap_or(english)
}

/// The name of a parameter's choice.
pub fn choice_name(lang: Lang, op: &str, param: &str, choice: &str) -> String {
    name(lang, &format!("op-{op}-{param}.choice-{choice}"), choice)
}

/// The name of a save setting.
pub fn save_key_name(lang: Lang, key: &str) -> String {
    name(lang, &format!("save-{key}"), key)
}

/// The summary of a save setting; `english` is that of its declaration.
pub fn save_key_summary<'a>(lang: Lang, key: &str, english: &'a str) -> &'a str {
    lang.find(&format!("save-{key}.summary")).unwrap_or(english)
}

/// The name of a save setting's choice.
pub fn save_choice_name(lang: Lang, key: &str, choice: &str) -> String {
    name(lang, &format!("save-{key}.choice-{choice}"), choice)
}

/// A save setting's default in a format; `english` is that of its declaration.
pub fn save_default<'a>(lang: Lang, key: &str, format: &str, english: &'a str) -> &'a str {
    lang.find(&format!("save-{key}.default-{format}")).unwrap_or(english)
}

/// A save setting's meaning in a format; `english` is that of its declaration.
pub fn save_meaning<'a>(lang: Lang, key: &str, format: &str, english: &'a str) -> &'a str {
    lang.find(&format!("save-{key}.meaning-{format}")).unwrap_or(english)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_from_ids_unless_a_catalogue_has_its_own() {
        assert_eq!(op_name(Lang::English, "gaussian_blur"), "Gaussian blur");
        assert_eq!(op_name(Lang::Korean, "resize"), "크기 조정");
        assert_eq!(param_name(Lang::Korean, "resize", "long_edge"), "긴 변");
        assert_eq!(op_name(Lang::Korean, "no_such_op"), "No such op");
        assert_eq!(choice_name(Lang::Korean, "flip", "axis", "horizontal"), "좌우");
        assert_eq!(save_key_name(Lang::English, "max_bytes"), "Largest file");
        assert_eq!(save_choice_name(Lang::Korean, "subsampling", "420"), "4:2:0");
    }
}
