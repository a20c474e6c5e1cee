//! Strips a PNG file down to the chunks that its pixels and their colours need.

use super::chunks::SIGNATURE_BYTES;
use super::decode::probe;
use crate::codec::meta::exif::block_for;

/// Ancillary chunks that affect pixels: transparency, colours, frames.
const NEEDED: [&[u8; 4]; 13] = [
    b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"bKGD", b"acTL", b"fcTL", b"fdAT",
];
/// Bytes of a chunk apart from its data: length, kind, checksum.
const AROUND: usize = 12;

/// The file without its metadata. Chunks are copied with their checksums, so that damage is still detected.
pub(in crate::codec) fn stripped(bytes: &[u8]) -> Option<Vec<u8>> {
    let exif = block_for(probe(bytes, 0).ok()?.orientation);
    let (signature, mut rest) = bytes.split_at_checked(SIGNATURE_BYTES)?;
    let mut out = Vec::with_capacity(bytes.len());
    out.extend_from_slice(signature);
    loop {
        let (length, kind) = (*rest.first_chunk::<4>()?, *rest.get(4..)?.first_chunk::<4>()?);
        let length = usize::try_from(u32::from_be_bytes(length)).ok()?;
        let (chunk, behind) = rest.split_at_checked(length.checked_add(AROUND)?)?;
        // A capital letter marks a critical chunk.
        if kind.first().is_some_and(u8::is_ascii_uppercase) || NEEDED.contains(&&kind) {
            out.extend_from_slice(chunk);
        }
        if let (b"IHDR", Some(exif)) = (&kind, &exif) {
            push(&mut out, *b"eXIf", exif);
        }
        if kind == *b"IEND" {
            return Some(out);
        }
        rest = behind;
    }
}

/// A chunk with its checksum.
fn push(out: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    let mut sum = flate2::Crc::new();
    sum.update(&kind);
    sum.update(data);
    out.extend((data.len() as u32).to_be_bytes());
    out.extend(kind);
    out.extend_from_slice(data);
    out.extend(sum.sum().to_be_bytes());
}
