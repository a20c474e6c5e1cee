//! Windows bitmaps.

pub(super) mod decode;
mod encode;
mod headers;

use super::spec::{Carries, EncoderSpec, FormatSpec, Frames, ReadSpec, stored_bytes};
use crate::config::MAX_SIDE_PX;
use crate::model::{Channels, FormatInfo, SaveInfo};

/// Bytes of a `BITMAPINFOHEADER`, the first header with a density.
const INFO_HEADER: u32 = 40;
/// Pixels per metre of a bitmap without a density of its own: 72 per inch.
const DEFAULT_DENSITY: u32 = 2_835;

/// The declaration of BMP.
pub(super) static SPEC: FormatSpec = FormatSpec {
    format: FormatInfo {
        names: &["bmp"],
        label: "BMP",
        extensions: &["bmp", "dib"],
        media_types: &["image/bmp", "image/x-ms-bmp"],
        save: Some(SaveInfo {
            default_quality: None,
            keys: &[],
            has_profile: true,
            has_frames: false,
            check: |_| Ok(()),
        }),
    },
    reads: ReadSpec { has_alpha: true, ..ReadSpec::PLAIN },
    signatures: &[],
    sniff,
    probe: decode::probe,
    open: decode::open,
    // A copy with a usual header, and rows that are turned around.
    decode_bytes: |bytes, header| header.info.size_bytes() * if headers::is_usual(bytes) { 1 } else { 3 },
    taken: |_| None,
    strip: |bytes| decode::stripped(bytes).map(Into::into),
    gain_map: None,
    frames: Frames::Single,
    isolated: None,
    encoder: Some(EncoderSpec {
        new: |_, extras| Box::new(encode::BmpEncoder::new(extras)),
        stored_channels: |channels, _| if channels == Channels::GrayAlpha { Channels::Rgba } else { channels },
        carries: Carries { density: true, ..Carries::NOTHING },
        bits: 8,
        hdr: &[],
        max_side_px: MAX_SIDE_PX,
        rewriting: None,
        transcoding: None,
        bytes: |_, info| stored_bytes(info),
    }),
};

/// Two letters are weak evidence: the header size and the reserved zeros must match, too. OS/2 allows headers of any
/// multiple of two bytes up to 64.
fn sniff(bytes: &[u8]) -> bool {
    let &[b'B', b'M', _, _, _, _, 0, 0, 0, 0, _, _, _, _, size, 0, 0, 0, ..] = bytes else { return false };
    matches!(size, 12 | 108 | 124) || (matches!(size, 16..=64) && size % 2 == 0)
}
