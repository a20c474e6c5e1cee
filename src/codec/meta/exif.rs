//! EXIF blocks: reads the orientation, resets it, and removes GPS positions.
//!
//! Blocks are edited in place, byte for byte, so that offsets in maker notes remain valid: removed data is overwritten
//! with zeros. Every offset comes from the file and is checked.

use std::sync::Arc;

use super::date_time::moment;
use super::density;
use crate::model::{ColourChoice, Density, Orientation};

const ORIENTATION: u16 = 0x0112;
const EXIF_IFD: u16 = 0x8769;
const GPS_IFD: u16 = 0x8825;
const MAKER_NOTE: u16 = 0x927C;
const XMP_PACKET: u16 = 0x02BC;
const IPTC_RECORDS: u16 = 0x83BB;
const PHOTOSHOP: u16 = 0x8649;
const IMAGE_WIDTH: u16 = 0x0100;
const IMAGE_LENGTH: u16 = 0x0101;
const PIXEL_X_DIMENSION: u16 = 0xA002;
const PIXEL_Y_DIMENSION: u16 = 0xA003;
const X_RESOLUTION: u16 = 0x011A;
const Y_RESOLUTION: u16 = 0x011B;
const RESOLUTION_UNIT: u16 = 0x0128;
const DATE_TIME: u16 = 0x0132;
const DATE_TIME_ORIGINAL: u16 = 0x9003;
const DATE_TIME_DIGITIZED: u16 = 0x9004;
const THUMBNAIL_AT: u16 = 0x0201;
const THUMBNAIL_LENGTH: u16 = 0x0202;
const NEW_SUBFILE_TYPE: u16 = 0x00FE;
const COLOUR_SPACE: u16 = 0xA001;
const INTEROP_IFD: u16 = 0xA005;
const INTEROP_INDEX: u16 = 0x0001;
const YCBCR_POSITIONING: u16 = 0x0213;
const SUB_IFDS: u16 = 0x014A;
const DNG_VERSION: u16 = 0xC612;
/// The metadata of Leaf's raw files.
const LEAF_METADATA: u16 = 0x8606;
const PHOTOMETRIC: u16 = 0x0106;
/// Photometric interpretations of a sensor's data: with a colour filter array, and with all colours.
const SENSOR_DATA: [u32; 2] = [32_803, 34_892];
/// Directories below another one that are looked at.
const MAX_BELOW: usize = 16;
/// Bytes of an entry: tag, type, count, value or offset.
const ENTRY: usize = 12;

/// The orientation in a block.
pub(super) fn orientation(block: &[u8]) -> Option<Orientation> {
    let tiff = Tiff::new(block)?;
    let at = tiff.find(tiff.first_ifd()?, ORIENTATION)?;
    tiff.number(at).map(Orientation::from_exif)
}

/// The EXIF block that an orientation needs; `None` if it is upright.
pub(crate) fn block_for(orientation: Orientation) -> Option<Vec<u8>> {
    (orientation != Orientation::Upright).then(|| only_orientation(orientation))
}

/// A block that holds an orientation and nothing else.
fn only_orientation(orientation: Orientation) -> Vec<u8> {
    let mut block = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    block.push(orientation.to_exif());
    block.extend([0; 6]);
    block
}

/// Whether a TIFF file is a camera's raw file: its first image is only a thumbnail, which must not be taken for the
/// photograph.
pub(crate) fn is_camera_raw(file: &[u8]) -> bool {
    let has_tags = || {
        let tiff = Tiff::new(file)?;
        let ifd = tiff.first_ifd()?;
        let number = |ifd, tag| tiff.find(ifd, tag).and_then(|entry| tiff.number(entry));
        let is_sensor = |ifd| number(ifd, PHOTOMETRIC).is_some_and(|kind| SENSOR_DATA.contains(&kind));
        let is_reduced = number(ifd, NEW_SUBFILE_TYPE).is_some_and(|kind| kind & 1 == 1);
        let below = tiff.find(ifd, SUB_IFDS);
        Some(
            [DNG_VERSION, LEAF_METADATA].iter().any(|&tag| tiff.find(ifd, tag).is_some())
                || is_sensor(ifd)
                || below.is_some_and(|below| is_reduced || tiff.offsets(below).any(is_sensor)),
        )
    };
    file.get(8..10) == Some(b"CR") || has_tags().unwrap_or(false)
}

/// The block of an image that is being turned upright: orientation 1, and no thumbnail of the old image. If its axes
/// are swapped, so are those of its density.
pub(crate) fn upright(block: &Arc<[u8]>, swaps_axes: bool) -> Arc<[u8]> {
    edited(block, |block| {
        set_upright(block);
        drop_thumbnail(block);
        if let Some(Density { x_per_inch, y_per_inch }) = density(block).filter(|_| swaps_axes) {
            set_density(block, Density { x_per_inch: y_per_inch, y_per_inch: x_per_inch });
        }
    })
}

/// The block without any position: the GPS directory is removed, and everything that might contain another position
/// (maker notes, whose format is unknown; XMP, IPTC and Photoshop resources within EXIF). A block that can't be parsed
/// is dropped.
pub(crate) fn without_gps(block: &Arc<[u8]>) -> Option<Arc<[u8]>> {
    Tiff::new(block)?.first_ifd()?;
    Some(edited(block, |block| {
        for (tag, is_directory) in
            [(GPS_IFD, true), (MAKER_NOTE, false), (XMP_PACKET, false), (IPTC_RECORDS, false), (PHOTOSHOP, false)]
        {
            drop_entry(block, tag, is_directory);
        }
    }))
}

/// Pixels per inch, from the main directory.
pub(crate) fn density(block: &[u8]) -> Option<Density> {
    let tiff = Tiff::new(block)?;
    let ifd = tiff.first_ifd()?;
    let fraction = |tag| {
        let at = tiff.fraction(tiff.find(ifd, tag)?)?;
        let (top, bottom) = (tiff.u32(at)?, tiff.u32(at + 4)?);
        (bottom != 0).then(|| f64::from(top) / f64::from(bottom))
    };
    let (x, y) = (fraction(X_RESOLUTION)?, fraction(Y_RESOLUTION)?);
    match tiff.find(ifd, RESOLUTION_UNIT).and_then(|entry| tiff.number(entry)) {
        None | Some(2) => density::from_inch(x, y),
        Some(3) => density::from_cm(x, y),
        Some(_) => None,
    }
}

/// A block with this density, added where it is missing.
pub(crate) fn with_density(block: Option<&Arc<[u8]>>, wanted: Density) -> Arc<[u8]> {
    let empty = || -> Arc<[u8]> { b"MM\0*\0\0\0\x08\0\0\0\0\0\0".as_slice().into() };
    let block = block.map_or_else(empty, Arc::clone);
    edited(&block, |block| {
        set_density(block, wanted);
        if density(block).is_none() {
            add_density(block, wanted);
        }
    })
}

/// Whether a block says more than how the pixels are stored and printed.
pub(crate) fn says_something(block: &[u8]) -> bool {
    const ABOUT_PIXELS: [u16; 7] =
        [ORIENTATION, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT, YCBCR_POSITIONING, IMAGE_WIDTH, IMAGE_LENGTH];
    let Some(tiff) = Tiff::new(block) else { return false };
    let Some(first) = tiff.first_ifd() else { return false };
    tiff.entries(first).filter_map(|entry| tiff.u16(entry)).any(|tag| !ABOUT_PIXELS.contains(&tag))
}

/// The block for an image of this size in px, if it contains one.
pub(crate) fn sized(block: &Arc<[u8]>, width_px: u32, height_px: u32) -> Arc<[u8]> {
    edited(block, |block| {
        for (tag, px) in [
            (IMAGE_WIDTH, width_px),
            (IMAGE_LENGTH, height_px),
            (PIXEL_X_DIMENSION, width_px),
            (PIXEL_Y_DIMENSION, height_px),
        ] {
            set_number(block, tag, px);
        }
    })
}

/// When the image was taken (`DateTimeOriginal`, else `DateTimeDigitized`, else `DateTime`), as
/// `YYYY-MM-DDTHH:MM:SS`.
pub(crate) fn taken(block: &[u8]) -> Option<String> {
    let tiff = Tiff::new(block)?;
    let first = tiff.first_ifd()?;
    let exif = tiff.directory(first, EXIF_IFD);
    let read = |ifd: usize, tag: u16| {
        let (from, to) = tiff.outside(tiff.find(ifd, tag)?)?;
        moment(block.get(from..to)?)
    };
    exif.and_then(|exif| read(exif, DATE_TIME_ORIGINAL).or_else(|| read(exif, DATE_TIME_DIGITIZED)))
        .or_else(|| read(first, DATE_TIME))
}

/// Whether a block says that pixels are in Adobe RGB: by DCF's option file, or by the number that some cameras use.
pub(crate) fn is_adobe_rgb(block: &[u8]) -> bool {
    let read = || {
        let tiff = Tiff::new(block)?;
        let exif = tiff.directory(tiff.first_ifd()?, EXIF_IFD)?;
        let space = tiff.find(exif, COLOUR_SPACE).and_then(|entry| tiff.number(entry));
        let index = tiff.directory(exif, INTEROP_IFD).and_then(|interop| tiff.find(interop, INTEROP_INDEX));
        let index = index.and_then(|entry| block.get(entry + 8..entry + 11));
        Some(space == Some(2) || (space != Some(1) && index == Some(b"R03".as_slice())))
    };
    read().unwrap_or(false)
}

/// The block for pixels of a colour space.
pub(crate) fn coloured(block: &Arc<[u8]>, space: ColourChoice) -> Arc<[u8]> {
    const UNCALIBRATED: u32 = 65_535;
    let (number, index): (u32, Option<&[u8; 3]>) = match space {
        ColourChoice::Srgb => (1, Some(b"R98")),
        ColourChoice::AdobeRgb => (UNCALIBRATED, Some(b"R03")),
        _ => (UNCALIBRATED, None),
    };
    edited(block, |block| {
        set_number(block, COLOUR_SPACE, number);
        let place = || {
            let tiff = Tiff::new(block)?;
            let interop = tiff.directory(tiff.directory(tiff.first_ifd()?, EXIF_IFD)?, INTEROP_IFD)?;
            let entry = tiff.find(interop, INTEROP_INDEX)?;
            (tiff.u32(entry + 4)? <= 4).then_some(entry + 8)
        };
        match (place(), index) {
            (Some(at), Some(index)) => {
                if let Some(bytes) = block.get_mut(at..at + 3) {
                    bytes.copy_from_slice(index);
                }
            }
            (Some(_), None) => drop_entry(block, INTEROP_IFD, true),
            (None, _) => {}
        }
    })
}

fn edited(block: &Arc<[u8]>, edit: impl FnOnce(&mut Vec<u8>)) -> Arc<[u8]> {
    let mut bytes = block.to_vec();
    edit(&mut bytes);
    bytes.into()
}

/// A TIFF structure, as EXIF blocks are.
#[derive(Clone, Copy)]
struct Tiff<'b> {
    bytes: &'b [u8],
    little: bool,
}

impl<'b> Tiff<'b> {
    fn new(bytes: &'b [u8]) -> Option<Self> {
        match bytes {
            [b'I', b'I', 42, 0, ..] => Some(Self { bytes, little: true }),
            [b'M', b'M', 0, 42, ..] => Some(Self { bytes, little: false }),
            _ => None,
        }
    }

    fn u16(self, at: usize) -> Option<u16> {
        let two = self.bytes.get(at..)?.first_chunk::<2>()?;
        Some(if self.little { u16::from_le_bytes(*two) } else { u16::from_be_bytes(*two) })
    }

    fn u32(self, at: usize) -> Option<u32> {
        let four = self.bytes.get(at..)?.first_chunk::<4>()?;
        Some(if self.little { u32::from_le_bytes(*four) } else { u32::from_be_bytes(*four) })
    }

    /// Offset of the main directory.
    fn first_ifd(self) -> Option<usize> {
        let at = self.u32(4)? as usize;
        (at >= 8 && at + 2 <= self.bytes.len()).then_some(at)
    }

    /// Number of a directory's entries that really are within the block.
    fn count(self, ifd: usize) -> usize {
        let room = self.bytes.len().saturating_sub(ifd + 2) / ENTRY;
        usize::from(self.u16(ifd).unwrap_or(0)).min(room)
    }

    /// Offsets of a directory's entries.
    fn entries(self, ifd: usize) -> impl Iterator<Item = usize> {
        (0..self.count(ifd)).map(move |n| ifd + 2 + n * ENTRY)
    }

    /// Offset of the entry with a tag.
    fn find(self, ifd: usize, tag: u16) -> Option<usize> {
        self.entries(ifd).find(|&at| self.u16(at) == Some(tag))
    }

    /// An entry's single number (SHORT or LONG).
    fn number(self, entry: usize) -> Option<u32> {
        match self.u16(entry + 2)? {
            3 => self.u16(entry + 8).map(u32::from),
            4 | 13 => self.u32(entry + 8),
            _ => None,
        }
    }

    /// The directory that an entry points to.
    fn directory(self, ifd: usize, tag: u16) -> Option<usize> {
        let at = self.number(self.find(ifd, tag)?)? as usize;
        (at >= 8 && at + 2 <= self.bytes.len()).then_some(at)
    }

    /// The directories that an entry's offsets point to.
    fn offsets(self, entry: usize) -> impl Iterator<Item = usize> {
        let (from, to) = self.outside(entry).unwrap_or((entry + 8, entry + 12));
        let offsets = (from..to).step_by(4).take(MAX_BELOW);
        offsets.filter_map(move |at| self.u32(at)).map(|at| at as usize).filter(|&at| at >= 8)
    }

    /// The location of an entry's value, if it is too long for the entry itself.
    fn outside(self, entry: usize) -> Option<(usize, usize)> {
        let size = match self.u16(entry + 2)? {
            1 | 2 | 6 | 7 => 1u64,
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 => 8,
            _ => return None,
        };
        let length = size * u64::from(self.u32(entry + 4)?);
        if length <= 4 {
            return None;
        }
        let from = self.u32(entry + 8)? as usize;
        let to = from.saturating_add(usize::try_from(length).ok()?).min(self.bytes.len());
        (from >= 8 && from < to).then_some((from, to))
    }

    /// The location of an entry's single fraction (RATIONAL).
    fn fraction(self, entry: usize) -> Option<usize> {
        let is_one = self.u16(entry + 2)? == 5 && self.u32(entry + 4)? == 1;
        let (from, to) = self.outside(entry).filter(|_| is_one)?;
        (to - from == 8).then_some(from)
    }

    /// Everything that belongs to a directory: its entries, and their values elsewhere.
    fn extents(self, ifd: usize) -> Vec<(usize, usize)> {
        let mut extents: Vec<_> = self.entries(ifd).filter_map(|entry| self.outside(entry)).collect();
        extents.push((ifd, ifd + 2 + self.count(ifd) * ENTRY));
        extents
    }
}

fn zero(block: &mut [u8], extents: &[(usize, usize)]) {
    for &(from, to) in extents {
        if let Some(bytes) = block.get_mut(from..to) {
            bytes.fill(0);
        }
    }
}

fn set_upright(block: &mut [u8]) {
    let Some(tiff) = Tiff::new(block) else { return };
    let little = tiff.little;
    let entry = tiff.first_ifd().and_then(|ifd| tiff.find(ifd, ORIENTATION));
    let Some(entry) = entry.filter(|&entry| matches!(tiff.u16(entry + 2), Some(3 | 4))) else { return };
    let long = tiff.u16(entry + 2) == Some(4);
    let value: [u8; 4] = match (little, long) {
        (true, _) => [1, 0, 0, 0],
        (false, false) => [0, 1, 0, 0],
        (false, true) => [0, 0, 0, 1],
    };
    if let Some(bytes) = block.get_mut(entry + 8..entry + 12) {
        bytes.copy_from_slice(&value);
    }
}

/// Removes the second directory and the image it refers to.
fn drop_thumbnail(block: &mut Vec<u8>) {
    let Some(tiff) = Tiff::new(block) else { return };
    let Some(first) = tiff.first_ifd() else { return };
    let link = first + 2 + tiff.count(first) * ENTRY;
    let Some(second) = tiff.u32(link).map(|at| at as usize).filter(|&at| at >= 8) else { return };
    let mut extents = tiff.extents(second);
    let number = |tag| tiff.find(second, tag).and_then(|entry| tiff.number(entry)).map(|number| number as usize);
    if let (Some(at), Some(length)) = (number(THUMBNAIL_AT), number(THUMBNAIL_LENGTH)) {
        extents.push((at.max(8), at.saturating_add(length).min(block.len())));
    }
    let end = second + 2 + tiff.count(second) * ENTRY;
    extents.extend([(link, link + 4), (end, (end + 4).min(block.len()))]);
    // A forged directory may claim bytes of the first one: then only the link is removed.
    let mut own = tiff.extents(first);
    own.extend(tiff.directory(first, EXIF_IFD).map(|exif| tiff.extents(exif)).unwrap_or_default());
    let apart = |&&(from, to): &&(usize, usize)| !own.iter().any(|&(start, end)| from < end && start < to);
    let safe: Vec<_> = extents.iter().filter(apart).copied().collect();
    zero(block, &safe);
    // Zeros at the end, where thumbnails are, are cut off.
    let mut cut = block.len();
    while let Some(&(from, _)) = safe.iter().find(|&&(from, to)| from < cut && to >= cut) {
        cut = from;
    }
    block.truncate(cut.max(link + 4));
}

/// Removes every entry with a tag from the main directory and from the EXIF directory, with its data.
fn drop_entry(block: &mut [u8], tag: u16, is_directory: bool) {
    let Some(tiff) = Tiff::new(block) else { return };
    let Some(first) = tiff.first_ifd() else { return };
    let exif = tiff.directory(first, EXIF_IFD);
    for ifd in [Some(first), exif].into_iter().flatten() {
        // The tag may occur more than once; the bound keeps forged blocks from looping.
        for _ in 0..16 {
            let Some(tiff) = Tiff::new(block) else { return };
            let Some(entry) = tiff.find(ifd, tag) else { break };
            let extents = if is_directory {
                tiff.directory(ifd, tag).map(|gps| tiff.extents(gps)).unwrap_or_default()
            } else {
                tiff.outside(entry).into_iter().collect()
            };
            remove_entry(block, ifd, entry);
            // Forged extents may claim bytes of the remaining directories: those are not changed.
            let Some(tiff) = Tiff::new(block) else { return };
            let stays = |ifd: usize| (ifd, ifd + 2 + tiff.count(ifd) * ENTRY + 4);
            let kept: Vec<_> = [Some(first), exif].into_iter().flatten().map(stays).chain([(0, 8)]).collect();
            let safe: Vec<_> = extents
                .into_iter()
                .filter(|&(from, to)| !kept.iter().any(|&(start, end)| from < end && start < to))
                .collect();
            zero(block, &safe);
        }
    }
}

/// Sets an entry's single number in the main directory and in the EXIF directory, unless it is too large for the
/// entry's type.
fn set_number(block: &mut [u8], tag: u16, number: u32) {
    let Some(tiff) = Tiff::new(block) else { return };
    let Some(first) = tiff.first_ifd() else { return };
    let places: Vec<(usize, Vec<u8>)> = [Some(first), tiff.directory(first, EXIF_IFD)]
        .into_iter()
        .flatten()
        .filter_map(|ifd| {
            let entry = tiff.find(ifd, tag)?;
            let value = match (tiff.u16(entry + 2)?, tiff.little) {
                (3, true) => u16::try_from(number).ok()?.to_le_bytes().to_vec(),
                (3, false) => u16::try_from(number).ok()?.to_be_bytes().to_vec(),
                (4, true) => number.to_le_bytes().to_vec(),
                (4, false) => number.to_be_bytes().to_vec(),
                _ => return None,
            };
            Some((entry + 8, value))
        })
        .collect();
    for (at, value) in places {
        if let Some(bytes) = block.get_mut(at..at + value.len()) {
            bytes.copy_from_slice(&value);
        }
    }
}

/// Sets the density in the main directory, if all its entries exist and their values don't overlap directories.
fn set_density(block: &mut [u8], density: Density) {
    let Some(tiff) = Tiff::new(block) else { return };
    let (Some(first), little) = (tiff.first_ifd(), tiff.little) else { return };
    let is_separate = |at: &usize| {
        let directories = [Some(first), tiff.directory(first, EXIF_IFD), tiff.directory(first, GPS_IFD)];
        !directories.into_iter().flatten().any(|ifd| *at < ifd + 2 + tiff.count(ifd) * ENTRY + 4 && ifd < at + 8)
    };
    let fraction = |tag| tiff.find(first, tag).and_then(|entry| tiff.fraction(entry)).filter(is_separate);
    let unit = tiff.find(first, RESOLUTION_UNIT).filter(|&entry| tiff.u16(entry + 2) == Some(3));
    let (Some(x), Some(y), Some(unit)) = (fraction(X_RESOLUTION), fraction(Y_RESOLUTION), unit) else { return };
    for (at, per_inch) in [(x, density.x_per_inch), (y, density.y_per_inch)] {
        let (top, bottom) = density::to_fraction(per_inch);
        for (at, number) in [(at, top), (at + 4, bottom)] {
            if let Some(bytes) = block.get_mut(at..at + 4) {
                bytes.copy_from_slice(&if little { number.to_le_bytes() } else { number.to_be_bytes() });
            }
        }
    }
    if let Some(bytes) = block.get_mut(unit + 8..unit + 10) {
        bytes.copy_from_slice(&if little { 2_u16.to_le_bytes() } else { 2_u16.to_be_bytes() });
    }
}

/// Adds the density to the main directory, which moves to the end of the block. A block without a valid directory does
/// not change.
fn add_density(block: &mut Vec<u8>, density: Density) {
    let Some(tiff) = Tiff::new(block) else { return };
    let (Some(first), little) = (tiff.first_ifd(), tiff.little) else { return };
    let is_density = |tag: u16| [X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT].contains(&tag);
    let kept = tiff.entries(first).filter_map(|at| Some((tiff.u16(at)?, tiff.bytes.get(at..at + ENTRY)?.to_vec())));
    let mut entries: Vec<(u16, Vec<u8>)> = kept.filter(|&(tag, _)| !is_density(tag)).collect();
    let link = tiff.u32(first + 2 + tiff.count(first) * ENTRY).unwrap_or(0);
    let short = |value: u16| if little { value.to_le_bytes() } else { value.to_be_bytes() };
    let long = |value: u32| if little { value.to_le_bytes() } else { value.to_be_bytes() };
    let values_at = block.len().next_multiple_of(2);
    let Ok(at) = u32::try_from(values_at) else { return };
    block.resize(values_at, 0);
    for (tag, per_inch, at) in
        [(X_RESOLUTION, density.x_per_inch, at), (Y_RESOLUTION, density.y_per_inch, at.saturating_add(8))]
    {
        let (top, bottom) = density::to_fraction(per_inch);
        block.extend([long(top), long(bottom)].concat());
        entries.push((tag, [&short(tag)[..], &short(5), &long(1), &long(at)].concat()));
    }
    entries.push((RESOLUTION_UNIT, [&short(RESOLUTION_UNIT)[..], &short(3), &long(1), &short(2), &[0, 0]].concat()));
    entries.sort_by_key(|&(tag, _)| tag);
    block.extend(short(entries.len() as u16));
    entries.iter().for_each(|(_, entry)| block.extend_from_slice(entry));
    block.extend(long(link));
    if let Some(bytes) = block.get_mut(4..8) {
        bytes.copy_from_slice(&long(at.saturating_add(16)));
    }
}

/// Moves the later entries (and the link after them) up by one, and reduces the count.
fn remove_entry(block: &mut [u8], ifd: usize, entry: usize) {
    let Some(tiff) = Tiff::new(block) else { return };
    let (little, count) = (tiff.little, tiff.count(ifd));
    let end = (ifd + 2 + count * ENTRY + 4).min(block.len());
    if count == 0 || entry + ENTRY > end {
        return;
    }
    block.copy_within(entry + ENTRY..end, entry);
    if let Some(freed) = block.get_mut(end - ENTRY..end) {
        freed.fill(0);
    }
    let fewer = (count - 1) as u16;
    let fewer = if little { fewer.to_le_bytes() } else { fewer.to_be_bytes() };
    if let Some(bytes) = block.get_mut(ifd..ifd + 2) {
        bytes.copy_from_slice(&fewer);
    }
}
