//! Tone curves, one for all colours and one for each.

use pulp::NullaryFnOnce;

use crate::model::{Channels, Curve, ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::simd::{self, Bend};
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, PointKernel, Stage};

const fn curve(name: &'static str, summary: &'static str) -> ParamSpec {
    ParamSpec { name, summary, unit: Unit::Levels, kind: ParamKind::Curve { default: "0,0;255,255" } }
}

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "curves",
    summary: "Adjusts tones with curves, for all channels or each one",
    formula: "all(red(R)), all(green(G)), all(blue(B)); monotone cubic interpolation between the points \
              (Fritsch-Carlson), constant before the first point and after the last",
    group: Group::Colour,
    params: &[
        curve("all", "Curve for every colour, applied after its own; in a step: all=\"0,0;64,50;255,255\""),
        curve("red", "Curve for red"),
        curve("green", "Curve for green"),
        curve("blue", "Curve for blue"),
    ],
    starting: &[],
    faithful_to_scale: true,
    build: |params| {
        let [all, red, green, blue] = ["all", "red", "green", "blue"].map(|name| params.curve(name));
        Ok(Box::new(Curves { all, each: [red, green, blue] }))
    },
};

#[derive(Clone)]
struct Curves {
    all: Curve,
    each: [Curve; 3],
}

impl Curves {
    /// Whether every colour has the same function.
    fn is_neutral(&self) -> bool {
        let [red, green, blue] = &self.each;
        red == green && green == blue
    }
}

impl Operation for Curves {
    fn stage(&self, _input: &ImageInfo) -> Result<Stage, Message> {
        let nothing = self.all.is_identity() && self.each.iter().all(Curve::is_identity);
        Ok(if nothing { Stage::Nothing } else { Stage::Point(Box::new(self.clone())) })
    }
}

impl Bend for Curves {
    #[inline(always)]
    fn bend(&self, channel: usize, values: &mut [f32]) {
        self.each[channel].bend(values);
        self.all.bend(values);
    }
}

/// Applies one curve to every sample.
struct Throughout<'a>(&'a Curves, &'a mut [f32]);

impl NullaryFnOnce for Throughout<'_> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        self.0.bend(0, self.1);
    }
}

impl PointKernel for Curves {
    fn channels(&self, input: Channels) -> Channels {
        if self.is_neutral() { input } else { input.with_colour() }
    }

    fn apply(&self, samples: &mut [f32], channels: Channels) {
        if self.is_neutral() && !channels.has_alpha() {
            simd::wide(Throughout(self, samples));
        } else {
            simd::bend(samples, channels, self);
        }
    }

    fn channel_curve(&self, channel: usize, value: f32) -> Option<f32> {
        self.each.get(channel).map(|curve| self.all.at(curve.at(value)))
    }
}
