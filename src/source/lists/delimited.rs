//! CSV and TSV (RFC 4180, with any delimiter): a header and rows, or rows alone where the first one holds a link.

use std::io::{self, BufRead};
use std::ops::ControlFlow;

use csv_core::ReadRecordResult;

use super::header::{self, Header, HeaderCheck};
use super::list_reader::{List, Position};
use super::{MAX_RECORD_BYTES, skip_line};
use crate::model::{Columns, ListSpec, Locator, Message};

/// Fields that a record may have.
const MAX_FIELDS: usize = 16 << 10;

pub(super) fn read(list: &mut List<'_>, reader: Box<dyn BufRead + '_>, delimiter: Option<u8>) -> ControlFlow<()> {
    let mut records = Records::new(reader, delimiter);
    let Some(mut place) = next_place(list, &mut records)? else { return ControlFlow::Continue(()) };
    let table = match Table::of(&records, list.lists) {
        Ok(table) => table,
        Err(what) => return list.trouble(what),
    };
    if table.has_header {
        match next_place(list, &mut records)? {
            Some(first) => place = first,
            None => return ControlFlow::Continue(()),
        }
    }
    loop {
        match records.field(table.url).map(std::str::from_utf8) {
            Some(Ok(link)) => list.link(place, link, table.columns(&records))?,
            Some(Err(_)) => list.no_link(place, "", "has a link that is not UTF-8")?,
            None => {
                let (had, of) = (records.count, table.names.len());
                let name = table.names.get(table.url).map_or("", String::as_str);
                list.no_link(place, "", &format!("has {had} of {of} columns, and \"{name}\" is not among them"))?;
            }
        }
        match next_place(list, &mut records)? {
            Some(next) => place = next,
            None => return ControlFlow::Continue(()),
        }
    }
}

/// Reads the next record and gives its place; `None` at the end. Those above the limits are told on the way.
fn next_place(list: &mut List<'_>, records: &mut Records<'_>) -> ControlFlow<(), Option<Position>> {
    loop {
        match records.next(list.cancelled) {
            Ok(Next::Record(line)) => return ControlFlow::Continue(Some(Position::line(line))),
            Ok(Next::TooLong(line)) => {
                let (most, next) = (MAX_RECORD_BYTES >> 10, records.line);
                let what =
                    format!("is longer than {most} KiB, or opens a quote that isn't closed; rows go on at line {next}");
                list.no_link(Position::line(line), "", &what)?;
            }
            Ok(Next::Unclosed(line)) => {
                let what = format!(
                    "opens a quote that isn't closed, so that everything up to line {} belongs to it; close it and run \
                     the list again",
                    records.line
                );
                list.no_link(Position::line(line), "", &what)?;
            }
            Ok(Next::End) => return ControlFlow::Continue(None),
            Ok(Next::Cancelled) => return ControlFlow::Break(()),
            Err(error) => {
                list.broken(&error)?;
                return ControlFlow::Continue(None);
            }
        }
    }
}

/// The columns by the first record.
pub(super) fn header(reader: &mut dyn BufRead, delimiter: Option<u8>, lists: &ListSpec) -> Option<HeaderCheck> {
    let mut records = Records::new(Box::new(reader), delimiter);
    let Ok(Next::Record(_)) = records.next(&|| false) else { return None };
    let (columns, _) = names(&records);
    Some((Header { columns, is_complete: true }, Table::of(&records, lists).map(drop)))
}

/// The columns' names by the first record, and where links stand in it: then it is no header, and they are called by
/// their numbers.
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

/// What the first record says of all.
struct Table {
    names: Vec<String>,
    /// Where links stand.
    url: usize,
    has_header: bool,
}

impl Table {
    fn of(first: &Records<'_>, lists: &ListSpec) -> Result<Self, Message> {
        let (names, links) = names(first);
        if links.is_empty() {
            let url = header::choose(&names, lists)?;
            return Ok(Self { names, url, has_header: true });
        }
        // Without a header columns are called by their numbers, and the only one with a link needs no name.
        let url = match (&lists.url_column, links.as_slice()) {
            (None, [only]) => *only,
            (Some(name), [only]) if names.len() == 1 && name.parse::<usize>().is_err() => *only,
            _ => {
                let url = header::choose_of(&names, lists, header::NO_HEADER)?;
                return Ok(Self { names, url, has_header: false });
            }
        };
        Ok(Self { names, url, has_header: false })
    }

    /// The fields beside the link; those beyond the header are called by their numbers.
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
    /// A record that begins in this line.
    Record(u64),
    /// One above the limits, which was stepped over.
    TooLong(u64),
    /// One whose quote is still open at the end.
    Unclosed(u64),
    End,
    Cancelled,
}

/// Records, one at a time, in buffers of a fixed size.
struct Records<'a> {
    reader: Box<dyn BufRead + 'a>,
    parser: csv_core::Reader,
    /// The line that is read next, from 1.
    line: u64,
    fields: Vec<u8>,
    ends: Vec<usize>,
    /// Fields of the current record.
    count: usize,
}

impl<'a> Records<'a> {
    fn new(reader: Box<dyn BufRead + 'a>, delimiter: Option<u8>) -> Self {
        Self {
            reader,
            parser: csv_core::ReaderBuilder::new().delimiter(delimiter.unwrap_or(b',')).build(),
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
            // One within quotes is written twice.
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
                    // From the next line on, as if nothing had been: a quote that stands open takes no more with it.
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

    /// Steps over what ends lines, so that a record's first line is known; `false` when it was cancelled.
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
