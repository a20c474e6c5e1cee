//! Values that are sent: as text that the server reads as it reads literals, so that every value fits every type that can
//! hold it.

use std::borrow::Cow;
use std::error::Error;

use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

use super::numbers::float_text;
use super::values::{base, hex, kind_of};
use crate::db::{Kind, Value};

/// A value for a parameter of any type.
#[derive(Debug)]
pub(super) struct Bound<'a>(pub(super) &'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        if let (Value::Bytes(bytes), true) = (self.0, is_bytes(of)) {
            out.extend_from_slice(bytes);
            return Ok(IsNull::No);
        }
        let Some(text) = literal(self.0, kind_of(of)) else { return Ok(IsNull::Yes) };
        out.extend_from_slice(text.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, of: &Type) -> Format {
        if matches!(self.0, Value::Bytes(_)) && is_bytes(of) { Format::Binary } else { Format::Text }
    }

    to_sql_checked!();
}

fn is_bytes(of: &Type) -> bool {
    *base(of) == Type::BYTEA
}

/// The text of a value for a parameter of this kind; `None` for NULL.
pub(super) fn literal(value: &Value, kind: Kind) -> Option<Cow<'_, str>> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(value) => match kind {
            Kind::Int | Kind::Float | Kind::Decimal => if *value { "1" } else { "0" }.into(),
            _ => if *value { "true" } else { "false" }.into(),
        },
        Value::Int(value) => value.to_string().into(),
        // A whole number fits a column of whole numbers, however it is represented.
        Value::Float(value) if kind == Kind::Int && value.fract() == 0.0 && value.abs() < 1e18 => {
            (*value as i64).to_string().into()
        }
        Value::Float(value) => float_text(*value).into(),
        Value::Text(text) => text.into(),
        Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if kind != Kind::Bytes => text.into(),
            _ => hex(bytes).into(),
        },
    })
}
