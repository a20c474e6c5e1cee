//! Plain text: one link per line. `#` starts a comment, and a tab ends the link. Indented lines after a link are options
//! of aria2's input files, which may name the result.

use std::io::BufRead;
use std::ops::ControlFlow;

use super::columns::HeaderCheck;
use super::format::{Layout, ListFormat, Stream};
use super::list_reader::{List, Position};
use super::{Line, cells, next_line};
use crate::model::{Columns, columns};

pub(super) static FORMAT: ListFormat = ListFormat {
    extensions: &["txt"],
    help: "one URL per line, # starts a comment",
    layout: Layout::Stream { sniff: |_, _| true, read, header: |_, _| Some(HeaderCheck::without_columns()) },
};

fn read(list: &mut List<'_>, stream: Stream<'_>) -> ControlFlow<()> {
    let mut reader: Box<dyn BufRead + '_> = stream.reader;
    let mut line = Vec::new();
    let mut number: u64 = 0;
    // The links of the line before, which waits for its options.
    let mut pending: Option<(Position, Vec<String>, Columns)> = None;
    loop {
        number += 1;
        let position = Position::line(number);
        let next = next_line(&mut *reader, &mut line, list.cancelled);
        if let Some((_, _, columns)) = &mut pending
            && matches!(next, Ok(Line::Whole))
            && let Some((name, value)) = std::str::from_utf8(&line).ok().and_then(option_of_aria2)
        {
            put_option(columns, name, value);
            continue;
        }
        if let Some((position, links, columns)) = pending.take() {
            list.links(position, links.iter().map(String::as_str), &columns)?;
        }
        match next {
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
        if list.lists.takes_rows {
            let value = text.trim();
            if !value.is_empty() && !value.starts_with('#') {
                list.value(position, value.into())?;
            }
            continue;
        }
        let links = links_of(text).map(str::to_owned);
        if list.is_live {
            // Another program writes the list: nothing waits for its next line.
            list.links(position, links.collect::<Vec<_>>().iter().map(String::as_str), &Columns::default())?;
        } else {
            pending = Some((position, links.collect(), Columns::default()));
        }
    }
}

/// An option in an indented line of aria2's input file, such as ` out=name.jpg`.
fn option_of_aria2(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.strip_prefix([' ', '\t'])?.trim().split_once('=')?;
    let is_name =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || b"-0123456789".contains(&byte));
    is_name.then_some((name, value))
}

/// Keeps the options that say what the result is; those of the transfer have options of their own here.
fn put_option(columns: &mut Columns, name: &str, value: &str) {
    match name {
        "out" => columns.put(columns::ARIA2_OUT, value.into()),
        "dir" => columns.put(columns::ARIA2_DIR, value.into()),
        "checksum" => columns.put(columns::ARIA2_CHECKSUM, value.into()),
        _ => {}
    }
}

/// The links of a line. In files from old Macs, lines end with `\r` alone.
fn links_of(line: &str) -> impl Iterator<Item = &str> {
    line.split('\r').map(link_of).filter(|line| !line.is_empty()).flat_map(|line| {
        let line = cells::without_marks(line);
        cells::split(line).map(cells::unwrapped)
    })
}

/// The line without surrounding white space, without a comment and without the text after a tab. A `#` within a link
/// starts its fragment; spaces within it are kept, because people write file names with spaces.
fn link_of(line: &str) -> &str {
    let line = line.trim_matches(cells::is_blank);
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
