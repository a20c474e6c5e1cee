//! Dates and times of PostgreSQL's binary format, as text in the ISO form.

use std::fmt::Write as _;

/// Days from 1970-01-01 to 2000-01-01, where PostgreSQL counts from.
const EPOCH_DAYS: i64 = 10_957;
const DAY_US: i64 = 86_400_000_000;

/// A date, from days.
pub(super) fn date(days: i32) -> String {
    match days {
        i32::MAX => "infinity".to_owned(),
        i32::MIN => "-infinity".to_owned(),
        _ => {
            let (date, is_bc) = calendar(i64::from(days));
            format!("{date}{}", if is_bc { " BC" } else { "" })
        }
    }
}

/// A time of day, from microseconds.
pub(super) fn time(us: i64) -> String {
    let (seconds, fraction) = (us / 1_000_000, us % 1_000_000);
    let text = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    text + &fraction_text(fraction)
}

/// A time of day with its zone, which is in seconds west of UTC.
pub(super) fn time_with_zone(us: i64, west_s: i32) -> String {
    let (sign, offset) = (if west_s > 0 { '-' } else { '+' }, west_s.unsigned_abs());
    let mut text = format!("{}{sign}{:02}", time(us), offset / 3600);
    if offset % 3600 != 0 {
        let _ = write!(text, ":{:02}", offset / 60 % 60);
    }
    if offset % 60 != 0 {
        let _ = write!(text, ":{:02}", offset % 60);
    }
    text
}

/// A point in time, from microseconds; `zone` follows the time.
pub(super) fn timestamp(us: i64, zone: &str) -> String {
    match us {
        i64::MAX => "infinity".to_owned(),
        i64::MIN => "-infinity".to_owned(),
        _ => {
            let (date, is_bc) = calendar(us.div_euclid(DAY_US));
            format!("{date} {}{zone}{}", time(us.rem_euclid(DAY_US)), if is_bc { " BC" } else { "" })
        }
    }
}

/// A span of time, as the server writes it by default.
pub(super) fn interval(us: i64, days: i32, months: i32) -> String {
    let (mut text, mut is_after_minus) = (String::new(), false);
    for (value, unit) in [(months / 12, "year"), (months % 12, "mon"), (days, "day")] {
        if value != 0 {
            let separator = if text.is_empty() { "" } else { " " };
            let plus = if is_after_minus && value > 0 { "+" } else { "" };
            let plural = if value == 1 { "" } else { "s" };
            let _ = write!(text, "{separator}{plus}{value} {unit}{plural}");
            is_after_minus = value < 0;
        }
    }
    if us != 0 || text.is_empty() {
        let separator = if text.is_empty() { "" } else { " " };
        let sign = if us < 0 {
            "-"
        } else if is_after_minus {
            "+"
        } else {
            ""
        };
        let (seconds, fraction) = (us.unsigned_abs() / 1_000_000, us.unsigned_abs() % 1_000_000);
        let _ = write!(text, "{separator}{sign}{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        text += &fraction_text(fraction as i64);
    }
    text
}

fn fraction_text(us: i64) -> String {
    if us == 0 { String::new() } else { format!(".{us:06}").trim_end_matches('0').to_owned() }
}

/// The date, and whether it is before the year 1 (Howard Hinnant, "chrono-compatible low-level date algorithms").
fn calendar(days: i64) -> (String, bool) {
    let z = days + EPOCH_DAYS + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let is_bc = year <= 0;
    let year = if is_bc { 1 - year } else { year };
    (format!("{year:04}-{month:02}-{day:02}"), is_bc)
}
