//! Gamma: lightens or darkens the midtones.

use crate::model::{ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::point_tone::PointTone;
use crate::op::kernels::simd::Tone;
use crate::op::kernels::transfer_curve;
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, Stage};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "gamma",
    summary: "Lightens or darkens the midtones and leaves black and white unchanged",
    formula: "v ^ (1 / value)",
    group: Group::Colour,
    params: &[ParamSpec {
        name: "value",
        summary: "Above 1 is lighter, below 1 darker",
        unit: Unit::None,
        kind: ParamKind::Float { min: 0.05, max: 20.0, soft_max: 4.0, default: 1.0 },
    }],
    starting: &[],
    faithful_to_scale: true,
    build: |params| Ok(Box::new(Gamma { exponent: params.number("value").recip() as f32 })),
};

#[derive(Clone, Copy)]
struct Gamma {
    exponent: f32,
}

impl Operation for Gamma {
    fn stage(&self, _input: &ImageInfo) -> Result<Stage, Message> {
        Ok(if self.exponent == 1.0 { Stage::Nothing } else { Stage::Point(Box::new(*self)) })
    }
}

impl Tone for Gamma {
    #[inline(always)]
    fn at(self, value: f32) -> f32 {
        transfer_curve::power(value, self.exponent)
    }
}

impl PointTone for Gamma {
    const IS_QUICK: bool = false;
}
