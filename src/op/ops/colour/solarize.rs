//! Solarize: inverts the light tones.

use crate::model::{ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::point_tone::{PointTone, reached};
use crate::op::kernels::simd::Tone;
use crate::op::kernels::transfer_curve::either;
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, Stage};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "solarize",
    summary: "Inverts the light tones",
    formula: "1 - v where v >= level / 255, otherwise v (as in Pillow)",
    group: Group::Colour,
    params: &[ParamSpec {
        name: "level",
        summary: "Darkest level that is inverted",
        unit: Unit::Levels,
        kind: ParamKind::Float { min: 0.0, max: 255.0, soft_max: 255.0, default: 128.0 },
    }],
    starting: &[],
    faithful_to_scale: false,
    build: |params| Ok(Box::new(Solarize { level: reached(params.number("level")) })),
};

#[derive(Clone, Copy)]
struct Solarize {
    level: f32,
}

impl Operation for Solarize {
    fn stage(&self, _input: &ImageInfo) -> Result<Stage, Message> {
        Ok(Stage::Point(Box::new(*self)))
    }
}

impl Tone for Solarize {
    #[inline(always)]
    fn at(self, value: f32) -> f32 {
        either(value >= self.level, 1.0 - value, value)
    }
}

impl PointTone for Solarize {}
