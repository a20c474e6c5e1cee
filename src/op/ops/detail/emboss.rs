//! Emboss: renders the image as a gray relief lit from one side.

use crate::model::{Channels, ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::alpha::{keep_alpha, opaque};
use crate::op::kernels::luma;
use crate::op::kernels::sparse_kernel::{SparseKernel, between};
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{NeighbourhoodKernel, Operation, Stage, WindowRows};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "emboss",
    summary: "Turns the image into a gray relief, lit from one side",
    formula: "127.5 + strength * (a - b) in levels of 255, where a is the Rec. 601 luma height px away from the light \
              and b that height px towards it (bilinear); alpha is unchanged",
    group: Group::Detail,
    params: &[
        ParamSpec {
            name: "angle",
            summary: "Direction of the light: 0 is above, 90 the right, 315 the top left",
            unit: Unit::Degrees,
            kind: ParamKind::Float { min: -360.0, max: 360.0, soft_max: 360.0, default: 315.0 },
        },
        ParamSpec {
            name: "strength",
            summary: "Contrast of the relief; 0 is flat",
            unit: Unit::None,
            kind: ParamKind::Float { min: 0.0, max: 20.0, soft_max: 5.0, default: 1.0 },
        },
        ParamSpec {
            name: "height",
            summary: "Width of the slopes",
            unit: Unit::Px,
            kind: ParamKind::Float { min: 0.1, max: 50.0, soft_max: 10.0, default: 1.0 },
        },
        luma::SEPARATE_COLOURS,
    ],
    starting: &[],
    faithful_to_scale: false,
    build: |params| {
        let radians = params.number("angle").to_radians();
        Ok(Box::new(Emboss {
            light: (radians.sin(), -radians.cos()),
            strength: params.number("strength"),
            height: params.number("height"),
            colour: params.flag("colour"),
        }))
    },
};

struct Emboss {
    /// Unit vector towards the light, right and down.
    light: (f64, f64),
    strength: f64,
    height: f64,
    colour: bool,
}

impl Operation for Emboss {
    fn stage(&self, input: &ImageInfo) -> Result<Stage, Message> {
        let (x, y) = (self.light.0 * self.height, self.light.1 * self.height);
        let slope = [between(-x, -y, self.strength), between(x, y, -self.strength)].concat();
        let slope = SparseKernel::new(&slope);
        let relief = Stage::Neighbourhood { halo_px: slope.halo_px(), kernel: Box::new(Relief(slope)) };
        Ok(luma::of_colours_or_luma(relief, self.colour, input))
    }
}

struct Relief(SparseKernel);

impl NeighbourhoodKernel for Relief {
    fn run(&self, rows: &WindowRows<'_>, channels: Channels, out: &mut [f32]) {
        self.0.sum(rows, channels.count(), out);
        for value in out.iter_mut() {
            *value += 0.5;
        }
        opaque(out, channels);
    }

    fn combine(&self, original: &[f32], channels: Channels, out: &mut [f32]) {
        keep_alpha(original, channels, out);
    }

    fn wants_original(&self) -> bool {
        true
    }
}
