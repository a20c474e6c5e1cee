//! Hands the items of a source to the recorder. Those of standard input can't be read again: if the catalog can't be
//! written for a while, they are kept and tried again.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;

use super::read_sources::{Intake, IntakeNote, Unstored};
use crate::catalog::{Added, Adding, SourceCursor};
use crate::config;
use crate::engine::record::message::{NotAdded, Record};
use crate::error::JobError;
use crate::model::{Message, NewItem, Remark};

/// Pause between two attempts.
const RETRY_AFTER: Duration = Duration::from_millis(100);
/// Attempts are made for this many times as long as one attempt waits for another program.
const PATIENCE: u32 = 4;

impl Intake<'_> {
    /// Stores the batch, and how far the source has been read.
    pub(super) fn send(&mut self, known: bool, ended: bool) -> Result<(), JobError> {
        if self.unstored.is_some() {
            return Ok(());
        }
        let items = std::mem::take(&mut self.batch);
        self.batch_bytes = 0;
        let cursor = self.source.map(|source| SourceCursor { source, taken: self.taken, ended });
        let adding = Adding { cursor, leave_out_known: known, is_watched: false };
        match self.store(items, &adding) {
            Ok(added) => {
                self.added += added.added;
                self.duplicates += added.duplicates;
                self.next_seq = added.next_seq;
                Ok(())
            }
            Err(not_added) if self.is_read_once => {
                let NotAdded { items, error } = *not_added;
                let until = Instant::now() + patience();
                self.unstored = Some(Unstored { items: items.len() as u64, error, until });
                Ok(())
            }
            Err(not_added) => Err(not_added.error),
        }
    }

    /// Stores items, with more than one attempt if they can't be read again.
    fn store(&self, mut items: Vec<NewItem>, adding: &Adding) -> Result<Added, Box<NotAdded>> {
        let mut give_up_at = None;
        loop {
            let count = items.len() as u64;
            let not_added = match self.add(items, adding) {
                Err(not_added) if self.is_read_once => not_added,
                result => return result,
            };
            if self.is_stored(adding) {
                // Only the answer was lost.
                let next_seq = self.reader.next_seq(self.request.job).unwrap_or(self.next_seq + count);
                return Ok(Added { added: count, duplicates: 0, next_seq });
            }
            if give_up_at.is_none() {
                self.notify(IntakeNote::Remark { job: self.request.job, remark: Remark::NotStoredYet });
            }
            let give_up_at = *give_up_at.get_or_insert_with(|| Instant::now() + patience());
            if Instant::now() >= give_up_at || self.request.stop.load(Ordering::Acquire) {
                return Err(not_added);
            }
            thread::sleep(RETRY_AFTER);
            items = not_added.items;
        }
    }

    fn add(&self, items: Vec<NewItem>, adding: &Adding) -> Result<Added, Box<NotAdded>> {
        let gone = |items| Box::new(NotAdded { items, error: JobError::recorder_gone() });
        let (added_tx, added_rx) = bounded(1);
        let record = Record::Items { job: self.request.job, items, adding: *adding, added_tx };
        match self.record_tx.send(record) {
            Ok(()) => added_rx.recv().unwrap_or_else(|_| Err(gone(Vec::new()))),
            Err(unsent) => match unsent.into_inner() {
                Record::Items { items, .. } => Err(gone(items)),
                _ => Err(gone(Vec::new())),
            },
        }
    }

    /// Whether the catalog has the cursor that is stored together with items.
    fn is_stored(&self, adding: &Adding) -> bool {
        let Some(cursor) = &adding.cursor else { return false };
        let sources = self.reader.sources(self.request.job).unwrap_or_default();
        let is_stored = |taken, ended| taken >= cursor.taken && (ended || !cursor.ended);
        sources.iter().any(|source| source.n == cursor.source && is_stored(source.taken, source.ended))
    }

    /// Whether the rest of a source that can't be stored has been read for long enough.
    pub(super) fn has_waited_enough(&self) -> bool {
        self.unstored.as_ref().is_some_and(|unstored| Instant::now() >= unstored.until)
    }

    /// The current source was not read to its end, or not stored. What was read of one that can't be read again is stored.
    pub(super) fn end_interrupted(&mut self, known: bool) -> Result<(), JobError> {
        self.since = None;
        self.send_ignored()?;
        if self.is_read_once && !self.batch.is_empty() {
            self.send(known, false)?;
        }
        let Some(Unstored { items, error, .. }) = self.unstored.take() else { return Ok(()) };
        let message = Message::new("stdin_not_stored").count("count", items);
        self.notify(IntakeNote::Failed { job: self.request.job, error: JobError::Machine(message) });
        Err(error)
    }
}

/// How long items are tried to be stored.
fn patience() -> Duration {
    config::catalog_wait() * PATIENCE
}
