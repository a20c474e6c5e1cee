//! Shared by grid and table: cursor movement, clicks on items, and their context menu.

use egui::{Id, Ui};

use crate::engine::Command;
use crate::gui::actions::Action;
use crate::gui::state::{Scale, State};
use crate::gui::widgets::menu;
use crate::model::{FailureFilter, ItemState, Locator, locator};

/// How the cursor moves in a layout.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Columns {
    /// Items per row.
    pub(crate) across: u64,
    /// Items per page.
    pub(crate) page: u64,
}

/// Handles a click on an item, in grid or table.
pub(crate) fn item_pressed(ui: &Ui, state: &mut State, row: u64, response: &egui::Response) {
    if response.clicked() {
        let modifiers = ui.input(|input| input.modifiers);
        state.listing.press(row, modifiers.command, modifiers.shift);
        ui.memory_mut(|memory| memory.request_focus(Id::unique("items")));
    }
    if response.double_clicked() {
        state.view.scale = if state.view.scale == Scale::Fit { Scale::Full } else { Scale::Fit };
    }
    if response.secondary_clicked()
        && let Some(seq) = state.listing.row(row).map(|item| item.id.seq)
        && !state.listing.selected.contains(&seq)
    {
        state.listing.press(row, false, false);
    }
    response.context_menu(|ui| context_ui(ui, state));
}

fn context_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    ui.set_min_width(200.0);
    ui.set_max_width(200.0);
    ui.spacing_mut().item_spacing.y = 0.0;
    let Some((job, failed, location)) = state.listing.cursor.as_ref().map(|row| {
        let location = match &row.locator {
            Locator::Url(url) => locator::reported_url(url),
            Locator::File(path) | Locator::Page(path, _) => path.display().to_string(),
            statement @ Locator::Row(_) => statement.to_string(),
        };
        (row.id.job, row.state == ItemState::Failed, location)
    }) else {
        return;
    };
    let items: Vec<u64> = state.listing.selected.iter().copied().collect();
    if failed {
        if menu::entry(ui, lang.word("retry"), "", true) {
            state.send(Command::Retry { job, failures: FailureFilter::ALL, items: Some(items.clone()) });
        }
        if menu::entry(ui, lang.word("skip"), "", true) {
            state.send(Command::Skip { job, items });
        }
        menu::separator(ui);
    }
    if menu::entry(ui, lang.word("copy_location"), "", true) {
        ui.ctx().copy_text(location);
    }
    for action in [Action::SelectAll, Action::RemoveSelected] {
        let words = action.label(lang, state);
        if menu::entry(ui, &words, &action.shortcut_text(ui.ctx()), action.is_enabled(state)) {
            action.run(&ui.ctx().clone(), state);
        }
    }
}
