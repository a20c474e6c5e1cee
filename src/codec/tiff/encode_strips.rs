//! Encodes pixels in strips, each compressed as soon as its rows are complete.

use ::tiff::encoder::compression::{
    Compression as _, CompressionAlgorithm as _, Compressor, Deflate, DeflateLevel, Lzw, Packbits,
};
use ::tiff::tags::CompressionMethod;

use super::fax_encode::{self, FaxCoding};
use crate::codec::errors;
use crate::codec::pixels::convert::Converter;
use crate::codec::pixels::few_colours::{Narrow, Small};
use crate::codec::pixels::palette::Indexed;
use crate::error::ItemError;
use crate::model::{Band, Channels, ImageInfo, SampleType, Save, TiffCompression};

/// Minimum bytes of a strip before compression, except in small images.
const STRIP_BYTES: usize = 256 << 10;
/// Compression tag of Zstandard (libtiff).
const ZSTANDARD: u16 = 50_000;
/// Zstandard's level, as in libtiff.
const ZSTANDARD_LEVEL: i32 = 9;

/// Photometric interpretations (TIFF 6.0).
const WHITE_IS_ZERO: u16 = 0;
const BLACK_IS_ZERO: u16 = 1;
const RGB: u16 = 2;
const PALETTE: u16 = 3;

/// Collects rows into strips.
pub(super) struct Strips {
    rows: Rows,
    packed: Packed,
}

/// Compressed strips, one after the other.
pub(super) struct Packed {
    /// Samples per pixel.
    pub(super) samples: usize,
    /// Whether the last one is alpha.
    pub(super) has_alpha: bool,
    /// Bits of a sample.
    pub(super) bits: u16,
    /// The tag of their meaning.
    pub(super) photometric: u16,
    /// The colours of a palette.
    pub(super) palette: Option<Vec<[u8; 4]>>,
    /// Rows of every strip but the last.
    pub(super) rows_per_strip: u32,
    /// Bytes of each strip.
    pub(super) lengths: Vec<u32>,
    /// The strips themselves.
    pub(super) data: Vec<u8>,
    row_bytes: usize,
    pending: Vec<u8>,
    coder: Coder,
    /// Whether differences to the previous pixel are compressed.
    pub(super) predicts: bool,
}

enum Rows {
    Eight(Converter<u8>),
    Sixteen(Converter<u16>),
}

/// Compresses strips.
enum Coder {
    Library(Compressor),
    /// PackBits, row by row.
    PackBits,
    Zstd,
    /// Rows of so many black and white pixels.
    Fax(FaxCoding, usize),
}

impl Coder {
    /// `width` is that of black and white rows: only they are coded as fax.
    fn new(compression: TiffCompression, effort: Option<u8>, width: Option<usize>) -> Self {
        match (compression, width) {
            (TiffCompression::None, _) => Self::Library(Compressor::default()),
            (TiffCompression::PackBits, _) => Self::PackBits,
            (TiffCompression::Zstd, _) => Self::Zstd,
            (TiffCompression::G3, Some(width)) => Self::Fax(FaxCoding::Group3, width),
            (TiffCompression::G4, Some(width)) => Self::Fax(FaxCoding::Group4, width),
            (TiffCompression::Deflate, _) => Self::Library(
                Deflate::with_level(match effort {
                    Some(0..=3) => DeflateLevel::Fast,
                    Some(8..) => DeflateLevel::Best,
                    _ => DeflateLevel::Balanced,
                })
                .get_algorithm(),
            ),
            (TiffCompression::Keep | TiffCompression::Lzw | TiffCompression::G3 | TiffCompression::G4, _) => {
                Self::Library(Lzw.get_algorithm())
            }
        }
    }

    /// The tag's value.
    const fn tag(&self) -> u16 {
        match self {
            Self::Library(Compressor::Lzw(_)) => CompressionMethod::LZW.to_u16(),
            Self::Library(Compressor::Deflate(_)) => CompressionMethod::Deflate.to_u16(),
            Self::Library(_) => CompressionMethod::None.to_u16(),
            Self::PackBits => CompressionMethod::PackBits.to_u16(),
            Self::Zstd => ZSTANDARD,
            Self::Fax(FaxCoding::Group3, _) => CompressionMethod::Fax3.to_u16(),
            Self::Fax(FaxCoding::Group4, _) => CompressionMethod::Fax4.to_u16(),
        }
    }

    const fn is_fax(&self) -> bool {
        matches!(self, Self::Fax(..))
    }

    /// Whether differences to the previous pixel compress better, and readers expect them.
    const fn can_predict(&self) -> bool {
        matches!(self, Self::Library(Compressor::Lzw(_) | Compressor::Deflate(_)) | Self::Zstd)
    }

    fn add(&mut self, rows: &[u8], row_bytes: usize, out: &mut Vec<u8>) -> Result<(), ItemError> {
        let failed = |error| errors::cant_encode(errors::from_encoder(error));
        match self {
            Self::Library(compressor) => compressor.write_to(out, rows).map(|_| ()).map_err(failed),
            Self::PackBits => {
                let mut rows = rows.chunks(row_bytes);
                rows.try_for_each(|row| Packbits.write_to(out, row).map(|_| ())).map_err(failed)
            }
            Self::Zstd => zstd::stream::copy_encode(rows, out, ZSTANDARD_LEVEL).map_err(failed),
            Self::Fax(coding, width) => {
                fax_encode::pack(rows, *coding, *width, out);
                Ok(())
            }
        }
    }
}

/// The compression of a result: that which was chosen, or its original's.
fn chosen(save: &Save) -> TiffCompression {
    match save.compression {
        TiffCompression::Keep => save.original.compression.unwrap_or_default(),
        compression => compression,
    }
}

/// Whether an image may be stored in fewer bits than it has: its original was, or it is to be coded as fax.
pub(super) fn may_be_small(save: &Save) -> bool {
    save.original.has_few_colours || matches!(chosen(save), TiffCompression::G3 | TiffCompression::G4)
}

impl Strips {
    pub(super) fn new(save: &Save, info: &ImageInfo) -> Self {
        // Gray with alpha is rare in TIFF, and many programs can't read it.
        let channels = if info.channels == Channels::GrayAlpha { Channels::Rgba } else { info.channels };
        let sixteen = info.sample == SampleType::U16;
        let row_bytes = info.width_px as usize * channels.count() * (1 + usize::from(sixteen));
        let rows = if sixteen {
            Rows::Sixteen(Converter::new(*info, channels))
        } else {
            Rows::Eight(Converter::new(*info, channels))
        };
        let coder = Coder::new(chosen(save), save.effort, None);
        let packed = Packed {
            samples: channels.count(),
            has_alpha: channels.has_alpha(),
            bits: if sixteen { 16 } else { 8 },
            photometric: if channels.colour_count() == 1 { BLACK_IS_ZERO } else { RGB },
            palette: None,
            predicts: coder.can_predict(),
            ..Packed::new(coder, row_bytes, info.height_px)
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

    /// Takes rows of 8-bit samples in the channels that are stored.
    pub(super) fn add_samples(&mut self, samples: &[u8]) -> Result<(), ItemError> {
        self.packed.add(samples)
    }

    /// All strips, after the last rows.
    pub(super) fn end(self) -> Result<Packed, ItemError> {
        self.packed.end()
    }
}

impl Packed {
    /// No strips yet, of one sample of one bit.
    fn new(coder: Coder, row_bytes: usize, height_px: u32) -> Self {
        Self {
            samples: 1,
            has_alpha: false,
            bits: 1,
            photometric: if coder.is_fax() { WHITE_IS_ZERO } else { BLACK_IS_ZERO },
            palette: None,
            rows_per_strip: STRIP_BYTES.div_ceil(row_bytes.max(1)).clamp(1, height_px.max(1) as usize) as u32,
            lengths: Vec::new(),
            data: Vec::new(),
            row_bytes,
            pending: Vec::new(),
            coder,
            predicts: false,
        }
    }

    /// The strips of an image that needs fewer bits than it was given in. Colours that are only black and white need no
    /// palette, unless a profile belongs to them.
    pub(super) fn of_small(small: Small, save: &Save, info: &ImageInfo, has_profile: bool) -> Result<Self, ItemError> {
        let (steps, palette) = match small {
            Small::Gray(steps) => (steps, None),
            Small::Palette(indexed) => match indexed.palette[..] {
                [[0, 0, 0, _], [255, 255, 255, _]] if !has_profile => (Narrow::from((&indexed, 1)), None),
                [[255, 255, 255, _], [0, 0, 0, _]] if !has_profile => {
                    let indices = indexed.indices.into_iter().map(|index| 1 - index).collect();
                    (Narrow::from((&Indexed { indices, palette: indexed.palette }, 1)), None)
                }
                _ => (Narrow::from((&indexed, indexed.bits())), Some(indexed.palette)),
            },
        };
        let is_black_and_white = steps.bits == 1 && palette.is_none();
        let strips = |compression| Self::of_steps(&steps, palette.as_ref(), compression, save, info);
        match chosen(save) {
            TiffCompression::Keep if is_black_and_white => {
                let (fax, lzw) = (strips(TiffCompression::G4)?, strips(TiffCompression::Lzw)?);
                Ok(if fax.data.len() < lzw.data.len() { fax } else { lzw })
            }
            compression => strips(compression),
        }
    }

    fn of_steps(
        steps: &Narrow,
        palette: Option<&Vec<[u8; 4]>>,
        compression: TiffCompression,
        save: &Save,
        info: &ImageInfo,
    ) -> Result<Self, ItemError> {
        let width = info.width_px as usize;
        let is_black_and_white = steps.bits == 1 && palette.is_none();
        let coder = Coder::new(compression, save.effort, is_black_and_white.then_some(width));
        let inverts = coder.is_fax();
        let mut packed = Self::new(coder, (width * usize::from(steps.bits)).div_ceil(8), info.height_px);
        packed.bits = steps.bits.into();
        if let Some(palette) = palette {
            (packed.photometric, packed.palette) = (PALETTE, Some(palette.clone()));
        }
        for mut row in steps.rows(width) {
            if inverts {
                row.iter_mut().for_each(|byte| *byte = !*byte);
            }
            packed.add(&row)?;
        }
        packed.end()
    }

    /// The compression's tag.
    pub(super) const fn compression(&self) -> u16 {
        self.coder.tag()
    }

    fn end(mut self) -> Result<Self, ItemError> {
        if !self.pending.is_empty() {
            self.pack()?;
        }
        Ok(self)
    }

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
                differences(row, self.samples, self.bits);
            }
        }
        let before = self.data.len();
        self.coder.add(&rows, self.row_bytes, &mut self.data)?;
        rows.clear();
        self.pending = rows;
        let length = u32::try_from(self.data.len() - before).map_err(|_| errors::cant_encode("file_over_4_gb"))?;
        self.lengths.push(length);
        Ok(())
    }
}

/// Each sample minus that of the previous pixel (TIFF 6.0, section 14), from the last to the first.
fn differences(row: &mut [u8], samples: usize, bits: u16) {
    if bits == 16 {
        let row = row.as_chunks_mut::<2>().0;
        for i in (samples..row.len()).rev() {
            row[i] = u16::from_ne_bytes(row[i]).wrapping_sub(u16::from_ne_bytes(row[i - samples])).to_ne_bytes();
        }
    } else {
        for i in (samples..row.len()).rev() {
            row[i] = row[i].wrapping_sub(row[i - samples]);
        }
    }
}
