//! Margins around an image, given in px of the output and applied at any view scale.

use crate::model::ImageInfo;
use crate::op::stage::{Colour, Pad, Resample, ResampleFilter, Stage};

/// The margin on each side, in whole px of the output.
#[derive(Clone, Copy)]
pub(crate) struct Margins {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

/// One axis: whole pixels before the image, the length of the canvas, and which part of it maps to how many pixels.
struct Axis {
    before_px: u32,
    length_px: u32,
    from: f64,
    size: f64,
    canvas_px: u32,
}

fn axis(size_px: u32, before: f64, after: f64, view_scale: f64) -> Axis {
    let (before, after) = (before * view_scale, after * view_scale);
    let size = f64::from(size_px) + before + after;
    let whole = |px: f64| (px - 1e-6).ceil().max(0.0);
    let before_px = whole(before) as u32;
    Axis {
        before_px,
        length_px: size_px.saturating_add(before_px).saturating_add(whole(after) as u32),
        from: whole(before) - before,
        size,
        canvas_px: size.round().max(1.0) as u32,
    }
}

impl Margins {
    /// The stage that adds the margins. If a margin ends between pixels of a view, so does the image.
    pub(crate) fn stages(self, input: &ImageInfo, view_scale: f64, background: Colour) -> (Vec<Stage>, ImageInfo) {
        let across = axis(input.width_px, self.left, self.right, view_scale);
        let down = axis(input.height_px, self.top, self.bottom, view_scale);
        let pad = Pad {
            left_px: across.before_px,
            top_px: down.before_px,
            width_px: across.length_px,
            height_px: down.length_px,
            background,
        };
        let padded = ImageInfo {
            width_px: pad.width_px,
            height_px: pad.height_px,
            channels: background.channels_with(input.channels),
            ..*input
        };
        if view_scale >= 1.0 {
            return (vec![Stage::Pad(pad)], padded);
        }
        let moved = Resample {
            left_px: across.from,
            top_px: down.from,
            box_width_px: across.size,
            box_height_px: down.size,
            ..Resample::whole(&padded, across.canvas_px, down.canvas_px, ResampleFilter::Lanczos3)
        };
        let canvas = ImageInfo { width_px: across.canvas_px, height_px: down.canvas_px, ..padded };
        (vec![Stage::Pad(pad), Stage::Resample { resample: moved, pad: None }], canvas)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn margins_are_whole_pixels_in_the_output_and_follow_it_in_a_view() {
        let full = axis(800, 7.0, 20.0, 1.0);
        assert_eq!((full.before_px, full.length_px, full.canvas_px), (7, 827, 827));
        assert_eq!((full.from, full.size), (0.0, 827.0));
        let view = axis(200, 7.0, 20.0, 0.25);
        assert_eq!((view.before_px, view.length_px, view.canvas_px), (2, 207, 207));
        assert_eq!((view.from, view.size), (0.25, 206.75));
        let none = axis(1, 0.0, 0.0, 0.01);
        assert_eq!((none.before_px, none.length_px, none.canvas_px, none.from), (0, 1, 1, 0.0));
    }
}
