//! Sums over a job's items, updated in the same transaction as the items, so that nothing is ever counted row by row.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::row::ItemStatus;
use crate::model::{ItemState, JobId};

/// Item numbers that share a row of `item_bucket`.
pub(super) const BUCKET: u64 = 1024;

/// Changes to a job's sums.
#[derive(Debug, Default)]
pub(super) struct Sums {
    total: i64,
    done: i64,
    failed: i64,
    skipped: i64,
    bytes_in: i64,
    bytes_out: i64,
    /// Total, done, failed.
    groups: BTreeMap<i64, [i64; 3]>,
    kinds: BTreeMap<String, i64>,
    buckets: BTreeMap<u64, i64>,
}

impl Sums {
    /// An item was added.
    pub(super) fn add(&mut self, seq: u64, status: &ItemStatus) {
        self.count_at(seq, status, 1);
    }

    /// An item was removed.
    pub(super) fn remove(&mut self, seq: u64, status: &ItemStatus) {
        self.count_at(seq, status, -1);
    }

    /// An item's status changed.
    pub(super) fn change(&mut self, from: &ItemStatus, to: &ItemStatus) {
        self.count(from, -1);
        self.count(to, 1);
    }

    fn count_at(&mut self, seq: u64, status: &ItemStatus, by: i64) {
        self.total += by;
        self.groups.entry(status.group).or_default()[0] += by;
        *self.buckets.entry(seq / BUCKET).or_default() += by;
        self.count(status, by);
    }

    fn count(&mut self, status: &ItemStatus, by: i64) {
        self.bytes_in += by * status.bytes_in;
        self.bytes_out += by * status.bytes_out;
        match status.state {
            ItemState::Waiting | ItemState::Running => {}
            ItemState::Done => {
                self.done += by;
                self.groups.entry(status.group).or_default()[1] += by;
            }
            ItemState::Failed => {
                self.failed += by;
                self.groups.entry(status.group).or_default()[2] += by;
                if let Some(kind) = &status.kind {
                    *self.kinds.entry(kind.clone()).or_default() += by;
                }
            }
            ItemState::Skipped => self.skipped += by,
        }
    }

    /// Writes the changes.
    pub(super) fn apply(&self, connection: &Connection, job: JobId) -> rusqlite::Result<()> {
        connection
            .prepare_cached(
                "UPDATE job SET total = total + ?2, done = done + ?3, failed = failed + ?4, skipped = skipped + ?5, \
                 bytes_in = bytes_in + ?6, bytes_out = bytes_out + ?7 WHERE id = ?1",
            )?
            .execute(params![job.0, self.total, self.done, self.failed, self.skipped, self.bytes_in, self.bytes_out])?;
        let mut group = connection.prepare_cached(
            "UPDATE item_group SET total = total + ?2, done = done + ?3, failed = failed + ?4 WHERE id = ?1",
        )?;
        for (id, [total, done, failed]) in self.groups.iter().filter(|(_, by)| **by != [0; 3]) {
            group.execute(params![id, total, done, failed])?;
        }
        let mut kind = connection.prepare_cached(
            "INSERT INTO item_failure(job_id, error_kind, items) VALUES (?1, ?2, ?3) \
             ON CONFLICT DO UPDATE SET items = items + excluded.items",
        )?;
        for (word, by) in self.kinds.iter().filter(|(_, by)| **by != 0) {
            kind.execute(params![job.0, word, by])?;
        }
        let mut bucket = connection.prepare_cached(
            "INSERT INTO item_bucket(job_id, bucket, items) VALUES (?1, ?2, ?3) \
             ON CONFLICT DO UPDATE SET items = items + excluded.items",
        )?;
        for (number, by) in self.buckets.iter().filter(|(_, by)| **by != 0) {
            bucket.execute(params![job.0, *number as i64, by])?;
        }
        Ok(())
    }
}
