//! The window's two halves: `logic` takes over what is new, `ui` draws it. Only wires panels together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use egui::{CentralPanel, Context, Frame, Margin, Panel, Ui};

use super::fit::Fit;
use super::input;
use super::panels::{empty, header, items, jobs, notices, palette, paste, preview, recipe, run_bar, settings, sources};
use super::state::State;
use super::theme::{self, size};
use super::widgets::sash::sash;
use crate::engine::Handle;

/// At most 30 repaints a second come from the engine.
const REPAINT_EVERY: Duration = Duration::from_millis(33);

/// The window.
pub struct App {
    state: State,
    fit: Fit,
    painted_ms: Arc<AtomicU64>,
    since: Instant,
    /// When the program began, until its first frame stood.
    began: Option<(Instant, u8)>,
}

impl App {
    /// A window's content on this engine: fonts and themes are put in place, and changes wake it.
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

    /// Tells in the log how long after `began` the first frame stood.
    #[must_use]
    pub(super) fn since(self, began: Instant) -> Self {
        Self { began: Some((began, 0)), ..self }
    }

    fn note_first_frame(&mut self, ctx: &Context) {
        match self.began {
            Some((began, 0)) => {
                self.began = Some((began, 1));
                ctx.request_repaint();
            }
            Some((began, _)) => {
                self.began = None;
                tracing::info!(after_ms = began.elapsed().as_millis() as u64, "the first frame stands");
            }
            None => {}
        }
    }

    #[cfg(test)]
    pub(crate) fn state_mut(&mut self) -> &mut State {
        &mut self.state
    }
}

/// The desktop's locale, as the environment tells it.
fn locale() -> String {
    ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty())
        .unwrap_or_default()
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
        palette::ui(&ctx, state);
        paste::ui(&ctx, state);
        notices::ui(&ctx, state);
        empty::drop_ui(&ctx, state);
        state.ask();
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        theme::of(visuals).bg0.to_normalized_gamma_f32()
    }

    fn persist_egui_memory(&self) -> bool {
        false
    }
}

fn window_ui(ui: &mut Ui, state: &mut State) {
    let p = theme::palette(ui);
    let surface = Frame::new().fill(p.bg1);
    let small = ui.available_width() < size::SMALL_WINDOW;
    let (sources_width, recipe_width) =
        if small { (size::SOURCES_SMALL, size::RECIPE_SMALL) } else { (size::SOURCES, size::RECIPE) };
    Panel::top("header")
        .exact_size(size::HEADER)
        .frame(surface.inner_margin(Margin::symmetric(12, 0)))
        .show(ui, |ui| header::ui(ui, state));
    Panel::bottom("run bar")
        .exact_size(size::FOOTER)
        .frame(surface.inner_margin(Margin::symmetric(16, 0)))
        .show(ui, |ui| run_bar::ui(ui, state));
    Panel::left("sources")
        .resizable(false)
        .exact_size(sources_width)
        .frame(surface.inner_margin(Margin::same(12)))
        .show(ui, |ui| sources::ui(ui, state));
    Panel::right("recipe")
        .resizable(false)
        .exact_size(recipe_width)
        .frame(surface.inner_margin(Margin::same(12)))
        .show(ui, |ui| recipe::ui(ui, state));
    CentralPanel::no_frame().frame(Frame::new().fill(p.bg0)).show(ui, |ui| {
        if state.is_empty() {
            state.view.area_px = None;
            empty::ui(ui, state);
            return;
        }
        let area = ui.available_rect_before_wrap();
        let preview_pt = preview_height(state, area.size());
        let name = state.lang.preview_height();
        Panel::bottom("preview")
            .resizable(false)
            .show_separator_line(false)
            .exact_size(preview_pt)
            .frame(Frame::new().fill(p.bg0))
            .show(ui, |ui| preview::ui(ui, state));
        items::ui(ui, state);
        if let Some(y) = sash(ui, name, area, area.bottom() - preview_pt) {
            state.preview_share = Some((area.bottom() - y) / area.height().max(1.0));
        }
    });
}

/// The preview's height: what few items leave free, but no less than its share.
fn preview_height(state: &State, area: egui::Vec2) -> f32 {
    let wanted = match state.preview_share {
        Some(share) => share * area.y,
        None => (area.y - items::needed_pt(state, area.x)).max(area.y * size::PREVIEW_SHARE),
    };
    wanted.clamp(size::PREVIEW_MIN, (area.y - size::ITEMS_MIN).max(size::PREVIEW_MIN)).round()
}
