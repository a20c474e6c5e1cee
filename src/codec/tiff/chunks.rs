//! The positions of strips and tiles in a file, and which of them exist in a truncated file.

use std::ops::Range;

use super::decompress::Method;
use super::directory::{Directory, tag};
use super::layout::Layout;
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
    /// Missing or empty lengths are computed, as libtiff does: programs leave them out, and write 0 or too little.
    pub(super) fn of(page: &Directory<'_>, layout: &Layout) -> Result<Self, ItemError> {
        let list = |one, other| -> Result<Vec<u64>, ItemError> {
            Ok(match page.numbers(one)? {
                Some(list) => list,
                None => page.numbers(other)?.unwrap_or_default(),
            })
        };
        let (starts, lengths) = if page.numbers(tag::TILE_WIDTH)?.is_some() {
            // Some programs put tiles in the tags of strips.
            (list(tag::TILE_OFFSETS, tag::STRIP_OFFSETS)?, list(tag::TILE_BYTE_COUNTS, tag::STRIP_BYTE_COUNTS)?)
        } else {
            (list(tag::STRIP_OFFSETS, tag::TILE_OFFSETS)?, list(tag::STRIP_BYTE_COUNTS, tag::TILE_BYTE_COUNTS)?)
        };
        let all = page.bytes().len() as u64;
        let (across, down) = layout.chunk_counts();
        let is_single = starts.len() == 1;
        let place = |(n, &start): (usize, &u64)| {
            let length = lengths.get(n).copied().unwrap_or(0);
            let above = n / across % down * layout.chunk.1;
            let rows = (layout.height - above).min(layout.chunk.1);
            let plain = (layout.row_bytes() * rows) as u64;
            let is_plain = layout.method == Method::Plain && !layout.has_blocks();
            let length = match length {
                0 if start == 0 => 0,
                length if is_plain && (length == 0 || length > plain || is_single) => plain,
                // Until the file's end: decompression stops where the pixels end.
                0 => all.saturating_sub(start),
                length => length,
            };
            start..start.saturating_add(length)
        };
        Ok(Self(starts.iter().enumerate().map(place).collect()))
    }

    /// A chunk's position; an empty range if the file gives none.
    pub(super) fn range(&self, index: usize) -> Range<u64> {
        self.0.get(index).cloned().unwrap_or(0..0)
    }

    /// The number of chunks that the file lists.
    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    /// A chunk's bytes, as many as exist.
    pub(super) fn data<'b>(&self, index: usize, bytes: &'b [u8]) -> &'b [u8] {
        let range = self.range(index);
        let end = range.end.min(bytes.len() as u64);
        bytes.get(range.start as usize..end as usize).unwrap_or_default()
    }

    /// Whether the file contains a chunk completely.
    pub(super) fn is_there(&self, index: usize, bytes: &[u8]) -> bool {
        self.range(index).end <= bytes.len() as u64
    }

    /// Complete rows from the top in a truncated file.
    pub(super) fn whole_rows(&self, layout: &Layout, bytes: &[u8]) -> u32 {
        let (across, down) = layout.chunk_counts();
        let planes = if layout.planar { layout.samples } else { 1 };
        let is_whole = |chunk_y: usize| {
            (0..planes).all(|plane| {
                let first = (plane * down + chunk_y) * across;
                (first..first + across).all(|index| self.is_there(index, bytes))
            })
        };
        let whole = (0..down).take_while(|&chunk_y| is_whole(chunk_y)).count();
        let begun = if planes == 1 && whole < down { self.rows_begun(whole, layout, bytes) } else { 0 };
        (whole * layout.chunk.1 + begun).min(layout.height) as u32
    }

    /// Complete rows of a truncated strip of uncompressed samples.
    fn rows_begun(&self, index: usize, layout: &Layout, bytes: &[u8]) -> usize {
        let start = self.range(index).start;
        let had = (bytes.len() as u64).saturating_sub(start) as usize;
        layout.plain_row_bytes().map_or(0, |row_bytes| had / row_bytes).min(layout.chunk.1)
    }

    /// Whether there are any pixels.
    pub(super) fn any_there(&self, layout: &Layout, bytes: &[u8]) -> bool {
        let chunks = 0..self.0.len();
        chunks.clone().any(|index| self.is_there(index, bytes))
            || (matches!(layout.method, Method::Fax(_)) && !bytes.is_empty())
            || chunks.clone().any(|index| self.rows_begun(index, layout, bytes) > 0)
    }
}
