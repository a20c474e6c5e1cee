//! Jobs that watch folders: each continues where it was stopped.

use std::sync::Arc;

use super::disk::Disk;
use super::queue::WatchMode;
use super::{Active, Coordinator, Phase};
use crate::catalog::{CatalogReader, JobFilter, JobSource};
use crate::engine::api::snapshot::WatchView;
use crate::engine::check;
use crate::engine::intake::watched::{self, WatchRequest};
use crate::engine::intake::{lists, secrets};
use crate::engine::item::naming;
use crate::engine::record::message::call;
use crate::engine::run::named;
use crate::error::JobError;
use crate::model::{JobId, JobSpec, JobState, Remark, SinkSpec, SourceSpec};
use crate::source;

impl Coordinator {
    /// Watches the folders of a request, once it has been checked.
    pub(super) fn watch(&mut self, mut spec: JobSpec, is_once: bool) {
        let (secrets, record_tx) = (Arc::clone(&self.parts.secrets), self.parts.record_tx.clone());
        let readers = self.parts.readers.clone();
        let written = self.after_records();
        spec.watch = true;
        let find = move || {
            written.recv().map_err(|_| JobError::recorder_gone())?;
            check(&spec)?;
            lists::check(&spec)?;
            secrets::keep_job(&secrets, &mut spec)?;
            let reader = readers.reader()?;
            let Some(job) = earlier(&spec, reader.as_ref())? else {
                return call(&record_tx, move |catalog| catalog.create_job(&spec, JobState::Queued));
            };
            if reader.is_at_work(job) {
                return Ok(job);
            }
            // What it may use, and how its folders are watched, is asked anew every time.
            let sources = reader.sources(job)?;
            call(&record_tx, move |catalog| {
                let request = reader.request(job)?.unwrap_or_default();
                for known in &sources {
                    let is_meant = |source: &&SourceSpec| {
                        source::without_interval(source) == source::without_interval(&known.spec)
                    };
                    if let Some(source) = spec.sources.iter().find(is_meant) {
                        catalog.set_source(job, known.n, source)?;
                    }
                }
                catalog.set_request(job, &JobSpec { limits: spec.limits, ..request })?;
                Ok(job)
            })
        };
        self.on_disk(Disk::Settings, find, move |this, job| {
            let job = job?;
            if this.queue.contains(job) {
                return this.resume(job);
            }
            if is_once {
                this.once.insert(job);
            }
            if !this.parts.options.lists_drafts {
                this.list(job)?;
            }
            this.enqueue(job)
        });
    }

    /// How a job's folders are watched, if they are.
    pub(super) fn watch_mode(&mut self, job: JobId, spec: &JobSpec) -> Option<WatchMode> {
        let is_once = self.once.remove(&job);
        spec.watch.then_some(if is_once { WatchMode::Once } else { WatchMode::Always })
    }

    /// Starts a thread for each folder of a running job.
    pub(super) fn watch_folders(
        &mut self,
        job: JobId,
        sources: Vec<JobSource>,
        mode: WatchMode,
    ) -> Result<(), JobError> {
        for source in sources {
            self.begin_intake(job);
            let stop = self.open_intakes.get(&job).map(|intake| Arc::clone(&intake.stop)).unwrap_or_default();
            let request = WatchRequest { job, source, is_once: mode == WatchMode::Once, stop };
            let (record_tx, note_tx) = (self.parts.record_tx.clone(), self.parts.note_tx.clone());
            let helpers = Arc::clone(&self.parts.helpers);
            let started = self.parts.readers.reader().and_then(|reader| {
                named("pixloom-watch", move || {
                    watched::watch(&request, &record_tx, &note_tx, reader.as_ref(), &helpers);
                })
            });
            match started {
                Ok(thread) => {
                    if let Some(active) = self.queue.run_mut(job) {
                        active.threads.push(thread);
                    }
                }
                Err(error) => {
                    self.end_intake(job);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// The jobs that watch folders, for snapshots.
    pub(super) fn watches(&self) -> Arc<[WatchView]> {
        let view = |active: &Active| {
            let row = self.parts.reader.job(active.run.job).ok().flatten()?;
            let is_paused = !matches!(active.phase, Phase::Running);
            let folders = active.run.spec.sources.iter().map(source::label).collect();
            Some(WatchView { row, folders, is_paused, is_gone: !active.gone.is_empty() })
        };
        self.queue.watching().filter_map(view).collect()
    }

    /// Notes whether a watched folder is there.
    pub(super) fn note_folder(&mut self, job: JobId, remark: &Remark) {
        let Some(active) = self.queue.run_mut(job) else { return };
        match remark {
            Remark::WatchedFolderGone { folder } => drop(active.gone.insert(folder.clone())),
            Remark::WatchedFolderBack { folder } => drop(active.gone.remove(folder)),
            _ => {}
        }
    }

    /// Stops watching; the job can be resumed.
    pub(super) fn stop_watch(&mut self, job: JobId) {
        if self.queue.run(job).is_some_and(|active| active.watch.is_some()) {
            self.end_active(job, JobState::Paused, None);
        } else {
            self.queue.stop_preparing(job, JobState::Paused);
        }
    }
}

/// The newest job that has watched the same folders with the same request, unless it was cancelled.
pub fn earlier(spec: &JobSpec, reader: &dyn CatalogReader) -> Result<Option<JobId>, JobError> {
    let states = [JobState::Queued, JobState::Running, JobState::Paused, JobState::Done];
    let filter = JobFilter { states: &states, ..JobFilter::default() };
    for job in reader.find_jobs(&filter, &|| false)?.unwrap_or_default() {
        let is_watch = reader.request(job)?.is_some_and(|request| request.watch);
        if is_watch && reader.spec(job)?.is_some_and(|other| does_same(&other, spec)) {
            return Ok(Some(job));
        }
    }
    Ok(None)
}

/// Whether two requests watch the same folders and make the same results.
fn does_same(one: &JobSpec, other: &JobSpec) -> bool {
    let made = |spec: &JobSpec| {
        let dir = naming::out_dir(spec).ok();
        let outputs = spec.outputs.iter().cloned();
        let with_dir = outputs.map(|mut output| {
            output.sink = SinkSpec { dir: dir.clone(), ..output.sink };
            output
        });
        (spec.recipe.clone(), with_dir.collect::<Vec<_>>())
    };
    let folders = |spec: &JobSpec| {
        let mut folders: Vec<String> = spec
            .sources
            .iter()
            .map(source::without_interval)
            .filter_map(|source| serde_json::to_string(&source).ok())
            .collect();
        folders.sort();
        folders
    };
    made(one) == made(other)
        && folders(one) == folders(other)
        && (one.limits.truncated, one.limits.damaged) == (other.limits.truncated, other.limits.damaged)
}
