//! Another size, streamed: first along columns, from a ring of input rows, for eight output rows at a time; then along
//! those eight rows at once, which stand interleaved so that each tap is one vector. Columns go first because fewer
//! rows remain for the other pass.

use pulp::NullaryFnOnce;

use super::{Rows, band_rows, prepare, short};
use crate::error::ItemError;
use crate::model::{Band, ImageInfo, SampleType, Samples};
use crate::op::simd::{self, Sample, with_samples};
use crate::op::stage::{Kernel, Resample};
use crate::op::taps::Taps;

/// Output rows computed together.
const LANES: usize = 8;
/// Samples along a row that a sum over columns keeps in registers.
const BLOCK: usize = 64;

pub(super) struct Resampled<'a> {
    rows: Box<dyn Rows + 'a>,
    info: ImageInfo,
    premultiply: bool,
    linear_light: bool,
    down: Taps,
    across: Taps,
    /// Samples of a row that count: those that `across` looks at.
    from_sample: usize,
    len: usize,
    input: Band,
    /// `capacity` rows of `len` samples, in u8 or f32; row `y` stands at `y % capacity`.
    ring: Samples,
    capacity: usize,
    arrived: usize,
    line: Vec<f32>,
    /// `len` samples of `LANES` rows, interleaved.
    lanes: Vec<f32>,
    /// `LANES` finished rows.
    batch: Vec<f32>,
    next_row: usize,
}

/// Rows the ring holds.
fn capacity(down: &Taps, input: &ImageInfo) -> usize {
    (down.span(LANES) + band_rows(input) as usize).min(input.height_px as usize)
}

fn down_taps(to: &Resample, input: &ImageInfo) -> Taps {
    Taps::new(input.height_px, to.top_px, to.box_height_px, to.height_px, to.kernel)
}

/// Whether rows can stay in 8 bits until they are summed.
fn keeps_u8(to: &Resample, input: &ImageInfo) -> bool {
    let premultiply = input.channels.has_alpha() && to.kernel != Kernel::Nearest;
    input.sample == SampleType::U8 && !premultiply && !to.linear_light
}

/// Bytes of ring, lanes and batch.
pub(super) fn buffer_bytes(to: &Resample, input: &ImageInfo) -> u64 {
    let sample = if keeps_u8(to, input) { 1 } else { 4 };
    let rows = capacity(&down_taps(to, input), input) * sample + LANES * 4;
    (rows * input.row_samples() + LANES * 4 * to.width_px as usize * input.channels.count()) as u64
}

impl<'a> Resampled<'a> {
    pub(super) fn new(rows: Box<dyn Rows + 'a>, to: &Resample, info: ImageInfo) -> Self {
        let input = rows.info();
        let down = down_taps(to, &input);
        let across = Taps::new(input.width_px, to.left_px, to.box_width_px, to.width_px, to.kernel);
        let channels = input.channels.count();
        let first = across.start(0, across.len());
        let len = (across.end(0, across.len()) - first) * channels;
        let capacity = capacity(&down, &input);
        let mut ring = Samples::empty(if keeps_u8(to, &input) { SampleType::U8 } else { SampleType::F32 });
        simd::resize_samples(&mut ring, capacity * len);
        Self {
            premultiply: input.channels.has_alpha() && to.kernel != Kernel::Nearest,
            linear_light: to.linear_light,
            down,
            across,
            from_sample: first * channels,
            len,
            input: Band::empty(&input),
            ring,
            capacity,
            arrived: 0,
            line: vec![0.0; input.row_samples()],
            lanes: vec![0.0; len * LANES],
            batch: vec![0.0; info.row_samples() * LANES],
            next_row: 0,
            rows,
            info,
        }
    }

    /// Takes the next rows into the ring.
    fn pull(&mut self) -> Result<(), ItemError> {
        let info = self.rows.info();
        let count = self.rows.read(band_rows(&info), &mut self.input)?;
        if count == 0 {
            return Err(short());
        }
        for i in 0..count as usize {
            let from = i * info.row_samples() + self.from_sample;
            let at = (self.arrived % self.capacity) * self.len;
            self.arrived += 1;
            match (&self.input.samples, &mut self.ring) {
                (Samples::U8(rows), Samples::U8(ring)) => {
                    if let (Some(to), Some(from)) = (ring.get_mut(at..at + self.len), rows.get(from..from + self.len)) {
                        to.copy_from_slice(from);
                    }
                }
                (samples, Samples::F32(ring)) => {
                    let to = ring.get_mut(at..at + self.len).unwrap_or_default();
                    simd::load(samples, from, to);
                    if self.linear_light {
                        simd::each_colour(to, info.channels, simd::to_light);
                    }
                    if self.premultiply {
                        simd::premultiply(to, info.channels);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Computes up to `LANES` rows from `first` on.
    fn compute(&mut self, first: usize) -> Result<(), ItemError> {
        let count = LANES.min(self.down.len() - first);
        while self.arrived < self.down.end(first, first + count - 1) {
            self.pull()?;
        }
        for lane in 0..count {
            let (start, weights) = self.down.of(first + lane);
            let (capacity, line, lanes) = (self.capacity, &mut self.line, &mut self.lanes);
            let out = line.get_mut(..self.len).unwrap_or_default();
            with_samples!(&self.ring, ring => simd::wide(Down { ring, capacity, start, weights, out }));
            for (sample, value) in lanes.iter_mut().skip(lane).step_by(LANES).zip(&*out) {
                *sample = *value;
            }
        }
        let first_px = self.from_sample / self.info.channels.count();
        let (lanes, taps, out) = (&self.lanes, &self.across, &mut self.batch);
        match self.info.channels.count() {
            1 => simd::wide(Across::<1, 8> { lanes, taps, first_px, out }),
            2 => simd::wide(Across::<2, 16> { lanes, taps, first_px, out }),
            3 => simd::wide(Across::<3, 24> { lanes, taps, first_px, out }),
            _ => simd::wide(Across::<4, 32> { lanes, taps, first_px, out }),
        }
        let channels = self.info.channels;
        if self.premultiply {
            simd::unpremultiply(&mut self.batch, channels);
        }
        simd::clamp(&mut self.batch);
        if self.linear_light {
            simd::each_colour(&mut self.batch, channels, simd::from_light);
        }
        Ok(())
    }
}

impl Rows for Resampled<'_> {
    fn info(&self) -> ImageInfo {
        self.info
    }

    fn read(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let len = self.info.row_samples();
        let count = (max_rows as usize).min(self.info.height_px as usize - self.next_row);
        prepare(band, &self.info, count as u32);
        for i in 0..count {
            let lane = self.next_row % LANES;
            if lane == 0 {
                self.compute(self.next_row)?;
            }
            let row = self.batch.get(lane * len..(lane + 1) * len).unwrap_or_default();
            simd::store(row, &mut band.samples, i * len);
            self.next_row += 1;
        }
        Ok(count as u32)
    }
}

/// One output row's sums over columns.
struct Down<'a, T> {
    ring: &'a [T],
    capacity: usize,
    start: usize,
    weights: &'a [f32],
    out: &'a mut [f32],
}

impl<T: Sample> NullaryFnOnce for Down<'_, T> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Self { ring, capacity, start, weights, out } = self;
        let len = out.len();
        let slot = |k: usize| ((start + k) % capacity) * len;
        let (blocks, rest) = out.as_chunks_mut::<BLOCK>();
        let rest_at = blocks.len() * BLOCK;
        for (i, block) in blocks.iter_mut().enumerate() {
            let mut sum = [0.0; BLOCK];
            for (k, weight) in weights.iter().enumerate() {
                let weight = weight * T::UNIT;
                if let Some(taps) = ring.get(slot(k) + i * BLOCK..).and_then(|from| from.first_chunk::<BLOCK>()) {
                    for (sum, tap) in sum.iter_mut().zip(taps) {
                        *sum += weight * tap.raw();
                    }
                }
            }
            *block = sum;
        }
        rest.fill(0.0);
        for (k, weight) in weights.iter().enumerate() {
            let weight = weight * T::UNIT;
            for (sum, tap) in rest.iter_mut().zip(ring.get(slot(k) + rest_at..).unwrap_or_default()) {
                *sum += weight * tap.raw();
            }
        }
    }
}

/// Sums along `LANES` rows at once; `WIDE` is `CHANNELS * LANES`.
struct Across<'a, const CHANNELS: usize, const WIDE: usize> {
    lanes: &'a [f32],
    taps: &'a Taps,
    first_px: usize,
    out: &'a mut [f32],
}

impl<const CHANNELS: usize, const WIDE: usize> NullaryFnOnce for Across<'_, CHANNELS, WIDE> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Self { lanes, taps, first_px, out } = self;
        let row_len = taps.len() * CHANNELS;
        let pixels = lanes.as_chunks::<WIDE>().0;
        for x in 0..taps.len() {
            let (start, weights) = taps.of(x);
            let mut sum = [0.0; WIDE];
            for (weight, pixel) in weights.iter().zip(pixels.get(start - first_px..).unwrap_or_default()) {
                for (sum, tap) in sum.iter_mut().zip(pixel) {
                    *sum += weight * tap;
                }
            }
            for lane in 0..LANES {
                let at = lane * row_len + x * CHANNELS;
                if let Some(to) = out.get_mut(at..at + CHANNELS) {
                    for (channel, value) in to.iter_mut().enumerate() {
                        *value = sum[channel * LANES + lane];
                    }
                }
            }
        }
    }
}
