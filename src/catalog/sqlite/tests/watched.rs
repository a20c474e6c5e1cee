//! Files of watched folders.

use super::*;
use crate::catalog::{Adding, FileChange};

#[test]
fn a_watched_file_is_found_by_its_path_and_by_its_size_and_time_wherever_it_moves() {
    let mut bench = Bench::new(JobState::Running);
    let watched = |path: &str, size_bytes, mtime_ms| NewItem {
        size_bytes: Some(size_bytes),
        mtime_ms: Some(mtime_ms),
        ..new_item(path)
    };
    let adding = Adding { leave_out_known: true, is_watched: true, cursor: None };
    let items = [watched("/in/a.jpg", 10, 1), watched("/in/b.jpg", 10, 1), watched("/in/c.jpg", 11, 1)];
    bench.catalog.add_items(bench.job, 1, &items, &adding).unwrap();
    let like = |bench: &Bench, size_bytes, mtime_ms| {
        seqs(&bench.reader.files_like(bench.job, size_bytes, mtime_ms, 8).unwrap())
    };
    let seq_of = |bench: &Bench, path: &str| {
        bench.reader.item_of_file(bench.job, path).unwrap().map(|row| (row.id.seq, row.dir, row.state))
    };
    assert_eq!((like(&bench, 10, 1), like(&bench, 10, 2)), (vec![1, 2], vec![]));
    // It moves, and changes.
    let moved_to = Some(("/in/sub/b2.jpg".to_owned(), "sub".to_owned()));
    let change = FileChange { moved_to, size_bytes: 12, mtime_ms: 5, is_retried: true };
    assert!(!bench.catalog.follow_file(bench.job, 2, &change).unwrap(), "it has not failed");
    assert_eq!((like(&bench, 10, 1), like(&bench, 12, 5)), (vec![1], vec![2]));
    assert_eq!(seq_of(&bench, "/in/b.jpg"), None);
    assert_eq!(seq_of(&bench, "/in/sub/b2.jpg"), Some((2, "sub".to_owned(), ItemState::Waiting)));
    // Other content under the same path is another item; the last one counts.
    let again = Adding { leave_out_known: false, ..adding };
    bench.catalog.add_items(bench.job, 4, &[watched("/in/a.jpg", 13, 9)], &again).unwrap();
    assert_eq!(seq_of(&bench, "/in/a.jpg").map(|(seq, ..)| seq), Some(4));
    bench.check_sums();
}

#[test]
fn a_failed_watched_file_waits_again_only_if_that_is_asked() {
    let mut bench = Bench::new(JobState::Running);
    let failed = NewItem { error: Some(ItemError::new(ErrorKind::NotFound, "/in/a.jpg")), ..new_item("/in/a.jpg") };
    bench.catalog.add_items(bench.job, 1, &[failed], &Adding { is_watched: true, ..Adding::default() }).unwrap();
    let mut change = FileChange { size_bytes: 3, mtime_ms: 4, ..FileChange::default() };
    assert!(!bench.catalog.follow_file(bench.job, 1, &change).unwrap());
    change.is_retried = true;
    assert!(bench.catalog.follow_file(bench.job, 1, &change).unwrap());
    let row = bench.reader.item_of_file(bench.job, "/in/a.jpg").unwrap().unwrap();
    assert_eq!((row.state, row.size_bytes, row.mtime_ms), (ItemState::Waiting, Some(3), Some(4)));
    bench.check_sums();
}

#[test]
fn a_job_that_watches_folders_is_resumed_only_by_its_number() {
    let mut bench = Bench::new(JobState::Paused);
    let watch = JobSpec { watch: true, ..JobSpec::default() };
    let watching = bench.catalog.create_job(&watch, JobState::Paused).unwrap();
    assert!(watching > bench.job);
    assert_eq!(bench.reader.latest_resumable().unwrap().map(|row| row.id), Some(bench.job));
}
