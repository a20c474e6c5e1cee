//! Writes rows by key. Each row of an update is a statement of its own, many of them in one packet: the counts are exact,
//! and values are converted as in any statement, which joins with a list of values don't do.

use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::errors::{DUPLICATE_KEY, error_of};
use super::{DIALECT, literals, tables};
use crate::db::{DbError, DbErrorKind, TableColumn, TableName, Value, WriteMode, WritePlan, WriteRow, Written};
use crate::model::Message;

/// Bytes of statements that are sent together.
const PACKET_BYTES: usize = 1 << 20;
/// Bytes of a packet that are not statements.
const PACKET_HEAD: usize = 64;

/// Tables whose only unique key is this.
pub(super) type OnlyKeys = std::collections::HashMap<(TableName, Vec<String>), bool>;

/// Writes rows in a transaction. After an error it is rolled back.
pub(super) async fn write(
    conn: &mut Conn,
    max_packet: usize,
    only_keys: &mut OnlyKeys,
    plan: &WritePlan,
    rows: &[WriteRow],
) -> Result<Written, DbError> {
    if plan.mode != WriteMode::Update && rows.iter().any(|row| row.key.iter().any(Value::is_null)) {
        return Err(DbError::own(DbErrorKind::Rejected, "db_key_null"));
    }
    let mut writer = Writer { conn, most: PACKET_BYTES.min(max_packet), max_packet, plan };
    let written = match plan.mode {
        WriteMode::Update => writer.update(rows).await,
        WriteMode::Upsert if is_only_key(writer.conn, only_keys, plan).await? => writer.upsert(rows).await,
        WriteMode::Upsert => writer.update_or_insert(rows).await,
        WriteMode::Insert => writer.insert(rows).await,
    };
    match written {
        Ok(written) => {
            run(writer.conn, "COMMIT").await?;
            Ok(written)
        }
        Err(error) => {
            // If this fails as well, the connection is lost, and the server rolls back.
            let _ = writer.conn.query_drop("ROLLBACK").await;
            Err(error)
        }
    }
}

async fn run(conn: &mut Conn, sql: &str) -> Result<(), DbError> {
    conn.query_drop(sql).await.map_err(|error| error_of(&error))
}

/// Whether the plan's key is the only one that `ON DUPLICATE KEY UPDATE` can find a row by.
async fn is_only_key(conn: &mut Conn, known: &mut OnlyKeys, plan: &WritePlan) -> Result<bool, DbError> {
    let mut key: Vec<String> = plan.keys.iter().map(|key| key.name.clone()).collect();
    key.sort();
    let name = (plan.table.clone(), key);
    if let Some(is_only) = known.get(&name) {
        return Ok(*is_only);
    }
    let is_only = tables::only_unique_key(conn, &plan.table).await.map_err(|error| error_of(&error))?;
    let is_only = is_only.is_some_and(|mut only| {
        only.sort();
        only == name.1
    });
    known.insert(name, is_only);
    Ok(is_only)
}

/// Columns in the way that `write` writes each of them by its number, separated by commas.
pub(super) fn list<'a>(columns: impl Iterator<Item = &'a TableColumn>, write: impl Fn(usize) -> String) -> String {
    columns.enumerate().map(|(i, _)| write(i)).collect::<Vec<_>>().join(", ")
}

fn names<'a>(columns: impl Iterator<Item = &'a TableColumn>) -> String {
    columns.map(|column| DIALECT.quoted(&column.name)).collect::<Vec<_>>().join(", ")
}

fn insert_into(plan: &WritePlan) -> String {
    format!("INSERT INTO {} ({})", plan.table.quoted(&DIALECT), names(plan.all_columns()))
}

/// Inserts rows or changes existing ones.
pub(super) fn upsert(plan: &WritePlan, rows: &str) -> String {
    let sets = plan.columns.iter().map(|column| {
        let name = DIALECT.quoted(&column.name);
        format!("{name} = VALUES({name})")
    });
    let sets = sets.collect::<Vec<_>>().join(", ");
    format!("{} VALUES {rows} ON DUPLICATE KEY UPDATE {sets}", insert_into(plan))
}

/// Inserts a row unless its key exists; a row that another unique key refuses is an error.
pub(super) fn insert_missing(plan: &WritePlan, value: impl Fn(usize) -> String) -> String {
    let tests = plan.keys.iter().enumerate().map(|(i, key)| format!("{} = {}", DIALECT.quoted(&key.name), value(i)));
    format!(
        "{} SELECT {} FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM {} WHERE {})",
        insert_into(plan),
        list(plan.all_columns(), &value),
        plan.table.quoted(&DIALECT),
        tests.collect::<Vec<_>>().join(" AND ")
    )
}

/// What a statement did to its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Effect {
    is_matched: bool,
    affected: u64,
    /// Rows that a statement with several found and changed.
    duplicates: u64,
}

impl Effect {
    /// From the counts of the server and its text, such as `Rows matched: 1  Changed: 0  Warnings: 0`.
    fn new(affected: u64, info: &str) -> Self {
        let count = |name: &str| {
            let (_, after) = info.split_once(name)?;
            after.split_whitespace().next()?.parse::<u64>().ok()
        };
        let is_matched = count("Rows matched:").map_or(affected > 0, |matched| matched > 0);
        Self { is_matched, affected, duplicates: count("Duplicates:").unwrap_or(0) }
    }
}

struct Writer<'a> {
    conn: &'a mut Conn,
    /// Bytes of a packet with many statements, and of the largest one.
    most: usize,
    max_packet: usize,
    plan: &'a WritePlan,
}

impl Writer<'_> {
    async fn update(&mut self, rows: &[WriteRow]) -> Result<Written, DbError> {
        let effects = self.update_each(rows).await?;
        let matched = effects.iter().filter(|effect| effect.is_matched).count() as u64;
        let changed = effects.iter().filter(|effect| effect.affected > 0).count() as u64;
        Ok(Written { matched, changed, missing: rows.len() as u64 - matched })
    }

    /// Begins the transaction and updates each row.
    async fn update_each(&mut self, rows: &[WriteRow]) -> Result<Vec<Effect>, DbError> {
        let head = format!("UPDATE {} SET ", self.plan.table.quoted(&DIALECT));
        let quoted = |columns: &[TableColumn]| columns.iter().map(|c| DIALECT.quoted(&c.name)).collect::<Vec<_>>();
        let (keys, columns) = (quoted(&self.plan.keys), quoted(&self.plan.columns));
        let statement = |row: &WriteRow| {
            let mut sql = head.clone();
            for (i, (column, value)) in self.plan.columns.iter().zip(&row.values).enumerate() {
                sql.push_str(if i > 0 { ", " } else { "" });
                sql.push_str(&columns[i]);
                sql.push_str(" = ");
                literals::push(&mut sql, column, value)?;
            }
            for (i, (column, value)) in self.plan.keys.iter().zip(&row.key).enumerate() {
                sql.push_str(if i > 0 { " AND " } else { " WHERE " });
                sql.push_str(&keys[i]);
                sql.push_str(" = ");
                literals::push(&mut sql, column, value)?;
            }
            Ok(sql)
        };
        let statements = rows.iter().map(statement).collect::<Result<Vec<_>, DbError>>()?;
        self.begin().await?;
        self.run_all(&statements).await
    }

    /// Changes existing rows, then inserts the others: for tables in which a row could be found by another key.
    async fn update_or_insert(&mut self, rows: &[WriteRow]) -> Result<Written, DbError> {
        let effects = self.update_each(rows).await?;
        let changed = effects.iter().filter(|effect| effect.affected > 0).count() as u64;
        let missing = rows.iter().zip(&effects).filter(|(_, effect)| !effect.is_matched).map(|(row, _)| row);
        let inserted = self.insert_each_missing(missing).await?;
        Ok(Written { matched: rows.len() as u64, changed: changed + inserted, missing: 0 })
    }

    async fn upsert(&mut self, rows: &[WriteRow]) -> Result<Written, DbError> {
        let statements = self.joined(rows, |values| upsert(self.plan, values))?;
        self.begin().await?;
        let effects = self.run_all(&statements).await?;
        // A changed row counts twice, and a single one has no text with its count.
        let changed = effects.iter().map(|effect| match (effect.affected, effect.duplicates) {
            (2, 0) if rows.len() == 1 => 1,
            (affected, duplicates) => affected.saturating_sub(duplicates),
        });
        Ok(Written { matched: rows.len() as u64, changed: changed.sum(), missing: 0 })
    }

    async fn insert(&mut self, rows: &[WriteRow]) -> Result<Written, DbError> {
        let head = insert_into(self.plan);
        let statements = self.joined(rows, |values| format!("{head} VALUES {values}"))?;
        self.begin().await?;
        let inserted = match self.run_all(&statements).await {
            Ok(_) => rows.len() as u64,
            Err(error) if error.code == DUPLICATE_KEY.to_string() => {
                run(self.conn, "ROLLBACK").await?;
                self.begin().await?;
                self.insert_each_missing(rows.iter()).await?
            }
            Err(error) => return Err(error),
        };
        Ok(Written { matched: rows.len() as u64, changed: inserted, missing: 0 })
    }

    async fn insert_each_missing(&mut self, rows: impl Iterator<Item = &WriteRow>) -> Result<u64, DbError> {
        let statement = |row: &WriteRow| {
            let literals = self.literals(row)?;
            Ok(insert_missing(self.plan, |i| literals[i].clone()))
        };
        let statements = rows.map(statement).collect::<Result<Vec<_>, DbError>>()?;
        Ok(self.run_all(&statements).await?.iter().map(|effect| effect.affected).sum())
    }

    async fn begin(&mut self) -> Result<(), DbError> {
        run(self.conn, "START TRANSACTION").await
    }

    fn literals(&self, row: &WriteRow) -> Result<Vec<String>, DbError> {
        let values = row.key.iter().chain(&row.values);
        let literal = |(column, value)| {
            let mut sql = String::new();
            literals::push(&mut sql, column, value).map(|()| sql)
        };
        self.plan.all_columns().zip(values).map(literal).collect()
    }

    /// Statements for as many rows as fit into a packet.
    fn joined(&self, rows: &[WriteRow], statement: impl Fn(&str) -> String) -> Result<Vec<String>, DbError> {
        let room = self.most.saturating_sub(statement("").len() + PACKET_HEAD);
        let (mut statements, mut values) = (Vec::new(), String::new());
        for row in rows {
            let row = format!("({})", self.literals(row)?.join(", "));
            if !values.is_empty() && values.len() + row.len() + 2 > room {
                statements.push(statement(&values));
                values.clear();
            }
            if !values.is_empty() {
                values.push_str(", ");
            }
            values.push_str(&row);
        }
        if !values.is_empty() {
            statements.push(statement(&values));
        }
        Ok(statements)
    }

    /// Runs statements, many in each packet; the server stops at the first that fails.
    async fn run_all(&mut self, statements: &[String]) -> Result<Vec<Effect>, DbError> {
        let mut effects = Vec::with_capacity(statements.len());
        let mut rest = statements;
        while !rest.is_empty() {
            let (mut count, mut bytes) = (0, PACKET_HEAD);
            while count < rest.len() && (count == 0 || bytes + rest[count].len() < self.most) {
                bytes += rest[count].len() + 1;
                count += 1;
            }
            if bytes > self.max_packet {
                let message = Message::new("db_row_too_large").with("bytes", bytes).with("most", self.max_packet);
                return Err(DbError::own(DbErrorKind::Rejected, message));
            }
            let packet = rest[..count].join(";");
            self.run_packet(&packet, count, &mut effects).await.map_err(|error| error_of(&error))?;
            rest = &rest[count..];
        }
        Ok(effects)
    }

    async fn run_packet(&mut self, sql: &str, count: usize, effects: &mut Vec<Effect>) -> mysql_async::Result<()> {
        let mut result = self.conn.query_iter(sql).await?;
        for number in 1..=count {
            effects.push(Effect::new(result.affected_rows(), &result.info()));
            if number < count {
                result.next().await?;
            }
        }
        result.drop_result().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{Database as _, Kind, mysql::Mysql};

    fn plan(mode: WriteMode) -> WritePlan {
        let column = |name: &str| TableColumn {
            name: name.to_owned(),
            kind: Kind::Text,
            type_name: "text".to_owned(),
            is_required: false,
            has_default: false,
            is_generated: false,
        };
        let table = TableName { schema: None, table: "or`der".to_owned() };
        WritePlan { table, keys: vec![column("id")], columns: vec![column("a"), column("b")], mode }
    }

    #[test]
    fn statements_are_shown_in_the_form_of_mysql() {
        let shown = |mode| Mysql.write_statement(&plan(mode));
        assert_eq!(shown(WriteMode::Update), "UPDATE `or``der` SET `a` = ?, `b` = ? WHERE `id` = ?");
        assert_eq!(
            shown(WriteMode::Upsert),
            "INSERT INTO `or``der` (`id`, `a`, `b`) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE `a` = VALUES(`a`), \
             `b` = VALUES(`b`)"
        );
        assert_eq!(
            shown(WriteMode::Insert),
            "INSERT INTO `or``der` (`id`, `a`, `b`) SELECT ?, ?, ? FROM DUAL WHERE NOT EXISTS \
             (SELECT 1 FROM `or``der` WHERE `id` = ?)"
        );
    }

    #[test]
    fn counts_come_from_the_text_of_the_server() {
        let effect = Effect::new(0, "Rows matched: 1  Changed: 0  Warnings: 0");
        assert_eq!(effect, Effect { is_matched: true, affected: 0, duplicates: 0 });
        assert!(!Effect::new(0, "Rows matched: 0  Changed: 0  Warnings: 0").is_matched);
        assert_eq!(Effect::new(5, "Records: 3  Duplicates: 2  Warnings: 0").duplicates, 2);
        assert!(Effect::new(1, "").is_matched);
    }
}
