//! The face without a window: arguments, reports, exit codes.
//!
//! Exit code: 0 all items done or skipped by policy; 1 some items failed; 2 wrong usage or a wrong recipe, nothing
//! started; 3 the job could not run or stopped; 130 interrupted, resumable.

mod args;
mod follow;
mod jobs;
mod list_args;
mod network_args;
mod report;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use clap::error::{ContextKind, ContextValue};

use crate::engine::{
    self, CatalogReader, Command as EngineCommand, DryRun, Engine, EngineOptions, ExportFormat, Planned,
};
use crate::error::JobError;
use crate::model::{JobId, JobRow, JobState, SourceSpec};
use args::{Arguments, Command, ReportArgs, ResumeArgs, RetryArgs, RunArgs};
use follow::FollowOptions;
use report::Line;

/// Which face was asked for.
pub enum FrontEnd {
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
pub fn main(arguments: impl Iterator<Item = OsString>) -> FrontEnd {
    crate::init();
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            let error = without_secret(error);
            let _ = error.print();
            let wrong = error.use_stderr();
            return FrontEnd::Done(if wrong { Exit::Usage.into() } else { Exit::AllDone.into() });
        }
    };
    choose(arguments).unwrap_or_else(|error| FrontEnd::Done(complain(&error).into()))
}

/// EngineOptions in whose place of a reference a secret may stand by mistake.
const SECRETIVE: [&str; 5] = ["--header ", "--cookie ", "--basic ", "--bearer ", "--proxy "];

/// The error without the value of an option that may hold a secret: terminals and logs keep what is printed.
fn without_secret(mut error: clap::Error) -> clap::Error {
    let is_secretive = error.get(ContextKind::InvalidArg).is_some_and(|option| {
        let option = option.to_string();
        SECRETIVE.iter().any(|secretive| option.starts_with(secretive))
    });
    if is_secretive && error.get(ContextKind::InvalidValue).is_some() {
        error.insert(ContextKind::InvalidValue, ContextValue::String("(not shown)".to_owned()));
    }
    error
}

fn choose(arguments: Arguments) -> Result<FrontEnd, JobError> {
    let Arguments { command, inputs, catalog } = arguments;
    let catalog = CatalogChoice::of(catalog.catalog)?;
    match command {
        Some(_) if !inputs.is_empty() => {
            Err(JobError::Usage("Give the command first, then what it works on: pixloom run INPUT...".to_owned()))
        }
        Some(command) => execute(command, &catalog).map(|exit| FrontEnd::Done(exit.into())),
        None => {
            inputs.iter().try_for_each(args::check_input)?;
            let sources = args::sources(&inputs, true)?;
            Ok(FrontEnd::Window { catalog_path: catalog.path, sources })
        }
    }
}

/// The catalog, and how a next command names it.
struct CatalogChoice {
    path: PathBuf,
    /// ` --catalog PATH`, unless it is the usual one.
    option: String,
}

impl CatalogChoice {
    fn of(given: Option<OsString>) -> Result<Self, JobError> {
        let Some(given) = given else {
            return Ok(Self { path: engine::default_catalog_path()?, option: String::new() });
        };
        let path = match given.to_str() {
            Some(text) => engine::catalog_path_of(text)?,
            None => PathBuf::from(&given),
        };
        let shown = path.display().to_string();
        let quote = if shown.contains(char::is_whitespace) { "'" } else { "" };
        Ok(Self { option: format!(" --catalog {quote}{shown}{quote}"), path })
    }

    fn engine(&self) -> Result<Engine, JobError> {
        Engine::start(EngineOptions::for_command_line(self.path.clone()))
    }
}

/// Says what went wrong before anything could be reported.
pub fn complain(error: &JobError) -> Exit {
    warn(&error.to_string());
    if error.is_usage() { Exit::Usage } else { Exit::Stopped }
}

fn execute(command: Command, catalog: &CatalogChoice) -> Result<Exit, JobError> {
    match command {
        Command::Run(run) if run.is_dry_run() => plan(&run),
        Command::Run(run) => start(&run, catalog),
        Command::Resume(args) => resume(&args, catalog),
        Command::Retry(args) => retry(&args, catalog),
        Command::Jobs(jobs) => {
            let history = engine::history(&catalog.path)?;
            match jobs.job {
                None => jobs::list(history.as_deref(), jobs.json),
                Some(job) => {
                    let (history, row) = named_job(history, job)?;
                    jobs::tell(history.as_ref(), &row, jobs.json, &catalog.option)
                }
            }
        }
        Command::Export(export) => {
            let (history, row) = named_job(engine::history(&catalog.path)?, export.job)?;
            if export.format() == ExportFormat::Parquet && export.out.is_none() && io::stdout().is_terminal() {
                return Err(JobError::Usage(
                    "Parquet is no text for a terminal: name a file with -o, or send it on with a pipe.".to_owned(),
                ));
            }
            engine::export_job(history.as_ref(), row.id, export.format(), export.out.as_deref())?;
            Ok(Exit::AllDone)
        }
        Command::Ops { name: None } => {
            say(engine::op_list().trim_end());
            Ok(Exit::AllDone)
        }
        Command::Ops { name: Some(name) } if name == "save" => {
            say(engine::save_help().trim_end());
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

fn start(run: &RunArgs, catalog: &CatalogChoice) -> Result<Exit, JobError> {
    let spec = run.spec()?;
    if let Some(sentence) = run.idle_options(&spec) {
        warn(&sentence);
    }
    let engine = catalog.engine()?;
    engine::check_output(&spec)?;
    for list in spec.sources.iter().flat_map(list_args::lists_given_as_inputs) {
        let list = list.display();
        warn(&format!("{list} holds links. To fetch them, give it as a list: pixloom run --urls {list}"));
    }
    let told = FollowOptions { folder: spec.output().sink.dir.is_none(), catalog_option: &catalog.option };
    follow::follow(engine, EngineCommand::Submit(Box::new(spec)), None, run.report, told)
}

fn resume(args: &ResumeArgs, catalog: &CatalogChoice) -> Result<Exit, JobError> {
    let engine = catalog.engine()?;
    let row = match args.job {
        Some(job) => Some(named_job(Some(engine.reader()?), job)?.1),
        None => engine.reader()?.latest_resumable()?,
    };
    let Some(row) = row else {
        warn("Nothing to resume: no job was interrupted.");
        return Ok(Exit::AllDone);
    };
    if row.state == JobState::Done && row.done + row.failed + row.skipped >= row.total {
        let hint = if row.failed > 0 {
            format!(" Try its failed items again with: pixloom retry {}{}", row.id, catalog.option)
        } else {
            String::new()
        };
        warn(&format!("Job {} is done already.{hint}", row.id));
        return Ok(if row.failed > 0 { Exit::SomeFailed } else { Exit::AllDone });
    }
    follow::follow(
        engine,
        EngineCommand::Resume(row.id),
        Some(row.id),
        args.report,
        FollowOptions { folder: false, catalog_option: &catalog.option },
    )
}

fn retry(args: &RetryArgs, catalog: &CatalogChoice) -> Result<Exit, JobError> {
    let engine = catalog.engine()?;
    let (reader, row) = named_job(Some(engine.reader()?), args.job)?;
    // Its failures are still another's to count.
    if reader.is_at_work(row.id) {
        return Err(JobError::Locked(row.id));
    }
    let kinds = reader.failures_by_kind(row.id)?;
    if !kinds.iter().any(|(kind, _)| args.kind.is_none_or(|wanted| wanted == *kind)) {
        warn(&format!("Nothing to retry: no such item of job {} failed.", row.id));
        return Ok(Exit::AllDone);
    }
    let command = EngineCommand::Retry { job: row.id, kind: args.kind, items: None };
    follow::follow(
        engine,
        command,
        Some(row.id),
        args.report,
        FollowOptions { folder: false, catalog_option: &catalog.option },
    )
}

/// A job that must be there, with what was read to find it.
fn named_job(history: Option<Box<dyn CatalogReader>>, job: i64) -> Result<(Box<dyn CatalogReader>, JobRow), JobError> {
    let missing =
        || JobError::Usage(format!("There is no job {job} in this catalog. `pixloom jobs` lists those there are."));
    let history = history.ok_or_else(missing)?;
    let row = history.job(JobId(job))?.ok_or_else(missing)?;
    Ok((history, row))
}

/// Prints what a run would do.
fn plan(run: &RunArgs) -> Result<Exit, JobError> {
    let spec = run.spec()?;
    if let Some(sentence) = run.idle_options(&spec) {
        warn(&sentence);
    }
    let ReportArgs { json } = run.report;
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut is_partial = false;
    let mut each = |planned: Planned| {
        let line = match planned {
            Planned::Item(item) if json => Line::planned(&item).text(),
            Planned::Item(item) => tame(&report::planned(&item)),
            Planned::Remark(sentence) => return warn(&sentence),
            Planned::Unreadable(sentence) => {
                is_partial = true;
                return warn(&sentence);
            }
        };
        let _ = writeln!(out, "{line}");
    };
    let plan: DryRun = engine::dry_run(&spec, &|| false, &mut each)?;
    let line = if json { Line::plan(&plan).text() } else { report::plan(&plan) };
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
    Ok(if plan.failing > 0 || is_partial { Exit::SomeFailed } else { Exit::AllDone })
}

/// Writes a sentence to standard error.
fn warn(sentence: &str) {
    let _ = writeln!(io::stderr(), "pixloom: {}", tame(sentence));
}

/// The sentence on one line, without what would steer a terminal: names of files may hold anything.
fn tame(sentence: &str) -> String {
    sentence.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Writes a result to standard output; a reader that went away is no error of ours.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_steers_the_terminal() {
        assert_eq!(tame("broken\n\u{1b}[31mx 한.jpg"), "broken\u{fffd}\u{fffd}[31mx 한.jpg");
    }
}
