//! GIF: the first frame, on the canvas.

use std::io::Cursor;

use image::codecs::gif::GifDecoder;

use super::{Decoded, Header, fault, whole};
use crate::error::ItemError;
use crate::model::{Channels, Format, ImageInfo, Metadata, Orientation, SampleType};

/// The canvas stands in the first ten bytes: no decoder is needed, and no memory.
pub(super) fn probe(bytes: &[u8]) -> Result<Header, ItemError> {
    let Some(&[w0, w1, h0, h1]) = bytes.get(6..10) else { return Err(fault::truncated()) };
    let info = ImageInfo {
        width_px: u32::from(u16::from_le_bytes([w0, w1])),
        height_px: u32::from(u16::from_le_bytes([h0, h1])),
        channels: Channels::Rgba,
        sample: SampleType::U8,
        premultiplied: false,
    };
    Ok(Header { format: Format::Gif, info, orientation: Orientation::Upright, frames: 1 })
}

pub(super) fn open(bytes: &[u8]) -> Result<Decoded<'_>, ItemError> {
    let mut header = probe(bytes)?;
    let decoder = GifDecoder::new(Cursor::new(bytes)).map_err(|error| fault::from_image(&error))?;
    let (info, rows) = whole::decode(decoder)?;
    header.info = info;
    Ok(Decoded { header, rows: Box::new(rows), profile: None, metadata: Metadata::default() })
}
