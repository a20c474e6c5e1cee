//! Notes and errors below the fields of a setting.

use egui::Ui;

use crate::gui::theme::{self, size};
use crate::gui::widgets::label;

/// Shows an error below its field.
pub(super) fn error_below(ui: &mut Ui, wrong: Option<&str>) {
    if let Some(wrong) = wrong {
        below(ui, wrong, theme::palette(ui).fail);
    }
}

/// Shows a note below a field.
pub(super) fn note_below(ui: &mut Ui, words: &str) {
    below(ui, words, theme::palette(ui).text3);
}

/// A line below a row's field.
pub(super) fn below(ui: &mut Ui, words: &str, ink: egui::Color32) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        ui.add_space(size::SETTING_LABEL + size::GAP);
        label::wrapped(ui, words, theme::label(), ink);
    });
}
