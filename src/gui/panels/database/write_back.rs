//! The page on which results are mapped to the columns of a table, and the section of the recipe that opens it.

use egui::{Align, Id, Layout, Rect, ScrollArea, Ui, UiBuilder};

use super::connection::{self, Event};
use super::{page_ui, part};
use crate::engine::DatabaseView;
use crate::gui::dialogs::Purpose;
use crate::gui::forms::write_back::Pair;
use crate::gui::state::State;
use crate::gui::theme::{self, size};
use crate::gui::widgets::button::Button;
use crate::gui::widgets::icon::Icon;
use crate::gui::widgets::segmented::segmented;
use crate::gui::widgets::trailing::trailing;
use crate::gui::widgets::{field, label, menu, scroll};
use crate::model::{ItemField, JobState, Lang, WriteBackMode};

/// Height of the statement and what the database says about it.
const STATEMENT_PT: f32 = 124.0;
/// Width of a column's field.
const COLUMN_PT: f32 = 200.0;

/// The section of the recipe.
pub(crate) fn section_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let spec = state.drafts.write_back.get().clone();
    let is_draft = state.job().is_none_or(|job| job.state == JobState::Draft);
    if spec.is_none() && !is_draft {
        return;
    }
    ui.add_space(size::GAP_SMALL);
    label::heading(ui, lang.word("wb_title"));
    let width = ui.available_width();
    let Some(spec) = spec else {
        if Button::new(lang.word("wb_add")).icon(Icon::Plus).dashed().width(width).ui(ui).clicked() {
            state.open_write_back(&ui.ctx().clone());
        }
        return;
    };
    let words = lang.wb_summary(&spec.table, spec.columns.len() as u64);
    ui.horizontal(|ui| {
        let edit = width - size::FIELD - size::GAP;
        let button = Button::new(&words).left().menu().height(size::FIELD).width(edit).enabled(is_draft);
        if button.named(&lang.edit_named(&words)).ui(ui).on_hover_text(spec.database.as_str()).clicked() {
            state.open_write_back(&ui.ctx().clone());
        }
        let remove = lang.remove_named(&words);
        if Button::icon_only(Icon::Cross, &remove).height(size::FIELD).enabled(is_draft).ui(ui).clicked() {
            state.drafts.write_back.set(None);
        }
    });
}

/// Draws the page.
pub(crate) fn ui(ui: &mut Ui, state: &mut State) {
    page_ui(ui, state, state.lang.word("wb_title"), side_ui, main_ui);
    state.write_back.is_opened = false;
    if let Some(request) = state.write_back.check() {
        state.handle.want_database(DatabaseView::WriteBack, Some(request));
    }
}

fn side_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let form = &mut state.write_back;
    let status = connection::Status {
        is_testing: form.waits_for_tables(),
        fault: form.fault(false).map(|fault| fault.error.window_text(lang)),
        takes_focus: form.is_opened,
        pick: lang.word("wb_pick"),
        new_table: Some(lang.word("wb_new_table")),
    };
    for event in connection::ui(ui, lang, "write back", &mut form.connection, &status) {
        let form = &mut state.write_back;
        match event {
            Event::Test => {
                if let Some(request) = form.test() {
                    state.handle.want_database(DatabaseView::WriteBack, Some(request));
                }
            }
            Event::Cancel => {
                form.cancel();
                state.handle.want_database(DatabaseView::WriteBack, None);
            }
            Event::Renamed => form.renamed(),
            Event::PasswordChanged => form.password_changed(),
            Event::ChooseFile => state.dialog(Purpose::DatabaseFile),
            Event::Picked(index) => form.pick_table(index),
            Event::NewTable => form.plan_table(state.database.likely_key()),
        }
    }
}

/// The map, the statement, and the buttons.
fn main_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let p = theme::palette(ui);
    let whole = ui.max_rect();
    let Some(table) = state.write_back.table_name() else {
        label::wrapped(ui, lang.word("wb_no_table"), theme::body(), p.text2);
        return;
    };
    let (map, below) = whole.split_top_bottom_at_y(whole.bottom() - STATEMENT_PT);
    part(ui, "map", map, |ui| {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = size::GAP_SMALL;
            name_ui(ui, table, state);
            let modes = [
                (WriteBackMode::Update, lang.word("wb_update")),
                (WriteBackMode::Upsert, lang.word("wb_upsert")),
                (WriteBackMode::Insert, lang.word("wb_insert")),
            ];
            if let Some(mode) = segmented(ui, lang.word("wb_mode"), state.write_back.mode, &modes) {
                state.write_back.mode = mode;
            }
            pairs_ui(ui, true, state);
            pairs_ui(ui, false, state);
            scroll::follow_focus(ui);
        });
    });
    let (statement, buttons) = below.split_top_bottom_at_y(below.bottom() - size::BUTTON);
    part(ui, "statement", statement.with_max_y(statement.bottom() - size::GAP), |ui| statement_ui(ui, state));
    part(ui, "buttons", buttons, |ui| buttons_ui(ui, buttons, state));
}

/// The name of the table, which can be edited if the table is to be created.
fn name_ui(ui: &mut Ui, mut table: String, state: &mut State) {
    let lang = state.lang;
    let p = theme::palette(ui);
    if !state.write_back.creates_table {
        label::text(ui, table, theme::strong(), p.text);
        return;
    }
    ui.horizontal(|ui| {
        let name = lang.word("wb_new_name");
        label::text(ui, name, theme::body(), p.text2);
        if field::edit(ui, Id::unique("write back table"), name, &mut table, COLUMN_PT, "").changed() {
            state.write_back.rename_table(&table);
        }
    });
    label::wrapped(ui, lang.word("wb_new_note"), theme::label(), p.text3);
}

/// The rows of keys, or those of other columns.
fn pairs_ui(ui: &mut Ui, is_key: bool, state: &mut State) {
    let lang = state.lang;
    let fields = fields(state);
    let form = &state.write_back;
    let known = form.table_columns().map_or(&[][..], |table| &table.columns);
    let known = known.iter().filter(|column| column.is_writable || is_key).map(|column| column.name.clone());
    // The columns of a new table have the names that are entered.
    let names: Option<Vec<String>> = (!form.creates_table).then(|| known.collect());
    let is_used = |column: &str| form.keys.iter().chain(&form.columns).any(|pair| pair.column == column);
    let free = match &names {
        Some(names) => names.iter().find(|name| !is_used(name)).map(|column| {
            let field = if is_key { format!("col:{column}") } else { ItemField::Output.word().to_owned() };
            Pair { column: column.clone(), field }
        }),
        None => fields.iter().find_map(|(field, _)| {
            let column = field.strip_prefix("col:").unwrap_or(field);
            (!is_used(column)).then(|| Pair { column: column.to_owned(), field: field.clone() })
        }),
    };
    ui.add_space(size::GAP_SMALL);
    label::heading(ui, lang.word(if is_key { "wb_keys" } else { "wb_columns" }));
    let pairs = if is_key { &mut state.write_back.keys } else { &mut state.write_back.columns };
    let mut removed = None;
    for (index, pair) in pairs.iter_mut().enumerate() {
        if pair_ui(ui, lang, (is_key, index), pair, names.as_deref(), &fields) {
            removed = Some(index);
        }
    }
    if let Some(index) = removed {
        pairs.remove(index);
    }
    let words = lang.word(if is_key { "wb_add_key" } else { "wb_add_column" });
    let button = Button::new(words).icon(Icon::Plus).ghost().height(size::FIELD).enabled(free.is_some());
    if let (true, Some(pair)) = (button.ui(ui).clicked(), free) {
        pairs.push(pair);
    }
}

/// The fields to choose from, with what they are.
fn fields(state: &State) -> Vec<(String, String)> {
    let lang = state.lang;
    let own = ItemField::ALL.into_iter().map(|field| {
        let words = lang.find(&format!("wb_field-{}", field.word())).unwrap_or_default();
        (field.word().to_owned(), words.to_owned())
    });
    let lists = state.job().map(|job| job.list_files.clone()).unwrap_or_default();
    let lists = lists.iter().filter_map(|file| file.columns.as_ref()).flatten().cloned();
    let query =
        state.database.rows().into_iter().flat_map(|rows| rows.columns.iter().map(|column| column.name.clone()));
    let mut columns: Vec<String> = Vec::new();
    for name in lists.chain(query) {
        if !columns.contains(&name) {
            columns.push(name);
        }
    }
    let columns = columns.into_iter().map(|name| (format!("col:{name}"), lang.word("wb_field_column").to_owned()));
    own.chain(columns).collect()
}

/// A row: the column, and the field that it gets. Returns whether it is removed.
fn pair_ui(
    ui: &mut Ui,
    lang: Lang,
    (is_key, index): (bool, usize),
    pair: &mut Pair,
    names: Option<&[String]>,
    fields: &[(String, String)],
) -> bool {
    let p = theme::palette(ui);
    let number = index as u64 + 1;
    let mut is_removed = false;
    ui.horizontal(|ui| {
        let spare = ui.available_width() - 2.0 * size::FIELD - size::ICON - 5.0 * size::GAP;
        let column_pt = COLUMN_PT.min(spare / 2.0);
        let spoken = if is_key { lang.wb_key_numbered(number) } else { lang.wb_column_numbered(number) };
        column_ui(ui, (is_key, index), &spoken, column_pt, (&mut pair.column, names));
        label::text(ui, "←", theme::body(), p.text3);
        let name = lang.wb_field_for(&pair.column);
        let id = Id::unique(("write back field", is_key, index));
        field::edit(ui, id, &name, &mut pair.field, column_pt, "width");
        let choose = lang.wb_choose_field(&pair.column);
        let button = Button::icon_only(Icon::ChevronDown, &choose).height(size::FIELD).ui(ui);
        menu::below(&button, 280.0, |ui| {
            ScrollArea::vertical().max_height(280.0).show(ui, |ui| {
                for (field, words) in fields {
                    if menu::entry(ui, field, words, true) {
                        field.clone_into(&mut pair.field);
                    }
                }
                scroll::follow_focus(ui);
            });
        });
        let remove = lang.remove_named(&pair.column);
        is_removed = Button::icon_only(Icon::Cross, &remove).height(size::FIELD).ui(ui).clicked();
    });
    if pair.parsed().is_none() {
        label::wrapped(ui, lang.wb_field_wrong(&pair.field), theme::label(), p.fail);
    }
    is_removed
}

/// The column of a row: chosen from `names`, or entered.
fn column_ui(
    ui: &mut Ui,
    id: (bool, usize),
    spoken: &str,
    width: f32,
    (column, names): (&mut String, Option<&[String]>),
) {
    let Some(names) = names else {
        field::edit(ui, Id::unique(("write back column", id)), spoken, column, width, "");
        return;
    };
    let at = names.iter().position(|name| name == column);
    let mut choices: Vec<(Option<usize>, String)> =
        names.iter().enumerate().map(|(at, name)| (Some(at), name.clone())).collect();
    if at.is_none() {
        choices.insert(0, (None, column.clone()));
    }
    if let Some(Some(at)) = menu::combo(ui, spoken, width, at, &choices) {
        names[at].clone_into(column);
    }
}

/// The statement, and what the database says about it.
fn statement_ui(ui: &mut Ui, state: &State) {
    let lang = state.lang;
    let p = theme::palette(ui);
    let form = &state.write_back;
    ui.spacing_mut().item_spacing.y = size::GAP_SMALL;
    if let Some(fault) = form.fault(true) {
        label::wrapped(ui, fault.error.window_text(lang), theme::body(), p.fail);
        return;
    }
    match form.answer().map(|check| &check.statement) {
        Some(Ok(statement)) => {
            label::text(ui, lang.word("wb_accepted"), theme::body(), p.ok);
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                let text = egui::RichText::new(statement).font(theme::mono()).color(p.text2);
                ui.add(egui::Label::new(text).selectable(true).wrap());
            });
        }
        Some(Err(message)) => drop(label::wrapped(ui, message.window_text(lang), theme::body(), p.fail)),
        None if form.is_checking() => drop(label::text(ui, lang.word("wb_checking"), theme::body(), p.text2)),
        None => {}
    }
}

fn buttons_ui(ui: &mut Ui, area: Rect, state: &mut State) {
    let lang = state.lang;
    ui.scope_builder(UiBuilder::new().max_rect(area).layout(Layout::left_to_right(Align::Center)), |ui| {
        let mut rest = trailing(ui, "write back");
        if state.drafts.write_back.get().is_some()
            && Button::new(lang.word("wb_stop")).ghost().danger().ui(&mut rest.leading).clicked()
        {
            state.drafts.write_back.set(None);
            state.close_page();
        }
        let accepted = state.write_back.accepted();
        let button = Button::new(lang.word("wb_use")).primary().enabled(accepted.is_some());
        if let (true, Some(spec)) = (button.ui(&mut rest.controls).clicked(), accepted) {
            state.drafts.write_back.set(Some(spec));
            state.close_page();
        }
        rest.end();
    });
}
