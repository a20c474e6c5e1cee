//! Jobs whose storage misbehaves: nothing is recorded as done that is not safe, and nothing is left behind.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;

use crate::engine::{Command, Engine, EngineOptions};
#[cfg(target_os = "linux")]
use crate::error::ErrorKind;
use crate::model::{ConflictPolicy, Edge, ItemState, JobId, JobSpec, JobState, Locator};
use crate::store;
#[cfg(target_os = "linux")]
use crate::store::unreliable::Call;
use crate::store::unreliable::Faults;

/// No wait may take longer.
const DEADLINE: Duration = Duration::from_mins(1);

struct Bench {
    engine: Engine,
    bell_rx: crossbeam_channel::Receiver<()>,
    dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut options = EngineOptions::for_command_line(dir.path().join("catalog.sqlite"));
        options.secrets_path = None;
        let engine = Engine::start(options).unwrap();
        let (bell_tx, bell_rx) = bounded(1);
        engine.handle().on_change(move || {
            let _ = bell_tx.try_send(());
        });
        fs::create_dir(dir.path().join("in")).unwrap();
        Self { engine, bell_rx, dir }
    }

    fn out(&self) -> PathBuf {
        self.dir.path().join("out")
    }

    /// A job that copies this many files.
    fn copies(&self, count: u32) -> JobSpec {
        let sources = (0..count).map(|n| {
            let path = self.dir.path().join("in").join(format!("{n}.txt"));
            fs::write(&path, format!("file {n}")).unwrap();
            crate::source::files([path])
        });
        let mut spec = JobSpec { sources: sources.collect(), ..JobSpec::default() };
        spec.output_mut().sink.dir = Some(self.out());
        spec
    }

    /// Sends a command and waits until the job ends. Returns the error that stopped it.
    fn run(&self, command: Command) -> (JobId, Option<String>) {
        let handle = self.engine.handle();
        let seen = handle.snapshot().events.last().map_or(0, |event| event.sequence);
        handle.send(command);
        let until = Instant::now() + DEADLINE;
        loop {
            let snapshot = handle.snapshot();
            let end =
                snapshot.events.iter().filter(|event| event.sequence > seen).find_map(|event| match &event.edge {
                    Edge::Finished => Some((event.job.unwrap(), None)),
                    Edge::Stopped { reason } => Some((event.job.unwrap(), Some(reason.to_string()))),
                    _ => None,
                });
            if let Some(end) = end {
                return end;
            }
            assert!(Instant::now() < until, "no end: {snapshot:#?}");
            let _ = self.bell_rx.recv_timeout(Duration::from_millis(20));
        }
    }

    fn states(&self, job: JobId) -> Vec<ItemState> {
        self.engine.reader().unwrap().after(job, 0, 1_000).unwrap().iter().map(|row| row.state).collect()
    }

    fn state(&self, job: JobId) -> JobState {
        self.engine.reader().unwrap().job(job).unwrap().unwrap().state
    }
}

fn names(dir: &Path) -> Vec<String> {
    // An output folder in which nothing was saved is removed again.
    let entries = fs::read_dir(dir).into_iter().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_folder_that_can_not_be_synced_stops_the_job_and_its_items_are_written_again() {
    for policy in [ConflictPolicy::Rename, ConflictPolicy::Overwrite] {
        let bench = Bench::new();
        let faults = Faults::of(&bench.out());
        let mut spec = bench.copies(3);
        spec.output_mut().sink.on_conflict = policy;
        if policy == ConflictPolicy::Overwrite {
            fs::create_dir(bench.out()).unwrap();
            fs::write(bench.out().join("0.txt"), "old").unwrap();
        }
        faults.fail_folder_syncs(u32::MAX);
        let (job, error) = bench.run(Command::Submit(Box::new(spec)));
        assert!(error.as_ref().is_some_and(|error| error.contains("did not take the folder")), "{error:?}");
        assert_eq!(bench.state(job), JobState::Paused);
        assert!(bench.states(job).iter().all(|state| *state == ItemState::Waiting), "{:?}", bench.states(job));
        let left = names(&bench.out());
        assert!(left.iter().all(|name| name == "0.txt" && policy == ConflictPolicy::Overwrite), "{left:?}");
        faults.fail_folder_syncs(0);
        assert_eq!(bench.run(Command::Resume(job)), (job, None));
        assert_eq!(bench.states(job), [ItemState::Done; 3]);
        assert_eq!(names(&bench.out()), ["0.txt", "1.txt", "2.txt"]);
        assert_eq!(fs::read_to_string(bench.out().join("0.txt")).unwrap(), "file 0");
    }
}

/// Codes of errno(3) on Linux: EIO, ENXIO, ENODEV, EROFS, ENOSPC, ESHUTDOWN, EHOSTDOWN, ESTALE, EUCLEAN, EREMOTEIO, EDQUOT,
/// ENOTCONN, ETIMEDOUT.
#[cfg(target_os = "linux")]
const DEVICE_CODES: [(i32, ErrorKind); 13] = [
    (5, ErrorKind::DeviceFailed),
    (6, ErrorKind::DeviceFailed),
    (19, ErrorKind::DeviceFailed),
    (30, ErrorKind::ReadOnly),
    (28, ErrorKind::DiskFull),
    (108, ErrorKind::DeviceFailed),
    (112, ErrorKind::DeviceFailed),
    (116, ErrorKind::DeviceFailed),
    (117, ErrorKind::DeviceFailed),
    (121, ErrorKind::DeviceFailed),
    (122, ErrorKind::DiskFull),
    (107, ErrorKind::DeviceFailed),
    (110, ErrorKind::DeviceFailed),
];

#[cfg(target_os = "linux")]
#[test]
fn an_output_device_that_fails_stops_the_job_and_a_resume_completes_it() {
    for (at, (code, kind)) in DEVICE_CODES.into_iter().enumerate() {
        let call = [Call::Stage, Call::Sync, Call::Publish][at % 3];
        let calls = if code == 5 { vec![Call::Stage, Call::Sync, Call::Publish] } else { vec![call] };
        for call in calls {
            let bench = Bench::new();
            let faults = Faults::of(&bench.out());
            faults.fail_device(call, code, 2);
            let (job, error) = bench.run(Command::Submit(Box::new(bench.copies(6))));
            let words = match kind {
                ErrorKind::DiskFull => "the disk is full. Free some space, then resume",
                ErrorKind::ReadOnly => "the output's file system is read-only. Make it writable, then resume",
                _ => "Check the drive, then resume",
            };
            let error = error.unwrap_or_default();
            assert!(error.contains(words) && !error.contains("os error"), "{code} {call:?}: {error}");
            assert_eq!(bench.state(job), JobState::Paused, "{code} {call:?}");
            let states = bench.states(job);
            assert!(states.iter().all(|state| matches!(state, ItemState::Waiting | ItemState::Done)), "{states:?}");
            let done = states.iter().filter(|state| **state == ItemState::Done).count();
            assert_eq!(names(&bench.out()).len(), done, "{code} {call:?}: {:?}", names(&bench.out()));
            faults.repair_device();
            assert_eq!(bench.run(Command::Resume(job)), (job, None));
            assert_eq!(bench.states(job), [ItemState::Done; 6]);
            assert_eq!(names(&bench.out()), (0..6).map(|n| format!("{n}.txt")).collect::<Vec<_>>());
            for n in 0..6 {
                assert_eq!(fs::read_to_string(bench.out().join(format!("{n}.txt"))).unwrap(), format!("file {n}"));
            }
        }
    }
}

/// Another input may be on another device.
#[cfg(target_os = "linux")]
#[test]
fn an_input_that_its_device_can_not_read_fails_alone() {
    for (code, _) in DEVICE_CODES.into_iter().filter(|(_, kind)| *kind == ErrorKind::DeviceFailed) {
        let bench = Bench::new();
        let spec = bench.copies(3);
        let faults = Faults::of(&bench.dir.path().join("in/1.txt"));
        faults.fail_device(Call::Open, code, 0);
        let (job, error) = bench.run(Command::Submit(Box::new(spec)));
        assert_eq!((error, bench.state(job)), (None, JobState::Done), "{code}");
        assert_eq!(bench.states(job), [ItemState::Done, ItemState::Failed, ItemState::Done], "{code}");
        let rows = bench.engine.reader().unwrap().after(job, 0, 10).unwrap();
        let error = rows[1].error.as_ref().unwrap();
        assert!(error.kind == ErrorKind::Io && !error.to_string().contains("os error"), "{code}: {error}");
    }
}

#[test]
fn a_file_that_keeps_changing_while_it_is_copied_fails_alone() {
    let bench = Bench::new();
    let spec = bench.copies(3);
    let faults = Faults::of(&bench.dir.path().join("in"));
    faults.change_while_reading(2);
    let (job, error) = bench.run(Command::Submit(Box::new(spec)));
    assert_eq!((error, bench.state(job)), (None, JobState::Done));
    let rows = bench.engine.reader().unwrap().after(job, 0, 10).unwrap();
    let failed: Vec<_> = rows.iter().filter_map(|row| row.error.as_ref()).map(ToString::to_string).collect();
    // Two workers may have shared the two faults: then both files were copied again.
    assert!(failed.len() <= 1 && failed.iter().all(|error| error.contains(".txt changed while")), "{failed:?}");
    for row in rows.iter().filter(|row| row.state == ItemState::Done) {
        let path = row.locator.path().unwrap();
        assert_eq!(fs::read(path).unwrap(), fs::read(bench.out().join(path.file_name().unwrap())).unwrap());
    }
}

#[test]
fn an_output_folder_that_is_moved_or_deleted_stops_the_job_and_a_resume_completes_it() {
    for is_deleted in [false, true] {
        let bench = Bench::new();
        let faults = Faults::of(&bench.dir.path().join("in"));
        let spec = bench.copies(20);
        let handle = bench.engine.handle();
        faults.stall(true);
        handle.send(Command::Submit(Box::new(spec)));
        let until = Instant::now() + DEADLINE;
        while faults.waiting() == 0 || !bench.out().is_dir() {
            assert!(Instant::now() < until, "the job did not start");
            std::thread::yield_now();
        }
        let moved = bench.dir.path().join("moved");
        wait_for_lock(&bench.out(), until);
        if is_deleted {
            fs::remove_dir_all(bench.out()).unwrap();
        } else {
            fs::rename(bench.out(), &moved).unwrap();
        }
        let seen = handle.snapshot().events.last().map_or(0, |event| event.sequence);
        faults.stall(false);
        let stopped = loop {
            let snapshot = handle.snapshot();
            let found =
                snapshot.events.iter().filter(|event| event.sequence > seen).find_map(|event| match &event.edge {
                    Edge::Stopped { reason } => Some((event.job.unwrap(), reason.to_string())),
                    Edge::Finished => Some((event.job.unwrap(), "finished".to_owned())),
                    _ => None,
                });
            if let Some(found) = found {
                break found;
            }
            assert!(Instant::now() < until, "no end: {snapshot:#?}");
            let _ = bench.bell_rx.recv_timeout(Duration::from_millis(20));
        };
        assert!(stopped.1.contains("was moved or deleted"), "{stopped:?}");
        let job = stopped.0;
        let states = bench.states(job);
        assert!(states.iter().all(|state| *state == ItemState::Waiting || *state == ItemState::Running), "{states:?}");
        if !is_deleted {
            fs::rename(&moved, bench.out()).unwrap();
        }
        assert_eq!(bench.run(Command::Resume(job)), (job, None));
        assert_eq!(bench.states(job), [ItemState::Done; 20]);
        assert_eq!(names(&bench.out()).len(), 20, "{:?}", names(&bench.out()));
    }
}

fn wait_for_lock(dir: &Path, until: Instant) {
    while !names(dir).iter().any(|name| name.ends_with(".lock")) {
        assert!(Instant::now() < until, "no lock");
        std::thread::yield_now();
    }
}

#[test]
fn a_job_reads_from_and_writes_to_any_kind_of_store() {
    let bench = Bench::new();
    let out = Path::new("memory:/results");
    let mut spec = bench.copies(3);
    spec.output_mut().sink.dir = Some(out.to_path_buf());
    let (job, error) = bench.run(Command::Submit(Box::new(spec)));
    assert_eq!((error, bench.state(job)), (None, JobState::Done));
    let mut saved = Vec::new();
    store::of_path(out).walk(out, &mut |path| saved.push(path.to_path_buf()));
    saved.sort();
    assert_eq!(saved, ["0.txt", "1.txt", "2.txt"].map(|name| out.join(name)));
    for row in bench.engine.reader().unwrap().after(job, 0, 10).unwrap() {
        let output = Locator::parse(row.output.as_deref().unwrap());
        assert!(store::is_intact(&output, row.bytes_out, row.output_hash.as_deref().unwrap(), None), "{row:?}");
    }
}
