//! Image files of ISO 23008-12 (HEIF): AVIF and HEIC. They share everything but the codec of their items, which each
//! format passes in as an [`ItemCodec`].

mod coded_image;
pub(crate) mod frame;
pub(crate) mod gain_map;
mod grid;
mod item_codec;
mod items;
mod orientation;
mod properties;
pub(crate) mod sequence;
pub(crate) mod still;
pub(crate) mod strip;
pub(crate) mod tables;
mod yuv;

pub(crate) use coded_image::{Colours, Shape};
pub(crate) use item_codec::ItemCodec;
#[cfg(feature = "heic")]
pub(crate) use properties::Coding;
pub(crate) use yuv::YuvRows;

/// Whether the major brand of a file, or a compatible one, fulfils a condition.
pub(crate) fn has_brand(bytes: &[u8], is_known: impl Fn(&[u8; 4]) -> bool) -> bool {
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else { return false };
    let Some(brands) = rest.strip_prefix(b"ftyp") else { return false };
    // The length includes itself and the type.
    let brands = brands.get(..(u32::from_be_bytes(*length) as usize).saturating_sub(8)).unwrap_or(brands);
    // The second one is a version.
    brands.as_chunks::<4>().0.iter().enumerate().any(|(at, brand)| at != 1 && is_known(brand))
}
