//! Windows bitmaps.

mod decode;
mod encode;

use super::pixels::image_crate;
use super::spec::{Carries, EncoderSpec, FormatSpec, Frames, stored_bytes};
use crate::model::{Channels, FormatInfo, SaveInfo};
use decode::Bmp;

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
    signatures: &[],
    sniff,
    probe: image_crate::probe::<Bmp>,
    open: image_crate::open::<Bmp>,
    decode_bytes: |_, header| header.info.size_bytes(),
    taken: |_| None,
    strip: |bytes| decode::stripped(bytes).map(Into::into),
    frames: Frames::Single,
    isolated: None,
    encoder: Some(EncoderSpec {
        new: |_, extras| Box::new(encode::BmpEncoder::new(extras)),
        stored_channels: |channels, _| if channels == Channels::GrayAlpha { Channels::Rgba } else { channels },
        carries: Carries { density: true, ..Carries::NOTHING },
        is_deep: false,
        bytes: |_, info| stored_bytes(info),
    }),
};

/// Two letters are weak evidence: the header size and the reserved zeros must match, too.
fn sniff(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [b'B', b'M', _, _, _, _, 0, 0, 0, 0, _, _, _, _, 12 | 16 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0, ..]
    )
}
