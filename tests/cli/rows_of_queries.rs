//! Items from the rows of a query: `--sql`, `--db`, `--key` and `--since`.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::program::{Home, Running};
use crate::util::server::{Answer, Server, ok, status};

const DEADLINE: Duration = Duration::from_secs(60);

/// Serves `a` as /a.txt, /b.txt, ...
fn letters() -> Server {
    Server::start(|request| -> Answer {
        match request.path.as_str() {
            path if path.len() == 6 => ok(&path[1..2], "text/plain"),
            _ => status(404),
        }
    })
}

/// A SQLite file of the home, after these statements.
fn database(home: &Home, name: &str, sql: &str) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(home.path(name)).unwrap();
    connection.execute_batch(sql).unwrap();
    connection
}

fn names(home: &Home, folder: &str) -> Vec<String> {
    home.files(folder).into_iter().collect()
}

/// The rows of a query on a catalog; empty as long as there is no catalog.
fn rows(catalog: &PathBuf, sql: &str) -> Vec<(String, Option<String>)> {
    let Ok(connection) = rusqlite::Connection::open(catalog) else { return Vec::new() };
    let Ok(mut select) = connection.prepare(sql) else { return Vec::new() };
    let rows = select.query_map((), |row| Ok((row.get(0)?, row.get(1)?)));
    rows.and_then(Iterator::collect).unwrap_or_default()
}

fn count(catalog: &PathBuf, sql: &str) -> i64 {
    let one = |connection: rusqlite::Connection| connection.query_row(sql, (), |row| row.get(0));
    rusqlite::Connection::open(catalog).and_then(one).unwrap_or_default()
}

#[track_caller]
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + DEADLINE;
    while !is_so() {
        assert!(Instant::now() < until, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn rows_are_items_with_their_other_columns() {
    let (home, server) = (Home::new(), letters());
    let url = |letter: &str| server.url(&format!("/{letter}.txt"));
    let text = "x".repeat(1 << 20);
    database(
        &home,
        "shop.sqlite",
        &format!(
            "CREATE TABLE p(id INTEGER, url TEXT, \"a\"\"b; --\" TEXT, price REAL, big TEXT);
             INSERT INTO p VALUES (1, '{}', 'x''y', 1.5, NULL), (2, NULL, 'none', 2, NULL), (3, ' ', 'none', 2, NULL),
                 (4, '{1}', 'z', 9e999, '{text}'), (4, '{1}', 'z', 9e999, 'other');",
            url("a"),
            url("b"),
        ),
    );
    let sql = "SELECT id, url, \"a\"\"b; --\", price, big, ':name' AS \"x:y\" FROM p -- :comment";
    let args = ["run", "--sql", sql, "--db", "shop.sqlite", "--name", "{col:id} {col:x:y}", "-o", "out"];
    let output = home.run(&args).expect(0);
    assert!(output.err.contains("Skipped 2 rows of") && output.err.contains("without a link or path"), "{output:?}");
    assert_eq!(names(&home, "out").len(), 2, "{:?}", names(&home, "out"));
    let exported = home.run(&["export", "1", "--format", "jsonl"]).expect(0).events();
    let columns = &exported[0]["extra"]["columns"];
    assert_eq!(columns["id"], 1);
    assert_eq!((&columns["a\"b; --"], &columns["price"]), (&"x'y".into(), &1.5.into()));
    assert_eq!((&columns["big"], &columns["x:y"]), (&serde_json::Value::Null, &":name".into()));
    assert!(columns.get("url").is_none());
    assert_eq!(exported[1]["extra"]["columns"]["big"].as_str().unwrap().len(), 1 << 20);
    assert_eq!(exported.len(), 3, "each row is an item, the same link or not");
    // The first name that fits, and the one that the user names.
    let other = ["run", "--db", "shop.sqlite", "--sql", "SELECT id, url AS image FROM p WHERE id = 1"];
    home.run(&[&other[..], &["--url-column", "IMAGE", "--name", "{col:id}", "-o", "named"]].concat()).expect(0);
    assert_eq!(names(&home, "named"), ["1.txt"]);
}

#[test]
fn paths_are_relative_to_the_folder_of_the_sqlite_file() {
    let home = Home::new();
    home.sample("lighthouse-coast.jpg", "shop/images/a.jpg");
    let absolute = home.sample("lighthouse-coast.jpg", "elsewhere/b.jpg");
    let sql = "CREATE TABLE p(path TEXT, id INTEGER)";
    let shop = database(&home, "shop/shop.sqlite", sql);
    for path in ["images/a.jpg", absolute.to_str().unwrap(), "images/none.jpg"] {
        shop.execute("INSERT INTO p VALUES (?1, 7)", [path]).unwrap();
    }
    let args = ["run", "--sql", "SELECT * FROM p", "--db", "shop/shop.sqlite", "-o", "out", "--json"];
    let output = home.run(&args).expect(1);
    assert_eq!(names(&home, "out"), ["a.jpg", "b.jpg"]);
    assert!(output.events_of("failed")[0]["locator"].as_str().unwrap().ends_with("shop/images/none.jpg"), "{output:?}");
}

#[test]
fn what_is_wrong_is_said_before_anything_starts() {
    let home = Home::new();
    home.file("text.sqlite", "this is no database, but it is long enough to be looked at".repeat(20));
    let shop = database(&home, "shop.sqlite", "CREATE TABLE p(id INTEGER PRIMARY KEY, url TEXT, updated TEXT)");
    let since = ["--since", "updated"];
    for (sql, more, said) in [
        ("SELEC 1", &[][..], "syntax error"),
        ("SELECT url FROM q", &[], "no such table: q"),
        ("SELECT link FROM p", &[], "no such column: link"),
        ("SELECT url FROM p WHERE id = :id", &[], "the parameter :id"),
        ("SELECT url FROM p WHERE updated > :last", &[], "Add --since COLUMN"),
        ("SELECT url, updated FROM p", &since, "needs the parameter :last"),
        ("SELECT url, id FROM p WHERE updated > :last", &since, "no column \"updated\"; its columns are url, id"),
        ("SELECT url, id FROM p", &["--key", "no"], "no column \"no\""),
        ("SELECT url, id FROM p", &["--url-column", "no"], "no column \"no\""),
        ("SELECT url, id FROM p", &["--name", "{col:idd}"], "idd"),
        ("SELECT url FROM p; DROP TABLE p", &[], "more than one statement"),
        ("DELETE FROM p", &[], "only reads rows"),
        ("DELETE FROM p RETURNING url", &[], "only reads rows"),
        ("SELECT id, url AS link FROM p", &[], "its first column, id, has the type INTEGER"),
        ("SELECT 'x", &[], "literal does not end"),
    ] {
        let args = [&["run", "--db", "shop.sqlite", "-o", "out", "--sql", sql][..], more].concat();
        for args in [args.clone(), [&args[..], &["--dry-run"]].concat()] {
            let output = home.run(&args).expect(2);
            assert!(output.err.contains(said), "{sql}: {output:?}");
            assert_eq!(output.err.lines().count(), 1, "{sql}: {output:?}");
        }
    }
    for (database, code) in [("none.sqlite", 2), ("text.sqlite", 2), ("oracle://h/x", 2), ("", 2)] {
        let output = home.run(&["run", "--sql", "SELECT 1", "--db", database, "-o", "out"]).expect(code);
        assert_eq!(output.err.lines().count(), 1, "{database}: {output:?}");
    }
    home.run(&["run", "--sql", "SELECT 1"]).expect(2);
    assert!(!home.path("out").exists());
    assert_eq!(count(&home.path("catalog.sqlite"), "SELECT count(*) FROM job"), 0);
    drop(shop);
}

#[test]
fn a_query_can_change_nothing() {
    let home = Home::new();
    let shop = database(&home, "shop.sqlite", "CREATE TABLE p(url TEXT); INSERT INTO p VALUES ('x')");
    let sql = "DELETE FROM p RETURNING url";
    let output = home.run(&["run", "--db", "shop.sqlite", "-o", "out", "--sql", sql, "--json"]);
    assert_eq!(output.code, 2, "{output:?}");
    assert!(output.err.contains("only reads rows"), "{output:?}");
    let left: i64 = shop.query_row("SELECT count(*) FROM p", (), |row| row.get(0)).unwrap();
    assert_eq!(left, 1);
}

#[test]
fn an_empty_result_is_reported_like_any_empty_input() {
    let home = Home::new();
    database(&home, "shop.sqlite", "CREATE TABLE p(url TEXT)");
    let args = ["run", "--db", "shop.sqlite", "-o", "out", "--sql", "SELECT url FROM p"];
    for args in [args.to_vec(), [&args[..], &["--dry-run"]].concat()] {
        let output = home.run(&args).expect(1);
        assert!(output.err.contains("Nothing was found"), "{output:?}");
    }
    home.run(&[&args[..], &["--allow-empty"]].concat()).expect(0);
}

#[test]
fn a_dry_run_shows_the_items_and_other_inputs_are_allowed() {
    let (home, server) = (Home::new(), letters());
    home.sample("lighthouse-coast.jpg", "c.jpg");
    let sql = format!("CREATE TABLE p(url TEXT, id INTEGER); INSERT INTO p VALUES ('{}', 7)", server.url("/a.txt"));
    database(&home, "shop.sqlite", &sql);
    let args = ["run", "c.jpg", "--db", "shop.sqlite", "--sql", "SELECT url, id FROM p", "-o", "out"];
    let plan = home.run(&[&args[..], &["--dry-run", "--json"]].concat()).expect(0);
    let locators: Vec<String> = plan.events_of("planned").iter().map(|event| event["locator"].to_string()).collect();
    assert!(locators.len() == 2 && locators[1].contains("/a.txt"), "{plan:?}");
    assert!(!home.path("out").exists());
    home.run(&args).expect(0);
    assert_eq!(names(&home, "out"), ["a.txt", "c.jpg"]);
}

#[test]
fn variables_and_settings_name_the_database_of_a_query() {
    let (server, database_name) = (letters(), "shop.sqlite");
    let home = Home::new().with_variable("PIXLOOM_DB", database_name).with_variable("PIXLOOM_KEY", "id");
    let sql = format!("CREATE TABLE p(url TEXT, id INTEGER); INSERT INTO p VALUES ('{}', 7)", server.url("/a.txt"));
    database(&home, database_name, &sql);
    home.run(&["run", "--sql", "SELECT url, id FROM p", "-o", "out"]).expect(0);
    assert_eq!(names(&home, "out"), ["a.txt"]);
    // Without a query, they mean nothing.
    home.run(&["run", &server.url("/b.txt"), "-o", "out"]).expect(0);
}

/// Kills a job again and again while its query is read, and returns the locators of its items once it has ended.
fn read_with_kills(
    home: &Home,
    server: &Server,
    args: &[&str],
    total: i64,
    kills: i64,
) -> Vec<(String, Option<String>)> {
    let catalog = home.path("catalog.sqlite");
    let items = || count(&catalog, "SELECT count(*) FROM item");
    let ended = || count(&catalog, "SELECT count(*) FROM job_source WHERE ended = 1") == 1;
    server.hold();
    let start = |kill: i64| -> Running {
        let resume = ["resume", "1", "--catalog", "catalog.sqlite"];
        home.start(if kill == 0 { args } else { &resume[..] })
    };
    for kill in 0..kills {
        let (running, before) = (start(kill), items());
        let enough = (total * (kill + 1) / (kills + 1)).min(before + total / kills);
        wait_until("more rows are recorded", || items() >= enough || ended());
        assert!(!ended(), "the query was not interrupted by kill {kill}");
        running.kill();
    }
    let running = start(kills);
    wait_until("all rows are recorded", ended);
    running.kill();
    rows(&catalog, "SELECT locator, extra FROM item ORDER BY seq")
}

/// A query that needs no table: rows with a number, a group of rows each, and every tenth row twice.
fn many_rows(server: &Server, total: i64) -> String {
    format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {total})
         SELECT '{}' || (i - (i % 10 = 0)) || '.txt' AS url, i / 7 AS grouped, i % 3 AS third, 0.1 * (i - (i % 10 = 0)) AS x
         FROM n",
        server.url("/")
    )
}

#[track_caller]
fn check_each_once(found: &[(String, Option<String>)], server: &Server, total: i64) {
    let base = server.url("/");
    let mut numbers: Vec<i64> = found
        .iter()
        .map(|(locator, _)| locator.strip_prefix(&base).unwrap().strip_suffix(".txt").unwrap().parse().unwrap())
        .collect();
    numbers.sort_unstable();
    let mut wanted: Vec<i64> = (1..=total).map(|i| i - i64::from(i % 10 == 0)).collect();
    wanted.sort_unstable();
    assert_eq!(numbers.len(), wanted.len());
    assert!(numbers == wanted, "other rows");
}

#[test]
fn a_query_that_is_killed_again_and_again_gives_every_row_once_by_its_key() {
    const TOTAL: i64 = 20_000;
    let (home, server) = (Home::new(), letters());
    database(&home, "shop.sqlite", "");
    // Neither the user's order nor that of the rows is that of the key, which is not unique.
    let sql = format!("{} ORDER BY third DESC", many_rows(&server, TOTAL));
    let args =
        ["run", "--db", "shop.sqlite", "--sql", &sql, "--key", "grouped", "-o", "out", "--catalog", "catalog.sqlite"];
    let found = read_with_kills(&home, &server, &args, TOTAL, 10);
    check_each_once(&found, &server, TOTAL);
}

#[test]
fn a_query_without_a_key_is_repeated_and_gives_every_row_once() {
    const TOTAL: i64 = 20_000;
    let (home, server) = (Home::new(), letters());
    database(&home, "shop.sqlite", "");
    let sql = many_rows(&server, TOTAL);
    let args = ["run", "--db", "shop.sqlite", "--sql", &sql, "-o", "out", "--catalog", "catalog.sqlite"];
    let found = read_with_kills(&home, &server, &args, TOTAL, 10);
    check_each_once(&found, &server, TOTAL);
}

#[test]
fn a_query_that_has_ended_is_not_repeated() {
    let (home, server) = (Home::new(), letters());
    let sql = format!("CREATE TABLE p(url TEXT); INSERT INTO p VALUES ('{}')", server.url("/a.txt"));
    let shop = database(&home, "shop.sqlite", &sql);
    server.hold();
    let catalog = home.path("catalog.sqlite");
    let args = ["run", "--db", "shop.sqlite", "--sql", "SELECT url FROM p", "-o", "out", "--catalog", "catalog.sqlite"];
    let running = home.start(&args);
    wait_until("it is read", || count(&catalog, "SELECT count(*) FROM job_source WHERE ended = 1") == 1);
    running.kill();
    shop.execute("INSERT INTO p VALUES (?1)", [server.url("/b.txt")]).unwrap();
    server.release();
    home.run(&["resume", "1", "--catalog", "catalog.sqlite"]).expect(0);
    assert_eq!(names(&home, "out"), ["a.txt"]);
}

#[test]
fn rows_without_a_key_are_read_as_well() {
    let (home, server) = (Home::new(), letters());
    let url = |letter: &str| server.url(&format!("/{letter}.txt"));
    let sql = format!(
        "CREATE TABLE p(id, url TEXT); INSERT INTO p VALUES (NULL, '{}'), (2, '{}'), (1, '{}'), (NULL, '{}')",
        url("a"),
        url("b"),
        url("c"),
        url("d")
    );
    database(&home, "shop.sqlite", &sql);
    let args = ["run", "--db", "shop.sqlite", "--sql", "SELECT url, id FROM p;", "--key", "ID", "-o", "out"];
    home.run(&[&args[..], &["--name", "{index}"]].concat()).expect(0);
    let contents: Vec<String> =
        (1..=4).map(|n| std::fs::read_to_string(home.path("out").join(format!("{n}.txt"))).unwrap()).collect();
    assert_eq!(contents, ["c", "b", "a", "d"], "rows with a key come first, in its order");
}

#[test]
fn later_jobs_take_up_what_changed_and_what_failed() {
    let (home, server) = (Home::new(), letters());
    let url = |letter: &str| server.url(&format!("/{letter}.txt"));
    let sql = format!(
        "CREATE TABLE p(id INTEGER, url TEXT, updated TEXT);
         INSERT INTO p VALUES (1, '{}', '2026-01-01'), (2, '{}', '2026-01-02'), (3, '{}', '2026-01-02')",
        url("a"),
        url("b"),
        url("c")
    );
    let shop = database(&home, "shop.sqlite", &sql);
    let query = "SELECT url, id, updated FROM p WHERE (:last IS NULL OR updated >= :last)";
    let args = ["run", "--db", "shop.sqlite", "--since", "updated", "--sql", query, "-o", "out", "--name", "{col:id}"];
    let done = |code: i32| home.run(&[&args[..], &["--json", "--on-conflict", "overwrite"]].concat()).expect(code);
    let ids = |output: &crate::program::RunOutput| {
        let last = output.events_of("finished");
        (last[0]["done"].as_u64().unwrap(), last[0]["failed"].as_u64().unwrap())
    };
    assert_eq!(ids(&done(0)), (3, 0));
    // Nothing has changed: the rows at the boundary are known.
    let again = done(1);
    assert_eq!(ids(&again), (0, 0));
    assert!(again.err.contains("Skipped 2 rows of"), "{again:?}");
    // A new row with the same time, a changed one, and one that fails.
    shop.execute_batch(&format!(
        "INSERT INTO p VALUES (4, '{}', '2026-01-02');
         INSERT INTO p VALUES (5, '{}', '2026-01-03');
         INSERT INTO p VALUES (6, '{}', '2026-01-05');
         UPDATE p SET updated = '2026-01-04' WHERE id = 1;",
        url("d"),
        server.url("/missing"),
        url("f")
    ))
    .unwrap();
    assert_eq!(ids(&done(1)), (3, 1));
    // The failed row is requested again, and what was done after it is not.
    assert_eq!(ids(&done(1)), (0, 1));
    shop.execute("UPDATE p SET url = ?1 WHERE id = 5", [url("e")]).unwrap();
    assert_eq!(ids(&done(0)), (1, 0));
    assert_eq!(ids(&done(1)), (0, 0));
    assert_eq!(names(&home, "out"), ["1.txt", "2.txt", "3.txt", "4.txt", "5.txt", "6.txt"]);
    // A dry run decides the same.
    let plan = home.run(&[&args[..], &["--dry-run", "--json"]].concat()).expect(1);
    assert_eq!(plan.events_of("planned").len(), 0, "{plan:?}");
}

#[test]
fn a_query_that_was_not_read_to_its_end_does_not_move_the_mark() {
    const TOTAL: i64 = 20_000;
    let (home, server) = (Home::new(), letters());
    database(&home, "shop.sqlite", "");
    let query = format!("SELECT * FROM ({}) WHERE :last IS NULL OR grouped >= :last", many_rows(&server, TOTAL));
    let args =
        ["run", "--db", "shop.sqlite", "--since", "grouped", "--sql", &query, "-o", "out", "--catalog", "c.sqlite"];
    let catalog = home.path("c.sqlite");
    server.hold();
    let running = home.start(&args);
    wait_until("some rows are recorded", || count(&catalog, "SELECT count(*) FROM item") > 1000);
    running.kill();
    assert_eq!(count(&catalog, "SELECT count(*) FROM job_source WHERE ended = 1"), 0, "it was not interrupted");
    let running = home.start(&args);
    let ended = "SELECT count(*) FROM job_source WHERE ended = 1 AND job_id = 2";
    wait_until("all rows are recorded", || count(&catalog, ended) == 1);
    running.kill();
    let found = rows(&catalog, "SELECT locator, extra FROM item WHERE job_id = 2");
    check_each_once(&found, &server, TOTAL);
}

#[cfg(target_os = "linux")]
#[test]
fn a_million_rows_need_little_memory() {
    const TOTAL: i64 = 1_000_000;
    let (home, server) = (Home::new(), letters());
    database(&home, "shop.sqlite", "");
    let sql = many_rows(&server, TOTAL);
    server.hold();
    let catalog = home.path("catalog.sqlite");
    let args = ["run", "--db", "shop.sqlite", "--sql", &sql, "-o", "out", "--catalog", "catalog.sqlite"];
    let running = home.start(&args);
    let pid = running.id();
    let until = Instant::now() + 10 * DEADLINE;
    while count(&catalog, "SELECT count(*) FROM job_source WHERE ended = 1") == 0 {
        assert!(Instant::now() < until, "it is not read to its end");
        std::thread::sleep(Duration::from_millis(50));
    }
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap().trim().trim_end_matches("kB");
    let peak_kib: u64 = peak.trim().parse().unwrap();
    running.kill();
    assert_eq!(count(&catalog, "SELECT count(*) FROM item"), TOTAL);
    assert!(peak_kib < 200 << 10, "{peak_kib} KiB");
}

#[test]
fn a_locked_database_is_waited_for() {
    const TOTAL: i64 = 20_000;
    let (home, server) = (Home::new(), letters());
    let shop = database(&home, "shop.sqlite", "CREATE TABLE p(x)");
    let sql = format!("{} WHERE (SELECT count(*) FROM p) = 0", many_rows(&server, TOTAL));
    let query = ["run", "--db", "shop.sqlite", "--sql", &sql, "--key", "grouped", "-o", "out", "--catalog", "c.sqlite"];
    let catalog = home.path("c.sqlite");
    let items = || count(&catalog, "SELECT count(*) FROM item");
    server.hold();
    let running = home.start(&query);
    wait_until("some rows are recorded", || items() > 1000);
    running.kill();
    let ended = || count(&catalog, "SELECT count(*) FROM job_source WHERE ended = 1") == 1;
    assert!(!ended(), "it was not interrupted");
    shop.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let running = home.start(&["resume", "1", "--catalog", "c.sqlite"]);
    running.until_error("is locked by another session");
    running.until_error("waits and tries again");
    assert!(!ended());
    shop.execute_batch("COMMIT").unwrap();
    wait_until("all rows are recorded", ended);
    running.kill();
    check_each_once(&rows(&catalog, "SELECT locator, extra FROM item"), &server, TOTAL);
}

#[test]
fn a_job_whose_database_stays_locked_pauses_and_continues() {
    let (home, server) = (Home::new(), letters());
    let sql = format!("CREATE TABLE p(url TEXT, id INTEGER); INSERT INTO p VALUES ('{}', 1)", server.url("/a.txt"));
    let shop = database(&home, "shop.sqlite", &sql);
    let args = ["run", "--db", "shop.sqlite", "--sql", "SELECT url, id FROM p", "-o", "out", "--catalog", "c.sqlite"];
    // At first, nothing starts.
    shop.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let refused = home.run(&args).expect(3);
    assert!(refused.err.contains("is locked by another session"), "{refused:?}");
    assert_eq!(refused.err.lines().count(), 1, "{refused:?}");
    shop.execute_batch("COMMIT").unwrap();
    let catalog = home.path("c.sqlite");
    assert_eq!(count(&catalog, "SELECT count(*) FROM job"), 0);
    // A job that was interrupted before it read anything.
    home.run(&[&args[..], &["--database-wait", "1s"]].concat()).expect(0);
    rusqlite::Connection::open(&catalog)
        .and_then(|sql| sql.execute_batch("UPDATE job_source SET ended = 0; UPDATE job SET state = 'paused'"))
        .unwrap();
    shop.execute_batch("INSERT INTO p VALUES ('none', 2); BEGIN EXCLUSIVE").unwrap();
    let stopped = home.run(&["resume", "1", "--catalog", "c.sqlite"]).expect(3);
    assert!(stopped.err.contains("is locked by another session"), "{stopped:?}");
    assert!(stopped.err.contains("pixloom resume 1"), "{stopped:?}");
    shop.execute_batch("ROLLBACK").unwrap();
    shop.execute("INSERT INTO p VALUES (?1, 2)", [server.url("/b.txt")]).unwrap();
    home.run(&["resume", "1", "--catalog", "c.sqlite"]).expect(1);
    assert_eq!(names(&home, "out"), ["a.txt", "b.txt"]);
}
