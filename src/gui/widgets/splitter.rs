//! The border between two areas, one above the other. It moves by dragging or with the arrow keys.

use egui::{CursorIcon, EventFilter, Key, Rect, Sense, Ui, WidgetInfo, accesskit::Role, pos2};

use crate::gui::theme::{self, size};

/// Step of the arrow keys in points.
const KEY_STEP_PT: f32 = 24.0;

/// Draws the border at `y` within `area`; `Some` is its new position.
pub(crate) fn splitter(ui: &Ui, name: &str, area: Rect, y: f32) -> Option<f32> {
    let p = theme::palette(ui);
    let grab = Rect::from_min_max(pos2(area.left(), y - 3.0), pos2(area.right(), y + 3.0));
    let response = ui.interact(grab, ui.scope_id().with("splitter"), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Splitter, true, name));
    let active = response.hovered() || response.dragged();
    if active {
        ui.ctx().set_cursor_icon(CursorIcon::ResizeVertical);
    }
    let stroke = if response.has_focus() || response.dragged() {
        theme::focus_ring(p)
    } else if active {
        egui::Stroke::new(1.0, p.text3)
    } else {
        theme::hairline(p)
    };
    ui.painter().hline(area.x_range(), y, stroke);
    let mut moved = response.dragged().then(|| response.interact_pointer_pos().map(|pointer| pointer.y)).flatten();
    if response.has_focus() {
        let filter = EventFilter { vertical_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        let by = ui.input(|input| {
            f32::from(i8::from(input.key_pressed(Key::ArrowDown)) - i8::from(input.key_pressed(Key::ArrowUp)))
        });
        if by != 0.0 {
            moved = Some(y + by * KEY_STEP_PT);
        }
    }
    moved.map(|y| y.clamp(area.top() + size::ITEM_BAR, area.bottom()))
}
