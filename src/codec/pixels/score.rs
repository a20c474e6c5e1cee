//! How much an encoded image resembles its original to the eye, as an SSIMULACRA 2 score: 100 is equal, 90 can't be told
//! from the original, 70 is high quality, 50 medium.

use fast_ssim2::{PixelDescriptor, PixelSlice, Ssimulacra2Config, Ssimulacra2Error, StripConfig};

use super::convert::Converter;
use crate::codec::{DecodeOptions, colour, decode, errors};
use crate::error::ItemError;
use crate::model::{Band, Channels, ColourChoice, ImageInfo, Message};

/// Pixels above which an image is compared in strips of rows, which needs a third of the memory and is within 0.4 of the
/// exact score: 16 megapixels.
const WHOLE_PIXELS: u64 = 16_000_000;
/// Rows of a strip.
const STRIP_ROWS: usize = 512;
/// Bytes per pixel for the comparison. Measured with 24 megapixels: 104 as a whole, 24 in strips.
const WHOLE_BYTES: u64 = 112;
const STRIP_BYTES: u64 = 32;

/// Bytes that scoring an image takes: its pixels, the encoded image's pixels, and the comparison.
pub(super) fn held_bytes(info: &ImageInfo) -> u64 {
    let pixels = u64::from(info.width_px) * u64::from(info.height_px);
    pixels * (if pixels > WHOLE_PIXELS { STRIP_BYTES } else { WHOLE_BYTES } + 2 * 4)
}

/// An image's pixels in sRGB, with 8 bits, and with alpha only if it has any.
struct Shown {
    width_px: u32,
    height_px: u32,
    channels: Channels,
    pixels: Vec<u8>,
}

impl Shown {
    fn new(image: &Band) -> Self {
        let channels = if image.channels.has_alpha() { Channels::Rgba } else { Channels::Rgb };
        let info = ImageInfo {
            width_px: image.width_px,
            height_px: image.rows,
            channels: image.channels,
            sample: image.samples.sample(),
            premultiplied: false,
        };
        let pixels = Converter::<u8>::new(info, channels).convert(image).to_vec();
        Self { width_px: image.width_px, height_px: image.rows, channels, pixels }
    }

    fn slice(&self) -> Result<PixelSlice<'_>, ItemError> {
        let (count, kind) = match self.channels {
            Channels::Rgba => (4, PixelDescriptor::RGBA8_SRGB),
            _ => (3, PixelDescriptor::RGB8_SRGB),
        };
        let row_bytes = self.width_px as usize * count;
        PixelSlice::new(&self.pixels, self.width_px, self.height_px, row_bytes, kind)
            .map_err(|error| errors::cant_encode(errors::from_encoder(error)))
    }
}

/// An original that encoded images are compared with.
pub(super) struct Original(Shown);

impl Original {
    /// The original with these pixels, which have the colours of `profile`, or of sRGB. Of a high dynamic range that is
    /// kept, what a screen of SDR shows is compared.
    pub(super) fn new(image: &Band, profile: Option<&std::sync::Arc<[u8]>>) -> Self {
        let in_srgb = profile.and_then(|profile| colour::on_screen(&image.samples, image.channels, profile));
        let converted = in_srgb.map(|samples| Band { samples, ..image.clone() });
        Self(Shown::new(converted.as_ref().unwrap_or(image)))
    }

    /// The score of a file with this image.
    pub(super) fn score(&self, file: &[u8]) -> Result<f64, ItemError> {
        let shown = decoded(file, self.0.channels)?;
        let pixels = u64::from(shown.width_px) * u64::from(shown.height_px);
        let mut config = Ssimulacra2Config::default();
        if pixels > WHOLE_PIXELS {
            config = config.with_strip(StripConfig::new(STRIP_ROWS));
        }
        fast_ssim2::compute_ssimulacra2_with_config(&self.0.slice()?, &shown.slice()?, &config)
            .map_err(|error| cant(&error))
    }
}

fn cant(error: &Ssimulacra2Error) -> ItemError {
    errors::cant_encode(Message::new("score_failed").with("detail", error))
}

/// What a file that was just encoded shows.
fn decoded(file: &[u8], channels: Channels) -> Result<Shown, ItemError> {
    let options = DecodeOptions { colour: ColourChoice::Srgb, ..DecodeOptions::default() };
    let mut opened = decode::open(file, &options)?;
    let info = opened.rows.info();
    let mut converter = Converter::<u8>::new(info, channels);
    let mut shown = Shown { width_px: info.width_px, height_px: info.height_px, channels, pixels: Vec::new() };
    let mut band = Band::empty(&info);
    while opened.rows.read_rows(64, &mut band)? > 0 {
        shown.pixels.extend_from_slice(converter.convert(&band));
    }
    Ok(shown)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::model::{SampleType, Samples};

    /// A picture with edges and gradients.
    fn image(channels: Channels) -> Band {
        let count = channels.count();
        let samples = (0..96 * 64 * count).map(|i| {
            let (x, y, n) = (i / count % 96, i / count / 96, i % count);
            ((x * (n + 2) + y * 3) % 256) as u8 ^ if (x / 16 + y / 16) % 2 == 0 { 0 } else { 90 }
        });
        Band { width_px: 96, rows: 64, channels, samples: Samples::U8(samples.collect()) }
    }

    fn score(one: &Band, other: &Band) -> f64 {
        let (one, other) = (Shown::new(one), Shown::new(other));
        fast_ssim2::compute_ssimulacra2(&one.slice().unwrap(), &other.slice().unwrap()).unwrap()
    }

    #[test]
    fn equal_images_have_the_highest_score_and_changes_lower_it() {
        for channels in [Channels::Gray, Channels::GrayAlpha, Channels::Rgb, Channels::Rgba] {
            let one = image(channels);
            assert!(score(&one, &one) > 99.9, "{channels:?}");
            let Samples::U8(samples) = &one.samples else { panic!("8 bits") };
            let with = |by: u8| {
                let samples =
                    samples.iter().enumerate().map(|(i, v)| v.saturating_add(if i % 5 == 0 { by } else { 0 }));
                Band { samples: Samples::U8(samples.collect()), ..one.clone() }
            };
            let (little, much) = (score(&one, &with(4)), score(&one, &with(40)));
            assert!(little < 99.0 && much < little - 10.0, "{channels:?}: {little}, {much}");
        }
    }

    #[test]
    fn samples_of_16_bits_are_compared_like_those_of_8() {
        let eight = image(Channels::Rgb);
        let Samples::U8(samples) = &eight.samples else { panic!("8 bits") };
        let deep = samples.iter().map(|&v| u16::from(v) * 257).collect();
        let deep = Band { samples: Samples::U16(deep), ..eight.clone() };
        assert_eq!(deep.samples.sample(), SampleType::U16);
        assert!(score(&eight, &deep) > 99.9);
    }
}
