//! Steps on single pixels that depend on the pixel's position.

use super::{Rows, prepare};
use crate::error::ItemError;
use crate::model::{Band, ImageInfo};
use crate::op::kernels::simd;
use crate::op::stage::PositionalKernel;

/// Pixels processed together.
const CHUNK_PX: usize = 2048;

pub(super) struct Positional<'a> {
    rows: Box<dyn Rows + 'a>,
    kernel: &'a dyn PositionalKernel,
    /// Position of the first pixel in the image that the kernel was made for.
    origin: (u32, u32),
    info: ImageInfo,
    input: Band,
    next_row: u32,
    arrived: Vec<f32>,
    chunk: Vec<f32>,
}

impl<'a> Positional<'a> {
    pub(super) fn new(
        rows: Box<dyn Rows + 'a>,
        kernel: &'a dyn PositionalKernel,
        origin: (u32, u32),
        info: ImageInfo,
    ) -> Self {
        let input = Band::empty(&rows.info());
        Self { rows, kernel, origin, info, input, next_row: 0, arrived: Vec::new(), chunk: Vec::new() }
    }
}

impl Rows for Positional<'_> {
    fn info(&self) -> ImageInfo {
        self.info
    }

    fn read(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let rows = self.rows.read(max_rows, &mut self.input)?;
        prepare(band, &self.info, rows);
        let input = self.rows.info();
        let (from_count, to_count) = (input.channels.count(), self.info.channels.count());
        let width = input.width_px as usize;
        for row in 0..rows as usize {
            for x in (0..width).step_by(CHUNK_PX) {
                let count = CHUNK_PX.min(width - x);
                self.chunk.resize(count * to_count, 0.0);
                let at = row * input.row_samples() + x * from_count;
                if input.channels == self.info.channels {
                    simd::load(&self.input.samples, at, &mut self.chunk);
                } else {
                    self.arrived.resize(count * from_count, 0.0);
                    simd::load(&self.input.samples, at, &mut self.arrived);
                    super::crop_pad_turn::widen(&self.arrived, input.channels, &mut self.chunk, self.info.channels);
                }
                let (left, top) = (self.origin.0 + x as u32, self.origin.1 + self.next_row);
                self.kernel.apply(left, top, &mut self.chunk, self.info.channels);
                let at = row * self.info.row_samples() + x * to_count;
                simd::store(&self.chunk, &mut band.samples, at);
            }
            self.next_row += 1;
        }
        Ok(rows)
    }
}
