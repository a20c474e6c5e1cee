//! From decoded frames to images: the visible part, and how coded values become colours.

use super::frame::{Frame, Layout};
use super::properties::{Aperture, Coding, Property};
use super::sequence::Sequence;
use super::yuv::{self, Matrix, YuvRows};
use crate::codec::colour::{self, CodePoints, Hdr, ShownRows};
use crate::codec::errors;
use crate::codec::spec::FileHeader;
use crate::error::ItemError;
use crate::model::{Channels, HdrChoice, ImageInfo, Message, Orientation, SampleType};

/// Properties, and whether they are essential.
type Properties<'p, 'a> = &'p [(Property<'a>, bool)];

/// An image within its coded frames.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    /// Position and size within the decoded frame: left, top, width, height in px.
    part: (u32, u32, u32, u32),
    pub(crate) frame_size: (u32, u32),
    pub(crate) info: ImageInfo,
    bits: u8,
    monochrome: bool,
    orientation: Orientation,
}

impl Shape {
    pub(crate) fn new(
        properties: Properties<'_, '_>,
        frame_size: (u32, u32),
        coding: &Coding<'_>,
        has_alpha: bool,
        orientation: Orientation,
    ) -> Result<Self, ItemError> {
        errors::within_limits(frame_size.0, frame_size.1)?;
        let channels = match (coding.monochrome, has_alpha) {
            (true, false) => Channels::Gray,
            (true, true) => Channels::GrayAlpha,
            (false, false) => Channels::Rgb,
            (false, true) => Channels::Rgba,
        };
        let part = part(properties, frame_size)?;
        let sample = if coding.bits > 8 { SampleType::U16 } else { SampleType::U8 };
        let info = ImageInfo { width_px: part.2, height_px: part.3, channels, sample, premultiplied: false };
        Ok(Self { part, frame_size, info, bits: coding.bits, monochrome: coding.monochrome, orientation })
    }

    pub(crate) fn of_sequence(sequence: &Sequence<'_>) -> Result<Self, ItemError> {
        let Sequence { colour, alpha, .. } = sequence;
        if alpha.as_ref().is_some_and(|alpha| alpha.size != colour.size) {
            return Err(errors::unsupported("heif_alpha_size"));
        }
        let coding = Coding::of(&colour.properties)?;
        Self::new(&colour.properties, colour.size, &coding, alpha.is_some(), sequence.orientation())
    }

    /// The header of a still image.
    pub(crate) fn header(&self, hdr: Option<Hdr>) -> FileHeader {
        FileHeader { tone_mapped: hdr.map(Hdr::name), ..FileHeader::still(self.info, self.orientation) }
    }
}

/// The visible part of the frame: all of it, or the clean aperture (`clap`).
fn part(properties: Properties<'_, '_>, (width, height): (u32, u32)) -> Result<(u32, u32, u32, u32), ItemError> {
    let aperture = properties.iter().find_map(|(property, _)| match property {
        Property::Aperture(aperture) => Some(*aperture),
        _ => None,
    });
    let Some(Aperture { width: wide, height: high, right, down }) = aperture else { return Ok((0, 0, width, height)) };
    let across = span(width, wide, right);
    let along = span(height, high, down);
    match (across, along) {
        (Some((left, width)), Some((top, height))) => Ok((left, top, width, height)),
        _ => Err(errors::corrupt("heif_aperture")),
    }
}

/// First pixel and number of pixels along one side; `None` if they are not integers or exceed the side.
fn span(side: u32, (length, per): (u32, u32), (off, off_per): (i32, u32)) -> Option<(u32, u32)> {
    if per == 0 || off_per == 0 || !length.is_multiple_of(per) {
        return None;
    }
    let length = length / per;
    let twice = i128::from(off) * 2 + (i128::from(side) - i128::from(length)) * i128::from(off_per);
    let per = i128::from(off_per) * 2;
    let first = (twice % per == 0).then(|| u32::try_from(twice / per).ok()).flatten()?;
    (length > 0 && first.checked_add(length)? <= side).then_some((first, length))
}

/// How a frame's values become colours.
pub(crate) struct Colours {
    matrix: Matrix,
    full_range: bool,
    premultiplied: bool,
    /// The one that is mapped to SDR.
    hdr: Option<Hdr>,
    /// The ICC profile of the rows; `None` is sRGB.
    pub(crate) profile: Option<Vec<u8>>,
}

impl Colours {
    /// The high dynamic range that properties declare, unless there is a profile. (Without a declaration, the coded data
    /// may have one.)
    pub(crate) fn declared_hdr(properties: Properties<'_, '_>) -> Option<Hdr> {
        if properties.iter().any(|(property, _)| matches!(property, Property::Profile(_))) {
            return None;
        }
        properties.iter().find_map(|(property, _)| match property {
            Property::Numbers { transfer, .. } => Hdr::from_number(*transfer),
            _ => None,
        })
    }

    /// As the properties say, or else the frame.
    pub(crate) fn of(
        properties: Properties<'_, '_>,
        frame: &Frame,
        premultiplied: bool,
        choice: HdrChoice,
    ) -> Result<Self, ItemError> {
        let monochrome = frame.layout == Layout::Gray;
        let numbers = properties.iter().find_map(|(property, _)| match property {
            Property::Numbers { primaries, matrix, full_range, .. } => Some((*primaries, *matrix, *full_range)),
            _ => None,
        });
        let (primaries, matrix, full_range) = numbers.unwrap_or((frame.primaries, frame.matrix, frame.full_range));
        let matrix = Matrix::from_number(matrix, primaries)
            .filter(|&matrix| matrix != Matrix::Identity || frame.layout == Layout::Full || monochrome)
            .ok_or_else(|| errors::unsupported(Message::new("heif_matrix").with("matrix", matrix)))?;
        let profile = properties.iter().find_map(|(property, _)| match property {
            Property::Profile(profile) => Some(profile.to_vec()),
            _ => None,
        });
        let declared = || Self::declared_hdr(properties).or_else(|| Hdr::from_number(frame.transfer));
        let hdr = if profile.is_some() { None } else { declared() };
        let kept = hdr.filter(|_| choice == HdrChoice::Keep).map(|hdr| CodePoints::new(primaries, hdr));
        if let Some(points) = kept {
            return Ok(Self { matrix, full_range, premultiplied, hdr: None, profile: points.profile() });
        }
        let profile = profile.or_else(|| if monochrome { None } else { colour::by_primaries(primaries) });
        Ok(Self { matrix, full_range, premultiplied, hdr, profile })
    }

    /// The same for values that are no light, so that no range is mapped.
    pub(crate) fn without_hdr(self) -> Self {
        Self { hdr: None, ..self }
    }

    /// A frame's rows. `peak` is the brightest light so far.
    pub(crate) fn rows(
        &self,
        shape: &Shape,
        frame: Frame,
        alpha: Option<Frame>,
        peak: &mut f32,
    ) -> Result<ShownRows<YuvRows>, ItemError> {
        if (frame.bits, frame.layout == Layout::Gray) != (shape.bits, shape.monochrome) {
            return Err(errors::corrupt("heif_frame_codec"));
        }
        let rows = YuvRows {
            info: shape.info,
            frame,
            alpha,
            premultiplied: self.premultiplied,
            matrix: self.matrix,
            full_range: self.full_range,
            left: shape.part.0 as usize,
            top: shape.part.1 as usize,
            next_row: 0,
            lines: yuv::Lines::default(),
        };
        ShownRows::new(rows, self.hdr, peak)
    }
}
