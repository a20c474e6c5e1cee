//! The face without a window: arguments, reports, exit codes.
//!
//! Exit code: 0 all items done or skipped by policy; 1 some items failed; 2 wrong usage or a wrong recipe, nothing
//! started; 3 the job could not run or stopped; 130 interrupted, resumable.

mod args;
mod follow;
mod history;
mod human;
mod report;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::engine::{self, Command as EngineCommand, DryRun, Engine, Options, PlannedItem};
use crate::error::JobError;
use crate::model::{JobId, JobRow, JobState, SourceSpec};
use args::{Arguments, Command, ReportArgs, RunArgs};

/// Which face was asked for.
pub enum Asked {
    /// The window, with these sources added.
    Window {
        /// The catalog's file.
        catalog_path: PathBuf,
        /// What to add.
        sources: Vec<SourceSpec>,
    },
    /// No window; this is the exit code.
    Done(ExitCode),
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0.
    AllDone,
    /// 1.
    SomeFailed,
    /// 2.
    Usage,
    /// 3.
    Stopped,
    /// 130.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::AllDone => 0,
            Exit::SomeFailed => 1,
            Exit::Usage => 2,
            Exit::Stopped => 3,
            Exit::Interrupted => 130,
        })
    }
}

/// Reads the arguments; runs what needs no window.
pub fn main(arguments: impl Iterator<Item = OsString>) -> Asked {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            let wrong = error.use_stderr();
            return Asked::Done(if wrong { Exit::Usage.into() } else { Exit::AllDone.into() });
        }
    };
    let catalog_path = arguments.catalog.catalog.map_or_else(engine::default_catalog_path, Ok);
    let catalog_path = match catalog_path {
        Ok(path) => path,
        Err(error) => return Asked::Done(complain(&error).into()),
    };
    let Some(command) = arguments.command else {
        let sources = arguments.inputs.iter().map(|input| args::source(input, true)).collect();
        return Asked::Window { catalog_path, sources };
    };
    Asked::Done(execute(command, catalog_path).unwrap_or_else(|error| complain(&error)).into())
}

/// Says what went wrong before anything could be reported.
pub fn complain(error: &JobError) -> Exit {
    let _ = writeln!(io::stderr(), "pixloom: {error}");
    if error.is_usage() { Exit::Usage } else { Exit::Stopped }
}

fn execute(command: Command, catalog_path: PathBuf) -> Result<Exit, JobError> {
    match command {
        Command::Run(run) => {
            if run.is_dry_run() {
                plan(&run)
            } else {
                start(&run, catalog_path)
            }
        }
        Command::Resume(resume) => {
            let engine = Engine::start(Options::for_command_line(catalog_path))?;
            let row = match resume.job {
                Some(job) => Some(named_job(&engine, job)?),
                None => engine.reader()?.latest_resumable()?,
            };
            let Some(row) = row else {
                say("Nothing to resume: no job was interrupted.");
                return Ok(Exit::AllDone);
            };
            if row.state == JobState::Done && row.done + row.failed + row.skipped >= row.total {
                say(&format!(
                    "Job {} is done already. Try its failed items again with: pixloom retry {}",
                    row.id, row.id
                ));
                return Ok(if row.failed > 0 { Exit::SomeFailed } else { Exit::AllDone });
            }
            follow::follow(engine, EngineCommand::Resume(row.id), Some(row.id), resume.report)
        }
        Command::Retry(retry) => {
            let engine = Engine::start(Options::for_command_line(catalog_path))?;
            let row = named_job(&engine, retry.job)?;
            let kinds = engine.reader()?.failures_by_kind(row.id)?;
            if !kinds.iter().any(|(kind, _)| retry.kind.is_none_or(|wanted| wanted == *kind)) {
                say(&format!("Nothing to retry: no such item of job {} failed.", row.id));
                return Ok(Exit::AllDone);
            }
            let command = EngineCommand::Retry { job: row.id, kind: retry.kind, items: None };
            follow::follow(engine, command, Some(row.id), retry.report)
        }
        Command::Jobs(jobs) => {
            let engine = Engine::start(Options::for_command_line(catalog_path))?;
            match jobs.job {
                None => history::list(engine.reader()?.as_ref(), jobs.json),
                Some(job) => history::tell(engine.reader()?.as_ref(), &named_job(&engine, job)?, jobs.json),
            }
        }
        Command::Ops { name: None } => {
            say(engine::op_list().trim_end());
            Ok(Exit::AllDone)
        }
        Command::Ops { name: Some(name) } => match engine::registry().iter().find(|op| op.id == name) {
            Some(op) => {
                say(engine::op_help(op).trim_end());
                Ok(Exit::AllDone)
            }
            None => Err(JobError::Usage(format!("There is no operation \"{name}\". `pixloom ops` lists them all."))),
        },
    }
}

fn start(run: &RunArgs, catalog_path: PathBuf) -> Result<Exit, JobError> {
    let spec = run.spec()?;
    engine::check_output(&spec)?;
    let engine = Engine::start(Options::for_command_line(catalog_path))?;
    follow::follow(engine, EngineCommand::Submit(Box::new(spec)), None, run.report)
}

fn named_job(engine: &Engine, job: i64) -> Result<JobRow, JobError> {
    let row = engine.reader()?.job(JobId(job))?;
    row.ok_or_else(|| JobError::Usage(format!("There is no job {job} in this catalog. `pixloom jobs` lists them.")))
}

/// Prints what a run would do.
fn plan(run: &RunArgs) -> Result<Exit, JobError> {
    let spec = run.spec()?;
    let ReportArgs { json } = run.report;
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut each = |item: PlannedItem| {
        let line = if json { report::planned_json(&item).to_string() } else { report::planned(&item) };
        let _ = writeln!(out, "{line}");
    };
    let plan: DryRun = engine::dry_run(&spec, &|| false, &mut each)?;
    let line = if json { report::plan_json(&plan).to_string() } else { report::plan(&plan) };
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
    Ok(if plan.failing > 0 { Exit::SomeFailed } else { Exit::AllDone })
}

/// Writes a result to standard output; a reader that went away is no error of ours.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
