//! JSON lines: one object per line, or one string that is a link.

use std::io::BufRead;
use std::ops::ControlFlow;

use serde_json::{Map, Value};

use super::columns::{self, Header, HeaderCheck};
use super::format::{Layout, ListFormat, Stream};
use super::list_reader::{List, Position};
use super::{Line, next_line};
use crate::model::{Columns, ListSpec, Message};

pub(super) static FORMAT: ListFormat = ListFormat {
    extensions: &["jsonl", "ndjson"],
    help: "",
    layout: Layout::Stream { sniff: |line, _| line.trim_ascii_start().starts_with(b"{"), read, header },
};

fn read(list: &mut List<'_>, stream: Stream<'_>) -> ControlFlow<()> {
    let mut reader = stream.reader;
    let mut line = Vec::new();
    let mut number: u64 = 0;
    let mut is_checked = false;
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
        if line.trim_ascii().is_empty() {
            continue;
        }
        match serde_json::from_slice(&line) {
            Ok(Value::Object(object)) => {
                if !std::mem::replace(&mut is_checked, true)
                    && let Err(why) = columns::choose(&names(&object), list.lists)
                {
                    return list.unreadable(why);
                }
                give(list, position, object)?;
            }
            Ok(Value::String(link)) => list.link(position, &link, Columns::default())?,
            Ok(_) => list.no_link(position, "", "line_json_type")?,
            Err(error) => {
                list.no_link(position, "", Message::new("line_no_json").with("detail", without_position(&error)))?;
            }
        }
    }
}

/// The columns of the first object.
fn header(stream: Stream<'_>, lists: &ListSpec) -> Option<HeaderCheck> {
    let mut reader: Box<dyn BufRead + '_> = stream.reader;
    let mut line = Vec::new();
    while let Ok(Line::Whole) = next_line(&mut *reader, &mut line, &|| false) {
        if let Ok(object) = serde_json::from_slice::<Map<String, Value>>(&line) {
            let names = names(&object);
            let chosen = columns::choose(&names, lists);
            return Some(HeaderCheck::of(Header { columns: names, is_complete: false }, lists, chosen));
        }
        if !line.trim_ascii().is_empty() {
            break;
        }
    }
    None
}

fn names(object: &Map<String, Value>) -> Vec<String> {
    object.keys().cloned().collect()
}

fn give(list: &mut List<'_>, position: Position, mut object: Map<String, Value>) -> ControlFlow<()> {
    let wanted = list.lists.url_column.as_deref().unwrap_or(columns::URL);
    let names = names(&object);
    let Some(name) = columns::find(&names, wanted).and_then(|at| names.get(at)) else {
        let what = Message::new("line_no_key").with("key", wanted).with("keys", names.join(", "));
        return list.no_link(position, "", what);
    };
    match object.shift_remove(name) {
        Some(Value::String(link)) => list.link(position, &link, Columns::from(object)),
        Some(Value::Null) | None => list.no_link(position, "", "line_no_link"),
        Some(_) => list.no_link(position, "", Message::new("line_key_not_text").with("key", name)),
    }
}

/// The error in a line's JSON, without the parser's own line number.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}
