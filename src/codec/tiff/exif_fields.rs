//! EXIF in TIFF files, where its fields are mixed with the image's own: extracts them, and writes them back.

use std::io::{Cursor, Seek, Write};

use ::exif::experimental::Writer;
use ::exif::{Context, Field, In, Reader, Value};
use ::tiff::encoder::{DirectoryEncoder, TiffKindStandard};
use ::tiff::tags::{Tag, Type};
use ::tiff::{Directory, TiffError};

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

fn belongs(field: &Field) -> bool {
    field.ifd_num == In::PRIMARY && (field.tag.context() != Context::Tiff || ABOUT.contains(&field.tag))
}

/// The EXIF block of a TIFF file, without its pixels.
pub(super) fn read(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Reader::new();
    let parsed = reader.continue_on_error(true).read_raw(bytes.to_vec());
    let parsed = parsed.or_else(|error| error.distill_partial_result(|_| ())).ok()?;
    let mut writer = Writer::new();
    let mut any = false;
    for field in parsed.fields().filter(|field| belongs(field)) {
        writer.push_field(field);
        any = true;
    }
    let mut block = Cursor::new(Vec::new());
    (any && writer.write(&mut block, parsed.little_endian()).is_ok()).then(|| block.into_inner())
}

/// A block's fields, ready to be written.
pub(super) struct Fields(Vec<Field>);

impl Fields {
    /// The fields of an EXIF block; none if it can't be read.
    pub(super) fn of(block: &[u8]) -> Self {
        let mut reader = Reader::new();
        let parsed = reader.continue_on_error(true).read_raw(block.to_vec());
        let parsed = parsed.or_else(|error| error.distill_partial_result(|_| ()));
        let fields = parsed.map(|parsed| parsed.fields().filter(|field| belongs(field)).map(copy).collect());
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
        let mut directory = Directory::empty();
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
