//! Resampling, streamed: each row is resampled horizontally when it arrives, and clamped there, as in Pillow; a ring of
//! these rows gives the sums along columns. Rows of 8-bit levels without alpha use integers; all others are processed
//! eight at a time (interleaved, so that each tap is one vector).

use std::sync::Arc;

use pulp::NullaryFnOnce;

use super::resample_row_u8::RowResamplerU8;
use super::{Rows, band_rows, prepare, rows_are_missing};
use crate::error::ItemError;
use crate::model::{Band, ImageInfo, SampleType, Samples};
use crate::op::kernels::resample_weights::{Line, ResampleWeights};
use crate::op::kernels::{hdr_curve, simd};
use crate::op::pipeline::pass::ResampledPart;
use crate::op::stage::{Resample, ResampleFilter, Transfer, WindowRows};

/// Rows resampled together.
const LANES: usize = 8;

pub(super) struct Resampled<'a> {
    rows: Box<dyn Rows + 'a>,
    info: ImageInfo,
    premultiply: bool,
    linear_light: Option<Transfer>,
    down: Arc<ResampleWeights>,
    across: Arc<ResampleWeights>,
    /// The faster horizontal pass, where it applies.
    rows_u8: Option<Arc<RowResamplerU8>>,
    input: Band,
    /// `LANES` input rows, interleaved.
    lanes: Vec<f32>,
    /// The same after the horizontal pass, one row after the other.
    narrow_rows: Vec<f32>,
    /// `capacity` rows after the horizontal pass; row `y` is at `y % capacity`.
    ring: Vec<f32>,
    capacity: usize,
    arrived: usize,
    line: Vec<f32>,
    /// Positions in the ring of the rows of one column sum.
    starts: Vec<usize>,
    out: Vec<f32>,
    next_row: usize,
}

/// Rows in the ring: those of one output row, and a band that has just arrived.
fn capacity(down: &ResampleWeights, input: &ImageInfo) -> usize {
    (down.span(1) + band_rows(input) as usize).min(input.height_px as usize)
}

/// Bytes of the ring and the lanes.
pub(super) fn buffer_bytes(to: &Resample, input: &ImageInfo) -> u64 {
    let narrow_rows = to.width_px as usize * input.channels.count();
    let samples =
        (capacity(&ResampleWeights::down(to, input), input) + LANES) * narrow_rows + LANES * input.row_samples();
    samples as u64 * 4
}

impl<'a> Resampled<'a> {
    pub(super) fn new(rows: Box<dyn Rows + 'a>, to: &Resample, info: ImageInfo) -> Self {
        let input = rows.info();
        let (across, down) = (ResampleWeights::across(to, &input), ResampleWeights::down(to, &input));
        let rows_u8 = Self::takes_u8(to, &input)
            .then(|| RowResamplerU8::kept(Line::across(to, &input), &across, input.channels.count()))
            .flatten();
        Self::with_taps(rows, to, (across, down), rows_u8, info)
    }

    pub(super) fn part(rows: Box<dyn Rows + 'a>, part: &ResampledPart, info: ImageInfo) -> Self {
        let input = rows.info();
        let (across, down) = (Arc::new(part.across()), Arc::new(part.down()));
        let rows_u8 = Self::takes_u8(&part.whole, &input)
            .then(|| RowResamplerU8::new(&across, input.channels.count()).map(Arc::new))
            .flatten();
        Self::with_taps(rows, &part.whole, (across, down), rows_u8, info)
    }

    /// Whether the faster horizontal pass may apply.
    fn takes_u8(to: &Resample, input: &ImageInfo) -> bool {
        input.sample == SampleType::U8 && to.linear_light.is_none()
    }

    fn with_taps(
        rows: Box<dyn Rows + 'a>,
        to: &Resample,
        (across, down): (Arc<ResampleWeights>, Arc<ResampleWeights>),
        rows_u8: Option<Arc<RowResamplerU8>>,
        info: ImageInfo,
    ) -> Self {
        let input = rows.info();
        let capacity = capacity(&down, &input);
        Self {
            premultiply: input.channels.has_alpha() && to.kernel != ResampleFilter::Nearest,
            linear_light: to.linear_light,
            down,
            across,
            input: Band::empty(&input),
            lanes: vec![0.0; if rows_u8.is_some() { 0 } else { input.row_samples() * LANES }],
            rows_u8,
            narrow_rows: vec![0.0; info.row_samples() * LANES],
            ring: vec![0.0; info.row_samples() * capacity],
            capacity,
            arrived: 0,
            line: vec![0.0; input.row_samples()],
            starts: Vec::new(),
            out: vec![0.0; info.row_samples()],
            next_row: 0,
            rows,
            info,
        }
    }

    /// Reads the next rows into the ring.
    fn pull(&mut self) -> Result<(), ItemError> {
        let info = self.rows.info();
        let count = self.rows.read(band_rows(&info), &mut self.input)? as usize;
        if count == 0 {
            return Err(rows_are_missing());
        }
        if let (Some(rows_u8), Samples::U8(levels)) = (&self.rows_u8, &mut self.input.samples) {
            let (from_len, to_len) = (info.row_samples(), self.info.row_samples());
            levels.resize(count * from_len + rows_u8.slack(), 0);
            for row in 0..count {
                let at = (self.arrived % self.capacity) * to_len;
                let to = self.ring.get_mut(at..at + to_len).unwrap_or_default();
                rows_u8.run(levels.get(row * from_len..).unwrap_or_default(), to);
                self.arrived += 1;
            }
            return Ok(());
        }
        for first in (0..count).step_by(LANES) {
            self.resample_rows(first, LANES.min(count - first));
        }
        Ok(())
    }

    /// Interleaves `count` rows of any type, as linear light and premultiplied where needed.
    fn interleave(&mut self, first: usize, count: usize) {
        let info = self.rows.info();
        for lane in 0..count {
            simd::load(&self.input.samples, (first + lane) * info.row_samples(), &mut self.line);
            if let Some(transfer) = self.linear_light {
                hdr_curve::decode_samples(&mut self.line, info.channels, transfer);
            }
            if self.premultiply {
                simd::premultiply(&mut self.line, info.channels);
            }
            for (sample, value) in self.lanes.as_chunks_mut::<LANES>().0.iter_mut().zip(&self.line) {
                sample[lane] = *value;
            }
        }
    }

    /// Resamples `count` rows of the input band horizontally, from `first` on.
    fn resample_rows(&mut self, first: usize, count: usize) {
        let info = self.rows.info();
        self.interleave(first, count);
        let (lanes, taps, out) = (&self.lanes, &self.across, &mut self.narrow_rows);
        match info.channels.count() {
            1 => simd::wide(Across::<1, 8> { lanes, taps, out }),
            2 => simd::wide(Across::<2, 16> { lanes, taps, out }),
            3 => simd::wide(Across::<3, 24> { lanes, taps, out }),
            _ => simd::wide(Across::<4, 32> { lanes, taps, out }),
        }
        let len = self.info.row_samples();
        for row in self.narrow_rows.chunks_exact_mut(len).take(count) {
            simd::clamp(row);
            let at = (self.arrived % self.capacity) * len;
            if let Some(to) = self.ring.get_mut(at..at + len) {
                to.copy_from_slice(row);
            }
            self.arrived += 1;
        }
    }
}

impl Rows for Resampled<'_> {
    fn info(&self) -> ImageInfo {
        self.info
    }

    fn read(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let (len, channels) = (self.info.row_samples(), self.info.channels);
        let count = (max_rows as usize).min(self.info.height_px as usize - self.next_row);
        prepare(band, &self.info, count as u32);
        for i in 0..count {
            let y = self.next_row + i;
            while self.arrived < self.down.end(y, y) {
                self.pull()?;
            }
            let (start, weights) = self.down.of(y);
            self.starts.clear();
            self.starts.extend((start..start + weights.len()).map(|row| (row % self.capacity) * len));
            let rows = WindowRows { ring: &self.ring, starts: &self.starts, first: 0 };
            simd::filter_column(&rows, weights, &mut self.out);
            if self.premultiply {
                simd::unpremultiply(&mut self.out, channels);
            }
            if let Some(transfer) = self.linear_light {
                simd::clamp(&mut self.out);
                hdr_curve::encode_samples(&mut self.out, channels, transfer);
            }
            simd::store(&self.out, &mut band.samples, i * len);
        }
        self.next_row += count;
        Ok(count as u32)
    }
}

/// Sums along `LANES` rows at once; `WIDE` is `CHANNELS * LANES`.
struct Across<'a, const CHANNELS: usize, const WIDE: usize> {
    lanes: &'a [f32],
    taps: &'a ResampleWeights,
    out: &'a mut [f32],
}

impl<const CHANNELS: usize, const WIDE: usize> NullaryFnOnce for Across<'_, CHANNELS, WIDE> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Self { lanes, taps, out } = self;
        let row_len = taps.len() * CHANNELS;
        let pixels = lanes.as_chunks::<WIDE>().0;
        for x in 0..taps.len() {
            let (start, weights) = taps.of(x);
            let mut sum = [0.0; WIDE];
            for (weight, pixel) in weights.iter().zip(pixels.get(start..).unwrap_or_default()) {
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
