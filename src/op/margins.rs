//! Room around a picture, told in px of the output, in a view of any scale.

use super::stage::{Colour, Kernel, Pad, Resample, Stage};
use crate::model::ImageInfo;

/// Room on every side, in whole px of the output.
#[derive(Clone, Copy)]
pub(super) struct Margins {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

/// One axis: how far the picture is moved within its first pixel, its length then, px before it, and the canvas' length.
struct Axis {
    shift: f64,
    length_px: u32,
    before_px: u32,
    canvas_px: u32,
}

fn axis(size_px: u32, before: f64, after: f64, view_scale: f64, guard_px: u32) -> Axis {
    let (size, before) = (f64::from(size_px), before * view_scale);
    let whole = (before + 1e-6).floor();
    let shift = (before - whole).max(0.0);
    let shift = if shift < 1e-3 { 0.0 } else { shift };
    let length_px = (size + shift - 1e-3).ceil().max(1.0) as u32;
    let before_px = (whole as u32).saturating_add(guard_px);
    let canvas_px = (size + before + after * view_scale).round() as u32;
    let least = before_px.saturating_add(length_px).saturating_add(guard_px);
    Axis { shift, length_px, before_px, canvas_px: canvas_px.saturating_add(2 * guard_px).max(least) }
}

impl Margins {
    /// What makes the room, with `guard_px` more on every side: a pad, last. Where a margin ends between the pixels of a
    /// view, the picture is moved by that part of a pixel.
    pub(super) fn stages(
        self,
        input: &ImageInfo,
        view_scale: f64,
        guard_px: u32,
        background: Colour,
    ) -> (Vec<Stage>, Pad) {
        let across = axis(input.width_px, self.left, self.right, view_scale, guard_px);
        let down = axis(input.height_px, self.top, self.bottom, view_scale, guard_px);
        let mut stages = Vec::new();
        if across.shift > 0.0 || down.shift > 0.0 {
            let whole = Resample::whole(input, across.length_px, down.length_px, Kernel::Lanczos3);
            let moved = Resample {
                left_px: -across.shift,
                top_px: -down.shift,
                box_width_px: f64::from(across.length_px),
                box_height_px: f64::from(down.length_px),
                ..whole
            };
            stages.push(Stage::Resample { resample: moved, pad: None });
        }
        let pad = Pad {
            left_px: across.before_px,
            top_px: down.before_px,
            width_px: across.canvas_px,
            height_px: down.canvas_px,
            background,
        };
        stages.push(Stage::Pad(pad));
        (stages, pad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_whole_in_the_output_and_follows_it_in_a_view() {
        let full = axis(800, 7.0, 20.0, 1.0, 1);
        assert_eq!((full.shift, full.length_px, full.before_px, full.canvas_px), (0.0, 800, 8, 829));
        let view = axis(200, 7.0, 20.0, 0.25, 0);
        assert_eq!((view.shift, view.length_px, view.before_px, view.canvas_px), (0.75, 201, 1, 207));
        let none = axis(1, 0.0, 0.0, 0.01, 0);
        assert_eq!((none.shift, none.length_px, none.before_px, none.canvas_px), (0.0, 1, 0, 1));
    }
}
