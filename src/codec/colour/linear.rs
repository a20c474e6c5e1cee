//! Linear light as floats, where 1 is white, becomes sRGB of 16 bits. What is brighter is compressed as `hdr` does it;
//! images without brighter light stay as they are.

use super::hdr::{Histogram, Level, ROWS, Rewind, Table, compressed, encode};
use crate::codec::pixels::whole_image::shape;
use crate::error::ItemError;
use crate::model::{Band, Channels, ImageInfo, Remark, RowReader, SampleType, Samples, Truncated};

/// More light counts as this much.
const BRIGHTEST: f32 = 1e9;

/// Rows of floats, mapped as they are read.
pub(in crate::codec) struct LinearRows<R> {
    rows: R,
    map: LightMap,
    scratch: Band,
}

impl<R: Rewind> LinearRows<R> {
    /// Reads all rows once to find the brightest light. `premultiplied` is whether colours are stored multiplied by alpha.
    pub(in crate::codec) fn new(mut rows: R, premultiplied: bool) -> Result<Self, ItemError> {
        let info = rows.info();
        let mut map = LightMap {
            encoded: Table::new(|root| encode(root * root)),
            peak: 1.0,
            channels: info.channels,
            premultiplied: premultiplied && info.channels.has_alpha(),
        };
        let (mut histogram, mut scratch) = (Histogram::new(), Band::empty(&info));
        while rows.read_rows(ROWS, &mut scratch)? > 0 {
            if let Samples::F32(light) = &scratch.samples {
                for pixel in light.chunks_exact(info.channels.count()) {
                    histogram.add(map.colours(pixel).into_iter().fold(0.0, f32::max));
                }
            }
        }
        rows.rewind();
        map.peak = histogram.peak();
        Ok(Self { rows, map, scratch })
    }
}

struct LightMap {
    /// sRGB's curve by the square root of light.
    encoded: Table,
    /// The brightest light of the image.
    peak: f32,
    channels: Channels,
    premultiplied: bool,
}

/// A number from 0 to `most`; 0 for one that is none.
const fn within(number: f32, most: f32) -> f32 {
    if number.is_nan() { 0.0 } else { number.clamp(0.0, most) }
}

impl LightMap {
    /// Red, green and blue, or gray three times, not multiplied by alpha. No light is below zero, and none is infinite.
    fn colours(&self, pixel: &[f32]) -> [f32; 3] {
        let light = match *pixel {
            [gray] | [gray, _] => [gray; 3],
            [red, green, blue, ..] => [red, green, blue],
            [] => [0.0; 3],
        };
        let alpha = if self.premultiplied { self.alpha(pixel) } else { 1.0 };
        light.map(|light| if alpha > 0.0 { within(light / alpha, BRIGHTEST) } else { 0.0 })
    }

    fn alpha(&self, pixel: &[f32]) -> f32 {
        pixel.last().copied().filter(|_| self.channels.has_alpha()).map_or(1.0, |alpha| within(alpha, 1.0))
    }

    fn push(&self, pixel: &[f32], out: &mut Vec<u16>) {
        let colours = self.colours(pixel);
        let most = colours.into_iter().fold(0.0, f32::max);
        let factor = if most > 0.0 { compressed(most, self.peak) / most } else { 1.0 };
        let levels = colours.map(|light| u16::of(self.encoded.at((light * factor).sqrt())));
        out.extend_from_slice(levels.get(..self.channels.colour_count()).unwrap_or_default());
        if self.channels.has_alpha() {
            out.push(u16::of(self.alpha(pixel)));
        }
    }
}

impl<R: RowReader> RowReader for LinearRows<R> {
    fn info(&self) -> ImageInfo {
        ImageInfo { sample: SampleType::U16, premultiplied: false, ..self.rows.info() }
    }

    fn read_rows(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let rows = self.rows.read_rows(max_rows, &mut self.scratch)?;
        shape(band, &self.info(), rows);
        if let (Samples::F32(light), Samples::U16(levels)) = (&self.scratch.samples, &mut band.samples) {
            levels.clear();
            light.chunks_exact(self.map.channels.count()).for_each(|pixel| self.map.push(pixel, levels));
        }
        Ok(rows)
    }

    fn truncation(&self) -> Option<Truncated> {
        self.rows.truncation()
    }

    fn remark(&self) -> Option<Remark> {
        self.rows.remark()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::super::linear::*;
    use crate::codec::pixels::whole_image::WholeReader;

    fn levels(light: &[f32], channels: Channels, premultiplied: bool) -> Vec<u16> {
        let width_px = (light.len() / channels.count()) as u32;
        let info = ImageInfo { width_px, height_px: 1, channels, sample: SampleType::F32, premultiplied: false };
        let rows = WholeReader::new(info, Samples::F32(light.to_vec())).unwrap();
        let mut rows = LinearRows::new(rows, premultiplied).unwrap();
        let mut band = Band::empty(&rows.info());
        assert_eq!(rows.read_rows(9, &mut band).unwrap(), 1);
        let Samples::U16(levels) = band.samples else { panic!("not 16 bits") };
        levels
    }

    #[test]
    fn light_up_to_white_follows_the_curve_of_srgb_and_what_is_no_number_is_black() {
        let plain = levels(&[0.0, 0.214_041_14, 1.0, -3.0, f32::NAN, 0.002], Channels::Rgb, false);
        for (level, expected) in plain.iter().zip([0, 32_768, 65_535, 0, 0, 1_693]) {
            assert!(level.abs_diff(expected) <= 1, "{plain:?}");
        }
    }

    #[test]
    fn brighter_light_is_compressed_in_order_and_keeps_its_hue() {
        let grays: Vec<f32> = [0.2, 0.5, 0.9, 1.0, 2.0, 4.0, 8.0].to_vec();
        let mapped = levels(&grays, Channels::Gray, false);
        assert!(mapped.is_sorted_by(|a, b| a < b), "{mapped:?}");
        assert!(mapped[6] > 65_000 && mapped[3] < 65_000, "{mapped:?}");
        assert_eq!(mapped[..2], levels(&grays[..2], Channels::Gray, false));
        let infinite = levels(&[f32::INFINITY, 0.5], Channels::Gray, false);
        assert_eq!(infinite[0], 65_535);
        // Twice as much red as blue, before and after.
        let red = levels(&[8.0, 0.0, 4.0, 8.0, 8.0, 8.0], Channels::Rgb, false);
        assert!(red[1] == 0 && red[2].abs_diff(48_190) < 200, "{red:?}");
    }

    #[test]
    fn colours_multiplied_by_alpha_are_divided_by_it() {
        let mapped = levels(&[0.107_020_57, 0.0, 0.5, 0.5, 0.3, 0.3, 0.3, 0.0], Channels::Rgba, true);
        for (level, expected) in mapped.iter().zip([32_768, 0, 65_535, 32_768, 0, 0, 0, 0]) {
            assert!(level.abs_diff(expected) <= 1, "{mapped:?}");
        }
    }
}
