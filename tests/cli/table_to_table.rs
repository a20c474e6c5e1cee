//! A table's links are fetched, resized, and their results written back into the same table, while the database restarts
//! and the program is killed. PIXLOOM_TEST_FULL_SIZE=1 runs these tests at full size.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::database::mysql::Mysql;
use crate::database::postgres::{PASSWORD, Postgres};
use crate::program::{Home, Running, is_full_size};
use crate::servers::{Files, Gate, TestServer, WRITTEN};
use crate::util::server::{Answer, Server, ok, status};

/// Columns of results whose changes are noted.
const RESULTS: [&str; 9] = ["width", "height", "input_width", "sha", "out_sha", "thumb", "state", "error", "at"];
const MAP: &str = "products(id=col:id): width=width, height=height, input_width=input_width, sha=hash, \
    out_sha=output_hash, thumb=output, state=state, error=error, at=finished_at";
const QUERY: &str = "SELECT * FROM products";

/// A row, and every 50th one has no image.
fn has_image(id: u64) -> bool {
    id % 50 != 49
}

fn size_px(id: u64) -> (usize, usize) {
    (20 + (id % 40) as usize, 20 + (id % 30) as usize)
}

/// An image of its own for each row.
fn image(id: u64) -> Vec<u8> {
    let (width, height) = size_px(id);
    let mut bytes = format!("P6 {width} {height} 255\n").into_bytes();
    bytes.extend((0..width * height * 3).map(|at| (at as u64 * (id % 251 + 1) + id / 251) as u8));
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A home, a database with a row for each image, and a server of the images.
struct Shop<'a> {
    server: &'a dyn TestServer,
    home: Home,
    database: String,
    gate: Arc<Gate>,
    _images: Server,
}

impl<'a> Shop<'a> {
    fn new(server: &'a dyn TestServer, count: u64) -> Self {
        let gate = Arc::new(Gate::default());
        let passing = Arc::clone(&gate);
        let images = Server::start(move |request| -> Answer {
            let id = request.path.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or(0);
            passing.pass(id);
            if has_image(id) { ok(image(id), "image/x-portable-pixmap") } else { status(404) }
        });
        let home = Home::new().with_variable("SHOP_PASSWORD", PASSWORD);
        let database = server.new_database();
        let table = format!(
            "CREATE TABLE products(id bigint PRIMARY KEY, url text, width integer, height integer, input_width integer, \
             sha char(64), out_sha char(64), thumb text, state varchar(10), error text, at {}); \
             CREATE TABLE changes(id bigint);",
            server.time_type()
        );
        server.rows(&database, &table);
        let ids: Vec<u64> = (1..=count).collect();
        for ids in ids.chunks(1000) {
            let rows: Vec<String> =
                ids.iter().map(|id| format!("({id}, '{}')", images.url(&format!("/{id}.ppm")))).collect();
            server.rows(&database, &format!("INSERT INTO products(id, url) VALUES {};", rows.join(", ")));
        }
        Self { server, home, database, gate, _images: images }
    }

    fn note_changes(&self) {
        self.server.rows(&self.database, &self.server.noting("products", &RESULTS));
    }

    fn start(&self, more: &[&str]) -> Running {
        let dsn = self.server.dsn_of(&self.database);
        let args = ["run", "--sql", QUERY, "--db", &dsn, "--write-back", MAP, "--json", "-o", "out"];
        self.home.start(&[&args[..], &["--name", "{col:id}", "--database-wait", "1h"], more].concat())
    }

    fn start_resizing(&self, more: &[&str]) -> Running {
        let steps = ["-s", "resize:long_edge=16", "--format", "png", "--connections", "4"];
        self.start(&[&steps[..], more].concat())
    }

    fn resume(&self) -> Running {
        self.home.start(&["resume", "1", "--json"])
    }

    /// The rows, with names of files instead of paths and without times.
    fn products(&self) -> String {
        let is = |test: &str| format!("CASE WHEN {test} THEN 1 ELSE 0 END");
        let select = format!(
            "SELECT id, state, coalesce(width, 0), coalesce(height, 0), coalesce(input_width, 0), coalesce(sha, ''), \
             coalesce(out_sha, ''), {}, {}, coalesce(thumb, '') FROM products ORDER BY id;",
            is("error LIKE '%404%'"),
            is("at > '2020-01-01'")
        );
        let rows = self.server.rows(&self.database, &select);
        let out = self.home.path("out").display().to_string();
        rows.replace(&format!("{out}/"), "")
    }

    /// Every row is right: what its image is, what is in its file, and changed once.
    fn check(&self, count: u64) {
        let mut lines = self.products().lines().map(str::to_owned).collect::<Vec<_>>().into_iter();
        for id in 1..=count {
            let line = lines.next().unwrap();
            let fields: Vec<&str> = line.split('|').map(str::trim).collect();
            let found = (fields[0], fields[1]);
            if !has_image(id) {
                assert_eq!((found, &fields[7..]), ((&*id.to_string(), "failed"), &["1", "1", ""][..]), "{line}");
                continue;
            }
            let (width, height) = size_px(id);
            let long = width.max(height);
            let result_px = [width, height].map(|side| ((side * 16) as f64 / long as f64).round().to_string());
            let wanted = [&*result_px[0], &*result_px[1], &*width.to_string()].map(str::to_owned);
            assert_eq!(found, (&*id.to_string(), "done"), "{line}");
            assert_eq!(fields[2..5], wanted, "{line}");
            assert_eq!(fields[5], hex(&Sha256::digest(image(id))), "{line}");
            let file = std::fs::read(self.home.path("out").join(fields[9])).unwrap();
            assert_eq!((fields[6], fields[9]), (&*hex(&Sha256::digest(file)), &*format!("{id}.png")), "{line}");
        }
        assert_eq!(lines.next(), None);
        assert_eq!(self.home.files("out").len() as u64, (1..=count).filter(|id| has_image(*id)).count() as u64);
        let changes = "SELECT count(*), count(DISTINCT id) FROM changes;";
        assert_eq!(self.server.rows(&self.database, changes), format!("{count}|{count}\n"), "each row changes once");
    }
}

/// The items that have ended, as an event says.
fn ended(event: &Value) -> u64 {
    ["done", "failed", "skipped"].map(|name| event[name].as_u64().unwrap_or(0)).iter().sum()
}

/// Restarts of the database and kills of the program, in turns, at moments when rows are being written.
fn check_disturbed(server: &dyn TestServer) {
    let (count, disturbances): (u64, u64) = if is_full_size() { (10_000, 40) } else { (240, 6) };
    let undisturbed = Shop::new(server, count);
    undisturbed.gate.raise(count);
    undisturbed.start_resizing(&[]).wait().expect(1);
    let shop = Shop::new(server, count);
    shop.note_changes();
    let mut running = shop.start_resizing(&[]);
    running.until(|event| event["event"] == "started");
    let stage = count / disturbances;
    for n in 0..disturbances {
        let is_kill = n % 2 == 0;
        if !is_kill {
            server.crash(n % 4 == 1);
        }
        shop.gate.raise(n * stage + stage);
        // Some of the stage's items are still in progress.
        running.until(|event| event["event"] == "progress" && ended(event) >= n * stage + stage / 2);
        if is_kill {
            running.kill();
            running = shop.resume();
            running.until(|event| event["event"] == "started");
        } else {
            server.recover();
        }
    }
    shop.gate.raise(count);
    let last = running.wait().expect(1);
    assert_eq!(last.events_of("finished")[0]["rejected"], 0, "{}", last.out);
    shop.check(count);
    let (wanted, found) = (undisturbed.products(), shop.products());
    assert!(wanted == found, "other rows than those of an undisturbed run");
}

#[test]
fn on_sqlite_restarts_and_kills_leave_every_row_as_an_undisturbed_run_and_change_it_once() {
    check_disturbed(&Files::new());
}

#[test]
fn on_postgresql_restarts_and_kills_leave_every_row_as_an_undisturbed_run_and_change_it_once() {
    check_disturbed(&Postgres::start(&["fsync=off"]));
}

#[test]
fn on_mariadb_restarts_and_kills_leave_every_row_as_an_undisturbed_run_and_change_it_once() {
    check_disturbed(&Mysql::start(&[WRITTEN]));
}

/// One of a hundred rows is refused by a trigger: exactly those are reported, and can be written later.
fn check_refused(server: &dyn TestServer) {
    let count: u64 = if is_full_size() { 50_000 } else { 600 };
    let shop = Shop::new(server, count);
    shop.gate.raise(count);
    shop.server.rows(&shop.database, &server.refusing("products", "NEW.id % 100 = 7", "no sevens"));
    shop.note_changes();
    // As they are: this is about rows.
    let run = shop.start(&["--fast"]).wait().expect(1);
    let refused: BTreeSet<String> = (1..=count).filter(|id| id % 100 == 7).map(|id| format!("id={id}")).collect();
    let events = run.events_of("rejected");
    let keys: Vec<String> = events.iter().map(|event| event["key"].as_str().unwrap().to_owned()).collect();
    assert_eq!(keys.len(), refused.len());
    assert!(keys.into_iter().collect::<BTreeSet<_>>() == refused, "other rows are reported");
    assert!(events.iter().all(|event| event["message"].as_str().unwrap().contains("no sevens")));
    let finished = &run.events_of("finished")[0];
    let others = count - refused.len() as u64;
    assert_eq!((&finished["rejected"], &finished["changed"]), (&refused.len().into(), &others.into()), "{finished}");
    let select =
        |condition: &str| shop.server.rows(&shop.database, &format!("SELECT count(*) FROM products {condition};"));
    assert_eq!(select("WHERE state IS NULL AND id % 100 = 7"), format!("{}\n", refused.len()));
    assert_eq!(select("WHERE state IS NULL"), format!("{}\n", refused.len()));
    let changes = "SELECT count(*), count(DISTINCT id) FROM changes;";
    assert_eq!(shop.server.rows(&shop.database, changes), format!("{others}|{others}\n"));
}

#[test]
fn on_sqlite_exactly_the_rows_that_a_trigger_refuses_are_reported() {
    check_refused(&Files::new());
}

#[test]
fn on_postgresql_exactly_the_rows_that_a_trigger_refuses_are_reported() {
    check_refused(Postgres::shared());
}

#[test]
fn on_mariadb_exactly_the_rows_that_a_trigger_refuses_are_reported() {
    check_refused(Mysql::shared());
}
