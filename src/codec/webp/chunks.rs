//! The chunks of a WebP file, and the conversion of libwebp's errors.

use super::libwebp::Failure;
use crate::codec::errors;
use crate::error::ItemError;

pub(super) fn from_failure(failure: Failure) -> ItemError {
    match failure {
        Failure::Truncated => errors::truncated(),
        Failure::Corrupt => errors::corrupt("webp_data"),
        Failure::Memory => errors::too_large("no_memory"),
        Failure::Unsupported => errors::unsupported("webp_feature"),
    }
}

/// The file's complete chunks: their kinds and data.
pub(super) fn chunks(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    chunks_in(bytes.get(12..).unwrap_or_default())
}

/// Complete chunks that follow each other.
pub(super) fn chunks_in(mut rest: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let (kind, after) = rest.split_first_chunk::<4>()?;
        let (length, after) = after.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length) as usize;
        let data = after.get(..length)?;
        rest = after.get(length.checked_add(length % 2)?..).unwrap_or_default();
        Some((*kind, data))
    })
}

/// A chunk's data.
pub(super) fn chunk(bytes: &[u8], wanted: [u8; 4]) -> Option<&[u8]> {
    chunks(bytes).find_map(|(kind, data)| (kind == wanted).then_some(data))
}
