//! Writes the boxes of an AVIF file (ISO/IEC 23008-12, AV1 Image File Format) around encoded images. The encoder's own
//! container can't hold a profile or XMP.

use crate::codec::colour::CodePoints;
use crate::codec::errors;
use crate::codec::spec::Extras;
use crate::error::ItemError;

/// An AVIF file's parts.
pub(crate) struct Parts<'a> {
    pub(crate) width_px: u32,
    pub(crate) height_px: u32,
    /// Colour as AV1: 4:4:4, 10 bits, full range.
    pub(crate) colour: &'a [u8],
    /// The number of its matrix (ISO 23091-2).
    pub(crate) matrix: u8,
    /// The colours of a high dynamic range, instead of a profile.
    pub(crate) points: Option<CodePoints>,
    /// Alpha as AV1: gray of 10 bits, full range.
    pub(crate) alpha: Option<&'a [u8]>,
    pub(crate) extras: &'a Extras,
}

/// One item: its number in the file, and its bytes.
struct Item<'a> {
    id: u16,
    kind: [u8; 4],
    /// Only for `mime`.
    content_type: &'static str,
    /// The reference it makes to the image: `auxl` or `cdsc`.
    refers_by: Option<[u8; 4]>,
    head: &'static [u8],
    data: &'a [u8],
}

const IMAGE: u16 = 1;
const ALPHA: u16 = 2;

fn boxed(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    let mut out = (body.len() as u32 + 8).to_be_bytes().to_vec();
    out.extend(kind);
    out.extend_from_slice(body);
    out
}

fn full(kind: [u8; 4], version: u8, flags: u32, body: &[u8]) -> Vec<u8> {
    let mut versioned = (u32::from(version) << 24 | flags).to_be_bytes().to_vec();
    versioned.extend_from_slice(body);
    boxed(kind, &versioned)
}

/// The whole file.
pub(crate) fn file(parts: &Parts<'_>) -> Result<Vec<u8>, ItemError> {
    let metadata = &parts.extras.metadata;
    let item = |id, kind, data| Item { id, kind, content_type: "", refers_by: None, head: &[], data };
    // Alpha first, so that a file that is still being loaded can be shown.
    let mut items: Vec<Item<'_>> = Vec::new();
    items.extend(parts.alpha.map(|data| Item { refers_by: Some(*b"auxl"), ..item(ALPHA, *b"av01", data) }));
    items.push(item(IMAGE, *b"av01", parts.colour));
    items.extend(metadata.exif.as_deref().map(|data| Item {
        refers_by: Some(*b"cdsc"),
        // The offset of the TIFF header within what follows.
        head: &[0; 4],
        ..item(3, *b"Exif", data)
    }));
    items.extend(metadata.xmp.as_deref().map(|data| Item {
        refers_by: Some(*b"cdsc"),
        content_type: "application/rdf+xml",
        ..item(4, *b"mime", data)
    }));
    let size: u64 = items.iter().map(|item| (item.head.len() + item.data.len()) as u64).sum();
    if size > u64::from(u32::MAX) - (16 << 20) {
        return Err(errors::cant_encode("file_over_4_gb"));
    }
    let ftyp = boxed(*b"ftyp", b"avif\0\0\0\0avifmif1miafMA1A");
    // The offsets don't change the length of the boxes that contain them.
    let before = ftyp.len() + meta(parts, &items, 0).len() + 8;
    let mut out = ftyp;
    out.extend(meta(parts, &items, before as u32));
    out.reserve_exact(size as usize + 8);
    out.extend((size as u32 + 8).to_be_bytes());
    out.extend(b"mdat");
    for item in &items {
        out.extend_from_slice(item.head);
        out.extend_from_slice(item.data);
    }
    Ok(out)
}

/// The description of every item. Their data begins at `data_at`.
fn meta(parts: &Parts<'_>, items: &[Item<'_>], data_at: u32) -> Vec<u8> {
    let handler = [&[0; 4][..], b"pict", &[0; 13]].concat();
    let mut locations = vec![0x44, 0x00];
    let mut infos = Vec::new();
    let mut references = Vec::new();
    for list in [&mut locations, &mut infos] {
        list.extend((items.len() as u16).to_be_bytes());
    }
    let mut at = data_at;
    for item in items {
        let length = (item.head.len() + item.data.len()) as u32;
        locations.extend([item.id, 0, 1].into_iter().flat_map(u16::to_be_bytes));
        locations.extend([at, length].into_iter().flat_map(u32::to_be_bytes));
        at += length;
        let mut info = [item.id, 0].into_iter().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
        info.extend(item.kind);
        info.push(0);
        if !item.content_type.is_empty() {
            info.extend(item.content_type.bytes());
            info.push(0);
        }
        // Metadata items are hidden.
        infos.extend(full(*b"infe", 2, u32::from(item.refers_by == Some(*b"cdsc")), &info));
        if let Some(kind) = item.refers_by {
            let reference: Vec<u8> = [item.id, 1, IMAGE].into_iter().flat_map(u16::to_be_bytes).collect();
            references.extend(boxed(kind, &reference));
        }
    }
    let mut body = full(*b"hdlr", 0, 0, &handler);
    body.extend(full(*b"pitm", 0, 0, &IMAGE.to_be_bytes()));
    body.extend(full(*b"iloc", 0, 0, &locations));
    body.extend(full(*b"iinf", 0, 0, &infos));
    if !references.is_empty() {
        body.extend(full(*b"iref", 0, 0, &references));
    }
    body.extend(boxed(*b"iprp", &properties(parts)));
    full(*b"meta", 0, 0, &body)
}

/// The properties of images, and which image has which of them.
fn properties(parts: &Parts<'_>) -> Vec<u8> {
    const ESSENTIAL: u8 = 0x80;
    let mut list: Vec<Vec<u8>> = Vec::new();
    let mut add = |property: Vec<u8>| {
        list.push(property);
        list.len() as u8
    };
    let size = add(full(*b"ispe", 0, 0, &[parts.width_px.to_be_bytes(), parts.height_px.to_be_bytes()].concat()));
    // Marker and version; profile 1 (4:4:4) and the level without limits; high bit depth, no subsampling.
    let codec = add(boxed(*b"av1C", &[0x81, 1 << 5 | 31, 0x40, 0]));
    let depths = add(full(*b"pixi", 0, 0, &[3, 10, 10, 10]));
    let mut of_image = vec![size, codec | ESSENTIAL, depths];
    // BT.709 primaries and the sRGB curve, both unspecified if there is a profile; full range.
    let profile = parts.extras.profile.as_deref().filter(|_| parts.points.is_none());
    let (primaries, curve) = match parts.points {
        Some(points) => (points.primaries, points.hdr.number()),
        None if profile.is_some() => (2, 2),
        None => (1, 13),
    };
    if let Some(profile) = profile {
        of_image.push(add(boxed(*b"colr", &[b"prof", profile].concat())));
    }
    of_image.push(add(boxed(*b"colr", &[b'n', b'c', b'l', b'x', 0, primaries, 0, curve, 0, parts.matrix, 0x80])));
    let mut associations = vec![(IMAGE, of_image)];
    if parts.alpha.is_some() {
        // Profile 0, monochrome, which counts as subsampled on both axes.
        let codec = add(boxed(*b"av1C", &[0x81, 31, 0x40 | 0x10 | 0x0C, 0]));
        let depths = add(full(*b"pixi", 0, 0, &[1, 10]));
        let kind = add(full(*b"auxC", 0, 0, b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0"));
        associations.push((ALPHA, vec![size, codec | ESSENTIAL, depths, kind]));
    }
    let mut table = (associations.len() as u32).to_be_bytes().to_vec();
    for (id, places) in associations {
        table.extend(u16::to_be_bytes(id));
        table.push(places.len() as u8);
        table.extend(places);
    }
    let mut body = boxed(*b"ipco", &list.concat());
    body.extend(full(*b"ipma", 0, 0, &table));
    body
}
