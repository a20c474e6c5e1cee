//! Decoding TGA through the `image` crate.

use std::io::{BufRead, Seek};

use image::codecs::tga::TgaDecoder;
use image::{ImageDecoder, ImageResult};

use crate::codec::guard::truncated::{Truncation, bytes_behind, u16_at};
use crate::codec::pixels::image_crate::ImageCrateFormat;
use crate::model::ImageInfo;

/// Most pixels in a run, per byte.
const MAX_RUN_PX: u64 = 128;

/// Truevision TGA.
pub(super) struct Tga;

impl ImageCrateFormat for Tga {
    fn decoder<'a>(file: impl BufRead + Seek + 'a) -> ImageResult<Box<dyn ImageDecoder + 'a>> {
        Ok(Box::new(TgaDecoder::new(file)?))
    }

    fn least_bytes(info: &ImageInfo) -> u64 {
        u64::from(info.width_px) * u64::from(info.height_px) / MAX_RUN_PX
    }

    fn truncation(bytes: &[u8], info: &ImageInfo) -> Option<Truncation> {
        truncation(bytes, info)
    }
}

fn truncation(bytes: &[u8], info: &ImageInfo) -> Option<Truncation> {
    let &[id_bytes, has_map, kind, ..] = bytes else { return None };
    let entry_bytes = u64::from(*bytes.get(7)?).div_ceil(8);
    let map_bytes = if has_map == 0 { 0 } else { u64::from(u16_at(bytes, 5)?) * entry_bytes };
    let data_at = 18 + u64::from(id_bytes) + map_bytes;
    let pixel_bytes = u64::from(*bytes.get(16)?).div_ceil(8).max(1);
    let top_down = *bytes.get(17)? & 0x20 != 0;
    let pixels = if kind < 8 {
        bytes_behind(bytes, data_at) / pixel_bytes
    } else {
        let (mut pixels, mut at) = (0, data_at);
        while let Some(&code) = usize::try_from(at).ok().and_then(|at| bytes.get(at)) {
            let (count, had) = (u64::from(code & 0x7F) + 1, bytes_behind(bytes, at + 1) / pixel_bytes);
            let is_run = code & 0x80 != 0;
            pixels += if is_run { count * had.min(1) } else { count.min(had) };
            at += 1 + pixel_bytes * if is_run { 1 } else { count };
        }
        pixels
    };
    let rows = pixels / u64::from(info.width_px.max(1));
    Some(Truncation { from_below: !top_down, ..Truncation::new(rows, info, bytes.len()) })
}

/// TGA has no signature: every field of its header has to make sense. No text passes, because the second and third byte
/// are below 12.
pub(super) fn sniff(bytes: &[u8]) -> bool {
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

#[cfg(test)]
mod tests {
    use super::super::SPEC;
    use crate::codec::DecodeOptions;
    use crate::codec::guard::control::DecodeControl;
    use crate::error::ErrorKind;

    #[test]
    fn run_length_coded_pixels_are_cancelled_while_they_are_decoded() {
        // Gray, 300 x 300 px, each in a run of its own.
        let mut file = vec![0, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 44, 1, 44, 1, 8, 0];
        file.extend([0x80, 77].repeat(300 * 300));
        assert!((SPEC.sniff)(&file));
        let cancelled = |cancelled: &dyn Fn() -> bool| {
            let control = DecodeControl { cancelled, ..DecodeControl::in_process() };
            (SPEC.open)(&file, &DecodeOptions::default(), &control).map_err(|error| error.kind).err()
        };
        assert_eq!(cancelled(&|| false), None);
        assert_eq!(cancelled(&|| true), Some(ErrorKind::Cancelled));
    }
}
