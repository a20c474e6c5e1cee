//! WebP through libwebp: lossy and lossless, still and animated.

mod chunks;
mod decode;
mod decode_frames;
mod embedded;
mod encode;
mod encode_animation;
mod libwebp;

pub(super) use embedded::decode_embedded;

use super::animation::frame_encoder::boxed;
use super::spec::{Block, Carries, EncoderSpec, FormatSpec, FrameEncoderSpec, FrameSpec, Frames, ReadSpec};
use crate::model::{FormatInfo, FormatKey, SaveInfo};

/// WebP's declaration.
pub(super) static SPEC: FormatSpec = FormatSpec {
    format: FormatInfo {
        names: &["webp"],
        label: "WebP",
        extensions: &["webp"],
        media_types: &["image/webp"],
        save: Some(SaveInfo {
            default_quality: Some(encode::DEFAULT_QUALITY),
            keys: &[
                FormatKey::new("quality"),
                FormatKey::new("max_bytes"),
                FormatKey::new("target"),
                FormatKey::new("lossless"),
                FormatKey::with_meaning("effort", "6", "1.5 times cwebp's method, or the level if lossless"),
            ],
            has_profile: true,
            has_frames: true,
            check: |_| Ok(()),
        }),
    },
    reads: ReadSpec { has_alpha: true, metadata: &[Block::Exif, Block::Xmp, Block::Icc], ..ReadSpec::PLAIN },
    signatures: &[],
    sniff: |bytes| matches!(bytes, [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..]),
    probe: decode::probe,
    open: decode::open,
    decode_bytes: |_, header| header.info.size_bytes(),
    taken: decode::taken,
    strip: |bytes| decode::stripped(bytes).map(Into::into),
    gain_map: None,
    frames: Frames::All(FrameSpec {
        open: decode::open_frames,
        held_bytes: |_, header| header.info.size_bytes().saturating_mul(3),
        is_truncated: decode::is_truncated,
        count_is_stored: false,
        begun: Some(decode::frames_begun),
        encoder: Some(FrameEncoderSpec {
            new: |save, picture, extras| {
                Ok(boxed(picture, encode_animation::WebpAnimation::new(save, picture, extras)?))
            },
            compared_bytes: |_| 3 * 4,
            stored_bytes: |save| if save.lossless { 0.5 } else { 0.1 },
        }),
    }),
    isolated: None,
    encoder: Some(EncoderSpec {
        new: |save, extras| Box::new(encode::WebpEncoder::new(save, extras)),
        stored_channels: encode::stored_channels,
        carries: Carries::EXIF_AND_XMP,
        bits: 8,
        hdr: &[],
        max_side_px: encode::MAX_SIDE_PX,
        rewriting: None,
        transcoding: None,
        bytes: encode::encoding_bytes,
    }),
};
