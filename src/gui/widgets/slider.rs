//! A slider for a number: a rail, its filled part and a knob. It responds to arrow keys and screen readers.

use egui::{EventFilter, Key, Sense, Ui, WidgetInfo, accesskit, pos2, vec2};

use super::button::focus_ring;
use crate::gui::theme::{self, size};

/// The range of a slider.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range {
    /// Value at the left end.
    pub(crate) min: f64,
    /// Value at the right end.
    pub(crate) max: f64,
    /// Values are multiples of this.
    pub(crate) step: f64,
}

impl Range {
    /// The position on the rail, from 0 to 1.
    fn position(self, value: f64) -> f32 {
        let span = self.max - self.min;
        if span <= 0.0 { 0.0 } else { ((value - self.min) / span).clamp(0.0, 1.0) as f32 }
    }

    fn value(self, position: f64) -> f64 {
        self.snap(self.min + position.clamp(0.0, 1.0) * (self.max - self.min))
    }

    fn snap(self, value: f64) -> f64 {
        let snapped = if self.step > 0.0 { (value / self.step).round() * self.step } else { value };
        // Otherwise decimal steps would show as 0.30000000000000004.
        let tidy = (snapped * 1e9).round() / 1e9;
        tidy.clamp(self.min, self.max)
    }
}

/// Draws the slider `width` points wide; `Some` if its value was changed. `faded` shows a default value.
pub(crate) fn slider(ui: &mut Ui, name: &str, value: f64, range: Range, width: f32, faded: bool) -> Option<f64> {
    let p = theme::palette(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(width.max(24.0), size::FIELD), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::slider(true, value, name));
    let (left, right) = (rect.left() + size::KNOB_RADIUS, rect.right() - size::KNOB_RADIUS);
    let mut next = None;

    if response.is_pointer_button_down_on() || response.dragged() {
        if let Some(pointer) = response.interact_pointer_pos() {
            next = Some(range.value(f64::from((pointer.x - left) / (right - left).max(1.0))));
        }
        response.request_focus();
    }
    if response.has_focus() {
        let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        let by = ui.input_mut(|input| {
            let none = egui::Modifiers::NONE;
            let shift = egui::Modifiers::SHIFT;
            f64::from(
                i32::from(input.consume_key(none, Key::ArrowRight))
                    - i32::from(input.consume_key(none, Key::ArrowLeft)),
            ) + 10.0
                * f64::from(
                    i32::from(input.consume_key(shift, Key::ArrowRight))
                        - i32::from(input.consume_key(shift, Key::ArrowLeft)),
                )
        });
        if by != 0.0 {
            next = Some(range.snap(value + by * range.step));
        }
    }
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_min_numeric_value(range.min);
        node.set_max_numeric_value(range.max);
        node.set_numeric_value_step(range.step);
        node.add_action(accesskit::Action::Increment);
        node.add_action(accesskit::Action::Decrement);
        node.add_action(accesskit::Action::SetValue);
    });
    ui.input(|input| {
        let count = |action| input.num_accesskit_action_requests(response.id, action) as f64;
        let by = count(accesskit::Action::Increment) - count(accesskit::Action::Decrement);
        if by != 0.0 {
            next = Some(range.snap(value + by * range.step));
        }
        for request in input.accesskit_action_requests(response.id, accesskit::Action::SetValue) {
            if let Some(accesskit::ActionData::NumericValue(wanted)) = request.data {
                next = Some(range.snap(wanted));
            }
        }
    });

    let shown = next.unwrap_or(value);
    let x = egui::lerp(left..=right, range.position(shown));
    let y = rect.center().y;
    let rail =
        |from: f32, to: f32| egui::Rect::from_min_max(pos2(from, y - size::RAIL / 2.0), pos2(to, y + size::RAIL / 2.0));
    let painter = ui.painter();
    painter.rect_filled(rail(rect.left(), rect.right()), size::RAIL / 2.0, p.bg3);
    if !faded {
        painter.rect_filled(rail(rect.left(), x), size::RAIL / 2.0, p.accent);
    }
    let grown = if response.hovered() || response.dragged() { 1.0 } else { 0.0 };
    painter.circle_filled(pos2(x, y), size::KNOB_RADIUS + grown, if faded { p.text3 } else { p.text });
    focus_ring(ui, rect.shrink2(vec2(0.0, 3.0)), &response);
    next.filter(|next| *next != value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_clamped_to_the_range_and_rounded_to_steps() {
        let range = Range { min: 0.0, max: 3.0, step: 0.1 };
        assert_eq!(range.value(0.1), 0.3);
        assert_eq!(range.value(2.0), 3.0);
        assert_eq!(range.snap(-1.0), 0.0);
        assert_eq!(range.position(1.5), 0.5);
    }
}
