//! The copy of a catalog that is made before it is upgraded.

#![expect(clippy::disallowed_methods, reason = "the catalog's own file and the copies of it")]

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::CatalogError;
use crate::db::sqlite;

/// Names that are tried for a copy.
const NAMES: u32 = 1000;

/// A finished copy.
pub(super) struct Copy {
    path: PathBuf,
}

impl Copy {
    /// Deletes the copy: the upgrade failed, so the original is still the same.
    pub(super) fn discard(&self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Copies a catalog with everything that is in its write-ahead log, next to itself: `catalog.sqlite` of version 1 to
/// `catalog.v1.sqlite`. An earlier copy is never replaced.
pub(super) fn copy_of_version(path: &Path, version: usize) -> Result<Copy, CatalogError> {
    let copy = free_name(path, version)?;
    let unfinished = part_name(&copy);
    let copied = copy_into(path, &unfinished).and_then(|()| Ok(fs::rename(&unfinished, &copy)?));
    if let Err(error) = copied {
        let _ = fs::remove_file(&unfinished);
        return Err(error);
    }
    if let Some(folder) = copy.parent() {
        sync_folder(folder)?;
    }
    Ok(Copy { path: copy })
}

fn copy_into(path: &Path, copy: &Path) -> Result<(), CatalogError> {
    let _ = fs::remove_file(copy); // left behind by an upgrade that was killed
    make_private(copy)?;
    let connection = sqlite::open_writer(path)?;
    connection.execute("VACUUM INTO ?1", [text_of(copy)?])?;
    Ok(File::open(copy)?.sync_all()?)
}

fn free_name(path: &Path, version: usize) -> Result<PathBuf, CatalogError> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path.extension().map(|extension| format!(".{}", extension.to_string_lossy())).unwrap_or_default();
    let name = |n: u32| match n {
        0 => path.with_file_name(format!("{stem}.v{version}{extension}")),
        n => path.with_file_name(format!("{stem}.v{version} ({n}){extension}")),
    };
    (0..NAMES)
        .map(name)
        .find(|name| name.symlink_metadata().is_err())
        .ok_or_else(|| CatalogError::Other(format!("there are too many copies of it, such as {}", name(0).display())))
}

fn part_name(copy: &Path) -> PathBuf {
    let mut name = copy.as_os_str().to_os_string();
    name.push(".part");
    name.into()
}

fn text_of(path: &Path) -> Result<&str, CatalogError> {
    path.to_str().ok_or_else(|| CatalogError::Other(format!("{} is not UTF-8", path.display())))
}

/// Creates an empty file that only its user can read: links may contain secrets.
pub(super) fn make_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
