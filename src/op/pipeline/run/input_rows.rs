//! The entry of the chain: validates what a decoder delivers, so that no later pass has to.

use super::{Rows, prepare};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Band, ImageInfo, Message, RowReader};
use crate::op::kernels::simd;

pub(super) struct InputRows<'a> {
    reader: &'a mut dyn RowReader,
    cancelled: &'a dyn Fn() -> bool,
    stored: ImageInfo,
    rows_left: u32,
    line: Vec<f32>,
}

impl<'a> InputRows<'a> {
    pub(super) fn new(reader: &'a mut dyn RowReader, cancelled: &'a dyn Fn() -> bool) -> Self {
        let stored = reader.info();
        Self { reader, cancelled, stored, rows_left: stored.height_px, line: Vec::new() }
    }

    /// Divides colour by alpha again.
    fn unpremultiply(&mut self, band: &mut Band) {
        self.line.resize(self.stored.row_samples(), 0.0);
        for row in 0..band.rows as usize {
            let start = row * self.stored.row_samples();
            simd::load(&band.samples, start, &mut self.line);
            simd::unpremultiply(&mut self.line, band.channels);
            simd::store(&self.line, &mut band.samples, start);
        }
    }
}

impl Rows for InputRows<'_> {
    fn info(&self) -> ImageInfo {
        ImageInfo { premultiplied: false, ..self.stored }
    }

    fn read(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        if (self.cancelled)() {
            return Err(ItemError::nameless(ErrorKind::Cancelled));
        }
        if self.rows_left == 0 {
            return Ok(0);
        }
        let wanted = max_rows.min(self.rows_left);
        prepare(band, &self.stored, 0);
        let rows = self.reader.read_rows(wanted, band)?;
        if rows == 0 {
            let had = self.stored.height_px - self.rows_left;
            let rows = Message::new("truncated_rows").with("had", had).count("count", self.stored.height_px.into());
            return Err(ItemError::nameless(ErrorKind::Truncated).saying(&rows));
        }
        let kept = rows <= wanted
            && band.samples.sample() == self.stored.sample
            && band.samples.len() >= self.stored.row_samples() * rows as usize;
        if !kept {
            return Err(ItemError::nameless(ErrorKind::Corrupt).saying(&Message::new("rows_mismatch")));
        }
        band.rows = rows;
        self.rows_left -= rows;
        if self.stored.premultiplied && self.stored.channels.has_alpha() {
            self.unpremultiply(band);
        }
        Ok(rows)
    }
}
