//! The module's errors, and the limits that are checked before memory is taken.

use std::fmt;

use crate::config::{MAX_PIXELS, MAX_SIDE_PX};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Message, human};

/// The file's bytes violate its format.
pub(super) fn corrupt(why: impl Into<Message>) -> ItemError {
    ItemError::nameless(ErrorKind::Corrupt).saying(&why.into())
}

/// The file is truncated by an unknown amount.
pub(super) fn truncated() -> ItemError {
    ItemError::nameless(ErrorKind::Truncated)
}

/// The file is truncated: it has `had` of `wanted` bytes.
pub(super) fn truncated_at(had: u64, wanted: u64) -> ItemError {
    truncated().with("had", human::bytes(had)).with("wanted", human::bytes(wanted))
}

/// The file is truncated: it has `had` bytes and refers to an offset beyond them.
pub(super) fn truncated_before(had: u64, offset: u64) -> ItemError {
    let (had, least) = (human::bytes(had), human::bytes(offset));
    let why = Message::new("truncated_at_least").with("had", &had).with("wanted", &least);
    truncated().measured(had, format!("at least {least}"), &why)
}

/// The file is truncated: it has `had` bytes of an estimated number.
pub(super) fn truncated_about(had: u64, wanted: u64) -> ItemError {
    let (had, about) = (human::bytes(had), human::bytes(wanted));
    let why = Message::new("truncated_about").with("had", &had).with("wanted", &about);
    truncated().measured(had, format!("about {about}"), &why)
}

/// The file is truncated: it has this many of its rows.
pub(super) fn truncated_rows(had: u32, wanted: u32) -> ItemError {
    let why = Message::new("truncated_rows").with("had", had).count("count", u64::from(wanted));
    truncated().measured(had, format!("{wanted} rows"), &why)
}

/// The file is truncated: it has this many of its passes.
pub(super) fn truncated_passes(had: u32, wanted: u32) -> ItemError {
    let why = Message::new("truncated_passes").with("had", had).count("count", u64::from(wanted));
    truncated().measured(had, format!("{wanted} passes"), &why)
}

/// The file is truncated: it has this many of its frames. `count_is_stored` is whether the file stores their number.
pub(super) fn truncated_frames(had: u32, wanted: u32, count_is_stored: bool) -> ItemError {
    let (at_least, why) = if count_is_stored {
        ("", Message::new("truncated_frames"))
    } else {
        ("at least ", Message::new("truncated_frames_or_more"))
    };
    let why = why.with("had", had).count("count", u64::from(wanted));
    truncated().measured(had, format!("{at_least}{wanted} frames"), &why)
}

/// A known format with an unsupported feature.
pub(super) fn unsupported(why: impl Into<Message>) -> ItemError {
    ItemError::nameless(ErrorKind::Unsupported).saying(&why.into())
}

/// Above a limit.
pub(super) fn too_large(why: impl Into<Message>) -> ItemError {
    ItemError::nameless(ErrorKind::TooLarge).saying(&why.into())
}

/// The format can't hold this image.
pub(super) fn cant_encode(why: impl Into<Message>) -> ItemError {
    ItemError::nameless(ErrorKind::CantEncode).saying(&why.into())
}

/// An encoder got rows, or had to finish, before it was started.
pub(super) fn not_started() -> ItemError {
    cant_encode("encoder_not_started")
}

/// Refuses empty images, and those above `MAX_SIDE_PX` or `MAX_PIXELS`.
pub(super) fn within_limits(width_px: u32, height_px: u32) -> Result<(), ItemError> {
    let of_size = |id| Message::new(id).with("width", width_px).with("height", height_px);
    if width_px == 0 || height_px == 0 {
        return Err(corrupt(of_size("image_no_size")));
    }
    if width_px > MAX_SIDE_PX || height_px > MAX_SIDE_PX {
        return Err(too_large(of_size("image_side_limit").with("most", MAX_SIDE_PX)));
    }
    if u64::from(width_px) * u64::from(height_px) > MAX_PIXELS {
        return Err(too_large(of_size("image_pixel_limit").with("most", MAX_PIXELS / 1_000_000)));
    }
    Ok(())
}

/// A size enlarged by `1 / max_downscale`, or the size itself if that would exceed the limits.
pub(super) fn enlarged((width_px, height_px): (u32, u32), max_downscale: f64) -> (u32, u32) {
    // A fraction of a pixel too many is a rounding error.
    let side = |px: u32| ((f64::from(px) / max_downscale - 1e-6).ceil().max(1.0)) as u32;
    let size = (side(width_px), side(height_px));
    if within_limits(size.0, size.1).is_ok() { size } else { (width_px, height_px) }
}

/// A drawing's size for `max_downscale`: enlarged, or smaller, but not empty.
pub(super) fn drawn((width_px, height_px): (u32, u32), max_downscale: f64) -> (u32, u32) {
    let smaller = |side: u32| ((f64::from(side) / max_downscale).ceil() as u32).clamp(1, side);
    if max_downscale < 1.0 {
        enlarged((width_px, height_px), max_downscale)
    } else {
        (smaller(width_px), smaller(height_px))
    }
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
    too_large(Message::new("no_memory_for").with("size", human::bytes(len)))
}

/// The text of a decoding library, which has it in English only.
pub(super) fn from_decoder(text: impl fmt::Display) -> Message {
    Message::new("decoder_text").with("text", text)
}

/// The text of an encoding library, which has it in English only.
pub(super) fn from_encoder(text: impl fmt::Display) -> Message {
    Message::new("encoder_text").with("text", text)
}

/// A format can't hold images with longer sides.
pub(super) fn side_limit(format: &str, most_px: u32) -> ItemError {
    cant_encode(Message::new("format_side_most").with("format", format).with("most", most_px))
}

/// An error of the `image` crate's decoders.
pub(super) fn from_image(error: &image::ImageError) -> ItemError {
    use image::ImageError;
    match error {
        ImageError::IoError(io) if io.kind() == std::io::ErrorKind::UnexpectedEof => truncated(),
        ImageError::Limits(limits) => too_large(from_decoder(limits)),
        ImageError::Unsupported(what) => unsupported(from_decoder(what)),
        other => {
            // Some decoders hide the cause of a truncated file; only their text reveals it.
            let words = other.to_string();
            let early = ENDS.iter().any(|end| words.contains(end));
            if ends_early(other) || early { truncated() } else { corrupt(message(other)) }
        }
    }
}

/// Texts of decoders that mean a truncated file.
const ENDS: [&str; 6] = [
    "Unexpected end of PNM header",
    "Unexpected End of File",
    "failed to fill whole buffer",
    "Not enough data was provided",
    "unexpected input buffer end",
    // exr's, for the end of a file.
    "reference to missing bytes",
];

/// How the messages of the Netpbm and QOI decoders begin, and the ids of ours.
const MEANINGS: [(&str, &str); 19] = [
    ("Expected magic constant", "pnm_signature"),
    ("Error parsing", "pnm_number"),
    ("Non-ASCII-digit", "pnm_number"),
    ("Overflow when parsing", "pnm_large_number"),
    ("Non-ASCII", "pnm_ascii"),
    ("Expected newline", "pnm_line"),
    ("Duplicate", "pnm_repeated"),
    ("Unknown header line", "pnm_unknown"),
    ("Missing header line", "pnm_missing"),
    ("Unexpected character", "pnm_sample"),
    ("Sample value", "pnm_range"),
    ("Image MAXVAL", "pnm_format"),
    ("Invalid depth", "pnm_format"),
    ("Tuple type", "pnm_format"),
    ("invalid magic", "qoi_signature"),
    ("invalid number of channels", "qoi_channels"),
    ("invalid color space", "qoi_colour"),
    ("invalid image", "qoi_size"),
    ("invalid padding", "qoi_end"),
];

/// The error's text without the library's internal names.
fn message(error: &image::ImageError) -> Message {
    // The outer error only names the format.
    let words = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    let meaning = MEANINGS.iter().find(|(begin, _)| words.starts_with(begin));
    meaning.map_or_else(|| from_decoder(&words), |&(_, meaning)| Message::new(meaning))
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
