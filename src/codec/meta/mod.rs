//! Metadata: what the policy keeps, and what must change because the image did.
//!
//! Must not know containers: which chunk of a file holds a block is up to the format.

mod date_time;
pub(super) mod density;
pub(super) mod exif;
mod gain_map_xmp;
mod iptc;
mod iptc_to_xmp;
mod place;
mod xmp;
mod xmp_merge;
mod xmp_split;

use super::colour;
use crate::model::{ColourChoice, Density, Metadata, MetadataPolicy, Orientation, Part};
pub(super) use gain_map_xmp::{
    apple_map as apple_map_in_xmp, beside_gain_map, gain_map_parameters, listed_images, of_gain_map,
};
pub(super) use iptc::in_photoshop;
pub(super) use iptc::unswapped as unswapped_iptc;
pub(super) use place::placed;
use xmp::Claims;
pub(super) use xmp::joined as xmp_joined;
pub(super) use xmp_split::split as xmp_split;

/// The orientation that EXIF says, or XMP if EXIF says nothing, as in ImageMagick and Pillow; upright if neither does.
pub(super) fn orientation(exif: Option<&[u8]>, xmp: Option<&[u8]>) -> Orientation {
    exif.and_then(exif::orientation).or_else(|| xmp.and_then(xmp::orientation)).unwrap_or_default()
}

/// The blocks of an image that is being turned upright: orientation 1 everywhere, and no thumbnail or preview of the
/// old image. If the file itself has no density, or one that programs write by default, EXIF's is used.
pub(super) fn upright(metadata: Metadata, orientation: Orientation) -> Metadata {
    let in_exif = metadata.exif.as_deref().and_then(exif::density);
    let density = metadata.density.filter(|density| in_exif.is_none() || !place::is_default(*density)).or(in_exif);
    let turned = |Density { x_per_inch, y_per_inch }| Density { x_per_inch: y_per_inch, y_per_inch: x_per_inch };
    let swaps_axes = orientation.swaps_axes();
    let metadata = without_claims(metadata);
    Metadata {
        density: if swaps_axes { density.map(turned) } else { density },
        exif: metadata.exif.map(|exif| exif::upright(&exif, swaps_axes)),
        xmp: metadata.xmp.map(|xmp| xmp::upright(&xmp).map_or(xmp, Into::into)),
        iptc: metadata.iptc.map(|iptc| iptc::without_preview(&iptc).map_or(iptc, Into::into)),
        ..metadata
    }
}

/// The blocks without claims about data beside the image.
pub(super) fn without_claims(metadata: Metadata) -> Metadata {
    let xmp = metadata.xmp.map(|xmp| xmp::from_utf16(&xmp).map_or(xmp, Into::into));
    let mut left_out = metadata.left_out;
    // No result has data beside its image, so that claims about such data would be false.
    let (xmp, claims) = match xmp {
        Some(xmp) => match xmp::without_claims(&xmp) {
            Some((rest, claims)) => (Some(rest.into()), claims),
            None => (Some(xmp), Claims::default()),
        },
        None => (None, Claims::default()),
    };
    note_claims(&mut left_out, claims);
    Metadata { xmp, left_out, ..metadata }
}

/// The parts of a file, other than metadata, that are beside its image.
pub(super) fn beside_pixels(metadata: Metadata) -> Vec<Part> {
    let mut left_out = upright(metadata, Orientation::Upright).left_out;
    left_out.retain(|part| !part.is_metadata());
    left_out
}

/// Adds what a packet claimed to the parts that are left out.
fn note_claims(left_out: &mut Vec<Part>, claims: Claims) {
    for (is_claimed, part) in
        [(claims.gain_map, Part::GainMap), (claims.video, Part::Video), (claims.others, Part::OtherImages)]
    {
        if is_claimed && !left_out.contains(&part) {
            left_out.push(part);
        }
    }
    // The other image is the gain map.
    if left_out.contains(&Part::GainMap) && !claims.others {
        left_out.retain(|part| *part != Part::OtherImages);
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
            texts: metadata.texts.iter().filter(|text| !xmp::is_place(&text.keyword, &text.text)).cloned().collect(),
            left_out: metadata.left_out.clone(),
        },
        MetadataPolicy::Strip => Metadata::default(),
    }
}

/// The blocks for an image of this size in px, if they contain one.
pub(super) fn sized(metadata: Metadata, width_px: u32, height_px: u32) -> Metadata {
    Metadata {
        exif: metadata.exif.map(|exif| exif::sized(&exif, width_px, height_px)),
        xmp: metadata.xmp.map(|xmp| xmp::sized(&xmp, width_px, height_px).map_or(xmp, Into::into)),
        ..metadata
    }
}

/// The profile that EXIF implies for an image without one: Adobe RGB, by DCF's option file (R03).
pub(super) fn implied_profile(metadata: &Metadata) -> Option<Vec<u8>> {
    exif::is_adobe_rgb(metadata.exif.as_deref()?).then(colour::adobe_rgb).flatten()
}

/// The blocks for pixels of a colour space: what they say about colours describes the result.
pub(super) fn coloured(metadata: Metadata, space: ColourChoice) -> Metadata {
    Metadata {
        exif: metadata.exif.map(|exif| exif::coloured(&exif, space)),
        xmp: metadata.xmp.map(|xmp| xmp::coloured(&xmp, space).map_or(xmp, Into::into)),
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
