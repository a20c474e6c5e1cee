//! Steps on neighbourhoods: a ring of rows, each processed once horizontally. Results are computed strip by strip, for
//! all rows of a band, so that a strip of the ring stays in the nearest cache.

use super::{Rows, band_rows, prepare, rows_are_missing};
use crate::error::ItemError;
use crate::model::{Band, ImageInfo};
use crate::op::kernels::simd;
use crate::op::stage::{WindowKernel, WindowRows};

/// Samples of a strip: whole pixels of any number of channels.
const STRIP: usize = 384;

pub(super) struct Windowed<'a> {
    rows: Box<dyn Rows + 'a>,
    halo: usize,
    kernel: &'a dyn WindowKernel,
    info: ImageInfo,
    input: Band,
    /// `capacity` rows each; row `y` is at `y % capacity`.
    prepared: Vec<f32>,
    /// Samples of a prepared row.
    stride: usize,
    /// Original rows, with margins for the pixels repeated over the halo; one row if they are not needed.
    originals: Vec<f32>,
    /// Number of rows in `originals`.
    kept: usize,
    capacity: usize,
    /// Rows that have arrived.
    arrived: usize,
    next_row: usize,
    /// A premultiplied row with its margins, if that differs from the original.
    extended: Vec<f32>,
    /// Positions in the ring of the rows around each row of the band.
    starts: Vec<usize>,
}

/// Rows in a ring: the neighbourhood of a band.
pub(super) fn capacity(halo_px: u32, input: &ImageInfo) -> usize {
    (2 * halo_px as usize + 1 + band_rows(input) as usize).min(input.height_px as usize)
}

/// Bytes of the rings.
pub(super) fn ring_bytes(halo_px: u32, kernel: &dyn WindowKernel, input: &ImageInfo) -> u64 {
    let capacity = capacity(halo_px, input);
    let originals = kept(kernel, capacity) * with_margins(halo_px, input);
    (capacity * stride(halo_px, kernel, input) + originals) as u64 * 4
}

/// Number of original rows to keep.
fn kept(kernel: &dyn WindowKernel, capacity: usize) -> usize {
    if kernel.wants_original() { capacity } else { 1 }
}

/// Samples of a row with its outermost pixels repeated over the halo.
fn with_margins(halo_px: u32, input: &ImageInfo) -> usize {
    input.row_samples() + 2 * halo_px as usize * input.channels.count()
}

/// Samples of a prepared row.
fn stride(halo_px: u32, kernel: &dyn WindowKernel, input: &ImageInfo) -> usize {
    if kernel.wants_margins() { with_margins(halo_px, input) } else { input.row_samples() }
}

impl<'a> Windowed<'a> {
    pub(super) fn new(rows: Box<dyn Rows + 'a>, halo_px: u32, kernel: &'a dyn WindowKernel, info: ImageInfo) -> Self {
        let input = rows.info();
        let capacity = capacity(halo_px, &input);
        let (kept, wide) = (kept(kernel, capacity), with_margins(halo_px, &input));
        let stride = stride(halo_px, kernel, &input);
        let halo = halo_px as usize;
        Self {
            rows,
            halo,
            kernel,
            info,
            input: Band::empty(&input),
            prepared: vec![0.0; capacity * stride],
            stride,
            originals: vec![0.0; kept * wide],
            kept,
            capacity,
            arrived: 0,
            next_row: 0,
            extended: vec![0.0; if input.channels.has_alpha() { wide } else { 0 }],
            starts: Vec::new(),
        }
    }

    /// Reads at most `max_rows` rows into the rings.
    fn pull(&mut self, max_rows: u32) -> Result<(), ItemError> {
        let info = self.rows.info();
        let count = self.rows.read(max_rows, &mut self.input)?;
        if count == 0 {
            return Err(rows_are_missing());
        }
        let (len, step) = (info.row_samples(), info.channels.count());
        let edge = self.halo * step;
        let wide = len + 2 * edge;
        for i in 0..count as usize {
            let at = self.arrived % self.kept * wide;
            let original = self.originals.get_mut(at..at + wide).unwrap_or_default();
            simd::load(&self.input.samples, i * len, original.get_mut(edge..edge + len).unwrap_or_default());
            let extended = if info.channels.has_alpha() {
                self.extended.copy_from_slice(original);
                simd::premultiply(&mut self.extended, info.channels);
                &mut self.extended
            } else {
                original
            };
            repeat_edges(extended, edge, step);
            let start = self.arrived % self.capacity * self.stride;
            let prepared = self.prepared.get_mut(start..start + self.stride).unwrap_or_default();
            if self.kernel.wants_margins() {
                prepared.copy_from_slice(extended);
            } else {
                self.kernel.prepare(extended, info.channels, prepared);
            }
            self.arrived += 1;
        }
        Ok(())
    }
}

/// Rows around row `y`, top to bottom; the outermost ones repeat beyond the edges.
pub(super) fn around(y: usize, halo: usize, height: usize) -> impl Iterator<Item = usize> {
    (y..=y + 2 * halo).map(move |at| at.saturating_sub(halo).min(height - 1))
}

/// Repeats the outermost pixels of the row between two margins of `edge` samples.
pub(super) fn repeat_edges<T: Copy>(extended: &mut [T], edge: usize, step: usize) {
    if edge == 0 || extended.len() < 2 * edge + step {
        return;
    }
    let last = extended.len() - edge - step;
    for pixel in 0..edge / step {
        extended.copy_within(edge..edge + step, pixel * step);
        extended.copy_within(last..last + step, last + (pixel + 1) * step);
    }
}

impl Rows for Windowed<'_> {
    fn info(&self) -> ImageInfo {
        self.info
    }

    fn read(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let (height, len) = (self.info.height_px as usize, self.info.row_samples());
        // Reading more rows than a band would push rows out of the ring that are still needed.
        let most = if self.capacity == height { height } else { self.capacity.saturating_sub(2 * self.halo).max(1) };
        let count = (max_rows as usize).min(most).min(height - self.next_row);
        prepare(band, &self.info, count as u32);
        let needed = (self.next_row + count + self.halo).min(height);
        while self.arrived < needed {
            self.pull((needed - self.arrived).min(band_rows(&self.info) as usize) as u32)?;
        }
        self.starts.clear();
        let rows = (self.next_row..self.next_row + count).flat_map(|y| around(y, self.halo, height));
        self.starts.extend(rows.map(|row| (row % self.capacity) * self.stride));
        let edge = self.halo * self.info.channels.count();
        let mut strip = [0.0; STRIP];
        for first in (0..len).step_by(STRIP) {
            let out = strip.get_mut(..STRIP.min(len - first)).unwrap_or_default();
            for (i, starts) in self.starts.chunks_exact(2 * self.halo + 1).enumerate() {
                self.kernel.finish(&WindowRows { ring: &self.prepared, starts, first }, out);
                simd::unpremultiply(out, self.info.channels);
                if self.kernel.wants_original() {
                    let row = starts.get(self.halo).map_or(0, |start| start / self.stride);
                    let at = row * (len + 2 * edge) + edge + first;
                    let original = self.originals.get(at..at + out.len()).unwrap_or_default();
                    self.kernel.combine(original, self.info.channels, out);
                }
                simd::store(out, &mut band.samples, i * len + first);
            }
        }
        self.next_row += count;
        Ok(count as u32)
    }
}
