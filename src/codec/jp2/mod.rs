//! JPEG 2000 through hayro-jpeg2000, which is only read: JP2 files and bare codestreams.

mod blocks;
mod codestream;
mod decode;

use super::spec::{Block, FormatSpec, Frames, IsolatedSpec, ProcessorLimit, ReadSpec};
use crate::model::FormatInfo;

/// The declaration of JPEG 2000.
pub(super) static SPEC: FormatSpec = FormatSpec {
    format: FormatInfo {
        names: &["jp2"],
        label: "JPEG 2000",
        extensions: &["jp2", "j2k", "j2c", "jpc", "jpf", "jpx"],
        media_types: &["image/jp2", "image/jpx", "image/j2c", "image/x-jp2-codestream"],
        save: None,
    },
    reads: ReadSpec {
        bits: 16,
        has_alpha: true,
        metadata: &[Block::Exif, Block::Xmp, Block::Iptc, Block::Icc],
        ..ReadSpec::PLAIN
    },
    signatures: &[codestream::JP2, codestream::START],
    sniff: codestream::sniff,
    probe: decode::probe,
    open: decode::open,
    decode_bytes: decode::held_bytes,
    taken: blocks::taken,
    strip: blocks::stripped,
    gain_map: None,
    frames: Frames::Single,
    isolated: Some(IsolatedSpec {
        processor: ProcessorLimit { base_ms: 3_000, per_megapixel_ms: 1_500, per_megabyte_ms: 5_000 },
        coded_bytes: |bytes| bytes.len() as u64,
        hidden_header: None,
        is_drawing: false,
    }),
    encoder: None,
};
