//! Windows icons and cursors, which are only read.

mod decode;
mod strip;

use super::spec::{FormatSpec, Frames, ReadSpec};
use crate::model::FormatInfo;

/// The declaration of ICO.
pub(super) static SPEC: FormatSpec = FormatSpec {
    format: FormatInfo {
        names: &["ico"],
        label: "ICO",
        extensions: &["ico", "cur"],
        media_types: &["image/vnd.microsoft.icon", "image/x-icon"],
        save: None,
    },
    reads: ReadSpec { has_alpha: true, ..ReadSpec::PLAIN },
    signatures: &[],
    sniff: decode::sniff,
    probe: decode::probe,
    open: decode::open,
    decode_bytes: |_, header| header.info.size_bytes() * 2,
    taken: |_| None,
    strip: |bytes| strip::stripped(bytes).map(Into::into),
    gain_map: None,
    frames: Frames::Single,
    isolated: None,
    encoder: None,
};
