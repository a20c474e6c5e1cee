//! Owners of temporaries. The names of temporaries contain their owner's random id, and a lock file with that id is in
//! the output folder while its owner writes there. The system frees the lock when the owner dies, so any program, on any
//! catalog, can tell whether a temporary is still in use.

#![expect(clippy::disallowed_methods, reason = "lock files and leftover temporaries are files")]

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::folder::Folder;
use super::part_note::{note_name, part_name};

/// Attempts to find an id that is free.
const ATTEMPTS: u32 = 16;
/// Hex digits of an owner's id.
const ID_DIGITS: usize = 16;
/// The age from which a temporary without an owner (older versions wrote such) is removed: no write takes that long.
const UNOWNED_AGE: Duration = Duration::from_hours(24);
/// The age from which a saved part is removed: its job was not resumed.
const SAVED_PART_AGE: Duration = Duration::from_hours(7 * 24);
/// What the names of spooled bodies contain.
const SPOOLED: &str = "-fetch-";

/// An owner of temporaries in a folder. Its lock is released on drop, and by the system when the process dies.
#[derive(Debug)]
pub(super) struct Owner {
    id: String,
    folder: Folder,
    lock: Mutex<Option<File>>,
}

impl Owner {
    /// A new owner in a folder, with its lock file.
    pub(super) fn claim(folder: &Folder) -> io::Result<Self> {
        let mut taken = io::Error::from(io::ErrorKind::AlreadyExists);
        for _ in 0..ATTEMPTS {
            let id = format!("{:016x}", rand::random::<u64>());
            let name = lock_name(&id);
            let file = match folder.create_private(&name) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    taken = error;
                    continue;
                }
                Err(error) => return Err(error),
            };
            if let Some(file) = lock(folder, &name, file)
                && folder.names(&name, &file)
            {
                return Ok(Self { id, folder: folder.clone(), lock: Mutex::new(Some(file)) });
            }
            // Before it was locked, it looked like the lock of a dead owner, and was swept as such.
        }
        Err(taken)
    }

    /// What the names of this owner's temporaries begin with.
    pub(super) fn prefix(&self) -> String {
        format!(".pixloom-{}-", self.id)
    }

    /// A name for a temporary.
    pub(super) fn temporary_name(&self, seq: u64) -> OsString {
        OsString::from(format!("{}{seq}-{:08x}.part", self.prefix(), rand::random::<u32>()))
    }

    /// What the names of this owner's spooled bodies begin with.
    pub(super) fn spool_prefix(&self) -> String {
        format!(".pixloom-{}{SPOOLED}", self.id)
    }

    /// Releases the lock and removes its file, once nothing more is written.
    pub(super) fn release(&self) {
        if let Some(file) = self.lock.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // Removed while it is held, so that it never looks like the lock of a dead owner.
            let _ = self.folder.remove(&lock_name(&self.id));
            drop(file);
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.release();
    }
}

/// Locks a new file; `None` if a sweeper was quicker. Where nothing can be locked, it is unknown whether an owner lives,
/// and its temporaries are left alone.
fn lock(folder: &Folder, name: &OsStr, file: File) -> Option<File> {
    // A file that is open for writing would keep its file system from being made read-only.
    if let Ok(reader) = folder.file(name, false) {
        match reader.try_lock() {
            Ok(()) => return Some(reader),
            Err(TryLockError::WouldBlock) => return None,
            // Network file systems may lock files only for those that can write to them.
            Err(TryLockError::Error(_)) => {}
        }
    }
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => None,
        Ok(()) | Err(TryLockError::Error(_)) => Some(file),
    }
}

fn lock_name(id: &str) -> OsString {
    OsString::from(format!(".pixloom-{id}.lock"))
}

/// The kind of a file of ours, by its name.
#[derive(Debug, PartialEq, Eq)]
enum Kind<'a> {
    /// A temporary of this owner.
    Temporary(&'a str),
    /// The lock of this owner.
    Lock(&'a str),
    /// Left by a check whether a folder can be written to; it holds no data.
    Check,
    /// A temporary without an owner.
    Unowned,
}

fn kind_of(name: &str) -> Option<Kind<'_>> {
    let is_id = |id: &str| id.len() == ID_DIGITS && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let body = name.strip_prefix(".pixloom-")?;
    if let Some(id) = body.strip_suffix(".lock") {
        return is_id(id).then_some(Kind::Lock(id));
    }
    let body = body.strip_suffix(".part")?;
    Some(match body.split_once('-') {
        Some(("check", _)) => Kind::Check,
        Some((id, _)) if is_id(id) => Kind::Temporary(id),
        _ => Kind::Unowned,
    })
}

/// Whether an owner still lives.
enum State {
    /// It does, or that is unknown.
    Alive,
    /// It died. Its lock, where there was one, is held until all is removed.
    Dead(Option<(PathBuf, File)>),
}

/// Removes the temporaries of dead owners.
#[derive(Default)]
pub(super) struct Sweeper {
    owners: HashMap<String, State>,
    removed: u64,
    /// Saved parts of dead owners.
    parts: Vec<PathBuf>,
}

impl Sweeper {
    /// Whether a file is one of ours. A temporary of a dead owner is removed, unless it is a saved part that is not old.
    pub(super) fn visit(&mut self, path: &Path) -> bool {
        let Some(kind) = path.file_name().and_then(OsStr::to_str).and_then(kind_of) else { return false };
        let is_leftover = match kind {
            Kind::Check => true,
            Kind::Unowned => is_older(path, UNOWNED_AGE),
            Kind::Temporary(id) => matches!(self.state(id, path), State::Dead(_)) && !self.stays(path),
            Kind::Lock(id) => {
                // Removed with the owner's last temporary, at the end.
                self.state(id, path);
                false
            }
        };
        let is_file = || path.symlink_metadata().is_ok_and(|meta| meta.is_file());
        if is_leftover && is_file() {
            self.removed += u64::from(fs::remove_file(path).is_ok());
        }
        true
    }

    /// Whether a temporary of a dead owner is a saved part, or the note of one.
    fn stays(&mut self, path: &Path) -> bool {
        let Some(name) = path.file_name().and_then(OsStr::to_str).filter(|name| name.contains(SPOOLED)) else {
            return false;
        };
        let part = part_name(name).map_or_else(|| path.to_path_buf(), |part| path.with_file_name(part));
        let note = path.with_file_name(note_name(part.file_name().unwrap_or_default()));
        let is_file = |path: &Path| path.symlink_metadata().is_ok_and(|meta| meta.is_file());
        let stays = is_file(&part) && is_file(&note) && !is_older(&note, SAVED_PART_AGE);
        if stays && part == path {
            self.parts.push(part);
        }
        stays
    }

    /// The names of the saved parts in this folder.
    pub(super) fn parts_in(&self, folder: &Path) -> impl Iterator<Item = &OsStr> {
        let parts = self.parts.iter().filter(move |part| part.parent() == Some(folder));
        parts.filter_map(|part| part.file_name())
    }

    /// Removes the locks of dead owners. Returns how many temporaries were removed.
    pub(super) fn finish(self) -> u64 {
        for state in self.owners.into_values() {
            if let State::Dead(Some((path, lock))) = state {
                let _ = fs::remove_file(path);
                drop(lock);
            }
        }
        self.removed
    }

    fn state(&mut self, id: &str, path: &Path) -> &State {
        self.owners.entry(id.to_owned()).or_insert_with(|| state_of(id, path))
    }
}

/// Looks for an owner's lock in the folder of one of its files and in those above it, since an owner may write to
/// folders below its own.
fn state_of(id: &str, path: &Path) -> State {
    let name = lock_name(id);
    let folder = path.parent().map(|folder| folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf()));
    for folder in folder.iter().flat_map(|folder| folder.ancestors()) {
        let path = folder.join(&name);
        match File::options().read(true).write(true).open(&path) {
            Ok(file) => {
                return if file.try_lock().is_ok() { State::Dead(Some((path, file))) } else { State::Alive };
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(_) => return State::Alive,
        }
    }
    // An owner removes its lock last of all.
    State::Dead(None)
}

fn is_older(path: &Path, age: Duration) -> bool {
    let modified = path.symlink_metadata().and_then(|meta| meta.modified());
    modified.is_ok_and(|modified| SystemTime::now().duration_since(modified).is_ok_and(|since| since > age))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn sweep(files: &[PathBuf]) -> u64 {
        let mut sweeper = Sweeper::default();
        assert!(files.iter().all(|path| sweeper.visit(path)));
        sweeper.finish()
    }

    #[test]
    fn temporaries_are_distinguished_from_files_of_the_user() {
        let id = "0123456789abcdef";
        for (name, kind) in [
            (format!(".pixloom-{id}-7-00c0ffee.part"), Some(Kind::Temporary(id))),
            (format!(".pixloom-{id}-fetch-00c0ffee.part"), Some(Kind::Temporary(id))),
            (format!(".pixloom-{id}.lock"), Some(Kind::Lock(id))),
            (".pixloom-check-00c0ffee.part".into(), Some(Kind::Check)),
            (".pixloom-1-7-00c0ffee.part".into(), Some(Kind::Unowned)),
            (".pixloom-aBcDeF.part".into(), Some(Kind::Unowned)),
            (".pixloom-1-notes.txt".into(), None),
            (".pixloom-my.lock".into(), None),
            ("photo.part".into(), None),
        ] {
            assert_eq!(kind_of(&name), kind, "{name}");
        }
    }

    #[test]
    fn only_temporaries_of_dead_owners_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path()).unwrap();
        let (alive, dead) = (Owner::claim(&folder).unwrap(), Owner::claim(&folder).unwrap());
        let below = dir.path().join("a/b");
        fs::create_dir_all(&below).unwrap();
        let put = |owner: &Owner, dir: &Path| {
            let path = dir.join(owner.temporary_name(1));
            fs::write(&path, b"half").unwrap();
            path
        };
        let kept = [put(&alive, dir.path()), put(&alive, &below)];
        let mut left = vec![put(&dead, dir.path()), put(&dead, &below)];
        // As the system does when a process is killed: the lock is free, its file stays.
        drop(dead.lock.lock().unwrap().take());
        left.extend(kept.iter().cloned());
        assert_eq!(sweep(&left), 2);
        assert!(kept.iter().all(|path| path.exists()));
        assert_eq!(names(dir.path()).iter().filter(|name| name.ends_with(".lock")).count(), 1);
        alive.release();
        assert_eq!(sweep(&kept), 2, "an owner that has ended left no lock");
        assert_eq!(names(dir.path()), ["a"]);
    }

    #[test]
    fn temporaries_without_an_owner_are_removed_once_they_are_old_and_checks_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str| {
            let path = dir.path().join(name);
            fs::write(&path, b"x").unwrap();
            path
        };
        let (old, new) = (put(".pixloom-1-7-00c0ffee.part"), put(".pixloom-1-8-00c0ffee.part"));
        let long_ago = SystemTime::now() - 2 * UNOWNED_AGE;
        File::options().write(true).open(&old).unwrap().set_modified(long_ago).unwrap();
        let check = put(".pixloom-check-00c0ffee.part");
        assert_eq!(sweep(&[old, new.clone(), check]), 2);
        assert!(new.exists());
    }
}
