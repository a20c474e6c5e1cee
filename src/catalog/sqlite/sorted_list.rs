//! Filtered and sorted lists of item numbers (4 bytes each), read on a thread of their own that can be cancelled at any
//! time, even in the middle of a sort.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use unicode_normalization::UnicodeNormalization;

use super::CatalogError;
use crate::catalog::api::{ListFilter, Order};
use crate::db::sqlite;
use crate::error::{ErrorKind, JobError};
use crate::model::{ItemState, JobId};
use crate::store::descriptors;

/// How often the list's thread is asked to stop.
const POLL: Duration = Duration::from_millis(5);

/// Rows without remarks are recognised by their text, without parsing it; a list's column of that name has another path.
const IS_REMARKED: &str =
    " AND extra LIKE '%\"remarks\":[%' AND coalesce(json_array_length(extra, '$.remarks'), 0) > 0";

/// Which list to read.
pub(super) struct ListQuery<'a> {
    pub(super) job: JobId,
    pub(super) filter: ListFilter<'a>,
    pub(super) order: Order,
}

/// The numbers of the matching items in order; `None` if cancelled.
pub(super) fn order(
    path: &Path,
    query: &ListQuery<'_>,
    cancelled: &dyn Fn() -> bool,
) -> Result<Option<Vec<u32>>, JobError> {
    if cancelled() {
        return Ok(None);
    }
    let Some(sql) = query.sql() else { return Ok(Some(Vec::new())) };
    // The connection moves to the other thread.
    let connection = descriptors::when_free_now(|| sqlite::open_reader(path));
    let connection = connection.map_err(|error| JobError::catalog(path, error))?;
    let interrupt = connection.get_interrupt_handle();
    let stop = AtomicBool::new(false);
    let (result_tx, result_rx) = mpsc::sync_channel(1);
    thread::scope(|scope| {
        let stop = &stop;
        thread::Builder::new()
            .name("catalog-order".to_owned())
            .spawn_scoped(scope, move || {
                // The receiver is gone only if the list was cancelled.
                let _ = result_tx.send(run(&connection, &sql, query, stop));
            })
            .map_err(|error| JobError::thread("pixloom-order", error))?;
        let result = loop {
            match result_rx.recv_timeout(POLL) {
                Ok(result) => break result,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    if cancelled() {
                        stop.store(true, Ordering::Relaxed);
                    }
                    if stop.load(Ordering::Relaxed) {
                        // Repeated, because it only affects a statement that is already running.
                        interrupt.interrupt();
                    }
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    break Err(CatalogError::Other("reading the list ended unexpectedly".to_owned()));
                }
            }
        };
        match result {
            _ if stop.load(Ordering::Relaxed) => Ok(None),
            Ok(seqs) => Ok(Some(seqs)),
            Err(error) => Err(JobError::catalog(path, error)),
        }
    })
}

fn run(connection: &Connection, sql: &str, query: &ListQuery<'_>, stop: &AtomicBool) -> Result<Vec<u32>, CatalogError> {
    let needle = folded(query.filter.text);
    let mut select = connection.prepare(sql)?;
    let mut rows = select.query(rusqlite::params![query.job.0, query.filter.kind.map(ErrorKind::word)])?;
    let mut seqs = Vec::new();
    while let Some(row) = rows.next()? {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        if needle.is_empty() || contains(row.get_ref("locator")?.as_str().map_err(rusqlite::Error::from)?, &needle) {
            seqs.push(row.get("seq")?);
        }
    }
    Ok(seqs)
}

impl ListQuery<'_> {
    /// The SQL, or `None` if nothing can match: only failures have a kind. States are literals, so that SQLite uses the
    /// partial indexes.
    fn sql(&self) -> Option<String> {
        let ListFilter { state, kind, text, is_remarked } = self.filter;
        let state = match (state, kind) {
            (None, Some(_)) => Some(ItemState::Failed),
            (Some(state), Some(_)) if state != ItemState::Failed => return None,
            (state, _) => state,
        };
        let state = state.map_or_else(String::new, |state| format!(" AND state = '{state}'"));
        // `?2` is always bound.
        let kind = if kind.is_some() { " AND error_kind = ?2" } else { " AND ?2 IS NULL" };
        let remarked = if is_remarked { IS_REMARKED } else { "" };
        let column = if text.is_empty() { "" } else { ", locator" };
        let order = match self.order {
            Order::Added => "seq".to_owned(),
            Order::Name => "locator COLLATE NOCASE, locator, seq".to_owned(),
            Order::Size => "coalesce(size, bytes_in) DESC, seq".to_owned(),
            Order::State => {
                let ranks: Vec<String> = (ItemState::ALL.iter().enumerate())
                    .map(|(rank, state)| format!("WHEN '{state}' THEN {rank}"))
                    .collect();
                format!("CASE state {} END, seq", ranks.join(" "))
            }
        };
        Some(format!("SELECT seq{column} FROM item WHERE job_id = ?1{state}{kind}{remarked} ORDER BY {order}"))
    }
}

/// Lower-cased and normalized to NFC (macOS stores Hangul file names decomposed).
pub(super) fn folded(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.nfc().flat_map(char::to_lowercase).collect() }
}

/// Whether a locator contains the text, literally or percent-decoded (`%ED%95%9C` is `한`).
pub(super) fn contains(locator: &str, needle: &str) -> bool {
    folded(locator).contains(needle)
        || (locator.contains('%')
            && folded(&percent_encoding::percent_decode_str(locator).decode_utf8_lossy()).contains(needle))
}
