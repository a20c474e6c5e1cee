//! Undo of a job: its results go to the system's trash, files that they had replaced come back, and all of that can be
//! redone. Knows nothing of running jobs: the caller holds the job's lock.
//!
//! Each page of files is recorded before and after it is moved, so that a killed undo or redo is finished by the next one:
//! files that are not where they were are searched for in the trash, by their former path and their bytes.

mod bring_back;
mod put_away;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::Sender;

use super::api::undo::{EXAMPLES, UndoKind, UndoTally};
use super::item::naming;
use super::record::message::{Record, call};
use crate::catalog::{CatalogReader, ReaderFactory};
use crate::error::JobError;
use crate::model::{JobId, Locator, ReplacedFile, ReplacedState, Stay, StayReason, UndoFile};
use crate::store::{FileIdentity, Trash, sha256_in_trash};

/// Files that are recorded together.
const PAGE_FILES: u32 = 512;

/// How far an undo is; shared with the coordinator.
#[derive(Default)]
pub(super) struct Progress {
    stop: AtomicBool,
    total: AtomicU64,
    done: AtomicU64,
    moved: AtomicU64,
    stayed: AtomicU64,
    replaced: AtomicU64,
    lost: AtomicU64,
    folders: AtomicU64,
    examples: Mutex<Vec<(String, Stay)>>,
}

impl Progress {
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    pub(super) fn tally(&self) -> UndoTally {
        let of = |count: &AtomicU64| count.load(Ordering::Acquire);
        UndoTally {
            total: of(&self.total),
            done: of(&self.done),
            moved: of(&self.moved),
            stayed: of(&self.stayed),
            replaced: of(&self.replaced),
            lost: of(&self.lost),
            folders: of(&self.folders),
        }
    }

    pub(super) fn examples(&self) -> Vec<(String, Stay)> {
        self.examples.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note_stay(&self, path: &str, stay: &Stay) {
        add(&self.stayed);
        let mut examples = self.examples.lock().unwrap_or_else(PoisonError::into_inner);
        if examples.len() < EXAMPLES {
            examples.push((path.to_owned(), stay.clone()));
        }
    }
}

fn add(count: &AtomicU64) {
    count.fetch_add(1, Ordering::AcqRel);
}

/// An undo, redo or check of one job.
pub(super) struct Undoing {
    job: JobId,
    reader: Box<dyn CatalogReader>,
    record_tx: Sender<Record>,
    trash: Trash,
    progress: Arc<Progress>,
}

/// Undoes, redoes or checks a job. Returns whether it was complete; not if it was stopped.
pub(super) fn run(
    job: JobId,
    kind: UndoKind,
    readers: &ReaderFactory,
    record_tx: Sender<Record>,
    progress: Arc<Progress>,
) -> Result<bool, JobError> {
    let reader = readers.reader()?;
    let request = reader.request(job)?.ok_or_else(|| JobError::no_job(job))?;
    // A job that has run once knows its folder; any other has no results.
    let trash = Trash::of(&naming::out_dir(&request)?);
    let undoing = Undoing { job, reader, record_tx, trash, progress };
    match kind {
        UndoKind::Check => undoing.check(),
        UndoKind::Undo => undoing.undo(),
        UndoKind::Redo => undoing.redo(),
    }
}

impl Undoing {
    fn begin(&self) -> Result<(), JobError> {
        let job = self.job;
        call(&self.record_tx, move |catalog| catalog.begin_undo(job))
    }

    /// Records how far these files are.
    fn record(&self, files: Vec<UndoFile>) -> Result<(), JobError> {
        if files.is_empty() {
            return Ok(());
        }
        let job = self.job;
        call(&self.record_tx, move |catalog| catalog.record_undo(job, &files))
    }

    /// Calls `each` for the pages that `read` gives until there are no more. Returns whether it was not stopped.
    fn for_pages(
        &self,
        read: impl Fn((u64, u32)) -> Result<Vec<UndoFile>, JobError>,
        mut each: impl FnMut(Vec<UndoFile>) -> Result<(), JobError>,
    ) -> Result<bool, JobError> {
        let mut after = (0, 0);
        // The first output of item 0 is never the first of a job: items count from 1.
        loop {
            if self.progress.is_stopped() {
                return Ok(false);
            }
            let page = read(after)?;
            let Some(last) = page.last() else { return Ok(true) };
            after = (last.seq, last.n);
            each(page)?;
        }
    }

    /// Whether this replaced file is at its path.
    fn is_back(replaced: &ReplacedFile) -> bool {
        let now = FileIdentity::at(&path_of(&replaced.path)).ok();
        now.is_some() && now == replaced.identity.parse().ok()
    }

    /// Records that a replaced file is in the trash.
    fn note_trashed(replaced: &mut ReplacedFile, trashed: Option<PathBuf>) {
        replaced.state = ReplacedState::Trashed;
        // Another one if it was copied to the trash of another file system.
        if let Some(identity) = trashed.as_deref().and_then(|trashed| FileIdentity::at(trashed).ok()) {
            replaced.identity = identity.to_string();
        }
        replaced.trashed = trashed.map(text_of);
    }

    /// Where a replaced file is in the trash.
    fn find_replaced(&self, replaced: &ReplacedFile) -> Option<PathBuf> {
        let identity: FileIdentity = replaced.identity.parse().ok()?;
        // Another file may have that name in the trash by now.
        let is_it = |file: &Path| FileIdentity::at(file).is_ok_and(|found| found == identity);
        let recorded = replaced.trashed.as_deref().map(path_of).filter(|trashed| is_it(trashed));
        recorded.or_else(|| self.trash.find(&path_of(&replaced.path), &is_it))
    }

    /// Brings the file back that a result had replaced, once that result is in the trash.
    fn return_replaced(&self, replaced: &mut ReplacedFile) -> Result<(), Stay> {
        if matches!(replaced.state, ReplacedState::Lost | ReplacedState::Back) {
            return Ok(());
        }
        let path = path_of(&replaced.path);
        if !Self::is_back(replaced) {
            let trashed = self.find_replaced(replaced).ok_or(Stay::of(StayReason::NotInTrash))?;
            self.trash.take(&trashed, &path)?;
        }
        replaced.state = ReplacedState::Back;
        replaced.trashed = None;
        // Another one if it was copied back from another file system.
        replaced.identity = FileIdentity::at(&path).map(|now| now.to_string()).unwrap_or_default();
        add(&self.progress.replaced);
        Ok(())
    }

    /// A result that is in the trash although nothing says where.
    fn find_result(&self, file: &UndoFile) -> Option<PathBuf> {
        self.trash.find(&path_of(&file.path), &|found| has_hash(found, &file.hash))
    }
}

/// Whether a file in the trash has this hash.
fn has_hash(trashed: &Path, hash: &str) -> bool {
    sha256_in_trash(trashed).is_ok_and(|found| found == hash)
}

fn path_of(text: &str) -> PathBuf {
    match Locator::parse(text) {
        Locator::File(path) | Locator::Page(path, _) => path,
        Locator::Url(url) | Locator::Row(url) => PathBuf::from(url),
    }
}

fn text_of(path: PathBuf) -> String {
    Locator::File(path).to_text()
}
