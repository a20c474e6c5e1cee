//! The part of a page that names a database: its name, its password, the test, and the tables.

use egui::{Id, Key, Ui};

use super::table_list;
use crate::engine::database_examples;
use crate::gui::forms::connection::{ConnectionForm, PasswordFrom, Wrong};
use crate::gui::theme::{self, size};
use crate::gui::widgets::button::Button;
use crate::gui::widgets::icon::Icon;
use crate::gui::widgets::{field, label, menu};
use crate::model::Lang;

/// What the page knows of the database.
pub(super) struct Status {
    /// Whether the connection is being tested.
    pub(super) is_testing: bool,
    /// What is wrong with it.
    pub(super) fault: Option<String>,
    /// Whether the name gets the focus.
    pub(super) takes_focus: bool,
    /// What choosing a table does.
    pub(super) pick: &'static str,
    /// The button for a new table, if there can be one.
    pub(super) new_table: Option<&'static str>,
}

/// What the user did.
pub(super) enum Event {
    /// The connection is to be tested.
    Test,
    /// The test is to end.
    Cancel,
    /// The name was changed.
    Renamed,
    /// The password was changed.
    PasswordChanged,
    /// A file is to be chosen.
    ChooseFile,
    /// A table was chosen.
    Picked(usize),
    /// A new table is wanted.
    NewTable,
}

/// Draws it; `page` tells pages apart. Returns what the user did, in order: one frame may bring a new name and a click.
pub(super) fn ui(ui: &mut Ui, lang: Lang, page: &str, form: &mut ConnectionForm, status: &Status) -> Vec<Event> {
    ui.spacing_mut().item_spacing.y = size::GAP_SMALL;
    label::heading(ui, lang.word("database"));
    let mut events = name_ui(ui, lang, page, form, status.takes_focus);
    if form.has_password() {
        events.extend(password_ui(ui, lang, page, form));
    }
    ui.add_space(size::GAP_SMALL);
    events.extend(test_ui(ui, lang, form, status));
    ui.add_space(size::GAP);
    label::heading(ui, lang.word("db_tables"));
    if let Some(words) = status.new_table.filter(|_| form.tables.is_some()) {
        let button = Button::new(words).icon(Icon::Plus).dashed().width(ui.available_width()).height(size::FIELD);
        if button.ui(ui).clicked() {
            events.push(Event::NewTable);
        }
    }
    events.extend(table_list::ui(ui, lang, page, form, status.pick).map(Event::Picked));
    if events.iter().any(|event| matches!(event, Event::Test)) {
        // The field's undo history would still have the password.
        ui.data_mut(|data| data.remove::<egui::text_edit::TextEditState>(box_id(page, "password")));
    }
    events
}

fn box_id(page: &str, name: &str) -> Id {
    Id::unique((page.to_owned(), name.to_owned()))
}

fn name_ui(ui: &mut Ui, lang: Lang, page: &str, form: &mut ConnectionForm, takes_focus: bool) -> Vec<Event> {
    let hint = database_examples().last().map_or("", |(_, example)| example);
    let width = ui.available_width();
    let edit = field::edit(ui, box_id(page, "name"), lang.word("db_name"), &mut form.dsn, width, hint);
    let mut events: Vec<Event> = edit.changed().then_some(Event::Renamed).into_iter().collect();
    if takes_focus {
        edit.request_focus();
    }
    if edit.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) {
        events.push(Event::Test);
    }
    if let Some(Wrong::Name(message)) = &form.wrong {
        label::wrapped(ui, message.window_text(lang), theme::label(), theme::palette(ui).fail);
    }
    ui.horizontal(|ui| {
        if Button::new(lang.word("db_choose_file")).height(size::BUTTON_SMALL).ui(ui).clicked() {
            events.push(Event::ChooseFile);
        }
        let button = Button::new(lang.word("db_examples")).ghost().menu().height(size::BUTTON_SMALL).ui(ui);
        menu::below(&button, 360.0, |ui| {
            for (kind, example) in database_examples() {
                if menu::entry(ui, example, kind, true) {
                    example.clone_into(&mut form.dsn);
                    events.push(Event::Renamed);
                }
            }
        });
    });
    events
}

fn password_ui(ui: &mut Ui, lang: Lang, page: &str, form: &mut ConnectionForm) -> Option<Event> {
    let p = theme::palette(ui);
    let labels = [lang.word("db_password_from"), lang.word("db_password"), lang.word("db_variable")];
    let label_width = field::label_width(ui, labels);
    let mut is_changed = false;
    field::row(ui, lang.word("db_password_from"), label_width, |ui| {
        let choices = [
            (PasswordFrom::Typed, lang.word("db_password_typed").to_owned()),
            (PasswordFrom::Variable, lang.word("db_password_variable").to_owned()),
        ];
        let width = ui.available_width();
        if let Some(from) = menu::combo(ui, lang.word("db_password_from"), width, form.from, &choices) {
            form.from = from;
            is_changed = true;
        }
    });
    match form.from {
        PasswordFrom::Typed => {
            let hint = if form.is_kept() { lang.word("db_password_kept") } else { "" };
            is_changed |= field::row(ui, lang.word("db_password"), label_width, |ui| {
                let (id, name) = (box_id(page, "password"), lang.word("db_password"));
                let width = ui.available_width();
                field::secret(ui, id, name, &mut form.password, (width, hint)).changed()
            });
            label::wrapped(ui, lang.word("db_password_note"), theme::label(), p.text3);
        }
        PasswordFrom::Variable => {
            is_changed |= field::row(ui, lang.word("db_variable"), label_width, |ui| {
                let (id, name) = (box_id(page, "variable"), lang.word("db_variable"));
                let width = ui.available_width();
                field::edit(ui, id, name, &mut form.variable, width, "DB_PASSWORD").changed()
            });
            if form.wrong == Some(Wrong::Variable) {
                label::wrapped(ui, lang.word("db_variable_wrong"), theme::label(), p.fail);
            }
        }
    }
    is_changed.then_some(Event::PasswordChanged)
}

/// The button to test the connection, and the result.
fn test_ui(ui: &mut Ui, lang: Lang, form: &ConnectionForm, status: &Status) -> Option<Event> {
    let p = theme::palette(ui);
    let mut event = None;
    ui.horizontal(|ui| {
        if Button::new(lang.word("db_test")).enabled(!form.dsn.trim().is_empty()).ui(ui).clicked() {
            event = Some(Event::Test);
        }
        if status.is_testing && Button::new(lang.word("cancel")).ghost().ui(ui).clicked() {
            event = Some(Event::Cancel);
        }
    });
    if status.is_testing {
        label::text(ui, lang.word("db_testing"), theme::label(), p.text2);
    } else if let Some(fault) = &status.fault {
        label::wrapped(ui, fault.as_str(), theme::label(), p.fail);
    } else if let Some(tables) = &form.tables {
        label::wrapped(ui, lang.db_connected(tables), theme::label(), p.ok);
    }
    event
}
