//! Mirrors the image.

use crate::model::{ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, Stage, Turn};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "flip",
    summary: "Mirrors the image without loss",
    formula: "horizontal: column x becomes width - 1 - x; vertical: row y becomes height - 1 - y",
    group: Group::Geometry,
    params: &[ParamSpec {
        name: "axis",
        summary: "horizontal swaps left and right; vertical swaps top and bottom",
        unit: Unit::None,
        kind: ParamKind::Choice { options: &["horizontal", "vertical"], default: "horizontal" },
    }],
    starting: &[],
    faithful_to_scale: true,
    build: |params| Ok(Box::new(Flip(if params.text("axis") == "vertical" { Turn::FLIP_Y } else { Turn::FLIP_X }))),
};

struct Flip(Turn);

impl Operation for Flip {
    fn stage(&self, _input: &ImageInfo) -> Result<Stage, Message> {
        Ok(Stage::Turn(self.0))
    }
}
