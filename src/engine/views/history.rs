//! Pages of the history for front ends: the latest request wins, and a list of jobs takes 8 bytes per job.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use jiff::{Timestamp, ToSpan, Zoned};

use crate::catalog::{CatalogReader, JobFilter};
use crate::engine::api::handle::Shared;
use crate::engine::api::snapshot::JobEntry;
use crate::engine::api::view::{JobAge, JobGroup, JobsFilter, JobsPage, JobsRequest, Storage};
use crate::engine::prune;
use crate::error::JobError;
use crate::model::{ItemId, JobId, JobState, JobSummary};

/// A list that took at least this long to find is kept for ten times as long, even if jobs change.
const PATIENCE: u32 = 10;
/// Images shown of a job.
const RESULTS_SHOWN: u32 = 5;
/// Finished jobs whose summaries are kept.
const KEPT: usize = 4096;

/// Reads pages of the history.
pub(crate) struct History {
    shared: Arc<Shared>,
    reader: Box<dyn CatalogReader>,
    revision: Arc<AtomicU64>,
    /// The catalog's file.
    path: PathBuf,
    found: Option<Found>,
    /// What does not change any more of jobs that have ended.
    ended: HashMap<JobId, Ended>,
}

/// What lists show of a job that ended at a time.
struct Ended {
    finished_at_ms: Option<i64>,
    summary: Arc<JobSummary>,
    results: Arc<[ItemId]>,
}

/// The jobs that match a filter, newest first.
struct Found {
    filter: JobsFilter,
    revision: u64,
    made_at: Instant,
    cost: Duration,
    jobs: Vec<JobId>,
}

impl History {
    pub(crate) fn new(
        shared: Arc<Shared>,
        reader: Box<dyn CatalogReader>,
        revision: Arc<AtomicU64>,
        path: PathBuf,
    ) -> Self {
        Self { shared, reader, revision, path, found: None, ended: HashMap::new() }
    }

    /// Runs until `stop` is closed.
    pub(crate) fn run(mut self, stop: &Receiver<()>) {
        let bell = self.shared.jobs_wanted.bell().clone();
        let storage_bell = self.shared.storage_wanted.bell().clone();
        loop {
            crossbeam_channel::select! {
                recv(bell) -> _ => {},
                recv(storage_bell) -> _ => {},
                recv(stop) -> _ => return,
            }
            if self.shared.storage_wanted.take().is_some() {
                match self.storage() {
                    Ok(storage) => {
                        self.shared.storage.store(Some(Arc::new(storage)));
                        self.shared.wake();
                    }
                    Err(error) => tracing::warn!(%error, "the catalog could not be measured"),
                }
            }
            let Some(request) = self.shared.jobs_wanted.take() else { continue };
            match self.page(request) {
                Ok(Some(page)) => {
                    self.shared.jobs.store(Some(Arc::new(page)));
                    self.shared.wake();
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "a page of the history could not be read"),
            }
        }
    }

    fn storage(&self) -> Result<Storage, JobError> {
        let count = |days: u32| -> Result<(u32, u64), JobError> {
            let jobs = self.reader.find_jobs(&prune::older_than(days), &|| false)?;
            Ok((days, jobs.map_or(0, |jobs| jobs.len() as u64)))
        };
        let ended_before = prune::DAYS.into_iter().map(count).collect::<Result<_, _>>()?;
        Ok(Storage { path: self.path.clone(), size: self.reader.size()?, ended_before })
    }

    fn page(&mut self, request: JobsRequest) -> Result<Option<JobsPage>, JobError> {
        let revision = self.revision.load(Ordering::Acquire);
        if !self.find(&request.filter, revision)? {
            return Ok(None);
        }
        let Some(found) = &self.found else { return Ok(None) };
        let first = (request.first_row as usize).min(found.jobs.len());
        let last = first.saturating_add(request.rows as usize).min(found.jobs.len());
        let jobs: Vec<JobId> = found.jobs.iter().take(last).skip(first).copied().collect();
        let (total, revision) = (found.jobs.len() as u64, found.revision);
        let mut rows = Vec::with_capacity(jobs.len());
        for job in jobs {
            // One that was deleted in between leaves no gap: the list is read again.
            rows.extend(self.entry(job)?);
        }
        Ok(Some(JobsPage { request, revision, total, rows: rows.into() }))
    }

    /// Finds the jobs unless they are known; `false` if a newer request arrived meanwhile.
    fn find(&mut self, filter: &JobsFilter, revision: u64) -> Result<bool, JobError> {
        let fits = |found: &Found| {
            found.filter == *filter && (found.revision == revision || found.made_at.elapsed() < found.cost * PATIENCE)
        };
        if self.found.as_ref().is_some_and(fits) {
            return Ok(true);
        }
        let started = Instant::now();
        let (from_ms, until_ms) = limits_of(filter.age, &Zoned::now());
        let wanted = JobFilter {
            states: states_of(filter.group),
            has_failures: filter.group == JobGroup::WithFailures,
            from_ms,
            until_ms,
            ended_before_ms: None,
            text: &filter.text,
            ops: &filter.ops,
        };
        let bell = self.shared.jobs_wanted.bell();
        let Some(jobs) = self.reader.find_jobs(&wanted, &|| !bell.is_empty())? else { return Ok(false) };
        let (made_at, cost) = (Instant::now(), started.elapsed());
        self.found = Some(Found { filter: filter.clone(), revision, made_at, cost, jobs });
        Ok(true)
    }

    fn entry(&mut self, job: JobId) -> Result<Option<JobEntry>, JobError> {
        let Some(row) = self.reader.job(job)? else { return Ok(None) };
        let can_redo = self.reader.can_redo(job)?;
        if let Some(ended) = self.ended.get(&job).filter(|ended| ended.finished_at_ms == row.finished_at_ms) {
            let (summary, results) = (Arc::clone(&ended.summary), Arc::clone(&ended.results));
            return Ok(Some(JobEntry { row, can_redo, summary, results }));
        }
        // A request that can't be read hides only what it says.
        let summary = Arc::new(self.reader.summary(job).ok().flatten().unwrap_or_default());
        let results: Arc<[ItemId]> = self.reader.first_results(job, RESULTS_SHOWN)?.into();
        if row.is_finished() {
            if self.ended.len() >= KEPT {
                self.ended.clear();
            }
            let (summary, results) = (Arc::clone(&summary), Arc::clone(&results));
            self.ended.insert(job, Ended { finished_at_ms: row.finished_at_ms, summary, results });
        }
        Ok(Some(JobEntry { row, can_redo, summary, results }))
    }
}

const fn states_of(group: JobGroup) -> &'static [JobState] {
    match group {
        JobGroup::All | JobGroup::WithFailures => &[],
        JobGroup::Running => &[JobState::Running, JobState::Queued],
        JobGroup::Paused => &[JobState::Paused],
        JobGroup::Done => &[JobState::Done],
        JobGroup::Cancelled => &[JobState::Cancelled],
    }
}

/// From when, and until when, jobs of an age were started, UTC milliseconds. Days begin at midnight where the user is.
fn limits_of(age: JobAge, now: &Zoned) -> (Option<i64>, Option<i64>) {
    let midnight = now.start_of_day().unwrap_or_else(|_| now.clone());
    let days_ago = |days: i64| {
        let day = midnight.checked_sub(days.days()).unwrap_or_else(|_| midnight.clone());
        Some(Timestamp::from(day).as_millisecond())
    };
    match age {
        JobAge::Any => (None, None),
        JobAge::Today => (days_ago(0), None),
        JobAge::Week => (days_ago(6), None),
        JobAge::Month => (days_ago(29), None),
        JobAge::Older => (None, days_ago(29)),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn days_begin_at_midnight_where_the_user_is() {
        let now: Zoned = "2026-11-30T00:10:00+09:00[+09:00]".parse().unwrap();
        let at = |text: &str| Some(text.parse::<Timestamp>().unwrap().as_millisecond());
        assert_eq!(limits_of(JobAge::Today, &now), (at("2026-11-29T15:00:00Z"), None));
        assert_eq!(limits_of(JobAge::Week, &now), (at("2026-11-23T15:00:00Z"), None), "today is one of the seven");
        let month = limits_of(JobAge::Month, &now).0;
        assert_eq!(limits_of(JobAge::Older, &now), (None, month), "no job is in neither");
    }
}
