//! The chunks of a PNG file, and the conversion of the `png` crate's errors.

use std::io::Cursor;

use ::png::DecodingError;

use crate::codec::errors;
use crate::error::ItemError;
use crate::model::Message;

/// Bytes of the signature.
pub(super) const SIGNATURE_BYTES: usize = 8;

pub(super) type Bytes<'a> = Cursor<&'a [u8]>;

pub(super) fn from_png(error: DecodingError) -> ItemError {
    match error {
        DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => errors::truncated(),
        DecodingError::LimitsExceeded => errors::too_large("needs_too_much_memory"),
        other => errors::corrupt(message(other.to_string())),
    }
}

/// A message of the library, with chunks named by their four letters alone.
fn message(mut words: String) -> Message {
    const BEGIN: &str = "ChunkType { type: ";
    while let Some(begin) = words.find(BEGIN)
        && let Some((name, behind)) = words.get(begin + BEGIN.len()..).and_then(|rest| rest.split_once(','))
        && let Some((_, behind)) = behind.split_once('}')
    {
        if words.starts_with("CRC error") {
            return Message::new("png_checksum").with("chunk", name);
        }
        words = format!("{}{name}{behind}", words.get(..begin).unwrap_or_default());
    }
    errors::from_decoder(words.trim_end_matches('.'))
}

/// The file's complete chunks: their kinds and data.
pub(super) fn chunks(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = bytes.get(SIGNATURE_BYTES..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (kind, after) = after.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length) as usize;
        let data = after.get(..length)?;
        // The data is followed by a checksum.
        rest = after.get(length.checked_add(4)?..).unwrap_or_default();
        Some((*kind, data))
    })
}
