//! The header: the Open menu, undo, the search box, jobs and settings.

use egui::{Align, Align2, Layout, Rect, Sense, StrokeKind, Ui, UiBuilder, WidgetInfo, accesskit::Role, pos2, vec2};

use crate::gui::actions::Action;
use crate::gui::state::{Sheet, State};
use crate::gui::theme::{self, size};
use crate::gui::widgets::button::{Button, focus_ring};
use crate::gui::widgets::icon::Icon;
use crate::gui::widgets::{menu, opener};

const SEARCH_WIDTH: f32 = 420.0;

/// Draws the header.
pub(crate) fn ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let whole = ui.max_rect();
    let left = ui
        .scope_builder(UiBuilder::new().max_rect(whole).layout(Layout::left_to_right(Align::Center)), |ui| {
            let open = Button::new(lang.word("open")).menu().ui(ui);
            open_menu(&open, state);
            press(ui, state, Action::PasteLinks, Button::new(lang.word("paste_links")));
            press(ui, state, Action::Undo, Button::icon_only(Icon::Undo, lang.word("undo")));
            press(ui, state, Action::Redo, Button::icon_only(Icon::Redo, lang.word("redo")));
        })
        .response
        .rect;
    let jobs = Button::new(lang.word("jobs")).ghost();
    let settings = Button::new(lang.word("settings")).ghost();
    let right_width = jobs.measure(ui) + settings.measure(ui) + size::GAP;
    let right = Rect::from_min_max(pos2(whole.right() - right_width, whole.top()), whole.max);

    search_ui(ui, whole, left.right(), right.left(), state);
    ui.scope_builder(UiBuilder::new().max_rect(right).layout(Layout::left_to_right(Align::Center)), |ui| {
        if jobs.selected(state.sheet == Sheet::Jobs).ui(ui).clicked() {
            state.open(Sheet::Jobs);
        }
        if settings.selected(state.sheet == Sheet::Settings).ui(ui).clicked() {
            state.open(Sheet::Settings);
        }
    });
}

/// The menu of sources to add.
pub(crate) fn open_menu(button: &egui::Response, state: &mut State) {
    menu::below(button, 240.0, |ui| {
        for action in Action::sources().chain([Action::AddFromDatabase, Action::AddPath, Action::PasteLinks]) {
            let text = action.label(state.lang, state);
            if menu::entry(ui, &text, &action.shortcut_text(ui.ctx()), action.is_enabled(state)) {
                action.run(&ui.ctx().clone(), state);
            }
        }
        menu::separator(ui);
        if menu::entry(ui, state.lang.word("try_samples"), "", true) {
            Action::AddSamples.run(&ui.ctx().clone(), state);
        }
    });
}

fn press(ui: &mut Ui, state: &mut State, action: Action, button: Button<'_>) {
    if button.enabled(action.is_enabled(state)).ui(ui).clicked() {
        action.run(&ui.ctx().clone(), state);
    }
}

/// The field that opens the palette, centred in the window if there is room.
fn search_ui(ui: &mut Ui, whole: Rect, left: f32, right: f32, state: &mut State) {
    let (left, right) = (left + size::MARGIN, right - size::MARGIN);
    let width = SEARCH_WIDTH.min(right - left);
    if width < 120.0 {
        return;
    }
    let center = whole.center().x.clamp(left + width / 2.0, right - width / 2.0);
    let rect = Rect::from_center_size(pos2(center, whole.center().y), vec2(width, size::BUTTON));
    let response = ui.interact(rect, ui.scope_id().with("search"), Sense::click());
    let words = state.lang.word("search");
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, words));
    let p = theme::palette(ui);
    let fill = if response.hovered() { p.bg3 } else { p.bg2 };
    ui.painter().rect(rect, theme::corner(), fill, theme::hairline(p), StrokeKind::Inside);
    let ink = if response.hovered() { p.text2 } else { p.text3 };
    let shortcut = Action::Palette.shortcut_text(ui.ctx()).replace('+', " ");
    Icon::Search.paint_scaled(ui.painter(), rect.left_center() + vec2(16.0, 0.0), 0.85, ink);
    ui.painter().text(rect.left_center() + vec2(28.0, 0.0), Align2::LEFT_CENTER, words, theme::body(), ink);
    ui.painter().text(rect.right_center() - vec2(10.0, 0.0), Align2::RIGHT_CENTER, shortcut, theme::body(), ink);
    focus_ring(ui, rect, &response);
    if response.clicked() {
        opener::pressed(ui.ctx(), response.id);
        state.open(Sheet::Palette);
    }
}
