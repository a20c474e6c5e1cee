//! Image files of ISO 23008-12 (HEIF): AVIF and HEIC. They share everything but the codec of their items, which each
//! format passes in as an [`ItemCodec`].

mod coded_image;
pub(crate) mod frame;
mod grid;
mod items;
mod orientation;
mod properties;
pub(crate) mod sequence;
pub(crate) mod still;
pub(crate) mod strip;
pub(crate) mod tables;
mod yuv;

pub(crate) use coded_image::{Colours, Shape};
pub(crate) use properties::Coding;
pub(crate) use yuv::YuvRows;

use super::bmff::BoxType;
use crate::error::ItemError;
use frame::Frame;

/// How the items of a format are coded.
pub(crate) struct ItemCodec {
    /// The types of coded items and of the samples of sequences.
    pub(crate) kinds: &'static [BoxType],
    /// The major brand of files whose image is a sequence. `None` if only the first image of a sequence is decoded.
    pub(crate) sequence_brand: Option<BoxType>,
    /// Whether `irot` and `imir` apply in the order in which they are assigned; otherwise `irot` always comes first.
    pub(crate) turns_in_order: bool,
    /// Decodes an item or a first sample of exactly this size in px. Larger frames are refused before memory is
    /// allocated for them.
    pub(crate) decode: fn(&Coding<'_>, &[u8], (u32, u32)) -> Result<Frame, ItemError>,
    /// Width, height in px, as the coded data says.
    pub(crate) size: fn(&Coding<'_>, &[u8]) -> Option<(u32, u32)>,
}

impl ItemCodec {
    /// Whether items of this type are coded in this way.
    fn takes(&self, kind: BoxType) -> bool {
        self.kinds.contains(&kind)
    }
}

/// Whether the major brand of a file, or a compatible one, fulfils a condition.
pub(crate) fn has_brand(bytes: &[u8], is_known: impl Fn(&BoxType) -> bool) -> bool {
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else { return false };
    let Some(brands) = rest.strip_prefix(b"ftyp") else { return false };
    // The length includes itself and the type.
    let brands = brands.get(..(u32::from_be_bytes(*length) as usize).saturating_sub(8)).unwrap_or(brands);
    // The second one is a version.
    brands.as_chunks::<4>().0.iter().enumerate().any(|(at, brand)| at != 1 && is_known(brand))
}
