//! Numbers as people read them: counts, sizes, durations, dates.
//!
//! Knows no word of any language.

/// A count with thousands separators: `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A size: `310 KB`, `4.1 MB` (powers of 1000, as in file managers).
pub fn bytes(size_bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KB", "MB", "GB", "TB", "PB"];
    if size_bytes < 1000 {
        return format!("{size_bytes} B");
    }
    let mut value = size_bytes as f64 / 1000.0;
    let mut units = UNITS.iter().peekable();
    let mut unit = "KB";
    while let Some(next) = units.next() {
        unit = next;
        if value < 999.5 || units.peek().is_none() {
            break;
        }
        value /= 1000.0;
    }
    if value < 9.95 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

/// Bytes in lower-case hex, the form of checksums in the catalog.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digits_of = |byte: &u8| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
    let mut text = String::with_capacity(2 * bytes.len());
    text.extend(bytes.iter().flat_map(digits_of));
    text
}

/// Parses a size: `200KB`, `1.5 MB`, `64KiB`, `1048576`; `None` if it is not one.
pub fn parse_size(text: &str) -> Option<u64> {
    let lower = text.trim().to_ascii_lowercase();
    let digits = lower.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match lower.get(digits.len()..)? {
        "" | "b" => 1.0,
        "k" | "kib" => 1024.0,
        "m" | "mib" => 1024.0 * 1024.0,
        "g" | "gib" => 1024.0 * 1024.0 * 1024.0,
        "t" | "tib" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "tb" => 1e12,
        _ => return None,
    };
    let bytes = digits.trim().parse::<f64>().ok()? * unit;
    (0.0..=1e15).contains(&bytes).then_some(bytes as u64)
}

/// A size that [`parse_size`] reads back exactly: `200KB`, `1234567`.
pub fn exact_size(size_bytes: u64) -> String {
    match size_bytes {
        0 => "0".to_owned(),
        size if size.is_multiple_of(1_000_000) => format!("{}MB", size / 1_000_000),
        size if size.is_multiple_of(1_000) => format!("{}KB", size / 1_000),
        size => size.to_string(),
    }
}

/// A time limit: `10 min`, or `90 s`.
pub fn time_limit(seconds: u64) -> String {
    match seconds {
        seconds if seconds >= 60 && seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

/// A duration as on a clock: `0:48`, `12:05`, `3:07:22`.
pub fn clock(seconds: f64) -> String {
    let whole = if seconds.is_finite() { seconds.clamp(0.0, 8.64e7).round() as u64 } else { 0 };
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// A duration that may be short: `0.2 s`, `9.8 s`, otherwise as on a clock.
pub fn span(seconds: f64) -> String {
    if (0.0..9.95).contains(&seconds) { format!("{:.1} s", seconds.max(0.1)) } else { clock(seconds) }
}

/// Items per second: `0.4`, `41`, `1,200`.
pub fn rate(per_second: f64) -> String {
    if per_second < 9.95 { format!("{per_second:.1}") } else { count(per_second.round() as u64) }
}

/// A time (UTC milliseconds) in the local time zone: `2026-11-23 13:05`.
pub fn date(utc_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(utc_ms)
        .map(|time| time.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string())
        .unwrap_or_default()
}

/// The time now, UTC milliseconds.
pub fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// A time (UTC milliseconds) as ISO 8601: `2026-11-23T13:05:00.042Z`; empty if there is no such time.
pub fn iso_time(utc_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(utc_ms)
        .map(|time| time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_for_programs_are_iso_8601_in_utc_with_milliseconds() {
        // `date -u -d @1795438800.042 +%FT%T.%3NZ`
        assert_eq!(iso_time(1_795_438_800_042), "2026-11-23T13:00:00.042Z");
        assert_eq!(
            (iso_time(0).as_str(), iso_time(-5).as_str()),
            ("1970-01-01T00:00:00.000Z", "1969-12-31T23:59:59.995Z")
        );
        assert_eq!(iso_time(i64::MAX), "");
    }

    #[test]
    fn hex_has_two_digits_per_byte() {
        assert_eq!(hex(&[0, 0x0f, 0xa9, 0xff]), "000fa9ff");
    }

    #[test]
    fn sizes_are_formatted_for_people() {
        for (size, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 KB"),
            (310_000, "310 KB"),
            (999_600, "1.0 MB"),
            (2_100_000, "2.1 MB"),
            (4_100_000, "4.1 MB"),
            (118_000_000, "118 MB"),
            (3_000_000_000, "3.0 GB"),
            (u64::MAX, "18447 PB"),
        ] {
            assert_eq!(bytes(size), text);
        }
    }

    #[test]
    fn counts_and_durations_are_formatted() {
        assert_eq!(count(7), "7");
        assert_eq!(count(412), "412");
        assert_eq!(count(1_000_000), "1,000,000");
        assert_eq!(clock(48.2), "0:48");
        assert_eq!(clock(118.4), "1:58");
        assert_eq!(clock(7384.0), "2:03:04");
        assert_eq!(clock(11_242.0), "3:07:22");
        assert_eq!(clock(f64::NAN), "0:00");
        assert_eq!((span(0.0), span(0.24), span(9.94)), ("0.1 s".into(), "0.2 s".into(), "9.9 s".into()));
        assert_eq!((span(9.97), span(118.0), span(f64::NAN)), ("0:10".into(), "1:58".into(), "0:00".into()));
        assert_eq!((rate(0.44), rate(41.3), rate(1200.0)), ("0.4".into(), "41".into(), "1,200".into()));
    }
}
