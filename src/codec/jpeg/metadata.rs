//! Metadata in the segments of a JPEG file: reads it, and writes it within the limits of segments.

use std::borrow::Cow;
use std::io::Cursor;

use ::exif::experimental::Writer;
use ::exif::{In, Reader, Tag, Value};

use crate::codec::meta;
use crate::codec::spec::Extras;
use crate::model::{KeywordText, Metadata, Part, text_encoding};

pub(super) const EXIF: &[u8] = b"Exif\0\0";
/// What every reader checks: some cameras write another byte than zero after it.
const EXIF_NAME: &[u8] = b"Exif\0";
pub(super) const ICC: &[u8] = b"ICC_PROFILE\0";
pub(super) const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const PHOTOSHOP: &[u8] = b"Photoshop 3.0\0";
/// The name before version 3.0 of Photoshop.
const OLD_PHOTOSHOP: &[u8] = b"Adobe_Photoshop2.5:";
/// Temperatures, in cameras of FLIR.
const FLIR: &[u8] = b"FLIR\0";
/// A gain map's parameters, or their version (ISO 21496-1, annex C).
pub(super) const ISO_GAIN_MAP: &[u8] = b"urn:iso:std:iso:ts:21496:-1\0";
/// The index of further images in the file (CIPA DC-007).
pub(super) const MULTI_PICTURE: &[u8] = b"MPF\0";
/// Boxes of C2PA.
const JUMBF: &[u8] = b"JP";
/// Most bytes of a segment's payload.
pub(super) const MAX_PAYLOAD: usize = 65_533;
/// Photoshop's resource that holds IPTC-IIM records.
const IPTC_RESOURCE: u16 = 0x0404;
/// Segments of an extended XMP packet: its name, a GUID of 32 digits, its whole length, this part's offset.
const XMP_EXTENSION: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";
/// Bytes of a part of an extended XMP packet, as Adobe's programs write them.
const XMP_PART_BYTES: usize = 65_400;
/// Most bytes of an extended XMP packet that are read.
const MAX_XMP_BYTES: usize = 16 << 20;
/// Segments that a profile can be divided into.
const MAX_PROFILE_PARTS: usize = 255;

/// The segments with metadata before the first scan.
#[derive(Default)]
pub(super) struct Segments<'a> {
    /// Parts of the EXIF block.
    exif: Vec<&'a [u8]>,
    xmp: Option<&'a [u8]>,
    extensions: Vec<&'a [u8]>,
    photoshop: Vec<&'a [u8]>,
    comments: Vec<&'a [u8]>,
    left_out: Vec<Part>,
}

impl<'a> Segments<'a> {
    /// Takes a segment; others than those of metadata are ignored.
    pub(super) fn add(&mut self, marker: u8, payload: &'a [u8]) {
        match marker {
            0xE1 => self.add_app1(payload),
            0xED => {
                self.photoshop.extend(payload.strip_prefix(PHOTOSHOP).or_else(|| payload.strip_prefix(OLD_PHOTOSHOP)));
            }
            0xE2 if payload.starts_with(ISO_GAIN_MAP) => self.note(Part::GainMap),
            0xE2 if payload.strip_prefix(MULTI_PICTURE).and_then(images_of).is_some_and(|count| count > 1) => {
                self.note(Part::OtherImages);
            }
            0xEB if payload.starts_with(JUMBF) => self.note(Part::ContentCredentials),
            0xFE => self.comments.push(payload),
            _ => {}
        }
    }

    fn add_app1(&mut self, payload: &'a [u8]) {
        if let Some(part) = payload.strip_prefix(XMP_EXTENSION) {
            self.extensions.push(part);
        } else if let Some(exif) = payload.strip_prefix(EXIF_NAME).and_then(|rest| rest.get(1..)) {
            // A block too large for its segment continues in the next one, which has no header of its own.
            let is_first = exif.starts_with(b"II*\0") || exif.starts_with(b"MM\0*");
            if self.exif.is_empty() || !is_first {
                self.exif.push(exif);
            }
        } else if let Some(xmp) = payload.strip_prefix(XMP) {
            self.xmp.get_or_insert(xmp);
        } else if payload.starts_with(FLIR) {
            self.note(Part::Thermal);
        }
    }

    /// Notes a part that is not kept.
    pub(super) fn note(&mut self, part: Part) {
        if !self.left_out.contains(&part) {
            self.left_out.push(part);
        }
    }

    /// The metadata, without density.
    pub(super) fn metadata(mut self) -> Metadata {
        let resources = meta::in_photoshop(&self.photoshop.concat());
        if resources.has_path {
            self.note(Part::ClippingPath);
        }
        let xmp = self.xmp.map(|main| match self.extensions.as_slice() {
            [] => main.to_vec(),
            parts => meta::xmp_joined(main, |guid| extended_xmp(parts, guid)),
        });
        let comments = self.comments.iter().map(|comment| KeywordText::comment(text(comment)));
        Metadata {
            exif: (!self.exif.is_empty()).then(|| self.exif.concat().into()),
            xmp: xmp.map(Into::into),
            iptc: resources.iptc.map(Into::into),
            texts: comments.filter(|comment| !comment.text.is_empty()).collect(),
            left_out: self.left_out,
            ..Metadata::default()
        }
    }
}

/// The number of images in a multi-picture index.
fn images_of(index: &[u8]) -> Option<u32> {
    index_entry(index, 0xB001).and_then(|(at, _)| index_number(index, at, 4))
}

/// A number of so many bytes in a multi-picture index, which is a TIFF structure.
pub(super) fn index_number(index: &[u8], at: usize, length: usize) -> Option<u32> {
    let bytes = index.get(at..at.checked_add(length)?)?;
    let push = |sum: u32, byte: &u8| sum << 8 | u32::from(*byte);
    Some(if index.starts_with(b"II") { bytes.iter().rev().fold(0, push) } else { bytes.iter().fold(0, push) })
}

/// Where the value of an entry of its first directory is, or the offset of it, and the number of values.
pub(super) fn index_entry(index: &[u8], tag: u32) -> Option<(usize, u32)> {
    let number = |at: usize, length: usize| index_number(index, at, length);
    let directory = number(4, 4)? as usize;
    let entries = (0..number(directory, 2)? as usize).map(|n| directory.saturating_add(2 + n * 12));
    let found = entries.take(16).find(|&at| number(at, 2) == Some(tag))?;
    Some((found + 8, number(found + 4, 4)?))
}

/// Whether a segment is part of an XMP packet.
pub(super) fn is_xmp(payload: &[u8]) -> bool {
    payload.starts_with(XMP) || payload.starts_with(XMP_EXTENSION)
}

/// Whether a file ends with the video of a motion photo, in Samsung's own directory of appended data.
pub(super) fn has_samsung_video(bytes: &[u8]) -> bool {
    const NAME: &[u8] = b"MotionPhoto_Data";
    let end = bytes.get(bytes.len().saturating_sub(64 << 10)..).unwrap_or_default();
    // The directory ends with its own signature; names are in it, and in front of the data.
    end.ends_with(b"SEFT") && bytes.windows(NAME.len()).any(|part| part == NAME)
}

/// A comment's text: UTF-8 if it can be, else in the encoding that fits best.
fn text(comment: &[u8]) -> String {
    let end = comment.iter().rposition(|&byte| byte != 0).map_or(0, |at| at + 1);
    let comment = comment.get(..end).unwrap_or_default();
    text_encoding::decoded(comment, None)
}

/// The extended XMP packet of a GUID, joined from its parts, if it is complete.
fn extended_xmp(parts: &[&[u8]], guid: &str) -> Option<Vec<u8>> {
    let mut pieces: Vec<(usize, &[u8])> = Vec::new();
    let mut whole = 0;
    for part in parts {
        let (head, data) = part.split_first_chunk::<40>()?;
        let &[.., l3, l2, l1, l0, o3, o2, o1, o0] = head;
        if head.starts_with(guid.as_bytes()) && guid.len() == 32 {
            whole = u32::from_be_bytes([l3, l2, l1, l0]) as usize;
            pieces.push((u32::from_be_bytes([o3, o2, o1, o0]) as usize, data));
        }
    }
    pieces.sort_by_key(|&(offset, _)| offset);
    let mut packet = Vec::new();
    for (offset, data) in pieces {
        // A gap is a missing part.
        if offset != packet.len() || packet.len() + data.len() > MAX_XMP_BYTES.min(whole) {
            return None;
        }
        packet.extend_from_slice(data);
    }
    (!packet.is_empty() && packet.len() == whole).then_some(packet)
}

/// Values larger than this many bytes may be dropped one by one to keep the others.
const LARGE_VALUE: usize = 4 << 10;

/// An EXIF block that fits its segment, and what it lost. One that is too large loses its maker notes, then its other
/// large values, which are previews and calibration data, never the date, the camera or the exposure. `None` if even
/// that is not enough.
fn fitting(block: &[u8]) -> Option<(Cow<'_, [u8]>, Vec<Part>)> {
    let fits = |length: usize| EXIF.len() + length <= MAX_PAYLOAD;
    if fits(block.len()) {
        return Some((block.into(), Vec::new()));
    }
    let parsed = Reader::new().continue_on_error(true).read_raw(block.to_vec());
    let parsed = parsed.or_else(|error| error.distill_partial_result(|_| ())).ok()?;
    let is_large = |value: &Value| match value {
        Value::Byte(bytes) | Value::Undefined(bytes, _) => bytes.len() > LARGE_VALUE,
        Value::Ascii(texts) => texts.iter().map(Vec::len).sum::<usize>() > LARGE_VALUE,
        Value::Long(numbers) => numbers.len() > LARGE_VALUE / 4,
        Value::Short(numbers) => numbers.len() > LARGE_VALUE / 2,
        _ => false,
    };
    [false, true].into_iter().find_map(|only_small| {
        let mut writer = Writer::new();
        let mut lost = Vec::new();
        for field in parsed.fields().filter(|field| field.ifd_num == In::PRIMARY) {
            if field.tag == Tag::MakerNote {
                lost.insert(0, Part::MakerNotes);
            } else if only_small && is_large(&field.value) {
                if !lost.contains(&Part::LargeExifValues) {
                    lost.push(Part::LargeExifValues);
                }
            } else {
                writer.push_field(field);
            }
        }
        let mut slim = Cursor::new(Vec::new());
        writer.write(&mut slim, parsed.little_endian()).ok()?;
        fits(slim.get_ref().len()).then(|| (slim.into_inner().into(), lost))
    })
}

/// Reduces metadata and profile to what fits into segments.
pub(super) fn fit(extras: &mut Extras) {
    let Extras { profile, metadata } = extras;
    match metadata.exif.as_deref().map(|block| fitting(block).map(|(slim, lost)| (slim.into_owned(), lost))) {
        None => {}
        Some(Some((_, lost))) if lost.is_empty() => {}
        Some(Some((slim, lost))) => {
            metadata.exif = Some(slim.into());
            metadata.left_out.extend(lost);
        }
        Some(None) => {
            metadata.exif = None;
            metadata.left_out.push(Part::Exif);
        }
    }
    let most = MAX_PAYLOAD - XMP.len();
    let is_too_large = |xmp: &[u8]| xmp.len() > most && meta::xmp_split(xmp, most).is_none();
    if metadata.xmp.as_deref().is_some_and(is_too_large) {
        metadata.xmp = None;
        metadata.left_out.push(Part::Xmp);
    }
    if profile.as_ref().is_some_and(|profile| profile.len() > MAX_PROFILE_PARTS * profile_part_bytes()) {
        *profile = None;
        metadata.left_out.push(Part::Profile);
    }
}

const fn profile_part_bytes() -> usize {
    MAX_PAYLOAD - ICC.len() - 2
}

/// The segments of an XMP packet, divided if it is too large for one; `None` if that is not possible.
pub(super) fn xmp_segments(packet: &[u8]) -> Option<Vec<(u8, Vec<u8>)>> {
    if XMP.len() + packet.len() <= MAX_PAYLOAD {
        return Some(vec![(0xE1, [XMP, packet].concat())]);
    }
    let parts = meta::xmp_split(packet, MAX_PAYLOAD - XMP.len())?;
    let mut segments = vec![(0xE1, [XMP, &parts.main].concat())];
    let length = parts.extension.len() as u32;
    for (number, data) in parts.extension.chunks(XMP_PART_BYTES).enumerate() {
        let offset = (number * XMP_PART_BYTES) as u32;
        let head = [XMP_EXTENSION, parts.guid.as_bytes(), &length.to_be_bytes(), &offset.to_be_bytes(), data];
        segments.push((0xE1, head.concat()));
    }
    Some(segments)
}

/// The segments that carry a profile and metadata, which [`fit`] has reduced to what fits.
pub(super) fn write(extras: &Extras) -> Vec<(u8, Vec<u8>)> {
    let mut segments = Vec::new();
    if let Some(exif) = extras.metadata.exif.as_deref().filter(|exif| EXIF.len() + exif.len() <= MAX_PAYLOAD) {
        segments.push((0xE1, [EXIF, exif].concat()));
    }
    segments.extend(extras.metadata.xmp.as_deref().and_then(xmp_segments).unwrap_or_default());
    let mut push = |marker: u8, head: &[u8], data: &[u8]| segments.push((marker, [head, data].concat()));
    if let Some(iptc) = &extras.metadata.iptc {
        let mut resource = b"8BIM".to_vec();
        resource.extend(IPTC_RESOURCE.to_be_bytes());
        resource.extend([0, 0]);
        resource.extend((iptc.len() as u32).to_be_bytes());
        resource.extend_from_slice(iptc);
        resource.resize(resource.len().next_multiple_of(2), 0);
        // A resource may continue in the next segment.
        resource.chunks(MAX_PAYLOAD - PHOTOSHOP.len()).for_each(|part| push(0xED, PHOTOSHOP, part));
    }
    if let Some(profile) = &extras.profile {
        let parts = profile.chunks(profile_part_bytes());
        if let Ok(count) = u8::try_from(parts.len()) {
            for (number, part) in (1..=count).zip(parts) {
                push(0xE2, &[ICC, &[number, count]].concat(), part);
            }
        }
    }
    for comment in extras.metadata.texts.iter().filter(|text| text.is_comment()) {
        comment.text.as_bytes().chunks(MAX_PAYLOAD).for_each(|part| push(0xFE, &[], part));
    }
    segments
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use ::exif::{Context, Field};

    #[test]
    fn exif_too_large_for_jpeg_loses_its_makers_notes_and_not_its_date() {
        let field = |tag, value| Field { tag, ifd_num: In::PRIMARY, value };
        let date = field(Tag::DateTimeOriginal, Value::Ascii(vec![b"2026:11:23 16:00:00".to_vec()]));
        let notes = field(Tag::MakerNote, Value::Undefined(vec![1; 70_000], 0));
        let comment = field(Tag::UserComment, Value::Undefined(vec![2; 3_000], 0));
        let preview = field(Tag(Context::Exif, 0xC7A1), Value::Undefined(vec![3; 66_000], 0));
        let block = |fields: &[&Field]| {
            let mut writer = Writer::new();
            for field in fields {
                writer.push_field(field);
            }
            let mut out = Cursor::new(Vec::new());
            writer.write(&mut out, false).unwrap();
            out.into_inner()
        };
        let small = block(&[&date, &comment]);
        assert_eq!(fitting(&small).unwrap(), (small.as_slice().into(), vec![]));
        for fields in
            [&[&date, &notes, &comment][..], &[&date, &comment, &preview], &[&date, &notes, &comment, &preview]]
        {
            let (slim, lost) = fitting(&block(fields)).map(|(slim, lost)| (slim.into_owned(), lost)).unwrap();
            let has = |field: &Field| fields.iter().any(|one| one.tag == field.tag);
            let expected = [(has(&notes), Part::MakerNotes), (has(&preview), Part::LargeExifValues)];
            assert_eq!(
                lost,
                expected.into_iter().filter(|(is_lost, _)| *is_lost).map(|(_, part)| part).collect::<Vec<_>>()
            );
            let read = Reader::new().read_raw(slim).unwrap();
            let value = |tag| read.get_field(tag, In::PRIMARY).map(|field| field.value.clone());
            assert!(matches!(value(Tag::DateTimeOriginal), Some(Value::Ascii(text)) if text[0].starts_with(b"2026")));
            assert!(matches!(value(Tag::UserComment), Some(Value::Undefined(bytes, _)) if bytes.len() == 3_000));
            assert!(value(Tag::MakerNote).is_none());
        }
        assert!(fitting(&vec![0; 70_000]).is_none(), "no EXIF at all");
    }
}
