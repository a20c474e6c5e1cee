//! Print density in pixels per inch, and the units in which formats store it.
//!
//! Formats that store pixels per metre hold integers, usually rounded from dots per inch: 11,811 per metre is read as
//! 300 dpi, so that the number survives conversion to every format.

use crate::model::Density;

const CM_PER_INCH: f64 = 2.54;
const INCHES_PER_METRE: f64 = 100.0 / CM_PER_INCH;
/// Plausible pixels per inch: other values are errors or forgeries.
const PLAUSIBLE: std::ops::RangeInclusive<f64> = 0.01..=1e6;

/// From pixels per inch.
pub(crate) fn from_inch(x: f64, y: f64) -> Option<Density> {
    (PLAUSIBLE.contains(&x) && PLAUSIBLE.contains(&y)).then_some(Density { x_per_inch: x, y_per_inch: y })
}

/// From pixels per centimetre.
pub(crate) fn from_cm(x: f64, y: f64) -> Option<Density> {
    from_inch(x * CM_PER_INCH, y * CM_PER_INCH)
}

/// From whole pixels per metre.
pub(crate) fn from_metre(x: u32, y: u32) -> Option<Density> {
    let exact = |per_metre: u32| {
        let per_inch = f64::from(per_metre) / INCHES_PER_METRE;
        let is_rounded = (per_inch.round() * INCHES_PER_METRE).round() == f64::from(per_metre);
        if is_rounded { per_inch.round() } else { per_inch }
    };
    from_inch(exact(x), exact(y))
}

/// As integer pixels per metre (PNG, BMP).
pub(crate) fn to_metre(density: Density) -> Option<(u32, u32)> {
    let whole = |per_inch: f64| {
        let rounded = (per_inch * INCHES_PER_METRE).round();
        (1.0..=f64::from(i32::MAX)).contains(&rounded).then_some(rounded as u32)
    };
    Some((whole(density.x_per_inch)?, whole(density.y_per_inch)?))
}

/// As in JFIF (ITU-T T.871, 10.1): the unit, 1 for inches and 2 for centimetres, and 16-bit integers. Centimetres are
/// used if they are integers and inches are not.
pub(crate) fn to_jfif(density: Density) -> Option<(u8, u16, u16)> {
    let Density { x_per_inch, y_per_inch } = density;
    let is_whole = |number: f64| (number - number.round()).abs() < 1e-6;
    let whole = |number: f64| (1.0..=65_535.0).contains(&number.round()).then_some(number.round() as u16);
    let (x_per_cm, y_per_cm) = (x_per_inch / CM_PER_INCH, y_per_inch / CM_PER_INCH);
    if is_whole(x_per_cm) && is_whole(y_per_cm) && !(is_whole(x_per_inch) && is_whole(y_per_inch)) {
        return Some((2, whole(x_per_cm)?, whole(y_per_cm)?));
    }
    Some((1, whole(x_per_inch)?, whole(y_per_inch)?))
}

/// As a fraction (TIFF, EXIF), to four places.
pub(crate) fn to_fraction(per_inch: f64) -> (u32, u32) {
    if per_inch.fract() == 0.0 {
        return (per_inch as u32, 1);
    }
    // Within the plausible range, neither is above 32 bits.
    let denominator = if per_inch < 100_000.0 { 10_000_u32 } else { 1_000 };
    ((per_inch * f64::from(denominator)).round() as u32, denominator)
}

#[cfg(test)]
mod tests {
    use super::super::density::*;

    #[test]
    fn integer_dots_per_inch_survive_every_unit() {
        for dpi in [1, 72, 96, 150, 203, 254, 300, 350, 600, 1200, 2400, 9600] {
            let density = from_inch(f64::from(dpi), f64::from(dpi + 1));
            let metre = density.and_then(to_metre).and_then(|(x, y)| from_metre(x, y));
            assert_eq!(metre, density, "{dpi}");
            assert_eq!(density.and_then(to_jfif), Some((1, dpi as u16, dpi as u16 + 1)));
            assert_eq!(density.map(|density| to_fraction(density.y_per_inch)), Some((dpi + 1, 1)));
        }
    }

    #[test]
    fn whole_numbers_per_centimetre_or_metre_do_not_change() {
        let centimetres = from_cm(118.0, 120.0);
        assert_eq!(centimetres.and_then(to_jfif), Some((2, 118, 120)));
        assert_eq!(centimetres.and_then(to_metre), Some((11_800, 12_000)));
        for metre in [1_000, 2_834, 2_835, 11_810, 11_811, 11_812] {
            assert_eq!(from_metre(metre, metre).and_then(to_metre), Some((metre, metre)));
        }
        assert_eq!(to_fraction(28.125), (281_250, 10_000));
    }

    #[test]
    fn implausible_densities_are_ignored() {
        for (x, y) in [(0.0, 72.0), (72.0, -1.0), (f64::NAN, 72.0), (f64::INFINITY, 72.0), (1e9, 1e9)] {
            assert_eq!(from_inch(x, y), None, "{x} {y}");
        }
        assert_eq!((from_metre(0, 0), from_metre(u32::MAX, 1)), (None, None));
        assert_eq!(from_inch(0.02, 0.02).and_then(to_jfif), None);
        assert_eq!(from_inch(1e6, 1e6).and_then(to_jfif), None);
    }
}
