//! Items and jobs as the catalog keeps them, and what became of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::columns::Columns;
use super::ids::{ItemId, JobId};
use super::image::Truncated;
use super::job::JobSpec;
use super::locator::Locator;
use super::origin::Origin;
use super::remark::Remark;
use super::transfer::Transfer;
use crate::error::ItemError;

/// An item's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ItemState {
    /// Not begun.
    Waiting,
    /// Begun; its `output` may be noted already.
    Running,
    /// Its file is safe.
    Done,
    /// It failed; `error_kind` says why.
    Failed,
    /// Left out by policy.
    Skipped,
}

/// A job's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// What a window lists before Start.
    Draft,
    /// Waiting for another job to end.
    Queued,
    /// At work (while its lock is held).
    Running,
    /// Stopped; `resume` takes it up.
    Paused,
    /// Given up; resumes only when named.
    Cancelled,
    /// Every item has an outcome.
    Done,
}

/// An item that a source gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewItem {
    /// Where it is.
    pub locator: Locator,
    /// The folder below its source's root, with `/` between parts, empty at the root.
    pub dir: String,
    /// A local file's size in bytes, where it was seen.
    pub size_bytes: Option<u64>,
    /// A local file's time of change, UTC milliseconds.
    pub mtime_ms: Option<i64>,
    /// Who named it.
    pub origin: Origin,
    /// What else its list says of it.
    pub columns: Columns,
    /// Why it can't even be begun (a missing file, say): recorded as failed at once.
    pub error: Option<ItemError>,
    /// Why it is not to be done (the same link stands above in its list, say): recorded as skipped at once.
    pub skip: Option<String>,
}

impl NewItem {
    /// An item of which nothing is known but where it is.
    pub fn new(locator: Locator) -> Self {
        Self {
            locator,
            dir: String::new(),
            size_bytes: None,
            mtime_ms: None,
            origin: Origin::User,
            columns: Columns::default(),
            error: None,
            skip: None,
        }
    }
}

/// What happened to an item that was worked on.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Its file is safe, under this path.
    Done {
        /// The output's path as text (see `Locator::to_text`).
        output: String,
    },
    /// It failed.
    Failed(ItemError),
    /// Left out by policy; the reason is an English sentence.
    Skipped {
        /// Why.
        reason: String,
    },
}

/// Everything the catalog records of a finished item.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// Which item.
    pub id: ItemId,
    /// What happened.
    pub outcome: Outcome,
    /// Bytes read (of the file, or of the body).
    pub bytes_in: u64,
    /// Bytes of the output.
    pub bytes_out: u64,
    /// The output's width in px.
    pub width_px: Option<u32>,
    /// The output's height in px.
    pub height_px: Option<u32>,
    /// SHA-256 of the input's bytes, lower-case hex.
    pub hash: Option<String>,
    /// SHA-256 of the output's bytes, lower-case hex.
    pub output_hash: Option<String>,
    /// Status of the last response.
    pub http_status: Option<u16>,
    /// Content type of the response, or the sniffed one of a file.
    pub content_type: Option<String>,
    /// The response's ETag.
    pub etag: Option<String>,
    /// The response's Last-Modified.
    pub last_modified: Option<String>,
    /// How often it was tried.
    pub attempts: u32,
    /// How long things took.
    pub timings: Timings,
    /// How much was there of a file that ends early, and was saved all the same; stands in the catalog's `extra`.
    pub truncation: Option<Truncated>,
    /// What was left out of it; stands in the catalog's `extra`.
    pub remarks: Vec<Remark>,
    /// How a link's bytes came; stands in the catalog's `extra`.
    pub transfer: Option<Transfer>,
}

/// How long an item's parts took, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// Fetching, all attempts together.
    pub fetch_ms: u64,
    /// Decoding, operations and encoding.
    pub process_ms: u64,
}

/// A row of the item table.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemRow {
    /// Which item.
    pub id: ItemId,
    /// Where it is.
    pub locator: Locator,
    /// The folder below its source's root.
    pub dir: String,
    /// Its state.
    pub state: ItemState,
    /// The output's path as text.
    pub output: Option<String>,
    /// Why it failed.
    pub error: Option<ItemError>,
    /// Status of the last response.
    pub http_status: Option<u16>,
    /// Content type.
    pub content_type: Option<String>,
    /// Bytes read.
    pub bytes_in: u64,
    /// Bytes of the output.
    pub bytes_out: u64,
    /// The output's width in px.
    pub width_px: Option<u32>,
    /// The output's height in px.
    pub height_px: Option<u32>,
    /// SHA-256 of the input's bytes.
    pub hash: Option<String>,
    /// SHA-256 of the output's bytes.
    pub output_hash: Option<String>,
    /// How often it was tried.
    pub attempts: u32,
    /// How long things took.
    pub timings: Timings,
    /// When it ended, UTC milliseconds.
    pub finished_at_ms: Option<i64>,
    /// A local input's size in bytes.
    pub size_bytes: Option<u64>,
    /// A local input's time of change, UTC milliseconds.
    pub mtime_ms: Option<i64>,
    /// What was left out of its result.
    pub remarks: Vec<Remark>,
    /// Who named it.
    pub origin: Origin,
    /// What else its list says of it.
    pub columns: Columns,
}

/// A row of the job table.
#[derive(Clone, Debug, PartialEq)]
pub struct JobRow {
    /// Which job.
    pub id: JobId,
    /// When it was made, UTC milliseconds.
    pub created_at_ms: i64,
    /// Its state.
    pub state: JobState,
    /// What was asked for.
    pub spec: JobSpec,
    /// Items, as far as sources have given them.
    pub total: u64,
    /// Items done.
    pub done: u64,
    /// Items failed.
    pub failed: u64,
    /// Items skipped.
    pub skipped: u64,
    /// Bytes read.
    pub bytes_in: u64,
    /// Bytes written.
    pub bytes_out: u64,
    /// When it ended, UTC milliseconds.
    pub finished_at_ms: Option<i64>,
}

/// A word in the catalog that this program doesn't know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown state \"{0}\"")]
pub struct UnknownState(pub String);

impl ItemState {
    /// Every state, in the order of work.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Running, Self::Done, Self::Failed, Self::Skipped];

    /// The word the catalog keeps.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

impl JobState {
    /// Every state.
    pub const ALL: [Self; 6] = [Self::Draft, Self::Queued, Self::Running, Self::Paused, Self::Cancelled, Self::Done];

    /// The word the catalog keeps.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Cancelled => "cancelled",
            Self::Done => "done",
        }
    }
}

impl FromStr for ItemState {
    type Err = UnknownState;
    fn from_str(text: &str) -> Result<Self, UnknownState> {
        Self::ALL.into_iter().find(|state| state.word() == text).ok_or_else(|| UnknownState(text.to_owned()))
    }
}

impl FromStr for JobState {
    type Err = UnknownState;
    fn from_str(text: &str) -> Result<Self, UnknownState> {
        Self::ALL.into_iter().find(|state| state.word() == text).ok_or_else(|| UnknownState(text.to_owned()))
    }
}

impl fmt::Display for ItemState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Finished {
    /// An outcome about which nothing else is known yet.
    pub fn new(id: ItemId, outcome: Outcome) -> Self {
        Self {
            id,
            outcome,
            bytes_in: 0,
            bytes_out: 0,
            width_px: None,
            height_px: None,
            hash: None,
            output_hash: None,
            http_status: None,
            content_type: None,
            etag: None,
            last_modified: None,
            attempts: 1,
            timings: Timings::default(),
            truncation: None,
            remarks: Vec::new(),
            transfer: None,
        }
    }

    /// Takes back what was said of an output that did not come to be.
    pub fn clear_output(&mut self) {
        self.bytes_out = 0;
        self.width_px = None;
        self.height_px = None;
        self.output_hash = None;
    }
}
