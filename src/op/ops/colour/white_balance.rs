//! White balance: adapts colours to another light source.

use crate::model::{ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::colour_matrix::ColourMatrix;
use crate::op::kernels::hdr_curve;
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, Stage, Transfer};

const fn amount(name: &'static str, summary: &'static str) -> ParamSpec {
    let kind = ParamKind::Float { min: -100.0, max: 100.0, soft_max: 100.0, default: 0.0 };
    ParamSpec { name, summary, unit: Unit::None, kind }
}

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "white_balance",
    summary: "Makes colours warmer or cooler, greener or more magenta",
    formula: "In linear light, adapts (Bradford) to sRGB's white from daylight of 1000000 / (153.75 - temperature) K, \
              shifted by tint / 3000 across the daylight locus in CIE 1960 uv; grays keep their luminance",
    group: Group::Colour,
    params: &[
        amount("temperature", "Above 0 is warmer, below 0 cooler; in mired, so that equal steps look equal"),
        amount("tint", "Above 0 is more magenta, below 0 greener"),
    ],
    starting: &[],
    faithful_to_scale: true,
    build: |params| {
        let (temperature, tint) = (params.number("temperature"), params.number("tint"));
        Ok(Box::new(WhiteBalance { temperature, tint, transfer: params.transfer() }))
    },
};

struct WhiteBalance {
    temperature: f64,
    tint: f64,
    transfer: Transfer,
}

type Square = [[f64; 3]; 3];

/// Linear sRGB to XYZ (IEC 61966-2-1, primaries of Rec. 709 and D65).
const TO_XYZ: Square = [
    [0.412_390_799_265_959_5, 0.357_584_339_383_878, 0.180_480_788_401_834_3],
    [0.212_639_005_871_510_4, 0.715_168_678_767_756, 0.072_192_315_360_733_7],
    [0.019_330_818_715_591_9, 0.119_194_779_794_626, 0.950_532_152_249_660_6],
];
/// The same for the primaries of Rec. 2020, which images with a high dynamic range have.
const BT2020_TO_XYZ: Square = [
    [0.636_958_048_301_291, 0.144_616_903_586_208_4, 0.168_880_975_164_172_1],
    [0.262_700_212_011_267, 0.677_998_071_518_871, 0.059_301_716_469_862],
    [0.0, 0.028_072_693_049_087_4, 1.060_985_057_710_791],
];
/// Bradford cone responses.
const BRADFORD: Square = [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]];
/// sRGB's white as a temperature, in mired.
const WHITE_MIRED: f64 = 153.75;

fn times(a: &Square, b: &Square) -> Square {
    a.map(|row| std::array::from_fn(|column| (0..3).map(|k| row[k] * b[k][column]).sum()))
}

fn transformed(matrix: &Square, vector: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row[0] * vector[0] + row[1] * vector[1] + row[2] * vector[2])
}

fn inverse(m: &Square) -> Square {
    let minor = |r: usize, c: usize| {
        let (r1, r2, c1, c2) = ((r + 1) % 3, (r + 2) % 3, (c + 1) % 3, (c + 2) % 3);
        m[r1][c1] * m[r2][c2] - m[r1][c2] * m[r2][c1]
    };
    let determinant: f64 = (0..3).map(|c| m[0][c] * minor(0, c)).sum();
    std::array::from_fn(|row| std::array::from_fn(|column| minor(column, row) / determinant))
}

/// CIE 1960 u, v of daylight (CIE 15; defined for 4000 K and above, and usable slightly below).
fn daylight_uv(mired: f64) -> [f64; 2] {
    let t = 1e6 / mired;
    let x = if t <= 7000.0 {
        0.244_063 + 99.11 / t + 2.9678e6 / t.powi(2) - 4.6070e9 / t.powi(3)
    } else {
        0.237_040 + 247.48 / t + 1.9018e6 / t.powi(2) - 2.0064e9 / t.powi(3)
    };
    let y = -3.0 * x * x + 2.870 * x - 0.275;
    let scale = -2.0 * x + 12.0 * y + 3.0;
    [4.0 * x / scale, 6.0 * y / scale]
}

impl WhiteBalance {
    /// XYZ (Y = 1) of the light that counts as white.
    fn light(&self) -> [f64; 3] {
        let mired = WHITE_MIRED - self.temperature;
        let [u, v] = daylight_uv(mired);
        let [ahead, behind] = [daylight_uv(mired + 0.1), daylight_uv(mired - 0.1)];
        let (along_u, along_v) = (ahead[0] - behind[0], ahead[1] - behind[1]);
        let length = along_u.hypot(along_v);
        // Perpendicular to the locus, towards green.
        let (u, v) = (u - along_v / length * self.tint / 3000.0, v + along_u / length * self.tint / 3000.0);
        [1.5 * u / v, 1.0, (2.0 - 0.5 * u - 5.0 * v) / v]
    }

    /// Maps linear light to linear light.
    fn matrix(&self) -> Square {
        let to_xyz = if self.transfer == Transfer::Srgb { &TO_XYZ } else { &BT2020_TO_XYZ };
        let cones = times(&BRADFORD, to_xyz);
        let neutral = Self { temperature: 0.0, tint: 0.0, ..*self };
        let [from, to] = [self.light(), neutral.light()].map(|white| transformed(&BRADFORD, white));
        let mut adapted = cones;
        for ((row, to), from) in adapted.iter_mut().zip(to).zip(from) {
            *row = row.map(|part| part * to / from);
        }
        let matrix = times(&inverse(&cones), &adapted);
        let luminance = transformed(to_xyz, transformed(&matrix, [1.0; 3]))[1];
        matrix.map(|row| row.map(|part| part / luminance))
    }
}

impl Operation for WhiteBalance {
    fn stage(&self, _input: &ImageInfo) -> Result<Stage, Message> {
        if self.temperature == 0.0 && self.tint == 0.0 {
            return Ok(Stage::Nothing);
        }
        let matrix = ColourMatrix::of_rows(self.matrix());
        Ok(Stage::Sequence(vec![
            Stage::Point(hdr_curve::to_linear(self.transfer)),
            Stage::Point(Box::new(matrix)),
            Stage::Point(hdr_curve::encode(self.transfer)),
        ]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_gray(temperature: f64, tint: f64) -> [f64; 3] {
        transformed(&WhiteBalance { temperature, tint, transfer: Transfer::Srgb }.matrix(), [0.5; 3])
    }

    #[test]
    fn grays_become_warm_cool_magenta_or_green_and_keep_their_luminance() {
        for (temperature, tint) in [(100.0, 0.0), (-100.0, 0.0), (0.0, 100.0), (0.0, -100.0), (37.0, -59.0)] {
            let gray = of_gray(temperature, tint);
            assert!((transformed(&TO_XYZ, gray)[1] - 0.5).abs() < 1e-9, "{gray:?}");
            assert!(gray.iter().all(|light| *light > 0.0), "{gray:?}");
        }
        let [r, g, b] = of_gray(50.0, 0.0);
        assert!(r > g && g > b, "{r} {g} {b}");
        let [r, g, b] = of_gray(-50.0, 0.0);
        assert!(r < g && g < b, "{r} {g} {b}");
        let [r, g, b] = of_gray(0.0, 50.0);
        assert!(r > g && b > g, "{r} {g} {b}");
        let [r, g, b] = of_gray(0.0, -50.0);
        assert!(r < g && b < g, "{r} {g} {b}");
        assert!(of_gray(0.0, 0.0).iter().all(|light| (light - 0.5).abs() < 1e-12));
    }

    #[test]
    fn the_white_point_is_the_daylight_of_the_temperature() {
        // CIE 15: D50 is x 0.3457, y 0.3585 at 5003 K; its XYZ 0.9642, 1, 0.8251.
        let warm = WhiteBalance { temperature: WHITE_MIRED - 1e6 / 5003.0, tint: 0.0, transfer: Transfer::Srgb };
        for (got, expected) in warm.light().into_iter().zip([0.9642, 1.0, 0.8251]) {
            assert!((got - expected).abs() < 1e-3, "{got} {expected}");
        }
        // Whatever is neutral in that light comes out neutral (daylight of 6504 K is almost exactly sRGB's white).
        let seen = transformed(&inverse(&TO_XYZ), warm.light());
        let [r, g, b] = transformed(&warm.matrix(), seen);
        assert!((r / g - 1.0).abs() < 5e-3 && (b / g - 1.0).abs() < 5e-3, "{r} {g} {b}");
        // A step of tint is 1/3000 of uv.
        let [x, y, z] = WhiteBalance { temperature: 20.0, tint: 60.0, transfer: Transfer::Srgb }.light();
        let scale = x + 15.0 * y + 3.0 * z;
        let [u, v] = daylight_uv(WHITE_MIRED - 20.0);
        assert!(((4.0 * x / scale - u).hypot(6.0 * y / scale - v) - 0.02).abs() < 1e-9);
    }
}
