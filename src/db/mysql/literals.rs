//! Values as MySQL writes them in statements, for columns of a type. Writing many rows at once with literals saves a trip
//! to the server for each.

use std::fmt::Write as _;

use super::values::not_finite;
use crate::db::{DbError, DbErrorKind, Kind, TableColumn, Value};
use crate::model::Message;

/// Appends a value for a column.
pub(super) fn push(sql: &mut String, column: &TableColumn, value: &Value) -> Result<(), DbError> {
    let is_number = matches!(column.kind, Kind::Int | Kind::Float | Kind::Decimal | Kind::Bool);
    match value {
        Value::Null => sql.push_str("NULL"),
        Value::Bool(value) if is_number => sql.push(if *value { '1' } else { '0' }),
        Value::Int(value) if is_number => {
            let _ = write!(sql, "{value}");
        }
        Value::Float(value) if !value.is_finite() => return Err(not_finite(*value)),
        Value::Float(value) if is_number => {
            let _ = write!(sql, "{value:e}");
        }
        // Compared with a number, a text such as '12 apples' would be 12.
        Value::Text(text) if is_number => sql.push_str(number(text, column)?),
        Value::Text(text) if column.kind == Kind::Time => push_time(sql, column, text),
        Value::Text(text) => push_text(sql, text),
        Value::Bool(_) | Value::Int(_) | Value::Float(_) => push_text(sql, &value.to_text().unwrap_or_default()),
        Value::Bytes(bytes) => {
            sql.push_str("x'");
            for byte in bytes {
                let _ = write!(sql, "{byte:02x}");
            }
            sql.push('\'');
        }
    }
    Ok(())
}

/// A text that is a number, for a column of numbers.
fn number<'a>(text: &'a str, column: &TableColumn) -> Result<&'a str, DbError> {
    let trimmed = text.trim();
    let is_number = !trimmed.is_empty()
        && trimmed.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'+' | b'-' | b'e' | b'E'))
        && trimmed.parse::<f64>().is_ok();
    match trimmed {
        _ if is_number => Ok(trimmed),
        "true" if column.kind != Kind::Float => Ok("1"),
        "false" if column.kind != Kind::Float => Ok("0"),
        _ => {
            let shown: String = text.chars().take(60).collect();
            let message = Message::new("db_not_a_number").with("value", shown).with("column", &column.name);
            Err(DbError::own(DbErrorKind::Rejected, message))
        }
    }
}

/// A time; one of RFC 3339 in UTC, which MySQL does not read, becomes one that it reads.
fn push_time(sql: &mut String, column: &TableColumn, text: &str) {
    let utc =
        text.strip_suffix(['Z', 'z']).filter(|text| text.get(10..11).is_some_and(|t| matches!(t, "T" | "t" | " ")));
    let Some(utc) = utc else { return push_text(sql, text) };
    let utc = format!("{} {}", &utc[..10], &utc[11..]);
    // Only this type knows time zones.
    let is_moment = column.type_name.to_ascii_lowercase().starts_with("timestamp");
    if is_moment {
        sql.push_str("CONVERT_TZ(");
    }
    push_text(sql, &utc);
    if is_moment {
        sql.push_str(", '+00:00', @@session.time_zone)");
    }
}

fn push_text(sql: &mut String, text: &str) {
    sql.push('\'');
    for c in text.chars() {
        match c {
            '\0' => sql.push_str("\\0"),
            '\'' => sql.push_str("\\'"),
            '\\' => sql.push_str("\\\\"),
            '\n' => sql.push_str("\\n"),
            '\r' => sql.push_str("\\r"),
            '\u{1a}' => sql.push_str("\\Z"),
            c => sql.push(c),
        }
    }
    sql.push('\'');
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn column(kind: Kind, type_name: &str) -> TableColumn {
        TableColumn {
            name: "c".to_owned(),
            kind,
            type_name: type_name.to_owned(),
            is_required: false,
            has_default: false,
            is_generated: false,
        }
    }

    fn literal(kind: Kind, value: Value) -> Result<String, DbError> {
        let mut sql = String::new();
        push(&mut sql, &column(kind, ""), &value).map(|()| sql)
    }

    #[test]
    fn values_are_written_for_the_type_of_their_column() {
        let text = |text: &str| Value::Text(text.to_owned());
        for (kind, value, sql) in [
            (Kind::Text, text("it's \\ \"\0\n\u{1a}ü"), "'it\\'s \\\\ \"\\0\\n\\Zü'"),
            (Kind::Text, Value::Int(5), "'5'"),
            (Kind::Text, Value::Bool(true), "'true'"),
            (Kind::Int, Value::Bool(true), "1"),
            (Kind::Int, text(" 18446744073709551615 "), "18446744073709551615"),
            (Kind::Decimal, text("1.50"), "1.50"),
            (Kind::Float, Value::Float(1e300), "1e300"),
            (Kind::Bytes, Value::Bytes(vec![0, 255]), "x'00ff'"),
            (Kind::Time, text("2026-11-30T01:02:03.5Z"), "'2026-11-30 01:02:03.5'"),
            (Kind::Time, text("2026-11-30"), "'2026-11-30'"),
            (Kind::Json, text("{}"), "'{}'"),
            (Kind::Other, Value::Null, "NULL"),
        ] {
            assert_eq!(literal(kind, value).unwrap(), sql);
        }
        for wrong in ["12 apples", "", "1; DROP TABLE t", "0x10", "inf", "1e", "--1"] {
            let error = literal(Kind::Int, text(wrong)).unwrap_err();
            assert_eq!(error.kind, DbErrorKind::Rejected, "{wrong}");
        }
        assert!(literal(Kind::Float, Value::Float(f64::NAN)).is_err());
        let mut sql = String::new();
        push(&mut sql, &column(Kind::Time, "timestamp(3)"), &text("2026-11-30T01:02:03Z")).unwrap();
        assert_eq!(sql, "CONVERT_TZ('2026-11-30 01:02:03', '+00:00', @@session.time_zone)");
    }
}
