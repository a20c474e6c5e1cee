//! Sheets over the window: a title, a close button, a body.

use egui::{Align2, Area, Context, Frame, Id, Margin, Modal, Ui, vec2};

use super::button::Button;
use super::icon::Icon;
use super::label;
use crate::gui::theme::{self, size};

/// Where a sheet appears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Position {
    /// In the centre.
    Middle,
    /// Near the top, for the palette.
    Top,
    /// Along the right edge.
    Side,
}

/// Shows a sheet; `false` when it should close.
pub(crate) fn sheet(
    ctx: &Context,
    name: &str,
    close: &str,
    position: Position,
    width: f32,
    add: impl FnOnce(&mut Ui),
) -> bool {
    let id = Id::unique(("sheet", name));
    let screen = ctx.content_rect();
    let width = width.min(screen.width() - 2.0 * size::MARGIN);
    let area = match position {
        Position::Middle => Modal::default_area(id),
        Position::Top => Modal::default_area(id).anchor(Align2::CENTER_TOP, vec2(0.0, 64.0)),
        Position::Side => side(id),
    };
    let palette = theme::of(&ctx.global_style().visuals);
    let corner = if position == Position::Side { 0 } else { size::CORNER_SHEET };
    let frame = Frame::new()
        .fill(palette.bg1)
        .stroke(theme::hairline(palette))
        .corner_radius(corner)
        .shadow(ctx.global_style().visuals.window_shadow)
        .inner_margin(if position == Position::Top { Margin::same(10) } else { Margin::same(20) });
    let mut open = true;
    let response = Modal::new(id).area(area).frame(frame).backdrop_color(theme::BEHIND_SHEET).show(ctx, |ui| {
        let inner = width - if position == Position::Top { 20.0 } else { 40.0 };
        ui.set_width(inner);
        if position == Position::Side {
            ui.set_min_height(screen.height() - 42.0);
            ui.set_max_height(screen.height() - 42.0);
        }
        if position != Position::Top {
            ui.horizontal(|ui| {
                let p = theme::palette(ui);
                label::text(ui, name, theme::sheet_title(), p.text);
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    if Button::icon_only(Icon::Cross, close).ui(ui).clicked() {
                        open = false;
                    }
                });
            });
            ui.add_space(size::GAP);
        }
        add(ui);
    });
    open && !response.should_close()
}

fn side(id: Id) -> Area {
    Modal::default_area(id).anchor(Align2::RIGHT_TOP, vec2(0.0, 0.0))
}
