//! The image description of an AVIF file (ISO 23008-12): items, the location of their bytes, their properties and
//! references. Nothing is decoded here.

use std::borrow::Cow;
use std::ops::Range;

use super::sequence_header;
use crate::codec::container::bmff::{BoxType, Boxes, Fields, exif_block};
use crate::codec::errors;
use crate::error::ItemError;
use crate::model::{Message, Metadata, Part};

/// Maximum number of items and properties: images have a few, grids some hundred tiles.
const MAX_ITEMS: usize = 4096;
/// Maximum size of an Exif or XMP item that is kept, in bytes.
const MAX_BLOCK_BYTES: u64 = 16 << 20;

/// A property of an item.
#[derive(Clone, Debug)]
pub(super) enum Property<'a> {
    /// Width, height in px.
    Size(u32, u32),
    /// Quarter turns counter-clockwise.
    Rotation(u8),
    /// 0: top and bottom are swapped; 1: left and right.
    Mirror(u8),
    /// The visible part of the image.
    Aperture(Aperture),
    /// Colour as numbers of ISO 23091-2: primaries, transfer, matrix; whether samples use their full range.
    Numbers { primaries: u16, transfer: u16, matrix: u16, full_range: bool },
    /// Colour as an ICC profile.
    Profile(&'a [u8]),
    /// The purpose of an auxiliary item.
    Auxiliary(&'a [u8]),
    /// How the item is coded: bits of a sample; whether there is only luma.
    Coding { bits: u8, monochrome: bool },
    /// Known, and irrelevant here.
    Harmless,
    /// Not known.
    Unknown(BoxType),
}

/// A rectangle in fractions of px: width, height, and its centre's distance from the image's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Aperture {
    pub(super) width: (u32, u32),
    pub(super) height: (u32, u32),
    pub(super) right: (i32, u32),
    pub(super) down: (i32, u32),
}

/// An item: its type, its properties (and whether they are essential), and the location of its bytes.
#[derive(Debug, Default)]
pub(super) struct Item<'a> {
    pub(super) id: u32,
    pub(super) kind: BoxType,
    mime: &'a [u8],
    in_idat: bool,
    elsewhere: bool,
    extents: Vec<(u64, u64)>,
    pub(super) properties: Vec<(Property<'a>, bool)>,
}

/// Where metadata is.
#[derive(Debug, Default)]
pub(super) struct MetadataPlaces {
    /// In the file.
    pub(super) in_file: Vec<Range<usize>>,
    /// In the `idat` box.
    pub(super) in_idat: Vec<Range<usize>>,
}

/// A reference from one item to others.
#[derive(Debug)]
struct Reference {
    kind: BoxType,
    from: u32,
    to: Vec<u32>,
}

/// The content of the file's `meta` box.
#[derive(Debug)]
pub(super) struct Items<'a> {
    file: &'a [u8],
    idat: &'a [u8],
    primary: u32,
    all: Vec<Item<'a>>,
    references: Vec<Reference>,
}

fn broken(what: &str) -> ItemError {
    errors::corrupt(Message::new("avif_box").with("box", what))
}

impl<'a> Items<'a> {
    /// Reads the file's description.
    pub(super) fn read(file: &'a [u8]) -> Result<Self, ItemError> {
        for found in Boxes::of_file(file) {
            let (kind, body) = found?;
            if &kind == b"meta" {
                return Self::read_meta(file, body);
            }
        }
        Err(errors::unsupported("avif_sequence"))
    }

    /// Reads the content of a `meta` box.
    pub(super) fn read_meta(file: &'a [u8], body: &'a [u8]) -> Result<Self, ItemError> {
        let mut fields = Fields(body);
        fields.version().ok_or_else(|| broken("meta"))?;
        let mut this = Self { file, idat: &[], primary: 0, all: Vec::new(), references: Vec::new() };
        let mut pool = Vec::new();
        let mut links = Vec::new();
        for found in Boxes::within(fields.0) {
            let (kind, body) = found?;
            let read = match &kind {
                b"pitm" => this.read_primary(body),
                b"iinf" => this.read_infos(body)?,
                b"iloc" => this.read_locations(body),
                b"iref" => this.read_references(body)?,
                b"iprp" => read_properties(body, &mut pool, &mut links)?,
                b"idat" => {
                    this.idat = body;
                    Some(())
                }
                _ => Some(()),
            };
            read.ok_or_else(|| broken(&String::from_utf8_lossy(&kind)))?;
        }
        for (id, index, essential) in links {
            let property: &Property<'_> = pool.get(index).ok_or_else(|| broken("ipma"))?;
            if let Some(item) = this.all.iter_mut().find(|item| item.id == id) {
                item.properties.push((property.clone(), essential));
            }
        }
        Ok(this)
    }

    /// The item with an id, created if it is not known yet: boxes come in any order.
    fn item(&mut self, id: u32) -> Option<&mut Item<'a>> {
        if let Some(at) = self.all.iter().position(|item| item.id == id) {
            return self.all.get_mut(at);
        }
        if self.all.len() >= MAX_ITEMS {
            return None;
        }
        self.all.push(Item { id, ..Item::default() });
        self.all.last_mut()
    }

    fn read_primary(&mut self, body: &[u8]) -> Option<()> {
        let mut fields = Fields(body);
        let (version, _) = fields.version()?;
        self.primary = fields.narrow_or_wide(version > 0)?;
        Some(())
    }

    fn read_infos(&mut self, body: &'a [u8]) -> Result<Option<()>, ItemError> {
        let mut fields = Fields(body);
        let Some((version, _)) = fields.version() else { return Ok(None) };
        if fields.narrow_or_wide(version > 0).is_none() {
            return Ok(None);
        }
        for found in Boxes::within(fields.0) {
            let (kind, body) = found?;
            if &kind == b"infe" && self.read_info(body).is_none() {
                return Ok(None);
            }
        }
        Ok(Some(()))
    }

    fn read_info(&mut self, body: &'a [u8]) -> Option<()> {
        let mut fields = Fields(body);
        let (version, _) = fields.version()?;
        if version < 2 {
            return Some(());
        }
        let id = fields.narrow_or_wide(version > 2)?;
        let protection = fields.u16()?;
        let kind = fields.array()?;
        let _name = fields.text();
        let mime = if &kind == b"mime" { fields.text() } else { b"" };
        let item = self.item(id)?;
        item.kind = kind;
        item.mime = mime;
        item.elsewhere |= protection != 0;
        Some(())
    }

    fn read_locations(&mut self, body: &[u8]) -> Option<()> {
        let mut fields = Fields(body);
        let (version, _) = fields.version()?;
        let (sizes, more) = (fields.u8()?, fields.u8()?);
        let (offset_bytes, length_bytes, base_bytes) = (sizes >> 4, sizes & 15, more >> 4);
        let index_bytes = if version == 0 { 0 } else { more & 15 };
        let count = fields.narrow_or_wide(version > 1)?;
        for _ in 0..count {
            let id = fields.narrow_or_wide(version > 1)?;
            let method = if version == 0 { 0 } else { fields.u16()? & 15 };
            let reference = fields.u16()?;
            let base = fields.sized(base_bytes)?;
            let extents = fields.u16()?;
            // Extents that take no bytes could be any number.
            if offset_bytes == 0 && length_bytes == 0 && index_bytes == 0 && extents > 1 {
                return None;
            }
            let item = self.item(id)?;
            item.in_idat = method == 1;
            item.elsewhere |= method > 1 || (method == 0 && reference != 0);
            for _ in 0..extents {
                fields.sized(index_bytes)?;
                let offset = base.checked_add(fields.sized(offset_bytes)?)?;
                let length = fields.sized(length_bytes)?;
                item.extents.push((offset, length));
            }
        }
        Some(())
    }

    fn read_references(&mut self, body: &[u8]) -> Result<Option<()>, ItemError> {
        let mut fields = Fields(body);
        let Some((version, _)) = fields.version() else { return Ok(None) };
        for found in Boxes::within(fields.0) {
            let (kind, body) = found?;
            let mut fields = Fields(body);
            let mut read = || {
                let from = fields.narrow_or_wide(version > 0)?;
                let count = fields.u16()?;
                let to = (0..count).map(|_| fields.narrow_or_wide(version > 0)).collect::<Option<Vec<_>>>()?;
                Some(Reference { kind, from, to })
            };
            let Some(reference) = read() else { return Ok(None) };
            self.references.push(reference);
        }
        Ok(Some(()))
    }

    fn by_id(&self, id: u32) -> Option<&Item<'a>> {
        self.all.iter().find(|item| item.id == id)
    }

    /// The primary image.
    pub(super) fn primary(&self) -> Result<&Item<'a>, ItemError> {
        self.by_id(self.primary).ok_or_else(|| errors::corrupt("avif_no_primary"))
    }

    /// The item that holds the alpha of another, and whether that one's colours are multiplied by it.
    pub(super) fn alpha_of(&self, item: &Item<'a>) -> Option<(&Item<'a>, bool)> {
        let aux =
            self.references.iter().filter(|reference| &reference.kind == b"auxl" && reference.to.contains(&item.id));
        let alpha = aux.filter_map(|reference| self.by_id(reference.from)).find(|item| item.is_alpha())?;
        let premultiplied = self.references.iter().any(|reference| {
            &reference.kind == b"prem" && reference.from == item.id && reference.to.contains(&alpha.id)
        });
        Some((alpha, premultiplied))
    }

    /// The tiles of a grid, row by row.
    pub(super) fn tiles_of(&self, grid: &Item<'a>) -> Result<Vec<&Item<'a>>, ItemError> {
        let reference =
            self.references.iter().find(|reference| &reference.kind == b"dimg" && reference.from == grid.id);
        let ids = reference.map(|reference| reference.to.as_slice()).unwrap_or_default();
        ids.iter().map(|&id| self.by_id(id).ok_or_else(|| errors::corrupt("avif_no_tile"))).collect()
    }

    /// The Exif and XMP blocks that belong to no image in particular.
    pub(super) fn metadata_of_all(&self) -> Metadata {
        self.metadata_of(&Item::default())
    }

    /// The Exif and XMP blocks of an image.
    pub(super) fn metadata_of(&self, item: &Item<'a>) -> Metadata {
        let mut metadata = Metadata::default();
        // An image that is tone-mapped by a gain map.
        if self.all.iter().any(|item| &item.kind == b"tmap") {
            metadata.left_out.push(Part::GainMap);
        }
        let about = |from: &Item<'_>| {
            let mut references = self.references.iter().filter(|r| &r.kind == b"cdsc" && r.from == from.id).peekable();
            references.peek().is_none() || references.any(|reference| reference.to.contains(&item.id))
        };
        for block in self.all.iter().filter(|block| about(block)) {
            let length: u64 = block.extents.iter().fold(0, |sum, &(_, length)| sum.saturating_add(length));
            if length > MAX_BLOCK_BYTES {
                continue;
            }
            if &block.kind == b"Exif" && metadata.exif.is_none() {
                metadata.exif = self.bytes_of(block).ok().and_then(|item| exif_block(&item).map(Into::into));
            } else if &block.kind == b"mime" && block.mime == b"application/rdf+xml" && metadata.xmp.is_none() {
                metadata.xmp = self.bytes_of(block).ok().map(Into::into);
            }
        }
        metadata
    }

    /// Whether an item is metadata.
    fn is_metadata(item: &Item<'_>) -> bool {
        matches!(&item.kind, b"Exif" | b"mime")
    }

    /// The numbers of items that hold metadata.
    pub(super) fn metadata_ids(&self) -> Vec<u32> {
        self.all.iter().filter(|item| Self::is_metadata(item)).map(|item| item.id).collect()
    }

    /// The places in the file (or in its `idat` box) where metadata is; `None` if an image shares them, or if they are
    /// not within the file.
    pub(super) fn metadata_places(&self) -> Option<MetadataPlaces> {
        let (mut places, mut images) = (MetadataPlaces::default(), MetadataPlaces::default());
        for item in self.all.iter().filter(|item| !item.elsewhere) {
            let found = if Self::is_metadata(item) { &mut places } else { &mut images };
            let whole = if item.in_idat { self.idat.len() } else { self.file.len() };
            for &(offset, length) in &item.extents {
                let from = usize::try_from(offset).ok()?;
                let to = if length == 0 { whole } else { from.checked_add(usize::try_from(length).ok()?)? };
                if to > whole || from > to {
                    return None;
                }
                if item.in_idat { found.in_idat.push(from..to) } else { found.in_file.push(from..to) }
            }
        }
        let apart = |a: &[Range<usize>], b: &[Range<usize>]| {
            a.iter().all(|one| b.iter().all(|other| one.end <= other.start || other.end <= one.start))
        };
        (apart(&places.in_file, &images.in_file) && apart(&places.in_idat, &images.in_idat)).then_some(places)
    }

    /// An item's bytes, with its extents joined.
    pub(super) fn bytes_of(&self, item: &Item<'a>) -> Result<Cow<'a, [u8]>, ItemError> {
        if item.elsewhere {
            return Err(errors::unsupported("avif_protected"));
        }
        let source = if item.in_idat { self.idat } else { self.file };
        let piece = |&(offset, length): &(u64, u64)| {
            let from = usize::try_from(offset).ok()?;
            if length == 0 {
                return source.get(from..);
            }
            source.get(from..from.checked_add(usize::try_from(length).ok()?)?)
        };
        let missing = || {
            if item.in_idat { broken("idat") } else { errors::truncated() }
        };
        match item.extents.as_slice() {
            [] => Err(errors::corrupt("avif_no_data")),
            [one] => piece(one).map(Cow::Borrowed).ok_or_else(missing),
            several => {
                let mut whole = Vec::new();
                for extent in several {
                    let piece = piece(extent).ok_or_else(missing)?;
                    // Extents may overlap, but must not add up to more than the file.
                    if whole.len() + piece.len() > source.len() {
                        return Err(errors::corrupt("avif_overlap"));
                    }
                    whole.extend_from_slice(piece);
                }
                Ok(Cow::Owned(whole))
            }
        }
    }
}

impl Items<'_> {
    /// Width, height in px: as the container says, or else the coded data. Some programs leave the property out.
    pub(super) fn size_of(&self, item: &Item<'_>) -> Result<(u32, u32), ItemError> {
        if item.kind != *b"av01" || item.size().is_ok() {
            return item.size();
        }
        sequence_header::size(&self.bytes_of(item)?).ok_or_else(|| errors::corrupt("avif_no_size"))
    }
}

impl Item<'_> {
    fn is_alpha(&self) -> bool {
        self.properties
            .iter()
            .any(|(property, _)| matches!(property, Property::Auxiliary(purpose) if is_alpha(purpose)))
    }

    /// Width, height in px, as the container says.
    fn size(&self) -> Result<(u32, u32), ItemError> {
        let size = self.properties.iter().find_map(|(property, _)| match property {
            Property::Size(width, height) => Some((*width, *height)),
            _ => None,
        });
        size.ok_or_else(|| errors::corrupt("avif_no_size"))
    }

    /// Refuses essential properties that are not supported.
    pub(super) fn check_essential(&self) -> Result<(), ItemError> {
        for (property, essential) in &self.properties {
            if let (Property::Unknown(kind), true) = (property, essential) {
                let kind = String::from_utf8_lossy(kind).into_owned();
                return Err(errors::unsupported(Message::new("avif_property").with("property", kind)));
            }
        }
        Ok(())
    }
}

/// Whether an auxiliary image with this purpose is alpha.
pub(super) fn is_alpha(purpose: &[u8]) -> bool {
    const ALPHA: [&[u8]; 2] = [b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1"];
    ALPHA.contains(&purpose)
}

/// Reads all properties into `pool`, and their assignments to items into `links`: item id, index in the pool,
/// essential.
fn read_properties<'a>(
    body: &'a [u8],
    pool: &mut Vec<Property<'a>>,
    links: &mut Vec<(u32, usize, bool)>,
) -> Result<Option<()>, ItemError> {
    for found in Boxes::within(body) {
        let (kind, body) = found?;
        match &kind {
            b"ipco" => {
                for found in Boxes::within(body) {
                    let (kind, body) = found?;
                    if pool.len() >= MAX_ITEMS {
                        return Ok(None);
                    }
                    let Some(property) = read_property(kind, body) else { return Ok(None) };
                    pool.push(property);
                }
            }
            b"ipma" if read_links(body, links).is_none() => return Ok(None),
            _ => {}
        }
    }
    Ok(Some(()))
}

/// A property of an item, or of a track's samples.
pub(super) fn read_property(kind: BoxType, body: &[u8]) -> Option<Property<'_>> {
    let mut fields = Fields(body);
    Some(match &kind {
        b"ispe" => {
            fields.version()?;
            Property::Size(fields.u32()?, fields.u32()?)
        }
        b"irot" => Property::Rotation(fields.u8()? & 3),
        b"imir" => Property::Mirror(fields.u8()? & 1),
        b"clap" => {
            let mut pair = || Some((fields.u32()?, fields.u32()?));
            let (width, height) = (pair()?, pair()?);
            let (right, down) = (pair()?, pair()?);
            Property::Aperture(Aperture {
                width,
                height,
                right: (right.0.cast_signed(), right.1),
                down: (down.0.cast_signed(), down.1),
            })
        }
        b"colr" => match &fields.array::<4>()? {
            b"nclx" => {
                let (primaries, transfer, matrix) = (fields.u16()?, fields.u16()?, fields.u16()?);
                Property::Numbers { primaries, transfer, matrix, full_range: fields.u8()? >> 7 == 1 }
            }
            b"prof" | b"rICC" => Property::Profile(fields.0),
            _ => Property::Harmless,
        },
        // Of an item, and of a track.
        b"auxC" | b"auxi" => {
            fields.version()?;
            Property::Auxiliary(fields.text())
        }
        b"av1C" => {
            let [_, _, flags] = fields.array()?;
            let bits = match (flags >> 6 & 1, flags >> 5 & 1) {
                (0, _) => 8,
                (_, 0) => 10,
                _ => 12,
            };
            Property::Coding { bits, monochrome: flags >> 4 & 1 == 1 }
        }
        b"pixi" | b"pasp" | b"clli" | b"mdcv" | b"cclv" | b"amve" | b"a1lx" | b"free" | b"skip" => Property::Harmless,
        _ => Property::Unknown(kind),
    })
}

fn read_links(body: &[u8], links: &mut Vec<(u32, usize, bool)>) -> Option<()> {
    let mut fields = Fields(body);
    let (version, flags) = fields.version()?;
    let count = fields.u32()?;
    for _ in 0..count {
        let id = fields.narrow_or_wide(version > 0)?;
        for _ in 0..fields.u8()? {
            let (index, essential) = if flags & 1 == 1 {
                let link = fields.u16()?;
                (link & 0x7FFF, link >> 15 == 1)
            } else {
                let link = fields.u8()?;
                (u16::from(link & 0x7F), link >> 7 == 1)
            };
            // Indices start at 1; 0 means none.
            if let Some(index) = usize::from(index).checked_sub(1) {
                if links.len() >= MAX_ITEMS * 16 {
                    return None;
                }
                links.push((id, index, essential));
            }
        }
    }
    Some(())
}
