//! Undoes the differences that strips and tiles are compressed as (TIFF 6.0, section 14, and Adobe's technical note 3
//! for floats), and the byte order of samples.

use super::layout::{Predictor, Stored};

/// Brings rows of `row_bytes` bytes to this machine's byte order, and undoes their prediction. `stride` is the number of
/// samples between those of neighbouring pixels.
pub(super) fn undo(
    rows: &mut [u8],
    row_bytes: usize,
    predictor: Predictor,
    stored: Stored,
    stride: usize,
    is_swapped: bool,
) {
    let (Stored::Whole(bits) | Stored::Float(bits)) = stored;
    // Other depths are packed, from the highest bit on, in both orders.
    let sample_bytes = match bits {
        16 | 24 | 32 | 64 => usize::from(bits) / 8,
        _ => 1,
    };
    if predictor == Predictor::Float {
        rows.chunks_exact_mut(row_bytes.max(1)).for_each(|row| float(row, sample_bytes, stride));
        return;
    }
    if is_swapped && sample_bytes > 1 {
        rows.chunks_exact_mut(sample_bytes).for_each(<[u8]>::reverse);
    }
    if predictor == Predictor::Horizontal {
        for row in rows.chunks_exact_mut(row_bytes.max(1)) {
            match sample_bytes {
                2 => sum(row.as_chunks_mut::<2>().0, stride, |a, b| {
                    u16::from_ne_bytes(a).wrapping_add(u16::from_ne_bytes(b)).to_ne_bytes()
                }),
                4 => sum(row.as_chunks_mut::<4>().0, stride, |a, b| {
                    u32::from_ne_bytes(a).wrapping_add(u32::from_ne_bytes(b)).to_ne_bytes()
                }),
                8 => sum(row.as_chunks_mut::<8>().0, stride, |a, b| {
                    u64::from_ne_bytes(a).wrapping_add(u64::from_ne_bytes(b)).to_ne_bytes()
                }),
                _ => sum(row.as_chunks_mut::<1>().0, stride, |[a], [b]| [a.wrapping_add(b)]),
            }
        }
    }
}

fn sum<const N: usize>(samples: &mut [[u8; N]], stride: usize, add: impl Fn([u8; N], [u8; N]) -> [u8; N]) {
    for n in stride..samples.len() {
        samples[n] = add(samples[n], samples[n - stride]);
    }
}

/// A row of floats, whose bytes are stored by significance, to this machine's order.
fn float(row: &mut [u8], sample_bytes: usize, stride: usize) {
    for n in stride..row.len() {
        row[n] = row[n].wrapping_add(row[n - stride]);
    }
    let planes = row.to_vec();
    let count = row.len() / sample_bytes.max(1);
    for (n, sample) in row.chunks_exact_mut(sample_bytes.max(1)).enumerate() {
        for (significance, byte) in sample.iter_mut().enumerate() {
            let plane = if cfg!(target_endian = "big") { significance } else { sample_bytes - 1 - significance };
            *byte = planes.get(plane * count + n).copied().unwrap_or(0);
        }
    }
}

/// Whether a predictor can be undone for samples of this kind.
pub(super) fn is_supported(predictor: Predictor, stored: Stored) -> bool {
    match predictor {
        Predictor::None => true,
        Predictor::Horizontal => {
            matches!(stored, Stored::Whole(8 | 16 | 32 | 64) | Stored::Float(16 | 32 | 64))
        }
        Predictor::Float => matches!(stored, Stored::Float(_)),
    }
}
