//! Conversion between rows and the types of the model.

use rusqlite::types::{FromSql, Type, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use crate::catalog::api::PriorResult;
use crate::error::{ErrorKind, ItemError};
use crate::model::{
    Columns, ItemId, ItemOutput, ItemRow, ItemState, JobId, JobRow, Locator, NewItem, Origin, Remark, SkipReason,
    Timings, Transfer,
};

/// The columns that [`item`] reads, in this order; others may follow.
pub(super) const ITEM_COLUMNS: &str = "job_id, seq, locator, state, output, error_kind, error_args, error, extra, \
    http_status, content_type, bytes_in, bytes_out, width, height, hash, output_hash, attempts, fetch_ms, process_ms, \
    finished_at, size, mtime, reason, input_width, input_height";

/// The columns that [`job`] reads.
pub(super) const JOB_COLUMNS: &str = "id, created_at, state, total, done, failed, skipped, bytes_in, bytes_out, finished_at, started_at, running_since, \
    worked_ms";

/// The JSON in `item.extra`.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Extra {
    /// The item's folder, relative to its source.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) dir: String,
    /// Remarks about the result, including those of later versions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remarks: Vec<serde_json::Value>,
    /// Where the item came from, if not from the user.
    #[serde(skip_serializing_if = "Origin::is_user")]
    pub(super) origin: Origin,
    /// The other columns of its list.
    #[serde(skip_serializing_if = "Columns::is_empty")]
    pub(super) columns: Columns,
    /// The number of the first item with the same link.
    #[serde(skip_serializing_if = "Option::is_none")]
    repeats: Option<u64>,
    /// Whether it was processed before and is, or was, processed again.
    #[serde(skip_serializing)]
    retried: bool,
    /// How its bytes were transferred, if there is more to say than the time it took.
    #[serde(skip_serializing)]
    transfer: Transfer,
}

impl Extra {
    pub(super) fn of(item: &NewItem) -> Result<Option<String>, serde_json::Error> {
        let extra = Self {
            dir: item.dir.clone(),
            origin: item.origin,
            columns: item.columns.clone(),
            repeats: item.repeats,
            ..Self::default()
        };
        if extra == Self::default() { Ok(None) } else { serde_json::to_string(&extra).map(Some) }
    }

    /// The remarks that this version knows.
    fn remarks(self) -> Vec<Remark> {
        self.remarks.into_iter().filter_map(|one| serde_json::from_value(one).ok()).collect()
    }

    /// Invalid JSON counts as empty.
    pub(super) fn read(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }
}

pub(super) fn item(row: &Row<'_>) -> rusqlite::Result<ItemRow> {
    let mut cells = Cells { row, next: 0 };
    let id = ItemId { job: JobId(cells.get()?), seq: cells.unsigned()? };
    let locator = Locator::parse(cells.get_ref()?.as_str()?);
    let state = cells.get_ref()?.as_str()?.parse().map_err(unknown_word)?;
    let output = cells.get()?;
    let error = error(cells.get_ref()?, cells.get_ref()?, cells.get_ref()?)?;
    let mut extra = Extra::read(cells.get_ref()?.as_str_or_null()?);
    Ok(ItemRow {
        id,
        locator,
        dir: std::mem::take(&mut extra.dir),
        state,
        output,
        error,
        http_status: cells.get()?,
        content_type: cells.get()?,
        bytes_in: cells.unsigned()?,
        bytes_out: cells.unsigned()?,
        width_px: cells.get()?,
        height_px: cells.get()?,
        hash: cells.get()?,
        output_hash: cells.get()?,
        attempts: cells.get()?,
        timings: Timings { fetch_ms: cells.unsigned()?, process_ms: cells.unsigned()? },
        finished_at_ms: cells.get()?,
        size_bytes: cells.get::<Option<i64>>()?.map(|size| size.max(0) as u64),
        mtime_ms: cells.get()?,
        reason: cells.get_ref()?.as_str_or_null()?.and_then(SkipReason::from_word),
        input_size_px: cells.get::<Option<u32>>()?.zip(cells.get()?),
        origin: extra.origin,
        columns: std::mem::take(&mut extra.columns),
        repeats: extra.repeats,
        is_retried: extra.retried,
        response_name: extra.transfer.file_name.take(),
        remarks: extra.remarks(),
    })
}

/// Reads a row's values one after the other: looking up a column by its name takes longer than reading it.
struct Cells<'r, 's> {
    row: &'r Row<'s>,
    next: usize,
}

impl<'r> Cells<'r, '_> {
    fn get_ref(&mut self) -> rusqlite::Result<ValueRef<'r>> {
        self.next += 1;
        self.row.get_ref(self.next - 1)
    }

    fn get<T: FromSql>(&mut self) -> rusqlite::Result<T> {
        self.next += 1;
        self.row.get(self.next - 1)
    }

    fn unsigned(&mut self) -> rusqlite::Result<u64> {
        Ok(self.get::<i64>()?.max(0) as u64)
    }
}

/// The columns that [`prior_result`] reads.
pub(super) const PRIOR_RESULT_COLUMNS: &str = "job_id, seq, state, output, output_hash, bytes_in, bytes_out, width, \
    height, input_width, input_height, hash, content_type, etag, last_modified, size, mtime, finished_at, extra";

/// What a row says about an earlier result.
pub(super) enum PriorResultRow {
    /// It made a result.
    Result(Box<PriorResult>),
    /// It kept the result of another item. The file's size and time are those that were found then, and so is what the row
    /// itself records of the result, if it does.
    Kept {
        found: ItemId,
        maker: ItemId,
        size_bytes: Option<u64>,
        mtime_ms: Option<i64>,
        dir: String,
        columns: Columns,
        recorded: Option<Box<PriorResult>>,
    },
    /// It has no result.
    None,
}

pub(super) fn prior_result(row: &Row<'_>) -> rusqlite::Result<PriorResultRow> {
    let found = ItemId { job: JobId(row.get("job_id")?), seq: unsigned(row, "seq")? };
    let extra = || row.get_ref("extra")?.as_str_or_null().map(Extra::read).map_err(rusqlite::Error::from);
    Ok(match word(row, "state")? {
        ItemState::Done => recorded_result(row, found, extra()?)?
            .map_or(PriorResultRow::None, |prior| PriorResultRow::Result(Box::new(prior))),
        ItemState::Skipped => {
            let extra = extra()?;
            let Some((job, seq)) = extra.transfer.unchanged else { return Ok(PriorResultRow::None) };
            PriorResultRow::Kept {
                found,
                maker: ItemId { job: JobId(job), seq },
                size_bytes: row.get::<_, Option<i64>>("size")?.map(|size| size.max(0) as u64),
                mtime_ms: row.get("mtime")?,
                dir: extra.dir.clone(),
                columns: extra.columns.clone(),
                recorded: recorded_result(row, found, extra)?.map(Box::new),
            }
        }
        _ => PriorResultRow::None,
    })
}

/// The result that a row records, if it has one.
fn recorded_result(row: &Row<'_>, found: ItemId, extra: Extra) -> rusqlite::Result<Option<PriorResult>> {
    let (Some(output), Some(output_hash)) = (row.get("output")?, row.get("output_hash")?) else { return Ok(None) };
    let Extra { dir, columns, transfer, .. } = extra;
    Ok(Some(PriorResult {
        found,
        dir,
        columns,
        size_bytes: row.get::<_, Option<i64>>("size")?.map(|size| size.max(0) as u64),
        mtime_ms: row.get("mtime")?,
        maker: found,
        finished_at_ms: row.get("finished_at")?,
        output,
        output_hash,
        bytes_in: unsigned(row, "bytes_in")?,
        bytes_out: unsigned(row, "bytes_out")?,
        size_px: row.get::<_, Option<u32>>("width")?.zip(row.get("height")?),
        input_size_px: row.get::<_, Option<u32>>("input_width")?.zip(row.get("input_height")?),
        hash: row.get("hash")?,
        content_type: row.get("content_type")?,
        etag: row.get("etag")?,
        last_modified: row.get("last_modified")?,
        file_name: transfer.file_name,
    }))
}

/// An item as its source gave it; reads `locator, extra, size, mtime, error_kind, error, error_args`.
pub(super) fn new_item(row: &Row<'_>) -> rusqlite::Result<NewItem> {
    let extra = Extra::read(row.get_ref("extra")?.as_str_or_null()?);
    Ok(NewItem {
        locator: Locator::parse(row.get_ref("locator")?.as_str()?),
        dir: extra.dir,
        size_bytes: row.get::<_, Option<i64>>("size")?.map(|size| size.max(0) as u64),
        mtime_ms: row.get("mtime")?,
        origin: extra.origin,
        columns: extra.columns,
        error: error(row.get_ref("error_kind")?, row.get_ref("error_args")?, row.get_ref("error")?)?,
        repeats: extra.repeats,
        link_target: None,
    })
}

pub(super) fn job(row: &Row<'_>) -> rusqlite::Result<JobRow> {
    Ok(JobRow {
        id: JobId(row.get("id")?),
        created_at_ms: row.get("created_at")?,
        state: word(row, "state")?,
        total: unsigned(row, "total")?,
        done: unsigned(row, "done")?,
        failed: unsigned(row, "failed")?,
        skipped: unsigned(row, "skipped")?,
        bytes_in: unsigned(row, "bytes_in")?,
        bytes_out: unsigned(row, "bytes_out")?,
        finished_at_ms: row.get("finished_at")?,
        started_at_ms: row.get("started_at")?,
        running_since_ms: row.get("running_since")?,
        worked_ms: unsigned(row, "worked_ms")?,
    })
}

/// The error as data. A kind that this version doesn't know becomes an I/O error with the recorded sentence.
fn error(kind: ValueRef<'_>, args: ValueRef<'_>, sentence: ValueRef<'_>) -> rusqlite::Result<Option<ItemError>> {
    let Some(word) = kind.as_str_or_null()? else { return Ok(None) };
    let args = args.as_str_or_null()?.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    if let Some(kind) = ErrorKind::from_word(word) {
        return Ok(Some(ItemError { kind, args }));
    }
    let sentence = sentence.as_str_or_null()?;
    Ok(Some(ItemError { kind: ErrorKind::Io, args }.with("detail", sentence.unwrap_or(word))))
}

fn word<T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>>(
    row: &Row<'_>,
    column: &str,
) -> rusqlite::Result<T> {
    row.get_ref(column)?.as_str()?.parse().map_err(unknown_word)
}

fn unknown_word(error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error))
}

/// A count: SQLite has no unsigned integers, and ours are never negative.
pub(super) fn unsigned(row: &Row<'_>, column: &str) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(column)?.max(0) as u64)
}

/// The part of an item that sums depend on.
#[derive(Clone, Debug)]
pub(super) struct ItemStatus {
    pub(super) state: ItemState,
    pub(super) group: i64,
    pub(super) kind: Option<String>,
    pub(super) bytes_in: i64,
    pub(super) bytes_out: i64,
}

impl ItemStatus {
    /// The bytes are those that count: nothing was read or written for an item that kept a result.
    pub(super) const COLUMNS: &str = "state, group_id, error_kind, \
        CASE WHEN state = 'skipped' AND (reason IN ('unchanged', 'duplicate') OR attempts = 0) THEN 0 ELSE bytes_in END \
        AS bytes_in, CASE WHEN state = 'skipped' AND (reason IN ('unchanged', 'duplicate') OR attempts = 0) THEN 0 \
        ELSE bytes_out END AS bytes_out";

    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            state: word(row, "state")?,
            group: row.get("group_id")?,
            kind: row.get("error_kind")?,
            bytes_in: row.get("bytes_in")?,
            bytes_out: row.get("bytes_out")?,
        })
    }
}

/// An item's status, if there is such an item.
pub(super) fn status(sql: &Connection, id: ItemId) -> rusqlite::Result<Option<ItemStatus>> {
    sql.prepare_cached(&format!("SELECT {} FROM item WHERE job_id = ?1 AND seq = ?2", ItemStatus::COLUMNS))?
        .query_row(params![id.job.0, id.seq as i64], ItemStatus::read)
        .optional()
}

/// A row of `item_output`.
pub(super) fn output(row: &Row<'_>) -> rusqlite::Result<ItemOutput> {
    Ok(ItemOutput {
        n: row.get("n")?,
        name: row.get("name")?,
        path: row.get("path")?,
        bytes: unsigned(row, "bytes")?,
        width_px: row.get("width")?,
        height_px: row.get("height")?,
        hash: row.get("hash")?,
        state: word(row, "state")?,
        error: row.get("error")?,
    })
}

/// The JSON in `item.error_args`.
pub(super) fn error_args(error: &ItemError) -> Result<String, serde_json::Error> {
    serde_json::to_string(&error.args)
}
