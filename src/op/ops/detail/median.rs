//! Median: removes single-pixel noise and keeps edges. Small squares are sorted by a network of vector instructions;
//! larger ones use histograms.

use pulp::NullaryFnOnce;

use crate::model::{ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::histogram_median::{Bins, levels8, levels16, median8, median16};
use crate::op::kernels::simd;
use crate::op::kernels::tiles::{Planes, Tile, TileKernel, Tiled};
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, Stage};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "median",
    summary: "Removes specks and keeps edges",
    formula: "The median of each channel over a square of 2 radius + 1 px; edge pixels repeat (as OpenCV's medianBlur)",
    group: Group::Detail,
    params: &[ParamSpec {
        name: "radius",
        summary: "Distance from the centre to the edge of the square; smaller specks disappear",
        unit: Unit::Px,
        kind: ParamKind::Int { min: 0, max: 100, soft_max: 20, default: Some(1) },
    }],
    starting: &[],
    faithful_to_scale: false,
    build: |params| Ok(Box::new(Median { radius: params.number("radius") })),
};

/// The largest radius for which a sorting network is faster than a histogram.
const NETWORK_RADIUS: usize = 2;

/// Pixels sorted in parallel.
const LANES: usize = 16;

struct Median {
    radius: f64,
}

impl Operation for Median {
    fn stage(&self, _input: &ImageInfo) -> Result<Stage, Message> {
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
            let stride = tile.planes.width;
            if self.radius == 1 {
                simd::wide(Nine { plane, stride, out, width });
            } else if self.radius <= NETWORK_RADIUS {
                simd::wide(TwentyFive { plane, stride, out, width });
            } else if let Some(levels) = levels8(plane) {
                median8(self.radius, &levels, (width, height), &mut bins, out);
            } else {
                median16(self.radius, &levels16(plane), (width, height), &mut bins, out);
            }
        }
    }
}

type Lanes = [f32; LANES];

#[inline(always)]
fn least(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

#[inline(always)]
fn most(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

#[inline(always)]
fn middle(a: f32, b: f32, c: f32) -> f32 {
    most(least(a, b), least(most(a, b), c))
}

/// Medians of 3 x 3 px: the largest of the columns' minima, the median of their medians and the smallest of their
/// maxima; the result is the median of these three (Smith, "Implementing median filters in XC4000E FPGAs", 1996).
struct Nine<'a> {
    plane: &'a [f32],
    stride: usize,
    out: &'a mut [f32],
    width: usize,
}

impl NullaryFnOnce for Nine<'_> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Self { plane, stride, out, width } = self;
        let mut sorted = [vec![0.0; stride], vec![0.0; stride], vec![0.0; stride]];
        for (y, out) in out.chunks_exact_mut(width).enumerate() {
            let rows = [0, 1, 2].map(|down| plane.get((y + down) * stride..).unwrap_or_default());
            let [low, mid, high] = &mut sorted;
            let columns = rows[0].iter().zip(rows[1]).zip(rows[2]);
            for (((low, mid), high), ((a, b), c)) in
                low.iter_mut().zip(mid.iter_mut()).zip(high.iter_mut()).zip(columns)
            {
                *low = least(least(*a, *b), *c);
                *mid = middle(*a, *b, *c);
                *high = most(most(*a, *b), *c);
            }
            let [low, mid, high] = [&sorted[0], &sorted[1], &sorted[2]]
                .map(|line| [0, 1, 2].map(|right| line.get(right..right + width).unwrap_or_default()));
            let low = low[0].iter().zip(low[1]).zip(low[2]);
            let mid = mid[0].iter().zip(mid[1]).zip(mid[2]);
            let high = high[0].iter().zip(high[1]).zip(high[2]);
            for (((out, ((a, b), c)), ((d, e), f)), ((g, h), i)) in out.iter_mut().zip(low).zip(mid).zip(high) {
                *out = middle(most(most(*a, *b), *c), middle(*d, *e, *f), least(least(*g, *h), *i));
            }
        }
    }
}

/// Medians of 5 x 5 px by forgetful selection: of half the values plus two, the smallest and the largest cannot be the
/// median, so they are dropped and another value is added, until three are left.
struct TwentyFive<'a> {
    plane: &'a [f32],
    stride: usize,
    out: &'a mut [f32],
    width: usize,
}

/// Moves the smaller of each pair to `a` and the larger to `b`.
#[inline(always)]
fn exchange<const N: usize>(values: &mut [Lanes; N], a: usize, b: usize) {
    let (first, second) = (values[a], values[b]);
    for lane in 0..LANES {
        values[a][lane] = least(first[lane], second[lane]);
        values[b][lane] = most(first[lane], second[lane]);
    }
}

/// Moves the smallest value to the front and the largest to the end.
#[inline(always)]
fn extremes<const N: usize>(values: &mut [Lanes; N]) {
    let half = N / 2;
    for i in 0..half {
        exchange(values, i, N - 1 - i);
    }
    // With an odd count, the middle value had no partner: it belongs to both halves.
    for i in 1..N - half {
        exchange(values, 0, i);
    }
    for i in half..N - 1 {
        exchange(values, i, N - 1);
    }
}

/// Drops the smallest and the largest value and adds another.
#[inline(always)]
fn replace<const N: usize, const LESS: usize>(mut values: [Lanes; N], next: Lanes) -> [Lanes; LESS] {
    extremes(&mut values);
    let mut rest = [next; LESS];
    for (to, from) in rest.iter_mut().skip(1).zip(values.iter().skip(1)) {
        *to = *from;
    }
    rest
}

impl TwentyFive<'_> {
    /// A run of samples, as long as there are any.
    #[inline(always)]
    fn lanes(&self, x: usize, y: usize) -> Lanes {
        let row = self.plane.get(y * self.stride + x..).unwrap_or_default();
        match row.first_chunk::<LANES>() {
            Some(row) => *row,
            None => std::array::from_fn(|lane| row.get(lane).copied().unwrap_or_default()),
        }
    }

    #[inline(always)]
    fn median(&self, x: usize, y: usize) -> Lanes {
        let value = |i: usize| self.lanes(x + i % 5, y + i / 5);
        let values: [Lanes; 14] = std::array::from_fn(value);
        let values: [Lanes; 13] = replace(values, value(14));
        let values: [Lanes; 12] = replace(values, value(15));
        let values: [Lanes; 11] = replace(values, value(16));
        let values: [Lanes; 10] = replace(values, value(17));
        let values: [Lanes; 9] = replace(values, value(18));
        let values: [Lanes; 8] = replace(values, value(19));
        let values: [Lanes; 7] = replace(values, value(20));
        let values: [Lanes; 6] = replace(values, value(21));
        let values: [Lanes; 5] = replace(values, value(22));
        let values: [Lanes; 4] = replace(values, value(23));
        let mut values: [Lanes; 3] = replace(values, value(24));
        extremes(&mut values);
        values[1]
    }
}

impl NullaryFnOnce for TwentyFive<'_> {
    type Output = ();
    #[inline(always)]
    fn call(mut self) {
        let out = std::mem::take(&mut self.out);
        for (y, row) in out.chunks_exact_mut(self.width).enumerate() {
            for (i, out) in row.chunks_mut(LANES).enumerate() {
                let median = self.median(i * LANES, y);
                out.iter_mut().zip(median).for_each(|(out, median)| *out = median);
            }
        }
    }
}
