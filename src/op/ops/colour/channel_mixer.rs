//! Channel mixer: each colour is a sum of all three.

use crate::model::{ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::colour_matrix::ColourMatrix;
use crate::op::kernels::luma::Mono;
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, Stage};

const fn share(name: &'static str, summary: &'static str, default: f64) -> ParamSpec {
    let kind = ParamKind::Float { min: -200.0, max: 200.0, soft_max: 200.0, default };
    ParamSpec { name, summary, unit: Unit::Percent, kind }
}

/// In the order of [`ColourMatrix`].
const NAMES: [[&str; 4]; 3] = [
    ["red_from_red", "red_from_green", "red_from_blue", "red_constant"],
    ["green_from_red", "green_from_green", "green_from_blue", "green_constant"],
    ["blue_from_red", "blue_from_green", "blue_from_blue", "blue_constant"],
];

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "channel_mixer",
    summary: "Mixes the red, green and blue channels",
    formula: "red = (red_from_red * R + red_from_green * G + red_from_blue * B + red_constant) / 100 on encoded \
              values, green and blue likewise (as in Photoshop)",
    group: Group::Colour,
    params: &[
        share(NAMES[0][0], "Red that goes into red", 100.0),
        share(NAMES[0][1], "Green that goes into red", 0.0),
        share(NAMES[0][2], "Blue that goes into red", 0.0),
        share(NAMES[0][3], "Added to red, whatever the colours", 0.0),
        share(NAMES[1][0], "Red that goes into green", 0.0),
        share(NAMES[1][1], "Green that goes into green", 100.0),
        share(NAMES[1][2], "Blue that goes into green", 0.0),
        share(NAMES[1][3], "Added to green, whatever the colours", 0.0),
        share(NAMES[2][0], "Red that goes into blue", 0.0),
        share(NAMES[2][1], "Green that goes into blue", 0.0),
        share(NAMES[2][2], "Blue that goes into blue", 100.0),
        share(NAMES[2][3], "Added to blue, whatever the colours", 0.0),
        ParamSpec {
            name: "monochrome",
            summary: "Produces a grayscale image from the settings for red",
            unit: Unit::None,
            kind: ParamKind::Bool { default: false },
        },
    ],
    starting: &[],
    faithful_to_scale: true,
    build: |params| {
        let matrix = ColourMatrix(NAMES.map(|row| row.map(|name| (params.number(name) / 100.0) as f32)));
        Ok(Box::new(ChannelMixer { matrix, monochrome: params.flag("monochrome") }))
    },
};

fn mono([r, g, b, constant]: [f32; 4]) -> Stage {
    Stage::Point(Box::new(Mono { weights: [r, g, b], constant }))
}

struct ChannelMixer {
    matrix: ColourMatrix,
    monochrome: bool,
}

impl Operation for ChannelMixer {
    fn stage(&self, input: &ImageInfo) -> Result<Stage, Message> {
        let [red, green, blue] = self.matrix.0;
        let of_gray = |row: [f32; 4]| (row[0] + row[1] + row[2], row[3]);
        let gray_input = input.channels.colour_count() == 1;
        Ok(if gray_input && (self.monochrome || [green, blue].iter().all(|row| of_gray(*row) == of_gray(red))) {
            match of_gray(red) {
                (1.0, 0.0) => Stage::Nothing,
                _ => mono(red),
            }
        } else if self.monochrome {
            mono(red)
        } else if self.matrix == ColourMatrix::IDENTITY {
            Stage::Nothing
        } else {
            Stage::Point(Box::new(self.matrix))
        })
    }
}
