//! The coordinator: the one thread that owns the jobs. It takes commands, starts and ends runs, and publishes snapshots.
//!
//! It uses no disk except the catalog's, no socket and no pixels: other disk work runs on the threads of `disk.rs`, and
//! what depends on its result follows in a later turn of the loop. The same holds for a recorder that is late
//! (`recorder.rs`). While nothing happens, it sleeps.

pub(super) mod disk;
mod documents;
mod draft;
mod estimate;
mod history;
mod jobs;
mod publish;
mod queue;
pub(super) mod rate_meter;
mod recipe_file;
mod recorder;
pub(super) mod samples;
pub(super) mod settings;
mod supervise;
#[cfg(test)]
mod tests;
pub(super) mod time_left;
pub(super) mod undo;
mod undo_job;
pub(super) mod watch;

use std::collections::{HashMap, HashSet, VecDeque};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, never, tick};

use super::EngineOptions;
use super::api::handle::{NumberedCommand, Shared};
use super::api::snapshot::{CleanUp, CopiedCommand, ListFile, NetworkFault, Notice, RejectionGroup, SourceGroup};
use super::databases::Databases;
use super::intake::read_sources::{IntakeNote, IntakeRequest};
use super::intake::secrets;
use super::record::message::Record;
use super::record::recorder::Runs;
use super::run::Run;
use super::run::pools::PixelPool;
use super::space::Measured;
use super::views::body_cache::BodyCache;
use crate::catalog::{self, CatalogReader, JobLock, ReaderFactory};
use crate::codec::Helpers;
use crate::config::Settings;
use crate::error::{ErrorKind, JobError};
use crate::fetch::Secrets;
use crate::model::{Event, JobId, JobRow, JobSpec, JobState, ListSpec, Remark, SourceSpec, WriteBackLevel};
use crate::store::CreatedFolders;
use disk::{DiskWorkers, Reply};
use queue::{JobQueue, WatchMode};
use rate_meter::RateMeter;
use recorder::Outstanding;
use settings::SettingsFile;
use undo::UndoStack;
use undo_job::UndoSlot;

/// Snapshots are replaced at most this often.
const TICK: Duration = Duration::from_millis(50);

/// For how long snapshots are replaced after jobs have become quiet, so that the last ones show everything.
const LIVELY: Duration = Duration::from_secs(1);

/// What the coordinator needs to start.
pub(in crate::engine) struct Parts {
    pub(in crate::engine) options: EngineOptions,
    pub(in crate::engine) shared: Arc<Shared>,
    pub(in crate::engine) command_rx: Receiver<NumberedCommand>,
    pub(in crate::engine) note_rx: Receiver<IntakeNote>,
    pub(in crate::engine) bell_rx: Receiver<()>,
    pub(in crate::engine) quit_rx: Receiver<()>,
    pub(in crate::engine) record_tx: Sender<Record>,
    pub(in crate::engine) note_tx: Sender<IntakeNote>,
    pub(in crate::engine) intake_tx: Sender<IntakeRequest>,
    pub(in crate::engine) readers: ReaderFactory,
    pub(in crate::engine) reader: Box<dyn CatalogReader>,
    pub(in crate::engine) runs: Runs,
    pub(in crate::engine) databases: Arc<Databases>,
    pub(in crate::engine) bodies: Option<Arc<BodyCache>>,
    pub(in crate::engine) revision: Arc<AtomicU64>,
    pub(in crate::engine) settings_file: Option<Arc<SettingsFile>>,
    pub(in crate::engine) disks: DiskWorkers,
    pub(in crate::engine) reply_rx: Receiver<Reply>,
    pub(in crate::engine) secrets: Arc<Secrets>,
    pub(in crate::engine) helpers: Arc<Helpers>,
}

/// Owner of the jobs.
pub(in crate::engine) struct Coordinator {
    parts: Parts,
    listed: Option<Listed>,
    queue: JobQueue,
    open_intakes: HashMap<JobId, OpenIntake>,
    pool: Option<Arc<PixelPool>>,
    edits: UndoStack,
    undo: UndoSlot,
    /// A draft whose documents are to be divided again.
    undivided: Option<documents::Undivided>,
    outstanding: Outstanding,
    settings: Settings,
    network_faults: Arc<[NetworkFault]>,
    settings_writes: SettingsWrites,
    list_files: ListFiles,
    /// States that the recorder is still to write.
    states: HashMap<JobId, (JobState, Arc<AtomicBool>)>,
    events: VecDeque<Event>,
    next_event: u64,
    /// Until when snapshots follow what running jobs do.
    lively_until: Instant,
    /// Watch jobs that look only once the next time they run.
    once: HashSet<JobId>,
    /// Number of the last command that was handled.
    commands_included: u64,
    notice: Option<Notice>,
    /// The command line that was asked for last.
    copied: Option<Arc<CopiedCommand>>,
    clean_up: CleanUp,
    /// Set when work on the history has to end.
    history_stop: Arc<AtomicBool>,
    /// How often a later start of the program has called for the window.
    raised: u64,
    /// When the catalog's lock was checked last, and what was found.
    lock_check: Option<(Instant, Option<JobError>)>,
    details: Details,
    /// How long the job that ended last was running.
    worked: Option<(JobId, Duration)>,
    /// The draft whose results will probably not fit on the disk.
    low_space: Option<(JobId, Remark)>,
    /// The inputs of the draft that was estimated last.
    inputs: Option<estimate::Inputs>,
    /// How far the results of the listed job have been written back.
    written_back: Option<WriteBackLevel>,
    /// When the listed draft's spec began to differ from the catalog's.
    spec_dirty: Option<Instant>,
    quitting: bool,
}

/// The listed job, with its request as it is being edited.
#[derive(Clone)]
struct Listed {
    row: JobRow,
    spec: JobSpec,
}

impl Deref for Listed {
    type Target = JobRow;

    fn deref(&self) -> &JobRow {
        &self.row
    }
}

/// A running job.
struct Active {
    run: Arc<Run>,
    threads: Vec<JoinHandle<()>>,
    _lock: JobLock,
    /// The output folder, if it was created for this job; it is removed if it stays empty.
    created: Option<Vec<CreatedFolders>>,
    meter: RateMeter,
    level: Level,
    phase: Phase,
    network_gone: bool,
    /// Whether a list of the job was not read to its end and can be read again.
    is_cut_off: bool,
    /// Items that had failed in earlier runs of the job.
    failed_before: u64,
    room: Room,
    /// How its folders are watched, if they are.
    watch: Option<WatchMode>,
    /// Its watched folders that are not there.
    gone: HashSet<String>,
    /// Whether everything that was there has an outcome, so that a watch that looks once is over.
    is_complete: bool,
}

impl Active {
    /// Whether it waits for new files and has nothing else to do.
    fn only_watches(&self) -> bool {
        self.watch == Some(WatchMode::Always)
            && matches!(self.phase, Phase::Running | Phase::Paused)
            && self.run.in_flight() == 0
            && self.run.error().is_none()
    }
}

/// When the space for the remaining results of a running job is checked.
struct Room {
    next_check: Instant,
    /// What had been processed when the run began.
    first: Measured,
    is_measured: bool,
    /// Whether nothing more is to be said about it.
    is_over: bool,
}

impl Room {
    fn new(row: &JobRow) -> Self {
        Self { next_check: Instant::now(), first: Measured::of(row, 0), is_measured: false, is_over: false }
    }
}

/// How far a running job is, with what was received of links in progress.
#[derive(Clone, Copy, Default)]
struct Level {
    /// Items with an outcome, and the received shares of others.
    items: f64,
    /// Bytes read.
    bytes_in: u64,
    /// Those that earlier runs received.
    earlier_bytes: u64,
}

/// What a running job is doing.
#[derive(Clone, PartialEq)]
enum Phase {
    Running,
    Paused,
    /// Waits for space on the disk.
    Waiting {
        reason: JobError,
        next_check: Instant,
        /// Free bytes when the disk was full; `None` until they are known.
        full_at_bytes: Option<u64>,
    },
    /// Is being stopped, and will be left in this state.
    Ending {
        state: JobState,
        reason: Option<JobError>,
    },
    /// Has stopped; its output folder is being closed.
    Closing(JobState),
}

/// Writing of the settings file.
#[derive(Default)]
struct SettingsWrites {
    is_running: bool,
    /// Whether the settings changed while they were being written.
    is_outdated: bool,
    /// Network settings whose secrets are being stored, before they may be written.
    secrets_pending: usize,
}

/// The columns of the listed draft's lists.
struct ListFiles {
    /// The draft, its sources and the requested columns for which the lists are shown.
    asked_for: (JobId, Vec<SourceSpec>, ListSpec),
    files: Arc<[ListFile]>,
}

/// Sources of a job that are being read.
#[derive(Default)]
struct OpenIntake {
    requests: usize,
    stop: Arc<AtomicBool>,
    /// Whether one of them can't be read again: the rest of it is recorded before the job stops because of an error.
    is_read_once: bool,
    /// When its reading is stopped although it has not ended, once the job is to stop.
    stop_at: Option<Instant>,
}

/// Parts of a snapshot that cost a query each.
#[derive(Default)]
struct Details {
    read_at: Option<Instant>,
    revision: u64,
    job: Option<JobId>,
    groups: Arc<[SourceGroup]>,
    failures: Arc<[(ErrorKind, u64)]>,
    rejections: Arc<[RejectionGroup]>,
    can_redo: bool,
}

impl Coordinator {
    pub(in crate::engine) fn new(parts: Parts) -> Self {
        let settings = parts.settings_file.as_ref().map(|file| file.load()).unwrap_or_default();
        Self {
            network_faults: secrets::file_faults(&settings.network),
            settings_writes: SettingsWrites::default(),
            list_files: ListFiles { asked_for: (JobId(0), Vec::new(), ListSpec::default()), files: Arc::new([]) },
            states: HashMap::new(),
            parts,
            listed: None,
            worked: None,
            low_space: None,
            inputs: None,
            queue: JobQueue::default(),
            open_intakes: HashMap::new(),
            pool: None,
            edits: UndoStack::default(),
            undivided: None,
            undo: UndoSlot::default(),
            outstanding: Outstanding::default(),
            settings,
            events: VecDeque::new(),
            next_event: 1,
            lively_until: Instant::now(),
            once: HashSet::new(),
            commands_included: 0,
            notice: None,
            copied: None,
            clean_up: CleanUp::None,
            history_stop: Arc::default(),
            raised: 0,
            lock_check: None,
            details: Details::default(),
            written_back: None,
            spec_dirty: None,
            quitting: false,
        }
    }

    /// Runs until it has to quit; a running job is left so that it can be resumed.
    pub(in crate::engine) fn run(mut self) {
        if self.parts.options.lists_drafts
            && let Err(error) = self.restore_session()
        {
            self.report(&error);
        }
        if self.parts.options.lists_drafts {
            self.purge_history();
        }
        self.publish();
        let (ticker, idle) = (tick(TICK), never());
        loop {
            if !self.queue.is_quiet() {
                self.lively_until = Instant::now() + LIVELY;
            }
            let busy = Instant::now() < self.lively_until
                || !self.undo.is_idle()
                || self.spec_dirty.is_some()
                || self.open_intakes.keys().any(|job| !self.is_watching(*job))
                || !self.outstanding.is_empty();
            let is_undoing = !self.undo.is_idle();
            let ticker = if busy { &ticker } else { &idle };
            let mut is_news = true;
            crossbeam_channel::select! {
                recv(self.parts.command_rx) -> command => match command {
                    Ok(NumberedCommand { number, command }) => {
                        self.take(command);
                        self.commands_included = number;
                    }
                    Err(_) => self.quit(),
                },
                recv(self.parts.note_rx) -> note => if let Ok(note) = note { self.note(note) },
                recv(self.parts.reply_rx) -> reply => if let Ok(reply) = reply { self.take_reply(reply) },
                // While records stream in, the next tick publishes them.
                recv(self.parts.bell_rx) -> _ => is_news = !busy,
                recv(self.parts.quit_rx) -> _ => self.quit(),
                recv(ticker) -> _ => {},
            }
            self.tick();
            // Nothing else may happen after its end.
            is_news |= is_undoing && self.undo.is_idle();
            if self.quitting && self.queue.is_idle() && self.undo.is_idle() {
                self.settings_writes = SettingsWrites::default();
                self.write_spec();
                self.send_all_records();
                return;
            }
            if is_news {
                self.publish();
            }
        }
    }

    /// Whether a job's folders are being watched.
    fn is_watching(&self, job: JobId) -> bool {
        self.queue.run(job).is_some_and(|active| active.watch == Some(WatchMode::Always))
    }

    fn quit(&mut self) {
        self.quitting = true;
        self.stop_undo();
        self.history_stop.store(true, Ordering::Release);
        self.queue.clear_waiting();
        self.queue.stop_all_preparing(JobState::Paused);
        for intake in self.open_intakes.values() {
            intake.stop.store(true, Ordering::Release);
        }
        for job in self.queue.running() {
            self.end_active(job, JobState::Paused, None);
        }
    }

    fn take_reply(&mut self, reply: Reply) {
        if let Err(error) = reply(self) {
            self.report(&error);
        }
    }

    /// Lists what was listed when the program was last closed: an interrupted job, or else the draft. Empty drafts that
    /// are not listed are deleted.
    fn restore_session(&mut self) -> Result<(), JobError> {
        let reader = &self.parts.reader;
        let draft = reader.latest_draft()?;
        let cut_off = reader.latest_resumable()?.filter(|job| draft.as_ref().is_none_or(|draft| job.id > draft.id));
        let listed = match cut_off {
            Some(job) if self.lock(job.id)?.is_some() => Some(job),
            _ => draft,
        };
        match listed {
            Some(job) => {
                self.list(job.id)?;
                self.delete_empty_drafts()
            }
            None => self.new_draft(|this, _| this.delete_empty_drafts()),
        }
    }

    /// Deletes empty drafts that earlier versions left behind.
    fn delete_empty_drafts(&mut self) -> Result<(), JobError> {
        const JOBS_CHECKED: u32 = 1000;
        let listed = self.listed.as_ref().map(|listed| listed.id);
        for row in self.parts.reader.jobs(JOBS_CHECKED)? {
            let is_empty = row.state == JobState::Draft && row.total == 0 && Some(row.id) != listed;
            if is_empty && self.parts.reader.sources(row.id)?.is_empty() {
                self.record(Record::Call(draft::delete(row.id)));
            }
        }
        Ok(())
    }

    fn lock(&self, job: JobId) -> Result<Option<JobLock>, JobError> {
        catalog::lock_job(&self.parts.options.catalog_path, job)
    }
}
