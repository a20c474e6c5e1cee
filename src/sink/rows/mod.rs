//! Rows of results: kept as they are until a statement has ended, then written as CSV, JSON lines or Parquet. Nothing here
//! holds more than a group of rows in memory.

mod csv;
mod first;
mod json_lines;
mod kept;
mod parquet;
mod typing;

use std::collections::HashSet;
use std::io::{self, Write};

pub use first::{FirstRows, first_rows};
pub use kept::{KeptRows, keep_columns, keep_row};
pub use typing::Typing;

use crate::db::{Column, Value};
use crate::model::RowsFormat;

/// Writes rows in a format.
pub trait RowsWriter {
    /// Writes a row: a value for each column.
    fn row(&mut self, row: &[Value]) -> io::Result<()>;

    /// Writes what belongs after the last row.
    fn end(self: Box<Self>) -> io::Result<()>;
}

/// A writer of rows with these columns. `typing` has seen all rows: some databases know types only from values.
pub fn writer<'a>(
    format: RowsFormat,
    columns: &[Column],
    typing: &Typing,
    to: &'a mut (dyn Write + Send),
) -> io::Result<Box<dyn RowsWriter + 'a>> {
    Ok(match format {
        RowsFormat::Csv => Box::new(csv::Csv::begin(columns, to)?),
        RowsFormat::Jsonl => Box::new(json_lines::JsonLines::new(columns, to)),
        RowsFormat::Parquet => Box::new(parquet::Table::begin(columns, typing, to)?),
    })
}

/// The names of columns, each different from the others: the second `a` becomes `a_2`.
fn unique_names(columns: &[Column]) -> Vec<String> {
    let all: HashSet<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let mut taken: HashSet<String> = HashSet::new();
    let mut names = Vec::with_capacity(columns.len());
    for column in columns {
        let mut name = column.name.clone();
        let mut number = 1;
        while !taken.insert(name.clone()) {
            number += 1;
            name = format!("{}_{number}", column.name);
            if all.contains(name.as_str()) {
                // Another column has this name itself.
                taken.insert(name.clone());
            }
        }
        names.push(name);
    }
    names
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::db::Kind;

    fn column(name: &str, kind: Kind) -> Column {
        Column { name: name.to_owned(), kind, type_name: String::new() }
    }

    fn columns() -> Vec<Column> {
        vec![
            column("id", Kind::Int),
            column("text", Kind::Text),
            column("data", Kind::Json),
            column("id", Kind::Float),
            column("any", Kind::Other),
            column("is_new", Kind::Bool),
            column("raw", Kind::Bytes),
        ]
    }

    fn rows() -> Vec<Vec<Value>> {
        let text = |text: &str| Value::Text(text.to_owned());
        vec![
            vec![
                Value::Int(1),
                text("a, \"b\"\r\nc"),
                text("{\"k\":[1]}"),
                Value::Float(0.5),
                Value::Int(7),
                Value::Int(1),
                Value::Bytes(vec![0xff, 0]),
            ],
            vec![Value::Null; 7],
            vec![
                Value::Int(-2),
                text(""),
                text("not json"),
                Value::Float(f64::INFINITY),
                text(" 한 "),
                Value::Bool(false),
                Value::Bytes(b"ok".to_vec()),
            ],
        ]
    }

    fn kept() -> Vec<u8> {
        let mut kept = Vec::new();
        keep_columns(&mut kept, &columns());
        rows().iter().for_each(|row| keep_row(&mut kept, row));
        kept
    }

    fn written(format: RowsFormat) -> Vec<u8> {
        let (mut typing, mut to) = (Typing::default(), Vec::new());
        rows().iter().for_each(|row| typing.note(row));
        let mut writer = writer(format, &columns(), &typing, &mut to).unwrap();
        rows().iter().for_each(|row| writer.row(row).unwrap());
        writer.end().unwrap();
        to
    }

    #[test]
    fn kept_rows_are_read_back_as_they_were() {
        let kept = kept();
        let mut read = KeptRows::open(kept.as_slice()).unwrap();
        assert_eq!(read.columns(), columns());
        let mut all = Vec::new();
        while let Some(row) = read.next_row().unwrap() {
            all.push(row);
        }
        assert_eq!(all, rows());
        // A file that ends early is noticed, wherever that is.
        for end in 1..kept.len() {
            let Ok(mut cut) = KeptRows::open(&kept[..end]) else { continue };
            let mut read = Vec::new();
            loop {
                match cut.next_row() {
                    Ok(Some(row)) => read.push(row),
                    Ok(None) => break assert!(read.len() < rows().len(), "{end}"),
                    Err(_) => break,
                }
            }
        }
    }

    #[test]
    fn csv_distinguishes_null_from_an_empty_text_and_quotes_what_it_must() {
        let text = String::from_utf8(written(RowsFormat::Csv)).unwrap();
        let expected = "id,text,data,id,any,is_new,raw\r\n\
            1,\"a, \"\"b\"\"\r\nc\",\"{\"\"k\"\":[1]}\",0.5,7,1,\\xff00\r\n\
            ,,,,,,\r\n\
            -2,\"\",not json,Infinity,\" 한 \",false,ok\r\n";
        assert_eq!(text, expected);
        // A row whose only value is missing must not become a blank line, which readers skip.
        let (mut to, one) = (Vec::new(), [column("a", Kind::Text)]);
        let mut writer = writer(RowsFormat::Csv, &one, &Typing::default(), &mut to).unwrap();
        writer.row(&[Value::Null]).unwrap();
        writer.end().unwrap();
        assert_eq!(to, b"a\r\n\"\"\r\n");
    }

    #[test]
    fn json_lines_have_typed_values_and_each_name_once() {
        let text = String::from_utf8(written(RowsFormat::Jsonl)).unwrap();
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(
            lines[0],
            serde_json::json!({"id": 1, "text": "a, \"b\"\r\nc", "data": {"k": [1]}, "id_2": 0.5, "any": 7,
                "is_new": true, "raw": "\\xff00"})
        );
        assert!(lines[1].as_object().unwrap().values().all(serde_json::Value::is_null));
        assert_eq!(lines[2]["id_2"], "Infinity");
        assert_eq!(lines[2]["data"], "not json");
    }

    #[test]
    fn the_first_rows_of_a_file_are_read_back_as_texts() {
        use ::std::io::Seek;
        let text = |text: &str| Some(text.to_owned());
        for format in RowsFormat::ALL {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&written(format)).unwrap();
            file.rewind().unwrap();
            let first = first_rows(format, file.try_clone().unwrap(), 2).unwrap();
            let again = if format == RowsFormat::Csv { "id" } else { "id_2" };
            assert_eq!(first.columns, ["id", "text", "data", again, "any", "is_new", "raw"], "{format:?}");
            assert_eq!(first.rows.len(), 2, "{format:?}: no more than asked for");
            assert_eq!(first.rows[0][..2], [text("1"), text("a, \"b\"\r\nc")], "{format:?}");
            assert_eq!(first.rows[1], vec![None; 7], "{format:?}: NULL");
            file.rewind().unwrap();
            let all = first_rows(format, file, 50).unwrap().rows;
            assert_eq!((all.len(), &all[2][1]), (3, &text("")), "{format:?}: an empty text is not NULL");
        }
    }

    #[test]
    fn parquet_has_typed_columns() {
        use ::parquet::file::reader::{FileReader, SerializedFileReader};
        use ::parquet::record::RowAccessor;
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&written(RowsFormat::Parquet)).unwrap();
        let reader = SerializedFileReader::new(file).unwrap();
        let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        assert_eq!((rows.len(), rows[0].get_long(0).unwrap(), rows[2].get_long(0).unwrap()), (3, 1, -2));
        assert_eq!(rows[0].get_double(3).unwrap(), 0.5);
        assert_eq!(rows[0].get_string(4).unwrap(), "7", "a column of numbers and texts holds texts");
        assert!(rows[0].get_bool(5).unwrap() && !rows[2].get_bool(5).unwrap());
        assert_eq!(rows[0].get_bytes(6).unwrap().data(), [0xff, 0]);
        assert!((0..7).all(|at| rows[1].get_string(at).is_err() && rows[1].get_long(at).is_err()));
    }
}
