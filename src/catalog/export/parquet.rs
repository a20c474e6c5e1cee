//! Parquet exports: values are collected by column and written by row group, so that memory does not grow with the number
//! of rows.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as PhysicalType};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type, TypePtr};
use serde_json::Value;

use super::TIME_COLUMNS;

/// Largest number of rows in a group.
const GROUP_ROWS: usize = 16_384;
/// Bytes of text at which a group ends, even if it has few rows.
const GROUP_BYTES: usize = 16 << 20;
/// Columns of integers in the catalog; a list's column is text, also under one of these names.
const NUMBERS: [&str; 15] = [
    "job_id",
    "seq",
    "http_status",
    "bytes_in",
    "bytes_out",
    "width",
    "height",
    "attempts",
    "fetch_ms",
    "process_ms",
    "size",
    "input_width",
    "input_height",
    "n",
    "bytes",
];
/// A Parquet file that is being written.
pub(super) struct Table<'a> {
    writer: SerializedFileWriter<&'a mut (dyn Write + Send)>,
    columns: Vec<Column>,
    rows: usize,
    text_bytes: usize,
}

/// What a column holds.
#[derive(Clone, Copy)]
enum Kind {
    Number,
    Time,
    Text,
}

impl Kind {
    /// What a column of the catalog holds.
    fn of(name: &str) -> Self {
        match name {
            name if NUMBERS.contains(&name) => Self::Number,
            name if TIME_COLUMNS.contains(&name) => Self::Time,
            _ => Self::Text,
        }
    }
}

/// The values of a column in the current group. The definition level of a missing value is 0.
enum Column {
    Numbers { values: Vec<i64>, levels: Vec<i16> },
    Texts { values: Vec<ByteArray>, levels: Vec<i16> },
}

impl<'a> Table<'a> {
    /// A table of these columns. The first `own` are the catalog's, the others are those of the list.
    pub(super) fn begin(columns: &[String], own: usize, to: &'a mut (dyn Write + Send)) -> Result<Self> {
        let kinds: Vec<Kind> =
            columns.iter().enumerate().map(|(at, name)| if at < own { Kind::of(name) } else { Kind::Text }).collect();
        let fields = columns.iter().zip(&kinds).map(|(name, kind)| declared(name, *kind)).collect::<Result<_>>()?;
        let schema = Arc::new(Type::group_type_builder("item").with_fields(fields).build()?);
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let writer = SerializedFileWriter::new(to, schema, Arc::new(properties))?;
        let columns = kinds.into_iter().map(Column::of).collect();
        Ok(Self { writer, columns, rows: 0, text_bytes: 0 })
    }

    pub(super) fn add(&mut self, row: Vec<Value>) -> Result<()> {
        for (column, value) in self.columns.iter_mut().zip(row) {
            self.text_bytes += column.add(value);
        }
        self.rows += 1;
        if self.rows >= GROUP_ROWS || self.text_bytes >= GROUP_BYTES { self.end_group() } else { Ok(()) }
    }

    /// Writes the last group and the footer.
    pub(super) fn end(mut self) -> Result<()> {
        if self.rows > 0 {
            self.end_group()?;
        }
        self.writer.close().map(drop)
    }

    fn end_group(&mut self) -> Result<()> {
        let mut group = self.writer.next_row_group()?;
        for column in &mut self.columns {
            let Some(mut writer) = group.next_column()? else { break };
            column.write(writer.untyped())?;
            writer.close()?;
        }
        group.close()?;
        (self.rows, self.text_bytes) = (0, 0);
        Ok(())
    }
}

impl Column {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Number | Kind::Time => Self::Numbers { values: Vec::new(), levels: Vec::new() },
            Kind::Text => Self::Texts { values: Vec::new(), levels: Vec::new() },
        }
    }

    /// Adds a row's value; returns its length in bytes if it is text.
    fn add(&mut self, value: Value) -> usize {
        match self {
            Self::Numbers { values, levels } => {
                let number = value.as_i64();
                levels.push(i16::from(number.is_some()));
                values.extend(number);
                0
            }
            Self::Texts { values, levels } => {
                let text = match value {
                    Value::Null => None,
                    Value::String(text) => Some(text),
                    other => Some(other.to_string()),
                };
                levels.push(i16::from(text.is_some()));
                let bytes = text.as_ref().map_or(0, String::len);
                values.extend(text.map(|text| ByteArray::from(text.into_bytes())));
                bytes
            }
        }
    }

    /// Writes and clears the group's values.
    fn write(&mut self, writer: &mut ColumnWriter<'_>) -> Result<()> {
        match (self, writer) {
            (Self::Numbers { values, levels }, ColumnWriter::Int64ColumnWriter(writer)) => {
                writer.write_batch(values, Some(levels), None)?;
                values.clear();
                levels.clear();
            }
            (Self::Texts { values, levels }, ColumnWriter::ByteArrayColumnWriter(writer)) => {
                writer.write_batch(values, Some(levels), None)?;
                values.clear();
                levels.clear();
            }
            _ => return Err(ParquetError::General("a column doesn't have its declared type".to_owned())),
        }
        Ok(())
    }
}

/// A column's declaration in the schema.
fn declared(name: &str, kind: Kind) -> Result<TypePtr> {
    let (physical, logical) = match kind {
        Kind::Number => (PhysicalType::INT64, None),
        Kind::Time => (PhysicalType::INT64, Some(LogicalType::timestamp(true, TimeUnit::MILLIS))),
        Kind::Text => (PhysicalType::BYTE_ARRAY, Some(LogicalType::String)),
    };
    let column = Type::primitive_type_builder(name, physical).with_repetition(Repetition::OPTIONAL);
    column.with_logical_type(logical).build().map(Arc::new)
}
