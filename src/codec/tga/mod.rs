//! Truevision TGA, which is only read.

mod decode;

use super::pixels::image_crate;
use super::spec::{FormatSpec, Frames};
use crate::model::FormatInfo;
use decode::Tga;

/// The declaration of TGA.
pub(super) static SPEC: FormatSpec = FormatSpec {
    format: FormatInfo {
        names: &["tga"],
        label: "TGA",
        extensions: &["tga", "vda", "icb", "vst"],
        media_types: &["image/x-tga", "image/x-targa"],
        save: None,
    },
    signatures: &[],
    sniff: decode::sniff,
    probe: image_crate::probe::<Tga>,
    open: image_crate::open::<Tga>,
    decode_bytes: |_, header| header.info.size_bytes(),
    taken: |_| None,
    // It holds no metadata.
    strip: |bytes| Some(bytes.to_vec().into()),
    frames: Frames::Single,
    isolated: None,
    encoder: None,
};
