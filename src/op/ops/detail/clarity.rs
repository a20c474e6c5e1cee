//! Clarity: contrast between neighbouring areas, mostly in the midtones.

use pulp::NullaryFnOnce;

use crate::model::{Channels, ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::blur_mix::{self, Mix};
use crate::op::kernels::simd;
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, Stage};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "clarity",
    summary: "Strengthens or softens local contrast, mostly in the midtones",
    formula: "x + amount / 100 * 4 L (1 - L) (L - G(L)) for each channel x, where L is the Rec. 601 luma (0 to 1) and \
              G a Gaussian blur of sigma; alpha is unchanged",
    group: Group::Detail,
    params: &[
        ParamSpec {
            name: "amount",
            summary: "Above 0 strengthens contrast, below 0 softens it; 0 changes nothing",
            unit: Unit::None,
            kind: ParamKind::Float { min: -100.0, max: 200.0, soft_max: 100.0, default: 40.0 },
        },
        ParamSpec {
            name: "sigma",
            summary: "Standard deviation of the blur: the size of the areas whose contrast changes",
            unit: Unit::Px,
            kind: ParamKind::Float { min: 1.0, max: 200.0, soft_max: 100.0, default: 40.0 },
        },
    ],
    starting: &[],
    faithful_to_scale: true,
    build: |params| {
        let amount = (params.number("amount") / 100.0) as f32;
        Ok(Box::new(Clarity { amount, sigma: params.number("sigma") }))
    },
};

#[derive(Clone, Copy)]
struct Clarity {
    amount: f32,
    sigma: f64,
}

impl Operation for Clarity {
    fn stage(&self, _input: &ImageInfo) -> Result<Stage, Message> {
        let nothing = self.amount == 0.0 || self.sigma < 0.125;
        Ok(if nothing { Stage::Nothing } else { blur_mix::stage(self.sigma, Some(Box::new(*self))) })
    }
}

/// Pixels of `N` channels; the first `C` are colours.
struct Local<'a, const N: usize, const C: usize> {
    amount: f32,
    original: &'a [f32],
    blurred: &'a mut [f32],
}

#[inline(always)]
fn luma<const N: usize, const C: usize>(pixel: &[f32; N]) -> f32 {
    if C == 3 { 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2] } else { pixel[0] }
}

impl<const N: usize, const C: usize> NullaryFnOnce for Local<'_, N, C> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        for (out, original) in self.blurred.as_chunks_mut::<N>().0.iter_mut().zip(self.original.as_chunks::<N>().0) {
            let here = luma::<N, C>(original);
            let more = self.amount * 4.0 * here * (1.0 - here) * (here - luma::<N, C>(out));
            for (out, x) in out.iter_mut().zip(original) {
                *out = x + more;
            }
        }
    }
}

impl Mix for Clarity {
    fn mix(&self, original: &[f32], blurred: &mut [f32], channels: Channels) {
        let amount = self.amount;
        match channels {
            Channels::Gray => simd::wide(Local::<1, 1> { amount, original, blurred }),
            Channels::GrayAlpha => simd::wide(Local::<2, 1> { amount, original, blurred }),
            Channels::Rgb => simd::wide(Local::<3, 3> { amount, original, blurred }),
            Channels::Rgba => simd::wide(Local::<4, 3> { amount, original, blurred }),
        }
    }
}
