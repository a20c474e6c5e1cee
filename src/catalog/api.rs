//! What a catalog can be asked, whichever database stands behind it.

use std::sync::Arc;

use crate::error::{ErrorKind, JobError};
use crate::model::{Finished, ItemId, ItemRow, ItemState, JobId, JobRow, JobSpec, JobState, NewItem};

/// The writing side: one owner, and every call is one transaction that is safe on disk when it returns.
pub trait Catalog: Send {
    /// A new job.
    fn create_job(&mut self, spec: &JobSpec, state: JobState) -> Result<JobId, JobError>;

    /// What is asked for has changed.
    fn set_spec(&mut self, job: JobId, spec: &JobSpec) -> Result<(), JobError>;

    /// A job's state; `done` and `cancelled` set `finished_at`, any other takes it back.
    /// A draft becomes a job now: its time starts here, not when the first picture was listed.
    fn set_state(&mut self, job: JobId, state: JobState) -> Result<(), JobError>;

    /// Items that a source gave, from `first_seq` on (see [`CatalogReader::next_seq`]): waiting, or failed where they
    /// come with an error.
    fn add_items(&mut self, job: JobId, first_seq: u64, items: &[NewItem], adding: &Adding) -> Result<Added, JobError>;

    /// The next free place of a job; places of removed items are never given again.
    fn next_seq(&mut self, job: JobId) -> Result<u64, JobError>;

    /// Every source has ended: a resume need not read them again. `false` takes it back (a source was added).
    fn set_counted(&mut self, job: JobId, counted: bool) -> Result<(), JobError>;

    /// These waiting items are being worked on.
    fn set_running(&mut self, job: JobId, seqs: &[u64]) -> Result<(), JobError>;

    /// These running items are not worked on after all; a noted output is forgotten.
    fn set_waiting(&mut self, job: JobId, seqs: &[u64]) -> Result<(), JobError>;

    /// Where each of these is about to appear, the SHA-256 of its bytes, and all that is to be told of it once it is
    /// done; they are still running. Anything but `Outcome::Done` is passed over.
    fn record_outputs(&mut self, noted: &[&Finished]) -> Result<(), JobError>;

    /// What became of these items, and their jobs' counters. Telling the same again changes nothing. Of an output that
    /// was noted nothing is to differ now.
    fn finish(&mut self, finished: &[&Finished]) -> Result<(), JobError>;

    /// After a job was cut off: running items without a noted output wait again; those with one are returned (in
    /// order), still running, for the caller to adopt (`finish`) or to give back (`set_waiting`).
    fn requeue_running(&mut self, job: JobId) -> Result<Vec<ItemRow>, JobError>;

    /// Failed items wait again: all, of one kind, or these. Returns how many.
    fn retry(&mut self, job: JobId, kind: Option<ErrorKind>, seqs: Option<&[u64]>) -> Result<u64, JobError>;

    /// These failed items are skipped instead. Returns how many were.
    fn skip_failed(&mut self, job: JobId, seqs: &[u64]) -> Result<u64, JobError>;

    /// Takes items off a job; what is returned brings them back. Items being worked on stay.
    fn remove_items(&mut self, job: JobId, seqs: &[u64]) -> Result<Vec<(u64, NewItem)>, JobError>;

    /// Brings removed items back to their places.
    fn restore_items(&mut self, job: JobId, items: &[(u64, NewItem)]) -> Result<(), JobError>;

    /// Forgets a draft and its items; any other job is history and stays (an error).
    fn delete_job(&mut self, job: JobId) -> Result<(), JobError>;
}

/// The reading side: a connection of its own, which sees each transaction whole and never waits for a writer.
///
/// A job whose process was killed still says running in its table; since nobody holds its lock, readers tell it as what
/// it is: paused.
pub trait CatalogReader: Send {
    /// Jobs, newest first, drafts included.
    fn jobs(&self, limit: u32) -> Result<Vec<JobRow>, JobError>;

    /// One job.
    fn job(&self, job: JobId) -> Result<Option<JobRow>, JobError>;

    /// The newest draft.
    fn latest_draft(&self) -> Result<Option<JobRow>, JobError>;

    /// The newest job that was begun and not ended, and is not at work here or in another process.
    fn latest_resumable(&self) -> Result<Option<JobRow>, JobError>;

    /// Whether anybody is at work on a job, here or in another process. Only looks, and disturbs nobody.
    fn is_at_work(&self, job: JobId) -> bool;

    /// How far a job's sources have been read.
    fn expansion(&self, job: JobId) -> Result<Expansion, JobError>;

    /// The next free place of a job.
    fn next_seq(&self, job: JobId) -> Result<u64, JobError>;

    /// Waiting items behind `after_seq`, in order.
    fn waiting(&self, job: JobId, after_seq: u64, limit: u32) -> Result<Vec<ItemRow>, JobError>;

    /// The files among them; `limit` counts links, too, which cost next to nothing here.
    fn waiting_files(&self, job: JobId, after_seq: u64, limit: u32) -> Result<WaitingFiles, JobError>;

    /// One item.
    fn item(&self, id: ItemId) -> Result<Option<ItemRow>, JobError>;

    /// These items, in the order asked for; those that don't exist are left out.
    fn items(&self, job: JobId, seqs: &[u64]) -> Result<Vec<ItemRow>, JobError>;

    /// Items behind `after_seq` whatever their state, in order: to walk through all of them.
    fn after(&self, job: JobId, after_seq: u64, limit: u32) -> Result<Vec<ItemRow>, JobError>;

    /// Rows of the unfiltered list in the order of adding, from `first_row` (from 0) on; as quick at the millionth row
    /// as at the first.
    fn page_by_seq(&self, job: JobId, first_row: u64, rows: u32) -> Result<JobPage, JobError>;

    /// The places of all items of a state, of a kind of failure and with this text in the locator (any case), in this
    /// order. `None` when `cancelled` said so (asked every few milliseconds).
    fn order(
        &self,
        job: JobId,
        state: Option<ItemState>,
        kind: Option<ErrorKind>,
        text: &str,
        order: Order,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<Vec<u32>>, JobError>;

    /// Failures in the order in which they happened, behind number `after` (0 at first; then the last row's number).
    fn failures_after(&self, job: JobId, after: u64, limit: u32) -> Result<Vec<FinishedRow>, JobError>;

    /// Failures by kind, the most frequent first.
    fn failures_by_kind(&self, job: JobId) -> Result<Vec<(ErrorKind, u64)>, JobError>;

    /// How many links of a job were skipped since their publisher does not want them fetched, with the first one's
    /// sentence.
    fn declined_links(&self, job: JobId) -> Result<Option<(String, u64)>, JobError>;

    /// The largest groups of a job by folder or host, in the order of their first items.
    fn groups(&self, job: JobId, limit: u32) -> Result<Vec<Group>, JobError>;

    /// A job's items by state.
    fn counts(&self, job: JobId) -> Result<Counts, JobError>;

    /// Whether a locator's text (see `Locator::to_text`) is an item: any file, and any link that was listed in a draft.
    fn is_input(&self, job: JobId, locator: &str) -> Result<bool, JobError>;

    /// Whether a path's text is the output of an item, noted or finished.
    fn is_output(&self, job: JobId, path: &str) -> Result<bool, JobError>;

    /// What a job made of a link, if it stands near `seq` (within `around` places) and its result is noted with a hash
    /// and something that tells whether the link has changed since. Where the job itself found it unchanged, what it
    /// was held against.
    fn prior_result_of_link(&self, job: JobId, locator: &str, seq: u64, around: u64) -> Result<Option<Made>, JobError>;

    /// Items behind `after_seq` with every column of [`RECORD_COLUMNS`], in order.
    fn records(&self, job: JobId, after_seq: u64, limit: u32) -> Result<Vec<Vec<Field>>, JobError>;
}

/// The columns of the item table that other programs may rely on.
pub const RECORD_COLUMNS: [&str; 25] = [
    "job_id",
    "seq",
    "locator",
    "state",
    "output",
    "error_kind",
    "error",
    "http_status",
    "content_type",
    "bytes_in",
    "bytes_out",
    "width",
    "height",
    "hash",
    "output_hash",
    "attempts",
    "fetch_ms",
    "process_ms",
    "finished_at",
    "mtime",
    "size",
    "etag",
    "last_modified",
    "error_args",
    "extra",
];

/// A value of the item table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// None.
    Null,
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
}

/// Opens readers of one catalog, from any thread.
#[derive(Clone)]
pub struct ReaderFactory {
    open: Arc<dyn Fn() -> Result<Box<dyn CatalogReader>, JobError> + Send + Sync>,
}

impl ReaderFactory {
    pub(super) fn new(open: impl Fn() -> Result<Box<dyn CatalogReader>, JobError> + Send + Sync + 'static) -> Self {
        Self { open: Arc::new(open) }
    }

    /// A reader with a connection of its own.
    pub fn reader(&self) -> Result<Box<dyn CatalogReader>, JobError> {
        (self.open)()
    }
}

/// How items are added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Adding {
    /// How far their source has been read once they are added; kept in the same transaction.
    pub mark: Option<Mark>,
    /// Whether items that are there already (see [`CatalogReader::is_input`]) are left out.
    pub leave_out_known: bool,
}

/// How far a job's sources have been read: all before `source`, and `taken` items of that one.
///
/// A list is read again from its start and its first `taken` items are left out; a folder may have changed meanwhile,
/// so it is walked again with [`Adding::leave_out_known`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// Index into `JobSpec::sources`.
    pub source: u32,
    /// Items of it that were added or left out.
    pub taken: u64,
}

/// How far a job's sources have been read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expansion {
    /// Whether all have ended.
    pub counted: bool,
    /// Where to go on when they have not.
    pub mark: Mark,
}

/// What came of adding items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// New items; their places follow each other from `first_seq`.
    pub added: u64,
    /// Left out as known.
    pub duplicates: u64,
    /// The next free place.
    pub next_seq: u64,
}

/// Rows of a job's list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobPage {
    /// Rows in all.
    pub total: u64,
    /// The rows asked for, as far as there are.
    pub rows: Vec<ItemRow>,
}

/// A finished item with its number in the order of finishing.
#[derive(Clone, Debug, PartialEq)]
pub struct FinishedRow {
    /// Increases with every item that finishes, from 1.
    pub number: u64,
    /// The item.
    pub row: ItemRow,
}

/// Items of one folder or host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Path of the source's folder, or host name.
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

/// A job's items by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Items in all.
    pub total: u64,
    /// Not begun.
    pub waiting: u64,
    /// Begun.
    pub running: u64,
    /// Done.
    pub done: u64,
    /// Failed.
    pub failed: u64,
    /// Skipped.
    pub skipped: u64,
    /// Bytes read.
    pub bytes_in: u64,
    /// Bytes written.
    pub bytes_out: u64,
}

/// Files that wait.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WaitingFiles {
    /// They.
    pub rows: Vec<ItemRow>,
    /// The last place looked at, link or file; none where nothing more waits.
    pub last_seq: Option<u64>,
}

/// What was made of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The item in whose row it was found.
    pub found: ItemId,
    /// The item that made the output.
    pub maker: ItemId,
    /// The output's path as text.
    pub output: String,
    /// SHA-256 of the output's bytes.
    pub output_hash: String,
    /// The output's size.
    pub bytes_out: u64,
    /// SHA-256 of the bytes that were fetched.
    pub hash: Option<String>,
    /// The response's content type.
    pub content_type: Option<String>,
    /// The response's ETag.
    pub etag: Option<String>,
    /// The response's Last-Modified.
    pub last_modified: Option<String>,
}

/// In which order items are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As sources gave them.
    #[default]
    Added,
    /// By locator.
    Name,
    /// By state, in the order of work.
    State,
    /// By input size, largest first.
    Size,
}
