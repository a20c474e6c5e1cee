//! The first rows of a query as a table that takes the focus as one control.

use egui::{
    Align2, Color32, EventFilter, FontId, Id, Key, Modifiers, Rect, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo,
    accesskit::Role, pos2, vec2,
};

use crate::engine::{ColumnEntry, DatabaseQuestion, QueryRows};
use crate::gui::state::State;
use crate::gui::theme::{self, size};
use crate::gui::widgets::button::focus_ring;
use crate::gui::widgets::icon::Icon;
use crate::gui::widgets::label;
use crate::gui::widgets::scroll::{Extent, Scroll, scroll_ui};
use crate::model::Lang;

/// Points that the arrow keys move the table sideways.
const SIDEWAYS: f32 = 80.0;

/// A table of rows.
pub(in crate::gui::panels) struct Table<'a> {
    /// Tells tables apart.
    pub(in crate::gui::panels) id: &'static str,
    /// Its name for screen readers.
    pub(in crate::gui::panels) name: &'a str,
    /// The rows.
    pub(in crate::gui::panels) rows: &'a QueryRows,
    /// The column of links, if one can be chosen.
    pub(in crate::gui::panels) link: Option<usize>,
    /// What is shown if there are no rows.
    pub(in crate::gui::panels) none: &'a str,
}

/// Draws the first rows of the page's query, or why there are none.
pub(super) fn ui(ui: &mut Ui, area: Rect, state: &mut State) {
    let lang = state.lang;
    let Some(rows) = state.database.rows().cloned() else {
        frame_ui(ui, area);
        if !matches!(state.database.waits_for(), Some(DatabaseQuestion::Rows { .. })) {
            middle_ui(ui, area, lang.word("db_rows_note"));
        }
        return;
    };
    let table = Table {
        id: "query rows",
        name: lang.word("db_rows"),
        rows: &rows,
        link: (!state.database.runs_job).then(|| state.database.link_column()),
        none: lang.word("db_no_rows"),
    };
    if let Some(column) = table_ui(ui, area, &table, &mut state.database.rows_scroll, lang) {
        state.database.set_link(column);
    }
}

fn frame_ui(ui: &Ui, area: Rect) {
    let p = theme::palette(ui);
    ui.painter().rect(area, theme::corner(), p.bg1, theme::hairline(p), egui::StrokeKind::Inside);
}

/// Draws a table; returns the column that was chosen for links.
pub(in crate::gui::panels) fn table_ui(
    ui: &mut Ui,
    area: Rect,
    table: &Table<'_>,
    position: &mut Scroll,
    lang: Lang,
) -> Option<usize> {
    let p = theme::palette(ui);
    let rows = table.rows;
    frame_ui(ui, area);
    let inner = area.shrink(1.0);
    let list = ui.interact(inner, Id::unique(table.id), Sense::FOCUSABLE | Sense::CLICK);
    list.widget_info(|| WidgetInfo::labeled(Role::Table, true, table.name));
    let head_pt = size::TABLE_ROW;
    let extent =
        Extent { rows: rows.rows.len() as u64, row_pt: size::TABLE_ROW, view_pt: (inner.height() - head_pt).max(1.0) };
    let body = Rect::from_min_max(pos2(inner.left(), inner.top() + head_pt), inner.max);
    let mut scroll = *position;
    let sideways = if list.has_focus() { keys(ui, &list, &mut scroll, extent) } else { 0.0 };
    scroll_ui(ui, Id::unique((table.id, "bar")), lang.word("scroll_bar"), body, extent, &mut scroll);
    *position = scroll;
    let scrolls = extent.rows as f32 * extent.row_pt > extent.view_pt;
    let view = if scrolls { inner.with_max_x(inner.right() - size::SCROLL_BAR) } else { inner };
    let slots = slots(ui, rows, view.width(), lang);
    let width = slots.last().map_or(0.0, |slot| slot.0 + slot.1);
    let mut child = ui.new_child(UiBuilder::new().id_salt(table.id).max_rect(view));
    child.shrink_clip_rect(view);
    let mut chosen = None;
    ScrollArea::horizontal().auto_shrink(false).show(&mut child, |ui| {
        let (whole, _) = ui.allocate_exact_size(vec2(width, inner.height()), Sense::hover());
        if sideways != 0.0 {
            ui.scroll_with_delta(vec2(-sideways, 0.0));
        }
        let head = Rect::from_min_size(whole.min, vec2(width, head_pt));
        chosen = head_ui(ui, head, &slots, table, lang);
        let mut lines = ui.new_child(UiBuilder::new().max_rect(whole));
        let clip = Rect::from_min_max(pos2(ui.clip_rect().left(), body.top()), ui.clip_rect().max);
        lines.shrink_clip_rect(clip);
        for line in 0..=extent.page() + 1 {
            let at = scroll.first_row + line;
            let Some(row) = rows.rows.get(at as usize) else { break };
            let top = body.top() - scroll.hidden_pt + line as f32 * size::TABLE_ROW;
            let rect = Rect::from_min_size(pos2(whole.left(), top), vec2(width, size::TABLE_ROW));
            row_ui(&lines, rect, (table.id, at), &slots, row, lang);
        }
    });
    if rows.rows.is_empty() {
        middle_ui(ui, body, table.none);
    }
    if list.has_focus() {
        let ring = egui::Stroke::new(1.0, p.accent);
        ui.painter().rect_stroke(area, theme::corner(), ring, egui::StrokeKind::Inside);
    }
    chosen
}

fn middle_ui(ui: &Ui, area: Rect, words: &str) {
    let ink = theme::palette(ui).text3;
    let rect = ui.painter().text(area.center(), Align2::CENTER_CENTER, words, theme::body(), ink);
    label::spoken(ui, rect, words);
}

/// Moves with the arrow keys; returns by how much sideways.
fn keys(ui: &Ui, list: &egui::Response, scroll: &mut Scroll, extent: Extent) -> f32 {
    let filter = EventFilter { vertical_arrows: true, horizontal_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(list.id, filter));
    let page = extent.page() as f32 * extent.row_pt;
    let moves = [
        (Key::ArrowUp, -extent.row_pt),
        (Key::ArrowDown, extent.row_pt),
        (Key::PageUp, -page),
        (Key::PageDown, page),
        (Key::Home, f32::MIN),
        (Key::End, extent.rows as f32 * extent.row_pt),
    ];
    ui.input_mut(|input| {
        for (key, by) in moves {
            if input.consume_key(Modifiers::NONE, key) {
                scroll.by(by, extent);
            }
        }
        let sideways = |key, by| (key, by);
        [sideways(Key::ArrowLeft, -SIDEWAYS), sideways(Key::ArrowRight, SIDEWAYS)]
            .into_iter()
            .find_map(|(key, by)| input.consume_key(Modifiers::NONE, key).then_some(by))
            .unwrap_or(0.0)
    })
}

/// The left edge and the width of each column, in points: as wide as its values, within limits. A result that is
/// narrower than the page fills it.
fn slots(ui: &Ui, rows: &QueryRows, least: f32, lang: Lang) -> Vec<(f32, f32)> {
    let measure = |words: &str, font: FontId| label::width(ui, words, font) + 2.0 * size::GAP;
    let mut widths: Vec<f32> = Vec::with_capacity(rows.columns.len());
    for (index, column) in rows.columns.iter().enumerate() {
        let head = measure(&head_words(column), theme::heading()) + size::ICON;
        let values = rows.rows.iter().filter_map(|row| row.get(index));
        let widest = values
            .map(|value| measure(value.as_deref().unwrap_or(lang.word("db_null")), theme::figures()))
            .fold(head, f32::max);
        widths.push(widest.clamp(size::RESULT_COLUMN.0, size::RESULT_COLUMN.1).ceil());
    }
    let spare = least - widths.iter().sum::<f32>();
    if let Some(last) = widths.last_mut().filter(|_| spare > 0.0) {
        *last += spare;
    }
    let mut left = 0.0;
    widths
        .into_iter()
        .map(|width| {
            let slot = (left, width);
            left += width;
            slot
        })
        .collect()
}

fn head_words(column: &ColumnEntry) -> String {
    if column.type_name.is_empty() { column.name.clone() } else { format!("{}  {}", column.name, column.type_name) }
}

/// The names of the columns; pressing one makes it the column of links, if there is one.
fn head_ui(ui: &mut Ui, head: Rect, slots: &[(f32, f32)], table: &Table<'_>, lang: Lang) -> Option<usize> {
    let p = theme::palette(ui);
    ui.painter().hline(head.x_range(), head.bottom() - 0.5, theme::hairline(p));
    let mut chosen = None;
    for (index, ((left, width), column)) in slots.iter().zip(table.rows.columns.iter()).enumerate() {
        let rect = Rect::from_min_size(pos2(head.left() + left, head.top()), vec2(*width, head.height()));
        let sense = if table.link.is_some() { Sense::click() } else { Sense::hover() };
        let response = ui.interact(rect, Id::unique((table.id, "column", index)), sense);
        let is_link = table.link == Some(index);
        response.widget_info(|| match table.link {
            Some(_) => WidgetInfo::selected(Role::ColumnHeader, true, is_link, head_words(column)),
            None => WidgetInfo::labeled(Role::ColumnHeader, true, head_words(column)),
        });
        let ink = if is_link { p.accent } else { p.text };
        let mut text = rect.shrink2(vec2(size::GAP, 0.0));
        if is_link {
            Icon::Link.paint_scaled(ui.painter(), text.left_center() + vec2(6.0, 0.0), 0.75, ink);
            text.min.x += size::ICON;
        }
        let used = cell(ui, text, &column.name, theme::heading(), ink);
        text.min.x = used + size::GAP_SMALL;
        cell(ui, text, &column.type_name, theme::label(), p.text3);
        if table.link.is_some() {
            focus_ring(ui, rect.shrink(3.0), &response);
            if response.on_hover_text(lang.db_use_as_link(&column.name)).clicked() {
                chosen = Some(index);
            }
        }
    }
    chosen
}

fn row_ui(ui: &Ui, rect: Rect, (table, at): (&str, u64), slots: &[(f32, f32)], row: &[Option<String>], lang: Lang) {
    let p = theme::palette(ui);
    let response = ui.interact(rect, Id::unique((table.to_owned(), at)), Sense::hover());
    response.widget_info(|| {
        let values: Vec<&str> = row.iter().map(|value| value.as_deref().unwrap_or(lang.word("db_null"))).collect();
        WidgetInfo::labeled(Role::Row, true, values.join(", "))
    });
    if at % 2 == 1 {
        ui.painter().rect_filled(rect, 0.0, p.bg2);
    }
    for ((left, width), value) in slots.iter().zip(row) {
        let slot = Rect::from_min_size(pos2(rect.left() + left, rect.top()), vec2(*width, rect.height()));
        let slot = slot.shrink2(vec2(size::GAP, 0.0));
        match value {
            Some(value) => cell(ui, slot, value, theme::figures(), p.text),
            None => cell(ui, slot, lang.word("db_null"), theme::label(), p.text3),
        };
    }
}

/// Paints text on one line; returns its right edge.
fn cell(ui: &Ui, rect: Rect, text: &str, font: FontId, ink: Color32) -> f32 {
    if rect.width() < 8.0 {
        return rect.left();
    }
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, ink);
    job.wrap = egui::text::TextWrapping::truncate_at_width(rect.width());
    let galley = ui.painter().layout_job(job);
    let slot = Align2::LEFT_CENTER.anchor_size(rect.left_center(), galley.size());
    ui.painter().galley(slot.min, galley, ink);
    slot.right()
}
