//! The question which jobs to delete from the history.

use egui::{Align, Context, Layout};

use crate::engine::{CleanUp, Command};
use crate::gui::state::{Sheet, State};
use crate::gui::theme::{self, size};
use crate::gui::widgets::button::Button;
use crate::gui::widgets::label;
use crate::gui::widgets::segmented::segmented;
use crate::gui::widgets::sheet::{Position, sheet};

/// Shows the question while it is open; it is asked from the settings.
pub(crate) fn ui(ctx: &Context, state: &mut State) {
    if state.sheet != Sheet::CleanUp {
        return;
    }
    let lang = state.lang;
    let storage = state.handle.storage();
    let ended_before = storage.map(|storage| storage.ended_before.clone()).unwrap_or_default();
    let mut is_confirmed = false;
    let mut is_over = false;
    let open = sheet(ctx, lang.word("clean_up_title"), lang.word("close"), Position::Middle, size::SHEET, |ui| {
        let ink = theme::palette(ui).text2;
        label::text(ui, lang.word("clean_up_older"), theme::body(), ink);
        let days: Vec<(u32, String)> = ended_before.iter().map(|(days, _)| (*days, lang.days(*days))).collect();
        let choices: Vec<(u32, &str)> = days.iter().map(|(days, words)| (*days, words.as_str())).collect();
        if let Some(days) = segmented(ui, lang.word("clean_up_older"), state.clean_up_days, &choices) {
            state.clean_up_days = days;
        }
        ui.add_space(size::GAP);
        label::wrapped(ui, lang.word("clean_up_note"), theme::body(), ink);
        ui.add_space(size::MARGIN);
        let chosen = ended_before.iter().find(|(days, _)| *days == state.clean_up_days);
        let jobs = chosen.map_or(0, |(_, jobs)| *jobs);
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let stay = Button::new(lang.word("cancel")).primary().ui(ui);
            if ui.memory(|memory| memory.focused().is_none()) {
                stay.request_focus();
            }
            is_over = stay.clicked();
            let idle = state.snapshot.clean_up != CleanUp::Running;
            is_confirmed = Button::new(&lang.delete_jobs(jobs)).danger().enabled(jobs > 0 && idle).ui(ui).clicked();
        });
    });
    if is_confirmed {
        state.send(Command::CleanUp { older_than_days: state.clean_up_days });
    }
    if !open || is_over || is_confirmed {
        state.open_next(ctx, Sheet::Settings);
    }
}
