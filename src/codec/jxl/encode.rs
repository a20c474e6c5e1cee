//! Encoding JPEG XL. Lossy images, and lossless ones that zune-jpegxl can't write or is asked to write smaller, go through
//! jixel; other lossless images go through zune-jpegxl, which takes a sixth of the time.

use std::sync::Arc;

use jixel::{
    CodingTransform, ColorEncoding, EncodeConfig, EncodeError, Primaries, Speed, TransferFunction, WhitePoint,
};
use zune_core::bit_depth::BitDepth;
use zune_core::colorspace::ColorSpace;
use zune_core::options::EncoderOptions;
use zune_jpegxl::JxlSimpleEncoder;

use super::decode::CONTAINER;
use crate::codec::colour::{self, CodePoints, Hdr};
use crate::codec::container::bmff::{BoxType, Boxes};
use crate::codec::errors;
use crate::codec::pixels::whole_image::DepthCollector;
use crate::codec::spec::{Encoder, Extras, stored_bytes};
use crate::error::ItemError;
use crate::model::{Band, Channels, ImageInfo, Message, Rgb, RowWriter, SampleType, Samples, Save};

/// Quality when none is given: a Butteraugli distance of 1, at which no difference is visible at normal distance.
pub(super) const DEFAULT_QUALITY: u8 = 90;
/// Efforts up to this one write lossless images through the fast encoder.
const FAST_LOSSLESS_EFFORT: u8 = 3;
/// Effort when none is given. Measured with 24 megapixels at quality 75: 5 s and 1.40 MB; an effort of 2 takes 2 s for
/// 1.72 MB, one of 5 takes 10 s for 1.36 MB.
const DEFAULT_EFFORT: u8 = 3;

/// Bytes that encoding takes: the file, the rows, and for every sample three planes of floats with their transforms, or
/// what the lossless encoders keep of it.
pub(super) fn encoding_bytes(save: &Save, info: &ImageInfo) -> u64 {
    let pixels = u64::from(info.width_px) * u64::from(info.height_px);
    let samples = info.row_samples() as u64 * u64::from(info.height_px);
    let working = if is_fast_lossless(save, info, None) {
        samples * if info.sample == SampleType::U16 { 8 } else { 5 }
    } else if save.lossless {
        samples * 24 + (16 << 20)
    } else {
        pixels * if info.channels.has_alpha() { 72 } else { 56 } + (16 << 20)
    };
    working + stored_bytes(info)
}

/// Whether an image is written by the fast lossless encoder. It has no profiles, declares 8-bit alpha with 16-bit colour,
/// and needs 2 px per side.
fn is_fast_lossless(save: &Save, info: &ImageInfo, profile: Option<&Arc<[u8]>>) -> bool {
    let is_deep_alpha = info.sample == SampleType::U16 && info.channels.has_alpha();
    let is_quick = save.effort.unwrap_or(DEFAULT_EFFORT) <= FAST_LOSSLESS_EFFORT;
    save.lossless && is_quick && profile.is_none() && !is_deep_alpha && info.width_px.min(info.height_px) >= 2
}

/// The encoder's speed for an effort.
pub(super) const fn speed(effort: u8) -> Speed {
    match effort {
        0 | 1 => Speed::UltraFast,
        2 => Speed::Fastest,
        3 | 4 => Speed::Fast,
        5 | 6 => Speed::Medium,
        7 => Speed::MediumSlow,
        _ => Speed::Slow,
    }
}

/// A box with these parts.
fn boxed(kind: BoxType, parts: &[&[u8]]) -> Result<Vec<u8>, ItemError> {
    let length = 8 + parts.iter().map(|part| part.len()).sum::<usize>();
    let length = u32::try_from(length).map_err(|_| errors::cant_encode("file_over_4_gb"))?;
    Ok([&length.to_be_bytes(), &kind, parts.concat().as_slice()].concat())
}

/// Where the box of the codestream begins; `None` if this is a bare codestream.
fn codestream_at(file: &[u8]) -> Option<usize> {
    let mut at = 0;
    for one in Boxes::of_file(file).take_while(|_| file.starts_with(CONTAINER)) {
        let (kind, body) = one.ok()?;
        if [*b"jxlc", *b"jxlp"].contains(&kind) {
            return Some(at);
        }
        at = body.as_ptr().addr() - file.as_ptr().addr() + body.len();
    }
    None
}

/// Says why an image could not be encoded.
pub(super) fn refused(error: &EncodeError) -> ItemError {
    errors::cant_encode(errors::from_encoder(error))
}

/// Collects rows, and encodes them at the end.
pub(in crate::codec) struct JxlEncoder {
    save: Save,
    extras: Extras,
    rows: Option<DepthCollector>,
}

impl JxlEncoder {
    pub(in crate::codec) fn new(save: &Save, extras: Extras) -> Self {
        Self { save: save.clone(), extras, rows: None }
    }

    /// The image: a bare codestream if there is no metadata, else in boxes.
    fn file(&self, info: ImageInfo, samples: &Samples) -> Result<Vec<u8>, ItemError> {
        let profile = self.extras.profile.as_ref();
        let bare = if is_fast_lossless(&self.save, &info, profile) {
            fast_lossless(info, samples)?
        } else {
            self.codestream(info, samples)?
        };
        let metadata = &self.extras.metadata;
        if metadata.exif.is_none() && metadata.xmp.is_none() {
            return Ok(bare);
        }
        // jixel writes a container of its own where a decoder of level 5 is not enough, as for 16 bits with alpha.
        let (mut out, rest) = if let Some(at) = codestream_at(&bare) {
            let mut head = bare;
            let rest = head.split_off(at);
            (head, rest)
        } else {
            let head = [boxed(*b"JXL ", &[&[0x0D, 0x0A, 0x87, 0x0A]])?, boxed(*b"ftyp", &[b"jxl \0\0\0\0jxl "])?];
            (head.concat(), boxed(*b"jxlc", &[&bare])?)
        };
        if let Some(exif) = &metadata.exif {
            out.extend(boxed(*b"Exif", &[&[0; 4], exif])?);
        }
        if let Some(xmp) = &metadata.xmp {
            out.extend(boxed(*b"xml ", &[xmp])?);
        }
        out.extend(rest);
        Ok(out)
    }

    /// The codestream that jixel writes.
    fn codestream(&self, info: ImageInfo, samples: &Samples) -> Result<Vec<u8>, ItemError> {
        let mut config = EncodeConfig::default()
            .with_speed(speed(self.save.effort.unwrap_or(DEFAULT_EFFORT)))
            .with_num_threads(1)
            .with_lossless(self.save.lossless)
            .with_quality(f32::from(self.save.quality.unwrap_or(DEFAULT_QUALITY)));
        if let Some(points) = self.extras.profile.as_deref().and_then(CodePoints::of_profile) {
            config = with_code_points(config, points)?;
        } else if let Some(profile) = &self.extras.profile {
            config = if colour::is_display_p3(profile, info.channels) {
                config.with_color_encoding(ColorEncoding::display_p3())
            } else {
                // The encoder does not convert from a profile's colours to its own perceptual ones.
                config.with_icc_profile(profile.to_vec()).with_coding_transform(CodingTransform::YCbCr)
            };
        }
        let (width, height) = (info.width_px as usize, info.height_px as usize);
        let written = match samples {
            Samples::U8(pixels) => match info.channels {
                Channels::Gray => jixel::encode_image_gray(pixels, width, height, &config),
                Channels::GrayAlpha => jixel::encode_image_gray_alpha(pixels, width, height, &config),
                Channels::Rgb => jixel::encode_image(pixels, width, height, &config),
                Channels::Rgba => jixel::encode_image_with_alpha(pixels, width, height, &config),
            },
            Samples::U16(pixels) => match info.channels {
                Channels::Gray => jixel::encode_image_gray_16bit(pixels, width, height, &config),
                Channels::GrayAlpha => jixel::encode_image_gray_alpha_16bit(pixels, width, height, &config),
                Channels::Rgb => jixel::encode_image_16bit(pixels, width, height, &config),
                Channels::Rgba => jixel::encode_image_with_alpha_16bit(pixels, width, height, &config),
            },
            Samples::F32(_) => return Err(errors::not_started()),
        };
        written.map_err(|error| refused(&error))
    }
}

/// Settings for a high dynamic range.
fn with_code_points(config: EncodeConfig, points: CodePoints) -> Result<EncodeConfig, ItemError> {
    let (primaries, white_point) = match points.primaries {
        // Unspecified ones are shown as BT.709's.
        1 | 2 => (Primaries::Bt709, WhitePoint::D65),
        9 => (Primaries::Bt2020, WhitePoint::D65),
        11 => (Primaries::Smpte431, WhitePoint::Dci),
        12 => (Primaries::Smpte431, WhitePoint::D65),
        other => {
            return Err(errors::cant_encode(Message::new("jxl_primaries").with("number", other)));
        }
    };
    let (transfer, most_nits) = match points.hdr {
        Hdr::Pq => (TransferFunction::Smpte2084, 10_000.0),
        Hdr::Hlg => (TransferFunction::Hlg, 1_000.0),
    };
    let encoding = ColorEncoding { white_point, primaries, transfer, ..ColorEncoding::default() };
    let config = config.with_color_encoding(encoding).with_intensity_target(most_nits);
    // The encoder's perceptual colours need the light of a display, which it does not compute for HLG.
    let is_hlg = points.hdr == Hdr::Hlg;
    Ok(if is_hlg { config.with_coding_transform(CodingTransform::YCbCr) } else { config })
}

/// The codestream that zune-jpegxl writes.
fn fast_lossless(info: ImageInfo, samples: &Samples) -> Result<Vec<u8>, ItemError> {
    let space = match info.channels {
        Channels::Gray => ColorSpace::Luma,
        Channels::GrayAlpha => ColorSpace::LumaA,
        Channels::Rgb => ColorSpace::RGB,
        Channels::Rgba => ColorSpace::RGBA,
    };
    let (pixels, depth): (&[u8], _) = match samples {
        Samples::U8(pixels) => (pixels, BitDepth::Eight),
        Samples::U16(pixels) => (bytemuck::cast_slice(pixels), BitDepth::Sixteen),
        Samples::F32(_) => return Err(errors::not_started()),
    };
    let options = EncoderOptions::new(info.width_px as usize, info.height_px as usize, space, depth);
    let encoder = JxlSimpleEncoder::new(pixels, options.set_num_threads(1));
    let mut bare = Vec::new();
    encoder.encode(&mut bare).map_err(|error| errors::cant_encode(errors::from_encoder(format!("{error:?}"))))?;
    Ok(bare)
}

impl RowWriter for JxlEncoder {
    fn start(&mut self, info: ImageInfo) -> Result<(), ItemError> {
        self.rows = Some(DepthCollector::new(info, info.channels, info.sample == SampleType::U16, Rgb::WHITE)?);
        Ok(())
    }

    fn write_rows(&mut self, band: &Band) -> Result<(), ItemError> {
        self.rows.as_mut().ok_or_else(errors::not_started)?.add(band)
    }
}

impl Encoder for JxlEncoder {
    fn finish(mut self: Box<Self>) -> Result<Vec<u8>, ItemError> {
        let (info, samples) = self.rows.take().ok_or_else(errors::not_started)?.into_image()?;
        self.file(info, &samples)
    }
}
