//! One image through standard input (`-`) and output (`-o -`).
//!
//! It is an ordinary job: what arrives is kept in a scratch folder, and what goes to standard output is made there. Such a
//! job leaves no record, since nothing of it could be resumed.

use std::io::{self, IsTerminal, Write};

use super::args::RunArgs;
use super::follow::{self, FollowOptions};
use super::{CatalogChoice, Exit, lang, warn};
use crate::config::MAX_FILE_BYTES;
use crate::engine::{self, Command};
use crate::error::JobError;
use crate::model::{Durability, ItemState, JobSpec, Locator, Message, locator};
use crate::store::{self, Scratch};

/// What standard input is for a run.
pub(super) enum Stdin {
    /// No input.
    Unused,
    /// An image, in a file that exists as long as this.
    Kept { _scratch: Scratch },
    /// An input without a byte.
    Empty,
}

/// Keeps the image on standard input in a file, if it is an input.
pub(super) fn keep_stdin(run: &mut RunArgs) -> Result<Stdin, JobError> {
    run.check_stdin()?;
    if !run.reads_stdin() {
        return Ok(Stdin::Unused);
    }
    if io::stdin().is_terminal() {
        return Err(JobError::Refused(Message::new("stdin_terminal")));
    }
    let scratch = scratch(locator::STDIN_FOLDER)?;
    let filled = scratch.fill(locator::STDIN_NAME, &mut io::stdin().lock(), MAX_FILE_BYTES);
    let path = filled.map_err(|error| JobError::Machine(Message::new("stdin_unread").with_message("detail", error)))?;
    let is_empty = store::size_at(&path) == 0;
    run.take_stdin_from(if is_empty { None } else { Some(&path) });
    Ok(if is_empty { Stdin::Empty } else { Stdin::Kept { _scratch: scratch } })
}

fn scratch(prefix: &str) -> Result<Scratch, JobError> {
    let scratch = Scratch::with_prefix(prefix);
    scratch.map_err(|error| JobError::Machine(Message::new("no_scratch").with_message("detail", error)))
}

/// Refuses what can't be written to standard output.
pub(super) fn check_stdout(run: &RunArgs, spec: &JobSpec) -> Result<(), JobError> {
    let is_one = match spec.sources.as_slice() {
        [source] => matches!(source.kind.as_str(), "files" | "url") && source.inputs.len() == 1,
        _ => false,
    };
    if spec.has_named_outputs() {
        return Err(JobError::Refused(Message::new("stdout_outputs")));
    }
    if spec.write_back.is_some() {
        return Err(JobError::Refused(Message::new("stdout_write_back")));
    }
    if !is_one {
        return Err(JobError::Refused(Message::new("stdout_one")));
    }
    let pages = spec.limits.pages;
    if pages.makes_items() && !pages.is_one() {
        return Err(JobError::Refused(Message::new("stdout_pages")));
    }
    if run.is_dry_run() {
        return Ok(());
    }
    if run.report.is_json() {
        return Err(JobError::Refused(Message::new("stdout_json")));
    }
    if io::stdout().is_terminal() {
        return Err(JobError::Refused(Message::new("stdout_terminal")));
    }
    Ok(())
}

/// Runs a job of one item whose result goes to standard output.
pub(super) fn to_stdout(run: &RunArgs, mut spec: JobSpec) -> Result<Exit, JobError> {
    check_stdout(run, &spec)?;
    let scratch = scratch(".pixloom-")?;
    let sink = &mut spec.output_mut().sink;
    sink.dir = Some(scratch.path("out"));
    // Nobody resumes it.
    sink.durability = Durability::Fast;
    let catalog = CatalogChoice { path: scratch.path("catalog.sqlite"), option: String::new() };
    let options = FollowOptions { to_stdout: true, leaves_no_record: true, ..FollowOptions::of(&catalog.option) };
    let exit = follow::follow(catalog.engine()?, Command::Submit(Box::new(spec)), None, run.report, options)?;
    if exit != Exit::AllDone {
        return Ok(exit);
    }
    let items = engine::history(&catalog.path)?.map(|reader| match reader.jobs(1)?.first() {
        Some(job) => reader.after(job.id, 0, 1),
        None => Ok(Vec::new()),
    });
    let item = items.transpose()?.and_then(|items| items.into_iter().next());
    let output = item.filter(|item| item.state == ItemState::Done).and_then(|item| item.output);
    let Some(Locator::File(path)) = output.as_deref().map(Locator::parse) else {
        warn(lang().word("stdout_nothing"));
        return Ok(Exit::SomeFailed);
    };
    let mut stdout = io::stdout().lock();
    match store::copy_to(&path, &mut stdout).and_then(|_| stdout.flush()) {
        Ok(()) => Ok(Exit::AllDone),
        Err(error) => {
            warn(&Message::new("output_failed").with_message("detail", error).text(lang()));
            Ok(Exit::Stopped)
        }
    }
}
