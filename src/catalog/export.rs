//! A job's items for other programs: every column of the contract, one item a line or row, streamed.

mod parquet;

use std::fmt;
use std::io::{self, Write};

use super::api::{CatalogReader, Field, RECORD_COLUMNS};
use crate::error::JobError;
use crate::model::{JobId, Message, locator};

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
    /// Parquet, in row groups, whose times are moments.
    Parquet,
}

impl ExportFormat {
    /// The format of the word that `--format` takes.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "csv" => Some(Self::Csv),
            "jsonl" => Some(Self::JsonLines),
            "parquet" => Some(Self::Parquet),
            _ => None,
        }
    }
}

/// Writes a job's items in their order; returns how many. Give it a buffered writer.
pub fn export(
    reader: &dyn CatalogReader,
    job: JobId,
    format: ExportFormat,
    to: &mut (dyn Write + Send),
) -> Result<u64, JobError> {
    match format {
        ExportFormat::Csv => {
            write!(to, "{}\r\n", RECORD_COLUMNS.join(",")).map_err(failed)?;
            let written = each(reader, job, |record| write_csv(&record, to).map_err(failed))?;
            to.flush().map(|()| written).map_err(failed)
        }
        ExportFormat::JsonLines => {
            let written = each(reader, job, |record| write_json(&record, to).map_err(failed))?;
            to.flush().map(|()| written).map_err(failed)
        }
        ExportFormat::Parquet => {
            let mut table = parquet::Table::begin(to).map_err(failed)?;
            let written = each(reader, job, |record| table.add(record).map_err(failed))?;
            table.end().map(|()| written).map_err(failed)
        }
    }
}

fn failed(error: impl fmt::Display) -> JobError {
    JobError::Machine(Message::new("export").with("detail", error))
}

/// Goes through a job's items; returns how many there were.
fn each(
    reader: &dyn CatalogReader,
    job: JobId,
    mut take: impl FnMut(Vec<Field>) -> Result<(), JobError>,
) -> Result<u64, JobError> {
    let (mut after, mut taken) = (0, 0);
    loop {
        let records = reader.records(job, after, ROWS)?;
        let is_last = records.len() < ROWS as usize;
        for mut record in records {
            keep_secrets(&mut record);
            // The second column is the place; one that was no number would read the same items for ever.
            after = match record.get(1) {
                Some(Field::Number(seq)) => *seq as u64,
                _ => u64::from(u32::MAX),
            };
            take(record)?;
            taken += 1;
        }
        if is_last {
            return Ok(taken);
        }
    }
}

/// What leaves the catalog holds no user info.
fn keep_secrets(record: &mut [Field]) {
    let columns = RECORD_COLUMNS.iter().zip(record);
    for (_, field) in columns.filter(|(column, _)| **column == "locator") {
        if let Field::Text(text) = field {
            *text = locator::reported_url(text);
        }
    }
}

fn write_csv(record: &[Field], to: &mut (dyn Write + Send)) -> io::Result<()> {
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

fn write_json(record: &[Field], to: &mut (dyn Write + Send)) -> io::Result<()> {
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
