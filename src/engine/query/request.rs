//! A request for a query job, checked against the live database before anything starts.

use std::path::{Path, PathBuf};

use super::plan::session_of;
use super::{parts, table};
use crate::db::{self, Column, DbError, DbErrorKind, Dialect, Dsn, Statement};
use crate::engine::databases::{Databases, job_error, read_dsn};
use crate::error::JobError;
use crate::fetch::Secrets;
use crate::model::{
    ConflictPolicy, Durability, JobSpec, Limits, ListSpec, Message, Output, QueryResult, QuerySpec, RowsFormat,
    SinkSpec, SourceSpec, Tree, Work, spelling,
};
use crate::source::{self, Columns, Header};
use crate::store;

/// Most parts of a statement.
const MOST_PARTS: usize = 100_000;

/// What a front end asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryRequest {
    /// The database, as a person writes it.
    pub database: String,
    /// The statement.
    pub sql: String,
    /// A list: the statement runs once for each row.
    pub list: Option<SourceSpec>,
    /// The list's encoding, if it is not detected.
    pub encoding: Option<String>,
    /// A column by whose ranges the statement is divided, and the number of parts.
    pub split: Option<(String, usize)>,
    /// Whether the statement may change the database.
    pub may_write: bool,
    /// Statements that run at once.
    pub connections: usize,
    /// Time limit of a statement in seconds.
    pub timeout_s: Option<u64>,
    /// Further attempts after a failure that may be temporary.
    pub retries: u32,
    /// Items that may fail.
    pub max_failures: Option<u64>,
    /// Where results go.
    pub target: QueryTarget,
    /// What happens if a file exists.
    pub on_conflict: ConflictPolicy,
    /// How files are synced.
    pub durability: Durability,
}

/// Where results go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryTarget {
    /// To standard output.
    Stdout {
        /// The format.
        format: RowsFormat,
    },
    /// To one file.
    File {
        /// The file.
        path: PathBuf,
        /// The format.
        format: RowsFormat,
    },
    /// To a file for each statement.
    Files {
        /// The folder.
        dir: PathBuf,
        /// The name template.
        name: String,
        /// The format.
        format: RowsFormat,
    },
    /// Into a table.
    Table {
        /// Its database; `None` is that of the statement.
        database: Option<String>,
        /// The table.
        table: String,
        /// The columns that identify a row.
        keys: Vec<String>,
    },
}

fn refused(message: Message) -> JobError {
    JobError::Refused(message)
}

/// The job that was asked for. Connects to the database and lets it describe the statement, without running it. Results
/// that are kept for a while go to a folder beside the catalog.
pub(crate) async fn query_job(
    request: QueryRequest,
    databases: &Databases,
    secrets: &Secrets,
    catalog_path: &Path,
) -> Result<JobSpec, JobError> {
    let dsn = read_dsn(secrets, &request.database)?;
    let dialect = db::database_of(&dsn).dialect();
    let mut query = QuerySpec {
        database: dsn.to_string(),
        sql: request.sql.clone(),
        split: None,
        parts: None,
        may_write: request.may_write,
        has_rows: true,
        connections: request.connections,
        timeout_s: request.timeout_s,
        retries: request.retries,
        result: QueryResult::None,
    };
    let failed = |error: DbError| job_error(&dsn, &error);
    let statement = Statement::parse(&request.sql, dialect).map_err(failed)?;
    check_parameters(&request, &statement)?;
    let pool = databases.pool(&dsn, session_of(&query), request.connections)?;
    let described = match pool.get().await {
        Ok(mut connection) => connection.describe(&statement.render(dialect)).await.map(|(columns, _)| columns),
        Err(error) => Err(error),
    };
    let columns = match described {
        // Some databases refuse such a statement as soon as it is described.
        Err(error) if error.kind == DbErrorKind::ReadOnly && !request.may_write => {
            return Err(refused(Message::new("query_writes")));
        }
        described => described.map_err(failed)?,
    };
    query.has_rows = !columns.is_empty();
    if columns.is_empty() && !request.may_write {
        return Err(refused(Message::new("query_changes")));
    }
    let source = match (&request.list, &request.split) {
        (Some(list), _) => list.clone(),
        (None, Some((column, count))) => {
            let (column, bounds) = split(&statement, &columns, (column, *count), &pool, dialect).await?;
            (query.split, query.parts) = (Some(column.clone()), Some(*count));
            source::statement_parts(&column, &bounds)
        }
        (None, None) => source::whole_statement(),
    };
    let kept_beside = kept_folder(catalog_path);
    let (result, dir, name) = match &request.target {
        QueryTarget::Stdout { .. } if columns.is_empty() => (QueryResult::None, kept_beside, None),
        _ if columns.is_empty() => return Err(refused(Message::new("query_no_rows"))),
        QueryTarget::Stdout { format } => (QueryResult::Stdout { format: *format }, kept_beside, None),
        QueryTarget::File { path, format } => {
            let path = checked_file(path, &request, &dsn)?;
            let dir = parts_folder(&path)?;
            (QueryResult::File { path, format: *format, on_conflict: request.on_conflict, written: None }, dir, None)
        }
        QueryTarget::Files { dir, name, format } => {
            let dir = store::of_path(dir).absolute(dir).map_err(|error| JobError::path(dir, &error))?;
            (QueryResult::Files { format: *format }, dir, Some(name.clone()))
        }
        QueryTarget::Table { database, table, keys } => {
            let into = database.as_ref().map_or_else(|| Ok(dsn.clone()), |database| read_dsn(secrets, database))?;
            let keys = table::prepare(&into, table, keys, &columns, (request.connections, databases)).await?;
            let result = QueryResult::Table { database: into.to_string(), table: table.clone(), keys };
            (result, kept_beside, None)
        }
    };
    query.result = result;
    let sink = SinkSpec {
        dir: Some(dir),
        name: name.unwrap_or_else(|| "{index:08}".to_owned()),
        tree: Tree::Flat,
        on_conflict: if query.keeps_parts() { ConflictPolicy::Overwrite } else { request.on_conflict },
        durability: request.durability,
        ..SinkSpec::default()
    };
    let spec = JobSpec {
        work: Work::Query,
        sources: vec![source],
        lists: ListSpec { encoding: request.encoding, takes_rows: true, ..ListSpec::default() },
        outputs: vec![Output { sink, ..Output::default() }],
        limits: Limits { max_failures: request.max_failures, ..Limits::default() },
        query: Some(query),
        ..JobSpec::default()
    };
    crate::engine::check_spec(&spec)?;
    Ok(spec)
}

/// Turns a request that was copied from one job into one for a new job: with a folder of its own for the rows of statements,
/// and without a written file.
pub(crate) fn renew(spec: &mut JobSpec, catalog_path: &Path) -> Result<(), JobError> {
    let Some(query) = &mut spec.query else { return Ok(()) };
    let dir = match &mut query.result {
        QueryResult::Files { .. } => return Ok(()),
        QueryResult::Stdout { .. } => return Err(refused(Message::new("query_again_stdout"))),
        QueryResult::None | QueryResult::Table { .. } => kept_folder(catalog_path),
        QueryResult::File { path, on_conflict, written, .. } => {
            *written = None;
            let is_kept = matches!(on_conflict, ConflictPolicy::Fail | ConflictPolicy::Skip);
            if is_kept && store::of_path(path).is_taken(path) {
                return Err(refused(Message::new("query_out_exists").with("path", path.display())));
            }
            parts_folder(path)?
        }
    };
    spec.outputs.iter_mut().for_each(|output| output.sink.dir = Some(dir.clone()));
    Ok(())
}

/// Parameters are filled from the columns of a list.
fn check_parameters(request: &QueryRequest, statement: &Statement) -> Result<(), JobError> {
    let names = statement.names();
    let Some(list) = &request.list else {
        return match names.first() {
            Some(name) => Err(refused(Message::new("query_parameter_no_list").with("name", name))),
            None => Ok(()),
        };
    };
    if names.is_empty() {
        return Err(refused(Message::new("query_no_parameter").with("list", source::label(list))));
    }
    let lists = ListSpec { encoding: request.encoding.clone(), takes_rows: true, ..ListSpec::default() };
    // Others are known once they are read.
    let Columns::File { header: Some(header), .. } = source::columns(list, &lists) else { return Ok(()) };
    let header = if header.columns.is_empty() {
        Header { columns: vec![source::VALUE.to_owned()], is_complete: true }
    } else {
        header
    };
    let Some(name) = names.iter().find(|name| !header.may_have(name)) else { return Ok(()) };
    let columns = header.columns.join(", ");
    let message = match spelling::nearest(name, header.columns.iter().map(String::as_str)) {
        Some(near) => Message::new("query_parameter_near").with("near", near),
        None => Message::new("query_parameter_unknown"),
    };
    Err(refused(message.with("name", name).with("columns", columns).with("list", source::label(list))))
}

/// The column's own name, and the values between the parts.
async fn split(
    statement: &Statement,
    columns: &[Column],
    (column, count): (&str, usize),
    pool: &db::Pool,
    dialect: &Dialect,
) -> Result<(String, Vec<serde_json::Value>), JobError> {
    let names = || columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ");
    let found = table::position(columns, column)
        .and_then(|at| columns.get(at))
        .ok_or_else(|| refused(Message::new("query_split_column").with("column", column).with("columns", names())))?;
    if !parts::can_split(found.kind) {
        let message = Message::new("query_split_kind").with("column", &found.name).with("type", &found.type_name);
        return Err(refused(message));
    }
    if !(1..=MOST_PARTS).contains(&count) {
        return Err(refused(Message::new("query_parts").with("most", MOST_PARTS)));
    }
    let bounds = async {
        let mut connection = pool.get().await?;
        // A statement can be right and still not be usable as a subquery.
        let one = parts::statement(statement, &found.name, (true, true), dialect)?;
        connection.describe(&one.render(dialect)).await?;
        parts::bounds(&mut *connection, statement, (&found.name, found.kind), count, dialect).await
    };
    bounds.await.map(|bounds| (found.name.clone(), bounds)).map_err(|error| job_error(pool.dsn(), &error))
}

/// The absolute path of a file for all results. It is none of the job's inputs.
fn checked_file(path: &Path, request: &QueryRequest, dsn: &Dsn) -> Result<PathBuf, JobError> {
    let store = store::of_path(path);
    let path = store.absolute(path).map_err(|error| JobError::path(path, &error))?;
    let is_same = |other: &Path| {
        let real = |path: &Path| store.resolve(path).unwrap_or_else(|_| path.to_path_buf());
        real(other) == real(&path)
    };
    let list = request.list.iter().filter_map(SourceSpec::first_path);
    let database = match &dsn.place {
        db::Place::File(file) => Some(file.as_path()),
        db::Place::Server { .. } => None,
    };
    if list.chain(database).any(is_same) {
        return Err(refused(Message::new("query_out_is_input").with("path", path.display())));
    }
    if request.on_conflict == ConflictPolicy::Fail && store.is_taken(&path) {
        return Err(refused(Message::new("query_out_exists").with("path", path.display())));
    }
    Ok(path)
}

/// A folder of its own beside a file, for the rows of statements.
fn parts_folder(path: &Path) -> Result<PathBuf, JobError> {
    let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(refused(Message::new("query_out_name").with("path", path.display())));
    };
    let mut own = std::ffi::OsString::from(".");
    own.push(name);
    own.push(format!(".pixloom-{:016x}", rand::random::<u64>()));
    Ok(dir.join(own))
}

/// A folder of its own beside the catalog.
fn kept_folder(catalog_path: &Path) -> PathBuf {
    let beside = catalog_path.parent().unwrap_or(Path::new("."));
    beside.join("queries").join(format!("{:016x}", rand::random::<u64>()))
}
