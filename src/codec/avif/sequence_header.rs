//! The size of an image and its code points in the header of its AV1 data (AV1 Bitstream Specification, 5.3 and 5.5).

use crate::codec::container::bits::Bits;

/// Little-endian base 128, and the rest.
fn leb128(data: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0usize;
    for (n, &byte) in data.iter().enumerate().take(5) {
        value |= usize::from(byte & 127) << (7 * n);
        if byte < 128 {
            return Some((value, data.get(n + 1..)?));
        }
    }
    None
}

/// The first sequence header in a stream of OBUs.
fn first(mut data: &[u8]) -> Option<&[u8]> {
    loop {
        let (&head, rest) = data.split_first()?;
        let rest = if head & 4 == 0 { rest } else { rest.get(1..)? };
        let (length, rest) = if head & 2 == 0 { (rest.len(), rest) } else { leb128(rest)? };
        let (body, behind) = rest.split_at_checked(length)?;
        if head >> 3 & 15 == 1 {
            return Some(body);
        }
        data = behind;
    }
}

/// Width and height in px, from the first sequence header in a stream of OBUs.
pub(super) fn size(data: &[u8]) -> Option<(u32, u32)> {
    size_of(&mut Bits::new(first(data)?))
}

/// The stream with other primaries and another transfer function, by their numbers (ISO 23091-2). `None` if its header is not
/// the short one of a still image, or has no colours or no such numbers.
pub(super) fn with_code_points(data: &[u8], primaries: u8, transfer: u8) -> Option<Vec<u8>> {
    let header = first(data)?;
    let start = header.as_ptr().addr() - data.as_ptr().addr();
    let mut bits = Bits::new(header);
    let (profile, is_reduced) = (bits.take(3)?, bits.take(2)? == 0b11);
    let mut bits = Bits::new(header);
    size_of(&mut bits)?;
    // Blocks of 128 px, two filters; upscaling and two more filters.
    bits.take(6)?;
    let is_deep = bits.flag()?;
    if profile == 2 && is_deep {
        bits.take(1)?;
    }
    let is_gray = profile != 1 && bits.flag()?;
    let has_numbers = bits.flag()?;
    let at = bits.position();
    // They have 8 bits each, followed by those of the matrix.
    bits.take(24)?;
    if !is_reduced || is_gray || !has_numbers {
        return None;
    }
    let mut changed = data.to_vec();
    for (bit, set) in (0..16).map(|n| (at + n, u16::from_be_bytes([primaries, transfer]) >> (15 - n) & 1 == 1)) {
        let byte = changed.get_mut(start + bit / 8)?;
        let mask = 0x80 >> (bit % 8);
        *byte = if set { *byte | mask } else { *byte & !mask };
    }
    Some(changed)
}

fn size_of(bits: &mut Bits<'_>) -> Option<(u32, u32)> {
    let (_profile, _still, is_reduced) = (bits.take(3)?, bits.take(1)?, bits.take(1)?);
    if is_reduced == 1 {
        bits.take(5)?;
    } else {
        // Timing, which images don't have, would come first.
        if bits.take(1)? == 1 {
            return None;
        }
        let has_delays = bits.take(1)? == 1;
        for _ in 0..=bits.take(5)? {
            bits.take(12)?;
            if bits.take(5)? > 7 {
                bits.take(1)?;
            }
            if has_delays && bits.take(1)? == 1 {
                bits.take(4)?;
            }
        }
    }
    let (wide, high) = (bits.take(4)? as usize + 1, bits.take(4)? as usize + 1);
    Some((bits.take(wide)? + 1, bits.take(high)? + 1))
}

#[cfg(test)]
mod tests {
    use super::{size, with_code_points};

    #[test]
    fn sizes_are_read_from_both_kinds_of_headers() {
        // As avifenc writes it with libaom: a temporal delimiter, then the short form for still images.
        let short = [0x12, 0, 0x0A, 9, 0x38, 0x21, 0xE5, 0x76, 0x6C, 0x20, 0x21, 0xA0, 0xD2];
        assert_eq!(size(&short), Some((300, 180)));
        // Profile 0, still, full form: one operating point, level 4, 9 and 8 bits for 300 x 180 px.
        let bits = "000 1 0 0 0 00000 000000000000 00100 1000 0111 100101011 10110011 0000";
        let bits: Vec<u8> = bits.bytes().filter(|bit| *bit != b' ').map(|bit| bit - b'0').collect();
        let packed: Vec<u8> =
            bits.chunks(8).map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | bit) << (8 - byte.len())).collect();
        let full = [&[0x0A, packed.len() as u8][..], &packed].concat();
        assert_eq!(size(&full), Some((300, 180)));
        assert_eq!(size(&full[..4]), None);
    }

    #[test]
    fn only_the_code_points_of_a_short_header_are_changed() {
        // As rav1e writes it for 4:4:4 with 10 bits: sRGB in BT.2020's matrix.
        let bits = "001 1 1 00101 1000 0111 100101011 10110011 000 000 1 1 00000001 00001101 00001001 1 00 0 0";
        let expected = "001 1 1 00101 1000 0111 100101011 10110011 000 000 1 1 00001001 00010000 00001001 1 00 0 0";
        let stream = |bits: &str| {
            let bits: Vec<u8> = bits.bytes().filter(|bit| *bit != b' ').map(|bit| bit - b'0').collect();
            let byte = |byte: &[u8]| byte.iter().fold(0, |sum, bit| sum << 1 | bit) << (8 - byte.len());
            let packed: Vec<u8> = bits.chunks(8).map(byte).collect();
            [&[0x12, 0, 0x0A, packed.len() as u8][..], &packed, &[0x32, 1, 0x55]].concat()
        };
        assert_eq!(with_code_points(&stream(bits), 9, 16), Some(stream(expected)));
        let long = bits.replacen("1 1 0", "1 0 0", 1);
        assert_eq!(with_code_points(&stream(&long), 9, 16), None);
        let unknown = bits.replacen("000 000 1 1", "000 000 1 0", 1);
        assert_eq!(with_code_points(&stream(&unknown), 9, 16), None);
        assert_eq!(with_code_points(&stream(bits)[..8], 9, 16), None);
    }
}
