//! The sheet for the columns of the draft's lists that contain links and checksums.

use egui::{Context, Id, Ui};

use super::setting_notes::{below, note_below};
use crate::gui::forms::columns::{self, ColumnChoice, URL};
use crate::gui::state::{Sheet, State};
use crate::gui::theme::{self, size};
use crate::gui::widgets::sheet::{Position, sheet};
use crate::gui::widgets::{field, label, menu};

/// Shows the sheet while it is open.
pub(crate) fn ui(ctx: &Context, state: &mut State) {
    if state.sheet != Sheet::Columns {
        return;
    }
    let lang = state.lang;
    let Some(files) = state.job().map(|job| job.list_files.clone()) else { return };
    let lists = state.drafts.lists.get().clone();
    let mut wanted = lists.clone();
    let names = columns::names(&files);
    let open = sheet(ctx, lang.word("columns_title"), lang.word("close"), Position::Middle, size::SHEET, |ui| {
        ui.spacing_mut().item_spacing.y = size::GAP_SMALL;
        let url = lists.url_column.as_deref().or(Some(URL));
        if let Some(picked) = column_ui(ui, lang.word("url_column"), url, None, &names) {
            wanted.url_column = picked;
        }
        let p = theme::palette(ui);
        for file in files.iter() {
            if let Some(column) = &file.missing {
                let name = file.path.file_name().unwrap_or(file.path.as_os_str()).to_string_lossy();
                below(ui, &lang.lacks_column(&name, column), p.fail);
            }
        }
        let none = Some(lang.word("no_checksum"));
        if let Some(picked) =
            column_ui(ui, lang.word("checksum_column"), lists.checksum_column.as_deref(), none, &names)
        {
            wanted.checksum_column = picked;
        }
        note_below(ui, lang.word("checksum_note"));
        ui.add_space(size::GAP_SMALL);
        label::wrapped(ui, lang.word("columns_note"), theme::label(), p.text3);
    });
    state.drafts.lists.set(wanted);
    if !open {
        state.sheet = Sheet::None;
    }
}

/// A row to choose one of the columns, or to enter a name if the columns are unknown. `Some` if it was changed.
#[expect(clippy::option_option, reason = "whether it was changed, and to which column, if any")]
fn column_ui(
    ui: &mut Ui,
    title: &str,
    current: Option<&str>,
    none: Option<&str>,
    names: &[&str],
) -> Option<Option<String>> {
    field::row(ui, title, size::SETTING_LABEL, |ui| {
        let width = ui.available_width();
        if names.is_empty() {
            let typed = field::line(ui, Id::unique(("column", title)), title, current.unwrap_or_default(), width)?;
            return Some(columns::entered(&typed));
        }
        let choice = ColumnChoice::new(names, current, none);
        choice.chosen(menu::combo(ui, title, width, choice.current, &choice.choices)?)
    })
}
