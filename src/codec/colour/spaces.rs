//! The colour spaces of results, and their profiles.

use std::sync::{Arc, LazyLock};

use moxcms::{ColorProfile, DataColorSpace, RenderingIntent};

use super::repair::repaired;
use crate::model::{Channels, ColourChoice};

/// The date in profiles that are made here, 2000-01-01: six 16-bit numbers from year to second (ICC.1:2010, 4.2). It says
/// nothing about the image; the current one would make the same input give other bytes each time.
const DATE: [u8; 12] = [0x07, 0xD0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0];
/// Where the header of a profile holds the date (ICC.1:2010, 7.2.8).
const DATE_BYTES: std::ops::Range<usize> = 24..36;
/// Where it holds the profile's length.
const LENGTH_BYTES: std::ops::Range<usize> = 0..4;

/// The bytes of a profile that was made here; the same on any day. Every profile is encoded by this function.
pub(in crate::codec) fn encoded(profile: &ColorProfile) -> Option<Vec<u8>> {
    let mut bytes = profile.encode().ok()?;
    bytes.get_mut(DATE_BYTES)?.copy_from_slice(&DATE);
    // Whole words (ICC.1:2010, 7.2.2): libpng ignores a profile of another length.
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    let length = u32::try_from(bytes.len()).ok()?;
    bytes.get_mut(LENGTH_BYTES)?.copy_from_slice(&length.to_be_bytes());
    Some(bytes)
}

/// Reads a file's profile, if it is valid and for pixels of that kind.
///
/// The table of the first intent replaces a missing one, as the standard says (ICC.1:2010, 9.2): many profiles of
/// scanners and cameras have no other.
///
/// For gray pixels, the gray axis of an RGB profile counts: cameras embed them in gray images.
pub(super) fn read(bytes: &[u8], space: DataColorSpace) -> Option<ColorProfile> {
    let mut profile = ColorProfile::new_from_slice(&repaired(bytes)).ok()?;
    if space == DataColorSpace::Gray && profile.color_space == DataColorSpace::Rgb && is_complete(&profile) {
        profile = gray_of(profile);
    }
    if profile.color_space != space || !is_complete(&profile) {
        return None;
    }
    if profile.lut_a_to_b_colorimetric.is_none() {
        profile.lut_a_to_b_colorimetric = profile.lut_a_to_b_perceptual.take();
    }
    Some(profile)
}

/// Whether a profile has what a conversion needs: a table, or curves, and for colours primaries that span a space.
fn is_complete(profile: &ColorProfile) -> bool {
    let tables = [&profile.lut_a_to_b_colorimetric, &profile.lut_a_to_b_perceptual, &profile.lut_a_to_b_saturation];
    if tables.iter().any(|table| table.is_some()) {
        return true;
    }
    match profile.color_space {
        DataColorSpace::Gray => profile.gray_trc.is_some(),
        DataColorSpace::Rgb => {
            let [r, g, b] = [profile.red_colorant, profile.green_colorant, profile.blue_colorant];
            let volume = r.x * (g.y * b.z - g.z * b.y) - g.x * (r.y * b.z - r.z * b.y) + b.x * (r.y * g.z - r.z * g.y);
            profile.red_trc.is_some()
                && profile.green_trc.is_some()
                && profile.blue_trc.is_some()
                && volume.abs() > 1e-6
        }
        _ => false,
    }
}

/// sRGB.
pub(in crate::codec) fn srgb() -> Option<Vec<u8>> {
    encoded(&ColorProfile::new_srgb())
}

/// Adobe RGB (1998).
pub(in crate::codec) fn adobe_rgb() -> Option<Vec<u8>> {
    encoded(&target(ColourChoice::AdobeRgb, Channels::Rgb))
}

/// The profile for wide-gamut primaries given by number (ISO 23091-2), with sRGB's curve.
pub(in crate::codec) fn by_primaries(primaries: u16) -> Option<Vec<u8>> {
    let profile = match primaries {
        12 => ColorProfile::new_display_p3(),
        9 => {
            let (mut wide, srgb) = (ColorProfile::new_bt2020(), ColorProfile::new_srgb());
            (wide.red_trc, wide.green_trc, wide.blue_trc) = (srgb.red_trc, srgb.green_trc, srgb.blue_trc);
            wide
        }
        _ => return None,
    };
    encoded(&profile)
}

/// Whether a profile is the one that this module embeds for Display P3.
pub(in crate::codec) fn is_display_p3(profile: &[u8], channels: Channels) -> bool {
    channels.colour_count() > 1 && embedded(ColourChoice::DisplayP3, channels).is_some_and(|own| *own == *profile)
}

/// The profile colour space for channels.
pub(super) const fn space(channels: Channels) -> DataColorSpace {
    match channels {
        Channels::Gray | Channels::GrayAlpha => DataColorSpace::Gray,
        Channels::Rgb | Channels::Rgba => DataColorSpace::Rgb,
    }
}

/// The space to convert pixels to; `Keep`, which converts nothing, counts as sRGB.
pub(super) fn target(choice: ColourChoice, channels: Channels) -> ColorProfile {
    let mut profile = match choice {
        ColourChoice::Srgb | ColourChoice::Keep => ColorProfile::new_srgb(),
        ColourChoice::DisplayP3 => ColorProfile::new_display_p3(),
        ColourChoice::AdobeRgb => ColorProfile::new_adobe_rgb(),
        ColourChoice::ProphotoRgb => ColorProfile::new_pro_photo_rgb(),
        ColourChoice::Rec2020 => ColorProfile::new_bt2020(),
    };
    // Curves and colorants are complete; additional code points could only contradict them.
    profile.cicp = None;
    // In a version 4 profile the media white point is that of the connection space.
    profile.media_white_point = Some(profile.white_point);
    profile.rendering_intent = RenderingIntent::RelativeColorimetric;
    if channels.colour_count() == 1 { gray_of(profile) } else { profile }
}

/// The gray axis of an RGB space.
fn gray_of(mut rgb: ColorProfile) -> ColorProfile {
    let mut gray = ColorProfile::new_gray_with_gamma(2.2);
    gray.gray_trc = rgb.red_trc.take();
    gray.description = rgb.description.take();
    gray.copyright = rgb.copyright.take();
    gray.media_white_point = Some(gray.white_point);
    gray.rendering_intent = RenderingIntent::RelativeColorimetric;
    gray
}

/// The profile that a file in the chosen space embeds; `None` for sRGB, the space of files without one.
pub(super) fn embedded(choice: ColourChoice, channels: Channels) -> Option<Arc<[u8]>> {
    type Profiles = [[Option<Arc<[u8]>>; 2]; ColourChoice::ALL.len()];
    static PROFILES: LazyLock<Profiles> = LazyLock::new(|| {
        ColourChoice::ALL.map(|choice| {
            [Channels::Gray, Channels::Rgb].map(|channels| match choice {
                ColourChoice::Srgb | ColourChoice::Keep => None,
                _ => encoded(&target(choice, channels)).map(Into::into),
            })
        })
    });
    let kind = usize::from(channels.colour_count() > 1);
    let index = ColourChoice::ALL.iter().position(|one| *one == choice)?;
    PROFILES.get(index)?.get(kind)?.clone()
}

/// Whether a profile can be read and is for the same kind of pixels; embedding any other would break the file.
pub(super) fn is_usable(profile: &[u8], channels: Channels) -> bool {
    read(profile, space(channels)).is_some()
}

/// The profile for a result whose channels may have been changed by the recipe: gray pixels of a colour image get the
/// gray axis of its space, and a gray image's colours get sRGB's primaries with its own curve. `None` if there is no
/// such profile, or if it would equal sRGB.
pub(super) fn fitting(profile: Option<Arc<[u8]>>, channels: Channels) -> Option<Arc<[u8]>> {
    let bytes = profile?;
    let parsed = ColorProfile::new_from_slice(&repaired(&bytes)).ok()?;
    if parsed.color_space == space(channels) {
        return Some(bytes);
    }
    let made = match parsed.color_space {
        DataColorSpace::Rgb if parsed.is_matrix_shaper() => gray_of(parsed),
        DataColorSpace::Gray => {
            let mut rgb = target(ColourChoice::Srgb, Channels::Rgb);
            let curve = parsed.gray_trc?;
            rgb.red_trc = Some(curve.clone());
            rgb.green_trc = Some(curve.clone());
            rgb.blue_trc = Some(curve);
            rgb.description = parsed.description;
            rgb
        }
        _ => return None,
    };
    encoded(&made).map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::super::spaces::*;

    #[test]
    fn a_profile_that_is_made_has_whole_words() {
        let spaces =
            [ColourChoice::DisplayP3, ColourChoice::AdobeRgb, ColourChoice::ProphotoRgb, ColourChoice::Rec2020];
        for (space, channels) in spaces.into_iter().flat_map(|space| [(space, Channels::Rgb), (space, Channels::Gray)])
        {
            let bytes = encoded(&target(space, channels)).unwrap_or_default();
            assert!(bytes.len() > 128 && bytes.len().is_multiple_of(4), "{space:?}, {channels:?}: {}", bytes.len());
            assert_eq!(bytes[..4], (bytes.len() as u32).to_be_bytes(), "{space:?}, {channels:?}");
        }
    }

    #[test]
    fn a_profile_that_is_made_has_a_fixed_date() {
        let made = encoded(&target(ColourChoice::DisplayP3, Channels::Rgb))
            .and_then(|bytes| read(&bytes, DataColorSpace::Rgb));
        assert_eq!(made.map(|profile| profile.creation_date_time.year), Some(2000));
    }
}
