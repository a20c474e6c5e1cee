//! The items: their toolbar (count, layout, order, filters), then the grid or the table, with keyboard navigation.

use egui::{EventFilter, Id, Key, Layout, Modifiers, Rect, Sense, Ui, UiBuilder, vec2};

use super::item_menu::Columns;
use super::{grid, table};
use crate::config::ItemsLayout;
use crate::engine::{Command, ItemsFilter, ItemsSort};
use crate::error::ErrorKind;
use crate::gui::actions;
use crate::gui::format::count;
use crate::gui::forms::items_filter;
use crate::gui::state::{Scale, State};
use crate::gui::theme::{self, size};
use crate::gui::widgets::button::{Button, focus_ring};
use crate::gui::widgets::icon::Icon;
use crate::gui::widgets::segmented::segmented;
use crate::gui::widgets::trailing::trailing;
use crate::gui::widgets::{field, label, menu};
use crate::model::{FailureFilter, ItemState};

/// Draws the items.
pub(crate) fn ui(ui: &mut Ui, state: &mut State) {
    let whole = ui.available_rect_before_wrap();
    let bar = Rect::from_min_size(whole.min, vec2(whole.width(), size::ITEM_BAR));
    let p = theme::palette(ui);
    ui.painter().hline(bar.x_range(), bar.bottom() - 0.5, theme::hairline(p));
    let inner = bar.shrink2(vec2(size::MARGIN, 0.0));
    ui.scope_builder(UiBuilder::new().max_rect(inner).layout(Layout::left_to_right(egui::Align::Center)), |ui| {
        bar_ui(ui, state);
    });
    let mut body = whole;
    body.min.y = bar.bottom();
    ui.scope_builder(UiBuilder::new().max_rect(body), |ui| body_ui(ui, body, state));
}

/// How items are shown: statements have no thumbnails.
fn layout(state: &State) -> ItemsLayout {
    if state.is_query_job() { ItemsLayout::Table } else { state.drafts.settings.get().layout }
}

/// Height needed for all items, in points.
pub(crate) fn needed_pt(state: &State, width_pt: f32) -> f32 {
    let total = state.job().map_or(0, |job| job.progress.total);
    let list_pt = match layout(state) {
        ItemsLayout::Grid => grid::needed_pt(width_pt, total),
        ItemsLayout::Table => table::needed_pt(total),
    };
    size::ITEM_BAR + list_pt
}

fn bar_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let p = theme::palette(ui);
    let width = ui.available_width();
    let progress = state.job().map(|job| job.progress).unwrap_or_default();
    let several = state.listing.selected.len() as u64;
    let words = match state.listing.total().filter(|_| state.listing.filter != ItemsFilter::default()) {
        Some(shown) => lang.items_shown(shown, progress.total),
        None => lang.items_count(progress.total),
    };
    label::text(ui, words, theme::figures_strong(), p.text);
    let layouts = [(ItemsLayout::Grid, lang.word("grid")), (ItemsLayout::Table, lang.word("table"))];
    if !state.is_query_job()
        && let Some(layout) = segmented(ui, lang.word("layout"), state.drafts.settings.get().layout, &layouts)
    {
        actions::set_layout(state, layout);
    }
    let is_wide = width >= 620.0;
    let field_id = Id::unique("item filter");
    let has_field = width >= 820.0
        || state.focus_filter
        || !state.listing.filter.text.is_empty()
        || ui.memory(|memory| memory.has_focus(field_id));
    if is_wide || !has_field {
        sort_ui(ui, state);
    }
    if several > 1 && width > 700.0 {
        label::note(ui, lang.selected_count(several));
    }
    // Drawn from left to right, so that the Tab key goes through it in this order.
    let mut rest = trailing(ui, "filters");
    if has_field {
        filter_ui(&mut rest.controls, field_id, if is_wide { 150.0 } else { 96.0 }, state);
    }
    rejections_ui(&mut rest.controls, state);
    if is_wide {
        chips_ui(&mut rest.controls, state);
    } else {
        filter_menu_ui(&mut rest.controls, state);
    }
    rest.end();
}

fn sort_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let sort = Button::new(&lang.sort_by(state.listing.sort)).ghost().menu().ui(ui);
    menu::below(&sort, 160.0, |ui| {
        for order in [ItemsSort::Added, ItemsSort::Name, ItemsSort::State, ItemsSort::Size] {
            if menu::choice(ui, lang.sort_word(order), order == state.listing.sort) {
                state.listing.set_sort(order);
            }
        }
    });
}

/// The filters as a menu, for a narrow window.
fn filter_menu_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let any = state.listing.filter != ItemsFilter::default();
    let button = Button::new(lang.word("filter_hint")).ghost().menu().selected(any).ui(ui);
    menu::below(&button, 180.0, |ui| {
        let progress = state.job().map(|job| job.progress).unwrap_or_default();
        for (words, filter) in items_filter::choices(lang, &progress, &state.listing.filter) {
            if menu::choice(ui, &words, filter == state.listing.filter) {
                state.listing.set_filter(filter);
            }
        }
    });
}

/// The rows that the database rejected, by its message.
fn rejections_ui(ui: &mut Ui, state: &State) {
    let lang = state.lang;
    let Some(job) = state.job().filter(|job| job.progress.rejected() > 0) else { return };
    let words = lang.rejected_rows(job.progress.rejected());
    let button = Button::new(&words).ghost().menu().danger().height(size::BUTTON_SMALL).ui(ui);
    menu::below(&button, 380.0, |ui| {
        menu::heading(ui, lang.word("rejected_title"));
        egui::ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
            let p = theme::palette(ui);
            for group in job.rejections.iter() {
                let words = format!("{} × {}", count(group.count), group.message);
                label::wrapped(ui, words, theme::body(), p.text);
                let more = if group.keys.len() as u64 == group.count { "" } else { ", …" };
                let keys = format!("{}{more}", group.keys.join(", "));
                label::wrapped(ui, keys, theme::label(), p.text3);
                ui.add_space(size::GAP_SMALL);
            }
        });
    });
}

/// Filter chips, after those for the kinds of failures.
fn chips_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    if state.listing.filter.state == Some(ItemState::Failed) {
        kinds_ui(ui, state);
    }
    let progress = state.job().map(|job| job.progress).unwrap_or_default();
    for (item_state, items) in items_filter::counts(&progress, &state.listing.filter) {
        let on = state.listing.filter.state == Some(item_state);
        let words = items_filter::state_label(lang, (item_state, items));
        if chip(ui, &words, on, item_state == ItemState::Failed) {
            state.listing.set_filter(items_filter::toggled(&state.listing.filter, item_state));
        }
    }
    if items_filter::may_have_remarks(&progress, &state.listing.filter)
        && chip(ui, lang.word("with_remarks"), state.listing.filter.is_remarked, false)
    {
        state.listing.set_filter(items_filter::toggled_remarks(&state.listing.filter));
    }
}

/// Chips for the kinds of failures, when failures are listed.
fn kinds_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let failures = state.job().map(|job| job.failures.clone()).unwrap_or_default();
    let current = state.listing.filter.kind;
    let words = current.map_or(lang.word("kind"), |kind| kind.name(lang));
    let button = Button::new(words).ghost().menu().height(size::BUTTON_SMALL).ui(ui);
    menu::below(&button, 200.0, |ui| {
        if menu::choice(ui, lang.word("all"), current.is_none()) {
            state.listing.set_filter(ItemsFilter { kind: None, ..state.listing.filter.clone() });
        }
        for (kind, items) in failures.iter() {
            let words = format!("{} {}", kind.name(lang), count(*items));
            if menu::choice(ui, &words, current == Some(*kind)) {
                state.listing.set_filter(ItemsFilter { kind: Some(*kind), ..state.listing.filter.clone() });
            }
            if menu::entry(ui, lang.word("retry_these"), "", true) {
                retry_kind(state, *kind);
            }
        }
    });
    if let Some(kind) = items_filter::retryable_kind(&state.listing.filter, &failures)
        && Button::new(lang.word("retry_these")).ghost().height(size::BUTTON_SMALL).ui(ui).clicked()
    {
        retry_kind(state, kind);
    }
}

fn retry_kind(state: &mut State, kind: ErrorKind) {
    if let Some(job) = state.job().map(|job| job.id) {
        state.send(Command::Retry { job, failures: FailureFilter::kind(kind), items: None });
    }
}

fn chip(ui: &mut Ui, words: &str, on: bool, bad: bool) -> bool {
    let p = theme::palette(ui);
    let ink = if bad {
        p.fail
    } else if on {
        p.text
    } else {
        p.text2
    };
    let galley = ui.painter().layout_no_wrap(words.to_owned(), theme::figures(), ink);
    let (rect, response) = ui.allocate_exact_size(vec2(galley.size().x + 20.0, size::BUTTON_SMALL), Sense::click());
    response.widget_info(|| egui::WidgetInfo::selected(egui::accesskit::Role::Button, true, on, words));
    let fill = if on || response.hovered() { p.bg3 } else { p.bg2 };
    let edge = if on { p.accent } else { p.line };
    ui.painter().rect(rect, 12.0, fill, egui::Stroke::new(1.0, edge), egui::StrokeKind::Inside);
    ui.painter().galley(rect.center() - galley.size() / 2.0, galley, ink);
    focus_ring(ui, rect, &response);
    response.clicked()
}

fn filter_ui(ui: &mut Ui, id: Id, width: f32, state: &mut State) {
    let mut text = state.listing.filter.text.clone();
    if !text.is_empty()
        && Button::icon_only(Icon::Cross, state.lang.word("clear_filter")).height(size::FIELD).ui(ui).clicked()
    {
        text.clear();
    }
    let response =
        field::edit(ui, id, state.lang.word("filter_items"), &mut text, width, state.lang.word("filter_hint"));
    if std::mem::take(&mut state.focus_filter) {
        response.request_focus();
    }
    if response.has_focus() && ui.input(|input| input.key_pressed(Key::Escape)) {
        text.clear();
    }
    if text != state.listing.filter.text {
        state.listing.set_filter(ItemsFilter { text, ..state.listing.filter.clone() });
    }
}

fn body_ui(ui: &mut Ui, body: Rect, state: &mut State) {
    let lang = state.lang;
    let p = theme::palette(ui);
    // The list takes the focus as one control. Otherwise Tab would visit every item.
    let focus = ui.interact(body.shrink(2.0), Id::unique("items"), Sense::CLICK | Sense::FOCUSABLE);
    focus.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::ListBox, true, lang.word("items")));
    if state.listing.total() == Some(0) && state.listing.filter != ItemsFilter::default() {
        let mut child =
            ui.new_child(UiBuilder::new().max_rect(body.shrink(24.0)).layout(Layout::top_down(egui::Align::Center)));
        label::text(&mut child, lang.word("no_match"), theme::body(), p.text2);
        if Button::new(lang.word("clear_filter")).ui(&mut child).clicked() {
            state.listing.set_filter(ItemsFilter::default());
        }
        return;
    }
    if state.listing.total().is_none() {
        let (at, words) = (body.center(), lang.word("loading"));
        let rect = ui.painter().text(at, egui::Align2::CENTER_CENTER, words, theme::body(), p.text3);
        label::spoken(ui, rect, words);
    }
    let columns = match layout(state) {
        ItemsLayout::Grid => grid::ui(ui, body, state),
        ItemsLayout::Table => table::ui(ui, body, state),
    };
    if focus.clicked() {
        focus.request_focus();
    }
    if focus.has_focus() || state.keys_are_free {
        keys(ui, state, columns);
    }
    if focus.has_focus() {
        let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(focus.id, filter));
        let ring = egui::Stroke::new(1.0, p.accent);
        ui.painter().rect_stroke(body.shrink(1.0), theme::corner(), ring, egui::StrokeKind::Inside);
    }
}

fn keys(ui: &Ui, state: &mut State, columns: Columns) {
    let Some(total) = state.listing.total().filter(|total| *total > 0) else { return };
    let row = state.listing.cursor_row;
    let moved = ui.input_mut(|input| {
        let moves = [
            (Key::ArrowLeft, row.saturating_sub(1)),
            (Key::ArrowRight, row + 1),
            (Key::ArrowUp, if row >= columns.across { row - columns.across } else { row }),
            (Key::ArrowDown, if row + columns.across < total { row + columns.across } else { row }),
            (Key::PageUp, row.saturating_sub(columns.page)),
            (Key::PageDown, row + columns.page),
            (Key::Home, 0),
            (Key::End, total - 1),
        ];
        moves.into_iter().find_map(|(key, to)| {
            if input.consume_key(Modifiers::SHIFT, key) {
                Some((to, true))
            } else {
                input.consume_key(Modifiers::NONE, key).then_some((to, false))
            }
        })
    });
    if let Some((to, extend)) = moved {
        state.listing.go(to, extend);
    }
    if ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter)) {
        state.view.scale = if state.view.scale == Scale::Fit { Scale::Full } else { Scale::Fit };
    }
}
