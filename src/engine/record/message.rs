//! Messages to the recorder, and a way to wait for its answer.

use crossbeam_channel::{Sender, bounded};

use crate::catalog::{Added, Adding, Catalog};
use crate::engine::item::naming::Target;
use crate::engine::item::outputs::OutputEnd;
use crate::error::{ItemError, JobError};
use crate::model::{Finished, JobId, JobState, NewItem, Outcome};

/// Messages that may be queued; beyond that senders wait, because the disk is the bottleneck.
pub(crate) const RECORDS: usize = 1024;

/// A task for the catalog.
pub(crate) type Task = Box<dyn FnOnce(&mut dyn Catalog) + Send>;

/// Items that could not be added.
pub(crate) struct NotAdded {
    pub(crate) items: Vec<NewItem>,
    pub(crate) error: JobError,
}

/// A message to the recorder.
#[must_use = "it takes effect only once it is sent"]
pub(crate) enum Record {
    /// Items from a source; the result is sent to `added_tx`.
    Items { job: JobId, items: Vec<NewItem>, adding: Adding, added_tx: Sender<Result<Added, Box<NotAdded>>> },
    /// Items of a run were started; the run knows which.
    Started(JobId),
    /// The same, recorded at once; then the function is called. If that fails, the run is paused by then.
    StartedNow(JobId, Box<dyn FnOnce() + Send>),
    /// An item has an outcome, or an output that must be made safe.
    Finished(Box<FinishedItem>),
    /// Any other task for the catalog; runs after everything that was sent before.
    Call(Task),
}

impl Record {
    /// Sets a job's state; nobody waits for it.
    pub(crate) fn state(job: JobId, state: JobState) -> Self {
        Self::Call(Box::new(move |catalog| {
            if let Err(error) = catalog.set_state(job, state) {
                tracing::warn!(%error, "couldn't record a job's state");
            }
        }))
    }
}

/// One of several outputs of a finished item, with the staged file if it has one.
pub(crate) struct FinishedOutput {
    pub(crate) end: OutputEnd,
    pub(crate) target: Option<Target>,
}

/// A finished item, with its staged output if it has one.
pub(crate) struct FinishedItem {
    pub(crate) finished: Finished,
    /// The file of its only output, or, while a batch is recorded, of one of several.
    pub(crate) target: Option<Target>,
    /// Its outputs, if its job has named ones: `finished` is what is recorded of it besides them.
    pub(crate) outputs: Vec<FinishedOutput>,
    /// The number of the output that `target` is.
    pub(super) n: u32,
    /// Its output is not safe, so it is not recorded and waits again.
    pub(super) is_withheld: bool,
}

impl FinishedItem {
    pub(crate) fn new(finished: Finished, target: Option<Target>) -> Self {
        Self { finished, target, outputs: Vec::new(), n: 0, is_withheld: false }
    }

    /// An item with several outputs.
    pub(crate) fn with_outputs(finished: Finished, outputs: Vec<FinishedOutput>) -> Self {
        Self { outputs, ..Self::new(finished, None) }
    }

    /// Whether files are staged for it.
    pub(super) fn has_targets(&self) -> bool {
        self.target.is_some() || self.outputs.iter().any(|output| output.target.is_some())
    }

    /// Its staged files are deleted, and it is not recorded.
    pub(super) fn withhold(&mut self) {
        self.target = None;
        self.outputs.clear();
        self.is_withheld = true;
    }

    /// The item failed after all: its staged file is deleted.
    pub(super) fn fail(&mut self, error: ItemError) {
        let error = match self.target.take() {
            Some(target) => error.named(&target.locator),
            None => error,
        };
        self.finished.outcome = Outcome::Failed(error);
        self.finished.clear_output();
    }

    /// Whether the error is not the item's fault, such as a full disk: the item waits instead of failing.
    pub(super) fn stops_job(&self) -> bool {
        matches!(&self.finished.outcome, Outcome::Failed(error) if error.stops_job())
    }
}

/// Gives the recorder a task and waits for the answer.
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
