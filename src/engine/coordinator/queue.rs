//! The jobs that were started and have not ended, in order. One runs at a time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Active;
use crate::catalog::{JobLock, JobSource};
use crate::model::{JobId, JobState};

/// Jobs that run at the same time.
const MAX_RUNNING: usize = 1;

/// Jobs that were started and have not ended.
#[derive(Default)]
pub(super) struct JobQueue {
    /// Drafts that were started and are being checked.
    checking: Vec<Checking>,
    waiting: VecDeque<JobId>,
    preparing: Vec<Preparing>,
    running: Vec<Active>,
}

/// A draft that was started and is being checked.
struct Checking {
    job: JobId,
    /// Set when the check no longer matters: it must not write anything then.
    is_cancelled: Arc<AtomicBool>,
}

/// A job whose output folder is being prepared.
pub(super) struct Preparing {
    pub(super) job: JobId,
    pub(super) lock: JobLock,
    /// Whether it ran before.
    pub(super) resumes: bool,
    /// Sources that are still to be read and that no request reads yet.
    pub(super) to_read: Vec<JobSource>,
    /// The state in which it is left instead of running, if it was stopped in the meantime.
    pub(super) stopped: Option<JobState>,
    /// Set to end the preparation early.
    pub(super) stop: Arc<AtomicBool>,
    /// How its folders are watched, if they are.
    pub(super) watch: Option<WatchMode>,
}

/// How folders are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WatchMode {
    /// Until the job is stopped.
    Always,
    /// What is there now is taken.
    Once,
}

impl Preparing {
    fn stop_in(&mut self, state: JobState) {
        self.stopped.get_or_insert(state);
        self.stop.store(true, Ordering::Release);
    }
}

impl JobQueue {
    /// Whether one more job may run. Those that watch folders run beside the others.
    pub(super) fn has_room(&self) -> bool {
        let preparing = self.preparing.iter().filter(|preparing| preparing.watch.is_none()).count();
        let running = self.running.iter().filter(|active| active.watch.is_none()).count();
        preparing + running < MAX_RUNNING
    }

    /// Whether nothing happens until something is reported: running jobs only wait for new files.
    pub(super) fn is_quiet(&self) -> bool {
        self.preparing.is_empty() && self.running.iter().all(Active::only_watches)
    }

    /// Whether no job is running or about to run.
    pub(super) fn is_idle(&self) -> bool {
        self.preparing.is_empty() && self.running.is_empty()
    }

    pub(super) fn contains(&self, job: JobId) -> bool {
        self.is_checking(job)
            || self.waiting.contains(&job)
            || self.preparing.iter().any(|preparing| preparing.job == job)
            || self.run(job).is_some()
    }

    /// Whether a job will run and still takes sources.
    pub(super) fn is_about_to_run(&self, job: JobId) -> bool {
        let mut preparing = self.preparing.iter();
        self.is_checking(job) || preparing.any(|preparing| preparing.job == job && preparing.stopped.is_none())
    }

    /// The state of a job that is not running yet, which its row in the catalog may not have yet.
    pub(super) fn state_before_run(&self, job: JobId) -> Option<JobState> {
        if let Some(preparing) = self.preparing.iter().find(|preparing| preparing.job == job) {
            return Some(preparing.stopped.unwrap_or(JobState::Queued));
        }
        (self.is_checking(job) || self.waiting.contains(&job)).then_some(JobState::Queued)
    }

    fn is_checking(&self, job: JobId) -> bool {
        self.checking.iter().any(|checking| checking.job == job)
    }

    /// Returns the flag that is set when the check is cancelled.
    pub(super) fn begin_check(&mut self, job: JobId) -> Arc<AtomicBool> {
        let is_cancelled = Arc::<AtomicBool>::default();
        self.checking.push(Checking { job, is_cancelled: Arc::clone(&is_cancelled) });
        is_cancelled
    }

    pub(super) fn end_check(&mut self, job: JobId) {
        self.checking.retain(|checking| checking.job != job);
    }

    /// Cancels a job's check; `false` if it is not being checked.
    pub(super) fn cancel_check(&mut self, job: JobId) -> bool {
        let Some(n) = self.checking.iter().position(|checking| checking.job == job) else { return false };
        self.checking.swap_remove(n).is_cancelled.store(true, Ordering::Release);
        true
    }

    pub(super) fn push(&mut self, job: JobId) {
        self.waiting.push_back(job);
    }

    /// The next waiting job, if it may start.
    pub(super) fn next(&mut self) -> Option<JobId> {
        if self.has_room() { self.waiting.pop_front() } else { None }
    }

    /// Takes a job out of those that wait; `false` if it is not among them.
    pub(super) fn remove_waiting(&mut self, job: JobId) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|waiting| *waiting != job);
        self.waiting.len() < before
    }

    pub(super) fn clear_waiting(&mut self) {
        self.waiting.clear();
    }

    pub(super) fn begin_preparing(&mut self, preparing: Preparing) {
        self.preparing.push(preparing);
    }

    /// A job is left in `state` instead of running; `false` if it is not being prepared.
    pub(super) fn stop_preparing(&mut self, job: JobId, state: JobState) -> bool {
        let preparing = self.preparing.iter_mut().find(|preparing| preparing.job == job);
        preparing.is_some_and(|preparing| {
            preparing.stop_in(state);
            true
        })
    }

    /// A job that was stopped while it was being prepared runs after all; `false` if there is none.
    pub(super) fn continue_preparing(&mut self, job: JobId) -> bool {
        let mut preparing = self.preparing.iter_mut();
        let stopped = preparing.find(|preparing| preparing.job == job && preparing.stopped.is_some());
        stopped.is_some_and(|preparing| {
            preparing.stopped = None;
            true
        })
    }

    /// Leaves every job that is being prepared in `state`.
    pub(super) fn stop_all_preparing(&mut self, state: JobState) {
        for preparing in &mut self.preparing {
            preparing.stop_in(state);
        }
    }

    pub(super) fn end_preparing(&mut self, job: JobId) -> Option<Preparing> {
        let at = self.preparing.iter().position(|preparing| preparing.job == job)?;
        Some(self.preparing.swap_remove(at))
    }

    pub(super) fn begin_run(&mut self, active: Active) {
        self.running.push(active);
    }

    pub(super) fn run(&self, job: JobId) -> Option<&Active> {
        self.running.iter().find(|active| active.run.job == job)
    }

    pub(super) fn run_mut(&mut self, job: JobId) -> Option<&mut Active> {
        self.running.iter_mut().find(|active| active.run.job == job)
    }

    pub(super) fn end_run(&mut self, job: JobId) -> Option<Active> {
        let at = self.running.iter().position(|active| active.run.job == job)?;
        Some(self.running.swap_remove(at))
    }

    /// A job that is running.
    pub(super) fn any_run(&self) -> Option<&Active> {
        self.running.first()
    }

    /// The running jobs that watch folders.
    pub(super) fn watching(&self) -> impl Iterator<Item = &Active> {
        self.running.iter().filter(|active| active.watch.is_some())
    }

    /// The running jobs.
    pub(super) fn running(&self) -> Vec<JobId> {
        self.running.iter().map(|active| active.run.job).collect()
    }
}
