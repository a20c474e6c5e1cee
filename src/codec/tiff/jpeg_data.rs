//! JPEG data in strips and tiles: makes complete JPEG files of it, with the tables that a page keeps elsewhere.

use super::chunks::Chunks;
use super::directory::{Directory, tag};
use super::layout::Layout;
use crate::codec::errors;
use crate::error::ItemError;

const START: [u8; 2] = [0xFF, 0xD8];

/// A strip or tile of technical note 2 as a JPEG file: its tables first, and the colour transform that the page states
/// instead of those in its own segments.
pub(super) fn file(data: &[u8], tables: Option<&[u8]>, is_ycbcr: bool) -> Result<Vec<u8>, ItemError> {
    let mut file = errors::room(data.len() as u64 + 4_096)?;
    file.extend(START);
    let transform = u8::from(is_ycbcr);
    file.extend([0xFF, 0xEE, 0, 14, b'A', b'd', b'o', b'b', b'e', 0, 100, 0, 0, 0, 0, transform]);
    if let Some(tables) = tables {
        copy_segments(tables, &mut file);
    }
    if copy_segments(data, &mut file) { Ok(file) } else { Err(errors::corrupt("tiff_jpeg")) }
}

/// Copies segments, except those of applications, and everything from the first scan on. Whether there was a scan.
fn copy_segments(data: &[u8], out: &mut Vec<u8>) -> bool {
    let mut rest = data;
    loop {
        rest = match rest {
            [0xFF, 0xD8, after @ ..] => after,
            [0xFF, 0xDA, ..] => {
                out.extend_from_slice(rest);
                return true;
            }
            [0xFF, 0xD9, ..] | [] => return false,
            [0xFF, 0xFF, ..] => rest.get(1..).unwrap_or_default(),
            [0xFF, marker, high, low, ..] => {
                let length = usize::from(u16::from_be_bytes([*high, *low])) + 2;
                let Some((segment, after)) = rest.split_at_checked(length) else { return false };
                if !matches!(marker, 0xE0..=0xEF | 0xFE) {
                    out.extend_from_slice(segment);
                }
                after
            }
            _ => rest.get(1..).unwrap_or_default(),
        }
    }
}

/// Offset of a scan's coded data within JPEG data; `None` without a scan.
fn data_at(data: &[u8]) -> Option<usize> {
    let mut at = data.starts_with(&START).then_some(2)?;
    loop {
        match data.get(at..)? {
            [0xFF, 0xFF, ..] => at += 1,
            [0xFF, marker, high, low, ..] => {
                at += 2 + usize::from(u16::from_be_bytes([*high, *low]));
                match marker {
                    0xDA => return Some(at),
                    0xD9 => return None,
                    _ => {}
                }
            }
            _ => return None,
        }
    }
}

/// The whole page of an old-style JPEG (TIFF 6.0, section 22) as a JPEG file. Programs disagreed on what its tags mean,
/// so everything that libtiff's `tif_ojpeg.c` accepts is accepted here: a complete file at one offset, a header there
/// and coded data in strips, complete files in strips, or tables in tags of their own.
pub(super) fn old_style(page: &Directory<'_>, layout: &Layout, chunks: &Chunks) -> Result<Vec<u8>, ItemError> {
    let bytes = page.bytes();
    let start = page.number(tag::JPEG_OFFSET, 0)? as usize;
    let given = if start > 0 { bytes.get(start..).unwrap_or_default() } else { &[] };
    let strip_start = chunks.range(0).start as usize;
    let strip = bytes.get(strip_start..).filter(|_| strip_start > 0).unwrap_or_default();
    let is_ycbcr = layout.jpeg_is_ycbcr;
    if let Some(coded) = data_at(given) {
        if chunks.len() <= 1 || strip_start == start || strip_start == start + coded {
            return file(given, None, is_ycbcr);
        }
        return file(&strips_joined(given.get(..coded).unwrap_or_default(), page, layout, chunks)?, None, is_ycbcr);
    }
    if data_at(strip).is_some() {
        return file(strip, Some(given), is_ycbcr);
    }
    let mut header = START.to_vec();
    if given.starts_with(&START) {
        copy_segments(given, &mut header);
    } else {
        push_tables(page, &mut header)?;
    }
    push_frame(page, layout, &mut header)?;
    file(&strips_joined(&header, page, layout, chunks)?, None, is_ycbcr)
}

/// A header and the coded data of all strips. Each strip begins as after a restart marker.
fn strips_joined(header: &[u8], page: &Directory<'_>, layout: &Layout, chunks: &Chunks) -> Result<Vec<u8>, ItemError> {
    let scan_at = header.windows(2).rposition(|pair| pair == [0xFF, 0xDA]).unwrap_or(header.len());
    let (tables, scan) = header.split_at(scan_at);
    let mut joined = tables.to_vec();
    if !header.windows(4).any(|four| four == [0xFF, 0xDD, 0, 4]) {
        joined.extend(restart_interval(page, layout)?);
    }
    joined.extend_from_slice(scan);
    for n in 0..chunks.len() {
        if n > 0 {
            joined.extend([0xFF, 0xD0 + (n - 1) as u8 % 8]);
        }
        joined.extend_from_slice(chunks.data(n, page.bytes()));
    }
    Ok(joined)
}

/// A segment that says how many units of pixels a strip has, if there are several strips.
fn restart_interval(page: &Directory<'_>, layout: &Layout) -> Result<Vec<u8>, ItemError> {
    let (across, down) = if layout.samples == 1 { (1, 1) } else { layout.subsampling };
    let interval = match page.number(tag::JPEG_RESTART_INTERVAL, 0)? {
        0 => layout.width.div_ceil(8 * across) * (page.number(tag::ROWS_PER_STRIP, 0)? as usize).div_ceil(8 * down),
        interval => interval as usize,
    };
    let has_several = page.numbers(tag::STRIP_OFFSETS)?.is_some_and(|list| list.len() > 1);
    let interval = u16::try_from(interval).ok().filter(|&interval| interval > 0 && has_several);
    Ok(interval.map_or_else(Vec::new, |interval| [&[0xFF, 0xDD, 0, 4][..], &interval.to_be_bytes()].concat()))
}

/// The quantization and Huffman tables that tags point to.
fn push_tables(page: &Directory<'_>, out: &mut Vec<u8>) -> Result<(), ItemError> {
    let missing = || errors::corrupt("tiff_jpeg");
    let bytes_at = |at: u64, length: usize| page.bytes().get(at as usize..at as usize + length).ok_or_else(missing);
    for (n, at) in page.numbers(tag::JPEG_Q_TABLES)?.ok_or_else(missing)?.into_iter().take(4).enumerate() {
        out.extend([0xFF, 0xDB, 0, 67, n as u8]);
        out.extend_from_slice(bytes_at(at, 64)?);
    }
    for (class, tag) in [(0, tag::JPEG_DC_TABLES), (0x10, tag::JPEG_AC_TABLES)] {
        for (n, at) in page.numbers(tag)?.ok_or_else(missing)?.into_iter().take(4).enumerate() {
            let counts = bytes_at(at, 16)?;
            let values: usize = counts.iter().map(|&count| usize::from(count)).sum();
            out.extend([0xFF, 0xC4]);
            out.extend(((19 + values) as u16).to_be_bytes());
            out.push(class | n as u8);
            out.extend_from_slice(bytes_at(at, 16 + values)?);
        }
    }
    Ok(())
}

/// A frame header and a scan header for data without them.
fn push_frame(page: &Directory<'_>, layout: &Layout, out: &mut Vec<u8>) -> Result<(), ItemError> {
    let count = layout.samples.min(4);
    let (across, down) = if count == 1 { (1, 1) } else { layout.subsampling };
    out.extend(restart_interval(page, layout)?);
    let size = |px: usize| u16::try_from(px).map_err(|_| errors::corrupt("tiff_jpeg")).map(u16::to_be_bytes);
    out.extend([0xFF, 0xC0, 0, 8 + 3 * count as u8, 8]);
    out.extend(size(layout.height)?);
    out.extend(size(layout.width)?);
    out.push(count as u8);
    let tables = page.numbers(tag::JPEG_Q_TABLES)?.map_or(1, |list| list.len().max(1));
    let coders = page.numbers(tag::JPEG_DC_TABLES)?.map_or(1, |list| list.len().max(1));
    for n in 0..count {
        let factors = if n == 0 { (across << 4 | down) as u8 } else { 0x11 };
        out.extend([n as u8 + 1, factors, n.min(tables - 1) as u8]);
    }
    out.extend([0xFF, 0xDA, 0, 6 + 2 * count as u8, count as u8]);
    for n in 0..count {
        let coder = n.min(coders - 1) as u8;
        out.extend([n as u8 + 1, coder << 4 | coder]);
    }
    out.extend([0, 63, 0]);
    Ok(())
}
