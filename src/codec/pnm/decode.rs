//! Decoding Netpbm files through the `image` crate, and recognising them.

use std::io::{BufRead, Cursor, Seek};
use std::ops::Range;

use image::codecs::pnm::PnmDecoder;
use image::{ImageDecoder, ImageResult};

use crate::codec::guard::truncated::Truncation;
use crate::codec::pixels::image_crate::ImageCrateFormat;
use crate::model::text_encoding;
use crate::model::{ImageInfo, KeywordText, Metadata};

/// Netpbm: PBM, PGM, PPM and PAM.
pub(super) struct Pnm;

impl ImageCrateFormat for Pnm {
    fn decoder<'a>(file: impl BufRead + Seek + 'a) -> ImageResult<Box<dyn ImageDecoder + 'a>> {
        Ok(Box::new(PnmDecoder::new(file)?))
    }

    fn least_bytes(info: &ImageInfo) -> u64 {
        // The smallest samples are bits, eight per byte.
        u64::from(info.width_px) * u64::from(info.height_px) / 8
    }

    fn truncation(bytes: &[u8], info: &ImageInfo) -> Option<Truncation> {
        truncation(bytes, info)
    }

    fn has_few_colours(bytes: &[u8]) -> bool {
        bytes.starts_with(b"P1") || bytes.starts_with(b"P4")
    }

    fn metadata(bytes: &[u8]) -> Metadata {
        let lines = comments(bytes).into_iter().filter_map(|range| bytes.get(range));
        let texts = lines.map(|line| text_encoding::decoded(line.get(1..).unwrap_or_default(), None));
        let text = texts.map(|text| text.trim().to_owned()).collect::<Vec<_>>().join("\n").trim().to_owned();
        let texts = if text.is_empty() { Vec::new() } else { vec![KeywordText::comment(text)] };
        Metadata { texts, ..Metadata::default() }
    }
}

/// The comments of a header, each from its `#` to the end of its line.
fn comments(bytes: &[u8]) -> Vec<Range<usize>> {
    let is_arbitrary = bytes.starts_with(b"P7");
    // Width, height and, except in black and white, the maximum.
    let mut numbers = if bytes.starts_with(b"P1") || bytes.starts_with(b"P4") { 2 } else { 3 };
    let (mut found, mut at) = (Vec::new(), 2);
    while numbers > 0 {
        let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) else { break };
        let line_end = rest.iter().position(|&byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len());
        if rest.first() == Some(&b'#') {
            found.push(at..at + line_end);
            at += line_end;
        } else if is_arbitrary {
            if rest.starts_with(b"ENDHDR") {
                break;
            }
            at += line_end.max(1);
        } else if rest.first().is_some_and(u8::is_ascii_digit) {
            at += rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            numbers -= 1;
        } else {
            at += 1;
        }
    }
    found
}

/// The file without comments in its header.
pub(super) fn stripped(bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for range in comments(bytes).into_iter().rev() {
        // A whole line goes with its end, and the end of another line stays.
        let is_line = matches!(bytes.get(range.start - 1), Some(b'\n' | b'\r'));
        let end = if is_line && range.end < bytes.len() { range.end + 1 } else { range.end };
        out.drain(range.start..end);
    }
    out
}

fn truncation(bytes: &[u8], info: &ImageInfo) -> Option<Truncation> {
    let mut file = Cursor::new(bytes);
    PnmDecoder::new(&mut file).ok()?;
    let data_at = file.position();
    let data = bytes.get(usize::try_from(data_at).ok()?..)?;
    let row_samples = info.row_samples().max(1) as u64;
    let space = |byte: &u8| byte.is_ascii_whitespace();
    let ascii = |samples: usize, length| Truncation {
        endless: b"0\n",
        ..Truncation::new(samples as u64 / row_samples, info, length)
    };
    Some(match bytes.get(1)? {
        b'1' => ascii(data.iter().filter(|byte| byte.is_ascii_digit()).count(), bytes.len()),
        b'2' | b'3' => {
            // The last number may be truncated.
            let whole = data.iter().rposition(space).map_or(0, |at| at + 1);
            let samples = data.get(..whole)?.split(space).filter(|number| !number.is_empty()).count();
            ascii(samples, data_at as usize + whole)
        }
        b'4' => Truncation::new(data.len() as u64 / u64::from(info.width_px).div_ceil(8).max(1), info, bytes.len()),
        _ => {
            let row_bytes = row_samples * info.sample.size_bytes() as u64;
            Truncation::new(data.len() as u64 / row_bytes, info, bytes.len())
        }
    })
}

/// Whether a file begins like a Netpbm file.
pub(super) fn sniff(bytes: &[u8]) -> bool {
    match bytes {
        [b'P', kind @ b'1'..=b'7', b'#' | b' ' | b'\t' | b'\n' | b'\r', rest @ ..] => is_header(*kind, rest),
        _ => false,
    }
}

/// Whether the signature is followed by a size, or whatever else a header begins with: a text may begin with the same
/// two letters.
fn is_header(kind: u8, rest: &[u8]) -> bool {
    if kind == b'7' {
        const FIELDS: [&[u8]; 6] = [b"#", b"WIDTH ", b"HEIGHT ", b"DEPTH ", b"MAXVAL ", b"TUPLTYPE "];
        return FIELDS.iter().any(|field| rest.trim_ascii_start().starts_with(field));
    }
    let Some(rest) = after_number(rest) else { return false };
    after_number(rest).is_some_and(|rest| kind == b'1' || kind == b'4' || after_number(rest).is_some())
}

/// What follows a number of at most ten digits, which may come after white space and comments.
fn after_number(mut bytes: &[u8]) -> Option<&[u8]> {
    bytes = bytes.trim_ascii_start();
    while let Some(comment) = bytes.strip_prefix(b"#") {
        let end = comment.iter().position(|byte| matches!(byte, b'\n' | b'\r'))?;
        bytes = comment.get(end..)?.trim_ascii_start();
    }
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (1..=10).contains(&digits).then(|| bytes.get(digits..)).flatten()
}

#[cfg(test)]
mod tests {
    use crate::codec::{DecodeOptions, open, stripped};
    use crate::model::KeywordText;

    #[test]
    fn comments_of_headers_are_read_and_removed() {
        let cases: [(&[u8], &str, &[u8]); 5] = [
            (b"P5\n# made by\n#\t me \n2 1\n255\n#7", "made by\nme", b"P5\n2 1\n255\n#7"),
            (b"P6 # width\n1 # height\n1\n255\n#ab", "width\nheight", b"P6 \n1 \n1\n255\n#ab"),
            (b"P4\n#\xEC\x98\xA4\n8 1\n#", "오", b"P4\n8 1\n#"),
            (
                b"P7\nWIDTH 1\n# TUPLTYPE\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\nTUPLTYPE GRAYSCALE\nENDHDR\n#",
                "TUPLTYPE",
                b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\nTUPLTYPE GRAYSCALE\nENDHDR\n#",
            ),
            (b"P2\n1 1\n255\n35\n", "", b"P2\n1 1\n255\n35\n"),
        ];
        for (bytes, comment, bare) in cases {
            let texts = |bytes: &[u8]| open(bytes, &DecodeOptions::default()).map(|opened| opened.metadata.texts);
            let expected = if comment.is_empty() { Vec::new() } else { vec![KeywordText::comment(comment.to_owned())] };
            assert_eq!(texts(bytes), Ok(expected), "{comment}");
            assert_eq!(stripped(bytes).map(|stripped| stripped.bytes).as_deref(), Some(bare), "{comment}");
            assert_eq!(texts(bare), Ok(Vec::new()), "{comment}");
        }
    }
}
