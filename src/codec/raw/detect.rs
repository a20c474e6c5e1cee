//! Which files are camera raw files, by their bytes.

use crate::codec::meta::exif;

/// First bytes of the files of some makers.
const SIGNATURES: [&[u8]; 7] = [b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"\0MRM", b"FOVb"];

/// Whether a file's first bytes are those of a camera raw file. A TIFF file is one if its directories say that an image
/// holds a sensor's data, or has the tags of DNG.
pub(super) fn is_raw(bytes: &[u8]) -> bool {
    SIGNATURES.iter().any(|signature| bytes.starts_with(signature))
        || bytes.get(4..12) == Some(b"ftypcrx ")
        || bytes.get(6..14) == Some(b"HEAPCCDR")
        || is_phase_one(bytes)
        || exif::is_camera_raw(bytes)
}

/// Whether it is a file of Phase One, which is TIFF with another signature behind the first one.
fn is_phase_one(bytes: &[u8]) -> bool {
    match bytes.get(8..12) {
        Some(b"IIII") => bytes.starts_with(b"II*\0"),
        Some(b"MMMM") => bytes.starts_with(b"MM\0*"),
        _ => false,
    }
}
