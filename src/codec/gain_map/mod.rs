//! Gain maps (ISO 21496-1): a small image beside a picture of standard range, by which a display with more range brightens
//! it.
//!
//! A map covers the same area as the stored picture, in any size up to its. Formats find and store maps; what they mean, how
//! Apple's become ISO's, and how they get to another grid is here.

mod apple;
mod area;

use std::sync::Arc;

use area::OnGrid;
pub use area::Reduced;
pub(super) use ultrahdr_core::GainMapMetadata as Parameters;
use ultrahdr_core::{Iso21496Format, parse_iso21496_fmt, serialize_iso21496_fmt, validate_gainmap_metadata};

pub(super) use apple::{curve as apple_curve, headroom as apple_headroom};

use crate::model::{Channels, ImageInfo, Part, RowReader};

/// Where a map is in its file.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// At these bytes.
    Bytes(std::ops::Range<usize>),
    /// It is this item.
    Item(u32),
}

/// How a map's values are stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// As parameters say.
    Logarithmic,
    /// Apple's: the linear gain is `1 + (headroom - 1) * value`; values have the transfer curve of Rec. 709.
    Apple {
        /// The largest gain, above 1.
        headroom: f64,
    },
}

/// A map that was found in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundGainMap {
    /// The map as it is stored.
    pub info: ImageInfo,
    /// Where it is.
    pub place: Place,
    /// How its values are stored.
    pub scale: Scale,
    /// What they mean, after Apple's have been converted.
    pub(super) parameters: Parameters,
    /// Whether the file has images other than the picture and its map.
    pub has_others: bool,
    /// The profile of the colour space in which it is applied, if that is not the picture's and not the map's own.
    pub(super) space: Option<Vec<u8>>,
}

/// A decoded map.
#[derive(Clone, Debug)]
pub struct GainMap {
    /// Its size; gray or RGB, 8 bits.
    pub(super) info: ImageInfo,
    pub(super) samples: Vec<u8>,
    pub(super) parameters: Parameters,
    /// The profile of the colour space in which it is applied, if it has one.
    pub(super) profile: Option<Arc<[u8]>>,
    /// The file that it was decoded from, if its values are unchanged.
    pub(super) file: Option<Vec<u8>>,
}

/// A map that is ready to be stored.
#[derive(Clone, Debug)]
pub struct CodedGainMap {
    /// Its file.
    pub(super) file: Vec<u8>,
    pub(super) reserved_bytes: u64,
}

/// Parameters of a map of standard ISO 21496-1, from the payload that JPEG holds.
pub(super) fn from_iso(payload: &[u8]) -> Option<Parameters> {
    usable(parse_iso21496_fmt(payload, Iso21496Format::JxlJhgm).ok()?)
}

/// The same from the payload of a `tmap` item.
pub(super) fn from_tmap(payload: &[u8]) -> Option<Parameters> {
    usable(parse_iso21496_fmt(payload, Iso21496Format::AvifTmap).ok()?)
}

/// The payload that JPEG holds.
pub(super) fn to_iso(parameters: &Parameters) -> Vec<u8> {
    serialize_iso21496_fmt(parameters, Iso21496Format::JxlJhgm)
}

/// Parameters, if they describe a map that brightens a picture of standard range and are within sane limits.
pub(super) fn usable(parameters: Parameters) -> Option<Parameters> {
    let is_sdr = parameters.base_hdr_headroom >= 0.0
        && parameters.base_hdr_headroom < parameters.alternate_hdr_headroom
        && !parameters.backward_direction;
    (is_sdr && validate_gainmap_metadata(&parameters).is_ok()).then_some(parameters)
}

/// Parameters of Apple's maps with this headroom after their values have been converted.
pub(super) fn of_apple(headroom: f64) -> Option<Parameters> {
    let mut parameters = Parameters::default();
    parameters.alternate_hdr_headroom = headroom.log2();
    for channel in &mut parameters.channels {
        (channel.min, channel.max, channel.gamma) = (0.0, headroom.log2(), 1.0);
        (channel.base_offset, channel.alternate_offset) = (0.0, 0.0);
    }
    usable(parameters)
}

/// A map of this size, if it can belong to a picture of that size.
pub(super) fn fits(map: &ImageInfo, picture: &ImageInfo) -> bool {
    (1..=picture.width_px).contains(&map.width_px) && (1..=picture.height_px).contains(&map.height_px)
}

impl GainMap {
    /// Its size, and its channels: gray or RGB.
    pub const fn info(&self) -> ImageInfo {
        self.info
    }

    pub(super) fn samples(&self) -> &[u8] {
        &self.samples
    }

    /// The values that change nothing.
    pub fn neutral(&self) -> [f32; 3] {
        self.parameters.channels.map(|channel| {
            let range = channel.max - channel.min;
            let share = if range > 0.0 { (-channel.min / range).clamp(0.0, 1.0) } else { 0.0 };
            share.powf(channel.gamma) as f32
        })
    }

    /// Its rows on the grid of a picture of this size.
    pub fn on_grid(&self, width_px: u32, height_px: u32) -> impl RowReader + '_ {
        OnGrid::new(&self.samples, self.info, (width_px, height_px))
    }

    /// The same map with other pixels.
    #[must_use]
    pub fn with_pixels(&self, (info, samples): (ImageInfo, Vec<u8>)) -> Self {
        Self { info, samples, file: None, parameters: self.parameters.clone(), profile: self.profile.clone() }
    }

    /// Whether it is applied in the colour space of its picture, and gives another result in another one: gains that are the
    /// same for all channels are the same in any space.
    pub(super) fn depends_on_space(&self) -> bool {
        let is_gray = self.info.channels == Channels::Gray && self.parameters.is_single_channel();
        self.parameters.use_base_color_space && !is_gray
    }

    /// The same map, applied in this space.
    pub(super) fn applied_in(mut self, profile: Option<Arc<[u8]>>) -> Self {
        self.parameters.use_base_color_space = false;
        (self.profile, self.file) = (profile, None);
        self
    }
}

/// Most bytes that a map may take of a file with this limit.
pub const fn most_bytes(max_bytes: u64) -> u64 {
    max_bytes / 4
}

impl CodedGainMap {
    /// Bytes by which a picture's file grows, at most.
    pub const fn reserved_bytes(&self) -> u64 {
        self.reserved_bytes
    }
}

/// The parts that a result does not have, if it keeps its gain map.
pub fn without_gain_map(parts: &mut Vec<Part>, found: &FoundGainMap) {
    parts.retain(|part| *part != Part::GainMap && (found.has_others || *part != Part::OtherImages));
}
