//! Encoding APNG: each frame is the part of the canvas that changed, or a layer over it, in 8 or 16 bits per sample.

use ::png::{AnimationControl, BitDepth, BlendOp, FrameControl, Info, Writer};

use super::encode::{PngEncoder, SharedBytes, colour_type, encoding};
use crate::codec::animation::changed_area;
use crate::codec::animation::frame_encoder::Canvases;
use crate::codec::errors;
use crate::codec::pixels::convert::Sample;
use crate::codec::spec::Extras;
use crate::error::ItemError;
use crate::model::{Area, Channels, Delay, Frame, ImageInfo, Picture, Save};

/// Writes frames as they come.
pub(in crate::codec) struct PngAnimation<T> {
    info: ImageInfo,
    writer: Writer<SharedBytes>,
    out: SharedBytes,
    /// The previous frame's canvas.
    before: Option<Vec<T>>,
}

/// Samples in PNG's byte order.
pub(in crate::codec) trait Stored: Sample + PartialEq {
    /// The depth that is written to the file.
    const DEPTH: BitDepth;

    /// Big-endian bytes.
    fn bytes(samples: Vec<Self>) -> Vec<u8>;
}

impl Stored for u8 {
    const DEPTH: BitDepth = BitDepth::Eight;

    fn bytes(samples: Vec<Self>) -> Vec<u8> {
        samples
    }
}

impl Stored for u16 {
    const DEPTH: BitDepth = BitDepth::Sixteen;

    fn bytes(samples: Vec<Self>) -> Vec<u8> {
        samples.iter().flat_map(|sample| sample.to_be_bytes()).collect()
    }
}

impl<T: Stored> PngAnimation<T> {
    pub(in crate::codec) fn new(save: &Save, picture: Picture, extras: Extras) -> Result<Self, ItemError> {
        if save.palette.is_some() {
            return Err(errors::cant_encode("png_frames_palette"));
        }
        let info = picture.canvas;
        let mut head = Info::with_size(info.width_px, info.height_px);
        head.color_type = colour_type(info.channels);
        head.bit_depth = T::DEPTH;
        head.animation_control =
            Some(AnimationControl { num_frames: picture.frames, num_plays: picture.plays.count() });
        head.frame_control =
            Some(FrameControl { width: info.width_px, height: info.height_px, ..FrameControl::default() });
        let out = SharedBytes::default();
        let writer = PngEncoder::new(save, extras).file(head, None, &out)?;
        Ok(Self { info, writer, out, before: None })
    }

    /// The part of a canvas that is stored, and how it is drawn over the previous one.
    fn part(&self, canvas: &[T]) -> (Area, BlendOp, Vec<T>) {
        let (info, pixel) = (&self.info, self.info.channels.count());
        let Some(before) = &self.before else { return (Area::whole(info), BlendOp::Source, canvas.to_vec()) };
        let mut area = changed_area::changed(before, canvas, info, pixel);
        if area.is_empty() {
            // Nothing changed: a single pixel carries the delay.
            area = Area { x: 0, y: 0, width_px: 1, height_px: 1 };
        }
        let layer =
            info.channels.has_alpha().then(|| changed_area::layer(before, canvas, area, info, pixel, T::MAX)).flatten();
        match layer {
            Some(layer) => (area, BlendOp::Over, layer),
            None => (area, BlendOp::Source, changed_area::cut(canvas, area, info, pixel)),
        }
    }
}

/// A delay as APNG stores it, exact if two 16-bit numbers can hold it.
fn fraction(delay: Delay) -> (u16, u16) {
    let (numerator, denominator) = delay.fraction();
    let divisor = gcd(numerator, denominator);
    let narrow =
        |numerator: u32, denominator: u32| Some((u16::try_from(numerator).ok()?, u16::try_from(denominator).ok()?));
    narrow(numerator, denominator).or_else(|| narrow(numerator / divisor, denominator / divisor)).unwrap_or_else(|| {
        // The finest unit that fits.
        let unit = [1_000_u16, 100, 10].into_iter().find(|unit| delay.seconds() * f64::from(*unit) <= 65_535.0);
        let unit = unit.unwrap_or(1);
        ((delay.seconds() * f64::from(unit)).round() as u16, unit)
    })
}

/// The greatest common divisor; at least 1.
const fn gcd(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    if a == 0 { 1 } else { a }
}

impl<T: Stored + Send> Canvases<T> for PngAnimation<T> {
    fn channels(&self) -> Channels {
        self.info.channels
    }

    fn add(&mut self, canvas: Vec<T>, frame: &Frame) -> Result<(), ItemError> {
        let (area, blend, pixels) = self.part(&canvas);
        self.before = Some(canvas);
        let (numerator, denominator) = fraction(frame.delay);
        // Size and position are checked against each other as they are set, so the position is set to 0 first.
        self.writer.set_frame_position(0, 0).map_err(encoding)?;
        self.writer.set_frame_dimension(area.width_px, area.height_px).map_err(encoding)?;
        self.writer.set_frame_position(area.x, area.y).map_err(encoding)?;
        self.writer.set_frame_delay(numerator, denominator).map_err(encoding)?;
        self.writer.set_blend_op(blend).map_err(encoding)?;
        self.writer.write_image_data(&T::bytes(pixels)).map_err(encoding)
    }

    fn finish(self) -> Result<Vec<u8>, ItemError> {
        self.writer.finish().map_err(encoding)?;
        self.out.take()
    }
}

#[cfg(test)]
mod tests {
    use super::super::encode_animation::*;

    #[test]
    fn a_delay_is_exact_where_sixteen_bits_can_hold_it_and_nearest_where_not() {
        assert_eq!(fraction(Delay::new(7, 100)), (7, 100));
        assert_eq!(fraction(Delay::new(0, 1_000)), (0, 1_000));
        assert_eq!(fraction(Delay::new(70_000, 1_000)), (70, 1));
        assert_eq!(fraction(Delay::new(70_001, 1_000)), (7_000, 100));
        assert_eq!(fraction(Delay::new(1, 90_000)), (0, 1_000));
        assert_eq!(fraction(Delay::new(u32::MAX, 1)), (65_535, 1));
    }
}
