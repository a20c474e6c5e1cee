//! Colour matrices: each output colour is a weighted sum of the three input colours plus a constant.

use super::simd::{self, Mix};
use crate::model::Channels;
use crate::op::stage::PointKernel;

/// For each output colour: the weights of red, green and blue, and a constant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ColourMatrix(pub(crate) [[f32; 4]; 3]);

impl ColourMatrix {
    /// The identity.
    pub(crate) const IDENTITY: Self = Self([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]);

    /// From rows computed in f64, without constants.
    pub(crate) fn of_rows(rows: [[f64; 3]; 3]) -> Self {
        Self(rows.map(|[r, g, b]| [r as f32, g as f32, b as f32, 0.0]))
    }
}

impl Mix for ColourMatrix {
    #[inline(always)]
    fn at(self, [r, g, b]: [f32; 3]) -> [f32; 3] {
        self.0.map(|[from_r, from_g, from_b, constant]| from_r * r + from_g * g + from_b * b + constant)
    }
}

/// Gray becomes coloured.
impl PointKernel for ColourMatrix {
    fn channels(&self, input: Channels) -> Channels {
        input.with_colour()
    }

    fn apply(&self, samples: &mut [f32], channels: Channels) {
        simd::mix(samples, channels, *self);
    }
}
