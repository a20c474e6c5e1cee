//! The control that opened a menu, sheet or dialog: it gets the keyboard focus back when that closes.

use egui::{Context, Id, Key, Popup, Response};

/// The button that was pressed last, and the frame in which it, or an entry of its menu, was pressed.
#[derive(Clone, Copy)]
struct Pressed {
    button: Id,
    frame: u64,
}

fn pressed_id() -> Id {
    Id::unique("pressed button")
}

/// A button was pressed.
pub(crate) fn pressed(ctx: &Context, button: Id) {
    let frame = ctx.cumulative_frame_nr();
    ctx.data_mut(|data| data.insert_temp(pressed_id(), Pressed { button, frame }));
}

/// An entry of a menu was chosen: what it opens was opened by the menu's button.
pub(crate) fn chosen(ctx: &Context) {
    let frame = ctx.cumulative_frame_nr();
    ctx.data_mut(|data| {
        if let Some(last) = data.get_temp::<Pressed>(pressed_id()) {
            data.insert_temp(pressed_id(), Pressed { frame, ..last });
        }
    });
}

/// The button that was pressed in this frame, or whose menu was used.
pub(crate) fn pressed_now(ctx: &Context) -> Option<Id> {
    let frame = ctx.cumulative_frame_nr();
    let last = ctx.data(|data| data.get_temp::<Pressed>(pressed_id()));
    last.filter(|last| last.frame == frame).map(|last| last.button)
}

/// After a button's menu was drawn: a menu that was closed by a key returns the focus to its button. A click elsewhere
/// moves the focus there.
pub(crate) fn give_back_focus(button: &Response) {
    let ctx = &button.ctx;
    let is_open = Popup::is_id_open(ctx, Popup::default_response_id(button));
    let id = button.id.with("menu is open");
    let was_open = ctx.data(|data| data.get_temp::<bool>(id)).unwrap_or(false);
    if was_open != is_open {
        ctx.data_mut(|data| data.insert_temp(id, is_open));
    }
    let by_key = || ctx.input(|input| [Key::Escape, Key::Enter, Key::Space].iter().any(|key| input.key_pressed(*key)));
    if was_open && !is_open && by_key() {
        button.request_focus();
    }
}
