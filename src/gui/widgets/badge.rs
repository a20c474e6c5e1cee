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
pub(crate) fn on_picture(painter: &Painter, picture: Rect, state: ItemState) {
    let center = picture.right_bottom() - vec2(6.0 + size::BADGE / 2.0, 6.0 + size::BADGE / 2.0);
    let (icon, ink) = mark(state, theme::ON_PICTURE_MARKS);
    painter.circle_filled(center, size::BADGE / 2.0, theme::ON_PICTURE);
    icon.paint_scaled(painter, center, 0.8, ink);
}

/// The bar at the bottom of an image that is being processed. Its progress is unknown, so the bar is full.
pub(crate) fn running(painter: &Painter, picture: Rect) {
    let bottom = picture.bottom() - 6.0;
    let rail = Rect::from_min_max(pos2(picture.left() + 6.0, bottom - size::RAIL), pos2(picture.right() - 6.0, bottom));
    painter.rect_filled(rail, size::RAIL / 2.0, theme::ON_PICTURE_MARKS.accent);
}

/// The icon alone, in a row of text.
pub(crate) fn in_row(painter: &Painter, center: Pos2, state: ItemState, p: &Palette) {
    let (icon, ink) = mark(state, p);
    icon.paint_scaled(painter, center, 0.8, ink);
}
