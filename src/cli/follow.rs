//! Follows a job from its start to its end: a bar or JSON lines, failures as they come, and the exit code.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::query_results;
use super::report::{self, Line};
use super::report_args::ReportArgs;
use super::{Exit, lang, warn};
use crate::engine::{CatalogReader, Command, Counts, Engine, Handle, Notice, Snapshot};
use crate::error::JobError;
use crate::model::{Edge, Event, ItemRow, ItemState, JobId, Message, Progress, Work};

/// Progress is reported at most this often; with the final report that makes at most ten per second.
const EVERY: Duration = Duration::from_millis(125);
/// Steps of the bar, which also moves while a large file is received.
const BAR_STEPS: u64 = 10_000;
/// Finished items read at a time.
const ITEMS: u32 = 500;

/// How a job is followed.
#[derive(Clone, Copy)]
pub(super) struct FollowOptions<'a> {
    /// Whether to print_line where the results are, since no folder was named.
    pub(super) folder: bool,
    /// The option that names the catalog in a next command.
    pub(super) catalog_option: &'a str,
    /// Whether some of the job's items may have finished before this run.
    pub(super) continues: bool,
    /// Whether the final report counts only the items of this run.
    pub(super) sums_this_run: bool,
    /// Whether the result goes to standard output, so that reports must not.
    pub(super) to_stdout: bool,
    /// Whether the job leaves no record, so that it can't be resumed.
    pub(super) leaves_no_record: bool,
    /// Whether a job without any item is a success.
    pub(super) allow_empty: bool,
    /// How the job watches folders, if it does.
    pub(super) watching: Option<Watching>,
}

/// How folders are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Watching {
    /// Until Ctrl+C, which is the normal end.
    UntilStopped,
    /// What is new is taken once.
    Once,
}

impl<'a> FollowOptions<'a> {
    /// The usual options.
    pub(super) fn of(catalog_option: &'a str) -> Self {
        Self {
            folder: false,
            catalog_option,
            continues: false,
            sums_this_run: false,
            to_stdout: false,
            leaves_no_record: false,
            allow_empty: false,
            watching: None,
        }
    }
}

/// How a job ended.
enum End {
    Finished,
    Stopped(JobError),
    Paused,
}

struct Follower<'a> {
    engine: Engine,
    handle: Handle,
    reader: Box<dyn CatalogReader>,
    report: ReportArgs,
    bar: ProgressBar,
    job: Option<JobId>,
    has_started: bool,
    /// Whether a source could not be read completely.
    is_partial: bool,
    options: FollowOptions<'a>,
    /// Number of the last finished item that was reported.
    reported: u64,
    /// Number of the last item that had finished before this run.
    finished_before: u64,
    /// Number of the last ignored file that was reported.
    ignored: u64,
    /// Number of the last refused row that was reported.
    rejected: u64,
    waits_for_database: bool,
    /// Whether the rows of items become one result, so that items have none of their own; `None` until an item is reported.
    combines: Option<bool>,
    last_progress: Option<Progress>,
    started: Instant,
}

/// Sends the command and follows its job to the end.
pub(super) fn follow(
    engine: Engine,
    command: Command,
    job: Option<JobId>,
    report: ReportArgs,
    options: FollowOptions<'_>,
) -> Result<Exit, JobError> {
    follow_job(engine, command, job, report, options).map(|(exit, _)| exit)
}

/// The same, and the number of the job.
pub(super) fn follow_job(
    engine: Engine,
    command: Command,
    job: Option<JobId>,
    report: ReportArgs,
    options: FollowOptions<'_>,
) -> Result<(Exit, Option<JobId>), JobError> {
    let handle = engine.handle();
    let (bell_tx, bell_rx) = bounded(1);
    let interrupted = Arc::new(AtomicBool::new(false));
    let waker_tx = bell_tx.clone();
    handle.on_change(move || {
        let _ = waker_tx.try_send(());
    });
    let flag = Arc::clone(&interrupted);
    // A second Ctrl+C ends the program at once: resuming completes what is half done.
    let _ = ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::AcqRel) {
            std::process::exit(130);
        }
        let _ = bell_tx.try_send(());
    });
    let reader = engine.reader()?;
    let is_watch = options.watching.is_some();
    let continues = options.continues || (is_watch && job.is_some());
    let sums_this_run = options.sums_this_run || is_watch;
    let options = FollowOptions { continues, sums_this_run, ..options };
    let mut follower = Follower {
        engine,
        handle,
        reader,
        report,
        bar: bar(report),
        job,
        has_started: false,
        is_partial: false,
        options,
        reported: 0,
        finished_before: 0,
        ignored: 0,
        rejected: 0,
        waits_for_database: false,
        combines: None,
        last_progress: None,
        started: Instant::now(),
    };
    if let Some(job) = job {
        follower.reported = follower.reader.last_finished(job)?;
        follower.finished_before = follower.reported;
        follower.skip_old_ignored(job)?;
        follower.skip_old_rejections(job)?;
        // The snapshot counts the job that is shown.
        follower.handle.send(Command::Show(job));
    }
    if follower.handle.send(command).is_none() {
        return Err(JobError::Machine(Message::new("engine_ended")));
    }
    follower.until_end(&bell_rx, &interrupted)
}

/// A bar on standard error, if that is a terminal.
fn bar(report: ReportArgs) -> ProgressBar {
    let target = if report.is_json() || report.quiet || !io::stderr().is_terminal() {
        ProgressDrawTarget::hidden()
    } else {
        ProgressDrawTarget::stderr_with_hz(10)
    };
    let bar = ProgressBar::with_draw_target(None, target);
    if let Ok(style) = ProgressStyle::with_template("[{bar:28}] {msg}") {
        bar.set_style(style.progress_chars("=>."));
    }
    bar
}

impl Follower<'_> {
    fn until_end(
        mut self,
        bell_rx: &Receiver<()>,
        interrupted: &AtomicBool,
    ) -> Result<(Exit, Option<JobId>), JobError> {
        let mut last_report = Instant::now();
        let mut seen_event = 0;
        loop {
            let _ = bell_rx.recv_timeout(EVERY);
            if interrupted.load(Ordering::Acquire) {
                let job = self.job;
                return self.interrupted().map(|exit| (exit, job));
            }
            let snapshot = self.handle.snapshot();
            let events: Vec<Event> =
                snapshot.events.iter().filter(|event| event.sequence > seen_event).cloned().collect();
            let mut end = None;
            for event in events {
                self.report_missed(event.sequence - seen_event - 1);
                seen_event = event.sequence;
                end = self.take_event(event, &snapshot).or(end);
            }
            if let (None, 0, Some(Notice::Failed(reason))) = (&end, seen_event, &snapshot.notice) {
                end = Some(End::Stopped(reason.clone()));
            }
            if last_report.elapsed() >= EVERY {
                last_report = Instant::now();
                self.report_progress(&snapshot)?;
            }
            if let Some(end) = end {
                let job = self.job;
                return self.finish(end, &snapshot).map(|exit| (exit, job));
            }
        }
    }

    /// Events that were replaced before they could be read can only be failures and remarks of many sources.
    fn report_missed(&mut self, missed: u64) {
        if missed > 0 {
            self.is_partial = true;
            self.warn(&Message::new("missed_messages").count("count", missed).text(lang()));
        }
    }

    fn take_event(&mut self, event: Event, snapshot: &Snapshot) -> Option<End> {
        self.job = self.job.or(event.job);
        if !self.has_started
            && !matches!(event.edge, Edge::Stopped { .. })
            && let (Some(job), Some(view)) = (self.job, &snapshot.current)
        {
            self.has_started = true;
            self.emit(&Line::started(job, &view.progress));
            if self.options.watching == Some(Watching::UntilStopped) && !self.report.is_json() {
                self.note(lang().word("watch_begins"));
            }
        }
        match event.edge {
            Edge::SourceFailed { error } => {
                self.is_partial = true;
                self.warn(&error.text(lang()));
                self.emit(&Line::source_failed(&error));
                None
            }
            Edge::SourceRemark { remark } => {
                self.note(&remark.text(lang()));
                None
            }
            Edge::NetworkGone => {
                self.note(lang().word("network_gone_waiting"));
                None
            }
            Edge::NetworkBack => {
                self.note(lang().word("network_back"));
                None
            }
            Edge::Finished => Some(End::Finished),
            Edge::Stopped { reason } | Edge::Halted { reason } => Some(End::Stopped(reason)),
            Edge::Cancelled | Edge::Paused => Some(End::Paused),
            Edge::Started | Edge::Counted { .. } => None,
        }
    }

    fn report_progress(&mut self, snapshot: &Snapshot) -> Result<(), JobError> {
        let (Some(job), Some(view)) = (self.job, &snapshot.current) else { return Ok(()) };
        self.report_finished(job)?;
        self.report_ignored(job)?;
        self.report_rejections(job)?;
        let progress = view.progress;
        if progress.waits_for_database != self.waits_for_database {
            self.waits_for_database = progress.waits_for_database;
            let id = if self.waits_for_database { "database_lost_waiting" } else { "database_back" };
            self.note(lang().word(id));
        }
        self.bar.set_message(report::beside_bar(&progress, lang()));
        self.bar.set_length(BAR_STEPS);
        self.bar.set_position((f64::from(progress.fraction()) * BAR_STEPS as f64) as u64);
        let counts = |p: &Progress| (p.done, p.failed, p.skipped, p.total, p.total_is_final, p.bytes_in, p.bytes_out);
        if self.last_progress.as_ref().map(counts) != Some(counts(&progress)) {
            self.emit(&Line::progress(job, &progress));
            self.last_progress = Some(progress);
        }
        Ok(())
    }

    /// Reports the items that have finished since the last time: failures, or all if they are wanted.
    fn report_finished(&mut self, job: JobId) -> Result<(), JobError> {
        let all = self.report.has_json_items() || (self.report.verbose && !self.report.is_json());
        loop {
            let up_to = self.reader.last_finished(job)?;
            let mut rows = match (all, self.report.is_json()) {
                (true, _) => self.reader.finished_after(job, self.reported, ITEMS)?,
                (false, true) => self.reader.notable_after(job, self.reported, up_to, ITEMS)?,
                (false, false) => self.reader.failures_after(job, self.reported, ITEMS)?,
            };
            if all && self.combines(job)? {
                // Their files are removed once they are part of the result.
                rows.iter_mut().for_each(|found| (found.row.output, found.row.output_hash) = (None, None));
            }
            rows.iter().for_each(|finished| self.report_item(&finished.row));
            if rows.len() < ITEMS as usize {
                // Everything up to here was looked at, even if there was nothing to report.
                self.reported = rows.last().map_or(up_to, |last| last.number.max(up_to));
                return Ok(());
            }
            self.reported = rows.last().map_or(self.reported, |last| last.number);
        }
    }

    /// Names the files that sources have left out since the last time.
    fn report_ignored(&mut self, job: JobId) -> Result<(), JobError> {
        if !self.report.is_json() && !self.report.verbose {
            return Ok(());
        }
        loop {
            let rows = self.reader.ignored_after(job, self.ignored, ITEMS)?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            self.ignored = *last;
            for (_, ignored) in &rows {
                if self.report.is_json() {
                    self.emit(&Line::ignored(ignored));
                } else {
                    self.note(&report::ignored(ignored, lang()));
                }
            }
        }
    }

    /// Names the rows that the database has refused since the last time.
    fn report_rejections(&mut self, job: JobId) -> Result<(), JobError> {
        loop {
            let rows = self.reader.rejections_after(job, self.rejected, ITEMS)?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            self.rejected = *last;
            for (_, rejection) in &rows {
                if self.report.is_json() {
                    self.emit(&Line::rejected(rejection));
                } else {
                    self.warn(&report::rejected(rejection, lang()));
                }
            }
        }
    }

    fn skip_old_rejections(&mut self, job: JobId) -> Result<(), JobError> {
        while let Some((last, _)) = self.reader.rejections_after(job, self.rejected, ITEMS)?.last() {
            self.rejected = *last;
        }
        Ok(())
    }

    fn skip_old_ignored(&mut self, job: JobId) -> Result<(), JobError> {
        while let Some((last, _)) = self.reader.ignored_after(job, self.ignored, ITEMS)?.last() {
            self.ignored = *last;
        }
        Ok(())
    }

    fn combines(&mut self, job: JobId) -> Result<bool, JobError> {
        if let Some(known) = self.combines {
            return Ok(known);
        }
        let query = self.reader.request(job)?.and_then(|request| request.query);
        let combines = query.is_some_and(|query| query.keeps_parts());
        self.combines = Some(combines);
        Ok(combines)
    }

    fn report_item(&self, row: &ItemRow) {
        if row.state == ItemState::Failed {
            self.emit(&Line::failed(row));
            if let (false, Some(error)) = (self.report.is_json(), &row.error) {
                self.warn(&error.text(lang()));
            }
        } else if self.report.verbose && !self.report.is_json() {
            if self.options.to_stdout && row.output.is_some() {
                let output = Some(lang().word("standard_output").to_owned());
                self.print(&report::item(&ItemRow { output, ..row.clone() }, lang()));
            } else {
                self.print(&report::item(row, lang()));
            }
        }
        if self.report.has_json_items() {
            let outputs = self.reader.outputs(row.id).unwrap_or_default();
            self.emit(&Line::item(row, &outputs));
        }
        row.remarks.iter().for_each(|remark| self.emit(&Line::remark(row, remark)));
    }

    fn emit(&self, line: &Line) {
        if self.report.is_json() {
            super::print_line(&line.text());
        }
    }

    /// Prints a line for people.
    fn print(&self, line: &str) {
        let line = super::without_control_characters(line);
        self.bar.suspend(|| if self.options.to_stdout { warn(&line) } else { super::print_line(&line) });
    }

    /// Something that is good to know, but stops nothing.
    fn note(&self, message: &str) {
        if !self.report.quiet {
            self.warn(message);
        }
    }

    fn warn(&self, message: &str) {
        self.bar.suspend(|| warn(message));
    }

    /// The final report: failures not reported yet, the counts, and the exit code.
    fn finish(mut self, end: End, snapshot: &Snapshot) -> Result<Exit, JobError> {
        let (Some(job), true) = (self.job, self.has_started) else {
            let End::Stopped(reason) = &end else { return Ok(Exit::Stopped) };
            self.warn(&reason.text(lang()));
            return Ok(if reason.is_usage() { Exit::Usage } else { Exit::Stopped });
        };
        self.report_progress(snapshot)?;
        let mut progress = self.report_end(job, snapshot)?;
        if self.options.watching.is_some() {
            // What failed before was reported then.
            let counts = self.reader.finished_counts(job, self.finished_before)?;
            (progress.total, progress.failed) = (counts.done + counts.failed + counts.skipped, counts.failed);
        }
        let may_be_empty = self.options.allow_empty || self.options.watching.is_some();
        Ok(match end {
            End::Finished if self.is_partial && progress.total == 0 => Exit::Stopped,
            End::Finished if progress.total == 0 && !may_be_empty => {
                self.warn(lang().word("nothing_found"));
                Exit::SomeFailed
            }
            End::Finished if self.is_partial || progress.failed + progress.rejected() > 0 => Exit::SomeFailed,
            End::Finished => Exit::AllDone,
            End::Stopped(reason) => {
                let resume = Message::new("resume_with").with("command", self.resume_command(job));
                let reason = reason.text(lang());
                if self.options.leaves_no_record {
                    self.warn(&reason);
                } else {
                    self.warn(&format!("{reason} {}", resume.text(lang())));
                }
                Exit::Stopped
            }
            End::Paused => Exit::Stopped,
        })
    }

    fn resume_command(&self, job: JobId) -> String {
        format!("pixloom resume {job}{}", self.options.catalog_option)
    }

    /// The last line, and its counts.
    fn report_end(&self, job: JobId, snapshot: &Snapshot) -> Result<Progress, JobError> {
        self.bar.finish_and_clear();
        let seconds = self.started.elapsed().as_secs_f64();
        let progress = self.final_counts(job, snapshot)?;
        let FollowOptions { continues, sums_this_run, .. } = self.options;
        let this_run = continues.then(|| self.reader.finished_counts(job, self.finished_before)).transpose()?;
        self.emit(&Line::finished(job, &progress, seconds, this_run.as_ref(), sums_this_run));
        if !self.report.is_json() && !self.report.quiet {
            match this_run.as_ref().filter(|_| sums_this_run) {
                Some(counts) => self.print_counts(job, counts, &progress, seconds),
                None if self.is_query(job)? => {
                    let rows = query_results::rows(self.reader.as_ref(), job)?;
                    self.print(&report::query_summary(&progress, rows, seconds, lang()));
                }
                None => self.print(&report::summary(&progress, seconds, lang())),
            }
            if let Some(level) = progress.write_back {
                self.print(&report::written_rows(&level.counts, lang()));
            }
            if self.options.folder
                && progress.done > 0
                && let Some(request) = self.reader.request(job)?
                && let Some(dir) = &request.output().sink.dir
            {
                super::print_line(&Message::new("results_in").with("folder", dir.display()).text(lang()));
            }
            if progress.skipped > 0
                && let Some((sentence, items)) = self.reader.declined_links(job)?
            {
                self.warn(&report::skips(&sentence, items, lang()));
            }
        }
        Ok(progress)
    }

    fn is_query(&self, job: JobId) -> Result<bool, JobError> {
        Ok(self.reader.request(job)?.is_some_and(|request| request.work == Work::Query))
    }

    /// The summary of this run alone, and how many items of the job have still failed otherwise.
    fn print_counts(&self, job: JobId, counts: &Counts, progress: &Progress, seconds: f64) {
        let this_run = Progress {
            done: counts.done,
            failed: counts.failed,
            skipped: counts.skipped,
            bytes_in: counts.bytes_in,
            bytes_out: counts.bytes_out,
            ..Progress::default()
        };
        self.print(&report::summary(&this_run, seconds, lang()));
        let others = progress.failed.saturating_sub(counts.failed);
        if others > 0 {
            let message = Message::new("others_failed").count("count", others).with("job", job);
            self.warn(&message.text(lang()));
        }
    }

    fn final_counts(&self, job: JobId, snapshot: &Snapshot) -> Result<Progress, JobError> {
        let row = self.reader.job(job)?;
        let mut progress = snapshot.current.as_ref().map(|view| view.progress).unwrap_or_default();
        if let Some(row) = row {
            (progress.total, progress.done, progress.failed, progress.skipped) =
                (row.total, row.done, row.failed, row.skipped);
            (progress.bytes_in, progress.bytes_out) = (row.bytes_in, row.bytes_out);
        }
        progress.write_back = self.reader.write_back(job)?;
        Ok(progress)
    }

    /// Ctrl+C: pending work is cancelled, the rest is kept for a resume.
    fn interrupted(mut self) -> Result<Exit, JobError> {
        self.bar.finish_and_clear();
        self.engine.stop();
        let snapshot = self.handle.snapshot();
        let job = self.job.or_else(|| snapshot.events.iter().find_map(|event| event.job));
        if let Some(job) = job {
            self.report_finished(job)?;
            self.report_end(job, &snapshot)?;
            if self.options.watching == Some(Watching::UntilStopped) {
                let again = Message::new("watch_stopped").with("command", self.resume_command(job));
                self.note(&again.text(lang()));
            } else if !self.options.leaves_no_record {
                let resume = Message::new("interrupted").with("command", self.resume_command(job));
                self.warn(&resume.text(lang()));
            }
        }
        let is_usual_end = self.options.watching == Some(Watching::UntilStopped);
        Ok(if is_usual_end { Exit::AllDone } else { Exit::Interrupted })
    }
}
