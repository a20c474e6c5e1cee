//! Gaussian blur, truncated at 4 sigma as in SciPy and scikit-image (`mode="nearest"`).

use crate::model::{Channels, ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::{blur_mix, simd};
use crate::op::pipeline::stage::{Operation, Stage, WindowRows};
use crate::op::{Group, OpSpec};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "gaussian_blur",
    summary: "Gaussian blur: G(x), weights exp(-d^2 / (2 sigma^2)) up to 4 sigma away; edge pixels repeat",
    group: Group::Detail,
    params: &[ParamSpec {
        name: "sigma",
        summary: "Standard deviation; about a third of the blur's visible radius",
        unit: Unit::Px,
        kind: ParamKind::Float { min: 0.0, max: 200.0, soft_max: 20.0, default: 2.0 },
    }],
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

/// One line of a Gaussian's weights, which sum to 1.
pub(crate) struct Gaussian {
    weights: Vec<f32>,
}

impl Gaussian {
    /// Weights for a standard deviation in px.
    pub(crate) fn new(sigma_px: f64) -> Self {
        let radius = (4.0 * sigma_px + 0.5).floor();
        if radius < 1.0 {
            return Self { weights: vec![1.0] };
        }
        let steps = -(radius as i64)..=radius as i64;
        let line: Vec<f64> = steps.map(|d| (-0.5 * (d as f64 / sigma_px).powi(2)).exp()).collect();
        let sum: f64 = line.iter().sum();
        Self { weights: line.iter().map(|weight| (weight / sum) as f32).collect() }
    }

    /// The weights, from the leftmost on.
    pub(crate) fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// Pixels that count on either side.
    pub(crate) const fn radius(&self) -> u32 {
        self.weights.len() as u32 / 2
    }

    /// From the farthest on one side to the farthest on the other.
    pub(crate) fn into_weights(self) -> Vec<f32> {
        self.weights
    }

    /// The pass along a row of interleaved samples, with its margins.
    pub(crate) fn prepare(&self, extended: &[f32], channels: Channels, prepared: &mut [f32]) {
        simd::filter_row(extended, channels.count(), &self.weights, prepared);
    }

    /// The pass along columns.
    pub(crate) fn finish(&self, rows: &WindowRows<'_>, out: &mut [f32]) {
        simd::filter_column(rows, &self.weights, out);
    }
}
