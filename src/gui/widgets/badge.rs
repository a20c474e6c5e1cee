//! An item's state as an icon on its thumbnail or in its row.

use egui::{Color32, Painter, Pos2, Rect, pos2, vec2};

use super::icon::Icon;
use crate::gui::theme::{self, Palette, size};
use crate::model::ItemState;

/// A state's icon and colour.
pub(crate) const fn mark(state: ItemState, p: &Palette) -> (Icon, Color32) {
    match state {
        ItemState::Waiting => (Icon::Dot, p.text2),
        ItemState::Running => (Icon::Dot, p.accent),
        ItemState::Done => (Icon::Check, p.ok),
        ItemState::Failed => (Icon::Bang, p.fail),
        ItemState::Skipped => (Icon::Dash, p.text2),
    }
}

/// The round badge in the lower right corner of a thumbnail.
pub(crate) fn on_thumbnail(painter: &Painter, image: Rect, state: ItemState) {
    let center = image.right_bottom() - vec2(6.0 + size::BADGE / 2.0, 6.0 + size::BADGE / 2.0);
    let (icon, ink) = mark(state, theme::ON_IMAGE_MARKS);
    painter.circle_filled(center, size::BADGE / 2.0, theme::ON_IMAGE);
    icon.paint_scaled(painter, center, 0.8, ink);
}

/// The bar at the bottom of an image that is being processed. Its progress is unknown, so the bar is full.
pub(crate) fn running(painter: &Painter, image: Rect) {
    let bottom = image.bottom() - 6.0;
    let rail = Rect::from_min_max(pos2(image.left() + 6.0, bottom - size::RAIL), pos2(image.right() - 6.0, bottom));
    painter.rect_filled(rail, size::RAIL / 2.0, theme::ON_IMAGE_MARKS.accent);
}

/// The icon alone, in a row of text.
pub(crate) fn in_row(painter: &Painter, center: Pos2, state: ItemState, p: &Palette) {
    let (icon, ink) = mark(state, p);
    icon.paint_scaled(painter, center, 0.8, ink);
}
