//! Radiance HDR through the `image` crate, which is only read.

mod decode;

use super::spec::{FormatSpec, Frames, HdrKind, ReadSpec};
use crate::model::FormatInfo;

/// The declaration of Radiance HDR.
pub(super) static SPEC: FormatSpec = FormatSpec {
    format: FormatInfo {
        names: &["hdr"],
        label: "Radiance HDR",
        extensions: &["hdr", "rgbe"],
        media_types: &["image/vnd.radiance", "image/x-hdr"],
        save: None,
    },
    reads: ReadSpec { bits: 16, hdr: &[HdrKind::Light], ..ReadSpec::PLAIN },
    signatures: &[b"#?RADIANCE", b"#?RGBE"],
    sniff: |bytes| bytes.starts_with(b"#?RADIANCE") || bytes.starts_with(b"#?RGBE"),
    probe: decode::probe,
    open: decode::open,
    // The floats; rows are mapped as they are read.
    decode_bytes: |_, header| header.info.size_bytes() * 2 + (1 << 20),
    taken: |_| None,
    strip: |_| None,
    gain_map: None,
    frames: Frames::Single,
    isolated: None,
    encoder: None,
};
