//! The preview: its toolbar (name, sizes, comparison, zoom) and the image.

use std::cmp::Ordering;
use std::sync::Arc;

use egui::{Align, CursorIcon, Layout, Rect, Sense, Ui, UiBuilder, vec2};

use super::item_error;
use crate::engine::{PicturePreview, Preview, PreviewContent};
use crate::error::ItemError;
use crate::gui::actions;
use crate::gui::format::{bytes, change};
use crate::gui::state::{Compare, PIXEL, Scale, State};
use crate::gui::theme::{self, size};
use crate::gui::widgets::button::Button;
use crate::gui::widgets::icon::Icon;
use crate::gui::widgets::label;
use crate::gui::widgets::segmented::{segmented, segmented_width};
use crate::gui::widgets::split_view::{self, Shown, Words};
use crate::model::{Lang, is_copy, names};

/// Draws the preview.
pub(crate) fn ui(ui: &mut Ui, state: &mut State) {
    let whole = ui.max_rect();
    ui.advance_cursor_after_rect(whole);
    ui.painter().rect_filled(whole, 0.0, theme::palette(ui).bg0);
    let bar = Rect::from_min_size(whole.min, vec2(whole.width(), size::PREVIEW_BAR)).shrink2(vec2(size::MARGIN, 0.0));
    let mut area = whole.shrink2(vec2(size::MARGIN, 0.0));
    area.min.y = bar.bottom();
    area.max.y -= size::MARGIN;
    let scale = ui.ctx().pixels_per_point();
    let width = if state.view.compare == Compare::SideBySide { (area.width() - size::GAP) / 2.0 } else { area.width() };
    let px = |points: f32| (points * scale).round().clamp(1.0, 8192.0) as u32;
    state.view.area_px = (area.height() > 20.0).then(|| (px(width), px(area.height())));

    ui.scope_builder(UiBuilder::new().max_rect(bar).layout(Layout::left_to_right(Align::Center)), |ui| {
        bar_ui(ui, state);
    });
    if area.height() > 20.0 {
        ui.scope_builder(UiBuilder::new().max_rect(area), |ui| content_ui(ui, area, state));
    }
}

/// The image of the previewed item, once the engine has delivered it.
fn shown_image(state: &State) -> Option<&PicturePreview> {
    match &state.preview.content {
        PreviewContent::Picture(image) if is_current(state) => Some(image),
        _ => None,
    }
}

fn is_current(state: &State) -> bool {
    let shown = state.preview.request.as_ref().map(|request| request.id);
    shown.is_some() && shown == state.listing.cursor_id()
}

/// Whether there is, or will be, an image to compare.
fn is_image(state: &State) -> bool {
    !is_current(state) || matches!(state.preview.content, PreviewContent::Picture(_) | PreviewContent::Nothing)
}

fn compare_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    if let Some(compare) = segmented(ui, lang.word("compare"), state.view.compare, &compares(lang)) {
        state.view.compare = compare;
    }
    if let Some(scale) = segmented(ui, lang.word("zoom"), state.view.scale, &scales(lang)) {
        state.view.scale = scale;
    }
    let is_shown = !state.drafts.settings.get().hides_histogram;
    if Button::icon_only(Icon::Histogram, lang.word("histogram")).selected(is_shown).ui(ui).clicked() {
        actions::toggle_histogram(state);
    }
}

fn compares(lang: Lang) -> [(Compare, &'static str); 2] {
    [(Compare::Split, lang.word("split")), (Compare::SideBySide, lang.word("side_by_side"))]
}

fn scales(lang: Lang) -> [(Scale, &'static str); 3] {
    [(Scale::Fit, lang.word("fit")), (Scale::Full, lang.word("full")), (Scale::Pixel, lang.word("pixel"))]
}

/// The width of both groups of buttons and of the button after them, with the gap before each.
fn compare_width(ui: &Ui, lang: Lang) -> f32 {
    let width = segmented_width(ui, compares(lang).into_iter().map(|(_, word)| word))
        + segmented_width(ui, scales(lang).into_iter().map(|(_, word)| word));
    width + size::BUTTON + 3.0 * ui.spacing().item_spacing.x
}

fn bar_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let name = state.listing.cursor.as_ref().map(|row| row.locator.shown_name(lang));
    // Drawn from left to right, so that the Tab key goes through it in this order.
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        let buttons = if is_image(state) { compare_width(ui, lang) } else { 0.0 };
        let room = vec2((ui.available_width() - buttons).max(0.0), size::BUTTON);
        let (rect, _) = ui.allocate_exact_size(room, Sense::hover());
        let in_rect = UiBuilder::new().max_rect(rect).layout(Layout::left_to_right(Align::Center));
        let mut left = ui.new_child(in_rect);
        heading_ui(&mut left, state, name);
        if is_image(state) {
            compare_ui(ui, state);
        }
    });
}

/// The item's name and, where there is room, its dimensions and sizes.
fn heading_ui(ui: &mut Ui, state: &State, name: Option<String>) {
    let lang = state.lang;
    let p = theme::palette(ui);
    let sizes = shown_image(state).map(|image| (sizes(image), saved(state, image)));
    let Some(name) = name else {
        label::text(ui, lang.word("preview"), theme::strong(), p.text2);
        return;
    };
    let (dimensions, saved) = sizes.unwrap_or_default();
    let takes = |words: &str| {
        if words.is_empty() { 0.0 } else { label::width(ui, words, theme::figures()) + size::GAP }
    };
    let room = ui.available_width() - label::width(ui, &name, theme::strong()) - 1.0;
    let (all, only_saved) = (room >= takes(&dimensions) + takes(&saved), room >= takes(&saved));
    label::text(ui, name, theme::strong(), p.text);
    if all && !dimensions.is_empty() {
        label::text(ui, dimensions, theme::figures(), p.text2);
    }
    if only_saved && !saved.is_empty() {
        let ink = shown_image(state).and_then(|image| {
            let after = image.after_bytes?;
            Some(match after.cmp(&image.before_bytes) {
                Ordering::Less => p.ok,
                Ordering::Equal => p.text2,
                Ordering::Greater => p.warn,
            })
        });
        label::text(ui, saved, theme::figures(), ink.unwrap_or(p.text2));
    }
}

fn sizes(image: &PicturePreview) -> String {
    let ((w0, h0), (w1, h1)) = (image.before_size_px, image.after_size_px);
    if (w0, h0) == (w1, h1) { format!("{w0} × {h0}") } else { format!("{w0} × {h0} → {w1} × {h1}") }
}

fn saved(state: &State, image: &PicturePreview) -> String {
    match image.after_bytes {
        Some(after) if is_copy(&state.whole_recipe(), state.save()) => {
            format!("{} · {}", bytes(after), state.lang.word("copied_unchanged"))
        }
        Some(after) if after == image.before_bytes => bytes(after),
        Some(after) => {
            let sizes =
                format!("{} → {} ({})", bytes(image.before_bytes), bytes(after), change(image.before_bytes, after));
            image.score.map_or(sizes.clone(), |score| format!("{sizes} · {}", state.lang.score(score)))
        }
        None => String::new(),
    }
}

fn content_ui(ui: &mut Ui, area: Rect, state: &mut State) {
    let lang = state.lang;
    let Some(row) = state.listing.cursor.clone() else {
        message(ui, area, lang.word("select_an_item"));
        return;
    };
    if !is_current(state) {
        match &row.error {
            Some(error) => item_error::ui(ui, area, state, &row, error),
            None => message(ui, area, lang.word("preparing")),
        }
        return;
    }
    let preview = Arc::clone(&state.preview);
    match &preview.content {
        PreviewContent::Nothing => message(ui, area, lang.word("preparing")),
        PreviewContent::NotFetched => match &row.error {
            Some(error) => item_error::ui(ui, area, state, &row, error),
            None => message(ui, area, lang.word("not_fetched")),
        },
        PreviewContent::Failed(error) => {
            // The error that the run recorded says more than the preview's.
            let error: &ItemError = row.error.as_ref().unwrap_or(error);
            item_error::ui(ui, area, state, &row, error);
        }
        PreviewContent::Text { text, size_bytes, content_type } => {
            text_ui(ui, area, state, text, *size_bytes, content_type);
        }
        PreviewContent::Picture(image) => image_ui(ui, area, state, image),
    }
}

fn message(ui: &Ui, area: Rect, words: &str) {
    let p = theme::palette(ui);
    ui.painter().rect_filled(area, theme::corner(), p.bg1);
    let galley = ui.painter().layout(words.to_owned(), theme::body(), p.text2, area.width() - 24.0);
    let rect = Rect::from_center_size(area.center(), galley.size());
    ui.painter().galley(rect.min, galley, p.text2);
    label::spoken(ui, rect, words);
}

fn text_ui(ui: &mut Ui, area: Rect, state: &State, text: &str, size_bytes: u64, content_type: &str) {
    let p = theme::palette(ui);
    ui.painter().rect_filled(area, theme::corner(), p.bg1);
    let inner = area.shrink(size::MARGIN);
    ui.scope_builder(UiBuilder::new().max_rect(inner), |ui| {
        label::note(ui, format!("{content_type} · {} {}", bytes(size_bytes), state.lang.word("text_size")));
        egui::ScrollArea::both().id_salt("text preview").auto_shrink(false).show(ui, |ui| {
            let shown = egui::RichText::new(text).font(theme::figures()).color(p.text);
            ui.add(egui::Label::new(shown).selectable(true).extend());
        });
    });
}

fn image_ui(ui: &mut Ui, area: Rect, state: &mut State, image: &PicturePreview) {
    let lang = state.lang;
    let p = theme::palette(ui);
    let preview = Arc::clone(&state.preview);
    let Some((before, after)) = state.textures.preview(ui.ctx(), &preview) else {
        message(ui, area, lang.word("preparing"));
        return;
    };
    ui.painter().rect_filled(area, theme::corner(), p.bg1);
    let magnified = if state.view.scale == Scale::Pixel { PIXEL as f32 } else { 1.0 };
    let scale = magnified / ui.ctx().pixels_per_point();
    let of = |texture: &egui::TextureHandle| Shown { texture: texture.id(), size_pt: texture.size_vec2() * scale };
    let words = Words { before: lang.word("before"), after: lang.word("after"), divider: lang.word("divider") };
    if state.view.scale != Scale::Fit {
        pan(ui, area, state, image, scale);
    }
    match state.view.compare {
        Compare::Split => split_view::split(ui, area, of(&before), of(&after), &mut state.view.split, words),
        Compare::SideBySide => split_view::side_by_side(ui, area, of(&before), of(&after), words),
    }
    let has_histogram = area.height() > 160.0 && area.width() > 560.0 && !state.drafts.settings.get().hides_histogram;
    if has_histogram {
        split_view::histogram(ui, area, &image.histogram, lang.word("histogram_plot"));
    }
    let words = if preview.faults.is_empty() {
        image.approximate.then(|| lang.word("approximate").to_owned())
    } else {
        Some(not_applied(lang, &preview))
    };
    if let Some(words) = words {
        let room = area.shrink(10.0);
        let room =
            if has_histogram { room.with_max_x(room.right() - split_view::HISTOGRAM.x - size::GAP) } else { room };
        split_view::note(ui, room, &words);
    }
}

/// Which steps the image lacks; of those that only this item lacks, why.
fn not_applied(lang: Lang, preview: &Preview) -> String {
    let of_item = preview.faults.iter().filter(|fault| fault.is_of_item);
    let reasons: Vec<String> = of_item.map(|fault| fault.why.window_text(lang)).collect();
    if !reasons.is_empty() {
        return lang.not_applied(&reasons.join(" "));
    }
    let steps = preview.request.iter().flat_map(|request| &request.recipe.steps).enumerate();
    let faulty = steps.filter(|(index, _)| preview.faults.iter().any(|fault| fault.step_index == *index));
    lang.not_applied(&faulty.map(|(_, step)| names::op_name(lang, &step.op)).collect::<Vec<_>>().join(", "))
}

/// At full scale, dragging moves the image.
fn pan(ui: &Ui, area: Rect, state: &mut State, image: &PicturePreview, scale: f32) {
    let response = ui.interact(area, ui.scope_id().with("pan"), Sense::DRAG);
    if response.hovered() {
        ui.ctx().set_cursor_icon(if response.dragged() { CursorIcon::Grabbing } else { CursorIcon::Grab });
    }
    let (width, height) = image.after_size_px;
    let moved = response.drag_delta() / scale.max(f32::EPSILON);
    let (x, y) = state.view.center;
    state.view.center =
        ((x - moved.x / width.max(1) as f32).clamp(0.0, 1.0), (y - moved.y / height.max(1) as f32).clamp(0.0, 1.0));
}
