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
    /// Px of the picture to a pixel of the canvas: not quite 1 where a view's canvas was rounded.
    step: f64,
}

fn axis(size_px: u32, before: f64, after: f64, view_scale: f64, guard_px: u32) -> Axis {
    let size = f64::from(size_px);
    let exact = size + (before + after) * view_scale;
    let canvas = exact.round().max(1.0);
    let step = exact / canvas;
    let before = before * view_scale / step;
    let whole = (before + 1e-6).floor();
    let shift = (before - whole).max(0.0);
    let shift = if shift < 1e-3 { 0.0 } else { shift };
    let length_px = (size / step + shift - 1e-3).ceil().max(1.0) as u32;
    let before_px = (whole as u32).saturating_add(guard_px);
    let least = before_px.saturating_add(length_px).saturating_add(guard_px);
    Axis { shift, length_px, before_px, canvas_px: (canvas as u32).saturating_add(2 * guard_px).max(least), step }
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
        if [&across, &down].iter().any(|axis| axis.shift > 0.0 || axis.step != 1.0) {
            let whole = Resample::whole(input, across.length_px, down.length_px, Kernel::Lanczos3);
            let moved = Resample {
                left_px: -across.shift * across.step,
                top_px: -down.shift * down.step,
                box_width_px: f64::from(across.length_px) * across.step,
                box_height_px: f64::from(down.length_px) * down.step,
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
        let view = axis(200, 7.0, 21.0, 0.25, 0);
        assert_eq!((view.shift, view.length_px, view.before_px, view.canvas_px), (0.75, 201, 1, 207));
        // 206.75 px become 207: the picture is stretched along.
        let stretched = axis(200, 7.0, 20.0, 0.25, 0);
        assert!((stretched.step - 206.75 / 207.0).abs() < 1e-12 && stretched.canvas_px == 207);
        let none = axis(1, 0.0, 0.0, 0.01, 0);
        assert_eq!((none.shift, none.length_px, none.before_px, none.canvas_px), (0.0, 1, 0, 1));
    }
}
