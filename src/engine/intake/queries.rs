//! Queries of a job: checked with their databases before anything starts, and continued where they were interrupted or where
//! earlier jobs ended.

use std::cmp::Ordering;
use std::hash::{DefaultHasher, Hash, Hasher};

use tokio::runtime::Handle;

use super::lists;
use crate::catalog::CatalogReader;
use crate::db::{self, DbError, Dsn, Pool, Session, Value};
use crate::engine::databases::{Databases, job_error, read_dsn};
use crate::error::JobError;
use crate::fetch::Secrets;
use crate::model::{Columns, ItemRow, ItemState, JobId, JobSpec, Locator, Remark, SourceSpec, WriteColumn, WriteField};
use crate::source::{self, query};

/// The number of the source's first item.
const FIRST: &str = "first_item";
/// The number of the first item from the position on.
const FROM: &str = "position_item";
/// The number after the source's last item.
const END: &str = "end_item";
/// The greatest value of earlier jobs in the column of `--since`.
const GREATEST: &str = "greatest";
/// Items that are read from the catalog at once.
const PAGE_ROWS: u32 = 4096;
/// Jobs that are searched for earlier ones of the same query.
const JOBS_SEARCHED: u32 = 10_000;

/// Databases as sources use them: nothing is changed.
pub(crate) struct Access<'a> {
    databases: &'a Databases,
    connections: usize,
}

impl<'a> Access<'a> {
    pub(crate) fn new(databases: &'a Databases, spec: &JobSpec) -> Self {
        Self { databases, connections: spec.limits.db_connections }
    }
}

impl source::Databases for Access<'_> {
    fn pool(&self, dsn: &Dsn, is_utc: bool) -> Result<Pool, JobError> {
        let session = Session { is_read_only: true, is_utc, ..Session::default() };
        self.databases.pool(dsn, session, self.connections)
    }

    fn runtime(&self) -> &Handle {
        self.databases.runtime()
    }

    fn error(&self, dsn: &Dsn, error: &DbError) -> JobError {
        job_error(dsn, error)
    }
}

/// Moves a password out of a source's database name.
pub(crate) fn keep_password(secrets: &Secrets, source: &mut SourceSpec) -> Result<(), JobError> {
    if let Some(text) = query::dsn_text(source) {
        let dsn = read_dsn(secrets, text)?;
        *source = query::with_dsn(std::mem::take(source), &dsn);
    }
    Ok(())
}

/// Checks the queries of a job with their databases, and notes what is stored of their columns.
pub(crate) fn check(databases: &Databases, spec: &mut JobSpec) -> Result<(), JobError> {
    let mut sources = std::mem::take(&mut spec.sources);
    let checked = check_sources(databases, spec, &mut sources);
    spec.sources = sources;
    checked
}

/// The same for sources that a job is about to get.
pub(crate) fn check_sources(databases: &Databases, spec: &JobSpec, sources: &mut [SourceSpec]) -> Result<(), JobError> {
    let access = Access::new(databases, spec);
    for source in sources.iter_mut().filter(|source| is_query(source)) {
        let (header, checked) = query::check_query(source, &spec.lists, &access)?;
        lists::check_header(spec, source, &header)?;
        *source = checked;
    }
    Ok(())
}

/// Whether the name of a source's database has a password.
pub(crate) fn has_password(source: &SourceSpec) -> bool {
    query::dsn_text(source).is_some_and(|text| db::parse_dsn(text).is_ok_and(|(_, password)| password.is_some()))
}

/// Whether a source is a query.
pub(crate) fn is_query(source: &SourceSpec) -> bool {
    query::dsn_text(source).is_some()
}

/// A source before it is read for the first time: with the value of `:last`, and the number of its first item.
pub(crate) fn begun(
    source: SourceSpec,
    next_seq: u64,
    reader: Option<&dyn CatalogReader>,
    job: Option<JobId>,
) -> Result<SourceSpec, JobError> {
    if source.option(FIRST).is_some() {
        return Ok(source);
    }
    let mut begun = source.with(FIRST, next_seq.to_string());
    let Some((reader, column)) = reader.zip(query::since_column(&begun).map(str::to_owned)) else { return Ok(begun) };
    let Some(earlier) = earlier_jobs(reader, job, &begun)?.next().transpose()? else { return Ok(begun) };
    let order = query::since_order(&begun);
    let mut greatest = value(&earlier.source, GREATEST);
    let mut unfinished = Least::default();
    for_each_item(reader, earlier.job, earlier.first(), earlier.end(), &mut |item| {
        let Some(own) = columns_value(&item.columns, &column) else { return };
        if greatest.as_ref().is_none_or(|greatest| query::is_probably_after(&own, greatest, order)) {
            greatest = Some(own.clone());
        }
        if !is_over(item) {
            unfinished.add(own, order);
        }
    })?;
    let last = match (earlier.end(), unfinished) {
        // Rows that it did not read may have any value, and only the database may know which of the unfinished ones is first.
        (None, _) | (Some(_), Least { is_uncertain: true, .. }) => value(&earlier.source, query::LAST),
        (Some(_), Least { value: Some(unfinished), .. }) => Some(unfinished),
        (Some(_), _) => greatest.clone(),
    };
    for (name, value) in [(query::LAST, last), (GREATEST, greatest)] {
        if let Some(value) = value {
            begun = begun.with(name, query::value_to_text(&value));
        }
    }
    Ok(begun)
}

/// The least of some values.
#[derive(Default)]
struct Least {
    value: Option<Value>,
    /// Whether it may be another one.
    is_uncertain: bool,
}

impl Least {
    fn add(&mut self, value: Value, order: query::Order) {
        let Some(least) = &self.value else {
            self.value = Some(value);
            return;
        };
        match query::compare(&value, least, order) {
            Some(Ordering::Less) => self.value = Some(value),
            Some(_) => {}
            None => self.is_uncertain = true,
        }
    }
}

/// Whether nothing is left to do for an item.
fn is_over(item: &ItemRow) -> bool {
    matches!(item.state, ItemState::Done | ItemState::Skipped)
}

fn value(source: &SourceSpec, name: &str) -> Option<Value> {
    source.option(name).and_then(query::value_from_text)
}

fn columns_value(columns: &Columns, name: &str) -> Option<Value> {
    columns.get(name).and_then(query::of_column)
}

fn number(source: &SourceSpec, name: &str) -> Option<u64> {
    source.option(name)?.parse().ok()
}

/// The source with its position: everything before has items below this number.
pub(super) fn at_position(source: SourceSpec, position: &str, from: Option<u64>) -> SourceSpec {
    let source = source.with(query::POSITION, position);
    match from {
        Some(from) => source.with(FROM, from.to_string()),
        None => source,
    }
}

/// The source whose rows have all been given.
pub(super) fn ended(source: SourceSpec, next_seq: u64) -> SourceSpec {
    source.with(END, next_seq.to_string())
}

/// An earlier job of the same query.
struct Earlier {
    job: JobId,
    source: SourceSpec,
    has_ended: bool,
}

impl Earlier {
    fn first(&self) -> u64 {
        number(&self.source, FIRST).unwrap_or(0)
    }

    /// The number after its last item; `None` if it was not read to its end.
    fn end(&self) -> Option<u64> {
        number(&self.source, END).filter(|_| self.has_ended)
    }
}

/// Earlier jobs that have begun to read the same query, newest first.
fn earlier_jobs<'a>(
    reader: &'a dyn CatalogReader,
    job: Option<JobId>,
    source: &'a SourceSpec,
) -> Result<impl Iterator<Item = Result<Earlier, JobError>> + 'a, JobError> {
    let jobs = reader.jobs(JOBS_SEARCHED)?.into_iter().filter(move |row| job.is_none_or(|job| row.id < job));
    Ok(jobs.filter_map(move |row| match reader.sources(row.id) {
        Ok(sources) => {
            let is_same = |other: &SourceSpec| query::is_same_query(source, other) && other.option(FIRST).is_some();
            let found = sources.into_iter().find(|other| is_same(&other.spec))?;
            Some(Ok(Earlier { job: row.id, source: found.spec, has_ended: found.ended }))
        }
        Err(error) => Some(Err(error)),
    }))
}

/// Passes on the items of a job from a number on.
fn for_each_item(
    reader: &dyn CatalogReader,
    job: JobId,
    first: u64,
    end: Option<u64>,
    each: &mut dyn FnMut(&ItemRow),
) -> Result<(), JobError> {
    let mut after = first.saturating_sub(1);
    loop {
        let page = reader.after(job, after, PAGE_ROWS)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.id.seq;
        for item in page.iter().filter(|item| end.is_none_or(|end| item.id.seq < end)) {
            each(item);
        }
        if end.is_some_and(|end| after >= end) {
            return Ok(());
        }
    }
}

/// Items that are recorded, each as often as it is.
#[derive(Default)]
struct Recorded {
    /// Hashes, sorted, and how many items of each are left.
    hashes: Vec<u64>,
    left: Vec<u32>,
    total: u64,
}

impl Recorded {
    fn of(mut hashes: Vec<u64>) -> Self {
        hashes.sort_unstable();
        let total = hashes.len() as u64;
        let same = hashes.chunk_by(|one, other| one == other);
        let left = same.map(|same| u32::try_from(same.len()).unwrap_or(u32::MAX)).collect();
        hashes.dedup();
        Self { hashes, left, total }
    }

    /// Takes one of these items out.
    fn take(&mut self, hash: u64) -> bool {
        let Ok(at) = self.hashes.binary_search(&hash) else { return false };
        match self.left.get_mut(at) {
            Some(left) if *left > 0 => {
                *left -= 1;
                self.total -= 1;
                true
            }
            _ => false,
        }
    }
}

/// What a row of a query is recognized by when it is read again. Results that were written back may have changed it.
#[derive(Clone, Default)]
pub(crate) struct RowIdentity {
    /// The columns of the query that identify a row of the table, if results are written back by such columns.
    keys: Vec<String>,
    /// The columns of the table that results are written to.
    written: Vec<String>,
    /// Whether results are written to the column that may be the item.
    writes_item: bool,
}

impl RowIdentity {
    pub(crate) fn of(spec: &JobSpec) -> Self {
        let Some(write_back) = &spec.write_back else { return Self::default() };
        let key = |key: &WriteColumn| match &key.field {
            WriteField::Column(name) => Some(name.clone()),
            _ => None,
        };
        let written: Vec<String> = write_back.columns.iter().map(|column| column.column.clone()).collect();
        let writes_item = written.iter().any(|name| query::may_be_item(name, &spec.lists));
        Self { keys: write_back.keys.iter().filter_map(key).collect(), written, writes_item }
    }

    /// A hash of a row among those of its own job.
    fn own(&self, locator: &Locator, columns: &Columns) -> u64 {
        if self.keys.is_empty() {
            return self.earlier(locator, columns, None);
        }
        let mut keys = Columns::default();
        for name in &self.keys {
            keys.put(name, columns.get(name).cloned().unwrap_or_default());
        }
        self.hash(locator, &keys)
    }

    /// A hash of a row among those of earlier jobs: a row whose other columns have changed counts as new.
    fn earlier(&self, locator: &Locator, columns: &Columns, since: Option<&str>) -> u64 {
        if self.written.is_empty() {
            return self.hash(locator, columns);
        }
        let is_since = |name: &str| since.is_some_and(|since| since.eq_ignore_ascii_case(name));
        let is_key = |name: &str| self.keys.iter().any(|key| key.eq_ignore_ascii_case(name));
        let is_written = |name: &str| self.written.iter().any(|written| written.eq_ignore_ascii_case(name));
        let mut kept = columns.clone();
        kept.retain(|name| is_since(name) || is_key(name) || !is_written(name));
        self.hash(locator, &kept)
    }

    fn hash(&self, locator: &Locator, columns: &Columns) -> u64 {
        let mut hasher = DefaultHasher::new();
        if !self.writes_item {
            locator.document().to_text().hash(&mut hasher);
        }
        serde_json::to_string(columns).unwrap_or_default().hash(&mut hasher);
        hasher.finish()
    }
}

/// The rows that are passed over when a query is read.
#[derive(Default)]
pub(crate) struct KnownRows {
    identity: RowIdentity,
    since: Option<String>,
    /// Those that this job has recorded since its position.
    own: Recorded,
    /// Those that earlier jobs have processed.
    earlier: Recorded,
    /// How many of these were found.
    pub(super) earlier_found: u64,
}

impl KnownRows {
    pub(crate) fn of(
        source: &SourceSpec,
        identity: &RowIdentity,
        reader: Option<&dyn CatalogReader>,
        job: Option<JobId>,
    ) -> Result<Self, JobError> {
        let Some(reader) = reader else { return Ok(Self::default()) };
        let mut own = Vec::new();
        let from = number(source, FROM).or_else(|| number(source, FIRST));
        if let Some((job, from)) = job.zip(from) {
            for_each_item(reader, job, from, None, &mut |item| own.push(identity.own(&item.locator, &item.columns)))?;
        }
        let earlier = processed_earlier(source, identity, reader, job)?;
        Ok(Self {
            identity: identity.clone(),
            since: query::since_column(source).map(str::to_owned),
            own: Recorded::of(own),
            earlier: Recorded::of(earlier),
            earlier_found: 0,
        })
    }

    /// Whether a row is passed over.
    pub(crate) fn pass_over(&mut self, locator: &Locator, columns: &Columns) -> bool {
        if self.own.total == 0 && self.earlier.total == 0 {
            return false;
        }
        let columns = as_recorded(columns);
        if self.own.total > 0 && self.own.take(self.identity.own(locator, &columns)) {
            return true;
        }
        let is_known = self.earlier.total > 0
            && self.earlier.take(self.identity.earlier(locator, &columns, self.since.as_deref()));
        self.earlier_found += u64::from(is_known);
        is_known
    }

    /// How many rows of earlier jobs were passed over.
    pub(crate) fn remark(&self, source: &SourceSpec) -> Option<Remark> {
        let count = self.earlier_found;
        (count > 0).then(|| Remark::KnownRows { count, list: source::label(source) })
    }

    /// Whether all rows that this job has recorded have been found again.
    pub(super) fn has_passed_own(&self) -> bool {
        self.own.total == 0
    }
}

/// The items of earlier jobs from `:last` on that were done or skipped.
fn processed_earlier(
    source: &SourceSpec,
    identity: &RowIdentity,
    reader: &dyn CatalogReader,
    job: Option<JobId>,
) -> Result<Vec<u64>, JobError> {
    let Some(column) = query::since_column(source) else { return Ok(Vec::new()) };
    let (last, order) = (value(source, query::LAST), query::since_order(source));
    let is_before = |value: &Value| last.as_ref().is_some_and(|last| query::is_before(value, last, order));
    let mut hashes = Vec::new();
    for earlier in earlier_jobs(reader, job, source)? {
        let earlier = earlier?;
        for_each_item(reader, earlier.job, earlier.first(), earlier.end(), &mut |item| {
            if is_over(item) && columns_value(&item.columns, column).is_none_or(|value| !is_before(&value)) {
                hashes.push(identity.earlier(&item.locator, &item.columns, Some(column)));
            }
        })?;
        // Those before it have no such values.
        if value(&earlier.source, GREATEST).is_none_or(|greatest| is_before(&greatest)) {
            break;
        }
    }
    Ok(hashes)
}

/// The columns of a row as the catalog records them: a number may change its last digit.
fn as_recorded(columns: &Columns) -> Columns {
    let stored = serde_json::to_string(columns).unwrap_or_default();
    serde_json::from_str(&stored).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_rows_are_found_as_often_as_they_are_recorded() {
        let mut recorded = Recorded::of(vec![7, 3, 7, 9, 7]);
        assert_eq!(recorded.total, 5);
        let taken: Vec<bool> = [7, 7, 7, 7, 3, 3, 9, 1].into_iter().map(|hash| recorded.take(hash)).collect();
        assert_eq!(taken, [true, true, true, false, true, false, true, false]);
        assert_eq!(recorded.total, 0);
        assert!(!Recorded::of(Vec::new()).take(7) && Recorded::of(vec![7]).take(7));
    }
}
