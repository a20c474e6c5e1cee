//! Encoding lossless JPEG XL through zune-jpegxl: 8 bits with or without alpha, 16 bits without; always in sRGB.

use zune_core::bit_depth::BitDepth;
use zune_core::colorspace::ColorSpace;
use zune_core::options::EncoderOptions;
use zune_jpegxl::JxlSimpleEncoder;

use crate::codec::errors;
use crate::codec::pixels::whole_image::DepthCollector;
use crate::codec::spec::{Encoder, Extras, stored_bytes};
use crate::error::ItemError;
use crate::model::{Band, Channels, ImageInfo, Rgb, RowWriter, SampleType, Samples, Save};

/// Bytes that encoding takes: the file, the rows, and the bits of every channel before they become a file.
pub(super) fn encoding_bytes(_: &Save, info: &ImageInfo) -> u64 {
    let samples = info.row_samples() as u64 * u64::from(info.height_px);
    samples * if info.sample == SampleType::U16 { 8 } else { 5 } + stored_bytes(info)
}

/// Collects rows, and encodes them at the end.
pub(in crate::codec) struct JxlEncoder {
    extras: Extras,
    rows: Option<DepthCollector>,
}

impl JxlEncoder {
    pub(in crate::codec) fn new(extras: Extras) -> Self {
        Self { extras, rows: None }
    }

    /// The image: a bare codestream if there is no metadata, else in boxes.
    fn file(&self, info: ImageInfo, pixels: &[u8], depth: BitDepth) -> Result<Vec<u8>, ItemError> {
        let space = match info.channels {
            Channels::Gray => ColorSpace::Luma,
            Channels::GrayAlpha => ColorSpace::LumaA,
            Channels::Rgb => ColorSpace::RGB,
            Channels::Rgba => ColorSpace::RGBA,
        };
        let options = EncoderOptions::new(info.width_px as usize, info.height_px as usize, space, depth);
        let encoder = JxlSimpleEncoder::new(pixels, options.set_num_threads(1));
        let mut bare = Vec::new();
        encoder.encode(&mut bare).map_err(|error| errors::cant_encode(errors::from_encoder(format!("{error:?}"))))?;
        let metadata = &self.extras.metadata;
        if metadata.exif.is_none() && metadata.xmp.is_none() {
            return Ok(bare);
        }
        let mut out = Vec::new();
        let mut add = |kind: &[u8; 4], parts: &[&[u8]]| {
            let length = 8 + parts.iter().map(|part| part.len()).sum::<usize>();
            let Ok(length) = u32::try_from(length) else {
                return Err(errors::cant_encode("file_over_4_gb"));
            };
            out.extend(length.to_be_bytes());
            out.extend(kind);
            out.extend(parts.concat());
            Ok(())
        };
        add(b"JXL ", &[&[0x0D, 0x0A, 0x87, 0x0A]])?;
        add(b"ftyp", &[b"jxl \0\0\0\0jxl "])?;
        if let Some(exif) = &metadata.exif {
            add(b"Exif", &[&[0; 4], exif])?;
        }
        if let Some(xmp) = &metadata.xmp {
            add(b"xml ", &[xmp])?;
        }
        add(b"jxlc", &[&bare])?;
        Ok(out)
    }
}

impl RowWriter for JxlEncoder {
    fn start(&mut self, info: ImageInfo) -> Result<(), ItemError> {
        if self.extras.profile.is_some() {
            return Err(errors::cant_encode("jxl_srgb"));
        }
        if info.sample == SampleType::U16 && info.channels.has_alpha() {
            // The library declares 8-bit alpha with 16-bit colour.
            return Err(errors::cant_encode("jxl_deep_alpha"));
        }
        if info.width_px.min(info.height_px) < 2 {
            return Err(errors::cant_encode("jxl_small"));
        }
        self.rows = Some(DepthCollector::new(info, info.channels, info.sample == SampleType::U16, Rgb::WHITE)?);
        Ok(())
    }

    fn write_rows(&mut self, band: &Band) -> Result<(), ItemError> {
        self.rows.as_mut().ok_or_else(errors::not_started)?.add(band)
    }
}

impl Encoder for JxlEncoder {
    fn finish(mut self: Box<Self>) -> Result<Vec<u8>, ItemError> {
        match self.rows.take().ok_or_else(errors::not_started)?.into_image()? {
            (info, Samples::U8(pixels)) => self.file(info, &pixels, BitDepth::Eight),
            (info, Samples::U16(pixels)) => self.file(info, bytemuck::cast_slice(&pixels), BitDepth::Sixteen),
            (_, Samples::F32(_)) => Err(errors::not_started()),
        }
    }
}
