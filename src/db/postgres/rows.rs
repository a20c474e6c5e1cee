//! Rows of a result, as they arrive.

use std::pin::Pin;

use futures_util::{FutureExt, StreamExt};
use tokio_postgres::{Row as ServerRow, RowStream};

use super::errors::failed;
use super::values::Decoded;
use crate::db::connection::Answer;
use crate::db::{Column, DbError, DbErrorKind, Row, Rows, Value};
use crate::model::Message;

/// A page ends after so many bytes, so that long values are not collected.
const PAGE_BYTES: usize = 1 << 20;

/// What rows need of their connection.
pub(super) trait Origin: Sync {
    /// Cancels the running statement and gives the connection up.
    fn cancel(&self);

    /// Ends the transaction of a statement of a read-only session. Nothing waits for the answer.
    fn end_transaction(&self);
}

/// The rows; if they are dropped before their end, the statement is cancelled.
pub(super) struct PostgresRows<'a> {
    connection: &'a dyn Origin,
    columns: Vec<Column>,
    stream: Pin<Box<RowStream>>,
    is_done: bool,
}

impl<'a> PostgresRows<'a> {
    pub(super) fn new(connection: &'a dyn Origin, columns: Vec<Column>, stream: RowStream) -> Self {
        Self { connection, columns, stream: Box::pin(stream), is_done: false }
    }

    fn decode(&self, row: &ServerRow) -> Result<Row, DbError> {
        (0..self.columns.len()).map(|index| self.value(row, index)).collect()
    }

    fn value(&self, row: &ServerRow, index: usize) -> Result<Value, DbError> {
        row.try_get::<_, Decoded>(index).map(|decoded| decoded.0).map_err(|_| unreadable(&self.columns[index]))
    }

    fn finish(&mut self) {
        self.is_done = true;
        self.connection.end_transaction();
    }
}

/// The error of a column whose values have no form that can be read.
pub(super) fn unreadable(column: &Column) -> DbError {
    let Column { name, type_name, .. } = column;
    let message = Message::new("db_type_unreadable").with("column", name).with("type", type_name);
    DbError::own(DbErrorKind::Statement, message)
}

impl Rows for PostgresRows<'_> {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn next_rows(&mut self, most: usize) -> Answer<'_, Vec<Row>> {
        Box::pin(async move {
            let (mut page, mut size_bytes) = (Vec::new(), 0);
            while !self.is_done && page.len() < most.max(1) && size_bytes < PAGE_BYTES {
                let next = self.stream.next();
                let next = if page.is_empty() { Some(next.await) } else { next.now_or_never() };
                match next {
                    None => break,
                    Some(Some(Ok(row))) => {
                        size_bytes += row.raw_size_bytes();
                        page.push(self.decode(&row)?);
                    }
                    Some(None) => self.finish(),
                    // Rows before the error are lost with it: the result is not complete.
                    Some(Some(Err(error))) => {
                        self.finish();
                        return Err(failed(error));
                    }
                }
            }
            Ok(page)
        })
    }
}

impl Drop for PostgresRows<'_> {
    fn drop(&mut self) {
        if !self.is_done {
            self.connection.cancel();
        }
    }
}
