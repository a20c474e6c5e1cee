//! Publishes events and snapshots, which combine the catalog's counters with the state of running jobs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::disk::Disk;
use super::jobs::results_folder;
use super::{Coordinator, Details, Level, Phase};
use crate::catalog::{self, CatalogReader};
use crate::engine::api::snapshot::{EVENTS_KEPT, JobView, ListFile, Notice, RejectionGroup, Snapshot, SourceGroup};
use crate::engine::intake::lists;
use crate::engine::item::naming;
use crate::engine::record::message::{self, Record};
use crate::engine::write_back::WriteBack;
use crate::error::JobError;
use crate::model::{Busy, Edge, Event, JobId, JobState, Progress};

/// Counts by folder and by cause are read at most this often.
const DETAILS_EVERY: Duration = Duration::from_millis(400);
/// How long an answer of the recorder may take before its reason is looked for, and how often.
const LATE: Duration = Duration::from_millis(700);
const CHECK_LOCK_EVERY: Duration = Duration::from_millis(500);
/// Folders and hosts in a snapshot.
const GROUPS_LISTED: u32 = 200;

/// Rows that a database refused and that are grouped by its message, and keys of each group.
const REJECTIONS_READ: u32 = 2_000;
const REJECTED_KEYS: usize = 8;

/// The first rejected rows by message, the most frequent message first.
fn rejections(reader: &dyn CatalogReader, job: JobId) -> Vec<RejectionGroup> {
    let mut groups: Vec<RejectionGroup> = Vec::new();
    for (_, rejection) in reader.rejections_after(job, 0, REJECTIONS_READ).unwrap_or_default() {
        let at = groups.iter().position(|group| group.message == rejection.message).unwrap_or_else(|| {
            groups.push(RejectionGroup { message: rejection.message.clone(), ..RejectionGroup::default() });
            groups.len() - 1
        });
        let group = &mut groups[at];
        group.count += 1;
        if group.keys.len() < REJECTED_KEYS {
            group.keys.push(rejection.key);
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.count));
    groups
}

impl Coordinator {
    pub(super) fn report(&mut self, error: &JobError) {
        tracing::warn!(%error, "a command failed");
        self.notice = Some(Notice::Failed(error.clone()));
    }

    pub(super) fn event(&mut self, job: Option<JobId>, edge: Edge) {
        if self.events.len() == EVENTS_KEPT {
            self.events.pop_front();
        }
        self.events.push_back(Event { sequence: self.next_event, job, edge });
        self.next_event += 1;
    }

    pub(super) fn bump(&mut self) {
        self.parts.revision.fetch_add(1, Ordering::AcqRel);
        self.details.read_at = None;
    }

    pub(super) fn reread_listed(&mut self) {
        if let Some(job) = self.listed.as_ref().map(|job| job.id) {
            match self.read_listed(job) {
                Ok(listed) => self.listed = listed,
                Err(error) => self.report(&error),
            }
            self.read_levels();
        }
        self.details.read_at = None;
    }

    pub(super) fn publish(&mut self) {
        let revision = self.parts.revision.load(Ordering::Acquire);
        self.read_levels();
        self.read_details(revision);
        let snapshot = Snapshot {
            commands_included: self.commands_included,
            current: self.job_view(revision),
            running_elsewhere: self
                .queue
                .running()
                .into_iter()
                .find(|job| !self.is_watching(*job) && self.listed.as_ref().is_none_or(|listed| listed.id != *job)),
            watches: self.watches(),
            copied: self.copied.clone(),
            clean_up: self.clean_up,
            events: self.events.iter().cloned().collect(),
            settings: self.settings.clone(),
            can_undo: self.edits.can_undo(),
            can_redo: self.edits.can_redo(),
            network_faults: Arc::clone(&self.network_faults),
            undo: self.undo.view(),
            notice: self.notice.clone(),
            raised: self.raised,
            catalog_fault: self.catalog_fault(),
        };
        self.parts.shared.snapshot.store(Arc::new(snapshot));
        self.parts.shared.wake();
    }

    /// Why the recorder is late: another program has locked the catalog.
    fn catalog_fault(&mut self) -> Option<JobError> {
        if self.outstanding.late_by() < LATE {
            self.lock_check = None;
            return None;
        }
        if self.lock_check.as_ref().is_none_or(|(at, _)| at.elapsed() >= CHECK_LOCK_EVERY) {
            self.lock_check = Some((Instant::now(), catalog::lock_fault(&self.parts.options.catalog_path)));
        }
        self.lock_check.as_ref().and_then(|(_, fault)| fault.clone())
    }

    /// Rereads the listed job's counters, not its request.
    pub(super) fn read_levels(&mut self) {
        let Some(listed) = &mut self.listed else { return };
        // Before the row is read: a state that is written after that is not in the row.
        self.states.retain(|_, (_, is_written)| !is_written.load(Ordering::Acquire));
        let counting = self.parts.runs.try_counting();
        if let Ok(Some(row)) = self.parts.reader.job(listed.id) {
            listed.row = row;
        }
        if let Some(active) = self.queue.run_mut(listed.id).filter(|_| counting.is_some()) {
            let received = active.run.transfers.received();
            let finished = listed.row.done + listed.row.failed + listed.row.skipped;
            active.level = Level {
                items: finished as f64 + received.items,
                bytes_in: listed.row.bytes_in + received.bytes,
                earlier_bytes: received.earlier_bytes,
            };
        }
        drop(counting);
        let writes_back = listed.spec.write_back.is_some();
        self.written_back = if writes_back { self.parts.reader.write_back(listed.id).ok().flatten() } else { None };
        if let Some((state, _)) = self.states.get(&listed.id) {
            listed.row.state = *state;
        }
    }

    /// Has the recorder write a job's state, without waiting for it. The state is shown at once.
    pub(super) fn set_state(&mut self, job: JobId, state: JobState) {
        let is_written = Arc::new(AtomicBool::new(false));
        self.states.insert(job, (state, Arc::clone(&is_written)));
        let record = Record::Call(Box::new(move |catalog| {
            if let Err(error) = catalog.set_state(job, state) {
                tracing::warn!(%error, "a job's state could not be written");
            }
            is_written.store(true, Ordering::Release);
        }));
        self.record(record);
        if let Some(listed) = self.listed.as_mut().filter(|listed| listed.id == job) {
            listed.row.state = state;
        }
    }

    pub(super) fn read_details(&mut self, revision: u64) {
        let job = self.listed.as_ref().map(|job| job.id);
        let details = &self.details;
        let fresh = details
            .read_at
            .is_some_and(|at| details.job == job && (details.revision == revision || at.elapsed() < DETAILS_EVERY));
        if fresh || !self.parts.options.lists_drafts {
            return;
        }
        let reader = &self.parts.reader;
        let groups = job.and_then(|job| reader.groups(job, GROUPS_LISTED).ok()).unwrap_or_default();
        let failures = job.and_then(|job| reader.failures_by_kind(job).ok()).unwrap_or_default();
        let is_rejected = self.written_back.is_some_and(|level| level.counts.rejected > 0);
        let rejections = job.filter(|_| is_rejected).map(|job| rejections(reader.as_ref(), job)).unwrap_or_default();
        self.details = Details {
            read_at: Some(Instant::now()),
            revision,
            job,
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
            rejections: rejections.into(),
            can_redo: job.is_some_and(|job| reader.can_redo(job).unwrap_or_default()),
        };
    }

    /// The listed draft's lists with columns, as far as they are known. They are read again when the sources or the
    /// requested columns have changed.
    pub(super) fn list_files(&mut self) -> Arc<[ListFile]> {
        let Some(listed) = self.listed.as_ref().filter(|job| job.state == JobState::Draft) else { return Arc::new([]) };
        if !self.parts.options.lists_drafts {
            return Arc::new([]);
        }
        let (job, sources, columns) = &self.list_files.asked_for;
        if *job != listed.id || *columns != listed.spec.lists || *sources != listed.spec.sources {
            // The lists of a draft that reads the same sources in another way stay visible until they are read again.
            if *job != listed.id && *sources != listed.spec.sources {
                self.list_files.files = Arc::new([]);
            }
            let asked_for = (listed.id, listed.spec.sources.clone(), listed.spec.lists.clone());
            self.list_files.asked_for = asked_for.clone();
            let spec = listed.spec.clone();
            self.on_disk(
                Disk::Settings,
                move || Ok(lists::files(&spec)),
                move |this, files| {
                    if this.list_files.asked_for == asked_for {
                        this.list_files.files = files?;
                    }
                    Ok(())
                },
            );
        }
        Arc::clone(&self.list_files.files)
    }

    pub(super) fn job_view(&mut self, revision: u64) -> Option<JobView> {
        let (list_files, estimate) = (self.list_files(), self.estimate());
        let listed = self.listed.as_ref()?;
        let active = self.queue.run_mut(listed.id);
        let counting = self.open_intakes.contains_key(&listed.id);
        let mut progress = Progress {
            total: listed.total,
            total_is_final: !counting,
            done: listed.done,
            failed: listed.failed,
            skipped: listed.skipped,
            bytes_in: listed.bytes_in,
            bytes_out: listed.bytes_out,
            seconds: match self.worked {
                Some((job, worked)) if job == listed.id => worked.as_secs_f64(),
                _ => listed.worked_s(naming::now_ms()),
            },
            write_back: self.written_back,
            ..Progress::default()
        };
        let (mut state, mut halted, mut network_gone) = (listed.state, None, false);
        if let Some(active) = active {
            progress.bytes_in = progress.bytes_in.max(active.level.bytes_in);
            progress.received_items = (active.level.items - progress.finished() as f64).max(0.0);
            let arrived_bytes = progress.bytes_in.saturating_sub(active.level.earlier_bytes);
            let (items_per_s, bytes_per_s) = active.meter.rates(progress.finished(), arrived_bytes);
            progress.running = active.run.in_flight() as u64;
            progress.seconds = active.meter.elapsed().as_secs_f64();
            progress.items_per_s = items_per_s;
            progress.bytes_per_s = bytes_per_s;
            let worked_off = progress.worked_off();
            let left = (progress.total as f64 - worked_off).max(0.0);
            progress.seconds_left = active.meter.seconds_left(worked_off, left).filter(|_| !counting);
            progress.busy = Busy {
                cores: active.run.permits.fullness(),
                network: active.run.fetcher.in_use() as f32 / active.run.spec.limits.connections.max(1) as f32,
                disk: self.parts.record_tx.len() as f32 / message::RECORDS as f32,
                memory: active.run.memory.fullness(),
                databases: self.parts.databases.busy(),
            };
            progress.waits_for_database = active.run.write_back.as_ref().is_some_and(WriteBack::is_waiting);
            network_gone = active.network_gone;
            state = match &active.phase {
                Phase::Paused => JobState::Paused,
                Phase::Waiting { reason, .. } => {
                    halted = Some(reason.clone());
                    JobState::Paused
                }
                Phase::Running | Phase::Ending { state: JobState::Done, .. } | Phase::Closing(JobState::Done) => {
                    JobState::Running
                }
                Phase::Ending { state, .. } | Phase::Closing(state) => *state,
            };
        } else if let Some(waiting) = self.queue.state_before_run(listed.id) {
            state = waiting;
        }
        Some(JobView {
            id: listed.id,
            state,
            recipe: listed.spec.recipe.clone(),
            save: listed.spec.output().save.clone(),
            outputs: listed.spec.outputs.clone(),
            sink: listed.spec.output().sink.clone(),
            lists: listed.spec.lists.clone(),
            write_back: listed.spec.write_back.clone(),
            query: listed.spec.query.clone().map(Arc::new),
            can_redo: self.details.can_redo,
            list_files,
            limits: listed.spec.limits.clone(),
            out_dir: match &listed.spec.query {
                Some(_) => results_folder(&listed.spec),
                None => naming::out_dir(&listed.spec)
                    .ok()
                    .filter(|_| listed.total > 0 || listed.spec.output().sink.dir.is_some()),
            },
            progress,
            groups: Arc::clone(&self.details.groups),
            failures: Arc::clone(&self.details.failures),
            rejections: Arc::clone(&self.details.rejections),
            network_gone,
            insecure_hosts: if listed.state == JobState::Draft {
                self.settings.network.insecure_hosts.clone()
            } else {
                listed.spec.network.insecure_hosts.clone()
            },
            halted,
            items_revision: revision,
            counting,
            low_space: self.low_space.clone().filter(|(job, _)| *job == listed.id).map(|(_, remark)| remark),
            estimate,
        })
    }
}
