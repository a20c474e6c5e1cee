//! The run bar: the next action, and the job's progress.

use egui::{Align, Layout, Rect, Sense, Ui, UiBuilder, WidgetInfo, accesskit::Role, pos2, vec2};

use crate::engine::JobView;
use crate::gui::actions::Action;
use crate::gui::state::State;
use crate::gui::theme::{self, Palette, size};
use crate::gui::widgets::button::Button;
use crate::gui::widgets::label;
use crate::gui::widgets::trailing::trailing;
use crate::model::{JobState, Progress};

/// Draws the run bar.
pub(crate) fn ui(ui: &mut Ui, state: &mut State) {
    let whole = ui.max_rect();
    let job = state.snapshot.current.clone();
    ui.scope_builder(UiBuilder::new().max_rect(whole).layout(Layout::left_to_right(Align::Center)), |ui| {
        ui.spacing_mut().item_spacing.x = 16.0;
        match &job {
            Some(job) if !state.is_empty() => match job.state {
                JobState::Draft => draft_ui(ui, state, job),
                JobState::Done => done_ui(ui, state, job),
                JobState::Running | JobState::Queued | JobState::Paused | JobState::Cancelled => {
                    running_ui(ui, state, job);
                }
            },
            _ => {
                big(ui, state, Action::Start, state.lang.word("start"), false);
                let p = theme::palette(ui);
                let words =
                    if job.is_some() { state.lang.word("start_hint") } else { state.lang.word("opening_catalog") };
                label::text(ui, words, theme::body(), p.text2);
            }
        }
    });
}

fn big(ui: &mut Ui, state: &mut State, action: Action, words: &str, enabled: bool) {
    let button = Button::new(words).primary().height(size::BUTTON_BIG).font(theme::big()).enabled(enabled);
    let width = (button.measure(ui) + 12.0).max(64.0);
    if button.width(width).ui(ui).clicked() {
        action.run(&ui.ctx().clone(), state);
    }
}

fn press(ui: &mut Ui, state: &mut State, action: Action, button: Button<'_>) {
    if action.is_enabled(state) && button.ui(ui).clicked() {
        action.run(&ui.ctx().clone(), state);
    }
}

fn draft_ui(ui: &mut Ui, state: &mut State, job: &JobView) {
    let lang = state.lang;
    let p = theme::palette(ui);
    let words =
        if job.progress.total > 0 { lang.start_items(job.progress.total) } else { lang.word("start").to_owned() };
    big(ui, state, Action::Start, &words, true);
    if job.counting {
        label::text(ui, lang.word("counting"), theme::body(), p.text2);
    } else if let Some(estimate) = job.estimate {
        label::text(ui, lang.estimate(estimate.seconds, estimate.bytes_out), theme::figures(), p.text2);
    }
    if let Some(low_space) = &job.low_space {
        label::text(ui, lang.word("low_space"), theme::body(), p.warn).on_hover_text(low_space.window_text(lang));
    }
    let mut rest = trailing(ui, "draft");
    if let Some(dir) = &job.out_dir {
        let mut words = format!("→ {}", dir.display());
        if state.has_outputs() {
            let names: Vec<&str> = state.drafts.outputs.get().iter().map(|output| output.name.as_str()).collect();
            words = format!("{words} ({})", names.join(", "));
        }
        label::text(&mut rest.leading, words, theme::body(), p.text3);
    }
    insecure_ui(&mut rest.controls, state, job, 320.0);
    other_job_ui(&mut rest.controls, state);
    press(&mut rest.controls, state, Action::NewJob, Button::new(lang.word("new_job")).ghost());
    rest.end();
}

/// A button that shows the job that is running.
fn other_job_ui(ui: &mut Ui, state: &mut State) {
    let Some(other) = state.snapshot.running_elsewhere else { return };
    let ink = theme::palette(ui).text2;
    label::text(ui, state.lang.word("running_elsewhere"), theme::body(), ink);
    if Button::new(state.lang.word("show")).ui(ui).clicked() {
        state.send(crate::engine::Command::Show(other));
    }
}

fn done_ui(ui: &mut Ui, state: &mut State, job: &JobView) {
    let lang = state.lang;
    let p = theme::palette(ui);
    let results = Action::OpenResults.is_enabled(state);
    if !results && Action::ShowResult.is_enabled(state) {
        big(ui, state, Action::ShowResult, lang.word("query_show_result"), true);
    } else {
        big(ui, state, Action::OpenResults, lang.word("open_results"), results);
    }
    let mut rest = trailing(ui, "done");
    let ui = &mut rest.leading;
    let (rect, _) = ui.allocate_exact_size(vec2(12.0, 20.0), Sense::hover());
    let clean = job.progress.failed == 0;
    ui.painter().circle_filled(rect.center(), 4.0, if clean { p.ok } else { p.warn });
    ui.spacing_mut().item_spacing.x = size::GAP;
    let words = if job.query.is_some() {
        lang.query_line(&job.progress, state.result.rows(job.id).and_then(|rows| rows.total))
    } else {
        lang.done_line(&job.progress)
    };
    label::text(ui, words, theme::figures_strong(), p.text);
    if let Some(words) = lang.written_back(&job.progress) {
        let ink = if job.progress.rejected() > 0 { p.warn } else { p.text2 };
        label::text(ui, words.as_str(), theme::figures(), ink).on_hover_text(words);
    }
    let ui = &mut rest.controls;
    let retry = lang.retry_failed(job.progress.failed);
    press(ui, state, Action::RetryFailed, Button::new(&retry).danger());
    press(ui, state, Action::NewJob, Button::new(lang.word("new_job")));
    rest.end();
}

fn running_ui(ui: &mut Ui, state: &mut State, job: &JobView) {
    let lang = state.lang;
    let p = theme::palette(ui);
    let progress = job.progress;
    let width = ui.available_width();
    let going = matches!(job.state, JobState::Running | JobState::Queued);
    if going {
        big(ui, state, Action::Pause, lang.word("pause"), true);
    } else {
        big(ui, state, Action::Resume, lang.word("resume"), true);
    }
    let message = message(state, job, p);
    let mut rest = trailing(ui, "running");
    let ui = &mut rest.leading;
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        insecure_ui(ui, state, job, width * 0.25);
        if let Some((words, ink)) = &message {
            label_fit(ui, words, *ink, width * 0.5);
        } else {
            if let Some(left) = progress.seconds_left.filter(|_| width > 760.0) {
                label::text(ui, lang.left(left), theme::figures(), p.text2);
            }
            if width > 1000.0 && (progress.items_per_s > 0.0 || progress.bytes_per_s > 0.0) {
                let words = lang.rates(progress.items_per_s, progress.bytes_per_s);
                label::text(ui, words, theme::figures(), p.text2);
            }
        }
        if let Some(words) = lang.written_back(&progress) {
            label_fit(ui, &words, if progress.rejected() > 0 { p.warn } else { p.text2 }, width * 0.3);
        }
        let words = lang.of_total(progress.finished(), progress.total, progress.total_is_final);
        if width > 860.0 {
            label::text(ui, words, theme::figures(), p.text2);
        }
        label::text(ui, percent(&progress), theme::figures_strong(), p.text);
        bar_ui(ui, state, &progress, going);
    });
    let ui = &mut rest.controls;
    if !going && width > 900.0 {
        press(ui, state, Action::OpenResults, Button::new(lang.word("open_results")));
    }
    let retry = lang.retry_failed(progress.failed);
    press(ui, state, Action::RetryFailed, Button::new(&retry).danger());
    press(ui, state, Action::NewJob, Button::new(lang.word("new_job")).ghost());
    press(ui, state, Action::Cancel, Button::new(lang.word("cancel")).ghost());
    rest.end();
}

/// Always show which hosts' certificates are not checked.
fn insecure_ui(ui: &mut Ui, state: &State, job: &JobView, most: f32) {
    if !job.insecure_hosts.is_empty() {
        let ink = theme::palette(ui).warn;
        label_fit(ui, &state.lang.insecure(&job.insecure_hosts), ink, most);
    }
}

fn label_fit(ui: &mut Ui, words: &str, ink: egui::Color32, most: f32) {
    let width = label::width(ui, words, theme::body()).min(most) + 2.0;
    let (rect, _) = ui.allocate_exact_size(vec2(width, 20.0), Sense::hover());
    let mut child = ui.new_child(UiBuilder::new().max_rect(rect).layout(Layout::left_to_right(Align::Center)));
    label::text(&mut child, words, theme::body(), ink).on_hover_text(words);
}

fn percent(progress: &Progress) -> String {
    // Shows 100 only when everything is finished.
    let whole = (f64::from(progress.fraction()) * 100.0).floor();
    format!("{whole:.0} %")
}

fn message(state: &State, job: &JobView, p: &Palette) -> Option<(String, egui::Color32)> {
    let lang = state.lang;
    if let Some(reason) = &job.halted {
        return Some((reason.window_text(lang), p.warn));
    }
    if job.progress.waits_for_database {
        return Some((lang.word("database_lost").to_owned(), p.warn));
    }
    if job.network_gone {
        return Some((lang.word("network_lost").to_owned(), p.warn));
    }
    match job.state {
        JobState::Queued => Some((lang.word("queued").to_owned(), p.text2)),
        JobState::Paused => Some((lang.word("paused").to_owned(), p.text2)),
        JobState::Cancelled => Some((lang.word("cancelled").to_owned(), p.text2)),
        _ => None,
    }
}

fn bar_ui(ui: &mut Ui, state: &State, progress: &Progress, going: bool) {
    let p = theme::palette(ui);
    let width = ui.available_width().max(40.0);
    let (rect, response) = ui.allocate_exact_size(vec2(width, size::PROGRESS), Sense::hover());
    let percent = f64::from(progress.fraction()) * 100.0;
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ProgressIndicator, true, state.lang.word("job_progress"));
        info.value = Some(percent.round());
        info
    });
    let round = size::PROGRESS / 2.0;
    let painter = ui.painter();
    painter.rect_filled(rect, round, p.bg3);
    if progress.total == 0 {
        return;
    }
    let share = |items: f64| (items / progress.total as f64) as f32 * rect.width();
    let failed = if progress.failed > 0 { share(progress.failed as f64).max(4.0) } else { 0.0 };
    let good = share(progress.worked_off() - progress.failed as f64).min(rect.width() - failed);
    let part = |from: f32, to: f32| {
        Rect::from_min_max(pos2(rect.left() + from, rect.top()), pos2(rect.left() + to, rect.bottom()))
    };
    let ink = if going { p.accent } else { p.text3 };
    if good > 0.0 {
        painter.rect_filled(part(0.0, good.max(size::PROGRESS)), round, ink);
    }
    if failed > 0.0 {
        painter.rect_filled(part(good, good + failed), 1.0, p.fail);
    }
}
