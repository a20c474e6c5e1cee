//! Options for writing results back into a table.

use clap::{Args, ValueEnum};

use super::values::seconds;
use crate::engine::{self, WriteBackRequest};
use crate::error::JobError;
use crate::model::{Message, WriteBackMode, WriteBackSpec};

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
    database_wait: u64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ModeWord {
    Update,
    Upsert,
    Insert,
}

impl WriteBackArgs {
    /// What was asked for; a query reads from the same database.
    pub(super) fn spec(&self, has_query: bool) -> Result<Option<WriteBackSpec>, JobError> {
        let is_used = self.write_back.is_some() || self.write_back_table.is_some();
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
            key: None,
            database: self.db.as_deref().unwrap_or_default(),
            wait_s: self.database_wait,
        })
    }
}
