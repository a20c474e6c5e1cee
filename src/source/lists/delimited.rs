//! CSV and TSV (RFC 4180, with any delimiter): a header and rows, or only rows if the first one contains a link.

use std::io::{self, BufRead};
use std::ops::ControlFlow;

use csv_core::ReadRecordResult;

use super::columns::{self, Header, HeaderCheck};
use super::format::{Layout, ListFormat, Stream};
use super::list_reader::{List, Position};
use super::{MAX_RECORD_BYTES, skip_line};
use crate::model::columns::is_same_name;
use crate::model::{Columns, ListSpec, Locator, Message};

/// Largest number of fields in a record.
const MAX_FIELDS: usize = 16 << 10;

pub(super) static CSV: ListFormat = ListFormat {
    extensions: &["csv"],
    help: "",
    layout: Layout::Stream {
        sniff: is_table,
        read: |list, stream| {
            let delimiter = delimiter(&stream.first_line);
            read(list, stream, delimiter)
        },
        header: |stream, lists| {
            let delimiter = delimiter(&stream.first_line);
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
        read: |list, stream| read(list, stream, b'\t'),
        header: |stream, lists| header(stream, b'\t', lists),
    },
};

/// Whether a first line is that of a table: the user names a column, or one is called `url`.
fn is_table(line: &[u8], lists: &ListSpec) -> bool {
    let delimiter = delimiter(line);
    let mut fields = line.split(|byte| *byte == delimiter).map(String::from_utf8_lossy);
    lists.url_column.is_some() || fields.any(|field| is_same_name(field.trim().trim_matches('"'), columns::URL))
}

/// The delimiter of a first line's fields: a comma, unless there are only tabs or only semicolons.
fn delimiter(line: &[u8]) -> u8 {
    let mut is_quoted = false;
    let mut outside = line.iter().copied().filter(|byte| {
        is_quoted ^= *byte == b'"';
        !is_quoted
    });
    let mut best = b',';
    for byte in outside.by_ref() {
        match byte {
            b',' => return b',',
            b'\t' => best = b'\t',
            b';' if best == b',' => best = b';',
            _ => {}
        }
    }
    best
}

fn read(list: &mut List<'_>, stream: Stream<'_>, delimiter: u8) -> ControlFlow<()> {
    let mut records = Records::new(stream.reader, delimiter);
    let Some(mut position) = next_position(list, &mut records)? else { return ControlFlow::Continue(()) };
    let table = match Table::of(&records, list.lists) {
        Ok(table) => table,
        Err(why) => return list.unreadable(why),
    };
    if table.has_header {
        match next_position(list, &mut records)? {
            Some(first) => position = first,
            None => return ControlFlow::Continue(()),
        }
    }
    loop {
        match records.field(table.url).map(std::str::from_utf8) {
            Some(Ok(link)) => list.link(position, link, table.columns(&records))?,
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

/// The columns, by the first record.
fn header(stream: Stream<'_>, delimiter: u8, lists: &ListSpec) -> Option<HeaderCheck> {
    let mut records = Records::new(stream.reader, delimiter);
    let Ok(Next::Record(_)) = records.next(&|| false) else { return None };
    let (columns, _) = names(&records);
    Some(HeaderCheck::of(Header { columns, is_complete: true }, lists, Table::of(&records, lists)))
}

/// The columns' names by the first record, and the fields that contain links. If there are any, the record is not a
/// header, and columns are named by their numbers.
fn names(first: &Records<'_>) -> (Vec<String>, Vec<usize>) {
    let fields: Vec<String> = (0..first.count)
        .map(|at| String::from_utf8_lossy(first.field(at).unwrap_or_default()).trim().to_owned())
        .collect();
    let links: Vec<usize> =
        fields.iter().enumerate().filter(|(_, field)| Locator::is_url(field)).map(|(at, _)| at).collect();
    let has_header = links.is_empty();
    let name = |(at, field): (usize, String)| {
        if has_header && !field.is_empty() { field } else { (at + 1).to_string() }
    };
    (fields.into_iter().enumerate().map(name).collect(), links)
}

/// What the first record says about all of them.
struct Table {
    names: Vec<String>,
    /// Index of the column of links.
    url: usize,
    has_header: bool,
}

impl Table {
    fn of(first: &Records<'_>, lists: &ListSpec) -> Result<Self, Message> {
        let (names, links) = names(first);
        if links.is_empty() {
            let url = columns::choose(&names, lists)?;
            return Ok(Self { names, url, has_header: true });
        }
        // Without a header, columns are named by their numbers, and a single one with a link needs no name.
        let url = match (&lists.url_column, links.as_slice()) {
            (None, [only]) => *only,
            (Some(name), [only]) if names.len() == 1 && name.parse::<usize>().is_err() => *only,
            _ => {
                let url = columns::choose_of(&names, lists, columns::NO_HEADER)?;
                return Ok(Self { names, url, has_header: false });
            }
        };
        Ok(Self { names, url, has_header: false })
    }

    /// The other fields of a record; those beyond the header are named by their numbers.
    fn columns(&self, records: &Records<'_>) -> Columns {
        let mut columns = Columns::default();
        for at in (0..records.count).filter(|at| *at != self.url) {
            let text = String::from_utf8_lossy(records.field(at).unwrap_or_default()).into_owned();
            match self.names.get(at) {
                Some(name) => columns.put(name, text.into()),
                None => columns.put(&(at + 1).to_string(), text.into()),
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
