//! Headers that the `image` crate does not read: those of OS/2, and run lengths from the top down. Such files are
//! rewritten with a `BITMAPINFOHEADER`.

use std::borrow::Cow;

use super::INFO_HEADER;
use crate::codec::guard::truncated::{u16_at, u32_at};

/// Bytes before the header.
const FILE_HEADER: usize = 14;
/// Methods of compression: run lengths of 8 and 4 bits, and in OS/2 of 24 bits.
const RLE: [u32; 2] = [1, 2];
const OS2_RLE24: u32 = 4;

fn is_os2(size: u32) -> bool {
    matches!(size, 16..=64) && !matches!(size, 40 | 52 | 56)
}

fn is_packed_top_down(bytes: &[u8]) -> bool {
    let is_packed = u32_at(bytes, FILE_HEADER + 16).is_some_and(|method| RLE.contains(&method));
    is_packed && u32_at(bytes, FILE_HEADER + 8).is_some_and(|height| height.cast_signed() < 0)
}

/// Whether the crate reads the header as it is.
pub(super) fn is_usual(bytes: &[u8]) -> bool {
    u32_at(bytes, FILE_HEADER).is_none_or(|size| !is_os2(size) && (size < INFO_HEADER || !is_packed_top_down(bytes)))
}

/// The file with a usual header, and whether its rows have to be turned around.
pub(super) fn usual(bytes: &[u8]) -> (Cow<'_, [u8]>, bool) {
    if is_usual(bytes) {
        return (Cow::Borrowed(bytes), false);
    }
    rewritten(bytes).map_or((Cow::Borrowed(bytes), false), |(file, turned)| (Cow::Owned(file), turned))
}

fn rewritten(bytes: &[u8]) -> Option<(Vec<u8>, bool)> {
    let size = u32_at(bytes, FILE_HEADER)?;
    let (head, rest) = bytes.split_at_checked(FILE_HEADER + size as usize)?;
    // Fields that a short header leaves out are 0.
    let mut header = head.get(FILE_HEADER..)?.to_vec();
    header.resize(INFO_HEADER as usize, 0);
    if !is_os2(size) {
        header = head.get(FILE_HEADER..)?.to_vec();
    }
    let header_bytes = (header.len() as u32).to_le_bytes();
    header.get_mut(..4)?.copy_from_slice(&header_bytes);
    let height = u32_at(&header, 8)?.cast_signed();
    let turned = height < 0 && u32_at(&header, 16).is_some_and(|method| RLE.contains(&method));
    if turned {
        header.get_mut(8..12)?.copy_from_slice(&height.checked_neg()?.to_le_bytes());
    }
    let data_at = u32_at(bytes, 10)? as usize;
    let grown = header.len() as i64 - i64::from(size);
    let (mut body, mut offset) = (rest.to_vec(), u32::try_from(data_at as i64 + grown).ok()?);
    if is_os2(size) && u32_at(&header, 16) == Some(OS2_RLE24) && u16_at(&header, 14) == Some(24) {
        body = plain_24(bytes.get(data_at..)?, u32_at(&header, 4)? as usize, height.unsigned_abs() as usize)?;
        header.get_mut(16..20)?.fill(0);
        offset = (FILE_HEADER + header.len()) as u32;
    }
    let mut file = head.get(..FILE_HEADER)?.to_vec();
    file.get_mut(10..14)?.copy_from_slice(&offset.to_le_bytes());
    file.extend(header);
    file.extend(body);
    Some((file, turned))
}

/// Rows of 24 bits from OS/2's run lengths; pixels that are left out are black. Data that ends early gives the rows
/// that exist.
fn plain_24(data: &[u8], width: usize, height: usize) -> Option<Vec<u8>> {
    let stride = (width * 3).next_multiple_of(4);
    // A pair of bytes may leave out many rows, but rows cost memory.
    if width == 0 || width.checked_mul(height)? > 1 << 28 || width * height / 64 > data.len() * 255 {
        return None;
    }
    let mut out = vec![0; stride * height];
    let (mut rest, mut x, mut y) = (data, 0, 0);
    loop {
        let mut put = |pixel: &[u8], x: &mut usize, y: usize| {
            if *x < width && y < height {
                for (to, from) in out.iter_mut().skip(y * stride + *x * 3).zip(pixel) {
                    *to = *from;
                }
            }
            *x += 1;
        };
        rest = match rest {
            [0, 0, after @ ..] => {
                (x, y) = (0, y + 1);
                after
            }
            [0, 1, ..] => return Some(out),
            [0, 2, right, up, after @ ..] => {
                x += usize::from(*right);
                y += usize::from(*up);
                after
            }
            [0, count, after @ ..] => {
                let length = usize::from(*count) * 3;
                for pixel in after.get(..length.min(after.len()))?.chunks_exact(3) {
                    put(pixel, &mut x, y);
                }
                after.get(length.next_multiple_of(2)..).unwrap_or_default()
            }
            [count, blue, green, red, after @ ..] => {
                (0..*count).for_each(|_| put(&[*blue, *green, *red], &mut x, y));
                after
            }
            _ => {
                out.truncate(y * stride);
                return Some(out);
            }
        };
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::super::SPEC;
    use crate::codec::tests::samples_of;
    use crate::model::Channels;

    fn read(file: &[u8]) -> (Vec<u8>, Channels) {
        samples_of(&SPEC, file)
    }

    /// A file with a header of some bytes for 3 x 2 px (negative heights begin at the top), palette and pixels.
    fn file(size: u32, height: i32, bits: u16, method: u32, palette: &[[u8; 4]], data: &[u8]) -> Vec<u8> {
        let mut header = size.to_le_bytes().to_vec();
        header.extend(3i32.to_le_bytes());
        header.extend(height.to_le_bytes());
        header.extend(1u16.to_le_bytes());
        header.extend(bits.to_le_bytes());
        header.extend(method.to_le_bytes());
        header.resize(size as usize, 0);
        if size >= 36 {
            header[32] = palette.len() as u8;
        }
        let at = 14 + size + palette.len() as u32 * 4;
        let mut file = b"BM\0\0\0\0\0\0\0\0".to_vec();
        file.extend(at.to_le_bytes());
        file.extend(header);
        file.extend(palette.concat());
        file.extend(data);
        file
    }

    const PALETTE: [[u8; 4]; 3] = [[30, 20, 10, 0], [33, 22, 11, 0], [36, 24, 12, 0]];

    #[test]
    fn headers_of_os2_are_read_whatever_their_length() {
        let rows = [2, 1, 0, 0, 0, 1, 2, 0];
        let expected = [[10, 20, 30], [11, 22, 33], [12, 24, 36], [12, 24, 36], [11, 22, 33], [10, 20, 30]].concat();
        for size in [36, 48, 64] {
            assert_eq!(read(&file(size, 2, 8, 0, &PALETTE, &rows)), (expected.clone(), Channels::Rgb), "{size}");
        }
        // A header of 16 bytes ends after the number of bits.
        let mut short = file(64, 2, 24, 0, &[], &[[3, 2, 1], [6, 5, 4], [9, 8, 7]].concat());
        short.drain(14 + 16..14 + 64);
        (short[10], short[14]) = (30, 16);
        short.extend([0; 3]);
        short.extend([[13, 12, 11], [16, 15, 14], [19, 18, 17]].concat());
        short.extend([0; 3]);
        assert_eq!(read(&short).0, [11, 12, 13, 14, 15, 16, 17, 18, 19, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }

    #[test]
    fn run_lengths_from_the_top_down_are_read() {
        // Three equal pixels, the end of the row, then a pixel and two others.
        let codes = [3, 1, 0, 0, 1, 0, 2, 2, 0, 1];
        let expected = [[11, 22, 33], [11, 22, 33], [11, 22, 33], [10, 20, 30], [12, 24, 36], [12, 24, 36]];
        assert_eq!(read(&file(40, -2, 8, 1, &PALETTE, &codes)).0, expected.concat());
        let below = [expected.get(3..).unwrap(), expected.get(..3).unwrap()].concat();
        assert_eq!(read(&file(40, 2, 8, 1, &PALETTE, &codes)).0, below.concat());
    }

    #[test]
    fn run_lengths_of_24_bits_are_read() {
        let codes = [2, 3, 2, 1, 1, 6, 5, 4, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 1];
        let expected = [3, 2, 1, 6, 5, 4, 9, 8, 7, 1, 2, 3, 1, 2, 3, 4, 5, 6];
        assert_eq!(read(&file(64, 2, 24, 4, &[], &codes)).0, expected);
    }
}
