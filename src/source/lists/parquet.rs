//! Parquet, read one row group at a time and one page of each column at a time.
//!
//! The library trusts the file more than an unknown file deserves: its panics are caught, and a dictionary that claims more
//! values than its bytes can hold is refused before memory is allocated for it.

use std::collections::HashSet;
use std::fs::File;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use parquet::basic::{ConvertedType, LogicalType, TimeUnit};
use parquet::bloom_filter::Sbbf;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};
use parquet::schema::types::Type;
use serde_json::{Map, Value};

use super::MAX_RECORD_BYTES;
use super::columns::{Header, HeaderCheck, Survey};
use super::format::{Layout, ListFormat};
use super::list_reader::{List, Position};
use super::nested::{self, Links};
use crate::model::{Columns, ListSpec, Message};

/// Rows that show which column holds the links.
const SURVEYED: usize = 32;

pub(super) static FORMAT: ListFormat =
    ListFormat { extensions: &["parquet"], help: "", layout: Layout::WholeFile { magic: b"PAR1", read, header } };

fn read(list: &mut List<'_>, file: File) -> ControlFlow<()> {
    let (reader, column, nanoseconds) = match open(file) {
        Ok((reader, survey, nanoseconds)) => match survey.choose(list.lists) {
            Ok(column) => (reader, column, nanoseconds),
            Err(why) => return list.unreadable(why),
        },
        Err(what) => return list.unreadable(broken(what)),
    };
    let mut number: u64 = 0;
    for group in 0..reader.num_row_groups() {
        let guarded = match guard(|| Ok(Guarded(reader.get_row_group(group)?))) {
            Ok(guarded) => guarded,
            Err(what) => return list.unreadable(broken(what)),
        };
        let mut rows = match guard(|| RowIter::from_row_group(None, &guarded)) {
            Ok(rows) => rows,
            Err(what) => return list.unreadable(broken(what)),
        };
        loop {
            if (list.cancelled)() {
                return ControlFlow::Break(());
            }
            match guard(|| rows.next().transpose()) {
                Ok(Some(row)) => {
                    number += 1;
                    give(list, Position::row(number), flat(row, &nanoseconds), &column)?;
                }
                Ok(None) => break,
                Err(why) if number > 0 => {
                    let why = Message::new("list_parquet_row").with_message("detail", why);
                    return list.unreadable(why.with("row", number));
                }
                Err(why) => return list.unreadable(broken(why)),
            }
        }
    }
    ControlFlow::Continue(())
}

/// The columns; `None` if the file can't be read.
fn header(file: File, lists: &ListSpec) -> Option<HeaderCheck> {
    let (_, survey, _) = open(file).ok()?;
    let chosen = survey.choose(lists);
    Some(HeaderCheck::of(Header { columns: survey.into_names(), is_complete: true }, lists, chosen))
}

/// Columns of timestamps in nanoseconds, which the library gives as plain numbers.
type Nanoseconds = HashSet<String>;

/// The file and its columns. Its first rows show which of them hold links.
fn open(file: File) -> Result<(SerializedFileReader<File>, Survey, Nanoseconds), Message> {
    let reader = guard(|| SerializedFileReader::new(file)).map_err(broken)?;
    let schema = reader.metadata().file_metadata().schema();
    let (mut names, mut nanoseconds) = (Vec::new(), Nanoseconds::new());
    schema.get_fields().iter().for_each(|field| name_columns(field, "", &mut names, &mut nanoseconds));
    let mut survey = Survey::new(names);
    // What is wrong with the rows is reported when they are read.
    let _ = guard(|| {
        if reader.num_row_groups() == 0 {
            return Ok(());
        }
        let guarded = Guarded(reader.get_row_group(0)?);
        for row in RowIter::from_row_group(None, &guarded)?.take(SURVEYED) {
            nested::survey(&flat(row?, &nanoseconds), &mut survey);
        }
        Ok(())
    });
    Ok((reader, survey, nanoseconds))
}

/// The name of a column, or those of the columns in a group.
fn name_columns(field: &Type, prefix: &str, names: &mut Vec<String>, nanoseconds: &mut Nanoseconds) {
    let name = if prefix.is_empty() { field.name().to_owned() } else { format!("{prefix}.{}", field.name()) };
    let info = field.get_basic_info();
    // Lists and maps are groups too.
    if field.is_group() && info.logical_type_ref().is_none() && info.converted_type() == ConvertedType::NONE {
        field.get_fields().iter().for_each(|inner| name_columns(inner, &name, names, nanoseconds));
    } else {
        if matches!(info.logical_type_ref(), Some(LogicalType::Timestamp(time)) if time.unit == TimeUnit::NANOS) {
            nanoseconds.insert(name.clone());
        }
        names.push(name);
    }
}

/// A row's values by their names, those of groups by their paths.
fn flat(row: Row, nanoseconds: &Nanoseconds) -> Map<String, Value> {
    let columns = row.into_columns().into_iter().filter_map(|(name, field)| Some((name, value(field)?)));
    let mut flat = nested::flattened(columns.collect());
    for name in nanoseconds {
        if let Some((value, number)) = flat.get_mut(name).and_then(|value| value.as_i64().map(|number| (value, number)))
        {
            *value = moment(jiff::Timestamp::from_nanosecond(number.into()), number);
        }
    }
    flat
}

fn give(list: &mut List<'_>, position: Position, mut object: Map<String, Value>, column: &str) -> ControlFlow<()> {
    if list.lists.takes_rows {
        return list.row(position, Columns::from(object));
    }
    let links = nested::take_links(&mut object, column);
    // The texts of lists.
    for value in object.values_mut().filter(|value| value.is_array()) {
        *value = list_text(value).into();
    }
    let bytes: usize = object.iter().map(|(name, value)| name.len() + value.as_str().map_or(8, str::len)).sum();
    if bytes > MAX_RECORD_BYTES {
        return list.too_long(position, "");
    }
    match links {
        Links::Some(links) => list.links(position, links.iter().map(String::as_str), &Columns::from(object)),
        Links::Missing | Links::Empty => list.no_link(position, "", "line_no_link"),
        Links::NotText => list.no_link(position, "", "line_link_not_text"),
    }
}

/// A list as Parquet's own tools show it.
fn list_text(value: &Value) -> String {
    match value {
        Value::Array(values) => format!("[{}]", values.iter().map(list_text).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

/// A field's value; `None` for bytes that are not text, such as a thumbnail.
fn value(field: Field) -> Option<Value> {
    Some(match field {
        Field::Null => Value::Null,
        Field::Bool(value) => value.into(),
        Field::Byte(value) => value.into(),
        Field::Short(value) => value.into(),
        Field::Int(value) => value.into(),
        Field::Long(value) => value.into(),
        Field::UByte(value) => value.into(),
        Field::UShort(value) => value.into(),
        Field::UInt(value) => value.into(),
        Field::ULong(value) => value.into(),
        // With its own digits, not those of the nearest double.
        Field::Float(value) => value.to_string().parse::<f64>().ok()?.into(),
        Field::Double(value) => value.into(),
        Field::Str(value) => value.into(),
        Field::Bytes(value) => value.as_utf8().ok()?.into(),
        Field::TimestampMillis(ms) => moment(jiff::Timestamp::from_millisecond(ms), ms),
        Field::TimestampMicros(us) => moment(jiff::Timestamp::from_microsecond(us), us),
        Field::Group(row) => {
            let inner = row.into_columns().into_iter().filter_map(|(name, field)| Some((name, value(field)?)));
            Value::Object(inner.collect())
        }
        Field::ListInternal(list) => list.elements().iter().cloned().filter_map(value).collect(),
        // Dates, decimals and maps as text, unless they are out of range.
        other => guard(|| Ok(other.to_string())).ok()?.into(),
    })
}

/// A timestamp in UTC, or its number if it is out of the calendar's range.
fn moment(time: Result<jiff::Timestamp, jiff::Error>, number: i64) -> Value {
    time.map_or_else(|_| number.into(), |time| time.to_string().into())
}

fn broken(why: Message) -> Message {
    Message::new("list_parquet").with_message("detail", why)
}

/// Calls the library; its errors and panics become messages.
fn guard<T>(call: impl FnOnce() -> ParquetResult<T>) -> Result<T, Message> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Message::new("system_text").with("text", error)),
        Err(_) => Err(Message::new("parquet_panic")),
    }
}

/// A row group that checks pages before they are decoded.
struct Guarded<'a>(Box<dyn RowGroupReader + 'a>);

impl RowGroupReader for Guarded<'_> {
    fn metadata(&self) -> &RowGroupMetaData {
        self.0.metadata()
    }

    fn num_columns(&self) -> usize {
        self.0.num_columns()
    }

    fn get_column_page_reader(&self, i: usize) -> ParquetResult<Box<dyn PageReader>> {
        Ok(Box::new(GuardedPages(self.0.get_column_page_reader(i)?)))
    }

    fn get_column_bloom_filter(&self, i: usize) -> Option<&Sbbf> {
        self.0.get_column_bloom_filter(i)
    }

    fn get_row_iter(&self, projection: Option<Type>) -> ParquetResult<RowIter<'_>> {
        RowIter::from_row_group(projection, self)
    }
}

struct GuardedPages(Box<dyn PageReader>);

impl Iterator for GuardedPages {
    type Item = ParquetResult<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for GuardedPages {
    fn get_next_page(&mut self) -> ParquetResult<Option<Page>> {
        let page = self.0.get_next_page()?;
        if let Some(Page::DictionaryPage { buf, num_values, .. }) = &page
            && *num_values as usize > buf.len()
        {
            return Err(ParquetError::General("a dictionary claims more values than it has bytes".to_owned()));
        }
        Ok(page)
    }

    fn peek_next_page(&mut self) -> ParquetResult<Option<PageMetadata>> {
        self.0.peek_next_page()
    }

    fn skip_next_page(&mut self) -> ParquetResult<()> {
        self.0.skip_next_page()
    }
}
