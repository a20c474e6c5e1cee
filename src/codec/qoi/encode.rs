//! QOI through the `image` crate: RGB or RGBA of 8 bits, no metadata.

use image::codecs::qoi::QoiEncoder as QoiWriter;
use image::{ExtendedColorType, ImageEncoder as _};

use crate::codec::errors;
use crate::codec::pixels::whole_image::Collector;
use crate::codec::spec::{Encoder, stored_bytes};
use crate::error::ItemError;
use crate::model::{Band, Channels, ImageInfo, RowWriter, Save};

/// Bytes that encoding takes: the file and the whole image.
pub(super) fn encoding_bytes(_: &Save, info: &ImageInfo) -> u64 {
    // The library reserves the worst case, a byte per pixel more than there are samples.
    let pixels = u64::from(info.width_px) * u64::from(info.height_px);
    pixels * (info.channels.count().max(3) as u64 * 2 + 1) + stored_bytes(info)
}

/// Collects rows, and encodes them at the end.
#[derive(Default)]
pub(in crate::codec) struct QoiEncoder {
    rows: Option<Collector<u8>>,
}

impl RowWriter for QoiEncoder {
    fn start(&mut self, info: ImageInfo) -> Result<(), ItemError> {
        let to = if info.channels.has_alpha() { Channels::Rgba } else { Channels::Rgb };
        self.rows = Some(Collector::new(info, to)?);
        Ok(())
    }

    fn write_rows(&mut self, band: &Band) -> Result<(), ItemError> {
        self.rows.as_mut().ok_or_else(errors::not_started)?.add(band)
    }
}

impl Encoder for QoiEncoder {
    fn finish(self: Box<Self>) -> Result<Vec<u8>, ItemError> {
        let rows = self.rows.ok_or_else(errors::not_started)?;
        let info = rows.info;
        let pixels = rows.into_pixels()?;
        let colour = if info.channels.has_alpha() { ExtendedColorType::Rgba8 } else { ExtendedColorType::Rgb8 };
        let mut file = Vec::new();
        QoiWriter::new(&mut file)
            .write_image(&pixels, info.width_px, info.height_px, colour)
            .map_err(|error| errors::cant_encode(errors::from_encoder(error)))?;
        Ok(file)
    }
}
