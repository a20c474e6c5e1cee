//! Descriptions of tables, from the system catalog.

use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

use super::errors::failed;
use super::values::kind_of_name;
use crate::db::{DbError, Kind, Table, TableColumn, TableName};

/// The table, by its name as it is or, like a name without quotes, in lower case.
const FIND: &str = "
    SELECT c.oid, n.nspname::text, c.relname::text
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p')
      AND c.relname::text IN ($1::text, pg_catalog.lower($1::text))
      AND CASE WHEN $2::text IS NULL THEN pg_catalog.pg_table_is_visible(c.oid)
               ELSE n.nspname::text IN ($2::text, pg_catalog.lower($2::text)) END
    ORDER BY c.relname::text = $1::text DESC, n.nspname::text = $2::text DESC
    LIMIT 1";

/// Columns, with the type below all domains.
const COLUMNS: &str = "
    SELECT a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), base.typname::text, base.typtype = 'e',
           a.attnotnull OR domains.is_required, a.atthasdef OR a.attidentity <> '' OR domains.has_default,
           a.attgenerated <> '' OR a.attidentity = 'a'
    FROM pg_catalog.pg_attribute a
    CROSS JOIN LATERAL (
        WITH RECURSIVE d AS (
            SELECT t.oid, t.typtype, t.typbasetype, t.typnotnull, t.typdefault IS NOT NULL AS has_default
            FROM pg_catalog.pg_type t WHERE t.oid = a.atttypid
            UNION ALL
            SELECT t.oid, t.typtype, t.typbasetype, t.typnotnull, t.typdefault IS NOT NULL
            FROM pg_catalog.pg_type t JOIN d ON d.typtype = 'd' AND t.oid = d.typbasetype)
        SELECT pg_catalog.bool_or(d.typnotnull) AS is_required, pg_catalog.bool_or(d.has_default) AS has_default,
               pg_catalog.max(d.oid) FILTER (WHERE d.typtype <> 'd') AS oid
        FROM d) domains
    JOIN pg_catalog.pg_type base ON base.oid = domains.oid
    WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum";

/// Unique indexes that hold for all rows at all times: valid, checked at once, on whole columns, without a condition.
const UNIQUE_KEYS: &str = "
    SELECT pg_catalog.array_agg(a.attname::text ORDER BY k.position)
    FROM pg_catalog.pg_index i
    CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, position)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
    WHERE i.indrelid = $1 AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL
      AND i.indexprs IS NULL AND k.position <= i.indnkeyatts
    GROUP BY i.indexrelid, i.indisprimary
    ORDER BY i.indisprimary DESC, i.indexrelid";

/// Tables and views with a column that the user may read or write.
const TABLES: &str = "
    SELECT CASE WHEN pg_catalog.pg_table_is_visible(c.oid) THEN NULL ELSE n.nspname::text END, c.relname::text
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p')
      AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_toast'
      AND (n.nspname !~ '^pg_temp' OR n.oid = pg_catalog.pg_my_temp_schema())
      AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
      AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE')
    ORDER BY CASE WHEN pg_catalog.pg_table_is_visible(c.oid) THEN NULL ELSE n.nspname::text END COLLATE \"C\" NULLS FIRST,
             c.relname::text COLLATE \"C\"";

/// The table or view of this name.
pub(super) async fn table(client: &Client, name: &TableName) -> Result<Option<Table>, DbError> {
    let found = client.query_opt(FIND, &[&name.table, &name.schema]).await.map_err(failed)?;
    let Some(found) = found else { return Ok(None) };
    let oid: u32 = found.get(0);
    let name = TableName { schema: Some(found.get(1)), table: found.get(2) };
    let of_table: [&(dyn ToSql + Sync); 1] = [&oid];
    let described = tokio::try_join!(client.query(COLUMNS, &of_table), client.query(UNIQUE_KEYS, &of_table));
    let (columns, keys) = described.map_err(failed)?;
    let column = |row: &tokio_postgres::Row| {
        let (base, is_enum): (String, bool) = (row.get(2), row.get(3));
        TableColumn {
            name: row.get(0),
            type_name: row.get(1),
            kind: if is_enum { Kind::Text } else { kind_of_name(&base) },
            is_required: row.get(4),
            has_default: row.get(5),
            is_generated: row.get(6),
        }
    };
    let columns = columns.iter().map(column).collect();
    let unique_keys = keys.iter().map(|row| row.get(0)).collect();
    Ok(Some(Table { name, columns, unique_keys }))
}

/// All tables and views.
pub(super) async fn tables(client: &Client) -> Result<Vec<TableName>, DbError> {
    let rows = client.query(TABLES, &[]).await.map_err(failed)?;
    Ok(rows.iter().map(|row| TableName { schema: row.get(0), table: row.get(1) }).collect())
}
