//! What can be decompressed of a damaged file's pixels, as a file that ends after it. The `png` crate gives no rows of
//! the block in which it finds damage, which may be all of a small image.

use std::io::Write as _;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc, Decompress, FlushDecompress, Status};

use super::SIGNATURE;
use super::chunks::SIGNATURE_BYTES;

/// Bytes that are decompressed at once: so much is lost before the damage at most.
const STEP_BYTES: usize = 256;

/// A file of the pixels that can be decompressed, at most `raw_bytes` with the bytes of their filters; `None` if there is
/// no damage but an early end.
pub(super) fn salvaged(bytes: &[u8], raw_bytes: usize) -> Option<Vec<u8>> {
    let mut out = SIGNATURE.to_vec();
    let (mut coded, mut is_damaged) = (Vec::new(), false);
    let mut rest = bytes.get(SIGNATURE_BYTES..)?;
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let Some((kind, after)) = after.split_first_chunk::<4>() else { break };
        let length = u32::from_be_bytes(*length) as usize;
        let data = after.get(..length.min(after.len()))?;
        let sum = after.get(length..).and_then(|rest| rest.first_chunk::<4>());
        is_damaged |= sum.is_some_and(|sum| u32::from_be_bytes(*sum) != checksum(*kind, data));
        match kind {
            b"IDAT" => coded.extend_from_slice(data),
            b"IEND" => break,
            _ if coded.is_empty() => push(&mut out, *kind, data),
            _ => {}
        }
        rest = after.get(length.saturating_add(4)..).unwrap_or_default();
    }
    let (raw, end) = decompressed(&coded, raw_bytes);
    if !is_damaged && end != End::Damaged {
        return None;
    }
    let mut stored = ZlibEncoder::new(Vec::new(), Compression::none());
    stored.write_all(&raw).and_then(|()| stored.flush()).ok()?;
    let is_whole = raw.len() == raw_bytes;
    if is_whole {
        push(&mut out, *b"IDAT", &stored.finish().ok()?);
        push(&mut out, *b"IEND", &[]);
    } else {
        // Without what ends the chunk.
        let stored = stored.get_ref();
        out.extend((stored.len() as u32).saturating_add(1).to_be_bytes());
        out.extend(b"IDAT");
        out.extend(stored);
    }
    Some(out)
}

fn push(out: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    out.extend((data.len() as u32).to_be_bytes());
    out.extend(kind);
    out.extend(data);
    out.extend(checksum(kind, data).to_be_bytes());
}

fn checksum(kind: [u8; 4], data: &[u8]) -> u32 {
    let mut sum = Crc::new();
    sum.update(&kind);
    sum.update(data);
    sum.sum()
}

/// How a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Whole,
    Early,
    Damaged,
}

fn decompressed(coded: &[u8], most: usize) -> (Vec<u8>, End) {
    let mut inflater = Decompress::new(true);
    let mut raw = Vec::new();
    let mut step = [0; STEP_BYTES];
    loop {
        let (read, had) = (inflater.total_in(), inflater.total_out());
        let input = coded.get(read as usize..).unwrap_or_default();
        let status = inflater.decompress(input, &mut step, FlushDecompress::None);
        let count = (inflater.total_out() - had) as usize;
        raw.extend(step.iter().take(count.min(most - raw.len())));
        match status {
            Ok(Status::StreamEnd) if raw.len() == most => return (raw, End::Whole),
            Ok(Status::StreamEnd) | Err(_) => return (raw, End::Damaged),
            Ok(_) if (inflater.total_in(), inflater.total_out()) == (read, had) => return (raw, End::Early),
            // More than the image takes is no damage.
            Ok(_) if raw.len() == most && inflater.total_out() as usize > most => return (raw, End::Whole),
            Ok(_) => {}
        }
    }
}
