//! Results that are not rendered: copies, and files without their metadata.

use super::gain_map;
use crate::codec::spec::Stripped;
use crate::codec::{self, DecodeControl};
use crate::error::ErrorKind;
use crate::model::{FramesChoice, Recipe, Remark, Save, is_copy, is_only_stripped};

/// Whether a recipe without steps and with `keep` leaves these bytes as they are: everything except animations that are to be
/// reduced to their first frame, and images whose metadata is to be removed.
pub(crate) fn is_copied(bytes: &[u8], recipe: &Recipe, save: &Save) -> bool {
    if is_only_stripped(recipe, save) {
        return codec::probe(bytes).is_err_and(|error| error.kind == ErrorKind::NotAPicture);
    }
    let all = Save { frames: FramesChoice::All, ..save.clone() };
    let without = Save { lossless_jpeg: false, ..save.clone() };
    // That applies to some formats only.
    if save.lossless_jpeg && codec::sniff(bytes).is_none_or(|format| !codec::rewrites(format)) {
        return is_copied(bytes, recipe, &without);
    }
    is_copy(recipe, save)
        || (is_copy(recipe, &all)
            && codec::sniff(bytes).is_none_or(|format| {
                !codec::may_be_animated(format) || codec::probe(bytes).is_ok_and(|header| header.frames == 1)
            }))
}

/// An image without its metadata.
pub(crate) struct StrippedImage {
    pub(crate) bytes: Vec<u8>,
    /// Its size in px, upright.
    pub(crate) size_px: (u32, u32),
    /// What else it lost.
    pub(crate) remark: Option<Remark>,
}

/// An image's bytes without its metadata, and its size in px, upright; `None` if more is requested, or if it would have to be
/// encoded again.
pub(crate) fn stripped(bytes: &[u8], recipe: &Recipe, save: &Save) -> Option<StrippedImage> {
    if !is_only_stripped(recipe, save) {
        return None;
    }
    let header = codec::probe(bytes).ok()?;
    let Stripped { bytes: mut file, mut left_out } = codec::stripped(bytes)?;
    if let Some(found) = gain_map::kept(bytes, header.format, save) {
        let map = gain_map::read(bytes, Some(&found), &DecodeControl::in_process()).ok().flatten();
        let coded = map
            .and_then(|map| gain_map::coded(&map, &header.info, None, (header.format, save), &|| false).ok().flatten());
        if let Some(whole) = coded.and_then(|coded| gain_map::joined(&file, &coded, header.format, save)) {
            file = whole;
            codec::without_gain_map(&mut left_out, &found);
        }
    }
    let remark =
        (!left_out.is_empty()).then(|| Remark::LeftOut { parts: left_out, format: header.format.label().to_owned() });
    Some(StrippedImage { bytes: file, size_px: header.upright_size_px(), remark })
}
