//! Encoding animated GIF: each frame is the part of the canvas that changed, with its own palette, transparent
//! elsewhere.
//!
//! A frame's disposal is chosen once the next frame is known, so that the change between them can be drawn (GIF can't
//! draw transparency), with exact colours if there are few enough.

use std::collections::HashSet;
use std::iter;

use ::gif::{DisposalMethod, Encoder as GifWriter, EncodingError, Frame as GifFrame, Repeat};

use super::encode::{COLOURS, MAX_SIDE_PX, flatten_alpha};
use super::extensions::with_extensions;
use crate::codec::animation::changed_area;
use crate::codec::animation::frame_encoder::{Canvases, Clock};
use crate::codec::errors;
use crate::codec::pixels::palette::{Depth, Indexed};
use crate::codec::spec::Extras;
use crate::error::ItemError;
use crate::model::{Area, Channels, Disposal, Frame, ImageInfo, Picture, Plays, Rgb, Save};

/// Bytes of a pixel of the canvas.
const PIXEL: usize = 4;
const CLEAR: [u8; PIXEL] = [0; PIXEL];

/// Writes frames with a delay of one.
pub(in crate::codec) struct GifAnimation {
    info: ImageInfo,
    colours: u16,
    background: Rgb,
    extras: Extras,
    writer: GifWriter<Vec<u8>>,
    clock: Clock,
    waiting: Option<Waiting>,
}

/// A frame that waits for the next one.
struct Waiting {
    /// The canvas that it is drawn on.
    before: Vec<u8>,
    /// The canvas after it.
    after: Vec<u8>,
    /// The pixels it draws, so far.
    area: Area,
    frame: Frame,
}

/// A possible disposal of a frame, and its consequences for drawing the next one.
struct Choice {
    disposal: Disposal,
    /// The canvas that the next frame is drawn on.
    left: Vec<u8>,
    /// The area that the frame must cover for that.
    covers: Area,
    /// The area that the next frame draws.
    draws: Area,
    /// Whether the next one can be drawn with all its colours.
    is_exact: bool,
    changed_pixels: usize,
}

fn encoding(error: EncodingError) -> ItemError {
    errors::cant_encode(errors::from_encoder(error))
}

impl GifAnimation {
    pub(in crate::codec) fn new(save: &Save, picture: Picture, extras: Extras) -> Result<Self, ItemError> {
        let info = picture.canvas;
        let (Ok(width), Ok(height)) = (u16::try_from(info.width_px), u16::try_from(info.height_px)) else {
            return Err(errors::side_limit("GIF", MAX_SIDE_PX));
        };
        let mut writer = GifWriter::new(Vec::new(), width, height, &[]).map_err(encoding)?;
        match picture.plays {
            Plays::Forever => writer.set_repeat(Repeat::Infinite).map_err(encoding)?,
            // The first time is not a repetition; without any, nothing is written.
            Plays::Times(times) => {
                let repetitions = u16::try_from(times.saturating_sub(1)).unwrap_or(u16::MAX);
                writer.set_repeat(Repeat::Finite(repetitions)).map_err(encoding)?;
            }
        }
        Ok(Self {
            info,
            colours: save.palette.unwrap_or(COLOURS),
            background: save.background,
            extras,
            writer,
            // Browsers show delays of 0 and 1 as a tenth of a second.
            clock: Clock::new(100, 2, u32::from(u16::MAX)),
            waiting: None,
        })
    }

    /// Draws a frame.
    fn write(&mut self, waiting: &Waiting, disposal: Disposal) -> Result<(), ItemError> {
        let mut area = waiting.area;
        if area.is_empty() {
            // Nothing changed: a transparent pixel carries the delay.
            area = Area { x: 0, y: 0, width_px: 1, height_px: 1 };
        }
        // Some viewers clear to transparent only if the frame has a transparent colour, else to its first palette
        // entry.
        let has_clear = disposal == Disposal::Background;
        let mut layered = self.layered(waiting, area, has_clear);
        let (width, height) = (area.width_px as u16, area.height_px as u16);
        let drawn = layered.len() / PIXEL;
        if has_clear {
            // An extra row that is not written adds that colour to the palette.
            layered.resize(layered.len() + area.width_px as usize * PIXEL, 0);
        }
        let Indexed { palette, mut indices } = Indexed::of(&layered, area.width_px, self.colours, Depth::Clear);
        indices.truncate(drawn);
        let colours: Vec<u8> = palette.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect();
        let frame = GifFrame {
            delay: self.clock.units(waiting.frame.delay) as u16,
            dispose: match disposal {
                Disposal::Keep => DisposalMethod::Keep,
                Disposal::Background => DisposalMethod::Background,
                Disposal::Previous => DisposalMethod::Previous,
            },
            transparent: palette.iter().position(|colour| colour[3] == 0).map(|index| index as u8),
            left: area.x as u16,
            top: area.y as u16,
            width,
            height,
            palette: Some(colours),
            buffer: indices.into(),
            ..GifFrame::default()
        };
        self.writer.write_frame(&frame).map_err(encoding)
    }

    /// The pixels to draw: transparent where they don't change. If the palette has room for the colours but not for
    /// transparency, unchanged pixels are drawn again.
    fn layered(&self, waiting: &Waiting, area: Area, has_clear: bool) -> Vec<u8> {
        let mut pixels = changed_area::cut(&waiting.after, area, &self.info, PIXEL);
        if self.fits(&waiting.before, &waiting.after, area, has_clear) == Some(Fit::DrawnOver) {
            return pixels;
        }
        let before = changed_area::rows(&waiting.before, area, &self.info, PIXEL);
        for (row, before) in pixels.chunks_exact_mut(area.width_px as usize * PIXEL).zip(before) {
            for (pixel, before) in row.as_chunks_mut::<PIXEL>().0.iter_mut().zip(before.as_chunks::<PIXEL>().0) {
                if pixel == before {
                    *pixel = CLEAR;
                }
            }
        }
        pixels
    }

    /// How to draw the change within an area with exact colours, plus a transparent one if `has_clear`; `None` if that
    /// is impossible.
    fn fits(&self, left: &[u8], next: &[u8], area: Area, has_clear: bool) -> Option<Fit> {
        let limit = usize::from(self.colours);
        let has_rest = pairs(left, next, area, &self.info).any(|(left, next)| left == next);
        let drawn = pairs(left, next, area, &self.info).filter(|(left, next)| left != next).map(|(_, next)| next);
        if has_colours(drawn, limit - usize::from(has_rest || has_clear)) {
            return Some(Fit::Layered);
        }
        let mut all = pairs(left, next, area, &self.info).map(|(_, next)| next);
        let opaque = has_rest && all.clone().all(|pixel| *pixel != CLEAR);
        (opaque && has_colours(all.by_ref(), limit - usize::from(has_clear))).then_some(Fit::DrawnOver)
    }

    /// What drawing `next` means after that disposal of `waiting`; `None` if pixels would have to become transparent.
    fn choice(&self, waiting: &Waiting, next: &[u8], disposal: Disposal) -> Option<Choice> {
        let info = &self.info;
        let becomes_clear = |left: &[u8], next: &[u8]| left != CLEAR && next == CLEAR;
        let mut covers = waiting.area;
        let left = match disposal {
            Disposal::Keep => waiting.after.clone(),
            Disposal::Previous => waiting.before.clone(),
            Disposal::Background => {
                covers = covers.union(changed_area::area_where(&waiting.after, next, info, PIXEL, becomes_clear));
                if waiting.frame.disposal == Disposal::Background {
                    // Clear what the input cleared, so that later frames start from the same canvas.
                    covers = covers.union(waiting.frame.area.within(info));
                }
                let mut left = waiting.after.clone();
                for y in covers.rows() {
                    left.get_mut(covers.row(y, info.width_px, PIXEL)).unwrap_or_default().fill(0);
                }
                left
            }
        };
        if !changed_area::area_where(&left, next, info, PIXEL, becomes_clear).is_empty() {
            return None;
        }
        let draws = changed_area::changed(&left, next, info, PIXEL);
        // Clearing needs a transparent colour in the frame that is cleared.
        let fits = |area, has_clear| self.fits(&waiting.before, &waiting.after, area, has_clear).is_some();
        let costs = disposal == Disposal::Background && fits(waiting.area, false) && !fits(covers, true);
        let is_exact = !costs && self.fits(&left, next, draws, false).is_some();
        let changed_pixels = pairs(&left, next, draws, info).filter(|(left, next)| left != next).count();
        Some(Choice { disposal, left, covers, draws, is_exact, changed_pixels })
    }

    /// The disposal of the waiting frame: that of the input if it is exact; else the first one that is; else the
    /// one that leaves the least to draw.
    fn best(&self, waiting: &Waiting, next: &[u8]) -> Option<Choice> {
        let mut best: Option<Choice> = None;
        let own = waiting.frame.disposal;
        let others = [Disposal::Keep, Disposal::Background, Disposal::Previous];
        for disposal in iter::once(own).chain(others.into_iter().filter(|other| *other != own)) {
            let Some(choice) = self.choice(waiting, next, disposal) else { continue };
            if choice.is_exact {
                return Some(choice);
            }
            if best.as_ref().is_none_or(|best| choice.changed_pixels < best.changed_pixels) {
                best = Some(choice);
            }
        }
        best
    }
}

/// How a change is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    /// Unchanged pixels are transparent.
    Layered,
    /// They are drawn again.
    DrawnOver,
}

/// The pixels of an area of two canvases.
fn pairs<'c>(
    left: &'c [u8],
    next: &'c [u8],
    area: Area,
    info: &ImageInfo,
) -> impl Iterator<Item = (&'c [u8; PIXEL], &'c [u8; PIXEL])> + Clone {
    let rows = changed_area::rows(left, area, info, PIXEL).zip(changed_area::rows(next, area, info, PIXEL));
    rows.flat_map(|(left, next)| left.as_chunks::<PIXEL>().0.iter().zip(next.as_chunks::<PIXEL>().0))
}

/// Whether pixels have at most this many colours.
fn has_colours<'p>(pixels: impl Iterator<Item = &'p [u8; PIXEL]>, limit: usize) -> bool {
    let mut colours = HashSet::new();
    let mut last = None;
    for pixel in pixels {
        // Neighbours are usually equal.
        if last != Some(pixel) {
            colours.insert(*pixel);
            last = Some(pixel);
            if colours.len() > limit {
                return false;
            }
        }
    }
    true
}

impl Canvases<u8> for GifAnimation {
    fn channels(&self) -> Channels {
        Channels::Rgba
    }

    fn add(&mut self, mut canvas: Vec<u8>, frame: &Frame) -> Result<(), ItemError> {
        flatten_alpha(&mut canvas, self.background);
        let frame = *frame;
        let Some(mut waiting) = self.waiting.take() else {
            // The first frame defines the whole canvas, including transparent pixels, unless its colours leave no room
            // for that.
            let before = vec![0; canvas.len()];
            let (whole, drawn) = (Area::whole(&self.info), changed_area::changed(&before, &canvas, &self.info, PIXEL));
            let fits = |area| self.fits(&before, &canvas, area, false).is_some();
            let area = if !fits(whole) && fits(drawn) { drawn } else { whole };
            self.waiting = Some(Waiting { before, after: canvas, area, frame });
            return Ok(());
        };
        let Some(choice) = self.best(&waiting, &canvas) else {
            return Err(errors::cant_encode("gif_frame_over"));
        };
        waiting.area = choice.covers;
        self.write(&waiting, choice.disposal)?;
        self.waiting = Some(Waiting { before: choice.left, after: canvas, area: choice.draws, frame });
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<u8>, ItemError> {
        if let Some(waiting) = self.waiting.take() {
            self.write(&waiting, Disposal::Keep)?;
        }
        Ok(with_extensions(self.writer.into_inner().map_err(encoding)?, &self.extras))
    }
}
