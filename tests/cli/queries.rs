//! `pixloom query` on SQLite: statements over a list, in parts, into files and tables.

use std::path::Path;

use rusqlite::Connection;

use crate::program::{Home, RunOutput};

/// A home with a database of 1,000 products; every seventh has no region.
fn shop() -> Home {
    let home = Home::new();
    let sql = Connection::open(home.path("shop.sqlite")).unwrap();
    sql.execute_batch(
        "CREATE TABLE product(id INTEGER PRIMARY KEY, region TEXT, price REAL, data TEXT);
         WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 1000)
         INSERT INTO product SELECT id, iif(id % 7 = 0, NULL, 'r' || (id % 5)), id / 3.0, '{}' FROM n;",
    )
    .unwrap();
    home
}

/// A list of the numbers 1 to `last`.
fn ids(home: &Home, last: u32) {
    let lines: Vec<String> = std::iter::once("id".to_owned()).chain((1..=last).map(|id| id.to_string())).collect();
    home.file("ids.csv", lines.join("\n"));
}

fn sql(home: &Home) -> Connection {
    Connection::open(home.path("shop.sqlite")).unwrap()
}

fn count(home: &Home, query: &str) -> i64 {
    sql(home).query_row(query, (), |row| row.get(0)).unwrap()
}

fn query(home: &Home, args: &[&str]) -> RunOutput {
    home.run(&[&["query", "--db", "shop.sqlite"], args].concat())
}

fn lines(path: &Path) -> Vec<String> {
    std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn a_statement_runs_for_each_row_of_a_list_and_its_rows_are_in_the_order_of_the_list() {
    let home = shop();
    ids(&home, 500);
    let output =
        query(&home, &["--sql", "SELECT id, price FROM product WHERE id = :id", "--each", "ids.csv", "-o", "o.csv"]);
    let output = output.expect(0);
    assert!(output.out.starts_with("500 statements done, 500 rows, in "), "{output:?}");
    let rows = lines(&home.path("o.csv"));
    let ids: Vec<&str> = rows.iter().map(|row| row.split(',').next().unwrap()).collect();
    let wanted: Vec<String> = std::iter::once("id".to_owned()).chain((1..=500).map(|id| id.to_string())).collect();
    assert_eq!(ids, wanted);
    assert_eq!(home.files(".").iter().filter(|name| name.contains(".pixloom-")).count(), 0, "parts are removed");
    let jobs = home.run(&["jobs", "1", "--json"]).expect(0);
    assert_eq!((jobs.events()[0]["done"].as_u64(), jobs.events()[0]["state"].as_str()), (Some(500), Some("done")));
    home.run(&["jobs", "1"]).expect(0);
    let export = home.run(&["export", "1", "--format", "jsonl"]).expect(0).events();
    assert_eq!((export.len(), export[0]["height"].as_u64(), export[0]["width"].as_u64()), (500, Some(1), Some(2)));
}

#[test]
fn results_go_to_standard_output_and_reports_to_standard_error() {
    let home = shop();
    let output = query(&home, &["--sql", "SELECT id, region FROM product WHERE id IN (6, 7)"]).expect(0);
    assert_eq!((output.out.as_str(), output.err.contains("2 rows")), ("id,region\n6,r1\n7,\n", true), "{output:?}");
    let output = query(&home, &["--sql", "SELECT 1 AS a, NULL AS b", "--format", "jsonl", "--quiet"]).expect(0);
    assert_eq!((output.out.as_str(), output.err.as_str()), ("{\"a\":1,\"b\":null}\n", ""));
    assert!(query(&home, &["--sql", "SELECT 1", "--json"]).expect(2).err.contains("--json"));
}

#[test]
fn each_statement_has_its_own_file_if_a_folder_or_names_are_given() {
    let home = shop();
    home.file("regions.csv", "region\nr0\nr1\nr/2\n");
    let sql = "SELECT count(*) AS n FROM product WHERE region = :region";
    let args =
        ["--sql", sql, "--each", "regions.csv", "-o", "out", "--name", "{col:region}-{index}", "--format", "jsonl"];
    query(&home, &args).expect(0);
    let files = home.files("out");
    assert_eq!(files.iter().map(String::as_str).collect::<Vec<_>>(), ["r0-1.jsonl", "r1-2.jsonl", "r_2-3.jsonl"]);
    assert_eq!(std::fs::read_to_string(home.path("out/r_2-3.jsonl")).unwrap(), "{\"n\":0}\n");
    // What exists stays, as for other jobs.
    query(&home, &args).expect(0);
    assert!(home.files("out").contains("r0-1 (1).jsonl"));
}

#[test]
fn parts_have_every_row_exactly_once_whatever_the_column_holds() {
    let home = shop();
    sql(&home)
        .execute_batch(
            "CREATE TABLE \"we\"\"ird; --\"(\"a:b\" TEXT COLLATE NOCASE, n);
             INSERT INTO \"we\"\"ird; --\" VALUES ('a', 1), ('A', 2.5), ('', 'x'), (NULL, NULL), ('Z', NULL), ('é', x'00'),
                 ('''; DROP TABLE product; --', -9e99), ('a', 9223372036854775807), (NULL, -9223372036854775808);
             CREATE TABLE vacant(id INTEGER);
             CREATE TABLE voids(id INTEGER); INSERT INTO voids VALUES (NULL), (NULL);
             CREATE TABLE few(id INTEGER); INSERT INTO few VALUES (-9223372036854775808), (9223372036854775807), (0);",
        )
        .unwrap();
    let weird = "SELECT rowid AS row_no, * FROM \"we\"\"ird; --\" -- :not a parameter";
    for (statement, column, rows) in [
        ("SELECT * FROM product", "id", 1000),
        ("SELECT * FROM product", "region", 1000),
        ("SELECT * FROM product;", "price", 1000),
        (weird, "a:b", 9),
        (weird, "n", 9),
        (weird, "ROW_NO", 9),
        ("SELECT * FROM vacant", "id", 0),
        ("SELECT * FROM voids", "id", 2),
        ("SELECT * FROM few", "id", 3),
    ] {
        for parts in ["1", "4", "50"] {
            let args = [
                "--sql",
                statement,
                "--split",
                column,
                "--parts",
                parts,
                "-o",
                "o.jsonl",
                "--on-conflict",
                "overwrite",
            ];
            query(&home, &args).expect(0);
            let mut found = lines(&home.path("o.jsonl"));
            found.sort();
            query(&home, &["--sql", statement, "-o", "all.jsonl", "--on-conflict", "overwrite"]).expect(0);
            let mut wanted = lines(&home.path("all.jsonl"));
            wanted.sort();
            assert_eq!((found.len(), found == wanted), (rows, true), "{statement} by {column} in {parts}");
        }
    }
    let jobs =
        query(&home, &["--sql", "SELECT * FROM product", "--split", "id", "--parts", "4", "-o", "p.csv"]).expect(0);
    assert!(jobs.out.starts_with("4 statements done, 1,000 rows"), "{jobs:?}");
}

#[test]
fn one_wrong_row_of_a_thousand_fails_alone_and_a_retry_completes_the_file() {
    let home = shop();
    ids(&home, 1000);
    sql(&home).execute_batch("UPDATE product SET data = '{' WHERE id = 500").unwrap();
    let statement = "SELECT id, json(data) AS data FROM product WHERE id = :id";
    let args = ["--sql", statement, "--each", "ids.csv", "-o", "o.csv", "--json"];
    let output = query(&home, &args).expect(1);
    let failed = output.events_of("failed");
    assert_eq!((failed.len(), failed[0]["kind"].as_str()), (1, Some("db_statement")), "{failed:?}");
    assert!(failed[0]["message"].as_str().unwrap().contains("#501 id=500"), "{failed:?}");
    assert_eq!(lines(&home.path("o.csv")).len(), 1000);
    sql(&home).execute_batch("UPDATE product SET data = '[]' WHERE id = 500").unwrap();
    home.run(&["retry", "1", "--kind", "db_statement"]).expect(0);
    let rows = lines(&home.path("o.csv"));
    assert_eq!((rows.len(), rows[500].as_str()), (1001, "500,[]"));
    assert!(!home.path("o (1).csv").exists(), "the job's own file is replaced");
}

#[test]
fn too_many_failures_stop_the_job_which_can_be_resumed() {
    let home = shop();
    ids(&home, 100);
    sql(&home).execute_batch("UPDATE product SET data = '{' WHERE id <= 50").unwrap();
    let statement = "SELECT json(data) AS data FROM product WHERE id = :id";
    let args = ["--sql", statement, "--each", "ids.csv", "-o", "o.csv", "--max-failures", "5", "--db-connections", "1"];
    let output = query(&home, &args).expect(3);
    assert!(output.err.contains("pixloom resume 1") && !home.path("o.csv").exists(), "{output:?}");
    sql(&home).execute_batch("UPDATE product SET data = '{}'").unwrap();
    home.run(&["resume"]).expect(1);
    home.run(&["retry", "1"]).expect(0);
    assert_eq!(lines(&home.path("o.csv")).len(), 101);
}

/// A statement that ends for the items that the table `pace` allows, and else runs for years.
const PACED: &str = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c \
    WHERE n < (SELECT most FROM pace WHERE pace.id = :id)) SELECT :id AS id, count(*) AS n FROM c";

fn paced(home: &Home, items: u32, fast: u32) {
    ids(home, items);
    sql(home)
        .execute_batch(&format!(
            "CREATE TABLE pace(id INTEGER PRIMARY KEY, most INTEGER);
             INSERT INTO pace SELECT id, iif(id <= {fast}, 1, 1000000000000) FROM product WHERE id <= {items};"
        ))
        .unwrap();
}

fn hurry(home: &Home) {
    sql(home).execute_batch("UPDATE pace SET most = 1").unwrap();
}

#[test]
fn a_killed_job_is_resumed_without_repeating_what_is_done() {
    let home = shop();
    paced(&home, 40, 20);
    let args = ["query", "--db", "shop.sqlite", "--sql", PACED, "--each", "ids.csv", "-o", "o.csv", "--json"];
    let mut running = home.start(&args);
    running.until(|line| line["event"] == "progress" && line["done"] == 20);
    running.kill();
    assert!(!home.path("o.csv").exists(), "no file before all statements have run");
    let finished = |home: &Home| -> Vec<(u64, String)> {
        let rows = home.run(&["export", "1", "--format", "jsonl"]).expect(0).events();
        let done = rows.iter().filter(|row| row["state"] == "done");
        done.map(|row| (row["seq"].as_u64().unwrap(), row["finished_at"].to_string())).collect()
    };
    let before = finished(&home);
    assert_eq!(before.len(), 20);
    hurry(&home);
    home.run(&["resume"]).expect(0);
    assert_eq!(finished(&home)[..20], before, "done items are not repeated");
    let rows: Vec<String> = std::iter::once("id,n".to_owned()).chain((1..=40).map(|id| format!("{id},1"))).collect();
    assert_eq!(lines(&home.path("o.csv")), rows);
    assert_eq!(home.files(".").iter().filter(|name| name.contains(".pixloom-")).count(), 0);
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_statements_in_progress_and_the_rest_is_resumed_to_standard_output() {
    let home = shop();
    paced(&home, 12, 2);
    let args = ["query", "--db", "shop.sqlite", "--sql", PACED, "--each", "ids.csv", "--verbose"];
    let running = home.start(&args);
    running.until_error("#3 id=2 (1 row)");
    running.interrupt();
    let output = running.wait().expect(130);
    assert!(output.out.is_empty() && output.err.contains("pixloom resume 1"), "{output:?}");
    hurry(&home);
    let output = home.run(&["resume", "1"]).expect(0);
    assert_eq!(output.out.lines().count(), 13, "{output:?}");
    assert_eq!(output.out.lines().last(), Some("12,1"));
}

#[cfg(target_os = "linux")]
#[test]
fn as_many_statements_run_at_once_as_there_may_be_connections() {
    let home = shop();
    paced(&home, 40, 0);
    let args = ["query", "--db", "shop.sqlite", "--sql", PACED, "--each", "ids.csv", "--db-connections", "6"];
    let running = home.start(&args);
    let tasks = format!("/proc/{}/task", running.id());
    let connections = || {
        let threads = std::fs::read_dir(&tasks).into_iter().flatten().filter_map(Result::ok);
        let names = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("comm")).ok());
        names.filter(|name| name.starts_with("pixloom-sqlite")).count()
    };
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while connections() < 6 {
        assert!(std::time::Instant::now() < deadline, "only {} statements run at once", connections());
        std::thread::yield_now();
    }
    assert!(connections() <= 6);
    running.kill();
}

#[test]
fn a_statement_that_takes_too_long_fails_alone() {
    let home = shop();
    paced(&home, 20, 19);
    let args = ["--sql", PACED, "--each", "ids.csv", "-o", "o.csv", "--statement-timeout", "1s", "--json"];
    let output = query(&home, &args).expect(1);
    let failed = output.events_of("failed");
    assert_eq!((failed.len(), failed[0]["kind"].as_str()), (1, Some("db_timeout")), "{failed:?}");
    assert_eq!(lines(&home.path("o.csv")).len(), 20);
}

#[test]
fn values_are_bound_and_never_become_part_of_a_statement() {
    let home = shop();
    let hostile = ["'; DROP TABLE product; --", "\" OR 1=1 --", ":id", "한\u{0301}\\", "a\nb", "%_", "\u{202e}x"];
    let list: Vec<String> =
        hostile.iter().map(|text| serde_json::json!({ "v": text, "n": null }).to_string()).collect();
    home.file("values.jsonl", list.join("\n"));
    let statement = "SELECT :v AS v, ':v' AS literal, :n AS n, typeof(:n) AS kind";
    query(&home, &["--sql", statement, "--each", "values.jsonl", "-o", "o.jsonl"]).expect(0);
    let found: Vec<serde_json::Value> =
        lines(&home.path("o.jsonl")).iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (row, text) in found.iter().zip(hostile) {
        assert_eq!(*row, serde_json::json!({"v": text, "literal": ":v", "n": null, "kind": "null"}));
    }
    assert_eq!((found.len(), count(&home, "SELECT count(*) FROM product")), (hostile.len(), 1000));
    // An empty cell of a CSV file is NULL; the lines of a text are :value.
    home.file("cells.csv", "a,b\n1,\n");
    let output = query(&home, &["--sql", "SELECT typeof(:a) AS a, typeof(:b) AS b", "--each", "cells.csv"]).expect(0);
    assert_eq!(output.out, "a,b\ntext,null\n");
    home.file("words.txt", "# remark\nx y\n\nz\n");
    let output = query(&home, &["--sql", "SELECT :value AS word", "--each", "words.txt"]).expect(0);
    assert_eq!(output.out, "word\nx y\nz\n");
    // The record does not change them either.
    home.file("links.csv", "link\nhttp://me:pw@h.example/a\n");
    let output = query(&home, &["--sql", "SELECT :link AS link", "--each", "links.csv"]).expect(0);
    assert_eq!(output.out, "link\nhttp://me:pw@h.example/a\n");
}

#[test]
fn the_database_refuses_changes_without_write_and_counts_them_with_it() {
    let home = shop();
    ids(&home, 10);
    let insert = "INSERT INTO product(id) VALUES (5000) RETURNING id";
    let output = query(&home, &["--sql", insert]).expect(2);
    assert!(output.err.contains("--write") && count(&home, "SELECT count(*) FROM product") == 1000, "{output:?}");
    let update = "UPDATE product SET price = -1 WHERE id <= :id";
    let output = query(&home, &["--sql", update, "--each", "ids.csv"]).expect(2);
    assert!(output.err.contains("--write"), "{output:?}");
    let output = query(&home, &["--sql", update, "--each", "ids.csv", "--write"]).expect(0);
    assert!(output.out.starts_with("10 statements done, 55 rows"), "{output:?}");
    assert_eq!(count(&home, "SELECT count(*) FROM product WHERE price = -1"), 10);
    assert!(
        query(&home, &["--sql", update, "--each", "ids.csv", "--write", "-o", "x.csv"]).expect(2).err.contains("-o")
    );
}

#[test]
fn wrong_requests_are_refused_before_anything_starts() {
    let home = shop();
    ids(&home, 3);
    home.file("no.sqlite", "this is not a database, but a text that is long enough to be read as one");
    for (args, words) in [
        (&["--sql", "SELECT nope FROM product"][..], "nope"),
        (&["--sql", "SELECT * FROM nowhere"], "nowhere"),
        (&["--sql", "SELEC 1"], "SELEC"),
        (&["--sql", "SELECT 1; DROP TABLE product"], "more than one statement"),
        (&["--sql", "SELECT :x"], "--each"),
        (&["--sql", "SELECT :ids", "--each", "ids.csv"], "did you mean :id?"),
        (&["--sql", "SELECT 1", "--each", "ids.csv"], "no parameter"),
        (&["--sql", "SELECT id FROM product", "--split", "nope", "--parts", "2"], "nope"),
        (&["--sql", "SELECT id FROM product", "--split", "id"], "--parts"),
        (&["--sql", "SELECT id FROM product", "-o", "shop.sqlite"], "input"),
        (&["--sql", "SELECT :id", "--each", "ids.csv", "-o", "ids.csv"], "input"),
        (&["--sql", "SELECT id FROM product", "-o", "ids.csv", "--on-conflict", "fail"], "exists"),
        (&["--sql", "SELECT :id AS id", "--each", "ids.csv", "-o", "parts/{col:id}.csv"], "--name"),
        (&["--sql", "DELETE FROM product RETURNING id"], "--write"),
        (&["--file", "none.sql"], "none.sql"),
    ] {
        let output = query(&home, args).expect(2);
        assert!(output.err.contains(words) && output.err.lines().count() <= 9, "{args:?}: {output:?}");
    }
    home.run(&["query", "--db", "none.sqlite", "--sql", "SELECT 1"]).expect(2);
    home.run(&["query", "--db", "no.sqlite", "--sql", "SELECT 1"]).expect(2);
    assert!(home.run(&["jobs", "--json"]).expect(0).out.is_empty(), "no job was recorded");
    assert_eq!(count(&home, "SELECT count(*) FROM product"), 1000);
    // A list without a row is not a success, unless that is allowed.
    home.file("empty.csv", "id\n");
    query(&home, &["--sql", "SELECT :id AS id", "--each", "empty.csv", "-o", "e.csv"]).expect(1);
    query(&home, &["--sql", "SELECT :id AS id", "--each", "empty.csv", "-o", "e.csv", "--allow-empty"]).expect(0);
}

#[test]
fn rows_go_into_a_table_once_however_often_the_job_is_repeated() {
    let home = shop();
    let split = ["--sql", "SELECT id, price FROM product", "--split", "id", "--parts", "9"];
    let into = |table: &[&str]| query(&home, &[&split, table].concat());
    let total = |table: &str| count(&home, &format!("SELECT count(*) * 1000 + count(DISTINCT id) FROM {table}"));
    for _ in 0..2 {
        into(&["--into", "copies"]).expect(0);
        assert_eq!(total("copies"), 1_001_000, "a new table has the statement and the row's number as its key");
        into(&["--into", "keyed", "--key", "ID"]).expect(0);
        assert_eq!(total("keyed"), 1_001_000);
    }
    // Fewer rows than before: those of the same statement are replaced as a whole.
    query(&home, &["--sql", "SELECT id, price FROM product WHERE id = 1", "--into", "copies"]).expect(0);
    assert_eq!(count(&home, "SELECT count(*) FROM copies WHERE pixloom_part = 1"), 1);
    sql(&home)
        .execute_batch(
            "CREATE TABLE prices(id INTEGER UNIQUE, price REAL, note TEXT); INSERT INTO prices VALUES (1, -1, 'kept');
             CREATE TABLE keyless(id INTEGER, price REAL); CREATE TABLE \"sel\"\"ect\"(id INTEGER PRIMARY KEY, price REAL);",
        )
        .unwrap();
    into(&["--into", "prices"]).expect(0);
    assert_eq!(count(&home, "SELECT count(*) FROM prices WHERE id = 1 AND price > 0 AND note = 'kept'"), 1);
    into(&["--into", "\"sel\"\"ect\""]).expect(0);
    assert_eq!(total("\"sel\"\"ect\""), 1_001_000);
    assert!(into(&["--into", "keyless"]).expect(2).err.contains("unique key"));
    assert!(into(&["--into", "new", "--key", "nope"]).expect(2).err.contains("nope"));
    assert_eq!(count(&home, "SELECT count(*) FROM sqlite_schema WHERE name = 'new'"), 0);
    // Another database.
    Connection::open(home.path("other.sqlite")).unwrap().execute_batch("CREATE TABLE t(x)").unwrap();
    into(&["--into", "copies", "--into-db", "other.sqlite"]).expect(0);
    let other = Connection::open(home.path("other.sqlite")).unwrap();
    assert_eq!(other.query_row("SELECT count(*) FROM copies", (), |row| row.get::<_, i64>(0)).unwrap(), 1000);
}

#[test]
fn parquet_results_are_typed_and_can_be_the_list_of_the_next_query() {
    let home = shop();
    let statement = "SELECT id, region, price, id > 5 AS is_late, count(*) OVER () AS of FROM product";
    query(&home, &["--sql", statement, "--split", "id", "--parts", "3", "-o", "all.parquet"]).expect(0);
    let next = "SELECT :id AS id, :region AS region, typeof(:id) AS kind, typeof(:price) AS price_kind, :of AS parts";
    query(&home, &["--sql", next, "--each", "all.parquet", "-o", "next.csv"]).expect(0);
    let rows = lines(&home.path("next.csv"));
    assert_eq!((rows.len(), rows[1].as_str()), (1001, "1,r1,integer,real,1000"));
    assert_eq!(rows[7], "7,,integer,real,1000");
}

#[cfg(target_os = "linux")]
#[test]
fn a_large_result_needs_no_memory_of_its_size() {
    let home = shop();
    let statement = "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 300000) \
        SELECT id, hex(zeroblob(250)) AS zeros FROM n";
    let args = ["query", "--db", "shop.sqlite", "--sql", statement, "-o", "large.csv", "--fast"];
    let (output, peak_bytes) = home.start(&args).wait_with_peak();
    output.expect(0);
    assert_eq!(std::fs::metadata(home.path("large.csv")).unwrap().len() / 1_000_000, 152);
    assert!(peak_bytes < 100_000_000, "{peak_bytes}");
}

#[cfg(target_os = "linux")]
#[test]
fn the_file_of_all_statements_is_what_an_export_names_and_what_undo_moves() {
    let home = shop();
    ids(&home, 20);
    let statement = "SELECT id, json(data) AS data FROM product WHERE id = :id";
    let args = ["--sql", statement, "--each", "ids.csv", "-o", "o.csv", "--json=items"];
    let output = query(&home, &args).expect(0);
    assert!(output.events_of("item").iter().all(|item| item["output"].is_null()), "{output:?}");
    let file = home.path("o.csv");
    let before = std::fs::read(&file).unwrap();
    for (rows, output, hash) in [("items", "output", "output_hash"), ("outputs", "path", "hash")] {
        let export = home.run(&["export", "1", "--format", "jsonl", "--rows", rows]).expect(0).events();
        assert_eq!(export.len(), 20);
        for row in export {
            assert_eq!(row[output].as_str(), file.to_str(), "{row}");
            assert_eq!(row[hash].as_str().map(str::len), Some(64), "{row}");
        }
    }
    let plan = home.run(&["undo", "1", "--dry-run"]).expect(0);
    assert!(plan.out.contains("1 result would go to the trash"), "{plan:?}");
    for _ in 0..2 {
        let undo = home.run(&["undo", "1"]).expect(0);
        assert!(undo.out.contains("1 result is in the trash now") && !file.exists(), "{undo:?}");
        assert!(home.run(&["undo", "1"]).expect(0).out.contains("no results to undo"));
        home.run(&["undo", "1", "--redo"]).expect(0);
        assert!(std::fs::read(&file).unwrap() == before);
    }
    // A file that was changed stays.
    std::fs::write(&file, "changed").unwrap();
    let undo = home.run(&["undo", "1", "--json"]).expect(1);
    assert_eq!(undo.events_of("stayed")[0]["reason"], "changed", "{undo:?}");
    assert!(undo.events_of("stayed")[0]["item"].is_null() && file.exists(), "{undo:?}");
    // With failed statements, their rows are kept; after an undo a retry makes the file again.
    sql(&home).execute_batch("UPDATE product SET data = '{' WHERE id = 7").unwrap();
    query(&home, &["--sql", statement, "--each", "ids.csv", "-o", "p.csv"]).expect(1);
    home.run(&["undo", "2"]).expect(0);
    assert!(!home.path("p.csv").exists());
    sql(&home).execute_batch("UPDATE product SET data = '{}' WHERE id = 7").unwrap();
    home.run(&["retry", "2"]).expect(0);
    assert_eq!(lines(&home.path("p.csv")).len(), 21);
    home.run(&["undo", "2"]).expect(0);
    assert!(!home.path("p.csv").exists());
    // Nothing of a result on standard output is left.
    query(&home, &["--sql", "SELECT id FROM product"]).expect(0);
    assert!(home.run(&["export", "3", "--format", "jsonl"]).expect(0).events()[0]["output"].is_null());
    assert!(home.run(&["undo", "3"]).expect(0).out.contains("no results to undo"));
    let into = query(&home, &["--sql", "SELECT id FROM product", "--into", "copies"]).expect(0);
    let undo = home.run(&["undo", "4"]).expect(0);
    assert!(undo.out.contains("Rows that the job wrote into its database stay"), "{into:?} {undo:?}");
    // Rows that were kept for a retry go with the record.
    sql(&home).execute_batch("UPDATE product SET data = '{' WHERE id = 7").unwrap();
    query(&home, &["--sql", statement, "--each", "ids.csv", "-o", "q.csv"]).expect(1);
    let kept = || home.files(".").iter().filter(|name| name.starts_with(".q.csv.pixloom-")).count();
    assert_eq!(kept(), 19);
    home.run(&["jobs", "--prune", "--state", "done"]).expect(0);
    assert_eq!((kept(), home.path("q.csv").exists()), (0, true));
}

#[cfg(unix)]
#[test]
fn the_command_of_a_query_job_asks_for_the_same() {
    let home = shop();
    ids(&home, 5);
    sql(&home)
        .execute_batch(
            "CREATE TABLE \"sel\"\"ect\"(\"a,b\" INTEGER, \"c\"\"\" INTEGER, v REAL, UNIQUE (\"a,b\", \"c\"\"\"))",
        )
        .unwrap();
    let each = ["--sql", "SELECT id, 'it''s $x' AS \"q\"\n FROM product -- :no\n WHERE id = :id", "--each", "ids.csv"];
    let split = ["--sql", "SELECT * FROM product", "--split", "id", "--parts", "3"];
    let table = ["--sql", "SELECT id AS \"a,b\", id AS \"c\"\"\", price AS v FROM product", "--into", "\"sel\"\"ect\""];
    let write = ["--sql", "UPDATE product SET price = 1 WHERE id = :id", "--each", "ids.csv", "--write"];
    let job = |back: usize| {
        let jobs = home.run(&["jobs", "--json"]).expect(0).events();
        let mut numbers: Vec<u64> = jobs.iter().map(|job| job["job"].as_u64().unwrap()).collect();
        numbers.sort_unstable();
        numbers[numbers.len() - back].to_string()
    };
    for args in [
        [&each[..], &["-o", "o.csv", "--retries", "0", "--max-failures", "3", "--db-connections", "2"]].concat(),
        [&split[..], &["-o", "p.dat", "--format", "parquet", "--on-conflict", "overwrite", "--fast"]].concat(),
        [&split[..], &["-o", "files/", "--format", "jsonl", "--statement-timeout", "90s", "--on-conflict", "skip"]]
            .concat(),
        [&split[..], &["-o", "named", "--name", "part {index}"]].concat(),
        [&table[..], &["--key", "\"a,b\",\"c\"\"\""]].concat(),
        table.to_vec(),
        ["--sql", "SELECT 1 AS one", "--format", "jsonl"].to_vec(),
        write.to_vec(),
    ] {
        query(&home, &args).expect(0);
        let command = home.run(&["jobs", &job(1), "--command"]).expect(0);
        assert!(command.out.starts_with("pixloom query --db ") && command.err.is_empty(), "{command:?}");
        // From any folder.
        home.run_line(&format!("mkdir -p else; cd else; {}", command.out)).expect(0);
        assert_eq!(home.run(&["jobs", &job(1), "--command"]).expect(0).out, command.out, "{args:?}");
        let request = |job: String| {
            let catalog = walkdir::WalkDir::new(home.path("data")).into_iter().filter_map(Result::ok);
            let catalog =
                catalog.map(walkdir::DirEntry::into_path).find(|path| path.ends_with("catalog.sqlite")).unwrap();
            let text: String = Connection::open(catalog)
                .unwrap()
                .query_row("SELECT spec FROM job_request WHERE job_id = ?1", [job], |row| row.get(0))
                .unwrap();
            let mut spec: serde_json::Value = serde_json::from_str(&text).unwrap();
            // What belongs to each job.
            for own in ["/query/result/file/written", "/outputs/0/sink/dir"] {
                spec.pointer_mut(own).map(serde_json::Value::take);
            }
            spec
        };
        assert_eq!(request(job(1)), request(job(2)), "{args:?}");
    }
    assert!(home.path("o (1).csv").exists() && home.path("files/00001.jsonl").exists());
    // A list that was on standard input is missing.
    home.run_with_input(
        &["query", "--db", "shop.sqlite", "--sql", "SELECT :id", "--each", "-", "-o", "i.csv"],
        "id\n1\n",
    )
    .expect(0);
    let command = home.run(&["jobs", &job(1), "--command"]).expect(0);
    assert!(command.out.contains("--each -") && !command.err.is_empty(), "{command:?}");
}

#[test]
fn a_job_is_resumed_from_any_folder() {
    let home = shop();
    paced(&home, 4, 2);
    let args = ["query", "--db", "shop.sqlite", "--sql", PACED, "--each", "ids.csv", "-o", "files/", "--json"];
    let mut running = home.start(&args);
    running.until(|line| line["event"] == "progress" && line["done"] == 2);
    running.kill();
    hurry(&home);
    std::fs::create_dir(home.path("else")).unwrap();
    home.run_in("else", &["resume"]).expect(0);
    assert_eq!(home.files("files").len(), 4);
}

#[cfg(unix)]
#[test]
fn a_job_that_stopped_while_rows_went_into_a_table_is_resumed() {
    let home = shop();
    paced(&home, 6, 2);
    // Statements that read the file would keep others from writing into it.
    let other = Connection::open(home.path("other.sqlite")).unwrap();
    other.execute_batch("CREATE TABLE t(x)").unwrap();
    let args = ["query", "--db", "shop.sqlite", "--sql", PACED, "--each", "ids.csv"];
    let args = [&args[..], &["--into", "copies", "--into-db", "other.sqlite", "--json"]].concat();
    let mut running = home.start(&args);
    running.until(|line| line["event"] == "progress" && line["done"] == 2);
    running.interrupt();
    running.wait().expect(130);
    hurry(&home);
    home.run(&["resume"]).expect(0);
    let copied = "SELECT count(*) * 100 + count(DISTINCT id) FROM copies";
    assert_eq!(other.query_row(copied, (), |row| row.get::<_, i64>(0)).unwrap(), 606);
}

#[test]
fn a_kill_after_the_rows_of_statements_were_removed_leaves_a_complete_file() {
    let home = shop();
    ids(&home, 3);
    let statement = "SELECT id FROM product WHERE id = :id";
    let args = ["--sql", statement, "--each", "ids.csv", "-o", "o.csv", "--catalog", "c.sqlite"];
    query(&home, &args).expect(0);
    let before = std::fs::read(home.path("o.csv")).unwrap();
    // What such a kill leaves in the catalog.
    let catalog = Connection::open(home.path("c.sqlite")).unwrap();
    catalog.execute_batch("UPDATE job SET state = 'running', finished_at = NULL").unwrap();
    home.run(&["resume", "1", "--catalog", "c.sqlite"]).expect(0);
    assert!(std::fs::read(home.path("o.csv")).unwrap() == before && !home.path("o (1).csv").exists());
    assert!(!home.files(".").iter().any(|name| name.contains(".pixloom-")));
}
