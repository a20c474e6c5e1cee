//! Auto levels: takes the black and white points from the image itself.

use crate::model::{Band, Channels, ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::luma;
use crate::op::kernels::simd::{self, Mix, Tone};
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Measure, Operation, PointKernel, Stage};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "auto_levels",
    summary: "Stretches the tones to the full range from black to white",
    formula: "(v - low) / (high - low), where low and high are the extremes that remain after ignoring clip % of the \
              pixels at each end (as Pillow's autocontrast)",
    group: Group::Colour,
    params: &[
        ParamSpec {
            name: "clip",
            summary: "Share of the pixels that may become pure black, and as many pure white",
            unit: Unit::Percent,
            kind: ParamKind::Float { min: 0.0, max: 49.0, soft_max: 5.0, default: 0.1 },
        },
        ParamSpec {
            name: "by",
            summary: "luma stretches all colours alike, by their Rec. 601 luma; channel stretches each colour \
                      separately, which removes a colour cast",
            unit: Unit::None,
            kind: ParamKind::Choice { options: &["luma", "channel"], default: "luma" },
        },
    ],
    // Scaling down removes the brightest and darkest specks.
    starting: &[],
    faithful_to_scale: false,
    build: |params| {
        let each = params.text("by") == "channel";
        Ok(Box::new(AutoLevels { clip: params.number("clip") / 100.0, each }))
    },
};

#[derive(Clone, Copy)]
struct AutoLevels {
    clip: f64,
    /// Each channel separately.
    each: bool,
}

/// Number of pixels per 16-bit level.
struct Histogram(Vec<u64>);

const LEVELS: usize = 1 << 16;

impl Histogram {
    fn new() -> Self {
        Self(vec![0; LEVELS])
    }

    fn count(&mut self, value: f32) {
        let level = (simd::unit(value) * 65535.0 + 0.5) as usize;
        if let Some(count) = self.0.get_mut(level.min(LEVELS - 1)) {
            *count += 1;
        }
    }

    /// The lowest and highest values that remain when a share of all pixels is ignored at each end.
    fn range(&self, clip: f64) -> Option<(f32, f32)> {
        let aside = (self.0.iter().sum::<u64>() as f64 * clip) as u64;
        let end = |counts: &mut dyn Iterator<Item = (usize, &u64)>| {
            let mut passed = 0;
            for (level, count) in counts {
                passed += count;
                if passed > aside {
                    return Some(level as f32 / 65535.0);
                }
            }
            None
        };
        Some((end(&mut self.0.iter().enumerate())?, end(&mut self.0.iter().enumerate().rev())?))
    }
}

impl Operation for AutoLevels {
    fn stage(&self, _input: &ImageInfo) -> Result<Stage, Message> {
        Ok(Stage::Measure(Box::new(*self)))
    }
}

impl Measure for AutoLevels {
    fn stage(&self, image: &Band, info: &ImageInfo) -> Result<Stage, Message> {
        let channels = info.channels;
        let colours = if self.each { channels.colour_count() } else { 1 };
        let mut histograms: Vec<Histogram> = (0..colours).map(|_| Histogram::new()).collect();
        let mut row = vec![0.0; info.row_samples()];
        for y in 0..image.rows {
            simd::load(&image.samples, y as usize * info.row_samples(), &mut row);
            for pixel in row.chunks_exact(channels.count()) {
                // Invisible colour doesn't count.
                if channels.has_alpha() && pixel.last().is_some_and(|alpha| *alpha <= 0.0) {
                    continue;
                }
                match (histograms.as_mut_slice(), pixel) {
                    ([luma], [r, g, b, ..]) => luma.count(luma::luma(*r, *g, *b)),
                    (each, pixel) => each.iter_mut().zip(pixel).for_each(|(histogram, value)| histogram.count(*value)),
                }
            }
        }
        let ranges: Vec<_> = histograms.iter().map(|histogram| histogram.range(self.clip)).collect();
        let range = |channel: usize| match ranges.get(channel).or(ranges.first()) {
            Some(Some((low, high))) if high > low => (*low, (high - low).recip()),
            // The image has a single visible value, or none.
            _ => (0.0, 1.0),
        };
        let stretch = Stretch(std::array::from_fn(range));
        let nothing = stretch.0 == [(0.0, 1.0); 3];
        Ok(if nothing { Stage::Nothing } else { Stage::Point(Box::new(stretch)) })
    }
}

/// What is subtracted from each colour, and the factor that follows.
#[derive(Clone, Copy)]
struct Stretch([(f32, f32); 3]);

/// For gray.
impl Tone for Stretch {
    #[inline(always)]
    fn at(self, value: f32) -> f32 {
        let [(low, factor), ..] = self.0;
        (value - low) * factor
    }
}

impl Mix for Stretch {
    #[inline(always)]
    fn at(self, [r, g, b]: [f32; 3]) -> [f32; 3] {
        let [red, green, blue] = self.0;
        [(r - red.0) * red.1, (g - green.0) * green.1, (b - blue.0) * blue.1]
    }
}

impl PointKernel for Stretch {
    fn apply(&self, samples: &mut [f32], channels: Channels) {
        if channels.colour_count() == 1 {
            simd::tone(samples, channels, *self);
        } else {
            simd::mix(samples, channels, *self);
        }
    }

    fn channel_curve(&self, channel: usize, value: f32) -> Option<f32> {
        self.0.get(channel).map(|(low, factor)| (value - low) * factor)
    }

    fn is_quick(&self) -> bool {
        true
    }
}
