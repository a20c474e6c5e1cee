//! A catalog write that fails pauses the job; nothing is lost, and nothing is done twice.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};

use super::failing_catalog::{Failing, FailingCatalog};
use crate::catalog;
use crate::engine::{Command, Engine, EngineOptions, Notice, Snapshot};
use crate::model::{
    Durability, Edge, ItemRow, ItemState, JobRow, JobSpec, JobState, Lang, Limits, Locator, WriteBackMode,
    WriteBackSpec, WriteColumn,
};
use crate::source;

/// No wait takes longer.
const DEADLINE: Duration = Duration::from_mins(1);
/// Files of the job.
const FILES: usize = 7;

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    Finished,
    Stopped(Option<String>),
    /// It could not even be created.
    Refused,
}

struct Bench {
    dir: tempfile::TempDir,
    /// Whether results are written back into a table.
    writes_back: bool,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for n in 0..FILES {
            let path = dir.path().join(format!("in/{}/{n}.png", n % 2));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("file {n}")).unwrap();
        }
        Self { dir, writes_back: false }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn options(&self) -> EngineOptions {
        let mut options = EngineOptions::for_command_line(self.path("catalog.sqlite"));
        options.secrets_path = None;
        options
    }

    /// Copies a folder, one file by its name, and another folder.
    fn spec(&self) -> JobSpec {
        let mut spec = JobSpec {
            sources: vec![
                source::folder(self.path("in/0"), false),
                source::files([self.path("in/1/1.png")]),
                source::folder(self.path("in"), true),
            ],
            limits: Limits { workers: Some(2), ..Limits::default() },
            ..JobSpec::default()
        };
        spec.output_mut().sink.dir = Some(self.path("out"));
        if self.writes_back {
            let pair = |column: &str| WriteColumn { column: column.to_owned(), field: column.parse().unwrap() };
            spec.write_back = Some(WriteBackSpec {
                database: self.path("shop.sqlite").display().to_string(),
                table: "results".to_owned(),
                keys: vec![pair("locator")],
                columns: ["output", "state", "output_hash"].map(pair).into(),
                mode: WriteBackMode::Upsert,
                creates_table: true,
                ..WriteBackSpec::default()
            });
        }
        spec
    }

    fn writing_back() -> Self {
        let bench = Self { writes_back: true, ..Self::new() };
        bench.table().execute_batch("CREATE TABLE other(x)").unwrap();
        bench
    }

    #[expect(clippy::disallowed_types, reason = "the table of a user")]
    fn table(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path("shop.sqlite")).unwrap()
    }

    /// The table has what the catalog has.
    fn check_table(&self, job: &JobRow, rows: &[ItemRow], context: &str) {
        let sql = self.table();
        let mut select =
            sql.prepare("SELECT locator, output, state, output_hash FROM results ORDER BY locator").unwrap();
        let written = select.query_map((), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).unwrap();
        let written: Vec<(String, String, String, String)> = written.map(Result::unwrap).collect();
        let (_, readers) = catalog::open(&self.path("catalog.sqlite")).unwrap();
        let finished = readers.reader().unwrap().finished_after(job.id, 0, 1000).unwrap();
        assert_eq!(finished.len(), rows.len(), "{context}");
        let mut wanted: BTreeMap<String, &ItemRow> = BTreeMap::new();
        for one in &finished {
            // The last one of a key.
            wanted.insert(one.row.locator.to_text(), &one.row);
        }
        assert_eq!(written.len(), FILES, "{context}");
        for ((locator, output, state, hash), (wanted_locator, row)) in written.iter().zip(&wanted) {
            assert_eq!((locator, state.as_str()), (wanted_locator, "done"), "{context}");
            let is_same = (Some(output), Some(hash)) == (row.output.as_ref(), row.output_hash.as_ref());
            assert!(is_same, "{context}: {output} instead of {row:?}");
        }
    }

    /// Runs the job with a catalog that fails; returns how it ended and how many calls there were.
    fn run(&self, failing: Failing) -> (End, usize) {
        let options = self.options();
        let (inner, readers) = catalog::open(&options.catalog_path).unwrap();
        let calls = Arc::new(AtomicUsize::new(0));
        let catalog = FailingCatalog { inner, failing, calls: Arc::clone(&calls) };
        let engine = Engine::start_on(options, Box::new(catalog), readers, None).unwrap();
        let end = follow(engine, Command::Submit(Box::new(self.spec())));
        (end, calls.load(Ordering::Acquire))
    }

    /// Resumes the job; if its end was recorded, there is nothing to resume.
    fn resume(&self) -> End {
        let engine = Engine::start(self.options()).unwrap();
        match engine.reader().unwrap().latest_resumable().unwrap() {
            Some(job) => follow(engine, Command::Resume(job.id)),
            None => End::Finished,
        }
    }

    /// Every item is done once, and every output has its bytes.
    fn check_complete(&self, context: &str) {
        let (_, readers) = catalog::open(&self.path("catalog.sqlite")).unwrap();
        let reader = readers.reader().unwrap();
        let job = reader.jobs(2).unwrap().into_iter().next().unwrap();
        let rows = reader.after(job.id, 0, 1000).unwrap();
        // The last source gives all files, two of them a second time and four more a second time.
        let mut inputs: BTreeMap<String, usize> = BTreeMap::new();
        for row in &rows {
            assert_eq!(row.state, ItemState::Done, "{context}: {row:?}");
            *inputs.entry(row.locator.to_text()).or_default() += 1;
            let output = Locator::parse(row.output.as_deref().unwrap());
            let bytes = fs::read(output.path().unwrap()).unwrap();
            assert_eq!(bytes, fs::read(row.locator.path().unwrap()).unwrap(), "{context}");
        }
        assert_eq!((job.state, job.total, rows.len()), (JobState::Done, 12, 12), "{context}: {inputs:?}");
        let outputs = files_below(&self.path("out"));
        assert_eq!(outputs.len(), 12, "{context}: one file for each item, no temporaries: {outputs:?}");
        if self.writes_back {
            self.check_table(&job, &rows, context);
        }
    }
}

fn files_below(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

/// Sends a command and waits for the end of the job.
fn follow(mut engine: Engine, command: Command) -> End {
    let handle = engine.handle();
    let (changed_tx, changed_rx) = bounded(1);
    handle.on_change(move || {
        let _ = changed_tx.try_send(());
    });
    handle.send(command);
    let end = wait(&changed_rx, || end_of(&handle.snapshot()));
    engine.stop();
    end
}

fn wait(changed_rx: &Receiver<()>, end: impl Fn() -> Option<End>) -> End {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(end) = end() {
            return end;
        }
        assert!(changed_rx.recv_deadline(deadline).is_ok(), "the job did not end");
    }
}

fn end_of(snapshot: &Snapshot) -> Option<End> {
    let of_edges = snapshot.events.iter().find_map(|event| match &event.edge {
        Edge::Finished => Some(End::Finished),
        Edge::Stopped { reason } => Some(End::Stopped(Some(reason.text(Lang::English)))),
        Edge::Paused => Some(End::Stopped(None)),
        _ => None,
    });
    of_edges.or_else(|| matches!(snapshot.notice, Some(Notice::Failed(_))).then_some(End::Refused))
}

#[test]
fn a_resume_after_fast_writes_the_damaged_files_again_and_keeps_a_file_that_was_edited() {
    let bench = Bench::new();
    let mut spec = bench.spec();
    spec.output_mut().sink.durability = Durability::Fast;
    let engine = Engine::start(bench.options()).unwrap();
    assert_eq!(follow(engine, Command::Submit(Box::new(spec))), End::Finished);
    let outputs = files_below(&bench.path("out"));
    // What a power failure leaves: an empty file, one of zeros, and none.
    for (output, bytes) in [(&outputs[0], &b""[..]), (&outputs[1], &[0; 6])] {
        fs::write(output, bytes).unwrap();
        filetime::set_file_mtime(output, filetime::FileTime::from_unix_time(1_000_000, 0)).unwrap();
    }
    fs::remove_file(&outputs[2]).unwrap();
    let edited = &outputs[3];
    fs::write(edited, "edited by hand").unwrap();
    filetime::set_file_mtime(edited, filetime::FileTime::from_unix_time(9_000_000_000, 0)).unwrap();
    #[expect(clippy::disallowed_types, reason = "another program changes the catalog")]
    let sql = rusqlite::Connection::open(bench.path("catalog.sqlite")).unwrap();
    sql.execute("UPDATE job SET state = 'paused'", ()).unwrap();
    assert_eq!(bench.resume(), End::Finished);
    assert_eq!(fs::read_to_string(edited).unwrap(), "edited by hand");
    fs::remove_file(edited).unwrap();
    bench.check_complete("fast");
}

/// Fails one call after another until a run has fewer calls.
fn check(new: impl Fn() -> Bench, failing: impl Fn(usize) -> Failing) {
    for n in 1.. {
        let bench = new();
        let context = format!("{:?}", failing(n));
        let (end, calls) = bench.run(failing(n));
        if calls < n {
            assert_eq!(end, End::Finished, "{context}");
            bench.check_complete(&context);
            return;
        }
        if end == End::Refused && n == 1 {
            continue; // no job was created, or only its number is unknown
        }
        if end == End::Finished {
            bench.check_complete(&context);
            continue;
        }
        assert_eq!(bench.resume(), End::Finished, "{context}");
        bench.check_complete(&context);
    }
}

#[test]
fn any_failing_catalog_call_pauses_the_job_which_resumes_with_every_item_exactly_once() {
    check(Bench::new, Failing::Call);
}

#[test]
fn from_any_failing_catalog_call_on_the_job_pauses_and_resumes_with_every_item_exactly_once() {
    check(Bench::new, Failing::From);
}

#[test]
fn a_catalog_call_that_was_written_but_not_acknowledged_repeats_no_item() {
    check(Bench::new, Failing::Answer);
}

#[test]
fn after_any_failing_catalog_call_a_resume_writes_every_result_into_the_table() {
    for failing in [Failing::Call, Failing::From, Failing::Answer] {
        check(Bench::writing_back, failing);
    }
}
