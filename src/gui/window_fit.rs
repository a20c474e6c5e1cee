//! Shrinks a window that is larger than its screen when it opens.

use std::time::Duration;

use egui::{Context, Rect, Vec2, ViewportCommand, pos2, vec2};

use super::theme::size;

/// How long the desktop may take to report sizes and add a title bar.
const WATCHED_S: f64 = 1.5;
/// Interval between checks during that time.
const LOOK_EVERY: Duration = Duration::from_millis(150);

/// Watches the window while it opens.
#[derive(Debug, Default)]
pub(crate) struct Fit {
    first_s: Option<f64>,
    over: bool,
}

impl Fit {
    /// Checks the window, and shrinks it once if necessary.
    pub(crate) fn look(&mut self, ctx: &Context) {
        if self.over {
            return;
        }
        let (now_s, view) = ctx.input(|input| (input.time, input.viewport().clone()));
        let first_s = *self.first_s.get_or_insert(now_s);
        let large = view.fullscreen == Some(true) || view.maximized == Some(true);
        if large || now_s - first_s > WATCHED_S {
            self.over = true;
            return;
        }
        ctx.request_repaint_after(LOOK_EVERY);
        let (Some(screen), Some(outer), Some(inner)) = (view.monitor_size, view.outer_rect, view.inner_rect) else {
            return;
        };
        if let Some(fitting) = fitting(screen, outer, inner) {
            self.over = true;
            ctx.send_viewport_cmd(ViewportCommand::InnerSize(fitting));
            ctx.send_viewport_cmd(ViewportCommand::OuterPosition(pos2(
                outer.left().clamp(0.0, size::SCREEN_EDGE),
                0.0,
            )));
        }
    }
}

/// The content's size that fits the screen, if the current one doesn't.
fn fitting(screen: Vec2, outer: Rect, inner: Rect) -> Option<Vec2> {
    if screen.min_elem() < 1.0 || (outer.width() <= screen.x + 1.0 && outer.height() <= screen.y + 1.0) {
        return None;
    }
    let edges = (outer.size() - inner.size()).max(Vec2::ZERO);
    let room = screen - edges - vec2(0.0, size::SCREEN_EDGE);
    let least = vec2(size::WINDOW_MIN.0, size::WINDOW_MIN.1);
    Some(inner.size().min(room).max(least))
}

#[cfg(test)]
mod tests {
    use super::super::window_fit::*;

    fn window(width: f32, height: f32) -> (Rect, Rect) {
        let inner = Rect::from_min_size(pos2(0.0, 22.0), vec2(width, height));
        (Rect::from_min_max(pos2(0.0, 0.0), inner.max), inner)
    }

    #[test]
    fn a_window_as_high_as_its_screen_shrinks_by_its_title_bar() {
        let (outer, inner) = window(1440.0, 900.0);
        let fitting = fitting(vec2(1440.0, 900.0), outer, inner).unwrap_or_default();
        assert_eq!(fitting.x, 1440.0);
        assert!(fitting.y + 22.0 <= 900.0 && fitting.y > 800.0, "{fitting}");
    }

    #[test]
    fn a_window_that_fits_is_not_resized() {
        let (outer, inner) = window(1440.0, 878.0);
        assert_eq!(fitting(vec2(1440.0, 900.0), outer, inner), None);
        assert_eq!(fitting(vec2(1920.0, 1080.0), outer, inner), None);
    }
}
