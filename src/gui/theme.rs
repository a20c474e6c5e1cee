//! Colours, sizes and fonts: the only module that defines any.
//!
//! Knows nothing about what is drawn with them.

use std::sync::Arc;

use egui::{
    Color32, Context, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, FontTweak, Margin, Shadow, Stroke,
    Style, TextStyle, Ui, Visuals, vec2,
};

use crate::config::Theme as Choice;
use crate::model::font;

/// The colours of one theme.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Palette {
    /// Behind images.
    pub(crate) bg0: Color32,
    /// Panels.
    pub(crate) bg1: Color32,
    /// Controls and cards.
    pub(crate) bg2: Color32,
    /// Selected controls, rails.
    pub(crate) bg3: Color32,
    /// Hairlines.
    pub(crate) line: Color32,
    /// Outlines and icons that must be seen on a surface of nearly the same colour.
    pub(crate) outline: Color32,
    /// Text.
    pub(crate) text: Color32,
    /// Secondary text.
    pub(crate) text2: Color32,
    /// Tertiary text.
    pub(crate) text3: Color32,
    /// Accent on a surface.
    pub(crate) accent: Color32,
    /// Accent as a surface.
    pub(crate) accent_fill: Color32,
    /// The accent surface under the pointer.
    pub(crate) accent_hover: Color32,
    /// Text on the accent surface.
    pub(crate) on_accent: Color32,
    /// Done.
    pub(crate) ok: Color32,
    /// Needs attention.
    pub(crate) warn: Color32,
    /// Failed.
    pub(crate) fail: Color32,
    /// The shadow of floating surfaces.
    pub(crate) shadow: Color32,
}

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

/// Dark.
pub(crate) const DARK: Palette = Palette {
    bg0: rgb(0x15_17_1b),
    bg1: rgb(0x1b_1e_23),
    bg2: rgb(0x24_28_2f),
    bg3: rgb(0x2e_33_3c),
    line: rgb(0x31_36_3f),
    outline: rgb(0x6f_78_86),
    text: rgb(0xe9_eb_ee),
    text2: rgb(0xa3_ab_b8),
    text3: rgb(0x8b_94_a2),
    accent: rgb(0x6a_a5_ff),
    accent_fill: rgb(0x2f_6f_e4),
    accent_hover: rgb(0x25_63_d4),
    on_accent: Color32::WHITE,
    ok: rgb(0x4c_c3_8a),
    warn: rgb(0xf0_b2_4a),
    fail: rgb(0xff_7b_72),
    shadow: Color32::from_black_alpha(0x66),
};

/// Light.
pub(crate) const LIGHT: Palette = Palette {
    bg0: rgb(0xee_f0_f3),
    bg1: rgb(0xfb_fc_fd),
    bg2: rgb(0xf0_f2_f5),
    bg3: rgb(0xe3_e6_eb),
    line: rgb(0xd6_da_e1),
    outline: rgb(0x7c_85_93),
    text: rgb(0x1b_1f_26),
    text2: rgb(0x4f_58_67),
    text3: rgb(0x62_6b_79),
    accent: rgb(0x1d_63_d8),
    accent_fill: rgb(0x24_66_dc),
    accent_hover: rgb(0x1b_59_c7),
    on_accent: Color32::WHITE,
    ok: rgb(0x18_79_4e),
    warn: rgb(0x8f_5b_00),
    fail: rgb(0xc0_2b_2b),
    shadow: Color32::from_black_alpha(0x30),
};

/// Behind text and icons on an image.
pub(crate) const ON_IMAGE: Color32 = Color32::from_rgba_premultiplied(8, 9, 12, 0xc4);
/// Behind the histogram.
pub(crate) const HISTOGRAM_SURFACE: Color32 = Color32::from_rgba_premultiplied(13, 14, 18, 0xec);
/// Text and lines on an image.
pub(crate) const ON_IMAGE_TEXT: Color32 = Color32::WHITE;
/// A texture's own colours; also for text that is only measured.
pub(crate) const UNTINTED: Color32 = Color32::WHITE;
/// Covers the window behind a sheet.
pub(crate) const BEHIND_SHEET: Color32 = Color32::from_black_alpha(0x70);
/// The icon on the divider's white knob.
pub(crate) const KNOB_INK: Color32 = rgb(0x22_22_22);
/// Icons on [`ON_IMAGE`], the same in both themes.
pub(crate) const ON_IMAGE_MARKS: &Palette = &DARK;
/// Red, green and blue of the histogram.
pub(crate) const HISTOGRAM: [Color32; 3] = [
    Color32::from_rgba_premultiplied(0x78, 0x43, 0x3f, 0x78),
    Color32::from_rgba_premultiplied(0x34, 0x67, 0x49, 0x78),
    Color32::from_rgba_premultiplied(0x41, 0x4b, 0x78, 0x78),
];
/// The colour of this name in scripts: `white`, `black`, `transparent`, `#rgb`, `#rrggbb`, `#rrggbbaa`.
pub(crate) fn named_colour(text: &str) -> Option<Color32> {
    match text {
        "white" => Some(Color32::WHITE),
        "black" => Some(Color32::BLACK),
        "transparent" => Some(Color32::TRANSPARENT),
        hex => Color32::from_hex(hex).ok(),
    }
}

/// A colour mixed in the picker.
pub(crate) fn colour(red: u8, green: u8, blue: u8, alpha: u8) -> Color32 {
    Color32::from_rgba_unmultiplied(red, green, blue, alpha)
}

/// A colour as it is written in scripts.
pub(crate) fn colour_name(colour: Color32) -> String {
    let [red, green, blue, alpha] = colour.to_srgba_unmultiplied();
    if alpha == 255 {
        format!("#{red:02x}{green:02x}{blue:02x}")
    } else {
        format!("#{red:02x}{green:02x}{blue:02x}{alpha:02x}")
    }
}

/// Opacity of waiting items.
pub(crate) const WAITING_ALPHA: f32 = 0.55;
/// Opacity of a step that is switched off, and of a form that can't be changed: its text stays readable.
pub(crate) const DISABLED_ALPHA: f32 = 0.88;

/// Sizes in points, on a grid of 4.
pub(crate) mod size {
    /// The header's height.
    pub(crate) const HEADER: f32 = 48.0;
    /// The run bar's height.
    pub(crate) const FOOTER: f32 = 64.0;
    /// Width of the sources panel.
    pub(crate) const SOURCES: f32 = 232.0;
    /// Width of the sources panel in a small window.
    pub(crate) const SOURCES_SMALL: f32 = 168.0;
    /// Width of the recipe panel.
    pub(crate) const RECIPE: f32 = 312.0;
    /// Width of the recipe panel in a small window.
    pub(crate) const RECIPE_SMALL: f32 = 276.0;
    /// Windows narrower than this are small.
    pub(crate) const SMALL_WINDOW: f32 = 1120.0;
    /// Height of a button.
    pub(crate) const BUTTON: f32 = 28.0;
    /// Height of a small button.
    pub(crate) const BUTTON_SMALL: f32 = 24.0;
    /// Height of the Start button.
    pub(crate) const BUTTON_BIG: f32 = 36.0;
    /// Corner radius.
    pub(crate) const CORNER: u8 = 6;
    /// Side of a tone curve's editor.
    pub(crate) const CURVE: f32 = 160.0;
    /// Width of a colour picker.
    pub(crate) const PICKER: f32 = 240.0;
    /// Corner radius of cards.
    pub(crate) const CORNER_CARD: u8 = 8;
    /// Corner radius of the drop area and of sheets.
    pub(crate) const CORNER_SHEET: u8 = 12;
    /// A panel's margin.
    pub(crate) const MARGIN: f32 = 12.0;
    /// The run bar's margin.
    pub(crate) const MARGIN_WIDE: f32 = 16.0;
    /// Gap between controls.
    pub(crate) const GAP: f32 = 8.0;
    /// Gap between related controls.
    pub(crate) const GAP_SMALL: f32 = 4.0;
    /// Width of a setting's label.
    pub(crate) const SETTING_LABEL: f32 = 212.0;
    /// Height of the items' toolbar.
    pub(crate) const ITEM_BAR: f32 = 44.0;
    /// Height of the preview's toolbar.
    pub(crate) const PREVIEW_BAR: f32 = 36.0;
    /// Height of a row in the sources panel.
    pub(crate) const ROW: f32 = 32.0;
    /// Height of a row of the table and of menus.
    pub(crate) const TABLE_ROW: f32 = 28.0;
    /// Height of a parameter's row.
    pub(crate) const FIELD_ROW: f32 = 28.0;
    /// Height of an error's details.
    pub(crate) const DETAILS: f32 = 148.0;
    /// Height of a line of text.
    pub(crate) const TEXT_LINE: f32 = 20.0;
    /// Height of a field.
    pub(crate) const FIELD: f32 = 24.0;
    /// Minimum width of a column of parameters' labels.
    pub(crate) const FIELD_LABEL: f32 = 88.0;
    /// Maximum width of a column of parameters' labels.
    pub(crate) const FIELD_LABEL_MAX: f32 = 124.0;
    /// Width of a number field.
    pub(crate) const NUMBER: f32 = 72.0;
    /// A thumbnail's smallest width.
    pub(crate) const THUMB_MIN: f32 = 116.0;
    /// A thumbnail's height.
    pub(crate) const THUMB: f32 = 92.0;
    /// Height of a thumbnail's caption.
    pub(crate) const THUMB_NAME: f32 = 22.0;
    /// A rail's thickness.
    pub(crate) const RAIL: f32 = 4.0;
    /// A slider knob's radius.
    pub(crate) const KNOB_RADIUS: f32 = 7.0;
    /// The progress bar's thickness.
    pub(crate) const PROGRESS: f32 = 8.0;
    /// A badge's diameter.
    pub(crate) const BADGE: f32 = 18.0;
    /// An icon's width.
    pub(crate) const ICON: f32 = 16.0;
    /// A scroll bar's width.
    pub(crate) const SCROLL_BAR: f32 = 8.0;
    /// Side of a check box.
    pub(crate) const CHECK: f32 = 16.0;
    /// Height of the title of a page.
    pub(crate) const PAGE_BAR: f32 = 44.0;
    /// Height of the query editor, and in a low window.
    pub(crate) const QUERY: (f32, f32) = (140.0, 84.0);
    /// Smallest and largest width of a column of a query's result.
    pub(crate) const RESULT_COLUMN: (f32, f32) = (64.0, 280.0);
    /// Width of a sheet.
    pub(crate) const SHEET: f32 = 560.0;
    /// The width of the sheet of jobs, the height of one, and its images.
    pub(crate) const JOBS_SHEET: f32 = 660.0;
    pub(crate) const JOB_CARD: f32 = 140.0;
    pub(crate) const JOB_IMAGE: f32 = 44.0;
    /// The width of a filter of jobs, and of the menu of one.
    pub(crate) const JOBS_FILTER: f32 = 136.0;
    pub(crate) const JOBS_MENU: f32 = 200.0;
    /// Size of the drop area.
    pub(crate) const DROP: (f32, f32) = (560.0, 320.0);
    /// The focus ring's thickness.
    pub(crate) const RING: f32 = 2.0;
    /// The window's initial size.
    pub(crate) const WINDOW: (f32, f32) = (1440.0, 900.0);
    /// Space left below a window that was too large for its screen.
    pub(crate) const SCREEN_EDGE: f32 = 32.0;
    /// The preview's minimum share of the height, until the user moves the border.
    pub(crate) const PREVIEW_SHARE: f32 = 0.47;
    /// The preview's minimum height.
    pub(crate) const PREVIEW_MIN: f32 = 120.0;
    /// Minimum height of the items.
    pub(crate) const ITEMS_MIN: f32 = 180.0;
    /// The window's minimum size.
    pub(crate) const WINDOW_MIN: (f32, f32) = (860.0, 560.0);
}

const FIGURES: &[u8] = include_bytes!("../../assets/fonts/PixloomFigures-Regular.ttf");
const FIGURES_SEMIBOLD: &[u8] = include_bytes!("../../assets/fonts/PixloomFigures-SemiBold.ttf");
const MONO: &[u8] = include_bytes!("../../assets/fonts/PixloomMono-Regular.ttf");

const TEXT_PT: f32 = 13.0;
const LABEL_PT: f32 = 12.0;

/// Body text.
pub(crate) fn body() -> FontId {
    FontId::new(TEXT_PT, FontFamily::Proportional)
}

/// Labels and notes.
pub(crate) fn label() -> FontId {
    FontId::new(LABEL_PT, FontFamily::Proportional)
}

/// Emphasized body text.
pub(crate) fn strong() -> FontId {
    FontId::new(TEXT_PT, family("semibold"))
}

/// Section headings.
pub(crate) fn heading() -> FontId {
    FontId::new(LABEL_PT, family("semibold"))
}

/// The headline of the empty window.
pub(crate) fn title() -> FontId {
    FontId::new(20.0, family("semibold"))
}

/// Titles of sheets.
pub(crate) fn sheet_title() -> FontId {
    FontId::new(16.0, family("semibold"))
}

/// The Start button.
pub(crate) fn big() -> FontId {
    FontId::new(14.0, family("figures-semibold"))
}

/// SQL.
pub(crate) fn mono() -> FontId {
    FontId::new(LABEL_PT, FontFamily::Monospace)
}

/// Changing numbers, in tabular digits.
pub(crate) fn figures() -> FontId {
    FontId::new(TEXT_PT, family("figures"))
}

/// Small changing numbers, in tabular digits.
pub(crate) fn figures_small() -> FontId {
    FontId::new(LABEL_PT, family("figures"))
}

/// Emphasized changing numbers, in tabular digits.
pub(crate) fn figures_strong() -> FontId {
    FontId::new(TEXT_PT, family("figures-semibold"))
}

fn family(name: &str) -> FontFamily {
    FontFamily::Name(name.into())
}

/// The palette of this part of the window.
pub(crate) fn palette(ui: &Ui) -> &'static Palette {
    of(ui.visuals())
}

/// The palette of these visuals.
pub(crate) fn of(visuals: &Visuals) -> &'static Palette {
    if visuals.dark_mode { &DARK } else { &LIGHT }
}

/// A hairline.
pub(crate) fn hairline(palette: &Palette) -> Stroke {
    Stroke::new(1.0, palette.line)
}

/// The ring around the focused control.
pub(crate) fn focus_ring(palette: &Palette) -> Stroke {
    Stroke::new(size::RING, palette.accent)
}

/// Corner radius of controls.
pub(crate) const fn corner() -> CornerRadius {
    CornerRadius::same(size::CORNER)
}

/// Installs fonts and both themes; called once per context.
pub(crate) fn install(ctx: &Context) {
    ctx.set_fonts(fonts());
    ctx.set_style_of(egui::Theme::Dark, style(&DARK, Visuals::dark()));
    ctx.set_style_of(egui::Theme::Light, style(&LIGHT, Visuals::light()));
}

/// Applies the user's choice.
pub(crate) fn choose(ctx: &Context, choice: Choice) {
    ctx.set_theme(match choice {
        Choice::System => egui::ThemePreference::System,
        Choice::Dark => egui::ThemePreference::Dark,
        Choice::Light => egui::ThemePreference::Light,
    });
}

fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::empty();
    for (name, bytes) in [
        ("regular", font::REGULAR),
        ("semibold", font::SEMIBOLD),
        ("figures", FIGURES),
        ("figures-semibold", FIGURES_SEMIBOLD),
        ("mono", MONO),
    ] {
        // Hinting closes the gap below the dots of a semibold i at these sizes.
        let hinting = if name.ends_with("semibold") { Some(false) } else { None };
        let data = FontData::from_owned(without_contextual_forms(bytes));
        let data = data.tweak(FontTweak { hinting, ..FontTweak::default() });
        fonts.font_data.insert(name.to_owned(), Arc::new(data));
    }
    let families: [(FontFamily, &[&str]); 5] = [
        (FontFamily::Proportional, &["regular"]),
        (FontFamily::Monospace, &["mono", "regular"]),
        (family("semibold"), &["semibold", "regular"]),
        (family("figures"), &["figures", "regular"]),
        (family("figures-semibold"), &["figures-semibold", "semibold"]),
    ];
    for (family, names) in families {
        fonts.families.insert(family, names.iter().map(|name| (*name).to_owned()).collect());
    }
    fonts
}

/// The font without the features that draw `800x600` as `800×600` and `->` as an arrow: file names and commands are
/// shown as they are. egui has no switch for features, so their names are replaced in the font's table of them.
fn without_contextual_forms(font: &[u8]) -> Vec<u8> {
    let mut bytes = font.to_vec();
    for at in contextual_tags(font).unwrap_or_default() {
        if let Some(tag) = bytes.get_mut(at..at + 4) {
            tag.copy_from_slice(b"none");
        }
    }
    bytes
}

/// Where the tags of these features are: in the feature list of the table GSUB (OpenType 1.9, chapter 2).
fn contextual_tags(font: &[u8]) -> Option<Vec<usize>> {
    let short = |at: usize| Some(usize::from(u16::from_be_bytes(font.get(at..at + 2)?.try_into().ok()?)));
    let long = |at: usize| Some(u32::from_be_bytes(font.get(at..at + 4)?.try_into().ok()?) as usize);
    let records = (0..short(4)?).map(|n| 12 + 16 * n);
    let record = records.into_iter().find(|&at| font.get(at..at + 4) == Some(b"GSUB"))?;
    let table = long(record + 8)?;
    let list = table + short(table + 6)?;
    let features = (0..short(list)?).map(|n| list + 2 + 6 * n);
    Some(features.filter(|&at| matches!(font.get(at..at + 4), Some(b"calt" | b"clig"))).collect())
}

fn style(palette: &Palette, mut visuals: Visuals) -> Style {
    let p = palette;
    visuals.panel_fill = p.bg1;
    visuals.window_fill = p.bg1;
    visuals.window_stroke = hairline(p);
    visuals.window_corner_radius = CornerRadius::same(size::CORNER_SHEET);
    visuals.menu_corner_radius = CornerRadius::same(size::CORNER_CARD);
    visuals.extreme_bg_color = p.bg1;
    visuals.text_edit_bg_color = Some(p.bg1);
    visuals.faint_bg_color = p.bg2;
    visuals.code_bg_color = p.bg2;
    visuals.hyperlink_color = p.accent;
    visuals.warn_fg_color = p.warn;
    visuals.error_fg_color = p.fail;
    visuals.weak_text_color = Some(p.text2);
    visuals.selection.bg_fill = p.accent_fill.gamma_multiply(0.45);
    visuals.selection.stroke = Stroke::new(1.0, p.accent);
    let shadow = Shadow { offset: [0, 6], blur: 20, spread: 0, color: p.shadow };
    visuals.window_shadow = shadow;
    visuals.popup_shadow = shadow;
    visuals.slider_trailing_fill = true;
    visuals.disabled_alpha = DISABLED_ALPHA;

    let widgets = &mut visuals.widgets;
    for (widget, fill, edge, text) in [
        (&mut widgets.noninteractive, p.bg1, p.line, p.text),
        (&mut widgets.inactive, p.bg2, p.line, p.text),
        (&mut widgets.hovered, p.bg3, p.line, p.text),
        (&mut widgets.active, p.bg3, p.accent, p.text),
        (&mut widgets.open, p.bg3, p.line, p.text),
    ] {
        widget.bg_fill = fill;
        widget.weak_bg_fill = fill;
        widget.bg_stroke = Stroke::new(1.0, edge);
        widget.fg_stroke = Stroke::new(1.0, text);
        widget.corner_radius = corner();
        widget.expansion = 0.0;
    }

    let mut style = Style { visuals, ..Style::default() };
    style.text_styles = [
        (TextStyle::Small, label()),
        (TextStyle::Body, body()),
        (TextStyle::Button, body()),
        (TextStyle::Heading, title()),
        (TextStyle::Monospace, figures()),
    ]
    .into();
    style.spacing.item_spacing = vec2(size::GAP, size::GAP_SMALL);
    style.spacing.button_padding = vec2(size::MARGIN, size::GAP_SMALL);
    style.spacing.interact_size = vec2(size::BUTTON, size::FIELD);
    style.spacing.menu_margin = Margin::same(6);
    style.spacing.window_margin = Margin::same(20);
    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.5;
    style.animation_time = 0.0;
    style.spacing.scroll = egui::style::ScrollStyle::thin();
    style
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(colour: Color32) -> f32 {
        let linear = |level: u8| {
            let v = f32::from(level) / 255.0;
            if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(colour.r()) + 0.7152 * linear(colour.g()) + 0.0722 * linear(colour.b())
    }

    fn contrast(a: Color32, b: Color32) -> f32 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// `ink` at this opacity on a surface.
    fn mixed(ink: Color32, surface: Color32, alpha: f32) -> Color32 {
        let mix = |a: u8, b: u8| (f32::from(a) * alpha + f32::from(b) * (1.0 - alpha)).round() as u8;
        Color32::from_rgb(mix(ink.r(), surface.r()), mix(ink.g(), surface.g()), mix(ink.b(), surface.b()))
    }

    #[test]
    fn text_that_is_disabled_or_switched_off_is_readable() {
        for p in [&DARK, &LIGHT] {
            for surface in [p.bg0, p.bg1, p.bg2] {
                let disabled = contrast(p.text3, surface);
                assert!(disabled >= 4.5, "{disabled:.2}");
                for ink in [p.text, p.text2] {
                    let faded = contrast(mixed(ink, surface, DISABLED_ALPHA), surface);
                    assert!(faded >= 4.5, "{ink:?} on {surface:?}: {faded:.2}");
                }
            }
        }
    }

    #[test]
    fn outlines_of_tiles_without_an_image_are_visible() {
        // WCAG 2.2, 1.4.11: at least 3:1 for what is needed to see a control.
        for p in [&DARK, &LIGHT] {
            for surface in [p.bg0, p.bg1, p.bg2] {
                let contrast = contrast(p.outline, surface);
                assert!(contrast >= 3.0, "{surface:?}: {contrast:.2}");
            }
        }
    }

    #[test]
    fn text_has_a_contrast_of_at_least_four_and_a_half_on_every_surface() {
        for p in [&DARK, &LIGHT] {
            for text in [p.text, p.text2, p.text3, p.accent, p.ok, p.warn, p.fail] {
                for surface in [p.bg0, p.bg1, p.bg2] {
                    let contrast = contrast(text, surface);
                    assert!(contrast >= 4.5, "{text:?} on {surface:?}: {contrast:.2}");
                }
            }
            assert!(contrast(p.text, p.bg3) >= 4.5 && contrast(p.text2, p.bg3) >= 4.5);
            for surface in [p.accent_fill, p.accent_hover] {
                assert!(contrast(p.on_accent, surface) >= 4.5);
            }
        }
    }

    #[test]
    fn file_names_are_drawn_as_they_are() {
        let ctx = Context::default();
        install(&ctx);
        ctx.run_ui(egui::RawInput::default(), |_| ()).textures_delta.clear();
        let shape_of = |text: &str, letter: char| {
            let galley = ctx.fonts_mut(|fonts| {
                fonts.layout_no_wrap(text.to_owned(), egui::FontId::proportional(40.0), Color32::WHITE)
            });
            let glyph = galley.rows[0].glyphs.iter().find(|glyph| glyph.chr == letter).copied();
            glyph.map(|glyph| (glyph.uv_rect.offset.y, glyph.uv_rect.size.y))
        };
        assert!(shape_of("800x600", 'x').is_some());
        assert_eq!(shape_of("800x600", 'x'), shape_of("axb", 'x'));
        assert_ne!(shape_of("800x600", 'x'), shape_of("800×600", '×'));
        assert_eq!(shape_of("a->b", '>'), shape_of("a>b", '>'));
    }
}
