//! File names from untrusted text: headers and URLs.

use url::Url;

use super::content_disposition;
use crate::model::{link_name, text_encoding};

/// Longest name, in bytes of UTF-8.
const MAX_BYTES: usize = 200;
/// Longest extension that is kept when a name is cut, in bytes without its dot.
const MAX_EXTENSION_BYTES: usize = 16;

/// A name that can be given to a file on any system, made from an untrusted one: its last segment only, without
/// separators, control or direction characters, reserved characters or device names, at most 200 bytes. `None` if
/// nothing is left.
pub fn safe_file_name(name: &str) -> Option<String> {
    let last = name.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String =
        last.chars().filter(|c| !is_invisible(*c)).map(|c| if is_reserved(c) { '_' } else { c }).collect();
    // A leading dot would hide the file, or pass it off as one of our temporaries.
    let trimmed = clean.trim_start_matches(|c: char| c == '.' || c.is_whitespace());
    let trimmed = trim_end(trimmed);
    if trimmed.is_empty() {
        return None;
    }
    let named = if is_device(trimmed) { format!("_{trimmed}") } else { trimmed.to_owned() };
    let cut = shorten(&named);
    (!cut.is_empty()).then_some(cut)
}

/// The last segment of a URL's path as a safe name, percent-decoded; `None` if it is empty.
pub fn name_from_url(url: &str) -> Option<String> {
    from_url(&Url::parse(url).ok()?)
}

/// The name of a response: from Content-Disposition, else from the requested URL, or from the one that answered if only
/// that one has an extension.
pub(super) fn name_of_response(disposition: Option<&[u8]>, requested: &Url, answered: &Url) -> Option<String> {
    if let Some(name) =
        disposition.and_then(|header| content_disposition::file_name(header, answered.host_str(), safe_file_name))
    {
        return Some(name);
    }
    let (requested, answered) = (from_url(requested), from_url(answered));
    match (requested, answered) {
        (Some(requested), Some(answered)) if !has_extension(&requested) && has_extension(&answered) => Some(answered),
        (requested, answered) => requested.or(answered),
    }
}

fn from_url(url: &Url) -> Option<String> {
    let last = url.path_segments()?.rfind(|segment| !segment.is_empty())?;
    safe_file_name(&text_encoding::percent_decoded(last, url.host_str()))
}

/// Invisible characters: control characters, and those that change the direction of writing.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn is_reserved(c: char) -> bool {
    matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*')
}

fn trim_end(name: &str) -> &str {
    name.trim_end_matches(|c: char| c == '.' || c.is_whitespace())
}

/// Names that Windows reserves for devices, with any extension.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_uppercase();
    if matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$") {
        return true;
    }
    let digit = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
    let mut rest = digit.unwrap_or_default().chars();
    matches!((rest.next(), rest.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
}

/// Whether a name has an extension that may say something about its content.
fn has_extension(name: &str) -> bool {
    link_name::split(name).1.is_some_and(|extension| !link_name::is_program(extension))
}

/// The name without its extension, and the extension without its dot, if it looks like one.
fn split_extension(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once('.') {
        Some((stem, extension))
            if !stem.is_empty()
                && !extension.is_empty()
                && extension.len() <= MAX_EXTENSION_BYTES
                && extension.chars().all(char::is_alphanumeric) =>
        {
            (stem, Some(extension))
        }
        _ => (name, None),
    }
}

/// At most [`MAX_BYTES`], cut between characters, the extension kept.
fn shorten(name: &str) -> String {
    if name.len() <= MAX_BYTES {
        return name.to_owned();
    }
    let (stem, extension) = split_extension(name);
    let room = MAX_BYTES - extension.map_or(0, |extension| extension.len() + 1);
    let stem = trim_end(stem.get(..stem.floor_char_boundary(room)).unwrap_or(stem));
    match extension {
        Some(extension) => format!("{stem}.{extension}"),
        None => stem.to_owned(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::super::file_name::*;

    #[test]
    fn hostile_names_become_harmless_ones() {
        let cases = [
            ("../../etc/passwd", Some("passwd")),
            ("C:\\Windows\\win.ini", Some("win.ini")),
            ("a\0b\n.jpg", Some("ab.jpg")),
            ("con", Some("_con")),
            ("NUL .tar.gz", Some("_NUL .tar.gz")),
            ("com¹.txt", Some("_com¹.txt")),
            ("com10.txt", Some("com10.txt")),
            ("x.jpg. . ", Some("x.jpg")),
            (".pixloom-1.part", Some("pixloom-1.part")),
            ("a<b>:c?.png", Some("a_b__c_.png")),
            ("gpj.\u{202e}exe", Some("gpj.exe")),
            ("사진 1.jpg", Some("사진 1.jpg")),
            ("..", None),
            ("///", None),
            ("", None),
            (" . ", None),
        ];
        for (given, wanted) in cases {
            assert_eq!(safe_file_name(given).as_deref(), wanted, "{given:?}");
        }
    }

    #[test]
    fn a_long_name_is_cut_between_characters_and_keeps_its_extension() {
        let name = safe_file_name(&format!("{}.jpeg", "한".repeat(100))).unwrap();
        assert!(name.len() <= 200 && name.ends_with("한.jpeg"), "{name}");
    }

    #[test]
    fn the_url_that_was_asked_for_names_the_file_unless_only_the_other_has_an_extension() {
        let name = |requested: &str, answered: &str| {
            name_of_response(None, &Url::parse(requested).unwrap(), &Url::parse(answered).unwrap())
        };
        assert_eq!(name("http://h/a%20b.jpg?x=1", "http://cdn/77").as_deref(), Some("a b.jpg"));
        assert_eq!(name("http://h/77", "http://cdn/c.png").as_deref(), Some("c.png"));
        assert_eq!(name("http://h/77/", "http://cdn/88").as_deref(), Some("77"));
        assert_eq!(name("http://h/..%2f..%2fx.sh", "http://h/").as_deref(), Some("x.sh"));
        assert_eq!(name("http://h/", "http://h/"), None);
        assert_eq!(name("http://h/get.php?id=7", "http://cdn/c.png").as_deref(), Some("c.png"));
        assert_eq!(name("http://h/get.php", "http://cdn/other").as_deref(), Some("get.php"));
    }

    /// The bytes as curl and wget save them, in the encodings of their countries.
    #[test]
    fn a_percent_encoded_name_is_decoded_in_its_own_encoding() {
        for (url, name) in [
            ("http://shop.kr/%BB%E7%C1%F8.jpg", "사진.jpg"),
            ("http://h.jp/%95%5C%8E%86.jpg", "表紙.jpg"),
            ("http://h.cn/%CD%BC%C6%AC%D7%CA%C1%CF.jpg", "图片资料.jpg"),
            ("http://h.fr/caf%E9.jpg", "café.jpg"),
            ("http://h/%ED%95%9C.jpg", "한.jpg"),
            ("http://h.kr/a%81%FF.jpg", "a%81%FF.jpg"),
        ] {
            assert_eq!(name_from_url(url).as_deref(), Some(name), "{url}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn no_name_escapes(name in prop_oneof![
            r"[\x00-\x7f가-힣\u{202e}\u{0301}./\\: ]{0,300}",
            r"(\.\./|\.\.\\|/|C:|\\\\\?\\|~|\$HOME|%2e%2e%2f|\x00){1,5}[a-z]{0,5}",
            r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9]|conin\$)[ .]{0,3}(\.[a-z]{0,4}){0,3}",
            any::<String>(),
            "[a-zA-Z한글.]{190,900}",
        ]) {
            if let Some(safe) = safe_file_name(&name) {
                prop_assert!(!safe.is_empty() && safe.len() <= 200);
                prop_assert!(!safe.contains(['/', '\\', '\0', ':', '<', '>', '"', '|', '?', '*']));
                prop_assert!(!safe.chars().any(char::is_control));
                prop_assert!(!safe.starts_with('.') && !safe.ends_with(['.', ' ']));
                prop_assert!(!is_device(&safe));
                prop_assert_eq!(safe_file_name(&safe), Some(safe.clone()));
            }
        }

        #[test]
        fn no_url_and_no_header_names_another_folder(path in ".{0,60}", header in ".{0,60}") {
            let header = format!("attachment; filename=\"{header}\"; filename*=UTF-8''{header}");
            let disposed = content_disposition::file_name(header.as_bytes(), None, safe_file_name);
            let names = [name_from_url(&format!("http://h/{path}")), disposed];
            for name in names.into_iter().flatten() {
                let components: Vec<_> = std::path::Path::new(&name).components().collect();
                prop_assert!(matches!(components.as_slice(), [std::path::Component::Normal(_)]), "{}", name);
            }
        }
    }
}
