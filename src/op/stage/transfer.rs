//! How an image's samples encode light.

use super::Colour;

/// Nits of reference white (ITU-R BT.2408), in which the colours of parameters and drawings are painted.
const WHITE_NITS: f32 = 203.0;
/// Nits of PQ's brightest level (SMPTE ST 2084).
const PQ_NITS: f32 = 10_000.0;
/// Nits and exponent of the display for which HLG is graded (BT.2100, table 5).
const HLG_NITS: f32 = 1_000.0;
const HLG_GAMMA: f32 = 1.2;
/// BT.2020's luma.
const LUMA: [f32; 3] = [0.2627, 0.678, 0.0593];
/// Light with BT.709's primaries in BT.2020's (ITU-R BT.2087, 2).
const TO_BT2020: [[f32; 3]; 3] = [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]];

/// The function by which samples encode light.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transfer {
    /// sRGB's curve (IEC 61966-2-1), or one that is like it.
    #[default]
    Srgb,
    /// PQ (SMPTE ST 2084), of a high dynamic range.
    Pq,
    /// HLG (ITU-R BT.2100), of a high dynamic range.
    Hlg,
}

impl Transfer {
    /// The one with this usual name, such as `PQ`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "PQ" => Some(Self::Pq),
            "HLG" => Some(Self::Hlg),
            _ => None,
        }
    }

    /// PQ's level for light; 1 is 10,000 nits.
    pub(crate) fn pq(light: f32) -> f32 {
        let root = light.max(0.0).powf(0.159_301_76);
        ((0.835_937_5 + 18.851_563 * root) / (1.0 + 18.687_5 * root)).powf(78.843_75)
    }

    /// HLG's level for a scene's light; 1 is the brightest.
    pub(crate) fn hlg(light: f32) -> f32 {
        if light <= 1.0 / 12.0 {
            (3.0 * light.max(0.0)).sqrt()
        } else {
            0.178_832_77 * (12.0 * light - 0.284_668_92).ln() + 0.559_910_7
        }
    }

    /// A colour of sRGB in an image with this function, whose primaries are taken for BT.2020's if it has a high dynamic
    /// range. White becomes reference white, not the brightest level.
    pub(crate) fn painted(self, colour: Colour) -> Colour {
        let Colour([red, green, blue, alpha]) = colour;
        let light = [red, green, blue]
            .map(|value| if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) });
        let is_gray = red == green && green == blue;
        let dot = |row: [f32; 3]| row[0] * light[0] + row[1] * light[1] + row[2] * light[2];
        // Rounded coefficients must not tint a gray.
        let light = if is_gray { light } else { TO_BT2020.map(dot) };
        let [red, green, blue] = match self {
            Self::Srgb => return colour,
            Self::Pq => light.map(|light| Self::pq(light * WHITE_NITS / PQ_NITS)),
            Self::Hlg => {
                let shown = light.map(|light| light * WHITE_NITS / HLG_NITS);
                let luma = LUMA[0] * shown[0] + LUMA[1] * shown[1] + LUMA[2] * shown[2];
                let factor = if luma > 0.0 { luma.powf(1.0 / HLG_GAMMA - 1.0) } else { 0.0 };
                shown.map(|shown| Self::hlg(shown * factor))
            }
        };
        Colour([red, green, blue, alpha])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_painted_in_reference_white() {
        // BT.2408, table 1: 58 % of PQ and 75 % of HLG.
        for (transfer, level) in [(Transfer::Pq, 0.5806), (Transfer::Hlg, 0.75)] {
            let Colour([red, green, blue, alpha]) = transfer.painted(Colour::WHITE);
            assert!((red - level).abs() < 1e-3 && red == green && green == blue && alpha == 1.0, "{transfer:?} {red}");
            let Colour(black) = transfer.painted(Colour([0.0, 0.0, 0.0, 0.5]));
            assert!(black[..3].iter().all(|level| level.abs() < 1e-5) && black[3] == 0.5, "{black:?}");
            // Red of sRGB is within BT.2020: it has some green and little blue, in this order.
            let Colour(red) = transfer.painted(Colour([1.0, 0.0, 0.0, 1.0]));
            assert!(red[0] > red[1] && red[1] > red[2] && red[2] > 0.0 && red[0] < level, "{red:?}");
        }
        let colour = Colour([0.2, 0.4, 0.6, 0.8]);
        assert_eq!(Transfer::Srgb.painted(colour), colour);
        // ST 2084: 100 nits are 50.8 %, 1,000 are 75.2 %.
        for (nits, level) in [(100.0, 0.5081), (1_000.0, 0.7518), (10_000.0, 1.0)] {
            assert!((Transfer::pq(nits / 10_000.0) - level).abs() < 1e-4, "{nits}");
        }
        // BT.2100, table 5: the branches meet at 50 %.
        assert!((Transfer::hlg(1.0 / 12.0) - 0.5).abs() < 1e-6 && (Transfer::hlg(1.0) - 1.0).abs() < 1e-5);
    }
}
