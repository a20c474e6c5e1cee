//! The links in a line or a cell: one, several as shops export them, quoted, or in brackets.

use std::borrow::Cow;

use serde_json::Value;

use crate::model::Locator;

/// Characters between the links of a cell.
const SEPARATORS: [char; 3] = [',', ';', '|'];
/// Quotes and brackets around a link.
const PAIRS: [(char, char); 14] = [
    ('"', '"'),
    ('\'', '\''),
    ('`', '`'),
    ('<', '>'),
    ('[', ']'),
    ('(', ')'),
    ('{', '}'),
    ('“', '”'),
    ('‘', '’'),
    ('«', '»'),
    ('「', '」'),
    ('『', '』'),
    ('„', '“'),
    ('＜', '＞'),
];

/// The links of a cell, in order: `a`, `a, b`, `a;b`, `a|b`, one per line, or JSON such as `["a", "b"]`. A text without a
/// link is returned as a whole.
pub(in crate::source) fn links_of(text: &str) -> Vec<Cow<'_, str>> {
    let text = text.trim_matches(is_blank);
    if text.starts_with(['[', '{'])
        && let Ok(value) = serde_json::from_str::<Value>(text)
    {
        let mut links = Vec::new();
        collect(&value, &mut links);
        if !links.is_empty() {
            return links.into_iter().map(Cow::Owned).collect();
        }
    }
    split(text).map(|link| Cow::Borrowed(unwrapped(link))).collect()
}

/// Whether a character before or after a link is not visible: white space, and what copied text often contains (zero
/// width space, direction marks, word joiner, byte order mark).
pub(super) fn is_blank(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// The links in a JSON value.
pub(super) fn collect(value: &Value, links: &mut Vec<String>) {
    match value {
        Value::String(text) if Locator::is_url(text.trim()) => links.push(text.trim().to_owned()),
        Value::Array(values) => values.iter().for_each(|value| collect(value, links)),
        // The first link of `{"src": ..., "thumbnail": ...}`.
        Value::Object(object) => {
            let mut found = Vec::new();
            object.values().for_each(|value| collect(value, &mut found));
            links.extend(found.into_iter().next());
        }
        _ => {}
    }
}

/// Divides a text before each link that follows a separator or white space.
pub(super) fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let link = rest.take()?;
        let Some(next) = next_link(link) else { return Some(link) };
        let (link, next) = link.split_at(next);
        rest = Some(next);
        Some(link.trim_end().trim_end_matches(SEPARATORS))
    })
}

/// Where the second link of a text begins, with the quote or bracket before it.
fn next_link(text: &str) -> Option<usize> {
    let after_separator = text
        .char_indices()
        .filter(|(_, c)| c.is_whitespace() || SEPARATORS.contains(c))
        .map(|(at, c)| at + c.len_utf8());
    let mut is_after_link = false;
    let mut seen = 0;
    for at in after_separator {
        // What is before the first link belongs to it.
        is_after_link |= text.get(seen..at).is_some_and(has_link);
        seen = at;
        let rest = text.get(at..)?;
        if is_after_link && Locator::is_url(rest.trim_start_matches(opens)) {
            return Some(at);
        }
    }
    None
}

fn has_link(text: &str) -> bool {
    text.contains("://")
}

fn opens(c: char) -> bool {
    PAIRS.iter().any(|(open, _)| *open == c)
}

/// A link without quotes or brackets around it, and without a comma after them.
pub(super) fn unwrapped(text: &str) -> &str {
    let text = text.trim();
    let Some((at, before)) = text.char_indices().take_while(|(_, c)| opens(*c)).last() else {
        return if Locator::is_url(text) { text.trim_end_matches([',', ';']) } else { text };
    };
    let inner = text.get(at + before.len_utf8()..).unwrap_or_default();
    if !Locator::is_url(inner.trim_start()) {
        return text;
    }
    let close = PAIRS.iter().find(|(open, _)| *open == before).map_or(before, |(_, close)| *close);
    // Brackets may be part of a link, unless they close the last one.
    let end = if matches!(close, ')' | ']' | '}') { closing(inner, before, close) } else { inner.find(close) };
    inner.get(..end.unwrap_or(inner.len())).unwrap_or(inner).trim()
}

/// Where the bracket is closed that was opened before a text.
fn closing(text: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 1_u32;
    text.char_indices().find_map(|(at, c)| {
        if c == open {
            depth += 1;
        } else if c == close {
            depth -= 1;
        }
        (depth == 0).then_some(at)
    })
}

/// The part of a line of text that begins with its first link, if only the marks of a list are before it: `- `, `1. `,
/// `* `, or the text of a Markdown link.
pub(super) fn without_marks(line: &str) -> &str {
    let line = line.trim_start();
    let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = if digits.len() < line.len() { digits.strip_prefix(['.', ')']) } else { None };
    let rest = numbered.or_else(|| line.strip_prefix(['-', '*', '+', '•', '·'])).map_or(line, str::trim_start);
    let markdown = rest.strip_prefix('!').unwrap_or(rest);
    if markdown.starts_with('[')
        && let Some((text, _)) = markdown.split_once("](")
        && let Some(target) = markdown.get(text.len() + 1..)
        && Locator::is_url(target.trim_start_matches(opens))
    {
        return target;
    }
    if Locator::is_url(rest.trim_start_matches(opens)) { rest } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_may_hold_several_links() {
        for (text, links) in [
            ("http://h/a", &["http://h/a"][..]),
            // WooCommerce, Shopify, Magento, one per line.
            ("http://h/a, http://h/b", &["http://h/a", "http://h/b"]),
            ("http://h/a;https://h/b;http://h/c", &["http://h/a", "https://h/b", "http://h/c"]),
            ("http://h/a|http://h/b", &["http://h/a", "http://h/b"]),
            ("http://h/a\nhttp://h/b\n", &["http://h/a", "http://h/b"]),
            ("http://h/a HTTP://h/b", &["http://h/a", "HTTP://h/b"]),
            ("[\"http://h/a\",\"http://h/b\"]", &["http://h/a", "http://h/b"]),
            ("[{\"id\":1,\"src\":\"http://h/a\"},{\"src\":\"http://h/b\"}]", &["http://h/a", "http://h/b"]),
            ("['http://h/a', 'http://h/b']", &["http://h/a", "http://h/b"]),
            ("\"http://h/a\", \"http://h/b\"", &["http://h/a", "http://h/b"]),
            ("http://h/a,", &["http://h/a"]),
            ("<http://h/a>", &["http://h/a"]),
            // One link each.
            ("https://h/w_200,h_100/a.jpg", &["https://h/w_200,h_100/a.jpg"]),
            ("https://h/?u=http://h/b", &["https://h/?u=http://h/b"]),
            ("https://h/a b.jpg", &["https://h/a b.jpg"]),
            ("https://h/fetch/https://h/b", &["https://h/fetch/https://h/b"]),
            ("(https://h/a_(1).jpg)", &["https://h/a_(1).jpg"]),
            ("https://h/a_(1)", &["https://h/a_(1)"]),
            ("nonsense", &["nonsense"]),
            ("[1, 2]", &["[1, 2]"]),
            ("", &[""]),
        ] {
            assert_eq!(links_of(text), links, "{text}");
        }
    }

    #[test]
    fn marks_of_a_list_are_no_part_of_a_link() {
        for (line, rest) in [
            ("- http://h/a", "http://h/a"),
            ("1. http://h/a", "http://h/a"),
            ("12) <http://h/a>", "<http://h/a>"),
            ("* [http://h/a]", "[http://h/a]"),
            ("[a photo](http://h/a)", "(http://h/a)"),
            ("![a photo](http://h/a)", "(http://h/a)"),
            ("- no link", "- no link"),
            ("1http://h/a", "1http://h/a"),
            ("[http://h/a]", "[http://h/a]"),
        ] {
            assert_eq!(without_marks(line), rest, "{line}");
        }
    }
}
