//! Another size, streamed: each row becomes as wide as the result when it arrives, eight rows at once (they stand
//! interleaved, so that each tap is one vector), and is clamped there, as in Pillow; a ring of these narrowed rows
//! gives the sums along columns.

use pulp::NullaryFnOnce;

use super::{Rows, band_rows, prepare, short};
use crate::error::ItemError;
use crate::model::{Band, ImageInfo, Samples};
use crate::op::simd::{self, Sample};
use crate::op::stage::{Kernel, Resample};
use crate::op::taps::Taps;

/// Rows narrowed together.
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
    input: Band,
    /// `LANES` input rows, interleaved.
    lanes: Vec<f32>,
    /// The same, narrowed, one after the other.
    narrowed: Vec<f32>,
    /// `capacity` narrowed rows; row `y` stands at `y % capacity`.
    ring: Vec<f32>,
    capacity: usize,
    arrived: usize,
    line: Vec<f32>,
    out: Vec<f32>,
    next_row: usize,
}

/// Rows the ring holds: those of one output row and a band that has just arrived.
fn capacity(down: &Taps, input: &ImageInfo) -> usize {
    (down.span(1) + band_rows(input) as usize).min(input.height_px as usize)
}

fn down_taps(to: &Resample, input: &ImageInfo) -> Taps {
    Taps::new(input.height_px, to.top_px, to.box_height_px, to.height_px, to.kernel)
}

/// Bytes of ring and lanes.
pub(super) fn buffer_bytes(to: &Resample, input: &ImageInfo) -> u64 {
    let narrowed = to.width_px as usize * input.channels.count();
    let samples = (capacity(&down_taps(to, input), input) + LANES) * narrowed + LANES * input.row_samples();
    samples as u64 * 4
}

impl<'a> Resampled<'a> {
    pub(super) fn new(rows: Box<dyn Rows + 'a>, to: &Resample, info: ImageInfo) -> Self {
        let input = rows.info();
        let down = down_taps(to, &input);
        let capacity = capacity(&down, &input);
        Self {
            premultiply: input.channels.has_alpha() && to.kernel != Kernel::Nearest,
            linear_light: to.linear_light,
            down,
            across: Taps::new(input.width_px, to.left_px, to.box_width_px, to.width_px, to.kernel),
            input: Band::empty(&input),
            lanes: vec![0.0; input.row_samples() * LANES],
            narrowed: vec![0.0; info.row_samples() * LANES],
            ring: vec![0.0; info.row_samples() * capacity],
            capacity,
            arrived: 0,
            line: vec![0.0; input.row_samples()],
            out: vec![0.0; info.row_samples()],
            next_row: 0,
            rows,
            info,
        }
    }

    /// Takes the next rows into the ring.
    fn pull(&mut self) -> Result<(), ItemError> {
        let info = self.rows.info();
        let count = self.rows.read(band_rows(&info), &mut self.input)? as usize;
        if count == 0 {
            return Err(short());
        }
        for first in (0..count).step_by(LANES) {
            self.narrow(first, LANES.min(count - first));
        }
        Ok(())
    }

    /// Lays `count` rows of any type side by side, in light and premultiplied where that is asked for.
    fn interleave_any(&mut self, first: usize, count: usize) {
        let info = self.rows.info();
        for lane in 0..count {
            simd::load(&self.input.samples, (first + lane) * info.row_samples(), &mut self.line);
            if self.linear_light {
                simd::each_colour(&mut self.line, info.channels, simd::to_light);
            }
            if self.premultiply {
                simd::premultiply(&mut self.line, info.channels);
            }
            for (sample, value) in self.lanes.as_chunks_mut::<LANES>().0.iter_mut().zip(&self.line) {
                sample[lane] = *value;
            }
        }
    }

    /// Narrows `count` rows of the input band, from `first` on.
    fn narrow(&mut self, first: usize, count: usize) {
        let info = self.rows.info();
        match &self.input.samples {
            Samples::U8(levels) if count == LANES && !self.premultiply && !self.linear_light => {
                let levels = levels.get(first * info.row_samples()..).unwrap_or_default();
                simd::wide(Interleave { levels, lanes: self.lanes.as_chunks_mut().0 });
            }
            _ => self.interleave_any(first, count),
        }
        let (lanes, taps, out) = (&self.lanes, &self.across, &mut self.narrowed);
        match info.channels.count() {
            1 => simd::wide(Across::<1, 8> { lanes, taps, out }),
            2 => simd::wide(Across::<2, 16> { lanes, taps, out }),
            3 => simd::wide(Across::<3, 24> { lanes, taps, out }),
            _ => simd::wide(Across::<4, 32> { lanes, taps, out }),
        }
        let len = self.info.row_samples();
        for row in self.narrowed.chunks_exact_mut(len).take(count) {
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
            simd::wide(Down { ring: &self.ring, capacity: self.capacity, start, weights, out: &mut self.out });
            if self.premultiply {
                simd::unpremultiply(&mut self.out, channels);
            }
            simd::clamp(&mut self.out);
            if self.linear_light {
                simd::each_colour(&mut self.out, channels, simd::from_light);
            }
            simd::store(&self.out, &mut band.samples, i * len);
        }
        self.next_row += count;
        Ok(count as u32)
    }
}

/// Lays eight rows of 8-bit levels side by side, eight columns at a time.
struct Interleave<'a> {
    levels: &'a [u8],
    lanes: &'a mut [[f32; LANES]],
}

impl NullaryFnOnce for Interleave<'_> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Self { levels, lanes } = self;
        let len = lanes.len();
        let (blocks, rest) = lanes.as_chunks_mut::<8>();
        let rest_at = blocks.len() * 8;
        for (i, block) in blocks.iter_mut().enumerate() {
            let square: [u64; LANES] = std::array::from_fn(|lane| {
                let bytes = levels.get(lane * len + i * 8..).and_then(|from| from.first_chunk());
                bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
            });
            for (to, column) in block.iter_mut().zip(transposed(square)) {
                *to = column.to_le_bytes().map(|level| f32::from(level) * (1.0 / 255.0));
            }
        }
        for (i, to) in rest.iter_mut().enumerate() {
            for (lane, value) in to.iter_mut().enumerate() {
                *value = levels.get(lane * len + rest_at + i).map_or(0.0, |level| level.to_unit());
            }
        }
    }
}

/// Rows and columns of eight by eight bytes exchanged: halves, quarters and eighths in turn.
#[inline(always)]
fn transposed(mut rows: [u64; 8]) -> [u64; 8] {
    const STEPS: [(usize, u32, u64); 3] =
        [(4, 32, 0x0000_0000_ffff_ffff), (2, 16, 0x0000_ffff_0000_ffff), (1, 8, 0x00ff_00ff_00ff_00ff)];
    for (distance, bits, low) in STEPS {
        for i in (0..8).filter(|i| i & distance == 0) {
            let (a, b) = (rows[i], rows[i + distance]);
            rows[i] = (a & low) | ((b & low) << bits);
            rows[i + distance] = ((a >> bits) & low) | (b & !low);
        }
    }
    rows
}

/// One output row's sums over columns.
struct Down<'a> {
    ring: &'a [f32],
    capacity: usize,
    start: usize,
    weights: &'a [f32],
    out: &'a mut [f32],
}

impl NullaryFnOnce for Down<'_> {
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
                if let Some(taps) = ring.get(slot(k) + i * BLOCK..).and_then(|from| from.first_chunk::<BLOCK>()) {
                    for (sum, tap) in sum.iter_mut().zip(taps) {
                        *sum += weight * tap;
                    }
                }
            }
            *block = sum;
        }
        rest.fill(0.0);
        for (k, weight) in weights.iter().enumerate() {
            for (sum, tap) in rest.iter_mut().zip(ring.get(slot(k) + rest_at..).unwrap_or_default()) {
                *sum += weight * tap;
            }
        }
    }
}

/// Sums along `LANES` rows at once; `WIDE` is `CHANNELS * LANES`.
struct Across<'a, const CHANNELS: usize, const WIDE: usize> {
    lanes: &'a [f32],
    taps: &'a Taps,
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
