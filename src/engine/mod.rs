//! Jobs: planned, run, paused, resumed and reported.
//!
//! A coordinator thread owns the jobs, a recorder thread the catalog's writing connection, a tokio runtime the sockets,
//! a rayon pool the pixels. Knows no window and no terminal: front ends use a [`Handle`].

pub mod api;
mod coordinator;
pub mod databases;
mod dry_run;
mod hand_over;
mod intake;
mod item;
mod opening;
mod prune;
mod query;
mod recipes;
mod record;
mod repeat;
mod run;
mod space;
#[cfg(test)]
mod tests;
mod undo;
mod views;
mod write_back;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::thread::JoinHandle;

use crossbeam_channel::{Sender, bounded};

pub use crate::catalog::{
    CatalogReader, CatalogSize, Counts, ExportFormat, FinishedRow, JobFilter, RecordRows, WindowLock,
    path_of as catalog_path_of,
};
pub use crate::fetch::{is_settable as is_settable_header, proxy_login, unmarked as without_secret_mark};
pub use crate::model::save::{SaveKey, keys as save_keys};
pub use crate::op::file::{RecipeFile, RecipeInput, RecipeOutput, write as recipe_text};
pub use crate::op::syntax::{
    keys_named as save_keys_named, parse_save, parse_step, require_effect, save_to_text, step_to_text,
};
pub use crate::op::{
    Group, OpSpec, file as recipe_file, find as find_op, help as op_help, list as op_list, registry, save_help,
    save_help_of,
};
pub use crate::source::path_list;
pub use crate::source::query as query_source;
pub use crate::source::watched_folder;
pub use crate::source::{
    ArgumentOptions, Dialog, MenuEntry, SourceArguments, argument_help, arguments_of as arguments_of_source,
    formats_help as list_formats_help, from_argument, from_list_argument, is_list_name, is_statement,
    kind_of as source_kind_of, kinds as source_kinds, label as source_label, list_argument_help,
    menu_entries as source_menu, menu_label as source_menu_label, merge as merge_sources,
};
pub use api::command::Command;
pub use api::database::{
    ColumnEntry, DatabaseAnswer, DatabaseContent, DatabaseFault, DatabaseName, DatabaseQuestion, DatabaseRequest,
    DatabaseTables, DatabaseView, QueryRows, TableColumns, TableEntry, WriteBackCheck, database_examples,
    default_link_column,
};
pub use api::export::export_job;
pub use api::handle::Handle;
pub use api::snapshot::{
    CleanUp, CopiedCommand, Estimate, JobEntry, JobView, ListFile, NetworkFault, Notice, RejectionGroup, Snapshot,
    SourceGroup, WatchView,
};
pub use api::undo::{UndoKind, UndoTally, UndoView};
pub use api::view::{
    ItemsFilter, ItemsPage, ItemsRequest, ItemsSort, JobAge, JobGroup, JobsFilter, JobsPage, JobsRequest,
    PicturePreview, Pixels, Preview, PreviewContent, PreviewRequest, StepFault, Storage, Thumbnail, Zoom,
};
pub use dry_run::{DryRun, Planned, PlannedItem, PlannedOutput, dry_run};
pub use hand_over::{WindowClaim, claim_window};
pub use item::name_example::{NameHints as NameExampleHints, check_name_template, name_example, text_example};
pub use prune::{PruneRequest, Pruned, prune, prune_plan};
pub use query::{QueryRequest, QueryTarget, write_query_result};
pub use recipes::{preset_names, presets, read_recipe, recipe_named, resolve_paths};
pub use repeat::{CommandWriter, JobCommand, Repeatable, repeatable};
pub use run::process_limits::prepare_process;
pub use space::{low as low_space_of, low_space};
pub use write_back::{PreviewValue, WriteBackPreview, WriteBackRequest, write_back_preview, write_back_spec};

use coordinator::disk::BeforeTask;
pub use coordinator::settings::RunSection;
pub use coordinator::watch::earlier as earlier_watch;
use databases::Databases;
use hand_over::HandOver;
use opening::Opening;

use crate::catalog::{self, ReaderFactory};
use crate::codec::Helpers;
use crate::error::{JobError, RecipeLocation};
use crate::fetch::Secrets;
use crate::model::{JobSpec, Message, Output};
use crate::op::Pipeline;
use crate::store;

/// A reader of a catalog without an engine; `None` if it doesn't exist.
pub fn history(catalog_path: &Path) -> Result<Option<Box<dyn CatalogReader>>, JobError> {
    if store::kind_at(catalog_path).is_none() {
        return Ok(None);
    }
    let (_, readers) = catalog::open(catalog_path)?;
    readers.reader().map(Some)
}

/// How an engine is started.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// The catalog's file; created if it doesn't exist.
    pub catalog_path: PathBuf,
    /// The settings' file; `None` stores none.
    pub settings_path: Option<PathBuf>,
    /// The file of secrets, created with the first one; `None` keeps them only while the engine runs.
    pub secrets_path: Option<PathBuf>,
    /// Whether drafts are listed, details counted and fetched bodies kept for previews, as a window needs it.
    pub lists_drafts: bool,
    /// Whether to wait indefinitely for a full disk or a lost network; otherwise the job pauses.
    pub waits: bool,
    /// The program that decodes formats whose decoders cannot be stopped: Pixloom, or `None` for the running program.
    pub helper_program: Option<PathBuf>,
    /// Writes the command line that repeats a request in this catalog; `None` can't.
    pub command_of: Option<CommandWriter>,
}

impl EngineOptions {
    /// For a window: stores settings and waits.
    pub fn for_window(catalog_path: PathBuf) -> Self {
        let settings_path = coordinator::settings::SettingsFile::default_path();
        let secrets_path = coordinator::settings::secrets_path();
        Self {
            catalog_path,
            settings_path,
            secrets_path,
            lists_drafts: true,
            waits: true,
            helper_program: None,
            command_of: None,
        }
    }

    /// For the command line: no settings, and no indefinite waits.
    pub fn for_command_line(catalog_path: PathBuf) -> Self {
        let secrets_path = coordinator::settings::secrets_path();
        Self {
            catalog_path,
            settings_path: None,
            secrets_path,
            lists_drafts: false,
            waits: false,
            helper_program: None,
            command_of: None,
        }
    }
}

/// The section `[run]` of the settings: options of the command line by name. Empty if there is none.
pub fn run_settings() -> Result<RunSection, JobError> {
    let path = coordinator::settings::SettingsFile::default_path();
    path.map_or_else(|| Ok(RunSection::default()), |path| coordinator::settings::run_section(&path))
}

/// The default location of the catalog.
pub fn default_catalog_path() -> Result<PathBuf, JobError> {
    catalog::default_path()
}

/// Checks a request before anything starts, and returns the pipeline of each output.
pub(crate) fn check(spec: &JobSpec) -> Result<Vec<Pipeline>, JobError> {
    let refused = |output: &Output, location: RecipeLocation| match output.name.as_str() {
        "" => location,
        name => RecipeLocation::Output(Box::new((name.to_owned(), location))),
    };
    spec.check_output_names().map_err(JobError::Refused)?;
    let default = [spec.output().clone()];
    let outputs = if spec.outputs.is_empty() { &default } else { spec.outputs.as_slice() };
    let mut pipelines = Vec::with_capacity(outputs.len());
    for output in outputs {
        let pipeline = item::step_files::pipeline(&output.whole_recipe(&spec.recipe)).map_err(|error| {
            let location = refused(output, RecipeLocation::Step(error.step));
            JobError::Recipe { location, why: error.why }
        })?;
        item::naming::template(output)?;
        let wrong = |why| JobError::Recipe { location: refused(output, RecipeLocation::Save), why };
        output.save.check().map_err(wrong)?;
        pipelines.push(pipeline);
    }
    spec.network.check().map_err(JobError::Refused)?;
    Ok(pipelines)
}

/// Checks a request before anything starts: its recipe, name template, numbers, and the columns of its lists.
pub fn check_spec(spec: &JobSpec) -> Result<(), JobError> {
    check(spec)?;
    intake::lists::check(spec)
}

/// Checks that results can be written to a job's output folder, which may not exist yet.
pub fn check_output(spec: &JobSpec) -> Result<PathBuf, JobError> {
    let dir = item::naming::out_dir(spec)?;
    store::check_folder(&dir)?;
    Ok(dir)
}

/// An engine. Dropping it pauses running jobs and waits for that.
pub struct Engine {
    handle: Handle,
    /// Declared before the rest: no later start is taken over once the engine stops.
    hand_over: Option<HandOver>,
    opening: Option<Opening>,
    running: Option<Running>,
}

/// The threads of an engine whose catalog is open.
struct Running {
    readers: ReaderFactory,
    quit_tx: Option<Sender<()>>,
    threads: Vec<JoinHandle<()>>,
    views: Option<api::view::Stop>,
    databases: Arc<Databases>,
    secrets: Arc<Secrets>,
    catalog_path: PathBuf,
    /// Declared last: sockets end after the threads that use them.
    _runtime: tokio::runtime::Runtime,
}

impl Engine {
    /// Opens the catalog and starts the threads.
    pub fn start(options: EngineOptions) -> Result<Self, JobError> {
        Self::start_with(options, None)
    }

    /// Returns at once, and opens the catalog in the background, as soon as no other program has locked it. Until then,
    /// commands wait, and the snapshot says why.
    pub fn start_in_background(options: EngineOptions) -> Result<Self, JobError> {
        crate::init();
        run::process_limits::raise_open_files();
        let (handle, ends) = Handle::new();
        let opening = Opening::begin(options, ends)?;
        Ok(Self { handle, hand_over: None, opening: Some(opening), running: None })
    }

    /// Takes over what later starts of the program were given, as the window of this catalog.
    pub fn serve_as_window(&mut self, lock: WindowLock) -> Result<(), JobError> {
        self.hand_over = Some(HandOver::begin(lock, self.handle.clone())?);
        Ok(())
    }

    /// The same, with a function that runs before each disk task of the coordinator.
    fn start_with(options: EngineOptions, before_task: Option<BeforeTask>) -> Result<Self, JobError> {
        crate::init();
        run::process_limits::raise_open_files();
        let (catalog, readers) = catalog::open(&options.catalog_path)?;
        Self::start_on(options, catalog, readers, before_task.as_ref())
    }

    /// Starts the threads on an open catalog.
    fn start_on(
        options: EngineOptions,
        catalog: Box<dyn catalog::Catalog>,
        readers: ReaderFactory,
        before_task: Option<&BeforeTask>,
    ) -> Result<Self, JobError> {
        let (handle, ends) = Handle::new();
        let running = Running::start(options, catalog, readers, ends, before_task)?;
        Ok(Self { handle, hand_over: None, opening: None, running: Some(running) })
    }

    /// The handle that front ends use.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// A reader of the catalog, for items and jobs.
    pub fn reader(&self) -> Result<Box<dyn CatalogReader>, JobError> {
        const NOT_OPEN: Message = Message::new("engine_ended");
        self.running.as_ref().ok_or(JobError::Machine(NOT_OPEN))?.readers.reader()
    }

    /// Checks where a request writes results back, before a job is made of it.
    pub fn check_write_back(&self, spec: &JobSpec) -> Result<(), JobError> {
        let (Some(request), Some(running)) = (&spec.write_back, &self.running) else { return Ok(()) };
        write_back::open(&running.databases, spec, request, false, &AtomicBool::new(false)).map(|_| ())
    }

    /// The job that a request for statements describes, checked by their database. Waits for the database.
    pub fn query_job(&self, request: QueryRequest) -> Result<JobSpec, JobError> {
        const NOT_OPEN: Message = Message::new("engine_ended");
        let running = self.running.as_ref().ok_or(JobError::Machine(NOT_OPEN))?;
        let job = query::query_job(request, &running.databases, &running.secrets, &running.catalog_path);
        running.databases.runtime().block_on(job)
    }

    /// Pauses running jobs and waits for that.
    pub fn stop(&mut self) {
        drop(self.hand_over.take());
        if let Some(opening) = self.opening.take() {
            self.running = opening.end();
        }
        drop(self.running.take());
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Running {
    fn start(
        options: EngineOptions,
        catalog: Box<dyn catalog::Catalog>,
        readers: ReaderFactory,
        ends: api::handle::Ends,
        before_task: Option<&BeforeTask>,
    ) -> Result<Self, JobError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(run::pools::net_threads())
            .thread_name("pixloom-net")
            .enable_all()
            .build()
            .map_err(|error| JobError::thread("pixloom-net", error))?;
        let (record_tx, record_rx) = bounded(record::message::RECORDS);
        let (intake_tx, intake_rx) = bounded(intake::read_sources::INTAKE_QUEUE);
        let (note_tx, note_rx) = bounded(intake::read_sources::INTAKE_QUEUE);
        let disks = coordinator::disk::DiskWorkers::start(before_task)?;
        let (bell_tx, bell_rx) = bounded(1);
        let (quit_tx, quit_rx) = bounded(1);
        let revision = Arc::new(AtomicU64::new(1));
        let runs = record::recorder::Runs::default();
        let bodies: Option<Arc<views::body_cache::BodyCache>> = options.lists_drafts.then(Arc::default);
        let secrets = Arc::new(Secrets::new(options.secrets_path.clone()));
        let databases = Arc::new(Databases::new(runtime.handle().clone(), Arc::clone(&secrets)));
        let mut threads = disks.threads;

        let recorder = record::recorder::Recorder {
            catalog,
            reader: readers.reader()?,
            record_rx,
            runs: runs.clone(),
            held: Vec::new(),
            revision: Arc::clone(&revision),
            bell_tx: bell_tx.clone(),
        };
        threads.push(run::named("pixloom-recorder", move || recorder.run())?);

        let watches_tx = note_tx.clone();
        let (sources_tx, sources_reader) = (record_tx.clone(), readers.reader()?);
        let (sources_databases, sources_secrets) = (Arc::clone(&databases), Arc::clone(&secrets));
        let helpers = Helpers::new(options.helper_program.clone());
        let sources_helpers = Arc::clone(&helpers);
        threads.push(run::named("pixloom-sources", move || {
            let reader = sources_reader.as_ref();
            let (databases, secrets) = (&sources_databases, &sources_secrets);
            let helpers = &sources_helpers;
            intake::read_sources::run(&intake_rx, &sources_tx, &note_tx, reader, databases, secrets, helpers);
        })?);

        let views = if let Some(bodies) = &bodies {
            let (stop, view_threads) =
                start_views(&ends, &readers, bodies, &revision, &options, bell_tx.clone(), &databases)?;
            threads.extend(view_threads);
            Some(stop)
        } else {
            None
        };

        let (own_databases, own_secrets) = (Arc::clone(&databases), Arc::clone(&secrets));
        let catalog_path = options.catalog_path.clone();
        let parts = coordinator::Parts {
            settings_file: options.settings_path.clone().map(coordinator::settings::SettingsFile::new).map(Arc::new),
            disks: disks.workers,
            reply_rx: disks.reply_rx,
            shared: ends.shared,
            command_rx: ends.command_rx,
            note_rx,
            bell_rx,
            quit_rx,
            record_tx,
            note_tx: watches_tx,
            intake_tx,
            readers: readers.clone(),
            reader: readers.reader()?,
            runs,
            databases,
            bodies,
            revision,
            secrets,
            helpers,
            options,
        };
        let coordinator = coordinator::Coordinator::new(parts);
        threads.push(run::named("pixloom-coordinator", move || coordinator.run())?);
        Ok(Self {
            readers,
            quit_tx: Some(quit_tx),
            threads,
            views,
            databases: own_databases,
            secrets: own_secrets,
            catalog_path,
            _runtime: runtime,
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(quit_tx) = self.quit_tx.take() {
            let _ = quit_tx.send(());
        }
        drop(self.views.take());
        // The coordinator ends first, and with it the last senders to the other threads.
        for thread in self.threads.drain(..).rev() {
            let _ = thread.join();
        }
    }
}

fn start_views(
    ends: &api::handle::Ends,
    readers: &ReaderFactory,
    bodies: &Arc<views::body_cache::BodyCache>,
    revision: &Arc<AtomicU64>,
    options: &EngineOptions,
    bell_tx: Sender<()>,
    databases: &Arc<Databases>,
) -> Result<(api::view::Stop, Vec<JoinHandle<()>>), JobError> {
    let stop = api::view::Stop::new();
    let pool = Arc::new(run::pools::preview_pool()?);
    // Separate from those of jobs, which may run at a lower priority.
    let helpers = Helpers::new(options.helper_program.clone());
    let items = views::pages::Pages::new(Arc::clone(&ends.shared), readers.reader()?, Arc::clone(revision));
    let previews = views::preview::PreviewWorker::new(
        Arc::clone(&ends.shared),
        readers.reader()?,
        Arc::clone(bodies),
        Arc::clone(&helpers),
        bell_tx,
    );
    let thumbnails = views::thumbnails::Thumbnails::new(
        Arc::clone(&ends.shared),
        ends.thumbnail_tx.clone(),
        readers.reader()?,
        Arc::clone(bodies),
        pool,
        helpers,
    );
    let catalog_path = options.catalog_path.clone();
    let history =
        views::history::History::new(Arc::clone(&ends.shared), readers.reader()?, Arc::clone(revision), catalog_path);
    let (items_stop, preview_stop, thumbnails_stop) = (stop.receiver(), stop.receiver(), stop.receiver());
    let database = |view| {
        let (shared, catalog_path) = (Arc::clone(&ends.shared), options.catalog_path.clone());
        let databases = Arc::clone(databases);
        let worker = views::database::DatabaseWorker::new(shared, view, databases, readers.reader()?, catalog_path);
        let stop = stop.receiver();
        Ok::<_, JobError>(move || worker.run(&stop))
    };
    let history_stop = stop.receiver();
    let threads = vec![
        run::named("pixloom-jobs", move || history.run(&history_stop))?,
        run::named("pixloom-items", move || items.run(&items_stop))?,
        run::named("pixloom-preview", move || previews.run(&preview_stop))?,
        run::named("pixloom-thumbnails", move || thumbnails.run(&thumbnails_stop))?,
        run::named("pixloom-database", database(DatabaseView::Page)?)?,
        run::named("pixloom-write-back", database(DatabaseView::WriteBack)?)?,
        run::named("pixloom-result", database(DatabaseView::Result)?)?,
    ];
    Ok((stop, threads))
}
