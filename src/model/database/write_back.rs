//! How the results of a job's items are written back into a table of a database.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A request to write results back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WriteBackSpec {
    /// The name of the database, without a password.
    pub database: String,
    /// The schema or database of the table, if it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The table.
    pub table: String,
    /// The columns that identify a row; unique together.
    pub keys: Vec<WriteColumn>,
    /// The columns that are written.
    pub columns: Vec<WriteColumn>,
    /// What happens to rows that exist, and to rows that don't.
    pub mode: WriteBackMode,
    /// Whether the table is created if it does not exist.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub creates_table: bool,
}

/// A column, and the field that it gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteColumn {
    /// The table's column.
    pub column: String,
    /// The field of the item.
    pub field: WriteField,
}

/// What happens to rows that exist, and to rows that don't.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WriteBackMode {
    /// Existing rows are changed; others are counted as missing.
    #[default]
    Update,
    /// Existing rows are changed, others inserted.
    Upsert,
    /// Rows are inserted; existing ones stay as they are.
    Insert,
}

/// A field of an item that can be written back.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum WriteField {
    /// One of [`ItemField::ALL`].
    Item(ItemField),
    /// The path of the output with this name.
    OutputOf(String),
    /// A column of the item's list or query.
    Column(String),
}

/// A field that every item has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ItemField {
    /// Where the item came from.
    Locator,
    /// The path of its first output.
    Output,
    /// Width of the first output, in px.
    Width,
    /// Height of the first output, in px.
    Height,
    /// Width of the input, in px.
    InputWidth,
    /// Height of the input, in px.
    InputHeight,
    /// Bytes read.
    BytesIn,
    /// Bytes of the output.
    BytesOut,
    /// SHA-256 of the input's bytes.
    Hash,
    /// SHA-256 of the first output's bytes.
    OutputHash,
    /// `done`, `failed` or `skipped`.
    State,
    /// Why it was skipped.
    Reason,
    /// The sentence of its error.
    Error,
    /// The kind of its error.
    ErrorKind,
    /// The status of the response.
    HttpStatus,
    /// The content type of the response.
    ContentType,
    /// When it ended.
    FinishedAt,
}

/// What the values of a field are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Text.
    Text,
    /// Whole numbers.
    Number,
    /// A point in time.
    Time,
    /// Known only from each value.
    Any,
}

/// The prefix of a column of the list or query.
const COLUMN: &str = "col:";
/// The prefix of a named output.
const OUTPUT: &str = "output:";

impl ItemField {
    /// All of them, in the order of help and of new tables.
    pub const ALL: [Self; 17] = [
        Self::Locator,
        Self::Output,
        Self::Width,
        Self::Height,
        Self::InputWidth,
        Self::InputHeight,
        Self::BytesIn,
        Self::BytesOut,
        Self::Hash,
        Self::OutputHash,
        Self::State,
        Self::Reason,
        Self::Error,
        Self::ErrorKind,
        Self::HttpStatus,
        Self::ContentType,
        Self::FinishedAt,
    ];

    /// Its name.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Locator => "locator",
            Self::Output => "output",
            Self::Width => "width",
            Self::Height => "height",
            Self::InputWidth => "input_width",
            Self::InputHeight => "input_height",
            Self::BytesIn => "bytes_in",
            Self::BytesOut => "bytes_out",
            Self::Hash => "hash",
            Self::OutputHash => "output_hash",
            Self::State => "state",
            Self::Reason => "reason",
            Self::Error => "error",
            Self::ErrorKind => "error_kind",
            Self::HttpStatus => "http_status",
            Self::ContentType => "content_type",
            Self::FinishedAt => "finished_at",
        }
    }
}

impl WriteField {
    /// What its values are.
    pub const fn kind(&self) -> FieldKind {
        use ItemField as F;
        match self {
            Self::Column(_) => FieldKind::Any,
            Self::Item(
                F::Width | F::Height | F::InputWidth | F::InputHeight | F::BytesIn | F::BytesOut | F::HttpStatus,
            ) => FieldKind::Number,
            Self::Item(F::FinishedAt) => FieldKind::Time,
            Self::Item(_) | Self::OutputOf(_) => FieldKind::Text,
        }
    }

    /// Whether it tells what happened to an item, so that it is written for items without a result, too.
    pub const fn is_of_outcome(&self) -> bool {
        use ItemField as F;
        matches!(self, Self::Item(F::State | F::Reason | F::Error | F::ErrorKind | F::HttpStatus | F::FinishedAt))
    }

    /// The names of all fields, for help and errors.
    pub fn names() -> String {
        let mut names = Vec::new();
        for field in ItemField::ALL {
            names.push(field.word());
            if field == ItemField::Output {
                names.push("output:NAME");
            }
        }
        names.push("col:NAME");
        names.join(", ")
    }
}

impl FromStr for WriteField {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = |prefix| text.strip_prefix(prefix).filter(|name| !name.is_empty()).map(str::to_owned);
        if let Some(column) = named(COLUMN) {
            return Ok(Self::Column(column));
        }
        if let Some(output) = named(OUTPUT) {
            return Ok(Self::OutputOf(output));
        }
        let known = ItemField::ALL.into_iter().find(|field| field.word() == text);
        known.map(Self::Item).ok_or_else(|| text.to_owned())
    }
}

impl TryFrom<String> for WriteField {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for WriteField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Item(field) => f.write_str(field.word()),
            Self::OutputOf(name) => write!(f, "{OUTPUT}{name}"),
            Self::Column(name) => write!(f, "{COLUMN}{name}"),
        }
    }
}

impl From<WriteField> for String {
    fn from(field: WriteField) -> Self {
        field.to_string()
    }
}

/// What became of the rows that were written back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteBackCounts {
    /// Rows whose key was found, or that were inserted.
    pub matched: u64,
    /// Those of them that were changed or inserted.
    pub changed: u64,
    /// Rows whose key was not found.
    pub missing: u64,
    /// Rows that the database refused.
    pub rejected: u64,
}

/// How far the results of a job have been written back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteBackLevel {
    /// The finish number up to which everything has been written.
    pub number: u64,
    /// What became of the rows.
    pub counts: WriteBackCounts,
}

/// A row that the database refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The item's number.
    pub seq: u64,
    /// The item's locator as text.
    pub locator: String,
    /// The key, such as `id=7`.
    pub key: String,
    /// The message of the database.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_read_and_written_by_its_name() {
        let others = [WriteField::OutputOf("thumb".to_owned()), WriteField::Column("a:b".to_owned())];
        for field in ItemField::ALL.into_iter().map(WriteField::Item).chain(others) {
            assert_eq!(field.to_string().parse(), Ok(field));
        }
        for unknown in ["", "widht", "col:", "output:", "Width"] {
            assert_eq!(unknown.parse::<WriteField>(), Err(unknown.to_owned()));
        }
    }
}
