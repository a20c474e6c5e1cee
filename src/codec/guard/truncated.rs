//! Truncated files of formats that are only decoded as a whole: the number of complete rows, and a view of the file
//! padded to its full length.

use std::io::{self, BufRead, Read, Seek, SeekFrom};

use crate::model::ImageInfo;

static ZEROS: [u8; 4096] = [0; 4096];

/// The usable part of a truncated file.
pub(crate) struct Truncation {
    /// Rows that are complete.
    pub(crate) rows: u32,
    /// Whether these are the bottom rows of the image.
    pub(crate) from_below: bool,
    /// Bytes of the file that are used.
    pub(crate) length: usize,
    /// Bytes appended once.
    pub(crate) then: Vec<u8>,
    /// Bytes then repeated without end.
    pub(crate) endless: &'static [u8],
}

impl Truncation {
    /// A file with this many complete rows from the top, padded with zeros after its first `length` bytes.
    pub(crate) fn new(rows: u64, info: &ImageInfo, length: usize) -> Self {
        let rows = rows.min(u64::from(info.height_px)) as u32;
        Self { rows, from_below: false, length, then: Vec::new(), endless: &ZEROS }
    }

    /// The file, padded to its full length.
    pub(crate) fn padded<'a>(&'a self, bytes: &'a [u8]) -> Padded<'a> {
        Padded { head: bytes.get(..self.length).unwrap_or(bytes), truncation: self, at: 0 }
    }
}

/// The 16-bit little-endian number at an offset.
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.first_chunk().copied().map(u16::from_le_bytes)
}

/// The 32-bit little-endian number at an offset.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.first_chunk().copied().map(u32::from_le_bytes)
}

/// Number of bytes after an offset; 0 if the file does not reach it.
pub(crate) fn bytes_behind(bytes: &[u8], at: u64) -> u64 {
    (bytes.len() as u64).saturating_sub(at)
}

/// A file that continues after its end.
pub(crate) struct Padded<'a> {
    head: &'a [u8],
    truncation: &'a Truncation,
    at: u64,
}

impl BufRead for Padded<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let at = usize::try_from(self.at).map_err(io::Error::other)?;
        let behind = at.saturating_sub(self.head.len());
        let endless = behind.saturating_sub(self.truncation.then.len()) % self.truncation.endless.len();
        let rest = self.head.get(at..).filter(|rest| !rest.is_empty());
        let rest = rest.or_else(|| self.truncation.then.get(behind..).filter(|rest| !rest.is_empty()));
        Ok(rest.or_else(|| self.truncation.endless.get(endless..)).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.at = self.at.saturating_add(amount as u64);
    }
}

impl Read for Padded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let had = self.fill_buf()?;
        let length = had.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..length), had.get(..length)) {
            to.copy_from_slice(from);
        }
        self.consume(length);
        Ok(length)
    }
}

impl Seek for Padded<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            // It has no end.
            SeekFrom::End(_) => None,
        };
        self.at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}
