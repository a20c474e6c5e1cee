//! The body of a response: small ones in memory, large ones in a temporary file.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

pub use hyper::body::Bytes;
use sha2::{Digest, Sha256};

use super::saved_parts::PartOf;
use crate::error::ItemError;
use crate::model::human;
use crate::store::{SavedPart, Spool, SpooledFile};

/// Bytes that are written to the temporary file at once.
const WRITE_BYTES: usize = 1 << 20;
/// Smallest body, received in one piece, that keeps its network buffer; smaller ones are copied, so that they do not
/// hold a buffer many times their size.
const KEPT_BYTES: usize = 16 << 10;
/// Smallest part that is saved for a later run, in bytes.
const MIN_SAVED_BYTES: u64 = 1 << 20;

/// The body of a response. Its temporary file is removed on drop.
#[derive(Debug)]
pub enum Body {
    /// In memory.
    Memory(Bytes),
    /// In a temporary file.
    File(Box<SpooledFile>),
}

impl Body {
    /// SHA-256 of the bytes, lower-case hex. For bytes in memory it is computed now, since the receiving thread should
    /// not spend time on it.
    pub fn sha256(&self) -> String {
        match self {
            Self::Memory(bytes) => human::hex(&Sha256::digest(bytes)),
            Self::File(file) => file.hash().to_owned(),
        }
    }

    /// All bytes, read from the temporary file if they are there.
    pub fn into_bytes(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Memory(bytes) => Ok(bytes.into()),
            Self::File(file) => file.bytes(),
        }
    }

    /// Copies all bytes to a writer; returns their number.
    pub fn copy_to(&self, writer: &mut dyn Write) -> io::Result<u64> {
        match self {
            Self::Memory(bytes) => {
                writer.write_all(bytes)?;
                Ok(bytes.len() as u64)
            }
            Self::File(file) => io::copy(&mut file.reader(), writer),
        }
    }

    /// The first bytes, at most `count`.
    pub fn head(&self, count: usize) -> io::Result<Vec<u8>> {
        match self {
            Self::Memory(bytes) => Ok(bytes.iter().take(count).copied().collect()),
            Self::File(file) => file.head(count as u64),
        }
    }

    /// The path of the temporary file, if there is one.
    pub fn path(&self) -> Option<PathBuf> {
        match self {
            Self::Memory(_) => None,
            Self::File(file) => Some(file.path()),
        }
    }
}

/// What an incomplete body takes while it waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Holding {
    /// Bytes of memory.
    pub(crate) bytes: u64,
    /// Open files.
    pub(crate) files: usize,
}

/// Collects the bytes of a body.
pub(crate) struct Collector<'a> {
    spool: &'a Spool,
    in_memory_bytes: u64,
    /// The size that the server announced, if the body fits into memory.
    expected_bytes: Option<u64>,
    /// Whether it announced more than that: then nothing is gained by waiting before it goes to the file.
    is_large: bool,
    /// The whole body, if it arrived in one piece.
    whole: Option<Bytes>,
    pending: Vec<u8>,
    /// The temporary file, with the hash of its bytes.
    file: Option<(SpooledFile, Sha256)>,
    size_bytes: u64,
    /// Whether bytes are being written: if that is cancelled, they are lost.
    is_flushing: bool,
    /// What the body is, if its part is to be saved for a later run.
    part_of: Option<Arc<PartOf>>,
}

impl<'a> Collector<'a> {
    /// An empty body. `expected_bytes` is the announced size, which is trusted only as far as memory goes.
    pub(crate) fn new(spool: &'a Spool, in_memory_bytes: u64, expected_bytes: Option<u64>) -> Self {
        Self {
            spool,
            in_memory_bytes,
            expected_bytes: expected_bytes.filter(|expected| *expected <= in_memory_bytes),
            is_large: expected_bytes.is_some_and(|expected| expected > in_memory_bytes),
            whole: None,
            pending: Vec::new(),
            file: None,
            size_bytes: 0,
            is_flushing: false,
            part_of: None,
        }
    }

    /// A body that an earlier run has received in part.
    pub(crate) fn of_part(spool: &'a Spool, in_memory_bytes: u64, part: SavedPart, of: PartOf) -> Self {
        let SavedPart { file, hasher, size_bytes, .. } = part;
        let collector = Self::new(spool, in_memory_bytes, None);
        Self { file: Some((file, hasher)), size_bytes, part_of: Some(Arc::new(of)), ..collector }
    }

    /// Saves what is received for a later run, should this one end before the body does.
    pub(crate) fn save_part_of(&mut self, of: PartOf) {
        self.part_of = Some(Arc::new(of));
    }

    /// What was received is of no use any more.
    pub(crate) fn discard(mut self) {
        if let Some((file, _)) = self.file.take() {
            file.discard();
        }
    }

    /// Whether all received bytes are still there.
    pub(crate) const fn is_intact(&self) -> bool {
        !self.is_flushing
    }

    /// Bytes received so far.
    pub(crate) const fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// What it takes now.
    pub(crate) fn holding(&self) -> Holding {
        let bytes = self.pending.capacity() + self.whole.as_ref().map_or(0, Bytes::len);
        Holding { bytes: bytes as u64, files: usize::from(self.file.is_some()) }
    }

    /// Adds the next bytes, without copying them if they are the whole body.
    pub(crate) async fn take(&mut self, chunk: Bytes) -> Result<(), ItemError> {
        let is_whole = self.size_bytes == 0 && self.expected_bytes == Some(chunk.len() as u64);
        if !is_whole || chunk.len() < KEPT_BYTES {
            return self.push(&chunk).await;
        }
        self.size_bytes = chunk.len() as u64;
        self.whole = Some(chunk);
        Ok(())
    }

    /// Adds the next bytes.
    pub(crate) async fn push(&mut self, bytes: &[u8]) -> Result<(), ItemError> {
        self.size_bytes += bytes.len() as u64;
        if self.pending.capacity() == 0
            && let Some(expected) = self.expected_bytes
        {
            self.pending.reserve_exact(usize::try_from(expected).unwrap_or(0));
        }
        if let Some(whole) = self.whole.take() {
            self.pending.extend_from_slice(&whole);
        }
        self.pending.extend_from_slice(bytes);
        let spills = self.is_large || self.file.is_some() || self.size_bytes > self.in_memory_bytes;
        if spills && self.pending.len() >= WRITE_BYTES.min(self.in_memory_bytes as usize + 1) {
            self.flush().await?;
        }
        Ok(())
    }

    /// The whole body, and its size in bytes.
    pub(crate) async fn finish(mut self) -> Result<(Body, u64), ItemError> {
        if self.file.is_some() && !self.pending.is_empty() {
            self.flush().await?;
        }
        let body = match self.file {
            Some((mut file, hasher)) => {
                file.seal(human::hex(&hasher.finalize()));
                Body::File(Box::new(file))
            }
            None => Body::Memory(self.whole.unwrap_or_else(|| self.pending.into())),
        };
        Ok((body, self.size_bytes))
    }

    /// Writes pending bytes to the temporary file and hashes them, on a thread that may wait for the disk.
    async fn flush(&mut self) -> Result<(), ItemError> {
        let spool = self.spool.clone();
        let file = self.file.take();
        let mut pending = std::mem::take(&mut self.pending);
        let size_bytes = self.size_bytes;
        let part_of = self.part_of.clone().filter(|_| size_bytes >= MIN_SAVED_BYTES);
        self.is_flushing = true;
        let written = tokio::task::spawn_blocking(move || -> io::Result<((SpooledFile, Sha256), Vec<u8>)> {
            let (mut file, mut hasher) = match file {
                Some(file) => file,
                None => (spool.create()?, Sha256::new()),
            };
            file.file().write_all(&pending)?;
            hasher.update(&pending);
            if let Some(of) = part_of {
                let hash = human::hex(&hasher.clone().finalize());
                file.save_part(&of.link, &of.about, size_bytes, hash);
            }
            pending.clear();
            pending.shrink_to(WRITE_BYTES);
            Ok(((file, hasher), pending))
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
    use super::super::body::*;

    fn collect(in_memory_bytes: u64, chunks: &[&[u8]]) -> (Body, u64, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::new(dir.path());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (body, size) = runtime.block_on(async {
            let mut collector = Collector::new(&spool, in_memory_bytes, None);
            for chunk in chunks {
                collector.push(chunk).await.unwrap();
            }
            collector.finish().await.unwrap()
        });
        (body, size, dir)
    }

    #[test]
    fn a_small_body_stays_in_memory_and_has_its_hash() {
        let (body, size, _dir) = collect(10, &[b"a", b"bc"]);
        assert!(body.path().is_none());
        assert_eq!(body.sha256(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!((size, body.into_bytes().unwrap().as_slice()), (3, b"abc".as_slice()));
    }

    #[test]
    fn a_body_in_one_piece_keeps_its_buffer_and_more_bytes_are_appended() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let spool = Spool::new("/nonexistent/spool");
        let chunk = Bytes::from(vec![7; KEPT_BYTES]);
        let collector = || Collector::new(&spool, 1 << 20, Some(KEPT_BYTES as u64));
        let (body, size) = runtime.block_on(async {
            let mut collector = collector();
            collector.take(chunk.clone()).await.unwrap();
            collector.finish().await.unwrap()
        });
        let Body::Memory(bytes) = body else { panic!("{body:?}") };
        assert_eq!((size, bytes.as_ptr()), (KEPT_BYTES as u64, chunk.as_ptr()));
        let (body, size) = runtime.block_on(async {
            let mut collector = collector();
            collector.push(&chunk).await.unwrap();
            collector.finish().await.unwrap()
        });
        assert_eq!((body.into_bytes().unwrap(), size), (chunk.to_vec(), KEPT_BYTES as u64));
        let (body, size) = runtime.block_on(async {
            let mut collector = collector();
            collector.take(chunk.clone()).await.unwrap();
            collector.take(Bytes::from_static(b"end")).await.unwrap();
            collector.finish().await.unwrap()
        });
        assert_eq!((body.into_bytes().unwrap(), size), ([&chunk[..], b"end"].concat(), KEPT_BYTES as u64 + 3));
    }

    #[test]
    fn a_large_body_goes_to_a_file_that_is_removed_with_it() {
        let (body, size, dir) = collect(2, &[b"a", b"bc", b"", b"d"]);
        let path = body.path().unwrap();
        assert!(path.starts_with(dir.path()) && path.to_string_lossy().ends_with(".part"));
        let mut copy = Vec::new();
        assert_eq!((size, body.copy_to(&mut copy).unwrap()), (4, 4));
        assert_eq!((copy.as_slice(), body.head(2).unwrap().as_slice()), (b"abcd".as_slice(), b"ab".as_slice()));
        assert_eq!(body.sha256(), "88d4266fd4e6338d13b845fcf289579d209c897823b9217da3e161936f031589");
        drop(body);
        assert!(!path.exists());
    }

    #[test]
    fn a_missing_spool_fails_the_item() {
        let spool = Spool::new("/nonexistent/spool");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let error = runtime.block_on(async { Collector::new(&spool, 0, None).push(b"abc").await }).unwrap_err();
        assert_eq!(error.kind, crate::error::ErrorKind::Unwritable);
    }
}
