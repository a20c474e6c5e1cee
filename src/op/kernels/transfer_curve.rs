//! Linear light and encoded values: sRGB's transfer curve (IEC 61966-2-1) and powers, as polynomials for vector
//! instructions. Each is within a twentieth of a 16-bit level of the exact formula.

use std::f32::consts::LN_2;

use super::point_tone::PointTone;
use super::simd::{Tone, unit};

/// The end of the curve's straight segment, encoded and as linear light.
const KNEE: (f32, f32) = (0.04045, 0.003_130_8);

/// The square root of 1/2, as bits.
const ROOT_HALF: i32 = 0x3f35_04f3;
/// Adding it leaves the nearest integer of a small float in the lowest bits.
const ROUND: f32 = 12_582_912.0;
/// `log2((1 + s) / (1 - s)) / s` in powers of `s^2`.
const LOG: [f32; 4] = [2.885_39, 0.961_798_85, 0.576_714_4, 0.431_735_84];
/// `2^f` for -1/2 to 1/2.
const EXP: [f32; 7] = [1.0, LN_2, 0.240_226_46, 0.055_503_286, 0.009_618_489, 0.001_339_993, 0.000_153_458_12];
/// `s^0.8` for s from the curve's knee to 1.
const TO_LINEAR: [f32; 8] =
    [0.027_671_251, 1.434_686_8, -1.293_838_6, 2.066_750_8, -2.433_457_1, 1.858_416_3, -0.816_167, 0.155_938_27];
/// `1.055 * t^(5/3) - 0.055` for t from the curve's knee to 1.
const FROM_LINEAR: [f32; 8] =
    [-0.058_446_594, 0.123_575_896, 1.461_525_8, -1.155_896_1, 1.209_151, -0.898_413_9, 0.394_713_85, -0.076_210_424];

/// Selects one of two values after computing both: a branch would prevent vectorization.
#[inline(always)]
pub(crate) fn either(first: bool, a: f32, b: f32) -> f32 {
    let mask = u32::from(first).wrapping_neg();
    f32::from_bits(a.to_bits() & mask | b.to_bits() & !mask)
}

#[inline(always)]
fn polynomial<const N: usize>(x: f32, coefficients: &[f32; N]) -> f32 {
    let mut sum = coefficients[N - 1];
    for coefficient in coefficients[..N - 1].iter().rev() {
        sum = sum * x + coefficient;
    }
    sum
}

/// `x ^ exponent`; 0 if x is 0, negative or NaN.
#[inline(always)]
pub(crate) fn power(x: f32, exponent: f32) -> f32 {
    // x = m * 2^e, with m from sqrt(1/2) to sqrt(2).
    let bits = x.to_bits() as i32;
    let e = bits.wrapping_sub(ROOT_HALF) >> 23;
    let m = f32::from_bits(bits.wrapping_sub(e << 23) as u32);
    let s = (m - 1.0) / (m + 1.0);
    let log = s * polynomial(s * s, &LOG) + e as f32;
    let y = (log * exponent).clamp(-126.0, 126.0);
    let shifted = y + ROUND;
    let scale = f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000));
    either(x > 0.0, polynomial(y - (shifted - ROUND), &EXP) * scale, 0.0)
}

/// sRGB's curve from encoded value to linear light, clamped to 0 to 1.
#[inline(always)]
pub(crate) fn to_linear(value: f32) -> f32 {
    let value = unit(value);
    let base = (value + 0.055) * (1.0 / 1.055);
    either(value <= KNEE.0, value * (1.0 / 12.92), base * base * polynomial(base.sqrt(), &TO_LINEAR))
}

/// sRGB's curve from linear light to encoded value, clamped to 0 to 1.
#[inline(always)]
pub(crate) fn from_linear(value: f32) -> f32 {
    let value = unit(value);
    either(value <= KNEE.1, value * 12.92, polynomial(value.sqrt().sqrt(), &FROM_LINEAR))
}

/// Decodes values to linear light for steps that work on it; [`Encode`] follows them.
#[derive(Clone, Copy)]
pub(crate) struct ToLinear;

/// Encodes linear light.
#[derive(Clone, Copy)]
pub(crate) struct Encode;

impl Tone for ToLinear {
    #[inline(always)]
    fn at(self, value: f32) -> f32 {
        to_linear(value)
    }
}

impl Tone for Encode {
    #[inline(always)]
    fn at(self, value: f32) -> f32 {
        from_linear(value)
    }
}

impl PointTone for ToLinear {
    const IS_QUICK: bool = false;
}

impl PointTone for Encode {
    const IS_QUICK: bool = false;
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIXTEEN_BIT_LEVEL: f64 = 1.0 / 65535.0;

    #[test]
    fn srgbs_curve_and_powers_follow_their_formulas() {
        for level in 0..=65535_u32 {
            let value = level as f32 / 65535.0;
            let exact = f64::from(value);
            let light = if exact <= 0.04045 { exact / 12.92 } else { ((exact + 0.055) / 1.055).powf(2.4) };
            let encoded = if exact <= 0.003_130_8 { exact * 12.92 } else { 1.055 * exact.powf(1.0 / 2.4) - 0.055 };
            // For linear light the ratio matters: exposure multiplies it.
            assert!(
                (f64::from(to_linear(value)) - light).abs() <= 2e-6 * light,
                "{level}: {} {light}",
                to_linear(value)
            );
            assert!((f64::from(from_linear(value)) - encoded).abs() <= 0.05 * SIXTEEN_BIT_LEVEL, "{level}");
            for exponent in [0.05_f32, 0.1, 0.45, 0.9999, 1.0, 1.1, 2.2, 5.0, 20.0] {
                let power = f64::from(power(value, exponent));
                assert!((power - exact.powf(exponent.into())).abs() <= 0.05 * SIXTEEN_BIT_LEVEL, "{level} {exponent}");
            }
        }
    }

    #[test]
    fn nan_and_infinity_become_black_or_white() {
        for value in [f32::NAN, f32::NEG_INFINITY, -1.0, -0.0, 0.0] {
            assert_eq!((to_linear(value), from_linear(value), power(value, 0.5)), (0.0, 0.0, 0.0), "{value}");
        }
        for value in [1.0, 1.5, f32::INFINITY] {
            assert!((to_linear(value) - 1.0).abs() < 1e-6 && (from_linear(value) - 1.0).abs() < 1e-6, "{value}");
        }
    }
}
