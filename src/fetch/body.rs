//! The bytes of a response: in memory while they are few, in a temporary file once they are many.

use std::io::{self, Write};
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::spool::{Spool, SpooledFile};
use crate::error::ItemError;
use crate::model::human;

/// Bytes gathered before they are written to the temporary file at once.
const WRITE_BYTES: usize = 1 << 20;

/// The bytes of a response. A temporary file goes away with it.
#[derive(Debug)]
pub enum Body {
    /// All of them.
    Memory(Vec<u8>),
    /// In a temporary file.
    File(Box<SpooledFile>),
}

impl Body {
    /// All bytes, read from the temporary file if they stand there.
    pub fn into_bytes(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Memory(bytes) => Ok(bytes),
            Self::File(file) => file.bytes(),
        }
    }

    /// Copies all bytes to a writer; gives their number.
    pub fn copy_to(&self, writer: &mut dyn Write) -> io::Result<u64> {
        match self {
            Self::Memory(bytes) => {
                writer.write_all(bytes)?;
                Ok(bytes.len() as u64)
            }
            Self::File(file) => io::copy(&mut file.reader(), writer),
        }
    }

    /// The first bytes, at most `count`: enough to tell what they are.
    pub fn head(&self, count: usize) -> io::Result<Vec<u8>> {
        match self {
            Self::Memory(bytes) => Ok(bytes.iter().take(count).copied().collect()),
            Self::File(file) => file.head(count as u64),
        }
    }

    /// Where the temporary file was made, if the bytes stand in one.
    pub fn path(&self) -> Option<PathBuf> {
        match self {
            Self::Memory(_) => None,
            Self::File(file) => Some(file.path()),
        }
    }
}

/// Takes a body's bytes as they come, and hashes them.
pub(super) struct Collector<'a> {
    spool: &'a Spool,
    in_memory_bytes: u64,
    pending: Vec<u8>,
    file: Option<SpooledFile>,
    hasher: Sha256,
    size_bytes: u64,
    /// Whether bytes are on their way to the disk: if that is given up, they are lost.
    is_flushing: bool,
}

impl<'a> Collector<'a> {
    /// Nothing yet. `expected_bytes` is what the server announced, which is believed only as far as memory goes.
    pub(super) fn new(spool: &'a Spool, in_memory_bytes: u64, expected_bytes: Option<u64>) -> Self {
        let room = expected_bytes.filter(|expected| *expected <= in_memory_bytes).unwrap_or(0);
        Self {
            spool,
            in_memory_bytes,
            pending: Vec::with_capacity(usize::try_from(room).unwrap_or(0)),
            file: None,
            hasher: Sha256::new(),
            size_bytes: 0,
            is_flushing: false,
        }
    }

    /// Whether all that was taken is still there.
    pub(super) const fn is_intact(&self) -> bool {
        !self.is_flushing
    }

    /// Bytes taken so far.
    pub(super) const fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Takes the next bytes.
    pub(super) async fn push(&mut self, bytes: &[u8]) -> Result<(), ItemError> {
        self.hasher.update(bytes);
        self.size_bytes += bytes.len() as u64;
        self.pending.extend_from_slice(bytes);
        let spills = self.file.is_some() || self.size_bytes > self.in_memory_bytes;
        if spills && self.pending.len() >= WRITE_BYTES.min(self.in_memory_bytes as usize + 1) {
            self.flush().await?;
        }
        Ok(())
    }

    /// The whole body, its size in bytes and the SHA-256 of its bytes as lower-case hex.
    pub(super) async fn finish(mut self) -> Result<(Body, u64, String), ItemError> {
        if self.file.is_some() && !self.pending.is_empty() {
            self.flush().await?;
        }
        let hash = human::hex(&self.hasher.finalize());
        let body = match self.file {
            Some(file) => Body::File(Box::new(file)),
            None => Body::Memory(self.pending),
        };
        Ok((body, self.size_bytes, hash))
    }

    /// Writes what is pending to the temporary file, on a thread that may wait for the disk.
    async fn flush(&mut self) -> Result<(), ItemError> {
        let spool = self.spool.clone();
        let file = self.file.take();
        let mut pending = std::mem::take(&mut self.pending);
        self.is_flushing = true;
        let written = tokio::task::spawn_blocking(move || -> io::Result<(SpooledFile, Vec<u8>)> {
            let file = match file {
                Some(file) => file,
                None => spool.create()?,
            };
            file.file().write_all(&pending)?;
            pending.clear();
            pending.shrink_to(WRITE_BYTES);
            Ok((file, pending))
        })
        .await
        .unwrap_or_else(|broken| Err(io::Error::other(broken)));
        let (file, pending) = written.map_err(|error| ItemError::writing(self.spool.path(), &error))?;
        self.file = Some(file);
        self.pending = pending;
        self.is_flushing = false;
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn collect(in_memory_bytes: u64, chunks: &[&[u8]]) -> (Body, u64, String, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::new(dir.path());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (body, size, hash) = runtime.block_on(async {
            let mut collector = Collector::new(&spool, in_memory_bytes, None);
            for chunk in chunks {
                collector.push(chunk).await.unwrap();
            }
            collector.finish().await.unwrap()
        });
        (body, size, hash, dir)
    }

    #[test]
    fn a_small_body_stays_in_memory_and_has_its_hash() {
        let (body, size, hash, _dir) = collect(10, &[b"a", b"bc"]);
        assert!(body.path().is_none());
        assert_eq!((size, body.into_bytes().unwrap().as_slice()), (3, b"abc".as_slice()));
        assert_eq!(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn a_large_body_goes_to_a_file_that_vanishes_with_it() {
        let (body, size, hash, dir) = collect(2, &[b"a", b"bc", b"", b"d"]);
        let path = body.path().unwrap();
        assert!(path.starts_with(dir.path()) && path.to_string_lossy().ends_with(".part"));
        let mut copy = Vec::new();
        assert_eq!((size, body.copy_to(&mut copy).unwrap()), (4, 4));
        assert_eq!((copy.as_slice(), body.head(2).unwrap().as_slice()), (b"abcd".as_slice(), b"ab".as_slice()));
        assert_eq!(hash, "88d4266fd4e6338d13b845fcf289579d209c897823b9217da3e161936f031589");
        drop(body);
        assert!(!path.exists());
    }

    #[test]
    fn a_spool_that_is_not_there_fails_the_item_in_words() {
        let spool = Spool::new("/nonexistent/spool");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let error = runtime.block_on(async { Collector::new(&spool, 0, None).push(b"abc").await }).unwrap_err();
        assert_eq!(error.kind, crate::error::ErrorKind::Unwritable);
    }
}
