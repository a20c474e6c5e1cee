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

impl Column {
    /// Whether its whole numbers may be too large for 64 bits with sign, and are texts then.
    pub fn has_large_wholes(&self) -> bool {
        self.kind == Kind::Int && (self.type_name.ends_with("unsigned") || self.type_name.starts_with("bit("))
    }
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
    /// The value as `{col:NAME}` and lists show it; `None` for NULL. Bytes that are not text, or would be taken for this, are
    /// shown as `\x` and hexadecimal digits.
    pub fn to_text(&self) -> Option<String> {
        Some(match self {
            Self::Null => return None,
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) if value.is_infinite() => if *value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned(),
            Self::Float(value) if is_written_out(*value) => value.to_string(),
            Self::Float(value) => format!("{value:e}"),
            Self::Text(text) => text.clone(),
            Self::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) if !text.starts_with(HEX) => text.to_owned(),
                _ => Hex(bytes).to_string(),
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

/// Whether a number has few digits without an exponent, or is none.
fn is_written_out(value: f64) -> bool {
    value.is_nan() || value == 0.0 || (1e-5..1e16).contains(&value.abs())
}

/// What bytes that are not text begin with.
const HEX: &str = "\\x";

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEX)?;
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
        assert_eq!(text(Value::Bytes(b"\\xff".to_vec())).as_deref(), Some("\\x5c786666"));
        for (value, shown) in [
            (1.0, "1"),
            (-0.1, "-0.1"),
            (1e15, "1000000000000000"),
            (1e300, "1e300"),
            (5e-324, "5e-324"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(text(Value::Float(value)).as_deref(), Some(shown));
        }
    }
}
