//! Arrays: read from the binary format, written as text.

use std::fmt::Write as _;

/// Begins an array literal.
pub(super) fn begin(out: &mut String) {
    out.push('{');
}

/// Adds an element, quoted.
pub(super) fn push(out: &mut String, element: Option<&str>) {
    if out.len() > 1 {
        out.push(',');
    }
    let Some(text) = element else { return out.push_str("NULL") };
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\\']) {
        out.push_str(&rest[..at]);
        out.push('\\');
        out.push_str(&rest[at..=at]);
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

/// Adds an element that needs no quotes, such as a number.
pub(super) fn push_plain(out: &mut String, element: &str) {
    if out.len() > 1 {
        out.push(',');
    }
    out.push_str(element);
}

/// Ends an array literal.
pub(super) fn end(out: &mut String) {
    out.push('}');
}

/// An array in the binary format as the server writes it; `element` is the text of one. `None` if the bytes are not one.
pub(super) fn text(raw: &[u8], element: &mut dyn FnMut(&[u8]) -> Option<String>) -> Option<String> {
    let mut reader = Reader(raw);
    let (dimensions, _, _) = (reader.int()?, reader.int()?, reader.int()?);
    if dimensions == 0 {
        return Some("{}".to_owned());
    }
    let mut sizes = Vec::new();
    let (mut bounds, mut has_bounds) = (String::new(), false);
    for _ in 0..dimensions {
        let (size, lower) = (reader.int()?, reader.int()?);
        has_bounds |= lower != 1;
        let _ = write!(bounds, "[{lower}:{}]", i64::from(lower) + i64::from(size) - 1);
        sizes.push(usize::try_from(size).ok()?);
    }
    let mut out = if has_bounds { bounds + "=" } else { String::new() };
    write_level(&mut reader, &sizes, element, &mut out)?;
    Some(out)
}

fn write_level(
    reader: &mut Reader<'_>,
    sizes: &[usize],
    element: &mut dyn FnMut(&[u8]) -> Option<String>,
    out: &mut String,
) -> Option<()> {
    let Some((size, inner)) = sizes.split_first() else {
        match usize::try_from(reader.int()?) {
            Err(_) => out.push_str("NULL"),
            Ok(length) => push_as_server(out, &element(reader.bytes(length)?)?),
        }
        return Some(());
    };
    out.push('{');
    for index in 0..*size {
        if index > 0 {
            out.push(',');
        }
        write_level(reader, inner, element, out)?;
    }
    out.push('}');
    Some(())
}

/// An element with quotes only where they are needed.
fn push_as_server(out: &mut String, text: &str) {
    let is_special = |c: char| matches!(c, '"' | '\\' | '{' | '}' | ',' | ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c');
    if !text.is_empty() && !text.eq_ignore_ascii_case("NULL") && !text.contains(is_special) {
        return out.push_str(text);
    }
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    fn int(&mut self) -> Option<i32> {
        self.bytes(4).and_then(|bytes| bytes.try_into().ok()).map(i32::from_be_bytes)
    }
}
