//! The job history, with an action for each job.

use egui::{Align, Context, Frame, Layout, Margin, ScrollArea, Ui};

use super::undo_job;
use crate::engine::{Command, JobEntry, source_label};
use crate::gui::format::{bytes, count, date};
use crate::gui::state::{Sheet, State};
use crate::gui::theme::{self, size};
use crate::gui::widgets::button::Button;
use crate::gui::widgets::sheet::{Position, sheet};
use crate::gui::widgets::{label, scroll};
use crate::model::{FailureFilter, JobRow, JobState, JobSummary};

/// Shows the history while it is open.
pub(crate) fn ui(ctx: &Context, state: &mut State) {
    if state.sheet != Sheet::Jobs {
        return;
    }
    let lang = state.lang;
    let jobs = state.snapshot.jobs.clone();
    let open = sheet(ctx, lang.word("jobs"), lang.word("close"), Position::Side, 420.0, |ui| {
        if jobs.is_empty() {
            label::note(ui, lang.word("no_jobs"));
        }
        ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = size::GAP;
            for job in jobs.iter() {
                ui.push_id(job.row.id, |ui| card_ui(ui, state, job));
            }
            scroll::follow_focus(ui);
        });
    });
    if !open {
        state.sheet = Sheet::None;
    }
}

fn card_ui(ui: &mut Ui, state: &mut State, entry: &JobEntry) {
    let (job, request) = (&entry.row, &entry.summary.request);
    let lang = state.lang;
    let p = theme::palette(ui);
    let current = state.job().is_some_and(|it| it.id == job.id);
    Frame::new()
        .fill(p.bg2)
        .stroke(egui::Stroke::new(1.0, if current { p.accent } else { p.line }))
        .corner_radius(size::CORNER_CARD)
        .inner_margin(Margin::symmetric(12, 10))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal(|ui| {
                let name = lang.job_name(job.id.0);
                label::text(ui, name, theme::figures_strong(), p.text);
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    let ink = match job.state {
                        JobState::Done if job.failed == 0 => p.ok,
                        JobState::Done | JobState::Paused => p.warn,
                        JobState::Running => p.accent,
                        _ => p.text2,
                    };
                    label::text(ui, lang.job_state(job.state), theme::body(), ink);
                    label::note(ui, date(job.created_at_ms));
                });
            });
            label::text(ui, origin(&entry.summary), theme::label(), p.text2);
            label::text(ui, tally(state, job), theme::figures_small(), p.text2);
            if !request.network.insecure_hosts.is_empty() {
                label::text(ui, lang.insecure(&request.network.insecure_hosts), theme::label(), p.warn);
            }
            ui.add_space(size::GAP_SMALL);
            ui.horizontal_wrapped(|ui| buttons_ui(ui, state, entry, current));
        });
}

fn buttons_ui(ui: &mut Ui, state: &mut State, entry: &JobEntry, current: bool) {
    let job = &entry.row;
    let lang = state.lang;
    let small = |words| Button::new(words).height(size::BUTTON_SMALL);
    let id = job.id;
    let named = |words: &str| format!("{words}: {}", lang.job_name(id.0));
    if !current && small(lang.word("show")).named(&named(lang.word("show"))).ui(ui).clicked() {
        state.send(Command::Show(id));
        state.sheet = Sheet::None;
    }
    let resumable = matches!(job.state, JobState::Paused | JobState::Cancelled);
    if resumable && small(lang.word("resume")).named(&named(lang.word("resume"))).ui(ui).clicked() {
        state.send(Command::Show(id));
        state.send(Command::Resume(id));
        state.sheet = Sheet::None;
    }
    if job.state == JobState::Running && small(lang.word("pause")).named(&named(lang.word("pause"))).ui(ui).clicked() {
        state.send(Command::Pause(id));
    }
    let retry = lang.retry_failed(job.failed);
    let ended = job.state != JobState::Running && job.state != JobState::Draft;
    if job.failed > 0 && ended && small(&retry).danger().named(&named(&retry)).ui(ui).clicked() {
        state.send(Command::Show(id));
        state.send(Command::Retry { job: id, failures: FailureFilter::ALL, items: None });
        state.sheet = Sheet::None;
    }
    if job.done > 0 && small(lang.word("open_results")).named(&named(lang.word("open_results"))).ui(ui).clicked() {
        state.send(Command::OpenResults(id));
    }
    let undo = lang.word("undo_job");
    if job.done > 0 && ended && job.state != JobState::Queued && small(undo).named(&named(undo)).ui(ui).clicked() {
        undo_job::begin(state, id);
    }
    let redo = lang.word("redo");
    if entry.can_redo && ended && small(redo).named(&named(redo)).ui(ui).clicked() {
        undo_job::redo(state, id);
    }
}

/// Where the job's items came from.
fn origin(job: &JobSummary) -> String {
    let first = job.first_source.as_ref().map(source_label).unwrap_or_default();
    match job.sources {
        0 | 1 => first,
        sources => format!("{first}  +{}", sources - 1),
    }
}

fn tally(state: &State, job: &JobRow) -> String {
    let lang = state.lang;
    let done = lang.of_total(job.done + job.failed + job.skipped, job.total, true);
    let mut parts = vec![done];
    if job.failed > 0 {
        parts.push(format!("{} {}", lang.item_state(crate::model::ItemState::Failed), count(job.failed)));
    }
    if job.bytes_out > 0 {
        parts.push(format!("{} → {}", bytes(job.bytes_in), bytes(job.bytes_out)));
    }
    parts.join(" · ")
}
