//! Keeps the gain map of an image in its result: everything that moves the picture's pixels moves those of the map.
//!
//! A map is brought to the grid of the picture, goes through the same steps, and is reduced again, so that its pixels cover as
//! many pixels of the result as they did of the picture.

use crate::codec::{self, CodedGainMap, DecodeControl, FoundGainMap, GainMap, Reduced};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Format, HdrChoice, ImageInfo, Save};
use crate::op::{Moves, Plan};

/// The map of a file that a result keeps, if its settings and its format do.
pub(super) fn kept(bytes: &[u8], format: Format, save: &Save) -> Option<FoundGainMap> {
    let keeps = save.hdr == HdrChoice::Keep && codec::carries_gain_map(format);
    if keeps { codec::find_gain_map(bytes) } else { None }
}

/// Decodes a map that was found. `None` without one, and if it is damaged: its picture is fine without it.
pub(super) fn read(
    bytes: &[u8],
    found: Option<&FoundGainMap>,
    control: &DecodeControl<'_>,
) -> Result<Option<GainMap>, ItemError> {
    found.map_or(Ok(None), |found| codec::read_gain_map(bytes, found, control))
}

/// A map after the moves of its picture, whose size is stored in `picture`, ready for a file of a format. `None` if it can't
/// be kept.
pub(super) fn coded(
    map: &GainMap,
    picture: &ImageInfo,
    moves: Option<&Moves>,
    (format, save): (Format, &Save),
    cancelled: &dyn Fn() -> bool,
) -> Result<Option<CodedGainMap>, ItemError> {
    let code = || match moves.filter(|moves| !moves.is_empty()) {
        Some(moves) => codec::coded_gain_map(&moved(map, picture, moves, cancelled)?, format, save.max_bytes),
        None => codec::coded_gain_map(map, format, save.max_bytes),
    };
    match code() {
        Err(error) if error.kind != ErrorKind::Cancelled => Ok(None),
        coded => coded,
    }
}

fn moved(
    map: &GainMap,
    picture: &ImageInfo,
    moves: &Moves,
    cancelled: &dyn Fn() -> bool,
) -> Result<GainMap, ItemError> {
    let plan = Plan::moving(moves, map.info().channels, map.neutral());
    let by = |picture: u32, map: u32| f64::from(picture) / f64::from(map.max(1));
    let (across, down) = (by(picture.width_px, map.info().width_px), by(picture.height_px, map.info().height_px));
    let by = if moves.swaps_axes() { (down, across) } else { (across, down) };
    // As small as a decoder may deliver the picture.
    let smaller = plan.max_downscale().max(1.0);
    let side = |px: u32| (f64::from(px) / smaller).ceil() as u32;
    let mut rows = map.on_grid(side(picture.width_px), side(picture.height_px));
    let mut reduced = Reduced::new(by, map.info().channels);
    plan.run(&mut rows, &mut reduced, cancelled)?;
    Ok(map.with_pixels(reduced.finish()?))
}

/// Settings for the picture of a file that has a map of so many bytes.
pub(super) fn without_bytes(save: &Save, bytes: u64) -> Save {
    Save { max_bytes: save.max_bytes.map(|most| most.saturating_sub(bytes).max(1)), ..save.clone() }
}

/// A file with its map; without it if it then would be too large.
pub(super) fn joined(file: &[u8], map: &CodedGainMap, format: Format, save: &Save) -> Option<Vec<u8>> {
    codec::with_gain_map(format, file, map).filter(|whole| save.max_bytes.is_none_or(|most| whole.len() as u64 <= most))
}

/// Memory in bytes that a map takes: its file, its pixels, and the steps on the grid of its picture.
pub(super) fn peak_bytes(bytes: &[u8], found: &FoundGainMap, moves: &Moves) -> u64 {
    let steps = if moves.is_empty() { 0 } else { Plan::moving(moves, found.info.channels, [0.0; 3]).peak_bytes() };
    codec::gain_map_bytes(bytes, found).saturating_add(steps)
}

#[cfg(test)]
mod tests;
