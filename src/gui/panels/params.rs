//! Editors for the parameters of steps and save settings, derived from their declarations.

use egui::{Id, Ui};

use crate::gui::theme::size;
use crate::gui::widgets::button::Button;
use crate::gui::widgets::icon::Icon;
use crate::gui::widgets::number::{Edit, Number, number};
use crate::gui::widgets::slider::{Range, slider};
use crate::gui::widgets::{curve, field, menu, swatch};
use crate::gui::words;
use crate::model::{Lang, ParamKind, ParamSpec, Value};

/// The names and texts of a parameter.
pub(crate) struct Names<'a> {
    /// Its label.
    pub(crate) words: &'a str,
    /// Its tooltip.
    pub(crate) hint: &'a str,
    /// Its name for screen readers.
    pub(crate) spoken: &'a str,
    /// The label of a choice.
    pub(crate) choice: &'a dyn Fn(&str) -> String,
    /// Width of the column of labels.
    pub(crate) label_width: f32,
    /// Whether a large editor (a curve) is expanded initially.
    pub(crate) open: bool,
}

/// The result of an edit.
pub(crate) enum Edited {
    /// A new value.
    Value(Value),
    /// The value was removed; leaving it out has a meaning of its own.
    Nothing,
    /// The user wants to choose a file: with the desktop's dialog, or by entering a path.
    File {
        /// Whether to enter the path by hand.
        by_hand: bool,
    },
}

/// A row with a parameter's editor; `given` is its value, if set.
pub(crate) fn editor(
    ui: &mut Ui,
    lang: Lang,
    names: &Names<'_>,
    spec: &ParamSpec,
    given: Option<&Value>,
) -> Option<Edited> {
    let default = spec.default_value();
    let shown = given.or(default.as_ref());
    let text = match shown {
        Some(Value::Text(text)) => text.as_str(),
        _ => "",
    };
    let id = ui.scope_id().with(spec.name);
    let spoken = names.spoken;
    if let ParamKind::Curve { .. } = &spec.kind {
        return curve_ui(ui, lang, names, id, text);
    }
    field::row_hint(ui, (names.words, names.hint), names.label_width, |ui| {
        let room = ui.available_width();
        match &spec.kind {
            ParamKind::Float { min, max, soft_max, .. } => {
                let (step, decimals) = step_of(soft_max - min);
                let range = Range { min: *min, max: *soft_max, step };
                numeric_ui(
                    ui,
                    id,
                    spoken,
                    as_number(shown),
                    range,
                    (*max, decimals),
                    words::suffix(spec.unit),
                    None,
                    room,
                )
            }
            ParamKind::Int { min, max, soft_max, default } => {
                let range = Range { min: *min as f64, max: *soft_max as f64, step: 1.0 };
                let empty = default.is_none().then_some(lang.word("automatic"));
                let most = (*max as f64, 0);
                numeric_ui(ui, id, spoken, as_number(shown), range, most, words::suffix(spec.unit), empty, room)
            }
            ParamKind::Bool { .. } => {
                let on = matches!(shown, Some(Value::Bool(true)));
                field::check(ui, spoken, on).then_some(Edited::Value(Value::Bool(!on)))
            }
            ParamKind::Choice { options, default } => {
                let current = options.iter().copied().find(|option| *option == text).unwrap_or(default);
                let choices: Vec<_> = options.iter().map(|word| (*word, (names.choice)(word))).collect();
                menu::combo(ui, spoken, room, current, &choices).map(|word| Edited::Value(Value::Text(word.to_owned())))
            }
            ParamKind::Text { .. } | ParamKind::FieldText { .. } | ParamKind::Curve { .. } => {
                field::line(ui, id, spoken, text, room).map(|text| Edited::Value(Value::Text(text)))
            }
            ParamKind::Colour { .. } => {
                swatch::colour(ui, lang, id, spoken, text, room).map(|colour| Edited::Value(Value::Text(colour)))
            }
            ParamKind::File { .. } => file_ui(ui, lang, spoken, text, room),
        }
    })
}

/// A curve: its points as text, and a square to edit them in, which can be collapsed.
fn curve_ui(ui: &mut Ui, lang: Lang, names: &Names<'_>, id: Id, points: &str) -> Option<Edited> {
    let shown = id.with("drawn");
    let open = ui.data(|data| data.get_temp(shown)).unwrap_or(names.open);
    let typed = field::row_hint(ui, (names.words, names.hint), names.label_width, |ui| {
        let room = ui.available_width() - size::FIELD - ui.spacing().item_spacing.x;
        let typed = field::line(ui, id, names.spoken, points, room);
        let (words, icon) = if open { (lang.word("less"), Icon::Up) } else { (lang.word("more"), Icon::Down) };
        let spoken = format!("{words}: {}", names.spoken);
        if Button::icon_only(icon, &spoken).height(size::FIELD).ui(ui).clicked() {
            ui.data_mut(|data| data.insert_temp(shown, !open));
        }
        typed
    });
    let drawn = if open { curve::curve(ui, id.with("curve"), names.spoken, points) } else { None };
    typed.or(drawn).map(|points| Edited::Value(Value::Text(points)))
}

/// A slider's step for this range, and the decimals shown.
fn step_of(span: f64) -> (f64, usize) {
    if span <= 3.0 {
        (0.01, 2)
    } else if span <= 50.0 {
        (0.1, 1)
    } else {
        (1.0, 0)
    }
}

fn as_number(value: Option<&Value>) -> Option<f64> {
    match value {
        Some(Value::Number(number)) => Some(*number),
        _ => None,
    }
}

#[expect(clippy::too_many_arguments, reason = "one declaration's parts, used at two places")]
fn numeric_ui(
    ui: &mut Ui,
    id: Id,
    name: &str,
    value: Option<f64>,
    range: Range,
    (max, decimals): (f64, usize),
    suffix: &str,
    empty: Option<&str>,
    room: f32,
) -> Option<Edited> {
    let width = size::NUMBER;
    let moved = slider(ui, name, value.unwrap_or(range.min), range, room - width - size::GAP, value.is_none());
    let spec = Number { name, min: range.min, max, step: range.step, decimals, suffix, empty, width };
    match number(ui, id, value, spec) {
        Some(Edit::Set(number)) => Some(Edited::Value(Value::Number(number))),
        Some(Edit::Clear) => Some(Edited::Nothing),
        None => moved.map(|number| Edited::Value(Value::Number(number))),
    }
}

/// A file: its name, and a menu to choose another one.
fn file_ui(ui: &mut Ui, lang: Lang, name: &str, path: &str, room: f32) -> Option<Edited> {
    let short = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let shown = if short.is_empty() { lang.word("choose_file") } else { short };
    let spoken = format!("{name}: {shown}");
    let button = Button::new(shown).left().menu().named(&spoken).height(size::FIELD).width(room).ui(ui);
    let button = if path.is_empty() { button } else { button.on_hover_text(path) };
    menu::below(&button, room, |ui| {
        let by_dialog = menu::entry(ui, lang.word("choose_file"), "", true);
        let by_hand = menu::entry(ui, lang.word("add_path"), "", true);
        (by_dialog || by_hand).then_some(Edited::File { by_hand })
    })
    .flatten()
}
