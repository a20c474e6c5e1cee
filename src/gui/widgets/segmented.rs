//! A row of choices with one selected.

use egui::{Align2, Sense, StrokeKind, Ui, WidgetInfo, accesskit::Role, vec2};

use super::button::focus_ring;
use super::label;
use crate::gui::theme::{self, size};

/// The width that these choices take.
pub(crate) fn segmented_width<'a>(ui: &Ui, choices: impl Iterator<Item = &'a str>) -> f32 {
    choices.map(|text| (label::width(ui, text, theme::figures()) + 2.0 * size::MARGIN).ceil()).sum()
}

/// Draws the choices; `Some` if another one was chosen.
pub(crate) fn segmented<T: Copy + PartialEq>(ui: &mut Ui, name: &str, current: T, choices: &[(T, &str)]) -> Option<T> {
    let p = theme::palette(ui);
    let galleys: Vec<_> = choices
        .iter()
        .map(|(value, text)| {
            let ink = if *value == current { p.text } else { p.text2 };
            ui.painter().layout_no_wrap((*text).to_owned(), theme::figures(), ink)
        })
        .collect();
    let width: f32 = galleys.iter().map(|galley| (galley.size().x + 2.0 * size::MARGIN).ceil()).sum();
    let (rect, group) = ui.allocate_exact_size(vec2(width, size::BUTTON), Sense::hover());
    group.widget_info(|| WidgetInfo::labeled(Role::RadioGroup, true, name));
    ui.painter().rect(rect, theme::corner(), p.bg2, theme::hairline(p), StrokeKind::Inside);
    let mut picked = None;
    let mut left = rect.left();
    for ((value, text), galley) in choices.iter().zip(galleys) {
        let width = (galley.size().x + 2.0 * size::MARGIN).ceil();
        let part = egui::Rect::from_min_size(egui::pos2(left, rect.top()), vec2(width, rect.height()));
        left += width;
        let response = ui.interact(part, group.id.with(*text), Sense::click());
        let on = *value == current;
        response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, on, text));
        if on || response.hovered() {
            ui.painter().rect_filled(part.shrink(1.0), theme::corner(), p.bg3);
        }
        let at = Align2::CENTER_CENTER.anchor_size(part.center(), galley.size()).min;
        ui.painter().galley(at, galley, p.text);
        focus_ring(ui, part.shrink(2.0), &response);
        if response.clicked() && !on {
            picked = Some(*value);
        }
    }
    picked
}
