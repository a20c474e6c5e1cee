//! Jobs, their requests and their sources: rows that change seldom while a job runs.

use rusqlite::{Connection, OptionalExtension, params};

use super::counters::{no_job, require_job};
use super::row::unsigned;
use super::{CatalogError, now_ms, write_back};
use crate::catalog::api::{JobSource, SourceCursor};
use crate::model::{JobId, JobSpec, JobState, JobSummary, SourceSpec};

pub(super) fn create_job(sql: &Connection, spec: &JobSpec, state: JobState) -> Result<JobId, CatalogError> {
    sql.prepare_cached("INSERT INTO job(created_at, state) VALUES (?1, ?2)")?
        .execute(params![now_ms(), state.word()])?;
    let job = JobId(sql.last_insert_rowid());
    sql.prepare_cached("INSERT INTO job_request(job_id, spec) VALUES (?1, ?2)")?
        .execute(params![job.0, text_of_request(spec)?])?;
    insert_sources(sql, job, 0, &spec.sources)?;
    Ok(job)
}

pub(super) fn set_request(sql: &Connection, job: JobId, request: &JobSpec) -> Result<(), CatalogError> {
    let changed = sql
        .prepare_cached("UPDATE job_request SET spec = ?2 WHERE job_id = ?1")?
        .execute(params![job.0, text_of_request(request)?])?;
    require_job(job, changed)
}

pub(super) fn add_sources(sql: &Connection, job: JobId, sources: &[SourceSpec]) -> Result<u32, CatalogError> {
    if !sql.prepare_cached("SELECT 1 FROM job WHERE id = ?1")?.exists([job.0])? {
        return Err(no_job(job));
    }
    let first = sql
        .prepare_cached("SELECT coalesce(max(n) + 1, 0) FROM job_source WHERE job_id = ?1")?
        .query_row([job.0], |row| row.get(0))?;
    insert_sources(sql, job, first, sources)?;
    Ok(first)
}

fn insert_sources(sql: &Connection, job: JobId, first: u32, sources: &[SourceSpec]) -> Result<(), CatalogError> {
    let mut insert = sql.prepare_cached("INSERT INTO job_source(job_id, n, spec) VALUES (?1, ?2, ?3)")?;
    for (n, source) in (first..).zip(sources) {
        insert.execute(params![job.0, n, serde_json::to_string(source)?])?;
    }
    Ok(())
}

pub(super) fn set_source(sql: &Connection, job: JobId, n: u32, source: &SourceSpec) -> Result<(), CatalogError> {
    let changed = sql
        .prepare_cached("UPDATE job_source SET spec = ?3 WHERE job_id = ?1 AND n = ?2")?
        .execute(params![job.0, n, serde_json::to_string(source)?])?;
    require_source(job, n, changed)
}

pub(super) fn end_source(sql: &Connection, job: JobId, n: u32) -> Result<(), CatalogError> {
    let changed = sql
        .prepare_cached("UPDATE job_source SET ended = 1 WHERE job_id = ?1 AND n = ?2")?
        .execute(params![job.0, n])?;
    require_source(job, n, changed)
}

pub(super) fn set_cursor(sql: &Connection, job: JobId, cursor: &SourceCursor) -> Result<(), CatalogError> {
    let changed = sql
        .prepare_cached("UPDATE job_source SET cursor = ?3, ended = ?4 WHERE job_id = ?1 AND n = ?2")?
        .execute(params![job.0, cursor.source, cursor.taken as i64, cursor.ended])?;
    require_source(job, cursor.source, changed)
}

fn require_source(job: JobId, n: u32, changed_rows: usize) -> Result<(), CatalogError> {
    if changed_rows == 0 { Err(CatalogError::Other(format!("job {job} has no source {n}"))) } else { Ok(()) }
}

/// Sets a job's state, and counts how long it ran. A job that was running and runs again was killed: it ran until its last
/// item finished.
pub(super) fn set_state(sql: &Connection, job: JobId, state: JobState) -> Result<(), CatalogError> {
    let finished_at = matches!(state, JobState::Done | JobState::Cancelled).then(now_ms);
    let changed = sql
        .prepare_cached(
            "UPDATE job SET state = ?2, finished_at = ?3, \
             created_at = CASE WHEN state = 'draft' AND ?2 <> 'draft' THEN ?4 ELSE created_at END, \
             started_at = CASE ?2 WHEN 'running' THEN coalesce(started_at, ?4) WHEN 'draft' THEN NULL \
             ELSE started_at END, \
             worked_ms = worked_ms + max(coalesce(CASE WHEN state <> 'running' THEN NULL WHEN ?2 <> 'running' THEN ?4 \
             ELSE (SELECT finished_at FROM item INDEXED BY item_number WHERE job_id = ?1 AND number IS NOT NULL \
             ORDER BY number DESC LIMIT 1) END - running_since, 0), 0), \
             running_since = CASE ?2 WHEN 'running' THEN ?4 END \
             WHERE id = ?1",
        )?
        .execute(params![job.0, state.word(), finished_at, now_ms()])?;
    require_job(job, changed)
}

/// Whether everything that a job's sources gave, or may still give, has an outcome.
pub(super) fn is_complete(sql: &Connection, job: JobId) -> Result<bool, CatalogError> {
    let unfinished = sql
        .prepare_cached("SELECT total > done + failed + skipped FROM job WHERE id = ?1")?
        .query_row([job.0], |row| row.get::<_, bool>(0))
        .optional()?
        .ok_or_else(|| no_job(job))?;
    Ok(!unfinished && !has_open_sources(sql, job)? && !write_back::has_outbox(sql, job)?)
}

pub(super) fn has_open_sources(sql: &Connection, job: JobId) -> rusqlite::Result<bool> {
    sql.prepare_cached("SELECT 1 FROM job_source INDEXED BY job_source_open WHERE job_id = ?1 AND ended = 0 LIMIT 1")?
        .exists([job.0])
}

/// A job's request without its sources.
pub(super) fn request(sql: &Connection, job: JobId) -> Result<Option<JobSpec>, CatalogError> {
    let text: Option<String> = sql
        .prepare_cached("SELECT spec FROM job_request WHERE job_id = ?1")?
        .query_row([job.0], |row| row.get(0))
        .optional()?;
    Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
}

pub(super) fn sources(sql: &Connection, job: JobId) -> Result<Vec<JobSource>, CatalogError> {
    let mut select =
        sql.prepare_cached("SELECT n, spec, cursor, ended FROM job_source WHERE job_id = ?1 ORDER BY n")?;
    let mut rows = select.query([job.0])?;
    let mut sources = Vec::new();
    while let Some(row) = rows.next()? {
        sources.push(JobSource {
            n: row.get("n")?,
            spec: serde_json::from_str(row.get_ref("spec")?.as_str().map_err(rusqlite::Error::from)?)?,
            taken: unsigned(row, "cursor")?,
            ended: row.get("ended")?,
        });
    }
    Ok(sources)
}

pub(super) fn summary(sql: &Connection, job: JobId) -> Result<Option<JobSummary>, CatalogError> {
    let Some(request) = request(sql, job)? else { return Ok(None) };
    let first: Option<String> = sql
        .prepare_cached("SELECT spec FROM job_source WHERE job_id = ?1 ORDER BY n LIMIT 1")?
        .query_row([job.0], |row| row.get(0))
        .optional()?;
    let sources = sql
        .prepare_cached("SELECT count(*) AS sources FROM job_source WHERE job_id = ?1")?
        .query_row([job.0], |row| unsigned(row, "sources"))?;
    Ok(Some(JobSummary { request, first_source: first.map(|text| serde_json::from_str(&text)).transpose()?, sources }))
}

/// The JSON in `job_request`; sources have rows of their own.
fn text_of_request(spec: &JobSpec) -> Result<String, serde_json::Error> {
    serde_json::to_string(&spec.without_sources())
}
