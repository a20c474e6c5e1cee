//! A number field: shows a number with its unit, can be typed into, and steps with the arrow keys.

use egui::{Align2, Id, Key, TextEdit, Ui};

use crate::gui::format;
use crate::gui::theme::{self, size};

/// Limits and format of a number field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number<'a> {
    /// Accessible name.
    pub(crate) name: &'a str,
    /// Smallest number allowed.
    pub(crate) min: f64,
    /// Largest number allowed.
    pub(crate) max: f64,
    /// Step of the arrow keys.
    pub(crate) step: f64,
    /// Digits after the decimal point.
    pub(crate) decimals: usize,
    /// Shown after the number.
    pub(crate) suffix: &'a str,
    /// Shown if there is no number; clearing the field then means "none".
    pub(crate) empty: Option<&'a str>,
    /// Width in points.
    pub(crate) width: f32,
}

/// The result of an edit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Edit {
    /// Another number.
    Set(f64),
    /// Emptied.
    Clear,
}

/// Draws the field with this id; `Some` if the number was changed.
pub(crate) fn number(ui: &mut Ui, id: Id, value: Option<f64>, spec: Number<'_>) -> Option<Edit> {
    let shown = match value {
        Some(value) => format!("{}{}", format::number(value, spec.decimals), spec.suffix),
        None => spec.empty.unwrap_or_default().to_owned(),
    };
    let focused = ui.memory(|memory| memory.has_focus(id));
    let draft = id.with("draft");
    // The input is kept for one frame after the focus is lost.
    let typed = ui.data(|data| data.get_temp::<String>(draft));
    let left = typed.is_some() && !focused;
    let mut text = typed.unwrap_or_else(|| shown.clone());
    let steps = if focused { arrows(ui) } else { 0.0 };

    let p = theme::palette(ui);
    let edit = TextEdit::singleline(&mut text)
        .id(id)
        .font(theme::figures())
        .text_color(if value.is_some() { p.text } else { p.text3 })
        .align(Align2::RIGHT_CENTER)
        .margin(egui::Margin::symmetric(6, 2))
        .min_size(egui::vec2(0.0, size::FIELD))
        .desired_width(spec.width)
        .clip_text(true);
    let response = edit.show(ui).response.response;
    let response = response.accessible_name(spec.name);

    if response.gained_focus() {
        select_all(ui, id, &text);
    }
    if response.has_focus() {
        ui.data_mut(|data| data.insert_temp(draft, text.clone()));
    }
    let clamp = |number: f64| number.clamp(spec.min, spec.max);
    if steps != 0.0 {
        let next = clamp(value.unwrap_or(spec.min) + steps * spec.step);
        let tidy = (next * 1e9).round() / 1e9;
        ui.data_mut(|data| data.insert_temp(draft, format!("{}{}", format::number(tidy, spec.decimals), spec.suffix)));
        return (value != Some(tidy)).then_some(Edit::Set(tidy));
    }
    if response.has_focus() || !(left || response.lost_focus()) {
        return None;
    }
    ui.data_mut(|data| data.remove_temp::<String>(draft));
    if text == shown || ui.input(|input| input.key_pressed(Key::Escape)) {
        return None;
    }
    if text.trim().is_empty() || spec.empty == Some(text.trim()) {
        return (spec.empty.is_some() && value.is_some()).then_some(Edit::Clear);
    }
    let number = clamp(parse(&text, spec.suffix)?);
    (value != Some(number)).then_some(Edit::Set(number))
}

fn arrows(ui: &Ui) -> f64 {
    ui.input_mut(|input| {
        let none = egui::Modifiers::NONE;
        f64::from(i32::from(input.consume_key(none, Key::ArrowUp)) - i32::from(input.consume_key(none, Key::ArrowDown)))
    })
}

fn select_all(ui: &Ui, id: Id, text: &str) {
    let Some(mut state) = TextEdit::load_state(ui.ctx(), id) else { return };
    let end = egui::text::CCursor::new(egui::text::CharIndex(text.chars().count()));
    state.cursor.set_char_range(Some(egui::text::CCursorRange::two(egui::text::CCursor::default(), end)));
    TextEdit::store_state(ui.ctx(), id, state);
}

/// Parses a number with or without its unit, with a decimal comma or point.
fn parse(text: &str, suffix: &str) -> Option<f64> {
    let bare = text.trim().strip_suffix(suffix.trim()).unwrap_or(text.trim()).trim();
    let bare = bare.replace('−', "-").replace(',', ".");
    bare.parse::<f64>().ok().filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_parsed_as_people_type_them() {
        for (text, number) in
            [("1600 px", Some(1600.0)), ("1600", Some(1600.0)), (" 0,8 ", Some(0.8)), ("−3", Some(-3.0))]
        {
            assert_eq!(parse(text, " px"), number);
        }
        assert_eq!(parse("wide", " px"), None);
        assert_eq!(parse("NaN", ""), None);
        assert_eq!(parse("inf", ""), None);
    }
}
