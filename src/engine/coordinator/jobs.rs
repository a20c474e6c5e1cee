//! Starting, pausing, resuming, cancelling and retrying jobs.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, Sender};

use super::disk::Disk;
use super::queue::Preparing;
use super::rate_meter::RateMeter;
use super::recorder::Change;
use super::{Active, Coordinator, Level, Phase, Room};
use crate::catalog::{Catalog, LastRun, ReaderFactory};
use crate::engine::check;
use crate::engine::databases::Databases;
use crate::engine::intake::read_sources::IntakeRequest;
use crate::engine::intake::{lists, secrets};
use crate::engine::item::naming;
use crate::engine::item::outputs::Outputs;
use crate::engine::query::QueryPlan;
use crate::engine::record::message::{Record, call};
use crate::engine::record::verify::verify_outputs;
use crate::engine::run::memory_budget::default_memory_bytes;
use crate::engine::run::pools::{self, PixelPool};
use crate::engine::run::{Run, RunParts};
use crate::engine::write_back::{self, WriteBack};
use crate::error::JobError;
use crate::fetch::{Fetcher, Secrets};
use crate::model::{
    Durability, Edge, FailureFilter, JobId, JobRow, JobSpec, JobState, Locator, Message, QueryResult, QuerySpec, Remark,
};
use crate::store::{self, CreatedFolders, EntryKind};

/// A job that is ready to run: everything that had to be read from or written to a disk.
struct Prepared {
    spec: JobSpec,
    outputs: Outputs,
    out_dir: PathBuf,
    created: Vec<CreatedFolders>,
    fetcher: Fetcher,
    /// How its last run ended.
    last_run: LastRun,
    /// What the check of its earlier results has found.
    remark: Option<Remark>,
    /// Where results are written back.
    write_back: Option<WriteBack>,
    /// The statements of a query job.
    query: Option<Arc<QueryPlan>>,
}

impl Coordinator {
    /// Starts the listed draft, once its request has been checked.
    pub(super) fn start_listed(&mut self) {
        self.write_spec();
        let Some(listed) = &self.listed else { return };
        if listed.state != JobState::Draft || self.queue.contains(listed.id) {
            return;
        }
        let (job, network) = (listed.id, self.settings.network.clone());
        let (secrets, record_tx) = (Arc::clone(&self.parts.secrets), self.parts.record_tx.clone());
        let readers = self.parts.readers.clone();
        let is_cancelled = self.queue.begin_check(job);
        let was_cancelled = Arc::clone(&is_cancelled);
        let written = self.after_records();
        let check = move || {
            // By then, edits and sources that were sent before are written.
            written.recv().map_err(|_| JobError::recorder_gone())?;
            let spec = readers.reader()?.spec(job)?.unwrap_or_default();
            let mut spec = JobSpec { network, ..spec };
            spec.output_mut().sink.trash.get_or_insert(true);
            check(&spec)?;
            secrets::check_files(&spec.network)?;
            lists::check(&spec)?;
            secrets::keep_job(&secrets, &mut spec)?;
            call(&record_tx, move |catalog| {
                if is_cancelled.load(Ordering::Acquire) {
                    // It is a draft again, which may have been changed since.
                    return Ok(());
                }
                catalog.set_request(job, &spec)?;
                catalog.set_state(job, JobState::Queued)
            })
        };
        self.on_disk(Disk::Settings, check, move |this, checked| {
            if was_cancelled.load(Ordering::Acquire) { Ok(()) } else { this.checked(job, checked) }
        });
    }

    fn checked(&mut self, job: JobId, checked: Result<(), JobError>) -> Result<(), JobError> {
        self.queue.end_check(job);
        if self.quitting {
            self.set_state(job, JobState::Draft);
            return Ok(());
        }
        checked?;
        self.edits.forget();
        self.notice = None;
        self.enqueue(job)
    }

    /// Queues a job; it runs when it is its turn.
    pub(super) fn enqueue(&mut self, job: JobId) -> Result<(), JobError> {
        if self.queue.continue_preparing(job) {
            self.set_state(job, JobState::Queued);
            return Ok(());
        }
        if self.queue.contains(job) {
            return Ok(());
        }
        if self.queue.has_room() || self.parts.reader.request(job)?.is_some_and(|request| request.watch) {
            return self.begin(job);
        }
        self.queue.push(job);
        self.set_state(job, JobState::Queued);
        self.reread_listed();
        Ok(())
    }

    /// Queues a job that has just been created, unless it was cancelled since: the catalog lists it a moment before it is
    /// known here.
    pub(super) fn enqueue_new(&mut self, job: JobId) -> Result<(), JobError> {
        let state = match self.states.get(&job) {
            Some((state, _)) => Some(*state),
            None => self.parts.reader.job(job)?.map(|row| row.state),
        };
        if state == Some(JobState::Cancelled) { Ok(()) } else { self.enqueue(job) }
    }

    /// Prepares the next waiting job, if it may start.
    pub(super) fn begin_next(&mut self) {
        while let Some(job) = self.queue.next() {
            if let Err(error) = self.begin(job) {
                self.report(&error);
            }
        }
    }

    /// Begins to prepare a job's output folder; the job runs when that is done.
    fn begin(&mut self, job: JobId) -> Result<(), JobError> {
        let began = self.try_begin(job);
        if let Err(error) = &began {
            self.not_started(job, error);
        }
        self.reread_listed();
        began
    }

    fn try_begin(&mut self, job: JobId) -> Result<(), JobError> {
        let row = self.parts.reader.job(job)?.ok_or_else(|| JobError::no_job(job))?;
        let spec = self.parts.reader.spec(job)?.unwrap_or_default();
        let lock = self.lock(job)?.ok_or(JobError::Locked(job))?;
        let resumes = row.state != JobState::Queued;
        let watch = self.watch_mode(job, &spec);
        let to_read = if watch.is_some() {
            self.parts.reader.sources(job)?
        } else if self.open_intakes.contains_key(&job) {
            Vec::new()
        } else {
            self.parts.reader.sources(job)?.into_iter().filter(|source| !source.ended).collect()
        };
        let stop: Arc<AtomicBool> = Arc::default();
        self.queue.begin_preparing(Preparing {
            job,
            lock,
            resumes,
            to_read,
            stopped: None,
            stop: Arc::clone(&stop),
            watch,
        });
        let (readers, record_tx) = (self.parts.readers.clone(), self.parts.record_tx.clone());
        let (secrets, databases) = (Arc::clone(&self.parts.secrets), Arc::clone(&self.parts.databases));
        let written = self.after_records();
        let prepare = move || {
            let access = (&secrets, databases.as_ref());
            // The database is asked first: if the request is wrong, nothing has been changed.
            let write_back = open_write_back(&databases, &spec, &stop).map_err(|error| match error {
                // A job that was started before is no draft any more.
                JobError::Refused(message) if resumes => JobError::Machine(message),
                error => error,
            })?;
            let prepared = prepare(job, spec, row.done > 0, &readers, access, (&record_tx, &written), &stop)?;
            Ok(Prepared { write_back, ..prepared })
        };
        self.on_disk(Disk::Output, prepare, move |this, prepared| this.prepared(job, prepared));
        Ok(())
    }

    fn prepared(&mut self, job: JobId, prepared: Result<Prepared, JobError>) -> Result<(), JobError> {
        let Some(preparing) = self.queue.end_preparing(job) else { return Ok(()) };
        if let Some(state) = preparing.stopped {
            self.set_state(job, state);
            // A folder that was created for the job is removed again.
            let discard = move || {
                drop((prepared, preparing.lock));
                Ok(())
            };
            self.on_disk(Disk::Output, discard, |_, _| Ok(()));
            self.begin_next();
            return Ok(());
        }
        let started = prepared.and_then(|prepared| self.run_prepared(preparing, prepared));
        if let Err(error) = &started {
            self.not_started(job, error);
        }
        self.reread_listed();
        self.begin_next();
        started
    }

    /// Handles a job that could not be started: a wrong request can be changed, any other job resumed.
    fn not_started(&mut self, job: JobId, error: &JobError) {
        self.parts.runs.remove(job);
        if !matches!(error, JobError::Locked(_)) {
            self.set_state(job, if error.is_usage() { JobState::Draft } else { JobState::Paused });
        }
        self.event(Some(job), Edge::Stopped { reason: error.clone() });
    }

    fn run_prepared(&mut self, preparing: Preparing, prepared: Prepared) -> Result<(), JobError> {
        let Preparing { job, lock, resumes, to_read, watch, .. } = preparing;
        let Prepared { spec, outputs, out_dir, created, fetcher, last_run, remark, write_back, query } = prepared;
        let row = self.parts.reader.job(job)?.ok_or_else(|| JobError::no_job(job))?;
        let failed_before = if resumes { row.failed } else { 0 };
        let workers = spec.limits.workers.unwrap_or_else(pools::cores).max(1);
        let shared = self.queue.any_run().map(|active| active.run.budgets());
        let workers = shared.as_ref().map_or(workers, |(_, permits)| permits.whole() as usize);
        let pool = self.pool(workers)?;
        let run = Run::new(RunParts {
            helpers: Arc::clone(&self.parts.helpers),
            job,
            outputs,
            out_dir,
            workers,
            memory_bytes: spec.limits.memory_bytes.unwrap_or_else(default_memory_bytes),
            fetcher,
            record_tx: self.parts.record_tx.clone(),
            bodies: self.parts.bodies.clone(),
            // The sources that are read below are pending before the first item is processed.
            pending: usize::from(!to_read.is_empty())
                + self.open_intakes.get(&job).map_or(0, |intake| intake.requests)
                + usize::from(!last_run.undecided.is_empty()),
            parts_owner: row.owner(),
            has_died: last_run.has_died,
            has_run_before: row.done + row.skipped > 0,
            query,
            spec,
            write_back,
            budgets: shared,
        });
        self.parts.runs.insert(&run);
        self.count_links(&run)?;
        let mut threads = Vec::new();
        if !last_run.undecided.is_empty() {
            threads.push(run.decide_interrupted(last_run.undecided, self.parts.readers.reader()?)?);
        }
        threads.extend(run.start(&pool, self.parts.databases.runtime(), &self.parts.readers)?);
        let mut meter = RateMeter::new();
        meter.go();
        self.queue.begin_run(Active {
            run,
            threads,
            _lock: lock,
            created: Some(created),
            meter,
            level: Level::default(),
            phase: Phase::Running,
            network_gone: false,
            is_cut_off: false,
            failed_before,
            room: Room::new(&row),
            watch,
            gone: HashSet::new(),
            is_complete: false,
        });
        self.event(Some(job), Edge::Started);
        if let Some(remark) = remark {
            self.event(Some(job), Edge::SourceRemark { remark });
        }
        if let Some(mode) = watch {
            let watched = self.watch_folders(job, to_read, mode);
            if let Some(active) = self.queue.run(job) {
                active.run.settle();
            }
            watched?;
        } else if !to_read.is_empty() {
            self.read_sources(IntakeRequest { sources: to_read, resumes, ..IntakeRequest::of(job) });
            if let Some(active) = self.queue.run(job) {
                active.run.settle();
            }
        } else if !self.open_intakes.contains_key(&job) {
            self.event(Some(job), Edge::Counted { total: row.total });
        }
        Ok(())
    }

    /// Reports links that are known already to the fetcher; it learns the rest as they are handed out.
    fn count_links(&self, run: &Run) -> Result<(), JobError> {
        const PAGE_ROWS: u32 = 500;
        const ROWS: u32 = 5_000;
        let counts = run.fetcher.link_counts();
        for first_row in (0..ROWS).step_by(PAGE_ROWS as usize) {
            let page = self.parts.reader.page_by_seq(run.job, u64::from(first_row), PAGE_ROWS)?;
            for row in &page.rows {
                if let Locator::Url(url) = &row.locator {
                    counts.listed(url);
                }
            }
            if page.rows.len() < PAGE_ROWS as usize {
                break;
            }
        }
        Ok(())
    }

    fn pool(&mut self, workers: usize) -> Result<Arc<PixelPool>, JobError> {
        if let Some(pool) = self.pool.as_ref().filter(|pool| pool.workers() == workers) {
            return Ok(Arc::clone(pool));
        }
        let pool = Arc::new(PixelPool::new(workers, self.parts.options.lists_drafts)?);
        self.pool = Some(Arc::clone(&pool));
        Ok(pool)
    }

    pub(super) fn pause(&mut self, job: JobId) {
        let Some(active) = self.queue.run_mut(job).filter(|active| active.phase == Phase::Running) else { return };
        active.run.switch.set_paused(true);
        active.meter.pause();
        active.phase = Phase::Paused;
        self.record(Record::state(job, JobState::Paused));
        self.event(Some(job), Edge::Paused);
    }

    pub(super) fn resume(&mut self, job: JobId) -> Result<(), JobError> {
        if let Some(active) = self.queue.run_mut(job) {
            if matches!(active.phase, Phase::Ending { .. } | Phase::Closing(_)) {
                return Ok(());
            }
            let has_returned_items = active.run.error().is_some() || active.run.marks_items_early();
            active.run.clear_error();
            active.run.switch.set_paused(false);
            // They must be waiting in the catalog before the lanes look for them.
            let requeue = has_returned_items.then(|| active.run.requeue());
            if requeue.is_none() {
                active.run.rewind();
            }
            active.meter.go();
            active.phase = Phase::Running;
            if let Some(requeue) = requeue {
                self.record(requeue);
            }
            self.record(Record::state(job, JobState::Running));
            self.event(Some(job), Edge::Started);
            return Ok(());
        }
        // A job that has just ended does not end again, unless its results must be verified.
        let is_over = |row: &JobRow| row.state == JobState::Done && row.done + row.failed + row.skipped >= row.total;
        if self.parts.reader.job(job)?.as_ref().is_some_and(is_over) {
            let request = self.parts.reader.request(job)?;
            if request.is_none_or(|request| request.output().sink.durability != Durability::Fast) {
                return Ok(());
            }
        }
        self.enqueue(job)
    }

    pub(super) fn cancel(&mut self, job: JobId) -> Result<(), JobError> {
        if self.queue.run(job).is_some() {
            self.end_active(job, JobState::Cancelled, None);
            return Ok(());
        }
        if self.queue.cancel_check(job) {
            // It is still a draft.
            self.set_state(job, JobState::Draft);
            return Ok(());
        }
        let was_pending = self.queue.remove_waiting(job) || self.queue.stop_preparing(job, JobState::Cancelled);
        let row = self.parts.reader.job(job)?;
        let is_resumable = |row: &JobRow| matches!(row.state, JobState::Paused | JobState::Queued);
        if was_pending || row.as_ref().is_some_and(is_resumable) {
            self.discard_parts(job, row.as_ref());
            self.stop_reading(job);
            self.set_state(job, JobState::Cancelled);
            self.event(Some(job), Edge::Cancelled);
        }
        Ok(())
    }

    /// Removes what a job that is not running has saved of bodies.
    fn discard_parts(&mut self, job: JobId, row: Option<&JobRow>) {
        let request = self.parts.reader.request(job).ok().flatten();
        let dir = request.and_then(|request| request.output().sink.dir.clone());
        let (Some(dir), Some(owner)) = (dir, row.map(JobRow::owner)) else { return };
        let discard = move || naming::discard_parts(&dir, &owner).map_err(|error| store::unusable(&dir, &error));
        // Parts that stay are removed when they are old.
        self.on_disk(Disk::Output, discard, |_, _| Ok(()));
    }

    /// Ends the reading of a job's sources.
    pub(super) fn stop_reading(&self, job: JobId) {
        if let Some(intake) = self.open_intakes.get(&job) {
            intake.stop.store(true, Ordering::Release);
        }
    }

    pub(super) fn retry(
        &mut self,
        job: JobId,
        failures: FailureFilter,
        items: Option<Vec<u64>>,
    ) -> Result<(), JobError> {
        // A job that another program runs is not touched.
        let lock = if self.queue.contains(job) { None } else { Some(self.lock(job)?.ok_or(JobError::Locked(job))?) };
        let retry = move |catalog: &mut dyn Catalog| catalog.retry(job, &failures, items.as_deref());
        self.ask_recorder(Change::Nothing, retry, move |this, retried| {
            let retried = retried?;
            this.bump();
            if this.is_going(job) {
                if let Some(active) = this.queue.run(job) {
                    active.run.retry();
                }
                return Ok(());
            }
            drop(lock);
            if this.parts.reader.request(job)?.is_some_and(|request| request.watch) {
                this.once.insert(job);
            }
            if retried > 0 || this.parts.reader.counts(job)?.waiting > 0 {
                return this.enqueue(job);
            }
            let message = Message::new("nothing_to_retry");
            Err(JobError::Machine(message.with("job", job)))
        })
    }

    pub(super) fn open_results(&mut self, job: JobId) -> Result<(), JobError> {
        let Some(request) = self.parts.reader.request(job)? else { return Ok(()) };
        let Some(dir) = results_folder(&request).or_else(|| request.output().sink.dir.clone()) else { return Ok(()) };
        let open = move || open_folder(&dir, |dir| open::that_detached(dir));
        self.on_disk(Disk::Settings, open, |_, opened| opened);
        Ok(())
    }
}

/// The folder to which a query job's results go; `None` for other jobs, and if they go elsewhere.
pub(super) fn results_folder(spec: &JobSpec) -> Option<PathBuf> {
    match &spec.query.as_ref()?.result {
        QueryResult::File { path, .. } => path.parent().map(Path::to_path_buf),
        QueryResult::Files { .. } => spec.output().sink.dir.clone(),
        QueryResult::None | QueryResult::Stdout { .. } | QueryResult::Table { .. } => None,
    }
}

/// Opens a folder of results with `open`, which starts the desktop's file manager.
fn open_folder(dir: &Path, open: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), JobError> {
    const GONE: Message = Message::new("results_gone");
    const UNOPENED: Message = Message::new("folder_unopened");
    if store::kind_at(dir) != Some(EntryKind::Folder) {
        return Err(JobError::Machine(GONE.with("folder", dir.display())));
    }
    open(dir).map_err(|error| {
        // It names a launcher such as xdg-open, or its exit code.
        tracing::warn!(%error, folder = %dir.display(), "the file manager can't be started");
        JobError::Machine(UNOPENED.with("folder", dir.display()))
    })
}

/// Connects to the database where results are written back.
fn open_write_back(databases: &Databases, spec: &JobSpec, stop: &AtomicBool) -> Result<Option<WriteBack>, JobError> {
    let Some(request) = &spec.write_back else { return Ok(None) };
    let opened = write_back::open(databases, spec, request, true, stop)?;
    Ok(opened.map(|opened| WriteBack::new(spec.limits.database_wait_s, opened, databases.runtime().clone())))
}

/// Prepares a job's output folder, and marks the job as running once earlier records of it are `written`.
fn prepare(
    job: JobId,
    mut spec: JobSpec,
    has_results: bool,
    readers: &ReaderFactory,
    (secrets, databases): (&Arc<Secrets>, &Databases),
    (record_tx, written): (&Sender<Record>, &Receiver<()>),
    stop: &AtomicBool,
) -> Result<Prepared, JobError> {
    let pipelines = check(&spec)?;
    let query = QueryPlan::open(&spec, databases)?;
    let out_dir = naming::out_dir(&spec)?;
    let has_results = has_results && spec.query.as_ref().is_none_or(QuerySpec::has_item_files);
    if has_results && !store::of_path(&out_dir).is_taken(&out_dir) {
        return Err(JobError::Machine(Message::new("output_missing").with("path", out_dir.display())));
    }
    let mut created = vec![store::create_folder(&out_dir)?];
    let outputs = Outputs::new(&spec, pipelines, &out_dir)?;
    for naming in outputs.namings().filter(|naming| naming.out_dir != out_dir) {
        created.push(store::create_folder(&naming.out_dir)?);
    }
    let reader = readers.reader()?;
    let mut remark = None;
    let mut damaged = Vec::new();
    if has_results && spec.item_durability() == Durability::Fast {
        let verified = verify_outputs(job, reader.as_ref(), &outputs, stop)?;
        damaged = verified.damaged;
        remark = match damaged.len() as u64 {
            // Rows of statements are not what the user asked to write without waiting for the disk.
            0 if spec.output().sink.durability != Durability::Fast => None,
            0 => Some(Remark::ResultsIntact { count: verified.intact }),
            count => Some(Remark::ResultsDamaged { count }),
        };
    }
    for naming in outputs.namings() {
        naming.index_output_dir(false, has_results.then_some((job, reader.as_ref())));
    }
    // The folder is chosen once: a resume continues in it, even if it is started in another directory.
    let is_new_dir = spec.output().sink.dir.as_ref() != Some(&out_dir);
    spec.set_out_dir(Some(&out_dir));
    let request = spec.without_sources();
    let folders = created.iter().flat_map(CreatedFolders::paths);
    let folders: Vec<String> = folders.map(|path| Locator::File(path.clone()).to_text()).collect();
    // Inner ones are removed first, if they stay empty.
    created.reverse();
    let writes_back = request.write_back.is_some();
    // A state that was sent before must not replace the next one.
    written.recv().map_err(|_| JobError::recorder_gone())?;
    let last_run = call(record_tx, move |catalog| {
        if is_new_dir {
            catalog.set_request(job, &request)?;
        }
        catalog.redo(job, &damaged)?;
        catalog.add_folders(job, &folders)?;
        if writes_back {
            catalog.begin_write_back(job)?;
        }
        catalog.begin_run(job)
    })?;
    let fetcher = lists::fetcher(&spec, secrets)?;
    outputs.open()?;
    Ok(Prepared { spec, outputs, out_dir, created, fetcher, last_run, remark, write_back: None, query })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::jobs::*;
    use crate::model::Lang;

    #[test]
    fn results_that_can_not_be_opened_are_explained_without_the_systems_error() {
        let dir = tempfile::tempdir().unwrap();
        let gone = open_folder(&dir.path().join("out"), |_| Ok(())).unwrap_err();
        assert!(gone.window_text(Lang::English).contains("was moved or deleted"), "{gone}");
        for (number, detail) in [(2, "os error"), (13, "os error")] {
            let failing = |_: &Path| Err(io::Error::from_raw_os_error(number));
            let unopened = open_folder(dir.path(), failing).unwrap_err();
            for lang in [Lang::English, Lang::Korean] {
                let text = unopened.window_text(lang);
                assert!(text.contains(&dir.path().display().to_string()) && !text.contains(detail), "{text}");
            }
        }
        open_folder(dir.path(), |_| Ok(())).unwrap();
    }
}
