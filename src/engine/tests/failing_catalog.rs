//! A catalog whose calls fail on request.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::catalog::{Added, Adding, Catalog, FileChange, LastRun, WrittenBack};
use crate::error::JobError;
use crate::model::{
    FailureFilter, Finished, Ignored, JobId, JobSpec, JobState, NewItem, ReplacedFile, SourceSpec, UndoFile,
};

/// Which calls fail, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failing {
    /// Only this one.
    Call(usize),
    /// This one and every later one.
    From(usize),
    /// This one, which is written nevertheless: only its answer is lost.
    Answer(usize),
}

/// Counts calls, and fails some of them.
pub(super) struct FailingCatalog {
    pub(super) inner: Box<dyn Catalog>,
    pub(super) failing: Failing,
    pub(super) calls: Arc<AtomicUsize>,
}

impl FailingCatalog {
    fn call<T>(&mut self, call: impl FnOnce(&mut dyn Catalog) -> Result<T, JobError>) -> Result<T, JobError> {
        let number = self.calls.fetch_add(1, Ordering::AcqRel) + 1;
        let failure = JobError::catalog(std::path::Path::new("catalog.sqlite"), format_args!("call {number} failed"));
        match self.failing {
            Failing::Call(n) if n == number => Err(failure),
            Failing::From(n) if n <= number => Err(failure),
            Failing::Answer(n) if n == number => call(self.inner.as_mut()).and(Err(failure)),
            _ => call(self.inner.as_mut()),
        }
    }
}

macro_rules! forward {
    ($($name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
        impl Catalog for FailingCatalog {
            $(fn $name(&mut self, $($argument: $type),*) -> Result<$result, JobError> {
                self.call(|inner| inner.$name($($argument),*))
            })*
        }
    };
}

forward! {
    create_job(spec: &JobSpec, state: JobState) -> JobId;
    set_request(job: JobId, request: &JobSpec) -> ();
    add_sources(job: JobId, sources: &[SourceSpec]) -> u32;
    set_source(job: JobId, n: u32, source: &SourceSpec) -> ();
    end_source(job: JobId, n: u32) -> ();
    set_state(job: JobId, state: JobState) -> ();
    end_run(job: JobId, state: JobState) -> JobState;
    add_items(job: JobId, first_seq: u64, items: &[NewItem], adding: &Adding) -> Added;
    add_ignored(job: JobId, ignored: &[Ignored]) -> ();
    next_seq(job: JobId) -> u64;
    set_running(job: JobId, seqs: &[u64]) -> ();
    set_waiting(job: JobId, seqs: &[u64]) -> ();
    record_outputs(finished: &[&Finished]) -> ();
    displace(job: JobId, outputs: &[(u64, String)]) -> ();
    finish(finished: &[&Finished]) -> ();
    requeue_running(job: JobId) -> ();
    begin_run(job: JobId) -> LastRun;
    retry(job: JobId, failures: &FailureFilter, seqs: Option<&[u64]>) -> u64;
    follow_file(job: JobId, seq: u64, change: &FileChange) -> bool;
    redo(job: JobId, seqs: &[u64]) -> u64;
    add_folders(job: JobId, folders: &[String]) -> ();
    set_replaced(job: JobId, replaced: &[ReplacedFile]) -> ();
    begin_undo(job: JobId) -> ();
    record_undo(job: JobId, files: &[UndoFile]) -> ();
    skip_failed(job: JobId, seqs: &[u64]) -> u64;
    remove_items(job: JobId, seqs: &[u64]) -> Vec<(u64, NewItem)>;
    restore_items(job: JobId, items: &[(u64, NewItem)]) -> ();
    begin_write_back(job: JobId) -> ();
    write_back(job: JobId, written: &WrittenBack) -> ();
    delete_job(job: JobId) -> ();
    set_deleted(jobs: &[JobId], is_deleted: bool) -> u64;
    delete_rows(jobs: &[JobId], most: u32) -> (u64, bool);
    reclaim(most_pages: u32) -> bool;
    rebuild() -> ();
}
