//! Folders held open, so that writes stay in them even if a link or another folder replaces them.
//!
//! Where the system has no such handles, the folder's real path is checked before each call instead.

#![expect(clippy::disallowed_methods, reason = "folders are opened and changed here")]

#[cfg(unix)]
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

#[cfg(unix)]
use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, mkdirat, openat, renameat, unlinkat};

#[cfg(unix)]
use super::descriptors;

/// A folder that is held open.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    path: PathBuf,
    #[cfg(unix)]
    handle: Arc<std::os::fd::OwnedFd>,
    /// The real path, where there is no handle.
    #[cfg(not(unix))]
    real: PathBuf,
    /// Folders that were created on the way, by this one and those below it.
    created: Arc<Mutex<Vec<PathBuf>>>,
}

impl Folder {
    /// Opens a folder, creating it if need be. Links on the way to it are the user's own, and followed.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut missing = Vec::new();
        if !path.is_dir() {
            missing.extend(path.ancestors().take_while(|folder| folder.symlink_metadata().is_err()));
            fs::create_dir_all(path)?;
        }
        let opened = Self::open_existing(path)?;
        missing.into_iter().rev().for_each(|folder| opened.note_created(folder));
        Ok(opened)
    }

    /// Opens a folder that exists. Links on the way to it are followed.
    pub(super) fn open_existing(path: &Path) -> io::Result<Self> {
        let created = Arc::default();
        #[cfg(unix)]
        let opened = {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            Self { path: path.to_path_buf(), handle: Arc::new(open_at(CWD, path, flags, Mode::empty())?), created }
        };
        #[cfg(not(unix))]
        let opened = Self { path: path.to_path_buf(), real: path.canonicalize()?, created };
        Ok(opened)
    }

    fn note_created(&self, folder: &Path) {
        self.created.lock().unwrap_or_else(PoisonError::into_inner).push(folder.to_path_buf());
    }

    /// The folders that were created since the last call, outer ones first.
    pub(super) fn take_created(&self) -> Vec<PathBuf> {
        std::mem::take(&mut *self.created.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// This folder or one below it, created if need be; no link on the way down is followed.
    pub(super) fn below(&self, path: &Path) -> io::Result<Self> {
        self.walk_to(path, true)
    }

    /// The same, but a folder that does not exist is `NotFound`.
    pub(super) fn existing_below(&self, path: &Path) -> io::Result<Self> {
        self.walk_to(path, false)
    }

    fn walk_to(&self, path: &Path, creates: bool) -> io::Result<Self> {
        let relative = path.strip_prefix(&self.path).map_err(|_| outside(path))?;
        let mut at = self.clone();
        for part in relative.components() {
            let Component::Normal(name) = part else { return Err(outside(path)) };
            at = at.step(Path::new(name), creates)?;
        }
        Ok(at)
    }

    /// Its path, as it was opened.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether its path still leads to it; not if it was moved or deleted.
    pub(super) fn is_in_place(&self) -> io::Result<bool> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let held = rustix::fs::fstat(&self.handle)?;
            match fs::metadata(&self.path) {
                Ok(found) => Ok((found.dev(), found.ino()) == (held.st_dev, held.st_ino)),
                Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                    Ok(false)
                }
                Err(error) => Err(error),
            }
        }
        #[cfg(not(unix))]
        match self.path.canonicalize() {
            Ok(found) => Ok(found == self.real),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A file without a name, for writing; it is gone once it is closed. `None` where the file system has no such files.
    #[cfg(target_os = "linux")]
    pub(super) fn create_nameless(&self) -> Option<File> {
        let flags = OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC;
        openat(&self.handle, ".", flags, Mode::from_raw_mode(0o600)).ok().map(File::from)
    }

    /// A file without a name, for writing; it is gone once it is closed. `None` where the file system has no such files.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn create_nameless(&self) -> Option<File> {
        let _ = self;
        None
    }

    /// Whether a name in it leads to this open file.
    pub(super) fn names(&self, name: &std::ffi::OsStr, file: &File) -> bool {
        #[cfg(unix)]
        {
            let held = rustix::fs::fstat(file);
            let found = rustix::fs::statat(&self.handle, name, AtFlags::SYMLINK_NOFOLLOW);
            matches!((held, found), (Ok(held), Ok(found)) if (held.st_dev, held.st_ino) == (found.st_dev, found.st_ino))
        }
        #[cfg(not(unix))]
        {
            let _ = file;
            self.path.join(name).exists()
        }
    }

    #[cfg(unix)]
    fn step(&self, name: &Path, creates: bool) -> io::Result<Self> {
        let path = self.path.join(name);
        if creates {
            match mkdirat(&self.handle, name, Mode::from_raw_mode(0o777)) {
                Ok(()) => self.note_created(&path),
                Err(rustix::io::Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match open_at(&self.handle, name, flags, Mode::empty()) {
            Ok(handle) => Ok(Self { path, handle: Arc::new(handle), created: Arc::clone(&self.created) }),
            Err(_) if self.is_link(name) => Err(link(name)),
            Err(error) => Err(error),
        }
    }

    /// Whether a symbolic link has that name.
    #[cfg(unix)]
    fn is_link(&self, name: &Path) -> bool {
        let stat = rustix::fs::statat(&self.handle, name, AtFlags::SYMLINK_NOFOLLOW);
        stat.is_ok_and(|stat| rustix::fs::FileType::from_raw_mode(stat.st_mode).is_symlink())
    }

    #[cfg(not(unix))]
    fn step(&self, name: &Path, creates: bool) -> io::Result<Self> {
        let path = self.path.join(name);
        if creates && !path.is_dir() {
            fs::create_dir(&path)?;
            self.note_created(&path);
        }
        let real = path.canonicalize()?;
        if real != self.real.join(name) {
            return Err(link(name));
        }
        Ok(Self { path, real, created: Arc::clone(&self.created) })
    }

    /// A new, empty file for writing, with what the user's umask leaves of rw-rw-rw-.
    #[cfg(unix)]
    pub(super) fn create(&self, name: &OsStr) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(File::from(open_at(&self.handle, name, flags, Mode::from_raw_mode(0o666))?))
    }

    /// A new, empty file for reading and writing, which only the user may read.
    #[cfg(unix)]
    pub(super) fn create_private(&self, name: &OsStr) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(File::from(open_at(&self.handle, name, flags, Mode::from_raw_mode(0o600))?))
    }

    /// Opens a file in it, for reading or for writing.
    #[cfg(unix)]
    pub(super) fn file(&self, name: &OsStr, writes: bool) -> io::Result<File> {
        let access = if writes { OFlags::WRONLY } else { OFlags::RDONLY };
        let flags = access | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(File::from(open_at(&self.handle, name, flags, Mode::empty())?))
    }

    /// Opens a file in it for reading and writing. Anything else, such as a pipe, never blocks.
    #[cfg(unix)]
    pub(super) fn file_for_both(&self, name: &OsStr) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        Ok(File::from(open_at(&self.handle, name, flags, Mode::empty())?))
    }

    /// Bytes that can still be written to it.
    pub(super) fn free_bytes(&self) -> Option<u64> {
        #[cfg(unix)]
        return rustix::fs::fstatvfs(&self.handle).ok().map(|stat| stat.f_bavail.saturating_mul(stat.f_frsize));
        #[cfg(not(unix))]
        None
    }

    /// Removes a file in it.
    #[cfg(unix)]
    pub(super) fn remove(&self, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(&self.handle, name, AtFlags::empty())?)
    }

    /// Renames a file of another folder over one in this folder. Fails if the name did not lead to `file`, which is known
    /// only afterwards.
    #[cfg(unix)]
    pub(super) fn take(&self, name: &OsStr, from: (&Self, &OsStr, &File)) -> io::Result<()> {
        let (folder, from_name, file) = from;
        renameat(&folder.handle, from_name, &self.handle, name)?;
        let (moved, expected) = (rustix::fs::fstat(self.file(name, false)?)?, rustix::fs::fstat(file)?);
        let is_same = (moved.st_dev, moved.st_ino) == (expected.st_dev, expected.st_ino);
        if is_same { Ok(()) } else { Err(outside(&folder.path.join(from_name))) }
    }

    /// Moves a file to a free name in this folder; `AlreadyExists` if the name is taken, `CrossesDevices` if the file is on
    /// another file system.
    #[cfg(unix)]
    pub(super) fn receive(&self, name: &OsStr, from: &Path) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{RenameFlags, renameat_with};
            use rustix::io::Errno;
            match renameat_with(CWD, from, &self.handle, name, RenameFlags::NOREPLACE) {
                Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
                done => return Ok(done?),
            }
        }
        match rustix::fs::statat(&self.handle, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
            Err(rustix::io::Errno::NOENT) => Ok(renameat(CWD, from, &self.handle, name)?),
            Err(error) => Err(error.into()),
        }
    }

    /// Renames a file in it, replacing the one that may be there.
    #[cfg(unix)]
    pub(super) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        Ok(renameat(&self.handle, from, &self.handle, to)?)
    }

    /// Renames a file in it to a free name; `AlreadyExists` if the name is taken.
    #[cfg(unix)]
    pub(super) fn rename_exclusively(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{RenameFlags, renameat_with};
            use rustix::io::Errno;
            match renameat_with(&self.handle, from, &self.handle, to, RenameFlags::NOREPLACE) {
                Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
                done => return Ok(done?),
            }
        }
        // A link never replaces. Where there are no links, looking first is the best there is.
        match linkat(&self.handle, from, &self.handle, to, AtFlags::empty()) {
            Ok(()) => {
                // The result is safe under its final name; a second name that stays is swept.
                let _ = self.remove(from);
                Ok(())
            }
            Err(rustix::io::Errno::EXIST) => Err(io::ErrorKind::AlreadyExists.into()),
            Err(_) => match rustix::fs::statat(&self.handle, to, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
                Err(rustix::io::Errno::NOENT) => self.rename(from, to),
                Err(error) => Err(error.into()),
            },
        }
    }
}

#[cfg(not(unix))]
impl Folder {
    /// The path of a file in it, if it is still the folder that was opened.
    fn own(&self, name: &std::ffi::OsStr) -> io::Result<PathBuf> {
        if self.path.canonicalize()? == self.real { Ok(self.real.join(name)) } else { Err(outside(&self.path)) }
    }

    pub(super) fn create(&self, name: &std::ffi::OsStr) -> io::Result<File> {
        fs::OpenOptions::new().write(true).create_new(true).open(self.own(name)?)
    }

    pub(super) fn create_private(&self, name: &std::ffi::OsStr) -> io::Result<File> {
        fs::OpenOptions::new().read(true).write(true).create_new(true).open(self.own(name)?)
    }

    pub(super) fn file(&self, name: &std::ffi::OsStr, writes: bool) -> io::Result<File> {
        fs::OpenOptions::new().read(!writes).write(writes).open(self.own(name)?)
    }

    pub(super) fn file_for_both(&self, name: &std::ffi::OsStr) -> io::Result<File> {
        fs::OpenOptions::new().read(true).write(true).open(self.own(name)?)
    }

    pub(super) fn remove(&self, name: &std::ffi::OsStr) -> io::Result<()> {
        fs::remove_file(self.own(name)?)
    }

    pub(super) fn take(&self, name: &std::ffi::OsStr, from: (&Self, &std::ffi::OsStr, &File)) -> io::Result<()> {
        let (folder, from_name, _) = from;
        fs::rename(folder.own(from_name)?, self.own(name)?)
    }

    pub(super) fn rename(&self, from: &std::ffi::OsStr, to: &std::ffi::OsStr) -> io::Result<()> {
        fs::rename(self.own(from)?, self.own(to)?)
    }

    pub(super) fn rename_exclusively(&self, from: &std::ffi::OsStr, to: &std::ffi::OsStr) -> io::Result<()> {
        link_and_unlink(&self.own(from)?, &self.own(to)?)
    }
}

/// Whether an error of `below` means that a folder on the way down is a link.
pub(super) fn is_link_error(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotADirectory && error.get_ref().is_some()
}

/// Opens a file or folder; waits while no descriptor is left.
#[cfg(unix)]
fn open_at(
    folder: impl std::os::fd::AsFd,
    name: impl rustix::path::Arg + Copy,
    flags: OFlags,
    mode: Mode,
) -> io::Result<std::os::fd::OwnedFd> {
    descriptors::when_free(|| Ok(openat(&folder, name, flags, mode)?))
}

/// A folder on the way down is a link. Even one that stays inside might lead elsewhere the next time.
fn link(name: &Path) -> io::Error {
    let detail = format!("\"{}\" is a link, and nothing is written through links in the output folder", name.display());
    io::Error::new(io::ErrorKind::NotADirectory, detail)
}

fn outside(path: &Path) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, format!("{} leads out of the output folder", path.display()))
}

#[cfg(all(test, unix))]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::symlink;

    use super::super::folder::*;

    #[test]
    fn nothing_is_written_through_a_link_that_replaced_a_folder() {
        let dir = tempfile::tempdir().unwrap();
        let (out, elsewhere) = (dir.path().join("out"), dir.path().join("elsewhere"));
        fs::create_dir(&elsewhere).unwrap();
        let root = Folder::open(&out).unwrap();
        let sub = root.below(&out.join("a/b")).unwrap();
        // One folder is swapped while it is held, one before it is opened, and then the root itself.
        fs::rename(out.join("a"), out.join("was-a")).unwrap();
        symlink(&elsewhere, out.join("a")).unwrap();
        sub.create(OsStr::new("one")).unwrap().write_all(b"1").unwrap();
        sub.rename_exclusively(OsStr::new("one"), OsStr::new("two")).unwrap();
        for through in ["a", "a/c"] {
            let error = root.below(&out.join(through)).unwrap_err();
            assert!(error.to_string().starts_with("\"a\" is a link"), "{error}");
        }
        fs::rename(&out, dir.path().join("was-out")).unwrap();
        symlink(&elsewhere, &out).unwrap();
        root.below(&out.join("d")).unwrap().create(OsStr::new("three")).unwrap();
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
        assert_eq!(fs::read(dir.path().join("was-out/was-a/b/two")).unwrap(), b"1");
        assert!(dir.path().join("was-out/d/three").exists());
        assert!(root.below(&out.join("../x")).is_err() && root.below(dir.path()).is_err());
    }

    #[test]
    fn a_name_that_is_taken_is_not_used_again() {
        let dir = tempfile::tempdir().unwrap();
        let root = Folder::open(dir.path()).unwrap();
        for name in ["a", "b"] {
            root.create(OsStr::new(name)).unwrap().write_all(name.as_bytes()).unwrap();
        }
        symlink("/nowhere", dir.path().join("l")).unwrap();
        for taken in ["b", "l"] {
            let error = root.rename_exclusively(OsStr::new("a"), OsStr::new(taken)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        }
        assert!(root.create(OsStr::new("l")).is_err() && root.file(OsStr::new("l"), true).is_err());
        root.rename(OsStr::new("a"), OsStr::new("b")).unwrap();
        assert_eq!(fs::read(dir.path().join("b")).unwrap(), b"a");
    }
}

/// A link never replaces. Where there are no links, looking first is the best there is.
#[cfg(any(test, not(unix)))]
pub(super) fn link_and_unlink(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => {
            // The result is safe under its final name; a second name that stays is swept.
            let _ = fs::remove_file(from);
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        Err(_) => match fs::symlink_metadata(to) {
            Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => fs::rename(from, to),
            Err(error) => Err(error),
        },
    }
}
