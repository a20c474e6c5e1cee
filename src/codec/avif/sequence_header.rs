//! The size of an image in the header of its AV1 data (AV1 Bitstream Specification, 5.3 and 5.5).

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

/// Width and height in px, from the first sequence header in a stream of OBUs.
pub(super) fn size(mut data: &[u8]) -> Option<(u32, u32)> {
    loop {
        let (&head, rest) = data.split_first()?;
        let rest = if head & 4 == 0 { rest } else { rest.get(1..)? };
        let (length, rest) = if head & 2 == 0 { (rest.len(), rest) } else { leb128(rest)? };
        let (body, behind) = rest.split_at_checked(length)?;
        if head >> 3 & 15 == 1 {
            return of_header(body);
        }
        data = behind;
    }
}

fn of_header(body: &[u8]) -> Option<(u32, u32)> {
    let mut bits = Bits::new(body);
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
    use super::size;

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
}
