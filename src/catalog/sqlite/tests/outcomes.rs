//! Outcomes of items, also after an interruption.

use super::*;
use crate::model::Transfer;

#[test]
fn an_item_is_read_as_it_was_added_and_finished() {
    let mut bench = Bench::new(JobState::Running);
    let mut columns = Columns::default();
    columns.put("상품 \"id\"", 7.into());
    let item = NewItem {
        dir: "2026".to_owned(),
        size_bytes: Some(5_000_000_000),
        mtime_ms: Some(-5),
        origin: Origin::Fetched,
        columns,
        ..NewItem::new(Locator::parse("/in/2026/한 \"글\".jpg"))
    };
    bench.add(std::slice::from_ref(&item));
    let row = bench.item(1);
    assert_eq!(
        (&row.locator, &row.dir, row.size_bytes, row.mtime_ms),
        (&item.locator, &item.dir, Some(5_000_000_000), Some(-5))
    );
    assert_eq!((row.origin, row.columns), (Origin::Fetched, item.columns.clone()));
    let finished = Finished {
        bytes_in: 7,
        bytes_out: 3,
        width_px: Some(640),
        height_px: Some(480),
        hash: Some("aa".to_owned()),
        output_hash: Some("bb".to_owned()),
        http_status: Some(200),
        content_type: Some("image/jpeg".to_owned()),
        etag: Some("\"e\"".to_owned()),
        last_modified: Some("Mon".to_owned()),
        attempts: 2,
        timings: crate::model::Timings { fetch_ms: 11, process_ms: 12 },
        ..Finished::new(bench.id(1), done("/out/x.jpg"))
    };
    bench.catalog.finish(&[&finished]).unwrap();
    let row = bench.item(1);
    assert_eq!((row.state, row.output.as_deref(), row.error), (ItemState::Done, Some("/out/x.jpg"), None));
    assert_eq!((row.width_px, row.height_px, row.http_status, row.attempts), (Some(640), Some(480), Some(200), 2));
    assert_eq!((row.hash, row.output_hash, row.timings), (finished.hash, finished.output_hash, finished.timings));
    assert!(row.finished_at_ms.unwrap() > 1_700_000_000_000);
    bench.check_sums();
}

#[test]
fn recording_an_outcome_twice_changes_nothing() {
    let mut bench = Bench::with(&files(0..3));
    bench.finish(1, done("/out/a.jpg"));
    bench.finish(2, failed(ErrorKind::Corrupt));
    let (first, second) = (bench.item(1), bench.item(2));
    bench.finish(1, failed(ErrorKind::Corrupt));
    bench.finish(2, done("/out/b.jpg"));
    assert_eq!((bench.item(1), bench.item(2)), (first, second));
    bench.check_sums();
}

#[test]
fn a_failure_is_stored_as_data_and_as_a_sentence() {
    let mut bench = Bench::with(&files(0..2));
    bench.finish(1, failed(ErrorKind::Truncated));
    assert_eq!(bench.item(1).error, Some(ItemError::new(ErrorKind::Truncated, "x.jpg").with("detail", "so it is")));
    let outside = rusqlite::Connection::open(bench.path()).unwrap();
    let (kind, sentence): (String, String) = outside
        .query_row("SELECT error_kind, error FROM item WHERE seq = 1", (), |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    assert_eq!(kind, "truncated");
    assert!(sentence.contains("ends early"), "{sentence}");
    // A later program's kind is still a failure to this one.
    outside.execute("UPDATE item SET error_kind = 'eclipse' WHERE seq = 1", ()).unwrap();
    let error = bench.item(1).error.unwrap();
    assert_eq!((error.kind, error.arg("detail")), (ErrorKind::Io, sentence.as_str()));
}

#[test]
fn a_stopped_item_waits_again() {
    let mut bench = Bench::with(&files(0..1));
    bench.catalog.set_running(bench.job, &[1]).unwrap();
    bench.finish(1, failed(ErrorKind::Cancelled));
    assert_eq!((bench.item(1).state, bench.item(1).error), (ItemState::Waiting, None));
    bench.check_sums();
}

#[test]
fn an_item_that_comes_with_an_error_has_failed_already() {
    let mut bench = Bench::new(JobState::Draft);
    let missing = NewItem { error: Some(ItemError::new(ErrorKind::NotFound, "b.jpg")), ..new_item("/in/b.jpg") };
    bench.add(&[new_item("/in/a.jpg"), missing]);
    assert_eq!(seqs(&bench.reader.waiting(bench.job, 0, 10).unwrap()), [1]);
    assert_eq!(bench.reader.failures_by_kind(bench.job).unwrap(), [(ErrorKind::NotFound, 1)]);
    assert_eq!(bench.reader.failures_after(bench.job, 0, 10).unwrap().len(), 1);
    bench.check_sums();
}

#[test]
fn items_recorded_before_a_crash_are_returned_to_be_adopted() {
    let mut bench = Bench::with(&files(0..5));
    bench.catalog.set_running(bench.job, &[1, 2, 3, 4]).unwrap();
    let note = |seq| Finished {
        output_hash: Some(format!("hash{seq}")),
        width_px: Some(64),
        http_status: Some(200),
        bytes_in: 9,
        ..Finished::new(bench.id(seq), done(&format!("/out/{seq}.jpg")))
    };
    bench.catalog.record_outputs(&[&note(2), &note(3)]).unwrap();
    bench.finish(3, done("/out/3.jpg"));
    // Here the process dies; another one opens the catalog.
    let (mut catalog, readers) = open(&bench.path()).unwrap();
    let last_run = catalog.begin_run(bench.job).unwrap();
    assert!(last_run.has_died);
    let noted = last_run.undecided;
    assert_eq!(seqs(&noted), [2], "renamed or not, only item 2 is undecided");
    assert_eq!(noted.first().unwrap().output.as_deref(), Some("/out/2.jpg"));
    assert_eq!(noted.first().unwrap().output_hash.as_deref(), Some("hash2"));
    assert_eq!((noted.first().unwrap().width_px, noted.first().unwrap().http_status), (Some(64), Some(200)));
    let reader = readers.reader().unwrap();
    assert_eq!(seqs(&reader.waiting(bench.job, 0, 10).unwrap()), [1, 4, 5]);
    assert!(reader.is_output(bench.job, "/out/2.jpg").unwrap());
    // Not renamed: given back, nothing of the note stays.
    catalog.set_waiting(bench.job, &[2]).unwrap();
    assert_eq!(seqs(&reader.waiting(bench.job, 0, 10).unwrap()), [1, 2, 4, 5]);
    assert!(!reader.is_output(bench.job, "/out/2.jpg").unwrap());
    assert!(reader.is_output(bench.job, "/out/3.jpg").unwrap());
    bench.check_sums();
}

#[test]
fn an_attempt_counts_when_it_starts_unless_it_is_stopped() {
    let mut bench = Bench::with(&files(0..3));
    let attempts = |bench: &Bench| [1, 2, 3].map(|seq| (bench.item(seq).state, bench.item(seq).attempts));
    let (waiting, running) = (ItemState::Waiting, ItemState::Running);
    bench.catalog.set_running(bench.job, &[1, 2]).unwrap();
    bench.catalog.set_running(bench.job, &[1]).unwrap();
    assert_eq!(attempts(&bench), [(running, 1), (running, 1), (waiting, 0)]);
    bench.catalog.set_waiting(bench.job, &[1]).unwrap();
    assert_eq!(attempts(&bench), [(waiting, 0), (running, 1), (waiting, 0)]);
    bench.catalog.requeue_running(bench.job).unwrap();
    assert_eq!(attempts(&bench), [(waiting, 0); 3]);
    bench.catalog.set_running(bench.job, &[3]).unwrap();
    assert_eq!(bench.catalog.end_run(bench.job, JobState::Paused).unwrap(), JobState::Paused);
    assert_eq!(attempts(&bench), [(waiting, 0); 3]);
    assert!(!bench.catalog.begin_run(bench.job).unwrap().has_died, "it was paused");
}

#[test]
fn an_item_in_progress_in_too_many_deaths_is_left_to_be_failed() {
    let mut bench = Bench::with(&files(0..2));
    for death in 1..=3 {
        bench.catalog.set_running(bench.job, &[1]).unwrap();
        let last_run = bench.catalog.begin_run(bench.job).unwrap();
        assert_eq!((last_run.has_died, last_run.undecided.len()), (true, 0));
        assert_eq!((bench.item(1).state, bench.item(1).attempts), (ItemState::Waiting, death));
    }
    bench.catalog.set_running(bench.job, &[1]).unwrap();
    for _ in 0..2 {
        // Whether it fails is recorded by the caller, which may die before that.
        let undecided = bench.catalog.begin_run(bench.job).unwrap().undecided;
        assert_eq!(seqs(&undecided), [1]);
        assert_eq!((undecided[0].attempts, &undecided[0].output), (4, &None));
    }
    bench.finish(1, failed(ErrorKind::Crash));
    bench.catalog.retry(bench.job, &FailureFilter::ALL, None).unwrap();
    assert_eq!(bench.item(1).attempts, 0, "a retry starts from zero");
    bench.check_sums();
}

fn extra(bench: &Bench, seq: u64) -> serde_json::Value {
    let sql = rusqlite::Connection::open(bench.path()).unwrap();
    let extra: String = sql.query_row("SELECT extra FROM item WHERE seq = ?1", [seq as i64], |row| row.get(0)).unwrap();
    serde_json::from_str(&extra).unwrap()
}

#[test]
fn an_item_ends_the_same_whether_its_output_was_recorded_before_or_not() {
    let mut bench = Bench::with(&files(0..3));
    let ended = |seq, output: &str, transfer| Finished {
        bytes_in: 9,
        bytes_out: 8,
        width_px: Some(64),
        hash: Some("h".to_owned()),
        output_hash: Some("o".to_owned()),
        http_status: Some(200),
        etag: Some("e".to_owned()),
        transfer: Some(transfer),
        ..Finished::new(bench.id(seq), done(output))
    };
    let packed = Transfer { encoding: Some("gzip".to_owned()), packed_bytes: Some(5), ..Transfer::default() };
    // The first is only finished, the second is recorded before, the third as well, but under another name.
    let recorded = [(1, "/out/1", "/out/1"), (2, "/out/2", "/out/2"), (3, "/out/2", "/out/3")];
    let results =
        recorded.map(|(seq, noted, output)| (ended(seq, noted, packed.clone()), ended(seq, output, packed.clone())));
    bench.catalog.record_outputs(&[&results[1].0, &results[2].0]).unwrap();
    bench.catalog.finish(&results.each_ref().map(|(_, ended)| ended)).unwrap();
    let bare = |seq| ItemRow {
        id: bench.id(0),
        locator: Locator::parse("x"),
        output: None,
        size_bytes: None,
        finished_at_ms: None,
        ..bench.item(seq)
    };
    assert_eq!((bare(1), bare(1)), (bare(2), bare(3)));
    assert_eq!(bench.item(3).output.as_deref(), Some("/out/3"));
    assert!((1..=3).all(|seq| extra(&bench, seq)["transfer"] == serde_json::json!(packed)));
    bench.check_sums();
}

#[test]
fn only_the_last_transfer_of_an_item_is_kept() {
    let mut bench = Bench::with(&files(0..1));
    let packed = Transfer { encoding: Some("gzip".to_owned()), packed_bytes: Some(5), ..Transfer::default() };
    let gone_on = Transfer { resumed: 2, ..Transfer::default() };
    for transfer in [packed, gone_on, Transfer::default()] {
        let finished =
            Finished { transfer: Some(transfer.clone()), ..Finished::new(bench.id(1), failed(ErrorKind::Corrupt)) };
        bench.catalog.finish(&[&finished]).unwrap();
        let recorded = extra(&bench, 1).get("transfer").cloned().unwrap_or_default();
        assert_eq!(serde_json::from_value::<Option<Transfer>>(recorded).unwrap().unwrap_or_default(), transfer);
        bench.catalog.retry(bench.job, &FailureFilter::ALL, None).unwrap();
    }
}

#[test]
fn a_recorded_output_that_fails_belongs_to_no_item() {
    let mut bench = Bench::with(&files(0..1));
    bench.catalog.record_outputs(&[&Finished::new(bench.id(1), done("/out/a.jpg"))]).unwrap();
    bench.finish(1, failed(ErrorKind::Conflict));
    assert_eq!(bench.item(1).output, None);
    assert!(!bench.reader.is_output(bench.job, "/out/a.jpg").unwrap());
}

#[test]
fn failed_items_are_retried_all_or_by_kind_or_by_number() {
    let mut bench = Bench::with(&files(0..6));
    for (seq, kind) in
        [(1, ErrorKind::Timeout), (2, ErrorKind::Timeout), (3, ErrorKind::Corrupt), (4, ErrorKind::Empty)]
    {
        bench.finish(seq, failed(kind));
    }
    bench.finish(5, done("/out/5.jpg"));
    let job = bench.job;
    assert_eq!(bench.catalog.retry(job, &FailureFilter::ALL, Some(&[4, 5, 6, 99])).unwrap(), 1, "only failures");
    let timeouts = FailureFilter::kind(ErrorKind::Timeout);
    assert_eq!(bench.catalog.retry(job, &timeouts, Some(&[3])).unwrap(), 0);
    assert_eq!(bench.reader.count_failures(job, &timeouts).unwrap(), 2);
    assert_eq!(bench.catalog.retry(job, &timeouts, None).unwrap(), 2);
    bench.check_sums();
    assert_eq!(bench.reader.failures_by_kind(job).unwrap(), [(ErrorKind::Corrupt, 1)]);
    assert_eq!(bench.catalog.retry(job, &FailureFilter::ALL, None).unwrap(), 1);
    assert_eq!(seqs(&bench.reader.waiting(job, 0, 10).unwrap()), [1, 2, 3, 4, 6]);
    assert_eq!(bench.item(3).error, None);
    bench.check_sums();
}

#[test]
fn failures_are_chosen_by_several_kinds_and_by_status() {
    let mut bench = Bench::with(&files(0..5));
    let job = bench.job;
    for (seq, kind, status) in [
        (1, ErrorKind::HttpStatus, Some(404)),
        (2, ErrorKind::HttpStatus, Some(503)),
        (3, ErrorKind::Timeout, None),
        (4, ErrorKind::Corrupt, Some(200)),
        (5, ErrorKind::BadUrl, None),
    ] {
        let finished = Finished { http_status: status, ..Finished::new(bench.id(seq), failed(kind)) };
        bench.catalog.finish(&[&finished]).unwrap();
    }
    let filter =
        |kinds: &[ErrorKind], statuses: &[u16]| FailureFilter { kinds: kinds.to_vec(), statuses: statuses.to_vec() };
    for (filter, count) in [
        (FailureFilter::ALL, 4),
        (filter(&[], &[404]), 1),
        (filter(&[], &[404, 503]), 2),
        (filter(&[ErrorKind::Timeout, ErrorKind::Corrupt], &[]), 2),
        (filter(&[ErrorKind::HttpStatus], &[]), 2),
        // The status narrows the kind.
        (filter(&[ErrorKind::HttpStatus], &[404]), 1),
        (filter(&[ErrorKind::Timeout], &[503]), 2),
        (filter(&[], &[500]), 0),
        // A retry can't change what a list says.
        (filter(&[ErrorKind::BadUrl], &[]), 0),
    ] {
        assert_eq!(bench.reader.count_failures(job, &filter).unwrap(), count, "{filter:?}");
        let rows = bench.reader.after(job, 0, 10).unwrap();
        let failures = rows.iter().filter_map(|row| Some((row.error.as_ref()?.kind, row.http_status)));
        assert_eq!(failures.filter(|(kind, status)| filter.matches(*kind, *status)).count() as u64, count);
    }
    let last = bench.reader.last_finished(job).unwrap();
    assert_eq!(bench.catalog.retry(job, &filter(&[], &[404]), None).unwrap(), 1);
    assert_eq!(bench.catalog.retry(job, &filter(&[ErrorKind::Timeout], &[]), Some(&[3, 4])).unwrap(), 1);
    assert_eq!(bench.catalog.retry(job, &filter(&[ErrorKind::BadUrl], &[]), Some(&[5])).unwrap(), 0);
    assert_eq!(seqs(&bench.reader.waiting(job, 0, 10).unwrap()), [1, 3]);
    bench.finish(1, done("/out/1.jpg"));
    let counts = bench.reader.finished_counts(job, last).unwrap();
    assert_eq!((counts.total, counts.done, counts.failed, counts.bytes_out), (1, 1, 0, 4), "only what came after");
    bench.check_sums();
}

#[test]
fn failures_are_read_in_the_order_in_which_they_happened() {
    let mut bench = Bench::with(&files(0..5));
    for seq in [4, 2, 5] {
        bench.finish(seq, failed(ErrorKind::Corrupt));
    }
    bench.finish(1, done("/out/1.jpg"));
    let all = bench.reader.finished_after(bench.job, 0, 100).unwrap();
    let numbers: Vec<u64> = all.iter().map(|finished| finished.number).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    assert_eq!(bench.reader.last_finished(bench.job).unwrap(), numbers.len() as u64);
    assert_eq!(bench.reader.finished_after(bench.job, 1, 1).unwrap(), all[1..2]);
    let first = bench.reader.failures_after(bench.job, 0, 2).unwrap();
    assert_eq!(first.iter().map(|one| one.row.id.seq).collect::<Vec<_>>(), [4, 2]);
    let cursor = first.last().unwrap().number;
    bench.catalog.retry(bench.job, &FailureFilter::ALL, Some(&[4])).unwrap();
    bench.finish(4, failed(ErrorKind::Corrupt));
    let rest = bench.reader.failures_after(bench.job, cursor, 10).unwrap();
    assert_eq!(rest.iter().map(|one| one.row.id.seq).collect::<Vec<_>>(), [5, 4], "a second failure is reported again");
}

#[test]
fn skipped_failures_are_not_failures() {
    let mut bench = Bench::with(&files(0..3));
    bench.finish(1, failed(ErrorKind::Corrupt));
    bench.finish(2, Outcome::Skipped { reason: SkipReason::Exists, sentence: "b.jpg exists already.".to_owned() });
    assert_eq!(bench.catalog.skip_failed(bench.job, &[1, 2, 3]).unwrap(), 1);
    assert_eq!((bench.item(1).state, bench.item(1).error), (ItemState::Skipped, None));
    bench.check_sums();
}
