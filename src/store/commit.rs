//! From temporary names to final ones: pressed onto the disk first, never in another file's place unless told to.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::folder::Folder;
use super::stage::{Staged, write_error};
use crate::config::FSYNC_THREADS;
use crate::error::ItemError;
use crate::model::JobId;

/// Presses files onto the disk, several at a time; the results stand in the order of the files. A file whose fsync
/// failed must be written anew: its pages count as clean now, and a second fsync would lie.
pub fn fsync_all(staged: &[&Staged]) -> Vec<Result<(), ItemError>> {
    in_parallel(staged, |file| {
        let path = file.path();
        let synced = file.place().and_then(|(folder, name)| folder.file(name, true)?.sync_all());
        synced.map_err(|error| write_error(path.parent().unwrap_or(path), &error))
    })
}

/// Presses the names in these folders onto the disk, and those of the folders above them up to `root` and of `root`
/// itself, since some of them may be new.
pub fn fsync_folders(dirs: &BTreeSet<PathBuf>, root: &Path) -> io::Result<()> {
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
    let (folder, name) = staged.place()?;
    folder.rename_exclusively(name, own_name(&folder, to)?)?;
    staged.committed();
    Ok(())
}

/// Gives a result its final name, in the place of the file that may have it.
pub fn rename_replace(staged: &mut Staged, to: &Path) -> io::Result<()> {
    let (folder, name) = staged.place()?;
    folder.rename(name, own_name(&folder, to)?)?;
    staged.committed();
    Ok(())
}

/// The last part of a path in this folder: results are given names where they were staged, nowhere else.
fn own_name<'a>(folder: &Folder, to: &'a Path) -> io::Result<&'a OsStr> {
    let own = to.file_name().filter(|_| to.parent() == Some(folder.path()));
    own.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a result stays in its folder"))
}

/// Writes a small file of the program's own, whole or not at all, in the place of the one that may be there.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".pixloom-").suffix(".part").tempfile_in(dir)?;
    io::Write::write_all(&mut file, bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// Removes what is left of a job's temporaries in a folder and below it, and tells `standing` of every other file;
/// returns how many it removed. A job's are only for who holds its lock, and before it stages anything.
pub fn walk_and_sweep(dir: &Path, leftovers_of: Option<JobId>, standing: &mut dyn FnMut(&Path)) -> u64 {
    let prefix = leftovers_of.map(|job| format!(".pixloom-{job}-"));
    let mut removed = 0;
    for entry in walkdir::WalkDir::new(dir).into_iter().filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy();
        let is_ours = prefix.as_ref().is_some_and(|prefix| name.starts_with(prefix)) && name.ends_with(".part");
        let kind = entry.file_type();
        if is_ours && kind.is_file() {
            removed += u64::from(fs::remove_file(entry.path()).is_ok());
        } else if !kind.is_dir() {
            standing(entry.path());
        }
    }
    removed
}

/// A link never replaces. Where there are no links, looking first is the best there is.
#[cfg(any(test, not(unix)))]
pub(crate) fn link_and_unlink(from: &Path, to: &Path) -> io::Result<()> {
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::super::commit::*;
    use super::super::stage::{Content, stage};

    fn put(dir: &Path, seq: u64, bytes: &[u8]) -> Staged {
        stage(dir, JobId(1), seq, Content::Bytes(bytes)).unwrap()
    }

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_batch_is_synced_and_gets_its_final_names() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out/deep");
        let mut staged: Vec<_> = (0..100).map(|seq| put(&out, seq, b"whole")).collect();
        assert!(fsync_all(&staged.iter().collect::<Vec<_>>()).iter().all(Result::is_ok));
        for (n, one) in staged.iter_mut().enumerate() {
            rename_no_replace(one, &out.join(format!("{n:03}.jpg"))).unwrap();
        }
        drop(staged);
        fsync_folders(&BTreeSet::from([out.clone()]), &dir.path().join("out")).unwrap();
        let names = names(&out);
        assert_eq!((names.len(), names.first().unwrap().as_str()), (100, "000.jpg"), "no temporary is left");
        assert_eq!(fs::read(out.join("099.jpg")).unwrap(), b"whole");
    }

    #[test]
    fn a_file_that_vanished_fails_alone_and_in_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let staged: Vec<_> = (0..40).map(|seq| put(dir.path(), seq, b"x")).collect();
        fs::remove_file(staged.get(17).unwrap().path()).unwrap();
        let results = fsync_all(&staged.iter().collect::<Vec<_>>());
        assert_eq!(
            results.iter().map(Result::is_err).collect::<Vec<_>>(),
            (0..40).map(|n| n == 17).collect::<Vec<_>>()
        );
        assert!(fsync_all(&[]).is_empty());
    }

    #[test]
    fn a_taken_name_is_never_replaced_unless_told_to() {
        let dir = tempfile::tempdir().unwrap();
        let taken = dir.path().join("a.jpg");
        fs::write(&taken, b"mine").unwrap();
        let mut staged = put(dir.path(), 1, b"new");
        let error = rename_no_replace(&mut staged, &taken).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&taken).unwrap(), b"mine");
        // The result is still there for the next name.
        rename_no_replace(&mut staged, &dir.path().join("a (1).jpg")).unwrap();
        drop(staged);
        assert_eq!(names(dir.path()), ["a (1).jpg", "a.jpg"]);
        let mut staged = put(dir.path(), 2, b"newer");
        rename_replace(&mut staged, &taken).unwrap();
        assert_eq!(fs::read(&taken).unwrap(), b"newer");
    }

    #[cfg(unix)]
    #[test]
    fn neither_a_folder_nor_a_dangling_link_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("d")).unwrap();
        std::os::unix::fs::symlink("/nowhere", dir.path().join("l")).unwrap();
        let mut staged = put(dir.path(), 1, b"new");
        for name in ["d", "l"] {
            let error = rename_no_replace(&mut staged, &dir.path().join(name)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::AlreadyExists, "{name}");
        }
    }

    #[test]
    fn file_systems_without_an_exclusive_rename_replace_nothing_either() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        fs::write(&from, b"new").unwrap();
        link_and_unlink(&from, &to).unwrap();
        assert_eq!(names(dir.path()), ["to"]);
        fs::write(&from, b"newer").unwrap();
        assert_eq!(link_and_unlink(&from, &to).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&to).unwrap(), b"new");
    }

    #[test]
    fn many_results_for_one_name_find_one_winner() {
        let dir = tempfile::tempdir().unwrap();
        let staged: Vec<_> = (0..32).map(|seq| put(dir.path(), seq, &[seq as u8])).collect();
        let to = &dir.path().join("one.jpg");
        let wins: Vec<bool> = thread::scope(|scope| {
            let tries: Vec<_> = staged
                .into_iter()
                .map(|mut one| scope.spawn(move || rename_no_replace(&mut one, to).is_ok()))
                .collect();
            tries.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(wins.iter().filter(|won| **won).count(), 1);
        let winner = wins.iter().position(|won| *won).unwrap();
        assert_eq!(fs::read(dir.path().join("one.jpg")).unwrap(), [winner as u8]);
        assert_eq!(names(dir.path()), ["one.jpg"]);
    }

    #[test]
    fn only_this_jobs_leftovers_are_swept() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("a/b");
        for (job, seq) in [(1, 1), (1, 2), (11, 1)] {
            let mut left = stage(&deep, JobId(job), seq, Content::Bytes(b"half")).unwrap();
            left.committed(); // as if the process had died
        }
        fs::write(deep.join(".pixloom-1-notes.txt"), b"a user's").unwrap();
        let mut standing = 0;
        assert_eq!(walk_and_sweep(dir.path(), None, &mut |_| standing += 1), 0);
        assert_eq!(standing, 4);
        assert_eq!(walk_and_sweep(dir.path(), Some(JobId(1)), &mut |_| standing += 1), 2);
        assert_eq!(standing, 6);
        let left = names(&deep);
        assert_eq!(left.len(), 2);
        assert!(left.iter().any(|name| name.starts_with(".pixloom-11-1-")), "{left:?}");
        assert_eq!(walk_and_sweep(&dir.path().join("none"), Some(JobId(1)), &mut |_| {}), 0);
    }
}
