//! Files that the user named. Any number of them is one source.

use std::ffi::OsStr;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::kind::{Argument, Dialog, Found, Give, MenuEntry, Reading, SourceArguments, SourceKind};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Locator, NewItem, SourceSpec, locator};
use crate::store::{self, EntryKind, Head};

pub(super) static KIND: SourceKind = SourceKind {
    argument: Some(Argument {
        help: "files",
        parse: |argument, _| Ok((!is_url(argument)).then(|| files([PathBuf::from(argument)]))),
    }),
    arguments_of: |source| Some(SourceArguments::of_inputs(source)),
    from_path: Some(|path| Some(files([path.to_path_buf()]))),
    menu: Some(MenuEntry { label: "Add images…", dialog: Dialog::Files }),
    takes_many_inputs: true,
    results_beside: folder_of_first_path,
    may_give: |source, path| {
        let path = entry_path(path);
        let mut folders = FolderPaths::default();
        source.inputs.iter().filter_map(Locator::path).any(|input| folders.entry_path(input) == path).into()
    },
    ..SourceKind::new("files", read)
};

/// Files by their paths. One that can't be read is reported as a failed item.
pub fn files(paths: impl IntoIterator<Item = PathBuf>) -> SourceSpec {
    SourceSpec::new(KIND.id, paths.into_iter().map(|path| Locator::File(absolute(path))).collect())
}

/// The path from the root, which stays valid if the job is resumed in another current folder.
pub(super) fn absolute(path: PathBuf) -> PathBuf {
    if path.is_absolute() { path } else { std::path::absolute(&path).unwrap_or(path) }
}

fn is_url(argument: &OsStr) -> bool {
    argument.to_str().is_some_and(Locator::is_url)
}

/// The folder that holds a source's first path; for a bare name that is the current folder.
pub(super) fn folder_of_first_path(source: &SourceSpec) -> Option<PathBuf> {
    let path = source.first_path()?;
    if locator::is_stdin(path) {
        return std::env::current_dir().ok();
    }
    path.parent().map(|folder| Path::new(".").join(folder))
}

fn read(source: &SourceSpec, reading: &Reading<'_>, give: Give<'_>) -> ControlFlow<()> {
    let mut folders = FolderPaths::default();
    for input in source.inputs.iter().skip(usize::try_from(reading.first_item).unwrap_or(usize::MAX)) {
        if (reading.cancelled)() {
            return ControlFlow::Break(());
        }
        if let Locator::File(path) = input {
            give(Found::Item(named(path, &mut folders)))?;
        }
    }
    ControlFlow::Continue(())
}

/// A named file; one that is missing or unreadable carries its error.
pub(super) fn named(path: &Path, folders: &mut FolderPaths) -> NewItem {
    let path = folders.entry_path(path);
    let (store, locator) = (store::of_path(&path), Locator::File(path));
    let head = store.head(&locator);
    let mut item = item(locator, String::new(), head.as_ref());
    if item.error.is_none() {
        item.error = store.open(&item.locator).err().map(|error| store::read_error(&item.locator, &error));
    }
    item
}

/// Resolves the folders of paths. Neighbouring files are mostly in one folder, which is resolved once.
#[derive(Default)]
pub(super) struct FolderPaths {
    last: Option<(PathBuf, PathBuf)>,
}

impl FolderPaths {
    /// The same as [`entry_path`].
    pub(super) fn entry_path(&mut self, path: &Path) -> PathBuf {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let (Some(folder), Some(name)) = (absolute.parent(), absolute.file_name()) else { return entry_path(path) };
        match &self.last {
            Some((last, resolved)) if last == folder => store::stored_path(&resolved.join(name)),
            _ => {
                let Ok(resolved) = store::of_path(folder).resolve(folder) else { return absolute };
                let entry = store::stored_path(&resolved.join(name));
                self.last = Some((folder.to_path_buf(), resolved));
                entry
            }
        }
    }
}

/// An item for a stored file; `head` says what is known of it.
pub(super) fn item(locator: Locator, dir: String, head: Result<&Head, &io::Error>) -> NewItem {
    let error = match head.map(|head| head.kind) {
        Ok(EntryKind::File) => None,
        Ok(EntryKind::Folder) => Some(not_a_file(&locator, "system_is_folder")),
        // Opening a pipe or a device could block forever.
        Ok(EntryKind::Other) => Some(not_a_file(&locator, "pipe_or_device")),
        Err(error) => Some(store::read_error(&locator, error)),
    };
    let file = head.ok().filter(|head| head.kind == EntryKind::File);
    NewItem {
        size_bytes: file.map(|head| head.size_bytes),
        mtime_ms: file.and_then(Head::modified_ms),
        dir,
        error,
        ..NewItem::new(locator)
    }
}

/// The absolute path of a directory entry: its folder is resolved, its own name is the one that the folder has, so that
/// two paths are equal exactly when they name the same entry.
pub(super) fn entry_path(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    match (absolute.parent(), absolute.file_name()) {
        (Some(parent), Some(name)) => {
            let parent = store::of_path(parent).resolve(parent);
            parent.map_or_else(|_| absolute.clone(), |parent| store::stored_path(&parent.join(name)))
        }
        // The root, or a path that ends in `..`.
        _ => store::of_path(&absolute).resolve(&absolute).unwrap_or(absolute),
    }
}

fn not_a_file(locator: &Locator, why: &'static str) -> ItemError {
    ItemError::new(ErrorKind::Unsupported, locator).saying(&why.into())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::fs;

    use super::*;

    fn resolve(path: &Path) -> NewItem {
        named(path, &mut FolderPaths::default())
    }

    #[test]
    fn a_named_file_is_absolute_and_knows_its_size_and_time() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        fs::create_dir(root.join("sub")).unwrap();
        fs::write(root.join("a.jpg"), b"abc").unwrap();
        filetime::set_file_mtime(root.join("a.jpg"), filetime::FileTime::from_unix_time(-2, 500_000_000)).unwrap();
        let item = resolve(&root.join("sub/../a.jpg"));
        assert_eq!(item.locator, Locator::File(root.join("a.jpg")));
        assert_eq!((item.size_bytes, item.mtime_ms, item.error), (Some(3), Some(-1500), None));
    }

    #[test]
    fn a_named_file_that_can_not_be_read_carries_its_error() {
        let dir = tempfile::tempdir().unwrap();
        let missing = resolve(&dir.path().join("no.jpg"));
        assert_eq!(missing.error.map(|error| error.kind), Some(ErrorKind::NotFound));
        let nowhere = resolve(&dir.path().join("no/where.jpg"));
        assert_eq!(nowhere.error.map(|error| error.kind), Some(ErrorKind::NotFound));
        let folder = resolve(dir.path());
        assert_eq!((folder.error.map(|error| error.kind), folder.size_bytes), (Some(ErrorKind::Unsupported), None));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_a_file_stays_an_entry_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        fs::write(root.join("a.jpg"), b"abc").unwrap();
        std::os::unix::fs::symlink(root.join("a.jpg"), root.join("b.jpg")).unwrap();
        std::os::unix::fs::symlink(&root, root.join("here")).unwrap();
        let item = resolve(&root.join("here/b.jpg"));
        assert_eq!((item.locator, item.size_bytes), (Locator::File(root.join("b.jpg")), Some(3)));
    }
}
