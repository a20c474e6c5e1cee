//! Exposure: scales linear light, as a longer or shorter exposure would.

use crate::model::{ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::hdr_curve;
use crate::op::kernels::point_tone::PointTone;
use crate::op::kernels::simd::Tone;
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, PointKernel, Stage, Transfer};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "exposure",
    summary: "Makes the image lighter or darker, as a different exposure would",
    formula: "E(D(v) * 2 ^ stops), where D decodes sRGB values to linear light and E encodes them again",
    group: Group::Colour,
    params: &[ParamSpec {
        name: "stops",
        summary: "Each stop doubles the light; each stop below 0 halves it",
        unit: Unit::Stops,
        kind: ParamKind::Float { min: -8.0, max: 8.0, soft_max: 8.0, default: 0.0 },
    }],
    starting: &[],
    faithful_to_scale: true,
    build: |params| {
        let factor = Factor(params.number("stops").exp2() as f32);
        Ok(Box::new(Exposure { factor, transfer: params.transfer() }))
    },
};

struct Exposure {
    factor: Factor,
    transfer: Transfer,
}

/// Of linear light.
#[derive(Clone, Copy)]
struct Factor(f32);

impl Operation for Exposure {
    fn stage(&self, _input: &ImageInfo) -> Result<Stage, Message> {
        if self.factor.0 == 1.0 {
            return Ok(Stage::Nothing);
        }
        let steps: [Box<dyn PointKernel>; 3] =
            [hdr_curve::to_linear(self.transfer), Box::new(self.factor), hdr_curve::encode(self.transfer)];
        Ok(Stage::Sequence(steps.into_iter().map(Stage::Point).collect()))
    }
}

impl Tone for Factor {
    #[inline(always)]
    fn at(self, value: f32) -> f32 {
        value * self.0
    }
}

impl PointTone for Factor {}
