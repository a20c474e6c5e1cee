//! The image description of a file: items, the location of their bytes, their properties and references. Nothing is
//! decoded here.

use std::borrow::Cow;
use std::ops::Range;

use super::frame::Frame;
use super::item_codec::ItemCodec;
use super::orientation::by_properties;
use super::properties::{Coding, MAX_ITEMS, Property, is_alpha, is_gain_map, read_properties};
use crate::codec::container::bmff::{BoxType, Boxes, Fields, exif_block};
use crate::codec::errors;
use crate::error::ItemError;
use crate::model::{Message, Metadata, Orientation, Part};

/// Maximum size of an Exif or XMP item that is kept, in bytes.
const MAX_BLOCK_BYTES: u64 = 16 << 20;

/// An item: its type, its properties (and whether they are essential), and the location of its bytes.
#[derive(Debug, Default)]
pub(crate) struct Item<'a> {
    pub(crate) id: u32,
    pub(crate) kind: BoxType,
    mime: &'a [u8],
    in_idat: bool,
    elsewhere: bool,
    extents: Vec<(u64, u64)>,
    pub(crate) properties: Vec<(Property<'a>, bool)>,
}

/// Where metadata is.
#[derive(Debug, Default)]
pub(crate) struct MetadataPlaces {
    /// In the file.
    pub(crate) in_file: Vec<Range<usize>>,
    /// In the `idat` box.
    pub(crate) in_idat: Vec<Range<usize>>,
}

/// A reference from one item to others.
#[derive(Debug)]
struct Reference {
    kind: BoxType,
    from: u32,
    to: Vec<u32>,
}

/// The content of the file's `meta` box.
pub(crate) struct Items<'a> {
    codec: &'static ItemCodec,
    file: &'a [u8],
    idat: &'a [u8],
    primary: u32,
    all: Vec<Item<'a>>,
    references: Vec<Reference>,
}

fn broken(what: &str) -> ItemError {
    errors::corrupt(Message::new("heif_box").with("box", what))
}

impl<'a> Items<'a> {
    /// Reads the file's description.
    pub(crate) fn read(codec: &'static ItemCodec, file: &'a [u8]) -> Result<Self, ItemError> {
        for found in Boxes::of_file(file) {
            let (kind, body) = found?;
            if &kind == b"meta" {
                return Self::read_meta(codec, file, body);
            }
        }
        Err(errors::unsupported("heif_sequence"))
    }

    /// Reads the content of a `meta` box.
    pub(crate) fn read_meta(codec: &'static ItemCodec, file: &'a [u8], body: &'a [u8]) -> Result<Self, ItemError> {
        let mut fields = Fields(body);
        fields.version().ok_or_else(|| broken("meta"))?;
        let mut this = Self { codec, file, idat: &[], primary: 0, all: Vec::new(), references: Vec::new() };
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

    pub(crate) fn by_id(&self, id: u32) -> Option<&Item<'a>> {
        self.all.iter().find(|item| item.id == id)
    }

    /// The primary image.
    pub(crate) fn primary(&self) -> Result<&Item<'a>, ItemError> {
        self.by_id(self.primary).ok_or_else(|| errors::corrupt("heif_no_primary"))
    }

    /// The item that holds the alpha of another, and whether that one's colours are multiplied by it.
    pub(crate) fn alpha_of(&self, item: &Item<'a>) -> Option<(&Item<'a>, bool)> {
        let aux =
            self.references.iter().filter(|reference| &reference.kind == b"auxl" && reference.to.contains(&item.id));
        let alpha = aux.filter_map(|reference| self.by_id(reference.from)).find(|item| item.is_alpha())?;
        let premultiplied = self.references.iter().any(|reference| {
            &reference.kind == b"prem" && reference.from == item.id && reference.to.contains(&alpha.id)
        });
        Some((alpha, premultiplied))
    }

    /// The image that is an image tone-mapped by a gain map, and the map.
    pub(crate) fn tone_mapped(&self, item: &Item<'a>) -> Option<(&Item<'a>, &Item<'a>)> {
        self.all.iter().filter(|derived| &derived.kind == b"tmap").find_map(|derived| {
            let mut inputs = self.references.iter().filter(|one| &one.kind == b"dimg" && one.from == derived.id);
            match inputs.next()?.to.as_slice() {
                [base, map] if *base == item.id => Some((derived, self.by_id(*map)?)),
                _ => None,
            }
        })
    }

    /// The auxiliary image that is an image's gain map.
    pub(crate) fn gain_map_of(&self, item: &Item<'a>) -> Option<&Item<'a>> {
        let aux = self.references.iter().filter(|one| &one.kind == b"auxl" && one.to.contains(&item.id));
        aux.filter_map(|one| self.by_id(one.from)).find(|item| item.purpose().is_some_and(is_gain_map))
    }

    /// The tiles of a grid, row by row.
    pub(crate) fn tiles_of(&self, grid: &Item<'a>) -> Result<Vec<&Item<'a>>, ItemError> {
        let reference =
            self.references.iter().find(|reference| &reference.kind == b"dimg" && reference.from == grid.id);
        let ids = reference.map(|reference| reference.to.as_slice()).unwrap_or_default();
        ids.iter().map(|&id| self.by_id(id).ok_or_else(|| errors::corrupt("heif_no_tile"))).collect()
    }

    /// The Exif and XMP blocks that belong to no image in particular.
    pub(crate) fn metadata_of_all(&self) -> Metadata {
        self.metadata_of(&Item::default())
    }

    /// The Exif and XMP blocks of an image.
    pub(crate) fn metadata_of(&self, item: &Item<'a>) -> Metadata {
        let mut metadata = Metadata { left_out: self.images_beside(item), ..Metadata::default() };
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

    /// The images that the file has beside an image and its alpha.
    fn images_beside(&self, image: &Item<'a>) -> Vec<Part> {
        let purposes = |item: &Item<'a>| {
            let is_aux = |kind: BoxType| {
                self.references.iter().any(|one| one.kind == kind && one.from == item.id && one.to.contains(&image.id))
            };
            if is_aux(*b"auxl") { item.purpose() } else { None }
        };
        let mut parts = Vec::new();
        // An image that is tone-mapped by a gain map.
        if self.all.iter().any(|item| &item.kind == b"tmap" || purposes(item).is_some_and(is_gain_map)) {
            parts.push(Part::GainMap);
        }
        if self.all.iter().filter_map(purposes).any(|purpose| !is_alpha(purpose) && !is_gain_map(purpose)) {
            parts.push(Part::OtherImages);
        }
        parts
    }

    /// Whether an item is metadata.
    fn is_metadata(item: &Item<'_>) -> bool {
        matches!(&item.kind, b"Exif" | b"mime")
    }

    /// The numbers of items that hold metadata.
    pub(crate) fn metadata_ids(&self) -> Vec<u32> {
        self.all.iter().filter(|item| Self::is_metadata(item)).map(|item| item.id).collect()
    }

    /// The places in the file (or in its `idat` box) where metadata is; `None` if an image shares them, or if they are
    /// not within the file.
    pub(crate) fn metadata_places(&self) -> Option<MetadataPlaces> {
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

    /// The file ends before its last item does.
    fn ends_early(&self) -> ItemError {
        let in_file = self.all.iter().filter(|item| !item.in_idat && !item.elsewhere);
        let ends = in_file.flat_map(|item| &item.extents).map(|&(offset, length)| offset.saturating_add(length));
        errors::truncated_at(self.file.len() as u64, ends.max().unwrap_or_default())
    }

    /// An item's bytes, with its extents joined.
    pub(crate) fn bytes_of(&self, item: &Item<'a>) -> Result<Cow<'a, [u8]>, ItemError> {
        if item.elsewhere {
            return Err(errors::unsupported("heif_protected"));
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
            if item.in_idat { broken("idat") } else { self.ends_early() }
        };
        match item.extents.as_slice() {
            [] => Err(errors::corrupt("heif_no_data")),
            [one] => piece(one).map(Cow::Borrowed).ok_or_else(missing),
            several => {
                let mut whole = Vec::new();
                for extent in several {
                    let piece = piece(extent).ok_or_else(missing)?;
                    // Extents may overlap, but must not add up to more than the file.
                    if whole.len() + piece.len() > source.len() {
                        return Err(errors::corrupt("heif_overlap"));
                    }
                    whole.extend_from_slice(piece);
                }
                Ok(Cow::Owned(whole))
            }
        }
    }
}

impl<'a> Items<'a> {
    /// Width, height in px: as the container says, or else the coded data. Some programs leave the property out.
    pub(crate) fn size_of(&self, item: &Item<'a>) -> Result<(u32, u32), ItemError> {
        if !self.is_coded(item) || item.size().is_ok() {
            return item.size();
        }
        let coding = Coding::of(&item.properties)?;
        (self.codec.size)(&coding, &self.bytes_of(item)?).ok_or_else(|| errors::corrupt("heif_no_size"))
    }

    /// Whether an item is coded in one piece.
    pub(crate) fn is_coded(&self, item: &Item<'_>) -> bool {
        self.codec.takes(item.kind)
    }

    /// How an item is coded; for a grid, its first tile.
    pub(crate) fn coding<'i>(&'i self, item: &'i Item<'a>) -> Result<Coding<'a>, ItemError> {
        match &item.kind {
            _ if self.is_coded(item) => Coding::of(&item.properties),
            b"grid" => Coding::of(self.tiles_of(item)?.first().map_or(&[], |tile| tile.properties.as_slice())),
            kind => {
                let kind = String::from_utf8_lossy(kind);
                Err(errors::unsupported(Message::new("heif_type").with("type", kind)))
            }
        }
    }

    /// Decodes an item in one piece, which must have that size.
    pub(crate) fn decode(&self, item: &Item<'a>, size: (u32, u32)) -> Result<Frame, ItemError> {
        (self.codec.decode)(&Coding::of(&item.properties)?, &self.bytes_of(item)?, size)
    }

    /// How an item is turned by its properties.
    pub(crate) fn orientation_of(&self, item: &Item<'_>) -> Orientation {
        by_properties(&item.properties, self.codec.turns_in_order).unwrap_or_default()
    }
}

impl<'a> Item<'a> {
    /// What an auxiliary image is for.
    fn purpose(&self) -> Option<&'a [u8]> {
        self.properties.iter().find_map(|(property, _)| match property {
            Property::Auxiliary(purpose) => Some(*purpose),
            _ => None,
        })
    }

    fn is_alpha(&self) -> bool {
        self.purpose().is_some_and(is_alpha)
    }

    /// Width, height in px, as the container says.
    fn size(&self) -> Result<(u32, u32), ItemError> {
        let size = self.properties.iter().find_map(|(property, _)| match property {
            Property::Size(width, height) => Some((*width, *height)),
            _ => None,
        });
        size.ok_or_else(|| errors::corrupt("heif_no_size"))
    }

    /// Refuses essential properties that are not supported.
    pub(crate) fn check_essential(&self) -> Result<(), ItemError> {
        for (property, essential) in &self.properties {
            if let (Property::Unknown(kind), true) = (property, essential) {
                let kind = String::from_utf8_lossy(kind).into_owned();
                return Err(errors::unsupported(Message::new("heif_property").with("property", kind)));
            }
        }
        Ok(())
    }
}
