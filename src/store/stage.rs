//! Results under temporary names in the folder they are for, and whether that folder can take any.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::folder::Folder;
use super::hash::{CHUNK_BYTES, Hasher, sha256_hex, sha256_of};
use crate::error::{ErrorKind, ItemError, JobError};
use crate::model::JobId;

/// Attempts to find a temporary name that is free.
const ATTEMPTS: u32 = 16;

/// What a result is made of.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// These bytes.
    Bytes(&'a [u8]),
    /// These bytes, whose SHA-256 in lower-case hex is known.
    Known(&'a [u8], &'a str),
    /// A copy of this file.
    Copy(&'a Path),
    /// This temporary file of the folder that is held open: its name there, and the file itself, which is at its
    /// beginning. It is gone from its place afterwards.
    Move(&'a OsStr, &'a File),
}

/// A whole result under a temporary name, which is removed on drop unless it was given its final one.
#[derive(Debug)]
pub struct Staged {
    root: Folder,
    path: PathBuf,
    size_bytes: u64,
    hash: String,
    is_committed: bool,
}

/// Writes a result into `dir` (made if need be) as `.pixloom-{job}-{seq}-{random}.part`, with the permissions the
/// user's other new files get. Errors are nameless: the caller knows the item.
pub fn stage(dir: &Path, job: JobId, seq: u64, content: Content<'_>) -> Result<Staged, ItemError> {
    let folder = Folder::open(dir).map_err(|error| write_error(dir, &error))?;
    stage_in(&folder, dir, job, seq, content)
}

/// The same in or below a folder that is held open. Folders below it are opened when they are needed, since many
/// results may wait at once.
pub fn stage_in(root: &Folder, dir: &Path, job: JobId, seq: u64, content: Content<'_>) -> Result<Staged, ItemError> {
    let folder = root.below(dir).map_err(|error| write_error(dir, &error))?;
    let (name, file) = create_temporary(&folder, &format!("{job}-{seq}")).map_err(|error| write_error(dir, &error))?;
    let path = dir.join(&name);
    let mut staged = Staged { root: root.clone(), path, size_bytes: 0, hash: String::new(), is_committed: false };
    (staged.size_bytes, staged.hash) = match content {
        Content::Bytes(bytes) => write_bytes(file, bytes).map_err(|error| write_error(dir, &error))?,
        Content::Known(bytes, hash) => {
            write_all(file, bytes).map_err(|error| write_error(dir, &error))?;
            (bytes.len() as u64, hash.to_owned())
        }
        Content::Copy(from) => {
            let input = File::open(from).map_err(|error| ItemError::reading(from, &error))?;
            copy(file, dir, input, from)?
        }
        Content::Move(from, meant) => take_over(file, (&folder, &name), dir, (root, from, meant))?,
    };
    Ok(staged)
}

impl Staged {
    /// Where it is now.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its size in bytes.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// SHA-256 of its bytes in lower-case hex.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The folder it lies in, and its name there.
    pub(crate) fn place(&self) -> io::Result<(Folder, &OsStr)> {
        let (Some(dir), Some(name)) = (self.path.parent(), self.path.file_name()) else {
            return Err(io::ErrorKind::InvalidFilename.into());
        };
        Ok((self.root.below(dir)?, name))
    }

    /// It has its final name: nothing is left to remove.
    pub(crate) fn committed(&mut self) {
        self.is_committed = true;
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.is_committed {
            let _ = self.place().and_then(|(folder, name)| folder.remove(name));
        }
    }
}

/// Proves that files can be written in the output folder, before anything starts; where it is not there yet, in the
/// folder that it will be made in. Nothing is left behind.
pub fn check_folder(dir: &Path) -> Result<(), JobError> {
    let first_standing = || {
        for folder in dir.ancestors() {
            match folder.symlink_metadata() {
                Ok(_) => return prove(folder),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::NotFound.into())
    };
    first_standing().map_err(|error| unusable(dir, &error))
}

/// Makes the output folder, and proves that files can be written there.
pub fn make_folder(dir: &Path) -> Result<CreatedFolders, JobError> {
    let missing: Vec<&Path> = dir.ancestors().take_while(|folder| folder.symlink_metadata().is_err()).collect();
    let mut made = CreatedFolders(Vec::new());
    for folder in missing.into_iter().rev() {
        match fs::create_dir(folder) {
            Ok(()) => made.0.push(folder.to_path_buf()),
            // Somebody was quicker: it is theirs.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(unusable(dir, &error)),
        }
    }
    prove(dir).map_err(|error| unusable(dir, &error))?;
    Ok(made)
}

/// Folders that were not there before; on drop, those that are empty go again.
#[derive(Debug)]
pub struct CreatedFolders(Vec<PathBuf>);

impl Drop for CreatedFolders {
    fn drop(&mut self) {
        // The innermost first. The system removes no folder that holds anything.
        let _ = self.0.iter().rev().try_for_each(fs::remove_dir);
    }
}

fn prove(dir: &Path) -> io::Result<()> {
    let folder = Folder::open(dir)?;
    let (name, mut file) = create_temporary(&folder, "check")?;
    let written = file.write_all(b"?");
    drop(file);
    let removed = folder.remove(&name);
    written.and(removed)
}

fn unusable(dir: &Path, error: &io::Error) -> JobError {
    JobError::Output { path: dir.display().to_string(), detail: error.to_string() }
}

/// Bytes that the user may still write where `dir` is (or will be); `None` where the system doesn't tell.
#[cfg(unix)]
pub fn free_bytes(dir: &Path) -> Option<u64> {
    let standing = dir.ancestors().find(|folder| folder.is_dir())?;
    let stat = rustix::fs::statvfs(standing).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Bytes that the user may still write where `dir` is (or will be); `None` where the system doesn't tell.
#[cfg(not(unix))]
pub fn free_bytes(_dir: &Path) -> Option<u64> {
    None
}

/// Why a result can't be written, in the output's terms.
pub(crate) fn write_error(dir: &Path, error: &io::Error) -> ItemError {
    let kind = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::DiskFull,
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::ReadOnlyFilesystem
        | io::ErrorKind::NotFound
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::IsADirectory
        | io::ErrorKind::AlreadyExists
        | io::ErrorKind::FileTooLarge
        | io::ErrorKind::InvalidFilename => ErrorKind::Unwritable,
        _ => ErrorKind::Io,
    };
    ItemError::nameless(kind).with("detail", format_args!("{}: {error}", dir.display()))
}

fn create_temporary(folder: &Folder, owner: &str) -> io::Result<(OsString, File)> {
    let mut taken = io::Error::from(io::ErrorKind::AlreadyExists);
    for _ in 0..ATTEMPTS {
        let name = OsString::from(format!(".pixloom-{owner}-{:08x}.part", rand::random::<u32>()));
        match folder.create(&name) {
            Ok(file) => return Ok((name, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => taken = error,
            Err(error) => return Err(error),
        }
    }
    Err(taken)
}

fn write_all(mut file: File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)
}

fn write_bytes(file: File, bytes: &[u8]) -> io::Result<(u64, String)> {
    write_all(file, bytes)?;
    Ok((bytes.len() as u64, sha256_hex(bytes)))
}

/// Copies a file and hashes what was copied, so that the hash is the output's even if the input changes meanwhile.
fn copy(mut to: File, dir: &Path, mut input: impl Read, from: &Path) -> Result<(u64, String), ItemError> {
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut hasher = Hasher::default();
    let mut size_bytes = 0;
    loop {
        let count = match input.read(&mut chunk) {
            Ok(0) => return Ok((size_bytes, hasher.finish())),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(ItemError::reading(from, &error)),
        };
        let bytes = chunk.get(..count).unwrap_or_default();
        to.write_all(bytes).map_err(|error| write_error(dir, &error))?;
        hasher.update(bytes);
        size_bytes += count as u64;
    }
}

/// Puts a temporary file in the place of the empty one, with that one's permissions.
fn take_over(
    file: File,
    (folder, name): (&Folder, &OsStr),
    dir: &Path,
    (root, from, meant): (&Folder, &OsStr, &File),
) -> Result<(u64, String), ItemError> {
    let failed = |error: io::Error| write_error(dir, &error);
    let permissions = file.metadata().map_err(failed)?.permissions();
    let mut meant = meant;
    io::Seek::rewind(&mut meant).map_err(failed)?;
    if folder.take(name, (root, from, meant)).is_err() {
        // Another file system, most often. What was put in its place by others is no part of it.
        let _ = folder.remove(name);
        let file = folder.create(name).map_err(failed)?;
        let copied = copy(file, dir, meant, &root.path().join(from))?;
        let _ = root.remove(from);
        return Ok(copied);
    }
    meant.set_permissions(permissions).map_err(failed)?;
    let size_bytes = meant.metadata().map_err(failed)?.len();
    Ok((size_bytes, sha256_of(meant).map_err(failed)?))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::fs::OpenOptions;

    use super::super::stage::*;

    const JOB: JobId = JobId(7);

    #[test]
    fn a_result_stands_whole_under_a_temporary_name_and_goes_with_its_owner() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("new/deep");
        let staged = stage(&folder, JOB, 3, Content::Bytes(b"abc")).unwrap();
        let name = staged.path().file_name().unwrap().to_str().unwrap().to_owned();
        assert!(name.starts_with(".pixloom-7-3-"), "{name}");
        assert_eq!(staged.path().extension().unwrap(), "part");
        assert_eq!((fs::read(staged.path()).unwrap(), staged.size_bytes()), (b"abc".to_vec(), 3));
        assert_eq!(staged.hash(), sha256_hex(b"abc"));
        let known = stage(&folder, JOB, 4, Content::Known(b"abc", staged.hash())).unwrap();
        assert_eq!((fs::read(known.path()).unwrap(), known.hash()), (b"abc".to_vec(), staged.hash()));
        drop((staged, known));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    }

    #[test]
    fn a_file_is_copied_or_moved() {
        let dir = tempfile::tempdir().unwrap();
        let from = dir.path().join("from");
        let bytes: Vec<u8> = (0..700_000_u32).map(|n| n as u8).collect();
        fs::write(&from, &bytes).unwrap();
        let copied = stage(dir.path(), JOB, 1, Content::Copy(&from)).unwrap();
        assert_eq!((fs::read(copied.path()).unwrap(), copied.hash()), (bytes.clone(), sha256_hex(&bytes).as_str()));
        assert!(from.exists());
        let file = File::open(&from).unwrap();
        let moved = stage(dir.path(), JOB, 2, Content::Move(OsStr::new("from"), &file)).unwrap();
        assert_eq!((fs::read(moved.path()).unwrap(), moved.hash()), (bytes.clone(), copied.hash()));
        assert_eq!((moved.size_bytes(), copied.size_bytes()), (700_000, 700_000));
        assert!(!from.exists());
    }

    #[cfg(unix)]
    #[test]
    fn results_get_the_permissions_of_any_other_new_file() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let usual = dir.path().join("usual");
        fs::write(&usual, b"").unwrap();
        let private = dir.path().join("private");
        fs::write(&private, b"x").unwrap();
        fs::set_permissions(&private, fs::Permissions::from_mode(0o400)).unwrap();
        let file = File::open(&private).unwrap();
        for content in [Content::Bytes(b"x"), Content::Copy(&private), Content::Move(OsStr::new("private"), &file)] {
            let staged = stage(dir.path(), JOB, 1, content).unwrap();
            assert_eq!(mode(staged.path()), mode(&usual), "{content:?}");
        }
    }

    #[test]
    fn a_temporary_is_what_its_handle_says_whatever_stands_under_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("secret"), b"secret").unwrap();
        for swapped in ["file", "link", "gone"] {
            fs::write(at("from"), b"abc").unwrap();
            let file = File::open(at("from")).unwrap();
            fs::remove_file(at("from")).unwrap();
            match swapped {
                "file" => fs::write(at("from"), b"other").unwrap(),
                #[cfg(unix)]
                "link" => std::os::unix::fs::symlink(at("secret"), at("from")).unwrap(),
                _ => {}
            }
            let staged = stage(dir.path(), JOB, 1, Content::Move(OsStr::new("from"), &file)).unwrap();
            assert!(fs::symlink_metadata(staged.path()).unwrap().is_file(), "{swapped}");
            assert_eq!((fs::read(staged.path()).unwrap(), staged.hash()), (b"abc".to_vec(), &*sha256_hex(b"abc")));
        }
        assert_eq!(fs::read(at("secret")).unwrap(), b"secret");
    }

    #[test]
    fn a_missing_input_is_the_inputs_fault_and_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let error = stage(dir.path(), JOB, 1, Content::Copy(Path::new("/none/x.jpg"))).unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_can_not_be_is_told_before_and_during_the_job() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, b"").unwrap();
        let mut hopeless = vec![file.clone(), file.join("below"), dir.path().join("x".repeat(300))];
        if cfg!(target_os = "linux") {
            hopeless.push("/proc/pixloom".into());
        }
        for folder in &hopeless {
            for error in [check_folder(folder).unwrap_err(), make_folder(folder).unwrap_err()] {
                assert!(matches!(error, JobError::Output { .. }), "{error}");
            }
            let error = stage(folder, JOB, 1, Content::Bytes(b"x")).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Unwritable, "{error}");
        }
    }

    #[test]
    fn a_check_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        check_folder(&dir.path().join("a/b")).unwrap();
        check_folder(dir.path()).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn folders_that_were_made_go_again_unless_something_is_in_them() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("a/b/c");
        let made = make_folder(&folder).unwrap();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        drop(make_folder(&folder).unwrap());
        assert!(folder.is_dir(), "it was there before");
        fs::write(dir.path().join("a/kept"), b"").unwrap();
        drop(made);
        assert_eq!(fs::read_dir(dir.path().join("a")).unwrap().count(), 1, "b and c are gone");
    }

    #[test]
    fn a_full_disk_is_told_from_a_folder_that_can_not_be_written() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert_eq!(write_error(Path::new("/out"), &full).kind, ErrorKind::DiskFull);
        if cfg!(target_os = "linux") {
            let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
            let error = write_bytes(full, b"x").unwrap_err();
            assert_eq!(write_error(Path::new("/out"), &error).kind, ErrorKind::DiskFull);
        }
    }

    #[cfg(unix)]
    #[test]
    fn free_room_is_known_before_the_folder_is_made() {
        let dir = tempfile::tempdir().unwrap();
        assert!(free_bytes(&dir.path().join("not/yet")).unwrap() > 0);
    }
}
