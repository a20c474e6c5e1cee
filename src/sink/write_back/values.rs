//! The values of fields, as a column of a database holds them.

use serde_json::Value as Json;

use crate::db::{Kind, TableColumn, Value};
use crate::model::{FieldKind, ItemField, ItemOutput, ItemRow, SkipReason, WriteField, human};

/// The value of a field before it is known which column it goes to.
#[derive(Clone, Debug, PartialEq)]
enum Raw {
    Nothing,
    Number(i64),
    Text(String),
    /// UTC milliseconds.
    Time(i64),
    Json(Json),
}

/// Whether a column can hold a field.
pub(super) fn can_hold(column: Kind, field: FieldKind) -> bool {
    matches!(
        (column, field),
        (Kind::Text | Kind::Other, _)
            | (_, FieldKind::Any)
            | (Kind::Int, FieldKind::Number | FieldKind::Time)
            | (Kind::Float | Kind::Decimal, FieldKind::Number)
            | (Kind::Time, FieldKind::Time)
    )
}

/// The value of a field of an item in a column; an error is what is wrong with it.
pub(super) fn value(
    field: &WriteField,
    column: &TableColumn,
    row: &ItemRow,
    outputs: &[ItemOutput],
) -> Result<Value, String> {
    match raw(field, row, outputs)? {
        Raw::Nothing | Raw::Json(Json::Null) => Ok(Value::Null),
        Raw::Time(ms) if column.kind != Kind::Int => Ok(Value::Text(time(ms, column))),
        Raw::Number(number) | Raw::Time(number) => number_value(number, column),
        Raw::Json(Json::Number(number)) => match number.as_i64() {
            Some(number) => number_value(number, column),
            None => text_value(&number.to_string(), column, Some(&number)),
        },
        Raw::Json(Json::Bool(value)) if column.kind == Kind::Bool => Ok(Value::Bool(value)),
        Raw::Json(Json::Bool(value)) if column.kind == Kind::Other => Ok(Value::Bool(value)),
        Raw::Json(Json::Bool(value)) if column.kind == Kind::Int => Ok(Value::Int(value.into())),
        Raw::Json(Json::String(text)) | Raw::Text(text) => text_value(&text, column, None),
        Raw::Json(other) => text_value(&other.to_string(), column, None),
    }
}

fn raw(field: &WriteField, row: &ItemRow, outputs: &[ItemOutput]) -> Result<Raw, String> {
    let WriteField::Column(name) = field else { return Ok(raw_of_item(field, row, outputs)) };
    // A name that is wrong must not empty the column.
    let value = row
        .columns
        .get(name)
        .ok_or_else(|| format!("the row has no column {name} (its link or path is the field locator)"))?;
    Ok(Raw::Json(value.clone()))
}

fn raw_of_item(field: &WriteField, row: &ItemRow, outputs: &[ItemOutput]) -> Raw {
    let text = |text: Option<String>| text.map_or(Raw::Nothing, Raw::Text);
    let number = |number: Option<i64>| number.map_or(Raw::Nothing, Raw::Number);
    let field = match field {
        WriteField::Column(_) => return Raw::Nothing,
        WriteField::OutputOf(name) => {
            return text(outputs.iter().find(|output| output.name == *name).and_then(|output| output.path.clone()));
        }
        WriteField::Item(field) => *field,
    };
    match field {
        ItemField::Locator => Raw::Text(row.locator.to_text()),
        ItemField::Output => text(row.output.clone()),
        ItemField::Width => number(row.width_px.map(i64::from)),
        ItemField::Height => number(row.height_px.map(i64::from)),
        ItemField::InputWidth => number(row.input_size_px.map(|(width, _)| width.into())),
        ItemField::InputHeight => number(row.input_size_px.map(|(_, height)| height.into())),
        ItemField::BytesIn => number(i64::try_from(row.bytes_in).ok()),
        ItemField::BytesOut => number(i64::try_from(row.bytes_out).ok()),
        ItemField::Hash => text(row.hash.clone()),
        ItemField::OutputHash => text(row.output_hash.clone()),
        ItemField::State => Raw::Text(row.state.word().to_owned()),
        ItemField::Reason => text(row.reason.map(SkipReason::word).map(str::to_owned)),
        ItemField::Error => text(row.error.as_ref().map(ToString::to_string)),
        ItemField::ErrorKind => text(row.error.as_ref().map(|error| error.kind.word())),
        ItemField::HttpStatus => number(row.http_status.map(i64::from)),
        ItemField::ContentType => text(row.content_type.clone()),
        ItemField::FinishedAt => row.finished_at_ms.map_or(Raw::Nothing, Raw::Time),
    }
}

/// ISO 8601 in a column of text. In a column of times `2026-01-31 12:00:00.123`, with the offset if the column has one.
fn time(ms: i64, column: &TableColumn) -> String {
    let text = human::iso_time(ms);
    if column.kind != Kind::Time {
        return text;
    }
    let has_offset = column.type_name.contains("with time zone") || column.type_name.contains("timestamptz");
    let offset = if has_offset { "+00" } else { "" };
    format!("{}{offset}", text.trim_end_matches('Z').replace('T', " "))
}

fn number_value(number: i64, column: &TableColumn) -> Result<Value, String> {
    Ok(match column.kind {
        Kind::Int | Kind::Other => Value::Int(number),
        Kind::Float => Value::Float(number as f64),
        Kind::Bool if matches!(number, 0 | 1) => Value::Bool(number == 1),
        Kind::Bool => return Err(misfit(&number.to_string(), "true or false")),
        Kind::Bytes => Value::Bytes(number.to_string().into_bytes()),
        Kind::Text | Kind::Decimal | Kind::Time | Kind::Json => Value::Text(number.to_string()),
    })
}

/// Text that may be a number, as columns of CSV files have them. An empty text is no number: NULL.
fn text_value(text: &str, column: &TableColumn, number: Option<&serde_json::Number>) -> Result<Value, String> {
    let word = text.trim();
    let is_empty = word.is_empty() && !matches!(column.kind, Kind::Text | Kind::Bytes | Kind::Other | Kind::Json);
    if is_empty {
        return Ok(Value::Null);
    }
    Ok(match column.kind {
        Kind::Int => {
            let whole = |value: f64| value.fract() == 0.0 && value.abs() < 9e15;
            let float = word.parse().ok().filter(|value| whole(*value)).map(|value| value as i64);
            Value::Int(word.parse().ok().or(float).ok_or_else(|| misfit(text, "a whole number"))?)
        }
        Kind::Float => Value::Float(word.parse().map_err(|_| misfit(text, "a number"))?),
        Kind::Bool => match word.to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "on" | "1" => Value::Bool(true),
            "false" | "f" | "no" | "n" | "off" | "0" => Value::Bool(false),
            _ => return Err(misfit(text, "true or false")),
        },
        Kind::Other => match number.and_then(serde_json::Number::as_f64) {
            Some(number) => Value::Float(number),
            None => Value::Text(text.to_owned()),
        },
        Kind::Bytes => Value::Bytes(text.as_bytes().to_vec()),
        Kind::Decimal | Kind::Time => Value::Text(word.to_owned()),
        Kind::Text | Kind::Json => Value::Text(text.to_owned()),
    })
}

fn misfit(text: &str, wanted: &str) -> String {
    const SHOWN: usize = 60;
    let shown: String = text.chars().take(SHOWN).collect();
    let more = if text.chars().nth(SHOWN).is_some() { "…" } else { "" };
    format!("\"{shown}{more}\" is not {wanted}")
}
