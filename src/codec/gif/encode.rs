//! Encoding GIF with one image: at most 256 colours, one of them transparent.

use ::gif::{Encoder as GifWriter, EncodingError, Frame};

use super::extensions::with_extensions;
use crate::codec::errors;
use crate::codec::pixels::palette::{Depth, Indexed};
use crate::codec::pixels::whole_image::Collector;
use crate::codec::spec::{Encoder, Extras, stored_bytes};
use crate::error::ItemError;
use crate::model::{Band, Channels, ImageInfo, Rgb, RowWriter, Save};

/// Sides are stored in 16 bits.
pub(super) const MAX_SIDE_PX: u32 = u16::MAX as u32;
/// Colours if no number is given.
pub(in crate::codec) const COLOURS: u16 = 256;

/// Bytes that encoding takes: the file, RGBA, RGB, palette indices, and the distinct colours in Oklab.
pub(super) fn encoding_bytes(_: &Save, info: &ImageInfo) -> u64 {
    u64::from(info.width_px) * u64::from(info.height_px) * (4 + 3 + 1 + 8) + stored_bytes(info)
}

/// Collects rows: a palette is chosen for all of them.
pub(in crate::codec) struct GifEncoder {
    colours: u16,
    background: Rgb,
    extras: Extras,
    rows: Option<Collector<u8>>,
}

impl GifEncoder {
    pub(in crate::codec) fn new(save: &Save, extras: Extras) -> Self {
        Self { colours: save.palette.unwrap_or(COLOURS), background: save.background, extras, rows: None }
    }
}

fn encoding(error: EncodingError) -> ItemError {
    errors::cant_encode(errors::from_encoder(error))
}

/// Blends half-transparent pixels with the background: a pixel is either transparent or opaque.
pub(in crate::codec) fn flatten_alpha(pixels: &mut [u8], Rgb(background): Rgb) {
    for [colour @ .., alpha] in pixels.as_chunks_mut::<4>().0 {
        if (128..255).contains(alpha) {
            let a = u32::from(*alpha);
            for (level, under) in colour.iter_mut().zip(background) {
                *level = ((u32::from(*level) * a + u32::from(under) * (255 - a) + 127) / 255) as u8;
            }
        }
        *alpha = u8::from(*alpha >= 128) * 255;
    }
}

impl RowWriter for GifEncoder {
    fn start(&mut self, info: ImageInfo) -> Result<(), ItemError> {
        if info.width_px.max(info.height_px) > MAX_SIDE_PX {
            return Err(errors::side_limit("GIF", MAX_SIDE_PX));
        }
        self.rows = Some(Collector::new(info, Channels::Rgba)?);
        Ok(())
    }

    fn write_rows(&mut self, band: &Band) -> Result<(), ItemError> {
        self.rows.as_mut().ok_or_else(errors::not_started)?.add(band)
    }
}

impl Encoder for GifEncoder {
    fn finish(self: Box<Self>) -> Result<Vec<u8>, ItemError> {
        let rows = self.rows.ok_or_else(errors::not_started)?;
        let info = rows.info;
        let mut pixels = rows.into_pixels()?;
        flatten_alpha(&mut pixels, self.background);
        let Indexed { palette, indices } = Indexed::of(&pixels, info.width_px, self.colours, Depth::Clear);
        drop(pixels);
        let colours: Vec<u8> = palette.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect();
        let (width, height) = (info.width_px as u16, info.height_px as u16);
        let frame = Frame {
            width,
            height,
            transparent: palette.iter().position(|colour| colour[3] == 0).map(|index| index as u8),
            buffer: indices.into(),
            ..Frame::default()
        };
        let mut writer = GifWriter::new(Vec::new(), width, height, &colours).map_err(encoding)?;
        writer.write_frame(&frame).map_err(encoding)?;
        Ok(with_extensions(writer.into_inner().map_err(encoding)?, &self.extras))
    }
}
