//! Luma, and gray as any weighted sum of colours.

use super::simd::{self, Tone};
use crate::model::{Channels, ImageInfo, ParamKind, ParamSpec, Unit};
use crate::op::stage::{PointKernel, Stage};

pub(crate) const REC_601: [f32; 3] = [0.299, 0.587, 0.114];

/// The parameter of steps that can work on each colour channel instead of on the luma.
pub(crate) const SEPARATE_COLOURS: ParamSpec = ParamSpec {
    name: "colour",
    summary: "Processes each colour channel separately instead of the luma",
    unit: Unit::None,
    kind: ParamKind::Bool { default: false },
};

/// A stage that works on each colour channel, or else on the luma.
pub(crate) fn of_colours_or_luma(stage: Stage, separate_colours: bool, input: &ImageInfo) -> Stage {
    if separate_colours { stage } else { Stage::Sequence(vec![to_luma(input), stage]) }
}

/// Rec. 601 luma of encoded values.
#[inline(always)]
pub(crate) fn luma(r: f32, g: f32, b: f32) -> f32 {
    let [of_r, of_g, of_b] = REC_601;
    of_r * r + of_g * g + of_b * b
}

/// Turns an image to its Rec. 601 luma, for steps that look at nothing else.
pub(crate) fn to_luma(input: &ImageInfo) -> Stage {
    to_gray(input, REC_601)
}

/// Converts an image to gray by any weights of red, green and blue.
pub(crate) fn to_gray(input: &ImageInfo, weights: [f32; 3]) -> Stage {
    let nothing = input.channels.colour_count() == 1;
    if nothing { Stage::Nothing } else { Stage::Point(Box::new(Mono { weights, constant: 0.0 })) }
}

/// Gray as a weighted sum of red, green and blue.
#[derive(Clone, Copy)]
pub(crate) struct Mono {
    /// Weights of red, green and blue.
    pub(crate) weights: [f32; 3],
    /// The constant that is added.
    pub(crate) constant: f32,
}

impl Mono {
    #[inline(always)]
    fn of(&self, r: f32, g: f32, b: f32) -> f32 {
        let [of_r, of_g, of_b] = self.weights;
        of_r * r + of_g * g + of_b * b + self.constant
    }
}

/// Packs the results for pixels of `FROM` samples at the front, as pixels of `TO` samples.
#[inline(always)]
fn pack<const FROM: usize, const TO: usize>(samples: &mut [f32], function: impl Fn(&[f32; FROM]) -> [f32; TO]) {
    for i in 0..samples.len() / FROM {
        let pixel = samples.get(i * FROM..).and_then(|from| from.first_chunk()).map(&function);
        if let (Some(pixel), Some(to)) = (pixel, samples.get_mut(i * TO..).and_then(|to| to.first_chunk_mut())) {
            *to = pixel;
        }
    }
}

/// For gray.
impl Tone for Mono {
    #[inline(always)]
    fn at(self, value: f32) -> f32 {
        self.of(value, value, value)
    }
}

impl PointKernel for Mono {
    fn channels(&self, input: Channels) -> Channels {
        if input.has_alpha() { Channels::GrayAlpha } else { Channels::Gray }
    }

    fn apply(&self, samples: &mut [f32], channels: Channels) {
        match channels {
            Channels::Rgb => simd::wide(|| pack(samples, |[r, g, b]| [self.of(*r, *g, *b)])),
            Channels::Rgba => simd::wide(|| pack(samples, |[r, g, b, a]| [self.of(*r, *g, *b), *a])),
            // A decoder may already have delivered luma.
            Channels::Gray | Channels::GrayAlpha if self.is_luma() => {}
            Channels::Gray | Channels::GrayAlpha => {
                simd::tone(samples, channels, *self);
            }
        }
    }

    fn is_luma(&self) -> bool {
        self.weights == REC_601 && self.constant == 0.0
    }
}
