//! A list of links in a file.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::kind::{Argument, Columns, Give, Reading, Repeat, SourceArguments, SourceKind};
use super::{files, lists};
use crate::model::{ListSpec, Locator, Message, SourceSpec};
use crate::store::{self, EntryKind};

pub(super) static KIND: SourceKind = SourceKind {
    list_argument: Some(Argument { help: "a file", parse: |argument, _| list_argument(Path::new(argument)) }),
    arguments_of: |source| Some(SourceArguments::of_option("--urls", source)),
    from_path: Some(|path| lists::is_list_name(path).then(|| url_list(path))),
    is_list: true,
    repeat: Repeat::SameRows,
    columns,
    results_beside: files::folder_of_first_path,
    own_file: |source| source.first_path().map(Path::to_path_buf),
    ..SourceKind::new("url_list", read)
};

/// A list of links in a file.
pub fn url_list(path: impl Into<PathBuf>) -> SourceSpec {
    SourceSpec::new(KIND.id, vec![Locator::File(path.into())])
}

fn list_argument(path: &Path) -> Result<Option<SourceSpec>, Message> {
    const FOLDER: Message = Message::new("list_folder");
    const MISSING: Message = Message::new("list_none");
    if path.as_os_str().is_empty() {
        return Err("list_unnamed".into());
    }
    match store::kind_at(path) {
        Some(EntryKind::Folder) => Err(FOLDER.with("list", path.display())),
        None => Err(MISSING.with("list", path.display())),
        // A pipe is a list too.
        Some(EntryKind::File | EntryKind::Other) => {
            Ok(Some(url_list(std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()))))
        }
    }
}

fn read(source: &SourceSpec, reading: &Reading<'_>, give: Give<'_>) -> ControlFlow<()> {
    match source.first_path() {
        Some(path) => lists::read_path(path, reading, give),
        None => ControlFlow::Continue(()),
    }
}

fn columns(source: &SourceSpec, lists: &ListSpec) -> Columns {
    let Some(path) = source.first_path() else { return Columns::Unknown };
    let (header, missing) = match lists::columns(path, lists) {
        Some((header, missing)) => (Some(header), missing),
        None => (None, None),
    };
    Columns::File { path: path.to_path_buf(), header, missing }
}
