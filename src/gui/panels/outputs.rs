//! The outputs of the recipe: a button for each, and the name and the own steps of the chosen one.

use egui::{Id, Ui};

use super::steps;
use crate::gui::forms::outputs::{self as form, StepsOf};
use crate::gui::state::State;
use crate::gui::theme::{self, size};
use crate::gui::widgets::button::Button;
use crate::gui::widgets::icon::Icon;
use crate::gui::widgets::{field, label};
use crate::model::Output;

/// Draws the outputs.
pub(crate) fn ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let chosen = form::chosen(&state.drafts, state.output);
    let outputs: Vec<Output> = if chosen.is_some() { state.drafts.outputs.get().clone() } else { Vec::new() };
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = size::GAP_SMALL;
        label::text(ui, lang.word("outputs"), theme::strong(), theme::palette(ui).text2);
        for (n, output) in outputs.iter().enumerate() {
            let spoken = lang.output_with_format(&output.name, output.save.format);
            let button = Button::new(&output.name).named(&spoken).selected(chosen == Some(n));
            if button.height(size::BUTTON_SMALL).ui(ui).on_hover_text(&spoken).clicked() {
                state.output = n;
            }
        }
        let add = Button::icon_only(Icon::Plus, lang.word("add_output")).height(size::BUTTON_SMALL);
        if add.ui(ui).on_hover_text(lang.word("add_output")).clicked() {
            state.output = form::add(&mut state.drafts, state.output, lang.word("output_name_word"), false);
        }
        let copy = Button::new(lang.word("duplicate_output")).ghost().height(size::BUTTON_SMALL);
        if chosen.is_some() && copy.ui(ui).clicked() {
            state.output = form::add(&mut state.drafts, state.output, lang.word("output_name_word"), true);
        }
    });
    if let Some(output) = chosen.and_then(|at| outputs.get(at)) {
        chosen_ui(ui, state, output);
    }
}

fn chosen_ui(ui: &mut Ui, state: &mut State, output: &Output) {
    let lang = state.lang;
    let wanted = state.output;
    let label_width = field::label_width(ui, [lang.word("output_name_label")]);
    let mut wrong = None;
    field::row(ui, lang.word("output_name_label"), label_width, |ui| {
        ui.spacing_mut().item_spacing.x = size::GAP_SMALL;
        let id = Id::unique(("name of output", wanted));
        let width = ui.available_width() - size::FIELD - size::GAP_SMALL;
        let check = |text: &str| form::check_name(&state.drafts, wanted, text);
        let checked = field::checked(ui, id, lang.word("output_name_label"), &output.name, (width, ""), check);
        if let Some(name) = checked.taken {
            form::rename(&mut state.drafts, wanted, name);
        }
        wrong = checked.wrong;
        let remove = Button::icon_only(Icon::Cross, lang.word("remove_output")).height(size::FIELD);
        if remove.ui(ui).on_hover_text(lang.word("remove_output")).clicked() {
            form::remove(&mut state.drafts, wanted);
            state.output = wanted.saturating_sub(1);
        }
    });
    if let Some(why) = wrong {
        let ink = theme::palette(ui).fail;
        label::wrapped(ui, why.window_text(lang), theme::label(), ink);
    }
    ui.push_id("steps of output", |ui| {
        steps::ui(ui, state, StepsOf::Output);
        steps::add_filter_ui(ui, state, StepsOf::Output);
    });
}
