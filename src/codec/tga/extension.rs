//! Texts of TGA files: the image's identification, and the extension area that files of version 2 end with (Truevision
//! TGA File Format Specification 2.0).

use std::ops::Range;

use crate::codec::guard::truncated::{u16_at, u32_at};
use crate::model::{KeywordText, Metadata, text_encoding};

/// What a file of version 2 ends with.
const SIGNATURE: &[u8] = b"TRUEVISION-XFILE.\0";
/// Bytes of the footer: offsets of the extension area and of the developer's, and the signature.
const FOOTER_BYTES: usize = 26;
/// Bytes of the extension area, and of the file's header.
const EXTENSION_BYTES: usize = 495;
const HEADER_BYTES: usize = 18;
/// Texts in the extension area: keyword, offset, bytes. Their names are those of the PNG standard where it has some.
const TEXTS: [(&str, usize, usize); 3] = [("Author", 2, 41), ("Job name", 379, 41), ("Software", 426, 41)];
/// Four lines of comments.
const COMMENT_LINES: [Range<usize>; 4] = [43..124, 124..205, 205..286, 286..367];
/// Month, day, year, hour, minute and second.
const TIME_AT: usize = 367;
/// All texts and times, and the offset of a small copy of the image.
const DESCRIPTIONS: Range<usize> = 2..470;
const POSTAGE_STAMP: Range<usize> = 486..490;

/// The extension area's offset.
fn extension_at(bytes: &[u8]) -> Option<usize> {
    if !bytes.ends_with(SIGNATURE) {
        return None;
    }
    let at = u32_at(bytes, bytes.len().checked_sub(FOOTER_BYTES)?)? as usize;
    let is_there = at >= HEADER_BYTES && bytes.len() >= at.checked_add(EXTENSION_BYTES)?;
    is_there.then_some(at)
}

/// A text up to its first zero.
fn text(bytes: &[u8]) -> Option<String> {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    let text = text_encoding::decoded(bytes.get(..end)?, None).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

pub(super) fn metadata(bytes: &[u8]) -> Metadata {
    let mut texts = Vec::new();
    let mut add = |keyword: &str, text: Option<String>| {
        texts.extend(text.map(|text| KeywordText { keyword: keyword.to_owned(), text, ..KeywordText::default() }));
    };
    add("Image ID", bytes.get(..HEADER_BYTES).and_then(|head| text(bytes.get(HEADER_BYTES..)?.get(..head[0].into())?)));
    if let Some(area) = extension_at(bytes).and_then(|at| bytes.get(at..at + EXTENSION_BYTES)) {
        for (keyword, from, length) in TEXTS {
            add(keyword, area.get(from..from + length).and_then(text));
        }
        let lines: Vec<String> = COMMENT_LINES.into_iter().filter_map(|range| text(area.get(range)?)).collect();
        add("Comment", (!lines.is_empty()).then(|| lines.join("\n")));
        add("Creation Time", time(area));
    }
    Metadata { texts, ..Metadata::default() }
}

/// When the image was saved.
fn time(area: &[u8]) -> Option<String> {
    let number = |n: usize| u16_at(area, TIME_AT + n * 2);
    let (month, day, year) = (number(0)?, number(1)?, number(2)?);
    let (hour, minute, second) = (number(3)?, number(4)?, number(5)?);
    let is_date = (1..=12).contains(&month) && (1..=31).contains(&day) && year > 0;
    is_date.then(|| format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"))
}

/// The file without its texts, times and small copy; everything stays where it is.
pub(super) fn stripped(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = bytes.to_vec();
    let id_bytes = usize::from(*bytes.first()?);
    out.get_mut(HEADER_BYTES..HEADER_BYTES + id_bytes)?.fill(0);
    if let Some(at) = extension_at(bytes) {
        for range in [DESCRIPTIONS, POSTAGE_STAMP] {
            out.get_mut(at + range.start..at + range.end)?.fill(0);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use crate::codec::{DecodeOptions, open, stripped};
    use crate::model::Metadata;

    #[test]
    fn texts_of_version_2_are_read_and_removed() {
        let mut file = vec![5, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 8, 0x20];
        file.extend(b"\xEC\x98\xA4 1\x07\x09");
        let at = file.len() as u32;
        let mut area = vec![0; 495];
        area[..2].copy_from_slice(&495u16.to_le_bytes());
        let mut put = |at: usize, text: &[u8]| area[at..at + text.len()].copy_from_slice(text);
        put(2, b"Kim");
        put(43, b"first line");
        put(205, b"third line");
        put(367, &[2, 0, 28, 0, 0xEA, 7, 13, 0, 5, 0, 6, 0]);
        put(379, b"job 7");
        put(426, b"Painter");
        file.extend(&area);
        file.extend([at, 0].map(u32::to_le_bytes).concat());
        file.extend(b"TRUEVISION-XFILE.\0");
        let metadata = |bytes: &[u8]| open(bytes, &DecodeOptions::default()).unwrap().metadata;
        let read = metadata(&file);
        let texts: Vec<_> = read.texts.iter().map(|text| (&*text.keyword, &*text.text)).collect();
        let expected = [
            ("Image ID", "오 1"),
            ("Author", "Kim"),
            ("Job name", "job 7"),
            ("Software", "Painter"),
            ("Comment", "first line\nthird line"),
            ("Creation Time", "2026-02-28T13:05:06"),
        ];
        assert_eq!(texts, expected);
        let bare = stripped(&file).unwrap().bytes;
        assert!(bare.len() == file.len() && metadata(&bare) == Metadata::default());
        assert_eq!(bare[23..25], [7, 9], "the pixels");
    }
}
