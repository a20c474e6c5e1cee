//! Lanes: threads that hand out a job's waiting items until the run is stopped, with one lane for files and one for
//! links.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;
use tokio::sync::mpsc;

use super::budget::Stopped;
use super::item::{Input, same_content};
use super::paging::{PAGE_ROWS, Paging};
use super::pools::PixelPool;
use super::repeats::Repeat;
use super::revisit::FetchOutcome;
use super::{Run, RunError};
use crate::catalog::CatalogReader;
use crate::config::MAX_BODY_IN_MEMORY_BYTES;
use crate::engine::item::body::{ItemBody, LastDocument};
use crate::engine::item::checksum::Checksum;
use crate::engine::item::claims::JobRows;
use crate::engine::item::decide::{checksum, may_be_copied, refusal};
use crate::engine::item::prior_results::{FilePlan, Prior, PriorResults};
use crate::engine::item::repeats::duplicate_of;
use crate::error::{ErrorKind, ItemError, JobError};
use crate::fetch::{FetchFailure, Fetched, Ticket};
use crate::model::{Finished, ItemId, ItemRow, ItemState, Outcome, SkipReason, Transfer};

/// Index of the lane of files.
const LANE: usize = 0;
/// Bodies that may wait for the pixel pool, in addition to the byte budget.
const BODIES_WAITING: usize = 64;

/// Bodies below this size in bytes always stay in memory.
const LEAST_IN_MEMORY_BYTES: u64 = 64 << 10;

/// Number of waiting bodies from which workers help to save them.
const BODIES_BEHIND: usize = 48;

/// How long to let small bodies accumulate: waking up for each takes longer than saving it.
const NAP: Duration = Duration::from_millis(4);

/// What arrives at the lane of bodies.
#[expect(clippy::large_enum_variant, reason = "nearly all are fetched, and a box for each link would cost more")]
pub(super) enum Arrival {
    /// A link's row, the result of fetching it, and its ticket.
    Fetched(ItemRow, Result<FetchOutcome, FetchFailure>, Ticket),
    /// A row that gets a copy of another row's result.
    Repeat(Box<Repeat>),
}

pub(super) type FetchResult = Result<Fetched, FetchFailure>;

/// The channel from the fetcher to the pixel workers.
pub(super) fn bodies() -> (mpsc::Sender<Arrival>, mpsc::Receiver<Arrival>) {
    mpsc::channel(BODIES_WAITING)
}

/// Largest body in bytes that stays in memory, chosen so that all bodies in progress together take at most a quarter of
/// the job's memory; the rest is for pixels.
pub(crate) fn body_in_memory_bytes(memory_bytes: u64, connections: usize) -> u64 {
    let bodies = connections.max(1) * 2 + BODIES_WAITING;
    (memory_bytes / 4 / bodies as u64).clamp(LEAST_IN_MEMORY_BYTES, MAX_BODY_IN_MEMORY_BYTES)
}

/// What happens to a row that repeats a file.
enum FileRepeat {
    /// It is processed itself.
    Process,
    /// It waits for the row that it repeats.
    Wait,
    /// This is recorded of it.
    Record(Box<Finished>),
}

impl Run {
    /// Calls `take` for each waiting file, in order, until the run is stopped.
    fn each_waiting_file(
        &self,
        reader: &dyn CatalogReader,
        mut take: impl FnMut(ItemRow) -> Result<(), Stopped>,
    ) -> Result<(), Stopped> {
        let mut paging = Paging::default();
        // The first of the rows that wait for the rows that they repeat, and the pokes before it was read.
        let mut first_repeat: Option<(u64, u64)> = None;
        loop {
            let page = self.next_page(&mut paging, reader, |after_seq| {
                let limit = self.isolation.early_marks(LANE).unwrap_or(PAGE_ROWS);
                reader.waiting_files(self.job, after_seq, limit)
            })?;
            let pokes = paging.pokes;
            let Some(rows) = page else {
                if first_repeat.is_none_or(|(_, before)| before == pokes) {
                    self.idle_lanes[LANE].store(pokes, Ordering::Release);
                    self.switch.wait_poke(pokes)?;
                }
                // A row that was waited for may have its outcome now.
                let again = first_repeat.take().map(|(seq, _)| seq.saturating_sub(1));
                paging.after_seq = again.map_or(paging.after_seq, |seq| paging.after_seq.min(seq));
                continue;
            };
            // Before their starts are recorded: a row that waits for another one is not started.
            let planned = rows.into_iter().map(|row| (self.plan_repeat(&row, reader), row));
            let mut rows = Vec::new();
            for (repeat, row) in planned {
                match repeat {
                    Ok(FileRepeat::Process) => rows.push(row),
                    Ok(FileRepeat::Wait) => {
                        first_repeat.get_or_insert((row.id.seq, pokes));
                    }
                    Ok(FileRepeat::Record(finished)) => {
                        if self.try_hand_out(&row) {
                            self.fail(*finished);
                        }
                    }
                    Err(error) => self.set_error(RunError::Fatal(error)),
                }
            }
            let (written_tx, written_rx) = bounded(1);
            let then = move || {
                let _ = written_tx.send(());
            };
            if self.mark_early(LANE, &rows, then) {
                // An error means that the recorder has ended.
                let _ = written_rx.recv();
            }
            for row in rows {
                self.switch.wait_going()?;
                if !self.try_hand_out(&row) {
                    continue;
                }
                match self.refusal(&row) {
                    None => take(row)?,
                    Some(error) => {
                        self.note_start(row.id);
                        self.fail(Finished::new(row.id, Outcome::Failed(error)));
                    }
                }
            }
        }
    }

    /// What happens to a row that may repeat a file: it waits until that has an outcome, and is recorded like it.
    fn plan_repeat(&self, row: &ItemRow, reader: &dyn CatalogReader) -> Result<FileRepeat, JobError> {
        let Some(first) = row.repeats else { return Ok(FileRepeat::Process) };
        // Noted before the item is read: it may get its outcome right after that.
        self.repeated_files.wait(first);
        let item = reader.item(ItemId { job: self.job, seq: first })?;
        let waits = item.as_ref().is_some_and(|item| matches!(item.state, ItemState::Waiting | ItemState::Running));
        if waits || !self.repeated_files.take_back(first) {
            return Ok(FileRepeat::Wait);
        }
        let Some(item) = item.filter(|item| self.outputs.is_same_name(row, item)) else {
            return Ok(FileRepeat::Process);
        };
        // A failure of an earlier run: this one is tried in its place.
        if item.state == ItemState::Failed && !self.is_fresh(&item) {
            return Ok(FileRepeat::Process);
        }
        let outputs = if item.state == ItemState::Failed { Vec::new() } else { reader.outputs(item.id)? };
        Ok(FileRepeat::Record(Box::new(duplicate_of(row, &item, outputs))))
    }

    /// Counts the names of the items up to this number; `page` holds the last ones of them.
    pub(super) fn count_names(
        &self,
        page: &[ItemRow],
        last_seq: u64,
        reader: &dyn CatalogReader,
    ) -> Result<(), JobError> {
        let rows = JobRows { job: self.job, reader };
        self.outputs.namings().try_for_each(|naming| naming.count_names(page, last_seq, &rows))
    }

    /// The checksum that an item's list specifies.
    pub(super) fn checksum(&self, row: &ItemRow) -> Result<Option<Checksum>, ItemError> {
        checksum(&self.spec, row)
    }

    /// Why an item is refused before its bytes are needed.
    pub(super) fn refusal(&self, row: &ItemRow) -> Option<ItemError> {
        refusal(&self.spec, &self.outputs, row)
    }

    /// Reads files one ahead of the pixel workers and passes them on.
    pub(super) fn files_lane(self: &Arc<Self>, reader: &dyn CatalogReader, pool: &PixelPool) -> Result<(), Stopped> {
        let results = PriorResults::for_files(&self.spec, &self.outputs, Some(self.job), reader);
        let mut last = LastDocument::default();
        self.each_waiting_file(reader, |row| {
            let started = Instant::now();
            let prior = match results.plan_file(&row, reader) {
                FilePlan::Process => None,
                FilePlan::Replace(prior) => Some(prior),
                FilePlan::Keep(finished) => {
                    self.fail(*finished);
                    return Ok(());
                }
            };
            match ItemBody::open(&row.locator, may_be_copied(&self.spec, &row.locator), &mut last) {
                Ok((body, size_bytes)) => {
                    let spent = started.elapsed();
                    let read_ms = spent.as_millis() as u64;
                    let input = Input { size_bytes, body, row, fetched: None, file_name: None, read_ms, spent, prior };
                    self.admit(input, false, pool, reader)
                }
                Err(error) => {
                    self.note_start(row.id);
                    self.fail(Finished::new(row.id, Outcome::Failed(error)));
                    Ok(())
                }
            }
        })
    }

    /// Passes fetched bodies to the pixel workers, and failures to the recorder.
    pub(super) fn bodies_lane(
        self: Arc<Self>,
        mut body_rx: mpsc::Receiver<Arrival>,
        pool: &PixelPool,
        reader: &dyn CatalogReader,
    ) {
        while let Some(arrival) = body_rx.blocking_recv() {
            let (row, result, ticket) = match arrival {
                Arrival::Fetched(row, result, ticket) => (row, result, ticket),
                Arrival::Repeat(repeat) => {
                    self.copy_result(*repeat, pool);
                    continue;
                }
            };
            let (seq, attempts) = (row.id.seq, row.attempts);
            let is_last = body_rx.is_empty();
            match result {
                Ok(FetchOutcome::Unchanged(finished)) => self.fail(*finished),
                Ok(FetchOutcome::Body(fetched, prior)) => {
                    drop(ticket);
                    let is_idle = body_rx.len() < BODIES_BEHIND;
                    let input = Input::from_fetched(row, *fetched, prior);
                    let is_same = |prior: &Prior| {
                        let hash = prior.result.hash.as_ref().filter(|_| !prior.has_other_text);
                        hash.is_some() && hash == input.body.known_hash().as_ref()
                    };
                    if let Some(prior) = input.prior.as_ref().filter(|prior| is_same(prior)) {
                        self.fail(same_content(&input, Prior::clone(prior)));
                    } else if self.admit(input, is_idle, pool, reader).is_err() {
                        self.release(seq);
                    }
                }
                Err(failure) if failure.error.kind == ErrorKind::Cancelled => self.release(seq),
                Err(failure) if failure.error.kind == ErrorKind::MissingSecret => {
                    let missing = failure.error.said().map(JobError::Machine);
                    self.set_error(RunError::Fatal(missing.unwrap_or(JobError::Item(failure.error))));
                    self.release(seq);
                }
                Err(failure) => {
                    let outcome = if failure.error.is_courtesy() {
                        Outcome::Skipped { reason: SkipReason::Declined, sentence: failure.error.to_string() }
                    } else {
                        Outcome::Failed(failure.error)
                    };
                    let mut finished = Finished::new(row.id, outcome);
                    finished.http_status = failure.http_status;
                    finished.attempts = attempts + failure.attempts;
                    finished.timings.fetch_ms = failure.fetch_ms;
                    finished.transfer = failure.times.map(|times| Transfer { times, ..Transfer::default() });
                    self.fail(finished);
                }
            }
            if is_last && self.spec.is_copy() {
                std::thread::sleep(NAP);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_in_progress_take_at_most_a_quarter_of_the_memory() {
        assert_eq!(body_in_memory_bytes(16 << 30, 64), MAX_BODY_IN_MEMORY_BYTES);
        assert_eq!(body_in_memory_bytes(1, 256), LEAST_IN_MEMORY_BYTES);
        for (memory_bytes, connections) in [(64 << 20, 16), (256 << 20, 64), (2 << 30, 256)] {
            let one = body_in_memory_bytes(memory_bytes, connections);
            assert!(one * (connections * 2 + BODIES_WAITING) as u64 <= memory_bytes / 4, "{memory_bytes}");
        }
    }
}
