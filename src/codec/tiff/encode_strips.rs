//! Encodes pixels in strips, each compressed as soon as its rows are complete.

use ::tiff::encoder::compression::{
    Compression as _, CompressionAlgorithm as _, Compressor, Deflate, DeflateLevel, Lzw,
};

use crate::codec::errors;
use crate::codec::pixels::convert::Converter;
use crate::error::ItemError;
use crate::model::{Band, Channels, ImageInfo, SampleType, Save, TiffCompression};

/// Minimum bytes of a strip before compression, except in small images.
const STRIP_BYTES: usize = 256 << 10;

/// Collects rows into strips.
pub(super) struct Strips {
    rows: Rows,
    packed: Packed,
}

/// Compressed strips, one after the other.
pub(super) struct Packed {
    /// Channels that are stored.
    pub(super) channels: Channels,
    /// Bits of a sample: 8 or 16.
    pub(super) bits: u16,
    /// Rows of every strip but the last.
    pub(super) rows_per_strip: u32,
    /// Bytes of each strip.
    pub(super) lengths: Vec<u32>,
    /// The strips themselves.
    pub(super) data: Vec<u8>,
    row_bytes: usize,
    pending: Vec<u8>,
    compressor: Compressor,
    /// Whether differences to the previous pixel are compressed.
    predicts: bool,
}

enum Rows {
    Eight(Converter<u8>),
    Sixteen(Converter<u16>),
}

impl Strips {
    pub(super) fn new(save: &Save, info: &ImageInfo) -> Self {
        // Gray with alpha is rare in TIFF, and many programs can't read it.
        let channels = if info.channels == Channels::GrayAlpha { Channels::Rgba } else { info.channels };
        let sixteen = info.sample == SampleType::U16;
        let row_bytes = info.width_px as usize * channels.count() * (1 + usize::from(sixteen));
        let compressor = match save.compression {
            TiffCompression::None => Compressor::default(),
            TiffCompression::Lzw => Lzw.get_algorithm(),
            TiffCompression::Deflate => Deflate::with_level(match save.effort {
                Some(0..=3) => DeflateLevel::Fast,
                Some(8..) => DeflateLevel::Best,
                _ => DeflateLevel::Balanced,
            })
            .get_algorithm(),
        };
        let rows = if sixteen {
            Rows::Sixteen(Converter::new(*info, channels))
        } else {
            Rows::Eight(Converter::new(*info, channels))
        };
        let packed = Packed {
            channels,
            bits: if sixteen { 16 } else { 8 },
            rows_per_strip: STRIP_BYTES.div_ceil(row_bytes.max(1)).clamp(1, info.height_px.max(1) as usize) as u32,
            lengths: Vec::new(),
            data: Vec::new(),
            row_bytes,
            pending: Vec::new(),
            compressor,
            predicts: save.compression != TiffCompression::None,
        };
        Self { rows, packed }
    }

    /// Takes the next rows.
    pub(super) fn add(&mut self, band: &Band) -> Result<(), ItemError> {
        match &mut self.rows {
            Rows::Eight(converter) => self.packed.add(converter.convert(band)),
            // The file is written in this machine's order.
            Rows::Sixteen(converter) => self.packed.add(bytemuck::cast_slice(converter.convert(band))),
        }
    }

    /// All strips, after the last rows.
    pub(super) fn end(mut self) -> Result<Packed, ItemError> {
        if !self.packed.pending.is_empty() {
            self.packed.pack()?;
        }
        Ok(self.packed)
    }
}

impl Packed {
    fn add(&mut self, mut rest: &[u8]) -> Result<(), ItemError> {
        let full = self.row_bytes * self.rows_per_strip as usize;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(full - self.pending.len()));
            self.pending.extend_from_slice(now);
            rest = later;
            if self.pending.len() == full {
                self.pack()?;
            }
        }
        Ok(())
    }

    /// Compresses the rows collected so far.
    fn pack(&mut self) -> Result<(), ItemError> {
        let mut rows = std::mem::take(&mut self.pending);
        if self.predicts {
            for row in rows.chunks_mut(self.row_bytes) {
                differences(row, self.channels.count(), self.bits);
            }
        }
        let before = self.data.len();
        self.compressor
            .write_to(&mut self.data, &rows)
            .map_err(|error| errors::cant_encode(errors::from_encoder(error)))?;
        rows.clear();
        self.pending = rows;
        let length = u32::try_from(self.data.len() - before).map_err(|_| errors::cant_encode("file_over_4_gb"))?;
        self.lengths.push(length);
        Ok(())
    }
}

/// Each sample minus that of the previous pixel (TIFF 6.0, section 14), from the last to the first.
fn differences(row: &mut [u8], channels: usize, bits: u16) {
    if bits == 16 {
        let row = row.as_chunks_mut::<2>().0;
        for i in (channels..row.len()).rev() {
            row[i] = u16::from_ne_bytes(row[i]).wrapping_sub(u16::from_ne_bytes(row[i - channels])).to_ne_bytes();
        }
    } else {
        for i in (channels..row.len()).rev() {
            row[i] = row[i].wrapping_sub(row[i - channels]);
        }
    }
}
