//! CSV and TSV (RFC 4180, with any delimiter): a header and rows, or only rows if the first one contains a link.

use std::io::{self, BufRead};
use std::ops::ControlFlow;

use csv_core::ReadRecordResult;
use serde_json::Value;

use super::columns::{self, Header, HeaderCheck, Survey};
use super::format::{Layout, ListFormat, Stream};
use super::list_reader::{List, Position};
use super::{BUFFER_BYTES, MAX_RECORD_BYTES, skip_line};
use crate::model::columns::is_same_name;
use crate::model::{Columns, ListSpec, Locator, Message};

/// Largest number of fields in a record.
const MAX_FIELDS: usize = 16 << 10;

/// Records that show which delimiter and which column of links a table has.
const SURVEYED: usize = 32;
/// Delimiters, the usual one first.
const DELIMITERS: [u8; 4] = [b',', b'\t', b';', b'|'];

pub(super) static CSV: ListFormat = ListFormat {
    extensions: &["csv"],
    help: "",
    layout: Layout::Stream {
        sniff: is_table,
        read: |list, stream| {
            let delimiter = delimiter(&stream.sample);
            read(list, stream, delimiter)
        },
        header: |stream, lists| {
            let delimiter = delimiter(&stream.sample);
            header(stream, delimiter, lists)
        },
    },
};

pub(super) static TSV: ListFormat = ListFormat {
    extensions: &["tsv", "tab"],
    help: "",
    layout: Layout::Stream {
        // Without a name, `CSV` finds the delimiter.
        sniff: |_, _| false,
        read: |list, stream| {
            let delimiter = named_delimiter(&stream.sample).unwrap_or(b'\t');
            read(list, stream, delimiter)
        },
        header: |stream, lists| {
            let delimiter = named_delimiter(&stream.sample).unwrap_or(b'\t');
            header(stream, delimiter, lists)
        },
    },
};

/// Whether the first lines are those of a table: the user names a column, one is called `url`, the first line names the
/// delimiter, or a second line has as many fields as the first, and a link in one of several.
fn is_table(sample: &[u8], lists: &ListSpec) -> bool {
    if named_delimiter(sample).is_some() || lists.url_column.is_some() || lists.takes_rows {
        return true;
    }
    let delimiter = delimiter(sample);
    let mut records = Records::new(Box::new(sample), delimiter);
    let Ok(Next::Record(_)) = records.next(&|| false) else { return false };
    let first = texts(&records);
    if first.iter().any(|field| is_same_name(field, columns::URL)) {
        return true;
    }
    let is_header = first.len() > 1 && first.iter().all(|field| !field.contains("://") && !field.starts_with('#'));
    let Ok(Next::Record(_)) = records.next(&|| false) else { return false };
    is_header && records.count == first.len() && texts(&records).iter().any(|field| Locator::is_url(field))
}

/// The delimiter that a first line such as `sep=;` names for spreadsheets.
fn named_delimiter(sample: &[u8]) -> Option<u8> {
    let line = sample.split(|byte| *byte == b'\n').next()?.trim_ascii_end();
    // Some programs quote it as a field of its own.
    let line = line.strip_prefix(b"\"").map_or(line, |quoted| quoted.strip_suffix(b"\"").unwrap_or(line));
    match line {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', delimiter] if delimiter.is_ascii() => Some(*delimiter),
        // A tab is trimmed as white space.
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'='] => Some(b'\t'),
        _ => None,
    }
}

/// The delimiter of a table's fields: the one with which a field is a whole link and most records have equally many
/// fields; if several are as good, a comma, then a tab.
fn delimiter(sample: &[u8]) -> u8 {
    if let Some(named) = named_delimiter(sample) {
        return named;
    }
    let mut best = (b',', (false, false, 0));
    for delimiter in DELIMITERS {
        let score = score(sample, delimiter);
        if score > best.1 {
            best = (delimiter, score);
        }
    }
    best.0
}

/// How well a delimiter fits: whether there are several fields, whether one is a link without other fields in it, and
/// how many of a hundred records have as many fields as the first.
fn score(sample: &[u8], delimiter: u8) -> (bool, bool, usize) {
    let mut records = Records::new(Box::new(sample), delimiter);
    let (mut first, mut same, mut all, mut has_link) = (None, 0, 0, false);
    while all < SURVEYED {
        let Ok(Next::Record(_)) = records.next(&|| false) else { break };
        all += 1;
        same += usize::from(*first.get_or_insert(records.count) == records.count);
        has_link |= texts(&records).iter().any(|field| columns::is_link(field));
    }
    let has_fields = first.is_some_and(|count| count > 1);
    (has_fields, has_fields && has_link, (100 * same).checked_div(all).unwrap_or(0))
}

fn read(list: &mut List<'_>, stream: Stream<'_>, delimiter: u8) -> ControlFlow<()> {
    let table = match Table::of(&stream.sample, delimiter, list.lists) {
        Some(Ok(table)) => table,
        Some(Err(why)) => return list.unreadable(why),
        // Its first record is above the limits, which is reported below.
        None => Table::default(),
    };
    let mut records = Records::new(stream.reader, delimiter);
    match records.skip_delimiter_line(list.cancelled, &stream.sample) {
        Ok(true) => {}
        Ok(false) => return ControlFlow::Break(()),
        Err(error) => return list.read_failed(&error),
    }
    let Some(mut position) = next_position(list, &mut records)? else { return ControlFlow::Continue(()) };
    if table.has_header {
        match next_position(list, &mut records)? {
            Some(first) => position = first,
            None => return ControlFlow::Continue(()),
        }
    }
    loop {
        if list.lists.takes_rows {
            list.row(position, table.columns(&records))?;
            match next_position(list, &mut records)? {
                Some(next) => position = next,
                None => return ControlFlow::Continue(()),
            }
            continue;
        }
        match records.field(table.url).map(std::str::from_utf8) {
            Some(Ok(cell)) => list.cell(position, cell, &table.columns(&records))?,
            Some(Err(_)) => list.no_link(position, "", "line_link_not_utf8")?,
            None => {
                let (had, of) = (records.count, table.names.len());
                let name = table.names.get(table.url).map_or("", String::as_str);
                let what = Message::new("line_short").with("had", had).with("of", of).with("column", name);
                list.no_link(position, "", what)?;
            }
        }
        match next_position(list, &mut records)? {
            Some(next) => position = next,
            None => return ControlFlow::Continue(()),
        }
    }
}

/// Reads the next record and returns its position; `None` at the end. Records above the limits become failed items.
fn next_position(list: &mut List<'_>, records: &mut Records<'_>) -> ControlFlow<(), Option<Position>> {
    loop {
        match records.next(list.cancelled) {
            Ok(Next::Record(line)) => return ControlFlow::Continue(Some(Position::line(line))),
            Ok(Next::TooLong(line)) => {
                let (most, next) = (MAX_RECORD_BYTES >> 10, records.line);
                let what = Message::new("line_long_or_quote").with("most", most).with("next", next);
                list.no_link(Position::line(line), "", what)?;
            }
            Ok(Next::Unclosed(line)) => {
                let what = Message::new("line_open_quote").with("last", records.line);
                list.no_link(Position::line(line), "", what)?;
            }
            Ok(Next::End) => return ControlFlow::Continue(None),
            Ok(Next::Cancelled) => return ControlFlow::Break(()),
            Err(error) => {
                list.read_failed(&error)?;
                return ControlFlow::Continue(None);
            }
        }
    }
}

/// The columns, by the first records.
fn header(stream: Stream<'_>, delimiter: u8, lists: &ListSpec) -> Option<HeaderCheck> {
    let (survey, _) = survey(&stream.sample, delimiter)?;
    let table = Table::of(&stream.sample, delimiter, lists)?;
    Some(HeaderCheck::of(Header { columns: survey.into_names(), is_complete: true }, lists, table))
}

/// The fields of the current record as text.
fn texts(record: &Records<'_>) -> Vec<String> {
    let field = |at| String::from_utf8_lossy(record.field(at).unwrap_or_default()).trim().to_owned();
    (0..record.count).map(field).collect()
}

/// The columns' names by the first record, which of them hold links, and the fields of the first record that contain
/// links. If there are any, the record is not a header, and columns are named by their numbers.
fn survey(sample: &[u8], delimiter: u8) -> Option<(Survey, Vec<usize>)> {
    if sample.len() >= BUFFER_BYTES && !sample.contains(&b'\n') {
        return None;
    }
    let mut records = Records::new(Box::new(sample), delimiter);
    records.skip_delimiter_line(&|| false, sample).ok()?;
    let Ok(Next::Record(_)) = records.next(&|| false) else { return None };
    let fields = texts(&records);
    let links: Vec<usize> =
        fields.iter().enumerate().filter(|(_, field)| Locator::is_url(field)).map(|(at, _)| at).collect();
    let has_header = links.is_empty();
    let name = |(at, field): (usize, &String)| {
        if has_header && !field.is_empty() { field.clone() } else { (at + 1).to_string() }
    };
    let mut survey = Survey::new(fields.iter().enumerate().map(name).collect());
    if has_header {
        for _ in 0..SURVEYED {
            let Ok(Next::Record(_)) = records.next(&|| false) else { break };
            for (at, field) in texts(&records).into_iter().enumerate() {
                survey.note_at(at, (!field.is_empty()).then(|| columns::is_link(&field)));
            }
        }
    }
    Some((survey, links))
}

/// What the first records say about all of them.
#[derive(Default)]
struct Table {
    names: Vec<String>,
    /// Index of the column of links.
    url: usize,
    has_header: bool,
}

impl Table {
    /// `None` if no record can be read.
    fn of(sample: &[u8], delimiter: u8, lists: &ListSpec) -> Option<Result<Self, Message>> {
        let (survey, links) = survey(sample, delimiter)?;
        let has_header = links.is_empty();
        let chosen = if has_header {
            survey.choose(lists)
        } else {
            // Without a header, columns are named by their numbers, and a single one with a link needs no name.
            match (&lists.url_column, links.as_slice()) {
                (None, [only]) => Ok((only + 1).to_string()),
                (Some(name), [only]) if survey.len() == 1 && name.parse::<usize>().is_err() => {
                    Ok((only + 1).to_string())
                }
                _ => survey.choose_of(lists, columns::NO_HEADER),
            }
        };
        let names = survey.into_names();
        Some(chosen.map(|name| {
            let url = columns::find(&names, &name).unwrap_or_default();
            Self { url: if lists.takes_rows { usize::MAX } else { url }, names, has_header }
        }))
    }

    /// The other fields of a record; those beyond the header are named by their numbers.
    fn columns(&self, records: &Records<'_>) -> Columns {
        let mut columns = Columns::default();
        for at in (0..records.count).filter(|at| *at != self.url) {
            let text = String::from_utf8_lossy(records.field(at).unwrap_or_default()).into_owned();
            // Of a row that is an item, an empty field is a missing value.
            let value = if self.url == usize::MAX && text.is_empty() { Value::Null } else { text.into() };
            match self.names.get(at) {
                Some(name) => columns.put(name, value),
                None => columns.put(&(at + 1).to_string(), value),
            }
        }
        columns
    }
}

enum Next {
    /// A record that begins on this line.
    Record(u64),
    /// One above the limits, which was skipped.
    TooLong(u64),
    /// One with a quote that is still open at the end.
    Unclosed(u64),
    End,
    Cancelled,
}

/// Records, one at a time, in buffers of a fixed size.
struct Records<'a> {
    reader: Box<dyn BufRead + 'a>,
    parser: csv_core::Reader,
    /// The number of the next line, from 1.
    line: u64,
    fields: Vec<u8>,
    ends: Vec<usize>,
    /// Number of fields of the current record.
    count: usize,
}

impl<'a> Records<'a> {
    fn new(reader: Box<dyn BufRead + 'a>, delimiter: u8) -> Self {
        Self {
            reader,
            parser: csv_core::ReaderBuilder::new().delimiter(delimiter).build(),
            line: 1,
            fields: vec![0; MAX_RECORD_BYTES],
            ends: vec![0; MAX_FIELDS],
            count: 0,
        }
    }

    /// Skips a first line such as `sep=;`; `false` if it was cancelled.
    fn skip_delimiter_line(&mut self, cancelled: &dyn Fn() -> bool, sample: &[u8]) -> io::Result<bool> {
        if named_delimiter(sample).is_none() {
            return Ok(true);
        }
        self.line += 1;
        Ok(skip_line(&mut *self.reader, cancelled)?.is_some())
    }

    /// A field of the current record.
    fn field(&self, at: usize) -> Option<&[u8]> {
        let end = *self.ends.get(..self.count)?.get(at)?;
        let start = match at {
            0 => 0,
            at => *self.ends.get(at - 1)?,
        };
        self.fields.get(start..end)
    }

    fn next(&mut self, cancelled: &dyn Fn() -> bool) -> io::Result<Next> {
        if !self.skip_blank_lines(cancelled)? {
            return Ok(Next::Cancelled);
        }
        let start = self.line;
        let (mut bytes, mut count, mut is_open) = (0, 0, false);
        loop {
            if cancelled() {
                return Ok(Next::Cancelled);
            }
            let input = match self.reader.fill_buf() {
                Ok(input) => input,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let (fields, ends) =
                (self.fields.get_mut(bytes..).unwrap_or_default(), self.ends.get_mut(count..).unwrap_or_default());
            let (result, read, written, ended) = self.parser.read_record(input, fields, ends);
            let taken = input.get(..read).unwrap_or_default();
            // A quote within quotes is written twice.
            taken.iter().filter(|byte| **byte == b'"').for_each(|_| is_open = !is_open);
            let is_open_at_end = input.is_empty() && is_open && self.line > start;
            let is_at_end = taken.last() == Some(&b'\n');
            self.line += line_ends(taken);
            self.reader.consume(read);
            bytes += written;
            count += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::Record if is_open_at_end => return Ok(Next::Unclosed(start)),
                ReadRecordResult::Record => {
                    self.count = count;
                    return Ok(Next::Record(start));
                }
                ReadRecordResult::End => return Ok(Next::End),
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    // Continues with the next line: an open quote does not swallow the rest.
                    self.parser.reset();
                    if !is_at_end {
                        if skip_line(&mut *self.reader, cancelled)?.is_none() {
                            return Ok(Next::Cancelled);
                        }
                        self.line += 1;
                    }
                    return Ok(Next::TooLong(start));
                }
            }
        }
    }

    /// Skips blank lines, so that a record's first line is known; `false` if it was cancelled.
    fn skip_blank_lines(&mut self, cancelled: &dyn Fn() -> bool) -> io::Result<bool> {
        loop {
            if cancelled() {
                return Ok(false);
            }
            let input = match self.reader.fill_buf() {
                Ok(input) => input,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let blank = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            let is_over = blank < input.len() || input.is_empty();
            self.line += line_ends(input.get(..blank).unwrap_or_default());
            self.reader.consume(blank);
            if is_over {
                return Ok(true);
            }
        }
    }
}

fn line_ends(bytes: &[u8]) -> u64 {
    bytes.split(|byte| *byte == b'\n').skip(1).count() as u64
}
