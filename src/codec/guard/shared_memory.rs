//! Memory shared by a job and one helper: an anonymous file that both can read and write.
//!
//! It is read and written by position, never mapped: if a helper truncates the file, a read fails instead of raising a
//! signal, and concurrent writes can't violate Rust's aliasing rules.

use std::fs::File;
use std::io;

/// An anonymous file, in memory if the system supports that.
#[derive(Debug)]
pub(super) struct SharedMemory(File);

impl SharedMemory {
    /// An empty one.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn create() -> io::Result<Self> {
        Ok(Self(rustix::fs::memfd_create("pixloom-pixels", rustix::fs::MemfdFlags::CLOEXEC)?.into()))
    }

    /// An empty one.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn create() -> io::Result<Self> {
        tempfile::tempfile().map(Self)
    }

    /// The one that this process was started with, in place of standard error.
    pub(super) fn inherited() -> io::Result<Self> {
        #[cfg(unix)]
        let owned = std::os::fd::AsFd::as_fd(&io::stderr()).try_clone_to_owned()?;
        #[cfg(windows)]
        let owned = std::os::windows::io::AsHandle::as_handle(&io::stderr()).try_clone_to_owned()?;
        Ok(Self(owned.into()))
    }

    /// The file, for the process that is started with it.
    pub(super) fn handle(&self) -> io::Result<File> {
        self.0.try_clone()
    }

    /// Writes all of `bytes` at `position`.
    pub(super) fn write_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        #[cfg(unix)]
        return std::os::unix::fs::FileExt::write_all_at(&self.0, bytes, position);
        #[cfg(windows)]
        {
            let (mut rest, mut position) = (bytes, position);
            while !rest.is_empty() {
                let written = std::os::windows::fs::FileExt::seek_write(&self.0, rest, position)?;
                rest = rest.get(written..).unwrap_or_default();
                position += written as u64;
            }
            Ok(())
        }
    }

    /// Fills `buffer` from `position`. `UnexpectedEof` beyond the end.
    pub(super) fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        #[cfg(unix)]
        return std::os::unix::fs::FileExt::read_exact_at(&self.0, buffer, position);
        #[cfg(windows)]
        {
            let mut had = 0;
            while had < buffer.len() {
                let rest = buffer.get_mut(had..).unwrap_or_default();
                match std::os::windows::fs::FileExt::seek_read(&self.0, rest, position + had as u64)? {
                    0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                    read => had += read,
                }
            }
            Ok(())
        }
    }

    /// Releases memory above `bytes`.
    pub(super) fn shrink_to(&self, bytes: u64) -> io::Result<()> {
        if self.0.metadata()?.len() > bytes { self.0.set_len(bytes) } else { Ok(()) }
    }

    /// Its length in bytes.
    pub(super) fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    /// Bytes of memory in use.
    pub(super) fn taken_bytes(&self) -> u64 {
        #[cfg(unix)]
        return self.0.metadata().map_or(0, |meta| std::os::unix::fs::MetadataExt::blocks(&meta) * 512);
        #[cfg(not(unix))]
        return self.0.metadata().map_or(0, |meta| meta.len());
    }
}
