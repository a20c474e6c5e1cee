//! Mirrored.

use crate::model::{ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, Stage, Turn};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "flip",
    summary: "Mirrored, without loss",
    group: Group::Geometry,
    params: &[ParamSpec {
        name: "axis",
        summary: "horizontal: left becomes right; vertical: top becomes bottom",
        unit: Unit::None,
        kind: ParamKind::Choice { options: &["horizontal", "vertical"], default: "horizontal" },
    }],
    faithful_to_scale: true,
    build: |params| Ok(Box::new(Flip(if params.text("axis") == "vertical" { Turn::FLIP_Y } else { Turn::FLIP_X }))),
};

struct Flip(Turn);

impl Operation for Flip {
    fn stage(&self, _input: &ImageInfo) -> Result<Stage, Message> {
        Ok(Stage::Turn(self.0))
    }
}
