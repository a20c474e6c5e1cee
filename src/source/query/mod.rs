//! Rows of a database: the result of a query. The column `url` or `path` (or the one that the user names, or else the first)
//! is the item, the others are its columns.
//!
//! With a key, the rows are requested in its order, and reading continues after the last one. Opens connections only
//! through what [`Reading`] gives it, and never changes anything.

mod order;
mod rows;
mod value;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::kind::{Columns, Databases, Found, Give, MayGive, Reading, Repeat, SourceArguments, SourceKind};
use super::lists::Header;
use super::lists::columns::{self, find};
use crate::db::{self, Column, DbError, DbErrorKind, Dialect, Dsn, Kind, Place, Statement, Value};
use crate::error::JobError;
use crate::model::{ListSpec, Locator, Message, SourceSpec};

pub use order::{Order, compare, is_before, is_probably_after};
pub use value::{of_column, value_from_text, value_to_text};

/// Options of the source that a job stores.
const DSN: &str = "dsn";
const SQL: &str = "sql";
const KEY: &str = "key";
const SINCE: &str = "since";
/// The folder to which relative paths are relative.
const FOLDER: &str = "folder";
/// The value of `:last`; without it, NULL.
pub const LAST: &str = "last";
/// Where reading continues: see [`Found::Position`].
pub const POSITION: &str = "position";
/// How the column of `since` is ordered.
const ORDER: &str = "since_order";
const NUMBERS: &str = "numbers";
const TIMES: &str = "times";
const UNKNOWN: &str = "unknown";
/// Whether points in time are read in UTC: the key or the column of `since` holds some whose text names no zone.
const IS_UTC: &str = "utc";
/// The type of such columns.
const ZONELESS: &str = "timestamp";
/// Whether its items are links, never files.
const ONLY_LINKS: &str = "only_links";
/// The parameter that has the value of the earlier jobs.
const LAST_PARAMETER: &str = "last";
/// The column of links, and that of paths.
const ITEM_COLUMNS: [&str; 2] = [columns::URL, "path"];

pub(super) static KIND: SourceKind = SourceKind {
    arguments_of: |source| {
        let given = |option, name| source.option(name).map(|value| (option, value.into()));
        let options = [given("--sql", SQL), given("--db", DSN), given("--key", KEY), given("--since", SINCE)];
        Some(SourceArguments { options: options.into_iter().flatten().collect(), ..SourceArguments::default() })
    },
    is_list: true,
    repeat: Repeat::Rows,
    columns: |_, _| Columns::Unknown,
    may_give: |source, _| if source.option(ONLY_LINKS).is_some() { MayGive::No } else { MayGive::Unknown },
    own_file: |source| match source.option(DSN).and_then(dsn_of)?.place {
        Place::File(path) => Some(path),
        Place::Server { .. } => None,
    },
    label: |source| source.option(DSN).and_then(dsn_of).map(|dsn| dsn.label()).unwrap_or_default(),
    ..SourceKind::new("query", read)
};

/// The rows of a query. `dsn` is as a person writes it; a password in it is moved to the secrets before it is stored.
pub fn query(dsn: &str, sql: &str) -> Result<SourceSpec, Message> {
    let (parsed, password) =
        db::typed_dsn(dsn).map_err(|detail| Message::new("db_dsn").with_message("detail", detail))?;
    let here = std::env::current_dir().unwrap_or_default();
    let (dsn, folder) = match &parsed.place {
        Place::File(path) => (parsed.to_string(), path.parent().map_or(here, Path::to_path_buf)),
        Place::Server { .. } if password.is_some() => (dsn.trim().to_owned(), here),
        Place::Server { .. } => (parsed.to_string(), here),
    };
    let source = SourceSpec::new(KIND.id, Vec::new()).with(DSN, dsn).with(SQL, sql);
    Ok(source.with(FOLDER, Locator::File(folder).to_text()))
}

/// The same with a column by which reading continues after an interruption.
#[must_use]
pub fn with_key(source: SourceSpec, column: &str) -> SourceSpec {
    source.with(KEY, column)
}

/// The same with a column whose greatest value of earlier jobs is `:last`.
#[must_use]
pub fn with_since(source: SourceSpec, column: &str) -> SourceSpec {
    source.with(SINCE, column)
}

/// The database's name in a source, which may have a password until `with_dsn` replaces it.
pub fn dsn_text(source: &SourceSpec) -> Option<&str> {
    source.option(DSN).filter(|_| source.kind == KIND.id)
}

/// The same source with another name of its database.
#[must_use]
pub fn with_dsn(source: SourceSpec, dsn: &Dsn) -> SourceSpec {
    source.with(DSN, dsn.to_string())
}

/// The column of `:last`, if a source has one.
pub fn since_column(source: &SourceSpec) -> Option<&str> {
    source.option(SINCE).filter(|_| source.kind == KIND.id)
}

/// How the values of [`since_column`] are ordered.
pub fn since_order(source: &SourceSpec) -> Order {
    match source.option(ORDER) {
        Some(NUMBERS) => Order::Numbers,
        Some(TIMES) => Order::Times,
        Some(UNKNOWN) => Order::Unknown,
        _ => Order::Values,
    }
}

/// Whether a column of this name may be the item of a query.
pub fn may_be_item(name: &str, lists: &ListSpec) -> bool {
    let mut names = ITEM_COLUMNS.into_iter().chain(lists.url_column.as_deref());
    names.any(|item| item.eq_ignore_ascii_case(name))
}

/// Whether two sources read the same query, so that one continues after the other.
pub fn is_same_query(one: &SourceSpec, other: &SourceSpec) -> bool {
    one.kind == KIND.id
        && one.kind == other.kind
        && [DSN, SQL, SINCE].iter().all(|name| one.option(name) == other.option(name))
}

fn dsn_of(text: &str) -> Option<Dsn> {
    db::parse_dsn(text).ok().map(|(dsn, _)| dsn)
}

/// A query that can be sent.
struct Query {
    dsn: Dsn,
    dialect: &'static Dialect,
    statement: Statement,
    key: Option<String>,
    last: Value,
    is_utc: bool,
    folder: PathBuf,
}

impl Query {
    fn of(source: &SourceSpec, databases: &dyn Databases) -> Result<Self, JobError> {
        const NO_DSN: Message = Message::new("query_no_database");
        let dsn = dsn_text(source).and_then(dsn_of).ok_or(JobError::Refused(NO_DSN))?;
        let dialect = db::database_of(&dsn).dialect();
        let sql = source.option(SQL).unwrap_or_default();
        let statement = Statement::parse(sql, dialect).map_err(|error| databases.error(&dsn, &error))?;
        let folder = source.option(FOLDER).map(Locator::parse);
        let folder = folder.as_ref().and_then(Locator::path).map(Path::to_path_buf).unwrap_or_default();
        Ok(Self {
            statement,
            dialect,
            key: source.option(KEY).map(str::to_owned),
            last: source.option(LAST).and_then(value_from_text).unwrap_or(Value::Null),
            is_utc: source.option(IS_UTC).is_some(),
            folder,
            dsn,
        })
    }

    /// Refuses parameters without a value.
    fn check_parameters(&self, since: Option<&str>) -> Result<(), Message> {
        let names = self.statement.names();
        if let Some(other) = names.iter().find(|name| *name != LAST_PARAMETER) {
            return Err(Message::new("query_parameter").with("name", other));
        }
        match (names.is_empty(), since) {
            (false, None) => Err(Message::new("query_last_alone")),
            (true, Some(column)) => Err(Message::new("query_since_alone").with("column", column)),
            _ => Ok(()),
        }
    }

    /// The user's statement.
    fn plain(&self) -> String {
        self.statement.render(self.dialect)
    }

    /// The user's statement around which `after` filters and orders.
    fn wrapped(&self, after: &str) -> String {
        // On lines of their own: the statement may end with a comment.
        format!("SELECT * FROM (\n{}\n) AS pixloom_rows {after}", self.plain())
    }

    fn key_name(&self, key: &str) -> String {
        format!("pixloom_rows.{}", self.dialect.quoted(key))
    }

    /// The rows with a key in its order, those from a value on if there is one.
    fn by_key(&self, key: &str, has_start: bool) -> String {
        let key = self.key_name(key);
        let condition = if has_start {
            format!("{key} >= {}", self.dialect.placeholder(self.statement.names().len() + 1))
        } else {
            format!("{key} IS NOT NULL")
        };
        self.wrapped(&format!("WHERE {condition} ORDER BY {key}"))
    }

    /// The rows without a key.
    fn without_key(&self, key: &str) -> String {
        self.wrapped(&format!("WHERE {} IS NULL", self.key_name(key)))
    }

    /// The values of the statement's parameters, and then that of a key.
    fn values(&self, start: Option<&Value>) -> Vec<Value> {
        let own = vec![self.last.clone(); self.statement.names().len()];
        let mut values = self.statement.bound(&own, self.dialect);
        values.extend(start.map(value::at_or_below));
        values
    }
}

/// Which columns of a result are the item and the key.
fn item_column(names: &[String], lists: &ListSpec) -> Result<usize, Message> {
    if let Some(wanted) = &lists.url_column {
        return found(names, wanted, "--url-column");
    }
    Ok(ITEM_COLUMNS.iter().find_map(|name| find(names, name)).unwrap_or(0))
}

/// Whether a column of this name is the item.
fn is_item_column(name: &str) -> bool {
    ITEM_COLUMNS.iter().any(|known| name.trim().eq_ignore_ascii_case(known))
}

/// Whether a column of this name holds links only.
fn is_link_column(name: &str) -> bool {
    name.trim().eq_ignore_ascii_case(columns::URL)
}

fn found(names: &[String], wanted: &str, option: &str) -> Result<usize, Message> {
    find(names, wanted).ok_or_else(|| columns::missing_in_query(names, wanted, option))
}

/// Checks a query with its database before anything else starts: the statement, its parameters and its columns. Returns its
/// columns, and the source with what is to be stored of them.
pub fn check_query(
    source: &SourceSpec,
    lists: &ListSpec,
    databases: &dyn Databases,
) -> Result<(Header, SourceSpec), JobError> {
    let query = Query::of(source, databases)?;
    query.check_parameters(since_column(source)).map_err(JobError::Refused)?;
    let pool = databases.pool(&query.dsn, false)?;
    let failed = |error| databases.error(&query.dsn, &error);
    let described: Result<Vec<Column>, DbError> = databases.runtime().block_on(async {
        let mut connection = pool.get().await?;
        let (columns, _) = connection.describe(&query.plain()).await?;
        if let Some(key) = &query.key {
            let names = names_of(&columns);
            // A missing key is refused below.
            if let Some(key) = find(&names, key).and_then(|at| names.get(at)) {
                connection.describe(&query.by_key(key, true)).await?;
            }
        }
        Ok(columns)
    });
    let columns = match described {
        // Some databases refuse a statement that changes something as soon as it is described.
        Err(error) if error.kind == DbErrorKind::ReadOnly => Vec::new(),
        described => described.map_err(failed)?,
    };
    let names = names_of(&columns);
    if names.is_empty() {
        return Err(JobError::Refused(Message::new("query_no_columns").with("database", query.dsn.label())));
    }
    let item = item_column(&names, lists).map_err(JobError::Refused)?;
    if let Some(column) = columns.get(item).filter(|_| lists.url_column.is_none() && !is_item_column(&names[item]))
        && matches!(column.kind, Kind::Int | Kind::Float | Kind::Decimal | Kind::Bool | Kind::Time)
    {
        let message = Message::new("query_item_column").with("column", &column.name).with("type", &column.type_name);
        return Err(JobError::Refused(message));
    }
    let named = |wanted: &Option<String>, option| match wanted {
        Some(wanted) => found(&names, wanted, option).map(Some),
        None => Ok(None),
    };
    let key = named(&query.key, "--key").map_err(JobError::Refused)?;
    named(&lists.checksum_column, "--checksum-column").map_err(JobError::Refused)?;
    let since = named(&since_column(source).map(str::to_owned), "--since").map_err(JobError::Refused)?;
    if since == Some(item) {
        let column = since_column(source).unwrap_or_default();
        return Err(JobError::Refused(Message::new("query_since_item").with("column", column)));
    }
    let column = |at: Option<usize>| at.and_then(|at| columns.get(at));
    let is_server = matches!(query.dsn.place, Place::Server { .. });
    let order = column(since).and_then(|column| match column.kind {
        Kind::Int | Kind::Float | Kind::Decimal | Kind::Bool => Some(NUMBERS),
        // The values of a file have types of their own.
        _ if !is_server => None,
        Kind::Text => None,
        Kind::Time => Some(TIMES),
        Kind::Bytes | Kind::Json | Kind::Other => Some(UNKNOWN),
    });
    let mut source = source.clone();
    if let Some(order) = order {
        source = source.with(ORDER, order);
    }
    if [column(key), column(since)].into_iter().flatten().any(|column| column.type_name == ZONELESS) {
        source = source.with(IS_UTC, "true");
    }
    if names.get(item).is_some_and(|name| is_link_column(name)) {
        source = source.with(ONLY_LINKS, "true");
    }
    let other = names.iter().enumerate().filter(|(at, _)| *at != item).map(|(_, name)| name.clone());
    Ok((Header { columns: other.collect(), is_complete: true }, source))
}

/// The columns of a query and their kinds; none of another source.
pub fn column_kinds(source: &SourceSpec, databases: &dyn Databases) -> Result<Vec<(String, Kind)>, JobError> {
    if source.kind != KIND.id {
        return Ok(Vec::new());
    }
    let query = Query::of(source, databases)?;
    let pool = databases.pool(&query.dsn, false)?;
    let described = databases.runtime().block_on(async { pool.get().await?.describe(&query.plain()).await });
    let (columns, _) = described.map_err(|error| databases.error(&query.dsn, &error))?;
    Ok(columns.into_iter().map(|column| (column.name, column.kind)).collect())
}

/// The database of a query and its statement there; `None` of another source, and of a wrong statement.
pub fn statement_of(source: &SourceSpec) -> Option<(Dsn, String)> {
    let dsn = dsn_text(source).and_then(dsn_of)?;
    let dialect = db::database_of(&dsn).dialect();
    let statement = Statement::parse(source.option(SQL)?, dialect).ok()?;
    Some((dsn, statement.render(dialect)))
}

fn names_of(columns: &[Column]) -> Vec<String> {
    columns.iter().map(|column| column.name.clone()).collect()
}

fn read(source: &SourceSpec, reading: &Reading<'_>, give: Give<'_>) -> ControlFlow<()> {
    const NO_DATABASES: Message = Message::new("query_no_database");
    let Some(databases) = reading.databases else {
        return give(Found::Failed(JobError::Machine(NO_DATABASES)));
    };
    match Query::of(source, databases) {
        Ok(query) => rows::read(&query, source.option(POSITION), databases, reading, give),
        Err(error) => give(Found::Failed(error)),
    }
}
