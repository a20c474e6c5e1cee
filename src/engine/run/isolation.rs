//! Items that may have killed the process: their starts are recorded before they begin, and an item that was in progress
//! in several crashes runs alone.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::Run;
use crate::config::MAX_CRASHES;
use crate::engine::record::message::Record;
use crate::model::ItemRow;

/// Items of each lane whose starts are recorded early after a crash: more than were started and not recorded when the
/// process died, and those are among the first that wait.
const EARLY_MARKS: u32 = 1024;
/// Files whose starts are recorded together.
const EARLY_MARKS_AT_ONCE: u32 = 16;

/// No item runs alone.
const NONE: u64 = 0;
/// No item may start: one will run alone as soon as none is in progress.
const HOLD: u64 = u64::MAX;

/// What a run knows about items that may have killed the process.
pub(super) struct Isolation {
    /// The only item that may start; or [`NONE`] or [`HOLD`].
    alone: AtomicU64,
    /// Items that were in progress in too many crashes and wait to run alone.
    suspects: Mutex<BTreeSet<u64>>,
    /// For each lane, how many more starts are recorded early.
    early_marks: [AtomicU32; 2],
    has_died: bool,
}

impl Isolation {
    pub(super) fn new(has_died: bool) -> Self {
        let early_marks = if has_died { EARLY_MARKS } else { 0 };
        Self {
            alone: AtomicU64::new(NONE),
            suspects: Mutex::default(),
            early_marks: [AtomicU32::new(early_marks), AtomicU32::new(early_marks)],
            has_died,
        }
    }

    /// Whether an item may start now. Suspects are noted for later.
    pub(super) fn may_start(&self, row: &ItemRow) -> bool {
        match self.alone.load(Ordering::SeqCst) {
            NONE if row.attempts < MAX_CRASHES => true,
            NONE => {
                self.suspects.lock().unwrap_or_else(PoisonError::into_inner).insert(row.id.seq);
                false
            }
            alone => alone == row.id.seq,
        }
    }

    /// How many items of a lane have their starts recorded together before they begin, if any have.
    pub(super) fn early_marks(&self, lane: usize) -> Option<u32> {
        match self.early_marks[lane].load(Ordering::Relaxed) {
            0 => None,
            left => Some(left.min(EARLY_MARKS_AT_ONCE)),
        }
    }
}

/// What happens once nothing but suspects is left.
#[must_use]
pub(crate) enum Isolated {
    /// No item has to run alone: the run is complete.
    Nothing,
    /// An item runs alone, or will.
    One,
    /// All have run alone. Once the recorder has this record, any item may start again.
    Last(Record),
}

impl Run {
    /// Whether items of this run may be recorded as running that have not begun yet.
    pub(crate) fn marks_items_early(&self) -> bool {
        self.isolation.has_died || self.isolation.alone.load(Ordering::SeqCst) != NONE
    }

    /// Counts an item as in progress; `false` if it is in progress already or may not start now.
    pub(super) fn try_hand_out(&self, row: &ItemRow) -> bool {
        if !self.handed_out().insert(row.id.seq) {
            return false;
        }
        // Checked only now: `isolate_next` counts the items in progress after it has changed who may start.
        let may_start = self.isolation.may_start(row);
        if !may_start {
            self.release(row.id.seq);
        }
        may_start
    }

    /// Records the starts of a lane's items before they begin, where that is due: an item that kills the process at once
    /// would not be counted otherwise. `then` is called once they are written; returns whether it will be.
    pub(super) fn mark_early(&self, lane: usize, rows: &[ItemRow], then: impl FnOnce() + Send + 'static) -> bool {
        let is_alone = self.isolation.alone.load(Ordering::SeqCst) != NONE;
        if rows.is_empty() || (self.isolation.early_marks(lane).is_none() && !is_alone) {
            return false;
        }
        let left = &self.isolation.early_marks[lane];
        left.store(left.load(Ordering::Relaxed).saturating_sub(rows.len() as u32), Ordering::Relaxed);
        self.started.lock().unwrap_or_else(PoisonError::into_inner).extend(rows.iter().map(|row| row.id.seq));
        self.record_tx.send(Record::StartedNow(self.job, Box::new(then))).is_ok()
    }

    /// When nothing is in progress and nothing else waits: lets the next suspect run alone.
    pub(crate) fn isolate_next(self: &Arc<Self>) -> Isolated {
        let Isolation { alone, suspects, .. } = &self.isolation;
        let mut suspects = suspects.lock().unwrap_or_else(PoisonError::into_inner);
        if alone.load(Ordering::SeqCst) == NONE {
            if suspects.is_empty() {
                return Isolated::Nothing;
            }
            // Items may be added and started at any moment: the next call finds out whether one was.
            alone.store(HOLD, Ordering::SeqCst);
            return Isolated::One;
        }
        let next = suspects.pop_first();
        drop(suspects);
        alone.store(next.unwrap_or(NONE), Ordering::SeqCst);
        if next.is_none() {
            // Items that were held back may have been recorded as running.
            return Isolated::Last(self.requeue());
        }
        self.rewind();
        Isolated::One
    }
}
