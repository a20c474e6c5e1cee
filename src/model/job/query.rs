//! The request for a query job: statements, and where their results go. Its items are the rows of a list or parts of one
//! statement.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::ConflictPolicy;

/// Statements that run many at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct QuerySpec {
    /// The database, without a password.
    pub database: String,
    /// The statement, with `:name` parameters that the columns of the list fill.
    pub sql: String,
    /// The column by whose ranges the statement is divided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// The number of ranges that were asked for; there may be fewer values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parts: Option<usize>,
    /// Whether the session may change the database.
    pub may_write: bool,
    /// Whether the statement has a result, as the database described it.
    pub has_rows: bool,
    /// Statements that run at once.
    pub connections: usize,
    /// Time limit of a statement in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u64>,
    /// Further attempts after a failure that may be temporary.
    pub retries: u32,
    /// Where results go.
    pub result: QueryResult,
}

/// Where the results of statements go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueryResult {
    /// Nowhere: changes are only counted.
    #[default]
    None,
    /// To a file for each statement, in the job's output folder.
    Files {
        /// The format of the files.
        format: RowsFormat,
    },
    /// To one file. The rows of each statement are kept in the job's output folder until all have run.
    File {
        /// The file.
        #[serde(with = "crate::model::path_text")]
        path: PathBuf,
        /// Its format.
        format: RowsFormat,
        /// What happens if it exists.
        on_conflict: ConflictPolicy,
        /// What the job has written of it.
        #[serde(skip_serializing_if = "Option::is_none")]
        written: Option<WrittenFile>,
    },
    /// To standard output, kept like the rows of one file until then.
    Stdout {
        /// The format.
        format: RowsFormat,
    },
    /// Into a table.
    Table {
        /// The database, without a password.
        database: String,
        /// The table, perhaps with a schema, quoted as its database does.
        table: String,
        /// The columns that identify a row; empty if rows are identified by statement and position.
        keys: Vec<String>,
    },
}

/// A file that a job has written, or was about to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenFile {
    /// Its path.
    #[serde(with = "crate::model::path_text")]
    pub path: PathBuf,
    /// SHA-256 of its bytes.
    pub hash: String,
    /// Their number.
    #[serde(default)]
    pub bytes: u64,
    /// Whether it has its name and the rows of every statement: nothing is added any more.
    #[serde(default)]
    pub is_complete: bool,
}

/// How rows are written to files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RowsFormat {
    /// CSV with a header (RFC 4180). NULL is an empty field, an empty text `""`.
    #[default]
    Csv,
    /// One JSON object per line, with typed values.
    Jsonl,
    /// Parquet, with typed columns.
    Parquet,
}

impl Default for QuerySpec {
    fn default() -> Self {
        Self {
            database: String::new(),
            sql: String::new(),
            split: None,
            parts: None,
            may_write: false,
            has_rows: true,
            connections: 8,
            timeout_s: None,
            retries: 3,
            result: QueryResult::default(),
        }
    }
}

impl QuerySpec {
    /// Whether rows of statements are kept until all have run, to become one result.
    pub fn keeps_parts(&self) -> bool {
        matches!(self.result, QueryResult::File { .. } | QueryResult::Stdout { .. })
    }

    /// Whether done items have files: their rows go neither into a table nor, by now, into one complete file.
    pub fn has_item_files(&self) -> bool {
        match &self.result {
            QueryResult::Files { .. } | QueryResult::Stdout { .. } => true,
            QueryResult::File { written, .. } => written.as_ref().is_none_or(|written| !written.is_complete),
            QueryResult::None | QueryResult::Table { .. } => false,
        }
    }

    /// The file that holds the rows of all statements, as far as the job has written it.
    pub fn combined_file(&self) -> Option<&WrittenFile> {
        match &self.result {
            QueryResult::File { written, .. } => written.as_ref(),
            _ => None,
        }
    }

    /// Whether it leaves changes in a database.
    pub fn leaves_rows(&self) -> bool {
        self.may_write || matches!(self.result, QueryResult::Table { .. })
    }
}

impl RowsFormat {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Csv, Self::Jsonl, Self::Parquet];

    /// Its name, which is also the extension of its files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Parquet => "parquet",
        }
    }

    /// The format of a file's extension.
    pub fn of_extension(extension: &str) -> Option<Self> {
        let extension = extension.to_ascii_lowercase();
        let word = if extension == "ndjson" { "jsonl" } else { &extension };
        Self::ALL.into_iter().find(|format| format.word() == word)
    }
}
