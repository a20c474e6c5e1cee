//! Steps that need the whole picture: it is held in the type it arrived in; the result still leaves row by row.

use super::moves::collect;
use super::{Rows, prepare};
use crate::error::ItemError;
use crate::model::{Band, ImageInfo};
use crate::op::simd;
use crate::op::stage::WholeKernel;

pub(super) struct Computed<'a> {
    rows: Box<dyn Rows + 'a>,
    kernel: &'a dyn WholeKernel,
    info: ImageInfo,
    picture: Option<Band>,
    next_row: u32,
    line: Vec<f32>,
}

impl<'a> Computed<'a> {
    pub(super) fn new(rows: Box<dyn Rows + 'a>, kernel: &'a dyn WholeKernel, info: ImageInfo) -> Self {
        Self { rows, kernel, info, picture: None, next_row: 0, line: vec![0.0; info.row_samples()] }
    }
}

impl Rows for Computed<'_> {
    fn info(&self) -> ImageInfo {
        self.info
    }

    fn read(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let picture = match &mut self.picture {
            Some(picture) => picture,
            empty => empty.insert(collect(self.rows.as_mut())?),
        };
        let count = max_rows.min(self.info.height_px - self.next_row);
        prepare(band, &self.info, count);
        for i in 0..count {
            self.kernel.row(picture, self.next_row + i, &mut self.line);
            simd::store(&self.line, &mut band.samples, i as usize * self.info.row_samples());
        }
        self.next_row += count;
        Ok(count)
    }
}
