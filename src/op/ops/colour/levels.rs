//! Levels: the black point, the white point and the midtones.

use crate::model::{Channels, ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::simd::{self, Tone};
use crate::op::kernels::transfer_curve;
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, PointKernel, Stage};

const fn level(name: &'static str, summary: &'static str, default: f64) -> ParamSpec {
    let kind = ParamKind::Float { min: 0.0, max: 255.0, soft_max: 255.0, default };
    ParamSpec { name, summary, unit: Unit::Levels, kind }
}

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "levels",
    summary: "Sets the black point, the white point and the midtones",
    formula: "out_black + (out_white - out_black) * t ^ (1 / gamma), where t = (v - black) / (white - black), limited \
              to 0 to 1 (as ImageMagick's -level and Photoshop)",
    group: Group::Colour,
    params: &[
        level("black", "This level and everything below it become black", 0.0),
        level("white", "This level and everything above it become white", 255.0),
        ParamSpec {
            name: "gamma",
            summary: "Above 1 lightens the midtones, below 1 darkens them",
            unit: Unit::None,
            kind: ParamKind::Float { min: 0.1, max: 10.0, soft_max: 4.0, default: 1.0 },
        },
        level("out_black", "Level that replaces black; above out_white the image is inverted", 0.0),
        level("out_white", "Level that replaces white", 255.0),
    ],
    starting: &[],
    faithful_to_scale: true,
    build: |params| {
        let number = |name| params.number(name);
        let width = number("white") - number("black");
        if width <= 0.0 {
            let message = Message::new("levels_order");
            return Err(message.with("black", number("black")).with("white", number("white")));
        }
        Ok(Box::new(Levels {
            black: (number("black") / 255.0) as f32,
            stretch: (255.0 / width) as f32,
            exponent: number("gamma").recip() as f32,
            low: (number("out_black") / 255.0) as f32,
            range: ((number("out_white") - number("out_black")) / 255.0) as f32,
        }))
    },
};

#[derive(Clone, Copy, PartialEq)]
struct Levels {
    black: f32,
    stretch: f32,
    exponent: f32,
    low: f32,
    range: f32,
}

/// The same with gamma.
#[derive(Clone, Copy)]
struct WithGamma(Levels);

impl Tone for Levels {
    #[inline(always)]
    fn at(self, value: f32) -> f32 {
        simd::unit((value - self.black) * self.stretch) * self.range + self.low
    }
}

impl Tone for WithGamma {
    #[inline(always)]
    fn at(self, value: f32) -> f32 {
        let Self(levels) = self;
        let stretched = simd::unit((value - levels.black) * levels.stretch);
        transfer_curve::power(stretched, levels.exponent) * levels.range + levels.low
    }
}

impl Operation for Levels {
    fn stage(&self, _input: &ImageInfo) -> Result<Stage, Message> {
        let same = Self { black: 0.0, stretch: 1.0, exponent: 1.0, low: 0.0, range: 1.0 };
        Ok(if *self == same { Stage::Nothing } else { Stage::Point(Box::new(*self)) })
    }
}

impl PointKernel for Levels {
    fn apply(&self, samples: &mut [f32], channels: Channels) {
        if self.exponent == 1.0 {
            simd::tone(samples, channels, *self);
        } else {
            simd::tone(samples, channels, WithGamma(*self));
        }
    }

    fn curve(&self, value: f32) -> Option<f32> {
        Some(if self.exponent == 1.0 { self.at(value) } else { WithGamma(*self).at(value) })
    }

    fn is_quick(&self) -> bool {
        self.exponent == 1.0
    }
}
