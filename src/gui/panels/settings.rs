//! Settings: language, theme, limits, network.

use egui::{Context, Id, ScrollArea, Ui};

use super::network;
use crate::config::{self, Language, Settings, Theme};
use crate::engine::Command;
use crate::gui::dialogs::Purpose;
use crate::gui::forms::credentials::Credentials;
use crate::gui::state::{Sheet, State};
use crate::gui::theme::size;
use crate::gui::widgets::number::{Edit, Number, number};
use crate::gui::widgets::scroll;
use crate::gui::widgets::segmented::segmented;
use crate::gui::widgets::sheet::{Position, sheet};
use crate::gui::widgets::{field, label};
use crate::model::{Lang, Limits, NetworkSpec};

/// Height of what surrounds the scrolled part, in points.
const AROUND: f32 = 152.0;
const MB: f64 = 1_048_576.0;

/// Shows the settings sheet.
pub(crate) fn ui(ctx: &Context, state: &mut State) {
    if state.sheet != Sheet::Settings {
        return;
    }
    let lang = state.lang;
    let mut settings = state.drafts.settings.get().clone();
    let mut file_wanted = false;
    let room = (ctx.content_rect().height() - AROUND).max(120.0);
    let links = network::Links { lang, fault: state.snapshot.ca_file_fault, hint: state.hint };
    let mut access = std::mem::take(&mut state.access);
    let mut typed = None;
    let open = sheet(ctx, lang.word("settings"), lang.word("close"), Position::Middle, size::SHEET, |ui| {
        ScrollArea::vertical().max_height(room).min_scrolled_height(room).auto_shrink([false, true]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = size::GAP_SMALL;
            window_ui(ui, lang, &mut settings);
            ui.add_space(size::MARGIN);
            label::heading(ui, lang.word("section_limits"));
            limits_ui(ui, lang, &mut settings.limits);
            label::note(ui, lang.word("settings_note"));
            ui.add_space(size::MARGIN);
            label::heading(ui, lang.word("limits_of_links"));
            connections_ui(ui, lang, &mut settings.limits, &mut settings.network);
            file_wanted = links.ui(ui, &mut settings.network);
            typed = access.ui(ui, lang, &mut settings.network.access);
            label::note(ui, lang.word("links_note"));
            // Leaves room for the last focus ring.
            ui.add_space(size::GAP_SMALL);
            scroll::follow_focus(ui);
        });
    });
    if file_wanted {
        state.hint = None;
        state.dialog(Purpose::CaFile);
    }
    state.access = access;
    if let Some((name, secret)) = typed {
        // The secret is stored before anything refers to it.
        state.send(Command::KeepSecret { name, secret });
    }
    if settings.limits != state.drafts.settings.get().limits {
        // The limits also apply to the listed job.
        state.send(Command::SetLimits(settings.limits.clone()));
    }
    state.drafts.settings.set(settings);
    if !open {
        state.sheet = Sheet::None;
        state.access = Credentials::default();
    }
}

fn window_ui(ui: &mut Ui, lang: Lang, settings: &mut Settings) {
    label::heading(ui, lang.word("section_window"));
    field::row_wide(ui, lang.word("language"), size::SETTING_LABEL, |ui| {
        let choices =
            [(Language::System, lang.word("system")), (Language::English, "English"), (Language::Korean, "한국어")];
        if let Some(language) = segmented(ui, lang.word("language"), settings.language, &choices) {
            settings.language = language;
        }
    });
    ui.add_space(size::GAP_SMALL);
    field::row_wide(ui, lang.word("theme"), size::SETTING_LABEL, |ui| {
        let choices = [
            (Theme::System, lang.word("system")),
            (Theme::Dark, lang.word("dark")),
            (Theme::Light, lang.word("light")),
        ];
        if let Some(theme) = segmented(ui, lang.word("theme"), settings.theme, &choices) {
            settings.theme = theme;
        }
    });
}

fn limits_ui(ui: &mut Ui, lang: Lang, limits: &mut Limits) {
    let auto = lang.word("automatic");
    let workers = limits.workers.map(|workers| workers as f64);
    whole(row(ui, lang.word("workers"), workers, (1.0, 256.0, 1.0), "", Some(auto)), |workers| {
        limits.workers = workers.map(|workers| workers as usize);
    });
    let memory = limits.memory_bytes.map(|memory| memory as f64 / MB);
    whole(row(ui, lang.word("memory_budget"), memory, (64.0, 1_048_576.0, 128.0), " MB", Some(auto)), |memory| {
        limits.memory_bytes = memory.map(|memory| memory << 20);
    });
}

fn connections_ui(ui: &mut Ui, lang: Lang, limits: &mut Limits, network: &mut NetworkSpec) {
    let connections = Some(limits.connections as f64);
    whole(row(ui, lang.word("connections"), connections, (1.0, 4096.0, 8.0), "", None), |connections| {
        limits.connections = connections.map_or(limits.connections, |connections| connections as usize);
    });
    let per_host = Some(limits.per_host as f64);
    whole(row(ui, lang.word("per_host"), per_host, (1.0, 1024.0, 1.0), "", None), |per_host| {
        limits.per_host = per_host.map_or(limits.per_host, |per_host| per_host as usize);
    });
    let (wait, suffix) = (Some(limits.network_wait_s as f64), lang.word("seconds_unit"));
    whole(row(ui, lang.word("network_wait"), wait, (0.0, 86_400.0, 30.0), suffix, None), |wait| {
        limits.network_wait_s = wait.unwrap_or(limits.network_wait_s);
    });
    let default = |seconds: u64| format!("{seconds}{suffix}");
    let (timeout, empty) = (network.timeout_s.map(|seconds| seconds as f64), default(config::READ_TIMEOUT_S));
    whole(row(ui, lang.word("timeout"), timeout, (1.0, 3600.0, 5.0), suffix, Some(&empty)), |seconds| {
        network.timeout_s = seconds;
    });
    let (connect, empty) =
        (network.connect_timeout_s.map(|seconds| seconds as f64), default(config::CONNECT_TIMEOUT_S));
    whole(row(ui, lang.word("connect_timeout"), connect, (1.0, 3600.0, 5.0), suffix, Some(&empty)), |seconds| {
        network.connect_timeout_s = seconds;
    });
    let (retries, empty) = (network.retries.map(f64::from), config::RETRIES.to_string());
    whole(row(ui, lang.word("retries"), retries, (0.0, 100.0, 1.0), "", Some(&empty)), |retries| {
        network.retries = retries.map(|retries| u32::try_from(retries).unwrap_or(u32::MAX));
    });
}

/// Passes on a number that was set or cleared.
fn whole(edit: Option<Edit>, set: impl FnOnce(Option<u64>)) {
    match edit {
        Some(Edit::Set(number)) => set(Some(number as u64)),
        Some(Edit::Clear) => set(None),
        None => {}
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
    field::row_wide(ui, name, size::SETTING_LABEL, |ui| {
        let spec = Number { name, min, max, step, decimals: 0, suffix, empty, width: 104.0 };
        number(ui, Id::unique(("limit", name)), value, spec)
    })
}
