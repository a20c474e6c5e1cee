//! Values of results, read from the binary format.

use std::error::Error;
use std::net::{Ipv4Addr, Ipv6Addr};

use tokio_postgres::types::{FromSql, Kind as TypeKind, Type};

use super::{arrays, numbers, times};
use crate::db::{Kind, Value};

/// A value of a result.
pub(super) struct Decoded(pub(super) Value);

impl<'a> FromSql<'a> for Decoded {
    fn from_sql(of: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        decode(of, raw).map(Self).ok_or_else(|| "its bytes are not a value of the type".into())
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Value::Null))
    }

    fn accepts(of: &Type) -> bool {
        can_decode(of)
    }
}

/// The type without the domains around it.
pub(super) fn base(of: &Type) -> &Type {
    let mut of = of;
    while let TypeKind::Domain(inner) = of.kind() {
        of = inner;
    }
    of
}

/// Whether values of the type are read from the binary format; others are requested as text.
pub(super) fn can_decode(of: &Type) -> bool {
    let of = base(of);
    match of.kind() {
        TypeKind::Enum(_) => true,
        // Vectors are arrays whose text has another form.
        TypeKind::Array(element) => !matches!(*of, Type::INT2_VECTOR | Type::OID_VECTOR) && can_decode(element),
        TypeKind::Simple | TypeKind::Pseudo => {
            of.name() == "citext"
                || matches!(
                    *of,
                    Type::BOOL
                        | Type::INT2
                        | Type::INT4
                        | Type::INT8
                        | Type::OID
                        | Type::XID
                        | Type::CID
                        | Type::FLOAT4
                        | Type::FLOAT8
                        | Type::NUMERIC
                        | Type::TEXT
                        | Type::VARCHAR
                        | Type::BPCHAR
                        | Type::NAME
                        | Type::CHAR
                        | Type::UNKNOWN
                        | Type::XML
                        | Type::JSON
                        | Type::JSONB
                        | Type::BYTEA
                        | Type::UUID
                        | Type::DATE
                        | Type::TIME
                        | Type::TIMETZ
                        | Type::TIMESTAMP
                        | Type::TIMESTAMPTZ
                        | Type::INTERVAL
                        | Type::INET
                        | Type::CIDR
                        | Type::MACADDR
                        | Type::MACADDR8
                        | Type::BIT
                        | Type::VARBIT
                        | Type::VOID
                )
        }
        _ => false,
    }
}

/// What the values of a type are.
pub(super) fn kind_of(of: &Type) -> Kind {
    match base(of).kind() {
        TypeKind::Enum(_) => Kind::Text,
        _ => kind_of_name(base(of).name()),
    }
}

/// The same by the name of the type in `pg_type`.
pub(super) fn kind_of_name(name: &str) -> Kind {
    match name {
        "bool" => Kind::Bool,
        "int2" | "int4" | "int8" | "oid" => Kind::Int,
        "float4" | "float8" => Kind::Float,
        "numeric" => Kind::Decimal,
        "text" | "varchar" | "bpchar" | "char" | "name" | "citext" | "unknown" => Kind::Text,
        "bytea" => Kind::Bytes,
        "date" | "time" | "timetz" | "timestamp" | "timestamptz" => Kind::Time,
        "json" | "jsonb" => Kind::Json,
        _ => Kind::Other,
    }
}

fn decode(of: &Type, raw: &[u8]) -> Option<Value> {
    let of = base(of);
    if let TypeKind::Array(element) = of.kind() {
        return arrays::text(raw, &mut |raw| element_text(element, raw)).map(Value::Text);
    }
    let int = |raw: &[u8]| raw.try_into().ok().map(i32::from_be_bytes);
    let long = |raw: &[u8]| raw.try_into().ok().map(i64::from_be_bytes);
    Some(match *of {
        Type::BOOL => Value::Bool(*raw.first()? != 0),
        Type::INT2 => Value::Int(i16::from_be_bytes(raw.try_into().ok()?).into()),
        Type::INT4 => Value::Int(int(raw)?.into()),
        Type::INT8 => Value::Int(long(raw)?),
        Type::OID | Type::XID | Type::CID => Value::Int(u32::from_be_bytes(raw.try_into().ok()?).into()),
        Type::FLOAT4 => Value::Float(numbers::widened(f32::from_be_bytes(raw.try_into().ok()?))),
        Type::FLOAT8 => Value::Float(f64::from_be_bytes(raw.try_into().ok()?)),
        Type::BYTEA => Value::Bytes(raw.to_vec()),
        _ => Value::Text(match *of {
            Type::NUMERIC => numbers::numeric(raw)?,
            Type::DATE => times::date(int(raw)?),
            Type::TIME => times::time(long(raw)?),
            Type::TIMETZ => times::time_with_zone(long(raw.get(..8)?)?, int(raw.get(8..)?)?),
            Type::TIMESTAMP => times::timestamp(long(raw)?, ""),
            Type::TIMESTAMPTZ => times::timestamp(long(raw)?, "+00"),
            Type::INTERVAL => times::interval(long(raw.get(..8)?)?, int(raw.get(8..12)?)?, int(raw.get(12..)?)?),
            Type::UUID => uuid(raw)?,
            Type::JSONB => utf8(raw.strip_prefix(&[1])?)?,
            Type::INET | Type::CIDR => address(raw)?,
            Type::MACADDR | Type::MACADDR8 => hex_pairs(raw),
            Type::BIT | Type::VARBIT => bits(raw)?,
            _ => utf8(raw)?,
        }),
    })
}

/// An element of an array as the server writes it there.
fn element_text(of: &Type, raw: &[u8]) -> Option<String> {
    match decode(of, raw)? {
        Value::Bool(value) => Some(if value { "t" } else { "f" }.to_owned()),
        Value::Float(value) => Some(numbers::float_text(value)),
        Value::Bytes(bytes) => Some(hex(&bytes)),
        value => value.to_text(),
    }
}

/// Bytes as `bytea` is written.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2 + 2);
    text.push_str("\\x");
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

fn utf8(raw: &[u8]) -> Option<String> {
    std::str::from_utf8(raw).ok().map(ToOwned::to_owned)
}

fn uuid(raw: &[u8]) -> Option<String> {
    let number = u128::from_be_bytes(raw.try_into().ok()?);
    let digits = format!("{number:032x}");
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    Some(parts.join("-"))
}

/// An address: family, bits of the network, whether it is a network, length, bytes.
fn address(raw: &[u8]) -> Option<String> {
    let (&[_, bits, is_network, _], bytes) = raw.split_first_chunk::<4>()?;
    let (address, all) = match bytes.len() {
        4 => (Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?).to_string(), 32),
        16 => (Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).to_string(), 128),
        _ => return None,
    };
    Some(if is_network == 0 && bits == all { address } else { format!("{address}/{bits}") })
}

fn hex_pairs(raw: &[u8]) -> String {
    raw.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

fn bits(raw: &[u8]) -> Option<String> {
    let (count, bytes) = raw.split_first_chunk::<4>()?;
    let count = usize::try_from(i32::from_be_bytes(*count)).ok()?;
    let bit = |index: usize| bytes.get(index / 8).map(|byte| if byte >> (7 - index % 8) & 1 == 1 { '1' } else { '0' });
    (0..count).map(bit).collect()
}
