//! Animations: their frames, how long each is shown, and how often they play. A still image has one frame.

use super::image::{ImageInfo, RowReader, Truncated};
use crate::error::ItemError;

/// An animation without its pixels. Geometry is planned once, on the canvas: every frame fills it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The canvas: size, channels and sample type of every composed frame.
    pub canvas: ImageInfo,
    /// Number of frames; at least two in an animation.
    pub frames: u32,
    /// How often it plays.
    pub plays: Plays,
}

/// A frame without its pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// How long it is shown.
    pub delay: Delay,
    /// The part of the canvas that its file drew. A hint for encoders.
    pub area: Area,
    /// What its file does with that part before the next frame. A hint for encoders.
    pub disposal: Disposal,
}

/// A time in seconds, as the fraction in its file: 1/100 s in GIF, 1/1000 s in WebP, any in APNG.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delay {
    numerator: u32,
    denominator: u32,
}

/// How often an animation plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plays {
    /// Forever.
    Forever,
    /// This many times in total; never 0.
    Times(u32),
}

/// A rectangle on the canvas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Area {
    /// Left edge in px.
    pub x: u32,
    /// Top edge in px.
    pub y: u32,
    /// Width in px; 0 where nothing is drawn.
    pub width_px: u32,
    /// Height in px.
    pub height_px: u32,
}

/// What happens to a frame's area before the next frame is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposal {
    /// It stays.
    Keep,
    /// It becomes transparent.
    Background,
    /// It is restored to what it was before the frame.
    Previous,
}

/// Gives an animation's frames, composed on the canvas, one at a time.
pub trait FrameReader {
    /// The canvas, the number of frames, the plays. Never changes.
    fn picture(&self) -> Picture;

    /// Composes the next frame; `None` after the last one.
    fn next_frame(&mut self) -> Result<Option<Frame>, ItemError>;

    /// The rows of the frame that was composed last, from the top.
    fn rows(&mut self) -> Box<dyn RowReader + '_>;

    /// Rows of the canvas that the last frame filled, if the file ends within it.
    fn rows_had(&self) -> Option<u32> {
        None
    }

    /// How much is missing, if the file is truncated and that is accepted.
    fn truncation(&self) -> Option<Truncated> {
        None
    }

    /// Whether the file is damaged behind the last frame, and that is accepted.
    fn is_damaged(&self) -> bool {
        false
    }
}

impl Delay {
    /// A fraction of a second. A denominator of 0 means 100, as APNG has it.
    pub const fn new(numerator: u32, denominator: u32) -> Self {
        Self { numerator, denominator: if denominator == 0 { 100 } else { denominator } }
    }

    /// The fraction: numerator and denominator (never 0).
    pub const fn fraction(self) -> (u32, u32) {
        (self.numerator, self.denominator)
    }

    /// The number of units (`per_second` per second), if it is whole.
    pub fn exactly(self, per_second: u32) -> Option<u64> {
        let wide = u64::from(self.numerator) * u64::from(per_second);
        wide.is_multiple_of(u64::from(self.denominator)).then(|| wide / u64::from(self.denominator))
    }

    /// In seconds.
    pub fn seconds(self) -> f64 {
        f64::from(self.numerator) / f64::from(self.denominator)
    }
}

impl Plays {
    /// From a count in which 0 means forever, as in WebP and APNG.
    pub const fn from_count(count: u32) -> Self {
        if count == 0 { Self::Forever } else { Self::Times(count) }
    }

    /// The count, in which 0 means forever.
    pub const fn count(self) -> u32 {
        match self {
            Self::Forever => 0,
            Self::Times(count) => count,
        }
    }
}

impl Area {
    /// The whole of a canvas.
    pub const fn whole(canvas: &ImageInfo) -> Self {
        Self { x: 0, y: 0, width_px: canvas.width_px, height_px: canvas.height_px }
    }

    /// Whether it contains no pixel.
    pub const fn is_empty(&self) -> bool {
        self.width_px == 0 || self.height_px == 0
    }

    /// The part of it within a canvas.
    #[must_use]
    pub fn within(self, canvas: &ImageInfo) -> Self {
        let x = self.x.min(canvas.width_px);
        let y = self.y.min(canvas.height_px);
        let width_px = self.width_px.min(canvas.width_px - x);
        let height_px = self.height_px.min(canvas.height_px - y);
        if width_px == 0 || height_px == 0 { Self::default() } else { Self { x, y, width_px, height_px } }
    }

    /// The smallest area that contains both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        let right = (self.x + self.width_px).max(other.x + other.width_px);
        let bottom = (self.y + self.height_px).max(other.y + other.height_px);
        Self { x, y, width_px: right - x, height_px: bottom - y }
    }

    /// The numbers of its rows on the canvas.
    pub const fn rows(&self) -> std::ops::Range<usize> {
        self.y as usize..(self.y + self.height_px) as usize
    }

    /// The samples of its row `y` on a canvas of that width and that many samples per pixel.
    pub const fn row(&self, y: usize, canvas_width_px: u32, pixel_samples: usize) -> std::ops::Range<usize> {
        let from = (y * canvas_width_px as usize + self.x as usize) * pixel_samples;
        from..from + self.width_px as usize * pixel_samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Channels, SampleType};

    #[test]
    fn an_area_is_clipped_at_the_canvas_edge() {
        let canvas = ImageInfo {
            width_px: 10,
            height_px: 8,
            channels: Channels::Rgba,
            sample: SampleType::U8,
            premultiplied: false,
        };
        let area = Area { x: 7, y: 2, width_px: 9, height_px: 3 };
        assert_eq!(area.within(&canvas), Area { x: 7, y: 2, width_px: 3, height_px: 3 });
        assert!(Area { x: 10, y: 0, width_px: 1, height_px: 1 }.within(&canvas).is_empty());
        assert!(Area { x: u32::MAX, y: 0, width_px: u32::MAX, height_px: 1 }.within(&canvas).is_empty());
    }

    #[test]
    fn a_delay_is_converted_to_other_units_only_if_exact() {
        assert_eq!(Delay::new(7, 0).exactly(1000), Some(70));
        assert_eq!(Delay::new(33, 1000).exactly(100), None);
        assert_eq!(Delay::new(1, 3).exactly(1000), None);
        assert_eq!(Delay::new(1, 4).exactly(100), Some(25));
    }
}
