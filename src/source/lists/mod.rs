//! Lists of links: text with one link a line, CSV and TSV, JSON lines, Parquet; each also packed with gzip.
//!
//! A list is read as a stream, so that it may have any length; one line, row or record of it never takes more memory
//! than [`MAX_RECORD_BYTES`]. Parquet is read from its end: what comes as a stream is laid down in a nameless file first. What is wrong with a line is that line's failure, with its number; the list goes on.

mod delimited;
mod format;
mod header;
mod json_lines;
mod list_reader;
mod parquet;
mod seen_links;
#[cfg(test)]
mod tests;
mod text;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::ops::ControlFlow;
use std::path::Path;

use super::{Found, Reading};
use crate::error::JobError;
use crate::model::{Message, Origin, Remark};
use format::ListFormat;
use list_reader::List;

pub use header::{Header, columns, header};
pub(super) use list_reader::link;

/// Bytes that a record (a line, a row) may have.
const MAX_RECORD_BYTES: usize = 256 << 10;
/// Bytes read from the list at once.
const BUFFER_BYTES: usize = 256 << 10;
/// Bytes of Parquet that are laid down when they come as a stream.
const MAX_SPOOLED_BYTES: u64 = 16 << 30;

/// Whether a name is that of a list of links, by its extension.
pub fn is_list_name(path: &Path) -> bool {
    let name = path.to_string_lossy().to_ascii_lowercase();
    ListFormat::of_name(&name).is_some() || [".parquet", ".parquet.gz"].iter().any(|end| name.ends_with(end))
}

/// What a list's items are given to.
type Give<'a> = &'a mut dyn FnMut(Found) -> ControlFlow<()>;

/// Gives the links of a list in a file.
pub(super) fn read_path(path: &Path, reading: &Reading<'_>, give: Give<'_>) -> ControlFlow<()> {
    let name = path.display().to_string();
    match File::open(path) {
        Ok(file) => read_file(file, &name, &name, Origin::User, reading, give),
        Err(error) => give(Found::Failed(trouble(&name, &error))),
    }
}

/// Gives the links of a list in an open file. `name` is what its troubles call it; `path` is what its name tells the
/// form by.
pub(super) fn read_file(
    mut file: File,
    name: &str,
    path: &str,
    origin: Origin,
    reading: &Reading<'_>,
    give: Give<'_>,
) -> ControlFlow<()> {
    match format::is_parquet(&mut file) {
        Ok(true) => finish(List::new(name, origin, reading, give), |list| parquet::read(list, file)),
        Ok(false) => {
            let reader = BufReader::with_capacity(BUFFER_BYTES, file);
            read_stream(reader, name, ListFormat::of_name(path), origin, reading, give)
        }
        Err(error) => give(Found::Failed(trouble(name, &error))),
    }
}

/// Gives the links of a list that comes as a stream; without a form, its first line tells it.
pub(super) fn read_stream(
    reader: impl BufRead,
    name: &str,
    form: Option<ListFormat>,
    origin: Origin,
    reading: &Reading<'_>,
    give: Give<'_>,
) -> ControlFlow<()> {
    finish(List::new(name, origin, reading, give), |list| match open(reader, form, reading) {
        Ok(Opened::Stream(form, reader)) => match form {
            ListFormat::Text => text::read(list, reader),
            ListFormat::Delimited(delimiter) => delimited::read(list, reader, delimiter),
            ListFormat::JsonLines => json_lines::read(list, reader),
        },
        Ok(Opened::Parquet(file)) => parquet::read(list, file),
        Ok(Opened::Other(what)) => list.trouble(what),
        Ok(Opened::Cancelled) => ControlFlow::Break(()),
        Err(error) => list.broken(&error),
    })
}

/// Reads a list to its end, and tells what was left out.
fn finish(mut list: List<'_>, read: impl FnOnce(&mut List<'_>) -> ControlFlow<()>) -> ControlFlow<()> {
    read(&mut list)?;
    if list.duplicates == 0 && !list.forgot {
        return ControlFlow::Continue(());
    }
    let remark =
        Remark::RepeatedLinks { count: list.duplicates, list: list.name.to_owned(), only_so_many: list.forgot_after() };
    (list.give)(Found::Remark(remark))
}

/// What a stream of bytes turned out to be.
enum Opened<'a> {
    /// A list of this form: its bytes, unpacked and without a mark of their order.
    Stream(ListFormat, Box<dyn BufRead + 'a>),
    /// A Parquet file, laid down.
    Parquet(File),
    /// No list; what it is instead.
    Other(Message),
    Cancelled,
}

fn open<'a>(reader: impl BufRead + 'a, form: Option<ListFormat>, reading: &Reading<'_>) -> io::Result<Opened<'a>> {
    let (head, reader) = peek(reader, 4)?;
    let reader: Box<dyn BufRead> = if head.starts_with(b"\x1f\x8b") {
        Box::new(BufReader::with_capacity(BUFFER_BYTES, flate2::bufread::MultiGzDecoder::new(reader)))
    } else {
        Box::new(reader)
    };
    let (_, mut reader) = first_line(reader)?;
    let head = reader.fill_buf()?;
    if head.starts_with(format::PARQUET) {
        return Ok(spool(&mut reader, reading.cancelled)?.map_or(Opened::Cancelled, Opened::Parquet));
    }
    if let Some(what) = format::refusal(head) {
        return Ok(Opened::Other(what));
    }
    if head.starts_with(b"\xef\xbb\xbf") {
        reader.consume(3);
    }
    let (line, reader) = first_line(reader)?;
    let form = form.unwrap_or_else(|| ListFormat::of_line(&line, reading.lists));
    let form = if let ListFormat::Delimited(None) = form {
        ListFormat::Delimited(Some(format::delimiter(&line)))
    } else {
        form
    };
    Ok(Opened::Stream(form, Box::new(reader)))
}

/// Lays a stream down in a file without a name; `None` when it was cancelled.
fn spool(reader: &mut dyn BufRead, cancelled: &dyn Fn() -> bool) -> io::Result<Option<File>> {
    let mut file = tempfile::tempfile()?;
    let mut bytes: u64 = 0;
    loop {
        if cancelled() {
            return Ok(None);
        }
        let got = io::copy(&mut (&mut *reader).take(BUFFER_BYTES as u64), &mut file)?;
        bytes += got;
        if bytes > MAX_SPOOLED_BYTES {
            let gib = MAX_SPOOLED_BYTES >> 30;
            return Err(io::Error::other(format!("Parquet of more than {gib} GiB is read only from a plain file")));
        }
        if got == 0 {
            file.rewind()?;
            return Ok(Some(file));
        }
    }
}

/// The first bytes, at most `count`, and the reader as if they had not been read.
fn peek(mut reader: impl BufRead, count: u64) -> io::Result<(Vec<u8>, impl BufRead)> {
    let mut head = Vec::new();
    reader.by_ref().take(count).read_to_end(&mut head)?;
    Ok((head.clone(), io::Cursor::new(head).chain(reader)))
}

/// The first line as far as it says what the list is, and the reader as if it had not been read.
fn first_line(mut reader: impl BufRead) -> io::Result<(Vec<u8>, impl BufRead)> {
    let mut line = Vec::new();
    reader.by_ref().take(BUFFER_BYTES as u64).read_until(b'\n', &mut line)?;
    Ok((line.clone(), io::Cursor::new(line).chain(reader)))
}

/// Steps over the rest of a line, however long it is; gives the bytes stepped over, `None` when it was cancelled.
fn skip_line(reader: &mut dyn BufRead, cancelled: &dyn Fn() -> bool) -> io::Result<Option<u64>> {
    let mut skipped = 0;
    loop {
        if cancelled() {
            return Ok(None);
        }
        let buffer = match reader.fill_buf() {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let (count, is_end) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        reader.consume(count);
        skipped += count as u64;
        if is_end {
            return Ok(Some(skipped));
        }
    }
}

/// The next line without its end, but at most [`MAX_RECORD_BYTES`] of it.
enum Line {
    Whole,
    TooLong,
    End,
    Cancelled,
}

fn next_line(reader: &mut dyn BufRead, line: &mut Vec<u8>, cancelled: &dyn Fn() -> bool) -> io::Result<Line> {
    line.clear();
    if cancelled() {
        return Ok(Line::Cancelled);
    }
    if (&mut *reader).take(MAX_RECORD_BYTES as u64 + 1).read_until(b'\n', line)? == 0 {
        return Ok(Line::End);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
        return Ok(Line::Whole);
    }
    if line.len() <= MAX_RECORD_BYTES {
        return Ok(Line::Whole);
    }
    Ok(if skip_line(reader, cancelled)?.is_some() { Line::TooLong } else { Line::Cancelled })
}

fn trouble(name: &str, error: &io::Error) -> JobError {
    let sentence = match error.kind() {
        io::ErrorKind::NotFound => {
            Message::new("list_missing", "Couldn't read the list {list}: there is no such file.")
        }
        io::ErrorKind::PermissionDenied => {
            Message::new("list_denied", "Couldn't read the list {list}: permission denied.")
        }
        io::ErrorKind::UnexpectedEof => {
            Message::new("list_short", "Couldn't read the list {list} to its end: its compressed data ends early.")
        }
        _ => Message::new("list_unread", "Couldn't read the list {list} ({detail}).").with("detail", error),
    };
    JobError::Machine(sentence.with("list", name))
}
