//! Steps that need the whole image: it is held in its incoming type; the result still leaves row by row.

use super::crop_pad_turn::collect;
use super::{Rows, prepare};
use crate::error::ItemError;
use crate::model::{Band, ImageInfo};
use crate::op::kernels::simd;
use crate::op::pipeline::pass::WholePart;
use crate::op::stage::{HeldImage, Rect, WholeKernel};

pub(super) struct Computed<'a> {
    rows: Box<dyn Rows + 'a>,
    kernel: &'a dyn WholeKernel,
    info: ImageInfo,
    /// The whole image, and the part of it that arrives.
    whole: ImageInfo,
    arrives: Rect,
    /// Position of the first pixel in the whole result.
    origin: (u32, u32),
    image: Option<Band>,
    next_row: u32,
    line: Vec<f32>,
}

impl<'a> Computed<'a> {
    pub(super) fn new(rows: Box<dyn Rows + 'a>, kernel: &'a dyn WholeKernel, info: ImageInfo) -> Self {
        let whole = rows.info();
        let (arrives, line) = (Rect::all_of(&whole), vec![0.0; info.row_samples()]);
        Self { rows, kernel, info, whole, arrives, origin: (0, 0), image: None, next_row: 0, line }
    }

    pub(super) fn part(rows: Box<dyn Rows + 'a>, part: &'a WholePart, info: ImageInfo) -> Self {
        let (width_px, height_px) = (part.input.width_px, part.input.height_px);
        let whole = ImageInfo { width_px, height_px, ..rows.info() };
        let origin = (part.wanted.x, part.wanted.y);
        Self { whole, arrives: part.arrives, origin, ..Self::new(rows, part.kernel.as_ref(), info) }
    }
}

impl Rows for Computed<'_> {
    fn info(&self) -> ImageInfo {
        self.info
    }

    fn read(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let image = match &mut self.image {
            Some(image) => image,
            empty => empty.insert(collect(self.rows.as_mut())?),
        };
        let held = HeldImage { band: image, part: self.arrives, info: self.whole };
        let count = max_rows.min(self.info.height_px - self.next_row);
        prepare(band, &self.info, count);
        for i in 0..count {
            self.kernel.run(&held, self.origin.0, self.origin.1 + self.next_row + i, &mut self.line);
            simd::store(&self.line, &mut band.samples, i as usize * self.info.row_samples());
        }
        self.next_row += count;
        Ok(count)
    }
}
