//! Catalog and recorder under random commands and crashes, compared with a model in memory. The commands of a seed are
//! always the same.
#![expect(clippy::unwrap_used, reason = "tests")]

mod model;
mod tracked_catalog;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossbeam_channel::bounded;

use super::message::{FinishedItem, RECORDS, Record, Task};
use super::recorder::{Batch, Recorder, Runs};
use super::verify::verify_outputs;
use crate::catalog::{self, Adding, CatalogReader, FileChange, SourceCursor};
use crate::codec::Helpers;
use crate::engine::check;
use crate::engine::intake::lists;
use crate::engine::item::naming::NameHints;
use crate::engine::item::outputs::Outputs;
use crate::engine::run::{Run, RunParts};
use crate::error::{ErrorKind, ItemError};
use crate::fetch::Secrets;
use crate::model::{
    Durability, FailureFilter, Finished, ItemId, ItemState, JobId, JobSpec, JobState, Locator, NewItem, Outcome,
    SkipReason,
};
use crate::source;
use crate::store::Content;
use model::ModelJob;
use tracked_catalog::{Death, TrackedCatalog, Tracking, results_in};

const DEADLINE: Duration = Duration::from_mins(1);
const SEEDS: u64 = 10;
const STEPS: usize = 60;
/// Sources of the job, and items of each.
const SOURCES: u32 = 2;
const SOURCE_ITEMS: u64 = 20;
/// The source of links. They all get the same name from their responses, so that each may take it from a later one.
const LINKS: u32 = 1;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    /// Up to `most` of the values, in random order.
    fn some<T: Copy>(&mut self, mut values: Vec<T>, most: u64) -> Vec<T> {
        let mut chosen = Vec::new();
        for _ in 0..=self.below(most) {
            if values.is_empty() {
                break;
            }
            chosen.push(values.swap_remove(self.below(values.len() as u64) as usize));
        }
        chosen
    }
}

/// What ends with the process.
struct Process {
    path: PathBuf,
    recorder: Recorder,
    batch: Batch,
    run: Arc<Run>,
    reader: Box<dyn CatalogReader>,
    /// Items whose outcome is in the batch.
    in_batch: BTreeSet<u64>,
}

struct Bench {
    seed: u64,
    random: Random,
    spec: JobSpec,
    tracking: Arc<Mutex<Tracking>>,
    removed: Vec<(u64, NewItem)>,
    generation: u32,
    process: Option<Process>,
    deaths: u32,
    dir: tempfile::TempDir,
}

const JOB: JobId = JobId(1);

impl Bench {
    fn new(seed: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut spec = JobSpec {
            sources: (0..SOURCES).map(|n| source::folder(dir.path().join(n.to_string()), false)).collect(),
            ..JobSpec::default()
        };
        spec.output_mut().sink.dir = Some(dir.path().join("out"));
        // Every other one, because syncing takes most of the time.
        spec.output_mut().sink.durability = if seed.is_multiple_of(2) { Durability::Group } else { Durability::Fast };
        fs::create_dir(dir.path().join("out")).unwrap();
        let mut bench = Self {
            seed,
            random: Random(seed),
            spec,
            tracking: Arc::default(),
            removed: Vec::new(),
            generation: 0,
            process: None,
            deaths: 0,
            dir,
        };
        bench.open(bench.dir.path().join("catalog-0.sqlite"));
        let spec = bench.spec.clone();
        bench.process().recorder.catalog.create_job(&spec, JobState::Running).unwrap();
        bench
    }

    fn process(&mut self) -> &mut Process {
        self.process.as_mut().unwrap()
    }

    fn model(&self) -> ModelJob {
        self.tracking.lock().unwrap().model.jobs[&JOB].clone()
    }

    fn is_dead(&self) -> bool {
        self.tracking.lock().unwrap().is_dead
    }

    /// Starts a process on a catalog.
    fn open(&mut self, path: PathBuf) {
        self.process = None;
        self.generation += 1;
        let (inner, readers) = catalog::open(&path).unwrap();
        let copy = self.dir.path().join(format!("catalog-{}.sqlite", self.generation));
        let tracking = Arc::clone(&self.tracking);
        let out_dir = self.dir.path().join("out");
        let catalog = Box::new(TrackedCatalog { inner, path: path.clone(), copy, out_dir: out_dir.clone(), tracking });
        let (record_tx, record_rx) = bounded(RECORDS);
        let (bell_tx, _) = bounded(1);
        let runs = Runs::default();
        let reader = readers.reader().unwrap();
        let outputs = Outputs::new(&self.spec, check(&self.spec).unwrap(), &out_dir).unwrap();
        outputs.first().naming.index_output_dir(false, Some((JOB, reader.as_ref())));
        let run = Run::new(RunParts {
            job: JOB,
            spec: self.spec.clone(),
            outputs,
            out_dir,
            workers: 1,
            memory_bytes: 1 << 30,
            fetcher: lists::fetcher(&self.spec, &Arc::new(Secrets::new(None))).unwrap(),
            record_tx,
            bodies: None,
            helpers: Helpers::new(None),
            pending: 1,
            parts_owner: String::new(),
            has_died: true,
            has_run_before: true,
            write_back: None,
            query: None,
            budgets: None,
        });
        runs.insert(&run);
        let recorder = Recorder {
            catalog,
            reader: readers.reader().unwrap(),
            record_rx,
            runs,
            held: Vec::new(),
            revision: Arc::default(),
            bell_tx,
        };
        let (batch, in_batch) = (Batch::default(), BTreeSet::new());
        self.process = Some(Process { path, recorder, batch, run, reader, in_batch });
    }

    /// After the process has died: another one continues with what is in the files.
    fn reopen_if_dead(&mut self) {
        while self.is_dead() {
            self.deaths += 1;
            let copy = self.dir.path().join(format!("catalog-{}.sqlite", self.generation));
            {
                let mut tracking = self.tracking.lock().unwrap();
                (tracking.is_dead, tracking.death) = (false, None);
                // A dead process gives no file its name.
                let late = results_in(&self.dir.path().join("out"));
                late.difference(&tracking.results).for_each(|path| fs::remove_file(path).unwrap());
            }
            self.open(copy);
            self.check();
            self.begin_run();
        }
    }

    fn begin_run(&mut self) {
        let Ok(last_run) = self.process().recorder.catalog.begin_run(JOB) else { return };
        if last_run.undecided.is_empty() {
            return;
        }
        let process = self.process();
        let (_, readers) = catalog::open(&process.path).unwrap();
        let reader = readers.reader().unwrap();
        let deciding = process.run.decide_interrupted(last_run.undecided, reader).unwrap();
        let record = process.recorder.record_rx.recv_timeout(DEADLINE).unwrap();
        process.recorder.take(record, &mut process.batch);
        deciding.join().unwrap();
    }

    fn take(&mut self, record: Record) {
        let process = self.process();
        process.recorder.take(record, &mut process.batch);
        self.drain();
    }

    /// Takes what the run has sent.
    fn drain(&mut self) {
        let process = self.process();
        while let Ok(record) = process.recorder.record_rx.try_recv() {
            process.recorder.take(record, &mut process.batch);
        }
    }

    fn flush(&mut self) {
        let process = self.process();
        process.recorder.flush(&mut process.batch);
        process.in_batch.clear();
    }

    fn call(&mut self, task: Task) {
        self.take(Record::Call(task));
        self.process().in_batch.clear();
    }

    /// Numbers of the items in one of these states, without those in the batch.
    fn items(&self, states: &[ItemState]) -> Vec<u64> {
        let in_batch = &self.process.as_ref().unwrap().in_batch;
        let model = self.model();
        let items = model.items.iter().filter(|(seq, item)| states.contains(&item.state) && !in_batch.contains(seq));
        items.map(|(seq, _)| *seq).collect()
    }

    fn step(&mut self) {
        if self.random.below(10) == 0 {
            let mut tracking = self.tracking.lock().unwrap();
            let number = tracking.calls + 1 + self.random.below(8) as usize;
            let death = if self.random.below(2) == 0 { Death::Before(number) } else { Death::After(number) };
            tracking.death = Some(death);
        }
        match self.random.below(100) {
            0..20 => self.append(),
            20..40 => self.start(3),
            40..70 => self.finish(3, false),
            70..76 => self.flush(),
            76..80 => self.retry(),
            80..84 => self.redo(),
            84..85 => self.skip_failed(),
            85..86 => self.follow(),
            86..90 => self.remove(),
            90..92 => self.restore(),
            92..94 => {
                // A pause and a resume.
                let requeue = self.process().run.requeue();
                self.take(requeue);
                self.process().in_batch.clear();
                self.drain();
            }
            94..97 => {
                self.call(Box::new(|catalog| drop(catalog.end_run(JOB, JobState::Paused))));
                self.begin_run();
            }
            _ => {
                // Killed between two calls.
                let path = self.process().path.clone();
                self.open(path);
                self.begin_run();
            }
        }
        self.reopen_if_dead();
        self.check();
    }

    /// Reads on in a source, from its cursor.
    fn append(&mut self) {
        let sources = self.model().sources;
        let open: Vec<u32> = (0..SOURCES).filter(|n| !sources[*n as usize].1).collect();
        let Some(source) = self.random.some(open, 1).pop() else { return };
        let first = sources[source as usize].0;
        let taken = (first + 1 + self.random.below(4)).min(SOURCE_ITEMS);
        let items: Vec<NewItem> = (first..taken).map(|n| self.item(source, n)).collect();
        let ended = taken == SOURCE_ITEMS;
        let adding = Adding { cursor: Some(SourceCursor { source, taken, ended }), ..Adding::default() };
        let (added_tx, added_rx) = bounded(1);
        self.take(Record::Items { job: JOB, items, adding, added_tx });
        assert_eq!(added_rx.recv_timeout(DEADLINE).unwrap().is_err(), self.is_dead());
    }

    fn item(&self, source: u32, n: u64) -> NewItem {
        let path = self.dir.path().join(format!("{source}/{source}-{n}.bin"));
        let error = (n % 7 == 6).then(|| ItemError::new(ErrorKind::NotFound, path.display()));
        let link = Locator::Url(format!("http://127.0.0.1/{n}"));
        NewItem { error, ..NewItem::new(if source == LINKS { link } else { Locator::File(path) }) }
    }

    fn start(&mut self, most: u64) {
        for seq in self.random.some(self.items(&[ItemState::Waiting]), most) {
            self.process().run.note_start(ItemId { job: JOB, seq });
        }
        self.drain();
    }

    fn finish(&mut self, most: u64, all_done: bool) {
        for seq in self.random.some(self.items(&[ItemState::Waiting, ItemState::Running]), most) {
            let outcome = if all_done { 0 } else { self.random.below(10) };
            let process = self.process.as_mut().unwrap();
            let row = process.reader.item(ItemId { job: JOB, seq }).unwrap().unwrap();
            let failed = |kind| Outcome::Failed(ItemError::new(kind, &row.locator));
            let outcome = match outcome {
                0..6 => Outcome::Done { output: String::new() },
                6 => failed(ErrorKind::Corrupt),
                7 => failed(ErrorKind::Timeout),
                8 => failed(ErrorKind::Cancelled),
                _ => Outcome::Skipped { reason: SkipReason::Exists, sentence: "It exists.".to_owned() },
            };
            let is_done = matches!(outcome, Outcome::Done { .. });
            let mut finished = Finished { bytes_in: 5, attempts: row.attempts + 1, ..Finished::new(row.id, outcome) };
            let target = is_done.then(|| {
                let content = content_of(&row.locator);
                let content = Content::Bytes(content.as_bytes());
                let hints = NameHints { file_name: Some("same.bin"), ..NameHints::default() };
                process.run.naming().stage(&row, hints, "bin", content).unwrap()
            });
            if let Some(target) = &target {
                finished.bytes_out = target.staged.size_bytes;
                finished.output_hash = Some(target.staged.hash.clone());
            }
            process.in_batch.insert(seq);
            let record = Record::Finished(Box::new(FinishedItem::new(finished, target)));
            process.recorder.take(record, &mut process.batch);
        }
        if self.random.below(2) == 0 {
            self.flush();
        }
    }

    fn retry(&mut self) {
        let kinds = [vec![], vec![ErrorKind::Corrupt], vec![ErrorKind::Corrupt, ErrorKind::Timeout]];
        let failures = FailureFilter { kinds: kinds[self.random.below(3) as usize].clone(), statuses: Vec::new() };
        let seqs = (self.random.below(2) == 0).then(|| self.random.some((1..=40).collect(), 20));
        self.call(Box::new(move |catalog| drop(catalog.retry(JOB, &failures, seqs.as_deref()))));
    }

    fn redo(&mut self) {
        self.flush();
        let seqs = self.random.some(self.items(&[ItemState::Done]), 3);
        let before = self.model();
        let redone = seqs.clone();
        self.call(Box::new(move |catalog| drop(catalog.redo(JOB, &redone))));
        self.delete_lost_outputs(&before, &seqs);
    }

    fn skip_failed(&mut self) {
        let seqs = self.random.some(self.items(&[ItemState::Failed]), 2);
        self.call(Box::new(move |catalog| drop(catalog.skip_failed(JOB, &seqs))));
    }

    fn follow(&mut self) {
        let seqs = self.random.some(self.items(&[ItemState::Failed, ItemState::Done]), 2);
        let is_retried = self.random.below(4) > 0;
        for seq in seqs {
            let change = FileChange { moved_to: None, size_bytes: seq, mtime_ms: 7, is_retried };
            self.call(Box::new(move |catalog| drop(catalog.follow_file(JOB, seq, &change))));
        }
    }

    fn remove(&mut self) {
        self.flush();
        let seqs = self.random.some((1..=40).collect(), 5);
        let before = self.model();
        let (removed_tx, removed_rx) = bounded(1);
        let chosen = seqs.clone();
        self.call(Box::new(move |catalog| {
            let _ = removed_tx.send(catalog.remove_items(JOB, &chosen));
        }));
        if let Ok(removed) = removed_rx.recv_timeout(DEADLINE).unwrap() {
            self.removed.extend(removed);
        } else {
            // The answer was lost: the test knows what was removed.
            let after = self.model();
            let gone = seqs.iter().filter(|seq| before.items.contains_key(seq) && !after.items.contains_key(seq));
            let gone = gone.map(|seq| (*seq, NewItem::new(Locator::parse(&before.items[seq].locator))));
            self.removed.extend(gone);
        }
        self.delete_lost_outputs(&before, &seqs);
    }

    fn restore(&mut self) {
        let items = std::mem::take(&mut self.removed);
        let restored = items.clone();
        self.call(Box::new(move |catalog| drop(catalog.restore_items(JOB, &restored))));
        let model = self.model();
        self.removed = items.into_iter().filter(|(seq, _)| !model.items.contains_key(seq)).collect();
    }

    /// Deletes the outputs of items that were done and no longer are.
    fn delete_lost_outputs(&self, before: &ModelJob, seqs: &[u64]) {
        let after = self.model();
        for seq in seqs {
            let output = before.items.get(seq).and_then(|item| item.output.as_ref());
            let is_kept = after.items.get(seq).is_some_and(|item| item.output.is_some());
            if let (Some(output), false) = (output, is_kept) {
                fs::remove_file(Locator::parse(output).path().unwrap()).unwrap();
            }
        }
    }

    /// The catalog says the same as the model.
    fn check(&self) {
        let (seed, model) = (self.seed, self.model());
        let reader = &self.process.as_ref().unwrap().reader;
        let rows = reader.after(JOB, 0, u32::MAX).unwrap();
        let found: BTreeMap<u64, model::ModelItem> = rows
            .iter()
            .map(|row| {
                let item = model::ModelItem {
                    locator: row.locator.to_text(),
                    state: row.state,
                    attempts: row.attempts,
                    output: row.output.clone(),
                    kind: row.error.as_ref().map(|error| error.kind),
                    reason: row.reason,
                    bytes_in: row.bytes_in,
                    bytes_out: row.bytes_out,
                    number: model.items.get(&row.id.seq).and_then(|item| item.number),
                    outputs: reader.outputs(row.id).unwrap().len(),
                };
                (row.id.seq, item)
            })
            .collect();
        assert_eq!(found, model.items, "seed {seed}");
        let job = reader.job(JOB).unwrap().unwrap();
        // Nobody holds its lock.
        let state = if model.state == JobState::Running { JobState::Paused } else { model.state };
        let sum = |bytes: fn(&model::ModelItem) -> u64| model.items.values().map(bytes).sum::<u64>();
        assert_eq!(
            (job.state, job.total, job.done, job.failed, job.skipped, job.bytes_in, job.bytes_out),
            (
                state,
                model.items.len() as u64,
                model.count(ItemState::Done),
                model.count(ItemState::Failed),
                model.count(ItemState::Skipped),
                sum(|item| item.bytes_in),
                sum(|item| item.bytes_out),
            ),
            "seed {seed}"
        );
        let sources: Vec<_> = reader.sources(JOB).unwrap().iter().map(|source| (source.taken, source.ended)).collect();
        assert_eq!((sources, reader.next_seq(JOB).unwrap()), (model.sources.clone(), model.next_seq), "seed {seed}");
        let failures = reader.failures_after(JOB, 0, u32::MAX).unwrap();
        let failures: Vec<_> = failures.iter().map(|failure| (failure.number, failure.row.id.seq)).collect();
        let failed = model.items.iter().filter(|(_, item)| item.state == ItemState::Failed);
        let mut expected: Vec<_> = failed.map(|(seq, item)| (item.number.unwrap(), *seq)).collect();
        expected.sort_unstable();
        assert_eq!(failures, expected, "seed {seed}");
        let kinds = reader.failures_by_kind(JOB).unwrap();
        assert_eq!(kinds.iter().map(|(_, items)| items).sum::<u64>(), job.failed, "seed {seed}");
        let groups = reader.groups(JOB, 100).unwrap();
        assert_eq!(groups.iter().map(|group| group.total).sum::<u64>(), job.total, "seed {seed}");
        assert_eq!(groups.iter().map(|group| group.done).sum::<u64>(), job.done, "seed {seed}");
    }

    /// Runs the job to its end, undisturbed: every item of the sources is done once.
    fn complete(&mut self) {
        self.tracking.lock().unwrap().death = None;
        self.restore();
        while self.model().sources.iter().any(|(_, ended)| !ended) {
            self.append();
        }
        self.flush();
        self.call(Box::new(|catalog| drop(catalog.retry(JOB, &FailureFilter::ALL, None))));
        while !self.items(&[ItemState::Waiting, ItemState::Running]).is_empty() {
            self.start(8);
            self.finish(8, true);
            self.flush();
        }
        self.call(Box::new(|catalog| drop(catalog.end_run(JOB, JobState::Done))));
        self.check();
        let model = self.model();
        assert_eq!(model.state, JobState::Done, "seed {}: {model:#?}", self.seed);
        let locators: BTreeSet<String> = model.items.values().map(|item| item.locator.clone()).collect();
        let of_sources = (0..SOURCES).flat_map(|source| (0..SOURCE_ITEMS).map(move |n| (source, n)));
        let expected = of_sources.map(|(source, n)| self.item(source, n).locator.to_text()).collect();
        assert_eq!((locators, model.items.len() as u64), (expected, u64::from(SOURCES) * SOURCE_ITEMS));
        let mut files: BTreeSet<PathBuf> = BTreeSet::new();
        for item in model.items.values().filter(|item| item.state == ItemState::Done) {
            let output = Locator::parse(item.output.as_ref().unwrap());
            let path = output.path().unwrap();
            assert_eq!(fs::read_to_string(path).unwrap(), content_of(&Locator::parse(&item.locator)));
            assert!(files.insert(path.to_path_buf()), "seed {}: {} belongs to two items", self.seed, path.display());
        }
        assert_eq!(results_in(&self.dir.path().join("out")), files, "seed {}", self.seed);
    }

    /// Whether a link's result had to leave its name to that of an earlier one.
    fn has_displaced(&self) -> bool {
        self.tracking.lock().unwrap().model.has_displaced
    }
}

fn content_of(locator: &Locator) -> String {
    format!("content of {locator}")
}

#[test]
fn catalog_and_recorder_do_what_the_model_does_whatever_is_asked_and_whenever_the_process_dies() {
    let (mut deaths, mut has_displaced) = (0, false);
    for seed in 0..SEEDS {
        let mut bench = Bench::new(seed);
        for _ in 0..STEPS {
            bench.step();
        }
        bench.complete();
        deaths += bench.deaths;
        has_displaced |= bench.has_displaced();
    }
    assert!(deaths > SEEDS as u32 && has_displaced, "only {deaths} deaths");
}

#[test]
fn a_check_of_results_finds_what_is_damaged_and_ends_when_it_is_stopped() {
    let mut bench = Bench::new(0);
    bench.complete();
    let model = bench.model();
    let output = model.items[&3].output.clone().unwrap();
    fs::write(Locator::parse(&output).path().unwrap(), "damaged").unwrap();
    let process = bench.process();
    let verify =
        |is_stopped| verify_outputs(JOB, process.reader.as_ref(), &process.run.outputs, &AtomicBool::new(is_stopped));
    let verified = verify(false).unwrap();
    assert_eq!((verified.damaged.as_slice(), verified.intact), (&[3][..], model.items.len() as u64 - 1));
    assert!(verify(true).is_err());
}
