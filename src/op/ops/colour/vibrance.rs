//! Vibrance: strengthens mainly colours of low saturation.

use crate::model::{Channels, ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::simd::{self, Mix};
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, PointKernel, Stage};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "vibrance",
    summary: "Strengthens pale colours more than vivid ones",
    formula: "L + (v - L) * (1 + amount / 100 * (1 - S)), where L is the Rec. 709 luma and S the difference between \
              the largest and the smallest encoded value",
    group: Group::Colour,
    params: &[ParamSpec {
        name: "amount",
        summary: "Above 0 strengthens pale colours, below 0 weakens them",
        unit: Unit::None,
        kind: ParamKind::Float { min: -100.0, max: 200.0, soft_max: 100.0, default: 0.0 },
    }],
    starting: &[],
    faithful_to_scale: true,
    build: |params| Ok(Box::new(Vibrance { amount: (params.number("amount") / 100.0) as f32 })),
};

#[derive(Clone, Copy)]
struct Vibrance {
    amount: f32,
}

impl Operation for Vibrance {
    fn stage(&self, input: &ImageInfo) -> Result<Stage, Message> {
        let nothing = self.amount == 0.0 || input.channels.colour_count() == 1;
        Ok(if nothing { Stage::Nothing } else { Stage::Point(Box::new(*self)) })
    }
}

#[inline(always)]
fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

#[inline(always)]
fn smaller(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

impl Mix for Vibrance {
    #[inline(always)]
    fn at(self, [r, g, b]: [f32; 3]) -> [f32; 3] {
        let strength = larger(larger(r, g), b) - smaller(smaller(r, g), b);
        let factor = 1.0 + self.amount * (1.0 - strength);
        let luma = 0.2126 * r + 0.7152 * g + 0.0722 * b;
        [r, g, b].map(|value| luma + (value - luma) * factor)
    }
}

impl PointKernel for Vibrance {
    fn apply(&self, samples: &mut [f32], channels: Channels) {
        simd::mix(samples, channels, *self);
    }
}
