//! Lossless JPEG (ISO 10918, annex H), which medical and camera software writes, through the crate `jpeg-decoder`: it
//! is decoded as a whole.

use jpeg_decoder::{Decoder, Error};

use super::markers::Markers;
use crate::codec::errors;
use crate::codec::pixels::whole_image::WholeReader;
use crate::error::ItemError;
use crate::model::{Channels, ImageInfo, SampleType, Samples};

/// Bytes that decoding takes: samples, differences and the result.
pub(super) fn held_bytes(markers: &Markers) -> u64 {
    u64::from(markers.width_px) * u64::from(markers.height_px) * u64::from(markers.components) * 10
}

/// The image's size and kind.
pub(super) fn info(markers: &Markers) -> Result<ImageInfo, ItemError> {
    let channels = match markers.components {
        1 => Channels::Gray,
        3 => Channels::Rgb,
        _ => return Err(errors::unsupported("jpeg_lossless")),
    };
    let sample = if markers.precision > 8 { SampleType::U16 } else { SampleType::U8 };
    let (width_px, height_px) = (markers.width_px, markers.height_px);
    Ok(ImageInfo { width_px, height_px, channels, sample, premultiplied: false })
}

/// All samples, scaled to 8 or 16 bits.
pub(super) fn samples(bytes: &[u8], markers: &Markers) -> Result<Samples, ItemError> {
    // One after the other for each sample: more could not be read from so few bytes.
    let least = u64::from(markers.width_px) * u64::from(markers.height_px) * u64::from(markers.components) / 8;
    if (bytes.len() as u64) < least {
        return Err(errors::truncated());
    }
    let decoded = Decoder::new(bytes).decode().map_err(|error| from_decoder(&error))?;
    let max = (1u32 << markers.precision.clamp(2, 16)) - 1;
    let wide = || decoded.as_chunks::<2>().0.iter().map(|&pair| u32::from(u16::from_ne_bytes(pair)));
    Ok(match markers.precision {
        8 => Samples::U8(decoded),
        2..8 => Samples::U8(wide().map(|value| ((value.min(max) * 255 + max / 2) / max) as u8).collect()),
        _ => Samples::U16(wide().map(|value| ((value.min(max) * 65_535 + max / 2) / max) as u16).collect()),
    })
}

/// The rows of an image.
pub(super) fn rows(bytes: &[u8], markers: &Markers) -> Result<WholeReader, ItemError> {
    WholeReader::new(info(markers)?, samples(bytes, markers)?)
}

fn from_decoder(error: &Error) -> ItemError {
    match error {
        Error::Io(io) if io.kind() == std::io::ErrorKind::UnexpectedEof => errors::truncated(),
        Error::Unsupported(_) => errors::unsupported("jpeg_lossless"),
        other => errors::corrupt(errors::from_decoder(other)),
    }
}
