//! Steps on neighbourhoods: a ring of rows, each of which has been through the pass along its row once.

use super::{Rows, band_rows, prepare, short};
use crate::error::ItemError;
use crate::model::{Band, ImageInfo};
use crate::op::simd;
use crate::op::stage::{WindowKernel, WindowRows};

pub(super) struct Windowed<'a> {
    rows: Box<dyn Rows + 'a>,
    halo: usize,
    kernel: &'a dyn WindowKernel,
    info: ImageInfo,
    input: Band,
    /// `capacity` rows each; row `y` stands at `y % capacity`.
    prepared: Vec<f32>,
    originals: Vec<f32>,
    capacity: usize,
    /// Rows that have arrived.
    arrived: usize,
    next_row: usize,
    line: Vec<f32>,
    scratch: Vec<f32>,
}

/// Rows a ring holds: the neighbourhood of one row and a band that has just arrived.
fn capacity(halo_px: u32, input: &ImageInfo) -> usize {
    (2 * halo_px as usize + 1 + band_rows(input) as usize).min(input.height_px as usize)
}

/// Bytes of the rings.
pub(super) fn ring_bytes(halo_px: u32, kernel: &dyn WindowKernel, input: &ImageInfo) -> u64 {
    let rings = if kernel.wants_original() { 2 } else { 1 };
    (capacity(halo_px, input) * input.row_samples() * 4 * rings) as u64
}

impl<'a> Windowed<'a> {
    pub(super) fn new(rows: Box<dyn Rows + 'a>, halo_px: u32, kernel: &'a dyn WindowKernel, info: ImageInfo) -> Self {
        let input = rows.info();
        let capacity = capacity(halo_px, &input);
        let len = capacity * input.row_samples();
        Self {
            rows,
            halo: halo_px as usize,
            kernel,
            info,
            input: Band::empty(&input),
            prepared: vec![0.0; len],
            originals: if kernel.wants_original() { vec![0.0; len] } else { Vec::new() },
            capacity,
            arrived: 0,
            next_row: 0,
            line: vec![0.0; input.row_samples()],
            scratch: Vec::new(),
        }
    }

    /// Takes the next rows into the rings.
    fn pull(&mut self) -> Result<(), ItemError> {
        let info = self.rows.info();
        let count = self.rows.read(band_rows(&info), &mut self.input)?;
        if count == 0 {
            return Err(short());
        }
        let len = info.row_samples();
        for i in 0..count as usize {
            let start = (self.arrived % self.capacity) * len;
            simd::load(&self.input.samples, i * len, &mut self.line);
            if let Some(original) = self.originals.get_mut(start..start + len) {
                original.copy_from_slice(&self.line);
            }
            simd::premultiply(&mut self.line, info.channels);
            let prepared = self.prepared.get_mut(start..start + len).unwrap_or_default();
            self.kernel.prepare(&self.line, info.channels, prepared, &mut self.scratch);
            self.arrived += 1;
        }
        Ok(())
    }
}

impl Rows for Windowed<'_> {
    fn info(&self) -> ImageInfo {
        self.info
    }

    fn read(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let (height, len) = (self.info.height_px as usize, self.info.row_samples());
        let count = (max_rows as usize).min(height - self.next_row);
        prepare(band, &self.info, count as u32);
        for i in 0..count {
            let y = self.next_row + i;
            while self.arrived < (y + self.halo + 1).min(height) {
                self.pull()?;
            }
            let rows = WindowRows { ring: &self.prepared, row_samples: len, capacity: self.capacity, height, y };
            self.kernel.finish(&rows, &mut self.line);
            simd::unpremultiply(&mut self.line, self.info.channels);
            let start = (y % self.capacity) * len;
            if let Some(original) = self.originals.get(start..start + len) {
                self.kernel.combine(original, self.info.channels, &mut self.line);
            }
            simd::clamp(&mut self.line);
            simd::store(&self.line, &mut band.samples, i * len);
        }
        self.next_row += count;
        Ok(count as u32)
    }
}
