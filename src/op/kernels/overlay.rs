//! Overlays on an image, once or tiled: their position, and how they are blended.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::anchor::Anchor;
use crate::model::{Channels, ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::params::Params;
use crate::op::stage::{Colour, PositionalKernel};

/// Number of image sizes for which overlays are kept.
const KEPT: usize = 4;

/// Declares the position.
pub(crate) const POSITION: ParamSpec = ParamSpec {
    name: "position",
    summary: "Position; ignored when tiled",
    unit: Unit::None,
    kind: ParamKind::Choice { options: super::anchor::NAMES, default: "bottom_right" },
};

/// Declares a parameter in percent.
pub(crate) const fn percent(name: &'static str, summary: &'static str, min: f64, max: f64, default: f64) -> ParamSpec {
    ParamSpec { name, summary, unit: Unit::Percent, kind: ParamKind::Float { min, max, soft_max: max, default } }
}

/// Declares the opacity.
pub(crate) const fn opacity(default: f64) -> ParamSpec {
    percent("opacity", "Opacity", 0.0, 100.0, default)
}

/// Declares the distance from the edges.
pub(crate) const MARGIN: ParamSpec =
    percent("margin", "Distance from the edges, as a percentage of the image's shorter side", 0.0, 50.0, 3.0);

/// The largest distance from the edges, in percent: half of the shorter side leaves nothing between them.
const MAX_MARGIN: f64 = 49.0;

/// Refuses margins that leave no room between them.
pub(crate) fn check_margin(params: &Params) -> Result<(), Message> {
    let margin = params.number("margin");
    if margin > MAX_MARGIN && !params.flag("tile") {
        return Err(Message::new("watermark_margin").with("margin", margin).with("most", MAX_MARGIN));
    }
    Ok(())
}

/// Declares whether it is tiled.
pub(crate) const TILE: ParamSpec = ParamSpec {
    name: "tile",
    summary: "Repeats it over the whole image, every other row shifted by half",
    unit: Unit::None,
    kind: ParamKind::Bool { default: false },
};

/// Declares the space between tiles.
pub(crate) const GAP: ParamSpec =
    percent("gap", "Space between tiles, as a percentage of the image's shorter side", 0.0, 100.0, 10.0);

/// Position and size relative to the image.
#[derive(Clone, Copy)]
pub(crate) struct OverlayLayout {
    gravity: Anchor,
    /// 0 to 1 of the shorter side.
    margin: f64,
    tile: bool,
    /// 0 to 1 of the shorter side.
    gap: f64,
    /// 0 to 1.
    pub(crate) opacity: f32,
    /// The scale of this view relative to the output.
    pub(crate) view_scale: f64,
}

impl OverlayLayout {
    pub(crate) fn new(params: &Params) -> Self {
        Self {
            gravity: Anchor::from_name(params.text("position")),
            margin: params.number("margin") / 100.0,
            tile: params.flag("tile"),
            gap: params.number("gap") / 100.0,
            opacity: (params.number("opacity") / 100.0) as f32,
            view_scale: params.view_scale(),
        }
    }

    /// Width and height in px between the margins, at least one.
    pub(crate) fn room(&self, input: &ImageInfo) -> (f64, f64) {
        let margins = if self.tile { 0.0 } else { 2.0 * self.margin * shorter(input) };
        let room = |px: u32| (f64::from(px) - margins).max(1.0);
        (room(input.width_px), room(input.height_px))
    }
}

/// The image's shorter side in px.
pub(crate) fn shorter(input: &ImageInfo) -> f64 {
    f64::from(input.width_px.min(input.height_px))
}

/// The overlay for images of one size, drawn when its first pixel is needed.
pub(crate) struct Overlay {
    pub(crate) width_px: u32,
    pub(crate) height_px: u32,
    /// Its size in the output, if this is for a smaller view.
    output_px: (u32, u32),
    /// Whether all of it is gray.
    pub(crate) is_gray: bool,
    draw: Box<dyn Fn() -> OverlayPixels + Send + Sync>,
    pixels: OnceLock<OverlayPixels>,
}

/// The pixels of an overlay, row by row.
pub(crate) enum OverlayPixels {
    /// Colours, premultiplied.
    Colours(Vec<[f32; 4]>),
    /// Coverage of a pixel by a first and then a second colour (not premultiplied), of 255.
    Covers { covers: Vec<[u8; 2]>, colours: [[f32; 4]; 2] },
}

impl Overlay {
    pub(crate) fn new(
        (width_px, height_px): (u32, u32),
        output_px: (u32, u32),
        is_gray: bool,
        draw: impl Fn() -> OverlayPixels + Send + Sync + 'static,
    ) -> Self {
        Self { width_px, height_px, output_px, is_gray, draw: Box::new(draw), pixels: OnceLock::new() }
    }

    fn pixels(&self) -> &OverlayPixels {
        self.pixels.get_or_init(|| (self.draw)())
    }
}

impl OverlayPixels {
    /// A pixel, premultiplied.
    #[inline]
    fn at(&self, index: usize) -> [f32; 4] {
        match self {
            Self::Colours(pixels) => pixels.get(index).copied().unwrap_or_default(),
            Self::Covers { covers, colours } => {
                let [under, over] = covers.get(index).copied().unwrap_or_default();
                if under == 0 && over == 0 {
                    return [0.0; 4];
                }
                let share = |cover: u8, colour: &[f32; 4]| f32::from(cover) / 255.0 * colour[3];
                let (under, over) = (share(under, &colours[0]), share(over, &colours[1]));
                let seen = under * (1.0 - over);
                let mix = |i: usize| colours[0][i] * seen + colours[1][i] * over;
                [mix(0), mix(1), mix(2), seen + over]
            }
        }
    }
}

/// The overlays for the last few image sizes.
#[derive(Default)]
pub(crate) struct OverlayCache {
    kept: Mutex<Vec<Kept>>,
}

/// The size of an image, and its overlay.
type Kept = ((u32, u32), Arc<Overlay>);

impl OverlayCache {
    /// The overlay for images of this size.
    pub(crate) fn of(
        &self,
        input: &ImageInfo,
        make: impl FnOnce() -> Result<Overlay, Message>,
    ) -> Result<Arc<Overlay>, Message> {
        let size = (input.width_px, input.height_px);
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, overlay)) = kept().iter().find(|(other, _)| *other == size) {
            return Ok(Arc::clone(overlay));
        }
        let overlay = Arc::new(make()?);
        let mut kept = kept();
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push((size, Arc::clone(&overlay)));
        Ok(overlay)
    }
}

/// Blends an overlay into an image.
pub(crate) struct OverlayKernel {
    overlay: Arc<Overlay>,
    opacity: f32,
    /// Whole px of the output, like the steps.
    left: f64,
    top: f64,
    /// From one tile to the next, right and down.
    steps: Option<(f64, f64)>,
    view_scale: f64,
}

impl OverlayKernel {
    pub(crate) fn new(overlay: Arc<Overlay>, layout: &OverlayLayout, input: &ImageInfo) -> Self {
        let view_scale = layout.view_scale;
        let output = |px: u32| (f64::from(px) / view_scale).round();
        let (width, height) = (f64::from(overlay.output_px.0), f64::from(overlay.output_px.1));
        let shorter = output(input.width_px.min(input.height_px));
        let margin = layout.margin * shorter;
        let start = |size: u32, own: f64, gravity: f64| {
            let room = output(size) - own;
            // A margin that leaves no space shrinks.
            let margin = margin.min((room / 2.0).max(0.0));
            (margin + (room - 2.0 * margin) * gravity).round()
        };
        let gap = (layout.gap * shorter).round();
        let steps = layout.tile.then(|| ((width + gap).max(1.0), (height + gap).max(1.0)));
        let gravity = if layout.tile { Anchor::CENTER } else { layout.gravity };
        let left = start(input.width_px, width, gravity.x);
        let top = start(input.height_px, height, gravity.y);
        Self { overlay, opacity: layout.opacity, left, top, steps, view_scale }
    }

    /// Px of the output in px of this image: the integer part, and the fraction (in a smaller view).
    fn here(&self, px: f64) -> (i64, f32) {
        let here = px * self.view_scale;
        let whole = (here + 1e-6).floor();
        let rest = (here - whole) as f32;
        (whole as i64, if rest < 1e-3 { 0.0 } else { rest })
    }

    /// A pixel of the overlay, shifted right and down by a fraction of a pixel.
    #[inline]
    fn seen(&self, row: i64, column: i64, (right, down): (f32, f32)) -> [f32; 4] {
        let (width, height) = (i64::from(self.overlay.width_px), i64::from(self.overlay.height_px));
        let pixels = self.overlay.pixels();
        let at = |row: i64, column: i64| {
            let inside = (0..height).contains(&row) && (0..width).contains(&column);
            if inside { pixels.at((row * width + column) as usize) } else { [0.0; 4] }
        };
        if right == 0.0 && down == 0.0 {
            return at(row, column);
        }
        let [a, b, c, d] = [at(row, column), at(row, column - 1), at(row - 1, column), at(row - 1, column - 1)];
        std::array::from_fn(|i| {
            let (lower, upper) = (a[i] * (1.0 - right) + b[i] * right, c[i] * (1.0 - right) + d[i] * right);
            lower * (1.0 - down) + upper * down
        })
    }

    /// Blends a row of the overlay, from its column `first` on, into pixels; in one colour if there is a `fill`.
    fn blend(
        &self,
        (row, first): (i64, i64),
        part: (f32, f32),
        samples: &mut [f32],
        channels: Channels,
        fill: Option<Colour>,
    ) {
        let (count, colours) = (channels.count(), channels.colour_count());
        for (i, pixel) in samples.chunks_exact_mut(count).enumerate() {
            let mut over = self.seen(row, first + i as i64, part).map(|value| value * self.opacity);
            let covered = over[3];
            if let Some(Colour(fill)) = fill {
                over = fill.map(|value| value * covered);
            }
            if covered <= 0.0 {
                continue;
            }
            let left = 1.0 - covered;
            if !channels.has_alpha() {
                for (value, over) in pixel.iter_mut().zip(over) {
                    *value = *value * left + over;
                }
                continue;
            }
            let alpha = pixel.last().copied().unwrap_or(1.0);
            let seen = covered + alpha * left;
            for (value, over) in pixel.iter_mut().zip(over).take(colours) {
                *value = (*value * alpha * left + over) / seen;
            }
            if let Some(alpha) = pixel.last_mut() {
                *alpha = seen;
            }
        }
    }

    /// Draws what is in a run of pixels.
    fn draw(&self, (x, y): (u32, u32), samples: &mut [f32], channels: Channels, fill: Option<Colour>) {
        let count = channels.count();
        let (width, height) = (i64::from(self.overlay.width_px), i64::from(self.overlay.height_px));
        let (from, y) = (i64::from(x), i64::from(y));
        let to = from + (samples.len() / count) as i64;
        let mut put = |(top, down): (i64, f32), (left, right): (i64, f32)| {
            // Shifted by a fraction of a pixel, it covers one more.
            let (width, height) = (width + i64::from(right > 0.0), height + i64::from(down > 0.0));
            let (start, end) = (left.max(from), (left + width).min(to));
            if start < end && (0..height).contains(&(y - top)) {
                let run = (start - from) as usize * count..(end - from) as usize * count;
                let samples = samples.get_mut(run).unwrap_or_default();
                self.blend((y - top, start - left), (right, down), samples, channels, fill);
            }
        };
        let Some((across, down)) = self.steps else {
            put(self.here(self.top), self.here(self.left));
            return;
        };
        // The last row of tiles that begins here or above.
        let top = |row: i64| self.here(self.top + row as f64 * down);
        let mut row = ((y as f64 / self.view_scale - self.top) / down).floor() as i64 + 1;
        while top(row).0 > y {
            row -= 1;
        }
        let shift = if row.rem_euclid(2) == 1 { (across / 2.0).floor() } else { 0.0 };
        let left = |column: i64| self.here(self.left + shift + column as f64 * across);
        let mut column = ((from as f64 / self.view_scale - self.left - shift) / across).floor() as i64 - 1;
        while left(column).0 < to {
            put(top(row), left(column));
            column += 1;
        }
    }
}

impl PositionalKernel for OverlayKernel {
    fn channels(&self, input: Channels) -> Channels {
        match (self.overlay.is_gray, input) {
            (false, Channels::Gray) => Channels::Rgb,
            (false, Channels::GrayAlpha) => Channels::Rgba,
            _ => input,
        }
    }

    fn held_bytes(&self) -> u64 {
        u64::from(self.overlay.width_px) * u64::from(self.overlay.height_px) * size_of::<[f32; 4]>() as u64
    }

    fn apply(&self, x: u32, y: u32, samples: &mut [f32], channels: Channels) {
        self.draw((x, y), samples, channels, None);
    }

    fn covers(&self) -> bool {
        true
    }

    fn cover(&self, x: u32, y: u32, samples: &mut [f32], channels: Channels, fill: Colour) {
        self.draw((x, y), samples, channels, Some(fill));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SampleType;

    fn info(width_px: u32, height_px: u32) -> ImageInfo {
        ImageInfo { width_px, height_px, channels: Channels::Gray, sample: SampleType::U8, premultiplied: false }
    }

    fn layout(position: &str, tile: bool) -> OverlayLayout {
        OverlayLayout {
            gravity: Anchor::from_name(position),
            margin: 0.1,
            tile,
            gap: 0.1,
            opacity: 1.0,
            view_scale: 1.0,
        }
    }

    /// A white overlay of 3 by 2 px on black, drawn in runs of any length.
    fn rendered(layout: &OverlayLayout, input: &ImageInfo, run: usize) -> Vec<f32> {
        let overlay = Overlay::new((3, 2), (3, 2), true, || OverlayPixels::Colours(vec![[1.0; 4]; 6]));
        let kernel = OverlayKernel::new(Arc::new(overlay), layout, input);
        let width = input.width_px as usize;
        let mut image = vec![0.0; width * input.height_px as usize];
        for (y, row) in image.chunks_exact_mut(width).enumerate() {
            for (i, run_of) in row.chunks_mut(run).enumerate() {
                kernel.apply((i * run) as u32, y as u32, run_of, Channels::Gray);
            }
        }
        image
    }

    #[test]
    fn an_overlay_is_positioned_within_the_margins() {
        let input = info(20, 10);
        for (position, left, top) in [("top_left", 1, 1), ("bottom_right", 16, 7), ("center", 9, 4), ("right", 16, 4)] {
            for run in [20, 7, 1] {
                let got = rendered(&layout(position, false), &input, run);
                let at: Vec<(usize, usize)> =
                    got.iter().enumerate().filter(|(_, v)| **v == 1.0).map(|(i, _)| (i % 20, i / 20)).collect();
                assert_eq!((at.len(), at[0]), (6, (left, top)), "{position} {run}");
            }
        }
        // Larger than the image: its middle is visible.
        assert_eq!(rendered(&layout("center", false), &info(1, 1), 1), [1.0]);
    }

    #[test]
    fn tiles_cover_the_image_evenly_up_to_its_edges() {
        let input = info(41, 31);
        let got = rendered(&layout("top_left", true), &input, 41);
        assert_eq!(got, rendered(&layout("bottom", true), &input, 5), "runs of any length, whatever the position");
        // Tiles of 3 by 2 px, one every 6 by 5.
        let share = got.iter().sum::<f32>() / got.len() as f32;
        assert!((share - 6.0 / 30.0).abs() < 0.03, "{share}");
        for edge in [&got[..41 * 5], &got[41 * 26..]] {
            assert!(edge.contains(&1.0));
        }
    }

    #[test]
    fn blending_is_the_over_operator_of_porter_and_duff() {
        let overlay = Overlay::new((1, 1), (1, 1), false, || OverlayPixels::Colours(vec![[0.4, 0.0, 0.2, 0.5]]));
        let layout = OverlayLayout { opacity: 0.5, ..layout("center", false) };
        let kernel = OverlayKernel::new(Arc::new(overlay), &layout, &info(1, 1));
        assert_eq!(kernel.channels(Channels::GrayAlpha), Channels::Rgba);
        let mut pixel = [0.8, 0.4, 0.0, 0.5];
        kernel.apply(0, 0, &mut pixel, Channels::Rgba);
        let alpha = 0.25 + 0.5 * 0.75;
        let expected = [(0.2 + 0.4 * 0.75) / alpha, 0.2 * 0.75 / alpha, 0.1 / alpha, alpha];
        assert!(pixel.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{pixel:?} {expected:?}");
        let mut opaque = [0.8, 0.4, 0.0];
        kernel.apply(0, 0, &mut opaque, Channels::Rgb);
        assert!(opaque.iter().zip([0.8, 0.3, 0.1]).all(|(a, b)| (a - b).abs() < 1e-6), "{opaque:?}");
    }

    #[test]
    fn a_second_colour_covers_the_first() {
        let pixels = OverlayPixels::Covers {
            covers: vec![[255, 0], [255, 255], [0, 51], [0, 0]],
            colours: [[0.0, 0.0, 0.0, 1.0], [1.0, 0.5, 0.0, 1.0]],
        };
        assert_eq!(pixels.at(0), [0.0, 0.0, 0.0, 1.0]);
        assert_eq!(pixels.at(1), [1.0, 0.5, 0.0, 1.0]);
        assert_eq!(pixels.at(2), [0.2, 0.1, 0.0, 0.2]);
        assert_eq!(pixels.at(3), [0.0; 4]);
    }
}
