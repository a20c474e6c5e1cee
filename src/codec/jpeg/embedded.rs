//! JPEG data within other formats, decoded as a whole.

use super::decode::from_fatal;
use super::libjpeg::{Decoder, Pixels};
use super::lossless;
use super::markers::{self, Process};
use crate::codec::errors;
use crate::error::ItemError;
use crate::model::Samples;

/// Rows of pixels, interleaved; samples of more than 8 bits are of 16 in this machine's byte order.
pub(in crate::codec) struct Embedded {
    pub(in crate::codec) width: usize,
    pub(in crate::codec) rows: Vec<u8>,
}

/// Decodes a complete JPEG file with this many components of this many bytes; CMYK as it is stored. `most` is the
/// largest width and height to decode.
pub(in crate::codec) fn decode_embedded(
    bytes: &[u8],
    components: usize,
    sample_bytes: usize,
    most: (usize, usize),
) -> Result<Embedded, ItemError> {
    let markers = markers::read(bytes)?;
    let (width, height) = (markers.width_px as usize, markers.height_px as usize);
    if width > most.0 || height > most.1 {
        return Err(errors::corrupt("tiff_jpeg_large"));
    }
    if usize::from(markers.components) != components {
        return Err(errors::corrupt("tiff_jpeg"));
    }
    if markers.process == Process::Lossless {
        let rows = match (lossless::samples(bytes, &markers)?, sample_bytes) {
            (Samples::U8(samples), 1) => samples,
            (Samples::U16(samples), 2) => bytemuck::cast_slice(&samples).to_vec(),
            _ => return Err(errors::corrupt("tiff_jpeg")),
        };
        return Ok(Embedded { width, rows });
    }
    if sample_bytes != 1 {
        return Err(errors::corrupt("tiff_jpeg"));
    }
    let output = match components {
        1 => Pixels::Gray,
        4 => Pixels::Cmyk,
        _ => Pixels::Rgb,
    };
    let never = || false;
    let mut decoder = Decoder::start(bytes, output, 8, &never, false).map_err(|fatal| from_fatal(&fatal))?;
    if decoder.components() != components {
        return Err(errors::corrupt("tiff_jpeg"));
    }
    let mut rows = errors::zeroed((width * height * components) as u64)?;
    let read = decoder.read(&mut rows, false).map_err(|fatal| from_fatal(&fatal))? as usize;
    rows.truncate(read * width * components);
    Ok(Embedded { width, rows })
}
