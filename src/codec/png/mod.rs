//! PNG and APNG through the `png` crate.

mod chunks;
mod colour_chunks;
pub(super) mod decode;
mod decode_frames;
mod encode;
mod encode_animation;
mod level;
mod reduce;
mod salvage;
mod strip;
mod text_chunks;

pub(super) use strip::stripped;

use super::animation::frame_encoder::boxed;
use super::spec::{
    Block, Carries, CarriesIptc, CarriesTexts, EncoderSpec, FormatSpec, FrameEncoderSpec, FrameSpec, Frames, HdrKind,
    ReadSpec,
};
use crate::config::MAX_SIDE_PX;
use crate::model::{FormatInfo, FormatKey, SampleType, SaveInfo};
use encode_animation::PngAnimation;

/// The first bytes of every file.
pub(super) const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// PNG's declaration.
pub(super) static SPEC: FormatSpec = FormatSpec {
    format: FormatInfo {
        names: &["png"],
        label: "PNG",
        extensions: &["png", "apng"],
        media_types: &["image/png", "image/apng"],
        save: Some(SaveInfo {
            default_quality: None,
            keys: &[
                FormatKey::with_meaning(
                    "effort",
                    "1, 3 where that saves 25 %, 6 for few colours",
                    "the level of deflate",
                ),
                FormatKey::with_default("palette", "all colours"),
            ],
            has_profile: true,
            has_frames: true,
            check: |_| Ok(()),
        }),
    },
    reads: ReadSpec {
        bits: 16,
        has_alpha: true,
        metadata: &[Block::Exif, Block::Xmp, Block::Iptc, Block::Icc],
        hdr: &[HdrKind::Pq, HdrKind::Hlg],
        ..ReadSpec::PLAIN
    },
    signatures: &[SIGNATURE],
    sniff: |bytes| bytes.starts_with(SIGNATURE),
    probe: decode::probe,
    open: decode::open,
    decode_bytes: decode::held_bytes,
    taken: decode::taken,
    strip: |bytes| strip::stripped(bytes).map(Into::into),
    gain_map: None,
    frames: Frames::All(FrameSpec {
        open: decode::open_frames,
        held_bytes: |_, header| header.info.size_bytes().saturating_mul(3),
        is_truncated: decode::is_truncated,
        count_is_stored: true,
        begun: None,
        encoder: Some(FrameEncoderSpec {
            new: |save, picture, extras| {
                Ok(if picture.canvas.sample == SampleType::U16 {
                    boxed(picture, PngAnimation::<u16>::new(save, picture, extras)?)
                } else {
                    boxed(picture, PngAnimation::<u8>::new(save, picture, extras)?)
                })
            },
            compared_bytes: |canvas| 3 * (canvas.channels.count() * canvas.sample.size_bytes()) as u64,
            stored_bytes: |_| 0.5,
        }),
    }),
    isolated: None,
    encoder: Some(EncoderSpec {
        new: |save, extras| Box::new(encode::PngEncoder::new(save, extras)),
        stored_channels: encode::stored_channels,
        carries: Carries {
            iptc: CarriesIptc::AlsoAsXmp,
            texts: CarriesTexts::All,
            density: true,
            ..Carries::EXIF_AND_XMP
        },
        bits: 16,
        hdr: &[HdrKind::Pq, HdrKind::Hlg],
        max_side_px: MAX_SIDE_PX,
        rewriting: None,
        transcoding: None,
        bytes: encode::encoding_bytes,
    }),
};
