//! Answers to questions about databases. The latest question wins: an older one is dropped in the middle of a statement.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, TryRecvError};

use super::result;
use super::row_texts::{columns_of_result, shown};
use crate::catalog::CatalogReader;
use crate::db::{self, Connection, DbError, DbErrorKind, Dsn, Session, Statement, TableName, Value};
use crate::engine::api::database::{
    ColumnEntry, DatabaseAnswer, DatabaseContent, DatabaseFault, DatabaseQuestion, DatabaseRequest, DatabaseTables,
    DatabaseView, QueryRows, TableColumns, TableEntry, WriteBackCheck,
};
use crate::engine::api::handle::{DatabaseSlot, Shared};
use crate::engine::databases::{Databases, job_error, read_typed_dsn};
use crate::engine::query::{QueryRequest, query_job};
use crate::error::JobError;
use crate::model::{Message, SourceSpec, WriteBackSpec};
use crate::sink::write_back::{ColumnKinds, Target, create_statement, planned_table};
use crate::source::from_list_argument;
use crate::source::query::statement_of;

/// How often a running question looks for a newer one.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Longest wait for a lock that another session holds.
const LOCK_WAIT: Duration = Duration::from_secs(10);
/// The only parameter of a source's query.
const LAST: &str = "last";

/// Answers the questions of one view.
pub(crate) struct DatabaseWorker {
    shared: Arc<Shared>,
    view: DatabaseView,
    databases: Arc<Databases>,
    reader: Box<dyn CatalogReader>,
    /// Results that are kept for a while go to a folder beside it.
    catalog_path: PathBuf,
    /// The connection of the last question, and the database that it is to.
    open: Option<(String, Box<dyn Connection>)>,
}

impl DatabaseWorker {
    pub(crate) fn new(
        shared: Arc<Shared>,
        view: DatabaseView,
        databases: Arc<Databases>,
        reader: Box<dyn CatalogReader>,
        catalog_path: PathBuf,
    ) -> Self {
        Self { shared, view, databases, reader, catalog_path, open: None }
    }

    /// Runs until `stop` is closed.
    pub(crate) fn run(mut self, stop: &Receiver<()>) {
        let shared = Arc::clone(&self.shared);
        let slot = shared.database(self.view);
        let bell = slot.wanted.bell().clone();
        let runtime = self.databases.runtime().clone();
        loop {
            crossbeam_channel::select! {
                recv(bell) -> _ => {},
                recv(stop) -> _ => return,
            }
            let Some(wanted) = slot.wanted.take() else { continue };
            let Some(request) = wanted else {
                // Nobody looks any more: the connection is given up as well.
                self.open = None;
                slot.answer.store(None);
                shared.wake();
                continue;
            };
            self.show(slot, &request, DatabaseContent::Nothing, true);
            let content = runtime.block_on(async {
                tokio::select! {
                    biased;
                    () = newer(&bell, stop) => None,
                    content = self.answer(slot, &request) => Some(content),
                }
            });
            match content {
                Some(Ok(content)) => self.show(slot, &request, content, false),
                Some(Err(fault)) => self.show(slot, &request, DatabaseContent::Failed(*fault), false),
                // What is asked next finds a connection that works.
                None => self.open = None,
            }
        }
    }

    fn show(&self, slot: &DatabaseSlot, request: &DatabaseRequest, content: DatabaseContent, is_pending: bool) {
        slot.answer.store(Some(Arc::new(DatabaseAnswer { request: request.clone(), content, is_pending })));
        self.shared.wake();
    }

    /// The kinds of the columns that the current job's queries of a database give.
    async fn kinds_of_queries(&self, dsn: &Dsn, connection: &mut dyn Connection) -> ColumnKinds {
        let job = self.shared.snapshot.load().current.as_ref().map(|job| job.id);
        let sources = job.and_then(|job| self.reader.sources(job).ok()).unwrap_or_default();
        let mut kinds = ColumnKinds::new();
        for (_, sql) in sources.iter().filter_map(|source| statement_of(&source.spec)).filter(|(of, _)| of == dsn) {
            // A wrong statement is reported where it was added.
            let (columns, _) = connection.describe(&sql).await.unwrap_or_default();
            kinds.extend(columns.into_iter().map(|column| (column.name, column.kind)));
        }
        kinds
    }

    async fn answer(
        &mut self,
        slot: &DatabaseSlot,
        request: &DatabaseRequest,
    ) -> Result<DatabaseContent, Box<DatabaseFault>> {
        if let DatabaseQuestion::Result { job, .. } = &request.question {
            let rows = result::rows(*job, self.reader.as_ref(), &self.databases).await.map_err(of_database)?;
            return Ok(DatabaseContent::Rows(rows));
        }
        let dsn = read_typed_dsn(&request.dsn).map_err(of_database)?;
        let (name, mut connection) = match self.open.take() {
            Some((name, connection)) if name == request.dsn && request.password.is_none() && connection.is_usable() => {
                (name, connection)
            }
            _ => (request.dsn.clone(), self.connect(&dsn, request).await?),
        };
        let (shared, fault) = (&self.shared, |error: DbError, sql: &str| fault_of(&dsn, &error, sql));
        let content = match &request.question {
            DatabaseQuestion::Tables => {
                let tables = connection.tables().await.map_err(|error| fault(error, ""))?;
                DatabaseContent::Tables(found(&dsn, &tables))
            }
            DatabaseQuestion::Rows { sql } => {
                let parsed = parsed(&dsn, sql)?;
                let rows = first_rows(connection.as_mut(), &dsn, &parsed).await.map_err(|error| fault(error, sql))?;
                let mut rows = QueryRows { total: (!rows.has_more).then_some(rows.rows.len() as u64), ..rows };
                if rows.has_more {
                    let content = DatabaseContent::Rows(rows.clone());
                    let answer = DatabaseAnswer { request: request.clone(), content, is_pending: true };
                    slot.answer.store(Some(Arc::new(answer)));
                    shared.wake();
                    if !connection.is_usable() {
                        connection = self.connect(&dsn, request).await?;
                    }
                    rows.total = count(connection.as_mut(), &dsn, &parsed).await;
                }
                DatabaseContent::Rows(rows)
            }
            DatabaseQuestion::WriteBack(spec) => {
                let name = TableName { schema: spec.schema.clone(), table: spec.table.clone() };
                let table = connection.table(&name).await.map_err(|error| fault(error, ""))?;
                let missing = || {
                    let message = Message::new("wb_table_gone").with("table", &name);
                    Box::new(DatabaseFault { error: JobError::Refused(message), is_of_statement: true, position: None })
                };
                match table {
                    None if spec.creates_table => {
                        let kinds = self.kinds_of_queries(&dsn, connection.as_mut()).await;
                        DatabaseContent::WriteBack(planned(&dsn, spec, &kinds))
                    }
                    table => DatabaseContent::WriteBack(checked(&dsn, spec, &table.ok_or_else(missing)?)),
                }
            }
            DatabaseQuestion::Job { request: asked, list } => {
                let list = list.as_deref().map(list_named).transpose().map_err(of_request)?;
                let request = QueryRequest { database: request.dsn.clone(), list, ..(**asked).clone() };
                let job = query_job(request, &self.databases, self.databases.secrets(), &self.catalog_path);
                DatabaseContent::Job(Box::new(job.await.map_err(of_request)?))
            }
            DatabaseQuestion::Result { .. } => DatabaseContent::Nothing,
        };
        self.open = Some((name, connection));
        Ok(content)
    }

    async fn connect(&self, dsn: &Dsn, request: &DatabaseRequest) -> Result<Box<dyn Connection>, Box<DatabaseFault>> {
        if let Some((name, password)) = &request.password {
            self.databases.keep_password(name, password).map_err(of_database)?;
        }
        let session = Session { is_read_only: true, lock_timeout: Some(LOCK_WAIT), ..Session::default() };
        self.databases.connect(dsn, session).await.map_err(of_database)
    }
}

/// Returns once a newer question was asked or the engine stops.
async fn newer(bell: &Receiver<()>, stop: &Receiver<()>) {
    while bell.is_empty() && stop.try_recv() != Err(TryRecvError::Disconnected) {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn of_database(error: JobError) -> Box<DatabaseFault> {
    Box::new(DatabaseFault { error, is_of_statement: false, position: None })
}

/// The list that a person has named.
fn list_named(text: &str) -> Result<SourceSpec, JobError> {
    let source = from_list_argument(text.as_ref()).map_err(JobError::Refused)?;
    source.ok_or_else(|| JobError::Refused(Message::new("not_a_list").with("list", text)))
}

/// A request that is refused is wrong; otherwise the database is to blame.
fn of_request(error: JobError) -> Box<DatabaseFault> {
    let is_of_statement = matches!(error, JobError::Refused(_));
    Box::new(DatabaseFault { error, is_of_statement, position: None })
}

fn fault_of(dsn: &Dsn, error: &DbError, sql: &str) -> Box<DatabaseFault> {
    use DbErrorKind as K;
    let is_of_database = error.is_outage() || matches!(error.kind, K::Login | K::Tls | K::MissingDatabase);
    let position = error.position.map(|position| line_and_column(sql, position as usize));
    Box::new(DatabaseFault { error: job_error(dsn, error), is_of_statement: !is_of_database, position })
}

/// The line and column of a character, all counted from 1.
fn line_and_column(sql: &str, position: usize) -> (usize, usize) {
    let before: Vec<char> = sql.chars().take(position.saturating_sub(1)).collect();
    let line = before.iter().filter(|c| **c == '\n').count() + 1;
    let column = before.iter().rev().take_while(|c| **c != '\n').count() + 1;
    (line, column)
}

/// The query, whose only parameter may be `:last`.
fn parsed(dsn: &Dsn, sql: &str) -> Result<Statement, Box<DatabaseFault>> {
    let statement =
        Statement::parse(sql, db::database_of(dsn).dialect()).map_err(|error| fault_of(dsn, &error, sql))?;
    match statement.names().iter().find(|name| *name != LAST) {
        None => Ok(statement),
        Some(name) => {
            let error = JobError::Refused(Message::new("db_page_parameter").with("name", name));
            Err(Box::new(DatabaseFault { error, is_of_statement: true, position: None }))
        }
    }
}

fn bound(dsn: &Dsn, statement: &Statement) -> (String, Vec<Value>) {
    let dialect = db::database_of(dsn).dialect();
    let values = vec![Value::Null; statement.names().len()];
    (statement.render(dialect), statement.bound(&values, dialect))
}

async fn first_rows(connection: &mut dyn Connection, dsn: &Dsn, statement: &Statement) -> Result<QueryRows, DbError> {
    let (sql, values) = bound(dsn, statement);
    let mut result = connection.query(&sql, &values).await?;
    let columns = columns_of_result(result.columns());
    let mut rows: Vec<Vec<Option<String>>> = Vec::new();
    while rows.len() <= QueryRows::MOST {
        let more = result.next_rows(QueryRows::MOST + 1 - rows.len()).await?;
        if more.is_empty() {
            break;
        }
        rows.extend(more.iter().map(|row| row.iter().map(shown).collect()));
    }
    let has_more = rows.len() > QueryRows::MOST;
    rows.truncate(QueryRows::MOST);
    Ok(QueryRows { columns, rows: rows.into(), has_more, total: None })
}

/// The number of rows; `None` if the database can't count them this way.
async fn count(connection: &mut dyn Connection, dsn: &Dsn, statement: &Statement) -> Option<u64> {
    let (sql, values) = bound(dsn, statement);
    let sql = format!("SELECT count(*) FROM ({sql}\n) AS pixloom_rows");
    let mut result = connection.query(&sql, &values).await.ok()?;
    match result.next_rows(1).await.ok()?.first()?.first()? {
        Value::Int(count) => u64::try_from(*count).ok(),
        other => other.to_text()?.parse().ok(),
    }
}

fn found(dsn: &Dsn, tables: &[TableName]) -> DatabaseTables {
    let database = db::database_of(dsn);
    let entry = |table: &TableName| TableEntry {
        name: table.to_string(),
        quoted: table.quoted(database.dialect()),
        schema: table.schema.clone(),
        table: table.table.clone(),
    };
    DatabaseTables {
        kind: database.name(),
        label: dsn.label(),
        user: dsn.user.clone(),
        tables: tables.iter().map(entry).collect(),
    }
}

/// Checks a request against its table, as a job does before its first item.
fn checked(dsn: &Dsn, spec: &WriteBackSpec, table: &db::Table) -> WriteBackCheck {
    let database = db::database_of(dsn);
    let statement = if spec.keys.is_empty() || spec.columns.is_empty() {
        Err(Message::new("wb_incomplete"))
    } else {
        Target::new(spec, table, database.dialect()).map(|target| database.write_statement(&target.whole))
    };
    WriteBackCheck { table: Arc::new(columns_of(table)), statement }
}

/// Checks a request whose table is created when its job starts.
fn planned(dsn: &Dsn, spec: &WriteBackSpec, kinds: &ColumnKinds) -> WriteBackCheck {
    let database = db::database_of(dsn);
    let table = planned_table(spec, kinds, database);
    let check = checked(dsn, spec, &table);
    let mut names: Vec<String> = spec.keys.iter().chain(&spec.columns).map(|pair| pair.column.to_lowercase()).collect();
    names.sort_unstable();
    let twice = names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0].clone());
    let statement = match (twice, check.statement) {
        (Some(column), _) => Err(Message::new("wb_twice").with("column", column)),
        (None, Ok(write)) => Ok(format!("{};\n{write}", create_statement(spec, kinds, database))),
        (None, wrong) => wrong,
    };
    WriteBackCheck { statement, ..check }
}

fn columns_of(table: &db::Table) -> TableColumns {
    let columns = table.columns.iter().map(|column| ColumnEntry {
        name: column.name.clone(),
        type_name: column.type_name.clone(),
        is_writable: !column.is_generated,
    });
    TableColumns { columns: columns.collect(), unique_keys: table.unique_keys.clone() }
}
