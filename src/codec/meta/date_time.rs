//! Dates and times in metadata.

/// A date and time written as `YYYY?MM?DD?HH?MM?SS` with any separators, normalized; `None` if it is not one.
pub(super) fn moment(text: &[u8]) -> Option<String> {
    let number = |range: std::ops::Range<usize>| -> Option<u32> {
        let digits = text.get(range)?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        std::str::from_utf8(digits).ok()?.parse().ok()
    };
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let time = || Some((number(11..13)?, number(14..16)?, number(17..19).unwrap_or(0)));
    let (hour, minute, second) = time().filter(|&(h, m, s)| h < 24 && m < 60 && s < 60).unwrap_or((0, 0, 0));
    let is_day = (1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    is_day.then(|| format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"))
}
