//! The window: `logic` takes over new state, `ui` draws it. Only wires panels together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use egui::{Color32, Context, Rect, Ui, UiBuilder, Vec2, vec2};

use super::input;
use super::panels::database::{result, write_back};
use super::panels::{
    clean_up, close, columns, database, empty, header, items, jobs, notices, palette, paste, preview, recipe, run_bar,
    settings, sources, undo_job,
};
use super::state::{Page, State};
use super::theme::{self, size};
use super::widgets::splitter::splitter;
use super::window_fit::Fit;
use crate::config::locale;
use crate::engine::Handle;
use crate::model::Lang;

/// Repaints that the engine requests are limited to 30 per second.
const REPAINT_EVERY: Duration = Duration::from_millis(33);

/// The window.
pub struct App {
    state: State,
    fit: Fit,
    painted_ms: Arc<AtomicU64>,
    since: Instant,
    /// When the program started, and the frames drawn since, until the first one is visible.
    began: Option<(Instant, u8)>,
}

impl App {
    /// Creates the window's content for this engine: installs fonts and themes, and repaints when the engine changes.
    pub fn new(ctx: &Context, handle: Handle) -> Self {
        theme::install(ctx);
        let since = Instant::now();
        let painted_ms = Arc::new(AtomicU64::new(0));
        let (waking, painted) = (ctx.clone(), Arc::clone(&painted_ms));
        handle.on_change(move || {
            let now_ms = since.elapsed().as_millis() as u64;
            let next_ms = painted.load(Ordering::Relaxed) + REPAINT_EVERY.as_millis() as u64;
            waking.request_repaint_after(Duration::from_millis(next_ms.saturating_sub(now_ms)));
        });
        let state = State::new(handle, locale());
        Self { state, fit: Fit::default(), painted_ms, since, began: None }
    }

    /// Logs the time from `began` to the first frame.
    #[must_use]
    pub(super) fn since(self, began: Instant) -> Self {
        Self { began: Some((began, 0)), ..self }
    }

    /// Shows the window in this language until the user chooses another one in the settings.
    #[must_use]
    pub(super) fn in_language(mut self, lang: Lang) -> Self {
        self.state.show_in(lang);
        self
    }

    fn note_first_frame(&mut self, ctx: &Context) {
        match self.began {
            Some((began, 0)) => {
                self.began = Some((began, 1));
                ctx.request_repaint();
            }
            Some((began, _)) => {
                self.began = None;
                tracing::info!(after_ms = began.elapsed().as_millis() as u64, "the first frame is on screen");
            }
            None => {}
        }
    }

    #[cfg(test)]
    pub(crate) fn state_mut(&mut self) -> &mut State {
        &mut self.state
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        self.painted_ms.store(self.since.elapsed().as_millis() as u64, Ordering::Relaxed);
        self.note_first_frame(ctx);
        self.fit.look(ctx);
        self.state.refresh(ctx);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        let state = &mut self.state;
        input::handle(&ctx, state);
        window_ui(ui, state);
        jobs::ui(&ctx, state);
        settings::ui(&ctx, state);
        clean_up::ui(&ctx, state);
        columns::ui(&ctx, state);
        palette::ui(&ctx, state);
        paste::ui(&ctx, state);
        close::ui(&ctx, state);
        undo_job::ui(&ctx, state);
        notices::ui(&ctx, state);
        empty::drop_ui(&ctx, state);
        state.follow_opener(&ctx);
        state.ask();
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        theme::of(visuals).bg0.to_normalized_gamma_f32()
    }

    fn persist_egui_memory(&self) -> bool {
        false
    }
}

/// The panels. Tab follows the order in which they are drawn.
fn window_ui(ui: &mut Ui, state: &mut State) {
    let p = theme::palette(ui);
    let whole = ui.available_rect_before_wrap();
    let small = whole.width() < size::SMALL_WINDOW;
    let (sources_width, recipe_width) =
        if small { (size::SOURCES_SMALL, size::RECIPE_SMALL) } else { (size::SOURCES, size::RECIPE) };
    let (header, below) = whole.split_top_bottom_at_y(whole.top() + size::HEADER);
    let (middle, run_bar) = below.split_top_bottom_at_y(whole.bottom() - size::FOOTER);
    let (sources, right) = middle.split_left_right_at_x(whole.left() + sources_width);
    let (work, recipe) = right.split_left_right_at_x(whole.right() - recipe_width);
    panel(ui, "header", header, p.bg1, vec2(size::MARGIN, 0.0), |ui| header::ui(ui, state));
    if state.page != Page::None {
        state.view.area_px = None;
    }
    if state.page == Page::Database {
        panel(ui, "database", middle, p.bg0, Vec2::ZERO, |ui| database::ui(ui, state));
    } else if state.page == Page::WriteBack {
        panel(ui, "write back", middle, p.bg0, Vec2::ZERO, |ui| write_back::ui(ui, state));
    } else if state.page == Page::Result {
        panel(ui, "result", middle, p.bg0, Vec2::ZERO, |ui| result::ui(ui, state));
    } else {
        panel(ui, "sources", sources, p.bg1, Vec2::splat(size::MARGIN), |ui| sources::ui(ui, state));
        panel(ui, "work", work, p.bg0, Vec2::ZERO, |ui| work_ui(ui, work, state));
        panel(ui, "recipe", recipe, p.bg1, Vec2::splat(size::MARGIN), |ui| {
            if state.is_query_job() { result::side_ui(ui, state) } else { recipe::ui(ui, state) }
        });
    }
    panel(ui, "run bar", run_bar, p.bg1, vec2(size::MARGIN_WIDE, 0.0), |ui| run_bar::ui(ui, state));
    let line = theme::hairline(p);
    for y in [header.bottom() - 0.5, run_bar.top() + 0.5] {
        ui.painter().hline(whole.x_range(), y, line);
    }
    if state.page == Page::None {
        for x in [sources.right() - 0.5, recipe.left() + 0.5] {
            ui.painter().vline(x, middle.y_range(), line);
        }
    }
}

/// Draws a panel on its background, clipped to its area.
fn panel(ui: &mut Ui, name: &str, rect: Rect, fill: Color32, margin: Vec2, add: impl FnOnce(&mut Ui)) {
    ui.painter().rect_filled(rect, 0.0, fill);
    let mut child = ui.new_child(UiBuilder::new().id_salt(name).max_rect(rect.shrink2(margin)));
    child.shrink_clip_rect(rect);
    add(&mut child);
}

/// Items and preview, or the empty window's drop area.
fn work_ui(ui: &mut Ui, area: Rect, state: &mut State) {
    if state.is_empty() {
        state.view.area_px = None;
        empty::ui(ui, state);
        return;
    }
    let preview_pt = preview_height(state, area.size());
    let (above, below) = area.split_top_bottom_at_y(area.bottom() - preview_pt);
    let fill = theme::palette(ui).bg0;
    panel(ui, "items", above, fill, Vec2::ZERO, |ui| items::ui(ui, state));
    let name = state.lang.word("preview_height");
    if let Some(y) = splitter(ui, name, area, below.top()) {
        state.preview_share = Some((area.bottom() - y) / area.height().max(1.0));
    }
    panel(ui, "preview", below.with_min_y(below.top() + 1.0), fill, Vec2::ZERO, |ui| {
        if state.is_query_job() { result::preview_ui(ui, state) } else { preview::ui(ui, state) }
    });
}

/// The preview's height: the space that the items leave free, but at least its share.
fn preview_height(state: &State, area: Vec2) -> f32 {
    let wanted = match state.preview_share {
        Some(share) => share * area.y,
        None => (area.y - items::needed_pt(state, area.x)).max(area.y * size::PREVIEW_SHARE),
    };
    wanted.clamp(size::PREVIEW_MIN, (area.y - size::ITEMS_MIN).max(size::PREVIEW_MIN)).round()
}
