//! Rotation about the centre.

use super::simd::{self, Sample};
use super::stage::{Colour, Operation, Stage, Turn, WholeKernel};
use super::{Group, OpSpec};
use crate::model::{Band, Channels, ImageInfo, ParamKind, ParamSpec, Samples, Unit};

pub(super) const SPEC: OpSpec = OpSpec {
    id: "rotate",
    summary: "Turned clockwise; multiples of 90 without loss, others bilinear on a canvas that grows to hold all of it",
    group: Group::Geometry,
    params: &[
        ParamSpec {
            name: "degrees",
            summary: "Above 0 is clockwise",
            unit: Unit::Degrees,
            kind: ParamKind::Float { min: -360.0, max: 360.0, soft_max: 180.0, default: 90.0 },
        },
        ParamSpec {
            name: "background",
            summary: "Colour of the corners: white, black, transparent, #rgb, #rrggbb or #rrggbbaa",
            unit: Unit::None,
            kind: ParamKind::Colour { default: "white" },
        },
    ],
    faithful_to_scale: true,
    build: |params| Ok(Box::new(Rotate { degrees: params.number("degrees"), background: params.colour("background") })),
};

struct Rotate {
    degrees: f64,
    background: Colour,
}

impl Operation for Rotate {
    fn stage(&self, _input: &ImageInfo) -> Result<Stage, String> {
        if self.degrees % 90.0 == 0.0 {
            let turn = Turn::quarters((self.degrees / 90.0) as i64);
            return Ok(if turn.is_identity() { Stage::Nothing } else { Stage::Turn(turn) });
        }
        let (sin, cos) = self.degrees.to_radians().sin_cos();
        Ok(Stage::Whole(Box::new(Bilinear { sin, cos, background: self.background })))
    }
}

struct Bilinear {
    sin: f64,
    cos: f64,
    background: Colour,
}

impl WholeKernel for Bilinear {
    fn output(&self, input: &ImageInfo) -> ImageInfo {
        let (width, height) = (f64::from(input.width_px), f64::from(input.height_px));
        let grown = |across: f64, down: f64| (across.abs() + down.abs() - 1e-6).ceil().max(1.0) as u32;
        ImageInfo {
            width_px: grown(width * self.cos, height * self.sin),
            height_px: grown(width * self.sin, height * self.cos),
            channels: self.background.channels_with(input.channels),
            ..*input
        }
    }

    fn row(&self, picture: &Band, y: u32, out: &mut [f32]) {
        simd::with_samples!(&picture.samples, samples => self.line(picture, samples, y, out));
    }
}

impl Bilinear {
    fn line<T: Sample>(&self, picture: &Band, samples: &[T], y: u32, out: &mut [f32]) {
        let (width, height) = (i64::from(picture.width_px), i64::from(picture.rows));
        let channels = self.background.channels_with(picture.channels);
        let count = channels.count();
        let mut border = self.background.samples(channels);
        simd::premultiply(border.get_mut(..count).unwrap_or_default(), channels);
        let pixel = |x: i64, y: i64| {
            if x < 0 || y < 0 || x >= width || y >= height {
                return border;
            }
            let start = (y * width + x) as usize * picture.channels.count();
            widened(samples.get(start..).unwrap_or_default(), picture.channels, channels)
        };
        let columns = out.len() / count;
        let canvas = self.output(&ImageInfo {
            width_px: picture.width_px,
            height_px: picture.rows,
            channels: picture.channels,
            sample: picture.samples.sample(),
            premultiplied: false,
        });
        let down = f64::from(y) + 0.5 - f64::from(canvas.height_px) / 2.0;
        for (x, to) in out.chunks_exact_mut(count).enumerate() {
            let across = x as f64 + 0.5 - columns as f64 / 2.0;
            let from_x = across * self.cos + down * self.sin + width as f64 / 2.0 - 0.5;
            let from_y = down * self.cos - across * self.sin + height as f64 / 2.0 - 0.5;
            let (left, top) = (from_x.floor(), from_y.floor());
            let (fx, fy) = ((from_x - left) as f32, (from_y - top) as f32);
            let (left, top) = (left as i64, top as i64);
            let corners = [pixel(left, top), pixel(left + 1, top), pixel(left, top + 1), pixel(left + 1, top + 1)];
            let weights = [(1.0 - fx) * (1.0 - fy), fx * (1.0 - fy), (1.0 - fx) * fy, fx * fy];
            for (channel, value) in to.iter_mut().enumerate() {
                *value = corners
                    .iter()
                    .zip(weights)
                    .map(|(corner, weight)| corner.get(channel).unwrap_or(&0.0) * weight)
                    .sum();
            }
        }
        simd::unpremultiply(out, channels);
    }
}

/// A pixel in other channels (none are lost), premultiplied.
fn widened<T: Sample>(pixel: &[T], from: Channels, to: Channels) -> [f32; 4] {
    let sample = |i: usize| pixel.get(i).map_or(0.0, |sample| sample.to_unit());
    let (colour, alpha) = match from {
        Channels::Gray => ([sample(0); 3], 1.0),
        Channels::GrayAlpha => ([sample(0); 3], sample(1)),
        Channels::Rgb => ([sample(0), sample(1), sample(2)], 1.0),
        Channels::Rgba => ([sample(0), sample(1), sample(2)], sample(3)),
    };
    let [r, g, b] = colour.map(|value| value * alpha);
    match to {
        Channels::Gray | Channels::GrayAlpha => [r, alpha, 0.0, 0.0],
        Channels::Rgb | Channels::Rgba => [r, g, b, alpha],
    }
}
