//! Supervision of running jobs: their ends, their errors, the network, the space on the disk.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::disk::Disk;
use super::{Coordinator, Phase};
use crate::engine::api::snapshot::Notice;
use crate::engine::item::naming::Naming;
use crate::engine::query;
use crate::engine::record::message::call;
use crate::engine::run::RunError;
use crate::engine::run::isolation::Isolated;
use crate::engine::space::{self, Measured};
use crate::error::{ErrorKind, JobError};
use crate::model::{Edge, JobId, JobState, Message};
use crate::store::Space;

/// A draft's edits are written after a pause of this length.
const SPEC_SETTLES: Duration = Duration::from_millis(400);
/// Bytes that must have become free before a job that waited for space resumes by itself.
const ROOM_BYTES: u64 = 32 << 20;
/// How often the space on a full disk is checked.
const CHECK_SPACE_EVERY: Duration = Duration::from_secs(2);

/// How long standard input is still read when its job is to stop because of an error.
const READ_ON_FOR: Duration = Duration::from_mins(1);

const UNFINISHED: Message = Message::new("job_unfinished");
/// All items are done, but a list could not be read to its end, which was reported before.
const LIST_CUT_OFF: Message = Message::new("list_cut_off");

/// How a job's run was closed: its state in the catalog, and what happened to its output folder.
type Closed = (JobState, Option<JobError>);

impl Coordinator {
    /// Does what is due: takes answers, writes edits, and supervises every running job.
    pub(super) fn tick(&mut self) {
        self.take_answers();
        self.tick_undo();
        if self.spec_dirty.is_some_and(|since| since.elapsed() >= SPEC_SETTLES) {
            self.write_spec();
        }
        for job in self.queue.running() {
            self.tick_run(job);
        }
    }

    fn tick_run(&mut self, job: JobId) {
        let Some(active) = self.queue.run(job) else { return };
        match active.phase.clone() {
            Phase::Ending { state, reason } => {
                // The threads of a job whose items are all done end at once.
                let threads_ended = state == JobState::Done || active.threads.iter().all(JoinHandle::is_finished);
                if threads_ended && active.run.is_pool_idle() {
                    self.close(job, state, reason);
                }
            }
            Phase::Closing(_) => {}
            Phase::Waiting { next_check, .. } => {
                if Instant::now() >= next_check {
                    self.check_space(job);
                }
            }
            Phase::Running | Phase::Paused => {
                self.count_failures(job);
                self.check_room_for_rest(job);
                if !self.handle_run_error(job) && !self.handle_network(job) {
                    self.end_if_complete(job);
                }
            }
        }
    }

    /// Stops a run in which too many items have failed, those that failed while sources were read included.
    fn count_failures(&mut self, job: JobId) {
        let Some(active) = self.queue.run(job) else { return };
        if active.run.spec.limits.max_failures.is_none() {
            return;
        }
        if let Ok(Some(row)) = self.parts.reader.job(job) {
            active.run.check_failures(row.failed.saturating_sub(active.failed_before));
        }
    }

    /// Handles an error that stops a run; returns whether there is one.
    fn handle_run_error(&mut self, job: JobId) -> bool {
        let waits = self.parts.options.waits;
        let Some(active) = self.queue.run_mut(job) else { return true };
        let reason = match active.run.error() {
            None => return false,
            Some(RunError::DiskFull(reason)) if waits => reason,
            Some(RunError::Fatal(reason) | RunError::DiskFull(reason)) => {
                if self.must_read_on(job) {
                    return true;
                }
                self.end_active(job, JobState::Paused, Some(reason));
                return true;
            }
        };
        // Items are returned to the waiting state once all pending work has ended.
        if active.run.in_flight() == 0 {
            active.meter.pause();
            let next_check = Instant::now();
            active.phase = Phase::Waiting { reason: reason.clone(), next_check, full_at_bytes: None };
            let requeue = active.run.requeue();
            self.record(requeue);
            self.event(Some(job), Edge::Halted { reason });
        }
        true
    }

    /// Whether standard input is still being read for a job that is to stop. It is recorded first, since it can't be read
    /// again; but not for longer than [`READ_ON_FOR`], since it may never end.
    fn must_read_on(&mut self, job: JobId) -> bool {
        let Some(intake) = self.open_intakes.get_mut(&job).filter(|intake| intake.is_read_once) else { return false };
        let stop_at = *intake.stop_at.get_or_insert_with(|| Instant::now() + READ_ON_FOR);
        if Instant::now() >= stop_at {
            intake.stop.store(true, Ordering::Release);
        }
        true
    }

    /// Checks in the background whether there is space for a job again.
    fn check_space(&mut self, job: JobId) {
        let Some(active) = self.queue.run_mut(job) else { return };
        if let Phase::Waiting { next_check, .. } = &mut active.phase {
            *next_check = Instant::now() + CHECK_SPACE_EVERY;
        }
        let run = Arc::clone(&active.run);
        self.on_disk(Disk::Output, move || Ok(run.naming().space()), move |this, space| this.space_is(job, &space?));
    }

    /// Warns once if the remaining results of a running job will probably not fit on the disk.
    fn check_room_for_rest(&mut self, job: JobId) {
        let Some(active) = self.queue.run_mut(job) else { return };
        let is_due = !active.room.is_over && Instant::now() >= active.room.next_check;
        if !is_due || active.phase != Phase::Running {
            return;
        }
        // Until the answer arrives.
        active.room.next_check = Instant::now() + CHECK_SPACE_EVERY;
        let run = Arc::clone(&active.run);
        let measure = move || Ok(run.naming().space().free_bytes);
        self.on_disk(Disk::Output, measure, move |this, free_bytes| {
            if let (Ok(Some(free_bytes)), Some(row)) = (free_bytes, this.parts.reader.job(job)?) {
                this.room_is(job, row.total, Measured::of(&row, free_bytes));
            }
            Ok(())
        });
    }

    fn room_is(&mut self, job: JobId, total: u64, measured: Measured) {
        let Some(active) = self.queue.run_mut(job) else { return };
        let (room, run) = (&mut active.room, &active.run);
        if !room.is_measured {
            (room.is_measured, room.first.free_bytes) = (true, measured.free_bytes);
        }
        if room.is_over {
            return;
        }
        if let Some(remark) = space::low_for_rest(&run.spec, &run.out_dir, total, room.first, measured) {
            room.is_over = true;
            self.event(Some(job), Edge::SourceRemark { remark });
        }
    }

    fn space_is(&mut self, job: JobId, space: &Space) -> Result<(), JobError> {
        let Some(active) = self.queue.run_mut(job) else { return Ok(()) };
        let Phase::Waiting { full_at_bytes, reason, .. } = &mut active.phase else { return Ok(()) };
        match full_at_bytes {
            None => {
                // A folder that was read-only or whose device failed was not full, even if it is writable again by now.
                let other = [ErrorKind::ReadOnly, ErrorKind::DeviceFailed];
                let was_read_only = matches!(reason, JobError::Item(error) if other.contains(&error.kind));
                let full_at = space.free_bytes.filter(|_| !was_read_only && !space.is_read_only);
                *full_at_bytes = Some(full_at.unwrap_or(0));
            }
            Some(full_at) => {
                let has_room = space.free_bytes.is_none_or(|free| free.saturating_sub(*full_at) >= ROOM_BYTES);
                if has_room && !space.is_read_only {
                    return self.resume(job);
                }
            }
        }
        Ok(())
    }

    /// Reports a lost or returned network; returns whether the job ends because it has been gone for too long.
    fn handle_network(&mut self, job: JobId) -> bool {
        let Some(active) = self.queue.run_mut(job) else { return true };
        let gone = active.run.fetcher.network_gone_since();
        let wait = Duration::from_secs(active.run.spec.limits.network_wait_s);
        if gone.is_some() != active.network_gone {
            active.network_gone = gone.is_some();
            let edge = if gone.is_some() { Edge::NetworkGone } else { Edge::NetworkBack };
            self.event(Some(job), edge);
        }
        let is_too_long = !self.parts.options.waits && gone.is_some_and(|since| since.elapsed() >= wait);
        if is_too_long && !self.must_read_on(job) {
            let reason = JobError::Machine(Message::new("network_gone"));
            self.end_active(job, JobState::Paused, Some(reason));
        }
        is_too_long
    }

    fn end_if_complete(&mut self, job: JobId) {
        let Some(active) = self.queue.run(job) else { return };
        if active.phase != Phase::Running || !active.run.is_drained() {
            return;
        }
        match active.run.isolate_next() {
            Isolated::Nothing => {}
            Isolated::One => return,
            Isolated::Last(requeue) => return self.record(requeue),
        }
        if !self.is_written_back(job) {
            return;
        }
        let Some(active) = self.queue.run_mut(job) else { return };
        active.is_complete = true;
        let (state, reason) = if active.watch.is_some() {
            // It may be continued at any time.
            (JobState::Paused, None)
        } else if active.is_cut_off {
            (JobState::Paused, Some(JobError::Machine(LIST_CUT_OFF)))
        } else {
            (JobState::Done, None)
        };
        self.end_active(job, state, reason);
        self.tick_run(job);
    }

    /// Whether the outbox of a job whose items have all ended is empty.
    fn is_written_back(&self, job: JobId) -> bool {
        let Some(write_back) = self.queue.run(job).and_then(|active| active.run.write_back.as_ref()) else {
            return true;
        };
        let reader = &self.parts.reader;
        let (Ok(last), Ok(again)) = (reader.last_finished(job), reader.write_again(job, 1)) else { return false };
        let has_written = write_back.has_written(last);
        if !again.is_empty() {
            write_back.wake();
        }
        has_written && again.is_empty()
    }

    /// Stops a running job; it is left in `state` once nothing of it runs any more.
    pub(super) fn end_active(&mut self, job: JobId, state: JobState, reason: Option<JobError>) {
        let Some(active) = self.queue.run_mut(job) else { return };
        if matches!(active.phase, Phase::Ending { .. } | Phase::Closing(_)) {
            return;
        }
        active.run.stop();
        active.meter.pause();
        active.phase = Phase::Ending { state, reason };
        if state == JobState::Cancelled || self.quitting || active.watch.is_some() {
            self.stop_reading(job);
        }
    }

    /// Nothing of a job runs any more: its output folder is closed and its state written.
    fn close(&mut self, job: JobId, state: JobState, reason: Option<JobError>) {
        let written = self.after_records();
        let Some(active) = self.queue.run_mut(job) else { return };
        active.phase = Phase::Closing(state);
        let is_complete = active.is_complete;
        let (threads, created) = (std::mem::take(&mut active.threads), active.created.take());
        let (run, record_tx) = (Arc::clone(&active.run), self.parts.record_tx.clone());
        let (closing, readers) = (Arc::clone(&run), self.parts.readers.clone());
        let close = move || {
            for thread in threads {
                let _ = thread.join();
            }
            // After everything that was sent to the recorder before, so that no result is lost.
            let _ = written.recv();
            // Looked at before the rows of statements are removed, and their folder with them.
            let lost = run.outputs.lost().filter(|_| is_complete);
            let finish = || query::finish(job, &closing.spec, readers.reader()?.as_ref(), &record_tx);
            let can_finish = state == JobState::Done && lost.is_none();
            let unfinished = if can_finish { finish().err() } else { None };
            let state = if unfinished.is_some() { JobState::Paused } else { state };
            let closed = call(&record_tx, move |catalog| {
                let folders = run.outputs.take_created();
                if !folders.is_empty()
                    && let Err(error) = catalog.add_folders(job, &folders)
                {
                    tracing::warn!(%error, "created folders could not be recorded");
                }
                run.outputs.namings().for_each(Naming::close_output);
                let ended = catalog.end_run(job, if lost.is_some() { JobState::Paused } else { state })?;
                Ok((ended, lost.or(unfinished)))
            });
            if matches!(closed, Ok((JobState::Done | JobState::Cancelled, None))) {
                closing.discard_parts();
            }
            // An output folder that was created for the job and stayed empty is removed; a resume creates it again.
            drop(created);
            closed
        };
        self.on_disk(Disk::Output, close, move |this, closed| {
            this.ended(job, state, reason, closed);
            Ok(())
        });
    }

    fn ended(&mut self, job: JobId, state: JobState, reason: Option<JobError>, closed: Result<Closed, JobError>) {
        let Some(active) = self.queue.end_run(job) else { return };
        self.worked = Some((job, active.meter.elapsed()));
        self.parts.runs.remove(job);
        let (state, reason) = match closed {
            Ok((ended, Some(lost))) => (ended, Some(lost)),
            Ok((ended, None)) if ended != state => (ended, reason.or(Some(JobError::Machine(UNFINISHED)))),
            Ok((ended, None)) => (ended, reason),
            Err(error) => (JobState::Paused, Some(error)),
        };
        let edge = match (state, reason) {
            (_, Some(reason)) => Edge::Stopped { reason },
            (JobState::Done, None) => Edge::Finished,
            (JobState::Paused, None) if active.is_complete => Edge::Finished,
            (JobState::Cancelled, None) => Edge::Cancelled,
            _ => Edge::Paused,
        };
        for remark in active.run.remarks(state == JobState::Done) {
            self.event(Some(job), Edge::SourceRemark { remark: remark.clone() });
            self.notice = Some(Notice::Remark(remark));
        }
        // The lock is released before the end is announced.
        drop(active);
        self.event(Some(job), edge);
        self.bump();
        self.reread_listed();
        if !self.quitting {
            self.begin_next();
        }
    }
}
