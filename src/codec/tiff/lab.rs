//! CIELab pixels (TIFF 6.0, section 23, and Adobe's technical note of 2002 for the shifted kind) as ProPhoto RGB of 16
//! bits: it has the same white, D50, and holds all surface colours, so that nothing is lost before the conversion to
//! the requested space.

use std::sync::LazyLock;

use moxcms::{ColorProfile, Matrix3d, ToneReprCurve, Vector3d};

use crate::codec::colour;

/// The white of the connection space (ICC.1:2010, 7.2.16), which is D50.
const WHITE: [f64; 3] = [0.9642, 1.0, 0.8249];
const GAMMA: f32 = 1.8;

/// The space that pixels are converted to, as an ICC profile; and the matrix to it from XYZ.
struct Space {
    profile: Option<Vec<u8>>,
    from_xyz: Matrix3d,
}

static SPACE: LazyLock<Space> = LazyLock::new(|| {
    let mut profile = ColorProfile::new_pro_photo_rgb();
    // A parameter is more exact than a curve's only entry.
    let curve = ToneReprCurve::Parametric(vec![GAMMA]);
    (profile.red_trc, profile.green_trc, profile.blue_trc) = (Some(curve.clone()), Some(curve.clone()), Some(curve));
    let from_xyz = profile.colorant_matrix().inverse();
    Space { profile: colour::encoded_profile(&profile), from_xyz }
});

/// The profile of the resulting pixels.
pub(super) fn profile() -> Option<Vec<u8>> {
    SPACE.profile.clone()
}

/// One 8-bit pixel: lightness, then a and b, signed or, if `shifted`, above 128.
pub(super) fn from_u8([l, a, b]: [u8; 3], shifted: bool) -> [u16; 3] {
    let chroma = |v: u8| if shifted { f32::from(v) - 128.0 } else { f32::from(v.cast_signed()) };
    from_lab(f32::from(l) * (100.0 / 255.0), chroma(a), chroma(b))
}

/// One 16-bit pixel, with a and b in units of 1/256. The shifted kind has white at FF00.
pub(super) fn from_u16([l, a, b]: [u16; 3], shifted: bool) -> [u16; 3] {
    let chroma = |v: u16| if shifted { f32::from(v) / 256.0 - 128.0 } else { f32::from(v.cast_signed()) / 256.0 };
    let white = if shifted { 65_280.0 } else { 65_535.0 };
    from_lab((f32::from(l) * (100.0 / white)).min(100.0), chroma(a), chroma(b))
}

/// The inverse of CIE 15:2004, 8.2.1.
fn from_lab(l: f32, a: f32, b: f32) -> [u16; 3] {
    let linear = |f: f32| {
        let f = f64::from(f);
        if f > 6.0 / 29.0 { f * f * f } else { 3.0 * (6.0 / 29.0) * (6.0 / 29.0) * (f - 4.0 / 29.0) }
    };
    let y = (l + 16.0) / 116.0;
    let [white_x, white_y, white_z] = WHITE;
    let xyz = [linear(y + a / 500.0) * white_x, linear(y) * white_y, linear(y - b / 200.0) * white_z];
    let rgb = SPACE.from_xyz.mul_vector(Vector3d { v: xyz });
    // `as` saturates.
    rgb.v.map(|value| (value.clamp(0.0, 1.0) as f32).powf(1.0 / GAMMA).mul_add(65_535.0, 0.5) as u16)
}
