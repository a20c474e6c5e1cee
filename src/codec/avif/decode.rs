//! Decoding AVIF: images of 8 to 12 bits, gray or colour, with alpha, in one piece or as a grid of tiles, and sequences.
//!
//! `container::heif` reads the file; rav1d decodes the items and samples.

use super::sequence_frames::SequenceFrames;
use super::{rav1d, sequence_header};
use crate::codec::animation::canvas_rows::DecodedFrames;
use crate::codec::container::heif::sequence::Sequence;
use crate::codec::container::heif::{ItemCodec, gain_map, has_brand, still, strip};
use crate::codec::errors;
use crate::codec::guard::control::DecodeControl;
use crate::codec::spec::{DecodeOptions, Decoded, FileHeader, GainMapSpec, Header};
use crate::error::ItemError;

/// How AVIF's items are coded.
static AV1: ItemCodec = ItemCodec {
    kinds: &[*b"av01"],
    sequence_brand: Some(*b"avis"),
    turns_in_order: false,
    decode: |_, stream, (width_px, height_px)| rav1d::decode(stream, width_px, height_px),
    size: |_, stream| sequence_header::size(stream),
};

/// Maximum bytes for decoding: the decoder's frame, the planes copied from it, the decoder's data per block, and the
/// pixels in shared memory.
pub(super) fn held_bytes(_: &[u8], header: &Header) -> u64 {
    header.info.size_bytes() * 3 + (8 << 20)
}

/// Maximum bytes for decoding a sequence: the decoder keeps eight frames that later ones may refer to.
pub(super) fn frames_held_bytes(_: &[u8], header: &Header) -> u64 {
    header.info.size_bytes() * 12 + (16 << 20)
}

pub(super) fn probe(bytes: &[u8], _page: u32) -> Result<FileHeader, ItemError> {
    still::probe(&AV1, bytes)
}

pub(super) fn taken(bytes: &[u8]) -> Option<String> {
    still::taken(&AV1, bytes)
}

pub(super) fn open<'a>(
    bytes: &'a [u8],
    options: &DecodeOptions,
    _control: &DecodeControl<'_>,
) -> Result<Decoded<'a>, ItemError> {
    still::open(&AV1, bytes, options.hdr)
}

/// How gain maps are read.
pub(super) const GAIN_MAP: GainMapSpec = GainMapSpec {
    find: |bytes| gain_map::find(&AV1, bytes),
    open: |bytes, found, _| gain_map::open(&AV1, bytes, found),
    file: |_, _| None,
    bytes: |_, found| gain_map::pixels(found) * 20 + (8 << 20),
};

/// The file without metadata.
pub(super) fn stripped(bytes: &[u8]) -> Option<Vec<u8>> {
    strip::stripped(&AV1, bytes)
}

/// Opens a sequence.
pub(super) fn open_frames(bytes: &[u8], _keep: bool) -> Result<DecodedFrames<'_>, ItemError> {
    let sequence = Sequence::read(&AV1, bytes)?.ok_or_else(|| errors::corrupt("heif_no_primary"))?;
    let metadata = sequence.metadata();
    let (frames, profile) = SequenceFrames::open(bytes, sequence)?;
    Ok(DecodedFrames { frames: Box::new(frames), profile, metadata })
}

/// Whether frames of a sequence are missing.
pub(super) fn is_truncated(bytes: &[u8]) -> bool {
    Sequence::read(&AV1, bytes).ok().flatten().is_some_and(|sequence| sequence.is_truncated(bytes))
}

/// Whether the major brand, or a compatible one, is AVIF's. Other codecs use the same container.
pub(super) fn sniff(bytes: &[u8]) -> bool {
    has_brand(bytes, |brand| matches!(brand, b"avif" | b"avis"))
}
