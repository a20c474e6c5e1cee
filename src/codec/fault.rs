//! This room's errors, and the limits that come before any memory.

use std::fmt;

use crate::config::{MAX_PIXELS, MAX_SIDE_PX};
use crate::error::{ErrorKind, ItemError};

/// The file's bytes contradict its format.
pub(super) fn corrupt(detail: impl fmt::Display) -> ItemError {
    ItemError::nameless(ErrorKind::Corrupt).with("detail", detail)
}

/// The file ends early, nobody knows by how much.
pub(super) fn truncated() -> ItemError {
    ItemError::nameless(ErrorKind::Truncated)
}

/// The file ends early: `had` of `wanted` bytes.
pub(super) fn truncated_at(had: u64, wanted: u64) -> ItemError {
    truncated().with("had", size(had)).with("wanted", size(wanted))
}

/// The file ends early: so many of its rows were there.
pub(super) fn truncated_rows(had: u32, wanted: u32) -> ItemError {
    truncated().with("had", had).with("wanted", format!("{wanted} rows"))
}

/// A known format, of a sort that is not supported.
pub(super) fn unsupported(detail: impl fmt::Display) -> ItemError {
    ItemError::nameless(ErrorKind::Unsupported).with("detail", detail)
}

/// Above a limit.
pub(super) fn too_large(detail: impl fmt::Display) -> ItemError {
    ItemError::nameless(ErrorKind::TooLarge).with("detail", detail)
}

/// The format can't hold this picture.
pub(super) fn cant_encode(detail: impl fmt::Display) -> ItemError {
    ItemError::nameless(ErrorKind::CantEncode).with("detail", detail)
}

/// Refuses empty pictures, and those above `MAX_SIDE_PX` or `MAX_PIXELS`.
pub(super) fn within_limits(width_px: u32, height_px: u32) -> Result<(), ItemError> {
    if width_px == 0 || height_px == 0 {
        return Err(corrupt(format!("its size is {width_px} x {height_px} px")));
    }
    if width_px > MAX_SIDE_PX || height_px > MAX_SIDE_PX {
        return Err(too_large(format!("{width_px} x {height_px} px; at most {MAX_SIDE_PX} px a side")));
    }
    if u64::from(width_px) * u64::from(height_px) > MAX_PIXELS {
        return Err(too_large(format!("{width_px} x {height_px} px; at most {} megapixels", MAX_PIXELS / 1_000_000)));
    }
    Ok(())
}

/// A zeroed buffer of `len` values, or `TooLarge` when the machine has no such memory.
pub(super) fn zeroed<T: Clone + Default>(len: u64) -> Result<Vec<T>, ItemError> {
    let len = usize::try_from(len).map_err(|_| no_memory(len))?;
    // Asked for first, since `vec!` ends the program when there is none; then `vec!`, since its zeros are the system's
    // own: a page that no pixel is written to takes no memory, however much a header claims.
    Vec::<T>::new().try_reserve_exact(len).map_err(|_| no_memory(len as u64))?;
    Ok(vec![T::default(); len])
}

/// An empty buffer with room for `len` values, or `TooLarge` when the machine has no such memory.
pub(super) fn room<T>(len: u64) -> Result<Vec<T>, ItemError> {
    let mut room = Vec::new();
    let wanted = usize::try_from(len).map_err(|_| no_memory(len))?;
    room.try_reserve_exact(wanted).map_err(|_| no_memory(len))?;
    Ok(room)
}

fn no_memory(len: u64) -> ItemError {
    too_large(format!("{} of memory are not to be had", size(len)))
}

/// A size in bytes as people write it, in decimal units.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

/// An error of the `image` crate's decoders.
pub(super) fn from_image(error: &image::ImageError) -> ItemError {
    use image::ImageError;
    match error {
        ImageError::IoError(io) if io.kind() == std::io::ErrorKind::UnexpectedEof => truncated(),
        ImageError::Limits(limits) => too_large(limits),
        ImageError::Unsupported(what) => unsupported(what),
        other => {
            // What some decoders say of a file's end hides its cause: only its words tell.
            let words = other.to_string();
            let end = ["Unexpected End of File", "failed to fill whole buffer"];
            if ends_early(other) || end.iter().any(|end| words.contains(end)) { truncated() } else { corrupt(other) }
        }
    }
}

/// Whether an end of file stands among an error's causes.
pub(super) fn ends_early(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>()
            && io.kind() == std::io::ErrorKind::UnexpectedEof
        {
            return true;
        }
        cause = error.source();
    }
    false
}
