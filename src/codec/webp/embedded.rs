//! WebP data within other formats, decoded as a whole.

use super::chunks::from_failure;
use super::libwebp::{self, Features};
use crate::codec::errors;
use crate::error::ItemError;

/// Decodes a complete still image to rows of three or four interleaved samples; returns its width in px and its rows.
/// `most` is the largest width and height to decode.
pub(in crate::codec) fn decode_embedded(
    bytes: &[u8],
    samples: usize,
    most: (usize, usize),
) -> Result<(usize, Vec<u8>), ItemError> {
    let features = libwebp::features(bytes).map_err(from_failure)?;
    let (width, height) = (features.width_px as usize, features.height_px as usize);
    if features.is_animated || width > most.0 || height > most.1 {
        return Err(errors::corrupt("tiff_webp"));
    }
    let mut rows = errors::zeroed((width * height * samples) as u64)?;
    let features = Features { has_alpha: samples == 4, ..features };
    libwebp::decode(bytes, features, &mut rows).map_err(from_failure)?;
    Ok((width, rows))
}
