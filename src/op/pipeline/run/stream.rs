//! Steps that take rows and return rows later; they own whatever they remember in between.

use std::collections::VecDeque;

use super::{Rows, band_rows, prepare, rows_are_missing};
use crate::error::ItemError;
use crate::model::{Band, ImageInfo};
use crate::op::kernels::simd;
use crate::op::stage::{RowStream, StreamKernel};

pub(super) struct Streamed<'a> {
    rows: Box<dyn Rows + 'a>,
    kernel: &'a dyn StreamKernel,
    stream: Box<dyn RowStream + 'a>,
    info: ImageInfo,
    input: Band,
    next_row: u32,
    /// Rows that were pushed but not pulled yet, if the kernel needs them.
    originals: VecDeque<Vec<f32>>,
    /// Such rows, for reuse.
    spare: Vec<Vec<f32>>,
    line: Vec<f32>,
}

/// Bytes held.
pub(super) fn bytes(kernel: &dyn StreamKernel, input: &ImageInfo) -> u64 {
    let waiting = u64::from((kernel.lead_px(input) + band_rows(input)).min(input.height_px));
    let originals = if kernel.wants_original() { waiting * input.row_samples() as u64 * 4 } else { 0 };
    kernel.held_bytes(input) + originals
}

impl<'a> Streamed<'a> {
    pub(super) fn new(rows: Box<dyn Rows + 'a>, kernel: &'a dyn StreamKernel, info: ImageInfo) -> Self {
        let input = rows.info();
        Self {
            rows,
            kernel,
            stream: kernel.start(&input),
            info,
            input: Band::empty(&input),
            next_row: 0,
            originals: VecDeque::new(),
            spare: Vec::new(),
            line: vec![0.0; input.row_samples()],
        }
    }

    /// Pushes the next rows.
    fn push(&mut self) -> Result<(), ItemError> {
        let info = self.rows.info();
        let count = self.rows.read(band_rows(&info), &mut self.input)?;
        if count == 0 {
            return Err(rows_are_missing());
        }
        for i in 0..count as usize {
            simd::load(&self.input.samples, i * info.row_samples(), &mut self.line);
            if self.kernel.wants_original() {
                let mut original = self.spare.pop().unwrap_or_default();
                original.clear();
                original.extend_from_slice(&self.line);
                self.originals.push_back(original);
            }
            simd::premultiply(&mut self.line, info.channels);
            self.stream.push(&self.line);
        }
        Ok(())
    }
}

impl Rows for Streamed<'_> {
    fn info(&self) -> ImageInfo {
        self.info
    }

    fn read(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let count = max_rows.min(self.info.height_px - self.next_row);
        prepare(band, &self.info, count);
        for i in 0..count as usize {
            while !self.stream.pull(&mut self.line) {
                self.push()?;
            }
            simd::unpremultiply(&mut self.line, self.info.channels);
            if let Some(original) = self.originals.pop_front() {
                self.kernel.combine(&original, self.info.channels, &mut self.line);
                self.spare.push(original);
            }
            simd::store(&self.line, &mut band.samples, i * self.info.row_samples());
        }
        self.next_row += count;
        Ok(count)
    }
}
