//! Parquet, with columns of types that hold all of their values.

use std::io::{self, Write};

use super::{RowsWriter, Typing, unique_names};
use crate::db::{Column, Kind, Value};
use crate::store::{ParquetKind, ParquetTable, ParquetValue};

/// A file that is being written.
pub(super) struct Table<'a> {
    file: ParquetTable<'a>,
    kinds: Vec<ParquetKind>,
}

impl<'a> Table<'a> {
    pub(super) fn begin(columns: &[Column], typing: &Typing, to: &'a mut (dyn Write + Send)) -> io::Result<Self> {
        let kinds = columns.iter().enumerate().map(|(at, column)| kind_of(at, column, typing));
        let kinds: Vec<ParquetKind> = kinds.collect();
        let named: Vec<_> = unique_names(columns).into_iter().zip(kinds.iter().copied()).collect();
        Ok(Self { file: ParquetTable::begin(&named, to)?, kinds })
    }
}

impl RowsWriter for Table<'_> {
    fn row(&mut self, row: &[Value]) -> io::Result<()> {
        self.file.add(row.iter().zip(&self.kinds).map(|(value, kind)| value_of(value, *kind)))
    }

    fn end(self: Box<Self>) -> io::Result<()> {
        self.file.end()
    }
}

fn kind_of(at: usize, column: &Column, typing: &Typing) -> ParquetKind {
    if column.has_large_wholes() {
        return ParquetKind::Unsigned;
    }
    match typing.kind(at, column.kind) {
        Kind::Bool => ParquetKind::Truth,
        Kind::Int => ParquetKind::Whole,
        Kind::Float => ParquetKind::Float,
        Kind::Bytes => ParquetKind::Bytes,
        _ => ParquetKind::Text,
    }
}

/// A value, which has the column's kind.
fn value_of(value: &Value, kind: ParquetKind) -> ParquetValue {
    match (kind, value) {
        (_, Value::Null) => ParquetValue::Null,
        (ParquetKind::Truth, Value::Bool(value)) => ParquetValue::Truth(*value),
        (ParquetKind::Truth, Value::Int(value)) => ParquetValue::Truth(*value != 0),
        (ParquetKind::Whole | ParquetKind::Unsigned, Value::Int(value)) => ParquetValue::Whole(*value),
        (ParquetKind::Unsigned, Value::Text(text)) => {
            text.parse().map_or(ParquetValue::Null, |value: u64| ParquetValue::Whole(value.cast_signed()))
        }
        (ParquetKind::Float, Value::Float(value)) => ParquetValue::Float(*value),
        (ParquetKind::Float, Value::Int(value)) => ParquetValue::Float(*value as f64),
        (ParquetKind::Bytes, Value::Bytes(bytes)) => ParquetValue::Bytes(bytes.clone()),
        (_, value) => ParquetValue::Bytes(value.to_text().unwrap_or_default().into_bytes()),
    }
}
