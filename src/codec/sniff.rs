//! What some bytes are, told by their first few, never by a name.

use super::fault;
use crate::error::{ErrorKind, ItemError};
use crate::model::Format;

/// The picture format whose magic bytes these are.
pub fn sniff(bytes: &[u8]) -> Option<Format> {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Some(Format::Jpeg),
        [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Some(Format::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Format::Webp),
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Some(Format::Tiff),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Format::Gif),
        // Two letters prove little: the header's own size and the reserved zeros have to fit too.
        [b'B', b'M', _, _, _, _, 0, 0, 0, 0, _, _, _, _, 12 | 16 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0, ..] => {
            Some(Format::Bmp)
        }
        _ => None,
    }
}

/// The format, or the error that says what the bytes are instead.
pub(super) fn require(bytes: &[u8]) -> Result<Format, ItemError> {
    if bytes.is_empty() {
        return Err(ItemError::nameless(ErrorKind::Empty));
    }
    if let Some(format) = sniff(bytes) {
        return Ok(format);
    }
    if is_cut_magic(bytes) {
        return Err(fault::truncated());
    }
    if let Some(name) = known_but_not_built(bytes) {
        return Err(fault::unsupported(format!("{name} pictures can't be read yet")));
    }
    Err(ItemError::nameless(ErrorKind::NotAPicture).with("detail", looks_like(bytes)))
}

/// A file so short that only the beginning of a magic is there.
fn is_cut_magic(bytes: &[u8]) -> bool {
    const MAGICS: [&[u8]; 4] = [&[0xFF, 0xD8, 0xFF], b"\x89PNG\r\n\x1a\n", b"GIF89a", b"GIF87a"];
    bytes.len() >= 2 && MAGICS.iter().any(|magic| magic.starts_with(bytes))
}

/// Pictures that are known by their magic, but that no decoder here reads.
fn known_but_not_built(bytes: &[u8]) -> Option<&'static str> {
    const MAGICS: [(&[u8], &str); 14] = [
        (&[0xFF, 0x0A], "JPEG XL"),
        (&[0, 0, 0, 12, b'J', b'X', b'L', b' '], "JPEG XL"),
        (&[0, 0, 0, 12, b'j', b'P', b' ', b' '], "JPEG 2000"),
        (&[0xFF, 0x4F, 0xFF, 0x51], "JPEG 2000"),
        (&[0, 0, 1, 0], "Windows icon"),
        (b"8BPS", "Photoshop"),
        (b"qoif", "QOI"),
        (&[0x76, 0x2F, 0x31, 0x01], "OpenEXR"),
        (b"#?RADIANCE", "Radiance HDR"),
        (b"DDS ", "DirectDraw"),
        (b"FUJIFILMCCD-RAW", "Fujifilm raw"),
        (b"IIRO", "Olympus raw"),
        (b"IIU\0", "Panasonic raw"),
        (b"gimp xcf", "GIMP"),
    ];
    if let Some(brand) = bytes.get(4..12).and_then(|ftyp| ftyp.strip_prefix(b"ftyp")) {
        return match brand {
            b"avif" | b"avis" => Some("AVIF"),
            b"heic" | b"heix" | b"hevc" | b"hevx" | b"heim" | b"heis" | b"mif1" | b"msf1" => Some("HEIC"),
            b"crx " => Some("Canon raw"),
            _ => None,
        };
    }
    MAGICS.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|&(_, name)| name)
}

/// A guess for people: what the bytes look like.
fn looks_like(bytes: &[u8]) -> &'static str {
    const MAGICS: [(&[u8], &str); 12] = [
        (b"%PDF-", "it looks like a PDF"),
        (b"PK\x03\x04", "it looks like a ZIP archive or an office document"),
        (b"\x1f\x8b", "it looks like gzip"),
        (b"7z\xBC\xAF\x27\x1C", "it looks like a 7z archive"),
        (b"Rar!", "it looks like a RAR archive"),
        (b"ID3", "it looks like audio"),
        (b"OggS", "it looks like audio or video"),
        (b"fLaC", "it looks like audio"),
        (b"\x1A\x45\xDF\xA3", "it looks like a video"),
        (b"SQLite format 3", "it looks like a database"),
        (b"\x7FELF", "it looks like a program"),
        (b"MZ", "it looks like a program"),
    ];
    if let Some(&(_, words)) = MAGICS.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return words;
    }
    if bytes.get(4..8) == Some(b"ftyp") || (bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"AVI ")) {
        return "it looks like a video";
    }
    let head = bytes.get(..1024).unwrap_or(bytes);
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let text = head.trim_ascii_start();
    let lower = text.get(..text.len().min(512)).unwrap_or_default().to_ascii_lowercase();
    let begins = |word: &str| lower.starts_with(word.as_bytes());
    let holds = |word: &str| lower.windows(word.len()).any(|window| window == word.as_bytes());
    if begins("<!doctype html") || begins("<html") || (begins("<") && (holds("<head") || holds("<body"))) {
        "it looks like HTML"
    } else if begins("<svg") || (begins("<?xml") && holds("<svg")) {
        "it looks like SVG, which is no grid of pixels"
    } else if begins("<?xml") || begins("<") {
        "it looks like XML"
    } else if head.iter().all(|&byte| byte == 0) {
        "it holds nothing but zeros"
    } else if (begins("{") || begins("[")) && is_text(head) {
        "it looks like JSON"
    } else if is_text(head) {
        "it looks like text"
    } else {
        "its first bytes are those of no known picture"
    }
}

/// No control characters but white space, and UTF-8 as far as the cut allows.
fn is_text(head: &[u8]) -> bool {
    let printable = head.iter().all(|&byte| byte >= 0x20 || matches!(byte, b'\t' | b'\n' | b'\r' | 0x0C));
    let utf8 = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    printable && utf8
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_is_no_picture_says_what_it_looks_like() {
        let cases: [(&[u8], &str); 8] = [
            (b"<!DOCTYPE html><html><body>404</body></html>", "HTML"),
            (b"\n  <html lang=ko>", "HTML"),
            (b"%PDF-1.7 ...", "PDF"),
            (b"{\"error\": \"gone\"}", "JSON"),
            ("안녕하세요".as_bytes(), "text"),
            (b"\0\0\0\0\0\0\0\0", "zeros"),
            (b"\x01\x02\x03\x04nothing", "no known picture"),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        ];
        for (bytes, word) in cases {
            let error = require(bytes).unwrap_err();
            assert_eq!(error.kind, ErrorKind::NotAPicture);
            assert!(error.arg("detail").contains(word), "{} lacks {word}", error.arg("detail"));
        }
    }

    #[test]
    fn nothing_is_empty_and_known_formats_without_a_decoder_are_unsupported() {
        assert_eq!(require(b"").unwrap_err().kind, ErrorKind::Empty);
        let cases: [&[u8]; 4] =
            [b"\0\0\0\x1cftypavif\0\0", b"\0\0\0\x1cftypheic\0\0", b"\xFF\x0A\0\0", b"\0\0\0\x0cJXL \r\n\x87\n"];
        for bytes in cases {
            assert_eq!(require(bytes).unwrap_err().kind, ErrorKind::Unsupported, "{bytes:?}");
        }
    }

    #[test]
    fn a_text_that_begins_with_bm_is_no_bitmap() {
        assert_eq!(sniff(b"BMW is a maker of cars, and this is a text."), None);
    }
}
