//! Properties of items, and of the samples of tracks.

use crate::codec::container::bmff::{BoxType, Boxes, Fields};
use crate::codec::errors;
use crate::error::ItemError;

/// Maximum number of items and properties: images have a few, grids some hundred tiles.
pub(crate) const MAX_ITEMS: usize = 4096;

/// A property of an item.
#[derive(Clone, Debug)]
pub(crate) enum Property<'a> {
    /// Width, height in px.
    Size(u32, u32),
    /// Quarter turns counter-clockwise.
    Rotation(u8),
    /// 0: top and bottom are swapped; 1: left and right.
    Mirror(u8),
    /// The visible part of the image.
    Aperture(Aperture),
    /// Colour as numbers of ISO 23091-2: primaries, transfer, matrix; whether samples use their full range.
    Numbers { primaries: u16, transfer: u16, matrix: u16, full_range: bool },
    /// Colour as an ICC profile.
    Profile(&'a [u8]),
    /// The purpose of an auxiliary item.
    Auxiliary(&'a [u8]),
    /// How the item is coded.
    Coding(Coding<'a>),
    /// Known, and irrelevant here.
    Harmless,
    /// Not known.
    Unknown(BoxType),
}

/// How frames are coded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coding<'a> {
    /// Bits of a sample.
    pub(crate) bits: u8,
    /// Whether there is only luma.
    pub(crate) monochrome: bool,
    /// The codec's configuration: the content of `av1C` or `hvcC`.
    #[cfg_attr(not(feature = "heic"), expect(dead_code, reason = "only HEIC needs it"))]
    pub(crate) configuration: &'a [u8],
}

impl<'a> Coding<'a> {
    /// As properties say.
    pub(crate) fn of(properties: &[(Property<'a>, bool)]) -> Result<Self, ItemError> {
        let coding = properties.iter().find_map(|(property, _)| match property {
            Property::Coding(coding) => Some(*coding),
            _ => None,
        });
        coding.ok_or_else(|| errors::corrupt("heif_no_codec"))
    }
}

/// A rectangle in fractions of px: width, height, and its centre's distance from the image's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Aperture {
    pub(crate) width: (u32, u32),
    pub(crate) height: (u32, u32),
    pub(crate) right: (i32, u32),
    pub(crate) down: (i32, u32),
}

/// Whether an auxiliary image with this purpose is alpha.
pub(crate) fn is_alpha(purpose: &[u8]) -> bool {
    const ALPHA: [&[u8]; 2] = [b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1"];
    ALPHA.contains(&purpose)
}

/// Whether an auxiliary image with this purpose is a gain map, as Apple's cameras write it.
pub(crate) fn is_gain_map(purpose: &[u8]) -> bool {
    purpose == b"urn:com:apple:photo:2020:aux:hdrgainmap"
}

/// Reads all properties into `pool`, and their assignments to items into `links`: item id, index in the pool,
/// essential.
pub(crate) fn read_properties<'a>(
    body: &'a [u8],
    pool: &mut Vec<Property<'a>>,
    links: &mut Vec<(u32, usize, bool)>,
) -> Result<Option<()>, ItemError> {
    for found in Boxes::within(body) {
        let (kind, body) = found?;
        match &kind {
            b"ipco" => {
                for found in Boxes::within(body) {
                    let (kind, body) = found?;
                    if pool.len() >= MAX_ITEMS {
                        return Ok(None);
                    }
                    let Some(property) = read_property(kind, body) else { return Ok(None) };
                    pool.push(property);
                }
            }
            b"ipma" if read_links(body, links).is_none() => return Ok(None),
            _ => {}
        }
    }
    Ok(Some(()))
}

/// A property of an item, or of a track's samples.
pub(crate) fn read_property(kind: BoxType, body: &[u8]) -> Option<Property<'_>> {
    let mut fields = Fields(body);
    Some(match &kind {
        b"ispe" => {
            fields.version()?;
            Property::Size(fields.u32()?, fields.u32()?)
        }
        b"irot" => Property::Rotation(fields.u8()? & 3),
        b"imir" => Property::Mirror(fields.u8()? & 1),
        b"clap" => {
            let mut pair = || Some((fields.u32()?, fields.u32()?));
            let (width, height) = (pair()?, pair()?);
            let (right, down) = (pair()?, pair()?);
            Property::Aperture(Aperture {
                width,
                height,
                right: (right.0.cast_signed(), right.1),
                down: (down.0.cast_signed(), down.1),
            })
        }
        b"colr" => match &fields.array::<4>()? {
            b"nclx" => {
                let (primaries, transfer, matrix) = (fields.u16()?, fields.u16()?, fields.u16()?);
                Property::Numbers { primaries, transfer, matrix, full_range: fields.u8()? >> 7 == 1 }
            }
            b"prof" | b"rICC" => Property::Profile(fields.0),
            _ => Property::Harmless,
        },
        // Of an item, and of a track.
        b"auxC" | b"auxi" => {
            fields.version()?;
            Property::Auxiliary(fields.text())
        }
        b"av1C" => {
            let [_, _, flags] = fields.array()?;
            let bits = match (flags >> 6 & 1, flags >> 5 & 1) {
                (0, _) => 8,
                (_, 0) => 10,
                _ => 12,
            };
            Property::Coding(Coding { bits, monochrome: flags >> 4 & 1 == 1, configuration: body })
        }
        b"hvcC" => {
            let &[chroma, depth, ..] = body.get(16..)? else { return None };
            Property::Coding(Coding {
                bits: (depth & 7) + 8,
                monochrome: chroma.is_multiple_of(4),
                configuration: body,
            })
        }
        b"pixi" | b"pasp" | b"clli" | b"mdcv" | b"cclv" | b"amve" | b"a1lx" | b"free" | b"skip" => Property::Harmless,
        _ => Property::Unknown(kind),
    })
}

fn read_links(body: &[u8], links: &mut Vec<(u32, usize, bool)>) -> Option<()> {
    let mut fields = Fields(body);
    let (version, flags) = fields.version()?;
    let count = fields.u32()?;
    for _ in 0..count {
        let id = fields.narrow_or_wide(version > 0)?;
        for _ in 0..fields.u8()? {
            let (index, essential) = if flags & 1 == 1 {
                let link = fields.u16()?;
                (link & 0x7FFF, link >> 15 == 1)
            } else {
                let link = fields.u8()?;
                (u16::from(link & 0x7F), link >> 7 == 1)
            };
            // Indices start at 1; 0 means none.
            if let Some(index) = usize::from(index).checked_sub(1) {
                if links.len() >= MAX_ITEMS * 16 {
                    return None;
                }
                links.push((id, index, essential));
            }
        }
    }
    Some(())
}
