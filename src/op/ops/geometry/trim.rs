//! Removes borders of one colour, or transparent ones.

use crate::config::MAX_SIDE_PX;
use crate::model::{Band, ImageInfo, Message, ParamKind, ParamSpec, Samples, Unit};
use crate::op::kernels::simd::{Sample, with_samples};
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Measure, Operation, Rect, Stage};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "trim",
    summary: "Removes a plain or transparent border",
    formula: "Removes every outer row and column whose pixels all match the border's colour within the tolerance in \
              each channel. An image of a single colour is left unchanged",
    group: Group::Geometry,
    params: &[
        ParamSpec {
            name: "by",
            summary: "What counts as the border. auto: transparent pixels if a corner is transparent, otherwise the \
                      most common colour of the corners; colour: the colour of the top left corner; transparency: \
                      transparent pixels only",
            unit: Unit::None,
            kind: ParamKind::Choice { options: &["auto", "colour", "transparency"], default: "auto" },
        },
        ParamSpec {
            name: "tolerance",
            summary: "Largest difference from the border in any channel",
            unit: Unit::Levels,
            kind: ParamKind::Float { min: 0.0, max: 255.0, soft_max: 64.0, default: 10.0 },
        },
        ParamSpec {
            name: "margin",
            summary: "Width of the border to keep on every side",
            unit: Unit::Px,
            kind: ParamKind::Int { min: 0, max: MAX_SIDE_PX as i64, soft_max: 200, default: Some(0) },
        },
    ],
    // In a smaller view the border ends between pixels.
    starting: &[],
    faithful_to_scale: false,
    build: |params| {
        let by = match params.text("by") {
            "colour" => By::Colour,
            "transparency" => By::Transparency,
            _ => By::Auto,
        };
        let tolerance = (params.number("tolerance") / 255.0) as f32;
        Ok(Box::new(Trim { by, tolerance, margin_px: params.number("margin").round() as u32 }))
    },
};

#[derive(Clone, Copy, Debug, PartialEq)]
enum By {
    Auto,
    Colour,
    Transparency,
}

#[derive(Clone, Copy)]
struct Trim {
    by: By,
    tolerance: f32,
    margin_px: u32,
}

impl Operation for Trim {
    fn stage(&self, input: &ImageInfo) -> Result<Stage, Message> {
        if self.by == By::Transparency && !input.channels.has_alpha() {
            return Ok(Stage::Nothing);
        }
        Ok(Stage::Measure(Box::new(*self)))
    }
}

impl Measure for Trim {
    fn stage(&self, picture: &Band, info: &ImageInfo) -> Result<Stage, Message> {
        let inner = with_samples!(&picture.samples, samples => self.inner(samples, info));
        let Some(inner) = inner else { return Ok(Stage::Nothing) };
        let kept = inner.grown(self.margin_px, info);
        Ok(if kept.is_all_of(info) { Stage::Nothing } else { Stage::Crop(kept) })
    }
}

impl Trim {
    /// The part inside the border; `None` if there is only border.
    fn inner<T: Sample>(&self, samples: &[T], info: &ImageInfo) -> Option<Rect> {
        let count = info.channels.count();
        let (width, height) = (info.width_px as usize, info.height_px as usize);
        let pixel = |x: usize, y: usize| samples.get((y * width + x) * count..).and_then(|rest| rest.get(..count));
        let has_alpha = info.channels.has_alpha();
        let alpha = |pixel: &[T]| if has_alpha { pixel.last().map_or(1.0, |alpha| alpha.to_unit()) } else { 1.0 };
        // Invisible colours count as equal.
        let is_like = |a: &[T], b: &[T]| {
            let unseen = has_alpha && alpha(a).max(alpha(b)) <= self.tolerance;
            unseen || a.iter().zip(b).all(|(a, b)| (a.to_unit() - b.to_unit()).abs() <= self.tolerance + 1e-6)
        };
        let corners = [(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)];
        let corners: Vec<&[T]> = corners.iter().filter_map(|(x, y)| pixel(*x, *y)).collect();
        let clear = has_alpha && corners.iter().any(|corner| alpha(corner) <= self.tolerance);
        let by_alpha = self.by == By::Transparency || (self.by == By::Auto && clear);
        let first = *corners.first()?;
        let votes = |of: &[T]| corners.iter().filter(|corner| is_like(corner, of)).count();
        let border = match self.by {
            // The first of those with the most votes.
            By::Auto => corners.iter().rev().copied().max_by_key(|corner| votes(corner))?,
            _ => first,
        };
        let is_border = |pixel: &[T]| if by_alpha { alpha(pixel) <= self.tolerance } else { is_like(pixel, border) };
        let row = |y: usize| samples.get(y * width * count..(y + 1) * width * count).unwrap_or_default();
        let has_inner = |y: &usize| !row(*y).chunks_exact(count).all(is_border);
        let top = (0..height).find(has_inner)?;
        let bottom = (top..height).rev().find(has_inner).unwrap_or(top);
        let (mut left, mut right) = (width, 0);
        for y in top..=bottom {
            // Only pixels that would move an edge are examined.
            let line = row(y);
            let outside_left = line.chunks_exact(count).take(left);
            if let Some(x) = outside_left.into_iter().position(|pixel| !is_border(pixel)) {
                left = x;
            }
            let outside_right = line.chunks_exact(count).skip(right).rev();
            if let Some(x) = outside_right.into_iter().position(|pixel| !is_border(pixel)) {
                right = width - x;
            }
        }
        let (x, y) = (left as u32, top as u32);
        Some(Rect { x, y, width_px: right as u32 - x, height_px: (bottom + 1) as u32 - y })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Channels;

    fn rect(by: By, tolerance: u8, channels: Channels, pixel: impl Fn(usize, usize) -> Vec<u8>) -> Option<Rect> {
        let info = ImageInfo {
            width_px: 12,
            height_px: 9,
            channels,
            sample: crate::model::SampleType::U8,
            premultiplied: false,
        };
        let samples: Vec<u8> =
            (0..9).flat_map(|y| (0..12).map(move |x| (x, y))).flat_map(|(x, y)| pixel(x, y)).collect();
        Trim { by, tolerance: f32::from(tolerance) / 255.0, margin_px: 0 }.inner(&samples, &info)
    }

    #[test]
    fn the_corners_decide_the_border_even_if_one_differs() {
        let all = Rect { x: 0, y: 0, width_px: 12, height_px: 9 };
        let corners = [(0, 0), (11, 0), (0, 8), (11, 8)];
        for odd in corners {
            // One corner differs: the other three decide, and it is kept.
            let one = rect(By::Auto, 5, Channels::Gray, |x, y| vec![if (x, y) == odd { 9 } else { 200 }]);
            assert_eq!(one, Some(Rect { x: odd.0 as u32, y: odd.1 as u32, width_px: 1, height_px: 1 }));
            // A transparent corner makes alpha define the border.
            let clear = |x, y| vec![50, if (x, y) == odd { 0 } else { 255 }];
            assert_eq!(rect(By::Auto, 5, Channels::GrayAlpha, clear), Some(all), "{odd:?}");
            // With by=colour only the first corner counts.
            let first = rect(By::Colour, 5, Channels::Gray, |x, y| vec![if (x, y) == odd { 9 } else { 200 }]);
            let kept =
                if odd == (0, 0) { all } else { Rect { x: odd.0 as u32, y: odd.1 as u32, width_px: 1, height_px: 1 } };
            assert_eq!(first, Some(kept), "{odd:?}");
        }
    }

    #[test]
    fn rows_that_differ_by_more_than_the_tolerance_are_kept() {
        let dot = |x, y| vec![if (x, y) == (4, 2) || (x, y) == (7, 6) { 200 } else { 250 - (x + y) as u8 % 3 }];
        let inner = Rect { x: 4, y: 2, width_px: 4, height_px: 5 };
        assert_eq!(rect(By::Auto, 5, Channels::Gray, dot), Some(inner));
        assert_eq!(rect(By::Auto, 60, Channels::Gray, dot), None, "it would be trimmed to nothing");
        let all = rect(By::Auto, 0, Channels::Gray, dot);
        assert_eq!(all.map(|rect| (rect.width_px, rect.height_px)), Some((12, 9)));
        // A difference of exactly the tolerance still counts as border.
        let edge = |x, _| vec![if x == 3 { 110 } else { 100 }];
        assert_eq!(rect(By::Auto, 10, Channels::Gray, edge), None);
        assert_eq!(rect(By::Auto, 9, Channels::Gray, edge), Some(Rect { x: 3, y: 0, width_px: 1, height_px: 9 }));
    }

    #[test]
    fn the_majority_of_the_corners_decides_the_border() {
        let pixel = |x, y| {
            vec![
                if (x, y) == (0, 0) {
                    0
                } else if (5..8).contains(&x) && y == 4 {
                    90
                } else {
                    255
                },
                9,
                9,
            ]
        };
        assert_eq!(
            rect(By::Auto, 10, Channels::Rgb, pixel),
            Some(Rect { x: 0, y: 0, width_px: 8, height_px: 5 }),
            "the odd corner is content"
        );
        assert_eq!(
            rect(By::Colour, 10, Channels::Rgb, |x, _| vec![if x < 6 { 0 } else { 255 }; 3]).map(|r| r.x),
            Some(6)
        );
    }

    #[test]
    fn transparent_borders_are_removed_whatever_their_colour() {
        let pixel =
            |x, y| if (2..5).contains(&x) && y == 3 { vec![0, 0, 0, 255] } else { vec![(x * 20) as u8, 7, 9, 3] };
        let inner = Some(Rect { x: 2, y: 3, width_px: 3, height_px: 1 });
        assert_eq!(rect(By::Auto, 10, Channels::Rgba, pixel), inner);
        assert_eq!(rect(By::Transparency, 10, Channels::Rgba, pixel), inner);
        assert_eq!(rect(By::Transparency, 2, Channels::Rgba, pixel).map(|rect| rect.width_px), Some(12));
    }
}
