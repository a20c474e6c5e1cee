//! Decoding AVIF: still images of 8 to 12 bits, gray or colour, with alpha, in one piece or as a grid of tiles. For an
//! image sequence, decodes its primary image.
//!
//! The container is read here; rav1d decodes the items.

use super::items::{Aperture, Item, Items, Property};
use super::yuv::{self, Matrix, YuvRows};
use super::{grid, rav1d};
use crate::codec::colour::{self, Hdr, SdrRows};
use crate::codec::guard::control::DecodeControl;
use crate::codec::spec::{DecodeOptions, Decoded, FileHeader, Header};
use crate::codec::{errors, meta};
use crate::error::ItemError;
use crate::model::{Channels, ImageInfo, Message, Orientation, RowReader, SampleType};

/// A file's primary image, as described by the file.
struct PrimaryImage<'a> {
    items: Items<'a>,
    /// Position and size within the decoded frame: left, top, width, height in px.
    part: (u32, u32, u32, u32),
    frame_size: (u32, u32),
    info: ImageInfo,
    bits: u8,
    orientation: Orientation,
}

impl<'a> PrimaryImage<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, ItemError> {
        let items = Items::read(bytes)?;
        let primary = items.primary()?;
        primary.check_essential()?;
        let frame_size = items.size_of(primary)?;
        errors::within_limits(frame_size.0, frame_size.1)?;
        let (bits, monochrome) = coding(&items, primary)?;
        let has_alpha = items.alpha_of(primary).is_some();
        let channels = match (monochrome, has_alpha) {
            (true, false) => Channels::Gray,
            (true, true) => Channels::GrayAlpha,
            (false, false) => Channels::Rgb,
            (false, true) => Channels::Rgba,
        };
        let part = part(primary, frame_size)?;
        let sample = if bits > 8 { SampleType::U16 } else { SampleType::U8 };
        let info = ImageInfo { width_px: part.2, height_px: part.3, channels, sample, premultiplied: false };
        let orientation = orientation(primary);
        Ok(Self { items, part, frame_size, info, bits, orientation })
    }

    fn header(&self) -> FileHeader {
        let header = FileHeader::still(self.info, self.orientation);
        let tone_mapped = self.items.primary().ok().and_then(hdr).map(Hdr::name);
        FileHeader { first_only: self.items.prefers_sequence(), tone_mapped, ..header }
    }
}

/// Bits per sample, and whether there is only luma; for a grid, those of its first tile.
fn coding(items: &Items<'_>, item: &Item<'_>) -> Result<(u8, bool), ItemError> {
    let coding_of = |item: &Item<'_>| {
        item.properties.iter().find_map(|(property, _)| match property {
            Property::Coding { bits, monochrome } => Some((*bits, *monochrome)),
            _ => None,
        })
    };
    let missing = || errors::corrupt("avif_no_codec");
    match &item.kind {
        b"av01" => coding_of(item).ok_or_else(missing),
        b"grid" => items.tiles_of(item)?.first().and_then(|tile| coding_of(tile)).ok_or_else(missing),
        kind => {
            let kind = String::from_utf8_lossy(kind);
            Err(errors::unsupported(Message::new("avif_type").with("type", kind)))
        }
    }
}

/// `irot` turns counter-clockwise first, `imir` mirrors then. EXIF's orientation is ignored.
fn orientation(item: &Item<'_>) -> Orientation {
    let mut turns = 0;
    let mut mirror = None;
    for (property, _) in &item.properties {
        match property {
            Property::Rotation(quarters) => turns = *quarters,
            Property::Mirror(axis) => mirror = Some(*axis),
            _ => {}
        }
    }
    match (turns, mirror) {
        (1, None) => Orientation::Rotate270,
        (2, None) => Orientation::Rotate180,
        (3, None) => Orientation::Rotate90,
        (0, Some(0)) | (2, Some(1)) => Orientation::FlipV,
        (0 | 2, Some(_)) => Orientation::FlipH,
        (1, Some(0)) | (3, Some(1)) => Orientation::Transpose,
        (1 | 3, Some(_)) => Orientation::Transverse,
        _ => Orientation::Upright,
    }
}

/// The visible part of the frame: all of it, or the clean aperture (`clap`).
fn part(item: &Item<'_>, (width, height): (u32, u32)) -> Result<(u32, u32, u32, u32), ItemError> {
    let aperture = item.properties.iter().find_map(|(property, _)| match property {
        Property::Aperture(aperture) => Some(*aperture),
        _ => None,
    });
    let Some(Aperture { width: wide, height: high, right, down }) = aperture else { return Ok((0, 0, width, height)) };
    let across = span(width, wide, right);
    let along = span(height, high, down);
    match (across, along) {
        (Some((left, width)), Some((top, height))) => Ok((left, top, width, height)),
        _ => Err(errors::corrupt("avif_aperture")),
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

/// The high dynamic range that an item declares, unless it has a profile. (Without a declaration, the coded data may
/// have one.)
fn hdr(item: &Item<'_>) -> Option<Hdr> {
    if item.properties.iter().any(|(property, _)| matches!(property, Property::Profile(_))) {
        return None;
    }
    item.properties.iter().find_map(|(property, _)| match property {
        Property::Numbers { transfer, .. } => Hdr::from_number(*transfer),
        _ => None,
    })
}

/// Maximum bytes for decoding: the decoder's frame, the planes copied from it, the decoder's data per block, and the
/// pixels in shared memory.
pub(super) fn held_bytes(_: &[u8], header: &Header) -> u64 {
    header.info.size_bytes() * 3 + (8 << 20)
}

pub(super) fn probe(bytes: &[u8], _page: u32) -> Result<FileHeader, ItemError> {
    Ok(PrimaryImage::read(bytes)?.header())
}

/// When the image was taken.
pub(super) fn taken(bytes: &[u8]) -> Option<String> {
    let items = Items::read(bytes).ok()?;
    meta::taken(&items.metadata_of(items.primary().ok()?))
}

pub(super) fn open<'a>(
    bytes: &'a [u8],
    _options: &DecodeOptions,
    _control: &DecodeControl<'_>,
) -> Result<Decoded<'a>, ItemError> {
    let image = PrimaryImage::read(bytes)?;
    let primary = image.items.primary()?;
    let frame = grid::decode(&image.items, primary, image.frame_size)?;
    let monochrome = image.info.channels.colour_count() == 1;
    if frame.bits != image.bits || (frame.layout == rav1d::Layout::Gray) != monochrome {
        return Err(errors::corrupt("avif_frame_codec"));
    }
    let (alpha, premultiplied) = match image.items.alpha_of(primary) {
        Some((item, premultiplied)) => {
            item.check_essential()?;
            if image.items.size_of(item)? != image.frame_size {
                return Err(errors::unsupported("avif_alpha_size"));
            }
            (Some(grid::decode(&image.items, item, image.frame_size)?), premultiplied)
        }
        None => (None, false),
    };
    let colours = primary.properties.iter().find_map(|(property, _)| match property {
        Property::Numbers { primaries, matrix, full_range, .. } => Some((*primaries, *matrix, *full_range)),
        _ => None,
    });
    let (primaries, matrix, full_range) = colours.unwrap_or((frame.primaries, frame.matrix, frame.full_range));
    let matrix = Matrix::from_number(matrix, primaries)
        .filter(|&matrix| matrix != Matrix::Identity || frame.layout == rav1d::Layout::Full || monochrome)
        .ok_or_else(|| errors::unsupported(Message::new("avif_matrix").with("matrix", matrix)))?;
    let profile = primary.properties.iter().find_map(|(property, _)| match property {
        Property::Profile(profile) => Some(profile.to_vec()),
        _ => None,
    });
    let hdr = if profile.is_some() { None } else { hdr(primary).or_else(|| Hdr::from_number(frame.transfer)) };
    let profile = profile.or_else(|| if monochrome { None } else { colour::by_primaries(primaries) });
    let rows = YuvRows {
        info: image.info,
        frame,
        alpha,
        premultiplied,
        matrix,
        full_range,
        left: image.part.0 as usize,
        top: image.part.1 as usize,
        next_row: 0,
        lines: yuv::Lines::default(),
    };
    let metadata = image.items.metadata_of(primary);
    let rows: Box<dyn RowReader + 'a> = match hdr {
        Some(hdr) => Box::new(SdrRows::new(rows, hdr)?),
        None => Box::new(rows),
    };
    Ok(Decoded { header: image.header(), rows, profile, metadata })
}

/// Whether the major brand, or a compatible one, is AVIF's. Other codecs use the same container.
pub(super) fn sniff(bytes: &[u8]) -> bool {
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else { return false };
    let Some(brands) = rest.strip_prefix(b"ftyp") else { return false };
    // The length includes itself and the type.
    let brands = brands.get(..(u32::from_be_bytes(*length) as usize).saturating_sub(8)).unwrap_or(brands);
    // The second one is a version.
    brands.as_chunks::<4>().0.iter().enumerate().any(|(at, brand)| at != 1 && matches!(brand, b"avif" | b"avis"))
}
