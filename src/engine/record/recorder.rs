//! The one thread that writes: it owns the catalog's writing connection and makes outputs safe in groups.
//!
//! A group is fsynced, noted in the catalog while its items still run, renamed to its final names, its folders fsynced,
//! and only then recorded as done: whatever instant the power goes, the catalog never says done before the file is safe.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use crate::catalog::{Added, Adding, Catalog, CatalogReader};
use crate::config::{COMMIT_BATCH_FILES, COMMIT_BATCH_MS};
use crate::engine::item::naming::{Target, Verdict};
use crate::engine::run::{Run, RunError};
use crate::error::{ItemError, JobError};
use crate::model::{Durability, Finished, ItemId, JobId, JobState, Locator, NewItem, Outcome};
use crate::store;

/// Records that may wait; beyond that, whoever has one waits: the disk is the limit then.
pub(crate) const RECORDS: usize = 1024;

/// How long records are left to gather while a batch is open: waking up for each takes longer than noting it.
const NAP: Duration = Duration::from_millis(10);

/// Something the catalog should do.
pub(crate) type Task = Box<dyn FnOnce(&mut dyn Catalog) + Send>;

/// What the recorder is told.
pub(crate) enum Record {
    /// Items that a source gave, and whom to tell what came of it.
    Items { job: JobId, items: Vec<NewItem>, adding: Adding, added_tx: Sender<Result<Added, JobError>> },
    /// Items of a run were begun; it tells which.
    Begun(JobId),
    /// An item has an outcome, or an output that is to be made safe.
    Finished(Box<FinishedItem>),
    /// Anything else the catalog should do, after everything told before.
    Call(Task),
}

impl Record {
    /// A job's state is to be noted; nobody waits for it.
    pub(crate) fn state(job: JobId, state: JobState) -> Self {
        Self::Call(Box::new(move |catalog| {
            if let Err(error) = catalog.set_state(job, state) {
                tracing::warn!(%error, "a job's state could not be noted");
            }
        }))
    }

    /// A run's items that were begun and given back wait again; then its lanes look anew.
    pub(crate) fn requeue(run: &Arc<Run>) -> Self {
        let run = Arc::clone(run);
        Self::Call(Box::new(move |catalog| {
            if let Err(error) = catalog.requeue_running(run.job) {
                tracing::warn!(%error, "a job's items could not be put back");
            }
            run.rewind();
        }))
    }
}

/// A finished item, with its staged output if it has one.
pub(crate) struct FinishedItem {
    pub(crate) finished: Finished,
    pub(crate) target: Option<Target>,
    /// Its output is not safe, so it is not recorded and waits again.
    is_withheld: bool,
}

impl FinishedItem {
    pub(crate) fn new(finished: Finished, target: Option<Target>) -> Self {
        Self { finished, target, is_withheld: false }
    }
}

/// Runs at work, by job: whom the recorder tells what has release.
#[derive(Clone, Default)]
pub(crate) struct Runs(Arc<Mutex<HashMap<JobId, Arc<Run>>>>);

impl Runs {
    pub(crate) fn insert(&self, run: &Arc<Run>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(run.job, Arc::clone(run));
    }

    pub(crate) fn remove(&self, job: JobId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&job);
    }

    fn get(&self, job: JobId) -> Option<Arc<Run>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&job).cloned()
    }
}

/// The recorder: ends when every sender is gone, after everything told was written.
pub(crate) struct Recorder {
    pub(crate) catalog: Box<dyn Catalog>,
    pub(crate) reader: Box<dyn CatalogReader>,
    pub(crate) record_rx: Receiver<Record>,
    pub(crate) runs: Runs,
    /// Changes whenever any item may have.
    pub(crate) revision: Arc<AtomicU64>,
    /// Rings when something changed that faces may see.
    pub(crate) bell_tx: Sender<()>,
}

#[derive(Default)]
struct Batch {
    /// Of which items were begun or ended.
    jobs: BTreeSet<JobId>,
    finished: Vec<FinishedItem>,
    closes_at: Option<Instant>,
    /// Somebody told something and waited for its end: that will happen again.
    is_awaited: bool,
}

impl Recorder {
    /// Works until every sender is gone.
    pub(crate) fn run(mut self) {
        let mut batch = Batch::default();
        loop {
            let told = match batch.closes_at {
                None => self.record_rx.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(closes_at) => self.record_rx.recv_deadline(closes_at),
            };
            match told {
                Ok(record) => self.take(record, &mut batch),
                Err(RecvTimeoutError::Timeout) => self.flush(&mut batch),
                Err(RecvTimeoutError::Disconnected) => {
                    self.flush(&mut batch);
                    return;
                }
            }
            if batch.finished.len() >= COMMIT_BATCH_FILES || self.nothing_else_is_coming(&batch) {
                self.flush(&mut batch);
            } else if batch.may_gather() && self.record_rx.is_empty() {
                thread::sleep(NAP);
            }
        }
    }

    fn take(&mut self, record: Record, batch: &mut Batch) {
        match record {
            Record::Begun(job) => {
                batch.jobs.insert(job);
                batch.open();
            }
            Record::Finished(recorded) => {
                // Its beginning goes with it, whether or not that was told of yet.
                batch.jobs.insert(recorded.finished.id.job);
                batch.finished.push(*recorded);
                batch.open();
            }
            Record::Items { job, items, adding, added_tx } => {
                batch.is_awaited = true;
                let added = self.add_items(job, &items, &adding);
                if let Some(run) = self.runs.get(job) {
                    run.switch.poke();
                }
                let _ = added_tx.send(added);
                self.ring();
            }
            Record::Call(call) => {
                self.flush(batch);
                call(self.catalog.as_mut());
            }
        }
    }

    fn add_items(&mut self, job: JobId, items: &[NewItem], adding: &Adding) -> Result<Added, JobError> {
        let first_seq = self.catalog.next_seq(job)?;
        self.catalog.add_items(job, first_seq, items, adding)
    }

    /// Whether waiting for a fuller batch would only make people wait: all that is in flight is in the batch.
    fn nothing_else_is_coming(&self, batch: &Batch) -> bool {
        let Some(first) = batch.finished.first() else { return false };
        self.record_rx.is_empty()
            && self.runs.get(first.finished.id.job).is_none_or(|run| run.in_flight() <= batch.finished.len())
    }

    fn ring(&self) {
        self.revision.fetch_add(1, Ordering::AcqRel);
        // A full bell rings already.
        let _ = self.bell_tx.try_send(());
    }

    /// Writes everything in the batch; a catalog that fails stops the runs it concerns.
    fn flush(&mut self, batch: &mut Batch) {
        let Batch { jobs, finished, .. } = std::mem::take(batch);
        let ended: HashSet<ItemId> = finished.iter().map(|recorded| recorded.finished.id).collect();
        for job in jobs {
            let mut seqs = self.runs.get(job).map(|run| run.take_begun()).unwrap_or_default();
            // What began and ended within one batch need not be told twice.
            seqs.retain(|seq| !ended.contains(&ItemId { job, seq: *seq }));
            if seqs.is_empty() {
                continue;
            }
            if let Err(error) = self.catalog.set_running(job, &seqs) {
                self.give_up(job, &error);
            }
        }
        if !finished.is_empty() {
            self.commit(finished);
        }
        self.ring();
    }

    fn give_up(&self, job: JobId, error: &JobError) {
        tracing::error!(%error, "the catalog failed");
        if let Some(run) = self.runs.get(job) {
            run.set_error(RunError::Fatal(error.clone()));
        }
    }

    /// Makes staged outputs safe and records every outcome.
    fn commit(&mut self, mut batch: Vec<FinishedItem>) {
        self.sync_files(&mut batch);
        self.choose_names(&mut batch);
        for FinishedItem { finished, target, .. } in &mut batch {
            if let Some(path) = target.as_ref().and_then(Target::chosen) {
                finished.outcome = Outcome::Done { output: Locator::File(path.to_path_buf()).to_text() };
            }
        }
        let is_noted =
            |recorded: &&FinishedItem| recorded.target.as_ref().is_some_and(|target| target.chosen().is_some());
        let notes: Vec<&Finished> = batch.iter().filter(is_noted).map(|recorded| &recorded.finished).collect();
        if let Some(first) = notes.first()
            && let Err(error) = self.catalog.record_outputs(&notes)
        {
            // Nothing was renamed: the items simply wait again.
            self.give_up(first.id.job, &error);
            self.land(&batch);
            return;
        }
        self.rename(&mut batch);
        let is_told = |recorded: &&FinishedItem| !recorded.is_withheld && !is_halting(&recorded.finished.outcome);
        let finished: Vec<&Finished> = batch.iter().filter(is_told).map(|recorded| &recorded.finished).collect();
        if let Err(error) = self.catalog.finish(&finished)
            && let Some(first) = finished.first()
        {
            self.give_up(first.id.job, &error);
        }
        for recorded in batch.iter().filter(|recorded| is_halting(&recorded.finished.outcome)) {
            if let (Some(run), Outcome::Failed(error)) =
                (self.runs.get(recorded.finished.id.job), &recorded.finished.outcome)
            {
                run.set_error(RunError::DiskFull(JobError::Item(error.clone())));
            }
        }
        self.land(&batch);
    }

    fn land(&self, batch: &[FinishedItem]) {
        for recorded in batch {
            let id = recorded.finished.id;
            if let Some(run) = self.runs.get(id.job) {
                run.release(id.seq);
            }
        }
    }

    fn durability(&self, recorded: &FinishedItem) -> Durability {
        self.runs.get(recorded.finished.id.job).map_or(Durability::Group, |run| run.spec.sink.durability)
    }

    fn sync_files(&self, batch: &mut [FinishedItem]) {
        let wanted: Vec<usize> = (0..batch.len())
            .filter(|&i| batch[i].target.is_some() && self.durability(&batch[i]) == Durability::Group)
            .collect();
        let staged: Vec<_> = wanted.iter().filter_map(|&i| batch[i].target.as_ref().map(|t| &t.staged)).collect();
        let results = store::sync_files(&staged);
        for (&i, result) in wanted.iter().zip(results) {
            if let Err(error) = result {
                batch[i].fail(error);
            }
        }
    }

    fn choose_names(&self, batch: &mut [FinishedItem]) {
        let mut taken: HashSet<PathBuf> = HashSet::new();
        for recorded in batch.iter_mut() {
            let id = recorded.finished.id;
            let Some(target) = recorded.target.as_mut() else { continue };
            match target.choose(id.job, self.reader.as_ref(), &taken) {
                Ok(Verdict::Save(path, _)) => {
                    taken.insert(path);
                }
                Ok(Verdict::Skip(_, reason)) => {
                    recorded.target = None;
                    recorded.finished.outcome = Outcome::Skipped { reason };
                    recorded.finished.clear_output();
                }
                Err(error) => recorded.fail(error),
            }
        }
    }

    /// Gives every staged file its final name, then makes the names safe. Items of a job whose folder failed are withheld:
    /// they are never recorded as done, and written again once the job is resumed.
    fn rename(&mut self, batch: &mut [FinishedItem]) {
        let mut renamed: BTreeMap<JobId, Vec<Renamed>> = BTreeMap::new();
        for (index, recorded) in batch.iter_mut().enumerate() {
            let is_synced = self.durability(recorded) == Durability::Group;
            let Some(target) = recorded.target.take() else { continue };
            match target.publish() {
                Ok((path, has_replaced)) => {
                    recorded.finished.outcome = Outcome::Done { output: Locator::File(path.clone()).to_text() };
                    let job = recorded.finished.id.job;
                    renamed.entry(job).or_default().push(Renamed { index, path, has_replaced, is_synced });
                }
                Err(error) => recorded.fail(error),
            }
        }
        for (job, renamed) in renamed {
            let Some(run) = self.runs.get(job) else { continue };
            if let Some(error) = run.naming.lost_output() {
                // Once the folder is back, the files in it are adopted.
                run.set_error(RunError::Fatal(error));
            } else if let Err(error) = sync_folders(&run, &renamed) {
                self.take_back(&run, &renamed, batch);
                run.set_error(RunError::Fatal(store::unusable(&run.naming.out_dir, &error)));
            } else {
                continue;
            }
            for one in renamed {
                batch[one.index].is_withheld = true;
            }
        }
    }

    /// Undoes renames whose folder could not be synced: a second sync would succeed without having written anything.
    fn take_back(&mut self, run: &Run, renamed: &[Renamed], batch: &[FinishedItem]) {
        let seqs: Vec<u64> = renamed.iter().map(|one| batch[one.index].finished.id.seq).collect();
        if let Ok(output) = run.naming.output() {
            for one in renamed.iter().filter(|one| !one.has_replaced) {
                let _ = output.take_back(&one.path);
            }
        }
        // What was noted of them must not be trusted by a resume.
        if let Err(error) = self.catalog.set_waiting(run.job, &seqs) {
            tracing::warn!(%error, "items could not be put back");
        }
    }
}

/// An item of a batch that has its final name.
struct Renamed {
    /// Its position in the batch.
    index: usize,
    path: PathBuf,
    has_replaced: bool,
    is_synced: bool,
}

fn sync_folders(run: &Run, renamed: &[Renamed]) -> std::io::Result<()> {
    let folders: BTreeSet<PathBuf> =
        renamed.iter().filter(|one| one.is_synced).filter_map(|one| one.path.parent().map(Path::to_path_buf)).collect();
    if folders.is_empty() { Ok(()) } else { run.naming.output()?.sync_folders(&folders) }
}

impl Batch {
    /// Whether nobody waits for what is told next.
    fn may_gather(&self) -> bool {
        self.closes_at.is_some() && !self.is_awaited
    }

    fn open(&mut self) {
        self.closes_at.get_or_insert_with(|| Instant::now() + Duration::from_millis(COMMIT_BATCH_MS));
    }
}

impl FinishedItem {
    /// The item failed after all: its staged file is removed.
    fn fail(&mut self, error: ItemError) {
        let error = match self.target.take() {
            Some(target) => error.named(&target.locator),
            None => error,
        };
        self.finished.outcome = Outcome::Failed(error);
        self.finished.clear_output();
    }
}

/// The item is not to blame for a full disk: it waits for space instead of failing.
fn is_halting(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed(error) if error.stops_job())
}

/// Asks the recorder to do something with the catalog and waits for the answer.
pub(crate) fn call<T: Send + 'static>(
    record_tx: &Sender<Record>,
    task: impl FnOnce(&mut dyn Catalog) -> Result<T, JobError> + Send + 'static,
) -> Result<T, JobError> {
    let (answer_tx, answer_rx) = bounded(1);
    let call = Record::Call(Box::new(move |catalog| {
        let _ = answer_tx.send(task(catalog));
    }));
    record_tx.send(call).map_err(|_| JobError::recorder_gone())?;
    answer_rx.recv().map_err(|_| JobError::recorder_gone())?
}
