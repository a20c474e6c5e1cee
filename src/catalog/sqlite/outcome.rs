//! What happened to items: recorded outputs, outcomes, retries.

use rusqlite::{Connection, params};
use serde::Serialize;

use super::counters::NextNumbers;
use super::row::{self, ITEM_COLUMNS, ItemStatus, error_args, status};
use super::sums::Sums;
use super::{CatalogError, now_ms, write_back};
use crate::catalog::api::LastRun;
use crate::config::MAX_CRASHES;
use crate::error::ErrorKind;
use crate::model::{
    FailureFilter, Finished, ItemId, ItemRow, ItemState, JobId, JobState, Outcome, Remark, SkipReason, Transfer,
    TransferTimes, Truncated,
};

/// Records where an output is about to appear. Counters don't include it yet, so `bytes_in` and `bytes_out` are left for
/// the end.
pub(super) fn record_output(sql: &Connection, one: &Finished) -> Result<(), CatalogError> {
    let Outcome::Done { output } = &one.outcome else { return Ok(()) };
    sql.prepare_cached(
        "UPDATE item SET state = 'running', output = ?3, output_hash = ?4, size = COALESCE(size, ?5), \
         width = ?6, height = ?7, hash = ?8, http_status = ?9, content_type = ?10, etag = ?11, \
         last_modified = ?12, fetch_ms = ?13, process_ms = ?14, input_width = ?15, input_height = ?16 \
         WHERE job_id = ?1 AND seq = ?2 AND state IN ('waiting', 'running')",
    )?
    .execute(params![
        one.id.job.0,
        one.id.seq as i64,
        output,
        one.output_hash,
        one.bytes_in as i64,
        one.width_px,
        one.height_px,
        one.hash,
        one.http_status,
        one.content_type,
        one.etag,
        one.last_modified,
        one.timings.fetch_ms as i64,
        one.timings.process_ms as i64,
        one.input_size_px.map(|(width, _)| width),
        one.input_size_px.map(|(_, height)| height),
    ])?;
    record_outputs_of(sql, one)
}

/// The outputs of an item, as far as they are listed.
fn record_outputs_of(sql: &Connection, one: &Finished) -> Result<(), CatalogError> {
    if one.outputs.is_empty() {
        return Ok(());
    }
    let mut insert = sql.prepare_cached(
        "INSERT OR REPLACE INTO item_output(job_id, seq, n, name, path, bytes, width, height, hash, state, error) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    for output in &one.outputs {
        insert.execute(params![
            one.id.job.0,
            one.id.seq as i64,
            output.n,
            output.name,
            output.path,
            output.bytes as i64,
            output.width_px,
            output.height_px,
            output.hash,
            output.state.word(),
            output.error,
        ])?;
    }
    Ok(())
}

/// The only output of an item whose job has no more.
fn record_only_output(sql: &Connection, one: &Finished, path: &str) -> rusqlite::Result<()> {
    sql.prepare_cached(
        "INSERT OR REPLACE INTO item_output(job_id, seq, n, name, path, bytes, width, height, hash, state) \
         VALUES (?1, ?2, 0, '', ?3, ?4, ?5, ?6, ?7, 'done')",
    )?
    .execute(params![
        one.id.job.0,
        one.id.seq as i64,
        path,
        one.bytes_out as i64,
        one.width_px,
        one.height_px,
        one.output_hash,
    ])?;
    Ok(())
}

/// Deletes the records of an item's outputs.
pub(super) fn forget_outputs(sql: &Connection, id: ItemId) -> rusqlite::Result<()> {
    sql.prepare_cached("DELETE FROM item_output WHERE job_id = ?1 AND seq = ?2")?
        .execute(params![id.job.0, id.seq as i64])?;
    Ok(())
}

/// The same, except for outputs with names that are finished: an item that is processed again keeps those.
fn forget_unfinished_outputs(sql: &Connection, id: ItemId) -> rusqlite::Result<()> {
    sql.prepare_cached(
        "DELETE FROM item_output WHERE job_id = ?1 AND seq = ?2 AND (name = '' OR state <> 'done' OR hash IS NULL)",
    )?
    .execute(params![id.job.0, id.seq as i64])?;
    Ok(())
}

/// A done item whose result is about to get another path, or to be replaced by that of another item, is running again.
pub(super) fn displace(sql: &Connection, id: ItemId, output: &str, sums: &mut Sums) -> Result<(), CatalogError> {
    let Some(from) = status(sql, id)?.filter(|from| from.state == ItemState::Done) else { return Ok(()) };
    let former: Option<String> = sql
        .prepare_cached("SELECT output FROM item WHERE job_id = ?1 AND seq = ?2")?
        .query_row(params![id.job.0, id.seq as i64], |row| row.get(0))?;
    if let Some(former) = former {
        move_outputs_of_repeats(sql, id.job, &former, Some(output).filter(|output| *output != former))?;
    }
    sql.prepare_cached(
        "UPDATE item SET state = 'running', output = ?3, bytes_in = 0, bytes_out = 0, finished_at = NULL, number = NULL \
         WHERE job_id = ?1 AND seq = ?2",
    )?
    .execute(params![id.job.0, id.seq as i64, output])?;
    forget_outputs(sql, id)?;
    sums.change(&from, &ItemStatus { state: ItemState::Running, ..waiting_again(&from) });
    Ok(())
}

/// Rows that repeat a link have the result of its first row, which gets another path, or none.
fn move_outputs_of_repeats(sql: &Connection, job: JobId, from: &str, to: Option<&str>) -> rusqlite::Result<()> {
    let mut select = sql.prepare_cached(
        "SELECT seq FROM item INDEXED BY item_output_path WHERE job_id = ?1 AND output = ?2 AND state = 'skipped'",
    )?;
    let seqs: Vec<i64> = select.query_map(params![job.0, from], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for seq in seqs {
        sql.prepare_cached(
            "UPDATE item SET output = ?3, output_hash = CASE WHEN ?3 IS NULL THEN NULL ELSE output_hash END \
             WHERE job_id = ?1 AND seq = ?2",
        )?
        .execute(params![job.0, seq, to])?;
        sql.prepare_cached("UPDATE item_output SET path = ?3 WHERE job_id = ?1 AND seq = ?2")?
            .execute(params![job.0, seq, to])?;
        write_back::write_again(sql, job, seq)?;
    }
    Ok(())
}

/// Returns running items to the waiting state whose work was stopped.
pub(super) fn requeue_running(sql: &Connection, job: JobId) -> Result<(), CatalogError> {
    sql.prepare_cached(
        "UPDATE item INDEXED BY item_running SET state = 'waiting', attempts = max(attempts - 1, 0) \
         WHERE job_id = ?1 AND state = 'running' AND output IS NULL",
    )?
    .execute([job.0])?;
    Ok(())
}

/// How the last run of a job ended. A run that was stopped leaves no item in progress, so whatever is still running was in
/// progress when the process died: its attempt stays counted.
pub(super) fn last_run(sql: &Connection, job: JobId) -> Result<LastRun, CatalogError> {
    let was_running = NextNumbers::read(sql, job)?.state == JobState::Running.word();
    let requeued = sql
        .prepare_cached(
            "UPDATE item INDEXED BY item_running SET state = 'waiting' \
             WHERE job_id = ?1 AND state = 'running' AND output IS NULL AND attempts <= ?2",
        )?
        .execute(params![job.0, MAX_CRASHES])?;
    let mut select = sql.prepare_cached(&format!(
        "SELECT {ITEM_COLUMNS} FROM item INDEXED BY item_running WHERE job_id = ?1 AND state = 'running' ORDER BY seq"
    ))?;
    let undecided = select.query_map([job.0], row::item)?.collect::<Result<Vec<ItemRow>, _>>()?;
    Ok(LastRun { has_died: was_running || requeued > 0 || !undecided.is_empty(), undecided })
}

/// Returns a running item to the waiting state.
pub(super) fn give_back(sql: &Connection, id: ItemId) -> Result<(), CatalogError> {
    let given_back = sql
        .prepare_cached(
            "UPDATE item SET state = 'waiting', attempts = max(attempts - 1, 0), output = NULL, output_hash = NULL, \
         etag = NULL, last_modified = NULL WHERE job_id = ?1 AND seq = ?2 AND state = 'running'",
        )?
        .execute(params![id.job.0, id.seq as i64])?;
    if given_back > 0 {
        forget_unfinished_outputs(sql, id)?;
    }
    Ok(())
}

/// How `extra` changes: ?3 is merged into it; if ?4, transfer details of an earlier attempt are replaced.
macro_rules! merged_extra {
    () => {
        "extra = CASE WHEN ?3 IS NULL THEN extra WHEN extra IS NULL THEN ?3 \
         WHEN ?4 THEN json_patch(json_remove(extra, '$.transfer', '$.timings'), ?3) ELSE json_patch(extra, ?3) END"
    };
}

pub(super) fn finish(
    sql: &Connection,
    one: &Finished,
    sums: &mut Sums,
    next_number: &mut u64,
) -> Result<(), CatalogError> {
    let Some(from) = status(sql, one.id)? else { return Ok(()) };
    if !matches!(from.state, ItemState::Waiting | ItemState::Running) {
        return Ok(()); // recorded before
    }
    let (state, output, error, reason, sentence) = match &one.outcome {
        Outcome::Failed(error) if error.kind == ErrorKind::Cancelled => {
            // Some of its outputs may be finished.
            record_outputs_of(sql, one)?;
            return give_back(sql, one.id);
        }
        // A statement that only changes rows has no output.
        Outcome::Done { output } => {
            (ItemState::Done, Some(output).filter(|output| !output.is_empty()), None, None, None)
        }
        Outcome::Failed(error) => (ItemState::Failed, None, Some(error), None, Some(error.to_string())),
        Outcome::Skipped { reason, sentence } => {
            // A file without a recorded hash exists for another reason: it is not the item's output.
            let kept = one.outputs.first().filter(|output| output.hash.is_some());
            let output = kept.and_then(|output| output.path.as_ref());
            (ItemState::Skipped, output, None, Some(reason.word()), Some(sentence.clone()))
        }
    };
    let to = ItemStatus {
        state,
        group: from.group,
        kind: error.map(|error| error.kind.word()),
        bytes_in: if one.is_from_before() { 0 } else { one.bytes_in as i64 },
        bytes_out: if one.is_from_before() { 0 } else { one.bytes_out as i64 },
    };
    let extra = extra_of_result(one)?;
    let number = *next_number as i64;
    if !end_recorded(sql, one, extra.as_deref(), number)? {
        let error_args = error.map(error_args).transpose()?;
        sql.prepare_cached(concat!(
            "UPDATE item SET state = ?5, bytes_in = ?6, bytes_out = ?7, finished_at = ?8, number = ?9, ",
            merged_extra!(),
            ", output = ?10, error_kind = ?11, error = ?12, error_args = ?13, http_status = ?14, content_type = ?15, \
             width = ?16, height = ?17, hash = ?18, output_hash = ?19, attempts = ?20, fetch_ms = ?21, process_ms = ?22, \
             etag = COALESCE(?23, etag), last_modified = COALESCE(?24, last_modified), reason = ?25, \
             input_width = ?26, input_height = ?27, \
             size = CASE WHEN ?5 = 'skipped' AND ?10 IS NOT NULL THEN COALESCE(size, ?6) ELSE size END \
             WHERE job_id = ?1 AND seq = ?2"
        ))?
        .execute(params![
            one.id.job.0,
            one.id.seq as i64,
            extra,
            one.transfer.is_some(),
            to.state.word(),
            one.bytes_in as i64,
            one.bytes_out as i64,
            now_ms(),
            number,
            output,
            to.kind,
            sentence,
            error_args,
            one.http_status,
            one.content_type,
            one.width_px,
            one.height_px,
            one.hash,
            one.output_hash,
            one.attempts,
            one.timings.fetch_ms as i64,
            one.timings.process_ms as i64,
            one.etag,
            one.last_modified,
            reason,
            one.input_size_px.map(|(width, _)| width),
            one.input_size_px.map(|(_, height)| height),
        ])?;
    }
    match &one.outcome {
        Outcome::Done { output } if one.outputs.is_empty() && !output.is_empty() => {
            record_only_output(sql, one, output)?;
        }
        _ => record_outputs_of(sql, one)?,
    }
    *next_number += 1;
    sums.change(&from, &to);
    Ok(())
}

/// Marks an item as done whose output was recorded before; `false` if it was not. The other columns are set already, and
/// an index that is not touched costs nothing.
fn end_recorded(sql: &Connection, one: &Finished, extra: Option<&str>, number: i64) -> rusqlite::Result<bool> {
    let Outcome::Done { output } = &one.outcome else { return Ok(false) };
    let changed = sql
        .prepare_cached(concat!(
            "UPDATE item SET state = 'done', bytes_in = ?5, bytes_out = ?6, finished_at = ?7, number = ?8, ",
            merged_extra!(),
            ", attempts = ?10 WHERE job_id = ?1 AND seq = ?2 AND state = 'running' AND output = ?9"
        ))?
        .execute(params![
            one.id.job.0,
            one.id.seq as i64,
            extra,
            one.transfer.is_some(),
            one.bytes_in as i64,
            one.bytes_out as i64,
            now_ms(),
            number,
            output,
            one.attempts,
        ])?;
    Ok(changed > 0)
}

/// What a result adds to `extra`: how much of a truncated file was there, remarks, and how it was transferred.
fn extra_of_result(one: &Finished) -> Result<Option<String>, serde_json::Error> {
    #[derive(Serialize)]
    struct ResultExtra<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        truncated: Option<&'a Truncated>,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        remarks: &'a [Remark],
        #[serde(skip_serializing_if = "Option::is_none")]
        timings: Option<TransferTimes>,
        #[serde(skip_serializing_if = "Option::is_none")]
        transfer: Option<&'a Transfer>,
    }
    let transfer = one.transfer.as_ref();
    let has_more = |transfer: &&Transfer| **transfer != Transfer { times: transfer.times, ..Transfer::default() };
    let extra = ResultExtra {
        truncated: one.truncation.as_ref(),
        remarks: &one.remarks,
        timings: transfer.map(|transfer| transfer.times),
        transfer: transfer.filter(has_more),
    };
    let is_empty = extra.truncated.is_none() && extra.remarks.is_empty() && extra.timings.is_none();
    if is_empty { Ok(None) } else { serde_json::to_string(&extra).map(Some) }
}

/// The columns of an item that is processed again.
const RETRIED: &str = "extra = json_set(CASE WHEN json_valid(extra) THEN extra ELSE '{}' END, '$.retried', json('true')), \
    state = 'waiting', error_kind = NULL, error = NULL, error_args = NULL, reason = NULL, \
    http_status = NULL, bytes_in = 0, bytes_out = 0, attempts = 0, finished_at = NULL, number = NULL";

fn waiting_again(from: &ItemStatus) -> ItemStatus {
    ItemStatus { state: ItemState::Waiting, group: from.group, kind: None, bytes_in: 0, bytes_out: 0 }
}

/// Whether a failure is meant; see [`filter_params`] for ?2 and ?3. A row whose list gives no valid link stays as it is:
/// only a corrected list changes that.
pub(super) const MEANT: &str = "error_kind IS NOT 'bad_url' AND ((?2 IS NULL AND ?3 IS NULL) OR error_kind IN (SELECT value FROM json_each(?2)) \
    OR http_status IN (SELECT value FROM json_each(?3)))";

/// The words of kinds and the statuses of a filter as JSON; null if they are not restricted.
pub(super) fn filter_params(failures: &FailureFilter) -> [Option<String>; 2] {
    if failures.is_all() {
        return [None, None];
    }
    let kinds: Vec<String> = failures.whole_kinds().map(ErrorKind::word).collect();
    [Some(serde_json::json!(kinds).to_string()), Some(serde_json::json!(failures.statuses).to_string())]
}

pub(super) fn retry_these(
    sql: &Connection,
    job: JobId,
    failures: &FailureFilter,
    seqs: &[u64],
    sums: &mut Sums,
) -> Result<u64, CatalogError> {
    let update = format!("UPDATE item SET {RETRIED} WHERE job_id = ?1 AND seq = ?4 AND state = 'failed' AND {MEANT}");
    let mut update = sql.prepare_cached(&update)?;
    let [kinds, statuses] = filter_params(failures);
    let mut retried = 0;
    for seq in seqs {
        let Some(from) = status(sql, ItemId { job, seq: *seq })? else { continue };
        if update.execute(params![job.0, kinds, statuses, *seq as i64])? > 0 {
            sums.change(&from, &waiting_again(&from));
            retried += 1;
        }
    }
    Ok(retried)
}

pub(super) fn retry_all(
    sql: &Connection,
    job: JobId,
    failures: &FailureFilter,
    sums: &mut Sums,
) -> Result<u64, CatalogError> {
    let failed = "item INDEXED BY item_failed";
    let which = format!("job_id = ?1 AND state = 'failed' AND {MEANT}");
    let [kinds, statuses] = filter_params(failures);
    let mut select = sql.prepare_cached(&format!("SELECT {} FROM {failed} WHERE {which}", ItemStatus::COLUMNS))?;
    let mut rows = select.query(params![job.0, kinds, statuses])?;
    while let Some(row) = rows.next()? {
        let from = ItemStatus::read(row)?;
        sums.change(&from, &waiting_again(&from));
    }
    let update = format!("UPDATE {failed} SET {RETRIED} WHERE {which}");
    Ok(sql.prepare_cached(&update)?.execute(params![job.0, kinds, statuses])? as u64)
}

/// Returns a done item to the waiting state. Returns whether it was done.
pub(super) fn redo(sql: &Connection, id: ItemId, sums: &mut Sums) -> Result<bool, CatalogError> {
    let Some(from) = status(sql, id)?.filter(|from| from.state == ItemState::Done) else { return Ok(false) };
    let update = format!(
        "UPDATE item SET {RETRIED}, output = NULL, output_hash = NULL, etag = NULL, last_modified = NULL \
         WHERE job_id = ?1 AND seq = ?2"
    );
    sql.prepare_cached(&update)?.execute(params![id.job.0, id.seq as i64])?;
    forget_unfinished_outputs(sql, id)?;
    sums.change(&from, &waiting_again(&from));
    Ok(true)
}

/// Marks a failed item as skipped; its sentence stays. Returns whether it had failed.
pub(super) fn skip_failed(sql: &Connection, id: ItemId, sums: &mut Sums) -> Result<bool, CatalogError> {
    let Some(from) = status(sql, id)?.filter(|from| from.state == ItemState::Failed) else { return Ok(false) };
    sql.prepare_cached(
        "UPDATE item SET state = 'skipped', error_kind = NULL, error_args = NULL, reason = ?3 \
         WHERE job_id = ?1 AND seq = ?2",
    )?
    .execute(params![id.job.0, id.seq as i64, SkipReason::Chosen.word()])?;
    write_back::write_again(sql, id.job, id.seq as i64)?;
    sums.change(&from, &ItemStatus { state: ItemState::Skipped, kind: None, ..from.clone() });
    Ok(true)
}
