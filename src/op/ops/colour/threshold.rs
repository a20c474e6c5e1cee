//! Threshold: black or white, nothing in between.

use crate::model::{ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::luma;
use crate::op::kernels::point_tone::{PointTone, reached};
use crate::op::kernels::simd::Tone;
use crate::op::kernels::transfer_curve::either;
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, Stage};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "threshold",
    summary: "Reduces the image to pure black and white",
    formula: "1 where L >= level / 255, otherwise 0, where L is the Rec. 601 luma of encoded values; the result is \
              grayscale",
    group: Group::Colour,
    params: &[ParamSpec {
        name: "level",
        summary: "Darkest level that becomes white",
        unit: Unit::Levels,
        kind: ParamKind::Float { min: 0.0, max: 255.0, soft_max: 255.0, default: 128.0 },
    }],
    starting: &[],
    faithful_to_scale: false,
    build: |params| Ok(Box::new(Threshold { level: reached(params.number("level")) })),
};

#[derive(Clone, Copy)]
struct Threshold {
    level: f32,
}

impl Operation for Threshold {
    fn stage(&self, input: &ImageInfo) -> Result<Stage, Message> {
        Ok(Stage::Sequence(vec![luma::to_luma(input), Stage::Point(Box::new(*self))]))
    }
}

impl Tone for Threshold {
    #[inline(always)]
    fn at(self, value: f32) -> f32 {
        either(value >= self.level, 1.0, 0.0)
    }
}

/// For grayscale images.
impl PointTone for Threshold {}
