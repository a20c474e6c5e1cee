//! The jobs that watch folders, below the sources of the listed job: what each has done, and a button that stops it.

use egui::Ui;

use crate::engine::{Command, WatchView};
use crate::gui::state::State;
use crate::gui::theme::{self, size};
use crate::gui::widgets::button::Button;
use crate::gui::widgets::icon::Icon;
use crate::gui::widgets::label;
use crate::gui::widgets::trailing::trailing;

/// Draws them, if there are any.
pub(super) fn ui(ui: &mut Ui, state: &mut State) {
    let watches = std::sync::Arc::clone(&state.snapshot.watches);
    if watches.is_empty() {
        return;
    }
    ui.add_space(size::GAP);
    label::heading(ui, state.lang.word("watched_folders"));
    for watch in watches.iter() {
        watch_ui(ui, state, watch);
    }
}

fn watch_ui(ui: &mut Ui, state: &mut State, watch: &WatchView) {
    let lang = state.lang;
    let job = watch.row.id;
    let folders = watch.folders.join(", ");
    ui.push_id(("watch", job), |ui| {
        ui.horizontal(|ui| {
            let mut row = trailing(ui, "stop");
            let name = shown(&folders);
            let show = Button::new(name).left().ghost().width(row.leading.available_width());
            if show.named(&lang.watch_named(&folders)).ui(&mut row.leading).on_hover_text(&folders).clicked() {
                state.send(Command::Show(job));
            }
            let stop = lang.stop_watching(&folders);
            if Button::icon_only(Icon::Cross, &stop).ghost().ui(&mut row.controls).clicked() {
                state.send(Command::StopWatch(job));
            }
            row.end();
        });
        ui.horizontal(|ui| {
            ui.add_space(size::GAP);
            let p = theme::palette(ui);
            let ink = if watch.is_gone { p.warn } else { p.text2 };
            label::wrapped(ui, lang.watch_state(watch), theme::figures_small(), ink);
        });
    });
}

/// The end of a path, by which folders differ.
fn shown(folders: &str) -> &str {
    let name = folders.trim_end_matches(['/', '\\']);
    name.rsplit(['/', '\\']).next().filter(|name| !name.is_empty()).unwrap_or(folders)
}
