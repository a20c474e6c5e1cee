//! The JPEG images that a camera embedded in a raw file: which of them is large enough.

use flashraw::{FlashRaw, PreviewEncoding};

use crate::codec::jpeg;
use crate::codec::spec::DecodeOptions;
use crate::model::{Channels, Orientation, SampleType};

/// The share of the camera's image that a preview of full size has at least on both sides: some are a few pixels smaller
/// than the sensor's data.
const NEARLY_ALL: f64 = 0.97;
/// How much the ratio of a preview's sides may differ from that of the image. Small previews of other ratios have black bars.
const RATIO_SPAN: f64 = 0.01;

/// A preview, which is turned like the sensor's data.
#[derive(Clone, Copy, Debug)]
pub(super) struct Embedded<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) size_px: (u32, u32),
}

/// All previews that show the whole image and can be decoded.
pub(super) fn previews<'a>(raw: &FlashRaw<'_>, bytes: &'a [u8]) -> Vec<Embedded<'a>> {
    let crop = raw.frame_info().crop;
    let turned = raw.metadata().orientation;
    let jpegs = raw
        .previews()
        .iter()
        .filter(|preview| preview.encoding == PreviewEncoding::Jpeg && preview.orientation == turned);
    let found = jpegs.filter_map(|preview| {
        let from = usize::try_from(preview.offset).ok()?;
        let to = from.checked_add(usize::try_from(preview.length).ok()?)?;
        let bytes = bytes.get(from..to)?;
        let info = (jpeg::SPEC.sniff)(bytes).then(|| (jpeg::SPEC.probe)(bytes, 0))?.ok()?.info;
        let is_plain = (info.channels, info.sample) == (Channels::Rgb, SampleType::U8);
        let size_px = (info.width_px, info.height_px);
        (is_plain && is_alike(size_px, (crop.width, crop.height))).then_some(Embedded { bytes, size_px })
    });
    found.collect()
}

/// Whether two sizes have the same ratio, apart from rounding.
fn is_alike(small: (u32, u32), full: (u32, u32)) -> bool {
    let ratio = |(width, height): (u32, u32)| f64::from(width) / f64::from(height.max(1));
    let rounding = 1.0 / f64::from(small.1.max(1));
    (ratio(small) / ratio(full) - 1.0).abs() <= RATIO_SPAN + rounding
}

/// The size of the image if previews are used: that of a preview that is nearly as large as the camera's image.
pub(super) fn size_px(previews: &[Embedded<'_>], full: (u32, u32)) -> (u32, u32) {
    let is_nearly = |own: u32, full: u32| own <= full && f64::from(own) >= f64::from(full) * NEARLY_ALL;
    let nearly = previews.iter().map(|preview| preview.size_px);
    let nearly = nearly.filter(|size| is_nearly(size.0, full.0) && is_nearly(size.1, full.1));
    nearly.max_by_key(|size| u64::from(size.0) * u64::from(size.1)).unwrap_or(full)
}

/// The smallest preview that is large enough for an image of this full size, and how much it may be scaled down.
pub(super) fn large_enough<'a>(
    previews: &[Embedded<'a>],
    full: (u32, u32),
    max_downscale: f64,
) -> Option<(Embedded<'a>, f64)> {
    // A fraction of a pixel too many is a rounding error.
    let wanted = |px: u32| ((f64::from(px) / max_downscale.max(1.0) - 1e-6).ceil().max(1.0)) as u32;
    let wanted = (wanted(full.0), wanted(full.1));
    let fits = |size: (u32, u32)| (wanted.0..=full.0).contains(&size.0) && (wanted.1..=full.1).contains(&size.1);
    let large = previews.iter().filter(|preview| fits(preview.size_px));
    let best = *large.min_by_key(|preview| u64::from(preview.size_px.0) * u64::from(preview.size_px.1))?;
    let spare = |own: u32, wanted: u32| f64::from(own) / f64::from(wanted);
    Some((best, spare(best.size_px.0, wanted.0).min(spare(best.size_px.1, wanted.1)).max(1.0)))
}

/// The size of the largest preview.
pub(super) fn largest_px(previews: &[Embedded<'_>]) -> Option<(u32, u32)> {
    previews.iter().map(|preview| preview.size_px).max_by_key(|size| u64::from(size.0) * u64::from(size.1))
}

/// Options for decoding a preview.
pub(super) fn options(max_downscale: f64) -> DecodeOptions {
    DecodeOptions { max_downscale, ..DecodeOptions::default() }
}

/// How an image is turned.
pub(super) fn orientation(raw: &FlashRaw<'_>) -> Orientation {
    Orientation::from_exif(raw.metadata().orientation.exif())
}
