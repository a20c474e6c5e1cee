//! How soon Start, Add and Cancel are acknowledged with a large output folder.
//!
//!     cargo bench --bench acknowledge -- [FILES=1000000]
//!
//! The goal is at most 100 ms each.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement")]
#![expect(clippy::disallowed_methods, reason = "a benchmark prepares files")]

use std::sync::Arc;
use std::time::Instant;

use pixloom::engine::{Command, Engine, EngineOptions, Handle, Snapshot};
use pixloom::model::SinkSpec;

const FILES_PER_FOLDER: u32 = 10_000;

fn main() {
    let files: u32 = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    for n in 0..files {
        let folder = out.join((n / FILES_PER_FOLDER).to_string());
        if n % FILES_PER_FOLDER == 0 {
            std::fs::create_dir_all(&folder).unwrap();
        }
        std::fs::File::create(folder.join(format!("{n}.png"))).unwrap();
    }
    let inputs = [dir.path().join("a.png"), dir.path().join("b.png")];
    inputs.iter().for_each(|path| std::fs::write(path, b"any bytes are copied").unwrap());
    let options = EngineOptions {
        settings_path: None,
        secrets_path: None,
        ..EngineOptions::for_window(dir.path().join("catalog.sqlite"))
    };
    let engine = Engine::start(options).unwrap();
    let handle = engine.handle();
    send(&handle, Command::SetSink(SinkSpec { dir: Some(out), ..SinkSpec::default() }));
    send(&handle, Command::AddPaths(vec![inputs[0].clone()]));
    let listed = until(&handle, |snapshot| snapshot.current.as_ref().is_some_and(|job| job.progress.total == 1));
    let job = listed.current.as_ref().unwrap().id;
    for (name, command) in [
        ("Start", Command::Start),
        ("Add", Command::AddPaths(vec![inputs[1].clone()])),
        ("Cancel", Command::Cancel(job)),
    ] {
        let began = Instant::now();
        let snapshot = send(&handle, command);
        let state = snapshot.current.as_ref().map(|job| job.state);
        println!(
            "{name}: {:.1} ms ({files} files in the output folder, {state:?})",
            began.elapsed().as_secs_f64() * 1e3
        );
    }
}

fn send(handle: &Handle, command: Command) -> Arc<Snapshot> {
    let number = handle.send(command).unwrap();
    until(handle, |snapshot| snapshot.commands_included >= number)
}

fn until(handle: &Handle, is_there: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
    loop {
        let snapshot = handle.snapshot();
        if is_there(&snapshot) {
            return snapshot;
        }
        std::thread::yield_now();
    }
}
