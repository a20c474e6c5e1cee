//! The user's actions: one list behind menus, shortcuts and the palette.

use egui::{Context, Key, KeyboardShortcut, Modifiers};

use super::dialogs::Purpose;
use super::forms::text_box::PASTE_PATIENCE_S;
use super::state::{Page, Sheet, State};
use crate::config::{ItemsLayout, Theme};
use crate::engine::{Command, Dialog, MenuEntry, source_menu, source_menu_label};
use crate::model::JobState;
use crate::model::{FailureFilter, Lang};

/// An action of the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Add a source with the dialog of this menu entry.
    AddSource(&'static MenuEntry),
    /// Add the rows of a query.
    AddFromDatabase,
    /// Type a path or a link.
    AddPath,
    /// Add links from the clipboard.
    PasteLinks,
    /// Add the sample images.
    AddSamples,
    /// Start, resume or retry, whichever applies.
    Start,
    /// Pause.
    Pause,
    /// Resume.
    Resume,
    /// Cancel.
    Cancel,
    /// Retry the failed items.
    RetryFailed,
    /// Open the output folder.
    OpenResults,
    /// New job.
    NewJob,
    /// Undo.
    Undo,
    /// Redo.
    Redo,
    /// Select all listed items.
    SelectAll,
    /// Remove the selected items.
    RemoveSelected,
    /// Focus the item filter.
    FilterItems,
    /// Show thumbnails.
    Grid,
    /// Show a table.
    Table,
    /// Show or hide the histogram.
    Histogram,
    /// Load a recipe.
    LoadRecipe,
    /// Save a recipe.
    SaveRecipe,
    /// Choose the table into which results are written.
    WriteBack,
    /// Show the first rows of the listed query job.
    ShowResult,
    /// Undo the listed job's results.
    UndoJob,
    /// Bring back the listed job's results.
    RedoJob,
    /// Show the job history.
    Jobs,
    /// Show the settings.
    Settings,
    /// Show the command palette.
    Palette,
    /// Dark theme.
    Dark,
    /// Light theme.
    Light,
}

impl Action {
    /// Every action, in the palette's order.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Self::sources().chain(Self::OTHERS)
    }

    /// The actions that add a source with a dialog.
    pub(crate) fn sources() -> impl Iterator<Item = Self> {
        source_menu().map(Self::AddSource)
    }

    /// All other actions.
    const OTHERS: [Self; 30] = [
        Self::AddFromDatabase,
        Self::AddPath,
        Self::PasteLinks,
        Self::AddSamples,
        Self::Start,
        Self::Pause,
        Self::Resume,
        Self::Cancel,
        Self::RetryFailed,
        Self::OpenResults,
        Self::NewJob,
        Self::Undo,
        Self::Redo,
        Self::SelectAll,
        Self::RemoveSelected,
        Self::FilterItems,
        Self::Grid,
        Self::Table,
        Self::Histogram,
        Self::LoadRecipe,
        Self::SaveRecipe,
        Self::WriteBack,
        Self::ShowResult,
        Self::UndoJob,
        Self::RedoJob,
        Self::Jobs,
        Self::Settings,
        Self::Palette,
        Self::Dark,
        Self::Light,
    ];

    /// Its label.
    pub(crate) fn label(self, lang: Lang, state: &State) -> String {
        let progress = state.job().map(|job| job.progress).unwrap_or_default();
        match self {
            Self::AddSource(entry) => source_menu_label(entry, lang).to_owned(),
            Self::AddFromDatabase => lang.word("from_database").to_owned(),
            Self::AddPath => lang.word("add_path").to_owned(),
            Self::PasteLinks => lang.word("paste_links").to_owned(),
            Self::AddSamples => lang.word("try_samples").to_owned(),
            Self::Start if progress.total > 0 => lang.start_items(progress.total),
            Self::Start => lang.word("start").to_owned(),
            Self::Pause => lang.word("pause").to_owned(),
            Self::Resume => lang.word("resume").to_owned(),
            Self::Cancel => lang.word("cancel").to_owned(),
            Self::RetryFailed => lang.retry_failed(progress.failed),
            Self::OpenResults => lang.word("open_results").to_owned(),
            Self::NewJob => lang.word("new_job").to_owned(),
            Self::Undo => lang.word("undo").to_owned(),
            Self::Redo => lang.word("redo").to_owned(),
            Self::SelectAll => lang.word("select_all").to_owned(),
            Self::RemoveSelected => lang.word("remove_selected").to_owned(),
            Self::FilterItems => lang.word("filter_items").to_owned(),
            Self::Grid => lang.word("grid").to_owned(),
            Self::Table => lang.word("table").to_owned(),
            Self::Histogram => lang.word("histogram").to_owned(),
            Self::LoadRecipe => lang.word("load_recipe").to_owned(),
            Self::SaveRecipe => lang.word("save_recipe").to_owned(),
            Self::WriteBack => lang.word("wb_open").to_owned(),
            Self::ShowResult => lang.word("query_show_result").to_owned(),
            Self::UndoJob => lang.word("undo_job").to_owned(),
            Self::RedoJob => lang.word("redo_job").to_owned(),
            Self::Jobs => lang.word("jobs").to_owned(),
            Self::Settings => lang.word("settings").to_owned(),
            Self::Palette => lang.word("palette_title").to_owned(),
            Self::Dark => format!("{}: {}", lang.word("theme"), lang.word("dark")),
            Self::Light => format!("{}: {}", lang.word("theme"), lang.word("light")),
        }
    }

    /// Its keyboard shortcut.
    pub(crate) fn shortcut(self) -> Option<KeyboardShortcut> {
        let (modifiers, key) = match self {
            // Only the first entry of each dialog has a shortcut.
            Self::AddSource(entry) if source_menu().find(|first| first.dialog == entry.dialog) == Some(entry) => {
                match entry.dialog {
                    Dialog::Files => (Modifiers::COMMAND, Key::O),
                    Dialog::Folder => (Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::O),
                    Dialog::WatchedFolder => (Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::W),
                }
            }
            Self::AddPath => (Modifiers::COMMAND, Key::L),
            Self::Start => (Modifiers::COMMAND, Key::Enter),
            Self::Undo => (Modifiers::COMMAND, Key::Z),
            Self::Redo => (Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z),
            Self::SelectAll => (Modifiers::COMMAND, Key::A),
            Self::RemoveSelected => (Modifiers::NONE, Key::Delete),
            Self::FilterItems => (Modifiers::COMMAND, Key::F),
            Self::Palette => (Modifiers::COMMAND, Key::K),
            Self::Jobs => (Modifiers::COMMAND, Key::J),
            Self::Settings => (Modifiers::COMMAND, Key::Comma),
            Self::SaveRecipe => (Modifiers::COMMAND, Key::S),
            _ => return None,
        };
        Some(KeyboardShortcut::new(modifiers, key))
    }

    /// Whether a focused text field handles this shortcut itself.
    const fn belongs_to_text(self) -> bool {
        matches!(self, Self::Undo | Self::Redo | Self::SelectAll | Self::RemoveSelected)
    }

    /// Whether it acts on what a page covers.
    const fn is_covered_by_page(self) -> bool {
        matches!(
            self,
            Self::Start | Self::Undo | Self::Redo | Self::SelectAll | Self::RemoveSelected | Self::FilterItems
        )
    }

    /// Its shortcut as text.
    pub(crate) fn shortcut_text(self, ctx: &Context) -> String {
        if self == Self::PasteLinks {
            return "Ctrl+V".to_owned();
        }
        self.shortcut().map_or_else(String::new, |shortcut| ctx.format_shortcut(&shortcut))
    }

    /// Whether it is available now.
    pub(crate) fn is_enabled(self, state: &State) -> bool {
        let job = state.job();
        let job_state = job.map(|job| job.state);
        let failed = job.is_some_and(|job| job.progress.failed > 0);
        match self {
            Self::Start => job_state == Some(JobState::Draft) && !state.is_empty(),
            Self::Pause => matches!(job_state, Some(JobState::Running | JobState::Queued)),
            Self::Resume => matches!(job_state, Some(JobState::Paused | JobState::Cancelled)),
            Self::Cancel => matches!(job_state, Some(JobState::Running | JobState::Queued | JobState::Paused)),
            Self::RetryFailed => failed && job_state != Some(JobState::Draft),
            Self::OpenResults => job.is_some_and(|job| job.out_dir.is_some() && job.progress.done > 0),
            Self::LoadRecipe => !state.is_recipe_fixed(),
            Self::WriteBack => job_state == Some(JobState::Draft),
            Self::ShowResult => job.is_some_and(|job| job.query.as_ref().is_some_and(|query| query.has_rows)),
            Self::UndoJob => job.is_some_and(|job| job.progress.done > 0 && is_idle(job.state)),
            Self::RedoJob => job.is_some_and(|job| job.can_redo && is_idle(job.state)),
            Self::Undo => state.snapshot.can_undo,
            Self::Redo => state.snapshot.can_redo,
            Self::NewJob | Self::SelectAll | Self::FilterItems => !state.is_empty(),
            Self::RemoveSelected => job_state == Some(JobState::Draft) && !state.listing.selected.is_empty(),
            _ => true,
        }
    }

    /// Performs it.
    pub(crate) fn run(self, ctx: &Context, state: &mut State) {
        if !self.is_enabled(state) {
            return;
        }
        let job = state.job().map(|job| job.id);
        match self {
            Self::AddSource(entry) => state.dialog(match entry.dialog {
                Dialog::Files => Purpose::Images,
                Dialog::Folder => Purpose::Folder,
                Dialog::WatchedFolder => Purpose::WatchedFolder,
            }),
            Self::AddFromDatabase => state.open_page(ctx, Page::Database),
            Self::AddPath => state.open(Sheet::Path(Purpose::Images)),
            Self::PasteLinks => {
                ctx.send_viewport_cmd(egui::ViewportCommand::RequestPaste);
                state.text_box.paste_asked_s = Some(state.now_s);
                ctx.request_repaint_after_secs(PASTE_PATIENCE_S as f32);
            }
            Self::AddSamples => state.send(Command::AddSamples),
            Self::Start => state.start(ctx),
            Self::Pause => job.into_iter().for_each(|job| state.send(Command::Pause(job))),
            Self::Resume => job.into_iter().for_each(|job| state.send(Command::Resume(job))),
            Self::Cancel => job.into_iter().for_each(|job| state.send(Command::Cancel(job))),
            Self::RetryFailed => {
                if let Some(job) = job {
                    state.send(Command::Retry { job, failures: FailureFilter::ALL, items: None });
                }
            }
            Self::OpenResults => job.into_iter().for_each(|job| state.send(Command::OpenResults(job))),
            Self::NewJob => state.send(Command::Clear),
            Self::Undo => state.send(Command::Undo),
            Self::Redo => state.send(Command::Redo),
            Self::SelectAll => state.listing.select_all(),
            Self::RemoveSelected => {
                let items: Vec<u64> = state.listing.selected.iter().copied().collect();
                state.listing.forget_selected();
                state.send(Command::Remove(items));
            }
            Self::FilterItems => state.focus_filter = true,
            Self::Grid => set_layout(state, ItemsLayout::Grid),
            Self::Table => set_layout(state, ItemsLayout::Table),
            Self::Histogram => toggle_histogram(state),
            Self::LoadRecipe => state.dialog(Purpose::LoadRecipe),
            Self::SaveRecipe => state.dialog(Purpose::SaveRecipe),
            Self::WriteBack => state.open_write_back(ctx),
            Self::ShowResult => state.open_page(ctx, Page::Result),
            Self::UndoJob => job.into_iter().for_each(|job| state.begin_undo(job)),
            Self::RedoJob => job.into_iter().for_each(|job| state.redo_job(job)),
            Self::Jobs => state.open(Sheet::Jobs),
            Self::Settings => state.open(Sheet::Settings),
            Self::Palette => state.open(Sheet::Palette),
            Self::Dark => set_theme(state, Theme::Dark),
            Self::Light => set_theme(state, Theme::Light),
        }
    }

    /// Performs the actions whose shortcuts were pressed.
    pub(crate) fn run_shortcuts(ctx: &Context, state: &mut State) {
        let typing = ctx.text_edit_focused();
        // Longer shortcuts first: Ctrl+Z would also match Ctrl+Shift+Z.
        let mut actions: Vec<Self> = Self::all().collect();
        actions.sort_by_key(|action| std::cmp::Reverse(action.shortcut().is_some_and(|it| it.modifiers.shift)));
        for action in actions {
            let Some(shortcut) = action.shortcut() else { continue };
            if (typing && action.belongs_to_text()) || (state.page != Page::None && action.is_covered_by_page()) {
                continue;
            }
            if ctx.input_mut(|input| input.consume_shortcut(&shortcut)) {
                action.run(ctx, state);
            }
        }
    }
}

/// Whether a job in this state is neither a draft nor running.
pub(crate) const fn is_idle(state: JobState) -> bool {
    matches!(state, JobState::Done | JobState::Paused | JobState::Cancelled)
}

/// Switches between thumbnails and table.
pub(crate) fn set_layout(state: &mut State, layout: ItemsLayout) {
    let mut settings = state.drafts.settings.get().clone();
    settings.layout = layout;
    state.drafts.settings.set(settings);
    state.listing.scroll = super::widgets::scroll::Scroll::default();
    state.listing.reveal = Some(state.listing.cursor_row);
}

/// Shows the histogram on the preview, or hides it.
pub(crate) fn toggle_histogram(state: &mut State) {
    let mut settings = state.drafts.settings.get().clone();
    settings.hides_histogram = !settings.hides_histogram;
    state.drafts.settings.set(settings);
}

fn set_theme(state: &mut State, theme: Theme) {
    let mut settings = state.drafts.settings.get().clone();
    settings.theme = theme;
    state.drafts.settings.set(settings);
}
