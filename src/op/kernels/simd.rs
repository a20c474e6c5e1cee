//! Loops over samples, compiled for the widest vectors of the machine and chosen at run time: conversions, alpha, and
//! the weighted sums of all filters.

use std::sync::LazyLock;

use pulp::{Arch, NullaryFnOnce};

use crate::model::{Channels, Samples};
use crate::op::stage::WindowRows;

/// Samples that a weighted sum keeps in registers.
const BLOCK: usize = 64;

static ARCH: LazyLock<Arch> = LazyLock::new(Arch::new);

/// Runs `work` (its loops must be `#[inline(always)]`) with the machine's vector instructions.
#[inline]
pub(crate) fn wide<F: NullaryFnOnce>(work: F) -> F::Output {
    ARCH.dispatch(work)
}

/// A sample type that filters read and write, as f32 from 0 to 1.
pub(crate) trait Sample: Copy + Default {
    /// The factor that maps raw values to 0 to 1.
    const UNIT: f32;
    /// The raw value.
    fn raw(self) -> f32;
    /// To 0 to 1.
    #[inline(always)]
    fn to_unit(self) -> f32 {
        self.raw() * Self::UNIT
    }
    /// From 0 to 1, rounded to nearest; anything outside (and NaN) is clamped.
    fn from_unit(value: f32) -> Self;
}

/// Clamped to 0 to 1; NaN becomes 0.
#[inline(always)]
pub(crate) fn unit(value: f32) -> f32 {
    let value = if value > 0.0 { value } else { 0.0 };
    if value < 1.0 { value } else { 1.0 }
}

/// Adding 2^23 to a small float leaves its rounded value in the lowest bits, in one instruction.
const ROUND: f32 = 8_388_608.0;

impl Sample for u8 {
    const UNIT: f32 = 1.0 / 255.0;
    #[inline(always)]
    fn raw(self) -> f32 {
        f32::from(self)
    }
    #[inline(always)]
    fn from_unit(value: f32) -> Self {
        (unit(value) * 255.0 + ROUND).to_bits() as Self
    }
}

impl Sample for u16 {
    const UNIT: f32 = 1.0 / 65535.0;
    #[inline(always)]
    fn raw(self) -> f32 {
        f32::from(self)
    }
    #[inline(always)]
    fn from_unit(value: f32) -> Self {
        (unit(value) * 65535.0 + ROUND).to_bits() as Self
    }
}

impl Sample for f32 {
    const UNIT: f32 = 1.0;
    #[inline(always)]
    fn raw(self) -> f32 {
        self
    }
    #[inline(always)]
    fn from_unit(value: f32) -> Self {
        unit(value)
    }
}

/// Runs the same code for each sample type.
macro_rules! with_samples {
    ($samples:expr, $name:ident => $body:expr) => {
        match $samples {
            Samples::U8($name) => $body,
            Samples::U16($name) => $body,
            Samples::F32($name) => $body,
        }
    };
}
pub(crate) use with_samples;

/// Resizes to `len` samples, which the caller overwrites.
pub(crate) fn resize_samples(samples: &mut Samples, len: usize) {
    with_samples!(samples, v => v.resize(len, Default::default()));
}

struct Load<'a, T>(&'a [T], &'a mut [f32]);

impl<T: Sample> NullaryFnOnce for Load<'_, T> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        for (to, from) in self.1.iter_mut().zip(self.0) {
            *to = from.to_unit();
        }
    }
}

/// Reads samples from `start` on, as many as `out` holds.
pub(crate) fn load(samples: &Samples, start: usize, out: &mut [f32]) {
    with_samples!(samples, v => wide(Load(v.get(start..).unwrap_or_default(), out)));
}

struct Store<'a, T>(&'a [f32], &'a mut [T]);

impl<T: Sample> NullaryFnOnce for Store<'_, T> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        for (to, from) in self.1.iter_mut().zip(self.0) {
            *to = T::from_unit(*from);
        }
    }
}

/// Writes samples from `start` on, rounded and clamped.
pub(crate) fn store(values: &[f32], samples: &mut Samples, start: usize) {
    with_samples!(samples, v => wide(Store(values, v.get_mut(start..).unwrap_or_default())));
}

struct Clamp<'a>(&'a mut [f32]);

impl NullaryFnOnce for Clamp<'_> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        for value in self.0 {
            *value = unit(*value);
        }
    }
}

/// Clamps to 0 to 1.
pub(crate) fn clamp(values: &mut [f32]) {
    wide(Clamp(values));
}

/// Multiplies colour by alpha.
pub(crate) fn premultiply(values: &mut [f32], channels: Channels) {
    match channels {
        Channels::GrayAlpha => values.as_chunks_mut().0.iter_mut().for_each(|[v, a]| *v *= *a),
        Channels::Rgba => values.as_chunks_mut().0.iter_mut().for_each(|[r, g, b, a]| {
            *r *= *a;
            *g *= *a;
            *b *= *a;
        }),
        Channels::Gray | Channels::Rgb => {}
    }
}

/// Divides colour by alpha; invisible colour becomes 0.
pub(crate) fn unpremultiply(values: &mut [f32], channels: Channels) {
    // Below a third of a 16-bit level nothing is visible, and the quotient would only be noise.
    let inverse = |alpha: f32| if alpha > 5e-6 { alpha.recip() } else { 0.0 };
    match channels {
        Channels::GrayAlpha => values.as_chunks_mut().0.iter_mut().for_each(|[v, a]| *v *= inverse(*a)),
        Channels::Rgba => values.as_chunks_mut().0.iter_mut().for_each(|[r, g, b, a]| {
            let inverse = inverse(*a);
            *r *= inverse;
            *g *= inverse;
            *b *= inverse;
        }),
        Channels::Gray | Channels::Rgb => {}
    }
}

struct AlongRow<'a> {
    extended: &'a [f32],
    step: usize,
    weights: &'a [f32],
    out: &'a mut [f32],
}

impl NullaryFnOnce for AlongRow<'_> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Self { extended, step, weights, out } = self;
        let (blocks, rest) = out.as_chunks_mut::<BLOCK>();
        let rest_at = blocks.len() * BLOCK;
        for (i, block) in blocks.iter_mut().enumerate() {
            let mut sum = [0.0; BLOCK];
            for (k, weight) in weights.iter().enumerate() {
                if let Some(taps) = extended.get(i * BLOCK + k * step..).and_then(|from| from.first_chunk::<BLOCK>()) {
                    for (sum, tap) in sum.iter_mut().zip(taps) {
                        *sum += weight * tap;
                    }
                }
            }
            *block = sum;
        }
        for (i, value) in rest.iter_mut().enumerate() {
            let taps = extended.get(rest_at + i..).unwrap_or_default().iter().step_by(step);
            *value = weights.iter().zip(taps).map(|(weight, tap)| weight * tap).sum();
        }
    }
}

/// `out[i] = sum of weights[k] * extended[i + k * step]`: a filter along a row of interleaved samples.
pub(crate) fn filter_row(extended: &[f32], step: usize, weights: &[f32], out: &mut [f32]) {
    wide(AlongRow { extended, step, weights, out });
}

struct AlongColumn<'a, 'b> {
    rows: &'a WindowRows<'b>,
    weights: &'a [f32],
    out: &'a mut [f32],
}

impl NullaryFnOnce for AlongColumn<'_, '_> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Self { rows, weights, out } = self;
        let (blocks, rest) = out.as_chunks_mut::<BLOCK>();
        let rest_at = blocks.len() * BLOCK;
        for (i, block) in blocks.iter_mut().enumerate() {
            let mut sum = [0.0; BLOCK];
            for (row, weight) in rows.rows().zip(weights) {
                if let Some(taps) = row.get(i * BLOCK..).and_then(|from| from.first_chunk::<BLOCK>()) {
                    for (sum, tap) in sum.iter_mut().zip(taps) {
                        *sum += weight * tap;
                    }
                }
            }
            *block = sum;
        }
        rest.fill(0.0);
        for (row, weight) in rows.rows().zip(weights) {
            for (value, tap) in rest.iter_mut().zip(row.get(rest_at..).unwrap_or_default()) {
                *value += weight * tap;
            }
        }
    }
}

/// `out[i] = sum of weights[k] * row(k)[i]`: a filter along columns.
pub(crate) fn filter_column(rows: &WindowRows<'_>, weights: &[f32], out: &mut [f32]) {
    wide(AlongColumn { rows, weights, out });
}

/// A function of one sample. (A closure's body may end up outside the function that is compiled for wider vectors.)
pub(crate) trait Tone: Copy {
    /// Computes a value; implementations must be `#[inline(always)]`.
    fn at(self, value: f32) -> f32;
}

/// A function of the colours of one pixel.
pub(crate) trait Mix: Copy {
    /// Computes a colour; implementations must be `#[inline(always)]`.
    fn at(self, colour: [f32; 3]) -> [f32; 3];
}

/// A function of runs of samples of one colour channel (0 to 2).
pub(crate) trait Bend {
    /// Replaces the values; implementations must be `#[inline(always)]`.
    fn bend(&self, channel: usize, values: &mut [f32]);
}

/// Owns its function: the compiler would assume that values behind a reference may change with each sample written.
struct EachColour<'a, T>(&'a mut [f32], Channels, T);

impl<T: Tone> NullaryFnOnce for EachColour<'_, T> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Self(samples, channels, tone) = self;
        match channels {
            Channels::Gray | Channels::Rgb => {
                for value in samples {
                    *value = tone.at(*value);
                }
            }
            Channels::GrayAlpha => {
                for [value, _] in samples.as_chunks_mut::<2>().0 {
                    *value = tone.at(*value);
                }
            }
            Channels::Rgba => {
                for [r, g, b, _] in samples.as_chunks_mut::<4>().0 {
                    [*r, *g, *b] = [tone.at(*r), tone.at(*g), tone.at(*b)];
                }
            }
        }
    }
}

/// Applies a function to each colour sample; alpha is unchanged.
pub(crate) fn tone(samples: &mut [f32], channels: Channels, tone: impl Tone) {
    wide(EachColour(samples, channels, tone));
}

struct EachPixel<'a, M>(&'a mut [f32], Channels, M);

impl<M: Mix> NullaryFnOnce for EachPixel<'_, M> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Self(samples, channels, mix) = self;
        match channels {
            Channels::Rgb => {
                for pixel in samples.as_chunks_mut::<3>().0 {
                    *pixel = mix.at(*pixel);
                }
            }
            Channels::Rgba => {
                for [r, g, b, _] in samples.as_chunks_mut::<4>().0 {
                    [*r, *g, *b] = mix.at([*r, *g, *b]);
                }
            }
            Channels::Gray | Channels::GrayAlpha => {}
        }
    }
}

/// Applies a function to the colours of each pixel; alpha and gray pixels are unchanged.
pub(crate) fn mix(samples: &mut [f32], channels: Channels, mix: impl Mix) {
    wide(EachPixel(samples, channels, mix));
}

struct EachPlane<'a, B>(&'a mut [f32], Channels, &'a B);

impl<B: Bend> NullaryFnOnce for EachPlane<'_, B> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Self(samples, channels, bend) = self;
        let count = channels.count();
        let mut plane = [0.0; BLOCK];
        for pixels in samples.chunks_mut(BLOCK * count) {
            let plane = &mut plane[..pixels.len() / count];
            for channel in 0..channels.colour_count() {
                for (to, pixel) in plane.iter_mut().zip(pixels.chunks_exact(count)) {
                    *to = pixel[channel];
                }
                bend.bend(channel, plane);
                for (from, pixel) in plane.iter().zip(pixels.chunks_exact_mut(count)) {
                    pixel[channel] = *from;
                }
            }
        }
    }
}

/// Applies a function to runs of samples of one colour channel; alpha is unchanged.
pub(crate) fn bend(samples: &mut [f32], channels: Channels, bend: &impl Bend) {
    wide(EachPlane(samples, channels, bend));
}
