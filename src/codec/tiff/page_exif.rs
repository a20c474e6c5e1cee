//! A page's description as an EXIF block: a small TIFF file of the fields that describe the photograph, with the
//! directories of EXIF and GPS below them. So every page has its own, and those of BigTIFF are read like others.

use std::collections::HashSet;

use super::directory::{Directory, Field};

/// Most bytes of a block.
const MAX_BLOCK_BYTES: usize = 64 << 20;
/// Directories below a page: EXIF and GPS, and interoperability below EXIF.
pub(super) const POINTERS: [u16; 3] = [34_665, 34_853, 40_965];
/// Type of a number of 32 bits, and the last one that classic TIFF has.
const LONG: u16 = 4;
const LAST_TYPE: u16 = 13;

/// The block of the fields of a page that are wanted; `None` if there are none.
pub(super) fn block(page: &Directory<'_>, is_wanted: impl Fn(u16) -> bool) -> Option<Vec<u8>> {
    let mut block = Block { bytes: Vec::new(), little: page.is_little_endian() };
    block.bytes.extend(if block.little { b"II" } else { b"MM" });
    block.put(42, 2);
    block.put(8, 4);
    let mut fields = fields(page, 2);
    fields.retain(|(field, _)| is_wanted(field.tag));
    block.directory(&fields, 2);
    (!fields.is_empty()).then_some(block.bytes)
}

enum Content<'a> {
    Data(&'a [u8]),
    Below(Directory<'a>),
}

/// The fields of a directory with their contents, without those that are not in the file. Directories below it are given
/// for a `depth` above 0.
fn fields<'a>(directory: &Directory<'a>, depth: u8) -> Vec<(Field, Content<'a>)> {
    let mut seen = HashSet::new();
    let fields = directory.fields().filter(|field| seen.insert(field.tag));
    let content = |field: &Field| {
        if POINTERS.contains(&field.tag) {
            return directory.below(field.tag).filter(|_| depth > 0).map(Content::Below);
        }
        let data = directory.data(field.tag).filter(|data| !data.is_empty() && field.kind <= LAST_TYPE);
        data.map(Content::Data)
    };
    let fields = fields.filter_map(|field| Some((field, content(&field)?)));
    fields.take(usize::from(u16::MAX)).collect()
}

struct Block {
    bytes: Vec<u8>,
    little: bool,
}

impl Block {
    /// Appends a number in the file's byte order.
    fn put(&mut self, number: u32, length: usize) {
        let at = self.bytes.len();
        self.bytes.extend(std::iter::repeat_n(0, length));
        self.put_at(at, number, length);
    }

    fn put_at(&mut self, at: usize, number: u32, length: usize) {
        let bytes = if self.little { number.to_le_bytes() } else { number.to_be_bytes() };
        let from = if self.little { 0 } else { 4 - length };
        for (to, byte) in self.bytes.iter_mut().skip(at).zip(bytes.iter().skip(from).take(length)) {
            *to = *byte;
        }
    }

    /// Appends a directory, then its values and the directories below it. Values that would make the block too large become
    /// empty.
    fn directory(&mut self, fields: &[(Field, Content<'_>)], depth: u8) {
        self.put(fields.len() as u32, 2);
        let first = self.bytes.len();
        self.bytes.resize(first + fields.len() * 12 + 4, 0);
        for (n, (field, content)) in fields.iter().enumerate() {
            let at = first + n * 12;
            let end = self.bytes.len();
            let (kind, count) = match content {
                Content::Below(below) => {
                    self.put_at(at + 8, end as u32, 4);
                    self.directory(&self::fields(below, depth - 1), depth - 1);
                    (LONG, 1)
                }
                Content::Data(data) if data.len() <= 4 => {
                    self.bytes.iter_mut().skip(at + 8).zip(*data).for_each(|(to, byte)| *to = *byte);
                    (field.kind, field.count as u32)
                }
                Content::Data(data) if end + data.len() <= MAX_BLOCK_BYTES => {
                    self.put_at(at + 8, end as u32, 4);
                    self.bytes.extend_from_slice(data);
                    (field.kind, field.count as u32)
                }
                Content::Data(_) => (field.kind, 0),
            };
            self.put_at(at, field.tag.into(), 2);
            self.put_at(at + 2, kind.into(), 2);
            self.put_at(at + 4, count, 4);
            if !self.bytes.len().is_multiple_of(2) {
                self.bytes.push(0);
            }
        }
    }
}
