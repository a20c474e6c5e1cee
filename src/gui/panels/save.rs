//! How and where results are saved.

use egui::{Id, Ui};

use crate::gui::dialogs::Purpose;
use crate::gui::state::State;
use crate::gui::theme::size;
use crate::gui::widgets::button::Button;
use crate::gui::widgets::number::{Edit, Number, number};
use crate::gui::widgets::slider::{Range, slider};
use crate::gui::widgets::{field, label, menu};
use crate::model::{ConflictPolicy, Format, FormatChoice, MetadataPolicy, Save, SinkSpec, Tree, is_copy};

/// Height of the section with all its rows, in points.
pub(crate) const HEIGHT_MOST: f32 = 296.0;

/// Height of the section as it is now, in points.
pub(crate) fn height(state: &State) -> f32 {
    let save = state.drafts.save.get();
    let hidden = usize::from(!has_quality(state, save)) + usize::from(save.format != FormatChoice::Webp);
    let name = if state.listing.cursor.is_some() { 0.0 } else { size::TEXT_LINE };
    HEIGHT_MOST - hidden as f32 * (size::FIELD_ROW + size::GAP_SMALL) - name
}

/// Whether the quality makes a difference: a copy is not encoded anew.
fn has_quality(state: &State, save: &Save) -> bool {
    match save.format {
        FormatChoice::Keep => !is_copy(state.drafts.recipe.get(), save),
        format => format.fixed().is_some_and(|format| format.default_quality().is_some()),
    }
}

/// Draws the section.
pub(crate) fn ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    ui.add_space(size::GAP);
    label::heading(ui, lang.save());
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = size::GAP_SMALL;
        let mut save = state.drafts.save.get().clone();
        encoding_ui(ui, state, &mut save);
        let mut sink = state.drafts.sink.get().clone();
        place_ui(ui, state, &mut sink);
        field::row(ui, lang.metadata(), |ui| {
            let choices = [MetadataPolicy::Keep, MetadataPolicy::NoGps, MetadataPolicy::Strip]
                .map(|policy| (policy, lang.metadata_word(policy).to_owned()));
            if let Some(policy) = menu::combo(ui, lang.metadata(), ui.available_width(), save.metadata, &choices) {
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
    field::row(ui, lang.format(), |ui| {
        let choices = FormatChoice::ALL.map(|format| (format, format_word(state, format)));
        if let Some(format) = menu::combo(ui, lang.format(), ui.available_width(), save.format, &choices) {
            save.set_format(format);
            save.quality = None;
            save.lossless = false;
        }
    });
    if !has_quality(state, save) {
        return;
    }
    let default = f64::from(save.format.resolve(Format::Jpeg).default_quality().unwrap_or(100));
    field::row(ui, lang.quality(), |ui| {
        let value = save.quality.map_or(default, f64::from);
        let range = Range { min: 1.0, max: 100.0, step: 1.0 };
        let room = ui.available_width() - size::NUMBER - size::GAP;
        let moved = slider(ui, lang.quality(), value, range, room, save.lossless);
        let spec = Number {
            name: lang.quality(),
            min: 1.0,
            max: 100.0,
            step: 1.0,
            decimals: 0,
            suffix: "",
            empty: None,
            width: size::NUMBER,
        };
        let typed = match number(ui, Id::unique("quality"), Some(value), spec) {
            Some(Edit::Set(number)) => Some(number),
            _ => None,
        };
        if let Some(quality) = typed.or(moved) {
            save.quality = Some(quality.clamp(1.0, 100.0) as u8);
            save.lossless = false;
        }
    });
    if save.format == FormatChoice::Webp {
        field::row(ui, lang.lossless(), |ui| {
            if field::check(ui, lang.lossless(), save.lossless) {
                save.lossless = !save.lossless;
            }
        });
    }
}

fn place_ui(ui: &mut Ui, state: &mut State, sink: &mut SinkSpec) {
    let lang = state.lang;
    field::row(ui, lang.name(), |ui| {
        if let Some(name) = field::line(ui, Id::unique("name template"), lang.name(), &sink.name, ui.available_width())
        {
            sink.name = if name.trim().is_empty() { SinkSpec::default().name } else { name };
        }
    });
    field::row(ui, lang.folder(), |ui| {
        let chosen = sink.dir.clone().or_else(|| state.job().and_then(|job| job.out_dir.clone()));
        let words =
            chosen.as_ref().map_or(lang.folder_default().to_owned(), |dir| short_path(&dir.display().to_string()));
        let spoken = format!("{}: {words}", lang.folder());
        let width = ui.available_width();
        let button = Button::new(&words).named(&spoken).left().menu().height(size::FIELD).width(width).ui(ui);
        let button = match &chosen {
            Some(dir) => button.on_hover_text(dir.display().to_string()),
            None => button,
        };
        menu::below(&button, width, |ui| {
            if menu::choice(ui, lang.folder_default(), sink.dir.is_none()) {
                sink.dir = None;
            }
            if menu::entry(ui, lang.choose_folder(), "", true) {
                state.dialog(Purpose::Output);
            }
            if menu::entry(ui, lang.add_path(), "", true) {
                state.open(crate::gui::state::Sheet::Path(Purpose::Output));
            }
        });
    });
    field::row(ui, lang.subfolders(), |ui| {
        let choices = [Tree::Keep, Tree::Flat].map(|tree| (tree, lang.tree_word(tree).to_owned()));
        if let Some(tree) = menu::combo(ui, lang.subfolders(), ui.available_width(), sink.tree, &choices) {
            sink.tree = tree;
        }
    });
    field::row(ui, lang.conflict(), |ui| {
        let choices = [ConflictPolicy::Rename, ConflictPolicy::Skip, ConflictPolicy::Overwrite, ConflictPolicy::Fail]
            .map(|policy| (policy, lang.conflict_word(policy).to_owned()));
        if let Some(policy) = menu::combo(ui, lang.conflict(), ui.available_width(), sink.on_conflict, &choices) {
            sink.on_conflict = policy;
        }
    });
}

fn format_word(state: &State, format: FormatChoice) -> String {
    format.fixed().map_or_else(|| state.lang.format_keep().to_owned(), |format| format.label().to_owned())
}

/// A path's last two parts, with what was left out shown as such.
fn short_path(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [.., parent, last] if parts.len() > 2 => format!("…/{parent}/{last}"),
        _ => path.to_owned(),
    }
}

/// What the previewed item's result will be called, as far as that is known before it runs.
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
