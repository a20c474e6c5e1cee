//! How an image is turned: by its properties (`irot`, `imir`), or by the matrix of its track.

use super::properties::Property;
use crate::model::Orientation;

/// `irot` turns counter-clockwise, `imir` mirrors: in the order in which they are assigned, or else `irot` first. EXIF's
/// orientation is ignored. `None` without either.
pub(crate) fn by_properties(properties: &[(Property<'_>, bool)], in_order: bool) -> Option<Orientation> {
    let first = properties.iter().find(|(property, _)| matches!(property, Property::Rotation(_) | Property::Mirror(_)));
    let mirrors_first = in_order && matches!(first, Some((Property::Mirror(_), _)));
    let mut turns = None;
    let mut mirror = None;
    for (property, _) in properties {
        match property {
            Property::Rotation(quarters) => turns = Some(*quarters),
            Property::Mirror(axis) => mirror = Some(*axis),
            _ => {}
        }
    }
    if (turns, mirror) == (None, None) {
        return None;
    }
    // Mirroring before a quarter turn is mirroring the other axis after it.
    let mirror = mirror.map(|axis: u8| if mirrors_first { axis ^ (turns.unwrap_or(0) & 1) } else { axis });
    Some(match (turns.unwrap_or(0), mirror) {
        (1, None) => Orientation::Rotate270,
        (2, None) => Orientation::Rotate180,
        (3, None) => Orientation::Rotate90,
        (0, Some(0)) | (2, Some(1)) => Orientation::FlipV,
        (0 | 2, Some(_)) => Orientation::FlipH,
        (1, Some(0)) | (3, Some(1)) => Orientation::Transpose,
        (1 | 3, Some(_)) => Orientation::Transverse,
        _ => Orientation::Upright,
    })
}

/// By the matrix of a track (ISO 14496-12, 8.3.2): quarter turns and mirroring. Others are ignored.
pub(crate) fn by_matrix([a, b, _, c, d, ..]: [i32; 9]) -> Orientation {
    match [a, b, c, d].map(i32::signum) {
        [0, 1, -1, 0] => Orientation::Rotate90,
        [-1, 0, 0, -1] => Orientation::Rotate180,
        [0, -1, 1, 0] => Orientation::Rotate270,
        [-1, 0, 0, 1] => Orientation::FlipH,
        [1, 0, 0, -1] => Orientation::FlipV,
        [0, 1, 1, 0] => Orientation::Transpose,
        [0, -1, -1, 0] => Orientation::Transverse,
        _ => Orientation::Upright,
    }
}

#[cfg(test)]
mod tests {
    use super::super::orientation::*;

    #[test]
    fn a_matrix_turns_as_ffmpeg_turns_by_it() {
        let one = 0x1_0000;
        // As ffmpeg writes them for -metadata:s:v rotate=90 (clockwise), 180 and 270.
        let cases = [
            ([one, 0, 0, one], Orientation::Upright),
            ([0, one, -one, 0], Orientation::Rotate90),
            ([-one, 0, 0, -one], Orientation::Rotate180),
            ([0, -one, one, 0], Orientation::Rotate270),
            ([-one, 0, 0, one], Orientation::FlipH),
            ([one, one, 0, one], Orientation::Upright),
            ([0; 4], Orientation::Upright),
        ];
        for ([a, b, c, d], turn) in cases {
            assert_eq!(by_matrix([a, b, 0, c, d, 0, 0, 0, 1 << 30]), turn);
        }
        assert_eq!(by_properties(&[], false), None);
        assert_eq!(by_properties(&[(Property::Rotation(1), true)], true), Some(Orientation::Rotate270));
        assert_eq!(by_properties(&[(Property::Rotation(0), true)], false), Some(Orientation::Upright));
    }
}
