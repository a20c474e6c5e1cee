//! Passes that only move samples: turns, crops, padding. They keep any sample type.

use super::{Rows, band_rows, prepare, rows_are_missing};
use crate::error::ItemError;
use crate::model::{Band, Channels, ImageInfo, Samples};
use crate::op::kernels::simd::{Sample, with_samples};
use crate::op::stage::{Pad, Rect, Turn};

/// Runs the same code on two buffers of one type.
macro_rules! with_both {
    ($from:expr, $to:expr, |$a:ident, $b:ident| $body:expr) => {
        match ($from, $to) {
            (Samples::U8($a), Samples::U8($b)) => $body,
            (Samples::U16($a), Samples::U16($b)) => $body,
            (Samples::F32($a), Samples::F32($b)) => $body,
            _ => {}
        }
    };
}

/// Every row of an image, in one allocation of the right size.
pub(in crate::op) fn collect(rows: &mut dyn Rows) -> Result<Band, ItemError> {
    let info = rows.info();
    let mut all = Band::empty(&info);
    let len = info.row_samples() * info.height_px as usize;
    with_samples!(&mut all.samples, v => v.reserve_exact(len));
    let mut band = Band::empty(&info);
    loop {
        let count = rows.read(band_rows(&info), &mut band)?;
        if count == 0 {
            break;
        }
        let taken = info.row_samples() * count as usize;
        with_both!(&band.samples, &mut all.samples, |from, to| to
            .extend_from_slice(from.get(..taken).unwrap_or_default()));
        all.rows += count;
    }
    if all.rows == info.height_px && all.samples.len() == len { Ok(all) } else { Err(rows_are_missing()) }
}

/// Turns or mirrors. Mirroring left to right streams; any other turn holds the whole image.
pub(super) struct Turned<'a> {
    rows: Box<dyn Rows + 'a>,
    turn: Turn,
    info: ImageInfo,
    image: Option<Band>,
    next_row: u32,
}

impl<'a> Turned<'a> {
    pub(super) fn new(rows: Box<dyn Rows + 'a>, turn: Turn) -> Self {
        let info = turn.output(rows.info());
        Self { rows, turn, info, image: None, next_row: 0 }
    }
}

fn mirror_rows<T: Copy>(samples: &mut [T], row_samples: usize, channels: usize) {
    for row in samples.chunks_exact_mut(row_samples) {
        // Reversing all samples mirrors the pixels; reversing each pixel restores the order of its channels.
        row.reverse();
        row.chunks_exact_mut(channels).for_each(<[T]>::reverse);
    }
}

/// Rows `first..` of the turned image.
fn turn_rows<T: Copy>(turn: Turn, image: &Band, from: &[T], info: &ImageInfo, first: usize, to: &mut [T]) {
    let channels = info.channels.count();
    let (width, height) = (info.width_px as usize, info.height_px as usize);
    let stored_row = image.width_px as usize * channels;
    if !turn.transpose {
        for (i, row) in to.chunks_exact_mut(width * channels).enumerate() {
            let y = if turn.flip_y { height - 1 - (first + i) } else { first + i };
            row.copy_from_slice(from.get(y * stored_row..(y + 1) * stored_row).unwrap_or_default());
        }
        if turn.flip_x {
            mirror_rows(to, width * channels, channels);
        }
        return;
    }
    // Stored rows are read in order; each becomes one column of the result.
    let rows = to.len() / (width * channels);
    for column in 0..width {
        let stored_y = if turn.flip_x { width - 1 - column } else { column };
        let stored = from.get(stored_y * stored_row..(stored_y + 1) * stored_row).unwrap_or_default();
        for i in 0..rows {
            let stored_x = if turn.flip_y { height - 1 - (first + i) } else { first + i };
            let at = (i * width + column) * channels;
            let pixel = stored.get(stored_x * channels..(stored_x + 1) * channels);
            if let (Some(to), Some(pixel)) = (to.get_mut(at..at + channels), pixel) {
                to.copy_from_slice(pixel);
            }
        }
    }
}

impl Rows for Turned<'_> {
    fn info(&self) -> ImageInfo {
        self.info
    }

    fn read(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        if self.turn.is_streamable() {
            let count = self.rows.read(max_rows, band)?;
            let (row_samples, channels) = (self.info.row_samples(), self.info.channels.count());
            with_samples!(&mut band.samples, v => mirror_rows(v, row_samples, channels));
            return Ok(count);
        }
        let image = match &mut self.image {
            Some(image) => image,
            empty => empty.insert(collect(self.rows.as_mut())?),
        };
        let count = max_rows.min(self.info.height_px - self.next_row);
        prepare(band, &self.info, count);
        let first = self.next_row as usize;
        with_both!(&image.samples, &mut band.samples, |from, to| {
            turn_rows(self.turn, image, from, &self.info, first, to);
        });
        self.next_row += count;
        Ok(count)
    }
}

/// Part of the image; rows below it are never requested.
pub(super) struct Cropped<'a> {
    rows: Box<dyn Rows + 'a>,
    rect: Rect,
    info: ImageInfo,
    input: Band,
    /// Rows of the input read so far.
    taken: u32,
}

impl<'a> Cropped<'a> {
    pub(super) fn new(rows: Box<dyn Rows + 'a>, rect: Rect) -> Self {
        let whole = rows.info();
        let info = ImageInfo { width_px: rect.width_px, height_px: rect.height_px, ..whole };
        Self { rows, rect, info, input: Band::empty(&whole), taken: 0 }
    }
}

impl Rows for Cropped<'_> {
    fn info(&self) -> ImageInfo {
        self.info
    }

    fn read(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let whole = self.rows.info();
        let end = self.rect.y + self.rect.height_px;
        while self.taken < end {
            let wanted = if self.taken < self.rect.y {
                band_rows(&whole).min(self.rect.y - self.taken)
            } else {
                max_rows.min(end - self.taken)
            };
            let count = self.rows.read(wanted, &mut self.input)?;
            if count == 0 {
                return Err(rows_are_missing());
            }
            self.taken += count;
            if self.taken > self.rect.y {
                prepare(band, &self.info, count);
                let channels = self.info.channels.count();
                let (left, width) = (self.rect.x as usize * channels, self.info.row_samples());
                with_both!(&self.input.samples, &mut band.samples, |from, to| {
                    for (to, from) in to.chunks_exact_mut(width).zip(from.chunks_exact(whole.row_samples())) {
                        to.copy_from_slice(from.get(left..left + width).unwrap_or_default());
                    }
                });
                return Ok(count);
            }
        }
        Ok(0)
    }
}

/// The image on a larger canvas.
pub(super) struct Padded<'a> {
    rows: Box<dyn Rows + 'a>,
    pad: Pad,
    info: ImageInfo,
    input: Band,
    next_row: u32,
}

impl<'a> Padded<'a> {
    pub(super) fn new(rows: Box<dyn Rows + 'a>, pad: Pad) -> Self {
        let inner = rows.info();
        let channels = pad.background.channels_with(inner.channels);
        let info = ImageInfo { width_px: pad.width_px, height_px: pad.height_px, channels, ..inner };
        Self { rows, pad, info, input: Band::empty(&inner), next_row: 0 }
    }
}

/// Copies pixels into a layout with at least the same channels.
pub(super) fn widen<T: Sample>(from: &[T], from_channels: Channels, to: &mut [T], to_channels: Channels) {
    let opaque = T::from_unit(1.0);
    let pixels = from.chunks_exact(from_channels.count()).zip(to.chunks_exact_mut(to_channels.count()));
    for (from, to) in pixels {
        let (gray, alpha) = (from.first().copied().unwrap_or_default(), from.last().copied().unwrap_or_default());
        let alpha = if from_channels.has_alpha() { alpha } else { opaque };
        let colours = to_channels.colour_count();
        for (i, value) in to.iter_mut().enumerate() {
            *value = match (i < colours, from_channels.colour_count()) {
                (false, _) => alpha,
                (true, 1) => gray,
                (true, _) => from.get(i).copied().unwrap_or_default(),
            };
        }
    }
}

impl Rows for Padded<'_> {
    fn info(&self) -> ImageInfo {
        self.info
    }

    fn read(&mut self, max_rows: u32, band: &mut Band) -> Result<u32, ItemError> {
        let inner = self.rows.info();
        let bottom = self.pad.top_px + inner.height_px;
        let inside = (self.pad.top_px..bottom).contains(&self.next_row);
        let count = if inside {
            let count = self.rows.read(max_rows.min(bottom - self.next_row), &mut self.input)?;
            if count == 0 {
                return Err(rows_are_missing());
            }
            count
        } else {
            let end = if self.next_row < self.pad.top_px { self.pad.top_px } else { self.info.height_px };
            max_rows.min(end - self.next_row)
        };
        prepare(band, &self.info, count);
        let colour = self.pad.background.samples(self.info.channels);
        let channels = self.info.channels.count();
        with_samples!(&mut band.samples, v => fill(v, colour.get(..channels).unwrap_or_default()));
        if inside {
            let (left, width) = (self.pad.left_px as usize * channels, inner.width_px as usize * channels);
            with_both!(&self.input.samples, &mut band.samples, |from, to| {
                let rows = to.chunks_exact_mut(self.info.row_samples()).zip(from.chunks_exact(inner.row_samples()));
                for (to, from) in rows {
                    let to = to.get_mut(left..left + width).unwrap_or_default();
                    widen(from, inner.channels, to, self.info.channels);
                }
            });
        }
        self.next_row += count;
        Ok(count)
    }
}

fn fill<T: Sample>(samples: &mut [T], colour: &[f32]) {
    for pixel in samples.chunks_exact_mut(colour.len().max(1)) {
        for (sample, value) in pixel.iter_mut().zip(colour) {
            *sample = T::from_unit(*value);
        }
    }
}
