//! A linear function of encoded values.

use crate::model::{ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::point_tone::PointTone;
use crate::op::kernels::simd::Tone;
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, Stage};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "linear",
    summary: "Multiplies all values and adds an offset",
    formula: "v * scale + offset, with the offset in levels of 255",
    group: Group::Colour,
    params: &[
        ParamSpec {
            name: "scale",
            summary: "Factor for each value",
            unit: Unit::None,
            kind: ParamKind::Float { min: -100.0, max: 100.0, soft_max: 3.0, default: 1.0 },
        },
        ParamSpec {
            name: "offset",
            summary: "Added after multiplying",
            unit: Unit::Levels,
            kind: ParamKind::Float { min: -25_500.0, max: 25_500.0, soft_max: 255.0, default: 0.0 },
        },
    ],
    starting: &[],
    faithful_to_scale: true,
    build: |params| {
        Ok(Box::new(Linear { scale: params.number("scale") as f32, offset: (params.number("offset") / 255.0) as f32 }))
    },
};

#[derive(Clone, Copy)]
struct Linear {
    scale: f32,
    offset: f32,
}

impl Operation for Linear {
    fn stage(&self, _input: &ImageInfo) -> Result<Stage, Message> {
        let nothing = self.scale == 1.0 && self.offset == 0.0;
        Ok(if nothing { Stage::Nothing } else { Stage::Point(Box::new(*self)) })
    }
}

impl Tone for Linear {
    #[inline(always)]
    fn at(self, value: f32) -> f32 {
        value * self.scale + self.offset
    }
}

impl PointTone for Linear {}
