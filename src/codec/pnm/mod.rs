//! Netpbm (PBM, PGM, PPM and PAM), which is only read.

mod decode;

use super::pixels::image_crate;
use super::spec::{FormatSpec, Frames, ReadSpec};
use crate::model::FormatInfo;
use decode::Pnm;

/// The declaration of PNM.
pub(super) static SPEC: FormatSpec = FormatSpec {
    format: FormatInfo {
        names: &["pnm"],
        label: "PNM",
        extensions: &["pnm", "ppm", "pgm", "pbm", "pam"],
        media_types: &[
            "image/x-portable-anymap",
            "image/x-portable-pixmap",
            "image/x-portable-graymap",
            "image/x-portable-bitmap",
        ],
        save: None,
    },
    reads: ReadSpec { bits: 16, has_alpha: true, ..ReadSpec::PLAIN },
    signatures: &[],
    sniff: decode::sniff,
    probe: image_crate::probe::<Pnm>,
    open: image_crate::open::<Pnm>,
    decode_bytes: |_, header| header.info.size_bytes() * 2,
    taken: |_| None,
    strip: |bytes| Some(decode::stripped(bytes).into()),
    gain_map: None,
    frames: Frames::Single,
    isolated: None,
    encoder: None,
};
