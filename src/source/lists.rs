//! Lists of links: text, one link a line, `#` starts a comment. Read as a stream, so that a list may have any length.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::path::Path;

use url::Url;

use super::Found;
use crate::error::{ErrorKind, ItemError};
use crate::model::{Locator, NewItem};

/// Longest line that can be a link, in bytes.
const MAX_LINE_BYTES: usize = 64 << 10;
/// Characters of a line that is no link which are kept to know it by.
const SHOWN_CHARS: usize = 200;
/// Bytes read from the list at once.
const BUFFER_BYTES: usize = 256 << 10;

/// Gives the links of a list in a file.
pub(super) fn read_file(
    path: &Path,
    cancelled: &dyn Fn() -> bool,
    give: &mut dyn FnMut(Found) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let name = path.display().to_string();
    match File::open(path) {
        Ok(file) => read_lines(BufReader::with_capacity(BUFFER_BYTES, file), &name, cancelled, give),
        Err(error) => give(Found::Trouble(trouble(&name, &error))),
    }
}

/// Gives the links of a list; `name` is what its troubles call it.
pub(super) fn read_lines(
    mut reader: impl BufRead,
    name: &str,
    cancelled: &dyn Fn() -> bool,
    give: &mut dyn FnMut(Found) -> ControlFlow<()>,
) -> ControlFlow<()> {
    match reader.fill_buf().map(refusal) {
        Ok(None) => {}
        Ok(Some(what)) => {
            let sentence = format!("Couldn't read the list {name}: it is {what}, not plain text with one link a line.");
            return give(Found::Trouble(sentence));
        }
        Err(error) => return give(Found::Trouble(trouble(name, &error))),
    }
    let mut line = Vec::new();
    let mut number: u64 = 0;
    loop {
        if cancelled() {
            return ControlFlow::Break(());
        }
        number += 1;
        let is_whole = match next_line(&mut reader, &mut line) {
            Ok(Some(is_whole)) => is_whole,
            Ok(None) => return ControlFlow::Continue(()),
            Err(error) => return give(Found::Trouble(trouble(name, &error))),
        };
        let bytes = if number == 1 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line) } else { &line };
        let place = || format!("line {number} of {name}");
        if !is_whole {
            let detail = format!("{} is longer than {} KiB", place(), MAX_LINE_BYTES >> 10);
            give(Found::Item(no_link(&String::from_utf8_lossy(bytes), &detail)))?;
            continue;
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            // Guessing at its encoding would fetch something else.
            if !bytes.trim_ascii_start().starts_with(b"#") {
                let detail = format!("{} is not UTF-8", place());
                give(Found::Item(no_link(&String::from_utf8_lossy(bytes), &detail)))?;
            }
            continue;
        };
        let text = without_comment(text);
        if !text.is_empty() {
            give(Found::Item(link(text, &place())))?;
        }
    }
}

/// An item for a link; `place` (may be empty) says where it stands, should it be none.
pub(super) fn link(text: &str, place: &str) -> NewItem {
    let text = text.trim();
    let detail = match is_link(text) {
        Ok(()) => {
            return NewItem::new(Locator::Url(text.to_owned()));
        }
        Err(detail) => detail,
    };
    match place {
        "" => no_link(text, &detail),
        place => no_link(text, &format!("{place}: {detail}")),
    }
}

fn is_link(text: &str) -> Result<(), String> {
    if !Locator::is_url(text) {
        return Err("a link begins with http:// or https://".to_owned());
    }
    Url::parse(text).map(|_| ()).map_err(|error| error.to_string())
}

fn no_link(text: &str, detail: &str) -> NewItem {
    let shown: String = text.chars().filter(|c| !c.is_control()).take(SHOWN_CHARS).collect();
    // What stands before an `@` may be a password.
    let name = match shown.rsplit_once('@') {
        Some((_, rest)) if Locator::is_url(&shown) => format!("…@{rest}"),
        _ => shown.clone(),
    };
    let error = ItemError::new(ErrorKind::BadUrl, name).with("detail", detail);
    NewItem { error: Some(error), ..NewItem::new(Locator::Url(shown)) }
}

/// The next line without its end; `false` if it was too long and is cut, `None` at the end.
fn next_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
    line.clear();
    if reader.by_ref().take(MAX_LINE_BYTES as u64 + 1).read_until(b'\n', line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') || line.len() <= MAX_LINE_BYTES {
        return Ok(Some(true));
    }
    reader.skip_until(b'\n')?;
    Ok(Some(false))
}

/// The line without white space around it and without a comment; a `#` within a link is its fragment.
fn without_comment(line: &str) -> &str {
    let line = line.trim();
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

/// What a list's first bytes say that it is, if not plain text.
fn refusal(head: &[u8]) -> Option<&'static str> {
    match head {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16 (save it as UTF-8)"),
        [0x1f, 0x8b, ..] => Some("compressed"),
        [b'P', b'A', b'R', b'1', ..] => Some("a Parquet file"),
        [b'P', b'K', 3, 4, ..] => Some("a ZIP archive or a spreadsheet"),
        head if head.iter().take(1024).any(|byte| *byte == 0) => Some("binary"),
        _ => None,
    }
}

fn trouble(name: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => format!("Couldn't read the list {name}: there is no such file."),
        io::ErrorKind::PermissionDenied => format!("Couldn't read the list {name}: permission denied."),
        _ => format!("Couldn't read the list {name} ({error})."),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        let flow = read_lines(text, "list", &|| false, &mut |thing| {
            found.push(match thing {
                Found::Item(NewItem { error: Some(error), .. }) => error.to_string(),
                Found::Item(item) => item.locator.to_text(),
                Found::Trouble(sentence) => sentence,
                Found::Remark(remark) => remark.to_string(),
            });
            ControlFlow::Continue(())
        });
        assert!(flow.is_continue());
        found
    }

    #[test]
    fn a_list_has_one_link_a_line_and_comments() {
        let text = b"\xef\xbb\xbf# mine\r\n\r\nhttps://h.example/a.jpg\r\n  HTTP://h.example/b.jpg#x \t# why\n\n\
            https://h.example/c d.jpg\nhttps://h.example/last";
        let wanted = [
            "https://h.example/a.jpg",
            "HTTP://h.example/b.jpg#x",
            "https://h.example/c d.jpg",
            "https://h.example/last",
        ];
        assert_eq!(lines(text), wanted);
    }

    #[test]
    fn a_line_that_is_no_link_is_named() {
        let found = lines(b"h.example/a.jpg\nhttps://\nftp://h/x\nhttp://me:secret@h:99999/\n# \xc7\nhttp://h/\xc7\n");
        assert_eq!(found.len(), 5);
        assert!(found[0].contains("h.example/a.jpg") && found[0].contains("line 1 of list"), "{}", found[0]);
        assert!(found[1].contains("line 2 of list"), "{}", found[1]);
        assert!(found[3].contains("line 4") && !found[3].contains("secret"), "{}", found[3]);
        assert!(found[4].contains("line 6 of list is not UTF-8"), "{}", found[4]);
    }

    #[test]
    fn a_line_above_the_limit_is_named_and_the_next_one_is_read() {
        let longest = format!("http://h/{}", "x".repeat(MAX_LINE_BYTES - 9));
        let text = format!("{longest}\n{longest}y\n{}\nhttp://h/a", "z".repeat(3 * MAX_LINE_BYTES));
        let found = lines(text.as_bytes());
        assert_eq!((found.len(), &found[0], found[3].as_str()), (4, &longest, "http://h/a"));
        assert!(found[1].contains("line 2 of list is longer than 64 KiB") && found[1].len() < 500);
        assert!(found[2].contains("line 3 of list is longer"));
    }

    #[test]
    fn what_is_no_text_is_refused_as_a_whole() {
        for bytes in [b"\xff\xfeh\0t\0".as_slice(), b"\x1f\x8b\x08", b"PAR1....", b"PK\x03\x04", b"ab\0c"] {
            let found = lines(bytes);
            assert!(found.len() == 1 && found[0].starts_with("Couldn't read the list list: it is"), "{found:?}");
        }
        assert!(lines(b"").is_empty());
    }

    #[test]
    fn a_list_that_is_missing_is_a_trouble_and_an_endless_one_can_be_cancelled() {
        let mut found = Vec::new();
        let _ = read_file(Path::new("/nonexistent/list.txt"), &|| false, &mut |thing| {
            found.push(thing);
            ControlFlow::Continue(())
        });
        assert!(matches!(found.as_slice(), [Found::Trouble(sentence)] if sentence.contains("no such file")));
        let count = std::cell::Cell::new(0_u64);
        let endless = BufReader::new(io::repeat(b'\n'));
        let looks = || count.replace(count.get() + 1) > 1000;
        let flow = read_lines(endless, "list", &looks, &mut |_| ControlFlow::Continue(()));
        assert!(flow.is_break());
    }

    #[test]
    fn a_single_link_needs_no_place() {
        assert_eq!(link(" http://h/a ", "").locator, Locator::Url("http://h/a".to_owned()));
        let error = link("nonsense", "").error.unwrap();
        assert_eq!(error.arg("detail"), "a link begins with http:// or https://");
    }
}
