//! Results under temporary names in the folder they are for, and whether that folder can take any.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::hash::{CHUNK_BYTES, Hasher, sha256_file, sha256_hex};
use crate::error::{ErrorKind, ItemError, JobError};
use crate::model::JobId;

/// Attempts to find a temporary name that is free.
const ATTEMPTS: u32 = 16;

/// What a result is made of.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// These bytes.
    Bytes(&'a [u8]),
    /// A copy of this file.
    Copy(&'a Path),
    /// This temporary file itself, which is gone from its place afterwards.
    Move(&'a Path),
}

/// A whole result under a temporary name, which is removed on drop unless it was given its final one.
#[derive(Debug)]
pub struct Staged {
    path: PathBuf,
    size_bytes: u64,
    hash: String,
    is_committed: bool,
}

/// Writes a result into `dir` (made if need be) as `.pixloom-{job}-{seq}-{random}.part`, with the permissions the
/// user's other new files get. Errors are nameless: the caller knows the item.
pub fn stage(dir: &Path, job: JobId, seq: u64, content: Content<'_>) -> Result<Staged, ItemError> {
    make_dir(dir).map_err(|error| write_error(dir, &error))?;
    let (path, file) = create_temporary(dir, &format!("{job}-{seq}")).map_err(|error| write_error(dir, &error))?;
    let mut staged = Staged { path, size_bytes: 0, hash: String::new(), is_committed: false };
    (staged.size_bytes, staged.hash) = match content {
        Content::Bytes(bytes) => write_bytes(file, bytes).map_err(|error| write_error(dir, &error))?,
        Content::Copy(from) => copy(file, dir, from)?,
        Content::Move(from) => take_over(file, &staged.path, dir, from)?,
    };
    Ok(staged)
}

impl Staged {
    /// Where it is now.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its size in bytes.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// SHA-256 of its bytes in lower-case hex.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// It has its final name: nothing is left to remove.
    pub(super) fn committed(&mut self) {
        self.is_committed = true;
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.is_committed {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Makes the output folder and proves that files can be written there, before anything starts.
pub fn check_dir(dir: &Path) -> Result<(), JobError> {
    let failed = |error: io::Error| JobError::Output { path: dir.display().to_string(), detail: error.to_string() };
    make_dir(dir).map_err(failed)?;
    let (path, mut file) = create_temporary(dir, "check").map_err(failed)?;
    let written = file.write_all(b"?");
    drop(file);
    let removed = fs::remove_file(&path);
    written.and(removed).map_err(failed)
}

/// Bytes that the user may still write where `dir` is (or will be); `None` where the system doesn't tell.
#[cfg(unix)]
pub fn free_bytes(dir: &Path) -> Option<u64> {
    let standing = dir.ancestors().find(|folder| folder.is_dir())?;
    let stat = rustix::fs::statvfs(standing).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Bytes that the user may still write where `dir` is (or will be); `None` where the system doesn't tell.
#[cfg(not(unix))]
pub fn free_bytes(_dir: &Path) -> Option<u64> {
    None
}

/// Why a result can't be written, in the output's terms.
pub(super) fn write_error(dir: &Path, error: &io::Error) -> ItemError {
    let kind = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::DiskFull,
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::ReadOnlyFilesystem
        | io::ErrorKind::NotFound
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::IsADirectory
        | io::ErrorKind::AlreadyExists
        | io::ErrorKind::FileTooLarge
        | io::ErrorKind::InvalidFilename => ErrorKind::Unwritable,
        _ => ErrorKind::Io,
    };
    ItemError::nameless(kind).with("detail", format_args!("{}: {error}", dir.display()))
}

fn make_dir(dir: &Path) -> io::Result<()> {
    if dir.is_dir() { Ok(()) } else { fs::create_dir_all(dir) }
}

fn create_temporary(dir: &Path, owner: &str) -> io::Result<(PathBuf, File)> {
    let mut taken = io::Error::from(io::ErrorKind::AlreadyExists);
    for _ in 0..ATTEMPTS {
        let path = dir.join(format!(".pixloom-{owner}-{:08x}.part", rand::random::<u32>()));
        // A new file gets what the user's umask leaves of rw-rw-rw-.
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => taken = error,
            Err(error) => return Err(error),
        }
    }
    Err(taken)
}

fn write_bytes(mut file: File, bytes: &[u8]) -> io::Result<(u64, String)> {
    file.write_all(bytes)?;
    Ok((bytes.len() as u64, sha256_hex(bytes)))
}

/// Copies a file and hashes what was copied, so that the hash is the output's even if the input changes meanwhile.
fn copy(mut to: File, dir: &Path, from: &Path) -> Result<(u64, String), ItemError> {
    let mut input = File::open(from).map_err(|error| ItemError::reading(from, &error))?;
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut hasher = Hasher::default();
    let mut size_bytes = 0;
    loop {
        let count = match input.read(&mut chunk) {
            Ok(0) => return Ok((size_bytes, hasher.finish())),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(ItemError::reading(from, &error)),
        };
        let bytes = chunk.get(..count).unwrap_or_default();
        to.write_all(bytes).map_err(|error| write_error(dir, &error))?;
        hasher.update(bytes);
        size_bytes += count as u64;
    }
}

/// Puts a temporary file in the place of the empty one, with that one's permissions.
fn take_over(file: File, path: &Path, dir: &Path, from: &Path) -> Result<(u64, String), ItemError> {
    let permissions = file.metadata().map_err(|error| write_error(dir, &error))?.permissions();
    if fs::rename(from, path).is_err() {
        // Another file system, most often.
        let copied = copy(file, dir, from)?;
        let _ = fs::remove_file(from);
        return Ok(copied);
    }
    let finish = || {
        fs::set_permissions(path, permissions)?;
        Ok((fs::metadata(path)?.len(), sha256_file(path)?))
    };
    finish().map_err(|error: io::Error| write_error(dir, &error))
}
