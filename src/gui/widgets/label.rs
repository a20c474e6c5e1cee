//! Text in the theme's fonts and colours. On one line, it is truncated with an ellipsis.

use egui::accesskit::Role;
use egui::{Color32, FontId, Label, Rect, Response, RichText, Sense, Ui, WidgetInfo};

use crate::gui::theme;

/// Text in any font and colour.
pub(crate) fn text(ui: &mut Ui, words: impl Into<String>, font: FontId, ink: Color32) -> Response {
    ui.add(Label::new(RichText::new(words).font(font).color(ink)).truncate())
}

/// Text over several lines.
pub(crate) fn wrapped(ui: &mut Ui, words: impl Into<String>, font: FontId, ink: Color32) -> Response {
    ui.add(Label::new(RichText::new(words).font(font).color(ink)).wrap())
}

/// A section's heading.
pub(crate) fn heading(ui: &mut Ui, words: &str) -> Response {
    let ink = theme::palette(ui).text2;
    text(ui, words, theme::heading(), ink)
}

/// A small note.
pub(crate) fn note(ui: &mut Ui, words: impl Into<String>) -> Response {
    let ink = theme::palette(ui).text3;
    text(ui, words, theme::figures_small(), ink)
}

/// A small note over several lines.
pub(crate) fn long_note(ui: &mut Ui, words: impl Into<String>) -> Response {
    let ink = theme::palette(ui).text3;
    wrapped(ui, words, theme::figures_small(), ink)
}

/// Tells screen readers of text that is painted at `rect`.
pub(crate) fn spoken(ui: &Ui, rect: Rect, words: &str) {
    let response = ui.interact(rect, ui.scope_id().with(("spoken", words)), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
}

/// The width of text on one line, in points.
pub(crate) fn width(ui: &Ui, words: &str, font: FontId) -> f32 {
    ui.painter().layout_no_wrap(words.to_owned(), font, theme::UNTINTED).size().x
}
