//! Text as outlines of the bundled font, and their coverage of each pixel.

use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::{Database, Source};
use resvg::usvg::{Group, Node, Options, Tree};

use crate::model::{Message, font};

/// Number of missing characters that an error lists.
const NAMED: usize = 10;
/// Text is shaped at this size, then drawn at any size.
const SHAPED_PX: f64 = 100.0;

/// Text that can be drawn at any size.
pub(crate) struct TextOutline {
    /// The filled outlines, and the same with a stroke along them where requested.
    fill: Tree,
    outlined: Option<Tree>,
    /// Left, top, width and height of the drawing at a font size of 1.
    bounds: [f64; 4],
}

/// The appearance of a text.
pub(crate) struct Style {
    /// Weight 600 instead of 400.
    pub(crate) bold: bool,
    /// Degrees, clockwise.
    pub(crate) degrees: f64,
    /// Width of the stroke along the outlines, as a share of the font size.
    pub(crate) outline: f64,
    /// Alignment of shorter lines: 0 left, 0.5 centre, 1 right.
    pub(crate) align: f64,
}

/// The fonts, loaded once.
fn fonts() -> Arc<Database> {
    static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
        let mut fonts = Database::new();
        for bytes in [font::REGULAR, font::SEMIBOLD] {
            fonts.load_font_source(Source::Binary(Arc::new(bytes)));
        }
        Arc::new(fonts)
    });
    Arc::clone(&FONTS)
}

/// Escapes text for SVG.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars().filter(|character| !character.is_control()) {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // Not allowed in XML.
            '\u{fffe}' | '\u{ffff}' => {}
            other => escaped.push(other),
        }
    }
    escaped
}

/// The text as an SVG drawing, with a stroke of that width along its outlines.
fn drawing(text: &str, style: &Style, line_px: f64) -> String {
    let weight = if style.bold { 600 } else { 400 };
    let anchor = match style.align {
        align if align < 0.25 => "start",
        align if align > 0.75 => "end",
        _ => "middle",
    };
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1\" height=\"1\"><g transform=\"rotate({})\" fill=\"white\" \
         stroke=\"white\" stroke-width=\"{line_px}\" stroke-linejoin=\"round\" font-family=\"{}\" \
         font-weight=\"{weight}\" font-size=\"{SHAPED_PX}\" text-anchor=\"{anchor}\">",
        style.degrees,
        font::FAMILY,
    );
    for (i, line) in text.lines().enumerate() {
        let y = i as f64 * 1.25 * SHAPED_PX;
        let _ = write!(svg, "<text y=\"{y}\" xml:space=\"preserve\">{}</text>", escaped(line));
    }
    svg.push_str("</g></svg>");
    svg
}

/// Collects the characters that the fonts have no glyph for, each once.
fn collect_missing(group: &Group, missing: &mut Vec<String>) {
    for node in group.children() {
        match node {
            Node::Group(inner) => collect_missing(inner, missing),
            Node::Text(text) => {
                let glyphs = text.layouted().iter().flat_map(|span| &span.positioned_glyphs);
                // In every font, glyph 0 is shown for missing characters.
                for glyph in glyphs.filter(|glyph| glyph.id.0 == 0) {
                    if !missing.contains(&glyph.text) {
                        missing.push(glyph.text.clone());
                    }
                }
            }
            Node::Path(_) | Node::Image(_) => {}
        }
    }
}

/// Rejects text that the fonts can't draw, which would show empty boxes.
fn check_drawable(tree: &Tree) -> Result<(), Message> {
    let mut missing = Vec::new();
    collect_missing(tree.root(), &mut missing);
    if missing.is_empty() {
        return Ok(());
    }
    let named: Vec<&str> = missing.iter().take(NAMED).map(String::as_str).collect();
    let more = if missing.len() > NAMED { format!(" (+{})", missing.len() - NAMED) } else { String::new() };
    let message = Message::new("font_lacks");
    Err(message.with("letters", named.join(" ") + &more))
}

impl TextOutline {
    /// Shapes a text. The error is a message.
    pub(crate) fn new(text: &str, style: &Style) -> Result<Self, Message> {
        let options = Options { font_family: font::FAMILY.to_owned(), fontdb: fonts(), ..Options::default() };
        let shape = |line_px: f64| {
            Tree::from_str(&drawing(text, style, line_px), &options)
                .map_err(|error| Message::new("text_not_drawn").with("detail", error))
        };
        let fill = shape(0.0)?;
        check_drawable(&fill)?;
        let outlined = if style.outline > 0.0 { Some(shape(2.0 * style.outline * SHAPED_PX)?) } else { None };
        let bounds = outlined.as_ref().unwrap_or(&fill).root().abs_stroke_bounding_box();
        let bounds = [bounds.x(), bounds.y(), bounds.width(), bounds.height()].map(|px| f64::from(px) / SHAPED_PX);
        if !bounds.iter().all(|px| px.is_finite()) || bounds[2] <= 0.0 || bounds[3] <= 0.0 {
            return Err(Message::new("text_empty_drawing").with("text", text));
        }
        Ok(Self { fill, outlined, bounds })
    }

    /// Width and height of the drawing at a font size of `px`.
    pub(crate) fn size(&self, px: f64) -> (f64, f64) {
        (self.bounds[2] * px, self.bounds[3] * px)
    }

    /// Size of the drawing in whole pixels at that font size.
    pub(crate) fn size_px(&self, px: f64) -> (u32, u32) {
        let (width, height) = self.size(px);
        let whole = |px: f64| px.ceil().clamp(1.0, f64::from(crate::config::MAX_SIDE_PX)) as u32;
        (whole(width), whole(height))
    }

    /// Coverage of each pixel by the stroked and the filled text, at a font size of `px`.
    pub(crate) fn covers(&self, px: f64) -> Vec<[u8; 2]> {
        let (width, height) = self.size_px(px);
        let outlined = self.outlined.as_ref().map(|tree| self.cover(tree, px, width, height));
        let fill = self.cover(&self.fill, px, width, height);
        match outlined {
            Some(outlined) => outlined.into_iter().zip(fill).map(|(under, over)| [under, over]).collect(),
            None => fill.into_iter().map(|over| [0, over]).collect(),
        }
    }

    fn cover(&self, tree: &Tree, px: f64, width: u32, height: u32) -> Vec<u8> {
        let Some(mut pixmap) = Pixmap::new(width, height) else { return Vec::new() };
        let scale = (px / SHAPED_PX) as f32;
        let (left, top) = ((self.bounds[0] * px) as f32, (self.bounds[1] * px) as f32);
        let transform = Transform::from_row(scale, 0.0, 0.0, scale, -left, -top);
        resvg::render(tree, transform, &mut pixmap.as_mut());
        pixmap.data().iter().skip(3).step_by(4).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "tests")]

    use super::*;

    const PLAIN: Style = Style { bold: false, degrees: 0.0, outline: 0.0, align: 0.0 };

    fn area(letters: &TextOutline, px: f64) -> f64 {
        letters.covers(px).iter().map(|[_, over]| f64::from(*over) / 255.0).sum()
    }

    #[test]
    fn latin_and_hangul_are_drawn_and_fill_their_bounds() {
        for text in ["Pixloom 2026", "\u{ac00}\u{b098}\u{b2e4} \u{c0ac}\u{c9c4}", "<&>\"'"] {
            let letters = TextOutline::new(text, &PLAIN).expect(text);
            let (width, height) = letters.size_px(40.0);
            let covers = letters.covers(40.0);
            assert_eq!(covers.len(), (width * height) as usize);
            let column = |x: u32| (0..height).any(|y| covers[(y * width + x) as usize][1] > 0);
            let row = |y: u32| (0..width).any(|x| covers[(y * width + x) as usize][1] > 0);
            assert!(column(0) && column(width - 1) && row(0) && row(height - 1), "{text}");
            // Twice the size covers four times the area.
            let ratio = area(&letters, 80.0) / area(&letters, 40.0);
            assert!((ratio - 4.0).abs() < 0.1, "{text}: {ratio}");
        }
        let hangul = TextOutline::new("\u{d55c}\u{ae00}", &PLAIN).expect("Hangul");
        assert!(area(&hangul, 100.0) > 1500.0, "syllables, not empty boxes: {}", area(&hangul, 100.0));
    }

    #[test]
    fn lines_angles_and_outlines_make_it_larger() {
        let size = |text: &str, style: &Style| TextOutline::new(text, style).expect(text).size(10.0);
        let one = size("Mag", &PLAIN);
        let two = size("Mag\nMag", &PLAIN);
        assert!((two.1 - one.1 - 12.5).abs() < 0.1 && (two.0 - one.0).abs() < 0.1, "{one:?} {two:?}");
        let upright = size("Mag", &Style { degrees: 90.0, ..PLAIN });
        assert!((upright.0 - one.1).abs() < 0.1 && (upright.1 - one.0).abs() < 0.1, "{one:?} {upright:?}");
        let outlined = size("Mag", &Style { outline: 0.1, ..PLAIN });
        assert!((outlined.0 - one.0 - 2.0).abs() < 0.2, "{one:?} {outlined:?}");
        let bold = TextOutline::new("Mag", &Style { bold: true, ..PLAIN }).expect("bold");
        assert!(area(&bold, 50.0) > 1.1 * area(&TextOutline::new("Mag", &PLAIN).expect("regular"), 50.0));
        let outlined = TextOutline::new("Mag", &Style { outline: 0.1, ..PLAIN }).expect("outlined");
        let covers = outlined.covers(50.0);
        assert!(
            covers.iter().all(|[under, over]| under >= over),
            "the outline surrounds the letters and is under them"
        );
    }

    #[test]
    fn characters_missing_from_the_fonts_are_listed_once_each() {
        for bold in [false, true] {
            let error = |text: &str| TextOutline::new(text, &Style { bold, ..PLAIN }).err().map(|why| why.to_string());
            for text in ["\u{a9} Ren\u{e9} Stra\u{df}e \u{2013} \u{201c}x\u{201d}", "\u{d55c}\u{ae00}", "a b\u{a0}c\td"]
            {
                assert_eq!(error(text), None, "{text}");
            }
            // Thai, an emoji and Devanagari among characters that the fonts have.
            let text = error("a\u{e01}b \u{1f600}\n\u{e01}\u{905}").expect("refused");
            let (_, named) = text.split_once("Latin and Hangul, but not ").expect("a message");
            assert_eq!(named, "\u{e01} \u{1f600} \u{905}");
            let many: String = ('\u{e01}'..='\u{e0c}').collect();
            assert!(error(&many).is_some_and(|text| text.ends_with("\u{e0a} (+2)")), "{bold}");
        }
    }

    #[test]
    fn undrawable_text_is_reported() {
        for text in ["", "   ", "\u{1}", "\n"] {
            assert!(
                TextOutline::new(text, &PLAIN).is_err_and(|error| error.to_string().contains("can't draw")),
                "{text:?}"
            );
        }
    }
}
