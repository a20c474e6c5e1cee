//! The lane of statements: runs them over a pool of connections, as many at once as there may be connections, and keeps
//! their rows.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use crossbeam_channel::{Sender, bounded};
use futures_util::FutureExt;
use tokio::sync::oneshot;

use super::budget::{Budget, Share, Stopped};
use super::paging::{PAGE_ROWS, Paging};
use super::{Run, RunError};
use crate::catalog::{CatalogReader, WaitingPage};
use crate::db::{DbError, DbErrorKind};
use crate::engine::databases::job_error;
use crate::engine::item::guarded::panic_text;
use crate::engine::item::naming::{NameHints, Target};
use crate::engine::query::{Kept, QueryPlan, Retries};
use crate::error::{ErrorKind, ItemError, JobError};
use crate::model::{Finished, ItemRow, Outcome, QueryResult, Timings};
use crate::sink::rows::{self, KeptRows, Typing};
use crate::store;

/// Index of this lane; the other lane of a query job has nothing to do.
const LANE: usize = 0;
const OTHER_LANE: usize = 1;
/// Rows that are taken from a connection at once.
const ROWS_AT_ONCE: usize = 512;
/// Tasks for each connection: while some save their rows, others use the connections.
const TASKS_PER_CONNECTION: usize = 2;

/// Extension of files with the rows of a statement that become part of a result.
const KEPT_EXTENSION: &str = "rows";

/// What a statement gave.
struct Answer {
    kept: Option<Kept>,
    /// Rows of its result, or rows that it changed.
    rows: u64,
    columns: Option<usize>,
}

/// Why an item has no outcome yet, or failed.
enum Trouble {
    /// The database refused the statement or could not run it.
    Statement(DbError),
    /// Its rows could not be saved.
    Unsaved(ItemError),
    /// The database is out of reach: the job stops, and the item waits.
    Outage(JobError),
    /// The run was stopped.
    Cancelled,
}

impl From<DbError> for Trouble {
    fn from(error: DbError) -> Self {
        Self::Statement(error)
    }
}

impl Run {
    /// Hands out waiting statements until the run is stopped, and waits for those in progress.
    pub(super) fn queries_lane(
        self: &Arc<Self>,
        reader: &dyn CatalogReader,
        runtime: &tokio::runtime::Handle,
        plan: &Arc<QueryPlan>,
    ) {
        let (alive_tx, alive_rx) = bounded::<()>(0);
        let permits = Budget::new((plan.spec.connections * TASKS_PER_CONNECTION) as u64);
        let stopped = self.hand_out_queries(reader, runtime, plan, (&permits, alive_tx));
        debug_assert_eq!(stopped, Err(Stopped));
        // An error means that every task has ended.
        let _ = alive_rx.recv();
    }

    fn hand_out_queries(
        self: &Arc<Self>,
        reader: &dyn CatalogReader,
        runtime: &tokio::runtime::Handle,
        plan: &Arc<QueryPlan>,
        (permits, alive_tx): (&Arc<Budget>, Sender<()>),
    ) -> Result<(), Stopped> {
        let mut paging = Paging::default();
        loop {
            let read = |after_seq| reader.waiting(self.job, after_seq, PAGE_ROWS).map(WaitingPage::whole);
            let Some(rows) = self.next_page(&mut paging, reader, read)? else {
                self.idle_lanes[LANE].store(paging.pokes, Ordering::Release);
                self.idle_lanes[OTHER_LANE].store(paging.pokes, Ordering::Release);
                self.switch.wait_poke(paging.pokes)?;
                continue;
            };
            for row in rows {
                let permit = permits.take(1, &self.switch)?;
                self.switch.wait_going()?;
                if self.try_hand_out(&row) {
                    self.hand_out_query(row, runtime, plan, (permit, alive_tx.clone()));
                }
            }
        }
    }

    fn hand_out_query(
        self: &Arc<Self>,
        row: ItemRow,
        runtime: &tokio::runtime::Handle,
        plan: &Arc<QueryPlan>,
        held: (Share, Sender<()>),
    ) {
        if self.switch.is_paused() {
            return self.release(row.id.seq);
        }
        let (written_tx, written_rx) = oneshot::channel();
        let then = move || {
            let _ = written_tx.send(());
        };
        let written_rx = self.mark_early(LANE, std::slice::from_ref(&row), then).then_some(written_rx);
        if written_rx.is_none() {
            self.note_start(row.id);
        }
        let missing = plan
            .missing_column(&row)
            .map(|column| ItemError::new(ErrorKind::NoColumn, &row.locator).with("column", column));
        if let Some(error) = missing.or_else(|| self.naming().missing_column(&row)) {
            return self.fail(Finished::new(row.id, Outcome::Failed(error)));
        }
        let (run, plan) = (Arc::clone(self), Arc::clone(plan));
        runtime.spawn(async move {
            let _held = held;
            if let Some(written_rx) = written_rx {
                // An error means that the recorder has ended.
                let _ = written_rx.await;
                if run.switch.is_paused() {
                    return run.release(row.id.seq);
                }
            }
            let started = Instant::now();
            let mut attempts = 0;
            let working = std::panic::AssertUnwindSafe(run.run_statement(&plan, &row, &mut attempts));
            let outcome = working.catch_unwind().await;
            run.end_statement(&row, attempts, started, outcome.map_err(|panic| panic_text(panic.as_ref())));
        });
    }

    /// Records how a statement ended.
    fn end_statement(
        &self,
        row: &ItemRow,
        attempts: u32,
        started: Instant,
        outcome: Result<Result<(Finished, Option<Target>), Trouble>, String>,
    ) {
        let timings = Timings { fetch_ms: started.elapsed().as_millis() as u64, process_ms: 0 };
        let attempts = row.attempts + attempts.max(1);
        let fail = |error: ItemError| {
            self.fail(Finished { attempts, timings, ..Finished::new(row.id, Outcome::Failed(error)) });
        };
        match outcome {
            Ok(Ok((finished, target))) => self.record(Finished { attempts, timings, ..finished }, target),
            Ok(Err(Trouble::Cancelled)) => self.release(row.id.seq),
            Ok(Err(Trouble::Unsaved(error))) => self.end_unsaved(row, error),
            Ok(Err(Trouble::Outage(error))) => {
                self.set_error(RunError::Fatal(error));
                self.release(row.id.seq);
            }
            Ok(Err(Trouble::Statement(error))) => fail(item_error(row, &error)),
            Err(panic) => fail(ItemError::new(ErrorKind::Panic, &row.locator).with("detail", panic)),
        }
    }

    /// Runs an item's statement to its end, repeats it if that may help, and stages or inserts its rows.
    async fn run_statement(
        &self,
        plan: &QueryPlan,
        row: &ItemRow,
        attempts: &mut u32,
    ) -> Result<(Finished, Option<Target>), Trouble> {
        let answer = tokio::select! {
            answer = self.attempts(plan, row, attempts) => answer?,
            () = self.cancel.cancelled() => return Err(Trouble::Cancelled),
        };
        let mut finished = Finished::new(row.id, Outcome::Done { output: String::new() });
        finished.height_px = Some(u32::try_from(answer.rows).unwrap_or(u32::MAX));
        finished.width_px = answer.columns.and_then(|columns| u32::try_from(columns).ok());
        let Some(mut kept) = answer.kept else { return Ok((finished, None)) };
        tokio::task::block_in_place(|| kept.end()).map_err(|error| self.unsaved(row, &error))?;
        if let Some(table) = &plan.table {
            let mut retries = Retries::new(plan.spec.retries);
            let inserting = table.insert(row.id.seq, kept.reader(), &mut retries);
            let inserted = tokio::select! {
                inserted = inserting => inserted,
                () = self.cancel.cancelled() => return Err(Trouble::Cancelled),
            };
            return match inserted {
                Ok(()) => Ok((finished, None)),
                Err(error) if error.is_outage() && table.pool.get().await.is_err() => {
                    Err(Trouble::Outage(job_error(&table.dsn, &error)))
                }
                Err(error) => Err(error.into()),
            };
        }
        let staged = tokio::task::block_in_place(|| self.stage_rows(plan, row, &kept));
        let target = staged.map_err(|error| Trouble::Unsaved(error.named(&row.locator)))?;
        finished.bytes_out = target.staged.size_bytes;
        finished.output_hash = Some(target.staged.hash.clone());
        Ok((finished, Some(target)))
    }

    /// Writes the rows of a statement under a temporary name: in the format of the results, or as they are if they become
    /// part of one.
    fn stage_rows(&self, plan: &QueryPlan, row: &ItemRow, kept: &Kept) -> Result<Target, ItemError> {
        let stage = |content, extension: &str| self.naming().stage(row, NameHints::default(), extension, content);
        let QueryResult::Files { format } = &plan.spec.result else { return stage(kept.content(), KEPT_EXTENSION) };
        let unsaved = |error: std::io::Error| store::write_error(&self.naming().out_dir, &error);
        let mut typing = Typing::default();
        let mut rows = KeptRows::open(kept.reader()).map_err(unsaved)?;
        while let Some(row) = rows.next_row().map_err(unsaved)? {
            typing.note(&row);
        }
        let mut rows = KeptRows::open(kept.reader()).map_err(unsaved)?;
        let mut encoded = Kept::new(self.spool());
        let mut writer = rows::writer(*format, rows.columns(), &typing, &mut encoded).map_err(unsaved)?;
        while let Some(row) = rows.next_row().map_err(unsaved)? {
            writer.row(&row).map_err(unsaved)?;
        }
        writer.end().map_err(unsaved)?;
        encoded.end().map_err(unsaved)?;
        stage(encoded.content(), format.word())
    }

    fn unsaved(&self, row: &ItemRow, error: &std::io::Error) -> Trouble {
        Trouble::Unsaved(store::write_error(&self.naming().out_dir, error).named(&row.locator))
    }

    async fn attempts(&self, plan: &QueryPlan, row: &ItemRow, attempts: &mut u32) -> Result<Answer, Trouble> {
        let (sql, values) = plan.bind(row)?;
        let mut retries = Retries::new(plan.spec.retries);
        loop {
            *attempts += 1;
            let error = match self.attempt(plan, row, (&sql, &values)).await {
                Err(Trouble::Statement(error)) if error.is_transient() => error,
                ended => return ended,
            };
            if let Err(error) = retries.again(error).await {
                // A statement that costs its connection is to blame; if no other can be opened, the database is.
                let is_outage = error.is_outage() && plan.pool.get().await.is_err();
                return Err(if is_outage {
                    Trouble::Outage(job_error(&plan.dsn, &error))
                } else {
                    Trouble::Statement(error)
                });
            }
        }
    }

    async fn attempt(
        &self,
        plan: &QueryPlan,
        row: &ItemRow,
        (sql, values): (&str, &[crate::db::Value]),
    ) -> Result<Answer, Trouble> {
        let mut connection = plan.pool.get().await?;
        let running = async {
            if !plan.spec.has_rows {
                let rows = connection.execute(sql, values).await?;
                return Ok(Answer { kept: None, rows, columns: None });
            }
            let mut found = connection.query(sql, values).await?;
            let columns = found.columns().len();
            let mut kept = Kept::new(self.spool());
            rows::keep_columns(kept.buffer(), found.columns());
            let mut count = 0;
            loop {
                let page = found.next_rows(ROWS_AT_ONCE).await?;
                if page.is_empty() {
                    break;
                }
                count += page.len() as u64;
                page.iter().for_each(|row| rows::keep_row(kept.buffer(), row));
                if kept.is_full() {
                    tokio::task::block_in_place(|| kept.spill()).map_err(|error| self.unsaved(row, &error))?;
                }
            }
            Ok(Answer { kept: Some(kept), rows: count, columns: Some(columns) })
        };
        match plan.most() {
            None => running.await,
            Some(most) => tokio::time::timeout(most, running).await.unwrap_or_else(|_| {
                Err(Trouble::Statement(DbError::own(DbErrorKind::Timeout, "db_no_answer_in_time")))
            }),
        }
    }
}

/// The failure of an item whose statement the database refused.
fn item_error(row: &ItemRow, error: &DbError) -> ItemError {
    let kind = ErrorKind::from_word(&format!("db_{}", error.word())).unwrap_or(ErrorKind::DbOther);
    let named = ItemError::new(kind, &row.locator);
    let named = match error.own_words() {
        Some(message) => named.saying(message),
        None => named.with("detail", &error.message),
    };
    if error.code.is_empty() { named } else { named.with("code", &error.code) }
}
