//! QOI through the `image` crate.

mod decode;
mod encode;

use super::pixels::image_crate;
use super::spec::{Carries, EncoderSpec, FormatSpec, Frames, ReadSpec};
use crate::config::MAX_SIDE_PX;
use crate::model::{FormatInfo, SaveInfo};
use decode::Qoi;

/// The declaration of QOI.
pub(super) static SPEC: FormatSpec = FormatSpec {
    format: FormatInfo {
        names: &["qoi"],
        label: "QOI",
        extensions: &["qoi"],
        media_types: &["image/qoi", "image/x-qoi"],
        save: Some(SaveInfo {
            default_quality: None,
            keys: &[],
            has_profile: false,
            has_frames: false,
            check: |_| Ok(()),
        }),
    },
    reads: ReadSpec { has_alpha: true, ..ReadSpec::PLAIN },
    signatures: &[],
    sniff: |bytes| bytes.starts_with(b"qoif"),
    probe: image_crate::probe::<Qoi>,
    open: image_crate::open::<Qoi>,
    decode_bytes: |_, header| header.info.size_bytes(),
    taken: |_| None,
    // It holds no metadata.
    strip: |bytes| Some(bytes.to_vec().into()),
    gain_map: None,
    frames: Frames::Single,
    isolated: None,
    encoder: Some(EncoderSpec {
        new: |_, _| Box::new(encode::QoiEncoder::default()),
        stored_channels: |channels, _| channels,
        carries: Carries::NOTHING,
        bits: 8,
        hdr: &[],
        max_side_px: MAX_SIDE_PX,
        rewriting: None,
        transcoding: None,
        bytes: encode::encoding_bytes,
    }),
};
