//! Files of watched folders: which were taken, and what becomes of them later.

use rusqlite::{Connection, params};

use super::CatalogError;
use super::outcome::retry_these;
use super::row::{self, ITEM_COLUMNS};
use super::sums::Sums;
use crate::catalog::api::FileChange;
use crate::model::{FailureFilter, ItemId, ItemRow, JobId, Locator, NewItem};

/// Notes a file that was taken.
pub(super) fn note(sql: &Connection, job: JobId, seq: u64, item: &NewItem) -> rusqlite::Result<()> {
    match item.size_bytes.zip(item.mtime_ms) {
        Some((size_bytes, mtime_ms)) => note_as(sql, ItemId { job, seq }, size_bytes, mtime_ms),
        None => Ok(()),
    }
}

fn note_as(sql: &Connection, id: ItemId, size_bytes: u64, mtime_ms: i64) -> rusqlite::Result<()> {
    sql.prepare_cached("INSERT OR IGNORE INTO watched_file(job_id, size, mtime, seq) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![id.job.0, size_bytes as i64, mtime_ms, id.seq as i64])?;
    Ok(())
}

/// Records what has become of a file; returns whether its item waits again.
pub(super) fn follow(sql: &Connection, id: ItemId, change: &FileChange, sums: &mut Sums) -> Result<bool, CatalogError> {
    let FileChange { moved_to, size_bytes, mtime_ms, is_retried } = change;
    sql.prepare_cached(
        "DELETE FROM watched_file WHERE job_id = ?1 AND seq = ?2 \
         AND (size, mtime) = (SELECT size, mtime FROM item WHERE job_id = ?1 AND seq = ?2)",
    )?
    .execute(params![id.job.0, id.seq as i64])?;
    note_as(sql, id, *size_bytes, *mtime_ms)?;
    sql.prepare_cached("UPDATE item SET size = ?3, mtime = ?4 WHERE job_id = ?1 AND seq = ?2")?.execute(params![
        id.job.0,
        id.seq as i64,
        *size_bytes as i64,
        mtime_ms
    ])?;
    if let Some((locator, dir)) = moved_to {
        sql.prepare_cached(
            "UPDATE item SET locator = ?3, \
             extra = json_set(CASE WHEN json_valid(extra) THEN extra ELSE '{}' END, '$.dir', ?4) \
             WHERE job_id = ?1 AND seq = ?2",
        )?
        .execute(params![id.job.0, id.seq as i64, locator, dir])?;
    }
    Ok(*is_retried && retry_these(sql, id.job, &FailureFilter::default(), &[id.seq], sums)? > 0)
}

/// The last item with this locator, or of its pages.
pub(super) fn item_of_file(sql: &Connection, job: JobId, locator: &str) -> Result<Option<ItemRow>, CatalogError> {
    let whole = last_item(sql, job, locator)?;
    let Some((first, end)) = Locator::texts_of_pages(locator) else { return Ok(whole) };
    let mut select = sql.prepare_cached(
        "SELECT locator, max(seq) FROM item INDEXED BY item_locator \
         WHERE job_id = ?1 AND locator >= ?2 AND locator < ?3 AND is_keyed = 1 HAVING max(seq) IS NOT NULL",
    )?;
    let mut pages = select.query_map(params![job.0, first, end], |found| found.get::<_, String>(0))?;
    let page = pages.next().transpose()?;
    let page = page.map(|page| last_item(sql, job, &page)).transpose()?.flatten();
    Ok(whole.into_iter().chain(page).max_by_key(|row| row.id.seq))
}

fn last_item(sql: &Connection, job: JobId, locator: &str) -> Result<Option<ItemRow>, CatalogError> {
    let mut select = sql.prepare_cached(&format!(
        "SELECT {ITEM_COLUMNS} FROM item INDEXED BY item_locator \
         WHERE job_id = ?1 AND locator = ?2 AND is_keyed = 1 ORDER BY seq DESC LIMIT 1"
    ))?;
    let mut rows = select.query_map(params![job.0, locator], row::item)?;
    Ok(rows.next().transpose()?)
}

/// Files that had this size and modification time when they were taken.
pub(super) fn files_like(
    sql: &Connection,
    job: JobId,
    size_bytes: u64,
    mtime_ms: i64,
    limit: u32,
) -> Result<Vec<ItemRow>, CatalogError> {
    let mut select = sql.prepare_cached(&format!(
        "SELECT {ITEM_COLUMNS} FROM item WHERE job_id = ?1 AND seq IN \
         (SELECT seq FROM watched_file WHERE job_id = ?1 AND size = ?2 AND mtime = ?3 LIMIT ?4)"
    ))?;
    let rows = select.query_map(params![job.0, size_bytes as i64, mtime_ms, limit], row::item)?;
    Ok(rows.collect::<Result<_, _>>()?)
}
