//! Results that are written back into a table of a SQLite file.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::program::{Home, RunOutput};
use crate::util::server::{Answer, Server, ok, status};

/// A home with a table of products with these numbers, and a list of their links.
struct Shop {
    home: Home,
    db: PathBuf,
    server: Server,
}

const PRODUCTS: &str = "CREATE TABLE products(id INTEGER PRIMARY KEY, thumb TEXT, bytes INTEGER, sha TEXT, \
    state TEXT, error TEXT, at TEXT, note TEXT DEFAULT 'own')";
const MAP: &str = "products(id=col:id): thumb=output, bytes=bytes_out, sha=output_hash, state=state, error=error, \
    at=finished_at";

impl Shop {
    /// Links to `/gone...` fail.
    fn new(rows: impl Iterator<Item = (i64, String)>) -> Self {
        let server = Server::start(|request| -> Answer {
            if request.path.contains("gone") {
                status(404)
            } else {
                ok(format!("body of {}", request.path), "text/plain")
            }
        });
        let home = Home::new();
        let db = home.path("shop.sqlite");
        let mut list = String::from("id,url\n");
        let connection = Connection::open(&db).unwrap();
        connection.execute_batch(PRODUCTS).unwrap();
        connection.execute_batch("BEGIN").unwrap();
        for (id, path) in rows {
            connection.execute("INSERT INTO products(id, thumb) VALUES (?1, 'old')", [id]).unwrap();
            let _ = writeln!(list, "{id},{}", server.url(&path));
        }
        connection.execute_batch("COMMIT").unwrap();
        home.file("list.csv", list);
        Self { home, db, server }
    }

    fn of(count: i64) -> Self {
        Self::new((1..=count).map(|id| (id, format!("/{id}.txt"))))
    }

    fn sql(&self) -> Connection {
        let connection = Connection::open(&self.db).unwrap();
        connection.busy_timeout(Duration::from_mins(1)).unwrap();
        connection
    }

    fn args<'a>(map: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        let mut args = vec!["run", "--urls", "list.csv", "-o", "out", "--db", "shop.sqlite", "--write-back", map];
        args.extend(more);
        args
    }

    fn rows(&self, select: &str) -> Vec<Vec<Value>> {
        rows(&self.db, select)
    }
}

fn rows(db: &Path, select: &str) -> Vec<Vec<Value>> {
    let sql = Connection::open(db).unwrap();
    let mut select = sql.prepare(select).unwrap();
    let count = select.column_count();
    let found = select.query_map((), |row| {
        let cell = |index| {
            Ok(match row.get_ref(index)? {
                rusqlite::types::ValueRef::Integer(number) => json!(number),
                rusqlite::types::ValueRef::Text(text) => json!(std::str::from_utf8(text).unwrap()),
                rusqlite::types::ValueRef::Null => Value::Null,
                other => json!(format!("{other:?}")),
            })
        };
        (0..count).map(cell).collect::<rusqlite::Result<Vec<Value>>>()
    });
    found.unwrap().map(Result::unwrap).collect()
}

fn counts(output: &RunOutput) -> [u64; 4] {
    let end = output.events_of("finished").pop().unwrap();
    ["matched", "changed", "missing", "rejected"].map(|name| end[name].as_u64().unwrap_or_else(|| panic!("{end}")))
}

#[cfg(target_os = "linux")]
#[test]
fn rows_stay_when_their_job_is_undone_and_undo_says_so() {
    let shop = Shop::of(2);
    shop.home.run(&Shop::args(MAP, &[])).expect(0);
    let select = "SELECT id, thumb, bytes, sha, state FROM products ORDER BY id";
    let before = shop.rows(select);
    for args in [&["undo", "1", "--dry-run"][..], &["undo", "1"]] {
        let undo = shop.home.run(args).expect(0);
        assert!(undo.out.contains("Rows that the job wrote into its database stay"), "{undo:?}");
    }
    let last = |args: &[&str]| shop.home.run(args).expect(0).events().pop().unwrap()["rows_stay"].clone();
    assert_eq!(last(&["undo", "1", "--json"]), true);
    assert_eq!(last(&["undo", "1", "--redo", "--json"]), false);
    shop.home.run(&["undo", "1"]).expect(0);
    assert!(!shop.home.path("out").exists());
    shop.home.run(&["resume", "1"]).expect(0);
    assert_eq!(shop.rows(select), before);
}

#[test]
fn results_of_a_list_go_into_the_rows_with_their_keys_and_failures_keep_the_other_columns() {
    let shop =
        Shop::new([(1, "/a.txt"), (2, "/gone.txt"), (3, "/c.txt")].map(|(id, path)| (id, path.to_owned())).into_iter());
    let list = std::fs::read_to_string(shop.home.path("list.csv")).unwrap();
    shop.home.file("list.csv", format!("{list}77,{}\n,{}\n", shop.server.url("/d.txt"), shop.server.url("/e.txt")));
    let run = shop.home.run(&Shop::args(MAP, &["--json"])).expect(1);
    assert_eq!(counts(&run), [3, 3, 2, 0], "{}", run.out);
    let found =
        shop.rows("SELECT id, thumb, bytes, length(sha), state, error, at LIKE '20%Z', note FROM products ORDER BY id");
    let thumb = |name: &str| json!(shop.home.path("out").join(name).display().to_string());
    assert_eq!(
        found[0],
        [json!(1), thumb("a.txt"), json!(14), json!(64), json!("done"), Value::Null, json!(1), json!("own")]
    );
    assert_eq!(found[2][1], thumb("c.txt"));
    let [id, kept, bytes, sha, state, error, at, _] = &found[1][..] else { panic!("{found:?}") };
    assert_eq!(
        [id, kept, bytes, sha, state, at],
        [&json!(2), &json!("old"), &Value::Null, &Value::Null, &json!("failed"), &json!(1)]
    );
    assert!(error.as_str().unwrap().contains("404"), "{error}");
    assert_eq!(found.len(), 3, "an update inserts nothing");
    let summary = shop.home.run(&["jobs", "1"]).expect(0);
    assert!(summary.out.contains("3 rows written back (3 changed), 2 not found"), "{}", summary.out);
    let value: Value = serde_json::from_str(&shop.home.run(&["jobs", "1", "--json"]).expect(0).out).unwrap();
    assert_eq!(value["write_back"], json!({"matched": 3, "changed": 3, "missing": 2, "rejected": 0}));
}

#[test]
fn a_failed_item_that_succeeds_later_is_written_again() {
    let is_back = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&is_back);
    let server = Server::start(move |_| -> Answer {
        if seen.load(Ordering::Acquire) { ok("a", "text/plain") } else { status(404) }
    });
    let shop = Shop::of(1);
    shop.home.file("list.csv", format!("id,url\n1,{}\n", server.url("/a.txt")));
    shop.home.run(&Shop::args(MAP, &[])).expect(1);
    assert_eq!(shop.rows("SELECT state, thumb FROM products"), [[json!("failed"), json!("old")]]);
    is_back.store(true, Ordering::Release);
    shop.home.run(&["retry", "1"]).expect(0);
    assert_eq!(shop.rows("SELECT state, error FROM products"), [[json!("done"), Value::Null]]);
    assert_eq!(shop.rows("SELECT bytes, thumb LIKE '%a.txt' FROM products"), [[json!(1), json!(1)]]);
}

#[test]
fn what_the_table_can_not_take_is_refused_before_the_first_item() {
    let shop = Shop::of(1);
    let sql = shop.sql();
    sql.execute_batch(
        "CREATE TABLE keyless(id INTEGER, thumb TEXT); CREATE VIEW seen AS SELECT * FROM products;
         CREATE TABLE made(id INTEGER PRIMARY KEY, twice INTEGER AS (id * 2), must TEXT NOT NULL);",
    )
    .unwrap();
    for (args, part) in [
        (vec!["--write-back", "products(id=col:id): thumb=output", "-o", "-"], "standard output"),
        (vec!["--write-back", "products(id=col:id): thumb=outptu"], "outptu"),
        (vec!["--write-back", "products(id=col:id)"], "ends early"),
        (vec!["--write-back", "goods(id=col:id): thumb=output"], "goods"),
        (vec!["--write-back", "products(id=col:id): picture=output"], "picture"),
        (vec!["--write-back", "products(id=col:id): bytes=output"], "can't hold output"),
        (vec!["--write-back", "products(id=col:number): thumb=output"], "number"),
        (vec!["--write-back", "products(thumb=output): bytes=bytes_out"], "unique"),
        (vec!["--write-back", "keyless(id=col:id): thumb=output"], "unique"),
        (vec!["--write-back", "seen(id=col:id): thumb=output"], "unique"),
        (vec!["--write-back", "made(id=col:id): twice=width"], "computed"),
        (vec!["--write-back", "made(id=col:id): must=state", "--write-back-mode", "replace"], "replace"),
        (vec!["--write-back", "products(id=col:id): thumb=output:large"], "large"),
        (vec!["--write-back", "products(id=col:id): id=width"], "twice"),
        (vec!["--write-back-table", "products"], "locator"),
        (vec!["--write-back-mode", "upsert"], "--write-back"),
    ] {
        let mut all = vec!["run", "--urls", "list.csv", "--db", "shop.sqlite"];
        if !args.contains(&"-o") {
            all.extend(["-o", "out"]);
        }
        all.extend(&args);
        let refused = shop.home.run(&all).expect(2);
        assert!(refused.err.contains(part), "{args:?}: {}", refused.err);
        assert_eq!(
            refused.err.trim_end().lines().count(),
            if part == "replace" { refused.err.trim_end().lines().count() } else { 1 }
        );
    }
    let missing = ["run", "--urls", "list.csv", "-o", "out", "--db", "none.sqlite", "--write-back", MAP];
    assert!(shop.home.run(&missing).expect(2).err.contains("none.sqlite"));
    assert!(!shop.home.path("out").exists(), "nothing has started");
    assert_eq!(shop.home.run(&["jobs", "--json"]).expect(0).out, "");
    // A writable folder is no permission to write into the file.
    sql.pragma_update(None, "journal_mode", "DELETE").unwrap();
    drop(sql);
    assert_eq!(shop.rows("SELECT thumb FROM products"), [[json!("old")]]);
}

#[test]
fn rows_that_the_database_refuses_are_found_and_named_and_can_be_written_later() {
    const ROWS: i64 = 600;
    let shop = Shop::of(ROWS);
    shop.sql()
        .execute_batch(
            "CREATE TRIGGER no BEFORE UPDATE ON products WHEN old.id % 100 = 7
             BEGIN SELECT RAISE(ABORT, 'no sevens'); END",
        )
        .unwrap();
    let run = shop.home.run(&Shop::args(MAP, &["--json"])).expect(1);
    let rejected = run.events_of("rejected");
    let mut keys: Vec<&str> = rejected.iter().map(|event| event["key"].as_str().unwrap()).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["id=107", "id=207", "id=307", "id=407", "id=507", "id=7"]);
    assert!(rejected.iter().all(|event| event["message"] == "no sevens" && event["item"].as_u64().unwrap() % 100 == 7));
    assert_eq!(counts(&run), [594, 594, 0, 6]);
    assert_eq!(shop.rows("SELECT count(*), sum(state = 'done') FROM products"), [[json!(600), json!(594)]]);
    let exported = shop.home.run(&["export", "1", "--rows", "rejections", "--format", "jsonl"]).expect(0).events();
    let exported: Vec<&str> = exported.iter().map(|row| row["key"].as_str().unwrap()).collect();
    assert_eq!(exported, ["id=7", "id=107", "id=207", "id=307", "id=407", "id=507"]);
    let shown = shop.home.run(&["jobs", "1"]).expect(0);
    assert!(shown.out.contains("594 rows written back (594 changed), 6 rejected"), "{}", shown.out);
    assert!(shown.out.contains("id=107: no sevens") && shown.out.contains("pixloom retry 1"), "{}", shown.out);
    shop.home.run(&["resume", "1"]).expect(1);
    shop.sql().execute_batch("DROP TRIGGER no").unwrap();
    let retried = shop.home.run(&["retry", "1", "--json"]).expect(0);
    assert_eq!(counts(&retried), [600, 600, 0, 0]);
    assert_eq!(shop.rows("SELECT count(*) FROM products WHERE state = 'done'"), [[json!(600)]]);
    shop.home.run(&["retry", "1"]).expect(0);
}

/// Lists of one link, in each format, and one whose objects do not show all of their names at its beginning.
#[test]
fn a_column_that_a_list_lacks_is_refused_or_its_rows_are_rejected_but_never_emptied() {
    let shop = Shop::of(1);
    let url = shop.server.url("/1.txt");
    shop.home.file("short.csv", format!("id,url,name\n1,{url},a\n"));
    shop.home.file("short.json", format!("[{{\"id\": 1, \"url\": \"{url}\", \"name\": \"a\"}}]"));
    shop.home.file("short.jsonl", format!("{{\"id\": 1, \"url\": \"{url}\", \"name\": \"a\"}}\n"));
    shop.home.file("short.txt", format!("{url}\n"));
    let filler = format!("{{\"id\": 7, \"url\": \"{url}\", \"name\": \"{}\"}}\n", "x".repeat(300_000));
    shop.home.file("long.jsonl", format!("{{\"id\": 1, \"url\": \"{url}\", \"name\": null}}\n{filler}"));
    let run = |list: &str, map: &str| {
        shop.home.run(&["run", "--urls", list, "-o", "out", "--db", "shop.sqlite", "--write-back", map])
    };
    for list in ["short.csv", "short.json", "short.jsonl", "short.txt"] {
        for map in ["products(id=col:id): thumb=output, note=col:nmae", "products(id=col:idd): note=output"] {
            let refused = run(list, map).expect(2);
            let says = ["nmae", "idd", "has no columns"].iter().any(|part| refused.err.contains(part));
            assert!(says && refused.err.trim_end().lines().count() == 1, "{list}: {refused:?}");
        }
    }
    assert!(!shop.home.path("out").exists(), "nothing has started");
    let rejected = run("long.jsonl", "products(id=col:id): thumb=output, note=col:nmae").expect(1);
    assert!(rejected.err.contains("the row has no column nmae"), "{rejected:?}");
    assert_eq!(shop.rows("SELECT thumb, note FROM products"), [[json!("old"), json!("own")]]);
    run("long.jsonl", "products(id=col:id): note=col:name").expect(0);
    assert_eq!(shop.rows("SELECT note FROM products"), [[json!(null)]], "a null that is there is written");
}

#[test]
fn a_table_for_results_has_the_key_of_the_query_with_its_type() {
    let shop = Shop::of(2);
    let sql = format!("SELECT '{}' AS url, id FROM products", shop.server.url("/1.txt"));
    let run = |table: &str, more: &[&str]| {
        let args = ["run", "--sql", &sql, "-o", "out", "--db", "shop.sqlite", "--write-back-table", table];
        shop.home.run(&[&args[..], more].concat()).expect(0)
    };
    let keys = |table: &str| shop.rows(&format!("SELECT name, type FROM pragma_table_info('{table}') WHERE pk > 0"));
    let plan = run("planned", &["--key", "id", "--dry-run"]);
    assert!(plan.out.contains("\"planned\" (\"id\" INTEGER NOT NULL"), "{plan:?}");
    run("keyed", &["--key", "id"]);
    assert_eq!(keys("keyed"), [[json!("id"), json!("INTEGER")]]);
    assert_eq!(shop.rows("SELECT id FROM keyed JOIN products USING (id) ORDER BY id"), [[json!(1)], [json!(2)]]);
    run("by_link", &["--key", "url"]);
    run("unkeyed", &[]);
    assert_eq!((keys("by_link"), keys("unkeyed")), (keys("unkeyed"), vec![vec![json!("locator"), json!("TEXT")]]));
}

#[test]
fn a_table_for_results_is_created_once_and_the_same_rows_are_written_again() {
    let home = Home::new();
    Connection::open(home.path("results.db")).unwrap().execute_batch("CREATE TABLE other(x)").unwrap();
    for n in 0..3 {
        home.file(&format!("in/{n}.png"), format!("file {n}"));
    }
    let args = ["run", "in", "-o", "out", "--db", "results.db", "--write-back-table", "my results", "--json"];
    assert_eq!(counts(&home.run(&args).expect(0)), [3, 3, 0, 0]);
    let select = "SELECT locator, output, bytes_in, state FROM \"my results\" ORDER BY locator";
    let first = rows(&home.path("results.db"), select);
    assert_eq!((first.len(), &first[0][2], &first[0][3]), (3, &json!(6), &json!("done")));
    assert!(first[2][0].as_str().unwrap().ends_with("2.png"));
    home.run(&["run", "in", "-o", "again", "--db", "results.db", "--write-back-table", "my results"]).expect(0);
    let second = rows(&home.path("results.db"), select);
    assert_eq!(second.len(), 3);
    assert!(second.iter().all(|row| row[1].as_str().unwrap().contains("again")), "{second:?}");
}

#[test]
fn hostile_names_and_values_are_only_names_and_values() {
    let shop = Shop::of(0);
    let table = "or\"der; DROP TABLE products; --";
    let quoted = table.replace('"', "\"\"");
    shop.sql()
        .execute_batch(&format!(
            "CREATE TABLE \"{quoted}\"(\"select\" TEXT, \"a,=:(b\" TEXT, \"col:x\" TEXT, big TEXT, UNIQUE(\"select\", \"a,=:(b\"))"
        ))
        .unwrap();
    let values =
        ["'; DELETE FROM x; --", "한국어 🙂 \u{202e}", "NULL", ":name ?1 $1", "back\\slash", "tab\tquote\"quote"];
    let mut lines = String::new();
    let big = "x".repeat(1 << 20);
    for (n, value) in values.iter().enumerate() {
        let link = shop.server.url(&format!("/{n}.txt"));
        lines.push_str(&json!({"url": link, "k,1": value, "n": n, "big": big}).to_string());
        lines.push('\n');
    }
    shop.home.file("list.jsonl", lines);
    let map = format!("\"{quoted}\"(\"select\"=col:\"k,1\", \"a,=:(b\"=col:n): \"col:x\"=state, big=col:big");
    let args = ["run", "--urls", "list.jsonl", "-o", "out", "--db", "shop.sqlite", "--write-back", &map, "--json"];
    let args = [&args[..], &["--write-back-mode", "upsert"]].concat();
    assert_eq!(counts(&shop.home.run(&args).expect(0)), [6, 6, 0, 0]);
    let found = shop.rows(&format!("SELECT \"select\", \"col:x\", length(big) FROM \"{quoted}\" ORDER BY \"a,=:(b\""));
    for (row, value) in found.iter().zip(values) {
        assert_eq!(row[..], [json!(value), json!("done"), json!(1 << 20)]);
    }
    assert_eq!(found.len(), 6);
    assert_eq!(shop.rows("SELECT count(*) FROM products"), [[json!(0)]]);
}

#[test]
fn the_last_row_of_a_key_wins_and_inserted_rows_stay() {
    let shop = Shop::of(3);
    let link = |name: &str| shop.server.url(name);
    let list =
        format!("id,url\n9,{}\n9,{}\n8,{}\n,{}\n", link("/a.txt"), link("/bb.txt"), link("/c.txt"), link("/d.txt"));
    shop.home.file("list.csv", list);
    // One item at a time finishes in the order of the list.
    let one = ["--connections", "1", "--workers", "1", "--json", "--write-back-mode"];
    let run = shop.home.run(&Shop::args(MAP, &[&one[..], &["insert"]].concat())).expect(1);
    let rejected = run.events_of("rejected");
    assert_eq!(rejected.len(), 1, "a key without a value is not inserted: {rejected:?}");
    assert!(rejected[0]["message"].as_str().unwrap().contains("NULL"), "{rejected:?}");
    let names = "SELECT replace(thumb, rtrim(thumb, replace(thumb, '/', '')), '') FROM products ORDER BY id";
    let inserted = shop.rows(names);
    assert_eq!(inserted[3..], [[json!("c.txt")], [json!("a.txt")]]);
    shop.home.run(&Shop::args(MAP, &[&one[..], &["upsert", "--on-conflict", "overwrite"]].concat())).expect(1);
    assert_eq!(shop.rows(names)[3..], [[json!("c.txt")], [json!("bb.txt")]]);
}

#[test]
fn a_lock_of_another_session_is_waited_for_and_a_long_one_pauses_the_job_until_a_resume() {
    let shop = Shop::of(2);
    let gate = Arc::new(Gate::default());
    let passing = Arc::clone(&gate);
    let server = Server::start(move |request| -> Answer {
        passing.pass(if request.path.contains("/2") { 2 } else { 1 });
        ok("a", "text/plain")
    });
    shop.home.file("list.csv", format!("id,url\n1,{}\n2,{}\n", server.url("/1.txt"), server.url("/2.txt")));
    let other = shop.sql();
    // The items end while the table is locked.
    let mut running = shop.home.start(&Shop::args(MAP, &["--json", "--database-wait", "0s"]));
    running.until(|event| event["event"] == "started");
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    gate.raise(2);
    let stopped = running.wait().expect(3);
    assert!(stopped.err.contains("has failed for") && stopped.err.contains("pixloom resume 1"), "{}", stopped.err);
    // Neither does a resume wait that long; its check needs the lock, too.
    let resumed = shop.home.run(&["resume", "1"]).expect(3);
    assert!(resumed.err.contains("locked"), "{}", resumed.err);
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(shop.rows("SELECT count(*) FROM products WHERE state IS NULL"), [[json!(2)]]);
    shop.home.run(&["resume", "1"]).expect(0);
    assert_eq!(shop.rows("SELECT count(*) FROM products WHERE state = 'done'"), [[json!(2)]]);
    shop.home.run(&["resume", "1"]).expect(0);
}

/// Lets requests with numbers up to a limit pass.
#[derive(Default)]
struct Gate {
    limit: Mutex<i64>,
    raised: Condvar,
}

impl Gate {
    fn raise(&self, limit: i64) {
        *self.limit.lock().unwrap() = limit;
        self.raised.notify_all();
    }

    fn pass(&self, number: i64) {
        let limit = self.limit.lock().unwrap();
        drop(self.raised.wait_timeout_while(limit, Duration::from_mins(1), |limit| *limit < number).unwrap());
    }
}

#[test]
fn a_killed_program_continues_where_the_rows_end() {
    const ROWS: i64 = 300;
    let shop = Shop::of(ROWS);
    let gate = Arc::new(Gate::default());
    let passing = Arc::clone(&gate);
    let server = Server::start(move |request| -> Answer {
        let number = request.path.trim_matches(|c: char| !c.is_ascii_digit());
        passing.pass(number.parse().unwrap_or(0));
        ok(format!("body of {}", request.path), "text/plain")
    });
    let links = (1..=ROWS).map(|id| format!("{id},{}\n", server.url(&format!("/{id}.txt"))));
    shop.home.file("list.csv", format!("id,url\n{}", links.collect::<String>()));
    shop.sql()
        .execute_batch(
            "CREATE TABLE log(id);
             CREATE TRIGGER count AFTER UPDATE ON products BEGIN INSERT INTO log VALUES (old.id); END",
        )
        .unwrap();
    let run = Shop::args(MAP, &["--json", "--connections", "2"]);
    for (n, limit) in [40, 90, 140, 200].into_iter().enumerate() {
        gate.raise(limit);
        let mut running = shop.home.start(if n == 0 { &run } else { &["resume", "1", "--json"][..] });
        running.until(|event| event["event"] == "progress" && event["done"].as_i64() >= Some(limit - 2));
        running.kill();
    }
    gate.raise(ROWS);
    shop.home.run(&["resume", "1"]).expect(0);
    let length = |id| format!("body of /{id}.txt").len();
    let wanted: Vec<Vec<Value>> = (1..=ROWS).map(|id| vec![json!(id), json!("done"), json!(length(id))]).collect();
    assert_eq!(shop.rows("SELECT id, state, bytes FROM products ORDER BY id"), wanted);
    assert_eq!(shop.rows("SELECT count(DISTINCT thumb), sum(thumb = 'old') FROM products"), [[json!(ROWS), json!(0)]]);
    let repeated = shop.rows("SELECT count(*) - count(DISTINCT id) FROM log");
    assert_eq!(repeated, [[json!(0)]], "writing a row again changes nothing");
}

#[test]
fn a_dry_run_shows_the_statements_and_the_first_three_rows_and_writes_nothing() {
    let shop = Shop::of(5);
    let plan = shop.home.run(&Shop::args(MAP, &["--dry-run"])).expect(0);
    assert!(plan.out.contains("UPDATE \"products\" SET \"thumb\" = ?2, \"bytes\" = ?3"), "{}", plan.out);
    assert!(plan.out.contains("UPDATE \"products\" SET \"state\" = ?2"), "{}", plan.out);
    assert_eq!(plan.out.matches("  id = ").count(), 3, "{}", plan.out);
    assert!(plan.out.contains("id = 1, thumb = (known after the run)"), "{}", plan.out);
    let json = shop.home.run(&Shop::args(MAP, &["--dry-run", "--json"])).expect(0);
    assert_eq!(json.events_of("write_back")[0]["statements"].as_array().unwrap().len(), 2);
    let values: Vec<Value> = json.events_of("planned_row").iter().map(|row| row["values"]["id"].clone()).collect();
    assert_eq!(values, [1, 2, 3]);
    let new = [
        "run",
        "--urls",
        "list.csv",
        "-o",
        "out",
        "--db",
        "shop.sqlite",
        "--write-back-table",
        "r(id=col:id)",
        "--dry-run",
    ];
    let plan = shop.home.run(&new).expect(0);
    assert!(
        plan.out.contains("CREATE TABLE IF NOT EXISTS \"r\" (\"id\" TEXT NOT NULL, \"locator\" TEXT"),
        "{}",
        plan.out
    );
    assert_eq!(shop.rows("SELECT count(*), sum(state IS NULL) FROM products"), [[json!(5), json!(5)]]);
    assert_eq!(shop.rows("SELECT name FROM sqlite_schema WHERE name = 'r'").len(), 0);
}

/// `shop.sqlite` of a home, after these statements.
fn database(home: &Home, sql: &str) -> Connection {
    let connection = Connection::open(home.path("shop.sqlite")).unwrap();
    connection.busy_timeout(Duration::from_mins(1)).unwrap();
    connection.execute_batch(sql).unwrap();
    connection
}

#[test]
fn a_key_that_was_renamed_while_the_job_ran_is_an_error_and_not_a_missing_row() {
    let home = Home::new();
    let shop = database(&home, "CREATE TABLE p(id INTEGER PRIMARY KEY, state TEXT); INSERT INTO p(id) VALUES (1), (2)");
    for name in ["a", "bb"] {
        home.file(&format!("in/{name}.txt"), name);
    }
    let args = ["run", "--files", "-", "--all-files", "-o", "out", "--json", "--db", "shop.sqlite"];
    let map = ["--write-back", "p(id=bytes_in): state=state"];
    let (mut running, mut input) = home.start_with_input(&[&args[..], &map].concat());
    writeln!(input, "in/a.txt").unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    let written =
        || shop.query_row("SELECT count(*) FROM p WHERE state = 'done'", (), |row| row.get::<_, i64>(0)).unwrap();
    while written() == 0 {
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(10));
    }
    shop.execute_batch("ALTER TABLE p RENAME COLUMN id TO number").unwrap();
    writeln!(input, "in/bb.txt").unwrap();
    drop(input);
    let _ = running.line();
    let output = running.wait().expect(3);
    assert!(output.err.contains("no such column") && output.err.contains("pixloom resume 1"), "{output:?}");
    shop.execute_batch("ALTER TABLE p RENAME COLUMN number TO id").unwrap();
    home.run(&["resume", "1"]).expect(0);
    assert_eq!(written(), 2);
}

#[test]
fn jobs_that_write_into_the_same_rows_at_once_leave_every_row_right() {
    let home = Home::new();
    let shop = database(&home, "CREATE TABLE p(id INTEGER PRIMARY KEY, path TEXT, size INTEGER, hash TEXT)");
    for n in 0..300_u32 {
        home.file(&format!("in/{n}.txt"), "x".repeat(n as usize + 1));
        shop.execute("INSERT INTO p(id, path) VALUES (?1, 'in/' || ?1 || '.txt')", [n]).unwrap();
    }
    let start = |out: &str| {
        let query = ["run", "--sql", "SELECT id, path FROM p", "--all-files", "--db", "shop.sqlite", "-o", out];
        home.start(&[&query[..], &["--write-back", "p(id=col:id): size=bytes_in, hash=hash"]].concat())
    };
    for running in [start("one"), start("two"), start("three")] {
        let output = running.wait().expect(0);
        assert!(output.out.contains("300 rows written back"), "{output:?}");
    }
    let wrong = "SELECT count(*) FROM p WHERE size IS NOT id + 1 OR length(hash) IS NOT 64";
    assert_eq!(shop.query_row(wrong, (), |row| row.get::<_, i64>(0)).unwrap(), 0);
}

#[test]
fn a_dry_run_leaves_every_byte_of_the_catalog_and_the_database_as_it_is() {
    let home = Home::new();
    database(
        &home,
        "CREATE TABLE p(id INTEGER PRIMARY KEY, path TEXT, state TEXT); INSERT INTO p(id, path) VALUES (1, 'in/a.txt')",
    );
    home.file("in/a.txt", "a");
    let args = ["run", "--sql", "SELECT id, path FROM p", "--all-files", "--db", "shop.sqlite", "-o", "out"];
    let args = [&args[..], &["--catalog", "c.sqlite", "--write-back", "p(id=col:id): state=state"]].concat();
    let bytes = || ["shop.sqlite", "c.sqlite"].map(|name| std::fs::read(home.path(name)).unwrap_or_default());
    let plan = || home.run(&[&args[..], &["--dry-run"]].concat()).expect(0);
    let before = bytes();
    plan();
    assert!(bytes() == before && !home.path("c.sqlite").exists());
    home.run(&args).expect(0);
    let before = bytes();
    let shown = plan().out;
    assert!(shown.contains("UPDATE \"p\"") && shown.contains("id = 1, state = done"), "{shown}");
    home.run(&["jobs", "--catalog", "c.sqlite"]).expect(0);
    let after = bytes();
    assert!(after[0] == before[0], "the database has changed");
    assert!(after[1] == before[1], "the catalog has changed");
    assert!(home.files("").iter().all(|name| !name.ends_with("-wal")));
}
