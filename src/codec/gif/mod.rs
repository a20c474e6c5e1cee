//! GIF through the `gif` crate: still images and animations.

mod blocks;
mod decode;
mod decode_frames;
mod encode;
mod encode_animation;
mod extensions;
mod reader;

use super::animation::frame_encoder::boxed;
use super::spec::{
    Block, Carries, CarriesTexts, EncoderSpec, FormatSpec, FrameEncoderSpec, FrameSpec, Frames, ReadSpec,
};
use crate::model::{FormatInfo, FormatKey, SaveInfo};

/// The declaration of GIF.
pub(super) static SPEC: FormatSpec = FormatSpec {
    format: FormatInfo {
        names: &["gif"],
        label: "GIF",
        extensions: &["gif"],
        media_types: &["image/gif"],
        save: Some(SaveInfo {
            default_quality: None,
            keys: &[FormatKey::with_default("palette", "256"), FormatKey::new("background")],
            has_profile: true,
            has_frames: true,
            check: |_| Ok(()),
        }),
    },
    reads: ReadSpec { has_alpha: true, metadata: &[Block::Xmp, Block::Icc], ..ReadSpec::PLAIN },
    signatures: &[b"GIF89a", b"GIF87a"],
    sniff: |bytes| bytes.starts_with(b"GIF89a") || bytes.starts_with(b"GIF87a"),
    probe: decode::probe,
    open: decode::open,
    decode_bytes: |_, header| header.info.size_bytes() * 2,
    taken: extensions::taken,
    strip: |bytes| blocks::stripped(bytes).map(Into::into),
    gain_map: None,
    frames: Frames::All(FrameSpec {
        open: decode::open_frames,
        held_bytes: |_, header| header.info.size_bytes().saturating_mul(3),
        is_truncated: decode::is_truncated,
        count_is_stored: false,
        begun: None,
        encoder: Some(FrameEncoderSpec {
            new: |save, picture, extras| {
                Ok(boxed(picture, encode_animation::GifAnimation::new(save, picture, extras)?))
            },
            compared_bytes: |_| 5 * 4,
            stored_bytes: |_| 0.25,
        }),
    }),
    isolated: None,
    encoder: Some(EncoderSpec {
        new: |save, extras| Box::new(encode::GifEncoder::new(save, extras)),
        stored_channels: |channels, _| channels.with_colour(),
        carries: Carries { xmp: true, texts: CarriesTexts::Comments, ..Carries::NOTHING },
        bits: 8,
        hdr: &[],
        max_side_px: encode::MAX_SIDE_PX,
        rewriting: None,
        transcoding: None,
        bytes: encode::encoding_bytes,
    }),
};
