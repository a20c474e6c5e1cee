//! What is listed before Start: adding, removing, undoing, and a session that comes back.

use std::fs;

use pixloom::engine::{Command, Notice, PreviewRequest, Snapshot, Zoom};
use pixloom::model::{ItemRow, JobState, Limits, PagesChoice, RawChoice, Save, SinkSpec};
use pixloom::source;

use super::desk::{Desk, file, long_edge, output_of, png, read_png, recipe, save_as};

fn names(rows: &[ItemRow]) -> Vec<String> {
    rows.iter().map(|row| row.locator.short_name()).collect()
}

/// Whether the draft lists so many items and all its sources have been read.
fn lists(total: u64) -> impl Fn(&Snapshot) -> bool {
    move |snapshot| snapshot.current.as_ref().is_some_and(|view| !view.counting && view.progress.total == total)
}

/// A window with a draft of five pictures.
fn with_five() -> Desk {
    let desk = Desk::window();
    let folder = desk.put_pictures(5);
    desk.send(Command::Add(vec![folder]));
    desk.wait("five are listed", lists(5));
    desk
}

#[test]
fn added_items_are_listed_once_and_nothing_runs_before_start() {
    let desk = with_five();
    let view = desk.current();
    assert_eq!((view.state, view.progress.running, view.progress.done), (JobState::Draft, 0, 0));
    desk.wait("its folder is shown", |snapshot| {
        let groups = &snapshot.current.as_ref().unwrap().groups;
        groups.len() == 1 && groups[0].total == 5 && !groups[0].is_links
    });
    // The same again, and one more.
    desk.send(Command::DismissNotice);
    let more = desk.put("zz.png", png(9, 9, 9));
    desk.send(Command::Add(vec![source::folder(desk.path("in"), false), file(&more)]));
    desk.wait("the new one is listed", lists(6));
    desk.wait("duplicates are reported", |snapshot| {
        snapshot.notice == Some(Notice::Added { added: 1, duplicates: 6, only_links: false })
    });
    assert!(!desk.out().exists());
}

#[test]
fn restored_items_return_to_their_positions() {
    let desk = with_five();
    let job = desk.current().id;
    let all = names(&desk.rows(job));
    desk.send(Command::Remove(vec![2, 4]));
    desk.wait("two are gone", lists(3));
    assert_eq!(names(&desk.rows(job)), ["000.png", "002.png", "004.png"]);
    assert!(desk.snapshot().can_undo && desk.snapshot().notice == Some(Notice::Removed(2)));
    desk.send(Command::Undo);
    desk.wait("they are back", lists(5));
    assert_eq!(names(&desk.rows(job)), all);
    desk.send(Command::Redo);
    desk.wait("they are gone again", lists(3));
    desk.send(Command::Undo);
    desk.wait("they are back again", lists(5));
    desk.send(Command::Clear);
    desk.wait("everything is gone", lists(0));
    desk.send(Command::Undo);
    desk.wait("everything is back", lists(5));
    assert_eq!((desk.current().id, names(&desk.rows(job))), (job, all));
}

#[test]
fn a_draft_becomes_a_job_with_its_own_recipe() {
    let desk = with_five();
    let steps = vec![long_edge(8)];
    desk.send(Command::SetRecipe(recipe(steps.clone())));
    desk.send(Command::SetSave(Save { format: save_as("png"), ..Save::default() }));
    desk.send(Command::SetSink(SinkSpec { dir: Some(desk.out()), ..SinkSpec::default() }));
    desk.send(Command::SetLimits(Limits { workers: Some(1), ..Limits::default() }));
    desk.send(Command::Remove(vec![1]));
    desk.send(Command::Start);
    let job = desk.current().id;
    desk.wait_end(job);
    assert_eq!(desk.spec_of(job).recipe, recipe(steps));
    assert_eq!(desk.output_names(), ["001.png", "002.png", "003.png", "004.png"]);
    for row in desk.rows(job) {
        assert_eq!(read_png(&fs::read(output_of(&row)).unwrap()).0, 8);
    }
    assert_eq!(desk.spec_of(job).limits.workers, Some(1));
    assert!(!desk.snapshot().can_undo, "what has started can't be taken back");
    // The history has it, and a change of the recipe makes a new draft of the same items.
    assert_eq!(desk.history().first().map(|entry| entry.row.id), Some(job));
    desk.send(Command::SetRecipe(recipe(vec![long_edge(4)])));
    desk.wait("a draft of four", |snapshot| lists(4)(snapshot) && snapshot.current.as_ref().unwrap().id != job);
    assert_eq!(desk.current().state, JobState::Draft);
    assert_eq!(names(&desk.rows(desk.current().id)), names(&desk.rows(job)));
    desk.send(Command::Start);
    let second = desk.current().id;
    desk.wait_end(second);
    assert_eq!(desk.output_names().len(), 8);
}

#[test]
fn edits_of_the_recipe_are_undone_one_by_one() {
    let desk = with_five();
    let view = || desk.current();
    let (plain, small) = (view().recipe, recipe(vec![long_edge(8)]));
    desk.send(Command::SetRecipe(small.clone()));
    desk.send(Command::SetSave(Save { quality: Some(50), ..Save::default() }));
    desk.wait("both are seen", |snapshot| snapshot.current.as_ref().unwrap().save.quality == Some(50));
    assert_eq!(view().recipe, small);
    desk.send(Command::Undo);
    desk.wait("the format is back", |snapshot| snapshot.current.as_ref().unwrap().save.quality.is_none());
    assert_eq!(view().recipe, small);
    desk.send(Command::Undo);
    desk.wait("the recipe is back", |snapshot| snapshot.current.as_ref().unwrap().recipe == plain);
    desk.send(Command::Redo);
    desk.wait("it is done again", |snapshot| snapshot.current.as_ref().unwrap().recipe == small);
}

#[test]
fn the_last_session_is_restored() {
    let mut desk = with_five();
    let wanted = recipe(vec![long_edge(8)]);
    desk.send(Command::SetRecipe(wanted.clone()));
    desk.send(Command::Remove(vec![5]));
    desk.wait("it is seen", |snapshot| lists(4)(snapshot) && snapshot.current.as_ref().unwrap().recipe == wanted);
    let before = desk.current();
    desk.quit();
    desk.start();
    let after = desk.current();
    assert_eq!((after.id, after.state, &after.recipe), (before.id, JobState::Draft, &wanted));
    assert_eq!(after.progress.total, 4);
    assert_eq!(names(&desk.rows(after.id)), ["000.png", "001.png", "002.png", "003.png"]);
    let mut sink = after.sink;
    sink.dir = Some(desk.out());
    desk.send(Command::SetSink(sink));
    desk.send(Command::Start);
    desk.wait_end(before.id);
    desk.check_all_done_once(before.id, 4);
}

#[test]
fn pasted_text_gives_links_and_paths() {
    let desk = Desk::window();
    let path = desk.put("a.png", png(9, 9, 1));
    let text = format!("See http://h.example/x.jpg, and\n{}\nthen http://h.example/x.jpg again", path.display());
    desk.send(Command::AddText(text));
    desk.wait("both are listed", lists(2));
    let rows = desk.rows(desk.current().id);
    let mut found = names(&rows);
    found.sort();
    assert_eq!(found, ["a.png", "x.jpg"]);
    desk.send(Command::AddText("nothing here".to_owned()));
    desk.wait("the notice is shown", |snapshot| snapshot.notice == Some(Notice::NothingToAdd));
}

#[test]
fn a_wrong_recipe_is_reported_and_the_draft_stays() {
    let desk = with_five();
    desk.send(Command::SetRecipe(recipe(vec![long_edge(8).with("kernel", "magic")])));
    desk.send(Command::Start);
    let notice = desk.wait_for("the notice is shown", |snapshot| match &snapshot.notice {
        Some(Notice::Failed(error)) => Some(error.to_string()),
        _ => None,
    });
    assert!(notice.contains("magic") && notice.contains("lanczos3"), "{notice}");
    assert_eq!((desk.current().state, desk.current().progress.total), (JobState::Draft, 5));
}

#[test]
fn a_second_run_keeps_its_destination_and_the_next_folder_gets_its_own() {
    let desk = Desk::window();
    let beside = |name: &str| desk.path(&format!("{name}-pixloom"));
    let photo = desk.put("a.png", png(9, 9, 1));
    desk.send(Command::AddPaths(vec![photo.parent().unwrap().to_path_buf()]));
    desk.wait("it is listed", lists(1));
    let first = desk.current();
    assert_eq!(first.out_dir, Some(beside("in")));
    desk.send(Command::Start);
    desk.wait_end(first.id);
    // Another recipe: a new draft with the same items.
    for (long_edge_px, name) in [(8, "a (1).png"), (7, "a (2).png")] {
        desk.send(Command::SetRecipe(recipe(vec![long_edge(long_edge_px)])));
        let is_copied = |snapshot: &Snapshot| {
            snapshot.current.as_ref().is_some_and(|job| job.state == JobState::Draft && !job.counting)
                && lists(1)(snapshot)
        };
        desk.wait("the items are copied", is_copied);
        let again = desk.current();
        assert_eq!(again.out_dir, Some(beside("in")), "not the default folder for links");
        desk.send(Command::Start);
        desk.wait_end(again.id);
        assert!(beside("in").join(name).is_file(), "{name}");
    }
    // New items of another folder are not part of that job.
    let other = desk.path("other");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("b.png"), png(9, 9, 2)).unwrap();
    desk.send(Command::AddPaths(vec![other]));
    desk.wait("it is listed", |snapshot| {
        lists(1)(snapshot) && snapshot.current.as_ref().unwrap().state == JobState::Draft
    });
    assert_eq!(desk.current().out_dir, Some(beside("other")));
    assert_eq!(desk.snapshot().settings.sink.dir, None, "nobody chose a folder");
}

#[test]
fn the_estimate_follows_these_items_and_this_recipe() {
    let desk = Desk::window();
    let folder = desk.put_pictures(6);
    desk.send(Command::SetRecipe(recipe(vec![long_edge(8)])));
    desk.send(Command::Add(vec![folder]));
    desk.wait("six are listed", lists(6));
    assert_eq!(desk.current().estimate, None, "nothing is known yet");
    let look = |edge: u32| {
        let job = desk.current();
        let id = desk.rows(job.id)[0].id;
        let (recipe, save) = (recipe(vec![long_edge(edge)]), job.save);
        desk.handle().want_preview(Some(PreviewRequest {
            id,
            recipe,
            save,
            raw: RawChoice::default(),
            zoom: Zoom::Fit,
            area_px: (64, 64),
        }));
    };
    look(8);
    let small = desk.wait_for("the preview gives an estimate", |snapshot| snapshot.current.as_ref()?.estimate);
    assert!(small.bytes_out > 0 && small.seconds > 0.0, "{small:?}");
    desk.send(Command::SetRecipe(recipe(vec![long_edge(30)])));
    let is_other =
        |snapshot: &Snapshot| snapshot.current.as_ref().is_some_and(|job| job.recipe == recipe(vec![long_edge(30)]));
    desk.wait("the recipe is another one", is_other);
    assert_eq!(desk.current().estimate, None, "that of another recipe is not shown");
    look(30);
    let large = desk.wait_for("the preview gives an estimate", |snapshot| snapshot.current.as_ref()?.estimate);
    assert!(large.bytes_out > small.bytes_out, "{large:?} {small:?}");
    desk.send(Command::Remove(vec![4, 5, 6]));
    desk.wait("three are left", lists(3));
    let half = desk.current().estimate.unwrap();
    let share = half.bytes_out as f64 / large.bytes_out as f64;
    assert!((0.4..0.6).contains(&share), "{half:?} of {large:?}");
}

#[test]
fn another_choice_of_pages_divides_the_documents_of_a_draft_again_and_can_be_undone() {
    let desk = Desk::window();
    let scan = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/formats/tiff_pages.tif")).unwrap();
    let (scan, photo) = (desk.put("scan.tif", scan), desk.put("zz.png", png(9, 9, 9)));
    desk.send(Command::Add(vec![file(&scan), file(&photo)]));
    desk.wait("two files are listed", lists(2));
    let choose = |pages| desk.send(Command::SetLimits(Limits { pages, ..Limits::default() }));
    choose(PagesChoice::All);
    desk.wait("each page is listed", lists(4));
    let listed = || names(&desk.rows(desk.current().id));
    assert_eq!(listed(), ["scan.tif, page 1", "scan.tif, page 2", "scan.tif, page 3", "zz.png"]);
    choose(PagesChoice::Range { from: 2, to: None });
    desk.wait("two pages are listed", lists(3));
    assert_eq!(listed(), ["scan.tif, page 2", "scan.tif, page 3", "zz.png"]);
    desk.send(Command::Undo);
    desk.wait("all pages are back", lists(4));
    desk.send(Command::Undo);
    desk.wait("the files are back", lists(2));
    assert_eq!(listed(), ["scan.tif", "zz.png"]);
    desk.send(Command::Redo);
    desk.wait("each page is listed again", lists(4));
    desk.send(Command::SetSink(SinkSpec { dir: Some(desk.out()), ..SinkSpec::default() }));
    desk.send(Command::Start);
    desk.wait("every page is saved", |snapshot| {
        snapshot.current.as_ref().is_some_and(|view| view.state == JobState::Done && view.progress.done == 4)
    });
    for name in ["scan-1.tif", "scan-2.tif", "scan-3.tif", "zz.png"] {
        assert!(desk.out().join(name).exists(), "{name}");
    }
}
