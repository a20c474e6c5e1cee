//! Options that are not given: `PIXLOOM_*` variables, then the section `[run]` of `settings.toml`, stand in for them.
//!
//! They are inserted as arguments, so that they have the syntax, the checks and the messages of the options themselves.

use std::collections::BTreeSet;
use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::engine::{self, RunSection};
use crate::error::JobError;
use crate::model::{FormatChoice, Message, save, spelling};

/// Options of a run's report, which other commands that run a job have as well.
const OF_REPORTS: [&str; 3] = ["json", "quiet", "verbose"];
/// Options of databases, which `query` has as well.
const OF_DATABASES: [&str; 2] = ["db", "db_connections"];
/// Options that apply to every command.
const GLOBAL: [&str; 2] = ["catalog", "lang"];
/// Options that can't be set this way.
const NEVER: [&str; 3] = ["help", "version", "no_config"];
/// How the names of variables begin.
const PREFIX: &str = "PIXLOOM_";
/// Variables that are no options.
const OTHER_VARIABLES: [&str; 7] =
    ["CATALOG_WAIT_MS", "HUFFMAN", "LOG", "REQUIRE_WINDOW", "UPDATE_README", "UPDATE_SNAPSHOTS", "FUZZ_ROUNDS"];
/// Options that mean nothing without another one.
const NEEDS: [(&str, &[&str]); 6] = [
    ("url_column", &["urls", "sql"]),
    ("checksum_column", &["urls", "sql"]),
    ("encoding", &["urls"]),
    ("db", &["sql", "file", "write_back", "write_back_table"]),
    ("key", &["sql"]),
    ("since", &["sql"]),
];
/// Options that set one key of `--save`.
const KEYS: [&str; 6] = ["quality", "colour", "hdr", "metadata", "min_saving", "lossless_jpeg"];

/// Arguments with options from elsewhere, and where each of those came from.
pub(super) struct Extended {
    pub(super) arguments: Vec<OsString>,
    sources: Vec<(String, String)>,
}

impl Extended {
    /// Where the option of an error came from, such as `PIXLOOM_WORKERS`.
    pub(super) fn source_of(&self, option: &str) -> Option<&str> {
        let name = option.split([' ', '=', '[']).next().unwrap_or_default().strip_prefix("--")?;
        let found = self.sources.iter().find(|(long, _)| spelling::is_same(name, long));
        found.map(|(_, source)| source.as_str())
    }

    /// The options that came from elsewhere, such as `--workers (PIXLOOM_WORKERS)`.
    pub(super) fn all_sources(&self) -> String {
        let options = self.sources.iter().map(|(long, source)| format!("--{long} ({source})"));
        options.collect::<Vec<_>>().join(", ")
    }
}

/// The variable of an option.
pub(super) fn variable(long: &str) -> String {
    format!("{PREFIX}{}", long.to_uppercase().replace('-', "_"))
}

/// The variable of an option, as the environment spells it: `PIXLOOM_COLOR` is `PIXLOOM_COLOUR`.
fn variable_in_use(long: &str) -> (String, Option<OsString>) {
    let name = variable(long);
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(value) = set(&name) {
        return (name, Some(value));
    }
    let mut others =
        variables().filter(|other| other.strip_prefix(PREFIX).is_some_and(|word| spelling::is_same(word, long)));
    let other = others.find_map(|other| Some((set(&other), other)).filter(|(value, _)| value.is_some()));
    other.map_or((name, None), |(value, other)| (other, value))
}

/// The names of our variables in the environment.
fn variables() -> impl Iterator<Item = String> {
    std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).filter(|name| name.starts_with(PREFIX))
}

/// Warnings about variables that look like misspelled options.
pub(super) fn misspelled_variables(command: &Command) -> Vec<Message> {
    let run = command.find_subcommand("run").unwrap_or(command);
    let names: Vec<&str> = run.get_arguments().filter_map(Arg::get_long).collect();
    let near = |name: String| {
        let word = name.strip_prefix(PREFIX)?;
        let is_known = OTHER_VARIABLES.contains(&word) || spelling::find(word, names.iter().copied()).is_some();
        let near = if is_known { None } else { spelling::nearest(word, names.iter().copied()) }?;
        Some(Message::new("variable_near").with("name", name).with("near", variable(near)))
    };
    variables().filter_map(near).collect()
}

/// Whether `PIXLOOM_NO_CONFIG` asks to ignore the other variables and the settings.
pub(super) fn is_off() -> bool {
    let (_, value) = variable_in_use("no-config");
    value.is_some_and(|value| {
        !matches!(value.to_string_lossy().to_ascii_lowercase().as_str(), "0" | "false" | "no" | "off")
    })
}

/// A value of a variable or of the settings.
enum Given {
    One(OsString),
    Many(Vec<OsString>),
}

/// Where options come from, the first one that has an option wins.
enum Layer {
    Variables,
    Settings(RunSection),
}

impl Layer {
    fn get(&self, arg: &Arg, long: &str) -> Result<Option<(Given, String)>, JobError> {
        match self {
            Self::Variables => {
                let (name, value) = variable_in_use(long);
                Ok(value.map(|value| (lines(value, arg), name)))
            }
            Self::Settings(run) => {
                let Some((key, value)) = run.options.iter().find(|(key, _)| spelling::is_same(key, long)) else {
                    return Ok(None);
                };
                let source = format!("[run] {key}, {}", run.location(key));
                let wrong = || {
                    let message = Message::new("run_value").with("key", key);
                    JobError::Refused(message.with("place", run.location(key)))
                };
                let given = match value {
                    toml::Value::Array(values) if is_repeatable(arg) => {
                        Given::Many(values.iter().map(|value| text(value).ok_or_else(wrong)).collect::<Result<_, _>>()?)
                    }
                    value => Given::One(text(value).ok_or_else(wrong)?),
                };
                Ok(Some((given, source)))
            }
        }
    }
}

/// The values of a variable: one on each line, where an option may be repeated.
fn lines(value: OsString, arg: &Arg) -> Given {
    match value.to_str() {
        Some(text) if is_repeatable(arg) => {
            Given::Many(text.lines().filter(|line| !line.trim().is_empty()).map(OsString::from).collect())
        }
        _ => Given::One(value),
    }
}

fn is_repeatable(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Append)
}

fn text(value: &toml::Value) -> Option<OsString> {
    match value {
        toml::Value::String(text) => Some(text.into()),
        toml::Value::Integer(number) => Some(number.to_string().into()),
        toml::Value::Float(number) => Some(number.to_string().into()),
        toml::Value::Boolean(flag) => Some(flag.to_string().into()),
        _ => None,
    }
}

/// Adds options that were not given. `matches` are those of the arguments alone.
pub(super) fn extend(command: &Command, matches: &ArgMatches, arguments: Vec<OsString>) -> Result<Extended, JobError> {
    let (name, matches) = matches.subcommand().unwrap_or(("", matches));
    let run = command.find_subcommand("run").unwrap_or(command);
    let command = command.find_subcommand(name).unwrap_or(command);
    let options: Vec<&Arg> = command.get_arguments().filter(|arg| arg.get_long().is_some()).collect();
    let id = |arg: &Arg| arg.get_id().as_str().to_owned();
    let is_given = |arg: &Arg| matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
    let on_command_line: BTreeSet<String> = options.iter().filter(|arg| is_given(arg)).map(|arg| id(arg)).collect();
    let mut found = Found {
        matches,
        taken: on_command_line,
        extended: Extended { arguments, sources: Vec::new() },
        inserted: Vec::new(),
    };
    let settings = match engine::run_settings() {
        Ok(run_section) => {
            check_keys(run, &run_section)?;
            run_section
        }
        Err(error) if name == "run" || name == super::watch::NAME => return Err(error),
        Err(_) => RunSection::default(),
    };
    for layer in [Layer::Variables, Layer::Settings(settings)] {
        // Lists first, since other options need them.
        let is_list = |arg: &&&Arg| NEEDS.iter().any(|(_, needed)| needed.contains(&arg.get_id().as_str()));
        let (lists, others): (Vec<&Arg>, Vec<&Arg>) = options.iter().partition(is_list);
        for arg in lists.into_iter().chain(others) {
            let id = arg.get_id().as_str();
            let applies = name == "run"
                || (name == super::watch::NAME && !arg.is_hide_set())
                || GLOBAL.contains(&id)
                || (is_run_again(name) && OF_REPORTS.contains(&id))
                || (name == "query" && OF_DATABASES.contains(&id));
            if applies && !NEVER.contains(&id) {
                found.add(command, &options, arg, &layer)?;
            }
        }
    }
    Ok(found.finish())
}

/// Whether variables or the settings would change a job of the command line.
pub(super) fn change_jobs() -> bool {
    let mut command = super::help::command(super::lang());
    let words: Vec<OsString> = ["pixloom", "run", "-"].map(OsString::from).to_vec();
    let Ok(matches) = command.try_get_matches_from_mut(&words) else { return true };
    // Wrong settings would be refused.
    extend(&command, &matches, words).map_or(true, |extended| {
        let is_of_job = |long: &str| !OF_REPORTS.contains(&long) && !GLOBAL.contains(&long);
        extended.sources.iter().any(|(long, _)| is_of_job(long))
    })
}

/// The language that a variable or the settings name.
pub(super) fn language() -> Option<String> {
    let (_, variable) = variable_in_use("lang");
    variable
        .and_then(|word| word.into_string().ok())
        .or_else(|| engine::run_settings().ok()?.options.get("lang")?.as_str().map(str::to_owned))
}

/// Whether a command runs a job again.
fn is_run_again(command: &str) -> bool {
    matches!(command, "resume" | "retry")
}

/// Refuses keys of `[run]` that are no options of `run`.
fn check_keys(run: &Command, section: &RunSection) -> Result<(), JobError> {
    let names = || {
        let options = run.get_arguments().filter(|arg| !NEVER.contains(&arg.get_id().as_str()));
        options.filter_map(Arg::get_long)
    };
    let mut named: Vec<(&str, &str)> = Vec::new();
    for key in section.options.keys() {
        let place = section.location(key);
        if let Some(name) = spelling::find(key, names()) {
            if let Some((_, other)) = named.iter().find(|(known, _)| *known == name) {
                let message = Message::new("run_key_twice").with("key", key).with("other", other);
                return Err(JobError::Refused(message.with("place", place)));
            }
            named.push((name, key));
        } else {
            let message = match spelling::nearest(key, names()) {
                Some(near) => Message::new("run_key_near").with("near", near),
                None => Message::new("run_key"),
            };
            return Err(JobError::Refused(message.with("key", key).with("place", place)));
        }
    }
    Ok(())
}

/// Options found so far.
struct Found<'a> {
    matches: &'a ArgMatches,
    /// Ids of options that are given, there or elsewhere.
    taken: BTreeSet<String>,
    extended: Extended,
    inserted: Vec<OsString>,
}

impl Found<'_> {
    fn add(&mut self, command: &Command, options: &[&Arg], arg: &Arg, layer: &Layer) -> Result<(), JobError> {
        let (id, long) = (arg.get_id().as_str(), arg.get_long().unwrap_or_default());
        let needs = NEEDS.iter().find(|(needy, _)| *needy == id).map(|(_, needed)| *needed);
        let lacks = |needed: &[&str]| !needed.iter().any(|id| self.taken.contains(*id));
        if self.taken.contains(id) || needs.is_some_and(lacks) {
            return Ok(());
        }
        let conflicts = |one: &Arg, other: &Arg| {
            command.get_arg_conflicts_with(one).iter().any(|conflict| conflict.get_id() == other.get_id())
        };
        let mut others = options.iter().filter(|other| self.taken.contains(other.get_id().as_str()));
        if others.any(|other| conflicts(arg, other) || conflicts(other, arg)) {
            return Ok(());
        }
        let Some((given, source)) = layer.get(arg, long)? else { return Ok(()) };
        let values = match given {
            Given::One(value) => vec![value],
            Given::Many(values) => values,
        };
        let mut is_set = false;
        for value in values {
            let Some(value) = self.fitting(id, value) else { continue };
            let may_be_bare = arg.get_num_args().is_some_and(|values| values.min_values() == 0);
            let word = value.to_str().map(str::to_ascii_lowercase);
            let argument = match (may_be_bare, word.as_deref()) {
                (true, Some("1" | "true" | "yes" | "on")) => OsString::from(format!("--{long}")),
                (true, Some("0" | "false" | "no" | "off")) => continue,
                (true, _) if !arg.get_action().takes_values() => {
                    let message = Message::new("run_flag").with("source", &source);
                    return Err(JobError::Refused(message.with("value", value.to_string_lossy())));
                }
                _ => {
                    let mut argument = OsString::from(format!("--{long}="));
                    argument.push(value);
                    argument
                }
            };
            self.inserted.push(argument);
            is_set = true;
        }
        // A flag that is turned off is decided, too.
        self.taken.insert(id.to_owned());
        if is_set {
            self.extended.sources.push((long.to_owned(), source));
        }
        Ok(())
    }

    /// The value as far as it fits to options that come first: they win where `--save` and others set the same.
    fn fitting(&self, id: &str, value: OsString) -> Option<OsString> {
        let text = |id: &str| {
            let on_command_line = self.matches.try_get_raw(id).ok().flatten().and_then(|mut values| values.next_back());
            let inserted = || {
                let start = format!("--{id}=");
                self.inserted.iter().find_map(|argument| argument.to_str()?.strip_prefix(&start).map(str::to_owned))
            };
            let given = || on_command_line.and_then(|value| value.to_str()).map(str::to_owned).or_else(inserted);
            if self.taken.contains(id) { given() } else { None }
        };
        let saved =
            text("save").and_then(|text| Some((engine::parse_save(&text).ok()?, engine::save_keys_named(&text))));
        let format = text("format").and_then(|word| FormatChoice::named(&word));
        match id {
            "format" => saved.is_none().then_some(value),
            "save" => {
                let Some(mut save) = value.to_str().and_then(|text| engine::parse_save(text).ok()) else {
                    return Some(value);
                };
                if let Some(format) = format {
                    save.set_format(format);
                }
                for key in save::keys().iter().filter(|key| self.taken.contains(key.param.name)) {
                    key.reset(&mut save);
                }
                Some(engine::save_to_text(&save).into())
            }
            key if KEYS.contains(&key) => {
                let is_named = saved.as_ref().is_some_and(|(_, names)| names.iter().any(|name| name == key));
                let format = format.or(saved.map(|(save, _)| save.format));
                let applies = format.is_none_or(|format| save::key(key).is_ok_and(|key| key.applies_to(format)));
                (!is_named && applies).then_some(value)
            }
            _ => Some(value),
        }
    }

    /// Inserts the options before the first `--`: what follows it are inputs.
    fn finish(self) -> Extended {
        let Self { mut extended, inserted, .. } = self;
        let at = extended.arguments.iter().position(|word| word == "--").unwrap_or(extended.arguments.len());
        extended.arguments.splice(at..at, inserted);
        extended
    }
}
