//! The first rows of a file of results, as a person reads them: `None` is NULL.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::{Map, Value as Json};

use crate::model::RowsFormat;

/// Bytes of a file of text that are read at most: rows may be long.
const MOST_BYTES: u64 = 16 << 20;

/// The first rows of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FirstRows {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<Option<String>>>,
}

/// Reads the first `most` rows of a file that Pixloom has written.
pub fn first_rows(format: RowsFormat, file: File, most: usize) -> io::Result<FirstRows> {
    match format {
        RowsFormat::Csv => csv(BufReader::new(file.take(MOST_BYTES)), most),
        RowsFormat::Jsonl => json_lines(BufReader::new(file.take(MOST_BYTES)), most),
        RowsFormat::Parquet => parquet(file, most).map_err(io::Error::other),
    }
}

fn csv(mut from: impl BufRead, most: usize) -> io::Result<FirstRows> {
    let mut first = FirstRows::default();
    let Some(head) = csv_record(&mut from)? else { return Ok(first) };
    first.columns = head.into_iter().map(Option::unwrap_or_default).collect();
    while first.rows.len() < most
        && let Some(row) = csv_record(&mut from)?
    {
        first.rows.push(row);
    }
    Ok(first)
}

/// The next record; an empty field without quotes is NULL.
fn csv_record(from: &mut impl BufRead) -> io::Result<Option<Vec<Option<String>>>> {
    let (mut fields, mut field) = (Vec::new(), Vec::new());
    let (mut is_quoted, mut was_quoted, mut is_empty) = (false, false, true);
    let text = |field: &mut Vec<u8>, was_quoted: bool| {
        let text = String::from_utf8_lossy(&std::mem::take(field)).into_owned();
        (was_quoted || !text.is_empty()).then_some(text)
    };
    loop {
        let Some(byte) = next_byte(from)? else {
            if !is_empty {
                fields.push(text(&mut field, was_quoted));
            }
            return Ok((!is_empty).then_some(fields));
        };
        is_empty = false;
        match byte {
            // A doubled quote ends the quotes and begins them again.
            b'"' => {
                if !is_quoted && was_quoted {
                    field.push(b'"');
                }
                is_quoted = !is_quoted;
                was_quoted = true;
            }
            b',' if !is_quoted => {
                fields.push(text(&mut field, was_quoted));
                was_quoted = false;
            }
            b'\r' if !is_quoted => {}
            b'\n' if !is_quoted => {
                fields.push(text(&mut field, was_quoted));
                return Ok(Some(fields));
            }
            byte => field.push(byte),
        }
    }
}

fn next_byte(from: &mut impl BufRead) -> io::Result<Option<u8>> {
    let byte = from.fill_buf()?.first().copied();
    from.consume(usize::from(byte.is_some()));
    Ok(byte)
}

fn json_lines(from: impl BufRead, most: usize) -> io::Result<FirstRows> {
    let mut first = FirstRows::default();
    for line in from.lines().take(most) {
        let row: Map<String, Json> = serde_json::from_str(&line?)?;
        if first.columns.is_empty() {
            first.columns = row.keys().cloned().collect();
        }
        let value = |name: &String| match row.get(name) {
            None | Some(Json::Null) => None,
            Some(Json::String(text)) => Some(text.clone()),
            Some(value) => Some(value.to_string()),
        };
        first.rows.push(first.columns.iter().map(value).collect());
    }
    Ok(first)
}

fn parquet(file: File, most: usize) -> parquet::errors::Result<FirstRows> {
    let reader = SerializedFileReader::new(file)?;
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    let columns = schema.columns().iter().map(|column| column.name().to_owned()).collect();
    let value = |field: &Field| match field {
        Field::Null => None,
        Field::Str(text) => Some(text.clone()),
        Field::Bytes(bytes) => {
            Some(bytes.data().iter().fold("\\x".to_owned(), |text, byte| text + &format!("{byte:02x}")))
        }
        other => Some(other.to_string()),
    };
    let mut rows = Vec::new();
    for row in reader.get_row_iter(None)?.take(most) {
        rows.push(row?.get_column_iter().map(|(_, field)| value(field)).collect());
    }
    Ok(FirstRows { columns, rows })
}
