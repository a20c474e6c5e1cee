//! The history: finding jobs, and deleting their rows some at a time, so that other processes are never kept waiting.

use rusqlite::{Connection, params};
use serde::Deserialize;

use super::row::unsigned;
use super::sorted_list::{contains, folded};
use super::{CatalogError, now_ms};
use crate::catalog::api::{CatalogSize, JobFilter};
use crate::model::{ItemId, JobId, JobState, Locator, SourceSpec};

/// Jobs that were not deleted from the history.
pub(super) const IN_HISTORY: &str = "deleted_at IS NULL";
/// Sources of a job that are searched, and the longest of them: those with many files are found by their folders.
const SOURCES_SEARCHED: u32 = 20;
const LONGEST_SOURCE: u32 = 1 << 16;
/// Finished items among which the first results are looked for.
const RESULTS_SEARCHED: u32 = 64;

/// The part of a request that is searched. A request of another version is found by the rest.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Request {
    recipe: Recipe,
    outputs: Vec<Output>,
    query: Option<Query>,
    write_back: Option<WriteBack>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Query {
    database: String,
    sql: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WriteBack {
    database: String,
    table: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Recipe {
    steps: Vec<Step>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Step {
    op: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Output {
    name: String,
    steps: Vec<Step>,
    save: Save,
    sink: Sink,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Save {
    format: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Sink {
    dir: Option<String>,
}

pub(super) fn find(
    sql: &Connection,
    filter: &JobFilter<'_>,
    is_at_work: &dyn Fn(JobId) -> bool,
    cancelled: &dyn Fn() -> bool,
) -> Result<Option<Vec<JobId>>, CatalogError> {
    let select = format!(
        "SELECT id, state FROM job WHERE {IN_HISTORY} AND (?1 IS NULL OR created_at >= ?1) \
         AND (?2 IS NULL OR created_at < ?2) AND (?3 IS NULL OR coalesce(finished_at, created_at) < ?3) \
         AND (NOT ?4 OR failed > 0) ORDER BY id DESC"
    );
    let mut select = sql.prepare_cached(&select)?;
    let limits = params![filter.from_ms, filter.until_ms, filter.ended_before_ms, filter.has_failures];
    let mut rows = select.query(limits)?;
    let needle = folded(filter.text.trim());
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        if cancelled() {
            return Ok(None);
        }
        let job = JobId(row.get("id")?);
        let state: JobState = match row.get_ref("state")?.as_str().map_err(rusqlite::Error::from)?.parse() {
            // Nobody is running it: its process was killed.
            Ok(JobState::Running) if !is_at_work(job) => JobState::Paused,
            Ok(state) => state,
            Err(_) => continue,
        };
        let is_meant = if filter.states.is_empty() { state != JobState::Draft } else { filter.states.contains(&state) };
        if is_meant && (needle.is_empty() || mentions(sql, job, &needle, filter.ops)?) {
            found.push(job);
        }
    }
    Ok(Some(found))
}

/// Whether a job has a number or contains a text.
fn mentions(sql: &Connection, job: JobId, needle: &str, ops: &[String]) -> Result<bool, CatalogError> {
    if needle.strip_prefix('#').unwrap_or(needle).parse() == Ok(job.0) {
        return Ok(true);
    }
    let mut groups = sql.prepare_cached("SELECT label FROM item_group WHERE job_id = ?1")?;
    let mut rows = groups.query([job.0])?;
    while let Some(row) = rows.next()? {
        if contains(row.get_ref("label")?.as_str().map_err(rusqlite::Error::from)?, needle) {
            return Ok(true);
        }
    }
    let mut requests = sql.prepare_cached("SELECT spec FROM job_request WHERE job_id = ?1")?;
    let mut rows = requests.query([job.0])?;
    if let Some(row) = rows.next()? {
        let text = row.get_ref("spec")?.as_str().map_err(rusqlite::Error::from)?;
        let Request { recipe, outputs, query, write_back } = serde_json::from_str(text).unwrap_or_default();
        let (query, write_back) = (query.unwrap_or_default(), write_back.unwrap_or_default());
        let names = [&query.database, &query.sql, &write_back.database, &write_back.table];
        if names.into_iter().any(|name| contains(name, needle)) {
            return Ok(true);
        }
        let is_meant = |step: &Step| ops.contains(&step.op) || contains(&step.op, needle);
        let says = |output: &Output| {
            contains(&output.name, needle)
                || output.steps.iter().any(is_meant)
                || output.save.format.contains(needle)
                || output.sink.dir.as_ref().is_some_and(|dir| contains(dir, needle))
        };
        if recipe.steps.iter().any(is_meant) || outputs.iter().any(says) {
            return Ok(true);
        }
    }
    let mut sources = sql
        .prepare_cached("SELECT spec FROM job_source WHERE job_id = ?1 AND n < ?2 AND length(spec) < ?3 ORDER BY n")?;
    let mut rows = sources.query(params![job.0, SOURCES_SEARCHED, LONGEST_SOURCE])?;
    while let Some(row) = rows.next()? {
        let text = row.get_ref("spec")?.as_str().map_err(rusqlite::Error::from)?;
        let source: SourceSpec = serde_json::from_str(text).unwrap_or_default();
        let options = ["dsn", "sql"].into_iter().filter_map(|name| source.option(name).map(str::to_owned));
        if source.inputs.iter().map(Locator::to_text).chain(options).any(|text| contains(&text, needle)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Jobs that were removed from the history before a time.
pub(super) fn deleted(sql: &Connection, before_ms: i64) -> Result<Vec<JobId>, CatalogError> {
    let mut select = sql.prepare_cached("SELECT id FROM job WHERE deleted_at < ?1 ORDER BY id")?;
    let rows = select.query_map([before_ms], |row| Ok(JobId(row.get(0)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn first_results(sql: &Connection, job: JobId, limit: u32) -> Result<Vec<ItemId>, CatalogError> {
    let mut select = sql.prepare_cached(
        "SELECT seq FROM (SELECT seq, state FROM item INDEXED BY item_number WHERE job_id = ?1 AND number IS NOT NULL \
         ORDER BY number LIMIT ?2) WHERE state = 'done' LIMIT ?3",
    )?;
    let rows = select
        .query_map(params![job.0, RESULTS_SEARCHED, limit], |row| Ok(ItemId { job, seq: unsigned(row, "seq")? }))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn size(sql: &Connection) -> Result<CatalogSize, CatalogError> {
    let number = |name| sql.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let page_bytes = number("page_size")?.max(0) as u64;
    let bytes = |name| -> rusqlite::Result<u64> { Ok(number(name)?.max(0) as u64 * page_bytes) };
    let select = format!("SELECT count(*), coalesce(sum(total), 0) FROM job WHERE {IN_HISTORY} AND state <> 'draft'");
    let (jobs, items): (i64, i64) = sql.query_row(&select, (), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(CatalogSize {
        jobs: jobs.max(0) as u64,
        items: items.max(0) as u64,
        bytes: bytes("page_count")?,
        free_bytes: bytes("freelist_count")?,
        is_incremental: number("auto_vacuum")? == INCREMENTAL,
    })
}

/// SQLite's number for a file whose free pages can be returned some at a time.
const INCREMENTAL: i64 = 2;

/// Removes a job from the history, or brings it back.
pub(super) fn set_deleted(sql: &Connection, job: JobId, is_deleted: bool) -> Result<bool, CatalogError> {
    let changed = if is_deleted {
        sql.prepare_cached("UPDATE job SET deleted_at = ?2 WHERE id = ?1 AND deleted_at IS NULL AND state <> 'draft'")?
            .execute(params![job.0, now_ms()])?
    } else {
        sql.prepare_cached("UPDATE job SET deleted_at = NULL WHERE id = ?1 AND deleted_at IS NOT NULL")?
            .execute([job.0])?
    };
    Ok(changed > 0)
}

/// Deletes the first items of a job that was removed from the history, and with the last ones the rest of it. Returns how
/// many items were deleted, and whether anything is left.
pub(super) fn delete_rows(
    sql: &Connection,
    job: JobId,
    most: u64,
    tables: &[&str],
) -> Result<(u64, bool), CatalogError> {
    if !sql.prepare_cached("SELECT 1 FROM job WHERE id = ?1 AND deleted_at IS NOT NULL")?.exists([job.0])? {
        return Ok((0, false));
    }
    let last: Option<i64> = sql
        .prepare_cached("SELECT max(seq) FROM (SELECT seq FROM item WHERE job_id = ?1 ORDER BY seq LIMIT ?2)")?
        .query_row(params![job.0, most as i64], |row| row.get(0))?;
    let mut items = 0;
    if let Some(last) = last {
        sql.prepare_cached("DELETE FROM item_output WHERE job_id = ?1 AND seq <= ?2")?.execute(params![job.0, last])?;
        let delete = "DELETE FROM item WHERE job_id = ?1 AND seq <= ?2";
        items = sql.prepare_cached(delete)?.execute(params![job.0, last])? as u64;
    }
    if items >= most {
        return Ok((items, true));
    }
    let ignored = sql
        .prepare_cached(
            "DELETE FROM ignored WHERE id IN (SELECT id FROM ignored INDEXED BY ignored_job WHERE job_id = ?1 LIMIT ?2)",
        )?
        .execute(params![job.0, most as i64])?;
    if ignored as u64 >= most {
        return Ok((items, true));
    }
    for table in tables {
        sql.execute(&format!("DELETE FROM {table} WHERE job_id = ?1"), [job.0])?;
    }
    sql.execute("DELETE FROM job WHERE id = ?1", [job.0])?;
    Ok((items, false))
}
