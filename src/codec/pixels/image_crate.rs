//! Formats that the `image` crate reads, each as a whole: Windows bitmaps, TGA, QOI and Netpbm.

use std::io::{BufRead, Cursor, Seek};

use image::ImageDecoder;
use image::codecs::bmp::BmpDecoder;
use image::codecs::pnm::PnmDecoder;
use image::codecs::qoi::QoiDecoder;
use image::codecs::tga::TgaDecoder;

use super::whole_image;
use crate::codec::guard::truncated::Short;
use crate::codec::meta::density;
use crate::codec::{Decoded, Header, errors};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Density, Format, ImageInfo, Metadata, Orientation};

/// Pixels that one byte of a TGA's run may stand for, and of a QOI's, at most.
const MAX_RUN_PX: u64 = 128;
/// Bytes of the first of a bitmap's headers that tells a density.
const INFO_HEADER_BYTES: u32 = 40;
/// Pixels to the metre of a bitmap where nothing is told: 72 to the inch.
pub(crate) const BMP_DENSITY: u32 = 2_835;

fn decoder(format: Format, bytes: &[u8]) -> Result<Box<dyn ImageDecoder + '_>, ItemError> {
    decoder_of(format, Cursor::new(bytes))
}

fn decoder_of<'a>(format: Format, file: impl BufRead + Seek + 'a) -> Result<Box<dyn ImageDecoder + 'a>, ItemError> {
    let decoder: Result<Box<dyn ImageDecoder>, _> = match format {
        Format::Tga => TgaDecoder::new(file).map(|decoder| Box::new(decoder) as _),
        Format::Qoi => QoiDecoder::new(file).map(|decoder| Box::new(decoder) as _),
        Format::Pnm => PnmDecoder::new(file).map(|decoder| Box::new(decoder) as _),
        _ => BmpDecoder::new(file).map(|decoder| Box::new(decoder) as _),
    };
    decoder.map_err(|error| errors::from_image(&error))
}

const fn header(format: Format, info: ImageInfo) -> Header {
    Header::still(format, info, Orientation::Upright)
}

/// Refuses a header that claims more than its bytes can hold, before memory is taken for it.
fn could_hold(format: Format, info: &ImageInfo, bytes: &[u8]) -> Result<(), ItemError> {
    let pixels = u64::from(info.width_px) * u64::from(info.height_px);
    let least = match format {
        Format::Tga | Format::Qoi => pixels / MAX_RUN_PX,
        // Bits, eight to a byte, are the smallest samples there are.
        Format::Pnm => pixels / 8,
        _ => 0,
    };
    if least > bytes.len() as u64 { Err(errors::truncated()) } else { Ok(()) }
}

pub(crate) fn probe(format: Format, bytes: &[u8]) -> Result<Header, ItemError> {
    Ok(header(format, whole_image::info(&decoder(format, bytes)?)?))
}

/// What a `BITMAPINFOHEADER`, or a later header, tells of the density: pixels to the metre, across and down.
fn bmp_density(bytes: &[u8]) -> Option<Density> {
    let number = |at: usize| Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk::<4>()?));
    (number(14)? >= INFO_HEADER_BYTES).then(|| density::from_metre(number(38)?, number(42)?)).flatten()
}

/// A Windows bitmap without a density of its own: there is no other metadata in one.
pub(crate) fn stripped(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut bare = bytes.to_vec();
    if bmp_density(bytes).is_some() {
        let default = BMP_DENSITY.to_le_bytes();
        bare.get_mut(38..46)?.copy_from_slice([default, default].as_flattened());
    }
    Some(bare)
}

pub(crate) fn open(format: Format, bytes: &[u8], keep: bool) -> Result<Decoded<'_>, ItemError> {
    let mut decoder = decoder(format, bytes)?;
    let info = whole_image::info(&decoder)?;
    let profile = decoder.icc_profile().ok().flatten();
    let read = could_hold(format, &info, bytes).and_then(|()| whole_image::decode(decoder));
    let (info, rows) = match read {
        Err(error) if error.kind == ErrorKind::Truncated => {
            let short = Short::of(format, bytes, &info).ok_or(error)?;
            if !keep || short.rows == 0 {
                return Err(errors::truncated_rows(short.rows, info.height_px));
            }
            let (info, rows) = whole_image::decode(decoder_of(format, short.mended(bytes))?)?;
            (info, rows.short(short.rows, short.from_below, bytes.len() as u64))
        }
        other => other?,
    };
    let density = if format == Format::Bmp { bmp_density(bytes) } else { None };
    let metadata = Metadata { density, ..Metadata::default() };
    Ok(Decoded { header: header(format, info), rows: Box::new(rows), profile, metadata })
}
