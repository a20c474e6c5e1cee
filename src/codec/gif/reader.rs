//! The `gif` crate's decoder, with our limits and errors.

use std::io::Cursor;
use std::num::NonZeroU64;

use ::gif::{Decoder, DecodingError, MemoryLimit};

use crate::codec::errors;
use crate::error::ItemError;

pub(super) type Bytes<'a> = Cursor<&'a [u8]>;

pub(super) fn from_gif(error: &DecodingError) -> ItemError {
    match error {
        DecodingError::UnexpectedEof => errors::truncated(),
        DecodingError::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => errors::truncated(),
        DecodingError::OutOfMemory | DecodingError::MemoryLimit => errors::too_large("needs_too_much_memory"),
        other => errors::corrupt(errors::from_decoder(other)),
    }
}

/// A decoder at the first frame.
pub(super) fn decoder(bytes: &[u8]) -> Result<Decoder<Bytes<'_>>, ItemError> {
    let mut options = ::gif::DecodeOptions::new();
    // Frames are read into memory of our own: only profile and XMP blocks count here, no larger than the file.
    let most = NonZeroU64::new(bytes.len() as u64).unwrap_or(NonZeroU64::MIN);
    options.set_memory_limit(MemoryLimit::Bytes(most));
    options.read_info(Cursor::new(bytes)).map_err(|error| from_gif(&error))
}
