//! A soft shadow behind the image.

use crate::model::{Channels, ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::gaussian::Gaussian;
use crate::op::kernels::margins::Margins;
use crate::op::kernels::simd;
use crate::op::kernels::wide_gaussian::{FROM_SIGMA, Wide, WideStream};
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{
    Colour, Operation, Pad, PointKernel, Rect, RowStream, Stage, StreamKernel, WindowKernel, WindowRows,
};

const fn offset(name: &'static str, summary: &'static str) -> ParamSpec {
    let kind = ParamKind::Float { min: -1000.0, max: 1000.0, soft_max: 100.0, default: 10.0 };
    ParamSpec { name, summary, unit: Unit::Px, kind }
}

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "drop_shadow",
    summary: "Adds a soft shadow behind the image",
    formula: "The image's alpha, moved by the offset, blurred (as gaussian_blur) and multiplied by the opacity, with \
              the image on top; the canvas grows to hold the shadow",
    group: Group::Finish,
    params: &[
        offset("offset_x", "Offset of the shadow to the right; below 0 to the left"),
        offset("offset_y", "Offset of the shadow downwards; below 0 upwards"),
        ParamSpec {
            name: "blur",
            summary: "Standard deviation of the blur (half of the blur radius in CSS)",
            unit: Unit::Px,
            kind: ParamKind::Float { min: 0.0, max: 200.0, soft_max: 60.0, default: 10.0 },
        },
        ParamSpec {
            name: "opacity",
            summary: "Opacity of the shadow",
            unit: Unit::Percent,
            kind: ParamKind::Float { min: 0.0, max: 100.0, soft_max: 100.0, default: 50.0 },
        },
        ParamSpec {
            name: "colour",
            summary: "Colour of the shadow: black, white, #rgb or #rrggbb",
            unit: Unit::None,
            kind: ParamKind::Colour { default: "black" },
        },
        ParamSpec {
            name: "background",
            summary: "Colour behind the image: transparent (white in formats without transparency), white, black, #rgb \
                      or #rrggbb",
            unit: Unit::None,
            kind: ParamKind::Colour { default: "transparent" },
        },
    ],
    starting: &[],
    faithful_to_scale: true,
    build: |params| {
        let background = params.colour("background");
        let background = (background.0[3] > 0.0).then_some(background);
        if background.is_some_and(|background| background.0[3] < 1.0) {
            return Err(Message::new("shadow_background"));
        }
        Ok(Box::new(DropShadow {
            offset: (params.number("offset_x"), params.number("offset_y")),
            sigma: params.number("blur"),
            opacity: (params.number("opacity") / 100.0) as f32,
            colour: params.colour("colour"),
            background,
            view_scale: params.view_scale(),
        }))
    },
};

struct DropShadow {
    offset: (f64, f64),
    sigma: f64,
    opacity: f32,
    colour: Colour,
    background: Option<Colour>,
    view_scale: f64,
}

impl Operation for DropShadow {
    fn stage(&self, input: &ImageInfo) -> Result<Stage, Message> {
        let colour = self.colour.0;
        let opacity = self.opacity * colour[3];
        if opacity <= 0.0 {
            return Ok(Stage::Nothing);
        }
        let gaussian = Gaussian::new(self.sigma);
        // Less than a thousandth of the shadow is beyond three standard deviations. In whole pixels of the output.
        let reach = (3.0 * self.sigma / self.view_scale).ceil();
        let whole = |offset: f64| (offset / self.view_scale).round();
        let (x, y) = (whole(self.offset.0), whole(self.offset.1));
        let room = |offset: f64| [reach - offset, reach + offset].map(|px| px.max(0.0));
        let ([left, right], [top, bottom]) = (room(x), room(y));
        let is_gray = |colour: [f32; 4]| colour[0] == colour[1] && colour[1] == colour[2];
        let clear = |[r, g, b, _]: [f32; 4]| Colour([r, g, b, 0.0]);
        // Its colour is invisible; it decides whether the canvas needs colour channels.
        let unseen = match self.background {
            Some(background) if !is_gray(background.0) => clear(background.0),
            _ => clear(colour),
        };
        let margins = Margins { left, top, right, bottom };
        let (mut stages, grown) = margins.stages(input, self.view_scale, unseen);
        let (across, down) = (Moved::new(&gaussian, x * self.view_scale), Moved::new(&gaussian, y * self.view_scale));
        let halo_px = across.halo_px().max(down.halo_px());
        let channels = grown.channels;
        let kernel = Shadow {
            across,
            down,
            halo: halo_px as usize,
            opacity,
            colour: self.colour.samples(channels),
            background: self.background.map(|background| background.samples(channels)),
        };
        // A transparent pixel on every side, which is cut off again: nothing beyond it casts a shadow.
        stages.push(Stage::Pad(Pad {
            left_px: 1,
            top_px: 1,
            width_px: grown.width_px.saturating_add(2),
            height_px: grown.height_px.saturating_add(2),
            background: unseen,
        }));
        stages.push(if self.sigma >= FROM_SIGMA {
            let whole = |offset: f64| (offset * self.view_scale).round() as i64;
            let blur = Wide::new(self.sigma, gaussian.into_weights());
            Stage::Stream(Box::new(WideShadow { kernel, blur, offset: (whole(x), whole(y)) }))
        } else {
            Stage::Window { halo_px, kernel: Box::new(kernel) }
        });
        stages.push(Stage::Crop(Rect { x: 1, y: 1, width_px: grown.width_px, height_px: grown.height_px }));
        if self.background.is_some() {
            stages.push(Stage::Point(Box::new(WithoutAlpha)));
        }
        Ok(Stage::Sequence(stages))
    }
}

/// A blur that also shifts its input, along one axis.
struct Moved {
    weights: Vec<f32>,
    /// Position of the first weight relative to the output pixel.
    first: i32,
}

impl Moved {
    /// Shifted towards higher coordinates by `offset_px`, which is an integer in outputs.
    fn new(gaussian: &Gaussian, offset_px: f64) -> Self {
        let whole = (offset_px + 1e-6).floor();
        let part = (offset_px - whole).max(0.0) as f32;
        let first = -(gaussian.radius() as i32) - whole as i32;
        if part < 1e-3 {
            return Self { weights: gaussian.weights().to_vec(), first };
        }
        // Between two pixels: mixes the shifts by one pixel less and one pixel more.
        let mut weights = vec![0.0; gaussian.weights().len() + 1];
        for (i, weight) in gaussian.weights().iter().enumerate() {
            for (at, share) in [(i, part), (i + 1, 1.0 - part)] {
                if let Some(sum) = weights.get_mut(at) {
                    *sum += weight * share;
                }
            }
        }
        Self { weights, first: first - 1 }
    }

    /// Pixels needed on either side.
    fn halo_px(&self) -> u32 {
        let last = self.first + self.weights.len() as i32 - 1;
        self.first.unsigned_abs().max(last.unsigned_abs())
    }

    /// Pixels of the neighbourhood before the first weight.
    fn lead(&self, halo: usize) -> usize {
        usize::try_from(halo as i64 + i64::from(self.first)).unwrap_or_default()
    }
}

struct Shadow {
    across: Moved,
    down: Moved,
    halo: usize,
    opacity: f32,
    /// In the channels of the canvas.
    colour: [f32; 4],
    background: Option<[f32; 4]>,
}

impl WindowKernel for Shadow {
    fn prepare(&self, extended: &[f32], channels: Channels, prepared: &mut [f32]) {
        // Only alpha casts a shadow.
        let count = channels.count();
        let alpha: Vec<f32> =
            extended.iter().skip(count - 1).step_by(count).skip(self.across.lead(self.halo)).copied().collect();
        let mut blurred = vec![0.0; prepared.len() / count];
        simd::filter_row(&alpha, 1, &self.across.weights, &mut blurred);
        for (pixel, alpha) in prepared.chunks_exact_mut(count).zip(blurred) {
            pixel.fill(0.0);
            if let Some(last) = pixel.last_mut() {
                *last = alpha;
            }
        }
    }

    fn finish(&self, rows: &WindowRows<'_>, out: &mut [f32]) {
        let (first, weights) = (self.down.lead(self.halo), &self.down.weights);
        let starts = rows.starts.get(first..first + weights.len()).unwrap_or_default();
        simd::filter_column(&WindowRows { ring: rows.ring, starts, first: rows.first }, weights, out);
    }

    fn wants_original(&self) -> bool {
        true
    }

    fn combine(&self, original: &[f32], channels: Channels, out: &mut [f32]) {
        let count = channels.count();
        let colours = channels.colour_count();
        for (pixel, original) in out.chunks_exact_mut(count).zip(original.chunks_exact(count)) {
            let (Some(alpha), Some(shadow)) = (original.last().copied(), pixel.last().copied()) else { continue };
            let shadow = shadow * self.opacity * (1.0 - alpha);
            let seen = alpha + shadow;
            for (i, value) in pixel.iter_mut().enumerate().take(colours) {
                let (own, cast) = (original.get(i).copied().unwrap_or_default(), self.colour.get(i).unwrap_or(&0.0));
                let premultiplied = own * alpha + cast * shadow;
                *value = match &self.background {
                    Some(background) => premultiplied + background.get(i).unwrap_or(&0.0) * (1.0 - seen),
                    None if seen > 5e-6 => premultiplied / seen,
                    None => 0.0,
                };
            }
            if let Some(alpha) = pixel.last_mut() {
                *alpha = if self.background.is_some() { 1.0 } else { seen };
            }
        }
    }
}

/// A shadow with a wide blur, which costs as little as a narrow one.
struct WideShadow {
    kernel: Shadow,
    blur: Wide,
    /// To the right and downwards, in px.
    offset: (i64, i64),
}

impl StreamKernel for WideShadow {
    fn start(&self, input: &ImageInfo) -> Box<dyn RowStream + '_> {
        let alone = ImageInfo { channels: Channels::Gray, ..*input };
        Box::new(WideShadowStream {
            blur: self.blur.start(&alone),
            offset: self.offset,
            channels: input.channels.count(),
            height: i64::from(input.height_px),
            alpha: vec![0.0; input.width_px as usize],
            blurred: vec![0.0; input.width_px as usize],
            next_blurred: 0,
            pushed: 0,
            pulled: 0,
            lead: i64::from(self.lead_px(input)),
        })
    }

    fn lead_px(&self, _input: &ImageInfo) -> u32 {
        self.blur.lead_px() + (-self.offset.1).max(0) as u32
    }

    fn held_bytes(&self, input: &ImageInfo) -> u64 {
        let alone = ImageInfo { channels: Channels::Gray, ..*input };
        self.blur.held_bytes(&alone) + u64::from(input.width_px) * 8
    }

    fn needs(&self, part: Rect, input: &ImageInfo) -> Rect {
        let reach = self.offset.0.unsigned_abs().max(self.offset.1.unsigned_abs());
        self.blur.needs(part.grown(reach as u32, input), input)
    }

    fn combine(&self, original: &[f32], channels: Channels, out: &mut [f32]) {
        WindowKernel::combine(&self.kernel, original, channels, out);
    }

    fn wants_original(&self) -> bool {
        true
    }
}

struct WideShadowStream<'a> {
    blur: WideStream<'a>,
    offset: (i64, i64),
    channels: usize,
    height: i64,
    alpha: Vec<f32>,
    /// The row before `next_blurred`.
    blurred: Vec<f32>,
    next_blurred: i64,
    pushed: i64,
    pulled: i64,
    /// Rows that must be pushed beyond the one that is pulled, even if that one is known before: the original is needed
    /// with it.
    lead: i64,
}

impl RowStream for WideShadowStream<'_> {
    fn push(&mut self, row: &[f32]) {
        for (alpha, pixel) in self.alpha.iter_mut().zip(row.chunks_exact(self.channels)) {
            *alpha = pixel.last().copied().unwrap_or_default();
        }
        self.blur.push(&self.alpha);
        self.pushed += 1;
    }

    fn pull(&mut self, out: &mut [f32]) -> bool {
        if self.pushed < (self.pulled + self.lead + 1).min(self.height) {
            return false;
        }
        let y = self.pulled - self.offset.1;
        let is_inside = (0..self.height).contains(&y);
        while is_inside && self.next_blurred <= y {
            if !self.blur.pull(&mut self.blurred) {
                return false;
            }
            self.next_blurred += 1;
        }
        for (x, pixel) in (0..).zip(out.chunks_exact_mut(self.channels)) {
            pixel.fill(0.0);
            let from = usize::try_from(x - self.offset.0).ok().filter(|_| is_inside);
            if let (Some(last), Some(alpha)) = (pixel.last_mut(), from.and_then(|from| self.blurred.get(from))) {
                *last = *alpha;
            }
        }
        self.pulled += 1;
        true
    }
}

/// Drops the alpha channel when nothing is transparent any more.
struct WithoutAlpha;

impl PointKernel for WithoutAlpha {
    fn channels(&self, input: Channels) -> Channels {
        if input.colour_count() == 1 { Channels::Gray } else { Channels::Rgb }
    }

    fn apply(&self, samples: &mut [f32], channels: Channels) {
        if !channels.has_alpha() {
            return;
        }
        let (from, to) = (channels.count(), channels.colour_count());
        for pixel in 0..samples.len() / from {
            samples.copy_within(pixel * from..pixel * from + to, pixel * to);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blur_shifted_by_a_fraction_of_a_pixel_is_between_its_neighbours() {
        for offset in [0.0, 3.0, -2.0, 1.25, -0.75, 7.5] {
            let moved = Moved::new(&Gaussian::new(1.5), offset);
            let sum: f32 = moved.weights.iter().sum();
            // A contribution from `place` pixels away is shifted by the same distance the other way.
            let places = moved.weights.iter().enumerate().map(|(i, weight)| weight * (moved.first + i as i32) as f32);
            let centre: f32 = places.sum();
            assert!((sum - 1.0).abs() < 1e-5 && (f64::from(centre) + offset).abs() < 1e-4, "{offset}: {centre}");
            assert!(moved.weights.len() <= 2 * moved.halo_px() as usize + 1);
        }
    }

    #[test]
    fn a_sharp_shadow_is_the_shifted_image() {
        // One opaque pixel in the middle of a transparent row.
        let kernel = Shadow {
            across: Moved::new(&Gaussian::new(0.0), 2.0),
            down: Moved::new(&Gaussian::new(0.0), 0.0),
            halo: 2,
            opacity: 0.5,
            colour: [0.25, 0.0, 0.0, 0.0],
            background: None,
        };
        let row: Vec<f32> = (0..7).flat_map(|x| if x == 2 { [0.8, 1.0] } else { [0.0, 0.0] }).collect();
        let extended = [vec![0.0; 4], row.clone(), vec![0.0; 4]].concat();
        let mut prepared = vec![9.0; 14];
        kernel.prepare(&extended, Channels::GrayAlpha, &mut prepared);
        let alpha: Vec<f32> = prepared.iter().skip(1).step_by(2).copied().collect();
        assert_eq!(alpha, [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
        kernel.combine(&row, Channels::GrayAlpha, &mut prepared);
        assert_eq!(prepared[4..6], [0.8, 1.0], "the image is over its shadow");
        assert_eq!(prepared[8..10], [0.25, 0.5]);
        assert_eq!(prepared[..2], [0.0, 0.0]);
    }
}
