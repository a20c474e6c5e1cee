//! EXIF in TIFF files, where its fields are mixed with the image's own: extracts them, and writes them back.

use std::io::{Cursor, Seek, Write};

use ::exif::experimental::Writer;
use ::exif::{Context, Exif, Field, In, Reader, Value};
use ::tiff::TiffError;
use ::tiff::encoder::{DirectoryEncoder, TiffKindStandard};
use ::tiff::tags::{Tag, Type};

use super::directory::Directory;
use super::page_exif::{self, POINTERS};
use crate::codec::spec::Extras;
use crate::model::Part;

/// Fields of the main directory that describe the photograph, not how its pixels are stored.
const ABOUT: [::exif::Tag; 10] = [
    ::exif::Tag::ImageDescription,
    ::exif::Tag::Make,
    ::exif::Tag::Model,
    ::exif::Tag::Software,
    ::exif::Tag::DateTime,
    ::exif::Tag::Artist,
    ::exif::Tag::Copyright,
    ::exif::Tag::XResolution,
    ::exif::Tag::YResolution,
    ::exif::Tag::ResolutionUnit,
];
/// Further ones: names of document, page and computer, ratings, and the texts of Windows.
const ALSO_ABOUT: [u16; 10] = [269, 285, 316, 0x4746, 0x4749, 0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F];
/// Fields that describe how pixels are stored, or that are read elsewhere: they are not missed.
const ABOUT_STORAGE: [u16; 26] = [
    254, 255, 274, 297, 301, 306, 317, 318, 319, 330, 332, 333, 334, 336, 347, 700, 33_723, 34_377, 34_675, 34_665,
    34_853, 37_724, 40_965, 0xC4A5, 65_000, 50_255,
];

fn belongs(field: &Field) -> bool {
    field.ifd_num == In::PRIMARY && (field.tag.context() != Context::Tiff || is_about(field.tag.number()))
}

/// Whether a field of the main directory describes the photograph.
fn is_about(number: u16) -> bool {
    ALSO_ABOUT.contains(&number) || ABOUT.iter().any(|tag| tag.number() == number)
}

/// Whether a field of the main directory says something, but is not kept.
fn is_missed(number: u16) -> bool {
    let is_layout = matches!(number, 256..=266 | 273 | 277..=284 | 288..=293 | 320..=328 | 338..=346 | 512..=532);
    !is_about(number) && !is_layout && !ABOUT_STORAGE.contains(&number)
}

fn missed(numbers: impl Iterator<Item = u16>) -> Vec<u16> {
    let mut tags: Vec<u16> = numbers.filter(|&number| is_missed(number)).collect();
    tags.sort_unstable();
    tags.dedup();
    tags
}

fn parse(block: Vec<u8>) -> Option<Exif> {
    let parsed = Reader::new().continue_on_error(true).read_raw(block);
    parsed.or_else(|error| error.distill_partial_result(|_| ())).ok()
}

/// The EXIF block of a page, and the tags of its directory that the block does not hold.
pub(super) fn read(page: &Directory<'_>) -> (Option<Vec<u8>>, Vec<u16>) {
    let missed = missed(page.fields().map(|field| field.tag));
    let wanted = |number| is_about(number) || POINTERS.contains(&number);
    let Some(parsed) = page_exif::block(page, wanted).and_then(parse) else { return (None, missed) };
    let mut writer = Writer::new();
    let mut any = false;
    for field in parsed.fields().filter(|field| belongs(field)) {
        writer.push_field(field);
        any = true;
    }
    let mut block = Cursor::new(Vec::new());
    let is_written = any && writer.write(&mut block, parsed.little_endian()).is_ok();
    (is_written.then(|| block.into_inner()), missed)
}

/// Notes the fields of an EXIF block that a TIFF file does not get.
pub(super) fn fit(extras: &mut Extras) {
    let metadata = &mut extras.metadata;
    let Some(block) = &metadata.exif else { return };
    let Some(parsed) = parse(block.to_vec()) else {
        metadata.left_out.push(Part::Exif);
        return;
    };
    let of_page = parsed.fields().filter(|field| field.ifd_num == In::PRIMARY && field.tag.context() == Context::Tiff);
    let tags = missed(of_page.map(|field| field.tag.number()));
    if !tags.is_empty() {
        metadata.left_out.push(Part::TiffTags(tags));
    }
}

/// A block's fields, ready to be written.
pub(super) struct Fields(Vec<Field>);

impl Fields {
    /// The fields of an EXIF block; none if it can't be read.
    pub(super) fn of(block: &[u8]) -> Self {
        let fields =
            parse(block.to_vec()).map(|parsed| parsed.fields().filter(|field| belongs(field)).map(copy).collect());
        Self(fields.unwrap_or_default())
    }

    /// Whether there are fields for a directory of this context.
    pub(super) fn has(&self, context: Context) -> bool {
        self.0.iter().any(|field| field.tag.context() == context)
    }

    /// Writes the fields of one context.
    pub(super) fn write<W: Write + Seek>(
        &self,
        context: Context,
        target: &mut DirectoryEncoder<'_, W, TiffKindStandard>,
    ) -> Result<(), TiffError> {
        let mut directory = ::tiff::Directory::empty();
        for field in self.0.iter().filter(|field| field.tag.context() == context) {
            if let Some((kind, data)) = stored(&field.value) {
                let entry = target.write_entry_bytes(kind, &data)?;
                directory.extend([(Tag::from_u16_exhaustive(field.tag.number()), entry)]);
            }
        }
        target.extend_from(&directory);
        Ok(())
    }
}

fn copy(field: &Field) -> Field {
    Field { tag: field.tag, ifd_num: field.ifd_num, value: field.value.clone() }
}

/// A value's type and its bytes in this machine's order, which is the order the encoder writes.
fn stored(value: &Value) -> Option<(Type, Vec<u8>)> {
    let data = match value {
        Value::Byte(values) => (Type::BYTE, values.clone()),
        Value::Ascii(values) => (Type::ASCII, values.iter().flat_map(|text| text.iter().copied().chain([0])).collect()),
        Value::Short(values) => (Type::SHORT, values.iter().flat_map(|v| v.to_ne_bytes()).collect()),
        Value::Long(values) => (Type::LONG, values.iter().flat_map(|v| v.to_ne_bytes()).collect()),
        Value::Rational(values) => {
            (Type::RATIONAL, values.iter().flat_map(|v| [v.num, v.denom]).flat_map(u32::to_ne_bytes).collect())
        }
        Value::SRational(values) => {
            (Type::SRATIONAL, values.iter().flat_map(|v| [v.num, v.denom]).flat_map(i32::to_ne_bytes).collect())
        }
        Value::Undefined(bytes, _) => (Type::UNDEFINED, bytes.clone()),
        // No field of EXIF has another type.
        _ => return None,
    };
    (!data.1.is_empty()).then_some(data)
}
