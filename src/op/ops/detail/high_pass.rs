//! High pass: the detail that a blur removes, on gray.

use pulp::NullaryFnOnce;

use crate::model::{Channels, ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::blur_mix::{self, Mix};
use crate::op::kernels::simd;
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, Stage};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "high_pass",
    summary: "Keeps only fine detail, on middle gray",
    formula: "127.5 + (x - G(x)) in levels of 255, where G is a Gaussian blur of sigma; alpha is unchanged",
    group: Group::Detail,
    params: &[ParamSpec {
        name: "sigma",
        summary: "Standard deviation of the blur: larger values keep coarser detail",
        unit: Unit::Px,
        kind: ParamKind::Float { min: 0.125, max: 200.0, soft_max: 50.0, default: 5.0 },
    }],
    starting: &[],
    faithful_to_scale: true,
    build: |params| Ok(Box::new(HighPass { sigma: params.number("sigma") })),
};

#[derive(Clone, Copy)]
struct HighPass {
    sigma: f64,
}

impl Operation for HighPass {
    fn stage(&self, _input: &ImageInfo) -> Result<Stage, Message> {
        Ok(blur_mix::stage(self.sigma, Some(Box::new(*self))))
    }
}

struct Details<'a>(&'a [f32], &'a mut [f32]);

impl NullaryFnOnce for Details<'_> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        for (out, x) in self.1.iter_mut().zip(self.0) {
            *out = 0.5 + (x - *out);
        }
    }
}

impl Mix for HighPass {
    fn mix(&self, original: &[f32], blurred: &mut [f32], _channels: Channels) {
        simd::wide(Details(original, blurred));
    }
}
