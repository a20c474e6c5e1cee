//! A statement in parts, by ranges of a column. The ranges are half-open and the first one has the rows without a value, so
//! that every row is in exactly one part, in whatever order the database sorts.

use serde_json::Value as Json;

use crate::db::{Connection, DbError, Dialect, Kind, Statement, Value};

/// Names of our parameters and of what we add to statements.
const FROM: &str = "pixloom_from";
const TO: &str = "pixloom_to";
const ROWS: &str = "pixloom_rows";

/// The statement of a part; `has` says which ends its range has. Its parameters are the ends that it has, in order.
pub(super) fn statement(
    whole: &Statement,
    column: &str,
    has: (bool, bool),
    dialect: &Dialect,
) -> Result<Statement, DbError> {
    let column = dialect.quoted(column);
    let condition = match has {
        (false, false) => return Ok(whole.clone()),
        (false, true) => format!("({column} < :{TO} OR {column} IS NULL)"),
        (true, true) => format!("{column} >= :{FROM} AND {column} < :{TO}"),
        (true, false) => format!("{column} >= :{FROM}"),
    };
    Statement::parse(&format!("{} WHERE {condition}", rows_of(whole, dialect)), dialect)
}

/// A line of its own: the statement may end with a comment.
fn rows_of(whole: &Statement, dialect: &Dialect) -> String {
    format!("SELECT * FROM (\n{}\n) AS {ROWS}", whole.render(dialect))
}

/// Whether ranges of a column of this kind can be chosen.
pub(super) fn can_split(kind: Kind) -> bool {
    !matches!(kind, Kind::Bool | Kind::Bytes | Kind::Json)
}

/// The values between the parts: for whole numbers equally far from each other, otherwise so that all parts have about as
/// many rows. There may be fewer than `parts` - 1.
pub(super) async fn bounds(
    connection: &mut dyn Connection,
    whole: &Statement,
    (column, kind): (&str, Kind),
    parts: usize,
    dialect: &Dialect,
) -> Result<Vec<Json>, DbError> {
    let (name, rows) = (dialect.quoted(column), rows_of(whole, dialect));
    if kind == Kind::Int {
        let sql = rows.replacen('*', &format!("MIN({name}), MAX({name})"), 1);
        match first_row(connection, &sql).await?.as_slice() {
            [Value::Null, ..] => return Ok(Vec::new()),
            [Value::Int(least), Value::Int(most)] => return Ok(even_bounds(*least, *most, parts)),
            // SQLite stores any value in any column.
            _ => {}
        }
    }
    let sql = format!(
        "SELECT {name} FROM (SELECT {name}, ROW_NUMBER() OVER (ORDER BY {name}) AS pixloom_n, \
         COUNT(*) OVER () AS pixloom_k FROM (\n{}\n) AS {ROWS} WHERE {name} IS NOT NULL) AS pixloom_sorted \
         WHERE ((pixloom_n - 1) * {parts}) % pixloom_k < {parts} ORDER BY pixloom_n",
        whole.render(dialect)
    );
    let mut values = Vec::new();
    let mut found = connection.query(&sql, &[]).await?;
    loop {
        let page = found.next_rows(parts).await?;
        if page.is_empty() {
            break;
        }
        values.extend(page.into_iter().filter_map(|row| row.into_iter().next()));
    }
    // The first value begins the first part, which has no beginning.
    let mut bounds: Vec<Json> = Vec::new();
    for value in values.iter().skip(1).filter_map(json) {
        if bounds.last() != Some(&value) && Some(&value) != values.first().and_then(json).as_ref() {
            bounds.push(value);
        }
    }
    Ok(bounds)
}

async fn first_row(connection: &mut dyn Connection, sql: &str) -> Result<Vec<Value>, DbError> {
    let mut rows = connection.query(sql, &[]).await?;
    let first = rows.next_rows(1).await?.into_iter().next();
    Ok(first.unwrap_or_default())
}

fn even_bounds(least: i64, most: i64, parts: usize) -> Vec<Json> {
    let (least, width) = (i128::from(least), i128::from(most) - i128::from(least) + 1);
    let parts = parts as i128;
    let mut bounds: Vec<i128> = (1..parts).map(|n| least + width * n / parts).filter(|bound| *bound > least).collect();
    bounds.dedup();
    bounds.into_iter().filter_map(|bound| i64::try_from(bound).ok()).map(Json::from).collect()
}

/// A bound as items hold it; `None` for what can't be one.
fn json(value: &Value) -> Option<Json> {
    match value {
        Value::Int(value) => Some((*value).into()),
        Value::Float(value) => serde_json::Number::from_f64(*value).map(Json::Number),
        Value::Text(text) => Some(text.as_str().into()),
        Value::Null | Value::Bool(_) | Value::Bytes(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_of_whole_numbers_divide_them_evenly_up_to_the_ends_of_their_range() {
        assert_eq!(even_bounds(1, 10, 3), [4, 7]);
        assert_eq!(even_bounds(5, 6, 4), [6]);
        assert_eq!(even_bounds(7, 7, 8), Vec::<Json>::new());
        assert_eq!(even_bounds(i64::MIN, i64::MAX, 2), [0]);
    }
}
