//! Values of databases as text in a job's source: with their types, so that they can be bound again.

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
            None => at_or_below(&Value::Float(number.as_f64()?.next_down())),
        },
        Json::String(text) => Value::Text(text.clone()),
    })
}

/// A value that is not above any value that the database shows like this: it may show one of 32 bits by its shortest digits.
pub(super) fn at_or_below(value: &Value) -> Value {
    match value {
        Value::Float(value) if value.is_finite() => Value::Float(value.min(f64::from(*value as f32)).next_down()),
        value => value.clone(),
    }
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
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
    fn a_number_of_32_bits_is_not_below_the_mark_that_its_digits_make() {
        for value in [0.7_f32, 0.1, 1.1, -0.7, 16_777_216.0, 1e38, f32::MIN_POSITIVE] {
            let shown: f64 = value.to_string().parse().unwrap();
            let Some(Value::Float(mark)) = of_column(&Json::from(shown)) else { panic!("{value}") };
            assert!(mark <= f64::from(value) && mark >= f64::from(value.next_down()), "{value} {mark}");
        }
        assert_eq!(at_or_below(&Value::Float(f64::INFINITY)), Value::Float(f64::INFINITY));
    }
}
