//! The history: how long jobs ran, which are found, and what is left of those that are deleted.

use super::*;
use crate::catalog::{JobFilter, lock_job};
use crate::model::{Output, QuerySpec, Recipe, SinkSpec, Step, WriteBackSpec};

/// A connection of another program.
fn outside(bench: &Bench) -> rusqlite::Connection {
    rusqlite::Connection::open(bench.path()).unwrap()
}

impl Bench {
    /// A job that has ended, with its items and its request.
    fn ended(&mut self, spec: &JobSpec, items: &[NewItem]) -> JobId {
        let job = self.catalog.create_job(spec, JobState::Running).unwrap();
        self.catalog.add_items(job, 1, items, &Adding::default()).unwrap();
        let seqs: Vec<u64> = (1..=items.len() as u64).collect();
        self.catalog.set_running(job, &seqs).unwrap();
        let outcome = |seq: &u64| Outcome::Done { output: format!("/out/{job}-{seq}.jpg") };
        let finished: Vec<Finished> =
            seqs.iter().map(|seq| Finished::new(ItemId { job, seq: *seq }, outcome(seq))).collect();
        self.catalog.finish(&finished.iter().collect::<Vec<_>>()).unwrap();
        self.catalog.set_state(job, JobState::Done).unwrap();
        job
    }

    fn found(&self, filter: JobFilter<'_>) -> Vec<i64> {
        let jobs = self.reader.find_jobs(&filter, &|| false).unwrap().unwrap();
        jobs.into_iter().map(|job| job.0).collect()
    }

    fn with_text(&self, text: &str) -> Vec<i64> {
        self.found(JobFilter { text, ..JobFilter::default() })
    }
}

fn file(path: &str) -> NewItem {
    NewItem::new(Locator::File(path.into()))
}

fn link(url: &str) -> NewItem {
    NewItem::new(Locator::Url(url.to_owned()))
}

fn count(sql: &rusqlite::Connection, table: &str) -> i64 {
    sql.query_row(&format!("SELECT count(*) FROM {table}"), (), |row| row.get(0)).unwrap()
}

#[test]
fn jobs_are_found_by_folder_host_list_step_format_output_folder_and_number() {
    let mut bench = Bench::new(JobState::Draft);
    let mut spec = JobSpec {
        recipe: Recipe { steps: vec![Step::new("gaussian_blur").with("sigma", 2.0)], ..Recipe::default() },
        ..JobSpec::default()
    };
    spec.outputs = vec![Output {
        sink: SinkSpec { dir: Some("/home/me/Web Ready".into()), ..SinkSpec::default() },
        ..Output::default()
    }];
    spec.sources = vec![SourceSpec::new("url_list", vec![Locator::File("/lists/Shop products.csv".into())])];
    let shop = bench.ended(&spec, &[link("https://cdn.shop.example/a%20b.jpg")]).0;
    // As macOS stores Hangul: decomposed.
    let photos = bench.ended(&JobSpec::default(), &[file("/photos/\u{110b}\u{1167}\u{1112}\u{1162}\u{11bc}/a.jpg")]).0;
    for (text, expected) in [
        ("CDN.shop", vec![shop]),
        ("shop products", vec![shop]),
        ("gaussian", vec![shop]),
        ("web ready", vec![shop]),
        ("여행", vec![photos]),
        ("keep", vec![photos, shop]),
        ("steps", vec![]),
        ("sigma", vec![]),
        ("", vec![photos, shop]),
    ] {
        assert_eq!(bench.with_text(text), expected, "{text}");
    }
    assert_eq!(bench.with_text(&format!("#{shop}")), [shop]);
    assert_eq!(bench.with_text(&photos.to_string()), [photos]);
    let ops = ["gaussian_blur".to_owned()];
    let in_korean = JobFilter { text: "흐림", ops: &ops, ..JobFilter::default() };
    assert_eq!(bench.found(in_korean), [shop], "by the name of its operation");
}

#[test]
fn jobs_are_found_by_their_databases_queries_and_tables() {
    let mut bench = Bench::new(JobState::Draft);
    let query = QuerySpec {
        database: "sqlite:/data/sales.db".into(),
        sql: "SELECT total FROM months".into(),
        ..QuerySpec::default()
    };
    let statements = bench.ended(&JobSpec { query: Some(query), ..JobSpec::default() }, &[file("/a.jpg")]).0;
    let table =
        WriteBackSpec { database: "sqlite:/data/shop.db".into(), table: "products".into(), ..WriteBackSpec::default() };
    let rows = SourceSpec::new("query", Vec::new())
        .with("dsn", "sqlite:/data/stock.db")
        .with("sql", "SELECT image FROM goods");
    let images = JobSpec { sources: vec![rows], write_back: Some(table), ..JobSpec::default() };
    let images = bench.ended(&images, &[file("/b.jpg")]).0;
    for (text, expected) in [
        ("sales.db", vec![statements]),
        ("FROM months", vec![statements]),
        ("Products", vec![images]),
        ("shop.db", vec![images]),
        ("stock.db", vec![images]),
        ("from goods", vec![images]),
        ("/data/", vec![images, statements]),
    ] {
        assert_eq!(bench.with_text(text), expected, "{text}");
    }
}

#[test]
fn jobs_are_found_by_state_failures_and_time_and_a_killed_job_is_paused() {
    let mut bench = Bench::new(JobState::Draft);
    let done = bench.ended(&JobSpec::default(), &[file("/a.jpg")]);
    let killed = bench.catalog.create_job(&JobSpec::default(), JobState::Running).unwrap();
    let running = bench.catalog.create_job(&JobSpec::default(), JobState::Running).unwrap();
    let _lock = lock_job(&bench.path(), running).unwrap();
    let of = |states: &[JobState]| bench.found(JobFilter { states, ..JobFilter::default() });
    assert_eq!(of(&[JobState::Done]), [done.0]);
    assert_eq!(of(&[JobState::Running]), [running.0]);
    assert_eq!(of(&[JobState::Paused]), [killed.0]);
    assert_eq!(of(&[]), [running.0, killed.0, done.0], "without the draft");
    assert_eq!(of(&[JobState::Draft]), [bench.job.0]);
    outside(&bench)
        .execute("UPDATE job SET created_at = 5000, finished_at = 7000, failed = 1 WHERE id = ?1", [done.0])
        .unwrap();
    let before = |ms| bench.found(JobFilter { until_ms: Some(ms), ..JobFilter::default() });
    assert_eq!((before(5000), before(5001)), (vec![], vec![done.0]));
    let ended = |ms| bench.found(JobFilter { ended_before_ms: Some(ms), ..JobFilter::default() });
    assert_eq!((ended(7000), ended(7001)), (vec![], vec![done.0]));
    assert_eq!(bench.found(JobFilter { has_failures: true, ..JobFilter::default() }), [done.0]);
    let cancelled = bench.reader.find_jobs(&JobFilter::default(), &|| true).unwrap();
    assert_eq!(cancelled, None);
}

#[test]
fn running_time_is_counted_without_pauses_and_up_to_the_last_item_before_a_crash() {
    let mut bench = Bench::with(&[file("/a.jpg"), file("/b.jpg")]);
    let job = bench.job;
    let sql = outside(&bench);
    // Moves what the catalog has noted into the past, instead of waiting.
    let ago = |column: &str, ms: i64| {
        sql.execute(&format!("UPDATE job SET {column} = {column} - ?2 WHERE id = ?1"), [job.0, ms]).unwrap();
    };
    let worked = |bench: &Bench| bench.reader.job(job).unwrap().unwrap().worked_ms / 1000;
    bench.catalog.set_state(job, JobState::Running).unwrap();
    ago("running_since", 10_000);
    bench.catalog.set_state(job, JobState::Paused).unwrap();
    assert_eq!(worked(&bench), 10);
    bench.catalog.set_state(job, JobState::Queued).unwrap();
    bench.catalog.begin_run(job).unwrap();
    ago("running_since", 100_000);
    // Killed: the last item finished after 40 s.
    bench.catalog.set_running(job, &[1]).unwrap();
    let done = Finished::new(bench.id(1), Outcome::Done { output: "/out/a.jpg".to_owned() });
    bench.catalog.finish(&[&done]).unwrap();
    sql.execute("UPDATE item SET finished_at = finished_at - 60000 WHERE job_id = ?1 AND seq = 1", [job.0]).unwrap();
    bench.catalog.begin_run(job).unwrap();
    assert_eq!(worked(&bench), 50);
    ago("running_since", 5_000);
    let row = bench.reader.job(job).unwrap().unwrap();
    assert!(row.started_at_ms.is_some() && row.worked_s(row.running_since_ms.unwrap() + 5_000) >= 50.0);
    bench.catalog.end_run(job, JobState::Cancelled).unwrap();
    let ended = bench.reader.job(job).unwrap().unwrap();
    assert_eq!((worked(&bench), ended.running_since_ms), (55, None));
}

#[test]
fn a_deleted_job_is_gone_until_it_is_restored_and_its_rows_are_deleted_some_at_a_time() {
    let mut bench = Bench::new(JobState::Draft);
    let items: Vec<NewItem> = (0..25).map(|n| file(&format!("/photos/{n}.jpg"))).collect();
    let spec = JobSpec { sources: vec![SourceSpec::new("folder", Vec::new())], ..JobSpec::default() };
    let job = bench.ended(&spec, &items);
    let other = bench.ended(&spec, &items[..3]);
    bench
        .catalog
        .add_ignored(job, &[crate::model::Ignored { path: "/x".into(), reason: crate::model::IgnoredReason::Hidden }])
        .unwrap();
    assert_eq!(bench.catalog.set_deleted(&[bench.job], true).unwrap(), 0, "a draft is no history");
    assert_eq!(bench.catalog.set_deleted(&[job], true).unwrap(), 1);
    assert!(bench.reader.job(job).unwrap().is_none());
    assert_eq!(bench.reader.jobs(10).unwrap().len(), 2);
    assert_eq!(bench.with_text(""), [other.0]);
    assert_eq!(bench.catalog.set_deleted(&[job], false).unwrap(), 1);
    assert_eq!(bench.reader.job(job).unwrap().unwrap().done, 25);
    assert_eq!(bench.catalog.delete_rows(&[job], 100).unwrap(), (0, false), "it is not deleted");
    bench.catalog.set_deleted(&[job], true).unwrap();
    let future_ms = now_ms() + 1000;
    assert_eq!(
        (bench.reader.deleted_jobs(future_ms).unwrap(), bench.reader.deleted_jobs(1).unwrap()),
        (vec![job], vec![])
    );
    assert_eq!(bench.catalog.delete_rows(&[job], 10).unwrap(), (10, true));
    assert_eq!(bench.catalog.delete_rows(&[job], 10).unwrap(), (10, true));
    assert_eq!(bench.catalog.delete_rows(&[job], 10).unwrap(), (5, false));
    assert_eq!(bench.catalog.set_deleted(&[job], false).unwrap(), 0, "it can't be restored any more");
    let sql = outside(&bench);
    for (table, rows) in [
        ("item", 3),
        ("item_output", 3),
        ("job", 2),
        ("job_request", 2),
        ("job_source", 1),
        ("item_group", 1),
        ("item_bucket", 1),
        ("ignored", 0),
    ] {
        assert_eq!(count(&sql, table), rows, "{table}");
    }
    let next = bench.catalog.create_job(&spec, JobState::Draft).unwrap();
    assert!(next > other, "numbers are never used again");
}

#[test]
fn free_pages_are_returned_some_at_a_time_and_a_file_of_an_earlier_version_is_rebuilt_first() {
    let Bench { dir, catalog, reader, job } = Bench::new(JobState::Draft);
    assert!(reader.size().unwrap().is_incremental, "a new file");
    drop((catalog, reader));
    // A file of an earlier version.
    let path = dir.path().join("catalog.sqlite");
    let sql = rusqlite::Connection::open(&path).unwrap();
    sql.execute_batch("PRAGMA journal_mode = DELETE; PRAGMA auto_vacuum = NONE; VACUUM;").unwrap();
    drop(sql);
    let (catalog, readers) = open(&path).unwrap();
    let mut bench = Bench { dir, catalog, reader: readers.reader().unwrap(), job };
    assert!(!bench.reader.size().unwrap().is_incremental);
    let items: Vec<NewItem> = (0..4000).map(|n| file(&format!("/photos/{n:0100}.jpg"))).collect();
    let fill = |bench: &mut Bench| {
        let job = bench.ended(&JobSpec::default(), &items);
        let full = bench.reader.size().unwrap();
        assert_eq!((full.jobs, full.items), (1, 4000));
        bench.catalog.set_deleted(&[job], true).unwrap();
        bench.catalog.delete_rows(&[job], 10_000).unwrap();
        assert_eq!(bench.reader.size().unwrap().bytes, full.bytes, "the space is free, but in the file");
        full.bytes
    };
    let full_bytes = fill(&mut bench);
    bench.catalog.reclaim(10_000).unwrap();
    assert_eq!(bench.reader.size().unwrap().bytes, full_bytes, "it can't be returned yet");
    bench.catalog.rebuild().unwrap();
    let size = bench.reader.size().unwrap();
    assert!(size.bytes < full_bytes / 4 && size.is_incremental, "{size:?}");
    let full_bytes = fill(&mut bench);
    let mut steps = 0;
    while bench.catalog.reclaim(20).unwrap() {
        steps += 1;
    }
    let size = bench.reader.size().unwrap();
    assert!(size.bytes < full_bytes / 4 && size.free_bytes == 0 && steps > 5, "{size:?} after {steps}");
}

#[test]
fn a_kept_result_outlives_the_job_that_made_it() {
    let mut bench = Bench::new(JobState::Draft);
    let maker = bench.ended(&JobSpec::default(), &[file("/a.jpg")]);
    let later = bench.catalog.create_job(&JobSpec::default(), JobState::Running).unwrap();
    bench.catalog.add_items(later, 1, &[file("/a.jpg")], &Adding::default()).unwrap();
    let outcome = Outcome::Skipped { reason: SkipReason::Unchanged, sentence: "Unchanged".to_owned() };
    let output = ItemOutput { hash: Some("ab".to_owned()), ..ItemOutput::existing(std::path::Path::new("/out/a.jpg")) };
    let kept = Finished {
        output_hash: Some("ab".to_owned()),
        transfer: Some(crate::model::Transfer { unchanged: Some((maker.0, 1)), ..Default::default() }),
        outputs: vec![output],
        ..Finished::new(ItemId { job: later, seq: 1 }, outcome)
    };
    bench.catalog.finish(&[&kept]).unwrap();
    bench.catalog.set_deleted(&[maker], true).unwrap();
    bench.catalog.delete_rows(&[maker], 10).unwrap();
    let prior = bench.reader.prior_result_of_file(later, "/a.jpg").unwrap().unwrap();
    assert_eq!((prior.output.as_str(), prior.output_hash.as_str()), ("/out/a.jpg", "ab"));
    assert_eq!(prior.maker, ItemId { job: maker, seq: 1 });
}

#[test]
fn the_first_results_of_a_job_are_those_that_were_done_first() {
    let mut bench = Bench::with(&[file("/a.jpg"), file("/b.jpg"), file("/c.jpg")]);
    bench.catalog.set_running(bench.job, &[1, 2, 3]).unwrap();
    let done = |seq| Finished::new(bench.id(seq), Outcome::Done { output: format!("/out/{seq}.jpg") });
    let failed = Finished::new(bench.id(2), Outcome::Failed(ItemError::nameless(ErrorKind::Io)));
    let (third, first) = (done(3), done(1));
    bench.catalog.finish(&[&failed, &third, &first]).unwrap();
    assert_eq!(bench.reader.first_results(bench.job, 5).unwrap(), [bench.id(3), bench.id(1)]);
    assert_eq!(bench.reader.first_results(bench.job, 1).unwrap(), [bench.id(3)]);
}
