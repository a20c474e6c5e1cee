//! Buttons: plain, primary, ghost and danger, with optional icon, chevron and accessible name.

use egui::{
    Align2, Color32, FontId, Response, Sense, Shape, Stroke, StrokeKind, Ui, WidgetInfo, accesskit::Role, vec2,
};

use super::icon::Icon;
use super::opener;
use crate::gui::theme::{self, size};

/// How prominent a button is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    Primary,
    Ghost,
    Dashed,
}

/// A button to add to a [`Ui`].
#[must_use]
pub(crate) struct Button<'a> {
    text: &'a str,
    name: Option<&'a str>,
    kind: Kind,
    icon: Option<Icon>,
    chevron: bool,
    danger: bool,
    enabled: bool,
    selected: bool,
    height: f32,
    width: Option<f32>,
    left: bool,
    font: Option<FontId>,
    pad: f32,
}

impl<'a> Button<'a> {
    /// A plain button; its text is its accessible name.
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            text,
            name: None,
            kind: Kind::Plain,
            icon: None,
            chevron: false,
            danger: false,
            enabled: true,
            selected: false,
            height: size::BUTTON,
            width: None,
            left: false,
            font: None,
            pad: size::MARGIN,
        }
    }

    /// A square ghost button with an icon; `name` is for screen readers.
    pub(crate) fn icon_only(icon: Icon, name: &'a str) -> Self {
        let mut button = Self::new("").ghost().icon(icon).named(name);
        button.pad = (size::BUTTON - size::ICON) / 2.0;
        button
    }

    /// The accessible name, if the text is not enough.
    pub(crate) fn named(mut self, name: &'a str) -> Self {
        self.name = Some(name);
        self
    }

    /// The primary action.
    pub(crate) fn primary(mut self) -> Self {
        self.kind = Kind::Primary;
        self
    }

    /// Without a background until the pointer is over it.
    pub(crate) fn ghost(mut self) -> Self {
        self.kind = Kind::Ghost;
        self
    }

    /// A dashed outline, for adding something.
    pub(crate) fn dashed(mut self) -> Self {
        self.kind = Kind::Dashed;
        self
    }

    /// In the colour of failures.
    pub(crate) fn danger(mut self) -> Self {
        self.danger = true;
        self
    }

    /// An icon before the text.
    pub(crate) fn icon(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self
    }

    /// A chevron after the text, for a button that opens a menu.
    pub(crate) fn menu(mut self) -> Self {
        self.chevron = true;
        self
    }

    /// Whether it is enabled.
    pub(crate) fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// Whether it is shown as selected.
    pub(crate) fn selected(mut self, selected: bool) -> Self {
        self.selected = selected;
        self
    }

    /// Its height in points.
    pub(crate) fn height(mut self, height: f32) -> Self {
        self.height = height;
        if self.text.is_empty() {
            self.pad = (height - size::ICON) / 2.0;
        }
        self
    }

    /// Its width in points.
    pub(crate) fn width(mut self, width: f32) -> Self {
        self.width = Some(width);
        self
    }

    /// Text aligned left, as in a field.
    pub(crate) fn left(mut self) -> Self {
        self.left = true;
        self.pad = size::GAP;
        self
    }

    /// The font.
    pub(crate) fn font(mut self, font: FontId) -> Self {
        self.font = Some(font);
        self
    }

    /// The width that it needs.
    pub(crate) fn measure(&self, ui: &Ui) -> f32 {
        self.width.unwrap_or_else(|| {
            let text = if self.text.is_empty() {
                0.0
            } else {
                ui.painter().layout_no_wrap(self.text.to_owned(), self.font_id(), theme::UNTINTED).size().x
            };
            let icon = if self.icon.is_some() { size::ICON + self.icon_gap() } else { 0.0 };
            let chevron = if self.chevron { size::ICON } else { 0.0 };
            (text + icon + chevron + 2.0 * self.pad).ceil()
        })
    }

    fn icon_gap(&self) -> f32 {
        if self.text.is_empty() { 0.0 } else { size::GAP_SMALL }
    }

    fn font_id(&self) -> FontId {
        self.font.clone().unwrap_or_else(|| match self.kind {
            Kind::Primary => theme::strong(),
            _ => theme::figures(),
        })
    }

    /// Draws it and returns the response.
    pub(crate) fn ui(self, ui: &mut Ui) -> Response {
        let response = self.draw(ui);
        if response.clicked() {
            opener::pressed(ui.ctx(), response.id);
        }
        response
    }

    fn draw(self, ui: &mut Ui) -> Response {
        let width = self.measure(ui);
        let sense = if self.enabled { Sense::click() } else { Sense::hover() };
        let (rect, response) = ui.allocate_exact_size(vec2(width, self.height), sense);
        let name = self.name.unwrap_or(self.text);
        let (enabled, selected) = (self.enabled, self.selected);
        response.widget_info(|| {
            if selected {
                WidgetInfo::selected(Role::Button, enabled, true, name)
            } else {
                WidgetInfo::labeled(Role::Button, enabled, name)
            }
        });
        if ui.is_rect_visible(rect) {
            self.paint(ui, rect, &response);
        }
        match (self.name, self.text.is_empty()) {
            (Some(name), true) => response.on_hover_text(name),
            _ => response,
        }
    }

    fn paint(&self, ui: &Ui, rect: egui::Rect, response: &Response) {
        let p = theme::palette(ui);
        let hot = self.enabled && (response.hovered() || response.is_pointer_button_down_on());
        let (fill, edge, mut ink) = match self.kind {
            Kind::Primary => (if hot { p.accent_hover } else { p.accent_fill }, Color32::TRANSPARENT, p.on_accent),
            Kind::Plain => (if hot || self.selected { p.bg3 } else { p.bg2 }, p.line, p.text),
            Kind::Ghost if self.selected => (p.bg3, Color32::TRANSPARENT, p.text),
            Kind::Ghost => (
                if hot { p.bg3 } else { Color32::TRANSPARENT },
                Color32::TRANSPARENT,
                if hot { p.text } else { p.text2 },
            ),
            Kind::Dashed => (if hot { p.bg3 } else { p.bg2 }, Color32::TRANSPARENT, if hot { p.text } else { p.text2 }),
        };
        if self.danger {
            ink = p.fail;
        }
        let fill = if self.enabled || fill == Color32::TRANSPARENT { fill } else { p.bg2 };
        if !self.enabled {
            ink = if self.text.is_empty() { p.outline } else { p.text3 };
        }
        let painter = ui.painter();
        let corner =
            if self.height >= size::BUTTON_BIG { egui::CornerRadius::same(size::CORNER_CARD) } else { theme::corner() };
        painter.rect(rect, corner, fill, Stroke::new(1.0, edge), StrokeKind::Inside);
        if self.kind == Kind::Dashed {
            dashed(painter, rect.shrink(0.5), p.line);
        }
        let icon_width = if self.icon.is_some() { size::ICON + self.icon_gap() } else { 0.0 };
        let chevron_width = if self.chevron { size::ICON } else { 0.0 };
        let room = (rect.width() - 2.0 * self.pad - icon_width - chevron_width).max(0.0);
        let mut job = egui::text::LayoutJob::simple_singleline(self.text.to_owned(), self.font_id(), ink);
        job.wrap = egui::text::TextWrapping::truncate_at_width(room + 1.0);
        let galley = painter.layout_job(job);
        let spare = if self.left { 0.0 } else { (room - galley.size().x).max(0.0) / 2.0 };
        let mut x = rect.left() + self.pad + spare;
        if let Some(icon) = self.icon {
            let center = egui::pos2(x + size::ICON / 2.0, rect.center().y);
            icon.paint_scaled(painter, center, 1.0, ink);
            x += icon_width;
        }
        let text_width = galley.size().x;
        let text_rect = Align2::LEFT_CENTER.anchor_size(egui::pos2(x, rect.center().y), galley.size());
        painter.galley(text_rect.min, galley, ink);
        if self.chevron {
            let x =
                if self.left { rect.right() - size::ICON / 2.0 - 4.0 } else { x + text_width + size::ICON / 2.0 + 2.0 };
            Icon::ChevronDown.paint_scaled(painter, egui::pos2(x, rect.center().y), 0.85, p.text2);
        }
        focus_ring(ui, rect, response);
    }
}

/// The ring around the focused control.
pub(crate) fn focus_ring(ui: &Ui, rect: egui::Rect, response: &Response) {
    if response.has_focus() {
        let ring = theme::focus_ring(theme::palette(ui));
        ui.painter().rect_stroke(rect.expand(1.0), theme::corner(), ring, StrokeKind::Outside);
    }
}

/// A dashed outline with straight sides.
pub(crate) fn dashed(painter: &egui::Painter, rect: egui::Rect, colour: Color32) {
    let corners = [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom(), rect.left_top()];
    painter.extend(Shape::dashed_line(&corners, Stroke::new(1.0, colour), 4.0, 3.0));
}
