//! A store in memory, for tests: what a kind of store needs, in one file. Its paths begin with `memory:`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Cursor, Read, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::output::{Content, OutputFolder, Staged, Temporary};
use super::{
    CreatedFolders, Entry, EntryKind, Head, NewFile, Space, Spool, Store, StoreKind, StoredFile, read, sha256_hex,
    write_error,
};
use crate::error::ItemError;
use crate::model::Locator;

pub(super) const KIND: StoreKind = StoreKind { id: "memory", holds, store: &Memory };

static FILES: LazyLock<Mutex<BTreeMap<PathBuf, Arc<[u8]>>>> = LazyLock::new(Mutex::default);

fn holds(locator: &Locator) -> bool {
    locator.path().is_some_and(|path| path.starts_with("memory:"))
}

fn files() -> MutexGuard<'static, BTreeMap<PathBuf, Arc<[u8]>>> {
    FILES.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Memory;

struct OpenFile(Cursor<Arc<[u8]>>);

impl Read for OpenFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl StoredFile for OpenFile {
    fn head(&self) -> io::Result<Head> {
        Ok(Head { kind: EntryKind::File, size_bytes: self.0.get_ref().len() as u64, modified: None })
    }

    fn into_file(self: Box<Self>) -> Result<File, Box<dyn StoredFile>> {
        Err(self)
    }
}

struct BeingWritten {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Write for BeingWritten {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl NewFile for BeingWritten {
    fn commit(self: Box<Self>) -> io::Result<()> {
        files().insert(self.path, self.bytes.into());
        Ok(())
    }

    fn commit_new(self: Box<Self>) -> io::Result<()> {
        if files().contains_key(&self.path) { Err(io::ErrorKind::AlreadyExists.into()) } else { self.commit() }
    }
}

fn find(locator: &Locator) -> io::Result<Arc<[u8]>> {
    let path = locator.path().ok_or(io::ErrorKind::Unsupported)?;
    files().get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
}

fn is_folder(locator: &Locator) -> bool {
    locator.path().is_some_and(|folder| files().keys().any(|path| path.starts_with(folder)))
}

impl Store for Memory {
    fn head(&self, locator: &Locator) -> io::Result<Head> {
        match find(locator) {
            Ok(bytes) => OpenFile(Cursor::new(bytes)).head(),
            Err(_) if is_folder(locator) => Ok(Head { kind: EntryKind::Folder, size_bytes: 0, modified: None }),
            Err(error) => Err(error),
        }
    }

    fn open(&self, locator: &Locator) -> io::Result<Box<dyn StoredFile>> {
        Ok(Box::new(OpenFile(Cursor::new(find(locator)?))))
    }

    fn list(&self, folder: &Locator, each: &mut dyn FnMut(Entry) -> ControlFlow<()>) -> io::Result<()> {
        let folder = folder.path().ok_or(io::ErrorKind::Unsupported)?;
        let mut found = BTreeMap::new();
        for path in files().keys() {
            let Ok(below) = path.strip_prefix(folder) else { continue };
            let mut parts = below.components();
            let Some(first) = parts.next() else { continue };
            let kind = if parts.next().is_some() { EntryKind::Folder } else { EntryKind::File };
            found.insert(folder.join(first), kind);
        }
        let entries = found.into_iter().map(|(path, kind)| Entry { path, kind, is_link: false });
        let _ = entries.map(each).find(ControlFlow::is_break);
        Ok(())
    }

    fn create_file(&self, locator: &Locator) -> io::Result<Box<dyn NewFile>> {
        let path = locator.path().ok_or(io::ErrorKind::Unsupported)?;
        Ok(Box::new(BeingWritten { path: path.to_path_buf(), bytes: Vec::new() }))
    }

    fn create_file_in(&self, _: &Path, locator: &Locator) -> io::Result<Box<dyn NewFile>> {
        self.create_file(locator)
    }

    fn remove_folder(&self, folder: &Path) -> io::Result<()> {
        files().retain(|path, _| !path.starts_with(folder));
        Ok(())
    }

    fn is_taken(&self, path: &Path) -> bool {
        files().contains_key(path)
    }

    fn absolute(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.to_path_buf())
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.to_path_buf())
    }

    fn space(&self, _folder: &Path) -> Space {
        Space::default()
    }

    fn check(&self, _folder: &Path) -> io::Result<()> {
        Ok(())
    }

    fn create(&self, _folder: &Path) -> io::Result<CreatedFolders> {
        Ok(CreatedFolders::default())
    }

    fn open_output(&self, folder: &Path) -> io::Result<Arc<dyn OutputFolder>> {
        Ok(Arc::new(MemoryOutput(folder.to_path_buf())))
    }
}

#[derive(Debug)]
struct MemoryOutput(PathBuf);

#[derive(Debug)]
struct Pending(Vec<u8>);

impl Temporary for Pending {
    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn set_modified(&self, _time: SystemTime) -> io::Result<()> {
        Ok(())
    }

    fn publish(&mut self, to: &Path, replaces: bool) -> io::Result<()> {
        let mut files = files();
        if !replaces && files.contains_key(to) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        files.insert(to.to_path_buf(), std::mem::take(&mut self.0).into());
        Ok(())
    }
}

impl OutputFolder for MemoryOutput {
    fn path(&self) -> &Path {
        &self.0
    }

    fn stage(&self, folder: &Path, seq: u64, content: Content<'_>) -> Result<Staged, ItemError> {
        let bytes = match content {
            Content::Bytes(bytes) | Content::Known(bytes, _) => bytes.to_vec(),
            Content::Copy(from) => read(from, u64::MAX)?,
            Content::Move(_, mut file) => {
                let mut bytes = Vec::new();
                let read = io::Seek::rewind(&mut file).and_then(|()| file.read_to_end(&mut bytes));
                read.map_err(|error| write_error(folder, &error))?;
                bytes
            }
        };
        let (size_bytes, hash) = (bytes.len() as u64, sha256_hex(&bytes));
        let path = folder.join(format!("{seq}.part"));
        Ok(Staged { path, size_bytes, hash, temporary: Box::new(Pending(bytes)) })
    }

    fn sync_folders(&self, _folders: &BTreeSet<PathBuf>) -> io::Result<()> {
        Ok(())
    }

    fn take_back(&self, path: &Path) -> io::Result<()> {
        files().remove(path).map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut files = files();
        if files.contains_key(to) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let bytes = files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        files.insert(to.to_path_buf(), bytes);
        Ok(())
    }

    fn sweep(&self, each: &mut dyn FnMut(&Path)) -> u64 {
        Memory.walk(&self.0, each);
        0
    }

    fn spool(&self, _job: &str) -> Spool {
        Spool::new(std::env::temp_dir())
    }

    fn discard_parts(&self, _job: &str) {}

    fn is_in_place(&self) -> io::Result<bool> {
        Ok(true)
    }

    fn close(&self) {}
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::store::{self, of, of_path};

    #[test]
    fn a_store_needs_one_file_and_a_line_in_the_registry_to_read_list_and_take_results() {
        let root = Path::new("memory:/shop");
        let at = |name: &str| Locator::File(root.join(name));
        store::put(&root.join("in/a.png"), b"one").unwrap();
        assert_eq!(store::read(&at("in/a.png"), 10).unwrap(), b"one");
        assert_eq!(of(&at("in/a.png")).unwrap().head(&at("in/a.png")).unwrap().size_bytes, 3);
        let output = of_path(root).open_output(root).unwrap();
        let mut staged = output.stage(&root.join("out"), 1, Content::Copy(&at("in/a.png"))).unwrap();
        let to = root.join("out/a.png");
        assert!(store::sync_files(&[&staged]).iter().all(Result::is_ok) && !of_path(&to).is_taken(&to));
        staged.temporary.publish(&to, false).unwrap();
        assert_eq!(store::read(&at("out/a.png"), 10).unwrap(), b"one");
        let mut names = Vec::new();
        of_path(root).walk(root, &mut |path| names.push(path.to_path_buf()));
        assert_eq!(names, [root.join("out/a.png"), root.join("in/a.png")]);
    }
}
