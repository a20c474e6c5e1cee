//! Requests to write results back, from what people write.

use crate::db::{self, Dialect, Dsn, TableName};
use crate::engine::coordinator::settings::secrets_path;
use crate::engine::databases::read_dsn;
use crate::error::JobError;
use crate::fetch::Secrets;
use crate::model::{ItemField, Message, WriteBackMode, WriteBackSpec, WriteColumn, WriteField};
use crate::sink::write_back::{parse_map, parse_target};

/// How a request to write back is made: one of `map` and `table`, or none.
#[derive(Clone, Copy, Debug, Default)]
pub struct WriteBackRequest<'a> {
    /// `TABLE(KEYCOLUMN=FIELD,...): COLUMN=FIELD,...`
    pub map: Option<&'a str>,
    /// The name of a table for results, perhaps with its key: `TABLE(KEYCOLUMN=FIELD,...)`.
    pub table: Option<&'a str>,
    /// What happens to rows that exist, and to those that don't; `None` is the usual mode.
    pub mode: Option<WriteBackMode>,
    /// The column of the query that identifies its rows.
    pub key: Option<&'a str>,
    /// The name of the database.
    pub database: &'a str,
}

/// Reads a request; `None` if nothing is written back.
pub fn write_back_spec(request: &WriteBackRequest<'_>) -> Result<Option<WriteBackSpec>, JobError> {
    if request.map.is_none() && request.table.is_none() {
        return Ok(None);
    }
    let dsn = read_dsn(&Secrets::new(secrets_path()), request.database)?;
    read(request, &dsn).map(Some).map_err(JobError::Refused)
}

fn read(request: &WriteBackRequest<'_>, dsn: &Dsn) -> Result<WriteBackSpec, Message> {
    let dialect: &Dialect = db::database_of(dsn).dialect();
    let spec = |table: TableName, keys, columns, mode| WriteBackSpec {
        database: dsn.to_string(),
        schema: table.schema,
        table: table.table,
        keys,
        columns,
        mode,
        creates_table: request.table.is_some(),
    };
    if let Some(map) = request.map {
        let map = parse_map(map, dialect)?;
        return Ok(spec(map.table, map.keys, map.columns, request.mode.unwrap_or_default()));
    }
    let (table, mut keys) = parse_target(request.table.unwrap_or_default(), dialect)?;
    if keys.is_empty() {
        let pair = |column: &str, field| WriteColumn { column: column.to_owned(), field };
        keys.push(match request.key {
            Some(key) => pair(key, WriteField::Column(key.to_owned())),
            None => pair(ItemField::Locator.word(), WriteField::Item(ItemField::Locator)),
        });
    }
    let is_free = |field: &ItemField| !keys.iter().any(|key| key.column.eq_ignore_ascii_case(field.word()));
    let columns = ItemField::ALL.into_iter().filter(is_free);
    let columns = columns.map(|field| WriteColumn { column: field.word().to_owned(), field: WriteField::Item(field) });
    let columns = columns.collect();
    Ok(spec(table, keys, columns, request.mode.unwrap_or(WriteBackMode::Upsert)))
}
