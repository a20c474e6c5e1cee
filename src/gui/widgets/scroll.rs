//! Scrolling over any number of rows. The position is a whole row plus a few points, since `f32` offsets lose precision
//! beyond about one million rows.

use egui::{Event, Id, Key, Rect, Sense, Ui, WidgetInfo, accesskit::Role, pos2};

use crate::gui::theme::{self, size};

/// Scrolls to a control that gets the focus by keyboard. Called at the end of a scroll area's content.
pub(crate) fn follow_focus(ui: &Ui) {
    if let Some(rect) = focus_moved(ui).filter(|rect| ui.min_rect().contains_rect(*rect)) {
        ui.scroll_to_rect(rect.expand2(egui::vec2(0.0, size::GAP)), None);
    }
}

/// Where the control of this layer is that has just got the focus by keyboard.
pub(crate) fn focus_moved(ui: &Ui) -> Option<Rect> {
    let pass = ui.ctx().cumulative_pass_nr();
    let moved = Id::unique("focus moved in pass");
    if ui.input(|input| input.events.iter().any(moves_focus)) {
        ui.data_mut(|data| data.insert_temp(moved, pass));
    }
    // When moving backwards, the focus is known one pass later.
    if ui.data(|data| data.get_temp::<u64>(moved)).is_none_or(|moved| pass > moved + 1) {
        return None;
    }
    let focused = ui.memory(egui::Memory::focused)?;
    let response = ui.ctx().read_response(focused)?;
    (response.layer_id == ui.layer_id()).then_some(response.rect)
}

const fn moves_focus(event: &Event) -> bool {
    let Event::Key { key, pressed: true, .. } = event else { return false };
    matches!(key, Key::Tab | Key::ArrowUp | Key::ArrowDown | Key::ArrowLeft | Key::ArrowRight)
}

/// A position in a list of rows of equal height.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Scroll {
    /// The first row that is at least partly visible.
    pub(crate) first_row: u64,
    /// How much of it is hidden, in points.
    pub(crate) hidden_pt: f32,
}

/// The dimensions of the list and its view.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    /// Number of rows.
    pub(crate) rows: u64,
    /// Height of a row, in points.
    pub(crate) row_pt: f32,
    /// Height of the view, in points.
    pub(crate) view_pt: f32,
}

impl Extent {
    fn last(self) -> Scroll {
        let fitting = f64::from(self.view_pt / self.row_pt);
        let hidden = self.rows as f64 - fitting;
        if hidden <= 0.0 {
            return Scroll::default();
        }
        Scroll { first_row: hidden.floor() as u64, hidden_pt: (hidden.fract() * f64::from(self.row_pt)) as f32 }
    }

    /// Number of whole rows that fit.
    pub(crate) fn page(self) -> u64 {
        ((self.view_pt / self.row_pt).floor() as u64).max(1)
    }
}

impl Scroll {
    /// Scrolls by this many points (down is positive), within the list.
    pub(crate) fn by(&mut self, points: f32, extent: Extent) {
        let row_pt = f64::from(extent.row_pt.max(1.0));
        let moved = f64::from(self.hidden_pt) + f64::from(points);
        let rows = (moved / row_pt).floor();
        self.hidden_pt = (moved - rows * row_pt) as f32;
        if rows < 0.0 {
            let up = (-rows) as u64;
            if up > self.first_row {
                *self = Self::default();
            } else {
                self.first_row -= up;
            }
        } else {
            self.first_row = self.first_row.saturating_add(rows as u64);
        }
        self.keep_within(extent);
    }

    /// Moves back into the list after it became shorter.
    pub(crate) fn keep_within(&mut self, extent: Extent) {
        let last = extent.last();
        if (self.first_row, self.hidden_pt) > (last.first_row, last.hidden_pt) {
            *self = last;
        }
    }

    /// Scrolls just enough to make a row fully visible.
    pub(crate) fn reveal(&mut self, row: u64, extent: Extent) {
        if row < self.first_row || (row == self.first_row && self.hidden_pt > 0.0) {
            *self = Self { first_row: row, hidden_pt: 0.0 };
        } else {
            let below = (row - self.first_row + 1) as f64 * f64::from(extent.row_pt) - f64::from(self.hidden_pt);
            let over = below - f64::from(extent.view_pt);
            if over > 0.0 {
                let rows = (over / f64::from(extent.row_pt)).floor();
                self.first_row += rows as u64;
                self.by((over - rows * f64::from(extent.row_pt)) as f32, extent);
            }
        }
        self.keep_within(extent);
    }

    /// The position from 0 to 1.
    fn position(self, extent: Extent) -> f64 {
        let last = extent.last();
        let rows = |scroll: Self| scroll.first_row as f64 + f64::from(scroll.hidden_pt / extent.row_pt.max(1.0));
        let all = rows(last);
        if all <= 0.0 { 0.0 } else { (rows(self) / all).clamp(0.0, 1.0) }
    }

    fn jump(&mut self, position: f64, extent: Extent) {
        let last = extent.last();
        let rows =
            (last.first_row as f64 + f64::from(last.hidden_pt / extent.row_pt.max(1.0))) * position.clamp(0.0, 1.0);
        *self = Self { first_row: rows.floor() as u64, hidden_pt: (rows.fract() * f64::from(extent.row_pt)) as f32 };
        self.keep_within(extent);
    }
}

/// Handles the wheel over `view` and draws the scroll bar at its right edge.
pub(crate) fn scroll_ui(ui: &Ui, id: Id, name: &str, view: Rect, extent: Extent, scroll: &mut Scroll) {
    scroll.keep_within(extent);
    if extent.rows as f64 * f64::from(extent.row_pt) <= f64::from(extent.view_pt) {
        return;
    }
    if ui.rect_contains_pointer(view) {
        let wheel = ui.input_mut(|input| std::mem::take(&mut input.smooth_scroll_delta.y));
        if wheel != 0.0 {
            scroll.by(-wheel, extent);
        }
    }
    let p = theme::palette(ui);
    let rail = Rect::from_min_max(pos2(view.right() - size::SCROLL_BAR, view.top()), view.right_bottom());
    let share = f64::from(extent.view_pt) / (extent.rows as f64 * f64::from(extent.row_pt));
    let handle_pt = (rail.height() * share as f32).clamp(28.0_f32.min(rail.height()), rail.height());
    let response = ui.interact(rail.expand2(egui::vec2(2.0, 0.0)), id, Sense::DRAG | Sense::CLICK);
    response.widget_info(|| WidgetInfo::labeled(Role::ScrollBar, true, name));
    if response.is_pointer_button_down_on()
        && let Some(pointer) = response.interact_pointer_pos()
    {
        let room = (rail.height() - handle_pt).max(1.0);
        scroll.jump(f64::from((pointer.y - rail.top() - handle_pt / 2.0) / room), extent);
    }
    let top = rail.top() + (rail.height() - handle_pt) * scroll.position(extent) as f32;
    let hot = response.hovered() || response.is_pointer_button_down_on();
    let wide = if hot { size::SCROLL_BAR } else { size::SCROLL_BAR / 2.0 };
    let handle = Rect::from_min_max(pos2(rail.right() - wide, top), pos2(rail.right(), top + handle_pt))
        .shrink2(egui::vec2(0.5, 2.0));
    ui.painter().rect_filled(handle, wide / 2.0, if hot { p.text3 } else { p.bg3 });
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXTENT: Extent = Extent { rows: 10_000_000, row_pt: 28.0, view_pt: 500.0 };

    #[test]
    fn ten_million_rows_scroll_point_by_point_even_at_the_end() {
        let mut scroll = Scroll { first_row: 9_000_000, hidden_pt: 0.0 };
        for _ in 0..28 {
            scroll.by(1.0, EXTENT);
        }
        assert_eq!(scroll.first_row, 9_000_001);
        assert!(scroll.hidden_pt.abs() < 0.01);
        scroll.by(-0.5, EXTENT);
        assert_eq!((scroll.first_row, scroll.hidden_pt), (9_000_000, 27.5));
    }

    #[test]
    fn scrolling_ends_at_the_last_row() {
        let mut scroll = Scroll::default();
        scroll.reveal(9_999_999, EXTENT);
        let seen = (EXTENT.rows - scroll.first_row) as f32 * 28.0 - scroll.hidden_pt;
        assert!((seen - 500.0).abs() < 0.5, "{seen}");
        scroll.by(1e9, EXTENT);
        assert_eq!(scroll.first_row, EXTENT.last().first_row);
        scroll.by(-1e12, EXTENT);
        assert_eq!(scroll, Scroll::default());
    }

    #[test]
    fn a_list_that_fits_does_not_scroll() {
        let extent = Extent { rows: 3, row_pt: 28.0, view_pt: 500.0 };
        let mut scroll = Scroll::default();
        scroll.by(100.0, extent);
        assert_eq!(scroll, Scroll::default());
    }

    #[test]
    fn revealing_a_visible_row_does_not_scroll() {
        let mut scroll = Scroll { first_row: 100, hidden_pt: 3.0 };
        scroll.reveal(105, EXTENT);
        assert_eq!(scroll, Scroll { first_row: 100, hidden_pt: 3.0 });
        scroll.reveal(99, EXTENT);
        assert_eq!(scroll, Scroll { first_row: 99, hidden_pt: 0.0 });
    }
}
