//! Items as thumbnails.

use egui::{Align2, Id, Rect, Sense, StrokeKind, Ui, Vec2, WidgetInfo, accesskit::Role, pos2, vec2};

use super::item_menu::{Columns, item_pressed};
use crate::gui::state::State;
use crate::gui::theme::{self, size};
use crate::gui::widgets::badge;
use crate::gui::widgets::icon::Icon;
use crate::gui::widgets::scroll::{Extent, scroll_ui};
use crate::model::{ItemRow, ItemState, Locator};

const CELL_PT: f32 = size::THUMB + size::THUMB_NAME + size::GAP;

/// Number of columns at this width.
fn across(width_pt: f32) -> u64 {
    (((width_pt + size::GAP) / (size::THUMB_MIN + size::GAP)).floor() as u64).max(1)
}

/// Height needed for all items, in points.
pub(crate) fn needed_pt(width_pt: f32, total: u64) -> f32 {
    let lines = total.div_ceil(across(width_pt - 2.0 * size::MARGIN));
    lines as f32 * CELL_PT + 2.0 * size::MARGIN
}

/// Draws the grid.
pub(crate) fn ui(ui: &mut Ui, body: Rect, state: &mut State) -> Columns {
    let area = Rect::from_min_max(body.min + vec2(size::MARGIN, 0.0), body.max - vec2(size::MARGIN, 0.0));
    let across = across(area.width());
    let cell_width = (area.width() + size::GAP) / across as f32 - size::GAP;
    let total = state.listing.total().unwrap_or(0);
    let extent = Extent { rows: total.div_ceil(across), row_pt: CELL_PT, view_pt: area.height() - 2.0 * size::MARGIN };
    if let Some(row) = state.listing.reveal.take() {
        state.listing.scroll.reveal(row / across, extent);
    }
    let mut scroll = state.listing.scroll;
    let bar = Rect::from_min_max(body.min, body.max - vec2(2.0, 0.0));
    scroll_ui(ui, Id::unique("grid bar"), state.lang.word("scroll_bar"), bar, extent, &mut scroll);
    state.listing.scroll = scroll;
    let lines = (area.height() / CELL_PT).ceil() as u64 + 1;
    state.listing.see(scroll.first_row * across, lines * across);

    let mut ui = ui.new_child(egui::UiBuilder::new().max_rect(body));
    ui.shrink_clip_rect(Rect::from_min_max(body.min, body.max));
    for line in 0..lines {
        let y = area.top() + size::MARGIN - scroll.hidden_pt + line as f32 * CELL_PT;
        for column in 0..across {
            let row = (scroll.first_row + line) * across + column;
            if row >= total {
                break;
            }
            let x = area.left() + column as f32 * (cell_width + size::GAP);
            let image = Rect::from_min_size(pos2(x, y), vec2(cell_width, size::THUMB));
            cell_ui(&mut ui, image, row, state);
        }
    }
    Columns { across, page: across * extent.page() }
}

fn cell_ui(ui: &mut Ui, image: Rect, row: u64, state: &mut State) {
    let p = theme::palette(ui);
    let Some(item) = state.listing.row(row).cloned() else {
        let outline = egui::Stroke::new(1.0, p.outline);
        ui.painter().rect(image, theme::corner(), p.bg1, outline, StrokeKind::Inside);
        return;
    };
    let mut whole = image;
    whole.max.y += size::THUMB_NAME;
    let response = ui.interact(whole, Id::unique(("item", item.id)), Sense::CLICK);
    let selected = state.listing.selected.contains(&item.id.seq);
    let name = item.locator.shown_name(state.lang);
    let words = state.lang.item_state(item.state);
    response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, selected, format!("{name}, {words}")));
    image_ui(ui, image, &item, state);
    if item.state == ItemState::Running {
        badge::running(ui.painter(), image);
    } else {
        badge::on_thumbnail(ui.painter(), image, item.state);
    }
    if selected {
        let ring = egui::Stroke::new(size::RING, p.accent);
        ui.painter().rect_stroke(image.expand(2.0), theme::corner(), ring, StrokeKind::Outside);
    } else if response.hovered() {
        ui.painter().rect_stroke(image, theme::corner(), egui::Stroke::new(1.0, p.text3), StrokeKind::Outside);
    }
    let mut job =
        egui::text::LayoutJob::simple_singleline(name, theme::figures_small(), if selected { p.text } else { p.text2 });
    job.wrap = egui::text::TextWrapping::truncate_at_width(image.width() - 4.0);
    let galley = ui.painter().layout_job(job);
    let middle = pos2(image.left() + 2.0, image.bottom() + 3.0 + (size::THUMB_NAME - 3.0) / 2.0);
    let at = Align2::LEFT_CENTER.anchor_size(middle, galley.size()).min;
    ui.painter().galley(at, galley, p.text2);
    item_pressed(ui, state, row, &response);
}

fn image_ui(ui: &Ui, image: Rect, item: &ItemRow, state: &mut State) {
    let p = theme::palette(ui);
    let Some(texture) = state.textures.thumbnail(item.id, item.state) else {
        let outline = egui::Stroke::new(1.0, p.outline);
        ui.painter().rect(image, theme::corner(), p.bg3, outline, StrokeKind::Inside);
        let icon = if matches!(item.locator, Locator::Url(_)) { Icon::Link } else { Icon::Image };
        icon.paint_scaled(ui.painter(), image.center(), 1.4, p.text2);
        return;
    };
    let alpha = match item.state {
        ItemState::Waiting | ItemState::Skipped => theme::WAITING_ALPHA,
        _ => 1.0,
    };
    // Transparent images get a background of their own.
    ui.painter().rect_filled(image, theme::corner(), p.bg2);
    let uv = cover(texture.size_vec2(), image.size());
    let tint = theme::UNTINTED.gamma_multiply(alpha);
    let shape = egui::epaint::RectShape::filled(image, theme::corner(), tint).with_texture(texture.id(), uv);
    ui.painter().add(shape);
}

/// The part of the texture that covers an area with another aspect ratio.
pub(super) fn cover(image: Vec2, area: Vec2) -> Rect {
    let scale = (area.x / image.x.max(1.0)).max(area.y / image.y.max(1.0));
    let part = area / (image.max(Vec2::splat(1.0)) * scale.max(f32::EPSILON));
    Rect::from_center_size(pos2(0.5, 0.5), part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tall_image_is_cropped_equally_at_top_and_bottom() {
        let part = cover(vec2(100.0, 200.0), vec2(100.0, 100.0));
        assert_eq!(part, Rect::from_min_max(pos2(0.0, 0.25), pos2(1.0, 0.75)));
    }
}
