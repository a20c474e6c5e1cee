//! Decompression of a strip or tile to the bytes of its rows. Every method fills a buffer and returns the number of
//! bytes found: fewer than wanted is for the caller to judge, and data that is left over is ignored, because programs
//! compress padding too.

use flate2::{Decompress, FlushDecompress, Status};

use super::fax::{self, Coding};
use super::lzw;
use crate::codec::errors;
use crate::error::ItemError;
use crate::model::{Message, TiffCompression};

/// How strips and tiles are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Plain,
    Fax(Coding),
    Lzw,
    Jpeg,
    /// JPEG as in TIFF 6.0, section 22.
    OldJpeg,
    Deflate,
    PackBits,
    ThunderScan,
    Next,
    Zstd,
    WebP,
}

impl Method {
    /// The method of a compression tag. `options` are those of fax group 3.
    pub(super) fn of(compression: u64, options: u64) -> Result<Self, ItemError> {
        let name = match compression {
            0 | 1 => return Ok(Self::Plain),
            2 => return Ok(Self::Fax(Coding::Rle { words: false })),
            3 if options & 1 == 1 => return Ok(Self::Fax(Coding::Group3 { two_dimensional: true })),
            3 => return Ok(Self::Fax(Coding::Group3 { two_dimensional: false })),
            4 => return Ok(Self::Fax(Coding::Group4)),
            5 => return Ok(Self::Lzw),
            6 => return Ok(Self::OldJpeg),
            7 => return Ok(Self::Jpeg),
            8 | 32_946 => return Ok(Self::Deflate),
            32_766 => return Ok(Self::Next),
            32_771 => return Ok(Self::Fax(Coding::Rle { words: true })),
            32_773 => return Ok(Self::PackBits),
            32_809 => return Ok(Self::ThunderScan),
            50_000 => return Ok(Self::Zstd),
            50_001 => return Ok(Self::WebP),
            9 | 10 | 34_661 => "JBIG".to_owned(),
            32_909 => "PixarLog".to_owned(),
            34_676 | 34_677 => "SGI Log".to_owned(),
            34_712 | 33_003 | 33_005 => "JPEG 2000".to_owned(),
            34_887 => "LERC".to_owned(),
            34_925 => "LZMA".to_owned(),
            34_892 => "lossy JPEG (DNG)".to_owned(),
            50_002 | 52_546 => "JPEG XL".to_owned(),
            number => format!("method {number}"),
        };
        Err(errors::unsupported(Message::new("tiff_compression").with("method", name)))
    }

    /// The method as results have it; `None` if they don't.
    pub(super) const fn as_written(self) -> Option<TiffCompression> {
        match self {
            Self::Plain => Some(TiffCompression::None),
            Self::Fax(Coding::Group3 { .. }) => Some(TiffCompression::G3),
            // Group 4 is smaller than runs alone.
            Self::Fax(Coding::Group4 | Coding::Rle { .. }) => Some(TiffCompression::G4),
            Self::Lzw => Some(TiffCompression::Lzw),
            Self::Deflate => Some(TiffCompression::Deflate),
            Self::PackBits => Some(TiffCompression::PackBits),
            Self::Zstd => Some(TiffCompression::Zstd),
            Self::Jpeg | Self::OldJpeg | Self::ThunderScan | Self::Next | Self::WebP => None,
        }
    }

    /// Whether a chunk is an image of its own.
    pub(super) const fn is_image(self) -> bool {
        matches!(self, Self::Jpeg | Self::OldJpeg | Self::WebP)
    }

    /// How many bytes of pixels a byte of this method can hold at most, roughly.
    pub(super) const fn most_ratio(self) -> u64 {
        match self {
            Self::Plain => 1,
            Self::Zstd | Self::WebP => 100_000,
            _ => 2_000,
        }
    }

    /// Fills `out` with rows of `row_bytes` bytes, each with `width` pixels; returns the number of bytes found.
    pub(super) fn unpack(self, data: &[u8], out: &mut [u8], width: usize, row_bytes: usize) -> usize {
        match self {
            Self::Plain | Self::Jpeg | Self::OldJpeg | Self::WebP => {
                let had = data.len().min(out.len());
                for (to, from) in out.iter_mut().zip(data) {
                    *to = *from;
                }
                had
            }
            Self::Fax(coding) => fax::unpack(data, coding, width, out) * row_bytes,
            Self::Lzw => lzw::unpack(data, out),
            Self::Deflate => inflate(data, out),
            Self::PackBits => pack_bits(data, out),
            Self::ThunderScan => thunder_scan(data, out, width, row_bytes),
            Self::Next => next(data, out, width, row_bytes),
            Self::Zstd => zstd_unpack(data, out),
        }
    }
}

fn inflate(data: &[u8], out: &mut [u8]) -> usize {
    // Streams without zlib's header exist.
    let has_header = matches!(data, [first, second, ..]
        if first & 15 == 8 && (u16::from(*first) << 8 | u16::from(*second)) % 31 == 0);
    let mut inflater = Decompress::new(has_header);
    loop {
        let (read, had) = (inflater.total_in() as usize, inflater.total_out() as usize);
        let (Some(rest), Some(room)) = (data.get(read..), out.get_mut(had..)) else { return had };
        let status = inflater.decompress(rest, room, FlushDecompress::None);
        let now = (inflater.total_in() as usize, inflater.total_out() as usize);
        if !matches!(status, Ok(Status::Ok)) || now == (read, had) {
            return now.1;
        }
    }
}

/// PackBits (TIFF 6.0, section 9).
fn pack_bits(data: &[u8], out: &mut [u8]) -> usize {
    let (mut data, mut had) = (data, 0);
    while let Some((&control, rest)) = data.split_first() {
        let room = out.get_mut(had..).unwrap_or_default();
        if room.is_empty() {
            break;
        }
        let control = control.cast_signed();
        if control >= 0 {
            let count = (control as usize + 1).min(rest.len());
            for (to, from) in room.iter_mut().zip(rest.iter().take(count)) {
                *to = *from;
            }
            had += count.min(room.len());
            data = rest.get(count..).unwrap_or_default();
        } else if control == -128 {
            data = rest;
        } else {
            let Some((&value, rest)) = rest.split_first() else { break };
            let count = (1 - isize::from(control)) as usize;
            room.iter_mut().take(count).for_each(|to| *to = value);
            had += count.min(room.len());
            data = rest;
        }
    }
    had
}

/// ThunderScan's runs and differences of 4-bit pixels, as libtiff's `tif_thunder.c` reads them.
fn thunder_scan(data: &[u8], out: &mut [u8], width: usize, row_bytes: usize) -> usize {
    const TWO_BITS: [u8; 4] = [0, 1, 0, 15];
    const THREE_BITS: [u8; 8] = [0, 1, 2, 3, 0, 13, 14, 15];
    let mut data = data.iter();
    let mut had = 0;
    for row in out.chunks_exact_mut(row_bytes.max(1)) {
        let (mut x, mut last) = (0, 0u8);
        let mut put = |value: u8, x: &mut usize| {
            if let Some(byte) = row.get_mut(*x / 2).filter(|_| *x < width) {
                *byte = if x.is_multiple_of(2) { value << 4 } else { *byte | value };
            }
            *x += 1;
        };
        while x < width {
            let Some(&code) = data.next() else { return had };
            let low = code & 63;
            match code >> 6 {
                0 => (0..low).for_each(|_| put(last, &mut x)),
                1 => {
                    for shift in [4, 2, 0] {
                        let delta = low >> shift & 3;
                        if delta != 2 {
                            last = last.wrapping_add(TWO_BITS[usize::from(delta)]) & 15;
                            put(last, &mut x);
                        }
                    }
                }
                2 => {
                    for shift in [3, 0] {
                        let delta = low >> shift & 7;
                        if delta != 4 {
                            last = last.wrapping_add(THREE_BITS[usize::from(delta)]) & 15;
                            put(last, &mut x);
                        }
                    }
                }
                _ => {
                    last = low & 15;
                    put(last, &mut x);
                }
            }
        }
        had += row_bytes;
    }
    had
}

/// NeXT's 2-bit runs, as libtiff's `tif_next.c` reads them: rows begin white.
fn next(data: &[u8], out: &mut [u8], width: usize, row_bytes: usize) -> usize {
    let (mut data, mut had) = (data, 0);
    for row in out.chunks_exact_mut(row_bytes.max(1)) {
        row.fill(0xFF);
        let Some((&kind, rest)) = data.split_first() else { return had };
        data = rest;
        if kind == 0 {
            let Some((literal, rest)) = data.split_at_checked(row_bytes) else { return had };
            row.copy_from_slice(literal);
            data = rest;
        } else if kind == 0x40 {
            let Some((&[offset_high, offset_low, count_high, count_low], rest)) = data.split_first_chunk::<4>() else {
                return had;
            };
            let offset = usize::from(u16::from_be_bytes([offset_high, offset_low]));
            let count = usize::from(u16::from_be_bytes([count_high, count_low]));
            let Some((literal, rest)) = rest.split_at_checked(count) else { return had };
            for (to, from) in row.iter_mut().skip(offset).zip(literal) {
                *to = *from;
            }
            data = rest;
        } else {
            let (mut x, mut code) = (0, kind);
            loop {
                for _ in 0..code & 63 {
                    if let Some(byte) = row.get_mut(x / 4).filter(|_| x < width) {
                        let shift = 6 - x % 4 * 2;
                        *byte = *byte & !(3 << shift) | (code >> 6) << shift;
                    }
                    x += 1;
                }
                if x >= width {
                    break;
                }
                let Some((&following, rest)) = data.split_first() else { return had };
                (code, data) = (following, rest);
            }
        }
        had += row_bytes;
    }
    had
}

fn zstd_unpack(data: &[u8], out: &mut [u8]) -> usize {
    use std::io::Read;
    let Ok(mut reader) = zstd::stream::read::Decoder::with_buffer(data) else { return 0 };
    let mut had = 0;
    while let Some(room) = out.get_mut(had..).filter(|room| !room.is_empty()) {
        match reader.read(room) {
            Ok(0) | Err(_) => break,
            Ok(count) => had += count,
        }
    }
    had
}
