//! Lists of links, in several formats, each also compressed with gzip.
//!
//! A list is read as a stream and may have any length; a line, row or record never takes more memory than
//! [`MAX_RECORD_BYTES`]. A format that can only be read from a file is first copied to a temporary file if it comes as a
//! stream. What is wrong with a line becomes the failure of its item, with the line's number; the rest is still read.

mod cells;
pub(super) mod columns;
mod decode;
mod delimited;
mod format;
mod formats;
mod gzip;
mod json;
mod json_lines;
mod list_reader;
mod nested;
mod parquet;
#[cfg(test)]
mod tests;
mod text;
#[cfg(test)]
mod toy;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::ops::ControlFlow;
use std::path::Path;

use super::kind::{Found, Give, Reading};
use crate::error::JobError;
use crate::model::{ListSpec, Locator, Message, Origin, Remark, text_encoding};
use crate::store::{self, EntryKind, StoredFile};
use columns::HeaderCheck;
use decode::{Decoded, Recoded};
use format::{Layout, ListFormat, Stream};
use gzip::Members;
use list_reader::List;

pub(super) use cells::links_of;
pub use columns::{Header, VALUE};
pub use formats::help as formats_help;
pub(super) use list_reader::link;

/// Largest size of a record (a line or a row) in bytes.
const MAX_RECORD_BYTES: usize = 4 << 20;
/// Bytes that are read from the list at once.
const BUFFER_BYTES: usize = 256 << 10;
/// Lines that show a list's format and its column of links.
const SAMPLE_LINES: usize = 100;
/// Bytes that show whether a list is UTF-16.
const HEAD_BYTES: usize = 256;
/// Largest stream that is copied to a temporary file, in bytes.
const MAX_COPIED_BYTES: u64 = 16 << 30;

/// Whether a file's extension is that of a list of links.
pub fn is_list_name(path: &Path) -> bool {
    formats::is_list_name(&path.to_string_lossy())
}

/// The columns of a list in a file, and the requested one that is missing. `None` if the file can't be read, which is
/// reported when the list is read.
pub(super) fn columns(path: &Path, lists: &ListSpec) -> Option<(Header, Option<(String, Message)>)> {
    let HeaderCheck { header, missing } = check_header(path, lists)?;
    let name_list = |(column, message): (String, Message)| (column, message.with("list", path.display()));
    Some((header, missing.map(name_list)))
}

fn check_header(path: &Path, lists: &ListSpec) -> Option<HeaderCheck> {
    let file = open_path(path).ok()?;
    // Anything but a regular file can be read only once.
    if file.head().ok()?.kind != EntryKind::File {
        return None;
    }
    let reading = Reading { lists, ..Reading::default() };
    let format = formats::by_name(&path.to_string_lossy());
    let opened = match file.into_file() {
        Ok(mut file) => match formats::by_magic_of(&mut file).ok()? {
            Some(format) => Ok(Opened::File(format, file)),
            None => open(BufReader::with_capacity(BUFFER_BYTES, file), format, &reading),
        },
        Err(file) => open(BufReader::with_capacity(BUFFER_BYTES, file), format, &reading),
    };
    match opened.ok()? {
        Opened::Stream(format, stream, _) => match format.layout {
            Layout::Stream { header, .. } => header(stream, lists),
            Layout::WholeFile { .. } => None,
        },
        Opened::File(format, file) => match format.layout {
            Layout::WholeFile { header, .. } => header(file, lists),
            Layout::Stream { .. } => None,
        },
        Opened::Refused(_) | Opened::Cancelled => None,
    }
}

/// Gives the links of a list in a file.
pub(super) fn read_path(path: &Path, reading: &Reading<'_>, give: Give<'_>) -> ControlFlow<()> {
    let name = path.display().to_string();
    match open_path(path).map(StoredFile::into_file) {
        Ok(Ok(file)) => read_file(file, &name, &name, Origin::User, reading, give),
        Ok(Err(file)) => {
            let reader = BufReader::with_capacity(BUFFER_BYTES, file);
            let reading = Reading { is_live: true, ..*reading };
            read_stream(reader, &name, formats::by_name(&name), Origin::User, &reading, give)
        }
        Err(error) => give(Found::Failed(unreadable(&name, &error))),
    }
}

fn open_path(path: &Path) -> io::Result<Box<dyn StoredFile>> {
    store::of_path(path).open(&Locator::File(path.to_path_buf()))
}

/// Gives the links of a list in an open file. `name` is its name in messages; `path` is the name that may say its format.
pub(super) fn read_file(
    mut file: File,
    name: &str,
    path: &str,
    origin: Origin,
    reading: &Reading<'_>,
    give: Give<'_>,
) -> ControlFlow<()> {
    match formats::by_magic_of(&mut file) {
        Ok(Some(ListFormat { layout: Layout::WholeFile { read, .. }, .. })) => {
            read(&mut List::new(name, origin, reading, give), file)
        }
        Ok(_) => {
            let reader = BufReader::with_capacity(BUFFER_BYTES, file);
            read_stream(reader, name, formats::by_name(path), origin, reading, give)
        }
        Err(error) => give(Found::Failed(unreadable(name, &error))),
    }
}

/// Gives the links of a list that comes as a stream; without a known format, its contents decide.
pub(super) fn read_stream(
    reader: impl BufRead,
    name: &str,
    format: Option<&'static ListFormat>,
    origin: Origin,
    reading: &Reading<'_>,
    give: Give<'_>,
) -> ControlFlow<()> {
    finish(List::new(name, origin, reading, give), |list| match open(reader, format, reading) {
        Ok(Opened::Stream(format, stream, recoded)) => match format.layout {
            Layout::Stream { read, .. } => {
                list.recoded = recoded;
                read(list, stream)
            }
            Layout::WholeFile { .. } => ControlFlow::Continue(()),
        },
        Ok(Opened::File(format, file)) => match format.layout {
            Layout::WholeFile { read, .. } => read(list, file),
            Layout::Stream { .. } => ControlFlow::Continue(()),
        },
        Ok(Opened::Refused(why)) => list.unreadable(why),
        Ok(Opened::Cancelled) => ControlFlow::Break(()),
        Err(error) => list.read_failed(&error),
    })
}

/// Reads a list to its end, and mentions its encoding.
fn finish(mut list: List<'_>, read: impl FnOnce(&mut List<'_>) -> ControlFlow<()>) -> ControlFlow<()> {
    read(&mut list)?;
    match list.recoded.get() {
        Some((encoding, true)) => {
            let remark = Remark::ListEncoding { list: list.name.to_owned(), encoding: encoding.name().to_owned() };
            (list.give)(Found::Remark(remark))
        }
        _ => ControlFlow::Continue(()),
    }
}

/// A list whose format is known.
enum Opened<'a> {
    /// A list that is read as a stream.
    Stream(&'static ListFormat, Stream<'a>, Recoded),
    /// A list that is read from a file, to which the stream was copied.
    File(&'static ListFormat, File),
    /// This is not a list that can be read; the message says why.
    Refused(Message),
    Cancelled,
}

fn open<'a>(
    reader: impl BufRead + 'a,
    format: Option<&'static ListFormat>,
    reading: &Reading<'_>,
) -> io::Result<Opened<'a>> {
    let (head, reader) = peek(reader, 4)?;
    let reader: Box<dyn BufRead> = if head.starts_with(b"\x1f\x8b") {
        Box::new(BufReader::with_capacity(BUFFER_BYTES, Members::new(reader)))
    } else {
        Box::new(reader)
    };
    let (_, mut reader) = peek_line(reader)?;
    let head = reader.fill_buf()?;
    if let Some(format) = formats::by_magic(head) {
        let file = copy_to_file(&mut reader, reading.cancelled)?;
        return Ok(file.map_or(Opened::Cancelled, |file| Opened::File(format, file)));
    }
    if let Some(why) = formats::refusal(head) {
        return Ok(Opened::Refused(why));
    }
    let named = match &reading.lists.encoding {
        Some(name) => match text_encoding::encoding_named(name) {
            Some(encoding) => Some(encoding),
            None => return Ok(Opened::Refused(Message::new("list_encoding").with("encoding", name))),
        },
        None => None,
    };
    let head = head.get(..head.len().min(HEAD_BYTES)).unwrap_or_default().to_vec();
    if head.starts_with(b"\xef\xbb\xbf") {
        reader.consume(3);
    }
    let (reader, recoded) = Decoded::new(reader, &head, named, reading.is_live);
    let (sample, reader) = peek_lines(reader, reading);
    if let Some(why) = formats::refusal_of_text(&sample) {
        return Ok(Opened::Refused(why));
    }
    let format = format.unwrap_or_else(|| formats::by_lines(&sample, reading.lists));
    Ok(Opened::Stream(format, Stream { reader: Box::new(reader), sample }, recoded))
}

/// Copies a stream to a temporary file without a name; `None` if it was cancelled.
fn copy_to_file(reader: &mut dyn BufRead, cancelled: &dyn Fn() -> bool) -> io::Result<Option<File>> {
    let mut file = store::nameless_file()?;
    let mut bytes: u64 = 0;
    loop {
        if cancelled() {
            return Ok(None);
        }
        let got = io::copy(&mut (&mut *reader).take(BUFFER_BYTES as u64), &mut file)?;
        bytes += got;
        if bytes > MAX_COPIED_BYTES {
            let gib = MAX_COPIED_BYTES >> 30;
            return Err(io::Error::other(format!(
                "more than {gib} GiB of this format can be read only from a regular file"
            )));
        }
        if got == 0 {
            file.rewind()?;
            return Ok(Some(file));
        }
    }
}

/// The first bytes, at most `count`, and a reader that gives them again.
fn peek(mut reader: impl BufRead, count: u64) -> io::Result<(Vec<u8>, impl BufRead)> {
    let mut head = Vec::new();
    reader.by_ref().take(count).read_to_end(&mut head)?;
    Ok((head.clone(), io::Cursor::new(head).chain(reader)))
}

/// The beginning of the first line, and a reader that gives it again.
fn peek_line(mut reader: impl BufRead) -> io::Result<(Vec<u8>, impl BufRead)> {
    let mut line = Vec::new();
    reader.by_ref().take(BUFFER_BYTES as u64).read_until(b'\n', &mut line)?;
    Ok((line.clone(), io::Cursor::new(line).chain(reader)))
}

/// The first lines, and a reader that gives them again. Of a list that another program is writing, these are a first line
/// that is a link, or two lines.
fn peek_lines<R: BufRead>(mut reader: R, reading: &Reading<'_>) -> (Vec<u8>, impl BufRead + use<R>) {
    let mut sample = Vec::new();
    let most = if reading.is_live { 2 } else { SAMPLE_LINES };
    for lines in 0..most {
        if sample.len() >= BUFFER_BYTES || (reading.cancelled)() {
            break;
        }
        if reading.is_live && lines > 0 && stands_alone(first_line(&sample)) {
            break;
        }
        let left = (BUFFER_BYTES - sample.len()) as u64;
        match reader.by_ref().take(left).read_until(b'\n', &mut sample) {
            Ok(0) => break,
            Ok(_) => {}
            // What was read is given first.
            Err(error) => {
                let reader = Failing { error: Some(error), reader };
                return (sample.clone(), io::Cursor::new(sample).chain(reader));
            }
        }
    }
    (sample.clone(), io::Cursor::new(sample).chain(Failing { error: None, reader }))
}

/// A reader that fails first, if there is an error.
struct Failing<R> {
    error: Option<io::Error>,
    reader: R,
}

impl<R: BufRead> Read for Failing<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.error.take() {
            Some(error) => Err(error),
            None => self.reader.read(into),
        }
    }
}

impl<R: BufRead> BufRead for Failing<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self.error.take() {
            Some(error) => Err(error),
            None => self.reader.fill_buf(),
        }
    }

    fn consume(&mut self, count: usize) {
        self.reader.consume(count);
    }
}

/// Whether a line says enough by itself: it is a link or a JSON object.
fn stands_alone(line: &[u8]) -> bool {
    matches!(line, [b'{', .., b'}']) || std::str::from_utf8(line).is_ok_and(Locator::is_url)
}

/// The first line of a sample, without white space around it.
fn first_line(sample: &[u8]) -> &[u8] {
    sample.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty()).unwrap_or_default().trim_ascii()
}

/// Skips the rest of a line and returns the number of bytes skipped; `None` if it was cancelled.
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

/// The next line without its end, up to [`MAX_RECORD_BYTES`].
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

fn unreadable(name: &str, error: &io::Error) -> JobError {
    let sentence = match error.kind() {
        io::ErrorKind::NotFound => Message::new("list_missing"),
        io::ErrorKind::PermissionDenied => Message::new("list_denied"),
        io::ErrorKind::UnexpectedEof => Message::new("list_short"),
        _ => Message::new("list_unread").with_message("detail", error),
    };
    JobError::Machine(sentence.with("list", name))
}
