//! A tone curve through points. Clicking in the square adds a point, dragging moves it, and dragging it out of the
//! square removes it. For keyboard users, the points are also editable as text.

use egui::{Id, Pos2, Rect, Sense, Shape, Stroke, StrokeKind, Ui, WidgetInfo, accesskit::Role, pos2, vec2};

use crate::gui::theme::{self, size};
use crate::model::Curve;

/// Segments of the drawn line.
const SEGMENTS: u16 = 64;
/// How close a click must be to grab a point, in points of the screen.
const REACH: f32 = 10.0;
/// How far outside the square a point is removed.
const AWAY: f32 = 24.0;
/// Maximum number of points.
const MOST: usize = 16;

/// Draws the curve given as `points`; `Some` if it was changed.
pub(crate) fn curve(ui: &mut Ui, id: Id, name: &str, points: &str) -> Option<String> {
    let p = theme::palette(ui);
    let side = ui.available_width().min(size::CURVE);
    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), side + size::GAP_SMALL), Sense::hover());
    let square = Rect::from_min_size(pos2(row.right() - side, row.top()), vec2(side, side));
    let response = ui.interact(square.expand(REACH / 2.0), id, Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, name));

    let mut knots = parse(points);
    let on_screen = |(input, output): (f32, f32)| {
        pos2(square.left() + input / 255.0 * square.width(), square.bottom() - output / 255.0 * square.height())
    };
    let level = |at: Pos2| {
        let input = ((at.x - square.left()) / square.width()).clamp(0.0, 1.0) * 255.0;
        let output = ((square.bottom() - at.y) / square.height()).clamp(0.0, 1.0) * 255.0;
        (input.round(), output.round())
    };
    let mut held: Option<usize> = ui.data(|data| data.get_temp(id));
    let mut changed = false;
    if let Some(at) = response.interact_pointer_pos() {
        if held.is_none() && ui.input(|input| input.pointer.primary_pressed()) {
            (held, changed) = grab(&mut knots, level(at), |knot| on_screen(knot).distance(at) <= REACH);
        } else if let Some(i) = held {
            changed = drag(&mut knots, i, level(at), !square.expand(AWAY).contains(at)).is_some_and(|removed| {
                held = held.filter(|_| !removed);
                true
            });
        }
    }
    if ui.input(|input| !input.pointer.any_down()) {
        held = None;
    }
    ui.data_mut(|data| {
        if let Some(i) = held {
            data.insert_temp(id, i);
        } else {
            data.remove_temp::<usize>(id);
        }
    });

    let painter = ui.painter();
    painter.rect(square, theme::corner(), p.bg1, Stroke::new(1.0, p.line), StrokeKind::Inside);
    for part in [0.25, 0.5, 0.75] {
        let across = square.left() + part * square.width();
        painter.vline(across, square.y_range(), theme::hairline(p));
        painter.hline(square.x_range(), square.top() + part * square.height(), theme::hairline(p));
    }
    let shown = Curve::parse(&to_text(&knots)).unwrap_or_default();
    let line = (0..=SEGMENTS).map(|i| {
        let input = f32::from(i) / f32::from(SEGMENTS);
        on_screen((input * 255.0, shown.at(input) * 255.0))
    });
    painter.add(Shape::line(line.collect(), Stroke::new(1.5, p.accent)));
    for (i, knot) in knots.iter().enumerate() {
        let lit = held == Some(i) || response.hover_pos().is_some_and(|at| on_screen(*knot).distance(at) <= REACH);
        painter.circle(on_screen(*knot), 3.5, if lit { p.accent_hover } else { p.bg2 }, Stroke::new(1.5, p.accent));
    }
    changed.then(|| to_text(&knots))
}

/// The points of a curve; those of a straight line if the text is not a curve.
fn parse(text: &str) -> Vec<(f32, f32)> {
    let points = || {
        text.split(';')
            .map(|point| {
                let (input, output) = point.split_once(',')?;
                Some((input.trim().parse().ok()?, output.trim().parse().ok()?))
            })
            .collect::<Option<Vec<(f32, f32)>>>()
    };
    Curve::parse(text).and_then(|_| points()).unwrap_or_else(|| vec![(0.0, 0.0), (255.0, 255.0)])
}

fn to_text(points: &[(f32, f32)]) -> String {
    points.iter().map(|(input, output)| format!("{input},{output}")).collect::<Vec<_>>().join(";")
}

/// The point near a click, or a new one; and whether it is new.
fn grab(knots: &mut Vec<(f32, f32)>, at: (f32, f32), is_near: impl Fn((f32, f32)) -> bool) -> (Option<usize>, bool) {
    if let Some(i) = knots.iter().position(|knot| is_near(*knot)) {
        return (Some(i), false);
    }
    let index = knots.partition_point(|knot| knot.0 < at.0);
    let is_free = knots.get(index).is_none_or(|knot| knot.0 > at.0);
    if knots.len() >= MOST || !is_free {
        return (None, false);
    }
    knots.insert(index, at);
    (Some(index), true)
}

/// Moves a point between its neighbours, or removes it. Returns whether it was removed, if anything changed.
fn drag(knots: &mut Vec<(f32, f32)>, i: usize, to: (f32, f32), away: bool) -> Option<bool> {
    let inside = i > 0 && i + 1 < knots.len();
    if away && inside {
        knots.remove(i);
        return Some(true);
    }
    let least = i.checked_sub(1).and_then(|before| knots.get(before)).map_or(0.0, |knot| knot.0 + 1.0);
    let most = knots.get(i + 1).map_or(255.0, |knot| knot.0 - 1.0);
    let knot = knots.get_mut(i)?;
    let moved = (to.0.clamp(least, most.max(least)), to.1);
    (*knot != moved).then(|| {
        *knot = moved;
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_can_be_added_moved_between_neighbours_and_removed() {
        let mut knots = parse("0,0;255,255");
        assert_eq!(grab(&mut knots, (100.0, 150.0), |_| false), (Some(1), true));
        assert_eq!(drag(&mut knots, 1, (300.0, 20.0), false), Some(false));
        assert_eq!(to_text(&knots), "0,0;254,20;255,255");
        assert!(Curve::parse(&to_text(&knots)).is_some());
        assert_eq!(drag(&mut knots, 1, (9.0, 9.0), true), Some(true));
        assert_eq!(to_text(&knots), "0,0;255,255");
        assert_eq!(drag(&mut knots, 0, (9.0, 9.0), true), Some(false), "an end stays");
    }

    #[test]
    fn an_invalid_curve_is_drawn_as_a_straight_line() {
        assert_eq!(to_text(&parse("nonsense")), "0,0;255,255");
        assert_eq!(to_text(&parse("0,10; 128,90;255,240")), "0,10;128,90;255,240");
    }
}
