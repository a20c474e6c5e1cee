//! A page's rows: one row of strips or tiles is read at a time, its samples unpacked, and what they mean made colour.

use ::tiff::tags::Tag;

use super::read::{Layout, Meaning, Reader, Stored, from_tiff};
use crate::codec::colour::Inks;
use crate::codec::convert;
use crate::codec::fault;
use crate::codec::whole::shape;
use crate::error::ItemError;
use crate::model::{Band, ImageInfo, RowReader, SampleType, Samples};

/// Gives a page's rows.
pub(super) struct TiffRows<'a> {
    bytes: &'a [u8],
    reader: Reader<'a>,
    layout: Layout,
    inks: Option<Inks<u8>>,
    /// The row of chunks that is held: all samples of its pixels, interleaved.
    held: Samples,
    /// Its first row and number of rows.
    held_rows: std::ops::Range<usize>,
    /// One chunk as the library gives it.
    chunk: Vec<u8>,
    next_row: usize,
}

impl<'a> TiffRows<'a> {
    pub(super) fn new(
        bytes: &'a [u8],
        reader: Reader<'a>,
        layout: Layout,
        inks: Option<Inks<u8>>,
    ) -> Result<Self, ItemError> {
        if layout.chunk.0 == 0 || layout.chunk.1 == 0 {
            return Err(fault::corrupt("its strips or tiles have no size"));
        }
        let held = Samples::empty(layout.held_sample());
        Ok(Self { bytes, reader, layout, inks, held, held_rows: 0..0, chunk: Vec::new(), next_row: 0 })
    }

    /// Reads the row of chunks that holds row `y`.
    fn hold(&mut self, y: usize) -> Result<(), ItemError> {
        let (chunk_width, chunk_height) = self.layout.chunk;
        let across = self.layout.width.div_ceil(chunk_width);
        let down = self.layout.height.div_ceil(chunk_height);
        let chunk_y = y / chunk_height;
        let first = chunk_y * chunk_height;
        let rows = chunk_height.min(self.layout.height - first);
        let len = (rows as u64 * self.layout.width as u64).saturating_mul(self.layout.samples as u64);
        self.held_rows = 0..0;
        grow(&mut self.held, len)?;
        let planes = if self.layout.planar { self.layout.samples } else { 1 };
        for plane in 0..planes {
            for chunk_x in 0..across {
                let index = (plane * down + chunk_y) * across + chunk_x;
                let index = u32::try_from(index).map_err(fault::corrupt)?;
                self.read_chunk(index)?;
                let (width, height) = self.reader.chunk_data_dimensions(index);
                let place = Place {
                    x: chunk_x * chunk_width,
                    plane: if self.layout.planar { Some(plane) } else { None },
                    width: (width as usize).min(self.layout.width - chunk_x * chunk_width),
                    height: (height as usize).min(rows),
                    stored_width: width as usize,
                };
                unpack(&self.chunk, &place, &self.layout, &mut self.held);
            }
        }
        self.held_rows = first..first + rows;
        Ok(())
    }

    fn read_chunk(&mut self, index: u32) -> Result<(), ItemError> {
        if self.layout.jpeg {
            self.check_jpeg(index)?;
        }
        let wanted = self.reader.image_chunk_buffer_layout(index).map_err(|error| from_tiff(&error))?.len;
        if self.chunk.len() != wanted {
            self.chunk = fault::zeroed(wanted as u64)?;
        }
        self.reader.read_chunk_bytes(index, &mut self.chunk).map_err(|error| from_tiff(&error))
    }

    /// Refuses JPEG data of more pixels than its chunk has: the library would take memory for them.
    fn check_jpeg(&mut self, index: u32) -> Result<(), ItemError> {
        let mut at = |strips, tiles| {
            let list = self.reader.find_tag_unsigned_vec::<u64>(strips).ok().flatten();
            let list = list.or_else(|| self.reader.find_tag_unsigned_vec::<u64>(tiles).ok().flatten());
            list.and_then(|list| list.get(index as usize).copied()).and_then(|value| usize::try_from(value).ok())
        };
        let from = at(Tag::StripOffsets, Tag::TileOffsets).ok_or_else(fault::truncated)?;
        let length = at(Tag::StripByteCounts, Tag::TileByteCounts).ok_or_else(fault::truncated)?;
        let data = self.bytes.get(from..from.saturating_add(length)).ok_or_else(fault::truncated)?;
        let (width, height) = jpeg_size(data).ok_or_else(|| fault::corrupt("a strip or tile is no JPEG data"))?;
        // Units of pixels may reach beyond the chunk.
        if width > self.layout.chunk.0 + 64 || height > self.layout.chunk.1 + 64 {
            return Err(fault::corrupt("its JPEG data has more pixels than its strips or tiles"));
        }
        Ok(())
    }
}

/// Width and height in the frame header of JPEG data.
fn jpeg_size(data: &[u8]) -> Option<(usize, usize)> {
    let mut rest = data.strip_prefix(&[0xFF, 0xD8])?;
    loop {
        let [0xFF, marker, after @ ..] = rest else { return None };
        match marker {
            0xFF => rest = rest.get(1..)?,
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                let [_, _, _, h1, h0, w1, w0, ..] = after else { return None };
                return Some((
                    usize::from(u16::from_be_bytes([*w1, *w0])),
                    usize::from(u16::from_be_bytes([*h1, *h0])),
                ));
            }
            _ => {
                let length = usize::from(u16::from_be_bytes(*after.first_chunk::<2>()?));
                rest = after.get(length..)?;
            }
        }
    }
}

/// Where a chunk's pixels go.
struct Place {
    x: usize,
    /// The only sample it holds.
    plane: Option<usize>,
    width: usize,
    height: usize,
    /// Pixels of one of its rows as stored.
    stored_width: usize,
}

fn grow(samples: &mut Samples, len: u64) -> Result<(), ItemError> {
    if samples.len() as u64 == len {
        return Ok(());
    }
    *samples = match samples {
        Samples::U8(_) => Samples::U8(fault::zeroed(len)?),
        Samples::U16(_) => Samples::U16(fault::zeroed(len)?),
        Samples::F32(_) => Samples::F32(fault::zeroed(len)?),
    };
    Ok(())
}

/// Spreads a chunk's samples over the rows that are held.
fn unpack(chunk: &[u8], place: &Place, layout: &Layout, held: &mut Samples) {
    match (held, layout.stored) {
        (Samples::U8(held), Stored::Whole(8)) => spread(chunk, place, layout, held, 8, |row, n| row[n]),
        (Samples::U8(held), Stored::Whole(bits)) => {
            let mask = (1u8 << bits) - 1;
            spread(chunk, place, layout, held, bits, |row, n| {
                let bit = n * usize::from(bits);
                row[bit / 8] >> (8 - bits as usize - bit % 8) & mask
            });
        }
        (Samples::U16(held), Stored::Whole(16)) => {
            spread(chunk, place, layout, held, 16, |row, n| u16::from_ne_bytes(four(row, n)));
        }
        // The sixteen bits that count most.
        (Samples::U16(held), _) => {
            spread(chunk, place, layout, held, 32, |row, n| (u32::from_ne_bytes(four(row, n)) >> 16) as u16);
        }
        (Samples::F32(held), Stored::Float(16)) => {
            spread(chunk, place, layout, held, 16, |row, n| from_half(u16::from_ne_bytes(four(row, n))));
        }
        (Samples::F32(held), Stored::Float(32)) => {
            spread(chunk, place, layout, held, 32, |row, n| f32::from_ne_bytes(four(row, n)));
        }
        (Samples::F32(held), _) => {
            spread(chunk, place, layout, held, 64, |row, n| f64::from_ne_bytes(four(row, n)) as f32);
        }
        _ => {}
    }
}

/// The `n`th group of `N` bytes; the caller has made sure that it is there.
fn four<const N: usize>(row: &[u8], n: usize) -> [u8; N] {
    row.get(n * N..).and_then(|rest| rest.first_chunk::<N>()).copied().unwrap_or([0; N])
}

fn spread<T>(chunk: &[u8], place: &Place, layout: &Layout, held: &mut [T], bits: u8, get: impl Fn(&[u8], usize) -> T) {
    let stored_samples = if place.plane.is_some() { 1 } else { layout.samples };
    let row_bytes = (place.stored_width * stored_samples * usize::from(bits)).div_ceil(8);
    let row_samples = layout.width * layout.samples;
    let rows = chunk.chunks_exact(row_bytes.max(1)).take(place.height);
    for (row, held) in rows.zip(held.chunks_exact_mut(row_samples.max(1))) {
        let Some(held) = held.get_mut(place.x * layout.samples..(place.x + place.width) * layout.samples) else {
            return;
        };
        match place.plane {
            None => held.iter_mut().enumerate().for_each(|(n, sample)| *sample = get(row, n)),
            Some(plane) => {
                let samples = held.iter_mut().skip(plane).step_by(layout.samples);
                samples.enumerate().for_each(|(n, sample)| *sample = get(row, n));
            }
        }
    }
}

/// IEEE 754 binary16.
fn from_half(half: u16) -> f32 {
    let (sign, exponent, fraction) = (half >> 15, i32::from(half >> 10 & 31), f32::from(half & 1023));
    let value = match exponent {
        0 => fraction * (-24f32).exp2(),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        exponent => (1.0 + fraction / 1024.0) * ((exponent - 15) as f32).exp2(),
    };
    if sign == 1 { -value } else { value }
}

impl Layout {
    /// The type that samples are held in.
    const fn held_sample(&self) -> SampleType {
        match self.stored {
            Stored::Whole(..=8) => SampleType::U8,
            Stored::Whole(_) => SampleType::U16,
            Stored::Float(_) => SampleType::F32,
        }
    }

    /// A row's held samples as its pixels' colours, alpha still as it was.
    fn colours<T: Copy>(&self, held: &[T], out: &mut Vec<T>, invert: impl Fn(T) -> T) {
        let colours = self.info.channels.colour_count();
        let inverted = self.meaning == Meaning::Gray { white_is_zero: true };
        for pixel in held.chunks_exact(self.samples) {
            let colour = pixel.iter().take(colours).copied();
            out.extend(colour.map(|value| if inverted { invert(value) } else { value }));
            out.extend(self.alpha.and_then(|(at, _)| pixel.get(at)));
        }
    }
}

/// Bits to the full range of a byte.
fn widen(values: &mut [u8], bits: u8) {
    let max = (1u16 << bits) - 1;
    for value in values {
        *value = (u16::from(*value) * 255 / max) as u8;
    }
}

impl TiffRows<'_> {
    /// Adds one row of the picture to a band.
    fn push_row(&self, y: usize, out: &mut Samples) {
        let layout = &self.layout;
        let row = layout.width * layout.samples;
        let at = (y - self.held_rows.start) * row..(y - self.held_rows.start + 1) * row;
        match (&self.held, out) {
            (Samples::U8(held), Samples::U8(out)) => {
                let held = held.get(at).unwrap_or_default();
                let from = out.len();
                match layout.meaning {
                    Meaning::Palette => {
                        for pixel in held.chunks_exact(layout.samples) {
                            let index = pixel.first().copied().unwrap_or(0);
                            out.extend(layout.palette.get(usize::from(index)).copied().unwrap_or_default());
                            out.extend(layout.alpha.and_then(|(at, _)| pixel.get(at)));
                        }
                    }
                    Meaning::YCbCr => {
                        for pixel in held.chunks_exact(layout.samples) {
                            if let [y, u, v, ..] = *pixel {
                                out.extend(from_ycbcr(y, u, v));
                            }
                            out.extend(layout.alpha.and_then(|(at, _)| pixel.get(at)));
                        }
                    }
                    Meaning::Inks => self.push_inks(held, out),
                    Meaning::Gray { .. } | Meaning::Rgb => {
                        let Stored::Whole(bits) = layout.stored else { return };
                        let max = if bits >= 8 { 255 } else { (1u8 << bits) - 1 };
                        layout.colours(held, out, |value| max - value);
                        if bits < 8 {
                            widen(out.get_mut(from..).unwrap_or_default(), bits);
                        }
                    }
                }
            }
            (Samples::U16(held), Samples::U16(out)) => {
                let held = held.get(at).unwrap_or_default();
                if layout.meaning == Meaning::Inks {
                    let bytes: Vec<u8> = held.iter().map(|&ink| ((u32::from(ink) + 128) / 257) as u8).collect();
                    let mut mixed = Vec::new();
                    self.push_inks(&bytes, &mut mixed);
                    out.extend(mixed.into_iter().map(|value| u16::from(value) * 257));
                } else {
                    layout.colours(held, out, |value| u16::MAX - value);
                }
            }
            (Samples::F32(held), Samples::F32(out)) => {
                layout.colours(held.get(at).unwrap_or_default(), out, |value| 1.0 - value);
            }
            _ => {}
        }
    }

    fn push_inks(&self, held: &[u8], out: &mut Vec<u8>) {
        let Some(inks) = &self.inks else { return };
        let four: Vec<u8> = held
            .chunks_exact(self.layout.samples)
            .filter_map(|pixel| pixel.first_chunk::<4>())
            .flatten()
            .copied()
            .collect();
        let mut rgb = vec![0; four.len() / 4 * 3];
        inks.mix(&four, &mut rgb);
        match self.layout.alpha {
            None => out.extend(rgb),
            Some((at, _)) => {
                for (rgb, pixel) in rgb.as_chunks::<3>().0.iter().zip(held.chunks_exact(self.layout.samples)) {
                    out.extend(rgb);
                    out.extend(pixel.get(at));
                }
            }
        }
    }
}

/// As JFIF has it: Rec. 601, full range.
fn from_ycbcr(y: u8, u: u8, v: u8) -> [u8; 3] {
    let (y, u, v) = (f32::from(y), f32::from(u) - 128.0, f32::from(v) - 128.0);
    // `as` saturates.
    [1.402f32.mul_add(v, y), y - 0.344_136 * u - 0.714_136 * v, 1.772f32.mul_add(u, y)].map(|value| (value + 0.5) as u8)
}

impl RowReader for TiffRows<'_> {
    fn info(&self) -> ImageInfo {
        self.layout.info
    }

    fn read_rows(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let rows = (max_rows as usize).min(self.layout.height - self.next_row);
        let info = self.layout.info;
        shape(band, &info, rows as u32);
        let mut samples = std::mem::replace(&mut band.samples, Samples::empty(info.sample));
        match &mut samples {
            Samples::U8(samples) => samples.clear(),
            Samples::U16(samples) => samples.clear(),
            Samples::F32(samples) => samples.clear(),
        }
        for _ in 0..rows {
            if !self.held_rows.contains(&self.next_row) {
                self.hold(self.next_row)?;
            }
            self.push_row(self.next_row, &mut samples);
            self.next_row += 1;
        }
        if self.layout.alpha.is_some_and(|(_, premultiplied)| premultiplied) {
            convert::straighten(&mut samples, info.channels);
        }
        let whole = samples.len() == info.row_samples() * rows;
        band.samples = samples;
        if whole { Ok(rows as u32) } else { Err(fault::corrupt("its samples don't fill its size")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_become_floats() {
        for (half, float) in [(0x3C00, 1.0), (0xC000, -2.0), (0x0001, 2f32.powi(-24)), (0x3555, 0.333_251_95), (0, 0.0)]
        {
            assert_eq!(from_half(half), float, "{half:#06x}");
        }
        assert!(from_half(0x7C00).is_infinite() && from_half(0x7E00).is_nan());
    }
}
