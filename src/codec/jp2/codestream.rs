//! Where the codestream of a JPEG 2000 file is, and whether all of it is there (ISO 15444-1, annexes A and I).

use crate::codec::container::bmff::{Boxes, Fields, truncated_box};
use crate::codec::errors;
use crate::error::ItemError;

/// How JP2 files begin: their signature box.
pub(super) const JP2: &[u8] = b"\0\0\0\x0CjP  \r\n\x87\n";
/// How codestreams begin: with a start, and the marker of the size.
pub(super) const START: &[u8] = b"\xFF\x4F\xFF\x51";
/// Markers: a part of a tile begins, the codestream ends.
const PART: u16 = 0xFF90;
const END: [u8; 2] = [0xFF, 0xD9];
/// Bytes of what a part begins with, the marker included.
const PART_HEAD_BYTES: usize = 12;

pub(super) fn sniff(bytes: &[u8]) -> bool {
    bytes.starts_with(JP2) || bytes.starts_with(START)
}

/// The codestream, as far as it is there.
fn within(file: &[u8]) -> Result<&[u8], ItemError> {
    if !file.starts_with(JP2) {
        return Ok(file);
    }
    for one in Boxes::of_file(file) {
        match one {
            Ok((kind, body)) if kind == *b"jp2c" => return Ok(body),
            Ok(_) => {}
            Err(error) => {
                return truncated_box(file).filter(|(kind, _)| kind == b"jp2c").map(|(_, body)| body).ok_or(error);
            }
        }
    }
    Err(errors::corrupt("jp2_no_codestream"))
}

/// The offset behind the main header: that of the first part of a tile.
pub(super) fn main_header_bytes(stream: &[u8]) -> Option<usize> {
    let mut at = 2;
    loop {
        let mut fields = Fields(stream.get(at..)?);
        let (marker, length) = (fields.u16()?, fields.u16()?);
        if marker == PART {
            return Some(at);
        }
        if marker < 0xFF00 || length < 2 {
            return None;
        }
        at += 2 + usize::from(length);
    }
}

/// Refuses a file whose codestream ends early: its decoder would leave out what is missing.
pub(super) fn check_whole(file: &[u8]) -> Result<(), ItemError> {
    let stream = within(file)?;
    let Some(mut at) = main_header_bytes(stream) else { return Err(errors::truncated()) };
    while let Some(head) = stream.get(at..at + PART_HEAD_BYTES) {
        let mut fields = Fields(head);
        if fields.u16() != Some(PART) {
            break;
        }
        let length = fields.slice(4).and_then(|_| fields.u32()).unwrap_or(0) as usize;
        if length == 0 {
            // Up to the end of the codestream.
            return if stream.ends_with(&END) { Ok(()) } else { Err(errors::truncated()) };
        }
        let end = at.saturating_add(length.max(PART_HEAD_BYTES));
        if end > stream.len() {
            let before = stream.as_ptr().addr() - file.as_ptr().addr();
            return Err(errors::truncated_before(file.len() as u64, (before + end) as u64));
        }
        at = end;
    }
    // Some programs leave out what ends the codestream.
    let rest = stream.get(at..).unwrap_or_default();
    if rest.starts_with(&END) || (rest.is_empty() && !file.starts_with(JP2)) {
        Ok(())
    } else if END.starts_with(rest) || rest.starts_with(&PART.to_be_bytes()) {
        Err(errors::truncated())
    } else {
        Ok(())
    }
}
