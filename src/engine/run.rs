//! A job at work: lanes that hand out its waiting items, and the task that each item becomes.
//!
//! Files and links have a lane each, so that neither waits for the other. Both end in the pixel pool, which holds at most
//! `workers` items; the queue stands outside it. Nothing here writes to the catalog: the recorder does.

use std::borrow::Cow;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use crossbeam_channel::Sender;
use futures_util::FutureExt;
use rayon::ThreadPool;
use tempfile::TempPath;

use super::bodies::Bodies;
use super::gate::{Budget, Share, Stopped, Switch};
use super::output::{Naming, Target};
use super::picture::{Prepared, guarded, panic_text, prepare};
use super::recorder::{Record, Recorded, call};
use crate::catalog::{CatalogReader, ReaderFactory};
use crate::config::{MAX_BODY_IN_MEMORY_BYTES, MAX_FILE_BYTES};
use crate::error::{ErrorKind, ItemError, JobError};
use crate::fetch::{Body, Cancel, FetchFailure, Fetched, Fetcher, Spool};
use crate::model::{Finished, ItemId, ItemRow, JobId, JobSpec, Locator, Outcome, Timings};
use crate::op::Pipeline;
use crate::sink::{self, Content};

/// Rows a lane reads from the catalog at once.
const PAGE_ROWS: u32 = 256;
/// Links handed to the fetcher at once, for each connection: enough that a slow host never starves the others.
const LINKS_PER_CONNECTION: usize = 4;
/// Bodies that may wait for the pixel pool beside the byte budget's limit.
const BODIES_WAITING: usize = 64;

/// What all threads of a run share.
pub(crate) struct Run {
    pub(crate) job: JobId,
    pub(crate) spec: JobSpec,
    pub(crate) naming: Naming,
    pub(crate) switch: Switch,
    pub(crate) memory: Arc<Budget>,
    /// Items inside the pixel pool, of those that may be.
    pub(crate) permits: Arc<Budget>,
    pub(crate) fetcher: Fetcher,
    pub(crate) cancel: Cancel,
    /// Things that may still give items: sources being read, outputs being adopted.
    pub(crate) pending: AtomicUsize,
    /// Why it stopped or paused by itself.
    trouble: Mutex<Option<Trouble>>,
    /// Items handed out whose outcome is not recorded yet.
    in_flight: Mutex<HashSet<u64>>,
    /// Counts retries and returns: a lane that sees a new number starts over from the first waiting item.
    rewinds: AtomicU64,
    /// Lanes that looked through everything that waits, under the given number of pokes.
    idle_lanes: [AtomicU64; 2],
    pipeline: Pipeline,
    record_tx: Sender<Record>,
    bodies: Option<Arc<Bodies>>,
    net_in_use: AtomicUsize,
}

/// Why a run can't go on by itself.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// It waits for room on the disk.
    DiskFull(String),
    /// It can't go on.
    Fatal(String),
}

/// What a run is made of.
pub(crate) struct RunParts {
    pub(crate) job: JobId,
    pub(crate) spec: JobSpec,
    pub(crate) naming: Naming,
    pub(crate) pipeline: Pipeline,
    pub(crate) workers: usize,
    pub(crate) memory_bytes: u64,
    pub(crate) fetcher: Fetcher,
    pub(crate) record_tx: Sender<Record>,
    pub(crate) bodies: Option<Arc<Bodies>>,
    pub(crate) pending: usize,
}

/// An item's bytes, and what is known of how they came.
struct Input {
    row: ItemRow,
    held: Held,
    size_bytes: u64,
    fetched: Option<FetchedFacts>,
    /// Name that the response suggested.
    file_name: Option<String>,
    read_ms: u64,
}

/// Where an item's bytes are.
enum Held {
    /// In memory.
    Memory(Vec<u8>),
    /// In a temporary file, which goes with it.
    Spooled(TempPath),
    /// Still in the input file: it is only to be copied.
    File(PathBuf),
}

struct FetchedFacts {
    hash: String,
    http_status: u16,
    content_type: Option<String>,
    etag: Option<String>,
    last_modified: Option<String>,
    attempts: u32,
}

type LinkResult = (ItemRow, Result<Fetched, FetchFailure>, Share);

impl Run {
    pub(crate) fn new(parts: RunParts) -> Arc<Self> {
        Arc::new(Self {
            job: parts.job,
            spec: parts.spec,
            naming: parts.naming,
            switch: Switch::new(),
            memory: Budget::new(parts.memory_bytes),
            permits: Budget::new(parts.workers as u64),
            fetcher: parts.fetcher,
            cancel: Cancel::new(),
            pending: AtomicUsize::new(parts.pending),
            trouble: Mutex::default(),
            in_flight: Mutex::default(),
            rewinds: AtomicU64::new(0),
            idle_lanes: [AtomicU64::new(u64::MAX), AtomicU64::new(u64::MAX)],
            pipeline: parts.pipeline,
            record_tx: parts.record_tx,
            bodies: parts.bodies,
            net_in_use: AtomicUsize::new(0),
        })
    }

    /// Starts the lanes; they end when the run is stopped.
    pub(crate) fn start(
        self: &Arc<Self>,
        pool: &Arc<ThreadPool>,
        runtime: &tokio::runtime::Handle,
        readers: &ReaderFactory,
    ) -> Result<Vec<JoinHandle<()>>, JobError> {
        let (body_tx, body_rx) = tokio::sync::mpsc::channel(BODIES_WAITING);
        let (files_reader, links_reader, bodies_reader) = (readers.reader()?, readers.reader()?, readers.reader()?);
        let mut threads = Vec::new();
        let (run, files_pool) = (Arc::clone(self), Arc::clone(pool));
        threads.push(named("pixloom-files", move || {
            let _ = run.files_lane(files_reader.as_ref(), &files_pool);
        })?);
        let (run, runtime) = (Arc::clone(self), runtime.clone());
        threads.push(named("pixloom-links", move || {
            let _ = run.links_lane(links_reader.as_ref(), &runtime, &body_tx);
        })?);
        let (run, pool) = (Arc::clone(self), Arc::clone(pool));
        threads.push(named("pixloom-bodies", move || {
            run.bodies_lane(body_rx, &pool, bodies_reader.as_ref());
        })?);
        Ok(threads)
    }

    /// After a crash: files that were named in the catalog before it are adopted if they are whole, else made again.
    pub(crate) fn adopt(self: &Arc<Self>, noted: Vec<ItemRow>) -> Result<JoinHandle<()>, JobError> {
        let run = Arc::clone(self);
        named("pixloom-adopt", move || {
            let (mut adopted, mut again) = (Vec::new(), Vec::new());
            for row in noted {
                let path = row.output.as_deref().map(Locator::parse);
                let hash = path.as_ref().and_then(Locator::path).and_then(|path| sink::sha256_file(path).ok());
                match (row.output, hash) {
                    (Some(output), Some(hash)) if row.output_hash.as_ref() == Some(&hash) => {
                        let mut finished = Finished::new(row.id, Outcome::Done { output: output.clone() });
                        let file = Locator::parse(&output);
                        let size = file.path().and_then(|path| path.metadata().ok()).map_or(0, |meta| meta.len());
                        finished.bytes_in = row.size_bytes.unwrap_or(row.bytes_in);
                        finished.bytes_out = size;
                        finished.output_hash = Some(hash);
                        (finished.width_px, finished.height_px) = (row.width_px, row.height_px);
                        (finished.hash, finished.content_type) = (row.hash, row.content_type);
                        finished.http_status = row.http_status;
                        finished.timings = row.timings;
                        finished.attempts = row.attempts.max(1);
                        adopted.push(finished);
                    }
                    _ => again.push(row.id.seq),
                }
            }
            let job = run.job;
            let settled = call(&run.record_tx, move |catalog| {
                catalog.finish(&adopted)?;
                catalog.set_waiting(job, &again)
            });
            if let Err(error) = settled {
                run.set_trouble(Trouble::Fatal(error.to_string()));
            }
            run.rewind();
            run.settle();
        })
    }

    /// Stops for good: every wait ends, what is in flight is given up.
    pub(crate) fn stop(&self) {
        self.switch.stop();
        self.cancel.cancel();
    }

    /// Items handed out and not yet recorded.
    pub(crate) fn in_flight(&self) -> usize {
        self.flying().len()
    }

    /// Whether everything has an outcome: nothing is pending, lanes found nothing more, nothing in flight.
    pub(crate) fn is_drained(&self) -> bool {
        // The order matters: pokes first, since every change after it makes the lanes' notes stale.
        let pokes = self.switch.pokes();
        self.pending.load(Ordering::Acquire) == 0
            && self.idle_lanes.iter().all(|lane| lane.load(Ordering::Acquire) == pokes)
            && self.in_flight() == 0
            && self.switch.pokes() == pokes
    }

    /// Makes lanes look again from the first waiting item.
    pub(crate) fn rewind(&self) {
        self.rewinds.fetch_add(1, Ordering::AcqRel);
        self.switch.poke();
    }

    /// One of the things pending has ended.
    pub(crate) fn settle(&self) {
        self.pending.fetch_sub(1, Ordering::AcqRel);
        self.switch.poke();
    }

    pub(crate) fn trouble(&self) -> Option<Trouble> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn clear_trouble(&self) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Notes why the run can't go on, and pauses it; the coordinator sees to the rest.
    pub(crate) fn set_trouble(&self, trouble: Trouble) {
        let mut noted = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(*noted, Some(Trouble::Fatal(_))) {
            *noted = Some(trouble);
        }
        self.switch.set_paused(true);
    }

    /// Forgets an item that was handed out: it is recorded, or given back.
    pub(crate) fn landed(&self, seq: u64) {
        self.flying().remove(&seq);
    }

    fn flying(&self) -> MutexGuard<'_, HashSet<u64>> {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks through waiting items, in order, until stopped. `take` is called for those of this lane.
    fn each_waiting(
        &self,
        lane: usize,
        reader: &dyn CatalogReader,
        is_mine: fn(&Locator) -> bool,
        mut take: impl FnMut(ItemRow) -> Result<(), Stopped>,
    ) -> Result<(), Stopped> {
        let (mut after_seq, mut rewinds) = (0, 0);
        loop {
            self.switch.wait_going()?;
            let pokes = self.switch.pokes();
            let rewinds_now = self.rewinds.load(Ordering::Acquire);
            if rewinds_now != rewinds {
                (after_seq, rewinds) = (0, rewinds_now);
            }
            // Before the page is read: one of these may still wait in the page and have its outcome when its row comes
            // up; it must not be done twice.
            let in_flight = self.flying().clone();
            let page = match reader.waiting(self.job, after_seq, PAGE_ROWS) {
                Ok(page) => page,
                Err(error) => {
                    self.set_trouble(Trouble::Fatal(error.to_string()));
                    continue;
                }
            };
            let Some(last) = page.last() else {
                self.idle_lanes[lane].store(pokes, Ordering::Release);
                self.switch.wait_poke(pokes)?;
                continue;
            };
            after_seq = last.id.seq;
            for row in page {
                if !is_mine(&row.locator) || in_flight.contains(&row.id.seq) {
                    continue;
                }
                self.switch.wait_going()?;
                if self.flying().insert(row.id.seq) {
                    take(row)?;
                }
            }
        }
    }

    /// Reads files one ahead of the pixel workers and hands them over.
    fn files_lane(self: &Arc<Self>, reader: &dyn CatalogReader, pool: &Arc<ThreadPool>) -> Result<(), Stopped> {
        self.each_waiting(
            0,
            reader,
            |locator| locator.path().is_some(),
            |row| {
                let Some(path) = row.locator.path().map(PathBuf::from) else { return Ok(()) };
                let started = Instant::now();
                match open_file(&path, self.spec.is_copy()) {
                    Ok((held, size_bytes)) => {
                        let input = Input {
                            size_bytes,
                            held,
                            row,
                            fetched: None,
                            file_name: None,
                            read_ms: started.elapsed().as_millis() as u64,
                        };
                        self.admit(input, pool, reader)
                    }
                    Err(error) => {
                        self.begin(row.id);
                        self.fail(Finished::new(row.id, Outcome::Failed(error)));
                        Ok(())
                    }
                }
            },
        )
    }

    /// Keeps the fetcher supplied with links.
    fn links_lane(
        self: &Arc<Self>,
        reader: &dyn CatalogReader,
        runtime: &tokio::runtime::Handle,
        body_tx: &tokio::sync::mpsc::Sender<LinkResult>,
    ) -> Result<(), Stopped> {
        let tasks = Budget::new((self.spec.limits.connections.max(1) * LINKS_PER_CONNECTION) as u64);
        let spool = Spool { dir: self.naming.out_dir.clone(), prefix: format!(".pixloom-{}-fetch-", self.job) };
        self.each_waiting(
            1,
            reader,
            |locator| locator.path().is_none(),
            |row| {
                let place = tasks.take(1, &self.switch)?;
                if self.switch.is_paused() {
                    self.landed(row.id.seq);
                    return Ok(());
                }
                self.begin(row.id);
                let (run, body_tx, spool) = (Arc::clone(self), body_tx.clone(), spool.clone());
                runtime.spawn(async move {
                    let Locator::Url(url) = row.locator.clone() else { return };
                    run.net_in_use.fetch_add(1, Ordering::Relaxed);
                    let fetching = std::panic::AssertUnwindSafe(run.fetcher.fetch(&url, &spool, &run.cancel));
                    let result = fetching.catch_unwind().await.unwrap_or_else(|panic| {
                        let error = ItemError::new(ErrorKind::Panic, &url).with("detail", panic_text(panic.as_ref()));
                        Err(FetchFailure { error, http_status: None, attempts: 1, fetch_ms: 0 })
                    });
                    run.net_in_use.fetch_sub(1, Ordering::Relaxed);
                    let seq = row.id.seq;
                    if body_tx.send((row, result, place)).await.is_err() {
                        run.landed(seq);
                    }
                });
                Ok(())
            },
        )
    }

    /// Hands fetched bodies on to the pixel workers, and failures to the recorder.
    fn bodies_lane(
        self: Arc<Self>,
        mut body_rx: tokio::sync::mpsc::Receiver<LinkResult>,
        pool: &Arc<ThreadPool>,
        reader: &dyn CatalogReader,
    ) {
        while let Some((row, result, place)) = body_rx.blocking_recv() {
            let seq = row.id.seq;
            match result {
                Ok(fetched) => {
                    drop(place);
                    if self.admit(Input::from_fetched(row, fetched), pool, reader).is_err() {
                        self.landed(seq);
                    }
                }
                Err(failure) if failure.error.kind == ErrorKind::Cancelled => self.landed(seq),
                Err(failure) => {
                    let mut finished = Finished::new(row.id, Outcome::Failed(failure.error));
                    finished.http_status = failure.http_status;
                    finished.attempts = failure.attempts;
                    finished.timings.fetch_ms = failure.fetch_ms;
                    self.fail(finished);
                }
            }
        }
    }

    /// Plans an item, waits until memory and a worker are free, and gives it to the pixel pool.
    fn admit(
        self: &Arc<Self>,
        input: Input,
        pool: &Arc<ThreadPool>,
        reader: &dyn CatalogReader,
    ) -> Result<(), Stopped> {
        let id = input.row.id;
        if input.fetched.is_none() {
            // Not begun, so given back: a pause ends with a look from the first waiting item, and whoever waits for all
            // that is in flight must not wait for this one.
            if self.switch.is_paused() {
                self.landed(id.seq);
                return Ok(());
            }
            self.begin(id);
        }
        self.keep_body(&input);
        let work = match self.plan(&input) {
            Ok(work) => work,
            Err(error) => {
                self.conclude(&input, Outcome::Failed(error));
                return Ok(());
            }
        };
        if let Some(outcome) = self.settled_by_policy(&input, &work, reader) {
            self.conclude(&input, outcome);
            return Ok(());
        }
        let share = self.memory.take(work.peak_bytes(input.size_bytes), &self.switch)?;
        let permit = self.permits.take(1, &self.switch)?;
        let run = Arc::clone(self);
        pool.spawn(move || {
            run.work(&input, work);
            drop((permit, share));
        });
        Ok(())
    }

    fn plan(&self, input: &Input) -> Result<Work, ItemError> {
        if self.spec.is_copy() {
            return Ok(Work::Copy);
        }
        let bytes = input.bytes()?;
        let prepared =
            prepare(&bytes, &self.pipeline, &self.spec.save).map_err(|error| error.named(&input.row.locator))?;
        Ok(Work::Picture(Box::new(prepared)))
    }

    /// What the policy for taken names says before any work, where the name is known already.
    fn settled_by_policy(&self, input: &Input, work: &Work, reader: &dyn CatalogReader) -> Option<Outcome> {
        let place = self.naming.early_place(&input.row, input.file_name.as_deref(), &work.extension(input))?;
        self.naming.settle_early(&place, &input.row, reader)
    }

    /// The item's own work, on a pixel worker: render or copy, stage, and leave the rest to the recorder.
    fn work(&self, input: &Input, work: Work) {
        let started = Instant::now();
        let made = guarded(|| self.make(input, &work)).map_err(|error| error.named(&input.row.locator));
        let process_ms = started.elapsed().as_millis() as u64;
        match made {
            Ok((mut recorded, staged)) => {
                recorded.timings.process_ms = process_ms;
                self.record(recorded, Some(staged));
            }
            Err(error) if error.kind == ErrorKind::Cancelled => self.landed(input.row.id.seq),
            Err(error) if error.kind == ErrorKind::DiskFull => {
                self.landed(input.row.id.seq);
                self.set_trouble(Trouble::DiskFull(error.to_string()));
            }
            Err(error) => self.conclude(input, Outcome::Failed(error)),
        }
    }

    fn make(&self, input: &Input, work: &Work) -> Result<(Finished, Target), ItemError> {
        let stopped = || self.switch.is_stopped();
        let mut facts = Self::facts(input, Outcome::Done { output: String::new() });
        let stage = |size_px, hash: &str, content: Content<'_>| {
            if stopped() {
                return Err(ItemError::nameless(ErrorKind::Cancelled));
            }
            self.naming.stage(&input.row, input.file_name.as_deref(), &work.extension(input), size_px, hash, content)
        };
        let target = match work {
            Work::Copy => {
                let hash = match (&facts.hash, &input.held) {
                    (Some(hash), _) => hash.clone(),
                    (None, Held::File(path)) if self.naming.needs_result() => {
                        sink::sha256_file(path).map_err(|error| ItemError::reading(path, &error))?
                    }
                    _ => String::new(),
                };
                let target = stage(None, &hash, input.held.content())?;
                facts.hash = Some(target.staged.hash().to_owned());
                target
            }
            Work::Picture(prepared) => {
                let bytes = input.bytes()?;
                let rendered = prepared.render(&bytes, &self.spec.save, &stopped)?;
                let size_px = (rendered.info.width_px, rendered.info.height_px);
                let hash = if self.naming.needs_result() { sink::sha256_hex(&rendered.bytes) } else { String::new() };
                facts.width_px = Some(size_px.0);
                facts.height_px = Some(size_px.1);
                stage(Some(size_px), &hash, Content::Bytes(&rendered.bytes))?
            }
        };
        facts.bytes_out = target.staged.size_bytes();
        facts.output_hash = Some(target.staged.hash().to_owned());
        Ok((facts, target))
    }

    fn facts(input: &Input, outcome: Outcome) -> Finished {
        let mut facts = Finished::new(input.row.id, outcome);
        facts.bytes_in = input.size_bytes;
        facts.timings = Timings { fetch_ms: input.read_ms, process_ms: 0 };
        facts.attempts = input.row.attempts + 1;
        if let Some(fetched) = &input.fetched {
            facts.hash = Some(fetched.hash.clone());
            facts.http_status = Some(fetched.http_status);
            facts.content_type.clone_from(&fetched.content_type);
            facts.etag.clone_from(&fetched.etag);
            facts.last_modified.clone_from(&fetched.last_modified);
            facts.attempts = fetched.attempts;
        }
        facts
    }

    fn conclude(&self, input: &Input, outcome: Outcome) {
        self.record(Self::facts(input, outcome), None);
    }

    fn fail(&self, finished: Finished) {
        self.record(finished, None);
    }

    fn begin(&self, id: ItemId) {
        let _ = self.record_tx.send(Record::Running(id));
    }

    fn record(&self, finished: Finished, target: Option<Target>) {
        let seq = finished.id.seq;
        if self.record_tx.send(Record::Finished(Box::new(Recorded { finished, target }))).is_err() {
            self.landed(seq);
        }
    }

    /// Keeps a fetched body for previews, where a face wants that.
    fn keep_body(&self, input: &Input) {
        if let (Some(bodies), Some(_), Held::Memory(bytes)) = (&self.bodies, &input.fetched, &input.held) {
            bodies.keep(input.row.id, bytes, input.fetched.as_ref().and_then(|f| f.content_type.clone()));
        }
    }
}

/// What an item needs done.
enum Work {
    /// Its bytes are its output.
    Copy,
    /// It goes through the pipeline.
    Picture(Box<Prepared>),
}

impl Work {
    fn peak_bytes(&self, file_bytes: u64) -> u64 {
        match self {
            Self::Copy => file_bytes.min(MAX_BODY_IN_MEMORY_BYTES),
            Self::Picture(prepared) => prepared.peak_bytes(file_bytes),
        }
    }

    /// The output's extension, without the dot.
    fn extension(&self, input: &Input) -> String {
        match self {
            Self::Picture(prepared) => {
                // A kept format keeps the spelling of its extension, too.
                let own = super::output::own_extension(&input.row.locator, input.file_name.as_deref());
                match own {
                    Some(own) if super::output::is_spelling_of(&own, prepared.format) => own,
                    _ => prepared.format.extension().to_owned(),
                }
            }
            Self::Copy => super::output::own_extension(&input.row.locator, input.file_name.as_deref())
                .or_else(|| {
                    let content_type = input.fetched.as_ref().and_then(|fetched| fetched.content_type.as_deref());
                    super::output::extension_of_content(&input.held.head(), content_type)
                })
                .unwrap_or_default(),
        }
    }
}

impl Input {
    fn from_fetched(row: ItemRow, fetched: Fetched) -> Self {
        Self {
            row,
            size_bytes: fetched.size_bytes,
            held: match fetched.body {
                Body::Memory(bytes) => Held::Memory(bytes),
                Body::File(path) => Held::Spooled(path),
            },
            file_name: fetched.file_name,
            read_ms: fetched.fetch_ms,
            fetched: Some(FetchedFacts {
                hash: fetched.hash,
                http_status: fetched.http_status,
                content_type: fetched.content_type,
                etag: fetched.etag,
                last_modified: fetched.last_modified,
                attempts: fetched.attempts,
            }),
        }
    }
}

impl Input {
    /// All bytes.
    fn bytes(&self) -> Result<Cow<'_, [u8]>, ItemError> {
        match &self.held {
            Held::Memory(bytes) => Ok(Cow::Borrowed(bytes)),
            Held::Spooled(path) => read(path).map(Cow::Owned),
            Held::File(path) => read(path).map(Cow::Owned),
        }
    }
}

impl Held {
    fn content(&self) -> Content<'_> {
        match self {
            Self::Memory(bytes) => Content::Bytes(bytes),
            Self::Spooled(path) => Content::Move(path),
            Self::File(path) => Content::Copy(path),
        }
    }

    /// The first bytes, enough to tell what they are; none where they can't be read.
    fn head(&self) -> Vec<u8> {
        const HEAD_BYTES: usize = 512;
        let read = |path: &Path| {
            let mut head = Vec::new();
            let file = std::fs::File::open(path)?;
            std::io::Read::read_to_end(&mut std::io::Read::take(file, HEAD_BYTES as u64), &mut head)?;
            Ok::<_, std::io::Error>(head)
        };
        match self {
            Self::Memory(bytes) => bytes.iter().take(HEAD_BYTES).copied().collect(),
            Self::Spooled(path) => read(path).unwrap_or_default(),
            Self::File(path) => read(path).unwrap_or_default(),
        }
    }
}

/// Looks at an input file and reads it whole, unless it is only to be copied.
fn open_file(path: &Path, only_copied: bool) -> Result<(Held, u64), ItemError> {
    let meta = std::fs::metadata(path).map_err(|error| ItemError::reading(path, &error))?;
    if !meta.is_file() {
        return Err(ItemError::new(ErrorKind::NotAPicture, path.display()).with("detail", "it is not a regular file"));
    }
    if only_copied {
        return Ok((Held::File(path.to_path_buf()), meta.len()));
    }
    if meta.len() == 0 {
        return Err(ItemError::new(ErrorKind::Empty, path.display()));
    }
    if meta.len() > MAX_FILE_BYTES {
        let detail = format!("{} bytes, at most {MAX_FILE_BYTES}", meta.len());
        return Err(ItemError::new(ErrorKind::TooLarge, path.display()).with("detail", detail));
    }
    let bytes = read(path)?;
    let size_bytes = bytes.len() as u64;
    Ok((Held::Memory(bytes), size_bytes))
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, ItemError> {
    std::fs::read(path).map_err(|error| ItemError::reading(path, &error))
}

/// Starts a named thread.
pub(crate) fn named(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, JobError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map_err(|error| JobError::Machine(format!("Couldn't start the thread {name}: {error}.")))
}
