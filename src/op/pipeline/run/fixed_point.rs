//! Blurs and unsharp masks of 8-bit images in fixed point: at 14 bits per sample, vectors and cache lines hold twice as
//! many samples as with floats, and each pair of equal weights is added first.

use super::window::{around, capacity, repeat_edges};
use super::{Rows, band_rows, prepare, rows_are_missing};
use crate::error::ItemError;
use crate::model::{Band, Channels, ImageInfo, Samples};
use crate::op::stage::{Blend, WindowKernel};

/// Samples that a sum keeps in registers. Rows are stored in whole blocks.
const BLOCK: usize = 64;

type Block = [i16; BLOCK];

/// Each product is rounded, by 0.3 units of 14 bits on average; 16 units are a quarter of an 8-bit level. Three and a
/// half times the average of their sum, after an unsharp mask, stays below that.
const TOLERANCE: f32 = 16.0;

/// A blur's weights as 15-bit fractions of 1, and the operation on its difference.
#[derive(Clone)]
pub(super) struct Fixed {
    /// From the outermost pair inwards.
    pairs: Vec<i16>,
    centre: i16,
    unsharp: Option<Unsharp>,
}

/// `x + amount * (x - blur)`.
#[derive(Clone, Copy)]
struct Unsharp {
    /// How often the difference is doubled before
    doublings: u32,
    /// it is multiplied by this 15-bit fraction.
    amount: i16,
}

impl Fixed {
    /// The kernel in fixed point, if that is possible without visible loss.
    pub(super) fn of(kernel: &dyn WindowKernel, channels: Channels) -> Option<Self> {
        let Blend { weights, amount } = kernel.blend()?;
        let gain = amount.unwrap_or(1.0);
        let radius = weights.len() / 2;
        let rounding = gain * (2.0 * (radius + 1) as f32).sqrt();
        if channels.has_alpha() || gain < 0.0 || rounding > TOLERANCE || !vectors::available() {
            return None;
        }
        let unit = 32768.0;
        let pairs: Vec<i16> = weights.iter().take(radius).map(|weight| (weight * unit).round() as i16).collect();
        let outside: i32 = pairs.iter().map(|weight| 2 * i32::from(*weight)).sum();
        let centre = (32768 - outside).clamp(0, 32767) as i16;
        let unsharp = amount.map(|amount| {
            let doublings = amount.max(1.0).log2().ceil() as u32;
            Unsharp { doublings, amount: (amount / (1_u32 << doublings) as f32 * unit).round() as i16 }
        });
        Some(Self { pairs, centre, unsharp })
    }
}

/// Bytes of the rings.
pub(super) fn ring_bytes(halo_px: u32, kernel: &dyn WindowKernel, input: &ImageInfo) -> u64 {
    let kept = if kernel.wants_original() { kept(halo_px, input) } else { 0 };
    ((capacity(halo_px, input) + kept) * blocks(input.row_samples()) * 2) as u64
}

/// Number of original rows to keep until the rows below have been blurred.
fn kept(halo_px: u32, input: &ImageInfo) -> usize {
    (halo_px as usize + band_rows(input) as usize).min(input.height_px as usize)
}

/// Samples of a row in whole blocks.
const fn blocks(samples: usize) -> usize {
    samples.next_multiple_of(BLOCK)
}

pub(super) struct FixedWindow<'a> {
    rows: Box<dyn Rows + 'a>,
    halo: usize,
    fixed: Fixed,
    info: ImageInfo,
    input: Band,
    /// A row with its margins, padded for the last block.
    extended: Vec<i16>,
    /// `capacity` rows after the horizontal pass; row `y` is at `y % capacity`.
    blurred: Vec<i16>,
    capacity: usize,
    /// `kept` original rows, if needed.
    originals: Vec<i16>,
    kept: usize,
    /// Samples of a row in the rings.
    stride: usize,
    arrived: usize,
    next_row: usize,
    starts: Vec<usize>,
}

impl<'a> FixedWindow<'a> {
    pub(super) fn new(rows: Box<dyn Rows + 'a>, halo_px: u32, fixed: Fixed, info: ImageInfo) -> Self {
        let input = rows.info();
        let stride = blocks(input.row_samples());
        let capacity = capacity(halo_px, &input);
        let kept = if fixed.unsharp.is_some() { kept(halo_px, &input) } else { 0 };
        let edges = 2 * halo_px as usize * input.channels.count();
        Self {
            rows,
            halo: halo_px as usize,
            fixed,
            info,
            input: Band::empty(&input),
            extended: vec![0; stride + edges],
            blurred: vec![0; capacity * stride],
            capacity,
            originals: vec![0; kept * stride],
            kept,
            stride,
            arrived: 0,
            next_row: 0,
            starts: Vec::new(),
        }
    }

    /// Reads at most `max_rows` rows into the rings.
    fn pull(&mut self, max_rows: u32) -> Result<(), ItemError> {
        let info = self.rows.info();
        let count = self.rows.read(max_rows, &mut self.input)?;
        if count == 0 {
            return Err(rows_are_missing());
        }
        let (len, step) = (info.row_samples(), info.channels.count());
        let edge = self.halo * step;
        for i in 0..count as usize {
            let extended = self.extended.get_mut(..len + 2 * edge).unwrap_or_default();
            let row = extended.get_mut(edge..edge + len).unwrap_or_default();
            match &self.input.samples {
                Samples::U8(levels) => vectors::load(levels.get(i * len..).unwrap_or_default(), row),
                Samples::U16(levels) => vectors::load(levels.get(i * len..).unwrap_or_default(), row),
                Samples::F32(_) => {}
            }
            if self.kept > 0 {
                let at = self.arrived % self.kept * self.stride;
                self.originals.get_mut(at..at + len).unwrap_or_default().copy_from_slice(row);
            }
            repeat_edges(extended, edge, step);
            let at = self.arrived % self.capacity * self.stride;
            let out = self.blurred.get_mut(at..at + self.stride).unwrap_or_default();
            vectors::along_row(&self.extended, step, &self.fixed, out);
            self.arrived += 1;
        }
        Ok(())
    }
}

impl Rows for FixedWindow<'_> {
    fn info(&self) -> ImageInfo {
        self.info
    }

    fn read(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let (height, len) = (self.info.height_px as usize, self.info.row_samples());
        let most = (max_rows as usize).min(band_rows(&self.info) as usize);
        let count = most.min(height - self.next_row);
        prepare(band, &self.info, count as u32);
        let needed = (self.next_row + count + self.halo).min(height);
        while self.arrived < needed {
            self.pull((needed - self.arrived).min(band_rows(&self.info) as usize) as u32)?;
        }
        self.starts.clear();
        let rows = self.next_row..self.next_row + count;
        let ring = rows.clone().flat_map(|y| around(y, self.halo, height));
        self.starts.extend(ring.map(|row| row % self.capacity * self.stride));
        for (i, (y, starts)) in rows.zip(self.starts.chunks_exact(2 * self.halo + 1)).enumerate() {
            let original = match self.kept {
                0 => &[],
                kept => self.originals.get(y % kept * self.stride..).unwrap_or_default(),
            };
            let rows = Around { ring: &self.blurred, starts, original };
            match &mut band.samples {
                Samples::U8(to) => {
                    vectors::along_column(rows, &self.fixed, to.get_mut(i * len..(i + 1) * len).unwrap_or_default());
                }
                Samples::U16(to) => {
                    vectors::along_column(rows, &self.fixed, to.get_mut(i * len..(i + 1) * len).unwrap_or_default());
                }
                Samples::F32(_) => {}
            }
        }
        self.next_row += count;
        Ok(count as u32)
    }
}

/// The rows around the one being computed.
#[derive(Clone, Copy)]
struct Around<'a> {
    ring: &'a [i16],
    starts: &'a [usize],
    /// The original row; empty if not needed.
    original: &'a [i16],
}

/// The samples of the block at `at`.
#[inline(always)]
fn block(samples: &[i16], at: usize) -> &Block {
    samples.get(at..).and_then(|from| from.first_chunk()).unwrap_or(&[0; BLOCK])
}

#[cfg(target_arch = "x86_64")]
mod vectors {
    //! Sixteen samples per vector. Closures around vector instructions would be compiled without them; loops are not.

    use std::arch::x86_64::__m256i;

    use pulp::x86::V3;
    use pulp::{NullaryFnOnce, cast};

    use super::{Around, BLOCK, Block, Fixed, Unsharp, block};

    /// A block in registers.
    type Lanes = [__m256i; 4];

    /// White.
    const ONE: i16 = 0x3FFF;

    /// Whether this machine has these vectors.
    pub(super) fn available() -> bool {
        V3::try_new().is_some()
    }

    #[inline(always)]
    fn lanes(block: &Block) -> Lanes {
        cast(*block)
    }

    /// Conversion of a sample type from and to 14 bits.
    pub(super) trait Level: Copy + Default {
        fn load(simd: V3, block: &[Self; BLOCK]) -> Lanes;
        fn store(simd: V3, lanes: Lanes) -> [Self; BLOCK];
    }

    impl Level for u8 {
        #[inline(always)]
        fn load(simd: V3, block: &[Self; BLOCK]) -> Lanes {
            let quarters: [[Self; 16]; 4] = cast(*block);
            let mut lanes = [simd.avx._mm256_setzero_si256(); 4];
            for i in 0..4 {
                let level = simd.avx2._mm256_cvtepu8_epi16(cast(quarters[i]));
                let high = simd.avx2._mm256_slli_epi16::<6>(level);
                lanes[i] = simd.avx2._mm256_or_si256(high, simd.avx2._mm256_srli_epi16::<2>(level));
            }
            lanes
        }

        #[inline(always)]
        fn store(simd: V3, lanes: Lanes) -> [Self; BLOCK] {
            // 255 * 2^15 over white.
            let scale = simd.avx._mm256_set1_epi16(510);
            let mut levels = lanes;
            for level in &mut levels {
                *level = simd.avx2._mm256_mulhrs_epi16(*level, scale);
            }
            let [a, b, c, d] = levels;
            let (first, last) = (simd.avx2._mm256_packus_epi16(a, b), simd.avx2._mm256_packus_epi16(c, d));
            // Packing works within halves of vectors.
            let first = simd.avx2._mm256_permute4x64_epi64::<0b11_01_10_00>(first);
            cast([first, simd.avx2._mm256_permute4x64_epi64::<0b11_01_10_00>(last)])
        }
    }

    impl Level for u16 {
        #[inline(always)]
        fn load(simd: V3, block: &[Self; BLOCK]) -> Lanes {
            let mut lanes: Lanes = cast(*block);
            for lane in &mut lanes {
                *lane = simd.avx2._mm256_srli_epi16::<2>(*lane);
            }
            lanes
        }

        #[inline(always)]
        fn store(simd: V3, mut lanes: Lanes) -> [Self; BLOCK] {
            for lane in &mut lanes {
                let high = simd.avx2._mm256_slli_epi16::<2>(*lane);
                *lane = simd.avx2._mm256_or_si256(high, simd.avx2._mm256_srli_epi16::<12>(*lane));
            }
            cast(lanes)
        }
    }

    /// The weighted sum of the blocks that `tap` returns, clamped.
    #[inline(always)]
    fn sum<'a>(simd: V3, fixed: &Fixed, tap: impl Fn(usize) -> &'a Block) -> Lanes {
        let radius = fixed.pairs.len();
        let centre = simd.avx._mm256_set1_epi16(fixed.centre);
        let mut sum = lanes(tap(radius));
        for sum in &mut sum {
            *sum = simd.avx2._mm256_mulhrs_epi16(*sum, centre);
        }
        for (k, weight) in fixed.pairs.iter().enumerate() {
            let weight = simd.avx._mm256_set1_epi16(*weight);
            let (a, b) = (lanes(tap(k)), lanes(tap(2 * radius - k)));
            for i in 0..4 {
                let pair = simd.avx2._mm256_add_epi16(a[i], b[i]);
                sum[i] = simd.avx2._mm256_add_epi16(sum[i], simd.avx2._mm256_mulhrs_epi16(pair, weight));
            }
        }
        clamp(simd, sum)
    }

    #[inline(always)]
    fn clamp(simd: V3, mut lanes: Lanes) -> Lanes {
        let (black, white) = (simd.avx._mm256_setzero_si256(), simd.avx._mm256_set1_epi16(ONE));
        for lane in &mut lanes {
            *lane = simd.avx2._mm256_min_epi16(simd.avx2._mm256_max_epi16(*lane, black), white);
        }
        lanes
    }

    #[inline(always)]
    fn unsharp(simd: V3, original: Lanes, blur: Lanes, unsharp: Unsharp) -> Lanes {
        let amount = simd.avx._mm256_set1_epi16(unsharp.amount);
        let mut out = original;
        for i in 0..4 {
            let mut difference = simd.avx2._mm256_sub_epi16(original[i], blur[i]);
            for _ in 0..unsharp.doublings {
                // An overflow makes the result black or white anyway.
                difference = simd.avx2._mm256_adds_epi16(difference, difference);
            }
            out[i] = simd.avx2._mm256_adds_epi16(out[i], simd.avx2._mm256_mulhrs_epi16(difference, amount));
        }
        clamp(simd, out)
    }

    struct Load<'a, T>(V3, &'a [T], &'a mut [i16]);

    impl<T: Level> NullaryFnOnce for Load<'_, T> {
        type Output = ();
        #[inline(always)]
        fn call(self) {
            let Self(simd, from, to) = self;
            let (to, to_rest) = to.as_chunks_mut::<BLOCK>();
            let (from, from_rest) = from.as_chunks::<BLOCK>();
            // The input may contain further rows.
            let after = from.get(to.len()).map_or(from_rest, |block| block);
            for (to, from) in to.iter_mut().zip(from) {
                *to = cast(T::load(simd, from));
            }
            let mut last = [T::default(); BLOCK];
            last.iter_mut().zip(after).for_each(|(last, from)| *last = *from);
            let last: Block = cast(T::load(simd, &last));
            to_rest.iter_mut().zip(last).for_each(|(to, last)| *to = last);
        }
    }

    /// Converts as many samples as `to` holds.
    pub(super) fn load<T: Level>(from: &[T], to: &mut [i16]) {
        if let Some(simd) = V3::try_new() {
            simd.vectorize(Load(simd, from, to));
        }
    }

    struct AlongRow<'a> {
        simd: V3,
        extended: &'a [i16],
        step: usize,
        fixed: &'a Fixed,
        out: &'a mut [i16],
    }

    impl NullaryFnOnce for AlongRow<'_> {
        type Output = ();
        #[inline(always)]
        fn call(self) {
            let Self { simd, extended, step, fixed, out } = self;
            for (i, out) in out.as_chunks_mut::<BLOCK>().0.iter_mut().enumerate() {
                *out = cast(sum(simd, fixed, |k| block(extended, i * BLOCK + k * step)));
            }
        }
    }

    /// The blur along a row of interleaved samples, in whole blocks.
    pub(super) fn along_row(extended: &[i16], step: usize, fixed: &Fixed, out: &mut [i16]) {
        if let Some(simd) = V3::try_new() {
            simd.vectorize(AlongRow { simd, extended, step, fixed, out });
        }
    }

    struct AlongColumn<'a, T> {
        simd: V3,
        rows: Around<'a>,
        fixed: &'a Fixed,
        out: &'a mut [T],
    }

    impl<T: Level> AlongColumn<'_, T> {
        #[inline(always)]
        fn at(&self, first: usize) -> [T; BLOCK] {
            let (simd, rows) = (self.simd, self.rows);
            let start = |k: usize| rows.starts.get(k).map_or(0, |start| *start);
            let blur = sum(simd, self.fixed, |k| block(rows.ring, start(k) + first));
            let result = match self.fixed.unsharp {
                None => blur,
                Some(mask) => unsharp(simd, lanes(block(rows.original, first)), blur, mask),
            };
            T::store(simd, result)
        }
    }

    impl<T: Level> NullaryFnOnce for AlongColumn<'_, T> {
        type Output = ();
        #[inline(always)]
        fn call(mut self) {
            let out = std::mem::take(&mut self.out);
            let (blocks, rest) = out.as_chunks_mut::<BLOCK>();
            let last = blocks.len() * BLOCK;
            for (i, block) in blocks.iter_mut().enumerate() {
                *block = self.at(i * BLOCK);
            }
            rest.iter_mut().zip(self.at(last)).for_each(|(to, from)| *to = from);
        }
    }

    /// The blur along columns and the unsharp mask: as many samples as `out` holds.
    pub(super) fn along_column<T: Level>(rows: Around<'_>, fixed: &Fixed, out: &mut [T]) {
        if let Some(simd) = V3::try_new() {
            simd.vectorize(AlongColumn { simd, rows, fixed, out });
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod vectors {
    //! Not available here: everything stays in floats.

    use super::{Around, Fixed};

    pub(super) fn available() -> bool {
        false
    }

    pub(super) fn load<T>(_from: &[T], _to: &mut [i16]) {}

    pub(super) fn along_row(_extended: &[i16], _step: usize, _fixed: &Fixed, _out: &mut [i16]) {}

    pub(super) fn along_column<T>(_rows: Around<'_>, _fixed: &Fixed, _out: &mut [T]) {}
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::model::SampleType;
    use crate::op::params::Params;
    use crate::op::pipeline::run::window::Windowed;
    use crate::op::registry::find;
    use crate::op::stage::{Operation, Stage};

    /// Rows of an image with noise, flat areas and hard edges.
    struct TestImage {
        info: ImageInfo,
        next: u32,
    }

    impl Rows for TestImage {
        fn info(&self) -> ImageInfo {
            self.info
        }

        fn read(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
            let count = max_rows.min(self.info.height_px - self.next).min(5);
            prepare(band, &self.info, count);
            let len = self.info.row_samples() as u32;
            let level = |i: u32| match (i / len, i % len) {
                (y, x) if y % 16 < 4 => (x.wrapping_mul(2_654_435_761) >> 24) as u8,
                (_, x) if x > len / 2 => 255,
                (y, _) => (y * 5) as u8,
            };
            let samples = (self.next * len..(self.next + count) * len).map(level);
            match &mut band.samples {
                Samples::U8(to) => to.iter_mut().zip(samples).for_each(|(to, level)| *to = level),
                Samples::U16(to) => to.iter_mut().zip(samples).for_each(|(to, level)| *to = u16::from(level) * 257),
                Samples::F32(_) => {}
            }
            self.next += count;
            Ok(count)
        }
    }

    fn all(mut rows: impl Rows) -> Vec<f32> {
        let info = rows.info();
        let mut band = Band::empty(&info);
        let mut all = Vec::new();
        while rows.info().row_samples() * info.height_px as usize > all.len() {
            rows.read(64, &mut band).unwrap();
            match &band.samples {
                Samples::U8(levels) => all.extend(levels.iter().map(|level| f32::from(*level))),
                Samples::U16(levels) => all.extend(levels.iter().map(|level| f32::from(*level) / 257.0)),
                Samples::F32(_) => {}
            }
        }
        all
    }

    fn operation(step: &str, params: &[(&str, f64)]) -> Box<dyn Operation> {
        let spec = find(step).unwrap();
        let params = params.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        (spec.build)(&Params::check(spec.params, &params).unwrap()).unwrap()
    }

    #[test]
    fn fixed_point_is_within_half_a_level_of_floats() {
        if !vectors::available() {
            return;
        }
        let mut fixed_ones = 0;
        for (step, params) in [
            ("gaussian_blur", vec![("sigma", 0.3)]),
            ("gaussian_blur", vec![("sigma", 3.0)]),
            ("gaussian_blur", vec![("sigma", 11.0)]),
            ("sharpen", vec![("sigma", 1.0), ("amount", 0.8)]),
            ("sharpen", vec![("sigma", 1.0), ("amount", 4.5)]),
            ("sharpen", vec![("sigma", 4.0), ("amount", 2.0)]),
        ] {
            for (channels, width_px, height_px) in
                [(Channels::Rgb, 97, 61), (Channels::Gray, 64, 3), (Channels::Rgb, 1, 40), (Channels::Gray, 200, 1)]
            {
                for (from, to) in [(SampleType::U8, SampleType::U8), (SampleType::U16, SampleType::U16)] {
                    let info = ImageInfo { width_px, height_px, channels, sample: from, premultiplied: false };
                    let Stage::Window { halo_px, kernel } = operation(step, &params).stage(&info).unwrap() else {
                        panic!("{step} is no window")
                    };
                    let fixed = Fixed::of(kernel.as_ref(), channels).unwrap();
                    let out = ImageInfo { sample: to, ..info };
                    let image = || Box::new(TestImage { info, next: 0 });
                    let whole = all(FixedWindow::new(image(), halo_px, fixed, out));
                    let floats = all(Windowed::new(image(), halo_px, kernel.as_ref(), out));
                    // Rounded to 8 bits, a result near a half may round the other way.
                    let tolerance = if to == SampleType::U8 { 1.0 } else { 0.3 };
                    for (i, (whole, float)) in whole.iter().zip(&floats).enumerate() {
                        assert!((whole - float).abs() <= tolerance, "{step} {params:?} {info:?} {i}: {whole} {float}");
                    }
                    fixed_ones += 1;
                }
            }
        }
        assert_eq!(fixed_ones, 48);
    }

    #[test]
    fn visible_errors_of_fixed_point_are_avoided_by_using_floats() {
        let info =
            |channels| ImageInfo { width_px: 9, height_px: 9, channels, sample: SampleType::U8, premultiplied: false };
        let is_fixed =
            |step: &str, params: &[(&str, f64)], channels| match operation(step, params).stage(&info(channels)) {
                Ok(Stage::Window { kernel, .. }) => Fixed::of(kernel.as_ref(), channels).is_some(),
                _ => panic!("{step} is no window"),
            };
        assert!(!is_fixed("sharpen", &[("sigma", 1.0), ("amount", 20.0)], Channels::Rgb));
        assert!(!is_fixed("sharpen", &[("sigma", 1.0), ("threshold", 3.0)], Channels::Rgb));
        assert!(!is_fixed("gaussian_blur", &[("sigma", 1.0)], Channels::Rgba));
        assert_eq!(is_fixed("gaussian_blur", &[("sigma", 1.0)], Channels::Rgb), vectors::available());
    }
}
