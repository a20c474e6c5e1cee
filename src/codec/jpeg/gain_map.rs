//! Gain maps in JPEG files: a second JPEG file after the picture's (Google's Ultra HDR format 1.1, ISO 21496-1 annex C, and
//! Apple's).
//!
//! A file that is written has all of its descriptions: the index of images (CIPA DC-007), the list in XMP, and the parameters
//! in XMP and as ISO 21496-1 stores them.

use std::ops::Range;

use super::decode;
use super::encode::JpegEncoder;
use super::markers::{self, Process, segment};
use super::metadata::{self, EXIF, ISO_GAIN_MAP, MULTI_PICTURE, is_xmp};
use crate::codec::gain_map::{self, FoundGainMap, GainMap, Parameters, Place, Scale};
use crate::codec::guard::control::DecodeControl;
use crate::codec::spec::{DecodeOptions, Decoded, Encoder as _, Extras};
use crate::codec::{errors, meta};
use crate::error::ItemError;
use crate::model::{Band, ColourChoice, ImageInfo, RowWriter as _, Samples, Save, Subsampling};

/// Most images that an index is read for.
const MAX_IMAGES: usize = 16;
/// Bytes of an index of two images: byte order, one directory of three entries, and the list of images.
const INDEX_BYTES: usize = 8 + 2 + 3 * 12 + 4 + 2 * 16;
/// The type of the first image: a primary one, as JPEG.
const PRIMARY: u32 = 0x0003_0000;
/// Most bytes that [`joined`] adds to the files of picture and map: the index, the version, and the list in XMP, for which an
/// XMP packet may have to be made or divided.
pub(super) const EXTRA_BYTES: u64 = 2_048;

/// Finds the map of a file.
pub(super) fn find(bytes: &[u8]) -> Option<FoundGainMap> {
    let markers = markers::read(bytes).ok()?;
    let picture = decode::header(&markers).ok()?.info;
    let apple = || gain_map::apple_headroom(markers.metadata.exif.as_deref()?);
    let indexed = indexed_images(bytes);
    let found = indexed.iter().find_map(|place| map_at(bytes, place.clone(), &picture, &apple));
    if let Some(found) = found {
        return Some(FoundGainMap { has_others: indexed.len() > 1, ..found });
    }
    let listed = listed_images(bytes, markers.metadata.xmp.as_deref()?)?;
    let places = listed.iter().filter(|(is_gain_map, _)| *is_gain_map).map(|(_, place)| place.clone());
    let found = places.into_iter().find_map(|place| map_at(bytes, place, &picture, &apple))?;
    Some(FoundGainMap { has_others: listed.len() > 1, ..found })
}

/// A map at these bytes, if they are a JPEG file that says so and can belong to the picture. Images in it are not searched.
fn map_at(
    bytes: &[u8],
    place: Range<usize>,
    picture: &ImageInfo,
    apple: &dyn Fn() -> Option<f64>,
) -> Option<FoundGainMap> {
    let file = bytes.get(place.clone()).filter(|file| file.starts_with(&[0xFF, 0xD8, 0xFF]))?;
    let markers = markers::read(file).ok()?;
    let is_plain = matches!(markers.components, 1 | 3) && markers.process != Process::Lossless;
    let header = decode::header(&markers).ok()?;
    if !is_plain || !gain_map::fits(&header.info, picture) {
        return None;
    }
    let xmp = markers.metadata.xmp.as_deref();
    let iso = application_2(file, ISO_GAIN_MAP).map(|at| file.get(at).unwrap_or_default());
    let parameters = iso.and_then(gain_map::from_iso).or_else(|| xmp.and_then(meta::gain_map_parameters));
    let (parameters, scale) = if let Some(parameters) = parameters {
        (parameters, Scale::Logarithmic)
    } else {
        let headroom = meta::apple_map_in_xmp(xmp?)?.headroom.or_else(apple)?;
        (gain_map::of_apple(headroom)?, Scale::Apple { headroom })
    };
    Some(FoundGainMap {
        info: header.info,
        place: Place::Bytes(place),
        scale,
        parameters,
        has_others: false,
        space: None,
    })
}

/// Where the content of the first APP2 segment with this name is.
fn application_2(file: &[u8], name: &[u8]) -> Option<Range<usize>> {
    let mut at = 2;
    loop {
        let (marker, payload, next) = segment(file, at).ok()?;
        match marker {
            0xE2 if payload.starts_with(name) => return Some(next - payload.len() + name.len()..next),
            0xDA | 0xD9 => return None,
            _ => at = next,
        }
    }
}

/// Where images other than the first one are, by the file's index. Those that are not within the file are left out.
fn indexed_images(bytes: &[u8]) -> Vec<Range<usize>> {
    let Some(place) = application_2(bytes, MULTI_PICTURE) else { return Vec::new() };
    // Offsets count from the beginning of the index.
    let start = place.start;
    let index = bytes.get(place).unwrap_or_default();
    let number = |at: usize, length: usize| metadata::index_number(index, at, length);
    let places = || {
        let (at, count) = metadata::index_entry(index, 0xB002)?;
        let list = if count > 4 { number(at, 4)? as usize } else { return None };
        let images = (1..(count as usize / 16).min(MAX_IMAGES)).filter_map(|n| {
            let entry = list.checked_add(n * 16)?;
            let from = start.checked_add(number(entry.checked_add(8)?, 4)? as usize)?;
            let to = from.checked_add(number(entry.checked_add(4)?, 4)? as usize)?;
            (to <= bytes.len() && from > start && from < to).then_some(from..to)
        });
        Some(images.collect())
    };
    places().unwrap_or_default()
}

/// Where the images are that XMP lists, and whether each is a gain map. `None` if the list is not true.
fn listed_images(bytes: &[u8], xmp: &[u8]) -> Option<Vec<(bool, Range<usize>)>> {
    let listed = meta::listed_images(xmp)?;
    let mut at = markers::end(bytes)?;
    let mut places = Vec::new();
    for (n, image) in listed.into_iter().enumerate() {
        at = at.checked_add(image.padding)?;
        // The first one is the picture, whose length need not be said.
        if n > 0 {
            let from = at;
            at = at.checked_add(image.length).filter(|end| *end <= bytes.len())?;
            places.push((image.is_gain_map, from..at));
        }
    }
    Some(places)
}

/// Opens the map.
pub(super) fn open<'a>(
    bytes: &'a [u8],
    found: &FoundGainMap,
    control: &DecodeControl<'_>,
) -> Result<Decoded<'a>, ItemError> {
    let file = file(bytes, found).ok_or_else(errors::truncated)?;
    decode::open(file, &DecodeOptions { colour: ColourChoice::Keep, ..DecodeOptions::default() }, control)
}

/// The map's own file.
pub(super) fn file<'a>(bytes: &'a [u8], found: &FoundGainMap) -> Option<&'a [u8]> {
    let Place::Bytes(place) = &found.place else { return None };
    bytes.get(place.clone())
}

/// Bytes of memory for decoding it.
pub(super) fn held_bytes(bytes: &[u8], found: &FoundGainMap) -> u64 {
    let coefficients = file(bytes, found).and_then(|file| markers::read(file).ok());
    coefficients.map_or(0, |markers| markers.coefficient_bytes()) + found.info.row_samples() as u64 * 64
}

/// Writes the file of a map.
pub(super) fn code(map: &GainMap, quality: u8) -> Result<Vec<u8>, ItemError> {
    let save = Save { quality: Some(quality), subsampling: Subsampling::S444, optimize: true, ..Save::default() };
    let extras = Extras { profile: map.profile.clone(), ..Extras::default() };
    let info = map.info();
    let mut encoder = Box::new(JpegEncoder::new(&save, extras));
    encoder.start(info)?;
    let samples = Samples::U8(map.samples().to_vec());
    encoder.write_rows(&Band { width_px: info.width_px, rows: info.height_px, channels: info.channels, samples })?;
    let file = encoder.finish()?;
    described(&file, &map.parameters).ok_or_else(|| errors::cant_encode("encoder_started_twice"))
}

/// The file that a map was read from, with nothing but its pixels and its parameters.
pub(super) fn recode(map: &GainMap) -> Option<Vec<u8>> {
    described(&markers::stripped(map.file.as_deref()?, None)?, &map.parameters)
}

/// A map's file with its parameters.
fn described(file: &[u8], parameters: &Parameters) -> Option<Vec<u8>> {
    let head = Head::of(file)?;
    let mut out = head.first.concat();
    push(&mut out, 0xE1, &[metadata::XMP, &meta::of_gain_map(parameters)?].concat())?;
    push(&mut out, 0xE2, &[ISO_GAIN_MAP, &gain_map::to_iso(parameters)].concat())?;
    out.extend(head.others.concat());
    out.extend_from_slice(head.rest);
    Some(out)
}

/// A picture's file with the file of its map. `None` if it can't be read.
pub(super) fn joined(file: &[u8], map: &[u8]) -> Option<Vec<u8>> {
    let head = Head::of(file)?;
    let markers = markers::read(file).ok()?;
    let mut out = Vec::with_capacity(file.len() + map.len() + EXTRA_BYTES as usize);
    out.extend(head.first.concat());
    // A packet that can't be extended stays: its map is described elsewhere, too.
    let packet = meta::beside_gain_map(markers.metadata.xmp.as_deref(), map.len());
    match packet.and_then(|packet| metadata::xmp_segments(&packet)) {
        Some(parts) => parts.iter().try_for_each(|(marker, payload)| push(&mut out, *marker, payload))?,
        None => out.extend(head.xmp.concat()),
    }
    // The lowest version that a reader needs, and that of the writer.
    push(&mut out, 0xE2, &[ISO_GAIN_MAP, &[0; 4]].concat())?;
    let index_at = out.len() + 4 + MULTI_PICTURE.len();
    push(&mut out, 0xE2, &[MULTI_PICTURE, &[0; INDEX_BYTES]].concat())?;
    out.extend(head.others.concat());
    out.extend_from_slice(head.rest);
    let sizes = (u32::try_from(out.len()).ok()?, u32::try_from(map.len()).ok()?);
    let index = index(sizes, u32::try_from(out.len() - index_at).ok()?);
    out.get_mut(index_at..index_at + INDEX_BYTES)?.copy_from_slice(&index);
    out.extend_from_slice(map);
    Some(out)
}

/// The index of a picture and its map, which have these sizes. `offset` is that of the map from the beginning of the index.
fn index((picture, map): (u32, u32), offset: u32) -> [u8; INDEX_BYTES] {
    let mut index = b"MM\0*\0\0\0\x08\0\x03".to_vec();
    let mut entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        index.extend(tag.to_be_bytes());
        index.extend(kind.to_be_bytes());
        index.extend(count.to_be_bytes());
        index.extend(value);
    };
    entry(0xB000, 7, 4, *b"0100");
    entry(0xB001, 4, 1, 2_u32.to_be_bytes());
    entry(0xB002, 7, 32, (INDEX_BYTES as u32 - 32).to_be_bytes());
    index.extend([0; 4]);
    // Type, size, offset, and two images that it depends on: none.
    for number in [PRIMARY, picture, 0, 0, 0, map, offset, 0] {
        index.extend(number.to_be_bytes());
    }
    let mut out = [0; INDEX_BYTES];
    out.iter_mut().zip(index).for_each(|(to, from)| *to = from);
    out
}

/// The beginning of a file, divided so that segments can be added.
struct Head<'a> {
    /// The start marker, and the segments that must come first: JFIF and EXIF.
    first: Vec<&'a [u8]>,
    /// The XMP packet.
    xmp: Vec<&'a [u8]>,
    /// The other segments of applications, and comments.
    others: Vec<&'a [u8]>,
    /// Everything after them.
    rest: &'a [u8],
}

impl<'a> Head<'a> {
    fn of(file: &'a [u8]) -> Option<Self> {
        let mut head = Self { first: vec![file.get(..2)?], xmp: Vec::new(), others: Vec::new(), rest: &[] };
        let mut at = 2;
        loop {
            let (marker, payload, next) = segment(file, at).ok()?;
            let whole = file.get(at..next)?;
            match marker {
                0xE0 => head.first.push(whole),
                0xE1 if payload.starts_with(EXIF) => head.first.push(whole),
                0xE1 if is_xmp(payload) => head.xmp.push(whole),
                0xE1..=0xEF | 0xFE => head.others.push(whole),
                _ => {
                    head.rest = file.get(at..)?;
                    return Some(head);
                }
            }
            at = next;
        }
    }
}

/// Adds a segment; `None` if it is too large.
fn push(out: &mut Vec<u8>, marker: u8, payload: &[u8]) -> Option<()> {
    let length = u16::try_from(payload.len() + 2).ok()?;
    out.extend([0xFF, marker]);
    out.extend(length.to_be_bytes());
    out.extend_from_slice(payload);
    Some(())
}
