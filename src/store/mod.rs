//! Bytes at rest, by locator: read, listed, and written completely or not at all.
//!
//! This is the only module that opens input and result files; the catalog and the secrets have files of their own. It
//! makes no decisions: whether a file may be replaced is for the engine to say. Any call may block for as long as its
//! disk or network does, so a thread that others wait for must not call in here.

pub mod descriptors;
mod folder;
mod folder_facts;
mod hash;
mod local;
#[cfg(test)]
pub(crate) mod memory;
mod names;
mod output;
mod owner;
mod parquet;
mod part_note;
mod read;
mod scratch;
mod spool;
mod trash;
#[cfg(test)]
pub(crate) mod unreliable;

use std::fs::File;
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

pub use folder_facts::{FolderId, folder_id, is_remote};
pub use hash::{Hasher, sha256_hex};
pub use local::CreatedFolders;
pub use names::{link_target, open_pipe, stored_path};
pub use output::{Content, OutputFolder, Staged, Temporary, sync_files};
pub use parquet::{ParquetKind, ParquetTable, ParquetValue};
pub(crate) use read::read_error;
pub use read::{is_intact, kind_at, read, read_head, read_text, sha256_of, size_at};
pub use scratch::{Scratch, copy_to};
pub use spool::{SavedPart, Spool, SpoolFolder, SpooledFile, nameless_file};
pub use trash::{Expected, FileIdentity, Trash, sha256_in_trash};

use crate::error::{ErrorKind, ItemError, JobError, is_device_failure};
use crate::model::{Locator, Message};

/// A kind of store, declared once: a file and its line in [`KINDS`].
pub struct StoreKind {
    /// Its name in the registry.
    pub id: &'static str,
    /// Whether it keeps the bytes at this locator.
    pub holds: fn(&Locator) -> bool,
    /// The store itself.
    pub store: &'static dyn Store,
}

/// Every kind of store. The first one that holds a locator serves it, so local folders, which hold every path, are last.
pub const KINDS: &[StoreKind] = &[
    #[cfg(test)]
    memory::KIND,
    #[cfg(test)]
    unreliable::KIND,
    local::KIND,
];

/// What kind of entry a locator names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file, or an object.
    File,
    /// A folder.
    Folder,
    /// A pipe, a device or anything else that can't simply be read.
    Other,
}

/// What is known of a stored file without reading it. Two heads that differ mean that the file has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// What kind of entry it is.
    pub kind: EntryKind,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// When it was last modified, where the store knows.
    pub modified: Option<SystemTime>,
}

impl Head {
    /// When it was last modified, in UTC milliseconds; negative before 1970.
    pub fn modified_ms(&self) -> Option<i64> {
        let time = self.modified?;
        match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).ok(),
            Err(before) => i64::try_from(before.duration().as_millis()).ok().map(|ms| -ms),
        }
    }
}

/// An entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it is.
    pub path: PathBuf,
    /// What it is; for a link, what the link leads to.
    pub kind: EntryKind,
    /// Whether it is a symbolic link.
    pub is_link: bool,
}

/// An open file of a store.
pub trait StoredFile: Read + Send {
    /// What is known of the open file now.
    fn head(&self) -> io::Result<Head>;

    /// The file of the operating system, for readers that seek; the stored file again if there is none.
    fn into_file(self: Box<Self>) -> Result<File, Box<dyn StoredFile>>;
}

/// A file being written. It gets its name when it is committed; if it is dropped before that, nothing of it remains.
pub trait NewFile: Write + Send {
    /// Makes its bytes safe and gives it its name, replacing the file that may be there.
    fn commit(self: Box<Self>) -> io::Result<()>;

    /// The same, but a name that is taken is `AlreadyExists`.
    fn commit_new(self: Box<Self>) -> io::Result<()>;
}

/// How much more can be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Space {
    /// Bytes the user may still write; `None` where the store doesn't know.
    pub free_bytes: Option<u64>,
    /// Whether nothing can be written because the file system is read-only.
    pub is_read_only: bool,
}

/// Where bytes are kept. Every call may block.
pub trait Store: Send + Sync {
    /// What is known of a file without reading it; links are followed.
    fn head(&self, locator: &Locator) -> io::Result<Head>;

    /// Opens a file for reading from its start.
    fn open(&self, locator: &Locator) -> io::Result<Box<dyn StoredFile>>;

    /// Calls `each` for the entries of a folder, in no particular order, until it breaks.
    fn list(&self, folder: &Locator, each: &mut dyn FnMut(Entry) -> ControlFlow<()>) -> io::Result<()>;

    /// Begins a file that appears completely or not at all.
    fn create_file(&self, locator: &Locator) -> io::Result<Box<dyn NewFile>>;

    /// The same, with its bytes in this folder until it gets its name; both are on the same file system.
    fn create_file_in(&self, folder: &Path, locator: &Locator) -> io::Result<Box<dyn NewFile>>;

    /// Writes a file completely or not at all, replacing the one that may be there.
    fn put(&self, locator: &Locator, bytes: &[u8]) -> io::Result<()> {
        let mut file = self.create_file(locator)?;
        file.write_all(bytes)?;
        file.commit()
    }

    /// Whether a name is taken, even if only by a broken link.
    fn is_taken(&self, path: &Path) -> bool;

    /// A path that does not depend on the working directory.
    fn absolute(&self, path: &Path) -> io::Result<PathBuf>;

    /// The path of an existing entry without links.
    fn resolve(&self, path: &Path) -> io::Result<PathBuf>;

    /// How much more can be written to a folder, which need not exist yet.
    fn space(&self, folder: &Path) -> Space;

    /// Proves that files can be written to a folder, which need not exist yet, and leaves nothing behind.
    fn check(&self, folder: &Path) -> io::Result<()>;

    /// Creates a folder and proves that files can be written to it.
    fn create(&self, folder: &Path) -> io::Result<CreatedFolders>;

    /// Opens a folder for the results of one job, creating it if need be.
    fn open_output(&self, folder: &Path) -> io::Result<Arc<dyn OutputFolder>>;

    /// Removes a folder with everything in it.
    fn remove_folder(&self, folder: &Path) -> io::Result<()>;

    /// Calls `each` for every file below a folder; links are included but not followed. Unreadable folders are skipped.
    fn walk(&self, folder: &Path, each: &mut dyn FnMut(&Path)) {
        let mut folders = vec![folder.to_path_buf()];
        while let Some(folder) = folders.pop() {
            let _ = self.list(&Locator::File(folder), &mut |entry| {
                if entry.kind == EntryKind::Folder && !entry.is_link {
                    folders.push(entry.path);
                } else {
                    each(&entry.path);
                }
                ControlFlow::Continue(())
            });
        }
    }
}

/// The store that keeps the bytes at a locator; a URL's are in none.
pub fn of(locator: &Locator) -> io::Result<&'static dyn Store> {
    let kind = KINDS.iter().find(|kind| (kind.holds)(locator));
    kind.map(|kind| kind.store).ok_or_else(|| io::ErrorKind::Unsupported.into())
}

/// The store that keeps what is at a path.
pub fn of_path(path: &Path) -> &'static dyn Store {
    of(&Locator::File(path.to_path_buf())).unwrap_or(local::KIND.store)
}

/// Writes a small file like [`put`]. Its folder is created if it does not exist.
pub fn put_in_folder(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    // Removed again if the file can't be written.
    let _created = folder.map(|folder| of_path(folder).create(folder)).transpose()?;
    put(path, bytes)
}

/// Proves that results can be written to a folder, which need not exist yet.
pub fn check_folder(folder: &Path) -> Result<(), JobError> {
    of_path(folder).check(folder).map_err(|error| unusable(folder, &error))
}

/// Creates the folder for results and proves that files can be written to it.
pub fn create_folder(folder: &Path) -> Result<CreatedFolders, JobError> {
    of_path(folder).create(folder).map_err(|error| unusable(folder, &error))
}

/// Why a folder can't take results.
pub fn unusable(folder: &Path, error: &io::Error) -> JobError {
    JobError::Output { path: folder.display().to_string(), detail: error.into() }
}

/// Begins a file that appears completely or not at all.
pub fn create_file(path: &Path) -> io::Result<Box<dyn NewFile>> {
    of_path(path).create_file(&Locator::File(path.to_path_buf()))
}

/// The same, with its bytes in this folder until it gets its name.
pub fn create_file_in(folder: &Path, path: &Path) -> io::Result<Box<dyn NewFile>> {
    of_path(path).create_file_in(folder, &Locator::File(path.to_path_buf()))
}

/// Removes a folder of ours with everything in it.
pub fn remove_folder(folder: &Path) -> io::Result<()> {
    of_path(folder).remove_folder(folder)
}

/// Writes a small file completely or not at all, replacing the one that may be there.
pub fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    of_path(path).put(&Locator::File(path.to_path_buf()), bytes)
}

/// Why a result can't be written to a folder. The error has no name yet: the caller knows the item.
pub(crate) fn write_error(folder: &Path, error: &io::Error) -> ItemError {
    let kind = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::DiskFull,
        io::ErrorKind::ReadOnlyFilesystem => ErrorKind::ReadOnly,
        _ if is_device_failure(error) => ErrorKind::DeviceFailed,
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::NotFound
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::IsADirectory
        | io::ErrorKind::AlreadyExists
        | io::ErrorKind::FileTooLarge
        | io::ErrorKind::InvalidFilename => ErrorKind::Unwritable,
        _ => ErrorKind::Io,
    };
    let why = Message::new("path_and_reason").with("path", folder.display()).with_message("reason", error);
    ItemError::nameless(kind).saying(&why)
}
