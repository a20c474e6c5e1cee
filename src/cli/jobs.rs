//! The jobs that were: a line each, or all about one.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Exit, report, say};
use crate::engine::{CatalogReader, FinishedRow};
use crate::error::{ErrorKind, JobError};
use crate::model::{JobRow, JobSpec, JobState, human};

/// Jobs listed at most.
const LISTED: u32 = 1000;

/// A line for each job, newest first.
pub(super) fn list(reader: Option<&dyn CatalogReader>, as_json: bool) -> Result<Exit, JobError> {
    let jobs = reader.map(|reader| reader.jobs(LISTED)).transpose()?.unwrap_or_default();
    let jobs: Vec<JobRow> = jobs.into_iter().filter(|job| job.state != JobState::Draft || job.total > 0).collect();
    let request = |job: &JobRow| -> Result<JobSpec, JobError> {
        let request = reader.map(|reader| reader.request(job.id)).transpose()?;
        Ok(request.flatten().unwrap_or_default())
    };
    if as_json {
        for job in &jobs {
            say(&as_value(job, &request(job)?).to_string());
        }
        return Ok(Exit::AllDone);
    }
    if jobs.is_empty() {
        say("No jobs yet.");
        return Ok(Exit::AllDone);
    }
    say(&format!(
        "{:>5}  {:<16}  {:<9}  {:>9}  {:>9}  {:>7}  {:>7}  to",
        "job", "made", "state", "items", "done", "failed", "skipped"
    ));
    for job in &jobs {
        say(&format!(
            "{:>5}  {:<16}  {:<9}  {:>9}  {:>9}  {:>7}  {:>7}  {}",
            job.id.0,
            human::date(job.created_at_ms),
            job.state.word(),
            job.total,
            job.done,
            job.failed,
            job.skipped,
            destination(&request(job)?)
        ));
    }
    Ok(Exit::AllDone)
}

/// Where results go, and what is out of the ordinary about the way they came.
fn destination(request: &JobSpec) -> String {
    let dir = request.output().sink.dir.as_ref().map(|dir| dir.display().to_string()).unwrap_or_default();
    match request.network.insecure_hosts.as_slice() {
        [] => dir,
        hosts => format!("{dir}  (certificates not checked: {})", hosts.join(", ")),
    }
}

/// Failures among which an example of each cause is looked for.
const FAILURES_LOOKED_AT: u32 = 2000;

/// All about one job.
pub(super) fn tell(
    reader: &dyn CatalogReader,
    job: &JobRow,
    as_json: bool,
    catalog_option: &str,
) -> Result<Exit, JobError> {
    let failures = reader.failures_by_kind(job.id)?;
    let request = reader.request(job.id)?.unwrap_or_default();
    if as_json {
        let mut value = as_value(job, &request);
        value["failures"] = failures.iter().map(|(kind, count)| (kind.word(), json!(count))).collect();
        say(&value.to_string());
        return Ok(Exit::AllDone);
    }
    say(&format!("Job {}: {}", job.id, job.state));
    say(&format!("  made      {}", human::date(job.created_at_ms)));
    if let Some(end) = job.finished_at_ms {
        say(&format!("  ended     {}", human::date(end)));
    }
    if let Some(dir) = &request.output().sink.dir {
        say(&format!("  to        {}", dir.display()));
    }
    if !request.network.insecure_hosts.is_empty() {
        say(&format!("  trust     certificates are not checked at {}", request.network.insecure_hosts.join(", ")));
    }
    let waiting = job.total.saturating_sub(job.done + job.failed + job.skipped);
    say(&format!(
        "  items     {}: {} done, {} failed, {} skipped, {waiting} waiting",
        job.total, job.done, job.failed, job.skipped
    ));
    say(&format!("  bytes     {} -> {}", human::bytes(job.bytes_in), human::bytes(job.bytes_out)));
    if !failures.is_empty() {
        say("  failures by cause:");
        let examples = reader.failures_after(job.id, 0, FAILURES_LOOKED_AT)?;
        for (kind, count) in &failures {
            let word = kind.word();
            say(&format!(
                "    {count:>8}  {word:<18} retry these: pixloom retry {} --kind {word}{catalog_option}",
                job.id
            ));
            let mut errors = examples.iter().filter_map(|example| example.row.error.as_ref());
            if let Some(example) = errors.find(|error| error.kind == *kind) {
                say(&format!("              e.g. {example}"));
            }
            if *kind == ErrorKind::HttpStatus {
                say(&format!("              {}", statuses(&examples)));
            }
        }
    }
    if let Some((sentence, items)) = reader.declined_links(job.id)? {
        say(&format!("  {}", report::skips(&sentence, items)));
    }
    if matches!(job.state, JobState::Paused | JobState::Queued) {
        say(&format!("  go on with: pixloom resume {}{catalog_option}", job.id));
    }
    Ok(Exit::AllDone)
}

/// `8 x 404, 3 x 503`, of those failures that were looked at.
fn statuses(failures: &[FinishedRow]) -> String {
    let mut counts = BTreeMap::new();
    let of_status = failures.iter().filter_map(|failure| failure.row.error.as_ref());
    for error in of_status.filter(|error| error.kind == ErrorKind::HttpStatus) {
        *counts.entry(error.arg("status")).or_insert(0_u64) += 1;
    }
    let told: Vec<_> = counts.iter().map(|(status, count)| format!("{count} x {status}")).collect();
    let which = if failures.len() < FAILURES_LOOKED_AT as usize { "" } else { "among the first failures " };
    format!("{which}{}", told.join(", "))
}

fn as_value(job: &JobRow, request: &JobSpec) -> serde_json::Value {
    json!({
        "job": job.id, "state": job.state, "created_at": job.created_at_ms, "finished_at": job.finished_at_ms,
        "total": job.total, "done": job.done, "failed": job.failed, "skipped": job.skipped,
        "bytes_in": job.bytes_in, "bytes_out": job.bytes_out, "out": request.output().sink.dir,
        "insecure_hosts": request.network.insecure_hosts,
    })
}
