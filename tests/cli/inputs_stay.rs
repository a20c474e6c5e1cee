//! No result replaces an input, whichever source names it, when, and by which of its names.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::program::{Home, RunOutput};

const DEADLINE: Duration = Duration::from_secs(60);
const OVERWRITE: [&str; 7] = ["--all-files", "--tree", "flat", "-o", "in", "--on-conflict", "overwrite"];

fn text(home: &Home, name: &str) -> String {
    std::fs::read_to_string(home.path(name)).unwrap()
}

/// A home with `x/b.txt`, whose result goes to `in/b.txt`, and that file.
fn home() -> Home {
    let home = Home::new();
    home.file("x/b.txt", "new");
    home.file("x/other.txt", "new");
    home.file("in/b.txt", "original");
    home.file("in/other.txt", "old");
    home
}

/// Waits until the first result is staged next to the file that it would replace, or has replaced it.
fn wait_for_result(home: &Home) {
    let until = Instant::now() + DEADLINE;
    let is_staged = || home.files("in").iter().any(|name| name.ends_with(".part"));
    while !is_staged() && text(home, "in/b.txt") == "original" {
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn replaced(output: &RunOutput) -> usize {
    output.events_of("failed").iter().filter(|event| event["kind"] == "would_replace_input").count()
}

#[cfg(unix)]
#[test]
fn a_file_that_a_later_line_of_a_pipe_names_is_not_replaced() {
    for later in ["in/b.txt", "./in/../in/b.txt", "link.txt", "folder/b.txt"] {
        let home = home();
        std::os::unix::fs::symlink("in/b.txt", home.path("link.txt")).unwrap();
        std::os::unix::fs::symlink("in", home.path("folder")).unwrap();
        let args = [&["run", "--files", "-", "--json=items"], &OVERWRITE[..]].concat();
        let (running, mut input) = home.start_with_input(&args);
        writeln!(input, "x/b.txt\nx/other.txt").unwrap();
        wait_for_result(&home);
        writeln!(input, "{later}").unwrap();
        drop(input);
        let output = running.wait().expect(1);
        assert_eq!(text(&home, "in/b.txt"), "original", "{later}");
        assert!(replaced(&output) > 0, "{later}: {output:?}");
        // What no line names is replaced, once the list has ended.
        assert_eq!(text(&home, "in/other.txt"), "new");
    }
}

#[cfg(unix)]
#[test]
fn a_hard_link_keeps_its_bytes_when_its_other_name_is_replaced() {
    let home = home();
    std::fs::hard_link(home.path("in/b.txt"), home.path("hard.txt")).unwrap();
    let args = [&["run", "--files", "-"], &OVERWRITE[..]].concat();
    home.run_with_input(&args, "x/b.txt\nhard.txt\n").expect(0);
    assert_eq!(text(&home, "in/b.txt"), "new");
    assert_eq!((text(&home, "hard.txt"), text(&home, "in/hard.txt")), ("original".to_owned(), "original".to_owned()));
}

#[cfg(unix)]
#[test]
fn a_list_that_is_a_named_pipe_is_read_to_its_end_first() {
    let home = home();
    let pipe = home.path("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let args = [&["run", "--files", "pipe", "--json"], &OVERWRITE[..]].concat();
    let running = home.start(&args);
    let mut list = std::fs::OpenOptions::new().write(true).open(&pipe).unwrap();
    writeln!(list, "x/b.txt").unwrap();
    wait_for_result(&home);
    writeln!(list, "in/b.txt").unwrap();
    drop(list);
    running.wait().expect(1);
    assert_eq!(text(&home, "in/b.txt"), "original");
}

/// A query whose first row is sent long before its last one.
fn slow_query(path: &str) -> String {
    let rest = format!(
        "'{path}' || substr((WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 4000000) SELECT max(i) FROM n), 9)"
    );
    format!(
        "WITH RECURSIVE row(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM row LIMIT 1300) \
         SELECT CASE id WHEN 1 THEN 'x/b.txt' WHEN 2 THEN 'x/other.txt' WHEN 1300 THEN {rest} END AS file FROM row"
    )
}

#[cfg(unix)]
#[test]
fn a_file_that_a_later_row_of_a_query_names_is_not_replaced() {
    for later in ["in/b.txt", "in/../in/b.txt", "link.txt"] {
        let home = home();
        std::os::unix::fs::symlink("in/b.txt", home.path("link.txt")).unwrap();
        rusqlite::Connection::open(home.path("shop.sqlite")).unwrap().execute_batch("CREATE TABLE p(id)").unwrap();
        let sql = slow_query(later);
        let args = ["run", "--sql", &sql, "--db", "shop.sqlite", "--json"];
        let plan = home.run(&[&args[..5], &["--dry-run"], &OVERWRITE].concat());
        assert!(plan.code < 2 && text(&home, "in/other.txt") == "old", "{plan:?}");
        let output = home.run(&[&args[..], &OVERWRITE].concat()).expect(1);
        assert_eq!((text(&home, "in/b.txt"), text(&home, "in/other.txt")), ("original".to_owned(), "new".to_owned()));
        assert!(replaced(&output) > 0, "{later}: {output:?}");
    }
}

#[cfg(unix)]
#[test]
fn originals_behind_links_are_not_replaced() {
    for named in [false, true] {
        let home = Home::new();
        for n in 0..3 {
            home.file(&format!("in/{n}.txt"), format!("original {n}"));
            std::fs::create_dir_all(home.path("chosen")).unwrap();
            std::os::unix::fs::symlink(format!("../in/{n}.txt"), home.path(&format!("chosen/{n}.txt"))).unwrap();
        }
        let inputs: &[&str] = if named { &["chosen/0.txt", "chosen/1.txt", "chosen/2.txt"] } else { &["chosen"] };
        let output = home.run(&[&["run", "--json"], inputs, &OVERWRITE].concat()).expect(1);
        assert_eq!(replaced(&output), 3, "{output:?}");
        assert!(Path::new(&home.path("chosen/0.txt")).is_symlink());
        assert_eq!(text(&home, "in/2.txt"), "original 2");
        let plan = home.run(&[&["run", "--dry-run"], inputs, &OVERWRITE].concat());
        assert_eq!(format!("{plan:?}").matches("is an original").count(), 3, "{plan:?}");
    }
}

#[test]
fn lists_and_databases_that_name_the_inputs_are_not_replaced() {
    let home = home();
    home.file("in/list.txt", "x/list.txt\n");
    home.file("x/list.txt", "new");
    let args = [&["run", "--files", "in/list.txt", "--json"], &OVERWRITE[..]].concat();
    assert_eq!(replaced(&home.run(&args).expect(1)), 1);
    assert_eq!(text(&home, "in/list.txt"), "x/list.txt\n");

    let shop = rusqlite::Connection::open(home.path("in/shop.sqlite")).unwrap();
    shop.execute_batch("CREATE TABLE p(path TEXT); INSERT INTO p VALUES ('../x/shop.sqlite')").unwrap();
    drop(shop);
    let database = std::fs::read(home.path("in/shop.sqlite")).unwrap();
    home.file("x/shop.sqlite", "new");
    let args = ["run", "--sql", "SELECT path FROM p", "--db", "in/shop.sqlite", "--json"];
    assert_eq!(replaced(&home.run(&[&args[..], &OVERWRITE].concat()).expect(1)), 1);
    assert_eq!(std::fs::read(home.path("in/shop.sqlite")).unwrap(), database);
}
