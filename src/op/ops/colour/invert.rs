//! Inverts the image.

use crate::model::{Channels, ImageInfo, Message};
use crate::op::kernels::simd::{self, Tone};
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, PointKernel, Stage};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "invert",
    summary: "Inverts all colours, like a negative",
    formula: "1 - v; alpha is unchanged",
    group: Group::Colour,
    params: &[],
    starting: &[],
    faithful_to_scale: true,
    build: |_| Ok(Box::new(Invert)),
};

#[derive(Clone, Copy)]
struct Invert;

impl Operation for Invert {
    fn stage(&self, _input: &ImageInfo) -> Result<Stage, Message> {
        Ok(Stage::Point(Box::new(Self)))
    }
}

impl Tone for Invert {
    #[inline(always)]
    fn at(self, value: f32) -> f32 {
        1.0 - value
    }
}

impl PointKernel for Invert {
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
