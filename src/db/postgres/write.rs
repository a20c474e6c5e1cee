//! Writing by key: one statement for a batch, whose columns are sent as arrays.

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement};

use super::bind::{Bound, literal};
use super::config::quoted;
use super::errors::failed;
use super::values::kind_of_name;
use super::{DIALECT, arrays};
use crate::db::{DbError, DbErrorKind, Kind, Value, WriteMode, WritePlan, WriteRow, Written};
use crate::model::Message;

/// What is known about the columns of a plan.
const COLUMNS: &str = "
    SELECT a.attname::text, pg_catalog.format_type(a.atttypid, -1), pg_catalog.format_type(a.atttypid, a.atttypmod),
           a.atttypmod >= 0 AND base.typcategory IN ('N', 'D', 'T'), base.typname::text,
           t.typarray <> 0 AND base.typcategory <> 'A' AND base.typtype <> 'c' AND base.typdelim = ',',
           base.typcategory NOT IN ('A', 'S') AND (base.typtype IN ('e', 'r', 'm') OR EXISTS (
               SELECT FROM pg_catalog.pg_operator o
               WHERE o.oprname = '=' AND o.oprleft = base.oid AND o.oprright = base.oid))
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    CROSS JOIN LATERAL (
        WITH RECURSIVE d AS (
            SELECT t.oid, t.typtype, t.typbasetype
            UNION ALL
            SELECT b.oid, b.typtype, b.typbasetype
            FROM pg_catalog.pg_type b JOIN d ON d.typtype = 'd' AND b.oid = d.typbasetype)
        SELECT d.oid FROM d WHERE d.typtype <> 'd') bottom
    JOIN pg_catalog.pg_type base ON base.oid = bottom.oid
    WHERE a.attrelid = pg_catalog.to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped";

/// A plan whose statement the server has parsed.
pub(super) struct Writer {
    plan: WritePlan,
    statement: Statement,
    kinds: Vec<Kind>,
}

/// How the values of a column are sent and compared.
struct ColumnForm {
    name: String,
    /// The type of the elements of its array.
    element: String,
    /// The type that values are changed to before they are compared and stored.
    cast: Option<String>,
    kind: Kind,
    /// Whether values are compared by their type's own rules; otherwise by their text.
    has_equality: bool,
}

/// Looks up the columns of a plan and prepares its statement.
pub(super) async fn prepare(client: &Client, plan: &WritePlan) -> Result<Writer, DbError> {
    let rows = client.query(COLUMNS, &[&plan.table.quoted(&DIALECT)]).await.map_err(failed)?;
    if rows.is_empty() {
        return Err(DbError::own(DbErrorKind::MissingTable, Message::new("db_no_table").with("table", &plan.table)));
    }
    let form = |name: &str| {
        let row = rows.iter().find(|row| row.get::<_, &str>(0) == name)?;
        let (plain, full): (String, String) = (row.get(1), row.get(2));
        let (is_rounded, has_array): (bool, bool) = (row.get(3), row.get(5));
        let element = if has_array { plain.clone() } else { "pg_catalog.text".to_owned() };
        // A rounded value must equal the stored one. Texts are not cast: that would cut them instead of refusing them.
        let cast = if is_rounded { Some(full) } else { (!has_array).then_some(plain) };
        let kind = kind_of_name(row.get(4));
        Some(ColumnForm { name: name.to_owned(), element, cast, kind, has_equality: row.get(6) })
    };
    let mut forms = Vec::new();
    for column in plan.all_columns() {
        forms.push(form(&column.name).ok_or_else(|| {
            DbError::own(
                DbErrorKind::MissingColumn,
                Message::new("db_no_column").with("table", &plan.table).with("column", &column.name),
            )
        })?);
    }
    let statement = client.prepare(&statement(plan, &forms)).await.map_err(without_position)?;
    Ok(Writer { plan: plan.clone(), statement, kinds: forms.iter().map(|form| form.kind).collect() })
}

/// Positions in statements that nobody wrote help nobody.
fn without_position(error: tokio_postgres::Error) -> DbError {
    DbError { position: None, ..failed(error) }
}

/// A statement that writes the rows of arrays `$1`, `$2` … and returns how many were matched and changed.
fn statement(plan: &WritePlan, forms: &[ColumnForm]) -> String {
    let (table, count) = (plan.table.quoted(&DIALECT), plan.keys.len());
    let join = |parts: Vec<String>, separator: &str| parts.join(separator);
    let numbered = || forms.iter().enumerate().map(|(index, form)| (index + 1, form));
    let arrays =
        join(numbered().map(|(n, form)| format!("pg_catalog.unnest(${n}::{}[])", form.element)).collect(), ", ");
    let names = join(numbered().map(|(n, _)| format!("c{n}")).collect(), ", ");
    let cast = |(n, form): (usize, &ColumnForm)| match &form.cast {
        Some(cast) => format!("a.c{n}::{cast} AS c{n}"),
        None => format!("a.c{n}"),
    };
    let selected = join(numbered().map(cast).collect(), ", ");
    let rows = format!("WITH u AS MATERIALIZED (SELECT {selected} FROM ROWS FROM ({arrays}) AS a ({names}))");
    let differs = |(form, old, new): (&ColumnForm, String, String)| {
        if form.has_equality {
            return format!("{old} IS DISTINCT FROM {new}");
        }
        // Without the rules of a collation, for which other text may be equal.
        let text = |value: String| format!("{value}::pg_catalog.text COLLATE \"C\"");
        format!("{} IS DISTINCT FROM {}", text(old), text(new))
    };
    let written = || numbered().skip(count);
    if plan.mode == WriteMode::Update {
        let sets = join(written().map(|(n, form)| format!("{} = u.c{n}", quoted(&form.name))).collect(), ", ");
        let keys = numbered().take(count).map(|(n, form)| format!("t.{} = u.c{n}", quoted(&form.name)));
        let keys = join(keys.collect(), " AND ");
        let different =
            written().map(|(n, form)| differs((form, format!("t.{}", quoted(&form.name)), format!("u.c{n}"))));
        let different = join(different.collect(), " OR ");
        return format!(
            "{rows}, changed AS (UPDATE {table} AS t SET {sets} FROM u WHERE {keys} AND ({different}) RETURNING 1) \
             SELECT CASE WHEN c.n = (SELECT pg_catalog.count(*) FROM u) THEN c.n \
             ELSE (SELECT pg_catalog.count(*) FROM u WHERE EXISTS (SELECT FROM {table} AS t WHERE {keys})) END, c.n \
             FROM (SELECT pg_catalog.count(*) AS n FROM changed) AS c"
        );
    }
    let columns = join(forms.iter().map(|form| quoted(&form.name)).collect(), ", ");
    let keys = join(forms[..count].iter().map(|form| quoted(&form.name)).collect(), ", ");
    let action = if plan.mode == WriteMode::Insert {
        "NOTHING".to_owned()
    } else {
        let (old, new) = (
            |form: &ColumnForm| format!("t.{}", quoted(&form.name)),
            |form: &ColumnForm| format!("excluded.{}", quoted(&form.name)),
        );
        let sets = written().map(|(_, form)| format!("{} = {}", quoted(&form.name), new(form)));
        let different = written().map(|(_, form)| differs((form, old(form), new(form))));
        format!("UPDATE SET {} WHERE {}", join(sets.collect(), ", "), join(different.collect(), " OR "))
    };
    // Keys that the database numbers by itself may be given.
    format!(
        "{rows}, changed AS (INSERT INTO {table} AS t ({columns}) OVERRIDING SYSTEM VALUE SELECT {names} FROM u \
         ON CONFLICT ({keys}) DO {action} RETURNING 1) \
         SELECT (SELECT pg_catalog.count(*) FROM u), (SELECT pg_catalog.count(*) FROM changed)"
    )
}

impl Writer {
    /// Whether it is for this plan.
    pub(super) fn is_for(&self, plan: &WritePlan) -> bool {
        self.plan == *plan
    }

    /// Writes rows; the statement is a transaction of its own.
    pub(super) async fn write<'a>(&self, client: &Client, rows: &'a [WriteRow]) -> Result<Written, DbError> {
        let count = self.plan.keys.len();
        let column = |index: usize| {
            let value = |row: &'a WriteRow| match index.checked_sub(count) {
                None => row.key.get(index),
                Some(index) => row.values.get(index),
            };
            array(rows.iter().map(value), self.kinds[index])
        };
        let arrays: Vec<Value> = (0..self.kinds.len()).map(column).map(Value::Text).collect();
        let bound: Vec<Bound<'_>> = arrays.iter().map(Bound).collect();
        let values: Vec<&(dyn ToSql + Sync)> = bound.iter().map(|bound| bound as &(dyn ToSql + Sync)).collect();
        let row = client.query_one(&self.statement, &values).await.map_err(without_position)?;
        let (matched, changed): (i64, i64) = (row.get(0), row.get(1));
        let matched = matched as u64;
        Ok(Written { matched, changed: changed as u64, missing: rows.len() as u64 - matched })
    }
}

/// The values of a column as the text of an array.
fn array<'a>(values: impl Iterator<Item = Option<&'a Value>>, kind: Kind) -> String {
    let mut out = String::new();
    arrays::begin(&mut out);
    for value in values {
        match value.and_then(|value| literal(value, kind)) {
            Some(text) if matches!(value, Some(Value::Int(_))) => arrays::push_plain(&mut out, &text),
            text => arrays::push(&mut out, text.as_deref()),
        }
    }
    arrays::end(&mut out);
    out
}
