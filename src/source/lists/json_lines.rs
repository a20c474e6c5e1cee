//! JSON lines: one object per line, or one string that is a link.

use std::io::{self, Read};
use std::ops::ControlFlow;

use serde_json::{Map, Value};

use super::columns::{Header, HeaderCheck, Survey};
use super::format::{Layout, ListFormat, Stream};
use super::list_reader::{List, Position};
use super::nested;
use super::{Line, first_line, json, next_line};
use crate::model::{Columns, ListSpec, Message};

pub(super) static FORMAT: ListFormat = ListFormat {
    extensions: &["jsonl", "ndjson"],
    help: "",
    layout: Layout::Stream { sniff: |sample, _| matches!(first_line(sample), [b'{', .., b'}']), read, header },
};

fn read(list: &mut List<'_>, stream: Stream<'_>) -> ControlFlow<()> {
    if is_json(&stream.sample, list.lists) {
        return json::read(list, stream);
    }
    let mut column = None;
    if let Some(survey) = survey(&stream.sample) {
        match survey.choose(list.lists) {
            Ok(name) => column = Some(name),
            Err(why) => return list.unreadable(why),
        }
    }
    let mut reader = stream.reader;
    let mut line = Vec::new();
    let mut number: u64 = 0;
    loop {
        number += 1;
        let position = Position::line(number);
        match next_line(&mut *reader, &mut line, list.cancelled) {
            Ok(Line::Whole) => {}
            Ok(Line::TooLong) => {
                list.too_long(position, "")?;
                continue;
            }
            Ok(Line::End) => return ControlFlow::Continue(()),
            Ok(Line::Cancelled) => return ControlFlow::Break(()),
            Err(error) => return list.read_failed(&error),
        }
        let value = line.trim_ascii();
        let value = value.strip_suffix(b",").unwrap_or(value);
        if value.is_empty() {
            continue;
        }
        match serde_json::from_slice(&nested::with_digits(value)) {
            Ok(Value::Object(object)) => nested::give(list, position, object, column.as_deref())?,
            Ok(value) if list.lists.takes_rows => list.value(position, value)?,
            Ok(Value::String(link)) => list.cell(position, &link, &Columns::default())?,
            Ok(_) => list.no_link(position, "", "line_json_type")?,
            Err(error) => {
                list.no_link(
                    position,
                    "",
                    Message::new("line_no_json").with("detail", nested::without_position(&error)),
                )?;
            }
        }
    }
}

/// The columns of the first objects.
fn header(stream: Stream<'_>, lists: &ListSpec) -> Option<HeaderCheck> {
    if is_json(&stream.sample, lists) {
        return json::header(stream, lists);
    }
    let survey = survey(&stream.sample)?;
    let chosen = survey.choose(lists);
    let is_complete = is_whole(stream);
    Some(HeaderCheck::of(Header { columns: survey.into_names(), is_complete }, lists, chosen))
}

/// Whether the sample is all of the list.
fn is_whole(stream: Stream<'_>) -> bool {
    let most = stream.sample.len() as u64 + 1;
    let read = io::copy(&mut stream.reader.take(most), &mut io::sink());
    read.is_ok_and(|bytes| bytes < most)
}

/// Whether it is JSON after all: an array, values whose lines end with CR only, or an object around an array of records
/// in the only line.
fn is_json(sample: &[u8], lists: &ListSpec) -> bool {
    let has_old_lines = !sample.contains(&b'\n') && sample.trim_ascii().contains(&b'\r');
    if sample.trim_ascii_start().first() == Some(&b'[') || has_old_lines {
        return true;
    }
    let mut lines = sample.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let (Some(only), None) = (lines.next(), lines.next()) else { return false };
    let Ok(object) = serde_json::from_slice::<Map<String, Value>>(only) else { return false };
    json::wrapped(&object, lists).is_some()
}

/// The columns of the objects in the first lines; `None` if there are none.
fn survey(sample: &[u8]) -> Option<Survey> {
    let mut found = Survey::default();
    for line in sample.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii();
        let object = serde_json::from_slice::<Map<String, Value>>(line.strip_suffix(b",").unwrap_or(line));
        if let Ok(object) = object {
            nested::survey(&nested::flattened(object), &mut found);
        }
    }
    (!found.is_empty()).then_some(found)
}
