//! A colour field: a swatch that opens a picker, and the value as text.

use egui::ecolor::{Hsva, HsvaGamma};
use egui::{Color32, Id, Popup, PopupCloseBehavior, Sense, StrokeKind, Ui, WidgetInfo, accesskit::Role, vec2};

use super::button::focus_ring;
use super::field;
use super::opener;
use super::slider::{Range, slider};
use crate::gui::theme::{self, size};
use crate::model::Lang;

/// An editor for a colour in the syntax of scripts; `Some` if it was changed.
pub(crate) fn colour(ui: &mut Ui, lang: Lang, id: Id, name: &str, text: &str, width: f32) -> Option<String> {
    let picked = patch(ui, lang, name, text);
    let room = width - size::FIELD - size::GAP_SMALL - ui.spacing().item_spacing.x;
    let typed = field::line(ui, id, name, text, room);
    picked.or(typed.map(|text| text.trim().to_lowercase()))
}

fn patch(ui: &mut Ui, lang: Lang, name: &str, text: &str) -> Option<String> {
    let p = theme::palette(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(size::FIELD, size::FIELD), Sense::click());
    let spoken = format!("{name}: {}", lang.word("pick_colour"));
    response.widget_info(|| WidgetInfo::labeled(Role::ColorWell, true, &spoken));
    let colour = theme::named_colour(text);
    let inner = rect.shrink(2.0);
    if colour.is_none_or(|colour| !colour.is_opaque()) {
        // The background of a colour with transparency: a light and a dark half.
        let (left, right) = inner.split_left_right_at_fraction(0.5);
        ui.painter().rect_filled(left, 0.0, p.bg0);
        ui.painter().rect_filled(right, 0.0, p.text3);
    }
    let stroke = egui::Stroke::new(1.0, p.text3);
    ui.painter().rect(inner, theme::corner(), colour.unwrap_or_default(), stroke, StrokeKind::Inside);
    focus_ring(ui, rect, &response);
    let response = response.on_hover_text(lang.word("pick_colour"));
    let popup = Popup::menu(&response).gap(4.0).close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let shown = popup.show(|ui| picker(ui, lang, response.id, colour.unwrap_or(theme::UNTINTED)));
    opener::give_back_focus(&response);
    shown.and_then(|shown| shown.inner)
}

/// Sliders for hue, saturation, brightness and opacity.
fn picker(ui: &mut Ui, lang: Lang, id: Id, colour: Color32) -> Option<String> {
    ui.set_width(size::PICKER);
    ui.spacing_mut().item_spacing.y = size::GAP_SMALL;
    // A gray has no hue, so the last chosen one is kept as long as it yields this colour.
    let kept: Option<HsvaGamma> = ui.data(|data| data.get_temp(id));
    let before = kept.filter(|kept| to_colour(*kept) == colour).unwrap_or_else(|| colour.into());
    let mut parts = before;
    let rows = [
        (lang.word("hue"), &mut parts.h, 360.0),
        (lang.word("saturation"), &mut parts.s, 100.0),
        (lang.word("brightness"), &mut parts.v, 100.0),
        (lang.word("opacity"), &mut parts.a, 100.0),
    ];
    for (words, part, most) in rows {
        field::row(ui, words, size::FIELD_LABEL, |ui| {
            let range = Range { min: 0.0, max: most, step: 1.0 };
            let room = ui.available_width();
            if let Some(moved) = slider(ui, words, f64::from(*part) * most, range, room, false) {
                *part = (moved / most) as f32;
            }
        });
    }
    ui.data_mut(|data| data.insert_temp(id, parts));
    (parts != before).then(|| theme::colour_name(to_colour(parts)))
}

fn to_colour(parts: HsvaGamma) -> Color32 {
    let [red, green, blue, alpha] = Hsva::from(parts).to_srgba_unmultiplied();
    theme::colour(red, green, blue, alpha)
}
