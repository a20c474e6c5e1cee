//! The chain of a TIFF file's directories, one per page, and a view of the file in which every page is gray to the
//! decoder, which then returns the samples as stored; their meaning is handled here. In the view, data stored with the
//! lowest bit first is reversed, because the decoder only supports the other order, and samples with an unsupported
//! number of bits appear as bytes.

use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::ops::Range;

use crate::codec::errors;
use crate::error::ItemError;

/// Maximum number of pages; a longer chain is a loop or hostile.
const MAX_PAGES: usize = 65_536;
const NEW_SUBFILE_TYPE: u16 = 254;
const PHOTOMETRIC: u16 = 262;
/// A tag without a meaning, for entries that are hidden from the decoder.
const NO_TAG: u16 = 65_000;

/// One page: which directory of the chain it is, and what its samples mean.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    /// Its index in the chain, from 0.
    pub(super) index: usize,
    /// The number of its photometric interpretation.
    pub(super) photometric: u16,
    /// Offset of the first entry of its directory, and the number of entries.
    entries: (u64, u64),
}

/// What the decoder reads instead of a tag's numbers: one number, or nothing.
pub(super) type Replacement = (u16, Option<u32>);

/// Every page is gray to the decoder, and black is zero in it.
pub(super) const GRAY: Replacement = (PHOTOMETRIC, Some(1));

#[derive(Clone, Copy)]
struct File<'a> {
    bytes: &'a [u8],
    little: bool,
    big: bool,
}

impl<'a> File<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let (little, big) = match bytes {
            [b'I', b'I', 42, 0, ..] => (true, false),
            [b'M', b'M', 0, 42, ..] => (false, false),
            [b'I', b'I', 43, 0, ..] => (true, true),
            _ => (false, true),
        };
        Self { bytes, little, big }
    }

    const fn entry_bytes(self) -> u64 {
        if self.big { 20 } else { 12 }
    }

    /// An entry of one LONG.
    fn entry(self, tag: u16, value: u32) -> Vec<u8> {
        let short = |value: u16| if self.little { value.to_le_bytes() } else { value.to_be_bytes() };
        let long = |value: u32| if self.little { value.to_le_bytes() } else { value.to_be_bytes() };
        let count = match (self.big, self.little) {
            (false, _) => long(1).to_vec(),
            (true, true) => 1u64.to_le_bytes().to_vec(),
            (true, false) => 1u64.to_be_bytes().to_vec(),
        };
        let mut entry = [&short(tag)[..], &short(4), &count, &long(value)].concat();
        entry.resize(self.entry_bytes() as usize, 0);
        entry
    }

    fn number(self, at: u64, length: usize) -> Option<u64> {
        let from = usize::try_from(at).ok()?;
        let bytes = self.bytes.get(from..from.checked_add(length)?)?;
        let push = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(if self.little { bytes.iter().rev().fold(0, push) } else { bytes.iter().fold(0, push) })
    }

    /// A SHORT in a directory's entry, or a LONG.
    fn value(self, entry: u64) -> Option<u64> {
        let at = entry + if self.big { 12 } else { 8 };
        match self.number(entry + 2, 2)? {
            3 => self.number(at, 2),
            4 => self.number(at, 4),
            _ => None,
        }
    }
}

/// The pages of a file. Reduced copies of a page and masks don't count, unless there is nothing else.
pub(super) fn pages(bytes: &[u8]) -> Result<Vec<Page>, ItemError> {
    let file = File::new(bytes);
    let big = file.big;
    let (offset_bytes, count_bytes, entry_bytes) =
        (if big { 8 } else { 4 }, if big { 8 } else { 2 }, file.entry_bytes());
    let mut at = file.number(if big { 8 } else { 4 }, offset_bytes).ok_or_else(errors::truncated)?;
    let mut seen = std::collections::HashSet::new();
    let mut pages: Vec<(Page, bool)> = Vec::new();
    while at != 0 {
        if !seen.insert(at) || seen.len() > MAX_PAGES {
            return Err(errors::corrupt("tiff_loop"));
        }
        // A directory usually comes after its pixels.
        let cut = || errors::truncated_before(bytes.len() as u64, at);
        let count = file.number(at, count_bytes).ok_or_else(cut)?;
        if count > bytes.len() as u64 / entry_bytes {
            return Err(errors::truncated());
        }
        let first = at + count_bytes as u64;
        let (mut photometric, mut extra) = (None, false);
        for entry in (0..count).map(|n| first + n * entry_bytes) {
            match file.number(entry, 2).ok_or_else(errors::truncated)? as u16 {
                PHOTOMETRIC => photometric = file.value(entry),
                // Bit 0 is a reduced copy, bit 2 a mask.
                NEW_SUBFILE_TYPE => extra = file.value(entry).is_some_and(|kind| kind & 5 != 0),
                _ => {}
            }
        }
        let index = seen.len() - 1;
        let photometric = photometric.and_then(|number| u16::try_from(number).ok()).unwrap_or(u16::MAX);
        pages.push((Page { index, photometric, entries: (first, count) }, extra));
        // Files without the last link, which ends the chain, are not rare.
        at = file.number(first + count * entry_bytes, offset_bytes).unwrap_or(0);
    }
    let all_extra = pages.iter().all(|&(_, extra)| extra);
    pages.retain(|&(_, extra)| !extra || all_extra);
    if pages.is_empty() {
        Err(errors::corrupt("tiff_no_pages"))
    } else {
        Ok(pages.into_iter().map(|(page, _)| page).collect())
    }
}

/// The bytes of a tag's value in a page's directory, as they are in the file, whatever their type.
pub(super) fn value_bytes<'a>(bytes: &'a [u8], page: &Page, tag: u16) -> Option<&'a [u8]> {
    let file = File::new(bytes);
    let (first, count) = page.entries;
    let mut entries = (0..count).map(|n| first + n * file.entry_bytes());
    let entry = entries.find(|&at| file.number(at, 2) == Some(u64::from(tag)))?;
    let size = match file.number(entry + 2, 2)? {
        1 | 2 | 6 | 7 => 1,
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16..=18 => 8,
        _ => return None,
    };
    let (wide, at) = if file.big { (8, entry + 12) } else { (4, entry + 8) };
    let length = file.number(entry + 4, wide)?.checked_mul(size)?;
    let from = if length <= wide as u64 { at } else { file.number(at, wide)? };
    let from = usize::try_from(from).ok()?;
    bytes.get(from..from.checked_add(usize::try_from(length).ok()?)?)
}

/// A view of the file in which one page has other tags, and all bytes begin with their highest bit.
pub(super) struct Plain<'a> {
    file: Cursor<&'a [u8]>,
    /// Entries, and where they are.
    replacements: Vec<(u64, Vec<u8>)>,
    /// Parts of the file that are stored with the lowest bit first, in order and without overlap.
    turned: Vec<Range<u64>>,
}

impl<'a> Plain<'a> {
    pub(super) fn new(bytes: &'a [u8], page: &Page, replacements: &[Replacement]) -> Self {
        let file = File::new(bytes);
        let (first, count) = page.entries;
        let mut entries = Vec::new();
        for at in (0..count).map(|n| first + n * file.entry_bytes()) {
            let tag = file.number(at, 2).map(|tag| tag as u16);
            if let Some(&(tag, value)) = replacements.iter().find(|(one, _)| Some(*one) == tag) {
                entries.push((at, file.entry(value.map_or(NO_TAG, |_| tag), value.unwrap_or(0))));
            }
        }
        Self { file: Cursor::new(bytes), replacements: entries, turned: Vec::new() }
    }

    /// From now on, bytes of these parts of the file are read with their bits in reverse order.
    pub(super) fn turn(&mut self, mut parts: Vec<Range<u64>>) {
        parts.retain(|part| !part.is_empty());
        parts.sort_unstable_by_key(|part| part.start);
        // A byte shared by two parts is reversed once.
        parts.dedup_by(|next, kept| {
            let shared = next.start < kept.end;
            if shared {
                kept.end = kept.end.max(next.end);
            }
            shared
        });
        self.turned = parts;
    }

    fn turn_back(&self, from: u64, read: &mut [u8]) {
        let end = from + read.len() as u64;
        let first = self.turned.partition_point(|part| part.end <= from);
        for part in self.turned.iter().skip(first).take_while(|part| part.start < end) {
            let within = (part.start.max(from) - from) as usize..(part.end.min(end) - from) as usize;
            for byte in read.get_mut(within).unwrap_or_default() {
                *byte = byte.reverse_bits();
            }
        }
    }
}

impl Read for Plain<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let from = self.file.position();
        let had = self.file.read(buffer)?;
        self.turn_back(from, buffer.get_mut(..had).unwrap_or_default());
        let read = buffer.get_mut(..had).unwrap_or_default();
        for (at, entry) in &self.replacements {
            for (at, value) in (*at..).zip(entry) {
                if let Some(byte) = at.checked_sub(from).and_then(|at| read.get_mut(at as usize)) {
                    *byte = *value;
                }
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use ::tiff::decoder::Decoder;
    use ::tiff::encoder::colortype::{ColorType, Gray8, RGB16};
    use ::tiff::encoder::{Compression, DeflateLevel, TiffEncoder, TiffValue};
    use ::tiff::tags::Tag;

    use super::*;
    use crate::codec::open;
    use crate::codec::spec::DecodeOptions;
    use crate::model::{Band, Samples};

    const SIZE: (u32, u32) = (40, 30);

    /// A file of strips of some rows; if `turned`, its bytes begin with their lowest bit, and it says so.
    fn file<C: ColorType>(samples: &[C::Inner], compression: Compression, turned: bool) -> Vec<u8>
    where
        [C::Inner]: TiffValue,
    {
        let mut out = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut out).unwrap().with_compression(compression);
        let mut page = encoder.new_image::<C>(SIZE.0, SIZE.1).unwrap();
        page.rows_per_strip(7).unwrap();
        page.encoder().write_tag(Tag::FillOrder, if turned { 2_u16 } else { 1 }).unwrap();
        page.write_data(samples).unwrap();
        let mut bytes = out.into_inner();
        if turned {
            let mut decoder = Decoder::new(Cursor::new(bytes.clone())).unwrap();
            let starts = decoder.get_tag_u64_vec(Tag::StripOffsets).unwrap();
            let lengths = decoder.get_tag_u64_vec(Tag::StripByteCounts).unwrap();
            assert!(starts.len() > 3);
            for (start, length) in starts.into_iter().zip(lengths) {
                for byte in &mut bytes[start as usize..(start + length) as usize] {
                    *byte = byte.reverse_bits();
                }
            }
        }
        bytes
    }

    fn samples(bytes: &[u8]) -> Samples {
        let mut opened = open(bytes, &DecodeOptions::default()).unwrap();
        let mut band = Band::empty(&opened.rows.info());
        assert_eq!(opened.rows.read_rows(SIZE.1, &mut band).unwrap(), SIZE.1);
        band.samples
    }

    #[test]
    fn bytes_with_the_lowest_bit_first_are_reversed_for_every_compression() {
        let gray: Vec<u8> = (0..SIZE.0 * SIZE.1).map(|n| (n * 7 / 3) as u8).collect();
        let wide: Vec<u16> = (0..SIZE.0 * SIZE.1 * 3).map(|n| (n * 37) as u16).collect();
        let deflate = Compression::Deflate(DeflateLevel::Fast);
        for (at, compression) in
            [Compression::Uncompressed, Compression::Packbits, Compression::Lzw, deflate].into_iter().enumerate()
        {
            let (plain, turned) = (file::<Gray8>(&gray, compression, false), file::<Gray8>(&gray, compression, true));
            assert_ne!(plain, turned);
            assert_eq!(samples(&turned), Samples::U8(gray.clone()), "compression {at}");
            assert_eq!(samples(&plain), Samples::U8(gray.clone()), "compression {at}");
            let turned = file::<RGB16>(&wide, compression, true);
            assert_eq!(samples(&turned), Samples::U16(wide.clone()), "compression {at}");
        }
    }

    #[test]
    fn overlapping_parts_are_reversed_once_and_nothing_else_is() {
        let bytes: Vec<u8> = (0..20).collect();
        let page = Page { index: 0, photometric: 1, entries: (0, 0) };
        let mut view = Plain::new(&bytes, &page, &[]);
        view.turn(vec![12..30, 3..6, 5..8, 7..7, 8..9]);
        let expected: Vec<u8> =
            (0..20).map(|n: u8| if (3..9).contains(&n) || n >= 12 { n.reverse_bits() } else { n }).collect();
        for piece in 1..21 {
            view.seek(SeekFrom::Start(0)).unwrap();
            let mut read = vec![0; 20];
            read.chunks_mut(piece).for_each(|piece| view.read_exact(piece).unwrap());
            assert_eq!(read, expected, "{piece}");
        }
    }
}
