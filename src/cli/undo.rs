//! Undo and redo of a job's results.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use super::args::UndoArgs;
use super::{CatalogChoice, Exit, lang, named_job, print_line, warn, without_control_characters};
use crate::engine::{CatalogReader, Command, Engine, UndoKind, UndoTally, UndoView};
use crate::error::JobError;
use crate::model::{JobId, Message, Stay};

/// How often progress is shown.
const EVERY: Duration = Duration::from_millis(125);
/// Files that stay and are read at once.
const STAYED_AT_ONCE: u32 = 500;

pub(super) fn undo(args: &UndoArgs, catalog: &CatalogChoice) -> Result<Exit, JobError> {
    let engine = catalog.engine()?;
    let (reader, row) = named_job(Some(engine.reader()?), args.job)?;
    if reader.is_at_work(row.id) {
        return Err(JobError::Locked(row.id));
    }
    let (kind, command) = match (args.dry_run, args.redo) {
        (true, _) => (UndoKind::Check, Command::CheckUndo(row.id)),
        (false, false) => (UndoKind::Undo, Command::UndoJob(row.id)),
        (false, true) => (UndoKind::Redo, Command::RedoJob(row.id)),
    };
    let counts = reader.undo_counts(row.id)?;
    if args.json {
        let total = if kind == UndoKind::Redo { counts.undone } else { counts.results };
        print_line(&json!({ "event": "started", "job": row.id, "total": total }).to_string());
    }
    let started = Instant::now();
    let view = follow(&engine, command, row.id, args)?;
    let is_complete = match view.end.clone() {
        Some(Err(error)) => return Err(error),
        Some(Ok(is_complete)) => is_complete,
        None => false,
    };
    let report = Report { args, reader: reader.as_ref(), view: &view, catalog_option: &catalog.option };
    let stayed = report.stayed()?;
    if args.json {
        report.finished(started.elapsed().as_secs_f64());
    } else if !args.quiet {
        report.summary(stayed)?;
    }
    if !is_complete {
        warn(lang().word("undo_stopped"));
        return Ok(Exit::Interrupted);
    }
    Ok(if stayed > 0 { Exit::SomeFailed } else { Exit::AllDone })
}

/// Sends the command and waits for its end.
fn follow(engine: &Engine, command: Command, job: JobId, args: &UndoArgs) -> Result<UndoView, JobError> {
    const ENDED: JobError = JobError::Machine(Message::new("engine_ended"));
    let handle = engine.handle();
    let (bell_tx, bell_rx) = bounded(1);
    let interrupted = Arc::new(AtomicBool::new(false));
    let (waker_tx, flag) = (bell_tx.clone(), Arc::clone(&interrupted));
    handle.on_change(move || {
        let _ = waker_tx.try_send(());
    });
    // A second Ctrl+C ends the program at once: the next undo finishes what is half done.
    let _ = ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::AcqRel) {
            std::process::exit(130);
        }
        let _ = bell_tx.try_send(());
    });
    let bar = bar(args);
    let number = handle.send(command).ok_or(ENDED)?;
    let mut has_stopped = false;
    loop {
        let _ = bell_rx.recv_timeout(EVERY);
        if interrupted.load(Ordering::Acquire) && !has_stopped {
            has_stopped = true;
            handle.send(Command::StopUndo).ok_or(ENDED)?;
        }
        let snapshot = handle.snapshot();
        let Some(view) = snapshot.undo.as_ref().filter(|view| view.job == job) else { continue };
        bar.set_length(view.tally.total);
        bar.set_position(view.tally.done);
        if view.end.is_some() && snapshot.commands_included >= number {
            bar.finish_and_clear();
            return Ok(view.clone());
        }
    }
}

/// A bar on standard error, if that is a terminal.
fn bar(args: &UndoArgs) -> ProgressBar {
    let is_hidden = args.json || args.quiet || !io::stderr().is_terminal();
    let target = if is_hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr_with_hz(10) };
    let bar = ProgressBar::with_draw_target(Some(0), target);
    if let Ok(style) = ProgressStyle::with_template("[{bar:28}] {pos}/{len}") {
        bar.set_style(style.progress_chars("=>."));
    }
    bar
}

struct Report<'a> {
    args: &'a UndoArgs,
    reader: &'a dyn CatalogReader,
    view: &'a UndoView,
    catalog_option: &'a str,
}

impl Report<'_> {
    /// Lists the files that stay, with their reasons. Returns how many there are.
    fn stayed(&self) -> Result<u64, JobError> {
        if self.view.kind == UndoKind::Check {
            self.view.examples.iter().for_each(|(path, stay)| self.stays(None, path, stay));
            return Ok(self.view.tally.stayed);
        }
        let (mut after, mut count) = ((0, 0), 0);
        loop {
            let page = self.reader.stayed(self.view.job, after, STAYED_AT_ONCE)?;
            let Some(last) = page.last() else { return Ok(count) };
            after = (last.seq, last.n);
            for file in &page {
                if let Some(stay) = &file.stays {
                    count += 1;
                    // The file of all items of a query job has the number 0.
                    self.stays(Some(file.seq).filter(|seq| *seq > 0), &file.path, stay);
                }
            }
        }
    }

    fn stays(&self, item: Option<u64>, path: &str, stay: &Stay) {
        let message = stay.message(path);
        if self.args.json {
            let message = message.to_string();
            let line = json!({ "event": "stayed", "item": item, "path": path, "reason": stay.reason.word(), "message": message });
            print_line(&line.to_string());
        } else {
            warn(&message.text(lang()));
        }
    }

    /// Whether rows that were written back remain as they are.
    fn rows_stay(&self) -> bool {
        self.view.leaves_rows && self.view.kind != UndoKind::Redo
    }

    fn finished(&self, seconds: f64) {
        let UndoTally { moved, stayed, replaced, lost, folders, .. } = self.view.tally;
        let event = if self.view.kind == UndoKind::Check { "plan" } else { "finished" };
        let line = json!({
            "event": event, "job": self.view.job, "results": moved, "stayed": stayed, "replaced": replaced,
            "lost": lost, "folders": folders, "rows_stay": self.rows_stay(), "seconds": seconds,
        });
        print_line(&line.to_string());
    }

    fn summary(&self, stayed: u64) -> Result<(), JobError> {
        let tally = &self.view.tally;
        let job = self.view.job;
        let say = |message: Message| print_line(&without_control_characters(&message.text(lang())));
        let counted = |id: &'static str, count: u64| {
            if count > 0 {
                say(Message::new(id).count("count", count));
            }
        };
        if tally.moved == 0 && stayed == 0 {
            let is_redo = self.view.kind == UndoKind::Redo;
            say(Message::new(if is_redo { "nothing_to_redo" } else { "nothing_to_undo" }).with("job", job));
        }
        if self.rows_stay() {
            print_line(lang().word("undo_rows_stay"));
        }
        match self.view.kind {
            UndoKind::Check => {
                counted("undo_would_move", tally.moved);
                counted("undo_would_return", tally.replaced);
                counted("undo_would_stay", stayed);
                counted("undo_lost", tally.lost);
            }
            UndoKind::Undo => {
                counted("undo_moved", tally.moved);
                counted("undo_returned", tally.replaced);
                counted("undo_folders", tally.folders);
                counted("undo_stayed", stayed);
                counted("undo_lost", tally.lost);
                if self.reader.can_redo(job)? {
                    let command = format!("pixloom undo {job} --redo{}", self.catalog_option);
                    say(Message::new("undo_redo_with").with("command", command));
                }
            }
            UndoKind::Redo => {
                counted("redo_moved", tally.moved);
                counted("redo_replaced", tally.replaced);
                counted("undo_stayed", stayed);
            }
        }
        Ok(())
    }
}
