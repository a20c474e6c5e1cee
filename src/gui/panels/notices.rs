//! Short notices above the run bar, some with an action.

use egui::{Align, Align2, Area, Context, Frame, Id, Layout, Margin, Order, vec2};

use super::jobs;
use crate::engine::{Command, Notice};
use crate::gui::actions::Action;
use crate::gui::state::{Sheet, State};
use crate::gui::theme::{self, size};
use crate::gui::widgets::button::Button;
use crate::gui::widgets::icon::Icon;
use crate::gui::widgets::label;

/// Seconds until a notice with an action disappears.
const STAY_S: f64 = 8.0;
/// Seconds until a notice without an action disappears.
const STAY_SHORT_S: f64 = 3.0;

/// Shows the current notice.
pub(crate) fn ui(ctx: &Context, state: &mut State) {
    let lang = state.lang;
    let notice = state.snapshot.notice.clone();
    let (words, undo, trouble) = if state.engine_gone {
        (lang.word("engine_gone").to_owned(), false, true)
    } else if let Some(fault) = &state.snapshot.catalog_fault {
        (fault.window_text(lang), false, true)
    } else {
        match &notice {
            None => return forget(ctx),
            Some(Notice::Removed(items)) => (lang.removed(*items), true, false),
            Some(Notice::JobDeleted(job)) => (lang.job_deleted(job.0), true, false),
            Some(Notice::CleanedUp(pruned)) => (lang.cleaned_up(pruned), false, false),
            Some(Notice::CommandCopied(job, remarks)) => (lang.command_copied(job.0, remarks), false, false),
            Some(Notice::Added { added, duplicates, only_links }) => {
                (lang.added(*added, *duplicates, *only_links), false, false)
            }
            Some(Notice::NothingToAdd) => (lang.word("nothing_to_add").to_owned(), false, false),
            Some(Notice::NoColumn { list, column }) => (lang.list_lacks(list, column), false, true),
            Some(Notice::Remark(remark)) => (remark.window_text(lang), false, false),
            Some(Notice::Failed(error)) => (error.window_text(lang), false, true),
        }
    };
    if !trouble
        && is_over(ctx, &words, state.now_s, if undo || is_long(notice.as_ref()) { STAY_S } else { STAY_SHORT_S })
    {
        state.send(Command::DismissNotice);
        return;
    }
    // The sheet of jobs shows it.
    if state.sheet == Sheet::Jobs && notice.as_ref().is_some_and(jobs::shows) {
        return;
    }
    let p = theme::of(&ctx.global_style().visuals);
    let frame = Frame::new()
        .fill(p.bg2)
        .stroke(egui::Stroke::new(1.0, if trouble { p.fail } else { p.line }))
        .corner_radius(size::CORNER_CARD)
        .shadow(ctx.global_style().visuals.popup_shadow)
        .inner_margin(Margin::symmetric(14, 8));
    Area::new(Id::unique("notice"))
        .order(Order::Foreground)
        .anchor(Align2::CENTER_BOTTOM, vec2(0.0, -(size::FOOTER + size::MARGIN)))
        .show(ctx, |ui| {
            frame.show(ui, |ui| {
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    let most = (ctx.content_rect().width() - 240.0).max(120.0);
                    let width = label::width(ui, &words, theme::body()).min(most);
                    ui.allocate_ui_with_layout(vec2(width, size::BUTTON), Layout::left_to_right(Align::Center), |ui| {
                        label::text(ui, words.as_str(), theme::body(), if trouble { p.fail } else { p.text })
                            .on_hover_text(words.as_str());
                    });
                    if undo && Button::new(lang.word("undo")).ui(ui).clicked() {
                        Action::Undo.run(ctx, state);
                        state.send(Command::DismissNotice);
                    }
                    let lacks = matches!(notice, Some(Notice::NoColumn { .. })) && !state.engine_gone;
                    if lacks && Button::new(lang.word("columns_choose")).ui(ui).clicked() {
                        state.open(Sheet::Columns);
                        state.send(Command::DismissNotice);
                    }
                    let is_passing = state.engine_gone || state.snapshot.catalog_fault.is_some();
                    if !is_passing && Button::icon_only(Icon::Cross, lang.word("dismiss")).ui(ui).clicked() {
                        state.send(Command::DismissNotice);
                    }
                });
            });
        });
}

/// Whether there may be much to read.
const fn is_long(notice: Option<&Notice>) -> bool {
    matches!(notice, Some(Notice::Remark(_) | Notice::CleanedUp(_) | Notice::CommandCopied(..)))
}

fn forget(ctx: &Context) {
    ctx.data_mut(|data| data.remove_temp::<(String, f64)>(Id::unique("notice since")));
}

/// Whether the notice's time is over; schedules the repaint that removes it.
fn is_over(ctx: &Context, words: &str, now_s: f64, stay_s: f64) -> bool {
    let id = Id::unique("notice since");
    let since = ctx.data_mut(|data| match data.get_temp::<(String, f64)>(id) {
        Some((shown, since)) if shown == words => since,
        _ => {
            data.insert_temp(id, (words.to_owned(), now_s));
            now_s
        }
    });
    let left = stay_s - (now_s - since);
    if left > 0.0 {
        ctx.request_repaint_after(std::time::Duration::from_secs_f64(left));
    }
    left <= 0.0
}
