//! Exports a job's items or outputs for other programs, streamed, with one line or row each.

use std::collections::HashSet;
use std::io::{self, Write};

use serde::Deserialize;
use serde_json::Value;

use super::api::{CatalogReader, Field, RecordRows};
use crate::error::JobError;
use crate::model::{Columns, JobId, Locator, Message, QuerySpec, Remark, human, locator};
use crate::store::{ParquetKind, ParquetTable, ParquetValue};

/// Items read at once.
const PAGE_ITEMS: u32 = 1000;
/// Columns that hold JSON.
const JSON_COLUMNS: [&str; 2] = ["error_args", "extra"];
/// Columns of times: UTC milliseconds in the catalog, ISO 8601 in texts, timestamps in Parquet.
const TIME_COLUMNS: [&str; 2] = ["finished_at", "mtime"];
/// Columns of integers.
const NUMBERS: [&str; 15] = [
    "job_id",
    "seq",
    "http_status",
    "bytes_in",
    "bytes_out",
    "width",
    "height",
    "attempts",
    "fetch_ms",
    "process_ms",
    "size",
    "input_width",
    "input_height",
    "n",
    "bytes",
];
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
    let query = reader.request(job)?.and_then(|request| request.query).filter(QuerySpec::keeps_parts);
    let mut table = Table::new(rows, format, reader.list_columns(job)?);
    table.combining = query;
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
            let columns = table.parquet_columns();
            let mut file = ParquetTable::begin(&columns, to).map_err(unwritten)?;
            let written = for_each(reader, job, &table, |row| {
                let values = row.into_iter().zip(&columns).map(|(value, (_, kind))| parquet_value(value, *kind));
                file.add(values).map_err(unwritten)
            })?;
            file.end().map(|()| written).map_err(unwritten)
        }
    }
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
    /// The query whose items have no results of their own, because their rows become one.
    combining: Option<QuerySpec>,
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
        Self { rows, format, names, list_columns, combining: None }
    }

    /// Each column with what it holds; a list's column is text, also under the name of one of the catalog.
    fn parquet_columns(&self) -> Vec<(String, ParquetKind)> {
        let own = self.names.len() - self.list_columns.len();
        let kind = |(at, name): (usize, &String)| match name.as_str() {
            name if at < own && NUMBERS.contains(&name) => ParquetKind::Whole,
            name if at < own && TIME_COLUMNS.contains(&name) => ParquetKind::Time,
            _ => ParquetKind::Text,
        };
        self.names.iter().enumerate().map(|column| (column.1.clone(), kind(column))).collect()
    }

    /// The values of a record, one for each column.
    fn row(&self, mut record: Vec<Field>) -> Vec<Value> {
        let own = self.rows.columns();
        if let Some(query) = &self.combining {
            own.iter().zip(&mut record).for_each(|(column, field)| self.name_combined(query, column, field));
        }
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

    /// The file with the rows of all items in place of an item's rows, which were kept until then.
    fn name_combined(&self, query: &QuerySpec, column: &str, field: &mut Field) {
        let written = query.combined_file().filter(|_| *field != Field::Null);
        let is_hash = column == "output_hash" || column == "hash" && self.rows == RecordRows::Outputs;
        *field = match (column, written) {
            ("output" | "path", Some(written)) => Field::Text(Locator::File(written.path.clone()).to_text()),
            (_, Some(written)) if is_hash => Field::Text(written.hash.clone()),
            ("output" | "path", None) => Field::Null,
            (_, None) if is_hash => Field::Null,
            _ => return,
        };
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

fn parquet_value(value: Value, kind: ParquetKind) -> ParquetValue {
    match (kind, value) {
        (_, Value::Null) => ParquetValue::Null,
        (ParquetKind::Whole | ParquetKind::Time, value) => {
            value.as_i64().map_or(ParquetValue::Null, ParquetValue::Whole)
        }
        (_, Value::String(text)) => ParquetValue::Bytes(text.into_bytes()),
        (_, other) => ParquetValue::Bytes(other.to_string().into_bytes()),
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
