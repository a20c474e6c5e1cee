//! Denoising that keeps edges: non-local means.

use pulp::NullaryFnOnce;

use crate::model::{ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::simd;
use crate::op::kernels::tiles::{Planes, Tile, TileKernel, Tiled};
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, Stage};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "denoise",
    summary: "Reduces noise and keeps edges",
    formula: "Non-local means: each pixel becomes the mean of the pixels within radius, weighted by exp(-max(d^2 - 2 \
              s^2, 0) / h^2), where d^2 is the mean squared difference of the 3 x 3 px around both over all channels, \
              s the strength and h = 0.55 s (0.4 s for grayscale images) (Buades, Coll, Morel, IPOL 2011)",
    group: Group::Detail,
    params: &[
        ParamSpec {
            name: "strength",
            summary: "Standard deviation of the noise: smaller differences are smoothed, stronger edges are kept",
            unit: Unit::Levels,
            kind: ParamKind::Float { min: 0.0, max: 100.0, soft_max: 30.0, default: 6.0 },
        },
        ParamSpec {
            name: "radius",
            summary: "Search distance for similar pixels; the time grows with its square",
            unit: Unit::Px,
            kind: ParamKind::Int { min: 1, max: 15, soft_max: 8, default: Some(4) },
        },
    ],
    starting: &[],
    faithful_to_scale: false,
    build: |params| {
        Ok(Box::new(Denoise { strength: params.number("strength") / 255.0, radius: params.number("radius") }))
    },
};

/// Pixels of a patch on either side of its centre.
const PATCH: usize = 1;

/// Pixels processed together.
const LANES: usize = 16;

struct Denoise {
    strength: f64,
    radius: f64,
}

impl Operation for Denoise {
    fn stage(&self, input: &ImageInfo) -> Result<Stage, Message> {
        let radius = self.radius.round() as usize;
        if self.strength == 0.0 || radius == 0 {
            return Ok(Stage::Nothing);
        }
        let h = self.strength * if input.channels.colour_count() == 1 { 0.4 } else { 0.55 };
        let samples = (2 * PATCH + 1).pow(2) * input.channels.count();
        let kernel = Means {
            radius,
            per_sample: (1.0 / (samples as f64 * h * h)) as f32,
            expected: (2.0 * (self.strength / h).powi(2)) as f32,
        };
        Ok(Stage::Stream(Box::new(Tiled(kernel))))
    }
}

/// Non-local means.
struct Means {
    radius: usize,
    /// The factor that turns a summed squared difference into d^2 / h^2.
    per_sample: f32,
    /// 2 s^2 / h^2.
    expected: f32,
}

impl TileKernel for Means {
    fn halo_px(&self) -> usize {
        self.radius + PATCH
    }

    fn tile_px(&self) -> (usize, usize) {
        (128, 32)
    }

    fn run(&self, tile: &Tile, out: &mut Planes) {
        let (width, height) = (out.width, out.height);
        out.samples.fill(0.0);
        let across = width.next_multiple_of(LANES) + 2 * PATCH;
        let mut work = Work {
            differences: vec![0.0; across * (height + 2 * PATCH)],
            columns: vec![0.0; across],
            weights: vec![0.0; width.next_multiple_of(LANES)],
            sums: vec![0.0; width * height],
            across,
        };
        for down in 0..=2 * self.radius {
            for right in 0..=2 * self.radius {
                simd::wide(Offset { means: self, tile, out, work: &mut work, right, down });
            }
        }
        for plane in out.iter_mut() {
            plane.iter_mut().zip(&work.sums).for_each(|(value, sum)| *value /= sum);
        }
    }
}

/// Buffers that are reused for each offset.
struct Work {
    /// Squared differences, summed over channels, of the tile and a patch's margin.
    differences: Vec<f32>,
    /// The same, summed down the rows of a patch.
    columns: Vec<f32>,
    /// For one row of pixels.
    weights: Vec<f32>,
    /// Sum of the weights so far.
    sums: Vec<f32>,
    /// Samples in a row of differences.
    across: usize,
}

/// Adds the contribution of the pixels at one offset.
struct Offset<'a> {
    means: &'a Means,
    tile: &'a Tile,
    out: &'a mut Planes,
    work: &'a mut Work,
    right: usize,
    down: usize,
}

/// Adding it to a small float leaves the nearest integer in the lowest bits.
const ROUND: f32 = 12_582_912.0;

/// exp(-x) for x >= 0, within 1e-5 of it.
#[inline(always)]
fn decay(x: f32) -> f32 {
    // 2^-t: the integer part goes into the exponent, the rest (-0.5 to 0.5) through a polynomial.
    let t = x * std::f32::consts::LOG2_E;
    let t = if t < 126.0 { t } else { 126.0 };
    let rounded = t + ROUND;
    let rest = t - (rounded - ROUND);
    let cubed = 0.055_504_1 - rest * (0.009_618_1 - rest * 0.001_333_4);
    let power = 1.0 - rest * (std::f32::consts::LN_2 - rest * (0.240_226_5 - rest * cubed));
    let exponent = 127_u32.wrapping_sub(rounded.to_bits().wrapping_sub(ROUND.to_bits()));
    f32::from_bits(exponent << 23) * power
}

impl NullaryFnOnce for Offset<'_> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Self { means, tile, out, work, right, down } = self;
        let (stride, radius) = (tile.planes.width, means.radius);
        let (width, height) = (out.width, out.height);
        let patched = width + 2 * PATCH;
        for (i, plane) in tile.planes.iter().enumerate() {
            for (y, sums) in work.differences.chunks_exact_mut(work.across).enumerate() {
                let sums = sums.get_mut(..patched).unwrap_or_default();
                let here = cut(plane, (y + radius) * stride + radius, patched);
                let there = cut(plane, (y + down) * stride + right, patched);
                if i == 0 {
                    sums.fill(0.0);
                }
                for ((sum, here), there) in sums.iter_mut().zip(here).zip(there) {
                    let difference = here - there;
                    *sum += difference * difference;
                }
            }
        }
        for y in 0..height {
            let row = |down: usize| cut(&work.differences, (y + down) * work.across, patched);
            for (((sum, first), second), third) in work.columns.iter_mut().zip(row(0)).zip(row(1)).zip(row(2)) {
                *sum = first + second + third;
            }
            let column = |right: usize| cut(&work.columns, right, width);
            for (((weight, first), second), third) in
                work.weights.iter_mut().zip(column(0)).zip(column(1)).zip(column(2))
            {
                let excess = (first + second + third) * means.per_sample - means.expected;
                *weight = decay(if excess > 0.0 { excess } else { 0.0 });
            }
            let at = y * width..(y + 1) * width;
            for (sum, weight) in work.sums.get_mut(at.clone()).unwrap_or_default().iter_mut().zip(&work.weights) {
                *sum += weight;
            }
            let from = (y + down + PATCH) * stride + right + PATCH;
            for (plane, out) in tile.planes.iter().zip(out.iter_mut()) {
                let out = out.get_mut(at.clone()).unwrap_or_default();
                for ((value, weight), there) in out.iter_mut().zip(&work.weights).zip(cut(plane, from, width)) {
                    *value += weight * there;
                }
            }
        }
    }
}

#[inline(always)]
fn cut(samples: &[f32], from: usize, len: usize) -> &[f32] {
    samples.get(from..from + len).unwrap_or_default()
}
