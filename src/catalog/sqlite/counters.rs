//! What a job's row says about its next items.

use rusqlite::{Connection, OptionalExtension, params};

use super::CatalogError;
use super::row::unsigned;
use crate::model::JobId;

/// A job's state and its next free numbers.
pub(super) struct NextNumbers {
    pub(super) state: String,
    pub(super) next_seq: u64,
    pub(super) next_number: u64,
}

impl NextNumbers {
    pub(super) fn read(sql: &Connection, job: JobId) -> Result<Self, CatalogError> {
        let numbers = sql
            .prepare_cached("SELECT state, next_seq, next_number FROM job WHERE id = ?1")?
            .query_row([job.0], |row| {
                Ok(Self {
                    state: row.get("state")?,
                    next_seq: unsigned(row, "next_seq")?,
                    next_number: unsigned(row, "next_number")?,
                })
            })
            .optional()?;
        numbers.ok_or_else(|| no_job(job))
    }
}

pub(super) fn set_next_number(sql: &Connection, job: JobId, next_number: u64) -> rusqlite::Result<()> {
    sql.prepare_cached("UPDATE job SET next_number = ?2 WHERE id = ?1")?
        .execute(params![job.0, next_number as i64])
        .map(|_| ())
}

pub(super) fn no_job(job: JobId) -> CatalogError {
    CatalogError::Other(format!("there is no job {job}"))
}

/// An error if a job's row was not found.
pub(super) fn require_job(job: JobId, changed_rows: usize) -> Result<(), CatalogError> {
    if changed_rows == 0 { Err(no_job(job)) } else { Ok(()) }
}
