//! Cuts out part of the image.

use crate::config::MAX_SIDE_PX;
use crate::model::{ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::anchor::Anchor;
use crate::op::kernels::cut;
use crate::op::params::Params;
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Operation, Stage};

const fn length(name: &'static str, summary: &'static str, min: i64) -> ParamSpec {
    let kind = ParamKind::Int { min, max: MAX_SIDE_PX as i64, soft_max: 8000, default: None };
    ParamSpec { name, summary, unit: Unit::Px, kind }
}

const fn share(name: &'static str, summary: &'static str, default: f64) -> ParamSpec {
    let (min, max) = if default == 0.0 { (0.0, 99.9) } else { (0.1, 100.0) };
    let kind = ParamKind::Float { min, max, soft_max: max, default };
    ParamSpec { name, summary, unit: Unit::Percent, kind }
}

/// The four percentages, in the order of [`Part::Edges`].
const EDGES: [&str; 4] = ["left_percent", "top_percent", "right_percent", "bottom_percent"];

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "crop",
    summary: "Cuts out part of the image without loss",
    formula: "Choose the part in one of four ways: x, y, width and height in px; the share to cut off at each edge; \
              the share to keep; or an aspect ratio, as large as fits. Anything outside the image is ignored",
    group: Group::Geometry,
    params: &[
        length("x", "Columns to cut off on the left; default: 0", 0),
        length("y", "Rows to cut off at the top; default: 0", 0),
        length("width", "Width to keep; default: up to the right edge", 1),
        length("height", "Height to keep; default: down to the bottom edge", 1),
        share("left_percent", "Share of the width to cut off on the left", 0.0),
        share("top_percent", "Share of the height to cut off at the top", 0.0),
        share("right_percent", "Share of the width to cut off on the right", 0.0),
        share("bottom_percent", "Share of the height to cut off at the bottom", 0.0),
        share("width_percent", "Share of the width to keep", 100.0),
        share("height_percent", "Share of the height to keep", 100.0),
        ParamSpec {
            name: "aspect",
            summary: "Aspect ratio to keep, such as 16:9; alone or with a width or height in px",
            unit: Unit::None,
            kind: ParamKind::Text { default: "" },
        },
        ParamSpec {
            name: "gravity",
            summary: "Position of the part, unless x or y is given; auto is the top left for a size in px, otherwise \
                      the centre",
            unit: Unit::None,
            kind: ParamKind::Choice { options: PLACES, default: "auto" },
        },
    ],
    starting: &[],
    faithful_to_scale: true,
    build,
};

const PLACES: &[&str] =
    &["auto", "top_left", "top", "top_right", "left", "center", "right", "bottom_left", "bottom", "bottom_right"];

/// The part to keep, in px of the incoming image (fractional only in a preview).
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    /// Start and size.
    Px { x: f64, y: f64, width: Option<f64>, height: Option<f64> },
    /// A size, positioned by the anchor.
    Size { width: Option<f64>, height: Option<f64> },
    /// Shares cut off at the left, top, right and bottom, 0 to 1.
    Edges([f64; 4]),
    /// Shares of width and height, 0 to 1.
    Share(f64, f64),
    /// The largest part of an aspect ratio, or the one of that width or height.
    Aspect { ratio: f64, width: Option<f64>, height: Option<f64> },
}

struct Crop {
    part: Part,
    gravity: Anchor,
    view_scale: f64,
}

/// Width divided by height, from `16:9`.
fn ratio(text: &str) -> Option<f64> {
    let (width, height) = text.split_once(':')?;
    let [width, height] = [width, height].map(|number| number.trim().parse::<f64>().unwrap_or(0.0));
    let sane = |number: f64| (0.001..=100_000.0).contains(&number);
    (sane(width) && sane(height) && sane(width / height)).then(|| width / height)
}

const LEFT: Message = Message::new("crop_outside_x");
const TOP: Message = Message::new("crop_outside_y");

fn build(params: &Params) -> Result<Box<dyn Operation>, Message> {
    let [x, y, width, height] = ["x", "y", "width", "height"].map(|name| params.optional(name));
    let edges = EDGES.map(|name| params.number(name) / 100.0);
    let share = ["width_percent", "height_percent"].map(|name| params.number(name) / 100.0);
    let aspect = params.text("aspect").trim();
    let placed = params.text("gravity") != "auto";
    let has_start = x.is_some() || y.is_some();
    let in_px = has_start || width.is_some() || height.is_some();
    let (by_edges, by_share) = (edges.iter().any(|edge| *edge > 0.0), share.iter().any(|share| *share < 1.0));
    let ways = [in_px && aspect.is_empty(), by_edges, by_share, !aspect.is_empty()];
    if ways.iter().filter(|way| **way).count() > 1 {
        return Err(Message::new("crop_ways"));
    }
    if placed && has_start {
        return Err(Message::new("crop_start_or_gravity"));
    }
    if placed && by_edges {
        return Err(Message::new("crop_edges_or_gravity"));
    }
    let part = if !aspect.is_empty() {
        let wrong = || Message::new("crop_aspect").with("given", aspect);
        let ratio = ratio(aspect).ok_or_else(wrong)?;
        match (width, height) {
            (Some(_), Some(_)) => {
                return Err(Message::new("crop_aspect_sides"));
            }
            _ if has_start => {
                return Err(Message::new("crop_aspect_start"));
            }
            _ => Part::Aspect { ratio, width, height },
        }
    } else if by_edges {
        let [left, top, right, bottom] = edges;
        if left + right >= 1.0 || top + bottom >= 1.0 {
            return Err(Message::new("crop_all"));
        }
        Part::Edges(edges)
    } else if by_share {
        Part::Share(share[0], share[1])
    } else if placed {
        Part::Size { width, height }
    } else {
        Part::Px { x: x.unwrap_or(0.0), y: y.unwrap_or(0.0), width, height }
    };
    let gravity = if placed { Anchor::from_name(params.text("gravity")) } else { Anchor::CENTER };
    Ok(Box::new(Crop { part, gravity, view_scale: params.view_scale() }))
}

/// Start and length inside the image, at least one px; `None` if it starts beyond the end.
fn span(start: f64, length: Option<f64>, available: u32) -> Option<(f64, f64)> {
    let available = f64::from(available);
    if start >= available {
        return None;
    }
    let start = start.min(available - 1.0);
    let end = length.map_or(available, |length| start + length).clamp(start + 1.0, available);
    Some((start, end - start))
}

impl Crop {
    /// Whole pixels of the output, in px of the view.
    fn whole(&self, px: f64) -> f64 {
        // Slightly below a half, so that a length computed as 99.99999 and one computed as 100 agree.
        (px / self.view_scale + 1e-6).round() * self.view_scale
    }

    /// Positions a length within the available space.
    fn placed(&self, length: f64, available: u32, gravity: f64) -> (f64, f64) {
        let available = f64::from(available);
        let length = self.whole(length).clamp(1.0_f64.min(available), available);
        let start = ((available - length) * gravity / self.view_scale + 1e-6).floor() * self.view_scale;
        (start.clamp(0.0, available - length), length)
    }

    /// Start and length on both axes.
    fn spans(&self, input: &ImageInfo) -> Result<[(f64, f64); 2], Message> {
        let (width_px, height_px) = (input.width_px, input.height_px);
        let (full_width, full_height) = (f64::from(width_px), f64::from(height_px));
        let outside =
            |message: Message, start: f64, available: u32| message.with("start", start).with("available", available);
        let placed = |width: f64, height: f64| {
            [self.placed(width, width_px, self.gravity.x), self.placed(height, height_px, self.gravity.y)]
        };
        Ok(match self.part {
            Part::Px { x, y, width, height } => [
                span(x, width, width_px).ok_or_else(|| outside(LEFT, x, width_px))?,
                span(y, height, height_px).ok_or_else(|| outside(TOP, y, height_px))?,
            ],
            Part::Size { width, height } => placed(width.unwrap_or(full_width), height.unwrap_or(full_height)),
            Part::Share(width, height) => placed(width * full_width, height * full_height),
            Part::Aspect { ratio, width, height } => {
                let width = match (width, height) {
                    (Some(width), _) => width,
                    (None, Some(height)) => height * ratio,
                    (None, None) => full_width,
                };
                // A part that does not fit becomes smaller and keeps its shape.
                let width = width.min(full_width).min(full_height * ratio);
                placed(width, width / ratio)
            }
            Part::Edges([left, top, right, bottom]) => {
                let cut = |before: f64, after: f64, available: f64| {
                    let start = self.whole(available * before).min(available - 1.0).max(0.0);
                    let end = available - self.whole(available * after);
                    (start, (end - start).max(1.0_f64.min(available)))
                };
                [cut(left, right, full_width), cut(top, bottom, full_height)]
            }
        })
    }
}

impl Operation for Crop {
    fn stage(&self, input: &ImageInfo) -> Result<Stage, Message> {
        Ok(cut::part(input, self.spans(input)?))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "tests")]

    use super::*;
    use crate::model::{Channels, SampleType};
    use crate::op::recipe::syntax;

    /// The part of an image of 400 by 300 px.
    fn cut(step: &str) -> Result<(u32, u32, u32, u32), Message> {
        let (width_px, height_px) = (400, 300);
        let info =
            ImageInfo { width_px, height_px, channels: Channels::Rgb, sample: SampleType::U8, premultiplied: false };
        let params = Params::check(SPEC.params, &syntax::parse_step(step)?.params)?;
        Ok(match build(&params)?.stage(&info)? {
            Stage::Crop(rect) => (rect.x, rect.y, rect.width_px, rect.height_px),
            Stage::Nothing => (0, 0, width_px, height_px),
            _ => return Err(Message::new("crop_aspect")),
        })
    }

    #[test]
    fn a_part_can_be_given_in_px_percent_or_as_an_aspect_ratio() {
        for (step, expected) in [
            ("crop:x=10,y=20,width=30,height=50", (10, 20, 30, 50)),
            ("crop:width=30,height=50", (0, 0, 30, 50)),
            ("crop:x=390,width=50", (390, 0, 10, 300)),
            ("crop:width=100,height=100,gravity=bottom_right", (300, 200, 100, 100)),
            ("crop:width=101,gravity=center", (149, 0, 101, 300)),
            ("crop:left_percent=10,bottom_percent=50", (40, 0, 360, 150)),
            ("crop:width_percent=50,height_percent=33.3", (100, 100, 200, 100)),
            ("crop:width_percent=50,gravity=right", (200, 0, 200, 300)),
            ("crop:aspect=1:1", (50, 0, 300, 300)),
            ("crop:aspect=16:9", (0, 37, 400, 225)),
            ("crop:aspect=2:3,gravity=left", (0, 0, 200, 300)),
            ("crop:aspect=2:1,width=100,gravity=top_left", (0, 0, 100, 50)),
            ("crop:aspect=2:1,height=9999", (0, 50, 400, 200)),
            ("crop", (0, 0, 400, 300)),
        ] {
            assert_eq!(cut(step).expect(step), expected, "{step}");
        }
    }

    #[test]
    fn contradictory_parameters_are_rejected_with_a_plain_message() {
        for (step, expected) in [
            ("crop:x=1,left_percent=5", "choose one way"),
            ("crop:width_percent=50,left_percent=5", "choose one way"),
            ("crop:aspect=1:1,top_percent=5", "choose one way"),
            ("crop:x=1,gravity=left", "not both"),
            ("crop:left_percent=5,gravity=left", "use either edge percentages or gravity"),
            ("crop:aspect=1:1,width=5,height=5", "not with both"),
            ("crop:aspect=1:1,x=5", "not with x and y"),
            ("crop:aspect=square", "like 16:9"),
            ("crop:aspect=0:9", "like 16:9"),
            ("crop:aspect=nan:1", "like 16:9"),
            ("crop:aspect=100001:100001", "like 16:9"),
            ("crop:aspect=0.0009:0.0009", "like 16:9"),
            ("crop:aspect=100000:0.001", "like 16:9"),
            ("crop:left_percent=60,right_percent=40", "less than 100"),
            ("crop:x=400", "is outside"),
        ] {
            let error = cut(step).expect_err(step);
            assert!(error.to_string().contains(expected), "{step}: {error}");
        }
    }
}
