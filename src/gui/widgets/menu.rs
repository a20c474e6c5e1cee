//! Menus, their entries, and drop-down fields.

use egui::{Align2, Popup, PopupCloseBehavior, Response, Sense, Ui, WidgetInfo, accesskit::Role, vec2};

use super::button::{Button, focus_ring};
use super::icon::Icon;
use super::opener;
use crate::gui::theme::{self, size};

/// Minimum width of a menu, in points.
const MENU_MIN: f32 = 160.0;

/// Opens a menu below a button that was just drawn.
pub(crate) fn below<R>(button: &Response, width: f32, add: impl FnOnce(&mut Ui) -> R) -> Option<R> {
    let shown = Popup::menu(button)
        .gap(4.0)
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .width(width)
        .show(|ui| {
            ui.set_min_width(width);
            ui.set_max_width(width);
            ui.spacing_mut().item_spacing.y = 0.0;
            add(ui)
        })
        .map(|inner| inner.inner);
    opener::give_back_focus(button);
    shown
}

/// An entry of a menu: text on the left, a shortcut or note on the right. Closes the menu when clicked.
pub(crate) fn entry(ui: &mut Ui, text: &str, note: &str, enabled: bool) -> bool {
    entry_ui(ui, text, note, enabled, false).clicked()
}

/// An entry with a check mark if `on`.
pub(crate) fn choice(ui: &mut Ui, text: &str, on: bool) -> bool {
    entry_ui(ui, text, "", true, on).clicked()
}

/// An entry that may be highlighted by the keyboard's selection.
pub(crate) fn entry_ui(ui: &mut Ui, text: &str, note: &str, enabled: bool, on: bool) -> Response {
    let p = theme::palette(ui);
    let note_width = if note.is_empty() { 0.0 } else { super::label::width(ui, note, theme::label()) + 24.0 };
    let wanted =
        super::label::width(ui, text, theme::body()) + 2.0 * size::GAP + note_width + if on { 20.0 } else { 0.0 };
    let width = ui.available_width().max(wanted.min(MENU_MIN));
    let sense = if enabled { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(vec2(width, size::TABLE_ROW), sense);
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::MenuItem, enabled, text);
        info.selected = on.then_some(true);
        info
    });
    if !ui.is_rect_visible(rect) {
        return response;
    }
    let hot = enabled && (response.hovered() || response.has_focus());
    if hot {
        ui.painter().rect_filled(rect, theme::corner(), p.bg3);
    }
    let ink = if enabled { p.text } else { p.text3 };
    let painter = ui.painter();
    let room = rect.width() - 2.0 * size::GAP - note_width - if on { 20.0 } else { 0.0 };
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), theme::figures(), ink);
    job.wrap = egui::text::TextWrapping::truncate_at_width(room + 1.0);
    let galley = painter.layout_job(job);
    let at = Align2::LEFT_CENTER.anchor_size(rect.left_center() + vec2(size::GAP, 0.0), galley.size()).min;
    painter.galley(at, galley, ink);
    if !note.is_empty() {
        painter.text(rect.right_center() - vec2(size::GAP, 0.0), Align2::RIGHT_CENTER, note, theme::label(), p.text3);
    }
    if on {
        Icon::Check.paint_scaled(painter, rect.right_center() - vec2(14.0, 0.0), 1.0, p.accent);
    }
    focus_ring(ui, rect.shrink(2.0), &response);
    if response.clicked() {
        opener::chosen(ui.ctx());
        ui.close();
    }
    response
}

/// A hairline between groups of entries.
pub(crate) fn separator(ui: &mut Ui) {
    let p = theme::palette(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 9.0), Sense::hover());
    ui.painter().hline(rect.x_range(), rect.center().y, theme::hairline(p));
}

/// A heading between groups of entries.
pub(crate) fn heading(ui: &mut Ui, text: &str) {
    let p = theme::palette(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), size::BUTTON_SMALL), Sense::hover());
    ui.painter().text(rect.left_center() + vec2(size::GAP, 2.0), Align2::LEFT_CENTER, text, theme::heading(), p.text3);
}

/// A drop-down field; `Some` if another value was chosen.
pub(crate) fn combo<T: Copy + PartialEq>(
    ui: &mut Ui,
    name: &str,
    width: f32,
    current: T,
    choices: &[(T, String)],
) -> Option<T> {
    let shown = choices.iter().find(|(value, _)| *value == current).map_or("", |(_, text)| text.as_str());
    let spoken = format!("{name}: {shown}");
    let button = Button::new(shown).left().menu().named(&spoken).height(size::FIELD).width(width).ui(ui);
    button.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ComboBox, true, name);
        info.current_text_value = Some(shown.to_owned());
        info
    });
    below(&button, width, |ui| {
        let mut picked = None;
        for (value, text) in choices {
            if choice(ui, text, *value == current) {
                picked = Some(*value);
            }
        }
        picked
    })
    .flatten()
    .filter(|picked| *picked != current)
}
