//! Composes APNG's frames as specified: the canvas is transparent at first; a frame replaces its area or is drawn over
//! it, and is then kept, cleared or undone. The default image may not be part of the animation.

use ::png::{BlendOp, DisposeOp, InterlaceInfo, Reader};

use super::chunks::{Bytes, chunks, from_png};
use crate::codec::animation::canvas_rows::{CanvasRows, CanvasSamples};
use crate::codec::errors;
use crate::codec::pixels::convert::Sample;
use crate::error::{ErrorKind, ItemError};
use crate::model::{Area, Delay, Disposal, Frame, FrameReader, ImageInfo, Picture, Plays, RowReader, SampleType};

/// The properties of an animation, from its chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scan {
    pub(super) frames: u32,
    pub(super) plays: Plays,
    /// Whether the canvas has pixels that no frame ever covers, so that it needs alpha.
    pub(super) shows_through: bool,
    /// Whether the default image is not part of the animation: programs that know animations never show it.
    pub(super) has_fallback: bool,
}

/// Scans the chunks; `None` for a still image, and for an animation with one frame.
pub(super) fn scan(bytes: &[u8]) -> Option<Scan> {
    // The reader fails if there are fewer frames than claimed.
    scan_any(bytes).filter(|scan| scan.frames > 1)
}

/// Scans the chunks; `None` for a still image.
pub(super) fn scan_any(bytes: &[u8]) -> Option<Scan> {
    let mut scan: Option<Scan> = None;
    let mut found = 0u32;
    for (kind, data) in chunks(bytes) {
        match (&kind, data) {
            // Counts of 0 or above the format's limit make it a still image, as the specification says.
            (b"acTL", &[f3, f2, f1, f0, p3, p2, p1, p0]) if scan.is_none() => {
                let plays = u32::from_be_bytes([p3, p2, p1, p0]);
                let claimed = u32::from_be_bytes([f3, f2, f1, f0]);
                if claimed == 0 || claimed.max(plays) > i32::MAX as u32 {
                    return None;
                }
                let plays = Plays::from_count(plays);
                scan = Some(Scan { frames: claimed, plays, shows_through: false, has_fallback: false });
            }
            (b"IDAT", _) if found == 0 => scan.as_mut()?.has_fallback = true,
            (b"fcTL", &[_, _, _, _, ref size @ .., _, _, _, _, dispose, _]) if size.len() == 16 => {
                // Width and height are stored in the same way in the header.
                let covers = size.get(..8) == bytes.get(16..24);
                if let Some(scan) = &mut scan {
                    // Undoing the first frame leaves an empty canvas.
                    let cleared = dispose == 1 || (dispose == 2 && found == 0);
                    scan.shows_through |= (found == 0 && !covers) || cleared;
                }
                found += 1;
            }
            _ => {}
        }
    }
    // Without a frame, the default image is all there is.
    scan.filter(|_| found > 0)
}

/// Composes frames on a canvas of 8 or 16 bits per sample.
pub(super) struct PngFrames<'a> {
    reader: Reader<Bytes<'a>>,
    picture: Picture,
    canvas: Canvas,
    /// An interlaced frame; its rows do not come in order.
    interlaced: Vec<u8>,
    last: Option<Frame>,
    shown: u32,
    /// Whether the reader is at the next frame, not at a default image that is not part of the animation.
    at_frame: bool,
    /// Whether to accept a truncated file: its frames, or part of the first one.
    keep: bool,
    /// Rows of the last frame, if it is truncated.
    rows_had: Option<u32>,
}

enum Canvas {
    Eight(Layers<u8>),
    Sixteen(Layers<u16>),
}

/// The canvas, and what the last frame covered, if that has to be restored.
struct Layers<T> {
    info: ImageInfo,
    canvas: Vec<T>,
    saved: Vec<T>,
}

impl<'a> PngFrames<'a> {
    /// `reader` gives samples in the canvas's layout.
    pub(super) fn new(reader: Reader<Bytes<'a>>, canvas: ImageInfo, scan: Scan, keep: bool) -> Result<Self, ItemError> {
        let picture = Picture { canvas, frames: scan.frames, plays: scan.plays };
        let layers = match canvas.sample {
            SampleType::U16 => Canvas::Sixteen(Layers::new(canvas)?),
            SampleType::U8 | SampleType::F32 => Canvas::Eight(Layers::new(canvas)?),
        };
        let at_frame = reader.info().frame_control.is_some();
        Ok(Self {
            reader,
            picture,
            canvas: layers,
            interlaced: Vec::new(),
            last: None,
            shown: 0,
            at_frame,
            keep,
            rows_had: None,
        })
    }

    /// Reads the current frame and draws it on the canvas.
    fn draw(&mut self, area: Area, over: bool) -> Result<(), ItemError> {
        if !self.reader.info().interlaced {
            let mut y = area.y as usize;
            loop {
                let row = match self.reader.next_row().map_err(from_png) {
                    Ok(Some(row)) => row,
                    Ok(None) => return Ok(()),
                    // Part of the first frame is better than nothing, but part of a later one would look damaged.
                    Err(error) if self.keep && self.shown == 0 && error.kind == ErrorKind::Truncated => {
                        self.rows_had = Some(y as u32);
                        return if y > area.y as usize { Ok(()) } else { Err(error) };
                    }
                    Err(error) => return Err(error),
                };
                self.canvas.put_row(area, y, row.data(), over);
                y += 1;
            }
        }
        let pixel = self.picture.canvas.channels.count() * self.picture.canvas.sample.size_bytes();
        let stride = area.width_px as usize * pixel;
        self.interlaced = errors::zeroed(stride as u64 * u64::from(area.height_px))?;
        while let Some(row) = self.reader.next_interlaced_row().map_err(from_png)? {
            if let InterlaceInfo::Adam7(pass) = row.interlace() {
                ::png::expand_interlaced_row(&mut self.interlaced, stride, row.data(), pass, pixel as u8 * 8);
            }
        }
        for (y, row) in area.rows().zip(self.interlaced.chunks_exact(stride.max(1))) {
            self.canvas.put_row(area, y, row, over);
        }
        Ok(())
    }
}

impl Canvas {
    fn put_row(&mut self, area: Area, y: usize, bytes: &[u8], over: bool) {
        match self {
            Self::Eight(layers) => layers.put_row(area, y, bytes.iter().copied(), over),
            Self::Sixteen(layers) => {
                let samples = bytes.as_chunks::<2>().0.iter().map(|&pair| u16::from_be_bytes(pair));
                layers.put_row(area, y, samples, over);
            }
        }
    }

    fn dispose(&mut self, last: Frame) {
        match self {
            Self::Eight(layers) => layers.dispose(last),
            Self::Sixteen(layers) => layers.dispose(last),
        }
    }

    fn save(&mut self, area: Area) {
        match self {
            Self::Eight(layers) => layers.save(area),
            Self::Sixteen(layers) => layers.save(area),
        }
    }
}

impl<T: Sample> Layers<T> {
    fn new(info: ImageInfo) -> Result<Self, ItemError> {
        let canvas = errors::zeroed::<T>(info.row_samples() as u64 * u64::from(info.height_px))?;
        Ok(Self { info, canvas, saved: Vec::new() })
    }

    fn row_mut(&mut self, area: Area, y: usize) -> &mut [T] {
        let range = area.row(y, self.info.width_px, self.info.channels.count());
        self.canvas.get_mut(range).unwrap_or_default()
    }

    fn put_row(&mut self, area: Area, y: usize, samples: impl Iterator<Item = T>, over: bool) {
        let channels = self.info.channels;
        let row = self.row_mut(area, y);
        if !over || !channels.has_alpha() {
            row.iter_mut().zip(samples).for_each(|(to, from)| *to = from);
            return;
        }
        let mut samples = samples;
        for pixel in row.chunks_exact_mut(channels.count()) {
            let mut source = [T::default(); 4];
            source.iter_mut().take(channels.count()).zip(&mut samples).for_each(|(to, from)| *to = from);
            lay_over(source.get(..channels.count()).unwrap_or_default(), pixel);
        }
    }

    fn save(&mut self, area: Area) {
        let mut saved = std::mem::take(&mut self.saved);
        saved.clear();
        area.rows().for_each(|y| saved.extend_from_slice(self.row_mut(area, y)));
        self.saved = saved;
    }

    fn dispose(&mut self, last: Frame) {
        match last.disposal {
            Disposal::Keep => {}
            Disposal::Background => last.area.rows().for_each(|y| self.row_mut(last.area, y).fill(T::default())),
            Disposal::Previous => {
                let saved = std::mem::take(&mut self.saved);
                let row = last.area.width_px as usize * self.info.channels.count();
                for (y, saved) in last.area.rows().zip(saved.chunks_exact(row.max(1))) {
                    self.row_mut(last.area, y).copy_from_slice(saved);
                }
                self.saved = saved;
            }
        }
    }
}

/// A pixel over another, with alpha last and straight in both (PNG, third edition, 13.16), rounded once.
fn lay_over<T: Sample>(source: &[T], target: &mut [T]) {
    let max = u64::from(T::MAX.wide());
    let (Some(&above), Some(&below)) = (source.last(), target.last()) else { return };
    let (above, below) = (u64::from(above.wide()), u64::from(below.wide()));
    if above == max || below == 0 {
        target.copy_from_slice(source);
        return;
    }
    if above == 0 {
        return;
    }
    // Weights of both colours, in units of 1 / max^2, and their sum.
    let (share, rest) = (above * max, (max - above) * below);
    let sum = share + rest;
    let alpha = target.len() - 1;
    for (to, from) in target.iter_mut().zip(source).take(alpha) {
        let mixed = u64::from(from.wide()) * share + u64::from(to.wide()) * rest;
        *to = T::divide((((mixed + sum / 2) / sum) * max) as u32);
    }
    if let Some(to) = target.last_mut() {
        *to = T::divide(sum as u32);
    }
}

impl FrameReader for PngFrames<'_> {
    fn picture(&self) -> Picture {
        self.picture
    }

    fn next_frame(&mut self) -> Result<Option<Frame>, ItemError> {
        if self.shown == self.picture.frames {
            return Ok(None);
        }
        if self.rows_had.is_some() {
            return Err(errors::truncated());
        }
        if let Some(last) = self.last.take() {
            self.canvas.dispose(last);
        }
        if !std::mem::take(&mut self.at_frame) {
            self.reader.next_frame_info().map_err(from_png)?;
        }
        let Some(control) = self.reader.info().frame_control else {
            return Err(errors::corrupt("png_no_control"));
        };
        let area =
            Area { x: control.x_offset, y: control.y_offset, width_px: control.width, height_px: control.height };
        if area.within(&self.picture.canvas) != area || area.is_empty() {
            return Err(errors::corrupt("frame_outside"));
        }
        let disposal = match control.dispose_op {
            DisposeOp::None => Disposal::Keep,
            DisposeOp::Background => Disposal::Background,
            DisposeOp::Previous => Disposal::Previous,
        };
        if disposal == Disposal::Previous {
            self.canvas.save(area);
        }
        self.draw(area, control.blend_op == BlendOp::Over)?;
        self.shown += 1;
        if self.shown == self.picture.frames {
            // The checksum after the last pixels, and the end marker.
            let end = self.reader.finish().map_err(from_png);
            end.or_else(|error| if self.keep && error.kind == ErrorKind::Truncated { Ok(()) } else { Err(error) })?;
        }
        let delay = Delay::new(u32::from(control.delay_num), u32::from(control.delay_den));
        let frame = Frame { delay, area, disposal };
        self.last = Some(frame);
        Ok(Some(frame))
    }

    fn rows_had(&self) -> Option<u32> {
        self.rows_had
    }

    fn rows(&mut self) -> Box<dyn RowReader + '_> {
        let samples = match &self.canvas {
            Canvas::Eight(layers) => CanvasSamples::U8(&layers.canvas),
            Canvas::Sixteen(layers) => CanvasSamples::U16(&layers.canvas),
        };
        Box::new(CanvasRows::new(self.picture.canvas, samples))
    }
}

#[cfg(test)]
mod tests {
    use super::super::decode_frames::*;

    #[test]
    fn a_pixel_over_another_mixes_by_both_alphas() {
        let over = |source: [u8; 4], mut target: [u8; 4]| {
            lay_over(&source, &mut target);
            target
        };
        assert_eq!(over([10, 20, 30, 255], [1, 2, 3, 4]), [10, 20, 30, 255]);
        assert_eq!(over([10, 20, 30, 0], [1, 2, 3, 4]), [1, 2, 3, 4]);
        assert_eq!(over([10, 20, 30, 40], [1, 2, 3, 0]), [10, 20, 30, 40]);
        // 0.502 of 200 and 0.498 of 100.
        assert_eq!(over([200, 0, 0, 128], [100, 0, 0, 255]), [150, 0, 0, 255]);
        // Half over half covers three quarters, two thirds of it from above.
        assert_eq!(over([255, 0, 0, 128], [0, 0, 0, 128]), [170, 0, 0, 192]);
        let mut wide = [0, u16::MAX];
        lay_over(&[65_535, 32_768], &mut wide);
        assert_eq!(wide, [32_768, 65_535]);
    }
}
