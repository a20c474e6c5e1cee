//! The positions of strips and tiles in a file, and which of them exist in a truncated file.

use std::ops::Range;

use ::tiff::tags::Tag;

use super::layout::{Layout, Reader, from_tiff};
use crate::error::ItemError;

/// A part of the current rows that is missing.
pub(super) struct Missing {
    pub(super) columns: Range<usize>,
    /// The first row of the image in which it is missing.
    pub(super) from_row: usize,
}

/// The positions of all strips or tiles, in bytes.
pub(super) struct Chunks(Vec<Range<u64>>);

impl Chunks {
    pub(super) fn of(reader: &mut Reader<'_>) -> Result<Self, ItemError> {
        let mut list = |tag| reader.find_tag_unsigned_vec::<u64>(tag).map_err(|error| from_tiff(&error));
        let starts = list(Tag::StripOffsets)?.map_or_else(|| list(Tag::TileOffsets), |list| Ok(Some(list)))?;
        let lengths = list(Tag::StripByteCounts)?.map_or_else(|| list(Tag::TileByteCounts), |list| Ok(Some(list)))?;
        let places = starts.unwrap_or_default().into_iter().zip(lengths.unwrap_or_default());
        Ok(Self(places.map(|(start, length)| start..start.saturating_add(length)).collect()))
    }

    /// A chunk's position; an empty range if the file gives none.
    pub(super) fn range(&self, index: u32) -> Range<u64> {
        self.0.get(index as usize).cloned().unwrap_or(0..0)
    }

    /// A chunk's bytes, if they are complete.
    pub(super) fn data<'b>(&self, index: u32, bytes: &'b [u8]) -> Option<&'b [u8]> {
        let range = self.range(index);
        bytes.get(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
    }

    /// Whether the file contains a chunk completely.
    pub(super) fn is_there(&self, index: u32, bytes: &[u8]) -> bool {
        self.range(index).end <= bytes.len() as u64
    }

    /// Complete rows from the top in a truncated file.
    pub(super) fn whole_rows(&self, layout: &Layout, bytes: &[u8]) -> u32 {
        let (across, down) = layout.chunk_counts();
        let planes = if layout.planar { layout.samples } else { 1 };
        let is_whole = |chunk_y: usize| {
            (0..planes).all(|plane| {
                let first = (plane * down + chunk_y) * across;
                (first..first + across).all(|index| self.is_there(index as u32, bytes))
            })
        };
        let whole = (0..down).take_while(|&chunk_y| is_whole(chunk_y)).count();
        let begun = if planes == 1 && whole < down { self.rows_begun(whole, layout, bytes) } else { 0 };
        (whole * layout.chunk.1 + begun).min(layout.height) as u32
    }

    /// Complete rows of a truncated strip of uncompressed samples.
    fn rows_begun(&self, index: usize, layout: &Layout, bytes: &[u8]) -> usize {
        let start = self.range(index as u32).start;
        let had = (bytes.len() as u64).saturating_sub(start) as usize;
        layout.plain_row_bytes().map_or(0, |row_bytes| had / row_bytes).min(layout.chunk.1)
    }

    /// Whether there are any pixels.
    pub(super) fn any_there(&self, layout: &Layout, bytes: &[u8]) -> bool {
        let chunks = 0..self.0.len();
        chunks.clone().any(|index| self.is_there(index as u32, bytes))
            || (layout.fax && !bytes.is_empty())
            || chunks.clone().any(|index| self.rows_begun(index, layout, bytes) > 0)
    }
}
