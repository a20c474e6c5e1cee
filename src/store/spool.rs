//! Temporary files for bodies that are too large for memory, in a folder that the caller chooses.
//!
//! Their bytes are read and written through the open file alone, so a file that replaces one under its name is never read.
//!
//! In an output folder, a body that was received in part may stay there as a saved part, with a note next to it, until a
//! later run takes it over. It is verified by the hash in its note first.

#![expect(clippy::disallowed_methods, reason = "temporary files are created here")]

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use super::descriptors;
use super::part_note::{PartNote, job_of, key_of, note_name};
use crate::model::human;

/// Attempts to find a name that is free.
const ATTEMPTS: u32 = 16;
/// Largest note about a part, in bytes.
const MAX_NOTE_BYTES: u64 = 256 << 10;
/// Bytes that are read at once while a part is verified.
const READ_BYTES: usize = 1 << 20;

/// A folder in which temporary files can be made.
pub trait SpoolFolder: fmt::Debug + Send + Sync {
    /// A new, empty file for reading and writing, which only the user may read.
    fn create(&self, name: &OsStr) -> io::Result<File>;

    /// Removes a file of it.
    fn remove(&self, name: &OsStr) -> io::Result<()>;

    /// Opens a file of it for reading and writing; not through a link. Only folders that keep saved parts can do this.
    fn open(&self, _name: &OsStr) -> io::Result<File> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Gives a file of it another name, which must be free. Only folders that keep saved parts can do this.
    fn rename(&self, _from: &OsStr, _to: &OsStr) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Bytes that can still be written to it, where the system tells.
    fn free_bytes(&self) -> Option<u64>;

    /// Its path, for messages.
    fn path(&self) -> &Path;
}

/// A folder by its path, for one that nobody else can write to, such as the one for temporary files.
impl SpoolFolder for PathBuf {
    fn create(&self, name: &OsStr) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        descriptors::when_free(|| options.open(self.join(name)))
    }

    fn remove(&self, name: &OsStr) -> io::Result<()> {
        fs::remove_file(self.join(name))
    }

    fn free_bytes(&self) -> Option<u64> {
        #[cfg(unix)]
        return rustix::fs::statvfs(self.as_path()).ok().map(|stat| stat.f_bavail.saturating_mul(stat.f_frsize));
        #[cfg(not(unix))]
        None
    }

    fn path(&self) -> &Path {
        self
    }
}

/// The saved parts of an output folder that this process knows.
#[derive(Debug, Default)]
pub(super) struct SavedParts {
    by_key: Mutex<HashMap<String, (OsString, PartNote)>>,
    /// Whether parts are removed instead of being saved.
    discards: AtomicBool,
}

impl SavedParts {
    fn by_key(&self) -> MutexGuard<'_, HashMap<String, (OsString, PartNote)>> {
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a part that a dead run has left. One without a complete note is removed.
    pub(super) fn find(&self, folder: &dyn SpoolFolder, name: OsString) {
        match read_note(folder, &note_name(&name)) {
            Some((_, note, _)) => self.add(folder, name, note),
            None => remove_part(folder, &name),
        }
    }

    /// Notes a part. Of two parts of one link, the longer one stays.
    fn add(&self, folder: &dyn SpoolFolder, name: OsString, note: PartNote) {
        let mut by_key = self.by_key();
        match by_key.get(&note.key) {
            _ if self.discards.load(Ordering::Acquire) => remove_part(folder, &name),
            Some((_, other)) if other.size_bytes >= note.size_bytes => remove_part(folder, &name),
            _ => {
                if let Some((other, _)) = by_key.insert(note.key.clone(), (name, note)) {
                    remove_part(folder, &other);
                }
            }
        }
    }

    /// Removes the parts of a job, and saves no more.
    pub(super) fn discard(&self, folder: &dyn SpoolFolder, job: &str) {
        self.discards.store(true, Ordering::Release);
        let job = job_of(job);
        self.by_key().retain(|_, (name, note)| {
            let stays = note.job != job;
            if !stays {
                remove_part(folder, name);
            }
            stays
        });
    }
}

/// Removes a part and its note.
fn remove_part(folder: &dyn SpoolFolder, name: &OsStr) {
    let _ = folder.remove(&note_name(name));
    let _ = folder.remove(name);
}

/// A note, its first line, and the second one.
fn read_note(folder: &dyn SpoolFolder, name: &OsStr) -> Option<(File, PartNote, String)> {
    let file = open_own(folder, name).ok()?;
    let mut bytes = Vec::new();
    FromStart { file: &file, at: 0 }.take(MAX_NOTE_BYTES).read_to_end(&mut bytes).ok()?;
    let (note, about) = PartNote::parse(&bytes)?;
    let about = about.to_owned();
    Some((file, note, about))
}

/// Opens a regular file, unless another user could have written it.
fn open_own(folder: &dyn SpoolFolder, name: &OsStr) -> io::Result<File> {
    let file = folder.open(name)?;
    let meta = file.metadata()?;
    #[cfg(unix)]
    let is_own = {
        use std::os::unix::fs::MetadataExt;
        meta.uid() == rustix::process::geteuid().as_raw() && meta.mode() & 0o022 == 0
    };
    #[cfg(not(unix))]
    let is_own = true;
    if meta.is_file() && is_own { Ok(file) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

/// A part that an earlier run has received.
#[derive(Debug)]
pub struct SavedPart {
    /// The file, to be continued at its end.
    pub(crate) file: SpooledFile,
    /// The hash of its bytes so far.
    pub(crate) hasher: Sha256,
    /// Their number.
    pub(crate) size_bytes: u64,
    /// What was noted about it.
    pub(crate) about: String,
}

/// How a spool saves parts.
#[derive(Clone, Debug)]
struct Saving {
    parts: Arc<SavedParts>,
    /// The job that receives them.
    job: Arc<str>,
}

/// A new temporary file without a name, for reading and writing; it is gone once it is closed.
pub fn nameless_file() -> io::Result<File> {
    descriptors::when_free(tempfile::tempfile)
}

/// Where bodies too large for memory are kept until they are processed.
#[derive(Clone, Debug)]
pub struct Spool {
    folder: Arc<dyn SpoolFolder>,
    prefix: Arc<str>,
    /// `None` if all of it goes with this process.
    saving: Option<Saving>,
}

impl Spool {
    /// A spool in a folder, which must exist; its files are called `.pixloom-fetch-*.part`.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self::within(Arc::new(dir.into()), ".pixloom-fetch-")
    }

    /// A spool in this folder. Its files' names begin with the prefix and end in `.part`.
    pub fn within(folder: Arc<dyn SpoolFolder>, prefix: &str) -> Self {
        Self { folder, prefix: prefix.into(), saving: None }
    }

    /// The same for a job whose parts are saved among these.
    pub(super) fn saving(self, parts: &Arc<SavedParts>, job: &str) -> Self {
        Self { saving: Some(Saving { parts: Arc::clone(parts), job: job_of(job).into() }), ..self }
    }

    /// Whether parts of bodies are saved.
    pub(crate) fn saves_parts(&self) -> bool {
        self.saving.is_some()
    }

    /// Whether a part of any link's body is saved.
    pub(crate) fn has_parts(&self) -> bool {
        self.saving.as_ref().is_some_and(|saving| !saving.parts.by_key().is_empty())
    }

    /// Whether a part of this link's body is saved.
    pub(crate) fn has_part(&self, link: &str) -> bool {
        self.has_parts() && self.saving.as_ref().is_some_and(|saving| saving.parts.by_key().contains_key(&key_of(link)))
    }

    /// Takes over the saved part of this link's body, if its bytes are still those that were received; of several takers
    /// one gets it. Reads all of it, and calls `goes_on` with what was noted and the bytes read so far, until that returns
    /// `false`: then the part stays where it is. The last byte is left to be received again: a server that is asked for the
    /// rest of a complete body only says that there is none.
    pub(crate) fn take_part(&self, link: &str, goes_on: &dyn Fn(&str, u64) -> bool) -> Option<SavedPart> {
        let saving = self.saving.as_ref()?;
        let (old, _) = saving.parts.by_key().remove(&key_of(link))?;
        let name = self.new_name();
        self.folder.rename(&old, &name).ok()?;
        let (old_note, new_note) = (note_name(&old), note_name(&name));
        let opened = open_own(self.folder.as_ref(), &name);
        let renamed = self.folder.rename(&old_note, &new_note);
        let noted = read_note(self.folder.as_ref(), &new_note).filter(|_| renamed.is_ok());
        let (Ok(file), Some((note_file, note, about))) = (opened, noted) else {
            remove_part(self.folder.as_ref(), &old);
            remove_part(self.folder.as_ref(), &name);
            return None;
        };
        let verified = verify(&file, &note, &|bytes| goes_on(&about, bytes));
        let mut file = self.spooled(file, name);
        file.note = Some((note_file, PartNote { job: saving.job.to_string(), ..note }));
        match verified.and_then(|(hasher, size_bytes)| file.cut(&hasher, size_bytes).map(|()| (hasher, size_bytes))) {
            Ok((hasher, size_bytes)) => Some(SavedPart { file, hasher, size_bytes, about }),
            // It stays where it is.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => None,
            Err(error) => {
                tracing::debug!(%error, path = %file.path().display(), "a saved part is not used");
                file.discard();
                None
            }
        }
    }

    /// Its folder's path, for messages.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Bytes that can still be written to its folder, where the system tells.
    pub(crate) fn free_bytes(&self) -> Option<u64> {
        self.folder.free_bytes()
    }

    /// A new, empty file.
    pub(crate) fn create(&self) -> io::Result<SpooledFile> {
        let mut taken = io::Error::from(io::ErrorKind::AlreadyExists);
        for _ in 0..ATTEMPTS {
            let name = self.new_name();
            match self.folder.create(&name) {
                Ok(file) => return Ok(self.spooled(file, name)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => taken = error,
                Err(error) => return Err(error),
            }
        }
        Err(taken)
    }

    fn new_name(&self) -> OsString {
        OsString::from(format!("{}{:016x}.part", self.prefix, rand::random::<u64>()))
    }

    fn spooled(&self, file: File, name: OsString) -> SpooledFile {
        let (folder, saving) = (Arc::clone(&self.folder), self.saving.clone());
        SpooledFile { file, name, folder, hash: String::new(), saving, note: None }
    }
}

/// The hash of all but the last noted byte, and their number, if the noted bytes are those of the file.
fn verify(file: &File, note: &PartNote, goes_on: &dyn Fn(u64) -> bool) -> io::Result<(Sha256, u64)> {
    let kept_bytes = note.size_bytes.checked_sub(1).filter(|bytes| *bytes > 0).ok_or(io::ErrorKind::InvalidData)?;
    let mut hasher = Sha256::new();
    let mut reader = FromStart { file, at: 0 }.take(kept_bytes);
    let mut buffer = vec![0; READ_BYTES];
    loop {
        if !goes_on(kept_bytes - reader.limit()) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        match reader.read(&mut buffer)? {
            0 => break,
            count => hasher.update(buffer.get(..count).unwrap_or_default()),
        }
    }
    let mut last = [0];
    FromStart { file, at: kept_bytes }.read_exact(&mut last)?;
    if human::hex(&hasher.clone().chain_update(last).finalize()) != note.hash {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "its bytes are not those that were received"));
    }
    Ok((hasher, kept_bytes))
}

/// A temporary file with a body in it. Its name is removed with it, unless it is a saved part.
#[derive(Debug)]
pub struct SpooledFile {
    file: File,
    name: OsString,
    folder: Arc<dyn SpoolFolder>,
    /// Empty until all of it was written.
    hash: String,
    saving: Option<Saving>,
    /// The note that makes it a saved part.
    note: Option<(File, PartNote)>,
}

impl SpooledFile {
    /// Notes that the first `size_bytes` of this link's body are there, with their SHA-256. From now on they are saved,
    /// unless the body becomes complete or is discarded. `about` is one line for those who resume it, always the same.
    pub(crate) fn save_part(&mut self, link: &str, about: &str, size_bytes: u64, hash: String) {
        let Some(saving) = &self.saving else { return };
        let written = if let Some((file, note)) = &mut self.note {
            (note.size_bytes, note.hash) = (size_bytes, hash);
            write_at_start(file, note.line().as_bytes())
        } else {
            let note = PartNote { key: key_of(link), job: saving.job.to_string(), size_bytes, hash };
            self.folder.create(&note_name(&self.name)).and_then(|file| {
                let (file, note) = self.note.insert((file, note));
                write_at_start(file, format!("{}{about}\n", note.line()).as_bytes())
            })
        };
        if written.is_err() {
            self.forget_note();
        }
    }

    /// Continues a saved part after these bytes, and cuts off the others.
    fn cut(&mut self, hasher: &Sha256, size_bytes: u64) -> io::Result<()> {
        if let Some((file, note)) = &mut self.note {
            (note.size_bytes, note.hash) = (size_bytes, human::hex(&hasher.clone().finalize()));
            write_at_start(file, note.line().as_bytes())?;
        }
        self.file.set_len(size_bytes)?;
        self.file.seek(SeekFrom::Start(size_bytes)).map(drop)
    }

    /// It is of no use any more.
    pub(crate) fn discard(mut self) {
        self.forget_note();
    }

    fn forget_note(&mut self) {
        if self.note.take().is_some() {
            let _ = self.folder.remove(&note_name(&self.name));
        }
        self.saving = None;
    }

    /// Its size in bytes.
    pub(crate) fn size_bytes(&self) -> io::Result<u64> {
        self.file.metadata().map(|meta| meta.len())
    }

    /// Notes that all of it was written, and its SHA-256.
    pub(crate) fn seal(&mut self, hash: String) {
        self.hash = hash;
    }

    /// SHA-256 of its bytes, lower-case hex.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The file itself, open for reading and writing.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Its name in its spool's folder.
    pub fn name(&self) -> &OsStr {
        &self.name
    }

    /// Where it was created, for messages.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join(&self.name)
    }

    /// All its bytes.
    pub fn bytes(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.reader().read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Its first bytes, at most `count`.
    pub fn head(&self, count: u64) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        self.reader().take(count).read_to_end(&mut head)?;
        Ok(head)
    }

    /// Reads it from its beginning, independently of other readers.
    pub fn reader(&self) -> impl Read {
        FromStart { file: &self.file, at: 0 }
    }
}

impl Drop for SpooledFile {
    fn drop(&mut self) {
        let is_complete = !self.hash.is_empty();
        if let (Some(saving), Some((_, note))) = (&self.saving, self.note.take()) {
            if !is_complete {
                saving.parts.add(self.folder.as_ref(), std::mem::take(&mut self.name), note);
                return;
            }
            let _ = self.folder.remove(&note_name(&self.name));
        }
        // If it has become a result, the name is gone already.
        let _ = self.folder.remove(&self.name);
    }
}

/// Replaces the first bytes of a file.
fn write_at_start(file: &File, bytes: &[u8]) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::write_all_at(file, bytes, 0);
    #[cfg(windows)]
    return std::os::windows::fs::FileExt::seek_write(file, bytes, 0).map(drop);
}

/// Reads a file from its beginning without moving the position that all its handles share.
struct FromStart<'a> {
    file: &'a File,
    at: u64,
}

impl Read for FromStart<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        #[cfg(unix)]
        let count = std::os::unix::fs::FileExt::read_at(self.file, buffer, self.at)?;
        #[cfg(windows)]
        let count = std::os::windows::fs::FileExt::seek_read(self.file, buffer, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::io::Write;

    use super::super::spool::*;

    #[test]
    fn a_file_is_read_through_its_handle_and_its_name_is_removed_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let spooled = Spool::new(dir.path()).create().unwrap();
        spooled.file().write_all(b"abcdef").unwrap();
        assert_eq!((spooled.bytes().unwrap(), spooled.head(2).unwrap()), (b"abcdef".to_vec(), b"ab".to_vec()));
        // Whatever has its name by now does not matter.
        fs::rename(spooled.path(), dir.path().join("away")).unwrap();
        fs::write(spooled.path(), b"other").unwrap();
        assert_eq!(spooled.bytes().unwrap(), b"abcdef");
        let path = spooled.path();
        drop(spooled);
        assert!(!path.exists());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_user_may_read_an_incomplete_file() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let spooled = Spool::new(dir.path()).create().unwrap();
        assert_eq!(spooled.file().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}
