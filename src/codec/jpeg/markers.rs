//! The segments of a JPEG file: reads and writes size, type, profile and metadata.

use std::borrow::Cow;
use std::io::Cursor;

use ::exif::experimental::Writer;
use ::exif::{In, Reader, Tag, Value};

use crate::codec::errors;
use crate::codec::meta::{self, density};
use crate::codec::spec::Extras;
use crate::error::ItemError;
use crate::model::{Message, Metadata};

const JFIF: &[u8] = b"JFIF\0";
const EXIF: &[u8] = b"Exif\0\0";
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const ICC: &[u8] = b"ICC_PROFILE\0";
const PHOTOSHOP: &[u8] = b"Photoshop 3.0\0";
/// Most bytes of a segment's payload.
const MAX_PAYLOAD: usize = 65_533;
/// Photoshop's resource that holds IPTC-IIM records.
const IPTC_RESOURCE: u16 = 0x0404;
/// Segments of an extended XMP packet: its name, a GUID of 32 digits, its whole length, this part's offset.
const XMP_EXTENSION: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";
/// Most bytes of an extended XMP packet that are read.
const MAX_XMP_BYTES: usize = 16 << 20;

/// The segments before the first scan.
#[derive(Debug, Default)]
pub(super) struct Markers {
    pub(super) width_px: u32,
    pub(super) height_px: u32,
    pub(super) components: u8,
    /// The transform code of Adobe's marker, if there is one: 0 none, 1 YCbCr, 2 YCCK.
    pub(super) adobe: Option<u8>,
    /// Whether the file is progressive.
    pub(super) progressive: bool,
    /// Sampling factors of each component, across and down.
    pub(super) sampling: Vec<(u8, u8)>,
    /// Whether the first scan holds all components. If not, or in a progressive file, libjpeg keeps the coefficients of
    /// the whole image.
    pub(super) is_interleaved: bool,
    /// Offset of the first scan's coded data in bytes.
    pub(super) data_at: usize,
    pub(super) profile: Option<Vec<u8>>,
    pub(super) metadata: Metadata,
}

impl Markers {
    /// Blocks of a minimum coded unit, across and down.
    fn unit_blocks(&self) -> (u64, u64) {
        let across = self.sampling.iter().map(|&(h, _)| u64::from(h)).max().unwrap_or(1);
        let down = self.sampling.iter().map(|&(_, v)| u64::from(v)).max().unwrap_or(1);
        (across, down)
    }

    /// Pixels that a minimum coded unit covers.
    pub(super) fn unit_px(&self) -> u64 {
        let (across, down) = self.unit_blocks();
        64 * across * down
    }

    /// Bytes of the coefficients that libjpeg keeps until the last scan: 64 of 16 bits for each block of each
    /// component, including whole units. 0 if there is only one scan.
    pub(super) fn coefficient_bytes(&self) -> u64 {
        if !self.progressive && self.is_interleaved {
            return 0;
        }
        let (across, down) = self.unit_blocks();
        let units = u64::from(self.width_px).div_ceil(8 * across) * u64::from(self.height_px).div_ceil(8 * down);
        let blocks: u64 = self.sampling.iter().map(|&(h, v)| u64::from(h) * u64::from(v)).sum();
        units.saturating_mul(blocks).saturating_mul(64 * 2)
    }
}

/// Reads the segments up to the first scan.
pub(super) fn read(bytes: &[u8]) -> Result<Markers, ItemError> {
    let mut markers = Markers::default();
    let mut icc: Vec<(u8, &[u8])> = Vec::new();
    let mut extensions: Vec<&[u8]> = Vec::new();
    let mut at = 2;
    loop {
        let (marker, payload, next) = segment(bytes, at)?;
        match marker {
            0xC0..=0xC2 => {
                markers.progressive = marker == 0xC2;
                frame(payload, &mut markers)?;
            }
            0xC3 | 0xC5..=0xC7 => return Err(errors::unsupported("jpeg_lossless")),
            0xC9..=0xCB | 0xCD..=0xCF => return Err(errors::unsupported("jpeg_arithmetic")),
            0xE0 => {
                if let Some(&[_, _, unit, x1, x0, y1, y0, ..]) = payload.strip_prefix(JFIF) {
                    let (x, y) = (f64::from(u16::from_be_bytes([x1, x0])), f64::from(u16::from_be_bytes([y1, y0])));
                    markers.metadata.density = match unit {
                        1 => density::from_inch(x, y),
                        2 => density::from_cm(x, y),
                        // A pixel aspect ratio, not a density.
                        _ => None,
                    };
                }
            }
            0xE1 => match payload.strip_prefix(XMP_EXTENSION) {
                Some(part) => extensions.push(part),
                None => app1(payload, &mut markers.metadata),
            },
            0xE2 => {
                if let Some(&[number, _count, ref data @ ..]) = payload.strip_prefix(ICC) {
                    icc.push((number, data));
                }
            }
            0xED => {
                if let Some(resources) = payload.strip_prefix(PHOTOSHOP) {
                    markers.metadata.iptc = meta::iptc_in_photoshop(resources).map(Into::into);
                }
            }
            0xEE => {
                if let [b'A', b'd', b'o', b'b', b'e', _, _, _, _, _, _, transform, ..] = *payload {
                    markers.adobe = Some(transform);
                }
            }
            0xDA => {
                if markers.components == 0 {
                    return Err(errors::corrupt("jpeg_scan"));
                }
                markers.is_interleaved = payload.first() == Some(&markers.components);
                markers.data_at = next;
                break;
            }
            0xD9 => return Err(errors::corrupt("no_image")),
            _ => {}
        }
        at = next;
    }
    if let Some(main) = markers.metadata.xmp.as_ref().filter(|_| !extensions.is_empty()) {
        let whole = meta::xmp_joined(main, |guid| extended_xmp(&extensions, guid));
        markers.metadata.xmp = Some(whole.into());
    }
    icc.sort_by_key(|&(number, _)| number);
    markers.profile = (!icc.is_empty()).then(|| icc.iter().flat_map(|&(_, data)| data).copied().collect());
    Ok(markers)
}

/// The marker at or after `at`, its payload, and where the next one may be.
fn segment(bytes: &[u8], at: usize) -> Result<(u8, &[u8], usize), ItemError> {
    let rest = bytes.get(at..).unwrap_or_default();
    // Stray bytes between segments are skipped, as every decoder does; fill bytes are 0xFF.
    let mut skipped = 0;
    let marker = loop {
        match rest.get(skipped..).unwrap_or_default() {
            [0xFF, marker @ 0x01..=0xFE, ..] => break *marker,
            [_, _, ..] => skipped += 1,
            _ => return Err(errors::truncated()),
        }
    };
    let body = at + skipped + 2;
    if matches!(marker, 0xD0..=0xD9 | 0x01) {
        return Ok((marker, &[], body));
    }
    let Some(&[high, low]) = bytes.get(body..body + 2) else { return Err(errors::truncated()) };
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length < 2 {
        return Err(errors::corrupt("jpeg_segment"));
    }
    let payload = bytes.get(body + 2..body + length).ok_or_else(errors::truncated)?;
    Ok((marker, payload, body + length))
}

/// The file with only what its pixels need: tables, frames and scans, JFIF without a density, the profile, Adobe's
/// colour transform, and the given EXIF block. Data after the end marker is dropped: previews and videos have metadata
/// of their own.
pub(super) fn stripped(bytes: &[u8], exif: Option<&[u8]>) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(bytes.len());
    out.extend([0xFF, 0xD8]);
    let mut at = 2;
    let mut is_first = true;
    loop {
        let (marker, payload, next) = segment(bytes, at).ok()?;
        let jfif = payload.strip_prefix(JFIF).filter(|_| marker == 0xE0 && is_first);
        if let Some(&[high, low, ..]) = jfif {
            // No unit, square pixels, no thumbnail.
            out.extend([0xFF, 0xE0, 0, 16]);
            out.extend_from_slice(JFIF);
            out.extend([high, low, 0, 0, 1, 0, 1, 0, 0]);
        }
        if is_first && let Some(exif) = exif {
            push_segment(&mut out, 0xE1, &[EXIF, exif].concat());
        }
        is_first = false;
        at = next;
        match marker {
            0xD9 => {
                out.extend([0xFF, 0xD9]);
                return Some(out);
            }
            0xE2 if !payload.starts_with(ICC) => {}
            0xE0 | 0xE1 | 0xE3..=0xED | 0xEF | 0xFE | 0x01 | 0xD0..=0xD8 => {}
            _ => push_segment(&mut out, marker, payload),
        }
        if marker == 0xDA {
            let coded = bytes.get(next..).unwrap_or_default();
            // Within a scan, FF is followed by a zero or a restart number.
            let continues = |byte: u8| matches!(byte, 0 | 0xD0..=0xD7 | 0xFF);
            let end = coded.array_windows().position(|&[first, second]| first == 0xFF && !continues(second));
            out.extend_from_slice(coded.get(..end.unwrap_or(coded.len()))?);
            let Some(end) = end else { return Some(out) };
            at = next + end;
        }
    }
}

/// A payload is at most [`MAX_PAYLOAD`] bytes: it was read from a segment, or made to fit one.
fn push_segment(out: &mut Vec<u8>, marker: u8, payload: &[u8]) {
    out.extend([0xFF, marker]);
    out.extend(((payload.len() + 2) as u16).to_be_bytes());
    out.extend_from_slice(payload);
}

fn frame(payload: &[u8], markers: &mut Markers) -> Result<(), ItemError> {
    let &[precision, h1, h0, w1, w0, components, ref sampling @ ..] = payload else {
        return Err(errors::corrupt("jpeg_frame"));
    };
    if precision != 8 {
        return Err(errors::unsupported(Message::new("jpeg_precision").with("bits", precision)));
    }
    markers.height_px = u32::from(u16::from_be_bytes([h1, h0]));
    markers.width_px = u32::from(u16::from_be_bytes([w1, w0]));
    markers.components = components;
    if !matches!(components, 1 | 3 | 4) {
        return Err(errors::unsupported(Message::new("jpeg_components").with("count", components)));
    }
    if markers.height_px == 0 {
        return Err(errors::unsupported("jpeg_height"));
    }
    let sampling = sampling.as_chunks::<3>().0.iter().take(usize::from(components));
    markers.sampling = sampling.map(|&[_, factors, _]| ((factors >> 4).max(1), (factors & 15).max(1))).collect();
    Ok(())
}

fn app1(payload: &[u8], metadata: &mut Metadata) {
    if let Some(exif) = payload.strip_prefix(EXIF) {
        metadata.exif.get_or_insert_with(|| exif.into());
    } else if let Some(xmp) = payload.strip_prefix(XMP) {
        metadata.xmp.get_or_insert_with(|| xmp.into());
    }
}

/// The extended XMP packet of a GUID, joined from its parts, if it is complete.
fn extended_xmp(parts: &[&[u8]], guid: &str) -> Option<Vec<u8>> {
    let mut packet = Vec::new();
    for part in parts {
        let (head, data) = part.split_first_chunk::<40>()?;
        let &[.., l3, l2, l1, l0, o3, o2, o1, o0] = head;
        let (length, offset) = (u32::from_be_bytes([l3, l2, l1, l0]), u32::from_be_bytes([o3, o2, o1, o0]));
        if !head.starts_with(guid.as_bytes()) || guid.len() != 32 {
            continue;
        }
        // Parts come in order: a gap is a missing part.
        if offset as usize != packet.len() || packet.len() + data.len() > MAX_XMP_BYTES.min(length as usize) {
            return None;
        }
        packet.extend_from_slice(data);
        if packet.len() == length as usize {
            return Some(packet);
        }
    }
    None
}

/// Values larger than this many bytes may be dropped one by one to keep the others.
const LARGE_VALUE: usize = 4 << 10;

/// An EXIF block that fits its segment. One that is too large loses its maker notes, then its other large values, which
/// are previews and calibration data, never the date, the camera or the exposure. `None` if even that is not enough.
fn fitting(block: &[u8]) -> Option<Cow<'_, [u8]>> {
    let fits = |length: usize| EXIF.len() + length <= MAX_PAYLOAD;
    if fits(block.len()) {
        return Some(block.into());
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
        for field in parsed.fields().filter(|field| field.ifd_num == In::PRIMARY && field.tag != Tag::MakerNote) {
            if !(only_small && is_large(&field.value)) {
                writer.push_field(field);
            }
        }
        let mut slim = Cursor::new(Vec::new());
        writer.write(&mut slim, parsed.little_endian()).ok()?;
        fits(slim.get_ref().len()).then(|| slim.into_inner().into())
    })
}

/// The segments that carry a profile and metadata. A block that is too large for its segment is left out.
pub(super) fn write(extras: &Extras) -> Vec<(u8, Vec<u8>)> {
    let mut segments = Vec::new();
    let mut push = |marker: u8, head: &[u8], data: &[u8]| {
        if head.len() + data.len() <= MAX_PAYLOAD {
            segments.push((marker, [head, data].concat()));
        }
    };
    if let Some(exif) = extras.metadata.exif.as_deref().and_then(fitting) {
        push(0xE1, EXIF, &exif);
    }
    if let Some(xmp) = &extras.metadata.xmp {
        push(0xE1, XMP, xmp);
    }
    if let Some(iptc) = &extras.metadata.iptc {
        let mut resource = b"8BIM".to_vec();
        resource.extend(IPTC_RESOURCE.to_be_bytes());
        resource.extend([0, 0]);
        resource.extend((iptc.len() as u32).to_be_bytes());
        resource.extend_from_slice(iptc);
        resource.resize(resource.len().next_multiple_of(2), 0);
        push(0xED, PHOTOSHOP, &resource);
    }
    if let Some(profile) = &extras.profile {
        let parts = profile.chunks(MAX_PAYLOAD - ICC.len() - 2);
        if let Ok(count) = u8::try_from(parts.len()) {
            for (number, part) in (1..=count).zip(parts) {
                push(0xE2, &[ICC, &[number, count]].concat(), part);
            }
        }
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
        assert_eq!(fitting(&small).unwrap(), small);
        for fields in
            [&[&date, &notes, &comment][..], &[&date, &comment, &preview], &[&date, &notes, &comment, &preview]]
        {
            let slim = fitting(&block(fields)).unwrap().into_owned();
            let read = Reader::new().read_raw(slim).unwrap();
            let value = |tag| read.get_field(tag, In::PRIMARY).map(|field| field.value.clone());
            assert!(matches!(value(Tag::DateTimeOriginal), Some(Value::Ascii(text)) if text[0].starts_with(b"2026")));
            assert!(matches!(value(Tag::UserComment), Some(Value::Undefined(bytes, _)) if bytes.len() == 3_000));
            assert!(value(Tag::MakerNote).is_none());
        }
        assert!(fitting(&vec![0; 70_000]).is_none(), "no EXIF at all");
    }
}
