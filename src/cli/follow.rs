//! Follows a job from its start to its end: a bar or JSON lines, failures as they come, and the exit code.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::ReportArgs;
use super::report::{self, Line};
use super::{Exit, warn};
use crate::engine::{CatalogReader, Command, Engine, Handle, Notice, Snapshot};
use crate::error::JobError;
use crate::model::{Edge, Event, JobId, Message, Progress};

/// Progress is told at most this often; with the last words that makes at most ten a second.
const EVERY: Duration = Duration::from_millis(125);
/// Failures read at once.
const FAILURES: u32 = 500;

/// What is told beside the job itself.
#[derive(Clone, Copy)]
pub(super) struct FollowOptions<'a> {
    /// Where results are: nobody named that folder.
    pub(super) folder: bool,
    /// How a next command names the catalog.
    pub(super) catalog_option: &'a str,
}

/// How a job ended.
enum End {
    Finished,
    Stopped(String),
    Paused,
}

struct Follower<'a> {
    engine: Engine,
    handle: Handle,
    reader: Box<dyn CatalogReader>,
    json: bool,
    bar: ProgressBar,
    job: Option<JobId>,
    has_started: bool,
    /// Whether a source could not be read, wholly or in part.
    is_partial: bool,
    beside: FollowOptions<'a>,
    /// Number of the last failure that was told.
    told: u64,
    last_progress: Option<Progress>,
    started: Instant,
}

/// Sends the command and follows its job to the end.
pub(super) fn follow(
    engine: Engine,
    command: Command,
    job: Option<JobId>,
    report: ReportArgs,
    beside: FollowOptions<'_>,
) -> Result<Exit, JobError> {
    let handle = engine.handle();
    let (bell_tx, bell_rx) = bounded(1);
    let interrupted = Arc::new(AtomicBool::new(false));
    let waker_tx = bell_tx.clone();
    handle.on_change(move || {
        let _ = waker_tx.try_send(());
    });
    let flag = Arc::clone(&interrupted);
    // A second Ctrl+C ends the program as it is: a resume mends what is half done.
    let _ = ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::AcqRel) {
            std::process::exit(130);
        }
        let _ = bell_tx.try_send(());
    });
    let reader = engine.reader()?;
    let mut follower = Follower {
        engine,
        handle,
        reader,
        json: report.json,
        bar: bar(report.json),
        job,
        has_started: false,
        is_partial: false,
        beside,
        told: 0,
        last_progress: None,
        started: Instant::now(),
    };
    if let Some(job) = job {
        follower.pass_over_old_failures(job)?;
        // Levels are those of the job that is listed.
        follower.handle.send(Command::Show(job));
    }
    if follower.handle.send(command).is_none() {
        return Err(JobError::Machine(Message::new("engine_ended", "The engine has ended.")));
    }
    follower.until_end(&bell_rx, &interrupted)
}

/// A bar on standard error, if that is a terminal.
fn bar(json: bool) -> ProgressBar {
    let target = if json || !io::stderr().is_terminal() {
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
    fn until_end(mut self, bell_rx: &Receiver<()>, interrupted: &AtomicBool) -> Result<Exit, JobError> {
        let mut last_told = Instant::now();
        let mut seen_event = 0;
        loop {
            let _ = bell_rx.recv_timeout(EVERY);
            if interrupted.load(Ordering::Acquire) {
                return self.interrupted();
            }
            let snapshot = self.handle.snapshot();
            let events: Vec<Event> =
                snapshot.events.iter().filter(|event| event.sequence > seen_event).cloned().collect();
            let mut end = None;
            for event in events {
                self.tell_missed(event.sequence - seen_event - 1);
                seen_event = event.sequence;
                end = self.take_event(event, &snapshot).or(end);
            }
            if let (None, 0, Some(Notice::RunError(reason))) = (&end, seen_event, &snapshot.notice) {
                end = Some(End::Stopped(reason.to_string()));
            }
            if last_told.elapsed() >= EVERY {
                last_told = Instant::now();
                self.tell_progress(&snapshot)?;
            }
            if let Some(end) = end {
                return self.finish(end, &snapshot);
            }
        }
    }

    /// Events that were replaced before they could be read can only be troubles and remarks of many sources.
    fn tell_missed(&mut self, missed: u64) {
        if missed > 0 {
            self.is_partial = true;
            self.warn(&format!("{missed} more messages about sources came too fast to be shown."));
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
        }
        match event.edge {
            Edge::SourceFailed { error } => {
                self.is_partial = true;
                self.warn(&error.to_string());
                None
            }
            Edge::SourceRemark { remark } => {
                self.warn(&remark.to_string());
                None
            }
            Edge::NetworkGone => {
                self.warn("The network is gone; waiting for it.");
                None
            }
            Edge::NetworkBack => {
                self.warn("The network is back.");
                None
            }
            Edge::Finished => Some(End::Finished),
            Edge::Stopped { reason } | Edge::Halted { reason } => Some(End::Stopped(reason.to_string())),
            Edge::Cancelled | Edge::Paused => Some(End::Paused),
            Edge::Started | Edge::Counted { .. } => None,
        }
    }

    fn pass_over_old_failures(&mut self, job: JobId) -> Result<(), JobError> {
        loop {
            let rows = self.reader.failures_after(job, self.told, FAILURES)?;
            match rows.last() {
                Some(last) => self.told = last.number,
                None => return Ok(()),
            }
        }
    }

    fn tell_progress(&mut self, snapshot: &Snapshot) -> Result<(), JobError> {
        let (Some(job), Some(view)) = (self.job, &snapshot.current) else { return Ok(()) };
        self.tell_failures(job)?;
        let progress = view.progress;
        self.bar.set_message(report::beside_bar(&progress));
        self.bar.set_length(progress.total);
        self.bar.set_position(progress.finished());
        let counts = |p: &Progress| (p.done, p.failed, p.skipped, p.total, p.total_is_final, p.bytes_in, p.bytes_out);
        if self.last_progress.as_ref().map(counts) != Some(counts(&progress)) {
            self.emit(&Line::progress(job, &progress));
            self.last_progress = Some(progress);
        }
        Ok(())
    }

    fn tell_failures(&mut self, job: JobId) -> Result<(), JobError> {
        loop {
            let rows = self.reader.failures_after(job, self.told, FAILURES)?;
            let Some(last) = rows.last() else { return Ok(()) };
            self.told = last.number;
            for failure in &rows {
                if self.json {
                    self.emit(&Line::failed(&failure.row));
                } else if let Some(error) = &failure.row.error {
                    self.warn(&error.to_string());
                }
            }
        }
    }

    fn emit(&self, line: &Line) {
        if self.json {
            super::say(&line.text());
        }
    }

    fn warn(&self, message: &str) {
        self.bar.suspend(|| warn(message));
    }

    /// The last words: failures not told yet, the final counts, and the exit code.
    fn finish(mut self, end: End, snapshot: &Snapshot) -> Result<Exit, JobError> {
        let (Some(job), true) = (self.job, self.has_started) else {
            if let End::Stopped(reason) = &end {
                self.warn(reason);
            }
            return Ok(Exit::Stopped);
        };
        self.tell_progress(snapshot)?;
        let progress = self.tell_end(job, snapshot)?;
        Ok(match end {
            End::Finished if self.is_partial && progress.total == 0 => Exit::Stopped,
            End::Finished if self.is_partial || progress.failed > 0 => Exit::SomeFailed,
            End::Finished => Exit::AllDone,
            End::Stopped(reason) => {
                self.warn(&format!("{reason} Go on with: {}", self.resume_command(job)));
                Exit::Stopped
            }
            End::Paused => Exit::Stopped,
        })
    }

    fn resume_command(&self, job: JobId) -> String {
        format!("pixloom resume {job}{}", self.beside.catalog_option)
    }

    /// The last line, and what it counts.
    fn tell_end(&self, job: JobId, snapshot: &Snapshot) -> Result<Progress, JobError> {
        self.bar.finish_and_clear();
        let seconds = self.started.elapsed().as_secs_f64();
        let progress = self.final_counts(job, snapshot)?;
        self.emit(&Line::finished(job, &progress, seconds));
        if !self.json {
            super::say(&report::summary(&progress, seconds));
            if self.beside.folder
                && progress.done > 0
                && let Some(request) = self.reader.request(job)?
                && let Some(dir) = &request.output().sink.dir
            {
                super::say(&format!("Results are in {}.", dir.display()));
            }
            if progress.skipped > 0
                && let Some((sentence, items)) = self.reader.declined_links(job)?
            {
                self.warn(&report::skips(&sentence, items));
            }
        }
        Ok(progress)
    }

    fn final_counts(&self, job: JobId, snapshot: &Snapshot) -> Result<Progress, JobError> {
        let row = self.reader.job(job)?;
        let mut progress = snapshot.current.as_ref().map(|view| view.progress).unwrap_or_default();
        if let Some(row) = row {
            (progress.total, progress.done, progress.failed, progress.skipped) =
                (row.total, row.done, row.failed, row.skipped);
            (progress.bytes_in, progress.bytes_out) = (row.bytes_in, row.bytes_out);
        }
        Ok(progress)
    }

    /// Ctrl+C: what is in flight is given up, the rest is kept for a resume.
    fn interrupted(mut self) -> Result<Exit, JobError> {
        self.bar.finish_and_clear();
        self.engine.stop();
        let snapshot = self.handle.snapshot();
        let job = self.job.or_else(|| snapshot.events.iter().find_map(|event| event.job));
        if let Some(job) = job {
            self.tell_failures(job)?;
            self.tell_end(job, &snapshot)?;
            self.warn(&format!("Interrupted. Go on with: {}", self.resume_command(job)));
        }
        Ok(Exit::Interrupted)
    }
}
