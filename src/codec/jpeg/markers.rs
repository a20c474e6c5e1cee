//! The segments of a JPEG file: reads and writes size, type, profile and metadata.

use super::metadata::{self, EXIF, ICC, Segments};
use crate::codec::errors;
use crate::codec::meta::density;
use crate::error::ItemError;
use crate::model::{Message, Metadata, Part};

const JFIF: &[u8] = b"JFIF\0";

/// How an image is coded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Process {
    #[default]
    Huffman,
    Arithmetic,
    Lossless,
}

/// The segments before the first scan.
#[derive(Debug, Default)]
pub(super) struct Markers {
    pub(super) process: Process,
    /// Bits of a sample.
    pub(super) precision: u8,
    pub(super) width_px: u32,
    pub(super) height_px: u32,
    pub(super) components: u8,
    /// Whether the file is progressive.
    pub(super) progressive: bool,
    /// Sampling factors of each component, across and down.
    pub(super) sampling: Vec<(u8, u8)>,
    /// Whether the first scan holds all components. If not, or in a progressive file, libjpeg keeps the coefficients of
    /// the whole image.
    pub(super) is_interleaved: bool,
    /// Whether Adobe's marker says how colours are stored.
    pub(super) has_adobe_marker: bool,
    /// Offset of the first scan's coded data in bytes.
    pub(super) data_at: usize,
    pub(super) profile: Option<Vec<u8>>,
    pub(super) metadata: Metadata,
}

impl Markers {
    /// Blocks of a minimum coded unit, across and down.
    fn unit_blocks(&self) -> (u64, u64) {
        let across = self.sampling.iter().map(|&(h, _)| u64::from(h)).max().unwrap_or(1);
        let down = self.sampling.iter().map(|&(_, v)| u64::from(v)).max().unwrap_or(1);
        (across, down)
    }

    /// Pixels that a minimum coded unit covers.
    pub(super) fn unit_px(&self) -> u64 {
        let (across, down) = self.unit_blocks();
        64 * across * down
    }

    /// Bytes of the coefficients that libjpeg keeps until the last scan: 64 of 16 bits for each block of each
    /// component, including whole units. 0 if there is only one scan.
    pub(super) fn coefficient_bytes(&self) -> u64 {
        if !self.progressive && self.is_interleaved { 0 } else { self.all_coefficient_bytes() }
    }

    /// Bytes of all coefficients.
    pub(super) fn all_coefficient_bytes(&self) -> u64 {
        let (across, down) = self.unit_blocks();
        let units = u64::from(self.width_px).div_ceil(8 * across) * u64::from(self.height_px).div_ceil(8 * down);
        let blocks: u64 = self.sampling.iter().map(|&(h, v)| u64::from(h) * u64::from(v)).sum();
        units.saturating_mul(blocks).saturating_mul(64 * 2)
    }
}

/// Reads the segments up to the first scan.
pub(super) fn read(bytes: &[u8]) -> Result<Markers, ItemError> {
    let mut markers = Markers::default();
    let mut icc: Vec<(u8, &[u8])> = Vec::new();
    let mut icc_count = 0;
    let mut segments = Segments::default();
    let mut stored_density = None;
    let mut at = 2;
    loop {
        let (marker, payload, next) = segment(bytes, at)?;
        match marker {
            0xC0..=0xC3 | 0xC9 | 0xCA => {
                markers.progressive = matches!(marker, 0xC2 | 0xCA);
                markers.process = match marker {
                    0xC3 => Process::Lossless,
                    0xC9 | 0xCA => Process::Arithmetic,
                    _ => Process::Huffman,
                };
                frame(payload, &mut markers)?;
            }
            0xC5..=0xC7 => return Err(errors::unsupported("jpeg_hierarchical")),
            0xCB | 0xCD..=0xCF => return Err(errors::unsupported("jpeg_arithmetic")),
            0xE0 => {
                if let Some(&[_, _, unit, x1, x0, y1, y0, ..]) = payload.strip_prefix(JFIF) {
                    let (x, y) = (f64::from(u16::from_be_bytes([x1, x0])), f64::from(u16::from_be_bytes([y1, y0])));
                    stored_density = match unit {
                        1 => density::from_inch(x, y),
                        2 => density::from_cm(x, y),
                        // A pixel aspect ratio, not a density.
                        _ => None,
                    };
                }
            }
            0xE2 => {
                if let Some(&[number, count, ref data @ ..]) = payload.strip_prefix(ICC) {
                    icc.push((number, data));
                    icc_count = count;
                } else {
                    segments.add(marker, payload);
                }
            }
            0xEE => markers.has_adobe_marker |= payload.starts_with(b"Adobe"),
            0xDA => {
                if markers.components == 0 {
                    return Err(errors::corrupt("jpeg_scan"));
                }
                markers.is_interleaved = payload.first() == Some(&markers.components);
                markers.data_at = next;
                break;
            }
            0xD9 => return Err(errors::corrupt("no_image")),
            _ => segments.add(marker, payload),
        }
        at = next;
    }
    if metadata::has_samsung_video(bytes) {
        segments.note(Part::Video);
    }
    markers.metadata = Metadata { density: stored_density, ..segments.metadata() };
    icc.sort_by_key(|&(number, _)| number);
    // Numbers may be wrong; but if each part is there twice, the profile is.
    let numbers = icc.chunk_by(|one, next| one.0 == next.0).count();
    if numbers == usize::from(icc_count) {
        icc.dedup_by_key(|&mut (number, _)| number);
    }
    markers.profile = (!icc.is_empty()).then(|| icc.iter().flat_map(|&(_, data)| data).copied().collect());
    Ok(markers)
}

/// The marker at or after `at`, its payload, and where the next one may be.
pub(super) fn segment(bytes: &[u8], at: usize) -> Result<(u8, &[u8], usize), ItemError> {
    let rest = bytes.get(at..).unwrap_or_default();
    // Stray bytes between segments are skipped, as every decoder does; fill bytes are 0xFF.
    let mut skipped = 0;
    let marker = loop {
        match rest.get(skipped..).unwrap_or_default() {
            [0xFF, marker @ 0x01..=0xFE, ..] => break *marker,
            [_, _, ..] => skipped += 1,
            _ => return Err(errors::truncated()),
        }
    };
    let body = at + skipped + 2;
    if matches!(marker, 0xD0..=0xD9 | 0x01) {
        return Ok((marker, &[], body));
    }
    let Some(&[high, low]) = bytes.get(body..body + 2) else { return Err(errors::truncated()) };
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length < 2 {
        return Err(errors::corrupt("jpeg_segment"));
    }
    let payload = bytes.get(body + 2..body + length).ok_or_else(errors::truncated)?;
    Ok((marker, payload, body + length))
}

/// The file with only what its pixels need: tables, frames and scans, JFIF without a density, the profile, Adobe's
/// colour transform, and the given EXIF block. Data after the end marker is dropped: previews and videos have metadata
/// of their own.
pub(super) fn stripped(bytes: &[u8], exif: Option<&[u8]>) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(bytes.len());
    out.extend([0xFF, 0xD8]);
    let mut at = 2;
    let mut is_first = true;
    loop {
        let (marker, payload, next) = segment(bytes, at).ok()?;
        let jfif = payload.strip_prefix(JFIF).filter(|_| marker == 0xE0 && is_first);
        if let Some(&[high, low, ..]) = jfif {
            // No unit, square pixels, no thumbnail.
            out.extend([0xFF, 0xE0, 0, 16]);
            out.extend_from_slice(JFIF);
            out.extend([high, low, 0, 0, 1, 0, 1, 0, 0]);
        }
        if is_first && let Some(exif) = exif {
            push_segment(&mut out, 0xE1, &[EXIF, exif].concat());
        }
        is_first = false;
        at = next;
        match marker {
            0xD9 => {
                out.extend([0xFF, 0xD9]);
                return Some(out);
            }
            0xE2 if !payload.starts_with(ICC) => {}
            0xE0 | 0xE1 | 0xE3..=0xED | 0xEF | 0xFE | 0x01 | 0xD0..=0xD8 => {}
            _ => push_segment(&mut out, marker, payload),
        }
        if marker == 0xDA {
            let coded = bytes.get(next..).unwrap_or_default();
            let end = scan_end(coded);
            out.extend_from_slice(coded.get(..end.unwrap_or(coded.len()))?);
            let Some(end) = end else { return Some(out) };
            at = next + end;
        }
    }
}

/// Where the coded data of a scan ends.
fn scan_end(coded: &[u8]) -> Option<usize> {
    // Within a scan, FF is followed by a zero or a restart number.
    let continues = |byte: u8| matches!(byte, 0 | 0xD0..=0xD7 | 0xFF);
    coded.array_windows().position(|&[first, second]| first == 0xFF && !continues(second))
}

/// Where the file of the first image ends, after its end marker.
pub(super) fn end(bytes: &[u8]) -> Option<usize> {
    let mut at = 2;
    loop {
        let (marker, _, next) = segment(bytes, at).ok()?;
        at = match marker {
            0xD9 => return Some(next),
            0xDA => next + scan_end(bytes.get(next..)?)?,
            _ => next,
        };
    }
}

/// A payload is at most 65,533 bytes: it was read from a segment, or made to fit one.
fn push_segment(out: &mut Vec<u8>, marker: u8, payload: &[u8]) {
    out.extend([0xFF, marker]);
    out.extend(((payload.len() + 2) as u16).to_be_bytes());
    out.extend_from_slice(payload);
}

fn frame(payload: &[u8], markers: &mut Markers) -> Result<(), ItemError> {
    let &[precision, h1, h0, w1, w0, components, ref sampling @ ..] = payload else {
        return Err(errors::corrupt("jpeg_frame"));
    };
    markers.precision = precision;
    if precision != 8 && !(markers.process == Process::Lossless && (2..=16).contains(&precision)) {
        return Err(errors::unsupported(Message::new("jpeg_precision").with("bits", precision)));
    }
    markers.height_px = u32::from(u16::from_be_bytes([h1, h0]));
    markers.width_px = u32::from(u16::from_be_bytes([w1, w0]));
    markers.components = components;
    if !matches!(components, 1 | 3 | 4) {
        return Err(errors::unsupported(Message::new("jpeg_components").with("count", components)));
    }
    if markers.height_px == 0 {
        return Err(errors::unsupported("jpeg_height"));
    }
    let sampling = sampling.as_chunks::<3>().0.iter().take(usize::from(components));
    markers.sampling = sampling.map(|&[_, factors, _]| ((factors >> 4).max(1), (factors & 15).max(1))).collect();
    Ok(())
}
