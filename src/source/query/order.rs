//! The order of a column's values, as their database sees it.

use std::cmp::Ordering;

use crate::db::Value;

/// How the values of a column are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By the values themselves. Text is ordered by a collation that is not known here.
    Values,
    /// As numbers; some may be written as text.
    Numbers,
    /// As dates, times and points in time that a server wrote.
    Times,
    /// By rules of their type that only the server knows.
    Unknown,
}

/// The order of two values of one column: numbers, then text, then bytes, as SQLite orders them. `None` if only
/// the database knows it.
pub fn compare(one: &Value, other: &Value, order: Order) -> Option<Ordering> {
    let is_number = order == Order::Numbers;
    match (one, other) {
        (Value::Text(one), Value::Text(other)) if is_number => Some(compare_numbers(one, other)),
        (Value::Text(_), other) if is_number && rank(other) == 1 => {
            compare(one, &Value::Text(other.to_text().unwrap_or_default()), order)
        }
        (one, Value::Text(_)) if is_number && rank(one) == 1 => compare(other, one, order).map(Ordering::reverse),
        (Value::Text(one), Value::Text(other)) if order == Order::Times => match (Time::parse(one), Time::parse(other))
        {
            (Some(one), Some(other)) => Some(one.cmp(&other)),
            _ => compare_texts(one, other),
        },
        (Value::Text(one), Value::Text(other)) if order == Order::Unknown => (one == other).then_some(Ordering::Equal),
        (Value::Text(one), Value::Text(other)) => compare_texts(one, other),
        (Value::Bytes(one), Value::Bytes(other)) => Some(one.cmp(other)),
        (Value::Int(one), Value::Int(other)) => Some(one.cmp(other)),
        (one, other) if rank(one) == 1 && rank(other) == 1 => Some(number(one).total_cmp(&number(other))),
        _ => Some(rank(one).cmp(&rank(other))),
    }
}

/// Whether a value is certainly before another one.
pub fn is_before(one: &Value, other: &Value, order: Order) -> bool {
    compare(one, other, order) == Some(Ordering::Less)
}

/// Whether a value is probably after another one.
pub fn is_probably_after(one: &Value, other: &Value, order: Order) -> bool {
    let by_bytes = || match (one, other) {
        (Value::Text(one), Value::Text(other)) => one.cmp(other),
        _ => Ordering::Equal,
    };
    compare(one, other, order).unwrap_or_else(by_bytes) == Ordering::Greater
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

/// Compares texts where all collations agree: they differ first in a digit, or one begins with the other.
fn compare_texts(one: &str, other: &str) -> Option<Ordering> {
    // Some collations ignore spaces at the end.
    let (one, other) = (one.trim_end_matches(' ').as_bytes(), other.trim_end_matches(' ').as_bytes());
    let differing = one.iter().zip(other).find(|(one, other)| one != other);
    match differing {
        Some((one, other)) if one.is_ascii_digit() && other.is_ascii_digit() => Some(one.cmp(other)),
        Some(_) => None,
        None => Some(one.len().cmp(&other.len())),
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

/// A date, a time of day, or a point in time. Its fields are in the order of their weight.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Time {
    /// -1 and 1 are infinities.
    infinity: i8,
    /// Year, month and day; years before the first one are 0 and less.
    date: (i64, u32, u32),
    /// From midnight, in UTC if it has a zone.
    us: i64,
    /// Seconds west of UTC.
    west_s: i64,
}

impl Time {
    /// Reads what PostgreSQL and MySQL write: `2026-11-30`, `2026-11-30 10:00:00.5+00`, `0044-03-15 BC`, `-26:00:00`,
    /// `infinity`.
    fn parse(text: &str) -> Option<Self> {
        let none = |infinity| Self { infinity, date: (0, 0, 0), us: 0, west_s: 0 };
        match text {
            "infinity" => return Some(none(1)),
            "-infinity" => return Some(none(-1)),
            _ => {}
        }
        let (text, is_bc) = text.strip_suffix(" BC").map_or((text, false), |text| (text, true));
        let (date, time) = match text.split_once(' ') {
            Some((date, time)) => (Some(date), Some(time)),
            None if text.contains(':') => (None, Some(text)),
            None => (Some(text), None),
        };
        let date = date.map_or(Some((0, 0, 0)), |date| {
            let mut parts = date.splitn(3, '-');
            let year: i64 = parts.next()?.parse().ok()?;
            let year = if is_bc { 1 - year } else { year };
            Some((year, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
        })?;
        let (us, west_s) = time.map_or(Some((0, 0)), time_of_day)?;
        Some(Self { infinity: 0, date, us, west_s })
    }
}

/// Microseconds from midnight, in UTC if there is a zone, and the zone in seconds west of UTC.
fn time_of_day(text: &str) -> Option<(i64, i64)> {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |text| (-1, text));
    let zone_at = text.find(['+', '-']);
    let (clock, zone) = text.split_at(zone_at.unwrap_or(text.len()));
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let fraction_us: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    let west_s = match zone.split_at_checked(1) {
        Some(("-", zone)) => seconds(zone)?,
        Some((_, zone)) => -seconds(zone)?,
        None => 0,
    };
    Some((sign * (seconds(clock)? * 1_000_000 + fraction_us) + west_s * 1_000_000, west_s))
}

/// Seconds of `10`, `10:00` or `10:00:00`.
fn seconds(text: &str) -> Option<i64> {
    let mut seconds = 0;
    for (part, unit_s) in text.split(':').zip([3600, 60, 1]) {
        seconds += part.parse::<i64>().ok()? * unit_s;
    }
    Some(seconds)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn values_are_ordered_as_their_column_is() {
        let compare = |one: &Value, other: &Value, order| compare(one, other, order).unwrap();
        let (values, numbers) = (Order::Values, Order::Numbers);
        assert_eq!(compare(&text("10"), &text("9"), values), Ordering::Less);
        assert_eq!(compare(&text("10"), &text("9"), numbers), Ordering::Greater);
        assert_eq!(compare(&text("-10.5"), &text("-9"), numbers), Ordering::Less);
        assert_eq!(compare(&text("1.50"), &text("1.5"), numbers), Ordering::Equal);
        assert_eq!(compare(&text("-0"), &text("0.00"), numbers), Ordering::Equal);
        assert_eq!(compare(&text("18446744073709551615"), &Value::Int(7), numbers), Ordering::Greater);
        assert_eq!(compare(&Value::Int(7), &text("18446744073709551615"), numbers), Ordering::Less);
        assert_eq!(compare(&Value::Int(i64::MAX), &Value::Int(i64::MAX - 1), numbers), Ordering::Greater);
        assert_eq!(compare(&Value::Int(7), &text("a"), values), Ordering::Less);
        assert_eq!(compare(&Value::Float(7.5), &Value::Int(7), numbers), Ordering::Greater);
    }

    #[test]
    fn text_is_ordered_only_where_all_collations_agree() {
        let of = |one: &str, other: &str| compare(&text(one), &text(other), Order::Values);
        assert_eq!(of("2026-01-02T10:00:00Z", "2026-01-02T09:59:00Z"), Some(Ordering::Greater));
        assert_eq!(of("v-1", "v-10"), Some(Ordering::Less));
        assert_eq!(of("a ", "a"), Some(Ordering::Equal));
        for (one, other) in [("a", "B"), ("a", "A"), ("2026-1-10", "2026-10-1"), ("ö", "z")] {
            assert_eq!(of(one, other), None, "{one} {other}");
            assert!(!is_before(&text(one), &text(other), Order::Values));
        }
        assert!(is_probably_after(&text("b"), &text("a"), Order::Values));
        let unknown = |one: &str, other: &str| compare(&text(one), &text(other), Order::Unknown);
        assert_eq!((unknown("1 day", "2 days"), unknown("1 day", "1 day")), (None, Some(Ordering::Equal)));
    }

    #[test]
    fn times_are_ordered_whatever_their_text_looks_like() {
        for ascending in [
            &["-infinity", "0044-03-15 BC", "0001-01-01", "2026-11-30", "10000-01-01", "infinity"][..],
            &[
                "0044-03-15 10:00:00+00 BC",
                "2026-10-25 00:59:59+00",
                "2026-10-25 00:59:59.5+00",
                "10000-01-01 00:00:00+00",
            ],
            &["2026-10-25 01:00:00", "2026-10-25 01:00:00.000001", "2026-10-25 01:00:00.1", "2026-10-25 01:00:01"],
            &["-100:00:00", "-26:00:00.5", "-26:00:00", "00:00:00", "09:00:00", "838:59:59"],
            &["10:00:00+02", "09:00:00+00", "09:00:00.5-00:30", "23:00:00-12:00:01"],
        ] {
            for (at, one) in ascending.iter().enumerate() {
                for (other_at, other) in ascending.iter().enumerate() {
                    let found = compare(&text(one), &text(other), Order::Times);
                    assert_eq!(found, Some(at.cmp(&other_at)), "{one} {other}");
                }
            }
        }
        assert_eq!(compare(&text("a"), &text("b"), Order::Times), None);
    }
}
