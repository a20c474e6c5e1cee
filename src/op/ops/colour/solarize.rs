//! Solarize: inverts the light tones.

use crate::model::{Channels, ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::simd::{self, Tone};
use crate::op::kernels::transfer_curve::either;
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, PointKernel, Stage};

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
    build: |params| Ok(Box::new(Solarize { level: (params.number("level") / 255.0) as f32 - EPSILON })),
};

/// Less than the distance between two 16-bit levels, more than a rounding error.
const EPSILON: f32 = 2e-6;

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

impl PointKernel for Solarize {
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
