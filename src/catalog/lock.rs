//! The lock of a running job: an OS file lock next to the catalog, which the system releases when its process ends.

#![expect(clippy::disallowed_methods, reason = "lock files beside the catalog")]

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::error::JobError;
use crate::model::JobId;
use crate::store::descriptors;

/// Attempts to lock a file that other processes keep removing when they release it, or keep checking.
const ATTEMPTS: u32 = 500;
/// Pause before a lock is tried again that others only check.
const RETRY_AFTER: Duration = Duration::from_millis(2);

/// The lock of a job or a window; released on drop, and by the system when the process dies.
#[derive(Debug)]
pub struct JobLock {
    path: PathBuf,
    file: File,
}

/// Locks a job; `None` if it is locked already, by this or another process.
pub fn lock_job(catalog_path: &Path, job: JobId) -> Result<Option<JobLock>, JobError> {
    lock_file(lock_path(catalog_path, job))
}

/// Locks a catalog for its window; `None` if another window has it.
pub(super) fn lock_window(catalog_path: &Path) -> Result<Option<JobLock>, JobError> {
    lock_file(beside(catalog_path, ".window.lock"))
}

fn lock_file(path: PathBuf) -> Result<Option<JobLock>, JobError> {
    let failed = |error: std::io::Error| JobError::catalog_io(&path, &error);
    for _ in 0..ATTEMPTS {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        let file = descriptors::when_free(|| options.open(&path)).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            // The holder of a job excludes others; a check ([`is_locked`]) only shares the lock, even if it takes long.
            Err(TryLockError::WouldBlock) if file.try_lock_shared().is_ok() => {
                drop(file);
                thread::sleep(RETRY_AFTER);
                continue;
            }
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // The last holder may have removed the file after it was opened here. Then the next process would lock another file.
        if is_at(&file, &path) {
            return Ok(Some(JobLock { path, file }));
        }
    }
    Ok(None)
}

/// Whether a job is locked. No file is created or removed, and the holder's lock is not affected. If in doubt, it is.
pub(super) fn is_locked(catalog_path: &Path, job: JobId) -> bool {
    match descriptors::when_free(|| File::open(lock_path(catalog_path, job))) {
        // The file of a killed process is not locked. Closing it here releases the shared lock.
        Ok(file) => file.try_lock_shared().is_err(),
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    }
}

fn lock_path(catalog_path: &Path, job: JobId) -> PathBuf {
    beside(catalog_path, &format!(".job-{job}.lock"))
}

/// The path next to a catalog whose name is the catalog's with this ending.
pub(super) fn beside(catalog_path: &Path, ending: &str) -> PathBuf {
    let mut name = catalog_path.file_name().unwrap_or_default().to_os_string();
    name.push(ending);
    catalog_path.with_file_name(name)
}

fn is_at(file: &File, path: &Path) -> bool {
    let ours = file.try_clone().and_then(same_file::Handle::from_file);
    let found = same_file::Handle::from_path(path);
    matches!((ours, found), (Ok(ours), Ok(found)) if ours == found)
}

impl Drop for JobLock {
    fn drop(&mut self) {
        // Removed while the lock is held, so that the file of another process is never removed.
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
        assert!(other.is_some(), "another job can be locked");
        drop(first);
        let again = lock_job(&catalog, JobId(1)).unwrap();
        assert!(again.is_some());
        drop((again, other));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_check_leaves_no_trace_and_never_prevents_a_lock() {
        let dir = tempfile::tempdir().unwrap();
        let catalog = dir.path().join("catalog.sqlite");
        assert!(!is_locked(&catalog, JobId(1)));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        let held = lock_job(&catalog, JobId(1)).unwrap().unwrap();
        assert!(is_locked(&catalog, JobId(1)) && is_locked(&catalog, JobId(1)) && !is_locked(&catalog, JobId(2)));
        // After a kill the file remains, without a lock.
        held.file.unlock().unwrap();
        assert!(!is_locked(&catalog, JobId(1)) && lock_path(&catalog, JobId(1)).exists());
        drop(held);
        std::thread::scope(|scope| {
            let checking = scope.spawn(|| (0..20_000).filter(|_| is_locked(&catalog, JobId(1))).count());
            for _ in 0..200 {
                assert!(lock_job(&catalog, JobId(1)).unwrap().is_some(), "nothing else locks it");
            }
            checking.join().unwrap();
        });
    }

    #[test]
    fn a_job_can_be_locked_however_long_a_check_takes() {
        let dir = tempfile::tempdir().unwrap();
        let catalog = dir.path().join("catalog.sqlite");
        let checking = File::create(lock_path(&catalog, JobId(1))).unwrap();
        checking.lock_shared().unwrap();
        std::thread::scope(|scope| {
            let locking = scope.spawn(|| lock_job(&catalog, JobId(1)).unwrap());
            thread::sleep(RETRY_AFTER * 30);
            checking.unlock().unwrap();
            assert!(locking.join().unwrap().is_some());
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
    fn a_lock_on_a_file_that_was_removed_does_not_count() {
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
    fn a_missing_folder_is_reported_with_its_path() {
        let error = lock_job(Path::new("/dev/null/catalog.sqlite"), JobId(1)).unwrap_err();
        assert!(error.to_string().contains("/dev/null/catalog.sqlite"), "{error}");
    }
}
