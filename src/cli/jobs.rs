//! The jobs of the catalog: a line each, or one in detail.

use std::collections::BTreeMap;

use serde_json::json;
use unicode_width::UnicodeWidthStr as _;

use super::args::JobsArgs;
use super::{Exit, history, lang, print_line, query_results, report};
use crate::engine::{self, CatalogReader, FinishedRow};
use crate::error::{ErrorKind, ItemError, JobError};
use crate::model::{
    JobId, JobRow, JobSpec, JobState, Lang, Message, RemarkSum, RemarkSums, WriteBackCounts, human, locator,
};

/// Items with remarks that are read at once.
const REMARKED_AT_ONCE: u32 = 1000;
/// Items named for each remark.
const REMARKED_SHOWN: usize = 10;
/// The same in JSON.
const REMARKED_IN_JSON: usize = 1000;
/// Refused rows that are shown.
const REJECTIONS_SHOWN: u32 = 10;
/// Failures searched for an example of each cause.
const FAILURES_SEARCHED: u32 = 2000;
/// Columns of the list: the id of the heading, its width in characters, whether it is aligned to the right.
const COLUMNS: [(&str, usize, bool); 8] = [
    ("column-job", 5, true),
    ("column-created", 16, false),
    ("column-state", 10, false),
    ("column-items", 9, true),
    ("column-done", 9, true),
    ("column-failed", 7, true),
    ("column-skipped", 7, true),
    ("column-to", 0, false),
];

/// A line for each job that is meant, newest first.
pub(super) fn list(reader: Option<&dyn CatalogReader>, args: &JobsArgs) -> Result<Exit, JobError> {
    let found = reader.map(|reader| history::find(reader, &args.which, None)).transpose()?.unwrap_or_default();
    let mut jobs = Vec::new();
    for job in found {
        jobs.extend(reader.map(|reader| reader.job(job)).transpose()?.flatten());
    }
    // A draft without items is nothing yet.
    let jobs: Vec<JobRow> = jobs.into_iter().filter(|job| job.state != JobState::Draft || job.total > 0).collect();
    let as_json = args.json;
    let request = |job: &JobRow| -> Result<JobSpec, JobError> {
        let request = reader.map(|reader| reader.request(job.id)).transpose()?;
        Ok(request.flatten().unwrap_or_default())
    };
    if let (true, Some(reader)) = (as_json, reader) {
        for job in &jobs {
            print_line(&as_value(reader, job)?.to_string());
        }
    }
    if as_json {
        return Ok(Exit::AllDone);
    }
    if jobs.is_empty() {
        print_line(lang().word(if args.which.is_given() { "no_jobs_listed" } else { "no_jobs_yet" }));
        return Ok(Exit::AllDone);
    }
    print_line(&line(COLUMNS.map(|(id, ..)| lang().word(id).to_owned())));
    for job in &jobs {
        let request = request(job)?;
        print_line(&line([
            job.id.to_string(),
            human::date(job.created_at_ms),
            state_word(job.state, request.watch).to_owned(),
            job.total.to_string(),
            job.done.to_string(),
            job.failed.to_string(),
            job.skipped.to_string(),
            destination(&request),
        ]));
    }
    Ok(Exit::AllDone)
}

/// Cells in their columns.
fn line(cells: [String; COLUMNS.len()]) -> String {
    let cells = cells.into_iter().zip(COLUMNS).map(|(cell, (_, width, right))| padded(&cell, width, right));
    cells.collect::<Vec<_>>().join("  ")
}

/// A text of that width on a terminal, where Hangul is two columns wide.
fn padded(text: &str, width: usize, right: bool) -> String {
    let space = " ".repeat(width.saturating_sub(text.width()));
    if right { format!("{space}{text}") } else { format!("{text}{space}") }
}

fn state_word(state: JobState, is_watch: bool) -> &'static str {
    lang().word(match state {
        JobState::Draft => "job_state-draft",
        JobState::Queued => "job_state-queued",
        JobState::Running if is_watch => "job_state-watching",
        JobState::Running => "job_state-running",
        JobState::Paused => "job_state-paused",
        JobState::Cancelled => "job_state-cancelled",
        JobState::Done => "job_state-done",
    })
}

/// The output folder, or what a query job has instead.
fn place(request: &JobSpec) -> Option<String> {
    let dir = || request.output().sink.dir.as_ref().map(|dir| dir.display().to_string());
    query_results::destination(request).or_else(dir).filter(|place| !place.is_empty())
}

/// The output folder, and the hosts whose certificates were not checked.
fn destination(request: &JobSpec) -> String {
    let dir = place(request).unwrap_or_default();
    match request.network.insecure_hosts.as_slice() {
        [] => dir,
        hosts => format!("{dir}  ({})", Message::new("unchecked_hosts").with("hosts", hosts.join(", ")).text(lang())),
    }
}

/// One job in detail.
pub(super) fn show(
    reader: &dyn CatalogReader,
    job: &JobRow,
    as_json: bool,
    catalog_option: &str,
) -> Result<Exit, JobError> {
    if as_json {
        let mut value = as_value(reader, job)?;
        value["remarks"] = remarks(reader, job.id, REMARKED_IN_JSON)?.sums().iter().map(remark_value).collect();
        print_line(&value.to_string());
        return Ok(Exit::AllDone);
    }
    let failures = reader.failures_by_kind(job.id)?;
    let request = reader.request(job.id)?.unwrap_or_default();
    let title = Message::new("job_title").with("job", job.id).with("state", state_word(job.state, request.watch));
    print_line(&title.text(lang()));
    let detail =
        |id: &'static str, value: &str| print_line(&format!("  {} {value}", padded(lang().word(id), 9, false)));
    detail("job_created", &human::date(job.created_at_ms));
    if let Some(start) = job.started_at_ms {
        detail("job_began", &human::date(start));
    }
    if let Some(end) = job.finished_at_ms {
        detail("job_ended", &human::date(end));
    }
    let worked_s = job.worked_s(now_ms());
    if worked_s > 0.0 {
        detail("job_ran", &human::span(worked_s));
    }
    if let Some(place) = place(&request) {
        detail("job_to", &place);
    }
    if !request.network.insecure_hosts.is_empty() {
        let hosts = request.network.insecure_hosts.join(", ");
        detail("job_trust", &Message::new("job_trust_unchecked").with("hosts", hosts).text(lang()));
    }
    let counts = Message::new("job_counts")
        .with("total", job.total)
        .with("done", job.done)
        .with("failed", job.failed)
        .with("skipped", job.skipped)
        .with("waiting", job.total.saturating_sub(job.done + job.failed + job.skipped));
    detail("job_items", &counts.text(lang()));
    detail("job_bytes", &format!("{} -> {}", human::bytes(job.bytes_in), human::bytes(job.bytes_out)));
    if let Some(level) = reader.write_back(job.id)? {
        show_written(reader, job.id, &request, &level.counts, catalog_option)?;
    }
    show_failures(reader, job, &failures, catalog_option)?;
    show_remarks(reader, job.id)?;
    if let Some((cause, items)) = reader.declined_links(job.id)? {
        print_line(&format!("  {}", report::skips(&cause, items, lang())));
    }
    if matches!(job.state, JobState::Paused | JobState::Queued | JobState::Cancelled) {
        let command = format!("pixloom resume {}{catalog_option}", job.id);
        print_line(&format!("  {}", Message::new("job_continue").with("command", command).text(lang())));
    }
    Ok(Exit::AllDone)
}

/// The remarks about a job's items.
fn remarks(reader: &dyn CatalogReader, job: JobId, names: usize) -> Result<RemarkSums, JobError> {
    let mut sums = RemarkSums::with_names(names);
    let mut after_seq = 0;
    loop {
        let rows = reader.remarked(job, after_seq, REMARKED_AT_ONCE)?;
        let Some(last) = rows.last() else { return Ok(sums) };
        after_seq = last.id.seq;
        rows.iter().for_each(|row| sums.add(row.id.seq, &row.locator, &row.remarks));
    }
}

/// Each remark, with the items that it is about.
fn show_remarks(reader: &dyn CatalogReader, job: JobId) -> Result<(), JobError> {
    let sums = remarks(reader, job, REMARKED_SHOWN)?;
    if !sums.sums().is_empty() {
        print_line(&format!("  {}", lang().word("job_remarks")));
    }
    for sum in sums.sums() {
        print_line(&format!("    {:>8}  {}", sum.count, sum.message().text(lang())));
        for item in &sum.items {
            let name = locator::reported_url(&item.locator.to_string());
            let details = if sum.differs { format!(": {}", item.remark.text(lang())) } else { String::new() };
            print_line(&format!("              {name}{details}"));
        }
        let more = sum.count - sum.items.len() as u64;
        if more > 0 {
            print_line(&format!(
                "              {}",
                Message::new("job_remarks_more").count("count", more).text(lang())
            ));
        }
    }
    Ok(())
}

fn remark_value(sum: &RemarkSum) -> serde_json::Value {
    let items = sum.items.iter().map(|item| {
        let locator = locator::reported(&item.locator);
        let mut value = json!({ "item": item.seq, "locator": locator, "message": item.remark.to_string() });
        if let Some(page) = item.locator.page() {
            value["page"] = page.number().into();
        }
        value
    });
    json!({
        "remark": sum.remark.word(), "message": sum.message().to_string(), "count": sum.count,
        "items": items.collect::<Vec<_>>(),
    })
}

/// What became of the rows that were written back, and the first ones that were refused.
fn show_written(
    reader: &dyn CatalogReader,
    job: JobId,
    request: &JobSpec,
    counts: &WriteBackCounts,
    catalog_option: &str,
) -> Result<(), JobError> {
    let title = padded(lang().word("job_rows"), 9, false);
    print_line(&format!("  {title} {}", report::written_rows(counts, lang())));
    if let Some(write_back) = &request.write_back {
        print_line(&format!("            {} ({})", write_back.table, write_back.database));
    }
    let rejections = reader.rejections_after(job, 0, REJECTIONS_SHOWN)?;
    for (_, rejection) in &rejections {
        print_line(&format!("    {}", report::rejected(rejection, lang())));
    }
    if !rejections.is_empty() {
        let command = format!("pixloom export {job} --rows rejections --format csv{catalog_option}");
        let retry = format!("pixloom retry {job}{catalog_option}");
        let message = Message::new("job_rejected").with("command", command).with("retry", retry);
        print_line(&format!("    {}", message.text(lang())));
    }
    Ok(())
}

/// Each cause of failure with its number, an example, and the command that retries it.
fn show_failures(
    reader: &dyn CatalogReader,
    job: &JobRow,
    failures: &[(ErrorKind, u64)],
    catalog_option: &str,
) -> Result<(), JobError> {
    if failures.is_empty() {
        return Ok(());
    }
    print_line(&format!("  {}", lang().word("job_failures")));
    let examples = reader.failures_after(job.id, 0, FAILURES_SEARCHED)?;
    for (kind, count) in failures {
        let word = kind.word();
        let shown = match lang() {
            Lang::English => padded(&word, 18, false),
            Lang::Korean => padded(&format!("{} ({word})", kind.name(Lang::Korean)), 36, false),
        };
        let command = format!("pixloom retry {} --kind {word}{catalog_option}", job.id);
        let retry = if helps(*kind, &examples) {
            Message::new("job_retry").with("command", command).text(lang())
        } else {
            lang().word("job_retry_futile").to_owned()
        };
        print_line(&format!("    {count:>8}  {shown} {retry}"));
        let mut errors = examples.iter().filter_map(|example| example.row.error.as_ref());
        if let Some(example) = errors.find(|error| error.kind == *kind) {
            let example = Message::new("job_example").with("error", example.text(lang()));
            print_line(&format!("              {}", example.text(lang())));
        }
        if *kind == ErrorKind::HttpStatus {
            print_line(&format!("              {}", statuses(&examples, job.id, catalog_option)));
        }
    }
    Ok(())
}

/// Whether a retry of the failures of this kind can help: those of local files and of the recipe stay what they are.
fn helps(kind: ErrorKind, failures: &[FinishedRow]) -> bool {
    let mut of_kind =
        failures.iter().filter(|failure| failure.row.error.as_ref().is_some_and(|error| error.kind == kind));
    // Kinds beyond the failures that were searched may be those of links.
    let first = of_kind.next();
    first.into_iter().chain(of_kind).any(|failure| kind.can_change(failure.row.locator.path().is_none()))
        || (first.is_none() && kind.can_change(true))
}

/// Whether a retry of any failure of a job can help.
pub(super) fn can_retry(reader: &dyn CatalogReader, job: JobId) -> Result<bool, JobError> {
    let examples = reader.failures_after(job, 0, FAILURES_SEARCHED)?;
    Ok(reader.failures_by_kind(job)?.iter().any(|(kind, _)| helps(*kind, &examples)))
}

/// `8 x 404, 3 x 503`, of the failures that were searched, and how to retry those that may be temporary, else
/// one of several.
fn statuses(failures: &[FinishedRow], job: JobId, catalog_option: &str) -> String {
    let mut counts = BTreeMap::new();
    let of_status = failures.iter().filter_map(|failure| failure.row.error.as_ref());
    for error in of_status.filter(|error| error.kind == ErrorKind::HttpStatus) {
        *counts.entry(error.arg("status")).or_insert(0_u64) += 1;
    }
    let listed: Vec<String> = counts.iter().map(|(status, count)| format!("{count} x {status}")).collect();
    let mut text = listed.join(", ");
    if failures.len() >= FAILURES_SEARCHED as usize {
        text = Message::new("job_first_statuses").with("statuses", text).text(lang());
    }
    let may_pass = |status: &&str| {
        let error = ItemError::nameless(ErrorKind::HttpStatus).with("status", status);
        error.is_retryable()
    };
    let promising: Vec<&str> = counts.keys().copied().filter(may_pass).collect();
    let promising = match (promising.len(), counts.keys().next_back()) {
        (0, Some(last)) if counts.len() > 1 => vec![*last],
        (some, _) if some > 0 && some < counts.len() => promising,
        _ => return text,
    };
    let command = format!("pixloom retry {job} --status {}{catalog_option}", promising.join(","));
    let retry = Message::new("job_retry_status").with("status", promising.join(", ")).with("command", command);
    format!("{text}; {}", retry.text(lang()))
}

fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// A job as JSON. Its keys are a contract; times are UTC milliseconds, as in the catalog.
fn as_value(reader: &dyn CatalogReader, job: &JobRow) -> Result<serde_json::Value, JobError> {
    let (request, sources) = match reader.summary(job.id)? {
        Some(summary) => (summary.request, summary.sources),
        None => Default::default(),
    };
    let waiting = job.total.saturating_sub(job.done + job.failed + job.skipped);
    let steps: Vec<String> = request.recipe.steps.iter().map(engine::step_to_text).collect();
    let failures = reader.failures_by_kind(job.id)?;
    let outputs = request.outputs.iter().filter(|output| !output.name.is_empty());
    let outputs: Vec<serde_json::Value> = outputs
        .map(|output| {
            let steps: Vec<String> = output.steps.iter().map(engine::step_to_text).collect();
            json!({ "name": output.name, "steps": steps, "save": engine::save_to_text(&output.save) })
        })
        .collect();
    let failures: serde_json::Map<_, _> = failures.iter().map(|(kind, count)| (kind.word(), json!(count))).collect();
    let mut value = json!({
        "job": job.id, "state": job.state, "created_at": job.created_at_ms, "started_at": job.started_at_ms,
        "finished_at": job.finished_at_ms, "seconds": job.worked_s(now_ms()), "total": job.total, "done": job.done, "failed": job.failed, "skipped": job.skipped, "waiting": waiting,
        "bytes_in": job.bytes_in, "bytes_out": job.bytes_out, "out": request.output().sink.dir,
        "sources": sources, "steps": steps, "save": engine::save_to_text(&request.output().save),
        "insecure_hosts": request.network.insecure_hosts, "failures": failures,
    });
    if !outputs.is_empty() {
        value["outputs"] = outputs.into();
    }
    if let Some(level) = reader.write_back(job.id)? {
        let WriteBackCounts { matched, changed, missing, rejected } = level.counts;
        value["write_back"] =
            json!({ "matched": matched, "changed": changed, "missing": missing, "rejected": rejected });
    }
    Ok(value)
}
