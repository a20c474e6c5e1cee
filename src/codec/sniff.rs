//! What some bytes are, told by their first few, never by a name.

use super::errors;
use super::ico::decode;
use super::svg::is_svg;
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
        [0xFF, 0x0A, ..] | [0, 0, 0, 12, b'J', b'X', b'L', b' ', 0x0D, 0x0A, 0x87, 0x0A, ..] => Some(Format::Jxl),
        [b'q', b'o', b'i', b'f', ..] => Some(Format::Qoi),
        [b'P', b'1'..=b'7', b'#' | b' ' | b'\t' | b'\n' | b'\r', rest @ ..] if is_pnm(bytes[1], rest) => {
            Some(Format::Pnm)
        }
        _ if is_avif(bytes) => Some(Format::Avif),
        _ if decode::is_ico(bytes) => Some(Format::Ico),
        _ if is_svg(bytes) => Some(Format::Svg),
        _ if is_tga(bytes) => Some(Format::Tga),
        _ => None,
    }
}

/// Whether a file's type or one it is compatible with is AVIF's. Files of other codecs share the container.
fn is_avif(bytes: &[u8]) -> bool {
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else { return false };
    let Some(brands) = rest.strip_prefix(b"ftyp") else { return false };
    // The length counts itself and the type, too.
    let brands = brands.get(..(u32::from_be_bytes(*length) as usize).saturating_sub(8)).unwrap_or(brands);
    // The second one is a version.
    brands.as_chunks::<4>().0.iter().enumerate().any(|(at, brand)| at != 1 && matches!(brand, b"avif" | b"avis"))
}

/// Whether what stands behind the magic of a Netpbm file is a size, or what else its head must begin with: a text may
/// begin with such two letters too.
fn is_pnm(kind: u8, rest: &[u8]) -> bool {
    if kind == b'7' {
        const FIELDS: [&[u8]; 6] = [b"#", b"WIDTH ", b"HEIGHT ", b"DEPTH ", b"MAXVAL ", b"TUPLTYPE "];
        return FIELDS.iter().any(|field| rest.trim_ascii_start().starts_with(field));
    }
    let Some(rest) = after_number(rest) else { return false };
    after_number(rest).is_some_and(|rest| kind == b'1' || kind == b'4' || after_number(rest).is_some())
}

/// What follows a number of at most ten digits, which white space and comments may stand before.
fn after_number(mut bytes: &[u8]) -> Option<&[u8]> {
    bytes = bytes.trim_ascii_start();
    while let Some(comment) = bytes.strip_prefix(b"#") {
        let end = comment.iter().position(|byte| matches!(byte, b'\n' | b'\r'))?;
        bytes = comment.get(end..)?.trim_ascii_start();
    }
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (1..=10).contains(&digits).then(|| bytes.get(digits..)).flatten()
}

/// TGA has no magic: every field of its header has to make sense. No text passes, since the second and third byte are
/// below 12, which are characters of none.
fn is_tga(bytes: &[u8]) -> bool {
    let Some(&[_, map, kind, _, _, l0, l1, map_bits, _, _, _, _, w0, w1, h0, h1, bits, descriptor]) =
        bytes.first_chunk::<18>()
    else {
        return false;
    };
    let mapped = matches!(kind, 1 | 9);
    let sized = (w0 | w1) != 0 && (h0 | h1) != 0;
    let map_fits = match map {
        0 => !mapped && (l0, l1, map_bits) == (0, 0, 0),
        1 => matches!(map_bits, 15 | 16 | 24 | 32) && (l0 | l1) != 0,
        _ => false,
    };
    let (alpha, interleaving) = (descriptor & 15, descriptor >> 6);
    let depth_fits = match kind {
        1 | 9 => matches!(bits, 8 | 16) && alpha <= 8,
        2 | 10 => matches!((bits, alpha), (15 | 16, 0 | 1) | (24, 0) | (32, 0 | 8)),
        3 | 11 => matches!((bits, alpha), (8 | 16, 0 | 8)),
        _ => false,
    };
    sized && map_fits && depth_fits && interleaving == 0
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
        return Err(errors::truncated());
    }
    if let Some(name) = known_but_not_built(bytes) {
        return Err(errors::unsupported(format!("{name} pictures are not supported")));
    }
    Err(ItemError::nameless(ErrorKind::NotAPicture).with("detail", looks_like(bytes)))
}

/// A file so short that only the beginning of a magic is there.
fn is_cut_magic(bytes: &[u8]) -> bool {
    const MAGICS: [&[u8]; 5] =
        [&[0xFF, 0xD8, 0xFF], b"\x89PNG\r\n\x1a\n", b"GIF89a", b"GIF87a", b"\0\0\0\x0CJXL \r\n\x87\n"];
    bytes.len() >= 2 && MAGICS.iter().any(|magic| magic.starts_with(bytes))
}

/// Pictures that are known by their magic, but that no decoder here reads.
fn known_but_not_built(bytes: &[u8]) -> Option<&'static str> {
    const MAGICS: [(&[u8], &str); 12] = [
        (&[0, 0, 0, 12, b'j', b'P', b' ', b' '], "JPEG 2000"),
        (&[0xFF, 0x4F, 0xFF, 0x51], "JPEG 2000"),
        (b"8BPS", "Photoshop"),
        (&[0x76, 0x2F, 0x31, 0x01], "OpenEXR"),
        (b"#?RADIANCE", "Radiance HDR"),
        (b"DDS ", "DirectDraw"),
        (b"FUJIFILMCCD-RAW", "Fujifilm raw (RAF)"),
        (b"IIRO", "Olympus raw (ORF)"),
        (b"IIU\0", "Panasonic raw (RW2)"),
        (b"\0MRM", "Minolta raw (MRW)"),
        (b"FOVb", "Sigma raw (X3F)"),
        (b"gimp xcf", "GIMP"),
    ];
    if let Some(brand) = bytes.get(4..12).and_then(|ftyp| ftyp.strip_prefix(b"ftyp")) {
        return match brand {
            b"heic" | b"heix" | b"hevc" | b"hevx" | b"heim" | b"heis" | b"mif1" | b"msf1" => Some("HEIC"),
            b"crx " => Some("Canon raw (CR3)"),
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
        let cases: [(&[u8], &str); 7] = [
            (b"<!DOCTYPE html><html><body>404</body></html>", "HTML"),
            (b"\n  <html lang=ko>", "HTML"),
            (b"%PDF-1.7 ...", "PDF"),
            (b"{\"error\": \"gone\"}", "JSON"),
            ("안녕하세요".as_bytes(), "text"),
            (b"\0\0\0\0\0\0\0\0", "zeros"),
            (b"\x01\x02\x03\x04nothing", "no known picture"),
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
        let cases: [(&[u8], &str); 5] = [
            (b"\0\0\0\x1cftypheic\0\0\0\0mif1heic", "HEIC"),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIC"),
            (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "Canon raw (CR3)"),
            (b"FUJIFILMCCD-RAW 0201FF383501", "Fujifilm raw (RAF)"),
            (b"8BPS\0\x01", "Photoshop"),
        ];
        for (bytes, name) in cases {
            let error = require(bytes).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Unsupported, "{bytes:?}");
            assert_eq!(error.arg("detail"), format!("{name} pictures are not supported"));
        }
    }

    #[test]
    fn formats_are_told_by_their_first_bytes() {
        let cases: [(&[u8], Format); 10] = [
            (b"\0\0\0\x1cftypavif\0\0\0\0mif1miaf", Format::Avif),
            (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", Format::Avif),
            (b"\xFF\x0A\0\0", Format::Jxl),
            (b"\0\0\0\x0cJXL \r\n\x87\n", Format::Jxl),
            (b"qoif\0\0\0\x01", Format::Qoi),
            (b"P6\n# a comment\n3 2\n255\n", Format::Pnm),
            (b"P1 8 8\n0", Format::Pnm),
            (b"P7\nWIDTH 3\n", Format::Pnm),
            (b"\0\0\x02\0\0\0\0\0\0\0\0\0\x03\0\x02\0\x18\x20", Format::Tga),
            (b"\0\0\x02\0\x01\0\x10\x10\0\0\x05\0\x05\0\x30\0\0\0\x16\0\0\0", Format::Ico),
        ];
        for (bytes, format) in cases {
            assert_eq!(sniff(bytes), Some(format), "{bytes:?}");
        }
    }

    #[test]
    fn no_text_is_a_picture_and_a_brand_list_ends_where_it_says() {
        let texts: [&[u8]; 8] = [
            b"P6 is the sixth of the papers, and this is a text.",
            b"P3 12 monkeys",
            b"P7\nWIDE",
            b"P1",
            b"qoi files are small",
            b"\x01\x01\x01 text that begins with controls, as long as a header",
            b"\0T\0e\0x\0t\0 \0i\0n\0 \0U\0T\0F\0-\0S\0I\0X\0",
            b"\0\0\0\x14ftypheic\0\0\0\0mif1\0\0\0\x08avif",
        ];
        for text in texts {
            assert_eq!(sniff(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_text_that_begins_with_bm_is_no_bitmap() {
        assert_eq!(sniff(b"BMW is a maker of cars, and this is a text."), None);
    }
}
