//! Encoding JPEG through libjpeg, row by row.

use super::MAX_SIDE_PX;
use super::libjpeg::{self, Fatal, Pixels, Settings};
use super::metadata;
use crate::codec::errors;
use crate::codec::meta::density;
use crate::codec::pixels::convert::Converter;
use crate::codec::pixels::whole_image::RowCount;
use crate::codec::spec::{Encoded, Encoder, Extras, stored_bytes};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Band, Channels, ImageInfo, RowWriter, Save, Subsampling};

/// Quality when none is given.
pub(super) const DEFAULT_QUALITY: u8 = 85;

/// The lowest quality with full chroma, unless the subsampling is chosen.
const FULL_CHROMA_QUALITY: u8 = 90;

/// Bytes for encoding: the file, some rows, and 16-bit coefficients if a second pass needs them.
pub(super) fn encoding_bytes(save: &Save, info: &ImageInfo) -> u64 {
    let rows_and_file = info.row_samples() as u64 * 64 + stored_bytes(info) / 3;
    if !save.progressive && !save.optimize {
        return rows_and_file;
    }
    let (across, down) = luma_factors(save.subsampling, save.quality.unwrap_or(DEFAULT_QUALITY));
    let luma = u64::from(info.width_px.next_multiple_of(16)) * u64::from(info.height_px.next_multiple_of(16));
    let colour = if info.channels.colour_count() == 1 { 0 } else { luma * 2 / u64::from(across * down) };
    rows_and_file + (luma + colour) * 2
}

/// The channels stored in the file: gray stays gray, unless it is blended with a colour background.
pub(super) const fn stored_channels(channels: Channels, save: &Save) -> Channels {
    match channels {
        Channels::Gray => Channels::Gray,
        Channels::GrayAlpha if save.background.is_gray() => Channels::Gray,
        _ => Channels::Rgb,
    }
}

const fn luma_factors(subsampling: Subsampling, quality: u8) -> (u8, u8) {
    match subsampling {
        // As ImageMagick and others do: a high quality is for details, and halved chroma blurs red ones.
        Subsampling::Auto if quality >= FULL_CHROMA_QUALITY => (1, 1),
        Subsampling::Auto | Subsampling::S420 => (2, 2),
        Subsampling::S422 => (2, 1),
        Subsampling::S444 => (1, 1),
    }
}

/// Streams rows into a file.
pub(super) struct JpegEncoder {
    save: Save,
    extras: Extras,
    started: Option<Started>,
}

struct Started {
    encoder: libjpeg::Encoder,
    converter: Converter<u8>,
    info: ImageInfo,
    count: RowCount,
}

impl JpegEncoder {
    pub(super) fn new(save: &Save, extras: Extras) -> Self {
        Self { save: save.clone(), extras, started: None }
    }
}

fn encoding(fatal: &Fatal) -> ItemError {
    if fatal.is_cancelled {
        return ItemError::nameless(ErrorKind::Cancelled);
    }
    errors::cant_encode(errors::from_encoder(&fatal.words))
}

impl RowWriter for JpegEncoder {
    fn start(&mut self, info: ImageInfo) -> Result<(), ItemError> {
        if info.width_px.max(info.height_px) > MAX_SIDE_PX {
            return Err(errors::side_limit("JPEG", MAX_SIDE_PX));
        }
        let to = stored_channels(info.channels, &self.save);
        let gray = to == Channels::Gray;
        let segments = metadata::write(&self.extras);
        let settings = Settings {
            width_px: info.width_px,
            height_px: info.height_px,
            pixels: if gray { Pixels::Gray } else { Pixels::Rgb },
            quality: self.save.quality.unwrap_or(DEFAULT_QUALITY),
            luma_factors: luma_factors(self.save.subsampling, self.save.quality.unwrap_or(DEFAULT_QUALITY)),
            progressive: self.save.progressive,
            optimize: self.save.optimize,
            density: self.extras.metadata.density.and_then(density::to_jfif),
        };
        let encoder = libjpeg::Encoder::start(&settings, &segments).map_err(|fatal| encoding(&fatal))?;
        let (converter, count) = (Converter::new(info, to).over(self.save.background), RowCount::new(info.height_px));
        self.started = Some(Started { encoder, converter, info, count });
        Ok(())
    }

    fn write_rows(&mut self, band: &Band) -> Result<(), ItemError> {
        let Some(started) = &mut self.started else { return Err(errors::not_started()) };
        started.count.add(band, &started.info)?;
        started.encoder.write(started.converter.convert(band)).map_err(|fatal| encoding(&fatal))
    }
}

impl Encoder for JpegEncoder {
    fn finish(self: Box<Self>) -> Result<Vec<u8>, ItemError> {
        self.finish_cancellable(&|| false).map(|encoded| encoded.bytes)
    }

    fn finish_cancellable(self: Box<Self>, cancelled: &dyn Fn() -> bool) -> Result<Encoded, ItemError> {
        let Some(started) = self.started else { return Err(errors::not_started()) };
        started.count.complete()?;
        started.encoder.finish(cancelled).map(Into::into).map_err(|fatal| encoding(&fatal))
    }
}
