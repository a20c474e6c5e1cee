//! A second start of the program with files hands them to the open window.

use std::time::{Duration, Instant};

use pixloom::engine::{Engine, EngineOptions, Notice, WindowClaim, claim_window};

use crate::program::Home;

/// Far above what a busy machine needs.
const DEADLINE: Duration = Duration::from_mins(2);

#[test]
fn fifty_starts_with_a_file_each_add_their_files_to_the_open_window() {
    let home = Home::new();
    let catalog = home.path("catalog.sqlite");
    let WindowClaim::Ours(Some(lock)) = claim_window(&catalog, &[]) else { panic!("no window is open") };
    let options = EngineOptions {
        settings_path: None,
        secrets_path: None,
        helper_program: Some(env!("CARGO_BIN_EXE_pixloom").into()),
        ..EngineOptions::for_window(catalog.clone())
    };
    let mut engine = Engine::start_in_background(options).unwrap();
    engine.serve_as_window(lock).unwrap();
    let catalog = catalog.to_str().unwrap().to_owned();
    let names: Vec<String> = (0..50).map(|n| format!("in/{n:02}.png")).collect();
    for name in &names {
        home.sample("orange-slice.png", name);
    }
    // As a file manager does it: all at once, each with a relative path.
    let starts: Vec<_> = names.iter().map(|name| home.start(&["--catalog", &catalog, name])).collect();
    for start in starts {
        let output = start.wait();
        assert_eq!((output.code, output.err.as_str()), (0, ""));
    }
    let until = Instant::now() + DEADLINE;
    let snapshot = loop {
        let snapshot = engine.handle().snapshot();
        let job = snapshot.current.as_ref();
        if job.is_some_and(|job| job.progress.total == 50 && !job.counting) && snapshot.raised == 50 {
            break snapshot;
        }
        assert!(Instant::now() < until, "{snapshot:#?}");
        std::thread::yield_now();
    };
    assert!(snapshot.notice.is_none() || matches!(snapshot.notice, Some(Notice::Added { .. })), "{snapshot:#?}");
    drop(engine);
    assert!(!home.path("catalog.sqlite.open").exists() && !home.path("catalog.sqlite.window.lock").exists());
}
