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
    let item_id = Id::unique("palette place");
    let mut selected: usize = ctx.data(|data| data.get_temp(item_id)).unwrap_or(0);
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
        let mut typed = state.typed.clone();
        let edit = field::edit(
            ui,
            Id::unique("palette text"),
            lang.word("search"),
            &mut typed,
            ui.available_width(),
            lang.word("search"),
        );
        edit.request_focus();
        if typed != state.typed {
            state.typed = typed;
            selected = 0;
        }
        let entries = entries(state);
        if down {
            selected += 1;
        }
        if up {
            selected = selected.saturating_sub(1);
        }
        selected = selected.min(entries.len().saturating_sub(1));
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
        if selected == 0 && picked.is_none() && state.typed.is_empty() && self::entries(state).is_empty() {
            label::note(ui, lang.word("palette_none"));
        }
    });
    ctx.data_mut(|data| data.insert_temp(item_id, selected));
    if !open || picked.is_some() {
        state.sheet = Sheet::None;
        ctx.data_mut(|data| data.remove_temp::<usize>(item_id));
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
    let wanted = state.typed.trim().to_lowercase();
    let mut found: Vec<(String, Entry)> = Action::all()
        .filter(|action| *action != Action::Palette && action.is_enabled(state))
        .map(|action| (action.label(lang, state), Entry::Act(action)))
        .filter(|(words, _)| wanted.split_whitespace().all(|part| words.to_lowercase().contains(part)))
        .collect();
    if !wanted.is_empty() && !state.is_empty() {
        let text = state.typed.trim().to_owned();
        found.push((lang.filter_by(&text), Entry::Filter(text)));
    }
    found
}
