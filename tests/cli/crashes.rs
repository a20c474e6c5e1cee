//! Items that are in progress whenever the process dies.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::program::Home;
use crate::util::server::{Behaviour, Server, ok};

const DEADLINE: Duration = Duration::from_secs(60);

/// Sequence number, state and attempts of every item.
fn items(catalog: &Path) -> Vec<(i64, String, i64)> {
    let Ok(sql) = rusqlite::Connection::open(catalog) else { return Vec::new() };
    let Ok(mut select) = sql.prepare("SELECT seq, state, attempts FROM item ORDER BY seq") else { return Vec::new() };
    let rows = select.query_map((), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    rows.and_then(Iterator::collect).unwrap_or_default()
}

#[track_caller]
fn wait_for_items(catalog: &Path, are_there: impl Fn(&[(i64, String, i64)]) -> bool) {
    let until = Instant::now() + DEADLINE;
    loop {
        let items = items(catalog);
        if are_there(&items) {
            return;
        }
        assert!(Instant::now() < until, "{items:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn are_running(items: &[(i64, String, i64)], count: usize, attempts: i64) -> bool {
    let running = |(_, state, of_item): &&(i64, String, i64)| state == "running" && *of_item == attempts;
    items.iter().filter(running).count() == count
}

fn catalog_of(home: &Home) -> std::path::PathBuf {
    home.path("catalog.sqlite")
}

const ITEMS: usize = 5;
const POISONOUS: i64 = 3;

#[test]
fn an_item_in_progress_in_three_deaths_is_retried_alone_and_failed_after_another_one() {
    let home = Home::new();
    let catalog = catalog_of(&home);
    let deaths = Arc::new(AtomicUsize::new(0));
    let violations: Arc<Mutex<Vec<String>>> = Arc::default();
    let server = {
        let (catalog, deaths, violations) = (catalog.clone(), Arc::clone(&deaths), Arc::clone(&violations));
        Server::start(move |request| {
            let seq: i64 = request.path.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap();
            let deaths = deaths.load(Ordering::SeqCst);
            let items = items(&catalog);
            let running: Vec<_> = items.iter().filter(|(_, state, _)| state == "running").collect();
            let is_recorded = running.iter().any(|(running, _, attempts)| *running == seq && *attempts > deaths as i64);
            if deaths > 0 && (!is_recorded || (deaths >= 3 && running.len() > 1)) {
                violations.lock().unwrap().push(format!("{seq} after {deaths} deaths: {items:?}"));
            }
            if seq == POISONOUS { Behaviour::Stall } else { ok("good", "text/plain").into() }
        })
    };
    let links: String = (1..=ITEMS).map(|n| server.url(&format!("/{n}.txt\n"))).collect();
    home.file("list.txt", links);
    server.hold();
    for death in 0..3 {
        let run = ["run", "--urls", "list.txt", "-o", "out", "--catalog", "catalog.sqlite"];
        let resume = ["resume", "1", "--catalog", "catalog.sqlite"];
        let running = home.start(if death == 0 { &run[..] } else { &resume[..] });
        wait_for_items(&catalog, |items| are_running(items, ITEMS, death + 1));
        running.kill();
        deaths.fetch_add(1, Ordering::SeqCst);
    }
    server.release();
    // Each of them runs alone: two succeed, then comes the poisonous one.
    let running = home.start(&["resume", "1", "--catalog", "catalog.sqlite"]);
    wait_for_items(&catalog, |items| are_running(items, 1, 4) && items[2].1 == "running");
    let states: Vec<String> = items(&catalog).into_iter().map(|(_, state, _)| state).collect();
    assert_eq!(states, ["done", "done", "running", "waiting", "waiting"]);
    running.kill();
    let output = home.run(&["resume", "1", "--json", "--catalog", "catalog.sqlite"]).expect(1);
    let failed = output.events_of("failed");
    assert_eq!((failed.len(), &failed[0]["kind"], &failed[0]["item"]), (1, &"crash".into(), &POISONOUS.into()));
    let message = failed[0]["message"].as_str().unwrap();
    assert!(message.contains("Pixloom ended unexpectedly 4 times"), "{message}");
    let end = output.events().pop().unwrap();
    assert_eq!((&end["done"], &end["failed"]), (&4.into(), &1.into()));
    assert_eq!(home.files("out").len(), 4);
    assert_eq!(violations.lock().unwrap().as_slice(), [""; 0]);
    // A process may be killed before the request of an item whose start is recorded.
    assert!(server.hits("/3.txt") <= 4, "it was not requested a fifth time");
}

#[test]
fn an_interrupted_item_is_not_blamed_however_often_that_happens() {
    let home = Home::new();
    let catalog = catalog_of(&home);
    let server = Server::start(|_| ok("good", "text/plain"));
    home.file("list.txt", server.url("/1.txt\n"));
    server.hold();
    for round in 0..5 {
        let run = ["run", "--urls", "list.txt", "-o", "out", "--catalog", "catalog.sqlite"];
        let resume = ["resume", "1", "--catalog", "catalog.sqlite"];
        let running = home.start(if round == 0 { &run[..] } else { &resume[..] });
        wait_for_items(&catalog, |items| are_running(items, 1, 1));
        running.interrupt();
        running.wait().expect(130);
        wait_for_items(&catalog, |items| items == [(1, "waiting".to_owned(), 0)]);
    }
    server.release();
    home.run(&["resume", "1", "--catalog", "catalog.sqlite"]).expect(0);
    assert_eq!(items(&catalog), [(1, "done".to_owned(), 1)]);
}

/// A drawing of a few hundred bytes that takes minutes of processor time; large, so that it may take one.
#[cfg(target_os = "linux")]
const SLOW: &str = "<svg xmlns='http://www.w3.org/2000/svg' width='4000' height='4000'>\
    <filter id='f' x='0' y='0' width='1' height='1'><feMorphology operator='dilate' radius='900'/></filter>\
    <circle cx='2000' cy='2000' r='900' filter='url(#f)'/></svg>";

#[cfg(target_os = "linux")]
#[test]
fn a_file_in_progress_in_four_deaths_fails_and_the_other_files_are_done() {
    let home = Home::new();
    let catalog = catalog_of(&home);
    for n in 1..=3 {
        home.sample("orange-slice.png", &format!("in/{n}.png"));
    }
    home.file("in/0.svg", SLOW);
    for death in 0..4 {
        let run = ["run", "in", "--format", "png", "-s", "invert", "-o", "out", "--catalog", "catalog.sqlite"];
        let resume = ["resume", "1", "--catalog", "catalog.sqlite"];
        let running = home.start(if death == 0 { &run[..] } else { &resume[..] });
        wait_for_items(&catalog, |items| {
            let done = items.iter().filter(|(_, state, _)| state == "done").count();
            done == 3 && items[0] == (1, "running".to_owned(), death + 1)
        });
        running.kill();
    }
    let output = home.run(&["resume", "1", "--catalog", "catalog.sqlite"]).expect(1);
    assert!(output.err.contains("0.svg: Pixloom ended unexpectedly 4 times"), "{output:?}");
    assert_eq!(home.files("out").len(), 3);
}
