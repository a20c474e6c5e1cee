//! Decoded frames, as planes of luma and chroma.

use crate::codec::errors;
use crate::error::ItemError;
use crate::model::Samples;

/// Chroma subsampling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// No chroma.
    Gray,
    /// Halved on both axes.
    Half,
    /// Halved horizontally.
    HalfWide,
    /// Full resolution.
    Full,
}

/// One plane of samples of 8 to 16 bits, without gaps.
#[derive(Clone, Debug)]
pub(crate) struct Plane {
    /// Samples of a row.
    pub(crate) width: usize,
    /// Rows.
    pub(crate) height: usize,
    /// `width * height` samples: bytes if 8 bits are enough.
    pub(crate) samples: Samples,
}

/// A decoded frame.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) layout: Layout,
    /// Bits of a sample: 8 to 16.
    pub(crate) bits: u8,
    /// Colours as the stream declares them, in the numbers of ISO 23091-2, and whether the full range is used.
    pub(crate) primaries: u16,
    pub(crate) transfer: u16,
    pub(crate) matrix: u16,
    pub(crate) full_range: bool,
    /// Luma, and the two chroma planes, which are empty for gray images.
    pub(crate) planes: [Plane; 3],
}

impl Layout {
    /// A chroma plane's width and height for a luma plane's.
    pub(crate) const fn chroma_size(self, width: usize, height: usize) -> (usize, usize) {
        match self {
            Self::Gray => (0, 0),
            Self::Half => (width.div_ceil(2), height.div_ceil(2)),
            Self::HalfWide => (width.div_ceil(2), height),
            Self::Full => (width, height),
        }
    }
}

impl Plane {
    /// Reserves memory for a plane's samples.
    pub(crate) fn new(width: usize, height: usize, bits: u8) -> Result<Self, ItemError> {
        let len = (width as u64).saturating_mul(height as u64);
        let samples = if bits > 8 { Samples::U16(errors::room(len)?) } else { Samples::U8(errors::room(len)?) };
        Ok(Self { width, height, samples })
    }
}
