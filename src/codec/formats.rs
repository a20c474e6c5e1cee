//! The list of formats. A format is declared in its folder; its line here registers it everywhere.

use std::sync::{Once, PoisonError, RwLock};

#[cfg(feature = "heic")]
use super::heic;
#[cfg(feature = "raw")]
use super::raw;
use super::spec::{FormatSpec, Frames};
use super::{avif, bmp, dds, exr, gif, hdr, ico, jp2, jpeg, jxl, pdf, png, pnm, qoi, svg, tga, tiff, webp};
use crate::model::Format;

/// Every format, in the order of menus and help. Files are recognised in this order, too: TGA has no signature, so it
/// comes last.
static FORMATS: &[&FormatSpec] = &[
    &jpeg::SPEC,
    &png::SPEC,
    &webp::SPEC,
    &avif::SPEC,
    #[cfg(feature = "heic")]
    &heic::SPEC,
    &jxl::SPEC,
    &jp2::SPEC,
    // Before TIFF, which many raw files are inside.
    #[cfg(feature = "raw")]
    &raw::SPEC,
    &tiff::SPEC,
    &gif::SPEC,
    &qoi::SPEC,
    &bmp::SPEC,
    &pnm::SPEC,
    &ico::SPEC,
    &dds::SPEC,
    &exr::SPEC,
    &hdr::SPEC,
    &svg::SPEC,
    &pdf::SPEC,
    &tga::SPEC,
];

/// Formats added at run time.
static ADDED: RwLock<Vec<&'static FormatSpec>> = RwLock::new(Vec::new());

/// Registers all formats with the model, so that they can be listed and found by name.
pub fn register_formats() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| Format::register(FORMATS.iter().map(|spec| spec.format())));
}

/// Adds a format declared outside this module, after the others.
pub fn add_format(spec: &'static FormatSpec) {
    register_formats();
    ADDED.write().unwrap_or_else(PoisonError::into_inner).push(spec);
    Format::register([spec.format()]);
}

/// The declarations of all formats, in order.
pub(super) fn specs() -> impl Iterator<Item = &'static FormatSpec> {
    let added = ADDED.read().unwrap_or_else(PoisonError::into_inner).clone();
    FORMATS.iter().copied().chain(added)
}

/// The declaration of a format; `None` if it was never added.
pub(super) fn spec_of(format: Format) -> Option<&'static FormatSpec> {
    specs().find(|spec| spec.format() == format)
}

/// Whether files of a format may hold several frames.
pub fn may_be_animated(format: Format) -> bool {
    spec_of(format).is_some_and(|spec| matches!(spec.frames, Frames::All(_)))
}

/// The formats by name, for tests.
#[cfg(test)]
pub(crate) mod known {
    #[cfg(feature = "raw")]
    use super::raw;
    use super::{avif, bmp, dds, exr, gif, hdr, ico, jp2, jpeg, jxl, pdf, png, pnm, qoi, svg, tga, tiff, webp};
    use crate::model::Format;

    pub(crate) const AVIF: Format = avif::SPEC.format();
    pub(crate) const BMP: Format = bmp::SPEC.format();
    pub(crate) const DDS: Format = dds::SPEC.format();
    pub(crate) const EXR: Format = exr::SPEC.format();
    pub(crate) const GIF: Format = gif::SPEC.format();
    pub(crate) const HDR: Format = hdr::SPEC.format();
    #[cfg(feature = "heic")]
    pub(crate) const HEIC: Format = crate::codec::heic::SPEC.format();
    pub(crate) const ICO: Format = ico::SPEC.format();
    pub(crate) const JP2: Format = jp2::SPEC.format();
    pub(crate) const JPEG: Format = jpeg::SPEC.format();
    pub(crate) const JXL: Format = jxl::SPEC.format();
    pub(crate) const PDF: Format = pdf::SPEC.format();
    pub(crate) const PNG: Format = png::SPEC.format();
    pub(crate) const PNM: Format = pnm::SPEC.format();
    pub(crate) const QOI: Format = qoi::SPEC.format();
    #[cfg(feature = "raw")]
    pub(crate) const RAW: Format = raw::SPEC.format();
    pub(crate) const SVG: Format = svg::SPEC.format();
    pub(crate) const TGA: Format = tga::SPEC.format();
    pub(crate) const TIFF: Format = tiff::SPEC.format();
    pub(crate) const WEBP: Format = webp::SPEC.format();
}
