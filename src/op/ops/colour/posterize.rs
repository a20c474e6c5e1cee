//! Posterize: reduces each colour to a few levels.

use crate::model::{ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::point_tone::PointTone;
use crate::op::kernels::simd::Tone;
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, Stage};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "posterize",
    summary: "Reduces each colour channel to a few levels",
    formula: "round(v * (levels - 1)) / (levels - 1), as in GIMP and ImageMagick",
    group: Group::Colour,
    params: &[ParamSpec {
        name: "levels",
        summary: "Number of levels that remain, including black and white",
        unit: Unit::None,
        kind: ParamKind::Int { min: 2, max: 256, soft_max: 32, default: Some(4) },
    }],
    starting: &[],
    faithful_to_scale: false,
    build: |params| Ok(Box::new(Posterize { steps: params.number("levels") as f32 - 1.0 })),
};

/// Adding it rounds a small float to the nearest integer.
const ROUND: f32 = 8_388_608.0;

#[derive(Clone, Copy)]
struct Posterize {
    /// Steps from black to white.
    steps: f32,
}

impl Operation for Posterize {
    fn stage(&self, _input: &ImageInfo) -> Result<Stage, Message> {
        Ok(Stage::Point(Box::new(*self)))
    }
}

impl Tone for Posterize {
    #[inline(always)]
    fn at(self, value: f32) -> f32 {
        (value * self.steps + ROUND - ROUND) / self.steps
    }
}

impl PointTone for Posterize {}
