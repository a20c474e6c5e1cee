//! Plain text: one link per line. `#` starts a comment, and a tab ends the link.

use std::io::BufRead;
use std::ops::ControlFlow;

use super::columns::HeaderCheck;
use super::format::{Layout, ListFormat, Stream};
use super::list_reader::{List, Position, next_link};
use super::{Line, next_line};
use crate::model::Columns;

pub(super) static FORMAT: ListFormat = ListFormat {
    extensions: &["txt"],
    help: "one URL per line, # starts a comment",
    layout: Layout::Stream { sniff: |_, _| true, read, header: |_, _| Some(HeaderCheck::without_columns()) },
};

fn read(list: &mut List<'_>, stream: Stream<'_>) -> ControlFlow<()> {
    let mut reader: Box<dyn BufRead + '_> = stream.reader;
    let mut line = Vec::new();
    let mut number: u64 = 0;
    loop {
        number += 1;
        let position = Position::line(number);
        match next_line(&mut *reader, &mut line, list.cancelled) {
            Ok(Line::Whole) => {}
            Ok(Line::TooLong) => {
                list.too_long(position, &String::from_utf8_lossy(line.get(..1024).unwrap_or_default()))?;
                continue;
            }
            Ok(Line::End) => return ControlFlow::Continue(()),
            Ok(Line::Cancelled) => return ControlFlow::Break(()),
            Err(error) => return list.read_failed(&error),
        }
        let Ok(text) = std::str::from_utf8(&line) else {
            // Guessing its encoding could fetch something else.
            if !line.trim_ascii_start().starts_with(b"#") {
                list.no_link(position, &String::from_utf8_lossy(&line), "line_not_utf8")?;
            }
            continue;
        };
        for link in links_of(text) {
            list.link(position, link, Columns::default())?;
        }
    }
}

/// The links of a line. In files from old Macs, lines end with `\r` alone.
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

/// The line without surrounding white space, without a comment and without the text after a tab. A `#` within a link
/// starts its fragment; spaces within it are kept, because people write file names with spaces.
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
