//! Metadata of JP2 files: EXIF and XMP in boxes named by UUIDs, and the print density (ISO 15444-1, annex I).

use std::ops::Range;

use super::codestream;
use crate::codec::container::bmff::{BoxType, Boxes, Fields};
use crate::codec::meta::{self, density};
use crate::codec::spec::Stripped;
use crate::model::{Density, Metadata};

/// UUIDs of XMP and EXIF.
const XMP: &[u8] = b"\xBE\x7A\xCF\xCB\x97\xA9\x42\xE8\x9C\x71\x99\x94\x91\xE3\xAF\xAC";
const EXIF: &[u8] = b"JpgTiffExif->JP2";
/// IPTC records, as Photoshop and ExifTool name them.
const IPTC: &[u8] = b"\x33\xC7\xA4\xD2\xB8\x1D\x47\x23\xA0\xBA\xF1\xA3\xE0\x97\xAD\x38";
/// The marker of a comment, and its length.
const COMMENT: u16 = 0xFF64;

/// The boxes that are whole.
fn boxes(bytes: &[u8]) -> impl Iterator<Item = (BoxType, &[u8])> {
    let is_file = bytes.starts_with(codestream::JP2);
    Boxes::of_file(bytes).take_while(move |one| is_file && one.is_ok()).flatten()
}

pub(super) fn metadata(bytes: &[u8]) -> Metadata {
    let mut metadata = Metadata::default();
    for (kind, body) in boxes(bytes) {
        let of = |uuid: &[u8]| body.strip_prefix(uuid).filter(|_| kind == *b"uuid");
        if let Some(xmp) = of(XMP) {
            metadata.xmp.get_or_insert_with(|| xmp.into());
        } else if let Some(exif) = of(EXIF) {
            let exif = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
            metadata.exif.get_or_insert_with(|| exif.into());
        } else if let Some(iptc) = of(IPTC) {
            metadata.iptc.get_or_insert_with(|| iptc.into());
        } else if kind == *b"jp2h" {
            metadata.density = resolution(body);
        }
    }
    metadata
}

/// The resolution of capture or display: vertical and horizontal fractions per metre, and their powers of ten.
fn resolution(header: &[u8]) -> Option<Density> {
    let inner = |bytes, wanted: &[BoxType]| -> Option<&[u8]> {
        Boxes::within(bytes).flatten().find(|(kind, _)| wanted.contains(kind)).map(|(_, body)| body)
    };
    let mut fields = Fields(inner(inner(header, &[*b"res "])?, &[*b"resc", *b"resd"])?);
    let (v, v_of, h, h_of) = (fields.u16()?, fields.u16()?, fields.u16()?, fields.u16()?);
    let (v_power, h_power) = (fields.u8()? as i8, fields.u8()? as i8);
    let per_cm = |above: u16, below: u16, power: i8| {
        f64::from(above) / f64::from(below.max(1)) * 10f64.powi(i32::from(power)) / 100.0
    };
    density::from_cm(per_cm(h, h_of, h_power), per_cm(v, v_of, v_power))
}

pub(super) fn taken(bytes: &[u8]) -> Option<String> {
    meta::taken(&metadata(bytes))
}

/// The file without boxes of metadata, or the codestream without comments. `None` if boxes refer to offsets, which would
/// change.
pub(super) fn stripped(bytes: &[u8]) -> Option<Stripped> {
    let mut left = Vec::new();
    if !bytes.starts_with(codestream::JP2) {
        comments(bytes)?.into_iter().for_each(|comment| left.push(comment));
        return Some(without(bytes, &left).into());
    }
    let mut at = 0;
    for one in Boxes::of_file(bytes) {
        let (kind, body) = one.ok()?;
        if [*b"ftbl", *b"flst", *b"cref", *b"jpch"].contains(&kind) {
            return None;
        }
        let end = body.as_ptr().addr() - bytes.as_ptr().addr() + body.len();
        let is_metadata =
            kind == *b"xml " || (kind == *b"uuid" && [XMP, EXIF, IPTC].iter().any(|id| body.starts_with(id)));
        if is_metadata {
            left.push(at..end);
        }
        at = end;
    }
    Some(without(bytes, &left).into())
}

/// Where the comments of a codestream's main header are.
fn comments(stream: &[u8]) -> Option<Vec<Range<usize>>> {
    let (mut at, mut found) = (2, Vec::new());
    let end = codestream::main_header_bytes(stream)?;
    while at < end {
        let mut fields = Fields(stream.get(at..end)?);
        let (marker, length) = (fields.u16()?, usize::from(fields.u16()?) + 2);
        if marker == COMMENT {
            found.push(at..at + length);
        }
        at += length;
    }
    Some(found)
}

fn without(bytes: &[u8], left: &[Range<usize>]) -> Vec<u8> {
    let (mut out, mut from) = (Vec::with_capacity(bytes.len()), 0);
    for range in left {
        out.extend_from_slice(bytes.get(from..range.start).unwrap_or_default());
        from = range.end;
    }
    out.extend_from_slice(bytes.get(from..).unwrap_or_default());
    out
}
