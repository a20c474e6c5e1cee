//! Undo of a job's results, from the list of jobs.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;

use super::super::fake_engine::{FakeEngine, JOB};
use super::{Window, window};
use crate::engine::{Command, JobEntry, UndoKind, UndoTally, UndoView};
use crate::error::JobError;
use crate::model::{ConflictPolicy, JobRow, JobSpec, JobState, JobSummary, SinkSpec, Stay, StayReason};

fn with_job(state: JobState, done: u64, can_redo: bool) -> impl FnOnce(&mut FakeEngine) {
    move |engine: &mut FakeEngine| {
        let row = JobRow {
            id: JOB,
            created_at_ms: 0,
            state,
            total: 415,
            done,
            failed: 0,
            skipped: 415 - done,
            bytes_in: 118_000_000,
            bytes_out: 11_000_000,
            finished_at_ms: Some(1),
            started_at_ms: Some(0),
            running_since_ms: None,
            worked_ms: 1,
        };
        let summary = JobSummary { request: JobSpec::default(), sources: 1, first_source: None };
        engine.jobs = vec![JobEntry { row, can_redo, summary: Arc::new(summary), results: Arc::new([]) }];
    }
}

fn tally(moved: u64, stayed: u64) -> UndoTally {
    UndoTally { total: moved + stayed, done: moved + stayed, moved, stayed, ..UndoTally::default() }
}

impl Window {
    fn show_undo(&mut self, kind: UndoKind, tally: UndoTally, end: Option<Result<bool, JobError>>) {
        let path = "/home/me/out/a.jpg".to_owned();
        let examples = if tally.stayed > 0 { vec![(path, Stay::of(StayReason::Changed))] } else { Vec::new() };
        self.engine.snapshot.undo =
            Some(UndoView { job: JOB, kind, leaves_rows: true, tally, examples: examples.into(), end });
        self.engine.publish();
        self.settle();
    }
}

#[test]
fn a_jobs_results_are_counted_then_undone_and_redone_by_keyboard() {
    let mut window = window(with_job(JobState::Done, 415, false));
    window.press("Jobs");
    window.choose(7, "Undo job…");
    assert_eq!(window.commands(), [Command::CheckUndo(JOB)]);
    window.show_undo(UndoKind::Check, UndoTally { done: 120, ..tally(400, 15) }, None);
    assert!(window.has("Undo Job 7") && window.has("120 of 415") && !window.has("Move to trash"));
    let counts = UndoTally { replaced: 5, lost: 2, ..tally(412, 3) };
    window.show_undo(UndoKind::Check, counts, Some(Ok(true)));
    for text in [
        "412 results go to the trash; 3 changed since and stay.",
        "5 files that results replaced come back.",
        "2 files were replaced without being kept in the trash: nothing can bring them back.",
        "/home/me/out/a.jpg stays: it has changed since the job saved it.",
        "And 2 more",
        "Rows that the job wrote into its database stay as they are.",
    ] {
        assert!(window.has(text), "{text}");
    }
    assert_eq!(window.commands(), [], "nothing is moved before it is confirmed");
    window.key(Modifiers::NONE, Key::Enter);
    assert_eq!(window.commands(), [Command::UndoJob(JOB)]);
    window.show_undo(UndoKind::Undo, UndoTally { done: 7, ..tally(412, 3) }, None);
    assert!(window.has("7 of 415"));
    window.press("Stop");
    assert_eq!(window.commands(), [Command::StopUndo]);
    window.show_undo(UndoKind::Undo, tally(412, 3), Some(Ok(true)));
    assert!(window.has("412 results are in the trash now.") && window.has("3 files stay as they are:"));
    window.press("Redo: Job 7");
    assert_eq!(window.commands(), [Command::RedoJob(JOB)]);
    window.show_undo(UndoKind::Redo, tally(412, 0), Some(Ok(true)));
    assert!(window.has("412 results are back."));
    window.key(Modifiers::NONE, Key::Escape);
    assert_eq!(window.commands(), [Command::StopUndo]);
    assert!(window.has("More: Job 7"), "the list of jobs is shown again");
}

#[test]
fn redo_is_offered_while_results_are_in_the_trash() {
    let mut window = window(with_job(JobState::Done, 0, true));
    window.press("Jobs");
    window.press("More: Job 7");
    assert!(!window.has("Undo job…"), "nothing is left to undo");
    window.harness.get_by_role_and_label(Role::MenuItem, "Redo").click();
    window.settle();
    assert_eq!(window.commands(), [Command::RedoJob(JOB)]);
}

#[test]
fn a_running_job_offers_no_undo_and_a_refused_one_says_why() {
    let mut running = window(with_job(JobState::Running, 5, true));
    running.press("Jobs");
    running.press("More: Job 7");
    let is_undo = |node: &egui_kittest::kittest::AccessKitNode<'_>| {
        node.role() == Role::MenuItem && node.label().is_some_and(|name| name == "Undo job…" || name == "Redo")
    };
    assert!(running.has("Copy as command") && running.harness.query_all_by(is_undo).next().is_none());
    let mut window = window(with_job(JobState::Paused, 5, false));
    window.press("Jobs");
    window.choose(7, "Undo job…");
    window.show_undo(UndoKind::Check, UndoTally::default(), Some(Err(JobError::Locked(JOB))));
    let why = JobError::Locked(JOB).window_text(crate::model::Lang::English);
    assert!(window.has(&why) && !window.has("Move to trash"), "{why}");
}

#[test]
fn closing_the_sheet_stops_a_check_but_not_an_undo() {
    for (kind, stops) in [(UndoKind::Check, true), (UndoKind::Undo, false), (UndoKind::Redo, false)] {
        let mut window = window(with_job(JobState::Done, 5, false));
        window.press("Jobs");
        window.choose(7, "Undo job…");
        window.show_undo(kind, UndoTally::default(), None);
        window.commands();
        window.key(Modifiers::NONE, Key::Escape);
        assert_eq!(window.commands(), if stops { vec![Command::StopUndo] } else { Vec::new() });
    }
}

#[test]
fn the_trash_for_replaced_files_is_on_unless_it_is_turned_off() {
    let mut window = window(|engine| {
        engine.add_items();
        engine.job().sink = SinkSpec { on_conflict: ConflictPolicy::Overwrite, ..SinkSpec::default() };
    });
    window.press("Replaced files go to the trash");
    window.settle();
    let off = SinkSpec { on_conflict: ConflictPolicy::Overwrite, trash: Some(false), ..SinkSpec::default() };
    assert!(window.commands().contains(&Command::SetSink(off)));
}
