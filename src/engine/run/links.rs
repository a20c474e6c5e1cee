//! The lane of links: hands each link to the fetcher as soon as its host has room, so that a slow or dead host never
//! holds up others.
//!
//! Reads the list once; the fetcher's scheduler queues the links of a busy host until the host has room again.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::FutureExt;
use tokio::sync::{mpsc, oneshot};

use super::budget::Stopped;
use super::lanes::{Arrival, FetchResult};
use super::paging::PAGE_ROWS;
use super::repeats::RepeatState;
use super::revisit::{self, FetchOutcome};
use super::{Run, RunError};
use crate::catalog::{CatalogReader, WaitingPage};
use crate::engine::item::guarded::panic_text;
use crate::engine::item::prior_results::{Prior, PriorResults};
use crate::error::{ErrorKind, ItemError, JobError};
use crate::fetch::{FetchFailure, LinkRequest, Ready, Scheduler, Ticket, Visit};
use crate::model::{Finished, ItemRow, ItemState, Locator, Message, Outcome};
use crate::store::Spool;

/// Index of this lane.
const LANE: usize = 1;

/// The lane's own state.
pub(super) struct Lane<'a> {
    pub(super) run: &'a Arc<Run>,
    pub(super) reader: &'a dyn CatalogReader,
    runtime: &'a tokio::runtime::Handle,
    pub(super) body_tx: &'a mpsc::Sender<Arrival>,
    spool: Spool,
    pub(super) prior_results: PriorResults,
    pub(super) repeat_state: RepeatState,
    scheduler: Scheduler,
    /// Rows that were read and not offered yet.
    page: VecDeque<ItemRow>,
    is_turn_of_queues: bool,
    after_seq: u64,
    rewinds: u64,
    /// The number of pokes when the list was found to be at its end.
    ended_at: Option<u64>,
}

impl Run {
    /// Keeps the fetcher supplied with links.
    pub(super) fn links_lane(
        self: &Arc<Self>,
        reader: &dyn CatalogReader,
        runtime: &tokio::runtime::Handle,
        body_tx: &mpsc::Sender<Arrival>,
    ) -> Result<(), Stopped> {
        let mut lane = Lane {
            run: self,
            reader,
            runtime,
            body_tx,
            spool: self.spool(),
            prior_results: PriorResults::new(&self.spec, &self.outputs, Some(self.job), reader),
            repeat_state: RepeatState::default(),
            scheduler: self.fetcher.scheduler().clone(),
            page: VecDeque::new(),
            is_turn_of_queues: true,
            after_seq: 0,
            rewinds: 0,
            ended_at: None,
        };
        loop {
            self.switch.wait_going()?;
            match lane.step() {
                Ok(()) => {}
                Err(Halt::Stopped) => return Err(Stopped),
                Err(Halt::Failed(error)) => self.set_error(RunError::Fatal(error)),
            }
        }
    }

    /// Where bodies are kept that are too large for memory: in the output folder, so that they can be renamed to
    /// results.
    pub(super) fn spool(&self) -> Spool {
        let output = self.naming().output();
        // It was opened before the job started.
        output.map_or_else(|_| Spool::new(std::env::temp_dir()), |output| output.spool(&self.parts_owner))
    }

    /// What a visit to a link led to.
    async fn arrival(
        &self,
        visit: Visit,
        row: &ItemRow,
        prior: Option<Box<Prior>>,
    ) -> Result<FetchOutcome, FetchFailure> {
        match (visit, prior) {
            (Visit::Changed(fetched), prior) => {
                let fetched = self.checked(row, Ok(fetched)).await?;
                Ok(FetchOutcome::Body(Box::new(fetched), prior.filter(|_| self.spec.output().sink.update)))
            }
            (Visit::Unchanged { attempts, fetch_ms, transfer }, Some(prior)) => {
                Ok(FetchOutcome::Unchanged(revisit::unchanged(row, *prior, (attempts, fetch_ms, transfer))))
            }
            (Visit::Unchanged { attempts, fetch_ms, .. }, None) => {
                let error =
                    ItemError::new(ErrorKind::BadResponse, &row.locator).saying(&Message::new("link_unconditional"));
                Err(FetchFailure { error, http_status: Some(304), attempts, fetch_ms, times: None })
            }
        }
    }

    /// The response, if it has the checksum that its list specifies.
    async fn checked(&self, row: &ItemRow, result: FetchResult) -> FetchResult {
        let fetched = result?;
        let Ok(Some(checksum)) = self.checksum(row) else { return Ok(fetched) };
        let checked_row = row.clone();
        // Hashing takes CPU time, and maybe disk time.
        let checking = tokio::task::spawn_blocking(move || checksum.check(&checked_row, fetched));
        checking.await.unwrap_or_else(|broken| {
            let error = ItemError::new(ErrorKind::Panic, &row.locator).with("detail", broken);
            Err(FetchFailure { error, http_status: None, attempts: 1, fetch_ms: 0, times: None })
        })
    }
}

/// Why a step failed.
pub(super) enum Halt {
    Stopped,
    Failed(JobError),
}

impl From<Stopped> for Halt {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}

impl From<JobError> for Halt {
    fn from(error: JobError) -> Self {
        Self::Failed(error)
    }
}

impl Lane<'_> {
    /// Hands out the next link, or waits until one can be handed out.
    fn step(&mut self) -> Result<(), Halt> {
        let rewinds = self.run.rewinds.load(Ordering::Acquire);
        if rewinds != self.rewinds {
            self.start_over(rewinds);
        }
        if self.offer_ready_repeats()? {
            return Ok(());
        }
        if !self.scheduler.wait_for_room(&|| self.run.switch.is_stopped()) {
            return Err(Halt::Stopped);
        }
        // In turns, so that neither the list nor the queues keep the other waiting.
        let can_read = self.ended_at != Some(self.run.switch.pokes()) && !self.scheduler.has_full_queues();
        self.is_turn_of_queues |= self.page.is_empty() && !can_read;
        let ready = if self.is_turn_of_queues { self.scheduler.take_ready() } else { None };
        self.is_turn_of_queues = ready.is_none();
        if let Some(ready) = ready {
            self.hand_out_queued(ready)?;
        } else if let Some(row) = self.page.pop_front() {
            self.offer(row)?;
        } else if can_read {
            self.read_on()?;
        } else if self.scheduler.has_empty_queues() {
            let pokes = self.run.switch.pokes();
            if self.ended_at == Some(pokes) {
                self.run.idle_lanes[LANE].store(pokes, Ordering::Release);
                self.run.switch.wait_poke(pokes)?;
            }
        } else {
            self.scheduler.wait_for_ready();
        }
        Ok(())
    }

    fn start_over(&mut self, rewinds: u64) {
        self.scheduler.clear_queues();
        self.clear_repeats();
        self.page.clear();
        (self.after_seq, self.rewinds, self.ended_at) = (0, rewinds, None);
    }

    /// Reads the next links of the list.
    fn read_on(&mut self) -> Result<(), JobError> {
        let pokes = self.run.switch.pokes();
        let read = |after_seq| self.reader.waiting(self.run.job, after_seq, PAGE_ROWS).map(WaitingPage::whole);
        let (rows, last_seq) = self.run.page_after(self.after_seq, self.reader, read)?;
        match last_seq {
            Some(last_seq) => self.after_seq = last_seq,
            None => self.ended_at = Some(pokes),
        }
        self.page.extend(rows.into_iter().filter(|row| row.locator.path().is_none()));
        Ok(())
    }

    /// Hands out a link, or has it queued.
    pub(super) fn offer(&mut self, row: ItemRow) -> Result<(), Halt> {
        let row = match row.repeats {
            Some(first) => self.offer_repeat(row, first)?,
            None => Some(row),
        };
        let Some(row) = row else { return Ok(()) };
        if self.skip(&row) {
            return Ok(());
        }
        match self.scheduler.offer(&host_of(&row.locator), row.id.seq) {
            Some(ticket) => Ok(self.hand_out(row, ticket)?),
            None => Ok(()),
        }
    }

    /// Skips a link without a request, if its earlier result exists and the policy says so.
    fn skip(&mut self, row: &ItemRow) -> bool {
        if self.run.refusal(row).is_some() {
            return false;
        }
        let Some(finished) = self.prior_results.skip_link(row, self.reader) else { return false };
        if self.run.try_hand_out(row) {
            self.run.fail(finished);
        }
        true
    }

    /// Hands out queued links of a host that has room again.
    fn hand_out_queued(&mut self, ready: Ready) -> Result<(), Halt> {
        let Ready { seqs, tickets } = ready;
        let in_flight: HashSet<u64> = {
            let in_flight = self.run.handed_out();
            seqs.iter().copied().filter(|seq| in_flight.contains(seq)).collect()
        };
        let rows = match (seqs.first(), seqs.last()) {
            (Some(first), Some(last)) if last - first + 1 == seqs.len() as u64 => {
                self.reader.after(self.run.job, first - 1, seqs.len() as u32)?
            }
            _ => self.reader.items(self.run.job, &seqs)?,
        };
        let waits = |row: &ItemRow| row.state == ItemState::Waiting && !in_flight.contains(&row.id.seq);
        for (row, ticket) in rows.into_iter().filter(waits).zip(tickets) {
            self.hand_out(row, ticket)?;
        }
        Ok(())
    }

    /// Passes a link to the fetcher.
    fn hand_out(&mut self, row: ItemRow, mut ticket: Ticket) -> Result<(), Stopped> {
        let run = Arc::clone(self.run);
        run.switch.wait_going()?;
        if !run.try_hand_out(&row) {
            return Ok(());
        }
        if run.switch.is_paused() {
            run.release(row.id.seq);
            return Ok(());
        }
        let (written_tx, written_rx) = oneshot::channel();
        let then = move || {
            let _ = written_tx.send(());
        };
        let written_rx = run.mark_early(LANE, std::slice::from_ref(&row), then).then_some(written_rx);
        if written_rx.is_none() {
            run.note_start(row.id);
        }
        if let Some(error) = run.refusal(&row) {
            run.fail(Finished::new(row.id, Outcome::Failed(error)));
            return Ok(());
        }
        let prior = self.prior_results.find_link(&row, self.reader);
        let (body_tx, spool, meter) = (self.body_tx.clone(), self.spool.clone(), run.transfers.begin(row.id.seq));
        self.runtime.spawn(async move {
            let Locator::Url(url) = row.locator.clone() else { return };
            if let Some(written_rx) = written_rx {
                // An error means that the recorder has ended.
                let _ = written_rx.await;
                if run.switch.is_paused() {
                    return run.release(row.id.seq);
                }
            }
            let fetching = std::panic::AssertUnwindSafe(async {
                let prior = match prior {
                    Some(prior) => revisit::intact(prior).await,
                    None => None,
                };
                let known = prior.as_ref().and_then(|prior| revisit::known(prior));
                let request = LinkRequest {
                    known: known.as_ref(),
                    ticket: Some(&ticket),
                    meter: Some(&meter),
                    ..LinkRequest::new(&url, row.origin)
                };
                run.fetcher.visit(request, &spool, &run.cancel).await.map(|visit| (visit, prior))
            });
            let result = fetching.catch_unwind().await.unwrap_or_else(|panic| {
                let error = ItemError::new(ErrorKind::Panic, &row.locator).with("detail", panic_text(panic.as_ref()));
                Err(FetchFailure { error, http_status: None, attempts: 1, fetch_ms: 0, times: None })
            });
            ticket.leave_host();
            let result = match result {
                Ok((visit, prior)) => run.arrival(visit, &row, prior).await,
                Err(failure) => Err(failure),
            };
            let seq = row.id.seq;
            if body_tx.send(Arrival::Fetched(row, result, ticket)).await.is_err() {
                run.release(seq);
            }
        });
        Ok(())
    }
}

/// Scheme, host and port, as the fetcher distinguishes hosts; empty if it is not a URL.
fn host_of(locator: &Locator) -> String {
    locator.origin().unwrap_or_default()
}
