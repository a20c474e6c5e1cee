//! Undo, redo and checks of jobs: one at a time, on a thread of its own, while the job's lock is held.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crossbeam_channel::{Receiver, bounded};

use super::Coordinator;
use crate::catalog::JobLock;
use crate::engine::api::undo::{UndoKind, UndoTally, UndoView};
use crate::engine::run::named;
use crate::engine::undo::{self, Progress};
use crate::error::JobError;
use crate::model::{JobId, Message};

/// The undo that runs, the one that waits for its end, and what became of the last one.
#[derive(Default)]
pub(super) struct UndoSlot {
    running: Option<Running>,
    next: Option<(JobId, UndoKind)>,
    last: Option<UndoView>,
}

struct Running {
    job: JobId,
    kind: UndoKind,
    leaves_rows: bool,
    progress: Arc<Progress>,
    ended_rx: Receiver<Result<bool, JobError>>,
    thread: std::thread::JoinHandle<()>,
    lock: JobLock,
}

impl UndoSlot {
    pub(super) fn is_idle(&self) -> bool {
        self.running.is_none() && self.next.is_none()
    }

    /// What front ends see of it.
    pub(super) fn view(&self) -> Option<UndoView> {
        match &self.running {
            Some(running) => Some(running.view(None)),
            None => self.last.clone(),
        }
    }
}

impl Running {
    fn view(&self, end: Option<Result<bool, JobError>>) -> UndoView {
        UndoView {
            job: self.job,
            kind: self.kind,
            leaves_rows: self.leaves_rows,
            tally: self.progress.tally(),
            examples: self.progress.examples().into(),
            end,
        }
    }
}

impl Coordinator {
    /// Starts to undo, redo or check a job. A check that runs is stopped for it; anything else ends first.
    pub(super) fn undo_job(&mut self, job: JobId, kind: UndoKind) {
        if let Some(running) = &self.undo.running {
            if running.kind == UndoKind::Check {
                running.progress.stop();
            }
            self.undo.next = Some((job, kind));
            return;
        }
        self.undo.last = None;
        if let Err(error) = self.begin_undo(job, kind) {
            let end = Some(Err(error));
            let (tally, examples) = (UndoTally::default(), Arc::new([]) as Arc<[_]>);
            self.undo.last = Some(UndoView { job, kind, leaves_rows: false, tally, examples, end });
        }
    }

    fn begin_undo(&mut self, job: JobId, kind: UndoKind) -> Result<(), JobError> {
        const PANICKED: Message = Message::new("disk_panic");
        self.parts.reader.job(job)?.ok_or_else(|| JobError::no_job(job))?;
        if self.queue.contains(job) {
            return Err(JobError::Locked(job));
        }
        let lock = self.lock(job)?.ok_or(JobError::Locked(job))?;
        let leaves_rows = self.parts.reader.request(job)?.is_some_and(|request| request.leaves_rows());
        let progress = Arc::<Progress>::default();
        let (readers, record_tx) = (self.parts.readers.clone(), self.parts.record_tx.clone());
        let (ended_tx, ended_rx) = bounded(1);
        let shared = Arc::clone(&progress);
        let thread = named("pixloom-undo", move || {
            let work = AssertUnwindSafe(|| undo::run(job, kind, &readers, record_tx, shared));
            let _ = ended_tx.send(catch_unwind(work).unwrap_or(Err(JobError::Machine(PANICKED))));
        })?;
        self.undo.running = Some(Running { job, kind, leaves_rows, progress, ended_rx, thread, lock });
        Ok(())
    }

    /// Stops the undo that runs; what is done so far stays done. One that has ended is not shown any more.
    pub(super) fn stop_undo(&mut self) {
        self.undo.next = None;
        match &self.undo.running {
            Some(running) => running.progress.stop(),
            None => self.undo.last = None,
        }
    }

    /// Takes the end of the undo that runs, and starts the next one.
    pub(super) fn tick_undo(&mut self) {
        let Some(running) = &self.undo.running else { return };
        let Ok(end) = running.ended_rx.try_recv() else { return };
        let Some(running) = self.undo.running.take() else { return };
        self.undo.last = Some(running.view(Some(end)));
        let Running { thread, lock, .. } = running;
        let _ = thread.join();
        drop(lock);
        // The lock is released before the end is shown.
        self.bump();
        self.reread_listed();
        if let Some((job, kind)) = self.undo.next.take().filter(|_| !self.quitting) {
            self.undo_job(job, kind);
        }
    }
}
