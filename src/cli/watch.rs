//! `pixloom watch`: the options of `run` that apply to folders, and those of its own.

use clap::{Arg, ArgMatches, Command, parser::ValueSource};

use super::args::WatchArgs;
use super::follow::{self, FollowOptions, Watching};
use super::{CatalogChoice, Exit, lang, warn};
use crate::engine::{self, Command as EngineCommand};
use crate::error::JobError;
use crate::model::Message;

/// The name of the command.
pub(super) const NAME: &str = "watch";
/// The heading of options for fetching.
const OF_LINKS: &str = "Links";
/// Other options of `run` that mean nothing for folders that are watched.
const OF_RUN: [&str; 15] = [
    "urls",
    "files",
    "sql",
    "key",
    "since",
    "db_connections",
    "url_column",
    "checksum_column",
    "encoding",
    "connections",
    "per_host",
    "network_wait",
    "max_bytes",
    "dry_run",
    "allow_empty",
];

/// Options that follow those for fetching, and are for every job.
const FOR_ALL: [&str; 6] = ["json", "quiet", "verbose", "once", "poll", "catalog"];

/// Whether an option of `run` means nothing here.
fn is_idle(arg: &Arg) -> bool {
    let id = arg.get_id().as_str();
    OF_RUN.contains(&id) || (arg.get_help_heading() == Some(OF_LINKS) && !FOR_ALL.contains(&id))
}

/// Hides the options of `run` that mean nothing here.
pub(super) fn without_idle_options(command: Command) -> Command {
    command.mut_subcommand(NAME, |watch| {
        watch.mut_args(|arg| {
            let is_idle = is_idle(&arg);
            if is_idle { arg.hide(true) } else { arg }
        })
    })
}

/// Refuses options of `run` that mean nothing here.
pub(super) fn check_options(command: &Command, matches: &ArgMatches) -> Result<(), JobError> {
    let Some((NAME, given)) = matches.subcommand() else { return Ok(()) };
    let Some(watch) = command.find_subcommand(NAME) else { return Ok(()) };
    let is_given = |arg: &&Arg| given.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
    let wrong = watch.get_arguments().filter(|arg| is_idle(arg)).find(is_given);
    match wrong.and_then(Arg::get_long) {
        Some(long) => Err(JobError::Refused(Message::new("watch_option").with("option", format!("--{long}")))),
        None => Ok(()),
    }
}

/// Watches folders until Ctrl+C, or takes what is new once.
pub(super) fn run(args: &WatchArgs, catalog: &CatalogChoice) -> Result<Exit, JobError> {
    let spec = args.spec()?;
    let report = args.run.report;
    let engine = catalog.engine()?;
    engine::check_output(&spec)?;
    engine.check_write_back(&spec)?;
    let job = engine::earlier_watch(&spec, engine.reader()?.as_ref())?;
    if let Some(job) = job.filter(|_| !report.quiet && !args.is_once()) {
        warn(&Message::new("watch_continues").with("job", job).text(lang()));
    }
    let watching = if args.is_once() { Watching::Once } else { Watching::UntilStopped };
    let options = FollowOptions {
        folder: spec.output().sink.dir.is_none(),
        watching: Some(watching),
        ..FollowOptions::of(&catalog.option)
    };
    let command = EngineCommand::Watch { spec: Box::new(spec), is_once: args.is_once() };
    follow::follow(engine, command, job, report, options)
}
