//! Undo of a job's results: what it would do, the question whether to do it, how far it is, and redo.

use egui::{Align, Context, Layout, ProgressBar, Ui};

use crate::engine::{Command, UndoKind, UndoView};
use crate::gui::state::{Sheet, State};
use crate::gui::theme::{self, size};
use crate::gui::widgets::button::Button;
use crate::gui::widgets::label;
use crate::gui::widgets::sheet::{Position, sheet};
use crate::model::{Lang, Message};

/// Shows the sheet while it is open.
pub(crate) fn ui(ctx: &Context, state: &mut State) {
    let Sheet::Undo(job) = state.sheet else { return };
    let lang = state.lang;
    let title = Message::new("undo_job_title").with("job", lang.job_name(job.0)).text(lang);
    let view = state.snapshot.undo.clone().filter(|view| view.job == job);
    let mut is_over = false;
    let open = sheet(ctx, &title, lang.word("close"), Position::Middle, size::SHEET, |ui| {
        is_over = match &view {
            Some(UndoView { end: Some(Ok(_)), .. }) => ended_ui(ui, state, view.as_ref()),
            Some(UndoView { end: Some(Err(error)), .. }) => {
                let ink = theme::palette(ui).fail;
                label::wrapped(ui, error.window_text(lang), theme::body(), ink);
                buttons_ui(ui, |ui| first(ui, Button::new(lang.word("close"))))
            }
            Some(view) => running_ui(ui, state, view),
            // The one of another job ends first.
            None => {
                paragraph(ui, lang.word("undo_waiting"));
                buttons_ui(ui, |ui| first(ui, Button::new(lang.word("cancel"))))
            }
        };
    });
    if !open || is_over {
        // An undo that runs goes on without its sheet; only its own button stops it.
        let goes_on = view.is_some_and(|view| view.end.is_none() && view.kind != UndoKind::Check);
        if !goes_on {
            state.send(Command::StopUndo);
        }
        state.sheet = Sheet::Jobs;
    }
}

/// How far it is. Returns whether the sheet is to close.
fn running_ui(ui: &mut Ui, state: &mut State, view: &UndoView) -> bool {
    let lang = state.lang;
    let words = lang.word(match view.kind {
        UndoKind::Check => "undo_checking",
        UndoKind::Undo => "undo_running",
        UndoKind::Redo => "redo_running",
    });
    paragraph(ui, words);
    let (done, total) = (view.tally.done, view.tally.total.max(view.tally.done));
    paragraph(ui, lang.of_total(done, total, true));
    ui.add(ProgressBar::new(done as f32 / total.max(1) as f32).desired_width(ui.available_width()));
    buttons_ui(ui, |ui| {
        if view.kind == UndoKind::Check {
            return first(ui, Button::new(lang.word("cancel")));
        }
        if first(ui, Button::new(lang.word("undo_stop"))) {
            state.send(Command::StopUndo);
        }
        false
    })
}

/// What it would do, or did, with what can be done next. Returns whether the sheet is to close.
fn ended_ui(ui: &mut Ui, state: &mut State, view: Option<&UndoView>) -> bool {
    let Some(view) = view else { return true };
    let lang = state.lang;
    for sentence in sentences(view, lang) {
        paragraph(ui, sentence);
    }
    for (path, stay) in view.examples.iter() {
        let ink = theme::palette(ui).text2;
        label::wrapped(ui, stay.message(path).window_text(lang), theme::label(), ink);
    }
    let more = view.tally.stayed.saturating_sub(view.examples.len() as u64);
    if more > 0 {
        label::note(ui, Message::new("undo_more").count("count", more).text(lang));
    }
    if view.leaves_rows && view.kind != UndoKind::Redo {
        paragraph(ui, lang.word("undo_rows_stay"));
    }
    buttons_ui(ui, |ui| match view.kind {
        UndoKind::Check if view.tally.moved > 0 => {
            if first(ui, Button::new(lang.word("undo_now")).primary()) {
                state.send(Command::UndoJob(view.job));
            }
            Button::new(lang.word("cancel")).ui(ui).clicked()
        }
        UndoKind::Undo if view.tally.moved > 0 => {
            let is_over = first(ui, Button::new(lang.word("close")).named(lang.word("undo_close")).primary());
            let spoken = format!("{}: {}", lang.word("redo"), lang.job_name(view.job.0));
            if Button::new(lang.word("redo")).named(&spoken).ui(ui).clicked() {
                state.send(Command::RedoJob(view.job));
            }
            is_over
        }
        UndoKind::Check | UndoKind::Undo | UndoKind::Redo => {
            first(ui, Button::new(lang.word("close")).named(lang.word("undo_close")).primary())
        }
    })
}

/// The counts as sentences.
fn sentences(view: &UndoView, lang: Lang) -> Vec<String> {
    let tally = &view.tally;
    let counted =
        |id: &'static str, count: u64| (count > 0).then(|| Message::new(id).count("count", count).window_text(lang));
    let stopped = (view.end == Some(Ok(false))).then(|| lang.word("undo_stopped_here").to_owned());
    let nothing = (tally.moved == 0 && tally.stayed == 0).then(|| lang.word("undo_nothing").to_owned());
    let all = match view.kind {
        UndoKind::Check => {
            let plan = (tally.moved > 0 && tally.stayed > 0).then(|| {
                Message::new("undo_plan_stays")
                    .count("count", tally.moved)
                    .count("stays", tally.stayed)
                    .window_text(lang)
            });
            let (moved, stayed) = if plan.is_some() { (0, 0) } else { (tally.moved, tally.stayed) };
            [
                plan,
                counted("undo_plan", moved),
                counted("undo_plan_all_stay", stayed),
                counted("undo_plan_returns", tally.replaced),
                counted("undo_plan_lost", tally.lost),
                nothing,
            ]
        }
        UndoKind::Undo => [
            counted("undo_moved", tally.moved),
            counted("undo_returned", tally.replaced),
            counted("undo_folders", tally.folders),
            counted("undo_stay", tally.stayed),
            stopped,
            nothing,
        ],
        UndoKind::Redo => [
            counted("redo_moved", tally.moved),
            counted("redo_replaced", tally.replaced),
            counted("undo_stay", tally.stayed),
            stopped,
            nothing,
            None,
        ],
    };
    all.into_iter().flatten().collect()
}

fn paragraph(ui: &mut Ui, words: impl Into<String>) {
    let ink = theme::palette(ui).text;
    label::wrapped(ui, words, theme::body(), ink);
}

fn buttons_ui(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> bool) -> bool {
    ui.add_space(size::MARGIN);
    ui.with_layout(Layout::left_to_right(Align::Center), add).inner
}

/// A button that has the focus at first, so that the sheet can be answered by keyboard. Returns whether it was pressed.
fn first(ui: &mut Ui, button: Button<'_>) -> bool {
    let button = button.ui(ui);
    if ui.memory(|memory| memory.focused().is_none()) {
        button.request_focus();
    }
    button.clicked()
}
