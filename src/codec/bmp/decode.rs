//! Decoding Windows and OS/2 bitmaps through the `image` crate, which is given files with a usual header.

use std::io::{BufRead, Seek};

use image::codecs::bmp::BmpDecoder;
use image::{ImageDecoder, ImageResult};

use super::{DEFAULT_DENSITY, INFO_HEADER, headers};
use crate::codec::guard::control::DecodeControl;
use crate::codec::guard::truncated::{Truncation, bytes_behind, u16_at, u32_at};
use crate::codec::meta::density;
use crate::codec::pixels::image_crate::{self, ImageCrateFormat};
use crate::codec::pixels::whole_image::WholeReader;
use crate::codec::spec::{DecodeOptions, Decoded, FileHeader};
use crate::error::ItemError;
use crate::model::{Band, Density, ImageInfo, Metadata, Samples};

/// Bitmaps.
struct Bmp;

impl ImageCrateFormat for Bmp {
    fn decoder<'a>(file: impl BufRead + Seek + 'a) -> ImageResult<Box<dyn ImageDecoder + 'a>> {
        Ok(Box::new(BmpDecoder::new(file)?))
    }

    fn least_bytes(_: &ImageInfo) -> u64 {
        0
    }

    fn truncation(bytes: &[u8], info: &ImageInfo) -> Option<Truncation> {
        truncation(bytes, info)
    }

    fn has_few_colours(bytes: &[u8]) -> bool {
        u16_at(bytes, 28).is_some_and(|bits| bits <= 8)
    }

    fn metadata(bytes: &[u8]) -> Metadata {
        Metadata { density: stored_density(bytes), ..Metadata::default() }
    }
}

pub(in crate::codec) fn probe(bytes: &[u8], page: u32) -> Result<FileHeader, ItemError> {
    image_crate::probe::<Bmp>(&headers::usual(bytes).0, page)
}

pub(in crate::codec) fn open(
    bytes: &[u8],
    options: &DecodeOptions,
    control: &DecodeControl<'_>,
) -> Result<Decoded<'static>, ItemError> {
    let (file, is_upside_down) = headers::usual(bytes);
    let decoded = image_crate::open::<Bmp>(&file, options, control)?;
    if !is_upside_down {
        return Ok(decoded);
    }
    let mut rows = decoded.rows;
    let info = rows.info();
    let mut band = Band::empty(&info);
    rows.read_rows(info.height_px, &mut band)?;
    let length = info.row_samples().max(1);
    let turned = match &band.samples {
        Samples::U8(samples) => Samples::U8(samples.rchunks(length).flatten().copied().collect()),
        Samples::U16(samples) => Samples::U16(samples.rchunks(length).flatten().copied().collect()),
        Samples::F32(samples) => Samples::F32(samples.rchunks(length).flatten().copied().collect()),
    };
    let mut turned = WholeReader::new(info, turned)?;
    if let Some(truncation) = rows.truncation() {
        turned = turned.coarse(truncation.rows, truncation.bytes);
    }
    Ok(Decoded { rows: Box::new(turned), ..decoded })
}

/// The density in a `BITMAPINFOHEADER`, or a later header: pixels per metre, across and down.
fn stored_density(bytes: &[u8]) -> Option<Density> {
    (u32_at(bytes, 14)? >= INFO_HEADER).then(|| density::from_metre(u32_at(bytes, 38)?, u32_at(bytes, 42)?)).flatten()
}

/// The file without its density. It contains no other metadata.
pub(super) fn stripped(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut bare = bytes.to_vec();
    if stored_density(bytes).is_some() {
        let default = DEFAULT_DENSITY.to_le_bytes();
        bare.get_mut(38..46)?.copy_from_slice([default, default].as_flattened());
    }
    Some(bare)
}

fn truncation(bytes: &[u8], info: &ImageInfo) -> Option<Truncation> {
    let data_at = u32_at(bytes, 10)?;
    // The oldest header has 16-bit sizes and no compression field.
    let old = u32_at(bytes, 14)? == 12;
    let (bits, compression) = if old { (u16_at(bytes, 24)?, 0) } else { (u16_at(bytes, 28)?, u32_at(bytes, 30)?) };
    let top_down = !old && u32_at(bytes, 22)?.cast_signed() < 0;
    let truncation = match compression {
        1 | 2 => {
            let (rows, length) = run_lengths(bytes, data_at as usize, if compression == 1 { 8 } else { 4 });
            Truncation { then: vec![0, 1], ..Truncation::new(rows, info, length) }
        }
        _ => {
            let stride = (u64::from(info.width_px) * u64::from(bits)).div_ceil(32) * 4;
            Truncation::new(bytes_behind(bytes, u64::from(data_at)) / stride.max(1), info, bytes.len())
        }
    };
    Some(Truncation { from_below: !top_down, ..truncation })
}

/// The number of complete rows of run lengths, and the end of the last complete code.
fn run_lengths(bytes: &[u8], data_at: usize, bits: usize) -> (u64, usize) {
    let (mut at, mut rows) = (data_at.min(bytes.len()), 0);
    while let Some(&[count, value]) = bytes.get(at..at + 2) {
        let more = match (count, value) {
            (1.., _) => 0,
            (0, 0) => {
                rows += 1;
                0
            }
            (0, 1) => break,
            (0, 2) => {
                rows += bytes.get(at + 3).map_or(0, |&down| u64::from(down));
                2
            }
            (0, count) => (usize::from(count) * bits).div_ceil(16) * 2,
        };
        if at + 2 + more > bytes.len() {
            break;
        }
        at += 2 + more;
    }
    (rows, at)
}
