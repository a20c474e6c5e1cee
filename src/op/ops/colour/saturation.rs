//! Saturation: moves colours away from their gray, or towards it.

use crate::model::{Channels, ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::simd::{self, Mix};
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, PointKernel, Stage};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "saturation",
    summary: "Makes colours stronger or weaker",
    formula: "L + (v - L) * factor, where L is the Rec. 709 luma of encoded values",
    group: Group::Colour,
    params: &[ParamSpec {
        name: "factor",
        summary: "0 is gray, 1 changes nothing",
        unit: Unit::None,
        kind: ParamKind::Float { min: 0.0, max: 10.0, soft_max: 3.0, default: 1.0 },
    }],
    starting: &[],
    faithful_to_scale: true,
    build: |params| Ok(Box::new(Saturation { factor: params.number("factor") as f32 })),
};

#[derive(Clone, Copy)]
struct Saturation {
    factor: f32,
}

impl Operation for Saturation {
    fn stage(&self, input: &ImageInfo) -> Result<Stage, Message> {
        let nothing = self.factor == 1.0 || input.channels.colour_count() == 1;
        Ok(if nothing { Stage::Nothing } else { Stage::Point(Box::new(*self)) })
    }
}

impl Mix for Saturation {
    #[inline(always)]
    fn at(self, [r, g, b]: [f32; 3]) -> [f32; 3] {
        let gray = (0.2126 * r + 0.7152 * g + 0.0722 * b) * (1.0 - self.factor);
        [r * self.factor + gray, g * self.factor + gray, b * self.factor + gray]
    }
}

impl PointKernel for Saturation {
    fn apply(&self, samples: &mut [f32], channels: Channels) {
        simd::mix(samples, channels, *self);
    }
}
