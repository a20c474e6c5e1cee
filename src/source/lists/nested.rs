//! Columns of nested values: `{"image": {"url": ...}}` has the column `image.url`, and the links of
//! `{"images": [{"src": ...}, ...]}` are those of `images.src`.

use std::borrow::Cow;
use std::ops::ControlFlow;

use serde_json::{Map, Value};

use super::cells;
use super::columns::{self, Survey};
use super::list_reader::{List, Position};
use crate::model::{Columns, Message};

/// Deepest nesting whose columns have names.
const MAX_DEPTH: usize = 8;

/// The links of a column in one object.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Links {
    /// There is no such column.
    Missing,
    /// It is empty.
    Empty,
    /// It is neither text nor a list of texts.
    NotText,
    Some(Vec<String>),
}

/// The object with nested objects as columns of their own, such as `image.url`.
pub(super) fn flattened(object: Map<String, Value>) -> Map<String, Value> {
    let mut flat = Map::new();
    flatten(object, "", MAX_DEPTH, &mut flat);
    flat
}

fn flatten(object: Map<String, Value>, prefix: &str, depth: usize, into: &mut Map<String, Value>) {
    for (key, value) in object {
        let name = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
        match value {
            Value::Object(inner) if depth > 0 && !inner.is_empty() => flatten(inner, &name, depth - 1, into),
            value => {
                into.entry(name).or_insert(value);
            }
        }
    }
}

/// Notes the columns of a flat object, and which of them hold links.
pub(super) fn survey(object: &Map<String, Value>, survey: &mut Survey) {
    for (name, value) in object {
        survey.note(name, holds_links(value));
        let Value::Array(values) = value else { continue };
        // The objects of a list may hold links in one of their own columns.
        let Some(Value::Object(first)) = values.first() else { continue };
        for (inner, value) in flattened(first.clone()) {
            if holds_links(&value) == Some(true) {
                survey.note(&format!("{name}.{inner}"), Some(true));
            }
        }
    }
}

/// Whether a value is a link or a list of links; `None` if it is empty.
pub(super) fn holds_links(value: &Value) -> Option<bool> {
    match value {
        Value::Null => None,
        Value::String(text) if text.trim().is_empty() => None,
        Value::String(text) => Some(columns::is_link(text)),
        Value::Array(values) if values.is_empty() => None,
        Value::Array(values) => {
            Some(values.iter().all(|value| matches!(value, Value::String(text) if columns::is_link(text))))
        }
        _ => Some(false),
    }
}

/// The links of a column of a flat object, which may be a path through lists, such as `images.src`. The column itself is
/// taken out.
pub(super) fn take_links(object: &mut Map<String, Value>, column: &str) -> Links {
    let names: Vec<String> = object.keys().cloned().collect();
    if let Some(name) = columns::find(&names, column).and_then(|at| names.get(at)) {
        return object.shift_remove(name).map_or(Links::Missing, |value| links_in(&value));
    }
    let mut links = Vec::new();
    let mut is_there = false;
    for (at, _) in column.rmatch_indices('.') {
        let (name, rest) = (column.get(..at).unwrap_or_default(), column.get(at + 1..).unwrap_or_default());
        let Some(Value::Array(values)) = columns::find(&names, name).and_then(|at| object.get(names.get(at)?)) else {
            continue;
        };
        for value in values {
            let Value::Object(inner) = value else { continue };
            match take_links(&mut flattened(inner.clone()), rest) {
                Links::Some(more) => links.extend(more),
                Links::Missing => continue,
                Links::Empty | Links::NotText => {}
            }
            is_there = true;
        }
    }
    match (links.is_empty(), is_there) {
        (false, _) => Links::Some(links),
        (true, true) => Links::Empty,
        (true, false) => Links::Missing,
    }
}

fn links_in(value: &Value) -> Links {
    match value {
        Value::Null => Links::Empty,
        Value::String(text) => {
            Links::Some(cells::links_of(text).into_iter().map(std::borrow::Cow::into_owned).collect())
        }
        Value::Array(values) if values.is_empty() => Links::Empty,
        value => {
            let mut links = Vec::new();
            cells::collect(value, &mut links);
            if links.is_empty() { Links::NotText } else { Links::Some(links) }
        }
    }
}

/// Gives the links of an object.
pub(super) fn give(
    list: &mut List<'_>,
    position: Position,
    object: Map<String, Value>,
    column: Option<&str>,
) -> ControlFlow<()> {
    if list.lists.takes_rows {
        return list.row(position, Columns::from(flattened(object)));
    }
    let wanted = column.or(list.lists.url_column.as_deref()).unwrap_or(columns::URL);
    let mut object = flattened(object);
    let keys = object.keys().cloned().collect::<Vec<_>>().join(", ");
    match take_links(&mut object, wanted) {
        Links::Some(links) => list.links(position, links.iter().map(String::as_str), &Columns::from(object)),
        Links::Empty => list.no_link(position, "", "line_no_link"),
        Links::NotText => list.no_link(position, "", Message::new("line_key_not_text").with("key", wanted)),
        Links::Missing => {
            let message = if keys.is_empty() {
                Message::new("line_no_keys")
            } else {
                Message::new("line_no_key").with("keys", keys)
            };
            list.no_link(position, "", message.with("key", wanted))
        }
    }
}

/// JSON in which numbers are quoted unless they are read with all of their digits: `1.50`, `1e3`, numbers of more than 20
/// digits.
pub(super) fn with_digits(json: &[u8]) -> Cow<'_, [u8]> {
    let mut quoted = Vec::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(&byte) = json.get(at) {
        if byte == b'"' {
            at = end_of_string(json, at);
            continue;
        }
        if !matches!(byte, b'-' | b'0'..=b'9') {
            at += 1;
            continue;
        }
        let rest = json.get(at..).unwrap_or_default();
        let end = rest.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
        let number = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        if loses_digits(number) {
            quoted.extend(json.get(copied..at).unwrap_or_default());
            quoted.extend([b"\"", number, b"\""].concat());
            copied = at + number.len();
        }
        at += number.len();
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    quoted.extend(json.get(copied..).unwrap_or_default());
    Cow::Owned(quoted)
}

/// Where the string that begins here ends.
fn end_of_string(json: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = json.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    json.len()
}

/// Whether a valid number is written differently once it was read.
fn loses_digits(number: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(number) else { return false };
    let digits = text.strip_prefix('-').unwrap_or(text);
    // Short integers, which are the most frequent ones, or no valid number.
    let is_short = digits.len() < 19 && digits.bytes().all(|byte| byte.is_ascii_digit()) && text != "-0";
    let has_zeros = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    if is_short || has_zeros || digits.is_empty() {
        return false;
    }
    match serde_json::from_slice::<serde_json::Number>(number) {
        Ok(read) => read.to_string() != text,
        Err(error) => error.to_string().starts_with("number out of range"),
    }
}

/// The error in a line's JSON, without the parser's own line number.
pub(super) fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::nested::*;

    fn object(text: &str) -> Map<String, Value> {
        flattened(serde_json::from_str(text).unwrap())
    }

    #[test]
    fn nested_columns_are_found_by_their_path() {
        let text = r#"{"id": 7, "image": {"url": "http://h/a", "size": {"w": 1}},
            "images": [{"src": "http://h/b"}, {"src": "http://h/c"}], "tags": ["x"], "all": ["http://h/d", "http://h/e"]}"#;
        let links = |column: &str| take_links(&mut object(text), column);
        let some = |links: &[&str]| Links::Some(links.iter().map(|link| (*link).to_owned()).collect());
        assert_eq!(links("image.url"), some(&["http://h/a"]));
        assert_eq!(links("Image.URL"), some(&["http://h/a"]));
        assert_eq!(links("images.src"), some(&["http://h/b", "http://h/c"]));
        assert_eq!(links("images"), some(&["http://h/b", "http://h/c"]));
        assert_eq!(links("all"), some(&["http://h/d", "http://h/e"]));
        assert_eq!(
            (links("id"), links("tags"), links("none"), links("images.none")),
            (Links::NotText, Links::NotText, Links::Missing, Links::Missing)
        );
        let names: Vec<_> = object(text).keys().cloned().collect();
        assert_eq!(names, ["id", "image.url", "image.size.w", "images", "tags", "all"]);
    }

    #[test]
    fn columns_that_hold_links_are_noticed() {
        let mut found = Survey::default();
        survey(
            &object(
                r#"{"id": "7", "a": {"b": "http://h/a"}, "c": [{"src": "http://h/b", "n": 1}], "d": ["http://h/c"]}"#,
            ),
            &mut found,
        );
        assert_eq!(found.with_links(), ["a.b", "c.src", "d"]);
    }
}
