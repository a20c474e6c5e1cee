//! The layout of a page as its tags describe it.

use super::decompress::Method;
use crate::codec::pixels::ycbcr::YCbCr;
use crate::model::{ImageInfo, SampleType};

/// What a page's samples mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Gray {
        white_is_zero: bool,
    },
    Rgb,
    Palette,
    Inks,
    /// Luma and chroma. In JPEG data they are converted by its decoder, unless each has a plane of its own.
    YCbCr,
    /// CIELab, with a and b signed or shifted.
    Lab {
        shifted: bool,
    },
}

/// How a sample is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    /// Whole numbers of 1 to 32 or 64 bits.
    Whole(u8),
    /// Floats of 16, 24, 32 or 64 bits.
    Float(u8),
}

/// What was done to samples before compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Predictor {
    None,
    /// Each sample minus that of the previous pixel.
    Horizontal,
    /// The bytes of floats by significance, then each minus the previous one.
    Float,
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
    pub(super) method: Method,
    pub(super) predictor: Predictor,
    /// Whether bytes begin with their lowest bit.
    pub(super) is_reversed: bool,
    /// Whether the file stores numbers in the other byte order than this machine.
    pub(super) is_swapped: bool,
    /// Whether JPEG data holds luma and chroma.
    pub(super) jpeg_is_ycbcr: bool,
    /// Pixels that share a chroma sample, across and down.
    pub(super) subsampling: (usize, usize),
    /// How luma and chroma become colours.
    pub(super) ycbcr: YCbCr,
    /// The colours of a palette.
    pub(super) palette: Vec<[u8; 3]>,
    pub(super) info: ImageInfo,
}

impl Layout {
    /// Bits of a stored sample.
    pub(super) const fn bits(&self) -> usize {
        let (Stored::Whole(bits) | Stored::Float(bits)) = self.stored;
        bits as usize
    }

    /// Bytes of a sample as it is held: bits are expanded to bytes.
    pub(super) const fn sample_bytes(&self) -> u64 {
        match self.stored {
            Stored::Whole(..=8) => 1,
            Stored::Whole(..=16) => 2,
            Stored::Whole(..=32) | Stored::Float(..=32) => 4,
            Stored::Whole(_) | Stored::Float(_) => 8,
        }
    }

    /// The type that samples are held in.
    pub(super) const fn held_sample(&self) -> SampleType {
        match self.stored {
            Stored::Whole(..=8) => SampleType::U8,
            Stored::Whole(_) | Stored::Float(_) => SampleType::U16,
        }
    }

    pub(super) const fn is_jpeg(&self) -> bool {
        matches!(self.method, Method::Jpeg | Method::OldJpeg)
    }

    /// Whether chroma samples are shared by several pixels and interleaved with luma in blocks.
    pub(super) fn has_blocks(&self) -> bool {
        self.meaning == Meaning::YCbCr && !self.is_jpeg() && !self.planar && self.subsampling != (1, 1)
    }

    /// Whether a plane has fewer samples than the image has pixels.
    pub(super) fn is_subsampled(&self, plane: usize) -> bool {
        self.meaning == Meaning::YCbCr && self.planar && matches!(plane, 1 | 2) && self.subsampling != (1, 1)
    }

    /// Samples per pixel in a chunk.
    pub(super) const fn chunk_samples(&self) -> usize {
        if self.planar { 1 } else { self.samples }
    }

    /// The number of chunks across and down.
    pub(super) const fn chunk_counts(&self) -> (usize, usize) {
        (self.width.div_ceil(self.chunk.0), self.height.div_ceil(self.chunk.1))
    }

    /// Bytes of a row of pixels in a chunk without compression.
    pub(super) fn row_bytes(&self) -> usize {
        (self.chunk.0 * self.chunk_samples() * self.bits()).div_ceil(8).max(1)
    }

    /// Bytes of a strip's row, if strips are plain rows of samples.
    pub(super) fn plain_row_bytes(&self) -> Option<usize> {
        let is_plain = self.method == Method::Plain && self.predictor == Predictor::None && !self.has_blocks();
        (is_plain && self.chunk.0 == self.width).then(|| self.row_bytes())
    }
}
