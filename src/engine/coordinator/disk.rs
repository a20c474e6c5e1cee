//! Disk work for the coordinator, which never waits for a disk itself: the work runs on a named thread, and what follows
//! from its result runs on the coordinator.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::Coordinator;
use crate::engine::run::named;
use crate::error::JobError;
use crate::model::Message;

/// Tasks that may wait for a disk, and replies that may wait for the coordinator.
const MAX_QUEUED: usize = 256;

/// A disk that may be slow or stuck while the others work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disk {
    /// Settings, secrets and recipes, and what is read of sources before they become items.
    Settings,
    /// Output folders.
    Output,
    /// The history: what reads or deletes many rows of the catalog.
    History,
}

/// What the coordinator does with a task's result.
pub(crate) type Reply = Box<dyn FnOnce(&mut Coordinator) -> Result<(), JobError> + Send>;
type Task = Box<dyn FnOnce() -> Reply + Send>;

/// Called before each task; tests use it to stall a disk.
pub(crate) type BeforeTask = Arc<dyn Fn(Disk) + Send + Sync>;

/// The queues of the threads that do disk work, one for each [`Disk`]. The threads end when this is dropped and their
/// tasks are done.
pub(crate) struct DiskWorkers {
    settings: Sender<Task>,
    output: Sender<Task>,
    history: Sender<Task>,
}

/// What starting the threads gives.
pub(crate) struct StartedWorkers {
    pub(crate) workers: DiskWorkers,
    /// Where replies arrive.
    pub(crate) reply_rx: Receiver<Reply>,
    pub(crate) threads: Vec<JoinHandle<()>>,
}

impl DiskWorkers {
    /// Starts the threads.
    pub(crate) fn start(before_task: Option<&BeforeTask>) -> Result<StartedWorkers, JobError> {
        let (reply_tx, reply_rx) = bounded(MAX_QUEUED);
        let start = |name: &str, disk: Disk| {
            let (task_tx, task_rx) = bounded::<Task>(MAX_QUEUED);
            let (reply_tx, before_task) = (reply_tx.clone(), before_task.cloned());
            let thread = named(name, move || {
                for task in task_rx {
                    if let Some(before_task) = &before_task {
                        before_task(disk);
                    }
                    // Without a coordinator, nobody needs the reply.
                    let _ = reply_tx.send(task());
                }
            })?;
            Ok::<_, JobError>((task_tx, thread))
        };
        let (settings, settings_thread) = start("pixloom-settings", Disk::Settings)?;
        let (output, output_thread) = start("pixloom-output", Disk::Output)?;
        let (history, history_thread) = start("pixloom-history", Disk::History)?;
        let workers = Self { settings, output, history };
        Ok(StartedWorkers { workers, reply_rx, threads: vec![settings_thread, output_thread, history_thread] })
    }
}

impl Coordinator {
    /// Runs `work` on a disk's thread, then `then` with its result on this one.
    pub(super) fn on_disk<T: Send + 'static>(
        &mut self,
        disk: Disk,
        work: impl FnOnce() -> Result<T, JobError> + Send + 'static,
        then: impl FnOnce(&mut Self, Result<T, JobError>) -> Result<(), JobError> + Send + 'static,
    ) {
        const PANICKED: Message = Message::new("disk_panic");
        const STUCK: Message = Message::new("disk_stuck");
        let task_tx = match disk {
            Disk::Settings => &self.parts.disks.settings,
            Disk::Output => &self.parts.disks.output,
            Disk::History => &self.parts.disks.history,
        };
        // Nobody else sends tasks, so the queue can't fill up after this.
        if task_tx.is_full() {
            if let Err(error) = then(self, Err(JobError::Machine(STUCK))) {
                self.report(&error);
            }
            return;
        }
        let task: Task = Box::new(move || {
            let result = catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(JobError::Machine(PANICKED)));
            Box::new(move |coordinator: &mut Self| then(coordinator, result))
        });
        let _ = task_tx.try_send(task);
    }
}
