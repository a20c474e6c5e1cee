//! Jobs at work: begun, paused, resumed, retried, and looked after until they end.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rayon::ThreadPool;

use super::rate_meter::RateMeter;
use super::{Active, Coordinator, Phase};
use crate::engine::api::snapshot::Notice;
use crate::engine::check;
use crate::engine::intake::read_sources::IntakeRequest;
use crate::engine::intake::{lists, secrets};
use crate::engine::item::naming::{self, Naming};
use crate::engine::record::message::Record;
use crate::engine::run::pools;
use crate::engine::run::{Run, RunError, RunParts};
use crate::error::{ErrorKind, JobError};
use crate::model::{Edge, JobId, JobRow, JobState, Locator, Message};
use crate::store;

/// A draft's edits are written after this pause.
const SPEC_SETTLES: Duration = Duration::from_millis(400);
/// Bytes that must have become free before a job that waited for room goes on by itself.
const ROOM_BYTES: u64 = 32 << 20;

/// All is done that there was of a list which broke off; the list itself was told of before.
const UNFINISHED: Message = Message::new("job_unfinished");
const LIST_CUT_OFF: Message = Message::new("list_cut_off");

impl Coordinator {
    pub(super) fn start_listed(&mut self) -> Result<(), JobError> {
        self.write_spec();
        let Some(listed) = &self.listed else { return Ok(()) };
        if listed.state != JobState::Draft {
            return Ok(());
        }
        let mut spec = listed.spec.clone();
        spec.network = self.settings.network.clone();
        check(&spec)?;
        secrets::check_ca_file(&spec.network)?;
        lists::check(&spec)?;
        secrets::keep_job(&self.parts.secrets, &mut spec)?;
        let job = listed.id;
        self.call(move |catalog| {
            catalog.set_request(job, &spec)?;
            catalog.set_state(job, JobState::Queued)
        })?;
        self.edits.forget();
        self.notice = None;
        self.enqueue(job)
    }

    pub(super) fn enqueue(&mut self, job: JobId) -> Result<(), JobError> {
        if self.active.is_none() {
            return self.begin(job);
        }
        if !self.queue.contains(&job) && !self.is_going(job) {
            self.queue.push_back(job);
            self.call(move |catalog| catalog.set_state(job, JobState::Queued))?;
        }
        self.reread_listed();
        Ok(())
    }

    /// Starts a run.
    pub(super) fn begin(&mut self, job: JobId) -> Result<(), JobError> {
        let begun = self.try_begin(job);
        if let Err(error) = &begun {
            let state = if error.is_usage() { JobState::Draft } else { JobState::Paused };
            self.parts.runs.remove(job);
            if !matches!(error, JobError::Locked(_)) {
                self.call(move |catalog| catalog.set_state(job, state))?;
            }
            self.event(Some(job), Edge::Stopped { reason: error.clone() });
        }
        self.reread_listed();
        begun
    }

    pub(super) fn try_begin(&mut self, job: JobId) -> Result<(), JobError> {
        let Some(row) = self.parts.reader.job(job)? else {
            return Err(JobError::no_job(job));
        };
        let lock = self.lock(job)?.ok_or(JobError::Locked(job))?;
        let mut spec = self.parts.reader.spec(job)?.unwrap_or_default();
        let pipeline = check(&spec)?;
        let out_dir = naming::out_dir(&spec)?;
        let made = store::create_folder(&out_dir)?;
        let naming = Naming::new(&spec, out_dir.clone())?;
        let reader = self.parts.reader.as_ref();
        naming.index_output_dir(false, (row.done > 0).then_some((job, reader)));
        // The folder is chosen once, and for good: a resume goes on in it, wherever it is run from.
        let is_new_dir = spec.output().sink.dir.as_ref() != Some(&out_dir);
        spec.output_mut().sink.dir = Some(out_dir.clone());
        self.details.summaries.remove(&job);
        let noted = {
            let request = spec.without_sources();
            self.call(move |catalog| {
                if is_new_dir {
                    catalog.set_request(job, &request)?;
                }
                catalog.set_state(job, JobState::Running)?;
                catalog.requeue_running(job)
            })?
        };
        let memory_bytes = spec.limits.memory_bytes.unwrap_or_else(pools::default_memory_bytes);
        let workers = spec.limits.workers.unwrap_or_else(pools::cores).max(1);
        let pool = self.pool(workers)?;
        let fetcher = lists::fetcher(&spec, &self.parts.secrets)?;
        let open: Vec<_> = self.parts.reader.sources(job)?.into_iter().filter(|source| !source.ended).collect();
        naming.output().map_err(|error| store::unusable(&out_dir, &error))?;
        let run = Run::new(RunParts {
            job,
            naming,
            pipeline,
            workers,
            memory_bytes,
            fetcher,
            record_tx: self.parts.record_tx.clone(),
            bodies: self.parts.bodies.clone(),
            pending: self.expanding.get(&job).map_or(0, |expanding| expanding.requests)
                + usize::from(!noted.is_empty()),
            spec,
        });
        self.parts.runs.insert(&run);
        self.count_links(&run)?;
        let mut threads = run.start(&pool, &self.parts.runtime, &self.parts.readers)?;
        if !noted.is_empty() {
            threads.push(run.adopt(noted)?);
        }
        let mut meter = RateMeter::new();
        meter.go();
        self.active = Some(Active {
            run,
            threads,
            _lock: lock,
            made,
            meter,
            phase: Phase::Going,
            network_gone: false,
            is_cut_off: false,
        });
        self.event(Some(job), Edge::Started);
        let Some(first) = open.first() else {
            self.event(Some(job), Edge::Counted { total: row.total });
            return Ok(());
        };
        if !self.expanding.contains_key(&job) {
            let taken = first.taken;
            let sources = open.into_iter().map(|source| (source.n, source.spec)).collect();
            // What was read before the job was cut off is not read twice.
            let resumes = row.state != JobState::Queued;
            self.expand(IntakeRequest { sources, taken, resumes, ..IntakeRequest::of(job) });
        }
        Ok(())
    }

    /// Tells the fetcher of what a draft or an earlier run listed already; the rest it learns while it is handed out.
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

    pub(super) fn pool(&mut self, workers: usize) -> Result<Arc<ThreadPool>, JobError> {
        if let Some((size, pool)) = &self.pool
            && *size == workers
        {
            return Ok(Arc::clone(pool));
        }
        let pool = Arc::new(pools::pixel_pool(workers, self.parts.options.lists_drafts)?);
        self.pool = Some((workers, Arc::clone(&pool)));
        Ok(pool)
    }

    pub(super) fn pause(&mut self, job: JobId) {
        if let Some(active) = self.active.as_mut().filter(|active| active.run.job == job)
            && active.phase == Phase::Going
        {
            active.run.switch.set_paused(true);
            active.meter.pause();
            active.phase = Phase::Paused;
            let _ = self.parts.record_tx.send(Record::state(job, JobState::Paused));
            self.event(Some(job), Edge::Paused);
        }
    }

    pub(super) fn resume(&mut self, job: JobId) -> Result<(), JobError> {
        if let Some(active) = self.active.as_mut().filter(|active| active.run.job == job) {
            if !matches!(active.phase, Phase::Ending { .. }) {
                let gave_back = active.run.trouble().is_some();
                active.run.clear_error();
                active.run.switch.set_paused(false);
                if gave_back {
                    // Items that were given back wait again in the catalog first; only then do the lanes look anew.
                    active.run.requeue();
                } else {
                    active.run.rewind();
                }
                active.meter.go();
                active.phase = Phase::Going;
                let _ = self.parts.record_tx.send(Record::state(job, JobState::Running));
                self.event(Some(job), Edge::Started);
            }
            return Ok(());
        }
        // One that has just ended needs no second end.
        let is_over = |row: &JobRow| row.state == JobState::Done && row.done + row.failed + row.skipped >= row.total;
        if self.parts.reader.job(job)?.as_ref().is_some_and(is_over) {
            return Ok(());
        }
        self.enqueue(job)
    }

    pub(super) fn cancel(&mut self, job: JobId) -> Result<(), JobError> {
        self.queue.retain(|queued| *queued != job);
        if self.active.as_ref().is_some_and(|active| active.run.job == job) {
            self.end_active(JobState::Cancelled, None);
            return Ok(());
        }
        let open =
            self.parts.reader.job(job)?.is_some_and(|row| matches!(row.state, JobState::Paused | JobState::Queued));
        if open {
            self.call(move |catalog| catalog.set_state(job, JobState::Cancelled))?;
            self.event(Some(job), Edge::Cancelled);
            self.reread_listed();
        }
        Ok(())
    }

    pub(super) fn retry(
        &mut self,
        job: JobId,
        kind: Option<ErrorKind>,
        items: Option<Vec<u64>>,
    ) -> Result<(), JobError> {
        // What another program works on is left to it.
        let lock = match &self.active {
            Some(active) if active.run.job == job => None,
            _ => Some(self.lock(job)?.ok_or(JobError::Locked(job))?),
        };
        let retried = self.call(move |catalog| catalog.retry(job, kind, items.as_deref()))?;
        self.bump();
        if let Some(active) = self.active.as_ref().filter(|active| active.run.job == job)
            && !matches!(active.phase, Phase::Ending { .. })
        {
            active.run.rewind();
            return Ok(());
        }
        drop(lock);
        if retried > 0 || self.parts.reader.counts(job)?.waiting > 0 {
            return self.enqueue(job);
        }
        let sentence = Message::new("nothing_to_retry");
        Err(JobError::Machine(sentence.with("job", job)))
    }

    /// Stops the job at work; it is left in that state once nothing of it is in flight.
    pub(super) fn end_active(&mut self, state: JobState, reason: Option<JobError>) {
        let Some(active) = self.active.as_mut() else { return };
        if matches!(active.phase, Phase::Ending { .. }) {
            return;
        }
        active.run.stop();
        active.meter.pause();
        active.phase = Phase::Ending { state, reason };
        if (state == JobState::Cancelled || self.quitting)
            && let Some(expanding) = self.expanding.get(&active.run.job)
        {
            expanding.stop.store(true, Ordering::Release);
        }
    }

    /// Looks after the job at work: its end, its troubles, the network, the disk.
    pub(super) fn attend(&mut self) {
        if self.spec_dirty.is_some_and(|since| since.elapsed() >= SPEC_SETTLES) {
            self.write_spec();
        }
        let Some(active) = self.active.as_mut() else { return };
        let job = active.run.job;
        match active.phase.clone() {
            Phase::Ending { state, reason } => {
                // The threads of a job whose items are all done wait for nothing: joining them takes no time.
                let threads_ended = state == JobState::Done || active.threads.iter().all(JoinHandle::is_finished);
                if threads_ended && active.run.permits.fullness() <= 0.0 {
                    self.ended(state, reason);
                }
                return;
            }
            Phase::Waiting { reason, next_look, full_at_bytes } => {
                let now = Instant::now();
                if now >= next_look {
                    let space = active.run.naming.space();
                    let room = !space.is_read_only
                        && space.free_bytes.is_none_or(|free| free.saturating_sub(full_at_bytes) >= ROOM_BYTES);
                    active.phase = Phase::Waiting { reason, next_look: now + Duration::from_secs(2), full_at_bytes };
                    if room && let Err(error) = self.resume(job) {
                        self.trouble(&error);
                    }
                }
                return;
            }
            Phase::Going | Phase::Paused => {}
        }
        match active.run.trouble() {
            Some(RunError::Fatal(reason)) => return self.end_active(JobState::Paused, Some(reason)),
            Some(RunError::DiskFull(reason)) if !self.parts.options.waits => {
                return self.end_active(JobState::Paused, Some(reason));
            }
            Some(RunError::DiskFull(reason)) => {
                // What was given back waits again once all that was in flight has release.
                if active.run.in_flight() == 0 {
                    active.meter.pause();
                    let space = active.run.naming.space();
                    active.phase = Phase::Waiting {
                        reason: reason.clone(),
                        next_look: Instant::now() + Duration::from_secs(2),
                        full_at_bytes: space.free_bytes.filter(|_| !space.is_read_only).unwrap_or(0),
                    };
                    active.run.requeue();
                    self.event(Some(job), Edge::Halted { reason });
                }
                return;
            }
            None => {}
        }
        let gone = active.run.fetcher.network_gone_since();
        if gone.is_some() != active.network_gone {
            active.network_gone = gone.is_some();
            let edge = if gone.is_some() { Edge::NetworkGone } else { Edge::NetworkBack };
            self.event(Some(job), edge);
        }
        let Some(active) = self.active.as_mut() else { return };
        if let Some(since) = gone
            && !self.parts.options.waits
            && since.elapsed() >= Duration::from_secs(active.run.spec.limits.network_wait_s)
        {
            let reason = JobError::Machine(Message::new("network_gone"));
            return self.end_active(JobState::Paused, Some(reason));
        }
        if active.phase == Phase::Going && active.run.is_drained() {
            let (state, reason) = if active.is_cut_off {
                (JobState::Paused, Some(JobError::Machine(LIST_CUT_OFF)))
            } else {
                (JobState::Done, None)
            };
            self.end_active(state, reason);
            self.attend();
        }
    }

    /// Nothing of the job is at work any more.
    pub(super) fn ended(&mut self, state: JobState, reason: Option<JobError>) {
        let Some(active) = self.active.take() else { return };
        let job = active.run.job;
        self.worked = Some((job, active.meter.elapsed()));
        for thread in active.threads {
            let _ = thread.join();
        }
        // After everything told before, so that no result is lost.
        let run = Arc::clone(&active.run);
        let settled = self.call(move |catalog| {
            let lost = run.naming.lost_output().filter(|_| state == JobState::Done);
            run.naming.close_output();
            let ended = catalog.end_run(job, if lost.is_some() { JobState::Paused } else { state })?;
            Ok((ended, lost))
        });
        self.parts.runs.remove(job);
        // A folder of the job's own in which nothing came to stand; a resume makes it anew.
        drop(active.made);
        let (state, reason) = match settled {
            Ok((ended, Some(lost))) => (ended, Some(lost)),
            Ok((ended, None)) if ended != state => (ended, reason.or(Some(JobError::Machine(UNFINISHED)))),
            Ok((ended, None)) => (ended, reason),
            Err(error) => (JobState::Paused, Some(error)),
        };
        let edge = match (state, reason) {
            (_, Some(reason)) => Edge::Stopped { reason },
            (JobState::Done, None) => Edge::Finished,
            (JobState::Cancelled, None) => Edge::Cancelled,
            _ => Edge::Paused,
        };
        for remark in active.run.remarks(state == JobState::Done) {
            self.event(Some(job), Edge::SourceRemark { remark: remark.clone() });
            self.notice = Some(Notice::Remark(remark));
        }
        self.event(Some(job), edge);
        self.bump();
        self.reread_listed();
        if !self.quitting
            && let Some(next) = self.queue.pop_front()
            && let Err(error) = self.begin(next)
        {
            self.trouble(&error);
        }
    }

    pub(super) fn open_results(&mut self, job: JobId) -> Result<(), JobError> {
        let request = self.parts.reader.request(job)?;
        let Some(dir) = request.and_then(|request| request.output().sink.dir.clone()) else { return Ok(()) };
        open::that_detached(&dir).map_err(|error| {
            let sentence = Message::new("folder_unopened");
            JobError::Machine(sentence.with("folder", dir.display()).with("detail", error))
        })
    }
}
