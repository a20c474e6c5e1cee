//! What front ends see of the undo of a job's results.

use std::sync::Arc;

use crate::error::JobError;
use crate::model::{JobId, Stay};

/// Files that a front end gets to name as examples; all of them are in the catalog.
pub const EXAMPLES: usize = 5;

/// What is done with a job's results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UndoKind {
    /// Nothing: what undo would do is counted.
    Check,
    /// They go to the trash, and files that they replaced come back.
    Undo,
    /// They come back.
    Redo,
}

/// The undo, redo or check that runs, or that ran last.
#[derive(Clone, Debug)]
pub struct UndoView {
    /// Which job.
    pub job: JobId,
    /// What is done.
    pub kind: UndoKind,
    /// Whether the job wrote rows into a database, which stay as they are.
    pub leaves_rows: bool,
    /// How far it is.
    pub tally: UndoTally,
    /// Some of the files that stay, by path.
    pub examples: Arc<[(String, Stay)]>,
    /// How it ended: whether it was complete, not cancelled. `None` while it runs.
    pub end: Option<Result<bool, JobError>>,
}

/// Counts of an undo, redo or check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UndoTally {
    /// Results that it deals with.
    pub total: u64,
    /// Those that it has dealt with.
    pub done: u64,
    /// Results that were moved to the trash, or brought back by redo.
    pub moved: u64,
    /// Results and replaced files that stay where they are.
    pub stayed: u64,
    /// Files that results had replaced and that were brought back, or moved to the trash again by redo.
    pub replaced: u64,
    /// Files that results replaced without `--trash`: nothing can bring them back.
    pub lost: u64,
    /// Empty folders that were removed.
    pub folders: u64,
}
