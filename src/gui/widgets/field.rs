//! Rows of a form, with a label and an editor; check boxes; text fields.

use egui::{
    Align, Align2, Id, Layout, Response, Sense, StrokeKind, TextEdit, Ui, UiBuilder, WidgetInfo, accesskit::Role, vec2,
};

use super::button::focus_ring;
use super::icon::Icon;
use crate::gui::theme::{self, size};

/// The width of a column of labels: that of the longest one, within limits.
pub(crate) fn label_width<'a>(ui: &Ui, labels: impl IntoIterator<Item = &'a str>) -> f32 {
    let widths = labels.into_iter().map(|words| super::label::width(ui, words, theme::body()).ceil());
    widths.fold(size::FIELD_LABEL, f32::max).min(size::FIELD_LABEL_MAX)
}

/// A row: the label in a column of that width, then what `add` draws.
pub(crate) fn row<R>(ui: &mut Ui, name: &str, label_width: f32, add: impl FnOnce(&mut Ui) -> R) -> R {
    row_hint(ui, (name, ""), label_width, add)
}

/// A row whose label has a tooltip.
pub(crate) fn row_hint<R>(
    ui: &mut Ui,
    (name, hint): (&str, &str),
    label_width: f32,
    add: impl FnOnce(&mut Ui) -> R,
) -> R {
    let p = theme::palette(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), size::FIELD_ROW), Sense::hover());
    let mut left = rect;
    left.set_width(label_width);
    let mut label = ui.new_child(UiBuilder::new().max_rect(left).layout(Layout::left_to_right(Align::Center)));
    let words = super::label::text(&mut label, name, theme::body(), p.text2);
    if !hint.is_empty() {
        words.on_hover_text(hint);
    }
    let mut right = rect;
    right.min.x += label_width + size::GAP;
    let mut editor =
        ui.new_child(UiBuilder::new().id_salt(name).max_rect(right).layout(Layout::left_to_right(Align::Center)));
    add(&mut editor)
}

/// A check box without text; `true` when clicked.
pub(crate) fn check(ui: &mut Ui, name: &str, on: bool) -> bool {
    let p = theme::palette(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(size::CHECK, size::CHECK), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, on, name));
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_toggled(on.into()));
    if on {
        ui.painter().rect_filled(rect, 4.0, if response.hovered() { p.accent_hover } else { p.accent_fill });
        Icon::Check.paint(ui.painter(), rect, p.on_accent);
    } else {
        let fill = if response.hovered() { p.bg3 } else { p.bg1 };
        ui.painter().rect(rect, 4.0, fill, egui::Stroke::new(1.0, p.text3), StrokeKind::Inside);
    }
    focus_ring(ui, rect, &response);
    response.clicked()
}

/// A text field with this id; `Some` if it was changed and then left or confirmed with Enter.
pub(crate) fn line(ui: &mut Ui, id: Id, name: &str, value: &str, width: f32) -> Option<String> {
    line_hint(ui, id, name, value, (width, ""))
}

/// The same with a hint that is shown while the field is empty.
pub(crate) fn line_hint(ui: &mut Ui, id: Id, name: &str, value: &str, (width, hint): (f32, &str)) -> Option<String> {
    let draft = id.with("draft");
    let focused = ui.memory(|memory| memory.has_focus(id));
    // The input is kept for one frame after the focus is lost.
    let typed = ui.data(|data| data.get_temp::<String>(draft));
    let left = typed.is_some() && !focused;
    let mut text = typed.unwrap_or_else(|| value.to_owned());
    let response = edit(ui, id, name, &mut text, width, hint);
    if response.has_focus() {
        ui.data_mut(|data| data.insert_temp(draft, text.clone()));
    }
    if response.has_focus() || !(left || response.lost_focus()) {
        return None;
    }
    ui.data_mut(|data| data.remove_temp::<String>(draft));
    let escaped = ui.input(|input| input.key_pressed(egui::Key::Escape));
    (text != value && !escaped).then_some(text)
}

/// The text in a field with this id while it is being edited.
pub(crate) fn typed(ui: &Ui, id: Id) -> Option<String> {
    ui.data(|data| data.get_temp::<String>(id.with("draft")))
}

/// A text field with this id that accepts only what `read` accepts. Other input stays in the field, and the caller
/// shows its error ([`Checked::wrong`]) below.
pub(crate) fn checked<T, E>(
    ui: &mut Ui,
    id: Id,
    name: &str,
    value: &str,
    (width, hint): (f32, &str),
    read: impl Fn(&str) -> Result<T, E>,
) -> Checked<T, E> {
    let (draft, marked) = (id.with("draft"), id.with("wrong"));
    let typed = ui.data(|data| data.get_temp::<String>(draft));
    let focused = ui.memory(|memory| memory.has_focus(id));
    let was_typed = typed.is_some();
    let mut text = typed.unwrap_or_else(|| value.to_owned());
    let response = edit(ui, id, name, &mut text, width, hint);
    if response.has_focus() && (response.changed() || was_typed) {
        ui.data_mut(|data| data.insert_temp(draft, text.clone()));
    }
    let nothing = Checked { taken: None, wrong: None };
    if !was_typed && !response.changed() {
        return nothing;
    }
    if response.has_focus() {
        // While the user is typing, no error is shown, unless there was one before.
        let was_wrong = ui.data(|data| data.get_temp::<bool>(marked).unwrap_or(false));
        let wrong = read(&text).err().filter(|_| was_wrong && text != value);
        return Checked { taken: None, wrong };
    }
    let forget = |ui: &Ui| {
        ui.data_mut(|data| {
            data.remove_temp::<String>(draft);
            data.remove_temp::<bool>(marked);
        });
    };
    let escaped = focused && ui.input(|input| input.key_pressed(egui::Key::Escape));
    if escaped || text == value {
        forget(ui);
        return nothing;
    }
    match read(&text) {
        Ok(taken) => {
            forget(ui);
            Checked { taken: Some(taken), wrong: None }
        }
        Err(wrong) => {
            ui.data_mut(|data| {
                data.insert_temp(draft, text);
                data.insert_temp(marked, true);
            });
            Checked { taken: None, wrong: Some(wrong) }
        }
    }
}

/// The result of a checked text field.
pub(crate) struct Checked<T, E> {
    /// The input, once it is valid and the field was left.
    pub(crate) taken: Option<T>,
    /// What is wrong with the text in the field.
    pub(crate) wrong: Option<E>,
}

/// A text field that changes `text` while the user is typing.
pub(crate) fn edit(ui: &mut Ui, id: Id, name: &str, text: &mut String, width: f32, hint: &str) -> Response {
    line_of(ui, id, name, TextEdit::singleline(text), (width, hint))
}

/// The same with hidden input.
pub(crate) fn secret(ui: &mut Ui, id: Id, name: &str, text: &mut String, (width, hint): (f32, &str)) -> Response {
    line_of(ui, id, name, TextEdit::singleline(text).password(true), (width, hint))
}

fn line_of(ui: &mut Ui, id: Id, name: &str, line: TextEdit<'_>, (width, hint): (f32, &str)) -> Response {
    let p = theme::palette(ui);
    line.id(id)
        .font(theme::body())
        .hint_text(egui::RichText::new(hint).font(theme::body()).color(p.text3))
        .align(Align2::LEFT_CENTER)
        .margin(egui::Margin::symmetric(6, 2))
        .min_size(vec2(0.0, size::FIELD))
        .desired_width(width)
        .show(ui)
        .response
        .response
        .accessible_name(name)
}
