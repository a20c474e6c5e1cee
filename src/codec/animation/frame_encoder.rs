//! Encoding animations: frames arrive as whole canvases, and each format stores the changes.

use crate::codec::errors;
use crate::codec::pixels::convert::Sample;
use crate::codec::pixels::whole_image::Collector;
use crate::error::ItemError;
use crate::model::{Band, Channels, Delay, Frame, ImageInfo, Message, Picture, RowWriter};

/// Takes the frames of an animation and returns a file's bytes.
pub trait FrameEncoder: RowWriter {
    /// Announces the next frame. Its rows follow: `start` with the canvas, then `write_rows`.
    fn begin(&mut self, frame: &Frame) -> Result<(), ItemError>;

    /// The whole file, after the last row of the last frame. An error if rows or frames are missing.
    fn finish(self: Box<Self>) -> Result<Vec<u8>, ItemError>;
}

/// How a format stores canvases of samples `T`.
pub(crate) trait Canvases<T>: Send {
    /// The channels it takes.
    fn channels(&self) -> Channels;

    /// Takes the next frame's canvas.
    fn add(&mut self, canvas: Vec<T>, frame: &Frame) -> Result<(), ItemError>;

    /// The file.
    fn finish(self) -> Result<Vec<u8>, ItemError>;
}

/// A frame encoder that collects rows into canvases.
pub(crate) fn boxed<T: Sample + Send, C: Canvases<T> + 'static>(
    picture: Picture,
    canvases: C,
) -> Box<dyn FrameEncoder> {
    Box::new(CanvasEncoder { picture, canvases, announced: None, rows: None, done: 0 })
}

/// Collects each frame's rows and passes them on as a canvas.
struct CanvasEncoder<T, C> {
    picture: Picture,
    canvases: C,
    announced: Option<Frame>,
    rows: Option<Collector<T>>,
    done: u32,
}

impl<T: Sample + Send, C: Canvases<T>> CanvasEncoder<T, C> {
    /// Passes on the frame that is complete.
    fn complete(&mut self) -> Result<(), ItemError> {
        let Some(frame) = self.announced.take() else { return Ok(()) };
        let rows = self.rows.take().ok_or_else(|| errors::cant_encode("frame_no_rows"))?;
        self.canvases.add(rows.into_pixels()?, &frame)?;
        self.done += 1;
        Ok(())
    }
}

impl<T: Sample + Send, C: Canvases<T>> RowWriter for CanvasEncoder<T, C> {
    fn start(&mut self, info: ImageInfo) -> Result<(), ItemError> {
        let canvas = self.picture.canvas;
        if (info.width_px, info.height_px) != (canvas.width_px, canvas.height_px) {
            return Err(errors::cant_encode("frame_sizes"));
        }
        self.rows = Some(Collector::new(info, self.canvases.channels())?);
        Ok(())
    }

    fn write_rows(&mut self, band: &Band) -> Result<(), ItemError> {
        self.rows.as_mut().ok_or_else(errors::not_started)?.add(band)
    }
}

impl<T: Sample + Send, C: Canvases<T>> FrameEncoder for CanvasEncoder<T, C> {
    fn begin(&mut self, frame: &Frame) -> Result<(), ItemError> {
        self.complete()?;
        self.announced = Some(*frame);
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<u8>, ItemError> {
        self.complete()?;
        if self.done != self.picture.frames {
            let why = Message::new("frames_given").with("had", self.done).with("wanted", self.picture.frames);
            return Err(errors::cant_encode(why));
        }
        self.canvases.finish()
    }
}

/// Converts delays to a format's unit. Fractions are rounded so that the animation keeps its length.
pub(crate) struct Clock {
    per_second: u32,
    /// The shortest rounded delay: viewers ignore shorter ones.
    least: u32,
    most: u32,
    /// The rounding error so far.
    owed: f64,
}

impl Clock {
    pub(crate) const fn new(per_second: u32, least: u32, most: u32) -> Self {
        Self { per_second, least, most, owed: 0.0 }
    }

    /// The next frame's delay.
    pub(crate) fn units(&mut self, delay: Delay) -> u32 {
        if let Some(exact) = delay.exactly(self.per_second) {
            return u32::try_from(exact).unwrap_or(u32::MAX).min(self.most);
        }
        let wanted = delay.seconds() * f64::from(self.per_second) + self.owed;
        let units = wanted.round().clamp(f64::from(self.least), f64::from(self.most));
        self.owed = (wanted - units).clamp(-1.0, 1.0);
        units as u32
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame_encoder::*;

    #[test]
    fn delays_are_exact_or_keep_their_sum_and_are_never_too_short() {
        let mut clock = Clock::new(100, 2, 65_535);
        let units: Vec<u32> = (0..6).map(|_| clock.units(Delay::new(33, 1_000))).collect();
        assert_eq!(units, [3, 4, 3, 3, 4, 3]);
        assert_eq!(clock.units(Delay::new(0, 1_000)), 0);
        assert_eq!(clock.units(Delay::new(10, 1_000)), 1);
        assert_eq!(clock.units(Delay::new(15, 1_000)), 2);
        assert_eq!(clock.units(Delay::new(3, 1_000)), 2);
        assert_eq!(clock.units(Delay::new(u32::MAX, 1)), 65_535);
    }
}
