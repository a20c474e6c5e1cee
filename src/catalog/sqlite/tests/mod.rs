//! The catalog's guarantees, job by job; `outcomes`, `lists` and `upgrade` contain more.
#![expect(clippy::unwrap_used, reason = "tests")]

mod history;
mod lists;
mod outcomes;
mod upgrade;
mod watched;
mod write_back;

use std::cell::Cell;
use std::path::PathBuf;

use super::*;
use crate::catalog::{
    Added, Adding, CatalogReader, Counts, ExportFormat, Group, ListFilter, Order, RecordRows, SourceCursor, export,
};
use crate::error::{ErrorKind, ItemError};
use crate::model::{
    Columns, FailureFilter, Finished, ItemId, ItemOutput, ItemRow, ItemState, JobId, JobSpec, JobState, Locator,
    NewItem, Origin, Outcome, SkipReason, SourceSpec,
};

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
        let filter = ListFilter { state, kind, text, is_remarked: false };
        self.reader.order(self.job, &filter, order, &|| false).unwrap().unwrap()
    }

    fn finish(&mut self, seq: u64, outcome: Outcome) {
        let finished = Finished { bytes_in: 10, bytes_out: 4, ..Finished::new(self.id(seq), outcome) };
        self.catalog.finish(&[&finished]).unwrap();
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
    NewItem::new(Locator::parse(text))
}

fn stdin() -> SourceSpec {
    SourceSpec::new("stdin", Vec::new())
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
fn a_job_whose_process_was_killed_is_paused_and_can_be_resumed() {
    let mut bench = Bench::new(JobState::Paused);
    let second = bench.catalog.create_job(&JobSpec::default(), JobState::Running).unwrap();
    let state = |bench: &Bench, job| bench.reader.job(job).unwrap().unwrap().state;
    let latest = |bench: &Bench| bench.reader.latest_resumable().unwrap().unwrap().id;
    assert_eq!((state(&bench, second), latest(&bench)), (JobState::Paused, second));
    assert_eq!(bench.reader.jobs(1).unwrap().first().unwrap().state, JobState::Paused);
    let lock = crate::catalog::lock_job(&bench.path(), second).unwrap();
    assert!(lock.is_some() && bench.reader.is_at_work(second));
    assert_eq!((state(&bench, second), latest(&bench)), (JobState::Running, bench.job));
    bench.catalog.set_state(second, JobState::Done).unwrap();
    drop(lock);
    assert_eq!(state(&bench, second), JobState::Done);
}

#[test]
fn jobs_are_listed_newest_first_and_found_by_their_state() {
    let mut bench = Bench::new(JobState::Draft);
    let spec = JobSpec { sources: vec![stdin()], ..JobSpec::default() };
    let second = bench.catalog.create_job(&spec, JobState::Running).unwrap();
    let ids = |rows: Vec<crate::model::JobRow>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(ids(bench.reader.jobs(10).unwrap()), [second, bench.job]);
    assert_eq!(bench.reader.latest_draft().unwrap().unwrap().id, bench.job);
    assert_eq!(bench.reader.latest_resumable().unwrap().unwrap().id, second);
    assert_eq!(bench.reader.spec(second).unwrap().unwrap(), spec);
    bench.catalog.set_state(second, JobState::Cancelled).unwrap();
    assert!(bench.reader.job(second).unwrap().unwrap().finished_at_ms.is_some());
    assert!(bench.reader.latest_resumable().unwrap().is_none());
    bench.catalog.set_state(second, JobState::Paused).unwrap();
    assert!(bench.reader.job(second).unwrap().unwrap().finished_at_ms.is_none());
    assert_eq!(bench.reader.latest_resumable().unwrap().unwrap().id, second);
    assert!(bench.reader.job(JobId(99)).unwrap().is_none());
    assert!(bench.catalog.set_request(JobId(99), &spec).unwrap_err().to_string().contains("no job 99"));
}

#[test]
fn an_unreadable_job_hides_no_other() {
    let mut bench = Bench::new(JobState::Draft);
    let second = bench.catalog.create_job(&JobSpec::default(), JobState::Draft).unwrap();
    let outside = rusqlite::Connection::open(bench.path()).unwrap();
    outside.execute("UPDATE job_request SET spec = '{\"recipe\":7}' WHERE job_id = ?1", [second.0]).unwrap();
    assert_eq!(bench.reader.jobs(10).unwrap().len(), 2);
    assert!(bench.reader.spec(second).is_err() && bench.reader.spec(bench.job).is_ok());
}

#[test]
fn only_drafts_are_deleted_and_their_numbers_are_not_reused() {
    let mut bench = Bench::with(&files(0..3));
    assert!(bench.catalog.delete_job(bench.job).unwrap_err().to_string().contains("not a draft"));
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
            bench.catalog.finish(&finished.iter().collect::<Vec<_>>()).unwrap();
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(reading.join().unwrap() > 0);
    });
    bench.check_sums();
}

#[test]
fn a_database_of_a_newer_version_or_of_another_program_is_refused_and_not_changed() {
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
    assert!(refused(dir.path()).contains("Couldn't use the catalog"));
}

#[test]
fn a_catalog_is_created_once_even_if_many_threads_open_it() {
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
    schema::prepare(&mut connection, &bench.path()).unwrap();
    let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
    assert_eq!(synchronous, 2);
    let reader = sqlite::open_reader(&bench.path()).unwrap();
    assert!(reader.execute("DELETE FROM job", ()).is_err(), "a reader never writes");
}

#[test]
fn a_damaged_catalog_says_what_can_still_be_read() {
    let bench = Bench::with(&files(0..20_000));
    let path = bench.path();
    drop((bench.catalog, bench.reader));
    let mut bytes = std::fs::read(&path).unwrap();
    let half = bytes.len() / 2;
    bytes[half..].fill(0xff);
    std::fs::write(&path, bytes).unwrap();
    let reader = reader::Reader::open(&path).unwrap();
    let error = reader.after(bench.job, 0, u32::MAX).unwrap_err().to_string();
    assert!(error.contains("is damaged") && error.contains("with 20000 items"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_catalog_that_was_deleted_or_replaced_is_noticed_when_a_run_ends() {
    let mut bench = Bench::with(&files(0..1));
    bench.finish(1, done("/out/1.jpg"));
    std::fs::remove_file(bench.path()).unwrap();
    let error = bench.catalog.end_run(bench.job, JobState::Done).unwrap_err().to_string();
    assert!(error.contains("was deleted or replaced"), "{error}");
    std::fs::write(bench.path(), "another file").unwrap();
    assert!(bench.catalog.end_run(bench.job, JobState::Done).is_err());
}

#[test]
fn done_items_whose_outputs_were_lost_wait_again() {
    let mut bench = Bench::with(&files(0..3));
    bench.finish(1, done("/out/1.jpg"));
    bench.finish(2, failed(ErrorKind::Corrupt));
    assert_eq!(bench.catalog.redo(bench.job, &[1, 2, 3, 9]).unwrap(), 1, "only what was done");
    assert_eq!((bench.item(1).state, bench.item(1).output), (ItemState::Waiting, None));
    assert!(!bench.reader.is_output(bench.job, "/out/1.jpg").unwrap());
    bench.check_sums();
}

#[test]
fn a_catalog_is_named_by_a_path() {
    assert_eq!(path_of("/a/c.sqlite").unwrap(), PathBuf::from("/a/c.sqlite"));
    assert!(path_of("postgres://h/db").unwrap_err().is_usage());
    assert!(path_of("").unwrap_err().is_usage());
}
