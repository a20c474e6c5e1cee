//! A listed query job: what it asks, and the first rows of its result, beside its items and as a page.

use egui::{Rect, ScrollArea, Ui, UiBuilder, vec2};

use super::choices::target_word;
use super::query_rows::{self, Table};
use super::{page_ui, part, rows_words};
use crate::engine::{DatabaseName, JobView, Snapshot};
use crate::gui::actions::Action;
use crate::gui::forms::query_job::Target;
use crate::gui::state::{Page, State};
use crate::gui::theme::{self, size};
use crate::gui::widgets::button::Button;
use crate::gui::widgets::label;
use crate::model::{JobState, Message, QueryResult, QuerySpec};

/// Most of the height of a column that a statement takes.
const STATEMENT_SHARE: f32 = 0.5;

/// The listed job, if it is a query job.
pub(crate) fn listed(snapshot: &Snapshot) -> Option<(&JobView, &QuerySpec)> {
    let job = snapshot.current.as_ref()?;
    Some((job, job.query.as_deref()?))
}

/// Draws the page with the first rows.
pub(crate) fn ui(ui: &mut Ui, state: &mut State) {
    let snapshot = state.snapshot.clone();
    let Some((job, query)) = listed(&snapshot) else {
        state.close_page();
        return;
    };
    let title = Message::new("query_result_of").with("job", state.lang.job_name(job.id.0)).text(state.lang);
    let side = |ui: &mut Ui, state: &mut State| about_ui(ui, query, state);
    page_ui(ui, state, &title, side, |ui, state| {
        let whole = ui.max_rect();
        rows_ui(ui, whole, (job, query), true, state);
    });
}

/// Draws what the job does, in place of the recipe.
pub(crate) fn side_ui(ui: &mut Ui, state: &mut State) {
    let snapshot = state.snapshot.clone();
    let Some((job, query)) = listed(&snapshot) else { return };
    about_ui(ui, query, state);
    // Otherwise the run bar shows it.
    let is_in_run_bar = job.state == JobState::Done && !Action::OpenResults.is_enabled(state);
    if query.has_rows && !is_in_run_bar {
        ui.add_space(size::GAP);
        let button = Button::new(state.lang.word("query_show_result")).width(ui.available_width());
        if button.ui(ui).clicked() {
            state.open_page(&ui.ctx().clone(), Page::Result);
        }
    }
}

/// Draws the first rows in place of the preview.
pub(crate) fn preview_ui(ui: &mut Ui, state: &mut State) {
    let whole = ui.max_rect();
    ui.advance_cursor_after_rect(whole);
    state.view.area_px = None;
    let snapshot = state.snapshot.clone();
    let Some(listed) = listed(&snapshot) else { return };
    ui.scope_builder(UiBuilder::new().max_rect(whole.shrink2(vec2(size::MARGIN, size::GAP))), |ui| {
        let area = ui.max_rect();
        rows_ui(ui, area, listed, false, state);
    });
}

fn about_ui(ui: &mut Ui, query: &QuerySpec, state: &State) {
    let lang = state.lang;
    let p = theme::palette(ui);
    let most_pt = ui.available_height() * STATEMENT_SHARE;
    ui.spacing_mut().item_spacing.y = size::GAP_SMALL;
    label::heading(ui, lang.word("query"));
    ScrollArea::vertical().max_height(most_pt).auto_shrink([false, true]).show(ui, |ui| {
        let text = egui::RichText::new(query.sql.trim()).font(theme::mono()).color(p.text);
        ui.add(egui::Label::new(text).selectable(true).wrap());
    });
    let facts = [
        (lang.word("database"), database_label(&query.database)),
        (lang.word("query_goes_to"), place(query, state)),
        (lang.word("query_runs"), runs(query, state)),
    ];
    for (name, words) in facts {
        ui.add_space(size::GAP_SMALL);
        label::heading(ui, name);
        label::wrapped(ui, words, theme::body(), p.text2);
    }
}

fn database_label(database: &str) -> String {
    DatabaseName::parse(database).map_or_else(|_| database.to_owned(), |name| name.label())
}

/// Where the rows go.
fn place(query: &QuerySpec, state: &State) -> String {
    let lang = state.lang;
    match &query.result {
        QueryResult::None => lang.word("query_place-none").to_owned(),
        QueryResult::Files { format } => {
            let folder = state.job().and_then(|job| job.out_dir.as_ref()).map(|dir| dir.display().to_string());
            let message =
                Message::new("query_place-files").with("format", lang.word(target_word(Target::File(*format))));
            message.with("folder", folder.unwrap_or_default()).text(lang)
        }
        QueryResult::File { path, written, .. } => {
            written.as_ref().map_or(path, |written| &written.path).display().to_string()
        }
        QueryResult::Stdout { .. } => lang.word("query_place-stdout").to_owned(),
        QueryResult::Table { database, table, .. } if *database != query.database => {
            let database = database_label(database);
            Message::new("query_place-table").with("table", table).with("database", database).text(lang)
        }
        QueryResult::Table { table, .. } => Message::new("query_place-own_table").with("table", table).text(lang),
    }
}

/// How often the statement runs.
fn runs(query: &QuerySpec, state: &State) -> String {
    let total = state.job().map_or(0, |job| job.progress.total);
    let message = Message::new("query_statements").count("count", total);
    let words = match &query.split {
        Some(column) => Message::new("query_parts_by").count("count", total).with("column", column),
        None => message,
    };
    words.text(state.lang)
}

fn rows_ui(ui: &mut Ui, whole: Rect, (job, query): (&JobView, &QuerySpec), is_page: bool, state: &mut State) {
    let lang = state.lang;
    let p = theme::palette(ui);
    let (head, area) = whole.split_top_bottom_at_y(whole.top() + size::BUTTON);
    let rows = state.result.rows(job.id).cloned();
    let fault = state.result.fault(job.id).map(|fault| fault.error.window_text(lang));
    part(ui, "result head", head, |ui| {
        ui.horizontal_centered(|ui| {
            label::text(ui, lang.word("query_first_rows"), theme::strong(), p.text);
            if let Some(rows) = rows.as_ref().filter(|rows| !rows.rows.is_empty()) {
                label::text(ui, rows_words(rows, lang), theme::figures(), p.text2);
            }
        });
    });
    let is_going = !matches!(job.state, JobState::Done | JobState::Cancelled);
    let none = match (&fault, query.has_rows) {
        (_, false) => lang.word("query_no_result"),
        (Some(fault), true) => fault,
        (None, true) if is_going => lang.word("query_no_rows_yet"),
        (None, true) if matches!(query.result, QueryResult::Stdout { .. }) => lang.word("query_rows_gone"),
        (None, true) => lang.word("db_no_rows"),
    };
    let rows = rows.unwrap_or_default();
    let (id, name) = (if is_page { "result page" } else { "result" }, lang.word("db_rows"));
    let table = Table { id, name, rows: &rows, link: None, none };
    let area = area.with_min_y(area.top() + size::GAP_SMALL);
    let scroll = if is_page { &mut state.result.page_scroll } else { &mut state.result.scroll };
    ui.scope_builder(UiBuilder::new().id_salt(id).max_rect(area), |ui| {
        query_rows::table_ui(ui, area, &table, scroll, lang);
    });
}
