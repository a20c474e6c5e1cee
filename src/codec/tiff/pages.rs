//! The chain of a TIFF file's directories, one a page, and a view of the file in which every page is gray to the
//! decoder: it then hands out the samples as they stand, whatever they mean, and what they mean is seen to here.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use crate::codec::fault;
use crate::error::ItemError;

/// Pages at most; a chain that is longer bites its own tail, or is meant to do harm.
const MAX_PAGES: usize = 65_536;
const NEW_SUBFILE_TYPE: u16 = 254;
const PHOTOMETRIC: u16 = 262;
const BLACK_IS_ZERO: u16 = 1;

/// One page: which directory of the chain it is, and what its samples mean.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    /// Its place in the chain, counted from 0.
    pub(super) index: usize,
    /// The number of its photometric interpretation.
    pub(super) photometric: u16,
    /// Where that number stands in the file.
    photometric_at: u64,
}

#[derive(Clone, Copy)]
struct File<'a> {
    bytes: &'a [u8],
    little: bool,
    big: bool,
}

impl File<'_> {
    fn number(self, at: u64, length: usize) -> Option<u64> {
        let from = usize::try_from(at).ok()?;
        let bytes = self.bytes.get(from..from.checked_add(length)?)?;
        let push = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(if self.little { bytes.iter().rev().fold(0, push) } else { bytes.iter().fold(0, push) })
    }

    /// A SHORT in a directory's entry, or a LONG, and where it stands.
    fn value(self, entry: u64) -> Option<(u64, u64)> {
        let at = entry + if self.big { 12 } else { 8 };
        match self.number(entry + 2, 2)? {
            3 => Some((self.number(at, 2)?, at)),
            4 => Some((self.number(at, 4)?, at)),
            _ => None,
        }
    }
}

/// The pages of a file. Reduced copies of a page and masks are none, unless there is nothing else.
pub(super) fn pages(bytes: &[u8]) -> Result<Vec<Page>, ItemError> {
    let (little, big) = match bytes {
        [b'I', b'I', 42, 0, ..] => (true, false),
        [b'M', b'M', 0, 42, ..] => (false, false),
        [b'I', b'I', 43, 0, ..] => (true, true),
        _ => (false, true),
    };
    let file = File { bytes, little, big };
    let (offset_bytes, count_bytes, entry_bytes) = if big { (8, 8, 20) } else { (4, 2, 12) };
    let mut at = file.number(if big { 8 } else { 4 }, offset_bytes).ok_or_else(fault::truncated)?;
    let mut seen = std::collections::HashSet::new();
    let mut pages: Vec<(Page, bool)> = Vec::new();
    while at != 0 {
        if !seen.insert(at) || seen.len() > MAX_PAGES {
            return Err(fault::corrupt("its pages follow each other in a circle"));
        }
        let count = file.number(at, count_bytes).ok_or_else(fault::truncated)?;
        if count > bytes.len() as u64 / entry_bytes {
            return Err(fault::truncated());
        }
        let first = at + count_bytes as u64;
        let (mut photometric, mut extra) = (None, false);
        for entry in (0..count).map(|n| first + n * entry_bytes) {
            match file.number(entry, 2).ok_or_else(fault::truncated)? as u16 {
                PHOTOMETRIC => photometric = file.value(entry),
                // Bit 0 is a reduced copy, bit 2 a mask.
                NEW_SUBFILE_TYPE => extra = file.value(entry).is_some_and(|(kind, _)| kind & 5 != 0),
                _ => {}
            }
        }
        let index = seen.len() - 1;
        let (photometric, photometric_at) = photometric.unwrap_or((u64::MAX, 0));
        let photometric = u16::try_from(photometric).unwrap_or(u16::MAX);
        pages.push((Page { index, photometric, photometric_at }, extra));
        // Files without the last link, which ends the chain, are not rare.
        at = file.number(first + count * entry_bytes, offset_bytes).unwrap_or(0);
    }
    let all_extra = pages.iter().all(|&(_, extra)| extra);
    pages.retain(|&(_, extra)| !extra || all_extra);
    if pages.is_empty() {
        Err(fault::corrupt("there is no page in it"))
    } else {
        Ok(pages.into_iter().map(|(page, _)| page).collect())
    }
}

/// The file, in which one page says that black is zero.
pub(super) struct Plain<'a> {
    file: Cursor<&'a [u8]>,
    at: u64,
    value: [u8; 2],
}

impl<'a> Plain<'a> {
    pub(super) fn new(bytes: &'a [u8], page: &Page) -> Self {
        let value =
            if bytes.first() == Some(&b'I') { BLACK_IS_ZERO.to_le_bytes() } else { BLACK_IS_ZERO.to_be_bytes() };
        Self { file: Cursor::new(bytes), at: page.photometric_at, value }
    }
}

impl Read for Plain<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let from = self.file.position();
        let had = self.file.read(buffer)?;
        for (at, value) in (self.at..).zip(self.value) {
            if let Some(byte) = at.checked_sub(from).and_then(|at| buffer.get_mut(..had)?.get_mut(at as usize)) {
                *byte = value;
            }
        }
        Ok(had)
    }
}

impl Seek for Plain<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}
