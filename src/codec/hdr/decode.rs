//! Decoding Radiance HDR: linear light with an exponent for each pixel, which is mapped to sRGB of 16 bits.

use std::io::{Cursor, Read};

use image::codecs::hdr::HdrDecoder;

use crate::codec::colour::LinearRows;
use crate::codec::errors;
use crate::codec::guard::control::DecodeControl;
use crate::codec::pixels::image_crate::Cancellable;
use crate::codec::pixels::whole_image;
use crate::codec::spec::{DecodeOptions, Decoded, FileHeader};
use crate::error::{ErrorKind, ItemError};
use crate::model::{ImageInfo, Metadata, Orientation, SampleType};

/// Most pixels per byte: a run has 127, of one of four channels.
const MAX_RUN_PX: u64 = 32 * 4;

/// Without the strict rules: some programs write other signatures.
fn decoder<R: Read>(file: R) -> Result<HdrDecoder<R>, ItemError> {
    HdrDecoder::new_nonstrict(file).map_err(|error| match errors::from_image(&error) {
        error if error.arg("detail").contains("EOF") => errors::truncated(),
        error => error,
    })
}

fn header(info: ImageInfo) -> Result<FileHeader, ItemError> {
    errors::within_limits(info.width_px, info.height_px)?;
    let info = ImageInfo { sample: SampleType::U16, ..info };
    Ok(FileHeader { tone_mapped: Some("Radiance"), ..FileHeader::still(info, Orientation::Upright) })
}

pub(super) fn probe(bytes: &[u8], _page: u32) -> Result<FileHeader, ItemError> {
    header(whole_image::info(&decoder(bytes)?)?)
}

pub(super) fn open<'a>(
    bytes: &'a [u8],
    options: &DecodeOptions,
    control: &DecodeControl<'_>,
) -> Result<Decoded<'a>, ItemError> {
    let cancelled = |error: ItemError| {
        if (control.cancelled)() { ItemError::nameless(ErrorKind::Cancelled) } else { error }
    };
    let decoder = decoder(Cancellable::new(Cursor::new(bytes), control)).map_err(cancelled)?;
    let header = header(whole_image::info(&decoder)?)?;
    if header.info.pixels() / MAX_RUN_PX > bytes.len() as u64 {
        return Err(errors::truncated());
    }
    let (_, rows) = whole_image::decode(decoder, options.keeps_damaged()).map_err(cancelled)?;
    let rows = LinearRows::new(rows, false)?;
    Ok(Decoded { header, rows: Box::new(rows), profile: None, metadata: Metadata::default() })
}
