//! A part of the picture.

use super::stage::{Kernel, Operation, Rect, Resample, Stage};
use super::{Group, OpSpec};
use crate::config::MAX_SIDE_PX;
use crate::model::{ImageInfo, ParamKind, ParamSpec, Unit};

const fn length(name: &'static str, summary: &'static str, min: i64, default: Option<i64>) -> ParamSpec {
    let kind = ParamKind::Int { min, max: MAX_SIDE_PX as i64, soft_max: 8000, default };
    ParamSpec { name, summary, unit: Unit::Px, kind }
}

pub(super) const SPEC: OpSpec = OpSpec {
    id: "crop",
    summary: "A part of the picture, without loss; what would lie outside is left out",
    group: Group::Geometry,
    params: &[
        length("x", "Columns left out at the left", 0, Some(0)),
        length("y", "Rows left out at the top", 0, Some(0)),
        length("width", "Width of the part; up to the right edge when not given", 1, None),
        length("height", "Height of the part; down to the bottom edge when not given", 1, None),
    ],
    faithful_to_scale: true,
    build: |params| {
        Ok(Box::new(Crop {
            x: params.number("x"),
            y: params.number("y"),
            width: params.optional("width"),
            height: params.optional("height"),
        }))
    },
};

/// In px of the picture as it arrives; fractional only in a preview.
struct Crop {
    x: f64,
    y: f64,
    width: Option<f64>,
    height: Option<f64>,
}

/// Start and length inside the picture, at least one px; `None` if it begins beyond the end.
fn span(start: f64, length: Option<f64>, available: u32) -> Option<(f64, f64)> {
    let available = f64::from(available);
    if start >= available {
        return None;
    }
    let start = start.min(available - 1.0);
    let end = length.map_or(available, |length| start + length).clamp(start + 1.0, available);
    Some((start, end - start))
}

impl Operation for Crop {
    fn stage(&self, input: &ImageInfo) -> Result<Stage, String> {
        let outside = |axis: &str, start: f64, side: &str, available: u32| {
            format!("{axis}={start} lies outside: the picture is {available} px {side} here")
        };
        let (x, width) =
            span(self.x, self.width, input.width_px).ok_or_else(|| outside("x", self.x, "wide", input.width_px))?;
        let (y, height) =
            span(self.y, self.height, input.height_px).ok_or_else(|| outside("y", self.y, "high", input.height_px))?;
        let (width_px, height_px) = (width.round() as u32, height.round() as u32);
        if [x, y, width, height].iter().any(|px| px.fract() != 0.0) {
            // Only in a smaller view: there the edges lie between pixels.
            let whole = Resample::whole(input, width_px, height_px, Kernel::Lanczos3);
            let part = Resample { left_px: x, top_px: y, box_width_px: width, box_height_px: height, ..whole };
            return Ok(Stage::Resample { resample: part, pad: None });
        }
        let nothing = (width_px, height_px) == (input.width_px, input.height_px);
        Ok(if nothing { Stage::Nothing } else { Stage::Crop(Rect { x: x as u32, y: y as u32, width_px, height_px }) })
    }
}
