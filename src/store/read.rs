//! Whole files and their first bytes. A file that changes while it is read is read once more, then refused.

use std::io::{self, Read};
use std::path::Path;
use std::time::SystemTime;

use super::hash::sha256_of_rest;
use super::{EntryKind, Head, StoredFile, of, of_path};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Locator, Message};

/// How often a file is read before it is given up as one that keeps changing.
pub(super) const ATTEMPTS: u32 = 2;

/// All bytes of a regular file of at most `max_bytes`.
///
/// Fails with `InputChanged` if the file changes during two attempts, `TooLarge` above the limit, and `NotAPicture` for
/// anything but a regular file, which is never opened: a pipe could block forever.
pub fn read(locator: &Locator, max_bytes: u64) -> Result<Vec<u8>, ItemError> {
    for _ in 0..ATTEMPTS {
        let (before, mut file) = open_regular(locator)?;
        if before.size_bytes > max_bytes {
            let why = Message::new("file_bytes").with("size", before.size_bytes).with("most", max_bytes);
            return Err(ItemError::new(ErrorKind::TooLarge, locator).saying(&why));
        }
        let mut bytes = Vec::new();
        let read = bytes
            .try_reserve_exact(usize::try_from(before.size_bytes).unwrap_or(usize::MAX))
            .map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))
            .and_then(|()| file.as_mut().take(max_bytes.saturating_add(1)).read_to_end(&mut bytes));
        read.map_err(|error| read_error(locator, &error))?;
        if is_unchanged(&before, file.as_ref(), bytes.len() as u64) {
            return Ok(bytes);
        }
    }
    Err(ItemError::new(ErrorKind::InputChanged, locator))
}

/// What is at a path, links followed; `None` if there is nothing, or nothing that may be examined.
pub fn kind_at(path: &Path) -> Option<EntryKind> {
    of_path(path).head(&Locator::File(path.to_path_buf())).ok().map(|head| head.kind)
}

/// The size of a file in bytes; 0 if there is none.
pub fn size_at(path: &Path) -> u64 {
    let locator = Locator::File(path.to_path_buf());
    super::of_path(path).head(&locator).map_or(0, |head| head.size_bytes)
}

/// A small text file.
pub fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    of_path(path).open(&Locator::File(path.to_path_buf()))?.read_to_string(&mut text)?;
    Ok(text)
}

/// The first bytes of a regular file, at most `count`; none where they can't be read.
pub fn read_head(locator: &Locator, count: u64) -> Vec<u8> {
    let mut head = Vec::new();
    let read = open_regular(locator).ok().and_then(|(_, file)| file.take(count).read_to_end(&mut head).ok());
    if read.is_some() { head } else { Vec::new() }
}

/// SHA-256 of a regular file's bytes in lower-case hex.
pub fn sha256_of(locator: &Locator) -> Result<String, ItemError> {
    let (_, file) = open_regular(locator)?;
    sha256_of_rest(file).map_err(|error| read_error(locator, &error))
}

/// Whether a file still has this size and this SHA-256. If it was last modified before `known_at`, when it had them, it
/// is not read.
pub fn is_intact(locator: &Locator, size_bytes: u64, hash: &str, known_at: Option<SystemTime>) -> bool {
    let head = of(locator).and_then(|store| store.head(locator));
    let Ok(Head { kind: EntryKind::File, size_bytes: now_bytes, modified }) = head else { return false };
    let is_older = modified.zip(known_at).is_some_and(|(modified, known_at)| modified <= known_at);
    now_bytes == size_bytes && (is_older || sha256_of(locator).is_ok_and(|now| now == hash))
}

/// Opens a regular file, with what was known of it before.
pub(super) fn open_regular(locator: &Locator) -> Result<(Head, Box<dyn StoredFile>), ItemError> {
    let opened = of(locator).and_then(|store| {
        let head = store.head(locator)?;
        let file = (head.kind == EntryKind::File).then(|| store.open(locator)).transpose()?;
        Ok((head, file))
    });
    match opened {
        Ok((head, Some(file))) => Ok((head, file)),
        Ok((_, None)) => Err(ItemError::new(ErrorKind::NotAPicture, locator).saying(&Message::new("not_regular"))),
        Err(error) => Err(read_error(locator, &error)),
    }
}

/// Whether a file is still what it was before `count` bytes were read to its end.
pub(super) fn is_unchanged(before: &Head, file: &dyn StoredFile, count: u64) -> bool {
    count == before.size_bytes && file.head().is_ok_and(|after| after == *before)
}

/// Why a file can't be read.
pub(crate) fn read_error(locator: &Locator, error: &io::Error) -> ItemError {
    let mut error = match locator.path() {
        Some(path) => ItemError::reading(path, error),
        None => ItemError::nameless(ErrorKind::Io).saying(&error.into()),
    };
    error.args.insert("name".to_owned(), locator.to_string());
    error
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::fs;

    use super::super::unreliable::Faults;
    use super::*;

    #[test]
    fn a_file_is_read_completely_unless_it_is_too_large_or_not_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| Locator::File(dir.path().join(name));
        fs::write(dir.path().join("a"), b"abcdef").unwrap();
        assert_eq!(read(&at("a"), 6).unwrap(), b"abcdef");
        assert_eq!(read_head(&at("a"), 2), b"ab");
        assert_eq!(read(&at("a"), 5).unwrap_err().kind, ErrorKind::TooLarge);
        assert_eq!(read(&at("b"), 5).unwrap_err().kind, ErrorKind::NotFound);
        assert_eq!(read(&Locator::File(dir.path().into()), 5).unwrap_err().kind, ErrorKind::NotAPicture);
        assert!(read_head(&at("b"), 5).is_empty());
        let url = Locator::Url("https://h.example/a".to_owned());
        assert_eq!(read(&url, 5).unwrap_err().kind, ErrorKind::Io);
    }

    #[test]
    fn a_file_that_changes_while_it_is_read_is_read_again_and_then_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        for (changes, read_well) in [(1, true), (2, false)] {
            fs::write(&path, vec![b'x'; 100_000]).unwrap();
            let faults = Faults::of(dir.path());
            faults.change_while_reading(changes);
            let result = read(&Locator::File(path.clone()), u64::MAX);
            match result {
                Ok(bytes) => assert!(read_well && bytes == fs::read(&path).unwrap()),
                Err(error) => assert!(!read_well && error.kind == ErrorKind::InputChanged, "{error}"),
            }
        }
    }
}
