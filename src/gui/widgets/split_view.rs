//! Two versions of an image, in one view with a draggable divider or side by side; and a histogram.

use egui::{
    Align2, EventFilter, Key, Painter, Rect, Sense, Shape, Stroke, TextureId, Ui, Vec2, WidgetInfo, accesskit::Role,
    pos2, vec2,
};

use super::button::focus_ring;
use super::label;
use crate::gui::theme::{self, size};

/// Size of the histogram, in points.
pub(crate) const HISTOGRAM: Vec2 = vec2(168.0, 72.0);
/// Smallest size of what the labels of both images surround, in points.
const LABELS: Vec2 = vec2(220.0, 100.0);
/// What surrounds the text of a label on an image, in points.
const TAG_MARGIN: Vec2 = vec2(16.0, 6.0);

/// An image to show: its texture and its intended size in points.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown {
    /// The texture.
    pub(crate) texture: TextureId,
    /// Size at 100 %, in points.
    pub(crate) size_pt: Vec2,
}

/// Labels on the images.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words<'a> {
    /// On the left image.
    pub(crate) before: &'a str,
    /// On the right image.
    pub(crate) after: &'a str,
    /// The divider's accessible name.
    pub(crate) divider: &'a str,
}

/// Where both images are drawn: the larger one sets the frame, in which each keeps its aspect ratio.
fn fit(area: Rect, shown: Shown, other: Shown) -> Rect {
    let largest = shown.size_pt.max_elem().max(other.size_pt.max_elem()).max(1.0);
    let own = shown.size_pt.max_elem().max(1.0);
    let wanted = shown.size_pt * (largest / own);
    let scale = (area.width() / wanted.x.max(1.0)).min(area.height() / wanted.y.max(1.0)).min(1.0);
    Rect::from_center_size(area.center(), wanted * scale)
}

/// Both in one view; the divider at `split` (0 to 1) moves by dragging or with the arrow keys.
pub(crate) fn split(ui: &mut Ui, area: Rect, before: Shown, after: Shown, split: &mut f32, words: Words<'_>) {
    let (left, right) = (fit(area, before, after), fit(area, after, before));
    let frame = left.union(right).intersect(area);
    let x = egui::lerp(frame.left()..=frame.right(), *split);
    image(&ui.painter_at(area.intersect(Rect::everything_left_of(x))), before, left);
    image(&ui.painter_at(area.intersect(Rect::everything_right_of(x))), after, right);
    // Beside an image that is too small for them.
    let labels = Rect::from_center_size(frame.center(), frame.size().max(LABELS)).intersect(area);
    tag(ui, labels.left_top() + vec2(10.0, 10.0), Align2::LEFT_TOP, words.before);
    tag(ui, labels.right_top() + vec2(-10.0, 10.0), Align2::RIGHT_TOP, words.after);

    let grab = Rect::from_center_size(pos2(x, frame.center().y), vec2(24.0, frame.height()));
    let response = ui.interact(grab, ui.scope_id().with("divider"), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Splitter, true, words.divider));
    if response.dragged()
        && let Some(pointer) = response.interact_pointer_pos()
    {
        *split = ((pointer.x - frame.left()) / frame.width().max(1.0)).clamp(0.0, 1.0);
    }
    if response.has_focus() {
        let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        let by = ui.input(|input| {
            f32::from(i8::from(input.key_pressed(Key::ArrowRight)) - i8::from(input.key_pressed(Key::ArrowLeft)))
        });
        *split = (*split + 0.05 * by).clamp(0.0, 1.0);
    }
    if response.hovered() || response.dragged() {
        ui.ctx().set_cursor_icon(egui::CursorIcon::ResizeHorizontal);
    }
    let painter = ui.painter();
    let white = theme::ON_IMAGE_TEXT;
    painter.vline(x, frame.y_range(), Stroke::new(2.0, white));
    let knob = pos2(x, frame.center().y);
    painter.circle_filled(knob + vec2(0.0, 1.0), 15.0, theme::palette(ui).shadow);
    painter.circle_filled(knob, 14.0, white);
    let ink = Stroke::new(1.5, theme::KNOB_INK);
    for side in [-1.0_f32, 1.0] {
        let tip = knob + vec2(7.0 * side, 0.0);
        painter.add(Shape::line(vec![tip + vec2(-3.5 * side, -3.5), tip, tip + vec2(-3.5 * side, 3.5)], ink));
    }
    painter.line_segment([knob - vec2(6.0, 0.0), knob + vec2(6.0, 0.0)], ink);
    focus_ring(ui, Rect::from_center_size(knob, Vec2::splat(28.0)), &response);
}

/// Side by side.
pub(crate) fn side_by_side(ui: &Ui, area: Rect, before: Shown, after: Shown, words: Words<'_>) {
    let half = (area.width() - size::GAP) / 2.0;
    let left = Rect::from_min_size(area.min, vec2(half, area.height()));
    let right = Rect::from_min_size(pos2(area.right() - half, area.top()), vec2(half, area.height()));
    let (a, b) = (fit(left, before, after), fit(right, after, before));
    image(&ui.painter_at(left), before, a);
    image(&ui.painter_at(right), after, b);
    tag(ui, a.intersect(left).left_top() + vec2(10.0, 10.0), Align2::LEFT_TOP, words.before);
    tag(ui, b.intersect(right).left_top() + vec2(10.0, 10.0), Align2::LEFT_TOP, words.after);
}

fn image(painter: &Painter, shown: Shown, rect: Rect) {
    let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    let shape = egui::epaint::RectShape::filled(rect, theme::corner(), theme::UNTINTED);
    painter.add(shape.with_texture(shown.texture, uv));
}

/// A label on an image.
fn tag(ui: &Ui, at: egui::Pos2, align: Align2, text: &str) {
    let galley = ui.painter().layout_no_wrap(text.to_owned(), theme::label(), theme::ON_IMAGE_TEXT);
    tag_of(ui, at, align, galley, text);
}

/// A message on an image, in the lower left corner of `room`.
pub(crate) fn note(ui: &Ui, room: Rect, text: &str) {
    let width = room.width() - TAG_MARGIN.x;
    let galley = ui.painter().layout(text.to_owned(), theme::label(), theme::ON_IMAGE_TEXT, width);
    tag_of(ui, room.left_bottom(), Align2::LEFT_BOTTOM, galley, text);
}

fn tag_of(ui: &Ui, at: egui::Pos2, align: Align2, galley: std::sync::Arc<egui::Galley>, text: &str) {
    let rect = align.anchor_size(at, galley.size() + TAG_MARGIN);
    ui.painter().rect_filled(rect, 4.0, theme::ON_IMAGE);
    ui.painter().galley(rect.center() - galley.size() / 2.0, galley, theme::ON_IMAGE_TEXT);
    label::spoken(ui, rect, text);
}

/// Counts of 64 levels of red, green and blue, in the lower right corner of `area`.
pub(crate) fn histogram(ui: &Ui, area: Rect, levels: &[[u32; 64]; 3], name: &str) {
    let rect = Align2::RIGHT_BOTTOM.anchor_size(area.right_bottom() - vec2(10.0, 10.0), HISTOGRAM);
    let response = ui.interact(rect, ui.scope_id().with("histogram"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, name));
    let painter = ui.painter();
    painter.rect_filled(rect, theme::corner(), theme::HISTOGRAM_SURFACE);
    let plot = rect.shrink(6.0);
    // The first and last levels don't affect the scale: a white background would flatten everything else.
    let inner = levels.iter().flat_map(|channel| channel.iter().skip(1).take(62));
    let highest = inner.copied().max().unwrap_or(0).max(1) as f32;
    for (channel, ink) in levels.iter().zip(theme::HISTOGRAM) {
        let mut mesh = egui::Mesh::default();
        for (level, count) in channel.iter().enumerate() {
            let x = egui::lerp(plot.x_range(), level as f32 / 63.0);
            let height = (*count as f32 / highest).min(1.0).sqrt() * plot.height();
            mesh.colored_vertex(pos2(x, plot.bottom() - height), ink);
            mesh.colored_vertex(pos2(x, plot.bottom()), ink);
            if level > 0 {
                let base = 2 * level as u32;
                mesh.add_triangle(base - 2, base - 1, base);
                mesh.add_triangle(base - 1, base, base + 1);
            }
        }
        painter.add(Shape::mesh(mesh));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(w: f32, h: f32) -> Shown {
        Shown { texture: TextureId::default(), size_pt: vec2(w, h) }
    }

    #[test]
    fn images_of_equal_shape_cover_the_same_area_and_small_ones_are_not_enlarged() {
        let area = Rect::from_min_size(pos2(0.0, 0.0), vec2(800.0, 400.0));
        let (big, small) = (shown(600.0, 300.0), shown(200.0, 100.0));
        assert_eq!(fit(area, big, small), fit(area, small, big));
        assert_eq!(fit(area, small, small).size(), vec2(200.0, 100.0));
        let tall = fit(area, shown(300.0, 1200.0), shown(300.0, 1200.0));
        assert_eq!(tall.size(), vec2(100.0, 400.0));
    }
}
