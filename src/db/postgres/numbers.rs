//! Numbers of PostgreSQL's binary format, and numbers as text.

use std::fmt::Write as _;

/// A number of type `numeric`, exactly. `None` if the bytes are not one.
pub(super) fn numeric(raw: &[u8]) -> Option<String> {
    let word = |index: usize| raw.get(index * 2..index * 2 + 2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let (count, weight, sign, scale) = (usize::from(word(0)?), word(1)? as i16, word(2)?, usize::from(word(3)?));
    let is_negative = match sign {
        0 => false,
        0x4000 => true,
        0xC000 => return Some("NaN".to_owned()),
        0xD000 => return Some("Infinity".to_owned()),
        0xF000 => return Some("-Infinity".to_owned()),
        _ => return None,
    };
    let digits = (0..count).map(|index| word(4 + index)).collect::<Option<Vec<u16>>>()?;
    // Groups of four decimal digits; the first has this exponent of 10,000.
    let group = |exponent: i32| {
        let index = usize::try_from(i32::from(weight) - exponent).ok();
        index.and_then(|index| digits.get(index)).copied().unwrap_or(0)
    };
    let mut text = String::new();
    for exponent in (0..=i32::from(weight).max(0)).rev() {
        let _ = write!(text, "{:04}", group(exponent));
    }
    let whole = text.trim_start_matches('0');
    let mut text = format!("{}{}", if is_negative { "-" } else { "" }, if whole.is_empty() { "0" } else { whole });
    if scale > 0 {
        text.push('.');
        let end = text.len() + scale;
        for exponent in 1..=scale.div_ceil(4) as i32 {
            let _ = write!(text, "{:04}", group(-exponent));
        }
        text.truncate(end);
    }
    Some(text)
}

/// A floating-point number as PostgreSQL reads it.
pub(super) fn float_text(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else if value != 0.0 && !(1e-5..1e15).contains(&value.abs()) {
        format!("{value:e}")
    } else {
        value.to_string()
    }
}

/// A single-precision number as the shortest decimal number that stands for it, so that 0.1 stays 0.1.
pub(super) fn widened(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| f64::from(value))
}
