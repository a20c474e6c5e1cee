//! Icons, drawn as lines so that they are crisp at any scale and need no font.

use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, Vec2, pos2, vec2};

/// An icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Icon {
    /// Opens downwards.
    ChevronDown,
    /// Points up.
    Up,
    /// Points down.
    Down,
    /// Undo.
    Undo,
    /// Redo.
    Redo,
    /// Add.
    Plus,
    /// Close or remove.
    Cross,
    /// Done.
    Check,
    /// Failed.
    Bang,
    /// Waiting.
    Dot,
    /// Skipped.
    Dash,
    /// A drag handle.
    Grip,
    /// Search.
    Search,
    /// An image.
    Image,
    /// A link.
    Link,
    /// Information.
    Info,
    /// A histogram.
    Histogram,
}

const STROKE_PT: f32 = 1.5;

impl Icon {
    /// Draws it in the centre of `rect`, in a box of 16 points.
    pub(crate) fn paint(self, painter: &Painter, rect: Rect, colour: Color32) {
        self.paint_scaled(painter, rect.center(), 1.0, colour);
    }

    /// Draws it around `center`; `scale` 1 is a box of 16 points.
    pub(crate) fn paint_scaled(self, painter: &Painter, center: Pos2, scale: f32, colour: Color32) {
        let at = |x: f32, y: f32| center + vec2(x, y) * scale;
        let stroke = Stroke::new(STROKE_PT * scale.max(0.8), colour);
        let line = |points: &[(f32, f32)]| {
            painter.add(Shape::line(points.iter().map(|&(x, y)| at(x, y)).collect(), stroke));
        };
        match self {
            Self::ChevronDown | Self::Down => line(&[(-3.5, -1.5), (0.0, 2.0), (3.5, -1.5)]),
            Self::Up => line(&[(-3.5, 1.5), (0.0, -2.0), (3.5, 1.5)]),
            Self::Undo => turn(painter, center, scale, stroke, -1.0),
            Self::Redo => turn(painter, center, scale, stroke, 1.0),
            Self::Plus => {
                line(&[(-4.5, 0.0), (4.5, 0.0)]);
                line(&[(0.0, -4.5), (0.0, 4.5)]);
            }
            Self::Cross => {
                line(&[(-3.5, -3.5), (3.5, 3.5)]);
                line(&[(-3.5, 3.5), (3.5, -3.5)]);
            }
            Self::Check => line(&[(-3.5, 0.2), (-1.0, 2.8), (3.7, -2.6)]),
            Self::Bang => {
                line(&[(0.0, -4.0), (0.0, 1.0)]);
                painter.circle_filled(at(0.0, 3.6), 1.0 * scale, colour);
            }
            Self::Dot => {
                painter.circle_filled(center, 1.6 * scale, colour);
            }
            Self::Dash => line(&[(-3.5, 0.0), (3.5, 0.0)]),
            Self::Grip => {
                for x in [-2.5, 2.5] {
                    for y in [-4.5, 0.0, 4.5] {
                        painter.circle_filled(at(x, y), 1.2 * scale, colour);
                    }
                }
            }
            Self::Search => {
                painter.circle_stroke(at(-1.0, -1.0), 4.0 * scale, stroke);
                line(&[(2.0, 2.0), (5.0, 5.0)]);
            }
            Self::Image => {
                let frame = Rect::from_center_size(center, Vec2::new(13.0, 11.0) * scale);
                painter.rect_stroke(frame, 2.0 * scale, stroke, StrokeKind::Middle);
                line(&[(-6.0, 3.5), (-2.0, -0.5), (1.0, 2.5), (3.0, 1.0), (6.0, 3.5)]);
                painter.circle_filled(at(2.5, -2.2), 1.2 * scale, colour);
            }
            Self::Link => {
                for (x, y) in [(-2.6, 2.6), (2.6, -2.6)] {
                    painter.circle_stroke(at(x, y), 3.0 * scale, stroke);
                }
                line(&[(-1.6, 1.6), (1.6, -1.6)]);
            }
            Self::Histogram => {
                line(&[(-6.0, 5.0), (6.0, 5.0)]);
                for (x, top) in [(-4.5, 1.0), (-1.5, -4.5), (1.5, -2.0), (4.5, 2.0)] {
                    line(&[(x, 5.0), (x, top)]);
                }
            }
            Self::Info => {
                painter.circle_stroke(center, 6.0 * scale, stroke);
                painter.circle_filled(at(0.0, -2.8), 1.0 * scale, colour);
                line(&[(0.0, -0.2), (0.0, 3.2)]);
            }
        }
    }
}

/// An arrow that turns to the left (`side` of -1) or to the right (1).
fn turn(painter: &Painter, center: Pos2, scale: f32, stroke: Stroke, side: f32) {
    let at = |x: f32, y: f32| pos2(center.x + x * side * scale, center.y + y * scale);
    let mut points = vec![at(5.0, -2.0)];
    points.push(at(-1.0, -2.0));
    for step in 0..=8_u8 {
        let angle = f32::from(step) / 8.0 * std::f32::consts::PI;
        points.push(at(-1.0 - 3.0 * angle.sin(), 1.0 - 3.0 * angle.cos()));
    }
    points.push(at(2.5, 4.0));
    painter.add(Shape::line(points, stroke));
    painter.add(Shape::line(vec![at(2.0, -5.0), at(5.0, -2.0), at(2.0, 1.0)], stroke));
}
