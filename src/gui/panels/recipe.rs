//! The recipe: presets, the steps as cards, and the save settings at the bottom.

use egui::{Align, Layout, Popup, PopupCloseBehavior, ScrollArea, Ui, UiBuilder};

use super::database::write_back;
use super::{save, steps};
use crate::engine::Group;
use crate::gui::actions::Action;
use crate::gui::forms::recipe as form;
use crate::gui::presets::Preset;
use crate::gui::state::State;
use crate::gui::theme::{self, size};
use crate::gui::widgets::button::Button;
use crate::gui::widgets::icon::Icon;
use crate::gui::widgets::{field, label, menu, opener, scroll};
use crate::model::{is_copy, names};

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
        steps::ui(ui, state);
        if state.drafts.recipe.get().steps.is_empty() {
            let ink = theme::palette(ui).text3;
            let copy = is_copy(state.drafts.recipe.get(), state.drafts.save.get());
            let words = if copy { lang.word("no_steps_copy") } else { lang.word("no_steps") };
            label::wrapped(ui, words, theme::label(), ink);
        }
        let width = ui.available_width();
        let add = Button::new(lang.word("add_filter")).icon(Icon::Plus).dashed().width(width).ui(ui);
        add_ui(&add, width, state);
        write_back::section_ui(ui, state);
        if low {
            save::ui(ui, state);
        }
        scroll::follow_focus(ui);
    });
}

fn presets_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let current = Preset::all().iter().find(|preset| {
        preset.recipe.steps == state.drafts.recipe.get().steps && preset.save == *state.drafts.save.get()
    });
    let shown = current.map_or_else(|| lang.word("custom").to_owned(), |preset| preset.label(lang));
    let spoken = format!("{}: {shown}", lang.word("presets"));
    let button = Button::new(&shown).named(&spoken).menu().height(size::BUTTON_SMALL).ui(ui);
    let is_fixed = state.is_recipe_fixed();
    menu::below(&button, 180.0, |ui| {
        for preset in Preset::all() {
            if menu::entry_ui(ui, &preset.label(lang), "", !is_fixed, current == Some(preset)).clicked() {
                state.drafts.recipe.set(preset.recipe.clone());
                state.drafts.save.set(preset.save.clone());
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

/// The menu of operations, by group, with a search box.
fn add_ui(button: &egui::Response, width: f32, state: &mut State) {
    let lang = state.lang;
    let search = egui::Id::unique("filter search");
    let opened = button.clicked();
    Popup::menu(button).gap(4.0).close_behavior(PopupCloseBehavior::CloseOnClickOutside).width(width).show(|ui| {
        ui.set_min_width(width - 12.0);
        ui.set_max_width(width - 12.0);
        let hairline = theme::hairline(theme::palette(ui));
        let widgets = &mut ui.visuals_mut().widgets;
        widgets.inactive.bg_stroke = hairline;
        widgets.hovered.bg_stroke = hairline;
        let mut text: String =
            if opened { String::new() } else { ui.data(|data| data.get_temp(search)).unwrap_or_default() };
        let edit = field::edit(
            ui,
            search,
            lang.word("search_filters"),
            &mut text,
            ui.available_width(),
            lang.word("search_filters"),
        );
        if opened {
            edit.request_focus();
        }
        let entered = edit.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        ui.add_space(size::GAP_SMALL);
        let found = form::found(&state.ops, lang, &text);
        let mut picked = found.first().filter(|_| entered && !text.trim().is_empty()).copied();
        ScrollArea::vertical().max_height(360.0).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for group in Group::ALL {
                let of_group: Vec<_> = found.iter().filter(|op| op.group == group).collect();
                if of_group.is_empty() {
                    continue;
                }
                menu::heading(ui, lang.group(group));
                for op in of_group {
                    let response = menu::entry_ui(ui, &names::op_name(lang, op.id), "", true, false);
                    if response.clicked() {
                        picked = Some(*op);
                    }
                    response.on_hover_text(names::op_summary(lang, op.id, op.summary));
                }
            }
            if found.is_empty() {
                label::note(ui, lang.word("no_filter_found"));
            }
            scroll::follow_focus(ui);
        });
        ui.data_mut(|data| data.insert_temp(search, text));
        if let Some(op) = picked {
            let mut recipe = state.drafts.recipe.get().clone();
            form::add_step(&mut recipe, op.id);
            state.drafts.recipe.set(recipe);
            ui.close();
        }
    });
    opener::give_back_focus(button);
}
