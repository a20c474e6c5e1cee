//! Input from the keyboard, the clipboard and other programs that no control handles.

use std::path::PathBuf;
use std::time::Duration;

use egui::{Context, Event, Key, Popup};

use super::actions::Action;
use super::forms::text_box::PASTE_PATIENCE_S;
use super::state::{Page, Sheet, State};
use crate::engine::Command;

/// Handles this frame's input before any panel is drawn, so that panels don't take shortcuts for text.
pub(crate) fn handle(ctx: &Context, state: &mut State) {
    // Checked before anything is drawn: a box or a list that closes on this Enter still has the focus.
    let focused = ctx.memory(egui::Memory::focused);
    state.focused = focused;
    state.keys_are_free =
        focused.is_none() && state.sheet == Sheet::None && state.page == Page::None && !Popup::is_any_open(ctx);
    drops(ctx, state);
    pastes(ctx, state);
    if state.sheet == Sheet::None {
        page(ctx, state);
        Action::run_shortcuts(ctx, state);
        if state.page == Page::None {
            space(ctx, state);
        }
    }
}

/// The keys of an open page: Esc closes it, unless a list is open.
fn page(ctx: &Context, state: &mut State) {
    if state.page == Page::None {
        return;
    }
    if state.page == Page::Database && ctx.input_mut(|input| input.consume_key(egui::Modifiers::COMMAND, Key::Enter)) {
        // The text box may still get text of this frame.
        state.database.is_run_wanted = true;
    }
    if !Popup::is_any_open(ctx) && ctx.input_mut(|input| input.consume_key(egui::Modifiers::NONE, Key::Escape)) {
        state.close_page();
    }
}

/// Files and folders dropped on the window; the engine finds out what they are.
fn drops(ctx: &Context, state: &mut State) {
    let paths: Vec<PathBuf> =
        ctx.input(|input| input.raw.dropped_files.iter().map(|file| file.path().to_path_buf()).collect());
    if !paths.is_empty() {
        state.send(Command::AddPaths(paths));
    }
}

fn pastes(ctx: &Context, state: &mut State) {
    let asked = state.text_box.paste_asked_s.is_some();
    if asked || !ctx.text_edit_focused() {
        let pasted = ctx.input_mut(|input| {
            let text = input.events.iter().find_map(|event| match event {
                Event::Paste(text) => Some(text.clone()),
                _ => None,
            });
            if text.is_some() {
                input.events.retain(|event| !matches!(event, Event::Paste(_)));
            }
            text
        });
        if let Some(text) = pasted {
            state.text_box.paste_asked_s = None;
            if state.sheet == Sheet::None && state.page == Page::None {
                state.add_text(&text);
            }
        }
    }
    if state.text_box.paste_is_late(state.now_s) {
        state.text_box.paste_asked_s = None;
        state.open(Sheet::Paste);
    } else if state.text_box.paste_asked_s.is_some() {
        ctx.request_repaint_after(Duration::from_secs_f64(PASTE_PATIENCE_S));
    }
}

/// Space pauses and resumes, unless a control has the focus.
fn space(ctx: &Context, state: &mut State) {
    let items = egui::Id::unique("items");
    let in_items = ctx.memory(|memory| memory.focused() == Some(items)) && !Popup::is_any_open(ctx);
    if (state.keys_are_free || in_items) && ctx.input_mut(|input| input.consume_key(egui::Modifiers::NONE, Key::Space))
    {
        let action = if Action::Pause.is_enabled(state) { Action::Pause } else { Action::Resume };
        action.run(ctx, state);
    }
}
