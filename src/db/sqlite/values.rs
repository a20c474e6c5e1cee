//! Values of SQLite.

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};

use crate::db::{Kind, Value};

/// A value to bind.
pub(super) struct Bound<'a>(pub(super) &'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Bool(value) => ValueRef::Integer(i64::from(*value)),
            Value::Int(value) => ValueRef::Integer(*value),
            Value::Float(value) => ValueRef::Real(*value),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// A value of a result.
pub(super) fn value_of(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Int(value),
        ValueRef::Real(value) => Value::Float(value),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Bytes(text.to_vec()),
        },
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    }
}

/// What a column declared like this holds, by SQLite's rules of affinity.
pub(super) fn kind_of(declared: Option<&str>) -> Kind {
    let declared = declared.unwrap_or_default().to_ascii_uppercase();
    let has = |part: &str| declared.contains(part);
    if has("INT") {
        Kind::Int
    } else if has("CHAR") || has("CLOB") || has("TEXT") {
        Kind::Text
    } else if has("BLOB") {
        Kind::Bytes
    } else if has("REAL") || has("FLOA") || has("DOUB") {
        Kind::Float
    } else if has("BOOL") {
        Kind::Bool
    } else if has("DATE") || has("TIME") {
        Kind::Time
    } else if has("JSON") {
        Kind::Json
    } else if has("NUMERIC") || has("DECIMAL") {
        Kind::Decimal
    } else {
        Kind::Other
    }
}
