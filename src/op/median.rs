//! Median: noise of single pixels goes, edges stay. Small squares are sorted by a network, in vectors; larger ones are
//! counted in histograms.

use pulp::NullaryFnOnce;

use super::histogram::{Bins, levels8, levels16, median8, median16};
use super::stage::{Operation, Stage};
use super::tiles::{Planes, Tile, TileKernel, Tiled};
use super::{Group, OpSpec, simd};
use crate::model::{ImageInfo, ParamKind, ParamSpec, Unit};

pub(super) const SPEC: OpSpec = OpSpec {
    id: "median",
    summary: "Each channel's median over the square of 2 radius + 1 px a side, edge pixels repeat (as in OpenCV's \
              medianBlur)",
    group: Group::Detail,
    params: &[ParamSpec {
        name: "radius",
        summary: "From the centre to the square's edge; specks smaller than that vanish",
        unit: Unit::Px,
        kind: ParamKind::Int { min: 0, max: 100, soft_max: 20, default: Some(1) },
    }],
    faithful_to_scale: false,
    build: |params| Ok(Box::new(Median { radius: params.number("radius") })),
};

/// The largest radius for which a network is quicker than a histogram.
const NETWORK_RADIUS: usize = 3;

/// Pixels sorted side by side.
const LANES: usize = 16;

/// Values of a network: half of a square's, and two.
const NETWORK: usize = (2 * NETWORK_RADIUS + 1).pow(2) / 2 + 2;

struct Median {
    radius: f64,
}

impl Operation for Median {
    fn stage(&self, _input: &ImageInfo) -> Result<Stage, String> {
        let radius = self.radius.round() as usize;
        Ok(if radius == 0 { Stage::Nothing } else { Stage::Stream(Box::new(Tiled(Square { radius }))) })
    }
}

/// The median of a square.
struct Square {
    radius: usize,
}

impl TileKernel for Square {
    fn halo_px(&self) -> usize {
        self.radius
    }

    fn tile_px(&self) -> (usize, usize) {
        if self.radius <= NETWORK_RADIUS { (512, 16) } else { ((2 * self.radius).max(160), (2 * self.radius).max(64)) }
    }

    fn run(&self, tile: &Tile, out: &mut Planes) {
        let (width, height) = (out.width, out.height);
        let mut bins = Bins::default();
        for (plane, out) in tile.planes.iter().zip(out.iter_mut()) {
            if self.radius <= NETWORK_RADIUS {
                simd::wide(Network { radius: self.radius, plane, stride: tile.planes.width, out, width });
            } else if let Some(levels) = levels8(plane) {
                median8(self.radius, &levels, (width, height), &mut bins, out);
            } else {
                median16(self.radius, &levels16(plane), (width, height), &mut bins, out);
            }
        }
    }
}

struct Network<'a> {
    radius: usize,
    plane: &'a [f32],
    stride: usize,
    out: &'a mut [f32],
    width: usize,
}

type Lanes = [f32; LANES];

/// The smaller of each pair to the first, the larger to the second.
#[inline(always)]
fn exchange(a: &mut Lanes, b: &mut Lanes) {
    for (a, b) in a.iter_mut().zip(b) {
        let (low, high) = if *a < *b { (*a, *b) } else { (*b, *a) };
        (*a, *b) = (low, high);
    }
}

/// Brings the smallest to the front and the largest to the end.
#[inline(always)]
fn extremes(values: &mut [Lanes]) {
    let half = values.len() / 2;
    let (low, high) = values.split_at_mut(half);
    // With an odd number the middle one stands first among the high ones and meets no partner.
    for (low, high) in low.iter_mut().zip(high.iter_mut().rev()) {
        exchange(low, high);
    }
    if let Some((first, rest)) = low.split_first_mut() {
        for other in rest {
            exchange(first, other);
        }
        if let (true, Some(middle)) = (half < high.len(), high.first_mut()) {
            exchange(first, middle);
        }
    }
    if let Some((last, rest)) = high.split_last_mut() {
        for other in rest {
            exchange(other, last);
        }
    }
}

impl NullaryFnOnce for Network<'_> {
    type Output = ();
    /// Forgetful selection: of half the values and two, the smallest and the largest cannot be the median; they go, and
    /// another value comes, until three are left.
    #[inline(always)]
    fn call(self) {
        let side = 2 * self.radius + 1;
        let start = side * side / 2 + 2;
        for (y, out) in self.out.chunks_exact_mut(self.width).enumerate() {
            for (x, out) in out.chunks_mut(LANES).enumerate() {
                let mut square = (0..side * side).map(|i| {
                    let from = (y + i / side) * self.stride + x * LANES + i % side;
                    let mut lanes = [0.0; LANES];
                    match self.plane.get(from..).and_then(|row| row.first_chunk::<LANES>()) {
                        Some(row) => lanes = *row,
                        None => lanes
                            .iter_mut()
                            .zip(self.plane.get(from..).unwrap_or_default())
                            .for_each(|(lane, value)| *lane = *value),
                    }
                    lanes
                });
                let mut values = [[0.0; LANES]; NETWORK];
                let values = values.get_mut(..start).unwrap_or_default();
                values.iter_mut().zip(&mut square).for_each(|(value, lanes)| *value = lanes);
                extremes(values);
                let mut count = start;
                for lanes in square {
                    // The smallest gives its place to the next value, the largest is left behind.
                    count -= 1;
                    if let Some(first) = values.first_mut() {
                        *first = lanes;
                    }
                    extremes(values.get_mut(..count).unwrap_or_default());
                }
                if let Some(median) = values.get(1) {
                    out.iter_mut().zip(median).for_each(|(out, median)| *out = *median);
                }
            }
        }
    }
}
