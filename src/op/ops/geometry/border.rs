//! A border around the image.

use crate::config::MAX_SIDE_PX;
use crate::model::{ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::margins::Margins;
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Colour, Operation, Stage};

const fn side(name: &'static str, summary: &'static str, default: Option<i64>) -> ParamSpec {
    let kind = ParamKind::Int { min: 0, max: MAX_SIDE_PX as i64, soft_max: 400, default };
    ParamSpec { name, summary, unit: Unit::Px, kind }
}

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "border",
    summary: "Adds a border of one colour around the image",
    formula: "The image grows by the width of the border on each side. A wider bottom edge gives the look of an \
              instant print",
    group: Group::Geometry,
    params: &[
        side("size", "Width of the border on every side", Some(20)),
        side("top", "Width at the top, if different", None),
        side("right", "Width on the right, if different", None),
        side("bottom", "Width at the bottom, if different", None),
        side("left", "Width on the left, if different", None),
        ParamSpec {
            name: "colour",
            summary: "Colour of the border: white, black, transparent, #rgb, #rrggbb or #rrggbbaa",
            unit: Unit::None,
            kind: ParamKind::Colour { default: "white" },
        },
    ],
    starting: &[],
    faithful_to_scale: true,
    build: |params| {
        let [top, right, bottom, left] =
            ["top", "right", "bottom", "left"].map(|name| params.optional(name).unwrap_or(params.number("size")));
        let view_scale = params.view_scale();
        // Whole pixels of the output at every view scale.
        let [top, right, bottom, left] = [top, right, bottom, left].map(|px| (px / view_scale).round());
        let margins = Margins { left, top, right, bottom };
        Ok(Box::new(Border { margins, colour: params.colour("colour"), view_scale }))
    },
};

struct Border {
    margins: Margins,
    colour: Colour,
    view_scale: f64,
}

impl Operation for Border {
    fn stage(&self, input: &ImageInfo) -> Result<Stage, Message> {
        let Margins { left, top, right, bottom } = self.margins;
        if left + top + right + bottom == 0.0 {
            return Ok(Stage::Nothing);
        }
        let (stages, _) = self.margins.stages(input, self.view_scale, self.colour);
        Ok(Stage::Sequence(stages))
    }
}
