//! Files that a person named.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::error::{ErrorKind, ItemError};
use crate::model::{Locator, NewItem};

/// A named file; one that is missing or unreadable carries its error.
pub(super) fn named(path: &Path) -> NewItem {
    let path = entry_path(path);
    let mut item = item(path.clone(), String::new(), fs::metadata(&path).as_ref());
    if item.error.is_none() {
        item.error = File::open(&path).err().map(|error| ItemError::reading(&path, &error));
    }
    item
}

/// An item for a directory entry of which the metadata was asked for.
pub(super) fn item(path: PathBuf, dir: String, metadata: Result<&Metadata, &io::Error>) -> NewItem {
    let error = match metadata {
        Ok(metadata) if metadata.is_file() => None,
        Ok(metadata) if metadata.is_dir() => Some(not_a_file(&path, "it is a folder")),
        // Opening a pipe or a device could wait for ever.
        Ok(_) => Some(not_a_file(&path, "it is a pipe or a device")),
        Err(error) => Some(ItemError::reading(&path, error)),
    };
    let file = metadata.ok().filter(|metadata| metadata.is_file());
    NewItem {
        size_bytes: file.map(Metadata::len),
        mtime_ms: file.and_then(mtime_ms),
        dir,
        error,
        ..NewItem::new(Locator::File(path))
    }
}

/// The absolute path of a directory entry: its folder without links and dots, its own name as it is. Two of them are
/// equal exactly when they name the same entry.
pub(super) fn entry_path(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    match (absolute.parent(), absolute.file_name()) {
        (Some(parent), Some(name)) => {
            fs::canonicalize(parent).map_or_else(|_| absolute.clone(), |parent| parent.join(name))
        }
        // The root, or a path that ends in `..`.
        _ => fs::canonicalize(&absolute).unwrap_or(absolute),
    }
}

fn not_a_file(path: &Path, detail: &str) -> ItemError {
    ItemError::new(ErrorKind::Unsupported, path.display()).with("detail", detail)
}

/// UTC milliseconds; negative before 1970.
fn mtime_ms(metadata: &Metadata) -> Option<i64> {
    let time = metadata.modified().ok()?;
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).ok(),
        Err(before) => i64::try_from(before.duration().as_millis()).ok().map(|ms| -ms),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_named_file_is_absolute_and_knows_its_size_and_time() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        fs::create_dir(root.join("sub")).unwrap();
        fs::write(root.join("a.jpg"), b"abc").unwrap();
        filetime::set_file_mtime(root.join("a.jpg"), filetime::FileTime::from_unix_time(-2, 500_000_000)).unwrap();
        let item = named(&root.join("sub/../a.jpg"));
        assert_eq!(item.locator, Locator::File(root.join("a.jpg")));
        assert_eq!((item.size_bytes, item.mtime_ms, item.error), (Some(3), Some(-1500), None));
    }

    #[test]
    fn a_named_file_that_is_none_carries_its_error() {
        let dir = tempfile::tempdir().unwrap();
        let missing = named(&dir.path().join("no.jpg"));
        assert_eq!(missing.error.map(|error| error.kind), Some(ErrorKind::NotFound));
        let nowhere = named(&dir.path().join("no/where.jpg"));
        assert_eq!(nowhere.error.map(|error| error.kind), Some(ErrorKind::NotFound));
        let folder = named(dir.path());
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
        let item = named(&root.join("here/b.jpg"));
        assert_eq!((item.locator, item.size_bytes), (Locator::File(root.join("b.jpg")), Some(3)));
    }
}
