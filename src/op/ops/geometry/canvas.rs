//! A canvas of a given size: empty areas are filled, the rest is cut off.

use crate::config::MAX_SIDE_PX;
use crate::model::{ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::anchor::{self, Anchor};
use crate::op::kernels::cut;
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Colour, Operation, Pad, Stage};

const fn edge(name: &'static str, summary: &'static str) -> ParamSpec {
    let kind = ParamKind::Int { min: 1, max: MAX_SIDE_PX as i64, soft_max: 8000, default: None };
    ParamSpec { name, summary, unit: Unit::Px, kind }
}

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "canvas",
    summary: "Places the unscaled image on a canvas of a given size",
    formula: "Empty areas are filled with the colour; whatever extends beyond the canvas is cut off",
    group: Group::Geometry,
    params: &[
        edge("width", "Width of the canvas; default: the image's width"),
        edge("height", "Height of the canvas; default: the image's height"),
        ParamSpec {
            name: "gravity",
            summary: "Position of the image, and which part of it is kept",
            unit: Unit::None,
            kind: ParamKind::Choice { options: anchor::NAMES, default: "center" },
        },
        ParamSpec {
            name: "colour",
            summary: "Colour of the empty areas: white, black, transparent, #rgb, #rrggbb or #rrggbbaa",
            unit: Unit::None,
            kind: ParamKind::Colour { default: "white" },
        },
    ],
    starting: &[],
    faithful_to_scale: true,
    build: |params| {
        Ok(Box::new(Canvas {
            width: params.optional("width"),
            height: params.optional("height"),
            gravity: Anchor::from_name(params.text("gravity")),
            colour: params.colour("colour"),
            view_scale: params.view_scale(),
        }))
    },
};

struct Canvas {
    width: Option<f64>,
    height: Option<f64>,
    gravity: Anchor,
    colour: Colour,
    view_scale: f64,
}

/// One axis: the part of the image that is kept (start and length), and the canvas (pixels before the image, and its
/// length).
struct Axis {
    kept: (f64, f64),
    before: f64,
    length: f64,
}

impl Canvas {
    fn axis(&self, asked: Option<f64>, available: u32, gravity: f64) -> Axis {
        let available = f64::from(available);
        let asked = asked.unwrap_or(available);
        let share = |room: f64| (room * gravity / self.view_scale + 1e-6).floor() * self.view_scale;
        if asked < available {
            Axis { kept: (share(available - asked), asked), before: 0.0, length: asked }
        } else {
            Axis { kept: (0.0, available), before: share(asked - available), length: asked }
        }
    }
}

impl Operation for Canvas {
    fn stage(&self, input: &ImageInfo) -> Result<Stage, Message> {
        let across = self.axis(self.width, input.width_px, self.gravity.x);
        let down = self.axis(self.height, input.height_px, self.gravity.y);
        let cut = cut::part(input, [across.kept, down.kept]);
        let whole = |px: f64| px.round().clamp(1.0, f64::from(u32::MAX)) as u32;
        let held = |axis: &Axis, available: u32| whole(axis.kept.1).min(available);
        let (held_width, held_height) = (held(&across, input.width_px), held(&down, input.height_px));
        let (width_px, height_px) = (whole(across.length).max(held_width), whole(down.length).max(held_height));
        if (width_px, height_px) == (held_width, held_height) {
            return Ok(cut);
        }
        let pad = Stage::Pad(Pad {
            left_px: (across.before.round() as u32).min(width_px - held_width),
            top_px: (down.before.round() as u32).min(height_px - held_height),
            width_px,
            height_px,
            background: self.colour,
        });
        Ok(if matches!(cut, Stage::Nothing) { pad } else { Stage::Sequence(vec![cut, pad]) })
    }
}
