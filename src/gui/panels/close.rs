//! The question before the window closes while a job runs.

use egui::{Align, Context, Layout, ViewportCommand};

use crate::gui::state::{Sheet, State};
use crate::gui::theme::{self, size};
use crate::gui::widgets::button::Button;
use crate::gui::widgets::label;
use crate::gui::widgets::sheet::{Position, sheet};

/// Holds a request to close the window while a job runs, until the user has confirmed it.
pub(crate) fn ui(ctx: &Context, state: &mut State) {
    let is_asked = ctx.input(|input| input.viewport().close_requested());
    if is_asked && state.is_busy() && !state.may_close && !state.engine_gone {
        ctx.send_viewport_cmd(ViewportCommand::CancelClose);
        state.open(Sheet::Close);
    }
    if state.sheet != Sheet::Close {
        return;
    }
    let lang = state.lang;
    let mut is_confirmed = !state.is_busy();
    let mut is_over = false;
    let open = sheet(ctx, lang.word("close_title"), lang.word("close"), Position::Middle, size::SHEET, |ui| {
        let ink = theme::palette(ui).text2;
        label::wrapped(ui, lang.word("close_note"), theme::body(), ink);
        ui.add_space(size::MARGIN);
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let stay = Button::new(lang.word("close_not")).primary().ui(ui);
            if ui.memory(|memory| memory.focused().is_none()) {
                stay.request_focus();
            }
            is_over = stay.clicked();
            is_confirmed |= Button::new(lang.word("close_now")).ui(ui).clicked();
        });
    });
    if is_confirmed {
        // Otherwise the window would ask again.
        state.may_close = true;
        ctx.send_viewport_cmd(ViewportCommand::Close);
    }
    if !open || is_over || is_confirmed {
        state.sheet = Sheet::None;
    }
}
