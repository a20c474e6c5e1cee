//! Decodes an item: in one piece, or tile by tile into the planes of the whole image.

use super::frame::{Frame, Layout, Plane};
use super::items::{Item, Items};
use crate::codec::container::bmff::Fields;
use crate::codec::errors;
use crate::error::ItemError;
use crate::model::Samples;

/// Rows and columns of tiles, and the size of the whole image in px.
struct Grid {
    rows: usize,
    columns: usize,
    size: (u32, u32),
}

/// An item's frame, which must have that size.
pub(crate) fn decode<'a>(items: &Items<'a>, item: &Item<'a>, size: (u32, u32)) -> Result<Frame, ItemError> {
    match &item.kind {
        _ if items.is_coded(item) => items.decode(item, size),
        b"grid" => decode_grid(items, item, size),
        _ => Err(errors::corrupt("heif_item_type")),
    }
}

fn read(description: &[u8]) -> Option<Grid> {
    let mut fields = Fields(description);
    let (_version, flags) = (fields.u8()?, fields.u8()?);
    let (rows, columns) = (usize::from(fields.u8()?) + 1, usize::from(fields.u8()?) + 1);
    let wide = flags & 1 == 1;
    Some(Grid { rows, columns, size: (fields.narrow_or_wide(wide)?, fields.narrow_or_wide(wide)?) })
}

fn decode_grid<'a>(items: &Items<'a>, item: &Item<'a>, size: (u32, u32)) -> Result<Frame, ItemError> {
    let broken = || errors::corrupt("heif_grid");
    let grid = read(&items.bytes_of(item)?).filter(|grid| grid.size == size).ok_or_else(broken)?;
    let tiles = items.tiles_of(item)?;
    let first = tiles.first().filter(|_| tiles.len() == grid.rows * grid.columns).ok_or_else(broken)?;
    let tile = items.size_of(first)?;
    errors::within_limits(tile.0, tile.1)?;
    // The last column and row may extend beyond the image, but must not be outside of it.
    let fits = |side: u32, tile: u32, count: usize| {
        let (side, tile, count) = (u64::from(side), u64::from(tile), count as u64);
        tile * count >= side && tile * (count - 1) < side
    };
    if !fits(size.0, tile.0, grid.columns) || !fits(size.1, tile.1, grid.rows) {
        return Err(broken());
    }
    let mut canvas: Option<Frame> = None;
    for (at, item) in tiles.iter().enumerate() {
        item.check_essential()?;
        if !items.is_coded(item) || items.size_of(item)? != tile {
            return Err(errors::corrupt("heif_tiles_differ"));
        }
        let frame = items.decode(item, tile)?;
        let canvas = match &mut canvas {
            Some(canvas) => canvas,
            none => none.insert(blank(&frame, size)?),
        };
        if (canvas.layout, canvas.bits) != (frame.layout, frame.bits) {
            return Err(errors::corrupt("heif_tiles_differ"));
        }
        // At an odd offset, its chroma would be between two samples of the image's.
        let (left, top) = (at % grid.columns * tile.0 as usize, at / grid.columns * tile.1 as usize);
        let chroma = frame.layout.chroma_size(left, top);
        let doubled = match frame.layout {
            Layout::Half => (chroma.0 * 2, chroma.1 * 2),
            Layout::HalfWide => (chroma.0 * 2, chroma.1),
            Layout::Gray | Layout::Full => (left, top),
        };
        if doubled != (left, top) {
            return Err(errors::corrupt("heif_tiles_odd"));
        }
        let offsets = [(left, top), chroma, chroma];
        for ((to, from), offset) in canvas.planes.iter_mut().zip(&frame.planes).zip(offsets) {
            paste(to, from, offset);
        }
    }
    canvas.ok_or_else(broken)
}

/// A frame like a tile's, of the whole image's size, all zeros.
fn blank(like: &Frame, (width, height): (u32, u32)) -> Result<Frame, ItemError> {
    let (width, height) = (width as usize, height as usize);
    let chroma = like.layout.chroma_size(width, height);
    let plane = |(width, height): (usize, usize)| {
        let mut plane = Plane::new(width, height, like.bits)?;
        match &mut plane.samples {
            Samples::U8(samples) => samples.resize(width * height, 0),
            Samples::U16(samples) => samples.resize(width * height, 0),
            Samples::F32(_) => {}
        }
        Ok::<_, ItemError>(plane)
    };
    let planes = [plane((width, height))?, plane(chroma)?, plane(chroma)?];
    Ok(Frame { planes, ..*like })
}

/// Copies a tile's plane to its position, clipped at the image's right and lower edge.
fn paste(to: &mut Plane, from: &Plane, (left, top): (usize, usize)) {
    let width = from.width.min(to.width.saturating_sub(left));
    for y in 0..from.height.min(to.height.saturating_sub(top)) {
        let (target, source) = ((top + y) * to.width + left, y * from.width);
        match (&mut to.samples, &from.samples) {
            (Samples::U8(to), Samples::U8(from)) => copy(to, target, from, source, width),
            (Samples::U16(to), Samples::U16(from)) => copy(to, target, from, source, width),
            _ => {}
        }
    }
}

fn copy<T: Copy>(to: &mut [T], target: usize, from: &[T], source: usize, width: usize) {
    if let (Some(to), Some(from)) = (to.get_mut(target..target + width), from.get(source..source + width)) {
        to.copy_from_slice(from);
    }
}
