//! Exports a job's items or outputs for other programs, streamed, with one line or row each.

mod parquet;

use std::collections::HashSet;
use std::fmt;
use std::io::{self, Write};

use serde::Deserialize;
use serde_json::Value;

use super::api::{CatalogReader, Field, RecordRows};
use crate::error::JobError;
use crate::model::{Columns, JobId, Message, Remark, human, locator};

/// Items read at once.
const PAGE_ITEMS: u32 = 1000;
/// Columns that hold JSON.
const JSON_COLUMNS: [&str; 2] = ["error_args", "extra"];
/// Columns of times: UTC milliseconds in the catalog, ISO 8601 in texts, timestamps in Parquet.
const TIME_COLUMNS: [&str; 2] = ["finished_at", "mtime"];
/// Goes before a list's column that is named like one of the catalog.
const PREFIX: &str = "col:";

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
///
/// After the columns of the catalog come the remarks about the item, and the columns of its list by name.
pub fn export(
    reader: &dyn CatalogReader,
    job: JobId,
    rows: RecordRows,
    format: ExportFormat,
    to: &mut (dyn Write + Send),
) -> Result<u64, JobError> {
    let table = Table::new(rows, format, reader.list_columns(job)?);
    match format {
        ExportFormat::Csv => {
            write_csv(table.names.iter().map(|name| Value::from(name.as_str())), to).map_err(unwritten)?;
            let written = for_each(reader, job, &table, |row| write_csv(row, to).map_err(unwritten))?;
            to.flush().map(|()| written).map_err(unwritten)
        }
        ExportFormat::JsonLines => {
            let written = for_each(reader, job, &table, |row| write_json(&table.names, row, to).map_err(unwritten))?;
            to.flush().map(|()| written).map_err(unwritten)
        }
        ExportFormat::Parquet => {
            let own = table.names.len() - table.list_columns.len();
            let mut file = parquet::Table::begin(&table.names, own, to).map_err(failed)?;
            let written = for_each(reader, job, &table, |row| file.add(row).map_err(failed))?;
            file.end().map(|()| written).map_err(failed)
        }
    }
}

fn failed(error: impl fmt::Display) -> JobError {
    JobError::Machine(Message::new("export").with("detail", error))
}

fn unwritten(error: io::Error) -> JobError {
    JobError::Machine(Message::new("export").with_message("detail", error))
}

/// The columns of an export.
struct Table {
    rows: RecordRows,
    format: ExportFormat,
    /// Every column: those of the catalog, the remarks, those of lists.
    names: Vec<String>,
    /// The columns of lists, as the lists name them.
    list_columns: Vec<String>,
}

impl Table {
    fn new(rows: RecordRows, format: ExportFormat, list_columns: Vec<String>) -> Self {
        let mut names: Vec<String> = rows.columns().iter().map(|name| (*name).to_owned()).collect();
        names.push("remarks".to_owned());
        // Many programs do not distinguish names by case.
        let mut taken: HashSet<String> = names.iter().map(|name| name.to_lowercase()).collect();
        for column in &list_columns {
            let mut name = column.clone();
            while name.trim().is_empty() || !taken.insert(name.to_lowercase()) {
                name = format!("{PREFIX}{name}");
            }
            names.push(name);
        }
        Self { rows, format, names, list_columns }
    }

    /// The values of a record, one for each column.
    fn row(&self, record: Vec<Field>) -> Vec<Value> {
        let own = self.rows.columns();
        // For outputs it is beyond the columns.
        let extra_at = own.iter().position(|column| *column == "extra").unwrap_or(own.len());
        let extra = match record.get(extra_at) {
            Some(Field::Text(text)) => serde_json::from_str(text).unwrap_or_default(),
            _ => Extra::default(),
        };
        let mut row: Vec<Value> = own.iter().zip(record).map(|(column, field)| self.value(column, field)).collect();
        row.push(self.remarks(extra.remarks));
        let columns = extra.columns;
        row.extend(self.list_columns.iter().map(|name| columns.exactly(name).cloned().unwrap_or_default()));
        row
    }

    fn value(&self, column: &str, field: Field) -> Value {
        match field {
            Field::Null => Value::Null,
            Field::Number(utc_ms) if self.format != ExportFormat::Parquet && TIME_COLUMNS.contains(&column) => {
                human::iso_time(utc_ms).into()
            }
            Field::Number(number) => number.into(),
            // Without user names and passwords.
            Field::Text(text) if column == "locator" => locator::reported_url(&text).into(),
            Field::Text(text) if self.format == ExportFormat::JsonLines && JSON_COLUMNS.contains(&column) => {
                serde_json::from_str(&text).unwrap_or(Value::String(text))
            }
            Field::Text(text) => text.into(),
        }
    }

    /// The remarks that this version knows, in English.
    fn remarks(&self, remarks: Vec<Value>) -> Value {
        let known = remarks.into_iter().filter_map(|one| serde_json::from_value::<Remark>(one).ok());
        let texts: Vec<String> = known.map(|remark| remark.to_string()).collect();
        match (self.format, texts.is_empty()) {
            (ExportFormat::JsonLines, _) => texts.into(),
            (_, true) => Value::Null,
            (_, false) => texts.join(" ").into(),
        }
    }
}

/// What is read of the column `extra`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Extra {
    remarks: Vec<Value>,
    columns: Columns,
}

/// Passes each row on; returns how many there were.
fn for_each(
    reader: &dyn CatalogReader,
    job: JobId,
    table: &Table,
    mut take: impl FnMut(Vec<Value>) -> Result<(), JobError>,
) -> Result<u64, JobError> {
    let (mut after_seq, mut taken) = (0, 0);
    loop {
        let page = reader.records(job, table.rows, after_seq, PAGE_ITEMS)?;
        // The second column is the item's number. Anything else would repeat the same page forever.
        match page.last().map(|record| record.get(1)) {
            Some(Some(Field::Number(seq))) => after_seq = *seq as u64,
            _ => return Ok(taken),
        }
        for record in page {
            take(table.row(record))?;
            taken += 1;
        }
    }
}

fn write_csv(row: impl IntoIterator<Item = Value>, to: &mut (dyn Write + Send)) -> io::Result<()> {
    for (at, value) in row.into_iter().enumerate() {
        if at > 0 {
            to.write_all(b",")?;
        }
        let text = match value {
            Value::Null => continue,
            Value::String(text) => text,
            other => other.to_string(),
        };
        if text.contains([',', '"', '\r', '\n']) || text.trim() != text {
            write!(to, "\"{}\"", text.replace('"', "\"\""))?;
        } else {
            to.write_all(text.as_bytes())?;
        }
    }
    to.write_all(b"\r\n")
}

fn write_json(names: &[String], row: Vec<Value>, to: &mut (dyn Write + Send)) -> io::Result<()> {
    let mut separator = '{';
    for (name, value) in names.iter().zip(row) {
        write!(to, "{separator}{}:{value}", Value::from(name.as_str()))?;
        separator = ',';
    }
    to.write_all(b"}\n")
}
