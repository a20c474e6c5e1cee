//! Decoding HEIC: images of 8 to 16 bits, gray or colour, with alpha, in one piece or as a grid of tiles. Of a sequence,
//! only the first image is decoded: the others are coded as differences.
//!
//! `container::heif` reads the file; heic-rs decodes the items.

use super::hevc;
use crate::codec::container::heif::{ItemCodec, gain_map, has_brand, still, strip};
use crate::codec::guard::control::DecodeControl;
use crate::codec::spec::{DecodeOptions, Decoded, FileHeader, GainMapSpec, Header, Stripped};
use crate::error::ItemError;

/// How HEIC's items are coded.
static HEVC: ItemCodec = ItemCodec {
    kinds: &[*b"hvc1", *b"hev1"],
    sequence_brand: None,
    turns_in_order: true,
    decode: hevc::decode,
    size: hevc::size,
};

/// Maximum bytes for decoding. For what is coded in one piece: the decoder's planes of 16 bits per sample, twice more
/// where its last filter and its result copy them, and its data per block. For the whole image: the planes, and the
/// pixels in shared memory.
pub(super) fn held_bytes(bytes: &[u8], header: &Header) -> u64 {
    let pixels = still::pixels_at_once(&HEVC, bytes).unwrap_or_else(|| header.info.pixels());
    pixels.saturating_mul(20) + header.info.size_bytes() * 2 + (8 << 20)
}

pub(super) fn probe(bytes: &[u8], _page: u32) -> Result<FileHeader, ItemError> {
    still::probe(&HEVC, bytes)
}

pub(super) fn taken(bytes: &[u8]) -> Option<String> {
    still::taken(&HEVC, bytes)
}

pub(super) fn open<'a>(
    bytes: &'a [u8],
    options: &DecodeOptions,
    _control: &DecodeControl<'_>,
) -> Result<Decoded<'a>, ItemError> {
    still::open(&HEVC, bytes, options.hdr)
}

/// How gain maps are read.
pub(super) const GAIN_MAP: GainMapSpec = GainMapSpec {
    find: |bytes| gain_map::find(&HEVC, bytes),
    open: |bytes, found, _| gain_map::open(&HEVC, bytes, found),
    file: |_, _| None,
    bytes: |_, found| gain_map::pixels(found) * 20 + (8 << 20),
};

/// The file without metadata.
pub(super) fn stripped(bytes: &[u8]) -> Option<Stripped> {
    strip::stripped(&HEVC, bytes).map(Into::into)
}

/// Whether a brand is HEIC's, or the major one that of HEIF without a codec.
pub(super) fn sniff(bytes: &[u8]) -> bool {
    let is_own = |brand: &[u8; 4]| {
        matches!(brand, b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"hevm" | b"hevs")
    };
    has_brand(bytes, is_own) || matches!(bytes.get(4..12), Some(b"ftypmif1" | b"ftypmsf1"))
}
