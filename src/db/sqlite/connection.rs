//! Connections to SQLite files: each has a thread of its own, because SQLite's calls block.
#![expect(clippy::disallowed_types, reason = "connections to SQLite belong here")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{InterruptHandle, OpenFlags, TransactionBehavior, params_from_iter};
use tokio::sync::{mpsc, oneshot};

use super::errors::error_of;
use super::values::{Bound, kind_of, value_of};
use super::{DIALECT, tables};
use crate::db::connection::Answer;
use crate::db::{
    Column, Connection, DbError, DbErrorKind, Dsn, Place, Row, Rows, Session, Table, TableName, Value, WriteMode,
    WritePlan, WriteRow, Written,
};

/// Longest wait for a lock that another program holds, unless the session says otherwise.
const LOCK_WAIT: Duration = Duration::from_secs(5);
/// Rows that are read ahead, and batches of them.
const PAGE_ROWS: usize = 512;
const PAGES_AHEAD: usize = 2;
/// Bytes after which a batch is complete.
const PAGE_BYTES: usize = 1 << 20;
/// Virtual machine steps between checks of the time limit.
const STEPS_PER_CHECK: i32 = 10_000;

/// Pragmas that only look something up, and those that do without a value.
const LOOK_UPS: [&str; 16] = [
    "table_info",
    "table_xinfo",
    "table_list",
    "index_list",
    "index_info",
    "index_xinfo",
    "foreign_key_list",
    "foreign_key_check",
    "integrity_check",
    "quick_check",
    "collation_list",
    "database_list",
    "function_list",
    "module_list",
    "pragma_list",
    "compile_options",
];
const SETTINGS: [&str; 14] = [
    "application_id",
    "auto_vacuum",
    "cache_size",
    "data_version",
    "encoding",
    "foreign_keys",
    "freelist_count",
    "journal_mode",
    "page_count",
    "page_size",
    "query_only",
    "schema_version",
    "synchronous",
    "user_version",
];

type Task = Box<dyn FnOnce(&mut rusqlite::Connection) + Send>;

/// A connection: its thread ends when this is dropped.
struct SqliteConnection {
    task_tx: Sender<Task>,
    interrupt: InterruptHandle,
    limit: Arc<Limit>,
    was_cancelled: Arc<AtomicBool>,
    is_read_only: bool,
}

/// When the running statement must end.
#[derive(Default)]
struct Limit {
    most: Option<Duration>,
    until: std::sync::Mutex<Option<Instant>>,
}

impl Limit {
    fn begin(&self) {
        *self.until.lock().unwrap_or_else(std::sync::PoisonError::into_inner) =
            self.most.map(|most| Instant::now() + most);
    }

    fn is_over(&self) -> bool {
        let until = *self.until.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() >= until)
    }
}

/// Interrupts a statement whose caller does not wait for it any more.
struct Interrupting<'a> {
    connection: &'a SqliteConnection,
    is_done: bool,
}

impl Drop for Interrupting<'_> {
    fn drop(&mut self) {
        if !self.is_done {
            self.connection.was_cancelled.store(true, Ordering::Release);
            self.connection.interrupt.interrupt();
        }
    }
}

/// Opens the file; a missing one is not created.
pub(super) async fn connect(dsn: &Dsn, session: Session) -> Result<Box<dyn Connection>, DbError> {
    let Place::File(path) = dsn.place.clone() else {
        return Err(DbError::own(DbErrorKind::Other, "db_no_file"));
    };
    let (task_tx, task_rx) = bounded::<Task>(1);
    let (opened_tx, opened_rx) = oneshot::channel();
    let limit = Arc::new(Limit { most: session.statement_timeout, until: std::sync::Mutex::default() });
    let checked = Arc::clone(&limit);
    let is_read_only = session.is_read_only;
    let body = move || serve(&path, session, checked, opened_tx, &task_rx);
    std::thread::Builder::new()
        .name("pixloom-sqlite".to_owned())
        .spawn(body)
        .map_err(|error| DbError::new(DbErrorKind::Other, error))?;
    let interrupt = opened_rx.await.map_err(|_| gone())??;
    Ok(Box::new(SqliteConnection { task_tx, interrupt, limit, was_cancelled: Arc::default(), is_read_only }))
}

fn gone() -> DbError {
    DbError::own(DbErrorKind::ConnectionLost, "db_closed")
}

fn serve(
    path: &Path,
    session: Session,
    limit: Arc<Limit>,
    opened_tx: oneshot::Sender<Result<InterruptHandle, DbError>>,
    task_rx: &Receiver<Task>,
) {
    match open(path, session, limit) {
        Ok(mut connection) => {
            if opened_tx.send(Ok(connection.get_interrupt_handle())).is_err() {
                return;
            }
            for task in task_rx {
                task(&mut connection);
            }
        }
        Err(error) => {
            let _ = opened_tx.send(Err(error_of(&error)));
        }
    }
}

fn open(path: &Path, session: Session, limit: Arc<Limit>) -> rusqlite::Result<rusqlite::Connection> {
    // Without the URI flag, `?` and `%` in a path have no special meaning. Read-only sessions need write access to a WAL.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = rusqlite::Connection::open_with_flags(path, flags).or_else(|error| {
        let read_only = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if session.is_read_only { rusqlite::Connection::open_with_flags(path, read_only) } else { Err(error) }
    })?;
    connection.busy_timeout(session.lock_timeout.unwrap_or(LOCK_WAIT))?;
    if session.is_read_only {
        connection.pragma_update(None, "query_only", true)?;
    }
    if session.statement_timeout.is_some() {
        connection.progress_handler(STEPS_PER_CHECK, Some(move || limit.is_over()))?;
    }
    // Fails now if the file is no database.
    connection.query_row("SELECT count(*) FROM sqlite_schema", (), |_| Ok(()))?;
    if session.is_read_only {
        connection.authorizer(Some(|context: AuthContext<'_>| {
            if only_reads(&context.action) { Authorization::Allow } else { Authorization::Deny }
        }))?;
    }
    Ok(connection)
}

/// Whether a statement leaves everything that `query_only` does not protect as it is: the session and the files.
fn only_reads(action: &AuthAction<'_>) -> bool {
    match action {
        AuthAction::Pragma { pragma_name, pragma_value } => {
            let is = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(pragma_name));
            is(&LOOK_UPS) || pragma_value.is_none() && is(&SETTINGS)
        }
        AuthAction::Attach { .. } | AuthAction::Detach { .. } => false,
        _ => true,
    }
}

impl SqliteConnection {
    /// Runs a task on the connection's thread.
    async fn run<T: Send + 'static>(
        &self,
        task: impl FnOnce(&mut rusqlite::Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, DbError> {
        let (answer_tx, answer_rx) = oneshot::channel();
        let limit = Arc::clone(&self.limit);
        let task: Task = Box::new(move |connection| {
            limit.begin();
            let _ = answer_tx.send(task(connection).map_err(|error| error_of(&error)));
        });
        // One call at a time: the queue is empty.
        self.task_tx.try_send(task).map_err(|_| gone())?;
        let mut interrupting = Interrupting { connection: self, is_done: false };
        let answer = answer_rx.await;
        interrupting.is_done = true;
        answer.map_err(|_| gone())?
    }
}

impl Connection for SqliteConnection {
    fn describe<'a>(&'a mut self, sql: &'a str) -> Answer<'a, (Vec<Column>, usize)> {
        let (sql, is_read_only) = (sql.to_owned(), self.is_read_only);
        Box::pin(self.run(move |connection| {
            let statement = connection.prepare(&sql)?;
            if is_read_only && !statement.readonly() {
                let refused = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_READONLY);
                return Err(rusqlite::Error::SqliteFailure(refused, None));
            }
            Ok((columns_of(&statement), statement.parameter_count()))
        }))
    }

    fn query<'a>(&'a mut self, sql: &'a str, values: &'a [Value]) -> Answer<'a, Box<dyn Rows + 'a>> {
        Box::pin(async move {
            let (sql, values) = (sql.to_owned(), values.to_vec());
            let (columns_tx, columns_rx) = oneshot::channel();
            let (page_tx, page_rx) = mpsc::channel(PAGES_AHEAD);
            let limit = Arc::clone(&self.limit);
            let task: Task = Box::new(move |connection| {
                limit.begin();
                read_rows(connection, &sql, &values, columns_tx, &page_tx);
            });
            self.task_tx.try_send(task).map_err(|_| gone())?;
            let mut interrupting = Interrupting { connection: self, is_done: false };
            let columns = columns_rx.await;
            interrupting.is_done = true;
            drop(interrupting);
            let columns = columns.map_err(|_| gone())??;
            let rows: Box<dyn Rows + 'a> = Box::new(SqliteRows {
                connection: self,
                columns,
                page_rx,
                page: Vec::new().into_iter(),
                is_done: false,
            });
            Ok(rows)
        })
    }

    fn execute<'a>(&'a mut self, sql: &'a str, values: &'a [Value]) -> Answer<'a, u64> {
        let (sql, values) = (sql.to_owned(), values.to_vec());
        Box::pin(self.run(move |connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params_from_iter(values.iter().map(Bound)))?;
            while rows.next()?.is_some() {}
            drop(rows);
            let is_change = !statement.readonly();
            drop(statement);
            Ok(if is_change { connection.changes() } else { 0 })
        }))
    }

    fn table<'a>(&'a mut self, name: &'a TableName) -> Answer<'a, Option<Table>> {
        let name = name.clone();
        Box::pin(self.run(move |connection| tables::table(connection, &name)))
    }

    fn tables(&mut self) -> Answer<'_, Vec<TableName>> {
        Box::pin(self.run(|connection| tables::tables(connection)))
    }

    fn write<'a>(&'a mut self, plan: &'a WritePlan, rows: &'a [WriteRow]) -> Answer<'a, Written> {
        let (plan, rows) = (plan.clone(), rows.to_vec());
        Box::pin(self.run(move |connection| write(connection, &plan, &rows)))
    }

    fn is_usable(&self) -> bool {
        !self.was_cancelled.load(Ordering::Acquire)
    }
}

fn columns_of(statement: &rusqlite::Statement<'_>) -> Vec<Column> {
    let columns = statement.columns();
    let column = |column: rusqlite::Column<'_>| Column {
        name: column.name().to_owned(),
        kind: kind_of(column.decl_type()),
        type_name: column.decl_type().unwrap_or_default().to_owned(),
    };
    columns.map(column).collect()
}

/// Sends the columns, then pages of rows until the receiver is gone.
fn read_rows(
    connection: &rusqlite::Connection,
    sql: &str,
    values: &[Value],
    columns_tx: oneshot::Sender<Result<Vec<Column>, DbError>>,
    page_tx: &mpsc::Sender<Result<Vec<Row>, DbError>>,
) {
    let mut statement = match connection.prepare(sql) {
        Ok(statement) => statement,
        Err(error) => return drop(columns_tx.send(Err(error_of(&error)))),
    };
    let columns = columns_of(&statement);
    let count = columns.len();
    let mut rows = match statement.query(params_from_iter(values.iter().map(Bound))) {
        Ok(rows) => rows,
        Err(error) => return drop(columns_tx.send(Err(error_of(&error)))),
    };
    if columns_tx.send(Ok(columns)).is_err() {
        return;
    }
    let (mut page, mut bytes) = (Vec::with_capacity(PAGE_ROWS), 0);
    loop {
        match rows.next() {
            Ok(Some(row)) => {
                let read = (0..count).map(|index| row.get_ref(index).map(value_of));
                match read.collect::<Result<Row, _>>() {
                    Ok(row) => {
                        bytes += row.iter().map(Value::size_bytes).sum::<usize>();
                        page.push(row);
                    }
                    Err(error) => return drop(page_tx.blocking_send(Err(error_of(&error)))),
                }
                if page.len() == PAGE_ROWS || bytes >= PAGE_BYTES {
                    bytes = 0;
                    if page_tx.blocking_send(Ok(std::mem::take(&mut page))).is_err() {
                        return;
                    }
                }
            }
            Ok(None) => {
                if !page.is_empty() {
                    let _ = page_tx.blocking_send(Ok(page));
                }
                return;
            }
            Err(error) => {
                if !page.is_empty() {
                    let _ = page_tx.blocking_send(Ok(page));
                }
                return drop(page_tx.blocking_send(Err(error_of(&error))));
            }
        }
    }
}

struct SqliteRows<'a> {
    connection: &'a SqliteConnection,
    columns: Vec<Column>,
    page_rx: mpsc::Receiver<Result<Vec<Row>, DbError>>,
    page: std::vec::IntoIter<Row>,
    is_done: bool,
}

impl Rows for SqliteRows<'_> {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn next_rows(&mut self, most: usize) -> Answer<'_, Vec<Row>> {
        Box::pin(async move {
            if self.page.len() == 0 && !self.is_done {
                match self.page_rx.recv().await {
                    Some(Ok(page)) => self.page = page.into_iter(),
                    Some(Err(error)) => {
                        self.is_done = true;
                        return Err(error);
                    }
                    None => self.is_done = true,
                }
            }
            Ok(self.page.by_ref().take(most.max(1)).collect())
        })
    }
}

impl Drop for SqliteRows<'_> {
    fn drop(&mut self) {
        self.page_rx.close();
        if !self.is_done {
            self.connection.was_cancelled.store(true, Ordering::Release);
            self.connection.interrupt.interrupt();
        }
    }
}

/// Writes rows; those that have all values already are not touched.
fn write(connection: &mut rusqlite::Connection, plan: &WritePlan, rows: &[WriteRow]) -> rusqlite::Result<Written> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut written = Written::default();
    {
        let mut change = transaction.prepare_cached(&change_statement(plan))?;
        let mut exists = transaction.prepare_cached(&exists_statement(plan))?;
        for row in rows {
            let changed = change.execute(params_from_iter(row.key.iter().chain(&row.values).map(Bound)))?;
            written.changed += u64::from(changed > 0);
            // Only an update that changed nothing says nothing about the key.
            if changed == 0
                && plan.mode == WriteMode::Update
                && !exists.exists(params_from_iter(row.key.iter().map(Bound)))?
            {
                written.missing += 1;
            } else {
                written.matched += 1;
            }
        }
    }
    transaction.commit()?;
    Ok(written)
}

/// The statement of the plan, which leaves out a row that has all values already. Values are compared as parameters, so that
/// they are converted as the column converts them, and by their bytes: `A` replaces `a` where the column ignores case.
fn change_statement(plan: &WritePlan) -> String {
    let differs = plan.columns.iter().enumerate().map(|(i, column)| {
        let name = format!("{}.{}", DIALECT.quoted(&plan.table.table), DIALECT.quoted(&column.name));
        format!("{name} COLLATE BINARY IS NOT {}", DIALECT.placeholder(plan.keys.len() + i + 1))
    });
    let differs = differs.collect::<Vec<_>>().join(" OR ");
    let statement = plan.statement(&DIALECT);
    match plan.mode {
        WriteMode::Update => format!("{statement} AND ({differs})"),
        WriteMode::Upsert => format!("{statement} WHERE {differs}"),
        WriteMode::Insert => statement,
    }
}

/// Whether there is a row with the key.
fn exists_statement(plan: &WritePlan) -> String {
    let table = plan.table.quoted(&DIALECT);
    let tests = plan.keys.iter().enumerate().map(|(i, key)| {
        // Alone, the quoted name of a column that is gone would be a text.
        format!("{table}.{} = {}", DIALECT.quoted(&key.name), DIALECT.placeholder(i + 1))
    });
    format!("SELECT 1 FROM {table} WHERE {}", tests.collect::<Vec<_>>().join(" AND "))
}
