//! JSON lines: an object for each row. Exact numbers, dates and bytes are texts, JSON columns are JSON.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::de::IgnoredAny;
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

/// A value as JSON text without line breaks.
fn json(value: &Value, kind: Kind) -> Cow<'_, str> {
    let json: Json = match value {
        Value::Null => Json::Null,
        Value::Bool(value) => (*value).into(),
        Value::Int(value @ (0 | 1)) if kind == Kind::Bool => (*value == 1).into(),
        Value::Int(value) => (*value).into(),
        Value::Float(number) if !number.is_finite() => value.to_text().into(),
        Value::Float(value) => (*value).into(),
        // Unchanged, because its numbers may have more digits than ours can hold. Line breaks in it are only blanks.
        Value::Text(text) if kind == Kind::Json && serde_json::from_str::<IgnoredAny>(text).is_ok() => {
            let has_breaks = text.contains(['\n', '\r']);
            return if has_breaks { text.replace(['\n', '\r'], " ").into() } else { text.as_str().into() };
        }
        Value::Text(text) => match text.parse::<u64>() {
            // Too large for a number with sign.
            Ok(number) if kind == Kind::Int && i64::try_from(number).is_err() => number.into(),
            _ => text.as_str().into(),
        },
        Value::Bytes(_) => value.to_text().unwrap_or_default().into(),
    };
    json.to_string().into()
}
