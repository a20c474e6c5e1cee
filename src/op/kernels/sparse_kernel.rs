//! Weighted sums over a few pixels anywhere in a neighbourhood.

use pulp::NullaryFnOnce;

use super::simd;
use crate::op::stage::WindowRows;

/// Samples that a sum keeps in registers.
const BLOCK: usize = 64;

/// The pixels of a neighbourhood that contribute, and their weights.
pub(crate) struct SparseKernel {
    halo_px: u32,
    /// For each row of the neighbourhood: columns from its left edge, and their weights.
    rows: Vec<Vec<(usize, f32)>>,
}

impl SparseKernel {
    /// From weights at integer offsets to the right of and below the centre.
    pub(crate) fn new(taps: &[(i32, i32, f64)]) -> Self {
        let halo_px = taps.iter().map(|(x, y, _)| x.unsigned_abs().max(y.unsigned_abs())).max().unwrap_or(0);
        let mut rows = vec![Vec::new(); 2 * halo_px as usize + 1];
        for (x, y, weight) in taps.iter().filter(|(_, _, weight)| *weight != 0.0) {
            let index = |at: i32| (at + halo_px as i32) as usize;
            if let Some(row) = rows.get_mut(index(*y)) {
                row.push((index(*x), *weight as f32));
            }
        }
        Self { halo_px, rows }
    }

    /// Pixels needed on every side.
    pub(crate) const fn halo_px(&self) -> u32 {
        self.halo_px
    }

    /// Whether only the centre contributes.
    pub(crate) const fn is_identity(&self) -> bool {
        self.halo_px == 0
    }

    /// The sum for each sample of a run, from a neighbourhood's rows with their margins.
    pub(crate) fn sum(&self, rows: &WindowRows<'_>, channels: usize, out: &mut [f32]) {
        simd::wide(Sum { footprint: self, rows, channels, out });
    }
}

/// The four pixels around a position between pixels, with bilinear weights.
pub(crate) fn between(x: f64, y: f64, weight: f64) -> [(i32, i32, f64); 4] {
    let (left, top) = (x.floor(), y.floor());
    let (right, down) = (x - left, y - top);
    let (left, top) = (left as i32, top as i32);
    [
        (left, top, weight * (1.0 - right) * (1.0 - down)),
        (left + 1, top, weight * right * (1.0 - down)),
        (left, top + 1, weight * (1.0 - right) * down),
        (left + 1, top + 1, weight * right * down),
    ]
}

struct Sum<'a, 'b> {
    footprint: &'a SparseKernel,
    rows: &'a WindowRows<'b>,
    channels: usize,
    out: &'a mut [f32],
}

impl NullaryFnOnce for Sum<'_, '_> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Self { footprint, rows, channels, out } = self;
        let (blocks, rest) = out.as_chunks_mut::<BLOCK>();
        let rest_at = blocks.len() * BLOCK;
        for (i, block) in blocks.iter_mut().enumerate() {
            let mut sum = [0.0; BLOCK];
            for (row, taps) in rows.rows().zip(&footprint.rows) {
                for (column, weight) in taps {
                    let from = row.get(i * BLOCK + column * channels..);
                    if let Some(taps) = from.and_then(|from| from.first_chunk::<BLOCK>()) {
                        for (sum, tap) in sum.iter_mut().zip(taps) {
                            *sum += weight * tap;
                        }
                    }
                }
            }
            *block = sum;
        }
        rest.fill(0.0);
        for (row, taps) in rows.rows().zip(&footprint.rows) {
            for (column, weight) in taps {
                for (sum, tap) in rest.iter_mut().zip(row.get(rest_at + column * channels..).unwrap_or_default()) {
                    *sum += weight * tap;
                }
            }
        }
    }
}
