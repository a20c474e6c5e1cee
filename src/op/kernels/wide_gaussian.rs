//! A wide Gaussian blur at the cost of a narrow one: it is so smooth that its exact values on a grid of a third of its
//! standard deviation determine the rest. These are summed while rows pass, with the same weights and edges as the
//! plain blur; between them, cubics through four points stay within 0.05 levels of 255 of it (the interpolation error
//! h^4 |f''''| 3/128 of the steepest possible edge, h = sigma / 3).

use std::collections::VecDeque;

use pulp::NullaryFnOnce;

use super::simd;
use crate::model::ImageInfo;
use crate::op::stage::{Rect, RowStream};

/// Samples of a block: whole pixels of any number of channels.
const BLOCK: usize = 48;

/// The smallest standard deviation in px for which the grid is faster.
pub(crate) const FROM_SIGMA: f64 = 12.0;

/// Weights of a wide blur.
pub(crate) struct Wide {
    /// Weights of the plain blur; they sum to 1.
    weights: Vec<f32>,
    /// Running sum of the weights.
    sums: Vec<f64>,
    /// Pixels between grid points.
    step: usize,
}

impl Wide {
    pub(crate) fn new(sigma_px: f64, weights: Vec<f32>) -> Self {
        let mut sum = 0.0;
        let sums = weights.iter().map(|weight| {
            sum += f64::from(*weight);
            sum
        });
        Self { sums: sums.collect(), step: ((sigma_px / 3.0) as usize).max(1), weights }
    }

    const fn radius(&self) -> usize {
        self.weights.len() / 2
    }

    /// Rows that must be pushed beyond the one that is pulled.
    pub(crate) const fn lead_px(&self) -> u32 {
        (self.radius() + 2 * self.step) as u32
    }

    /// Bytes held while it runs.
    pub(crate) fn held_bytes(&self, input: &ImageInfo) -> u64 {
        let line = input.row_samples() + (2 * self.radius() + 4 * self.step) * input.channels.count();
        let sums = (2 * self.radius() / self.step + 6) * (input.row_samples() / self.step + 4);
        ((6 * line + sums) * 4) as u64
    }

    /// The part of the input needed for part of the result: it starts at a point of the whole image's grid.
    pub(crate) fn needs(&self, part: Rect, input: &ImageInfo) -> Rect {
        part.grown(self.lead_px(), input).reaching_to_multiples(self.step as u32, input)
    }

    /// Starts on an image.
    pub(crate) fn start(&self, input: &ImageInfo) -> WideStream<'_> {
        let channels = input.channels.count();
        let (width, height) = (input.width_px as usize, input.height_px as usize);
        let mut weights: Vec<f32> =
            self.weights.iter().flat_map(|weight| std::iter::repeat_n(*weight, channels)).collect();
        weights.resize(weights.len().next_multiple_of(BLOCK), 0.0);
        // One point before the image, two after its last.
        let points = (width - 1) / self.step + 4;
        let extended = (points - 1) * self.step * channels + weights.len();
        WideStream {
            wide: self,
            channels,
            width,
            height,
            weights,
            points,
            extended: vec![0.0; extended.max((self.step + self.radius() + width) * channels)],
            line: vec![0.0; points * channels],
            sums: VecDeque::new(),
            first_sum: 0,
            spare: Vec::new(),
            full: VecDeque::new(),
            pushed: 0,
            pulled: 0,
        }
    }

    /// The weight of row `y` of `height` in point `i` of the grid (the first point is one step before the image).
    fn share(&self, i: usize, y: usize, height: usize) -> f32 {
        let radius = self.radius() as isize;
        let at = (i as isize - 1) * self.step as isize;
        let tap = y as isize - at + radius;
        let upto = |tap: isize| match usize::try_from(tap) {
            Ok(tap) => self.sums.get(tap).or(self.sums.last()).copied().unwrap_or(1.0),
            Err(_) => 0.0,
        };
        // The outermost rows also count for all rows beyond them.
        let from = if y == 0 { 0.0 } else { upto(tap - 1) };
        let to = if y + 1 == height { upto(isize::MAX) } else { upto(tap) };
        (to - from) as f32
    }
}

/// The state of a wide blur for one image.
pub(crate) struct WideStream<'a> {
    wide: &'a Wide,
    channels: usize,
    width: usize,
    height: usize,
    /// One weight per sample, in whole blocks.
    weights: Vec<f32>,
    /// Grid points in a row.
    points: usize,
    extended: Vec<f32>,
    /// A row on the grid.
    line: Vec<f32>,
    /// Rows of the grid while they are summed.
    sums: VecDeque<Vec<f32>>,
    /// Index of the first of them in the grid.
    first_sum: usize,
    spare: Vec<Vec<f32>>,
    /// Finished rows of the grid before `first_sum`, as wide as the image.
    full: VecDeque<Vec<f32>>,
    pushed: usize,
    pulled: usize,
}

/// Weights of four neighbouring points at `at` (0 to 1) between the second and the third: Lagrange's cubic.
fn cubic(at: f32) -> [f32; 4] {
    let (before, after, far) = (at + 1.0, at - 1.0, at - 2.0);
    [-at * after * far / 6.0, before * after * far / 2.0, -before * at * far / 2.0, before * at * after / 6.0]
}

struct ToGrid<'a> {
    extended: &'a [f32],
    step: usize,
    channels: usize,
    weights: &'a [f32],
    out: &'a mut [f32],
}

impl NullaryFnOnce for ToGrid<'_> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let weights = self.weights.as_chunks::<BLOCK>().0;
        for (i, point) in self.out.chunks_exact_mut(self.channels).enumerate() {
            let from = self.extended.get(i * self.step..).unwrap_or_default().as_chunks::<BLOCK>().0;
            let mut sums = [0.0; BLOCK];
            for (weights, taps) in weights.iter().zip(from) {
                for ((sum, weight), tap) in sums.iter_mut().zip(weights).zip(taps) {
                    *sum += weight * tap;
                }
            }
            for (channel, value) in point.iter_mut().enumerate() {
                *value = sums.iter().skip(channel).step_by(self.channels).sum();
            }
        }
    }
}

struct AddScaled<'a>(&'a [f32], f32, &'a mut [f32]);

impl NullaryFnOnce for AddScaled<'_> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        for (sum, value) in self.2.iter_mut().zip(self.0) {
            *sum += self.1 * value;
        }
    }
}

struct Between<'a> {
    rows: [&'a [f32]; 4],
    weights: [f32; 4],
    out: &'a mut [f32],
}

impl NullaryFnOnce for Between<'_> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let [a, b, c, d] = self.rows;
        let weights = self.weights;
        for ((((out, a), b), c), d) in self.out.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            *out = weights[0] * a + weights[1] * b + weights[2] * c + weights[3] * d;
        }
    }
}

impl WideStream<'_> {
    /// Projects a row onto the grid.
    fn add_to_grid(&mut self, row: &[f32]) {
        let (channels, edge) = (self.channels, (self.wide.radius() + self.wide.step) * self.channels);
        let (before, rest) = self.extended.split_at_mut(edge);
        let (middle, after) = rest.split_at_mut(row.len().min(rest.len()));
        middle.copy_from_slice(row);
        let first = row.get(..channels).unwrap_or_default();
        let last = row.get(row.len() - channels..).unwrap_or_default();
        before.chunks_exact_mut(channels).for_each(|pixel| pixel.copy_from_slice(first));
        after.chunks_exact_mut(channels).for_each(|pixel| pixel.copy_from_slice(last));
        simd::wide(ToGrid {
            extended: &self.extended,
            step: self.wide.step * channels,
            channels,
            weights: &self.weights,
            out: &mut self.line,
        });
    }

    /// Interpolates a finished row of the grid at every pixel of the image.
    fn widen(&mut self, sum: &[f32]) {
        let (step, channels) = (self.wide.step, self.channels);
        let mut full = self.spare.pop().unwrap_or_default();
        full.clear();
        let weights: Vec<[f32; 4]> = (0..step).map(|phase| cubic(phase as f32 / step as f32)).collect();
        for points in sum.windows(4 * channels).step_by(channels) {
            let (first, second) = points.split_at(2 * channels);
            let ((a, b), (c, d)) = (first.split_at(channels), second.split_at(channels));
            for [of_a, of_b, of_c, of_d] in &weights {
                let around = a.iter().zip(b).zip(c).zip(d);
                full.extend(around.map(|(((a, b), c), d)| of_a * a + of_b * b + of_c * c + of_d * d));
            }
        }
        full.truncate(self.width * channels);
        self.full.push_back(full);
    }
}

impl RowStream for WideStream<'_> {
    fn push(&mut self, row: &[f32]) {
        self.add_to_grid(row);
        let (y, step, radius) = (self.pushed, self.wide.step, self.wide.radius());
        let rows = (self.height - 1) / step + 4;
        // Point `i` is at row `(i - 1) * step`; the last row contributes to all points that are left.
        let last = if y + 1 == self.height { rows - 1 } else { ((y + radius) / step + 1).min(rows - 1) };
        while self.first_sum + self.sums.len() <= last {
            self.sums.push_back(vec![0.0; self.points * self.channels]);
        }
        for (i, sum) in self.sums.iter_mut().enumerate() {
            let share = self.wide.share(self.first_sum + i, y, self.height);
            simd::wide(AddScaled(&self.line, share, sum));
        }
        self.pushed += 1;
        while self.first_sum < rows && (y + 1 == self.height || self.first_sum * step + radius <= y + step) {
            let Some(sum) = self.sums.pop_front() else { break };
            self.widen(&sum);
            self.first_sum += 1;
        }
    }

    fn pull(&mut self, out: &mut [f32]) -> bool {
        let step = self.wide.step;
        let at = self.pulled / step;
        // Rows `at` to `at + 3` of the grid surround this one.
        let oldest = self.first_sum - self.full.len();
        if self.first_sum < at + 4 {
            return false;
        }
        for _ in oldest..at {
            self.spare.extend(self.full.pop_front());
        }
        let mut rows = self.full.iter().map(Vec::as_slice);
        let rows = std::array::from_fn(|_| rows.next().unwrap_or_default());
        let weights = cubic((self.pulled % step) as f32 / step as f32);
        simd::wide(Between { rows, weights, out });
        self.pulled += 1;
        true
    }
}
