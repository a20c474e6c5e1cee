//! A catalog that repeats every call on a model, and whose process dies at a chosen call: a copy of its files is taken at
//! that moment, and every later call fails.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use super::model::Model;
use crate::catalog::{Added, Adding, Catalog, FileChange, LastRun, WrittenBack};
use crate::error::JobError;
use crate::model::{
    FailureFilter, Finished, Ignored, JobId, JobSpec, JobState, NewItem, ReplacedFile, SourceSpec, UndoFile,
};

/// When the process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Death {
    /// Before the call with this number writes anything.
    Before(usize),
    /// After that call is written, before it returns.
    After(usize),
}

#[derive(Default)]
pub(super) struct Tracking {
    pub(super) model: Model,
    /// Calls so far.
    pub(super) calls: usize,
    pub(super) death: Option<Death>,
    pub(super) is_dead: bool,
    /// The results that were there when the process died.
    pub(super) results: BTreeSet<PathBuf>,
}

pub(super) struct TrackedCatalog {
    pub(super) inner: Box<dyn Catalog>,
    /// The file of the catalog, and where its copy goes.
    pub(super) path: PathBuf,
    pub(super) copy: PathBuf,
    /// The output folder.
    pub(super) out_dir: PathBuf,
    pub(super) tracking: Arc<Mutex<Tracking>>,
}

impl TrackedCatalog {
    fn tracking(&self) -> MutexGuard<'_, Tracking> {
        self.tracking.lock().unwrap()
    }

    /// Counts a call; an error if the process is dead or dies now.
    fn begin(&self) -> Result<usize, JobError> {
        let mut tracking = self.tracking();
        tracking.calls += 1;
        let number = tracking.calls;
        if tracking.is_dead {
            return Err(dead(&self.path));
        }
        if tracking.death == Some(Death::Before(number)) {
            self.die(&mut tracking);
            return Err(dead(&self.path));
        }
        Ok(number)
    }

    fn end(&self, number: usize) -> Result<(), JobError> {
        let mut tracking = self.tracking();
        if tracking.death != Some(Death::After(number)) {
            return Ok(());
        }
        self.die(&mut tracking);
        Err(dead(&self.path))
    }

    fn die(&self, tracking: &mut Tracking) {
        tracking.is_dead = true;
        tracking.results = results_in(&self.out_dir);
        let wal = |path: &Path| path.with_file_name(format!("{}-wal", path.file_name().unwrap().to_str().unwrap()));
        fs::copy(&self.path, &self.copy).unwrap();
        fs::copy(wal(&self.path), wal(&self.copy)).unwrap();
    }

    fn call<T, E: PartialEq + std::fmt::Debug>(
        &mut self,
        call: impl FnOnce(&mut dyn Catalog) -> Result<T, JobError>,
        seen: impl FnOnce(&T) -> E,
        expected: impl FnOnce(&mut Model) -> E,
    ) -> Result<T, JobError> {
        let number = self.begin()?;
        let result = call(self.inner.as_mut()).unwrap();
        assert_eq!(seen(&result), expected(&mut self.tracking().model), "call {number}");
        self.end(number)?;
        Ok(result)
    }
}

/// The results in a folder and below it: everything but hidden files.
pub(super) fn results_in(folder: &Path) -> BTreeSet<PathBuf> {
    let files = walkdir::WalkDir::new(folder).into_iter().map(|entry| entry.unwrap());
    let is_result = |path: &PathBuf| !path.file_name().unwrap().to_string_lossy().starts_with('.');
    files.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path).filter(is_result).collect()
}

fn dead(path: &Path) -> JobError {
    JobError::catalog(path, "the process is dead")
}

macro_rules! track {
    ($($name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
        impl Catalog for TrackedCatalog {
            $(fn $name(&mut self, $($argument: $type),*) -> Result<$result, JobError> {
                self.call(|inner| inner.$name($($argument),*), |seen| *seen, |model| model.$name($($argument),*))
            })*

            fn begin_run(&mut self, job: JobId) -> Result<LastRun, JobError> {
                let seen = |run: &LastRun| (run.has_died, run.undecided.iter().map(|row| row.id.seq).collect());
                self.call(|inner| inner.begin_run(job), seen, |model| model.begin_run(job))
            }

            fn remove_items(&mut self, job: JobId, seqs: &[u64]) -> Result<Vec<(u64, NewItem)>, JobError> {
                let seen = |removed: &Vec<(u64, NewItem)>| removed.iter().map(|(seq, _)| *seq).collect();
                self.call(|inner| inner.remove_items(job, seqs), seen, |model| model.remove_items(job, seqs))
            }

            // Not driven by these tests.
            fn set_request(&mut self, job: JobId, request: &JobSpec) -> Result<(), JobError> {
                self.inner.set_request(job, request)
            }

            fn add_sources(&mut self, job: JobId, sources: &[SourceSpec]) -> Result<u32, JobError> {
                self.inner.add_sources(job, sources)
            }

            fn set_source(&mut self, job: JobId, n: u32, source: &SourceSpec) -> Result<(), JobError> {
                self.inner.set_source(job, n, source)
            }

            fn add_ignored(&mut self, job: JobId, ignored: &[Ignored]) -> Result<(), JobError> {
                self.inner.add_ignored(job, ignored)
            }

            fn add_folders(&mut self, job: JobId, folders: &[String]) -> Result<(), JobError> {
                self.inner.add_folders(job, folders)
            }

            fn set_replaced(&mut self, job: JobId, replaced: &[ReplacedFile]) -> Result<(), JobError> {
                self.inner.set_replaced(job, replaced)
            }

            fn begin_undo(&mut self, job: JobId) -> Result<(), JobError> {
                self.inner.begin_undo(job)
            }

            fn record_undo(&mut self, job: JobId, files: &[UndoFile]) -> Result<(), JobError> {
                self.inner.record_undo(job, files)
            }

            fn begin_write_back(&mut self, job: JobId) -> Result<(), JobError> {
                self.inner.begin_write_back(job)
            }

            fn write_back(&mut self, job: JobId, written: &WrittenBack) -> Result<(), JobError> {
                self.inner.write_back(job, written)
            }

            fn delete_job(&mut self, job: JobId) -> Result<(), JobError> {
                self.inner.delete_job(job)
            }

            fn set_deleted(&mut self, jobs: &[JobId], is_deleted: bool) -> Result<u64, JobError> {
                self.inner.set_deleted(jobs, is_deleted)
            }

            fn delete_rows(&mut self, jobs: &[JobId], most: u32) -> Result<(u64, bool), JobError> {
                self.inner.delete_rows(jobs, most)
            }

            fn reclaim(&mut self, most_pages: u32) -> Result<bool, JobError> {
                self.inner.reclaim(most_pages)
            }

            fn rebuild(&mut self) -> Result<(), JobError> {
                self.inner.rebuild()
            }
        }
    };
}

track! {
    create_job(spec: &JobSpec, state: JobState) -> JobId;
    end_source(job: JobId, n: u32) -> ();
    set_state(job: JobId, state: JobState) -> ();
    end_run(job: JobId, state: JobState) -> JobState;
    add_items(job: JobId, first_seq: u64, items: &[NewItem], adding: &Adding) -> Added;
    next_seq(job: JobId) -> u64;
    set_running(job: JobId, seqs: &[u64]) -> ();
    set_waiting(job: JobId, seqs: &[u64]) -> ();
    record_outputs(finished: &[&Finished]) -> ();
    displace(job: JobId, outputs: &[(u64, String)]) -> ();
    finish(finished: &[&Finished]) -> ();
    requeue_running(job: JobId) -> ();
    retry(job: JobId, failures: &FailureFilter, seqs: Option<&[u64]>) -> u64;
    redo(job: JobId, seqs: &[u64]) -> u64;
    skip_failed(job: JobId, seqs: &[u64]) -> u64;
    follow_file(job: JobId, seq: u64, change: &FileChange) -> bool;
    restore_items(job: JobId, items: &[(u64, NewItem)]) -> ();
}
