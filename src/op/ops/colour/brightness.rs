//! Brightness: shifts encoded values.

use crate::model::{ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::point_tone::PointTone;
use crate::op::kernels::simd::Tone;
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, Stage};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "brightness",
    summary: "Makes the image lighter or darker",
    formula: "v + amount / 100",
    group: Group::Colour,
    params: &[ParamSpec {
        name: "amount",
        summary: "Above 0 is lighter, below 0 darker",
        unit: Unit::None,
        kind: ParamKind::Float { min: -100.0, max: 100.0, soft_max: 100.0, default: 0.0 },
    }],
    starting: &[],
    faithful_to_scale: true,
    build: |params| Ok(Box::new(Brightness { shift: params.number("amount") as f32 / 100.0 })),
};

#[derive(Clone, Copy)]
struct Brightness {
    shift: f32,
}

impl Operation for Brightness {
    fn stage(&self, _input: &ImageInfo) -> Result<Stage, Message> {
        Ok(if self.shift == 0.0 { Stage::Nothing } else { Stage::Point(Box::new(*self)) })
    }
}

impl Tone for Brightness {
    #[inline(always)]
    fn at(self, value: f32) -> f32 {
        value + self.shift
    }
}

impl PointTone for Brightness {}
