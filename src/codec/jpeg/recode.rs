//! Rewrites a JPEG file without loss, as jpegtran does: the same coefficients with optimized tables, or in several scans.

use super::libjpeg;
use super::markers::{self, Process};
use super::metadata;
use crate::codec::colour;
use crate::codec::meta;
use crate::codec::spec::Extras;
use crate::model::Save;

/// The file with the same pixels; `None` if it can't be read, or if its colours have to be converted.
pub(super) fn recoded(bytes: &[u8], save: &Save) -> Option<Vec<u8>> {
    let mut markers = markers::read(bytes).ok()?;
    let profile = markers.profile.take();
    // Gain maps and videos have to be removed with a remark.
    let has_more = !markers.metadata.left_out.is_empty();
    if has_more || markers.process == Process::Lossless || !colour::is_unconverted(profile.as_deref(), save.colour) {
        return None;
    }
    // Of other inks, only Adobe's marker says what they are; it is written again.
    let kept = meta::by_policy(&markers.metadata, save.metadata);
    let mut extras = Extras { profile: profile.map(Into::into), metadata: kept };
    metadata::fit(&mut extras);
    libjpeg::transcoded(bytes, save.progressive, &metadata::write(&extras)).ok()
}
