//! Formats numbers for the window, beyond what `model::human` provides.
//!
//! Contains no words of any language.

pub(crate) use crate::model::human::{bytes, clock, count, date, rate};

/// The change between two sizes as a percentage: `−92 %`.
pub(crate) fn change(before: u64, after: u64) -> String {
    if before == 0 {
        return String::new();
    }
    let percent = ((after as f64 / before as f64 - 1.0) * 100.0).round();
    let sign = if percent < 0.0 { "−" } else { "+" };
    format!("{sign}{:.0} %", percent.abs())
}

/// A number without trailing zeros: `1600`, `1.2`, `0.80` with `decimals` of 2.
pub(crate) fn number(value: f64, decimals: usize) -> String {
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_size_are_formatted() {
        assert_eq!(change(4_100_000, 310_000), "−92 %");
        assert_eq!(change(100, 150), "+50 %");
    }
}
