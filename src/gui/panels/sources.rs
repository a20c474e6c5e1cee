//! The sources: folders and hosts with their counts, and what limits the job now.

use egui::{Align, Align2, Layout, Rect, Sense, Ui, UiBuilder, WidgetInfo, accesskit::Role, pos2, vec2};

use super::header::open_menu;
use super::watches;
use crate::engine::{ItemsFilter, SourceGroup};
use crate::gui::format::count;
use crate::gui::state::{Sheet, State};
use crate::gui::theme::{self, size};
use crate::gui::widgets::button::{Button, focus_ring};
use crate::gui::widgets::icon::Icon;
use crate::gui::widgets::{label, scroll};
use crate::model::{Busy, JobState};

/// Maximum number of folders or hosts listed; one line counts the rest.
const GROUPS_SHOWN: usize = 200;

/// Draws the sources.
pub(crate) fn ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let busy = state.job().filter(|job| job.state == JobState::Running).map(|job| job.progress.busy);
    if let Some(busy) = busy {
        egui::Panel::bottom("limits")
            .frame(egui::Frame::new())
            .show_separator_line(false)
            .exact_size(if busy.databases.is_some() { 148.0 } else { 128.0 })
            .show(ui, |ui| limits_ui(ui, busy, state));
    }
    label::heading(ui, lang.word("sources"));
    ui.add_space(size::GAP_SMALL);
    if state.is_empty() {
        if state.job().is_some_and(|job| !job.list_files.is_empty()) {
            // A list without items yet may have them with the right column.
            return lists_ui(ui, state);
        }
        ui.horizontal(|ui| {
            ui.add_space(size::GAP);
            label::note(ui, lang.word("nothing_added"));
        });
        return watches::ui(ui, state);
    }
    let groups = state.job().map(|job| job.groups.clone()).unwrap_or_default();
    egui::ScrollArea::vertical().auto_shrink([false, true]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        let links = lang.word(if state.is_query_job() { "statements" } else { "links" });
        for (is_links, heading) in [(false, lang.word("photos")), (true, links)] {
            let of_kind: Vec<&SourceGroup> = groups.iter().filter(|group| group.is_links == is_links).collect();
            if of_kind.is_empty() {
                continue;
            }
            let total = of_kind.iter().map(|group| group.total).sum();
            if row(ui, heading, &Tally::Total(total), 0.0, state.listing.filter.text.is_empty() && !is_links) {
                state.listing.set_filter(ItemsFilter::default());
            }
            let named = of_kind.iter().filter(|group| !group.label.is_empty());
            for group in named.take(GROUPS_SHOWN) {
                let on = state.listing.filter.text == group.label;
                if row(ui, &group.label, &Tally::of(group), size::MARGIN, on) {
                    let text = if on { String::new() } else { group.label.clone() };
                    state.listing.set_filter(ItemsFilter { text, ..ItemsFilter::default() });
                }
            }
            if of_kind.len() > GROUPS_SHOWN {
                label::note(ui, lang.more_groups(of_kind.len() - GROUPS_SHOWN));
            }
        }
        lists_ui(ui, state);
        watches::ui(ui, state);
        ui.add_space(size::GAP);
        let add = Button::new(lang.word("add")).icon(Icon::Plus).width(ui.available_width()).ui(ui);
        open_menu(&add, state);
        scroll::follow_focus(ui);
    });
}

/// Lists with columns. Clicking one opens the sheet to choose columns.
fn lists_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let files = state.job().map(|job| job.list_files.clone()).unwrap_or_default();
    if files.is_empty() {
        return;
    }
    ui.add_space(size::GAP);
    label::heading(ui, lang.word("lists"));
    for file in files.iter() {
        let name = file.path.file_name().unwrap_or(file.path.as_os_str()).to_string_lossy();
        let button = Button::new(&name).left().menu().ghost().width(ui.available_width());
        if button.named(&lang.columns_of(&name)).ui(ui).on_hover_text(file.path.display().to_string()).clicked() {
            state.open(Sheet::Columns);
        }
        if let Some(column) = &file.missing {
            ui.horizontal(|ui| {
                ui.add_space(size::GAP);
                let ink = theme::palette(ui).fail;
                label::wrapped(ui, lang.lacks_column(&name, column), theme::label(), ink);
            });
        }
    }
}

enum Tally {
    Total(u64),
    Outcome { done: u64, failed: u64 },
}

impl Tally {
    fn of(group: &SourceGroup) -> Self {
        if group.failed > 0 {
            Self::Outcome { done: group.done, failed: group.failed }
        } else {
            Self::Total(group.total)
        }
    }
}

/// A row; `true` when clicked.
fn row(ui: &mut Ui, words: &str, tally: &Tally, indent: f32, on: bool) -> bool {
    let p = theme::palette(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), size::ROW), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, on, words));
    if on || response.hovered() {
        ui.painter().rect_filled(rect, theme::corner(), if on { p.bg3 } else { p.bg2 });
    }
    let right = rect.right_center() - vec2(size::GAP, 0.0);
    let figures = theme::figures_small();
    let tally_left = match tally {
        Tally::Total(total) => {
            let (font, ink) = if indent > 0.0 { (figures, p.text3) } else { (theme::figures(), p.text2) };
            ui.painter().text(right, Align2::RIGHT_CENTER, count(*total), font, ink).left()
        }
        Tally::Outcome { done, failed } => {
            let failed = ui.painter().text(right, Align2::RIGHT_CENTER, count(*failed), figures.clone(), p.fail);
            let dot = ui.painter().text(
                pos2(failed.left() - 4.0, right.y),
                Align2::RIGHT_CENTER,
                "·",
                figures.clone(),
                p.text3,
            );
            ui.painter().text(pos2(dot.left() - 4.0, right.y), Align2::RIGHT_CENTER, count(*done), figures, p.ok).left()
        }
    };
    let ink = if indent > 0.0 { p.text2 } else { p.text };
    let room = (tally_left - rect.left() - size::GAP - indent - size::GAP).max(8.0);
    let galley = ui.painter().layout_job(elided(words, room, ink));
    let at = Align2::LEFT_CENTER.anchor_size(rect.left_center() + vec2(size::GAP + indent, 0.0), galley.size()).min;
    ui.painter().galley(at, galley, ink);
    focus_ring(ui, rect.shrink(2.0), &response);
    let response = if indent > 0.0 { response.on_hover_text(words) } else { response };
    response.clicked()
}

/// A path is shortened at the start, because paths differ at the end.
fn elided(words: &str, room: f32, ink: egui::Color32) -> egui::text::LayoutJob {
    let most = (room / 6.6).max(4.0) as usize;
    let letters = words.chars().count();
    let shown = if letters > most && words.contains(['/', '\\']) {
        let tail: String = words.chars().skip(letters - most + 1).collect();
        format!("…{tail}")
    } else {
        words.to_owned()
    };
    let mut job = egui::text::LayoutJob::simple_singleline(shown, theme::figures(), ink);
    job.wrap = egui::text::TextWrapping::truncate_at_width(room);
    job
}

fn limits_ui(ui: &mut Ui, busy: Busy, state: &State) {
    let lang = state.lang;
    let p = theme::palette(ui);
    ui.with_layout(Layout::top_down(Align::Min), |ui| {
        label::heading(ui, lang.word("limit_now"));
        let mut all = vec![
            (lang.word("cores"), busy.cores),
            (lang.word("network"), busy.network),
            (lang.word("disk"), busy.disk),
            (lang.word("memory"), busy.memory),
        ];
        all.extend(busy.databases.map(|share| (lang.word("database"), share)));
        let fullest = all.iter().map(|(_, share)| *share).fold(0.0_f32, f32::max);
        for (words, share) in all {
            let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
            let percent = f64::from((share.clamp(0.0, 1.0) * 100.0).round());
            response.widget_info(|| {
                let mut info = WidgetInfo::labeled(Role::Meter, true, words);
                info.value = Some(percent);
                info
            });
            let mut name = ui.new_child(
                UiBuilder::new()
                    .max_rect(Rect::from_min_size(rect.min, vec2(72.0, rect.height())))
                    .layout(Layout::left_to_right(Align::Center)),
            );
            label::note(&mut name, words);
            let y = rect.center().y;
            let rail = Rect::from_min_max(pos2(rect.left() + 80.0, y - 2.0), pos2(rect.right(), y + 2.0));
            ui.painter().rect_filled(rail, 2.0, p.bg3);
            let mut part = rail;
            part.set_width(rail.width() * share.clamp(0.0, 1.0));
            let ink = if share >= 0.9 && share >= fullest { p.warn } else { p.accent };
            ui.painter().rect_filled(part, 2.0, ink);
        }
    });
}
