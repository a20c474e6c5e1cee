//! Decoding TGA (Truevision TGA File Format Specification 2.0) as a whole.

use super::extension;
use crate::codec::errors;
use crate::codec::guard::control::DecodeControl;
use crate::codec::guard::truncated::u16_at;
use crate::codec::pixels::whole_image::WholeReader;
use crate::codec::spec::{DecodeOptions, Decoded, FileHeader};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Channels, ImageInfo, Orientation, SampleType, Samples};

/// What the first 18 bytes say.
#[derive(Clone, Copy, Debug)]
struct Head {
    kind: u8,
    /// Number of the palette's first colour, number of colours, and bits of each.
    map: (usize, usize, u8),
    bits: u8,

    is_right_to_left: bool,
    is_top_down: bool,
    /// Offset of the palette.
    map_at: usize,
    info: ImageInfo,
}

impl Head {
    fn read(bytes: &[u8]) -> Result<Self, ItemError> {
        let number = |at| u16_at(bytes, at).ok_or_else(errors::truncated);
        let (width_px, height_px) = (u32::from(number(12)?), u32::from(number(14)?));
        let Some(&[id_bytes, has_map, kind, _, _, _, _, map_bits, _, _, _, _, _, _, _, _, bits, descriptor]) =
            bytes.first_chunk::<18>()
        else {
            return Err(errors::truncated());
        };
        errors::within_limits(width_px, height_px)?;
        let attribute_bits = descriptor & 15;
        let is_mapped = matches!(kind, 1 | 9);
        let channels = match (kind, bits) {
            (3 | 11, 16) => Channels::GrayAlpha,
            (3 | 11, _) => Channels::Gray,
            (1 | 9, _) if map_bits == 32 => Channels::Rgba,
            (2 | 10, 16 | 32) if attribute_bits > 0 => Channels::Rgba,
            _ => Channels::Rgb,
        };
        let count = if has_map == 0 { 0 } else { usize::from(number(5)?) };
        if is_mapped && count == 0 {
            return Err(errors::corrupt("tga_palette"));
        }
        Ok(Self {
            kind,
            map: (usize::from(number(3)?), count, map_bits),
            bits,

            is_right_to_left: descriptor & 0x10 != 0,
            is_top_down: descriptor & 0x20 != 0,
            map_at: 18 + usize::from(id_bytes),
            info: ImageInfo { width_px, height_px, channels, sample: SampleType::U8, premultiplied: false },
        })
    }

    fn pixels_at(&self) -> usize {
        self.map_at + self.map.1 * usize::from(self.map.2).div_ceil(8)
    }

    fn pixel_bytes(&self) -> usize {
        usize::from(self.bits).div_ceil(8).max(1)
    }

    /// A colour of 15 to 32 bits, blue first.
    fn push_colour(&self, stored: &[u8], bits: u8, out: &mut Vec<u8>) {
        let has_alpha = self.info.channels.has_alpha();
        match (bits, stored) {
            (15 | 16, &[low, high, ..]) => {
                let value = u16::from_le_bytes([low, high]);
                let five = |shift: u16| ((value >> shift & 31) * 255 / 31) as u8;
                out.extend([five(10), five(5), five(0)]);
                // The highest bit marks transparent pixels, as GIMP and Pillow read it.
                out.extend(has_alpha.then_some(if high & 128 == 0 { 255 } else { 0 }));
            }
            (_, &[blue, green, red, ref rest @ ..]) => {
                out.extend([red, green, blue]);
                out.extend(has_alpha.then(|| rest.first().copied().unwrap_or(255)));
            }
            _ => {}
        }
    }

    /// A pixel as samples. A number beyond the palette is black.
    fn push(&self, stored: &[u8], palette: &[Vec<u8>], out: &mut Vec<u8>) {
        match self.kind {
            1 | 9 => {
                let number = stored.iter().rev().fold(0, |sum, &byte| sum << 8 | usize::from(byte));
                match number.checked_sub(self.map.0).and_then(|number| palette.get(number)) {
                    Some(colour) => out.extend_from_slice(colour),
                    None => out.resize(out.len() + self.info.channels.count(), 0),
                }
            }
            3 | 11 => out.extend_from_slice(stored),
            _ => self.push_colour(stored, self.bits, out),
        }
    }
}

pub(super) fn probe(bytes: &[u8], _page: u32) -> Result<FileHeader, ItemError> {
    Ok(FileHeader::still(Head::read(bytes)?.info, Orientation::Upright))
}

pub(super) fn open<'a>(
    bytes: &'a [u8],
    options: &DecodeOptions,
    control: &DecodeControl<'_>,
) -> Result<Decoded<'a>, ItemError> {
    let head = Head::read(bytes)?;
    let info = head.info;
    let (width, height) = (info.width_px as usize, info.height_px as usize);
    let is_packed = head.kind >= 8;
    let pixel_bytes = head.pixel_bytes();
    let map = bytes.get(head.map_at..head.pixels_at()).ok_or_else(errors::truncated)?;
    let mut palette = Vec::new();
    for entry in map.chunks_exact(usize::from(head.map.2).div_ceil(8).max(1)) {
        let mut colour = Vec::new();
        head.push_colour(entry, head.map.2, &mut colour);
        palette.push(colour);
    }
    let row_samples = info.row_samples();
    let mut samples = errors::room(row_samples as u64 * height as u64)?;
    let mut source = Pixels {
        data: bytes.get(head.pixels_at()..).unwrap_or_default(),
        pixel_bytes,
        is_packed,
        run: None,
        literals: 0,
    };
    'rows: for row in 0..height {
        if (control.cancelled)() {
            return Err(ItemError::nameless(ErrorKind::Cancelled));
        }
        for _ in 0..width {
            let Some(stored) = source.next_pixel() else {
                samples.truncate(row * row_samples);
                break 'rows;
            };
            head.push(stored, &palette, &mut samples);
        }
    }
    let had = samples.len() / row_samples.max(1);
    if had < height && (had == 0 || !options.keeps_truncated()) {
        return Err(errors::truncated_rows(had as u32, info.height_px));
    }
    samples.resize(row_samples * height, 0);
    let mut rows: Vec<&mut [u8]> = samples.chunks_exact_mut(row_samples.max(1)).collect();
    if head.is_right_to_left {
        let channels = info.channels.count();
        for row in &mut rows {
            // Samples of a pixel change their order, too, and back.
            row.reverse();
            row.chunks_exact_mut(channels).for_each(<[u8]>::reverse);
        }
    }
    let samples =
        if head.is_top_down { samples } else { rows.iter().rev().flat_map(|row| row.iter().copied()).collect() };
    let mut reader = WholeReader::new(info, Samples::U8(samples))?;
    if had < height {
        reader = reader.short(had as u32, !head.is_top_down, bytes.len() as u64);
    }
    let header = FileHeader::still(info, Orientation::Upright);
    Ok(Decoded { header, rows: Box::new(reader), profile: None, metadata: extension::metadata(bytes) })
}

/// The pixels of a file, one after the other; runs may continue in the next row.
struct Pixels<'a> {
    data: &'a [u8],
    pixel_bytes: usize,
    is_packed: bool,
    /// A pixel, and how often it is still repeated.
    run: Option<(&'a [u8], u8)>,
    literals: u8,
}

impl<'a> Pixels<'a> {
    fn take(&mut self) -> Option<&'a [u8]> {
        let (pixel, rest) = self.data.split_at_checked(self.pixel_bytes)?;
        self.data = rest;
        Some(pixel)
    }

    fn next_pixel(&mut self) -> Option<&'a [u8]> {
        if let Some((pixel, count @ 1..)) = self.run {
            self.run = Some((pixel, count - 1));
            return Some(pixel);
        }
        if self.is_packed && self.literals == 0 {
            let (&code, rest) = self.data.split_first()?;
            self.data = rest;
            if code & 128 != 0 {
                let pixel = self.take()?;
                self.run = Some((pixel, code & 127));
                return Some(pixel);
            }
            self.literals = (code & 127) + 1;
        }
        self.literals = self.literals.saturating_sub(1);
        self.take()
    }
}

/// TGA has no signature: every field of its header has to make sense. No text passes, because the second and third byte
/// are below 12.
pub(super) fn sniff(bytes: &[u8]) -> bool {
    let Some(&[_, map, kind, _, _, l0, l1, map_bits, _, _, _, _, w0, w1, h0, h1, bits, descriptor]) =
        bytes.first_chunk::<18>()
    else {
        return false;
    };
    let mapped = matches!(kind, 1 | 9);
    let sized = (w0 | w1) != 0 && (h0 | h1) != 0;
    let map_fits = match map {
        // Some programs leave the size of colours behind.
        0 => !mapped && (l0, l1) == (0, 0) && matches!(map_bits, 0 | 15 | 16 | 24 | 32),
        1 => matches!(map_bits, 15 | 16 | 24 | 32) && (l0 | l1) != 0,
        _ => false,
    };
    let (alpha, interleaving) = (descriptor & 15, descriptor >> 6);
    let depth_fits = match kind {
        1 | 9 => matches!(bits, 8 | 16) && alpha <= 8,
        2 | 10 => matches!((bits, alpha), (15 | 16, 0 | 1 | 8) | (24, 0) | (32, 0 | 8)),
        3 | 11 => matches!((bits, alpha), (8 | 16, 0 | 8)),
        _ => false,
    };
    sized && map_fits && depth_fits && interleaving == 0
}

#[cfg(test)]
mod tests {
    use super::super::SPEC;
    use crate::codec::DecodeOptions;
    use crate::codec::guard::control::DecodeControl;
    use crate::codec::tests::samples_of;
    use crate::error::ErrorKind;
    use crate::model::Channels;

    #[test]
    fn run_length_coded_pixels_are_cancelled_while_they_are_decoded() {
        // Gray, 300 x 300 px, each in a run of its own.
        let mut file = vec![0, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 44, 1, 44, 1, 8, 0];
        file.extend([0x80, 77].repeat(300 * 300));
        assert!((SPEC.sniff)(&file));
        let cancelled = |cancelled: &dyn Fn() -> bool| {
            let control = DecodeControl { cancelled, ..DecodeControl::in_process() };
            (SPEC.open)(&file, &DecodeOptions::default(), &control).map_err(|error| error.kind).err()
        };
        assert_eq!(cancelled(&|| false), None);
        assert_eq!(cancelled(&|| true), Some(ErrorKind::Cancelled));
    }

    fn read(file: &[u8]) -> (Vec<u8>, Channels) {
        samples_of(&SPEC, file)
    }

    /// A header for 2 x 2 px of a kind with this many bits, and the descriptor.
    fn head(kind: u8, bits: u8, descriptor: u8) -> Vec<u8> {
        vec![0, 0, kind, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2, 0, bits, descriptor]
    }

    #[test]
    fn pixels_of_16_bits_have_an_alpha_bit_and_those_of_32_may_have_none() {
        let file = [head(2, 16, 0x28), vec![0x1F, 0x54, 0xEA, 0x83, 0, 0, 0xFF, 0x7F]].concat();
        let expected = [[172, 0, 255, 255], [0, 255, 82, 0], [0, 0, 0, 255], [255; 4]].concat();
        assert_eq!(read(&file), (expected, Channels::Rgba));
        // Without attribute bits the fourth byte means nothing.
        let file = [head(2, 32, 0x20), [[3, 2, 1, 0], [6, 5, 4, 9], [0; 4], [7; 4]].concat()].concat();
        assert_eq!(read(&file), (vec![1, 2, 3, 4, 5, 6, 0, 0, 0, 7, 7, 7], Channels::Rgb));
        let file = [head(2, 32, 0x28), [[3, 2, 1, 0], [6, 5, 4, 9], [0; 4], [7; 4]].concat()].concat();
        assert_eq!(read(&file), ([[1, 2, 3, 0], [4, 5, 6, 9], [0; 4], [7; 4]].concat(), Channels::Rgba));
    }

    #[test]
    fn rows_begin_in_any_corner_and_runs_continue_in_the_next_row() {
        for (descriptor, expected) in
            [(0x20, [1, 1, 1, 2]), (0, [1, 2, 1, 1]), (0x30, [1, 1, 2, 1]), (0x10, [2, 1, 1, 1])]
        {
            let file = [head(11, 8, descriptor), vec![0x82, 1, 0, 2]].concat();
            assert_eq!(read(&file), (expected.to_vec(), Channels::Gray), "{descriptor:#x}");
        }
    }

    #[test]
    fn palettes_begin_at_any_number() {
        let mut file = vec![1, 1, 1, 5, 0, 2, 0, 24, 0, 0, 0, 0, 2, 0, 2, 0, 8, 0x20, 77];
        file.extend([3, 2, 1, 6, 5, 4, 5, 6, 7, 5]);
        assert_eq!(read(&file).0, [1, 2, 3, 4, 5, 6, 0, 0, 0, 1, 2, 3]);
        // The size of colours may be left in a file without a palette.
        let mut file = head(2, 24, 0x20);
        file[7] = 24;
        file.extend(1..=12);
        assert_eq!(read(&file).0, [3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10]);
    }
}
