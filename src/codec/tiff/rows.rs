//! Returns a page's rows: reads one row of strips or tiles at a time, expands its samples, and converts them to
//! colours.

use std::io::{Read, Seek, SeekFrom};

use super::chunks::{Chunks, Missing};
use super::layout::{Layout, Meaning, Reader, Stored, from_tiff};
use super::unpack::{Target, above_white, grow, unpack};
use super::{fax, lab};
use crate::codec::colour::Inks;
use crate::codec::errors;
use crate::codec::pixels::whole_image::shape;
use crate::codec::pixels::{convert, placeholder};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Band, ImageInfo, Remark, RowReader, Samples, Truncated};

/// Returns a page's rows.
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
    chunks: Chunks,
    /// Whether to accept a truncated file.
    keep: bool,
    /// The missing parts of the rows that are held.
    missing: Vec<Missing>,
    /// Rows given that existed, and whether others were missing.
    rows_had: u32,
    is_short: bool,
    /// Floats read, and how many of them are above white.
    floats: u64,
    above_white: u64,
}

impl<'a> TiffRows<'a> {
    /// Fails if a truncated file has no pixels at all.
    pub(super) fn new(
        bytes: &'a [u8],
        mut reader: Reader<'a>,
        layout: Layout,
        inks: Option<Inks<u8>>,
        keep: bool,
    ) -> Result<Self, ItemError> {
        if layout.chunk.0 == 0 || layout.chunk.1 == 0 {
            return Err(errors::corrupt("tiff_no_strips"));
        }
        let chunks = Chunks::of(&mut reader)?;
        if keep && !chunks.any_there(&layout, bytes) {
            return Err(errors::truncated_rows(0, layout.info.height_px));
        }
        let held = Samples::empty(layout.held_sample());
        Ok(Self {
            bytes,
            reader,
            layout,
            inks,
            held,
            held_rows: 0..0,
            chunk: Vec::new(),
            next_row: 0,
            chunks,
            keep,
            missing: Vec::new(),
            rows_had: 0,
            is_short: false,
            floats: 0,
            above_white: 0,
        })
    }

    /// Reads the row of chunks that holds row `y`.
    fn hold(&mut self, y: usize) -> Result<(), ItemError> {
        let (chunk_width, chunk_height) = self.layout.chunk;
        let (across, down) = self.layout.chunk_counts();
        let chunk_y = y / chunk_height;
        let first = chunk_y * chunk_height;
        let rows = chunk_height.min(self.layout.height - first);
        let len = (rows as u64 * self.layout.width as u64).saturating_mul(self.layout.samples as u64);
        self.held_rows = 0..0;
        self.missing.clear();
        grow(&mut self.held, len)?;
        let planes = if self.layout.planar { self.layout.samples } else { 1 };
        for plane in 0..planes {
            for chunk_x in 0..across {
                let index = (plane * down + chunk_y) * across + chunk_x;
                let x = chunk_x * chunk_width;
                let width = chunk_width.min(self.layout.width - x);
                let had = self.read_chunk_or_some(
                    u32::try_from(index).map_err(|e| errors::corrupt(errors::from_decoder(e)))?,
                    rows,
                )?;
                let target = Target {
                    x,
                    plane: if self.layout.planar { Some(plane) } else { None },
                    width,
                    height: had,
                    stored_width: width,
                };
                let (above, floats) = above_white(&self.chunk, self.layout.stored);
                self.floats += floats;
                self.above_white += above;
                unpack(&self.chunk, &target, &self.layout, &mut self.held);
                if had < rows {
                    self.missing.push(Missing { columns: x..x + width, from_row: first + had });
                }
            }
        }
        self.held_rows = first..first + rows;
        Ok(())
    }

    /// Reads a chunk, or its existing part if that is accepted; gives the number of rows found, of `rows`.
    fn read_chunk_or_some(&mut self, index: u32, rows: usize) -> Result<usize, ItemError> {
        let error = match self.read_chunk(index, rows) {
            Ok(()) => return Ok(rows),
            Err(error) => error,
        };
        if error.kind != ErrorKind::Truncated && self.chunks.is_there(index, self.bytes) {
            return Err(error);
        }
        if !self.keep {
            let had = self.chunks.whole_rows(&self.layout, self.bytes);
            return Err(errors::truncated_rows(had, self.layout.info.height_px));
        }
        self.is_short = true;
        self.read_some(index, rows)
    }

    fn read_chunk(&mut self, index: u32, rows: usize) -> Result<(), ItemError> {
        if self.layout.jpeg {
            self.check_jpeg(index)?;
        }
        if self.layout.fax {
            let had = self.unpack_fax(index, rows)?;
            return if had == rows { Ok(()) } else { Err(errors::corrupt("tiff_fax_rows")) };
        }
        let wanted = self.reader.image_chunk_buffer_layout(index).map_err(|error| from_tiff(&error))?.len;
        if self.chunk.len() != wanted {
            self.chunk = errors::zeroed(wanted as u64)?;
        }
        self.reader.read_chunk_bytes(index, &mut self.chunk).map_err(|error| from_tiff(&error))
    }

    /// Reads the first rows of a truncated chunk: for plain samples the complete ones, for fax data those before the
    /// last, which may be damaged.
    fn read_some(&mut self, index: u32, rows: usize) -> Result<usize, ItemError> {
        if self.layout.fax {
            return Ok(self.unpack_fax(index, rows)?.saturating_sub(1));
        }
        let Some(row_bytes) = self.layout.plain_row_bytes() else { return Ok(0) };
        let data = self.stored(index)?;
        let had = (data.len() / row_bytes).min(rows);
        self.chunk = data;
        self.chunk.truncate(had * row_bytes);
        // In this machine's byte order, as the library gives them.
        if self.reader.byte_order() != ::tiff::tags::ByteOrder::native() {
            let sample_bytes = match self.layout.stored {
                Stored::Whole(bits @ (16 | 32)) | Stored::Float(bits) => usize::from(bits) / 8,
                Stored::Whole(_) => 1,
            };
            self.chunk.chunks_exact_mut(sample_bytes).for_each(<[u8]>::reverse);
        }
        Ok(had)
    }

    /// A chunk's existing bytes, bits in order.
    fn stored(&mut self, index: u32) -> Result<Vec<u8>, ItemError> {
        let range = self.chunks.range(index);
        let range = range.start..range.end.min(self.bytes.len() as u64);
        let mut data = errors::zeroed(range.end.saturating_sub(range.start))?;
        let view = self.reader.inner();
        let read = view.seek(SeekFrom::Start(range.start)).and_then(|_| view.read_exact(&mut data));
        read.map_err(|_| errors::truncated())?;
        Ok(data)
    }

    fn unpack_fax(&mut self, index: u32, rows: usize) -> Result<usize, ItemError> {
        let width = u16::try_from(self.layout.width).map_err(|_| errors::unsupported("tiff_fax_wide"))?;
        let data = self.stored(index)?;
        self.chunk = errors::zeroed(self.layout.width.div_ceil(8) as u64 * rows as u64)?;
        Ok(fax::unpack(&data, width, &mut self.chunk))
    }

    /// Refuses JPEG data with more pixels than its chunk: the library would allocate memory for them.
    fn check_jpeg(&self, index: u32) -> Result<(), ItemError> {
        let data = self.chunks.data(index, self.bytes).ok_or_else(errors::truncated)?;
        let (width, height) = jpeg_size(data).ok_or_else(|| errors::corrupt("tiff_jpeg"))?;
        // Units of pixels may extend beyond the chunk.
        if width > self.layout.chunk.0 + 64 || height > self.layout.chunk.1 + 64 {
            return Err(errors::corrupt("tiff_jpeg_large"));
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

impl Layout {
    /// A row's held samples as colours; alpha is not changed.
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

impl Layout {
    /// A row's held samples as colours, from three Lab samples per pixel.
    fn push_lab<T: Copy>(
        &self,
        held: &[T],
        out: &mut Vec<u16>,
        colour: impl Fn([T; 3]) -> [u16; 3],
        alpha: impl Fn(T) -> u16,
    ) {
        for pixel in held.chunks_exact(self.samples) {
            if let Some(&lab) = pixel.first_chunk::<3>() {
                out.extend(colour(lab));
            }
            out.extend(self.alpha.and_then(|(at, _)| pixel.get(at)).map(|&value| alpha(value)));
        }
    }
}

/// Scales bits to the full range of a byte.
fn widen(values: &mut [u8], bits: u8) {
    let max = (1u16 << bits) - 1;
    for value in values {
        *value = (u16::from(*value) * 255 / max) as u8;
    }
}

impl TiffRows<'_> {
    /// Adds one row of the image to a band.
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
                    Meaning::Lab { .. } => {}
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
                if let Meaning::Lab { shifted } = layout.meaning {
                    layout.push_lab(held, out, |lab| lab::from_u16(lab, shifted), |alpha| alpha);
                } else if layout.meaning == Meaning::Inks {
                    let bytes: Vec<u8> = held.iter().map(|&ink| ((u32::from(ink) + 128) / 257) as u8).collect();
                    let mut mixed = Vec::new();
                    self.push_inks(&bytes, &mut mixed);
                    out.extend(mixed.into_iter().map(|value| u16::from(value) * 257));
                } else {
                    layout.colours(held, out, |value| u16::MAX - value);
                }
            }
            (Samples::U8(held), Samples::U16(out)) => {
                if let Meaning::Lab { shifted } = layout.meaning {
                    let held = held.get(at).unwrap_or_default();
                    layout.push_lab(held, out, |lab| lab::from_u8(lab, shifted), |alpha| u16::from(alpha) * 257);
                }
            }
            _ => {}
        }
    }

    /// Fills the missing parts of the last row with placeholders.
    fn blank_out(&mut self, y: usize, out: &mut Samples) {
        let missing = self.missing.iter().filter(|missing| missing.from_row <= y);
        let mut is_whole = true;
        for Missing { columns, .. } in missing {
            is_whole = false;
            placeholder::fill_last_row(out, columns.clone(), &self.layout.info);
        }
        self.rows_had += u32::from(is_whole);
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

/// As in JFIF: Rec. 601, full range.
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
            self.blank_out(self.next_row, &mut samples);
            self.next_row += 1;
        }
        if self.layout.alpha.is_some_and(|(_, premultiplied)| premultiplied) {
            convert::straighten(&mut samples, info.channels);
        }
        let whole = samples.len() == info.row_samples() * rows;
        band.samples = samples;
        if whole { Ok(rows as u32) } else { Err(errors::corrupt("tiff_samples_size")) }
    }

    fn truncation(&self) -> Option<Truncated> {
        let (of_rows, bytes) = (self.layout.info.height_px, self.bytes.len() as u64);
        self.is_short.then_some(Truncated { rows: self.rows_had, of_rows, bytes, frames: None })
    }

    fn remark(&self) -> Option<Remark> {
        (self.above_white > self.floats / 2).then_some(Remark::AboveWhite)
    }
}
