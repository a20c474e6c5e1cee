//! Edges: the steepness of changes in value.

use pulp::NullaryFnOnce;

use crate::model::{Channels, ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::alpha::{keep_alpha, opaque};
use crate::op::kernels::{luma, simd};
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{NeighbourhoodKernel, Operation, Stage, WindowRows};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "edge",
    summary: "Turns edges into bright lines on black",
    formula: "amount * sqrt((h^2 + v^2) / 2) of the Rec. 601 luma, where h and v are the differences of the pixels on \
              either side, averaged over three lines with the kernel's weights; alpha is unchanged and edge pixels \
              repeat (amount=1 equals scikit-image's filters.sobel)",
    group: Group::Detail,
    params: &[
        ParamSpec {
            name: "kernel",
            summary: "Weights of the three lines: sobel 1 2 1, scharr 3 10 3, prewitt 1 1 1",
            unit: Unit::None,
            kind: ParamKind::Choice { options: &["sobel", "scharr", "prewitt"], default: "sobel" },
        },
        ParamSpec {
            name: "amount",
            summary: "Brightness of the edges",
            unit: Unit::None,
            kind: ParamKind::Float { min: 0.0, max: 50.0, soft_max: 10.0, default: 2.0 },
        },
        luma::SEPARATE_COLOURS,
    ],
    starting: &[],
    faithful_to_scale: false,
    build: |params| {
        let (outer, inner) = match params.text("kernel") {
            "scharr" => (3.0 / 16.0, 10.0 / 16.0),
            "prewitt" => (1.0 / 3.0, 1.0 / 3.0),
            _ => (0.25, 0.5),
        };
        // The half under the root is folded into the weights.
        let scale = params.number("amount") / std::f64::consts::SQRT_2;
        let slope = Slope { outer: (outer * scale) as f32, inner: (inner * scale) as f32 };
        Ok(Box::new(Edge { slope, colour: params.flag("colour") }))
    },
};

struct Edge {
    slope: Slope,
    colour: bool,
}

impl Operation for Edge {
    fn stage(&self, input: &ImageInfo) -> Result<Stage, Message> {
        let slope = Stage::Neighbourhood { halo_px: 1, kernel: Box::new(self.slope) };
        Ok(luma::of_colours_or_luma(slope, self.colour, input))
    }
}

/// Weights of the outer lines and of the middle one.
#[derive(Clone, Copy)]
struct Slope {
    outer: f32,
    inner: f32,
}

struct Run<'a> {
    slope: Slope,
    rows: [&'a [f32]; 3],
    channels: usize,
    out: &'a mut [f32],
}

impl NullaryFnOnce for Run<'_> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Self { slope, rows, channels, out } = self;
        // Nine pixels around each one: three rows, each from the left, the middle and the right.
        let [top, middle, bottom] = rows.map(|row| {
            [0, 1, 2]
                .map(|column| row.get(column * channels..).and_then(|row| row.get(..out.len())).unwrap_or_default())
        });
        let rows = [top, middle, bottom].map(|[a, b, c]| a.iter().zip(b).zip(c));
        let [top, middle, bottom] = rows;
        for (((out, ((a, b), c)), ((d, _), e)), ((f, g), h)) in out.iter_mut().zip(top).zip(middle).zip(bottom) {
            let across = slope.outer * ((c - a) + (h - f)) + slope.inner * (e - d);
            let down = slope.outer * ((f - a) + (h - c)) + slope.inner * (g - b);
            *out = (across * across + down * down).sqrt();
        }
    }
}

impl NeighbourhoodKernel for Slope {
    fn run(&self, rows: &WindowRows<'_>, channels: Channels, out: &mut [f32]) {
        let mut rows = rows.rows();
        let rows = std::array::from_fn(|_| rows.next().unwrap_or_default());
        simd::wide(Run { slope: *self, rows, channels: channels.count(), out });
        opaque(out, channels);
    }

    fn combine(&self, original: &[f32], channels: Channels, out: &mut [f32]) {
        keep_alpha(original, channels, out);
    }

    fn wants_original(&self) -> bool {
        true
    }

    fn is_symmetric(&self) -> bool {
        true
    }
}
