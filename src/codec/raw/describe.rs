//! What a raw file says about its image apart from pixels. Its parsers are those of other formats, which read hostile files in
//! this process; only files without directories of their own are described by the library.

use std::io::Cursor;

use ::exif::experimental::Writer;
use ::exif::{Context, Exif, Field, In, Rational, Reader, Tag, Value};
use flashraw::FlashRaw;

use crate::codec::container::bmff::Boxes;
use crate::codec::meta::exif;
use crate::codec::{jpeg, meta, tiff};
use crate::model::{Message, Metadata};

/// The box of Canon's directories in CR3 files, and that of an XMP packet.
const CANON_UUID: [u8; 16] =
    [0x85, 0xC0, 0xB6, 0x87, 0x82, 0x0F, 0x11, 0xE0, 0x81, 0x11, 0xF4, 0xCE, 0x46, 0x2B, 0x6A, 0x48];
const XMP_UUID: [u8; 16] =
    [0xBE, 0x7A, 0xCF, 0xCB, 0x97, 0xA9, 0x42, 0xE8, 0x9C, 0x71, 0x99, 0x94, 0x91, 0xE3, 0xAF, 0xAC];
/// The numbers of Canon's directories as those of EXIF: main, EXIF, maker notes, GPS.
const CANON_DIRECTORIES: [&[u8; 4]; 4] = [b"CMT1", b"CMT2", b"CMT3", b"CMT4"];

/// The metadata of a file.
pub(super) fn metadata(bytes: &[u8], raw: &FlashRaw<'_>) -> Metadata {
    let found = description(bytes);
    if found.exif.is_some() {
        return found;
    }
    let mut previews: Vec<_> = raw.previews().iter().collect();
    previews.sort_by_key(|preview| std::cmp::Reverse(preview.length));
    let in_preview = previews.iter().find_map(|preview| {
        let described = jpeg::described(raw.preview_bytes(preview).ok()?)?;
        described.exif
    });
    let exif = in_preview.or_else(|| summary(raw).map(Into::into));
    Metadata { exif, ..found }
}

/// When the image was taken. The beginning of a file may be enough.
pub(super) fn taken(bytes: &[u8]) -> Option<String> {
    exif::taken(bytes).or_else(|| meta::taken(&description(bytes)))
}

/// The camera's name, if the file's directories tell it.
pub(super) fn camera(bytes: &[u8]) -> Option<String> {
    let parsed = parsed(&description(bytes).exif?)?;
    let text = |tag| match &parsed.get_field(tag, In::PRIMARY)?.value {
        Value::Ascii(texts) => texts.first().map(|text| String::from_utf8_lossy(text).trim().to_owned()),
        _ => None,
    };
    let (make, model) = (text(Tag::Make).unwrap_or_default(), text(Tag::Model).unwrap_or_default());
    let brand = make.split(' ').next().unwrap_or_default().to_lowercase();
    let name =
        if model.to_lowercase().starts_with(&brand) { model } else { format!("{make} {model}").trim().to_owned() };
    (!name.is_empty()).then_some(name)
}

/// Why a file can't be read at all.
pub(super) fn unreadable(bytes: &[u8]) -> Message {
    match camera(bytes) {
        Some(camera) => Message::new("raw_camera").with("camera", camera),
        None => Message::new("raw_unknown"),
    }
}

/// What the directories of a file say.
fn description(bytes: &[u8]) -> Metadata {
    let found = if bytes.get(4..12) == Some(b"ftypcrx ") {
        Some(canon(bytes))
    } else if bytes.starts_with(b"FUJIFILMCCD-RAW") {
        fuji_jpeg(bytes).and_then(jpeg::described)
    } else if bytes.starts_with(b"\0MRM") {
        minolta_tiff(bytes).and_then(tiff::described)
    } else {
        tiff::described(bytes)
    };
    let found = found.unwrap_or_default();
    // The other images of a preview are no part of the file's image.
    Metadata { left_out: Vec::new(), ..found }
}

/// The JPEG file that a file of Fujifilm begins with.
fn fuji_jpeg(bytes: &[u8]) -> Option<&[u8]> {
    let number = |at: usize| Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?) as usize);
    let (from, length) = (number(84)?, number(88)?);
    bytes.get(from..from.checked_add(length)?.min(bytes.len()))
}

/// The TIFF file within a file of Minolta.
fn minolta_tiff(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes.get(8..)?;
    loop {
        let kind = rest.get(..4)?;
        let length = u32::from_be_bytes(*rest.get(4..)?.first_chunk()?) as usize;
        let body = rest.get(8..)?;
        if kind == b"\0TTW" {
            return body.get(..length);
        }
        rest = body.get(length..)?;
    }
}

/// The metadata of a CR3 file of Canon, whose directories are TIFF files of their own.
fn canon(bytes: &[u8]) -> Metadata {
    let mut found = Metadata::default();
    // The file may be cut behind them.
    for (kind, body) in Boxes::of_file(bytes).map_while(Result::ok) {
        if &kind == b"moov" {
            let mut uuids = Boxes::within(body).map_while(Result::ok).filter(|(kind, _)| kind == b"uuid");
            let own = uuids.find_map(|(_, body)| body.strip_prefix(CANON_UUID.as_slice()));
            found.exif = own.and_then(canon_exif).map(Into::into);
        } else if &kind == b"uuid"
            && let Some(packet) = body.strip_prefix(XMP_UUID.as_slice())
        {
            found.xmp = Some(packet.into());
        }
    }
    found
}

/// The directories as one EXIF block.
fn canon_exif(boxes: &[u8]) -> Option<Vec<u8>> {
    let mut fields = Vec::new();
    let mut is_little = true;
    for (kind, body) in Boxes::within(boxes).map_while(Result::ok) {
        match CANON_DIRECTORIES.iter().position(|own| **own == kind) {
            Some(2) => fields.push(field(Tag::MakerNote, Value::Undefined(body.to_vec(), 0))),
            Some(n) => {
                let Some(parsed) = parsed(body) else { continue };
                let context = [Context::Tiff, Context::Exif, Context::Exif, Context::Gps].get(n).copied()?;
                is_little = parsed.little_endian();
                let own = parsed.fields().filter(|field| field.ifd_num == In::PRIMARY);
                fields.extend(own.map(|own| field(Tag(context, own.tag.number()), own.value.clone())));
            }
            None => {}
        }
    }
    block(&fields, is_little)
}

fn field(tag: Tag, value: Value) -> Field {
    Field { tag, ifd_num: In::PRIMARY, value }
}

fn parsed(block: &[u8]) -> Option<Exif> {
    let parsed = Reader::new().continue_on_error(true).read_raw(block.to_vec());
    parsed.or_else(|error| error.distill_partial_result(|_| ())).ok()
}

/// An EXIF block of these fields; `None` if there are none.
fn block(fields: &[Field], is_little: bool) -> Option<Vec<u8>> {
    let mut writer = Writer::new();
    fields.iter().for_each(|field| writer.push_field(field));
    let mut block = Cursor::new(Vec::new());
    (!fields.is_empty() && writer.write(&mut block, is_little).is_ok()).then(|| block.into_inner())
}

/// An EXIF block of what the library knows, for files that have none.
fn summary(raw: &FlashRaw<'_>) -> Option<Vec<u8>> {
    let known = raw.metadata();
    let text = |tag, text: Option<&str>| {
        let text = text.map(str::trim).filter(|text| !text.is_empty())?;
        Some(field(tag, Value::Ascii(vec![text.as_bytes().to_vec()])))
    };
    let fraction = |tag, value: Option<f64>| {
        let value = value.filter(|value| value.is_finite() && (0.0..1e5).contains(value) && *value > 0.0)?;
        let (num, denom) =
            if value < 1.0 { (1_000, (1_000.0 / value).round() as u32) } else { ((value * 1_000.0) as u32, 1_000) };
        Some(field(tag, Value::Rational(vec![Rational { num, denom }])))
    };
    let time = known.capture_time.as_deref().and_then(|time| time.get(..19)).map(|time| {
        let (date, clock) = time.split_at(10);
        format!("{} {}", date.replace('-', ":"), clock.trim_start_matches(['T', ' ']))
    });
    let sensitivity = known.exposure.iso.and_then(|iso| u16::try_from(iso).ok());
    let fields = [
        text(Tag::Make, Some(&known.make)),
        text(Tag::Model, Some(&known.model)),
        text(Tag::Software, known.software.as_deref()),
        text(Tag::Artist, known.artist.as_deref()),
        text(Tag::Copyright, known.copyright.as_deref()),
        text(Tag::DateTimeOriginal, time.as_deref()),
        fraction(Tag::ExposureTime, known.exposure.exposure_time),
        fraction(Tag::FNumber, known.exposure.f_number.map(f64::from)),
        fraction(Tag::FocalLength, known.exposure.focal_length.map(f64::from)),
        sensitivity.map(|iso| field(Tag::PhotographicSensitivity, Value::Short(vec![iso]))),
    ];
    block(&fields.into_iter().flatten().collect::<Vec<_>>(), true)
}
