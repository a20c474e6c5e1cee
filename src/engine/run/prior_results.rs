//! Links that were fetched before: a job that runs again into the same folder, with the same recipe, sends conditional
//! requests. A link that has not changed costs a response without a body, and its result is kept.
//!
//! The catalog has no index by URL: a list that runs again has its links at the same positions, or near them if lines
//! were added or removed. A link that is not found there is simply fetched.

use super::Run;
use crate::catalog::{CatalogReader, PriorResult};
use crate::engine::item::naming;
use crate::fetch::{Fetched, Known, Visit};
use crate::model::{
    Finished, ItemOutput, ItemRow, ItemState, JobId, JobSpec, JobState, Locator, Outcome, SkipReason, Transfer,
};
use crate::store;

/// Jobs that are searched for earlier ones of the same kind.
const JOBS_SEARCHED: u32 = 200;
/// Earlier jobs that are used.
const JOBS_USED: usize = 3;
/// Positions on either side that are searched.
const AROUND: u64 = 256;
/// Consecutive links not found, after which only the exact position is checked.
const MISSES: u32 = 64;

/// The earlier jobs, with the current position in each.
pub(super) struct PriorResults {
    jobs: Vec<Earlier>,
}

struct Earlier {
    job: JobId,
    /// How far its links are shifted against this job's.
    offset: i64,
    misses: u32,
}

/// The outcome of fetching a link.
pub(super) enum FetchOutcome {
    /// It was received.
    Body(Box<Fetched>),
    /// It has not changed.
    Unchanged(Box<Finished>),
}

impl PriorResults {
    /// Finds the earlier jobs; none if the catalog can't be read.
    pub(super) fn new(run: &Run, reader: &dyn CatalogReader) -> Self {
        let jobs = reader.jobs(JOBS_SEARCHED).unwrap_or_default();
        let same_work = jobs.into_iter().filter(|row| {
            row.id < run.job
                && row.state != JobState::Draft
                && row.done + row.skipped > 0
                && reader.request(row.id).ok().flatten().is_some_and(|request| does_same(&request, run))
        });
        let jobs = same_work.take(JOBS_USED).map(|row| Earlier { job: row.id, offset: 0, misses: 0 }).collect();
        Self { jobs }
    }

    /// The earlier result of a link, according to the catalog.
    pub(super) fn find(&mut self, row: &ItemRow, reader: &dyn CatalogReader) -> Option<PriorResult> {
        if self.jobs.is_empty() {
            return None;
        }
        let text = row.locator.to_text();
        self.jobs.iter_mut().find_map(|earlier| earlier.find(&text, row.id.seq, reader))
    }
}

impl Earlier {
    fn find(&mut self, locator: &str, seq: u64, reader: &dyn CatalogReader) -> Option<PriorResult> {
        let near = seq.saturating_add_signed(self.offset);
        let search = |around| reader.prior_result_of_link(self.job, locator, near, around).ok().flatten();
        let prior = search(0).or_else(|| if self.misses < MISSES { search(AROUND) } else { None });
        match &prior {
            Some(prior) => {
                self.offset = i64::try_from(prior.found.seq).unwrap_or(0) - i64::try_from(seq).unwrap_or(0);
                self.misses = 0;
            }
            None => self.misses = self.misses.saturating_add(1),
        }
        prior
    }
}

/// Whether another job produces the same results as this one.
fn does_same(spec: &JobSpec, run: &Run) -> bool {
    let ours = &run.spec;
    let folder_of = |spec: &JobSpec| naming::out_dir(spec).ok();
    spec.work == ours.work
        && spec.recipe == ours.recipe
        && spec.output().save == ours.output().save
        && (&spec.output().sink.name, spec.output().sink.tree) == (&ours.output().sink.name, ours.output().sink.tree)
        && spec.limits.truncated == ours.limits.truncated
        && spec.limits.damaged == ours.limits.damaged
        && folder_of(spec) == Some(run.naming.out_dir.clone())
}

/// The validators of an earlier result, if its output is still unchanged.
pub(super) async fn known(prior: &PriorResult) -> Option<Known> {
    let known = Known { etag: prior.etag.clone(), last_modified: prior.last_modified.clone() };
    let (output, size_bytes, hash) = (Locator::parse(&prior.output), prior.bytes_out, prior.output_hash.clone());
    let is_intact = tokio::task::spawn_blocking(move || store::is_intact(&output, size_bytes, &hash));
    is_intact.await.unwrap_or(false).then_some(known)
}

/// The outcome to record for a visit.
pub(super) fn arrival(visit: Visit, row: &ItemRow, prior: Option<PriorResult>) -> FetchOutcome {
    let (attempts, fetch_ms, transfer) = match visit {
        Visit::Changed(fetched) => return FetchOutcome::Body(Box::new(fetched)),
        Visit::Unchanged { attempts, fetch_ms, transfer } => (attempts, fetch_ms, transfer),
    };
    let sentence = match &prior {
        Some(prior) => format!("Unchanged since job {}: {} is kept.", prior.maker.job, shown(&prior.output)),
        None => "Unchanged.".to_owned(),
    };
    let mut finished = Finished::new(row.id, Outcome::Skipped { reason: SkipReason::Unchanged, sentence });
    finished.http_status = Some(304);
    finished.attempts = row.attempts + attempts;
    finished.timings.fetch_ms = fetch_ms;
    let unchanged = prior.as_ref().map(|prior| (prior.maker.job.0, prior.maker.seq));
    finished.transfer = Some(Transfer { unchanged, ..transfer });
    if let Some(prior) = prior {
        finished.outputs = vec![ItemOutput {
            n: 0,
            name: String::new(),
            path: Some(prior.output),
            bytes: prior.bytes_out,
            width_px: prior.size_px.map(|(width, _)| width),
            height_px: prior.size_px.map(|(_, height)| height),
            hash: Some(prior.output_hash.clone()),
            state: ItemState::Skipped,
            error: None,
        }];
        finished.output_hash = Some(prior.output_hash);
        (finished.width_px, finished.height_px) = (prior.size_px.map(|size| size.0), prior.size_px.map(|size| size.1));
        finished.hash = prior.hash;
        finished.content_type = prior.content_type;
        finished.etag = prior.etag;
        finished.last_modified = prior.last_modified;
    }
    FetchOutcome::Unchanged(Box::new(finished))
}

fn shown(output: &str) -> String {
    Locator::parse(output).to_string()
}
