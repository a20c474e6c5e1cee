//! The reading of a query: what of it is passed over, where a resume continues, and how long a lost database is waited for.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use super::queries::{self, KnownRows, RowIdentity, is_query};
use crate::catalog::CatalogReader;
use crate::engine::record::message::{Record, call};
use crate::error::JobError;
use crate::model::{JobId, JobSpec, NewItem, Remark, SourceSpec};
use crate::source::query;

/// How often the position is stored.
const STORE_EVERY: Duration = Duration::from_secs(1);
/// Pauses between attempts to read on: the first, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often a pause checks whether it was cancelled.
const CHECK_EVERY: Duration = Duration::from_millis(50);

/// The job whose source is read, in the catalog.
pub(super) struct JobRecord<'a> {
    pub(super) job: JobId,
    pub(super) reader: &'a dyn CatalogReader,
    pub(super) record_tx: &'a Sender<Record>,
    /// The number of the next item.
    pub(super) next_seq: u64,
    /// Whether reading is cancelled.
    pub(super) stop: &'a AtomicBool,
}

/// A source that is being read. Sources that are no queries are only held.
pub(super) struct QueryPass {
    /// The source, with its position.
    pub(super) source: SourceSpec,
    /// Its number in the job.
    pub(super) index: u32,
    identity: RowIdentity,
    known_rows: KnownRows,
    stored_at: Instant,
    /// The number of the next item when the position was stored last.
    stored_seq: Option<u64>,
    /// Whether items came since the database was lost.
    has_progress: bool,
    lost_since: Option<Instant>,
    pause: Duration,
}

/// What waiting for a database led to.
pub(super) enum Waited {
    /// Reading is tried again.
    Again,
    /// The job stops.
    Cancelled,
    /// The database was away for too long.
    TooLong,
}

impl QueryPass {
    /// Before a source is read; a query of earlier jobs continues where they ended.
    pub(super) fn begin(
        record: &JobRecord<'_>,
        spec: &JobSpec,
        source: SourceSpec,
        index: u32,
    ) -> Result<Self, JobError> {
        let mut pass = Self {
            source,
            index,
            identity: RowIdentity::of(spec),
            known_rows: KnownRows::default(),
            stored_at: Instant::now(),
            stored_seq: None,
            has_progress: false,
            lost_since: None,
            pause: FIRST_PAUSE,
        };
        if is_query(&pass.source) {
            let JobRecord { job, reader, next_seq, .. } = *record;
            let begun = queries::begun(pass.source.clone(), next_seq, Some(reader), Some(job))?;
            if begun != pass.source {
                pass.source = begun;
                pass.store(record)?;
            }
            pass.known_rows = KnownRows::of(&pass.source, &pass.identity, Some(reader), Some(job))?;
        }
        Ok(pass)
    }

    fn store(&mut self, record: &JobRecord<'_>) -> Result<(), JobError> {
        let (job, index, source) = (record.job, self.index, self.source.clone());
        self.stored_at = Instant::now();
        call(record.record_tx, move |catalog| catalog.set_source(job, index, &source))
    }

    /// Whether a row is recorded already.
    pub(super) fn passes_over(&mut self, item: &NewItem) -> bool {
        self.has_progress = true;
        self.known_rows.pass_over(&item.locator, &item.columns)
    }

    /// Whether a position is stored that is known now.
    pub(super) fn is_due(&self) -> bool {
        self.stored_at.elapsed() >= STORE_EVERY
    }

    /// All rows before this position have been given and recorded.
    pub(super) fn position(&mut self, record: &JobRecord<'_>, position: &str) -> Result<(), JobError> {
        // Rows from here on may be recorded below the next number until all of them have been found again. Keys that differ
        // here may be equal for the database, so that the number is that of the position before.
        let from = self.stored_seq.filter(|_| self.known_rows.has_passed_own());
        self.stored_seq = self.known_rows.has_passed_own().then_some(record.next_seq);
        self.source = queries::at_position(std::mem::take(&mut self.source), position, from);
        self.store(record)
    }

    /// The source has been read to its end, and all of its items are recorded.
    pub(super) fn end(mut self, record: &JobRecord<'_>) -> Result<(), JobError> {
        self.source = queries::ended(std::mem::take(&mut self.source), record.next_seq);
        self.store(record)
    }

    /// How many rows of earlier jobs were passed over.
    pub(super) fn known_rows(&self) -> Option<Remark> {
        self.known_rows.remark(&self.source)
    }

    /// Waits before a lost database is tried again, and looks up what was recorded until then.
    pub(super) fn wait(
        &mut self,
        record: &JobRecord<'_>,
        error: &JobError,
        most_s: u64,
        notify: &dyn Fn(Remark),
    ) -> Result<Waited, JobError> {
        if std::mem::take(&mut self.has_progress) || self.lost_since.is_none() {
            (self.lost_since, self.pause) = (Some(Instant::now()), FIRST_PAUSE);
            notify(Remark::DatabaseLost { detail: error.to_string() });
        }
        let is_over = |since: Instant| since.elapsed() >= Duration::from_secs(most_s);
        let pause_ends = Instant::now() + self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        while Instant::now() < pause_ends {
            if record.stop.load(Ordering::Acquire) {
                return Ok(Waited::Cancelled);
            }
            if self.lost_since.is_some_and(is_over) {
                return Ok(Waited::TooLong);
            }
            thread::sleep(CHECK_EVERY);
        }
        // Without a position, all rows are counted again.
        let is_counted = self.source.option(query::POSITION).is_some();
        let earlier_found = if is_counted { self.known_rows.earlier_found } else { 0 };
        self.known_rows = KnownRows::of(&self.source, &self.identity, Some(record.reader), Some(record.job))?;
        self.known_rows.earlier_found = earlier_found;
        Ok(Waited::Again)
    }
}
