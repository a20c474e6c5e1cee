//! Grayscale: one channel instead of three, so that everything after it has a third of the work.

use super::stage::{Operation, PointKernel, Stage};
use super::{Group, OpSpec};
use crate::model::{Channels, ImageInfo};

pub(super) const SPEC: OpSpec = OpSpec {
    id: "grayscale",
    summary: "Gray: 0.299 R + 0.587 G + 0.114 B of encoded values (Rec. 601 luma); alpha stays",
    group: Group::Colour,
    params: &[],
    faithful_to_scale: true,
    build: |_| Ok(Box::new(Grayscale)),
};

struct Grayscale;

impl Operation for Grayscale {
    fn stage(&self, input: &ImageInfo) -> Result<Stage, String> {
        Ok(to_luma(input))
    }
}

#[inline]
fn luma(r: f32, g: f32, b: f32) -> f32 {
    0.299 * r + 0.587 * g + 0.114 * b
}

impl PointKernel for Grayscale {
    fn channels(&self, input: Channels) -> Channels {
        if input.has_alpha() { Channels::GrayAlpha } else { Channels::Gray }
    }

    fn apply(&self, samples: &mut [f32], channels: Channels) {
        match channels {
            Channels::Rgb => {
                for i in 0..samples.len() / 3 {
                    samples[i] = luma(samples[3 * i], samples[3 * i + 1], samples[3 * i + 2]);
                }
            }
            Channels::Rgba => {
                for i in 0..samples.len() / 4 {
                    samples[2 * i] = luma(samples[4 * i], samples[4 * i + 1], samples[4 * i + 2]);
                    samples[2 * i + 1] = samples[4 * i + 3];
                }
            }
            Channels::Gray | Channels::GrayAlpha => {}
        }
    }

    fn is_luma(&self) -> bool {
        true
    }
}

/// Turns a picture to its Rec. 601 luma, for steps that look at nothing else.
pub(super) fn to_luma(input: &ImageInfo) -> Stage {
    if input.channels.colour_count() == 1 { Stage::Nothing } else { Stage::Point(Box::new(Grayscale)) }
}
