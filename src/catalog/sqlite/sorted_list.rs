//! Filtered and sorted lists: 4 bytes an item, found by a thread of their own that can be stopped at any moment, also
//! in the middle of a sort.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use unicode_normalization::UnicodeNormalization;

use super::Trouble;
use crate::catalog::api::Order;
use crate::db::sqlite;
use crate::error::{ErrorKind, JobError};
use crate::model::{ItemState, JobId};

/// How often it is asked whether anybody still wants the list.
const POLL: Duration = Duration::from_millis(5);

/// What list is wanted.
pub(super) struct Wanted<'a> {
    pub(super) job: JobId,
    pub(super) state: Option<ItemState>,
    pub(super) kind: Option<ErrorKind>,
    pub(super) text: &'a str,
    pub(super) order: Order,
}

/// The places of the wanted items in the wanted order; `None` if nobody wants them any more.
pub(super) fn order(
    path: &Path,
    wanted: &Wanted<'_>,
    cancelled: &dyn Fn() -> bool,
) -> Result<Option<Vec<u32>>, JobError> {
    if cancelled() {
        return Ok(None);
    }
    let Some(sql) = wanted.sql() else { return Ok(Some(Vec::new())) };
    // A connection of its own, since it moves to the other thread.
    let connection = sqlite::open_reader(path).map_err(|error| JobError::catalog(path, error))?;
    let interrupt = connection.get_interrupt_handle();
    let stop = AtomicBool::new(false);
    let (result_tx, result_rx) = mpsc::sync_channel(1);
    thread::scope(|scope| {
        let stop = &stop;
        thread::Builder::new()
            .name("catalog-order".to_owned())
            .spawn_scoped(scope, move || {
                // Nobody listens any more only when this thread was told to stop.
                let _ = result_tx.send(run(&connection, &sql, wanted, stop));
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
                        // Again and again: it only reaches a statement that has begun.
                        interrupt.interrupt();
                    }
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    break Err(Trouble::Said("reading it broke off".to_owned()));
                }
            }
        };
        match result {
            _ if stop.load(Ordering::Relaxed) => Ok(None),
            Ok(places) => Ok(Some(places)),
            Err(trouble) => Err(JobError::catalog(path, trouble)),
        }
    })
}

fn run(connection: &Connection, sql: &str, wanted: &Wanted<'_>, stop: &AtomicBool) -> Result<Vec<u32>, Trouble> {
    let needle = folded(wanted.text);
    let mut select = connection.prepare(sql)?;
    let mut rows = select.query(rusqlite::params![wanted.job.0, wanted.kind.map(ErrorKind::word)])?;
    let mut places = Vec::new();
    while let Some(row) = rows.next()? {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        if needle.is_empty() || holds(row.get_ref("locator")?.as_str().map_err(rusqlite::Error::from)?, &needle) {
            places.push(row.get("seq")?);
        }
    }
    Ok(places)
}

impl Wanted<'_> {
    /// The query, or `None` if nothing can be meant: only failures have a kind. States stand in it as words, so that the
    /// partial indexes are found.
    fn sql(&self) -> Option<String> {
        let state = match (self.state, self.kind) {
            (None, Some(_)) => Some(ItemState::Failed),
            (Some(state), Some(_)) if state != ItemState::Failed => return None,
            (state, _) => state,
        };
        let state = state.map_or_else(String::new, |state| format!(" AND state = '{state}'"));
        // `?2` is bound in any case.
        let kind = if self.kind.is_some() { " AND error_kind = ?2" } else { " AND ?2 IS NULL" };
        let column = if self.text.is_empty() { "" } else { ", locator" };
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
        Some(format!("SELECT seq{column} FROM item WHERE job_id = ?1{state}{kind} ORDER BY {order}"))
    }
}

/// Without case, and in one form however it was typed (macOS writes Hangul in file names as single letters).
fn folded(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.nfc().flat_map(char::to_lowercase).collect() }
}

/// Whether a locator holds the text, as it stands or, in a link, as it reads (`%ED%95%9C` is `한`).
fn holds(locator: &str, needle: &str) -> bool {
    folded(locator).contains(needle)
        || (locator.contains('%')
            && folded(&percent_encoding::percent_decode_str(locator).decode_utf8_lossy()).contains(needle))
}
