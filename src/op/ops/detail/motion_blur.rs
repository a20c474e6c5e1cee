//! Motion blur: the mean along a line.

use crate::model::{Channels, ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::sparse_kernel::SparseKernel;
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{NeighbourhoodKernel, Operation, Stage, WindowRows};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "motion_blur",
    summary: "Blurs along a line, like a moving camera",
    formula: "The mean along a line of the given length and angle through each pixel; a point between two pixels \
              counts both in part; edge pixels repeat",
    group: Group::Detail,
    params: &[
        ParamSpec {
            name: "length",
            summary: "Apparent length of the movement; 1 changes nothing",
            unit: Unit::Px,
            kind: ParamKind::Float { min: 0.0, max: 500.0, soft_max: 100.0, default: 15.0 },
        },
        ParamSpec {
            name: "angle",
            summary: "0 is along rows, 90 along columns, 45 from the top left to the bottom right",
            unit: Unit::Degrees,
            kind: ParamKind::Float { min: -360.0, max: 360.0, soft_max: 180.0, default: 0.0 },
        },
    ],
    starting: &[],
    faithful_to_scale: true,
    build: |params| Ok(Box::new(MotionBlur { length: params.number("length"), angle: params.number("angle") })),
};

struct MotionBlur {
    length: f64,
    angle: f64,
}

impl Operation for MotionBlur {
    fn stage(&self, _input: &ImageInfo) -> Result<Stage, Message> {
        let line = SparseKernel::new(&line(self.length, self.angle));
        if line.is_identity() {
            return Ok(Stage::Nothing);
        }
        Ok(Stage::Neighbourhood { halo_px: line.halo_px(), kernel: Box::new(Line(line)) })
    }
}

/// Weights of a line through the centre, which sum to 1. Each column of a flat line (row of a steep one) is weighted by
/// the length of its crossing, shared between the two pixels nearest to the middle of the crossing.
fn line(length_px: f64, angle: f64) -> Vec<(i32, i32, f64)> {
    let radians = angle.rem_euclid(180.0).to_radians();
    let (x, y) = (radians.cos(), radians.sin());
    let flat = x.abs() >= y.abs();
    let (major, slope) = if flat { (x.abs(), y / x) } else { (y.abs(), x / y) };
    let reach = length_px / 2.0 * major;
    if reach <= 0.5 {
        return vec![(0, 0, 1.0)];
    }
    let last = (reach - 0.5).ceil() as i32;
    let mut taps = Vec::new();
    for at in -last..=last {
        let (from, to) = ((f64::from(at) - 0.5).max(-reach), (f64::from(at) + 0.5).min(reach));
        let minor = f64::midpoint(from, to) * slope;
        let share = minor - minor.floor();
        for (minor, share) in [(minor.floor() as i32, 1.0 - share), (minor.floor() as i32 + 1, share)] {
            // Ignore rounding residue.
            if share > 1e-9 {
                let weight = (to - from) * share / (2.0 * reach);
                taps.push(if flat { (at, minor, weight) } else { (minor, at, weight) });
            }
        }
    }
    taps
}

struct Line(SparseKernel);

impl NeighbourhoodKernel for Line {
    fn run(&self, rows: &WindowRows<'_>, channels: Channels, out: &mut [f32]) {
        self.0.sum(rows, channels.count(), out);
    }
}
