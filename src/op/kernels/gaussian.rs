//! The weights of a Gaussian, truncated at 4 sigma as in SciPy and scikit-image (`mode="nearest"`).

use super::simd;
use crate::model::Channels;
use crate::op::stage::WindowRows;

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

    /// The weights, from left to right.
    pub(crate) fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// Pixels that contribute on either side.
    pub(crate) const fn radius(&self) -> u32 {
        self.weights.len() as u32 / 2
    }

    /// The weights, from left to right.
    pub(crate) fn into_weights(self) -> Vec<f32> {
        self.weights
    }

    /// The pass along a row of interleaved samples with margins.
    pub(crate) fn prepare(&self, extended: &[f32], channels: Channels, prepared: &mut [f32]) {
        simd::filter_row(extended, channels.count(), &self.weights, prepared);
    }

    /// The pass along columns.
    pub(crate) fn finish(&self, rows: &WindowRows<'_>, out: &mut [f32]) {
        simd::filter_column(rows, &self.weights, out);
    }
}
