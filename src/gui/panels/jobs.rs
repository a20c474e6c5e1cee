//! The job history: search and filters, then a card for each job with what can be done with it. Only the visible cards are
//! drawn, from the page that is loaded.

use egui::{Align, Context, Id, Key, Layout, Modifiers, Rect, StrokeKind, Ui, UiBuilder, pos2, vec2};

use super::grid::cover;
use crate::engine::{Command, DatabaseName, JobAge, JobEntry, JobGroup, JobsFilter, Notice, source_label};
use crate::gui::format::{bytes, count, date};
use crate::gui::state::{Sheet, State};
use crate::gui::theme::{self, size};
use crate::gui::widgets::button::Button;
use crate::gui::widgets::scroll::{self, Extent, scroll_ui};
use crate::gui::widgets::sheet::{Position, sheet};
use crate::gui::widgets::trailing::trailing;
use crate::gui::widgets::{field, label, menu};
use crate::model::{FailureFilter, ItemId, ItemState, JobRow, JobState, JobSummary, human, names};

/// The height of a card and the gap below it, in points.
const ROW_PT: f32 = size::JOB_CARD + size::GAP;

/// Shows the history while it is open.
pub(crate) fn ui(ctx: &Context, state: &mut State) {
    if state.sheet != Sheet::Jobs {
        return;
    }
    let lang = state.lang;
    let open = sheet(ctx, lang.word("jobs"), lang.word("close"), Position::Side, size::JOBS_SHEET, |ui| {
        filters_ui(ui, state);
        notice_ui(ui, state);
        list_ui(ui, state);
    });
    // A card may have closed it.
    if !open && state.sheet == Sheet::Jobs {
        state.sheet = Sheet::None;
    }
}

/// The search field and the filters.
fn filters_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let mut filter = state.history.filter.clone();
    ui.horizontal(|ui| {
        let (id, hint) = (Id::unique("jobs search"), lang.word("jobs_search_hint"));
        let width = (ui.available_width() - 2.0 * size::JOBS_FILTER - 2.0 * size::GAP).max(120.0);
        field::edit(ui, id, lang.word("jobs_search"), &mut filter.text, width, hint);
        let groups = [
            JobGroup::All,
            JobGroup::Running,
            JobGroup::Paused,
            JobGroup::Done,
            JobGroup::WithFailures,
            JobGroup::Cancelled,
        ];
        let groups = groups.map(|group| (group, lang.job_group(group).to_owned()));
        if let Some(group) = menu::combo(ui, lang.word("state"), size::JOBS_FILTER, filter.group, &groups) {
            filter.group = group;
        }
        let ages = [JobAge::Any, JobAge::Today, JobAge::Week, JobAge::Month, JobAge::Older];
        let ages = ages.map(|age| (age, lang.job_age(age).to_owned()));
        if let Some(age) = menu::combo(ui, lang.word("jobs_age"), size::JOBS_FILTER, filter.age, &ages) {
            filter.age = age;
        }
    });
    let needle = filter.text.trim().to_lowercase();
    let is_meant = |id: &str| !needle.is_empty() && names::op_name(lang, id).to_lowercase().contains(&needle);
    filter.ops = state.ops.iter().filter(|op| is_meant(op.id)).map(|op| op.id.to_owned()).collect();
    state.history.set_filter(filter);
    if let Some(total) = state.history.total() {
        let is_filtered = state.history.filter != JobsFilter::default();
        let words = match (total, is_filtered) {
            (0, true) => lang.word("no_jobs_match").to_owned(),
            (0, false) => lang.word("no_jobs").to_owned(),
            (total, true) => lang.jobs_found(total),
            (total, false) => lang.jobs_count(total),
        };
        label::note(ui, words);
    }
}

/// Whether a notice is shown in the sheet.
pub(super) const fn shows(notice: &Notice) -> bool {
    matches!(notice, Notice::JobDeleted(_) | Notice::CommandCopied(..) | Notice::Failed(_))
}

/// What has just been done here: the window's own notices are behind the sheet.
fn notice_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let (words, is_undone) = match &state.snapshot.notice {
        Some(Notice::JobDeleted(job)) => (lang.job_deleted(job.0), true),
        Some(Notice::CommandCopied(job, remarks)) => (lang.command_copied(job.0, remarks), false),
        Some(Notice::Failed(error)) => (error.window_text(lang), false),
        _ => return,
    };
    let p = theme::palette(ui);
    ui.horizontal(|ui| {
        if is_undone && Button::new(lang.word("undo")).height(size::BUTTON_SMALL).ui(ui).clicked() {
            state.send(Command::Undo);
            state.send(Command::DismissNotice);
        }
        label::wrapped(ui, words, theme::label(), p.text2);
    });
}

/// The cards that are visible.
fn list_ui(ui: &mut Ui, state: &mut State) {
    let total = state.history.total().unwrap_or(0);
    let view = ui.available_rect_before_wrap();
    let extent = Extent { rows: total, row_pt: ROW_PT, view_pt: view.height() };
    if let Some(row) = state.history.reveal.take() {
        state.history.scroll.reveal(row, extent);
    }
    let mut scroll = state.history.scroll;
    scroll_ui(ui, Id::unique("jobs bar"), state.lang.word("scroll_bar"), view, extent, &mut scroll);
    keys(ui, &mut scroll, extent);
    state.history.scroll = scroll;
    // One more on either side, so that the Tab key can go on to them.
    let first = scroll.first_row.saturating_sub(1);
    let rows = (view.height() / ROW_PT).ceil() as u64 + 2;
    state.history.see(first, rows);
    let mut cards = ui.new_child(UiBuilder::new().max_rect(view));
    cards.shrink_clip_rect(view);
    let focused = scroll::focus_moved(&cards);
    for row in first..(first + rows).min(total) {
        let Some(entry) = state.history.row(row).cloned() else { continue };
        let top = view.top() - scroll.hidden_pt + (row as f32 - scroll.first_row as f32) * ROW_PT;
        let width = view.width() - size::SCROLL_BAR - size::GAP_SMALL;
        let rect = Rect::from_min_size(pos2(view.left(), top), vec2(width, size::JOB_CARD));
        let builder = UiBuilder::new().scope_id(Id::unique(("job card", entry.row.id))).max_rect(rect);
        card_ui(&mut cards.new_child(builder), state, &entry, rect);
        if focused.is_some_and(|focused| rect.contains_rect(focused)) {
            state.history.reveal = Some(row);
            cards.ctx().request_repaint();
        }
    }
    ui.advance_cursor_after_rect(view);
}

/// Keys scroll the list unless a control needs them.
fn keys(ui: &Ui, scroll: &mut scroll::Scroll, extent: Extent) {
    if ui.ctx().text_edit_focused() || egui::Popup::is_any_open(ui.ctx()) {
        return;
    }
    let page = extent.page() as f32 * ROW_PT;
    let far = extent.rows as f32 * ROW_PT;
    for (key, points) in [(Key::PageDown, page), (Key::PageUp, -page), (Key::End, far), (Key::Home, -far)] {
        if ui.input_mut(|input| input.consume_key(Modifiers::NONE, key)) {
            scroll.by(points, extent);
        }
    }
}

fn card_ui(ui: &mut Ui, state: &mut State, entry: &JobEntry, rect: Rect) {
    let (job, lang) = (&entry.row, state.lang);
    let p = theme::palette(ui);
    let current = state.job().is_some_and(|it| it.id == job.id);
    let line = egui::Stroke::new(1.0, if current { p.accent } else { p.line });
    ui.painter().rect(rect, f32::from(size::CORNER_CARD), p.bg2, line, StrokeKind::Inside);
    let inner = rect.shrink2(vec2(size::MARGIN, 10.0));
    ui.scope_builder(UiBuilder::new().max_rect(inner).layout(Layout::top_down(Align::Min)), |ui| {
        ui.spacing_mut().item_spacing.y = size::GAP_SMALL;
        ui.horizontal(|ui| {
            let name = lang.job_name(job.id.0);
            label::text(ui, name, theme::figures_strong(), p.text);
            let ink = match job.state {
                JobState::Done if job.failed == 0 => p.ok,
                JobState::Done | JobState::Paused => p.warn,
                JobState::Running => p.accent,
                _ => p.text2,
            };
            let is_watch = entry.summary.request.watch;
            let state = if is_watch { lang.watch_job_state(job.state) } else { lang.job_state(job.state) };
            label::text(ui, state, theme::body(), ink);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| label::note(ui, when(job)));
        });
        let results = if entry.summary.request.query.is_some() { &[][..] } else { &entry.results };
        let images = results.len() as f32;
        let images_pt = images * (size::JOB_IMAGE + size::GAP_SMALL);
        let (block, _) = ui.allocate_exact_size(vec2(ui.available_width(), size::JOB_IMAGE), egui::Sense::hover());
        let mut left = block;
        left.max.x -= images_pt;
        let mut words = ui.new_child(UiBuilder::new().max_rect(left).layout(Layout::top_down(Align::Min)));
        words.spacing_mut().item_spacing.y = size::GAP_SMALL;
        label::text(&mut words, origin(&entry.summary), theme::label(), p.text2);
        let hosts = &entry.summary.request.network.insecure_hosts;
        if hosts.is_empty() {
            label::text(&mut words, lang.job_timing(job, human::now_ms()), theme::figures_small(), p.text2);
        } else {
            label::text(&mut words, lang.insecure(hosts), theme::label(), p.warn);
        }
        images_ui(ui, state, results, pos2(block.right() - images_pt + size::GAP_SMALL, block.top()));
        label::text(ui, tally(state, job), theme::figures_small(), p.text2);
        ui.horizontal(|ui| buttons_ui(ui, state, entry, current));
    });
}

/// The first results.
fn images_ui(ui: &Ui, state: &mut State, results: &[ItemId], at: egui::Pos2) {
    let p = theme::palette(ui);
    for (index, id) in results.iter().enumerate() {
        let left = at + vec2(index as f32 * (size::JOB_IMAGE + size::GAP_SMALL), 0.0);
        let rect = Rect::from_min_size(left, vec2(size::JOB_IMAGE, size::JOB_IMAGE));
        if !ui.is_rect_visible(rect) {
            continue;
        }
        if let Some(texture) = state.textures.thumbnail(*id, ItemState::Done) {
            let uv = cover(texture.size_vec2(), rect.size());
            let shape = egui::epaint::RectShape::filled(rect, theme::corner(), theme::UNTINTED);
            ui.painter().add(shape.with_texture(texture.id(), uv));
        } else {
            let outline = egui::Stroke::new(1.0, p.outline);
            ui.painter().rect(rect, theme::corner(), p.bg3, outline, StrokeKind::Inside);
        }
    }
}

fn buttons_ui(ui: &mut Ui, state: &mut State, entry: &JobEntry, current: bool) {
    let job = &entry.row;
    let lang = state.lang;
    let small = |words| Button::new(words).height(size::BUTTON_SMALL);
    let id = job.id;
    let named = |words: &str| format!("{words}: {}", lang.job_name(id.0));
    let pressed = |ui: &mut Ui, words: &'static str| small(words).named(&named(words)).ui(ui).clicked();
    if !current && pressed(ui, lang.word("show")) {
        state.send(Command::Show(id));
        state.sheet = Sheet::None;
    }
    let resumable = matches!(job.state, JobState::Paused | JobState::Cancelled);
    let is_watch = entry.summary.request.watch;
    if resumable && pressed(ui, lang.word("resume")) {
        // A job that watches folders runs beside the listed one.
        if !is_watch {
            state.send(Command::Show(id));
        }
        state.send(Command::Resume(id));
        state.sheet = Sheet::None;
    }
    if job.state == JobState::Running && is_watch && pressed(ui, lang.word("stop_watch")) {
        state.send(Command::StopWatch(id));
    }
    if job.state == JobState::Running && !is_watch && pressed(ui, lang.word("pause")) {
        state.send(Command::Pause(id));
    }
    let retry = lang.retry_failed(job.failed);
    let ended = job.state != JobState::Running && job.state != JobState::Draft;
    if job.failed > 0 && ended && small(&retry).danger().named(&named(&retry)).ui(ui).clicked() {
        state.send(Command::Show(id));
        state.send(Command::Retry { job: id, failures: FailureFilter::ALL, items: None });
        state.sheet = Sheet::None;
    }
    if job.done > 0 && pressed(ui, lang.word("open_results")) {
        state.send(Command::OpenResults(id));
    }
    if job.is_finished() && pressed(ui, lang.word("run_again")) {
        state.send(Command::RunAgain(id));
        state.sheet = Sheet::None;
    }
    let mut rest = trailing(ui, "more");
    let more = small(lang.word("job_more")).ghost().menu().named(&named(lang.word("job_more"))).ui(&mut rest.controls);
    menu::below(&more, size::JOBS_MENU, |ui| {
        if menu::entry(ui, lang.word("copy_command"), "", true) {
            state.send(Command::CopyCommand(id));
        }
        let idle = !matches!(job.state, JobState::Running | JobState::Queued);
        if job.done > 0 && idle && menu::entry(ui, lang.word("undo_job"), "", true) {
            state.begin_undo(id);
        }
        if entry.can_redo && idle && menu::entry(ui, lang.word("redo"), "", true) {
            state.redo_job(id);
        }
        if idle && menu::entry(ui, lang.word("delete_job"), "", true) {
            state.send(Command::DeleteJob(id));
        }
    });
    rest.end();
}

/// When a job began, and when it ended.
fn when(job: &JobRow) -> String {
    let began = date(job.started_at_ms.unwrap_or(job.created_at_ms));
    let Some(ended) = job.finished_at_ms.map(date) else { return began };
    match (began.split_once(' '), ended.split_once(' ')) {
        (Some((first_day, _)), Some((last_day, time))) if first_day == last_day => format!("{began} – {time}"),
        _ => format!("{began} – {ended}"),
    }
}

/// Where the job's items came from.
fn origin(job: &JobSummary) -> String {
    if let Some(query) = &job.request.query {
        let database = DatabaseName::parse(&query.database).map(|name| format!("{}: ", name.label()));
        let sql = query.sql.split_whitespace().collect::<Vec<_>>().join(" ");
        return database.unwrap_or_default() + &sql;
    }
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
        parts.push(format!("{} {}", lang.item_state(ItemState::Failed), count(job.failed)));
    }
    if job.bytes_in == 0 && job.bytes_out > 0 {
        parts.push(bytes(job.bytes_out));
    } else if job.bytes_in > 0 {
        parts.push(format!("{} → {}", bytes(job.bytes_in), bytes(job.bytes_out)));
    }
    parts.join(" · ")
}
