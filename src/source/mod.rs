//! Where items come from: files, folders, single links, lists of links.
//!
//! A source only finds and names items, one after the other; it opens no picture and no connection, and holds at most
//! one folder's names in memory.

mod files;
mod folders;
mod links;
mod lists;
mod order;
mod stdin;

use std::io::BufReader;
use std::ops::ControlFlow;

use crate::model::{NewItem, Remark, SourceSpec};

pub use folders::is_picture_name;
pub use links::{Links, links};

/// Bytes of standard input read at once.
const STDIN_BYTES: usize = 64 << 10;

/// What a source came upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// An item; one that can't even be begun carries its error.
    Item(NewItem),
    /// An English sentence about something that could not be read; the job goes on.
    Trouble(String),
    /// What was left out on purpose.
    Remark(Remark),
}

/// Gives everything a source holds, in order. Ends with `Break` when it was cancelled or `give` broke it off.
pub fn read(
    spec: &SourceSpec,
    cancelled: &dyn Fn() -> bool,
    give: &mut dyn FnMut(Found) -> ControlFlow<()>,
) -> ControlFlow<()> {
    if cancelled() {
        return ControlFlow::Break(());
    }
    match spec {
        SourceSpec::File { path } => give(Found::Item(files::named(path))),
        SourceSpec::Folder { path, recursive } => folders::read(path, *recursive, cancelled, give),
        SourceSpec::Url { url } => give(Found::Item(lists::link(url, ""))),
        SourceSpec::UrlList { path } => lists::read_file(path, cancelled, give),
        SourceSpec::FetchedList { .. } => ControlFlow::Continue(()),
        SourceSpec::Stdin => {
            let stdin = BufReader::with_capacity(STDIN_BYTES, stdin::Stdin::new(cancelled));
            lists::read_lines(stdin, "standard input", cancelled, give)
        }
    }
}
