//! Saturation: colours away from, or towards, their gray.

use pulp::NullaryFnOnce;

use super::stage::{Operation, PointKernel, Stage};
use super::{Group, OpSpec, simd};
use crate::model::{Channels, ImageInfo, ParamKind, ParamSpec, Unit};

pub(super) const SPEC: OpSpec = OpSpec {
    id: "saturation",
    summary: "Stronger or weaker colours: L + (v - L) * factor, L the Rec. 709 luma of encoded values",
    group: Group::Colour,
    params: &[ParamSpec {
        name: "factor",
        summary: "0 is gray, 1 changes nothing",
        unit: Unit::None,
        kind: ParamKind::Float { min: 0.0, max: 10.0, soft_max: 3.0, default: 1.0 },
    }],
    faithful_to_scale: true,
    build: |params| Ok(Box::new(Saturation { factor: params.number("factor") as f32 })),
};

#[derive(Clone, Copy)]
struct Saturation {
    factor: f32,
}

impl Operation for Saturation {
    fn stage(&self, input: &ImageInfo) -> Result<Stage, String> {
        let nothing = self.factor == 1.0 || input.channels.colour_count() == 1;
        Ok(if nothing { Stage::Nothing } else { Stage::Point(Box::new(*self)) })
    }
}

struct Pixels<'a, const N: usize>(&'a mut [f32], f32);

impl<const N: usize> NullaryFnOnce for Pixels<'_, N> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        for pixel in self.0.as_chunks_mut::<N>().0 {
            let luma = 0.2126 * pixel[0] + 0.7152 * pixel[1] + 0.0722 * pixel[2];
            let gray = luma * (1.0 - self.1);
            pixel[0] = pixel[0] * self.1 + gray;
            pixel[1] = pixel[1] * self.1 + gray;
            pixel[2] = pixel[2] * self.1 + gray;
        }
    }
}

impl PointKernel for Saturation {
    fn apply(&self, samples: &mut [f32], channels: Channels) {
        match channels {
            Channels::Rgb => simd::wide(Pixels::<3>(samples, self.factor)),
            Channels::Rgba => simd::wide(Pixels::<4>(samples, self.factor)),
            Channels::Gray | Channels::GrayAlpha => {}
        }
    }
}
