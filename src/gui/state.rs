//! The window's state: the engine's latest snapshot, and the view state. Panels read it and send commands.

use std::path::PathBuf;
use std::sync::Arc;

use egui::Context;

use super::dialogs::{Answer, Dialogs, Purpose};
use super::drafts::Drafts;
use super::forms::credentials::Credentials;
use super::forms::database::DatabaseForm;
use super::forms::network::NetworkForm;
use super::forms::palette::PaletteForm;
use super::forms::query_result::QueryResultForm;
use super::forms::text_box::TextBox;
use super::forms::write_back::WriteBackForm;
use super::history::History;
use super::listing::Listing;
use super::ops::{self, Op};
use super::textures::Textures;
use super::widgets::opener;
use crate::config::Language;
use crate::engine::{
    ArgumentOptions, CleanUp, Command, DatabaseRequest, DatabaseView, Dialog, Handle, JobView, Preview, PreviewContent,
    PreviewRequest, Snapshot, Zoom, source_menu, source_menu_label, watched_folder,
};
use crate::gui::forms::outputs::{self, StepsOf};
use crate::gui::presets::Preset;
use crate::model::{ItemState, JobId, JobSpec, JobState, Lang, NetworkFile, Output, Recipe, Save, Value};

/// A sheet over the window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sheet {
    /// None.
    #[default]
    None,
    /// The job history.
    Jobs,
    /// The question which jobs to delete from the history.
    CleanUp,
    /// Settings.
    Settings,
    /// The columns of lists.
    Columns,
    /// A box to paste links.
    Paste,
    /// The command palette.
    Palette,
    /// A box to enter a path.
    Path(Purpose),
    /// The question whether to close the window while a job runs.
    Close,
    /// The undo of this job's results.
    Undo(JobId),
}

/// A page over the three columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Page {
    /// None.
    #[default]
    None,
    /// From a database.
    Database,
    /// Write results into a table.
    WriteBack,
    /// The first rows of a query job.
    Result,
}

/// How the preview compares before and after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Compare {
    /// In one image, with a divider.
    #[default]
    Split,
    /// Side by side.
    SideBySide,
}

/// The preview's scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Scale {
    /// The whole image.
    #[default]
    Fit,
    /// One pixel of the image per pixel of the screen.
    Full,
    /// One pixel of the image per [`PIXEL`] pixels of the screen.
    Pixel,
}

/// Magnification of [`Scale::Pixel`].
pub(crate) const PIXEL: u32 = 8;

/// Frames after a sheet was closed in which what was below it can't have the focus.
const FRAMES_UNTIL_FOCUS: u8 = 2;

/// The preview's view state.
#[derive(Clone, Debug)]
pub(crate) struct PreviewView {
    /// The comparison.
    pub(crate) compare: Compare,
    /// The scale.
    pub(crate) scale: Scale,
    /// The centre at full scale, from 0 to 1.
    pub(crate) center: (f32, f32),
    /// The divider's position, from 0 to 1.
    pub(crate) split: f32,
    /// The area to fill, in pixels of the screen; `None` while it is not drawn.
    pub(crate) area_px: Option<(u32, u32)>,
    /// Whether an error's details are open.
    pub(crate) details: bool,
}

/// A click on Start that has not been sent yet.
#[derive(Debug)]
struct PendingStart {
    /// The field that had the focus when Start was pressed.
    focused_box: Option<egui::Id>,
    /// Whether that field is drawn without the focus in this frame, so that its edit is sent before the start.
    edits_are_complete: bool,
}

/// What opened a sheet or a dialog.
#[derive(Clone, Copy, Debug)]
struct Opener {
    /// The control, if it was one.
    control: Option<egui::Id>,
}

/// Everything the window knows.
pub(crate) struct State {
    /// The engine.
    pub(crate) handle: Handle,
    /// Its latest snapshot.
    pub(crate) snapshot: Arc<Snapshot>,
    /// The latest preview.
    pub(crate) preview: Arc<Preview>,
    /// Edits.
    pub(crate) drafts: Drafts,
    /// Items.
    pub(crate) listing: Listing,
    /// The job history.
    pub(crate) history: History,
    /// Days since jobs ended that a clean-up deletes.
    pub(crate) clean_up_days: u32,
    /// The sheet that replaces the open one in the next frame: the click that asks for it would close it.
    next_sheet: Option<Sheet>,
    /// The number of the command line that was copied last.
    copied: u64,
    /// The clean-up that was seen last: another one changes what the catalog needs.
    clean_up: CleanUp,
    /// Textures.
    pub(crate) textures: Textures,
    /// Operations.
    pub(crate) ops: Vec<Op>,
    /// The preview's view state.
    pub(crate) view: PreviewView,
    /// The number of the output that is edited and shown, if there are several.
    pub(crate) output: usize,
    /// The open sheet.
    pub(crate) sheet: Sheet,
    /// The open page.
    pub(crate) page: Page,
    /// The page "From a database…".
    pub(crate) database: DatabaseForm,
    /// The page "Write results into a table".
    pub(crate) write_back: WriteBackForm,
    /// The first rows of the listed query job.
    pub(crate) result: QueryResultForm,
    /// The text box of the open sheet.
    pub(crate) text_box: TextBox,
    /// The command palette.
    pub(crate) palette: PaletteForm,
    /// The network section of the settings.
    pub(crate) network: NetworkForm,
    /// The form for credentials.
    pub(crate) access: Credentials,
    /// Language.
    pub(crate) lang: Lang,
    /// Seconds since the window opened.
    pub(crate) now_s: f64,
    /// Whether the engine stopped taking commands.
    pub(crate) engine_gone: bool,
    /// A click on Start that waits for the last edit.
    start: Option<PendingStart>,
    /// Whether to focus the item filter.
    pub(crate) focus_filter: bool,
    /// Whether no control, list or sheet had the focus when this frame began.
    pub(crate) keys_are_free: bool,
    /// What had the focus when this frame began.
    pub(crate) focused: Option<egui::Id>,
    /// Whether the user has confirmed that the window closes.
    pub(crate) may_close: bool,
    /// How often later starts of the program had called for the window, as last seen.
    raised: u64,
    /// While a sheet or a dialog is open: the control that opened it, if any.
    opener: Option<Opener>,
    /// The control that opened the page, if any.
    page_opener: Option<egui::Id>,
    /// The control that gets the focus back, and after how many frames.
    refocus: Option<(egui::Id, u8)>,
    /// The preview's share of the height, if the user moved the border.
    pub(crate) preview_share: Option<f32>,
    locale: String,
    /// The language given on the command line, and the setting that it overrides until the user changes it.
    given_lang: Option<(Lang, Language)>,
    dialogs: Dialogs,
    wanted_preview: Option<PreviewRequest>,
    /// The previewed item's state when its preview was requested.
    asked_in: Option<ItemState>,
}

impl State {
    /// A window for this engine; `locale` is the desktop's.
    pub(crate) fn new(handle: Handle, locale: String) -> Self {
        let snapshot = handle.snapshot();
        let preview = handle.preview();
        let mut state = Self {
            handle,
            snapshot,
            preview,
            drafts: Drafts::default(),
            listing: Listing::default(),
            history: History::default(),
            clean_up_days: 90,
            next_sheet: None,
            copied: 0,
            clean_up: CleanUp::None,
            textures: Textures::default(),
            ops: ops::all(),
            output: 0,
            view: PreviewView {
                compare: Compare::default(),
                scale: Scale::default(),
                center: (0.5, 0.5),
                split: 0.5,
                area_px: None,
                details: false,
            },
            sheet: Sheet::None,
            page: Page::None,
            database: DatabaseForm::default(),
            write_back: WriteBackForm::default(),
            result: QueryResultForm::default(),
            text_box: TextBox::default(),
            palette: PaletteForm::default(),
            network: NetworkForm::default(),
            access: Credentials::default(),
            lang: Lang::English,
            now_s: 0.0,
            engine_gone: false,
            start: None,
            focus_filter: false,
            keys_are_free: false,
            focused: None,
            may_close: false,
            raised: 0,
            opener: None,
            page_opener: None,
            refocus: None,
            preview_share: None,
            locale,
            given_lang: None,
            dialogs: Dialogs::default(),
            wanted_preview: None,
            asked_in: None,
        };
        state.drafts.adopt(&state.snapshot);
        state
    }

    /// Shows the window in this language until the user changes the setting.
    pub(crate) fn show_in(&mut self, lang: Lang) {
        self.given_lang = Some((lang, self.drafts.settings.get().language));
    }

    /// Takes over the engine's new state, and requests what is needed.
    pub(crate) fn refresh(&mut self, ctx: &Context) {
        let (now_s, pointer_down) = ctx.input(|input| (input.time, input.pointer.any_down()));
        self.now_s = now_s;
        self.snapshot = self.handle.snapshot();
        self.preview = self.handle.preview();
        if self.snapshot.raised > self.raised {
            self.raised = self.snapshot.raised;
            ctx.send_viewport_cmd(egui::ViewportCommand::Minimized(false));
            ctx.send_viewport_cmd(egui::ViewportCommand::Focus);
        }
        // A drag is one edit, sent when the button is released.
        if !pointer_down {
            self.commit();
        }
        if let Some(start) = &mut self.start {
            start.edits_are_complete = ctx.memory(egui::Memory::focused) != start.focused_box;
        }
        self.drafts.adopt(&self.snapshot);
        let settings = self.drafts.settings.get();
        self.lang = match self.given_lang {
            Some((lang, setting)) if setting == settings.language => lang,
            _ => Lang::of(settings.language, &self.locale),
        };
        super::theme::choose(ctx, settings.theme);
        self.listing.refresh(ctx, now_s, &self.handle, self.snapshot.current.as_ref());
        let revision = self.snapshot.current.as_ref().map_or(0, |job| job.items_revision);
        self.history.refresh(ctx, now_s, &self.handle, (self.sheet == Sheet::Jobs, revision));
        self.follow_history(ctx);
        if let Some(sheet) = self.next_sheet.take() {
            self.open(sheet);
        }
        self.textures.refresh(ctx, &self.handle);
        self.database.adopt(self.handle.database(DatabaseView::Page));
        self.write_back.adopt(self.handle.database(DatabaseView::WriteBack));
        self.result.adopt(self.handle.database(DatabaseView::Result));
        if let Some(request) = self.result.request(ctx, now_s, self.snapshot.current.as_ref()) {
            self.handle.want_database(DatabaseView::Result, Some(request));
        }
        if let Some(answer) = self.dialogs.poll(ctx, now_s) {
            self.answered(answer);
        }
    }

    /// Copies a command line that was written, and asks again what the catalog needs after a clean-up.
    fn follow_history(&mut self, ctx: &Context) {
        if let Some(copied) = self.snapshot.copied.as_ref().filter(|copied| copied.number > self.copied) {
            self.copied = copied.number;
            ctx.copy_text(copied.text.clone());
        }
        if self.snapshot.clean_up != self.clean_up {
            self.clean_up = self.snapshot.clean_up;
            self.handle.want_storage();
        }
    }

    /// Starts the draft after the focused field has passed on its text, which it does in the first frame that it is
    /// drawn without the focus.
    pub(crate) fn start(&mut self, ctx: &Context) {
        let focused_box = ctx.memory_mut(|memory| {
            let focused = memory.focused();
            if let Some(id) = focused {
                memory.surrender_focus(id);
            }
            focused
        });
        self.start = Some(PendingStart { focused_box, edits_are_complete: focused_box.is_none() });
        ctx.request_repaint();
    }

    /// Sends what the frame just drawn needs: a pending start, and requests for the preview and thumbnails.
    pub(crate) fn ask(&mut self) {
        if self.start.as_ref().is_some_and(|start| start.edits_are_complete) {
            self.start = None;
            self.send(Command::Start);
        }
        self.textures.ask(&self.handle);
        let request = self.preview_request();
        // A link that has been fetched since then can now be previewed.
        let item_state = self.listing.cursor.as_ref().map(|row| row.state);
        let moved_on = item_state != self.asked_in && !self.previews(request.as_ref());
        self.asked_in = item_state;
        if request != self.wanted_preview || (moved_on && request.is_some()) {
            self.handle.want_preview(request.clone());
            self.wanted_preview = request;
        }
    }

    fn previews(&self, wanted: Option<&PreviewRequest>) -> bool {
        let shown = self.preview.request.as_ref().map(|request| request.id);
        matches!(self.preview.content, PreviewContent::Picture(_)) && shown == wanted.map(|request| request.id)
    }

    /// Sends all edits, so that the next command finds them applied.
    pub(crate) fn commit(&mut self) {
        self.engine_gone |= !self.drafts.send(&self.handle);
    }

    /// Sends a command.
    pub(crate) fn send(&mut self, command: Command) {
        self.commit();
        self.engine_gone |= self.handle.send(command).is_none();
    }

    /// The listed job.
    pub(crate) fn job(&self) -> Option<&JobView> {
        self.snapshot.current.as_ref()
    }

    /// Whether the window contains nothing yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.job().is_none_or(|job| {
            job.progress.total == 0 && job.groups.is_empty() && !job.counting && job.state == JobState::Draft
        })
    }

    /// Opens a sheet with an empty box.
    pub(crate) fn open(&mut self, sheet: Sheet) {
        if sheet == Sheet::Settings {
            self.handle.want_storage();
        }
        self.sheet = sheet;
        self.text_box.reset();
        self.palette = PaletteForm::default();
    }

    /// Opens a page.
    pub(crate) fn open_page(&mut self, ctx: &Context, page: Page) {
        if self.page == page {
            return;
        }
        self.page_opener = opener::pressed_now(ctx).or(self.focused);
        self.page = page;
        self.database.is_opened = true;
    }

    /// Opens the page on which results are mapped to the columns of a table.
    pub(crate) fn open_write_back(&mut self, ctx: &Context) {
        let spec = self.drafts.write_back.get().clone();
        self.write_back.open(spec.as_ref(), &self.database.connection);
        self.open_page(ctx, Page::WriteBack);
    }

    /// Asks the engine what undoing a job's results would do, and shows the sheet.
    pub(crate) fn begin_undo(&mut self, job: JobId) {
        self.send(Command::CheckUndo(job));
        self.open(Sheet::Undo(job));
    }

    /// Brings an undone job's results back, and shows the sheet.
    pub(crate) fn redo_job(&mut self, job: JobId) {
        self.send(Command::RedoJob(job));
        self.open(Sheet::Undo(job));
    }

    /// Closes the page; what opened it gets the focus back.
    pub(crate) fn close_page(&mut self) {
        let view = match self.page {
            Page::Database => Some(DatabaseView::Page),
            Page::WriteBack => Some(DatabaseView::WriteBack),
            Page::Result | Page::None => None,
        };
        self.page = Page::None;
        self.database.cancel();
        self.write_back.cancel();
        if let Some(view) = view {
            self.handle.want_database(view, None);
        }
        self.refocus = self.page_opener.take().map(|id| (id, FRAMES_UNTIL_FOCUS));
    }

    /// Asks the database of the page.
    pub(crate) fn ask_database(&self, request: Option<DatabaseRequest>) {
        if let Some(request) = request {
            self.handle.want_database(DatabaseView::Page, Some(request));
        }
    }

    /// Replaces the open sheet by another one in the next frame.
    pub(crate) fn open_next(&mut self, ctx: &Context, sheet: Sheet) {
        self.next_sheet = Some(sheet);
        ctx.request_repaint();
    }

    /// After a frame: remembers which control opened a sheet or a dialog, and gives it the focus back once that is closed.
    pub(crate) fn follow_opener(&mut self, ctx: &Context) {
        let is_open = self.sheet != Sheet::None || self.dialogs.is_open();
        match self.opener {
            None if is_open => self.opener = Some(Opener { control: opener::pressed_now(ctx).or(self.focused) }),
            Some(Opener { control }) if !is_open => {
                self.opener = None;
                // A sheet that was just closed still keeps the focus away from what was below it.
                self.refocus = control.map(|id| (id, FRAMES_UNTIL_FOCUS));
            }
            _ => {}
        }
        match &mut self.refocus {
            Some(_) if is_open => self.refocus = None,
            Some((_, frames)) if *frames > 0 => {
                *frames -= 1;
                ctx.request_repaint();
            }
            Some((id, _)) => {
                let id = *id;
                self.refocus = None;
                // What was chosen may have moved the focus elsewhere.
                if ctx.memory(egui::Memory::focused).is_none() {
                    ctx.memory_mut(|memory| memory.request_focus(id));
                    ctx.request_repaint();
                }
            }
            None => {}
        }
    }

    /// Whether closing the window would interrupt a job.
    pub(crate) fn is_busy(&self) -> bool {
        let listed = self.job().is_some_and(|job| matches!(job.state, JobState::Running | JobState::Queued));
        listed || self.snapshot.running_elsewhere.is_some()
    }

    /// Whether the listed job keeps the recipe and the save settings that it was started with.
    pub(crate) fn is_recipe_fixed(&self) -> bool {
        let state = self.job().map(|job| job.state);
        self.is_query_job() || matches!(state, Some(JobState::Running | JobState::Queued | JobState::Paused))
    }

    /// Whether the listed job runs statements.
    pub(crate) fn is_query_job(&self) -> bool {
        self.job().is_some_and(|job| job.query.is_some())
    }

    /// Opens a file dialog.
    pub(crate) fn dialog(&mut self, purpose: Purpose) {
        let title = self.purpose_title(purpose);
        self.dialogs.open(purpose, title, self.now_s);
    }

    /// The title of a dialog or a path box.
    pub(crate) fn purpose_title(&self, purpose: Purpose) -> &'static str {
        match purpose {
            Purpose::Images => self.lang.word("path_or_link"),
            Purpose::Folder => self.menu_label(Dialog::Folder),
            Purpose::WatchedFolder => self.menu_label(Dialog::WatchedFolder),
            Purpose::Output => self.lang.word("choose_folder"),
            Purpose::LoadRecipe => self.lang.word("load_recipe"),
            Purpose::SaveRecipe => self.lang.word("save_recipe"),
            Purpose::StepFile { .. } | Purpose::NetworkFile(_) => self.lang.word("choose_file"),
            Purpose::DatabaseFile => self.lang.word("db_choose_file"),
            Purpose::QueryFile => self.lang.word("db_file"),
            Purpose::QueryList => self.lang.word("db_each_row"),
        }
    }

    fn menu_label(&self, dialog: Dialog) -> &'static str {
        let entry = source_menu().find(|entry| entry.dialog == dialog);
        entry.map_or("", |entry| source_menu_label(entry, self.lang))
    }

    /// Watches a folder with the recipe and the output folder that are shown.
    fn watch(&mut self, folder: PathBuf) {
        let Some(limits) = self.job().map(|job| job.limits.clone()) else { return };
        let options = ArgumentOptions { recursive: true, all_files: false };
        let mut sink = self.drafts.sink.get().clone();
        sink.trash.get_or_insert(true);
        let mut outputs = self.drafts.outputs.get().clone();
        if !outputs.iter().any(|output| !output.name.is_empty()) {
            outputs = vec![Output { save: self.drafts.save.get().clone(), ..Output::default() }];
        }
        outputs.iter_mut().for_each(|output| output.sink = sink.clone());
        let spec = JobSpec {
            sources: vec![watched_folder(folder, options, None)],
            recipe: self.drafts.recipe.get().clone(),
            outputs,
            limits,
            watch: true,
            ..JobSpec::default()
        };
        self.send(Command::Watch { spec: Box::new(spec), is_once: false });
    }

    /// Adds text that contains links and paths.
    pub(crate) fn add_text(&mut self, text: &str) {
        if !text.trim().is_empty() {
            self.send(Command::AddText(text.to_owned()));
        }
    }

    /// Uses a path that was chosen in a dialog or entered by hand.
    pub(crate) fn path_given(&mut self, purpose: Purpose, path: &str) {
        let path = path.trim();
        if path.is_empty() {
            return;
        }
        match purpose {
            Purpose::Images | Purpose::Folder => self.add_text(path),
            Purpose::WatchedFolder => self.watch(path.into()),
            Purpose::Output => {
                let mut sink = self.drafts.sink.get().clone();
                sink.dir = Some(path.into());
                self.drafts.sink.set(sink);
            }
            Purpose::LoadRecipe => self.send(Command::LoadRecipe(path.into())),
            Purpose::SaveRecipe => self.send(Command::SaveRecipe(path.into())),
            Purpose::NetworkFile(file) => self.network_file(file, path.into()),
            Purpose::StepFile { step_index, param } => self.step_file(step_index, param, path),
            Purpose::QueryFile => self.database.job.file_given(path),
            Purpose::QueryList => path.clone_into(&mut self.database.job.list),
            Purpose::DatabaseFile if self.page == Page::WriteBack => {
                self.write_back.renamed();
                path.clone_into(&mut self.write_back.connection.dsn);
            }
            Purpose::DatabaseFile => {
                self.database.renamed();
                path.clone_into(&mut self.database.connection.dsn);
            }
        }
    }

    /// Uses a file of the network settings.
    fn network_file(&mut self, file: NetworkFile, path: PathBuf) {
        let mut settings = self.drafts.settings.get().clone();
        *file.path(&mut settings.network) = Some(path);
        self.drafts.settings.set(settings);
    }

    /// Uses a file for a step.
    fn step_file(&mut self, step_index: usize, param: &str, path: &str) {
        let shared = self.drafts.recipe.get().steps.len();
        let (of, at) = match step_index.checked_sub(shared) {
            Some(at) => (StepsOf::Output, at),
            None => (StepsOf::All, step_index),
        };
        let mut recipe = outputs::steps(&self.drafts, self.output, of);
        if let Some(step) = recipe.steps.get_mut(at) {
            step.params.insert(param.to_owned(), Value::Text(path.to_owned()));
            outputs::set_steps(&mut self.drafts, self.output, of, recipe);
        }
    }

    fn answered(&mut self, answer: Answer) {
        if answer.paths.is_empty() {
            if answer.unseen {
                // The settings have a text field for it.
                if !matches!(answer.purpose, Purpose::NetworkFile(_)) {
                    self.open(Sheet::Path(answer.purpose));
                }
                self.text_box.hint = Some(self.lang.word("dialog_failed"));
            }
            return;
        }
        match answer.purpose {
            Purpose::Images | Purpose::Folder => self.send(Command::AddPaths(answer.paths)),
            Purpose::WatchedFolder => answer.paths.into_iter().for_each(|path| self.watch(path)),
            Purpose::Output => {
                let mut sink = self.drafts.sink.get().clone();
                sink.dir = answer.paths.into_iter().next();
                self.drafts.sink.set(sink);
            }
            Purpose::LoadRecipe => answer.paths.into_iter().for_each(|path| self.send(Command::LoadRecipe(path))),
            Purpose::SaveRecipe => answer.paths.into_iter().for_each(|path| self.send(Command::SaveRecipe(path))),
            Purpose::NetworkFile(file) => answer.paths.into_iter().for_each(|path| self.network_file(file, path)),
            Purpose::StepFile { .. } | Purpose::DatabaseFile | Purpose::QueryFile | Purpose::QueryList => {
                for path in answer.paths {
                    self.path_given(answer.purpose, &path.to_string_lossy());
                }
            }
        }
    }

    /// All steps of the output that is shown.
    pub(crate) fn whole_recipe(&self) -> Recipe {
        outputs::whole_recipe(&self.drafts, self.output)
    }

    /// How the output that is shown is encoded.
    pub(crate) fn save(&self) -> &Save {
        outputs::save(&self.drafts, self.output)
    }

    /// Whether the recipe has several outputs.
    pub(crate) fn has_outputs(&self) -> bool {
        outputs::chosen(&self.drafts, self.output).is_some()
    }

    /// Replaces the recipe.
    pub(crate) fn use_preset(&mut self, preset: &Preset) {
        self.drafts.recipe.set(preset.recipe.clone());
        if self.has_outputs() {
            self.drafts.outputs.set(vec![Output { save: preset.save.clone(), ..Output::default() }]);
        } else {
            self.drafts.save.set(preset.save.clone());
        }
    }

    fn preview_request(&self) -> Option<PreviewRequest> {
        let id = self.listing.cursor_id()?;
        let (width, height) = self.view.area_px?;
        let (x, y) = self.view.center;
        let (zoom, area_px) = match self.view.scale {
            Scale::Fit => (Zoom::Fit, (width, height)),
            Scale::Full => (Zoom::Full { x, y }, (width, height)),
            Scale::Pixel => (Zoom::Full { x, y }, (width.div_ceil(PIXEL), height.div_ceil(PIXEL))),
        };
        Some(PreviewRequest {
            id,
            recipe: self.whole_recipe(),
            save: self.save().clone(),
            raw: self.drafts.settings.get().limits.raw,
            zoom,
            area_px: (area_px.0.clamp(1, 2048), area_px.1.clamp(1, 2048)),
        })
    }
}
