//! Texts with fields, such as `{stem}-{index:03}`: names of results, and texts that are drawn on images. The fields are
//! declared here, once for both.

use std::collections::HashMap;

use jiff::fmt::strtime;
use unicode_normalization::UnicodeNormalization;

use super::super::locator::Locator;
use super::super::message::Message;
use super::super::spelling;
use super::{link_name, text_encoding};

/// The most digits in `{index:0N}`.
const MAX_DIGITS: usize = 12;
/// The format of a plain `{date}`.
const DATE_FORMAT: &str = "%Y-%m-%d";
/// Every field, as lists of them show it.
const FIELDS: [&str; 14] = [
    "stem",
    "page",
    "ext",
    "index",
    "index:05",
    "parent",
    "host",
    "width",
    "height",
    "date",
    "date:%Y-%m-%d",
    "hash",
    "dir",
    "col:NAME",
];

/// A checked text with fields. `{{` and `}}` are braces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldText {
    pieces: Vec<Piece>,
}

/// A part of a text with fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text as it is.
    Literal(String),
    /// A field.
    Field(Field),
}

/// A field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// The input's name without its extension.
    Stem,
    /// The number of the document's page.
    Page,
    /// The input's extension.
    Ext,
    /// The item's number, with at least this many digits.
    Index(usize),
    /// The input's folder.
    Parent,
    /// The link's host.
    Host,
    /// The result's width.
    Width,
    /// The result's height.
    Height,
    /// The date in a strftime format.
    Date(String),
    /// The result's hash.
    Hash,
    /// The folder below the source's root.
    Dir,
    /// A column of the item's list.
    Column(String),
}

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldFault {
    /// A brace without its partner.
    Brace(&'static str),
    /// No field has this name; the nearest one, if there is one.
    Unknown(String, Option<&'static str>),
    /// This field is known only when the result is saved.
    Late(String),
}

/// The values of fields. Missing ones are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldValues {
    /// The input's name without its extension; empty where a URL has no usable one.
    pub stem: String,
    /// The document's page, with as many digits as its number of pages; empty for a file that is an item as a whole.
    pub page: String,
    /// The input's extension, without the dot.
    pub ext: String,
    /// The item's position in its job, from 1.
    pub index: u64,
    /// The name of the input's folder, or the last folder of the URL's path.
    pub parent: String,
    /// The URL's host.
    pub host: String,
    /// The result's width in px.
    pub width: Option<u32>,
    /// The result's height in px.
    pub height: Option<u32>,
    /// When the image was taken, by its camera's clock; otherwise when its file was modified, in local time.
    pub date: Option<jiff::civil::DateTime>,
    /// SHA-256 of the result's bytes in hex, as in the catalog's `output_hash`.
    pub hash: String,
    /// Whether a size and a hash that are missing are known later: then texts show their fields as they are written.
    pub is_pending: bool,
    /// The folder below the source's root, with `/` between parts.
    pub dir: String,
    /// The columns of the item's list that are used, by the names in the text.
    pub columns: HashMap<String, String>,
}

impl FieldText {
    /// Parses a text.
    pub fn parse(text: &str) -> Result<Self, FieldFault> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from_brace) = rest.split_at(at);
            literal.push_str(before);
            if let Some(after) = from_brace.strip_prefix("{{") {
                literal.push('{');
                rest = after;
                continue;
            }
            if let Some(after) = from_brace.strip_prefix("}}") {
                literal.push('}');
                rest = after;
                continue;
            }
            let Some(inner) = from_brace.strip_prefix('{') else { return Err(FieldFault::Brace("}")) };
            let Some((name, after)) = inner.split_once('}').filter(|(name, _)| !name.contains('{')) else {
                return Err(FieldFault::Brace("{"));
            };
            let field = Field::named(name).ok_or_else(|| FieldFault::Unknown(name.to_owned(), nearest(name)))?;
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            }
            pieces.push(Piece::Field(field));
            rest = after;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Ok(Self { pieces })
    }

    /// The same for a text that is needed before the result is there. The error is a message.
    pub fn parse_early(text: &str) -> Result<Self, Message> {
        let parsed = Self::parse(text).and_then(|parsed| {
            let late = parsed.fields().find(|field| field.is_late()).map(Field::name);
            late.map_or(Ok(parsed), |name| Err(FieldFault::Late(name)))
        });
        parsed.map_err(|fault| {
            let message = match fault {
                FieldFault::Brace(brace) => Message::new("text_brace").with("brace", brace),
                FieldFault::Unknown(field, None) => Message::new("text_field").with("field", field),
                FieldFault::Unknown(field, Some(near)) => {
                    Message::new("text_field_near").with("field", field).with("near", near)
                }
                FieldFault::Late(field) => Message::new("text_field_late").with("field", field),
            };
            message.with("fields", listed(|field| !field.is_late()))
        })
    }

    /// Its parts.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Its fields.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Field(field) => Some(field),
            Piece::Literal(_) => None,
        })
    }

    /// The columns of an item's list that it uses.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.fields().filter_map(|field| match field {
            Field::Column(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// Whether it holds the item's number.
    pub fn has_index(&self) -> bool {
        self.fields().any(|field| matches!(field, Field::Index(_)))
    }

    /// Whether it holds the day an image was taken.
    pub fn has_date(&self) -> bool {
        self.fields().any(|field| matches!(field, Field::Date(_)))
    }

    /// Whether it holds a part of the input's name, which a list may give.
    pub fn has_name(&self) -> bool {
        self.fields().any(|field| matches!(field, Field::Stem | Field::Ext))
    }

    /// The text with its fields filled in. Hangul that a file system has taken apart is put together.
    pub fn fill(&self, values: &FieldValues) -> String {
        let mut filled = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => filled.push_str(text),
                Piece::Field(field) => filled.extend(field.value(values).nfc()),
            }
        }
        filled
    }
}

/// A text for [`FieldText::parse`] that has no fields and means exactly this.
pub fn escaped(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

/// The fields that fit, as messages list them.
pub fn listed(fits: impl Fn(&Field) -> bool) -> String {
    let fitting = FIELDS.iter().filter(|name| Field::named(name).is_some_and(|field| fits(&field)));
    fitting.map(|name| format!("{{{name}}}")).collect::<Vec<_>>().join(" ")
}

/// The field that a mistyped one is probably meant to be.
fn nearest(name: &str) -> Option<&'static str> {
    let (head, format) = match name.split_once(':') {
        Some((head, format)) => (head, Some(format)),
        None => (name, None),
    };
    let heads = FIELDS.iter().map(|field| field.split(':').next().unwrap_or(field));
    let near = spelling::find(head, heads.clone()).or_else(|| spelling::nearest(head, heads))?;
    let mut of_head = FIELDS.iter().copied().filter(|field| field.split(':').next() == Some(near));
    if format.is_some() { of_head.next_back() } else { of_head.next() }
}

impl Field {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "stem" => Self::Stem,
            "page" => Self::Page,
            "ext" => Self::Ext,
            "index" => Self::Index(1),
            "parent" => Self::Parent,
            "host" => Self::Host,
            "width" => Self::Width,
            "height" => Self::Height,
            "date" => Self::Date(DATE_FORMAT.to_owned()),
            "hash" => Self::Hash,
            "dir" => Self::Dir,
            _ if name.starts_with("col:") => {
                Self::Column(name.strip_prefix("col:").filter(|column| !column.trim().is_empty())?.to_owned())
            }
            _ if name.starts_with("date:") => Self::Date(date_format(name.strip_prefix("date:")?)?),
            _ => {
                let digits = name.strip_prefix("index:0")?;
                let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
                let digits = digits.parse().ok().filter(|digits| all_digits && (1..=MAX_DIGITS).contains(digits))?;
                Self::Index(digits)
            }
        })
    }

    /// Whether it is known only when the result is saved.
    pub fn is_late(&self) -> bool {
        matches!(self, Self::Width | Self::Height | Self::Hash)
    }

    /// How it is written, without braces.
    fn name(&self) -> String {
        match self {
            Self::Stem => "stem".to_owned(),
            Self::Page => "page".to_owned(),
            Self::Ext => "ext".to_owned(),
            Self::Index(1) => "index".to_owned(),
            Self::Index(digits) => format!("index:0{digits}"),
            Self::Parent => "parent".to_owned(),
            Self::Host => "host".to_owned(),
            Self::Width => "width".to_owned(),
            Self::Height => "height".to_owned(),
            Self::Date(format) => format!("date:{format}"),
            Self::Hash => "hash".to_owned(),
            Self::Dir => "dir".to_owned(),
            Self::Column(name) => format!("col:{name}"),
        }
    }

    /// Its value.
    pub fn value(&self, values: &FieldValues) -> String {
        let missing = || if values.is_pending { format!("{{{}}}", self.name()) } else { String::new() };
        let number = |value: Option<u32>| value.map_or_else(missing, |value| value.to_string());
        match self {
            Self::Stem if values.stem.chars().all(is_nameless) => format!("{:05}", values.index),
            Self::Stem => values.stem.clone(),
            Self::Page if values.page.is_empty() => "1".to_owned(),
            Self::Page => values.page.clone(),
            Self::Ext => values.ext.clone(),
            Self::Index(digits) => format!("{:0digits$}", values.index),
            Self::Parent => values.parent.clone(),
            Self::Host => values.host.clone(),
            Self::Width => number(values.width),
            Self::Height => number(values.height),
            Self::Date(format) => match values.date {
                Some(date) => strtime::format(format, date).unwrap_or_default(),
                None => missing(),
            },
            Self::Hash if values.hash.is_empty() => missing(),
            Self::Hash => values.hash.clone(),
            Self::Dir => values.dir.clone(),
            Self::Column(name) => values.columns.get(name).cloned().unwrap_or_default(),
        }
    }
}

/// Whether a stem of such characters names nothing.
fn is_nameless(c: char) -> bool {
    c == '.' || c.is_whitespace()
}

impl FieldValues {
    /// What is known of an item before it is processed. `date_ms` (UTC milliseconds) becomes the day in local time.
    pub fn of(locator: &Locator, index: u64, dir: &str, date_ms: Option<i64>) -> Self {
        let (stem, ext, parent) = match locator {
            Locator::File(path) | Locator::Page(path, _) => {
                let text = |part: Option<&std::ffi::OsStr>| part.map_or_else(String::new, text_encoding::of_name);
                let parent = path.parent().and_then(|parent| parent.file_name());
                (text(path.file_stem()), text(path.extension()), text(parent))
            }
            Locator::Url(url) => url_parts(url),
            Locator::Row(_) => Default::default(),
        };
        Self {
            stem,
            page: locator.page().map(|page| page.to_string()).unwrap_or_default(),
            ext,
            index,
            parent,
            host: locator.host().unwrap_or_default(),
            date: date_ms.and_then(local),
            dir: dir.to_owned(),
            ..Self::default()
        }
    }

    /// Sets the name that a list or a server gives a link.
    pub fn set_name(&mut self, name: &str) {
        let (stem, ext) = link_name::split(name);
        stem.clone_into(&mut self.stem);
        ext.unwrap_or_default().clone_into(&mut self.ext);
    }

    /// Sets when the image was taken, as `YYYY-MM-DDTHH:MM:SS`; any other text changes nothing.
    pub fn set_taken(&mut self, moment: &str) {
        if let Ok(date) = moment.parse() {
            self.date = Some(date);
        }
    }
}

/// The strftime format, if it works without a time zone.
fn date_format(format: &str) -> Option<String> {
    let any_day = jiff::civil::date(2026, 5, 1).at(12, 34, 56, 0);
    (!format.is_empty() && strtime::format(format, any_day).is_ok()).then(|| format.to_owned())
}

/// Stem, extension and parent of a URL's path, decoded.
fn url_parts(url: &str) -> (String, String, String) {
    let host = Locator::Url(url.to_owned()).host();
    let bare = url.split(['?', '#']).next().unwrap_or(url);
    let after_scheme = bare.split_once("://").map_or(bare, |(_, rest)| rest);
    let path = after_scheme.split_once('/').map_or("", |(_, path)| path);
    let mut parts = path.split('/').filter(|part| !part.is_empty()).rev();
    let mut next = || {
        let part = parts.next().unwrap_or_default();
        text_encoding::percent_decoded(part, host.as_deref())
    };
    let (name, parent) = (next(), next());
    let (stem, ext) = link_name::split(&name);
    (stem.to_owned(), ext.unwrap_or_default().to_owned(), parent)
}

fn local(utc_ms: i64) -> Option<jiff::civil::DateTime> {
    let time = jiff::Timestamp::from_millisecond(utc_ms).ok()?;
    Some(time.to_zoned(jiff::tz::TimeZone::system()).datetime())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::super::fields::*;

    #[test]
    fn fields_are_filled_in_and_doubled_braces_are_braces() {
        let values = FieldValues {
            stem: "photo".to_owned(),
            index: 7,
            date: Some(jiff::civil::date(2026, 5, 1).at(12, 34, 56, 0)),
            columns: HashMap::from([("상품명".to_owned(), "{stem}, {{x}}".to_owned())]),
            ..FieldValues::default()
        };
        for (text, filled) in [
            ("{stem} {index:03} {date}", "photo 007 2026-05-01"),
            ("{col:상품명}", "{stem}, {{x}}"),
            ("{{stem}} }}{{", "{stem} }{"),
            ("{{{stem}}}", "{photo}"),
            ("by {ext}{col:none}", "by "),
            ("plain", "plain"),
        ] {
            assert_eq!(FieldText::parse(text).unwrap().fill(&values), filled, "{text}");
        }
        for text in ["{x}", "{{", "a } b {"] {
            let same = FieldText::parse(&escaped(text)).unwrap();
            assert_eq!((same.fill(&values).as_str(), same.fields().count()), (text, 0));
        }
    }

    #[test]
    fn hangul_that_a_file_system_took_apart_is_put_together() {
        let values = FieldValues { stem: "\u{1112}\u{1161}\u{11ab}".to_owned(), ..FieldValues::default() };
        assert_eq!(FieldText::parse("{stem}").unwrap().fill(&values), "\u{d55c}");
    }

    #[test]
    fn a_wrong_field_suggests_the_nearest() {
        for (text, fault) in [
            ("{stm}", FieldFault::Unknown("stm".to_owned(), Some("stem"))),
            ("{Stem}", FieldFault::Unknown("Stem".to_owned(), Some("stem"))),
            ("{index:5}", FieldFault::Unknown("index:5".to_owned(), Some("index:05"))),
            ("{date:%Q}", FieldFault::Unknown("date:%Q".to_owned(), Some("date:%Y-%m-%d"))),
            ("{cols:a}", FieldFault::Unknown("cols:a".to_owned(), Some("col:NAME"))),
            ("{col:}", FieldFault::Unknown("col:".to_owned(), Some("col:NAME"))),
            ("{teleport}", FieldFault::Unknown("teleport".to_owned(), None)),
            ("{}", FieldFault::Unknown(String::new(), None)),
            ("{stem", FieldFault::Brace("{")),
            ("{st{em}", FieldFault::Brace("{")),
            ("stem}", FieldFault::Brace("}")),
        ] {
            assert_eq!(FieldText::parse(text), Err(fault), "{text}");
        }
    }

    #[test]
    fn a_text_that_is_needed_early_has_no_field_of_the_result() {
        for (text, words) in [
            ("{width}", "{width} works only in file names"),
            ("{hash}", "{hash} works only in file names"),
            ("{stm}", "did you mean {stem}?"),
            ("{stem", "stray brace \"{\""),
        ] {
            let message = FieldText::parse_early(text).unwrap_err().to_string();
            assert!(message.contains(words) && message.contains("{col:NAME}"), "{message}");
            let listed = message.split("available: ").nth(1).unwrap();
            assert!(!listed.contains("{height}"), "{message}");
        }
        assert!(FieldText::parse_early("{stem} {date} {index} {col:a} {parent} {host} {ext} {dir}").is_ok());
    }

    #[test]
    fn every_field_in_the_list_can_be_parsed_and_written_again() {
        for name in FIELDS {
            let field = Field::named(name).unwrap();
            assert_eq!(Field::named(&field.name()), Some(field), "{name}");
        }
    }

    #[test]
    fn a_link_is_named_by_its_path_or_by_its_number() {
        for (url, stem, ext, parent) in [
            ("https://h.example/a/photo.JPG?x=/y.png#z", "photo", "JPG", "a"),
            ("https://h.example", "", "", ""),
            ("https://h.example/?q=cat.jpg", "", "", ""),
            ("https://h.example/x/v1.2", "v1.2", "", "x"),
            ("https://h.example/%ED%95%9C.webp", "한", "webp", ""),
            ("https://h.example/a%2F..%2Fb.png", "a/../b", "png", ""),
            ("https://h.example/set/", "set", "", ""),
            ("https://u:p@h.example:8080/.htaccess", ".htaccess", "", ""),
            ("https://h.example/a/photo.jpg!large", "photo", "jpg", "a"),
            ("https://h.example/a/photo.jpg;jsessionid=1?x", "photo", "jpg", "a"),
            ("https://h.kr/%BB%E7%C1%F8.jpg", "사진", "jpg", ""),
        ] {
            let parts = FieldValues::of(&Locator::Url(url.to_owned()), 1, "", None);
            assert_eq!((parts.stem.as_str(), parts.ext.as_str(), parts.parent.as_str()), (stem, ext, parent), "{url}");
        }
        let parts =
            FieldValues::of(&Locator::File("/a/b c/IMG.1.jpg".into()), 2, "x", Some(1_767_225_600_000 + 43_200_000));
        assert_eq!((parts.stem.as_str(), parts.ext.as_str(), parts.parent.as_str()), ("IMG.1", "jpg", "b c"));
        assert!(parts.date.is_some_and(|date| date.to_string().starts_with("2026-01-0")), "{:?}", parts.date);
        let mut parts = parts;
        parts.set_taken("no moment");
        assert!(parts.date.is_some());
        parts.set_taken("2025-12-24T18:00:00");
        assert_eq!(FieldText::parse("{date}").unwrap().fill(&parts), "2025-12-24");
    }
}
