//! The columns of a list, and which of them holds the links.

use crate::model::{ListSpec, Message, columns};

/// The column of links, unless the user names another one.
pub(super) const URL: &str = "url";
/// Columns that a message lists.
const MAX_COLUMNS_SHOWN: usize = 40;

/// What is known of a list's columns before it is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Their names; empty for plain text.
    pub columns: Vec<String>,
    /// Whether there are no others: in JSON lines, each line may have its own.
    pub is_complete: bool,
}

impl Header {
    /// The header of a source without columns.
    pub const fn none() -> Self {
        Self { columns: Vec::new(), is_complete: true }
    }

    /// Whether items of the list can have a column of this name.
    pub fn may_have(&self, name: &str) -> bool {
        !self.is_complete || self.columns.iter().any(|column| columns::is_same_name(column, name))
    }
}

/// The columns of a list, and what is wrong with the requested ones.
pub(in crate::source) struct HeaderCheck {
    pub(in crate::source) header: Header,
    /// The requested column that is missing, and the message that says so.
    pub(in crate::source) missing: Option<(String, Message)>,
}

impl HeaderCheck {
    /// For a list without columns.
    pub(super) fn without_columns() -> Self {
        Self { header: Header::none(), missing: None }
    }

    /// For a list whose column of links is chosen by `choose`.
    pub(super) fn of<T>(header: Header, lists: &ListSpec, chosen: Result<T, Message>) -> Self {
        let missing = chosen.err().map(|message| {
            let url = lists.url_column.as_deref().unwrap_or(URL);
            let has_url = find(&header.columns, url).is_some();
            let checksum = lists.checksum_column.as_deref().filter(|_| has_url);
            (checksum.unwrap_or(url).to_owned(), message)
        });
        Self { header, missing }
    }
}

/// The index of the column of links; an error that lists the columns if this one or the one of checksums is missing.
pub(super) fn choose(names: &[String], lists: &ListSpec) -> Result<usize, Message> {
    choose_of(names, lists, if names.len() == 1 { LACKS_AND_HAS_ONE } else { LACKS })
}

/// The same with another message for a missing column.
pub(super) fn choose_of(names: &[String], lists: &ListSpec, lacks: Message) -> Result<usize, Message> {
    let wanted = lists.url_column.as_deref().unwrap_or(URL);
    let Some(url) = find(names, wanted) else { return Err(missing(lacks, names, wanted, "--url-column")) };
    match &lists.checksum_column {
        Some(wanted) if find(names, wanted).is_none() => Err(missing(lacks, names, wanted, "--checksum-column")),
        _ => Ok(url),
    }
}

/// The column of exactly this name, else the first one whose name differs only in case.
pub(super) fn find(names: &[String], wanted: &str) -> Option<usize> {
    let exact = names.iter().position(|name| name == wanted);
    exact.or_else(|| names.iter().position(|name| columns::is_same_name(name, wanted)))
}

/// A requested column is missing.
const LACKS: Message = Message::new("list_lacks");
/// The same for a list with a single column.
const LACKS_AND_HAS_ONE: Message = Message::new("list_lacks_has_one");
/// The same for a list whose first line is not a header.
pub(super) const NO_HEADER: Message = Message::new("list_no_header");

fn missing(lacks: Message, names: &[String], wanted: &str, option: &str) -> Message {
    let mut shown = names.iter().take(MAX_COLUMNS_SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > MAX_COLUMNS_SHOWN {
        shown.push_str(", ...");
    }
    let shown: String = shown.chars().filter(|c| !c.is_control()).take(1000).collect();
    lacks.with("column", wanted).with("columns", shown).with("option", option)
}
