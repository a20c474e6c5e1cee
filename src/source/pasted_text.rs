//! Links and paths in pasted text: prose, HTML, Markdown, CSV, the clipboard of a file manager.

use std::borrow::Cow;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

use url::Url;

use crate::model::Locator;
use crate::store;

/// The links and paths in a pasted text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PastedText {
    /// `http` and `https` URLs in order, each once.
    pub urls: Vec<String>,
    /// Lines that are existing absolute paths, or `file://` URLs, each once.
    pub paths: Vec<PathBuf>,
    /// How many repetitions were left out.
    pub duplicates: u64,
}

/// Finds the links and paths in a text. Looks at the file system: a line counts as a path if the path exists.
pub fn find_links(text: &str) -> PastedText {
    let mut found = PastedText::default();
    let mut urls = HashSet::new();
    let mut paths = HashSet::new();
    for line in text.lines() {
        if let Some(path) = path_of(line) {
            if paths.insert(path.clone()) {
                found.paths.push(path);
            } else {
                found.duplicates += 1;
            }
            continue;
        }
        let unescaped = unescaped(line);
        let mut rest = &*unescaped;
        while let Some((url, after)) = next_url(rest) {
            rest = after;
            let Some(url) = url else { continue };
            if urls.insert(url.clone()) {
                found.urls.push(url);
            } else {
                found.duplicates += 1;
            }
        }
    }
    found
}

/// The line without the escapes of JSON or of HTML attributes.
fn unescaped(line: &str) -> Cow<'_, str> {
    const ESCAPES: [(&str, &str); 12] = [
        ("\\/", "/"),
        ("\\u0026", "&"),
        ("\\u002F", "/"),
        ("\\u002f", "/"),
        ("&#x2F;", "/"),
        ("&#47;", "/"),
        ("&#x3A;", ":"),
        ("&#58;", ":"),
        // Characters that end a link also end it when they are escaped.
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&lt;", "<"),
        ("&gt;", ">"),
    ];
    if !line.contains(['\\', '&']) {
        return Cow::Borrowed(line);
    }
    Cow::Owned(ESCAPES.iter().fold(line.to_owned(), |line, (escape, plain)| line.replace(escape, plain)))
}

/// The path that a whole line consists of, quoted or not.
fn path_of(line: &str) -> Option<PathBuf> {
    let line = line.trim().trim_start_matches('\u{feff}');
    let unquoted = ['"', '\''].iter().find_map(|quote| line.strip_prefix(*quote)?.strip_suffix(*quote));
    let line = unquoted.unwrap_or(line);
    if line.get(..7).is_some_and(|head| head.eq_ignore_ascii_case("file://")) {
        // File managers escape white space: a line with white space is prose.
        let is_whole = !line.contains(char::is_whitespace);
        return if is_whole { Url::parse(line).ok()?.to_file_path().ok() } else { None };
    }
    let path = Path::new(line);
    (path.is_absolute() && store::kind_at(path).is_some()).then(|| path.to_owned())
}

/// The next URL (`None` if it is not valid) and the text after it.
fn next_url(text: &str) -> Option<(Option<String>, &str)> {
    let start =
        text.char_indices().map(|(at, _)| at).find(|at| scheme(text.get(*at..).unwrap_or_default()).is_some())?;
    let before = text.get(..start)?.chars().next_back();
    let text = text.get(start..)?;
    let scheme_bytes = scheme(text)?;
    let end = end_of_url(text, scheme_bytes, before);
    let (url, after) = text.split_at_checked(end)?;
    // Ampersands in HTML attributes are escaped.
    let url = ["&amp;", "&#38;", "&#x26;"].iter().fold(url.to_owned(), |url, escape| url.replace(escape, "&"));
    let is_usable = !Locator::names_no_host(&url) && Url::parse(&url).is_ok();
    Some((is_usable.then_some(url), after))
}

/// Length of `http://` or `https://` at the beginning.
fn scheme(text: &str) -> Option<usize> {
    ["http://", "https://"].into_iter().map(str::len).zip(["http://", "https://"]).find_map(|(length, scheme)| {
        text.get(..length).is_some_and(|head| head.eq_ignore_ascii_case(scheme)).then_some(length)
    })
}

/// Length in bytes of the URL at the beginning of a text.
fn end_of_url(text: &str, scheme_bytes: usize, before: Option<char>) -> usize {
    let closing_quote = before.filter(|c| matches!(c, '\'' | '`' | '*' | '_' | '|'));
    let (mut round, mut square) = (0_u32, 0_u32);
    let mut end = text.len();
    for (at, c) in text.char_indices().skip_while(|(at, _)| *at < scheme_bytes) {
        let stops = match c {
            '(' => {
                round += 1;
                false
            }
            '[' => {
                square += 1;
                false
            }
            ')' => take_one(&mut round),
            ']' => take_one(&mut square),
            // Separates links of a list, unless the link contains another one.
            ',' | ';' | '|' => scheme(text.get(at + 1..).unwrap_or_default()).is_some(),
            _ => Some(c) == closing_quote || ends_every_url(c),
        };
        if stops {
            end = at;
            break;
        }
    }
    let url = text.get(..end).unwrap_or(text);
    url.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', '~']).len().max(scheme_bytes)
}

/// Closes a bracket; `true` if none was open.
fn take_one(open: &mut u32) -> bool {
    match open.checked_sub(1) {
        Some(left) => {
            *open = left;
            false
        }
        None => true,
    }
}

/// Characters that no URL contains, and the punctuation of Chinese, Japanese and Korean prose.
fn ends_every_url(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '<' | '>' | '"' | '`' | '{' | '}' | '\\' | '^')
        || matches!(c, '“' | '”' | '‘' | '’' | '«' | '»' | '…')
        || matches!(c, '\u{3001}' | '\u{3002}' | '\u{3008}'..='\u{3011}' | '\u{ff08}' | '\u{ff09}' | '\u{ff0c}')
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::super::pasted_text::*;

    #[test]
    fn links_are_found_in_any_text() {
        let cases: [(&str, &[&str]); 18] = [
            (
                "see https://h.example/a.jpg, and (http://h.example/b.png).",
                &["https://h.example/a.jpg", "http://h.example/b.png"],
            ),
            ("<img src=\"https://h/a?x=1&amp;y=2\"><a href='http://h/b'>", &["https://h/a?x=1&y=2", "http://h/b"]),
            ("[pic](https://h/a_(1).jpg)[two](https://h/b)", &["https://h/a_(1).jpg", "https://h/b"]),
            (
                "1,https://h/a.jpg,https://h/b.jpg;https://h/c|https://h/d",
                &["https://h/a.jpg", "https://h/b.jpg", "https://h/c", "https://h/d"],
            ),
            ("{\"url\":\"HTTPS://h/a\",\"n\":1}", &["HTTPS://h/a"]),
            ("https://web.example/2020/https://h/x.jpg", &["https://web.example/2020/https://h/x.jpg"]),
            ("https://h/w_200,h_100/a.jpg", &["https://h/w_200,h_100/a.jpg"]),
            ("「https://h/사진.jpg」와 https://h/b.jpg。", &["https://h/사진.jpg", "https://h/b.jpg"]),
            ("http:// https:///? http://.", &[]),
            ("http://[::1]:80/a http://[bad", &["http://[::1]:80/a"]),
            ("no link, h.example/a.jpg", &[]),
            ("`http://h/a` *http://h/b*", &["http://h/a", "http://h/b"]),
            (
                "(see https://en.wikipedia.org/wiki/Pixel_(webcomic)), or https://en.wikipedia.org/wiki/A_(b)?",
                &["https://en.wikipedia.org/wiki/Pixel_(webcomic)", "https://en.wikipedia.org/wiki/A_(b)"],
            ),
            (
                r#"{"u":"https:\/\/h\/a.jpg?x=1\u0026y=2","v":["http:\/\/h\/b"]}"#,
                &["https://h/a.jpg?x=1&y=2", "http://h/b"],
            ),
            ("<p data-x=\"{&quot;u&quot;:&quot;https://h/a&quot;}\">", &["https://h/a"]),
            ("<img srcset='https://h/1.jpg 1x, https://h/2.jpg 2x'>", &["https://h/1.jpg", "https://h/2.jpg"]),
            (
                "<https://h/auto> &lt;http://h/b&gt; file:///a https://h/c",
                &["https://h/auto", "http://h/b", "https://h/c"],
            ),
            ("", &[]),
        ];
        for (text, wanted) in cases {
            assert_eq!(find_links(text).urls, wanted, "{text}");
        }
    }

    #[test]
    fn each_link_comes_once_and_duplicates_are_counted() {
        let found = find_links("http://h/b\nhttp://h/a\nhttp://h/b http://h/b");
        assert_eq!(found.urls, ["http://h/b", "http://h/a"]);
        assert_eq!(found.duplicates, 2);
    }

    #[test]
    fn lines_that_are_paths_count_too() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a b.jpg");
        std::fs::write(&path, b"x").unwrap();
        let shown = path.display();
        let url = Url::from_file_path(&path).unwrap();
        let text = format!("copy\n{shown}\r\n\"{shown}\"\n{url}\nrelative.jpg\n{shown}.missing\nfile:///gone%20.jpg");
        let found = find_links(&text);
        assert_eq!(found.paths, [path, PathBuf::from("/gone .jpg")]);
        assert_eq!((found.duplicates, found.urls.len()), (2, 0));
    }

    proptest! {
        #[test]
        fn a_link_is_found_whatever_is_around_it(
            url in "https?://[a-z][a-z0-9-]{0,8}[a-z]\\.example(:[1-9][0-9]{0,3})?(/[A-Za-z0-9_~%.-]{0,8}[A-Za-z0-9]){0,4}(\\?[a-z]{1,4}=[A-Za-z0-9]{1,6}(&[a-z]{1,3}=[0-9]{1,4})?)?",
            before in "\\PC{0,30}", after in "\\PC{0,30}",
            around in prop::sample::select(vec![
                ("<a href=\"", "\">"), ("<img src='", "'/>"), ("](", ")"), ("(", ")."), ("<", ">"), ("\"url\":\"", "\","),
                ("", ""), ("", ", "), ("", ". "), ("„", "“"), ("`", "`"), ("**", "**"), ("url=", ";"), ("「", "」"),
            ]),
        ) {
            let text = format!("{before} {}{url}{} {after}", around.0, around.1);
            let found = find_links(&text);
            prop_assert!(found.urls.contains(&url), "{text:?}: {found:?}");
            for url in &found.urls {
                prop_assert!(Url::parse(url).is_ok_and(|url| url.host_str().is_some()), "{url}");
            }
        }

        #[test]
        fn any_text_gives_only_links_that_can_be_requested(text in any::<String>(), lead in "\\PC{0,5}") {
            for url in find_links(&format!("{lead}http://{text}\nhttps:\\/\\/{text}")).urls {
                prop_assert!(Url::parse(&url).is_ok_and(|url| matches!(url.scheme(), "http" | "https")), "{url}");
            }
        }

        #[test]
        fn no_text_breaks_it(text in r#"(https?://|[a-z./()\[\]"',;|한。&\n #?:@]){0,60}"#) {
            for url in find_links(&text).urls {
                prop_assert!(Url::parse(&url).is_ok());
            }
        }
    }
}
