//! The first rows that a query job has given, wherever it puts them.

use std::io;
use std::sync::Arc;

use super::row_texts::{columns_of_result, shown, shown_text};
use crate::catalog::CatalogReader;
use crate::db::{self, DbError, Dsn, Session};
use crate::engine::api::database::{ColumnEntry, QueryRows};
use crate::engine::databases::{Databases, job_error, read_stored_dsn};
use crate::error::JobError;
use crate::model::{ItemState, JobId, Locator, Message, QueryResult, QuerySpec, RowsFormat};
use crate::sink::rows::{KeptRows, first_rows};
use crate::store;

/// Items read at once.
const PAGE_ITEMS: u32 = 500;
/// Statements whose rows are counted.
const MOST_COUNTED: u64 = 20_000;

/// The first rows of a job: as far as it has got.
pub(super) async fn rows(job: JobId, reader: &dyn CatalogReader, databases: &Databases) -> Result<QueryRows, JobError> {
    let spec = reader.request(job)?.ok_or_else(|| JobError::no_job(job))?;
    let mut found = Found::default();
    let Some(query) = &spec.query else { return Ok(found.rows(None)) };
    let total = counted(job, reader)?;
    match &query.result {
        QueryResult::Table { database, table, .. } => {
            found = rows_of_table(&read_stored_dsn(database)?, table, databases).await?;
        }
        _ if query.has_rows => {
            each_result(job, query, reader, &mut found)?;
            if let QueryResult::File { format, written: Some(written), .. } = &query.result
                && found.columns.is_empty()
            {
                found.add_file(*format, &Locator::File(written.path.clone()))?;
            }
        }
        _ => {}
    }
    Ok(found.rows(total))
}

/// Rows that were found so far.
#[derive(Default)]
struct Found {
    columns: Arc<[ColumnEntry]>,
    rows: Vec<Vec<Option<String>>>,
}

impl Found {
    /// More than are shown are read, to see whether there are more.
    fn missing(&self) -> usize {
        (QueryRows::MOST + 1).saturating_sub(self.rows.len())
    }

    fn rows(mut self, total: Option<u64>) -> QueryRows {
        let has_more = self.rows.len() > QueryRows::MOST;
        self.rows.truncate(QueryRows::MOST);
        let total = if has_more { total } else { Some(self.rows.len() as u64) };
        QueryRows { columns: self.columns, rows: self.rows.into(), has_more, total }
    }

    /// Rows as the job keeps them until all statements have run.
    fn add_kept(&mut self, output: &Locator) -> Result<(), JobError> {
        let unread = |error: io::Error| unreadable(output, error);
        let mut part =
            store::of(output).and_then(|store| store.open(output)).and_then(KeptRows::open).map_err(unread)?;
        if self.columns.is_empty() {
            self.columns = columns_of_result(part.columns());
        }
        while self.missing() > 0
            && let Some(row) = part.next_row().map_err(unread)?
        {
            self.rows.push(row.iter().map(shown).collect());
        }
        Ok(())
    }

    fn add_file(&mut self, format: RowsFormat, output: &Locator) -> Result<(), JobError> {
        let unread = |error: io::Error| unreadable(output, error);
        let file = store::of(output).and_then(|store| store.open(output)).map_err(unread)?;
        let file = file.into_file().map_err(|_| unread(io::ErrorKind::Unsupported.into()))?;
        let first = first_rows(format, file, self.missing()).map_err(unread)?;
        if self.columns.is_empty() {
            let column = |name| ColumnEntry { name, type_name: String::new(), is_writable: false };
            self.columns = first.columns.into_iter().map(column).collect();
        }
        let row = |row: Vec<Option<String>>| row.iter().map(|value| value.as_deref().map(shown_text)).collect();
        self.rows.extend(first.rows.into_iter().map(row));
        Ok(())
    }
}

fn unreadable(output: &Locator, error: io::Error) -> JobError {
    JobError::Machine(Message::new("query_unread").with("path", output).with_message("detail", error))
}

/// The rows of the first statements that are done, in order.
fn each_result(job: JobId, query: &QuerySpec, reader: &dyn CatalogReader, found: &mut Found) -> Result<(), JobError> {
    let mut after_seq = 0;
    while found.missing() > 0 {
        let page = reader.after(job, after_seq, PAGE_ITEMS)?;
        let Some(last) = page.last() else { break };
        after_seq = last.id.seq;
        for row in page.iter().filter(|row| row.state == ItemState::Done) {
            let Some(output) = row.output.as_deref().filter(|output| !output.is_empty()) else { continue };
            let output = Locator::parse(output);
            match &query.result {
                QueryResult::Files { format } => found.add_file(*format, &output)?,
                // They are gone once they are in the result.
                _ if output.path().is_some_and(|path| store::kind_at(path).is_none()) => return Ok(()),
                _ => found.add_kept(&output)?,
            }
            if found.missing() == 0 {
                break;
            }
        }
    }
    Ok(())
}

/// The rows of all statements that are done; `None` if there are too many statements.
fn counted(job: JobId, reader: &dyn CatalogReader) -> Result<Option<u64>, JobError> {
    let (mut after_seq, mut statements, mut rows) = (0, 0, 0);
    while statements < MOST_COUNTED {
        let page = reader.after(job, after_seq, PAGE_ITEMS)?;
        let Some(last) = page.last() else { return Ok(Some(rows)) };
        after_seq = last.id.seq;
        statements += page.len() as u64;
        let done = page.iter().filter(|row| row.state == ItemState::Done);
        rows += done.map(|row| row.height_px.map_or(0, u64::from)).sum::<u64>();
    }
    Ok(None)
}

async fn rows_of_table(dsn: &Dsn, table: &str, databases: &Databases) -> Result<Found, JobError> {
    let failed = |error: DbError| job_error(dsn, &error);
    let dialect = db::database_of(dsn).dialect();
    let Some(name) = db::TableName::parse(table, dialect) else { return Ok(Found::default()) };
    let session = Session { is_read_only: true, ..Session::default() };
    let mut connection = databases.connect(dsn, session).await?;
    let sql = format!("SELECT * FROM {}", name.quoted(dialect));
    let mut result = connection.query(&sql, &[]).await.map_err(failed)?;
    let mut found = Found { columns: columns_of_result(result.columns()), rows: Vec::new() };
    while found.missing() > 0 {
        let page = result.next_rows(found.missing()).await.map_err(failed)?;
        if page.is_empty() {
            break;
        }
        found.rows.extend(page.iter().map(|row| row.iter().map(shown).collect()));
    }
    Ok(found)
}
