//! The layout of a page as its tags describe it, and the library's errors.

use ::tiff::decoder::Decoder;
use ::tiff::tags::CompressionMethod;
use ::tiff::{TiffError, TiffUnsupportedError};

use super::pages::Plain;
use crate::codec::errors;
use crate::error::ItemError;
use crate::model::{ImageInfo, Message, SampleType};

/// What a page's samples mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Gray {
        white_is_zero: bool,
    },
    Rgb,
    Palette,
    Inks,
    /// Luma and chroma in JPEG data.
    YCbCr,
    /// CIELab, with a and b signed or shifted.
    Lab {
        shifted: bool,
    },
}

/// How a sample is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    /// Whole numbers of 1, 2, 4, 8, 10, 12, 14, 16 or 32 bits.
    Whole(u8),
    /// Floats of 16, 32 or 64 bits.
    Float(u8),
}

/// The layout of a page as its tags describe it.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Samples per pixel, including those that are not shown.
    pub(super) samples: usize,
    pub(super) stored: Stored,
    pub(super) meaning: Meaning,
    /// Which sample is alpha, and whether colours are multiplied by it.
    pub(super) alpha: Option<(usize, bool)>,
    /// A plane for each sample.
    pub(super) planar: bool,
    /// Width and height of a strip or tile in px.
    pub(super) chunk: (usize, usize),
    pub(super) jpeg: bool,
    /// Whether strips are fax group 3, which the library can't read.
    pub(super) fax: bool,
    /// Whether strips or tiles are rows of plain samples, without compression and predictor.
    pub(super) plain: bool,
    /// The colours of a palette.
    pub(super) palette: Vec<[u8; 3]>,
    pub(super) info: ImageInfo,
}

pub(super) type Reader<'a> = Decoder<Plain<'a>>;

/// Converts the library's errors.
pub(super) fn from_tiff(error: &TiffError) -> ItemError {
    if errors::ends_early(error) {
        return errors::truncated();
    }
    match error {
        TiffError::UnsupportedError(TiffUnsupportedError::UnsupportedCompressionMethod(method)) => {
            errors::unsupported(Message::new("tiff_compression").with("method", compression_name(*method)))
        }
        TiffError::UnsupportedError(TiffUnsupportedError::ChromaSubsampling) => errors::unsupported("tiff_subsampling"),
        TiffError::UnsupportedError(_) => errors::unsupported("tiff_layout"),
        TiffError::LimitsExceeded => errors::too_large("needs_too_much_memory"),
        TiffError::IoError(_) => errors::corrupt("tiff_strip"),
        TiffError::FormatError(_) | TiffError::UsageError(_) | TiffError::IntSizeError => errors::corrupt("tiff_tags"),
    }
}

fn compression_name(method: CompressionMethod) -> String {
    match method {
        CompressionMethod::Huffman => "CCITT RLE".to_owned(),
        CompressionMethod::Fax3 => "fax group 3 in two dimensions".to_owned(),
        CompressionMethod::JPEG => "old-style JPEG".to_owned(),
        method => match method.to_u16() {
            34_712 => "JPEG 2000".to_owned(),
            34_887 => "LERC".to_owned(),
            34_925 => "LZMA".to_owned(),
            50_000 => "Zstandard".to_owned(),
            50_001 => "WebP".to_owned(),
            50_002 => "JPEG XL".to_owned(),
            number => format!("method {number}"),
        },
    }
}

impl Layout {
    /// Bytes of a sample as it is held: bits are expanded to bytes.
    pub(super) const fn sample_bytes(&self) -> u64 {
        match self.stored {
            Stored::Whole(..=8) => 1,
            Stored::Whole(..=16) => 2,
            Stored::Whole(_) | Stored::Float(..=32) => 4,
            Stored::Float(_) => 8,
        }
    }

    /// The type that samples are held in.
    pub(super) const fn held_sample(&self) -> SampleType {
        match self.stored {
            Stored::Whole(..=8) => SampleType::U8,
            Stored::Whole(_) | Stored::Float(_) => SampleType::U16,
        }
    }

    /// The number of chunks across and down.
    pub(super) const fn chunk_counts(&self) -> (usize, usize) {
        (self.width.div_ceil(self.chunk.0), self.height.div_ceil(self.chunk.1))
    }

    /// Bytes of a strip's row, if strips are plain rows of samples.
    pub(super) fn plain_row_bytes(&self) -> Option<usize> {
        let (Stored::Whole(bits) | Stored::Float(bits)) = self.stored;
        let samples = self.width * if self.planar { 1 } else { self.samples };
        (self.plain && self.chunk.0 == self.width).then(|| (samples * usize::from(bits)).div_ceil(8).max(1))
    }
}
