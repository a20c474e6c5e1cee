//! CSV (RFC 4180). NULL is an empty field; an empty text is quoted. Only in a result with one column is NULL quoted as
//! well: readers skip blank lines.

use std::io::{self, Write};

use super::RowsWriter;
use crate::db::{Column, Value};

pub(super) struct Csv<'a> {
    to: &'a mut (dyn Write + Send),
}

impl<'a> Csv<'a> {
    pub(super) fn begin(columns: &[Column], to: &'a mut (dyn Write + Send)) -> io::Result<Self> {
        let mut csv = Self { to };
        csv.record(columns.iter().map(|column| Some(column.name.clone())))?;
        Ok(csv)
    }

    fn record(&mut self, fields: impl ExactSizeIterator<Item = Option<String>>) -> io::Result<()> {
        let is_only = fields.len() == 1;
        for (at, field) in fields.enumerate() {
            if at > 0 {
                self.to.write_all(b",")?;
            }
            let Some(text) = field.or_else(|| is_only.then(String::new)) else { continue };
            let must_quote = text.is_empty() || text.contains([',', '"', '\r', '\n']) || text.trim() != text;
            if must_quote {
                write!(self.to, "\"{}\"", text.replace('"', "\"\""))?;
            } else {
                self.to.write_all(text.as_bytes())?;
            }
        }
        self.to.write_all(b"\r\n")
    }
}

impl RowsWriter for Csv<'_> {
    fn row(&mut self, row: &[Value]) -> io::Result<()> {
        self.record(row.iter().map(Value::to_text))
    }

    fn end(self: Box<Self>) -> io::Result<()> {
        self.to.flush()
    }
}
