//! Commands while a disk or the recorder is stuck.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, bounded};

use super::disk::Disk;
use crate::engine::{Command, Engine, EngineOptions, Handle, Notice, Snapshot};
use crate::error::ErrorKind;
use crate::model::{FailureFilter, ItemState, JobId, JobSpec, JobState, Limits, ListSpec, Recipe, SinkSpec, Step};
use crate::source;
use crate::store::unreliable::Faults;

/// Far above what a busy machine needs.
const DEADLINE: Duration = Duration::from_mins(1);

/// An engine one of whose disks is stuck until the sender is dropped; the flag says whether a task has reached it.
fn with_stuck(disk: Disk, dir: &Path) -> (Engine, Sender<()>, Arc<AtomicBool>) {
    let (gate_tx, gate_rx) = bounded::<()>(0);
    let is_stuck = Arc::new(AtomicBool::new(false));
    let reached = Arc::clone(&is_stuck);
    let options = EngineOptions {
        settings_path: None,
        secrets_path: None,
        ..EngineOptions::for_window(dir.join("catalog.sqlite"))
    };
    let before_task = move |used: Disk| {
        if used == disk {
            reached.store(true, Ordering::Release);
            let _ = gate_rx.recv();
        }
    };
    (Engine::start_with(options, Some(Arc::new(before_task))).unwrap(), gate_tx, is_stuck)
}

/// Sends a command and waits until a snapshot includes it.
fn send(handle: &Handle, command: Command) -> Arc<Snapshot> {
    let number = handle.send(command).unwrap();
    handle.wait_for("the command is acknowledged", |snapshot| snapshot.commands_included >= number)
}

fn state(snapshot: &Snapshot) -> Option<JobState> {
    snapshot.current.as_ref().map(|job| job.state)
}

fn total(snapshot: &Snapshot) -> u64 {
    snapshot.current.as_ref().filter(|job| !job.counting).map_or(0, |job| job.progress.total)
}

#[test]
fn start_add_and_cancel_are_acknowledged_while_the_output_folder_is_stuck() {
    let dir = tempfile::tempdir().unwrap();
    let paths: Vec<_> = (0..4).map(|n| dir.path().join(format!("{n}.png"))).collect();
    paths.iter().for_each(|path| std::fs::write(path, b"any bytes are copied").unwrap());
    let (engine, gate_tx, is_stuck) = with_stuck(Disk::Output, dir.path());
    let handle = engine.handle();
    handle.wait_for("a draft is listed", |snapshot| snapshot.current.is_some());
    let out = dir.path().join("out");
    send(&handle, Command::SetSink(SinkSpec { dir: Some(out.clone()), ..SinkSpec::default() }));
    send(&handle, Command::AddPaths(paths[..3].to_vec()));
    let job = handle.wait_for("three are listed", |snapshot| total(snapshot) == 3).current.as_ref().unwrap().id;

    assert_eq!(state(&send(&handle, Command::Start)), Some(JobState::Queued));
    handle.wait_for("the folder is being prepared", |_| is_stuck.load(Ordering::Acquire));
    send(&handle, Command::Add(vec![source::files([paths[3].clone()])]));
    let grown = handle.wait_for("the new file has joined the job", |snapshot| total(snapshot) == 4);
    assert_eq!((grown.current.as_ref().unwrap().id, state(&grown)), (job, Some(JobState::Queued)));
    assert_eq!(state(&send(&handle, Command::Cancel(job))), Some(JobState::Cancelled));
    assert!(!out.exists(), "all of this has happened before the folder could be created");

    assert_eq!(state(&send(&handle, Command::Resume(job))), Some(JobState::Queued));
    drop(gate_tx);
    handle.wait_for("the job is done", |snapshot| state(snapshot) == Some(JobState::Done));
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 4);
}

#[test]
fn commands_are_acknowledged_while_the_disk_of_sources_and_settings_is_stuck() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.png");
    std::fs::write(&path, b"any bytes are copied").unwrap();
    let (engine, gate_tx, is_stuck) = with_stuck(Disk::Settings, dir.path());
    let handle = engine.handle();
    handle.wait_for("a draft is listed", |snapshot| snapshot.current.is_some());
    let added = send(&handle, Command::AddPaths(vec![path]));
    assert!(added.current.as_ref().unwrap().counting, "the path is still to be looked at");
    handle.wait_for("the path is being looked at", |_| is_stuck.load(Ordering::Acquire));
    send(&handle, Command::LoadRecipe(dir.path().join("none.toml")));
    assert_eq!(state(&send(&handle, Command::Start)), Some(JobState::Queued));
    let job = handle.snapshot().current.as_ref().unwrap().id;
    assert_eq!(state(&send(&handle, Command::Cancel(job))), Some(JobState::Draft), "it had not become a job");
    drop(gate_tx);
    handle.wait_for("the file is listed", |snapshot| total(snapshot) == 1);
    handle.wait_for("the missing recipe is reported", |snapshot| matches!(snapshot.notice, Some(Notice::Failed(_))));
    assert_eq!(state(&handle.snapshot()), Some(JobState::Draft));
}

#[test]
fn a_job_that_is_started_cancelled_and_started_again_while_a_disk_is_stuck_runs_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.png");
    std::fs::write(&path, b"any bytes are copied").unwrap();
    let (engine, gate_tx, _) = with_stuck(Disk::Settings, dir.path());
    let handle = engine.handle();
    handle.wait_for("a draft is listed", |snapshot| snapshot.current.is_some());
    let sink = SinkSpec { dir: Some(dir.path().join("out")), ..SinkSpec::default() };
    send(&handle, Command::SetSink(sink));
    send(&handle, Command::AddPaths(vec![path]));
    send(&handle, Command::Start);
    let job = handle.snapshot().current.as_ref().unwrap().id;
    send(&handle, Command::Cancel(job));
    assert_eq!(state(&send(&handle, Command::Start)), Some(JobState::Queued));
    drop(gate_tx);
    handle.wait_for("the job has ended", |snapshot| state(snapshot) == Some(JobState::Done));
    // After everything that was sent before, no late answer makes it a draft.
    send(&handle, Command::DismissNotice);
    assert_eq!((state(&handle.snapshot()), total(&handle.snapshot())), (Some(JobState::Done), 1));
}

/// A job that copies files into a folder, one after the other.
fn copies(dir: &Path, out: &str, names: &[&str]) -> JobSpec {
    let files = names.iter().map(|name| {
        let path = dir.join(name);
        if !name.starts_with("missing") {
            std::fs::write(&path, format!("the bytes of {name}")).unwrap();
        }
        path
    });
    let mut spec = JobSpec {
        sources: vec![source::files(files)],
        limits: Limits { workers: Some(1), ..Limits::default() },
        ..JobSpec::default()
    };
    spec.output_mut().sink.dir = Some(dir.join(out));
    spec
}

fn job(snapshot: &Snapshot) -> JobId {
    snapshot.current.as_ref().unwrap().id
}

#[test]
fn every_command_is_acknowledged_while_the_recorder_waits_for_the_output_folder() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, gate_tx, _) = with_stuck(Disk::Output, dir.path());
    drop(gate_tx);
    let handle = engine.handle();
    handle.wait_for("a draft is listed", |snapshot| snapshot.current.is_some());
    // A job with two failures, and a draft with three items.
    send(&handle, Command::Submit(Box::new(copies(dir.path(), "first", &["a", "missing-1", "missing-2"]))));
    let done = handle.wait_for("the first job is done", |snapshot| state(snapshot) == Some(JobState::Done));
    let failed = job(&done);
    let reader = engine.reader().unwrap();
    let attempts = |seq: usize| reader.after(failed, 0, 10).unwrap()[seq - 1].attempts;
    let attempts_before = attempts(3);
    send(&handle, Command::Clear);
    let paths = ["b", "c", "d"].map(|name| dir.path().join(name));
    paths.iter().for_each(|path| std::fs::write(path, b"any bytes are copied").unwrap());
    send(&handle, Command::AddPaths(paths.to_vec()));
    let draft = job(&handle.wait_for("three are listed", |snapshot| total(snapshot) == 3));

    let faults = Faults::of(&dir.path().join("second"));
    faults.stall_folder_syncs(true);
    send(&handle, Command::Submit(Box::new(copies(dir.path(), "second", &["e"]))));
    handle.wait_for("the recorder is stuck", |_| faults.waiting() > 0);
    let running = job(&handle.snapshot());
    assert_ne!(running, draft);

    assert_eq!(job(&send(&handle, Command::Show(draft))), draft);
    send(&handle, Command::Remove(vec![1]));
    let recipe = Recipe { steps: vec![Step::new("invert")], ..Recipe::default() };
    let edited = send(&handle, Command::SetRecipe(recipe.clone()));
    assert_eq!(edited.current.as_ref().unwrap().recipe, recipe, "an edit does not wait for the removal");
    send(&handle, Command::Undo);
    send(&handle, Command::Redo);
    let columns = ListSpec { checksum_column: Some("sum".to_owned()), ..ListSpec::default() };
    send(&handle, Command::SetLists(columns.clone()));
    send(&handle, Command::Skip { job: failed, items: vec![2] });
    send(&handle, Command::Retry { job: failed, failures: FailureFilter::kind(ErrorKind::NotFound), items: None });
    send(&handle, Command::Pause(running));
    send(&handle, Command::Resume(running));
    send(&handle, Command::Clear);
    send(&handle, Command::AddPaths(paths[..1].to_vec()));
    assert_eq!(job(&send(&handle, Command::DismissNotice)), draft, "the new draft can't be created yet");
    assert!(faults.waiting() > 0, "all of this has happened while the recorder was stuck");

    faults.stall_folder_syncs(false);
    let new = handle.wait_for("the new draft has its file", |snapshot| job(snapshot) != draft && total(snapshot) == 1);
    assert_eq!(state(&new), Some(JobState::Draft));
    handle.wait_for("the other failed item has failed again", |_| attempts(3) > attempts_before);
    let states = || reader.after(failed, 0, 10).unwrap().iter().map(|row| row.state).collect::<Vec<_>>();
    let wanted = [ItemState::Done, ItemState::Skipped, ItemState::Failed];
    handle.wait_for("one is skipped, one has failed", |_| states() == wanted);
    // Undo took back the removal, which came last, and Redo removed the item again.
    assert_eq!(reader.job(draft).unwrap().unwrap().total, 2);
    assert_eq!(reader.request(draft).unwrap().unwrap().lists, columns);
}

#[test]
fn an_empty_draft_that_is_left_is_deleted_and_undo_brings_its_recipe_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.png");
    std::fs::write(&path, b"any bytes are copied").unwrap();
    let (engine, gate_tx, _) = with_stuck(Disk::Output, dir.path());
    drop(gate_tx);
    let handle = engine.handle();
    handle.wait_for("a draft is listed", |snapshot| snapshot.current.is_some());
    send(&handle, Command::AddPaths(vec![path]));
    let first = handle.wait_for("it is listed", |snapshot| total(snapshot) == 1).current.as_ref().unwrap().id;
    let empty = send(&handle, Command::Clear).current.as_ref().unwrap().id;
    assert_ne!(empty, first);
    assert_eq!(send(&handle, Command::Clear).current.as_ref().unwrap().id, empty, "an empty draft is not replaced");
    let sink = SinkSpec { dir: Some(dir.path().join("out")), ..SinkSpec::default() };
    send(&handle, Command::SetSink(sink.clone()));
    assert_eq!(send(&handle, Command::Show(first)).current.as_ref().unwrap().id, first);
    let reader = engine.reader().unwrap();
    let until = Instant::now() + DEADLINE;
    while reader.job(empty).unwrap().is_some() {
        assert!(Instant::now() < until, "the empty draft is still there");
        std::thread::yield_now();
    }
    let back = send(&handle, Command::Undo);
    let back = back.current.as_ref().unwrap();
    assert_eq!((back.state, back.progress.total, &back.sink), (JobState::Draft, 0, &sink));
}

#[test]
fn a_draft_that_is_started_keeps_replaced_files_in_the_trash_unless_that_was_turned_off() {
    for (chosen, kept) in [(None, Some(true)), (Some(false), Some(false))] {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a"), b"any bytes are copied").unwrap();
        let (engine, gate_tx, _) = with_stuck(Disk::Output, dir.path());
        drop(gate_tx);
        let handle = engine.handle();
        handle.wait_for("a draft is listed", |snapshot| snapshot.current.is_some());
        let sink = SinkSpec { dir: Some(dir.path().join("out")), trash: chosen, ..SinkSpec::default() };
        send(&handle, Command::SetSink(sink));
        send(&handle, Command::AddPaths(vec![dir.path().join("a")]));
        let job = job(&handle.wait_for("it is listed", |snapshot| total(snapshot) == 1));
        send(&handle, Command::Start);
        handle.wait_for("it is done", |snapshot| state(snapshot) == Some(JobState::Done));
        let request = engine.reader().unwrap().request(job).unwrap().unwrap();
        assert_eq!(request.output().sink.trash, kept);
    }
}
