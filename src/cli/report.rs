//! Reports of the command line: JSON lines for programs, sentences for people.

use std::fmt::Write;

use serde::Serialize;

use crate::db::Value;
use crate::engine::{Counts, DryRun, PlannedItem, PlannedOutput, PreviewValue, WriteBackPreview};
use crate::error::JobError;
use crate::model::human::{bytes, rate, span};
use crate::model::{
    Ignored, IgnoredReason, ItemOutput, ItemRow, ItemState, JobId, Lang, Locator, Message, PageNumber, Progress,
    Rejection, Remark, SkipReason, WriteBackCounts, WriteBackLevel, human, locator,
};

/// A JSON line; its keys and their order are a contract.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Line {
    /// First; `total` is null until the sources have ended.
    Started { job: JobId, total: Option<u64> },
    /// At most ten a second.
    Progress { job: JobId, done: u64, failed: u64, skipped: u64, total: Option<u64>, bytes_in: u64, bytes_out: u64 },
    /// One for each failure, in the order of finishing; without an item for a folder or a list that can't be read.
    Failed {
        item: Option<u64>,
        locator: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        page: Option<u16>,
        kind: String,
        message: String,
    },
    /// One for each file that a source left out.
    Ignored { path: String, reason: &'static str },
    /// One for each remark about an item, in the order of finishing.
    Remark {
        item: u64,
        locator: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        page: Option<u16>,
        remark: String,
        message: String,
    },
    /// One for each finished item, in the order of finishing. The first seven keys describe the result.
    Item {
        item: u64,
        state: ItemState,
        output: Option<String>,
        bytes: Option<u64>,
        width: Option<u32>,
        height: Option<u32>,
        hash: Option<String>,
        locator: String,
        /// The page of its document, from 1, if pages are items.
        #[serde(skip_serializing_if = "Option::is_none")]
        page: Option<u16>,
        input_bytes: Option<u64>,
        input_width: Option<u32>,
        input_height: Option<u32>,
        input_hash: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'static str>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        remarks: Vec<String>,
        /// Its outputs, if they have names.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        outputs: Vec<OutputLine>,
    },
    /// Last.
    Finished {
        job: JobId,
        done: u64,
        failed: u64,
        skipped: u64,
        seconds: f64,
        /// Of a resume or retry, the items that it processed itself. For a retry they are those above.
        #[serde(skip_serializing_if = "Option::is_none")]
        this_run: Option<Sums>,
        /// Of a resume or retry, all items of the job.
        #[serde(skip_serializing_if = "Option::is_none")]
        whole_job: Option<Sums>,
        /// Rows of the whole job that were written back.
        #[serde(flatten)]
        write_back: Option<WrittenRows>,
    },
    /// One for each row that a database refused, in the order in which that was recorded.
    Rejected { item: u64, locator: String, key: String, message: String },
    /// The first of a dry run that writes results back.
    WriteBack { database: String, statements: Vec<String> },
    /// The first rows of a dry run that would be written back; null is NULL, or known only after the run.
    PlannedRow { values: serde_json::Map<String, serde_json::Value> },
    /// One for each item of a dry run.
    Planned {
        locator: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        page: Option<u16>,
        output: Option<String>,
        /// The output with fields that only the run will tell.
        #[serde(skip_serializing_if = "Option::is_none")]
        pending_output: Option<String>,
        conflict: bool,
        skipped: bool,
        width: Option<u32>,
        height: Option<u32>,
        /// The texts with fields that would be drawn on it.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        texts: Vec<String>,
        error: Option<String>,
        /// What the result will not have, and other notes.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        remarks: Vec<String>,
        /// The outputs, if they have names.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        outputs: Vec<PlannedOutputLine>,
    },
    /// The last of a dry run.
    Plan {
        items: u64,
        links: u64,
        failing: u64,
        skipped: u64,
        conflicts: u64,
        out_dir: String,
        bytes_in: u64,
        bytes_out: u64,
        seconds: f64,
        memory_bytes: u64,
        free_bytes: Option<u64>,
    },
}

/// Rows that were written back, by what became of them.
#[derive(Clone, Copy, Serialize)]
pub(super) struct WrittenRows {
    matched: u64,
    changed: u64,
    missing: u64,
    rejected: u64,
}

impl From<WriteBackLevel> for WrittenRows {
    fn from(level: WriteBackLevel) -> Self {
        let WriteBackCounts { matched, changed, missing, rejected } = level.counts;
        Self { matched, changed, missing, rejected }
    }
}

/// A named output of an item.
#[derive(Serialize)]
pub(super) struct OutputLine {
    name: String,
    state: ItemState,
    output: Option<String>,
    bytes: u64,
    width: Option<u32>,
    height: Option<u32>,
    hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl OutputLine {
    fn of(output: &ItemOutput) -> Self {
        let ItemOutput { n: _, name, path, bytes, width_px, height_px, hash, state, error } = output.clone();
        Self { name, state, output: path, bytes, width: width_px, height: height_px, hash, error }
    }
}

/// A named output of a dry run.
#[derive(Serialize)]
pub(super) struct PlannedOutputLine {
    name: String,
    output: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_output: Option<String>,
    conflict: bool,
    skipped: bool,
    width: Option<u32>,
    height: Option<u32>,
    error: Option<String>,
}

impl PlannedOutputLine {
    fn of(planned: &PlannedOutput) -> Self {
        let PlannedOutput { name, item } = planned;
        let text = |path: &std::path::PathBuf| path.display().to_string();
        Self {
            name: name.clone(),
            output: item.output.as_ref().map(text),
            pending_output: item.pending_output.as_ref().map(text),
            conflict: item.conflict,
            skipped: item.skipped,
            width: item.size_px.map(|(width, _)| width),
            height: item.size_px.map(|(_, height)| height),
            error: item.error.as_ref().map(ToString::to_string),
        }
    }
}

/// Items by outcome.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Sums {
    done: u64,
    failed: u64,
    skipped: u64,
}

fn page_of(locator: &Locator) -> Option<u16> {
    locator.page().map(PageNumber::number)
}

impl Line {
    pub(super) fn started(job: JobId, progress: &Progress) -> Self {
        Self::Started { job, total: total(progress) }
    }

    pub(super) fn progress(job: JobId, progress: &Progress) -> Self {
        let &Progress { done, failed, skipped, bytes_in, bytes_out, .. } = progress;
        Self::Progress { job, done, failed, skipped, total: total(progress), bytes_in, bytes_out }
    }

    pub(super) fn failed(row: &ItemRow) -> Self {
        let (kind, message) =
            row.error.as_ref().map(|error| (error.kind.word(), error.to_string())).unwrap_or_default();
        let locator = Some(locator::reported(&row.locator));
        Self::Failed { item: Some(row.id.seq), locator, page: page_of(&row.locator), kind, message }
    }

    /// A folder or a list that can't be read; its items are unknown.
    pub(super) fn source_failed(error: &JobError) -> Self {
        let (kind, message) = ("source".to_owned(), error.to_string());
        Self::Failed { item: None, locator: error.source(), page: None, kind, message }
    }

    pub(super) fn ignored(ignored: &Ignored) -> Self {
        Self::Ignored { path: Locator::File(ignored.path.clone()).to_text(), reason: ignored.reason.word() }
    }

    pub(super) fn remark(row: &ItemRow, remark: &Remark) -> Self {
        Self::Remark {
            item: row.id.seq,
            locator: locator::reported(&row.locator),
            page: page_of(&row.locator),
            remark: remark.word(),
            message: remark.to_string(),
        }
    }

    pub(super) fn item(row: &ItemRow, outputs: &[ItemOutput]) -> Self {
        let output = row.output.clone();
        Self::Item {
            item: row.id.seq,
            state: row.state,
            bytes: output.as_ref().map(|_| row.bytes_out),
            output,
            width: row.width_px,
            height: row.height_px,
            hash: row.output_hash.clone(),
            locator: locator::reported(&row.locator),
            page: page_of(&row.locator),
            input_bytes: (row.bytes_in > 0).then_some(row.bytes_in).or(row.size_bytes),
            input_width: row.input_size_px.map(|(width, _)| width),
            input_height: row.input_size_px.map(|(_, height)| height),
            input_hash: row.hash.clone(),
            reason: row.reason.map(SkipReason::word),
            remarks: row.remarks.iter().map(ToString::to_string).collect(),
            outputs: outputs.iter().filter(|output| !output.name.is_empty()).map(OutputLine::of).collect(),
        }
    }

    /// `this_run` is what a resume or retry processed; `is_retry`: the event counts only that.
    pub(super) fn finished(
        job: JobId,
        progress: &Progress,
        seconds: f64,
        this_run: Option<&Counts>,
        is_retry: bool,
    ) -> Self {
        let &Progress { done, failed, skipped, .. } = progress;
        let whole_job = Sums { done, failed, skipped };
        let this_run = this_run.map(|&Counts { done, failed, skipped, .. }| Sums { done, failed, skipped });
        let Sums { done, failed, skipped } = this_run.filter(|_| is_retry).unwrap_or(whole_job);
        let seconds = (seconds * 1000.0).round() / 1000.0;
        let whole_job = this_run.map(|_| whole_job);
        let write_back = progress.write_back.map(WrittenRows::from);
        Self::Finished { job, done, failed, skipped, seconds, this_run, whole_job, write_back }
    }

    pub(super) fn rejected(rejection: &Rejection) -> Self {
        let Rejection { seq, locator, key, message } = rejection.clone();
        Self::Rejected { item: seq, locator: locator::reported_url(&locator), key, message }
    }

    pub(super) fn planned(item: &PlannedItem) -> Self {
        Self::Planned {
            locator: locator::reported(&item.locator),
            page: page_of(&item.locator),
            output: item.output.as_ref().map(|path| path.display().to_string()),
            pending_output: item.pending_output.as_ref().map(|path| path.display().to_string()),
            conflict: item.conflict,
            skipped: item.skipped,
            width: item.size_px.map(|(width, _)| width),
            height: item.size_px.map(|(_, height)| height),
            texts: item.texts.clone(),
            error: item.error.as_ref().map(ToString::to_string),
            remarks: item.remarks.iter().map(ToString::to_string).collect(),
            outputs: item.outputs.iter().map(PlannedOutputLine::of).collect(),
        }
    }

    pub(super) fn plan(plan: &DryRun) -> Self {
        Self::Plan {
            items: plan.items,
            links: plan.links,
            failing: plan.failing,
            skipped: plan.skipped,
            conflicts: plan.conflicts,
            out_dir: plan.out_dir.display().to_string(),
            bytes_in: plan.bytes_in,
            bytes_out: plan.bytes_out,
            seconds: plan.seconds,
            memory_bytes: plan.memory_bytes,
            free_bytes: plan.free_bytes,
        }
    }

    /// The line without its end.
    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// `None` until the sources have ended.
fn total(progress: &Progress) -> Option<u64> {
    progress.total_is_final.then_some(progress.total)
}

/// The text next to the bar: ` 63 %  260 of 412, 3 failed  41/s  4.1 MB/s  0:48 left`.
pub(super) fn beside_bar(progress: &Progress, lang: Lang) -> String {
    let counted =
        |message: Message| message.count("finished", progress.finished()).count("total", progress.total).text(lang);
    let mut text = if progress.total_is_final {
        let percent = (progress.fraction() * 100.0).floor();
        counted(Message::new("bar_of_total").with("percent", format!("{percent:>3}")))
    } else {
        counted(Message::new("bar_so_far"))
    };
    for (number, message) in failed_and_skipped(progress) {
        let _ = write!(text, ", {}", message.count("count", number).text(lang));
    }
    let size = bytes(progress.bytes_per_s as u64);
    if progress.items_per_s > 0.0 {
        let rates = Message::new("bar_rates").with("rate", rate(progress.items_per_s)).with("bytes", size);
        let _ = write!(text, "  {}", rates.text(lang));
    } else if progress.bytes_per_s > 0.0 {
        let _ = write!(text, "  {}", Message::new("bar_bytes_rate").with("bytes", size).text(lang));
    }
    if let Some(left) = progress.seconds_left {
        let _ = write!(text, "  {}", Message::new("bar_left").with("time", human::clock(left)).text(lang));
    }
    text
}

/// The counts that are only mentioned when there are any.
fn failed_and_skipped(progress: &Progress) -> impl Iterator<Item = (u64, Message)> {
    let counts = [(progress.failed, Message::new("failed_count")), (progress.skipped, Message::new("skipped_count"))];
    counts.into_iter().filter(|(number, _)| *number > 0)
}

/// `409 saved, 3 failed, 118 MB -> 11 MB in 1:58`
pub(super) fn summary(progress: &Progress, seconds: f64, lang: Lang) -> String {
    let mut parts = vec![Message::new("saved_count").count("count", progress.done).text(lang)];
    parts.extend(failed_and_skipped(progress).map(|(number, message)| message.count("count", number).text(lang)));
    let sizes = Message::new("summary_sizes")
        .with("before", bytes(progress.bytes_in))
        .with("after", bytes(progress.bytes_out))
        .with("time", duration(seconds, lang));
    parts.push(sizes.text(lang));
    parts.join(", ")
}

/// `12 rows written back (9 changed), 1 not found, 2 rejected`
pub(super) fn written_rows(counts: &WriteBackCounts, lang: Lang) -> String {
    let written = Message::new("rows_written").count("count", counts.matched).with("changed", counts.changed);
    let mut parts = vec![written.text(lang)];
    for (number, id) in [(counts.missing, "rows_missing"), (counts.rejected, "rows_rejected")] {
        if number > 0 {
            parts.push(Message::new(id).count("count", number).text(lang));
        }
    }
    parts.join(", ")
}

/// `id=7 was rejected: …`
pub(super) fn rejected(rejection: &Rejection, lang: Lang) -> String {
    let key = if rejection.key.is_empty() { &rejection.locator } else { &rejection.key };
    Message::new("row_rejected").with("key", key).with("detail", &rejection.message).text(lang)
}

/// The lines about where a dry run would write results back.
pub(super) fn statements(preview: &WriteBackPreview, as_json: bool, lang: Lang) -> Vec<String> {
    let WriteBackPreview { database, statements, .. } = preview;
    if as_json {
        let (database, statements) = (database.clone(), statements.clone());
        return vec![Line::WriteBack { database, statements }.text()];
    }
    let title = Message::new("plan_write_back").with("database", database).text(lang);
    let statements = statements.iter().map(|statement| format!("  {statement}"));
    std::iter::once(title).chain(statements).map(|line| super::without_control_characters(&line)).collect()
}

/// A row that a dry run would write back.
pub(super) fn planned_row(row: &[PreviewValue], as_json: bool, lang: Lang) -> String {
    if as_json {
        let value = |value: &Option<Value>| match value {
            Some(Value::Int(number)) => (*number).into(),
            other => other.as_ref().and_then(Value::to_text).into(),
        };
        let values = row.iter().map(|(column, known)| (column.clone(), value(known))).collect();
        return Line::PlannedRow { values }.text();
    }
    let shown = |value: &Option<Value>| match value {
        Some(value) => value.to_text().unwrap_or_else(|| "NULL".to_owned()),
        None => lang.word("plan_unknown").to_owned(),
    };
    let values = row.iter().map(|(column, value)| format!("{column} = {}", shown(value))).collect::<Vec<_>>();
    super::without_control_characters(&format!("  {}", values.join(", ")))
}

/// The same for statements.
pub(super) fn query_summary(progress: &Progress, rows: u64, seconds: f64, lang: Lang) -> String {
    let mut parts = vec![Message::new("query_done").count("count", progress.done).text(lang)];
    parts.extend(failed_and_skipped(progress).map(|(number, message)| message.count("count", number).text(lang)));
    parts.push(Message::new("query_rows").count("count", rows).text(lang));
    parts.push(Message::new("query_time").with("time", duration(seconds, lang)).text(lang));
    parts.join(", ")
}

/// `1:58`; below ten seconds with a tenth of a second.
fn duration(seconds: f64, lang: Lang) -> String {
    if seconds >= 9.95 || lang == Lang::English {
        return span(seconds);
    }
    Message::new("seconds_short").with("seconds", format!("{seconds:.1}")).text(lang)
}

/// `a.jpg -> web/a.webp (1600 x 1067, 120 kB)`, or why it was skipped.
pub(super) fn item(row: &ItemRow, lang: Lang) -> String {
    let name = locator::reported_url(&row.locator.to_string());
    let mut line = match (row.state, &row.output) {
        (ItemState::Skipped, _) => {
            let message = Message::new("item_skipped").with("item", name);
            message.with("reason", reason_word(row.reason, lang)).text(lang)
        }
        (_, None) if matches!(row.locator, Locator::Row(_)) => {
            let rows = Message::new("query_rows").count("count", row.height_px.unwrap_or(0).into());
            format!("{name} ({})", rows.text(lang))
        }
        (_, None) => name,
        (_, Some(output)) if matches!(row.locator, Locator::Row(_)) => {
            let rows = Message::new("query_rows").count("count", row.height_px.unwrap_or(0).into());
            format!("{name} -> {output} ({}, {})", rows.text(lang), bytes(row.bytes_out))
        }
        (_, Some(output)) => {
            let size = row.width_px.zip(row.height_px).map(|(w, h)| format!("{w} x {h}, ")).unwrap_or_default();
            format!("{name} -> {output} ({size}{})", bytes(row.bytes_out))
        }
    };
    for remark in &row.remarks {
        let _ = write!(line, " [{}]", remark.text(lang));
    }
    line
}

/// `Left out notes.txt (not an image)`
pub(super) fn ignored(ignored: &Ignored, lang: Lang) -> String {
    let reason = lang.word(match ignored.reason {
        IgnoredReason::NotAnImage => "ignored_not_an_image",
        IgnoredReason::Hidden => "ignored_hidden",
        IgnoredReason::Result => "ignored_result",
        IgnoredReason::RawPair => "ignored_raw_pair",
    });
    Message::new("file_ignored").with("path", ignored.path.display()).with("reason", reason).text(lang)
}

fn reason_word(reason: Option<SkipReason>, lang: Lang) -> &'static str {
    lang.word(match reason {
        Some(SkipReason::Duplicate) => "skipped_duplicate",
        Some(SkipReason::Unchanged) => "skipped_unchanged",
        Some(SkipReason::Exists) => "skipped_exists",
        Some(SkipReason::Declined) => "skipped_declined",
        Some(SkipReason::Undone) => "skipped_undone",
        Some(SkipReason::Chosen) | None => "skipped_chosen",
    })
}

/// `101 skipped, such as: Didn't fetch …`
pub(super) fn skips(cause: &str, items: u64, lang: Lang) -> String {
    Message::new("skips").count("count", items).with("cause", cause).text(lang)
}

/// One item of a dry run: a line for each of its outputs.
pub(super) fn planned(item: &PlannedItem, lang: Lang) -> Vec<String> {
    if item.outputs.is_empty() {
        return vec![planned_line(item, lang)];
    }
    let lines = item.outputs.iter().map(|output| match &output.item.error {
        Some(error) => {
            let item = PlannedItem { error: Some(error.clone().of_output(&output.name)), ..output.item.clone() };
            planned_line(&item, lang)
        }
        None => planned_line(&output.item, lang),
    });
    lines.collect()
}

fn planned_line(item: &PlannedItem, lang: Lang) -> String {
    let size = item.size_px.map(|(w, h)| format!(" ({w} x {h})")).unwrap_or_default();
    let fate = match (&item.error, &item.output) {
        (Some(error), _) => Message::new("plan_fails").with("error", error.text(lang)).text(lang),
        (None, Some(path)) if item.skipped => Message::new("plan_skipped").with("output", path.display()).text(lang),
        (None, Some(path)) => {
            let note = match (item.conflict, item.replaces) {
                (true, true) => format!(" [{}]", lang.word("plan_replaces")),
                (true, false) => format!(" [{}]", lang.word("plan_renamed")),
                (false, _) => String::new(),
            };
            format!("{}{size}{note}", path.display())
        }
        (None, None) if item.skipped => lang.word("plan_repeats").to_owned(),
        (None, None) => match &item.pending_output {
            Some(path) => format!("{}{size} [{}]", path.display(), lang.word("plan_unnamed")),
            None => format!("{}{size}", lang.word("plan_unnamed")),
        },
    };
    let mut line = format!("{} -> {fate}", item.locator);
    for text in &item.texts {
        let _ = write!(line, " [{}]", Message::new("plan_text").with("text", text).text(lang));
    }
    for remark in &item.remarks {
        let _ = write!(line, " [{}]", remark.text(lang));
    }
    line
}

/// The summary of a dry run.
pub(super) fn plan(plan: &DryRun, lang: Lang) -> String {
    let items = Message::new("plan_items").count("count", plan.items).with("folder", plan.out_dir.display());
    let mut text = items.text(lang);
    for (number, message) in [
        (plan.failing, Message::new("plan_failing")),
        (plan.skipped, Message::new("plan_skips")),
        (plan.conflicts, Message::new("plan_taken")),
    ] {
        if number > 0 {
            let _ = write!(text, ", {}", message.count("count", number).text(lang));
        }
    }
    if plan.bytes_in > 0 {
        let sizes =
            Message::new("plan_sizes").with("before", bytes(plan.bytes_in)).with("after", bytes(plan.bytes_out));
        let _ = write!(text, "\n{}", sizes.text(lang));
        // Bytes that are only copied take no time worth an estimate.
        if plan.seconds > 0.0 {
            let cost = Message::new("plan_cost")
                .with("time", duration(plan.seconds, lang))
                .with("memory", bytes(plan.memory_bytes));
            let _ = write!(text, " {}", cost.text(lang));
        }
    }
    if plan.links > 0 {
        let _ = write!(text, "\n{}", Message::new("plan_links").count("count", plan.links).text(lang));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ItemId, NewItem};

    #[test]
    fn json_lines_have_the_keys_of_the_contract_in_order() {
        let progress = Progress { total: 9, done: 3, failed: 1, bytes_in: 70, bytes_out: 5, ..Progress::default() };
        let counted = Progress { total_is_final: true, ..progress };
        let item = NewItem::new(Locator::parse("https://me:pw@h/a.jpg"));
        let mut row = ItemRow::waiting(ItemId { job: JobId(1), seq: 2 }, item);
        (row.state, row.output) = (ItemState::Done, Some("/out/a.webp".to_owned()));
        (row.bytes_in, row.bytes_out, row.input_size_px) = (70, 5, Some((32, 18)));
        (row.width_px, row.height_px) = (Some(16), Some(9));
        (row.hash, row.output_hash) = (Some("f0".to_owned()), Some("0f".to_owned()));
        row.remarks = vec![Remark::FirstPage { pages: 3 }];
        for (line, text) in [
            (Line::started(JobId(1), &progress), r#"{"event":"started","job":1,"total":null}"#),
            (Line::started(JobId(1), &counted), r#"{"event":"started","job":1,"total":9}"#),
            (
                Line::progress(JobId(1), &counted),
                r#"{"event":"progress","job":1,"done":3,"failed":1,"skipped":0,"total":9,"bytes_in":70,"bytes_out":5}"#,
            ),
            (
                Line::item(&row, &[]),
                concat!(
                    r#"{"event":"item","item":2,"state":"done","output":"/out/a.webp","bytes":5,"width":16,"height":9,"#,
                    r#""hash":"0f","locator":"https://h/a.jpg","input_bytes":70,"input_width":32,"input_height":18,"#,
                    r#""input_hash":"f0","remarks":["Only the first of 3 pages was used."]}"#
                ),
            ),
            (
                Line::remark(&row, &row.remarks[0]),
                concat!(
                    r#"{"event":"remark","item":2,"locator":"https://h/a.jpg","remark":"first_page","#,
                    r#""message":"Only the first of 3 pages was used."}"#
                ),
            ),
            (
                Line::finished(JobId(1), &counted, 1.23456, None, false),
                r#"{"event":"finished","job":1,"done":3,"failed":1,"skipped":0,"seconds":1.235}"#,
            ),
        ] {
            assert_eq!(line.text(), text);
        }
    }

    #[test]
    fn the_bar_and_the_summary_have_counts_rates_and_sizes() {
        let mut progress = Progress {
            total: 412,
            total_is_final: true,
            done: 409,
            failed: 3,
            bytes_in: 118_000_000,
            bytes_out: 11_000_000,
            ..Progress::default()
        };
        assert_eq!(summary(&progress, 118.0, Lang::English), "409 saved, 3 failed, 118 MB -> 11 MB in 1:58");
        progress = Progress { done: 257, items_per_s: 41.0, bytes_per_s: 4.1e6, seconds_left: Some(48.0), ..progress };
        assert_eq!(beside_bar(&progress, Lang::English), " 63 %  260 of 412, 3 failed  41/s  4.1 MB/s  0:48 left");
        progress = Progress { total_is_final: false, seconds_left: None, items_per_s: 0.0, ..progress };
        assert_eq!(beside_bar(&progress, Lang::English), "260 of 412 so far, 3 failed  4.1 MB/s");
        // A large file that has been received by half.
        progress = Progress { total: 1, total_is_final: true, received_items: 0.5, ..Progress::default() };
        assert_eq!(beside_bar(&progress, Lang::English), " 50 %  0 of 1");
    }
}
