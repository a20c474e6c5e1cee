//! Files that end early, of formats that are only read as a whole: how many of their rows are there, and a view of such a
//! file that goes on to its end.

use std::io::{self, BufRead, Cursor, Read, Seek, SeekFrom};

use image::codecs::pnm::PnmDecoder;

use crate::model::{Format, ImageInfo};

/// Bytes of a QOI file before its pixels, and behind them.
const QOI_HEAD: usize = 14;
const QOI_END: [u8; 8] = [0, 0, 0, 0, 0, 0, 0, 1];
/// Pixels of QOI's longest run.
const QOI_RUN: u64 = 62;

static ZEROS: [u8; 4096] = [0; 4096];

/// What is there of a file.
pub(crate) struct Short {
    /// Rows that are whole.
    pub(crate) rows: u32,
    /// Whether those are the lowest ones.
    pub(crate) from_below: bool,
    /// Bytes of the file that count.
    length: usize,
    /// What is to follow them, and what after that, again and again.
    then: Vec<u8>,
    endless: &'static [u8],
}

impl Short {
    fn new(rows: u64, info: &ImageInfo, length: usize) -> Self {
        let rows = rows.min(u64::from(info.height_px)) as u32;
        Self { rows, from_below: false, length, then: Vec::new(), endless: &ZEROS }
    }

    /// Looks through a file's data; `None` where they make no sense.
    pub(crate) fn of(format: Format, bytes: &[u8], info: &ImageInfo) -> Option<Self> {
        match format {
            Format::Bmp => bitmap(bytes, info),
            Format::Tga => tga(bytes, info),
            Format::Qoi => qoi(bytes, info),
            Format::Pnm => netpbm(bytes, info),
            _ => None,
        }
    }

    /// The file, with something in place of what is missing.
    pub(crate) fn mended<'a>(&'a self, bytes: &'a [u8]) -> Mended<'a> {
        Mended { head: bytes.get(..self.length).unwrap_or(bytes), short: self, at: 0 }
    }
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.first_chunk().copied().map(u16::from_le_bytes)
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.first_chunk().copied().map(u32::from_le_bytes)
}

/// Bytes behind a place; none where the file does not reach there.
fn behind(bytes: &[u8], at: u64) -> u64 {
    (bytes.len() as u64).saturating_sub(at)
}

fn bitmap(bytes: &[u8], info: &ImageInfo) -> Option<Short> {
    let data_at = long(bytes, 10)?;
    // The oldest header has short sizes, and nothing to tell of compression.
    let old = long(bytes, 14)? == 12;
    let (bits, compression) = if old { (short(bytes, 24)?, 0) } else { (short(bytes, 28)?, long(bytes, 30)?) };
    let top_down = !old && long(bytes, 22)?.cast_signed() < 0;
    let short = match compression {
        1 | 2 => {
            let (rows, length) = run_lengths(bytes, data_at as usize, if compression == 1 { 8 } else { 4 });
            Short { then: vec![0, 1], ..Short::new(rows, info, length) }
        }
        _ => {
            let stride = (u64::from(info.width_px) * u64::from(bits)).div_ceil(32) * 4;
            Short::new(behind(bytes, u64::from(data_at)) / stride.max(1), info, bytes.len())
        }
    };
    Some(Short { from_below: !top_down, ..short })
}

/// Rows of run lengths that are whole, and where the last whole code ends.
fn run_lengths(bytes: &[u8], data_at: usize, bits: usize) -> (u64, usize) {
    let (mut at, mut rows) = (data_at.min(bytes.len()), 0);
    while let Some(&[count, value]) = bytes.get(at..at + 2) {
        let more = match (count, value) {
            (1.., _) => 0,
            (0, 0) => {
                rows += 1;
                0
            }
            (0, 1) => break,
            (0, 2) => {
                rows += bytes.get(at + 3).map_or(0, |&down| u64::from(down));
                2
            }
            (0, count) => (usize::from(count) * bits).div_ceil(16) * 2,
        };
        if at + 2 + more > bytes.len() {
            break;
        }
        at += 2 + more;
    }
    (rows, at)
}

fn tga(bytes: &[u8], info: &ImageInfo) -> Option<Short> {
    let &[id_bytes, has_map, kind, ..] = bytes else { return None };
    let entry_bytes = u64::from(*bytes.get(7)?).div_ceil(8);
    let map_bytes = if has_map == 0 { 0 } else { u64::from(short(bytes, 5)?) * entry_bytes };
    let data_at = 18 + u64::from(id_bytes) + map_bytes;
    let pixel_bytes = u64::from(*bytes.get(16)?).div_ceil(8).max(1);
    let top_down = *bytes.get(17)? & 0x20 != 0;
    let pixels = if kind < 8 {
        behind(bytes, data_at) / pixel_bytes
    } else {
        let (mut pixels, mut at) = (0, data_at);
        while let Some(&code) = usize::try_from(at).ok().and_then(|at| bytes.get(at)) {
            let (count, had) = (u64::from(code & 0x7F) + 1, behind(bytes, at + 1) / pixel_bytes);
            let is_run = code & 0x80 != 0;
            pixels += if is_run { count * had.min(1) } else { count.min(had) };
            at += 1 + pixel_bytes * if is_run { 1 } else { count };
        }
        pixels
    };
    let rows = pixels / u64::from(info.width_px.max(1));
    Some(Short { from_below: !top_down, ..Short::new(rows, info, bytes.len()) })
}

fn qoi(bytes: &[u8], info: &ImageInfo) -> Option<Short> {
    let all = u64::from(info.width_px) * u64::from(info.height_px);
    let (mut pixels, mut at) = (0, QOI_HEAD);
    while let Some(&code) = bytes.get(at).filter(|_| pixels < all) {
        let (length, count) = match code {
            0xFE => (4, 1),
            0xFF => (5, 1),
            0xC0.. => (1, u64::from(code & 63) + 1),
            0x80.. => (2, 1),
            _ => (1, 1),
        };
        if at + length > bytes.len() {
            break;
        }
        (pixels, at) = (pixels + count, at + length);
    }
    let missing = all.saturating_sub(pixels);
    let mut then = vec![0xC0 | (QOI_RUN - 1) as u8; usize::try_from(missing / QOI_RUN).ok()?];
    let rest = missing % QOI_RUN;
    then.extend((rest > 0).then(|| 0xC0 | (rest - 1) as u8));
    then.extend(QOI_END);
    Some(Short { then, ..Short::new(pixels / u64::from(info.width_px.max(1)), info, at) })
}

fn netpbm(bytes: &[u8], info: &ImageInfo) -> Option<Short> {
    let mut file = Cursor::new(bytes);
    PnmDecoder::new(&mut file).ok()?;
    let data_at = file.position();
    let data = bytes.get(usize::try_from(data_at).ok()?..)?;
    let row_samples = info.row_samples().max(1) as u64;
    let space = |byte: &u8| byte.is_ascii_whitespace();
    let ascii =
        |samples: usize, length| Short { endless: b"0\n", ..Short::new(samples as u64 / row_samples, info, length) };
    Some(match bytes.get(1)? {
        b'1' => ascii(data.iter().filter(|byte| byte.is_ascii_digit()).count(), bytes.len()),
        b'2' | b'3' => {
            // The last number may be cut.
            let whole = data.iter().rposition(space).map_or(0, |at| at + 1);
            let samples = data.get(..whole)?.split(space).filter(|number| !number.is_empty()).count();
            ascii(samples, data_at as usize + whole)
        }
        b'4' => Short::new(data.len() as u64 / u64::from(info.width_px).div_ceil(8).max(1), info, bytes.len()),
        _ => {
            let row_bytes = row_samples * info.sample.size_bytes() as u64;
            Short::new(data.len() as u64 / row_bytes, info, bytes.len())
        }
    })
}

/// A file that goes on behind its end.
pub(crate) struct Mended<'a> {
    head: &'a [u8],
    short: &'a Short,
    at: u64,
}

impl BufRead for Mended<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let at = usize::try_from(self.at).map_err(io::Error::other)?;
        let behind = at.saturating_sub(self.head.len());
        let endless = behind.saturating_sub(self.short.then.len()) % self.short.endless.len();
        let rest = self.head.get(at..).filter(|rest| !rest.is_empty());
        let rest = rest.or_else(|| self.short.then.get(behind..).filter(|rest| !rest.is_empty()));
        Ok(rest.or_else(|| self.short.endless.get(endless..)).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.at = self.at.saturating_add(amount as u64);
    }
}

impl Read for Mended<'_> {
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

impl Seek for Mended<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            // There is none.
            SeekFrom::End(_) => None,
        };
        self.at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}
