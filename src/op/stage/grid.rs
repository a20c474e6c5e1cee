//! Rectangles, borders and resampling: how the pixels of a result map to those of the input.

use super::{Colour, ResampleFilter, Transfer};
use crate::model::ImageInfo;

/// A rectangle of whole pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rect {
    /// Left edge in px.
    pub x: u32,
    /// Top edge in px.
    pub y: u32,
    /// Width in px.
    pub width_px: u32,
    /// Height in px.
    pub height_px: u32,
}

impl Rect {
    /// All of an image.
    pub const fn all_of(info: &ImageInfo) -> Self {
        Self { x: 0, y: 0, width_px: info.width_px, height_px: info.height_px }
    }

    /// Whether it is all of an image.
    pub(crate) fn is_all_of(self, info: &ImageInfo) -> bool {
        self == Self::all_of(info)
    }

    /// The part of it inside an image: at least one pixel, the nearest one if it is outside.
    pub(crate) fn within(self, info: &ImageInfo) -> Self {
        let span = |start: u32, length: u32, available: u32| {
            let start = start.min(available.saturating_sub(1));
            (start, length.clamp(1, (available - start).max(1)))
        };
        let (x, width_px) = span(self.x, self.width_px, info.width_px);
        let (y, height_px) = span(self.y, self.height_px, info.height_px);
        Self { x, y, width_px, height_px }
    }

    /// The rectangle with a margin on every side, limited to the image.
    #[must_use]
    pub fn grown(self, margin_px: u32, info: &ImageInfo) -> Self {
        let span = |start: u32, length: u32, available: u32| {
            let from = start.saturating_sub(margin_px);
            (from, (start + length).saturating_add(margin_px).min(available) - from)
        };
        let (x, width_px) = span(self.x, self.width_px, info.width_px);
        let (y, height_px) = span(self.y, self.height_px, info.height_px);
        Self { x, y, width_px, height_px }
    }

    /// The smallest surrounding rectangle whose edges are at multiples of `step_px` or at the image's edge.
    pub(crate) fn reaching_to_multiples(self, step_px: u32, info: &ImageInfo) -> Self {
        let span = |start: u32, length: u32, available: u32| {
            let from = start / step_px * step_px;
            (from, (start + length).next_multiple_of(step_px).min(available) - from)
        };
        let (x, width_px) = span(self.x, self.width_px, info.width_px);
        let (y, height_px) = span(self.y, self.height_px, info.height_px);
        Self { x, y, width_px, height_px }
    }

    /// The intersection.
    pub(crate) fn common(self, other: Self) -> Option<Self> {
        let span = |a: u32, a_len: u32, b: u32, b_len: u32| {
            let start = a.max(b);
            let end = a.saturating_add(a_len).min(b.saturating_add(b_len));
            (start < end).then(|| (start, end - start))
        };
        let (x, width_px) = span(self.x, self.width_px, other.x, other.width_px)?;
        let (y, height_px) = span(self.y, self.height_px, other.y, other.height_px)?;
        Some(Self { x, y, width_px, height_px })
    }
}

/// A part of the image on another grid. The part's edges need not lie on pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Resample {
    /// Left edge of the part, in px of the input.
    pub left_px: f64,
    /// Top edge of the part.
    pub top_px: f64,
    /// Width of the part.
    pub box_width_px: f64,
    /// Height of the part.
    pub box_height_px: f64,
    /// Width of the result in px.
    pub width_px: u32,
    /// Height of the result in px.
    pub height_px: u32,
    /// The filter.
    pub kernel: ResampleFilter,
    /// The function by which the image encodes light, if linear light is averaged instead of encoded values.
    pub linear_light: Option<Transfer>,
}

/// A border around the image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pad {
    /// Columns left of the image.
    pub left_px: u32,
    /// Rows above the image.
    pub top_px: u32,
    /// Width of the canvas.
    pub width_px: u32,
    /// Height of the canvas.
    pub height_px: u32,
    /// The border's colour.
    pub background: Colour,
}

impl Resample {
    /// The whole image on another grid.
    pub fn whole(input: &ImageInfo, width_px: u32, height_px: u32, kernel: ResampleFilter) -> Self {
        Self {
            left_px: 0.0,
            top_px: 0.0,
            box_width_px: f64::from(input.width_px),
            box_height_px: f64::from(input.height_px),
            width_px,
            height_px,
            kernel,
            linear_light: None,
        }
    }

    /// Whether it changes nothing about an image of this size.
    pub(crate) fn is_identity(&self, input: &ImageInfo) -> bool {
        self.left_px == 0.0
            && self.top_px == 0.0
            && self.box_width_px == f64::from(input.width_px)
            && self.box_height_px == f64::from(input.height_px)
            && self.width_px == input.width_px
            && self.height_px == input.height_px
    }
}
