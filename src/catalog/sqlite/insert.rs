//! New items: their rows, their groups, and which of them the job has already.

use std::collections::HashMap;
use std::path::Path;

use rusqlite::{Connection, params};

use super::counters::{NextNumbers, set_next_number};
use super::row::{Extra, ItemStatus, error_args};
use super::sums::Sums;
use super::{CatalogError, now_ms, request, watched};
use crate::catalog::api::{Added, Adding};
use crate::model::{ItemState, JobId, JobState, Locator, NewItem};

/// Group numbers that are cached.
const GROUPS_KEPT: usize = 4096;

/// Cached numbers of groups, so that adding an item needs no query.
#[derive(Default)]
pub(super) struct Groups(HashMap<(JobId, bool, String), i64>);

pub(super) fn add_items(
    sql: &Connection,
    groups: &mut Groups,
    job: JobId,
    first_seq: u64,
    items: &[NewItem],
    adding: &Adding,
) -> Result<Added, CatalogError> {
    let numbers = NextNumbers::read(sql, job)?;
    if first_seq < numbers.next_seq {
        return Err(CatalogError::Other(format!("number {first_seq} of job {job} is taken")));
    }
    if first_seq.saturating_add(items.len() as u64) > u64::from(u32::MAX) {
        return Err(CatalogError::Other(format!("job {job} has too many items (at most {})", u32::MAX)));
    }
    let mut added = Added { added: 0, duplicates: 0, next_seq: first_seq };
    let mut insert = Insert::new(sql, groups, job, numbers);
    for item in items {
        // A row of a list is an item of its own, whatever the rows before it name.
        let is_row = item.repeats.is_some() || !item.columns.is_empty();
        if adding.leave_out_known && !is_row && is_known(sql, job, &item.locator.to_text())? {
            added.duplicates += 1;
            continue;
        }
        insert.put(added.next_seq, item)?;
        if adding.is_watched {
            watched::note(sql, job, added.next_seq, item)?;
        }
        added.added += 1;
        added.next_seq += 1;
    }
    if added.added > 0 {
        insert.end(Some(added.next_seq))?;
    }
    if let Some(cursor) = &adding.cursor {
        request::set_cursor(sql, job, cursor)?;
    }
    Ok(added)
}

/// Whether a keyed item has this locator.
pub(super) fn is_known(sql: &Connection, job: JobId, locator: &str) -> rusqlite::Result<bool> {
    sql.prepare_cached(
        "SELECT 1 FROM item INDEXED BY item_locator WHERE job_id = ?1 AND locator = ?2 AND is_keyed = 1 LIMIT 1",
    )?
    .exists(params![job.0, locator])
}

/// Whether pages of this document are items.
pub(super) fn has_pages(sql: &Connection, job: JobId, locator: &str) -> rusqlite::Result<bool> {
    let Some((first, end)) = Locator::texts_of_pages(locator) else { return Ok(false) };
    sql.prepare_cached(
        "SELECT 1 FROM item INDEXED BY item_locator \
         WHERE job_id = ?1 AND locator >= ?2 AND locator < ?3 AND is_keyed = 1 LIMIT 1",
    )?
    .exists(params![job.0, first, end])
}

/// Whether an item is a link to this file.
pub(super) fn is_link_target(sql: &Connection, job: JobId, path: &str) -> rusqlite::Result<bool> {
    sql.prepare_cached("SELECT 1 FROM link_target WHERE job_id = ?1 AND path = ?2")?.exists(params![job.0, path])
}

/// New rows of one job.
pub(super) struct Insert<'a> {
    sql: &'a Connection,
    groups: &'a mut Groups,
    job: JobId,
    numbers: NextNumbers,
    sums: Sums,
    now_ms: i64,
}

impl<'a> Insert<'a> {
    pub(super) fn new(sql: &'a Connection, groups: &'a mut Groups, job: JobId, numbers: NextNumbers) -> Self {
        Self { sql, groups, job, numbers, sums: Sums::default(), now_ms: now_ms() }
    }

    pub(super) fn put(&mut self, seq: u64, item: &NewItem) -> Result<(), CatalogError> {
        let is_file = item.locator.path().is_some();
        let is_keyed = is_file || self.numbers.state == JobState::Draft.word();
        let error = item.error.as_ref();
        let status = ItemStatus {
            state: if error.is_some() { ItemState::Failed } else { ItemState::Waiting },
            group: self.groups.of(self.sql, self.job, item)?,
            kind: error.map(|error| error.kind.word()),
            bytes_in: 0,
            bytes_out: 0,
        };
        let is_finished = status.state != ItemState::Waiting;
        let number = is_finished.then_some(self.numbers.next_number as i64);
        self.numbers.next_number += u64::from(is_finished);
        self.sql
            .prepare_cached(
                "INSERT INTO item(job_id, seq, locator, state, error_kind, error, error_args, finished_at, number, \
                 mtime, size, extra, group_id, is_keyed) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            )?
            .execute(params![
                self.job.0,
                seq as i64,
                item.locator.to_text(),
                status.state.word(),
                status.kind,
                error.map(ToString::to_string),
                error.map(error_args).transpose()?,
                is_finished.then_some(self.now_ms),
                number,
                item.mtime_ms,
                item.size_bytes.map(|size| size as i64),
                Extra::of(item)?,
                status.group,
                is_keyed,
            ])?;
        if let Some(target) = &item.link_target {
            self.sql
                .prepare_cached("INSERT OR IGNORE INTO link_target(job_id, path) VALUES (?1, ?2)")?
                .execute(params![self.job.0, Locator::File(target.clone()).to_text()])?;
        }
        self.sums.add(seq, &status);
        Ok(())
    }

    pub(super) fn end(self, next_seq: Option<u64>) -> Result<(), CatalogError> {
        self.sums.apply(self.sql, self.job)?;
        set_next_number(self.sql, self.job, self.numbers.next_number)?;
        if let Some(next_seq) = next_seq {
            self.sql
                .prepare_cached("UPDATE job SET next_seq = ?2 WHERE id = ?1")?
                .execute(params![self.job.0, next_seq as i64])?;
        }
        Ok(())
    }
}

impl Groups {
    /// Empties the cache.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Removes a job's groups from the cache.
    pub(super) fn forget(&mut self, job: JobId) {
        self.0.retain(|(owner, _, _), _| *owner != job);
    }

    /// The number of an item's group, which is created if it is new.
    fn of(&mut self, sql: &Connection, job: JobId, item: &NewItem) -> Result<i64, CatalogError> {
        let is_links = item.locator.path().is_none();
        let key = (job, is_links, label(item));
        if let Some(id) = self.0.get(&key) {
            return Ok(*id);
        }
        // Without the empty update, RETURNING would return nothing for an existing row.
        let id = sql
            .prepare_cached(
                "INSERT INTO item_group(job_id, is_links, label) VALUES (?1, ?2, ?3) \
                 ON CONFLICT DO UPDATE SET label = label RETURNING id",
            )?
            .query_row(params![job.0, is_links, key.2], |row| row.get(0))?;
        if self.0.len() >= GROUPS_KEPT {
            self.0.clear();
        }
        self.0.insert(key, id);
        Ok(id)
    }
}

/// The source's folder, or the host.
fn label(item: &NewItem) -> String {
    match &item.locator {
        Locator::Url(_) | Locator::Row(_) => item.locator.host().unwrap_or_default(),
        Locator::File(path) | Locator::Page(path, _) => {
            let folder = path.parent().unwrap_or(path);
            let below = Path::new(&item.dir);
            let root = if folder.ends_with(below) { folder.ancestors().nth(below.components().count()) } else { None };
            root.unwrap_or(folder).to_string_lossy().into_owned()
        }
    }
}
