//! Which directories are pages, and how they are counted without reading all of a file.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use crate::codec::spec::SeekRead;
use crate::codec::tests::reference::decode_page;
use crate::codec::{count_pages, probe_page};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Format, Samples};

/// A file whose directories have these kinds (`NewSubfileType`), each with a pixel whose level is its position.
fn file(big: bool, kinds: &[u32]) -> Vec<u8> {
    let wide = if big { 8 } else { 4 };
    let number = |value: u64, length: usize| value.to_le_bytes()[..length].to_vec();
    let mut out = b"II".to_vec();
    out.extend(if big { [number(43, 2), number(8, 2), number(0, 2)].concat() } else { number(42, 2) });
    let mut link = out.len();
    out.extend(vec![0; wide]);
    for (at, kind) in kinds.iter().enumerate() {
        let pixel = out.len() as u64;
        out.extend([at as u8, 0]);
        let here = number(out.len() as u64, wide);
        out[link..link + wide].copy_from_slice(&here);
        let fields: [(u64, u64); 9] = [
            (254, u64::from(*kind)),
            (256, 1),
            (257, 1),
            (258, 8),
            (259, 1),
            (262, 1),
            (273, pixel),
            (278, 1),
            (279, 1),
        ];
        out.extend(number(fields.len() as u64, if big { 8 } else { 2 }));
        for (tag, value) in fields {
            out.extend([number(tag, 2), number(4, 2), number(1, wide), number(value, wide)].concat());
        }
        link = out.len();
        out.extend(vec![0; wide]);
    }
    out
}

fn counted(file: &mut dyn SeekRead) -> Result<u32, ItemError> {
    count_pages(Format::named("tiff").unwrap(), file).unwrap()
}

fn count(bytes: &[u8]) -> Result<u32, ItemError> {
    counted(&mut Cursor::new(bytes))
}

fn level(bytes: &[u8], page: u32) -> u8 {
    let Samples::U8(samples) = decode_page(bytes, page).unwrap().samples else { panic!("not 8 bits") };
    samples[0]
}

#[test]
fn reduced_copies_and_masks_are_no_pages_unless_there_is_nothing_else() {
    for big in [false, true] {
        // A page, its preview, two pages of several, a mask, and a page.
        let bytes = file(big, &[0, 1, 2, 2, 4, 0]);
        assert_eq!((count(&bytes).unwrap(), probe_page(&bytes, 0).unwrap().pages), (4, 4));
        assert_eq!([0, 1, 2, 3].map(|page| level(&bytes, page)), [0, 2, 3, 5]);
        let bytes = file(big, &[1, 1, 5]);
        assert_eq!((count(&bytes).unwrap(), probe_page(&bytes, 2).unwrap().pages), (3, 3));
    }
}

/// A reader that counts the bytes that are read.
struct Counting<R> {
    inner: R,
    bytes: usize,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bytes += read;
        Ok(read)
    }
}

impl<R: Seek> Seek for Counting<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

#[test]
fn ten_thousand_pages_are_counted_by_their_directories_alone() {
    let mut bytes = file(false, &vec![0; 10_000]);
    let directories = bytes.len();
    // Pixels that nobody has to read.
    bytes.resize(directories + (8 << 20), 0);
    let mut reader = Counting { inner: Cursor::new(&bytes), bytes: 0 };
    assert_eq!(counted(&mut reader).unwrap(), 10_000);
    assert!(reader.bytes <= directories, "{}", reader.bytes);
    assert_eq!(probe_page(&bytes, 9_999).unwrap().pages, 10_000);
    assert_eq!(level(&bytes, 9_999), (9_999 % 256) as u8);
}

#[test]
fn loops_and_forged_chains_end() {
    let kind = |bytes: &[u8]| {
        let (counted, read) = (count(bytes), probe_page(bytes, 0).map(|header| header.pages));
        assert_eq!(counted.as_ref().map_err(|error| error.kind), read.as_ref().map_err(|error| error.kind));
        counted.map_err(|error| error.kind)
    };
    let mut bytes = file(false, &[0, 0, 0]);
    let end = bytes.len();
    let first = bytes[4..8].to_vec();
    bytes[end - 4..].copy_from_slice(&first);
    assert_eq!(kind(&bytes), Ok(3), "a chain that returns to its beginning");
    // A link beyond the end, as some programs leave behind.
    bytes[end - 4..].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(kind(&bytes), Ok(3));
    // More directories than a document may have: each is empty, and the next one follows.
    let mut bytes = b"II\x2a\0\x08\0\0\0".to_vec();
    for at in (8_u32..).step_by(6).take(70_000) {
        bytes.extend([&[0, 0], &(at + 6).to_le_bytes()[..]].concat());
    }
    assert_eq!(kind(&bytes), Err(ErrorKind::Corrupt));
    // Directories that lie over each other: 16 bits say how many fields one has, so that each of 10,000 takes 768 KB.
    let mut bytes = b"II\x2a\0\x08\0\0\0".to_vec();
    bytes.resize(1 << 20, 0xff);
    for at in (8..80_000).step_by(8) {
        let fields = 60_000_u16;
        let next = at + 2 + usize::from(fields) * 12;
        bytes[at..at + 2].copy_from_slice(&fields.to_le_bytes());
        bytes[next..next + 4].copy_from_slice(&(at as u32 + 8).to_le_bytes());
    }
    assert_eq!(kind(&bytes), Err(ErrorKind::Corrupt));
    // BigTIFF: as many fields as a number can say, or 4 billion.
    for fields in [u64::MAX, 1 << 32, 1 << 20] {
        let mut bytes = file(true, &[0]);
        let at = u64::from_le_bytes(bytes[8..16].try_into().unwrap()) as usize;
        bytes[at..at + 8].copy_from_slice(&fields.to_le_bytes());
        assert_eq!(kind(&bytes), Err(ErrorKind::Truncated), "{fields} fields");
    }
}
