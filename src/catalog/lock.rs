//! Who works on a job: an OS file lock beside the catalog, which the system frees at once when its holder dies.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::error::JobError;
use crate::model::JobId;
use crate::store::descriptors;

/// Attempts to lock a file that others keep removing as they leave.
const ATTEMPTS: u32 = 100;
/// How often a lock that is held is tried again: who only looks ([`is_locked`]) holds it for some microseconds.
const LOOKS: u32 = 10;
/// How long is waited before each of them.
const LOOK_LASTS: Duration = Duration::from_millis(2);

/// The right to work on a job; freed on drop, and by the system when the process dies.
#[derive(Debug)]
pub struct JobLock {
    path: PathBuf,
    file: File,
}

/// Takes the right to work on a job, or `None` if another holds it (also within this process).
pub fn lock_job(catalog_path: &Path, job: JobId) -> Result<Option<JobLock>, JobError> {
    let path = lock_path(catalog_path, job);
    let failed = |error: std::io::Error| JobError::catalog(catalog_path, format_args!("{}: {error}", path.display()));
    let mut looks = 0;
    for _ in 0..ATTEMPTS {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        let file = descriptors::when_free(|| options.open(&path)).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) if looks < LOOKS => {
                looks += 1;
                thread::sleep(LOOK_LASTS);
                continue;
            }
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // Its last holder may have removed it between our opening and our locking: then ours is not the file that the
        // next one will find.
        if is_at(&file, &path) {
            return Ok(Some(JobLock { path, file }));
        }
    }
    Ok(None)
}

/// Whether anybody works on a job. Only looks: no file is made or removed, and the holder's lock is never touched.
/// Where it can't be told, somebody may.
pub(super) fn is_locked(catalog_path: &Path, job: JobId) -> bool {
    match descriptors::when_free(|| File::open(lock_path(catalog_path, job))) {
        // The file that a killed process left is locked by nobody; closing ours frees it again.
        Ok(file) => file.try_lock_shared().is_err(),
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    }
}

fn lock_path(catalog_path: &Path, job: JobId) -> PathBuf {
    let mut name = catalog_path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".job-{job}.lock"));
    catalog_path.with_file_name(name)
}

fn is_at(file: &File, path: &Path) -> bool {
    let ours = file.try_clone().and_then(same_file::Handle::from_file);
    let found = same_file::Handle::from_path(path);
    matches!((ours, found), (Ok(ours), Ok(found)) if ours == found)
}

impl Drop for JobLock {
    fn drop(&mut self) {
        // Removed while still held, so that nobody's lock is removed but our own.
        let _ = fs::remove_file(&self.path);
        let _ = self.file.unlock();
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_job_has_one_holder_at_a_time_and_no_lock_file_is_left_behind() {
        let dir = tempfile::tempdir().unwrap();
        let catalog = dir.path().join("catalog.sqlite");
        let first = lock_job(&catalog, JobId(1)).unwrap().unwrap();
        assert!(lock_job(&catalog, JobId(1)).unwrap().is_none());
        let other = lock_job(&catalog, JobId(2)).unwrap();
        assert!(other.is_some(), "another job is free");
        drop(first);
        let again = lock_job(&catalog, JobId(1)).unwrap();
        assert!(again.is_some());
        drop((again, other));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn who_only_looks_leaves_no_trace_and_keeps_nobody_from_a_job() {
        let dir = tempfile::tempdir().unwrap();
        let catalog = dir.path().join("catalog.sqlite");
        assert!(!is_locked(&catalog, JobId(1)));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        let held = lock_job(&catalog, JobId(1)).unwrap().unwrap();
        assert!(is_locked(&catalog, JobId(1)) && is_locked(&catalog, JobId(1)) && !is_locked(&catalog, JobId(2)));
        // As after a kill: the file stays, its lock is gone.
        held.file.unlock().unwrap();
        assert!(!is_locked(&catalog, JobId(1)) && lock_path(&catalog, JobId(1)).exists());
        drop(held);
        std::thread::scope(|scope| {
            let looker = scope.spawn(|| (0..20_000).filter(|_| is_locked(&catalog, JobId(1))).count());
            for _ in 0..200 {
                assert!(lock_job(&catalog, JobId(1)).unwrap().is_some(), "nobody else wants it");
            }
            looker.join().unwrap();
        });
    }

    #[test]
    fn many_contenders_never_hold_a_job_together() {
        use std::sync::atomic::{AtomicU32, Ordering};
        let dir = tempfile::tempdir().unwrap();
        let catalog = dir.path().join("catalog.sqlite");
        let (holders, held) = (AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        if let Some(lock) = lock_job(&catalog, JobId(1)).unwrap() {
                            assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0);
                            held.fetch_add(1, Ordering::SeqCst);
                            holders.fetch_sub(1, Ordering::SeqCst);
                            drop(lock);
                        }
                    }
                });
            }
        });
        assert!(held.load(Ordering::SeqCst) > 0);
    }

    #[test]
    fn a_lock_on_a_file_that_was_removed_meanwhile_is_no_lock() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.lock");
        let ours = File::create(&path).unwrap();
        assert!(is_at(&ours, &path));
        fs::remove_file(&path).unwrap();
        assert!(!is_at(&ours, &path));
        let _theirs = File::create(&path).unwrap();
        assert!(!is_at(&ours, &path));
    }

    #[test]
    fn a_folder_that_is_not_there_is_told_in_a_sentence() {
        let error = lock_job(Path::new("/dev/null/catalog.sqlite"), JobId(1)).unwrap_err();
        assert!(error.to_string().contains("/dev/null/catalog.sqlite"), "{error}");
    }
}
