//! Removes metadata from a TIFF file. Strips and tiles stay as they are coded, and every page stays.

use std::collections::HashSet;
use std::ops::Range;

use super::read::probe;
use crate::codec::container::cuts::Cuts;
use crate::codec::meta::exif::is_camera_raw;

/// Most directories of a file.
const MAX_DIRECTORIES: usize = 65_536;
const SUB_DIRECTORIES: u16 = 330;
const EXIF: u16 = 34_665;
const GPS: u16 = 34_853;
const INTEROPERABILITY: u16 = 40_965;
/// Tags whose values are positions in the file: strips, tiles, directories, and the tables of old-style JPEG.
const POSITIONS: [u16; 7] = [273, 324, SUB_DIRECTORIES, 513, 519, 520, 521];
/// The length of JPEG data in old-style JPEG.
const JPEG_LENGTH: u16 = 514;
/// Pairs of tags: positions of data, and their lengths in bytes.
const DATA: [(u16, u16); 3] = [(273, 279), (324, 325), (513, JPEG_LENGTH)];
/// Tables of old-style JPEG, and their lengths in bytes, without the Huffman codes that 16 of them count.
const TABLES: [(u16, usize); 3] = [(519, 64), (520, 16), (521, 16)];

/// Whether a tag says how pixels are stored, or what their colours are.
const fn is_needed(tag: u16) -> bool {
    matches!(
        tag,
        254..=259 | 262..=266 | 273 | 274 | 277..=281 | 284 | 290..=293 | 297 | 301 | 317..=328 | 330 | 332..=334 | 336
            | 338..=347 | 512..=515 | 517..=521 | 529..=532 | 559 | 34_675 | 34_712 | 50_674
    )
}

#[derive(Clone, Copy)]
struct File<'a> {
    bytes: &'a [u8],
    little: bool,
    big: bool,
}

/// An entry of a directory.
#[derive(Clone, Copy)]
struct Entry {
    at: usize,
    tag: u16,
    /// Bytes of one number of its value, and how many there are.
    size: usize,
    count: usize,
    /// Where its value is.
    value: usize,
    is_inline: bool,
}

impl Entry {
    fn range(&self) -> Range<usize> {
        self.value..self.value + self.size * self.count
    }
}

/// A directory: where it begins, its entries, and where the link to the next one is.
struct Directory {
    at: usize,
    entries: Vec<Entry>,
    link: usize,
}

impl<'a> File<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let (little, big) = match bytes {
            [b'I', b'I', 42, 0, ..] => (true, false),
            [b'M', b'M', 0, 42, ..] => (false, false),
            [b'I', b'I', 43, 0, ..] => (true, true),
            [b'M', b'M', 0, 43, ..] => (false, true),
            _ => return None,
        };
        Some(Self { bytes, little, big })
    }

    /// Bytes of a position, of a directory's count, and of an entry.
    const fn sizes(self) -> (usize, usize, usize) {
        if self.big { (8, 8, 20) } else { (4, 2, 12) }
    }

    const fn first_link(self) -> usize {
        if self.big { 8 } else { 4 }
    }

    fn number(self, at: usize, length: usize) -> Option<usize> {
        let bytes = self.bytes.get(at..at.checked_add(length)?)?;
        let push = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        let number = if self.little { bytes.iter().rev().fold(0, push) } else { bytes.iter().fold(0, push) };
        usize::try_from(number).ok()
    }

    fn directory(self, at: usize) -> Option<Directory> {
        let (wide, count_bytes, entry_bytes) = self.sizes();
        let count = self.number(at, count_bytes)?;
        let first = at.checked_add(count_bytes)?;
        let link = first.checked_add(count.checked_mul(entry_bytes)?)?;
        if link > self.bytes.len() {
            return None;
        }
        let entries = (0..count).map(|n| self.entry(first + n * entry_bytes, wide)).collect::<Option<Vec<_>>>()?;
        Some(Directory { at, entries, link })
    }

    fn entry(self, at: usize, wide: usize) -> Option<Entry> {
        let size: usize = match self.number(at + 2, 2)? {
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 | 16..=18 => 8,
            _ => 1,
        };
        let count = self.number(at + 4, wide)?;
        let length = size.checked_mul(count)?;
        let inside = at + 4 + wide;
        let is_inline = length <= wide;
        let value = if is_inline { inside } else { self.number(inside, wide)? };
        let tag = self.number(at, 2)? as u16;
        // A value that is not in the file is only a problem if it is needed.
        let fits = value.checked_add(length).is_some_and(|end| end <= self.bytes.len());
        match (fits, is_needed(tag)) {
            (true, _) => Some(Entry { at, tag, size, count, value, is_inline }),
            (false, false) => Some(Entry { at, tag, size: 1, count: 0, value: inside, is_inline: true }),
            (false, true) => None,
        }
    }

    fn numbers(self, entry: &Entry) -> Option<Vec<usize>> {
        (0..entry.count).map(|n| self.number(entry.value + n * entry.size, entry.size)).collect()
    }

    /// Every directory with pixels: pages, and those below them.
    fn directories(self) -> Option<Vec<Directory>> {
        let wide = self.sizes().0;
        let mut waiting = vec![self.number(self.first_link(), wide)?];
        let (mut seen, mut found) = (HashSet::new(), Vec::new());
        while let Some(at) = waiting.pop() {
            if at == 0 || !seen.insert(at) {
                continue;
            }
            if found.len() >= MAX_DIRECTORIES {
                return None;
            }
            let directory = self.directory(at)?;
            for entry in directory.entries.iter().filter(|entry| entry.tag == SUB_DIRECTORIES) {
                waiting.extend(self.numbers(entry)?);
            }
            // Files without the last link are not rare.
            waiting.push(self.number(directory.link, wide).unwrap_or(0));
            found.push(directory);
        }
        Some(found)
    }

    /// All that belongs to a directory of EXIF: the directory, its values, and the directories in it.
    fn extents(self, at: usize, depth: u8) -> Vec<Range<usize>> {
        let Some(directory) = self.directory(at) else { return Vec::new() };
        let end = (directory.link + self.sizes().0).min(self.bytes.len());
        let mut extents: Vec<Range<usize>> = std::iter::once(at..end).collect();
        for entry in &directory.entries {
            if !entry.is_inline {
                extents.push(entry.range());
            }
            if depth > 0 && matches!(entry.tag, INTEROPERABILITY | EXIF | GPS) {
                let below = self.numbers(entry).unwrap_or_default();
                extents.extend(below.into_iter().flat_map(|at| self.extents(at, depth - 1)));
            }
        }
        extents
    }

    /// Where the pixels of a directory are, and the tables that belong to them; `None` if their lengths are not given.
    fn data(self, directory: &Directory) -> Option<Vec<Range<usize>>> {
        let numbers = |tag: u16| {
            let entry = directory.entries.iter().find(|entry| entry.tag == tag)?;
            self.numbers(entry)
        };
        let mut data = Vec::new();
        for (positions, lengths) in DATA {
            let Some(positions) = numbers(positions) else { continue };
            let lengths = match numbers(lengths) {
                // Old-style JPEG data may be given by its position alone.
                None if lengths == JPEG_LENGTH => {
                    positions.iter().map(|&at| jpeg_bytes(self.bytes.get(at..)?)).collect::<Option<_>>()?
                }
                lengths => lengths?,
            };
            // A file that lacks some of its pixels is not changed here.
            let is_whole =
                |(from, length): (&usize, &usize)| from.checked_add(*length).is_some_and(|end| end <= self.bytes.len());
            if lengths.len() != positions.len() || !positions.iter().zip(&lengths).all(is_whole) {
                return None;
            }
            data.extend(positions.into_iter().zip(lengths).map(|(from, length)| from..from.saturating_add(length)));
        }
        for (tag, length) in TABLES {
            for from in numbers(tag).unwrap_or_default() {
                let table = self.bytes.get(from..from.checked_add(length)?)?;
                let codes = if length == 16 { table.iter().map(|&count| usize::from(count)).sum() } else { 0 };
                data.push(from..from + length + codes);
            }
        }
        Some(data)
    }
}

/// Bytes of the JPEG data that others begin with, to the end of its only scan or, without it, of its tables.
fn jpeg_bytes(data: &[u8]) -> Option<usize> {
    let mut at = 2;
    loop {
        match *data.get(at..at + 4)? {
            [0xFF, 0xD9, ..] => return Some(at + 2),
            [0xFF, 0xDA, ..] => {
                let scan = data.get(at..)?;
                return Some(at + scan.windows(2).position(|two| two == [0xFF, 0xD9])? + 2);
            }
            [0xFF, _, high, low] => at += 2 + usize::from(u16::from_be_bytes([high, low])),
            _ => return None,
        }
    }
}

/// Writes a number in the file's byte order.
fn put(out: &mut [u8], at: usize, number: usize, length: usize, little: bool) -> Option<()> {
    let bytes = (number as u64).to_be_bytes();
    let target = out.get_mut(at..at.checked_add(length)?)?;
    if length < 8 && number >> (length * 8) != 0 {
        return None;
    }
    target.copy_from_slice(bytes.get(8 - length..)?);
    if little {
        target.reverse();
    }
    Some(())
}

/// The file without its metadata; `None` if it can't be changed safely.
pub(super) fn stripped(bytes: &[u8]) -> Option<Vec<u8>> {
    if is_camera_raw(bytes) {
        return None;
    }
    let before = probe(bytes, 0).ok()?;
    let file = File::new(bytes)?;
    let (wide, count_bytes, entry_bytes) = file.sizes();
    let directories = file.directories()?;
    let mut needed: Vec<Range<usize>> = std::iter::once(0..file.first_link() + wide).collect();
    let mut unneeded: Vec<Range<usize>> = Vec::new();
    for directory in &directories {
        let kept = directory.entries.iter().filter(|entry| is_needed(entry.tag)).count();
        let end = directory.at + count_bytes + kept * entry_bytes + wide;
        needed.push(directory.at..end);
        unneeded.push(end..directory.link + wide);
        needed.extend(file.data(directory)?);
        for entry in &directory.entries {
            match (is_needed(entry.tag), entry.is_inline) {
                (true, false) => needed.push(entry.range()),
                (false, false) => unneeded.push(entry.range()),
                _ => {}
            }
            if matches!(entry.tag, EXIF | GPS) {
                let below = file.numbers(entry).unwrap_or_default();
                unneeded.extend(below.into_iter().flat_map(|at| file.extents(at, 2)));
            }
        }
    }
    let removed = Cuts::new(unneeded).except(&needed);
    let cuts = removed.even();
    let mut out = bytes.to_vec();
    let moved = |at: usize| at - cuts.before(at);
    let shift =
        |out: &mut [u8], at: usize, length: usize, number: usize| put(out, at, moved(number), length, file.little);
    shift(&mut out, file.first_link(), wide, file.number(file.first_link(), wide)?)?;
    for directory in &directories {
        let mut at = directory.at + count_bytes;
        let kept: Vec<&Entry> = directory.entries.iter().filter(|entry| is_needed(entry.tag)).collect();
        put(&mut out, directory.at, kept.len(), count_bytes, file.little)?;
        let next = file.number(directory.link, wide).unwrap_or(0);
        for entry in kept {
            // Positions are changed where the value is: in the entry, or elsewhere.
            let inside = at + 4 + wide;
            out.get_mut(at..at + entry_bytes)?.copy_from_slice(bytes.get(entry.at..entry.at + entry_bytes)?);
            let value = if entry.is_inline { inside } else { entry.value };
            if POSITIONS.contains(&entry.tag) {
                for (n, number) in file.numbers(entry)?.into_iter().enumerate() {
                    shift(&mut out, value + n * entry.size, entry.size, number)?;
                }
            }
            if !entry.is_inline {
                shift(&mut out, inside, wide, entry.value)?;
            }
            at += entry_bytes;
        }
        shift(&mut out, at, wide, next)?;
    }
    removed.clear(&mut out);
    let out = cuts.apply(&out);
    (probe(&out, 0).ok()? == before).then_some(out)
}
