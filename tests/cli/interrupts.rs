//! Interrupted jobs, and two programs that run the same job.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::program::Home;
use crate::util::server::{Behaviour, Server, ok};

fn list_of(server: &Server, count: usize) -> String {
    (1..=count).map(|n| server.url(&format!("/{n}.txt\n"))).collect()
}

/// A server that answers a number of requests, and the others only when the test allows it: no job ends before that.
fn halting_server(answers: usize) -> (Server, Arc<AtomicBool>) {
    let (goes_on, count) = (Arc::new(AtomicBool::new(false)), AtomicUsize::new(0));
    let may_answer = Arc::clone(&goes_on);
    let server = Server::start(move |request| {
        if may_answer.load(Ordering::SeqCst) || count.fetch_add(1, Ordering::SeqCst) < answers {
            Behaviour::from(ok(request.path.clone(), "text/plain"))
        } else {
            Behaviour::Stall
        }
    });
    (server, goes_on)
}

#[cfg(unix)]
#[test]
fn an_interrupted_job_ends_with_130_and_a_resume_completes_it() {
    let home = Home::new();
    let (server, goes_on) = halting_server(6);
    home.file("list.txt", list_of(&server, 40));
    let args = ["run", "--urls", "list.txt", "-o", "out", "--per-host", "2", "--json"];
    let mut running = home.start(&args);
    running.until(|event| event["event"] == "progress" && event["done"].as_u64() >= Some(4));
    running.interrupt();
    let output = running.wait().expect(130);
    let end = output.events().pop().unwrap();
    let done = end["done"].as_u64().unwrap();
    assert!(end["event"] == "finished" && (4..40).contains(&done), "{output:?}");
    assert!(output.err.contains("Resume with: pixloom resume 1"), "{output:?}");
    assert_eq!(home.files("out").len() as u64, done, "only whole results, no temporaries: {:?}", home.files("out"));
    assert!(home.run(&["jobs", "1"]).expect(0).out.contains("Job 1: paused"));

    let before: usize = (1..=40).map(|n| server.hits(&format!("/{n}.txt"))).sum();
    goes_on.store(true, Ordering::SeqCst);
    let output = home.run(&["resume", "--json"]).expect(0);
    assert_eq!((output.events()[0]["event"].as_str(), output.events()[0]["job"].as_i64()), (Some("started"), Some(1)));
    let end = output.events().pop().unwrap();
    assert_eq!((&end["done"], &end["failed"]), (&40.into(), &0.into()));
    assert_eq!(home.files("out").len(), 40);
    assert_eq!(std::fs::read_to_string(home.path("out/7.txt")).unwrap(), "/7.txt");
    let after: usize = (1..=40).map(|n| server.hits(&format!("/{n}.txt"))).sum();
    assert_eq!(after - before, 40 - done as usize, "what was done is not fetched again");
}

#[test]
fn a_killed_job_is_taken_over_by_the_next_resume() {
    let home = Home::new();
    let (server, goes_on) = halting_server(6);
    home.file("list.txt", list_of(&server, 20));
    let catalog = ["--catalog", "my catalog.sqlite"];
    let args = ["run", "--urls", "list.txt", "-o", "out", "--per-host", "2", "--json"];
    let mut running = home.start(&[&args[..], &catalog].concat());
    running.until(|event| event["event"] == "progress" && event["done"].as_u64() >= Some(2));
    let told = |state: &str| {
        let text = home.run(&[&["jobs", "1"][..], &catalog].concat()).expect(0).out;
        assert!(text.contains(&format!("Job 1: {state}")) && text.contains("to continue: pixloom resume 1"), "{text}");
        let list = home.run(&[&["jobs"][..], &catalog].concat()).expect(0).out;
        assert!(list.contains(state), "{list}");
        let json = home.run(&[&["jobs", "1", "--json"][..], &catalog].concat()).expect(0).events().pop();
        assert_eq!(json.map(|job| job["state"].clone()), Some(state.into()));
    };
    running.kill();
    told("paused");
    goes_on.store(true, Ordering::SeqCst);
    home.run(&[&["resume"][..], &catalog].concat()).expect(0);
    let files = home.files("out");
    assert_eq!(files.len(), 20, "{files:?}");
    assert!(!home.path("data").exists(), "the other catalog was used");
}

#[cfg(unix)]
#[test]
fn an_interrupt_does_not_wait_for_standard_input() {
    let home = Home::new();
    let (mut running, stdin) = home.start_with_input(&["run", "--urls", "-", "-o", "out", "--json"]);
    running.until(|event| event["event"] == "started");
    running.interrupt();
    running.wait().expect(130);
    // Links that never arrived are unknown: a resume says so instead of reading its own input.
    let (resumed, own) = home.start_with_input(&["resume"]);
    let output = resumed.wait().expect(3);
    assert!(output.err.contains("standard input"), "{output:?}");
    drop((stdin, own));
}

#[test]
fn two_programs_never_work_the_same_job() {
    let home = Home::new();
    let server = Server::start(|request| ok(request.path.clone(), "text/plain"));
    server.hold();
    home.file("list.txt", list_of(&server, 5));
    let mut first = home.start(&["run", "--urls", "list.txt", "-o", "out", "--json"]);
    first.until(|event| event["total"] == 5);
    let output = home.run(&["resume", "1", "--json"]).expect(3);
    assert!(output.err.contains("another Pixloom") && output.out.is_empty(), "{output:?}");
    assert!(home.run(&["retry", "1"]).expect(3).err.contains("another Pixloom"));
    let output = home.run(&["resume"]).expect(0);
    assert!(output.err.contains("Nothing to resume"), "{output:?}");
    let text = home.run(&["jobs", "1"]).expect(0).out;
    assert!(text.contains("Job 1: running") && !text.contains("pixloom resume"), "{text}");
    server.release();
    first.wait().expect(0);
    assert!((1..=5).all(|n| server.hits(&format!("/{n}.txt")) == 1));
}
