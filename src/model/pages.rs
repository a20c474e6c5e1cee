//! Pages of documents: which of them are processed, and which one an item is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::message::Message;

/// The most pages of one document that become items.
pub const MAX_DOCUMENT_PAGES: u32 = 10_000;
/// The greatest number of a page.
pub const MAX_PAGE: u32 = 65_535;

/// Which pages of a document are processed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PagesChoice {
    /// One image of each file: the first page, or the one that the save settings name.
    #[default]
    First,
    /// Every page is an item.
    All,
    /// These pages are items, counted from 1; without an end, all from the first one on.
    Range {
        /// The first one.
        from: u32,
        /// The last one.
        to: Option<u32>,
    },
}

/// The page of a document that an item is. Its text has as many digits as the document's number of pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PageNumber {
    number: u16,
    digits: u8,
}

/// Why no page of a document is processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPages {
    /// It has fewer.
    Fewer,
    /// More of its pages were chosen than one document may have.
    TooMany,
}

impl PagesChoice {
    /// Whether pages are items.
    pub fn makes_items(self) -> bool {
        self != Self::First
    }

    /// Whether at most one page of a document is an item.
    pub fn is_one(self) -> bool {
        matches!(self, Self::Range { from, to: Some(to) } if from == to)
    }

    /// The pages that are chosen of a document with this many. Empty for a document with one page, which is an item as it
    /// is.
    pub fn of_document(self, count: u32) -> Result<Vec<PageNumber>, NoPages> {
        let (from, to) = match self {
            Self::First => return Ok(Vec::new()),
            Self::All => (1, count),
            Self::Range { from, to } => (from, to.map_or(count, |to| to.min(count))),
        };
        if from > to {
            return Err(NoPages::Fewer);
        }
        if to - from >= MAX_DOCUMENT_PAGES || to > MAX_PAGE {
            return Err(NoPages::TooMany);
        }
        if count == 1 {
            return Ok(Vec::new());
        }
        Ok((from..=to).filter_map(|number| PageNumber::new(number, count)).collect())
    }
}

impl PageNumber {
    /// The page with this number, from 1, of a document with `count` pages.
    pub fn new(number: u32, count: u32) -> Option<Self> {
        let number = u16::try_from(number).ok().filter(|number| *number > 0)?;
        Some(Self { number, digits: count.max(1).ilog10() as u8 + 1 })
    }

    /// Its number, from 1.
    pub const fn number(self) -> u16 {
        self.number
    }

    /// Reads what its [text](fmt::Display) says.
    pub fn parse(text: &str) -> Option<Self> {
        const MAX_DIGITS: usize = 5;
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|number| *number > 0)?;
        (is_number && text.len() <= MAX_DIGITS).then_some(Self { number, digits: text.len() as u8 })
    }
}

impl fmt::Display for PageNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0digits$}", self.number, digits = usize::from(self.digits))
    }
}

impl fmt::Display for PagesChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => f.write_str("first"),
            Self::All => f.write_str("all"),
            Self::Range { from, to: None } => write!(f, "{from}-"),
            Self::Range { from, to: Some(to) } if from == to => from.fmt(f),
            Self::Range { from, to: Some(to) } => write!(f, "{from}-{to}"),
        }
    }
}

impl FromStr for PagesChoice {
    type Err = Message;

    fn from_str(text: &str) -> Result<Self, Message> {
        let wrong = || Message::new("pages_value").with("value", text).with("most", MAX_PAGE);
        let number = |digits: &str| {
            let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            let number = digits.parse().ok().filter(|number| (1..=MAX_PAGE).contains(number));
            number.filter(|_| is_number).ok_or_else(wrong)
        };
        let bare = text.trim().to_ascii_lowercase();
        Ok(match (bare.as_str(), bare.split_once('-')) {
            ("first", _) => Self::First,
            ("all", _) => Self::All,
            (_, Some((from, to))) => {
                let (from, to) = (from.trim_end(), to.trim_start());
                let range = (number(from)?, if to.is_empty() { None } else { Some(number(to)?) });
                match range {
                    (from, Some(to)) if to < from => return Err(wrong()),
                    (from, to) => Self::Range { from, to },
                }
            }
            (page, None) => {
                let page = number(page)?;
                Self::Range { from: page, to: Some(page) }
            }
        })
    }
}

impl Serialize for PagesChoice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PagesChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_read_as_they_are_written_and_nothing_else() {
        for (text, written) in [
            ("all", "all"),
            (" First ", "first"),
            ("3", "3"),
            ("007", "7"),
            ("2-5", "2-5"),
            ("2 - 5", "2-5"),
            ("4-4", "4"),
            ("4-", "4-"),
        ] {
            let choice: Result<PagesChoice, _> = text.parse();
            assert_eq!(choice.as_ref().map(ToString::to_string), Ok(written.to_owned()), "{text}");
            assert_eq!(written.parse(), choice);
        }
        for text in ["", "0", "0-3", "5-2", "-3", "-", "1-2-3", "last", "65536", "1,2", "+1", "１"] {
            assert!(text.parse::<PagesChoice>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_document_gives_the_chosen_pages_that_it_has() {
        let pages = |choice: &str, count| {
            let choice = choice.parse::<PagesChoice>().unwrap_or_default();
            choice.of_document(count).map(|pages| pages.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(pages("all", 3), Ok("1 2 3".to_owned()));
        assert_eq!(pages("9-", 10), Ok("09 10".to_owned()));
        assert_eq!(pages("2-99", 3), Ok("2 3".to_owned()));
        assert_eq!(pages("2", 120), Ok("002".to_owned()));
        assert_eq!(pages("all", 1), Ok(String::new()), "one page is the document itself");
        assert_eq!(pages("first", 9), Ok(String::new()));
        assert_eq!(pages("2-", 1), Err(NoPages::Fewer));
        assert_eq!(pages("4-9", 3), Err(NoPages::Fewer));
        assert_eq!(pages("all", MAX_DOCUMENT_PAGES + 1), Err(NoPages::TooMany));
        assert_eq!(pages("10001", MAX_DOCUMENT_PAGES + 1), Ok("10001".to_owned()));
    }

    #[test]
    fn the_text_of_a_page_keeps_its_digits() {
        for text in ["1", "03", "012", "65535"] {
            assert_eq!(PageNumber::parse(text).map(|page| page.to_string()).as_deref(), Some(text));
        }
        for text in ["", "0", "00", "65536", "000001", "+1", "1a"] {
            assert_eq!(PageNumber::parse(text), None, "{text}");
        }
    }
}
