//! Empties the outbox of a job.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use super::batch::{Batch, BatchRows, size_bytes};
use super::open::Opened;
use crate::catalog::{CatalogReader, WrittenBack};
use crate::db::{DbError, DbErrorKind, Dsn, Pool, WritePlan, WriteRow, Written, database_of};
use crate::engine::databases::job_error;
use crate::engine::record::message::{Record, call};
use crate::error::JobError;
use crate::fetch::Cancel;
use crate::model::{ItemId, ItemRow, ItemState, JobId, Message, Rejection, human};
use crate::sink::write_back::Target;

/// Items that are read at once.
const PAGE_ITEMS: u32 = 1000;
/// Bytes of the rows that are sent in one transaction.
const BATCH_BYTES: usize = 8 << 20;
/// How long finished items wait for others.
const GATHER: Duration = Duration::from_secs(1);
/// Waits before attempts are repeated.
const FIRST_BACK_OFF: Duration = Duration::from_millis(50);
const LAST_BACK_OFF: Duration = Duration::from_secs(2);
/// An attempt without an answer counts as a lost connection.
const LONGEST_ATTEMPT: Duration = Duration::from_mins(10);

/// The open database of a run, and how far it has been written.
pub(crate) struct WriteBack {
    /// How long a database that can't be reached is waited for.
    longest_wait: Duration,
    dsn: Dsn,
    pool: Pool,
    target: Target,
    /// Rows of a batch.
    batch_rows: usize,
    runtime: tokio::runtime::Handle,
    /// Whether the run waits for the rest: nothing is gathered.
    hurry: Mutex<bool>,
    hurried: Condvar,
    /// The finish number up to which everything has been written.
    written: AtomicU64,
    /// Whether the database is out of reach.
    is_waiting: AtomicBool,
}

/// What the writer of a run needs.
pub(crate) struct Outbox<'a> {
    pub(crate) job: JobId,
    pub(crate) reader: &'a dyn CatalogReader,
    pub(crate) record_tx: &'a Sender<Record>,
    pub(crate) cancel: &'a Cancel,
}

/// Why writing ended.
enum Ended {
    Cancelled,
    Failed(JobError),
}

impl From<JobError> for Ended {
    fn from(error: JobError) -> Self {
        Self::Failed(error)
    }
}

impl WriteBack {
    pub(crate) fn new(wait_s: u64, opened: Opened, runtime: tokio::runtime::Handle) -> Self {
        let Opened { dsn, pool, target } = opened;
        Self {
            longest_wait: Duration::from_secs(wait_s),
            batch_rows: database_of(&dsn).batch_rows(),
            dsn,
            pool,
            target,
            runtime,
            hurry: Mutex::default(),
            hurried: Condvar::new(),
            written: AtomicU64::new(0),
            is_waiting: AtomicBool::new(false),
        }
    }

    /// Whether everything up to a finish number has been written. If not, the rest is not gathered any longer.
    pub(crate) fn has_written(&self, number: u64) -> bool {
        let has_written = self.written.load(Ordering::Acquire) >= number;
        if !has_written {
            self.wake();
        }
        has_written
    }

    /// Ends a wait for further items.
    pub(crate) fn wake(&self) {
        *self.hurry.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.hurried.notify_all();
    }

    /// Whether the database is out of reach.
    pub(crate) fn is_waiting(&self) -> bool {
        self.is_waiting.load(Ordering::Acquire)
    }

    fn wait_for_items(&self) {
        let hurry = self.hurry.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.hurried.wait_timeout_while(hurry, GATHER, |hurry| !*hurry);
        *waited.unwrap_or_else(PoisonError::into_inner).0 = false;
    }

    /// Writes what is in the outbox until it is cancelled. An error means that the run can't continue.
    pub(crate) fn run(&self, outbox: &Outbox<'_>) -> Result<(), JobError> {
        match self.write_all(outbox) {
            Ok(()) | Err(Ended::Cancelled) => Ok(()),
            Err(Ended::Failed(error)) => Err(error),
        }
    }

    fn write_all(&self, outbox: &Outbox<'_>) -> Result<(), Ended> {
        let Outbox { job, reader, cancel, .. } = *outbox;
        let mut number = reader.write_back(job)?.unwrap_or_default().number;
        while !cancel.is_cancelled() {
            let last = reader.last_finished(job)?;
            let again = reader.write_again(job, PAGE_ITEMS)?;
            let mut batch = Batch::new(&self.target);
            let mut is_full = again.len() >= PAGE_ITEMS as usize;
            loop {
                let page = reader.finished_after(job, number, PAGE_ITEMS)?;
                number = page.last().map_or(number, |last| last.number);
                let is_last = page.len() < PAGE_ITEMS as usize;
                self.gather_rows(page.into_iter().map(|finished| finished.row), &mut batch, outbox)?;
                is_full |= batch.seqs.len() >= self.batch_rows || batch.bytes >= BATCH_BYTES;
                if is_last || is_full {
                    break;
                }
            }
            if batch.seqs.is_empty() {
                number = number.max(last);
                if again.is_empty() {
                    self.written.store(number, Ordering::Release);
                    self.wait_for_items();
                    continue;
                }
            }
            let seqs: Vec<u64> = again.iter().map(|(_, seq)| *seq).collect();
            // Those that wait again come with a new number.
            let rows = reader.items(job, &seqs)?.into_iter().filter(|row| is_final(row.state));
            self.gather_rows(rows, &mut batch, outbox)?;
            let mut written = self.write_batch(batch, cancel)?;
            (written.number, written.again) = (number, again.last().map_or(0, |(note, _)| *note));
            call(outbox.record_tx, move |catalog| catalog.write_back(job, &written))?;
            if !is_full {
                self.wait_for_items();
            }
        }
        Ok(())
    }

    fn gather_rows(
        &self,
        items: impl Iterator<Item = ItemRow>,
        batch: &mut Batch<'_>,
        outbox: &Outbox<'_>,
    ) -> Result<(), Ended> {
        for item in items {
            let id = ItemId { job: outbox.job, seq: item.id.seq };
            let outputs = if self.target.needs_outputs() { outbox.reader.outputs(id)? } else { Vec::new() };
            batch.add(&item, &outputs);
        }
        Ok(())
    }

    fn write_batch(&self, mut batch: Batch<'_>, cancel: &Cancel) -> Result<WrittenBack, Ended> {
        let mut written = WrittenBack { seqs: std::mem::take(&mut batch.seqs), ..WrittenBack::default() };
        written.rejections = std::mem::take(&mut batch.misfits);
        let (whole, outcome) = batch.into_rows();
        self.write_rows(&self.target.whole, &whole, &mut written, cancel)?;
        if let Some(plan) = &self.target.outcome {
            self.write_rows(plan, &outcome, &mut written, cancel)?;
        }
        Ok(written)
    }

    /// Writes rows in parts; one that is refused is halved until the row is found that is to blame.
    fn write_rows(
        &self,
        plan: &WritePlan,
        rows: &BatchRows,
        written: &mut WrittenBack,
        cancel: &Cancel,
    ) -> Result<(), Ended> {
        let mut parts = parts_of(&rows.rows);
        while let Some(part) = parts.pop() {
            match self.write_part(plan, &rows.rows[part.clone()], cancel)? {
                Ok(Written { matched, changed, missing }) => {
                    written.counts.matched += matched;
                    written.counts.changed += changed;
                    written.counts.missing += missing;
                }
                Err(error) if part.len() == 1 => {
                    let key = self.target.shown_key(&rows.rows[part.start].key);
                    let (seq, message) = (rows.seqs[part.start], error.message);
                    written.rejections.push(Rejection { seq, locator: String::new(), key, message });
                }
                Err(_) => {
                    let middle = part.start + part.len() / 2;
                    parts.extend([middle..part.end, part.start..middle]);
                }
            }
        }
        Ok(())
    }

    /// Writes rows in one transaction, and repeats that as long as it may help. An error is about the rows.
    fn write_part(
        &self,
        plan: &WritePlan,
        rows: &[WriteRow],
        cancel: &Cancel,
    ) -> Result<Result<Written, DbError>, Ended> {
        let (mut failing_since, mut back_off) = (None, FIRST_BACK_OFF);
        loop {
            let attempt = self.runtime.block_on(async {
                tokio::select! {
                    biased;
                    () = cancel.cancelled() => None,
                    attempt = tokio::time::timeout(LONGEST_ATTEMPT, self.attempt(plan, rows)) => Some(attempt),
                }
            });
            let silent = || DbError::own(DbErrorKind::ConnectionLost, "db_no_answer");
            let error = match attempt.map(|attempt| attempt.unwrap_or_else(|_| Err(silent()))) {
                None => return Err(Ended::Cancelled),
                Some(Ok(written)) => {
                    self.is_waiting.store(false, Ordering::Release);
                    return Ok(Ok(written));
                }
                Some(Err(error)) if error.is_of_row() => return Ok(Err(error)),
                Some(Err(error)) => error,
            };
            let since = *failing_since.get_or_insert_with(Instant::now);
            if !error.is_transient() {
                return Err(Ended::Failed(job_error(&self.dsn, &error)));
            }
            if since.elapsed() >= self.longest_wait {
                return Err(Ended::Failed(self.gave_up(&error)));
            }
            tracing::warn!(%error, "results could not be written back; trying again");
            self.is_waiting.store(error.is_outage(), Ordering::Release);
            let is_cancelled =
                self.runtime.block_on(async { tokio::time::timeout(back_off, cancel.cancelled()).await.is_ok() });
            if is_cancelled {
                return Err(Ended::Cancelled);
            }
            back_off = (back_off * 2).min(LAST_BACK_OFF);
        }
    }

    async fn attempt(&self, plan: &WritePlan, rows: &[WriteRow]) -> Result<Written, DbError> {
        let mut connection = self.pool.get().await?;
        connection.write(plan, rows).await
    }

    fn gave_up(&self, error: &DbError) -> JobError {
        let message = Message::new("write_back_gave_up").with("database", self.dsn.label());
        let message = message.with("time", human::span(self.longest_wait.as_secs_f64()));
        JobError::Machine(error.explain(message))
    }
}

fn is_final(state: ItemState) -> bool {
    matches!(state, ItemState::Done | ItemState::Failed | ItemState::Skipped)
}

/// Rows in parts of limited size, in reverse order: the last element is the first part.
fn parts_of(rows: &[WriteRow]) -> Vec<Range<usize>> {
    let (mut parts, mut start, mut bytes) = (Vec::new(), 0, 0);
    for (index, row) in rows.iter().enumerate() {
        let row_bytes = size_bytes(row);
        if index > start && bytes + row_bytes > BATCH_BYTES {
            parts.push(start..index);
            (start, bytes) = (index, 0);
        }
        bytes += row_bytes;
    }
    if start < rows.len() {
        parts.push(start..rows.len());
    }
    parts.reverse();
    parts
}
