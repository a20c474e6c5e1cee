//! The history in the window: jobs run again, are copied as commands, deleted and cleaned up.

use std::fs;

use pixloom::engine::{
    CleanUp, Command, Engine, EngineOptions, JobGroup, JobsFilter, JobsRequest, Notice, QueryRequest, QueryTarget,
};
use pixloom::model::{ConflictPolicy, Durability, FormatChoice, ItemState, JobId, JobState, RowsFormat};

use crate::engine::desk::{Desk, last_event, long_edge};

/// A window with a finished job of so many images.
fn finished(images: u32) -> (Desk, JobId) {
    let desk = Desk::window();
    let folder = desk.put_pictures(images);
    let job = desk.submit(desk.job(vec![folder], vec![long_edge(8)], FormatChoice::default()));
    desk.wait_end(job);
    (desk, job)
}

fn inputs(desk: &Desk, job: JobId) -> Vec<String> {
    desk.rows(job).iter().map(|row| row.locator.short_name()).collect()
}

fn listed_after(desk: &Desk, job: JobId) -> JobId {
    desk.wait_for("another job is listed", |snapshot| {
        snapshot.current.as_ref().map(|current| current.id).filter(|current| *current != job)
    })
}

#[test]
fn the_history_has_timings_and_the_first_results_of_each_job() {
    let (desk, job) = finished(7);
    let history = desk.history();
    assert_eq!(history.len(), 1, "drafts are left out");
    let entry = &history[0];
    assert_eq!((entry.row.id, entry.row.done, entry.results.len()), (job, 7, 5));
    assert!(entry.row.worked_ms > 0 && entry.row.started_at_ms <= entry.row.finished_at_ms, "{:?}", entry.row);
    for id in entry.results.iter() {
        assert_eq!(desk.reader().item(*id).unwrap().unwrap().state, ItemState::Done);
    }
    let filter = JobsFilter { group: JobGroup::WithFailures, ..JobsFilter::default() };
    let request = JobsRequest { filter, rows: 10, ..JobsRequest::default() };
    desk.handle().want_jobs(request.clone());
    let total = desk.wait_for("they are filtered", |_| {
        desk.handle().jobs().filter(|page| page.request == request).map(|page| page.total)
    });
    assert_eq!(total, 0);
}

#[test]
fn a_job_runs_again_from_its_sources_and_finds_new_files() {
    let (desk, job) = finished(3);
    desk.put("another.png", crate::engine::desk::png(30, 20, 9));
    let spec = desk.spec_of(job);
    desk.send(Command::RunAgain(job));
    let again = listed_after(&desk, job);
    desk.wait_end(again);
    assert_eq!(desk.row_of(again).done, 4);
    assert_eq!(desk.spec_of(again).recipe, spec.recipe);
    assert_eq!(desk.spec_of(again).output().sink, spec.output().sink);
    assert_eq!(desk.output_names().len(), 7, "results that are there stay");
}

#[test]
fn items_without_a_source_are_copied_when_a_job_runs_again() {
    let (desk, job) = finished(3);
    // The recipe of an ended job makes a draft of its items, which has no source.
    desk.send(Command::SetRecipe(desk.spec_of(job).recipe));
    let draft = listed_after(&desk, job);
    desk.wait("its items are there", |snapshot| {
        snapshot.current.as_ref().is_some_and(|it| it.progress.total == 3 && !it.counting)
    });
    let seq = desk.rows(draft)[0].id.seq;
    desk.send(Command::Remove(vec![seq]));
    desk.send(Command::Start);
    desk.wait_end(draft);
    desk.send(Command::RunAgain(draft));
    let again = listed_after(&desk, draft);
    desk.wait_end(again);
    assert_eq!(inputs(&desk, again), inputs(&desk, draft));
    assert_eq!(desk.row_of(again).done, 2, "without the one that was removed");
}

#[test]
fn a_job_is_copied_as_the_command_that_repeats_it() {
    let (desk, job) = finished(2);
    desk.send(Command::CopyCommand(job));
    let copied = desk.wait_for("it is written", |snapshot| snapshot.copied.clone());
    assert!(
        copied.text.starts_with("pixloom run ") && copied.text.contains("-s resize:long_edge=8"),
        "{}",
        copied.text
    );
    assert!(copied.text.contains("--workers 2") && copied.text.contains("--catalog"), "{}", copied.text);
    assert_eq!(desk.snapshot().notice, Some(Notice::CommandCopied(job, Vec::new())));
    // Items without a source are named one by one.
    desk.send(Command::DismissNotice);
    desk.send(Command::SetRecipe(desk.spec_of(job).recipe));
    let draft = listed_after(&desk, job);
    desk.wait("its items are there", |snapshot| {
        snapshot.current.as_ref().is_some_and(|it| it.progress.total == 2 && !it.counting)
    });
    desk.send(Command::CopyCommand(draft));
    let copied = desk.wait_for("it is written", |snapshot| snapshot.copied.clone().filter(|copied| copied.number == 2));
    assert!(copied.text.contains("/in/000.png") && copied.text.contains("/in/001.png"), "{}", copied.text);
}

#[test]
fn a_deleted_job_comes_back_with_undo_and_its_results_stay() {
    let (desk, job) = finished(2);
    let results = desk.output_names();
    desk.send(Command::DeleteJob(job));
    desk.wait("it is deleted", |snapshot| snapshot.notice == Some(Notice::JobDeleted(job)));
    let draft = desk.current();
    assert!(draft.id != job && draft.state == JobState::Draft, "it is not listed any more");
    assert!(desk.history().is_empty() && desk.reader().job(job).unwrap().is_none());
    assert_eq!(desk.output_names(), results);
    desk.send(Command::Undo);
    desk.wait("it is back", |_| desk.reader().job(job).unwrap().is_some());
    assert_eq!(desk.history().len(), 1);
    desk.send(Command::Redo);
    desk.wait("it is deleted again", |_| desk.reader().job(job).unwrap().is_none());
    let failed = desk.send(Command::RunAgain(job));
    let snapshot = desk.wait("it is refused", |snapshot| snapshot.commands_included >= failed);
    assert!(matches!(snapshot.notice, Some(Notice::Failed(_))), "{:?}", snapshot.notice);
}

#[test]
fn a_running_job_is_not_deleted() {
    let desk = Desk::window();
    let (list, end) = desk.slow_list();
    let job = desk.submit(desk.copies(vec![list]));
    desk.send(Command::DeleteJob(job));
    let snapshot = desk.wait("it is refused", |snapshot| matches!(snapshot.notice, Some(Notice::Failed(_))));
    assert!(format!("{:?}", snapshot.notice).contains("job_in_use"), "{:?}", snapshot.notice);
    assert_eq!(desk.row_of(job).state, JobState::Running);
    drop(end);
    desk.wait("it ends", |_| desk.row_of(job).state == JobState::Done);
}

#[test]
fn old_jobs_are_cleaned_up_in_the_background_and_their_results_stay() {
    let (desk, old) = finished(3);
    let results = desk.output_names();
    let again = desk.put_pictures(3);
    let mut spec = desk.copies(vec![again]);
    spec.output_mut().sink.dir = Some(desk.path("second"));
    let new = desk.submit(spec);
    desk.wait_end(new);
    let other = rusqlite::Connection::open(desk.catalog_path()).unwrap();
    other.execute("UPDATE job SET finished_at = finished_at - 40 * 86400000 WHERE id = ?1", [old.0]).unwrap();
    desk.handle().want_storage();
    let storage = desk.wait_for("the catalog is measured", |_| desk.handle().storage());
    assert_eq!((storage.size.jobs, storage.size.items), (2, 6));
    assert_eq!(storage.ended_before, [(30, 1), (90, 0), (365, 0)]);
    assert_eq!(storage.path, desk.catalog_path());
    let seen = last_event(&desk.snapshot());
    desk.send(Command::CleanUp { older_than_days: 30 });
    let pruned = desk.wait_for("it is cleaned up", |snapshot| match snapshot.clean_up {
        CleanUp::Done(pruned) => Some(pruned),
        _ => None,
    });
    assert_eq!((pruned.jobs, pruned.items, pruned.in_use), (1, 3, 0));
    assert_eq!(desk.history().iter().map(|entry| entry.row.id).collect::<Vec<_>>(), [new]);
    assert_eq!(desk.output_names(), results);
    assert_eq!(last_event(&desk.snapshot()), seen, "no job was disturbed");
    assert_eq!(desk.current().id, new, "the listed job stays");
    let rows: i64 = other.query_row("SELECT count(*) FROM item", (), |row| row.get(0)).unwrap();
    assert_eq!(rows, 3);
}

#[test]
fn a_job_whose_folder_is_gone_says_so_when_it_runs_again() {
    let (desk, job) = finished(1);
    fs::remove_dir_all(desk.path("in")).unwrap();
    fs::remove_dir_all(desk.out()).unwrap();
    desk.send(Command::RunAgain(job));
    let again = listed_after(&desk, job);
    desk.wait("it has ended", |_| desk.row_of(again).state == JobState::Done);
    assert_eq!(desk.row_of(again).total, 0);
    let told = desk.snapshot().events.iter().any(|event| format!("{event:?}").contains("SourceFailed"));
    assert!(told, "{:?}", desk.snapshot().events);
}

#[test]
fn a_query_job_runs_again_into_another_file_and_is_copied_as_its_command() {
    let desk = Desk::window();
    let (database, file) = (desk.path("shop.db"), desk.path("rows.csv"));
    rusqlite::Connection::open(&database)
        .unwrap()
        .execute_batch("CREATE TABLE t(a); INSERT INTO t VALUES (1)")
        .unwrap();
    let engine = Engine::start(EngineOptions::for_command_line(desk.path("other.sqlite"))).unwrap();
    let job_for = |target| {
        let request = QueryRequest {
            database: database.display().to_string(),
            sql: "SELECT a FROM t".to_owned(),
            list: None,
            encoding: None,
            split: None,
            may_write: false,
            connections: 1,
            timeout_s: None,
            retries: 0,
            max_failures: None,
            target,
            on_conflict: ConflictPolicy::Rename,
            durability: Durability::Fast,
        };
        let job = desk.submit(engine.query_job(request).unwrap());
        desk.wait_end(job);
        job
    };
    let job = job_for(QueryTarget::File { path: file.clone(), format: RowsFormat::Csv });
    desk.send(Command::RunAgain(job));
    let again = listed_after(&desk, job);
    desk.wait_end(again);
    assert_eq!(desk.row_of(again).done, 1);
    assert_eq!(fs::read(&file).unwrap(), b"a\r\n1\r\n");
    assert_eq!(fs::read(desk.path("rows (1).csv")).unwrap(), b"a\r\n1\r\n", "the first job's file stays");
    desk.send(Command::CopyCommand(again));
    let copied = desk.wait_for("it is written", |snapshot| snapshot.copied.clone());
    assert!(copied.text.starts_with("pixloom query --db sqlite:/"), "{}", copied.text);
    assert!(copied.text.contains("--sql 'SELECT a FROM t' -o /"), "{}", copied.text);
    // Nobody would see the rows.
    let printed = job_for(QueryTarget::Stdout { format: RowsFormat::Csv });
    desk.send(Command::DismissNotice);
    let refused = desk.send(Command::RunAgain(printed));
    let snapshot = desk.wait("it is refused", |snapshot| snapshot.commands_included >= refused);
    assert!(format!("{:?}", snapshot.notice).contains("query_again_stdout"), "{:?}", snapshot.notice);
}
