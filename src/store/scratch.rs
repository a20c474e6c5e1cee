//! A folder for files that exist only while the program runs.

#![expect(clippy::disallowed_methods, reason = "temporary files are created here")]

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// A folder that only the user can open, removed with everything in it when it is dropped.
#[derive(Debug)]
pub struct Scratch(tempfile::TempDir);

impl Scratch {
    /// A new one, in the folder for temporary files.
    pub fn new() -> io::Result<Self> {
        Self::with_prefix(".pixloom-")
    }

    /// A new one whose name begins like that.
    pub fn with_prefix(prefix: &str) -> io::Result<Self> {
        tempfile::Builder::new().prefix(prefix).tempdir().map(Self)
    }

    /// The path of a file in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Stores what a reader gives, at most `max_bytes` of it; returns the path.
    pub fn fill(&self, name: &str, from: &mut dyn Read, max_bytes: u64) -> io::Result<PathBuf> {
        let path = self.path(name);
        let mut file = File::create_new(&path)?;
        let copied = io::copy(&mut from.take(max_bytes + 1), &mut file)?;
        if copied > max_bytes {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(path)
    }
}

/// Copies a file to a writer.
pub fn copy_to(path: &Path, to: &mut dyn Write) -> io::Result<u64> {
    let copied = io::copy(&mut File::open(path)?, to)?;
    to.flush().map(|()| copied)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_scratch_folder_is_gone_with_its_files() {
        let scratch = Scratch::new().unwrap();
        let path = scratch.fill("a", &mut &b"abc"[..], 3).unwrap();
        let mut copy = Vec::new();
        assert_eq!((copy_to(&path, &mut copy).unwrap(), copy.as_slice()), (3, &b"abc"[..]));
        assert!(scratch.fill("b", &mut &b"abcd"[..], 3).is_err());
        drop(scratch);
        assert!(!path.exists());
    }
}
