//! The catalog's interface, independent of the database behind it.

use std::sync::Arc;

use crate::error::{ErrorKind, JobError};
use crate::model::{
    Columns, FailureFilter, Finished, Ignored, ItemId, ItemOutput, ItemRow, ItemState, JobId, JobRow, JobSpec,
    JobState, JobSummary, NewItem, Rejection, ReplacedFile, SourceSpec, UndoFile, WriteBackCounts, WriteBackLevel,
};

/// The writing side. It has one owner, and every call is one transaction that is safe on disk when it returns.
pub trait Catalog: Send {
    /// Creates a job with its request and its sources.
    fn create_job(&mut self, spec: &JobSpec, state: JobState) -> Result<JobId, JobError>;

    /// Replaces a job's request. Its sources stay as they are, whatever `request.sources` holds.
    fn set_request(&mut self, job: JobId, request: &JobSpec) -> Result<(), JobError>;

    /// Appends sources to a job; returns the number of the first.
    fn add_sources(&mut self, job: JobId, sources: &[SourceSpec]) -> Result<u32, JobError>;

    /// Replaces one source, keeping its cursor.
    fn set_source(&mut self, job: JobId, n: u32, source: &SourceSpec) -> Result<(), JobError>;

    /// Marks a source as read to its end: a resume does not read it again.
    fn end_source(&mut self, job: JobId, n: u32) -> Result<(), JobError>;

    /// Sets a job's state. `Done` and `Cancelled` set `finished_at`, any other state clears it.
    /// When a draft becomes a job, `created_at` is set to the current time.
    fn set_state(&mut self, job: JobId, state: JobState) -> Result<(), JobError>;

    /// Ends a job's run: running items wait again, and the state is set. A job with an open source or an unfinished
    /// item is never `Done`: it becomes `Paused`. Returns the state that was set. Fails if the catalog's file was
    /// deleted or replaced since it was opened.
    fn end_run(&mut self, job: JobId, state: JobState) -> Result<JobState, JobError>;

    /// Adds items from a source, numbered from `first_seq` (see [`CatalogReader::next_seq`]). They wait, unless they
    /// come with an error (failed) or a reason to skip them (skipped).
    fn add_items(&mut self, job: JobId, first_seq: u64, items: &[NewItem], adding: &Adding) -> Result<Added, JobError>;

    /// Records files that a job's sources left out. One that is recorded already stays as it is.
    fn add_ignored(&mut self, job: JobId, ignored: &[Ignored]) -> Result<(), JobError>;

    /// The next free number of a job; numbers of removed items are never reused.
    fn next_seq(&mut self, job: JobId) -> Result<u64, JobError>;

    /// Marks waiting items as running, and counts the attempt.
    fn set_running(&mut self, job: JobId, seqs: &[u64]) -> Result<(), JobError>;

    /// Returns running items to the waiting state; their recorded outputs are cleared, and the attempt does not count.
    fn set_waiting(&mut self, job: JobId, seqs: &[u64]) -> Result<(), JobError>;

    /// Records the path and hash of each output that is about to get its final name, and everything else that is known
    /// about the item; the items stay running. Outcomes other than `Outcome::Done` are ignored.
    fn record_outputs(&mut self, finished: &[&Finished]) -> Result<(), JobError>;

    /// Done items are running again with these outputs: their results are about to be renamed, or replaced by those of
    /// items before them. Skipped items that have the same results follow them. Other items stay as they are.
    fn displace(&mut self, job: JobId, outputs: &[(u64, String)]) -> Result<(), JobError>;

    /// Records what happened to items, and updates their jobs' counters. Recording an outcome twice changes nothing.
    /// An output that was recorded before must not differ now.
    fn finish(&mut self, finished: &[&Finished]) -> Result<(), JobError>;

    /// Returns running items without a recorded output to the waiting state, after a pause of their run. The attempt does
    /// not count.
    fn requeue_running(&mut self, job: JobId) -> Result<(), JobError>;

    /// Sets a job's state to running, and tells how its last run ended. Items that were in progress when the process died
    /// wait again; their attempt counts.
    fn begin_run(&mut self, job: JobId) -> Result<LastRun, JobError>;

    /// Failed items wait again: those that are meant, or the given ones among them. Returns how many.
    fn retry(&mut self, job: JobId, failures: &FailureFilter, seqs: Option<&[u64]>) -> Result<u64, JobError>;

    /// Records what has become of a file of a watched folder. Returns whether its item waits again.
    fn follow_file(&mut self, job: JobId, seq: u64, change: &FileChange) -> Result<bool, JobError>;

    /// Done items whose outputs were lost wait again. Returns how many.
    fn redo(&mut self, job: JobId, seqs: &[u64]) -> Result<u64, JobError>;

    /// Marks failed items as skipped. Returns how many there were.
    fn skip_failed(&mut self, job: JobId, seqs: &[u64]) -> Result<u64, JobError>;

    /// Records folders that a job created, as paths' texts. One that is recorded already stays as it is.
    fn add_folders(&mut self, job: JobId, folders: &[String]) -> Result<(), JobError>;

    /// Records files that results are about to replace, or what became of them.
    fn set_replaced(&mut self, job: JobId, replaced: &[ReplacedFile]) -> Result<(), JobError>;

    /// Forgets why the last undo or redo left files where they were.
    fn begin_undo(&mut self, job: JobId) -> Result<(), JobError>;

    /// Records how far undo or redo is with these files. Items whose results are in the trash are skipped and have no
    /// output; once their results are brought back, they are done again.
    fn record_undo(&mut self, job: JobId, files: &[UndoFile]) -> Result<(), JobError>;

    /// Removes items from a job; `restore_items` brings back what is returned. Running items stay.
    fn remove_items(&mut self, job: JobId, seqs: &[u64]) -> Result<Vec<(u64, NewItem)>, JobError>;

    /// Restores removed items with their old numbers.
    fn restore_items(&mut self, job: JobId, items: &[(u64, NewItem)]) -> Result<(), JobError>;

    /// A job's results are written back from now on; one whose results are written back already stays as it is.
    fn begin_write_back(&mut self, job: JobId) -> Result<(), JobError>;

    /// Records that results were written back.
    fn write_back(&mut self, job: JobId, written: &WrittenBack) -> Result<(), JobError>;

    /// Deletes a draft and its items. Any other job is history and stays (an error).
    fn delete_job(&mut self, job: JobId) -> Result<(), JobError>;

    /// Removes jobs that are not drafts from the history, or brings them back as long as their rows are there. Returns how
    /// many that changed.
    fn set_deleted(&mut self, jobs: &[JobId], is_deleted: bool) -> Result<u64, JobError>;

    /// Deletes up to so many items of jobs that were removed from the history, with everything that belongs to them, and
    /// each job with its last ones. Returns how many items were deleted, and whether anything is left.
    fn delete_rows(&mut self, jobs: &[JobId], most: u32) -> Result<(u64, bool), JobError>;

    /// Returns up to so many free pages of the file to the disk. Returns whether any are left.
    fn reclaim(&mut self, most_pages: u32) -> Result<bool, JobError>;

    /// Rewrites the whole file without free pages, so that later ones can be returned some at a time. Nobody can write to
    /// it until that is done.
    fn rebuild(&mut self) -> Result<(), JobError>;
}

/// The reading side: a connection of its own, which sees only whole transactions and never waits for a writer.
///
/// A job whose process was killed still has the state `running` in its table. Because nobody holds its lock, readers
/// report it as paused.
pub trait CatalogReader: Send {
    /// Jobs, newest first, including drafts.
    fn jobs(&self, limit: u32) -> Result<Vec<JobRow>, JobError>;

    /// One job's state and counters; the request is not read.
    fn job(&self, job: JobId) -> Result<Option<JobRow>, JobError>;

    /// A job's request with all of its sources.
    fn spec(&self, job: JobId) -> Result<Option<JobSpec>, JobError>;

    /// A job's request without its sources, however many there are.
    fn request(&self, job: JobId) -> Result<Option<JobSpec>, JobError>;

    /// What a list of jobs shows of one; it changes only while the job is a draft or when sources are added.
    fn summary(&self, job: JobId) -> Result<Option<JobSummary>, JobError>;

    /// A job's sources in order, with how far each was read.
    fn sources(&self, job: JobId) -> Result<Vec<JobSource>, JobError>;

    /// Whether any source of a job was not read to its end.
    fn has_open_sources(&self, job: JobId) -> Result<bool, JobError>;

    /// The jobs of the history that match, newest first. `None` if `cancelled` returned true.
    fn find_jobs(&self, filter: &JobFilter<'_>, cancelled: &dyn Fn() -> bool) -> Result<Option<Vec<JobId>>, JobError>;

    /// Jobs that were removed from the history before a time, and whose rows are still there.
    fn deleted_jobs(&self, before_ms: i64) -> Result<Vec<JobId>, JobError>;

    /// The items whose results a job made first.
    fn first_results(&self, job: JobId, limit: u32) -> Result<Vec<ItemId>, JobError>;

    /// How much the catalog holds.
    fn size(&self) -> Result<CatalogSize, JobError>;

    /// The newest draft.
    fn latest_draft(&self) -> Result<Option<JobRow>, JobError>;

    /// The newest unfinished job that was started and is not running here or in another process.
    fn latest_resumable(&self) -> Result<Option<JobRow>, JobError>;

    /// Whether any process, including this one, is running a job. This never takes the job's lock.
    fn is_at_work(&self, job: JobId) -> bool;

    /// The next free number of a job.
    fn next_seq(&self, job: JobId) -> Result<u64, JobError>;

    /// Files that a job's sources left out, in the order in which they were recorded, after number `after` (0 at first,
    /// then that of the last one).
    fn ignored_after(&self, job: JobId, after: u64, limit: u32) -> Result<Vec<(u64, Ignored)>, JobError>;

    /// Waiting items after `after_seq`, in order.
    fn waiting(&self, job: JobId, after_seq: u64, limit: u32) -> Result<Vec<ItemRow>, JobError>;

    /// The files among the waiting items. `limit` also counts links, which cost almost nothing here.
    fn waiting_files(&self, job: JobId, after_seq: u64, limit: u32) -> Result<WaitingPage, JobError>;

    /// The bytes of all waiting local inputs.
    fn waiting_bytes(&self, job: JobId) -> Result<u64, JobError>;

    /// One item.
    fn item(&self, id: ItemId) -> Result<Option<ItemRow>, JobError>;

    /// The given items in the given order; missing ones are left out.
    fn items(&self, job: JobId, seqs: &[u64]) -> Result<Vec<ItemRow>, JobError>;

    /// The recorded outputs of an item, in order. The columns of the first are in [`ItemRow`] as well.
    fn outputs(&self, id: ItemId) -> Result<Vec<ItemOutput>, JobError>;

    /// Items after `after_seq` in any state, in order: to iterate over all of them.
    fn after(&self, job: JobId, after_seq: u64, limit: u32) -> Result<Vec<ItemRow>, JobError>;

    /// Rows of the unfiltered list in the order of adding, starting with row `first_row` (from 0); as fast at the
    /// millionth row as at the first.
    fn page_by_seq(&self, job: JobId, first_row: u64, rows: u32) -> Result<JobPage, JobError>;

    /// The numbers of all items that the filter matches, sorted. `None` if `cancelled` returned true (it is polled every
    /// few milliseconds).
    fn order(
        &self,
        job: JobId,
        filter: &ListFilter<'_>,
        order: Order,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<Vec<u32>>, JobError>;

    /// Failures in the order in which they happened, after number `after` (0 at first, then the last row's number).
    fn failures_after(&self, job: JobId, after: u64, limit: u32) -> Result<Vec<FinishedRow>, JobError>;

    /// Finished items in the order in which they finished, after number `after`.
    fn finished_after(&self, job: JobId, after: u64, limit: u32) -> Result<Vec<FinishedRow>, JobError>;

    /// Those that failed or have remarks, among the items after number `after` up to number `up_to`, in the order in which
    /// they finished.
    fn notable_after(&self, job: JobId, after: u64, up_to: u64, limit: u32) -> Result<Vec<FinishedRow>, JobError>;

    /// Items with remarks after `after_seq`, in order.
    fn remarked(&self, job: JobId, after_seq: u64, limit: u32) -> Result<Vec<ItemRow>, JobError>;

    /// The number of the item that finished last; 0 if none has.
    fn last_finished(&self, job: JobId) -> Result<u64, JobError>;

    /// The items that finished after number `after`, by state, with their bytes.
    fn finished_counts(&self, job: JobId, after: u64) -> Result<Counts, JobError>;

    /// How many of these failures there are.
    fn count_failures(&self, job: JobId, failures: &FailureFilter) -> Result<u64, JobError>;

    /// Failures by kind, the most frequent first.
    fn failures_by_kind(&self, job: JobId) -> Result<Vec<(ErrorKind, u64)>, JobError>;

    /// How many links of a job were skipped because their publisher does not allow fetching them, with the sentence of
    /// the first.
    fn declined_links(&self, job: JobId) -> Result<Option<(String, u64)>, JobError>;

    /// The largest groups of a job by folder or host, in the order of their first items.
    fn groups(&self, job: JobId, limit: u32) -> Result<Vec<Group>, JobError>;

    /// A job's items by state.
    fn counts(&self, job: JobId) -> Result<Counts, JobError>;

    /// Whether a locator's text (see `Locator::to_text`) is an item: any file, the document of a page, the file that a link in
    /// a folder leads to, and any URL that was added to a draft.
    fn is_input(&self, job: JobId, locator: &str) -> Result<bool, JobError>;

    /// Whether a locator's text is an item with a number below `seq`: any file, and any URL that was added to a draft.
    fn is_known_before(&self, job: JobId, locator: &str, seq: u64) -> Result<bool, JobError>;

    /// The last item of a job with this locator, or of the pages of this document.
    fn item_of_file(&self, job: JobId, locator: &str) -> Result<Option<ItemRow>, JobError>;

    /// Files of watched folders that had this size and modification time when they were taken.
    fn files_like(&self, job: JobId, size_bytes: u64, mtime_ms: i64, limit: u32) -> Result<Vec<ItemRow>, JobError>;

    /// Whether a path's text is the output of an item, recorded or finished.
    fn is_output(&self, job: JobId, path: &str) -> Result<bool, JobError>;

    /// Whether a path's text is the output of an item, with this hash.
    fn is_output_with(&self, job: JobId, path: &str, hash: &str) -> Result<bool, JobError>;

    /// The done item whose output a path's text is.
    fn item_of_output(&self, job: JobId, path: &str) -> Result<Option<ItemRow>, JobError>;

    /// The result of an item, if it has this locator and its result was recorded with a hash. If its job kept the result
    /// of an earlier job, that one.
    fn prior_result(&self, id: ItemId, locator: &str) -> Result<Option<PriorResult>, JobError>;

    /// The same for the first item of a job that has this file as its input.
    fn prior_result_of_file(&self, job: JobId, locator: &str) -> Result<Option<PriorResult>, JobError>;

    /// Results of a job that are recorded as existing, after the one with these numbers of item and output, in order.
    fn undoable(&self, job: JobId, after: (u64, u32), limit: u32) -> Result<Vec<UndoFile>, JobError>;

    /// Results of a job that are in the trash, in the same way.
    fn undone(&self, job: JobId, after: (u64, u32), limit: u32) -> Result<Vec<UndoFile>, JobError>;

    /// Results that the last undo or redo of a job left where they were, in the same way.
    fn stayed(&self, job: JobId, after: (u64, u32), limit: u32) -> Result<Vec<UndoFile>, JobError>;

    /// What undo and redo would find.
    fn undo_counts(&self, job: JobId) -> Result<UndoCounts, JobError>;

    /// Whether results of a job are in the trash.
    fn can_redo(&self, job: JobId) -> Result<bool, JobError>;

    /// The folders that a job created, the last one first, as numbers and paths' texts, before this number (`i64::MAX`
    /// at first).
    fn created_folders(&self, job: JobId, before: i64, limit: u32) -> Result<Vec<(i64, String)>, JobError>;

    /// Numbers and locators of a job's items after `after_seq`, in order.
    fn locators(&self, job: JobId, after_seq: u64, limit: u32) -> Result<Vec<(u64, String)>, JobError>;

    /// Records of the items after `after_seq`, in order, with the columns of [`RecordRows::columns`]; those of outputs
    /// have the item's `extra` as well. `limit` counts items.
    fn records(&self, job: JobId, rows: RecordRows, after_seq: u64, limit: u32) -> Result<Vec<Vec<Field>>, JobError>;

    /// How far a job's results have been written back; `None` if they are not.
    fn write_back(&self, job: JobId) -> Result<Option<WriteBackLevel>, JobError>;

    /// Rows that the database refused, in the order in which that was recorded, after number `after` (0 at first, then that
    /// of the last one).
    fn rejections_after(&self, job: JobId, after: u64, limit: u32) -> Result<Vec<(u64, Rejection)>, JobError>;

    /// Items whose results must be written back once more, although they have no new finish number: the number of the
    /// note, then the item's.
    fn write_again(&self, job: JobId, limit: u32) -> Result<Vec<(u64, u64)>, JobError>;

    /// The names of the other columns of a job's lists, in the order in which they first appear.
    fn list_columns(&self, job: JobId) -> Result<Vec<String>, JobError>;
}

/// What the records of a job are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecordRows {
    /// Its items.
    #[default]
    Items,
    /// The outputs of its items; an item without a recorded output has one record as well.
    Outputs,
    /// Its rows that a database refused.
    Rejections,
}

impl RecordRows {
    /// The columns of each record. The second one is the item's number.
    pub const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Items => &RECORD_COLUMNS,
            Self::Outputs => &OUTPUT_COLUMNS,
            Self::Rejections => &REJECTION_COLUMNS,
        }
    }
}

/// The columns of the item table that other programs may rely on.
pub const RECORD_COLUMNS: [&str; 28] = [
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
    "reason",
    "input_width",
    "input_height",
];

/// The columns of an output that other programs may rely on: those of its item, then its own.
pub const OUTPUT_COLUMNS: [&str; 12] =
    ["job_id", "seq", "locator", "n", "name", "path", "bytes", "width", "height", "hash", "state", "error"];

/// The columns of a refused row that other programs may rely on.
pub const REJECTION_COLUMNS: [&str; 5] = ["job_id", "seq", "locator", "key", "message"];

/// A value of the item table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// No value.
    Null,
    /// An integer.
    Number(i64),
    /// Text.
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
    /// How far their source has been read once they are added; stored in the same transaction.
    pub cursor: Option<SourceCursor>,
    /// Whether to leave out items that the job has already (see [`CatalogReader::is_input`]).
    pub leave_out_known: bool,
    /// Whether the items are files of watched folders (see [`CatalogReader::files_like`]).
    pub is_watched: bool,
}

/// What has become of a file of a watched folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileChange {
    /// Its new path as a locator's text, and its folder relative to its source; `None` if it was not renamed.
    pub moved_to: Option<(String, String)>,
    /// Its size in bytes now.
    pub size_bytes: u64,
    /// Its modification time now, UTC milliseconds.
    pub mtime_ms: i64,
    /// Whether its item waits again, if it has failed.
    pub is_retried: bool,
}

/// How far a source has been read.
///
/// A list is read again from its start, and its first `taken` items are passed over. A folder may have changed since, so
/// it is walked again with [`Adding::leave_out_known`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceCursor {
    /// The source's number in its job, from 0.
    pub source: u32,
    /// Items that the source has given, including those that were left out.
    pub taken: u64,
    /// Whether the source has been read to its end.
    pub ended: bool,
}

/// How the last run of a job ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LastRun {
    /// Whether the process died while it ran the job.
    pub has_died: bool,
    /// Items that are still running, in order. Those with a recorded output are adopted (`finish`) or given back
    /// (`set_waiting`) by the caller; those without one were in progress in more than [`MAX_CRASHES`] deaths and fail.
    ///
    /// [`MAX_CRASHES`]: crate::config::MAX_CRASHES
    pub undecided: Vec<ItemRow>,
}

/// A source of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobSource {
    /// Its number in the job, from 0.
    pub n: u32,
    /// Where its items come from.
    pub spec: SourceSpec,
    /// Items that it has given (see [`SourceCursor::taken`]).
    pub taken: u64,
    /// Whether it has been read to its end.
    pub ended: bool,
}

impl JobSource {
    /// A source that has not been read yet.
    pub fn unread((n, spec): (u32, SourceSpec)) -> Self {
        Self { n, spec, taken: 0, ended: false }
    }
}

/// Results that were written back, or refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WrittenBack {
    /// The finish number up to which nothing is left.
    pub number: u64,
    /// The notes of [`CatalogReader::write_again`] up to this number are done.
    pub again: u64,
    /// The items that were written or refused.
    pub seqs: Vec<u64>,
    /// What became of their rows; `rejected` is ignored.
    pub counts: WriteBackCounts,
    /// Those of them that were refused.
    pub rejections: Vec<Rejection>,
}

/// The result of adding items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// New items, numbered consecutively from `first_seq`.
    pub added: u64,
    /// Items left out because the job has them already.
    pub duplicates: u64,
    /// The next free number.
    pub next_seq: u64,
}

/// Rows of a job's list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobPage {
    /// Total number of rows.
    pub total: u64,
    /// The requested rows, as far as they exist.
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
    /// Total number of items.
    pub total: u64,
    /// Items done.
    pub done: u64,
    /// Items failed.
    pub failed: u64,
}

/// A job's items by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Total number of items.
    pub total: u64,
    /// Not started.
    pub waiting: u64,
    /// Started.
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

/// What undo and redo of a job would find.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UndoCounts {
    /// Results that are recorded as existing.
    pub results: u64,
    /// Results in the trash.
    pub undone: u64,
    /// Files that results replaced without `--trash`.
    pub lost: u64,
}

/// Waiting items, or files among them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WaitingPage {
    /// The items.
    pub rows: Vec<ItemRow>,
    /// The last item looked at, whether it is among them or not; `None` if nothing more is waiting.
    pub last_seq: Option<u64>,
}

impl WaitingPage {
    /// A page of all items.
    pub fn whole(rows: Vec<ItemRow>) -> Self {
        Self { last_seq: rows.last().map(|last| last.id.seq), rows }
    }
}

/// The result of an item of an earlier job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriorResult {
    /// The item that was found.
    pub found: ItemId,
    /// Its folder relative to its source.
    pub dir: String,
    /// The other columns of its list.
    pub columns: Columns,
    /// A local input's size in bytes.
    pub size_bytes: Option<u64>,
    /// A local input's modification time, UTC milliseconds.
    pub mtime_ms: Option<i64>,
    /// The item that made the output.
    pub maker: ItemId,
    /// When it ended, UTC milliseconds.
    pub finished_at_ms: Option<i64>,
    /// The output's path as text.
    pub output: String,
    /// SHA-256 of the output's bytes.
    pub output_hash: String,
    /// Bytes read for it.
    pub bytes_in: u64,
    /// The output's size.
    pub bytes_out: u64,
    /// The output's width and height in px.
    pub size_px: Option<(u32, u32)>,
    /// The input's width and height in px.
    pub input_size_px: Option<(u32, u32)>,
    /// SHA-256 of the input's bytes.
    pub hash: Option<String>,
    /// The response's content type.
    pub content_type: Option<String>,
    /// The response's ETag.
    pub etag: Option<String>,
    /// The response's Last-Modified.
    pub last_modified: Option<String>,
    /// The file name in the response, if it differs from the link's own.
    pub file_name: Option<String>,
}

/// Which items are listed.
#[derive(Clone, Copy, Debug, Default)]
pub struct ListFilter<'a> {
    /// Only those in this state.
    pub state: Option<ItemState>,
    /// Only failures of this kind.
    pub kind: Option<ErrorKind>,
    /// Only those with this text in the locator (case-insensitive).
    pub text: &'a str,
    /// Only those with remarks.
    pub is_remarked: bool,
}

/// Which jobs of the history are listed.
#[derive(Clone, Copy, Debug, Default)]
pub struct JobFilter<'a> {
    /// Only those in one of these states; all but drafts if there are none.
    pub states: &'a [JobState],
    /// Only those with failed items.
    pub has_failures: bool,
    /// Only those that were created at or after this time, UTC milliseconds.
    pub from_ms: Option<i64>,
    /// Only those that were created before this time.
    pub until_ms: Option<i64>,
    /// Only those that ended before this time.
    pub ended_before_ms: Option<i64>,
    /// Only those with this text (case-insensitive) in a folder, a host, a list, the name of an operation or a format; or
    /// with this number.
    pub text: &'a str,
    /// Operations whose names in the reader's language contain the text.
    pub ops: &'a [String],
}

/// How much a catalog holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CatalogSize {
    /// Jobs of the history; drafts are not counted.
    pub jobs: u64,
    /// Their items.
    pub items: u64,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Bytes of it that are free.
    pub free_bytes: u64,
    /// Whether free pages can be returned some at a time.
    pub is_incremental: bool,
}

/// How a list of items is sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// In the order in which sources gave them.
    #[default]
    Added,
    /// By locator.
    Name,
    /// By state, in the order of work.
    State,
    /// By input size, largest first.
    Size,
}
