//! JSON lines: one object a line, or one text that is a link.

use std::io::BufRead;
use std::ops::ControlFlow;

use serde_json::{Map, Value};

use super::header::{self, Header, HeaderCheck};
use super::list_reader::{List, Position};
use super::{Line, next_line};
use crate::model::{Columns, ListSpec};

pub(super) fn read(list: &mut List<'_>, mut reader: Box<dyn BufRead + '_>) -> ControlFlow<()> {
    let mut line = Vec::new();
    let mut number: u64 = 0;
    let mut is_checked = false;
    loop {
        number += 1;
        let place = Position::line(number);
        match next_line(&mut *reader, &mut line, list.cancelled) {
            Ok(Line::Whole) => {}
            Ok(Line::TooLong) => {
                list.too_long(place, "")?;
                continue;
            }
            Ok(Line::End) => return ControlFlow::Continue(()),
            Ok(Line::Cancelled) => return ControlFlow::Break(()),
            Err(error) => return list.broken(&error),
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        match serde_json::from_slice(&line) {
            Ok(Value::Object(object)) => {
                if !std::mem::replace(&mut is_checked, true)
                    && let Err(what) = header::choose(&names(&object), list.lists)
                {
                    return list.trouble(what);
                }
                give(list, place, object)?;
            }
            Ok(Value::String(link)) => list.link(place, &link, Columns::default())?,
            Ok(_) => list.no_link(place, "", "is neither a JSON object nor a text")?,
            Err(error) => list.no_link(place, "", &format!("is no JSON ({})", without_place(&error)))?,
        }
    }
}

/// The columns of the first object.
pub(super) fn header(reader: &mut dyn BufRead, lists: &ListSpec) -> Option<HeaderCheck> {
    let mut line = Vec::new();
    while let Ok(Line::Whole) = next_line(reader, &mut line, &|| false) {
        if let Ok(object) = serde_json::from_slice::<Map<String, Value>>(&line) {
            let columns = names(&object);
            let asked = header::choose(&columns, lists).map(drop);
            return Some((Header { columns, is_complete: false }, asked));
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

fn give(list: &mut List<'_>, place: Position, mut object: Map<String, Value>) -> ControlFlow<()> {
    let wanted = list.lists.url_column.as_deref().unwrap_or(header::URL);
    let names = names(&object);
    let Some(name) = header::find(&names, wanted).and_then(|at| names.get(at)) else {
        let what = format!("has no \"{wanted}\"; it has {}", names.join(", "));
        return list.no_link(place, "", &what);
    };
    match object.shift_remove(name) {
        Some(Value::String(link)) => list.link(place, &link, Columns::from(object)),
        Some(Value::Null) | None => list.no_link(place, "", "has no link"),
        Some(_) => list.no_link(place, "", &format!("has a \"{name}\" that is no text")),
    }
}

/// What is wrong with a line's JSON, without the parser's own count of lines.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}
