//! Colours of a high dynamic range that is kept, as code points (ISO 23091-2). From a decoder to an encoder they are
//! carried by an ICC profile that contains these numbers (`cicp`, ICC.1:2022, 9.2.17), so that rows with it are handled
//! like any others. Encoders write the numbers instead of the profile.

use moxcms::{
    CicpColorPrimaries, CicpProfile, ColorProfile, LocalizableString, MatrixCoefficients, ProfileText, RenderingIntent,
    ToneReprCurve, TransferCharacteristics,
};

use super::hdr::{self, Hdr};
use super::spaces;
use crate::model::{Channels, Samples};

/// The number of BT.2020's primaries, which are those of BT.2100.
pub(in crate::codec) const BT2020: u16 = 9;
/// The number that stands for primaries which are not known.
const UNSPECIFIED: u8 = 2;
/// Bytes of an ICC profile's header; the table of tags follows (ICC.1:2022, 7.2).
const ICC_HEADER_BYTES: usize = 128;
/// Most entries that are looked through.
const MAX_TAGS: usize = 64;

/// Primaries and transfer function of an image with a high dynamic range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::codec) struct CodePoints {
    /// The number of its primaries.
    pub(in crate::codec) primaries: u8,
    /// Its transfer function.
    pub(in crate::codec) hdr: Hdr,
}

impl CodePoints {
    /// A reserved number counts as unspecified primaries.
    pub(in crate::codec) fn new(primaries: u16, hdr: Hdr) -> Self {
        let known = u8::try_from(primaries).ok().filter(|&number| {
            CicpColorPrimaries::try_from(number).is_ok_and(|kind| kind != CicpColorPrimaries::Reserved)
        });
        Self { primaries: known.unwrap_or(UNSPECIFIED), hdr }
    }

    /// The profile that carries them. Unspecified primaries are those of BT.709 in it.
    pub(in crate::codec) fn profile(self) -> Option<Vec<u8>> {
        let color_primaries = CicpColorPrimaries::try_from(self.primaries).ok()?;
        let transfer_characteristics = TransferCharacteristics::try_from(self.hdr.number()).ok()?;
        let matrix_coefficients = MatrixCoefficients::Identity;
        let numbers = CicpProfile { color_primaries, transfer_characteristics, matrix_coefficients, full_range: true };
        let mut profile = ColorProfile::new_srgb();
        // Without known primaries it changes nothing.
        profile.update_rgb_colorimetry_from_cicp(numbers);
        let curve = ToneReprCurve::try_from(transfer_characteristics).ok()?;
        profile.red_trc = Some(curve.clone());
        profile.green_trc = Some(curve.clone());
        profile.blue_trc = Some(curve);
        profile.cicp = Some(numbers);
        profile.media_white_point = Some(profile.white_point);
        profile.rendering_intent = RenderingIntent::RelativeColorimetric;
        let name = format!("{} with the primaries of code point {}", self.hdr.name(), self.primaries);
        let name = LocalizableString::new("en".to_owned(), "US".to_owned(), name);
        profile.description = Some(ProfileText::Localizable(vec![name]));
        spaces::encoded(&profile)
    }

    /// Those that a profile carries; `None` for any profile that was not made here, such as one of a file.
    pub(in crate::codec) fn of_profile(profile: &[u8]) -> Option<Self> {
        let [primaries, transfer, ..] = numbers(profile)?;
        let points = Self::new(primaries.into(), Hdr::from_number(transfer.into())?);
        (points.profile()? == profile).then_some(points)
    }

    /// The samples of an image mapped to SDR, and the profile that they then have.
    pub(super) fn shown(self, samples: &Samples, channels: Channels) -> (Samples, Option<Vec<u8>>) {
        let mapped = hdr::mapped(samples, channels, self.hdr);
        let is_gray = channels.colour_count() == 1;
        (mapped, spaces::by_primaries(self.primaries.into()).filter(|_| !is_gray))
    }
}

/// The content of a profile's `cicp` tag.
fn numbers(profile: &[u8]) -> Option<[u8; 4]> {
    let word = |at: usize| profile.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
    let count = (word(ICC_HEADER_BYTES)? as usize).min(MAX_TAGS);
    let entries = (0..count).map(|n| ICC_HEADER_BYTES + 4 + 12 * n);
    let entry = entries.into_iter().find(|&at| profile.get(at..at + 4) == Some(b"cicp"))?;
    let at = word(entry + 4)? as usize;
    // Type and reserved bytes come first.
    profile.get(at.checked_add(8)?..at.checked_add(12)?)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_profile_carries_the_numbers_of_primaries_and_transfer() {
        for primaries in [1, 2, 5, 6, 9, 11, 12, 22] {
            for hdr in [Hdr::Pq, Hdr::Hlg] {
                let points = CodePoints::new(primaries, hdr);
                let profile = points.profile().unwrap();
                assert_eq!(CodePoints::of_profile(&profile), Some(points));
                assert_eq!(points.primaries, primaries as u8);
                assert!(ColorProfile::new_from_slice(&profile).is_ok_and(|profile| profile.cicp.is_some()));
            }
        }
        for reserved in [0, 3, 200, 300] {
            assert_eq!(CodePoints::new(reserved, Hdr::Pq).primaries, UNSPECIFIED);
        }
    }

    #[test]
    fn profiles_of_files_are_no_carriers() {
        let foreign = ColorProfile::new_bt2020_pq().encode().unwrap();
        assert!(numbers(&foreign).is_some(), "it has numbers, but may differ from them");
        assert_eq!(CodePoints::of_profile(&foreign), None);
        let mut srgb = ColorProfile::new_srgb();
        srgb.cicp = None;
        let srgb = spaces::encoded(&srgb).unwrap();
        assert_eq!(CodePoints::of_profile(&srgb), None);
        let own = CodePoints::new(BT2020, Hdr::Pq).profile().unwrap();
        for length in [0, 100, 131, 140, own.len() - 1] {
            assert_eq!(CodePoints::of_profile(&own[..length]), None);
        }
        let mut forged = own;
        forged[128..132].fill(0xFF);
        let entry = forged.windows(4).position(|word| word == b"cicp").unwrap();
        forged[entry + 4..entry + 8].fill(0xFF);
        assert_eq!(CodePoints::of_profile(&forged), None);
    }
}
