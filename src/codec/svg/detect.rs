//! Recognises an SVG by its root element, and decodes its text: UTF-8 or UTF-16, optionally compressed with gzip.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::GzDecoder;

use crate::codec::errors;
use crate::error::ItemError;
use crate::model::{Message, human};

/// Bytes of a document that are searched for its root element.
const HEAD_BYTES: usize = 64 << 10;
/// Maximum length of the text: drawings of this size take minutes and gigabytes.
const MAX_TEXT_BYTES: u64 = 64 << 20;

/// Whether a document's root element is `svg`, as far as its first bytes show.
pub(in crate::codec) fn is_svg(bytes: &[u8]) -> bool {
    let head = bytes.get(..HEAD_BYTES).unwrap_or(bytes);
    if is_gzip(head) {
        let mut text = Vec::new();
        // A truncated or damaged end does not matter here.
        let _ = GzDecoder::new(head).take(HEAD_BYTES as u64).read_to_end(&mut text);
        has_root(&narrow(&text))
    } else {
        has_root(&narrow(head))
    }
}

/// Where the root element begins in a text; `None` if another element comes first.
pub(super) fn root_at(text: &str) -> Option<usize> {
    let text = text.as_bytes();
    let element = to_first_element(text);
    (element.first() == Some(&b'<') && has_root(element)).then(|| text.len() - element.len())
}

/// The text at the beginning of a document.
pub(super) fn head(bytes: &[u8]) -> Option<String> {
    let mut head = bytes.get(..HEAD_BYTES).unwrap_or(bytes).to_vec();
    if is_gzip(&head) {
        let mut text = Vec::new();
        let _ = GzDecoder::new(head.as_slice()).take(HEAD_BYTES as u64).read_to_end(&mut text);
        head = text;
    }
    // The last character may be cut.
    while head.len() + 4 > HEAD_BYTES && decoded(&head).is_err() {
        head.pop();
    }
    decoded(&head).ok().map(Cow::into_owned)
}

const fn is_gzip(bytes: &[u8]) -> bool {
    matches!(bytes, [0x1F, 0x8B, 8, ..])
}

/// Reduces UTF-16 to ASCII letters, which are enough here; leaves anything else unchanged.
fn narrow(bytes: &[u8]) -> Cow<'_, [u8]> {
    let low = match bytes {
        [0xFF, 0xFE, ..] => 0,
        [0xFE, 0xFF, ..] => 1,
        _ => return Cow::Borrowed(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)),
    };
    let pairs = bytes.get(2..).unwrap_or_default().as_chunks::<2>().0;
    Cow::Owned(pairs.iter().map(|pair| if pair[1 - low] == 0 { pair[low] } else { b'?' }).collect())
}

/// Whether `svg` comes first, after declarations, comments and a document type.
fn has_root(text: &[u8]) -> bool {
    to_first_element(text).strip_prefix(b"<").is_some_and(is_svg_name)
}

/// The text from its first element on, without declarations, comments and a document type before it.
fn to_first_element(mut text: &[u8]) -> &[u8] {
    loop {
        text = text.trim_ascii_start();
        text = match text {
            [b'<', b'?', ..] => after(text, b"?>"),
            [b'<', b'!', b'-', b'-', ..] => after(text, b"-->"),
            [b'<', b'!', ..] => after_doctype(text),
            _ => return text,
        };
    }
}

fn after<'t>(text: &'t [u8], end: &[u8]) -> &'t [u8] {
    let at = text.windows(end.len()).position(|window| window == end);
    at.and_then(|at| text.get(at + end.len()..)).unwrap_or_default()
}

/// A document type may contain declarations in brackets, which don't end it.
fn after_doctype(text: &[u8]) -> &[u8] {
    let mut depth = 0u32;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' => depth = depth.saturating_sub(1),
            b'>' if depth == 0 => return text.get(at + 1..).unwrap_or_default(),
            _ => {}
        }
    }
    &[]
}

/// Whether an element's name is `svg`, with or without a prefix.
fn is_svg_name(element: &[u8]) -> bool {
    let end = element.iter().position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/'));
    let name = end.and_then(|end| element.get(..end)).unwrap_or_default();
    name.rsplit(|&byte| byte == b':').next() == Some(b"svg")
}

/// Length of the document's text, according to its compressed form.
pub(super) fn text_bytes(bytes: &[u8]) -> u64 {
    let packed = if is_gzip(bytes) { bytes.last_chunk::<4>() } else { None };
    packed.map_or(bytes.len() as u64, |length| u64::from(u32::from_le_bytes(*length)).min(MAX_TEXT_BYTES))
}

/// The document's text, decompressed. `TooLarge` above `MAX_TEXT_BYTES`.
pub(super) fn text(bytes: &[u8]) -> Result<Cow<'_, str>, ItemError> {
    let raw = if is_gzip(bytes) {
        let mut raw = Vec::new();
        GzDecoder::new(bytes).take(MAX_TEXT_BYTES + 1).read_to_end(&mut raw).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => errors::truncated(),
            _ => errors::corrupt(errors::from_decoder(error)),
        })?;
        Cow::Owned(raw)
    } else {
        Cow::Borrowed(bytes)
    };
    if raw.len() as u64 > MAX_TEXT_BYTES {
        return Err(errors::too_large(Message::new("svg_text").with("most", human::bytes(MAX_TEXT_BYTES))));
    }
    match raw {
        Cow::Borrowed(raw) => decoded(raw),
        Cow::Owned(raw) => decoded(&raw).map(|text| Cow::Owned(text.into_owned())),
    }
}

fn decoded(raw: &[u8]) -> Result<Cow<'_, str>, ItemError> {
    let wide = |unit: fn([u8; 2]) -> u16| {
        let units = raw.get(2..).unwrap_or_default().as_chunks::<2>().0.iter().map(|&pair| unit(pair));
        char::decode_utf16(units)
            .collect::<Result<String, _>>()
            .map(Cow::Owned)
            .map_err(|error| errors::corrupt(errors::from_decoder(error)))
    };
    match raw {
        [0xFF, 0xFE, ..] => wide(u16::from_le_bytes),
        [0xFE, 0xFF, ..] => wide(u16::from_be_bytes),
        _ => {
            let raw = raw.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(raw);
            std::str::from_utf8(raw).map(Cow::Borrowed).map_err(|_| errors::corrupt("svg_utf8"))
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::super::detect::*;

    #[test]
    fn only_the_root_element_decides() {
        let yes: [&[u8]; 5] = [
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"\xEF\xBB\xBF <?xml version='1.0'?>\n<!-- <html> -->\n<svg>",
            b"<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' [ <!ENTITY a 'b'> ]>\n<svg\n>",
            b"<s:svg xmlns:s='http://www.w3.org/2000/svg'>",
            b"\xFF\xFE<\0s\0v\0g\0>\0",
        ];
        for text in yes {
            assert!(is_svg(text), "{text:?}");
        }
        let no: [&[u8]; 6] =
            [b"<html><svg></svg></html>", b"<svgz>", b"svg", b"<!DOCTYPE html><svg>", b"<?xml", b"<!-- <svg> "];
        for text in &no[..3] {
            assert!(!is_svg(text), "{text:?}");
        }
        for text in &no[4..] {
            assert!(!is_svg(text), "{text:?}");
        }
    }

    #[test]
    fn compressed_and_utf_16_texts_are_decoded_and_bombs_are_not() {
        use std::io::Write as _;
        let pack = |text: &[u8]| {
            let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            packed.write_all(text).unwrap();
            packed.finish().unwrap()
        };
        let packed = pack("<svg>한</svg>".as_bytes());
        assert!(is_svg(&packed));
        assert_eq!(text(&packed).unwrap(), "<svg>한</svg>");
        let wide: Vec<u8> = "\u{FEFF}<svg>한</svg>".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert!(is_svg(&wide));
        assert_eq!(text(&wide).unwrap(), "<svg>한</svg>");
        let mut bomb = b"<svg>".to_vec();
        bomb.resize(MAX_TEXT_BYTES as usize + 10, b' ');
        assert_eq!(text(&pack(&bomb)).unwrap_err().kind, crate::error::ErrorKind::TooLarge);
        assert!(!is_svg(&pack(b"nothing of the kind")));
    }
}
