//! Save settings: format, encoding, names and output folder.

use egui::{Id, Ui};

use super::params::{self, Edited};
use crate::engine::{SaveKey, save_keys};
use crate::gui::dialogs::Purpose;
use crate::gui::state::State;
use crate::gui::theme::size;
use crate::gui::widgets::button::Button;
use crate::gui::widgets::icon::Icon;
use crate::gui::widgets::{field, label, menu};
use crate::model::{
    ConflictPolicy, Format, FormatChoice, MetadataPolicy, Save, SinkSpec, Tree, Value, human, is_copy, names,
};

/// Keys shown at once; the others are shown with "More", or if they are set.
const SHOWN: [&str; 2] = ["quality", "lossless"];
/// Keys with a row of their own further down.
const BELOW: [&str; 1] = ["metadata"];

/// Rows below those of the encoding (name, folder, subfolders, conflicts, metadata), plus the heading.
const OTHER_ROWS: usize = 5;

/// Current height of the section, in points.
pub(crate) fn height(ui: &Ui, state: &State) -> f32 {
    let (keys, hidden) = encoding_keys(state, is_open(ui));
    let rows = 1 + keys.len() + usize::from(hidden > 0 || is_open(ui)) + OTHER_ROWS;
    let name = if state.listing.cursor.is_some() { size::TEXT_LINE } else { 0.0 };
    size::GAP + size::TEXT_LINE + size::GAP_SMALL + rows as f32 * (size::FIELD_ROW + size::GAP_SMALL) + name
}

/// The keys that have an effect and are shown, and the number of hidden ones.
fn encoding_keys(state: &State, open: bool) -> (Vec<&'static SaveKey>, usize) {
    let save = state.drafts.save.get();
    if save.format == FormatChoice::Keep && is_copy(state.drafts.recipe.get(), save) {
        // A copy is not re-encoded.
        return (Vec::new(), 0);
    }
    let all = save_keys().iter().filter(|key| key.applies_to(save.format) && !BELOW.contains(&key.param.name));
    let (shown, hidden): (Vec<_>, Vec<_>) = all.partition(|key| {
        let first = SHOWN.contains(&key.param.name) && save.format != FormatChoice::Keep;
        open || first || key.param.name == "quality" || key.get(save).is_some()
    });
    (shown, hidden.len())
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
    label::heading(ui, lang.word("save"));
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = size::GAP_SMALL;
        let mut save = state.drafts.save.get().clone();
        encoding_ui(ui, state, &mut save);
        let mut sink = state.drafts.sink.get().clone();
        place_ui(ui, state, &mut sink);
        field::row(ui, lang.word("metadata"), |ui| {
            let choices = [MetadataPolicy::Keep, MetadataPolicy::NoGps, MetadataPolicy::Strip]
                .map(|policy| (policy, lang.metadata_word(policy).to_owned()));
            if let Some(policy) = menu::combo(ui, lang.word("metadata"), ui.available_width(), save.metadata, &choices)
            {
                save.metadata = policy;
            }
        });
        if let Some(name) = example(state, &save, &sink) {
            label::note(ui, format!("→ {name}"));
        }
        state.drafts.save.set(save);
        state.drafts.sink.set(sink);
    });
}

fn encoding_ui(ui: &mut Ui, state: &State, save: &mut Save) {
    let lang = state.lang;
    field::row(ui, lang.word("format"), |ui| {
        let choices: Vec<_> =
            FormatChoice::all().into_iter().map(|format| (format, format_word(state, format))).collect();
        if let Some(format) = menu::combo(ui, lang.word("format"), ui.available_width(), save.format, &choices) {
            save.set_format(format);
            save.quality = None;
            save.lossless = false;
        }
    });
    let open = is_open(ui);
    let (keys, hidden) = encoding_keys(state, open);
    for key in keys {
        key_ui(ui, state, save, key);
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
fn key_ui(ui: &mut Ui, state: &State, save: &mut Save, key: &SaveKey) {
    let lang = state.lang;
    let name = key.param.name;
    let words = names::save_key_name(lang, name);
    let hint = names::save_key_summary(lang, name, key.param.summary);
    let choice = |word: &str| names::save_choice_name(lang, name, word);
    let names = params::Names { words: &words, hint, spoken: &words, choice: &choice, open: false };
    let given = match (name, key.get(save)) {
        // Shows the value that will be used rather than "not set".
        ("quality", None) => {
            let format = save.format.fixed().or_else(|| Format::named("jpeg"));
            format.and_then(Format::default_quality).map(|quality| f64::from(quality).into())
        }
        ("max_bytes", Some(Value::Number(bytes))) => Some(Value::Text(human::exact_size(bytes as u64))),
        (_, given) => given,
    };
    match params::editor(ui, lang, &names, &key.param, given.as_ref()) {
        Some(Edited::Value(Value::Text(text))) if text.trim().is_empty() => key.reset(save),
        // An invalid value changes nothing, and the editor shows the old one.
        Some(Edited::Value(value)) => {
            let _ = key.set(save, &value);
            if name == "quality" {
                save.lossless = false;
            }
        }
        Some(Edited::Nothing) => key.reset(save),
        Some(Edited::File { .. }) | None => {}
    }
}

fn place_ui(ui: &mut Ui, state: &mut State, sink: &mut SinkSpec) {
    let lang = state.lang;
    field::row(ui, lang.word("name"), |ui| {
        if let Some(name) =
            field::line(ui, Id::unique("name template"), lang.word("name"), &sink.name, ui.available_width())
        {
            sink.name = if name.trim().is_empty() { SinkSpec::default().name } else { name };
        }
    });
    field::row(ui, lang.word("folder"), |ui| {
        let chosen = sink.dir.clone().or_else(|| state.job().and_then(|job| job.out_dir.clone()));
        let words = chosen
            .as_ref()
            .map_or(lang.word("folder_default").to_owned(), |dir| short_path(&dir.display().to_string()));
        let spoken = format!("{}: {words}", lang.word("folder"));
        let width = ui.available_width();
        let button = Button::new(&words).named(&spoken).left().menu().height(size::FIELD).width(width).ui(ui);
        let button = match &chosen {
            Some(dir) => button.on_hover_text(dir.display().to_string()),
            None => button,
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
    field::row(ui, lang.word("subfolders"), |ui| {
        let choices = [Tree::Keep, Tree::Flat].map(|tree| (tree, lang.tree_word(tree).to_owned()));
        if let Some(tree) = menu::combo(ui, lang.word("subfolders"), ui.available_width(), sink.tree, &choices) {
            sink.tree = tree;
        }
    });
    field::row(ui, lang.word("conflict"), |ui| {
        let choices = [ConflictPolicy::Rename, ConflictPolicy::Skip, ConflictPolicy::Overwrite, ConflictPolicy::Fail]
            .map(|policy| (policy, lang.conflict_word(policy).to_owned()));
        if let Some(policy) = menu::combo(ui, lang.word("conflict"), ui.available_width(), sink.on_conflict, &choices) {
            sink.on_conflict = policy;
        }
    });
}

fn format_word(state: &State, format: FormatChoice) -> String {
    format.fixed().map_or_else(|| state.lang.word("format_keep").to_owned(), |format| format.label().to_owned())
}

/// The last two parts of a path, with an ellipsis for the rest.
fn short_path(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [.., parent, last] if parts.len() > 2 => format!("…/{parent}/{last}"),
        _ => path.to_owned(),
    }
}

/// The result's name for the previewed item, as far as it is known before the run.
fn example(state: &State, save: &Save, sink: &SinkSpec) -> Option<String> {
    let name = state.listing.cursor.as_ref()?.locator.short_name();
    let (stem, own) = name.rsplit_once('.').unwrap_or((&name, ""));
    let extension = save.format.fixed().map_or(own, |format| format.extension());
    let plain = sink.name.replace("{stem}", stem).replace("{ext}", own);
    let dot = if extension.is_empty() { "" } else { "." };
    (!plain.contains('{')).then(|| format!("{plain}{dot}{extension}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_shows_its_end() {
        assert_eq!(short_path("/home/me/Pictures/web"), "…/Pictures/web");
        assert_eq!(short_path("/tmp/x"), "/tmp/x");
    }
}
