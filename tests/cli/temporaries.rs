//! Temporaries of several programs in one output folder: each program removes its own and those of dead programs.

use std::fs;
use std::time::{Duration, Instant};

use crate::program::{Home, Running};
use crate::util::server::{Behaviour, Server, ok};

/// Time limit for each wait.
const DEADLINE: Duration = Duration::from_mins(1);

/// Names of temporaries and locks in the output folder.
fn leftovers(home: &Home) -> Vec<String> {
    home.files("out").into_iter().filter(|name| name.starts_with(".pixloom-")).collect()
}

/// Starts a program with its own catalog that fetches an endless body too large for memory, and waits until its
/// temporary exists.
fn start_fetching(home: &Home, server: &Server, catalog: &str) -> (Running, String) {
    let before = leftovers(home);
    let link = server.url("/endless.bin");
    let args = ["run", &link, "-o", "out", "--memory", "64MB", "--catalog", catalog, "--json"];
    let mut running = home.start(&args);
    running.until(|event| event["event"] == "started");
    let until = Instant::now() + DEADLINE;
    loop {
        let new = leftovers(home).into_iter().find(|name| name.contains("-fetch-") && !before.contains(name));
        if let Some(name) = new {
            return (running, name);
        }
        assert!(Instant::now() < until, "no temporary: {:?}", home.files("out"));
        std::thread::yield_now();
    }
}

#[test]
fn only_temporaries_of_dead_programs_are_removed_from_a_shared_folder() {
    let home = Home::new();
    let server = Server::start(|request| match request.path.as_str() {
        "/endless.bin" => Behaviour::from(ok(vec![7; 4 << 20], "application/octet-stream").stalls_after_body()),
        path => ok(path.to_owned(), "text/plain").into(),
    });
    home.file("a.txt", "a");
    home.file("out/.pixloom-check-00c0ffee.part", "?");
    let (living, kept) = start_fetching(&home, &server, "living.sqlite");
    let (dead, left) = start_fetching(&home, &server, "dead.sqlite");
    // Both catalogs have a job 1; so has the third one, which runs while both are running.
    home.run(&["run", "a.txt", "-o", "out", "--catalog", "third.sqlite"]).expect(0);
    let files = home.files("out");
    assert!(files.contains(&kept) && files.contains(&left) && files.contains("a.txt"), "{files:?}");
    assert!(!files.contains(".pixloom-check-00c0ffee.part"), "{files:?}");
    dead.kill();
    home.run(&["run", "a.txt", "-o", "out", "--catalog", "third.sqlite"]).expect(0);
    let files = home.files("out");
    assert!(files.contains(&kept) && !files.contains(&left), "{files:?}");
    assert_eq!(leftovers(&home).len(), 2, "the temporary and the lock of the one that lives: {files:?}");
    living.kill();
    home.run(&["run", "a.txt", "-o", "out", "--catalog", "third.sqlite"]).expect(0);
    assert_eq!(leftovers(&home), Vec::<String>::new());
}

#[test]
fn two_programs_that_write_to_one_folder_at_once_both_save_everything() {
    const ITEMS: usize = 150;
    let home = Home::new();
    // Held until both programs are running.
    let server = Server::start(|request| ok(request.path.clone(), "text/plain"));
    server.hold();
    let mut running = Vec::new();
    for name in ["one", "two"] {
        let list: String = (0..ITEMS).map(|n| server.url(&format!("/{name}-{n}.txt\n"))).collect();
        home.file(&format!("{name}.txt"), list);
        let (list, catalog) = (format!("{name}.txt"), format!("{name}.sqlite"));
        let mut one = home.start(&["run", "--urls", &list, "-o", "out", "--catalog", &catalog, "--json"]);
        one.until(|event| event["total"] == ITEMS);
        running.push(one);
    }
    server.release();
    for one in running {
        let end = one.wait().expect(0).events().pop().unwrap();
        assert_eq!((&end["done"], &end["failed"]), (&ITEMS.into(), &0.into()));
    }
    let files = home.files("out");
    assert_eq!(files.len(), 2 * ITEMS, "{files:?}");
    assert_eq!(fs::read_to_string(home.path("out/two-7.txt")).unwrap(), "/two-7.txt");
}

#[cfg(unix)]
#[test]
fn moving_the_output_folder_during_a_job_ends_it_with_3() {
    let home = Home::new();
    let server = Server::start(|request| ok(request.path.clone(), "text/plain"));
    server.hold();
    let list: String = (0..8).map(|n| server.url(&format!("/{n}.txt\n"))).collect();
    home.file("list.txt", list);
    let mut running = home.start(&["run", "--urls", "list.txt", "-o", "out", "--json"]);
    running.until(|event| event["total"] == 8);
    fs::rename(home.path("out"), home.path("elsewhere")).unwrap();
    server.release();
    let output = running.wait().expect(3);
    assert!(output.err.contains("/out was moved or deleted while the job was running"), "{output:?}");
    fs::rename(home.path("elsewhere"), home.path("out")).unwrap();
    home.run(&["resume"]).expect(0);
    assert_eq!(home.files("out").len(), 8, "{:?}", home.files("out"));
}
