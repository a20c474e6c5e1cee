//! Metadata as a whole: what goes along by policy, and what must change because the picture did.
//!
//! Knows blocks, not containers: which chunk of which format holds them is that format's own affair.

pub(super) mod density;
pub(super) mod exif;
mod iptc;
mod xmp;

use crate::model::{Density, Metadata, MetadataPolicy, Orientation};
pub(super) use iptc::in_photoshop as iptc_in_photoshop;
pub(super) use xmp::joined as xmp_joined;

/// The blocks of a picture that is about to be turned upright: orientation 1 wherever it stands, and no thumbnail or
/// preview of its former self. Where the file itself tells no density, EXIF's is taken.
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

/// What a policy lets through.
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

/// The blocks of a picture of that size in px, where they tell one; EXIF agrees with the density.
pub(super) fn sized(metadata: Metadata, width_px: u32, height_px: u32) -> Metadata {
    Metadata {
        exif: metadata.exif.map(|exif| exif::sized(&exif, width_px, height_px, metadata.density)),
        xmp: metadata.xmp.map(|xmp| xmp::sized(&xmp, width_px, height_px).map_or(xmp, Into::into)),
        ..metadata
    }
}

/// When the picture was taken, as its camera's clock said: `YYYY-MM-DDTHH:MM:SS`. EXIF first, then XMP, then IPTC.
pub(super) fn taken(metadata: &Metadata) -> Option<String> {
    let exif = metadata.exif.as_deref().and_then(exif::taken);
    exif.or_else(|| metadata.xmp.as_deref().and_then(xmp::taken))
        .or_else(|| metadata.iptc.as_deref().and_then(iptc::taken))
}

/// A moment written as `YYYY?MM?DD?HH?MM?SS` with any separators, in one way; `None` where it is none.
pub(super) fn moment(text: &[u8]) -> Option<String> {
    let number = |range: std::ops::Range<usize>| -> Option<u32> {
        let digits = text.get(range)?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        std::str::from_utf8(digits).ok()?.parse().ok()
    };
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let time = || Some((number(11..13)?, number(14..16)?, number(17..19).unwrap_or(0)));
    let (hour, minute, second) = time().filter(|&(h, m, s)| h < 24 && m < 60 && s < 60).unwrap_or((0, 0, 0));
    let is_day = (1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    is_day.then(|| format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"))
}

#[cfg(test)]
mod tests;
