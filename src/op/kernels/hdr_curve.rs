//! Linear light and encoded values of a high dynamic range: the curves of PQ (SMPTE ST 2084) and HLG (ITU-R BT.2100), and
//! the choice among them and sRGB's.

use super::point_tone::PointTone;
use super::simd::{self, Tone};
use super::transfer_curve::{Encode, ToLinear, power};
use crate::model::Channels;
use crate::op::stage::{PointKernel, Transfer};

/// The exponents of PQ.
const M1: f32 = 0.159_301_76;
const M2: f32 = 78.843_75;

/// PQ to linear light; 1 is 10,000 nits.
#[derive(Clone, Copy)]
struct FromPq;
/// Linear light to PQ.
#[derive(Clone, Copy)]
struct ToPq;
/// HLG to the light of the scene.
#[derive(Clone, Copy)]
struct FromHlg;
/// The light of the scene to HLG.
#[derive(Clone, Copy)]
struct ToHlg;

impl Tone for FromPq {
    #[inline(always)]
    fn at(self, value: f32) -> f32 {
        let root = power(simd::unit(value), 1.0 / M2);
        power((root - 0.835_937_5).max(0.0) / (18.851_563 - 18.687_5 * root), 1.0 / M1)
    }
}

impl Tone for ToPq {
    #[inline(always)]
    fn at(self, value: f32) -> f32 {
        let root = power(simd::unit(value), M1);
        power((0.835_937_5 + 18.851_563 * root) / (1.0 + 18.687_5 * root), M2)
    }
}

impl Tone for FromHlg {
    #[inline(always)]
    fn at(self, value: f32) -> f32 {
        let value = simd::unit(value);
        if value <= 0.5 {
            value * value / 3.0
        } else {
            (((value - 0.559_910_7) / 0.178_832_77).exp() + 0.284_668_92) / 12.0
        }
    }
}

impl Tone for ToHlg {
    #[inline(always)]
    fn at(self, value: f32) -> f32 {
        Transfer::hlg(simd::unit(value))
    }
}

impl PointTone for FromPq {
    const IS_QUICK: bool = false;
}

impl PointTone for ToPq {
    const IS_QUICK: bool = false;
}

impl PointTone for FromHlg {
    const IS_QUICK: bool = false;
}

impl PointTone for ToHlg {
    const IS_QUICK: bool = false;
}

/// The step that decodes values to linear light.
pub(crate) fn to_linear(transfer: Transfer) -> Box<dyn PointKernel> {
    match transfer {
        Transfer::Srgb => Box::new(ToLinear),
        Transfer::Pq => Box::new(FromPq),
        Transfer::Hlg => Box::new(FromHlg),
    }
}

/// The step that encodes linear light.
pub(crate) fn encode(transfer: Transfer) -> Box<dyn PointKernel> {
    match transfer {
        Transfer::Srgb => Box::new(Encode),
        Transfer::Pq => Box::new(ToPq),
        Transfer::Hlg => Box::new(ToHlg),
    }
}

/// Decodes samples to linear light.
pub(crate) fn decode_samples(samples: &mut [f32], channels: Channels, transfer: Transfer) {
    match transfer {
        Transfer::Srgb => simd::tone(samples, channels, ToLinear),
        Transfer::Pq => simd::tone(samples, channels, FromPq),
        Transfer::Hlg => simd::tone(samples, channels, FromHlg),
    }
}

/// Encodes samples of linear light.
pub(crate) fn encode_samples(samples: &mut [f32], channels: Channels, transfer: Transfer) {
    match transfer {
        Transfer::Srgb => simd::tone(samples, channels, Encode),
        Transfer::Pq => simd::tone(samples, channels, ToPq),
        Transfer::Hlg => simd::tone(samples, channels, ToHlg),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_return_from_linear_light_and_follow_the_standards() {
        for level in 0..=1023_u16 {
            let value = f32::from(level) / 1023.0;
            for (transfer, tolerance) in [(Transfer::Pq, 2e-5), (Transfer::Hlg, 2e-6)] {
                let mut samples = [value];
                decode_samples(&mut samples, Channels::Gray, transfer);
                encode_samples(&mut samples, Channels::Gray, transfer);
                assert!((samples[0] - value).abs() < tolerance, "{transfer:?} {level}: {}", samples[0]);
            }
        }
        let light = |transfer, level| {
            let mut samples = [level];
            decode_samples(&mut samples, Channels::Gray, transfer);
            samples[0]
        };
        // ST 2084 and BT.2100, table 5.
        for (level, nits) in [(0.508_08, 100.0), (0.580_69, 203.0), (0.751_83, 1_000.0), (1.0, 10_000.0)] {
            assert!((light(Transfer::Pq, level) * 10_000.0 / nits - 1.0).abs() < 1e-3, "{level}");
        }
        assert!((light(Transfer::Hlg, 0.5) - 1.0 / 12.0).abs() < 1e-6);
        assert!((light(Transfer::Hlg, 0.75) - 0.264_96).abs() < 1e-4);
        assert!((light(Transfer::Hlg, 1.0) - 1.0).abs() < 1e-4);
    }
}
