//! A catalog that can't be written while sources are read: the job pauses, and no item is lost or done twice.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::program::Home;
use crate::util::server::{Server, ok};

const DEADLINE: Duration = Duration::from_secs(60);

/// Another program that writes to the catalog and takes its time.
struct Writer(rusqlite::Connection);

impl Writer {
    fn lock(catalog: &Path) -> Self {
        let sql = rusqlite::Connection::open(catalog).unwrap();
        sql.busy_timeout(Duration::from_secs(30)).unwrap();
        sql.execute_batch("BEGIN IMMEDIATE").unwrap();
        Self(sql)
    }

    fn unlock(self) {
        self.0.execute_batch("COMMIT").unwrap();
    }
}

/// Every item is there once and done, and its result too.
#[track_caller]
fn check_done_once(home: &Home, catalog: &str, items: usize) {
    let sql = rusqlite::Connection::open(home.path(catalog)).unwrap();
    let mut select = sql.prepare("SELECT locator, state FROM item ORDER BY seq").unwrap();
    let rows = select.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let rows: Vec<(String, String)> = rows.map(Result::unwrap).collect();
    assert_eq!(rows.iter().find(|(_, state)| state != "done"), None);
    let locators: BTreeSet<&String> = rows.iter().map(|(locator, _)| locator).collect();
    assert_eq!((rows.len(), locators.len(), home.files("out").len()), (items, items, items));
}

fn links(server: &Server, range: std::ops::Range<usize>) -> String {
    range.map(|n| server.url(&format!("/{n}.txt\n"))).collect()
}

/// Waits until the job has this many items.
#[track_caller]
fn wait_for_items(home: &Home, items: i64) {
    let until = Instant::now() + DEADLINE;
    let total = || -> rusqlite::Result<i64> {
        let sql = rusqlite::Connection::open(home.path("c.sqlite"))?;
        sql.query_row("SELECT total FROM job WHERE id = 1", (), |row| row.get(0))
    };
    while total() != Ok(items) {
        assert!(Instant::now() < until, "{:?}", total());
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_catalog_that_another_program_has_locked_pauses_the_job_at_the_cursor_of_its_list() {
    let home = Home::new().with_variable("PIXLOOM_CATALOG_WAIT_MS", "100");
    let server = Server::start(|request| ok(request.path.clone(), "text/plain"));
    server.hold();
    let fifo = home.path("list.txt");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    // Open for both, so that neither end waits for the other.
    let mut list = std::fs::File::options().read(true).write(true).open(&fifo).unwrap();
    let running = home.start(&["run", "--urls", "list.txt", "-o", "out", "--catalog", "c.sqlite"]);
    // A whole batch, without a look at the clock, and a line that ends its last link: options may follow on a next line.
    list.write_all(links(&server, 0..501).as_bytes()).unwrap();
    wait_for_items(&home, 500);
    let writer = Writer::lock(&home.path("c.sqlite"));
    list.write_all(links(&server, 501..1500).as_bytes()).unwrap();
    let output = running.wait().expect(3);
    assert!(output.err.contains("locked") && output.err.contains("pixloom resume 1"), "{output:?}");
    writer.unlock();
    std::fs::remove_file(&fifo).unwrap();
    home.file("list.txt", links(&server, 0..1500));
    server.release();
    home.run(&["resume", "1", "--catalog", "c.sqlite"]).expect(0);
    check_done_once(&home, "c.sqlite", 1500);
    assert!(home.run(&["jobs", "1", "--catalog", "c.sqlite"]).expect(0).out.contains("Job 1: done"));
}

#[test]
fn links_from_standard_input_wait_for_a_catalog_that_is_locked() {
    let home = Home::new().with_variable("PIXLOOM_CATALOG_WAIT_MS", "2000");
    let server = Server::start(|request| ok(request.path.clone(), "text/plain"));
    server.hold();
    let args = ["run", "--urls", "-", "-o", "out", "--catalog", "c.sqlite"];
    let (running, mut stdin) = home.start_with_input(&args);
    stdin.write_all(links(&server, 0..300).as_bytes()).unwrap();
    wait_for_items(&home, 300);
    let writer = Writer::lock(&home.path("c.sqlite"));
    stdin.write_all(links(&server, 300..1100).as_bytes()).unwrap();
    drop(stdin);
    running.until_error("not recorded yet");
    writer.unlock();
    server.release();
    let code = running.wait().code;
    // Other writes may have failed as well: then the job has stopped, but it has every link.
    if code != 0 {
        assert_eq!(code, 3);
        home.run(&["resume", "1", "--catalog", "c.sqlite"]).expect(0);
    }
    check_done_once(&home, "c.sqlite", 1100);
}

#[test]
fn links_from_standard_input_that_can_not_be_recorded_are_counted() {
    let home = Home::new().with_variable("PIXLOOM_CATALOG_WAIT_MS", "100");
    let server = Server::start(|request| ok(request.path.clone(), "text/plain"));
    server.hold();
    let args = ["run", "--urls", "-", "-o", "out", "--catalog", "c.sqlite"];
    let (running, mut stdin) = home.start_with_input(&args);
    stdin.write_all(links(&server, 0..40).as_bytes()).unwrap();
    wait_for_items(&home, 40);
    let writer = Writer::lock(&home.path("c.sqlite"));
    stdin.write_all(links(&server, 40..700).as_bytes()).unwrap();
    drop(stdin);
    let output = running.wait().expect(3);
    assert!(output.err.contains("660 links from standard input could not be recorded"), "{output:?}");
    writer.unlock();
    server.release();
    let output = home.run(&["resume", "1", "--catalog", "c.sqlite"]).expect(1);
    assert!(output.err.contains("before standard input was read completely"), "{output:?}");
    check_done_once(&home, "c.sqlite", 40);
}

#[test]
fn a_write_error_of_the_catalog_pauses_the_job_and_a_resume_does_every_item_once() {
    let home = Home::new();
    let server = Server::start(|request| ok(request.path.clone(), "text/plain"));
    home.file("list.txt", links(&server, 0..2000));
    server.hold();
    // Larger than a new catalog, smaller than the write-ahead log of 2,000 items. In units of 512 bytes.
    let args = ["run", "--urls", "list.txt", "-o", "out", "--catalog", "c.sqlite"];
    let output = home.run_limited("-f 900", &args).expect(3);
    assert!(output.err.contains("catalog") && output.err.contains("pixloom resume 1"), "{output:?}");
    server.release();
    home.run(&["resume", "1", "--catalog", "c.sqlite"]).expect(0);
    check_done_once(&home, "c.sqlite", 2000);
}

/// Runs a script in a mount namespace of its own; `None` if this system does not allow that.
fn run_with_mounts(home: &Home, script: &str) -> Option<std::process::Output> {
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "/bin/sh", "-c", script]);
        command.current_dir(home.path("")).env("HOME", home.path(""));
        command.env("PIXLOOM", env!("CARGO_BIN_EXE_pixloom")).output()
    };
    std::fs::create_dir_all(home.path("small")).unwrap();
    let may_mount = unshare("mount -t tmpfs -o size=1m tmpfs small");
    may_mount.is_ok_and(|output| output.status.success()).then(|| unshare(script).unwrap())
}

#[test]
fn a_full_disk_under_the_catalog_pauses_the_job_and_a_resume_does_every_item_once() {
    const ITEMS: usize = 2000;
    let home = Home::new();
    for n in 0..ITEMS {
        home.file(&format!("in/{n}.png"), n.to_string());
    }
    let script = "mount -t tmpfs -o size=700k tmpfs small || exit 9
        $PIXLOOM run in -o out --catalog small/c.sqlite; echo first: $?
        mount -o remount,size=64m small || exit 9
        $PIXLOOM resume 1 --catalog small/c.sqlite; echo second: $?
        cp small/c.sqlite* .";
    let Some(output) = run_with_mounts(&home, script) else {
        eprintln!("skipped: this system does not allow mounting a small file system");
        return;
    };
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(out.contains("first: 3") && out.contains("second: 0"), "{out}{err}");
    assert!(err.contains("full") && err.contains("pixloom resume 1"), "{err}");
    check_done_once(&home, "c.sqlite", ITEMS);
}
