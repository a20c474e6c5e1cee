//! Deletes jobs from the history: their records, never their results. It takes many short transactions with pauses between
//! them, so that other processes are never kept waiting, and then returns the space to the disk.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::catalog::{self, Catalog, CatalogReader, JobFilter, JobLock};
use crate::engine::item::naming::now_ms;
use crate::engine::query;
use crate::error::JobError;
use crate::model::{JobId, JobSpec, JobState};
use crate::store;

/// Jobs that are deleted together, and items in one transaction.
const JOBS_AT_ONCE: usize = 64;
const ITEMS_AT_ONCE: u32 = 2_000;
/// Pages that one transaction returns to the disk.
const PAGES_AT_ONCE: u32 = 500;
/// Pauses between two transactions: as long as the last one took, within these.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
/// A file is rewritten only if this many bytes, and this part of it, are free.
const WORTH_BYTES: u64 = 1 << 20;
const WORTH_PART: u64 = 5;
/// How long a job that was removed from the history can be brought back, in ms.
const RESTORABLE_MS: i64 = 3_600_000;
/// The states of jobs that are deleted unless others are named.
const FINISHED: [JobState; 2] = [JobState::Done, JobState::Cancelled];

/// The choices of a clean-up: days since a job ended.
pub(crate) const DAYS: [u32; 3] = [30, 90, 365];
const DAY_MS: i64 = 86_400_000;

/// Jobs that ended so many days ago or earlier.
pub(crate) fn older_than(days: u32) -> JobFilter<'static> {
    let ended_before_ms = Some(now_ms() - i64::from(days) * DAY_MS);
    JobFilter { states: &FINISHED, ended_before_ms, ..JobFilter::default() }
}

/// Which jobs are deleted.
#[derive(Clone, Copy, Debug, Default)]
pub struct PruneRequest<'a> {
    /// Those that match; jobs that have ended, if it names no states. Running jobs and drafts always stay.
    pub filter: JobFilter<'a>,
    /// How many of the latest jobs stay in any case.
    pub keep: u64,
}

/// What was deleted, or would be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Jobs.
    pub jobs: u64,
    /// Their items.
    pub items: u64,
    /// Bytes by which the catalog's file is smaller.
    pub bytes: u64,
    /// Jobs that stay because another process uses them.
    pub in_use: u64,
    /// Bytes of the file that are free for later jobs, because it could not be made smaller.
    pub free_bytes: u64,
}

/// A change of the catalog, in one transaction.
pub(crate) enum Step {
    Delete(Vec<JobId>),
    Rows(Vec<JobId>),
    Reclaim,
    Rebuild,
}

/// Performs a step; returns the number of items that it deleted, and whether the same step has more to do.
pub(crate) fn perform(catalog: &mut dyn Catalog, step: &Step) -> Result<(u64, bool), JobError> {
    match step {
        Step::Delete(jobs) => catalog.set_deleted(jobs, true).map(|_| (0, false)),
        Step::Rows(jobs) => catalog.delete_rows(jobs, ITEMS_AT_ONCE),
        Step::Reclaim => catalog.reclaim(PAGES_AT_ONCE).map(|are_left| (0, are_left)),
        Step::Rebuild => catalog.rebuild().map(|()| (0, false)),
    }
}

/// The jobs that would be deleted, the oldest first.
fn candidates(reader: &dyn CatalogReader, request: &PruneRequest<'_>) -> Result<Vec<JobId>, JobError> {
    let named: Vec<JobState> = request.filter.states.to_vec();
    let states: &[JobState] = if named.is_empty() { &FINISHED } else { &named };
    let find = |filter: &JobFilter<'_>| Ok::<_, JobError>(reader.find_jobs(filter, &|| false)?.unwrap_or_default());
    let mut jobs = find(&JobFilter { states, ..request.filter })?;
    if request.keep > 0 {
        let latest = find(&JobFilter { states, ..JobFilter::default() })?;
        let oldest_kept = latest.get(request.keep as usize - 1).or(latest.last()).copied();
        jobs.retain(|job| oldest_kept.is_some_and(|kept| *job < kept));
    }
    jobs.reverse();
    Ok(jobs)
}

/// What would be deleted. The bytes are an estimate from the share of items.
pub fn prune_plan(reader: &dyn CatalogReader, request: &PruneRequest<'_>) -> Result<Pruned, JobError> {
    let mut plan = Pruned::default();
    for job in candidates(reader, request)? {
        let Some(row) = reader.job(job)? else { continue };
        if row.state == JobState::Running || reader.is_at_work(job) {
            plan.in_use += 1;
            continue;
        }
        plan.jobs += 1;
        plan.items += row.total;
    }
    let size = reader.size()?;
    let used = size.bytes.saturating_sub(size.free_bytes);
    plan.bytes = (used as f64 * plan.items as f64 / size.items.max(1) as f64) as u64;
    Ok(plan)
}

/// Deletes jobs of a catalog that may be in use by other processes.
pub fn prune(catalog_path: &Path, request: &PruneRequest<'_>) -> Result<Pruned, JobError> {
    if store::kind_at(catalog_path).is_none() {
        return Ok(Pruned::default());
    }
    let (mut catalog, readers) = catalog::open(catalog_path)?;
    let reader = readers.reader()?;
    prune_with(catalog_path, reader.as_ref(), request, &mut |step| perform(catalog.as_mut(), &step), &|| false)
}

/// The same where someone else writes.
pub(crate) fn prune_with(
    catalog_path: &Path,
    reader: &dyn CatalogReader,
    request: &PruneRequest<'_>,
    write: &mut dyn FnMut(Step) -> Result<(u64, bool), JobError>,
    cancelled: &dyn Fn() -> bool,
) -> Result<Pruned, JobError> {
    let before = reader.size()?;
    let mut pruned = Pruned::default();
    for chunk in candidates(reader, request)?.chunks(JOBS_AT_ONCE) {
        if cancelled() {
            return Ok(pruned);
        }
        let mut held: Vec<JobLock> = Vec::new();
        let mut jobs = Vec::new();
        for job in chunk {
            let lock = catalog::lock_job(catalog_path, *job)?;
            // Its state may have changed before it was locked.
            let is_meant = |state| request.filter.states.is_empty() || request.filter.states.contains(&state);
            let row = reader.job(*job)?.filter(|row| is_meant(row.state) && (row.is_finished() || is_named(request)));
            match (lock, row) {
                (Some(lock), Some(row)) => {
                    pruned.items += row.total;
                    jobs.push(*job);
                    held.push(lock);
                }
                (_, None) => {}
                (None, _) => pruned.in_use += 1,
            }
        }
        pruned.jobs += jobs.len() as u64;
        write(Step::Delete(jobs.clone()))?;
        delete_rows(reader, &jobs, write, cancelled)?;
    }
    purge_with(reader, write, cancelled)?;
    reclaim(reader, write, cancelled)?;
    let after = reader.size()?;
    pruned.bytes = before.bytes.saturating_sub(after.bytes);
    pruned.free_bytes = after.free_bytes;
    Ok(pruned)
}

/// Whether the states were named.
fn is_named(request: &PruneRequest<'_>) -> bool {
    !request.filter.states.is_empty()
}

/// Deletes the rows of jobs that were removed from the history long ago, or whose deletion was interrupted.
pub(crate) fn purge_with(
    reader: &dyn CatalogReader,
    write: &mut dyn FnMut(Step) -> Result<(u64, bool), JobError>,
    cancelled: &dyn Fn() -> bool,
) -> Result<(), JobError> {
    delete_rows(reader, &reader.deleted_jobs(now_ms() - RESTORABLE_MS)?, write, cancelled)
}

/// Deletes the rows of jobs, and the rows of statements that were kept for a retry: they are no results.
fn delete_rows(
    reader: &dyn CatalogReader,
    jobs: &[JobId],
    write: &mut dyn FnMut(Step) -> Result<(u64, bool), JobError>,
    cancelled: &dyn Fn() -> bool,
) -> Result<(), JobError> {
    for chunk in jobs.chunks(JOBS_AT_ONCE) {
        let requests: Vec<JobSpec> = chunk.iter().filter_map(|job| reader.request(*job).ok().flatten()).collect();
        repeat(|| Step::Rows(chunk.to_vec()), write, cancelled)?;
        requests.iter().for_each(query::remove_parts);
    }
    Ok(())
}

/// Returns free pages to the disk. A file of an earlier version is rewritten once, unless that would keep a job waiting.
fn reclaim(
    reader: &dyn CatalogReader,
    write: &mut dyn FnMut(Step) -> Result<(u64, bool), JobError>,
    cancelled: &dyn Fn() -> bool,
) -> Result<(), JobError> {
    let size = reader.size()?;
    if size.is_incremental {
        return repeat(|| Step::Reclaim, write, cancelled);
    }
    let running = JobFilter { states: &[JobState::Running], ..JobFilter::default() };
    let is_idle = reader.find_jobs(&running, &|| false)?.unwrap_or_default().is_empty();
    let is_worth_it = size.free_bytes >= WORTH_BYTES && size.free_bytes >= size.bytes / WORTH_PART;
    if is_idle
        && is_worth_it
        && !cancelled()
        && let Err(error) = write(Step::Rebuild)
    {
        // The jobs are deleted all the same, and later ones use the space.
        tracing::warn!(%error, "the catalog could not be made smaller");
    }
    Ok(())
}

/// Repeats a step until it has nothing more to do, with pauses.
fn repeat(
    step: impl Fn() -> Step,
    write: &mut dyn FnMut(Step) -> Result<(u64, bool), JobError>,
    cancelled: &dyn Fn() -> bool,
) -> Result<(), JobError> {
    while !cancelled() {
        let began = Instant::now();
        if !write(step())?.1 {
            break;
        }
        thread::sleep(began.elapsed().clamp(SHORTEST_PAUSE, LONGEST_PAUSE));
    }
    Ok(())
}
