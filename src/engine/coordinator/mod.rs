//! The one thread that owns the jobs: it takes commands, starts and ends runs, and publishes snapshots.
//!
//! It never touches a pixel, a socket or an output, and waits for the recorder only where an answer decides what is
//! listed. While nothing happens it sleeps.

mod draft;
mod jobs;
mod publish;
pub(super) mod rate_meter;
pub(super) mod samples;
pub(super) mod settings;
pub(super) mod undo;

use std::collections::{HashMap, VecDeque};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, never, tick};
use rayon::ThreadPool;

use super::EngineOptions;
use super::api::handle::{NumberedCommand, Shared};
use super::api::snapshot::{CaFileFault, JobEntry, ListFile, Notice, SourceGroup};
use super::intake::read_sources::{IntakeNote, IntakeRequest};
use super::intake::secrets;
use super::record::message::{Record, call};
use super::record::recorder::Runs;
use super::run::Run;
use super::views::body_cache::BodyCache;
use crate::catalog::{self, CatalogReader, JobLock, ReaderFactory};
use crate::config::Settings;
use crate::error::{ErrorKind, JobError};
use crate::fetch::Secrets;
use crate::model::{Event, JobId, JobRow, JobSpec, JobState, JobSummary, ListSpec, SourceSpec};
use crate::store::CreatedFolders;
use rate_meter::RateMeter;
use settings::SettingsFile;
use undo::UndoStack;

/// Snapshots are replaced at most this often.
const TICK: Duration = Duration::from_millis(50);

/// What the coordinator is given.
pub(in crate::engine) struct Parts {
    pub(in crate::engine) options: EngineOptions,
    pub(in crate::engine) shared: Arc<Shared>,
    pub(in crate::engine) command_rx: Receiver<NumberedCommand>,
    pub(in crate::engine) note_rx: Receiver<IntakeNote>,
    pub(in crate::engine) bell_rx: Receiver<()>,
    pub(in crate::engine) quit_rx: Receiver<()>,
    pub(in crate::engine) record_tx: Sender<Record>,
    pub(in crate::engine) intake_tx: Sender<IntakeRequest>,
    pub(in crate::engine) readers: ReaderFactory,
    pub(in crate::engine) reader: Box<dyn CatalogReader>,
    pub(in crate::engine) runs: Runs,
    pub(in crate::engine) runtime: tokio::runtime::Handle,
    pub(in crate::engine) bodies: Option<Arc<BodyCache>>,
    pub(in crate::engine) revision: Arc<AtomicU64>,
    pub(in crate::engine) settings_file: Option<SettingsFile>,
    pub(in crate::engine) secrets: Arc<Secrets>,
}

/// Owner of the jobs.
pub(in crate::engine) struct Coordinator {
    parts: Parts,
    listed: Option<Listed>,
    active: Option<Active>,
    queue: VecDeque<JobId>,
    expanding: HashMap<JobId, OpenIntake>,
    pool: Option<(usize, Arc<ThreadPool>)>,
    edits: UndoStack,
    settings: Settings,
    ca_file_fault: Option<CaFileFault>,
    /// The listed draft's lists, and what they were looked at for.
    list_files: (JobId, Vec<SourceSpec>, ListSpec, Arc<[ListFile]>),
    events: VecDeque<Event>,
    next_event: u64,
    /// Number of the last command that was carried out.
    commands_included: u64,
    notice: Option<Notice>,
    details: Details,
    /// How long the job that ended last was at work.
    worked: Option<(JobId, Duration)>,
    /// Since when the listed draft's spec differs from the catalog's.
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

/// A job at work.
struct Active {
    run: Arc<Run>,
    threads: Vec<JoinHandle<()>>,
    _lock: JobLock,
    made: CreatedFolders,
    meter: RateMeter,
    phase: Phase,
    network_gone: bool,
    /// A list of it was not read to its end, and can be read again.
    is_cut_off: bool,
}

/// What a job at work is doing.
#[derive(Clone, PartialEq)]
enum Phase {
    Going,
    Paused,
    /// Waits for room on the disk.
    Waiting {
        reason: JobError,
        next_look: Instant,
        /// Bytes that were free when it was full.
        full_at_bytes: u64,
    },
    /// Is being stopped, to be left in this state.
    Ending {
        state: JobState,
        reason: Option<JobError>,
    },
}

/// Sources of a job that are being read.
struct OpenIntake {
    requests: usize,
    stop: Arc<AtomicBool>,
}

/// Parts of a snapshot that cost a query each.
#[derive(Default)]
struct Details {
    read_at: Option<Instant>,
    revision: u64,
    job: Option<JobId>,
    jobs: Arc<[JobEntry]>,
    /// Summaries of jobs, which change only when a job is edited.
    summaries: HashMap<JobId, Arc<JobSummary>>,
    groups: Arc<[SourceGroup]>,
    failures: Arc<[(ErrorKind, u64)]>,
}

impl Coordinator {
    pub(in crate::engine) fn new(parts: Parts) -> Self {
        let settings = parts.settings_file.as_ref().map(SettingsFile::load).unwrap_or_default();
        Self {
            ca_file_fault: secrets::ca_file_fault(&settings.network),
            list_files: (JobId(0), Vec::new(), ListSpec::default(), Arc::new([])),
            parts,
            listed: None,
            active: None,
            worked: None,
            queue: VecDeque::new(),
            expanding: HashMap::new(),
            pool: None,
            edits: UndoStack::default(),
            settings,
            events: VecDeque::new(),
            next_event: 1,
            commands_included: 0,
            notice: None,
            details: Details::default(),
            spec_dirty: None,
            quitting: false,
        }
    }

    /// Works until told to quit; a job at work is left resumable.
    pub(in crate::engine) fn run(mut self) {
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
                    Ok(NumberedCommand { number, command }) => {
                        self.take(command);
                        self.commands_included = number;
                    }
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
                // Where it was killed, its row still says running, to whoever looks there.
                self.call(move |catalog| catalog.set_state(job.id, JobState::Paused))?;
                Some(job)
            }
            _ => draft,
        };
        match listed {
            Some(job) => self.list(job.id),
            None => self.new_draft(),
        }
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
}
