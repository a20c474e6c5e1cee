//! Rows as they are kept until a statement has ended: its columns, then one row after the other.

use std::io::{self, BufReader, Read};

use crate::db::{Column, Kind, Row, Value};

const MAGIC: &[u8; 8] = b"pxlrows1";
/// Bytes that are read at once.
const BUFFER_BYTES: usize = 64 << 10;
const KINDS: [Kind; 9] =
    [Kind::Bool, Kind::Int, Kind::Float, Kind::Decimal, Kind::Text, Kind::Bytes, Kind::Time, Kind::Json, Kind::Other];

/// Appends the columns, which come first.
pub fn keep_columns(to: &mut Vec<u8>, columns: &[Column]) {
    to.extend_from_slice(MAGIC);
    put_length(to, columns.len());
    for column in columns {
        put_bytes(to, column.name.as_bytes());
        to.push(KINDS.iter().position(|kind| *kind == column.kind).unwrap_or(KINDS.len() - 1) as u8);
        put_bytes(to, column.type_name.as_bytes());
    }
}

/// Appends a row.
pub fn keep_row(to: &mut Vec<u8>, row: &[Value]) {
    to.push(b'r');
    for value in row {
        match value {
            Value::Null => to.push(b'n'),
            Value::Bool(value) => to.extend_from_slice(&[b'l', u8::from(*value)]),
            Value::Int(value) => {
                to.push(b'i');
                to.extend_from_slice(&value.to_le_bytes());
            }
            Value::Float(value) => {
                to.push(b'f');
                to.extend_from_slice(&value.to_le_bytes());
            }
            Value::Text(text) => {
                to.push(b't');
                put_bytes(to, text.as_bytes());
            }
            Value::Bytes(bytes) => {
                to.push(b'b');
                put_bytes(to, bytes);
            }
        }
    }
}

fn put_length(to: &mut Vec<u8>, length: usize) {
    to.extend_from_slice(&(length as u64).to_le_bytes());
}

fn put_bytes(to: &mut Vec<u8>, bytes: &[u8]) {
    put_length(to, bytes.len());
    to.extend_from_slice(bytes);
}

/// Reads kept rows.
#[derive(Debug)]
pub struct KeptRows<R> {
    from: BufReader<R>,
    columns: Vec<Column>,
}

impl<R: Read> KeptRows<R> {
    /// Reads the columns.
    pub fn open(from: R) -> io::Result<Self> {
        let mut from = BufReader::with_capacity(BUFFER_BYTES, from);
        if take::<8>(&mut from)? != *MAGIC {
            return Err(damaged());
        }
        let count = u64::from_le_bytes(take(&mut from)?);
        let mut columns = Vec::new();
        for _ in 0..count {
            let name = take_text(&mut from)?;
            let [kind] = take(&mut from)?;
            let kind = KINDS.get(usize::from(kind)).copied().ok_or_else(damaged)?;
            columns.push(Column { name, kind, type_name: take_text(&mut from)? });
        }
        Ok(Self { from, columns })
    }

    /// The columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The next row; `None` at the end.
    pub fn next_row(&mut self) -> io::Result<Option<Row>> {
        let mut mark = [0];
        if self.from.read(&mut mark)? == 0 {
            return Ok(None);
        }
        if mark != *b"r" {
            return Err(damaged());
        }
        (0..self.columns.len()).map(|_| self.value()).collect::<io::Result<_>>().map(Some)
    }

    fn value(&mut self) -> io::Result<Value> {
        let from = &mut self.from;
        Ok(match take(from)? {
            [b'n'] => Value::Null,
            [b'l'] => Value::Bool(take(from)? != [0]),
            [b'i'] => Value::Int(i64::from_le_bytes(take(from)?)),
            [b'f'] => Value::Float(f64::from_le_bytes(take(from)?)),
            [b't'] => Value::Text(take_text(from)?),
            [b'b'] => Value::Bytes(take_bytes(from)?),
            _ => return Err(damaged()),
        })
    }
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "kept rows are damaged")
}

fn take<const N: usize>(from: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn take_bytes(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let length = u64::from_le_bytes(take(from)?);
    let mut bytes = Vec::new();
    if from.take(length).read_to_end(&mut bytes)? as u64 == length { Ok(bytes) } else { Err(damaged()) }
}

fn take_text(from: &mut impl Read) -> io::Result<String> {
    String::from_utf8(take_bytes(from)?).map_err(|_| damaged())
}
