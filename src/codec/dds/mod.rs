//! DDS textures (Microsoft DirectDraw Surface) through the `image` crate, which are only read: the first surface, of the
//! block compressions BC1 to BC3.

mod decode;

use super::spec::{FormatSpec, Frames, ReadSpec};
use crate::model::FormatInfo;

/// The declaration of DDS.
pub(super) static SPEC: FormatSpec = FormatSpec {
    format: FormatInfo {
        names: &["dds"],
        label: "DDS",
        extensions: &["dds"],
        media_types: &["image/vnd-ms.dds", "image/x-dds"],
        save: None,
    },
    reads: ReadSpec { has_alpha: true, ..ReadSpec::PLAIN },
    signatures: &[b"DDS "],
    sniff: |bytes| bytes.starts_with(b"DDS "),
    probe: decode::probe,
    open: decode::open,
    // Blocks at the edges are cut in a copy.
    decode_bytes: |_, header| header.info.size_bytes() * 3,
    taken: |_| None,
    // It holds no metadata.
    strip: |bytes| Some(bytes.to_vec().into()),
    gain_map: None,
    frames: Frames::Single,
    isolated: None,
    encoder: None,
};
