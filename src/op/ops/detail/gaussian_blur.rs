//! Gaussian blur, truncated at 4 sigma as in SciPy and scikit-image (`mode="nearest"`).

use crate::model::{ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::blur_mix;
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, Stage};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "gaussian_blur",
    summary: "Blurs the image with a Gaussian kernel",
    formula: "Weights exp(-d^2 / (2 sigma^2)), up to 4 sigma away; edge pixels repeat",
    group: Group::Detail,
    params: &[ParamSpec {
        name: "sigma",
        summary: "Standard deviation, about a third of the visible radius of the blur",
        unit: Unit::Px,
        kind: ParamKind::Float { min: 0.0, max: 200.0, soft_max: 20.0, default: 2.0 },
    }],
    starting: &[],
    faithful_to_scale: true,
    build: |params| Ok(Box::new(GaussianBlur { sigma: params.number("sigma") })),
};

struct GaussianBlur {
    sigma: f64,
}

impl Operation for GaussianBlur {
    fn stage(&self, _input: &ImageInfo) -> Result<Stage, Message> {
        Ok(blur_mix::stage(self.sigma, None))
    }
}
