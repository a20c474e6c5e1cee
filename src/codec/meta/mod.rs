//! Metadata: what the policy keeps, and what must change because the image did.
//!
//! Must not know containers: which chunk of a file holds a block is up to the format.

mod date_time;
pub(super) mod density;
pub(super) mod exif;
mod iptc;
mod xmp;

use crate::model::{Density, Metadata, MetadataPolicy, Orientation};
pub(super) use iptc::in_photoshop as iptc_in_photoshop;
pub(super) use xmp::joined as xmp_joined;

/// The blocks of an image that is being turned upright: orientation 1 everywhere, and no thumbnail or preview of the
/// old image. If the file itself has no density, EXIF's is used.
pub(super) fn upright(metadata: Metadata, orientation: Orientation) -> Metadata {
    let density = metadata.density.or_else(|| exif::density(metadata.exif.as_deref()?));
    let turned = |Density { x_per_inch, y_per_inch }| Density { x_per_inch: y_per_inch, y_per_inch: x_per_inch };
    Metadata {
        density: if orientation.swaps_axes() { density.map(turned) } else { density },
        exif: metadata.exif.map(|exif| exif::upright(&exif)),
        xmp: metadata.xmp.map(|xmp| xmp::upright(&xmp).map_or(xmp, Into::into)),
        iptc: metadata.iptc.map(|iptc| iptc::without_preview(&iptc).map_or(iptc, Into::into)),
    }
}

/// The metadata that a policy keeps.
pub(super) fn by_policy(metadata: &Metadata, policy: MetadataPolicy) -> Metadata {
    match policy {
        MetadataPolicy::Keep => metadata.clone(),
        MetadataPolicy::NoGps => Metadata {
            exif: metadata.exif.as_ref().and_then(exif::without_gps),
            xmp: metadata.xmp.as_ref().and_then(xmp::without_places),
            iptc: metadata.iptc.as_ref().and_then(iptc::without_places),
            density: metadata.density,
        },
        MetadataPolicy::Strip => Metadata::default(),
    }
}

/// The blocks for an image of this size in px, if they contain one; EXIF gets the density.
pub(super) fn sized(metadata: Metadata, width_px: u32, height_px: u32) -> Metadata {
    Metadata {
        exif: metadata.exif.map(|exif| exif::sized(&exif, width_px, height_px, metadata.density)),
        xmp: metadata.xmp.map(|xmp| xmp::sized(&xmp, width_px, height_px).map_or(xmp, Into::into)),
        ..metadata
    }
}

/// When the image was taken, in camera time: `YYYY-MM-DDTHH:MM:SS`. From EXIF, else XMP, else IPTC.
pub(super) fn taken(metadata: &Metadata) -> Option<String> {
    let exif = metadata.exif.as_deref().and_then(exif::taken);
    exif.or_else(|| metadata.xmp.as_deref().and_then(xmp::taken))
        .or_else(|| metadata.iptc.as_deref().and_then(iptc::taken))
}

#[cfg(test)]
mod tests;
