//! JPEG (ISO 10918) through libjpeg, with a Huffman decoder of our own.

mod decode;
mod embedded;
mod encode;
mod fast_entropy;
mod gain_map;
mod huffman;
mod libjpeg;
mod lossless;
mod markers;
mod metadata;
mod recode;
mod transcode;

#[cfg(feature = "raw")]
pub(super) use decode::described;
pub(super) use embedded::decode_embedded;

use super::spec::{
    Block, Carries, CarriesGainMap, CarriesIptc, CarriesTexts, EncoderSpec, FormatSpec, Frames, GainMapSpec, HdrKind,
    ReadSpec, RewritingSpec,
};
use crate::model::{FormatInfo, FormatKey, SaveInfo};

/// libjpeg's own limit, slightly below the format's.
const MAX_SIDE_PX: u32 = 65_500;

/// JPEG's declaration.
pub(super) static SPEC: FormatSpec = FormatSpec {
    format: FormatInfo {
        names: &["jpeg"],
        label: "JPEG",
        extensions: &["jpg", "jpeg", "jpe", "jfif", "mpo"],
        media_types: &["image/jpeg", "image/jpg", "image/pjpeg", "image/mpo"],
        save: Some(SaveInfo {
            default_quality: Some(encode::DEFAULT_QUALITY),
            keys: &[
                FormatKey::new("quality"),
                FormatKey::new("max_bytes"),
                FormatKey::new("target"),
                FormatKey::new("subsampling"),
                FormatKey::new("progressive"),
                FormatKey::new("optimize"),
                FormatKey::new("lossless_jpeg"),
                FormatKey::new("background"),
            ],
            has_profile: true,
            has_frames: false,
            check: |_| Ok(()),
        }),
    },
    reads: ReadSpec {
        metadata: &[Block::Exif, Block::Xmp, Block::Iptc, Block::Icc],
        hdr: &[HdrKind::GainMap],
        max_side_px: MAX_SIDE_PX,
        ..ReadSpec::PLAIN
    },
    signatures: &[&[0xFF, 0xD8, 0xFF]],
    sniff: |bytes| bytes.starts_with(&[0xFF, 0xD8, 0xFF]),
    probe: decode::probe,
    open: decode::open,
    decode_bytes: decode::held_bytes,
    taken: decode::taken,
    strip: decode::stripped,
    gain_map: Some(GainMapSpec {
        find: gain_map::find,
        open: gain_map::open,
        file: gain_map::file,
        bytes: gain_map::held_bytes,
    }),
    frames: Frames::Single,
    isolated: None,
    encoder: Some(EncoderSpec {
        new: |save, extras| Box::new(encode::JpegEncoder::new(save, extras)),
        stored_channels: encode::stored_channels,
        carries: Carries {
            iptc: CarriesIptc::Yes,
            texts: CarriesTexts::Comments,
            density: true,
            fit: metadata::fit,
            gain_map: Some(CarriesGainMap {
                code: gain_map::code,
                recode: gain_map::recode,
                joined: gain_map::joined,
                extra_bytes: gain_map::EXTRA_BYTES,
            }),
            ..Carries::EXIF_AND_XMP
        },
        bits: 8,
        hdr: &[HdrKind::GainMap],
        max_side_px: MAX_SIDE_PX,
        rewriting: Some(RewritingSpec {
            part: recode::part,
            contents: recode::contents,
            write: recode::rewritten,
            bytes: recode::held_bytes,
        }),
        transcoding: None,
        bytes: encode::encoding_bytes,
    }),
};

#[cfg(test)]
mod other_codings;
#[cfg(test)]
mod rewriting;
#[cfg(test)]
mod tests;
