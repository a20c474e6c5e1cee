//! Local folders: files by path, and results that are written into folders held open.

#![expect(clippy::disallowed_methods, reason = "the files that people name are opened, examined and listed here")]

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::descriptors;
use super::folder::Folder;
use super::hash::{CHUNK_BYTES, Hasher, sha256_hex, sha256_of_rest};
use super::output::{Content, OutputFolder, Staged, Temporary, in_parallel};
use super::owner::{Owner, Sweeper};
use super::read::{ATTEMPTS as READ_ATTEMPTS, is_unchanged, open_regular, read_error};
use super::spool::{SavedParts, Spool, SpoolFolder};
use super::{Entry, EntryKind, Head, NewFile, Space, Store, StoreKind, StoredFile, names, write_error};
use crate::error::{ErrorKind, ItemError};
use crate::model::Locator;

/// Local folders hold every path.
pub(super) const KIND: StoreKind =
    StoreKind { id: "folder", holds: |locator| locator.path().is_some(), store: &LocalFolders };

/// Attempts to find a temporary name that is free.
const ATTEMPTS: u32 = 16;

/// Files by their paths.
pub(super) struct LocalFolders;

fn path_of(locator: &Locator) -> io::Result<&Path> {
    locator.path().ok_or_else(|| io::ErrorKind::Unsupported.into())
}

fn head_of(meta: &Metadata) -> Head {
    let kind = if meta.is_file() {
        EntryKind::File
    } else if meta.is_dir() {
        EntryKind::Folder
    } else {
        EntryKind::Other
    };
    Head { kind, size_bytes: meta.len(), modified: meta.modified().ok() }
}

impl StoredFile for File {
    fn head(&self) -> io::Result<Head> {
        self.metadata().map(|meta| head_of(&meta))
    }

    fn into_file(self: Box<Self>) -> Result<File, Box<dyn StoredFile>> {
        Ok(*self)
    }
}

/// A file under a temporary name beside its final one.
struct LocalNewFile {
    file: tempfile::NamedTempFile,
    path: PathBuf,
}

impl Write for LocalNewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl NewFile for LocalNewFile {
    fn commit(self: Box<Self>) -> io::Result<()> {
        self.file.as_file().sync_all()?;
        self.file.persist(self.path).map(drop).map_err(|error| error.error)
    }

    fn commit_new(self: Box<Self>) -> io::Result<()> {
        self.file.as_file().sync_all()?;
        self.file.persist_noclobber(self.path).map(drop).map_err(|error| error.error)
    }
}

impl Store for LocalFolders {
    fn head(&self, locator: &Locator) -> io::Result<Head> {
        fs::metadata(path_of(locator)?).map(|meta| head_of(&meta))
    }

    fn open(&self, locator: &Locator) -> io::Result<Box<dyn StoredFile>> {
        let path = path_of(locator)?;
        Ok(Box::new(descriptors::when_free(|| File::open(path))?))
    }

    fn list(&self, folder: &Locator, each: &mut dyn FnMut(Entry) -> ControlFlow<()>) -> io::Result<()> {
        let path = path_of(folder)?;
        for entry in descriptors::when_free(|| fs::read_dir(path))? {
            let entry = entry?;
            let (path, found) = (entry.path(), entry.file_type().ok());
            let is_link = found.is_some_and(|found| found.is_symlink());
            let kind = match found {
                Some(found) if found.is_dir() => EntryKind::Folder,
                Some(found) if found.is_file() => EntryKind::File,
                Some(_) if is_link => fs::metadata(&path).map_or(EntryKind::Other, |meta| head_of(&meta).kind),
                _ => EntryKind::Other,
            };
            if each(Entry { path, kind, is_link }).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn create_file(&self, locator: &Locator) -> io::Result<Box<dyn NewFile>> {
        let path = path_of(locator)?;
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        self.create_file_in(dir, locator)
    }

    fn create_file_in(&self, folder: &Path, locator: &Locator) -> io::Result<Box<dyn NewFile>> {
        let path = path_of(locator)?;
        let mut builder = tempfile::Builder::new();
        // What the user's umask leaves of it.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = descriptors::when_free(|| builder.prefix(".pixloom-").suffix(".part").tempfile_in(folder))?;
        Ok(Box::new(LocalNewFile { file, path: path.to_path_buf() }))
    }

    fn is_taken(&self, path: &Path) -> bool {
        path.symlink_metadata().is_ok()
    }

    fn absolute(&self, path: &Path) -> io::Result<PathBuf> {
        std::path::absolute(path)
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        names::resolved(path)
    }

    fn space(&self, folder: &Path) -> Space {
        space_of(folder)
    }

    fn check(&self, folder: &Path) -> io::Result<()> {
        // Where it does not exist yet, it will be created in the first folder above it that does.
        for folder in folder.ancestors() {
            match folder.symlink_metadata() {
                Ok(_) => return prove(folder),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::NotFound.into())
    }

    fn create(&self, folder: &Path) -> io::Result<CreatedFolders> {
        let missing: Vec<&Path> = folder.ancestors().take_while(|folder| folder.symlink_metadata().is_err()).collect();
        let mut created = CreatedFolders(Vec::new());
        for folder in missing.into_iter().rev() {
            match fs::create_dir(folder) {
                Ok(()) => created.0.push(folder.to_path_buf()),
                // Another program was quicker: the folder is not ours to remove.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        prove(folder)?;
        Ok(created)
    }

    fn remove_folder(&self, folder: &Path) -> io::Result<()> {
        fs::remove_dir_all(folder)
    }

    fn open_output(&self, folder: &Path) -> io::Result<Arc<dyn OutputFolder>> {
        let root = Folder::open(folder)?;
        let owner = Owner::claim(&root)?;
        Ok(Arc::new(LocalOutput { root, owner, parts: Arc::default() }))
    }
}

/// Folders that did not exist before. On drop, the empty ones are removed.
#[derive(Debug, Default)]
pub struct CreatedFolders(Vec<PathBuf>);

impl CreatedFolders {
    /// Their paths, outer ones first.
    pub fn paths(&self) -> &[PathBuf] {
        &self.0
    }
}

impl Drop for CreatedFolders {
    fn drop(&mut self) {
        // The innermost first. The system removes no folder that holds anything.
        let _ = self.0.iter().rev().try_for_each(fs::remove_dir);
    }
}

/// Proves that files can be written to a folder.
fn prove(dir: &Path) -> io::Result<()> {
    let folder = Folder::open(dir)?;
    if let Some(mut nameless) = folder.create_nameless() {
        return nameless.write_all(b"?");
    }
    let name = OsString::from(format!(".pixloom-check-{:08x}.part", rand::random::<u32>()));
    let written = folder.create(&name)?.write_all(b"?");
    match folder.remove(&name) {
        // A job that has just started here took it for one that was left behind.
        Err(error) if error.kind() == io::ErrorKind::NotFound => written,
        removed => written.and(removed),
    }
}

#[cfg(unix)]
fn space_of(folder: &Path) -> Space {
    use rustix::fs::StatVfsMountFlags;
    let stat = folder.ancestors().find(|folder| folder.is_dir()).and_then(|dir| rustix::fs::statvfs(dir).ok());
    stat.map_or_else(Space::default, |stat| Space {
        free_bytes: Some(stat.f_bavail.saturating_mul(stat.f_frsize)),
        is_read_only: stat.f_flag.contains(StatVfsMountFlags::RDONLY),
    })
}

#[cfg(not(unix))]
fn space_of(_folder: &Path) -> Space {
    Space::default()
}

/// A folder for results.
struct LocalOutput {
    root: Folder,
    owner: Owner,
    parts: Arc<SavedParts>,
}

impl fmt::Debug for LocalOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LocalOutput").field(&self.root.path()).finish()
    }
}

impl LocalOutput {
    fn create_temporary(&self, folder: &Folder, seq: u64) -> io::Result<(OsString, File)> {
        let mut taken = io::Error::from(io::ErrorKind::AlreadyExists);
        for _ in 0..ATTEMPTS {
            let name = self.owner.temporary_name(seq);
            match folder.create(&name) {
                Ok(file) => return Ok((name, file)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => taken = error,
                Err(error) => return Err(error),
            }
        }
        Err(taken)
    }
}

impl OutputFolder for LocalOutput {
    fn path(&self) -> &Path {
        self.root.path()
    }

    fn stage(&self, dir: &Path, seq: u64, content: Content<'_>) -> Result<Staged, ItemError> {
        let failed = |error: io::Error| write_error(dir, &error);
        let folder = self.root.below(dir).map_err(failed)?;
        let (name, mut file) = self.create_temporary(&folder, seq).map_err(failed)?;
        let path = dir.join(&name);
        // Folders below the root are opened when they are needed, since many results may wait at once.
        let temporary = LocalTemporary { root: self.root.clone(), path: path.clone(), is_published: false };
        let (size_bytes, hash) = match content {
            Content::Bytes(bytes) => {
                file.write_all(bytes).map_err(failed)?;
                (bytes.len() as u64, sha256_hex(bytes))
            }
            Content::Known(bytes, hash) => {
                file.write_all(bytes).map_err(failed)?;
                (bytes.len() as u64, hash.to_owned())
            }
            Content::Copy(from) => copy_input(&mut file, dir, from)?,
            Content::Move(from, body) => take_over(&file, (&folder, &name), dir, (&self.root, from, body))?,
        };
        Ok(Staged { path, size_bytes, hash, temporary: Box::new(temporary) })
    }

    fn sync_folders(&self, folders: &BTreeSet<PathBuf>) -> io::Result<()> {
        sync_folders(folders, self.root.path())
    }

    fn take_created(&self) -> Vec<PathBuf> {
        self.root.take_created()
    }

    fn take_back(&self, path: &Path) -> io::Result<()> {
        let (dir, name) = split(path)?;
        self.root.below(dir)?.remove(name)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let ((dir, from), (to_dir, to)) = (split(from)?, split(to)?);
        if dir != to_dir {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a result stays in its folder"));
        }
        self.root.below(dir)?.rename_exclusively(from, to)
    }

    fn sweep(&self, each: &mut dyn FnMut(&Path)) -> u64 {
        let mut sweeper = Sweeper::default();
        LocalFolders.walk(self.root.path(), &mut |path| {
            if !sweeper.visit(path) {
                each(path);
            }
        });
        for part in sweeper.parts_in(self.root.path()) {
            self.parts.find(&self.root, part.to_owned());
        }
        sweeper.finish()
    }

    fn spool(&self, job: &str) -> Spool {
        Spool::within(Arc::new(self.root.clone()), &self.owner.spool_prefix()).saving(&self.parts, job)
    }

    fn discard_parts(&self, job: &str) {
        self.parts.discard(&self.root, job);
    }

    fn is_in_place(&self) -> io::Result<bool> {
        self.root.is_in_place()
    }

    fn close(&self) {
        self.owner.release();
    }
}

impl SpoolFolder for Folder {
    fn create(&self, name: &OsStr) -> io::Result<File> {
        self.create_private(name)
    }

    fn remove(&self, name: &OsStr) -> io::Result<()> {
        Self::remove(self, name)
    }

    fn open(&self, name: &OsStr) -> io::Result<File> {
        self.file_for_both(name)
    }

    fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        self.rename_exclusively(from, to)
    }

    fn free_bytes(&self) -> Option<u64> {
        Self::free_bytes(self)
    }

    fn path(&self) -> &Path {
        Self::path(self)
    }
}

/// A temporary in a local folder.
#[derive(Debug)]
struct LocalTemporary {
    root: Folder,
    path: PathBuf,
    is_published: bool,
}

impl LocalTemporary {
    /// The folder it is in, and its name there.
    fn folder_and_name(&self) -> io::Result<(Folder, &OsStr)> {
        let (dir, name) = split(&self.path)?;
        Ok((self.root.below(dir)?, name))
    }
}

impl Temporary for LocalTemporary {
    fn sync(&self) -> io::Result<()> {
        let (folder, name) = self.folder_and_name()?;
        folder.file(name, true)?.sync_all()
    }

    fn set_modified(&self, time: SystemTime) -> io::Result<()> {
        let (folder, name) = self.folder_and_name()?;
        folder.file(name, true)?.set_modified(time)
    }

    fn publish(&mut self, to: &Path, replaces: bool) -> io::Result<()> {
        let (folder, name) = self.folder_and_name()?;
        let (dir, to) = split(to)?;
        if dir != folder.path() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a result stays in its folder"));
        }
        if replaces {
            folder.rename(name, to)?;
        } else {
            folder.rename_exclusively(name, to)?;
        }
        self.is_published = true;
        Ok(())
    }
}

impl Drop for LocalTemporary {
    fn drop(&mut self) {
        if !self.is_published {
            let _ = self.folder_and_name().and_then(|(folder, name)| folder.remove(name));
        }
    }
}

fn split(path: &Path) -> io::Result<(&Path, &OsStr)> {
    path.parent().zip(path.file_name()).ok_or_else(|| io::ErrorKind::InvalidFilename.into())
}

/// Copies an input and hashes the copied bytes. An input that changes meanwhile is copied once more, then refused.
fn copy_input(to: &mut File, dir: &Path, from: &Locator) -> Result<(u64, String), ItemError> {
    for _ in 0..READ_ATTEMPTS {
        let (before, mut input) = open_regular(from)?;
        let (size_bytes, hash) = copy(to, dir, &mut input, from)?;
        if is_unchanged(&before, input.as_ref(), size_bytes) {
            return Ok((size_bytes, hash));
        }
        to.set_len(0).and_then(|()| to.rewind()).map_err(|error| write_error(dir, &error))?;
    }
    Err(ItemError::new(ErrorKind::InputChanged, from))
}

fn copy(to: &mut File, dir: &Path, input: &mut impl Read, from: &Locator) -> Result<(u64, String), ItemError> {
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut hasher = Hasher::default();
    let mut size_bytes = 0;
    loop {
        let count = match input.read(&mut chunk) {
            Ok(0) => return Ok((size_bytes, hasher.finish())),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(read_error(from, &error)),
        };
        let bytes = chunk.get(..count).unwrap_or_default();
        to.write_all(bytes).map_err(|error| write_error(dir, &error))?;
        hasher.update(bytes);
        size_bytes += count as u64;
    }
}

/// Renames a temporary of the spool over the empty file, and gives it that one's permissions.
fn take_over(
    file: &File,
    (folder, name): (&Folder, &OsStr),
    dir: &Path,
    (root, from, body): (&Folder, &OsStr, &File),
) -> Result<(u64, String), ItemError> {
    let failed = |error: io::Error| write_error(dir, &error);
    let permissions = file.metadata().map_err(failed)?.permissions();
    let mut body = body;
    body.rewind().map_err(failed)?;
    if folder.take(name, (root, from, body)).is_err() {
        // Another file system, most often. What others put under its name is not part of the result.
        let _ = folder.remove(name);
        let mut file = folder.create(name).map_err(failed)?;
        let copied = copy(&mut file, dir, &mut body, &Locator::File(root.path().join(from)))?;
        let _ = root.remove(from);
        return Ok(copied);
    }
    body.set_permissions(permissions).map_err(failed)?;
    let size_bytes = body.metadata().map_err(failed)?.len();
    Ok((size_bytes, sha256_of_rest(body).map_err(failed)?))
}

/// Syncs these folders, those above them up to `root`, and the folder that holds `root`, since each may be new.
fn sync_folders(folders: &BTreeSet<PathBuf>, root: &Path) -> io::Result<()> {
    let mut all: BTreeSet<&Path> = BTreeSet::new();
    for folder in folders {
        all.extend(folder.ancestors().take_while(|folder| folder.starts_with(root)));
    }
    all.extend(root.parent().filter(|parent| !parent.as_os_str().is_empty()));
    let all: Vec<&Path> = all.into_iter().collect();
    in_parallel(&all, |folder| sync_folder(folder)).into_iter().collect()
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    match descriptors::when_free(|| File::open(folder)).and_then(|folder| folder.sync_all()) {
        // Some file systems can't, and a folder above ours may not be ours to open.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::PermissionDenied) => Ok(()),
        other => other,
    }
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
