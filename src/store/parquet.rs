//! Parquet files: values are collected by column and written by row group, so that memory does not grow with the number of
//! rows. Knows no types of databases or catalogs.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as PhysicalType};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type, TypePtr};

/// Largest number of rows in a group.
const GROUP_ROWS: usize = 16_384;
/// Bytes of values at which a group ends, even if it has few rows.
const GROUP_BYTES: usize = 16 << 20;

/// What the values of a column are. Any may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParquetKind {
    /// Truth values.
    Truth,
    /// Whole numbers of 64 bits.
    Whole,
    /// Those without a sign.
    Unsigned,
    /// Points in time: UTC milliseconds.
    Time,
    /// Floating-point numbers.
    Float,
    /// UTF-8.
    Text,
    /// Bytes.
    Bytes,
}

/// A value, of its column's kind. One of another kind counts as missing.
#[derive(Clone, Debug, PartialEq)]
pub enum ParquetValue {
    /// A missing value.
    Null,
    /// A truth value.
    Truth(bool),
    /// A whole number, a number without a sign as its bits, or UTC milliseconds.
    Whole(i64),
    /// A floating-point number.
    Float(f64),
    /// Text or bytes.
    Bytes(Vec<u8>),
}

/// A file that is being written.
#[expect(missing_debug_implementations, reason = "holds a writer")]
pub struct ParquetTable<'a> {
    writer: SerializedFileWriter<&'a mut (dyn Write + Send)>,
    columns: Vec<Values>,
    rows: usize,
    bytes: usize,
}

/// The values of a column in the current group. The definition level of a missing value is 0.
struct Values {
    data: Data,
    levels: Vec<i16>,
}

enum Data {
    Truths(Vec<bool>),
    Wholes(Vec<i64>),
    Floats(Vec<f64>),
    Bytes(Vec<ByteArray>),
}

impl<'a> ParquetTable<'a> {
    /// A table with these columns, whose names differ.
    pub fn begin(columns: &[(String, ParquetKind)], to: &'a mut (dyn Write + Send)) -> io::Result<Self> {
        let fields = columns.iter().map(|(name, kind)| declared(name, *kind)).collect::<Result<_>>();
        let begun = fields.and_then(|fields| {
            let schema = Arc::new(Type::group_type_builder("row").with_fields(fields).build()?);
            let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
            SerializedFileWriter::new(to, schema, Arc::new(properties))
        });
        let columns = columns.iter().map(|(_, kind)| Values { data: Data::of(*kind), levels: Vec::new() }).collect();
        Ok(Self { writer: begun.map_err(io::Error::other)?, columns, rows: 0, bytes: 0 })
    }

    /// Adds a row: a value for each column.
    pub fn add(&mut self, row: impl IntoIterator<Item = ParquetValue>) -> io::Result<()> {
        for (column, value) in self.columns.iter_mut().zip(row) {
            self.bytes += column.add(value);
        }
        self.rows += 1;
        let is_full = self.rows >= GROUP_ROWS || self.bytes >= GROUP_BYTES;
        if is_full { self.end_group().map_err(io::Error::other) } else { Ok(()) }
    }

    /// Writes the last group and the footer.
    pub fn end(mut self) -> io::Result<()> {
        if self.rows > 0 {
            self.end_group().map_err(io::Error::other)?;
        }
        self.writer.close().map(drop).map_err(io::Error::other)
    }

    fn end_group(&mut self) -> Result<()> {
        let mut group = self.writer.next_row_group()?;
        for column in &mut self.columns {
            let Some(mut writer) = group.next_column()? else { break };
            column.write(writer.untyped())?;
            writer.close()?;
        }
        group.close()?;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }
}

impl Data {
    fn of(kind: ParquetKind) -> Self {
        match kind {
            ParquetKind::Truth => Self::Truths(Vec::new()),
            ParquetKind::Whole | ParquetKind::Unsigned | ParquetKind::Time => Self::Wholes(Vec::new()),
            ParquetKind::Float => Self::Floats(Vec::new()),
            ParquetKind::Text | ParquetKind::Bytes => Self::Bytes(Vec::new()),
        }
    }
}

impl Values {
    /// Adds a value; returns the bytes that it takes, about.
    fn add(&mut self, value: ParquetValue) -> usize {
        let mut bytes = size_of::<ParquetValue>();
        let is_there = match (&mut self.data, value) {
            (Data::Truths(values), ParquetValue::Truth(value)) => push(values, value),
            (Data::Wholes(values), ParquetValue::Whole(value)) => push(values, value),
            (Data::Floats(values), ParquetValue::Float(value)) => push(values, value),
            (Data::Bytes(values), ParquetValue::Bytes(value)) => {
                bytes += value.len();
                push(values, ByteArray::from(value))
            }
            _ => false,
        };
        self.levels.push(i16::from(is_there));
        bytes
    }

    /// Writes and clears the group's values.
    fn write(&mut self, writer: &mut ColumnWriter<'_>) -> Result<()> {
        let levels = Some(self.levels.as_slice());
        match (&mut self.data, writer) {
            (Data::Truths(values), ColumnWriter::BoolColumnWriter(writer)) => {
                writer.write_batch(values, levels, None)?;
                values.clear();
            }
            (Data::Wholes(values), ColumnWriter::Int64ColumnWriter(writer)) => {
                writer.write_batch(values, levels, None)?;
                values.clear();
            }
            (Data::Floats(values), ColumnWriter::DoubleColumnWriter(writer)) => {
                writer.write_batch(values, levels, None)?;
                values.clear();
            }
            (Data::Bytes(values), ColumnWriter::ByteArrayColumnWriter(writer)) => {
                writer.write_batch(values, levels, None)?;
                values.clear();
            }
            _ => return Err(ParquetError::General("a column doesn't have its declared type".to_owned())),
        }
        self.levels.clear();
        Ok(())
    }
}

fn push<T>(values: &mut Vec<T>, value: T) -> bool {
    values.push(value);
    true
}

/// A column's declaration in the schema.
fn declared(name: &str, kind: ParquetKind) -> Result<TypePtr> {
    let (physical, logical) = match kind {
        ParquetKind::Truth => (PhysicalType::BOOLEAN, None),
        ParquetKind::Whole => (PhysicalType::INT64, None),
        ParquetKind::Unsigned => (PhysicalType::INT64, Some(LogicalType::integer(64, false))),
        ParquetKind::Time => (PhysicalType::INT64, Some(LogicalType::timestamp(true, TimeUnit::MILLIS))),
        ParquetKind::Float => (PhysicalType::DOUBLE, None),
        ParquetKind::Text => (PhysicalType::BYTE_ARRAY, Some(LogicalType::String)),
        ParquetKind::Bytes => (PhysicalType::BYTE_ARRAY, None),
    };
    let column = Type::primitive_type_builder(name, physical).with_repetition(Repetition::OPTIONAL);
    column.with_logical_type(logical).build().map(Arc::new)
}
