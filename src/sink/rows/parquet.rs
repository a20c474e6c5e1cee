//! Parquet: values are collected by column and written by row group, so that memory does not grow with the number of rows.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as PhysicalType};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type, TypePtr};

use super::{RowsWriter, Typing, unique_names};
use crate::db::{Column, Kind, Value};

/// Largest number of rows in a group.
const GROUP_ROWS: usize = 65_536;
/// Bytes of values at which a group ends, even if it has few rows.
const GROUP_BYTES: usize = 16 << 20;

/// A file that is being written.
pub(super) struct Table<'a> {
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
    Texts(Vec<ByteArray>),
}

impl<'a> Table<'a> {
    pub(super) fn begin(columns: &[Column], typing: &Typing, to: &'a mut (dyn Write + Send)) -> Result<Self> {
        let kinds = columns.iter().enumerate().map(|(at, column)| typing.kind(at, column.kind));
        let kinds: Vec<Kind> = kinds.collect();
        let names = unique_names(columns);
        let fields = names.iter().zip(&kinds).map(|(name, kind)| declared(name, *kind)).collect::<Result<_>>()?;
        let schema = Arc::new(Type::group_type_builder("row").with_fields(fields).build()?);
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let writer = SerializedFileWriter::new(to, schema, Arc::new(properties))?;
        let columns = kinds.into_iter().map(|kind| Values { data: Data::of(kind), levels: Vec::new() }).collect();
        Ok(Self { writer, columns, rows: 0, bytes: 0 })
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

impl RowsWriter for Table<'_> {
    fn row(&mut self, row: &[Value]) -> io::Result<()> {
        for (column, value) in self.columns.iter_mut().zip(row) {
            column.add(value);
            self.bytes += value.size_bytes();
        }
        self.rows += 1;
        let is_full = self.rows >= GROUP_ROWS || self.bytes >= GROUP_BYTES;
        if is_full { self.end_group().map_err(io::Error::other) } else { Ok(()) }
    }

    fn end(mut self: Box<Self>) -> io::Result<()> {
        if self.rows > 0 {
            self.end_group().map_err(io::Error::other)?;
        }
        self.writer.close().map(drop).map_err(io::Error::other)
    }
}

impl Data {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Bool => Self::Truths(Vec::new()),
            Kind::Int => Self::Wholes(Vec::new()),
            Kind::Float => Self::Floats(Vec::new()),
            _ => Self::Texts(Vec::new()),
        }
    }
}

impl Values {
    /// Adds a value, which has the column's kind.
    fn add(&mut self, value: &Value) {
        let is_there = match (&mut self.data, value) {
            (_, Value::Null) => false,
            (Data::Truths(values), Value::Bool(value)) => push(values, *value),
            (Data::Truths(values), Value::Int(value)) => push(values, *value != 0),
            (Data::Wholes(values), Value::Int(value)) => push(values, *value),
            (Data::Floats(values), Value::Float(value)) => push(values, *value),
            (Data::Floats(values), Value::Int(value)) => push(values, *value as f64),
            (Data::Texts(values), Value::Bytes(bytes)) => push(values, ByteArray::from(bytes.clone())),
            (Data::Texts(values), value) => push(values, ByteArray::from(value.to_text().unwrap_or_default().as_str())),
            _ => false,
        };
        self.levels.push(i16::from(is_there));
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
            (Data::Texts(values), ColumnWriter::ByteArrayColumnWriter(writer)) => {
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
fn declared(name: &str, kind: Kind) -> Result<TypePtr> {
    let (physical, logical) = match kind {
        Kind::Bool => (PhysicalType::BOOLEAN, None),
        Kind::Int => (PhysicalType::INT64, None),
        Kind::Float => (PhysicalType::DOUBLE, None),
        Kind::Bytes => (PhysicalType::BYTE_ARRAY, None),
        _ => (PhysicalType::BYTE_ARRAY, Some(LogicalType::String)),
    };
    let column = Type::primitive_type_builder(name, physical).with_repetition(Repetition::OPTIONAL);
    column.with_logical_type(logical).build().map(Arc::new)
}
