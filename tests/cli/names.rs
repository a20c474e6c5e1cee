//! Names of results that people and scripts rely on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use crate::program::{Home, sample};
use crate::util::server::{Answer, Behaviour, Server, ok, status};

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_chosen_format_has_one_spelling_of_its_extension_and_a_kept_one_keeps_its_own() {
    let home = Home::new();
    for name in ["in/a.JPG", "in/b.jpeg", "in/c.jpg", "in/d.JPE"] {
        home.sample("tulip-field.jpg", name);
    }
    let run = |out: &str, format: &str| home.run(&["run", "in", "-o", out, "-s", "flip", "--format", format]).expect(0);
    run("jpeg", "jpeg");
    assert_eq!(home.files("jpeg"), set(&["a.jpg", "b.jpg", "c.jpg", "d.jpg"]));
    run("tiff", "tiff");
    assert_eq!(home.files("tiff"), set(&["a.tif", "b.tif", "c.tif", "d.tif"]));
    run("keep", "keep");
    assert_eq!(home.files("keep"), set(&["a.JPG", "b.jpeg", "c.jpg", "d.JPE"]));
}

#[test]
fn several_input_folders_keep_their_own_names_below_the_output_folder() {
    let home = Home::new();
    for name in ["2024/beach/a.jpg", "2025/beach/a.jpg", "town/a.jpg", "town/sub/b.jpg", "c.jpg"] {
        home.sample("tulip-field.jpg", name);
    }
    let inputs = ["2024/beach", "2025/beach", "town/", "c.jpg"];
    let run =
        |out: &str, more: &[&str]| home.run(&[&["run", "-R"], &inputs[..], &["-o", out], more].concat()).expect(0);
    run("out", &[]);
    let wanted = ["beach/a.jpg", "beach (1)/a.jpg", "town/a.jpg", "town/sub/b.jpg", "c.jpg"];
    assert_eq!(home.files("out"), set(&wanted));
    let plan = run("planned", &["--dry-run"]);
    assert!(wanted.iter().all(|name| plan.out.contains(&format!("planned/{name}"))), "{plan:?}");
    run("flat", &["--tree", "flat"]);
    assert_eq!(home.files("flat"), set(&["a.jpg", "a (1).jpg", "a (2).jpg", "b.jpg", "c.jpg"]));
    home.run(&["run", "-R", "town", "town", "c.jpg", "-o", "one"]).expect(0);
    assert!(home.files("one").contains("sub/b.jpg") && !home.files("one").contains("town/a.jpg"));
    // Results of a run over one of them stay where they were.
    home.run(&["run", "-R", ".", "-o", "all", "--on-conflict", "fail"]).expect(0);
    assert!(home.files("all").contains("town/sub/b.jpg"));
}

#[cfg(target_os = "linux")]
#[test]
fn names_in_a_code_page_of_windows_become_text_and_stay_different() {
    use std::os::unix::ffi::OsStrExt;

    let home = Home::new();
    // Two Korean words in CP949, as old archives leave them, in a folder that is named so as well.
    let folder = home.path("in").join(std::ffi::OsStr::from_bytes(b"\xbb\xe7\xc1\xf8"));
    std::fs::create_dir_all(&folder).unwrap();
    for name in [&b"\xc7\xd1\xb1\xdb.jpg"[..], b"\xc7\xd1\xb1\xb9.jpg"] {
        std::fs::write(folder.join(std::ffi::OsStr::from_bytes(name)), sample("tulip-field.jpg")).unwrap();
    }
    home.run(&["run", "-R", "in", "-o", "out"]).expect(0);
    let names: Vec<String> = home.files("out").into_iter().collect();
    assert_eq!(names, ["사진/한국.jpg", "사진/한글.jpg"]);
}

/// Answers requests for `/N/...` in an order of its own: each waits until those before it in the order were answered.
struct Turns {
    order: Vec<u64>,
    answered: Mutex<usize>,
    changed: Condvar,
}

impl Turns {
    fn new(order: &[u64]) -> Self {
        Self { order: order.to_vec(), answered: Mutex::new(0), changed: Condvar::new() }
    }

    /// Waits for the turn of a path; a deadline ends a wait that would never end.
    fn wait(&self, path: &str) {
        let number: u64 = path.split('/').nth(1).and_then(|part| part.parse().ok()).unwrap_or_default();
        let position = self.order.iter().position(|own| *own == number).unwrap_or(0);
        let answered = self.answered.lock().unwrap();
        let deadline = Duration::from_secs(20);
        let (mut answered, _) =
            self.changed.wait_timeout_while(answered, deadline, |answered| *answered < position).unwrap();
        *answered += 1;
        self.changed.notify_all();
    }
}

/// Fetches links into `out`, whose server answers in this order. The content of each result by name.
fn fetched(
    home: &Home,
    order: &[u64],
    paths: &[String],
    answer: fn(&str) -> Answer,
    more: &[&str],
) -> (BTreeMap<String, String>, i32) {
    let turns = Turns::new(order);
    let server = Server::start(move |request| {
        turns.wait(&request.path);
        answer(&request.path)
    });
    let list: String = paths.iter().map(|path| server.url(path) + "\n").collect();
    home.file("list.txt", list);
    let _ = std::fs::remove_dir_all(home.path("out"));
    let run = home
        .run(&[&["run", "--urls", "list.txt", "-o", "out", "--robots", "never", "--per-host", "16"], more].concat());
    let read = |name: String| {
        let content = std::fs::read_to_string(home.path("out").join(&name)).unwrap();
        (name, content)
    };
    (home.files("out").into_iter().map(read).collect(), run.code)
}

fn numbered(name: &str, numbers: &[u64]) -> Vec<String> {
    numbers.iter().map(|n| format!("/{n}/{name}")).collect()
}

fn contents(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, content)| ((*name).to_owned(), (*content).to_owned())).collect()
}

const ORDERS: [[u64; 4]; 3] = [[1, 2, 3, 4], [4, 3, 2, 1], [3, 1, 4, 2]];

#[test]
fn equal_names_of_links_are_numbered_in_list_order_whichever_is_answered_first() {
    let home = Home::new();
    let answer = |path: &str| ok(path, "text/plain");
    for order in ORDERS {
        let (files, code) = fetched(&home, &order, &numbered("a.txt", &[1, 2, 3, 4]), answer, &[]);
        let wanted =
            [("a.txt", "/1/a.txt"), ("a (1).txt", "/2/a.txt"), ("a (2).txt", "/3/a.txt"), ("a (3).txt", "/4/a.txt")];
        assert_eq!((files, code), (contents(&wanted), 0), "{order:?}");
    }
}

#[test]
fn a_name_keeps_its_number_when_an_earlier_item_fails() {
    let home = Home::new();
    let answer = |path: &str| {
        if path.starts_with("/1/") { status(404) } else { ok(path, "text/plain") }
    };
    let (files, code) = fetched(&home, &[3, 2, 1], &numbered("a.txt", &[1, 2, 3]), answer, &[]);
    assert_eq!((files, code), (contents(&[("a (1).txt", "/2/a.txt"), ("a (2).txt", "/3/a.txt")]), 1));
}

#[test]
fn a_name_that_only_the_response_tells_gets_the_number_of_its_item() {
    let home = Home::new();
    let named = |path: &str| ok(path, "text/plain").header("Content-Disposition", "attachment; filename=\"doc.txt\"");
    for order in ORDERS {
        let (files, code) = fetched(&home, &order, &numbered("x", &[1, 2, 3, 4]), named, &[]);
        let wanted = [("doc.txt", "/1/x"), ("doc (2).txt", "/2/x"), ("doc (3).txt", "/3/x"), ("doc (4).txt", "/4/x")];
        assert_eq!((files, code), (contents(&wanted), 0), "{order:?}");
        // The same for an extension that only the response tells.
        let (files, code) = fetched(&home, &order, &numbered("x", &[1, 2, 3, 4]), |path| ok(path, "text/plain"), &[]);
        let wanted = [("x.txt", "/1/x"), ("x (2).txt", "/2/x"), ("x (3).txt", "/3/x"), ("x (4).txt", "/4/x")];
        assert_eq!((files, code), (contents(&wanted), 0), "{order:?}");
    }
}

#[test]
fn the_first_in_the_list_has_the_name_under_every_other_policy() {
    let home = Home::new();
    let answer = |path: &str| ok(path, "text/plain");
    let named = |path: &str| ok(path, "text/plain").header("Content-Disposition", "attachment; filename=\"a.txt\"");
    for order in ORDERS {
        for (policy, wanted_code) in [("skip", 0), ("overwrite", 1), ("fail", 1)] {
            let more = ["--on-conflict", policy];
            let (files, code) = fetched(&home, &order, &numbered("a.txt", &[1, 2, 3, 4]), answer, &more);
            assert_eq!((files, code), (contents(&[("a.txt", "/1/a.txt")]), wanted_code), "{policy} {order:?}");
            let (files, code) = fetched(&home, &order, &numbered("x", &[1, 2, 3, 4]), named, &more);
            assert_eq!((files, code), (contents(&[("a.txt", "/1/x")]), wanted_code), "{policy} {order:?}");
        }
    }
}

/// A response that names its file.
fn named(path: &str, name: &str) -> Answer {
    ok(path, "text/plain").header("Content-Disposition", &format!("attachment; filename=\"{name}\""))
}

const LINKS: u64 = 60;

/// Links whose names are equal: known before, but for the extension, or only from the response. Some of them fail.
fn link(number: u64) -> String {
    match number % 5 {
        0 => format!("/{number}/b.txt"),
        1 => format!("/{number}/a.txt"),
        2 => format!("/{number}/a"),
        3 => format!("/{number}/x"),
        _ => format!("/{number}/a%20(1).txt"),
    }
}

fn answer(path: &str) -> Answer {
    match path.split('/').nth(1).and_then(|number| number.parse().ok()).unwrap_or(0_u64) {
        1 | 18 | 25 => status(404),
        number if number % 5 == 3 => named(path, if number % 2 == 0 { "a.txt" } else { "report.txt" }),
        _ => ok(path, "text/plain"),
    }
}

/// Content by name, and the numbers of the items that are done.
fn results(home: &Home, out: &str) -> BTreeMap<String, String> {
    let read = |name: String| {
        let content = std::fs::read_to_string(home.path(out).join(&name)).unwrap();
        (name, content)
    };
    home.files(out).into_iter().map(read).collect()
}

fn count(catalog: &Path, which: &str) -> usize {
    let Ok(sql) = rusqlite::Connection::open(catalog) else { return 0 };
    let count = sql.query_row(&format!("SELECT count(*) FROM item WHERE {which}"), (), |row| row.get::<_, i64>(0));
    count.unwrap_or(0) as usize
}

fn done(catalog: &Path) -> usize {
    count(catalog, "state = 'done'")
}

#[track_caller]
fn wait_until_done(catalog: &Path, count: usize) {
    let until = Instant::now() + Duration::from_secs(60);
    while done(catalog) < count {
        assert!(Instant::now() < until, "{} of {count}", done(catalog));
        std::thread::yield_now();
    }
}

/// SplitMix64's last step.
fn mixed(number: u64, round: u64) -> u64 {
    let mixed = (number + round * 1000).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40
}

#[test]
fn a_job_that_was_killed_and_resumed_gives_the_names_of_one_that_was_not() {
    let home = Home::new();
    // A file of another program.
    let prepare = |out: &str| home.file(&format!("{out}/b.txt"), "other");
    let permitted = std::sync::Arc::new(Mutex::new(BTreeSet::new()));
    let server = {
        let permitted = std::sync::Arc::clone(&permitted);
        Server::start(move |request| {
            let number: u64 = request.path.split('/').nth(1).and_then(|part| part.parse().ok()).unwrap_or_default();
            let is_permitted = permitted.lock().unwrap().contains(&number);
            if is_permitted { answer(&request.path).into() } else { Behaviour::Stall }
        })
    };
    home.file("list.txt", (1..=LINKS).map(|number| server.url(&link(number)) + "\n").collect::<String>());
    let arguments = |out: &'static str, catalog: &'static str| {
        let limits = ["--robots", "never", "--per-host", "100", "--connections", "100", "--retries", "0"];
        [&["run", "--urls", "list.txt", "-o", out, "--catalog", catalog][..], &limits].concat()
    };
    *permitted.lock().unwrap() = (1..=LINKS).collect();
    prepare("whole");
    home.run(&arguments("whole", "whole.sqlite")).expect(1);
    let wanted = results(&home, "whole");
    assert_eq!(wanted.len(), 1 + LINKS as usize - 3);
    assert_eq!(wanted["b (1).txt"], "/5/b.txt", "the first after the file of another program");
    for round in 0..3 {
        let catalog = home.path("killed.sqlite");
        for path in ["killed", "killed.sqlite", "killed.sqlite-wal", "killed.sqlite-shm"].map(|name| home.path(name)) {
            let _ = std::fs::remove_file(&path);
            let _ = std::fs::remove_dir_all(&path);
        }
        prepare("killed");
        let mut at_first: Vec<u64> = (1..=LINKS).collect();
        at_first.sort_by_key(|number| mixed(*number, round));
        let first: BTreeSet<u64> = at_first[..20].iter().copied().collect();
        let will_be_done = first.iter().filter(|number| ![1, 18, 25].contains(*number)).count();
        permitted.lock().unwrap().clone_from(&first);
        let running = home.start(&arguments("killed", "killed.sqlite"));
        wait_until_done(&catalog, will_be_done);
        running.kill();
        // Killed once more at any moment.
        *permitted.lock().unwrap() = (1..=LINKS).collect();
        let running = home.start(&["resume", "1", "--catalog", "killed.sqlite"]);
        wait_until_done(&catalog, will_be_done + 1 + 10 * round as usize);
        running.kill();
        home.run(&["resume", "1", "--catalog", "killed.sqlite"]).expect(1);
        assert_eq!(results(&home, "killed"), wanted, "round {round}");
        let table = home.run(&["export", "1", "--format", "jsonl", "--catalog", "killed.sqlite"]).expect(0);
        let rows = table.out.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        for row in rows.filter(|row| row["state"] == "done") {
            let path = row["output"].as_str().unwrap();
            let content = std::fs::read_to_string(path).unwrap();
            assert!(row["locator"].as_str().unwrap().ends_with(&content), "{row}");
        }
    }
}

#[test]
fn a_name_with_the_number_of_its_item_leaves_that_to_an_item_that_is_planned_to_have_it() {
    let home = Home::new();
    for order in ORDERS {
        // The number of the third item, and that of the fourth of these names.
        let paths = ["/1/a.txt", "/2/a.txt", "/3/x", "/4/a%20(3).txt"].map(str::to_owned);
        let answer = |path: &str| if path == "/3/x" { named(path, "a.txt") } else { ok(path, "text/plain") };
        let (files, code) = fetched(&home, &order, &paths, answer, &[]);
        let wanted =
            [("a.txt", "/1/a.txt"), ("a (1).txt", "/2/a.txt"), ("a (3) (1).txt", "/3/x"), ("a (3).txt", &paths[3])];
        assert_eq!((files, code), (contents(&wanted), 0), "{order:?}");
    }
}

#[test]
fn a_retry_changes_no_name_that_a_result_has() {
    let home = Home::new();
    let fails = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let server = {
        let fails = std::sync::Arc::clone(&fails);
        Server::start(move |request| {
            let is_first = request.path.starts_with("/1/") && fails.load(std::sync::atomic::Ordering::SeqCst);
            if is_first { status(404) } else { named(&request.path, "doc.txt") }
        })
    };
    home.file("list.txt", server.url("/1/x\n") + &server.url("/2/x\n"));
    home.run(&["run", "--urls", "list.txt", "-o", "out", "--robots", "never"]).expect(1);
    assert_eq!(results(&home, "out"), contents(&[("doc.txt", "/2/x")]));
    fails.store(false, std::sync::atomic::Ordering::SeqCst);
    home.run(&["retry", "1"]).expect(0);
    assert_eq!(results(&home, "out"), contents(&[("doc.txt", "/2/x"), ("doc (1).txt", "/1/x")]));
}

#[test]
fn files_and_links_of_one_job_share_the_numbers_of_their_names() {
    let home = Home::new();
    for order in [[1, 2, 3], [3, 2, 1]] {
        let _ = std::fs::remove_dir_all(home.path("out"));
        home.file("in/a.txt", "file");
        let turns = Turns::new(&order);
        let server = Server::start(move |request| {
            turns.wait(&request.path);
            if request.path == "/2/x" { named(&request.path, "a.txt") } else { ok(request.path.as_str(), "text/plain") }
        });
        let links = [server.url("/1/a.txt"), server.url("/2/x"), server.url("/3/a.txt")];
        let inputs = ["run", &links[0], "in/a.txt", &links[1], &links[2], "-o", "out", "--robots", "never"];
        home.run(&inputs).expect(0);
        let wanted = [("a.txt", "/1/a.txt"), ("a (1).txt", "file"), ("a (3).txt", "/2/x"), ("a (2).txt", "/3/a.txt")];
        assert_eq!(results(&home, "out"), contents(&wanted), "{order:?}");
    }
}

#[test]
fn rows_that_repeat_a_link_follow_its_result_when_that_is_renamed() {
    let home = Home::new();
    let catalog = home.path("catalog.sqlite");
    let server = Server::start(move |request| {
        if request.path == "/1/x" {
            // The third row has the result of the second one by then.
            let until = Instant::now() + Duration::from_secs(60);
            while count(&catalog, "state IN ('done', 'skipped')") < 2 && Instant::now() < until {
                std::thread::yield_now();
            }
        }
        named(&request.path, "doc.txt")
    });
    home.file("list.txt", ["/1/x", "/2/x", "/2/x"].map(|path| server.url(path) + "\n").concat());
    let at = ["--catalog", "catalog.sqlite"];
    home.run(&[&["run", "--urls", "list.txt", "-o", "out", "--robots", "never"][..], &at].concat()).expect(0);
    assert_eq!(results(&home, "out"), contents(&[("doc.txt", "/1/x"), ("doc (2).txt", "/2/x")]));
    let table = home.run(&[&["export", "1", "--format", "jsonl"][..], &at].concat()).expect(0).out;
    let rows: Vec<serde_json::Value> = table.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let outputs: Vec<&str> =
        rows.iter().map(|row| row["output"].as_str().unwrap().rsplit('/').next().unwrap()).collect();
    assert_eq!(outputs, ["doc.txt", "doc (2).txt", "doc (2).txt"]);
    let hashes: Vec<&str> = rows.iter().map(|row| row["output_hash"].as_str().unwrap()).collect();
    assert!(hashes[1] == hashes[2] && hashes[0] != hashes[1], "{rows:?}");
}

#[test]
fn an_item_whose_name_goes_to_one_before_it_is_reported_again() {
    let home = Home::new();
    let catalog = home.path("catalog.sqlite");
    let server = Server::start(move |request| {
        if request.path == "/1/x" {
            wait_until_done(&catalog, 1);
        }
        named(&request.path, "doc.txt")
    });
    home.file("list.txt", server.url("/1/x\n") + &server.url("/2/x\n"));
    let at = ["--catalog", "catalog.sqlite"];
    let arguments = ["run", "--urls", "list.txt", "-o", "out", "--robots", "never", "--json=items"];
    let output = home.run(&[&arguments[..], &at].concat()).expect(0);
    let items = output.events_of("item");
    let last: BTreeMap<i64, &str> = items
        .iter()
        .map(|item| (item["item"].as_i64().unwrap(), item["output"].as_str().unwrap().rsplit('/').next().unwrap()))
        .collect();
    assert_eq!(last, BTreeMap::from([(1, "doc.txt"), (2, "doc (2).txt")]));
    let end = output.events().pop().unwrap();
    assert_eq!((&end["done"], &end["failed"], &end["skipped"]), (&2.into(), &0.into(), &0.into()));
    let bytes: u64 = home.files("out").len() as u64 * 4;
    let job = home.run(&[&["jobs", "1", "--json"][..], &at].concat()).expect(0);
    let job: serde_json::Value = serde_json::from_str(job.out.lines().next().unwrap()).unwrap();
    assert_eq!((&job["bytes_in"], &job["bytes_out"]), (&bytes.into(), &bytes.into()), "{job}");
}
