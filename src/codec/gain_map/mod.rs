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

pub(super) use apple::headroom as apple_headroom;

use super::formats::spec_of;
use super::guard::control::DecodeControl;
use super::guard::isolated;
use super::pixels::convert::Converter;
use super::sniff::recognise;
use super::spec::{Decoded, FileHeader};
use super::{colour, errors};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Band, Channels, Format, ImageInfo, Part, RowReader, SampleType};

/// Qualities for the map of a file that is limited in size, best first.
const QUALITIES: [u8; 4] = [90, 70, 45, 25];

/// How a format's files hold gain maps.
pub struct GainMapSpec {
    /// Finds a file's map and reads what its values mean, without decoding it. `None` if there is none, or none that can be
    /// used.
    pub find: fn(&[u8]) -> Option<FoundGainMap>,
    /// Opens a map that was found.
    pub open: for<'a> fn(&'a [u8], &FoundGainMap, &DecodeControl<'_>) -> Result<Decoded<'a>, ItemError>,
    /// The file of a map that is stored as one.
    pub file: for<'a> fn(&'a [u8], &FoundGainMap) -> Option<&'a [u8]>,
    /// Estimated bytes of memory for decoding a map, apart from its pixels.
    pub bytes: fn(&[u8], &FoundGainMap) -> u64,
}

/// How files of a format get a gain map.
#[derive(Clone, Copy)]
pub struct CarriesGainMap {
    /// Writes the map's own file.
    pub code: fn(&GainMap, u8) -> Result<Vec<u8>, ItemError>,
    /// The map's own file with the pixels of the one that it was read from, if they can be kept.
    pub recode: fn(&GainMap) -> Option<Vec<u8>>,
    /// A picture's file with its map; `None` if that is not possible.
    pub joined: fn(&[u8], &[u8]) -> Option<Vec<u8>>,
    /// Most bytes that this adds to the files of picture and map.
    pub extra_bytes: u64,
}

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
    /// Apple's: the linear gain is `1 + (headroom - 1) * value`, and values have the transfer curve of Rec. 709.
    Apple {
        /// The largest gain, above 1.
        headroom: f64,
    },
}

/// A map that was found in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundGainMap {
    /// The map as it is stored.
    pub header: FileHeader,
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
    info: ImageInfo,
    samples: Vec<u8>,
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
    file: Vec<u8>,
    reserved_bytes: u64,
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

/// The usable gain map of a file, if it has one. Nothing is decoded.
pub fn find_gain_map(bytes: &[u8]) -> Option<FoundGainMap> {
    (recognise(bytes)?.gain_map.as_ref()?.find)(bytes)
}

/// Whether files of a format can hold a gain map.
pub fn carries_gain_map(format: Format) -> bool {
    carries(format).is_some()
}

fn carries(format: Format) -> Option<CarriesGainMap> {
    spec_of(format)?.encoder.as_ref()?.carries.gain_map
}

/// Bytes of memory for a map: as it is decoded, and as it is kept; and its file. An estimate for budgets.
pub fn gain_map_bytes(bytes: &[u8], found: &FoundGainMap) -> u64 {
    let decoding = recognise(bytes).and_then(|spec| spec.gain_map.as_ref()).map_or(0, |how| (how.bytes)(bytes, found));
    found.header.info.size_bytes() * 3 + decoding
}

/// Decodes a map. `None` if it is damaged: that is no reason to fail the picture.
pub fn read_gain_map(
    bytes: &[u8],
    found: &FoundGainMap,
    control: &DecodeControl<'_>,
) -> Result<Option<GainMap>, ItemError> {
    match decoded(bytes, found, control) {
        Ok(map) => Ok(map),
        Err(error) if error.kind == ErrorKind::Cancelled => Err(error),
        Err(_) => Ok(None),
    }
}

fn decoded(bytes: &[u8], found: &FoundGainMap, control: &DecodeControl<'_>) -> Result<Option<GainMap>, ItemError> {
    let Some((spec, how)) = recognise(bytes).and_then(|spec| Some((spec, spec.gain_map.as_ref()?))) else {
        return Ok(None);
    };
    errors::within_limits(found.header.info.width_px, found.header.info.height_px)?;
    let mut decoded = if spec.isolated.is_some() {
        isolated::open_gain_map(spec, (how, found), bytes, control)?
    } else {
        (how.open)(bytes, found, control)?
    };
    let stored = decoded.rows.info();
    let channels = if stored.channels.colour_count() == 1 { Channels::Gray } else { Channels::Rgb };
    let info = ImageInfo { channels, sample: SampleType::U8, premultiplied: false, ..stored };
    let mut samples: Vec<u8> = errors::zeroed(info.size_bytes())?;
    samples.clear();
    let mut converter = Converter::<u8>::new(stored, channels);
    let mut band = Band::empty(&stored);
    let mut rows = 0;
    while rows < info.height_px {
        if (control.cancelled)() {
            return Err(ItemError::nameless(ErrorKind::Cancelled));
        }
        let read = decoded.rows.read_rows(64.min(info.height_px - rows), &mut band)?;
        if read == 0 {
            return Ok(None);
        }
        samples.extend_from_slice(converter.convert(&band));
        rows += read;
    }
    let file = match found.scale {
        Scale::Logarithmic => (how.file)(bytes, found).map(<[u8]>::to_vec),
        Scale::Apple { headroom } => {
            let curve = apple::curve(headroom);
            for sample in &mut samples {
                *sample = curve.get(usize::from(*sample)).copied().unwrap_or_default();
            }
            None
        }
    };
    let profile = found.space.clone().or(decoded.profile).map(Into::into);
    Ok(Some(GainMap { info, samples, parameters: found.parameters.clone(), profile, file }))
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

    /// The same map for a picture whose colours have been converted from the profile `stored` (`None` is sRGB). Gains that
    /// are the same for all channels are the same in any space; others are applied in the space that they were made for.
    #[must_use]
    pub fn of_converted(mut self, stored: Option<&Arc<[u8]>>) -> Self {
        let is_for_picture = self.parameters.use_base_color_space;
        if is_for_picture && !(self.info.channels == Channels::Gray && self.parameters.is_single_channel()) {
            self.parameters.use_base_color_space = false;
            self.profile = stored.cloned().or_else(|| colour::srgb().map(Into::into));
            self.file = None;
        }
        self
    }

    /// The map for a file of a format, with the pixels of its own file if possible. `None` if the format holds no maps, or if
    /// the map would take too much of a file that is limited in size.
    pub fn coded(&self, format: Format, max_bytes: Option<u64>) -> Result<Option<CodedGainMap>, ItemError> {
        let Some(carries) = carries(format) else { return Ok(None) };
        let reserved = |file: &[u8]| (file.len() as u64).saturating_add(carries.extra_bytes);
        let most = max_bytes.map_or(u64::MAX, most_bytes);
        if let Some(file) = (carries.recode)(self).filter(|file| reserved(file) <= most) {
            return Ok(Some(CodedGainMap { reserved_bytes: reserved(&file), file }));
        }
        for quality in QUALITIES {
            let file = (carries.code)(self, quality)?;
            if reserved(&file) <= most {
                return Ok(Some(CodedGainMap { reserved_bytes: reserved(&file), file }));
            }
        }
        Ok(None)
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

/// A finished file with its gain map; `None` if that is not possible.
pub fn with_gain_map(format: Format, file: &[u8], map: &CodedGainMap) -> Option<Vec<u8>> {
    (carries(format)?.joined)(file, &map.file)
}

/// The parts that a result does not have, if it keeps its gain map.
pub fn without_gain_map(parts: &mut Vec<Part>, found: &FoundGainMap) {
    parts.retain(|part| *part != Part::GainMap && (found.has_others || *part != Part::OtherImages));
}
