//! Where items come from: files, folders, single links, lists of links.
//!
//! A source only finds and names items, one after the other; it opens no picture and no connection, and holds at most
//! one folder's names in memory.

mod files;
mod folder;
mod lists;
mod natural_order;
mod pasted_text;
mod stdin;

use std::fs::File;
use std::io::BufReader;
use std::ops::ControlFlow;

use crate::error::JobError;
use crate::model::{ListSpec, Message, NewItem, Origin, Remark, SourceSpec, locator};

pub use folder::is_picture_name;
pub use lists::{Header, columns as list_columns, header as list_header, is_list_name};
pub use pasted_text::{Links, links};

/// Bytes of standard input read at once.
const STDIN_BYTES: usize = 64 << 10;

/// What a source came upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// An item; one that can't even be begun carries its error.
    Item(NewItem),
    /// Something could not be read; the job goes on.
    Failed(JobError),
    /// What was left out on purpose.
    Remark(Remark),
}

/// How sources are read.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// How lists with columns are read.
    pub lists: &'a ListSpec,
    /// Says whether to give up.
    pub cancelled: &'a dyn Fn() -> bool,
    /// Fetches the list at a URL into a file, or says why not.
    pub fetch: &'a dyn Fn(&str) -> Result<File, JobError>,
}

impl Default for Reading<'_> {
    /// As nothing asks otherwise; no list is fetched.
    fn default() -> Self {
        const PLAIN: &ListSpec = &ListSpec { url_column: None, checksum_column: None };
        Self { lists: PLAIN, cancelled: &|| false, fetch: &|url| Err(not_fetched(url)) }
    }
}

fn not_fetched(url: &str) -> JobError {
    JobError::Machine(Message::new("list_not_fetched", "The list {list} was not fetched.").with("list", url))
}

/// Gives everything a source holds, in order. Ends with `Break` when it was cancelled or `give` broke it off.
pub fn read(
    spec: &SourceSpec,
    reading: &Reading<'_>,
    give: &mut dyn FnMut(Found) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let cancelled = reading.cancelled;
    if cancelled() {
        return ControlFlow::Break(());
    }
    match spec {
        SourceSpec::File { path } => give(Found::Item(files::named(path))),
        SourceSpec::Folder { path, recursive } => folder::read(path, *recursive, cancelled, give),
        SourceSpec::Url { url } => give(Found::Item(lists::link(url, ""))),
        SourceSpec::UrlList { path } => lists::read_path(path, reading, give),
        SourceSpec::FetchedList { url, .. } => {
            let name = locator::shown_url(url);
            match (reading.fetch)(url) {
                Ok(file) => {
                    let path = url.split(['?', '#']).next().unwrap_or_default();
                    lists::read_file(file, &name, path, Origin::Fetched, reading, give)
                }
                Err(_) if cancelled() => ControlFlow::Break(()),
                Err(error) => give(Found::Failed(error)),
            }
        }
        SourceSpec::Stdin => {
            let stdin = BufReader::with_capacity(STDIN_BYTES, stdin::Stdin::new(cancelled));
            lists::read_stream(stdin, "standard input", None, Origin::User, reading, give)
        }
    }
}
