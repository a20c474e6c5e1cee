//! The history of jobs: finding and deleting them, and the command line of one.

use std::path::Path;

use serde_json::json;

use super::args::{JobsArgs, RunArgs, WatchArgs, WhichJobs};
use super::command_line::CommandLine;
use super::query_args::QueryArgs;
use super::{Exit, defaults, lang, print_line, warn};
use crate::engine::{self, CatalogReader, JobCommand, JobFilter, PruneRequest, Pruned};
use crate::error::JobError;
use crate::model::{JobId, JobSpec, JobState, Message, human};

/// Free bytes of a catalog that are mentioned: less is left in any case.
const WORTH_SAYING: u64 = 1 << 20;

/// The jobs that are meant, newest first; without a filter that includes drafts.
pub(super) fn find(
    reader: &dyn CatalogReader,
    which: &WhichJobs,
    ended_before_ms: Option<i64>,
) -> Result<Vec<JobId>, JobError> {
    let mut states = which.states();
    if !which.is_given() {
        states = JobState::ALL.to_vec();
    }
    let filter = JobFilter { ended_before_ms, ..filter(which, &states) };
    Ok(reader.find_jobs(&filter, &|| false)?.unwrap_or_default())
}

fn filter<'a>(which: &'a WhichJobs, states: &'a [JobState]) -> JobFilter<'a> {
    JobFilter {
        states,
        has_failures: which.has_failures(),
        from_ms: which.since,
        until_ms: which.until,
        ended_before_ms: None,
        text: which.search.as_deref().unwrap_or_default(),
        ops: &[],
    }
}

/// The command line that repeats a request in a catalog.
pub fn command_of(spec: &JobSpec, catalog_path: &Path) -> Result<JobCommand, JobError> {
    let line = line_of(spec, catalog_path);
    Ok(JobCommand { text: line.text(), remarks: line.remarks })
}

/// The arguments that repeat a request in a catalog.
fn line_of(spec: &JobSpec, catalog_path: &Path) -> CommandLine {
    let mut line = match &spec.query {
        Some(query) => QueryArgs::of_spec(spec, query),
        None if spec.watch => WatchArgs::of_spec(spec),
        None => RunArgs::of_spec(spec),
    };
    if engine::default_catalog_path().ok().as_deref() != Some(catalog_path) {
        let path = std::path::absolute(catalog_path);
        line.value("--catalog", path.as_deref().unwrap_or(catalog_path));
    }
    // They would change the job.
    line.flag("--no-config", spec.query.is_none() && !defaults::is_off() && defaults::change_jobs());
    line
}

/// Prints the command line that repeats a job; what it does not say goes to standard error.
pub(super) fn command(
    reader: &dyn CatalogReader,
    job: JobId,
    as_json: bool,
    catalog_path: &Path,
) -> Result<Exit, JobError> {
    let again = engine::repeatable(reader, job)?;
    let line = line_of(&again.spec, catalog_path);
    let remarks: Vec<&Message> = line.remarks.iter().chain(&again.remarks).collect();
    if as_json {
        let arguments: Vec<_> = line.words.iter().map(|word| word.to_string_lossy()).collect();
        let folder = line.folder.as_ref().map(|folder| folder.to_string_lossy());
        let remarks: Vec<String> = remarks.iter().map(ToString::to_string).collect();
        print_line(
            &json!({ "job": job, "command": line.text(), "arguments": arguments, "folder": folder, "remarks": remarks })
                .to_string(),
        );
        return Ok(Exit::AllDone);
    }
    remarks.iter().for_each(|remark| warn(&remark.text(lang())));
    print_line(&line.text());
    Ok(Exit::AllDone)
}

/// Deletes jobs from the history, or says which it would delete.
pub(super) fn prune(args: &JobsArgs, catalog_path: &Path) -> Result<Exit, JobError> {
    if args.older_than.is_none() && args.keep.is_none() && !args.which.is_given() {
        return Err(JobError::Refused(Message::new("prune_needs")));
    }
    let states = args.which.states();
    if states.contains(&JobState::Running) {
        return Err(JobError::Refused(Message::new("prune_running")));
    }
    let age_ms = args.older_than.and_then(|seconds| i64::try_from(seconds * 1000).ok());
    let ended_before_ms = age_ms.map(|age_ms| jiff::Timestamp::now().as_millisecond() - age_ms);
    let filter = JobFilter { ended_before_ms, ..filter(&args.which, &states) };
    let request = PruneRequest { filter, keep: args.keep.unwrap_or(0) };
    let pruned = if args.dry_run {
        let reader = engine::history(catalog_path)?;
        reader.map(|reader| engine::prune_plan(reader.as_ref(), &request)).transpose()?.unwrap_or_default()
    } else {
        engine::prune(catalog_path, &request)?
    };
    report(&pruned, args);
    Ok(Exit::AllDone)
}

fn report(pruned: &Pruned, args: &JobsArgs) {
    let Pruned { jobs, items, bytes, in_use, free_bytes } = *pruned;
    if args.json {
        print_line(
            &json!({
                "event": "pruned", "dry_run": args.dry_run, "jobs": jobs, "items": items, "bytes": bytes,
                "in_use": in_use, "free_bytes": free_bytes,
            })
            .to_string(),
        );
        return;
    }
    let id = if args.dry_run { "prune_plan" } else { "pruned" };
    let message = Message::new(id).count("jobs", jobs).count("items", items).with("bytes", human::bytes(bytes));
    print_line(&message.text(lang()));
    if in_use > 0 {
        print_line(&Message::new("prune_in_use").count("count", in_use).text(lang()));
    }
    if jobs > 0 && free_bytes >= WORTH_SAYING {
        print_line(&Message::new("prune_free").with("bytes", human::bytes(free_bytes)).text(lang()));
    }
}
