//! OpenEXR through the `image` crate, which is only read: the largest level of the first layer with red, green and blue.

mod decode;

use super::spec::{FormatSpec, Frames, HdrKind, IsolatedSpec, ProcessorLimit, ReadSpec};
use crate::model::FormatInfo;

/// The declaration of OpenEXR.
pub(super) static SPEC: FormatSpec = FormatSpec {
    format: FormatInfo {
        names: &["exr"],
        label: "OpenEXR",
        extensions: &["exr"],
        media_types: &["image/x-exr", "image/aces"],
        save: None,
    },
    reads: ReadSpec { bits: 16, has_alpha: true, hdr: &[HdrKind::Light], ..ReadSpec::PLAIN },
    signatures: &[decode::SIGNATURE],
    sniff: |bytes| bytes.starts_with(decode::SIGNATURE),
    probe: decode::probe,
    open: decode::open,
    decode_bytes: decode::held_bytes,
    taken: |_| None,
    strip: |_| None,
    gain_map: None,
    frames: Frames::Single,
    isolated: Some(IsolatedSpec {
        processor: ProcessorLimit { base_ms: 3_000, per_megapixel_ms: 1_000, per_megabyte_ms: 1_000 },
        coded_bytes: |bytes| bytes.len() as u64,
        hidden_header: None,
        is_drawing: false,
    }),
    encoder: None,
};
