//! Converts samples and channels for encoders: 16 bits and floats to 8 bits, alpha over a colour, gray to colour.

use crate::model::{Band, Channels, ImageInfo, Rgb, Samples};

/// An integer sample type of encoders.
pub(crate) trait Sample: Copy + Default + 'static {
    /// White, or opaque.
    const MAX: Self;
    /// Rounded from 8 bits.
    fn from_u8(value: u8) -> Self;
    /// Rounded from 16 bits.
    fn from_u16(value: u16) -> Self;
    /// Clamped and rounded from 0.0 to 1.0; NaN becomes 0.
    fn from_f32(value: f32) -> Self;
    /// The samples of a band, if they are of this type.
    fn of(samples: &Samples) -> Option<&[Self]>;
    /// The value as a number.
    fn wide(self) -> u32;
    /// `value / MAX`, rounded; `value` is at most `MAX * MAX`.
    fn divide(value: u32) -> Self;
}

impl Sample for u8 {
    const MAX: Self = u8::MAX;
    fn from_u8(value: u8) -> Self {
        value
    }
    fn from_u16(value: u16) -> Self {
        ((u32::from(value) * 255 + 32_767) / 65_535) as u8
    }
    fn from_f32(value: f32) -> Self {
        // `as` saturates, and takes NaN to 0.
        value.mul_add(255.0, 0.5) as u8
    }
    fn of(samples: &Samples) -> Option<&[Self]> {
        if let Samples::U8(values) = samples { Some(values) } else { None }
    }
    fn wide(self) -> u32 {
        u32::from(self)
    }
    fn divide(value: u32) -> Self {
        ((value + 127) / 255) as u8
    }
}

impl Sample for u16 {
    const MAX: Self = u16::MAX;
    fn from_u8(value: u8) -> Self {
        u16::from(value) * 257
    }
    fn from_u16(value: u16) -> Self {
        value
    }
    fn from_f32(value: f32) -> Self {
        value.mul_add(65_535.0, 0.5) as u16
    }
    fn of(samples: &Samples) -> Option<&[Self]> {
        if let Samples::U16(values) = samples { Some(values) } else { None }
    }
    fn wide(self) -> u32 {
        u32::from(self)
    }
    fn divide(value: u32) -> Self {
        ((value + 32_767) / 65_535) as u16
    }
}

/// Converts bands of one image to samples `T` of channels `to`; keeps its buffers.
pub(crate) struct Converter<T> {
    from: ImageInfo,
    to: Channels,
    paper: [T; 3],
    samples: Vec<T>,
    pixels: Vec<T>,
}

impl<T: Sample> Converter<T> {
    /// From an image's channels to `to`. If `to` lacks alpha, pixels are composited over white; otherwise alpha stays
    /// straight.
    pub(crate) fn new(from: ImageInfo, to: Channels) -> Self {
        Self { from, to, paper: [T::MAX; 3], samples: Vec::new(), pixels: Vec::new() }
    }

    /// The same over another colour than white; over a chromatic colour, gray becomes colour.
    pub(crate) fn over(self, paper: Rgb) -> Self {
        Self { paper: paper.0.map(T::from_u8), ..self }
    }

    /// A band's pixels, converted; borrowed if nothing changes.
    pub(crate) fn convert<'s>(&'s mut self, band: &'s Band) -> &'s [T] {
        let samples: &[T] = if let Some(same) = T::of(&band.samples) {
            same
        } else {
            self.samples.clear();
            match &band.samples {
                Samples::U8(values) => self.samples.extend(values.iter().map(|&v| T::from_u8(v))),
                Samples::U16(values) => self.samples.extend(values.iter().map(|&v| T::from_u16(v))),
                Samples::F32(values) => self.samples.extend(values.iter().map(|&v| T::from_f32(v))),
            }
            &self.samples
        };
        let straight = !(self.from.premultiplied && self.from.channels.has_alpha());
        if self.from.channels == self.to && straight {
            return samples;
        }
        self.pixels.clear();
        let [red, green, blue] = self.paper;
        let pixel = |colour: T, alpha: T, paper: T| {
            if straight { over(colour, alpha, paper) } else { plus(colour, alpha, paper) }
        };
        let unmix = |colour: T, alpha: T| if straight { colour } else { unpremultiply(colour, alpha) };
        let out = &mut self.pixels;
        match (self.from.channels, self.to) {
            (Channels::Gray, Channels::Gray) | (Channels::Rgb, Channels::Rgb) => out.extend_from_slice(samples),
            (Channels::Gray, Channels::GrayAlpha) => out.extend(samples.iter().flat_map(|&g| [g, T::MAX])),
            (Channels::Gray, Channels::Rgb) => out.extend(samples.iter().flat_map(|&g| [g, g, g])),
            (Channels::Gray, Channels::Rgba) => out.extend(samples.iter().flat_map(|&g| [g, g, g, T::MAX])),
            (Channels::GrayAlpha, Channels::Gray) => {
                out.extend(samples.as_chunks::<2>().0.iter().map(|&[g, a]| pixel(g, a, red)));
            }
            (Channels::GrayAlpha, Channels::Rgb) => {
                out.extend(
                    samples
                        .as_chunks::<2>()
                        .0
                        .iter()
                        .flat_map(|&[g, a]| [pixel(g, a, red), pixel(g, a, green), pixel(g, a, blue)]),
                );
            }
            (Channels::GrayAlpha, Channels::GrayAlpha) => {
                out.extend(samples.as_chunks::<2>().0.iter().flat_map(|&[g, a]| [unmix(g, a), a]));
            }
            (Channels::GrayAlpha, Channels::Rgba) => {
                let pixels = samples.as_chunks::<2>().0.iter();
                out.extend(pixels.map(|&[g, a]| (unmix(g, a), a)).flat_map(|(g, a)| [g, g, g, a]));
            }
            (Channels::Rgb, Channels::Rgba) => {
                out.extend(samples.as_chunks::<3>().0.iter().flat_map(|&[r, g, b]| [r, g, b, T::MAX]));
            }
            (Channels::Rgba, Channels::Rgb) => {
                out.extend(
                    samples
                        .as_chunks::<4>()
                        .0
                        .iter()
                        .flat_map(|&[r, g, b, a]| [pixel(r, a, red), pixel(g, a, green), pixel(b, a, blue)]),
                );
            }
            (Channels::Rgba, Channels::Rgba) => {
                out.extend(
                    samples
                        .as_chunks::<4>()
                        .0
                        .iter()
                        .flat_map(|&[r, g, b, a]| [unmix(r, a), unmix(g, a), unmix(b, a), a]),
                );
            }
            // Encoders never convert colour to gray; for completeness, Rec. 601 luma.
            (Channels::Rgb, Channels::Gray | Channels::GrayAlpha) => {
                let alpha = self.to.has_alpha().then_some(T::MAX);
                for &[r, g, b] in samples.as_chunks::<3>().0 {
                    out.push(luma(r, g, b));
                    out.extend(alpha);
                }
            }
            (Channels::Rgba, Channels::Gray) => {
                out.extend(
                    samples
                        .as_chunks::<4>()
                        .0
                        .iter()
                        .map(|&[r, g, b, a]| luma(pixel(r, a, red), pixel(g, a, green), pixel(b, a, blue))),
                );
            }
            (Channels::Rgba, Channels::GrayAlpha) => {
                out.extend(
                    samples
                        .as_chunks::<4>()
                        .0
                        .iter()
                        .flat_map(|&[r, g, b, a]| [luma(unmix(r, a), unmix(g, a), unmix(b, a)), a]),
                );
            }
        }
        &self.pixels
    }
}

/// Straight alpha over a colour: `c * a + p * (1 - a)`.
fn over<T: Sample>(colour: T, alpha: T, paper: T) -> T {
    let max = T::MAX.wide();
    T::divide(colour.wide() * alpha.wide() + paper.wide() * (max - alpha.wide()))
}

/// Premultiplied alpha over a colour: `c + p * (1 - a)`.
fn plus<T: Sample>(colour: T, alpha: T, paper: T) -> T {
    let (max, alpha) = (T::MAX.wide(), alpha.wide());
    T::divide(colour.wide().min(alpha) * max + paper.wide() * (max - alpha))
}

fn unpremultiply<T: Sample>(colour: T, alpha: T) -> T {
    let (max, alpha) = (T::MAX.wide(), alpha.wide());
    if alpha == 0 {
        return T::default();
    }
    T::divide(((colour.wide() * max + alpha / 2) / alpha).min(max) * max)
}

fn luma<T: Sample>(r: T, g: T, b: T) -> T {
    let sum = u64::from(r.wide()) * 299 + u64::from(g.wide()) * 587 + u64::from(b.wide()) * 114;
    T::divide(((sum + 500) / 1000) as u32 * T::MAX.wide())
}

/// Divides colour by the alpha it was multiplied with, in place.
pub(crate) fn straighten(samples: &mut Samples, channels: Channels) {
    if !channels.has_alpha() {
        return;
    }
    let count = channels.count();
    match samples {
        Samples::U8(values) => straighten_whole(values, count),
        Samples::U16(values) => straighten_whole(values, count),
        Samples::F32(values) => {
            for pixel in values.chunks_exact_mut(count) {
                if let Some((alpha, colours)) = pixel.split_last_mut() {
                    for colour in colours {
                        *colour = if *alpha > 0.0 { *colour / *alpha } else { 0.0 };
                    }
                }
            }
        }
    }
}

fn straighten_whole<T: Sample>(values: &mut [T], count: usize) {
    for pixel in values.chunks_exact_mut(count) {
        if let Some((alpha, colours)) = pixel.split_last_mut() {
            for colour in colours {
                *colour = unpremultiply(*colour, *alpha);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::convert::*;
    use crate::model::SampleType;

    fn info(channels: Channels, sample: SampleType) -> ImageInfo {
        ImageInfo { width_px: 1, height_px: 1, channels, sample, premultiplied: false }
    }

    fn band(channels: Channels, samples: Samples) -> Band {
        Band { width_px: 1, rows: 1, channels, samples }
    }

    #[test]
    fn alpha_over_white_is_exact_at_its_ends_and_rounded_between() {
        let mut converter = Converter::<u8>::new(info(Channels::Rgba, SampleType::U8), Channels::Rgb);
        let clear = band(Channels::Rgba, Samples::U8(vec![10, 20, 30, 0]));
        assert_eq!(converter.convert(&clear), [255, 255, 255]);
        let solid = band(Channels::Rgba, Samples::U8(vec![10, 20, 30, 255]));
        assert_eq!(converter.convert(&solid), [10, 20, 30]);
        // 0.5019... of black over white: 255 * (1 - 128/255) = 127.
        let half = band(Channels::Rgba, Samples::U8(vec![0, 255, 100, 128]));
        assert_eq!(converter.convert(&half), [127, 255, 177]);
    }

    #[test]
    fn alpha_is_blended_with_the_chosen_colour() {
        let from = info(Channels::Rgba, SampleType::U8);
        let mut converter = Converter::<u8>::new(from, Channels::Rgb).over(Rgb([0, 100, 255]));
        let half = band(Channels::Rgba, Samples::U8(vec![200, 200, 200, 51]));
        assert_eq!(converter.convert(&half), [40, 120, 244]);
        let from = ImageInfo { premultiplied: true, ..info(Channels::GrayAlpha, SampleType::U16) };
        let mut converter = Converter::<u16>::new(from, Channels::Rgb).over(Rgb([0, 255, 0]));
        let most = band(Channels::GrayAlpha, Samples::U16(vec![65_535, 65_535]));
        assert_eq!(converter.convert(&most), [65_535; 3]);
        let none = band(Channels::GrayAlpha, Samples::U16(vec![65_535, 0]));
        assert_eq!(converter.convert(&none), [0, 65_535, 0], "more colour than alpha is none");
    }

    #[test]
    fn premultiplied_alpha_is_divided_out_or_added_to_white() {
        let from = ImageInfo { premultiplied: true, ..info(Channels::Rgba, SampleType::U8) };
        let pixel = band(Channels::Rgba, Samples::U8(vec![64, 0, 128, 128]));
        assert_eq!(Converter::<u8>::new(from, Channels::Rgba).convert(&pixel), [128, 0, 255, 128]);
        assert_eq!(Converter::<u8>::new(from, Channels::Rgb).convert(&pixel), [191, 127, 255]);
    }

    #[test]
    fn sixteen_bits_round_to_eight_and_floats_are_clamped() {
        let from = info(Channels::Rgb, SampleType::U16);
        let pixel = band(Channels::Rgb, Samples::U16(vec![128, 129, 65_535]));
        assert_eq!(Converter::<u8>::new(from, Channels::Rgb).convert(&pixel), [0, 1, 255]);
        let from = info(Channels::Rgb, SampleType::F32);
        let pixel = band(Channels::Rgb, Samples::F32(vec![-0.5, 0.5, 7.0]));
        assert_eq!(Converter::<u8>::new(from, Channels::Rgb).convert(&pixel), [0, 128, 255]);
        assert_eq!(Converter::<u16>::new(from, Channels::Rgb).convert(&pixel), [0, 32_768, 65_535]);
        let nan = band(Channels::Rgb, Samples::F32(vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY]));
        assert_eq!(Converter::<u8>::new(from, Channels::Rgb).convert(&nan), [0, 255, 0]);
    }
}
