//! The command line, and what it asks for as a job.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::list_args::LinkArgs;
use super::network_args::NetworkArgs;
use crate::config::{MAX_PIXELS, MAX_SIDE_PX};
use crate::engine::{self, ArgumentOptions, ExportFormat, recipe_file};
use crate::error::{ErrorKind, JobError, RecipePlace};
use crate::model::{
    ConflictPolicy, Durability, FormatChoice, JobSpec, Limits, MetadataPolicy, Output, ParamKind, Recipe, Save,
    SinkSpec, SourceSpec, Tree, TruncatedPolicy, Value, Work, human, is_only_stripped, save,
};

/// Batches of pictures and links: pick, filter, fetch, watch, and lose nothing.
#[derive(Debug, Parser)]
#[command(name = "pixloom", version, about, max_term_width = 100)]
#[command(override_usage = "pixloom [OPTIONS] [INPUT]...\n       pixloom [OPTIONS] <COMMAND>")]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[arg(value_name = "INPUT", help = inputs_help(" to add to the window"))]
    pub(super) inputs: Vec<OsString>,
    #[command(flatten)]
    pub(super) catalog: CatalogArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run a job without a window
    Run(Box<RunArgs>),
    /// Go on with a job that was interrupted (the latest one, or the one named)
    Resume(ResumeArgs),
    /// Try a job's failed items again
    Retry(RetryArgs),
    /// List the jobs, or tell all about one
    Jobs(JobsArgs),
    /// Write a job's items to a table for other programs
    Export(ExportArgs),
    /// List every operation, or tell all about one; `ops save` tells of formats and how they are saved
    Ops {
        /// An operation's name, such as resize; or save
        name: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(super) struct CatalogArgs {
    /// The catalog: what happened to every item of every job [default: pixloom/catalog.sqlite in the user's data folder]
    #[arg(long, value_name = "PATH", global = true)]
    pub(super) catalog: Option<OsString>,
}

#[derive(Debug, Args)]
pub(super) struct ResumeArgs {
    /// The job's number
    pub(super) job: Option<i64>,
    #[command(flatten)]
    pub(super) report: ReportArgs,
}

#[derive(Debug, Args)]
pub(super) struct RetryArgs {
    /// The job's number
    pub(super) job: i64,
    /// Only failures of this kind, such as timeout or not_a_picture
    #[arg(long, value_parser = kind)]
    pub(super) kind: Option<ErrorKind>,
    #[command(flatten)]
    pub(super) report: ReportArgs,
}

#[derive(Debug, Args)]
pub(super) struct JobsArgs {
    /// The job's number
    pub(super) job: Option<i64>,
    /// JSON lines on standard output
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// The job's number
    pub(super) job: i64,
    /// csv (with a header), jsonl (one JSON object a line) or parquet
    #[arg(long, value_enum)]
    format: ExportWord,
    /// The file to write; one that is there is replaced [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

impl ExportArgs {
    pub(super) fn format(&self) -> ExportFormat {
        self.format.into()
    }
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

#[derive(Clone, Copy, Debug, Args)]
pub(super) struct ReportArgs {
    /// JSON lines on standard output
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[arg(value_name = "INPUT", help = inputs_help(""))]
    inputs: Vec<OsString>,
    /// Go into the folders below a folder, too
    #[arg(short = 'R', long)]
    recursive: bool,
    #[command(flatten)]
    links: LinkArgs,
    /// A recipe file
    #[arg(short, long, value_name = "FILE.toml")]
    recipe: Option<PathBuf>,
    /// A step, such as 'resize:long_edge=1024,kernel=lanczos3' (repeatable, in order; after the recipe's)
    #[arg(short, long = "step", value_name = "STEP")]
    steps: Vec<String>,
    /// The output folder [default: a new one beside the first input]
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The results' format [default: keep]
    #[arg(long, value_parser = format_words())]
    format: Option<String>,
    /// What may be lost, 1 to 100 [default: 85 for JPEG, 82 for WebP, 80 for AVIF]
    #[arg(long, value_name = "N")]
    quality: Option<String>,
    /// Names of results, without extension; fields: {stem} {ext} {index} {index:05} {parent} {host} {width} {height}
    /// {date} {date:%Y-%m-%d} {hash} {dir} {col:NAME}; the date is that of taking, else the file's own; {col:NAME} is a
    /// column of the item's list
    #[arg(long, value_name = "TEMPLATE", default_value = "{stem}")]
    name: String,
    /// Whether folders are mirrored below the output folder
    #[arg(long, value_enum, default_value = "keep")]
    tree: TreeWord,
    /// What happens when a name is taken
    #[arg(long, value_enum, value_name = "POLICY", default_value = "rename")]
    on_conflict: ConflictWord,
    /// Format and its settings in one, such as 'webp:quality=82'; `pixloom ops save` lists them all
    #[arg(long, value_name = "FORMAT:KEY=VALUE,...")]
    save: Option<String>,
    /// Convert pixels to sRGB, to another colour space whose profile is embedded then, or keep their own [default: srgb]
    #[arg(long, value_parser = key_words("colour"))]
    colour: Option<String>,
    /// What of EXIF, XMP and IPTC goes along [default: no-gps]
    #[arg(long, value_parser = key_words("metadata"))]
    metadata: Option<String>,
    /// Pictures worked on at once [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    workers: Option<u16>,
    /// URLs in flight at once
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=4096))]
    connections: u16,
    /// URLs in flight at one host
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=4096))]
    per_host: u16,
    /// Memory for pictures and bodies in flight, such as 512MiB [default: half of free memory, at most 2GiB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    memory: Option<u64>,
    /// How long a lost network is waited for, such as 30s or 5m
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = seconds)]
    network_wait: u64,
    /// Pixels above which a picture is refused, in megapixels [default: 1000]
    #[arg(long, value_name = "N", value_parser = megapixels)]
    max_megapixels: Option<u64>,
    /// Width or height in px above which a picture is refused [default: 65535]
    #[arg(long, value_name = "PX", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_SIDE_PX)))]
    max_side: Option<u32>,
    /// Memory that one item may take, such as 512MiB [default: as --memory; above that, what is no bomb runs alone]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    item_memory: Option<u64>,
    /// How long one item may be worked on, such as 90s or 1h [default: 10m]
    #[arg(long, value_name = "TIME", value_parser = some_seconds)]
    item_timeout: Option<u64>,
    /// What becomes of a picture whose file ends early: it fails, or what is there is saved and marked in the catalog
    #[arg(long, value_enum, value_name = "POLICY", default_value = "fail")]
    truncated: TruncatedWord,
    /// Print the plan and stop: outputs, conflicts, predicted size, time and memory
    #[arg(long)]
    dry_run: bool,
    /// Call an item done only once it is safe on disk and in the catalog (the default)
    #[arg(long, conflicts_with = "fast")]
    durable: bool,
    /// Don't wait for the disk: quicker, but a power cut may lose what was reported done
    #[arg(long)]
    fast: bool,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    pub(super) report: ReportArgs,
}

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

/// The words of `--format`, from the formats' own list.
fn format_words() -> PossibleValuesParser {
    FormatChoice::all().into_iter().map(FormatChoice::word).collect::<Vec<_>>().into()
}

/// The words of an option that stands for a key of `--save`, from that key's declaration.
fn key_words(name: &str) -> PossibleValuesParser {
    let options = match engine::save_keys().iter().find(|key| key.param.name == name).map(|key| &key.param.kind) {
        Some(ParamKind::Choice { options, .. }) => *options,
        _ => &[],
    };
    options.into()
}

impl RunArgs {
    /// Whether only the plan is wanted.
    pub(super) fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// The job that was asked for.
    pub(super) fn spec(&self) -> Result<JobSpec, JobError> {
        let (recipe, save) = self.recipe_and_save()?;
        let spec = JobSpec {
            work: Work::Pictures,
            sources: self.sources()?,
            lists: self.links.lists(),
            recipe,
            outputs: vec![Output { save, sink: self.sink(), ..Output::default() }],
            limits: Limits {
                workers: self.workers.map(usize::from),
                connections: self.connections.into(),
                per_host: self.per_host.into(),
                memory_bytes: self.memory,
                network_wait_s: self.network_wait,
                network_gone_s: None,
                max_pixels: self.max_megapixels,
                max_side_px: self.max_side,
                item_memory_bytes: self.item_memory,
                item_timeout_s: self.item_timeout,
                truncated: self.truncated.into(),
            },
            network: self.network.spec()?,
        };
        engine::check_spec(&spec)?;
        self.check_places(&spec)?;
        Ok(spec)
    }

    fn sink(&self) -> SinkSpec {
        SinkSpec {
            dir: self.out.clone(),
            name: self.name.clone(),
            tree: self.tree.into(),
            on_conflict: self.on_conflict.into(),
            durability: if self.fast { Durability::Fast } else { Durability::Group },
        }
    }

    /// Whoever asks in so many words for results without places is not to get copies that may hold them.
    fn check_places(&self, spec: &JobSpec) -> Result<(), JobError> {
        let in_save = self.save.as_deref().map(engine::save_keys_named).unwrap_or_default();
        let is_asked = self.metadata.is_some() || in_save.iter().any(|key| key == "metadata");
        if is_asked && spec.is_copy() && spec.output().save.metadata == MetadataPolicy::NoGps {
            return Err(JobError::Usage(
                "Without a step or a --format, files are copied byte by byte, with the places they were taken at: give a \
                 --format to write them anew without, or --metadata strip, which drops all metadata and leaves the \
                 pixels as they are."
                    .to_owned(),
            ));
        }
        Ok(())
    }

    /// What was asked for that has no effect, as a sentence.
    pub(super) fn idle_options(&self, spec: &JobSpec) -> Option<String> {
        let keeps_pixels = spec.is_copy() || is_only_stripped(&spec.recipe, &spec.output().save);
        (keeps_pixels && self.colour.is_some()).then(|| {
            "Without a step or a --format, pixels and profiles stay as they are: --colour has no effect.".to_owned()
        })
    }

    fn sources(&self) -> Result<Vec<SourceSpec>, JobError> {
        self.inputs.iter().try_for_each(check_scheme)?;
        let mut sources = sources(&self.inputs, self.recursive)?;
        sources.extend(self.links.sources()?);
        if sources.is_empty() {
            return Err(JobError::Usage(
                "Nothing to do: give files, folders or URLs, or a list with --urls FILE.".to_owned(),
            ));
        }
        Ok(sources)
    }

    fn recipe_and_save(&self) -> Result<(Recipe, Save), JobError> {
        let (mut recipe, mut save) = (Recipe::default(), Save::default());
        if let Some(path) = &self.recipe {
            let text = std::fs::read_to_string(path)
                .map_err(|error| JobError::Usage(format!("Couldn't read the recipe {}: {error}.", path.display())))?;
            let file = recipe_file::read(&text, &path.display().to_string())?;
            recipe = file.recipe;
            save = file.save.unwrap_or_default();
        }
        for step in &self.steps {
            let parsed = engine::parse_step(step)
                .map_err(|why| JobError::Recipe { place: RecipePlace::Argument(format!("--step {step}")), why })?;
            recipe.steps.push(parsed);
        }
        if let Some(text) = &self.save {
            save = engine::parse_save(text)
                .map_err(|why| JobError::Recipe { place: RecipePlace::Argument(format!("--save {text}")), why })?;
        }
        if let Some(word) = &self.format {
            let format = save::format(&Value::from(word.as_str())).map_err(JobError::Refused)?;
            if self.save.is_some() && format != save.format {
                let (one, other) = (save.format.word(), format.word());
                return Err(JobError::Usage(format!("--save says {one}, --format says {other}: give one of them.")));
            }
            save.set_format(format);
        }
        let shortcuts = [("quality", &self.quality), ("colour", &self.colour), ("metadata", &self.metadata)];
        let named = self.save.as_deref().map(engine::save_keys_named).unwrap_or_default();
        for (name, word) in shortcuts.into_iter().filter_map(|(name, word)| Some((name, word.as_ref()?))) {
            if named.iter().any(|key| key == name) {
                let text = self.save.as_deref().unwrap_or_default();
                let sentence = format!("--save {text} says {name}, and so does --{name} {word}: give one of them.");
                return Err(JobError::Usage(sentence));
            }
            let value = save::key(name).map(|key| key.param.value_of(word.clone()));
            value
                .and_then(|value| save.set(name, &value))
                .map_err(|why| JobError::Recipe { place: RecipePlace::Argument(format!("--{name} {word}")), why })?;
        }
        Ok((recipe, save))
    }
}

/// The kinds of inputs, as a sentence that ends in `end`.
fn inputs_help(end: &str) -> String {
    let kinds = engine::argument_help();
    let (first, rest) = kinds.split_at(kinds.chars().next().map_or(0, char::len_utf8));
    format!("{}{rest}{end}", first.to_uppercase())
}

/// The sources that the inputs on the command line stand for.
pub(super) fn sources(inputs: &[OsString], recursive: bool) -> Result<Vec<SourceSpec>, JobError> {
    let options = ArgumentOptions { recursive };
    let sources: Result<Vec<_>, _> =
        inputs.iter().map(|input| engine::from_argument(input, &options).map_err(JobError::Refused)).collect();
    Ok(engine::merge_sources(sources?.into_iter().flatten()))
}

/// Refuses a URL of a kind that isn't fetched: it would be taken for a file's name.
pub(super) fn check_scheme(input: &OsString) -> Result<(), JobError> {
    let Some((scheme, _)) = input.to_str().and_then(|word| word.split_once("://")) else { return Ok(()) };
    let known = ["http", "https", "file"].contains(&scheme.to_ascii_lowercase().as_str());
    if known || !scheme.chars().all(|c| c.is_ascii_alphanumeric()) || std::path::Path::new(input).exists() {
        return Ok(());
    }
    let shown = crate::model::locator::without_user_info(&input.to_string_lossy());
    let sentence = format!("{shown} is a {scheme} URL; only http and https URLs are fetched.");
    Err(JobError::Usage(sentence))
}

/// Refuses a word that is neither a file nor a URL, but looks like a command.
pub(super) fn check_input(input: &OsString) -> Result<(), JobError> {
    check_scheme(input)?;
    let looks_like_a_command = input.to_str().is_some_and(|word| !word.contains(['.', '/', '\\', ':']));
    if looks_like_a_command && !std::path::Path::new(input).exists() {
        let word = input.to_string_lossy();
        return Err(JobError::Usage(format!(
            "There is no command and no file \"{word}\". `pixloom --help` lists the commands."
        )));
    }
    Ok(())
}

fn kind(word: &str) -> Result<ErrorKind, String> {
    ErrorKind::from_word(word)
        .ok_or_else(|| "no such kind; `pixloom jobs JOB` lists the kinds of a job's failures".to_owned())
}

/// Reads `512MiB`, `2GB`, `1048576`.
fn size(text: &str) -> Result<u64, String> {
    let wrong = || "a size is a number with B, kB, MB, GB, KiB, MiB or GiB, such as 512MiB".to_owned();
    let bytes = human::parse_size(text).ok_or_else(wrong)?;
    if bytes >= 1_000_000 { Ok(bytes) } else { Err("allowed: 1MB to 1000TB".to_owned()) }
}

/// Reads `30s`, `5m`, `2h` or bare seconds.
fn seconds(text: &str) -> Result<u64, String> {
    let wrong = || "a time is a number with s, m or h, such as 30s or 5m".to_owned();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text[digits.len()..].trim_end_matches("in") {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(wrong()),
    };
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    number.checked_mul(unit).filter(|seconds| *seconds <= 7 * 86_400).ok_or_else(|| "allowed: 0s to 168h".to_owned())
}

/// The same, but no item is done in no time at all.
fn some_seconds(text: &str) -> Result<u64, String> {
    match seconds(text)? {
        0 => Err("allowed: 1s to 168h".to_owned()),
        seconds => Ok(seconds),
    }
}

/// Reads megapixels, `24` or `0.5`, as pixels.
fn megapixels(text: &str) -> Result<u64, String> {
    let millions: f64 = text.parse().map_err(|_| "a number of megapixels is wanted, such as 24 or 0.5".to_owned())?;
    let pixels = (millions * 1e6).round();
    let is_allowed = (1.0..=MAX_PIXELS as f64).contains(&pixels);
    if is_allowed { Ok(pixels as u64) } else { Err(format!("allowed: 0.000001 to {}", MAX_PIXELS / 1_000_000)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn help_lists_every_kind_of_source_and_every_format_of_lists() {
        let mut command = Arguments::command();
        let run = command.find_subcommand_mut("run").map(|run| run.render_long_help().to_string()).unwrap_or_default();
        let run = run.split_whitespace().collect::<Vec<_>>().join(" ");
        for words in [
            "Files, folders, http(s) URLs and toys (toy:NUMBER)",
            ".parquet or .toys (one toy per line)",
            "a box of toys",
        ] {
            assert!(run.contains(words), "{words}: {run}");
        }
    }

    #[test]
    fn sizes_and_times_are_read_with_their_units() {
        assert_eq!(size("512MiB"), Ok(512 << 20));
        assert_eq!(size("2gb"), Ok(2_000_000_000));
        assert!(size("lots").is_err() && size("-5MB").is_err() && size("1").is_err() && size("NaN").is_err());
        assert_eq!((seconds("30s"), seconds("5m"), seconds("5min"), seconds("7")), (Ok(30), Ok(300), Ok(300), Ok(7)));
        assert!(seconds("m").is_err() && seconds("1w").is_err());
        assert!(seconds("0s") == Ok(0) && seconds("169h").is_err_and(|error| error.contains("168h")));
        assert!(some_seconds("1s") == Ok(1) && some_seconds("0s").is_err_and(|error| error.contains("1s")));
        assert_eq!((megapixels("0.01"), megapixels("24")), (Ok(10_000), Ok(24_000_000)));
        assert!(["0", "-1", "NaN", "inf", "1001", "many"].iter().all(|text| megapixels(text).is_err()));
    }
}
