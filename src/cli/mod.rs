//! The command line: arguments, reports, exit codes.
//!
//! Exit code: 0 all items done or skipped by policy; 1 some items failed; 2 wrong usage or a wrong recipe, nothing
//! started; 3 the job could not run or stopped; 130 interrupted, resumable.

mod args;
mod command_line;
mod defaults;
mod follow;
mod formats;
mod help;
mod history;
mod inputs;
mod jobs;
mod list_args;
mod network_args;
mod pipe;
mod query;
mod query_args;
mod query_results;
mod recipe_args;
mod report;
mod report_args;
mod undo;
mod values;
mod watch;
mod write_back_args;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::error::{ContextKind, ContextValue};
use clap::{ArgMatches, FromArgMatches as _};

use crate::engine::{
    self, ArgumentOptions, CatalogReader, Command as EngineCommand, DryRun, Engine, EngineOptions, ExportFormat,
    Planned, WindowClaim, WindowLock,
};
use crate::error::{ErrorKind, JobError, RecipeLocation};
use crate::model::{Durability, JobId, JobRow, JobSpec, JobState, Lang, Message, SourceSpec, spelling};
pub use history::command_of;

use args::{Arguments, Command, ResumeArgs, RetryArgs, RunArgs};
use defaults::Extended;
use follow::{FollowOptions, Watching};
use report::Line;

/// Which front end the arguments ask for.
pub enum FrontEnd {
    /// The window, with these sources added.
    Window {
        /// The catalog's file.
        catalog_path: PathBuf,
        /// What to add.
        sources: Vec<SourceSpec>,
        /// The language that `--lang` names.
        lang: Option<Lang>,
        /// The right to be the catalog's window, which takes over what later starts are given.
        lock: Option<WindowLock>,
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
    let arguments: Vec<OsString> = arguments.collect();
    let lang = *LANG.get_or_init(|| language(&arguments));
    let mut command = help::command(lang);
    let given = match command.try_get_matches_from_mut(&arguments) {
        Ok(given) => given,
        Err(error) => return FrontEnd::Done(report_usage(error, None).into()),
    };
    if given.get_flag("no_config") || defaults::is_off() {
        return parsed(given, None);
    }
    if given.subcommand_name() == Some("run") {
        defaults::misspelled_variables(&command).iter().for_each(|message| warn(&message.text(lang)));
    }
    match defaults::extend(&command, &given, arguments) {
        Ok(extended) => match command.try_get_matches_from_mut(&extended.arguments) {
            Ok(matches) => parsed(matches, Some(&extended)),
            Err(error) => FrontEnd::Done(report_usage(error, Some(&extended)).into()),
        },
        Err(error) => FrontEnd::Done(report_error(&error).into()),
    }
}

/// Chooses a front end by parsed arguments.
fn parsed(mut matches: ArgMatches, extended: Option<&Extended>) -> FrontEnd {
    if let Err(error) = watch::check_options(&help::command(lang()), &matches) {
        return FrontEnd::Done(report_error(&error).into());
    }
    match Arguments::from_arg_matches_mut(&mut matches) {
        Ok(arguments) => choose(arguments).unwrap_or_else(|error| {
            let exit = report_error(&error);
            if error.is_usage() {
                report_sources(&error, extended);
            }
            FrontEnd::Done(exit.into())
        }),
        Err(error) => FrontEnd::Done(report_usage(error, extended).into()),
    }
}

/// Says where the options of a refused request came from that are not on the command line: the one that the error names,
/// or all of them.
fn report_sources(error: &JobError, extended: Option<&Extended>) {
    let Some(extended) = extended else { return };
    let option = match error {
        JobError::Recipe { location: RecipeLocation::Argument(typed), .. } => typed.as_str(),
        _ => "",
    };
    let sources = extended.all_sources();
    let message = match extended.source_of(option) {
        Some(source) => {
            let option = option.split(' ').next().unwrap_or_default();
            Message::new("option_source").with("option", option).with("source", source)
        }
        None if option.is_empty() && !sources.is_empty() => Message::new("option_sources").with("sources", sources),
        None => return,
    };
    warn(&message.text(lang()));
}

/// Prints help or a usage error, and where an option came from that is not on the command line.
fn report_usage(error: clap::Error, extended: Option<&Extended>) -> Exit {
    let error = without_secret(error);
    match help::usage_error(&error, lang()) {
        Some(text) if lang() != Lang::English => {
            let _ = writeln!(io::stderr(), "{text}");
        }
        _ if error.use_stderr() => {
            let text = help::english_usage_error(&error, io::stderr().is_terminal());
            let _ = write!(io::stderr(), "{text}");
        }
        _ => {
            let _ = error.print();
        }
    }
    let option = error.get(ContextKind::InvalidArg).map(ToString::to_string).unwrap_or_default();
    if let Some(source) = extended.and_then(|extended| extended.source_of(&option)) {
        warn(&Message::new("option_source").with("option", &option).with("source", source).text(lang()));
    }
    if error.use_stderr() { Exit::Usage } else { Exit::AllDone }
}

/// The language of this process: what it prints for people. JSON stays English.
static LANG: OnceLock<Lang> = OnceLock::new();

/// The language that people read here.
pub(super) fn lang() -> Lang {
    LANG.get().copied().unwrap_or_default()
}

/// The language of `--lang`, else that of the locale. Found before the arguments are parsed, since their help and their
/// errors are in it.
fn language(arguments: &[OsString]) -> Lang {
    let words: Vec<&str> = arguments.iter().map_while(|word| word.to_str()).take_while(|word| *word != "--").collect();
    let after_option = words.windows(2).find_map(|pair| match pair {
        ["--lang", lang] => Some(*lang),
        _ => None,
    });
    let named = words.iter().find_map(|word| word.strip_prefix("--lang=")).or(after_option).map(str::to_owned);
    let named = named.or_else(|| if words.contains(&"--no-config") { None } else { defaults::language() });
    named.map_or_else(|| Lang::of_locale(&crate::config::locale()), |word| Lang::of_locale(&word.to_ascii_lowercase()))
}

/// Options whose value may be a secret by mistake, instead of a reference to one.
const SECRETIVE: [&str; 7] = ["--header ", "--cookie ", "--basic ", "--digest ", "--bearer ", "--proxy ", "--db "];

/// The error without the value of an option that may hold a secret: terminals and logs keep what is printed.
fn without_secret(mut error: clap::Error) -> clap::Error {
    let is_secretive = error.get(ContextKind::InvalidArg).is_some_and(|option| {
        let option = option.to_string();
        SECRETIVE.iter().any(|secretive| option.starts_with(secretive))
    });
    if is_secretive && error.get(ContextKind::InvalidValue).is_some() {
        error.insert(ContextKind::InvalidValue, ContextValue::String(lang().word("not_shown").to_owned()));
    }
    error
}

fn choose(arguments: Arguments) -> Result<FrontEnd, JobError> {
    let Arguments { command, inputs, catalog, lang, no_config: _ } = arguments;
    let catalog = CatalogChoice::of(catalog.catalog)?;
    match command {
        Some(_) if !inputs.is_empty() => Err(JobError::Refused(Message::new("command_first"))),
        Some(command) => {
            // The results of a job are in its folder and in the catalog; other commands have only their output.
            let is_job = match &command {
                Command::Run(run) => !run.is_dry_run(),
                command => {
                    use Command::{Query, Resume, Retry, Undo, Watch};
                    matches!(command, Watch(_) | Query(_) | Resume(_) | Retry(_) | Undo(_))
                }
            };
            let exit = execute(command, &catalog)?;
            let is_lost = !is_job && OUTPUT_FAILED.load(Ordering::Relaxed);
            Ok(FrontEnd::Done(if is_lost { Exit::Stopped } else { exit }.into()))
        }
        None => {
            let commands = args::command_names();
            inputs.iter().try_for_each(|input| inputs::check_input(input, &commands))?;
            let options = ArgumentOptions { recursive: true, all_files: false };
            let sources = inputs::sources(&inputs, options)?;
            let lock = match engine::claim_window(&catalog.path, &sources) {
                WindowClaim::Theirs => return Ok(FrontEnd::Done(Exit::AllDone.into())),
                WindowClaim::Ours(lock) => lock,
            };
            Ok(FrontEnd::Window { catalog_path: catalog.path, sources, lang: lang.map(Lang::from), lock })
        }
    }
}

/// The catalog, and the option that names it in a next command.
struct CatalogChoice {
    path: PathBuf,
    /// ` --catalog PATH`, unless it is the default one.
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
        Ok(Self { option: format!(" --catalog {}", command_line::quoted_path(&path)), path })
    }

    fn engine(&self) -> Result<Engine, JobError> {
        Engine::start(EngineOptions::for_command_line(self.path.clone()))
    }
}

/// Reports an error that ends the program.
pub fn report_error(error: &JobError) -> Exit {
    warn(&error.text(lang()));
    if error.is_usage() { Exit::Usage } else { Exit::Stopped }
}

fn execute(command: Command, catalog: &CatalogChoice) -> Result<Exit, JobError> {
    match command {
        Command::Run(mut run) => {
            let stdin = pipe::keep_stdin(&mut run)?;
            if matches!(stdin, pipe::Stdin::Empty) {
                warn(lang().word("stdin_empty"));
                if !run.allow_empty {
                    return Ok(Exit::SomeFailed);
                } else if run.has_no_inputs() {
                    return Ok(Exit::AllDone);
                }
            }
            if run.is_dry_run() { plan(&run, catalog) } else { start(&run, catalog) }
        }
        Command::Watch(args) => watch::run(&args, catalog),
        Command::Query(args) => query::run(&args, catalog),
        Command::Resume(args) => resume(&args, catalog),
        Command::Retry(args) => retry(&args, catalog),
        Command::Undo(args) => undo::undo(&args, catalog),
        Command::Jobs(jobs) => {
            if jobs.prune {
                return history::prune(&jobs, &catalog.path);
            }
            let history = engine::history(&catalog.path)?;
            match jobs.job {
                None => jobs::list(history.as_deref(), &jobs),
                Some(job) => {
                    let (history, row) = named_job(history, job)?;
                    if jobs.command {
                        return history::command(history.as_ref(), row.id, jobs.json, &catalog.path);
                    }
                    jobs::show(history.as_ref(), &row, jobs.json, &catalog.option)
                }
            }
        }
        Command::Export(export) => {
            let (history, row) = named_job(engine::history(&catalog.path)?, export.job)?;
            if export.format() == ExportFormat::Parquet && export.out.is_none() && io::stdout().is_terminal() {
                return Err(JobError::Refused(Message::new("parquet_terminal")));
            }
            engine::export_job(history.as_ref(), row.id, export.rows(), export.format(), export.out.as_deref())?;
            Ok(Exit::AllDone)
        }
        Command::Formats(args) => formats::print(&args),
        Command::Licenses => {
            print_line(include_str!("../../assets/licenses.txt").trim_end());
            Ok(Exit::AllDone)
        }
        Command::Ops { name: None } => {
            print_line(engine::op_list(lang()).trim_end());
            Ok(Exit::AllDone)
        }
        Command::Ops { name: Some(name) } if name.eq_ignore_ascii_case("save") => {
            print_line(engine::save_help(lang()).trim_end());
            Ok(Exit::AllDone)
        }
        Command::Ops { name: Some(name) } => match engine::find_op(&name) {
            Some(op) => {
                print_line(engine::op_help(op, lang()).trim_end());
                Ok(Exit::AllDone)
            }
            None => Err(JobError::Refused(no_operation(&name))),
        },
    }
}

fn start(run: &RunArgs, catalog: &CatalogChoice) -> Result<Exit, JobError> {
    let spec = run.spec()?;
    warn_of_idle_options(run, &spec);
    if run.writes_stdout() {
        return pipe::to_stdout(run, spec);
    }
    let engine = catalog.engine()?;
    engine::check_output(&spec)?;
    engine.check_write_back(&spec)?;
    for list in spec.sources.iter().flat_map(list_args::lists_given_as_inputs).filter(|_| !run.report.quiet) {
        warn(&Message::new("holds_links").with("list", list.display()).text(lang()));
    }
    if let Some(low_space) = engine::low_space(&spec).filter(|_| !run.report.quiet) {
        warn(&low_space.text(lang()));
    }
    let options = FollowOptions {
        folder: spec.output().sink.dir.is_none(),
        allow_empty: run.allow_empty,
        ..FollowOptions::of(&catalog.option)
    };
    follow::follow(engine, EngineCommand::Submit(Box::new(spec)), None, run.report, options)
}

fn warn_of_idle_options(run: &RunArgs, spec: &JobSpec) {
    if let Some(message) = run.idle_options(spec).filter(|_| !run.report.quiet) {
        warn(&message.text(lang()));
    }
}

fn resume(args: &ResumeArgs, catalog: &CatalogChoice) -> Result<Exit, JobError> {
    let engine = catalog.engine()?;
    let row = match args.job {
        Some(job) => Some(named_job(Some(engine.reader()?), job)?.1),
        None => engine.reader()?.latest_resumable()?,
    };
    let Some(row) = row else {
        warn(lang().word("nothing_to_resume"));
        return Ok(Exit::AllDone);
    };
    // Results that were not synced may have been damaged by a power failure since then.
    let is_unsynced = |job| -> Result<bool, JobError> {
        let request = engine.reader()?.request(job)?;
        Ok(request.is_some_and(|request| request.output().sink.durability == Durability::Fast))
    };
    let is_over = row.state == JobState::Done && row.done + row.failed + row.skipped >= row.total;
    if is_over && !(row.done > 0 && is_unsynced(row.id)?) {
        let mut text = Message::new("job_done_already").with("job", row.id).text(lang());
        if jobs::can_retry(engine.reader()?.as_ref(), row.id)? {
            let command = format!("pixloom retry {}{}", row.id, catalog.option);
            text = format!("{text} {}", Message::new("retry_with").with("command", command).text(lang()));
        }
        warn(&text);
        let rejected = engine.reader()?.write_back(row.id)?.map_or(0, |level| level.counts.rejected);
        return Ok(if row.failed + rejected > 0 { Exit::SomeFailed } else { Exit::AllDone });
    }
    let to_stdout = is_printed(&engine, row.id)?;
    let is_watch = engine.reader()?.request(row.id)?.is_some_and(|request| request.watch);
    let watching = is_watch.then_some(Watching::UntilStopped);
    let options = FollowOptions { continues: true, to_stdout, watching, ..FollowOptions::of(&catalog.option) };
    let exit = follow::follow(engine, EngineCommand::Resume(row.id), Some(row.id), args.report, options)?;
    query::print_result(catalog, Some(row.id), exit)
}

fn retry(args: &RetryArgs, catalog: &CatalogChoice) -> Result<Exit, JobError> {
    let engine = catalog.engine()?;
    let (reader, row) = named_job(Some(engine.reader()?), args.job)?;
    // Its failures may still be counted by another process.
    if reader.is_at_work(row.id) {
        return Err(JobError::Locked(row.id));
    }
    let failures = args.failures();
    let rejected = reader.write_back(row.id)?.map_or(0, |level| level.counts.rejected);
    if reader.count_failures(row.id, &failures)? == 0 && (rejected == 0 || !failures.is_all()) {
        let has_bad_links = reader.failures_by_kind(row.id)?.iter().any(|(kind, _)| *kind == ErrorKind::BadUrl);
        let is_futile = has_bad_links && (failures.is_all() || failures.kinds.contains(&ErrorKind::BadUrl));
        let message = match (is_futile, failures.is_all()) {
            (true, _) => "retry_futile",
            (false, true) => "nothing_failed",
            (false, false) => "nothing_to_retry",
        };
        warn(&Message::new(message).with("job", row.id).text(lang()));
        return Ok(if is_futile { Exit::SomeFailed } else { Exit::AllDone });
    }
    let command = EngineCommand::Retry { job: row.id, failures, items: None };
    let to_stdout = is_printed(&engine, row.id)?;
    let options =
        FollowOptions { continues: true, sums_this_run: true, to_stdout, ..FollowOptions::of(&catalog.option) };
    let exit = follow::follow(engine, command, Some(row.id), args.report, options)?;
    query::print_result(catalog, Some(row.id), exit)
}

/// Whether the results of a job go to standard output.
fn is_printed(engine: &Engine, job: JobId) -> Result<bool, JobError> {
    Ok(engine.reader()?.request(job)?.is_some_and(|request| query_results::prints_result(&request)))
}

/// The error for `ops NAME` without such an operation.
fn no_operation(name: &str) -> Message {
    let message = match spelling::nearest(name, engine::registry().iter().map(|op| op.id).chain(["save"])) {
        Some(near) => Message::new("no_operation_listed_near").with("near", near),
        None => Message::new("no_operation_listed"),
    };
    message.with("name", name)
}

/// A job that must exist, with the reader that found it.
fn named_job(history: Option<Box<dyn CatalogReader>>, job: i64) -> Result<(Box<dyn CatalogReader>, JobRow), JobError> {
    let missing = || JobError::Refused(Message::new("no_job_listed").with("job", job));
    let history = history.ok_or_else(missing)?;
    let row = history.job(JobId(job))?.ok_or_else(missing)?;
    Ok((history, row))
}

/// Rows of a table that a dry run shows with their values.
const ROWS_SHOWN: u32 = 3;

/// Prints what a run would do.
fn plan(run: &RunArgs, catalog: &CatalogChoice) -> Result<Exit, JobError> {
    let spec = run.spec()?;
    warn_of_idle_options(run, &spec);
    let json = run.report.is_json();
    let stdout = match (run.writes_stdout(), json) {
        (false, _) => None,
        (true, true) => Some(PathBuf::from("-")),
        (true, false) => Some(PathBuf::from(lang().word("standard_output"))),
    };
    if stdout.is_some() {
        pipe::check_stdout(run, &spec)?;
    }
    let write_back = engine::write_back_preview(&spec)?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    for line in write_back.iter().flat_map(|preview| report::statements(preview, json, lang())) {
        note_output(writeln!(out, "{line}"));
    }
    let mut rows_shown = 0;
    let mut is_partial = false;
    let mut each = |planned: Planned| {
        let planned = match (planned, &stdout) {
            (Planned::Item(mut item), Some(stdout)) => {
                item.output = item.output.map(|_| stdout.clone());
                (item.conflict, item.skipped) = (false, false);
                Planned::Item(item)
            }
            (planned, _) => planned,
        };
        let row = match &planned {
            Planned::Item(item) if rows_shown < ROWS_SHOWN => item.row.clone(),
            _ => None,
        };
        let line = match planned {
            Planned::Item(item) if json => Line::planned(&item).text(),
            Planned::Item(item) if run.report.quiet && item.error.is_none() => return,
            Planned::Item(item) => {
                let lines = report::planned(&item, lang());
                lines.iter().map(|line| without_control_characters(line)).collect::<Vec<_>>().join("\n")
            }
            Planned::Ignored(ignored) if json => Line::ignored(&ignored).text(),
            Planned::Ignored(ignored) if run.report.verbose => return warn(&report::ignored(&ignored, lang())),
            Planned::Ignored(_) => return,
            Planned::Remark(_) if run.report.quiet => return,
            Planned::Remark(remark) => return warn(&remark.text(lang())),
            Planned::Unreadable(error) => {
                is_partial = true;
                return warn(&error.text(lang()));
            }
        };
        note_output(writeln!(out, "{line}"));
        if let (Some(preview), Some(row)) = (&write_back, &row) {
            let row = preview.row(row);
            rows_shown += 1;
            note_output(writeln!(out, "{}", report::planned_row(&row, json, lang())));
        }
    };
    let history = engine::history(&catalog.path)?;
    let mut plan: DryRun = engine::dry_run(&spec, history.as_deref(), &|| false, &mut each)?;
    if let Some(stdout) = &stdout {
        (plan.out_dir, plan.free_bytes) = (stdout.clone(), None);
        (plan.conflicts, plan.skipped) = (0, 0);
    }
    let line = if json { Line::plan(&plan).text() } else { report::plan(&plan, lang()) };
    note_output(writeln!(out, "{line}").and_then(|()| out.flush()));
    drop(out);
    let low_space = plan.free_bytes.and_then(|free| engine::low_space_of(&plan.out_dir, plan.bytes_out, free));
    if let Some(low_space) = low_space {
        warn(&low_space.text(lang()));
    }
    let is_empty = plan.items == 0 && !run.allow_empty;
    if is_empty && !is_partial {
        warn(lang().word("nothing_found"));
    }
    Ok(if plan.failing > 0 || is_partial || is_empty { Exit::SomeFailed } else { Exit::AllDone })
}

/// Writes a message to standard error.
fn warn(text: &str) {
    let _ = writeln!(io::stderr(), "pixloom: {}", without_control_characters(text));
}

/// The text on one line, without control characters: file names may contain sequences that change the terminal.
fn without_control_characters(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Whether standard output could not take what was written: its reader has gone, or its disk is full.
static OUTPUT_FAILED: AtomicBool = AtomicBool::new(false);

/// Writes a result to standard output. Reports the first failure; the work itself continues.
pub(crate) fn print_line(line: &str) {
    note_output(writeln!(io::stdout(), "{line}"));
}

fn note_output(written: io::Result<()>) {
    if let Err(error) = written
        && !OUTPUT_FAILED.swap(true, Ordering::Relaxed)
    {
        warn(&Message::new("output_failed").with_message("detail", error).text(lang()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_option_is_found_at_any_position() {
        let of = |words: &[&str]| language(&words.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(of(&["pixloom", "run", "--lang", "ko", "a.jpg"]), Lang::Korean);
        assert_eq!(of(&["pixloom", "--lang=ko"]), Lang::Korean);
        assert_eq!(of(&["pixloom", "--lang=KO"]), Lang::Korean);
        assert_eq!(of(&["pixloom", "--lang=en"]), Lang::English);
    }

    #[test]
    fn a_file_name_never_controls_the_terminal() {
        assert_eq!(without_control_characters("broken\n\u{1b}[31mx 한.jpg"), "broken\u{fffd}\u{fffd}[31mx 한.jpg");
    }
}
