//! From temporary names to final ones: pressed onto the disk first, never in another file's place unless told to.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::write::{Staged, write_error};
use crate::config::FSYNC_THREADS;
use crate::error::ItemError;
use crate::model::JobId;

/// Presses files onto the disk, several at a time; the results stand in the order of the files. A file whose fsync
/// failed must be written anew: its pages count as clean now, and a second fsync would lie.
pub fn fsync_all(staged: &[Staged]) -> Vec<Result<(), ItemError>> {
    in_parallel(staged, |file| {
        let path = file.path();
        let synced = OpenOptions::new().write(true).open(path).and_then(|file| file.sync_all());
        synced.map_err(|error| write_error(path.parent().unwrap_or(path), &error))
    })
}

/// Presses the names in these folders onto the disk, and those of the folders above them up to `root` and of `root`
/// itself, since some of them may be new.
pub fn fsync_dirs(dirs: &BTreeSet<PathBuf>, root: &Path) -> io::Result<()> {
    let mut all: BTreeSet<&Path> = BTreeSet::new();
    for dir in dirs {
        all.extend(dir.ancestors().take_while(|folder| folder.starts_with(root)));
    }
    all.extend(root.parent().filter(|parent| !parent.as_os_str().is_empty()));
    let all: Vec<&Path> = all.into_iter().collect();
    in_parallel(&all, |dir| fsync_dir(dir)).into_iter().collect()
}

#[cfg(unix)]
fn fsync_dir(dir: &Path) -> io::Result<()> {
    match fs::File::open(dir).and_then(|dir| dir.sync_all()) {
        // Some file systems can't, and a folder above ours may not be ours to open.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::PermissionDenied) => Ok(()),
        other => other,
    }
}

#[cfg(not(unix))]
fn fsync_dir(_dir: &Path) -> io::Result<()> {
    Ok(())
}

/// Gives a result its final name. If that is taken (also in another case, where the file system knows none), the error
/// is `AlreadyExists` and the result keeps its temporary name.
pub fn rename_no_replace(staged: &mut Staged, to: &Path) -> io::Result<()> {
    rename_exclusively(staged.path(), to)?;
    staged.committed();
    Ok(())
}

/// Gives a result its final name, in the place of the file that may have it.
pub fn rename_replace(staged: &mut Staged, to: &Path) -> io::Result<()> {
    fs::rename(staged.path(), to)?;
    staged.committed();
    Ok(())
}

/// Removes what is left of a job's temporaries in a folder and below it; returns how many. Only for who holds the job's
/// lock, and before it stages anything.
pub fn sweep_temporaries(dir: &Path, job: JobId) -> u64 {
    let prefix = format!(".pixloom-{job}-");
    let is_leftover = |entry: &walkdir::DirEntry| {
        let name = entry.file_name().to_string_lossy();
        entry.file_type().is_file() && name.starts_with(&prefix) && name.ends_with(".part")
    };
    let leftovers = walkdir::WalkDir::new(dir).into_iter().filter_map(Result::ok).filter(is_leftover);
    leftovers.filter(|entry| fs::remove_file(entry.path()).is_ok()).count() as u64
}

#[cfg(target_os = "linux")]
fn rename_exclusively(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => link_and_unlink(from, to),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(target_os = "linux"))]
fn rename_exclusively(from: &Path, to: &Path) -> io::Result<()> {
    link_and_unlink(from, to)
}

/// A link never replaces. Where there are no links, looking first is the best there is.
fn link_and_unlink(from: &Path, to: &Path) -> io::Result<()> {
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

/// Runs `work` on every one, on a few threads, since each of them mostly waits for the disk.
fn in_parallel<T: Sync, R: Send>(all: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let run = || {
        let mut results = Vec::new();
        while let Some((at, one)) = Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, all.get(at)?))) {
            results.push((at, work(one)));
        }
        results
    };
    let mut results = thread::scope(|scope| {
        let helpers: Vec<_> = (1..FSYNC_THREADS.min(all.len()))
            .filter_map(|n| thread::Builder::new().name(format!("fsync-{n}")).spawn_scoped(scope, run).ok())
            .collect();
        // This thread works along, so that it is done even where no other could be had.
        let mut results = run();
        for helper in helpers {
            match helper.join() {
                Ok(more) => results.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        results
    });
    results.sort_unstable_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}
