//! Unsharp mask.

use pulp::NullaryFnOnce;

use crate::model::{Channels, ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::blur_mix::{self, Mix};
use crate::op::kernels::simd;
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, Stage};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "sharpen",
    summary: "Sharpens edges with an unsharp mask",
    formula: "x + amount * (x - G(x)) where |x - G(x)| >= threshold, and G is a Gaussian blur of sigma; alpha is \
              unchanged",
    group: Group::Detail,
    params: &[
        ParamSpec {
            name: "sigma",
            summary: "Standard deviation of the blur: the width of the edges it acts on",
            unit: Unit::Px,
            kind: ParamKind::Float { min: 0.0, max: 200.0, soft_max: 10.0, default: 1.0 },
        },
        ParamSpec {
            name: "amount",
            summary: "Share of the difference that is added",
            unit: Unit::None,
            kind: ParamKind::Float { min: 0.0, max: 20.0, soft_max: 3.0, default: 0.8 },
        },
        ParamSpec {
            name: "threshold",
            summary: "Smaller differences, such as noise, are left unchanged",
            unit: Unit::Levels,
            kind: ParamKind::Float { min: 0.0, max: 255.0, soft_max: 20.0, default: 0.0 },
        },
    ],
    starting: &[],
    faithful_to_scale: true,
    build: |params| {
        Ok(Box::new(Sharpen {
            sigma: params.number("sigma"),
            amount: params.number("amount") as f32,
            threshold: (params.number("threshold") / 255.0) as f32,
        }))
    },
};

#[derive(Clone, Copy)]
struct Sharpen {
    sigma: f64,
    amount: f32,
    threshold: f32,
}

impl Operation for Sharpen {
    fn stage(&self, _input: &ImageInfo) -> Result<Stage, Message> {
        // Such a narrow Gaussian has a single weight.
        let nothing = self.amount == 0.0 || self.sigma < 0.125;
        Ok(if nothing { Stage::Nothing } else { blur_mix::stage(self.sigma, Some(Box::new(*self))) })
    }
}

struct Unsharp<'a> {
    original: &'a [f32],
    blurred: &'a mut [f32],
    amount: f32,
}

impl NullaryFnOnce for Unsharp<'_> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        for (out, x) in self.blurred.iter_mut().zip(self.original) {
            *out = x + self.amount * (x - *out);
        }
    }
}

struct FromThreshold<'a> {
    unsharp: Unsharp<'a>,
    threshold: f32,
}

impl NullaryFnOnce for FromThreshold<'_> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Unsharp { original, blurred, amount } = self.unsharp;
        for (out, x) in blurred.iter_mut().zip(original) {
            let difference = x - *out;
            *out = if difference.abs() >= self.threshold { x + amount * difference } else { *x };
        }
    }
}

impl Mix for Sharpen {
    fn mix(&self, original: &[f32], blurred: &mut [f32], _channels: Channels) {
        let unsharp = Unsharp { original, blurred, amount: self.amount };
        if self.threshold > 0.0 {
            simd::wide(FromThreshold { unsharp, threshold: self.threshold });
        } else {
            simd::wide(unsharp);
        }
    }

    fn amount(&self) -> Option<f32> {
        (self.threshold == 0.0).then_some(self.amount)
    }
}
