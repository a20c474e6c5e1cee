//! A running job: lanes that hand out its waiting items, and the processing of each item.
//!
//! Files and links have separate lanes, so that neither waits for the other. Both lead to the pixel pool, which holds
//! at most `workers` items; the queue is outside it. This module never writes to the catalog: the recorder does.

mod admission;
pub(super) mod budget;
pub(crate) mod isolation;
mod item;
mod lanes;
mod links;
mod make;
pub(super) mod memory_budget;
pub(super) mod name_order;
mod paging;
mod plan;
pub(super) mod pools;
pub(super) mod process_limits;
mod queries;
mod repeated_links;
mod repeats;
mod revisit;
pub(super) mod transfers;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crossbeam_channel::Sender;

use super::item::decide::copies_others;
use super::item::naming::{Naming, now_ms};
use super::item::outputs::{OutputEnd, Outputs, at_path, ended};
use super::query::QueryPlan;
use super::record::message::{Record, call};
use super::views::body_cache::BodyCache;
use super::write_back::{Outbox, WriteBack};

use crate::catalog::{CatalogReader, ReaderFactory};
use crate::codec::Helpers;
use crate::error::{ErrorKind, ItemError, JobError};
use crate::fetch::{self, Cancel, Fetcher};
use crate::model::{
    Finished, ItemOutput, ItemRow, ItemState, JobId, JobSpec, Locator, Message, Outcome, Remark, RemarkSum, RemarkSums,
};
use crate::{source, store};
use budget::{Budget, Switch};
use isolation::Isolation;
pub(crate) use lanes::body_in_memory_bytes;
use name_order::NameOrder;
use pools::PixelPool;
use repeats::{Repeats, WaitedFor};
use transfers::Transfers;

/// More items than ever are in the pixel pool.
const IN_POOL: u64 = 1 << 20;
/// Items that a remark at the end of a run names.
const NAMED_ITEMS: usize = 5;

/// The state that all threads of a run share.
pub(crate) struct Run {
    pub(crate) job: JobId,
    pub(crate) spec: JobSpec,
    pub(crate) outputs: Outputs,
    /// The job's output folder.
    pub(crate) out_dir: PathBuf,
    /// Whether local files that are not images are copied.
    copies_others: bool,
    pub(crate) switch: Switch,
    pub(crate) memory: Arc<Budget>,
    /// Permits for the pixel pool.
    pub(crate) permits: Arc<Budget>,
    /// Its items in the pixel pool, which other runs may use as well.
    in_pool: Arc<Budget>,
    /// Slow decodes in helpers that gave their permits to other items.
    slow_lanes: Arc<Budget>,
    pub(crate) fetcher: Fetcher,
    pub(crate) cancel: Cancel,
    /// Operations that may still add items: sources being read, outputs being adopted.
    pub(crate) pending: AtomicUsize,
    /// Why the run stopped or paused by itself.
    error: Mutex<Option<RunError>>,
    /// Items handed out but not recorded yet.
    in_flight: Mutex<HashSet<u64>>,
    /// Items started since the recorder last took them.
    started: Mutex<Vec<u64>>,
    isolation: Isolation,
    pub(crate) name_order: NameOrder,
    /// Whether results of the last run are being adopted.
    is_adopting: AtomicBool,
    /// Whether results have lost their names to those of items before them.
    has_displaced: AtomicBool,
    repeats: Repeats,
    repeated_files: WaitedFor,
    pub(crate) transfers: Transfers,
    /// Who saved parts of bodies belong to.
    parts_owner: String,
    /// When the run began, or failed items were last retried, UTC milliseconds.
    retried_at_ms: AtomicI64,
    /// Whether items of the job were processed before this run.
    has_run_before: bool,
    /// Counts retries and released items: a lane that sees a new number starts over from the first waiting item.
    rewinds: AtomicU64,
    /// For each lane, the number of pokes at which it found nothing more to hand out.
    idle_lanes: [AtomicU64; 2],
    record_tx: Sender<Record>,
    bodies: Option<Arc<BodyCache>>,
    helpers: Arc<Helpers>,
    /// Remarks about items.
    remark_sums: Mutex<RemarkSums>,
    /// Items that have failed in this run.
    failures: AtomicU64,
    /// Where results are written back.
    pub(crate) write_back: Option<WriteBack>,
    /// The statements of a query job.
    query: Option<Arc<QueryPlan>>,
}

/// Why a run can't continue by itself.
#[derive(Clone, Debug)]
pub(crate) enum RunError {
    /// It waits for free space on the disk.
    DiskFull(JobError),
    /// It can't continue.
    Fatal(JobError),
}

/// The parts of a run.
pub(crate) struct RunParts {
    pub(crate) job: JobId,
    pub(crate) spec: JobSpec,
    pub(crate) outputs: Outputs,
    pub(crate) out_dir: PathBuf,
    pub(crate) workers: usize,
    pub(crate) memory_bytes: u64,
    pub(crate) fetcher: Fetcher,
    pub(crate) record_tx: Sender<Record>,
    pub(crate) bodies: Option<Arc<BodyCache>>,
    pub(crate) helpers: Arc<Helpers>,
    pub(crate) pending: usize,
    /// Who saved parts of bodies belong to.
    pub(crate) parts_owner: String,
    /// Whether the process died during the job's last run.
    pub(crate) has_died: bool,
    /// Whether items of the job were processed before.
    pub(crate) has_run_before: bool,
    /// Where results are written back.
    pub(crate) write_back: Option<WriteBack>,
    /// The statements of a query job.
    pub(crate) query: Option<Arc<QueryPlan>>,
    /// The budgets of a run beside which it runs: memory, and permits for the pixel pool.
    pub(crate) budgets: Option<(Arc<Budget>, Arc<Budget>)>,
}

impl Run {
    pub(crate) fn new(parts: RunParts) -> Arc<Self> {
        let own = || (Budget::new(parts.memory_bytes), Budget::new(parts.workers as u64));
        let (memory, permits) = parts.budgets.unwrap_or_else(own);
        Arc::new(Self {
            job: parts.job,
            transfers: Transfers::new(parts.spec.is_copy()),
            parts_owner: parts.parts_owner,
            copies_others: copies_others(&parts.spec),
            spec: parts.spec,
            outputs: parts.outputs,
            out_dir: parts.out_dir,
            switch: Switch::new(),
            memory,
            permits,
            in_pool: Budget::new(IN_POOL),
            fetcher: parts.fetcher,
            cancel: Cancel::new(),
            pending: AtomicUsize::new(parts.pending),
            error: Mutex::default(),
            in_flight: Mutex::default(),
            started: Mutex::default(),
            isolation: Isolation::new(parts.has_died),
            name_order: NameOrder::default(),
            is_adopting: AtomicBool::new(false),
            has_displaced: AtomicBool::new(false),
            repeats: Repeats::default(),
            repeated_files: WaitedFor::default(),
            retried_at_ms: AtomicI64::new(now_ms()),
            has_run_before: parts.has_run_before,
            rewinds: AtomicU64::new(0),
            idle_lanes: [AtomicU64::new(u64::MAX), AtomicU64::new(u64::MAX)],
            record_tx: parts.record_tx,
            bodies: parts.bodies,
            helpers: parts.helpers,
            slow_lanes: Budget::new(pools::SLOW_LANES as u64),
            remark_sums: Mutex::new(RemarkSums::with_names(NAMED_ITEMS)),
            failures: AtomicU64::new(0),
            write_back: parts.write_back,
            query: parts.query,
        })
    }

    /// How the first output is named; the bodies of links are kept in its folder.
    pub(crate) fn naming(&self) -> &Naming {
        &self.outputs.first().naming
    }

    /// How the output with this number is named.
    pub(crate) fn naming_of(&self, n: u32) -> &Naming {
        self.outputs.get(n).map_or_else(|| self.naming(), |output| &output.naming)
    }

    /// Starts the lanes; they end when the run is stopped.
    pub(crate) fn start(
        self: &Arc<Self>,
        pool: &Arc<PixelPool>,
        runtime: &tokio::runtime::Handle,
        readers: &ReaderFactory,
    ) -> Result<Vec<JoinHandle<()>>, JobError> {
        if let Some(plan) = &self.query {
            let (run, reader) = (Arc::clone(self), readers.reader()?);
            let (plan, runtime) = (Arc::clone(plan), runtime.clone());
            let lane = move || run.queries_lane(reader.as_ref(), &runtime, &plan);
            return Ok(vec![named("pixloom-queries", lane)?]);
        }
        let (body_tx, body_rx) = lanes::bodies();
        let (files_reader, links_reader, bodies_reader) = (readers.reader()?, readers.reader()?, readers.reader()?);
        let mut threads = Vec::new();
        if self.write_back.is_some() {
            let (run, reader) = (Arc::clone(self), readers.reader()?);
            threads.push(named("pixloom-write-back", move || run.write_back_lane(reader.as_ref()))?);
        }
        let (run, files_pool) = (Arc::clone(self), Arc::clone(pool));
        threads.push(named("pixloom-files", move || {
            let _ = run.files_lane(files_reader.as_ref(), &files_pool);
        })?);
        let (run, runtime) = (Arc::clone(self), runtime.clone());
        threads.push(named("pixloom-links", move || {
            let _ = run.links_lane(links_reader.as_ref(), &runtime, &body_tx);
        })?);
        let (run, pool) = (Arc::clone(self), Arc::clone(pool));
        threads.push(named("pixloom-bodies", move || {
            run.bodies_lane(body_rx, &pool, bodies_reader.as_ref());
        })?);
        Ok(threads)
    }

    /// Writes results back until the run is stopped.
    fn write_back_lane(&self, reader: &dyn CatalogReader) {
        let Some(write_back) = &self.write_back else { return };
        let (record_tx, cancel) = (&self.record_tx, &self.cancel);
        if let Err(error) = write_back.run(&Outbox { job: self.job, reader, record_tx, cancel }) {
            self.set_error(RunError::Fatal(error));
        }
    }

    /// After a crash: outputs that were recorded before it are adopted if they are whole, and made again otherwise. Items
    /// without an output were in progress in too many crashes, and fail, unless they were being received.
    pub(crate) fn decide_interrupted(
        self: &Arc<Self>,
        rows: Vec<ItemRow>,
        reader: Box<dyn CatalogReader>,
    ) -> Result<JoinHandle<()>, JobError> {
        let run = Arc::clone(self);
        self.is_adopting.store(true, Ordering::Release);
        named("pixloom-adopt", move || {
            let (mut finished, mut requeued) = (Vec::new(), Vec::new());
            let spool = run.spool();
            for row in rows {
                if row.output.is_none() {
                    // The process did not die because of a file that was being received.
                    if matches!(&row.locator, Locator::Url(link) if fetch::has_saved_part(&spool, link)) {
                        requeued.push(row.id.seq);
                        continue;
                    }
                    let error = ItemError::new(ErrorKind::Crash, &row.locator).with("deaths", row.attempts);
                    let outcome = Outcome::Failed(error);
                    finished.push(Finished { attempts: row.attempts, ..Finished::new(row.id, outcome) });
                    continue;
                }
                let adopted = if run.outputs.are_named() {
                    run.adopted_outputs(&row, reader.as_ref())
                } else {
                    run.adopted(&row)
                };
                match adopted {
                    Some(adopted) => finished.push(adopted),
                    None => requeued.push(row.id.seq),
                }
            }
            let job = run.job;
            let settled = call(&run.record_tx, move |catalog| {
                catalog.finish(&finished.iter().collect::<Vec<_>>())?;
                catalog.set_waiting(job, &requeued)
            });
            if let Err(error) = settled {
                run.set_error(RunError::Fatal(error));
            }
            run.is_adopting.store(false, Ordering::Release);
            // Those that waited for it get their names.
            let _ = run.record_tx.send(Record::Started(job));
            run.rewind();
            run.settle();
        })
    }

    /// The outcome of an item whose output is recorded, if it is whole.
    fn adopted(&self, row: &ItemRow) -> Option<Finished> {
        let output = row.output.clone()?;
        let (file, wanted) = (Locator::parse(&output), row.output_hash.clone()?);
        let is_whole = |file: &Locator| store::sha256_of(file).is_ok_and(|hash| hash == wanted);
        if !is_whole(&file) {
            // It may have been about to be renamed.
            let path = file.path()?;
            let mut former = Naming::former_paths(row.id.seq, path).into_iter();
            let former = former.find(|former| is_whole(&Locator::File(former.clone())))?;
            self.naming().output().and_then(|output| output.rename(&former, path)).ok()?;
        }
        let head = store::of(&file).and_then(|store| store.head(&file));
        let adopted = recorded_again(row, Outcome::Done { output });
        Some(Finished { bytes_out: head.map_or(0, |head| head.size_bytes), ..adopted })
    }

    /// The same for an item with named outputs: those that are whole stay. If others are missing, it waits until they are
    /// made.
    fn adopted_outputs(&self, row: &ItemRow, reader: &dyn CatalogReader) -> Option<Finished> {
        let recorded = reader.outputs(row.id).ok()?;
        let mut ends: Vec<OutputEnd> = Vec::with_capacity(recorded.len());
        for output in recorded {
            let path = output.path.as_deref().map(Locator::parse);
            let path = path.as_ref().and_then(Locator::path);
            let is_whole = |file: &Locator| output.hash.is_some() && store::sha256_of(file).ok() == output.hash;
            match (output.state, path) {
                (ItemState::Skipped, Some(_)) => ends.push(OutputEnd::skipped(output, String::new())),
                (ItemState::Done | ItemState::Running, Some(path)) if is_whole(&Locator::File(path.to_path_buf())) => {
                    let output = at_path(output.clone(), path);
                    ends.push(OutputEnd::done(ItemOutput { state: ItemState::Done, error: None, ..output }));
                }
                _ => {}
            }
        }
        let is_complete = ends.len() == self.outputs.count();
        let facts = recorded_again(row, Outcome::Done { output: String::new() });
        let adopted = ended(facts, ends, true);
        let cancelled = || Outcome::Failed(ItemError::nameless(ErrorKind::Cancelled));
        Some(if is_complete { adopted } else { Finished { outcome: cancelled(), ..adopted } })
    }

    /// Whether results of the last run are being adopted.
    pub(crate) fn is_adopting(&self) -> bool {
        self.is_adopting.load(Ordering::Acquire)
    }

    pub(crate) fn note_displaced(&self) {
        self.has_displaced.store(true, Ordering::Release);
    }

    /// Whether results have lost their names to those of items before them.
    pub(crate) fn has_displaced(&self) -> bool {
        self.has_displaced.load(Ordering::Acquire)
    }

    /// Its budgets, for a run beside it.
    pub(crate) fn budgets(&self) -> (Arc<Budget>, Arc<Budget>) {
        (Arc::clone(&self.memory), Arc::clone(&self.permits))
    }

    /// Stops the run for good: ends every wait and cancels all work.
    pub(crate) fn stop(&self) {
        self.switch.stop();
        self.cancel.cancel();
        self.write_back.iter().for_each(WriteBack::wake);
    }

    /// Removes what is saved of bodies: the job is not resumed.
    pub(crate) fn discard_parts(&self) {
        if let Ok(output) = self.naming().output() {
            output.discard_parts(&self.parts_owner);
        }
    }

    /// Stops the run if more items have failed than its request allows.
    pub(crate) fn check_failures(&self, failed: u64) {
        if let Some(allowed) = self.spec.limits.max_failures.filter(|allowed| failed > *allowed) {
            let message = Message::new("too_many_failures")
                .count("failed", failed)
                .count("allowed", allowed)
                .with("job", self.job);
            self.set_error(RunError::Fatal(JobError::Machine(message)));
        }
    }

    /// Sums up the remarks about an item.
    fn sum_up_remarks(&self, seq: u64, locator: &Locator, remarks: &[Remark]) {
        if !remarks.is_empty() {
            self.remark_sums.lock().unwrap_or_else(PoisonError::into_inner).add(seq, locator, remarks);
        }
    }

    /// Remarks about the job's images so far, and, once it is done, about credentials that no link used.
    pub(crate) fn remarks(&self, is_done: bool) -> Vec<Remark> {
        let sums = self.remark_sums.lock().unwrap_or_else(PoisonError::into_inner);
        let mut remarks: Vec<Remark> = sums.sums().iter().map(RemarkSum::remark).collect();
        drop(sums);
        // A fetched list has a fetcher of its own, which may use credentials that no link needs.
        let is_fetched = |source| source::kind_of(source).is_ok_and(|kind| kind.is_foreign);
        let has_fetched_list = self.spec.sources.iter().any(is_fetched);
        if is_done && !has_fetched_list {
            let unused = self.fetcher.unused_access().into_iter();
            remarks.extend(unused.map(|(place, near)| Remark::UnusedAccess { place, near }));
        }
        remarks
    }

    /// Number of items handed out but not recorded yet.
    pub(crate) fn in_flight(&self) -> usize {
        self.handed_out().len()
    }

    /// Whether every item has an outcome: nothing is pending, the lanes found nothing more, and no item is in progress.
    pub(crate) fn is_drained(&self) -> bool {
        // The order matters: pokes first, since any later change invalidates what the lanes noted.
        let pokes = self.switch.pokes();
        self.pending.load(Ordering::Acquire) == 0
            && self.idle_lanes.iter().all(|lane| lane.load(Ordering::Acquire) == pokes)
            && self.in_flight() == 0
            && self.switch.pokes() == pokes
    }

    /// Failed items wait again.
    pub(crate) fn retry(&self) {
        self.retried_at_ms.store(now_ms(), Ordering::Release);
        self.rewind();
    }

    /// Makes the lanes start over from the first waiting item.
    pub(crate) fn rewind(&self) {
        self.rewinds.fetch_add(1, Ordering::AcqRel);
        self.switch.poke();
    }

    /// A task for the recorder: items that were started and returned wait again; then the lanes start over. The run is
    /// not complete before that.
    pub(crate) fn requeue(self: &Arc<Self>) -> Record {
        let run = Arc::clone(self);
        run.pending.fetch_add(1, Ordering::AcqRel);
        Record::Call(Box::new(move |catalog| {
            if let Err(error) = catalog.requeue_running(run.job) {
                tracing::warn!(%error, "couldn't return a job's items to the waiting state");
            }
            run.rewind();
            run.settle();
        }))
    }

    /// A pending operation has ended.
    pub(crate) fn settle(&self) {
        self.pending.fetch_sub(1, Ordering::AcqRel);
        self.switch.poke();
    }

    /// Why the run can't continue by itself.
    pub(crate) fn error(&self) -> Option<RunError> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn clear_error(&self) {
        *self.error.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Sets the reason why the run can't continue, and pauses it; the coordinator does the rest.
    pub(crate) fn set_error(&self, error: RunError) {
        let mut noted = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(*noted, Some(RunError::Fatal(_))) {
            *noted = Some(error);
        }
        self.switch.set_paused(true);
    }

    /// Releases an item that was handed out: it is recorded, or waits again.
    pub(crate) fn release(&self, seq: u64) {
        if self.repeats.release(seq) | self.repeated_files.release(seq) {
            // Before the item counts as ended, so that the run does not end before the lane has looked.
            self.switch.poke();
        }
        self.handed_out().remove(&seq);
        self.transfers.end(seq);
        if self.name_order.give_back(seq) {
            // The recorder gives back those that wait for the item's name.
            let _ = self.record_tx.send(Record::Started(self.job));
        }
    }

    fn handed_out(&self) -> MutexGuard<'_, HashSet<u64>> {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was recorded of an item that is recorded again with this outcome.
pub(crate) fn recorded_again(row: &ItemRow, outcome: Outcome) -> Finished {
    Finished {
        bytes_in: row.size_bytes.unwrap_or(row.bytes_in),
        bytes_out: row.bytes_out,
        width_px: row.width_px,
        height_px: row.height_px,
        hash: row.hash.clone(),
        output_hash: row.output_hash.clone(),
        http_status: row.http_status,
        content_type: row.content_type.clone(),
        attempts: row.attempts.max(1),
        timings: row.timings,
        input_size_px: row.input_size_px,
        ..Finished::new(row.id, outcome)
    }
}

/// Starts a named thread.
pub(crate) fn named(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, JobError> {
    std::thread::Builder::new().name(name.to_owned()).spawn(body).map_err(|error| JobError::thread(name, error))
}
