//! Decoding Windows icons and cursors: the largest image of the file, which is a PNG or a bitmap with a mask.

use crate::codec::guard::control::DecodeControl;
use crate::codec::guard::truncated::{u16_at, u32_at};
use crate::codec::pixels::convert::Converter;
use crate::codec::pixels::whole_image::WholeReader;
use crate::codec::spec::{DecodeOptions, Decoded, FileHeader};
use crate::codec::{bmp, errors, png};
use crate::error::ItemError;
use crate::model::{Band, Channels, ImageInfo, Metadata, Orientation, SampleType, Samples, TruncatedPolicy};

/// Bytes of the file's header, and of a directory entry.
pub(super) const HEAD: usize = 6;
pub(super) const ENTRY: usize = 16;

/// An entry's image in the file, and its rank.
struct Entry<'a> {
    /// Area in px, then bits per pixel, then bytes: more is better.
    rank: (u32, u16, usize),
    /// From its first byte to the end of the file: lengths in directories are often wrong.
    data: &'a [u8],
}

/// Whether the bytes begin like icons (1) or cursors (2), with a first entry that points beyond the directory.
pub(super) fn sniff(bytes: &[u8]) -> bool {
    let [0, 0, 1 | 2, 0, low, high, _, _, _, _, _, _, _, _, l0, l1, l2, l3, o0, o1, o2, o3, ..] = *bytes else {
        return false;
    };
    let count = u32::from(u16::from_le_bytes([low, high]));
    let length = u32::from_le_bytes([l0, l1, l2, l3]);
    count > 0 && length > 0 && u32::from_le_bytes([o0, o1, o2, o3]) >= HEAD as u32 + count * ENTRY as u32
}

/// The best entry; an error if the bytes of any entry are missing.
fn best(bytes: &[u8]) -> Result<Entry<'_>, ItemError> {
    let count = bytes.get(4..HEAD).and_then(|two| two.first_chunk::<2>()).map(|two| u16::from_le_bytes(*two));
    let directory = bytes.get(HEAD..).unwrap_or_default();
    let (entries, _) = directory.as_chunks::<ENTRY>();
    let count = usize::from(count.unwrap_or(0));
    if entries.len() < count {
        return Err(errors::truncated());
    }
    let mut best: Option<Entry<'_>> = None;
    let mut cut = false;
    for entry in entries.iter().take(count) {
        let [w, h, _, _, _, _, bits0, bits1, l0, l1, l2, l3, o0, o1, o2, o3] = *entry;
        let (from, length) = (u32::from_le_bytes([o0, o1, o2, o3]), u32::from_le_bytes([l0, l1, l2, l3]));
        let to = (from as usize).saturating_add(length as usize);
        let data = bytes.get(from as usize..).unwrap_or_default();
        let is_whole = if data.starts_with(png::SIGNATURE) {
            to <= bytes.len()
        } else {
            Dib::read(data).is_some_and(|dib| dib.mask_at() <= data.len())
        };
        if !is_whole {
            cut = true;
            continue;
        }
        // In a cursor this is the hot spot; only icons store the number of bits.
        let bits = if bytes.get(2) == Some(&1) { u16::from_le_bytes([bits0, bits1]) } else { 0 };
        let side = |side: u8| if side == 0 { 256 } else { u32::from(side) };
        let area = png_area(data).unwrap_or_else(|| side(w) * side(h));
        let entry = Entry { rank: (area, bits, length as usize), data };
        if best.as_ref().is_none_or(|best| entry.rank > best.rank) {
            best = Some(entry);
        }
    }
    match best {
        // A smaller image must not replace a larger one that is truncated.
        Some(best) if !cut => Ok(best),
        _ if cut => Err(errors::truncated()),
        _ => Err(errors::corrupt("no_image")),
    }
}

/// A PNG may be larger than the 256 px that a directory can hold.
fn png_area(data: &[u8]) -> Option<u32> {
    let head = data.strip_prefix(png::SIGNATURE)?.get(8..16)?;
    let (width, height) = (head.first_chunk::<4>()?, head.last_chunk::<4>()?);
    u32::from_be_bytes(*width).checked_mul(u32::from_be_bytes(*height))
}

/// A bitmap without a file header, above a mask of one bit per pixel.
struct Dib {
    header_bytes: usize,
    width: usize,
    height: usize,
    bits: usize,
    method: u32,
    /// Offset of the pixels.
    pixels_at: usize,
}

impl Dib {
    fn read(data: &[u8]) -> Option<Self> {
        let header_bytes = u32_at(data, 0)? as usize;
        let is_old = header_bytes == 12;
        let (width, both, bits) = if is_old {
            (usize::from(u16_at(data, 4)?), usize::from(u16_at(data, 6)?), usize::from(u16_at(data, 10)?))
        } else {
            let both = u32_at(data, 8)?.cast_signed().unsigned_abs();
            (u32_at(data, 4)? as usize, both as usize, usize::from(u16_at(data, 14)?))
        };
        let (method, used) = if is_old { (0, 0) } else { (u32_at(data, 16)?, u32_at(data, 32)? as usize) };
        let colours = match (bits, used) {
            (1..=8, 0) => 1 << bits,
            (1..=8, used) => used.min(256),
            _ => 0,
        };
        let masks = if method == 3 && header_bytes == 40 { 12 } else { 0 };
        let pixels_at = header_bytes.checked_add(colours * if is_old { 3 } else { 4 } + masks)?;
        let fits = (1..=u32::from(u16::MAX)).contains(&u32::try_from(width).ok()?) && both <= 2 * usize::from(u16::MAX);
        // The height counts the mask's rows, too.
        (fits && both > 1).then_some(Self { header_bytes, width, height: both / 2, bits, method, pixels_at })
    }

    /// Offset of the mask.
    fn mask_at(&self) -> usize {
        self.pixels_at + (self.width * self.bits).div_ceil(32) * 4 * self.height
    }

    fn info(&self) -> Result<ImageInfo, ItemError> {
        let (width_px, height_px) = (self.width as u32, self.height as u32);
        errors::within_limits(width_px, height_px)?;
        Ok(ImageInfo { width_px, height_px, channels: Channels::Rgba, sample: SampleType::U8, premultiplied: false })
    }

    /// The bitmap alone, as a file.
    fn as_file(&self, data: &[u8]) -> Option<Vec<u8>> {
        let mut file = b"BM\0\0\0\0\0\0\0\0".to_vec();
        file.extend((14 + self.pixels_at as u32).to_le_bytes());
        file.extend_from_slice(data.get(..self.mask_at().min(data.len()))?);
        let height = (self.height as u32).to_le_bytes();
        if self.header_bytes == 12 {
            file.get_mut(14 + 6..14 + 8)?.copy_from_slice(height.get(..2)?);
        } else {
            file.get_mut(14 + 8..14 + 12)?.copy_from_slice(&height);
        }
        Some(file)
    }

    /// Alpha of each pixel: the fourth byte of pixels of 32 bits, unless all are 0, as Windows does; else the mask.
    fn alpha(&self, data: &[u8], x: usize, y: usize, is_stored: bool) -> u8 {
        let from_below = self.height - 1 - y;
        if is_stored {
            return data.get(self.pixels_at + (from_below * self.width + x) * 4 + 3).copied().unwrap_or(255);
        }
        let row = self.mask_at() + self.width.div_ceil(32) * 4 * from_below;
        // Without a mask the image is opaque.
        let is_masked = data.get(row + x / 8).is_some_and(|byte| byte >> (7 - x % 8) & 1 == 1);
        if is_masked { 0 } else { 255 }
    }
}

/// The pixels of a bitmap, with alpha.
fn open_dib(data: &[u8], options: &DecodeOptions, control: &DecodeControl<'_>) -> Result<Decoded<'static>, ItemError> {
    let dib = Dib::read(data).ok_or_else(|| errors::corrupt("no_image"))?;
    let info = dib.info()?;
    let file = dib.as_file(data).ok_or_else(errors::truncated)?;
    let options = DecodeOptions { truncated: TruncatedPolicy::Fail, ..*options };
    let mut rows = bmp::decode::open(&file, &options, control)?.rows;
    let stored = rows.info();
    let mut band = Band::empty(&stored);
    rows.read_rows(info.height_px, &mut band)?;
    let mut samples = Converter::<u8>::new(stored, Channels::Rgba).convert(&band).to_vec();
    let has_own = stored.channels == Channels::Rgba;
    let is_stored = dib.bits == 32
        && dib.method == 0
        && (0..dib.height).any(|y| (0..dib.width).any(|x| dib.alpha(data, x, y, true) != 0));
    if !has_own || is_stored {
        for (n, pixel) in samples.chunks_exact_mut(4).enumerate() {
            pixel[3] = dib.alpha(data, n % dib.width, n / dib.width, is_stored);
        }
    }
    let header = FileHeader::still(info, Orientation::Upright);
    let rows = Box::new(WholeReader::new(info, Samples::U8(samples))?);
    Ok(Decoded { header, rows, profile: None, metadata: Metadata::default() })
}

pub(super) fn probe(bytes: &[u8], _page: u32) -> Result<FileHeader, ItemError> {
    let entry = best(bytes)?;
    if entry.data.starts_with(png::SIGNATURE) {
        return png::decode::probe(entry.data, 0);
    }
    let dib = Dib::read(entry.data).ok_or_else(|| errors::corrupt("no_image"))?;
    Ok(FileHeader::still(dib.info()?, Orientation::Upright))
}

pub(super) fn open<'a>(
    bytes: &'a [u8],
    options: &DecodeOptions,
    control: &DecodeControl<'_>,
) -> Result<Decoded<'a>, ItemError> {
    let entry = best(bytes)?;
    if entry.data.starts_with(png::SIGNATURE) {
        let options = DecodeOptions { truncated: TruncatedPolicy::Fail, ..*options };
        return png::decode::open(entry.data, &options, control);
    }
    open_dib(entry.data, options, control)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::codec::open;

    /// A file with one image: type 1 is an icon, 2 a cursor.
    fn file(kind: u8, length: u32, data: &[u8]) -> Vec<u8> {
        let mut file = vec![0, 0, kind, 0, 1, 0, 2, 2, 0, 0, 1, 0, 1, 0];
        file.extend(length.to_le_bytes());
        file.extend(22u32.to_le_bytes());
        file.extend_from_slice(data);
        file
    }

    /// A header for 2 x 2 px with a doubled height, then a palette.
    fn dib(bits: u16, palette: &[[u8; 4]]) -> Vec<u8> {
        let mut dib = 40u32.to_le_bytes().to_vec();
        dib.extend(2i32.to_le_bytes());
        dib.extend(4i32.to_le_bytes());
        dib.extend([1, 0]);
        dib.extend(bits.to_le_bytes());
        dib.resize(40, 0);
        dib.extend(palette.concat());
        dib
    }

    fn read(file: &[u8]) -> Vec<[u8; 4]> {
        assert!(sniff(file));
        let mut opened = open(file, &DecodeOptions::default()).unwrap();
        let info = opened.rows.info();
        let mut band = Band::empty(&info);
        assert_eq!(opened.rows.read_rows(info.height_px, &mut band).unwrap(), 2);
        let Samples::U8(samples) = band.samples else { panic!("8 bits") };
        samples.as_chunks::<4>().0.to_vec()
    }

    #[test]
    fn masks_of_icons_and_cursors_are_read_whatever_length_the_directory_says() {
        let pixels = [0b0100_0000, 0, 0, 0, 0b1000_0000, 0, 0, 0];
        let mask = [0b1000_0000, 0, 0, 0, 0b0100_0000, 0, 0, 0];
        let data = [dib(1, &[[0; 4], [255; 4]]), pixels.to_vec(), mask.to_vec()].concat();
        let expected = [[255; 4], [0; 4], [0; 4], [255; 4]];
        for (kind, length) in [(1, data.len() as u32), (2, data.len() as u32), (2, 8), (1, 9_999)] {
            assert_eq!(read(&file(kind, length, &data)), expected, "{kind}, {length}");
        }
        // A mask that ends early leaves the rest opaque.
        assert_eq!(read(&file(1, 64, &data[..data.len() - 4]))[0][3], 255);
    }

    #[test]
    fn pixels_of_32_bits_have_their_own_alpha_or_the_mask() {
        let mask = [0b1000_0000, 0, 0, 0, 0b0100_0000, 0, 0, 0];
        let with = |alpha: [u8; 4]| {
            let pixels = alpha.map(|alpha| [3, 2, 1, alpha]);
            let data = [dib(32, &[]), pixels.concat(), mask.to_vec()].concat();
            read(&file(1, data.len() as u32, &data)).into_iter().map(|pixel| pixel[3]).collect::<Vec<_>>()
        };
        assert_eq!(with([0, 10, 20, 30]), [20, 30, 0, 10]);
        assert_eq!(with([0; 4]), [255, 0, 0, 255], "no pixel has alpha, so the mask counts");
    }

    #[test]
    fn an_image_whose_pixels_are_missing_is_truncated() {
        let data = [dib(32, &[]), vec![7; 12]].concat();
        let kind = open(&file(1, 68, &data), &DecodeOptions::default()).map(|_| ()).unwrap_err().kind;
        assert_eq!(kind, crate::error::ErrorKind::Truncated);
    }
}
