//! Film grain: noise that depends only on the seed and the position of a pixel.

use pulp::NullaryFnOnce;

use crate::model::{Channels, ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::simd;
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, PositionalKernel, Stage};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "grain",
    summary: "Adds film grain",
    formula: "v + amount * n, where n is bell-shaped noise of mean 0 and deviation 1 that depends only on the seed and \
              the position (the sum of four random bytes; larger grains are interpolated from the four around them); \
              alpha is unchanged",
    group: Group::Detail,
    params: &[
        ParamSpec {
            name: "amount",
            summary: "Standard deviation of the noise",
            unit: Unit::Levels,
            kind: ParamKind::Float { min: 0.0, max: 128.0, soft_max: 40.0, default: 10.0 },
        },
        ParamSpec {
            name: "size",
            summary: "Size of the grains",
            unit: Unit::Px,
            kind: ParamKind::Float { min: 1.0, max: 50.0, soft_max: 8.0, default: 1.0 },
        },
        ParamSpec {
            name: "seed",
            summary: "Number of the pattern: the same number always gives the same pattern",
            unit: Unit::None,
            kind: ParamKind::Int { min: 0, max: 999_999, soft_max: 100, default: Some(0) },
        },
        ParamSpec {
            name: "monochrome",
            summary: "Uses the same noise in every channel; otherwise grains have colours",
            unit: Unit::None,
            kind: ParamKind::Bool { default: true },
        },
    ],
    starting: &[],
    faithful_to_scale: false,
    build: |params| {
        let size = params.number("size");
        // A view pixel averages all the grains it contains.
        let amount = params.number("amount") / 255.0 * size.min(1.0);
        Ok(Box::new(Grain {
            amount: amount as f32,
            size: size.max(1.0) as f32,
            seed: params.number("seed") as u32,
            monochrome: params.flag("monochrome"),
        }))
    },
};

/// Mean and standard deviation of the sum of four random bytes.
const MEAN: f32 = 510.0;
const DEVIATION: f32 = 147.801_22;

#[derive(Clone, Copy)]
struct Grain {
    amount: f32,
    size: f32,
    seed: u32,
    monochrome: bool,
}

impl Operation for Grain {
    fn stage(&self, _input: &ImageInfo) -> Result<Stage, Message> {
        Ok(if self.amount == 0.0 { Stage::Nothing } else { Stage::Positional(Box::new(*self)) })
    }
}

/// Spreads every bit over all others (Ellis, "lowbias32").
#[inline(always)]
const fn hash(x: u32) -> u32 {
    let x = (x ^ (x >> 16)).wrapping_mul(0x7feb_352d);
    let x = (x ^ (x >> 15)).wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}

/// Noise at column `x` of a row.
#[inline(always)]
fn noise(x: u32, row: u32) -> f32 {
    let bits = hash(x.wrapping_mul(0x9e37_79b1) ^ row);
    let sum = (bits & 255) + (bits >> 8 & 255) + (bits >> 16 & 255) + (bits >> 24);
    (sum as i32 as f32 - MEAN) * (1.0 / DEVIATION)
}

/// A run of noise in a row, from column `x` on.
struct Run<'a>(u32, u32, &'a mut [f32]);

impl NullaryFnOnce for Run<'_> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        for (i, value) in (self.0..).zip(self.2) {
            *value = noise(i, self.1);
        }
    }
}

/// How a position between grains mixes them: smoothly, and with equal noise strength everywhere.
#[inline]
fn shares(at: f32) -> (f32, f32) {
    let second = at * at * (3.0 - 2.0 * at);
    let first = 1.0 - second;
    let scale = (first * first + second * second).sqrt().recip();
    (first * scale, second * scale)
}

impl Grain {
    /// The noise row for row `y` of a channel.
    const fn row(self, y: u32, channel: u32) -> u32 {
        hash(y.wrapping_add(hash(self.seed.wrapping_mul(4).wrapping_add(channel))))
    }

    /// Noise for a run of pixels.
    fn fill(self, x: u32, y: u32, channel: u32, out: &mut [f32]) {
        if self.size <= 1.0 {
            simd::wide(Run(x, self.row(y, channel), out));
            return;
        }
        let cell = |at: u32| {
            let at = (at as f32 + 0.5) / self.size;
            (at.floor() as u32, at.fract())
        };
        let (top, down) = cell(y);
        let (first, second) = shares(down);
        let rows = [self.row(top, channel), self.row(top + 1, channel)];
        let at_grain = |column: u32| first * noise(column, rows[0]) + second * noise(column, rows[1]);
        let mut column = cell(x).0;
        let mut grains = (at_grain(column), at_grain(column + 1));
        for (x, value) in (x..).zip(out) {
            let (left, right) = cell(x);
            if left != column {
                column = left;
                grains = (at_grain(column), at_grain(column + 1));
            }
            let (first, second) = shares(right);
            *value = first * grains.0 + second * grains.1;
        }
    }
}

impl PositionalKernel for Grain {
    fn channels(&self, input: Channels) -> Channels {
        match (self.monochrome, input) {
            (false, Channels::Gray) => Channels::Rgb,
            (false, Channels::GrayAlpha) => Channels::Rgba,
            _ => input,
        }
    }

    fn apply(&self, x: u32, y: u32, samples: &mut [f32], channels: Channels) {
        let (count, colours) = (channels.count(), channels.colour_count());
        let mut noise = vec![0.0; samples.len() / count];
        for channel in 0..colours {
            if channel == 0 || !self.monochrome {
                self.fill(x, y, channel as u32, &mut noise);
            }
            for (pixel, noise) in samples.chunks_exact_mut(count).zip(&noise) {
                // Invisible pixels stay unchanged.
                let seen = !channels.has_alpha() || pixel.last().is_some_and(|alpha| *alpha > 0.0);
                if let (true, Some(value)) = (seen, pixel.get_mut(channel)) {
                    *value += self.amount * noise;
                }
            }
        }
    }
}
