//! The arguments of `pixloom query`, and the request that they describe.

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::command_line::CommandLine;
use super::query_results::STDOUT;
use super::report_args::ReportArgs;
use super::values::{nonzero_seconds, word_of, worded};
use super::{lang, list_args};
use crate::engine::{self, QueryRequest, QueryTarget};
use crate::error::JobError;
use crate::model::{ConflictPolicy, Durability, JobSpec, Message, QueryResult, QuerySpec, RowsFormat, text_encoding};
use crate::store::{self, EntryKind};

/// Largest file with a statement, in bytes.
const MOST_SQL_BYTES: u64 = 16 << 20;
/// Names of files of results, unless others are asked for.
const NAME: &str = "{index:05}";
const CONNECTIONS: u16 = 8;
const RETRIES: u32 = 3;

/// Names of columns, separated by commas; one that contains a comma is quoted as in CSV.
#[derive(Clone, Debug)]
struct ColumnNames(Vec<String>);

fn column_names(text: &str) -> Result<ColumnNames, String> {
    let (mut names, mut rest) = (Vec::new(), text);
    loop {
        let (name, after) = if let Some(quoted) = rest.strip_prefix('"') {
            let (mut name, mut at) = (String::new(), 0);
            loop {
                let end = at + quoted[at..].find('"').ok_or_else(|| lang().word("open_quote").to_owned())?;
                name.push_str(&quoted[at..end]);
                at = end + 1;
                if !quoted[at..].starts_with('"') {
                    break (name, &quoted[at..]);
                }
                name.push('"');
                at += 1;
            }
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            (rest[..end].to_owned(), &rest[end..])
        };
        names.push(name);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(ColumnNames(names)),
            None => return Err(lang().word("open_quote").to_owned()),
        }
    }
}

/// A name of a column as `--key` reads it.
fn column_name(name: &str) -> String {
    if name.starts_with('"') || name.contains(',') {
        format!("\"{}\"", name.replace('"', "\"\""))
    } else {
        name.to_owned()
    }
}

#[derive(Debug, Args)]
pub(super) struct QueryArgs {
    #[arg(long, value_name = "DSN")]
    db: Option<String>,
    #[arg(long, value_name = "TEXT", conflicts_with = "file", required_unless_present = "file")]
    sql: Option<String>,
    #[arg(long, value_name = "FILE.sql")]
    file: Option<PathBuf>,
    #[arg(long, value_name = "FILE|URL|-")]
    each: Option<OsString>,
    #[arg(long, value_name = "NAME", requires = "each", value_parser = worded(text_encoding::checked_name))]
    encoding: Option<String>,
    #[arg(long, value_name = "COLUMN", conflicts_with = "each", requires = "parts")]
    split: Option<String>,
    #[arg(long, value_name = "N", requires = "split", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    parts: Option<u32>,
    #[arg(short, long, value_name = "FILE|DIR|-", conflicts_with = "into")]
    out: Option<PathBuf>,
    #[arg(long, value_enum, ignore_case = true, conflicts_with = "into")]
    format: Option<RowsWord>,
    #[arg(long, value_name = "TEMPLATE", requires = "out")]
    name: Option<String>,
    #[arg(long, value_enum, ignore_case = true, value_name = "POLICY", default_value = "rename")]
    on_conflict: ConflictWord,
    #[arg(long, value_name = "TABLE")]
    into: Option<String>,
    #[arg(long, value_name = "DSN", requires = "into")]
    into_db: Option<String>,
    #[arg(long, value_name = "COLUMN", requires = "into", value_parser = column_names)]
    key: Vec<ColumnNames>,
    #[arg(long)]
    write: bool,
    #[arg(long, value_name = "N", default_value_t = CONNECTIONS, value_parser = clap::value_parser!(u16).range(1..=1024))]
    db_connections: u16,
    #[arg(long, value_name = "TIME", value_parser = nonzero_seconds)]
    statement_timeout: Option<u64>,
    #[arg(long, value_name = "N", default_value_t = RETRIES, value_parser = clap::value_parser!(u32).range(0..=1000))]
    retries: u32,
    #[arg(long, value_name = "N")]
    max_failures: Option<u64>,
    #[arg(long)]
    pub(super) allow_empty: bool,
    #[arg(long)]
    fast: bool,
    #[command(flatten)]
    pub(super) report: ReportArgs,
}

/// What happens if a file exists.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ConflictWord {
    Rename,
    Skip,
    Overwrite,
    Fail,
}

impl From<ConflictWord> for ConflictPolicy {
    fn from(word: ConflictWord) -> Self {
        match word {
            ConflictWord::Rename => Self::Rename,
            ConflictWord::Skip => Self::Skip,
            ConflictWord::Overwrite => Self::Overwrite,
            ConflictWord::Fail => Self::Fail,
        }
    }
}

/// A format of rows.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum RowsWord {
    Csv,
    Jsonl,
    Parquet,
}

impl From<RowsWord> for RowsFormat {
    fn from(word: RowsWord) -> Self {
        match word {
            RowsWord::Csv => Self::Csv,
            RowsWord::Jsonl => Self::Jsonl,
            RowsWord::Parquet => Self::Parquet,
        }
    }
}

impl QueryArgs {
    /// The arguments that repeat a query job: the inverse of [`Self::request`].
    pub(super) fn of_spec(spec: &JobSpec, query: &QuerySpec) -> CommandLine {
        let QuerySpec { database, sql, split, parts, may_write, has_rows: _, connections, timeout_s, retries, result } =
            query;
        let mut line = CommandLine::new("query");
        line.value("--db", database);
        line.value("--sql", sql);
        match split {
            Some(column) => {
                line.value("--split", column);
                line.number("--parts", *parts);
            }
            None if spec.sources.iter().any(engine::is_statement) => {}
            None => spec.sources.iter().for_each(|list| line.list("--each", list)),
        }
        line.given("--encoding", spec.lists.encoding.as_ref());
        let sink = &spec.output().sink;
        Self::write_result(result, database, (sink.dir.as_deref(), &sink.name), &mut line);
        let on_conflict = match result {
            QueryResult::File { on_conflict, .. } => *on_conflict,
            QueryResult::Files { .. } => sink.on_conflict,
            QueryResult::None | QueryResult::Stdout { .. } | QueryResult::Table { .. } => ConflictPolicy::Rename,
        };
        line.given("--on-conflict", word_of(on_conflict, ConflictPolicy::default()));
        line.flag("--write", *may_write);
        line.changed("--db-connections", *connections, usize::from(CONNECTIONS));
        line.time("--statement-timeout", *timeout_s);
        line.changed("--retries", *retries, RETRIES);
        line.number("--max-failures", spec.limits.max_failures);
        line.flag("--fast", sink.durability == Durability::Fast);
        line
    }

    fn write_result(result: &QueryResult, database: &str, folder: (Option<&Path>, &str), line: &mut CommandLine) {
        let (dir, name) = folder;
        let format = |format: RowsFormat, implied: RowsFormat| (format != implied).then_some(format.word());
        match result {
            QueryResult::None => {}
            QueryResult::Stdout { format: own } => line.given("--format", format(*own, RowsFormat::default())),
            QueryResult::Files { format: own } => {
                line.given("-o", dir);
                line.value("--name", name);
                line.given("--format", format(*own, RowsFormat::default()));
            }
            QueryResult::File { path, format: own, .. } => {
                line.value("-o", path);
                let extension = path.extension().and_then(|extension| extension.to_str());
                let implied = extension.and_then(RowsFormat::of_extension).unwrap_or_default();
                line.given("--format", format(*own, implied));
            }
            QueryResult::Table { database: into, table, keys } => {
                line.value("--into", table);
                line.given("--into-db", (into != database).then_some(into));
                keys.iter().for_each(|key| line.value("--key", column_name(key)));
            }
        }
    }

    /// What is asked of the engine.
    pub(super) fn request(&self) -> Result<QueryRequest, JobError> {
        Ok(QueryRequest {
            database: self.db.clone().ok_or(JobError::Refused(Message::new("query_no_database")))?,
            sql: self.statement()?,
            list: self.each.as_ref().map(list_args::source).transpose()?,
            encoding: self.encoding.clone(),
            split: self.split.clone().zip(self.parts).map(|(column, parts)| (column, parts as usize)),
            may_write: self.write,
            connections: self.db_connections.into(),
            timeout_s: self.statement_timeout,
            retries: self.retries,
            max_failures: self.max_failures,
            target: self.target()?,
            on_conflict: self.on_conflict.into(),
            durability: if self.fast { Durability::Fast } else { Durability::Group },
        })
    }

    fn statement(&self) -> Result<String, JobError> {
        let Some(path) = &self.file else { return Ok(self.sql.clone().unwrap_or_default()) };
        let unread = |message: Message| JobError::Refused(message.with("path", path.display()));
        if store::size_at(path) > MOST_SQL_BYTES {
            return Err(unread(Message::new("query_file_large").with("most", MOST_SQL_BYTES >> 20)));
        }
        store::read_text(path).map_err(|error| unread(Message::new("query_file").with_message("detail", error)))
    }

    fn target(&self) -> Result<QueryTarget, JobError> {
        if let Some(table) = &self.into {
            let (database, table) = (self.into_db.clone(), table.clone());
            return Ok(QueryTarget::Table {
                database,
                table,
                keys: self.key.iter().flat_map(|names| names.0.clone()).collect(),
            });
        }
        let asked = self.format.map(RowsFormat::from);
        let Some(out) = self.out.as_deref().filter(|out| *out != Path::new(STDOUT)) else {
            let format = asked.unwrap_or_default();
            if self.name.is_some() {
                return Err(JobError::Refused(Message::new("query_name_stdout")));
            }
            if self.report.is_json() {
                return Err(JobError::Refused(Message::new("query_json_stdout")));
            }
            if format == RowsFormat::Parquet && io::stdout().is_terminal() {
                return Err(JobError::Refused(Message::new("parquet_terminal")));
            }
            return Ok(QueryTarget::Stdout { format });
        };
        let text = out.to_string_lossy();
        let is_folder = self.name.is_some()
            || text.ends_with(std::path::is_separator)
            || store::kind_at(out) == Some(EntryKind::Folder);
        if !is_folder && ["{col:", "{index"].iter().any(|field| text.contains(field)) {
            return Err(JobError::Refused(Message::new("query_out_template").with("path", &text)));
        }
        let extension = out.extension().filter(|_| !is_folder).and_then(|extension| extension.to_str());
        let format = asked.or_else(|| extension.and_then(RowsFormat::of_extension)).unwrap_or_default();
        Ok(if is_folder {
            let name = self.name.clone().unwrap_or_else(|| NAME.to_owned());
            QueryTarget::Files { dir: out.to_path_buf(), name, format }
        } else {
            QueryTarget::File { path: out.to_path_buf(), format }
        })
    }
}
