//! Descriptions of tables in MySQL and MariaDB.

use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::values::kind_of_declared;
use crate::db::{Table, TableColumn, TableName};

/// Databases of the server itself.
const SYSTEM: &str = "('information_schema', 'performance_schema', 'mysql', 'sys')";

/// The table or view of this name.
pub(super) async fn table(conn: &mut Conn, name: &TableName) -> mysql_async::Result<Option<Table>> {
    let found: Option<(String, String)> = conn
        .exec_first(
            "SELECT CAST(TABLE_SCHEMA AS CHAR), CAST(TABLE_NAME AS CHAR) FROM information_schema.TABLES \
             WHERE TABLE_SCHEMA = COALESCE(?, DATABASE()) AND TABLE_NAME = ?",
            (&name.schema, &name.table),
        )
        .await?;
    let Some((schema, table)) = found else { return Ok(None) };
    let columns: Vec<(String, String, String, String, Option<String>, String)> = conn
        .exec(
            "SELECT CAST(COLUMN_NAME AS CHAR), CAST(DATA_TYPE AS CHAR), CAST(COLUMN_TYPE AS CHAR), \
             CAST(IS_NULLABLE AS CHAR), CAST(COLUMN_DEFAULT AS CHAR), CAST(EXTRA AS CHAR) \
             FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION",
            (&schema, &table),
        )
        .await?;
    let column = |(name, data_type, type_name, is_nullable, default, extra): (_, String, String, String, _, String)| {
        let (default, extra): (Option<String>, String) = (default, extra.to_ascii_uppercase());
        TableColumn {
            name,
            kind: kind_of_declared(&data_type, &type_name),
            type_name,
            is_required: is_nullable == "NO",
            // MariaDB writes the default NULL as text.
            has_default: extra.contains("AUTO_INCREMENT") || default.is_some_and(|default| default != "NULL"),
            // `DEFAULT_GENERATED` is MySQL's word for a default that is an expression.
            is_generated: extra.split([' ', ',']).any(|word| word == "GENERATED"),
        }
    };
    let parts: Vec<(String, Option<String>, Option<u64>)> = conn
        .exec(
            "SELECT CAST(INDEX_NAME AS CHAR), CAST(COLUMN_NAME AS CHAR), SUB_PART FROM information_schema.STATISTICS \
             WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND NON_UNIQUE = 0 \
             ORDER BY INDEX_NAME <> 'PRIMARY', INDEX_NAME, SEQ_IN_INDEX",
            (&schema, &table),
        )
        .await?;
    Ok(Some(Table {
        columns: columns.into_iter().map(column).collect(),
        unique_keys: unique_keys(parts),
        name: TableName { schema: Some(schema), table },
    }))
}

/// The keys that consist of whole columns only: an expression has no name, a prefix has a length.
fn unique_keys(parts: Vec<(String, Option<String>, Option<u64>)>) -> Vec<Vec<String>> {
    let mut keys: Vec<(String, Option<Vec<String>>)> = Vec::new();
    for (index, column, prefix) in parts {
        if keys.last().is_none_or(|(last, _)| *last != index) {
            keys.push((index, Some(Vec::new())));
        }
        if let Some((_, key)) = keys.last_mut() {
            match (column.filter(|_| prefix.is_none()), key.as_mut()) {
                (Some(column), Some(key)) => key.push(column),
                _ => *key = None,
            }
        }
    }
    keys.into_iter().filter_map(|(_, key)| key).collect()
}

/// The columns of the only unique index of a table; `None` if it has none or several, those on prefixes and expressions
/// included.
pub(super) async fn only_unique_key(conn: &mut Conn, name: &TableName) -> mysql_async::Result<Option<Vec<String>>> {
    let parts: Vec<(String, Option<String>)> = conn
        .exec(
            "SELECT CAST(INDEX_NAME AS CHAR), CAST(COLUMN_NAME AS CHAR) FROM information_schema.STATISTICS \
             WHERE TABLE_SCHEMA = COALESCE(?, DATABASE()) AND TABLE_NAME = ? AND NON_UNIQUE = 0",
            (&name.schema, &name.table),
        )
        .await?;
    let is_one = parts.iter().all(|(index, _)| *index == parts[0].0);
    Ok(if is_one { parts.into_iter().map(|(_, column)| column).collect() } else { None })
}

/// All tables and views of the database of the connection; without one, of all databases but the server's own.
pub(super) async fn tables(conn: &mut Conn) -> mysql_async::Result<Vec<TableName>> {
    let rows: Vec<(Option<String>, String)> = conn
        .query(format!(
            "SELECT IF(DATABASE() IS NULL, CAST(TABLE_SCHEMA AS CHAR), NULL), CAST(TABLE_NAME AS CHAR) \
             FROM information_schema.TABLES WHERE TABLE_TYPE IN ('BASE TABLE', 'VIEW', 'SYSTEM VERSIONED') \
             AND (TABLE_SCHEMA = DATABASE() OR (DATABASE() IS NULL AND TABLE_SCHEMA NOT IN {SYSTEM}))"
        ))
        .await?;
    let mut names: Vec<TableName> = rows.into_iter().map(|(schema, table)| TableName { schema, table }).collect();
    names.sort_by(|a, b| (&a.schema, &a.table).cmp(&(&b.schema, &b.table)));
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_on_prefixes_and_expressions_are_left_out() {
        let part = |index: &str, column: Option<&str>, prefix| (index.to_owned(), column.map(str::to_owned), prefix);
        let parts = vec![
            part("PRIMARY", Some("a"), None),
            part("PRIMARY", Some("b"), None),
            part("k1", Some("c"), Some(10)),
            part("k1", Some("d"), None),
            part("k2", None, None),
            part("k3", Some("e"), None),
        ];
        assert_eq!(unique_keys(parts), [vec!["a".to_owned(), "b".to_owned()], vec!["e".to_owned()]]);
    }
}
