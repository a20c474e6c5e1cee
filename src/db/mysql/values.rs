//! Values and types of MySQL and MariaDB.

use std::fmt::Write as _;

use mysql_async::consts::{ColumnFlags, ColumnType as T};
use mysql_async::{Column as Meta, Value as Raw};

use crate::db::{Column, DbError, DbErrorKind, Kind, Value};
use crate::model::Message;

/// The number of the character set of bytes.
const BINARY: u16 = 63;
/// Digits of a fraction of a second; more means that it is not known.
const MOST_DECIMALS: u8 = 6;

/// A column of a result.
pub(super) fn column_of(meta: &Meta) -> Column {
    Column { name: meta.name_str().into_owned(), kind: kind_of(meta), type_name: type_name(meta) }
}

fn is_bytes(meta: &Meta) -> bool {
    meta.character_set() == BINARY
}

fn kind_of(meta: &Meta) -> Kind {
    match meta.column_type() {
        T::MYSQL_TYPE_BIT if meta.column_length() == 1 => Kind::Bool,
        T::MYSQL_TYPE_TINY
        | T::MYSQL_TYPE_SHORT
        | T::MYSQL_TYPE_LONG
        | T::MYSQL_TYPE_LONGLONG
        | T::MYSQL_TYPE_INT24
        | T::MYSQL_TYPE_YEAR
        | T::MYSQL_TYPE_BIT => Kind::Int,
        T::MYSQL_TYPE_FLOAT | T::MYSQL_TYPE_DOUBLE => Kind::Float,
        T::MYSQL_TYPE_DECIMAL | T::MYSQL_TYPE_NEWDECIMAL => Kind::Decimal,
        T::MYSQL_TYPE_TIMESTAMP
        | T::MYSQL_TYPE_TIMESTAMP2
        | T::MYSQL_TYPE_DATE
        | T::MYSQL_TYPE_NEWDATE
        | T::MYSQL_TYPE_TIME
        | T::MYSQL_TYPE_TIME2
        | T::MYSQL_TYPE_DATETIME
        | T::MYSQL_TYPE_DATETIME2 => Kind::Time,
        T::MYSQL_TYPE_JSON => Kind::Json,
        T::MYSQL_TYPE_GEOMETRY => Kind::Bytes,
        T::MYSQL_TYPE_VARCHAR
        | T::MYSQL_TYPE_VAR_STRING
        | T::MYSQL_TYPE_STRING
        | T::MYSQL_TYPE_ENUM
        | T::MYSQL_TYPE_SET
        | T::MYSQL_TYPE_TINY_BLOB
        | T::MYSQL_TYPE_MEDIUM_BLOB
        | T::MYSQL_TYPE_LONG_BLOB
        | T::MYSQL_TYPE_BLOB => {
            if is_bytes(meta) {
                Kind::Bytes
            } else {
                Kind::Text
            }
        }
        _ => Kind::Other,
    }
}

fn type_name(meta: &Meta) -> String {
    let has = |flag| meta.flags().contains(flag);
    let either = |bytes: &str, text: &str| if is_bytes(meta) { bytes.to_owned() } else { text.to_owned() };
    let mut name = match meta.column_type() {
        T::MYSQL_TYPE_TINY => "tinyint".to_owned(),
        T::MYSQL_TYPE_SHORT => "smallint".to_owned(),
        T::MYSQL_TYPE_INT24 => "mediumint".to_owned(),
        T::MYSQL_TYPE_LONG => "int".to_owned(),
        T::MYSQL_TYPE_LONGLONG => "bigint".to_owned(),
        T::MYSQL_TYPE_YEAR => return "year".to_owned(),
        T::MYSQL_TYPE_BIT => return format!("bit({})", meta.column_length()),
        T::MYSQL_TYPE_FLOAT => "float".to_owned(),
        T::MYSQL_TYPE_DOUBLE => "double".to_owned(),
        T::MYSQL_TYPE_DECIMAL | T::MYSQL_TYPE_NEWDECIMAL => "decimal".to_owned(),
        T::MYSQL_TYPE_TIMESTAMP | T::MYSQL_TYPE_TIMESTAMP2 => return "timestamp".to_owned(),
        T::MYSQL_TYPE_DATE | T::MYSQL_TYPE_NEWDATE => return "date".to_owned(),
        T::MYSQL_TYPE_TIME | T::MYSQL_TYPE_TIME2 => return "time".to_owned(),
        T::MYSQL_TYPE_DATETIME | T::MYSQL_TYPE_DATETIME2 => return "datetime".to_owned(),
        T::MYSQL_TYPE_JSON => return "json".to_owned(),
        T::MYSQL_TYPE_GEOMETRY => return "geometry".to_owned(),
        _ if has(ColumnFlags::ENUM_FLAG) => return "enum".to_owned(),
        _ if has(ColumnFlags::SET_FLAG) => return "set".to_owned(),
        T::MYSQL_TYPE_VARCHAR | T::MYSQL_TYPE_VAR_STRING => either("varbinary", "varchar"),
        T::MYSQL_TYPE_STRING => either("binary", "char"),
        T::MYSQL_TYPE_TINY_BLOB | T::MYSQL_TYPE_MEDIUM_BLOB | T::MYSQL_TYPE_LONG_BLOB | T::MYSQL_TYPE_BLOB => {
            either("blob", "text")
        }
        _ => return String::new(),
    };
    if has(ColumnFlags::UNSIGNED_FLAG) {
        name.push_str(" unsigned");
    }
    name
}

/// What a column of a table holds, by `DATA_TYPE` and `COLUMN_TYPE` of the information schema.
pub(super) fn kind_of_declared(data_type: &str, column_type: &str) -> Kind {
    match data_type.to_ascii_lowercase().as_str() {
        "bit" if column_type.eq_ignore_ascii_case("bit(1)") => Kind::Bool,
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "year" | "bit" => Kind::Int,
        "float" | "double" => Kind::Float,
        "decimal" => Kind::Decimal,
        "date" | "time" | "datetime" | "timestamp" => Kind::Time,
        "json" => Kind::Json,
        "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" | "enum" | "set" => Kind::Text,
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" | "geometry" | "point"
        | "linestring" | "polygon" | "multipoint" | "multilinestring" | "multipolygon" | "geometrycollection"
        | "geomcollection" | "vector" => Kind::Bytes,
        _ => Kind::Other,
    }
}

/// A value of a result.
pub(super) fn value_of(value: Raw, meta: &Meta) -> Value {
    match value {
        Raw::NULL => Value::Null,
        Raw::Int(value) => Value::Int(value),
        Raw::UInt(value) => unsigned(value),
        // The shortest digits that name it, as the database shows it.
        Raw::Float(value) => Value::Float(value.to_string().parse().unwrap_or_else(|_| f64::from(value))),
        Raw::Double(value) => Value::Float(value),
        Raw::Date(year, month, day, hour, minute, second, micros) => {
            let mut text = format!("{year:04}-{month:02}-{day:02}");
            if !matches!(meta.column_type(), T::MYSQL_TYPE_DATE | T::MYSQL_TYPE_NEWDATE) {
                let _ = write!(text, " {hour:02}:{minute:02}:{second:02}");
                push_fraction(&mut text, micros, meta.decimals());
            }
            Value::Text(text)
        }
        Raw::Time(is_negative, days, hours, minutes, seconds, micros) => {
            let sign = if is_negative { "-" } else { "" };
            let mut text = format!("{sign}{:02}:{minutes:02}:{seconds:02}", days * 24 + u32::from(hours));
            push_fraction(&mut text, micros, meta.decimals());
            Value::Text(text)
        }
        Raw::Bytes(bytes) => of_bytes(bytes, meta),
    }
}

fn unsigned(value: u64) -> Value {
    i64::try_from(value).map_or_else(|_| Value::Text(value.to_string()), Value::Int)
}

fn push_fraction(text: &mut String, micros: u32, decimals: u8) {
    match decimals {
        1..=MOST_DECIMALS => {
            let digits = format!("{micros:06}");
            text.push('.');
            text.push_str(&digits[..usize::from(decimals)]);
        }
        _ if micros != 0 => {
            let _ = write!(text, ".{micros:06}");
        }
        _ => {}
    }
}

/// Statements that can't be prepared return every value as text.
fn of_bytes(bytes: Vec<u8>, meta: &Meta) -> Value {
    let kind = kind_of(meta);
    if meta.column_type() == T::MYSQL_TYPE_BIT {
        let bits = bytes.iter().fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
        return if kind == Kind::Bool { Value::Bool(bits != 0) } else { unsigned(bits) };
    }
    if kind == Kind::Bytes {
        return Value::Bytes(bytes);
    }
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return Value::Bytes(error.into_bytes()),
    };
    match kind {
        Kind::Int => text.parse().map_or(Value::Text(text), Value::Int),
        Kind::Float => text.parse().map_or(Value::Text(text), Value::Float),
        _ => Value::Text(text),
    }
}

/// Values to bind.
pub(super) fn bound(values: &[Value]) -> Result<Vec<Raw>, DbError> {
    let bind = |value: &Value| {
        Ok(match value {
            Value::Null => Raw::NULL,
            Value::Bool(value) => Raw::Int(i64::from(*value)),
            Value::Int(value) => Raw::Int(*value),
            Value::Float(value) if value.is_finite() => Raw::Double(*value),
            Value::Float(value) => return Err(not_finite(*value)),
            Value::Text(text) => Raw::Bytes(text.as_bytes().to_vec()),
            Value::Bytes(bytes) => Raw::Bytes(bytes.clone()),
        })
    };
    values.iter().map(bind).collect()
}

/// MySQL has no infinity and no NaN.
pub(super) fn not_finite(value: f64) -> DbError {
    DbError::own(DbErrorKind::Rejected, Message::new("db_not_finite").with("value", value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_what_the_database_shows() {
        let of = |kind: T, value: Raw| value_of(value, &Meta::new(kind));
        let text = |text: &str| Value::Text(text.to_owned());
        assert_eq!(of(T::MYSQL_TYPE_LONGLONG, Raw::UInt(7)), Value::Int(7));
        assert_eq!(of(T::MYSQL_TYPE_LONGLONG, Raw::UInt(u64::MAX)), text("18446744073709551615"));
        assert_eq!(of(T::MYSQL_TYPE_FLOAT, Raw::Float(0.1)), Value::Float(0.1));
        assert_eq!(of(T::MYSQL_TYPE_DATE, Raw::Date(0, 0, 0, 0, 0, 0, 0)), text("0000-00-00"));
        assert_eq!(of(T::MYSQL_TYPE_DATETIME, Raw::Date(2026, 11, 30, 1, 2, 3, 0)), text("2026-11-30 01:02:03"));
        assert_eq!(of(T::MYSQL_TYPE_TIME, Raw::Time(true, 2, 3, 4, 5, 60)), text("-51:04:05.000060"));
        let fraction = Meta::new(T::MYSQL_TYPE_TIME).with_decimals(3);
        assert_eq!(value_of(Raw::Time(false, 0, 3, 4, 5, 7_000), &fraction), text("03:04:05.007"));
        let bits = |length, bytes: &[u8]| {
            value_of(Raw::Bytes(bytes.to_vec()), &Meta::new(T::MYSQL_TYPE_BIT).with_column_length(length))
        };
        assert_eq!(bits(1, &[1]), Value::Bool(true));
        assert_eq!(bits(12, &[0x0f, 0xff]), Value::Int(4_095));
        assert_eq!(bits(64, &[0xff; 8]), text("18446744073709551615"));
        let blob = Meta::new(T::MYSQL_TYPE_BLOB).with_character_set(BINARY);
        assert_eq!(value_of(Raw::Bytes(b"a".to_vec()), &blob), Value::Bytes(b"a".to_vec()));
        assert_eq!(of(T::MYSQL_TYPE_BLOB, Raw::Bytes(b"a".to_vec())), text("a"));
        assert_eq!(of(T::MYSQL_TYPE_LONG, Raw::Bytes(b"-12".to_vec())), Value::Int(-12));
        assert!(bound(&[Value::Float(f64::INFINITY)]).is_err());
    }
}
