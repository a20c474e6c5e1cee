//! Resampling filters.

use std::f64::consts::PI;

/// A resampling filter. When shrinking, all but `Nearest` widen in proportion, so that every pixel contributes (as in
/// Pillow and libvips).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResampleFilter {
    /// The nearest pixel.
    Nearest,
    /// A triangle of radius 1.
    Bilinear,
    /// Keys' cubic, a = -0.5, radius 2.
    CatmullRom,
    /// Mitchell and Netravali's cubic, B = C = 1/3, radius 2.
    Mitchell,
    /// A sinc windowed by a sinc, radius 3.
    Lanczos3,
}

impl ResampleFilter {
    /// The names scripts use, in the order of menus.
    pub const NAMES: &'static [&'static str] = &["nearest", "bilinear", "catmull_rom", "mitchell", "lanczos3"];

    /// The filter of that name; Lanczos3 for any other name.
    pub fn from_name(name: &str) -> Self {
        match name {
            "nearest" => Self::Nearest,
            "bilinear" => Self::Bilinear,
            "catmull_rom" => Self::CatmullRom,
            "mitchell" => Self::Mitchell,
            _ => Self::Lanczos3,
        }
    }

    /// Half the width of the filter in pixels of the input, before widening.
    pub(in crate::op) const fn radius(self) -> f64 {
        match self {
            Self::Nearest => 0.5,
            Self::Bilinear => 1.0,
            Self::CatmullRom | Self::Mitchell => 2.0,
            Self::Lanczos3 => 3.0,
        }
    }

    /// The weight at a distance of `x` pixels from the centre.
    pub(in crate::op) fn weight(self, x: f64) -> f64 {
        let x = x.abs();
        match self {
            Self::Nearest => 1.0,
            Self::Bilinear => (1.0 - x).max(0.0),
            Self::CatmullRom => cubic(x, 0.0, 0.5),
            Self::Mitchell => cubic(x, 1.0 / 3.0, 1.0 / 3.0),
            Self::Lanczos3 if x < 3.0 => sinc(x) * sinc(x / 3.0),
            Self::Lanczos3 => 0.0,
        }
    }
}

/// The cubics of Mitchell and Netravali, "Reconstruction filters in computer graphics" (1988).
fn cubic(x: f64, b: f64, c: f64) -> f64 {
    if x < 1.0 {
        (((12.0 - 9.0 * b - 6.0 * c) * x - 18.0 + 12.0 * b + 6.0 * c) * x * x + 6.0 - 2.0 * b) / 6.0
    } else if x < 2.0 {
        ((((-b - 6.0 * c) * x + 6.0 * b + 30.0 * c) * x - 12.0 * b - 48.0 * c) * x + 8.0 * b + 24.0 * c) / 6.0
    } else {
        0.0
    }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) }
}
