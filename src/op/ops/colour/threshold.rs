//! Threshold: black or white, nothing in between.

use crate::model::{Channels, ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::luma;
use crate::op::kernels::simd::{self, Tone};
use crate::op::kernels::transfer_curve::either;
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, PointKernel, Stage};

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
    build: |params| Ok(Box::new(Threshold { level: (params.number("level") / 255.0) as f32 - EPSILON })),
};

/// A seventh of a 16-bit level: more than the rounding error of luma, so that a gray exactly at the level becomes
/// white.
const EPSILON: f32 = 2e-6;

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
impl PointKernel for Threshold {
    fn apply(&self, samples: &mut [f32], channels: Channels) {
        simd::tone(samples, channels, *self);
    }

    fn curve(&self, value: f32) -> Option<f32> {
        Some(self.at(value))
    }

    fn is_quick(&self) -> bool {
        true
    }
}
