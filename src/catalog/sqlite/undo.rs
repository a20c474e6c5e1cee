//! What undo and redo record: results in the trash, files that results had replaced, folders that a job created.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::counters::{NextNumbers, set_next_number};
use super::request;
use super::row::{status, unsigned};
use super::sums::Sums;
use super::{CatalogError, now_ms};
use crate::catalog::api::UndoCounts;
use crate::model::{
    ItemId, ItemState, JobId, QuerySpec, ReplacedFile, ReplacedState, SkipReason, Stay, StayReason, UndoFile, UndoState,
};

/// The columns that [`file`] reads, of `undo` and `replaced`.
const FILE_COLUMNS: &str = "undo.state AS undo_state, undo.trashed AS trashed, undo.reason AS stay_reason, \
    undo.detail AS detail, replaced.path AS replaced_path, replaced.state AS replaced_state, \
    replaced.trashed AS replaced_trashed, replaced.identity AS identity";

/// Rows that repeat a link or file have the result of the first row; it is undone and redone with that.
const REPEAT: &str = "repeat";

/// What is recorded of items whose results are in the trash.
const SENTENCE: &str = "Its job was undone: the result is in the trash.";

pub(super) fn add_folders(sql: &Connection, job: JobId, folders: &[String]) -> Result<(), CatalogError> {
    let mut insert = sql.prepare_cached("INSERT OR IGNORE INTO job_folder(job_id, path) VALUES (?1, ?2)")?;
    for folder in folders {
        insert.execute(params![job.0, folder])?;
    }
    Ok(())
}

pub(super) fn set_replaced(sql: &Connection, job: JobId, file: &ReplacedFile) -> Result<(), CatalogError> {
    sql.prepare_cached(
        "INSERT OR REPLACE INTO replaced_file(job_id, seq, n, path, state, trashed, identity) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        job.0,
        file.seq as i64,
        file.n,
        file.path,
        file.state.word(),
        file.trashed,
        file.identity
    ])?;
    Ok(())
}

/// Forgets why files stayed.
pub(super) fn begin(sql: &Connection, job: JobId) -> Result<(), CatalogError> {
    sql.prepare_cached("DELETE FROM undo_file WHERE job_id = ?1 AND state = 'stayed'")?.execute([job.0])?;
    sql.prepare_cached("UPDATE undo_file SET reason = NULL, detail = NULL WHERE job_id = ?1 AND reason IS NOT NULL")?
        .execute([job.0])?;
    Ok(())
}

/// Records how far undo or redo is with these files, and what that means for their items.
pub(super) fn record(sql: &Connection, job: JobId, files: &[UndoFile]) -> Result<(), CatalogError> {
    let mut sums = Sums::default();
    for file in files {
        let id = ItemId { job, seq: file.seq };
        if let Some(replaced) = &file.replaced {
            set_replaced(sql, job, replaced)?;
        }
        match file.state {
            None => {}
            Some(UndoState::Returned) => {
                set_returned(sql, id, file, &mut sums)?;
                forget(sql, job, file.seq, file.n)?;
            }
            Some(state) => {
                insert(sql, job, file, state.word())?;
                if state == UndoState::Trashed {
                    set_undone(sql, id, file, &mut sums)?;
                }
            }
        }
    }
    Ok(sums.apply(sql, job)?)
}

fn insert(sql: &Connection, job: JobId, file: &UndoFile, state: &str) -> Result<(), CatalogError> {
    sql.prepare_cached(
        "INSERT OR REPLACE INTO undo_file(job_id, seq, n, path, hash, bytes, state, trashed, reason, detail) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        job.0,
        file.seq as i64,
        file.n,
        file.path,
        file.hash,
        file.bytes as i64,
        state,
        file.trashed,
        file.stays.as_ref().map(|stay| stay.reason.word()),
        file.stays.as_ref().map(|stay| stay.detail.as_str()),
    ])?;
    Ok(())
}

fn forget(sql: &Connection, job: JobId, seq: u64, n: u32) -> Result<(), CatalogError> {
    sql.prepare_cached("DELETE FROM undo_file WHERE job_id = ?1 AND seq = ?2 AND n = ?3")?
        .execute(params![job.0, seq as i64, n])?;
    Ok(())
}

/// A result is in the trash. Once that holds for all results of its item, the item is skipped, and nothing says any more
/// that a result exists.
fn set_undone(sql: &Connection, id: ItemId, file: &UndoFile, sums: &mut Sums) -> Result<(), CatalogError> {
    let Some(from) = status(sql, id)? else { return Ok(()) };
    if matches!(from.state, ItemState::Skipped) {
        return Ok(()); // recorded before
    }
    sql.prepare_cached(
        "UPDATE item_output SET state = 'skipped', path = NULL, hash = NULL WHERE job_id = ?1 AND seq = ?2 AND n = ?3",
    )?
    .execute(params![id.job.0, id.seq as i64, file.n])?;
    forget_named_outputs_of_repeats(sql, id.job, file)?;
    // One that failed, although some of its outputs had been made, stays failed.
    if !matches!(from.state, ItemState::Done | ItemState::Running) {
        return Ok(());
    }
    let has_more = sql
        .prepare_cached("SELECT 1 FROM item_output WHERE job_id = ?1 AND seq = ?2 AND path IS NOT NULL LIMIT 1")?
        .exists(params![id.job.0, id.seq as i64])?;
    if has_more {
        return show_first_output(sql, id);
    }
    if from.state == ItemState::Running {
        end_running(sql, id, file)?;
    }
    sql.prepare_cached(
        "UPDATE item SET state = 'skipped', reason = ?3, error = ?4, output = NULL, output_hash = NULL \
         WHERE job_id = ?1 AND seq = ?2",
    )?
    .execute(params![id.job.0, id.seq as i64, SkipReason::Undone.word(), SENTENCE])?;
    if let Some(to) = status(sql, id)? {
        sums.change(&from, &to);
    }
    forget_outputs_of_repeats(sql, id.job, file)
}

/// An item whose process died after its result got its name: it ends now.
fn end_running(sql: &Connection, id: ItemId, file: &UndoFile) -> Result<(), CatalogError> {
    let number = NextNumbers::read(sql, id.job)?.next_number;
    sql.prepare_cached(
        "UPDATE item SET bytes_in = COALESCE(size, 0), bytes_out = ?3, finished_at = ?4, number = ?5, \
         attempts = max(attempts, 1) WHERE job_id = ?1 AND seq = ?2",
    )?
    .execute(params![id.job.0, id.seq as i64, file.bytes as i64, now_ms(), number as i64])?;
    Ok(set_next_number(sql, id.job, number + 1)?)
}

/// An item with several outputs has the columns of the first one that exists.
fn show_first_output(sql: &Connection, id: ItemId) -> Result<(), CatalogError> {
    let first = "SELECT path, hash FROM item_output WHERE job_id = ?1 AND seq = ?2 AND name <> '' AND path IS NOT NULL \
                 ORDER BY n LIMIT 1";
    sql.prepare_cached(&format!(
        "UPDATE item SET (output, output_hash) = ({first}) WHERE job_id = ?1 AND seq = ?2 AND EXISTS ({first})"
    ))?
    .execute(params![id.job.0, id.seq as i64])?;
    Ok(())
}

/// Rows that repeat a link have the same named outputs as its first row.
fn forget_named_outputs_of_repeats(sql: &Connection, job: JobId, file: &UndoFile) -> Result<(), CatalogError> {
    let mut select = sql.prepare_cached(
        "SELECT seq, n FROM item_output INDEXED BY item_output_named \
         WHERE job_id = ?1 AND path = ?2 AND name <> '' AND seq <> ?3",
    )?;
    let found = select.query_map(params![job.0, file.path, file.seq as i64], |row| {
        Ok((unsigned(row, "seq")?, row.get::<_, u32>("n")?))
    })?;
    for (seq, n) in found.collect::<Result<Vec<_>, _>>()? {
        let repeat = UndoFile { seq, n, stays: None, trashed: None, ..file.clone() };
        insert(sql, job, &repeat, REPEAT)?;
        sql.prepare_cached(
            "UPDATE item_output SET path = NULL, hash = NULL WHERE job_id = ?1 AND seq = ?2 AND n = ?3",
        )?
        .execute(params![job.0, seq as i64, n])?;
        sql.prepare_cached(
            "UPDATE item SET output = NULL, output_hash = NULL WHERE job_id = ?1 AND seq = ?2 AND output = ?3",
        )?
        .execute(params![job.0, seq as i64, file.path])?;
    }
    Ok(())
}

fn forget_outputs_of_repeats(sql: &Connection, job: JobId, file: &UndoFile) -> Result<(), CatalogError> {
    let mut select = sql.prepare_cached(
        "SELECT seq FROM item INDEXED BY item_output_path WHERE job_id = ?1 AND output = ?2 AND state = 'skipped'",
    )?;
    let seqs: Vec<u64> =
        select.query_map(params![job.0, file.path], |row| unsigned(row, "seq"))?.collect::<Result<_, _>>()?;
    for seq in seqs {
        let repeat = UndoFile { seq, n: 0, stays: None, trashed: None, ..file.clone() };
        insert(sql, job, &repeat, REPEAT)?;
        sql.prepare_cached("UPDATE item SET output = NULL, output_hash = NULL WHERE job_id = ?1 AND seq = ?2")?
            .execute(params![job.0, seq as i64])?;
        sql.prepare_cached("UPDATE item_output SET path = NULL, hash = NULL WHERE job_id = ?1 AND seq = ?2")?
            .execute(params![job.0, seq as i64])?;
    }
    Ok(())
}

/// A result is at its path again.
fn set_returned(sql: &Connection, id: ItemId, file: &UndoFile, sums: &mut Sums) -> Result<(), CatalogError> {
    let Some(from) = status(sql, id)? else { return Ok(()) };
    sql.prepare_cached(
        "UPDATE item_output SET state = 'done', path = ?4, hash = ?5 WHERE job_id = ?1 AND seq = ?2 AND n = ?3",
    )?
    .execute(params![id.job.0, id.seq as i64, file.n, file.path, file.hash])?;
    let returned = sql
        .prepare_cached(
            "UPDATE item SET state = 'done', reason = NULL, error = NULL, output = ?3, output_hash = ?4 \
             WHERE job_id = ?1 AND seq = ?2 AND state = 'skipped' AND reason = ?5",
        )?
        .execute(params![id.job.0, id.seq as i64, file.path, file.hash, SkipReason::Undone.word()])?;
    if returned > 0
        && let Some(to) = status(sql, id)?
    {
        sums.change(&from, &to);
    }
    show_first_output(sql, id)?;
    let mut select = sql.prepare_cached(
        "SELECT seq, n FROM undo_file INDEXED BY undo_file_path WHERE job_id = ?1 AND path = ?2 AND state = 'repeat'",
    )?;
    let found =
        select.query_map(params![id.job.0, file.path], |row| Ok((unsigned(row, "seq")?, row.get::<_, u32>("n")?)))?;
    for (seq, n) in found.collect::<Result<Vec<_>, _>>()? {
        sql.prepare_cached(
            "UPDATE item SET output = ?3, output_hash = ?4 WHERE job_id = ?1 AND seq = ?2 AND state = 'skipped'",
        )?
        .execute(params![id.job.0, seq as i64, file.path, file.hash])?;
        sql.prepare_cached(
            "UPDATE item_output SET path = ?3, hash = ?4 WHERE job_id = ?1 AND seq = ?2 AND (n = ?5 OR name = '')",
        )?
        .execute(params![id.job.0, seq as i64, file.path, file.hash, n])?;
        show_first_output(sql, ItemId { job: id.job, seq })?;
        forget(sql, id.job, seq, n)?;
    }
    Ok(())
}

/// The query of a job whose items have no results of their own: their rows become one.
fn combining_query(sql: &Connection, job: JobId) -> Result<Option<QuerySpec>, CatalogError> {
    let query = request::request(sql, job)?.and_then(|request| request.query);
    Ok(query.filter(QuerySpec::keeps_parts))
}

/// The file that holds the rows of all items of a job, unless it is in the trash.
fn undoable_file(sql: &Connection, job: JobId, query: &QuerySpec) -> Result<Option<UndoFile>, CatalogError> {
    let Some(written) = query.combined_file() else { return Ok(None) };
    let own = UndoFile::combined(written);
    let mut select = sql.prepare_cached(&format!(
        "SELECT ?2 AS seq, ?3 AS n, ?4 AS path, ?5 AS hash, ?6 AS bytes, {FILE_COLUMNS} FROM (SELECT 1) \
         LEFT JOIN undo_file AS undo ON undo.job_id = ?1 AND undo.seq = ?2 AND undo.n = ?3 \
         LEFT JOIN replaced_file AS replaced ON replaced.job_id = ?1 AND replaced.seq = ?2 AND replaced.n = ?3 \
         WHERE coalesce(undo.state, '') NOT IN ('trashed', 'returning')"
    ))?;
    let values = params![job.0, own.seq as i64, own.n, own.path, own.hash, own.bytes as i64];
    Ok(select.query_row(values, file).optional()?)
}

/// Results that are recorded as existing, after this one, in order.
pub(super) fn undoable(
    sql: &Connection,
    job: JobId,
    after: (u64, u32),
    limit: u32,
) -> Result<Vec<UndoFile>, CatalogError> {
    if let Some(query) = combining_query(sql, job)? {
        let found = if after < UndoFile::COMBINED { undoable_file(sql, job, &query)? } else { None };
        return Ok(found.into_iter().collect());
    }
    let mut select = sql.prepare_cached(&format!(
        "SELECT item.seq AS seq, coalesce(own.n, 0) AS n, CASE WHEN own.n IS NULL THEN item.output ELSE own.path END AS path, \
         CASE WHEN own.n IS NULL THEN item.output_hash ELSE own.hash END AS hash, \
         CASE WHEN own.n IS NULL THEN item.bytes_out ELSE own.bytes END AS bytes, {FILE_COLUMNS} \
         FROM item LEFT JOIN item_output AS own ON own.job_id = item.job_id AND own.seq = item.seq \
         LEFT JOIN undo_file AS undo ON undo.job_id = item.job_id AND undo.seq = item.seq AND undo.n = coalesce(own.n, 0) \
         LEFT JOIN replaced_file AS replaced ON replaced.job_id = item.job_id AND replaced.seq = item.seq \
         AND replaced.n = coalesce(own.n, 0) \
         WHERE item.job_id = ?1 AND item.seq >= ?2 AND (item.seq > ?2 OR coalesce(own.n, 0) > ?3) \
         AND ((item.state IN ('done', 'running') AND item.output IS NOT NULL AND item.output_hash IS NOT NULL \
         AND (own.n IS NULL OR (own.path IS NOT NULL AND own.hash IS NOT NULL)) AND coalesce(own.name, '') = '') \
         OR (item.state <> 'skipped' AND own.name <> '' AND own.state IN ('done', 'running') AND own.path IS NOT NULL AND own.hash IS NOT NULL)) \
         ORDER BY item.seq, n LIMIT ?4"
    ))?;
    let rows = select.query_map(params![job.0, after.0 as i64, after.1, limit], file)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Files that undo has dealt with, after this one, in order: those in the trash, or those that stay.
pub(super) fn undo_files(
    sql: &Connection,
    job: JobId,
    stay: bool,
    after: (u64, u32),
    limit: u32,
) -> Result<Vec<UndoFile>, CatalogError> {
    let which = if stay { "undo.reason IS NOT NULL" } else { "undo.state IN ('trashed', 'returning')" };
    let mut select = sql.prepare_cached(&format!(
        "SELECT undo.seq AS seq, undo.n AS n, undo.path AS path, undo.hash AS hash, undo.bytes AS bytes, {FILE_COLUMNS} \
         FROM undo_file AS undo LEFT JOIN replaced_file AS replaced \
         ON replaced.job_id = undo.job_id AND replaced.seq = undo.seq AND replaced.n = undo.n \
         WHERE undo.job_id = ?1 AND (undo.seq, undo.n) > (?2, ?3) AND {which} ORDER BY undo.seq, undo.n LIMIT ?4"
    ))?;
    let rows = select.query_map(params![job.0, after.0 as i64, after.1, limit], file)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn file(row: &Row<'_>) -> rusqlite::Result<UndoFile> {
    let text = |column: &str| row.get::<_, Option<String>>(column);
    let seq = unsigned(row, "seq")?;
    let reason = text("stay_reason")?.and_then(|word| StayReason::from_word(&word));
    let detail = text("detail")?.unwrap_or_default();
    let replaced = match (text("replaced_path")?, text("replaced_state")?) {
        (Some(path), Some(state)) => ReplacedState::from_word(&state).map(|state| (path, state)),
        _ => None,
    };
    let replaced = match replaced {
        Some((path, state)) => Some(ReplacedFile {
            seq,
            n: row.get("n")?,
            path,
            state,
            trashed: text("replaced_trashed")?,
            identity: text("identity")?.unwrap_or_default(),
        }),
        None => None,
    };
    Ok(UndoFile {
        seq,
        n: row.get("n")?,
        path: row.get("path")?,
        hash: row.get("hash")?,
        bytes: unsigned(row, "bytes")?,
        state: text("undo_state")?.and_then(|word| UndoState::from_word(&word)),
        trashed: text("trashed")?,
        stays: reason.map(|reason| Stay { reason, detail }),
        replaced,
    })
}

pub(super) fn counts(sql: &Connection, job: JobId) -> Result<UndoCounts, CatalogError> {
    let count = |select: &str| -> Result<u64, CatalogError> {
        Ok(sql.prepare_cached(select)?.query_row([job.0], |row| unsigned(row, "files"))?)
    };
    let results = if let Some(query) = combining_query(sql, job)? {
        undoable_file(sql, job, &query)?.map_or(0, |_| 1)
    } else {
        let named = count(
            "SELECT count(*) AS files FROM item_output AS own INDEXED BY item_output_named \
             JOIN item ON item.job_id = own.job_id AND item.seq = own.seq AND item.state <> 'skipped' \
             WHERE own.job_id = ?1 AND own.name <> '' AND own.path IS NOT NULL AND own.hash IS NOT NULL \
             AND own.state IN ('done', 'running')",
        )?;
        let only = "SELECT count(*) AS files FROM item INDEXED BY item_output_path WHERE job_id = ?1 \
                    AND output IS NOT NULL AND state IN ('done', 'running') AND output_hash IS NOT NULL";
        if named > 0 { named } else { count(only)? }
    };
    Ok(UndoCounts {
        results,
        undone: count(
            "SELECT count(*) AS files FROM undo_file WHERE job_id = ?1 AND state IN ('trashed', 'returning')",
        )?,
        lost: count("SELECT count(*) AS files FROM replaced_file WHERE job_id = ?1 AND state = 'lost'")?,
    })
}

/// Whether redo would have anything to do.
pub(super) fn can_redo(sql: &Connection, job: JobId) -> Result<bool, CatalogError> {
    Ok(sql
        .prepare_cached("SELECT 1 FROM undo_file WHERE job_id = ?1 AND state IN ('trashed', 'returning') LIMIT 1")?
        .exists([job.0])?)
}

/// Folders that a job created, the last one first, before the one with this number (`i64::MAX` at first).
pub(super) fn folders(
    sql: &Connection,
    job: JobId,
    before: i64,
    limit: u32,
) -> Result<Vec<(i64, String)>, CatalogError> {
    let mut select = sql.prepare_cached(
        "SELECT id, path FROM job_folder INDEXED BY job_folder_job WHERE job_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3",
    )?;
    let rows = select.query_map(params![job.0, before, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
