//! Rows as the rest of the program knows them.

use rusqlite::Row;
use rusqlite::types::{FromSql, Type, ValueRef};
use serde::{Deserialize, Serialize};

use super::Trouble;
use crate::catalog::api::Made;
use crate::error::{ErrorKind, ItemError};
use crate::model::{
    Columns, ItemId, ItemRow, ItemState, JobId, JobRow, Locator, NewItem, Origin, Remark, Timings, Transfer,
};

/// What [`item`] reads, in this order; more may stand behind.
pub(super) const ITEM_COLUMNS: &str = "job_id, seq, locator, state, output, error_kind, error_args, error, extra, \
    http_status, content_type, bytes_in, bytes_out, width, height, hash, output_hash, attempts, fetch_ms, process_ms, \
    finished_at, size, mtime";

/// What [`job`] reads.
pub(super) const JOB_COLUMNS: &str =
    "id, created_at, state, spec, total, done, failed, skipped, bytes_in, bytes_out, finished_at";

/// What stands in `item.extra`.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Extra {
    /// The folder below the source's root.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) dir: String,
    /// What was left out of the result, as a later version may tell it, too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remarks: Vec<serde_json::Value>,
    /// Who named it, where that was not the user.
    #[serde(skip_serializing_if = "Origin::is_user")]
    pub(super) origin: Origin,
    /// What else its list says of it.
    #[serde(skip_serializing_if = "Columns::is_empty")]
    pub(super) columns: Columns,
    /// How its bytes came, where there is more to tell than how long it took.
    #[serde(skip_serializing)]
    transfer: Transfer,
}

impl Extra {
    pub(super) fn of(item: &NewItem) -> Result<Option<String>, serde_json::Error> {
        let extra =
            Self { dir: item.dir.clone(), origin: item.origin, columns: item.columns.clone(), ..Self::default() };
        if extra == Self::default() { Ok(None) } else { serde_json::to_string(&extra).map(Some) }
    }

    /// The remarks that this program knows.
    fn remarks(self) -> Vec<Remark> {
        self.remarks.into_iter().filter_map(|one| serde_json::from_value(one).ok()).collect()
    }

    /// Of another writer's nonsense nothing is taken.
    pub(super) fn read(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }
}

pub(super) fn item(row: &Row<'_>) -> rusqlite::Result<ItemRow> {
    let mut cells = Cells { row, next: 0 };
    let id = ItemId { job: JobId(cells.get()?), seq: cells.unsigned()? };
    let locator = Locator::parse(cells.get_ref()?.as_str()?);
    let state = cells.get_ref()?.as_str()?.parse().map_err(not_understood)?;
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
        origin: extra.origin,
        columns: std::mem::take(&mut extra.columns),
        remarks: extra.remarks(),
    })
}

/// A row's values, one after the other: looking up a column by its name takes longer than reading it.
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

/// What [`made`] reads.
pub(super) const MADE_COLUMNS: &str =
    "job_id, seq, state, output, output_hash, bytes_out, hash, content_type, etag, last_modified, extra";

/// What a row says of a result.
pub(super) enum PriorResultRow {
    /// A result that can be asked after.
    Made(Made),
    /// Another item's result still stood.
    Unchanged { found: ItemId, maker: ItemId },
    /// None, or none that can be asked after.
    Nothing,
}

pub(super) fn made(row: &Row<'_>) -> rusqlite::Result<PriorResultRow> {
    let found = ItemId { job: JobId(row.get("job_id")?), seq: unsigned(row, "seq")? };
    match word(row, "state")? {
        ItemState::Done => {}
        ItemState::Skipped => {
            let extra = Extra::read(row.get_ref("extra")?.as_str_or_null()?);
            return Ok(match extra.transfer.unchanged {
                Some((job, seq)) => PriorResultRow::Unchanged { found, maker: ItemId { job: JobId(job), seq } },
                None => PriorResultRow::Nothing,
            });
        }
        _ => return Ok(PriorResultRow::Nothing),
    }
    let (etag, last_modified): (Option<String>, Option<String>) = (row.get("etag")?, row.get("last_modified")?);
    let (Some(output), Some(output_hash)) = (row.get("output")?, row.get("output_hash")?) else {
        return Ok(PriorResultRow::Nothing);
    };
    if etag.is_none() && last_modified.is_none() {
        return Ok(PriorResultRow::Nothing);
    }
    Ok(PriorResultRow::Made(Made {
        found,
        maker: found,
        output,
        output_hash,
        bytes_out: unsigned(row, "bytes_out")?,
        hash: row.get("hash")?,
        content_type: row.get("content_type")?,
        etag,
        last_modified,
    }))
}

/// An item as its source gave it, from `locator, extra, size, mtime, error_kind, error, error_args`.
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
        skip: None,
    })
}

pub(super) fn job(row: &Row<'_>) -> Result<JobRow, Trouble> {
    let spec = row.get_ref("spec")?.as_str().map_err(rusqlite::Error::from)?;
    Ok(JobRow {
        id: JobId(row.get("id")?),
        created_at_ms: row.get("created_at")?,
        state: word(row, "state")?,
        spec: serde_json::from_str(spec)?,
        total: unsigned(row, "total")?,
        done: unsigned(row, "done")?,
        failed: unsigned(row, "failed")?,
        skipped: unsigned(row, "skipped")?,
        bytes_in: unsigned(row, "bytes_in")?,
        bytes_out: unsigned(row, "bytes_out")?,
        finished_at_ms: row.get("finished_at")?,
    })
}

/// The error as data; of a kind that this program doesn't know, its sentence.
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
    row.get_ref(column)?.as_str()?.parse().map_err(not_understood)
}

fn not_understood(error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error))
}

/// A count; SQLite has no unsigned numbers, and ours are never below 0.
pub(super) fn unsigned(row: &Row<'_>, column: &str) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(column)?.max(0) as u64)
}

/// What an item adds to the sums over items.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    pub(super) state: ItemState,
    pub(super) group: i64,
    pub(super) kind: Option<String>,
    pub(super) bytes_in: i64,
    pub(super) bytes_out: i64,
}

impl Standing {
    pub(super) const COLUMNS: &str = "state, group_id, error_kind, bytes_in, bytes_out";

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
