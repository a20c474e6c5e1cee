//! Contrast: a steeper or flatter slope around middle gray.

use std::f64::consts::FRAC_PI_4;

use crate::model::{ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::point_tone::PointTone;
use crate::op::kernels::simd::Tone;
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, Stage};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "contrast",
    summary: "Increases or reduces contrast around middle gray",
    formula: "(v - 0.5) * tan(pi/4 * (1 + amount / 100)) + 0.5, as in GIMP",
    group: Group::Colour,
    params: &[ParamSpec {
        name: "amount",
        summary: "-100 is flat gray, 0 changes nothing, 100 leaves only black and white",
        unit: Unit::None,
        kind: ParamKind::Float { min: -100.0, max: 100.0, soft_max: 100.0, default: 0.0 },
    }],
    starting: &[],
    faithful_to_scale: true,
    build: |params| {
        let amount = params.number("amount");
        // The tangent of a right angle is infinite: stop a hundredth of a percent before it.
        let slope = (FRAC_PI_4 * (1.0 + amount.min(99.99) / 100.0)).tan();
        Ok(Box::new(Contrast { slope: if amount == 0.0 { 1.0 } else { slope as f32 } }))
    },
};

#[derive(Clone, Copy)]
struct Contrast {
    slope: f32,
}

impl Operation for Contrast {
    fn stage(&self, _input: &ImageInfo) -> Result<Stage, Message> {
        Ok(if self.slope == 1.0 { Stage::Nothing } else { Stage::Point(Box::new(*self)) })
    }
}

impl Tone for Contrast {
    #[inline(always)]
    fn at(self, value: f32) -> f32 {
        (value - 0.5) * self.slope + 0.5
    }
}

impl PointTone for Contrast {}
