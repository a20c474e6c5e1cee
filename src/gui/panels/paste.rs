//! Boxes to enter text by hand: many links, or one path.

use egui::{Align, Context, Id, Key, Layout, TextEdit, Ui};

use crate::gui::state::{Sheet, State};
use crate::gui::theme::{self, size};
use crate::gui::widgets::button::Button;
use crate::gui::widgets::sheet::{Position, sheet};
use crate::gui::widgets::{field, label};

/// Shows the open box.
pub(crate) fn ui(ctx: &Context, state: &mut State) {
    match state.sheet {
        Sheet::Paste => links_ui(ctx, state),
        Sheet::Path(purpose) => path_ui(ctx, state, purpose),
        _ => {}
    }
}

fn links_ui(ctx: &Context, state: &mut State) {
    let lang = state.lang;
    let mut add = false;
    let open = sheet(ctx, lang.word("paste_title"), lang.word("close"), Position::Middle, size::SHEET, |ui| {
        let p = theme::palette(ui);
        label::long_note(ui, lang.word("paste_note"));
        ui.add_space(size::GAP_SMALL);
        egui::ScrollArea::vertical().max_height(280.0).show(ui, |ui| {
            let id = Id::unique("paste text");
            let edit = TextEdit::multiline(&mut state.text_box.text)
                .id(id)
                .font(theme::figures())
                .hint_text(egui::RichText::new("https://…").color(p.text3))
                .desired_rows(10)
                .desired_width(f32::INFINITY)
                .show(ui)
                .response
                .response
                .accessible_name(lang.word("paste_box"));
            if ui.memory(|memory| memory.focused().is_none()) {
                edit.request_focus();
            }
        });
        ui.add_space(size::GAP);
        add = confirm(ui, lang.word("add_links"), state.text_box.is_filled())
            || ui.input_mut(|input| input.consume_key(egui::Modifiers::COMMAND, Key::Enter));
    });
    if add {
        let text = state.text_box.take();
        state.add_text(&text);
    }
    if add || !open {
        state.sheet = Sheet::None;
    }
}

fn path_ui(ctx: &Context, state: &mut State, purpose: crate::gui::dialogs::Purpose) {
    let lang = state.lang;
    let mut given = false;
    let title = state.purpose_title(purpose);
    let open = sheet(ctx, title, lang.word("close"), Position::Middle, size::SHEET, |ui| {
        if let Some(hint) = state.text_box.hint {
            let ink = theme::palette(ui).text2;
            label::wrapped(ui, hint, theme::body(), ink);
        }
        let width = ui.available_width();
        let edit = field::edit(
            ui,
            Id::unique("path text"),
            lang.word("path_or_link"),
            &mut state.text_box.text,
            width,
            lang.word("path_hint"),
        );
        if ui.memory(|memory| memory.focused().is_none()) && !edit.lost_focus() {
            edit.request_focus();
        }
        given = edit.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        ui.add_space(size::GAP);
        given |= confirm(ui, if is_adding(purpose) { lang.word("add") } else { title }, state.text_box.is_filled());
    });
    if given && state.text_box.is_filled() {
        let path = state.text_box.take();
        state.path_given(purpose, &path);
        state.sheet = Sheet::None;
    } else if !open {
        state.sheet = Sheet::None;
    }
}

const fn is_adding(purpose: crate::gui::dialogs::Purpose) -> bool {
    use crate::gui::dialogs::Purpose;
    matches!(purpose, Purpose::Images | Purpose::Folder)
}

fn confirm(ui: &mut Ui, words: &str, enabled: bool) -> bool {
    ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
        Button::new(words).primary().enabled(enabled).ui(ui).clicked()
    })
    .inner
}
