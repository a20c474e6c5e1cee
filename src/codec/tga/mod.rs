//! Truevision TGA, which is only read.

mod decode;
mod extension;

use super::spec::{FormatSpec, Frames, ReadSpec};
use crate::model::FormatInfo;

/// The declaration of TGA.
pub(super) static SPEC: FormatSpec = FormatSpec {
    format: FormatInfo {
        names: &["tga"],
        label: "TGA",
        extensions: &["tga", "vda", "icb", "vst"],
        media_types: &["image/x-tga", "image/x-targa"],
        save: None,
    },
    reads: ReadSpec { has_alpha: true, ..ReadSpec::PLAIN },
    signatures: &[],
    sniff: decode::sniff,
    probe: decode::probe,
    open: decode::open,
    // Rows are brought into order in a copy.
    decode_bytes: |_, header| header.info.size_bytes() * 2,
    taken: |_| None,
    strip: |bytes| extension::stripped(bytes).map(Into::into),
    gain_map: None,
    frames: Frames::Single,
    isolated: None,
    encoder: None,
};
