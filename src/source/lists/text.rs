//! Plain text: one link a line, `#` starts a comment and a tab ends the link.

use std::io::BufRead;
use std::ops::ControlFlow;

use super::list_reader::{List, Position, next_link};
use super::{Line, next_line};
use crate::model::Columns;

pub(super) fn read(list: &mut List<'_>, mut reader: Box<dyn BufRead + '_>) -> ControlFlow<()> {
    let mut line = Vec::new();
    let mut number: u64 = 0;
    loop {
        number += 1;
        let place = Position::line(number);
        match next_line(&mut *reader, &mut line, list.cancelled) {
            Ok(Line::Whole) => {}
            Ok(Line::TooLong) => {
                list.too_long(place, &String::from_utf8_lossy(line.get(..1024).unwrap_or_default()))?;
                continue;
            }
            Ok(Line::End) => return ControlFlow::Continue(()),
            Ok(Line::Cancelled) => return ControlFlow::Break(()),
            Err(error) => return list.broken(&error),
        }
        let Ok(text) = std::str::from_utf8(&line) else {
            // Guessing at its encoding would fetch something else.
            if !line.trim_ascii_start().starts_with(b"#") {
                list.no_link(place, &String::from_utf8_lossy(&line), "is not UTF-8")?;
            }
            continue;
        };
        for link in links_of(text) {
            list.link(place, link, Columns::default())?;
        }
    }
}

/// The links of a line; in files of old Macs a line ends with nothing but `\r`.
fn links_of(line: &str) -> impl Iterator<Item = &str> {
    line.split('\r').flat_map(|line| {
        let mut rest = Some(link_of(line)).filter(|link| !link.is_empty());
        std::iter::from_fn(move || {
            let link = rest.take()?;
            let Some(next) = next_link(link) else { return Some(link) };
            let (link, next) = link.split_at(next);
            rest = Some(next);
            Some(link.trim_end())
        })
    })
}

/// The line without white space around it, without a comment and without what stands behind a tab. A `#` within a link
/// is its fragment; spaces within it are kept, as people write names of files with spaces as they are.
fn link_of(line: &str) -> &str {
    let line = line.trim();
    let line = line.split_once('\t').map_or(line, |(link, _)| link.trim_end());
    if line.starts_with('#') {
        return "";
    }
    let comment =
        line.char_indices().zip(line.chars().skip(1)).find(|((_, c), next)| c.is_whitespace() && *next == '#');
    match comment {
        Some(((at, _), _)) => line.get(..at).unwrap_or(line).trim_end(),
        None => line,
    }
}
