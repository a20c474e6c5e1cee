//! Temporary files for bodies that are too large for memory, in a folder that the caller chooses.
//!
//! Their bytes are read and written through the open file alone, so a file that replaces one under its name is never read.

#![expect(clippy::disallowed_methods, reason = "temporary files are created here")]

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::descriptors;

/// Attempts to find a name that is free.
const ATTEMPTS: u32 = 16;

/// A folder in which temporary files can be made.
pub trait SpoolFolder: fmt::Debug + Send + Sync {
    /// A new, empty file for reading and writing, which only the user may read.
    fn create(&self, name: &OsStr) -> io::Result<File>;

    /// Removes a file of it.
    fn remove(&self, name: &OsStr) -> io::Result<()>;

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

    fn path(&self) -> &Path {
        self
    }
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
}

impl Spool {
    /// A spool in a folder, which must exist; its files are called `.pixloom-fetch-*.part`.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self::within(Arc::new(dir.into()), ".pixloom-fetch-")
    }

    /// A spool in this folder. Its files' names begin with the prefix and end in `.part`.
    pub fn within(folder: Arc<dyn SpoolFolder>, prefix: &str) -> Self {
        Self { folder, prefix: prefix.into() }
    }

    /// Its folder's path, for messages.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A new, empty file.
    pub(crate) fn create(&self) -> io::Result<SpooledFile> {
        let mut taken = io::Error::from(io::ErrorKind::AlreadyExists);
        for _ in 0..ATTEMPTS {
            let name = OsString::from(format!("{}{:016x}.part", self.prefix, rand::random::<u64>()));
            match self.folder.create(&name) {
                Ok(file) => {
                    let folder = Arc::clone(&self.folder);
                    return Ok(SpooledFile { file, name, folder, hash: String::new() });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => taken = error,
                Err(error) => return Err(error),
            }
        }
        Err(taken)
    }
}

/// A temporary file with a body in it. Its name is removed with it.
#[derive(Debug)]
pub struct SpooledFile {
    file: File,
    name: OsString,
    folder: Arc<dyn SpoolFolder>,
    hash: String,
}

impl SpooledFile {
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
        // If it has become a result, the name is gone already.
        let _ = self.folder.remove(&self.name);
    }
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
