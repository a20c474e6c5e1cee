//! Options for writing results back into a table.

use clap::{Args, ValueEnum};

use super::command_line::CommandLine;
use super::values::seconds;
use crate::engine::{self, WriteBackRequest};
use crate::error::JobError;
use crate::model::{Message, WriteBackMode, WriteBackSpec, WriteColumn, WriteField};

#[derive(Debug, Args)]
#[command(next_help_heading = "Databases")]
pub(super) struct WriteBackArgs {
    #[arg(long, value_name = "DSN")]
    pub(super) db: Option<String>,
    #[arg(long, value_name = "MAP", requires = "db")]
    write_back: Option<String>,
    #[arg(long, value_enum, ignore_case = true, value_name = "update|upsert|insert", hide_possible_values = true)]
    write_back_mode: Option<ModeWord>,
    #[arg(long, value_name = "NAME", requires = "db", conflicts_with = "write_back")]
    write_back_table: Option<String>,
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = seconds)]
    pub(super) database_wait: u64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ModeWord {
    Update,
    Upsert,
    Insert,
}

/// A name as a map reads it.
fn name(name: &str) -> String {
    let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !name.is_empty();
    if is_plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// `COLUMN=FIELD,...` as a map reads it.
fn pairs(columns: &[WriteColumn]) -> String {
    let pair = |WriteColumn { column, field }: &WriteColumn| {
        let field = match field {
            WriteField::Item(field) => field.word().to_owned(),
            WriteField::OutputOf(output) => format!("output:{}", name(output)),
            WriteField::Column(column) => format!("col:{}", name(column)),
        };
        format!("{}={field}", name(column))
    };
    columns.iter().map(pair).collect::<Vec<_>>().join(",")
}

impl WriteBackArgs {
    /// The options that ask for this: the inverse of [`Self::spec`].
    pub(super) fn write(spec: Option<&WriteBackSpec>, line: &mut CommandLine) {
        let Some(spec) = spec else { return };
        let WriteBackSpec { database, schema, table, keys, columns, mode, creates_table } = spec;
        let schema = schema.as_ref().map(|schema| format!("{}.", name(schema))).unwrap_or_default();
        let target = format!("{schema}{}({})", name(table), pairs(keys));
        // A query reads from the same database.
        if !line.words.iter().any(|word| word == "--db") {
            line.value("--db", database);
        }
        let default = if *creates_table {
            line.value("--write-back-table", target);
            WriteBackMode::Upsert
        } else {
            line.value("--write-back", format!("{target}: {}", pairs(columns)));
            WriteBackMode::Update
        };
        if *mode != default {
            line.value(
                "--write-back-mode",
                match mode {
                    WriteBackMode::Update => "update",
                    WriteBackMode::Upsert => "upsert",
                    WriteBackMode::Insert => "insert",
                },
            );
        }
    }

    /// Whether results are written back.
    fn is_used(&self) -> bool {
        self.write_back.is_some() || self.write_back_table.is_some()
    }

    /// What was asked for; a query reads from the same database, and its key is that of a table for results.
    pub(super) fn spec(&self, has_query: bool, key: Option<&str>) -> Result<Option<WriteBackSpec>, JobError> {
        let is_used = self.is_used();
        if let (Some(_), false) = (self.write_back_mode, is_used) {
            return Err(JobError::Refused(Message::new("write_back_mode_alone")));
        }
        if let (Some(_), false) = (&self.db, is_used || has_query) {
            return Err(JobError::Refused(Message::new("db_alone")));
        }
        engine::write_back_spec(&WriteBackRequest {
            map: self.write_back.as_deref(),
            table: self.write_back_table.as_deref(),
            mode: self.write_back_mode.map(|mode| match mode {
                ModeWord::Update => WriteBackMode::Update,
                ModeWord::Upsert => WriteBackMode::Upsert,
                ModeWord::Insert => WriteBackMode::Insert,
            }),
            key,
            database: self.db.as_deref().unwrap_or_default(),
        })
    }
}
