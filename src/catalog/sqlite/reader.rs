//! The reading side, on a connection that never writes.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Params, params};
use serde::Deserialize;

use super::job_list::IN_HISTORY;
use super::row::{self, ITEM_COLUMNS, JOB_COLUMNS, PriorResultRow, unsigned};
use super::sums::BUCKET;
use super::{CatalogError, insert, job_list, outcome, request, sorted_list, undo, watched, write_back};
use crate::catalog::api::{
    CatalogReader, CatalogSize, Counts, Field, FinishedRow, Group, JobFilter, JobPage, JobSource, ListFilter, Order,
    PriorResult, RecordRows, UndoCounts, WaitingPage,
};
use crate::catalog::lock;
use crate::db::sqlite;
use crate::error::{ErrorKind, JobError};
use crate::model::{
    Columns, FailureFilter, Ignored, IgnoredReason, ItemId, ItemOutput, ItemRow, ItemState, JobId, JobRow, JobSpec,
    JobState, JobSummary, Locator, Rejection, UndoFile, WriteBackLevel,
};
use crate::store::descriptors;

/// Waiting items after a number, in order.
const WAITING: &str =
    "INDEXED BY item_waiting WHERE job_id = ?1 AND state = 'waiting' AND seq > ?2 ORDER BY seq LIMIT ?3";

/// The columns of [`RecordRows::Outputs`]. An item without a recorded output (it failed, or was done by an earlier version)
/// is described by its own columns.
const OUTPUT_RECORDS: &str = "SELECT job_id, seq, locator, coalesce(n, 0), coalesce(name, ''), \
    CASE WHEN n IS NULL THEN item.output ELSE path END, CASE WHEN n IS NULL THEN bytes_out ELSE bytes END, \
    CASE WHEN n IS NULL THEN item.width ELSE own.width END, CASE WHEN n IS NULL THEN item.height ELSE own.height END, \
    CASE WHEN n IS NULL THEN output_hash ELSE own.hash END, CASE WHEN n IS NULL THEN item.state ELSE own.state END, \
    CASE WHEN n IS NULL THEN item.error ELSE own.error END, extra \
    FROM item LEFT JOIN item_output AS own USING (job_id, seq) WHERE job_id = ?1 AND seq > ?2 AND seq <= \
    (SELECT max(seq) FROM (SELECT seq FROM item WHERE job_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3)) ORDER BY seq, n";

/// Whether an item has remarks; a list's column of that name may say so, too.
const HAS_REMARKS: &str = "extra LIKE '%\"remarks\":[%'";
/// Most columns of lists that an export names; further ones are in `extra` only.
const MAX_LIST_COLUMNS: usize = 1000;
/// Jobs that are searched for one to resume.
const RESUMABLE_SEARCHED: u32 = 100;

/// A reading connection.
pub(super) struct Reader {
    path: PathBuf,
    connection: Connection,
}

impl Reader {
    pub(super) fn open(path: &Path) -> Result<Self, JobError> {
        let connection = descriptors::when_free_now(|| sqlite::open_reader(path));
        let connection = connection.map_err(|error| JobError::catalog(path, error))?;
        Ok(Self { path: path.to_path_buf(), connection })
    }

    /// Reads one consistent state of the file, whatever is written at the same time.
    fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, CatalogError>) -> Result<T, JobError> {
        let attempt = || -> Result<T, CatalogError> {
            let view = self.connection.unchecked_transaction()?;
            let result = work(&view)?;
            view.commit()?;
            Ok(result)
        };
        attempt().map_err(|error| error.at(&self.path))
    }

    fn item_rows(&self, which: &str, params: impl Params) -> Result<Vec<ItemRow>, JobError> {
        self.read(|sql| item_rows(sql, which, params))
    }

    fn job_rows(&self, which: &str, limit: u32) -> Result<Vec<JobRow>, JobError> {
        let jobs: Vec<JobRow> = self.read(|sql| {
            let mut select =
                sql.prepare_cached(&format!("SELECT {JOB_COLUMNS} FROM job WHERE {which} ORDER BY id DESC LIMIT ?1"))?;
            let rows = select.query_map([limit], row::job)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })?;
        jobs.into_iter().map(|job| self.with_true_state(job)).collect()
    }

    fn job_row(&self, job: JobId) -> Result<Option<JobRow>, JobError> {
        self.read(|sql| {
            let select = format!("SELECT {JOB_COLUMNS} FROM job WHERE id = ?1 AND {IN_HISTORY}");
            let mut select = sql.prepare_cached(&select)?;
            Ok(select.query_row([job.0], row::job).optional()?)
        })
    }

    /// The job, paused if its row says running and no process is running it.
    fn with_true_state(&self, job: JobRow) -> Result<JobRow, JobError> {
        if job.state != JobState::Running || self.is_at_work(job.id) {
            return Ok(job);
        }
        // It may have ended in between: its state is written before its lock is freed.
        let mut job = self.job_row(job.id)?.unwrap_or(job);
        if job.state == JobState::Running && !self.is_at_work(job.id) {
            job.state = JobState::Paused;
        }
        Ok(job)
    }
}

impl CatalogReader for Reader {
    fn jobs(&self, limit: u32) -> Result<Vec<JobRow>, JobError> {
        self.job_rows(IN_HISTORY, limit)
    }

    fn job(&self, job: JobId) -> Result<Option<JobRow>, JobError> {
        self.job_row(job)?.map(|job| self.with_true_state(job)).transpose()
    }

    fn find_jobs(&self, filter: &JobFilter<'_>, cancelled: &dyn Fn() -> bool) -> Result<Option<Vec<JobId>>, JobError> {
        self.read(|sql| job_list::find(sql, filter, &|job| self.is_at_work(job), cancelled))
    }

    fn deleted_jobs(&self, before_ms: i64) -> Result<Vec<JobId>, JobError> {
        self.read(|sql| job_list::deleted(sql, before_ms))
    }

    fn first_results(&self, job: JobId, limit: u32) -> Result<Vec<ItemId>, JobError> {
        self.read(|sql| job_list::first_results(sql, job, limit))
    }

    fn size(&self) -> Result<CatalogSize, JobError> {
        self.read(job_list::size)
    }

    fn latest_draft(&self) -> Result<Option<JobRow>, JobError> {
        Ok(self.job_rows("state = 'draft'", 1)?.into_iter().next())
    }

    fn latest_resumable(&self) -> Result<Option<JobRow>, JobError> {
        // Watching ends by being stopped: it is continued only by its number or its folders.
        let is_watch = "EXISTS (SELECT 1 FROM job_request WHERE job_id = job.id AND json_valid(spec) \
             AND json_extract(spec, '$.watch'))";
        let started = format!("state IN ('queued', 'running', 'paused') AND {IN_HISTORY} AND NOT {is_watch}");
        let started = self.job_rows(&started, RESUMABLE_SEARCHED)?;
        Ok(started.into_iter().find(|job| !self.is_at_work(job.id)))
    }

    fn is_at_work(&self, job: JobId) -> bool {
        lock::is_locked(&self.path, job)
    }

    fn spec(&self, job: JobId) -> Result<Option<JobSpec>, JobError> {
        self.read(|sql| {
            let Some(request) = request::request(sql, job)? else { return Ok(None) };
            let sources = request::sources(sql, job)?.into_iter().map(|source| source.spec).collect();
            Ok(Some(JobSpec { sources, ..request }))
        })
    }

    fn request(&self, job: JobId) -> Result<Option<JobSpec>, JobError> {
        self.read(|sql| request::request(sql, job))
    }

    fn summary(&self, job: JobId) -> Result<Option<JobSummary>, JobError> {
        self.read(|sql| request::summary(sql, job))
    }

    fn sources(&self, job: JobId) -> Result<Vec<JobSource>, JobError> {
        self.read(|sql| request::sources(sql, job))
    }

    fn has_open_sources(&self, job: JobId) -> Result<bool, JobError> {
        self.read(|sql| Ok(request::has_open_sources(sql, job)?))
    }

    fn next_seq(&self, job: JobId) -> Result<u64, JobError> {
        self.read(|sql| Ok(size(sql, job)?.next_seq))
    }

    fn ignored_after(&self, job: JobId, after: u64, limit: u32) -> Result<Vec<(u64, Ignored)>, JobError> {
        self.read(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT id, path, reason FROM ignored INDEXED BY ignored_job WHERE job_id = ?1 AND id > ?2 \
                 ORDER BY id LIMIT ?3",
            )?;
            let rows = select.query_map(params![job.0, after as i64, limit], |found| {
                let path = Locator::parse(&found.get::<_, String>("path")?);
                let reason = IgnoredReason::from_word(&found.get::<_, String>("reason")?);
                let ignored = Ignored {
                    path: path.path().map(Path::to_path_buf).unwrap_or_default(),
                    reason: reason.unwrap_or(IgnoredReason::NotAnImage),
                };
                Ok((unsigned(found, "id")?, ignored))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    fn waiting(&self, job: JobId, after_seq: u64, limit: u32) -> Result<Vec<ItemRow>, JobError> {
        self.item_rows(WAITING, params![job.0, after_seq as i64, limit])
    }

    fn waiting_files(&self, job: JobId, after_seq: u64, limit: u32) -> Result<WaitingPage, JobError> {
        self.read(|sql| {
            let mut select = sql.prepare_cached(&format!("SELECT {ITEM_COLUMNS} FROM item {WAITING}"))?;
            let mut rows = select.query(params![job.0, after_seq as i64, limit])?;
            let mut found = WaitingPage::default();
            while let Some(row) = rows.next()? {
                found.last_seq = Some(unsigned(row, "seq")?);
                if !Locator::is_url(row.get_ref("locator")?.as_str().map_err(rusqlite::Error::from)?) {
                    found.rows.push(row::item(row)?);
                }
            }
            Ok(found)
        })
    }

    fn waiting_bytes(&self, job: JobId) -> Result<u64, JobError> {
        self.read(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT total(size) FROM item INDEXED BY item_waiting WHERE job_id = ?1 AND state = 'waiting'",
            )?;
            Ok(select.query_row([job.0], |found| found.get::<_, f64>(0))?.max(0.0) as u64)
        })
    }

    fn item(&self, id: ItemId) -> Result<Option<ItemRow>, JobError> {
        Ok(self.items(id.job, &[id.seq])?.into_iter().next())
    }

    fn items(&self, job: JobId, seqs: &[u64]) -> Result<Vec<ItemRow>, JobError> {
        self.read(|sql| {
            let mut found = Vec::with_capacity(seqs.len());
            for seq in seqs {
                found.extend(item_rows(sql, "WHERE job_id = ?1 AND seq = ?2", params![job.0, *seq as i64])?);
            }
            Ok(found)
        })
    }

    fn outputs(&self, id: ItemId) -> Result<Vec<ItemOutput>, JobError> {
        self.read(|sql| {
            let mut select =
                sql.prepare_cached("SELECT * FROM item_output WHERE job_id = ?1 AND seq = ?2 ORDER BY n")?;
            let rows = select.query_map(params![id.job.0, id.seq as i64], row::output)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    fn after(&self, job: JobId, after_seq: u64, limit: u32) -> Result<Vec<ItemRow>, JobError> {
        self.item_rows("WHERE job_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3", params![job.0, after_seq as i64, limit])
    }

    fn page_by_seq(&self, job: JobId, first_row: u64, rows: u32) -> Result<JobPage, JobError> {
        self.read(|sql| {
            let size = size(sql, job)?;
            if first_row >= size.total {
                return Ok(JobPage { total: size.total, rows: Vec::new() });
            }
            // Without gaps the row is the item's number; with gaps it is found bucket by bucket.
            let (seq, offset) =
                if size.total + 1 == size.next_seq { (first_row + 1, 0) } else { bucket_of(sql, job, first_row)? };
            let rows = item_rows(
                sql,
                "WHERE job_id = ?1 AND seq >= ?2 ORDER BY seq LIMIT ?3 OFFSET ?4",
                params![job.0, seq as i64, rows, offset as i64],
            )?;
            Ok(JobPage { total: size.total, rows })
        })
    }

    fn order(
        &self,
        job: JobId,
        filter: &ListFilter<'_>,
        order: Order,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<Vec<u32>>, JobError> {
        sorted_list::order(&self.path, &sorted_list::ListQuery { job, filter: *filter, order }, cancelled)
    }

    fn failures_after(&self, job: JobId, after: u64, limit: u32) -> Result<Vec<FinishedRow>, JobError> {
        const FAILED: &str = "INDEXED BY item_failed_number WHERE job_id = ?1 AND state = 'failed' AND number > ?2";
        self.read(|sql| finished_rows(sql, FAILED, params![job.0, after as i64, limit]))
    }

    fn finished_after(&self, job: JobId, after: u64, limit: u32) -> Result<Vec<FinishedRow>, JobError> {
        const FINISHED: &str = "INDEXED BY item_number WHERE job_id = ?1 AND number > ?2";
        self.read(|sql| finished_rows(sql, FINISHED, params![job.0, after as i64, limit]))
    }

    fn notable_after(&self, job: JobId, after: u64, up_to: u64, limit: u32) -> Result<Vec<FinishedRow>, JobError> {
        let notable = format!(
            "INDEXED BY item_number WHERE job_id = ?1 AND number > ?2 AND number <= ?4 \
             AND (state = 'failed' OR {HAS_REMARKS})"
        );
        self.read(|sql| finished_rows(sql, &notable, params![job.0, after as i64, limit, up_to as i64]))
    }

    fn remarked(&self, job: JobId, after_seq: u64, limit: u32) -> Result<Vec<ItemRow>, JobError> {
        let remarked = format!("WHERE job_id = ?1 AND seq > ?2 AND {HAS_REMARKS} ORDER BY seq LIMIT ?3");
        self.item_rows(&remarked, params![job.0, after_seq as i64, limit])
    }

    fn last_finished(&self, job: JobId) -> Result<u64, JobError> {
        self.read(|sql| {
            let mut select = sql.prepare_cached("SELECT next_number - 1 FROM job WHERE id = ?1")?;
            Ok(select.query_row([job.0], |found| found.get::<_, i64>(0)).optional()?.unwrap_or(0).max(0) as u64)
        })
    }

    fn finished_counts(&self, job: JobId, after: u64) -> Result<Counts, JobError> {
        self.read(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT state, count(*) AS items, sum(bytes_in) AS bytes_in, sum(bytes_out) AS bytes_out \
                 FROM item INDEXED BY item_number WHERE job_id = ?1 AND number > ?2 GROUP BY state",
            )?;
            let mut rows = select.query(params![job.0, after as i64])?;
            let mut counts = Counts::default();
            while let Some(row) = rows.next()? {
                let items = unsigned(row, "items")?;
                match row.get_ref("state")?.as_str().map_err(rusqlite::Error::from)?.parse() {
                    Ok(ItemState::Done) => counts.done = items,
                    Ok(ItemState::Failed) => counts.failed = items,
                    Ok(ItemState::Skipped) => counts.skipped = items,
                    _ => continue,
                }
                counts.total += items;
                counts.bytes_in += unsigned(row, "bytes_in")?;
                counts.bytes_out += unsigned(row, "bytes_out")?;
            }
            Ok(counts)
        })
    }

    fn count_failures(&self, job: JobId, failures: &FailureFilter) -> Result<u64, JobError> {
        self.read(|sql| {
            let [kinds, statuses] = outcome::filter_params(failures);
            let select = format!(
                "SELECT count(*) FROM item INDEXED BY item_failed \
                 WHERE job_id = ?1 AND state = 'failed' AND {}",
                outcome::MEANT
            );
            let mut select = sql.prepare_cached(&select)?;
            let count: i64 = select.query_row(params![job.0, kinds, statuses], |found| found.get(0))?;
            Ok(count.max(0) as u64)
        })
    }

    fn failures_by_kind(&self, job: JobId) -> Result<Vec<(ErrorKind, u64)>, JobError> {
        self.read(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT error_kind, items FROM item_failure WHERE job_id = ?1 AND items > 0 \
                 ORDER BY items DESC, error_kind",
            )?;
            let rows = select.query_map([job.0], |found| {
                let word: String = found.get("error_kind")?;
                Ok((ErrorKind::from_word(&word).unwrap_or(ErrorKind::Io), unsigned(found, "items")?))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    fn declined_links(&self, job: JobId) -> Result<Option<(String, u64)>, JobError> {
        self.read(|sql| {
            // With MIN(), `error` comes from the row with the minimum.
            let mut select = sql.prepare_cached(
                "SELECT error, COUNT(*) AS items, MIN(seq) FROM item \
                 WHERE job_id = ?1 AND state = 'skipped' \
                 AND (reason = 'declined' OR (reason IS NULL AND error LIKE 'Didn''t fetch %'))",
            )?;
            let found = select.query_row([job.0], |found| {
                Ok((found.get::<_, Option<String>>("error")?, unsigned(found, "items")?))
            })?;
            Ok(found.0.map(|sentence| (sentence, found.1)))
        })
    }

    fn groups(&self, job: JobId, limit: u32) -> Result<Vec<Group>, JobError> {
        self.read(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT * FROM (SELECT id, label, is_links, total, done, failed FROM item_group \
                 WHERE job_id = ?1 AND total > 0 ORDER BY total DESC, id LIMIT ?2) ORDER BY id",
            )?;
            let rows = select.query_map(params![job.0, limit], |found| {
                Ok(Group {
                    label: found.get("label")?,
                    is_links: found.get("is_links")?,
                    total: unsigned(found, "total")?,
                    done: unsigned(found, "done")?,
                    failed: unsigned(found, "failed")?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    fn counts(&self, job: JobId) -> Result<Counts, JobError> {
        self.read(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT total, done, failed, skipped, bytes_in, bytes_out, (SELECT count(*) FROM item \
                 INDEXED BY item_running WHERE job_id = ?1 AND state = 'running') AS running FROM job WHERE id = ?1",
            )?;
            let counts = select.query_row([job.0], |found| {
                let mut counts = Counts {
                    total: unsigned(found, "total")?,
                    waiting: 0,
                    running: unsigned(found, "running")?,
                    done: unsigned(found, "done")?,
                    failed: unsigned(found, "failed")?,
                    skipped: unsigned(found, "skipped")?,
                    bytes_in: unsigned(found, "bytes_in")?,
                    bytes_out: unsigned(found, "bytes_out")?,
                };
                let started = counts.running + counts.done + counts.failed + counts.skipped;
                counts.waiting = counts.total.saturating_sub(started);
                Ok(counts)
            });
            Ok(counts.optional()?.unwrap_or_default())
        })
    }

    fn is_input(&self, job: JobId, locator: &str) -> Result<bool, JobError> {
        self.read(|sql| {
            Ok(insert::is_known(sql, job, locator)?
                || insert::is_link_target(sql, job, locator)?
                || insert::has_pages(sql, job, locator)?)
        })
    }

    fn is_known_before(&self, job: JobId, locator: &str, seq: u64) -> Result<bool, JobError> {
        self.read(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT 1 FROM item INDEXED BY item_locator \
                 WHERE job_id = ?1 AND locator = ?2 AND is_keyed = 1 AND seq < ?3 LIMIT 1",
            )?;
            Ok(select.exists(params![job.0, locator, seq as i64])?)
        })
    }

    fn item_of_file(&self, job: JobId, locator: &str) -> Result<Option<ItemRow>, JobError> {
        self.read(|sql| watched::item_of_file(sql, job, locator))
    }

    fn files_like(&self, job: JobId, size_bytes: u64, mtime_ms: i64, limit: u32) -> Result<Vec<ItemRow>, JobError> {
        self.read(|sql| watched::files_like(sql, job, size_bytes, mtime_ms, limit))
    }

    fn is_output(&self, job: JobId, path: &str) -> Result<bool, JobError> {
        self.read(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT 1 FROM item INDEXED BY item_output_path WHERE job_id = ?1 AND output = ?2 LIMIT 1",
            )?;
            if select.exists(params![job.0, path])? {
                return Ok(true);
            }
            let mut select = sql.prepare_cached(
                "SELECT 1 FROM item_output INDEXED BY item_output_named \
                 WHERE job_id = ?1 AND path = ?2 AND name <> '' AND state <> 'skipped' LIMIT 1",
            )?;
            Ok(select.exists(params![job.0, path])?)
        })
    }

    fn is_output_with(&self, job: JobId, path: &str, hash: &str) -> Result<bool, JobError> {
        self.read(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT 1 FROM item INDEXED BY item_output_path \
                 WHERE job_id = ?1 AND output = ?2 AND output_hash = ?3 LIMIT 1",
            )?;
            Ok(select.exists(params![job.0, path, hash])?)
        })
    }

    fn item_of_output(&self, job: JobId, path: &str) -> Result<Option<ItemRow>, JobError> {
        self.read(|sql| {
            let mut select = sql.prepare_cached(&format!(
                "SELECT {ITEM_COLUMNS} FROM item INDEXED BY item_output_path WHERE job_id = ?1 AND output = ?2 \
                 AND state = 'done' LIMIT 1"
            ))?;
            Ok(select.query_row(params![job.0, path], row::item).optional()?)
        })
    }

    fn prior_result(&self, id: ItemId, locator: &str) -> Result<Option<PriorResult>, JobError> {
        let which = "WHERE job_id = ?1 AND seq = ?2 AND locator = ?3";
        self.read(|sql| prior_result(sql, which, params![id.job.0, id.seq as i64, locator]))
    }

    fn prior_result_of_file(&self, job: JobId, locator: &str) -> Result<Option<PriorResult>, JobError> {
        let which = "INDEXED BY item_locator WHERE job_id = ?1 AND locator = ?2 AND is_keyed = 1 ORDER BY seq LIMIT 1";
        self.read(|sql| prior_result(sql, which, params![job.0, locator]))
    }

    fn undoable(&self, job: JobId, after: (u64, u32), limit: u32) -> Result<Vec<UndoFile>, JobError> {
        self.read(|sql| undo::undoable(sql, job, after, limit))
    }

    fn undone(&self, job: JobId, after: (u64, u32), limit: u32) -> Result<Vec<UndoFile>, JobError> {
        self.read(|sql| undo::undo_files(sql, job, false, after, limit))
    }

    fn stayed(&self, job: JobId, after: (u64, u32), limit: u32) -> Result<Vec<UndoFile>, JobError> {
        self.read(|sql| undo::undo_files(sql, job, true, after, limit))
    }

    fn undo_counts(&self, job: JobId) -> Result<UndoCounts, JobError> {
        self.read(|sql| undo::counts(sql, job))
    }

    fn can_redo(&self, job: JobId) -> Result<bool, JobError> {
        self.read(|sql| undo::can_redo(sql, job))
    }

    fn created_folders(&self, job: JobId, before: i64, limit: u32) -> Result<Vec<(i64, String)>, JobError> {
        self.read(|sql| undo::folders(sql, job, before, limit))
    }

    fn locators(&self, job: JobId, after_seq: u64, limit: u32) -> Result<Vec<(u64, String)>, JobError> {
        self.read(|sql| {
            let mut select = sql
                .prepare_cached("SELECT seq, locator FROM item WHERE job_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3")?;
            let rows = select.query_map(params![job.0, after_seq as i64, limit], |found| {
                Ok((unsigned(found, "seq")?, found.get("locator")?))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    fn records(&self, job: JobId, rows: RecordRows, after_seq: u64, limit: u32) -> Result<Vec<Vec<Field>>, JobError> {
        self.read(|sql| {
            let select = match rows {
                RecordRows::Items => {
                    let columns = rows.columns().join(", ");
                    &format!("SELECT {columns} FROM item WHERE job_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3")
                }
                RecordRows::Outputs => OUTPUT_RECORDS,
                RecordRows::Rejections => write_back::REJECTION_RECORDS,
            };
            let mut select = sql.prepare_cached(select)?;
            let columns = select.column_count();
            let rows = select.query_map(params![job.0, after_seq as i64, limit], |found| {
                (0..columns)
                    .map(|at| match found.get_ref(at)? {
                        rusqlite::types::ValueRef::Null => Ok(Field::Null),
                        rusqlite::types::ValueRef::Integer(number) => Ok(Field::Number(number)),
                        other => Ok(Field::Text(other.as_str()?.to_owned())),
                    })
                    .collect()
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    fn write_back(&self, job: JobId) -> Result<Option<WriteBackLevel>, JobError> {
        self.read(|sql| Ok(write_back::level(sql, job)?))
    }

    fn rejections_after(&self, job: JobId, after: u64, limit: u32) -> Result<Vec<(u64, Rejection)>, JobError> {
        self.read(|sql| Ok(write_back::rejections_after(sql, job, after, limit)?))
    }

    fn write_again(&self, job: JobId, limit: u32) -> Result<Vec<(u64, u64)>, JobError> {
        self.read(|sql| Ok(write_back::to_write_again(sql, job, limit)?))
    }

    fn list_columns(&self, job: JobId) -> Result<Vec<String>, JobError> {
        self.read(|sql| {
            let mut select = sql.prepare_cached(
                "SELECT extra FROM item WHERE job_id = ?1 AND extra LIKE '%\"columns\":%' ORDER BY seq",
            )?;
            let mut rows = select.query([job.0])?;
            let (mut names, mut seen) = (Vec::new(), HashSet::new());
            while let Some(row) = rows.next()? {
                let extra = row.get_ref("extra")?.as_str().map_err(rusqlite::Error::from)?;
                let ListColumns { columns } = serde_json::from_str(extra).unwrap_or_default();
                for name in columns.names() {
                    if names.len() < MAX_LIST_COLUMNS && !seen.contains(name) {
                        seen.insert(name.to_owned());
                        names.push(name.to_owned());
                    }
                }
            }
            Ok(names)
        })
    }
}

/// The part of `item.extra` that holds the columns of a list.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ListColumns {
    columns: Columns,
}

/// The result of an item, or the one that it kept. If the job that made that one was deleted, it is what was recorded when
/// it was kept: it was checked then.
fn prior_result(sql: &Connection, which: &str, params: impl Params) -> Result<Option<PriorResult>, CatalogError> {
    Ok(match prior_result_row(sql, which, params)? {
        Some(PriorResultRow::Result(prior)) => Some(*prior),
        Some(PriorResultRow::Kept { found, maker, size_bytes, mtime_ms, dir, columns, recorded }) => {
            match prior_result_row(sql, "WHERE job_id = ?1 AND seq = ?2", params![maker.job.0, maker.seq as i64])? {
                Some(PriorResultRow::Result(prior)) => {
                    Some(PriorResult { found, dir, columns, size_bytes, mtime_ms, ..*prior })
                }
                None => recorded.map(|own| PriorResult { maker, ..*own }),
                Some(_) => None,
            }
        }
        Some(PriorResultRow::None) | None => None,
    })
}

fn prior_result_row(sql: &Connection, which: &str, params: impl Params) -> rusqlite::Result<Option<PriorResultRow>> {
    sql.prepare_cached(&format!("SELECT {} FROM item {which}", row::PRIOR_RESULT_COLUMNS))?
        .query_row(params, row::prior_result)
        .optional()
}

struct Size {
    total: u64,
    next_seq: u64,
}

fn size(sql: &Connection, job: JobId) -> Result<Size, CatalogError> {
    let size = sql
        .prepare_cached("SELECT total, next_seq FROM job WHERE id = ?1")?
        .query_row([job.0], |found| {
            Ok(Size { total: unsigned(found, "total")?, next_seq: unsigned(found, "next_seq")? })
        })
        .optional()?;
    Ok(size.unwrap_or(Size { total: 0, next_seq: 1 }))
}

/// The first number of the bucket that contains a row, and how many rows of that bucket come before it.
fn bucket_of(sql: &Connection, job: JobId, first_row: u64) -> Result<(u64, u64), CatalogError> {
    let mut select =
        sql.prepare_cached("SELECT bucket, items FROM item_bucket WHERE job_id = ?1 AND items > 0 ORDER BY bucket")?;
    let mut rows = select.query([job.0])?;
    let mut before = first_row;
    while let Some(found) = rows.next()? {
        let items = unsigned(found, "items")?;
        if before < items {
            return Ok((unsigned(found, "bucket")? * BUCKET, before));
        }
        before -= items;
    }
    Ok((0, first_row))
}

/// Finished items in the order of their numbers; the third parameter is the limit.
fn finished_rows(sql: &Connection, which: &str, params: impl Params) -> Result<Vec<FinishedRow>, CatalogError> {
    let select = format!("SELECT {ITEM_COLUMNS}, number FROM item {which} ORDER BY number LIMIT ?3");
    let mut select = sql.prepare_cached(&select)?;
    let rows = select
        .query_map(params, |found| Ok(FinishedRow { number: unsigned(found, "number")?, row: row::item(found)? }))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn item_rows(sql: &Connection, which: &str, params: impl Params) -> Result<Vec<ItemRow>, CatalogError> {
    let mut select = sql.prepare_cached(&format!("SELECT {ITEM_COLUMNS} FROM item {which}"))?;
    let rows = select.query_map(params, row::item)?;
    Ok(rows.collect::<Result<_, _>>()?)
}
