//! Recognises a file by its first bytes, never by its name.

use super::errors;
use super::formats::specs;
use super::spec::FormatSpec;
use crate::error::{ErrorKind, ItemError};
use crate::model::{Format, Message, OtherFormat};

/// The image format of a file.
pub fn sniff(bytes: &[u8]) -> Option<Format> {
    recognise(bytes).map(FormatSpec::format)
}

/// Whether a file's first bytes are those of an image, whether or not it can be opened.
pub fn is_image(bytes: &[u8]) -> bool {
    recognise(bytes).is_some() || OtherFormat::of_bytes(bytes).is_some()
}

/// The declaration of a file's format.
pub(super) fn recognise(bytes: &[u8]) -> Option<&'static FormatSpec> {
    specs().find(|spec| (spec.sniff)(bytes))
}

/// Like [`sniff`]; the error says what the file is instead: `Empty`, `Truncated`, `Unsupported` or `NotAPicture`.
pub fn require_format(bytes: &[u8]) -> Result<Format, ItemError> {
    require(bytes).map(FormatSpec::format)
}

/// Like [`recognise`]; the error says what the file is instead.
pub(super) fn require(bytes: &[u8]) -> Result<&'static FormatSpec, ItemError> {
    if bytes.is_empty() {
        return Err(ItemError::nameless(ErrorKind::Empty));
    }
    if let Some(spec) = recognise(bytes) {
        return Ok(spec);
    }
    if is_cut_signature(bytes) {
        return Err(errors::truncated());
    }
    if let Some(format) = OtherFormat::of_bytes(bytes) {
        return Err(errors::unsupported(match format.feature {
            Some(feature) => {
                Message::new("image_format_left_out").with("format", format.label).with("feature", feature)
            }
            None => Message::new("image_format_unknown").with("format", format.label),
        }));
    }
    Err(ItemError::nameless(ErrorKind::NotAPicture).saying(&Message::new(looks_like(bytes))))
}

/// Whether a file is so short that it holds only the beginning of a signature.
fn is_cut_signature(bytes: &[u8]) -> bool {
    bytes.len() >= 2 && specs().flat_map(|spec| spec.signatures).any(|signature| signature.starts_with(bytes))
}

/// A guess for people: what the bytes look like, as the id of a message.
fn looks_like(bytes: &[u8]) -> &'static str {
    const MAGICS: [(&[u8], &str); 11] = [
        (b"PK\x03\x04", "looks_like_zip"),
        (b"\x1f\x8b", "looks_like_gzip"),
        (b"7z\xBC\xAF\x27\x1C", "looks_like_7z"),
        (b"Rar!", "looks_like_rar"),
        (b"ID3", "looks_like_audio"),
        (b"OggS", "looks_like_ogg"),
        (b"fLaC", "looks_like_audio"),
        (b"\x1A\x45\xDF\xA3", "looks_like_video"),
        (b"SQLite format 3", "looks_like_database"),
        (b"\x7FELF", "looks_like_program"),
        (b"MZ", "looks_like_program"),
    ];
    if let Some(&(_, words)) = MAGICS.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return words;
    }
    if bytes.get(4..8) == Some(b"ftyp") || (bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"AVI ")) {
        return "looks_like_video";
    }
    let head = bytes.get(..1024).unwrap_or(bytes);
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let text = head.trim_ascii_start();
    let lower = text.get(..text.len().min(512)).unwrap_or_default().to_ascii_lowercase();
    let begins = |word: &str| lower.starts_with(word.as_bytes());
    let holds = |word: &str| lower.windows(word.len()).any(|window| window == word.as_bytes());
    if begins("<!doctype html") || begins("<html") || (begins("<") && (holds("<head") || holds("<body"))) {
        "looks_like_html"
    } else if begins("<?xml") || begins("<") {
        "looks_like_xml"
    } else if head.iter().all(|&byte| byte == 0) {
        "looks_like_zeros"
    } else if (begins("{") || begins("[")) && is_text(head) {
        "looks_like_json"
    } else if is_text(head) {
        "looks_like_text"
    } else {
        "looks_like_nothing"
    }
}

/// No control characters except white space, and valid UTF-8 as far as it goes.
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
    use crate::codec::formats::known;

    #[test]
    fn other_files_are_described_by_what_they_look_like() {
        let cases: [(&[u8], &str); 6] = [
            (b"<!DOCTYPE html><html><body>404</body></html>", "HTML"),
            (b"\n  <html lang=ko>", "HTML"),
            (b"{\"error\": \"gone\"}", "JSON"),
            ("안녕하세요".as_bytes(), "text"),
            (b"\0\0\0\0\0\0\0\0", "zeros"),
            (b"\x01\x02\x03\x04nothing", "not a known image format"),
        ];
        for (bytes, word) in cases {
            let error = require_format(bytes).unwrap_err();
            assert_eq!(error.kind, ErrorKind::NotAPicture);
            assert!(error.arg("detail").contains(word), "{} lacks {word}", error.arg("detail"));
        }
    }

    #[test]
    fn empty_files_and_unsupported_formats_are_named() {
        assert_eq!(require_format(b"").unwrap_err().kind, ErrorKind::Empty);
        let cases: [(&[u8], &str); 2] =
            [(b"\0\0\0\x1cftypavci\0\0\0\0mif1avci", "AVC in HEIF"), (b"8BPS\0\x01", "Photoshop")];
        for (bytes, name) in cases {
            let error = require_format(bytes).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Unsupported, "{bytes:?}");
            assert_eq!(error.arg("detail"), format!("{name} images are not supported"));
        }
    }

    #[test]
    fn camera_raw_files_are_read_or_left_out_by_the_build() {
        let cases: [(&[u8], &str); 3] = [
            (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "Canon raw (CR3)"),
            (b"FUJIFILMCCD-RAW 0201FF383501", "Fujifilm raw (RAF)"),
            (b"IIRO\x08\0\0\0", "Olympus raw (ORF)"),
        ];
        for (bytes, name) in cases {
            if cfg!(feature = "raw") {
                assert_eq!(sniff(bytes).map(Format::name), Some("raw"), "{name}");
            } else {
                let error = require_format(bytes).unwrap_err();
                let expected = format!("this build of Pixloom can't open {name} images");
                assert_eq!(error.kind, ErrorKind::Unsupported);
                assert!(error.arg("detail").starts_with(&expected), "{error}");
            }
        }
    }

    #[test]
    fn heic_is_recognised_by_its_brands_and_named_by_builds_without_it() {
        for brand in [b"heic", b"heix", b"hevc", b"heim", b"mif1", b"msf1"] {
            let bytes = [b"\0\0\0\x18ftyp".as_slice(), brand, b"\0\0\0\0mif1heic"].concat();
            assert!(is_image(&bytes));
            #[cfg(feature = "heic")]
            assert_eq!(sniff(&bytes), Some(known::HEIC), "{bytes:?}");
            #[cfg(not(feature = "heic"))]
            {
                let error = require_format(&bytes).unwrap_err();
                assert_eq!(error.kind, ErrorKind::Unsupported);
                let detail = error.arg("detail");
                assert!(detail.contains("HEIC") && detail.contains("feature \"heic\""), "{detail}");
            }
        }
        // The same container with another codec.
        assert_eq!(sniff(b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif"), Some(known::AVIF));
    }

    #[test]
    fn formats_are_recognised_by_their_first_bytes() {
        let cases: [(&[u8], Format); 10] = [
            (b"\0\0\0\x1cftypavif\0\0\0\0mif1miaf", known::AVIF),
            (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", known::AVIF),
            (b"\xFF\x0A\0\0", known::JXL),
            (b"\0\0\0\x0cJXL \r\n\x87\n", known::JXL),
            (b"qoif\0\0\0\x01", known::QOI),
            (b"P6\n# a comment\n3 2\n255\n", known::PNM),
            (b"P1 8 8\n0", known::PNM),
            (b"P7\nWIDTH 3\n", known::PNM),
            (b"\0\0\x02\0\0\0\0\0\0\0\0\0\x03\0\x02\0\x18\x20", known::TGA),
            (b"\0\0\x02\0\x01\0\x10\x10\0\0\x05\0\x05\0\x30\0\0\0\x16\0\0\0", known::ICO),
        ];
        for (bytes, format) in cases {
            assert_eq!(sniff(bytes), Some(format), "{bytes:?}");
        }
    }

    #[test]
    fn text_is_not_an_image_and_a_brand_list_ends_at_its_length() {
        let texts: [&[u8]; 8] = [
            b"P6 is the sixth of the papers, and this is a text.",
            b"P3 12 monkeys",
            b"P7\nWIDE",
            b"P1",
            b"qoi files are small",
            b"\x01\x01\x01 text that begins with controls, as long as a header",
            b"\0T\0e\0x\0t\0 \0i\0n\0 \0U\0T\0F\0-\0S\0I\0X\0",
            b"\0\0\0\x14ftypisom\0\0\0\0mp41\0\0\0\x08avif",
        ];
        for text in texts {
            assert_eq!(sniff(text), None, "{text:?}");
        }
    }

    #[test]
    fn text_that_begins_with_bm_is_not_a_bitmap() {
        assert_eq!(sniff(b"BMW is a maker of cars, and this is a text."), None);
    }
}
