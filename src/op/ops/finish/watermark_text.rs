//! Draws text over the image.

use std::sync::Arc;

use crate::model::{ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::anchor::Anchor;
use crate::op::kernels::overlay::{self, Overlay, OverlayCache, OverlayKernel, OverlayLayout, OverlayPixels};
use crate::op::kernels::text_outline::{Style, TextOutline};
use crate::op::params::Params;
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Colour, Operation, Stage};

/// Longest text in characters.
const MAX_CHARS: usize = 1000;

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "watermark_text",
    summary: "Draws text over the image",
    formula: "opacity * text + (1 - opacity) * image on encoded values, in the bundled font (Latin and Hangul) with \
              smooth edges; text that does not fit is made smaller. Fields are filled in for each item as in names of \
              results; {{ and }} are braces",
    group: Group::Finish,
    params: &[
        ParamSpec {
            name: "text",
            summary: "Text to draw, with fields of the item; several lines are allowed",
            unit: Unit::None,
            kind: ParamKind::FieldText { default: "\u{a9} Your name" },
        },
        overlay::percent("size", "Font size, as a percentage of the image's shorter side", 0.1, 100.0, 5.0),
        overlay::POSITION,
        overlay::opacity(60.0),
        ParamSpec {
            name: "colour",
            summary: "Colour of the text: white, black, #rgb, #rrggbb or #rrggbbaa",
            unit: Unit::None,
            kind: ParamKind::Colour { default: "white" },
        },
        ParamSpec { name: "bold", summary: "Semibold text", unit: Unit::None, kind: ParamKind::Bool { default: true } },
        overlay::MARGIN,
        ParamSpec {
            name: "angle",
            summary: "Clockwise rotation",
            unit: Unit::Degrees,
            kind: ParamKind::Float { min: -360.0, max: 360.0, soft_max: 90.0, default: 0.0 },
        },
        overlay::percent("outline", "Width of the outline, as a percentage of the font size", 0.0, 50.0, 0.0),
        ParamSpec {
            name: "outline_colour",
            summary: "Colour of the outline: black, white, #rgb, #rrggbb or #rrggbbaa",
            unit: Unit::None,
            kind: ParamKind::Colour { default: "black" },
        },
        overlay::TILE,
        overlay::GAP,
    ],
    starting: &[],
    faithful_to_scale: true,
    build,
};

struct WatermarkText {
    letters: Arc<TextOutline>,
    /// The font's size, 0 to 1 of the shorter side.
    size: f64,
    colours: [Colour; 2],
    layout: OverlayLayout,
    overlays: OverlayCache,
}

fn build(params: &Params) -> Result<Box<dyn Operation>, Message> {
    let text = params.text("text");
    if text.trim().is_empty() {
        return Err(Message::new("watermark_text"));
    }
    if text.chars().count() > MAX_CHARS {
        let message = Message::new("watermark_long");
        return Err(message.with("most", MAX_CHARS));
    }
    overlay::check_margin(params)?;
    let style = Style {
        bold: params.flag("bold"),
        degrees: params.number("angle"),
        outline: params.number("outline") / 100.0,
        align: Anchor::from_name(params.text("position")).x,
    };
    Ok(Box::new(WatermarkText {
        letters: Arc::new(TextOutline::new(text, &style)?),
        size: params.number("size") / 100.0,
        colours: [params.colour("outline_colour"), params.colour("colour")],
        layout: OverlayLayout::new(params),
        overlays: OverlayCache::default(),
    }))
}

impl WatermarkText {
    fn overlay(&self, input: &ImageInfo) -> Overlay {
        let asked = self.size * overlay::shorter(input);
        let (width, height) = self.letters.size(asked);
        let room = self.layout.room(input);
        let px = asked * (room.0 / width).min(room.1 / height).min(1.0);
        let (letters, colours) = (Arc::clone(&self.letters), self.colours.map(|colour| colour.0));
        let is_gray = colours.iter().all(|[r, g, b, _]| r == g && g == b);
        let draw = move || OverlayPixels::Covers { covers: letters.covers(px), colours };
        let output_px = self.letters.size_px(px / self.layout.view_scale);
        Overlay::new(self.letters.size_px(px), output_px, is_gray, draw)
    }
}

impl Operation for WatermarkText {
    fn stage(&self, input: &ImageInfo) -> Result<Stage, Message> {
        if self.layout.opacity <= 0.0 {
            return Ok(Stage::Nothing);
        }
        let overlay = self.overlays.of(input, || Ok(self.overlay(input)))?;
        Ok(Stage::Positional(Box::new(OverlayKernel::new(overlay, &self.layout, input))))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "tests")]

    use super::*;
    use crate::model::{Channels, SampleType, Step};

    fn operation(step: &Step) -> Result<Box<dyn Operation>, Message> {
        build(&Params::check(SPEC.params, &step.params)?)
    }

    #[test]
    fn text_that_does_not_fit_becomes_smaller() {
        let params = Params::check(
            SPEC.params,
            &Step::new("watermark_text")
                .with("text", "a very long line of words".repeat(20).as_str())
                .with("size", 50.0)
                .params,
        );
        let letters = TextOutline::new(
            &"a very long line of words".repeat(20),
            &Style { bold: true, degrees: 0.0, outline: 0.0, align: 1.0 },
        );
        let mark = WatermarkText {
            letters: Arc::new(letters.expect("drawn")),
            size: 0.5,
            colours: [Colour::WHITE; 2],
            layout: OverlayLayout::new(&params.expect("valid")),
            overlays: OverlayCache::default(),
        };
        let info = |width_px, height_px| ImageInfo {
            width_px,
            height_px,
            channels: Channels::Rgb,
            sample: SampleType::U8,
            premultiplied: false,
        };
        for (width, height) in [(400, 300), (40, 3000), (1, 1), (16000, 20)] {
            let overlay = mark.overlay(&info(width, height));
            assert!(
                overlay.width_px <= width && overlay.height_px <= height,
                "{} x {}",
                overlay.width_px,
                overlay.height_px
            );
        }
    }

    #[test]
    fn unusable_texts_are_rejected() {
        for (text, expected) in [
            (" ", "text is required"),
            ("by {stm}", "did you mean {stem}?"),
            ("{braces", "stray brace"),
            ("{hash}", "file names"),
        ] {
            let error = operation(&Step::new("watermark_text").with("text", text)).err().expect(text);
            assert!(error.to_string().contains(expected), "{error}");
        }
        let long = "x".repeat(1001);
        assert!(
            operation(&Step::new("watermark_text").with("text", long.as_str()))
                .is_err_and(|error| error.to_string().contains("1000"))
        );
        for text in ["{{braces}} are fine", "by {stem} {index:03} {date} {col:이름}"] {
            assert!(operation(&Step::new("watermark_text").with("text", text)).is_ok(), "{text}");
        }
        let wide = Step::new("watermark_text").with("margin", 50.0);
        assert!(operation(&wide).is_err_and(|error| error.to_string().contains("no room")));
        assert!(operation(&wide.with("tile", true)).is_ok(), "tiles have no margin");
    }
}
