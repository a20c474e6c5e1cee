//! Settings: language, theme, and what a batch may use.

use egui::{Context, Id, Ui};

use crate::config::{Language, Settings, Theme};
use crate::engine::Command;
use crate::gui::state::{Sheet, State};
use crate::gui::text::Lang;
use crate::gui::theme::size;
use crate::gui::widgets::number::{Edit, Number, number};
use crate::gui::widgets::segmented::segmented;
use crate::gui::widgets::sheet::{Place, sheet};
use crate::gui::widgets::{field, label};
use crate::model::Limits;

const LABEL_WIDTH: f32 = 168.0;
const MB: f64 = 1_048_576.0;

/// Shows the settings while they are open.
pub(crate) fn ui(ctx: &Context, state: &mut State) {
    if state.sheet != Sheet::Settings {
        return;
    }
    let lang = state.lang;
    let mut settings = state.drafts.settings.get().clone();
    let open = sheet(ctx, lang.settings(), lang.close(), Place::Middle, size::SHEET, |ui| {
        ui.spacing_mut().item_spacing.y = size::GAP_SMALL;
        window_ui(ui, lang, &mut settings);
        ui.add_space(size::MARGIN);
        label::heading(ui, lang.section_limits());
        limits_ui(ui, lang, &mut settings.limits);
        ui.add_space(size::GAP_SMALL);
        label::note(ui, lang.settings_note());
    });
    if settings.limits != state.drafts.settings.get().limits {
        // They hold for what is listed now, too.
        state.send(Command::SetLimits(settings.limits.clone()));
    }
    state.drafts.settings.set(settings);
    if !open {
        state.sheet = Sheet::None;
    }
}

fn window_ui(ui: &mut Ui, lang: Lang, settings: &mut Settings) {
    label::heading(ui, lang.section_window());
    field::row_wide(ui, lang.language(), LABEL_WIDTH, |ui| {
        let choices = [(Language::System, lang.system()), (Language::English, "English"), (Language::Korean, "한국어")];
        if let Some(language) = segmented(ui, lang.language(), settings.language, &choices) {
            settings.language = language;
        }
    });
    ui.add_space(size::GAP_SMALL);
    field::row_wide(ui, lang.theme(), LABEL_WIDTH, |ui| {
        let choices = [(Theme::System, lang.system()), (Theme::Dark, lang.dark()), (Theme::Light, lang.light())];
        if let Some(theme) = segmented(ui, lang.theme(), settings.theme, &choices) {
            settings.theme = theme;
        }
    });
}

fn limits_ui(ui: &mut Ui, lang: Lang, limits: &mut Limits) {
    let auto = lang.automatic();
    let whole = |edit: Option<Edit>| match edit {
        Some(Edit::Set(number)) => Some(Some(number as u64)),
        Some(Edit::Clear) => Some(None),
        None => None,
    };
    let workers = limits.workers.map(|workers| workers as f64);
    if let Some(workers) = whole(row(ui, lang.workers(), workers, (1.0, 256.0, 1.0), "", Some(auto))) {
        limits.workers = workers.map(|workers| workers as usize);
    }
    let connections = Some(limits.connections as f64);
    if let Some(Some(connections)) = whole(row(ui, lang.connections(), connections, (1.0, 4096.0, 8.0), "", None)) {
        limits.connections = connections as usize;
    }
    let per_host = Some(limits.per_host as f64);
    if let Some(Some(per_host)) = whole(row(ui, lang.per_host(), per_host, (1.0, 1024.0, 1.0), "", None)) {
        limits.per_host = per_host as usize;
    }
    let memory = limits.memory_bytes.map(|memory| memory as f64 / MB);
    if let Some(memory) = whole(row(ui, lang.memory_budget(), memory, (64.0, 1_048_576.0, 128.0), " MB", Some(auto))) {
        limits.memory_bytes = memory.map(|memory| memory << 20);
    }
    let wait = Some(limits.network_wait_s as f64);
    let suffix = lang.seconds_suffix();
    if let Some(Some(wait)) = whole(row(ui, lang.network_wait(), wait, (0.0, 86_400.0, 30.0), suffix, None)) {
        limits.network_wait_s = wait;
    }
}

fn row(
    ui: &mut Ui,
    name: &str,
    value: Option<f64>,
    (min, max, step): (f64, f64, f64),
    suffix: &str,
    empty: Option<&str>,
) -> Option<Edit> {
    field::row_wide(ui, name, LABEL_WIDTH, |ui| {
        let spec = Number { name, min, max, step, decimals: 0, suffix, empty, width: 104.0 };
        number(ui, Id::unique(("limit", name)), value, spec)
    })
}
