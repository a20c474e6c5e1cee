//! HEIC: images coded as HEVC, read through heic-rs.

mod decode;
mod hevc;
mod parameters;

use super::spec::{Block, FormatSpec, Frames, HdrKind, IsolatedSpec, ProcessorLimit, ReadSpec};
use crate::model::FormatInfo;

/// The declaration of HEIC.
pub(super) static SPEC: FormatSpec = FormatSpec {
    format: FormatInfo {
        names: &["heic"],
        label: "HEIC",
        extensions: &["heic", "heif", "hif", "heics", "heifs"],
        media_types: &["image/heic", "image/heif", "image/heic-sequence", "image/heif-sequence"],
        save: None,
    },
    reads: ReadSpec {
        bits: 16,
        has_alpha: true,
        metadata: &[Block::Exif, Block::Xmp, Block::Icc],
        hdr: &[HdrKind::Pq, HdrKind::Hlg, HdrKind::GainMap],
        feature: Some("heic"),
        ..ReadSpec::PLAIN
    },
    signatures: &[],
    sniff: decode::sniff,
    probe: decode::probe,
    open: decode::open,
    decode_bytes: decode::held_bytes,
    taken: decode::taken,
    strip: decode::stripped,
    gain_map: Some(decode::GAIN_MAP),
    frames: Frames::Single,
    isolated: Some(IsolatedSpec {
        processor: ProcessorLimit { base_ms: 2_000, per_megapixel_ms: 1_000, per_megabyte_ms: 10_000 },
        coded_bytes: |bytes| bytes.len() as u64,
        hidden_header: None,
        is_drawing: false,
    }),
    encoder: None,
};
