//! A row with controls at its right edge, drawn from left to right, so that the Tab key goes through it in reading order.

use egui::{Align, Id, Layout, Rect, Ui, UiBuilder, pos2};

/// The two parts of a row. Draw `leading` first, then `controls`, then call [`Trailing::end`].
pub(crate) struct Trailing {
    /// What the controls at the right leave free.
    pub(crate) leading: Ui,
    /// The controls at the right edge.
    pub(crate) controls: Ui,
    id: Id,
    width: f32,
}

/// Divides what is left of a row; `name` tells its rows apart.
pub(crate) fn trailing(ui: &mut Ui, name: &str) -> Trailing {
    let id = ui.scope_id().with(("trailing", name));
    let whole = ui.available_rect_before_wrap();
    // How wide they are is known once they were drawn.
    let width: f32 = ui.data(|data| data.get_temp(id)).unwrap_or(0.0);
    let left = (whole.right() - width).max(whole.left());
    let gap = if width > 0.0 { ui.spacing().item_spacing.x } else { 0.0 };
    let row = Layout::left_to_right(Align::Center);
    let leading_rect = Rect::from_min_max(whole.min, pos2((left - gap).max(whole.left()), whole.bottom()));
    let trailing_rect = Rect::from_min_size(pos2(left, whole.top()), whole.size());
    let leading = ui.new_child(UiBuilder::new().id_salt((name, "leading")).max_rect(leading_rect).layout(row));
    let controls = ui.new_child(UiBuilder::new().id_salt((name, "trailing")).max_rect(trailing_rect).layout(row));
    ui.advance_cursor_after_rect(whole);
    Trailing { leading, controls, id, width }
}

impl Trailing {
    /// Remembers how wide the controls are; if that has changed, the window is drawn again before it is shown.
    pub(crate) fn end(self) {
        let used = self.controls.min_rect().width();
        if (used - self.width).abs() > 0.5 {
            let ctx = self.controls.ctx();
            ctx.data_mut(|data| data.insert_temp(self.id, used));
            ctx.request_discard("the width of controls at the right edge changed");
        }
    }
}
