//! The page "From a database…": the database and its tables at the left, the query and its first rows at the right.

mod choices;
mod connection;
mod query_rows;
pub(crate) mod result;
mod table_list;
pub(crate) mod write_back;

use egui::{Align, Id, Layout, Rect, ScrollArea, TextEdit, Ui, UiBuilder, Vec2, vec2};

use self::connection::Event;
use crate::engine::{Command, DatabaseFault, DatabaseQuestion, DatabaseView, QueryRows};
use crate::gui::dialogs::Purpose;
use crate::gui::state::State;
use crate::gui::theme::{self, size};
use crate::gui::widgets::button::Button;
use crate::gui::widgets::icon::Icon;
use crate::gui::widgets::label;
use crate::gui::widgets::trailing::trailing;
use crate::model::Lang;

/// Pages lower than this have a smaller query editor.
const LOW_PAGE: f32 = 560.0;

/// Draws the page.
pub(crate) fn ui(ui: &mut Ui, state: &mut State) {
    page_ui(ui, state, state.lang.word("from_database_title"), side_ui, main_ui);
    state.database.is_opened = false;
    if let Some(spec) = state.database.take_accepted() {
        state.send(Command::Submit(spec));
        state.close_page();
    }
    if std::mem::take(&mut state.database.is_run_wanted) {
        let request = state.database.run();
        state.ask_database(request);
    }
}

/// Draws the frame of a page about a database: its title, the column of the database, and the rest.
fn page_ui(
    ui: &mut Ui,
    state: &mut State,
    title: &str,
    side_ui: impl FnOnce(&mut Ui, &mut State),
    main_ui: impl FnOnce(&mut Ui, &mut State),
) {
    let p = theme::palette(ui);
    let whole = ui.max_rect();
    let (bar, below) = whole.split_top_bottom_at_y(whole.top() + size::PAGE_BAR);
    let side_pt = if whole.width() < size::SMALL_WINDOW { size::RECIPE_SMALL } else { size::RECIPE };
    let (side, main) = below.split_left_right_at_x(below.left() + side_pt);
    ui.painter().rect_filled(bar, 0.0, p.bg1);
    ui.painter().rect_filled(side, 0.0, p.bg1);
    title_ui(ui, bar, title, state);
    part(ui, "side", side.shrink(size::MARGIN), |ui| side_ui(ui, state));
    part(ui, "main", main.shrink(size::MARGIN), |ui| main_ui(ui, state));
    ui.painter().hline(bar.x_range(), bar.bottom() - 0.5, theme::hairline(p));
    ui.painter().vline(side.right() - 0.5, side.y_range(), theme::hairline(p));
}

fn part(ui: &mut Ui, name: &str, rect: Rect, add: impl FnOnce(&mut Ui)) {
    let mut child = ui.new_child(UiBuilder::new().id_salt(name).max_rect(rect));
    child.shrink_clip_rect(rect.expand(size::GAP));
    add(&mut child);
}

/// A page's title, and the button that closes it.
fn title_ui(ui: &mut Ui, bar: Rect, title: &str, state: &mut State) {
    let p = theme::palette(ui);
    let inner = bar.shrink2(vec2(size::MARGIN, 0.0));
    let layout = Layout::left_to_right(Align::Center);
    ui.scope_builder(UiBuilder::new().id_salt("title").max_rect(inner).layout(layout), |ui| {
        label::text(ui, title, theme::strong(), p.text);
        let mut rest = trailing(ui, "title");
        if Button::icon_only(Icon::Cross, state.lang.word("close")).ui(&mut rest.controls).clicked() {
            state.close_page();
        }
        rest.end();
    });
}

/// The database and its tables.
fn side_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let form = &mut state.database;
    let status = connection::Status {
        is_testing: matches!(form.waits_for(), Some(DatabaseQuestion::Tables)),
        fault: form.fault(false).map(|fault| fault.error.window_text(lang)),
        takes_focus: form.is_opened && form.sql.is_empty(),
        pick: lang.word("db_start_from"),
        new_table: None,
    };
    for event in connection::ui(ui, lang, "database", &mut form.connection, &status) {
        match event {
            Event::Test => {
                let request = state.database.test();
                state.ask_database(request);
            }
            Event::Cancel => cancel(state),
            Event::Renamed => state.database.renamed(),
            Event::PasswordChanged => state.database.password_changed(),
            Event::ChooseFile => state.dialog(Purpose::DatabaseFile),
            Event::Picked(index) => {
                state.database.pick_table(index);
                let request = state.database.run();
                state.ask_database(request);
            }
            Event::NewTable => {}
        }
    }
}

fn cancel(state: &mut State) {
    state.database.cancel();
    state.handle.want_database(DatabaseView::Page, None);
}

/// The query, its first rows, and the choice of columns.
fn main_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    ui.spacing_mut().item_spacing.y = size::GAP_SMALL;
    let whole = ui.max_rect();
    let editor_pt = if whole.height() < LOW_PAGE { size::QUERY.1 } else { size::QUERY.0 };
    label::heading(ui, lang.word("query"));
    editor_ui(ui, editor_pt, state);
    ui.add_space(size::GAP_SMALL);
    run_ui(ui, state);
    if let Some(fault) = state.database.fault(true) {
        let words = fault_words(fault, lang);
        label::wrapped(ui, words, theme::body(), theme::palette(ui).fail);
    }
    ui.add_space(size::GAP_SMALL);
    let choices_pt = choices::height(ui, state);
    let rows = Rect::from_min_max(ui.cursor().min, whole.max - vec2(0.0, choices_pt + size::GAP));
    let below = Rect::from_min_max(whole.left_bottom() - vec2(0.0, choices_pt), whole.max);
    part(ui, "rows", rows, |ui| query_rows::ui(ui, rows, state));
    part(ui, "choices", below, |ui| choices::ui(ui, state));
}

fn fault_words(fault: &DatabaseFault, lang: Lang) -> String {
    let words = fault.error.window_text(lang);
    fault.position.map_or(words.clone(), |(line, column)| lang.db_position(line, column, &words))
}

fn editor_ui(ui: &mut Ui, height: f32, state: &mut State) {
    let lang = state.lang;
    let p = theme::palette(ui);
    let form = &mut state.database;
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), egui::Sense::hover());
    ui.painter().rect(rect, theme::corner(), p.bg1, theme::hairline(p), egui::StrokeKind::Inside);
    let inner = rect.shrink2(vec2(6.0, 4.0));
    let mut child = ui.new_child(UiBuilder::new().id_salt("editor").max_rect(inner));
    child.shrink_clip_rect(inner);
    let edit = ScrollArea::vertical().auto_shrink(false).show(&mut child, |ui| {
        TextEdit::multiline(&mut form.sql)
            .id(Id::unique(("database", "query")))
            .font(theme::mono())
            .hint_text(egui::RichText::new(lang.word("db_query_hint")).font(theme::mono()).color(p.text3))
            .frame(egui::Frame::NONE)
            .min_size(inner.size() - Vec2::splat(1.0))
            .desired_width(f32::INFINITY)
            .show(ui)
            .response
            .response
            .accessible_name(lang.word("query"))
    });
    if edit.inner.has_focus() {
        ui.painter().rect_stroke(rect, theme::corner(), egui::Stroke::new(1.0, p.accent), egui::StrokeKind::Inside);
    }
    if form.is_opened && !form.sql.is_empty() {
        edit.inner.request_focus();
    }
}

/// The button that runs the query, and what came of it.
fn run_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let p = theme::palette(ui);
    let is_running = matches!(state.database.waits_for(), Some(DatabaseQuestion::Rows { .. }));
    let is_checking = matches!(state.database.waits_for(), Some(DatabaseQuestion::Job { .. }));
    let can_run = !state.database.sql.trim().is_empty() && !state.database.connection.dsn.trim().is_empty();
    ui.horizontal(|ui| {
        if Button::new(lang.word("run_query")).enabled(can_run).ui(ui).on_hover_text("Ctrl+Enter").clicked() {
            let request = state.database.run();
            state.ask_database(request);
        }
        if (is_running || is_checking) && Button::new(lang.word("cancel")).ghost().ui(ui).clicked() {
            cancel(state);
        }
        if state.database.can_restore()
            && Button::new(lang.word("db_restore")).ghost().icon(Icon::Undo).ui(ui).clicked()
        {
            state.database.restore();
        }
        let form = &state.database;
        match form.rows() {
            Some(_) if !form.is_current() => drop(label::text(ui, lang.word("db_outdated"), theme::body(), p.warn)),
            Some(rows) => drop(label::text(ui, rows_words(rows, lang), theme::figures(), p.text2)),
            None if is_running => drop(label::text(ui, lang.word("db_running"), theme::body(), p.text2)),
            None => {}
        }
    });
}

fn rows_words(rows: &QueryRows, lang: Lang) -> String {
    let shown = rows.rows.len() as u64;
    match rows.total {
        Some(total) if rows.has_more => lang.db_rows_shown_of(shown, total),
        None if rows.has_more => lang.db_rows_shown_so_far(shown),
        _ => lang.db_rows_shown(shown),
    }
}
