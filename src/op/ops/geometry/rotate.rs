//! Rotates the image about its centre.

use std::sync::Arc;

use crate::model::{Channels, ImageInfo, Message, ParamKind, ParamSpec, Samples, Unit};
use crate::op::kernels::simd::{self, Sample};
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Colour, HeldImage, Operation, Rect, Stage, Turn, WholeKernel};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "rotate",
    summary: "Rotates the image clockwise about its centre",
    formula: "Multiples of 90 degrees are lossless. Other angles use Catmull-Rom interpolation (4 x 4 pixels, \
              premultiplied alpha) and smooth edges",
    group: Group::Geometry,
    params: &[
        ParamSpec {
            name: "degrees",
            summary: "Above 0 is clockwise",
            unit: Unit::Degrees,
            kind: ParamKind::Float { min: -360.0, max: 360.0, soft_max: 180.0, default: 90.0 },
        },
        ParamSpec {
            name: "canvas",
            summary: "Canvas for angles other than multiples of 90 degrees. expand: grows to hold the whole image; \
                      keep: keeps its size; crop: shrinks to the largest upright rectangle without empty corners",
            unit: Unit::None,
            kind: ParamKind::Choice { options: &["expand", "keep", "crop"], default: "expand" },
        },
        ParamSpec {
            name: "background",
            summary: "Colour of the corners: white, black, transparent, #rgb, #rrggbb or #rrggbbaa",
            unit: Unit::None,
            kind: ParamKind::Colour { default: "white" },
        },
    ],
    starting: &[],
    faithful_to_scale: true,
    build: |params| {
        let canvas = match params.text("canvas") {
            "keep" => Canvas::Keep,
            "crop" => Canvas::Crop,
            _ => Canvas::Expand,
        };
        Ok(Box::new(Rotate { degrees: params.number("degrees"), canvas, background: params.colour("background") }))
    },
};

#[derive(Clone, Copy, PartialEq)]
enum Canvas {
    Expand,
    Keep,
    Crop,
}

struct Rotate {
    degrees: f64,
    canvas: Canvas,
    background: Colour,
}

impl Operation for Rotate {
    fn stage(&self, input: &ImageInfo) -> Result<Stage, Message> {
        if self.degrees % 90.0 == 0.0 {
            let turn = Turn::quarters((self.degrees / 90.0) as i64);
            return Ok(if turn.is_identity() { Stage::Nothing } else { Stage::Turn(turn) });
        }
        let (sin, cos) = self.degrees.to_radians().sin_cos();
        let canvas_px = canvas(self.canvas, sin.abs(), cos.abs(), input);
        let is_inside = self.canvas == Canvas::Crop;
        let channels = if is_inside { input.channels } else { self.background.channels_with(input.channels) };
        Ok(Stage::Whole(Box::new(Cubic { sin, cos, canvas_px, is_inside, channels, background: self.background })))
    }
}

/// Width and height of the result in px.
fn canvas(canvas: Canvas, sin: f64, cos: f64, input: &ImageInfo) -> (u32, u32) {
    let (width, height) = (f64::from(input.width_px), f64::from(input.height_px));
    match canvas {
        Canvas::Keep => (input.width_px, input.height_px),
        Canvas::Expand => {
            let grown = |px: f64| (px - 1e-6).ceil().max(1.0) as u32;
            (grown(width * cos + height * sin), grown(width * sin + height * cos))
        }
        Canvas::Crop => {
            let (long, short) = (width.max(height), width.min(height));
            let (across, down) = if short <= 2.0 * sin * cos * long || (sin - cos).abs() < 1e-10 {
                // Two corners touch the long sides, the other two touch nothing.
                let half = 0.5 * short;
                if width >= height { (half / sin, half / cos) } else { (half / cos, half / sin) }
            } else {
                let double = cos * cos - sin * sin;
                ((width * cos - height * sin) / double, (height * cos - width * sin) / double)
            };
            let shrunk = |px: f64| (px + 1e-6).floor().max(1.0) as u32;
            (shrunk(across), shrunk(down))
        }
    }
}

#[derive(Clone)]
struct Cubic {
    sin: f64,
    cos: f64,
    canvas_px: (u32, u32),
    /// Whether the canvas is within the image, so that no background is visible.
    is_inside: bool,
    channels: Channels,
    background: Colour,
}

/// Catmull-Rom weights of four neighbours, at `t` after the second.
#[inline(always)]
fn weights(t: f32) -> [f32; 4] {
    let (square, cube) = (t * t, t * t * t);
    [
        -0.5 * cube + square - 0.5 * t,
        1.5 * cube - 2.5 * square + 1.0,
        -1.5 * cube + 2.0 * square + 0.5 * t,
        0.5 * cube - 0.5 * square,
    ]
}

impl Cubic {
    /// The position in the image of a point of the result, both in px from the top left corner.
    #[inline(always)]
    fn source(&self, input: &ImageInfo, x: f64, y: f64) -> (f64, f64) {
        let across = x - f64::from(self.canvas_px.0) / 2.0;
        let down = y - f64::from(self.canvas_px.1) / 2.0;
        (
            across * self.cos + down * self.sin + f64::from(input.width_px) / 2.0,
            down * self.cos - across * self.sin + f64::from(input.height_px) / 2.0,
        )
    }

    fn line<T: Sample>(&self, picture: &HeldImage<'_>, samples: &[T], x: u32, y: u32, out: &mut [f32]) {
        let channels = picture.band.channels;
        match (channels, self.channels) {
            (Channels::Gray, Channels::Gray) => self.same::<T, 1>(picture, samples, (x, y), out),
            (Channels::Rgb, Channels::Rgb) => self.same::<T, 3>(picture, samples, (x, y), out),
            _ => self.widened(picture, samples, (x, y), out),
        }
    }

    /// The neighbours of a point: columns, rows (within the image, from the top left of the held part) and weights.
    #[inline(always)]
    fn neighbours(picture: &HeldImage<'_>, point: (f64, f64)) -> ([usize; 4], [usize; 4], [f32; 4], [f32; 4]) {
        let axis = |at: f64, size: u32, first: u32, held: u32| {
            let at = at - 0.5;
            let left = at.floor();
            let places = [-1.0, 0.0, 1.0, 2.0].map(|step| {
                let place = (left + step).clamp(0.0, f64::from(size) - 1.0) as u32;
                place.saturating_sub(first).min(held - 1) as usize
            });
            (places, weights((at - left) as f32))
        };
        let (info, part) = (&picture.info, &picture.part);
        let (columns, across) = axis(point.0, info.width_px, part.x, part.width_px);
        let (rows, down) = axis(point.1, info.height_px, part.y, part.height_px);
        (columns, rows, across, down)
    }

    /// The share of a pixel inside the image, 0 to 1.
    #[inline(always)]
    fn cover(&self, info: &ImageInfo, point: (f64, f64)) -> f32 {
        if self.is_inside {
            return 1.0;
        }
        let axis = |at: f64, size: u32| (at.min(f64::from(size) - at) + 0.5).clamp(0.0, 1.0);
        (axis(point.0, info.width_px) * axis(point.1, info.height_px)) as f32
    }

    /// Without alpha, in the channels of the input.
    fn same<T: Sample, const N: usize>(
        &self,
        picture: &HeldImage<'_>,
        samples: &[T],
        (x, y): (u32, u32),
        out: &mut [f32],
    ) {
        let stride = picture.band.width_px as usize;
        let pixels = samples.as_chunks::<N>().0;
        let border = self.background.samples(self.channels);
        for (i, to) in out.as_chunks_mut::<N>().0.iter_mut().enumerate() {
            let point = self.source(&picture.info, f64::from(x) + i as f64 + 0.5, f64::from(y) + 0.5);
            let cover = self.cover(&picture.info, point);
            if cover == 0.0 {
                to.copy_from_slice(border.get(..N).unwrap_or_default());
                continue;
            }
            let (columns, rows, across, down) = Self::neighbours(picture, point);
            let [first, .., last] = columns;
            let mut sum = [0.0; N];
            for (row, down) in rows.iter().zip(down) {
                let mut line = [0.0; N];
                let start = row * stride;
                let run = pixels.get(start + first..).and_then(|rest| rest.first_chunk::<4>());
                // At the edges the outermost pixel counts more than once.
                let four = match run {
                    Some(run) if last == first + 3 => *run,
                    _ => columns.map(|column| pixels.get(start + column).copied().unwrap_or([T::default(); N])),
                };
                for (pixel, across) in four.iter().zip(across) {
                    for (line, sample) in line.iter_mut().zip(pixel) {
                        *line += sample.raw() * across;
                    }
                }
                for (sum, line) in sum.iter_mut().zip(line) {
                    *sum += line * down;
                }
            }
            for ((to, sum), border) in to.iter_mut().zip(sum).zip(border) {
                *to = simd::unit(sum * T::UNIT) * cover + border * (1.0 - cover);
            }
        }
    }

    /// With alpha, or with more channels than the input.
    fn widened<T: Sample>(&self, picture: &HeldImage<'_>, samples: &[T], (x, y): (u32, u32), out: &mut [f32]) {
        let (from, to_channels) = (picture.band.channels, self.channels);
        let (count, stride) = (to_channels.count(), picture.band.width_px as usize);
        let alpha_at = count - 1;
        let mut border = self.background.samples(to_channels);
        simd::premultiply(border.get_mut(..count).unwrap_or_default(), to_channels);
        for (i, to) in out.chunks_exact_mut(count).enumerate() {
            let point = self.source(&picture.info, f64::from(x) + i as f64 + 0.5, f64::from(y) + 0.5);
            let cover = self.cover(&picture.info, point);
            let mut sum = [0.0_f32; 4];
            if cover > 0.0 {
                let (columns, rows, across, down) = Self::neighbours(picture, point);
                for (row, down) in rows.iter().zip(down) {
                    for (column, across) in columns.iter().zip(across) {
                        let start = (row * stride + column) * from.count();
                        let pixel = widened(samples.get(start..).unwrap_or_default(), from, to_channels);
                        for (sum, value) in sum.iter_mut().zip(pixel) {
                            *sum += value * across * down;
                        }
                    }
                }
            }
            // Premultiplied colour can't exceed alpha.
            let alpha = sum.get(alpha_at).copied().unwrap_or(1.0).clamp(0.0, 1.0);
            let most = if to_channels.has_alpha() { alpha } else { 1.0 };
            for (channel, value) in to.iter_mut().enumerate() {
                let is_alpha = to_channels.has_alpha() && channel == alpha_at;
                let sum = sum.get(channel).copied().unwrap_or_default();
                let inside = if is_alpha { alpha } else { sum.clamp(0.0, most) };
                *value = inside * cover + border.get(channel).copied().unwrap_or_default() * (1.0 - cover);
            }
        }
        simd::unpremultiply(out, to_channels);
    }
}

impl WholeKernel for Cubic {
    fn output(&self, input: &ImageInfo) -> ImageInfo {
        let (width_px, height_px) = self.canvas_px;
        ImageInfo { width_px, height_px, channels: self.channels, ..*input }
    }

    fn needs(&self, input: &ImageInfo, part: Rect) -> Rect {
        let (left, top) = (f64::from(part.x), f64::from(part.y));
        let (right, bottom) = (left + f64::from(part.width_px), top + f64::from(part.height_px));
        let corners = [(left, top), (right, top), (left, bottom), (right, bottom)];
        let corners = corners.map(|(x, y)| self.source(input, x, y));
        let span = |at: [f64; 4], size: u32| {
            // Two neighbours on either side of the held part.
            let last = f64::from(size) - 1.0;
            let from = (at.iter().copied().fold(f64::INFINITY, f64::min) - 3.0).clamp(0.0, last);
            let to = (at.iter().copied().fold(0.0, f64::max) + 3.0).clamp(from, last);
            (from.floor() as u32, to.ceil() as u32)
        };
        let (x, right) = span(corners.map(|corner| corner.0), input.width_px);
        let (y, bottom) = span(corners.map(|corner| corner.1), input.height_px);
        Rect { x, y, width_px: right - x + 1, height_px: bottom - y + 1 }
    }

    fn moving(&self, channels: Channels, background: Colour) -> Arc<dyn WholeKernel> {
        Arc::new(Self { channels, background, ..self.clone() })
    }

    fn run(&self, picture: &HeldImage<'_>, x: u32, y: u32, out: &mut [f32]) {
        simd::with_samples!(&picture.band.samples, samples => self.line(picture, samples, x, y, out));
    }
}

/// A pixel converted to more channels, premultiplied.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SampleType;

    #[test]
    fn a_cropped_canvas_is_the_largest_without_empty_corners() {
        let info = |width_px, height_px| ImageInfo {
            width_px,
            height_px,
            channels: Channels::Rgb,
            sample: SampleType::U8,
            premultiplied: false,
        };
        for (width, height) in [(600, 400), (400, 600), (1000, 20), (300, 300)] {
            for degrees in [1.0_f64, 10.0, 30.0, 45.0, 60.0, 89.0, 120.0, -17.0] {
                let (sin, cos) = degrees.to_radians().sin_cos();
                let input = info(width, height);
                let canvas_px = canvas(Canvas::Crop, sin.abs(), cos.abs(), &input);
                let kernel =
                    Cubic { sin, cos, canvas_px, is_inside: true, channels: Channels::Rgb, background: Colour::WHITE };
                let (right, bottom) = (f64::from(canvas_px.0), f64::from(canvas_px.1));
                let mut nearest = f64::INFINITY;
                for (x, y) in [(0.0, 0.0), (right, 0.0), (0.0, bottom), (right, bottom)] {
                    let (x, y) = kernel.source(&input, x, y);
                    assert!((-0.01..=f64::from(width) + 0.01).contains(&x), "{width} {height} {degrees}: {x}");
                    assert!((-0.01..=f64::from(height) + 0.01).contains(&y), "{width} {height} {degrees}: {y}");
                    nearest = nearest.min(x).min(y).min(f64::from(width) - x).min(f64::from(height) - y);
                }
                assert!(nearest < 1.5, "{width} {height} {degrees}: {nearest} px are left at the sides");
            }
        }
    }

    #[test]
    fn the_input_for_a_part_contains_every_neighbour_it_uses() {
        let input = ImageInfo {
            width_px: 300,
            height_px: 200,
            channels: Channels::Gray,
            sample: SampleType::U8,
            premultiplied: false,
        };
        let stage = Rotate { degrees: 33.0, canvas: Canvas::Expand, background: Colour::WHITE }.stage(&input);
        let Ok(Stage::Whole(kernel)) = stage else { panic!("a rotation needs the image") };
        let part = Rect { x: 100, y: 90, width_px: 40, height_px: 30 };
        let needed = kernel.needs(&input, part);
        assert!(u64::from(needed.width_px) * u64::from(needed.height_px) < 60 * 60, "{needed:?}");
        assert!(needed.within(&input) == needed);
        let canvas = kernel.output(&input);
        assert!(canvas.width_px > 300 && canvas.height_px > 200);
    }
}
