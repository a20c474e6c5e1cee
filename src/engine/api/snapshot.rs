//! What front ends see: an immutable snapshot of the engine, replaced at most every 50 ms.

use std::path::PathBuf;
use std::sync::Arc;

use super::undo::UndoView;
use crate::config::Settings;
use crate::engine::prune::Pruned;
use crate::error::{ErrorKind, JobError};
use crate::model::{
    Event, ItemId, JobId, JobRow, JobState, JobSummary, Limits, ListSpec, Message, NetworkFile, Output, Progress,
    QuerySpec, Recipe, Remark, Save, SinkSpec, WriteBackSpec,
};

/// Number of events in a snapshot; a front end that fell further behind reads the state instead.
pub const EVENTS_KEPT: usize = 64;

/// Everything a front end may see except pages of items, thumbnails and previews.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The engine has acted on all commands up to this number (see [`Handle::send`](super::handle::Handle::send)). What a
    /// command starts, such as a job or reading a file, may still be in progress; so may a change of the catalog while the
    /// disk is slow.
    pub commands_included: u64,
    /// The listed job; `None` until the catalog is open.
    pub current: Option<JobView>,
    /// Another job that is running.
    pub running_elsewhere: Option<JobId>,
    /// The jobs that watch folders, as they were started.
    pub watches: Arc<[WatchView]>,
    /// The command line that was asked for last.
    pub copied: Option<Arc<CopiedCommand>>,
    /// The clean-up of the history that runs, or ended last.
    pub clean_up: CleanUp,
    /// The latest events, oldest first.
    pub events: Arc<[Event]>,
    /// The settings.
    pub settings: Settings,
    /// Whether there is an edit to undo.
    pub can_undo: bool,
    /// Whether there is an edit to redo.
    pub can_redo: bool,
    /// What is wrong with files that the network settings name.
    pub network_faults: Arc<[NetworkFault]>,
    /// The undo of a job that runs, or that ran last.
    pub undo: Option<UndoView>,
    /// Something to report once.
    pub notice: Option<Notice>,
    /// Why the catalog can't be used for now; nothing is lost.
    pub catalog_fault: Option<JobError>,
    /// How often a later start of the program has called for the window.
    pub raised: u64,
}

/// A job that watches folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchView {
    /// State and counters.
    pub row: JobRow,
    /// Its folders.
    pub folders: Vec<String>,
    /// Whether new files only wait.
    pub is_paused: bool,
    /// Whether one of its folders is not there.
    pub is_gone: bool,
}

/// A job of the history.
#[derive(Clone, Debug)]
pub struct JobEntry {
    /// State and counters.
    pub row: JobRow,
    /// Whether results of it are in the trash, from where redo brings them back.
    pub can_redo: bool,
    /// What was requested.
    pub summary: Arc<JobSummary>,
    /// The items whose results it made first.
    pub results: Arc<[ItemId]>,
}

/// A command line that repeats a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopiedCommand {
    /// Increases with every one.
    pub number: u64,
    /// The line.
    pub text: String,
}

/// Whether jobs are being deleted from the history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CleanUp {
    /// They are not.
    #[default]
    None,
    /// They are.
    Running,
    /// These were.
    Done(Pruned),
}

/// The listed job.
#[derive(Clone, Debug)]
pub struct JobView {
    /// Which job.
    pub id: JobId,
    /// Its state.
    pub state: JobState,
    /// Its recipe.
    pub recipe: Recipe,
    /// How it saves.
    pub save: Save,
    /// Its outputs; one without a name if there are no several.
    pub outputs: Vec<Output>,
    /// Where results go, as requested.
    pub sink: SinkSpec,
    /// Which columns of its lists are used.
    pub lists: ListSpec,
    /// Into which table its results are written.
    pub write_back: Option<WriteBackSpec>,
    /// Which statements it runs, if it is a query job.
    pub query: Option<Arc<QuerySpec>>,
    /// Whether results of it are in the trash, from where redo brings them back.
    pub can_redo: bool,
    /// A draft's lists that have columns, or may have.
    pub list_files: Arc<[ListFile]>,
    /// Its limits.
    pub limits: Limits,
    /// The folder results go to; `None` until there is a source to put one beside.
    pub out_dir: Option<PathBuf>,
    /// Its progress.
    pub progress: Progress,
    /// Where its items come from, with counts.
    pub groups: Arc<[SourceGroup]>,
    /// Failures by kind, the most frequent first.
    pub failures: Arc<[(ErrorKind, u64)]>,
    /// Rows that a database refused, by its message, the most frequent first; of very many, the first ones.
    pub rejections: Arc<[RejectionGroup]>,
    /// Whether fetching is waiting for the network.
    pub network_gone: bool,
    /// Hosts whose certificates it does not check.
    pub insecure_hosts: Vec<String>,
    /// Why it paused by itself.
    pub halted: Option<JobError>,
    /// Changes whenever an item has changed: a page with another number is outdated.
    pub items_revision: u64,
    /// Whether sources are still being read.
    pub counting: bool,
    /// Expected cost of a run, if there is an earlier job to estimate it from.
    pub estimate: Option<Estimate>,
    /// A draft's warning that its results will probably not fit on the disk.
    pub low_space: Option<Remark>,
}

/// Expected cost of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Seconds.
    pub seconds: f64,
    /// Bytes of all outputs.
    pub bytes_out: u64,
}

/// A list with columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListFile {
    /// Its path.
    pub path: PathBuf,
    /// Its columns; `None` if it can't be read.
    pub columns: Option<Vec<String>>,
    /// The requested column that it doesn't have.
    pub missing: Option<String>,
}

/// Rows that a database refused for one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RejectionGroup {
    /// The message of the database.
    pub message: String,
    /// Their number.
    pub count: u64,
    /// The keys of some of them.
    pub keys: Vec<String>,
}

/// Items of one folder or host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceGroup {
    /// Folder path or host name.
    pub label: String,
    /// Whether they are links.
    pub is_links: bool,
    /// Total number of items.
    pub total: u64,
    /// Items done.
    pub done: u64,
    /// Items failed.
    pub failed: u64,
}

/// A file that the network settings name and that can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkFault {
    /// Which file.
    pub file: NetworkFile,
    /// Whether there is no such file; otherwise it can't be read, or has other content.
    pub is_missing: bool,
}

/// Something to report once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Items were removed; Undo restores them.
    Removed(u64),
    /// Sources were read.
    Added {
        /// New items.
        added: u64,
        /// Left out as duplicates.
        duplicates: u64,
        /// Whether they are pasted links.
        only_links: bool,
    },
    /// A job was removed from the history; Undo restores it.
    JobDeleted(JobId),
    /// Jobs were deleted from the history.
    CleanedUp(Pruned),
    /// The command line that repeats a job was copied; how the new job may differ.
    CommandCopied(JobId, Vec<Message>),
    /// The pasted text contains no link and no path.
    NothingToAdd,
    /// A list lacks a requested column.
    NoColumn {
        /// The list's name.
        list: String,
        /// The column.
        column: String,
    },
    /// A source left something out intentionally.
    Remark(Remark),
    /// Something went wrong.
    Failed(JobError),
}
