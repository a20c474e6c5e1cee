//! The writing side. Every call is one `BEGIN IMMEDIATE` transaction.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use serde::Serialize;

use super::insert::{Groups, Insert, add_items};
use super::row::{self, ITEM_COLUMNS, Standing};
use super::sums::Tally;
use super::{Trouble, now_ms};
use crate::catalog::api::{Added, Adding, Catalog};
use crate::error::{ErrorKind, ItemError, JobError};
use crate::model::{
    Finished, ItemId, ItemRow, ItemState, JobId, JobSpec, JobState, NewItem, Outcome, Remark, Transfer, TransferTimes,
    Truncated,
};

/// The writing connection.
pub(super) struct Writer {
    path: PathBuf,
    connection: Connection,
    groups: Groups,
}

impl Writer {
    pub(super) fn new(path: &Path, connection: Connection) -> Self {
        Self { path: path.to_path_buf(), connection, groups: Groups::default() }
    }

    fn run<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>, &mut Groups) -> Result<T, Trouble>,
    ) -> Result<T, JobError> {
        let attempt = || -> Result<T, Trouble> {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = work(&transaction, &mut self.groups)?;
            transaction.commit()?;
            Ok(result)
        };
        attempt().map_err(|trouble| {
            // Some of them may have been rolled back.
            self.groups.clear();
            JobError::catalog(&self.path, trouble)
        })
    }
}

impl Catalog for Writer {
    fn create_job(&mut self, spec: &JobSpec, state: JobState) -> Result<JobId, JobError> {
        self.run(|sql, _| {
            let spec = serde_json::to_string(spec)?;
            sql.prepare_cached("INSERT INTO job(created_at, state, spec) VALUES (?1, ?2, ?3)")?.execute(params![
                now_ms(),
                state.word(),
                spec
            ])?;
            Ok(JobId(sql.last_insert_rowid()))
        })
    }

    fn set_spec(&mut self, job: JobId, spec: &JobSpec) -> Result<(), JobError> {
        self.run(|sql, _| {
            let spec = serde_json::to_string(spec)?;
            let changed =
                sql.prepare_cached("UPDATE job SET spec = ?2 WHERE id = ?1")?.execute(params![job.0, spec])?;
            known(job, changed)
        })
    }

    fn set_state(&mut self, job: JobId, state: JobState) -> Result<(), JobError> {
        let finished_at = matches!(state, JobState::Done | JobState::Cancelled).then(now_ms);
        self.run(|sql, _| {
            let changed = sql
                .prepare_cached(
                    "UPDATE job SET state = ?2, finished_at = ?3, \
                     created_at = CASE WHEN state = 'draft' AND ?2 <> 'draft' THEN ?4 ELSE created_at END \
                     WHERE id = ?1",
                )?
                .execute(params![job.0, state.word(), finished_at, now_ms()])?;
            known(job, changed)
        })
    }

    fn add_items(&mut self, job: JobId, first_seq: u64, items: &[NewItem], adding: &Adding) -> Result<Added, JobError> {
        self.run(|sql, groups| add_items(sql, groups, job, first_seq, items, adding))
    }

    fn next_seq(&mut self, job: JobId) -> Result<u64, JobError> {
        self.run(|sql, _| Ok(Head::read(sql, job)?.next_seq))
    }

    fn set_counted(&mut self, job: JobId, counted: bool) -> Result<(), JobError> {
        self.run(|sql, _| {
            let changed =
                sql.prepare_cached("UPDATE job SET counted = ?2 WHERE id = ?1")?.execute(params![job.0, counted])?;
            known(job, changed)
        })
    }

    fn set_running(&mut self, job: JobId, seqs: &[u64]) -> Result<(), JobError> {
        self.run(|sql, _| {
            let mut update = sql.prepare_cached(
                "UPDATE item SET state = 'running' WHERE job_id = ?1 AND seq = ?2 AND state = 'waiting'",
            )?;
            for seq in seqs {
                update.execute(params![job.0, *seq as i64])?;
            }
            Ok(())
        })
    }

    fn set_waiting(&mut self, job: JobId, seqs: &[u64]) -> Result<(), JobError> {
        self.run(|sql, _| seqs.iter().try_for_each(|seq| give_back(sql, ItemId { job, seq: *seq })))
    }

    fn record_outputs(&mut self, noted: &[&Finished]) -> Result<(), JobError> {
        self.run(|sql, _| {
            // The counters know nothing of these yet, so `bytes_in` and `bytes_out` wait for the end.
            let mut update = sql.prepare_cached(
                "UPDATE item SET state = 'running', output = ?3, output_hash = ?4, size = COALESCE(size, ?5), \
                 width = ?6, height = ?7, hash = ?8, http_status = ?9, content_type = ?10, etag = ?11, \
                 last_modified = ?12, attempts = ?13, fetch_ms = ?14, process_ms = ?15 \
                 WHERE job_id = ?1 AND seq = ?2 AND state IN ('waiting', 'running')",
            )?;
            for one in noted {
                let Outcome::Done { output } = &one.outcome else { continue };
                update.execute(params![
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
                    one.attempts,
                    one.timings.fetch_ms as i64,
                    one.timings.process_ms as i64,
                ])?;
            }
            Ok(())
        })
    }

    fn finish(&mut self, finished: &[&Finished]) -> Result<(), JobError> {
        self.run(|sql, _| {
            let mut jobs: BTreeMap<JobId, (Tally, u64)> = BTreeMap::new();
            for one in finished {
                let (tally, next_number) = match jobs.entry(one.id.job) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => new.insert((Tally::default(), Head::read(sql, one.id.job)?.next_number)),
                };
                finish(sql, one, tally, next_number)?;
            }
            for (job, (tally, next_number)) in jobs {
                tally.apply(sql, job)?;
                set_next_number(sql, job, next_number)?;
            }
            Ok(())
        })
    }

    fn requeue_running(&mut self, job: JobId) -> Result<Vec<ItemRow>, JobError> {
        self.run(|sql, _| {
            sql.prepare_cached(
                "UPDATE item INDEXED BY item_running SET state = 'waiting' \
                 WHERE job_id = ?1 AND state = 'running' AND output IS NULL",
            )?
            .execute([job.0])?;
            let mut noted = sql.prepare_cached(&format!(
                "SELECT {ITEM_COLUMNS} FROM item INDEXED BY item_running \
                 WHERE job_id = ?1 AND state = 'running' ORDER BY seq"
            ))?;
            let rows = noted.query_map([job.0], row::item)?.collect::<Result<_, _>>()?;
            Ok(rows)
        })
    }

    fn retry(&mut self, job: JobId, kind: Option<ErrorKind>, seqs: Option<&[u64]>) -> Result<u64, JobError> {
        self.run(|sql, _| {
            let word = kind.map(ErrorKind::word);
            let mut tally = Tally::default();
            let retried = match seqs {
                Some(seqs) => retry_these(sql, job, word.as_deref(), seqs, &mut tally)?,
                None => retry_all(sql, job, word.as_deref(), &mut tally)?,
            };
            tally.apply(sql, job)?;
            Ok(retried)
        })
    }

    fn skip_failed(&mut self, job: JobId, seqs: &[u64]) -> Result<u64, JobError> {
        self.run(|sql, _| {
            let mut tally = Tally::default();
            let mut skipped = 0;
            // The sentence stays: it is the reason.
            let mut update = sql.prepare_cached(
                "UPDATE item SET state = 'skipped', error_kind = NULL, error_args = NULL WHERE job_id = ?1 AND seq = ?2",
            )?;
            for seq in seqs {
                let id = ItemId { job, seq: *seq };
                let Some(from) = standing(sql, id)?.filter(|from| from.state == ItemState::Failed) else { continue };
                update.execute(params![job.0, *seq as i64])?;
                tally.change(&from, &Standing { state: ItemState::Skipped, kind: None, ..from.clone() });
                skipped += 1;
            }
            tally.apply(sql, job)?;
            Ok(skipped)
        })
    }

    fn remove_items(&mut self, job: JobId, seqs: &[u64]) -> Result<Vec<(u64, NewItem)>, JobError> {
        self.run(|sql, _| {
            let mut tally = Tally::default();
            let mut removed = Vec::new();
            let mut select = sql.prepare_cached(
                "SELECT locator, extra, size, mtime, error_kind, error, error_args FROM item \
                 WHERE job_id = ?1 AND seq = ?2",
            )?;
            let mut delete = sql.prepare_cached("DELETE FROM item WHERE job_id = ?1 AND seq = ?2")?;
            for seq in seqs {
                let key = params![job.0, *seq as i64];
                let Some(from) = standing(sql, ItemId { job, seq: *seq })? else { continue };
                if from.state == ItemState::Running {
                    continue;
                }
                removed.push((*seq, select.query_row(key, row::new_item)?));
                delete.execute(key)?;
                tally.disappear(*seq, &from);
            }
            tally.apply(sql, job)?;
            Ok(removed)
        })
    }

    fn restore_items(&mut self, job: JobId, items: &[(u64, NewItem)]) -> Result<(), JobError> {
        self.run(|sql, groups| {
            let head = Head::read(sql, job)?;
            let mut insert = Insert::new(sql, groups, job, head);
            for (seq, item) in items {
                insert.put(*seq, item)?;
            }
            insert.end(None)?;
            Ok(())
        })
    }

    fn delete_job(&mut self, job: JobId) -> Result<(), JobError> {
        self.run(|sql, groups| {
            if Head::read(sql, job)?.state != JobState::Draft.word() {
                return Err(Trouble::Said(format!("job {job} is no draft, and history is kept")));
            }
            for table in ["item", "item_group", "item_failure", "item_bucket"] {
                sql.execute(&format!("DELETE FROM {table} WHERE job_id = ?1"), [job.0])?;
            }
            sql.execute("DELETE FROM job WHERE id = ?1", [job.0])?;
            groups.forget(job);
            Ok(())
        })
    }
}

/// What a job's row says about the next items.
pub(super) struct Head {
    pub(super) state: String,
    pub(super) next_seq: u64,
    pub(super) next_number: u64,
}

impl Head {
    pub(super) fn read(sql: &Connection, job: JobId) -> Result<Self, Trouble> {
        let head = sql
            .prepare_cached("SELECT state, next_seq, next_number FROM job WHERE id = ?1")?
            .query_row([job.0], |found| {
                Ok(Self {
                    state: found.get("state")?,
                    next_seq: row::unsigned(found, "next_seq")?,
                    next_number: row::unsigned(found, "next_number")?,
                })
            })
            .optional()?;
        head.ok_or_else(|| no_job(job))
    }
}

fn no_job(job: JobId) -> Trouble {
    Trouble::Said(format!("there is no job {job}"))
}

fn known(job: JobId, changed: usize) -> Result<(), Trouble> {
    if changed == 0 { Err(no_job(job)) } else { Ok(()) }
}

pub(super) fn set_next_number(sql: &Connection, job: JobId, next_number: u64) -> rusqlite::Result<()> {
    sql.prepare_cached("UPDATE job SET next_number = ?2 WHERE id = ?1")?
        .execute(params![job.0, next_number as i64])
        .map(|_| ())
}

fn standing(sql: &Connection, id: ItemId) -> rusqlite::Result<Option<Standing>> {
    sql.prepare_cached(&format!("SELECT {} FROM item WHERE job_id = ?1 AND seq = ?2", Standing::COLUMNS))?
        .query_row(params![id.job.0, id.seq as i64], Standing::read)
        .optional()
}

fn give_back(sql: &Connection, id: ItemId) -> Result<(), Trouble> {
    sql.prepare_cached(
        "UPDATE item SET state = 'waiting', output = NULL, output_hash = NULL, etag = NULL, last_modified = NULL \
         WHERE job_id = ?1 AND seq = ?2 AND state = 'running'",
    )?
    .execute(params![id.job.0, id.seq as i64])?;
    Ok(())
}

pub(super) fn error_args(error: &ItemError) -> Result<String, Trouble> {
    Ok(serde_json::to_string(&error.args)?)
}

/// What becomes of `extra` when ?3 is told of a result; ?4 says whether that tells how it came, in place of what an
/// earlier try told.
macro_rules! extra_told {
    () => {
        "extra = CASE WHEN ?3 IS NULL THEN extra WHEN extra IS NULL THEN ?3 \
         WHEN ?4 THEN json_patch(json_remove(extra, '$.transfer', '$.timings'), ?3) ELSE json_patch(extra, ?3) END"
    };
}

fn finish(sql: &Connection, one: &Finished, tally: &mut Tally, next_number: &mut u64) -> Result<(), Trouble> {
    let Some(from) = standing(sql, one.id)? else { return Ok(()) };
    if !matches!(from.state, ItemState::Waiting | ItemState::Running) {
        return Ok(()); // told before
    }
    let (state, output, error, sentence) = match &one.outcome {
        Outcome::Failed(error) if error.kind == ErrorKind::Cancelled => return give_back(sql, one.id),
        Outcome::Done { output } => (ItemState::Done, Some(output), None, None),
        Outcome::Failed(error) => (ItemState::Failed, None, Some(error), Some(error.to_string())),
        Outcome::Skipped { reason } => (ItemState::Skipped, None, None, Some(reason.clone())),
    };
    let to = Standing {
        state,
        group: from.group,
        kind: error.map(|error| error.kind.word()),
        bytes_in: one.bytes_in as i64,
        bytes_out: one.bytes_out as i64,
    };
    let told = told_of_result(one)?;
    let number = *next_number as i64;
    if !end_noted(sql, one, told.as_deref(), number)? {
        let error_args = error.map(error_args).transpose()?;
        sql.prepare_cached(concat!(
            "UPDATE item SET state = ?5, bytes_in = ?6, bytes_out = ?7, finished_at = ?8, number = ?9, ",
            extra_told!(),
            ", output = ?10, error_kind = ?11, error = ?12, error_args = ?13, http_status = ?14, content_type = ?15, \
             width = ?16, height = ?17, hash = ?18, output_hash = ?19, attempts = ?20, fetch_ms = ?21, process_ms = ?22, \
             etag = COALESCE(?23, etag), last_modified = COALESCE(?24, last_modified) WHERE job_id = ?1 AND seq = ?2"
        ))?
        .execute(params![
            one.id.job.0,
            one.id.seq as i64,
            told,
            one.transfer.is_some(),
            to.state.word(),
            to.bytes_in,
            to.bytes_out,
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
        ])?;
    }
    *next_number += 1;
    tally.change(&from, &to);
    Ok(())
}

/// Tells of an output that was noted that it is there; `false` where it was not noted so. All else stands there already,
/// and an index that is not touched costs nothing.
fn end_noted(sql: &Connection, one: &Finished, told: Option<&str>, number: i64) -> rusqlite::Result<bool> {
    let Outcome::Done { output } = &one.outcome else { return Ok(false) };
    let changed = sql
        .prepare_cached(concat!(
            "UPDATE item SET state = 'done', bytes_in = ?5, bytes_out = ?6, finished_at = ?7, number = ?8, ",
            extra_told!(),
            " WHERE job_id = ?1 AND seq = ?2 AND state = 'running' AND output = ?9"
        ))?
        .execute(params![
            one.id.job.0,
            one.id.seq as i64,
            told,
            one.transfer.is_some(),
            one.bytes_in as i64,
            one.bytes_out as i64,
            now_ms(),
            number,
            output,
        ])?;
    Ok(changed > 0)
}

/// What `extra` is told of a result: how much was there of a file that ends early, what was left out, and how it
/// came.
fn told_of_result(one: &Finished) -> Result<Option<String>, serde_json::Error> {
    #[derive(Serialize)]
    struct Told<'a> {
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
    let says_more = |transfer: &&Transfer| **transfer != Transfer { times: transfer.times, ..Transfer::default() };
    let told = Told {
        truncated: one.truncation.as_ref(),
        remarks: &one.remarks,
        timings: transfer.map(|transfer| transfer.times),
        transfer: transfer.filter(says_more),
    };
    let is_empty = told.truncated.is_none() && told.remarks.is_empty() && told.timings.is_none();
    if is_empty { Ok(None) } else { serde_json::to_string(&told).map(Some) }
}

/// What a failed item becomes when it is to be tried again.
const RETRIED: &str = "state = 'waiting', error_kind = NULL, error = NULL, error_args = NULL, http_status = NULL, \
    bytes_in = 0, bytes_out = 0, attempts = 0, finished_at = NULL, number = NULL";

fn waiting_again(from: &Standing) -> Standing {
    Standing { state: ItemState::Waiting, group: from.group, kind: None, bytes_in: 0, bytes_out: 0 }
}

fn retry_these(
    sql: &Connection,
    job: JobId,
    kind: Option<&str>,
    seqs: &[u64],
    tally: &mut Tally,
) -> Result<u64, Trouble> {
    let mut update = sql.prepare_cached(&format!("UPDATE item SET {RETRIED} WHERE job_id = ?1 AND seq = ?2"))?;
    let mut retried = 0;
    for seq in seqs {
        let Some(from) = standing(sql, ItemId { job, seq: *seq })? else { continue };
        if from.state != ItemState::Failed || (kind.is_some() && from.kind.as_deref() != kind) {
            continue;
        }
        update.execute(params![job.0, *seq as i64])?;
        tally.change(&from, &waiting_again(&from));
        retried += 1;
    }
    Ok(retried)
}

fn retry_all(sql: &Connection, job: JobId, kind: Option<&str>, tally: &mut Tally) -> Result<u64, Trouble> {
    let failed = "item INDEXED BY item_failed";
    let which = "job_id = ?1 AND state = 'failed' AND (?2 IS NULL OR error_kind = ?2)";
    let mut select = sql.prepare_cached(&format!("SELECT {} FROM {failed} WHERE {which}", Standing::COLUMNS))?;
    let mut rows = select.query(params![job.0, kind])?;
    while let Some(row) = rows.next()? {
        let from = Standing::read(row)?;
        tally.change(&from, &waiting_again(&from));
    }
    let update = format!("UPDATE {failed} SET {RETRIED} WHERE {which}");
    Ok(sql.prepare_cached(&update)?.execute(params![job.0, kind])? as u64)
}
