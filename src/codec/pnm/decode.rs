//! Decoding Netpbm files through the `image` crate, and recognising them.

use std::io::{BufRead, Cursor, Seek};

use image::codecs::pnm::PnmDecoder;
use image::{ImageDecoder, ImageResult};

use crate::codec::guard::truncated::Truncation;
use crate::codec::pixels::image_crate::ImageCrateFormat;
use crate::model::ImageInfo;

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
