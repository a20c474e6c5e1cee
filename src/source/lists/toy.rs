//! A format of lists that only tests have. It shows that a format takes one file and one line in `formats.rs`.

use std::io::BufRead;
use std::ops::ControlFlow;

use super::columns::HeaderCheck;
use super::format::{Layout, ListFormat};
use super::list_reader::Position;
use crate::model::Columns;

pub(super) static FORMAT: ListFormat = ListFormat {
    extensions: &["toys"],
    help: "one toy per line",
    layout: Layout::Stream {
        sniff: |line, _| line.starts_with(b"%toys"),
        read: |list, stream| {
            for (number, line) in (1..).zip(stream.reader.lines().map_while(Result::ok)) {
                if number > 1 {
                    list.link(Position::line(number), &format!("https://toys.example/{line}"), Columns::default())?;
                }
            }
            ControlFlow::Continue(())
        },
        header: |_, _| Some(HeaderCheck::without_columns()),
    },
};
