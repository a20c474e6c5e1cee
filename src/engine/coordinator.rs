//! The one thread that owns the jobs: it takes commands, starts and ends runs, and publishes snapshots.
//!
//! It never touches a pixel, a socket or an output, and waits for the recorder only where an answer decides what is
//! listed. While nothing happens it sleeps.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, never, tick};
use rayon::ThreadPool;

use super::bodies::Bodies;
use super::command::Command;
use super::edits::{Edit, Edits};
use super::expand::{Expand, ExpandNote};
use super::handle::Shared;
use super::meter::Meter;
use super::output::Naming;
use super::pools;
use super::recorder::{Record, Runs, call};
use super::run::{Run, RunParts, Trouble};
use super::settings::SettingsFile;
use super::snapshot::{EVENTS_KEPT, Estimate, JobView, Notice, Snapshot, SourceGroup};
use super::{Options, check, samples};
use crate::catalog::{self, CatalogReader, JobLock, ReaderFactory};
use crate::config::Settings;
use crate::error::{ErrorKind, JobError};
use crate::fetch::{FetchLimits, Fetcher};
use crate::model::{Busy, Edge, Event, JobId, JobRow, JobSpec, JobState, Progress, SourceSpec};
use crate::op;
use crate::{sink, source};

/// Snapshots are replaced at most this often.
const TICK: Duration = Duration::from_millis(50);
/// Counts by folder and by cause, and the history, are reread at most this often.
const DETAILS_EVERY: Duration = Duration::from_millis(400);
/// A draft's edits are written after this pause.
const SPEC_SETTLES: Duration = Duration::from_millis(400);
/// Jobs of the history that a snapshot holds.
const JOBS_LISTED: u32 = 100;
/// Folders and hosts that a snapshot holds.
const GROUPS_LISTED: u32 = 200;
/// Free room at which a job that waited for it goes on.
const ROOM_BYTES: u64 = 256 << 20;

/// What the coordinator is given.
pub(super) struct Parts {
    pub(super) options: Options,
    pub(super) shared: Arc<Shared>,
    pub(super) command_rx: Receiver<Command>,
    pub(super) note_rx: Receiver<ExpandNote>,
    pub(super) bell_rx: Receiver<()>,
    pub(super) quit_rx: Receiver<()>,
    pub(super) record_tx: Sender<Record>,
    pub(super) expand_tx: Sender<Expand>,
    pub(super) readers: ReaderFactory,
    pub(super) reader: Box<dyn CatalogReader>,
    pub(super) runs: Runs,
    pub(super) runtime: tokio::runtime::Handle,
    pub(super) bodies: Option<Arc<Bodies>>,
    pub(super) revision: Arc<AtomicU64>,
    pub(super) settings_file: Option<SettingsFile>,
}

/// Owner of the jobs.
pub(super) struct Coordinator {
    parts: Parts,
    listed: Option<JobRow>,
    active: Option<Active>,
    queue: VecDeque<JobId>,
    expanding: HashMap<JobId, Expanding>,
    pool: Option<(usize, Arc<ThreadPool>)>,
    edits: Edits,
    settings: Settings,
    events: VecDeque<Event>,
    next_event: u64,
    notice: Option<Notice>,
    details: Details,
    /// Since when the listed draft's spec differs from the catalog's.
    spec_dirty: Option<Instant>,
    quitting: bool,
}

/// A job at work.
struct Active {
    run: Arc<Run>,
    threads: Vec<JoinHandle<()>>,
    _lock: JobLock,
    meter: Meter,
    phase: Phase,
    network_gone: bool,
}

/// What a job at work is doing.
#[derive(Clone, PartialEq)]
enum Phase {
    Going,
    Paused,
    /// Waits for room on the disk.
    Waiting {
        reason: String,
        next_look: Instant,
    },
    /// Is being stopped, to be left in this state.
    Ending {
        state: JobState,
        reason: Option<String>,
    },
}

/// Sources of a job that are being read.
struct Expanding {
    requests: usize,
    stop: Arc<AtomicBool>,
}

/// Parts of a snapshot that cost a query each.
#[derive(Default)]
struct Details {
    read_at: Option<Instant>,
    revision: u64,
    job: Option<JobId>,
    jobs: Arc<[JobRow]>,
    groups: Arc<[SourceGroup]>,
    failures: Arc<[(ErrorKind, u64)]>,
}

impl Coordinator {
    pub(super) fn new(parts: Parts) -> Self {
        let settings = parts.settings_file.as_ref().map(SettingsFile::load).unwrap_or_default();
        Self {
            parts,
            listed: None,
            active: None,
            queue: VecDeque::new(),
            expanding: HashMap::new(),
            pool: None,
            edits: Edits::default(),
            settings,
            events: VecDeque::new(),
            next_event: 1,
            notice: None,
            details: Details::default(),
            spec_dirty: None,
            quitting: false,
        }
    }

    /// Works until told to quit; a job at work is left resumable.
    pub(super) fn run(mut self) {
        if self.parts.options.lists_drafts
            && let Err(error) = self.bring_back_session()
        {
            self.trouble(&error);
        }
        self.publish();
        let (ticker, idle) = (tick(TICK), never());
        loop {
            let busy = self.active.is_some() || self.spec_dirty.is_some() || !self.expanding.is_empty();
            let ticker = if busy { &ticker } else { &idle };
            let mut worth_telling = true;
            crossbeam_channel::select! {
                recv(self.parts.command_rx) -> command => match command {
                    Ok(command) => self.take(command),
                    Err(_) => self.quit(),
                },
                recv(self.parts.note_rx) -> note => if let Ok(note) = note { self.note(note) },
                // While records stream in, the next tick tells of them.
                recv(self.parts.bell_rx) -> _ => worth_telling = !busy,
                recv(self.parts.quit_rx) -> _ => self.quit(),
                recv(ticker) -> _ => {},
            }
            self.attend();
            if self.quitting && self.active.is_none() {
                self.write_spec();
                return;
            }
            if worth_telling {
                self.publish();
            }
        }
    }

    fn quit(&mut self) {
        self.quitting = true;
        self.queue.clear();
        for expanding in self.expanding.values() {
            expanding.stop.store(true, Ordering::Release);
        }
        self.end_active(JobState::Paused, None);
    }

    /// Lists what was listed when the program was last closed: a job that was cut off, or else the draft.
    fn bring_back_session(&mut self) -> Result<(), JobError> {
        let reader = &self.parts.reader;
        let draft = reader.latest_draft()?;
        let cut_off = reader.latest_resumable()?.filter(|job| draft.as_ref().is_none_or(|draft| job.id > draft.id));
        let listed = match cut_off {
            Some(job) if self.lock(job.id)?.is_some() => {
                if job.state != JobState::Paused {
                    self.call(move |catalog| catalog.set_state(job.id, JobState::Paused))?;
                }
                Some(JobRow { state: JobState::Paused, ..job })
            }
            _ => draft,
        };
        match listed {
            Some(job) => self.listed = Some(job),
            None => self.new_draft()?,
        }
        Ok(())
    }

    fn call<T: Send + 'static>(
        &self,
        task: impl FnOnce(&mut dyn catalog::Catalog) -> Result<T, JobError> + Send + 'static,
    ) -> Result<T, JobError> {
        call(&self.parts.record_tx, task)
    }

    fn lock(&self, job: JobId) -> Result<Option<JobLock>, JobError> {
        catalog::lock_job(&self.parts.options.catalog_path, job)
    }

    // Commands.

    fn take(&mut self, command: Command) {
        if let Err(error) = self.obey(command) {
            self.trouble(&error);
        }
    }

    fn obey(&mut self, command: Command) -> Result<(), JobError> {
        match command {
            Command::Submit(spec) => self.submit(*spec),
            Command::Add(sources) => self.add(sources, Vec::new()),
            Command::AddText(text) => self.add_text(&text),
            Command::AddSamples => self.add(samples::sources()?, Vec::new()),
            Command::Remove(seqs) => self.remove(seqs),
            Command::Clear => self.clear(),
            Command::Undo => self.undo(),
            Command::Redo => self.redo(),
            Command::SetRecipe(recipe) => self.edit(|spec| Edit::Recipe(std::mem::replace(&mut spec.recipe, recipe))),
            Command::SetSave(save) => self.edit(|spec| Edit::Save(std::mem::replace(&mut spec.save, save))),
            Command::SetSink(sink) => self.edit(|spec| Edit::Sink(std::mem::replace(&mut spec.sink, sink))),
            Command::SetLimits(limits) => {
                self.settings.limits = limits.clone();
                self.save_settings();
                self.with_draft(|spec| spec.limits = limits);
                Ok(())
            }
            Command::LoadRecipe(path) => self.load_recipe(&path),
            Command::SaveRecipe(path) => self.save_recipe(&path),
            Command::Start => self.start_listed(),
            Command::Pause(job) => {
                self.pause(job);
                Ok(())
            }
            Command::Resume(job) => self.resume(job),
            Command::Cancel(job) => self.cancel(job),
            Command::Retry { job, kind, items } => self.retry(job, kind, items),
            Command::Skip { job, items } => {
                self.call(move |catalog| catalog.skip_failed(job, &items))?;
                self.bump();
                Ok(())
            }
            Command::Show(job) => self.show(job),
            Command::OpenResults(job) => self.open_results(job),
            Command::SaveSettings(settings) => {
                self.settings = settings;
                self.save_settings();
                Ok(())
            }
            Command::DismissNotice => {
                self.notice = None;
                Ok(())
            }
        }
    }

    fn submit(&mut self, spec: JobSpec) -> Result<(), JobError> {
        check(&spec)?;
        let job = {
            let spec = spec.clone();
            self.call(move |catalog| catalog.create_job(&spec, JobState::Queued))?
        };
        self.list(job)?;
        self.enqueue(job)
    }

    /// The job that new items join: the listed draft, or the listed job while it is at work, or a new draft.
    fn open_job(&mut self) -> Result<JobId, JobError> {
        if let Some(listed) = &self.listed
            && (listed.state == JobState::Draft || self.is_going(listed.id))
        {
            return Ok(listed.id);
        }
        self.new_draft()?;
        self.listed.as_ref().map(|job| job.id).ok_or_else(|| JobError::Machine("No draft could be made.".to_owned()))
    }

    fn is_going(&self, job: JobId) -> bool {
        self.active.as_ref().is_some_and(|a| a.run.job == job && !matches!(a.phase, Phase::Ending { .. }))
    }

    fn add(&mut self, sources: Vec<SourceSpec>, urls: Vec<String>) -> Result<(), JobError> {
        self.write_spec();
        let job = self.open_job()?;
        let Some(listed) = &mut self.listed else { return Ok(()) };
        let first = listed.spec.sources.len() as u32;
        listed.spec.sources.extend(sources.iter().cloned());
        let spec = listed.spec.clone();
        self.call(move |catalog| {
            catalog.set_spec(job, &spec)?;
            catalog.set_counted(job, false)
        })?;
        let sources = (first..).zip(sources).collect();
        self.expand(Expand { sources, urls, leave_out_known: true, ..Expand::of(job) });
        Ok(())
    }

    fn add_text(&mut self, text: &str) -> Result<(), JobError> {
        let links = source::links(text);
        if links.urls.is_empty() && links.paths.is_empty() {
            self.notice = Some(Notice::NothingToAdd);
            return Ok(());
        }
        self.add(links.paths.into_iter().map(source_of_path).collect(), links.urls)
    }

    fn expand(&mut self, request: Expand) {
        let job = request.job;
        let expanding =
            self.expanding.entry(job).or_insert_with(|| Expanding { requests: 0, stop: Arc::clone(&request.stop) });
        let request = Expand { stop: Arc::clone(&expanding.stop), ..request };
        if self.parts.expand_tx.try_send(request).is_err() {
            let sentence = "Too many sources were added at once. Wait until they have been read, then add the rest.";
            self.notice = Some(Notice::Trouble(sentence.to_owned()));
            if expanding.requests == 0 {
                self.expanding.remove(&job);
            }
            return;
        }
        expanding.requests += 1;
        if let Some(active) = self.active.as_ref().filter(|active| active.run.job == job) {
            active.run.pending.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn note(&mut self, note: ExpandNote) {
        match note {
            ExpandNote::Trouble { job, message } => {
                self.notice = Some(Notice::Trouble(message.clone()));
                self.event(Some(job), Edge::SourceTrouble { message });
            }
            ExpandNote::Ended { job, added, duplicates } => {
                if let Some(expanding) = self.expanding.get_mut(&job) {
                    expanding.requests -= 1;
                    if expanding.requests == 0 {
                        self.expanding.remove(&job);
                    }
                }
                if let Some(active) = self.active.as_ref().filter(|active| active.run.job == job) {
                    active.run.settle();
                    if let Ok(Some(row)) = self.parts.reader.job(job) {
                        self.event(Some(job), Edge::Counted { total: row.total });
                    }
                }
                if self.parts.options.lists_drafts && (duplicates > 0 || added > 0) && self.notice.is_none() {
                    self.notice = Some(Notice::Added { added, duplicates });
                }
                self.details.read_at = None;
            }
        }
    }

    fn remove(&mut self, seqs: Vec<u64>) -> Result<(), JobError> {
        let Some(job) = self.listed.as_ref().filter(|job| job.state == JobState::Draft).map(|job| job.id) else {
            return Ok(());
        };
        let removed = self.call(move |catalog| catalog.remove_items(job, &seqs))?;
        self.notice = Some(Notice::Removed(removed.len() as u64));
        self.edits.did(Edit::Removed(removed));
        self.bump();
        Ok(())
    }

    fn clear(&mut self) -> Result<(), JobError> {
        self.write_spec();
        let Some(listed) = self.listed.clone() else { return Ok(()) };
        self.new_draft()?;
        if listed.state == JobState::Draft {
            self.notice = Some(Notice::Removed(listed.total));
        }
        self.edits.did(Edit::Listed(listed.id));
        Ok(())
    }

    /// A draft with the listed job's recipe, or the remembered one.
    fn new_draft(&mut self) -> Result<(), JobError> {
        let spec = match &self.listed {
            Some(listed) => JobSpec { sources: Vec::new(), ..listed.spec.clone() },
            None => JobSpec {
                recipe: self.settings.recipe.clone(),
                save: self.settings.save.clone(),
                sink: self.settings.sink.clone(),
                limits: self.settings.limits.clone(),
                ..JobSpec::default()
            },
        };
        let job = self.call(move |catalog| catalog.create_job(&spec, JobState::Draft))?;
        self.list(job)
    }

    /// Lists a job; an empty draft that is left is forgotten.
    fn list(&mut self, job: JobId) -> Result<(), JobError> {
        self.write_spec();
        let Some(row) = self.parts.reader.job(job)? else {
            return Err(JobError::Usage(format!("There is no job {job} in this catalog.")));
        };
        self.listed = Some(row);
        self.details.read_at = None;
        self.bump();
        Ok(())
    }

    fn show(&mut self, job: JobId) -> Result<(), JobError> {
        if self.listed.as_ref().is_some_and(|listed| listed.id == job) {
            return Ok(());
        }
        if let Some(listed) = &self.listed {
            self.edits.did(Edit::Listed(listed.id));
        }
        self.list(job)
    }

    /// Changes the listed draft; an ended job's items are taken over into a new draft first. A job at work stays as it
    /// was started.
    fn edit(&mut self, change: impl FnOnce(&mut JobSpec) -> Edit) -> Result<(), JobError> {
        let Some(listed) = &self.listed else { return Ok(()) };
        match listed.state {
            JobState::Draft => {}
            JobState::Done | JobState::Cancelled if self.active.as_ref().is_none_or(|a| a.run.job != listed.id) => {
                let original = listed.id;
                self.new_draft()?;
                self.edits.did(Edit::Listed(original));
                if let Some(draft) = self.listed.as_ref().map(|job| job.id) {
                    self.expand(Expand { copy_of: Some(original), ..Expand::of(draft) });
                }
            }
            _ => {
                self.notice = Some(Notice::Trouble(
                    "A job at work keeps its recipe. Cancel it, or wait for its end, then change the recipe."
                        .to_owned(),
                ));
                return Ok(());
            }
        }
        let Some(listed) = &mut self.listed else { return Ok(()) };
        let before = change(&mut listed.spec);
        self.edits.did(before);
        self.spec_changed();
        Ok(())
    }

    fn with_draft(&mut self, change: impl FnOnce(&mut JobSpec)) {
        if let Some(listed) = self.listed.as_mut().filter(|job| job.state == JobState::Draft) {
            change(&mut listed.spec);
            self.spec_changed();
        }
    }

    fn spec_changed(&mut self) {
        self.spec_dirty.get_or_insert_with(Instant::now);
        if let Some(listed) = &self.listed {
            self.settings.recipe = listed.spec.recipe.clone();
            self.settings.save = listed.spec.save.clone();
            self.settings.sink = listed.spec.sink.clone();
        }
    }

    /// Writes the listed draft's edits to the catalog.
    fn write_spec(&mut self) {
        if self.spec_dirty.take().is_none() {
            return;
        }
        if let Some(listed) = self.listed.as_ref().filter(|job| job.state == JobState::Draft) {
            let (job, spec) = (listed.id, listed.spec.clone());
            if let Err(error) = self.call(move |catalog| catalog.set_spec(job, &spec)) {
                self.trouble(&error);
            }
            self.save_settings();
        }
    }

    fn save_settings(&mut self) {
        if let Some(file) = &self.parts.settings_file
            && let Err(error) = file.save(&self.settings)
        {
            self.notice = Some(Notice::Trouble(error.to_string()));
        }
    }

    fn undo(&mut self) -> Result<(), JobError> {
        if let Some(edit) = self.edits.take_back() {
            let inverse = self.apply(edit)?;
            self.edits.undone(inverse);
        }
        self.notice = None;
        Ok(())
    }

    fn redo(&mut self) -> Result<(), JobError> {
        if let Some(edit) = self.edits.do_again() {
            let inverse = self.apply(edit)?;
            self.edits.redone(inverse);
        }
        Ok(())
    }

    /// Puts back what an edit holds, and gives the edit that would undo that.
    fn apply(&mut self, edit: Edit) -> Result<Edit, JobError> {
        let Some(listed) = &mut self.listed else { return Ok(edit) };
        let job = listed.id;
        let inverse = match edit {
            Edit::Recipe(old) => Edit::Recipe(std::mem::replace(&mut listed.spec.recipe, old)),
            Edit::Save(old) => Edit::Save(std::mem::replace(&mut listed.spec.save, old)),
            Edit::Sink(old) => Edit::Sink(std::mem::replace(&mut listed.spec.sink, old)),
            Edit::Removed(items) => {
                let seqs = items.iter().map(|(seq, _)| *seq).collect();
                self.call(move |catalog| catalog.restore_items(job, &items))?;
                self.bump();
                return Ok(Edit::Restored(seqs));
            }
            Edit::Restored(seqs) => {
                let removed = self.call(move |catalog| catalog.remove_items(job, &seqs))?;
                self.bump();
                return Ok(Edit::Removed(removed));
            }
            Edit::Listed(other) => {
                self.list(other)?;
                return Ok(Edit::Listed(job));
            }
        };
        self.spec_changed();
        Ok(inverse)
    }

    fn load_recipe(&mut self, path: &std::path::Path) -> Result<(), JobError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| JobError::Usage(format!("Couldn't read the recipe {}: {error}.", path.display())))?;
        let file = op::file::read(&text, &path.display().to_string())?;
        if let Some(save) = file.save {
            self.edit(|spec| Edit::Save(std::mem::replace(&mut spec.save, save)))?;
        }
        self.edit(|spec| Edit::Recipe(std::mem::replace(&mut spec.recipe, file.recipe)))
    }

    fn save_recipe(&mut self, path: &std::path::Path) -> Result<(), JobError> {
        let Some(listed) = &self.listed else { return Ok(()) };
        let text = op::file::write(&listed.spec.recipe, &listed.spec.save);
        sink::write_whole(path, text.as_bytes())
            .map_err(|error| JobError::Machine(format!("Couldn't write the recipe {}: {error}.", path.display())))
    }

    // Runs.

    fn start_listed(&mut self) -> Result<(), JobError> {
        self.write_spec();
        let Some(listed) = &self.listed else { return Ok(()) };
        if listed.state != JobState::Draft {
            return Ok(());
        }
        check(&listed.spec)?;
        let job = listed.id;
        self.call(move |catalog| catalog.set_state(job, JobState::Queued))?;
        self.edits.forget();
        self.notice = None;
        self.enqueue(job)
    }

    fn enqueue(&mut self, job: JobId) -> Result<(), JobError> {
        if self.active.is_none() {
            return self.begin(job);
        }
        if !self.queue.contains(&job) && !self.is_going(job) {
            self.queue.push_back(job);
            self.call(move |catalog| catalog.set_state(job, JobState::Queued))?;
        }
        self.reread_listed();
        Ok(())
    }

    /// Starts a run.
    fn begin(&mut self, job: JobId) -> Result<(), JobError> {
        let begun = self.try_begin(job);
        if let Err(error) = &begun {
            let state = if error.is_usage() { JobState::Draft } else { JobState::Paused };
            self.parts.runs.remove(job);
            if !matches!(error, JobError::Locked(_)) {
                self.call(move |catalog| catalog.set_state(job, state))?;
            }
            self.event(Some(job), Edge::Stopped { reason: error.to_string() });
        }
        self.reread_listed();
        begun
    }

    fn try_begin(&mut self, job: JobId) -> Result<(), JobError> {
        let Some(row) = self.parts.reader.job(job)? else {
            return Err(JobError::Usage(format!("There is no job {job} in this catalog.")));
        };
        let lock = self.lock(job)?.ok_or(JobError::Locked(job))?;
        let mut spec = row.spec;
        let pipeline = check(&spec)?;
        let out_dir = super::output::out_dir(&spec)?;
        sink::check_dir(&out_dir)?;
        sink::sweep_temporaries(&out_dir, job);
        // The folder is chosen once, and for good: a resume goes on in it, wherever it is run from.
        spec.sink.dir = Some(out_dir.clone());
        let noted = {
            let spec = spec.clone();
            self.call(move |catalog| {
                catalog.set_spec(job, &spec)?;
                catalog.set_state(job, JobState::Running)?;
                catalog.requeue_running(job)
            })?
        };
        let workers = spec.limits.workers.unwrap_or_else(pools::cores).max(1);
        let pool = self.pool(workers)?;
        let fetcher = Fetcher::new(FetchLimits {
            connections: spec.limits.connections,
            per_host: spec.limits.per_host,
            ..FetchLimits::default()
        })?;
        let expansion = self.parts.reader.expansion(job)?;
        let naming = Naming::new(&spec, out_dir)?;
        let run = Run::new(RunParts {
            job,
            naming,
            pipeline,
            workers,
            memory_bytes: spec.limits.memory_bytes.unwrap_or_else(pools::default_memory_bytes),
            fetcher,
            record_tx: self.parts.record_tx.clone(),
            bodies: self.parts.bodies.clone(),
            pending: self.expanding.get(&job).map_or(0, |expanding| expanding.requests)
                + usize::from(!noted.is_empty()),
            spec,
        });
        self.parts.runs.insert(&run);
        let mut threads = run.start(&pool, &self.parts.runtime, &self.parts.readers)?;
        if !noted.is_empty() {
            threads.push(run.adopt(noted)?);
        }
        let mut meter = Meter::new();
        meter.go();
        let sources = run.spec.sources.clone();
        self.active = Some(Active { run, threads, _lock: lock, meter, phase: Phase::Going, network_gone: false });
        self.event(Some(job), Edge::Started);
        if !expansion.counted && !self.expanding.contains_key(&job) {
            let from = expansion.mark.source;
            let sources = (from..).zip(sources.into_iter().skip(from as usize)).collect();
            // What was read before the job was cut off is not read twice.
            let leave_out_known = row.total > 0;
            self.expand(Expand { sources, taken: expansion.mark.taken, leave_out_known, ..Expand::of(job) });
        } else if expansion.counted {
            self.event(Some(job), Edge::Counted { total: row.total });
        }
        Ok(())
    }

    fn pool(&mut self, workers: usize) -> Result<Arc<ThreadPool>, JobError> {
        if let Some((size, pool)) = &self.pool
            && *size == workers
        {
            return Ok(Arc::clone(pool));
        }
        let pool = Arc::new(pools::pixel_pool(workers)?);
        self.pool = Some((workers, Arc::clone(&pool)));
        Ok(pool)
    }

    fn pause(&mut self, job: JobId) {
        if let Some(active) = self.active.as_mut().filter(|active| active.run.job == job)
            && active.phase == Phase::Going
        {
            active.run.switch.set_paused(true);
            active.meter.pause();
            active.phase = Phase::Paused;
            let _ = self.parts.record_tx.send(Record::state(job, JobState::Paused));
            self.event(Some(job), Edge::Paused);
        }
    }

    fn resume(&mut self, job: JobId) -> Result<(), JobError> {
        if let Some(active) = self.active.as_mut().filter(|active| active.run.job == job) {
            if !matches!(active.phase, Phase::Ending { .. }) {
                active.run.clear_trouble();
                active.run.switch.set_paused(false);
                active.run.rewind();
                active.meter.go();
                active.phase = Phase::Going;
                let _ = self.parts.record_tx.send(Record::state(job, JobState::Running));
                self.event(Some(job), Edge::Started);
            }
            return Ok(());
        }
        self.enqueue(job)
    }

    fn cancel(&mut self, job: JobId) -> Result<(), JobError> {
        self.queue.retain(|queued| *queued != job);
        if self.active.as_ref().is_some_and(|active| active.run.job == job) {
            self.end_active(JobState::Cancelled, None);
            return Ok(());
        }
        let open =
            self.parts.reader.job(job)?.is_some_and(|row| matches!(row.state, JobState::Paused | JobState::Queued));
        if open {
            self.call(move |catalog| catalog.set_state(job, JobState::Cancelled))?;
            self.event(Some(job), Edge::Cancelled);
            self.reread_listed();
        }
        Ok(())
    }

    fn retry(&mut self, job: JobId, kind: Option<ErrorKind>, items: Option<Vec<u64>>) -> Result<(), JobError> {
        let retried = self.call(move |catalog| catalog.retry(job, kind, items.as_deref()))?;
        self.bump();
        if let Some(active) = self.active.as_ref().filter(|active| active.run.job == job)
            && !matches!(active.phase, Phase::Ending { .. })
        {
            active.run.rewind();
            return Ok(());
        }
        if retried > 0 || self.parts.reader.counts(job)?.waiting > 0 { self.enqueue(job) } else { Ok(()) }
    }

    /// Stops the job at work; it is left in that state once nothing of it is in flight.
    fn end_active(&mut self, state: JobState, reason: Option<String>) {
        let Some(active) = self.active.as_mut() else { return };
        if matches!(active.phase, Phase::Ending { .. }) {
            return;
        }
        active.run.stop();
        active.meter.pause();
        active.phase = Phase::Ending { state, reason };
        if (state == JobState::Cancelled || self.quitting)
            && let Some(expanding) = self.expanding.get(&active.run.job)
        {
            expanding.stop.store(true, Ordering::Release);
        }
    }

    /// Looks after the job at work: its end, its troubles, the network, the disk.
    fn attend(&mut self) {
        if self.spec_dirty.is_some_and(|since| since.elapsed() >= SPEC_SETTLES) {
            self.write_spec();
        }
        let Some(active) = self.active.as_mut() else { return };
        let job = active.run.job;
        match active.phase.clone() {
            Phase::Ending { state, reason } => {
                let threads_ended = active.threads.iter().all(JoinHandle::is_finished);
                if threads_ended && active.run.permits.fullness() <= 0.0 {
                    self.ended(state, reason);
                }
                return;
            }
            Phase::Waiting { reason, next_look } => {
                let now = Instant::now();
                if now >= next_look {
                    let room = sink::free_bytes(&active.run.naming.out_dir).is_none_or(|free| free >= ROOM_BYTES);
                    active.phase = Phase::Waiting { reason, next_look: now + Duration::from_secs(2) };
                    if room && let Err(error) = self.resume(job) {
                        self.trouble(&error);
                    }
                }
                return;
            }
            Phase::Going | Phase::Paused => {}
        }
        match active.run.trouble() {
            Some(Trouble::Fatal(reason)) => return self.end_active(JobState::Paused, Some(reason)),
            Some(Trouble::DiskFull(reason)) if !self.parts.options.waits => {
                return self.end_active(JobState::Paused, Some(reason));
            }
            Some(Trouble::DiskFull(reason)) => {
                // What was given back waits again once all that was in flight has landed.
                if active.run.in_flight() == 0 {
                    active.meter.pause();
                    active.phase = Phase::Waiting { reason: reason.clone(), next_look: Instant::now() };
                    let _ = self.parts.record_tx.send(Record::requeue(job));
                    self.event(Some(job), Edge::Halted { reason });
                }
                return;
            }
            None => {}
        }
        let gone = active.run.fetcher.network_gone_since();
        if gone.is_some() != active.network_gone {
            active.network_gone = gone.is_some();
            let edge = if gone.is_some() { Edge::NetworkGone } else { Edge::NetworkBack };
            self.event(Some(job), edge);
        }
        let Some(active) = self.active.as_mut() else { return };
        if let Some(since) = gone
            && !self.parts.options.waits
            && since.elapsed() >= Duration::from_secs(active.run.spec.limits.network_wait_s)
        {
            let reason = format!("The network is gone. Job {job} is kept; go on with: pixloom resume {job}");
            return self.end_active(JobState::Paused, Some(reason));
        }
        if active.phase == Phase::Going && active.run.is_drained() {
            self.end_active(JobState::Done, None);
            self.attend();
        }
    }

    /// Nothing of the job is at work any more.
    fn ended(&mut self, state: JobState, reason: Option<String>) {
        let Some(active) = self.active.take() else { return };
        let job = active.run.job;
        for thread in active.threads {
            let _ = thread.join();
        }
        // After everything told before, so that no result is lost.
        let settled = self.call(move |catalog| {
            catalog.requeue_running(job)?;
            catalog.set_state(job, state)
        });
        self.parts.runs.remove(job);
        sink::sweep_temporaries(&active.run.naming.out_dir, job);
        let reason = settled.err().map(|error| error.to_string()).or(reason);
        let edge = match (state, reason) {
            (_, Some(reason)) => Edge::Stopped { reason },
            (JobState::Done, None) => Edge::Finished,
            (JobState::Cancelled, None) => Edge::Cancelled,
            _ => Edge::Paused,
        };
        self.event(Some(job), edge);
        self.bump();
        self.reread_listed();
        if !self.quitting
            && let Some(next) = self.queue.pop_front()
            && let Err(error) = self.begin(next)
        {
            self.trouble(&error);
        }
    }

    fn open_results(&mut self, job: JobId) -> Result<(), JobError> {
        let Some(dir) = self.parts.reader.job(job)?.and_then(|row| row.spec.sink.dir) else { return Ok(()) };
        open::that_detached(&dir)
            .map_err(|error| JobError::Machine(format!("Couldn't open the folder {}: {error}.", dir.display())))
    }

    // What faces see.

    fn trouble(&mut self, error: &JobError) {
        tracing::warn!(%error, "a command could not be obeyed");
        self.notice = Some(Notice::Trouble(error.to_string()));
    }

    fn event(&mut self, job: Option<JobId>, edge: Edge) {
        if self.events.len() == EVENTS_KEPT {
            self.events.pop_front();
        }
        self.events.push_back(Event { sequence: self.next_event, job, edge });
        self.next_event += 1;
    }

    fn bump(&mut self) {
        self.parts.revision.fetch_add(1, Ordering::AcqRel);
        self.details.read_at = None;
    }

    fn reread_listed(&mut self) {
        if let Some(job) = self.listed.as_ref().map(|job| job.id) {
            match self.parts.reader.job(job) {
                Ok(Some(row)) => self.listed = Some(row),
                Ok(None) => self.listed = None,
                Err(error) => self.trouble(&error),
            }
        }
        self.details.read_at = None;
    }

    fn publish(&mut self) {
        let revision = self.parts.revision.load(Ordering::Acquire);
        self.read_levels();
        self.read_details(revision);
        let snapshot = Snapshot {
            current: self.job_view(revision),
            running_elsewhere: self
                .active
                .as_ref()
                .map(|active| active.run.job)
                .filter(|job| self.listed.as_ref().is_none_or(|listed| listed.id != *job)),
            jobs: Arc::clone(&self.details.jobs),
            events: self.events.iter().cloned().collect(),
            settings: self.settings.clone(),
            can_undo: self.edits.can_undo(),
            can_redo: self.edits.can_redo(),
            notice: self.notice.clone(),
        };
        self.parts.shared.snapshot.store(Arc::new(snapshot));
        self.parts.shared.wake();
    }

    /// Rereads the listed job's counters; its edits that are not yet written stay.
    fn read_levels(&mut self) {
        let Some(listed) = &mut self.listed else { return };
        if let Ok(Some(mut row)) = self.parts.reader.job(listed.id) {
            if self.spec_dirty.is_some() {
                row.spec = listed.spec.clone();
            }
            *listed = row;
        }
    }

    fn read_details(&mut self, revision: u64) {
        let job = self.listed.as_ref().map(|job| job.id);
        let details = &self.details;
        let fresh = details
            .read_at
            .is_some_and(|at| details.job == job && (details.revision == revision || at.elapsed() < DETAILS_EVERY));
        if fresh || !self.parts.options.lists_drafts {
            return;
        }
        let reader = &self.parts.reader;
        let jobs = reader.jobs(JOBS_LISTED).unwrap_or_default();
        let groups = job.and_then(|job| reader.groups(job, GROUPS_LISTED).ok()).unwrap_or_default();
        let failures = job.and_then(|job| reader.failures_by_kind(job).ok()).unwrap_or_default();
        self.details = Details {
            read_at: Some(Instant::now()),
            revision,
            job,
            jobs: jobs.into_iter().filter(|job| job.state != JobState::Draft).collect(),
            groups: groups
                .into_iter()
                .map(|group| SourceGroup {
                    label: group.label,
                    is_links: group.is_links,
                    total: group.total,
                    done: group.done,
                    failed: group.failed,
                })
                .collect(),
            failures: failures.into(),
        };
    }

    fn job_view(&mut self, revision: u64) -> Option<JobView> {
        let listed = self.listed.as_ref()?;
        let active = self.active.as_mut().filter(|active| active.run.job == listed.id);
        let counting = self.expanding.contains_key(&listed.id);
        let mut progress = Progress {
            total: listed.total,
            total_is_final: !counting,
            done: listed.done,
            failed: listed.failed,
            skipped: listed.skipped,
            bytes_in: listed.bytes_in,
            bytes_out: listed.bytes_out,
            seconds: seconds_between(listed),
            ..Progress::default()
        };
        let (mut state, mut halted, mut network_gone) = (listed.state, None, false);
        if let Some(active) = active {
            let (items_per_s, bytes_per_s) = active.meter.rates(progress.finished(), progress.bytes_in);
            progress.running = active.run.in_flight() as u64;
            progress.seconds = active.meter.elapsed().as_secs_f64();
            progress.items_per_s = items_per_s;
            progress.bytes_per_s = bytes_per_s;
            let left = progress.total.saturating_sub(progress.finished()) as f64;
            progress.seconds_left = (items_per_s > 0.0 && !counting).then(|| left / items_per_s);
            progress.busy = Busy {
                cores: active.run.permits.fullness(),
                network: active.run.fetcher.in_use() as f32 / active.run.spec.limits.connections.max(1) as f32,
                disk: self.parts.record_tx.len() as f32 / super::recorder::RECORDS as f32,
                memory: active.run.memory.fullness(),
            };
            network_gone = active.network_gone;
            state = match &active.phase {
                Phase::Paused => JobState::Paused,
                Phase::Waiting { reason, .. } => {
                    halted = Some(reason.clone());
                    JobState::Paused
                }
                Phase::Going | Phase::Ending { state: JobState::Done, .. } => JobState::Running,
                Phase::Ending { state, .. } => *state,
            };
        }
        Some(JobView {
            id: listed.id,
            state,
            recipe: listed.spec.recipe.clone(),
            save: listed.spec.save.clone(),
            sink: listed.spec.sink.clone(),
            limits: listed.spec.limits.clone(),
            out_dir: super::output::out_dir(&listed.spec)
                .ok()
                .filter(|_| listed.total > 0 || listed.spec.sink.dir.is_some()),
            progress,
            groups: Arc::clone(&self.details.groups),
            failures: Arc::clone(&self.details.failures),
            network_gone,
            halted,
            items_revision: revision,
            counting,
            estimate: self.estimate(),
        })
    }

    /// What a run of the listed draft may cost, judged by the latest job that ended.
    fn estimate(&self) -> Option<Estimate> {
        let listed = self.listed.as_ref().filter(|job| job.state == JobState::Draft && job.total > 0)?;
        let like = self.details.jobs.iter().find(|job| job.state == JobState::Done && job.done > 0)?;
        let share = listed.total as f64 / like.done as f64;
        Some(Estimate { seconds: seconds_between(like) * share, bytes_out: (like.bytes_out as f64 * share) as u64 })
    }
}

/// Wall-clock seconds from a job's making to its end.
fn seconds_between(job: &JobRow) -> f64 {
    job.finished_at_ms.map_or(0.0, |end| (end - job.created_at_ms).max(0) as f64 / 1000.0)
}

/// What a dropped or pasted path stands for: a folder with all below it, a list of links, or a file.
fn source_of_path(path: PathBuf) -> SourceSpec {
    let is_list = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("txt"));
    if path.is_dir() {
        SourceSpec::Folder { path, recursive: true }
    } else if is_list {
        SourceSpec::UrlList { path }
    } else {
        SourceSpec::File { path }
    }
}
