//! What an entry's name stands for: the name as its folder has it, the file that a link leads to, and pipes.

#![expect(clippy::disallowed_methods, reason = "examines entries and lists their folders")]

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Component, Path, PathBuf};

use super::FileIdentity;

/// The path of an existing entry with its name as its folder has it, where the folder takes names that differ in case for
/// the same; the path itself anywhere else.
pub fn stored_path(path: &Path) -> PathBuf {
    match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) if ignores_case(folder, name) => match stored_name(folder, name) {
            Some(stored) => folder.join(stored),
            None => path.to_path_buf(),
        },
        _ => path.to_path_buf(),
    }
}

/// A path without links, with every name as its folder has it. Linux resolves links, but keeps the case.
pub(super) fn resolved(path: &Path) -> io::Result<PathBuf> {
    let resolved = path.canonicalize()?;
    if !cfg!(target_os = "linux") {
        return Ok(resolved);
    }
    let mut stored = PathBuf::new();
    for part in resolved.components() {
        stored.push(part);
        if matches!(part, Component::Normal(_)) {
            stored = stored_path(&stored);
        }
    }
    Ok(stored)
}

/// Whether a folder takes a name in other case for the same entry.
fn ignores_case(folder: &Path, name: &OsStr) -> bool {
    let Some(other) = in_other_case(name) else { return false };
    let one = identity(&folder.join(name));
    one.is_some() && one == identity(&folder.join(other))
}

/// What distinguishes an entry from others.
fn identity(path: &Path) -> Option<FileIdentity> {
    path.symlink_metadata().ok().map(|meta| FileIdentity::of(&meta))
}

/// A name in other case; `None` if it has no letters with a case.
fn in_other_case(name: &OsStr) -> Option<OsString> {
    let name = name.to_str()?;
    let upper = name.to_uppercase();
    let other = if upper == name { name.to_lowercase() } else { upper };
    (other != name).then(|| other.into())
}

/// The name of an existing entry as its folder lists it.
fn stored_name(folder: &Path, name: &OsStr) -> Option<OsString> {
    let wanted = identity(&folder.join(name))?;
    let lower = name.to_str()?.to_lowercase();
    let mut stored = None;
    for entry in fs::read_dir(folder).ok()?.flatten() {
        let found = entry.file_name();
        if found == name {
            // Two hard links of one file, in a folder that tells case apart.
            return Some(found);
        }
        if found.to_str().is_some_and(|found| found.to_lowercase() == lower) && identity(&entry.path()) == Some(wanted)
        {
            stored = Some(found);
        }
    }
    stored
}

/// The file that a link leads to, through all links; `None` if the path is not that of a link, or the link leads nowhere.
pub fn link_target(path: &Path) -> Option<PathBuf> {
    let is_link = path.symlink_metadata().is_ok_and(|meta| meta.is_symlink());
    if is_link { resolved(path).ok() } else { None }
}

/// Opens a pipe for reading, on Linux without waiting for its writer: a read may end with `WouldBlock`. Elsewhere a pipe
/// without a writer looks like one that has ended.
pub fn open_pipe(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(target_os = "linux")]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, rustix::fs::OFlags::NONBLOCK.bits() as i32);
    options.open(path)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_tells_case_apart_keeps_every_name() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for name in ["a.JPG", "7.7", "한.jpg"] {
            fs::write(root.join(name), b"x").unwrap();
            assert_eq!(stored_path(&root.join(name)), root.join(name));
        }
        // Two names of one file.
        fs::hard_link(root.join("a.JPG"), root.join("A.JPG")).unwrap();
        for name in ["a.JPG", "A.JPG"] {
            assert_eq!(stored_path(&root.join(name)), root.join(name));
        }
        assert_eq!(stored_path(&root.join("none.jpg")), root.join("none.jpg"));
    }

    #[test]
    fn the_name_that_a_folder_lists_is_found_in_any_case() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        // Two names of one file are what a folder that ignores case shows.
        fs::write(root.join("a.JPG"), b"x").unwrap();
        fs::hard_link(root.join("a.JPG"), root.join("A.jpg")).unwrap();
        assert_eq!(in_other_case(OsStr::new("a.jpg")), Some("A.JPG".into()));
        assert_eq!(in_other_case(OsStr::new("É.JPG")), Some("é.jpg".into()));
        assert_eq!(in_other_case(OsStr::new("7.7")), None);
        assert!(!ignores_case(root, OsStr::new("a.JPG")) && !ignores_case(root, OsStr::new("none.jpg")));
        assert_eq!(stored_name(root, OsStr::new("A.jpg")), Some("A.jpg".into()));
    }

    #[cfg(unix)]
    #[test]
    fn only_links_lead_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        fs::write(root.join("file"), b"x").unwrap();
        std::os::unix::fs::symlink(root.join("file"), root.join("one")).unwrap();
        std::os::unix::fs::symlink("one", root.join("two")).unwrap();
        std::os::unix::fs::symlink("none", root.join("broken")).unwrap();
        let target = |name: &str| link_target(&root.join(name));
        assert_eq!((target("one"), target("two")), (Some(root.join("file")), Some(root.join("file"))));
        assert_eq!((target("file"), target("broken"), target("none")), (None, None, None));
    }
}
