//! The columns of a list, and which of them holds the links.

use super::cells;
use crate::model::{ListSpec, Locator, Message, columns};

/// The column of links, unless the user names another one or another one is the only one that holds links.
pub(in crate::source) const URL: &str = "url";
/// The column of a list without columns, whose rows are items.
pub const VALUE: &str = "value";
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
            let checksum = lists.checksum_column.as_deref().filter(|_| message.id() != "list_several");
            let checksum = checksum.filter(|checksum| find(&header.columns, checksum).is_none());
            let lacks_url = lists.url_column.as_deref().is_some_and(|url| named(&header.columns, url).is_none());
            (checksum.filter(|_| !lacks_url).unwrap_or(url).to_owned(), message)
        });
        Self { header, missing }
    }
}

/// The columns of a list's first rows, and which of them hold links.
#[derive(Clone, Debug, Default)]
pub(super) struct Survey {
    names: Vec<String>,
    /// Numbers of values that are links, and of others.
    values: Vec<(usize, usize)>,
}

impl Survey {
    /// Columns by their names.
    pub(super) fn new(names: Vec<String>) -> Self {
        Self { values: vec![(0, 0); names.len()], names }
    }

    /// Number of columns.
    pub(super) const fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are no columns.
    pub(super) const fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    pub(super) fn into_names(self) -> Vec<String> {
        self.names
    }

    /// Notes a value of a column and whether it is a link; `None` for an empty one.
    pub(super) fn note(&mut self, name: &str, is_link: Option<bool>) {
        let at = self.names.iter().position(|own| own == name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.values.push((0, 0));
            self.names.len() - 1
        });
        self.note_at(at, is_link);
    }

    /// The same for a column by its index.
    pub(super) fn note_at(&mut self, at: usize, is_link: Option<bool>) {
        match (self.values.get_mut(at), is_link) {
            (Some((links, _)), Some(true)) => *links += 1,
            (Some((_, others)), Some(false)) => *others += 1,
            _ => {}
        }
    }

    /// The columns that hold links.
    pub(super) fn with_links(&self) -> Vec<&str> {
        let columns = self.names.iter().zip(&self.values);
        columns.filter(|(_, (links, others))| *links > 0 && links >= others).map(|(name, _)| name.as_str()).collect()
    }

    /// The column of links: the one that the user names, else the only one that holds links, else `url`. The error lists
    /// the columns if it or the column of checksums is missing.
    pub(super) fn choose(&self, lists: &ListSpec) -> Result<String, Message> {
        let lacks = if self.names.len() == 1 { LACKS_AND_HAS_ONE } else { LACKS };
        self.choose_of(lists, lacks)
    }

    /// The same with another message for a missing column.
    pub(super) fn choose_of(&self, lists: &ListSpec, lacks: Message) -> Result<String, Message> {
        let names = &self.names;
        if lists.takes_rows {
            return Ok(String::new());
        }
        let url = match (&lists.url_column, self.with_links().as_slice()) {
            (Some(wanted), _) => {
                named(names, wanted).ok_or_else(|| missing(lacks.clone(), names, wanted, "--url-column"))?
            }
            (None, [only]) => (*only).to_owned(),
            (None, several) => match find(names, URL).and_then(|at| names.get(at)) {
                Some(url) => url.clone(),
                None if several.is_empty() => return Err(missing(lacks, names, URL, "--url-column")),
                None => return Err(Message::new("list_several").with("columns", several.join(", "))),
            },
        };
        match &lists.checksum_column {
            Some(wanted) if find(names, wanted).is_none() => Err(missing(lacks, names, wanted, "--checksum-column")),
            _ => Ok(url),
        }
    }
}

/// The column of this name. A path into a list of objects is taken as it is, if the list is there.
fn named(names: &[String], wanted: &str) -> Option<String> {
    if let Some(name) = find(names, wanted).and_then(|at| names.get(at)) {
        return Some(name.clone());
    }
    let mut heads = wanted.rmatch_indices('.').filter_map(|(at, _)| wanted.get(..at));
    heads.any(|head| find(names, head).is_some()).then(|| wanted.to_owned())
}

/// Whether a text begins with a link, perhaps in quotes or brackets.
pub(in crate::source) fn is_link(text: &str) -> bool {
    Locator::is_url(text.trim_start_matches(|c: char| cells::is_blank(c) || "\"'`<[({".contains(c)))
}

/// The column of exactly this name, else the first one whose name differs only in case.
pub(in crate::source) fn find(names: &[String], wanted: &str) -> Option<usize> {
    let exact = names.iter().position(|name| name == wanted);
    exact.or_else(|| names.iter().position(|name| columns::is_same_name(name, wanted)))
}

/// A requested column is missing.
const LACKS: Message = Message::new("list_lacks");
/// The same for a list with a single column.
const LACKS_AND_HAS_ONE: Message = Message::new("list_lacks_has_one");
/// The same for a list whose first line is not a header.
pub(super) const NO_HEADER: Message = Message::new("list_no_header");

/// The message for a column that the result of a query lacks.
pub(in crate::source) fn missing_in_query(names: &[String], wanted: &str, option: &str) -> Message {
    missing(Message::new("query_lacks"), names, wanted, option)
}

fn missing(lacks: Message, names: &[String], wanted: &str, option: &str) -> Message {
    let mut shown = names.iter().take(MAX_COLUMNS_SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > MAX_COLUMNS_SHOWN {
        shown.push_str(", ...");
    }
    let shown: String = shown.chars().filter(|c| !c.is_control()).take(1000).collect();
    lacks.with("column", wanted).with("columns", shown).with("option", option)
}
