//! The empty window's drop area, and the overlay while files are dragged over the window.

use egui::{Align, Align2, Context, Id, LayerId, Layout, Order, Rect, Sense, Shape, Stroke, Ui, UiBuilder, Vec2, vec2};

use crate::gui::actions::Action;
use crate::gui::state::State;
use crate::gui::theme::{self, size};
use crate::gui::widgets::button::{Button, focus_ring};
use crate::gui::widgets::label;

/// Draws the drop area.
pub(crate) fn ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let p = theme::palette(ui);
    let area = ui.max_rect();
    let wanted =
        vec2(size::DROP.0, size::DROP.1).min(area.size() - Vec2::splat(2.0 * size::MARGIN)).max(Vec2::splat(1.0));
    let rect = Rect::from_center_size(area.center(), wanted);
    outline(ui.painter(), rect, p.line);

    let actions: Vec<Action> = Action::sources().chain([Action::AddFromDatabase, Action::PasteLinks]).collect();
    let labels: Vec<String> = actions.iter().map(|action| action.label(lang, state)).collect();
    let buttons: Vec<(Action, Button<'_>)> = actions
        .into_iter()
        .zip(&labels)
        .enumerate()
        .map(|(at, (action, label))| {
            let button = Button::new(label);
            (action, if at == 0 { button.primary() } else { button })
        })
        .collect();
    let inner = rect.shrink(size::GAP);
    let rows = rows(ui, buttons, inner.width());
    let title = ui.painter().layout(lang.word("drop_title").to_owned(), theme::title(), p.text, inner.width());
    let content = title.size().y + 20.0 + 16.0 + 2.0 * size::MARGIN + rows.len() as f32 * (size::BUTTON + size::MARGIN);
    let mut child = ui.new_child(
        UiBuilder::new()
            .max_rect(Rect::from_center_size(inner.center(), vec2(inner.width(), content)))
            .layout(Layout::top_down(Align::Center)),
    );
    child.spacing_mut().item_spacing.y = size::MARGIN;
    let ui = &mut child;
    ui.label(egui::RichText::new(lang.word("drop_title")).font(theme::title()).color(p.text));
    for Row { width, buttons } in rows {
        let (row, _) = ui.allocate_exact_size(vec2(width, size::BUTTON), Sense::hover());
        ui.scope_builder(UiBuilder::new().max_rect(row).layout(Layout::left_to_right(Align::Center)), |ui| {
            for (action, button) in buttons {
                if button.ui(ui).clicked() {
                    action.run(&ui.ctx().clone(), state);
                }
            }
        });
    }
    if link(ui, lang.word("try_samples")) {
        Action::AddSamples.run(&ui.ctx().clone(), state);
    }
    label::note(ui, lang.word("originals_safe"));
}

/// Buttons side by side.
struct Row<'a> {
    width: f32,
    buttons: Vec<(Action, Button<'a>)>,
}

/// Divides buttons into rows that are no wider than this, except for a button that is wider itself.
fn rows<'a>(ui: &Ui, buttons: Vec<(Action, Button<'a>)>, max_width: f32) -> Vec<Row<'a>> {
    let mut rows: Vec<Row<'a>> = Vec::new();
    for (action, button) in buttons {
        let width = button.measure(ui);
        match rows.last_mut() {
            Some(row) if row.width + size::GAP + width <= max_width => {
                row.width += size::GAP + width;
                row.buttons.push((action, button));
            }
            _ => rows.push(Row { width, buttons: vec![(action, button)] }),
        }
    }
    rows
}

fn link(ui: &mut Ui, words: &str) -> bool {
    let p = theme::palette(ui);
    let galley = ui.painter().layout_no_wrap(words.to_owned(), theme::body(), p.accent);
    let (rect, response) = ui.allocate_exact_size(vec2(galley.size().x, 20.0), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Link, true, words));
    let at = Align2::CENTER_CENTER.anchor_size(rect.center(), galley.size());
    if response.hovered() {
        ui.ctx().set_cursor_icon(egui::CursorIcon::PointingHand);
        ui.painter().hline(at.x_range(), at.bottom(), Stroke::new(1.0, p.accent));
    }
    ui.painter().galley(at.min, galley, p.accent);
    focus_ring(ui, rect.expand(2.0), &response);
    response.clicked()
}

/// Covers the window while files are dragged over it.
pub(crate) fn drop_ui(ctx: &Context, state: &State) {
    if ctx.input(|input| input.raw.hovered_files.is_empty()) {
        return;
    }
    let p = theme::of(&ctx.global_style().visuals);
    let painter = ctx.layer_painter(LayerId::new(Order::Foreground, Id::unique("drop")));
    let screen = ctx.content_rect();
    painter.rect_filled(screen, 0.0, p.bg0.gamma_multiply(0.88));
    let rect = Rect::from_center_size(screen.center(), vec2(size::DROP.0, size::DROP.1));
    outline(&painter, rect, p.accent);
    painter.text(rect.center(), Align2::CENTER_CENTER, state.lang.word("drop_now"), theme::title(), p.text);
}

/// A dashed outline with rounded corners.
fn outline(painter: &egui::Painter, rect: Rect, ink: egui::Color32) {
    let radius = f32::from(size::CORNER_SHEET) + 4.0;
    let mut path = Vec::with_capacity(40);
    let corners = [
        (rect.right_top() + vec2(-radius, radius), -90.0_f32),
        (rect.right_bottom() + vec2(-radius, -radius), 0.0),
        (rect.left_bottom() + vec2(radius, -radius), 90.0),
        (rect.left_top() + vec2(radius, radius), 180.0),
    ];
    for (center, from) in corners {
        for step in 0..=8_u8 {
            let angle = (from + f32::from(step) * 90.0 / 8.0).to_radians();
            path.push(center + radius * vec2(angle.cos(), angle.sin()));
        }
    }
    path.extend(path.first().copied());
    painter.extend(Shape::dashed_line(&path, Stroke::new(2.0, ink), 7.0, 5.0));
}
