//! The level of deflate for an image, by its first rows: the fast one, unless the other one makes the file much smaller.

use ::png::{Compression, DeflateCompression, Encoder, Filter, Info};

/// The level that is worth its time where the fast one compresses poorly: higher ones take twice to nine times as long for
/// a few percent (benches/README.md has the figures).
const LEVEL: u8 = 3;
/// The level is chosen if the file becomes smaller than this share of the fast level's. It takes three times as long.
const WORTH_IT: f64 = 0.75;
/// The same for flat images, which take less time than others at any level.
const WORTH_IT_FLAT: f64 = 1.0;
/// Rows with fewer bytes take no time at any level.
const SMALL_BYTES: usize = 64 << 10;
/// Parts of the rows that are tried, and bytes of each.
const PARTS: usize = 4;
const PART_BYTES: usize = 24 << 10;

/// The level for a file whose first rows these are; `None` is the fast one.
pub(super) fn of(head: &Info<'_>, bytes: &[u8]) -> Option<u8> {
    let row_bytes = head.raw_row_length().saturating_sub(1);
    if bytes.len() < SMALL_BYTES {
        return Some(LEVEL);
    }
    let rows = (PART_BYTES / row_bytes.max(1)).max(2);
    let all = bytes.len() / row_bytes.max(1);
    let tried: Vec<u8> = if all <= rows * PARTS {
        bytes.to_vec()
    } else {
        let starts = (0..PARTS).map(|part| (all - rows) * part / (PARTS - 1) * row_bytes);
        starts.filter_map(|start| bytes.get(start..start + rows * row_bytes)).flatten().copied().collect()
    };
    let fast = size(head, &tried, row_bytes, |encoder| encoder.set_compression(Compression::Fast))?;
    let slow = size(head, &tried, row_bytes, |encoder| {
        encoder.set_deflate_compression(DeflateCompression::Level(LEVEL));
    })?;
    let worth_it = if is_flat(bytes, row_bytes) { WORTH_IT_FLAT } else { WORTH_IT };
    ((slow as f64) < fast as f64 * worth_it).then_some(LEVEL)
}

/// Bytes of a file of these rows.
fn size(
    head: &Info<'_>,
    rows: &[u8],
    row_bytes: usize,
    set: impl FnOnce(&mut Encoder<'_, &mut Vec<u8>>),
) -> Option<usize> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, head.width, (rows.len() / row_bytes.max(1)) as u32);
    encoder.set_color(head.color_type);
    encoder.set_depth(head.bit_depth);
    set(&mut encoder);
    encoder.set_filter(Filter::Adaptive);
    encoder.write_header().ok()?.write_image_data(rows).ok()?;
    Some(out.len())
}

/// Whether most bytes equal those above them, as in drawings and screenshots.
fn is_flat(samples: &[u8], row_bytes: usize) -> bool {
    let Some(below) = samples.get(row_bytes..).filter(|below| !below.is_empty()) else { return false };
    let equal = samples.iter().zip(below).filter(|(above, below)| above == below).count();
    equal * 2 > below.len()
}
