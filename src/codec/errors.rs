//! The module's errors, and the limits that are checked before memory is taken.

use std::fmt;

use crate::config::{MAX_PIXELS, MAX_SIDE_PX};
use crate::error::{ErrorKind, ItemError};

/// The file's bytes violate its format.
pub(super) fn corrupt(detail: impl fmt::Display) -> ItemError {
    ItemError::nameless(ErrorKind::Corrupt).with("detail", detail)
}

/// The file is truncated by an unknown amount.
pub(super) fn truncated() -> ItemError {
    ItemError::nameless(ErrorKind::Truncated)
}

/// The file is truncated: it has `had` of `wanted` bytes.
pub(super) fn truncated_at(had: u64, wanted: u64) -> ItemError {
    truncated().with("had", size(had)).with("wanted", size(wanted))
}

/// The file is truncated: it has `had` bytes and refers to an offset beyond them.
pub(super) fn truncated_before(had: u64, place: u64) -> ItemError {
    truncated().with("had", size(had)).with("wanted", format!("at least {}", size(place)))
}

/// The file is truncated: it has this many of its rows.
pub(super) fn truncated_rows(had: u32, wanted: u32) -> ItemError {
    truncated().with("had", had).with("wanted", format!("{wanted} rows"))
}

/// The file is truncated: it has this many of its passes.
pub(super) fn truncated_passes(had: u32, wanted: u32) -> ItemError {
    truncated().with("had", had).with("wanted", format!("{wanted} passes"))
}

/// The file is truncated: it has this many of its frames. `count_is_stored` is whether the file stores their number.
pub(super) fn truncated_frames(had: u32, wanted: u32, count_is_stored: bool) -> ItemError {
    let at_least = if count_is_stored { "" } else { "at least " };
    truncated().with("had", had).with("wanted", format!("{at_least}{wanted} frames"))
}

/// A known format with an unsupported feature.
pub(super) fn unsupported(detail: impl fmt::Display) -> ItemError {
    ItemError::nameless(ErrorKind::Unsupported).with("detail", detail)
}

/// Above a limit.
pub(super) fn too_large(detail: impl fmt::Display) -> ItemError {
    ItemError::nameless(ErrorKind::TooLarge).with("detail", detail)
}

/// The format can't hold this image.
pub(super) fn cant_encode(detail: impl fmt::Display) -> ItemError {
    ItemError::nameless(ErrorKind::CantEncode).with("detail", detail)
}

/// Refuses empty images, and those above `MAX_SIDE_PX` or `MAX_PIXELS`.
pub(super) fn within_limits(width_px: u32, height_px: u32) -> Result<(), ItemError> {
    if width_px == 0 || height_px == 0 {
        return Err(corrupt(format!("its size is {width_px} x {height_px} px")));
    }
    if width_px > MAX_SIDE_PX || height_px > MAX_SIDE_PX {
        return Err(too_large(format!("{width_px} x {height_px} px; at most {MAX_SIDE_PX} px per side")));
    }
    if u64::from(width_px) * u64::from(height_px) > MAX_PIXELS {
        return Err(too_large(format!("{width_px} x {height_px} px; at most {} megapixels", MAX_PIXELS / 1_000_000)));
    }
    Ok(())
}

/// A zeroed buffer of `len` values, or `TooLarge` if there is not enough memory.
pub(super) fn zeroed<T: Clone + Default>(len: u64) -> Result<Vec<T>, ItemError> {
    let len = usize::try_from(len).map_err(|_| no_memory(len))?;
    // Reserved first, because `vec!` aborts the program without memory; then `vec!`, because its zeros are the system's
    // own: a page without pixels takes no memory, however much a header claims.
    Vec::<T>::new().try_reserve_exact(len).map_err(|_| no_memory(len as u64))?;
    Ok(vec![T::default(); len])
}

/// An empty buffer for `len` values, or `TooLarge` if there is not enough memory.
pub(super) fn room<T>(len: u64) -> Result<Vec<T>, ItemError> {
    let mut room = Vec::new();
    let wanted = usize::try_from(len).map_err(|_| no_memory(len))?;
    room.try_reserve_exact(wanted).map_err(|_| no_memory(len))?;
    Ok(room)
}

fn no_memory(len: u64) -> ItemError {
    too_large(format!("couldn't allocate {}", size(len)))
}

/// A size in bytes for people, in decimal units.
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
            // Some decoders hide the cause of a truncated file; only their text reveals it.
            let words = other.to_string();
            let early = ENDS.iter().any(|end| words.contains(end));
            if ends_early(other) || early { truncated() } else { corrupt(plain_text(other)) }
        }
    }
}

/// Texts of decoders that mean a truncated file.
const ENDS: [&str; 5] = [
    "Unexpected end of PNM header",
    "Unexpected End of File",
    "failed to fill whole buffer",
    "Not enough data was provided",
    "unexpected input buffer end",
];

/// How the messages of the Netpbm and QOI decoders begin, and what they mean.
const MEANINGS: [(&str, &str); 19] = [
    ("Expected magic constant", "invalid Netpbm signature"),
    ("Error parsing", "invalid number in its header or data"),
    ("Non-ASCII-digit", "invalid number in its header or data"),
    ("Overflow when parsing", "number too large in its header or data"),
    ("Non-ASCII", "its header is not ASCII text"),
    ("Expected newline", "missing line break in its header"),
    ("Duplicate", "repeated field in its header"),
    ("Unknown header line", "unknown field in its header"),
    ("Missing header line", "missing field in its header"),
    ("Unexpected character", "invalid sample in its data"),
    ("Sample value", "a sample is outside the range given in its header"),
    ("Image MAXVAL", "invalid sample format in its header"),
    ("Invalid depth", "invalid sample format in its header"),
    ("Tuple type", "invalid sample format in its header"),
    ("invalid magic", "invalid QOI signature"),
    ("invalid number of channels", "invalid number of channels in its header"),
    ("invalid color space", "invalid colour space in its header"),
    ("invalid image", "invalid size in its header"),
    ("invalid padding", "missing end marker"),
];

/// The error's text without the library's internal names.
fn plain_text(error: &image::ImageError) -> String {
    // The outer error only names the format.
    let words = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    let meaning = MEANINGS.iter().find(|(begin, _)| words.starts_with(begin));
    meaning.map_or(words, |&(_, meaning)| meaning.to_owned())
}

/// Whether an end of file is among an error's causes.
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

#[cfg(test)]
mod tests {
    use crate::codec::{DecodeOptions, open};
    use crate::model::Band;

    /// Why a file can't be read.
    fn refusal(bytes: &[u8]) -> Option<String> {
        let read = || {
            let mut opened = open(bytes, &DecodeOptions::default())?;
            let mut band = Band::empty(&opened.rows.info());
            opened.rows.read_rows(u32::MAX, &mut band)
        };
        read().err().map(|error| error.to_string())
    }

    #[test]
    fn errors_of_files_are_plain_text() {
        let mut png = include_bytes!("../../tests/reference/source.png").to_vec();
        let crc = png.len() - 13;
        if let Some(byte) = png.get_mut(crc) {
            *byte ^= 1;
        }
        let cases: [(&[u8], &str); 5] = [
            (b"P2 2 2 9 1 2 3 x", "Netpbm"),
            (b"P2 2 2 0 1 2 3 4", "invalid sample format in its header"),
            (b"P7\nWIDTH 2\nWIDTH 2\nENDHDR\n", "repeated field in its header"),
            (b"qoif\0\0\0\x01\0\0\0\x01\x07\0\0\0\0\0\0\0\0\0\0\x01", "invalid number of channels"),
            (&png, "the checksum of its IDAT chunk is wrong"),
        ];
        for (bytes, words) in cases {
            let text = refusal(bytes).unwrap_or_default();
            assert!(!text.is_empty() && !text.contains("Format error") && !text.contains("ChunkType"), "{text}");
            assert!(text.contains(words) || words == "Netpbm", "{text}");
        }
    }
}
