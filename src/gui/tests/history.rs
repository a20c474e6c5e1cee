//! The sheet of jobs, and what can be done with them.

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};

use super::super::fake_engine::{FakeEngine, JOB};
use super::{Window, window, window_sized};
use crate::config::{Language, Theme};
use crate::engine::{CleanUp, Command, CopiedCommand, JobEntry, Notice, Pruned};
use crate::model::{ItemId, JobId, JobRow, JobSpec, JobState, JobSummary, Locator, Message, Recipe, SourceSpec, Step};

/// A finished job of the history.
fn entry(id: i64) -> JobEntry {
    let row = JobRow {
        id: JobId(id),
        created_at_ms: 1_790_000_000_000 + id * 60_000,
        state: JobState::Done,
        total: 10,
        done: 10,
        failed: 0,
        skipped: 0,
        bytes_in: 4_100_000,
        bytes_out: 310_000,
        finished_at_ms: Some(1_790_000_090_000 + id * 60_000),
        started_at_ms: Some(1_790_000_000_000 + id * 60_000),
        running_since_ms: None,
        worked_ms: 83_000,
    };
    let folder = SourceSpec::new("folder", vec![Locator::File(format!("/photos/{id}").into())]);
    let recipe = Recipe { steps: vec![Step::new("resize").with("long_edge", 100.0)], ..Recipe::default() };
    let summary =
        JobSummary { request: JobSpec { recipe, ..JobSpec::default() }, first_source: Some(folder), sources: 1 };
    let results = (1..=5).map(|seq| ItemId { job: JobId(id), seq }).collect();
    JobEntry { row, summary: summary.into(), results, can_redo: false }
}

/// A window whose sheet of jobs is open.
fn open(jobs: impl IntoIterator<Item = JobEntry>) -> Window {
    let jobs: Vec<JobEntry> = jobs.into_iter().collect();
    let mut window = window(|engine| engine.jobs = jobs);
    window.key(Modifiers::COMMAND, Key::J);
    window.settle();
    window
}

impl Window {
    /// Opens the menu of a job and presses an entry of it.
    pub(super) fn choose(&mut self, job: i64, entry: &str) {
        self.press(&format!("More: Job {job}"));
        self.harness.get_by_role_and_label(Role::MenuItem, entry).click();
        self.settle();
    }

    fn opens_menu(&mut self, name: &str, choice: &str) {
        self.harness.get_by_role_and_label(Role::ComboBox, name).click();
        self.settle();
        self.harness.get_by_role_and_label(Role::MenuItem, choice).click();
        self.settle();
    }
}

#[test]
fn a_job_shows_when_it_ran_for_how_long_and_its_first_results() {
    let mut window = open([entry(3)]);
    for name in ["Job 3", "Done", "/photos/3", "Ran 1:23", "10 of 10 · 4.1 MB → 310 KB", "1 job"] {
        assert!(window.has(name), "{name}");
    }
    let asked: Vec<ItemId> = (1..=5).map(|seq| ItemId { job: JobId(3), seq }).collect();
    let textures = &mut window.harness.state_mut().state_mut().textures;
    for id in asked {
        assert!(textures.thumbnail(id, crate::model::ItemState::Done).is_some(), "{id:?}");
    }
}

#[test]
fn ten_thousand_jobs_are_listed_by_pages_and_only_the_visible_ones_are_drawn() {
    let mut window = open((1..=10_000).rev().map(entry));
    assert!(window.has("10,000 jobs") && window.has("Job 10000") && !window.has("Job 9900"));
    let cards = |window: &Window| {
        window
            .harness
            .query_all_by(|node| {
                let label = node.label().unwrap_or_default();
                label.starts_with("Run again: Job ")
            })
            .count()
    };
    assert!(cards(&window) < 12, "{}", cards(&window));
    window.key(Modifiers::NONE, Key::End);
    window.settle();
    assert!(window.has("Job 1") && !window.has("Job 10000"));
    let page = window.engine.ends.shared.jobs.load_full().unwrap();
    assert!(page.rows.len() <= 64, "{}", page.rows.len());
    window.key(Modifiers::NONE, Key::Home);
    window.key(Modifiers::NONE, Key::PageDown);
    window.settle();
    assert!(window.has("Job 9995") && !window.has("Job 10000"));
    assert!(cards(&window) < 12, "{}", cards(&window));
}

#[test]
fn jobs_are_searched_by_text_and_by_the_names_of_their_filters_in_the_windows_language() {
    let mut other = entry(4);
    let summary = JobSummary { request: JobSpec::default(), ..other.summary.as_ref().clone() };
    other.summary = summary.into();
    let mut window = open([other, entry(3)]);
    window.type_into("Search jobs", "photos/4");
    window.settle();
    assert!(window.has("1 job found") && window.has("Job 4") && !window.has("Job 3"));
    window.type_into("Search jobs", "Resiz");
    window.settle();
    assert!(window.has("Job 3") && !window.has("Job 4"));
    window.type_into("Search jobs", "nothing of the kind");
    window.settle();
    assert!(window.has("No job matches"));
    window.engine.snapshot.settings.language = Language::Korean;
    window.engine.publish();
    window.settle();
    window.type_into("작업 검색", "크기 조정");
    window.settle();
    assert!(window.has("작업 1개를 찾았습니다") && window.has("작업 3"));
}

#[test]
fn jobs_are_filtered_by_state_and_date() {
    let mut paused = entry(5);
    paused.row.state = JobState::Paused;
    let mut failed = entry(4);
    failed.row.failed = 2;
    let mut window = open([paused, failed, entry(3)]);
    for (choice, shown) in [("Paused", "Job 5"), ("With failures", "Job 4"), ("Cancelled", "No job matches")] {
        window.opens_menu("State", choice);
        assert!(window.has(shown), "{choice}");
        assert!(!window.has("Job 3"), "{choice}");
    }
    window.opens_menu("State", "All jobs");
    assert!(window.has("3 jobs"));
    window.opens_menu("Started", "Last 7 days");
    let page = window.engine.ends.shared.jobs.load_full().unwrap();
    assert_eq!(page.request.filter.age, crate::engine::JobAge::Week);
}

#[test]
fn a_job_can_be_shown_run_again_copied_as_a_command_and_deleted() {
    let mut window = open([entry(3), entry(2)]);
    window.press("Run again: Job 3");
    assert_eq!(window.commands(), [Command::RunAgain(JobId(3))]);
    assert!(!window.has("Search jobs"), "its progress is visible");
    window.key(Modifiers::COMMAND, Key::J);
    window.press("Show: Job 2");
    assert_eq!(window.commands(), [Command::Show(JobId(2))]);
    window.key(Modifiers::COMMAND, Key::J);
    window.choose(2, "Copy as command");
    window.choose(2, "Delete from history");
    assert_eq!(window.commands(), [Command::CopyCommand(JobId(2)), Command::DeleteJob(JobId(2))]);
    assert!(window.has("Search jobs"), "the list stays");
}

#[test]
fn a_running_job_can_be_paused_but_not_deleted_or_run_again() {
    let mut running = entry(3);
    running.row.state = JobState::Running;
    running.row.finished_at_ms = None;
    let mut window = open([running]);
    assert!(!window.has("Run again: Job 3"));
    window.press("More: Job 3");
    assert!(window.has("Copy as command") && !window.has("Delete from history"));
    window.key(Modifiers::NONE, Key::Escape);
    window.press("Pause: Job 3");
    assert_eq!(window.commands(), [Command::Pause(JobId(3))]);
}

#[test]
fn a_deleted_job_can_be_brought_back_from_the_sheet() {
    let mut window = open([entry(3)]);
    window.engine.snapshot.notice = Some(Notice::JobDeleted(JobId(4)));
    window.engine.snapshot.can_undo = true;
    window.engine.publish();
    window.settle();
    assert!(window.has("Job 4 was deleted from the history. Its results stay."));
    let undo = window.harness.query_all_by_label("Undo").collect::<Vec<_>>();
    undo.last().unwrap().click();
    drop(undo);
    window.settle();
    assert!(window.commands().contains(&Command::Undo));
}

#[test]
fn a_written_command_is_copied_once_and_says_how_it_differs() {
    let mut window = open([entry(3)]);
    let line = "pixloom run '/photos/two words.jpg'";
    window.engine.snapshot.copied = Some(CopiedCommand { number: 1, text: line.to_owned() }.into());
    window.engine.snapshot.notice = Some(Notice::CommandCopied(JobId(3), vec![Message::new("command_stdin")]));
    window.engine.publish();
    let copied = |window: &mut Window| {
        window.harness.run_steps(1);
        let commands = window.harness.output().platform_output.commands.clone();
        commands.into_iter().filter(|command| *command == egui::OutputCommand::CopyText(line.to_owned())).count()
    };
    assert_eq!(copied(&mut window), 1);
    assert_eq!(copied(&mut window), 0, "it is not copied again and again");
    window.settle();
    assert!(window.has(
        "The command that repeats job 3 was copied. The job read standard input: give the same data to the command."
    ));
}

#[test]
fn old_jobs_are_deleted_from_the_settings_after_a_question_that_says_results_stay() {
    let mut window = window(|_| {});
    window.key(Modifiers::COMMAND, Key::Comma);
    window.settle();
    for name in ["/home/me/.local/share/pixloom/catalog.sqlite", "96 MB · 1,204 jobs · 310,000 items"] {
        assert!(window.has(name), "{name}");
    }
    window.commands();
    window.press("Clean up…");
    assert!(window.has("Delete 12 jobs"), "90 days");
    let note = "Results stay where they are. Deleted jobs can't be resumed, retried or undone, and later jobs no longer \
                recognize their results.";
    assert!(window.has(note));
    window.press("365 days");
    assert!(window.harness.get_by_label("Delete 0 jobs").accesskit_node().is_disabled());
    window.press("30 days");
    window.press("Delete 900 jobs");
    assert_eq!(window.commands(), [Command::CleanUp { older_than_days: 30 }]);
    window.engine.snapshot.clean_up = CleanUp::Running;
    window.engine.publish();
    window.settle();
    assert!(window.has("Deleting old jobs…"));
    let pruned = Pruned { jobs: 900, items: 250_000, bytes: 80_000_000, ..Pruned::default() };
    window.engine.snapshot.clean_up = CleanUp::Done(pruned);
    window.engine.snapshot.notice = Some(Notice::CleanedUp(pruned));
    window.engine.storage.size.bytes = 16_000_000;
    window.engine.publish();
    window.settle();
    assert!(window.has("16 MB · 1,204 jobs · 310,000 items"), "it is measured again");
    assert!(window.has("Deleted 900 jobs with 250,000 items from the history; the catalog is 80 MB smaller."));
}

#[test]
fn the_keyboard_alone_reaches_every_job_and_its_menu() {
    let mut window = open((1..=60).rev().map(entry));
    let mut reached = std::collections::BTreeSet::new();
    for _ in 0..400 {
        window.harness.key_press(Key::Tab);
        window.settle();
        let is_menu = |node: &egui_kittest::kittest::AccessKitNode<'_>| {
            node.is_focused() && node.label().is_some_and(|name| name.starts_with("More: Job "))
        };
        let focused = window.harness.query_all_by(is_menu);
        reached.extend(focused.filter_map(|node| node.accesskit_node().label()));
        if reached.contains("More: Job 1") {
            break;
        }
    }
    assert_eq!(reached.len(), 60, "{reached:?}");
    window.key(Modifiers::NONE, Key::Enter);
    assert!(window.has("Copy as command"));
}

#[test]
fn long_and_hostile_names_fit_in_both_languages_and_themes_and_in_a_small_window() {
    for (language, theme) in [(Language::English, Theme::Light), (Language::Korean, Theme::Dark)] {
        let mut named = entry(JOB.0);
        let path = format!("/사진/{}'\"<b>{}", "긴이름".repeat(40), "x".repeat(200));
        let source = SourceSpec::new("folder", vec![Locator::File(path.into())]);
        let mut summary = named.summary.as_ref().clone();
        (summary.first_source, summary.sources) = (Some(source), 12);
        named.summary = summary.into();
        named.row.failed = 1_234_567;
        let prepare = |engine: &mut FakeEngine| {
            engine.snapshot.settings.language = language;
            engine.snapshot.settings.theme = theme;
            engine.jobs = vec![named.clone(), entry(3)];
        };
        let mut window = window_sized(860.0, 560.0, prepare);
        window.key(Modifiers::COMMAND, Key::J);
        window.settle();
        let right = window.harness.get_by_role_and_label(
            Role::TextInput,
            match language {
                Language::Korean => "작업 검색",
                _ => "Search jobs",
            },
        );
        assert!(right.rect().right() <= 860.0);
        let buttons = window.harness.query_all_by(|node| {
            let label = node.label().unwrap_or_default();
            label.ends_with(&format!("{}", JOB.0)) && label.contains(": ")
        });
        let rects: Vec<egui::Rect> = buttons.map(|node| node.rect()).collect();
        assert!(rects.len() >= 3, "{rects:?}");
        for (i, rect) in rects.iter().enumerate() {
            assert!(rect.right() <= 860.0, "{rect:?}");
            assert!(rects[..i].iter().all(|other| !other.shrink(1.0).intersects(*rect)), "{rects:?}");
        }
    }
}
