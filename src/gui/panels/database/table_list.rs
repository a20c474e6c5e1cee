//! The tables of a database, as a list that takes the focus as one control.

use egui::{Align2, EventFilter, Id, Key, Modifiers, Rect, Sense, Ui, UiBuilder, WidgetInfo, accesskit::Role, vec2};

use crate::gui::forms::connection::ConnectionForm;
use crate::gui::theme::{self, size};
use crate::gui::widgets::label;
use crate::gui::widgets::scroll::{Extent, scroll_ui};
use crate::model::Lang;

/// Draws the list; returns the table that was chosen. `page` tells pages apart.
pub(super) fn ui(ui: &mut Ui, lang: Lang, page: &str, form: &mut ConnectionForm, hint: &str) -> Option<usize> {
    let p = theme::palette(ui);
    let count = form.tables.as_ref().map_or(0, |tables| tables.tables.len());
    if count == 0 {
        let words = if form.tables.is_some() { "db_no_tables" } else { "db_tables_note" };
        label::wrapped(ui, lang.word(words), theme::label(), p.text3);
        return None;
    }
    let area = ui.available_rect_before_wrap();
    let list = ui.interact(area, Id::unique((page.to_owned(), "tables")), Sense::FOCUSABLE | Sense::CLICK);
    list.widget_info(|| WidgetInfo::labeled(Role::ListBox, true, lang.word("db_tables")));
    let extent = Extent { rows: count as u64, row_pt: size::TABLE_ROW, view_pt: area.height() };
    let mut scroll = form.scroll;
    let mut picked = None;
    if list.has_focus() {
        let filter = EventFilter { vertical_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(list.id, filter));
        let cursor = form.cursor.min(count - 1);
        let rows = extent.page() as usize;
        let moves = [
            (Key::ArrowUp, cursor.saturating_sub(1)),
            (Key::ArrowDown, cursor + 1),
            (Key::PageUp, cursor.saturating_sub(rows)),
            (Key::PageDown, cursor + rows),
            (Key::Home, 0),
            (Key::End, count - 1),
        ];
        let moved = ui.input_mut(|input| {
            moves.into_iter().find_map(|(key, to)| input.consume_key(Modifiers::NONE, key).then_some(to))
        });
        if let Some(to) = moved {
            form.cursor = to.min(count - 1);
            scroll.reveal(form.cursor as u64, extent);
        }
        if ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter)) {
            picked = Some(form.cursor);
        }
    }
    scroll_ui(ui, Id::unique((page.to_owned(), "tables bar")), lang.word("scroll_bar"), area, extent, &mut scroll);
    form.scroll = scroll;
    let mut child = ui.new_child(UiBuilder::new().max_rect(area));
    child.shrink_clip_rect(area);
    for line in 0..=extent.page() + 1 {
        let row = (scroll.first_row + line) as usize;
        let Some(table) = form.tables.as_ref().and_then(|tables| tables.tables.get(row)) else { break };
        let top = area.top() - scroll.hidden_pt + line as f32 * size::TABLE_ROW;
        let rect =
            Rect::from_min_size(egui::pos2(area.left(), top), vec2(area.width() - size::SCROLL_BAR, size::TABLE_ROW));
        let response = child.interact(rect, Id::unique((page.to_owned(), "table", row)), Sense::CLICK);
        let is_cursor = list.has_focus() && row == form.cursor;
        response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, is_cursor, &table.name));
        if is_cursor || response.hovered() {
            child.painter().rect_filled(rect, theme::corner(), if is_cursor { p.bg3 } else { p.bg2 });
        }
        let mut job = egui::text::LayoutJob::simple_singleline(table.name.clone(), theme::figures(), p.text);
        job.wrap = egui::text::TextWrapping::truncate_at_width(rect.width() - 2.0 * size::GAP);
        let galley = child.painter().layout_job(job);
        let at = Align2::LEFT_CENTER.anchor_size(rect.left_center() + vec2(size::GAP, 0.0), galley.size()).min;
        child.painter().galley(at, galley, p.text);
        if response.on_hover_text(hint).clicked() {
            picked = Some(row);
        }
    }
    if list.has_focus() {
        let ring = egui::Stroke::new(1.0, p.accent);
        ui.painter().rect_stroke(area, theme::corner(), ring, egui::StrokeKind::Inside);
    }
    if let Some(row) = picked {
        form.cursor = row;
    }
    picked
}
