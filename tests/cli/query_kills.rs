//! `pixloom query` is killed, and its server crashes, again and again: results are those of an undisturbed run.
//! `PIXLOOM_TEST_KILLS` is the number of disturbances of each result (default: 3).

use std::collections::BTreeMap;
use std::path::Path;

use crate::database::mysql::Mysql;
use crate::database::postgres::{PASSWORD, Postgres};
use crate::program::{Home, Running};
use crate::servers::TestServer;

/// Rows of each statement: more than a transaction has.
const ROWS: u64 = 510;
/// Statements that end between two disturbances: a statement that meets several in a row is taken for their cause.
const STEP: u64 = 3;
/// Statements for each disturbance: some more end until it comes.
const ITEMS: u64 = 9;
const CONNECTIONS: &str = "4";

fn disturbances() -> u64 {
    std::env::var("PIXLOOM_TEST_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(3)
}

/// A statement of [`ROWS`] rows with some delay for the item `:id`.
fn statement(is_mysql: bool) -> String {
    if is_mysql {
        format!(
            "SELECT CAST(:id AS SIGNED) AS id, seq AS n, CONCAT(:id, ' ', REPEAT('é', seq % 50)) AS body, \
             IF(seq % 7 = 0, NULL, seq / 3) AS part FROM seq_1_to_{ROWS}, (SELECT SLEEP(0.08)) AS s ORDER BY n"
        )
    } else {
        format!(
            "SELECT CAST(:id AS int) AS id, n, :id || ' ' || repeat('é', n % 50) AS body, \
             CASE WHEN n % 7 <> 0 THEN n / 3.0 END AS part \
             FROM generate_series(1, {ROWS}) AS n, (SELECT pg_sleep(0.08)) AS s ORDER BY n"
        )
    }
}

/// What runs for one kind of result.
struct Case<'a> {
    server: &'a dyn TestServer,
    home: Home,
    database: String,
    dsn: String,
    sql: String,
    items: u64,
}

impl<'a> Case<'a> {
    fn new(server: &'a dyn TestServer, is_mysql: bool) -> Self {
        let home = Home::new().with_variable("SHOP_PASSWORD", PASSWORD);
        let items = ITEMS * (disturbances() + 2);
        let lines: Vec<String> = std::iter::once("id".to_owned()).chain((1..=items).map(|id| id.to_string())).collect();
        home.file("ids.csv", lines.join("\n"));
        let database = server.new_database();
        let dsn = server.dsn_of(&database);
        Self { server, home, database, dsn, sql: statement(is_mysql), items }
    }

    fn args<'b>(&'b self, more: &[&'b str]) -> Vec<&'b str> {
        let own =
            ["query", "--db", &self.dsn, "--sql", &self.sql, "--each", "ids.csv", "--db-connections", CONNECTIONS];
        [&own[..], more, &["--json"]].concat()
    }

    /// Runs to the end without a disturbance.
    fn undisturbed(&self, target: &[&str]) {
        self.home.run(&self.args(target)).expect(0);
    }

    /// Runs to the end with kills of the program and crashes of the server.
    fn disturbed(&self, target: &[&str]) {
        let catalog = ["--catalog", "disturbed.sqlite"];
        let first = [&self.args(target)[..], &catalog].concat();
        let resume = [&["resume", "1", "--json"][..], &catalog].concat();
        let count = disturbances();
        let mut disturbed = 0;
        for n in 0..count {
            let mut running = self.home.start(if n == 0 { &first } else { &resume });
            // The last one comes when all statements are done and their rows become one result.
            let is_last = n + 1 == count;
            let has_ended =
                !reach(&mut running, |done, before| done == self.items || !is_last && done >= before + STEP);
            disturbed += u64::from(!has_ended);
            match n % 3 {
                _ if has_ended => drop(running.wait()),
                0 => running.kill(),
                1 => {
                    self.server.crash(true);
                    running.kill();
                    self.server.recover();
                }
                _ => {
                    self.server.crash(false);
                    self.server.recover();
                    running.kill();
                }
            }
        }
        assert!(disturbed >= count / 2, "only {disturbed} disturbances of {count}");
        // A crash that the program survives, or that pauses the job.
        let mut running = self.home.start(&resume);
        if reach(&mut running, |done, before| done >= before + STEP) {
            self.server.crash(true);
            self.server.recover();
        }
        let ended = running.wait();
        assert!([0, 3].contains(&ended.code), "{ended:?}");
        self.home.run(&resume).expect(0);
        let left: Vec<String> = self.home.files(".").into_iter().filter(|name| name.contains(".pixloom-")).collect();
        assert!(left.is_empty(), "{left:?}");
    }

    fn rows(&self, table: &str) -> String {
        let columns = "id, n, body, part";
        self.server.rows(&self.database, &format!("SELECT {columns} FROM {table} ORDER BY id, n;"))
    }
}

/// Reads until as many statements are done as wanted, of all and of those that were done at first; `false` if the run ends
/// before.
fn reach(running: &mut Running, is_enough: impl Fn(u64, u64) -> bool) -> bool {
    let mut before = None;
    while let Some(line) = running.line() {
        let event: serde_json::Value = serde_json::from_str(&line).unwrap();
        if event["event"] == "progress"
            && let Some(done) = event["done"].as_u64()
            && is_enough(done, *before.get_or_insert(done))
        {
            return true;
        }
    }
    false
}

fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|file| (file.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(file).unwrap())).collect()
}

fn one_file(server: &dyn TestServer, is_mysql: bool) {
    for format in ["csv", "jsonl", "parquet"] {
        let case = Case::new(server, is_mysql);
        let (calm, stormy) = (format!("calm.{format}"), format!("stormy.{format}"));
        case.undisturbed(&["-o", &calm]);
        case.disturbed(&["-o", &stormy]);
        let [calm, stormy] = [calm, stormy].map(|name| std::fs::read(case.home.path(&name)).unwrap());
        assert!(calm == stormy, "{format}: {} bytes are not {} bytes", stormy.len(), calm.len());
        if format != "parquet" {
            let lines = calm.split(|byte| *byte == b'\n').count() as u64 - 1;
            assert_eq!(lines, case.items * ROWS + u64::from(format == "csv"));
        }
    }
}

fn a_file_each(server: &dyn TestServer, is_mysql: bool) {
    for format in ["csv", "jsonl", "parquet"] {
        let case = Case::new(server, is_mysql);
        let name = ["--format", format, "--name", "row {col:id}"];
        case.undisturbed(&[&["-o", "calm"], &name[..]].concat());
        case.disturbed(&[&["-o", "stormy"], &name[..]].concat());
        let [calm, stormy] = ["calm", "stormy"].map(|folder| contents(&case.home.path(folder)));
        assert_eq!(calm.keys().collect::<Vec<_>>(), stormy.keys().collect::<Vec<_>>());
        assert_eq!(calm.len() as u64, case.items);
        assert!(calm == stormy, "{format}");
    }
}

fn a_table(server: &dyn TestServer, is_mysql: bool) {
    for key in [&[][..], &["--key", "id,n"]] {
        let case = Case::new(server, is_mysql);
        case.undisturbed(&[&["--into", "calm"], key].concat());
        case.disturbed(&[&["--into", "stormy"], key].concat());
        let (calm, stormy) = (case.rows("calm"), case.rows("stormy"));
        assert_eq!(calm.lines().count() as u64, case.items * ROWS);
        assert!(calm == stormy, "{key:?}: {} rows", stormy.lines().count());
    }
}

/// A server whose processes crash, but not its machine: it need not wait for the disk.
fn postgres() -> Postgres {
    Postgres::start(&["fsync = off"])
}

#[test]
fn kills_and_crashes_of_postgresql_leave_one_file_as_it_would_be() {
    one_file(&postgres(), false);
}

#[test]
fn kills_and_crashes_of_postgresql_leave_a_file_for_each_statement_as_it_would_be() {
    a_file_each(&postgres(), false);
}

#[test]
fn kills_and_crashes_of_postgresql_leave_the_rows_of_a_table_as_they_would_be() {
    a_table(&postgres(), false);
}

#[test]
fn kills_and_crashes_of_mariadb_leave_one_file_as_it_would_be() {
    one_file(&Mysql::start(&[]), true);
}

#[test]
fn kills_and_crashes_of_mariadb_leave_a_file_for_each_statement_as_it_would_be() {
    a_file_each(&Mysql::start(&[]), true);
}

#[test]
fn kills_and_crashes_of_mariadb_leave_the_rows_of_a_table_as_they_would_be() {
    a_table(&Mysql::start(&[]), true);
}
