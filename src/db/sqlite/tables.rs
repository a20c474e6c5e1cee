//! Descriptions of tables in SQLite files.
#![expect(clippy::disallowed_types, reason = "connections to SQLite belong here")]

use rusqlite::{Connection, OptionalExtension};

use super::values::kind_of;
use crate::db::{Table, TableColumn, TableName};

/// The table or view of this name.
pub(super) fn table(sql: &Connection, name: &TableName) -> rusqlite::Result<Option<Table>> {
    let schema = name.schema.as_deref().unwrap_or("main");
    let found: Option<String> = sql
        .prepare_cached("SELECT name FROM pragma_table_list WHERE schema = ?1 AND name = ?2 COLLATE NOCASE")?
        .query_row([schema, &name.table], |row| row.get(0))
        .optional()?;
    let Some(found) = found else { return Ok(None) };
    let mut columns = Vec::new();
    let mut primary: Vec<(i64, String)> = Vec::new();
    let mut select = sql.prepare_cached(
        "SELECT name, type, \"notnull\", dflt_value IS NOT NULL, pk, hidden FROM pragma_table_xinfo(?1, ?2) ORDER BY cid",
    )?;
    let mut rows = select.query([&found, schema])?;
    while let Some(row) = rows.next()? {
        let (name, type_name): (String, String) = (row.get(0)?, row.get(1)?);
        let (pk, hidden): (i64, i64) = (row.get(4)?, row.get(5)?);
        if pk > 0 {
            primary.push((pk, name.clone()));
        }
        columns.push(TableColumn {
            kind: kind_of(Some(&type_name)),
            name,
            type_name,
            is_required: row.get(2)?,
            has_default: row.get(3)?,
            is_generated: matches!(hidden, 2 | 3),
        });
    }
    drop(rows);
    primary.sort();
    let mut unique_keys: Vec<Vec<String>> = Vec::new();
    if !primary.is_empty() {
        unique_keys.push(primary.into_iter().map(|(_, name)| name).collect());
    }
    let mut select = sql.prepare_cached(
        "SELECT name FROM pragma_index_list(?1, ?2) WHERE \"unique\" = 1 AND partial = 0 AND origin <> 'pk' ORDER BY seq",
    )?;
    let indexes: Vec<String> = select.query_map([&found, schema], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for index in indexes {
        let mut select = sql.prepare_cached("SELECT name FROM pragma_index_info(?1, ?2) ORDER BY seqno")?;
        let names: Vec<Option<String>> =
            select.query_map([&index, schema], |row| row.get(0))?.collect::<Result<_, _>>()?;
        // An index on an expression has no name there.
        unique_keys.extend(names.into_iter().collect::<Option<Vec<String>>>());
    }
    let name = TableName { schema: name.schema.clone(), table: found };
    Ok(Some(Table { name, columns, unique_keys }))
}

/// All tables and views but SQLite's own.
pub(super) fn tables(sql: &Connection) -> rusqlite::Result<Vec<TableName>> {
    let mut select = sql.prepare_cached(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    )?;
    let names = select.query_map((), |row| row.get(0))?;
    names.map(|table| table.map(|table| TableName { schema: None, table })).collect()
}
