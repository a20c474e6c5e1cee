//! Inverts the image.

use crate::model::{ImageInfo, Message};
use crate::op::kernels::point_tone::PointTone;
use crate::op::kernels::simd::Tone;
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, Stage};

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

impl PointTone for Invert {}
