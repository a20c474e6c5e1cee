//! The rows of a batch: one for each key, as if the items had been written one after the other.

use std::collections::HashMap;

use crate::db::{Value, WriteMode, WriteRow};
use crate::model::{ItemOutput, ItemRow, Rejection};
use crate::sink::write_back::{Target, TargetRow};

/// Rows, and the items that they are of.
pub(super) struct BatchRows {
    pub(super) seqs: Vec<u64>,
    pub(super) rows: Vec<WriteRow>,
}

/// Bytes of the values of a row.
pub(super) fn size_bytes(row: &WriteRow) -> usize {
    row.key.iter().chain(&row.values).map(Value::size_bytes).sum()
}

/// Rows of items in the order in which they finished.
pub(super) struct Batch<'a> {
    target: &'a Target,
    whole: Rows,
    outcome: Rows,
    /// The items, in that order.
    pub(super) seqs: Vec<u64>,
    /// Bytes of the values that were added.
    pub(super) bytes: usize,
    /// Items whose values don't fit.
    pub(super) misfits: Vec<Rejection>,
}

/// The row of each key.
#[derive(Default)]
struct Rows {
    rows: Vec<Option<(u64, WriteRow)>>,
    by_key: HashMap<String, usize>,
}

impl Rows {
    fn has(&self, key: &str) -> bool {
        self.by_key.contains_key(key)
    }

    fn put(&mut self, key: String, row: (u64, WriteRow)) {
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
        let (whole, outcome) = (Rows::default(), Rows::default());
        Self { target, whole, outcome, seqs: Vec::new(), bytes: 0, misfits: Vec::new() }
    }

    /// Adds an item that finished after those before it.
    pub(super) fn add(&mut self, item: &ItemRow, outputs: &[ItemOutput]) {
        self.seqs.push(item.id.seq);
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
        self.bytes += size_bytes(&row);
        let key = format!("{:?}", row.key);
        // The first row that is inserted stays.
        if self.target.whole.mode == WriteMode::Insert && (self.whole.has(&key) || self.outcome.has(&key)) {
            return;
        }
        let row = (item.id.seq, row);
        if is_whole {
            self.outcome.remove(&key);
            self.whole.put(key, row);
        } else {
            self.outcome.put(key, row);
        }
    }

    /// The rows with results, and those without; the former are written first.
    pub(super) fn into_rows(self) -> (BatchRows, BatchRows) {
        let rows = |rows: Rows| {
            let (seqs, rows) = rows.rows.into_iter().flatten().unzip();
            BatchRows { seqs, rows }
        };
        (rows(self.whole), rows(self.outcome))
    }
}
