//! Files without EXIF, XMP, IPTC, comments and density, whose coded pixels are the same to the last bit.
//!
//! What is dropped is all that is not known to be needed to show the picture. An orientation that is not upright stays,
//! alone in an EXIF block of its own, as the pixels are not touched. Profiles stay.

use super::jxl::decode;
use super::meta::exif;
use super::pixels::image_crate;
use super::{gif, jpeg, png, webp};
use crate::model::{Format, Orientation};

/// The file of a format without its metadata; `None` where that takes encoding it anew, or where its parts can't be
/// followed to the end.
pub(super) fn stripped(format: Format, bytes: &[u8]) -> Option<Vec<u8>> {
    match format {
        Format::Jpeg => jpeg::stripped(bytes),
        Format::Png => png::stripped(bytes),
        Format::Webp => webp::stripped(bytes),
        Format::Gif => gif::stripped(bytes),
        Format::Jxl => decode::stripped(bytes),
        Format::Bmp => image_crate::stripped(bytes),
        // There is no place in them.
        Format::Qoi | Format::Pnm | Format::Tga => Some(bytes.to_vec()),
        Format::Tiff | Format::Avif | Format::Ico | Format::Svg => None,
    }
}

/// The EXIF block that an orientation needs; none where it is upright.
pub(super) fn block_for(orientation: Orientation) -> Option<Vec<u8>> {
    (orientation != Orientation::Upright).then(|| exif::only_orientation(orientation))
}

#[cfg(test)]
mod tests;
