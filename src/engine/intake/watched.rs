//! Files of watched folders become items: each content of a path once. What was taken is known from the catalog alone, so
//! that a restart neither repeats nor forgets a file, and memory does not grow with their number.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, bounded};

use super::documents::DocumentPages;
use super::earlier_results::EarlierResults;
use super::read_sources::IntakeNote;
use crate::catalog::{Adding, CatalogReader, FileChange, JobSource};
use crate::codec::Helpers;
use crate::engine::item::naming;
use crate::engine::record::message::{Record, call};
use crate::error::{ErrorKind, JobError};
use crate::model::{ItemRow, ItemState, JobId, JobSpec, Locator, NewItem};
use crate::source::{self, Found, Reading, Results, Taken, WatchedFiles};
use crate::store::{self, EntryKind, Head};

/// Files that are handed over at once.
const BATCH_FILES: usize = 256;
/// How long the first of them may wait while a pass finds more.
const BATCH_AGE: Duration = Duration::from_millis(80);
/// Files of the same size and time among which a renamed one is looked for.
const LIKE: u32 = 64;
/// The newest jobs, among which those are that have begun to write results since a watch began.
const NEW_JOBS: u32 = 16;

/// A folder to watch.
pub(crate) struct WatchRequest {
    pub(crate) job: JobId,
    pub(crate) source: JobSource,
    /// Whether only what is there now is taken.
    pub(crate) is_once: bool,
    /// Set to end the watch.
    pub(crate) stop: Arc<AtomicBool>,
}

/// Watches a folder until it is stopped.
pub(crate) fn watch(
    request: &WatchRequest,
    record_tx: &Sender<Record>,
    note_tx: &Sender<IntakeNote>,
    reader: &dyn CatalogReader,
    helpers: &Arc<Helpers>,
) {
    let job = request.job;
    let failure = reader.spec(job).and_then(|spec| {
        let asked = spec.unwrap_or_default();
        let pages = DocumentPages::new(&asked.limits, helpers);
        let files = Files::new(request, &asked, record_tx, note_tx, reader, pages);
        let stop = || request.stop.load(Ordering::Acquire);
        let results_at = |path: &Path, kind| files.results_at(path, kind);
        let reading =
            Reading { cancelled: &stop, results_at: &results_at, watched: Some(&files), ..Reading::default() };
        let _ = source::read(&request.source.spec, &reading, &mut |found| {
            match found {
                Found::Failed(error) => drop(note_tx.send(IntakeNote::Failed { job, error })),
                Found::Remark(remark) => drop(note_tx.send(IntakeNote::Remark { job, remark })),
                Found::Item(_) | Found::Lost(_) | Found::Position(_) | Found::Ignored(_) => {}
            }
            ControlFlow::Continue(())
        });
        files.failure.take().map_or(Ok(()), Err)
    });
    let _ = note_tx.send(IntakeNote::Ended {
        job,
        added: 0,
        duplicates: 0,
        only_links: false,
        is_cut_off: false,
        failure: failure.err(),
    });
}

/// What is known of the files of a job's folder.
struct Files<'a> {
    request: &'a WatchRequest,
    asked: &'a JobSpec,
    record_tx: &'a Sender<Record>,
    note_tx: &'a Sender<IntakeNote>,
    reader: &'a dyn CatalogReader,
    /// The output folder, as the catalog records it and without links.
    out_dir: Option<(PathBuf, PathBuf)>,
    results: RefCell<KnownResults<'a>>,
    batch: RefCell<Batch>,
    failure: Cell<Option<JobError>>,
    pages: DocumentPages,
}

/// Results of other jobs, as they were known at a time.
struct KnownResults<'a> {
    /// The newest jobs then, and whether they had begun.
    newest: Vec<(JobId, bool)>,
    results: EarlierResults<'a>,
}

/// Files that were taken and are not handed over yet.
#[derive(Default)]
struct Batch {
    items: Vec<NewItem>,
    paths: HashSet<PathBuf>,
    since: Option<Instant>,
}

impl<'a> Files<'a> {
    fn new(
        request: &'a WatchRequest,
        asked: &'a JobSpec,
        record_tx: &'a Sender<Record>,
        note_tx: &'a Sender<IntakeNote>,
        reader: &'a dyn CatalogReader,
        pages: DocumentPages,
    ) -> Self {
        let dir = naming::out_dir(asked).ok();
        let out_dir = dir.and_then(|dir| Some((dir.clone(), store::of_path(&dir).resolve(&dir).ok()?)));
        let results = EarlierResults::beside(asked, request.job, reader);
        let known = KnownResults { newest: newest(reader), results };
        Self {
            request,
            asked,
            record_tx,
            note_tx,
            reader,
            out_dir,
            results: RefCell::new(known),
            batch: RefCell::default(),
            failure: Cell::new(None),
            pages,
        }
    }

    /// Whether a file or folder holds results, of this job or of others, which may have begun in the meantime.
    fn results_at(&self, path: &Path, kind: EntryKind) -> Results {
        if kind == EntryKind::File && self.is_own_result(path) {
            return Results::New;
        }
        let mut known = self.results.borrow_mut();
        let newest = newest(self.reader);
        if newest != known.newest {
            known.results = EarlierResults::beside(self.asked, self.request.job, self.reader);
            known.newest = newest;
        }
        known.results.at(path, kind)
    }

    fn is_own_result(&self, path: &Path) -> bool {
        let Some((dir, real)) = &self.out_dir else { return false };
        path.strip_prefix(real).is_ok_and(|below| {
            let recorded = Locator::File(dir.join(below)).to_text();
            self.reader.is_output(self.request.job, &recorded).unwrap_or(false)
        })
    }

    fn try_take(&self, item: NewItem) -> Result<Taken, JobError> {
        let Some(path) = item.locator.path().map(Path::to_path_buf) else { return Ok(Taken::Done) };
        if self.batch.borrow().paths.contains(&path) {
            self.hand_over()?;
        }
        let known = self.reader.item_of_file(self.request.job, &item.locator.to_text())?;
        let Some(row) = known else { return self.take_new_path(path, item) };
        match row.state {
            ItemState::Waiting | ItemState::Running if is_same(&row, item.size_bytes, item.mtime_ms) => Ok(Taken::Done),
            ItemState::Waiting | ItemState::Running => Ok(Taken::Later),
            // Other pages of it may be ready, or it has others by now.
            ItemState::Failed if self.pages.may_divide(&item.locator) => self.take_again(item),
            ItemState::Failed => self.follow(&row, &item, false, true),
            ItemState::Done | ItemState::Skipped if has_content_of(&row, &item.locator) => {
                self.follow(&row, &item, false, false)
            }
            // Another image under the same path.
            ItemState::Done | ItemState::Skipped => self.take_again(item),
        }
    }

    /// Another content of a path that has items.
    fn take_again(&self, item: NewItem) -> Result<Taken, JobError> {
        self.hand_over()?;
        self.add(vec![item], false).map(|()| Taken::Done)
    }

    /// A file of a path that has no item: a new one, or one that was renamed since it was taken.
    fn take_new_path(&self, path: PathBuf, item: NewItem) -> Result<Taken, JobError> {
        if let Some((size_bytes, mtime_ms)) = item.size_bytes.zip(item.mtime_ms) {
            let like = self.reader.files_like(self.request.job, size_bytes, mtime_ms, LIKE)?;
            for row in &like {
                if !is_same(row, Some(size_bytes), Some(mtime_ms)) || !self.is_gone(&row.locator) {
                    continue;
                }
                let is_missing = row.error.as_ref().is_some_and(|error| error.kind == ErrorKind::NotFound);
                match row.state {
                    // It may fail because it has another name by now.
                    ItemState::Waiting | ItemState::Running => return Ok(Taken::Later),
                    ItemState::Failed => return self.follow_moved(&like, row, &item, is_missing),
                    ItemState::Done | ItemState::Skipped if has_content_of(row, &item.locator) => {
                        return self.follow_moved(&like, row, &item, false);
                    }
                    ItemState::Done | ItemState::Skipped => {}
                }
            }
        }
        let mut batch = self.batch.borrow_mut();
        batch.since.get_or_insert_with(Instant::now);
        batch.paths.insert(path);
        batch.items.push(item);
        let is_due = batch.items.len() >= BATCH_FILES || batch.since.is_some_and(|since| since.elapsed() >= BATCH_AGE);
        drop(batch);
        if is_due {
            self.hand_over()?;
        }
        Ok(Taken::Done)
    }

    /// Whether a file is not where it was, although its folder can be reached.
    fn is_gone(&self, locator: &Locator) -> bool {
        let Some(path) = locator.path() else { return false };
        let mut folders = self.asked.sources.iter().filter_map(source::folder_root);
        let is_reachable = folders.any(|folder| real(folder).is_some_and(|folder| path.starts_with(folder)));
        is_reachable && !store::of_path(path).is_taken(path)
    }

    /// Records that a file was renamed; of a document, for all of its pages.
    fn follow_moved(
        &self,
        like: &[ItemRow],
        row: &ItemRow,
        item: &NewItem,
        is_retried: bool,
    ) -> Result<Taken, JobError> {
        let document = row.locator.page().map(|_| row.locator.document());
        let is_other = |other: &&ItemRow| {
            other.id != row.id && other.locator.page().is_some() && Some(other.locator.document()) == document
        };
        for other in like.iter().filter(is_other) {
            self.follow(other, item, true, is_retried && other.state == ItemState::Failed)?;
        }
        self.follow(row, item, true, is_retried)
    }

    /// Records what has become of a file that has an item, or a page of it.
    fn follow(&self, row: &ItemRow, item: &NewItem, is_moved: bool, is_retried: bool) -> Result<Taken, JobError> {
        let (Some(size_bytes), Some(mtime_ms)) = (item.size_bytes, item.mtime_ms) else { return Ok(Taken::Done) };
        let locator = row.locator.page().map_or_else(|| item.locator.clone(), |page| item.locator.at_page(page));
        let moved_to = is_moved.then(|| (locator.to_text(), item.dir.clone()));
        let change = FileChange { moved_to, size_bytes, mtime_ms, is_retried };
        let (job, seq) = (row.id.job, row.id.seq);
        if call(self.record_tx, move |catalog| catalog.follow_file(job, seq, &change))? {
            let _ = self.note_tx.send(IntakeNote::Retried { job });
        }
        Ok(Taken::Done)
    }

    fn hand_over(&self) -> Result<(), JobError> {
        let Batch { items, .. } = self.batch.take();
        if items.is_empty() { Ok(()) } else { self.add(items, true) }
    }

    /// `leave_out_known`: another folder of the job may have given the same files.
    fn add(&self, items: Vec<NewItem>, leave_out_known: bool) -> Result<(), JobError> {
        let stop = || self.request.stop.load(Ordering::Acquire);
        let items: Vec<NewItem> = items.into_iter().flat_map(|item| self.pages.split(item, &stop)).collect();
        if self.pages.divides() && stop() {
            // The pages may not be known; a later watch takes the files.
            return Ok(());
        }
        let (added_tx, added_rx) = bounded(1);
        let adding = Adding { cursor: None, leave_out_known, is_watched: true };
        let record = Record::Items { job: self.request.job, items, adding, added_tx };
        self.record_tx.send(record).map_err(|_| JobError::recorder_gone())?;
        let added = added_rx.recv().map_err(|_| JobError::recorder_gone())?;
        added.map(drop).map_err(|not_added| not_added.error)
    }

    fn failed(&self, error: JobError) {
        self.failure.set(Some(error));
    }
}

impl WatchedFiles for Files<'_> {
    fn is_known(&self, path: &Path, head: &Head) -> bool {
        if self.batch.borrow().paths.contains(path) {
            // What has changed since is seen in the next state of the file.
            return false;
        }
        let text = Locator::File(path.to_path_buf()).to_text();
        let row = self.reader.item_of_file(self.request.job, &text).ok().flatten();
        row.is_some_and(|row| {
            let was_missing = row.state == ItemState::Failed
                && row.error.as_ref().is_some_and(|error| error.kind == ErrorKind::NotFound);
            is_same(&row, Some(head.size_bytes), head.modified_ms()) && !was_missing
        })
    }

    fn take(&self, item: NewItem) -> Taken {
        self.try_take(item).unwrap_or_else(|error| {
            self.failed(error);
            Taken::Failed
        })
    }

    fn flush(&self) -> ControlFlow<()> {
        match self.hand_over() {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed(error);
                ControlFlow::Break(())
            }
        }
    }

    fn is_once(&self) -> bool {
        self.request.is_once
    }
}

/// The newest jobs, and whether each has begun.
fn newest(reader: &dyn CatalogReader) -> Vec<(JobId, bool)> {
    let rows = reader.jobs(NEW_JOBS).unwrap_or_default().into_iter();
    rows.map(|row| (row.id, row.started_at_ms.is_some())).collect()
}

/// Whether a file is as it was when it was taken.
fn is_same(row: &ItemRow, size_bytes: Option<u64>, mtime_ms: Option<i64>) -> bool {
    row.size_bytes == size_bytes && row.mtime_ms == mtime_ms
}

/// Whether a file has the content that an item was made of.
fn has_content_of(row: &ItemRow, file: &Locator) -> bool {
    row.hash.is_some() && store::sha256_of(file).ok() == row.hash
}

fn real(path: &Path) -> Option<PathBuf> {
    store::of_path(path).resolve(path).ok()
}
