//! Expands a chunk's samples into the held rows: bits become integers, floats become 16 bits.

use super::layout::{Layout, Stored};
use crate::codec::errors;
use crate::codec::pixels::convert::Sample;
use crate::error::ItemError;
use crate::model::Samples;

/// The destination of a chunk's pixels.
pub(super) struct Target {
    pub(super) x: usize,
    /// The only sample that it holds, if there is a plane per sample.
    pub(super) plane: Option<usize>,
    pub(super) width: usize,
    pub(super) height: usize,
}

/// Resizes the buffer to this many samples, zeros if it is new.
pub(super) fn grow(samples: &mut Samples, len: u64) -> Result<(), ItemError> {
    if samples.len() as u64 == len {
        return Ok(());
    }
    *samples = match samples {
        Samples::U8(_) => Samples::U8(errors::zeroed(len)?),
        Samples::U16(_) => Samples::U16(errors::zeroed(len)?),
        Samples::F32(_) => Samples::F32(errors::zeroed(len)?),
    };
    Ok(())
}

/// Expands a chunk's samples into the held rows.
pub(super) fn unpack(chunk: &[u8], target: &Target, layout: &Layout, held: &mut Samples) {
    match (held, layout.stored) {
        (Samples::U8(held), Stored::Whole(8)) => spread(chunk, target, layout, held, 8, |row, n| row[n]),
        (Samples::U8(held), Stored::Whole(bits)) => {
            spread(chunk, target, layout, held, bits, |row, n| packed(row, n, bits) as u8);
        }
        (Samples::U16(held), Stored::Whole(16)) => {
            spread(chunk, target, layout, held, 16, |row, n| u16::from_ne_bytes(four(row, n)));
        }
        (Samples::U16(held), Stored::Whole(24)) => {
            spread(chunk, target, layout, held, 24, |row, n| {
                let [a, b, c] = four(row, n);
                if cfg!(target_endian = "big") { u16::from_be_bytes([a, b]) } else { u16::from_be_bytes([c, b]) }
            });
        }
        // The sixteen most significant bits.
        (Samples::U16(held), Stored::Whole(32)) => {
            spread(chunk, target, layout, held, 32, |row, n| (u32::from_ne_bytes(four(row, n)) >> 16) as u16);
        }
        (Samples::U16(held), Stored::Whole(64)) => {
            spread(chunk, target, layout, held, 64, |row, n| (u64::from_ne_bytes(four(row, n)) >> 48) as u16);
        }
        (Samples::U16(held), Stored::Whole(bits)) => {
            let max = (1u64 << bits) - 1;
            spread(chunk, target, layout, held, bits, |row, n| {
                ((u64::from(packed(row, n, bits)) * 65_535 + max / 2) / max) as u16
            });
        }
        (Samples::U16(held), Stored::Float(16)) => {
            let get = |row: &[u8], n| u16::from_f32(from_half(u16::from_ne_bytes(four(row, n))));
            spread(chunk, target, layout, held, 16, get);
        }
        (Samples::U16(held), Stored::Float(24)) => {
            let get = |row: &[u8], n| u16::from_f32(from_three_bytes(four(row, n)));
            spread(chunk, target, layout, held, 24, get);
        }
        (Samples::U16(held), Stored::Float(32)) => {
            spread(chunk, target, layout, held, 32, |row, n| u16::from_f32(f32::from_ne_bytes(four(row, n))));
        }
        (Samples::U16(held), Stored::Float(_)) => {
            // `as` saturates, and NaN becomes 0.
            let get = |row: &[u8], n| f64::from_ne_bytes(four(row, n)).mul_add(65_535.0, 0.5) as u16;
            spread(chunk, target, layout, held, 64, get);
        }
        _ => {}
    }
}

/// How many of a chunk's floats are above 1.0, which is white, and how many there are; 0 for integers.
pub(super) fn above_white(chunk: &[u8], stored: Stored) -> (u64, u64) {
    fn count(all: usize, is_above: impl Fn(usize) -> bool) -> (u64, u64) {
        ((0..all).filter(|&n| is_above(n)).count() as u64, all as u64)
    }
    match stored {
        Stored::Whole(_) => (0, 0),
        Stored::Float(16) => count(chunk.len() / 2, |n| from_half(u16::from_ne_bytes(four(chunk, n))) > 1.0),
        Stored::Float(24) => count(chunk.len() / 3, |n| from_three_bytes(four(chunk, n)) > 1.0),
        Stored::Float(32) => count(chunk.len() / 4, |n| f32::from_ne_bytes(four(chunk, n)) > 1.0),
        Stored::Float(_) => count(chunk.len() / 8, |n| f64::from_ne_bytes(four(chunk, n)) > 1.0),
    }
}

/// A byte; zeros after the last one belong to no sample.
fn byte(row: &[u8], at: usize) -> u8 {
    row.get(at).copied().unwrap_or(0)
}

/// The `n`th group of `N` bytes; the caller has checked that it exists.
fn four<const N: usize>(row: &[u8], n: usize) -> [u8; N] {
    row.get(n * N..).and_then(|rest| rest.first_chunk::<N>()).copied().unwrap_or([0; N])
}

fn spread<T>(
    chunk: &[u8],
    target: &Target,
    layout: &Layout,
    held: &mut [T],
    bits: u8,
    get: impl Fn(&[u8], usize) -> T,
) {
    let row_bytes = (layout.chunk.0 * layout.chunk_samples() * usize::from(bits)).div_ceil(8);
    let row_samples = layout.width * layout.samples;
    let rows = chunk.chunks_exact(row_bytes.max(1)).take(target.height);
    for (row, held) in rows.zip(held.chunks_exact_mut(row_samples.max(1))) {
        let Some(held) = held.get_mut(target.x * layout.samples..(target.x + target.width) * layout.samples) else {
            return;
        };
        match target.plane {
            None => held.iter_mut().enumerate().for_each(|(n, sample)| *sample = get(row, n)),
            Some(plane) => {
                let samples = held.iter_mut().skip(plane).step_by(layout.samples);
                samples.enumerate().for_each(|(n, sample)| *sample = get(row, n));
            }
        }
    }
}

/// The `n`th of samples of `bits` bits that follow one another from the highest bit on.
fn packed(row: &[u8], n: usize, bits: u8) -> u32 {
    let bit = n * usize::from(bits);
    let bytes: [u8; 8] = std::array::from_fn(|k| byte(row, bit / 8 + k));
    (u64::from_be_bytes(bytes) << (bit % 8) >> (64 - u32::from(bits))) as u32
}

/// A float of 24 bits (Adobe's technical note 3): a sign, 7 bits of exponent, 16 of fraction.
fn from_three_bytes(bytes: [u8; 3]) -> f32 {
    let [high, middle, low] = if cfg!(target_endian = "big") { bytes } else { [bytes[2], bytes[1], bytes[0]] };
    let fraction = f32::from(u16::from_be_bytes([middle, low]));
    let value = match i32::from(high & 127) {
        0 => fraction * (-78f32).exp2(),
        127 if fraction == 0.0 => f32::INFINITY,
        127 => f32::NAN,
        exponent => (1.0 + fraction / 65_536.0) * ((exponent - 63) as f32).exp2(),
    };
    if high & 128 == 128 { -value } else { value }
}

/// IEEE 754 binary16.
fn from_half(half: u16) -> f32 {
    let (sign, exponent, fraction) = (half >> 15, i32::from(half >> 10 & 31), f32::from(half & 1023));
    let value = match exponent {
        0 => fraction * (-24f32).exp2(),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        exponent => (1.0 + fraction / 1024.0) * ((exponent - 15) as f32).exp2(),
    };
    if sign == 1 { -value } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_become_floats() {
        for (half, float) in [(0x3C00, 1.0), (0xC000, -2.0), (0x0001, 2f32.powi(-24)), (0x3555, 0.333_251_95), (0, 0.0)]
        {
            assert_eq!(from_half(half), float, "{half:#06x}");
        }
        assert!(from_half(0x7C00).is_infinite() && from_half(0x7E00).is_nan());
    }
}
