//! Apple's gain maps: the headroom, and the values of ISO 21496-1 for the same gains.

use ultrahdr_core::parse_exif_for_apple_hdr;

/// The largest gain of a picture, from the maker notes in its EXIF block: 2 to the power of the stops by which Apple says
/// that tags 33 and 48 brighten it ("Applying Apple HDR effect to your photos").
pub(in crate::codec) fn headroom(exif: &[u8]) -> Option<f64> {
    Some(parse_exif_for_apple_hdr(exif)?.headroom_stops()?.exp2())
}

/// The transfer curve of Rec. 709, inverted.
fn linear(value: f64) -> f64 {
    if value < 0.081 { value / 4.5 } else { ((value + 0.099) / 1.099).powf(1.0 / 0.45) }
}

/// For each of Apple's values the one with the same gain on a logarithmic scale from 1 to `headroom`.
pub(in crate::codec) fn curve(headroom: f64) -> [u8; 256] {
    std::array::from_fn(|value| {
        let gain = 1.0 + (headroom - 1.0) * linear(value as f64 / 255.0);
        (gain.log2() / headroom.log2() * 255.0).round().clamp(0.0, 255.0) as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gains_are_those_of_apples_formula() {
        for headroom in [1.5, 2.0, 3.482, 8.0] {
            let curve = curve(headroom);
            assert_eq!((curve[0], curve[255]), (0, 255), "{headroom}");
            for (value, iso) in curve.into_iter().enumerate() {
                let stored = value as f64 / 255.0;
                let light = if stored < 0.081 { stored / 4.5 } else { ((stored + 0.099) / 1.099).powf(1.0 / 0.45) };
                let apple = 1.0 + (headroom - 1.0) * light;
                // ISO 21496-1 with minimum 0, maximum log2(headroom), gamma 1, offsets 0.
                let gain = (headroom.log2() * f64::from(iso) / 255.0).exp2();
                // Half a step of the new values.
                let step = (headroom.log2() / 255.0).exp2();
                assert!((gain / apple).ln().abs() <= step.ln() * 0.501, "{headroom}, {value}: {gain}, {apple}");
            }
        }
    }

    /// An EXIF block with Apple's maker notes, which have these values.
    fn exif(tag_33: i32, tag_48: i32) -> Vec<u8> {
        let mut notes = b"Apple iOS\0\0\x01MM".to_vec();
        notes.extend(2_u16.to_be_bytes());
        // Positions of values count from the beginning of the notes.
        let values_at = 14 + 2 + 2 * 12 + 4;
        for (n, tag) in [33_u16, 48].into_iter().enumerate() {
            notes.extend(tag.to_be_bytes());
            notes.extend(10_u16.to_be_bytes());
            notes.extend(1_u32.to_be_bytes());
            notes.extend((values_at + n as u32 * 8).to_be_bytes());
        }
        notes.extend(0_u32.to_be_bytes());
        for value in [tag_33, tag_48] {
            notes.extend(value.to_be_bytes());
            notes.extend(1_000_i32.to_be_bytes());
        }
        let mut exif = b"MM\0*\0\0\0\x08".to_vec();
        let entry = |tag: u16, kind: u16, count: u32, value: u32| {
            let mut entry = [tag.to_be_bytes(), kind.to_be_bytes()].concat();
            entry.extend([count.to_be_bytes(), value.to_be_bytes()].concat());
            entry
        };
        exif.extend(1_u16.to_be_bytes());
        exif.extend(entry(0x8769, 4, 1, 26));
        exif.extend(0_u32.to_be_bytes());
        exif.extend(1_u16.to_be_bytes());
        exif.extend(entry(0x927C, 7, notes.len() as u32, 44));
        exif.extend(0_u32.to_be_bytes());
        exif.extend(notes);
        exif
    }

    #[test]
    fn the_headroom_follows_maker_notes() {
        // Stops by Apple's four lines, one for each combination of tags 33 (below 1 or not) and 48 (up to 0.01 or not).
        let cases = [(500, 5, 1.7), (500, 500, 1.5505), (1_200, 5, 2.65), (1_200, 500, 2.64)];
        for (tag_33, tag_48, stops) in cases {
            let headroom = headroom(&exif(tag_33, tag_48));
            let expected = 2.0_f64.powf(stops);
            assert!(headroom.is_some_and(|headroom| (headroom - expected).abs() < 1e-9), "{headroom:?}, {expected}");
        }
        assert_eq!(headroom(b"MM\0*\0\0\0\x08\0\0"), None);
        assert_eq!(headroom(&[]), None);
    }
}
