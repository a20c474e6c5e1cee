//! The recorder: the one thread that writes to the catalog and makes outputs safe in batches.
//!
//! A batch is fsynced, its outputs are recorded while the items are still running, the files are renamed to their final
//! names, their folders are fsynced, and only then are the items recorded as done. So even if the power fails, the
//! catalog never says done before the file is safe.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use super::displaced::Displaced;
use super::groups::Groups;
use super::message::{FinishedItem, NotAdded, Record};
use super::replaced::{self, Replaced};
use crate::catalog::{Added, Adding, Catalog, CatalogReader};
use crate::config::{COMMIT_BATCH_FILES, COMMIT_BATCH_MS};
use crate::engine::item::naming::{Naming, Publish, Target, Verdict, existing_output};
use crate::engine::run::name_order::Turn;
use crate::engine::run::{Run, RunError};
use crate::error::{ItemError, JobError};
use crate::model::{
    Durability, Finished, ItemId, JobId, Locator, NewItem, Outcome, ReplacedFile, ReplacedState, SkipReason,
};
use crate::store;

/// Pause before the next record while a batch is open: waking up for each record takes longer than recording it.
const NAP: Duration = Duration::from_millis(10);

/// Active runs by job: the recorder releases their items once they are recorded.
#[derive(Clone, Default)]
pub(crate) struct Runs {
    by_job: Arc<Mutex<HashMap<JobId, Arc<Run>>>>,
    /// Held while bytes in progress become recorded ones, so that nobody counts them twice or not at all.
    counting: Arc<Mutex<()>>,
}

impl Runs {
    pub(crate) fn insert(&self, run: &Arc<Run>) {
        self.by_job.lock().unwrap_or_else(PoisonError::into_inner).insert(run.job, Arc::clone(run));
    }

    pub(crate) fn remove(&self, job: JobId) {
        self.by_job.lock().unwrap_or_else(PoisonError::into_inner).remove(&job);
    }

    /// Whether received bytes can be added to recorded ones until this is dropped; never waits.
    pub(crate) fn try_counting(&self) -> Option<MutexGuard<'_, ()>> {
        match self.counting.try_lock() {
            Ok(counting) => Some(counting),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    fn get(&self, job: JobId) -> Option<Arc<Run>> {
        self.by_job.lock().unwrap_or_else(PoisonError::into_inner).get(&job).cloned()
    }
}

/// Ends when every sender is gone and everything that was sent has been written.
pub(crate) struct Recorder {
    pub(crate) catalog: Box<dyn Catalog>,
    pub(crate) reader: Box<dyn CatalogReader>,
    pub(crate) record_rx: Receiver<Record>,
    pub(crate) runs: Runs,
    /// Finished items that wait for the names of earlier ones.
    pub(crate) held: Vec<FinishedItem>,
    /// Changes whenever an item may have changed.
    pub(crate) revision: Arc<AtomicU64>,
    /// Signals that something changed that front ends may show.
    pub(crate) bell_tx: Sender<()>,
}

/// Records that are written together.
#[derive(Default)]
pub(super) struct Batch {
    /// Jobs with items that started or ended.
    jobs: BTreeSet<JobId>,
    finished: Vec<FinishedItem>,
    closes_at: Option<Instant>,
    /// A source waited for its items to be added, and will do so again.
    is_awaited: bool,
}

impl Recorder {
    /// Runs until every sender is gone.
    pub(crate) fn run(mut self) {
        let mut batch = Batch::default();
        loop {
            let received = match batch.closes_at {
                None => self.record_rx.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(closes_at) => self.record_rx.recv_deadline(closes_at),
            };
            match received {
                Ok(record) => self.take(record, &mut batch),
                Err(RecvTimeoutError::Timeout) => self.flush(&mut batch),
                Err(RecvTimeoutError::Disconnected) => {
                    self.flush(&mut batch);
                    return;
                }
            }
            if batch.finished.len() >= COMMIT_BATCH_FILES || self.batch_is_complete(&batch) {
                self.flush(&mut batch);
            } else if batch.may_gather() && self.record_rx.is_empty() {
                thread::sleep(NAP);
            }
        }
    }

    pub(super) fn take(&mut self, record: Record, batch: &mut Batch) {
        match record {
            Record::Started(job) => {
                batch.jobs.insert(job);
                batch.open();
            }
            Record::StartedNow(job, then) => {
                batch.jobs.insert(job);
                self.flush(batch);
                then();
            }
            Record::Finished(recorded) => {
                // This includes its start, whether or not that was recorded yet.
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
                let _ = added_tx.send(added.map_err(|error| Box::new(NotAdded { items, error })));
                self.notify();
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

    /// Whether nothing is gained by waiting for a fuller batch: every pending item is in it.
    fn batch_is_complete(&self, batch: &Batch) -> bool {
        let Some(first) = batch.finished.first() else { return false };
        self.record_rx.is_empty()
            && self
                .runs
                .get(first.finished.id.job)
                .is_none_or(|run| run.in_flight() <= batch.finished.len() + self.held.len())
    }

    fn notify(&self) {
        self.revision.fetch_add(1, Ordering::AcqRel);
        // A full channel means that a signal is pending.
        let _ = self.bell_tx.try_send(());
    }

    /// Writes everything in the batch. If the catalog fails, the affected runs stop.
    pub(super) fn flush(&mut self, batch: &mut Batch) {
        let Batch { jobs, mut finished, .. } = std::mem::take(batch);
        finished.append(&mut self.held);
        let finished = self.in_turn(finished);
        let ended: HashSet<ItemId> = finished.iter().map(|recorded| recorded.finished.id).collect();
        for job in jobs {
            let mut seqs = self.runs.get(job).map(|run| run.take_started()).unwrap_or_default();
            // Items that started and ended within one batch are recorded once.
            seqs.retain(|seq| !ended.contains(&ItemId { job, seq: *seq }));
            if seqs.is_empty() {
                continue;
            }
            if let Err(error) = self.catalog.set_running(job, &seqs) {
                self.stop_run(job, &error);
            }
        }
        if !finished.is_empty() {
            self.commit(finished);
        }
        self.notify();
    }

    /// The finished items whose names can be chosen now, in list order; the others are held.
    fn in_turn(&mut self, mut finished: Vec<FinishedItem>) -> Vec<FinishedItem> {
        finished.sort_by_key(|recorded| recorded.finished.id);
        let mut held_by_job: BTreeMap<JobId, usize> = BTreeMap::new();
        let mut ready = Vec::with_capacity(finished.len());
        for mut recorded in finished {
            let ItemId { job, seq } = recorded.finished.id;
            let Some(run) = self.runs.get(job) else {
                ready.push(recorded);
                continue;
            };
            let held = held_by_job.entry(job).or_default();
            let turn = match run.name_order.turn(seq) {
                // Whose names those of the last run are is known only then.
                Turn::Now if run.is_adopting() => Turn::Later,
                turn => turn,
            };
            match turn {
                Turn::Later if recorded.has_targets() => {
                    *held += 1;
                    self.held.push(recorded);
                    continue;
                }
                Turn::Never if recorded.has_targets() => recorded.withhold(),
                Turn::Now | Turn::Later | Turn::Never => {}
            }
            run.name_order.end(seq);
            ready.push(recorded);
        }
        for (job, held) in held_by_job {
            if let Some(run) = self.runs.get(job) {
                run.name_order.set_held(held);
            }
        }
        ready
    }

    fn stop_run(&self, job: JobId, error: &JobError) {
        tracing::error!(%error, "the catalog failed");
        if let Some(run) = self.runs.get(job) {
            run.set_error(RunError::Fatal(error.clone()));
        }
    }

    /// Makes staged outputs safe and records every outcome.
    fn commit(&mut self, batch: Vec<FinishedItem>) {
        let (mut batch, groups) = Groups::split(batch);
        self.sync_files(&mut batch);
        let displaced = self.choose_names(&mut batch);
        let Some(displaced) = self.displace(displaced, &mut batch) else {
            self.release(&groups.merge(batch));
            return;
        };
        let stale = self.withhold_stale(&mut batch);
        for FinishedItem { finished, target, .. } in &mut batch {
            if let Some(path) = target.as_ref().and_then(Target::chosen) {
                finished.outcome = Outcome::Done { output: Locator::File(path.to_path_buf()).to_text() };
            }
        }
        let Some(replaced) = self.note_replaced(&batch) else {
            self.release(&groups.merge(batch));
            self.look_again(&stale);
            return;
        };
        let has_output = |recorded: &&FinishedItem| {
            let is_chosen = recorded.target.as_ref().is_some_and(|target| target.chosen().is_some());
            is_chosen && !groups.contains(recorded.finished.id)
        };
        let several = groups.about_to_appear(&batch);
        let outputs = batch.iter().filter(has_output).map(|recorded| &recorded.finished);
        let outputs: Vec<&Finished> = outputs.chain(&several).collect();
        if let Some(first) = outputs.first()
            && let Err(error) = self.catalog.record_outputs(&outputs)
        {
            // Nothing was renamed: the items wait again.
            self.stop_run(first.id.job, &error);
            self.release(&groups.merge(batch));
            self.look_again(&stale);
            return;
        }
        self.rename(&mut batch, replaced);
        let batch = groups.merge(batch);
        let kept: Vec<Finished> = batch.iter().filter_map(FinishedItem::kept_outputs).collect();
        let has_outcome = |recorded: &&FinishedItem| !recorded.is_withheld && !recorded.stops_job();
        let finished = batch.iter().filter(has_outcome).map(|recorded| &recorded.finished);
        let finished: Vec<&Finished> = finished.chain(&displaced).chain(&kept).collect();
        let counting = Arc::clone(&self.runs.counting);
        let counted = counting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = self.catalog.finish(&finished)
            && let Some(first) = finished.first()
        {
            self.stop_run(first.id.job, &error);
        }
        for recorded in batch.iter().filter(|recorded| recorded.stops_job()) {
            let ItemId { job, seq } = recorded.finished.id;
            if let (Some(run), Outcome::Failed(error)) = (self.runs.get(job), &recorded.finished.outcome) {
                run.set_error(RunError::DiskFull(JobError::Item(error.clone())));
            }
            // Its output may be recorded already, although it has no name.
            self.put_back(ItemId { job, seq });
        }
        stale.iter().for_each(|id| self.put_back(*id));
        self.release(&batch);
        drop(counted);
        self.look_again(&stale);
    }

    /// The lanes look at withheld items again, which have been released.
    fn look_again(&self, stale: &[ItemId]) {
        for run in stale.iter().filter_map(|id| self.runs.get(id.job)) {
            run.rewind();
            run.settle();
        }
    }

    fn put_back(&mut self, id: ItemId) {
        if let Err(error) = self.catalog.set_waiting(id.job, &[id.seq]) {
            tracing::warn!(%error, "an item could not be put back");
        }
    }

    fn release(&self, batch: &[FinishedItem]) {
        for recorded in batch {
            let id = recorded.finished.id;
            if let Some(run) = self.runs.get(id.job) {
                run.release(id.seq);
            }
        }
    }

    fn durability(&self, recorded: &FinishedItem) -> Durability {
        self.runs.get(recorded.finished.id.job).map_or(Durability::Group, |run| run.spec.item_durability())
    }

    fn sync_files(&self, batch: &mut [FinishedItem]) {
        let wanted: Vec<usize> = (0..batch.len())
            .filter(|&i| batch[i].target.is_some() && self.durability(&batch[i]) == Durability::Group)
            .collect();
        let staged: Vec<_> = wanted.iter().filter_map(|&i| batch[i].target.as_ref().map(|t| &t.staged)).collect();
        let results = store::sync_files(&staged);
        for (&i, result) in wanted.iter().zip(results) {
            if let Err(error) = result {
                self.fail_to_save(&mut batch[i], error);
            }
        }
    }

    /// Chooses the name of every result. Returns the results that lose theirs to one of these.
    fn choose_names(&self, batch: &mut [FinishedItem]) -> Vec<Displaced> {
        let mut taken: HashSet<PathBuf> = HashSet::new();
        let mut displaced = Vec::new();
        // Names that were known before go first: they take those that only responses tell.
        let is_of_response =
            |recorded: &&mut FinishedItem| recorded.target.as_ref().is_some_and(Target::is_named_by_response);
        let (of_responses, planned): (Vec<_>, Vec<_>) = batch.iter_mut().partition(is_of_response);
        for recorded in planned.into_iter().chain(of_responses) {
            let id = recorded.finished.id;
            let Some(target) = recorded.target.as_mut() else { continue };
            let Some(run) = self.runs.get(id.job) else {
                // Its run is gone: it waits until the job continues.
                recorded.target = None;
                recorded.is_withheld = true;
                continue;
            };
            match target.choose(run.naming_of(recorded.n), id.job, self.reader.as_ref(), &taken) {
                Verdict::Save(path, publish) => {
                    taken.insert(path.clone());
                    if let Publish::InsteadOf(seq) = publish {
                        let id = ItemId { job: id.job, seq };
                        displaced.extend(Displaced::plan(&run, id, path, self.reader.as_ref(), &mut taken));
                    }
                }
                Verdict::Skip(path, sentence) => {
                    recorded.target = None;
                    recorded.finished.outcome = Outcome::Skipped { reason: SkipReason::Exists, sentence };
                    recorded.finished.clear_output();
                    recorded.finished.outputs = vec![existing_output(&path)];
                }
                Verdict::Refuse(error) => recorded.fail(error),
            }
        }
        displaced
    }

    /// Gives results that lose their names to items before them other names, or their items another outcome, which is
    /// returned; `None` if the catalog fails. An item whose name can't be cleared fails.
    fn displace(&mut self, displaced: Vec<Displaced>, batch: &mut [FinishedItem]) -> Option<Vec<Finished>> {
        let mut by_job: BTreeMap<JobId, Vec<(u64, String)>> = BTreeMap::new();
        for one in &displaced {
            let ItemId { job, seq } = one.finished.id;
            by_job.entry(job).or_default().push((seq, Locator::File(one.path().to_path_buf()).to_text()));
        }
        for (job, outputs) in by_job {
            if let Err(error) = self.catalog.displace(job, &outputs) {
                self.stop_run(job, &error);
                return None;
            }
        }
        let mut ended = Vec::with_capacity(displaced.len());
        for mut one in displaced {
            let Some(run) = self.runs.get(one.finished.id.job) else { continue };
            run.note_displaced();
            if let Err(error) = one.rename(&run) {
                let is_taker = |recorded: &&mut FinishedItem| {
                    recorded.target.as_ref().and_then(Target::chosen).is_some_and(|chosen| chosen == one.from)
                };
                if let Some(taker) = batch.iter_mut().find(is_taker) {
                    self.fail_to_save(taker, store::write_error(&one.from, &error));
                }
            }
            if matches!(one.finished.outcome, Outcome::Failed(_)) {
                run.note_failure();
            }
            ended.push(one.finished);
        }
        Some(ended)
    }

    /// Rows that repeat a link whose result has another name by now are looked at again: they are returned, and their
    /// runs are not complete before that.
    fn withhold_stale(&self, batch: &mut [FinishedItem]) -> Vec<ItemId> {
        let mut stale = Vec::new();
        for recorded in batch {
            let Finished { id, outcome, outputs, output_hash, .. } = &recorded.finished;
            let is_duplicate = matches!(outcome, Outcome::Skipped { reason: SkipReason::Duplicate, .. });
            let Some(run) = self.runs.get(id.job).filter(|run| is_duplicate && run.has_displaced()) else { continue };
            let Some((path, hash)) = outputs.first().and_then(|output| output.path.as_ref()).zip(output_hash.as_ref())
            else {
                continue;
            };
            if self.reader.is_output_with(id.job, path, hash).is_ok_and(|is_there| !is_there) {
                recorded.is_withheld = true;
                run.pending.fetch_add(1, Ordering::AcqRel);
                stale.push(*id);
            }
        }
        stale
    }

    /// An item could not be saved: it failed, unless the whole output folder is gone.
    fn fail_to_save(&self, recorded: &mut FinishedItem, error: ItemError) {
        recorded.fail(error);
        if let Some(run) = self.runs.get(recorded.finished.id.job)
            && let Some(lost) = run.naming_of(recorded.n).lost_output()
        {
            recorded.is_withheld = true;
            run.set_error(RunError::Fatal(lost));
        }
    }

    /// Gives every staged file its final name, then makes the names safe. Items of a job whose folder failed are withheld:
    /// they are never recorded as done, and written again once the job is resumed.
    fn rename(&mut self, batch: &mut [FinishedItem], replaced: BTreeMap<OutputId, Replaced>) {
        let mut trashed = self.trash_replaced(batch, replaced);
        let mut renamed: BTreeMap<(JobId, u32), Vec<Renamed>> = BTreeMap::new();
        for (index, recorded) in batch.iter_mut().enumerate() {
            let is_synced = self.durability(recorded) == Durability::Group;
            let Some(target) = recorded.target.take() else { continue };
            match target.publish() {
                Ok((path, has_replaced)) => {
                    recorded.finished.outcome = Outcome::Done { output: Locator::File(path.clone()).to_text() };
                    let job = recorded.finished.id.job;
                    renamed.entry((job, recorded.n)).or_default().push(Renamed {
                        index,
                        path,
                        has_replaced,
                        is_synced,
                    });
                }
                Err(error) => {
                    let key = (recorded.finished.id, recorded.n);
                    if let (Some(run), Some(file)) = (self.runs.get(key.0.job), trashed.get(&key)) {
                        let is_back = replaced::bring_back(run.naming_of(key.1), file);
                        trashed.entry(key).and_modify(|file| {
                            file.state = if is_back { ReplacedState::Back } else { file.state };
                        });
                    }
                    self.fail_to_save(recorded, error);
                }
            }
        }
        self.write_replaced(trashed);
        for ((job, n), renamed) in renamed {
            let Some(run) = self.runs.get(job) else { continue };
            let naming = run.naming_of(n);
            if let Some(error) = naming.lost_output() {
                // Once the folder is back, the files in it are adopted.
                run.set_error(RunError::Fatal(error));
            } else if let Err(error) = sync_folders(naming, &renamed) {
                self.take_back(&run, naming, &renamed, batch);
                run.set_error(RunError::Fatal(store::unusable(&naming.out_dir, &error)));
            } else {
                continue;
            }
            for one in renamed {
                batch[one.index].is_withheld = true;
            }
        }
    }

    /// Records the files that results are about to replace, and the folders that were created; `None` if the catalog
    /// fails.
    fn note_replaced(&mut self, batch: &[FinishedItem]) -> Option<BTreeMap<OutputId, Replaced>> {
        let mut replaced = BTreeMap::new();
        let mut folders: BTreeMap<JobId, Vec<String>> = BTreeMap::new();
        for FinishedItem { finished: Finished { id, .. }, target, n, .. } in batch {
            let Some((run, target)) = self.runs.get(id.job).zip(target.as_ref()) else { continue };
            folders.entry(id.job).or_insert_with(|| run.outputs.take_created());
            if let Some(file) = Replaced::by(target, id.seq, *n, run.spec.output().sink.trash == Some(true)) {
                replaced.insert((*id, *n), file);
            }
        }
        for (job, folders) in folders.into_iter().filter(|(_, folders)| !folders.is_empty()) {
            if let Err(error) = self.catalog.add_folders(job, &folders) {
                self.stop_run(job, &error);
                return None;
            }
        }
        let records = replaced.iter().map(|(id, file): (&OutputId, &Replaced)| (*id, file.record.clone())).collect();
        self.write_replaced(records).then_some(replaced)
    }

    /// Moves the files that results are about to replace to the trash, where the job wants that. An item whose file can't
    /// be moved fails. Returns what is in the trash.
    fn trash_replaced(
        &self,
        batch: &mut [FinishedItem],
        mut replaced: BTreeMap<OutputId, Replaced>,
    ) -> BTreeMap<OutputId, ReplacedFile> {
        replaced.retain(|_, file| file.record.state == ReplacedState::Moving);
        let mut trashed = BTreeMap::new();
        for recorded in batch {
            let id = (recorded.finished.id, recorded.n);
            let Some(file) = replaced.remove(&id) else { continue };
            let Some((run, target)) = self.runs.get(id.0.job).zip(recorded.target.as_mut()) else { continue };
            match file.trash(run.naming_of(id.1), target) {
                Ok(file) => drop(trashed.insert(id, file)),
                Err(error) => self.fail_to_save(recorded, error),
            }
        }
        trashed
    }

    /// Records where replaced files are; `false` if the catalog fails. Undo then searches the trash for them.
    fn write_replaced(&mut self, replaced: BTreeMap<OutputId, ReplacedFile>) -> bool {
        let mut by_job: BTreeMap<JobId, Vec<ReplacedFile>> = BTreeMap::new();
        for ((id, _), file) in replaced {
            by_job.entry(id.job).or_default().push(file);
        }
        for (job, files) in by_job {
            if let Err(error) = self.catalog.set_replaced(job, &files) {
                self.stop_run(job, &error);
                return false;
            }
        }
        true
    }

    /// Undoes renames whose folder could not be synced: a second sync would succeed without having written anything.
    fn take_back(&mut self, run: &Run, naming: &Naming, renamed: &[Renamed], batch: &[FinishedItem]) {
        let seqs: Vec<u64> = renamed.iter().map(|one| batch[one.index].finished.id.seq).collect();
        if let Ok(output) = naming.output() {
            for one in renamed.iter().filter(|one| !one.has_replaced) {
                let _ = output.take_back(&one.path);
            }
        }
        // A resume must not adopt them.
        if let Err(error) = self.catalog.set_waiting(run.job, &seqs) {
            tracing::warn!(%error, "items could not be put back");
        }
    }
}

/// One of several outputs of an item.
type OutputId = (ItemId, u32);

/// An item of a batch that has its final name.
struct Renamed {
    /// Its position in the batch.
    index: usize,
    path: PathBuf,
    has_replaced: bool,
    is_synced: bool,
}

fn sync_folders(naming: &Naming, renamed: &[Renamed]) -> std::io::Result<()> {
    let folders: BTreeSet<PathBuf> =
        renamed.iter().filter(|one| one.is_synced).filter_map(|one| one.path.parent().map(Path::to_path_buf)).collect();
    if folders.is_empty() { Ok(()) } else { naming.output()?.sync_folders(&folders) }
}

impl Batch {
    /// Whether no sender waits for an answer.
    fn may_gather(&self) -> bool {
        self.closes_at.is_some() && !self.is_awaited
    }

    fn open(&mut self) {
        self.closes_at.get_or_insert_with(|| Instant::now() + Duration::from_millis(COMMIT_BATCH_MS));
    }
}
