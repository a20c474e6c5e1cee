//! AVIF: read through rav1d, written through ravif.

mod decode;
mod encode;
mod rav1d;
mod sequence_frames;
mod sequence_header;
mod write_boxes;

use super::spec::{
    Block, Carries, EncoderSpec, FormatSpec, FrameSpec, Frames, HdrKind, IsolatedSpec, ProcessorLimit, ReadSpec,
};
use crate::config::MAX_SIDE_PX;
use crate::model::{Channels, FormatInfo, FormatKey, SaveInfo};

/// The declaration of AVIF.
pub(super) static SPEC: FormatSpec = FormatSpec {
    format: FormatInfo {
        names: &["avif"],
        label: "AVIF",
        extensions: &["avif", "avifs"],
        media_types: &["image/avif"],
        save: Some(SaveInfo {
            default_quality: Some(encode::DEFAULT_QUALITY),
            keys: &[
                FormatKey::new("quality"),
                FormatKey::new("max_bytes"),
                FormatKey::new("target"),
                FormatKey::with_meaning("effort", "1", "10 minus rav1e's speed"),
            ],
            has_profile: true,
            has_frames: false,
            check: |_| Ok(()),
        }),
    },
    reads: ReadSpec {
        bits: 12,
        has_alpha: true,
        metadata: &[Block::Exif, Block::Xmp, Block::Icc],
        hdr: &[HdrKind::Pq, HdrKind::Hlg, HdrKind::GainMap],
        ..ReadSpec::PLAIN
    },
    signatures: &[],
    sniff: decode::sniff,
    probe: decode::probe,
    open: decode::open,
    decode_bytes: decode::held_bytes,
    taken: decode::taken,
    strip: |bytes| decode::stripped(bytes).map(Into::into),
    gain_map: Some(decode::GAIN_MAP),
    frames: Frames::All(FrameSpec {
        open: decode::open_frames,
        held_bytes: decode::frames_held_bytes,
        is_truncated: decode::is_truncated,
        count_is_stored: true,
        begun: None,
        encoder: None,
    }),
    isolated: Some(IsolatedSpec {
        processor: ProcessorLimit { base_ms: 2_000, per_megapixel_ms: 1_000, per_megabyte_ms: 10_000 },
        coded_bytes: |bytes| bytes.len() as u64,
        hidden_header: None,
        is_drawing: false,
    }),
    encoder: Some(EncoderSpec {
        new: |save, extras| Box::new(encode::AvifEncoder::new(save, extras)),
        stored_channels: |channels: Channels, _| channels.with_colour(),
        carries: Carries::EXIF_AND_XMP,
        bits: 10,
        hdr: &[HdrKind::Pq, HdrKind::Hlg],
        max_side_px: MAX_SIDE_PX,
        rewriting: None,
        transcoding: None,
        bytes: encode::encoding_bytes,
    }),
};
