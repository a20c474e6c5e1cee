//! Reads the rows of a query and makes items of them.

use std::cmp::Ordering;
use std::future::Future;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use super::value::{column_of, from_json, to_json};
use super::{Order, Query, compare, find, is_link_column, item_column, names_of};
use crate::db::{Connection, DbError, Place, Row, Value};
use crate::error::JobError;
use crate::model::{Columns, Locator, Message, NewItem, Remark};
use crate::source::files::{FolderPaths, named};
use crate::source::kind::{Databases, Found, Give, Reading};
use crate::source::lists::columns::is_link;
use crate::source::lists::{link, links_of};

/// How often a wait for the database checks whether it was cancelled.
const CHECK_EVERY: Duration = Duration::from_millis(50);
/// Rows that are requested at once.
const ROWS: usize = 512;
/// How long one statement may read a file: other programs may wait to write to it.
const PAGE_TIME: Duration = Duration::from_millis(200);
/// How many times longer than its first row takes a statement may read a file: finding the first row again costs as much
/// as all of them, if there is no index.
const FIRST_ROW_TIMES: u32 = 10;

/// Why reading ended early.
enum Stop {
    /// It was cancelled.
    Cancelled,
    /// The database reported an error.
    Database(DbError),
    /// Something else is wrong.
    Job(JobError),
}

impl From<DbError> for Stop {
    fn from(error: DbError) -> Self {
        Self::Database(error)
    }
}

/// Gives the items of a query's rows, from a position on.
pub(super) fn read(
    query: &Query,
    position: Option<&str>,
    databases: &dyn Databases,
    reading: &Reading<'_>,
    give: Give<'_>,
) -> ControlFlow<()> {
    let mut reader = RowReader { query, databases, reading, give, empty: 0, folders: FolderPaths::default() };
    let read = reader.read_all(position.and_then(Position::parse).unwrap_or_default());
    let empty = reader.empty;
    if empty > 0 && !matches!(read, Err(Stop::Cancelled)) {
        give(Found::Remark(Remark::EmptyRows { count: empty, list: query.dsn.label() }))?;
    }
    match read {
        Ok(()) => ControlFlow::Continue(()),
        Err(Stop::Cancelled) => ControlFlow::Break(()),
        Err(_) if (reading.cancelled)() => ControlFlow::Break(()),
        Err(Stop::Database(error)) => {
            let failure = databases.error(&query.dsn, &error);
            give(if error.is_transient() { Found::Lost(failure) } else { Found::Failed(failure) })
        }
        Err(Stop::Job(error)) => give(Found::Failed(error)),
    }
}

/// Where reading continues.
#[derive(Clone, Debug, Default, PartialEq)]
struct Position {
    /// The rows from this key on, which may have been given.
    key: Option<Value>,
    /// Only those without a key.
    is_keyless: bool,
}

impl Position {
    fn parse(text: &str) -> Option<Self> {
        let json: Json = serde_json::from_str(text).ok()?;
        let key = json.get("key").and_then(from_json);
        Some(Self { key, is_keyless: json.get("keyless").is_some() })
    }

    fn to_text(&self) -> String {
        match &self.key {
            Some(key) if !self.is_keyless => json!({ "key": to_json(key) }).to_string(),
            _ => json!({ "keyless": true }).to_string(),
        }
    }
}

struct RowReader<'a> {
    query: &'a Query,
    databases: &'a dyn Databases,
    reading: &'a Reading<'a>,
    give: Give<'a>,
    /// Rows without an item.
    empty: u64,
    folders: FolderPaths,
}

/// Whether two keys may be the same for the database: its collation may ignore case and trailing spaces.
fn is_same_key(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Text(one), Value::Text(other)) => one.trim_end().eq_ignore_ascii_case(other.trim_end()),
        _ => compare(one, other, Order::Values) == Some(Ordering::Equal),
    }
}

/// How the rows of a statement are read.
struct Layout {
    names: Vec<String>,
    /// The index of the item's column.
    item: usize,
    is_url: bool,
    /// The index of the key's column.
    key: Option<usize>,
}

/// How a statement's rows ended.
enum End {
    /// There are no more.
    Whole,
    /// The others are read by another statement, from this key on.
    From(Value),
}

impl RowReader<'_> {
    fn read_all(&mut self, position: Position) -> Result<(), Stop> {
        let pool = self.databases.pool(&self.query.dsn, self.query.is_utc).map_err(Stop::Job)?;
        let mut connection = self.wait(pool.get())??;
        let connection = &mut *connection;
        let Some(wanted) = &self.query.key else {
            return self.read_rows(connection, &self.query.plain(), None, None).map(drop);
        };
        let (columns, _) = self.wait(connection.describe(&self.query.plain()))??;
        let names = names_of(&columns);
        let key = find(&names, wanted).and_then(|at| names.get(at)).ok_or_else(|| {
            let message = super::columns::missing_in_query(&names, wanted, "--key");
            Stop::Job(JobError::Refused(message))
        })?;
        let mut start = position.key;
        let mut has_more = !position.is_keyless;
        while has_more {
            let sql = self.query.by_key(key, start.is_some());
            match self.read_rows(connection, &sql, start.as_ref(), Some(key))? {
                End::Whole => has_more = false,
                End::From(key) => start = Some(key),
            }
        }
        self.give(Found::Position(Position { key: None, is_keyless: true }.to_text()))?;
        self.read_rows(connection, &self.query.without_key(key), None, None).map(drop)
    }

    /// Gives the items of a statement's rows. With a key, a statement that reads a file ends after a while.
    fn read_rows(
        &mut self,
        connection: &mut dyn Connection,
        sql: &str,
        start: Option<&Value>,
        key: Option<&str>,
    ) -> Result<End, Stop> {
        let began = Instant::now();
        let values = self.query.values(start);
        let mut rows = self.wait(connection.query(sql, &values))??;
        let layout = self.layout(names_of(rows.columns()), key).map_err(|why| Stop::Job(JobError::Refused(why)))?;
        let is_paged = key.is_some() && matches!(self.query.dsn.place, Place::File(_));
        let (mut last_key, mut most): (Option<Value>, Option<Duration>) = (None, None);
        loop {
            let page = self.wait(rows.next_rows(ROWS))??;
            if page.is_empty() {
                return Ok(End::Whole);
            }
            let most = *most.get_or_insert_with(|| PAGE_TIME.max(began.elapsed() * FIRST_ROW_TIMES));
            let mut is_noted = false;
            for row in page {
                let key = layout.key.and_then(|at| row.get(at));
                // Rows with the same key are never divided: which of them were given is not known later.
                if key.is_some_and(|key| last_key.as_ref().is_none_or(|last| !is_same_key(key, last))) {
                    if is_paged && last_key.is_some() && began.elapsed() >= most {
                        return Ok(key.cloned().map_or(End::Whole, End::From));
                    }
                    if !is_noted {
                        is_noted = true;
                        self.give(Found::Position(Position { key: key.cloned(), is_keyless: false }.to_text()))?;
                    }
                    last_key = key.cloned();
                }
                self.row(&layout, &row)?;
            }
        }
    }

    fn layout(&self, names: Vec<String>, key: Option<&str>) -> Result<Layout, Message> {
        let item = item_column(&names, self.reading.lists)?;
        let is_url = names.get(item).is_some_and(|name| is_link_column(name));
        let key = key.and_then(|key| names.iter().position(|name| name == key));
        Ok(Layout { names, item, is_url, key })
    }

    /// Gives the items of a row.
    fn row(&mut self, layout: &Layout, row: &Row) -> Result<(), Stop> {
        let text = row.get(layout.item).and_then(Value::to_text).unwrap_or_default();
        let text = text.trim();
        if text.is_empty() {
            self.empty += 1;
            return if (self.reading.cancelled)() { Err(Stop::Cancelled) } else { Ok(()) };
        }
        let mut columns = Columns::default();
        for (at, (name, value)) in layout.names.iter().zip(row).enumerate() {
            if at != layout.item {
                columns.put(name, column_of(value));
            }
        }
        if is_link(text) {
            for found in links_of(text) {
                self.item(link(&found, &|why| why), columns.clone())?;
            }
            return Ok(());
        }
        let item = if layout.is_url { link(text, &|why| why) } else { self.file(text) };
        self.item(item, columns)
    }

    /// The item of a path.
    fn file(&mut self, text: &str) -> NewItem {
        let parsed = Locator::parse(text);
        let path = parsed.path().map_or_else(|| text.into(), std::path::Path::to_path_buf);
        named(&self.query.folder.join(path), &mut self.folders)
    }

    fn item(&mut self, item: NewItem, columns: Columns) -> Result<(), Stop> {
        self.give(Found::Item(NewItem { columns, ..item }))
    }

    fn give(&mut self, found: Found) -> Result<(), Stop> {
        if (self.reading.cancelled)() || (self.give)(found).is_break() { Err(Stop::Cancelled) } else { Ok(()) }
    }

    /// Waits for the database.
    fn wait<T>(&self, future: impl Future<Output = T>) -> Result<T, Stop> {
        let cancelled = self.reading.cancelled;
        self.databases.runtime().block_on(async {
            tokio::pin!(future);
            loop {
                tokio::select! {
                    value = &mut future => return Ok(value),
                    () = tokio::time::sleep(CHECK_EVERY) => {
                        if cancelled() {
                            return Err(Stop::Cancelled);
                        }
                    }
                }
            }
        })
    }
}
