//! A job's items for other programs: every column of the contract, one item a line, streamed.

use std::io::{self, Write};

use super::api::{CatalogReader, Field, RECORD_COLUMNS};
use crate::error::JobError;
use crate::model::{JobId, Sentence, locator};

/// Items read at once.
const ROWS: u32 = 1000;
/// Columns that hold JSON.
const JSON_COLUMNS: [&str; 2] = ["error_args", "extra"];

/// How items are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// Comma-separated values (RFC 4180, with a header), empty where there is no value.
    Csv,
    /// One JSON object a line.
    JsonLines,
}

impl ExportFormat {
    /// The format of the word that `--format` takes.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "csv" => Some(Self::Csv),
            "jsonl" => Some(Self::JsonLines),
            _ => None,
        }
    }
}

/// Writes a job's items in their order; returns how many. Give it a buffered writer.
pub fn export(
    reader: &dyn CatalogReader,
    job: JobId,
    format: ExportFormat,
    to: &mut dyn Write,
) -> Result<u64, JobError> {
    let failed = |error: io::Error| {
        JobError::Machine(Sentence::new("export", "Couldn't write the export: {detail}.").with("detail", error))
    };
    if format == ExportFormat::Csv {
        write!(to, "{}\r\n", RECORD_COLUMNS.join(",")).map_err(failed)?;
    }
    let (mut after, mut written) = (0, 0);
    loop {
        let mut records = reader.records(job, after, ROWS)?;
        for record in &mut records {
            keep_secrets(record);
            match format {
                ExportFormat::Csv => write_csv(record, to),
                ExportFormat::JsonLines => write_json(record, to),
            }
            .map_err(failed)?;
            // The second column is the place; one that was no number would read the same items for ever.
            after = match record.get(1) {
                Some(Field::Number(seq)) => *seq as u64,
                _ => u64::from(u32::MAX),
            };
        }
        written += records.len() as u64;
        if records.len() < ROWS as usize {
            to.flush().map_err(failed)?;
            return Ok(written);
        }
    }
}

/// What leaves the catalog holds no user info.
fn keep_secrets(record: &mut [Field]) {
    let columns = RECORD_COLUMNS.iter().zip(record);
    for (_, field) in columns.filter(|(column, _)| **column == "locator") {
        if let Field::Text(text) = field {
            *text = locator::told_url(text);
        }
    }
}

fn write_csv(record: &[Field], to: &mut dyn Write) -> io::Result<()> {
    for (at, field) in record.iter().enumerate() {
        if at > 0 {
            to.write_all(b",")?;
        }
        match field {
            Field::Null => {}
            Field::Number(number) => write!(to, "{number}")?,
            Field::Text(text) if text.contains([',', '"', '\r', '\n']) || text.trim() != text => {
                write!(to, "\"{}\"", text.replace('"', "\"\""))?;
            }
            Field::Text(text) => to.write_all(text.as_bytes())?,
        }
    }
    to.write_all(b"\r\n")
}

fn write_json(record: &[Field], to: &mut dyn Write) -> io::Result<()> {
    let mut separator = '{';
    for (column, field) in RECORD_COLUMNS.into_iter().zip(record) {
        let value = match field {
            Field::Null => serde_json::Value::Null,
            Field::Number(number) => (*number).into(),
            Field::Text(text) if JSON_COLUMNS.contains(&column) => {
                serde_json::from_str(text).unwrap_or_else(|_| text.as_str().into())
            }
            Field::Text(text) => text.as_str().into(),
        };
        write!(to, "{separator}\"{column}\":{value}")?;
        separator = ',';
    }
    to.write_all(b"}\n")
}
