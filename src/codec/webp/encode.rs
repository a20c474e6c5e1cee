//! Encoding WebP through libwebp, which takes the image as a whole.

use img_parts::riff::{RiffChunk, RiffContent};
use img_parts::webp::WebP;
use img_parts::{Bytes, ImageEXIF, ImageICC};

use super::libwebp::{self, Settings};
use crate::codec::errors;
use crate::codec::pixels::whole_image::Collector;
use crate::codec::spec::{Encoder, Extras, stored_bytes};
use crate::error::ItemError;
use crate::model::{Band, Channels, ImageInfo, Metadata, RowWriter, Save};

/// Quality when none is given.
pub(super) const DEFAULT_QUALITY: u8 = 82;
/// Effort when none is given: cwebp's defaults, method 4 of 6 or level 6 of 9.
const DEFAULT_EFFORT: u8 = 6;
/// The format's own limit.
pub(super) const MAX_SIDE_PX: u32 = 16_383;

/// Bytes that encoding takes: the file, the rows, libwebp's own image (ARGB, or 4:2:0 with alpha), and its work.
pub(super) fn encoding_bytes(save: &Save, info: &ImageInfo) -> u64 {
    let pixels = u64::from(info.width_px) * u64::from(info.height_px);
    let (rows, own) = (info.channels.count().max(3) as u64, if save.lossless { 4 } else { 3 });
    // Lossless coding looks for repetitions in tables as large as the image.
    let work = if save.lossless { 24 } else { 2 };
    pixels * (rows + own + work) + stored_bytes(info)
}

/// The channels that a file stores: always colour.
pub(super) const fn stored_channels(channels: Channels, _: &Save) -> Channels {
    channels.with_colour()
}

pub(super) fn settings(save: &Save) -> Settings {
    let effort = save.effort.unwrap_or(DEFAULT_EFFORT).min(9);
    Settings { lossless: save.lossless, quality: save.quality.unwrap_or(DEFAULT_QUALITY), effort }
}

/// Collects rows, and encodes them at the end: libwebp takes the image as a whole.
pub(super) struct WebpEncoder {
    settings: Settings,
    extras: Extras,
    rows: Option<Collector<u8>>,
}

impl WebpEncoder {
    pub(super) fn new(save: &Save, extras: Extras) -> Self {
        Self { settings: settings(save), extras, rows: None }
    }
}

impl RowWriter for WebpEncoder {
    fn start(&mut self, info: ImageInfo) -> Result<(), ItemError> {
        if info.width_px.max(info.height_px) > MAX_SIDE_PX {
            return Err(errors::side_limit("WebP", MAX_SIDE_PX));
        }
        let to = if info.channels.has_alpha() { Channels::Rgba } else { Channels::Rgb };
        self.rows = Some(Collector::new(info, to)?);
        Ok(())
    }

    fn write_rows(&mut self, band: &Band) -> Result<(), ItemError> {
        self.rows.as_mut().ok_or_else(errors::not_started)?.add(band)
    }
}

impl Encoder for WebpEncoder {
    fn finish(self: Box<Self>) -> Result<Vec<u8>, ItemError> {
        let rows = self.rows.ok_or_else(errors::not_started)?;
        let info = rows.info;
        let pixels = rows.into_pixels()?;
        let alpha = info.channels.has_alpha();
        let bytes = libwebp::encode(&pixels, info.width_px, info.height_px, alpha, self.settings)
            .map_err(|error| errors::cant_encode(errors::from_encoder(error)))?;
        drop(pixels);
        with_chunks(bytes, &self.extras)
    }
}

/// The file with profile, XMP and EXIF chunks.
fn with_chunks(bytes: Vec<u8>, extras: &Extras) -> Result<Vec<u8>, ItemError> {
    let Extras { profile, metadata: Metadata { exif, xmp, .. } } = extras;
    if profile.is_none() && exif.is_none() && xmp.is_none() {
        return Ok(bytes);
    }
    let mut file =
        WebP::from_bytes(Bytes::from(bytes)).map_err(|error| errors::cant_encode(errors::from_encoder(error)))?;
    if let Some(xmp) = xmp {
        let content = RiffContent::Data(Bytes::copy_from_slice(xmp));
        file.chunks_mut().push(RiffChunk::new(*b"XMP ", content));
    }
    file.set_icc_profile(profile.as_ref().map(|profile| Bytes::copy_from_slice(profile)));
    file.set_exif(exif.as_ref().map(|exif| Bytes::copy_from_slice(exif)));
    Ok(file.encoder().bytes().to_vec())
}
