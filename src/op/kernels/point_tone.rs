//! Steps that are a function of one colour sample: brightness, curves of one formula, and the like.

use super::simd::{self, Tone};
use crate::model::Channels;
use crate::op::stage::PointKernel;

/// A function of one colour sample that is the same for every channel and leaves alpha unchanged.
pub(crate) trait PointTone: Tone + Send + Sync {
    /// Whether computing it is faster than a table lookup.
    const IS_QUICK: bool = true;
}

impl<T: PointTone> PointKernel for T {
    fn apply(&self, samples: &mut [f32], channels: Channels) {
        simd::tone(samples, channels, *self);
    }

    fn curve(&self, value: f32) -> Option<f32> {
        Some(self.at(value))
    }

    fn is_quick(&self) -> bool {
        T::IS_QUICK
    }
}

/// The lowest value that has reached a level (0 to 255). It is lower by less than the distance between two 16-bit levels,
/// and by more than a rounding error, so that a gray of exactly that level has reached it.
pub(crate) fn reached(level: f64) -> f32 {
    const HAIR: f32 = 2e-6;
    (level / 255.0) as f32 - HAIR
}
