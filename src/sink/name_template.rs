//! Names of results: a template, filled in and made safe for every file system.
//!
//! A rendered name stays below the output folder, whatever is in a stem, a host or a header.

use std::collections::HashMap;

use jiff::fmt::strtime;

use crate::model::{Locator, Message, link_name, text_encoding};

/// The most bytes in one part of a path: 255, less space for ` (12345)` and an extension.
const MAX_PART_BYTES: usize = 200;
/// The most digits in `{index:0N}`.
const MAX_DIGITS: usize = 12;
const FIELDS: &str =
    "{stem} {ext} {index} {index:05} {parent} {host} {width} {height} {date} {date:%Y-%m-%d} {hash} {dir} {col:NAME}";
/// The format of a plain `{date}`.
const DATE_FORMAT: &str = "%Y-%m-%d";

/// A checked name template such as `{stem}-{width}x{height}`; `/` in it separates folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Stem,
    Ext,
    /// With at least this many digits.
    Index(usize),
    Parent,
    Host,
    Width,
    Height,
    /// In a strftime format.
    Date(String),
    Hash,
    Dir,
    /// A column of the item's list.
    Column(String),
}

/// The values that fill in a template. Missing ones are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameParts {
    /// The input's name without its extension; empty where a URL has no usable one.
    pub stem: String,
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
    /// Whether a size and a hash that are missing are known later: then names show their fields as they are written.
    pub is_pending: bool,
    /// The folder below the source's root, with `/` between parts.
    pub dir: String,
    /// The columns of the item's list that the template uses, by the names it uses.
    pub columns: HashMap<String, String>,
}

const STRAY_BRACE: Message = Message::new("name_brace");
const UNKNOWN_FIELD: Message = Message::new("name_field");
const EMPTY_NAME: Message = Message::new("name_empty");
const LEADING_SLASH: Message = Message::new("name_leading");
const LAST_SLASH: Message = Message::new("name_last");

impl Template {
    /// Checks a template; the error is a sentence that lists the fields.
    pub fn parse(text: &str) -> Result<Self, Message> {
        let wrong = |sentence: Message| Err(sentence.with("template", text).with("fields", FIELDS));
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (literal, from_brace) = rest.split_at(at);
            if !literal.is_empty() {
                pieces.push(Piece::Literal(literal.to_owned()));
            }
            let Some((field, after)) = from_brace.strip_prefix('{').and_then(|inner| inner.split_once('}')) else {
                return wrong(STRAY_BRACE.with("brace", from_brace.get(..1).unwrap_or_default()));
            };
            match Piece::field(field) {
                Some(piece) => pieces.push(piece),
                None if field.contains('{') => return wrong(STRAY_BRACE.with("brace", "{")),
                None => return wrong(UNKNOWN_FIELD.with("field", field)),
            }
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Literal(rest.to_owned()));
        }
        if pieces.is_empty() {
            return wrong(EMPTY_NAME);
        }
        if text.starts_with('/') {
            return wrong(LEADING_SLASH);
        }
        if text.ends_with('/') {
            return wrong(LAST_SLASH);
        }
        Ok(Self { pieces })
    }

    /// Whether names hold the result's size in px.
    pub fn needs_size(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Width | Piece::Height))
    }

    /// Whether names hold the result's hash.
    pub fn needs_hash(&self) -> bool {
        self.pieces.contains(&Piece::Hash)
    }

    /// Whether names hold the day an image was taken.
    pub fn needs_date(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Date(_)))
    }

    /// The columns of an item's list that names hold.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Column(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// Whether names hold the item's number.
    pub fn has_index(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Index(_)))
    }

    /// Whether the template places results in their folders itself.
    pub fn has_dir(&self) -> bool {
        self.pieces.contains(&Piece::Dir)
    }

    /// The name without its extension, relative, with `/` between folders; every part is safe. A name that is too long loses
    /// the end of its stem, so that a number or a hash after it is kept.
    pub fn render(&self, parts: &NameParts) -> String {
        let path = self.fill(parts);
        let excess = path.rsplit('/').next().unwrap_or_default().len().saturating_sub(MAX_PART_BYTES);
        let path = match parts.stem.len().saturating_sub(excess) {
            keep if excess > 0 && keep > 0 => {
                let stem = parts.stem.get(..parts.stem.floor_char_boundary(keep)).unwrap_or_default().to_owned();
                self.fill(&NameParts { stem, ..parts.clone() })
            }
            _ => path,
        };
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", &path));
        let name = match safe_part(name) {
            name if name.is_empty() => format!("{:05}", parts.index),
            name => name,
        };
        match safe_dir(folders) {
            folders if folders.is_empty() => name,
            folders => format!("{folders}/{name}"),
        }
    }

    fn fill(&self, parts: &NameParts) -> String {
        let mut path = String::new();
        for piece in &self.pieces {
            match piece {
                // Only these two may contain folders.
                Piece::Literal(text) => path.push_str(text),
                Piece::Dir => path.push_str(&parts.dir),
                Piece::Column(_) => {
                    let begins = path.is_empty() || path.ends_with('/');
                    path.push_str(&column_text(&piece.render(parts), begins));
                }
                field => path.push_str(&field.render(parts).replace('/', "_")),
            }
        }
        path
    }
}

impl Piece {
    fn field(name: &str) -> Option<Self> {
        Some(match name {
            "stem" => Self::Stem,
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

    fn render(&self, parts: &NameParts) -> String {
        let missing = |field: &str| if parts.is_pending { field.to_owned() } else { String::new() };
        let number = |value: Option<u32>, field| value.map_or_else(|| missing(field), |value| value.to_string());
        match self {
            Self::Literal(text) => text.clone(),
            Self::Stem if safe_part(&parts.stem).is_empty() => format!("{:05}", parts.index),
            Self::Stem => parts.stem.clone(),
            Self::Ext => parts.ext.clone(),
            Self::Index(digits) => format!("{:0digits$}", parts.index),
            Self::Parent => parts.parent.clone(),
            Self::Host => parts.host.clone(),
            Self::Width => number(parts.width, "{width}"),
            Self::Height => number(parts.height, "{height}"),
            Self::Date(format) => parts.date.and_then(|date| strtime::format(format, date).ok()).unwrap_or_default(),
            Self::Hash if parts.hash.is_empty() => missing("{hash}"),
            Self::Hash => parts.hash.clone(),
            Self::Dir => parts.dir.clone(),
            Self::Column(name) => parts.columns.get(name).cloned().unwrap_or_default(),
        }
    }
}

impl NameParts {
    /// What is known of an item before it is processed. `date_ms` (UTC milliseconds) becomes the day in local time.
    pub fn of(locator: &Locator, index: u64, dir: &str, date_ms: Option<i64>) -> Self {
        let (stem, ext, parent) = match locator {
            Locator::File(path) => {
                let text = |part: Option<&std::ffi::OsStr>| part.map_or_else(String::new, text_encoding::of_name);
                let parent = path.parent().and_then(|parent| parent.file_name());
                (text(path.file_stem()), text(path.extension()), text(parent))
            }
            Locator::Url(url) => url_parts(url),
        };
        Self {
            stem,
            ext,
            index,
            parent,
            host: locator.host().unwrap_or_default(),
            date: date_ms.and_then(local),
            dir: dir.to_owned(),
            ..Self::default()
        }
    }

    /// Sets when the image was taken, as `YYYY-MM-DDTHH:MM:SS`; any other text changes nothing.
    pub fn set_taken(&mut self, moment: &str) {
        if let Ok(date) = moment.parse() {
            self.date = Some(date);
        }
    }
}

/// A column's value without what leads to other folders; one that `begins` a name does not hide its file.
fn column_text(value: &str, begins: bool) -> String {
    let parts = value.split(['/', '\\']).filter(|part| !matches!(part.trim(), "" | "." | ".."));
    let text = parts.collect::<Vec<_>>().join("_");
    if begins { text.trim_start_matches(|c: char| c == '.' || c.is_whitespace()).to_owned() } else { text }
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

/// A relative folder with every part safe; parts that end up empty (such as `..`) are left out.
pub(super) fn safe_dir(dir: &str) -> String {
    dir.split('/').map(safe_part).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
}

/// One part of a path, made safe: no separators or control characters, nothing that Windows refuses or treats as a device,
/// at most [`MAX_PART_BYTES`], never `.` or `..`. The result may be empty.
pub(super) fn safe_part(part: &str) -> String {
    let mut safe: String = part.trim_start().chars().map(|c| if is_unsafe(c) { '_' } else { c }).collect();
    if safe.starts_with(".pixloom-") {
        // Such names belong to temporaries, which are swept.
        safe.replace_range(..1, "_");
    }
    if is_device(&safe) {
        safe.insert(0, '_');
    }
    safe.truncate(safe.floor_char_boundary(MAX_PART_BYTES));
    // Windows drops these silently, so two names would become one.
    safe.truncate(safe.trim_end_matches(|c: char| c == '.' || c.is_whitespace()).len());
    safe
}

fn is_unsafe(c: char) -> bool {
    // U+2028 and U+2029 end lines; the others change the reading direction, so that `gpj.exe` reads as `exe.jpg`.
    c.is_control()
        || matches!(c, '/' | '\\' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || (cfg!(windows) && matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*'))
}

/// Whether Windows treats the name as a device, whatever follows the first dot.
fn is_device(name: &str) -> bool {
    let base = name.split(['.', ':']).next().unwrap_or(name).trim_end().to_ascii_uppercase();
    match base.as_str() {
        "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" => true,
        base => base.strip_prefix("COM").or_else(|| base.strip_prefix("LPT")).is_some_and(|number| {
            let mut digits = number.chars();
            matches!((digits.next(), digits.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
        }),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::super::name_template::*;
    use proptest::prelude::*;
    use std::path::{Component, Path};

    fn parts() -> NameParts {
        NameParts {
            stem: "photo".to_owned(),
            ext: "jpg".to_owned(),
            index: 7,
            parent: "beach".to_owned(),
            host: "h.example".to_owned(),
            width: Some(640),
            height: Some(480),
            date: Some(jiff::civil::date(2026, 5, 1).at(12, 34, 56, 0)),
            hash: "ab12".to_owned(),
            is_pending: false,
            dir: "2026/beach".to_owned(),
            columns: HashMap::from([("상품 id".to_owned(), "a/../7\n".to_owned())]),
        }
    }

    #[test]
    fn fields_that_only_the_work_will_tell_are_shown_as_they_are_written() {
        let parts = NameParts { width: None, hash: String::new(), is_pending: true, ..parts() };
        let render = |template: &str| Template::parse(template).unwrap().render(&parts);
        assert_eq!(render("{width}x{height}/{hash}-{stem}"), "{width}x480/{hash}-photo");
    }

    #[test]
    fn fields_are_filled_in() {
        for (template, name) in [
            ("{stem}", "photo"),
            ("{stem}-{width}x{height}", "photo-640x480"),
            ("{index}_{index:05}", "7_00007"),
            ("{parent} {host} {date} {hash}.{ext}", "beach h.example 2026-05-01 ab12.jpg"),
            ("{date:%Y%m%d_%H%M%S}", "20260501_123456"),
            ("{date:%Y}/{date:%m/%d}", "2026/05_01"),
            ("{dir}/{stem}", "2026/beach/photo"),
            ("small/{stem}", "small/photo"),
            ("{col:상품 id}-{stem}", "a_7_-photo"),
            ("{col:none}{stem}", "photo"),
            ("이미지 {index:03}", "이미지 007"),
        ] {
            assert_eq!(Template::parse(template).unwrap().render(&parts()), name, "{template}");
        }
    }

    #[test]
    fn an_invalid_template_is_refused_with_the_list_of_fields() {
        for (template, named) in [
            ("{name}", "{name}"),
            ("{stem", "\"{\""),
            ("stem}", "\"}\""),
            ("{ste{m}", "\"{\""),
            ("{}", "{}"),
            ("{col:}", "{col:}"),
            ("{index:5}", "{index:5}"),
            ("{index:0}", "{index:0}"),
            ("{date:}", "{date:}"),
            ("{date:%Q}", "{date:%Q}"),
            ("{date:%z}", "{date:%z}"),
            ("{index:099}", "{index:099}"),
            ("{index:0+5}", "{index:0+5}"),
            ("", "is empty"),
            ("/etc/{stem}", "must not start"),
            ("{stem}/", "last"),
        ] {
            let error = Template::parse(template).unwrap_err().to_string();
            assert!(error.contains(named) && error.contains("{index:05}"), "{template}: {error}");
        }
    }

    #[test]
    fn only_size_and_hash_depend_on_the_result() {
        for (template, needs) in [("{stem}", false), ("{dir}/{index}", false), ("{width}", true), ("{hash}", true)] {
            let template = Template::parse(template).unwrap();
            assert_eq!(template.needs_size() || template.needs_hash(), needs, "{template:?}");
        }
    }

    #[test]
    fn hostile_stems_become_plain_names() {
        let render = |stem: &str| {
            Template::parse("{stem}").unwrap().render(&NameParts {
                stem: stem.to_owned(),
                index: 3,
                ..Default::default()
            })
        };
        let long = "한".repeat(100);
        for (stem, name) in [
            ("", "00003"),
            ("..", "00003"),
            (" . ", "00003"),
            ("../../etc/passwd", ".._.._etc_passwd"),
            ("/etc/passwd", "_etc_passwd"),
            (r"..\..\boot", r".._.._boot"),
            ("a\nb\0c\u{202e}gpj", "a_b_c_gpj"),
            ("CON", "_CON"),
            ("aux.tar", "_aux.tar"),
            ("com1", "_com1"),
            ("LPT¹", "_LPT¹"),
            ("console", "console"),
            ("com10", "com10"),
            ("name. . .", "name"),
            (".pixloom-1-1-x", "_pixloom-1-1-x"),
            (".hidden", ".hidden"),
            (&long, &"한".repeat(66)),
        ] {
            assert_eq!(render(stem), name, "{stem:?}");
        }
    }

    #[test]
    fn a_column_never_hides_a_file_or_leaves_its_folder() {
        for (template, value, name) in [
            ("{col:sku}", "../../x", "x"),
            ("{col:sku}", r"..\..\x", "x"),
            ("{col:sku}", "/etc/passwd", "etc_passwd"),
            ("{col:sku}", ".htaccess", "htaccess"),
            ("{col:sku}", " ..x", "x"),
            ("{col:sku}", "..", "00007"),
            ("new/{col:sku}", ".x", "new/x"),
            ("{col:sku}/{stem}", ".git", "git/photo"),
            ("{stem}{col:sku}", ".v2", "photo.v2"),
            ("{col:sku}", "a/b", "a_b"),
        ] {
            let columns = HashMap::from([("sku".to_owned(), value.to_owned())]);
            let parts = NameParts { columns, ..parts() };
            assert_eq!(Template::parse(template).unwrap().render(&parts), name, "{template} {value}");
        }
    }

    #[test]
    fn a_long_stem_loses_its_own_end_and_nothing_after_it() {
        let parts = NameParts { stem: "한".repeat(90), index: 7, ..NameParts::default() };
        let name = Template::parse("{stem}-{index:05}").unwrap().render(&parts);
        assert_eq!(name, format!("{}-00007", "한".repeat(64)));
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
            let parts = NameParts::of(&Locator::Url(url.to_owned()), 1, "", None);
            assert_eq!((parts.stem.as_str(), parts.ext.as_str(), parts.parent.as_str()), (stem, ext, parent), "{url}");
        }
        let parts =
            NameParts::of(&Locator::File("/a/b c/IMG.1.jpg".into()), 2, "x", Some(1_767_225_600_000 + 43_200_000));
        assert_eq!((parts.stem.as_str(), parts.ext.as_str(), parts.parent.as_str()), ("IMG.1", "jpg", "b c"));
        assert!(parts.date.is_some_and(|date| date.to_string().starts_with("2026-01-0")), "{:?}", parts.date);
        let mut parts = parts;
        parts.set_taken("no moment");
        assert!(parts.date.is_some());
        parts.set_taken("2025-12-24T18:00:00");
        assert_eq!(Template::parse("{date}").unwrap().render(&parts), "2025-12-24");
    }

    proptest! {
        #[test]
        fn no_name_leaves_the_output_folder(
            stem in any::<String>(), ext in any::<String>(), parent in any::<String>(), dir in any::<String>(),
            host in "[./\\\\:a\u{0}]{0,12}", index in any::<u64>(),
            template in prop::sample::select(vec![
                "{stem}", "{dir}/{stem}", "{parent}/{stem}", "{stem}.{ext}", "x/../{stem}", "{host}{ext}", "a//{dir}{stem}",
            ]),
        ) {
            let parts = NameParts { stem, ext, index, parent, host, dir, ..NameParts::default() };
            let name = Template::parse(template).unwrap().render(&parts);
            prop_assert!(!name.is_empty());
            for component in Path::new(&name).components() {
                let Component::Normal(part) = component else { return Err(TestCaseError::fail(name)); };
                let part = part.to_str().unwrap();
                prop_assert!(part.len() <= MAX_PART_BYTES && !part.ends_with(['.', ' ']) && !is_device(part), "{:?}", part);
                prop_assert!(!part.chars().any(|c| c.is_control() || c == '\\'), "{:?}", part);
            }
            prop_assert!(!name.starts_with('/') && !name.contains("//"), "{:?}", name);
        }

        #[test]
        fn no_template_panics(text in any::<String>(), braces in "[{}a-z:0-9/]{0,20}") {
            for text in [text, braces] {
                if let Ok(template) = Template::parse(&text) {
                    template.render(&NameParts::default());
                }
            }
        }
    }
}
