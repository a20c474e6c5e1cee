//! Box blur: the mean of a square, by running sums, so that the cost does not depend on the radius.

use std::collections::VecDeque;

use pulp::NullaryFnOnce;

use crate::model::{ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::simd;
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, Rect, RowStream, Stage, StreamKernel};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "box_blur",
    summary: "Blurs the image by averaging squares",
    formula: "The mean of a square of 2 radius + 1 px; edge pixels repeat; a fraction of the radius counts that share \
              of the next pixels (as Pillow's BoxBlur and, for whole numbers, OpenCV's blur)",
    group: Group::Detail,
    params: &[ParamSpec {
        name: "radius",
        summary: "Distance from the centre to the edge of the square",
        unit: Unit::Px,
        kind: ParamKind::Float { min: 0.0, max: 250.0, soft_max: 50.0, default: 3.0 },
    }],
    starting: &[],
    faithful_to_scale: true,
    build: |params| Ok(Box::new(BoxBlur { radius: params.number("radius") })),
};

/// The integer that represents a sample of 1. The sum of 501 of them stays below 2^31, and integers give the same sum
/// wherever it starts.
const ONE: f32 = 4_194_304.0;

struct BoxBlur {
    radius: f64,
}

impl Operation for BoxBlur {
    fn stage(&self, _input: &ImageInfo) -> Result<Stage, Message> {
        let window = Window::new(self.radius);
        // Less than a hundredth of a pixel disappears in rounding.
        Ok(if self.radius < 0.01 { Stage::Nothing } else { Stage::Stream(Box::new(window)) })
    }
}

/// The pixels of a line that contribute: whole ones on either side, and a fraction of the next.
#[derive(Clone, Copy)]
pub(crate) struct Window {
    whole: usize,
    fraction: f32,
    /// 1 / (2 radius + 1).
    inverse: f32,
}

impl Window {
    pub(crate) fn new(radius_px: f64) -> Self {
        Self {
            whole: radius_px.floor() as usize,
            fraction: radius_px.fract() as f32,
            inverse: (1.0 / (2.0 * radius_px + 1.0)) as f32,
        }
    }
}

impl StreamKernel for Window {
    fn start(&self, input: &ImageInfo) -> Box<dyn RowStream + '_> {
        let (len, channels) = (input.row_samples(), input.channels.count());
        Box::new(Running {
            window: *self,
            channels,
            height: input.height_px as usize,
            extended: vec![0; len + 2 * (self.whole + 1) * channels],
            rows: VecDeque::new(),
            first: 0,
            spare: Vec::new(),
            sums: vec![0; len],
            pulled: 0,
        })
    }

    fn lead_px(&self, _input: &ImageInfo) -> u32 {
        self.whole as u32 + 1
    }

    fn held_bytes(&self, input: &ImageInfo) -> u64 {
        let rows = (2 * self.whole + 4 + 64).min(input.height_px as usize + 2) as u64;
        rows * input.row_samples() as u64 * 4
    }

    fn needs(&self, part: Rect, input: &ImageInfo) -> Rect {
        part.grown(self.whole as u32 + 1, input)
    }

    fn commutes_with_luma(&self) -> bool {
        true
    }

    fn is_symmetric(&self) -> bool {
        true
    }
}

/// The state for one image.
struct Running {
    window: Window,
    channels: usize,
    height: usize,
    /// A row as integers, with margins.
    extended: Vec<i32>,
    /// Means along rows, from row `first` on.
    rows: VecDeque<Vec<i32>>,
    first: usize,
    spare: Vec<Vec<i32>>,
    /// Sums of each column over the whole rows of the window around the row before `pulled`.
    sums: Vec<i32>,
    pulled: usize,
}

struct ToWhole<'a>(&'a [f32], f32, &'a mut [i32]);

impl NullaryFnOnce for ToWhole<'_> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        for (to, from) in self.2.iter_mut().zip(self.0) {
            *to = (from * self.1 + 0.5) as i32;
        }
    }
}

/// Means along a row of `N` interleaved channels, whose margins are one pixel wider than the whole pixels of the
/// window.
fn along_row<const N: usize>(window: Window, extended: &[i32], out: &mut [i32]) {
    let pixels = extended.as_chunks::<N>().0;
    let width = 2 * window.whole + 1;
    let mut sums = [0; N];
    for pixel in pixels.iter().skip(1).take(width - 1) {
        for (sum, value) in sums.iter_mut().zip(pixel) {
            *sum += value;
        }
    }
    let before = pixels.iter();
    let first = pixels.iter().skip(1);
    let last = pixels.iter().skip(width);
    let after = pixels.iter().skip(width + 1);
    for ((((out, before), first), last), after) in
        out.as_chunks_mut::<N>().0.iter_mut().zip(before).zip(first).zip(last).zip(after)
    {
        for channel in 0..N {
            sums[channel] += last[channel];
            let sides = (before[channel] + after[channel]) as f32;
            out[channel] = ((sums[channel] as f32 + window.fraction * sides) * window.inverse + 0.5) as i32;
            sums[channel] -= first[channel];
        }
    }
}

struct AddRow<'a>(&'a [i32], &'a mut [i32]);

impl NullaryFnOnce for AddRow<'_> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        for (sum, value) in self.1.iter_mut().zip(self.0) {
            *sum += value;
        }
    }
}

/// Computes the next row of the result and updates the sums for the one after it.
struct DownColumns<'a> {
    window: Window,
    sums: &'a mut [i32],
    before: &'a [i32],
    first: &'a [i32],
    last: &'a [i32],
    after: &'a [i32],
    out: &'a mut [f32],
}

impl NullaryFnOnce for DownColumns<'_> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let scale = self.window.inverse / ONE;
        let rows = self.before.iter().zip(self.first).zip(self.last).zip(self.after);
        for ((out, sum), (((before, first), last), after)) in self.out.iter_mut().zip(self.sums).zip(rows) {
            let full = *sum + last;
            *out = (full as f32 + self.window.fraction * (before + after) as f32) * scale;
            *sum = full - first;
        }
    }
}

impl Running {
    /// The row at that position, or the nearest one.
    fn row(&self, y: isize) -> &[i32] {
        let y = y.clamp(0, self.height as isize - 1) as usize;
        self.rows.get(y - self.first.min(y)).map(Vec::as_slice).unwrap_or_default()
    }
}

impl RowStream for Running {
    fn push(&mut self, row: &[f32]) {
        let channels = self.channels;
        let edge = (self.window.whole + 1) * channels;
        let (before, rest) = self.extended.split_at_mut(edge);
        let (middle, after) = rest.split_at_mut(row.len().min(rest.len()));
        simd::wide(ToWhole(row, ONE, middle));
        let first = middle.get(..channels).unwrap_or_default();
        let last = middle.get(middle.len() - channels..).unwrap_or_default();
        before.chunks_exact_mut(channels).for_each(|pixel| pixel.copy_from_slice(first));
        after.chunks_exact_mut(channels).for_each(|pixel| pixel.copy_from_slice(last));
        let mut means = self.spare.pop().unwrap_or_default();
        means.resize(row.len(), 0);
        match channels {
            1 => along_row::<1>(self.window, &self.extended, &mut means),
            2 => along_row::<2>(self.window, &self.extended, &mut means),
            3 => along_row::<3>(self.window, &self.extended, &mut means),
            _ => along_row::<4>(self.window, &self.extended, &mut means),
        }
        self.rows.push_back(means);
    }

    fn pull(&mut self, out: &mut [f32]) -> bool {
        let (y, radius) = (self.pulled as isize, self.window.whole as isize);
        if self.first + self.rows.len() < (self.pulled + self.window.whole + 2).min(self.height) {
            return false;
        }
        let mut sums = std::mem::take(&mut self.sums);
        if y == 0 {
            for at in -radius..radius {
                simd::wide(AddRow(self.row(at), &mut sums));
            }
        }
        simd::wide(DownColumns {
            window: self.window,
            sums: &mut sums,
            before: self.row(y - radius - 1),
            first: self.row(y - radius),
            last: self.row(y + radius),
            after: self.row(y + radius + 1),
            out,
        });
        self.sums = sums;
        self.pulled += 1;
        // The next row's window, and the row just before it, start here.
        while (self.first as isize) < y - radius && self.rows.len() > 1 {
            self.spare.extend(self.rows.pop_front());
            self.first += 1;
        }
        true
    }
}
