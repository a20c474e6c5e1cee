//! How far the results of jobs have been written back into tables of users, and which rows were refused.

use rusqlite::{Connection, OptionalExtension, params};

use crate::catalog::api::WrittenBack;
use crate::model::{JobId, Rejection, WriteBackCounts, WriteBackLevel};

/// The columns of [`RecordRows::Rejections`](crate::catalog::RecordRows::Rejections), and the item's `extra`.
pub(super) const REJECTION_RECORDS: &str = "SELECT job_id, seq, locator, key, message, extra \
    FROM write_back_rejection JOIN item USING (job_id, seq) WHERE job_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";

pub(super) fn begin(sql: &Connection, job: JobId) -> rusqlite::Result<()> {
    sql.prepare_cached("INSERT OR IGNORE INTO write_back(job_id) VALUES (?1)")?.execute([job.0])?;
    Ok(())
}

pub(super) fn advance(sql: &Connection, job: JobId, written: &WrittenBack) -> rusqlite::Result<()> {
    let rejected: i64 = sql
        .prepare_cached("SELECT rejected FROM write_back WHERE job_id = ?1")?
        .query_row([job.0], |row| row.get(0))?;
    let mut solved = 0;
    if rejected > 0 {
        let mut delete = sql.prepare_cached("DELETE FROM write_back_rejection WHERE job_id = ?1 AND seq = ?2")?;
        for seq in &written.seqs {
            solved += delete.execute(params![job.0, *seq as i64])?;
        }
    }
    let mut refused = 0;
    let mut insert = sql.prepare_cached(
        "INSERT OR IGNORE INTO write_back_rejection(job_id, seq, key, message) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for one in &written.rejections {
        refused += insert.execute(params![job.0, one.seq as i64, one.key, one.message])?;
    }
    sql.prepare_cached("DELETE FROM write_back_again WHERE job_id = ?1 AND id <= ?2")?
        .execute(params![job.0, written.again as i64])?;
    let WriteBackCounts { matched, changed, missing, .. } = written.counts;
    sql.prepare_cached(
        "UPDATE write_back SET number = max(number, ?2), matched = matched + ?3, changed = changed + ?4, \
         missing = missing + ?5, rejected = rejected + ?6 WHERE job_id = ?1",
    )?
    .execute(params![
        job.0,
        written.number as i64,
        matched as i64,
        changed as i64,
        missing as i64,
        refused as i64 - solved as i64,
    ])?;
    Ok(())
}

/// An item changed that may have been written back already.
pub(super) fn write_again(sql: &Connection, job: JobId, seq: i64) -> rusqlite::Result<()> {
    sql.prepare_cached(
        "INSERT INTO write_back_again(job_id, seq) SELECT job_id, ?2 FROM write_back WHERE job_id = ?1",
    )?
    .execute(params![job.0, seq])?;
    Ok(())
}

/// Rows that were refused are written once more. Returns how many.
pub(super) fn retry_rejections(sql: &Connection, job: JobId) -> rusqlite::Result<u64> {
    let retried = sql
        .prepare_cached(
            "INSERT INTO write_back_again(job_id, seq) SELECT job_id, seq FROM write_back_rejection WHERE job_id = ?1",
        )?
        .execute([job.0])?;
    Ok(retried as u64)
}

/// Whether results of a job are still to be written back.
pub(super) fn has_outbox(sql: &Connection, job: JobId) -> rusqlite::Result<bool> {
    sql.prepare_cached(
        "SELECT 1 FROM write_back WHERE job_id = ?1 AND (\
         EXISTS (SELECT 1 FROM item INDEXED BY item_number WHERE item.job_id = ?1 AND item.number > write_back.number) \
         OR EXISTS (SELECT 1 FROM write_back_again WHERE write_back_again.job_id = ?1))",
    )?
    .exists([job.0])
}

pub(super) fn level(sql: &Connection, job: JobId) -> rusqlite::Result<Option<WriteBackLevel>> {
    sql.prepare_cached("SELECT number, matched, changed, missing, rejected FROM write_back WHERE job_id = ?1")?
        .query_row([job.0], |row| {
            let number = |index| row.get::<_, i64>(index).map(|number| number.max(0) as u64);
            let counts =
                WriteBackCounts { matched: number(1)?, changed: number(2)?, missing: number(3)?, rejected: number(4)? };
            Ok(WriteBackLevel { number: number(0)?, counts })
        })
        .optional()
}

pub(super) fn rejections_after(
    sql: &Connection,
    job: JobId,
    after: u64,
    limit: u32,
) -> rusqlite::Result<Vec<(u64, Rejection)>> {
    let mut select = sql.prepare_cached(
        "SELECT id, seq, key, message, \
         (SELECT locator FROM item WHERE item.job_id = ?1 AND item.seq = write_back_rejection.seq) \
         FROM write_back_rejection INDEXED BY write_back_rejection_job WHERE job_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
    )?;
    let rejections = select.query_map(params![job.0, after as i64, limit], |row| {
        let number = |index| row.get::<_, i64>(index).map(|number| number.max(0) as u64);
        let locator = row.get::<_, Option<String>>(4)?.unwrap_or_default();
        Ok((number(0)?, Rejection { seq: number(1)?, locator, key: row.get(2)?, message: row.get(3)? }))
    })?;
    rejections.collect()
}

pub(super) fn to_write_again(sql: &Connection, job: JobId, limit: u32) -> rusqlite::Result<Vec<(u64, u64)>> {
    let mut select = sql.prepare_cached(
        "SELECT id, seq FROM write_back_again INDEXED BY write_back_again_job WHERE job_id = ?1 ORDER BY id LIMIT ?2",
    )?;
    let notes = select
        .query_map(params![job.0, limit], |row| Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64)))?;
    notes.collect()
}
