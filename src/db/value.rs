//! Values of databases, and the columns of results.

use std::fmt;

/// A row of a result: one value for each column.
pub type Row = Vec<Value>;

/// A value of a database.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// NULL.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating-point number, infinities and NaN included.
    Float(f64),
    /// Text; also whatever has no variant of its own (dates, large numbers, decimals, UUIDs, JSON) as the database
    /// writes it.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// A column of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What its values are.
    pub kind: Kind,
    /// The database's own name of its type; empty if it has none.
    pub type_name: String,
}

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Truth values.
    Bool,
    /// Whole numbers of up to 64 bits with sign.
    Int,
    /// Floating-point numbers.
    Float,
    /// Exact numbers as text.
    Decimal,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
    /// Dates and times as text.
    Time,
    /// JSON as text.
    Json,
    /// Known only from each value (SQLite), or another type, as text.
    Other,
}

impl Value {
    /// The value as `{col:NAME}` and lists show it; `None` for NULL. Bytes that are not text are shown as `\x` and
    /// hexadecimal digits.
    pub fn to_text(&self) -> Option<String> {
        Some(match self {
            Self::Null => return None,
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => value.to_string(),
            Self::Text(text) => text.clone(),
            Self::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => text.to_owned(),
                Err(_) => Hex(bytes).to_string(),
            },
        })
    }

    /// Whether it is NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Bytes that it takes in memory, about.
    pub fn size_bytes(&self) -> usize {
        let inner = match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            _ => 0,
        };
        size_of::<Self>() + inner
    }
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\\x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_text_as_databases_write_them() {
        let text = |value: Value| value.to_text();
        assert_eq!(text(Value::Null), None);
        assert_eq!(text(Value::Bool(true)).as_deref(), Some("true"));
        assert_eq!(text(Value::Int(i64::MIN)).as_deref(), Some("-9223372036854775808"));
        assert_eq!(text(Value::Bytes(b"a b".to_vec())).as_deref(), Some("a b"));
        assert_eq!(text(Value::Bytes(vec![0xff, 0x00])).as_deref(), Some("\\xff00"));
    }
}
