//! The eight lossless rotations and reflections, as a group: they compose, and they can be moved past other steps.

use super::{Rect, Resample};
use crate::model::{ImageInfo, Orientation};

/// First the axes are swapped (optionally), then columns and rows are reversed (optionally).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// Rows become columns.
    pub transpose: bool,
    /// Then left becomes right.
    pub flip_x: bool,
    /// Then top becomes bottom.
    pub flip_y: bool,
}

impl Turn {
    /// Mirrored left to right.
    pub const FLIP_X: Self = Self { transpose: false, flip_x: true, flip_y: false };
    /// Mirrored top to bottom.
    pub const FLIP_Y: Self = Self { transpose: false, flip_x: false, flip_y: true };

    /// From quarter turns clockwise.
    pub const fn quarters(quarters: i64) -> Self {
        match quarters.rem_euclid(4) {
            1 => Self { transpose: true, flip_x: true, flip_y: false },
            2 => Self { transpose: false, flip_x: true, flip_y: true },
            3 => Self { transpose: true, flip_x: false, flip_y: true },
            _ => Self { transpose: false, flip_x: false, flip_y: false },
        }
    }

    /// The turn that makes a stored image upright.
    pub const fn upright(orientation: Orientation) -> Self {
        let (transpose, flip_x, flip_y) = match orientation {
            Orientation::Upright => (false, false, false),
            Orientation::FlipH => (false, true, false),
            Orientation::Rotate180 => (false, true, true),
            Orientation::FlipV => (false, false, true),
            Orientation::Transpose => (true, false, false),
            Orientation::Rotate90 => (true, true, false),
            Orientation::Transverse => (true, true, true),
            Orientation::Rotate270 => (true, false, true),
        };
        Self { transpose, flip_x, flip_y }
    }

    /// The orientation of the stored images that this turn makes upright.
    pub fn orientation(self) -> Orientation {
        let all = (1..=8).map(Orientation::from_exif);
        all.into_iter().find(|orientation| Self::upright(*orientation) == self).unwrap_or_default()
    }

    /// This one, then another.
    #[must_use]
    pub const fn then(self, next: Self) -> Self {
        let (flip_x, flip_y) = if next.transpose { (self.flip_y, self.flip_x) } else { (self.flip_x, self.flip_y) };
        Self {
            transpose: self.transpose != next.transpose,
            flip_x: flip_x != next.flip_x,
            flip_y: flip_y != next.flip_y,
        }
    }

    /// Whether it does nothing.
    pub const fn is_identity(self) -> bool {
        !self.transpose && !self.flip_x && !self.flip_y
    }

    /// Whether rows can be turned one by one, without holding the image.
    pub const fn is_streamable(self) -> bool {
        !self.transpose && !self.flip_y
    }

    /// The image after the turn.
    pub const fn output(self, input: ImageInfo) -> ImageInfo {
        if self.transpose { ImageInfo { width_px: input.height_px, height_px: input.width_px, ..input } } else { input }
    }

    /// The rectangle before the turn that becomes `rect` of the turned image, which has this size.
    pub const fn rect_before(self, rect: Rect, turned: &ImageInfo) -> Rect {
        let x = if self.flip_x { turned.width_px - rect.x - rect.width_px } else { rect.x };
        let y = if self.flip_y { turned.height_px - rect.y - rect.height_px } else { rect.y };
        if self.transpose {
            Rect { x: y, y: x, width_px: rect.height_px, height_px: rect.width_px }
        } else {
            Rect { x, y, ..rect }
        }
    }

    /// The rectangle of the turned image that was `rect` of an image of this size.
    pub const fn rect_after(self, rect: Rect, image: &ImageInfo) -> Rect {
        let (rect, width_px, height_px) = if self.transpose {
            let turned = Rect { x: rect.y, y: rect.x, width_px: rect.height_px, height_px: rect.width_px };
            (turned, image.height_px, image.width_px)
        } else {
            (rect, image.width_px, image.height_px)
        };
        let x = if self.flip_x { width_px - rect.x - rect.width_px } else { rect.x };
        let y = if self.flip_y { height_px - rect.y - rect.height_px } else { rect.y };
        Rect { x, y, ..rect }
    }

    /// The resampling that, applied before the turn, equals `resample` after it.
    pub fn resample_before(self, resample: &Resample, turned: &ImageInfo) -> Resample {
        let mut before = resample.clone();
        if self.flip_x {
            before.left_px = f64::from(turned.width_px) - resample.left_px - resample.box_width_px;
        }
        if self.flip_y {
            before.top_px = f64::from(turned.height_px) - resample.top_px - resample.box_height_px;
        }
        if self.transpose {
            std::mem::swap(&mut before.left_px, &mut before.top_px);
            std::mem::swap(&mut before.box_width_px, &mut before.box_height_px);
            std::mem::swap(&mut before.width_px, &mut before.height_px);
        }
        before
    }
}
