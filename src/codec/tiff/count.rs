//! The number of pages of a TIFF file, from its directories alone: pixels are never read.

use std::collections::HashSet;
use std::io::{self, SeekFrom};

use super::directory::{MAX_PAGES, tag, type_bytes};
use crate::codec::errors;
use crate::codec::spec::SeekRead;
use crate::error::ItemError;

/// Maximum number of fields of a directory. That of a small file is a 16-bit number.
const MAX_FIELDS: u64 = 65_535;

/// The same number as that of [`pages`](super::directory::pages).
pub(super) fn count(file: &mut dyn SeekRead) -> Result<u32, ItemError> {
    let mut chain = Chain::begin(file).map_err(|_| errors::truncated())?;
    let (mut seen, mut pages, mut extras) = (HashSet::new(), 0, 0);
    while chain.next != 0 && seen.insert(chain.next) {
        if seen.len() > MAX_PAGES {
            return Err(errors::corrupt("tiff_loop"));
        }
        match chain.directory() {
            Ok(true) => extras += 1,
            Ok(false) => pages += 1,
            // Some programs leave a random number behind the last page.
            Err(_) if pages + extras > 0 => break,
            Err(_) => return Err(errors::truncated()),
        }
        if chain.entry_bytes_read > chain.file_bytes {
            return Err(errors::corrupt("tiff_loop"));
        }
    }
    Ok(if pages > 0 { pages } else { extras })
}

struct Chain<'f> {
    file: &'f mut dyn SeekRead,
    file_bytes: u64,
    little: bool,
    big: bool,
    /// Offset of the next directory.
    next: u64,
    /// Bytes of all directories so far. Those of good files don't overlap.
    entry_bytes_read: u64,
}

impl<'f> Chain<'f> {
    fn begin(file: &'f mut dyn SeekRead) -> io::Result<Self> {
        let file_bytes = file.seek(SeekFrom::End(0))?;
        file.rewind()?;
        let mut head = [0; 8];
        file.read_exact(&mut head)?;
        let (little, big) = (head[0] == b'I', matches!(head, [b'I', b'I', 43, ..] | [b'M', b'M', _, 43, ..]));
        let mut chain = Self { file, file_bytes, little, big, next: 0, entry_bytes_read: 0 };
        chain.next = if big { chain.read(8)? } else { chain.number(&head[4..]) };
        Ok(chain)
    }

    fn number(&self, bytes: &[u8]) -> u64 {
        let push = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        if self.little { bytes.iter().rev().fold(0, push) } else { bytes.iter().fold(0, push) }
    }

    fn read(&mut self, length: usize) -> io::Result<u64> {
        let mut bytes = [0; 8];
        let bytes = bytes.get_mut(..length).ok_or(io::ErrorKind::InvalidInput)?;
        self.file.read_exact(bytes)?;
        Ok(self.number(bytes))
    }

    /// Reads the next directory: whether it is a reduced copy or a mask.
    fn directory(&mut self) -> io::Result<bool> {
        let (offset_bytes, count_bytes, entry_bytes) = if self.big { (8, 8, 20) } else { (4, 2, 12) };
        self.file.seek(SeekFrom::Start(self.next))?;
        let count = self.read(count_bytes)?;
        if count > MAX_FIELDS {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let length = count * entry_bytes as u64;
        self.entry_bytes_read = self.entry_bytes_read.saturating_add(length);
        let mut entries = vec![0; length as usize];
        self.file.read_exact(&mut entries)?;
        self.next = self.read(offset_bytes).unwrap_or(0);
        let kind = entries
            .chunks_exact(entry_bytes)
            .find(|entry| entry.get(..2).is_some_and(|number| self.number(number) == u64::from(tag::NEW_SUBFILE_TYPE)));
        // Its value is in the entry itself.
        let value = kind.and_then(|entry| {
            let width = type_bytes(self.number(entry.get(2..4)?) as u16)? as usize;
            let at = 4 + offset_bytes;
            Some(self.number(entry.get(at..at + width.min(offset_bytes))?))
        });
        Ok(value.is_some_and(|value| value & 5 != 0))
    }
}
