#![expect(clippy::unwrap_used, reason = "tests")]

use std::cell::Cell;
use std::path::PathBuf;

use super::*;
use crate::catalog::{Added, Adding, CatalogReader, Counts, ExportFormat, Group, Mark, Order, export};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Finished, ItemId, ItemRow, ItemState, JobId, JobSpec, JobState, Locator, NewItem, Outcome};

struct Bench {
    dir: tempfile::TempDir,
    catalog: Box<dyn Catalog>,
    reader: Box<dyn CatalogReader>,
    job: JobId,
}

impl Bench {
    fn new(state: JobState) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (mut catalog, readers) = open(&dir.path().join("catalog.sqlite")).unwrap();
        let job = catalog.create_job(&JobSpec::default(), state).unwrap();
        Self { dir, catalog, reader: readers.reader().unwrap(), job }
    }

    fn with(items: &[NewItem]) -> Self {
        let mut bench = Self::new(JobState::Running);
        bench.add(items);
        bench
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("catalog.sqlite")
    }

    fn add(&mut self, items: &[NewItem]) -> Added {
        let first = self.catalog.next_seq(self.job).unwrap();
        self.catalog.add_items(self.job, first, items, &Adding::default()).unwrap()
    }

    fn id(&self, seq: u64) -> ItemId {
        ItemId { job: self.job, seq }
    }

    fn item(&self, seq: u64) -> ItemRow {
        self.reader.item(self.id(seq)).unwrap().unwrap()
    }

    fn order(&self, state: Option<ItemState>, kind: Option<ErrorKind>, text: &str, order: Order) -> Vec<u32> {
        self.reader.order(self.job, state, kind, text, order, &|| false).unwrap().unwrap()
    }

    fn finish(&mut self, seq: u64, outcome: Outcome) {
        let finished = Finished { bytes_in: 10, bytes_out: 4, ..Finished::new(self.id(seq), outcome) };
        self.catalog.finish(&[finished]).unwrap();
    }

    /// Recounts every sum from the items themselves.
    fn check_sums(&self) {
        let rows = self.reader.after(self.job, 0, u32::MAX).unwrap();
        let count = |state| rows.iter().filter(|row| row.state == state).count() as u64;
        let counts = Counts {
            total: rows.len() as u64,
            waiting: count(ItemState::Waiting),
            running: count(ItemState::Running),
            done: count(ItemState::Done),
            failed: count(ItemState::Failed),
            skipped: count(ItemState::Skipped),
            bytes_in: rows.iter().map(|row| row.bytes_in).sum(),
            bytes_out: rows.iter().map(|row| row.bytes_out).sum(),
        };
        assert_eq!(self.reader.counts(self.job).unwrap(), counts);
        let groups = self.reader.groups(self.job, 1000).unwrap();
        assert_eq!(groups.iter().map(|group| group.total).sum::<u64>(), counts.total);
        assert_eq!(groups.iter().map(|group| group.done).sum::<u64>(), counts.done);
        assert_eq!(groups.iter().map(|group| group.failed).sum::<u64>(), counts.failed);
        let kinds = self.reader.failures_by_kind(self.job).unwrap();
        assert_eq!(kinds.iter().map(|(_, items)| items).sum::<u64>(), counts.failed);
        let page = self.reader.page_by_seq(self.job, 0, u32::MAX).unwrap();
        assert_eq!((page.total, page.rows), (counts.total, rows));
    }
}

fn new_item(text: &str) -> NewItem {
    NewItem { locator: Locator::parse(text), dir: String::new(), size_bytes: None, mtime_ms: None, error: None }
}

fn files(range: std::ops::Range<u32>) -> Vec<NewItem> {
    range.map(|n| new_item(&format!("/in/{n:07}.jpg"))).collect()
}

fn done(output: &str) -> Outcome {
    Outcome::Done { output: output.to_owned() }
}

fn failed(kind: ErrorKind) -> Outcome {
    Outcome::Failed(ItemError::new(kind, "x.jpg").with("detail", "so it is"))
}

fn seqs(rows: &[ItemRow]) -> Vec<u64> {
    rows.iter().map(|row| row.id.seq).collect()
}

#[test]
fn an_item_comes_back_as_it_was_given_and_as_it_ended() {
    let mut bench = Bench::new(JobState::Running);
    let item = NewItem {
        locator: Locator::parse("/in/2026/한 \"글\".jpg"),
        dir: "2026".to_owned(),
        size_bytes: Some(5_000_000_000),
        mtime_ms: Some(-5),
        error: None,
    };
    bench.add(std::slice::from_ref(&item));
    let row = bench.item(1);
    assert_eq!(
        (&row.locator, &row.dir, row.size_bytes, row.mtime_ms),
        (&item.locator, &item.dir, Some(5_000_000_000), Some(-5))
    );
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
    bench.catalog.finish(std::slice::from_ref(&finished)).unwrap();
    let row = bench.item(1);
    assert_eq!((row.state, row.output.as_deref(), row.error), (ItemState::Done, Some("/out/x.jpg"), None));
    assert_eq!((row.width_px, row.height_px, row.http_status, row.attempts), (Some(640), Some(480), Some(200), 2));
    assert_eq!((row.hash, row.output_hash, row.timings), (finished.hash, finished.output_hash, finished.timings));
    assert!(row.finished_at_ms.unwrap() > 1_700_000_000_000);
    bench.check_sums();
}

#[test]
fn telling_an_outcome_twice_changes_nothing() {
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
fn a_failure_is_kept_as_data_and_as_a_sentence() {
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
fn what_was_stopped_by_a_person_waits_again() {
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
fn a_job_cut_off_between_note_and_rename_gives_its_noted_items_to_be_adopted() {
    let mut bench = Bench::with(&files(0..5));
    bench.catalog.set_running(bench.job, &[1, 2, 3, 4]).unwrap();
    let note = |seq| (bench.id(seq), format!("/out/{seq}.jpg"), format!("hash{seq}"));
    bench.catalog.note_outputs(&[note(2), note(3)]).unwrap();
    bench.finish(3, done("/out/3.jpg"));
    // Here the process dies; another one opens the catalog.
    let (mut catalog, readers) = open(&bench.path()).unwrap();
    let noted = catalog.requeue_running(bench.job).unwrap();
    assert_eq!(seqs(&noted), [2], "renamed or not, only item 2 is undecided");
    assert_eq!(noted.first().unwrap().output.as_deref(), Some("/out/2.jpg"));
    assert_eq!(noted.first().unwrap().output_hash.as_deref(), Some("hash2"));
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
fn an_output_that_was_noted_and_then_failed_is_nobodys() {
    let mut bench = Bench::with(&files(0..1));
    bench.catalog.note_outputs(&[(bench.id(1), "/out/a.jpg".to_owned(), "h".to_owned())]).unwrap();
    bench.finish(1, failed(ErrorKind::Conflict));
    assert_eq!(bench.item(1).output, None);
    assert!(!bench.reader.is_output(bench.job, "/out/a.jpg").unwrap());
}

#[test]
fn failed_items_are_retried_all_or_by_kind_or_by_place() {
    let mut bench = Bench::with(&files(0..6));
    for (seq, kind) in
        [(1, ErrorKind::Timeout), (2, ErrorKind::Timeout), (3, ErrorKind::Corrupt), (4, ErrorKind::Empty)]
    {
        bench.finish(seq, failed(kind));
    }
    bench.finish(5, done("/out/5.jpg"));
    let job = bench.job;
    assert_eq!(bench.catalog.retry(job, None, Some(&[4, 5, 6, 99])).unwrap(), 1, "only failures");
    assert_eq!(bench.catalog.retry(job, Some(ErrorKind::Timeout), Some(&[3])).unwrap(), 0);
    assert_eq!(bench.catalog.retry(job, Some(ErrorKind::Timeout), None).unwrap(), 2);
    bench.check_sums();
    assert_eq!(bench.reader.failures_by_kind(job).unwrap(), [(ErrorKind::Corrupt, 1)]);
    assert_eq!(bench.catalog.retry(job, None, None).unwrap(), 1);
    assert_eq!(seqs(&bench.reader.waiting(job, 0, 10).unwrap()), [1, 2, 3, 4, 6]);
    assert_eq!(bench.item(3).error, None);
    bench.check_sums();
}

#[test]
fn failures_are_read_in_the_order_in_which_they_happened() {
    let mut bench = Bench::with(&files(0..5));
    for seq in [4, 2, 5] {
        bench.finish(seq, failed(ErrorKind::Corrupt));
    }
    bench.finish(1, done("/out/1.jpg"));
    let first = bench.reader.failures_after(bench.job, 0, 2).unwrap();
    assert_eq!(first.iter().map(|one| one.row.id.seq).collect::<Vec<_>>(), [4, 2]);
    let cursor = first.last().unwrap().number;
    bench.catalog.retry(bench.job, None, Some(&[4])).unwrap();
    bench.finish(4, failed(ErrorKind::Corrupt));
    let rest = bench.reader.failures_after(bench.job, cursor, 10).unwrap();
    assert_eq!(rest.iter().map(|one| one.row.id.seq).collect::<Vec<_>>(), [5, 4], "a second failure is told again");
}

#[test]
fn skipped_failures_are_no_failures_any_more() {
    let mut bench = Bench::with(&files(0..3));
    bench.finish(1, failed(ErrorKind::Corrupt));
    bench.finish(2, Outcome::Skipped { reason: "b.jpg exists already.".to_owned() });
    assert_eq!(bench.catalog.skip_failed(bench.job, &[1, 2, 3]).unwrap(), 1);
    assert_eq!((bench.item(1).state, bench.item(1).error), (ItemState::Skipped, None));
    bench.check_sums();
}

#[test]
fn removed_items_come_back_to_their_places() {
    let mut bench = Bench::new(JobState::Draft);
    let error = Some(ItemError::new(ErrorKind::NotFound, "c.jpg"));
    let mut items = files(0..3000);
    items.push(NewItem { error, size_bytes: Some(3), dir: "d".to_owned(), ..new_item("/in/d/c.jpg") });
    bench.add(&items);
    let before = bench.reader.after(bench.job, 0, u32::MAX).unwrap();
    let gone: Vec<u64> = (2..=1200).chain([2999, 3001, 9999]).collect();
    let removed = bench.catalog.remove_items(bench.job, &gone).unwrap();
    assert_eq!(removed.len(), 1201);
    bench.check_sums();
    // Rows behind a gap are found by their number in the list.
    let page = bench.reader.page_by_seq(bench.job, 1, 2).unwrap();
    assert_eq!((page.total, seqs(&page.rows)), (1800, vec![1201, 1202]));
    assert_eq!(seqs(&bench.reader.page_by_seq(bench.job, 1798, 5).unwrap().rows), [2998, 3000]);
    assert!(bench.reader.page_by_seq(bench.job, 1800, 5).unwrap().rows.is_empty());
    assert!(!bench.reader.is_input(bench.job, "/in/0000005.jpg").unwrap());
    // A new item doesn't take a free place.
    assert_eq!(bench.add(&files(5000..5001)).next_seq, 3003);
    bench.catalog.restore_items(bench.job, &removed).unwrap();
    bench.check_sums();
    bench.catalog.remove_items(bench.job, &[3002]).unwrap();
    let after = bench.reader.after(bench.job, 0, u32::MAX).unwrap();
    let plain = |rows: Vec<ItemRow>| -> Vec<ItemRow> {
        rows.into_iter().map(|row| ItemRow { finished_at_ms: None, ..row }).collect()
    };
    assert_eq!(plain(after), plain(before));
}

#[test]
fn an_item_at_work_is_not_removed() {
    let mut bench = Bench::with(&files(0..2));
    bench.catalog.set_running(bench.job, &[1]).unwrap();
    assert_eq!(bench.catalog.remove_items(bench.job, &[1, 2]).unwrap().len(), 1);
    assert_eq!(bench.item(1).state, ItemState::Running);
}

#[test]
fn lists_are_filtered_and_sorted() {
    let mut bench = Bench::new(JobState::Draft);
    let sized = |text: &str, size| NewItem { size_bytes: size, ..new_item(text) };
    bench.add(&[
        sized("/in/b.jpg", Some(5)),
        sized("/in/A.jpg", Some(9)),
        sized("https://h.example/%ED%95%9C%EA%B8%80.png", None),
        sized("/in/\u{1112}\u{1161}\u{11ab}.jpg", Some(1)), // 한, as macOS writes it
        sized("/in/CAFÉ_100%.jpg", Some(2)),
    ]);
    bench.finish(3, done("/out/3.png"));
    bench.finish(1, failed(ErrorKind::Corrupt));
    bench.finish(5, failed(ErrorKind::Empty));
    assert_eq!(bench.order(None, None, "", Order::Added), [1, 2, 3, 4, 5]);
    assert_eq!(bench.order(None, None, "", Order::Name), [2, 1, 5, 4, 3]);
    assert_eq!(bench.order(None, None, "", Order::Size), [3, 2, 1, 5, 4], "a link's size is what was read of it");
    assert_eq!(bench.order(None, None, "", Order::State), [2, 4, 3, 1, 5]);
    assert_eq!(bench.order(Some(ItemState::Failed), None, "", Order::Size), [1, 5]);
    assert_eq!(bench.order(Some(ItemState::Waiting), None, "", Order::Name), [2, 4]);
    assert_eq!(bench.order(None, Some(ErrorKind::Empty), "", Order::Added), [5]);
    assert_eq!(bench.order(Some(ItemState::Done), Some(ErrorKind::Empty), "", Order::Added), [0; 0]);
    assert_eq!(bench.order(None, None, "한", Order::Added), [3, 4]);
    assert_eq!(bench.order(None, None, "a.JPG", Order::Added), [2]);
    assert_eq!(bench.order(None, None, "café", Order::Name), [5]);
    assert_eq!(bench.order(None, None, "0%.", Order::Name), [5]);
    assert_eq!(bench.order(None, None, "_", Order::Added), [5], "no wildcard");
}

#[test]
fn a_list_that_nobody_wants_any_more_is_given_up() {
    let bench = Bench::with(&files(0..20_000));
    let order =
        |cancelled: &dyn Fn() -> bool| bench.reader.order(bench.job, None, None, "7", Order::Name, cancelled).unwrap();
    assert_eq!(order(&|| true), None);
    // From the second question on: in the midst of it, or done before it was asked.
    let asked = Cell::new(0);
    let answer = order(&|| {
        asked.set(asked.get() + 1);
        asked.get() > 1
    });
    assert!(answer.is_none() || asked.get() < 2);
}

#[test]
fn groups_are_the_folders_and_hosts_that_were_added() {
    let mut bench = Bench::new(JobState::Draft);
    let below = |text: &str, dir: &str| NewItem { dir: dir.to_owned(), ..new_item(text) };
    bench.add(&[
        below("/in/photos/a.jpg", ""),
        below("/in/photos/2026/may/b.jpg", "2026/may"),
        below("https://H.example/1.png", ""),
        below("https://h.example:8080/2.png", ""),
        below("/else/x.jpg", "not/there"),
    ]);
    bench.finish(2, done("/out/b.jpg"));
    bench.finish(3, failed(ErrorKind::Timeout));
    let group =
        |label: &str, is_links, total, done, failed| Group { label: label.to_owned(), is_links, total, done, failed };
    assert_eq!(
        bench.reader.groups(bench.job, 10).unwrap(),
        [group("/in/photos", false, 2, 1, 0), group("h.example", true, 2, 0, 1), group("/else", false, 1, 0, 0)]
    );
    assert_eq!(bench.reader.groups(bench.job, 2).unwrap().len(), 2);
    // The numbers of groups are at hand only until something is rolled back.
    let taken = bench.catalog.add_items(bench.job, 1, &[below("/new/x.jpg", "")], &Adding::default());
    assert!(taken.unwrap_err().to_string().contains("taken"));
    bench.add(&[below("/new/x.jpg", "")]);
    bench.check_sums();
}

#[test]
fn a_draft_knows_what_it_lists() {
    let mut bench = Bench::new(JobState::Draft);
    let adding = Adding { leave_out_known: true, mark: None };
    let items = [new_item("/in/a.jpg"), new_item("https://h.example/a"), new_item("/in/a.jpg")];
    let added = bench.catalog.add_items(bench.job, 1, &items, &adding).unwrap();
    assert_eq!(added, Added { added: 2, duplicates: 1, next_seq: 3 });
    let added = bench.catalog.add_items(bench.job, 3, &items, &adding).unwrap();
    assert_eq!(added, Added { added: 0, duplicates: 3, next_seq: 3 });
    assert!(bench.reader.is_input(bench.job, "https://h.example/a").unwrap());
    assert!(!bench.reader.is_input(bench.job, "/in/b.jpg").unwrap());
    assert!(!bench.reader.is_input(JobId(99), "/in/a.jpg").unwrap());
}

#[test]
fn an_expansion_that_was_cut_off_goes_on_where_it_was() {
    let mut bench = Bench::new(JobState::Running);
    assert_eq!(bench.reader.expansion(bench.job).unwrap(), crate::catalog::Expansion::default());
    let adding = Adding { mark: Some(Mark { source: 2, taken: 7 }), leave_out_known: false };
    bench.catalog.add_items(bench.job, 1, &files(0..3), &adding).unwrap();
    // A refused transaction moves no mark.
    let adding = Adding { mark: Some(Mark { source: 3, taken: 0 }), leave_out_known: false };
    bench.catalog.add_items(bench.job, 2, &files(0..3), &adding).unwrap_err();
    let expansion = bench.reader.expansion(bench.job).unwrap();
    assert_eq!((expansion.counted, expansion.mark), (false, Mark { source: 2, taken: 7 }));
    assert_eq!(bench.reader.next_seq(bench.job).unwrap(), 4);
    bench.catalog.set_counted(bench.job, true).unwrap();
    assert!(bench.reader.expansion(bench.job).unwrap().counted);
}

#[test]
fn jobs_are_listed_newest_first_and_found_by_their_state() {
    let mut bench = Bench::new(JobState::Draft);
    let spec = JobSpec { sources: vec![crate::model::SourceSpec::Stdin], ..JobSpec::default() };
    let second = bench.catalog.create_job(&spec, JobState::Running).unwrap();
    let ids = |rows: Vec<crate::model::JobRow>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(ids(bench.reader.jobs(10).unwrap()), [second, bench.job]);
    assert_eq!(bench.reader.latest_draft().unwrap().unwrap().id, bench.job);
    assert_eq!(bench.reader.latest_resumable().unwrap().unwrap().spec, spec);
    bench.catalog.set_state(second, JobState::Cancelled).unwrap();
    assert!(bench.reader.job(second).unwrap().unwrap().finished_at_ms.is_some());
    assert!(bench.reader.latest_resumable().unwrap().is_none());
    bench.catalog.set_state(second, JobState::Paused).unwrap();
    assert!(bench.reader.job(second).unwrap().unwrap().finished_at_ms.is_none());
    assert_eq!(ids(bench.reader.resumable(10).unwrap()), [second]);
    bench.catalog.set_spec(bench.job, &spec).unwrap();
    assert_eq!(bench.reader.job(bench.job).unwrap().unwrap().spec, spec);
    assert!(bench.reader.job(JobId(99)).unwrap().is_none());
    assert!(bench.catalog.set_spec(JobId(99), &spec).unwrap_err().to_string().contains("no job 99"));
}

#[test]
fn a_job_that_can_not_be_read_hides_no_other() {
    let mut bench = Bench::new(JobState::Draft);
    let second = bench.catalog.create_job(&JobSpec::default(), JobState::Draft).unwrap();
    let outside = rusqlite::Connection::open(bench.path()).unwrap();
    outside.execute("UPDATE job SET spec = '{\"recipe\":7}' WHERE id = ?1", [second.0]).unwrap();
    assert_eq!(bench.reader.jobs(10).unwrap().len(), 1);
    assert!(bench.reader.job(second).is_err());
}

#[test]
fn only_drafts_are_deleted_and_their_numbers_never_come_back() {
    let mut bench = Bench::with(&files(0..3));
    assert!(bench.catalog.delete_job(bench.job).unwrap_err().to_string().contains("no draft"));
    let draft = bench.catalog.create_job(&JobSpec::default(), JobState::Draft).unwrap();
    bench.catalog.add_items(draft, 1, &files(0..3), &Adding::default()).unwrap();
    bench.catalog.delete_job(draft).unwrap();
    assert!(bench.reader.job(draft).unwrap().is_none());
    assert!(bench.reader.after(draft, 0, 10).unwrap().is_empty());
    assert!(bench.reader.groups(draft, 10).unwrap().is_empty());
    assert!(bench.catalog.create_job(&JobSpec::default(), JobState::Draft).unwrap() > draft);
    bench.check_sums();
}

#[test]
fn another_connection_reads_whole_transactions_while_a_job_writes() {
    let mut bench = Bench::with(&files(0..2000));
    let outside = rusqlite::Connection::open(bench.path()).unwrap();
    let stop = &std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reading = scope.spawn(move || {
            let mut reads = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) || reads == 0 {
                let (row, counted): (i64, i64) = outside
                    .query_row("SELECT done, (SELECT count(*) FROM item WHERE state = 'done') FROM job", (), |row| {
                        Ok((row.get(0)?, row.get(1)?))
                    })
                    .unwrap();
                assert_eq!((row, row % 100), (counted, 0));
                reads += 1;
            }
            reads
        });
        for batch in 0..20 {
            let finished: Vec<_> =
                (1..=100).map(|n| Finished::new(bench.id(batch * 100 + n), done("/out/x"))).collect();
            bench.catalog.finish(&finished).unwrap();
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(reading.join().unwrap() > 0);
    });
    bench.check_sums();
}

#[test]
fn a_hundred_thousand_items_are_added_and_paged() {
    let mut bench = Bench::new(JobState::Draft);
    for batch in 0..100 {
        bench.add(&files(batch * 1000..(batch + 1) * 1000));
    }
    for first_row in [0, 50_000, 99_990] {
        let page = bench.reader.page_by_seq(bench.job, first_row, 10).unwrap();
        assert_eq!((page.total, page.rows.len()), (100_000, 10));
        assert_eq!(page.rows.first().unwrap().id.seq, first_row + 1);
    }
    let gone: Vec<u64> = (1..=50_000).map(|n| n * 2).collect();
    bench.catalog.remove_items(bench.job, &gone).unwrap();
    let page = bench.reader.page_by_seq(bench.job, 40_000, 3).unwrap();
    assert_eq!((page.total, seqs(&page.rows)), (50_000, vec![80_001, 80_003, 80_005]));
    assert_eq!(seqs(&bench.reader.waiting(bench.job, 99_990, 3).unwrap()), [99_991, 99_993, 99_995]);
    assert_eq!(bench.order(None, None, "/00001", Order::Name).len(), 50);
}

#[test]
fn an_export_holds_every_item_and_every_column() {
    let mut bench = Bench::new(JobState::Running);
    let odd = NewItem { dir: "d".to_owned(), ..new_item("/in/d/a, \"b\"\nc.jpg") };
    bench.add(&[odd]);
    bench.add(&files(0..2500));
    bench.finish(1, failed(ErrorKind::Corrupt));
    let write = |format| {
        let mut bytes = Vec::new();
        assert_eq!(export(bench.reader.as_ref(), bench.job, format, &mut bytes).unwrap(), 2501);
        String::from_utf8(bytes).unwrap()
    };
    let json = write(ExportFormat::JsonLines);
    assert_eq!(json.lines().count(), 2501);
    let first: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    assert_eq!(first["locator"], "/in/d/a, \"b\"\nc.jpg");
    assert_eq!((&first["error_args"]["name"], &first["extra"]["dir"]), (&"x.jpg".into(), &"d".into()));
    assert_eq!((&first["width"], first.as_object().unwrap().len()), (&serde_json::Value::Null, 25));
    let csv = write(ExportFormat::Csv);
    assert!(csv.starts_with("job_id,seq,locator,state,output,error_kind,"), "{csv:.80}");
    assert!(csv.contains("1,1,\"/in/d/a, \"\"b\"\"\nc.jpg\",failed,,corrupt,"), "{csv:.400}");
    assert!(csv.ends_with("\r\n") && csv.contains("\r\n1,2501,/in/0002499.jpg,waiting,,,"));
    assert!(export(bench.reader.as_ref(), bench.job, ExportFormat::Csv, &mut Full).is_err());
}

/// A full disk.
struct Full;

impl std::io::Write for Full {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::StorageFull.into())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_catalog_of_a_newer_version_or_of_another_program_is_refused_and_untouched() {
    let dir = tempfile::tempdir().unwrap();
    let refused = |path: &std::path::Path| open(path).err().unwrap().to_string();
    let newer = dir.path().join("newer.sqlite");
    drop(open(&newer).unwrap());
    rusqlite::Connection::open(&newer).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(refused(&newer).contains("newer Pixloom (catalog version 99"), "{}", refused(&newer));

    let other = dir.path().join("shop.sqlite");
    rusqlite::Connection::open(&other).unwrap().execute_batch("CREATE TABLE product(id)").unwrap();
    let before = std::fs::read(&other).unwrap();
    assert!(refused(&other).contains("another program"), "{}", refused(&other));
    assert_eq!(std::fs::read(&other).unwrap(), before);

    let text = dir.path().join("notes.txt");
    std::fs::write(&text, "not a database at all, but long enough to be taken for one".repeat(40)).unwrap();
    assert!(refused(&text).contains("notes.txt"), "{}", refused(&text));
    assert!(refused(std::path::Path::new("/dev/null/x/catalog.sqlite")).contains("/dev/null/x"));
    assert!(refused(dir.path()).contains("can't be used"));
}

#[test]
fn a_catalog_is_made_once_however_many_open_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep/er/catalog.sqlite");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let (mut catalog, readers) = open(&path).unwrap();
                catalog.create_job(&JobSpec::default(), JobState::Draft).unwrap();
                assert!(readers.reader().unwrap().latest_draft().unwrap().is_some());
            });
        }
    });
    let (_, readers) = open(&path).unwrap();
    assert_eq!(readers.reader().unwrap().jobs(100).unwrap().len(), 8);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "links may carry secrets");
    }
}

#[test]
fn the_file_is_in_wal_mode_and_every_commit_is_synced() {
    let bench = Bench::new(JobState::Draft);
    let outside = rusqlite::Connection::open(bench.path()).unwrap();
    let mode: String = outside.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
    let mut connection = sqlite::open_writer(&bench.path()).unwrap();
    schema::prepare(&mut connection).unwrap();
    let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
    assert_eq!(synchronous, 2);
    let reader = sqlite::open_reader(&bench.path()).unwrap();
    assert!(reader.execute("DELETE FROM job", ()).is_err(), "a reader never writes");
}

#[test]
fn a_catalog_is_named_by_a_path() {
    assert_eq!(path_of("/a/c.sqlite").unwrap(), PathBuf::from("/a/c.sqlite"));
    assert!(path_of("postgres://h/db").unwrap_err().is_usage());
    assert!(path_of("").unwrap_err().is_usage());
}
