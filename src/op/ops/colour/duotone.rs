//! Duotone: a print in two inks.

use crate::model::{Channels, ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::luma;
use crate::op::kernels::simd::{self, Mix};
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, PointKernel, Stage};

const fn colour(name: &'static str, summary: &'static str, default: &'static str) -> ParamSpec {
    ParamSpec { name, summary, unit: Unit::None, kind: ParamKind::Colour { default } }
}

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "duotone",
    summary: "Recolours the image with two colours, one for shadows and one for highlights",
    formula: "shadows + (highlights - shadows) * L, where L is the Rec. 601 luma of encoded values; grayscale images \
              gain colour",
    group: Group::Colour,
    params: &[
        colour("shadows", "Colour that replaces black (alpha is ignored)", "#14213d"),
        colour("highlights", "Colour that replaces white (alpha is ignored)", "#fff4d6"),
    ],
    starting: &[],
    faithful_to_scale: true,
    build: |params| {
        let [low, high] = ["shadows", "highlights"].map(|name| params.colour(name).0);
        let inks = [0, 1, 2].map(|channel: usize| (low[channel], high[channel] - low[channel]));
        Ok(Box::new(Duotone { inks }))
    },
};

/// For red, green and blue: the value of black, and the difference to white.
#[derive(Clone, Copy)]
struct Duotone {
    inks: [(f32, f32); 3],
}

impl Operation for Duotone {
    fn stage(&self, input: &ImageInfo) -> Result<Stage, Message> {
        Ok(Stage::Sequence(vec![luma::to_luma(input), Stage::Point(Box::new(*self))]))
    }
}

impl Mix for Duotone {
    #[inline(always)]
    fn at(self, [gray, ..]: [f32; 3]) -> [f32; 3] {
        self.inks.map(|(low, range)| gray * range + low)
    }
}

/// For grayscale images.
impl PointKernel for Duotone {
    fn channels(&self, input: Channels) -> Channels {
        input.with_colour()
    }

    fn apply(&self, samples: &mut [f32], channels: Channels) {
        simd::mix(samples, channels, *self);
    }
}
