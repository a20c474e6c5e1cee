//! What every database can do over an open connection. All of it can be cancelled by dropping the future; the connection
//! is then not [usable](Connection::is_usable) any more.

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::{Column, DbError, Row, Table, TableName, Value, WritePlan, WriteRow, Written};

/// The result of a call.
pub(super) type Answer<'a, T> = BoxFuture<'a, Result<T, DbError>>;

/// How a connection is set up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Session {
    /// Whether the database refuses all changes.
    pub is_read_only: bool,
    /// Longest time of a statement.
    pub statement_timeout: Option<Duration>,
    /// Longest wait for a lock.
    pub lock_timeout: Option<Duration>,
    /// Whether points in time whose text names no zone (`timestamp` of MySQL) are in UTC, rather than in the zone of the
    /// server, which may have the same time twice.
    pub is_utc: bool,
}

/// An open connection. One call at a time.
pub trait Connection: Send {
    /// The columns of a statement's result and the number of its parameters, without running it. Wrong statements, tables
    /// and columns are found.
    fn describe<'a>(&'a mut self, sql: &'a str) -> Answer<'a, (Vec<Column>, usize)>;

    /// Runs a statement, with values for its placeholders in order; its rows are received as they arrive, never all at
    /// once.
    fn query<'a>(&'a mut self, sql: &'a str, values: &'a [Value]) -> Answer<'a, Box<dyn Rows + 'a>>;

    /// Runs a statement; returns the number of rows that it changed.
    fn execute<'a>(&'a mut self, sql: &'a str, values: &'a [Value]) -> Answer<'a, u64>;

    /// The table or view of this name.
    fn table<'a>(&'a mut self, name: &'a TableName) -> Answer<'a, Option<Table>>;

    /// The names of all tables and views that the user can see, sorted.
    fn tables(&mut self) -> Answer<'_, Vec<TableName>>;

    /// Writes rows in one transaction: all of them or, with an error, none. Keys are unique within `rows`.
    fn write<'a>(&'a mut self, plan: &'a WritePlan, rows: &'a [WriteRow]) -> Answer<'a, Written>;

    /// Whether another call makes sense: the connection is open, and no call was cancelled.
    fn is_usable(&self) -> bool;
}

/// The rows of a result, in order.
pub trait Rows: Send {
    /// Its columns.
    fn columns(&self) -> &[Column];

    /// At least one further row and at most `most`, as many as have arrived; none at the end.
    fn next_rows(&mut self, most: usize) -> Answer<'_, Vec<Row>>;
}
