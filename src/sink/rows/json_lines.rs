//! JSON lines: an object for each row. Exact numbers, dates and bytes are texts, JSON columns are JSON.

use std::io::{self, Write};

use serde_json::Value as Json;

use super::{RowsWriter, unique_names};
use crate::db::{Column, Kind, Value};

pub(super) struct JsonLines<'a> {
    /// What goes before the value of each column: its quoted name and a colon.
    heads: Vec<String>,
    kinds: Vec<Kind>,
    to: &'a mut (dyn Write + Send),
}

impl<'a> JsonLines<'a> {
    pub(super) fn new(columns: &[Column], to: &'a mut (dyn Write + Send)) -> Self {
        let heads = unique_names(columns).into_iter().map(|name| format!("{}:", Json::from(name))).collect();
        Self { heads, kinds: columns.iter().map(|column| column.kind).collect(), to }
    }
}

impl RowsWriter for JsonLines<'_> {
    fn row(&mut self, row: &[Value]) -> io::Result<()> {
        self.to.write_all(b"{")?;
        for (at, (value, (head, kind))) in row.iter().zip(self.heads.iter().zip(&self.kinds)).enumerate() {
            let separator = if at > 0 { "," } else { "" };
            write!(self.to, "{separator}{head}{}", json(value, *kind))?;
        }
        self.to.write_all(b"}\n")
    }

    fn end(self: Box<Self>) -> io::Result<()> {
        self.to.flush()
    }
}

fn json(value: &Value, kind: Kind) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => (*value).into(),
        Value::Int(value @ (0 | 1)) if kind == Kind::Bool => (*value == 1).into(),
        Value::Int(value) => (*value).into(),
        Value::Float(value) if value.is_nan() => "NaN".into(),
        Value::Float(value) if value.is_infinite() => if *value > 0.0 { "Infinity" } else { "-Infinity" }.into(),
        Value::Float(value) => (*value).into(),
        Value::Text(text) if kind == Kind::Json => serde_json::from_str(text).unwrap_or_else(|_| text.as_str().into()),
        Value::Text(text) => text.as_str().into(),
        Value::Bytes(_) => value.to_text().unwrap_or_default().into(),
    }
}
