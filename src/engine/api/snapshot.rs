//! What faces see: an immutable picture of the engine, replaced at most every 50 ms.

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::Settings;
use crate::error::{ErrorKind, JobError};
use crate::model::{
    Event, JobId, JobRow, JobState, JobSummary, Limits, ListSpec, Progress, Recipe, Remark, Save, SinkSpec,
};

/// How many events a snapshot holds; a face that fell further behind rereads the state.
pub const EVENTS_KEPT: usize = 64;

/// Everything a front end may see except pages of items, thumbnails and previews.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The engine has acted on all commands up to this number (see [`Handle::send`](super::handle::Handle::send)). What a
    /// command starts, such as a job or reading a file, may still be in progress.
    pub commands_included: u64,
    /// The listed job; `None` only before the catalog is open.
    pub current: Option<JobView>,
    /// Another job that is at work while an older one is listed.
    pub running_elsewhere: Option<JobId>,
    /// The history, newest first, drafts left out.
    pub jobs: Arc<[JobEntry]>,
    /// The latest events, oldest first.
    pub events: Arc<[Event]>,
    /// What is remembered.
    pub settings: Settings,
    /// Whether there is an edit to take back.
    pub can_undo: bool,
    /// Whether there is one to do again.
    pub can_redo: bool,
    /// What is wrong with the file of certificate authorities in the settings.
    pub ca_file_fault: Option<CaFileFault>,
    /// Something to tell once, with what to do about it.
    pub notice: Option<Notice>,
}

/// A job of the history.
#[derive(Clone, Debug)]
pub struct JobEntry {
    /// State and counters.
    pub row: JobRow,
    /// What was requested.
    pub summary: Arc<JobSummary>,
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
    /// Where to, as asked.
    pub sink: SinkSpec,
    /// Which columns of its lists are read.
    pub lists: ListSpec,
    /// A draft's lists that have columns, or may have.
    pub list_files: Arc<[ListFile]>,
    /// Its limits.
    pub limits: Limits,
    /// The folder results go to; `None` until there is a source to put one beside.
    pub out_dir: Option<PathBuf>,
    /// How far it is.
    pub progress: Progress,
    /// Where its items come from, with counts.
    pub groups: Arc<[SourceGroup]>,
    /// Failures by kind, the most frequent first.
    pub failures: Arc<[(ErrorKind, u64)]>,
    /// Whether fetching waits for the network.
    pub network_gone: bool,
    /// Hosts whose certificates it does not check.
    pub insecure_hosts: Vec<String>,
    /// Why it paused by itself.
    pub halted: Option<JobError>,
    /// Changes whenever any of its items did: a page that was read under another number is old.
    pub items_revision: u64,
    /// Whether sources are still being read.
    pub counting: bool,
    /// Expected seconds and output bytes of a run, once there is something to go by.
    pub estimate: Option<Estimate>,
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
    /// The column asked for that it doesn't have.
    pub missing: Option<String>,
}

/// Items of one folder or host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceGroup {
    /// Folder path or host name.
    pub label: String,
    /// Whether they are links.
    pub is_links: bool,
    /// Items in all.
    pub total: u64,
    /// Items done.
    pub done: u64,
    /// Items failed.
    pub failed: u64,
}

/// Why a file of certificate authorities can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaFileFault {
    /// There is no such file.
    Missing,
    /// It can't be read, or holds no certificate in PEM.
    NoCertificate,
}

/// Something to tell once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Items were taken off; Undo brings them back.
    Removed(u64),
    /// Sources gave items, some of which were there already.
    Added {
        /// New items.
        added: u64,
        /// Left out as duplicates.
        duplicates: u64,
        /// Whether they are pasted links.
        only_links: bool,
    },
    /// Pasted text held no link and no path.
    NothingToAdd,
    /// A list has not the column that it is to be read by.
    NoColumn {
        /// The list's name.
        list: String,
        /// The column.
        column: String,
    },
    /// A source left something out on purpose.
    Remark(Remark),
    /// Something went wrong.
    Failed(JobError),
}
