//! The recipe: presets, the steps as cards, and the save settings at the bottom.

use egui::{Align, Layout, ScrollArea, Ui, UiBuilder};

use super::database::write_back;
use super::{outputs, save, steps};
use crate::gui::actions::Action;
use crate::gui::forms::outputs::StepsOf;
use crate::gui::presets::Preset;
use crate::gui::state::State;
use crate::gui::theme::{self, size};
use crate::gui::widgets::button::Button;
use crate::gui::widgets::{label, menu, scroll};
use crate::model::is_copy;

/// Draws the recipe.
pub(crate) fn ui(ui: &mut Ui, state: &mut State) {
    // In a low window the save settings scroll with the steps; otherwise they stay at the bottom.
    let whole = ui.available_rect_before_wrap();
    let wanted_pt = save::height(ui, state);
    let low = whole.height() < 2.0 * wanted_pt;
    let save_pt = if low { 0.0 } else { wanted_pt };
    let (above, below) = whole.split_top_bottom_at_y(whole.bottom() - save_pt);
    ui.scope_builder(UiBuilder::new().id_salt("steps").max_rect(above), |ui| steps_ui(ui, low, state));
    if !low {
        ui.scope_builder(UiBuilder::new().id_salt("save").max_rect(below), |ui| {
            if state.is_recipe_fixed() {
                ui.disable();
            }
            save::ui(ui, state);
        });
    }
}

fn steps_ui(ui: &mut Ui, low: bool, state: &mut State) {
    let lang = state.lang;
    ui.horizontal(|ui| {
        label::heading(ui, lang.word("recipe"));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| presets_ui(ui, state));
    });
    ui.add_space(size::GAP_SMALL);
    ScrollArea::vertical().auto_shrink([false, true]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = size::GAP;
        if state.is_recipe_fixed() {
            let ink = theme::palette(ui).text2;
            label::wrapped(ui, lang.word("recipe_fixed"), theme::label(), ink);
            ui.disable();
        }
        steps::ui(ui, state, StepsOf::All);
        if state.drafts.recipe.get().steps.is_empty() {
            let ink = theme::palette(ui).text3;
            let copy = is_copy(&state.whole_recipe(), state.save());
            let words = if copy { lang.word("no_steps_copy") } else { lang.word("no_steps") };
            label::wrapped(ui, words, theme::label(), ink);
        }
        steps::add_filter_ui(ui, state, StepsOf::All);
        write_back::section_ui(ui, state);
        outputs::ui(ui, state);
        if low {
            save::ui(ui, state);
        }
        scroll::follow_focus(ui);
    });
}

fn presets_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let is_plain = !state.has_outputs();
    let current = Preset::all().iter().filter(|_| is_plain).find(|preset| {
        preset.recipe.steps == state.drafts.recipe.get().steps && preset.save == *state.drafts.save.get()
    });
    let shown = current.map_or_else(|| lang.word("custom").to_owned(), |preset| preset.label(lang));
    let spoken = format!("{}: {shown}", lang.word("presets"));
    let button = Button::new(&shown).named(&spoken).menu().height(size::BUTTON_SMALL).ui(ui);
    let is_fixed = state.is_recipe_fixed();
    menu::below(&button, 180.0, |ui| {
        for preset in Preset::all() {
            if menu::entry_ui(ui, &preset.label(lang), "", !is_fixed, current == Some(preset)).clicked() {
                state.use_preset(preset);
            }
        }
        menu::separator(ui);
        for action in [Action::LoadRecipe, Action::SaveRecipe] {
            let words = action.label(lang, state);
            if menu::entry(ui, &words, &action.shortcut_text(ui.ctx()), action.is_enabled(state)) {
                action.run(&ui.ctx().clone(), state);
            }
        }
    });
}
