//! Items from the rows of servers: `:last` with values of all types, and connections that are lost while rows are read.
//! PIXLOOM_TEST_FULL_SIZE=1 runs these tests at full size.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::database::mysql::Mysql;
use crate::database::postgres::{PASSWORD, Postgres};
use crate::program::{Home, RunOutput, Running, is_full_size};
use crate::servers::{Files, TestServer, WRITTEN};
use crate::util::server::{Answer, Server, ok, status};

const DEADLINE: Duration = Duration::from_secs(60);

fn home() -> Home {
    Home::new().with_variable("SHOP_PASSWORD", PASSWORD)
}

#[track_caller]
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + if is_full_size() { 10 * DEADLINE } else { DEADLINE };
    while !is_so() {
        assert!(Instant::now() < until, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// One value of the catalog; 0 as long as there is none.
fn count(home: &Home, sql: &str) -> i64 {
    let one = |connection: rusqlite::Connection| connection.query_row(sql, (), |row| row.get(0));
    rusqlite::Connection::open(home.path("c.sqlite")).and_then(one).unwrap_or_default()
}

/// A table whose rows have a mark, from which later runs continue.
struct Marked<'a> {
    server: &'a dyn TestServer,
    database: String,
    home: Home,
    links: Server,
    is_repaired: Arc<AtomicBool>,
    before_insert: &'a str,
}

impl<'a> Marked<'a> {
    /// `kind` is the type of the column; `before_insert` runs before rows are inserted.
    fn new(server: &'a dyn TestServer, kind: &str, before_insert: &'a str) -> Self {
        let is_repaired = Arc::new(AtomicBool::new(false));
        let repaired = Arc::clone(&is_repaired);
        let links = Server::start(move |request| -> Answer {
            let is_broken = request.path.contains("broken") && !repaired.load(Ordering::Acquire);
            if is_broken { status(404) } else { ok(request.path.clone(), "text/plain") }
        });
        let database = server.new_database();
        server.rows(&database, &format!("CREATE TABLE p(id varchar(20), url varchar(200), mark {kind});"));
        Self { server, database, home: home(), links, is_repaired, before_insert }
    }

    fn insert(&self, id: &str, value: &str) {
        let url = self.links.url(&format!("/{id}.txt"));
        let before = self.before_insert;
        self.server.rows(&self.database, &format!("{before} INSERT INTO p VALUES ('{id}', '{url}', {value});"));
    }

    fn run(&self) -> RunOutput {
        let dsn = self.server.dsn_of(&self.database);
        let query = "SELECT id, url, mark FROM p WHERE (:last IS NULL OR mark >= :last)";
        let args =
            ["run", "--db", &dsn, "--since", "mark", "--sql", query, "-o", "out", "--name", "{col:id}", "--json"];
        // A row that is repeated is counted.
        self.home.run(&[&args[..], &["--on-conflict", "overwrite"]].concat())
    }

    /// The counts of done and failed rows.
    #[track_caller]
    fn check(&self, wanted: (u64, u64)) {
        let run = self.run();
        let finished = run.events_of("finished");
        assert!(!finished.is_empty(), "{run:?}");
        let found = (finished[0]["done"].as_u64().unwrap(), finished[0]["failed"].as_u64().unwrap());
        assert_eq!(found, wanted, "{run:?}");
    }
}

/// Later runs take up what is new and what failed, and nothing else. `values` ascend for the database.
#[track_caller]
fn check_marks(server: &dyn TestServer, kind: &str, before_insert: &str, values: [&str; 5]) {
    let case = Marked::new(server, kind, before_insert);
    let [first, broken, boundary, next, last] = values;
    // Not in their order.
    case.insert("boundary", boundary);
    case.insert("broken", broken);
    case.insert("first", first);
    case.insert("other-broken", boundary);
    case.insert("other", boundary);
    case.check((3, 2));
    case.is_repaired.store(true, Ordering::Release);
    case.check((2, 0));
    case.check((0, 0));
    case.insert("late", boundary);
    case.insert("next", next);
    case.check((2, 0));
    case.insert("last", last);
    case.insert("none", "NULL");
    case.check((1, 0));
    let names = ["boundary", "broken", "first", "last", "late", "next", "other", "other-broken"];
    let wanted: BTreeSet<String> = names.iter().map(|name| format!("{name}.txt")).collect();
    assert_eq!(case.home.files("out"), wanted);
}

#[test]
fn marks_of_postgresql_are_continued_in_the_order_of_their_type() {
    let server = Postgres::shared();
    let zone = "SET timezone = 'Europe/Berlin';";
    // The hour that a clock shows twice, fractions of a second, and years of five digits.
    let zoned = ["'2026-10-25 02:30+02'", "'2026-10-25 02:59:59.999999+02'", "'2026-10-25 02:10+01'"];
    let zoned = [zoned[0], zoned[1], zoned[2], "'2026-10-25 02:10:00.000001+01'", "'10000-01-01 00:00+00'"];
    check_marks(server, "timestamptz", zone, zoned);
    let plain = ["'2026-10-25 02:30'", "'2026-10-25 02:30:00.1'", "'2026-10-25 02:30:00.12'", "'2026-10-25 02:31'"];
    check_marks(server, "timestamp", zone, [plain[0], plain[1], plain[2], plain[3], "'infinity'"]);
    check_marks(
        server,
        "date",
        "",
        ["'0044-03-15 BC'", "'0001-01-01'", "'2026-12-31'", "'2027-01-01'", "'10000-01-01'"],
    );
    check_marks(server, "bigint", "", ["-10", "9", "10", "11", "100"]);
    check_marks(server, "numeric", "", ["-10.5", "9.75", "10.250", "10.3", "18446744073709551616"]);
    check_marks(server, "real", "", ["0.1", "0.7", "1.1", "1.2", "10"]);
    // Not in the order of bytes.
    check_marks(server, "text COLLATE \"en-x-icu\"", "", ["'a'", "'B'", "'c'", "'D'", "'ö'"]);
    check_marks(server, "interval", "", ["'9 hours'", "'1 day'", "'2 days'", "'10 days'", "'1 year'"]);
}

#[test]
fn marks_of_mariadb_are_continued_in_the_order_of_their_type() {
    let server = Mysql::start(&[]);
    // A zone in which 02:00 to 03:00 comes twice on 25 October 2026.
    server.sql(
        "mysql",
        "INSERT INTO time_zone VALUES (1, 'N'); INSERT INTO time_zone_name VALUES ('Summer', 1); \
         INSERT INTO time_zone_transition_type VALUES (1, 0, 7200, 1, 'CEST'), (1, 1, 3600, 0, 'CET'); \
         INSERT INTO time_zone_transition VALUES (1, -2147483648, 1), (1, 1774746000, 0), (1, 1792890000, 1); \
         SET GLOBAL time_zone = 'Summer';",
    );
    let utc = "SET time_zone = '+00:00';";
    let zoned = ["'2026-10-25 00:30'", "'2026-10-25 00:59:59.999999'", "'2026-10-25 01:10'"];
    let zoned = [zoned[0], zoned[1], zoned[2], "'2026-10-25 01:10:00.000001'", "'2026-10-25 01:45'"];
    check_marks(&server, "timestamp(6) NULL", utc, zoned);
    let plain = ["'2026-10-25 02:30'", "'2026-10-25 02:30:00.1'", "'2026-10-25 02:30:00.12'", "'2026-10-25 02:31'"];
    check_marks(&server, "datetime(3)", "", [plain[0], plain[1], plain[2], plain[3], "'9999-12-31'"]);
    check_marks(&server, "date", "", ["'1000-01-01'", "'2026-01-31'", "'2026-12-31'", "'2027-01-01'", "'9999-12-31'"]);
    check_marks(&server, "time", "", ["'-26:00:00'", "'-01:00:00'", "'09:00:00'", "'10:00:00'", "'100:00:00'"]);
    check_marks(&server, "bigint unsigned", "", ["9", "10", "11", "9223372036854775808", "18446744073709551615"]);
    check_marks(&server, "float", "", ["0.1", "0.7", "1.1", "1.2", "10"]);
    check_marks(&server, "varchar(20)", "", ["'a'", "'B'", "'c'", "'D'", "'ö'"]);
}

#[test]
fn marks_of_sqlite_are_continued_in_the_order_of_their_values() {
    let server = Files::new();
    let iso =
        ["'2026-10-25T02:30:00Z'", "'2026-10-25T02:30:00.5Z'", "'2026-10-25T02:31:00Z'", "'2026-10-25T02:31:01Z'"];
    check_marks(&server, "text", "", [iso[1], iso[0], iso[2], iso[3], "'2027'"]);
    check_marks(&server, "datetime", "", ["'2026-1-10'", "'2026-1-9'", "'2026-10-1'", "'2026-10-2'", "'2027-1-1'"]);
    check_marks(&server, "text COLLATE NOCASE", "", ["'a'", "'B'", "'c'", "'D'", "'e'"]);
    check_marks(&server, "integer", "", ["-10", "9", "10", "11", "100"]);
}

/// A database that can end connections, and a query for many wide rows.
struct Many<'a> {
    server: &'a dyn TestServer,
    database: String,
    home: Home,
    links: Server,
    total: i64,
}

impl<'a> Many<'a> {
    fn new(server: &'a dyn TestServer) -> Self {
        let total = if is_full_size() { 100_000 } else { 5000 };
        let links = Server::start(|request| -> Answer { ok(request.path.clone(), "text/plain") });
        links.hold();
        let database = server.new_database();
        server.rows(
            &database,
            "CREATE TABLE digits(d integer); INSERT INTO digits VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9); \
             CREATE TABLE p(id integer, part integer, pad varchar(4000));",
        );
        // Wide rows: what the server has sent and the program has not read must not be everything.
        server.rows(
            &database,
            &format!(
                "INSERT INTO p SELECT n, n / 7, repeat('x', 3900) FROM \
                 (SELECT a.d + 10 * b.d + 100 * c.d + 1000 * d.d + 10000 * e.d + 100000 * f.d AS n FROM digits a, digits b, \
                 digits c, digits d, digits e, digits f) AS numbers WHERE n < {total};"
            ),
        );
        Self { server, database, home: home(), links, total }
    }

    fn start(&self, more: &[&str]) -> Running {
        let query = format!("SELECT concat('{}', id, '.txt') AS url, part, pad FROM p", self.links.url("/"));
        let dsn = self.server.dsn_of(&self.database);
        let args = ["run", "--db", &dsn, "--sql", &query, "-o", "out", "--fast", "--catalog", "c.sqlite"];
        self.home.start(&[&args[..], more].concat())
    }

    fn resume(&self) -> Running {
        self.home.start(&["resume", "1", "--catalog", "c.sqlite"])
    }

    fn items(&self) -> i64 {
        count(&self.home, "SELECT count(*) FROM item")
    }

    fn has_ended(&self) -> bool {
        count(&self.home, "SELECT count(*) FROM job_source WHERE ended = 1") == 1
    }

    #[track_caller]
    fn wait_for_items(&self, least: i64) {
        wait_until("more rows are recorded", || self.items() >= least);
        assert!(!self.has_ended(), "the query was not interrupted at {least} rows");
    }

    /// Waits until `list` gives statements, and runs them.
    #[track_caller]
    fn end_sessions(&self, list: &str) {
        let mut statements = String::new();
        wait_until("a session reads", || {
            statements = self.server.rows(&self.database, list);
            assert!(!self.has_ended(), "the query was not interrupted");
            !statements.trim().is_empty()
        });
        self.server.rows(&self.database, &statements);
    }

    #[track_caller]
    fn check_each_once(&self) {
        let found = (self.items(), count(&self.home, "SELECT count(DISTINCT locator) FROM item"));
        assert_eq!(found, (self.total, self.total));
    }
}

/// Statements that list statements which end sessions, or only what they are doing.
struct Ending {
    sessions: &'static str,
    statements: &'static str,
}

const OF_POSTGRES: Ending = Ending {
    sessions: "SELECT 'SELECT pg_terminate_backend(' || pid || ');' FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid() \
               AND state = 'active';",
    statements: "SELECT 'SELECT pg_cancel_backend(' || pid || ');' FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid() \
               AND state = 'active';",
};
const OF_MARIADB: Ending = Ending {
    sessions: "SELECT concat('KILL ', id, ';') FROM information_schema.processlist \
               WHERE db = database() AND id <> connection_id() \
               AND command <> 'Sleep';",
    statements: "SELECT concat('KILL QUERY ', id, ';') FROM information_schema.processlist \
                 WHERE db = database() AND id <> connection_id() \
               AND command <> 'Sleep';",
};

fn check_lost_connections(server: &dyn TestServer, ending: &Ending) {
    for key in [&["--key", "part"][..], &[]] {
        let many = Many::new(server);
        let running = many.start(key);
        for n in 1..=3 {
            many.wait_for_items(many.total * n / 8);
            if n == 2 {
                server.crash(key.is_empty());
                running.until_error("waits and tries again");
                server.recover();
            } else {
                many.end_sessions(ending.sessions);
            }
        }
        wait_until("all rows are recorded", || many.has_ended());
        running.kill();
        many.check_each_once();
    }
}

#[test]
fn a_query_of_postgresql_continues_when_its_connection_is_lost() {
    check_lost_connections(&Postgres::start(&["fsync=off"]), &OF_POSTGRES);
}

#[test]
fn a_query_of_mariadb_continues_when_its_connection_is_lost() {
    check_lost_connections(&Mysql::start(&[WRITTEN]), &OF_MARIADB);
}

/// A statement that someone cancels, and a server that stays away for longer than allowed, pause the job.
fn check_pauses(server: &dyn TestServer, ending: &Ending) {
    let many = Many::new(server);
    // A job whose query was interrupted ends when the rows that it has are done.
    many.links.release();
    let running = many.start(&["--key", "part", "--database-wait", "1s"]);
    many.wait_for_items(many.total / 4);
    many.end_sessions(ending.statements);
    let cancelled = running.wait().expect(3);
    assert!(cancelled.err.contains("pixloom resume 1"), "{}", cancelled.err);
    let running = many.resume();
    many.wait_for_items(many.total / 2);
    server.crash(false);
    let lost = running.wait().expect(3);
    assert!(lost.err.contains("waits and tries again") && lost.err.contains("pixloom resume 1"), "{}", lost.err);
    assert!(lost.err.contains("can't be reached"), "{}", lost.err);
    let unreachable = many.resume().wait().expect(3);
    assert!(unreachable.err.contains("can't be reached"), "{}", unreachable.err);
    server.recover();
    let running = many.resume();
    wait_until("all rows are recorded", || many.has_ended());
    running.kill();
    many.check_each_once();
}

#[test]
fn a_query_of_postgresql_that_is_cancelled_or_stays_unreachable_pauses_and_continues() {
    check_pauses(&Postgres::start(&["fsync=off"]), &OF_POSTGRES);
}

#[test]
fn a_query_of_mariadb_that_is_cancelled_or_stays_unreachable_pauses_and_continues() {
    check_pauses(&Mysql::start(&[WRITTEN]), &OF_MARIADB);
}

/// A lock that another session holds delays the reading and the writing of rows, and nothing more.
fn check_locks(server: &dyn TestServer, lock: &dyn Fn(u32) -> String) {
    let seconds = if is_full_size() { 30 } else { 2 };
    let links = Server::start(|request| -> Answer { ok(request.path.clone(), "text/plain") });
    let database = server.new_database();
    let rows: Vec<String> = (1..=20).map(|id| format!("({id}, '{}')", links.url(&format!("/{id}.txt")))).collect();
    server.rows(
        &database,
        &format!(
            "CREATE TABLE p(id integer PRIMARY KEY, url varchar(200), state varchar(10)); \
             INSERT INTO p(id, url) VALUES {};",
            rows.join(", ")
        ),
    );
    let dsn = server.dsn_of(&database);
    let map = "p(id=col:id): state=state";
    let args = ["run", "--db", &dsn, "--sql", "SELECT id, url FROM p", "--write-back", map, "-o", "out", "--json"];
    let home = home();
    links.hold();
    std::thread::scope(|scope| {
        let hold = || {
            let lock = lock(seconds);
            let database = database.clone();
            scope.spawn(move || server.rows(&database, &lock))
        };
        // While it is read.
        let holder = hold();
        let mut running = home.start(&args);
        holder.join().unwrap();
        running.until(|event| event["event"] == "progress" && event["total"] == 20);
        // While it is written.
        let holder = hold();
        links.release();
        holder.join().unwrap();
        let output = running.wait().expect(0);
        assert_eq!(output.events_of("finished")[0]["changed"], 20, "{}", output.out);
    });
    assert_eq!(server.rows(&database, "SELECT count(*) FROM p WHERE state = 'done';"), "20\n");
}

#[test]
fn a_table_of_postgresql_that_another_session_has_locked_is_waited_for() {
    check_locks(Postgres::shared(), &|seconds| {
        format!("BEGIN; LOCK TABLE p IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep({seconds}); COMMIT;")
    });
}

#[test]
fn a_table_of_mariadb_that_another_session_has_locked_is_waited_for() {
    check_locks(Mysql::shared(), &|seconds| format!("LOCK TABLES p WRITE; SELECT sleep({seconds}); UNLOCK TABLES;"));
}

/// A row that results were written into is the same row when a query is repeated.
fn check_written_rows(server: &dyn TestServer) {
    let links = Server::start(|request| -> Answer { ok(request.path.clone(), "text/plain") });
    let database = server.new_database();
    let rows: Vec<String> = (1..=20).map(|id| format!("({id}, '{}', 7)", links.url(&format!("/{id}.txt")))).collect();
    server.rows(
        &database,
        &format!(
            "CREATE TABLE p(id integer PRIMARY KEY, url varchar(200), version integer, state varchar(10)); \
             INSERT INTO p(id, url, version) VALUES {};",
            rows.join(", ")
        ),
    );
    let dsn = server.dsn_of(&database);
    let args = ["run", "--db", &dsn, "-o", "out", "--json", "--catalog", "c.sqlite"];
    let map = ["--write-back", "p(id=col:id): state=state"];
    let home = home();
    home.run(&[&args[..], &map, &["--sql", "SELECT * FROM p"]].concat()).expect(0);
    // As if it had been killed before the end of the query was recorded.
    rusqlite::Connection::open(home.path("c.sqlite"))
        .and_then(|sql| sql.execute_batch("UPDATE job_source SET ended = 0; UPDATE job SET state = 'paused'"))
        .unwrap();
    home.run(&["resume", "1", "--catalog", "c.sqlite"]).expect(0);
    assert_eq!(count(&home, "SELECT count(*) FROM item"), 20, "rows are taken up twice");
    // Later runs pass them over as well, but not one that has really changed.
    let query = "SELECT * FROM p WHERE (:last IS NULL OR version >= :last)";
    let since = [&args[..], &map, &["--sql", query, "--since", "version", "--on-conflict", "overwrite"]].concat();
    let done = |code: i32| home.run(&since).expect(code).events_of("finished")[0]["done"].as_u64();
    server.rows(&database, "UPDATE p SET state = NULL;");
    assert_eq!(done(0), Some(20));
    assert_eq!(done(1), Some(0), "nothing has changed but the results");
    server.rows(&database, "UPDATE p SET version = 8 WHERE id = 5;");
    assert_eq!(done(0), Some(1));
    assert_eq!(done(1), Some(0));
}

#[test]
fn rows_that_results_were_written_into_are_not_taken_up_again() {
    check_written_rows(&Files::new());
    check_written_rows(Postgres::shared());
    check_written_rows(Mysql::shared());
}
