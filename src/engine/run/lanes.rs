//! Lanes: threads that hand out a job's waiting items, files and links apart, until they are stopped.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use rayon::ThreadPool;
use tokio::sync::mpsc;

use super::checksum::Checksum;
use super::item::{Input, open_file};
use super::places::Place;
use super::{Run, Trouble};
use crate::catalog::CatalogReader;
use crate::engine::gate::Stopped;
use crate::error::{ErrorKind, ItemError};
use crate::fetch::{FetchFailure, Fetched, Origin};
use crate::model::{Finished, ItemRow, Locator, Outcome};

/// Rows a lane reads from the catalog at once.
pub(super) const PAGE_ROWS: u32 = 256;
/// Bodies that may wait for the pixel pool beside the byte budget's limit.
const BODIES_WAITING: usize = 64;

/// Bodies behind one, from which on workers are to help to save them.
const BODIES_BEHIND: usize = 16;

/// A link's row and what came of fetching it, with its place among the links in flight.
pub(super) type LinkResult = (ItemRow, FetchResult, Place);
pub(super) type FetchResult = Result<Fetched, FetchFailure>;

/// The way from the fetcher to the pixel workers.
pub(super) fn bodies() -> (mpsc::Sender<LinkResult>, mpsc::Receiver<LinkResult>) {
    mpsc::channel(BODIES_WAITING)
}

impl Run {
    /// Looks through waiting items, in order, until stopped. `take` is called for those of this lane.
    pub(super) fn each_waiting(
        &self,
        lane: usize,
        reader: &dyn CatalogReader,
        is_mine: fn(&Locator) -> bool,
        mut take: impl FnMut(ItemRow) -> Result<(), Stopped>,
    ) -> Result<(), Stopped> {
        let (mut after_seq, mut rewinds) = (0, 0);
        loop {
            self.switch.wait_going()?;
            let pokes = self.switch.pokes();
            let rewinds_now = self.rewinds.load(Ordering::Acquire);
            if rewinds_now != rewinds {
                (after_seq, rewinds) = (0, rewinds_now);
            }
            // Before the page is read: one of these may still wait in the page and have its outcome when its row comes
            // up; it must not be done twice.
            let in_flight = self.flying().clone();
            let page = match reader.waiting(self.job, after_seq, PAGE_ROWS) {
                Ok(page) => page,
                Err(error) => {
                    self.set_trouble(Trouble::Fatal(error.to_string()));
                    continue;
                }
            };
            let Some(last) = page.last() else {
                self.idle_lanes[lane].store(pokes, Ordering::Release);
                self.switch.wait_poke(pokes)?;
                continue;
            };
            after_seq = last.id.seq;
            for row in page {
                if !is_mine(&row.locator) || in_flight.contains(&row.id.seq) {
                    continue;
                }
                self.switch.wait_going()?;
                if !self.flying().insert(row.id.seq) {
                    continue;
                }
                match self.refusal(&row) {
                    None => take(row)?,
                    Some(error) => {
                        self.begin(row.id);
                        self.fail(Finished::new(row.id, Outcome::Failed(error)));
                    }
                }
            }
        }
    }

    /// Why an item need not even be begun: what its list says of it doesn't do.
    pub(super) fn refusal(&self, row: &ItemRow) -> Option<ItemError> {
        // A line of somebody else's list that is no link must not become a file of this machine by being tried again.
        if row.origin == Origin::Fetched && row.locator.path().is_some() {
            return Some(ItemError::new(ErrorKind::BadUrl, &row.locator).with("detail", "its list was fetched"));
        }
        self.naming.missing_column(row).or_else(|| self.checksum(row).err())
    }

    /// The checksum that an item's list gives.
    pub(super) fn checksum(&self, row: &ItemRow) -> Result<Option<Checksum>, ItemError> {
        match &self.spec.lists.checksum_column {
            Some(column) if row.locator.path().is_none() => Checksum::of(row, column),
            _ => Ok(None),
        }
    }

    /// Reads files one ahead of the pixel workers and hands them over.
    pub(super) fn files_lane(
        self: &Arc<Self>,
        reader: &dyn CatalogReader,
        pool: &Arc<ThreadPool>,
    ) -> Result<(), Stopped> {
        self.each_waiting(
            0,
            reader,
            |locator| locator.path().is_some(),
            |row| {
                let Some(path) = row.locator.path().map(PathBuf::from) else { return Ok(()) };
                let started = Instant::now();
                match open_file(&path, self.spec.is_copy()) {
                    Ok((held, size_bytes)) => {
                        let input = Input {
                            size_bytes,
                            held,
                            row,
                            fetched: None,
                            file_name: None,
                            read_ms: started.elapsed().as_millis() as u64,
                        };
                        self.admit(input, false, pool, reader)
                    }
                    Err(error) => {
                        self.begin(row.id);
                        self.fail(Finished::new(row.id, Outcome::Failed(error)));
                        Ok(())
                    }
                }
            },
        )
    }

    /// Hands fetched bodies on to the pixel workers, and failures to the recorder.
    pub(super) fn bodies_lane(
        self: Arc<Self>,
        mut body_rx: mpsc::Receiver<LinkResult>,
        pool: &Arc<ThreadPool>,
        reader: &dyn CatalogReader,
    ) {
        while let Some((row, result, place)) = body_rx.blocking_recv() {
            let seq = row.id.seq;
            match result {
                Ok(fetched) => {
                    drop(place);
                    let is_idle = body_rx.len() < BODIES_BEHIND;
                    if self.admit(Input::from_fetched(row, fetched), is_idle, pool, reader).is_err() {
                        self.landed(seq);
                    }
                }
                Err(failure) if failure.error.kind == ErrorKind::Cancelled => self.landed(seq),
                Err(failure) if failure.error.kind == ErrorKind::MissingSecret => {
                    self.set_trouble(Trouble::Fatal(failure.error.arg("detail").to_owned()));
                    self.landed(seq);
                }
                Err(failure) => {
                    let outcome = if failure.error.is_courtesy() {
                        Outcome::Skipped { reason: failure.error.to_string() }
                    } else {
                        Outcome::Failed(failure.error)
                    };
                    let mut finished = Finished::new(row.id, outcome);
                    finished.http_status = failure.http_status;
                    finished.attempts = failure.attempts;
                    finished.timings.fetch_ms = failure.fetch_ms;
                    self.fail(finished);
                }
            }
        }
    }
}
