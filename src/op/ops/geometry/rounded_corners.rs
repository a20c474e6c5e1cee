//! Cuts off corners along a quarter of a circle.

use crate::config::MAX_SIDE_PX;
use crate::model::{Channels, ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Colour, Operation, PositionalKernel, Stage};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "rounded_corners",
    summary: "Rounds the corners of the image",
    formula: "alpha * clamp(radius + 0.5 - d), where d is the distance from the centre of the corner's circle",
    group: Group::Geometry,
    params: &[
        ParamSpec {
            name: "radius",
            summary: "Radius of the circle, at most half of the shorter side",
            unit: Unit::Px,
            kind: ParamKind::Float { min: 0.0, max: MAX_SIDE_PX as f64, soft_max: 500.0, default: 40.0 },
        },
        ParamSpec {
            name: "background",
            summary: "Colour of the corners: transparent (white in formats without transparency), white, black, #rgb, \
                      #rrggbb or #rrggbbaa",
            unit: Unit::None,
            kind: ParamKind::Colour { default: "transparent" },
        },
    ],
    starting: &[],
    faithful_to_scale: true,
    build: |params| {
        Ok(Box::new(RoundedCorners { radius_px: params.number("radius"), background: params.colour("background") }))
    },
};

struct RoundedCorners {
    radius_px: f64,
    background: Colour,
}

impl Operation for RoundedCorners {
    fn stage(&self, input: &ImageInfo) -> Result<Stage, Message> {
        let (width, height) = (f64::from(input.width_px), f64::from(input.height_px));
        let radius = self.radius_px.min(width.min(height) / 2.0);
        if radius <= 0.0 {
            return Ok(Stage::Nothing);
        }
        Ok(Stage::Positional(Box::new(Corners { width, height, radius, background: self.background })))
    }
}

struct Corners {
    width: f64,
    height: f64,
    radius: f64,
    background: Colour,
}

impl Corners {
    /// The share of a pixel that is kept, 0 to 1.
    fn kept(&self, x: u32, y: u32) -> f32 {
        // Distance of the pixel's centre from the nearest circle's centre, towards the corner.
        let beyond =
            |at: u32, size: f64| (self.radius - (f64::from(at) + 0.5).min(size - f64::from(at) - 0.5)).max(0.0);
        let (across, down) = (beyond(x, self.width), beyond(y, self.height));
        if across == 0.0 || down == 0.0 {
            return 1.0;
        }
        (self.radius + 0.5 - across.hypot(down)).clamp(0.0, 1.0) as f32
    }
}

impl PositionalKernel for Corners {
    fn channels(&self, input: Channels) -> Channels {
        self.background.channels_with(input)
    }

    fn apply(&self, x: u32, y: u32, samples: &mut [f32], channels: Channels) {
        self.cover(x, y, samples, channels, self.background);
    }

    fn covers(&self) -> bool {
        true
    }

    fn cover(&self, x: u32, y: u32, samples: &mut [f32], channels: Channels, fill: Colour) {
        let (row, height) = (f64::from(y) + 0.5, self.height);
        if row.min(height - row) >= self.radius {
            return;
        }
        let count = channels.count();
        let background = fill.samples(channels);
        for (i, pixel) in samples.chunks_exact_mut(count).enumerate() {
            let cover = self.kept(x + i as u32, y);
            if cover < 1.0 {
                mix(pixel, &background, 1.0 - cover, channels);
            }
        }
    }
}

/// Mixes a share of a colour into a pixel, neither premultiplied, weighted by their alphas.
fn mix(pixel: &mut [f32], colour: &[f32; 4], share: f32, channels: Channels) {
    let colours = channels.colour_count();
    let (from, to) = match (channels.has_alpha(), pixel.get(colours), colour.get(colours)) {
        (true, Some(from), Some(to)) => (from * (1.0 - share), to * share),
        _ => (1.0 - share, share),
    };
    let alpha = from + to;
    for (value, colour) in pixel.iter_mut().zip(colour).take(colours) {
        *value = if alpha > 0.0 { (*value * from + colour * to) / alpha } else { *value };
    }
    if channels.has_alpha()
        && let Some(value) = pixel.get_mut(colours)
    {
        *value = alpha;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_removed_area_is_that_of_four_corners() {
        for (width, height, radius) in [(200, 160, 50.0), (101, 101, 50.5), (90, 70, 12.25)] {
            let corners =
                Corners { width: f64::from(width), height: f64::from(height), radius, background: Colour([0.0; 4]) };
            let kept: f64 = (0..height).map(|y| (0..width).map(|x| f64::from(corners.kept(x, y))).sum::<f64>()).sum();
            let cut = f64::from(width) * f64::from(height) - kept;
            let exact = (4.0 - std::f64::consts::PI) * radius * radius;
            assert!((cut - exact).abs() < 0.02 * exact + 1.0, "{width} {height} {radius}: {cut} {exact}");
            for (x, y) in [(0, 0), (1, 7), (30, 2)] {
                let mirrored = [(width - 1 - x, y), (x, height - 1 - y), (width - 1 - x, height - 1 - y)];
                assert!(mirrored.iter().all(|(mx, my)| corners.kept(*mx, *my) == corners.kept(x, y)));
            }
        }
    }

    #[test]
    fn opacity_reduces_alpha_and_keeps_colour() {
        let corners = Corners { width: 40.0, height: 40.0, radius: 20.0, background: Colour([0.0; 4]) };
        let mut row = [[0.2, 0.4, 0.6, 0.5]; 40].concat();
        corners.apply(0, 3, &mut row, Channels::Rgba);
        let mut partly = 0;
        for (x, pixel) in row.chunks_exact(4).enumerate() {
            let cover = corners.kept(x as u32, 3);
            partly += usize::from(cover > 0.0 && cover < 1.0);
            assert!((pixel[3] - 0.5 * cover).abs() < 1e-6);
            let same = pixel.iter().zip([0.2, 0.4, 0.6]).all(|(value, original)| (value - original).abs() < 1e-6);
            assert!(same, "{x}: {pixel:?}");
        }
        assert!(partly > 2);
        // On a colour, the result has no alpha.
        let white = Corners { background: Colour::WHITE, ..corners };
        assert_eq!(white.channels(Channels::Gray), Channels::Gray);
        let mut row = [0.0; 40];
        white.apply(0, 0, &mut row, Channels::Gray);
        assert_eq!((row[0], row[19]), (1.0, 1.0 - white.kept(19, 0)));
    }
}
