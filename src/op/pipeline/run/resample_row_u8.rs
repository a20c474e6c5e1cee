//! Resamples rows of 8-bit levels with integer products; sums stay exact until they become f32.
//!
//! Weights use as many bits as 16 allow, and each sum is divided by the actual sum of the rounded weights, so that a
//! flat row stays flat. Needs AVX2; elsewhere the f32 pass does the work.

use std::sync::Arc;

use crate::op::kernels::line_cache::LineCache;
use crate::op::kernels::resample_weights::{Line, ResampleWeights};

/// Bytes read at once; a row must be followed by [`RowResamplerU8::slack`] bytes of any content.
#[cfg(target_arch = "x86_64")]
const LOAD: usize = 16;

/// Sums along rows of `u8`, for pixels of one or three channels.
#[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "never made there"))]
pub(super) struct RowResamplerU8 {
    /// Start of the bytes of each output pixel.
    starts: Vec<usize>,
    /// `groups` weights for each output pixel, in the order in which the loop reads them.
    weights: Vec<[i16; 16]>,
    groups: usize,
    /// Factors from a sum of levels to 0 to 1.
    scales: Vec<f32>,
    channels: usize,
}

impl RowResamplerU8 {
    /// The pass for lines of whole images, which is kept for the next image of the same size.
    pub(super) fn kept(line: Line, taps: &ResampleWeights, channels: usize) -> Option<Arc<Self>> {
        static KEPT: LineCache<(Line, usize), Option<Arc<RowResamplerU8>>> = LineCache::new();
        let bytes = |made: &Option<Arc<Self>>| made.as_ref().map_or(0, |made| made.bytes());
        KEPT.get((line, channels), bytes, || Self::new(taps, channels).map(Arc::new)).as_ref().clone()
    }

    fn bytes(&self) -> usize {
        size_of_val(self.weights.as_slice()) + size_of_val(self.starts.as_slice())
    }
}

#[cfg(not(target_arch = "x86_64"))]
impl RowResamplerU8 {
    pub(super) fn new(_taps: &ResampleWeights, _channels: usize) -> Option<Self> {
        None
    }

    pub(super) fn slack(&self) -> usize {
        0
    }

    pub(super) fn run(&self, _row: &[u8], _out: &mut [f32]) {}
}

#[cfg(target_arch = "x86_64")]
impl RowResamplerU8 {
    /// `None` if the machine or the channels need the general pass.
    pub(super) fn new(taps: &ResampleWeights, channels: usize) -> Option<Self> {
        pulp::x86::V3::try_new()?;
        // Pixels per load: all of it, or as many whole pixels as fit and form pairs.
        let pixels = match channels {
            1 => LOAD,
            3 => 4,
            _ => return None,
        };
        let most = (0..taps.len()).map(|x| taps.of(x).1.len()).max()?;
        let groups = most.div_ceil(pixels);
        let mut rows_u8 = Self {
            starts: Vec::with_capacity(taps.len()),
            weights: Vec::with_capacity(taps.len() * groups),
            groups,
            scales: Vec::with_capacity(taps.len()),
            channels,
        };
        for x in 0..taps.len() {
            let (start, line) = taps.of(x);
            let largest = line.iter().fold(0.0_f32, |largest, weight| largest.max(weight.abs()));
            // Sums of absolute weights stay below 2, so that 255 * 2^16 * 2 is far from the limits of i32.
            let unit = (f32::from(i16::MAX) / largest.max(0.5)).floor();
            let rounded = |tap: usize| line.get(tap).map_or(0, |weight| (weight * unit).round() as i16);
            let sum: i32 = (0..line.len()).map(|tap| i32::from(rounded(tap))).sum();
            rows_u8.starts.push(start * channels);
            rows_u8.scales.push(1.0 / (255.0 * sum.max(1) as f32));
            for first in (0..groups).map(|group| group * pixels) {
                rows_u8.weights.push(if channels == 1 {
                    std::array::from_fn(|i| rounded(first + i))
                } else {
                    // The reds, greens and blues of two pixels and two fillers, then those of the next two pixels.
                    std::array::from_fn(|i| if i % 8 < 6 { rounded(first + i / 8 * 2 + i % 2) } else { 0 })
                });
            }
        }
        Some(rows_u8)
    }

    /// Bytes that must follow a row; their content is ignored.
    pub(super) fn slack(&self) -> usize {
        self.groups * LOAD + LOAD
    }

    /// Resamples the row at the front of `row`, which continues for at least [`RowResamplerU8::slack`] bytes, to values
    /// from 0 to 1, clamped.
    pub(super) fn run(&self, row: &[u8], out: &mut [f32]) {
        let Some(simd) = pulp::x86::V3::try_new() else { return };
        match (self.channels, self.groups) {
            (1, _) => simd.vectorize(wide::Gray { simd, rows_u8: self, row, out }),
            (_, 2) => simd.vectorize(wide::Rgb::<2> { simd, rows_u8: self, row, out }),
            (_, 3) => simd.vectorize(wide::Rgb::<3> { simd, rows_u8: self, row, out }),
            (_, 4) => simd.vectorize(wide::Rgb::<4> { simd, rows_u8: self, row, out }),
            (_, 5) => simd.vectorize(wide::Rgb::<5> { simd, rows_u8: self, row, out }),
            (_, 6) => simd.vectorize(wide::Rgb::<6> { simd, rows_u8: self, row, out }),
            (_, 7) => simd.vectorize(wide::Rgb::<7> { simd, rows_u8: self, row, out }),
            (_, 8) => simd.vectorize(wide::Rgb::<8> { simd, rows_u8: self, row, out }),
            (_, 9) => simd.vectorize(wide::Rgb::<9> { simd, rows_u8: self, row, out }),
            _ => simd.vectorize(wide::Rgb::<0> { simd, rows_u8: self, row, out }),
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::{__m128, __m128i, __m256i};

    use pulp::x86::V3;
    use pulp::{NullaryFnOnce, cast};

    use super::{LOAD, RowResamplerU8};

    /// Pairs of the same channel of two pixels, as 16-bit numbers; the lower half takes pixels 0 and 1 of a load, the
    /// upper half 2 and 3. -1 gives 0.
    const PAIRS: [i8; 32] = [
        0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1, //
        6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1,
    ];

    #[inline(always)]
    fn load(row: &[u8], at: usize) -> __m128i {
        cast(row.get(at..).and_then(|bytes| bytes.first_chunk::<LOAD>()).copied().unwrap_or_default())
    }

    /// The sum of both halves as f32, scaled and clamped to 0 to 1.
    #[inline(always)]
    fn unit(simd: V3, sum: __m256i, scale: f32) -> __m128 {
        let low = simd.avx._mm256_castsi256_si128(sum);
        let high = simd.avx2._mm256_extracti128_si256::<1>(sum);
        let sum = simd.sse2._mm_cvtepi32_ps(simd.sse2._mm_add_epi32(low, high));
        scaled(simd, sum, scale)
    }

    #[inline(always)]
    fn scaled(simd: V3, sum: __m128, scale: f32) -> __m128 {
        let scaled = simd.sse._mm_mul_ps(sum, simd.sse._mm_set1_ps(scale));
        simd.sse._mm_min_ps(simd.sse._mm_max_ps(scaled, simd.sse._mm_setzero_ps()), simd.sse._mm_set1_ps(1.0))
    }

    /// `GROUPS` is the number of groups, so that the loop over them is unrolled; 0 means any number.
    pub(super) struct Rgb<'a, const GROUPS: usize> {
        pub(super) simd: V3,
        pub(super) rows_u8: &'a RowResamplerU8,
        pub(super) row: &'a [u8],
        pub(super) out: &'a mut [f32],
    }

    impl<const GROUPS: usize> NullaryFnOnce for Rgb<'_, GROUPS> {
        type Output = ();
        #[inline(always)]
        fn call(self) {
            let Self { simd, rows_u8, row, out } = self;
            let pairs: __m256i = cast(PAIRS);
            let groups = if GROUPS == 0 { rows_u8.groups } else { GROUPS };
            let lines = rows_u8.weights.chunks_exact(groups);
            let pixels = out.as_chunks_mut::<3>().0.iter_mut();
            for (((start, scale), line), pixel) in rows_u8.starts.iter().zip(&rows_u8.scales).zip(lines).zip(pixels) {
                let Some(levels) = row.get(*start..start + groups * 12 + 4) else { return };
                let mut sum = simd.avx._mm256_setzero_si256();
                for (group, weights) in line.iter().enumerate() {
                    let twice = simd.avx2._mm256_broadcastsi128_si256(load(levels, group * 12));
                    let levels = simd.avx2._mm256_shuffle_epi8(twice, pairs);
                    let products = simd.avx2._mm256_madd_epi16(levels, cast(*weights));
                    sum = simd.avx2._mm256_add_epi32(sum, products);
                }
                let [r, g, b, _]: [f32; 4] = cast(unit(simd, sum, *scale));
                *pixel = [r, g, b];
            }
        }
    }

    pub(super) struct Gray<'a> {
        pub(super) simd: V3,
        pub(super) rows_u8: &'a RowResamplerU8,
        pub(super) row: &'a [u8],
        pub(super) out: &'a mut [f32],
    }

    impl NullaryFnOnce for Gray<'_> {
        type Output = ();
        #[inline(always)]
        fn call(self) {
            let Self { simd, rows_u8, row, out } = self;
            let lines = rows_u8.weights.chunks_exact(rows_u8.groups);
            for (((start, scale), line), to) in rows_u8.starts.iter().zip(&rows_u8.scales).zip(lines).zip(out) {
                let mut sum = simd.avx._mm256_setzero_si256();
                for (group, weights) in line.iter().enumerate() {
                    let levels = simd.avx2._mm256_cvtepu8_epi16(load(row, start + group * LOAD));
                    sum = simd.avx2._mm256_add_epi32(sum, simd.avx2._mm256_madd_epi16(levels, cast(*weights)));
                }
                let [a, b, c, d, e, f, g, h]: [i32; 8] = cast(sum);
                *to = ((a + e + (b + f) + (c + g) + (d + h)) as f32 * scale).clamp(0.0, 1.0);
            }
        }
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::super::resample_row_u8::*;
    use crate::op::stage::ResampleFilter;

    #[test]
    fn integer_sums_equal_float_sums() {
        for (channels, input, output, kernel) in [
            (3, 71_u32, 23, ResampleFilter::Lanczos3),
            (1, 71, 23, ResampleFilter::Lanczos3),
            (3, 9, 40, ResampleFilter::CatmullRom),
            (1, 3, 1, ResampleFilter::Bilinear),
            (3, 1, 5, ResampleFilter::Nearest),
            (3, 400, 1, ResampleFilter::Mitchell),
            (3, 33, 33, ResampleFilter::Lanczos3),
        ] {
            let taps = ResampleWeights::new(input, 0.0, f64::from(input), output, kernel);
            let Some(rows_u8) = RowResamplerU8::new(&taps, channels) else { return };
            let len = input as usize * channels;
            let mut row: Vec<u8> = (0..len as u32).map(|i| (i * 37 % 256) as u8).collect();
            row.resize(len + rows_u8.slack(), 99);
            let mut out = vec![f32::NAN; output as usize * channels];
            rows_u8.run(&row, &mut out);
            for (i, got) in out.iter().enumerate() {
                let (start, weights) = taps.of(i / channels);
                let level = |k: usize| f32::from(row[(start + k) * channels + i % channels]) / 255.0;
                let sum: f32 = weights.iter().enumerate().map(|(k, weight)| weight * level(k)).sum();
                assert!((got - sum.clamp(0.0, 1.0)).abs() < 2e-4, "{channels} {input} {output} {i}: {got} {sum}");
            }
        }
    }
}
