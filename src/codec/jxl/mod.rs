//! JPEG XL: read through jxl-oxide; written through jixel, and through zune-jpegxl where that is faster. JPEG files become
//! JPEG XL without loss.

mod decode;
mod decode_frames;
mod encode;
mod segments;
mod transcode;

use super::spec::{
    Block, Carries, EncoderSpec, FormatSpec, FrameSpec, Frames, HdrKind, IsolatedSpec, ProcessorLimit, ReadSpec,
};
use crate::config::MAX_SIDE_PX;
use crate::model::{FormatInfo, FormatKey, SaveInfo};

/// The declaration of JPEG XL.
pub(super) static SPEC: FormatSpec = FormatSpec {
    format: FormatInfo {
        names: &["jxl"],
        label: "JPEG XL",
        extensions: &["jxl"],
        media_types: &["image/jxl"],
        save: Some(SaveInfo {
            default_quality: Some(encode::DEFAULT_QUALITY),
            keys: &[
                FormatKey::new("quality"),
                FormatKey::new("max_bytes"),
                FormatKey::new("target"),
                FormatKey::new("lossless"),
                FormatKey::with_meaning("effort", "3", "from 2 s per 24 megapixels to a minute and more"),
                FormatKey::new("transcode"),
            ],
            has_profile: true,
            has_frames: false,
            check: |_| Ok(()),
        }),
    },
    reads: ReadSpec {
        bits: 16,
        has_alpha: true,
        metadata: &[Block::Exif, Block::Xmp, Block::Icc],
        hdr: &[HdrKind::Pq, HdrKind::Hlg],
        ..ReadSpec::PLAIN
    },
    signatures: &[decode::CONTAINER],
    sniff: |bytes| bytes.starts_with(&decode::CODESTREAM) || bytes.starts_with(decode::CONTAINER),
    probe: decode::probe,
    open: decode::open,
    decode_bytes: decode::held_bytes,
    taken: decode::taken,
    strip: decode::stripped,
    gain_map: None,
    frames: Frames::All(FrameSpec {
        open: decode_frames::open_frames,
        held_bytes: decode_frames::held_bytes,
        is_truncated: decode_frames::is_truncated,
        count_is_stored: false,
        begun: None,
        encoder: None,
    }),
    isolated: Some(IsolatedSpec {
        processor: ProcessorLimit { base_ms: 2_000, per_megapixel_ms: 600, per_megabyte_ms: 10_000 },
        coded_bytes: |bytes| bytes.len() as u64,
        hidden_header: None,
        is_drawing: false,
    }),
    encoder: Some(EncoderSpec {
        new: |save, extras| Box::new(encode::JxlEncoder::new(save, extras)),
        stored_channels: |channels, _| channels,
        carries: Carries::EXIF_AND_XMP,
        bits: 16,
        hdr: &[HdrKind::Pq, HdrKind::Hlg],
        max_side_px: MAX_SIDE_PX,
        rewriting: None,
        transcoding: Some(transcode::SPEC),
        bytes: encode::encoding_bytes,
    }),
};
