//! Shared by decoders of animations: the rows of a composed canvas.

use crate::codec::pixels::whole_image::shape;
use crate::error::ItemError;
use crate::model::{Band, FrameReader, ImageInfo, Metadata, RowReader, SampleType, Samples};

/// The result of opening an animation in a format's decoder.
pub struct DecodedFrames<'a> {
    /// The frames.
    pub frames: Box<dyn FrameReader + 'a>,
    /// The ICC profile of their rows; `None` is sRGB.
    pub profile: Option<Vec<u8>>,
    /// The file's metadata.
    pub metadata: Metadata,
}

/// The samples of a composed canvas.
#[derive(Clone, Copy)]
pub(crate) enum CanvasSamples<'c> {
    U8(&'c [u8]),
    U16(&'c [u16]),
}

/// Gives the rows of a composed canvas.
pub(crate) struct CanvasRows<'c> {
    info: ImageInfo,
    samples: CanvasSamples<'c>,
    next_row: u32,
}

impl<'c> CanvasRows<'c> {
    /// A reader of `height_px * row_samples` samples; missing ones give no rows.
    pub(crate) fn new(info: ImageInfo, samples: CanvasSamples<'c>) -> Self {
        let sample = match samples {
            CanvasSamples::U8(_) => SampleType::U8,
            CanvasSamples::U16(_) => SampleType::U16,
        };
        Self { info: ImageInfo { sample, ..info }, samples, next_row: 0 }
    }
}

impl RowReader for CanvasRows<'_> {
    fn info(&self) -> ImageInfo {
        self.info
    }

    fn read_rows(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let rows = max_rows.min(self.info.height_px - self.next_row);
        let row = self.info.row_samples();
        let range = self.next_row as usize * row..(self.next_row + rows) as usize * row;
        shape(band, &self.info, rows);
        match (self.samples, &mut band.samples) {
            (CanvasSamples::U8(from), Samples::U8(to)) => refill(to, from.get(range)),
            (CanvasSamples::U16(from), Samples::U16(to)) => refill(to, from.get(range)),
            _ => {}
        }
        self.next_row += rows;
        Ok(rows)
    }
}

/// An image without rows: a canvas before its first frame, or one whose colours are of interest only.
pub(crate) struct NoRows(pub(crate) ImageInfo);

impl RowReader for NoRows {
    fn info(&self) -> ImageInfo {
        self.0
    }

    fn read_rows(&mut self, _: u32, band: &mut Band) -> Result<u32, ItemError> {
        shape(band, &self.0, 0);
        Ok(0)
    }
}

fn refill<T: Copy>(to: &mut Vec<T>, from: Option<&[T]>) {
    to.clear();
    to.extend_from_slice(from.unwrap_or_default());
}
