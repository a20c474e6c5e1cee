//! Encoding AVIF through ravif (rav1e): 10 bits, 4:4:4, straight alpha. PQ and HLG stay as they are, named by number.

use ravif::{EncodedImage, Encoder as Av1, MatrixCoefficients, PixelRange};

use super::sequence_header;
use super::write_boxes::{self, Parts};
use crate::codec::colour::{self, CodePoints};
use crate::codec::errors;
use crate::codec::pixels::convert::Sample;
use crate::codec::pixels::whole_image::DepthCollector;
use crate::codec::spec::{Encoder, Extras, stored_bytes};
use crate::error::ItemError;
use crate::model::{Band, Channels, ImageInfo, Rgb, RowWriter, SampleType, Samples, Save};

/// Quality when none is given.
pub(super) const DEFAULT_QUALITY: u8 = 80;
/// Effort when none is given: speed 9 of 10, a second per megapixel. Speed 8 takes twice as long for 3 % smaller files.
const DEFAULT_EFFORT: u8 = 1;
/// Largest level of 10 bits.
const MAX: f32 = 1_023.0;
/// Neutral chroma in 10 bits.
const MIDDLE: f32 = 512.0;

/// Bytes that encoding takes: the file, the rows, three times three planes of 16 bits, and the search's data. Measured:
/// 23 bytes per pixel in addition to the rows, at 24 megapixels.
pub(super) fn encoding_bytes(_: &Save, info: &ImageInfo) -> u64 {
    let pixels = u64::from(info.width_px) * u64::from(info.height_px);
    let rows = info.channels.count().max(3) as u64 * info.sample.size_bytes().min(2) as u64;
    pixels * (rows + if info.channels.has_alpha() { 40 } else { 32 }) + (16 << 20) + stored_bytes(info) / 3
}

/// Collects rows, and encodes them at the end.
pub(in crate::codec) struct AvifEncoder {
    quality: u8,
    effort: u8,
    extras: Extras,
    rows: Option<DepthCollector>,
}

impl AvifEncoder {
    pub(in crate::codec) fn new(save: &Save, extras: Extras) -> Self {
        let effort = save.effort.unwrap_or(DEFAULT_EFFORT).min(9);
        Self { quality: save.quality.unwrap_or(DEFAULT_QUALITY), effort, extras, rows: None }
    }

    fn encode<T: Sample + Sync + Send>(&self, info: ImageInfo, pixels: Vec<T>) -> Result<Vec<u8>, ItemError> {
        let channels = info.channels;
        let quality = f32::from(self.quality);
        // Artifacts in alpha are more visible than those in colour.
        let encoder = Av1::new()
            .with_quality(quality)
            .with_alpha_quality(f32::midpoint(quality, 100.0))
            .with_speed((10 - self.effort).clamp(1, 10))
            .with_num_threads(Some(1));
        let (width, height) = (info.width_px as usize, info.height_px as usize);
        let points = self.extras.profile.as_deref().and_then(CodePoints::of_profile);
        let weights = Weights::of(points);
        let (range, matrix) = (PixelRange::Full, weights.matrix);
        let shows_through =
            channels.has_alpha() && pixels.as_chunks::<4>().0.iter().any(|pixel| pixel[3].wide() < T::MAX.wide());
        let image = if channels.has_alpha() {
            let pixels = pixels.as_chunks::<4>().0;
            let alpha = pixels.iter().map(|pixel| (level(pixel[3]) * MAX + 0.5) as u16);
            // Transparent pixels are invisible, so they take their neighbour's colour, which costs nothing.
            let colours = pixels.iter().scan([0; 3], |last, &[r, g, b, a]| {
                if level(a) > 0.0 {
                    *last = weights.luma_and_chroma([r, g, b]);
                }
                Some(*last)
            });
            encoder.encode_raw_planes_10_bit(width, height, colours, shows_through.then_some(alpha), range, matrix)
        } else {
            let colours = pixels.as_chunks::<3>().0.iter().map(|&pixel| weights.luma_and_chroma(pixel));
            encoder.encode_raw_planes_10_bit(width, height, colours, None::<[u16; 0]>, range, matrix)
        };
        drop(pixels);
        let EncodedImage { avif_file, color_byte_size, alpha_byte_size, .. } =
            image.map_err(|error| errors::cant_encode(errors::from_encoder(error)))?;
        // The library's own container ends with the data of alpha and colour.
        let lost = || errors::cant_encode("encoder_short");
        let (rest, colour) =
            avif_file.split_at_checked(avif_file.len().wrapping_sub(color_byte_size)).ok_or_else(lost)?;
        // The container's numbers count, but some programs only read those of the coded data.
        let named =
            points.and_then(|points| sequence_header::with_code_points(colour, points.primaries, points.hdr.number()));
        let colour = named.as_deref().unwrap_or(colour);
        let (_, alpha) = rest.split_at_checked(rest.len().wrapping_sub(alpha_byte_size)).ok_or_else(lost)?;
        write_boxes::file(&Parts {
            width_px: info.width_px,
            height_px: info.height_px,
            colour,
            alpha: (!alpha.is_empty()).then_some(alpha),
            points,
            matrix: matrix as u8,
            extras: &self.extras,
        })
    }
}

/// 0 to 1.
fn level<T: Sample>(sample: T) -> f32 {
    sample.wide() as f32 / T::MAX.wide() as f32
}

/// How red, green and blue become luma and chroma.
struct Weights {
    matrix: MatrixCoefficients,
    luma: [f32; 3],
    /// The widest differences of blue and red from luma.
    chroma: [f32; 2],
}

impl Weights {
    const BT601: Self = Self { matrix: MatrixCoefficients::BT601, luma: [0.299, 0.587, 0.114], chroma: [1.772, 1.402] };
    const BT2020: Self =
        Self { matrix: MatrixCoefficients::BT2020NCL, luma: [0.2627, 0.678, 0.0593], chroma: [1.8814, 1.4746] };

    /// BT.2020's for its primaries, else BT.601's.
    fn of(points: Option<CodePoints>) -> Self {
        let is_bt2020 = points.is_some_and(|points| u16::from(points.primaries) == colour::BT2020);
        if is_bt2020 { Self::BT2020 } else { Self::BT601 }
    }

    /// Full range, 10 bits.
    fn luma_and_chroma<T: Sample>(&self, pixel: [T; 3]) -> [u16; 3] {
        let ([r, g, b], [of_red, of_green, of_blue]) = (pixel.map(level), self.luma);
        let luma = of_red * r + of_green * g + of_blue * b;
        let chroma = |colour: f32, scale: f32| ((colour - luma) / scale * MAX + MIDDLE + 0.5).clamp(0.0, MAX) as u16;
        [(luma * MAX + 0.5) as u16, chroma(b, self.chroma[0]), chroma(r, self.chroma[1])]
    }
}

impl RowWriter for AvifEncoder {
    fn start(&mut self, info: ImageInfo) -> Result<(), ItemError> {
        let to = if info.channels.has_alpha() { Channels::Rgba } else { Channels::Rgb };
        self.rows = Some(DepthCollector::new(info, to, info.sample == SampleType::U16, Rgb::WHITE)?);
        Ok(())
    }

    fn write_rows(&mut self, band: &Band) -> Result<(), ItemError> {
        self.rows.as_mut().ok_or_else(errors::not_started)?.add(band)
    }
}

impl Encoder for AvifEncoder {
    fn finish(mut self: Box<Self>) -> Result<Vec<u8>, ItemError> {
        match self.rows.take().ok_or_else(errors::not_started)?.into_image()? {
            (info, Samples::U8(pixels)) => self.encode(info, pixels),
            (info, Samples::U16(pixels)) => self.encode(info, pixels),
            (_, Samples::F32(_)) => Err(errors::not_started()),
        }
    }
}
