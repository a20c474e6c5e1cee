//! Settings: language, theme, limits, network.

use egui::{Context, Id, ScrollArea, Ui};

use super::network;
use crate::config::{Language, Settings, Theme};
use crate::engine::{CleanUp, Command, Storage};
use crate::gui::dialogs::Purpose;
use crate::gui::forms::credentials::Credentials;
use crate::gui::forms::limits::LimitField;
use crate::gui::forms::network::NetworkForm;
use crate::gui::state::{Sheet, State};
use crate::gui::theme::{self, size};
use crate::gui::widgets::button::Button;
use crate::gui::widgets::number::{Edit, Number, number};
use crate::gui::widgets::scroll;
use crate::gui::widgets::segmented::segmented;
use crate::gui::widgets::sheet::{Position, sheet};
use crate::gui::widgets::{field, label};
use crate::model::{Lang, Limits, MAX_PAGE, NetworkSpec, PagesChoice, RawChoice, RawPairs};

/// Height of what surrounds the scrolled part, in points.
const AROUND: f32 = 152.0;

/// Shows the settings sheet.
pub(crate) fn ui(ctx: &Context, state: &mut State) {
    if state.sheet != Sheet::Settings {
        return;
    }
    let lang = state.lang;
    let mut settings = state.drafts.settings.get().clone();
    let mut file_wanted = None;
    let room = (ctx.content_rect().height() - AROUND).max(120.0);
    let faults = std::sync::Arc::clone(&state.snapshot.network_faults);
    let hint = state.network.asked.zip(state.text_box.hint);
    let links = network::Links { lang, faults: &faults, hint };
    let mut access = std::mem::take(&mut state.access);
    let mut form = state.network;
    let mut typed = None;
    let (storage, is_cleaning) = (state.handle.storage(), state.snapshot.clean_up == CleanUp::Running);
    let mut cleans_up = false;
    let open = sheet(ctx, lang.word("settings"), lang.word("close"), Position::Middle, size::SHEET, |ui| {
        ScrollArea::vertical().max_height(room).min_scrolled_height(room).auto_shrink([false, true]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = size::GAP_SMALL;
            window_ui(ui, lang, &mut settings);
            ui.add_space(size::MARGIN);
            label::heading(ui, lang.word("section_limits"));
            numbers_ui(ui, lang, &LimitField::MACHINE, &mut settings.limits, &mut settings.network);
            label::long_note(ui, lang.word("settings_note"));
            ui.add_space(size::MARGIN);
            raw_ui(ui, lang, &mut settings.limits);
            ui.add_space(size::MARGIN);
            pages_ui(ui, lang, &mut settings.limits.pages);
            ui.add_space(size::MARGIN);
            cleans_up = history_ui(ui, lang, storage.as_deref(), is_cleaning);
            ui.add_space(size::MARGIN);
            label::heading(ui, lang.word("limits_of_links"));
            numbers_ui(ui, lang, &LimitField::LINKS, &mut settings.limits, &mut settings.network);
            file_wanted = links.ui(ui, &mut form, &mut settings.network);
            typed = access.ui(ui, lang, &mut settings.network.access);
            label::long_note(ui, lang.word("links_note"));
            // Leaves room for the last focus ring.
            ui.add_space(size::GAP_SMALL);
            scroll::follow_focus(ui);
        });
    });
    if let Some(file) = file_wanted {
        state.text_box.hint = None;
        form.asked = Some(file);
        state.dialog(Purpose::NetworkFile(file));
    }
    state.access = access;
    state.network = form;
    if let Some((name, secret)) = typed {
        // The secret is stored before anything refers to it.
        state.send(Command::KeepSecret { name, secret });
    }
    if settings.limits != state.drafts.settings.get().limits {
        // The limits also apply to the listed job.
        state.send(Command::SetLimits(settings.limits.clone()));
    }
    state.drafts.settings.set(settings);
    if cleans_up {
        state.open_next(ctx, Sheet::CleanUp);
    }
    if !open {
        state.sheet = Sheet::None;
        state.access = Credentials::default();
        state.network = NetworkForm::default();
    }
}

/// What the catalog needs, and the way to delete old jobs; `true` if that was pressed.
fn history_ui(ui: &mut Ui, lang: Lang, storage: Option<&Storage>, is_cleaning: bool) -> bool {
    label::heading(ui, lang.word("section_history"));
    let Some(storage) = storage else {
        label::note(ui, lang.word("measuring"));
        return false;
    };
    let path = storage.path.display().to_string();
    field::row(ui, lang.word("catalog"), size::SETTING_LABEL, |ui| {
        let ink = theme::palette(ui).text;
        label::text(ui, path.as_str(), theme::body(), ink).on_hover_text(path.as_str());
    });
    let mut is_pressed = false;
    field::row(ui, lang.word("catalog_needs"), size::SETTING_LABEL, |ui| {
        let ink = theme::palette(ui).text;
        let words = if is_cleaning { lang.word("cleaning_up").to_owned() } else { lang.catalog_size(storage) };
        is_pressed = Button::new(lang.word("clean_up")).enabled(!is_cleaning).height(size::FIELD).ui(ui).clicked();
        label::text(ui, words, theme::figures(), ink);
    });
    is_pressed
}

fn window_ui(ui: &mut Ui, lang: Lang, settings: &mut Settings) {
    label::heading(ui, lang.word("section_window"));
    field::row(ui, lang.word("language"), size::SETTING_LABEL, |ui| {
        let choices =
            [(Language::System, lang.word("system")), (Language::English, "English"), (Language::Korean, "한국어")];
        if let Some(language) = segmented(ui, lang.word("language"), settings.language, &choices) {
            settings.language = language;
        }
    });
    ui.add_space(size::GAP_SMALL);
    field::row(ui, lang.word("theme"), size::SETTING_LABEL, |ui| {
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

/// How camera raw files are read, and which files of pairs are items.
fn raw_ui(ui: &mut Ui, lang: Lang, limits: &mut Limits) {
    label::heading(ui, lang.word("section_raw"));
    field::row(ui, lang.word("raw_files"), size::SETTING_LABEL, |ui| {
        let choices = [(RawChoice::Preview, lang.word("raw_preview")), (RawChoice::Develop, lang.word("raw_develop"))];
        if let Some(choice) = segmented(ui, lang.word("raw_files"), limits.raw, &choices) {
            limits.raw = choice;
        }
    });
    ui.add_space(size::GAP_SMALL);
    field::row(ui, lang.word("raw_pairs"), size::SETTING_LABEL, |ui| {
        let choices = [
            (RawPairs::Both, lang.word("raw_pairs_both")),
            (RawPairs::Raw, lang.word("raw_pairs_raw")),
            (RawPairs::Jpeg, lang.word("raw_pairs_jpeg")),
        ];
        if let Some(choice) = segmented(ui, lang.word("raw_pairs"), limits.raw_pairs, &choices) {
            limits.raw_pairs = choice;
        }
    });
    label::long_note(ui, lang.word("raw_note"));
}

/// Which pages of documents are items.
fn pages_ui(ui: &mut Ui, lang: Lang, pages: &mut PagesChoice) {
    label::heading(ui, lang.word("section_documents"));
    let range = match *pages {
        range @ PagesChoice::Range { .. } => range,
        PagesChoice::First | PagesChoice::All => PagesChoice::Range { from: 1, to: None },
    };
    field::row(ui, lang.word("pages"), size::SETTING_LABEL, |ui| {
        let choices = [
            (PagesChoice::First, lang.word("pages_first")),
            (PagesChoice::All, lang.word("pages_all")),
            (range, lang.word("pages_range")),
        ];
        if let Some(choice) = segmented(ui, lang.word("pages"), *pages, &choices) {
            *pages = choice;
        }
    });
    if let PagesChoice::Range { from, to } = *pages {
        let most = f64::from(MAX_PAGE);
        let mut page_ui = |name: &str, value: Option<u32>, min: u32, empty: Option<&str>| {
            field::row(ui, name, size::SETTING_LABEL, |ui| {
                let (min, max, step, suffix) = (f64::from(min), most, 1.0, "");
                let spec = Number { name, min, max, step, decimals: 0, suffix, empty, width: 104.0 };
                number(ui, Id::unique(("pages", name)), value.map(f64::from), spec)
            })
        };
        let first = page_ui(lang.word("pages_from"), Some(from), 1, None);
        let last = page_ui(lang.word("pages_to"), to, from, Some(lang.word("pages_to_end")));
        let from = if let Some(Edit::Set(page)) = first { page as u32 } else { from };
        let to = match last {
            Some(Edit::Set(page)) => Some(page as u32),
            Some(Edit::Clear) => None,
            None => to,
        };
        *pages = PagesChoice::Range { from, to: to.map(|to| to.max(from)) };
    }
    label::long_note(ui, lang.word("pages_note"));
}

/// A row for each of these numbers.
fn numbers_ui(ui: &mut Ui, lang: Lang, fields: &[LimitField], limits: &mut Limits, network: &mut NetworkSpec) {
    for field in fields.iter().copied() {
        let name = field.label(lang);
        let ((min, max, step), empty) = (field.range(), field.empty(lang));
        let edit = field::row(ui, name, size::SETTING_LABEL, |ui| {
            let (suffix, empty) = (field.suffix(lang), empty.as_deref());
            let spec = Number { name, min, max, step, decimals: 0, suffix, empty, width: 104.0 };
            number(ui, Id::unique(("limit", name)), field.get(limits, network), spec)
        });
        match edit {
            Some(Edit::Set(number)) => field.set(Some(number), limits, network),
            Some(Edit::Clear) => field.set(None, limits, network),
            None => {}
        }
    }
}
