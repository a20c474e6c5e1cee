//! Names of results: a template, filled in and made safe for every file system.
//!
//! A rendered name stays below the output folder, whatever is in a stem, a host or a header.

use crate::model::fields::{self, Field, FieldFault, FieldText, Piece};
use crate::model::{FieldValues, Message};

/// The most bytes in one part of a path: 255, less space for ` (12345)` and an extension.
const MAX_PART_BYTES: usize = 200;

/// A checked name template such as `{stem}-{width}x{height}`; `/` in it separates folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    text: FieldText,
}

const STRAY_BRACE: Message = Message::new("name_brace");
const UNKNOWN_FIELD: Message = Message::new("name_field");
const NEAR_FIELD: Message = Message::new("name_field_near");
const EMPTY_NAME: Message = Message::new("name_empty");
const LEADING_SLASH: Message = Message::new("name_leading");
const LAST_SLASH: Message = Message::new("name_last");

impl Template {
    /// Checks a template; the error is a sentence that lists the fields.
    pub fn parse(text: &str) -> Result<Self, Message> {
        let wrong = |sentence: Message| sentence.with("template", text).with("fields", fields::listed(|_| true));
        let parsed = FieldText::parse(text).map_err(|fault| {
            wrong(match fault {
                FieldFault::Brace(brace) => STRAY_BRACE.with("brace", brace),
                FieldFault::Unknown(field, Some(near)) => NEAR_FIELD.with("field", field).with("near", near),
                FieldFault::Unknown(field, None) | FieldFault::Late(field) => UNKNOWN_FIELD.with("field", field),
            })
        })?;
        if parsed.pieces().is_empty() {
            return Err(wrong(EMPTY_NAME));
        }
        if text.starts_with('/') {
            return Err(wrong(LEADING_SLASH));
        }
        if text.ends_with('/') {
            return Err(wrong(LAST_SLASH));
        }
        Ok(Self { text: parsed })
    }

    fn has(&self, is_it: impl Fn(&Field) -> bool) -> bool {
        self.text.fields().any(is_it)
    }

    /// Whether names hold the result's size in px.
    pub fn needs_size(&self) -> bool {
        self.has(|field| matches!(field, Field::Width | Field::Height))
    }

    /// Whether names hold the result's hash.
    pub fn needs_hash(&self) -> bool {
        self.has(|field| *field == Field::Hash)
    }

    /// Whether names hold the day an image was taken.
    pub fn needs_date(&self) -> bool {
        self.text.has_date()
    }

    /// The columns of an item's list that names hold.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.text.columns()
    }

    /// Whether names hold the item's number.
    pub fn has_index(&self) -> bool {
        self.text.has_index()
    }

    /// Whether the template places results in their folders itself.
    pub fn has_dir(&self) -> bool {
        self.has(|field| *field == Field::Dir)
    }

    /// The name without its extension, relative, with `/` between folders; every part is safe. A name that is too long loses
    /// the end of its stem, so that a number or a hash after it is kept.
    ///
    /// The stem of a document's page ends with its number, unless the template has a place for that.
    pub fn render(&self, parts: &FieldValues) -> String {
        let path = self.fill(parts);
        let excess = path.rsplit('/').next().unwrap_or_default().len().saturating_sub(MAX_PART_BYTES);
        let path = match parts.stem.len().saturating_sub(excess) {
            keep if excess > 0 && keep > 0 => {
                let stem = parts.stem.get(..parts.stem.floor_char_boundary(keep)).unwrap_or_default().to_owned();
                self.fill(&FieldValues { stem, ..parts.clone() })
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

    fn fill(&self, parts: &FieldValues) -> String {
        let mut path = String::new();
        for piece in self.text.pieces() {
            match piece {
                // Only these two may contain folders.
                Piece::Literal(text) => path.push_str(text),
                Piece::Field(Field::Dir) => path.push_str(&parts.dir),
                Piece::Field(Field::Stem) if safe_part(&parts.stem).is_empty() => {
                    path.push_str(&Field::Index(5).value(parts));
                }
                Piece::Field(field @ Field::Column(_)) => {
                    let begins = path.is_empty() || path.ends_with('/');
                    path.push_str(&column_text(&field.value(parts), begins));
                }
                Piece::Field(field) => path.push_str(&field.value(parts).replace('/', "_")),
            }
            if *piece == Piece::Field(Field::Stem) && !parts.page.is_empty() && !self.has(|field| *field == Field::Page)
            {
                path.push('-');
                path.push_str(&parts.page);
            }
        }
        path
    }
}

/// A column's value without what leads to other folders; one that `begins` a name does not hide its file.
fn column_text(value: &str, begins: bool) -> String {
    let parts = value.split(['/', '\\']).filter(|part| !matches!(part.trim(), "" | "." | ".."));
    let text = parts.collect::<Vec<_>>().join("_");
    if begins { text.trim_start_matches(|c: char| c == '.' || c.is_whitespace()).to_owned() } else { text }
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
    use std::collections::HashMap;
    use std::path::{Component, Path};

    fn parts() -> FieldValues {
        FieldValues {
            page: String::new(),
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
        let parts = FieldValues { width: None, hash: String::new(), is_pending: true, ..parts() };
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
            Template::parse("{stem}").unwrap().render(&FieldValues {
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
            let parts = FieldValues { columns, ..parts() };
            assert_eq!(Template::parse(template).unwrap().render(&parts), name, "{template} {value}");
        }
    }

    #[test]
    fn a_long_stem_loses_its_own_end_and_nothing_after_it() {
        let parts = FieldValues { stem: "한".repeat(90), index: 7, ..FieldValues::default() };
        let name = Template::parse("{stem}-{index:05}").unwrap().render(&parts);
        assert_eq!(name, format!("{}-00007", "한".repeat(64)));
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
            let parts = FieldValues { stem, ext, index, parent, host, dir, ..FieldValues::default() };
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
                    template.render(&FieldValues::default());
                }
            }
        }
    }
}
