//! The columns of a list, and which of them holds the links.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use super::format::{self, ListFormat};
use super::{BUFFER_BYTES, Opened, delimited, json_lines, parquet};
use crate::model::{ListSpec, Message, columns};
use crate::source::Reading;

/// The column of links, unless another one is asked for.
pub(super) const URL: &str = "url";
/// Columns that a sentence names.
const SHOWN_COLUMNS: usize = 40;

/// What is known of a list's columns before it is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Their names; none for a plain text.
    pub columns: Vec<String>,
    /// Whether there can be no others: JSON lines may each have their own.
    pub is_complete: bool,
}

impl Header {
    /// That of what has no columns.
    pub const fn none() -> Self {
        Self { columns: Vec::new(), is_complete: true }
    }

    /// Whether items of the list can have a column of this name.
    pub fn may_have(&self, name: &str) -> bool {
        !self.is_complete || self.columns.iter().any(|column| columns::is_same_name(column, name))
    }
}

/// The columns of a list in a file, by its first record. `None` if it can't be read, which reading it will tell; an error
/// if the columns asked for are not among them.
pub fn header(path: &Path, lists: &ListSpec) -> Result<Option<Header>, Message> {
    match look(path, lists) {
        Some((_, Err(error))) => Err(error.with("list", path.display())),
        Some((header, Ok(()))) => Ok(Some(header)),
        None => Ok(None),
    }
}

/// The columns of a list in a file, and which of those asked for is not among them. `None` if it can't be read.
pub fn columns(path: &Path, lists: &ListSpec) -> Option<(Header, Option<String>)> {
    let (header, asked) = look(path, lists)?;
    let missing = asked.err().map(|_| {
        let url = lists.url_column.as_deref().unwrap_or(URL);
        let is_url = find(&header.columns, url).is_none();
        let checksum = lists.checksum_column.as_deref().filter(|_| !is_url);
        checksum.unwrap_or(url).to_owned()
    });
    Some((header, missing))
}

/// The columns of a list, and what is wrong with those asked for.
pub(super) type HeaderCheck = (Header, Result<(), Message>);

fn look(path: &Path, lists: &ListSpec) -> Option<HeaderCheck> {
    let name = path.display().to_string();
    let mut file = File::open(path).ok()?;
    match format::is_parquet(&mut file) {
        Ok(true) => return parquet::header(file, lists),
        // What is no regular file can be read only once.
        Ok(false) if file.metadata().is_ok_and(|metadata| metadata.is_file()) => {}
        _ => return None,
    }
    let reading = Reading { lists, ..Reading::default() };
    let reader = BufReader::with_capacity(BUFFER_BYTES, file);
    let (form, mut reader) = match super::open(reader, ListFormat::of_name(&name), &reading).ok()? {
        Opened::Stream(form, reader) => (form, reader),
        Opened::Parquet(file) => return parquet::header(file, lists),
        Opened::Other(_) | Opened::Cancelled => return None,
    };
    match form {
        ListFormat::Text => Some((Header::none(), Ok(()))),
        ListFormat::Delimited(delimiter) => delimited::header(&mut reader, delimiter, lists),
        ListFormat::JsonLines => json_lines::header(&mut reader, lists),
    }
}

/// The place of the column of links; an error that names the columns there are, if that or the one of checksums is
/// missing.
pub(super) fn choose(names: &[String], lists: &ListSpec) -> Result<usize, Message> {
    choose_of(names, lists, if names.len() == 1 { LACKS_AND_HAS_ONE } else { LACKS })
}

/// The same with other words for a missing column.
pub(super) fn choose_of(names: &[String], lists: &ListSpec, lacks: Message) -> Result<usize, Message> {
    let wanted = lists.url_column.as_deref().unwrap_or(URL);
    let Some(url) = find(names, wanted) else { return Err(missing(lacks, names, wanted, "--url-column")) };
    match &lists.checksum_column {
        Some(wanted) if find(names, wanted).is_none() => Err(missing(lacks, names, wanted, "--checksum-column")),
        _ => Ok(url),
    }
}

/// The column of exactly this name, else the first whose name differs in nothing but case.
pub(super) fn find(names: &[String], wanted: &str) -> Option<usize> {
    let exact = names.iter().position(|name| name == wanted);
    exact.or_else(|| names.iter().position(|name| columns::is_same_name(name, wanted)))
}

/// A list has not the column that it is to be read by.
const LACKS: Message = Message::new(
    "list_lacks",
    "Couldn't read the list {list}: it has no column \"{column}\"; its columns are {columns}. Name the right one with \
     {option}.",
);
/// The same for one with a single column.
const LACKS_AND_HAS_ONE: Message = Message::new(
    "list_lacks_has_one",
    "Couldn't read the list {list}: it has no column \"{column}\"; its only column is {columns}. Name the right one with \
     {option}.",
);
/// The same for one whose first line is no header.
pub(super) const NO_HEADER: Message = Message::new(
    "list_no_header",
    "Couldn't read the list {list}: its first line holds a link, so it has no header: it has no column \"{column}\"; its \
     columns are {columns}. Name the right one with {option}.",
);

fn missing(lacks: Message, names: &[String], wanted: &str, option: &str) -> Message {
    let mut shown = names.iter().take(SHOWN_COLUMNS).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN_COLUMNS {
        shown.push_str(", ...");
    }
    let shown: String = shown.chars().filter(|c| !c.is_control()).take(1000).collect();
    lacks.with("column", wanted).with("columns", shown).with("option", option)
}
