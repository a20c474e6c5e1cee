//! Sepia: the brown of old prints.

use crate::model::{ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::colour_matrix::ColourMatrix;
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, Stage};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "sepia",
    summary: "Tones the image brown, like an old print",
    formula: "The matrix of sepia() in CSS (W3C Filter Effects) on encoded values; grayscale images become brown as \
              well",
    group: Group::Colour,
    params: &[ParamSpec {
        name: "amount",
        summary: "0 changes nothing, 100 is fully brown",
        unit: Unit::Percent,
        kind: ParamKind::Float { min: 0.0, max: 100.0, soft_max: 100.0, default: 100.0 },
    }],
    starting: &[],
    faithful_to_scale: true,
    build: |params| Ok(Box::new(Sepia { amount: params.number("amount") / 100.0 })),
};

struct Sepia {
    amount: f64,
}

impl Operation for Sepia {
    fn stage(&self, _input: &ImageInfo) -> Result<Stage, Message> {
        if self.amount == 0.0 {
            return Ok(Stage::Nothing);
        }
        let rest = 1.0 - self.amount;
        Ok(Stage::Point(Box::new(ColourMatrix::of_rows([
            [0.393 + 0.607 * rest, 0.769 - 0.769 * rest, 0.189 - 0.189 * rest],
            [0.349 - 0.349 * rest, 0.686 + 0.314 * rest, 0.168 - 0.168 * rest],
            [0.272 - 0.272 * rest, 0.534 - 0.534 * rest, 0.131 + 0.869 * rest],
        ]))))
    }
}
