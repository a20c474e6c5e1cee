//! The arguments, and the job that they describe. Their help texts are in the word catalogues (see `help`).

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

use super::command_line::CommandLine;
use super::inputs::{check_folder, check_scheme, sources};
use super::list_args::LinkArgs;
use super::network_args::NetworkArgs;
use super::query_args::QueryArgs;
use super::report_args::ReportArgs;
use super::values::{
    Statuses, Words, age, kind, megapixels, nonzero_seconds, nonzero_size, pages, seconds, since, size, statuses,
    until, word_of,
};
use super::write_back_args::WriteBackArgs;
use crate::config::MAX_SIDE_PX;
use crate::engine::{self, ArgumentOptions, ExportFormat, RecipeInput, RecordRows};
use crate::error::{ErrorKind, JobError};
use crate::model::{
    ConflictPolicy, DamagedPolicy, Durability, FailureFilter, JobSpec, JobState, Lang, Limits, Message, MetadataPolicy,
    Output, PagesChoice, ParamKind, RawChoice, RawPairs, Recipe, Save, SinkSpec, SourceSpec, Tree, TruncatedPolicy,
    Work, human, is_copy, is_only_stripped,
};

#[derive(Debug, Parser)]
#[command(name = "pixloom", version, max_term_width = 100)]
#[command(override_usage = "pixloom [OPTIONS] [INPUT]...\n       pixloom [OPTIONS] <COMMAND>")]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[arg(value_name = "INPUT")]
    pub(super) inputs: Vec<OsString>,
    #[command(flatten)]
    pub(super) catalog: CatalogArgs,
    #[arg(long, value_enum, ignore_case = true, value_name = "LANG", global = true)]
    pub(super) lang: Option<LangWord>,
    /// Ignore `PIXLOOM_*` variables and `[run]` of the settings; decided before the arguments are read.
    #[arg(long, global = true)]
    pub(super) no_config: bool,
}

/// A language, as `--lang` names it.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum LangWord {
    En,
    Ko,
}

impl From<LangWord> for Lang {
    fn from(word: LangWord) -> Self {
        match word {
            LangWord::En => Self::English,
            LangWord::Ko => Self::Korean,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Run(Box<RunArgs>),
    Watch(Box<WatchArgs>),
    Query(Box<QueryArgs>),
    Resume(ResumeArgs),
    Retry(RetryArgs),
    Undo(UndoArgs),
    Jobs(JobsArgs),
    Export(ExportArgs),
    Ops { name: Option<String> },
    Formats(FormatsArgs),
    Licenses,
}

/// The names of all commands.
pub(super) fn command_names() -> Vec<String> {
    Arguments::command().get_subcommands().map(|command| command.get_name().to_owned()).collect()
}

#[derive(Debug, Args)]
pub(super) struct CatalogArgs {
    #[arg(long, value_name = "PATH", global = true)]
    pub(super) catalog: Option<OsString>,
}

#[derive(Debug, Args)]
pub(super) struct FormatsArgs {
    pub(super) name: Option<String>,
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ResumeArgs {
    pub(super) job: Option<i64>,
    #[command(flatten)]
    pub(super) report: ReportArgs,
}

#[derive(Debug, Args)]
pub(super) struct RetryArgs {
    pub(super) job: i64,
    #[arg(long, value_delimiter = ',', value_parser = kind)]
    kind: Vec<ErrorKind>,
    #[arg(long, value_name = "CODE", value_delimiter = ',', value_parser = statuses)]
    status: Vec<Statuses>,
    #[command(flatten)]
    pub(super) report: ReportArgs,
}

impl RetryArgs {
    /// The failures to retry.
    pub(super) fn failures(&self) -> FailureFilter {
        let statuses = self.status.iter().flat_map(|statuses| statuses.0.clone()).collect();
        FailureFilter { kinds: self.kind.clone(), statuses }
    }
}

#[derive(Debug, Args)]
pub(super) struct UndoArgs {
    pub(super) job: i64,
    #[arg(long)]
    pub(super) redo: bool,
    #[arg(long, conflicts_with = "redo")]
    pub(super) dry_run: bool,
    #[arg(long)]
    pub(super) json: bool,
    #[arg(short, long)]
    pub(super) quiet: bool,
}

#[derive(Debug, Args)]
pub(super) struct JobsArgs {
    pub(super) job: Option<i64>,
    #[arg(long)]
    pub(super) json: bool,
    #[arg(long, requires = "job")]
    pub(super) command: bool,
    #[command(flatten)]
    pub(super) which: WhichJobs,
    #[arg(long, conflicts_with = "job")]
    pub(super) prune: bool,
    #[arg(long, value_name = "TIME", value_parser = age, requires = "prune")]
    pub(super) older_than: Option<u64>,
    #[arg(long, value_name = "N", requires = "prune")]
    pub(super) keep: Option<u64>,
    #[arg(long, requires = "prune")]
    pub(super) dry_run: bool,
}

/// Which jobs are listed or deleted.
#[derive(Debug, Args)]
pub(super) struct WhichJobs {
    #[arg(long, value_enum, ignore_case = true, value_delimiter = ',', conflicts_with = "job")]
    state: Vec<JobStateWord>,
    #[arg(long, value_name = "TIME|DATE", value_parser = since, conflicts_with = "job")]
    pub(super) since: Option<i64>,
    #[arg(long, value_name = "TIME|DATE", value_parser = until, conflicts_with = "job")]
    pub(super) until: Option<i64>,
    #[arg(long, value_name = "TEXT", conflicts_with = "job")]
    pub(super) search: Option<String>,
}

/// A state of jobs, or those with failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum JobStateWord {
    Queued,
    Running,
    Paused,
    Cancelled,
    Done,
    Failed,
}

impl WhichJobs {
    /// The states; none means all.
    pub(super) fn states(&self) -> Vec<JobState> {
        let state = |word: &JobStateWord| match word {
            JobStateWord::Queued => Some(JobState::Queued),
            JobStateWord::Running => Some(JobState::Running),
            JobStateWord::Paused => Some(JobState::Paused),
            JobStateWord::Cancelled => Some(JobState::Cancelled),
            JobStateWord::Done => Some(JobState::Done),
            JobStateWord::Failed => None,
        };
        self.state.iter().filter_map(state).collect()
    }

    /// Whether only jobs with failed items are meant.
    pub(super) fn has_failures(&self) -> bool {
        self.state.contains(&JobStateWord::Failed)
    }

    /// Whether anything was given.
    pub(super) fn is_given(&self) -> bool {
        !self.state.is_empty() || self.since.is_some() || self.until.is_some() || self.search.is_some()
    }
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    pub(super) job: i64,
    #[arg(long, value_enum, ignore_case = true)]
    format: ExportWord,
    #[arg(long, value_enum, ignore_case = true, default_value = "items")]
    rows: RowsWord,
    #[arg(short, long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

impl ExportArgs {
    pub(super) fn format(&self) -> ExportFormat {
        self.format.into()
    }

    pub(super) fn rows(&self) -> RecordRows {
        match self.rows {
            RowsWord::Items => RecordRows::Items,
            RowsWord::Outputs => RecordRows::Outputs,
            RowsWord::Rejections => RecordRows::Rejections,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RowsWord {
    Items,
    Outputs,
    Rejections,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ExportWord {
    Csv,
    Jsonl,
    Parquet,
}

impl From<ExportWord> for ExportFormat {
    fn from(word: ExportWord) -> Self {
        match word {
            ExportWord::Csv => Self::Csv,
            ExportWord::Jsonl => Self::JsonLines,
            ExportWord::Parquet => Self::Parquet,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[arg(value_name = "INPUT")]
    inputs: Vec<OsString>,
    #[arg(short = 'R', long)]
    recursive: bool,
    #[arg(long)]
    all_files: bool,
    #[command(flatten)]
    links: LinkArgs,
    #[arg(short, long = "recipe", value_name = "FILE.toml|PRESET")]
    pub(super) recipes: Vec<PathBuf>,
    #[arg(short, long = "step", value_name = "STEP")]
    pub(super) steps: Vec<String>,
    #[arg(short, long, value_name = "DIR|-")]
    out: Option<PathBuf>,
    #[arg(long, value_parser = Words::of_formats())]
    pub(super) format: Option<String>,
    #[arg(long, value_name = "N")]
    pub(super) quality: Option<String>,
    #[arg(long, value_name = "TEMPLATE", default_value = "{stem}")]
    name: String,
    #[arg(long, value_enum, ignore_case = true, default_value = "keep")]
    tree: TreeWord,
    #[arg(long, value_enum, ignore_case = true, value_name = "POLICY", default_value = "rename")]
    on_conflict: ConflictWord,
    #[arg(long)]
    update: bool,
    #[arg(long)]
    trash: bool,
    #[arg(long, value_name = "FORMAT:KEY=VALUE,...")]
    pub(super) save: Option<String>,
    #[arg(long, alias = "color", value_parser = key_words("colour"))]
    pub(super) colour: Option<String>,
    #[arg(long, value_parser = key_words("hdr"))]
    pub(super) hdr: Option<String>,
    #[arg(long, value_parser = key_words("metadata"))]
    pub(super) metadata: Option<String>,
    #[arg(long, value_name = "PERCENT")]
    pub(super) min_saving: Option<String>,
    #[arg(long, conflicts_with = "min_saving")]
    pub(super) keep_smaller: bool,
    #[arg(long)]
    pub(super) lossless_jpeg: bool,
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    workers: Option<u16>,
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=4096))]
    connections: u16,
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=4096))]
    per_host: u16,
    #[arg(long, value_name = "SIZE", value_parser = size)]
    memory: Option<u64>,
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = seconds)]
    network_wait: u64,
    #[arg(long, value_name = "N", value_parser = megapixels)]
    max_megapixels: Option<u64>,
    #[arg(long, value_name = "PX", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_SIDE_PX)))]
    max_side: Option<u32>,
    #[arg(long, value_name = "SIZE", value_parser = size)]
    item_memory: Option<u64>,
    #[arg(long, value_name = "TIME", value_parser = nonzero_seconds)]
    item_timeout: Option<u64>,
    #[arg(long, value_name = "SIZE", value_parser = nonzero_size)]
    max_bytes: Option<u64>,
    #[arg(long, value_name = "N")]
    max_failures: Option<u64>,
    #[arg(long, value_enum, ignore_case = true, value_name = "POLICY")]
    truncated: Option<TruncatedWord>,
    #[arg(long, value_enum, ignore_case = true, value_name = "POLICY")]
    damaged: Option<DamagedWord>,
    #[arg(long, value_enum, ignore_case = true, value_name = "HOW")]
    raw: Option<RawWord>,
    #[arg(long, value_enum, ignore_case = true, value_name = "WHICH", default_value = "both")]
    raw_pairs: RawPairsWord,
    #[arg(long, value_name = "all|first|N-M", value_parser = pages)]
    pages: Option<PagesChoice>,
    #[arg(long)]
    keep_times: bool,
    #[arg(long)]
    dry_run: bool,
    #[arg(long)]
    pub(super) allow_empty: bool,
    #[arg(long, conflicts_with = "fast")]
    durable: bool,
    #[arg(long)]
    fast: bool,
    #[command(flatten)]
    write_back: WriteBackArgs,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    pub(super) report: ReportArgs,
}

/// The recipe and the outputs that the options describe.
pub(super) struct RecipeParts {
    /// The steps that all outputs share.
    pub(super) recipe: Recipe,
    /// At least one.
    pub(super) outputs: Vec<Output>,
    pub(super) input: RecipeInput,
}

/// Watched folders: the options of `run`, those without a meaning for folders aside, and its own.
#[derive(Debug, Args)]
pub(super) struct WatchArgs {
    #[command(flatten)]
    pub(super) run: RunArgs,
    #[arg(long)]
    once: bool,
    #[arg(long, value_name = "TIME", value_parser = nonzero_seconds)]
    poll: Option<u64>,
}

impl WatchArgs {
    /// Whether only what is new now is taken.
    pub(super) fn is_once(&self) -> bool {
        self.once
    }

    /// The job that was asked for.
    pub(super) fn spec(&self) -> Result<JobSpec, JobError> {
        if self.run.writes_stdout() {
            return Err(JobError::Refused(Message::new("watch_stdout")));
        }
        self.run.watch_spec(self.poll)
    }

    /// The arguments that repeat a job: the inverse of [`Self::spec`].
    pub(super) fn of_spec(spec: &JobSpec) -> CommandLine {
        let mut line = RunArgs::of_spec(spec);
        if let Some(first) = line.words.first_mut() {
            *first = "watch".into();
        }
        line
    }
}

/// Standard input as an input, standard output as an output.
const STDIN: &str = "-";

/// Words of the command line for the model's choices.
macro_rules! words {
    ($name:ident for $target:ident { $($variant:ident),+ }) => {
        #[derive(Clone, Copy, Debug, ValueEnum)]
        enum $name { $($variant),+ }
        impl From<$name> for $target {
            fn from(word: $name) -> Self {
                match word { $($name::$variant => Self::$variant),+ }
            }
        }
    };
}

words!(TreeWord for Tree { Keep, Flat });
words!(ConflictWord for ConflictPolicy { Rename, Skip, Overwrite, Fail });
words!(TruncatedWord for TruncatedPolicy { Fail, Keep });
words!(DamagedWord for DamagedPolicy { Fail, Keep });
words!(RawWord for RawChoice { Preview, Develop });
words!(RawPairsWord for RawPairs { Both, Raw, Jpeg });

/// The help of an option that sets a key of `--save`, from that key's declaration.
fn key_words(name: &str) -> Words {
    let options = match engine::save_keys().iter().find(|key| key.param.name == name).map(|key| &key.param.kind) {
        Some(ParamKind::Choice { options, .. }) => *options,
        _ => &[],
    };
    Words::of(options)
}

impl RunArgs {
    /// Whether only the plan is wanted.
    pub(super) fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// Whether one of the inputs is the image on standard input.
    pub(super) fn reads_stdin(&self) -> bool {
        self.inputs.iter().any(|input| input == STDIN)
    }

    /// Puts a file in the place of standard input, or nothing.
    pub(super) fn take_stdin_from(&mut self, path: Option<&Path>) {
        let inputs = std::mem::take(&mut self.inputs).into_iter();
        let taken = inputs.filter_map(|input| if input == STDIN { path.map(OsString::from) } else { Some(input) });
        self.inputs = taken.collect();
    }

    /// Whether nothing is left to process.
    pub(super) fn has_no_inputs(&self) -> bool {
        self.inputs.is_empty() && !self.links.has_lists()
    }

    /// Whether the result goes to standard output.
    pub(super) fn writes_stdout(&self) -> bool {
        self.out.as_deref() == Some(Path::new(STDIN))
    }

    /// Refuses to read standard input twice.
    pub(super) fn check_stdin(&self) -> Result<(), JobError> {
        let inputs = self.inputs.iter().filter(|input| *input == STDIN).count();
        if inputs + self.links.stdin_count() > 1 {
            return Err(JobError::Refused(Message::new("stdin_twice")));
        }
        Ok(())
    }

    /// The job that was asked for.
    pub(super) fn spec(&self) -> Result<JobSpec, JobError> {
        self.spec_of(self.sources()?, false)
    }

    /// The job that watches the inputs, which are folders.
    pub(super) fn watch_spec(&self, poll_s: Option<u64>) -> Result<JobSpec, JobError> {
        let options = ArgumentOptions { recursive: self.recursive, all_files: self.all_files };
        let paths = self.inputs.iter().map(Path::new);
        paths.clone().try_for_each(check_folder)?;
        let sources: Vec<SourceSpec> = paths.map(|path| engine::watched_folder(path, options, poll_s)).collect();
        if sources.is_empty() {
            return Err(JobError::Refused(Message::new("watch_no_inputs")));
        }
        self.spec_of(sources, true)
    }

    fn spec_of(&self, sources: Vec<SourceSpec>, watch: bool) -> Result<JobSpec, JobError> {
        let RecipeParts { recipe, outputs, input } = self.recipe_parts(&self.sink())?;
        let spec = JobSpec {
            work: Work::Pictures,
            sources,
            lists: self.links.lists(),
            recipe,
            outputs,
            limits: Limits {
                workers: self.workers.map(usize::from),
                connections: self.connections.into(),
                per_host: self.per_host.into(),
                db_connections: self.links.db_connections.into(),
                memory_bytes: self.memory,
                network_wait_s: self.network_wait,
                database_wait_s: self.write_back.database_wait,
                network_gone_s: None,
                max_pixels: self.max_megapixels,
                max_side_px: self.max_side,
                item_memory_bytes: self.item_memory,
                item_timeout_s: self.item_timeout,
                max_bytes: self.max_bytes,
                truncated: self.truncated.map(Into::into).or(input.truncated).unwrap_or_default(),
                damaged: self.damaged.map(Into::into).or(input.damaged).unwrap_or_default(),
                raw: self.raw.map(Into::into).or(input.raw).unwrap_or_default(),
                raw_pairs: self.raw_pairs.into(),
                pages: self.pages.or(input.pages).unwrap_or_default(),
                max_failures: self.max_failures,
            },
            network: self.network.spec()?,
            write_back: self.write_back.spec(self.links.has_query(), self.links.row_key())?,
            query: None,
            watch,
        };
        engine::check_spec(&spec)?;
        self.check_gps(&spec)?;
        Ok(spec)
    }

    fn sink(&self) -> SinkSpec {
        SinkSpec {
            dir: self.out.clone(),
            folder: None,
            name: self.name.clone(),
            tree: self.tree.into(),
            on_conflict: self.on_conflict.into(),
            update: self.update,
            trash: self.trash.then_some(true),
            durability: if self.fast { Durability::Fast } else { Durability::Group },
            keep_times: self.keep_times,
        }
    }

    /// A person who asks for results without GPS positions must not get copies that may contain them.
    fn check_gps(&self, spec: &JobSpec) -> Result<(), JobError> {
        let in_save = self.save.as_deref().map(engine::save_keys_named).unwrap_or_default();
        let is_asked = self.metadata.is_some() || in_save.iter().any(|key| key == "metadata");
        let may_show = |output: &Output| {
            is_copy(&output.whole_recipe(&spec.recipe), &output.save) && output.save.metadata == MetadataPolicy::NoGps
        };
        if is_asked && spec.outputs.iter().any(may_show) {
            return Err(JobError::Refused(Message::new("no_gps_copy")));
        }
        Ok(())
    }

    /// The arguments that repeat a job: the inverse of [`Self::spec`].
    pub(super) fn of_spec(spec: &JobSpec) -> CommandLine {
        // Named one by one, so that nothing that is added to a request is forgotten here.
        let JobSpec { work: _, sources, lists, recipe, outputs, limits, network, write_back, query: _, watch: _ } =
            spec;
        let Output { name: _, steps, save, sink } = spec.output();
        let mut line = CommandLine::new("run");
        line.sources(sources);
        LinkArgs::write(lists, &mut line);
        if spec.has_named_outputs() {
            line.recipe_file(&engine::recipe_text(recipe, outputs));
        } else {
            let steps = recipe.steps.iter().chain(steps);
            // A step without an effect would be refused.
            for step in steps.filter(|step| step.enabled && engine::require_effect(step).is_ok()) {
                line.value("-s", engine::step_to_text(step));
            }
            Self::write_save(save, &mut line);
        }
        Self::write_sink(sink, &mut line);
        Self::write_limits(limits, &mut line);
        NetworkArgs::write(network, &mut line);
        WriteBackArgs::write(write_back.as_ref(), &mut line);
        line
    }

    /// As single options where there is one for each setting, else as `--save`.
    fn write_save(save: &Save, line: &mut CommandLine) {
        const OPTIONS: [(&str, &str); 5] = [
            ("quality", "--quality"),
            ("colour", "--colour"),
            ("hdr", "--hdr"),
            ("metadata", "--metadata"),
            ("min_saving", "--min-saving"),
        ];
        let has_option = |name: &str| name == "lossless_jpeg" || OPTIONS.iter().any(|(key, _)| *key == name);
        if !save.given().all(|(key, _)| has_option(key.param.name)) {
            return line.value("--save", engine::save_to_text(save));
        }
        line.given("--format", (save.format != Save::default().format).then(|| save.format.word()));
        line.flag("--lossless-jpeg", save.lossless_jpeg);
        for (key, value) in save.given() {
            if let Some((_, option)) = OPTIONS.iter().find(|(name, _)| *name == key.param.name) {
                line.value(option, value.to_string());
            }
        }
    }

    fn write_sink(sink: &SinkSpec, line: &mut CommandLine) {
        let SinkSpec { dir, folder: _, name, tree, on_conflict, update, trash, durability, keep_times } = sink;
        let default = SinkSpec::default();
        line.given("-o", dir.as_ref());
        line.given("--name", (*name != default.name).then_some(name));
        line.given("--tree", word_of(*tree, default.tree));
        line.given("--on-conflict", word_of(*on_conflict, default.on_conflict));
        line.flag("--update", *update);
        line.flag("--trash", *trash == Some(true));
        line.flag("--fast", *durability == Durability::Fast);
        line.flag("--keep-times", *keep_times);
    }

    fn write_limits(limits: &Limits, line: &mut CommandLine) {
        let Limits {
            workers,
            connections,
            per_host,
            db_connections,
            memory_bytes,
            network_wait_s,
            database_wait_s,
            // Only tests set it.
            network_gone_s: _,
            max_pixels,
            max_side_px,
            item_memory_bytes,
            item_timeout_s,
            max_bytes,
            truncated,
            damaged,
            raw,
            raw_pairs,
            pages,
            max_failures,
        } = limits;
        let default = Limits::default();
        line.number("--workers", *workers);
        line.changed("--connections", *connections, default.connections);
        line.changed("--per-host", *per_host, default.per_host);
        line.changed("--db-connections", *db_connections, default.db_connections);
        line.given("--memory", memory_bytes.map(human::exact_size));
        line.time("--network-wait", (*network_wait_s != default.network_wait_s).then_some(*network_wait_s));
        line.time("--database-wait", (*database_wait_s != default.database_wait_s).then_some(*database_wait_s));
        line.number("--max-megapixels", max_pixels.map(|pixels| pixels as f64 / 1e6));
        line.number("--max-side", *max_side_px);
        line.given("--item-memory", item_memory_bytes.map(human::exact_size));
        line.time("--item-timeout", *item_timeout_s);
        line.given("--max-bytes", max_bytes.map(human::exact_size));
        line.number("--max-failures", *max_failures);
        line.given("--truncated", word_of(*truncated, default.truncated));
        line.given("--damaged", word_of(*damaged, default.damaged));
        line.given("--raw", word_of(*raw, default.raw));
        line.given("--raw-pairs", word_of(*raw_pairs, default.raw_pairs));
        line.given("--pages", (*pages != default.pages).then(|| pages.to_string()));
    }

    /// A warning about options that have no effect.
    pub(super) fn idle_options(&self, spec: &JobSpec) -> Option<Message> {
        let is_stripped = |output: &Output| is_only_stripped(&output.whole_recipe(&spec.recipe), &output.save);
        let keeps_pixels = spec.is_copy() || spec.outputs.iter().all(is_stripped);
        (keeps_pixels && self.colour.is_some()).then(|| Message::new("colour_idle"))
    }

    fn sources(&self) -> Result<Vec<SourceSpec>, JobError> {
        if self.inputs.iter().any(|input| input.is_empty()) {
            return Err(JobError::Refused(Message::new("input_empty")));
        }
        self.inputs.iter().try_for_each(check_scheme)?;
        let options = ArgumentOptions { recursive: self.recursive, all_files: self.all_files };
        let mut sources = sources(&self.inputs, options)?;
        sources.extend(self.links.sources(self.write_back.db.as_deref())?);
        if sources.is_empty() {
            return Err(JobError::Refused(Message::new("nothing_to_do")));
        }
        Ok(sources)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
