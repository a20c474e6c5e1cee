//! Rewrites a JPEG file without loss, as jpegtran does: the same coefficients with optimized tables or in several scans,
//! cut and turned by whole blocks.

use super::decode;
use super::markers::{self, Markers, Process};
use super::metadata;
use super::transcode::{self, BLOCK_PX, Target};
use crate::codec::meta::{self, density};
use crate::codec::spec::{Contents, Extras, Header, Rearrangement};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Area, MetadataPolicy, Save};

/// Pixels of a minimum coded unit, across and down. The only component of a gray image is stored block by block.
fn unit_px(markers: &Markers) -> (u32, u32) {
    if markers.components == 1 {
        return (BLOCK_PX, BLOCK_PX);
    }
    let most = |factor: fn(&(u8, u8)) -> u8| markers.sampling.iter().map(factor).max().unwrap_or(1);
    (BLOCK_PX * u32::from(most(|factors| factors.0)), BLOCK_PX * u32::from(most(|factors| factors.1)))
}

/// The part nearest to a requested one that begins between units after the turn. As jpegtran, it grows towards the
/// beginning; units that the image's edge cuts off can't become the first ones, so that they are left out.
pub(super) fn part(bytes: &[u8], wanted: &Rearrangement) -> Option<Area> {
    let markers = markers::read(bytes).ok().filter(|markers| markers.process != Process::Lossless)?;
    let (unit_x, unit_y) = unit_px(&markers);
    let (_, mirror_x, mirror_y) = transcode::mirrors(wanted.turn);
    let span = |start: u32, length: u32, full: u32, unit: u32, is_mirrored: bool| {
        let end = (start + length).min(full);
        let (start, end) = if is_mirrored {
            let up = end.next_multiple_of(unit);
            (start, if up > full { end / unit * unit } else { up })
        } else {
            (start / unit * unit, end)
        };
        (start < end).then(|| (start, end - start))
    };
    let Area { x, y, width_px, height_px } = wanted.part;
    let (x, width_px) = span(x, width_px, markers.width_px, unit_x, mirror_x)?;
    let (y, height_px) = span(y, height_px, markers.height_px, unit_y, mirror_y)?;
    Some(Area { x, y, width_px, height_px })
}

/// Profile and metadata of a file.
pub(super) fn contents(bytes: &[u8]) -> Result<Contents, ItemError> {
    let mut markers = markers::read(bytes)?;
    let profile = markers.profile.take().or_else(|| meta::implied_profile(&markers.metadata));
    Ok(Contents { profile, metadata: markers.metadata })
}

/// Bytes of memory: the coefficients, twice if they are turned, and the file.
pub(super) fn held_bytes(bytes: &[u8], _header: &Header, is_rearranged: bool) -> u64 {
    let all = markers::read(bytes).map_or(0, |markers| markers.all_coefficient_bytes());
    all.saturating_mul(if is_rearranged { 2 } else { 1 }).saturating_add(bytes.len() as u64)
}

/// The file with the same coefficients; `None` if it can't be read completely.
pub(super) fn rewritten(
    bytes: &[u8],
    save: &Save,
    extras: &Extras,
    rearrangement: Option<&Rearrangement>,
    cancelled: &dyn Fn() -> bool,
) -> Result<Option<Vec<u8>>, ItemError> {
    let markers = markers::read(bytes)?;
    if markers.process == Process::Lossless {
        return Ok(None);
    }
    decode::could_hold(bytes, &markers)?;
    let density = match extras.metadata.density.and_then(density::to_jfif) {
        // JFIF's default means none.
        None if save.metadata == MetadataPolicy::Strip => Some((0, 1, 1)),
        density => density,
    };
    let to = Target {
        progressive: save.progressive || markers.progressive,
        markers: &metadata::write(extras),
        density,
        has_adobe_marker: markers.has_adobe_marker,
        rearrangement: rearrangement.map(|change| (change.part, change.turn)),
    };
    match transcode::transcoded(bytes, &to, cancelled) {
        Ok(file) => Ok(Some(file)),
        Err(fatal) if fatal.is_cancelled => Err(ItemError::nameless(ErrorKind::Cancelled)),
        Err(_) => Ok(None),
    }
}
