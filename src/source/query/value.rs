//! Values of databases as text in a job's source: with their types, so that they can be bound again.

use std::cmp::Ordering;

use serde_json::{Value as Json, json};

use crate::db::Value;

/// A value with its type.
pub fn value_to_text(value: &Value) -> String {
    to_json(value).to_string()
}

/// The value that [`value_to_text`] wrote.
pub fn value_from_text(text: &str) -> Option<Value> {
    from_json(&serde_json::from_str(text).ok()?)
}

pub(super) fn to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => json!({ "bool": value }),
        Value::Int(value) => json!({ "int": value }),
        // Exactly, infinities included.
        Value::Float(value) => json!({ "float": value.to_bits() }),
        Value::Text(text) => json!({ "text": text }),
        Value::Bytes(bytes) => json!({ "bytes": bytes }),
    }
}

pub(super) fn from_json(json: &Json) -> Option<Value> {
    if json.is_null() {
        return Some(Value::Null);
    }
    let (kind, value) = json.as_object()?.iter().next()?;
    Some(match kind.as_str() {
        "bool" => Value::Bool(value.as_bool()?),
        "int" => Value::Int(value.as_i64()?),
        "float" => Value::Float(f64::from_bits(value.as_u64()?)),
        "text" => Value::Text(value.as_str()?.to_owned()),
        "bytes" => {
            Value::Bytes(value.as_array()?.iter().map(|byte| u8::try_from(byte.as_u64()?).ok()).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

/// The value of an item's column; `None` for NULL. A float may have lost its last bit, so it is a little smaller here.
pub fn of_column(column: &Json) -> Option<Value> {
    Some(match column {
        Json::Null | Json::Array(_) | Json::Object(_) => return None,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match number.as_i64() {
            Some(value) => Value::Int(value),
            None => Value::Float(number.as_f64()?.next_down().next_down()),
        },
        Json::String(text) => Value::Text(text.clone()),
    })
}

/// A value as JSON in an item's columns.
pub(super) fn column_of(value: &Value) -> Json {
    match value {
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(value) => Json::from(*value),
        Value::Float(value) if value.is_finite() => Json::from(*value),
        other => other.to_text().map_or(Json::Null, Json::String),
    }
}

/// The order of two values of one column: numbers, then text, then bytes, as SQLite orders them. With `is_number`, text is a
/// number that has no type of its own here.
pub fn compare(one: &Value, other: &Value, is_number: bool) -> Ordering {
    match (one, other) {
        (Value::Text(one), Value::Text(other)) if is_number => compare_numbers(one, other),
        (Value::Text(_), other) if is_number && rank(other) == 1 => {
            compare(one, &Value::Text(other.to_text().unwrap_or_default()), true)
        }
        (one, Value::Text(_)) if is_number && rank(one) == 1 => compare(other, one, true).reverse(),
        (Value::Text(one), Value::Text(other)) => one.cmp(other),
        (Value::Bytes(one), Value::Bytes(other)) => one.cmp(other),
        (Value::Int(one), Value::Int(other)) => one.cmp(other),
        (one, other) if rank(one) == 1 && rank(other) == 1 => number(one).total_cmp(&number(other)),
        _ => rank(one).cmp(&rank(other)),
    }
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) | Value::Int(_) | Value::Float(_) => 1,
        Value::Text(_) => 2,
        Value::Bytes(_) => 3,
    }
}

fn number(value: &Value) -> f64 {
    match value {
        Value::Bool(value) => f64::from(u8::from(*value)),
        Value::Int(value) => *value as f64,
        Value::Float(value) => *value,
        Value::Null | Value::Text(_) | Value::Bytes(_) => 0.0,
    }
}

/// Compares decimal numbers of any length, such as `-12.50`.
fn compare_numbers(one: &str, other: &str) -> Ordering {
    let parts = |text: &str| {
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let (whole, fraction) = (whole.trim_start_matches('0').to_owned(), fraction.trim_end_matches('0').to_owned());
        (if whole.is_empty() && fraction.is_empty() { 0 } else { sign }, whole, fraction)
    };
    let ((sign, whole, fraction), (other_sign, other_whole, other_fraction)) = (parts(one), parts(other));
    let size = || (whole.len(), &whole, &fraction).cmp(&(other_whole.len(), &other_whole, &other_fraction));
    sign.cmp(&other_sign).then_with(|| if sign < 0 { size().reverse() } else { size() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_back_with_their_types() {
        for value in [
            Value::Null,
            Value::Bool(true),
            Value::Int(i64::MIN),
            Value::Float(0.1),
            Value::Float(f64::NEG_INFINITY),
            Value::Text("2026-11-30 10:00:00.123456+09".to_owned()),
            Value::Text("5".to_owned()),
            Value::Bytes(vec![0, 255]),
        ] {
            assert_eq!(value_from_text(&value_to_text(&value)), Some(value));
        }
        assert_eq!(value_from_text("{\"other\":1}"), None);
    }

    #[test]
    fn values_are_ordered_as_their_column_is() {
        let text = |text: &str| Value::Text(text.to_owned());
        assert_eq!(compare(&text("10"), &text("9"), false), Ordering::Less);
        assert_eq!(compare(&text("10"), &text("9"), true), Ordering::Greater);
        assert_eq!(compare(&text("-10.5"), &text("-9"), true), Ordering::Less);
        assert_eq!(compare(&text("1.50"), &text("1.5"), true), Ordering::Equal);
        assert_eq!(compare(&text("-0"), &text("0.00"), true), Ordering::Equal);
        assert_eq!(compare(&text("18446744073709551615"), &Value::Int(7), true), Ordering::Greater);
        assert_eq!(compare(&Value::Int(7), &text("18446744073709551615"), true), Ordering::Less);
        assert_eq!(compare(&Value::Int(i64::MAX), &Value::Int(i64::MAX - 1), true), Ordering::Greater);
        assert_eq!(compare(&Value::Int(7), &text("a"), false), Ordering::Less);
        assert_eq!(compare(&Value::Float(7.5), &Value::Int(7), true), Ordering::Greater);
    }
}
