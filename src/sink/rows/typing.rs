//! What the values of columns are, by their declarations and by the values themselves: SQLite stores any value in any
//! column.

use crate::db::{Kind, Value};

/// The whole numbers up to this one are exact as floating-point numbers.
const EXACT: u64 = 1 << 53;

/// What was seen of the values of each column.
#[derive(Clone, Debug, Default)]
pub struct Typing(Vec<Seen>);

#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "one for each kind of value")]
struct Seen {
    truth: bool,
    bit: bool,
    whole: bool,
    float: bool,
    /// A whole number that is none of those that a floating-point number holds exactly.
    long: bool,
    text: bool,
    bytes: bool,
}

impl Typing {
    /// Notes the values of a row.
    pub fn note(&mut self, row: &[Value]) {
        if self.0.len() < row.len() {
            self.0.resize(row.len(), Seen::default());
        }
        for (seen, value) in self.0.iter_mut().zip(row) {
            match value {
                Value::Null => {}
                Value::Bool(_) => seen.truth = true,
                Value::Int(0 | 1) => seen.bit = true,
                Value::Int(value) => {
                    seen.whole = true;
                    seen.long |= value.unsigned_abs() > EXACT;
                }
                Value::Float(_) => seen.float = true,
                Value::Text(_) => seen.text = true,
                Value::Bytes(_) => seen.bytes = true,
            }
        }
    }

    /// The kind that holds every value of a column: `Bool`, `Int`, `Float`, `Bytes` or `Text`.
    pub(super) fn kind(&self, at: usize, declared: Kind) -> Kind {
        let seen = self.0.get(at).copied().unwrap_or_default();
        let has_number = seen.bit || seen.whole || seen.float;
        let has_other = seen.text || seen.bytes;
        let is_whole = !seen.float && !seen.truth && !has_other;
        let is_float = !seen.long && !seen.truth && !has_other;
        match declared {
            Kind::Bool if !seen.whole && !seen.float && !has_other => Kind::Bool,
            Kind::Int if is_whole => Kind::Int,
            Kind::Int | Kind::Float if is_float => Kind::Float,
            Kind::Bytes if !has_number && !seen.truth => Kind::Bytes,
            Kind::Other | Kind::Decimal if is_whole && has_number => Kind::Int,
            Kind::Other | Kind::Decimal if has_number && is_float => Kind::Float,
            Kind::Other if seen.truth && !has_number && !has_other => Kind::Bool,
            Kind::Other if seen.bytes && !seen.text && !has_number && !seen.truth => Kind::Bytes,
            _ => Kind::Text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_floating_point_numbers_only_where_none_loses_a_digit() {
        let kind = |values: &[Value]| {
            let mut typing = Typing::default();
            values.iter().for_each(|value| typing.note(std::slice::from_ref(value)));
            [Kind::Int, Kind::Other, Kind::Decimal].map(|declared| typing.kind(0, declared))
        };
        let (long, float) = (Value::Int((1 << 53) + 1), Value::Float(0.5));
        assert_eq!(kind(&[Value::Int(1 << 53), float.clone()]), [Kind::Float; 3]);
        assert_eq!(kind(std::slice::from_ref(&long)), [Kind::Int; 3]);
        assert_eq!(kind(&[long, float]), [Kind::Text; 3]);
    }
}
