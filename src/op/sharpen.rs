//! Unsharp mask.

use pulp::NullaryFnOnce;

use super::gaussian_blur::Gaussian;
use super::stage::{Operation, Stage, WindowKernel, WindowRows};
use super::{Group, OpSpec, simd};
use crate::model::{Channels, ImageInfo, ParamKind, ParamSpec, Unit};

pub(super) const SPEC: OpSpec = OpSpec {
    id: "sharpen",
    summary: "Unsharp mask: x + amount * (x - G(x)), G a Gaussian blur of sigma; alpha stays",
    group: Group::Detail,
    params: &[
        ParamSpec {
            name: "sigma",
            summary: "Standard deviation of the blur: how wide an edge is worked on",
            unit: Unit::Px,
            kind: ParamKind::Float { min: 0.0, max: 200.0, soft_max: 10.0, default: 1.0 },
        },
        ParamSpec {
            name: "amount",
            summary: "How much of the difference is added",
            unit: Unit::None,
            kind: ParamKind::Float { min: 0.0, max: 20.0, soft_max: 3.0, default: 0.8 },
        },
    ],
    faithful_to_scale: true,
    build: |params| Ok(Box::new(Sharpen { sigma: params.number("sigma"), amount: params.number("amount") as f32 })),
};

struct Sharpen {
    sigma: f64,
    amount: f32,
}

impl Operation for Sharpen {
    fn stage(&self, _input: &ImageInfo) -> Result<Stage, String> {
        let blur = Gaussian::new(self.sigma);
        if blur.radius() == 0 || self.amount == 0.0 {
            return Ok(Stage::Nothing);
        }
        Ok(Stage::Window { halo_px: blur.radius(), kernel: Box::new(Unsharp { blur, amount: self.amount }) })
    }
}

struct Unsharp {
    blur: Gaussian,
    amount: f32,
}

struct Combine<'a> {
    original: &'a [f32],
    blurred: &'a mut [f32],
    amount: f32,
}

impl NullaryFnOnce for Combine<'_> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        for (out, x) in self.blurred.iter_mut().zip(self.original) {
            *out = x + self.amount * (x - *out);
        }
    }
}

impl WindowKernel for Unsharp {
    fn prepare(&self, extended: &[f32], channels: Channels, prepared: &mut [f32]) {
        self.blur.prepare(extended, channels, prepared);
    }

    fn finish(&self, rows: &WindowRows<'_>, out: &mut [f32]) {
        self.blur.finish(rows, out);
    }

    fn combine(&self, original: &[f32], channels: Channels, out: &mut [f32]) {
        simd::wide(Combine { original, blurred: out, amount: self.amount });
        let count = channels.count();
        if channels.has_alpha() {
            let alphas = original.iter().skip(count - 1).step_by(count);
            out.iter_mut().skip(count - 1).step_by(count).zip(alphas).for_each(|(out, alpha)| *out = *alpha);
        }
    }

    fn wants_original(&self) -> bool {
        true
    }

    fn is_symmetric(&self) -> bool {
        true
    }
}
