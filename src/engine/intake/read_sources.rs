//! Reads sources: one thread reads them in order and sends the items to the recorder in batches.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};

use super::documents::DocumentPages;
use super::earlier_results::EarlierResults;
use super::queries::{Access, is_query};
use super::query_pass::{JobRecord, QueryPass, Waited};
use super::{lists, secrets};
use crate::catalog::{CatalogReader, JobSource};
use crate::codec::{self, Helpers};
use crate::engine::databases::Databases;
use crate::engine::item::naming::{self, Naming};
use crate::engine::item::repeats::{RepeatedLinks, may_repeat_files};
use crate::engine::record::message::{Record, call};
use crate::error::{ErrorKind, JobError};
use crate::fetch::{LinkCounts, Secrets};
use crate::model::{
    Ignored, IgnoredReason, ItemRow, JobId, JobSpec, Locator, Message, NewItem, Remark, SourceSpec, locator,
};
use crate::source::{
    self, Found, Reading, Repeat, Results, SourceKind, hash_of_fetched_list as hash_of, with_hash_of_list,
};
use crate::store::{self, EntryKind};

/// Requests that may wait in the queue.
pub(crate) const INTAKE_QUEUE: usize = 256;
/// Largest number of items in a batch.
const BATCH_ITEMS: usize = 500;
/// Bytes of columns after which a batch is sent.
const BATCH_BYTES: usize = 4 << 20;
/// How long the first item of a batch may wait.
const BATCH_AGE: Duration = Duration::from_millis(80);

/// A request to read sources of a job.
pub(crate) struct IntakeRequest {
    pub(crate) job: JobId,
    /// The sources, each with its cursor: an interruption may leave several that were read in part.
    pub(crate) sources: Vec<JobSource>,
    /// Whether the job was interrupted before: then standard input is another one.
    pub(crate) resumes: bool,
    /// Whether items that the job already has are left out.
    pub(crate) leave_out_known: bool,
    /// Set to cancel the reading.
    pub(crate) stop: Arc<AtomicBool>,
    /// Pasted links, which do not belong to a source.
    pub(crate) urls: Vec<String>,
    /// Pasted links that were repeated.
    pub(crate) duplicates: u64,
    /// A job whose items are copied.
    pub(crate) copy_of: Option<JobId>,
    /// Whether items of its lists are not copied, because the lists are read again.
    pub(crate) copies_no_lists: bool,
    /// Whether documents among the copied items are divided into other pages.
    pub(crate) divides_again: bool,
    /// Counts the links of each host while the job is running.
    pub(crate) link_counts: Option<Arc<LinkCounts>>,
}

impl IntakeRequest {
    /// An empty request for a job.
    pub(crate) fn of(job: JobId) -> Self {
        Self {
            job,
            sources: Vec::new(),
            resumes: false,
            leave_out_known: false,
            stop: Arc::default(),
            urls: Vec::new(),
            duplicates: 0,
            copy_of: None,
            copies_no_lists: false,
            divides_again: false,
            link_counts: None,
        }
    }

    /// Whether one of its sources is read that can't be read again.
    pub(crate) fn is_read_once(&self) -> bool {
        let is_read_once = |spec| matches!(source::kind_of(spec), Ok(kind) if kind.is_lost_when_interrupted());
        !self.resumes && self.sources.iter().any(|source| is_read_once(&source.spec))
    }
}

/// A message to the coordinator.
pub(crate) enum IntakeNote {
    /// A source could not be read, or only in part.
    Failed { job: JobId, error: JobError },
    /// A source left something out intentionally.
    Remark { job: JobId, remark: Remark },
    /// Failed items wait again, because their files have changed.
    Retried { job: JobId },
    /// Everything has been read, except the rest of lists that broke off (`is_cut_off`), where a resume continues.
    /// `failure` means that items or cursors could not be recorded: the sources stay open.
    Ended { job: JobId, added: u64, duplicates: u64, only_links: bool, is_cut_off: bool, failure: Option<JobError> },
}

/// Runs until the coordinator has ended.
pub(crate) fn run(
    intake_rx: &Receiver<IntakeRequest>,
    record_tx: &Sender<Record>,
    note_tx: &Sender<IntakeNote>,
    reader: &dyn CatalogReader,
    databases: &Arc<Databases>,
    secrets: &Arc<Secrets>,
    helpers: &Arc<Helpers>,
) {
    for request in intake_rx {
        let only_links = request.sources.is_empty() && !request.urls.is_empty();
        let duplicates = request.duplicates;
        let mut intake = Intake {
            request,
            record_tx,
            note_tx,
            reader,
            databases,
            secrets,
            helpers,
            pages: None,
            source: None,
            batch: Vec::new(),
            batch_bytes: 0,
            ignored: Vec::new(),
            since: None,
            taken: 0,
            added: 0,
            duplicates,
            is_cut_off: false,
            is_read_once: false,
            unstored: None,
            repeated: RepeatedLinks::new(),
            compares_files: false,
            naming: None,
            next_seq: 0,
            own_from: 0,
        };
        let failure = intake.run().err();
        let Intake { request, added, duplicates, is_cut_off, .. } = intake;
        let _ =
            note_tx.send(IntakeNote::Ended { job: request.job, added, duplicates, only_links, is_cut_off, failure });
    }
}

/// The reading of a request's sources.
pub(super) struct Intake<'a> {
    pub(super) request: IntakeRequest,
    pub(super) record_tx: &'a Sender<Record>,
    note_tx: &'a Sender<IntakeNote>,
    pub(super) reader: &'a dyn CatalogReader,
    databases: &'a Arc<Databases>,
    secrets: &'a Arc<Secrets>,
    helpers: &'a Arc<Helpers>,
    /// Divides documents, if pages are items.
    pages: Option<Arc<DocumentPages>>,
    /// The current source's number in the job, if it has one.
    pub(super) source: Option<u32>,
    pub(super) batch: Vec<NewItem>,
    /// Bytes of its columns, about.
    pub(super) batch_bytes: usize,
    /// Files that were left out and are not recorded yet.
    pub(super) ignored: Vec<Ignored>,
    pub(super) since: Option<Instant>,
    /// Items of the current source so far.
    pub(super) taken: u64,
    pub(super) added: u64,
    pub(super) duplicates: u64,
    /// Whether a list that can be read again was not read to its end.
    is_cut_off: bool,
    /// Whether the current source can't be read again.
    pub(super) is_read_once: bool,
    /// What of such a source could not be stored.
    pub(super) unstored: Option<Unstored>,
    repeated: RepeatedLinks,
    /// Whether the sources may name a file twice.
    compares_files: bool,
    /// How results are named, once the job is not a draft any more.
    naming: Option<Naming>,
    /// The number of the next item that is stored.
    pub(super) next_seq: u64,
    /// The number of the first item of the current source.
    own_from: u64,
}

/// Items of a source that can't be read again and could not be stored.
pub(super) struct Unstored {
    /// How many there are so far; the rest of the source is read to count them.
    pub(super) items: u64,
    /// Why.
    pub(super) error: JobError,
    /// When reading ends, whether or not the source has.
    pub(super) until: Instant,
}

impl Intake<'_> {
    fn run(&mut self) -> Result<(), JobError> {
        let asked = self.reader.spec(self.request.job)?.unwrap_or_default();
        let pages = DocumentPages::new(&asked.limits, self.helpers);
        self.pages = pages.divides().then(|| Arc::new(pages));
        self.note_earlier_links(&asked)?;
        if let Some(original) = self.request.copy_of {
            self.copy(original)?;
        }
        for url in std::mem::take(&mut self.request.urls) {
            self.push(NewItem::new(Locator::Url(url)), self.request.leave_out_known)?;
        }
        self.flush(self.request.leave_out_known)?;
        let sources = std::mem::take(&mut self.request.sources);
        let out_dir = Self::out_dir(&asked);
        let results = EarlierResults::of(&asked, Some(self.request.job), Some(self.reader));
        let results_at = |path: &Path, kind| results.at(path, kind);
        for source in sources {
            if self.read_one(source, &asked, out_dir.as_ref(), &results_at)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Reads a source; breaks if reading was interrupted.
    fn read_one(
        &mut self,
        source: JobSource,
        asked: &JobSpec,
        out_dir: Option<&(PathBuf, PathBuf)>,
        results_at: &dyn Fn(&Path, EntryKind) -> Results,
    ) -> Result<ControlFlow<()>, JobError> {
        let JobSource { n: index, spec, taken: already_taken, .. } = source;
        self.source = Some(index);
        self.own_from = self.next_seq;
        self.taken = 0;
        self.is_read_once = false;
        // A folder may have changed; other sources give the same items again, which are passed over.
        let kind = source::kind_of(&spec)?;
        let known = self.request.leave_out_known || (already_taken > 0 && kind.repeat == Repeat::Changed);
        if kind.is_lost_when_interrupted() && (self.request.resumes || known) {
            self.report_lost_stdin();
            self.end_source(known)?;
            return Ok(ControlFlow::Continue(()));
        }
        self.is_read_once = kind.is_lost_when_interrupted();
        self.taken = if matches!(kind.repeat, Repeat::Same | Repeat::Rows) { already_taken } else { 0 };
        let mut pass = Pass {
            kind,
            asked,
            out_dir,
            results_at,
            known,
            already_taken,
            rows_to_skip: if kind.repeat == Repeat::SameRows { already_taken } else { 0 },
            query: QueryPass::begin(&self.record(), asked, spec, index)?,
            found_any: false,
            broke_off: false,
        };
        let outcome = loop {
            match self.read_pass(&mut pass)? {
                Passed::Ended(outcome) => break outcome,
                Passed::Lost(error) => {
                    self.flush(known)?;
                    let notify = |remark| self.notify(IntakeNote::Remark { job: self.request.job, remark });
                    match pass.query.wait(&self.record(), &error, asked.limits.database_wait_s, &notify)? {
                        Waited::Again => {}
                        Waited::Cancelled => break ControlFlow::Break(()),
                        Waited::TooLong => {
                            pass.broke_off = true;
                            self.notify(IntakeNote::Failed { job: self.request.job, error });
                            break ControlFlow::Continue(());
                        }
                    }
                }
            }
        };
        if outcome.is_break() || self.unstored.is_some() {
            return self.end_interrupted(known).map(|()| ControlFlow::Break(()));
        }
        let Pass { found_any, broke_off, query, .. } = pass;
        let is_empty = !found_any && !known && already_taken == 0;
        // In a draft, repetitions are reported with the number of added items.
        let repeated = self.repeated.end_list(&(kind.label)(&query.source)).filter(|_| kind.is_list && !known);
        let nothing = nothing_in(kind, &query.source).filter(|_| is_empty);
        for remark in nothing.into_iter().chain(repeated).chain(query.known_rows()) {
            self.notify(IntakeNote::Remark { job: self.request.job, remark });
        }
        // A resume continues each list where it broke off.
        self.is_cut_off |= broke_off;
        if broke_off {
            self.flush(known)?;
        } else {
            if is_query(&query.source) {
                self.flush(known)?;
                query.end(&self.record())?;
            }
            self.end_source(known)?;
        }
        if self.unstored.is_some() {
            return self.end_interrupted(known).map(|()| ControlFlow::Break(()));
        }
        Ok(ControlFlow::Continue(()))
    }

    fn record(&self) -> JobRecord<'_> {
        JobRecord {
            job: self.request.job,
            reader: self.reader,
            record_tx: self.record_tx,
            next_seq: self.next_seq,
            stop: &self.request.stop,
        }
    }

    /// Reads a source to its end, or until its database is lost.
    fn read_pass(&mut self, pass: &mut Pass<'_>) -> Result<Passed, JobError> {
        let Pass { kind, asked, known, already_taken, .. } = *pass;
        let (secrets, databases) = (self.secrets, self.databases);
        let stop = Arc::clone(&self.request.stop);
        let failed = Cell::new(None);
        let lost = Cell::new(None);
        let fetcher = ListFetcher::of(self, asked, pass.query.index, already_taken > 0);
        let access = Access::new(databases, asked);
        let source = pass.query.source.clone();
        let this = RefCell::new(&mut *self);
        let cancelled = || {
            // A pipe may send nothing for a long time; its earlier items must not wait for more.
            if let Ok(mut this) = this.try_borrow_mut()
                && let Err(error) = this.flush_old(known)
            {
                failed.set(Some(error));
                return true;
            }
            stop.load(Ordering::Acquire) || this.try_borrow().is_ok_and(|this| this.has_waited_enough())
        };
        let fetch = |url: &str| fetcher.fetch(url, &|| stop.load(Ordering::Acquire));
        let reading = Reading {
            lists: &asked.lists,
            first_item: if kind.repeat == Repeat::Same { already_taken } else { 0 },
            is_live: false,
            cancelled: &cancelled,
            fetch: &fetch,
            databases: Some(&access),
            is_image: &codec::is_image,
            results_at: pass.results_at,
            watched: None,
        };
        let outcome = source::read_paired(&source, &reading, asked.limits.raw_pairs, &mut |found| {
            let mut this = this.borrow_mut();
            pass.found_any |= matches!(found, Found::Item(_) | Found::Failed(_));
            let taken = match found {
                Found::Failed(error) => {
                    pass.broke_off = (kind.is_list || kind.can_break_off) && !kind.is_lost_when_interrupted();
                    this.notify(IntakeNote::Failed { job: this.request.job, error });
                    Ok(())
                }
                Found::Lost(error) => {
                    lost.set(Some(error));
                    Ok(())
                }
                Found::Remark(remark) => {
                    this.notify(IntakeNote::Remark { job: this.request.job, remark });
                    Ok(())
                }
                Found::Position(position) if pass.query.is_due() => {
                    this.flush(known).and_then(|()| pass.query.position(&this.record(), &position))
                }
                Found::Position(_) => Ok(()),
                Found::Ignored(ignored) => {
                    // It counts as read, because the source gave it as an item.
                    let is_item = ignored.reason == IgnoredReason::RawPair;
                    this.taken += u64::from(is_item);
                    let is_skipped = is_item && pass.rows_to_skip > 0;
                    pass.rows_to_skip -= u64::from(is_skipped);
                    if is_skipped { Ok(()) } else { this.push_ignored(ignored) }
                }
                Found::Item(mut item) => {
                    if kind.is_list {
                        secrets::keep_item(secrets, &mut item);
                    }
                    if pass.query.passes_over(&item) {
                        return ControlFlow::Continue(());
                    }
                    this.taken += 1;
                    if this.is_own_result(&item, pass.out_dir) {
                        Ok(())
                    } else if pass.rows_to_skip > 0 {
                        pass.rows_to_skip -= 1;
                        Ok(())
                    } else {
                        match this.push_divided(item, known) {
                            Ok(ControlFlow::Break(())) => return ControlFlow::Break(()),
                            pushed => pushed.map(drop),
                        }
                    }
                }
            };
            match taken {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed.set(Some(error));
                    ControlFlow::Break(())
                }
            }
        });
        match (failed.take(), lost.take()) {
            (Some(error), _) => Err(error),
            (None, Some(error)) if outcome.is_continue() => Ok(Passed::Lost(error)),
            (None, _) => Ok(Passed::Ended(outcome)),
        }
    }

    /// Notes the links that the job has already. A draft finds those that are added again by its index.
    fn note_earlier_links(&mut self, asked: &JobSpec) -> Result<(), JobError> {
        const PAGE_ROWS: u32 = 4096;
        self.next_seq = self.reader.next_seq(self.request.job)?;
        self.own_from = self.next_seq;
        if self.request.leave_out_known {
            return Ok(());
        }
        self.compares_files = may_repeat_files(asked);
        self.naming = naming::out_dir(asked).and_then(|out_dir| Naming::new(&asked.view(0), out_dir)).ok();
        let mut after_seq = 0;
        while after_seq + 1 < self.next_seq {
            let page = self.reader.locators(self.request.job, after_seq, PAGE_ROWS)?;
            let Some((last, _)) = page.last() else { break };
            after_seq = *last;
            let compares_files = self.compares_files;
            for (seq, locator) in page.iter().filter(|(_, locator)| compares_files || Locator::is_url(locator)) {
                self.repeated.note_known(locator, *seq);
            }
        }
        Ok(())
    }

    /// The output folder, as the catalog records it and with links resolved, once the job has chosen it.
    fn out_dir(spec: &JobSpec) -> Option<(PathBuf, PathBuf)> {
        let dir = spec.output().sink.dir.clone()?;
        let real = store::of_path(&dir).resolve(&dir).ok()?;
        Some((dir, real))
    }

    /// Whether a file is a result of this job, whose output folder may be in a folder that is read while the job runs.
    fn is_own_result(&self, item: &NewItem, out_dir: Option<&(PathBuf, PathBuf)>) -> bool {
        let Some(((dir, real), path)) = out_dir.zip(item.locator.path()) else { return false };
        path.strip_prefix(real).is_ok_and(|below| {
            let noted = Locator::File(dir.join(below)).to_text();
            self.reader.is_output(self.request.job, &noted).unwrap_or(false)
        })
    }

    /// Standard input is recorded as it arrives; what was not recorded when the job was interrupted is lost.
    fn report_lost_stdin(&self) {
        const CUT_OFF: Message = Message::new("stdin_cut_off");
        self.notify(IntakeNote::Failed { job: self.request.job, error: JobError::Machine(CUT_OFF) });
    }

    /// Copies the items of another job.
    fn copy(&mut self, original: JobId) -> Result<(), JobError> {
        const PAGE_ROWS: u32 = 500;
        let mut document = None;
        for first_row in (0..).step_by(PAGE_ROWS as usize) {
            let page = self.reader.page_by_seq(original, first_row, PAGE_ROWS)?;
            if page.rows.is_empty() || self.request.stop.load(Ordering::Acquire) {
                break;
            }
            for row in page.rows {
                if self.request.copies_no_lists && is_of_a_table(&row) {
                    continue;
                }
                let whole = row.locator.document();
                let is_divided = self.request.divides_again && row.locator.page().is_some();
                if is_divided && document.replace(whole.clone()).is_some_and(|before| before == whole) {
                    continue;
                }
                let item = NewItem {
                    dir: row.dir,
                    size_bytes: row.size_bytes,
                    mtime_ms: row.mtime_ms,
                    origin: row.origin,
                    columns: row.columns,
                    ..NewItem::new(if is_divided { whole } else { row.locator })
                };
                if self.request.divides_again {
                    if self.push_divided(item, false)?.is_break() {
                        return self.flush(false);
                    }
                } else {
                    self.push(item, false)?;
                }
            }
        }
        self.flush(false)
    }

    /// Pushes a file, or the chosen pages of a document; breaks if reading is interrupted before they are known. They are
    /// recorded together with the source's cursor, so that an interruption leaves none of them out.
    fn push_divided(&mut self, item: NewItem, known: bool) -> Result<ControlFlow<()>, JobError> {
        let Some(pages) = self.pages.clone() else {
            return self.push(item, known).map(ControlFlow::Continue);
        };
        let stop = Arc::clone(&self.request.stop);
        let is_stopped = || stop.load(Ordering::Acquire);
        let items = pages.split(item, &is_stopped);
        if is_stopped() {
            return Ok(ControlFlow::Break(()));
        }
        items.into_iter().try_for_each(|item| self.collect(item, known))?;
        self.flush_full(known).map(ControlFlow::Continue)
    }

    fn push(&mut self, item: NewItem, known: bool) -> Result<(), JobError> {
        self.collect(item, known)?;
        self.flush_full(known)
    }

    /// Adds an item to the batch.
    fn collect(&mut self, mut item: NewItem, known: bool) -> Result<(), JobError> {
        if let (Some(counts), Locator::Url(url)) = (&self.request.link_counts, &item.locator) {
            counts.listed(url);
        }
        if let Some(unstored) = &mut self.unstored {
            unstored.items += 1;
            return Ok(());
        }
        // Each row of a query or list is an item, whatever it names.
        let is_row = !item.columns.is_empty();
        if known
            && (is_row || item.locator.path().is_none())
            && self.reader.is_known_before(self.request.job, &item.locator.to_text(), self.own_from)?
        {
            self.duplicates += 1;
            return Ok(());
        }
        // Other files of a draft are compared with its index.
        if is_row || item.locator.path().is_none() || (self.compares_files && !known) {
            let seq = self.next_seq + self.batch.len() as u64;
            self.repeated.note(&mut item, seq, self.naming.as_ref());
        }
        item.link_target = item.locator.path().and_then(store::link_target);
        self.batch_bytes += item.columns.size_bytes();
        self.batch.push(item);
        self.since.get_or_insert_with(Instant::now);
        Ok(())
    }

    /// Sends a batch that is full or has waited long enough.
    fn flush_full(&mut self, known: bool) -> Result<(), JobError> {
        let is_full = self.batch.len() >= BATCH_ITEMS || self.batch_bytes >= BATCH_BYTES;
        if is_full { self.flush(known) } else { self.flush_old(known) }
    }

    fn push_ignored(&mut self, ignored: Ignored) -> Result<(), JobError> {
        self.ignored.push(ignored);
        if self.ignored.len() >= BATCH_ITEMS { self.send_ignored() } else { Ok(()) }
    }

    /// Records the files that were left out.
    pub(super) fn send_ignored(&mut self) -> Result<(), JobError> {
        let ignored = std::mem::take(&mut self.ignored);
        let job = self.request.job;
        if ignored.is_empty() {
            Ok(())
        } else {
            call(self.record_tx, move |catalog| catalog.add_ignored(job, &ignored))
        }
    }

    /// Sends items that have waited long enough.
    fn flush_old(&mut self, known: bool) -> Result<(), JobError> {
        if self.since.is_some_and(|since| since.elapsed() >= BATCH_AGE) { self.flush(known) } else { Ok(()) }
    }

    pub(super) fn notify(&self, note: IntakeNote) {
        let _ = self.note_tx.send(note);
    }

    fn flush(&mut self, known: bool) -> Result<(), JobError> {
        self.since = None;
        if self.batch.is_empty() { Ok(()) } else { self.send(known, false) }
    }

    /// Sends the remaining items, and records that the source has been read to its end.
    fn end_source(&mut self, known: bool) -> Result<(), JobError> {
        self.since = None;
        self.send_ignored()?;
        self.send(known, true)
    }
}

/// A source that is being read.
struct Pass<'a> {
    kind: &'static SourceKind,
    asked: &'a JobSpec,
    out_dir: Option<&'a (PathBuf, PathBuf)>,
    results_at: &'a dyn Fn(&Path, EntryKind) -> Results,
    /// Whether items that the job already has are left out.
    known: bool,
    /// Items that it gave before the job was interrupted.
    already_taken: u64,
    /// Rows that are still passed over.
    rows_to_skip: u64,
    query: QueryPass,
    found_any: bool,
    /// Whether it was not read to its end and can be read again.
    broke_off: bool,
}

/// How reading a source ended.
enum Passed {
    /// As the source says.
    Ended(ControlFlow<()>),
    /// Its database was lost.
    Lost(JobError),
}

/// What to report about a source that gave nothing; folders report it themselves.
pub(crate) fn nothing_in(kind: &SourceKind, source: &SourceSpec) -> Option<Remark> {
    let list = (kind.label)(source);
    match source::folder_root(source) {
        Some(_) => None,
        None if kind.is_list => Some(Remark::NoLinks { list }),
        None => Some(Remark::NoFiles { list }),
    }
}

/// Whether an item came from a list with columns: it has other columns, or its line had no link.
fn is_of_a_table(row: &ItemRow) -> bool {
    !row.columns.is_empty() || row.error.as_ref().is_some_and(|error| error.kind == ErrorKind::BadUrl)
}

const CHANGED: Message = Message::new("list_changed");

/// Fetches a list from its URL.
struct ListFetcher<'a> {
    databases: &'a Arc<Databases>,
    secrets: &'a Arc<Secrets>,
    record_tx: &'a Sender<Record>,
    note_tx: &'a Sender<IntakeNote>,
    job: JobId,
    spec: &'a JobSpec,
    /// The source's number in the job.
    index: u32,
    /// Whether a part of it was read before the job was interrupted.
    already_read: bool,
}

impl<'a> ListFetcher<'a> {
    fn of(intake: &Intake<'a>, spec: &'a JobSpec, index: u32, already_read: bool) -> Self {
        let Intake { databases, secrets, record_tx, note_tx, request, .. } = intake;
        Self { databases, secrets, record_tx, note_tx, job: request.job, spec, index, already_read }
    }

    /// Fetches the list and records its hash, so that a resume detects a list that has changed.
    fn fetch(&self, url: &str, cancelled: &dyn Fn() -> bool) -> Result<File, JobError> {
        let list = lists::fetch(self.databases.runtime(), self.spec, self.secrets, url, cancelled)?;
        match self.spec.sources.get(self.index as usize) {
            Some(source) if self.already_read && hash_of(source).is_some_and(|hash| hash != list.hash) => {
                let sentence = CHANGED.with("list", locator::shown_url(url));
                let _ = self.note_tx.send(IntakeNote::Failed { job: self.job, error: JobError::Machine(sentence) });
            }
            Some(_) => self.note(&list.hash)?,
            None => {}
        }
        Ok(list.file)
    }

    fn note(&self, list_hash: &str) -> Result<(), JobError> {
        let Some(source) = self.spec.sources.get(self.index as usize) else { return Ok(()) };
        let source = with_hash_of_list(source.clone(), list_hash);
        let (job, n) = (self.job, self.index);
        call(self.record_tx, move |catalog| catalog.set_source(job, n, &source))
    }
}
