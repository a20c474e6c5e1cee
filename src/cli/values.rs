//! Values of options: sizes, times, kinds of failure.

use std::ffi::OsStr;
use std::ops::RangeInclusive;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use serde::Serialize;

use crate::config::MAX_PIXELS;
use crate::error::ErrorKind;
use crate::model::{FormatChoice, Message, PagesChoice, human, spelling};

/// A parser of declared words in any usual spelling. Help lists them, and an error suggests the nearest.
#[derive(Clone)]
pub(super) struct Words {
    words: Vec<&'static str>,
    find: fn(&Self, &str) -> Option<&'static str>,
}

impl Words {
    /// Of these words.
    pub(super) fn of(words: &[&'static str]) -> Self {
        Self { words: words.to_vec(), find: |own, word| spelling::find(word, own.words.iter().copied()) }
    }

    /// Of the formats that can be written; their extensions are accepted, too.
    pub(super) fn of_formats() -> Self {
        let words = FormatChoice::all().into_iter().map(FormatChoice::word).collect();
        Self { words, find: |_, word| FormatChoice::named(word.trim()).map(FormatChoice::word) }
    }
}

impl TypedValueParser for Words {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        let found = value.to_str().and_then(|word| (self.find)(self, word));
        let listed = PossibleValuesParser::from(self.words.clone());
        listed.parse_ref(command, arg, found.map_or(value, OsStr::new))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.words.iter().copied().map(PossibleValue::new)))
    }
}

/// The word of a choice as requests store it, which is the one of the command line; `None` for the default.
pub(super) fn word_of<T: PartialEq + Serialize>(choice: T, default: T) -> Option<String> {
    if choice == default {
        return None;
    }
    serde_json::to_value(choice).ok()?.as_str().map(str::to_owned)
}

/// A parser whose refusals are in the person's language.
pub(super) fn worded<T, F>(read: F) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    F: Fn(&str) -> Result<T, Message> + Clone + Send + Sync + 'static,
{
    move |text| read(text).map_err(|message| message.text(super::lang()))
}

/// Reads a kind of failure, such as `timeout`.
pub(super) fn kind(word: &str) -> Result<ErrorKind, String> {
    let words: Vec<String> = ErrorKind::ALL.into_iter().map(ErrorKind::word).collect();
    let names = || words.iter().map(String::as_str);
    spelling::find(word, names()).and_then(ErrorKind::from_word).ok_or_else(|| {
        let message = match spelling::nearest(word, names()) {
            Some(near) => Message::new("kind_unknown_near").with("near", near),
            None => Message::new("kind_unknown"),
        };
        message.text(super::lang())
    })
}

/// HTTP statuses: one, a range, or all of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statuses(pub(super) RangeInclusive<u16>);

/// Reads `404`, `500-503` or `5xx`.
pub(super) fn statuses(text: &str) -> Result<Statuses, String> {
    let wrong = || super::lang().word("status_format").to_owned();
    if let Some(class) = text.to_ascii_lowercase().strip_suffix("xx") {
        let class: u16 = class.parse().ok().filter(|class| (1..=5).contains(class)).ok_or_else(wrong)?;
        return Ok(Statuses(class * 100..=class * 100 + 99));
    }
    let status = |text: &str| text.trim().parse().ok().filter(|status| (100..=599).contains(status));
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let ends = status(first).zip(status(last)).filter(|(first, last)| first <= last);
    ends.map(|(first, last)| Statuses(first..=last)).ok_or_else(wrong)
}

/// Reads `512MiB`, `2GB`, `1048576`.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let wrong = || super::lang().word("size_format").to_owned();
    let bytes = human::parse_size(text).ok_or_else(wrong)?;
    if bytes >= 1_000_000 { Ok(bytes) } else { Err(super::lang().word("size_range").to_owned()) }
}

/// Reads `all`, `first`, `3`, `2-5` or `2-`.
pub(super) fn pages(text: &str) -> Result<PagesChoice, String> {
    text.parse().map_err(|wrong: Message| wrong.text(super::lang()))
}

/// Reads `500M`, `4G`, `200KB`: the size of a file, from one byte.
pub(super) fn nonzero_size(text: &str) -> Result<u64, String> {
    let bytes = human::parse_size(text).filter(|bytes| *bytes > 0);
    bytes.ok_or_else(|| super::lang().word("file_size_format").to_owned())
}

/// Reads `30s`, `5m`, `2h` or bare seconds.
pub(super) fn seconds(text: &str) -> Result<u64, String> {
    let wrong = || super::lang().word("time_format").to_owned();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text[digits.len()..].trim_end_matches("in") {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(wrong()),
    };
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    number.checked_mul(unit).filter(|seconds| *seconds <= 7 * 86_400).ok_or_else(|| time_range("0s"))
}

/// The same, but not zero: no item takes no time at all.
pub(super) fn nonzero_seconds(text: &str) -> Result<u64, String> {
    match seconds(text)? {
        0 => Err(time_range("1s")),
        seconds => Ok(seconds),
    }
}

/// Reads how long ago something was, such as `30d`, `12w` or `36h`, as seconds.
pub(super) fn age(text: &str) -> Result<u64, String> {
    let wrong = || super::lang().word("age_format").to_owned();
    let text = text.trim().to_ascii_lowercase();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..).unwrap_or_default() {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        "y" => 365 * 86_400,
        _ => return Err(wrong()),
    };
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    // A hundred years.
    number.checked_mul(unit).filter(|seconds| *seconds <= 100 * 365 * 86_400).ok_or_else(wrong)
}

/// Reads from when something is meant: `7d` ago, the beginning of a day, or a time; UTC milliseconds.
pub(super) fn since(text: &str) -> Result<i64, String> {
    moment(text, Days::Begin)
}

/// The same for until when; a day is meant to its end.
pub(super) fn until(text: &str) -> Result<i64, String> {
    moment(text, Days::End)
}

/// Which end of a day is meant.
enum Days {
    Begin,
    End,
}

fn moment(text: &str, days: Days) -> Result<i64, String> {
    if let Ok(seconds) = age(text) {
        return Ok(jiff::Timestamp::now().as_millisecond() - i64::try_from(seconds * 1000).unwrap_or(i64::MAX));
    }
    let text = text.trim();
    let local = |time: jiff::civil::DateTime| {
        time.to_zoned(jiff::tz::TimeZone::system()).ok().map(|time| time.timestamp().as_millisecond())
    };
    let date = |text: &str| text.parse::<jiff::civil::Date>().ok().filter(|_| text.len() <= "2026-11-30".len());
    let day = date(text).and_then(|day| match days {
        Days::Begin => Some(day),
        Days::End => day.tomorrow().ok(),
    });
    let time = match day {
        Some(day) => local(day.at(0, 0, 0, 0)),
        None => text.replacen(' ', "T", 1).parse().ok().and_then(local),
    };
    time.ok_or_else(|| super::lang().word("moment_format").to_owned())
}

/// Reads megapixels, `24` or `0.5`, as pixels.
pub(super) fn megapixels(text: &str) -> Result<u64, String> {
    let millions: f64 = text.parse().map_err(|_| super::lang().word("megapixels_format").to_owned())?;
    let pixels = (millions * 1e6).round();
    let is_allowed = (1.0..=MAX_PIXELS as f64).contains(&pixels);
    if is_allowed {
        return Ok(pixels as u64);
    }
    Err(Message::new("megapixels_range").with("most", MAX_PIXELS / 1_000_000).text(super::lang()))
}

fn time_range(from: &str) -> String {
    Message::new("time_range").with("from", from).text(super::lang())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_failure_are_found_in_any_spelling_and_the_nearest_is_suggested() {
        assert_eq!(kind("timeout"), Ok(ErrorKind::Timeout));
        assert_eq!(kind("HTTP-Status"), Ok(ErrorKind::HttpStatus));
        assert!(kind("time_out").is_err_and(|error| error.contains("timeout")));
        assert!(kind("xyzzy").is_err_and(|error| error.contains("pixloom jobs")));
    }

    #[test]
    fn statuses_are_single_a_range_or_of_a_class() {
        assert_eq!(statuses("404"), Ok(Statuses(404..=404)));
        assert_eq!(statuses("500-503"), Ok(Statuses(500..=503)));
        assert_eq!(statuses("5XX"), Ok(Statuses(500..=599)));
        assert!(
            ["", "99", "600", "6xx", "0xx", "4x", "ok", "410-404", "404-", "-404"]
                .iter()
                .all(|text| statuses(text).is_err())
        );
    }

    #[test]
    fn sizes_and_times_are_parsed_with_their_units() {
        assert_eq!(size("512MiB"), Ok(512 << 20));
        assert_eq!(size("2gb"), Ok(2_000_000_000));
        assert_eq!((nonzero_size("500M"), nonzero_size("4G")), (Ok(500 << 20), Ok(4 << 30)));
        assert_eq!((nonzero_size("200KB"), nonzero_size("1")), (Ok(200_000), Ok(1)));
        assert!(["0", "0.1", "-1M", "NaN", "", "4X", "2000TB"].iter().all(|text| nonzero_size(text).is_err()));
        assert!(size("lots").is_err() && size("-5MB").is_err() && size("1").is_err() && size("NaN").is_err());
        assert_eq!((seconds("30s"), seconds("5m"), seconds("5min"), seconds("7")), (Ok(30), Ok(300), Ok(300), Ok(7)));
        assert!(seconds("m").is_err() && seconds("1w").is_err());
        assert!(seconds("0s") == Ok(0) && seconds("169h").is_err_and(|error| error.contains("168h")));
        assert!(nonzero_seconds("1s") == Ok(1) && nonzero_seconds("0s").is_err_and(|error| error.contains("1s")));
        assert_eq!((megapixels("0.01"), megapixels("24")), (Ok(10_000), Ok(24_000_000)));
        assert!(["0", "-1", "NaN", "inf", "1001", "many"].iter().all(|text| megapixels(text).is_err()));
    }
}
