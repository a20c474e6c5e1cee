//! Save settings: format, encoding, names and output folder.

use egui::{Id, Ui};

use super::params::{self, Edited};
use crate::engine::{SaveKey, save_keys};
use crate::gui::dialogs::Purpose;
use crate::gui::forms::outputs;
use crate::gui::forms::save as form;
use crate::gui::state::State;
use crate::gui::theme::{self, size};
use crate::gui::widgets::button::Button;
use crate::gui::widgets::icon::Icon;
use crate::gui::widgets::{field, label, menu};
use crate::model::{ConflictPolicy, FormatChoice, Lang, MetadataPolicy, Save, SinkSpec, Tree, names};

/// Rows below those of the encoding (name, folder, subfolders, conflicts, metadata), plus the heading.
const OTHER_ROWS: usize = 5;

/// Current height of the section, in points.
pub(crate) fn height(ui: &Ui, state: &State) -> f32 {
    let (keys, hidden) = form::encoding_keys(state.save(), &state.whole_recipe(), is_open(ui));
    let rows = 1
        + keys.len()
        + usize::from(hidden > 0 || is_open(ui))
        + OTHER_ROWS
        + usize::from(has_trash_row(state.drafts.sink.get()));
    let name = example_height(ui, state);
    size::GAP + size::TEXT_LINE + size::GAP_SMALL + rows as f32 * (size::FIELD_ROW + size::GAP_SMALL) + name
}

/// Whether it matters what becomes of files that are replaced.
fn has_trash_row(sink: &SinkSpec) -> bool {
    sink.on_conflict == ConflictPolicy::Overwrite || sink.update
}

fn more_id() -> Id {
    Id::unique("more ways to save")
}

fn is_open(ui: &Ui) -> bool {
    ui.data(|data| data.get_temp(more_id())).unwrap_or(false)
}

/// Draws the section.
pub(crate) fn ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    ui.add_space(size::GAP);
    match outputs::chosen(&state.drafts, state.output).and_then(|at| state.drafts.outputs.get().get(at)) {
        Some(output) => label::heading(ui, &format!("{}: {}", lang.word("save"), output.name)),
        None => label::heading(ui, lang.word("save")),
    };
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = size::GAP_SMALL;
        let mut save = state.save().clone();
        let label_width = label_width(ui, lang);
        encoding_ui(ui, state, &mut save, label_width);
        let mut sink = state.drafts.sink.get().clone();
        target_ui(ui, state, &mut sink, label_width);
        field::row(ui, lang.word("metadata"), label_width, |ui| {
            let choices = [MetadataPolicy::Keep, MetadataPolicy::NoGps, MetadataPolicy::Strip]
                .map(|policy| (policy, lang.metadata_word(policy).to_owned()));
            if let Some(policy) = menu::combo(ui, lang.word("metadata"), ui.available_width(), save.metadata, &choices)
            {
                save.metadata = policy;
            }
        });
        outputs::set_save(&mut state.drafts, state.output, save);
        state.drafts.sink.set(sink);
    });
}

/// The width of the section's column of labels.
fn label_width(ui: &Ui, lang: Lang) -> f32 {
    let rows = ["format", "name", "folder", "subfolders", "conflict", "metadata"].map(|id| lang.word(id));
    let keys: Vec<String> = save_keys().iter().map(|key| names::save_key_name(lang, key.param.name)).collect();
    field::label_width(ui, rows.into_iter().chain(keys.iter().map(String::as_str)))
}

fn encoding_ui(ui: &mut Ui, state: &State, save: &mut Save, label_width: f32) {
    let lang = state.lang;
    field::row(ui, lang.word("format"), label_width, |ui| {
        let choices: Vec<_> =
            FormatChoice::all().into_iter().map(|format| (format, format_word(state, format))).collect();
        if let Some(format) = menu::combo(ui, lang.word("format"), ui.available_width(), save.format, &choices) {
            form::set_format(save, format);
        }
    });
    let open = is_open(ui);
    let (keys, hidden) = form::encoding_keys(state.save(), &state.whole_recipe(), open);
    for key in keys {
        key_ui(ui, state, save, key, label_width);
    }
    if hidden == 0 && !open {
        return;
    }
    let (words, icon) = if open { (lang.word("less"), Icon::Up) } else { (lang.word("more"), Icon::Down) };
    let spoken = format!("{words}: {}", lang.word("save"));
    let width = ui.available_width();
    if Button::new(words).named(&spoken).icon(icon).ghost().height(size::FIELD).width(width).ui(ui).clicked() {
        ui.data_mut(|data| data.insert_temp(more_id(), !open));
    }
}

/// One key's editor, from its declaration.
fn key_ui(ui: &mut Ui, state: &State, save: &mut Save, key: &SaveKey, label_width: f32) {
    let lang = state.lang;
    let name = key.param.name;
    let words = names::save_key_name(lang, name);
    let hint = names::save_key_summary(lang, name, key.param.summary);
    let choice = |word: &str| names::save_choice_name(lang, name, word);
    let names = params::Names { words: &words, hint, spoken: &words, choice: &choice, label_width, open: false };
    match params::editor(ui, lang, &names, &key.param, form::shown_value(save, key).as_ref()) {
        Some(Edited::Value(value)) => form::set_value(save, key, &value),
        Some(Edited::Nothing) => key.reset(save),
        Some(Edited::File { .. }) | None => {}
    }
}

fn target_ui(ui: &mut Ui, state: &mut State, sink: &mut SinkSpec, label_width: f32) {
    let lang = state.lang;
    field::row(ui, lang.word("name"), label_width, |ui| {
        if let Some(name) = field::line(ui, name_id(), lang.word("name"), &sink.name, ui.available_width()) {
            form::set_name(sink, name);
        }
    });
    match example(ui, state) {
        Some(Ok(name)) => drop(label::note(ui, format!("→ {name}")).on_hover_text(name)),
        Some(Err(why)) => {
            let ink = theme::palette(ui).fail;
            label::wrapped(ui, why, theme::label(), ink);
        }
        None => {}
    }
    field::row(ui, lang.word("folder"), label_width, |ui| {
        let chosen = sink.dir.clone().or_else(|| state.job().and_then(|job| job.out_dir.clone()));
        let words = chosen
            .as_ref()
            .map_or(lang.word("folder_default").to_owned(), |dir| form::short_path(&dir.display().to_string()));
        let spoken = format!("{}: {words}", lang.word("folder"));
        let width = ui.available_width();
        let button = Button::new(&words).named(&spoken).left().menu().height(size::FIELD).width(width).ui(ui);
        let button = match &chosen {
            Some(dir) => button.on_hover_text(dir.display().to_string()),
            None => button.on_hover_text(lang.word("folder_default_hint")),
        };
        menu::below(&button, width, |ui| {
            if menu::choice(ui, lang.word("folder_default"), sink.dir.is_none()) {
                sink.dir = None;
            }
            if menu::entry(ui, lang.word("choose_folder"), "", true) {
                state.dialog(Purpose::Output);
            }
            if menu::entry(ui, lang.word("add_path"), "", true) {
                state.open(crate::gui::state::Sheet::Path(Purpose::Output));
            }
        });
    });
    field::row(ui, lang.word("subfolders"), label_width, |ui| {
        let choices = [Tree::Keep, Tree::Flat].map(|tree| (tree, lang.tree_word(tree).to_owned()));
        if let Some(tree) = menu::combo(ui, lang.word("subfolders"), ui.available_width(), sink.tree, &choices) {
            sink.tree = tree;
        }
    });
    field::row(ui, lang.word("conflict"), label_width, |ui| {
        let choices = [ConflictPolicy::Rename, ConflictPolicy::Skip, ConflictPolicy::Overwrite, ConflictPolicy::Fail]
            .map(|policy| (policy, lang.conflict_word(policy).to_owned()));
        if let Some(policy) = menu::combo(ui, lang.word("conflict"), ui.available_width(), sink.on_conflict, &choices) {
            sink.on_conflict = policy;
        }
    });
    if has_trash_row(sink) {
        field::row(ui, "", label_width, |ui| {
            let is_on = sink.trash.unwrap_or(true);
            if field::check(ui, lang.word("trash_check"), is_on) {
                sink.trash = Some(!is_on);
            }
            let ink = theme::palette(ui).text;
            label::text(ui, lang.word("trash_words"), theme::body(), ink);
        });
    }
}

fn name_id() -> Id {
    Id::unique("name template")
}

/// The name that the previewed item's result will have with the template as it is typed, or what is wrong with that.
fn example(ui: &Ui, state: &State) -> Option<Result<String, String>> {
    let typed = field::typed(ui, name_id());
    let template = form::template(typed.as_deref(), state.drafts.sink.get());
    let cursor = state.listing.cursor.as_ref();
    let example = form::example(cursor, &state.preview, state.save(), state.drafts.sink.get(), &template);
    example.map(|example| example.map_err(|why| why.window_text(state.lang)))
}

/// Height of what is below the field of the name template.
fn example_height(ui: &Ui, state: &State) -> f32 {
    match example(ui, state) {
        Some(Ok(_)) => size::TEXT_LINE,
        Some(Err(why)) => {
            let ink = theme::palette(ui).fail;
            let galley = ui.painter().layout(why, theme::label(), ink, ui.available_width());
            galley.size().y + size::GAP_SMALL
        }
        None => 0.0,
    }
}

fn format_word(state: &State, format: FormatChoice) -> String {
    format.fixed().map_or_else(|| state.lang.word("format_keep").to_owned(), |format| format.label().to_owned())
}
