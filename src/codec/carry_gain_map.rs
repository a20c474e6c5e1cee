//! Gain maps from file to file. Every function finds the format's declaration and calls it.

use super::{colour, errors};
use std::sync::Arc;

use super::formats::spec_of;
use super::gain_map::{self, CodedGainMap, FoundGainMap, GainMap, Scale, most_bytes};
use super::guard::control::DecodeControl;
use super::guard::isolated;
use super::pixels::convert::Converter;
use super::sniff::recognise;
use super::spec::CarriesGainMap;
use crate::error::{ErrorKind, ItemError};
use crate::model::{Band, Channels, Format, ImageInfo, SampleType};

/// Qualities for the map of a file that is limited in size, best first.
const QUALITIES: [u8; 4] = [90, 70, 45, 25];

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
    found.info.size_bytes() * 3 + decoding
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
    errors::within_limits(found.info.width_px, found.info.height_px)?;
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
            let curve = gain_map::apple_curve(headroom);
            for sample in &mut samples {
                *sample = curve.get(usize::from(*sample)).copied().unwrap_or_default();
            }
            None
        }
    };
    let profile = found.space.clone().or(decoded.profile).map(Into::into);
    Ok(Some(GainMap { info, samples, parameters: found.parameters.clone(), profile, file }))
}

/// The map for a file of a format, with the pixels of its own file if possible. `None` if the format holds no maps, or if
/// the map would take too much of a file that is limited in size.
pub fn coded_gain_map(
    map: &GainMap,
    format: Format,
    max_bytes: Option<u64>,
) -> Result<Option<CodedGainMap>, ItemError> {
    let Some(carries) = carries(format) else { return Ok(None) };
    let reserved = |file: &[u8]| (file.len() as u64).saturating_add(carries.extra_bytes);
    let most = max_bytes.map_or(u64::MAX, most_bytes);
    if let Some(file) = (carries.recode)(map).filter(|file| reserved(file) <= most) {
        return Ok(Some(CodedGainMap { reserved_bytes: reserved(&file), file }));
    }
    for quality in QUALITIES {
        let file = (carries.code)(map, quality)?;
        if reserved(&file) <= most {
            return Ok(Some(CodedGainMap { reserved_bytes: reserved(&file), file }));
        }
    }
    Ok(None)
}

/// A finished file with its gain map; `None` if that is not possible.
pub fn with_gain_map(format: Format, file: &[u8], map: &CodedGainMap) -> Option<Vec<u8>> {
    (carries(format)?.joined)(file, &map.file)
}

/// A map for its picture whose colours have been converted from the profile `stored` (`None` is sRGB): it is applied in the
/// space that it was made for.
pub fn gain_map_of_converted(map: &GainMap, stored: Option<&Arc<[u8]>>) -> GainMap {
    let map = map.clone();
    if map.depends_on_space() {
        map.applied_in(stored.cloned().or_else(|| colour::srgb().map(Into::into)))
    } else {
        map
    }
}
