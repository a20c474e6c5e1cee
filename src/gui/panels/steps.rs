//! The recipe's steps as cards: enable, move, remove, edit. The editors are derived from the declarations.

use egui::{
    Align, Frame, Id, Layout, Margin, Popup, PopupCloseBehavior, Rect, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo,
    vec2,
};

use super::params::{self, Edited};
use crate::engine::{Group, Preview};
use crate::gui::dialogs::Purpose;
use crate::gui::forms::outputs::{self, StepsOf};
use crate::gui::forms::recipe::{self, StepsEdit};
use crate::gui::ops::Op;
use crate::gui::state::{Sheet, State};
use crate::gui::theme::{self, size};
use crate::gui::widgets::button::Button;
use crate::gui::widgets::icon::Icon;
use crate::gui::widgets::{field, label, menu, opener, scroll};
use crate::model::{ItemRow, Lang, ParamKind, ParamSpec, Step, Value, names};

/// Operations with more parameters than this show only those that are set.
const PARAMS_SHOWN: usize = 4;
/// Width of a card's drag handle.
const GRIP: f32 = 20.0;

/// What the user did with a card.
enum Ask {
    Edit(StepsEdit),
    File { purpose: Purpose, by_hand: bool },
}

/// Draws the cards.
pub(crate) fn ui(ui: &mut Ui, state: &mut State, of: StepsOf) {
    let lang = state.lang;
    let mut edited = outputs::steps(&state.drafts, state.output, of);
    // The steps of an output come after those that all share.
    let before = if of == StepsOf::Output { state.drafts.recipe.get().steps.len() } else { 0 };
    let dragged: Option<usize> = ui.data(|data| data.get_temp(dragged_id(of)));
    let preview = std::sync::Arc::clone(&state.preview);
    let cursor = state.listing.cursor.clone();
    let shown = Shown { item: cursor.as_ref(), preview: &preview };
    let mut ask = None;
    let mut cards = Vec::with_capacity(edited.steps.len());
    let last = edited.steps.len().saturating_sub(1);
    for (index, step) in edited.steps.iter_mut().enumerate() {
        let op = state.ops.iter().find(|op| op.id == step.op).copied();
        let fault = recipe::fault(&preview, before + index, step).map(|why| why.window_text(lang));
        let rect = ui
            .push_id(("step", index), |ui| {
                let place = Place {
                    index,
                    before,
                    of,
                    last,
                    is_lifted: dragged == Some(index),
                    fault: fault.as_deref(),
                    shown,
                };
                card_ui(ui, lang, step, op.as_ref(), place, &mut ask)
            })
            .inner;
        cards.push(rect);
    }
    if let Some(from) = dragged {
        drag_ui(ui, (from, of), &cards, &mut ask);
    }
    match ask {
        Some(Ask::Edit(edit)) => edit.apply(&mut edited),
        Some(Ask::File { purpose, by_hand: true }) => state.open(Sheet::Path(purpose)),
        Some(Ask::File { purpose, by_hand: false }) => state.dialog(purpose),
        None => {}
    }
    outputs::set_steps(&mut state.drafts, state.output, of, edited);
}

fn dragged_id(of: StepsOf) -> Id {
    Id::unique(("dragged step", of == StepsOf::Output))
}

/// Shows where a dragged card will go; it moves there when the button is released.
fn drag_ui(ui: &Ui, (from, of): (usize, StepsOf), cards: &[Rect], ask: &mut Option<Ask>) {
    let Some(pointer) = ui.ctx().pointer_interact_pos() else { return };
    let gap = cards.iter().filter(|card| card.center().y < pointer.y).count();
    let y = cards
        .get(gap)
        .map(|card| card.top() - size::GAP / 2.0)
        .or(cards.last().map(|card| card.bottom() + size::GAP / 2.0));
    if let (Some(y), Some(card)) = (y, cards.first()) {
        let stroke = egui::Stroke::new(size::RING, theme::palette(ui).accent);
        ui.painter().hline(card.x_range(), y, stroke);
    }
    if ui.input(|input| !input.pointer.any_down()) {
        ui.data_mut(|data| data.remove_temp::<usize>(dragged_id(of)));
        if let Some(edit) = recipe::dropped(from, gap) {
            *ask = Some(Ask::Edit(edit));
        }
    }
}

/// The item that is shown, for examples of texts.
#[derive(Clone, Copy)]
struct Shown<'a> {
    item: Option<&'a ItemRow>,
    preview: &'a Preview,
}

/// A card's place among the others.
#[derive(Clone, Copy)]
struct Place<'a> {
    index: usize,
    /// Steps that run before the first of these.
    before: usize,
    of: StepsOf,
    last: usize,
    /// Whether it is being dragged.
    is_lifted: bool,
    /// What is missing or wrong in its step.
    fault: Option<&'a str>,
    shown: Shown<'a>,
}

fn card_ui(ui: &mut Ui, lang: Lang, step: &mut Step, op: Option<&Op>, place: Place<'_>, ask: &mut Option<Ask>) -> Rect {
    let Place { is_lifted, fault, .. } = place;
    let p = theme::palette(ui);
    let name = names::op_name(lang, &step.op);
    Frame::new()
        .fill(if is_lifted { p.bg3 } else { p.bg2 })
        .stroke(theme::hairline(p))
        .corner_radius(size::CORNER_CARD)
        .inner_margin(Margin::symmetric(10, 8))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 0.0;
            let explained = ui.scope_id().with("how it works");
            head_ui(ui, lang, step, (&name, op), place, explained, ask);
            let Some(op) = op else {
                label::text(ui, lang.word("no_filter_found"), theme::label(), p.fail);
                return;
            };
            let mut shown = ui.new_child(UiBuilder::new().max_rect(ui.available_rect_before_wrap()));
            if !step.enabled {
                shown.multiply_opacity(theme::DISABLED_ALPHA);
            }
            params_ui(&mut shown, lang, step, (place, &name), op, ask);
            let used = shown.min_rect();
            ui.advance_cursor_after_rect(used);
            if let Some(fault) = fault {
                ui.add_space(size::GAP_SMALL);
                label::wrapped(ui, fault, theme::label(), p.warn);
            }
            if ui.data(|data| data.get_temp(explained)).unwrap_or(false) {
                ui.add_space(size::GAP_SMALL);
                label::wrapped(ui, names::op_formula(lang, op.id, op.formula), theme::label(), p.text2);
            }
        })
        .response
        .rect
}

/// Editors for an operation's parameters. If there are many, only those that are set, until the user expands the card.
fn params_ui(
    ui: &mut Ui,
    lang: Lang,
    step: &mut Step,
    (place, name): (Place<'_>, &str),
    op: &Op,
    ask: &mut Option<Ask>,
) {
    let id = ui.scope_id().with("more");
    let many = op.params.len() > PARAMS_SHOWN;
    let open = !many || ui.data(|data| data.get_temp(id)).unwrap_or(false);
    let none_given = !op.params.iter().any(|spec| step.params.contains_key(spec.name));
    let is_curve = |spec: &&ParamSpec| matches!(spec.kind, ParamKind::Curve { .. });
    let first_curve = op.params.iter().find(is_curve).map(|spec| spec.name);
    let labels: Vec<String> = op.params.iter().map(|spec| names::param_name(lang, op.id, spec.name)).collect();
    let label_width = field::label_width(ui, labels.iter().map(String::as_str));
    for (index, spec) in op.params.iter().enumerate() {
        if open || step.params.contains_key(spec.name) || (none_given && index == 0) {
            param_ui(ui, lang, step, (place, name), (spec, Some(spec.name) == first_curve, label_width), ask);
        }
    }
    if !many {
        return;
    }
    let (words, icon) = if open { (lang.word("less"), Icon::Up) } else { (lang.word("more"), Icon::Down) };
    let spoken = format!("{words}: {name}");
    let width = ui.available_width();
    if Button::new(words).named(&spoken).icon(icon).ghost().height(size::FIELD).width(width).ui(ui).clicked() {
        ui.data_mut(|data| data.insert_temp(id, !open));
    }
}

fn head_ui(
    ui: &mut Ui,
    lang: Lang,
    step: &mut Step,
    (name, op): (&str, Option<&Op>),
    Place { index, last, of, .. }: Place<'_>,
    explained: Id,
    ask: &mut Option<Ask>,
) {
    let p = theme::palette(ui);
    let (rect, hover) = ui.allocate_exact_size(vec2(ui.available_width(), size::FIELD), Sense::hover());
    // Four square buttons and the grip.
    let (title, buttons) = rect.split_left_right_at_x(rect.right() - 4.0 * size::FIELD - GRIP);
    ui.scope_builder(UiBuilder::new().max_rect(title).layout(Layout::left_to_right(Align::Center)), |ui| {
        if field::check(ui, name, step.enabled) {
            step.enabled = !step.enabled;
        }
        let ink = if step.enabled { p.text } else { p.text2 };
        let title = label::text(ui, name, theme::strong(), ink);
        if let Some(op) = op {
            title.on_hover_text(names::op_summary(lang, op.id, op.summary));
        }
    });
    // Drawn from left to right, so that the Tab key goes through it in this order.
    ui.scope_builder(UiBuilder::new().max_rect(buttons).layout(Layout::left_to_right(Align::Center)), |ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        let spoken = format!("{}: {name}", lang.word("how_it_works"));
        let button = Button::icon_only(Icon::Info, &spoken).height(size::FIELD).enabled(op.is_some());
        if quiet(ui, button, hover.contains_pointer()) {
            ui.data_mut(|data| {
                let open = data.get_temp_mut_or(explained, false);
                *open = !*open;
            });
        }
        let buttons = [
            (Icon::Up, lang.word("move_up"), index > 0, StepsEdit::Move(index, index.saturating_sub(1))),
            (Icon::Down, lang.word("move_down"), index < last, StepsEdit::Move(index, index + 1)),
            (Icon::Cross, lang.word("remove"), true, StepsEdit::Remove(index)),
        ];
        for (icon, words, enabled, wanted) in buttons {
            let spoken = format!("{words}: {name}");
            let button = Button::icon_only(icon, &spoken).height(size::FIELD).enabled(enabled);
            if quiet(ui, button, hover.contains_pointer()) {
                *ask = Some(Ask::Edit(wanted));
            }
        }
        grip_ui(ui, lang, name, (index, of));
    });
}

/// A button that is visible only under the pointer or with the focus, but always reachable.
fn quiet(ui: &mut Ui, button: Button<'_>, near: bool) -> bool {
    ui.scope(|ui| {
        let before = ui.painter().clone();
        let focused = ui.memory(egui::Memory::focused).is_some_and(|id| id == ui.next_auto_id());
        if !near && !focused {
            ui.multiply_opacity(0.0);
        }
        let response = button.ui(ui);
        if response.has_focus() && !near {
            ui.set_opacity(before.opacity());
        }
        response.clicked()
    })
    .inner
}

fn grip_ui(ui: &mut Ui, lang: Lang, name: &str, (index, of): (usize, StepsOf)) {
    let p = theme::palette(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(GRIP, size::FIELD), Sense::DRAG);
    response.widget_info(|| {
        WidgetInfo::labeled(egui::accesskit::Role::Button, true, format!("{}: {name}", lang.word("drag_to_reorder")))
    });
    Icon::Grip.paint(ui.painter(), rect, if response.hovered() { p.text } else { p.text3 });
    if response.hovered() || response.dragged() {
        ui.ctx().set_cursor_icon(egui::CursorIcon::Grab);
    }
    if response.drag_started() {
        ui.data_mut(|data| data.insert_temp(dragged_id(of), index));
    }
}

/// A parameter's editor, from its declaration.
fn param_ui(
    ui: &mut Ui,
    lang: Lang,
    step: &mut Step,
    (place, step_name): (Place<'_>, &str),
    (spec, open, label_width): (&ParamSpec, bool, f32),
    ask: &mut Option<Ask>,
) {
    let words = names::param_name(lang, &step.op, spec.name);
    let hint = names::param_summary(lang, &step.op, spec.name, spec.summary);
    let spoken = format!("{step_name}: {words}");
    let choice = |word: &str| names::choice_name(lang, &step.op, spec.name, word);
    let names = params::Names { words: &words, hint, spoken: &spoken, choice: &choice, label_width, open };
    match params::editor(ui, lang, &names, spec, step.params.get(spec.name)) {
        Some(Edited::Value(value)) => {
            step.params.insert(spec.name.to_owned(), value);
        }
        Some(Edited::Nothing) => {
            step.params.remove(spec.name);
        }
        Some(Edited::File { by_hand }) => {
            *ask = Some(Ask::File {
                purpose: Purpose::StepFile { step_index: place.before + place.index, param: spec.name },
                by_hand,
            });
        }
        None => {}
    }
    if let ParamKind::FieldText { default } = spec.kind {
        let given = match step.params.get(spec.name) {
            Some(Value::Text(text)) => text,
            _ => default,
        };
        example_ui(ui, lang, (&step.op, spec.name, given), place.shown);
    }
}

/// What a text with fields becomes on the item that is shown, as it is typed, or what is wrong with it.
fn example_ui(ui: &mut Ui, lang: Lang, (op, param, given): (&str, &str, &str), shown: Shown<'_>) {
    let typed = field::typed(ui, ui.scope_id().with(param));
    let text = typed.as_deref().unwrap_or(given);
    match recipe::text_example(shown.item, shown.preview, text, typed.is_some()) {
        Some(Ok(text)) => drop(label::note(ui, format!("→ {text}")).on_hover_text(text)),
        Some(Err(why)) => {
            let why = why.with("param", param).of(op).window_text(lang);
            let ink = theme::palette(ui).fail;
            label::wrapped(ui, why, theme::label(), ink);
        }
        None => {}
    }
}

/// The button that adds a step, with its menu.
pub(super) fn add_filter_ui(ui: &mut Ui, state: &mut State, of: StepsOf) {
    let lang = state.lang;
    let width = ui.available_width();
    let words = match of {
        StepsOf::All => lang.word("add_filter"),
        StepsOf::Output => lang.word("add_output_filter"),
    };
    let add = Button::new(words).icon(Icon::Plus).dashed().width(width).ui(ui);
    add_ui(&add, width, state, of);
}

/// The menu of operations, by group, with a search box.
fn add_ui(button: &egui::Response, width: f32, state: &mut State, of: StepsOf) {
    let lang = state.lang;
    let search = egui::Id::unique(("filter search", of == StepsOf::Output));
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
        let found = recipe::found(&state.ops, lang, &text);
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
            let mut edited = outputs::steps(&state.drafts, state.output, of);
            recipe::add_step(&mut edited, op.id);
            outputs::set_steps(&mut state.drafts, state.output, of, edited);
            ui.close();
        }
    });
    opener::give_back_focus(button);
}
