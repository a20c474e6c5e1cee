//! Turns the lines of a list into items.

use std::fmt;
use std::io;
use std::ops::ControlFlow;

use serde_json::Value;
use url::Url;

use super::cells;
use super::columns;
use super::decode::Recoded;
use super::{MAX_RECORD_BYTES, unreadable};
use crate::error::{ErrorKind, ItemError, JobError};
use crate::model::{Columns, ListSpec, Locator, Message, NewItem, Origin, locator};
use crate::source::kind::{Found, Give, Reading};

/// Characters of an invalid line that are kept for its message.
const MAX_CHARS_SHOWN: usize = 200;
/// Longest link in bytes.
const MAX_LINK_BYTES: usize = 64 << 10;

/// A list being read.
pub(in crate::source) struct List<'a> {
    /// Its name in messages.
    pub(super) name: &'a str,
    origin: Origin,
    pub(super) lists: &'a ListSpec,
    pub(super) cancelled: &'a dyn Fn() -> bool,
    /// Whether another program is writing it.
    pub(super) is_live: bool,
    pub(super) give: Give<'a>,
    /// Its encoding, once it is known to be another than UTF-8.
    pub(super) recoded: Recoded,
}

/// A line or a row, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Position {
    pub(super) unit: &'static str,
    pub(super) number: u64,
}

impl Position {
    pub(super) const fn line(number: u64) -> Self {
        Self { unit: "line", number }
    }

    pub(super) const fn row(number: u64) -> Self {
        Self { unit: "row", number }
    }

    /// What is wrong with this line of a list: a sentence that begins with the line.
    fn of(self, list: &str, why: Message) -> Message {
        self.placed([Message::new("in_line"), Message::new("in_row")], list, why)
    }

    /// What is wrong with the link in this line of a list.
    fn with_link(self, list: &str, why: Message) -> Message {
        self.placed([Message::new("link_in_line"), Message::new("link_in_row")], list, why)
    }

    fn placed(self, [line, row]: [Message; 2], list: &str, why: Message) -> Message {
        let placed = if self == Self::row(self.number) { row } else { line };
        placed.with("number", self.number).with("list", list).with_message("why", why)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.unit, self.number)
    }
}

impl<'a> List<'a> {
    pub(super) fn new(name: &'a str, origin: Origin, reading: &'a Reading<'a>, give: Give<'a>) -> Self {
        let &Reading { lists, cancelled, is_live, .. } = reading;
        Self { name, origin, lists, cancelled, is_live, give, recoded: Recoded::default() }
    }

    /// Gives an item for each link in a cell.
    pub(super) fn cell(&mut self, position: Position, text: &str, columns: &Columns) -> ControlFlow<()> {
        let links = cells::links_of(text);
        self.links(position, links.iter().map(AsRef::as_ref), columns)
    }

    /// Gives an item for each of a row's links.
    pub(super) fn links<'l>(
        &mut self,
        position: Position,
        links: impl Iterator<Item = &'l str>,
        columns: &Columns,
    ) -> ControlFlow<()> {
        for link in links {
            self.link(position, link, columns.clone())?;
        }
        ControlFlow::Continue(())
    }

    /// Gives the item of a row whose columns are all kept.
    pub(super) fn row(&mut self, position: Position, columns: Columns) -> ControlFlow<()> {
        let first = columns.names().next().unwrap_or_default();
        let about = format!("{first}={}", columns.text(first).unwrap_or_default());
        let item = NewItem { columns, ..NewItem::new(Locator::row(position.number, &about)) };
        (self.give)(Found::Item(item))
    }

    /// The same for a row without columns.
    pub(super) fn value(&mut self, position: Position, value: Value) -> ControlFlow<()> {
        let mut columns = Columns::default();
        columns.put(columns::VALUE, value);
        self.row(position, columns)
    }

    /// Gives the item of a link in a line.
    pub(super) fn link(&mut self, position: Position, text: &str, columns: Columns) -> ControlFlow<()> {
        let text = text.trim();
        if text.is_empty() {
            return self.no_link(position, "", "line_no_link");
        }
        if text.len() > MAX_LINK_BYTES {
            return self.no_link(position, text, Message::new("line_long_link").with("most", MAX_LINK_BYTES >> 10));
        }
        if text.contains(char::REPLACEMENT_CHARACTER)
            && let Some((encoding, _)) = self.recoded.get()
        {
            return self.no_link(position, text, Message::new("line_not_encoded").with("encoding", encoding.name()));
        }
        let mut item = link(text, &|why| position.with_link(self.name, why));
        item.origin = self.origin;
        item.dir = columns.given_name().map(|(folder, _)| folder).unwrap_or_default();
        item.columns = columns;
        (self.give)(Found::Item(item))
    }

    /// Gives the failed item of a line without a link: `what` continues the sentence that begins with the line.
    pub(super) fn no_link(&mut self, position: Position, shown: &str, what: impl Into<Message>) -> ControlFlow<()> {
        let shown = if shown.is_empty() { position.to_string() } else { shown.to_owned() };
        let mut item = no_link(&shown, &position.of(self.name, what.into()));
        item.origin = self.origin;
        (self.give)(Found::Item(item))
    }

    /// The same for a line that is too long.
    pub(super) fn too_long(&mut self, position: Position, shown: &str) -> ControlFlow<()> {
        self.no_link(position, shown, Message::new("line_long").with("most", MAX_RECORD_BYTES >> 10))
    }

    /// Reports why the list, or the rest of it, can't be read.
    pub(super) fn unreadable(&mut self, why: Message) -> ControlFlow<()> {
        (self.give)(Found::Failed(JobError::Machine(why.with("list", self.name))))
    }

    /// The same for a failed read, unless it failed because it was cancelled.
    pub(super) fn read_failed(&mut self, error: &io::Error) -> ControlFlow<()> {
        if (self.cancelled)() {
            return ControlFlow::Break(());
        }
        (self.give)(Found::Failed(unreadable(self.name, error)))
    }
}

/// An item for a link. If it is not valid, `placed` adds where the link is to the reason.
pub(in crate::source) fn link(text: &str, placed: &dyn Fn(Message) -> Message) -> NewItem {
    let text = text.trim();
    match is_link(text) {
        Ok(()) => NewItem::new(Locator::Url(text.to_owned())),
        Err(why) => no_link(text, &placed(why)),
    }
}

/// Where the next link in a text begins; it follows white space.
fn next_link(text: &str) -> Option<usize> {
    let spaces = text.char_indices().filter(|(_, c)| c.is_whitespace());
    spaces.map(|(at, c)| at + c.len_utf8()).find(|at| text.get(*at..).is_some_and(Locator::is_url))
}

fn is_link(text: &str) -> Result<(), Message> {
    if !Locator::is_url(text) {
        return Err(Message::new("url_begins"));
    }
    if Locator::names_no_host(text) {
        return Err(Message::new("url_names_no_host"));
    }
    if text.contains(|c: char| c.is_control() && !matches!(c, '\t' | '\r' | '\n')) {
        return Err(Message::new("url_control_character"));
    }
    if next_link(text).is_some() {
        return Err(Message::new("url_two"));
    }
    Url::parse(text).map(|_| ()).map_err(|error| Message::new("system_text").with("text", error))
}

fn no_link(text: &str, why: &Message) -> NewItem {
    // Before it is shortened: what precedes an `@` may be a password.
    let bare: String = text.split_inclusive(char::is_whitespace).map(locator::without_user_info).collect();
    let shown: String = bare.chars().filter(|c| !c.is_control()).take(MAX_CHARS_SHOWN).collect();
    let error = ItemError::new(ErrorKind::BadUrl, &shown).saying(why);
    NewItem { error: Some(error), ..NewItem::new(Locator::Url(shown)) }
}
