//! The outbox of results that are written back.

use super::*;
use crate::catalog::WrittenBack;
use crate::model::{Rejection, WriteBackCounts};

/// Two done items and a failed one, whose results are written back.
fn bench() -> Bench {
    let mut bench = Bench::with(&files(0..3));
    bench.catalog.begin_write_back(bench.job).unwrap();
    bench.finish(2, done("/out/b"));
    bench.finish(1, done("/out/a"));
    let error = ItemError::new(ErrorKind::NotFound, Locator::parse("/in/0000002.jpg"));
    bench.finish(3, Outcome::Failed(error));
    bench
}

fn refused(seq: u64) -> Rejection {
    Rejection { seq, locator: String::new(), key: format!("id={seq}"), message: "no".to_owned() }
}

fn counts(bench: &Bench) -> (u64, [u64; 4]) {
    let level = bench.reader.write_back(bench.job).unwrap().unwrap();
    let WriteBackCounts { matched, changed, missing, rejected } = level.counts;
    (level.number, [matched, changed, missing, rejected])
}

#[test]
fn a_job_is_done_only_when_its_outbox_is_empty() {
    let mut bench = bench();
    assert_eq!(bench.catalog.end_run(bench.job, JobState::Done).unwrap(), JobState::Paused);
    let written = |number| WrittenBack {
        number,
        seqs: vec![2, 1],
        counts: WriteBackCounts { matched: 2, changed: 1, missing: 1, rejected: 9 },
        ..WrittenBack::default()
    };
    bench.catalog.write_back(bench.job, &written(2)).unwrap();
    assert_eq!(bench.catalog.end_run(bench.job, JobState::Done).unwrap(), JobState::Paused);
    bench.catalog.write_back(bench.job, &written(3)).unwrap();
    assert_eq!(counts(&bench), (3, [4, 2, 2, 0]));
    assert_eq!(bench.catalog.end_run(bench.job, JobState::Done).unwrap(), JobState::Done);
    // A retried item has a new number.
    bench.catalog.retry(bench.job, &FailureFilter::ALL, None).unwrap();
    bench.finish(3, done("/out/c"));
    assert_eq!(bench.catalog.end_run(bench.job, JobState::Done).unwrap(), JobState::Paused);
    bench.catalog.begin_write_back(bench.job).unwrap();
    assert_eq!(counts(&bench).0, 3, "what was written stays written");
}

#[test]
fn a_job_without_write_back_has_no_outbox() {
    let mut bench = Bench::with(&files(0..1));
    bench.finish(1, done("/out/a"));
    assert_eq!(bench.reader.write_back(bench.job).unwrap(), None);
    assert_eq!(bench.catalog.end_run(bench.job, JobState::Done).unwrap(), JobState::Done);
}

#[test]
fn refused_rows_are_counted_once_and_are_written_again_by_a_retry() {
    let mut bench = bench();
    let written = WrittenBack {
        number: 3,
        seqs: vec![2, 1, 3],
        rejections: vec![refused(2), refused(3)],
        ..WrittenBack::default()
    };
    for _ in 0..2 {
        bench.catalog.write_back(bench.job, &written).unwrap();
        assert_eq!(counts(&bench), (3, [0, 0, 0, 2]));
    }
    let rejections = bench.reader.rejections_after(bench.job, 0, 10).unwrap();
    let seqs: Vec<_> = rejections.iter().map(|(_, one)| (one.seq, one.locator.as_str(), one.key.as_str())).collect();
    assert_eq!(seqs, [(2, "/in/0000001.jpg", "id=2"), (3, "/in/0000002.jpg", "id=3")]);
    assert_eq!(bench.reader.rejections_after(bench.job, rejections[0].0, 10).unwrap(), rejections[1..]);

    let retried = bench.catalog.retry(bench.job, &FailureFilter::kind(ErrorKind::Timeout), None).unwrap();
    assert_eq!((retried, bench.reader.write_again(bench.job, 10).unwrap().len()), (0, 0));
    assert_eq!(bench.catalog.retry(bench.job, &FailureFilter::ALL, None).unwrap(), 3, "the failed item, and two rows");
    let again = bench.reader.write_again(bench.job, 10).unwrap();
    assert_eq!(again.iter().map(|(_, seq)| *seq).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(bench.catalog.end_run(bench.job, JobState::Done).unwrap(), JobState::Paused);
    let written = WrittenBack { again: again[0].0, seqs: vec![2], ..WrittenBack::default() };
    bench.catalog.write_back(bench.job, &written).unwrap();
    assert_eq!(counts(&bench), (3, [0, 0, 0, 1]));
    assert_eq!(bench.reader.write_again(bench.job, 10).unwrap(), again[1..]);
}

#[test]
fn a_failure_that_is_skipped_by_hand_is_written_again() {
    let mut bench = bench();
    bench.catalog.skip_failed(bench.job, &[3]).unwrap();
    let again = bench.reader.write_again(bench.job, 10).unwrap();
    assert_eq!(again.iter().map(|(_, seq)| *seq).collect::<Vec<_>>(), [3]);
}
