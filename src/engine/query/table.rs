//! Rows of results that go into a table. Repeating a statement changes nothing: rows are identified by a key, or by their
//! statement and their position, and then the rows of a statement are replaced as a whole.

use std::collections::HashMap;
use std::io::Read;

use super::Retries;
use crate::db::{
    self, Column, DbError, DbErrorKind, Dialect, Dsn, Kind, Pool, Session, TableColumn, TableName, Value, WriteMode,
    WritePlan, WriteRow,
};
use crate::engine::databases::{Databases, create_new_file, job_error};
use crate::error::JobError;
use crate::model::Message;
use crate::sink::rows::{KeptRows, keep_row};

/// Rows of a transaction.
const BATCH_ROWS: usize = 500;
/// Columns that identify rows of a table without a key of its own.
const PART: &str = "pixloom_part";
const ROW: &str = "pixloom_row";

/// A table that takes rows.
pub(crate) struct Table {
    pub(crate) dsn: Dsn,
    pub(crate) pool: Pool,
    pub(crate) plan: WritePlan,
    dialect: &'static Dialect,
    /// Whether rows are identified by their statement and position.
    is_by_part: bool,
}

fn write_session() -> Session {
    Session::default()
}

impl Table {
    /// Describes a table that was found when the job was requested.
    pub(super) fn open(
        dsn: &Dsn,
        table: &str,
        keys: &[String],
        connections: usize,
        databases: &Databases,
    ) -> Result<Self, JobError> {
        let dialect = db::database_of(dsn).dialect();
        let pool = databases.pool(dsn, write_session(), connections)?;
        let name = parse_name(table, dialect)?;
        let found = databases.runtime().block_on(async {
            let mut connection = pool.get().await?;
            connection.table(&name).await
        });
        let found = found.map_err(|error| job_error(dsn, &error))?.ok_or_else(|| no_table(table))?;
        let is_by_part = keys.is_empty();
        let own = [PART.to_owned(), ROW.to_owned()];
        let keys = if is_by_part { &own[..] } else { keys };
        let is_key = |column: &&TableColumn| keys.contains(&column.name);
        let columns = found.columns.iter().filter(|column| !is_key(column) && !column.is_generated);
        let columns: Vec<String> = columns.map(|column| column.name.clone()).collect();
        let plan = WritePlan::new(&found, keys, &columns, WriteMode::Upsert)
            .map_err(|column| JobError::Refused(Message::new("query_into_column").with("column", column)))?;
        Ok(Self { dsn: dsn.clone(), pool, plan, dialect, is_by_part })
    }

    /// The plan for rows with these columns: only columns that they have are written.
    fn plan_for(&self, columns: &[Column]) -> WritePlan {
        let has = |column: &&TableColumn| position(columns, &column.name).is_some();
        WritePlan { columns: self.plan.columns.iter().filter(has).cloned().collect(), ..self.plan.clone() }
    }

    /// Writes the rows of an item. Failed transactions are repeated.
    pub(crate) async fn insert(
        &self,
        seq: u64,
        kept: Box<dyn Read + Send + '_>,
        retries: &mut Retries,
    ) -> Result<(), DbError> {
        let unread = |error: std::io::Error| DbError::new(DbErrorKind::Other, error);
        let mut rows = KeptRows::open(kept).map_err(unread)?;
        let plan = self.plan_for(rows.columns());
        let positions: Vec<Option<usize>> =
            plan.all_columns().map(|column| position(rows.columns(), &column.name)).collect();
        if self.is_by_part {
            let sql = format!(
                "DELETE FROM {} WHERE {} = {}",
                plan.table.quoted(self.dialect),
                self.dialect.quoted(PART),
                self.dialect.placeholder(1)
            );
            while let Err(error) = self.execute(&sql, &[Value::Int(seq as i64)]).await {
                retries.again(error).await?;
            }
        }
        let mut number = 0;
        loop {
            let batch = tokio::task::block_in_place(|| {
                let mut batch = Vec::new();
                while batch.len() < BATCH_ROWS
                    && let Some(row) = rows.next_row().map_err(unread)?
                {
                    number += 1;
                    batch.push(self.write_row(&plan, &positions, &row, (seq, number))?);
                }
                Ok::<_, DbError>(batch)
            })?;
            if batch.is_empty() {
                return Ok(());
            }
            let batch = last_of_each_key(batch);
            while let Err(error) = self.write(&plan, &batch).await {
                retries.again(error).await?;
            }
        }
    }

    fn write_row(
        &self,
        plan: &WritePlan,
        positions: &[Option<usize>],
        row: &[Value],
        (seq, number): (u64, i64),
    ) -> Result<WriteRow, DbError> {
        let values = positions.iter().map(|at| at.and_then(|at| row.get(at)).cloned().unwrap_or(Value::Null));
        let mut values: Vec<Value> = values.collect();
        if self.is_by_part {
            let key = vec![Value::Int(seq as i64), Value::Int(number)];
            return Ok(WriteRow { key, values: values.split_off(plan.keys.len()) });
        }
        let columns = values.split_off(plan.keys.len());
        if let Some(at) = values.iter().position(Value::is_null) {
            let name = plan.keys.get(at).map_or("", |key| key.name.as_str());
            return Err(DbError::own(
                DbErrorKind::Rejected,
                Message::new("db_row_no_key").with("row", number).with("column", name),
            ));
        }
        Ok(WriteRow { key: values, values: columns })
    }

    async fn execute(&self, sql: &str, values: &[Value]) -> Result<u64, DbError> {
        self.pool.get().await?.execute(sql, values).await
    }

    async fn write(&self, plan: &WritePlan, rows: &[WriteRow]) -> Result<(), DbError> {
        self.pool.get().await?.write(plan, rows).await.map(drop)
    }
}

/// Of rows with the same key, the last: it is the one that would stay.
fn last_of_each_key(rows: Vec<WriteRow>) -> Vec<WriteRow> {
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut kept: Vec<WriteRow> = Vec::with_capacity(rows.len());
    for row in rows {
        let mut key = Vec::new();
        keep_row(&mut key, &row.key);
        if let Some(at) = places.get(&key) {
            kept[*at] = row;
        } else {
            places.insert(key, kept.len());
            kept.push(row);
        }
    }
    kept
}

/// The column of this name: the exact name, else the only one that differs in case.
pub(super) fn position(columns: &[Column], name: &str) -> Option<usize> {
    let exact = columns.iter().position(|column| column.name == name);
    exact.or_else(|| {
        let mut others = columns.iter().enumerate().filter(|(_, column)| column.name.eq_ignore_ascii_case(name));
        others.next().filter(|_| others.next().is_none()).map(|(at, _)| at)
    })
}

fn parse_name(table: &str, dialect: &Dialect) -> Result<TableName, JobError> {
    TableName::parse(table, dialect)
        .ok_or_else(|| JobError::Refused(Message::new("query_into_name").with("table", table)))
}

fn no_table(table: &str) -> JobError {
    JobError::Refused(Message::new("query_into_missing").with("table", table))
}

/// Finds the key by which rows with these columns are written, and creates the table if there is none. Empty if rows are
/// identified by their statement and position.
pub(super) async fn prepare(
    dsn: &Dsn,
    table: &str,
    asked: &[String],
    columns: &[Column],
    (connections, databases): (usize, &Databases),
) -> Result<Vec<String>, JobError> {
    let database = db::database_of(dsn);
    let dialect = database.dialect();
    let name = parse_name(table, dialect)?;
    if let Some(key) = asked.iter().find(|key| position(columns, key).is_none()) {
        return Err(JobError::Refused(Message::new("query_key").with("column", key).with("columns", names(columns))));
    }
    create_new_file(dsn)?;
    let pool = databases.pool(dsn, write_session(), connections)?;
    let failed = |error: DbError| job_error(dsn, &error);
    let mut connection = pool.get().await.map_err(failed)?;
    if let Some(found) = connection.table(&name).await.map_err(failed)? {
        return key_of(&found, table, asked, columns);
    }
    let own = [PART, ROW].map(|name| Column { name: name.to_owned(), kind: Kind::Int, type_name: String::new() });
    let keys: Vec<String> = if asked.is_empty() {
        vec![PART.to_owned(), ROW.to_owned()]
    } else {
        asked.iter().filter_map(|key| position(columns, key)).map(|at| columns[at].name.clone()).collect()
    };
    let all = own.iter().filter(|_| asked.is_empty()).chain(columns);
    let declared = all.map(|column| {
        let is_key = keys.contains(&column.name);
        let required = if is_key { " NOT NULL" } else { "" };
        format!("{} {}{required}", dialect.quoted(&column.name), database.column_type(column.kind, is_key))
    });
    let key: Vec<String> = keys.iter().map(|key| dialect.quoted(key)).collect();
    let sql = format!(
        "CREATE TABLE {} ({}, PRIMARY KEY ({}))",
        name.quoted(dialect),
        declared.collect::<Vec<_>>().join(", "),
        key.join(", ")
    );
    connection.execute(&sql, &[]).await.map_err(failed)?;
    Ok(if asked.is_empty() { Vec::new() } else { keys })
}

fn key_of(found: &db::Table, table: &str, asked: &[String], columns: &[Column]) -> Result<Vec<String>, JobError> {
    let refused = |id: &'static str| JobError::Refused(Message::new(id).with("table", table));
    if found.is_unique(&[PART, ROW]) && asked.is_empty() {
        return Ok(Vec::new());
    }
    if let Some(column) = columns.iter().find(|column| found.column(&column.name).is_none()) {
        return Err(JobError::Refused(
            Message::new("query_into_lacks").with("table", table).with("column", &column.name),
        ));
    }
    let known = |name: &String| found.column(name).map(|column| column.name.clone());
    let keys: Vec<String> = if asked.is_empty() {
        let is_in_rows =
            |key: &&Vec<String>| !key.is_empty() && key.iter().all(|name| position(columns, name).is_some());
        found.unique_keys.iter().find(is_in_rows).cloned().ok_or_else(|| refused("query_into_no_key"))?
    } else {
        asked.iter().filter_map(known).collect()
    };
    if !found.is_unique(&keys.iter().map(String::as_str).collect::<Vec<_>>()) {
        return Err(refused("query_into_not_unique"));
    }
    if columns.len() <= keys.len() {
        return Err(refused("query_into_only_key"));
    }
    Ok(keys)
}

fn names(columns: &[Column]) -> String {
    columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
}
