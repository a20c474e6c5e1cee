//! What differs between the formats of this container: how their items are coded.

use super::frame::Frame;
use super::properties::Coding;
use crate::codec::container::bmff::BoxType;
use crate::error::ItemError;

/// Decodes what is coded in this way to a frame of this size.
pub(crate) type Decode = fn(&Coding<'_>, &[u8], (u32, u32)) -> Result<Frame, ItemError>;
/// Reads a size from what is coded.
pub(crate) type Size = fn(&Coding<'_>, &[u8]) -> Option<(u32, u32)>;

/// How the items of a format are coded.
pub(crate) struct ItemCodec {
    /// The types of coded items and of the samples of sequences.
    pub(crate) kinds: &'static [BoxType],
    /// The major brand of files whose image is a sequence. `None` if only the first image of a sequence is decoded.
    pub(crate) sequence_brand: Option<BoxType>,
    /// Whether `irot` and `imir` apply in the order in which they are assigned; otherwise `irot` always comes first.
    pub(crate) turns_in_order: bool,
    /// Decodes an item or a first sample of exactly this size in px. Larger frames are refused before memory is
    /// allocated for them.
    pub(crate) decode: Decode,
    /// Width, height in px, as the coded data says.
    pub(crate) size: Size,
}

impl ItemCodec {
    /// Whether items of this type are coded in this way.
    pub(crate) fn takes(&self, kind: BoxType) -> bool {
        self.kinds.contains(&kind)
    }
}
