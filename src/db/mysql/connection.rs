//! Connections to servers of MySQL and MariaDB.

use std::future::Future;
use std::time::Duration;

use futures_util::FutureExt as _;
use mysql_async::prelude::Queryable;
use mysql_async::{BinaryProtocol, Column as Meta, Conn, Params, QueryResult, TextProtocol};

use super::connect::{self, Server};
use super::errors::{UNSUPPORTED_PREPARED, error_of};
use super::tables;
use super::values::{bound, column_of, value_of};
use super::write::{self, OnlyKeys};
use crate::db::connection::Answer;
use crate::db::{
    Column, Connection, DbError, DbErrorKind, Row, Rows, Session, Table, TableName, Value, WritePlan, WriteRow, Written,
};
use crate::model::Message;

/// Bytes of rows that are returned together, about.
const PAGE_BYTES: usize = 1 << 20;
/// How much later than the server the client ends a statement that takes too long.
const GRACE: Duration = Duration::from_secs(1);
/// First words of statements that read. They have one result, which can be read as it arrives.
const READING: [&str; 8] = ["SELECT", "WITH", "VALUES", "TABLE", "SHOW", "DESC", "DESCRIBE", "EXPLAIN"];

/// A connection.
pub(super) struct MysqlConnection {
    /// `None` once it is closed.
    conn: Option<Conn>,
    session: Session,
    server: Server,
    only_keys: OnlyKeys,
}

/// A call. Dropped before its end, it ends the session at the server: what runs there stops, and is rolled back.
struct Call<'a> {
    connection: &'a mut MysqlConnection,
    is_done: bool,
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if !self.is_done {
            self.connection.abandon();
        }
    }
}

impl Call<'_> {
    fn conn(&mut self) -> Result<&mut Conn, DbError> {
        self.connection.conn.as_mut().ok_or_else(gone)
    }

    /// Ends the call with its answer.
    fn end<T>(mut self, answer: Result<T, DbError>) -> Result<T, DbError> {
        self.finish(&answer);
        answer
    }

    fn finish<T>(&mut self, answer: &Result<T, DbError>) {
        self.is_done = true;
        let is_lost = matches!(answer, Err(error) if error.kind == DbErrorKind::ConnectionLost);
        if is_lost || self.connection.conn.as_ref().is_some_and(Conn::is_disconnected) {
            self.connection.conn = None;
        }
    }

    /// Waits at most as long as the session allows for statements that the server itself does not limit.
    async fn limited<T>(
        session: Session,
        answer: impl Future<Output = Result<T, DbError>> + Send,
    ) -> Result<T, Option<DbError>> {
        let Some(most) = session.statement_timeout else { return answer.await.map_err(Some) };
        match tokio::time::timeout(most + GRACE, answer).await {
            Ok(answer) => answer.map_err(Some),
            Err(_) => Err(None),
        }
    }

    /// Ends a limited call: one that took too long is ended at the server as well.
    fn end_limited<T>(self, answer: Result<T, Option<DbError>>) -> Result<T, DbError> {
        match answer {
            Ok(answer) => self.end(Ok(answer)),
            Err(Some(error)) => self.end(Err(error)),
            Err(None) => Err(DbError::own(DbErrorKind::Timeout, "db_took_too_long")),
        }
    }
}

fn gone() -> DbError {
    DbError::own(DbErrorKind::ConnectionLost, "db_closed")
}

impl MysqlConnection {
    pub(super) fn new(conn: Conn, session: Session, server: Server) -> Self {
        Self { conn: Some(conn), session, server, only_keys: OnlyKeys::new() }
    }

    fn begin(&mut self) -> Result<Call<'_>, DbError> {
        if self.conn.is_none() {
            return Err(gone());
        }
        Ok(Call { connection: self, is_done: false })
    }

    /// Closes the connection and ends its session. The driver alone would read the rest of a result first.
    fn abandon(&mut self) {
        let Some(conn) = self.conn.take() else { return };
        connect::kill(conn.opts().clone(), conn.id());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                // The server closes it in any case.
                let _ = conn.disconnect().await;
            });
        }
    }
}

/// What a query returned before its first row.
struct Opened {
    metas: std::sync::Arc<[Meta]>,
    is_text: bool,
    /// Whether a read that waits can be dropped and repeated.
    has_one_result: bool,
}

/// Begins a transaction in which nothing can be changed, if the session asks for it.
async fn begin_reading(conn: &mut Conn, session: Session) -> Result<(), DbError> {
    if session.is_read_only {
        conn.query_drop("START TRANSACTION READ ONLY").await.map_err(|error| error_of(&error))?;
    }
    Ok(())
}

async fn end_reading(conn: &mut Conn, session: Session) -> Result<(), DbError> {
    if session.is_read_only {
        conn.query_drop("ROLLBACK").await.map_err(|error| error_of(&error))?;
    }
    Ok(())
}

/// Runs a statement up to its first row.
async fn open(conn: &mut Conn, session: Session, sql: &str, values: &[Value]) -> Result<Opened, DbError> {
    let none = || std::sync::Arc::from([]);
    let has_one_result = is_reading(sql);
    // A reading transaction of MariaDB lets `DROP TABLE`, `TRUNCATE` and `SELECT ... INTO OUTFILE` pass. None of them has
    // a result with columns, which the server tells before it runs a statement.
    let refused = session.is_read_only && !has_one_result;
    let statement = match conn.prep(sql).await {
        Ok(statement) if refused || session.is_read_only && statement.columns().is_empty() => {
            return Err(only_reads());
        }
        Ok(statement) => statement,
        Err(mysql_async::Error::Server(error)) if error.code == UNSUPPORTED_PREPARED && values.is_empty() => {
            if session.is_read_only {
                return Err(only_reads());
            }
            let result = conn.query_iter(sql).await.map_err(|error| error_of(&error))?;
            return Ok(Opened { metas: result.columns().unwrap_or_else(none), is_text: true, has_one_result });
        }
        Err(error) => return Err(error_of(&error)),
    };
    if usize::from(statement.num_params()) != values.len() {
        let count = statement.num_params().into();
        let message = Message::new("db_parameters").count("count", count).with("given", values.len());
        return Err(DbError::own(DbErrorKind::Statement, message));
    }
    let values = bound(values)?;
    let params = if values.is_empty() { Params::Empty } else { Params::Positional(values) };
    let result = conn.exec_iter(&statement, params).await.map_err(|error| error_of(&error))?;
    Ok(Opened { metas: result.columns().unwrap_or_else(none), is_text: false, has_one_result })
}

fn only_reads() -> DbError {
    DbError::own(DbErrorKind::ReadOnly, "db_only_reads")
}

/// Whether a statement begins with a word of those that read, after comments and parentheses. A comment with code in it is
/// no comment.
fn is_reading(sql: &str) -> bool {
    let mut rest = sql;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
        let after = if rest.starts_with('#') || rest.starts_with("--") {
            rest.split_once('\n')
        } else if rest.starts_with("/*") && !rest.starts_with("/*!") && !rest.starts_with("/*M!") {
            rest[2..].split_once("*/")
        } else {
            break;
        };
        rest = after.map_or("", |(_, after)| after);
    }
    let word = rest.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    READING.iter().any(|known| known.eq_ignore_ascii_case(word))
}

async fn skip(conn: &mut Conn, is_text: bool) -> Result<(), DbError> {
    let skipped = if is_text {
        QueryResult::<TextProtocol>::new(conn).drop_result().await
    } else {
        QueryResult::<BinaryProtocol>::new(conn).drop_result().await
    };
    skipped.map_err(|error| error_of(&error))
}

async fn execute(conn: &mut Conn, session: Session, sql: &str, values: &[Value]) -> Result<u64, DbError> {
    begin_reading(conn, session).await?;
    let answer = async {
        let opened = open(conn, session, sql, values).await?;
        skip(conn, opened.is_text).await?;
        Ok(if opened.metas.is_empty() { conn.affected_rows() } else { 0 })
    };
    let answer = answer.await;
    let ended = end_reading(conn, session).await;
    answer.and_then(|count| ended.map(|()| count))
}

impl Connection for MysqlConnection {
    fn describe<'a>(&'a mut self, sql: &'a str) -> Answer<'a, (Vec<Column>, usize)> {
        Box::pin(async move {
            let mut call = self.begin()?;
            let answer = match call.conn()?.prep(sql).await {
                Ok(statement) => {
                    Ok((statement.columns().iter().map(column_of).collect(), usize::from(statement.num_params())))
                }
                Err(mysql_async::Error::Server(error)) if error.code == UNSUPPORTED_PREPARED => Ok((Vec::new(), 0)),
                Err(error) => Err(error_of(&error)),
            };
            call.end(answer)
        })
    }

    fn query<'a>(&'a mut self, sql: &'a str, values: &'a [Value]) -> Answer<'a, Box<dyn Rows + 'a>> {
        Box::pin(async move {
            let session = self.session;
            let mut call = self.begin()?;
            let conn = call.conn()?;
            begin_reading(conn, session).await?;
            match open(conn, session, sql, values).await {
                Ok(Opened { metas, is_text, has_one_result }) => {
                    let columns = metas.iter().map(column_of).collect();
                    let rows = MysqlRows { call, columns, metas, is_text, has_one_result, error: None };
                    let rows: Box<dyn Rows + 'a> = Box::new(rows);
                    Ok(rows)
                }
                Err(error) => {
                    let ended = end_reading(conn, session).await;
                    call.end(ended.and(Err(error)))
                }
            }
        })
    }

    fn execute<'a>(&'a mut self, sql: &'a str, values: &'a [Value]) -> Answer<'a, u64> {
        Box::pin(async move {
            let session = self.session;
            let mut call = self.begin()?;
            let conn = call.conn()?;
            let answer = Call::limited(session, execute(conn, session, sql, values)).await;
            call.end_limited(answer)
        })
    }

    fn table<'a>(&'a mut self, name: &'a TableName) -> Answer<'a, Option<Table>> {
        Box::pin(async move {
            let mut call = self.begin()?;
            let answer = tables::table(call.conn()?, name).await;
            call.end(answer.map_err(|error| error_of(&error)))
        })
    }

    fn tables(&mut self) -> Answer<'_, Vec<TableName>> {
        Box::pin(async move {
            let mut call = self.begin()?;
            let answer = tables::tables(call.conn()?).await;
            call.end(answer.map_err(|error| error_of(&error)))
        })
    }

    fn write<'a>(&'a mut self, plan: &'a WritePlan, rows: &'a [WriteRow]) -> Answer<'a, Written> {
        Box::pin(async move {
            let (session, max_packet) = (self.session, self.server.max_packet);
            let call = self.begin()?;
            let MysqlConnection { conn, only_keys, .. } = &mut *call.connection;
            let conn = conn.as_mut().ok_or_else(gone)?;
            let answer = Call::limited(session, write::write(conn, max_packet, only_keys, plan, rows)).await;
            call.end_limited(answer)
        })
    }

    fn is_usable(&self) -> bool {
        self.conn.as_ref().is_some_and(|conn| !conn.is_disconnected())
    }
}

struct MysqlRows<'a> {
    call: Call<'a>,
    columns: Vec<Column>,
    metas: std::sync::Arc<[Meta]>,
    is_text: bool,
    /// Whether a read that waits can be dropped and repeated.
    has_one_result: bool,
    /// The error after the rows that were returned.
    error: Option<DbError>,
}

impl MysqlRows<'_> {
    async fn next_row(&mut self) -> Result<Option<Row>, DbError> {
        if self.metas.is_empty() {
            return Ok(None);
        }
        let (metas, is_text) = (std::sync::Arc::clone(&self.metas), self.is_text);
        let conn = self.call.conn()?;
        let row = if is_text {
            QueryResult::<TextProtocol>::new(conn).next().await
        } else {
            QueryResult::<BinaryProtocol>::new(conn).next().await
        };
        let row = row.map_err(|error| error_of(&error))?;
        Ok(row.map(|row| row.unwrap().into_iter().zip(&*metas).map(|(value, meta)| value_of(value, meta)).collect()))
    }

    /// Ends the call after the last row.
    async fn finish(&mut self) -> Result<(), DbError> {
        let (session, is_text) = (self.call.connection.session, self.is_text);
        let conn = self.call.conn()?;
        let skipped = skip(conn, is_text).await;
        let answer = end_reading(conn, session).await.and(skipped);
        self.call.finish(&answer);
        answer
    }

    /// Ends the call after an error.
    async fn fail(&mut self, error: DbError) -> DbError {
        let session = self.call.connection.session;
        let ended = match self.call.conn() {
            Ok(conn) if error.kind != DbErrorKind::ConnectionLost => end_reading(conn, session).await,
            _ => Ok(()),
        };
        let answer: Result<(), DbError> = ended.and(Err(error.clone()));
        self.call.finish(&answer);
        error
    }
}

impl Rows for MysqlRows<'_> {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn next_rows(&mut self, most: usize) -> Answer<'_, Vec<Row>> {
        Box::pin(async move {
            if let Some(error) = self.error.take() {
                return Err(error);
            }
            let (mut rows, mut bytes) = (Vec::new(), 0);
            while !self.call.is_done && rows.len() < most.max(1) && bytes < PAGE_BYTES {
                let next = if rows.is_empty() || !self.has_one_result {
                    self.next_row().await
                } else if let Some(next) = self.next_row().now_or_never() {
                    next
                } else {
                    break;
                };
                let ended = match next {
                    Ok(Some(row)) => {
                        bytes += row.iter().map(Value::size_bytes).sum::<usize>();
                        rows.push(row);
                        Ok(())
                    }
                    Ok(None) => self.finish().await,
                    Err(error) => Err(self.fail(error).await),
                };
                match ended {
                    Err(error) if rows.is_empty() => return Err(error),
                    Err(error) => self.error = Some(error),
                    Ok(()) => {}
                }
            }
            Ok(rows)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_statements_are_known_by_their_first_word() {
        for sql in
            ["SELECT 1", " ((select 1) union (select 2))", "/* a */ -- b\n# c\nWITH a AS (SELECT 1) SELECT * FROM a"]
        {
            assert!(is_reading(sql), "{sql}");
        }
        for sql in ["DROP TABLE t", "/*! SELECT */ DROP TABLE t", "/* SELECT", "# SELECT", "SELECTED", "CALL p()", ""] {
            assert!(!is_reading(sql), "{sql}");
        }
    }
}
