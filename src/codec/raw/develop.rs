//! Developing the sensor's data: white balance of the camera, its matrix to linear sRGB, clipped highlights, and a base
//! curve.

use flashraw::{CorruptionPolicy, DecodeOptions, Demosaic, Error, FlashRaw, Limits, OutputFormat, RawPixelData};

use crate::codec::errors;
use crate::codec::pixels::whole_image::WholeReader;
use crate::codec::spec::Header;
use crate::config::{MAX_PIXELS, MAX_SIDE_PX};
use crate::error::ItemError;
use crate::model::{ImageInfo, RowReader, SampleType, Samples};

/// How much the base curve brightens dark tones: cameras expose for highlights.
const LIFT: f64 = 1.8;
/// How much the base curve darkens the darkest tones again, for contrast.
const TOE: f64 = 0.3;

/// Smaller images are not developed at half size.
const LEAST_HALVED_PX: u32 = 64;

/// Samples per pixel of the sensor's data at most.
const MAX_SAMPLES: u64 = 4;

/// The limits within which the library reads a file.
pub(super) fn limits() -> Limits {
    Limits::default().with_max_samples(MAX_PIXELS * MAX_SAMPLES).with_max_dimension(MAX_SIDE_PX)
}

/// Bytes of memory for developing: the sensor's data, linear colours of 16 bits, and the result.
pub(super) fn held_bytes(bytes: &[u8], header: &Header) -> u64 {
    let pixels = u64::from(header.info.width_px) * u64::from(header.info.height_px);
    let data = pixels + pixels / 8;
    data * 2 + pixels * 6 + header.info.size_bytes() + bytes.len() as u64 + (16 << 20)
}

/// Linear sRGB of 16 bits.
pub(super) struct Linear {
    pub(super) size_px: (u32, u32),
    pub(super) samples: Vec<u16>,
}

/// The camera's image in linear sRGB, of full or half size, balanced as the camera did. Highlights are clipped after the white
/// balance, so that they are white.
pub(super) fn linear(raw: &FlashRaw<'_>, is_half: bool) -> Result<Linear, Error> {
    let options = DecodeOptions {
        output: OutputFormat::LinearRgb16,
        threads: Some(1),
        demosaic: if is_half { Demosaic::HalfSize } else { Demosaic::Bilinear },
        limits: limits(),
        corruption_policy: CorruptionPolicy::Strict,
        ..DecodeOptions::default()
    };
    let frame = raw.decode(options)?;
    let size_px = (frame.width, frame.height);
    let RawPixelData::U16(samples) = frame.data else { return Err(Error::NotAvailable("linear samples".to_owned())) };
    Ok(Linear { size_px, samples })
}

/// Rows of the developed image, in the sample type of `info`.
pub(super) fn rows(
    raw: &FlashRaw<'_>,
    full_px: (u32, u32),
    info: &ImageInfo,
    max_downscale: f64,
) -> Result<Result<Box<dyn RowReader>, ItemError>, Error> {
    let is_half = max_downscale >= 2.0 && full_px.0 >= LEAST_HALVED_PX && full_px.1 >= LEAST_HALVED_PX;
    let Linear { size_px, samples } = linear(raw, is_half)?;
    let exposure = raw.metadata().dng.as_ref().and_then(|dng| dng.baseline_exposure).unwrap_or(0.0);
    let wanted = if is_half { (info.width_px / 2, info.height_px / 2) } else { (info.width_px, info.height_px) };
    Ok(finished(samples, size_px, wanted, info.sample, exposure).map(|rows| Box::new(rows) as Box<dyn RowReader>))
}

/// The middle part of this size, with the base curve.
fn finished(
    mut linear: Vec<u16>,
    size_px: (u32, u32),
    wanted_px: (u32, u32),
    sample: SampleType,
    exposure: f64,
) -> Result<WholeReader, ItemError> {
    if wanted_px.0 > size_px.0 || wanted_px.1 > size_px.1 {
        return Err(errors::corrupt("decoder_contradicts"));
    }
    let (left, top) = ((size_px.0 - wanted_px.0) as usize / 2, (size_px.1 - wanted_px.1) as usize / 2);
    let rows = linear.chunks_exact(size_px.0 as usize * 3).skip(top).take(wanted_px.1 as usize);
    let part = left * 3..(left + wanted_px.0 as usize) * 3;
    let (width_px, height_px) = wanted_px;
    let info = ImageInfo { width_px, height_px, channels: crate::model::Channels::Rgb, sample, premultiplied: false };
    let samples = if sample == SampleType::U8 {
        let curve: Vec<u8> = curve(exposure).map(|level| (level * 255.0).round() as u8).collect();
        let mut out = errors::room((info.row_samples() * height_px as usize) as u64)?;
        for row in rows {
            let row = row.get(part.clone()).unwrap_or_default();
            out.extend(row.iter().map(|&level| curve.get(usize::from(level)).copied().unwrap_or_default()));
        }
        Samples::U8(out)
    } else {
        let curve: Vec<u16> = curve(exposure).map(|level| (level * 65_535.0).round() as u16).collect();
        let mut to = 0;
        for y in 0..height_px as usize {
            let from = (top + y) * size_px.0 as usize * 3 + part.start;
            for n in from..from + part.len() {
                let level = linear.get(n).copied().unwrap_or_default();
                if let (Some(place), Some(&level)) = (linear.get_mut(to), curve.get(usize::from(level))) {
                    *place = level;
                }
                to += 1;
            }
        }
        linear.truncate(to);
        Samples::U16(linear)
    };
    WholeReader::new(info, samples)
}

/// The base curve for linear levels of 16 bits, encoded as sRGB. White stays white whatever the exposure.
fn curve(exposure: f64) -> impl Iterator<Item = f64> {
    let gain = (LIFT * exposure.clamp(-4.0, 4.0).exp2()).max(1.0);
    (0..=u16::MAX).map(move |level| based(f64::from(level) / 65_535.0, gain))
}

/// The base curve: brightened with a shoulder, encoded, and darkened at its foot.
fn based(linear: f64, gain: f64) -> f64 {
    let bright = gain * linear / (1.0 + (gain - 1.0) * linear);
    let encoded = if bright <= 0.003_130_8 { 12.92 * bright } else { 1.055 * bright.powf(1.0 / 2.4) - 0.055 };
    encoded * (1.0 - TOE * (1.0 - encoded).powi(4))
}
