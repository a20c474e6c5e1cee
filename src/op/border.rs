//! A border around the picture.

use super::stage::{Operation, Pad, Stage};
use super::{Group, OpSpec};
use crate::config::MAX_SIDE_PX;
use crate::model::{ImageInfo, ParamKind, ParamSpec, Unit};

const fn side(name: &'static str, summary: &'static str, default: Option<i64>) -> ParamSpec {
    let kind = ParamKind::Int { min: 0, max: MAX_SIDE_PX as i64, soft_max: 400, default };
    ParamSpec { name, summary, unit: Unit::Px, kind }
}

pub(super) const SPEC: OpSpec = OpSpec {
    id: "border",
    summary: "A border of one colour around the picture, which becomes as much larger; a bottom wider than the other \
              sides makes it look like an instant print",
    group: Group::Geometry,
    params: &[
        side("size", "Width of the border on every side", Some(20)),
        side("top", "Instead of size, at the top", None),
        side("right", "Instead of size, at the right", None),
        side("bottom", "Instead of size, at the bottom", None),
        side("left", "Instead of size, at the left", None),
        ParamSpec {
            name: "colour",
            summary: "The border's colour: white, black, transparent, #rgb, #rrggbb or #rrggbbaa",
            unit: Unit::None,
            kind: ParamKind::Colour { default: "white" },
        },
    ],
    faithful_to_scale: true,
    build: |params| {
        let [top, right, bottom, left] =
            ["top", "right", "bottom", "left"].map(|name| params.optional(name).unwrap_or(params.number("size")));
        let colour = params.colour("colour");
        Ok(Box::new(Border { top, right, bottom, left, colour }))
    },
};

/// Widths in px, fractional only in a preview.
struct Border {
    top: f64,
    right: f64,
    bottom: f64,
    left: f64,
    colour: super::stage::Colour,
}

impl Operation for Border {
    fn stage(&self, input: &ImageInfo) -> Result<Stage, String> {
        let [top, right, bottom, left] = [self.top, self.right, self.bottom, self.left].map(|px| px.round() as u32);
        if top == 0 && right == 0 && bottom == 0 && left == 0 {
            return Ok(Stage::Nothing);
        }
        Ok(Stage::Pad(Pad {
            left_px: left,
            top_px: top,
            width_px: input.width_px.saturating_add(left).saturating_add(right),
            height_px: input.height_px.saturating_add(top).saturating_add(bottom),
            background: self.colour,
        }))
    }
}
