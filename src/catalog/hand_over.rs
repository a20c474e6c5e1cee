//! One window per catalog: a lock next to the catalog, and notes that later starts of the program leave for the window
//! that has it.
//!
//! A note is a small file in a folder next to the catalog, readable only by its user. The window removes it when it has
//! taken it. Files work alike on every system, over several desktops of a user, and after a crash.

#![expect(clippy::disallowed_methods, reason = "notes beside the catalog")]

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::lock::{JobLock, beside, lock_window};
use crate::error::JobError;

/// The right to be a catalog's window; released on drop, and by the system when the process dies.
#[derive(Debug)]
pub struct WindowLock {
    notes: PathBuf,
    _lock: JobLock,
}

/// A note for the window of a catalog.
#[derive(Debug)]
pub struct Note {
    path: PathBuf,
}

/// Claims a catalog's window; `None` if it is open already.
pub fn claim(catalog_path: &Path) -> Result<Option<WindowLock>, JobError> {
    let failed = |error: io::Error| JobError::catalog_io(catalog_path, &error);
    if let Some(folder) = catalog_path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let lock = lock_window(catalog_path)?;
    Ok(lock.map(|lock| WindowLock { notes: notes_of(catalog_path), _lock: lock }))
}

impl WindowLock {
    /// Takes the notes that have been left, oldest first.
    pub fn take_notes(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(&self.notes) else { return Vec::new() };
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.retain(|path| path.extension().is_some_and(|ext| ext == NOTE));
        paths.sort_unstable();
        let notes = paths.iter().filter_map(|path| {
            let text = fs::read_to_string(path).ok()?;
            // Only the process that removes it may use it: its writer may be removing it, too.
            fs::remove_file(path).ok().map(|()| text)
        });
        let notes = notes.collect();
        // Only an empty folder can be removed.
        let _ = fs::remove_dir(&self.notes);
        notes
    }
}

impl Note {
    /// Leaves a note for the window of a catalog.
    pub fn leave(catalog_path: &Path, text: &str) -> io::Result<Self> {
        let folder = notes_of(catalog_path);
        let name = format!("{:020}-{}", jiff::Timestamp::now().as_nanosecond(), std::process::id());
        let (path, unfinished) = (folder.join(&name).with_extension(NOTE), folder.join(name).with_extension("part"));
        let write = || {
            fs::create_dir_all(&folder)?;
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            // Links may contain secrets.
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            options.open(&unfinished)?.write_all(text.as_bytes())?;
            fs::rename(&unfinished, &path)
        };
        // The window removes the folder whenever it is empty.
        write().or_else(|_| write())?;
        Ok(Self { path })
    }

    /// Whether the window has taken it.
    pub fn is_taken(&self) -> bool {
        !self.path.exists()
    }

    /// Takes it back; `false` if the window has taken it.
    pub fn take_back(self) -> bool {
        fs::remove_file(self.path).is_ok()
    }
}

/// The extension of a note.
const NOTE: &str = "json";

fn notes_of(catalog_path: &Path) -> PathBuf {
    beside(catalog_path, ".open")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_catalog_has_one_window_which_takes_every_note_once_and_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let catalog = dir.path().join("new/catalog.sqlite");
        let window = claim(&catalog).unwrap().unwrap();
        assert!(claim(&catalog).unwrap().is_none());
        assert!(window.take_notes().is_empty());
        let first = Note::leave(&catalog, "1").unwrap();
        let second = Note::leave(&catalog, "2").unwrap();
        let third = Note::leave(&catalog, "3").unwrap();
        assert!(second.take_back() && !first.is_taken());
        assert_eq!(window.take_notes(), ["1", "3"]);
        assert!(first.is_taken() && !third.take_back() && window.take_notes().is_empty());
        drop(window);
        assert_eq!(fs::read_dir(catalog.parent().unwrap()).unwrap().count(), 0, "nothing is left behind");
        assert!(claim(&catalog).unwrap().is_some());
    }

    #[cfg(unix)]
    #[test]
    fn a_note_is_readable_only_by_its_user() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let note = Note::leave(&dir.path().join("catalog.sqlite"), "https://me:secret@host/").unwrap();
        assert_eq!(fs::metadata(&note.path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
