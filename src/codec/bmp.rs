//! Windows bitmaps.

use std::io::Cursor;

use image::ImageDecoder;
use image::codecs::bmp::BmpDecoder;

use super::{Decoded, Header, fault, whole};
use crate::error::ItemError;
use crate::model::{Format, Metadata, Orientation};

fn decoder(bytes: &[u8]) -> Result<BmpDecoder<Cursor<&[u8]>>, ItemError> {
    BmpDecoder::new(Cursor::new(bytes)).map_err(|error| fault::from_image(&error))
}

pub(super) fn probe(bytes: &[u8]) -> Result<Header, ItemError> {
    let info = whole::info(&decoder(bytes)?)?;
    Ok(Header { format: Format::Bmp, info, orientation: Orientation::Upright, frames: 1 })
}

pub(super) fn open(bytes: &[u8]) -> Result<Decoded<'_>, ItemError> {
    let mut decoder = decoder(bytes)?;
    let profile = decoder.icc_profile().ok().flatten();
    let (info, rows) = whole::decode(decoder)?;
    let header = Header { format: Format::Bmp, info, orientation: Orientation::Upright, frames: 1 };
    Ok(Decoded { header, rows: Box::new(rows), profile, metadata: Metadata::default() })
}
