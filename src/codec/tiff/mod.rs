//! TIFF: reads one page of many kinds, writes one page of 1 to 16 bits per sample.

mod chunks;
mod count;
mod decompress;
mod directory;
mod encode;
mod encode_strips;
mod exif_fields;
mod fax;
mod fax_encode;
mod jpeg_data;
mod lab;
mod layout;
mod lzw;
mod page_exif;
mod predict;
mod read;
mod rows;
mod strip;
mod unpack;

#[cfg(feature = "raw")]
pub(super) use read::described;

use ::tiff::tags::Tag;

use super::spec::{Block, Carries, CarriesIptc, EncoderSpec, FormatSpec, Frames, PageSpec, ReadSpec};
use crate::config::MAX_SIDE_PX;
use crate::model::{Channels, FormatInfo, FormatKey, GivenValues, Message, SaveInfo, Value};

/// XMP packet, in a TIFF directory.
const TAG_XMP: Tag = Tag::Unknown(700);
/// IPTC-IIM records, in a TIFF directory.
const TAG_IPTC: Tag = Tag::Unknown(33_723);

/// The declaration of TIFF.
pub(super) static SPEC: FormatSpec = FormatSpec {
    format: FormatInfo {
        names: &["tiff"],
        label: "TIFF",
        extensions: &["tif", "tiff"],
        media_types: &["image/tiff", "image/x-tiff"],
        save: Some(SaveInfo {
            default_quality: None,
            keys: &[
                FormatKey::with_meaning("effort", "6", "with deflate its level: 1, 6 or 9"),
                FormatKey::new("compression"),
            ],
            has_profile: true,
            has_frames: false,
            check,
        }),
    },
    reads: ReadSpec {
        bits: 16,
        has_alpha: true,
        metadata: &[Block::Exif, Block::Xmp, Block::Iptc, Block::Icc],
        ..ReadSpec::PLAIN
    },
    signatures: &[],
    sniff: |bytes| matches!(bytes, [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..]),
    probe: read::probe,
    open: read::open,
    decode_bytes: read::held_bytes,
    taken: read::taken,
    strip: |bytes| strip::stripped(bytes).map(Into::into),
    gain_map: None,
    frames: Frames::Pages(PageSpec { count: Some(count::count) }),
    isolated: None,
    encoder: Some(EncoderSpec {
        new: |save, extras| Box::new(encode::TiffEncoder::new(save, extras)),
        stored_channels: |channels, _| if channels == Channels::GrayAlpha { Channels::Rgba } else { channels },
        carries: Carries { iptc: CarriesIptc::Yes, density: true, fit: exif_fields::fit, ..Carries::EXIF_AND_XMP },
        bits: 16,
        hdr: &[],
        max_side_px: MAX_SIDE_PX,
        rewriting: None,
        transcoding: None,
        bytes: encode::encoding_bytes,
    }),
};

fn check(given: &GivenValues<'_>) -> Result<(), Message> {
    if given("effort").is_some() && given("compression") != Some(Value::from("deflate")) {
        return Err(Message::new("save_effort_deflate"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
