//! Connections to PostgreSQL.
//!
//! A read-only session is read-only by the server's default for it, and each statement also runs in a transaction that
//! is: a statement that changes the default has no effect on the next one, and a transaction that has read anything can't
//! become one that writes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Config, RowStream, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::bind::Bound;
use super::errors::{Phase, error_of, failed};
use super::rows::{Origin, PostgresRows, unreadable};
use super::values::{can_decode, kind_of};
use super::write::Writer;
use super::{config, parameters, tables, tls, write};
use crate::db::connection::Answer;
use crate::db::{
    Column, Connection, DbError, DbErrorKind, Dsn, Login, Rows, Session, Table, TableName, Value, WritePlan, WriteRow,
    Written,
};
use crate::model::Message;

/// Prepared statements that a connection keeps.
const STATEMENTS: usize = 64;
/// Longest time that a cancelled statement gets to end before the connection is closed.
const CANCEL_TIME: Duration = Duration::from_secs(5);
/// Begins a transaction that can't be made writable any more, because it has read something.
const BEGIN: &str = "BEGIN READ ONLY; SELECT 1";

/// An open connection.
pub(super) struct PostgresConnection {
    client: Client,
    /// Sends and receives.
    transport: Mutex<Option<JoinHandle<()>>>,
    connector: MakeRustlsConnect,
    session: Session,
    statements: Mutex<HashMap<String, Prepared>>,
    writer: Mutex<Option<Writer>>,
    was_cancelled: AtomicBool,
}

/// A statement that the server has parsed.
#[derive(Clone)]
struct Prepared {
    statement: Statement,
    columns: Vec<Column>,
}

/// Cancels a call whose caller does not wait for it any more.
struct Call<'a> {
    connection: &'a PostgresConnection,
    is_done: bool,
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if !self.is_done {
            self.connection.cancel();
        }
    }
}

/// Connects and logs in.
pub(super) async fn connect(dsn: &Dsn, login: &Login, session: Session) -> Result<Box<dyn Connection>, DbError> {
    let limit = config::connect_timeout(dsn)?;
    let late = |_| {
        let message = Message::new("db_no_answer_within").count("seconds", limit.as_secs());
        DbError::own(DbErrorKind::Unreachable, message)
    };
    tokio::time::timeout(limit, connect_somewhere(dsn, login, session)).await.map_err(late)?
}

async fn connect_somewhere(dsn: &Dsn, login: &Login, session: Session) -> Result<Box<dyn Connection>, DbError> {
    let tls = tls::of(dsn)?;
    let mut failed = DbError::own(DbErrorKind::Unreachable, "db_no_host");
    for mut config in config::configs(dsn, login, session)? {
        let attempts = if config::is_socket(&config) { &[SslMode::Disable][..] } else { &tls.attempts };
        for mode in attempts {
            config.ssl_mode(*mode);
            failed = match connect_once(&config, &tls.connector, session).await {
                Ok(connection) => return Ok(Box::new(connection)),
                Err(error) => error,
            };
            // The server may accept the user with or without TLS only.
            if failed.code != "28000" {
                break;
            }
        }
        if failed.kind != DbErrorKind::Unreachable {
            break;
        }
    }
    match tls.advice.filter(|_| failed.kind == DbErrorKind::Tls && failed.message.contains("certificate")) {
        Some(advice) => Err(failed.advising(advice)),
        None => Err(failed),
    }
}

async fn connect_once(
    config: &Config,
    connector: &MakeRustlsConnect,
    session: Session,
) -> Result<PostgresConnection, DbError> {
    let connected = config.connect(connector.clone()).await;
    let (client, transport) = connected.map_err(|error| error_of(&error, Phase::Connecting))?;
    let transport = tokio::spawn(async move {
        if let Err(error) = transport.await {
            tracing::debug!(%error, "a connection to PostgreSQL ended");
        }
    });
    Ok(PostgresConnection {
        client,
        transport: Mutex::new(Some(transport)),
        connector: connector.clone(),
        session,
        statements: Mutex::default(),
        writer: Mutex::default(),
        was_cancelled: AtomicBool::new(false),
    })
}

impl PostgresConnection {
    fn call(&self) -> Call<'_> {
        Call { connection: self, is_done: false }
    }

    /// The statement, ready to run, with the columns of its result; columns without a form that can be read are selected
    /// again as text.
    async fn prepare(&self, sql: &str) -> Result<Prepared, DbError> {
        let known = self.statements.lock().unwrap_or_else(PoisonError::into_inner).get(sql).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let (mut statement, types) = self.prepare_with_types(sql).await?;
        let columns = columns_of(&statement);
        let unread: Vec<bool> = statement.columns().iter().map(|column| !can_decode(column.type_())).collect();
        if let Some(first) = unread.iter().position(|is_unread| *is_unread) {
            let again = self.client.prepare_typed(&as_text(sql, &unread), &types).await;
            statement = again.map_err(|_| unreadable(&columns[first]))?;
        }
        let prepared = Prepared { statement, columns };
        let mut statements = self.statements.lock().unwrap_or_else(PoisonError::into_inner);
        if statements.len() >= STATEMENTS {
            statements.clear();
        }
        statements.insert(sql.to_owned(), prepared.clone());
        Ok(prepared)
    }

    /// The statement, and types of parameters that the server can't find out by itself: it gives up on `$1 IS NULL OR x >= $1`
    /// because of the first use, although the second one says it.
    async fn prepare_with_types(&self, sql: &str) -> Result<(Statement, Vec<Type>), DbError> {
        let error = match self.client.prepare(sql).await.map_err(failed) {
            Err(error) if matches!(error.code.as_str(), "42P08" | "42P18") => error,
            prepared => return Ok((prepared?, Vec::new())),
        };
        let (without_tests, types) = parameters::without_null_tests(sql);
        let Ok(other) = self.client.prepare_typed(&without_tests, &types).await else { return Err(error) };
        let types = other.params().to_vec();
        Ok((self.client.prepare_typed(sql, &types).await.map_err(failed)?, types))
    }

    /// Whether a statement with a result would change something, such as `DELETE ... RETURNING`: it can be explained, but it
    /// can't have a cursor. `SHOW` and `EXPLAIN` have neither.
    async fn changes(&self, sql: &str, prepared: &Prepared) -> bool {
        let types = prepared.statement.params();
        let is_valid = async |start: &str| self.client.prepare_typed(&format!("{start}\n{sql}"), types).await.is_ok();
        !is_valid("DECLARE pixloom_rows CURSOR FOR").await && is_valid("EXPLAIN").await
    }

    /// Runs a statement; if its tables were changed since it was prepared, it is prepared again. Such an error comes before
    /// anything is done.
    async fn begin(&self, sql: &str, values: &[Value]) -> Result<(Vec<Column>, RowStream), DbError> {
        let prepared = self.prepare(sql).await?;
        match self.start(&prepared, values).await {
            Err(error) if is_stale(&error) => {
                self.statements.lock().unwrap_or_else(PoisonError::into_inner).remove(sql);
                let prepared = self.prepare(sql).await?;
                Ok((prepared.columns.clone(), self.start(&prepared, values).await?))
            }
            started => Ok((prepared.columns, started?)),
        }
    }

    async fn start(&self, prepared: &Prepared, values: &[Value]) -> Result<RowStream, DbError> {
        let count = prepared.statement.params().len();
        if count != values.len() {
            let message = Message::new("db_parameters").count("count", count as u64).with("given", values.len());
            return Err(DbError::own(DbErrorKind::Statement, message));
        }
        let query = self.client.query_raw(&prepared.statement, values.iter().map(Bound));
        if !self.session.is_read_only {
            return query.await.map_err(failed);
        }
        // Both are sent at once; if the transaction can't begin, the server refuses the statement or has its own default.
        let (began, started) = tokio::join!(self.client.batch_execute(BEGIN), query);
        let started = began.map_err(failed).and_then(|()| started.map_err(failed));
        if started.is_err() {
            self.end_transaction();
        }
        started
    }
}

impl Origin for PostgresConnection {
    fn cancel(&self) {
        if self.was_cancelled.swap(true, Ordering::AcqRel) {
            return;
        }
        let transport = self.transport.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (token, connector) = (self.client.cancel_token(), self.connector.clone());
        runtime.spawn(async move {
            let _ = tokio::time::timeout(CANCEL_TIME, token.cancel_query(connector)).await;
            if let Some(transport) = transport {
                transport.abort();
            }
        });
    }

    fn end_transaction(&self) {
        if self.session.is_read_only {
            // A transaction that is read-only lets some functions change something (`lo_create` and others).
            let _ = self.client.batch_execute("ROLLBACK").now_or_never();
        }
    }
}

/// Whether a prepared statement does not fit its tables any more.
fn is_stale(error: &DbError) -> bool {
    matches!(error.code.as_str(), "0A000" | "26000")
}

fn columns_of(statement: &Statement) -> Vec<Column> {
    let column = |column: &tokio_postgres::Column| Column {
        name: column.name().to_owned(),
        kind: kind_of(column.type_()),
        type_name: column.type_().name().to_owned(),
    };
    statement.columns().iter().map(column).collect()
}

/// The statement with these columns as text.
fn as_text(sql: &str, as_text: &[bool]) -> String {
    let names: Vec<String> = (1..=as_text.len()).map(|number| format!("c{number}")).collect();
    let selected = names.iter().zip(as_text).map(|(name, as_text)| match as_text {
        true => format!("r.{name}::pg_catalog.text"),
        false => format!("r.{name}"),
    });
    let selected = selected.collect::<Vec<_>>().join(", ");
    // The line break ends a comment at the end of the statement.
    format!("SELECT {selected} FROM ({sql}\n) AS r ({})", names.join(", "))
}

/// Whether the number that the server reports for a statement with these columns is of rows that it read.
fn only_reads(sql: &str, has_columns: bool) -> bool {
    let text = sql.to_ascii_uppercase();
    has_columns && !["INSERT", "UPDATE", "DELETE", "MERGE"].iter().any(|word| text.contains(word))
}

impl Connection for PostgresConnection {
    fn describe<'a>(&'a mut self, sql: &'a str) -> Answer<'a, (Vec<Column>, usize)> {
        Box::pin(async move {
            let mut call = self.call();
            let described = async {
                let prepared = self.prepare(sql).await?;
                if self.session.is_read_only && !prepared.columns.is_empty() && self.changes(sql, &prepared).await {
                    return Err(DbError::own(DbErrorKind::ReadOnly, "db_only_reads"));
                }
                Ok((prepared.columns, prepared.statement.params().len()))
            };
            let described = described.await;
            call.is_done = true;
            described
        })
    }

    fn query<'a>(&'a mut self, sql: &'a str, values: &'a [Value]) -> Answer<'a, Box<dyn Rows + 'a>> {
        Box::pin(async move {
            let this = &*self;
            let mut call = this.call();
            let started = this.begin(sql, values).await;
            call.is_done = true;
            let (columns, stream) = started?;
            let rows: Box<dyn Rows + 'a> = Box::new(PostgresRows::new(this, columns, stream));
            Ok(rows)
        })
    }

    fn execute<'a>(&'a mut self, sql: &'a str, values: &'a [Value]) -> Answer<'a, u64> {
        Box::pin(async move {
            use futures_util::StreamExt;
            let mut call = self.call();
            let executed = async {
                let (columns, stream) = self.begin(sql, values).await?;
                let mut stream = Box::pin(stream);
                let mut result = Ok(());
                while let Some(row) = stream.next().await {
                    result = row.map(drop).map_err(failed);
                }
                self.end_transaction();
                result?;
                let affected = stream.rows_affected().unwrap_or(0);
                Ok(if only_reads(sql, !columns.is_empty()) { 0 } else { affected })
            };
            let executed = executed.await;
            call.is_done = true;
            executed
        })
    }

    fn table<'a>(&'a mut self, name: &'a TableName) -> Answer<'a, Option<Table>> {
        Box::pin(async move {
            let mut call = self.call();
            let table = tables::table(&self.client, name).await;
            call.is_done = true;
            table
        })
    }

    fn tables(&mut self) -> Answer<'_, Vec<TableName>> {
        Box::pin(async move {
            let mut call = self.call();
            let tables = tables::tables(&self.client).await;
            call.is_done = true;
            tables
        })
    }

    fn write<'a>(&'a mut self, plan: &'a WritePlan, rows: &'a [WriteRow]) -> Answer<'a, Written> {
        Box::pin(async move {
            let mut call = self.call();
            let known = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
            let written = async {
                let known = known.filter(|known| known.is_for(plan));
                if let Some(writer) = known {
                    let written = writer.write(&self.client, rows).await;
                    if !written.as_ref().is_err_and(|error| is_stale(error) || error.code.starts_with("42")) {
                        *self.writer.lock().unwrap_or_else(PoisonError::into_inner) = Some(writer);
                        return written;
                    }
                }
                let writer = write::prepare(&self.client, plan).await?;
                let written = writer.write(&self.client, rows).await;
                *self.writer.lock().unwrap_or_else(PoisonError::into_inner) = Some(writer);
                written
            };
            let written = written.await;
            call.is_done = true;
            written
        })
    }

    fn is_usable(&self) -> bool {
        !self.was_cancelled.load(Ordering::Acquire) && !self.client.is_closed()
    }
}
