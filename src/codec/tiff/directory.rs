//! The directories of a TIFF file, one per page, and the values of their tags. Programs write them in many ways, so
//! every number is accepted in every integer type, and a chain that breaks after its first page ends there.

use std::collections::HashSet;

use crate::codec::errors;
use crate::error::ItemError;

/// Maximum number of pages; a longer chain is hostile.
pub(super) const MAX_PAGES: usize = 65_536;
/// Maximum size of a tag's value: CMYK profiles have a few million bytes.
const MAX_VALUE_BYTES: u64 = 64 << 20;

/// Tags by their numbers in a file (TIFF 6.0, and its technical notes).
pub(super) mod tag {
    pub(in crate::codec::tiff) const NEW_SUBFILE_TYPE: u16 = 254;
    pub(in crate::codec::tiff) const IMAGE_WIDTH: u16 = 256;
    pub(in crate::codec::tiff) const IMAGE_LENGTH: u16 = 257;
    pub(in crate::codec::tiff) const BITS_PER_SAMPLE: u16 = 258;
    pub(in crate::codec::tiff) const COMPRESSION: u16 = 259;
    pub(in crate::codec::tiff) const PHOTOMETRIC: u16 = 262;
    pub(in crate::codec::tiff) const FILL_ORDER: u16 = 266;
    pub(in crate::codec::tiff) const MAKE: u16 = 271;
    pub(in crate::codec::tiff) const STRIP_OFFSETS: u16 = 273;
    pub(in crate::codec::tiff) const ORIENTATION: u16 = 274;
    pub(in crate::codec::tiff) const SAMPLES_PER_PIXEL: u16 = 277;
    pub(in crate::codec::tiff) const ROWS_PER_STRIP: u16 = 278;
    pub(in crate::codec::tiff) const STRIP_BYTE_COUNTS: u16 = 279;
    pub(in crate::codec::tiff) const X_RESOLUTION: u16 = 282;
    pub(in crate::codec::tiff) const Y_RESOLUTION: u16 = 283;
    pub(in crate::codec::tiff) const PLANAR: u16 = 284;
    pub(in crate::codec::tiff) const GROUP3_OPTIONS: u16 = 292;
    pub(in crate::codec::tiff) const RESOLUTION_UNIT: u16 = 296;
    pub(in crate::codec::tiff) const PREDICTOR: u16 = 317;
    pub(in crate::codec::tiff) const COLOR_MAP: u16 = 320;
    pub(in crate::codec::tiff) const TILE_WIDTH: u16 = 322;
    pub(in crate::codec::tiff) const TILE_LENGTH: u16 = 323;
    pub(in crate::codec::tiff) const TILE_OFFSETS: u16 = 324;
    pub(in crate::codec::tiff) const TILE_BYTE_COUNTS: u16 = 325;
    pub(in crate::codec::tiff) const INK_SET: u16 = 332;
    pub(in crate::codec::tiff) const EXTRA_SAMPLES: u16 = 338;
    pub(in crate::codec::tiff) const SAMPLE_FORMAT: u16 = 339;
    pub(in crate::codec::tiff) const JPEG_TABLES: u16 = 347;
    pub(in crate::codec::tiff) const JPEG_OFFSET: u16 = 513;
    pub(in crate::codec::tiff) const JPEG_RESTART_INTERVAL: u16 = 515;
    pub(in crate::codec::tiff) const JPEG_Q_TABLES: u16 = 519;
    pub(in crate::codec::tiff) const JPEG_DC_TABLES: u16 = 520;
    pub(in crate::codec::tiff) const JPEG_AC_TABLES: u16 = 521;
    pub(in crate::codec::tiff) const YCBCR_COEFFICIENTS: u16 = 529;
    pub(in crate::codec::tiff) const YCBCR_SUBSAMPLING: u16 = 530;
    pub(in crate::codec::tiff) const REFERENCE_BLACK_WHITE: u16 = 532;
    pub(in crate::codec::tiff) const ICC_PROFILE: u16 = 34_675;
    pub(in crate::codec::tiff) const DNG_VERSION: u16 = 50_706;
}

#[derive(Clone, Copy, Debug)]
struct File<'a> {
    bytes: &'a [u8],
    little: bool,
    big: bool,
}

impl<'a> File<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let (little, big) = match bytes {
            // Raw files of Olympus and Panasonic have signatures of their own.
            [b'I', b'I', 42 | b'R', 0 | b'O' | b'S', ..] | [b'I', b'I', b'U', 0, ..] => (true, false),
            [b'M', b'M', 0, 42, ..] | [b'M', b'M', b'O', b'R', ..] => (false, false),
            [b'I', b'I', 43, 0, ..] => (true, true),
            _ => (false, true),
        };
        Self { bytes, little, big }
    }

    fn number(self, at: u64, length: u64) -> Option<u64> {
        let push = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        let bytes = self.slice(at, length)?;
        Some(if self.little { bytes.iter().rev().fold(0, push) } else { bytes.iter().fold(0, push) })
    }

    fn slice(self, at: u64, length: u64) -> Option<&'a [u8]> {
        let from = usize::try_from(at).ok()?;
        self.bytes.get(from..from.checked_add(usize::try_from(length).ok()?)?)
    }
}

/// Bytes of one value of a field type; `None` for an unknown type.
pub(super) const fn type_bytes(kind: u16) -> Option<u64> {
    match kind {
        1 | 2 | 6 | 7 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 | 13 => Some(4),
        5 | 10 | 12 | 16 | 17 | 18 => Some(8),
        _ => None,
    }
}

/// A field of a directory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) tag: u16,
    /// The type of its values.
    pub(super) kind: u16,
    /// Their number.
    pub(super) count: u64,
    /// Offset of its values.
    at: u64,
}

/// One page: its directory and the file.
#[derive(Clone, Debug)]
pub(super) struct Directory<'a> {
    file: File<'a>,
    fields: Vec<Field>,
}

impl<'a> Directory<'a> {
    fn field(&self, tag: u16) -> Option<Field> {
        self.fields.iter().find(|field| field.tag == tag).copied()
    }

    /// Whether the file stores numbers with their lowest byte first.
    pub(super) const fn is_little_endian(&self) -> bool {
        self.file.little
    }

    /// Its fields.
    pub(super) fn fields(&self) -> impl Iterator<Item = Field> + '_ {
        self.fields.iter().copied()
    }

    /// The directory that a tag points to; `None` if there is none.
    pub(super) fn below(&self, tag: u16) -> Option<Self> {
        let at = self.number(tag, 0).ok().filter(|&at| at != 0)?;
        directory(self.file, at).ok().map(|(directory, _)| directory)
    }

    /// The whole file.
    pub(super) const fn bytes(&self) -> &'a [u8] {
        self.file.bytes
    }

    /// A tag's values as they are stored, whatever their type; `None` if they are missing or beyond the file's end.
    pub(super) fn data(&self, tag: u16) -> Option<&'a [u8]> {
        let field = self.field(tag)?;
        let length = type_bytes(field.kind)?.checked_mul(field.count)?;
        self.file.slice(field.at, length).filter(|_| length <= MAX_VALUE_BYTES)
    }

    /// A tag's unsigned numbers; `None` if there are none. Negative ones count as 0.
    pub(super) fn numbers(&self, tag: u16) -> Result<Option<Vec<u64>>, ItemError> {
        let Some(field) = self.field(tag) else { return Ok(None) };
        let Some(bytes) = type_bytes(field.kind).filter(|_| !matches!(field.kind, 5 | 10 | 11 | 12)) else {
            return Ok(None);
        };
        let length = bytes.saturating_mul(field.count);
        if length > MAX_VALUE_BYTES {
            return Err(errors::too_large("needs_too_much_memory"));
        }
        if self.file.slice(field.at, length).is_none() {
            let end = field.at.saturating_add(length);
            return Err(errors::truncated_before(self.file.bytes.len() as u64, end));
        }
        let is_signed = matches!(field.kind, 6 | 8 | 9 | 17);
        let value = |n: u64| {
            let value = self.file.number(field.at + n * bytes, bytes).unwrap_or(0);
            if is_signed && value >> (bytes * 8 - 1) == 1 { 0 } else { value }
        };
        Ok(Some((0..field.count).map(value).collect()).filter(|list: &Vec<u64>| !list.is_empty()))
    }

    /// A tag's first number, or a default.
    pub(super) fn number(&self, tag: u16, default: u64) -> Result<u64, ItemError> {
        Ok(self.numbers(tag)?.and_then(|list| list.first().copied()).unwrap_or(default))
    }

    /// A tag's fractions, floats or whole numbers.
    pub(super) fn reals(&self, tag: u16) -> Option<Vec<f64>> {
        let field = self.field(tag)?;
        let bytes = type_bytes(field.kind)?;
        let values = self.data(tag)?.len() as u64 / bytes;
        let value = |n: u64| {
            let at = field.at + n * bytes;
            match field.kind {
                5 => {
                    let (top, bottom) = (self.file.number(at, 4)?, self.file.number(at + 4, 4)?);
                    (bottom > 0).then(|| top as f64 / bottom as f64)
                }
                10 => {
                    let (top, bottom) = (self.file.number(at, 4)?, self.file.number(at + 4, 4)?);
                    let signed = |value: u64| f64::from((value as u32).cast_signed());
                    (bottom > 0).then(|| signed(top) / signed(bottom))
                }
                11 => Some(f64::from(f32::from_bits(self.file.number(at, 4)? as u32))),
                12 => Some(f64::from_bits(self.file.number(at, 8)?)),
                _ => Some(self.file.number(at, bytes)? as f64),
            }
        };
        (0..values).map(value).collect()
    }
}

/// The directory at an offset, and the offset of the next one.
fn directory(file: File<'_>, at: u64) -> Result<(Directory<'_>, u64), ItemError> {
    let (offset_bytes, count_bytes, entry_bytes) = if file.big { (8, 8, 20) } else { (4, 2, 12) };
    // A directory usually comes after its pixels.
    let cut = || errors::truncated_before(file.bytes.len() as u64, at);
    let count = file.number(at, count_bytes).ok_or_else(cut)?;
    if count > file.bytes.len() as u64 / entry_bytes {
        return Err(errors::truncated());
    }
    let first = at + count_bytes;
    let mut fields = Vec::new();
    for entry in (0..count).map(|n| first + n * entry_bytes) {
        let head = |at, length| file.number(at, length).ok_or_else(errors::truncated);
        let (tag, kind, count) = (head(entry, 2)?, head(entry + 2, 2)? as u16, head(entry + 4, offset_bytes)?);
        let inline = entry + 4 + offset_bytes;
        let length = type_bytes(kind).unwrap_or(1).saturating_mul(count);
        let at = if length <= offset_bytes { inline } else { head(inline, offset_bytes)? };
        fields.push(Field { tag: tag as u16, kind, count, at });
    }
    // Files without the last link, which ends the chain, are not rare.
    let next = file.number(first + count * entry_bytes, offset_bytes).unwrap_or(0);
    Ok((Directory { file, fields }, next))
}

/// The first directory of a file, whatever its image is.
#[cfg(feature = "raw")]
pub(super) fn first(bytes: &[u8]) -> Option<Directory<'_>> {
    let file = File::new(bytes);
    let at = if file.big { file.number(8, 8) } else { file.number(4, 4) }?;
    directory(file, at).ok().map(|(directory, _)| directory)
}

/// The pages of a file. Reduced copies of a page and masks don't count, unless there is nothing else. A chain that
/// returns to an earlier page ends there, as in libtiff.
pub(super) fn pages(bytes: &[u8]) -> Result<Vec<Directory<'_>>, ItemError> {
    let file = File::new(bytes);
    page_offsets(file)?.into_iter().map(|at| Ok(directory(file, at)?.0)).collect()
}

/// The page with this number, from 0, and how many there are; no page if there are fewer. The directories of the others are
/// only passed over.
pub(super) fn page(bytes: &[u8], number: u32) -> Result<(Option<Directory<'_>>, u32), ItemError> {
    let file = File::new(bytes);
    let pages = page_offsets(file)?;
    let page = pages.get(number as usize).map(|at| directory(file, *at)).transpose()?;
    Ok((page.map(|(page, _)| page), pages.len() as u32))
}

/// Offsets of the directories of all pages.
fn page_offsets(file: File<'_>) -> Result<Vec<u64>, ItemError> {
    let mut at = if file.big { file.number(8, 8) } else { file.number(4, 4) }.ok_or_else(errors::truncated)?;
    let mut seen = Seen::default();
    let (mut pages, mut extras) = (Vec::new(), Vec::new());
    // Directories of good files don't overlap.
    let mut entry_bytes = 0;
    while at != 0 && seen.insert(at) {
        if seen.count > MAX_PAGES {
            return Err(errors::corrupt("tiff_loop"));
        }
        let passed = match pass_over(file, at) {
            // Some programs leave a random number behind the last page.
            Err(_) if !pages.is_empty() || !extras.is_empty() => break,
            other => other?,
        };
        entry_bytes += passed.entry_bytes;
        if entry_bytes > file.bytes.len() as u64 {
            return Err(errors::corrupt("tiff_loop"));
        }
        if passed.is_extra { &mut extras } else { &mut pages }.push(at);
        at = passed.next;
    }
    if pages.is_empty() {
        pages = extras;
    }
    if pages.is_empty() { Err(errors::corrupt("tiff_no_pages")) } else { Ok(pages) }
}

/// Offsets of a chain. Those of most files increase, so that there is nothing to compare.
#[derive(Default)]
struct Seen {
    count: usize,
    last: u64,
    increasing: Vec<u64>,
    all: HashSet<u64>,
}

impl Seen {
    /// Whether an offset is new; notes it.
    fn insert(&mut self, at: u64) -> bool {
        self.count += 1;
        if self.all.is_empty() && at > self.last {
            self.last = at;
            self.increasing.push(at);
            return true;
        }
        self.all.extend(self.increasing.drain(..));
        self.all.insert(at)
    }
}

/// What is known of a directory whose fields are not read.
struct PassedOver {
    /// Bytes of its entries.
    entry_bytes: u64,
    /// Whether its image is a reduced copy or a mask.
    is_extra: bool,
    /// Offset of the next directory.
    next: u64,
}

fn pass_over(file: File<'_>, at: u64) -> Result<PassedOver, ItemError> {
    let (offset_bytes, count_bytes, entry_bytes) = if file.big { (8, 8, 20) } else { (4, 2, 12) };
    let cut = || errors::truncated_before(file.bytes.len() as u64, at);
    let count = file.number(at, count_bytes).ok_or_else(cut)?;
    let first = at + count_bytes;
    let length = count.checked_mul(entry_bytes).ok_or_else(errors::truncated)?;
    let entries = file.slice(first, length).ok_or_else(errors::truncated)?;
    let number = u16::to_le_bytes(tag::NEW_SUBFILE_TYPE);
    let number = if file.little { number } else { [number[1], number[0]] };
    let at_tag = entries.chunks_exact(entry_bytes as usize).position(|entry| entry.starts_with(&number));
    let kind = at_tag.and_then(|n| {
        let entry = first + n as u64 * entry_bytes;
        let width = type_bytes(file.number(entry + 2, 2)? as u16)?.min(offset_bytes);
        file.number(entry + 4 + offset_bytes, width)
    });
    // Bit 0 is a reduced copy, bit 2 a mask.
    let is_extra = kind.is_some_and(|kind| kind & 5 != 0);
    // Files without the last link, which ends the chain, are not rare.
    let next = file.number(first + length, offset_bytes).unwrap_or(0);
    Ok(PassedOver { entry_bytes: length, is_extra, next })
}
