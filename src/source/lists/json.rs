//! JSON: an array of objects or links, an object around such an array as shops' interfaces return it, or several objects
//! one after the other. A long array is read element by element.

use std::io::{self, BufRead};
use std::ops::ControlFlow;

use serde_json::{Map, Value};

use super::columns::{Header, HeaderCheck, Survey};
use super::format::{Layout, ListFormat, Stream};
use super::list_reader::{List, Position};
use super::nested::{self, Links, give, without_position};
use super::{MAX_RECORD_BYTES, first_line};
use crate::model::{Columns, ListSpec, Message};

/// Largest object around an array.
const MAX_OBJECT_BYTES: usize = 32 << 20;
/// Elements that show which column holds the links.
const SURVEYED: usize = 64;
/// Deepest array of records in an object.
const MAX_DEPTH: usize = 4;

pub(super) static FORMAT: ListFormat =
    ListFormat { extensions: &["json"], help: "", layout: Layout::Stream { sniff, read, header } };

/// Whether the first line begins a JSON array, or an object of several lines.
fn sniff(sample: &[u8], _: &ListSpec) -> bool {
    match first_line(sample) {
        [b'[', rest @ ..] => matches!(rest.trim_ascii_start(), [] | [b'{' | b'[' | b'"' | b']', ..]),
        [b'{', rest @ ..] => matches!(rest, []) || rest.last() != Some(&b'}'),
        _ => false,
    }
}

pub(super) fn read(list: &mut List<'_>, stream: Stream<'_>) -> ControlFlow<()> {
    let cancelled = list.cancelled;
    let mut records = Records::new(Elements::new(stream.reader, cancelled), list.lists);
    // The first records decide on the column, then they are given.
    let mut first = Vec::new();
    while first.len() < SURVEYED {
        match records.next() {
            Ok(Some(record)) => first.push(record),
            Ok(None) => break,
            Err(error) => return failed(list, &error),
        }
    }
    let mut column = None;
    let survey = survey(first.iter().filter_map(|record| record.as_ref().ok()));
    if !survey.is_empty() {
        match survey.choose(list.lists) {
            Ok(name) => column = Some(name),
            Err(why) => return list.unreadable(why),
        }
    }
    let mut number = 0;
    let mut first = first.into_iter();
    loop {
        let record = match first.next() {
            Some(record) => record,
            None => match records.next() {
                Ok(Some(record)) => record,
                Ok(None) => return ControlFlow::Continue(()),
                Err(error) => return failed(list, &error),
            },
        };
        number += 1;
        let position = Position::row(number);
        match record {
            Ok(Value::Object(object)) => give(list, position, object, column.as_deref())?,
            Ok(value) if list.lists.takes_rows => list.value(position, value)?,
            Ok(Value::String(link)) => list.cell(position, &link, &Columns::default())?,
            Ok(_) => list.no_link(position, "", "line_json_type")?,
            Err(Wrong::TooLong) => list.too_long(position, "")?,
            Err(Wrong::Invalid(detail)) => {
                list.no_link(position, "", Message::new("line_no_json").with("detail", detail))?;
            }
        }
    }
}

fn failed(list: &mut List<'_>, error: &io::Error) -> ControlFlow<()> {
    if (list.cancelled)() {
        return ControlFlow::Break(());
    }
    if error.kind() == io::ErrorKind::InvalidData {
        return list.unreadable(Message::new("list_json").with("detail", error));
    }
    list.read_failed(error)
}

pub(super) fn header(stream: Stream<'_>, lists: &ListSpec) -> Option<HeaderCheck> {
    let mut records = Records::new(Elements::new(stream.reader, &|| false), lists);
    let (mut first, mut is_complete) = (Vec::new(), false);
    while first.len() < SURVEYED && !is_complete {
        match records.next().ok()? {
            Some(record) => first.push(record),
            None => is_complete = true,
        }
    }
    let survey = survey(first.iter().filter_map(|record| record.as_ref().ok()));
    if survey.is_empty() {
        return Some(HeaderCheck::without_columns());
    }
    let chosen = survey.choose(lists);
    Some(HeaderCheck::of(Header { columns: survey.into_names(), is_complete }, lists, chosen))
}

fn survey<'v>(values: impl Iterator<Item = &'v Value>) -> Survey {
    let mut survey = Survey::default();
    for value in values {
        if let Value::Object(object) = value {
            nested::survey(&nested::flattened(object.clone()), &mut survey);
        }
    }
    survey
}

/// What is wrong with an element.
enum Wrong {
    TooLong,
    Invalid(String),
}

type Record = Result<Value, Wrong>;

/// The records of a list: elements, or those of the array in a single object.
struct Records<'a> {
    elements: Elements<'a>,
    lists: &'a ListSpec,
    /// What was read ahead, the next one last.
    ahead: Vec<Record>,
    has_begun: bool,
}

impl<'a> Records<'a> {
    const fn new(elements: Elements<'a>, lists: &'a ListSpec) -> Self {
        Self { elements, lists, ahead: Vec::new(), has_begun: false }
    }

    fn next(&mut self) -> io::Result<Option<Record>> {
        if !std::mem::replace(&mut self.has_begun, true) {
            self.begin()?;
        }
        match self.ahead.pop() {
            Some(record) => Ok(Some(record)),
            None => self.elements.next(MAX_RECORD_BYTES),
        }
    }

    /// A single object is searched for an array of records.
    fn begin(&mut self) -> io::Result<()> {
        let Some(first) = self.elements.next(MAX_OBJECT_BYTES)? else { return Ok(()) };
        let Ok(Value::Object(object)) = first else {
            self.ahead.push(first);
            return Ok(());
        };
        let is_single = !self.elements.is_in_array;
        let second = self.elements.next(MAX_RECORD_BYTES)?;
        if is_single && second.is_none() {
            let records =
                wrapped(&object, self.lists).map_or_else(|| vec![Value::Object(object.clone())], <[Value]>::to_vec);
            self.ahead = records.into_iter().rev().map(Ok).collect();
            return Ok(());
        }
        self.ahead.extend(second);
        self.ahead.push(Ok(Value::Object(object)));
        Ok(())
    }
}

/// The records in an object that is only what an interface wraps around them; `None` if it is a record itself, because
/// it has a name or a link of its own.
pub(super) fn wrapped<'o>(object: &'o Map<String, Value>, lists: &ListSpec) -> Option<&'o [Value]> {
    const NAMES: [&str; 9] = ["id", "sku", "name", "title", "code", "handle", "slug", "key", "product_id"];
    let records = records_in(object, MAX_DEPTH)?;
    if object.keys().any(|key| NAMES.iter().any(|name| name.eq_ignore_ascii_case(key))) {
        return None;
    }
    let mut columns = nested::flattened(object.clone());
    let is_record = match &lists.url_column {
        Some(wanted) => nested::take_links(&mut columns, wanted) != Links::Missing,
        None => columns.iter().any(|(name, value)| !is_navigation(name) && nested::holds_links(value) == Some(true)),
    };
    (!is_record).then_some(records)
}

/// Whether a column of a wrapper says where it is from, or where more of it is: `next`, `links.self`, `prev_page_url`,
/// `@odata.nextLink`, `$schema`.
fn is_navigation(column: &str) -> bool {
    const WORDS: &str = "next prev previous first last self current page pages paging pagination more links meta \
        metadata href path base root api schema context documentation docs feed homepage";
    let is_new_word = |before: char, after: char| before.is_lowercase() && after.is_uppercase();
    let mut words = vec![String::new()];
    let mut before = '.';
    for letter in column.chars() {
        if !letter.is_alphanumeric() || is_new_word(before, letter) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
        before = letter;
    }
    words.iter().any(|word| WORDS.split_ascii_whitespace().any(|navigation| navigation == word))
}

/// The only array in an object whose elements hold links; of several, none is the right one.
fn records_in(object: &Map<String, Value>, depth: usize) -> Option<&[Value]> {
    let is_record = |value: &Value| match value {
        Value::Object(object) => {
            let mut found = Survey::default();
            nested::survey(&nested::flattened(object.clone()), &mut found);
            !found.with_links().is_empty()
        }
        _ => false,
    };
    // Links of a record itself are no records.
    let arrays = object.values().filter_map(Value::as_array);
    let mut arrays = arrays.filter(|values| values.iter().take(SURVEYED).any(is_record));
    if let Some(values) = arrays.next() {
        return arrays.next().is_none().then_some(values);
    }
    if depth == 0 {
        return None;
    }
    object.values().filter_map(Value::as_object).find_map(|inner| records_in(inner, depth - 1))
}

/// The elements of a top-level array, or the values one after the other.
struct Elements<'a> {
    reader: Box<dyn BufRead + 'a>,
    cancelled: &'a dyn Fn() -> bool,
    is_in_array: bool,
    has_element: bool,
}

impl<'a> Elements<'a> {
    fn new(reader: Box<dyn BufRead + 'a>, cancelled: &'a dyn Fn() -> bool) -> Self {
        Self { reader, cancelled, is_in_array: false, has_element: false }
    }

    fn next(&mut self, most_bytes: usize) -> io::Result<Option<Record>> {
        loop {
            if (self.cancelled)() {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let Some(byte) = self.peek()? else {
                let is_cut = self.is_in_array;
                return if is_cut { Err(invalid("the array ends early")) } else { Ok(None) };
            };
            match byte {
                // A record separator precedes each value of a sequence (RFC 7464).
                byte if byte.is_ascii_whitespace() || byte == 0x1e => self.reader.consume(1),
                b'[' if !self.is_in_array && !self.has_element => {
                    self.reader.consume(1);
                    self.is_in_array = true;
                }
                b']' if self.is_in_array => {
                    self.reader.consume(1);
                    (self.is_in_array, self.has_element) = (false, true);
                }
                // Between elements; a second one in a row is not worth an error.
                b',' if self.has_element => self.reader.consume(1),
                _ => {
                    self.has_element = true;
                    return self.value(most_bytes).map(Some);
                }
            }
        }
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.reader.fill_buf() {
                Ok(bytes) => return Ok(bytes.first().copied()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted && !(self.cancelled)() => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The value that begins here, as far as brackets and quotes tell.
    fn value(&mut self, most_bytes: usize) -> io::Result<Record> {
        let mut bytes = Vec::new();
        let mut scan = Scan::default();
        let mut is_too_long = false;
        loop {
            if (self.cancelled)() {
                return Err(io::ErrorKind::Interrupted.into());
            }
            if self.peek()?.is_none() {
                if scan.depth > 0 || scan.is_quoted {
                    return Err(invalid("a value ends early"));
                }
                break;
            }
            let buffer = self.reader.fill_buf()?;
            let end = buffer.iter().position(|byte| scan.ends_before(*byte));
            let taken = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
            is_too_long |= bytes.len() + taken.len() > most_bytes;
            if !is_too_long {
                bytes.extend_from_slice(taken);
            }
            let count = taken.len();
            self.reader.consume(count);
            if end.is_some() {
                break;
            }
        }
        if is_too_long {
            return Ok(Err(Wrong::TooLong));
        }
        let parsed = serde_json::from_slice(&nested::with_digits(&bytes));
        if parsed.is_err() && !self.is_in_array {
            // Without an array around it, nothing says where the next value begins.
            return Err(invalid(&parsed.map_err(|error| without_position(&error)).err().unwrap_or_default()));
        }
        Ok(parsed.map_err(|error| Wrong::Invalid(without_position(&error))))
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

/// Finds the end of a value.
#[derive(Default)]
struct Scan {
    depth: usize,
    is_quoted: bool,
    is_escaped: bool,
    has_begun: bool,
    is_over: bool,
}

impl Scan {
    /// Whether the value ends before this byte; otherwise the byte belongs to it.
    fn ends_before(&mut self, byte: u8) -> bool {
        if self.is_over {
            return true;
        }
        if self.is_quoted {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' => self.is_escaped = true,
                b'"' => {
                    self.is_quoted = false;
                    self.is_over = self.depth == 0;
                }
                _ => {}
            }
            return false;
        }
        match byte {
            b'"' => self.is_quoted = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' if self.depth > 0 => {
                self.depth -= 1;
                self.is_over = self.depth == 0;
            }
            b',' | b']' | b'}' if self.depth == 0 && self.has_begun => return true,
            byte if byte.is_ascii_whitespace() && self.depth == 0 && self.has_begun => return true,
            _ => {}
        }
        self.has_begun = true;
        false
    }
}
