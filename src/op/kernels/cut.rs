//! Cuts out part of an image.

use crate::model::ImageInfo;
use crate::op::stage::{Rect, Resample, ResampleFilter, Stage};

/// The stage that cuts out a part inside the image; its edges fall between pixels only in a smaller view.
pub(crate) fn part(input: &ImageInfo, [(x, width), (y, height)]: [(f64, f64); 2]) -> Stage {
    let side = |length: f64, available: u32| (length.round() as u32).clamp(1, available.max(1));
    let (width_px, height_px) = (side(width, input.width_px), side(height, input.height_px));
    if [x, y, width, height].iter().any(|px| px.fract() != 0.0) {
        let whole = Resample::whole(input, width_px, height_px, ResampleFilter::Lanczos3);
        let part = Resample { left_px: x, top_px: y, box_width_px: width, box_height_px: height, ..whole };
        return Stage::Resample { resample: part, pad: None };
    }
    let nothing = (width_px, height_px) == (input.width_px, input.height_px);
    if nothing { Stage::Nothing } else { Stage::Crop(Rect { x: x as u32, y: y as u32, width_px, height_px }) }
}
