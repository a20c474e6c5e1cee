//! Units of parameters.

use super::words::Lang;

/// The unit of a parameter's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A plain number or a word.
    None,
    /// Pixels of the image at full size: scaled when a preview works on a smaller one.
    Px,
    /// Millions of pixels of the image's area.
    Megapixels,
    /// Degrees, clockwise.
    Degrees,
    /// Percent.
    Percent,
    /// Levels of 255.
    Levels,
    /// Stops of exposure: each doubles the light.
    Stops,
}

impl Unit {
    /// The suffix shown after a number.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Px => " px",
            Self::Megapixels => " MP",
            Self::Degrees => "°",
            Self::Percent => " %",
            Self::Levels => " levels",
            Self::Stops => " EV",
        }
    }

    /// The unit with this suffix.
    fn of_suffix(suffix: &str) -> Option<Self> {
        let all = [Self::None, Self::Px, Self::Megapixels, Self::Degrees, Self::Percent, Self::Levels, Self::Stops];
        all.into_iter().find(|unit| unit.suffix() == suffix)
    }
}

/// A suffix as a language writes it. Most units are symbols, which are the same in every language.
pub(super) fn suffix_in(lang: Lang, suffix: &str) -> &str {
    match Unit::of_suffix(suffix) {
        Some(Unit::Levels) => lang.word("unit_levels"),
        _ => suffix,
    }
}
