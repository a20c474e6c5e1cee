//! A part of the picture.

use super::stage::{Operation, Rect, Stage};
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

/// Start and length on whole pixels, at least one; `None` if it begins beyond the end.
fn span(start: f64, length: Option<f64>, available: u32) -> Option<(u32, u32)> {
    let available_px = f64::from(available);
    if start >= available_px {
        return None;
    }
    let first = start.round().min(available_px - 1.0);
    let end = length.map_or(available_px, |length| (start + length).round()).clamp(first + 1.0, available_px);
    Some((first as u32, (end - first) as u32))
}

impl Operation for Crop {
    fn stage(&self, input: &ImageInfo) -> Result<Stage, String> {
        let outside = |axis: &str, start: f64, side: &str, available: u32| {
            format!("{axis}={start} lies outside: the picture is {available} px {side} here")
        };
        let (x, width_px) =
            span(self.x, self.width, input.width_px).ok_or_else(|| outside("x", self.x, "wide", input.width_px))?;
        let (y, height_px) =
            span(self.y, self.height, input.height_px).ok_or_else(|| outside("y", self.y, "high", input.height_px))?;
        let nothing = (width_px, height_px) == (input.width_px, input.height_px);
        Ok(if nothing { Stage::Nothing } else { Stage::Crop(Rect { x, y, width_px, height_px }) })
    }
}
