//! The palette: every command by name, and the item filter.

use egui::{Context, Id, Key, Modifiers, ScrollArea};

use crate::engine::ItemsFilter;
use crate::gui::actions::Action;
use crate::gui::state::{Sheet, State};
use crate::gui::theme::size;
use crate::gui::widgets::sheet::{Position, sheet};
use crate::gui::widgets::{field, label, menu};

enum Entry {
    Act(Action),
    Filter(String),
}

/// Shows the palette while it is open.
pub(crate) fn ui(ctx: &Context, state: &mut State) {
    if state.sheet != Sheet::Palette {
        return;
    }
    let lang = state.lang;
    // Arrow keys move in the list while the box keeps the focus.
    let (up, down, enter) = ctx.input_mut(|input| {
        let none = Modifiers::NONE;
        (
            input.consume_key(none, Key::ArrowUp),
            input.consume_key(none, Key::ArrowDown),
            input.consume_key(none, Key::Enter),
        )
    });
    let mut picked = None;
    let open = sheet(ctx, lang.word("palette_title"), lang.word("close"), Position::Top, size::SHEET, |ui| {
        let mut typed = state.palette.text().to_owned();
        let edit = field::edit(
            ui,
            Id::unique("palette text"),
            lang.word("search"),
            &mut typed,
            ui.available_width(),
            lang.word("search"),
        );
        edit.request_focus();
        state.palette.set_text(typed);
        let entries = entries(state);
        if entries.is_empty() {
            label::note(ui, lang.word("palette_none"));
        }
        let selected = state.palette.select(up, down, entries.len());
        ui.add_space(size::GAP_SMALL);
        ui.spacing_mut().item_spacing.y = 0.0;
        ScrollArea::vertical().max_height(12.0 * size::TABLE_ROW).auto_shrink([false, true]).show(ui, |ui| {
            for (row, (words, entry)) in entries.into_iter().enumerate() {
                let note = match &entry {
                    Entry::Act(action) => action.shortcut_text(ui.ctx()),
                    Entry::Filter(_) => String::new(),
                };
                let response = lit(ui, row == selected, |ui| menu::entry_ui(ui, &words, &note, true, false));
                if row == selected && (up || down) {
                    response.scroll_to_me(None);
                }
                if response.clicked() || (enter && row == selected) {
                    picked = Some(entry);
                }
            }
        });
    });
    if !open || picked.is_some() {
        state.sheet = Sheet::None;
    }
    match picked {
        Some(Entry::Act(action)) => action.run(ctx, state),
        Some(Entry::Filter(text)) => state.listing.set_filter(ItemsFilter { text, ..ItemsFilter::default() }),
        None => {}
    }
}

/// A row with a highlight if it is selected.
fn lit(ui: &mut egui::Ui, on: bool, add: impl FnOnce(&mut egui::Ui) -> egui::Response) -> egui::Response {
    let shape = ui.painter().add(egui::Shape::Noop);
    let response = add(ui);
    if on {
        let p = crate::gui::theme::palette(ui);
        ui.painter().set(shape, egui::epaint::RectShape::filled(response.rect, crate::gui::theme::corner(), p.bg3));
    }
    response
}

fn entries(state: &State) -> Vec<(String, Entry)> {
    let lang = state.lang;
    let mut found: Vec<(String, Entry)> = Action::all()
        .filter(|action| *action != Action::Palette && action.is_enabled(state))
        .map(|action| (action.label(lang, state), Entry::Act(action)))
        .filter(|(label, _)| state.palette.finds(label))
        .collect();
    if !state.is_empty()
        && let Some((label, text)) = state.palette.item_filter(lang)
    {
        found.push((label, Entry::Filter(text)));
    }
    found
}
