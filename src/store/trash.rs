//! The system's trash: results and replaced files are moved there, found again, and brought back.
//!
//! Nothing is moved through links below the folder of results, and nothing is replaced. Decides nothing: which files may
//! be moved is for the engine to say.

#![expect(clippy::disallowed_methods, reason = "files are moved, examined and removed here")]

use std::ffi::OsStr;
#[cfg(all(unix, not(target_os = "macos")))]
use std::ffi::OsString;
use std::fmt;
#[cfg(all(unix, not(target_os = "macos")))]
use std::fs::OpenOptions;
use std::fs::{self, File};
use std::io;
#[cfg(all(unix, not(target_os = "macos")))]
use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use super::folder::{Folder, is_link_error};
use super::hash::sha256_of_rest;
use super::output::in_parallel;
use crate::model::{Stay, StayReason};

/// What distinguishes a file from others, without reading it. A file keeps it when it is moved within a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileIdentity {
    size_bytes: u64,
    modified_ns: i128,
    /// Device and inode; zeros where there are none.
    inode: (u64, u64),
}

impl FileIdentity {
    /// That of the file or link at a path; a folder has none.
    pub fn at(path: &Path) -> io::Result<Self> {
        let meta = fs::symlink_metadata(path)?;
        if meta.is_dir() { Err(io::ErrorKind::IsADirectory.into()) } else { Ok(Self::of(&meta)) }
    }

    pub(super) fn of(meta: &fs::Metadata) -> Self {
        let modified = meta.modified().ok().map(|time| match time.duration_since(std::time::UNIX_EPOCH) {
            Ok(after) => after.as_nanos() as i128,
            Err(before) => -(before.duration().as_nanos() as i128),
        });
        #[cfg(unix)]
        let inode = {
            use std::os::unix::fs::MetadataExt;
            (meta.dev(), meta.ino())
        };
        #[cfg(not(unix))]
        let inode = (0, 0);
        Self { size_bytes: meta.len(), modified_ns: modified.unwrap_or(0), inode }
    }
}

impl fmt::Display for FileIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.size_bytes, self.modified_ns, self.inode.0, self.inode.1)
    }
}

impl FromStr for FileIdentity {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split(' ');
        let mut next = || parts.next().and_then(|part| part.parse::<i128>().ok()).ok_or(());
        let unsigned = |number: i128| u64::try_from(number).map_err(|_| ());
        Ok(Self {
            size_bytes: unsigned(next()?)?,
            modified_ns: next()?,
            inode: (unsigned(next()?)?, unsigned(next()?)?),
        })
    }
}

/// A file that is expected to be at a path.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Its path.
    pub path: &'a Path,
    /// Its size.
    pub size_bytes: u64,
    /// SHA-256 of its bytes in lower-case hex.
    pub hash: &'a str,
}

/// The trash, as the files of one folder and what is below it see it.
pub struct Trash {
    /// The folder of results.
    root: PathBuf,
    /// Trash folders that exist.
    folders: Mutex<Vec<PathBuf>>,
    /// Files in the trash with their former paths, once they had to be listed.
    listing: Mutex<Option<Vec<(PathBuf, PathBuf)>>>,
}

impl Trash {
    /// For the results in a folder.
    pub fn of(root: &Path) -> Self {
        Self { root: root.to_path_buf(), folders: Mutex::default(), listing: Mutex::default() }
    }

    /// Which of these files are what is expected, in their order.
    pub fn check(&self, files: &[Expected<'_>]) -> Vec<Result<FileIdentity, Stay>> {
        in_parallel(files, |file| self.check_one(file))
    }

    fn check_one(&self, expected: &Expected<'_>) -> Result<FileIdentity, Stay> {
        let (folder, name) = self.folder_of(expected.path)?;
        let meta = match fs::symlink_metadata(expected.path) {
            Ok(meta) => meta,
            Err(error) => return Err(missing(&error)),
        };
        if !meta.is_file() {
            return Err(Stay::of(StayReason::NotAFile));
        }
        if meta.len() != expected.size_bytes {
            return Err(Stay::of(StayReason::Changed));
        }
        let file = folder.file(name, false).map_err(|error| missing(&error))?;
        let opened = file.metadata().map_err(|error| unreadable(&error))?;
        let hash = sha256_of_rest(&file).map_err(|error| unreadable(&error))?;
        let identity = FileIdentity::of(&opened);
        // Also not if its folder was replaced meanwhile.
        if hash == expected.hash && FileIdentity::at(expected.path).is_ok_and(|now| now == identity) {
            Ok(identity)
        } else {
            Err(Stay::of(StayReason::Changed))
        }
    }

    /// The folder of a file, held open, and the file's name.
    fn folder_of<'a>(&self, path: &'a Path) -> Result<(Folder, &'a OsStr), Stay> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(Stay::of(StayReason::NotAFile));
        };
        let opened = if parent.starts_with(&self.root) {
            Folder::open_existing(&self.root).and_then(|root| root.existing_below(parent))
        } else {
            Folder::open_existing(parent)
        };
        match opened {
            Ok(folder) => Ok((folder, name)),
            Err(error) => Err(missing(&error)),
        }
    }

    /// Moves a file to the trash, unless it has changed since it was examined. Returns where it is there, if that can be
    /// found out.
    pub fn put(&self, path: &Path, identity: &FileIdentity) -> Result<Option<PathBuf>, Stay> {
        self.folder_of(path)?;
        match FileIdentity::at(path) {
            Ok(now) if now == *identity => {}
            Ok(_) => return Err(Stay::of(StayReason::Changed)),
            Err(error) => return Err(missing(&error)),
        }
        trash::delete(path).map_err(|error| Stay::because(StayReason::NoTrash, trash_error(&error)))?;
        let found = self.locate(path, identity);
        if let Some(found) = &found {
            date_now(found);
        }
        Ok(found)
    }

    /// Where a file that was just moved is in the trash.
    fn locate(&self, path: &Path, identity: &FileIdentity) -> Option<PathBuf> {
        let name = path.file_name()?;
        for attempt in 0..2 {
            let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
            if folders.is_empty() || attempt > 0 {
                *folders = trash_folders();
            }
            if let Some(found) = folders.iter().find_map(|folder| find_in(folder, name, identity)) {
                return Some(found);
            }
        }
        // The names in the trash have gaps, or it is on another file system: then the file was copied.
        self.forget_listing();
        let is_it = |file: &Path| {
            FileIdentity::at(file).is_ok_and(|found| found == *identity || found.size_bytes == identity.size_bytes)
        };
        self.find(path, &is_it)
    }

    /// A file in the trash that was at this path before, for which `is_it` holds. The trash is listed once.
    pub fn find(&self, path: &Path, is_it: &dyn Fn(&Path) -> bool) -> Option<PathBuf> {
        let real = real_path(path);
        let mut listing = self.listing.lock().unwrap_or_else(PoisonError::into_inner);
        let listed = listing.get_or_insert_with(list);
        listed.iter().rev().find(|(former, file)| *former == real && is_it(file)).map(|(_, file)| file.clone())
    }

    /// The trash is listed again when it is searched next.
    pub fn forget_listing(&self) {
        *self.listing.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Brings a file back from the trash to a path that is free. Its folder is created if need be.
    pub fn take(&self, trashed: &Path, path: &Path) -> Result<(), Stay> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(Stay::of(StayReason::NotAFile));
        };
        let opened = if parent.starts_with(&self.root) {
            Folder::open(&self.root).and_then(|root| root.below(parent))
        } else {
            Folder::open(parent)
        };
        let folder = opened.map_err(|error| {
            if is_link_error(&error) { Stay::of(StayReason::BehindLink) } else { not_returned(&error) }
        })?;
        platform::take(trashed, &folder, name, path)
    }

    /// Removes a folder below the folder of results, or that folder itself, if it is empty. Returns whether it was.
    pub fn remove_empty_folder(&self, path: &Path) -> bool {
        let is_real = match path.strip_prefix(&self.root) {
            Ok(_) => Folder::open_existing(&self.root).and_then(|root| root.existing_below(path)).is_ok(),
            // A folder above that of the results, which was created with it.
            Err(_) => self.root.starts_with(path),
        };
        is_real && fs::remove_dir(path).is_ok()
    }
}

/// SHA-256 of a file in the trash.
pub fn sha256_in_trash(trashed: &Path) -> io::Result<String> {
    sha256_of_rest(File::open(trashed)?)
}

fn missing(error: &io::Error) -> Stay {
    if is_link_error(error) {
        return Stay::of(StayReason::BehindLink);
    }
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Stay::of(StayReason::Gone),
        io::ErrorKind::IsADirectory => Stay::of(StayReason::NotAFile),
        _ => unreadable(error),
    }
}

fn unreadable(error: &io::Error) -> Stay {
    Stay::because(StayReason::Unreadable, plain(error))
}

fn not_returned(error: &io::Error) -> Stay {
    match error.kind() {
        io::ErrorKind::AlreadyExists => Stay::of(StayReason::Taken),
        io::ErrorKind::NotFound => Stay::of(StayReason::NotInTrash),
        _ => Stay::because(StayReason::NotReturned, plain(error)),
    }
}

/// The system's text without its number, which says nothing to people.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error ").next().unwrap_or(&text).to_owned()
}

fn trash_error(error: &trash::Error) -> String {
    #[cfg(all(unix, not(target_os = "macos")))]
    if let trash::Error::FileSystem { path, source } = error {
        return format!("{}: {}", path.display(), plain(source));
    }
    match error {
        trash::Error::Unknown { description } | trash::Error::Os { description, .. } => description.clone(),
        error => error.to_string(),
    }
}

/// A path as the trash records it: its folder without links.
fn real_path(path: &Path) -> PathBuf {
    let parent = path.parent().and_then(|parent| parent.canonicalize().ok());
    match (parent, path.file_name()) {
        (Some(parent), Some(name)) => parent.join(name),
        _ => path.to_path_buf(),
    }
}

use platform::{date_now, find_in, list, trash_folders};

/// The trash of the freedesktop specification: `files/NAME` and `info/NAME.trashinfo` in each trash folder.
#[cfg(all(unix, not(target_os = "macos")))]
mod platform {
    use super::{
        File, FileIdentity, Folder, OpenOptions, OsStr, OsString, Path, PathBuf, Stay, Write, fs, io, not_returned,
    };

    pub(super) fn trash_folders() -> Vec<PathBuf> {
        trash::os_limited::trash_folders().map(|folders| folders.into_iter().collect()).unwrap_or_default()
    }

    /// A file in a trash folder, under its own name or the next ones.
    pub(super) fn find_in(folder: &Path, name: &OsStr, identity: &FileIdentity) -> Option<PathBuf> {
        let mut in_trash = name.to_os_string();
        for number in 2_u64.. {
            let file = folder.join("files").join(&in_trash);
            match fs::symlink_metadata(&file) {
                Ok(meta) if FileIdentity::of(&meta) == *identity => return Some(file),
                Ok(_) => {}
                Err(_) => break,
            }
            in_trash = name.to_os_string();
            in_trash.push(format!(".{number}"));
        }
        None
    }

    /// Records when a file was moved to the trash, which the specification demands.
    pub(super) fn date_now(trashed: &Path) {
        let date = jiff::Zoned::now().strftime("DeletionDate=%Y-%m-%dT%H:%M:%S");
        if let Some(info) = info_of(trashed) {
            let _ = OpenOptions::new().append(true).open(info).and_then(|mut info| writeln!(info, "{date}"));
        }
    }

    fn info_of(trashed: &Path) -> Option<PathBuf> {
        let mut name: OsString = trashed.file_name()?.to_os_string();
        name.push(".trashinfo");
        Some(trashed.parent()?.parent()?.join("info").join(name))
    }

    pub(super) fn list() -> Vec<(PathBuf, PathBuf)> {
        let items = trash::os_limited::list().unwrap_or_default();
        let file_of = |item: &trash::TrashItem| {
            let info = Path::new(&item.id);
            Some(info.parent()?.parent()?.join("files").join(info.file_stem()?))
        };
        items.iter().filter_map(|item| Some((item.original_path(), file_of(item)?))).collect()
    }

    pub(super) fn take(trashed: &Path, folder: &Folder, name: &OsStr, _path: &Path) -> Result<(), Stay> {
        let moved = match folder.receive(name, trashed) {
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => copy_back(trashed, folder, name),
            moved => moved,
        };
        moved.map_err(|error| not_returned(&error))?;
        // Without its file, the entry means nothing.
        let _ = info_of(trashed).map(fs::remove_file);
        Ok(())
    }

    /// A file that was copied to the trash of another file system.
    fn copy_back(trashed: &Path, folder: &Folder, name: &OsStr) -> io::Result<()> {
        let mut from = File::open(trashed)?;
        let temporary = OsString::from(format!(".pixloom-{:08x}.part", rand::random::<u32>()));
        let written = folder.create(&temporary).and_then(|mut to| {
            io::copy(&mut from, &mut to)?;
            to.sync_all()?;
            folder.rename_exclusively(&temporary, name)
        });
        if written.is_err() {
            let _ = folder.remove(&temporary);
        }
        written?;
        fs::remove_file(trashed)
    }
}

/// The recycle bin: a file there is known by its id.
#[cfg(windows)]
mod platform {
    use super::{FileIdentity, Folder, OsStr, Path, PathBuf, Stay, StayReason, fs, trash_error};

    pub(super) fn trash_folders() -> Vec<PathBuf> {
        Vec::new()
    }

    pub(super) fn find_in(_folder: &Path, _name: &OsStr, _identity: &FileIdentity) -> Option<PathBuf> {
        None
    }

    pub(super) fn date_now(_trashed: &Path) {}

    pub(super) fn list() -> Vec<(PathBuf, PathBuf)> {
        let mut items = trash::os_limited::list().unwrap_or_default();
        items.sort_by_key(|item| item.time_deleted);
        items.iter().map(|item| (item.original_path(), PathBuf::from(&item.id))).collect()
    }

    pub(super) fn take(trashed: &Path, _folder: &Folder, _name: &OsStr, path: &Path) -> Result<(), Stay> {
        if fs::symlink_metadata(path).is_ok() {
            return Err(Stay::of(StayReason::Taken));
        }
        let items = trash::os_limited::list().unwrap_or_default();
        let item = items.into_iter().find(|item| item.id == trashed.as_os_str());
        let item = item.ok_or_else(|| Stay::of(StayReason::NotInTrash))?;
        trash::os_limited::restore_all([item])
            .map_err(|error| Stay::because(StayReason::NotReturned, trash_error(&error)))
    }
}

/// A trash that can't be searched: files are brought back with the system's own program.
#[cfg(target_os = "macos")]
mod platform {
    use super::{FileIdentity, Folder, OsStr, Path, PathBuf, Stay, StayReason};

    pub(super) fn trash_folders() -> Vec<PathBuf> {
        Vec::new()
    }

    pub(super) fn find_in(_folder: &Path, _name: &OsStr, _identity: &FileIdentity) -> Option<PathBuf> {
        None
    }

    pub(super) fn date_now(_trashed: &Path) {}

    pub(super) fn list() -> Vec<(PathBuf, PathBuf)> {
        Vec::new()
    }

    pub(super) fn take(_trashed: &Path, _folder: &Folder, _name: &OsStr, _path: &Path) -> Result<(), Stay> {
        Err(Stay::because(StayReason::NotReturned, "put it back with the Finder"))
    }
}
