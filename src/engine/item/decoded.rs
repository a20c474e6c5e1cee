//! Decoded images in memory, and readers and writers of their rows.

use std::sync::Arc;

use crate::error::{ErrorKind, ItemError};
use crate::model::{Band, Image, ImageInfo, Message, Metadata, RowReader, RowWriter, Samples};

/// Reads the rows of an image in memory.
pub(crate) struct ImageRows<'a> {
    pub(crate) image: &'a Image,
    pub(crate) next_row: u32,
}

impl RowReader for ImageRows<'_> {
    fn info(&self) -> ImageInfo {
        self.image.info
    }

    fn read_rows(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let info = &self.image.info;
        let rows = max_rows.min(info.height_px - self.next_row);
        band.take_rows(info, &self.image.samples, self.next_row, rows);
        self.next_row += rows;
        Ok(rows)
    }
}

/// Collects rows into an image in memory.
pub(crate) struct Collector {
    image: Option<Image>,
    profile: Option<Arc<[u8]>>,
}

impl Collector {
    pub(crate) fn new(profile: Option<Arc<[u8]>>) -> Self {
        Self { image: None, profile }
    }

    pub(crate) fn into_image(self) -> Result<Image, ItemError> {
        self.image.ok_or_else(|| ItemError::nameless(ErrorKind::Corrupt).saying(&Message::new("image_no_pixels")))
    }
}

impl RowWriter for Collector {
    fn start(&mut self, info: ImageInfo) -> Result<(), ItemError> {
        let samples = Samples::empty(info.sample);
        self.image = Some(Image { info, samples, profile: self.profile.take(), metadata: Metadata::default() });
        Ok(())
    }

    fn write_rows(&mut self, band: &Band) -> Result<(), ItemError> {
        let Some(image) = &mut self.image else { return Ok(()) };
        match (&mut image.samples, &band.samples) {
            (Samples::U8(to), Samples::U8(from)) => to.extend_from_slice(from),
            (Samples::U16(to), Samples::U16(from)) => to.extend_from_slice(from),
            (Samples::F32(to), Samples::F32(from)) => to.extend_from_slice(from),
            _ => return Err(ItemError::nameless(ErrorKind::Panic).saying(&Message::new("sample_mismatch"))),
        }
        Ok(())
    }
}
