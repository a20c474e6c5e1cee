//! Rewriting files without loss: from a file's bytes to a file's bytes, without decoding them to pixels. Every function
//! finds the format's declaration and calls it.

use super::encode::{keeps_all, kept_of, left_out};
use super::formats::spec_of;
use super::meta;
use super::spec::{Contents, Header, Rearrangement, RewritingSpec, TranscodingSpec};
use crate::error::ItemError;
use crate::model::{Area, Format, FormatChoice, Metadata, Part, Save};

/// A file that was rewritten.
pub struct Rewritten {
    /// The file.
    pub bytes: Vec<u8>,
    /// The parts that it does not have, although the settings keep them.
    pub left_out: Vec<Part>,
    /// The metadata before the policy was applied.
    pub metadata: Metadata,
}

fn spec(format: Format) -> Option<&'static RewritingSpec> {
    spec_of(format)?.encoder.as_ref()?.rewriting.as_ref()
}

/// Whether files of a format can be rewritten without loss.
pub fn rewrites(format: Format) -> bool {
    spec(format).is_some()
}

/// The part nearest to the wanted one that can be cut out of a file and turned without loss; `None` if there is none.
pub fn rearranged_part(bytes: &[u8], format: Format, wanted: &Rearrangement) -> Option<Area> {
    (spec(format)?.part)(bytes, wanted)
}

/// Bytes of memory that rewriting takes; `is_rearranged` is whether the image is cut or turned. An estimate for budgets.
pub fn rewriting_bytes(bytes: &[u8], header: &Header, is_rearranged: bool) -> u64 {
    spec(header.format).map_or(0, |spec| (spec.bytes)(bytes, header, is_rearranged))
}

/// A file with the same coded pixels and other settings: as stored, or cut and turned. In the first case its orientation
/// stays in its metadata. Colours are not converted, so that the profile stays. `None` if the file has to be decoded.
pub fn rewritten(
    bytes: &[u8],
    format: Format,
    save: &Save,
    change: Option<&Rearrangement>,
    cancelled: &dyn Fn() -> bool,
) -> Result<Option<Rewritten>, ItemError> {
    let Some(spec) = spec(format) else { return Ok(None) };
    let Contents { profile, metadata } = (spec.contents)(bytes)?;
    let metadata = match change {
        None => meta::without_claims(metadata),
        Some(Rearrangement { part, turn }) => {
            let (width_px, height_px) = (part.width_px, part.height_px);
            let (width_px, height_px) = if turn.swaps_axes() { (height_px, width_px) } else { (width_px, height_px) };
            meta::sized(meta::upright(metadata, *turn), width_px, height_px)
        }
    };
    let profile = profile.map(Into::into);
    let left_out = left_out(format, save, profile.as_ref(), &metadata);
    let extras = kept_of(format, save, profile, &metadata)?;
    let written = (spec.write)(bytes, save, &extras, change, cancelled)?;
    Ok(written.map(|bytes| Rewritten { bytes, left_out, metadata }))
}

fn transcoding(to: Format) -> Option<&'static TranscodingSpec> {
    spec_of(to)?.encoder.as_ref()?.transcoding.as_ref()
}

/// Whether a file can become one of another format without decoding it.
pub fn transcodes(bytes: &[u8], to: Format) -> bool {
    transcoding(to).is_some_and(|spec| (spec.reads)(bytes))
}

/// Bytes of memory that this takes; `is_rearranged` is whether the image is cut or turned. An estimate for budgets.
pub fn transcoding_bytes(bytes: &[u8], header: &Header, to: Format, is_rearranged: bool) -> u64 {
    let spec = transcoding(to);
    spec.map_or(0, |spec| (spec.bytes)(bytes, header).max(rewriting_bytes(bytes, header, is_rearranged)))
}

/// A file as one of another format with the same coded pixels: all of it, or cut and turned. What the metadata policy
/// removes is removed first; if it removes nothing, the original can be restored. `None` if the file has to be decoded.
pub fn transcoded(
    bytes: &[u8],
    (from, to): (Format, Format),
    save: &Save,
    change: Option<&Rearrangement>,
    cancelled: &dyn Fn() -> bool,
) -> Result<Option<Rewritten>, ItemError> {
    let (Some(reading), Some(spec)) = (spec(from), transcoding(to)) else { return Ok(None) };
    let Contents { metadata, .. } = (reading.contents)(bytes)?;
    if change.is_none() && keeps_all(&metadata, save.metadata) {
        let written = (spec.write)(bytes, save)?;
        return Ok(written.map(|bytes| Rewritten { bytes, left_out: Vec::new(), metadata }));
    }
    let format = FormatChoice::Fixed(from);
    let as_is = Save { format, metadata: save.metadata, ..Save::default() };
    let Some(file) = rewritten(bytes, from, &as_is, change, cancelled)? else { return Ok(None) };
    let written = (spec.write)(&file.bytes, save)?;
    Ok(written.map(|bytes| Rewritten { bytes, ..file }))
}
