//! Hue: rotates every colour around the wheel.

use crate::model::{ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::colour_matrix::ColourMatrix;
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, Stage};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "hue",
    summary: "Rotates all hues around the colour wheel",
    formula: "The matrix of hue-rotate() in CSS (W3C Filter Effects) on encoded values; luma is unchanged",
    group: Group::Colour,
    params: &[ParamSpec {
        name: "degrees",
        summary: "120 turns red to green, green to blue and blue to red, approximately",
        unit: Unit::Degrees,
        kind: ParamKind::Float { min: -360.0, max: 360.0, soft_max: 360.0, default: 0.0 },
    }],
    starting: &[],
    faithful_to_scale: true,
    build: |params| Ok(Box::new(Hue { degrees: params.number("degrees") })),
};

struct Hue {
    degrees: f64,
}

impl Operation for Hue {
    fn stage(&self, input: &ImageInfo) -> Result<Stage, Message> {
        if self.degrees % 360.0 == 0.0 || input.channels.colour_count() == 1 {
            return Ok(Stage::Nothing);
        }
        let (sin, cos) = self.degrees.to_radians().sin_cos();
        Ok(Stage::Point(Box::new(ColourMatrix::of_rows([
            [0.213 + cos * 0.787 - sin * 0.213, 0.715 - cos * 0.715 - sin * 0.715, 0.072 - cos * 0.072 + sin * 0.928],
            [0.213 - cos * 0.213 + sin * 0.143, 0.715 + cos * 0.285 + sin * 0.140, 0.072 - cos * 0.072 - sin * 0.283],
            [0.213 - cos * 0.213 - sin * 0.787, 0.715 - cos * 0.715 + sin * 0.715, 0.072 + cos * 0.928 + sin * 0.072],
        ]))))
    }
}
