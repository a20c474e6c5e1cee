//! Returns a page's rows: reads one row of strips or tiles at a time, expands its samples, and converts them to
//! colours.

use super::chunks::{Chunks, Missing};
use super::decompress::Method;
use super::directory::{Directory, tag};
use super::layout::{Layout, Meaning, Stored};
use super::unpack::{Target, above_white, grow, unpack};
use super::{jpeg_data, lab, predict};
use crate::codec::colour::Inks;
use crate::codec::pixels::whole_image::shape;
use crate::codec::pixels::{convert, placeholder};
use crate::codec::{errors, jpeg, webp};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Band, ImageInfo, Remark, RowReader, Samples, Truncated};

/// Returns a page's rows.
pub(super) struct TiffRows<'a> {
    page: Directory<'a>,
    layout: Layout,
    inks: Option<Inks<u8>>,
    /// The row of chunks that is held: all samples of its pixels, interleaved.
    held: Samples,
    /// Its first row and number of rows.
    held_rows: std::ops::Range<usize>,
    /// One chunk without compression: rows of the chunk's width, in this machine's byte order.
    chunk: Vec<u8>,
    next_row: usize,
    chunks: Chunks,
    /// Whether to accept a truncated file, and a damaged one.
    keep: bool,
    keep_damaged: bool,
    /// Whether there was damage, and whether any row of a chunk was readable.
    is_damaged: bool,
    has_pixels: bool,
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
        page: Directory<'a>,
        layout: Layout,
        chunks: Chunks,
        inks: Option<Inks<u8>>,
        (keep, keep_damaged): (bool, bool),
    ) -> Result<Self, ItemError> {
        if keep && !chunks.any_there(&layout, page.bytes()) {
            return Err(errors::truncated_rows(0, layout.info.height_px));
        }
        let held = Samples::empty(layout.held_sample());
        Ok(Self {
            page,
            layout,
            inks,
            held,
            held_rows: 0..0,
            chunk: Vec::new(),
            next_row: 0,
            chunks,
            keep,
            keep_damaged,
            is_damaged: false,
            has_pixels: false,
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
                let had = self.read_chunk_or_some(index, plane, rows)?;
                self.has_pixels |= had > 0;
                let target = Target { x, plane: self.layout.planar.then_some(plane), width, height: had };
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
    fn read_chunk_or_some(&mut self, index: usize, plane: usize, rows: usize) -> Result<usize, ItemError> {
        let is_there = self.chunks.is_there(index, self.page.bytes());
        // Without a chunk's end, compressed rows may be damaged.
        if is_there || matches!(self.layout.method, Method::Fax(_)) || self.layout.plain_row_bytes().is_some() {
            let had = match self.read_chunk(index, plane, rows) {
                Err(error) if self.keep_damaged && error.kind != ErrorKind::TooLarge => 0,
                other => other?,
            };
            if had == rows && is_there {
                return Ok(rows);
            }
            if is_there && self.keep_damaged {
                self.is_damaged = true;
                return Ok(had);
            }
            if is_there {
                let is_fax = matches!(self.layout.method, Method::Fax(_));
                return Err(errors::corrupt(if is_fax { "tiff_fax_rows" } else { "tiff_strip" }));
            }
            if self.keep {
                self.is_short = true;
                let is_fax = matches!(self.layout.method, Method::Fax(_));
                return Ok(if is_fax { had.saturating_sub(1) } else { had });
            }
        }
        if !self.keep {
            let had = self.chunks.whole_rows(&self.layout, self.page.bytes());
            return Err(errors::truncated_rows(had, self.layout.info.height_px));
        }
        self.is_short = true;
        Ok(0)
    }

    /// Reads the first `rows` rows of a chunk; gives the number of complete ones.
    fn read_chunk(&mut self, index: usize, plane: usize, rows: usize) -> Result<usize, ItemError> {
        let layout = &self.layout;
        if layout.method.is_image() {
            return self.read_image(index, rows);
        }
        let stored = self.chunks.data(index, self.page.bytes());
        let reversed: Vec<u8>;
        let data = if layout.is_reversed {
            reversed = stored.iter().map(|byte| byte.reverse_bits()).collect();
            &reversed
        } else {
            stored
        };
        if layout.has_blocks() || layout.is_subsampled(plane) {
            return self.read_subsampled(data.to_vec().as_slice(), plane, rows);
        }
        let row_bytes = layout.row_bytes();
        let wanted = row_bytes as u64 * rows as u64;
        if self.chunk.len() as u64 != wanted {
            self.chunk = errors::zeroed(wanted)?;
        }
        let had = layout.method.unpack(data, &mut self.chunk, layout.chunk.0, row_bytes) / row_bytes;
        let stride = layout.chunk_samples();
        predict::undo(&mut self.chunk, row_bytes, layout.predictor, layout.stored, stride, layout.is_swapped);
        Ok(had.min(rows))
    }

    /// Reads luma and chroma where several pixels share one chroma sample, and repeats it for each of them.
    fn read_subsampled(&mut self, data: &[u8], plane: usize, rows: usize) -> Result<usize, ItemError> {
        let layout = &self.layout;
        let (across, down) = layout.subsampling;
        let width = layout.chunk.0;
        let (units, unit_rows) = (width.div_ceil(across), rows.div_ceil(down));
        let samples = layout.chunk_samples();
        let unit_bytes = if layout.planar { 1 } else { across * down + samples - 1 };
        let mut packed: Vec<u8> = errors::zeroed((units * unit_rows) as u64 * unit_bytes as u64)?;
        let row_bytes = units * unit_bytes;
        let had = layout.method.unpack(data, &mut packed, units, row_bytes) / row_bytes * down;
        if plane == 0 || layout.planar {
            predict::undo(&mut packed, row_bytes, layout.predictor, layout.stored, 1, false);
        }
        self.chunk = errors::zeroed((width * rows) as u64 * samples as u64)?;
        for (y, row) in self.chunk.chunks_exact_mut(width * samples).enumerate() {
            let units = packed.get(y / down * row_bytes..).unwrap_or_default();
            for (x, pixel) in row.chunks_exact_mut(samples).enumerate() {
                let unit = units.get(x / across * unit_bytes..).unwrap_or_default();
                if layout.planar {
                    pixel[0] = unit.first().copied().unwrap_or(0);
                    continue;
                }
                pixel[0] = unit.get(y % down * across + x % across).copied().unwrap_or(0);
                for (value, chroma) in pixel.iter_mut().skip(1).zip(unit.iter().skip(across * down)) {
                    *value = *chroma;
                }
            }
        }
        Ok(had.min(rows))
    }

    /// Decodes a chunk that is an image of its own, which may have more pixels than the chunk.
    fn read_image(&mut self, index: usize, rows: usize) -> Result<usize, ItemError> {
        let layout = &self.layout;
        let samples = layout.chunk_samples();
        let (width, height) = layout.chunk;
        // Units of pixels may extend beyond the chunk; more would be memory for nothing.
        let most = (width + 64, height + 64);
        if layout.method == Method::WebP {
            let (decoded_width, decoded) =
                webp::decode_embedded(self.chunks.data(index, self.page.bytes()), samples, most)?;
            return self.place(decoded_width * samples, &decoded, rows);
        }
        let file = if layout.method == Method::OldJpeg {
            jpeg_data::old_style(&self.page, layout, &self.chunks)?
        } else {
            let tables = self.page.data(tag::JPEG_TABLES);
            jpeg_data::file(self.chunks.data(index, self.page.bytes()), tables, layout.jpeg_is_ycbcr)?
        };
        let decoded = jpeg::decode_embedded(&file, samples, usize::from(layout.bits() > 8) + 1, most)?;
        let decoded_bytes = decoded.width * samples * layout.bits().div_ceil(8);
        self.place(decoded_bytes, &decoded.rows, rows)
    }

    /// Puts decoded rows of so many bytes into the chunk.
    fn place(&mut self, decoded_bytes: usize, decoded: &[u8], rows: usize) -> Result<usize, ItemError> {
        let layout = &self.layout;
        let row_bytes = layout.chunk.0 * layout.chunk_samples() * layout.bits().div_ceil(8);
        self.chunk = errors::zeroed(row_bytes as u64 * rows as u64)?;
        let pairs = self.chunk.chunks_exact_mut(row_bytes).zip(decoded.chunks_exact(decoded_bytes.max(1)));
        let mut had = 0;
        for (to, from) in pairs {
            for (to, from) in to.iter_mut().zip(from) {
                *to = *from;
            }
            had += 1;
        }
        Ok(had)
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
        *value = ((u16::from(*value) * 255 + max / 2) / max) as u8;
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
                                out.extend(layout.ycbcr.rgb([y, u, v]));
                            }
                            out.extend(layout.alpha.and_then(|(at, _)| pixel.get(at)));
                        }
                    }
                    Meaning::Inks => {
                        let mut wide = held.to_vec();
                        if let Stored::Whole(bits @ 1..8) = layout.stored {
                            widen(&mut wide, bits);
                        }
                        self.push_inks(&wide, out);
                    }
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
            (Samples::U16(held), Samples::U8(out)) => {
                for pixel in held.get(at).unwrap_or_default().chunks_exact(layout.samples) {
                    let index = pixel.first().copied().unwrap_or(0);
                    out.extend(layout.palette.get(usize::from(index)).copied().unwrap_or_default());
                    out.extend(layout.alpha.and_then(|(at, _)| pixel.get(at)).map(|&alpha| (alpha >> 8) as u8));
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
        if self.next_row == self.layout.height && self.is_damaged && !self.has_pixels {
            return Err(errors::corrupt("tiff_strip"));
        }
        if self.layout.alpha.is_some_and(|(_, premultiplied)| premultiplied) {
            convert::straighten(&mut samples, info.channels);
        }
        let whole = samples.len() == info.row_samples() * rows;
        band.samples = samples;
        if whole { Ok(rows as u32) } else { Err(errors::corrupt("tiff_samples_size")) }
    }

    fn truncation(&self) -> Option<Truncated> {
        let (of_rows, bytes) = (self.layout.info.height_px, self.page.bytes().len() as u64);
        self.is_short.then_some(Truncated { rows: self.rows_had, of_rows, bytes, frames: None })
    }

    fn remark(&self) -> Option<Remark> {
        if self.is_damaged {
            return Some(Remark::Damaged);
        }
        (self.above_white > self.floats / 2).then_some(Remark::AboveWhite)
    }
}
