//! Changes the size of the image.

use crate::config::MAX_SIDE_PX;
use crate::model::{ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::anchor::{self, Anchor};
use crate::op::params::Params;
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Colour, Operation, Pad, Resample, ResampleFilter, Stage, Transfer};

const fn edge(name: &'static str, summary: &'static str) -> ParamSpec {
    let kind = ParamKind::Int { min: 1, max: MAX_SIDE_PX as i64, soft_max: 8000, default: None };
    ParamSpec { name, summary, unit: Unit::Px, kind }
}

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "resize",
    summary: "Resizes the image by edge, box, percentage or area",
    formula: "Each output pixel is a weighted sum of the input pixels under the kernel; when shrinking, the kernel \
              widens with the scale (as in Pillow and libvips). The result is never larger than the image unless \
              enlarge is set",
    group: Group::Geometry,
    params: &[
        edge("long_edge", "Longer side of the result"),
        edge("short_edge", "Shorter side of the result"),
        edge("width", "Width of the result, or of the box if height is given too"),
        edge("height", "Height of the result, or of the box if width is given too"),
        ParamSpec {
            name: "percent",
            summary: "Percentage of the width and height; used when no edge is given",
            unit: Unit::Percent,
            kind: ParamKind::Float { min: 0.01, max: 10_000.0, soft_max: 200.0, default: 100.0 },
        },
        ParamSpec {
            name: "megapixels",
            summary: "Largest area of the result in millions of pixels; 0 = unset",
            unit: Unit::Megapixels,
            kind: ParamKind::Float { min: 0.0, max: 1000.0, soft_max: 24.0, default: 0.0 },
        },
        ParamSpec {
            name: "fit",
            summary: "How the image fits width and height. fit: inside the box; cover (alias: fill): fills the box and \
                      cuts off the rest (a smaller image is cut to the shape of the box without enlarging); pad: \
                      inside the box, with a border; exact: stretched to the box",
            unit: Unit::None,
            kind: ParamKind::Choice { options: &["fit", "fill", "cover", "pad", "exact"], default: "fit" },
        },
        ParamSpec {
            name: "gravity",
            summary: "Which part is kept with fit=cover, and where the image is placed with fit=pad",
            unit: Unit::None,
            kind: ParamKind::Choice { options: anchor::NAMES, default: "center" },
        },
        ParamSpec {
            name: "kernel",
            summary: "Resampling filter; when shrinking, every filter except nearest weighs all pixels",
            unit: Unit::None,
            kind: ParamKind::Choice { options: ResampleFilter::NAMES, default: "lanczos3" },
        },
        ParamSpec {
            name: "linear_light",
            summary: "Averages linear light instead of encoded values (sRGB curve)",
            unit: Unit::None,
            kind: ParamKind::Bool { default: false },
        },
        ParamSpec {
            name: "enlarge",
            summary: "Allows results larger than the image",
            unit: Unit::None,
            kind: ParamKind::Bool { default: false },
        },
        ParamSpec {
            name: "background",
            summary: "Colour of the border with fit=pad: white, black, transparent, #rgb, #rrggbb or #rrggbbaa",
            unit: Unit::None,
            kind: ParamKind::Colour { default: "white" },
        },
    ],
    starting: &[("long_edge", 1600.0)],
    faithful_to_scale: true,
    build,
};

/// The requested size; px may be fractional in a preview.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Target {
    LongEdge(f64),
    ShortEdge(f64),
    Width(f64),
    Height(f64),
    Box(f64, f64, Fit),
    Factor(f64),
    /// Square px.
    Area(f64),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fit {
    Inside,
    Cover,
    Pad,
    Exact,
}

struct Resize {
    target: Target,
    gravity: Anchor,
    kernel: ResampleFilter,
    linear_light: Option<Transfer>,
    enlarge: bool,
    background: Colour,
}

const ONE_SIZE: Message = Message::new("resize_one_size");

fn build(params: &Params) -> Result<Box<dyn Operation>, Message> {
    let fit = match params.text("fit") {
        "cover" | "fill" => Fit::Cover,
        "pad" => Fit::Pad,
        "exact" => Fit::Exact,
        _ => Fit::Inside,
    };
    let [long, short, width, height] = ["long_edge", "short_edge", "width", "height"].map(|name| params.optional(name));
    let megapixels = params.number("megapixels");
    if [long, short, width, height].iter().any(Option::is_some) && params.number("percent") != 100.0 {
        return Err(ONE_SIZE);
    }
    let target = match (long, short, width, height) {
        (None, None, None, None) if megapixels > 0.0 => {
            if params.number("percent") != 100.0 {
                return Err(ONE_SIZE);
            }
            Target::Area(megapixels * 1e6)
        }
        _ if megapixels > 0.0 => return Err(ONE_SIZE),
        (Some(px), None, None, None) => Target::LongEdge(px),
        (None, Some(px), None, None) => Target::ShortEdge(px),
        (None, None, Some(px), None) => Target::Width(px),
        (None, None, None, Some(px)) => Target::Height(px),
        (None, None, Some(width), Some(height)) => Target::Box(width, height, fit),
        (None, None, None, None) => match params.number("percent") {
            100.0 => {
                return Err(Message::new("resize_no_size"));
            }
            percent => Target::Factor(percent / 100.0),
        },
        _ => return Err(ONE_SIZE),
    };
    if fit != Fit::Inside && !matches!(target, Target::Box(..)) {
        let message = Message::new("resize_fit");
        return Err(message.with("fit", params.text("fit")));
    }
    Ok(Box::new(Resize {
        target,
        gravity: Anchor::from_name(params.text("gravity")),
        kernel: ResampleFilter::from_name(params.text("kernel")),
        linear_light: params.flag("linear_light").then(|| params.transfer()),
        enlarge: params.flag("enlarge"),
        background: params.colour("background"),
    }))
}

/// Whole px, at least one.
fn whole(px: f64) -> u32 {
    px.round().clamp(1.0, f64::from(u32::MAX)) as u32
}

impl Operation for Resize {
    fn stage(&self, input: &ImageInfo) -> Result<Stage, Message> {
        let (width, height) = (f64::from(input.width_px), f64::from(input.height_px));
        let (across, down) = match self.target {
            Target::LongEdge(px) => (px / width.max(height), px / width.max(height)),
            Target::ShortEdge(px) => (px / width.min(height), px / width.min(height)),
            Target::Width(px) => (px / width, px / width),
            Target::Height(px) => (px / height, px / height),
            Target::Factor(factor) => (factor, factor),
            Target::Area(px) => ((px / (width * height)).sqrt(), (px / (width * height)).sqrt()),
            Target::Box(w, h, Fit::Exact) => (w / width, h / height),
            Target::Box(w, h, Fit::Cover) => ((w / width).max(h / height), (w / width).max(h / height)),
            Target::Box(w, h, Fit::Inside | Fit::Pad) => ((w / width).min(h / height), (w / width).min(h / height)),
        };
        let limit = if self.enlarge { f64::INFINITY } else { 1.0 };
        let too_small = across > limit;
        let (across, down) = (across.min(limit), down.min(limit));
        // An area is an upper limit: its sides are rounded down.
        let side = |px: f64| whole(if matches!(self.target, Target::Area(_)) { (px + 1e-6).floor() } else { px });
        let mut resample = Resample::whole(input, side(width * across), side(height * down), self.kernel);
        resample.linear_light = self.linear_light;
        let mut pad = None;
        match self.target {
            Target::Box(w, h, Fit::Cover) => {
                // The result is the box or, if the image is smaller, the largest part in the box's shape.
                let share = if too_small { (width / w).min(height / h) } else { 1.0 };
                resample.width_px = whole((w * share).min(width * across));
                resample.height_px = whole((h * share).min(height * down));
                resample.box_width_px = (f64::from(resample.width_px) / across).min(width);
                resample.box_height_px = (f64::from(resample.height_px) / down).min(height);
                resample.left_px = (width - resample.box_width_px) * self.gravity.x;
                resample.top_px = (height - resample.box_height_px) * self.gravity.y;
                if across == 1.0 {
                    // Nothing is scaled, so nothing should be blurred by half a pixel.
                    resample.left_px = resample.left_px.floor();
                    resample.top_px = resample.top_px.floor();
                }
            }
            Target::Box(w, h, Fit::Pad) => {
                let (width_px, height_px) = (whole(w).max(resample.width_px), whole(h).max(resample.height_px));
                // Positioned by the exact size, so that a smaller view agrees as closely as whole pixels allow.
                let before = |asked: f64, exact: f64, gravity: f64, room: u32| {
                    ((asked - exact) * gravity).round().clamp(0.0, f64::from(room)) as u32
                };
                let left_px = before(w, width * across, self.gravity.x, width_px - resample.width_px);
                let top_px = before(h, height * down, self.gravity.y, height_px - resample.height_px);
                if (width_px, height_px) != (resample.width_px, resample.height_px) {
                    pad = Some(Pad { left_px, top_px, width_px, height_px, background: self.background });
                }
            }
            _ => {}
        }
        let nothing = resample.is_identity(input) && pad.is_none();
        Ok(if nothing { Stage::Nothing } else { Stage::Resample { resample, pad } })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "tests")]

    use super::*;
    use crate::model::{Channels, SampleType, Step};

    /// Width and height of the result for an image.
    fn size(step: &Step, width_px: u32, height_px: u32) -> (u32, u32) {
        let info =
            ImageInfo { width_px, height_px, channels: Channels::Rgb, sample: SampleType::U8, premultiplied: false };
        let params = Params::check(SPEC.params, &step.params).expect("valid");
        match build(&params).and_then(|operation| operation.stage(&info)).expect("fits") {
            Stage::Nothing => (width_px, height_px),
            Stage::Resample { pad: Some(pad), .. } => (pad.width_px, pad.height_px),
            Stage::Resample { resample, .. } => (resample.width_px, resample.height_px),
            _ => panic!("a resize resamples"),
        }
    }

    fn step(given: &[(&str, f64)], fit: &str) -> Step {
        given.iter().fold(Step::new("resize").with("fit", fit), |step, (name, value)| step.with(name, *value))
    }

    #[test]
    fn sizes_round_to_nearest_and_are_at_least_one() {
        assert_eq!(size(&step(&[("long_edge", 1024.0)], "fit"), 6000, 4000), (1024, 683));
        assert_eq!(size(&step(&[("long_edge", 1024.0)], "fit"), 4000, 6000), (683, 1024));
        assert_eq!(size(&step(&[("short_edge", 100.0)], "fit"), 300, 200), (150, 100));
        assert_eq!(size(&step(&[("width", 100.0)], "fit"), 300, 200), (100, 67));
        assert_eq!(size(&step(&[("height", 100.0)], "fit"), 300, 200), (150, 100));
        assert_eq!(size(&step(&[("percent", 50.0)], "fit"), 301, 201), (151, 101));
        assert_eq!(size(&step(&[("long_edge", 10.0)], "fit"), 6000, 1), (10, 1));
        assert_eq!(size(&step(&[("percent", 0.01)], "fit"), 20, 20), (1, 1));
        assert_eq!(size(&step(&[("megapixels", 6.0)], "fit"), 6000, 4000), (3000, 2000));
        assert_eq!(size(&step(&[("megapixels", 1.0)], "fit"), 6000, 4000), (1224, 816));
        assert_eq!(size(&step(&[("megapixels", 30.0)], "fit"), 6000, 4000), (6000, 4000));
    }

    #[test]
    fn a_box_is_fitted_covered_padded_or_filled() {
        let asked = [("width", 400.0), ("height", 400.0)];
        for (fit, expected) in [
            ("fit", (400, 200)),
            ("cover", (400, 400)),
            ("fill", (400, 400)),
            ("pad", (400, 400)),
            ("exact", (400, 400)),
        ] {
            assert_eq!(size(&step(&asked, fit), 1000, 500), expected, "{fit}");
        }
    }

    #[test]
    fn nothing_is_enlarged_unless_asked() {
        assert_eq!(size(&step(&[("long_edge", 1000.0)], "fit"), 300, 200), (300, 200));
        assert_eq!(size(&step(&[("width", 500.0), ("height", 500.0)], "cover"), 800, 300), (300, 300));
        assert_eq!(size(&step(&[("width", 500.0), ("height", 500.0)], "cover"), 300, 200), (200, 200));
        assert_eq!(size(&step(&[("width", 1600.0), ("height", 900.0)], "fill"), 1000, 1000), (1000, 563));
        assert_eq!(
            size(&step(&[("width", 1600.0), ("height", 900.0)], "cover").with("enlarge", true), 99, 9),
            (1600, 900)
        );
        assert_eq!(size(&step(&[("width", 500.0), ("height", 500.0)], "exact"), 800, 300), (500, 300));
        assert_eq!(size(&step(&[("width", 500.0), ("height", 500.0)], "pad"), 300, 200), (500, 500));
        assert_eq!(size(&step(&[("long_edge", 1000.0)], "fit").with("enlarge", true), 300, 200), (1000, 667));
    }

    #[test]
    fn gravity_decides_which_part_is_kept_and_where_the_border_is() {
        let info = ImageInfo {
            width_px: 1000,
            height_px: 500,
            channels: Channels::Rgb,
            sample: SampleType::U8,
            premultiplied: false,
        };
        let stage = |fit: &str, gravity: &str| {
            let step = step(&[("width", 100.0), ("height", 100.0)], fit).with("gravity", gravity);
            let params = Params::check(SPEC.params, &step.params).expect("valid");
            match build(&params).and_then(|operation| operation.stage(&info)).expect("fits") {
                Stage::Resample { resample, pad } => (resample.left_px, pad.map_or(0, |pad| pad.top_px)),
                _ => panic!("a resize resamples"),
            }
        };
        for (gravity, left, top) in
            [("center", 250.0, 25), ("top_left", 0.0, 0), ("right", 500.0, 25), ("bottom", 250.0, 50)]
        {
            assert_eq!((stage("cover", gravity).0, stage("pad", gravity).1), (left, top), "{gravity}");
        }
    }

    #[test]
    fn contradictory_sizes_are_rejected_with_a_plain_message() {
        for (given, fit) in [
            (vec![], "fit"),
            (vec![("long_edge", 10.0), ("width", 10.0)], "fit"),
            (vec![("long_edge", 10.0), ("short_edge", 10.0)], "fit"),
            (vec![("long_edge", 10.0)], "cover"),
            (vec![("long_edge", 10.0), ("megapixels", 1.0)], "fit"),
            (vec![("percent", 10.0), ("megapixels", 1.0)], "fit"),
            (vec![("percent", 10.0), ("width", 10.0)], "fit"),
            (vec![("percent", 50.0), ("width", 10.0), ("height", 10.0)], "cover"),
            (vec![("percent", 10.0), ("long_edge", 10.0)], "fit"),
        ] {
            let params = Params::check(SPEC.params, &step(&given, fit).params).expect("each is in range");
            assert!(build(&params).is_err(), "{given:?} {fit}");
        }
    }
}
