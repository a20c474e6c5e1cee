//! The rows of a batch: one for each key, as if the items had been written one after the other.

use std::collections::HashMap;

use crate::db::{WriteMode, WriteRow};
use crate::model::{ItemOutput, ItemRow, Rejection};
use crate::sink::write_back::{Target, TargetRow};

/// A row, and the item that it is of.
pub(super) struct BatchRow {
    pub(super) seq: u64,
    pub(super) row: WriteRow,
}

/// Rows of items in the order in which they finished.
pub(super) struct Batch<'a> {
    target: &'a Target,
    whole: Rows,
    outcome: Rows,
    /// Items whose values don't fit.
    pub(super) misfits: Vec<Rejection>,
}

/// The row of each key.
#[derive(Default)]
struct Rows {
    rows: Vec<Option<BatchRow>>,
    by_key: HashMap<String, usize>,
}

impl Rows {
    fn has(&self, key: &str) -> bool {
        self.by_key.contains_key(key)
    }

    fn put(&mut self, key: String, row: BatchRow) {
        self.remove(&key);
        self.by_key.insert(key, self.rows.len());
        self.rows.push(Some(row));
    }

    fn remove(&mut self, key: &str) {
        if let Some(index) = self.by_key.remove(key) {
            self.rows[index] = None;
        }
    }
}

impl<'a> Batch<'a> {
    pub(super) fn new(target: &'a Target) -> Self {
        Self { target, whole: Rows::default(), outcome: Rows::default(), misfits: Vec::new() }
    }

    /// Adds an item that finished after those before it.
    pub(super) fn add(&mut self, item: &ItemRow, outputs: &[ItemOutput]) {
        let (row, is_whole) = match self.target.row(item, outputs) {
            TargetRow::Whole(row) => (row, true),
            TargetRow::Outcome(row) => (row, false),
            TargetRow::Nothing => return,
            TargetRow::Misfit(key, message) => {
                let locator = item.locator.to_text();
                self.misfits.push(Rejection { seq: item.id.seq, locator, key, message });
                return;
            }
        };
        let key = format!("{:?}", row.key);
        // The first row that is inserted stays.
        if self.target.whole.mode == WriteMode::Insert && (self.whole.has(&key) || self.outcome.has(&key)) {
            return;
        }
        let row = BatchRow { seq: item.id.seq, row };
        if is_whole {
            self.outcome.remove(&key);
            self.whole.put(key, row);
        } else {
            self.outcome.put(key, row);
        }
    }

    /// The rows with results, and those without; the former are written first.
    pub(super) fn into_rows(self) -> (Vec<BatchRow>, Vec<BatchRow>) {
        let rows = |rows: Rows| rows.rows.into_iter().flatten().collect();
        (rows(self.whole), rows(self.outcome))
    }
}
