//! Why an item failed, with actions.

use egui::{Align, Layout, Rect, Ui, UiBuilder, vec2};

use crate::engine::Command;
use crate::error::ItemError;
use crate::gui::state::State;
use crate::gui::theme::{self, size};
use crate::gui::widgets::button::Button;
use crate::gui::widgets::icon::Icon;
use crate::gui::widgets::label;
use crate::model::{FailureFilter, ItemRow, ItemState, JobState, locator};

/// Draws the error with Retry, Skip and Details.
pub(crate) fn ui(ui: &mut Ui, area: Rect, state: &mut State, row: &ItemRow, error: &ItemError) {
    let lang = state.lang;
    let p = theme::palette(ui);
    ui.painter().rect_filled(area, theme::corner(), p.bg1);
    let width = (area.width() - 48.0).clamp(80.0, 520.0);
    let sentence = error.window_text(lang);
    let galley = ui.painter().layout(sentence.clone(), theme::body(), p.text, width);
    let details = if state.view.details { size::DETAILS } else { 0.0 };
    let height = (36.0 + galley.size().y + size::MARGIN + size::BUTTON + details).min(area.height() - 8.0);
    let inner = Rect::from_center_size(area.center(), vec2(width, height));
    let mut child = ui.new_child(UiBuilder::new().max_rect(inner).layout(Layout::top_down(Align::Min)));
    child.shrink_clip_rect(area);
    let ui = &mut child;
    ui.spacing_mut().item_spacing.y = size::GAP;
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(20.0, 20.0), egui::Sense::hover());
        ui.painter().circle_filled(rect.center(), 10.0, p.fail.gamma_multiply(0.18));
        Icon::Bang.paint(ui.painter(), rect, p.fail);
        label::text(ui, error.kind.name(lang), theme::strong(), p.fail);
    });
    label::wrapped(ui, sentence, theme::body(), p.text);
    let recorded = row.state == ItemState::Failed && state.job().is_some_and(|job| job.state != JobState::Draft);
    ui.horizontal(|ui| {
        if recorded {
            let (job, seq) = (row.id.job, row.id.seq);
            if Button::new(lang.word("retry")).ui(ui).clicked() {
                state.send(Command::Retry { job, failures: FailureFilter::ALL, items: Some(vec![seq]) });
            }
            if Button::new(lang.word("skip")).ui(ui).clicked() {
                state.send(Command::Skip { job, items: vec![seq] });
            }
        }
        if Button::new(lang.word("details")).ghost().selected(state.view.details).ui(ui).clicked() {
            state.view.details = !state.view.details;
        }
    });
    if state.view.details {
        details_ui(ui, state, row, error);
    }
}

fn details_ui(ui: &mut Ui, state: &State, row: &ItemRow, error: &ItemError) {
    let lang = state.lang;
    let p = theme::palette(ui);
    let mut lines = vec![
        (lang.word("location").to_owned(), locator::page_name(&row.locator.to_string(), lang)),
        (lang.word("kind").to_owned(), error.kind.word()),
    ];
    if row.attempts > 0 {
        lines.push((lang.word("attempts").to_owned(), row.attempts.to_string()));
    }
    lines.extend(row.http_status.map(|status| ("HTTP".to_owned(), status.to_string())));
    egui::ScrollArea::vertical().id_salt("details").auto_shrink([false, true]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for (name, value) in lines {
            ui.horizontal(|ui| {
                label::text(ui, format!("{name}:"), theme::label(), p.text3);
                let shown = egui::RichText::new(value).font(theme::figures_small()).color(p.text2);
                ui.add(egui::Label::new(shown).selectable(true).truncate());
            });
        }
    });
}
