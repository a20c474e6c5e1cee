//! Lanes: threads that hand out a job's waiting items, files and links apart, until they are stopped.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use futures_util::FutureExt;
use rayon::ThreadPool;
use tokio::sync::mpsc;

use super::again::{self, Again, Arrival};
use super::item::{Input, open_file};
use super::{Run, Trouble};
use crate::catalog::CatalogReader;
use crate::config::MAX_BODY_IN_MEMORY_BYTES;
use crate::engine::gate::{Budget, Share, Stopped};
use crate::engine::picture::panic_text;
use crate::error::{ErrorKind, ItemError};
use crate::fetch::{FetchFailure, Spool};
use crate::model::{Finished, ItemRow, Locator, Outcome};

/// Rows a lane reads from the catalog at once.
const PAGE_ROWS: u32 = 256;
/// Links handed to the fetcher at once, for each connection: enough that a slow host never starves the others.
const LINKS_PER_CONNECTION: usize = 4;
/// Bodies that may wait for the pixel pool beside the byte budget's limit.
const BODIES_WAITING: usize = 64;

/// Bytes below which no body goes through a file.
const LEAST_IN_MEMORY_BYTES: u64 = 64 << 10;

/// A link's row and what came of fetching it, with its place among the links in flight.
pub(super) type LinkResult = (ItemRow, Result<Arrival, FetchFailure>, Share);

/// The way from the fetcher to the pixel workers.
pub(super) fn bodies() -> (mpsc::Sender<LinkResult>, mpsc::Receiver<LinkResult>) {
    mpsc::channel(BODIES_WAITING)
}

/// Bytes of one body that may stay in memory, so that all that are on their way, or wait to go on, take no more than a
/// quarter of what the job may use: the rest is the pixels'.
pub(crate) fn body_in_memory_bytes(memory_bytes: u64, connections: usize) -> u64 {
    let bodies = connections.max(1) * 2 + BODIES_WAITING;
    (memory_bytes / 4 / bodies as u64).clamp(LEAST_IN_MEMORY_BYTES, MAX_BODY_IN_MEMORY_BYTES)
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
                if self.flying().insert(row.id.seq) {
                    take(row)?;
                }
            }
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
                        self.admit(input, pool, reader)
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

    /// Keeps the fetcher supplied with links.
    pub(super) fn links_lane(
        self: &Arc<Self>,
        reader: &dyn CatalogReader,
        runtime: &tokio::runtime::Handle,
        body_tx: &mpsc::Sender<LinkResult>,
    ) -> Result<(), Stopped> {
        let tasks = Budget::new((self.spec.limits.connections.max(1) * LINKS_PER_CONNECTION) as u64);
        let mut again = Again::new(self, reader);
        let spool = Spool { dir: self.naming.out_dir.clone(), prefix: format!(".pixloom-{}-fetch-", self.job) };
        self.each_waiting(
            1,
            reader,
            |locator| locator.path().is_none(),
            |row| {
                let place = tasks.take(1, &self.switch)?;
                if self.switch.is_paused() {
                    self.landed(row.id.seq);
                    return Ok(());
                }
                self.begin(row.id);
                let made = again.made(&row, reader);
                let (run, body_tx, spool) = (Arc::clone(self), body_tx.clone(), spool.clone());
                runtime.spawn(async move {
                    let Locator::Url(url) = row.locator.clone() else { return };
                    run.net_in_use.fetch_add(1, Ordering::Relaxed);
                    let fetching = std::panic::AssertUnwindSafe(async {
                        let known = match &made {
                            Some(made) => again::known(made).await,
                            None => None,
                        };
                        run.fetcher.visit(&url, row.origin, known.as_ref(), &spool, &run.cancel).await
                    });
                    let result = fetching.catch_unwind().await.unwrap_or_else(|panic| {
                        let error =
                            ItemError::new(ErrorKind::Panic, &row.locator).with("detail", panic_text(panic.as_ref()));
                        Err(FetchFailure { error, http_status: None, attempts: 1, fetch_ms: 0 })
                    });
                    run.net_in_use.fetch_sub(1, Ordering::Relaxed);
                    let seq = row.id.seq;
                    let result = result.map(|visit| again::arrival(visit, &row, made));
                    if body_tx.send((row, result, place)).await.is_err() {
                        run.landed(seq);
                    }
                });
                Ok(())
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
                Ok(Arrival::Unchanged(finished)) => self.fail(*finished),
                Ok(Arrival::Body(fetched)) => {
                    drop(place);
                    if self.admit(Input::from_fetched(row, *fetched), pool, reader).is_err() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_on_their_way_take_a_quarter_of_the_memory_at_most() {
        assert_eq!(body_in_memory_bytes(16 << 30, 64), MAX_BODY_IN_MEMORY_BYTES);
        assert_eq!(body_in_memory_bytes(1, 256), LEAST_IN_MEMORY_BYTES);
        for (memory_bytes, connections) in [(64 << 20, 16), (256 << 20, 64), (2 << 30, 256)] {
            let one = body_in_memory_bytes(memory_bytes, connections);
            assert!(one * (connections * 2 + BODIES_WAITING) as u64 <= memory_bytes / 4, "{memory_bytes}");
        }
    }
}
