//! The sheet for the columns of the draft's lists that contain links and checksums.

use egui::{Context, Id, Ui};

use super::setting_notes::{below, note_below};
use crate::engine::ListFile;
use crate::gui::state::{Sheet, State};
use crate::gui::theme::{self, size};
use crate::gui::widgets::sheet::{Position, sheet};
use crate::gui::widgets::{field, label, menu};
use crate::model::columns;

/// The default column of links.
const URL: &str = "url";

/// Shows the sheet while it is open.
pub(crate) fn ui(ctx: &Context, state: &mut State) {
    if state.sheet != Sheet::Columns {
        return;
    }
    let lang = state.lang;
    let Some(files) = state.job().map(|job| job.list_files.clone()) else { return };
    let lists = state.drafts.lists.get().clone();
    let mut wanted = lists.clone();
    let names = names(&files);
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

/// The columns of all lists, without repetitions.
fn names(files: &[ListFile]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for name in files.iter().filter_map(|file| file.columns.as_ref()).flatten() {
        if !names.iter().any(|known| columns::is_same_name(known, name)) {
            names.push(name);
        }
    }
    names
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
    field::row_wide(ui, title, size::SETTING_LABEL, |ui| {
        let width = ui.available_width();
        if names.is_empty() {
            let typed = field::line(ui, Id::unique(("column", title)), title, current.unwrap_or_default(), width)?;
            return Some(Some(typed.trim().to_owned()).filter(|name| !name.is_empty()));
        }
        let mut choices: Vec<(Option<usize>, String)> =
            none.map(|words| (None, words.to_owned())).into_iter().collect();
        choices.extend(names.iter().enumerate().map(|(index, name)| (Some(index), (*name).to_owned())));
        let index = current.and_then(|current| names.iter().position(|name| columns::is_same_name(name, current)));
        if let Some(missing) = current.filter(|_| index.is_none()) {
            // A chosen column that doesn't exist stays visible, so that the user sees what is wrong.
            choices.insert(0, (Some(names.len()), missing.to_owned()));
        }
        let shown = index.or_else(|| current.map(|_| names.len()));
        let picked = menu::combo(ui, title, width, shown, &choices)?;
        (picked != Some(names.len())).then(|| picked.and_then(|index| names.get(index)).map(|name| (*name).to_owned()))
    })
}
