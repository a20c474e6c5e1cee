//! Items, jobs and outcomes as the catalog stores them.

pub mod undo;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::columns::Columns;
use super::ids::{ItemId, JobId};
use super::image::Truncated;
use super::job::JobSpec;
use super::locator::Locator;
use super::origin::Origin;
use super::pages::PageNumber;
use super::remark::Remark;
use super::source::SourceSpec;
use super::transfer::Transfer;
use crate::error::{ErrorKind, ItemError};

/// An item's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ItemState {
    /// Not started.
    Waiting,
    /// Started; its `output` may be recorded already.
    Running,
    /// Its output is safe on disk.
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
    /// Not started yet; edited in a window.
    Draft,
    /// Waiting for another job to end.
    Queued,
    /// Running (while its lock is held).
    Running,
    /// Stopped; `resume` continues it.
    Paused,
    /// Cancelled; resumed only by number.
    Cancelled,
    /// Every item has an outcome.
    Done,
}

/// An item from a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewItem {
    /// Where it is.
    pub locator: Locator,
    /// Its folder relative to its source, separated by `/`; empty at the root.
    pub dir: String,
    /// A local file's size in bytes, if known.
    pub size_bytes: Option<u64>,
    /// A local file's modification time, UTC milliseconds.
    pub mtime_ms: Option<i64>,
    /// Who named it.
    pub origin: Origin,
    /// The other columns of its list.
    pub columns: Columns,
    /// Why it can't be processed at all (a missing file, for example): recorded as failed.
    pub error: Option<ItemError>,
    /// The number of the first item with the same link.
    pub repeats: Option<u64>,
    /// The file that it leads to, if it is a link in a folder.
    pub link_target: Option<PathBuf>,
}

impl NewItem {
    /// The same for one page of its document.
    #[must_use]
    pub fn at_page(&self, page: PageNumber) -> Self {
        Self { locator: self.locator.at_page(page), ..self.clone() }
    }

    /// An item about which only its location is known.
    pub fn new(locator: Locator) -> Self {
        Self {
            locator,
            dir: String::new(),
            size_bytes: None,
            mtime_ms: None,
            origin: Origin::User,
            columns: Columns::default(),
            error: None,
            repeats: None,
            link_target: None,
        }
    }
}

/// Which failed items are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FailureFilter {
    /// Failures of these kinds; empty with `statuses` means all.
    pub kinds: Vec<ErrorKind>,
    /// Failures with these HTTP statuses. They narrow [`ErrorKind::HttpStatus`], if `kinds` has it as well.
    pub statuses: Vec<u16>,
}

impl FailureFilter {
    /// Every failure.
    pub const ALL: Self = Self { kinds: Vec::new(), statuses: Vec::new() };

    /// Failures of one kind.
    pub fn kind(kind: ErrorKind) -> Self {
        Self { kinds: vec![kind], statuses: Vec::new() }
    }

    /// Whether every failure is meant.
    pub fn is_all(&self) -> bool {
        self.kinds.is_empty() && self.statuses.is_empty()
    }

    /// All failures of these kinds are meant.
    pub fn whole_kinds(&self) -> impl Iterator<Item = ErrorKind> {
        self.kinds.iter().copied().filter(|kind| *kind != ErrorKind::HttpStatus || self.statuses.is_empty())
    }

    /// Whether a failure of this kind, with this status, is meant. Rows without a valid link never are: a retry can't
    /// change them.
    pub fn matches(&self, kind: ErrorKind, http_status: Option<u16>) -> bool {
        if kind == ErrorKind::BadUrl {
            return false;
        }
        let has_status = http_status.is_some_and(|status| self.statuses.contains(&status));
        self.is_all() || has_status || self.whole_kinds().any(|meant| meant == kind)
    }
}

/// What happened to an item.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Its output is safe on disk under this path.
    Done {
        /// The output's path as text (see `Locator::to_text`).
        output: String,
    },
    /// It failed.
    Failed(ItemError),
    /// Left out by policy.
    Skipped {
        /// Why, as a code.
        reason: SkipReason,
        /// Why, as an English sentence.
        sentence: String,
    },
}

/// Why an item was skipped: the catalog's `reason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SkipReason {
    /// It repeats an earlier line of its list.
    Duplicate,
    /// The link has not changed since an earlier job fetched it.
    Unchanged,
    /// A file with its output's name exists.
    Exists,
    /// The publisher does not allow it to be fetched.
    Declined,
    /// It had failed, and the user chose to skip it.
    Chosen,
    /// Its job was undone: its result is in the trash.
    Undone,
}

/// One output of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemOutput {
    /// The output's number in its job, from 0.
    pub n: u32,
    /// The output's name.
    pub name: String,
    /// The file's path as text.
    pub path: Option<String>,
    /// The file's size.
    pub bytes: u64,
    /// Width in px.
    pub width_px: Option<u32>,
    /// Height in px.
    pub height_px: Option<u32>,
    /// SHA-256 of the file's bytes.
    pub hash: Option<String>,
    /// What happened to it.
    pub state: ItemState,
    /// Why it failed, as an English sentence.
    pub error: Option<String>,
}

/// Everything the catalog records of a finished item.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// Which item.
    pub id: ItemId,
    /// What happened.
    pub outcome: Outcome,
    /// Bytes read (of the file or response body).
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
    /// Number of attempts.
    pub attempts: u32,
    /// How long it took.
    pub timings: Timings,
    /// How much of a truncated file was there, if it was saved nevertheless; kept in the catalog's `extra`.
    pub truncation: Option<Truncated>,
    /// Remarks about the result; kept in the catalog's `extra`.
    pub remarks: Vec<Remark>,
    /// How a link was transferred; kept in the catalog's `extra`.
    pub transfer: Option<Transfer>,
    /// The input's width and height in px, if it was decoded.
    pub input_size_px: Option<(u32, u32)>,
    /// The item's outputs, if its job has several; for a skipped item, the file that exists. Otherwise the other fields
    /// describe the only output.
    pub outputs: Vec<ItemOutput>,
}

/// How long the stages of an item took, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// Fetching, including all attempts.
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
    /// Its folder relative to its source.
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
    /// Number of attempts.
    pub attempts: u32,
    /// How long it took.
    pub timings: Timings,
    /// When it ended, UTC milliseconds.
    pub finished_at_ms: Option<i64>,
    /// A local input's size in bytes.
    pub size_bytes: Option<u64>,
    /// A local input's modification time, UTC milliseconds.
    pub mtime_ms: Option<i64>,
    /// Why it was skipped.
    pub reason: Option<SkipReason>,
    /// The input's width and height in px, if it was decoded.
    pub input_size_px: Option<(u32, u32)>,
    /// Remarks about its result.
    pub remarks: Vec<Remark>,
    /// Who named it.
    pub origin: Origin,
    /// The other columns of its list.
    pub columns: Columns,
    /// The number of the first item with the same link.
    pub repeats: Option<u64>,
    /// Whether it was processed before and is, or was, processed again.
    pub is_retried: bool,
    /// The file name in the response, if it differs from the link's own.
    pub response_name: Option<String>,
}

/// A row of the job table: state and counters, without the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRow {
    /// Which job.
    pub id: JobId,
    /// When it was created, UTC milliseconds.
    pub created_at_ms: i64,
    /// Its state.
    pub state: JobState,
    /// Items that sources have given so far.
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
    /// When it first ran, UTC milliseconds.
    pub started_at_ms: Option<i64>,
    /// Since when it has been running, UTC milliseconds.
    pub running_since_ms: Option<i64>,
    /// How long it ran before that, in milliseconds, without pauses.
    pub worked_ms: u64,
}

impl JobRow {
    /// How long it has been running at a time (UTC milliseconds), in seconds.
    pub fn worked_s(&self, now_ms: i64) -> f64 {
        let since = self.running_since_ms.filter(|_| self.state == JobState::Running);
        let now = since.map_or(0, |since| now_ms.saturating_sub(since).max(0));
        (self.worked_ms as f64 + now as f64) / 1000.0
    }

    /// Whether it has ended, and is not continued unless someone asks for it.
    pub const fn is_finished(&self) -> bool {
        matches!(self.state, JobState::Done | JobState::Cancelled)
    }

    /// The job's name as the owner of files, which no job of another catalog has.
    pub fn owner(&self) -> String {
        format!("{}-{}", self.id, self.created_at_ms)
    }
}

/// What lists of jobs show of a job.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobSummary {
    /// The request, without its sources.
    pub request: JobSpec,
    /// The first source.
    pub first_source: Option<SourceSpec>,
    /// Number of sources.
    pub sources: u64,
}

/// A word in the catalog that this version doesn't know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown state \"{0}\"")]
pub struct UnknownState(pub String);

impl ItemState {
    /// Every state, in the order of work.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Running, Self::Done, Self::Failed, Self::Skipped];

    /// The word in the catalog.
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

    /// The word in the catalog.
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

impl SkipReason {
    /// Every reason.
    pub const ALL: [Self; 6] =
        [Self::Duplicate, Self::Unchanged, Self::Exists, Self::Declined, Self::Chosen, Self::Undone];

    /// The word in the catalog.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::Unchanged => "unchanged",
            Self::Exists => "exists",
            Self::Declined => "declined",
            Self::Chosen => "chosen",
            Self::Undone => "undone",
        }
    }

    /// The reason of a word; `None` if this version doesn't know it.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.word() == word)
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
    /// An outcome without further details.
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
            input_size_px: None,
            outputs: Vec::new(),
        }
    }

    /// Whether its values are those of a result that was there before, so that nothing was read for it.
    pub fn is_from_before(&self) -> bool {
        let Outcome::Skipped { reason, .. } = &self.outcome else { return false };
        matches!(reason, SkipReason::Unchanged | SkipReason::Duplicate) || self.attempts == 0
    }

    /// Clears the details of an output that was not written.
    pub fn clear_output(&mut self) {
        self.bytes_out = 0;
        self.width_px = None;
        self.height_px = None;
        self.output_hash = None;
        self.outputs.clear();
    }
}

impl ItemOutput {
    /// One about which nothing is known.
    pub const fn none() -> Self {
        Self {
            n: 0,
            name: String::new(),
            path: None,
            bytes: 0,
            width_px: None,
            height_px: None,
            hash: None,
            state: ItemState::Waiting,
            error: None,
        }
    }

    /// A file that exists already and is kept, so that its item is skipped.
    pub fn existing(path: &Path) -> Self {
        let path = Some(Locator::File(path.to_path_buf()).to_text());
        Self { path, state: ItemState::Skipped, ..Self::none() }
    }
}

impl ItemRow {
    /// The row of an item that was just added.
    pub fn waiting(id: ItemId, item: NewItem) -> Self {
        Self {
            id,
            locator: item.locator,
            dir: item.dir,
            state: ItemState::Waiting,
            output: None,
            error: item.error,
            http_status: None,
            content_type: None,
            bytes_in: 0,
            bytes_out: 0,
            width_px: None,
            height_px: None,
            hash: None,
            output_hash: None,
            attempts: 0,
            timings: Timings::default(),
            finished_at_ms: None,
            size_bytes: item.size_bytes,
            mtime_ms: item.mtime_ms,
            reason: None,
            input_size_px: None,
            remarks: Vec::new(),
            origin: item.origin,
            columns: item.columns,
            repeats: item.repeats,
            is_retried: false,
            response_name: None,
        }
    }
}
