//! Decoding OpenEXR: linear light, which is mapped to sRGB of 16 bits.

use std::io::Cursor;

use image::ImageError;
use image::codecs::openexr::OpenExrDecoder;

use crate::codec::colour::LinearRows;
use crate::codec::errors;
use crate::codec::guard::control::DecodeControl;
use crate::codec::pixels::whole_image;
use crate::codec::spec::{DecodeOptions, Decoded, FileHeader, Header};
use crate::error::ItemError;
use crate::model::{ImageInfo, Metadata, Orientation, SampleType};

/// How files begin.
pub(super) const SIGNATURE: &[u8] = &[0x76, 0x2F, 0x31, 0x01];

/// Maximum bytes for decoding: the library's floats, their copy, blocks of each thread, and the result.
pub(super) fn held_bytes(bytes: &[u8], header: &Header) -> u64 {
    let floats = header.info.pixels() * header.info.channels.count() as u64 * 4;
    floats * 3 + header.info.size_bytes() * 2 + bytes.len() as u64 * 2 + (64 << 20)
}

fn decoder(bytes: &[u8]) -> Result<OpenExrDecoder<Cursor<&[u8]>>, ItemError> {
    OpenExrDecoder::new(Cursor::new(bytes)).map_err(|error| refused(&error))
}

/// The error for what the library refuses: it gives the cause only as text.
fn refused(error: &ImageError) -> ItemError {
    let words = error.to_string();
    if words.contains("non-deep rgb") {
        return errors::unsupported("exr_channels");
    }
    if words.contains("not supported") || words.contains("unsupported") {
        return errors::unsupported(errors::from_decoder(words));
    }
    errors::from_image(error)
}

fn header(info: ImageInfo) -> Result<FileHeader, ItemError> {
    errors::within_limits(info.width_px, info.height_px)?;
    let info = ImageInfo { sample: SampleType::U16, ..info };
    Ok(FileHeader { tone_mapped: Some("OpenEXR"), ..FileHeader::still(info, Orientation::Upright) })
}

pub(super) fn probe(bytes: &[u8], _page: u32) -> Result<FileHeader, ItemError> {
    header(whole_image::info(&decoder(bytes)?)?)
}

pub(super) fn open<'a>(
    bytes: &'a [u8],
    _options: &DecodeOptions,
    _control: &DecodeControl<'_>,
) -> Result<Decoded<'a>, ItemError> {
    let decoder = decoder(bytes)?;
    let header = header(whole_image::info(&decoder)?)?;
    let (_, rows) = whole_image::decode(decoder, false)?;
    // Colours are stored multiplied by alpha.
    let rows = LinearRows::new(rows, true)?;
    Ok(Decoded { header, rows: Box::new(rows), profile: None, metadata: Metadata::default() })
}
