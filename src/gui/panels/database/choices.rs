//! What becomes of the query: its rows become items of the listed job, or it becomes a job of its own.

use egui::{Align, Id, Layout, Ui, vec2};

use crate::engine::{Command, DatabaseQuestion};
use crate::gui::dialogs::Purpose;
use crate::gui::forms::query_job::Target;
use crate::gui::state::State;
use crate::gui::theme::{self, size};
use crate::gui::widgets::button::Button;
use crate::gui::widgets::number::{Edit, Number, number};
use crate::gui::widgets::segmented::segmented;
use crate::gui::widgets::{field, label, menu};
use crate::model::{ListSpec, RowsFormat};

/// Width of the choice of a target.
const TARGET_PT: f32 = 152.0;
/// Width of the choice of a column.
const SPLIT_PT: f32 = 120.0;
/// Width of the button that opens a dialog.
const BROWSE_PT: f32 = 32.0;
/// Largest width of a list's field.
const LIST_PT: f32 = 320.0;

/// Their height, in points.
pub(super) fn height(ui: &Ui, state: &State) -> f32 {
    let row_pt = size::TEXT_LINE + size::GAP_SMALL + size::FIELD;
    let rows_pt = if state.database.runs_job { 2.0 * row_pt + size::GAP } else { row_pt + note_height(ui, state) };
    size::BUTTON + size::GAP + rows_pt
}

fn note_height(ui: &Ui, state: &State) -> f32 {
    let ink = theme::palette(ui).warn;
    note(state).map_or(0.0, |note| {
        let galley = ui.painter().layout(note, theme::label(), ink, ui.available_width());
        galley.size().y + size::GAP_SMALL
    })
}

fn note(state: &State) -> Option<String> {
    state.database.lacks_last().map(|column| state.lang.db_since_note(column))
}

/// Draws them.
pub(super) fn ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    ui.horizontal(|ui| {
        let uses = [(false, lang.word("db_use_items")), (true, lang.word("db_use_job"))];
        if let Some(runs_job) = segmented(ui, lang.word("db_use"), state.database.runs_job, &uses) {
            state.database.runs_job = runs_job;
        }
        if state.database.runs_job {
            ui.add_space(size::GAP);
            let name = lang.word("db_may_write");
            if field::check(ui, name, state.database.job.may_write) {
                state.database.job.may_write = !state.database.job.may_write;
            }
            label::note(ui, name).on_hover_text(lang.word("db_may_write_hint"));
        }
    });
    ui.add_space(size::GAP - size::GAP_SMALL);
    if state.database.runs_job { job_ui(ui, state) } else { items_ui(ui, state) }
}

/// A name, and below it what `add` draws.
fn below_name<R>(ui: &mut Ui, (name, hint): (&str, &str), width: f32, add: impl FnOnce(&mut Ui) -> R) -> R {
    let layout = Layout::top_down(Align::Min);
    let height = size::TEXT_LINE + size::GAP_SMALL + size::FIELD;
    ui.allocate_ui_with_layout(vec2(width, height), layout, |ui| {
        ui.set_width(width);
        ui.spacing_mut().item_spacing = vec2(size::GAP_SMALL, size::GAP_SMALL);
        let name = label::note(ui, name);
        ui.add_space((size::TEXT_LINE - name.rect.height()).max(0.0));
        if !hint.is_empty() {
            name.on_hover_text(hint);
        }
        add(ui)
    })
    .inner
}

/// Where the rows of the query go and how often it runs, and the button that starts it.
fn job_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let gap = ui.spacing().item_spacing.x;
    ui.horizontal(|ui| {
        let targets = Target::ALL.map(|target| (target, lang.word(target_word(target)).to_owned()));
        let current = state.database.job.target;
        let name = lang.word("db_save_as");
        if let Some(target) =
            below_name(ui, (name, ""), TARGET_PT, |ui| menu::combo(ui, name, TARGET_PT, current, &targets))
        {
            state.database.job.target = target;
        }
        let width = ui.available_width();
        if state.database.job.target == Target::Table {
            let name = (lang.word("db_into_table"), lang.word("db_into_table_hint"));
            below_name(ui, name, width, |ui| {
                let table = &mut state.database.job.table;
                field::edit(ui, Id::unique("query table"), name.0, table, width, "monthly_totals")
            });
        } else {
            let name = (lang.word("db_file"), lang.word("db_file_hint"));
            path_ui(ui, (name, "query file"), width, Purpose::QueryFile, state);
        }
    });
    ui.add_space(size::GAP - size::GAP_SMALL);
    let is_starting = matches!(state.database.waits_for(), Some(DatabaseQuestion::Job { .. }));
    let words = lang.word(if is_starting { "db_checking_job" } else { "db_start_job" });
    let button = Button::new(words).primary().height(size::FIELD + size::GAP_SMALL);
    let has_dsn = !state.database.connection.dsn.trim().is_empty();
    let has_all = has_dsn && !state.database.sql.trim().is_empty() && state.database.job.is_complete();
    let start_pt = button.measure(ui);
    let is_pressed = ui
        .with_layout(Layout::left_to_right(Align::Max), |ui| {
            let parts_pt = SPLIT_PT + size::NUMBER + 2.0 * gap;
            let list_pt = (ui.available_width() - start_pt - parts_pt - 2.0 * gap).clamp(120.0, LIST_PT);
            let name = (lang.word("db_each_row"), lang.word("db_each_row_hint"));
            path_ui(ui, (name, "query list"), list_pt, Purpose::QueryList, state);
            split_ui(ui, state);
            ui.add_space((ui.available_width() - start_pt).max(0.0));
            button.enabled(has_all && !is_starting).ui(ui).clicked()
        })
        .inner;
    if is_pressed {
        let request = state.database.start_job();
        state.ask_database(request);
    }
}

/// The id of a target's word.
pub(super) const fn target_word(target: Target) -> &'static str {
    match target {
        Target::File(RowsFormat::Csv) => "db_target-csv",
        Target::File(RowsFormat::Jsonl) => "db_target-jsonl",
        Target::File(RowsFormat::Parquet) => "db_target-parquet",
        Target::Table => "db_target-table",
    }
}

/// A field for a path, and the button that opens a dialog.
fn path_ui(ui: &mut Ui, (name, id): ((&str, &str), &'static str), width: f32, purpose: Purpose, state: &mut State) {
    let spoken = format!("{}: {}", name.0, state.lang.word("choose_file"));
    below_name(ui, name, width, |ui| {
        ui.horizontal(|ui| {
            let edit_pt = width - BROWSE_PT - size::GAP_SMALL;
            let job = &mut state.database.job;
            let path = if purpose == Purpose::QueryFile { &mut job.file } else { &mut job.list };
            let is_changed = field::edit(ui, Id::unique(id), name.0, path, edit_pt, "").changed();
            if is_changed && purpose == Purpose::QueryFile {
                job.file_named();
            }
            if Button::new("…").named(&spoken).height(size::FIELD).width(BROWSE_PT).ui(ui).clicked() {
                state.dialog(purpose);
            }
        });
    });
}

/// The column by whose ranges the query is divided, and the number of parts.
fn split_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let form = &mut state.database;
    let mut columns: Vec<String> =
        form.rows().map(|rows| rows.columns.iter().map(|column| column.name.clone()).collect()).unwrap_or_default();
    columns.extend(form.job.split.iter().filter(|split| !columns.contains(split)).cloned().collect::<Vec<_>>());
    let none = (None, lang.word("db_none").to_owned());
    let choices: Vec<(Option<usize>, String)> =
        std::iter::once(none).chain(columns.iter().enumerate().map(|(at, name)| (Some(at), name.clone()))).collect();
    let at = form.job.split.as_ref().and_then(|split| columns.iter().position(|name| name == split));
    let name = (lang.word("db_split"), lang.word("db_split_hint"));
    if let Some(at) = below_name(ui, name, SPLIT_PT, |ui| menu::combo(ui, name.0, SPLIT_PT, at, &choices)) {
        form.job.split = at.and_then(|at| columns.get(at).cloned());
    }
    if form.job.split.is_some() {
        let name = lang.word("db_parts");
        let spec = Number {
            name,
            min: 1.0,
            max: 100_000.0,
            step: 1.0,
            decimals: 0,
            suffix: "",
            empty: None,
            width: size::NUMBER,
        };
        let parts = f64::from(form.job.parts);
        let edit =
            below_name(ui, (name, ""), size::NUMBER, |ui| number(ui, Id::unique("query parts"), Some(parts), spec));
        if let Some(Edit::Set(parts)) = edit {
            form.job.parts = parts as u32;
        }
    }
}

/// The columns of links, keys and the greatest value, and the button that adds the source.
fn items_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    if let Some(note) = note(state) {
        label::wrapped(ui, note, theme::label(), theme::palette(ui).warn);
    }
    let total = state.database.rows().and_then(|rows| rows.total);
    let words = total.map_or(lang.word("add_rows").to_owned(), |total| lang.add_counted(total));
    let source = state.database.source();
    let button = Button::new(&words).primary().height(size::FIELD + size::GAP_SMALL).enabled(source.is_some());
    let add_pt = button.measure(ui);
    let width = ((ui.available_width() - add_pt - 3.0 * size::GAP) / 3.0).clamp(90.0, 200.0);
    let is_added = ui
        .with_layout(Layout::left_to_right(Align::Max), |ui| {
            if state.database.rows().is_some() {
                columns_ui(ui, width, state);
            }
            ui.add_space((ui.available_width() - add_pt).max(0.0));
            button.ui(ui).clicked()
        })
        .inner;
    if let (true, Some(source)) = (is_added, source) {
        let lists = state.drafts.lists.get().clone();
        if let Some(link) = state.database.named_link(lists.url_column.as_deref()) {
            state.drafts.lists.set(ListSpec { url_column: Some(link), ..lists });
        }
        state.send(Command::Add(vec![source]));
        state.close_page();
    }
}

fn columns_ui(ui: &mut Ui, width: f32, state: &mut State) {
    let lang = state.lang;
    let form = &mut state.database;
    let names: Vec<String> =
        form.rows().map(|rows| rows.columns.iter().map(|column| column.name.clone()).collect()).unwrap_or_default();
    let all: Vec<(Option<usize>, String)> =
        names.iter().enumerate().map(|(index, name)| (Some(index), name.clone())).collect();
    let or_none: Vec<(Option<usize>, String)> =
        std::iter::once((None, lang.word("db_none").to_owned())).chain(all.iter().cloned()).collect();
    let place = |name: &Option<String>| name.as_ref().and_then(|name| names.iter().position(|known| known == name));
    let (link, key, since) = (Some(form.link_column()), place(&form.key), place(&form.since));
    let column = |ui: &mut Ui, id: &'static str, hint: &str, current, choices: &[(Option<usize>, String)]| {
        let name = lang.word(id);
        below_name(ui, (name, hint), width, |ui| menu::combo(ui, name, width, current, choices))
    };
    if let Some(Some(index)) = column(ui, "db_link_column", "", link, &all) {
        form.set_link(index);
    }
    if let Some(index) = column(ui, "db_key_column", lang.word("db_key_hint"), key, &or_none) {
        form.key = index.and_then(|index| names.get(index).cloned());
    }
    if let Some(index) = column(ui, "db_since_column", lang.word("db_since_hint"), since, &or_none) {
        form.since = index.and_then(|index| names.get(index).cloned());
    }
}
