//! Exports a job's items or outputs for other programs, streamed, with one line or row each.

mod parquet;

use std::fmt;
use std::io::{self, Write};

use super::api::{CatalogReader, Field, RecordRows};
use crate::error::JobError;
use crate::model::{JobId, Message, locator};

/// Items read at once.
const PAGE_ITEMS: u32 = 1000;
/// Columns that hold JSON.
const JSON_COLUMNS: [&str; 2] = ["error_args", "extra"];

/// The format of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// Comma-separated values with a header (RFC 4180); a missing value is empty.
    Csv,
    /// One JSON object per line.
    JsonLines,
    /// Parquet, in row groups; times are timestamps.
    Parquet,
}

impl ExportFormat {
    /// The format of a word, as `--format` takes it.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "csv" => Some(Self::Csv),
            "jsonl" => Some(Self::JsonLines),
            "parquet" => Some(Self::Parquet),
            _ => None,
        }
    }
}

/// Writes a job's items or outputs in order; returns how many. The writer should be buffered.
pub fn export(
    reader: &dyn CatalogReader,
    job: JobId,
    rows: RecordRows,
    format: ExportFormat,
    to: &mut (dyn Write + Send),
) -> Result<u64, JobError> {
    let columns = rows.columns();
    match format {
        ExportFormat::Csv => {
            write!(to, "{}\r\n", columns.join(",")).map_err(failed)?;
            let written = for_each(reader, job, rows, |record| write_csv(&record, to).map_err(failed))?;
            to.flush().map(|()| written).map_err(failed)
        }
        ExportFormat::JsonLines => {
            let written = for_each(reader, job, rows, |record| write_json(columns, &record, to).map_err(failed))?;
            to.flush().map(|()| written).map_err(failed)
        }
        ExportFormat::Parquet => {
            let mut table = parquet::Table::begin(columns, to).map_err(failed)?;
            let written = for_each(reader, job, rows, |record| table.add(record).map_err(failed))?;
            table.end().map(|()| written).map_err(failed)
        }
    }
}

fn failed(error: impl fmt::Display) -> JobError {
    JobError::Machine(Message::new("export").with("detail", error))
}

/// Passes each record on; returns how many there were.
fn for_each(
    reader: &dyn CatalogReader,
    job: JobId,
    rows: RecordRows,
    mut take: impl FnMut(Vec<Field>) -> Result<(), JobError>,
) -> Result<u64, JobError> {
    let (mut after_seq, mut taken) = (0, 0);
    loop {
        let page = reader.records(job, rows, after_seq, PAGE_ITEMS)?;
        // The second column is the item's number. Anything else would repeat the same page forever.
        match page.last().map(|record| record.get(1)) {
            Some(Some(Field::Number(seq))) => after_seq = *seq as u64,
            _ => return Ok(taken),
        }
        for mut record in page {
            hide_user_info(rows.columns(), &mut record);
            take(record)?;
            taken += 1;
        }
    }
}

/// Removes user names and passwords from URLs.
fn hide_user_info(columns: &[&str], record: &mut [Field]) {
    for (_, field) in columns.iter().zip(record).filter(|(column, _)| **column == "locator") {
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

fn write_json(columns: &[&str], record: &[Field], to: &mut (dyn Write + Send)) -> io::Result<()> {
    let mut separator = '{';
    for (column, field) in columns.iter().zip(record) {
        let value = match field {
            Field::Null => serde_json::Value::Null,
            Field::Number(number) => (*number).into(),
            Field::Text(text) if JSON_COLUMNS.contains(column) => {
                serde_json::from_str(text).unwrap_or_else(|_| text.as_str().into())
            }
            Field::Text(text) => text.as_str().into(),
        };
        write!(to, "{separator}\"{column}\":{value}")?;
        separator = ',';
    }
    to.write_all(b"}\n")
}
