//! Grayscale: one channel instead of three, so that every later step has a third of the work.

use crate::model::{ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::luma;
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, Stage};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "grayscale",
    summary: "Converts the image to grayscale",
    formula: "0.299 R + 0.587 G + 0.114 B of encoded values (Rec. 601 luma); alpha is unchanged",
    group: Group::Colour,
    params: &[ParamSpec {
        name: "weights",
        summary: "rec601 is the luma above; rec709 is 0.2126 R + 0.7152 G + 0.0722 B; average weights all three \
                  equally",
        unit: Unit::None,
        kind: ParamKind::Choice { options: &["rec601", "rec709", "average"], default: "rec601" },
    }],
    starting: &[],
    faithful_to_scale: true,
    build: |params| {
        let weights = match params.text("weights") {
            "rec709" => [0.2126, 0.7152, 0.0722],
            "average" => [1.0 / 3.0; 3],
            _ => luma::REC_601,
        };
        Ok(Box::new(Grayscale { weights }))
    },
};

struct Grayscale {
    weights: [f32; 3],
}

impl Operation for Grayscale {
    fn stage(&self, input: &ImageInfo) -> Result<Stage, Message> {
        Ok(luma::to_gray(input, self.weights))
    }
}
