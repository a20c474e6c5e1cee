//! `pixloom query` on servers, which observe how many statements run at once.

use crate::database::mysql::Mysql;
use crate::database::postgres::Postgres;
use crate::program::{Home, RunOutput};

/// What differs between servers.
struct Server {
    dsn: String,
    /// Runs statements.
    sql: Box<dyn Fn(&str) -> String>,
    /// A statement that sleeps for a while and counts those that run meanwhile, itself included.
    meeting: &'static str,
    /// A statement that takes a minute for the item 3.
    slow: &'static str,
}

fn mysql() -> Server {
    let server = Mysql::shared();
    let name = server.create_database();
    Server {
        dsn: server.dsn_with_password(&name),
        sql: Box::new(move |statements| server.sql(&name, statements)),
        meeting: "SELECT :id AS id, SLEEP(0.1) AS slept, (SELECT COUNT(*) FROM information_schema.PROCESSLIST \
            WHERE INFO LIKE '%pixloom_meeting%') AS running /* pixloom_meeting */",
        slow: "SELECT :id AS id, SLEEP(IF(:id = 3, 60, 0)) AS slept",
    }
}

fn postgres() -> Server {
    let server = Postgres::shared();
    let name = server.create_database();
    Server {
        dsn: server.dsn_with_password(&name),
        sql: Box::new(move |statements| server.sql(&name, statements)),
        meeting: "SELECT :id AS id, pg_sleep(0.1)::text AS slept, (SELECT count(*) FROM pg_stat_activity \
            WHERE state = 'active' AND query LIKE '%pixloom_meeting%') AS running /* pixloom_meeting */",
        slow: "SELECT :id::int AS id, pg_sleep(CASE WHEN :id::int = 3 THEN 60 ELSE 0 END)::text AS slept",
    }
}

fn query(home: &Home, server: &Server, args: &[&str]) -> RunOutput {
    home.run(&[&["query", "--db", &server.dsn], args].concat())
}

fn rows(home: &Home, file: &str) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(home.path(file)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn ids(home: &Home, last: u32) {
    let lines: Vec<String> = std::iter::once("id".to_owned()).chain((1..=last).map(|id| id.to_string())).collect();
    home.file("ids.csv", lines.join("\n"));
}

fn statements_overlap(server: &Server) {
    let home = Home::new();
    ids(&home, 64);
    let args = ["--sql", server.meeting, "--each", "ids.csv", "-o", "o.jsonl", "--db-connections", "8"];
    query(&home, server, &args).expect(0);
    let running: Vec<u64> = rows(&home, "o.jsonl").iter().map(|row| row["running"].as_u64().unwrap()).collect();
    assert_eq!((running.len(), running.iter().max()), (64, Some(&8)), "{running:?}");
}

fn a_slow_statement_fails_alone_and_the_session_is_read_only(server: &Server) {
    let home = Home::new();
    ids(&home, 10);
    let args = ["--sql", server.slow, "--each", "ids.csv", "-o", "o.csv", "--statement-timeout", "1s", "--json"];
    let output = query(&home, server, &args).expect(1);
    let failed = output.events_of("failed");
    assert_eq!((failed.len(), failed[0]["kind"].as_str()), (1, Some("db_timeout")), "{output:?}");
    (server.sql)("CREATE TABLE kept(id INTEGER PRIMARY KEY); INSERT INTO kept VALUES (1)");
    assert!(query(&home, server, &["--sql", "DELETE FROM kept"]).expect(2).err.contains("--write"));
    let output = query(&home, server, &["--sql", "DELETE FROM kept WHERE id = :id", "--each", "ids.csv", "--write"]);
    assert!(output.expect(0).out.contains("10 statements done, 1 row,"));
    assert_eq!((server.sql)("SELECT COUNT(*) FROM kept").trim(), "0");
    query(&home, server, &["--sql", "SELECT * FROM nowhere"]).expect(2);
    query(&home, server, &["--sql", "SELECT nope FROM kept"]).expect(2);
    let nobody = home.run(&["query", "--db", "mysql://me@127.0.0.1:1/x", "--sql", "SELECT 1"]).expect(3);
    assert!(nobody.err.contains("can't be reached"), "{nobody:?}");
}

fn parts_have_every_row_once_and_go_into_a_table(server: &Server) {
    let home = Home::new();
    let mut fill = String::from(
        "CREATE TABLE item(id INTEGER PRIMARY KEY, name VARCHAR(40), price DECIMAL(12,2), made TIMESTAMP NULL);",
    );
    for id in 1..=200 {
        let name = if id % 9 == 0 { "NULL".to_owned() } else { format!("'{}'", ["a", "B", "é", "''"][id % 4]) };
        let made = if id % 7 == 0 { "NULL".to_owned() } else { format!("'2026-01-{:02} 10:00:00'", id % 27 + 1) };
        fill.extend(["INSERT INTO item VALUES (", &format!("{id}, {name}, {id}.25, {made});")]);
    }
    (server.sql)(&fill);
    for column in ["id", "name", "price", "made"] {
        let args = ["--sql", "SELECT * FROM item", "--split", column, "--parts", "6", "-o", "o.jsonl"];
        query(&home, server, &[&args[..], &["--on-conflict", "overwrite"]].concat()).expect(0);
        let mut found: Vec<u64> = rows(&home, "o.jsonl").iter().map(|row| row["id"].as_u64().unwrap()).collect();
        found.sort_unstable();
        assert_eq!(found, (1..=200).collect::<Vec<u64>>(), "by {column}");
    }
    for _ in 0..2 {
        let args = ["--sql", "SELECT * FROM item", "--split", "id", "--parts", "6", "--into"];
        query(&home, server, &[&args[..], &["by_part"]].concat()).expect(0);
        query(&home, server, &[&args[..], &["by_key", "--key", "id"]].concat()).expect(0);
        for table in ["by_part", "by_key"] {
            let counted = (server.sql)(&format!(
                "SELECT COUNT(*), COUNT(DISTINCT id), CAST(SUM(price) AS DECIMAL(12,2)) FROM {table}"
            ));
            assert_eq!(
                counted.split(['\t', '|']).map(str::trim).collect::<Vec<_>>(),
                ["200", "200", "20150.00"],
                "{table}"
            );
        }
    }
}

#[test]
fn on_mysql_as_many_statements_run_at_once_as_there_are_connections() {
    statements_overlap(&mysql());
}

#[test]
fn on_mysql_a_slow_statement_fails_alone_and_nothing_is_changed_without_write() {
    a_slow_statement_fails_alone_and_the_session_is_read_only(&mysql());
}

#[test]
fn on_mysql_parts_have_every_row_once_and_go_into_a_table_once() {
    parts_have_every_row_once_and_go_into_a_table(&mysql());
}

#[test]
fn on_postgresql_as_many_statements_run_at_once_as_there_are_connections() {
    statements_overlap(&postgres());
}

#[test]
fn on_postgresql_a_slow_statement_fails_alone_and_nothing_is_changed_without_write() {
    a_slow_statement_fails_alone_and_the_session_is_read_only(&postgres());
}

#[test]
fn on_postgresql_parts_have_every_row_once_and_go_into_a_table_once() {
    parts_have_every_row_once_and_go_into_a_table(&postgres());
}

#[test]
fn statements_that_deadlock_are_repeated_and_take_effect_once() {
    let server = postgres();
    let home = Home::new();
    (server.sql)("CREATE TABLE pair(id INTEGER PRIMARY KEY, v INTEGER); INSERT INTO pair VALUES (1, 0), (2, 0)");
    home.file("pairs.csv", "first,last\n1,2\n2,1\n");
    // Each locks its first row, and then waits for the other's.
    let sql = "WITH a AS (UPDATE pair SET v = v + 1 WHERE id = :first::int RETURNING pg_sleep(0.5)), \
        b AS (UPDATE pair SET v = v + 1 WHERE id = :last::int AND (SELECT count(*) FROM a) = 1 RETURNING 1) \
        SELECT count(*) AS changed FROM b";
    let args = ["--sql", sql, "--each", "pairs.csv", "--write", "-o", "o.csv", "--db-connections", "2"];
    query(&home, &server, &args).expect(0);
    assert_eq!((server.sql)("SELECT sum(v), max(v) FROM pair").trim(), "4|2");
    let export = home.run(&["export", "1", "--format", "jsonl"]).expect(0).events();
    let attempts: Vec<u64> = export.iter().map(|row| row["attempts"].as_u64().unwrap()).collect();
    assert_eq!(attempts.iter().sum::<u64>(), 3, "one of the two was repeated: {attempts:?}");
    // Without further attempts, it fails by its cause.
    let output = query(&home, &server, &[&args[..], &["--retries", "0", "--json"]].concat()).expect(1);
    let failed = output.events_of("failed");
    assert_eq!((failed.len(), failed[0]["kind"].as_str()), (1, Some("db_conflict")), "{output:?}");
}
