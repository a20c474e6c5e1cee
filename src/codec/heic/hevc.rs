//! Decodes HEVC images to planes through `heic-rs`. Its own reading of files and colours is not used.

use heic_rs::hevc::{ChromaFormat, Frame as DecodedFrame, decode_still};

use super::parameters::Parameters;
use crate::codec::container::bmff::Fields;
use crate::codec::container::heif::Coding;
use crate::codec::container::heif::frame::{Frame, Layout, Plane};
use crate::codec::errors;
use crate::error::ItemError;
use crate::model::{Message, Samples};

/// Types of units: parameter sets of the video, of the sequence and of the picture.
const SETS: std::ops::RangeInclusive<u8> = 32..=34;
const SEQUENCE_SET: u8 = 33;
/// How much larger coded frames may be than what is visible of them, in px per side: blocks are at most 64 px wide, and
/// encoders pad small images.
const MAX_PADDING: u32 = 192;

/// The units of a coded image.
struct Units<'a> {
    sets: Vec<&'a [u8]>,
    slices: Vec<&'a [u8]>,
}

impl<'a> Units<'a> {
    fn read(configuration: &'a [u8], data: &'a [u8]) -> Option<Self> {
        let mut units = Self { sets: Vec::new(), slices: Vec::new() };
        let mut fields = Fields(configuration.get(21..)?);
        let length_bytes = usize::from(fields.u8()? & 3) + 1;
        for _ in 0..fields.u8()? {
            fields.u8()?;
            for _ in 0..fields.u16()? {
                let length = fields.u16()?.into();
                units.push(fields.slice(length)?);
            }
        }
        let mut fields = Fields(data);
        while !fields.0.is_empty() {
            let length = fields.slice(length_bytes)?.iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte));
            units.push(fields.slice(length)?);
        }
        Some(units)
    }

    fn push(&mut self, unit: &'a [u8]) {
        match kind(unit) {
            Some(kind) if SETS.contains(&kind) => self.sets.push(unit),
            Some(_) => self.slices.push(unit),
            None => {}
        }
    }

    fn parameters(&self) -> Option<Parameters> {
        let mut sets = self.sets.iter().filter(|unit| kind(unit) == Some(SEQUENCE_SET));
        let parameters = Parameters::read(sets.next()?)?;
        // The slices could refer to any of them.
        sets.all(|set| Parameters::read(set) == Some(parameters)).then_some(parameters)
    }
}

fn kind(unit: &[u8]) -> Option<u8> {
    unit.first().map(|head| head >> 1 & 0x3F)
}

fn invalid() -> ItemError {
    errors::corrupt("heic_units")
}

/// Width, height in px, as the coded data says.
pub(super) fn size(coding: &Coding<'_>, data: &[u8]) -> Option<(u32, u32)> {
    Units::read(coding.configuration, data)?.parameters().map(|parameters| parameters.visible_size)
}

/// Decodes an image of exactly this size in px.
pub(super) fn decode(coding: &Coding<'_>, data: &[u8], (width, height): (u32, u32)) -> Result<Frame, ItemError> {
    let units = Units::read(coding.configuration, data).ok_or_else(invalid)?;
    let parameters = units.parameters().ok_or_else(invalid)?;
    if parameters.visible_size != (width, height) {
        return Err(errors::corrupt("heif_frame_size"));
    }
    let is_padded = |coded: u32, visible: u32| coded - visible <= MAX_PADDING;
    if !is_padded(parameters.coded_size.0, width) || !is_padded(parameters.coded_size.1, height) {
        return Err(errors::corrupt("heif_frame_larger"));
    }
    // heic-rs 0.1.4 maps the prediction modes of 4:2:2 by a wrong table, and does not read which of the 4 x 4 blocks of
    // 4:4:4 have chroma: it fails, or gives wrong colours.
    if matches!(parameters.chroma, 2 | 3) {
        let chroma = if parameters.chroma == 2 { "4:2:2" } else { "4:4:4" };
        return Err(errors::unsupported(Message::new("heic_chroma").with("chroma", chroma)));
    }
    let decoded = decode_still(&units.sets, &units.slices).map_err(failure)?;
    decoded.validate().map_err(failure)?;
    if (decoded.width, decoded.height) != (width, height) {
        return Err(errors::corrupt("heif_frame_size"));
    }
    let has_chroma = decoded.chroma != ChromaFormat::Monochrome;
    if has_chroma && parameters.bits.0 != parameters.bits.1 {
        return Err(errors::unsupported("heic_depths_differ"));
    }
    frame(decoded, &parameters)
}

fn failure(error: heic_rs::Error) -> ItemError {
    use heic_rs::Error::{Malformed, MissingParameterSet, Unsupported};
    match error {
        Unsupported(tool) => errors::unsupported(Message::new("heic_tool").with("tool", tool)),
        Malformed(why) | MissingParameterSet(why) => errors::corrupt(Message::new("heic_data").with("why", why)),
        _ => invalid(),
    }
}

/// The planes without gaps, in bytes if that is enough.
fn frame(decoded: DecodedFrame, parameters: &Parameters) -> Result<Frame, ItemError> {
    let layout = match decoded.chroma {
        ChromaFormat::Monochrome => Layout::Gray,
        ChromaFormat::Yuv420 => Layout::Half,
        ChromaFormat::Yuv422 => Layout::HalfWide,
        ChromaFormat::Yuv444 => Layout::Full,
    };
    let bits = decoded.bit_depth;
    let (width, height) = (decoded.width as usize, decoded.height as usize);
    let chroma = layout.chroma_size(width, height);
    let (luma_stride, chroma_stride) = (decoded.y_stride as usize, decoded.c_stride as usize);
    let colours = parameters.colours;
    Ok(Frame {
        layout,
        bits,
        primaries: colours.primaries,
        transfer: colours.transfer,
        matrix: colours.matrix,
        full_range: colours.full_range,
        planes: [
            plane(&decoded.y, luma_stride, bits, (width, height))?,
            plane(&decoded.cb, chroma_stride, bits, chroma)?,
            plane(&decoded.cr, chroma_stride, bits, chroma)?,
        ],
    })
}

fn plane(from: &[u16], stride: usize, bits: u8, (width, height): (usize, usize)) -> Result<Plane, ItemError> {
    let mut plane = Plane::new(width, height, bits)?;
    if width == 0 || height == 0 {
        return Ok(plane);
    }
    for row in from.chunks(stride.max(1)).take(height) {
        let row = row.get(..width).ok_or_else(invalid)?;
        match &mut plane.samples {
            // Samples of 8 bits.
            Samples::U8(samples) => samples.extend(row.iter().map(|&value| value as u8)),
            Samples::U16(samples) => samples.extend_from_slice(row),
            Samples::F32(_) => {}
        }
    }
    Ok(plane)
}
