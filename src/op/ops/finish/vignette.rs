//! Darkens (or lightens) the corners.

use pulp::NullaryFnOnce;

use crate::model::{Channels, ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::simd;
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, PositionalKernel, Stage};

const fn percent(name: &'static str, summary: &'static str, min: f64, default: f64) -> ParamSpec {
    let kind = ParamKind::Float { min, max: 100.0, soft_max: 100.0, default };
    ParamSpec { name, summary, unit: Unit::Percent, kind }
}

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "vignette",
    summary: "Darkens or lightens the corners",
    formula: "v * (1 - amount * s) on encoded values or, for a negative amount, v + (1 - v) * -amount * s; s = t * t * \
              (3 - 2 * t), t = clamp((d - radius) / feather), and d is the distance from the centre on an ellipse of \
              the image's shape: 100 % in the corners, 71 % at the sides",
    group: Group::Finish,
    params: &[
        percent("amount", "Strength in the corners; below 0 lightens them", -100.0, 40.0),
        percent("radius", "Where the effect starts, from the centre to a corner", 0.0, 40.0),
        percent("feather", "Distance to full strength, from the centre to a corner", 0.0, 60.0),
    ],
    starting: &[],
    faithful_to_scale: true,
    build: |params| {
        Ok(Box::new(Vignette {
            amount: params.number("amount") / 100.0,
            radius: params.number("radius") / 100.0,
            feather: params.number("feather") / 100.0,
        }))
    },
};

#[derive(Clone, Copy)]
struct Vignette {
    amount: f64,
    radius: f64,
    feather: f64,
}

impl Operation for Vignette {
    fn stage(&self, input: &ImageInfo) -> Result<Stage, Message> {
        if self.amount == 0.0 || self.radius >= 1.0 {
            return Ok(Stage::Nothing);
        }
        let (width, height) = (f64::from(input.width_px), f64::from(input.height_px));
        Ok(Stage::Positional(Box::new(Shade { vignette: *self, width, height })))
    }
}

struct Shade {
    vignette: Vignette,
    width: f64,
    height: f64,
}

/// Pixels whose strengths are computed together.
const BLOCK_PX: usize = 256;

/// The strength for each pixel of a run: above 0 darker, below 0 lighter.
struct Strengths<'a> {
    shade: &'a Shade,
    x: u32,
    /// Half the squared distance of the row from the middle, 1 at the edges.
    down: f32,
    out: &'a mut [f32],
}

impl NullaryFnOnce for Strengths<'_> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Vignette { amount, radius, feather } = self.shade.vignette;
        let (amount, radius, per_px) = (amount as f32, radius as f32, (1.0 / feather.max(1e-6)) as f32);
        let (width, per_width) = (self.shade.width as f32, (1.0 / self.shade.width) as f32);
        let first = (2 * self.x + 1) as f32 - width;
        for (i, strength) in self.out.iter_mut().enumerate() {
            let off = ((2 * i) as f32 + first) * per_width;
            let distance = (off * off * 0.5 + self.down).sqrt();
            let t = simd::unit((distance - radius) * per_px);
            *strength = amount * t * t * (3.0 - 2.0 * t);
        }
    }
}

/// Changes the colours of pixels of `N` samples.
struct Shaded<'a, const N: usize> {
    strengths: &'a [f32],
    colours: usize,
    samples: &'a mut [f32],
}

impl<const N: usize> NullaryFnOnce for Shaded<'_, N> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        for (pixel, strength) in self.samples.as_chunks_mut::<N>().0.iter_mut().zip(self.strengths) {
            let lighter = (-strength).max(0.0);
            let factor = 1.0 - strength.abs();
            for value in pixel.iter_mut().take(self.colours) {
                *value = *value * factor + lighter;
            }
        }
    }
}

impl PositionalKernel for Shade {
    fn apply(&self, x: u32, y: u32, samples: &mut [f32], channels: Channels) {
        let (count, colours) = (channels.count(), channels.colour_count());
        let off = (2.0 * (f64::from(y) + 0.5) - self.height) / self.height;
        let down = (off * off / 2.0) as f32;
        let mut strengths = [0.0; BLOCK_PX];
        for (i, samples) in samples.chunks_mut(BLOCK_PX * count).enumerate() {
            let strengths = strengths.get_mut(..samples.len() / count).unwrap_or_default();
            simd::wide(Strengths { shade: self, x: x + (i * BLOCK_PX) as u32, down, out: strengths });
            match count {
                1 => simd::wide(Shaded::<1> { strengths, colours, samples }),
                2 => simd::wide(Shaded::<2> { strengths, colours, samples }),
                3 => simd::wide(Shaded::<3> { strengths, colours, samples }),
                _ => simd::wide(Shaded::<4> { strengths, colours, samples }),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vignette_follows_its_formula_in_both_directions_and_keeps_alpha() {
        for (amount, radius, feather) in [(0.7, 0.2, 0.5), (-0.4, 0.0, 1.0), (1.0, 0.5, 0.0)] {
            let (width, height) = (61_u32, 37_u32);
            let shade = Shade {
                vignette: Vignette { amount, radius, feather },
                width: f64::from(width),
                height: f64::from(height),
            };
            for y in 0..height {
                let mut row = [[0.3_f32, 0.9, 0.25]; 61].concat();
                let mut with_alpha = [[0.3_f32, 0.75]; 61].concat();
                shade.apply(0, y, &mut row, Channels::Rgb);
                shade.apply(0, y, &mut with_alpha, Channels::GrayAlpha);
                for x in 0..width {
                    let (dx, dy) = (f64::from(x) + 0.5 - 30.5, f64::from(y) + 0.5 - 18.5);
                    let d = (dx / 30.5).hypot(dy / 18.5) / 2.0_f64.sqrt();
                    let t = ((d - radius) / feather.max(1e-6)).clamp(0.0, 1.0);
                    let s = t * t * (3.0 - 2.0 * t);
                    for (channel, v) in [0.3, 0.9, 0.25].into_iter().enumerate() {
                        let expected = if amount > 0.0 { v * (1.0 - amount * s) } else { v + (1.0 - v) * -amount * s };
                        let got = f64::from(row[x as usize * 3 + channel]);
                        assert!((got - expected).abs() < 1.0 / 65535.0, "{x} {y}: {got} {expected}");
                    }
                    assert_eq!(with_alpha[x as usize * 2 + 1], 0.75);
                    assert!((with_alpha[x as usize * 2] - row[x as usize * 3]).abs() < 1e-6);
                }
            }
        }
    }
}
