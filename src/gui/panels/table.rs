//! Items as rows.

use egui::{Align2, Color32, FontId, Id, Rect, Sense, Ui, WidgetInfo, accesskit::Role, pos2, vec2};

use super::item_menu::{Columns, item_pressed};
use crate::engine::ItemsSort;
use crate::gui::format::{bytes, count};
use crate::gui::state::State;
use crate::gui::theme::{self, Palette, size};
use crate::gui::widgets::badge;
use crate::gui::widgets::button::focus_ring;
use crate::gui::widgets::icon::Icon;
use crate::gui::widgets::scroll::{Extent, scroll_ui};
use crate::model::{ItemRow, Lang, Locator, Remark};

/// A column: its share of the spare width, and its contents.
struct Column {
    title: fn(Lang) -> &'static str,
    width_pt: f32,
    share: f32,
    right: bool,
    sort: Option<ItemsSort>,
    cell: fn(Lang, &ItemRow, &Palette) -> (String, FontId, Color32),
}

static COLUMNS: [Column; 6] = [
    Column {
        title: |lang| lang.word("name"),
        width_pt: 140.0,
        share: 0.5,
        right: false,
        sort: Some(ItemsSort::Name),
        cell: |lang, item, p| (item.locator.shown_name(lang), theme::figures(), p.text),
    },
    Column {
        title: |lang| lang.word("state"),
        width_pt: 92.0,
        share: 0.0,
        right: false,
        sort: Some(ItemsSort::State),
        cell: |lang, item, p| (lang.item_state(item.state).to_owned(), theme::body(), badge::mark(item.state, p).1),
    },
    Column {
        title: |lang| lang.word("size"),
        width_pt: 76.0,
        share: 0.0,
        right: true,
        sort: Some(ItemsSort::Size),
        cell: |_, item, p| {
            let size_bytes = item.size_bytes.or((item.bytes_in > 0).then_some(item.bytes_in));
            let size_bytes = size_bytes.filter(|_| !matches!(item.locator, Locator::Row(_)));
            (size_bytes.map(bytes).unwrap_or_default(), theme::figures(), p.text2)
        },
    },
    Column {
        title: |lang| lang.word("output_size"),
        width_pt: 88.0,
        share: 0.0,
        right: true,
        sort: None,
        cell: |_, item, p| {
            let text = if item.bytes_out > 0 { bytes(item.bytes_out) } else { String::new() };
            (text, theme::figures(), p.text2)
        },
    },
    Column {
        title: |lang| lang.word("dimensions"),
        width_pt: 104.0,
        share: 0.0,
        right: true,
        sort: None,
        cell: |_, item, p| {
            let text = match (&item.locator, item.width_px.zip(item.height_px)) {
                (Locator::Row(_), _) => item.height_px.map(|rows| count(rows.into())),
                (_, size_px) => size_px.map(|(width, height)| format!("{width} × {height}")),
            };
            (text.unwrap_or_default(), theme::figures(), p.text2)
        },
    },
    Column {
        title: |lang| lang.word("error"),
        width_pt: 80.0,
        share: 0.5,
        right: false,
        sort: None,
        cell: |lang, item, p| {
            let Some(error) = &item.error else {
                return (remarks(lang, &item.remarks), theme::body(), p.text2);
            };
            (error.brief(lang), theme::body(), p.fail)
        },
    },
];

const COLUMN_GAP: f32 = 2.0 * size::GAP;

/// A column with its left edge and width, in points.
type Slot = (&'static Column, f32, f32);

/// The columns that fit; the least important ones are left out first.
fn slots(area: Rect) -> Vec<Slot> {
    const LEFT_OUT: [usize; 4] = [4, 3, 2, 5];
    let fixed = |shown: &[usize]| {
        let widths: f32 = shown.iter().filter_map(|slot| COLUMNS.get(*slot)).map(|column| column.width_pt).sum();
        widths + COLUMN_GAP * shown.len().saturating_sub(1) as f32
    };
    let mut shown: Vec<usize> = (0..COLUMNS.len()).collect();
    for out in LEFT_OUT {
        if fixed(&shown) <= area.width() {
            break;
        }
        shown.retain(|slot| *slot != out);
    }
    let columns: Vec<&'static Column> = shown.iter().filter_map(|slot| COLUMNS.get(*slot)).collect();
    let spare = (area.width() - fixed(&shown)).max(0.0);
    let shares: f32 = columns.iter().map(|column| column.share).sum::<f32>().max(f32::EPSILON);
    let mut left = area.left();
    columns
        .into_iter()
        .map(|column| {
            let width = column.width_pt + spare * column.share / shares;
            let slot = (column, left, width);
            left += width + COLUMN_GAP;
            slot
        })
        .collect()
}

/// Height of this many rows and the header, in points.
pub(crate) fn needed_pt(total: u64) -> f32 {
    (total as f32 + 1.0) * size::TABLE_ROW + size::MARGIN
}

/// Draws the table.
pub(crate) fn ui(ui: &mut Ui, body: Rect, state: &mut State) -> Columns {
    let area = body.shrink2(vec2(size::MARGIN + size::GAP, 0.0));
    let slots = slots(area);
    let head = Rect::from_min_size(body.min, vec2(body.width(), size::TABLE_ROW));
    let mut rows = body;
    rows.min.y = head.bottom();
    let total = state.listing.total().unwrap_or(0);
    let extent = Extent { rows: total, row_pt: size::TABLE_ROW, view_pt: rows.height() };
    if let Some(row) = state.listing.reveal.take() {
        state.listing.scroll.reveal(row, extent);
    }
    let mut scroll = state.listing.scroll;
    let bar = Rect::from_min_max(rows.min, rows.max - vec2(2.0, 0.0));
    scroll_ui(ui, Id::unique("table bar"), state.lang.word("scroll_bar"), bar, extent, &mut scroll);
    state.listing.scroll = scroll;
    let lines = (rows.height() / size::TABLE_ROW).ceil() as u64 + 1;
    state.listing.see(scroll.first_row, lines);
    head_ui(ui, head, &slots, state);

    let mut ui = ui.new_child(egui::UiBuilder::new().max_rect(rows));
    ui.shrink_clip_rect(rows);
    for line in 0..lines {
        let row = scroll.first_row + line;
        if row >= total {
            break;
        }
        let top = rows.top() - scroll.hidden_pt + line as f32 * size::TABLE_ROW;
        let rect = Rect::from_min_size(
            pos2(body.left() + size::MARGIN, top),
            vec2(body.width() - 2.0 * size::MARGIN, size::TABLE_ROW),
        );
        row_ui(&mut ui, rect, row, &slots, state);
    }
    Columns { across: 1, page: extent.page() }
}

fn head_ui(ui: &Ui, head: Rect, slots: &[Slot], state: &mut State) {
    let p = theme::palette(ui);
    ui.painter().hline(head.x_range(), head.bottom() - 0.5, theme::hairline(p));
    for (column, left, width) in slots {
        let words = match (column.title)(state.lang) {
            words if state.is_query_job() && words == state.lang.word("dimensions") => {
                state.lang.word("query_rows_head")
            }
            words => words,
        };
        let rect = Rect::from_min_size(pos2(*left, head.top()), vec2(*width, head.height()));
        if let Some(sort) = column.sort {
            let response = ui.interact(rect, Id::unique(("column", words)), Sense::click());
            let on = state.listing.sort == sort;
            response.widget_info(|| WidgetInfo::selected(Role::ColumnHeader, true, on, state.lang.sort_by(sort)));
            focus_ring(ui, rect.shrink(3.0), &response);
            if response.clicked() {
                state.listing.set_sort(if on { ItemsSort::Added } else { sort });
            }
        }
        let on = column.sort.is_some_and(|sort| sort == state.listing.sort);
        let ink = if on { p.text } else { p.text2 };
        let text = cell(ui, rect, words.to_owned(), theme::heading(), ink, column.right);
        if on {
            let x = if column.right { text.left() - 8.0 } else { text.right() + 8.0 };
            Icon::ChevronDown.paint_scaled(ui.painter(), pos2(x, rect.center().y), 0.7, p.text2);
        }
    }
}

fn row_ui(ui: &mut Ui, rect: Rect, row: u64, slots: &[Slot], state: &mut State) {
    let p = theme::palette(ui);
    let lang = state.lang;
    let Some(item) = state.listing.row(row).cloned() else { return };
    let response = ui.interact(rect, Id::unique(("item", item.id)), Sense::CLICK);
    let selected = state.listing.selected.contains(&item.id.seq);
    let words = format!("{}, {}", item.locator.shown_name(lang), lang.item_state(item.state));
    response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, selected, &words));
    if selected || response.hovered() {
        ui.painter().rect_filled(rect.shrink2(vec2(0.0, 1.0)), theme::corner(), if selected { p.bg3 } else { p.bg2 });
    }
    if selected {
        let mark = Rect::from_min_size(rect.min + vec2(0.0, 6.0), vec2(3.0, rect.height() - 12.0));
        ui.painter().rect_filled(mark, 1.5, p.accent);
    }
    for (slot, (column, left, width)) in slots.iter().enumerate() {
        let (text, font, ink) = (column.cell)(lang, &item, p);
        let mut cell_rect = Rect::from_min_size(pos2(*left, rect.top()), vec2(*width, rect.height()));
        if slot == 1 {
            badge::in_row(ui.painter(), pos2(cell_rect.left() + 6.0, rect.center().y), item.state, p);
            cell_rect.min.x += 18.0;
        }
        cell(ui, cell_rect, text, font, ink, column.right);
    }
    let response = match &item.error {
        Some(error) => response.on_hover_text(error.window_text(lang)),
        None if item.remarks.is_empty() => response,
        None => response.on_hover_text(remarks(lang, &item.remarks)),
    };
    item_pressed(ui, state, row, &response);
}

fn cell(ui: &Ui, rect: Rect, text: String, font: FontId, ink: Color32, right: bool) -> Rect {
    let mut job = egui::text::LayoutJob::simple_singleline(text, font, ink);
    job.wrap = egui::text::TextWrapping::truncate_at_width(rect.width());
    let galley = ui.painter().layout_job(job);
    let (at, align) =
        if right { (rect.right_center(), Align2::RIGHT_CENTER) } else { (rect.left_center(), Align2::LEFT_CENTER) };
    let slot = align.anchor_size(at, galley.size());
    ui.painter().galley(slot.min, galley, ink);
    slot
}

/// An item's remarks, joined.
fn remarks(lang: Lang, remarks: &[Remark]) -> String {
    remarks.iter().map(|remark| remark.window_text(lang)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrow_table_drops_columns_but_never_name_and_state() {
        for width in [250.0_f32, 440.0, 700.0, 1600.0] {
            let area = Rect::from_min_size(pos2(0.0, 0.0), vec2(width, 100.0));
            let slots = slots(area);
            assert!(slots.len() >= 2);
            let (_, left, column_width) = slots.last().copied().unwrap_or((&COLUMNS[0], 0.0, 0.0));
            assert!(left + column_width <= width + 0.5, "{width}");
        }
    }
}
