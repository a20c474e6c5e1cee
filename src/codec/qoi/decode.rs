//! Decoding QOI through the `image` crate.

use std::io::{BufRead, Seek};

use image::codecs::qoi::QoiDecoder;
use image::{ImageDecoder, ImageResult};

use crate::codec::guard::truncated::Truncation;
use crate::codec::pixels::image_crate::ImageCrateFormat;
use crate::model::ImageInfo;

/// Bytes of a file before its pixels, and the bytes behind them.
const HEADER_BYTES: usize = 14;
const END: [u8; 8] = [0, 0, 0, 0, 0, 0, 0, 1];
/// Pixels of the longest run.
const LONGEST_RUN: u64 = 62;
/// Most pixels per byte, rounded up.
const MAX_RUN_PX: u64 = 128;

/// QOI.
pub(super) struct Qoi;

impl ImageCrateFormat for Qoi {
    fn decoder<'a>(file: impl BufRead + Seek + 'a) -> ImageResult<Box<dyn ImageDecoder + 'a>> {
        Ok(Box::new(QoiDecoder::new(file)?))
    }

    fn least_bytes(info: &ImageInfo) -> u64 {
        u64::from(info.width_px) * u64::from(info.height_px) / MAX_RUN_PX
    }

    fn truncation(bytes: &[u8], info: &ImageInfo) -> Option<Truncation> {
        truncation(bytes, info)
    }
}

fn truncation(bytes: &[u8], info: &ImageInfo) -> Option<Truncation> {
    let all = u64::from(info.width_px) * u64::from(info.height_px);
    let (mut pixels, mut at) = (0, HEADER_BYTES);
    while let Some(&code) = bytes.get(at).filter(|_| pixels < all) {
        let (length, count) = match code {
            0xFE => (4, 1),
            0xFF => (5, 1),
            0xC0.. => (1, u64::from(code & 63) + 1),
            0x80.. => (2, 1),
            _ => (1, 1),
        };
        if at + length > bytes.len() {
            break;
        }
        (pixels, at) = (pixels + count, at + length);
    }
    let missing = all.saturating_sub(pixels);
    let mut then = vec![0xC0 | (LONGEST_RUN - 1) as u8; usize::try_from(missing / LONGEST_RUN).ok()?];
    let rest = missing % LONGEST_RUN;
    then.extend((rest > 0).then(|| 0xC0 | (rest - 1) as u8));
    then.extend(END);
    Some(Truncation { then, ..Truncation::new(pixels / u64::from(info.width_px.max(1)), info, at) })
}
